"""Package metadata; exact versions for a set-up of its own are in requirements.lock.

``mmcv`` is no requirement here: its compiled form and ``mmcv-lite`` install the same module, so a declared ``mmcv-lite`` would overwrite
the compiled one of a user who has it. Without either, the extra ``lite`` brings ``mmcv-lite``, which needs no compiler.
"""

import os
import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
MIM_FILES = ('configs', 'tools', 'model-index.yml')

# What is imported (a test compares), and importlib_metadata, which MMAction2 imports and does not declare. MMEngine and mmcv require
# opencv-python, MMAction2 opencv-contrib-python, which is the same module and more; the lock has the first alone.
REQUIREMENTS = [
    'torch>=2.6', 'mmengine>=0.10.3,<1', 'mmaction2>=1.2,<2', 'importlib_metadata>=4.6', 'numpy>=1.26', 'scipy>=1.10', 'matplotlib>=3.7',
    'roma>=1.6', 'jinja2>=3', 'Pillow>=9.1', 'filelock>=3.12', 'safetensors>=0.5', 'opencv-python>=4.6', 'PyYAML>=6', 'rich>=13'
]
MESH = ['smplx>=0.1.28', 'pyvista>=0.44', 'vtk>=9.4']  # earlier vtk ends the process where there is no screen
ANNY = ['anny>=0.6.2,<0.7']
VIDEO = ['imageio-ffmpeg>=0.4.9']
IMAGE = ['torchmetrics>=1.4']
H36M = ['h5py>=3.10']
COMPLETION = ['shtab>=1.7']
MOCAP = ['ezc3d>=1.5.19']
# mmpose itself is not listed: it requires chumpy, which no longer builds. Install it with: pip install --no-deps "mmpose>=1.3"
POSE = ['xtcocotools>=1.14', 'json_tricks', 'munkres', 'six']
SLEAP = ['sleap-io>=0.9']
EXPORT = ['pygltflib>=1.16']
NETCDF = ['xarray>=2023.9', 'h5netcdf>=1.3']
ONNX = ['onnx>=1.17', 'onnxruntime>=1.18', 'onnxscript>=0.7']  # with earlier ones torch 2.6 exports nothing
HUB = ['huggingface_hub>=0.23']
CLUSTER = ['submitit>=1.5.2']
DOCS = [f'{name} ; python_version >= "3.11"' for name in ('sphinx>=7.4', 'myst-nb>=1.1', 'furo>=2024.8', 'sphinx-design>=0.6')]
NOTEBOOK = ['nbclient>=0.10', 'ipykernel>=6']
ALL = [*MESH, *ANNY, *VIDEO, *IMAGE, *H36M, *MOCAP, *EXPORT, *NETCDF, *ONNX, *HUB, *CLUSTER, *COMPLETION]
EXTRAS = {
    'lite': ['mmcv-lite>=2.0.0,<2.2'],
    'mesh': MESH,
    'anny': ANNY,
    'video': VIDEO,
    'image': IMAGE,
    'completion': COMPLETION,
    'h36m': H36M,
    'mocap': MOCAP,
    'pose': POSE,
    'sleap': SLEAP,
    'export': EXPORT,
    'netcdf': NETCDF,
    'onnx': ONNX,
    'hub': HUB,
    'cluster': CLUSTER,
    'docs': [*DOCS, *NOTEBOOK],
    'all': [*ALL, *SLEAP, *POSE],
    'dev': [
        *ALL, *DOCS, *NOTEBOOK, 'bvhio>=1.5', 'pytest>=8', 'pytest-xdist>=3.6', 'hypothesis>=6.100', 'ruff>=0.6', 'pre-commit',
        'tensorboard'
    ],
}


CLASSIFIERS = [
    'Development Status :: 4 - Beta', 'Environment :: Console', 'Intended Audience :: Science/Research',
    'License :: OSI Approved :: Apache Software License', 'Operating System :: OS Independent', 'Programming Language :: Python :: 3',
    'Programming Language :: Python :: 3.10', 'Programming Language :: Python :: 3.11', 'Programming Language :: Python :: 3.12',
    'Topic :: Scientific/Engineering :: Artificial Intelligence', 'Topic :: Scientific/Engineering :: Image Recognition', 'Typing :: Typed'
]


def version() -> str:
    return re.search(r"__version__ = '(.+)'", (ROOT / 'mmagenc/version.py').read_text(encoding='utf-8')).group(1)


def long_description() -> str:
    """The README as an index shows it: what points into the sources, which are not beside it there, becomes plain text."""
    text = (ROOT / 'README.md').read_text(encoding='utf-8')
    text = re.sub(r'^!\[[^]]*\]\((?!https?:)[^)]*\)\n+', '', text, flags=re.MULTILINE)
    inward = r'\[([^]]*)\]\((?!https?:)([^)#]+)[^)]*\)'
    return re.sub(inward, lambda link: link[1] if link[2] in link[1] else f'{link[1]} ({link[2]})', text)


class BuildPyWithMim(build_py):
    """Add ``mmagenc/.mim`` with configs, tools and model index, where OpenMMLab's tools look: copied into a wheel, linked if editable."""

    def run(self) -> None:
        super().run()
        folder = ROOT / 'mmagenc/.mim' if self.editable_mode else Path(self.build_lib) / 'mmagenc/.mim'
        folder.mkdir(parents=True, exist_ok=True)
        for name in MIM_FILES:
            place = self._link if self.editable_mode else self._copy
            place(ROOT / name, folder / name)

    @staticmethod
    def _copy(source: Path, target: Path) -> None:
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns('__pycache__'), dirs_exist_ok=True)
        else:
            shutil.copyfile(source, target)

    def _link(self, source: Path, target: Path) -> None:
        if target.is_symlink():
            target.unlink()
        try:
            target.symlink_to(os.path.relpath(source, target.parent))
        except OSError:  # Windows without the right to make links
            self._copy(source, target)


setup(
    name='mmagenc',
    version=version(),
    description='Generate labelled human and infant motion, judge it with a recognizer, train on what passes',
    long_description=long_description(),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    classifiers=CLASSIFIERS,
    keywords='computer vision, action recognition, action generation, skeleton, infants, OpenMMLab',
    packages=find_packages(include=['mmagenc', 'mmagenc.*']),
    package_data={'mmagenc': ['**/assets/**', 'py.typed']},
    python_requires='>=3.10,<3.13',
    install_requires=REQUIREMENTS,
    extras_require=EXTRAS,
    entry_points={'console_scripts': ['mmagenc = mmagenc.commands:main']},
    cmdclass={'build_py': BuildPyWithMim},
    zip_safe=False)
