"""Tiny models as files, exported once for all tests: an export costs seconds."""

import contextlib
import functools
import io
from pathlib import Path
from types import SimpleNamespace

import torch

from mmagenc.apis import init_recognizer
from tests.shared import made_once
from tests.test_apis.configs import write_generator


@functools.lru_cache(maxsize=1)
def tiny() -> SimpleNamespace:
    """``folder`` with config and checkpoints of a generator and its judge, and the files made of them by ``mmagenc export-model``.

    ``judge`` and ``generator`` are ``.onnx``; ``said`` is what the command printed of the judge.
    """
    folder = made_once('exported', _export)
    return SimpleNamespace(folder=folder, config=folder / 'generator.py', checkpoint=folder / 'judge.pth',
                           generator_checkpoint=folder / 'epoch_3.pth', judge=folder / 'judge.onnx', generator=folder / 'generator.onnx',
                           standalone=folder / 'run.py', said=(folder / 'said.txt').read_text())


def _export(folder: Path) -> None:
    from mmagenc.commands import start
    config, generator = write_generator(folder, meta=dict(skeleton='ucla20', fps=25.))
    torch.manual_seed(0)
    judge = init_recognizer(config)
    torch.nn.init.normal_(judge.cls_head.fc.weight)  # opinions that differ
    torch.save(dict(state_dict=judge.state_dict(), meta=dict(dataset_meta=dict(skeleton='ucla20', fps=25.))), folder / 'judge.pth')
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        start('export-model', [str(config), str(folder / 'judge.pth'), '--out', str(folder / 'judge.onnx'), '--part', 'recognizer',
                               '--standalone', str(folder / 'run.py')])
        start('export-model', [str(config), str(generator), '--out', str(folder / 'generator.onnx')])
    (folder / 'said.txt').write_text(said.getvalue())
