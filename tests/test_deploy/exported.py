"""Tiny models as files, exported once for all tests: an export costs seconds."""

import contextlib
import functools
import io
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from mmagenc.apis import init_recognizer
from mmagenc.deploy.files import BATCH_NORM_TORCH, writes_batch_norm
from tests.shared import made_once
from tests.test_apis.configs import write_generator


@dataclass(frozen=True)
class Tiny:
    """What lies in a folder: a config, checkpoints of a generator and its judge, and the files made of them by ``mmagenc export-model``.

    Where torch cannot write the judge, tests that ask for its file are skipped.
    """
    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / 'generator.py'

    @property
    def checkpoint(self) -> Path:
        return self.folder / 'judge.pth'

    @property
    def generator_checkpoint(self) -> Path:
        return self.folder / 'epoch_3.pth'

    @property
    def generator(self) -> Path:
        return self.folder / 'generator.onnx'

    @property
    def judge(self) -> Path:
        if not writes_batch_norm():
            pytest.skip(f'torch {torch.__version__} cannot write batch normalization as ONNX, {BATCH_NORM_TORCH} can')
        return self.folder / 'judge.onnx'

    @property
    def standalone(self) -> Path:
        return self.judge.with_name('run.py')

    @property
    def said(self) -> str:
        """What the command printed of both."""
        return self.judge.with_name('said.txt').read_text()


@functools.lru_cache(maxsize=1)
def tiny() -> Tiny:
    return Tiny(made_once('exported', _export))


def _export(folder: Path) -> None:
    from mmagenc.commands import start
    config, generator = write_generator(folder, meta=dict(skeleton='ucla20', fps=25.))
    torch.manual_seed(0)
    judge = init_recognizer(config)
    torch.nn.init.normal_(judge.cls_head.fc.weight)  # opinions that differ
    torch.save(dict(state_dict=judge.state_dict(), meta=dict(dataset_meta=dict(skeleton='ucla20', fps=25.))), folder / 'judge.pth')
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        if writes_batch_norm():
            start('export-model', [str(config), str(folder / 'judge.pth'), '--out', str(folder / 'judge.onnx'), '--part', 'recognizer',
                                   '--standalone', str(folder / 'run.py')])
        start('export-model', [str(config), str(generator), '--out', str(folder / 'generator.onnx')])
    (folder / 'said.txt').write_text(said.getvalue())
