"""netCDF of ``movement`` (``.nc``): a dataset of poses, as ``movement`` saves it with xarray, and as mmagenc export writes it.

``position (time, space, keypoints, individuals)``, ``confidence (time, keypoints, individuals)``, coordinates of these names, attributes
``fps`` and ``time_unit``; of mmagenc export also ``clip``, ``label``, ``subject``, ``skeleton``, ``up`` and ``img_shape``. M individuals,
T frames, V keypoints, C coordinates.
"""

from typing import Iterator, Optional, Tuple

import numpy as np

from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording
from mmagenc.datasets.readers.source import Source
from mmagenc.datasets.readers.values import Columns, columns_of_names, whole_shape
from mmagenc.registry import READERS
from mmagenc.skeletons import SKELETONS
from mmagenc.untrusted.hdf5 import read_hdf5, read_hdf5_attribute, read_hdf5_texts

NEEDED = ('position', 'time', 'space', 'keypoints')
UNITS = {'m': 1., 'cm': 0.01, 'mm': 0.001}
"""Metres."""


@READERS.register_module(name='movement')
class Movement(Reader):
    name = 'movement'
    title = 'netCDF of movement'
    suffixes = ('.nc', )
    knows = ('2d', '3d', 'score', 'persons', 'track', 'fps', 'img_shape', 'label', 'subject')
    takes_unit = True

    def sniff(self, source: Source) -> Optional[str]:
        shapes = source.shapes() or {}
        if not set(NEEDED) <= shapes.keys():
            return None
        return f'{shapes["keypoints"][0] if shapes["keypoints"] else 1} keypoints of movement'

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        path = source.path
        keypoint, score = _arrays(source)
        columns = _columns(source, keypoint.shape[2], options)
        keypoint = keypoint[:, :, columns.order]
        known = np.isfinite(keypoint).all(axis=-1)
        keypoint = np.where(known[..., None], keypoint, np.float32(np.nan)) * np.float32(_metres(source, keypoint, options))
        scored = score is not None and np.isfinite(score).any()
        score = np.where(known, np.nan_to_num(score[:, :, columns.order]) if scored else 1, 0).astype(np.float32)
        folder, _, stem = source.name.rpartition('/')
        name = _text(path, 'clip') or stem
        up = options.up or _text(path, 'up') if keypoint.shape[-1] == 3 else None
        yield Recording(f'{folder}/{name}'.lstrip('/'), columns.skeleton, keypoint=keypoint,
                        keypoint_score=score if scored or not known.all() else None, fps=options.fps or _fps(source),
                        img_shape=_shape(source) or options.img_shape, up=up, label=_text(path, 'label'), subject=_text(path, 'subject'),
                        notes=columns.notes)


def _arrays(source: Source) -> Tuple[np.ndarray, Optional[np.ndarray]]:
    """``(M, T, V, C)`` places and ``(M, T, V)`` confidences, if there are any."""
    found = read_hdf5(source.path, ['position', 'confidence'])
    position, confidence = found['position'], found.get('confidence')
    lengths = {name: len(texts) for name in ('space', 'keypoints', 'individuals')
               if (texts := read_hdf5_texts(source.path, name)) is not None}
    if position.ndim == 3 and 'individuals' not in lengths:  # of one individual, whose axis was dropped
        position, lengths = position[..., None], dict(lengths, individuals=1)
        confidence = None if confidence is None else confidence[..., None]
    wanted = tuple(lengths.get(name) for name in ('space', 'keypoints', 'individuals'))
    if position.ndim != 4 or position.shape[1:] != wanted or wanted[0] not in (2, 3):
        raise ValueError(f'position must be (time, space, keypoints, individuals), (…, {", ".join(map(str, wanted))}) by the names in the '
                         f'file; got {position.shape}')
    if confidence is not None and confidence.shape != (position.shape[0], *position.shape[2:]):
        raise ValueError(f'confidence must be {(position.shape[0], *position.shape[2:])}, as position is, got {confidence.shape}')
    confidence = None if confidence is None else confidence.astype(np.float32).transpose(2, 0, 1)
    return position.astype(np.float32).transpose(3, 0, 2, 1), confidence


def _columns(source: Source, count: int, options: ReadOptions) -> Columns:
    """The layout that the file names, or else that the keypoints' names make."""
    names, said = read_hdf5_texts(source.path, 'keypoints'), _text(source.path, 'skeleton')
    built_in = SKELETONS.get(said) if said and options.layout is None and options.joint_names is None else None
    if built_in is not None and list(built_in.joint_names) == names:
        return Columns(built_in, list(range(count)))
    return columns_of_names(names, options)


def _metres(source: Source, keypoint: np.ndarray, options: ReadOptions) -> float:
    """Metres per unit of places in space; 1 of pixels."""
    if keypoint.shape[-1] == 2:
        return 1.
    said = read_hdf5_attribute(source.path, 'position', 'units')
    unit = options.unit or UNITS.get(_decoded(said) or '')
    if unit is None:
        raise ValueError('three coordinates whose unit the file does not say: --unit says how many metres it is')
    return unit


def _fps(source: Source) -> Optional[float]:
    """What the file says, or else as its times tell."""
    said = read_hdf5_attribute(source.path, '/', 'fps')
    if isinstance(said, np.ndarray) and said.size == 1 and 0 < float(said.reshape(-1)[0]) < 10_000:
        return float(said.reshape(-1)[0])
    time = read_hdf5(source.path, ['time']).get('time')
    if _text(source.path, 'time_unit') != 'seconds' or time is None or len(time) < 2 or not time[-1] > time[0]:
        return None
    return round(float((len(time) - 1) / (time[-1] - time[0])), 6)


def _shape(source: Source) -> Optional[Tuple[int, int]]:
    said = read_hdf5_attribute(source.path, '/', 'img_shape')
    return whole_shape(said[0], said[1], 'img_shape') if isinstance(said, np.ndarray) and said.size == 2 else None


def _text(path, attribute: str) -> Optional[str]:
    return _decoded(read_hdf5_attribute(path, '/', attribute))


def _decoded(value) -> Optional[str]:
    return value.decode('utf-8', errors='replace') or None if isinstance(value, bytes) else None
