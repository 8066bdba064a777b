"""Weights out of checkpoint files, without running anything that a file asks for."""

import json
import pickle
import re
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, Optional, Sequence, Union

import numpy as np
import torch
from torch import Tensor, nn

from mmagenc.outputs import writing
from mmagenc.untrusted import DamagedCheckpointError, arrays, checkpoint_problem, is_safetensors, read_safetensors
from mmagenc.untrusted.weights import CHECKSUM, NOTES, TEXTS, checksum, meta_of, split_header
from mmagenc.version import __version__

CHECKPOINT_SUFFIXES = ('.pth', '.pt')
"""Of files that :func:`write_checkpoint` writes."""
LOOP_KEY = 'infagenc'  # where InfAGenCHook keeps the recognizer of its checkpoint


class Ignored:
    """Stands where a checkpoint holds an object other than tensors, arrays and plain containers (MMEngine's log buffers, say)."""

    def __init__(self, *args) -> None:
        pass

    def __setstate__(self, state) -> None:
        pass

    def __setitem__(self, key, value) -> None:
        pass


def load_checkpoint(path: Union[str, Path]) -> Dict:
    """Read a checkpoint on the CPU with PyTorch's ``weights_only`` unpickler, or a file of safetensors (:func:`save_weights`).

    Tensors, NumPy arrays and plain containers are read; of anything else an :class:`Ignored` is put in its place and nothing is
    imported or called, so that a file from elsewhere may be opened. Arrays are checked before they are built
    (:mod:`mmagenc.untrusted.arrays`).

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is no checkpoint, is damaged, or is refused.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'checkpoint {path}: {missing_words(path)}')
    if is_safetensors(path):
        return read_safetensors(path)
    problem = checkpoint_problem(path)
    if problem is not None:
        raise DamagedCheckpointError(f'{path} cannot be read as a PyTorch checkpoint: {problem}')
    try:
        with _admitting(path):
            checkpoint = arrays.plain(torch.load(path, map_location='cpu', weights_only=True))
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, LookupError, TypeError) as error:
        raise ValueError(f'{path} cannot be read as a PyTorch checkpoint: {loading_words(error)}') from error
    if not isinstance(checkpoint, Mapping):
        kind = 'Python object' if isinstance(checkpoint, Ignored) else type(checkpoint).__name__
        raise ValueError(f'{path} holds a {kind}, accepted is a dict of weights or a checkpoint of MMEngine')
    return dict(checkpoint)


def missing_words(path: Union[str, Path]) -> str:
    """Why there is no checkpoint at a place that is no file: of the folder of a training, which ones lie in it."""
    folder = Path(path)
    if not folder.is_dir():
        return 'no such file'
    found = sorted(folder.glob('*.pth'), key=lambda file: (file.name.startswith('best_'), file.stat().st_mtime, file.name))
    return f'a folder; name a checkpoint in it, such as {found[-1]}' if found else 'a folder in which there is no checkpoint (.pth)'


def loading_words(error: Exception) -> str:
    """What an error of PyTorch's loading says, without its lines of advice to load unsafely."""
    text = str(error)
    if isinstance(error, LookupError):  # an opcode that there is not, by its number
        return 'it is no pickle of PyTorch'
    if 'weights_only' not in text:
        return text
    asked = re.search(r'Unsupported (?:global|class)[^:]*: (?:GLOBAL )?(\S+)', text)
    return f'it asks for {asked[1]}, and only weights and plain values are read' if asked else 'it holds no weights that PyTorch wrote'


def _admitting(path: Path):
    """Let the unpickler make NumPy's arrays, and an :class:`Ignored` of everything else that a file of the zip format would import."""
    numpy_names = arrays.checkpoint_names()
    known = {name for _, name in numpy_names}
    found = torch.serialization.get_unsafe_globals_in_checkpoint(path) if zipfile.is_zipfile(path) else []
    wanted = [*numpy_names, *((Ignored, name) for name in found if name not in known)]
    admitted = torch.serialization.get_safe_globals()  # leaving the context removes what it was given, also where that was there before
    return torch.serialization.safe_globals([entry for entry in wanted if entry not in admitted])


def model_weights(checkpoint: Mapping) -> Dict[str, Tensor]:
    """The weights of a checkpoint's ``state_dict`` (or of a bare dict of weights), without ``module.`` before their names."""
    return _without_prefix(checkpoint.get('state_dict', checkpoint))


