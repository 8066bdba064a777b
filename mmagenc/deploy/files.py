"""Networks as ``.onnx`` and ``.pt2`` files, each checked against torch before it is written.

N clips, T frames.
"""

import io
import json
import logging
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

from mmagenc.outputs import alternatives, writing

from .networks import Portable
from .standalone import FORMAT

TOLERANCE = 1e-5
"""Largest difference between a file's outputs and torch's, absolute and as a share of the output's largest value, added."""
SUFFIXES = ('.onnx', '.pt2')
EXTRA_FILE = 'mmagenc.json'
"""Of a ``.pt2`` file: the metadata."""
BATCH_NORM_TORCH = '2.7'
"""The first torch that writes batch normalization as ONNX; that of 2.6 leaves it to onnxscript, which fails (microsoft/onnxscript#2651)."""


class ExportError(ValueError):
    """A network that cannot be written, or whose file does not compute what torch does."""


@dataclass(frozen=True)
class Check:
    """A file's outputs beside torch's.

    Args:
        sizes: clips and frames of each comparison.
        largest: difference of all outputs, absolute.
        allowed: of it at most.
    """

    sizes: Tuple[Tuple[int, int], ...]
    largest: float
    allowed: float


def write_model(portable: Portable, path, meta: Dict) -> Tuple[Check, Dict]:
    """Write a network with its metadata, as the suffix says.

    Args:
        portable: the network.
        path: ``.onnx`` or ``.pt2``.
        meta: plain values, which are told in the file as JSON.

    Returns:
        tuple: how near the file is to torch; ``dynamic``: which of ``N`` and ``T`` may change, and why not (``why``).

    Raises:
        ExportError: no such format, a network that PyTorch, or this version of it, cannot export, or numbers that are not torch's.
        ImportError: a package that writing needs is not installed.
    """
    suffix = Path(path).suffix
    if suffix not in SUFFIXES:
        raise ExportError(f'{path}: the file must end in {alternatives(SUFFIXES)}')
    if suffix == '.onnx':
        require_onnx()
        _require_batch_norm(portable.network, path)
    problems = []
    for axes in ('N', '') if portable.fixed_frames else ('NT', 'N', ''):
        try:
            content, check, dynamic = _written(portable, axes, suffix, meta, problems)
        except Exception as error:  # of PyTorch's and onnxruntime's exporters, of whatever kind
            problems.append(f'{type(error).__name__}: {str(error).splitlines()[0][:160]}' if str(error) else type(error).__name__)
            continue
        with writing(path) as file:
            file.write(content)
        return check, dynamic
    raise ExportError(f'{path}: the network cannot be exported: {"; ".join(dict.fromkeys(problems))}')


def require_onnx() -> None:
    """Raise ImportError unless what writes and checks ONNX is installed."""
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ImportError(f'an .onnx file needs onnx, onnxscript and onnxruntime ({error}): pip install "mmagenc[onnx]"') from error


def writes_batch_norm() -> bool:
    """Whether this torch writes networks with batch normalization, which most recognizers are, as ONNX."""
    return torch.__version__ >= BATCH_NORM_TORCH


def _require_batch_norm(network: torch.nn.Module, path) -> None:
    if not writes_batch_norm() and any(isinstance(module, torch.nn.modules.batchnorm._BatchNorm) for module in network.modules()):
        raise ExportError(f'{path}: torch {torch.__version__} cannot write batch normalization, which this network has, as ONNX: '
                          f'torch {BATCH_NORM_TORCH} and later can, and a .pt2 file this one can write, too')


def _written(portable: Portable, axes: str, suffix: str, meta: Dict, problems: Sequence[str]) -> Tuple[bytes, Check, Dict]:
    """The file's content with those axes dynamic."""
    why = portable.fixed_frames or '; '.join(problems)
    dynamic = dict(N='N' in axes, T='T' in axes, why=None if axes == 'NT' else why)
    inputs = [{key: value for key, value in spec.items() if key != 'below'} for spec in portable.inputs]
    meta = dict(meta, **portable.facts, inputs=inputs, outputs=portable.outputs, frames=portable.frames, dynamic=dynamic)
    with torch.no_grad(), quiet():
        clips = 2 if 'N' in axes else 1
        program = torch.export.export(
            portable.network, portable.example(clips, portable.frames), dynamic_shapes=portable.dynamic_shapes(axes), strict=False)
        content, run = (_onnx if suffix == '.onnx' else _pt2)(program, portable, meta)
        return content, checked(portable, run, axes), dynamic


def _onnx(program, portable: Portable, meta: Dict) -> Tuple[bytes, Callable]:
    import onnx
    import onnxruntime
    names = [spec['name'] for spec in portable.inputs]
    made = torch.onnx.export(program, dynamo=True, verbose=False, input_names=names, output_names=portable.outputs)
    model = made.model_proto
    onnx.helper.set_model_props(model, {'format': FORMAT, **{key: json.dumps(value) for key, value in meta.items()}})
    content = model.SerializeToString()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    session = onnxruntime.InferenceSession(content, options, providers=['CPUExecutionProvider'])
    taken = {item.name for item in session.get_inputs()}

    def run(*inputs: Tensor) -> List[np.ndarray]:
        return session.run(None, {name: value.numpy() for name, value in zip(names, inputs) if name in taken})

    return content, run


def _pt2(program, portable: Portable, meta: Dict) -> Tuple[bytes, Callable]:
    file = io.BytesIO()
    for name, value in program.constants.items():
        if isinstance(value, Tensor):  # torch 2.13 fails to save some that are empty or views ("numel: … overflow")
            program.constants[name] = value.detach().clone()
    torch.export.save(program, file, extra_files={EXTRA_FILE: json.dumps(dict(meta, format=FORMAT))})
    module = program.module()
    return file.getvalue(), lambda *inputs: [value.numpy() for value in module(*inputs)]


def checked(portable: Portable, run: Callable, axes: str) -> Check:
    """Compare a file's outputs with torch's, at two sizes where sizes may change.

    Raises:
        ExportError: they differ by more than :data:`TOLERANCE` allows, or are not finite.
    """
    clips, frames = (2 if 'N' in axes else 1), portable.frames
    sizes = [(clips, frames), *([(3, frames), (1, frames)] if 'N' in axes else []),
             *([(clips, max(frames - frames // 4 - 1, 2))] if 'T' in axes else [])]
    largest, allowed = 0., float('inf')
    for size in sizes:
        inputs = portable.example(*size)
        for ours, theirs in zip(portable.network(*inputs), run(*inputs)):
            ours = ours.numpy()
            bound, difference = TOLERANCE * (1 + np.abs(ours).max()), np.abs(ours - theirs).max() if ours.shape == theirs.shape else np.inf
            if not difference <= bound:
                raise ExportError(f'{size[0]} clips of {size[1]} frames differ from torch by {difference:.2g}, more than {bound:.2g}')
            largest, allowed = max(largest, float(difference)), min(allowed, float(bound))
    return Check(tuple(sizes), largest, allowed)


@contextmanager
def quiet() -> Iterator[None]:
    """Exporters' progress and warnings, which are about themselves, are not shown."""
    loggers = [logging.getLogger(name) for name in ('torch.onnx', 'torch.export', 'torch._subclasses', 'onnxscript', 'onnx_ir')]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            yield
    finally:
        for logger, level in zip(loggers, levels):
            logger.setLevel(level)
