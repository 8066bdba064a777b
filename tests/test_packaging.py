"""What a wheel contains, what metadata files point to, and that the lock and the ranges agree."""

import ast
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
BUILT = ('configs', 'mmagenc', 'tools', 'setup.py', 'pyproject.toml', 'MANIFEST.in', 'README.md', 'CHANGELOG.md', 'LICENSE',
         'model-index.yml', 'requirements.lock')


@pytest.fixture(scope='module')
def wheel_file(tmp_path_factory):
    """A wheel built from a copy of the sources."""
    if importlib.util.find_spec('setuptools') is None:
        pytest.skip('setuptools is not installed')
    folder = tmp_path_factory.mktemp('wheel')
    source = folder / 'source'
    source.mkdir()
    for name in BUILT:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        options = {'ignore': shutil.ignore_patterns('__pycache__', '.mim')} if (ROOT / name).is_dir() else {}
        copy(ROOT / name, source / name, **options)
    command = [sys.executable, '-m', 'pip', 'wheel', str(source), '--no-deps', '--no-build-isolation', '--quiet', '-w', str(folder)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return next(folder.glob('*.whl'))


@pytest.fixture(scope='module')
def wheel(wheel_file):
    """Names in the wheel, and its metadata."""
    with zipfile.ZipFile(wheel_file) as archive:
        names = archive.namelist()
        metadata = archive.read(next(name for name in names if name.endswith('METADATA'))).decode()
    return names, metadata


def test_wheel_contains_assets_and_mim(wheel):
    names = set(wheel[0])
    assets = {str(path.relative_to(ROOT)) for path in (ROOT / 'mmagenc').rglob('assets/**/*') if path.is_file()}
    assets = {path for path in assets if '__pycache__' not in path}
    assert assets and assets <= names
    expected = {'model-index.yml', 'tools/train.py', 'tools/dist_train.sh', 'configs/_base_/default_runtime.py'}
    expected |= {str(path.relative_to(ROOT)) for path in (ROOT / 'configs').rglob('*.py')}
    assert {f'mmagenc/.mim/{name}' for name in expected} <= names
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / 'mmagenc').rglob('*.py') if '.mim' not in path.parts}
    assert modules <= names, 'a folder without __init__.py is left out of the wheel'


def test_wheel_contains_nothing_else(wheel):
    assert not [name for name in wheel[0] if not name.startswith('mmagenc') or '__pycache__' in name or name.endswith(('.bvh', '.pth'))]


def test_configs_of_an_installed_wheel_are_bases(wheel_file, tmp_path):
    with zipfile.ZipFile(wheel_file) as archive:
        archive.extractall(tmp_path / 'site')
    (tmp_path / 'user.py').write_text("_base_ = 'mmagenc::infagenc/quick.py'\nnum_classes = 7\n")
    code = ("import mmagenc; from mmengine.config import Config; cfg = Config.fromfile('user.py'); "
            'print(mmagenc.__file__, cfg.num_classes, cfg.model.type)')
    result = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, cwd=tmp_path,
                            env={**os.environ, 'PYTHONPATH': str(tmp_path / 'site')})
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == [str(tmp_path / 'site/mmagenc/__init__.py'), '7', 'TransformerCVAE']


def test_metadata(wheel):
    metadata = wheel[1]
    python = SpecifierSet(re.search('^Requires-Python: (.+)$', metadata, re.MULTILINE).group(1))
    assert [version for version in ('3.9', '3.10', '3.11', '3.12', '3.13') if version in python] == ['3.10', '3.11', '3.12']
    required = [line for line in metadata.splitlines() if line.startswith('Requires-Dist:') and 'extra ==' not in line]
    assert not [line for line in required if 'mmcv' in line], 'would overwrite a compiled mmcv'
    for extra in ('completion', 'anny', 'video', 'image', 'h36m', 'all', 'dev', 'docs', 'lite', 'mesh'):
        assert f'Provides-Extra: {extra}' in metadata
    assert 'smplx' not in ''.join(required)


IMPORTED_AS = {'PIL': 'Pillow', 'cv2': 'opencv-python', 'yaml': 'PyYAML', 'mmaction': 'mmaction2', 'mmcv': 'mmcv-lite',
               'imageio_ffmpeg': 'imageio-ffmpeg', 'vtkmodules': 'vtk'}