def published_weights(path: Union[str, Path]) -> Dict[str, Tensor]:
    """The weights in a file of others: a state dict, bare, under ``state_dict``, or of a data-parallel model.

    Raises:
        FileNotFoundError: no such file.
        ValueError: no PyTorch checkpoint, or something else than tensors by name in it.
    """
    return as_weights(load_checkpoint(path), source=path)


@contextmanager
def converting(path: Union[str, Path]) -> Iterator[None]:
    """Say which file's weights cannot be converted: some that are missing, or of other shapes than published, raise nearly anything.

    Raises:
        ValueError: naming the file.
    """
    try:
        yield
    except (ValueError, LookupError, RuntimeError, TypeError) as error:
        said = f'it has no {error.args[0]}' if isinstance(error, KeyError) and error.args else str(error)
        kind = '' if isinstance(error, (ValueError, KeyError)) else 'its weights have other shapes than the published model: '
        raise ValueError(said if str(path) in said else f'{path}: {kind}{said}') from error


def as_weights(content: Mapping, *, source='the checkpoint') -> Dict[str, Tensor]:
    """Tensors by name, without ``module.`` before their names, of what a file of others held.

    Raises:
        ValueError: something else is in it.
    """
    weights = content.get('state_dict', content)
    if not isinstance(weights, Mapping) or not weights:
        kind = 'nothing' if isinstance(weights, Mapping) else f'a {type(weights).__name__}'
        raise ValueError(f'{source} holds {kind}, accepted is a state dict: tensors by name')
    for name, value in weights.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise ValueError(f'{source} is no state dict: under {name!r} it has a {type(value).__name__}, accepted are tensors by name')
    return {name.removeprefix('module.'): value for name, value in weights.items()}


def recognizer_weights(checkpoint: Mapping) -> Dict[str, Tensor]:
    """The recognizer's weights: those beside the generator in a checkpoint of InfAGenC, or else the checkpoint's own."""
    if LOOP_KEY in checkpoint:
        return _without_prefix(checkpoint[LOOP_KEY]['recognizer']['state_dict'])
    return model_weights(checkpoint)


def recognizer_fitted(checkpoint: Mapping) -> bool:
    """Whether a checkpoint's recognizer has learnt anything: that of InfAGenC has not before the loop began."""
    state = checkpoint.get(LOOP_KEY)
    return bool(state.get('fitted', True)) if isinstance(state, Mapping) else True


def said_of_clips(content: Mapping) -> Mapping:
    """What a checkpoint says of the clips that it was trained on."""
    meta = content.get('meta')
    said = meta.get('dataset_meta') if isinstance(meta, Mapping) else None
    return said if isinstance(said, Mapping) else {}


def said_classes(metainfo: Mapping) -> Optional[List[str]]:
    """Names of the classes, or ``None`` where it names none."""
    classes = metainfo.get('classes')
    return list(map(str, classes)) if isinstance(classes, (list, tuple)) and classes else None


def _without_prefix(weights: Mapping) -> Dict[str, Tensor]:
    return {name.removeprefix('module.'): value for name, value in weights.items() if isinstance(value, Tensor)}


def load_weights(model: nn.Module, weights: Mapping[str, Tensor], *, source) -> None:
    """Give a model all of its weights, or none.

    Args:
        model: the model.
        weights: name to tensor.
        source: where they come from, for the message.

    Raises:
        ValueError: weights that are missing, that the model does not know, or of another shape; some of each are named.
    """
    problem = weights_problem(model, weights)
    if problem:
        raise ValueError(f'the weights of {source} {problem}')
    model.load_state_dict(weights)


def weights_problem(model: nn.Module, weights: Mapping[str, Tensor]) -> Optional[str]:
    """Why weights do not fit a model wholly, naming some that are missing, unknown, of another shape or no numbers; ``None`` if they do.

    Buffers that a module names as ``elastic`` take any number of rows; those that it names as ``newer`` earlier versions did not write, and
    the module itself puts something in their place.
    """
    own = model.state_dict()
    rows, newer = ({f'{prefix}.{name}'.lstrip('.') for prefix, module in model.named_modules() for name in getattr(module, kind, ())}
                   for kind in ('elastic', 'newer'))
    problems = {
        'missing': [name for name in own if name not in weights and name not in newer],
        'unknown': [name for name in weights if name not in own],
        'of another shape': [
            f'{name} ({tuple(weights[name].shape)}, the model has {tuple(value.shape)})' for name, value in own.items()
            if name in weights and weights[name].shape[name in rows:] != value.shape[name in rows:]
        ]
    }
    found = [f'{len(names)} {kind}: {_some(names)}' for kind, names in problems.items() if names]
    return f'do not fit the {type(model).__name__} of the config: {"; ".join(found)}' if found else no_numbers(model, weights)


