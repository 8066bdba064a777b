"""Weights out of safetensors files, checked before memory is taken for them.

A file is the length of a header in eight bytes, the header as JSON (``{name: {dtype, shape, data_offsets}}``, and texts under
``__metadata__``), then the tensors' bytes one behind the other. It holds no code, but no checksum either: files of this package carry
one in their metadata, and others are taken as they are.
"""

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple

SUFFIX = '.safetensors'
MAX_HEADER = 16 << 20
"""Bytes that a header may take: names, shapes and metadata; the format allows six times as many."""
WEIGHTS_ONLY = 'holds weights and nothing else, no optimizer and no epoch: start from it with load_from, resume from a .pth'
CHECKSUM = 'sha256'
TEXTS = ('format', 'mmagenc_version', 'made_by', 'source', 'part', 'config')
NOTES = ('dataset_meta', 'training')
"""Metadata that this package writes: texts, and what is JSON in the text. Whatever else is in a file stays unread."""


class DamagedCheckpointError(ValueError):
    """A checkpoint that is not whole, or none that is."""


def is_safetensors(path) -> bool:
    """Whether a file is one of safetensors by its name."""
    return str(path).lower().endswith(SUFFIX)


def looks_like_safetensors(path) -> bool:
    """Whether a file begins as one of safetensors does: the length of a header that fits into it, then a brace."""
    with open(path, 'rb') as file:
        start = file.read(9)
        return start[8:] == b'{' and int.from_bytes(start[:8], 'little') <= file.seek(0, 2) - 8


def read_safetensors(path) -> Dict[str, Any]:
    """A file as a checkpoint: ``state_dict`` with its tensors, on the CPU and independent of the file, and ``meta`` with what it says.

    Raises:
        FileNotFoundError: no such file.
        DamagedCheckpointError: not a whole file, or not the one that its checksum was made of; the message names it.
    """
    path = Path(path)
    content = path.read_bytes()
    try:
        entries, metadata, start = _header(content)
        given = metadata.get(CHECKSUM)
        if given is not None and given != checksum(entries, metadata, memoryview(content)[start:]):
            raise ValueError('the file is damaged, or was changed without its checksum (sha256 in the metadata)')
        return dict(state_dict=_tensors(content), meta=meta_of(metadata))
    except ValueError as error:
        raise DamagedCheckpointError(f'{path} cannot be read as safetensors: {error}') from None


def checksum(entries: Mapping[str, Mapping], metadata: Mapping[str, str], data) -> str:
    """Of the tensors' bytes, names and shapes, and of the metadata that this package writes."""
    own = {key: metadata[key] for key in (*TEXTS, *NOTES) if key in metadata}
    digest = hashlib.sha256(json.dumps([own, entries], sort_keys=True, separators=(',', ':')).encode())
    digest.update(data)
    return digest.hexdigest()


def split_header(content: bytes) -> Tuple[Dict, int]:
    """The header of a file's bytes, and where the tensors begin.

    Raises:
        ValueError: it is cut short, too long, no JSON, or names something twice.
    """
    size = int.from_bytes(content[:8], 'little')
    if content[:4] == b'PK\x03\x04':
        raise ValueError("it is a zip archive, such as PyTorch's .pth: only the name is of safetensors")
    if len(content) < 8 or not 2 <= size <= len(content) - 8:
        raise ValueError(f'the file is cut short, or none of its kind: {len(content)} bytes, a header of {size} is announced')
    if size > MAX_HEADER:
        raise ValueError(f'refused, a header of {size} bytes; accepted are up to {MAX_HEADER}')
    try:
        header = json.loads(content[8:8 + size].decode('utf-8'), object_pairs_hook=_without_repetition)
    except (UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f'the header is no JSON ({type(error).__name__}: {error})') from None
    if not isinstance(header, dict):
        raise ValueError(f'the header is a {type(header).__name__}, expected a table of tensors')
    return header, 8 + size


def _without_repetition(pairs: List[Tuple[str, Any]]) -> Dict:
    table = dict(pairs)
    if len(table) < len(pairs):
        name, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f'the header names {name[:60]!r} twice')
    return table


def _header(content: bytes) -> Tuple[Dict[str, Dict], Dict[str, str], int]:
    """Entries of the tensors, metadata, and where the tensors' bytes begin."""
    entries, start = split_header(content)
    metadata = entries.pop('__metadata__', None) or {}
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise ValueError('__metadata__ is no table of texts')
    odd = [name for name in entries if not name.isprintable()]
    if odd:
        raise ValueError(f'a tensor with the name {odd[0][:60]!r}')
    if not entries:
        raise ValueError('it holds no tensor')
    return entries, metadata, start


def _tensors(content: bytes) -> Dict:
    """The tensors, which safetensors compares with the header: sizes, places without holes, known types."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load
    try:
        tensors = load(content)
    except (SafetensorError, KeyError, TypeError, RuntimeError, OverflowError, AttributeError) as error:
        raise ValueError(f'{type(error).__name__}: {error}') from None
    for name, tensor in tensors.items():
        if tensor.dtype is torch.bool and (tensor.view(torch.uint8) > 1).any():
            raise ValueError(f'{name} holds other bytes than 0 and 1 as bool')
    return tensors


def meta_of(metadata: Mapping[str, str]) -> Dict[str, Any]:
    """What a checkpoint's ``meta`` says, of the metadata."""
    meta = {key: metadata[key] for key in TEXTS if key in metadata and key != 'format'}
    for key in NOTES:
        if key in metadata:
            try:
                value = json.loads(metadata[key])
            except (ValueError, RecursionError) as error:
                raise ValueError(f'{key} of the metadata is no JSON ({error})') from None
            if not isinstance(value, dict):
                raise ValueError(f'{key} of the metadata is a {type(value).__name__}, expected a table')
            meta.update({key: value} if key == 'dataset_meta' else value)
    if 'config' in meta:
        meta['cfg'] = meta.pop('config')  # as MMEngine calls the text, which nothing runs
    return meta


def safetensors_problem(path) -> Optional[str]:
    """What speaks against loading a safetensors file, or ``None``. Every byte is read once."""
    try:
        read_safetensors(path)
    except DamagedCheckpointError as error:
        return str(error).split('safetensors: ', 1)[-1]
    return None
