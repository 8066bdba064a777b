"""Fixtures shared by all tests: where recordings and reference numbers lie, and one seed for everything."""

import os
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.device import utils as device_utils

import mmagenc  # noqa: F401  before any test file imports mmaction
from mmagenc.skeletons import SKELETONS
from tests import shared


def _folder(variable: str) -> Path:
    value = os.environ.get(variable)
    if not value:
        pytest.skip(f'{variable} is not set')
    path = Path(value)
    if not path.is_dir():
        pytest.skip(f'{variable}={value} is no folder')
    return path


@pytest.fixture(scope='session')
def data_root() -> Path:
    """Folder with unpacked recordings (``bandai_namco``, ``nw_ucla``, ``penn_action``)."""
    return _folder('MMAGENC_DATA_ROOT')


@pytest.fixture(scope='session')
def reference_root() -> Path:
    """Folder with the ``.npz`` files of the published networks' forward passes."""
    return _folder('MMAGENC_REFERENCE_ROOT')


@pytest.fixture
def on_cpu(monkeypatch):
    """No GPU is seen, here and in processes of this one: for what forks, has two of them, or compares bits, which GPUs may not repeat."""
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr(device_utils, 'DEVICE', 'cpu')


@pytest.fixture(scope='session', autouse=True)
def _run_folder(tmp_path_factory):
    """Where :func:`tests.shared.made_once` makes things; a worker's own folder lies in it."""
    folder = tmp_path_factory.getbasetemp()
    shared.run_folder = folder.parent if 'PYTEST_XDIST_WORKER' in os.environ else folder


@pytest.fixture(scope='session', autouse=True)
def _configs_are_not_laid_out():
    """The text of a config in logs and checkpoints stays on one line: to lay it out, MMEngine takes up to a second a run."""
    from mmengine.config import config

    def plain(text, **_):
        return text, True

    plain.__wrapped__ = config.FormatCode.__wrapped__  # MMEngine's own, for the test of what compat makes of it
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(config, 'FormatCode', plain)
        yield


@pytest.fixture(scope='session', autouse=True)
def _forgotten_workers_are_not_waited_for():
    """Workers of a loader that garbage collection finds in a cycle, such as a runner's, never hear that they shall end: PyTorch waits five
    seconds for each."""
    from torch.utils.data import _utils
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_utils, 'MP_STATUS_CHECK_INTERVAL', 0.2)
        yield


@pytest.fixture(autouse=True)
def _only_built_in_layouts():
    """Layouts that one test registers are unknown to the next."""
    before = dict(SKELETONS)
    yield
    SKELETONS.clear()
    SKELETONS.update(before)


@pytest.fixture(autouse=True)
def _seeded():
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