def no_numbers(model: nn.Module, weights: Mapping[str, Tensor]) -> Optional[str]:
    """Which of a model's weights hold NaN or infinity, as those of a training that diverged do; ``None`` if none does.

    Buffers of other kinds may: statistics that nothing has been measured for do.
    """
    learnt = {name for name, _ in model.named_parameters()} | {name for name in weights if name.endswith(('.running_mean', '.running_var'))}
    found = [name for name, value in weights.items() if name in learnt and not torch.isfinite(value).all()]
    if not found:
        return None
    return f'are no finite numbers: {_some(found)} ({len(found)} of {len(weights)}); the training that wrote them diverged'


def _some(names: Sequence[str]) -> str:
    return f'{", ".join(names[:3])}{", …" if len(names) > 3 else ""}'


def write_checkpoint(content: Mapping, path) -> None:
    """Write a checkpoint as torch does, replacing an old file in one step."""
    with writing(path) as file:
        torch.save(content, file)


# --- Weights alone, to be handed on

SUFFIXES = ('.safetensors', '.pth')
LARGEST_METADATA = 4 << 20  # characters; a config has some ten thousand


def save_weights(weights: Mapping[str, Tensor], path: Union[str, Path], *, meta: Mapping) -> None:
    """Write weights without anything that only training needs, replacing an old file in one step.

    Args:
        weights: name to dense tensor; those that share memory are written once each.
        path: ``.safetensors``, which any reader of that format takes and in whose metadata is what ``meta`` says, with a checksum; or
            ``.pth`` as ``{'state_dict': …, 'meta': …}``.
        meta: ``dataset_meta`` and ``training`` (tables of plain values), ``config`` (text, which nothing runs), ``made_by``, ``source``
            and ``part`` (texts). Both kinds of file are read back alike.

    Raises:
        ValueError: another suffix, weights that the format does not know, or a ``meta`` that it cannot hold.
    """
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise ValueError(f'{path}: files of weights end in {" or ".join(SUFFIXES)}')
    metadata = _metadata(meta, path)
    weights = {name: _dense(name, weight, path) for name, weight in weights.items()}
    if not weights:
        raise ValueError(f'{path}: there are no weights to write')
    if path.suffix == '.pth':
        with writing(path) as file:
            torch.save(dict(state_dict=weights, meta=meta_of(metadata)), file)
        return
    content = _serialized(weights, metadata, path)
    with writing(path) as file:
        file.write(content)


def _metadata(meta: Mapping, path: Path) -> Dict[str, str]:
    """The metadata as texts."""
    metadata = dict(format='pt', mmagenc_version=__version__)
    for key, value in meta.items():
        if key not in (*TEXTS, *NOTES):
            raise ValueError(f'{path}: meta has no {key}; it has {", ".join((*TEXTS, *NOTES))}')
        try:
            metadata[key] = json.dumps(value, default=_plain) if key in NOTES else str(value)
        except (TypeError, ValueError, RecursionError) as error:
            raise ValueError(f'{path}: {key} cannot be written as JSON: {error}') from None
    length = sum(map(len, metadata.values()))
    if length > LARGEST_METADATA:
        raise ValueError(f'{path}: {length} characters of metadata, accepted are up to {LARGEST_METADATA}')
    return metadata


def _plain(value):
    if isinstance(value, (np.ndarray, np.generic, Tensor)):
        return value.tolist()
    raise TypeError(f'it holds a {type(value).__name__}')


def _dense(name: str, weight: Tensor, path: Path) -> Tensor:
    """A tensor on the CPU with memory of its own."""
    if weight.layout is not torch.strided or weight.is_quantized or weight.is_meta:
        raise ValueError(f'{path}: {name} is no dense tensor')
    return weight.detach().cpu().clone(memory_format=torch.contiguous_format)


def _serialized(weights: Mapping[str, Tensor], metadata: Mapping[str, str], path: Path) -> bytes:
    from safetensors import SafetensorError
    from safetensors.torch import save
    try:
        content = save(dict(weights))
        entries, start = split_header(content)
        return save(dict(weights), metadata={**metadata, CHECKSUM: checksum(entries, metadata, memoryview(content)[start:])})
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f'{path}: the weights cannot be written as safetensors ({type(error).__name__}: {error})') from None
