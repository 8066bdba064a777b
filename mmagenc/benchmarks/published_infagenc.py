"""The published InfAGenC code at the benchmark's sizes, imported from a user's copy of it and timed as its scripts call it.

The copy is one of https://github.com/ostadabbas/Infant-Action-Generative-Modeling; body model files are not needed, since a synthetic
body of the same size stands in for them. Packages that the published code draws or reads other data sets with need not be there either.
"""

import contextlib
import importlib
import pickle
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Callable, Dict, Iterator

import numpy as np
import torch

from mmagenc.benchmarks.published import importable

PARAMETERS = dict(
    modeltype='cvae', archiname='transformer', njoints=24, nfeats=6, latent_dim=256, ff_size=1024, num_heads=4, dropout=0.1,
    activation='gelu', ablation=None, pose_rep='rot6d', glob=True, glob_rot=[3.141592653589793, 0, 0], translation=False,
    jointstype='smpl', vertstrans=False, lambdas=dict(rc=1., kl=1e-5, rcxyz=1., velxyz=1e-3))
"""What the published README's command line sets."""


class PublishedInfAGenC:
    """The published CVAE, built by the published ``get_model``.

    Args:
        folder: the copy of the published code.
        body: arrays of a body as the model file holds them, and ``J_regressor_extra``.
        num_classes, num_frames, num_layers: sizes of the network.
        device: where it runs.

    Raises:
        FileNotFoundError: a folder that does not hold the published code.
        RuntimeError: a copy that cannot be imported here.
    """

    def __init__(self, folder: Path, *, body: Dict[str, np.ndarray], num_classes: int, num_frames: int, num_layers: int,
                 device: str) -> None:
        if not (folder / 'src' / 'models' / 'get_model.py').is_file():
            raise FileNotFoundError(f'--published {folder}: no src/models/get_model.py there; it must be a copy of '
                                    'https://github.com/ostadabbas/Infant-Action-Generative-Modeling')
        parameters = dict(
            PARAMETERS, num_classes=num_classes, num_frames=num_frames, num_layers=num_layers, device=torch.device(device))
        try:
            with _published_imports(folder), _body_files(body):
                self.model = importlib.import_module('src.models.get_model').get_model(parameters)
                self._train = importlib.import_module('src.train.trainer').train
        except (ImportError, AttributeError, KeyError, TypeError) as error:
            raise RuntimeError(f'--published {folder}: the code there cannot be built: {type(error).__name__}: {error}') from error
        self.device = parameters['device']

    def step(self, batch_size: int, num_frames: int, num_classes: int) -> Callable:
        """One turn of the published training loop on a batch of full length."""
        optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-4)
        batch = dict(
            x=torch.randn(batch_size, 24, 6, num_frames),
            y=torch.arange(batch_size) % num_classes,
            mask=torch.ones(batch_size, num_frames, dtype=torch.bool),
            lengths=torch.full((batch_size, ), num_frames))
        return lambda: self._train(self.model, optimizer, [batch], self.device, 0, None)

    def generation(self, count: int, num_frames: int, num_classes: int) -> Callable:
        """What the published ``generate_sequences`` does for ``count`` clips: it skins each of them twice."""
        classes, repeats = torch.arange(num_classes), max(1, count // num_classes)
        durations = torch.full((num_classes, ), num_frames)

        @torch.no_grad()
        def generate() -> None:
            self.model.eval()
            self.model.outputxyz = True
            self.model.param2xyz['jointstype'] = 'vertices'
            clips = self.model.generate(classes, durations, nspa=repeats)
            vertices, pose = self.model.rot2xyz(clips['output'], clips['mask'], vertstrans=False, beta=0)
            vertices.cpu().numpy(), pose.cpu().numpy()
            self.model.param2xyz['jointstype'] = PARAMETERS['jointstype']

        return generate


@contextlib.contextmanager
def _published_imports(folder: Path) -> Iterator[None]:
    """``src`` is the package in ``folder`` for a while; what draws, shows progress or reads other data sets is left out."""
    stand_ins = {
        'joblib': {},
        'tqdm': dict(tqdm=lambda iterable, **_: iterable),
        'src.visualize.visualize': dict(generate_by_ori_video_sequences=None)
    }
    with importable(folder, ['src', 'joblib', 'tqdm']):
        sys.modules.update({name: _module(name, content) for name, content in stand_ins.items()})
        yield


def _module(name: str, content: Dict) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(content)
    return module


@contextlib.contextmanager
def _body_files(body: Dict[str, np.ndarray]) -> Iterator[None]:
    """The two body model files that the published configuration names, while they are read."""
    config = importlib.import_module('src.config')
    with tempfile.TemporaryDirectory() as folder:
        config.SMPL_MODEL_PATH = str(Path(folder, 'smil_web.pkl'))
        config.JOINT_REGRESSOR_TRAIN_EXTRA = str(Path(folder, 'J_regressor_extra.npy'))
        with open(config.SMPL_MODEL_PATH, 'wb') as file:
            pickle.dump({name: value for name, value in body.items() if name != 'J_regressor_extra'}, file)
        np.save(config.JOINT_REGRESSOR_TRAIN_EXTRA, body['J_regressor_extra'])
        yield
