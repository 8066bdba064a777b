"""The published infant files: recordings, a pickled list of dicts with a leading person axis, and generated clips, a dict of lists.

T frames. Of recordings ``pose (1, T, 24, 3)`` axis-angle (or flat ``(T, 72)``), ``keypoint (1, T, 17, 3)``, ``frame_dir``, ``pos_label`` or
``action_label``, ``subject_id``. Of generated clips, which the published loop leaves as ``generated_samples.npy``, ``pose (T, 24, 3)``,
``keypoint (T, 24, 3)`` from the root, ``y``, ``score`` (of each class), ``epoch_idx``; ``synthetic_samples.npy`` of the published
``generate_sequences`` has the mesh's vertices as ``keypoint`` and no ``score``.
"""

from functools import partial
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence

import numpy as np

from mmagenc.datasets.annotation import AnnotationError, Mend, clip_problems, describe_problems, warn_left_out
from mmagenc.datasets.safe_pickle import load_pickle
from mmagenc.skeletons import joint_map

SPLITS = {'train': 'train', 'validate': 'val', 'test': 'test'}
"""Words in published file names, and the splits they stand for."""
SAMPLE_KEYS, SAMPLE_EXTRAS = ('pose', 'keypoint', 'y'), ('score', 'epoch_idx')
"""Lists of a file of generated clips."""
VERTICES = 6890
"""Of SMPL's mesh."""


def read_infact(path, *, classes: Sequence[str], label_key: str, skip_broken: bool = False) -> Dict:
    """Read a published file into the annotation format, with one split: ``train``, ``val`` or ``test`` by the file's name.

    Args:
        path: ``.pkl`` file; one of another name gives a split of that name.
        classes: class names in index order; labels may be indices or names.
        label_key: ``'pos_label'`` (InfActPrimitive) or ``'action_label'`` (InfantAction).
        skip_broken: leave broken clips out, with a warning that lists them, instead of refusing the file.

    Raises:
        FileNotFoundError: no such file.
        AnnotationError: naming file, clips and reasons.
    """
    return infact_annotation(load_pickle(path), path=Path(path), classes=classes, label_key=label_key, skip_broken=skip_broken)


def infact_annotation(content, *, path: Path, classes: Sequence[str], label_key: str, skip_broken: bool = False,
                      mend: Optional[Mend] = None) -> Dict:
    """What a published file held, as :func:`read_infact` gives it; each clip goes through ``mend`` before it is checked."""
    if not isinstance(content, (list, tuple)) or not content:
        kind = 'an empty list' if isinstance(content, (list, tuple)) else type(content).__name__
        raise AnnotationError(f'{path}: expected a list of clips as published, got {kind}')
    return _annotation(content, partial(read_entry, classes=list(classes), label_key=label_key), split=_split(path), path=path,
                       classes=classes, skip_broken=skip_broken, mend=mend)


def samples_annotation(content, *, path: Path, classes: Sequence[str], skip_broken: bool = False, mend: Optional[Mend] = None) -> Dict:
    """What a published file of generated clips held, in the annotation format, all of it in the split ``train``.

    Raises:
        AnnotationError: naming file, clips and reasons.
    """
    try:
        entries = sample_entries(content, path.stem)
    except ValueError as error:
        raise AnnotationError(f'{path}: {error}') from None
    return _annotation(entries, partial(read_sample, classes=list(classes)), split='train', path=path, classes=classes,
                       skip_broken=skip_broken, mend=mend)


def _annotation(content: Sequence, read: Callable[[Dict], Dict], *, split: str, path: Path, classes: Sequence[str], skip_broken: bool,
                mend: Optional[Mend]) -> Dict:
    metainfo = dict(classes=list(classes), skeleton='infact17')
    clips, places, problems = [], [], []
    for index, entry in enumerate(content):
        try:
            clip = read(entry)
            clips.append(clip if mend is None else mend(clip, metainfo))
            places.append(index)
        except (ValueError, TypeError) as error:
            problems.append((index, entry.get('frame_dir') if isinstance(entry, dict) else None, str(error)))
    broken = list(clip_problems(clips, metainfo))
    problems = sorted([*problems, *((places[place], name, reason) for place, name, reason in broken)], key=lambda problem: problem[0])
    if problems and (not skip_broken or len(problems) == len(content)):
        raise AnnotationError(describe_problems(problems, source=str(path), total=len(content)))
    warn_left_out(problems, source=str(path), total=len(content))
    refused = {place for place, _, _ in broken}
    kept = [clip for place, clip in enumerate(clips) if place not in refused]
    return dict(split={split: [clip['frame_dir'] for clip in kept]}, metainfo=metainfo, annotations=kept)


def _split(path: Path) -> str:
    return next((split for word, split in SPLITS.items() if word in path.stem.lower().split('_')), path.stem)


def read_entry(entry: Dict, classes: List[str], label_key: str) -> Dict:
    """One published clip in the annotation format.

    Raises:
        ValueError: content that is not as published, or a label that is none of ``classes``.
    """
    if not isinstance(entry, dict):
        raise ValueError(f'a clip is a dict, got {type(entry).__name__}')
    missing = [key for key in ('pose', 'keypoint', 'frame_dir', label_key) if key not in entry]
    if missing:
        raise ValueError(f'no {", ".join(missing)}')
    pose = _with_person(entry['pose'], 'pose', 24)
    keypoint = _with_person(entry['keypoint'], 'keypoint', 17)
    if pose.shape[1] != keypoint.shape[1]:
        raise ValueError(f'pose has {pose.shape[1]} frames, keypoint {keypoint.shape[1]}')
    subject = {'subject': str(entry['subject_id'])} if entry.get('subject_id') is not None else {}
    return dict(
        frame_dir=str(entry['frame_dir']),
        label=_label(entry[label_key], classes),
        total_frames=pose.shape[1],
        keypoint=keypoint,
        pose=pose,
        source='real',
        **subject)


