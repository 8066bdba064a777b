"""Whole sets as one array: CTR-GCN's ``.npz``, and the ``.npy`` + ``.pkl`` pair of ST-GCN, 2s-AGCN and Kinetic-GAN.

N clips, M persons, T frames, V keypoints, C coordinates.

- ``.npz``: ``x_train``, ``x_test (N, T, M·V·3)`` or ``(N, 3, T, V, M)``, and ``y_train``, ``y_test`` (one-hot ``(N, classes)``, or indices
  ``(N,)``).
- pair: ``(N, C, T, V, M)`` or, of one person, ``(N, C, T, V)``; beside it a pickle of ``(names, labels)``.

Both pad clips with zeros to one length. Readers yield clip by clip with the padding cut off, and hold one clip at a time. pyskl's ``.pkl``
files are annotation files already (:func:`mmagenc.datasets.load_annotation`), only without names of classes and of the skeleton.
"""

import math
import os
import pickle
import zipfile
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from mmagenc.compat import atomic_open, is_stream
from mmagenc.datasets.annotation import AnnotationError, Mend, distinct_persons
from mmagenc.datasets.safe_pickle import load_pickle
from mmagenc.untrusted import open_npz
from mmagenc.untrusted.archives import READ_ERRORS

Item = Tuple[str, Optional[Dict], str]
"""Split, clip (``None`` if it cannot be used), and then why."""


def iterate_npz(path, *, num_joints: int = 25, num_persons: int = 2, mend: Optional[Mend] = None) -> Iterator[Item]:
    """Clips of a CTR-GCN-style ``.npz`` by split (``train``, ``test``), named ``<split>_<number>``; each goes through ``mend`` first.

    Raises:
        AnnotationError: not such a file, naming what is wrong.
    """
    try:
        open_npz(path).close()
        with zipfile.ZipFile(path) as archive:
            members = {Path(name).stem for name in archive.namelist()}
            splits = [split for split in ('train', 'val', 'test') if f'x_{split}' in members]
            if not splits:
                raise AnnotationError(f'{path}: expected x_train, y_train, x_test, y_test, found {sorted(members)}')
            for split in splits:
                yield from _split_of_npz(archive, split, path, (num_persons, num_joints), mend)
    except AnnotationError:
        raise
    except READ_ERRORS as error:
        raise AnnotationError(f'{path}: not a readable .npz ({type(error).__name__}: {error})') from error


def _split_of_npz(archive: zipfile.ZipFile, split: str, path, persons_and_joints: Tuple[int, int], mend: Optional[Mend]) -> Iterator[Item]:
    num_persons, num_joints = persons_and_joints
    with archive.open(f'y_{split}.npy') as member:
        labels = _class_indices(np.lib.format.read_array(member, allow_pickle=False), f'{path}: y_{split}')
    with archive.open(f'x_{split}.npy') as member:
        shape, fortran, dtype = _read_header(member)
        flat = len(shape) == 3 and shape[2] == num_persons * num_joints * 3
        solid = len(shape) == 5 and shape[1] == 3 and shape[3:] == (num_joints, num_persons)
        if not flat and not solid or fortran or dtype.kind != 'f':
            raise AnnotationError(
                f'{path}: x_{split} must be numbers (N, T, {num_persons * num_joints * 3}) of {num_persons} persons with {num_joints} '
                f'keypoints, got {shape} of {dtype}')
        if len(labels) != shape[0]:
            raise AnnotationError(f'{path}: {shape[0]} clips in x_{split}, {len(labels)} labels in y_{split}')
        size = math.prod(shape[1:]) * dtype.itemsize
        for index, label in enumerate(labels):
            row = member.read(size)
            if len(row) != size:
                raise AnnotationError(f'{path}: x_{split} ends in clip {index}')
            clip = np.frombuffer(row, dtype)
            if solid:
                clip = clip.reshape(shape[1:]).transpose(3, 1, 2, 0)
            else:
                clip = clip.reshape(shape[1], num_persons, num_joints, 3).swapaxes(0, 1)
            yield _item(split, f'{split}_{index:06d}', int(label), clip, mend)


def _read_header(member) -> Tuple[Tuple[int, ...], bool, np.dtype]:
    version = np.lib.format.read_magic(member)
    return (np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0)(member)


def _class_indices(labels: np.ndarray, source: str) -> np.ndarray:
    """Class indices of one-hot rows or of indices."""
    if labels.ndim == 2 and ((labels != 0).sum(axis=1) == 1).all():
        return labels.argmax(axis=1)
    numbers = labels.astype(np.float64) if labels.ndim == 1 and labels.dtype.kind in 'iuf' else np.array([np.nan])
    whole = (np.abs(numbers) < 2**31).all() and (numbers == np.floor(numbers)).all()
    if not whole or (labels < 0).any():
        raise AnnotationError(f'{source}: labels must be class indices or one-hot rows, got {labels.dtype} of shape {labels.shape}')
    return labels.astype(np.int64)