"""Names of modules that are not those of the packages which bring them."""
UNDECLARED = {'pytorch3d', 'ipykernel', 'mmpose'}
"""Used where they are, and on no index for all; asked for by name only; or naming a package that no longer builds."""
NOT_IMPORTED = {'importlib_metadata', 'anny', 'xtcocotools', 'json_tricks', 'munkres', 'six'}
"""Imported by MMAction2, which does not declare it; by tools/data/build_infant_body.py; by MMPose, which is installed without them."""


def imported_packages():
    """Names of the packages that some module of the package imports, wherever in it."""
    names = set()
    for path in (ROOT / 'mmagenc').rglob('*.py'):
        if '.mim' in path.parts or path.name == 'published_infagenc.py':  # which imports a checkout that it is given
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module] if isinstance(
                node, ast.ImportFrom) and node.level == 0 else []
            names.update(module.split('.')[0] for module in modules)
    return {normalize(IMPORTED_AS.get(name, name)) for name in names - set(sys.stdlib_module_names) - {'mmagenc'}}


def test_what_is_imported_is_declared_and_nothing_else(wheel):
    """The extras ``dev``, of tests and style, and ``docs``, of the site, may name what the package does not import."""
    declared = {normalize(Requirement(line).name) for line in re.findall(r'^Requires-Dist: (.+)$', wheel[1], re.MULTILINE)
                if not re.search(r'extra == ["\'](?:dev|docs)["\']', line)}
    assert imported_packages() - {normalize(name) for name in UNDECLARED} == declared - {normalize(name) for name in NOT_IMPORTED}


def test_the_readme_of_an_index_points_nowhere_into_the_sources(wheel):
    text = wheel[1].partition('\n\n')[2]
    assert text.startswith('# mmagenc') and not re.findall(r'\]\((?!https?:)', text)
    assert 'mmagenc/py.typed' in wheel[0] and 'Typing :: Typed' in wheel[1]


def test_the_lock_has_one_opencv():
    assert [pin.name for pin in locked() if 'opencv' in pin.name] == ['opencv-python']


def test_the_console_script_of_the_wheel(wheel_file):
    with zipfile.ZipFile(wheel_file) as archive:
        text = archive.read(next(name for name in archive.namelist() if name.endswith('entry_points.txt'))).decode()
    assert 'mmagenc = mmagenc.commands:main' in text


def locked():
    lines = [line for line in (ROOT / 'requirements.lock').read_text().splitlines() if line and not line.startswith('#')]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize('python', ['3.10.5', '3.11.7', '3.12.3'])
def test_lock_pins_every_requirement_once_within_its_range(python, wheel):
    environment = {'python_full_version': python, 'python_version': python.rsplit('.', 1)[0], 'sys_platform': 'linux',
                   'platform_system': 'Linux', 'platform_machine': 'x86_64', 'extra': 'dev'}
    pins = [pin for pin in locked() if pin.marker is None or pin.marker.evaluate(environment)]
    versions = {normalize(pin.name): re.fullmatch(r'==([\w.]+)', str(pin.specifier)).group(1) for pin in pins}
    assert len(versions) == len(pins), 'one package is pinned twice'
    for line in re.findall(r'^Requires-Dist: (.+)$', wheel[1], re.MULTILINE):
        requirement = Requirement(line)
        if requirement.name != 'pre-commit' and (requirement.marker is None or requirement.marker.evaluate(environment)):
            assert requirement.specifier.contains(Version(versions[normalize(requirement.name)])), line
    assert versions['mmcv-lite'] and not {'torchvision', 'mmcv'} & set(versions)


def normalize(name):
    return re.sub(r'[-_.]+', '-', name).lower()


def test_metafiles_point_to_what_is_there():
    imports = yaml.safe_load((ROOT / 'model-index.yml').read_text())['Import']
    assert sorted(imports) == sorted(str(path.relative_to(ROOT)) for path in ROOT.glob('configs/*/metafile.yml'))
    for path in imports:
        metafile = yaml.safe_load((ROOT / path).read_text())
        collections = {collection['Name']: collection for collection in metafile['Collections']}
        for collection in collections.values():
            assert collection.get('Paper', dict(Title='of nobody'))['Title'], collection['Name']  # posture transfer has no paper
            assert (ROOT / collection['README']).is_file(), collection['README']
        for model in metafile['Models']:
            assert model['In Collection'] in collections and (ROOT / model['Config']).is_file(), model['Name']
        names = [model['Name'] for model in metafile['Models']]
        assert len(names) == len(set(names))


def test_version_is_that_of_an_installed_package():
    from mmagenc import __version__
    try:
        assert importlib.metadata.version('mmagenc') == __version__
    except importlib.metadata.PackageNotFoundError:
        pytest.skip('used from a clone, not installed')