def is_samples(content) -> bool:
    """Whether a file held generated clips as the published code writes them."""
    return isinstance(content, dict) and all(isinstance(content.get(key), (list, np.ndarray)) and len(content[key]) for key in SAMPLE_KEYS)


def sample_entries(content, stem: str) -> List[Dict]:
    """A dict for each generated clip, called after the file and its place there.

    Raises:
        ValueError: no lists, or lists of different lengths.
    """
    if not is_samples(content):
        raise ValueError(f'expected a dict with the lists {", ".join(SAMPLE_KEYS)}, as the published loop writes it')
    keys = [key for key in (*SAMPLE_KEYS, *SAMPLE_EXTRAS) if content.get(key) is not None]
    counts = {key: len(content[key]) for key in keys}
    if len(set(counts.values())) > 1:
        raise ValueError(f'lists of different lengths: {", ".join(f"{key} {count}" for key, count in counts.items())}')
    return [dict({key: content[key][index] for key in keys}, frame_dir=f'{stem}_{index:06d}') for index in range(counts['y'])]


def read_sample(entry: Dict, classes: List[str]) -> Dict:
    """One generated clip in the annotation format, with the 17 keypoints of recordings, as the published code takes them; in the place of
    vertices (of which the published code takes 17) with those of the pose on the embedded infant.

    Raises:
        ValueError: content that is not as published, or a label that is none of ``classes``.
    """
    pose = _with_person(entry['pose'], 'pose', 24)
    of_mesh = np.shape(entry['keypoint'])[-2:] == (VERTICES, 3)
    keypoint = _joints(pose[0])[None] if of_mesh else _with_person(entry['keypoint'], 'keypoint', 24)
    if pose.shape[1] != keypoint.shape[1]:
        raise ValueError(f'pose has {pose.shape[1]} frames, keypoint {keypoint.shape[1]}')
    said: Dict = {}
    if entry.get('score') is not None:
        if np.size(entry['score']) != len(classes):  # clips of the other published set, some of whose labels would fit
            raise ValueError(f'score is of {np.size(entry["score"])} classes, here are {len(classes)}: {", ".join(classes)}')
        said['score'] = float(np.max(np.asarray(entry['score'], dtype=np.float64)))  # the judge's confidence, as in a pool
    if entry.get('epoch_idx') is not None and int(entry['epoch_idx']) >= 0:  # -1: of no epoch
        said['epoch'] = int(entry['epoch_idx'])
    return dict(
        frame_dir=entry['frame_dir'],
        label=_label(entry['y'], classes),
        total_frames=pose.shape[1],
        keypoint=np.ascontiguousarray(keypoint[:, :, joint_map('smpl24', 'infact17')]),
        pose=pose,
        source='synthetic',
        **said)


def _joints(pose: np.ndarray) -> np.ndarray:
    """``(T, 24, 3)`` float32 joints of the embedded infant, from the root."""
    import torch

    from mmagenc.body_models import rest_joints_of
    from mmagenc.body_models.fitting import joints_of_pose
    turns = torch.from_numpy(pose.astype(np.float64))
    joints = joints_of_pose(turns, torch.zeros(len(turns), 3, dtype=turns.dtype), rest_joints=rest_joints_of()).numpy()
    return (joints - joints[:, :1]).astype(np.float32)


def _with_person(value, name: str, num_joints: int) -> np.ndarray:
    """``(1, T, joints, 3)`` float32 of any published shape; of several persons the first, as the published code takes."""
    with np.errstate(over='ignore', invalid='ignore'):
        value = np.asarray(value)
        if value.dtype.kind not in 'fiuO':  # NumPy would drop the imaginary part, and count texts and dates as numbers
            raise ValueError(f'{name} is {value.dtype}, expected numbers')
        value = value.astype(np.float32)
    given = value.shape
    if value.ndim in (2, 3) and value.shape[-1] == num_joints * 3:
        value = value.reshape(*value.shape[:-1], num_joints, 3)
    if value.ndim == 3:
        value = value[None]
    if value.ndim != 4 or value.shape[2:] != (num_joints, 3) or not len(value):
        raise ValueError(f'{name} must be (1, T, {num_joints}, 3), (T, {num_joints}, 3) or (T, {num_joints * 3}), got {given}')
    if value.shape[1] == 0:
        raise ValueError(f'{name} has no frames')
    return value[:1]


def _label(value, classes: List[str]) -> int:
    """Class index of an index (of any number type) or a class name (in any case)."""
    if isinstance(value, (np.ndarray, np.generic)) and value.size == 1:
        value = value.item()
    names = [name.lower() for name in classes]
    if isinstance(value, str) and value.strip().lower() in names:
        return names.index(value.strip().lower())
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value in range(len(classes)):
        return int(value)
    raise ValueError(f'unknown label {value!r}; known: {", ".join(f"{i} {name}" for i, name in enumerate(classes))}')