def iterate_pair(data, labels, *, split: str = 'train', mend: Optional[Mend] = None) -> Iterator[Item]:
    """Clips of an ``.npy`` file with its ``.pkl`` of names and labels; the array stays on disk. Each clip goes through ``mend`` first.

    Names lose the ending ``.skeleton``; where they repeat or are no text (Kinetic-GAN's own samples), clips are named
    ``<split>_<number>``.

    Raises:
        AnnotationError: not such files, naming what is wrong.
    """
    try:
        array = np.load(data, mmap_mode='r', allow_pickle=False)
    except READ_ERRORS as error:
        raise AnnotationError(f'{data}: not a readable .npy ({error})') from error
    if not isinstance(array, np.ndarray) or array.ndim not in (4, 5) or array.shape[1] not in (2, 3) or array.dtype.kind not in 'fiu':
        raise AnnotationError(f'{data}: expected numbers (N, C, T, V, M) or (N, C, T, V) with 2 or 3 coordinates, got '
                              f'{getattr(array, "shape", type(array).__name__)} of {getattr(array, "dtype", "")}')
    names, indices = _names_and_labels(labels, split)
    if len(indices) != len(array):
        raise AnnotationError(f'{labels}: {len(indices)} labels, {len(array)} clips in {data}')
    for index, (name, label) in enumerate(zip(names, indices)):
        clip = np.asarray(array[index])
        yield _item(split, name, int(label), (clip if clip.ndim == 4 else clip[..., None]).transpose(3, 1, 2, 0), mend)


def _names_and_labels(path, split: str) -> Tuple[List[str], np.ndarray]:
    content = load_pickle(path)
    if not isinstance(content, (list, tuple, np.ndarray)) or len(content) != 2:
        raise AnnotationError(f'{path}: expected (names, labels), got {type(content).__name__}')
    try:
        names, labels = list(content[0]), np.asarray(content[1])
    except (TypeError, ValueError) as error:
        raise AnnotationError(f'{path}: expected (names, labels), two lists of one length ({error})') from None
    labels = _class_indices(labels, str(path))
    if len(names) != len(labels):
        raise AnnotationError(f'{path}: {len(names)} names, {len(labels)} labels')
    if not all(isinstance(name, str) and name for name in names) or len(set(names)) != len(names):
        return [f'{split}_{index:06d}' for index in range(len(labels))], labels
    return [name[:-len('.skeleton')] if name.endswith('.skeleton') else str(name) for name in names], labels


def _item(split: str, name: str, label: int, keypoint: np.ndarray, mend: Optional[Mend]) -> Item:
    keypoint = trimmed(keypoint)
    if keypoint.size == 0:
        return split, None, f'{name}: nothing but padding'
    clip = dict(frame_dir=name, label=label, total_frames=keypoint.shape[1], keypoint=keypoint, source='real')
    try:
        clip = clip if mend is None else mend(clip, {})
    except ValueError as error:
        return split, None, f'{name}: {error}'
    if not np.isfinite(clip['keypoint']).all():
        return split, None, f'{name}: has NaN or infinity (--fill-gaps N fills gaps)'
    return split, clip, ''


def trimmed(keypoint: np.ndarray) -> np.ndarray:
    """``(M, T, V, C)`` float32 without zeros behind the last frame, and without further persons who are all zero or copies of the first.

    A second person that copies the first is how NTU120 is published; ``FormatGCNInput(mode='loop')`` brings it back.
    """
    frames = np.flatnonzero((keypoint != 0).any(axis=(0, 2, 3)))
    keypoint = keypoint[:, :frames[-1] + 1 if len(frames) else 0]
    kept = distinct_persons(keypoint)
    kept[0] = True
    with np.errstate(over='ignore', invalid='ignore'):  # told of as infinity
        return np.ascontiguousarray(keypoint[kept], dtype=np.float32)


def write_pair(clips: Sequence[Dict], data, labels, *, num_frames: int = 300, num_persons: Optional[int] = 2) -> None:
    """Write clips as an ``.npy`` + ``.pkl`` pair for ST-GCN, 2s-AGCN and Kinetic-GAN as they are published.

    Args:
        clips: of one layout and number of coordinates; persons and frames that are too many are cut off, missing ones are zeros.
        data: file of ``(N, C, T, V, M)`` float32, or ``(N, C, T, V)`` for ``num_persons=None``.
        labels: file of the pickled ``(names, labels)``.
        num_frames: T (published: 300).
        num_persons: M; ``None`` writes the first person without an axis, as Kinetic-GAN has H36M.

    Raises:
        ValueError: no clips, or clips that differ in keypoints or coordinates.
    """
    shapes = {clip['keypoint'].shape[2:] for clip in clips}
    if len(shapes) != 1:
        raise ValueError(f'a pair takes clips of one layout, got {sorted(shapes)}')
    (num_joints, num_coordinates), = shapes
    people = num_persons or 1
    shape = (len(clips), num_coordinates, num_frames, num_joints) + (() if num_persons is None else (people, ))
    with atomic_open(data) as file, atomic_open(labels) as names:  # both or none: each takes its place when all of both is on the disk
        np.lib.format.write_array_header_1_0(file, dict(descr='<f4', fortran_order=False, shape=shape))
        for clip in clips:
            padded = np.zeros((num_coordinates, num_frames, num_joints, people), dtype='<f4')
            part = clip['keypoint'][:people, :num_frames]
            padded[:, :part.shape[1], :, :len(part)] = part.transpose(3, 1, 2, 0)
            file.write(padded.tobytes())
        file.flush()
        if not is_stream(data):
            os.fsync(file.fileno())
        pickle.dump(([clip['frame_dir'] for clip in clips], [int(clip['label']) for clip in clips]), names, protocol=4)
