"""The published infant files: a pickled list of dicts with a leading person axis.

``pose (1, T, 24, 3)`` axis-angle (or flat ``(T, 72)``), ``keypoint (1, T, 17, 3)``, ``frame_dir``, ``pos_label`` or ``action_label``,
``subject_id``.
"""

from pathlib import Path
from typing import Dict, List, Sequence

import numpy as np

from mmagenc.datasets.annotation import AnnotationError, clip_problems, describe_problems
from mmagenc.datasets.safe_pickle import load_pickle


def read_infact(path, *, classes: Sequence[str], label_key: str, skip_broken: bool = False) -> Dict:
    """Read a published file into the annotation format, with one split named after the file.

    Args:
        path: ``.pkl`` file.
        classes: class names in index order; labels may be indices or names.
        label_key: ``'pos_label'`` (InfActPrimitive) or ``'action_label'`` (InfantAction).
        skip_broken: leave broken clips out instead of refusing the file; ``metainfo['skipped']`` lists them.

    Raises:
        AnnotationError: naming file, clips and reasons.
    """
    path = Path(path)
    content = load_pickle(path)
    if not isinstance(content, (list, tuple)):
        raise AnnotationError(f'{path}: expected a list of clips as published, got {type(content).__name__}')
    metainfo = dict(classes=list(classes), skeleton='infact17')
    clips, problems = [], []
    for index, entry in enumerate(content):
        try:
            clips.append((index, _read_clip(entry, metainfo['classes'], label_key)))
        except ValueError as error:
            problems.append((index, entry.get('frame_dir') if isinstance(entry, dict) else None, str(error)))
    broken = list(clip_problems((clip for _, clip in clips), metainfo))
    problems = sorted(problems + [(clips[place][0], name, reason) for place, name, reason in broken])
    if problems and (not skip_broken or len(problems) == len(content)):
        raise AnnotationError(describe_problems(problems, source=str(path), total=len(content)))
    refused = {place for place, _, _ in broken}
    kept = [clip for place, (_, clip) in enumerate(clips) if place not in refused]
    metainfo['skipped'] = [f'clip {index} ({name}): {reason}' for index, name, reason in problems]
    return dict(split={path.stem: [clip['frame_dir'] for clip in kept]}, metainfo=metainfo, annotations=kept)


def _read_clip(entry: Dict, classes: List[str], label_key: str) -> Dict:
    if not isinstance(entry, dict):
        raise ValueError(f'a clip is a dict, got {type(entry).__name__}')
    missing = [key for key in ('pose', 'keypoint', 'frame_dir', label_key) if key not in entry]
    if missing:
        raise ValueError(f'no {", ".join(missing)}')
    pose = _with_person(np.asarray(entry['pose'], dtype=np.float32), 'pose', 24)
    keypoint = _with_person(np.asarray(entry['keypoint'], dtype=np.float32), 'keypoint', 17)
    if pose.shape[1] != keypoint.shape[1]:
        raise ValueError(f'pose has {pose.shape[1]} frames, keypoint {keypoint.shape[1]}')
    clip = dict(
        frame_dir=str(entry['frame_dir']),
        label=_label(entry[label_key], classes),
        total_frames=pose.shape[1],
        keypoint=keypoint,
        pose=pose,
        source='real')
    if 'subject_id' in entry:
        clip['subject'] = str(entry['subject_id'])
    return clip


def _with_person(value: np.ndarray, name: str, num_joints: int) -> np.ndarray:
    """``(1, T, joints, 3)`` of any published shape; of several persons the first."""
    if value.ndim >= 2 and value.shape[-1] == num_joints * 3:
        value = value.reshape(*value.shape[:-1], num_joints, 3)
    if value.ndim == 3:
        value = value[None]
    if value.ndim != 4 or value.shape[2:] != (num_joints, 3):
        raise ValueError(f'{name} must be (1, T, {num_joints}, 3), (T, {num_joints}, 3) or (T, {num_joints * 3}), got {value.shape}')
    if value.shape[1] == 0:
        raise ValueError(f'{name} has no frames')
    return value[:1]


def _label(value, classes: List[str]) -> int:
    if isinstance(value, str) and value in classes:
        return classes.index(value)
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool) and 0 <= value < len(classes):
        return int(value)
    if isinstance(value, np.ndarray) and value.size == 1:
        return _label(value.item(), classes)
    raise ValueError(f'unknown label {value!r}; known: {", ".join(f"{i} {name}" for i, name in enumerate(classes))}')
