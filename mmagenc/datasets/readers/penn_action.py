"""Penn Action's labels: ``labels/0001.mat`` … ``2326.mat``, one clip a file, 13 joints in the pixels of a video.

T frames. A file holds ``x``, ``y`` and ``visibility`` ``(T, 13)``, ``action``, ``train`` (1 training, -1 test), ``dimensions`` (height,
width, T), ``nframes``, and ``bbox`` and ``pose`` (the view), which are not used. Nothing says the videos' frame rates.

A joint that is not seen has a place that was guessed, or none: then it lies in the corner, at MATLAB's (1, 1) scaled with the image.
"""

from itertools import groupby
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from mmagenc.datasets.annotation import AnnotationError, Mend, clip_problems, describe_problems, problem_words
from mmagenc.untrusted.matlab import read_mat

ACTIONS = ('baseball_pitch', 'baseball_swing', 'bench_press', 'bowl', 'clean_and_jerk', 'golf_swing', 'jump_rope', 'jumping_jacks',
           'pullup', 'pushup', 'situp', 'squat', 'strum_guitar', 'tennis_forehand', 'tennis_serve')
"""The actions as the files name them; by default a class is the place in this list, whichever files are there."""
PRESETS = {
    'act_vae': ('tennis_serve', 'pullup', 'clean_and_jerk', 'tennis_forehand', 'baseball_pitch', 'jumping_jacks', 'golf_swing', 'squat',
                'baseball_swing')
}
"""Choices of published work, in its order of classes: ACT-VAE's nine (arXiv 2108.05658)."""
NUM_FILES = 2326
NUM_JOINTS = 13
SPLITS = {1: 'train', -1: 'test'}
"""Splits by the files' ``train``."""
CORNER = 1.
"""Joints without a place are at most so far from the image's corner on both axes; no joint that is seen is."""
NEEDED = ('action', 'dimensions', 'nframes', 'train', 'visibility', 'x', 'y')


def read_penn_action(folder, *, actions: Optional[Sequence[str]] = None, val_share: float = 0., hidden_score: float = 0.,
                     mend: Optional[Mend] = None) -> Tuple[Dict, List[str]]:
    """Read the clips of a folder into the annotation format; files that cannot be used do not end it.

    ``train`` and ``test`` are the published halves. With ``val_share`` the published training set is ``trainval``, and ``val`` the
    last of it by name, class by class: neighbouring files of a class look alike (60 % have one image size, of any two 39 %), as pieces
    of one recording do, and stay together so.

    Args:
        folder: the set's folder, or its ``labels``.
        actions: names in the order of the classes; ``None`` takes all of :data:`ACTIONS`. Files of others are passed over.
        val_share: share of each class's training clips, at least one of two and never all, that ``val`` gets; 0 makes no ``val``.
        hidden_score: ``keypoint_score`` of joints that are not seen and yet have a place. Those that are seen get 1; those without a
            place get 0, and lie at (0, 0).
        mend: what is done to each clip before it is checked, such as filling gaps.

    Returns:
        The annotation, and what was left out and why, one line each.

    Raises:
        FileNotFoundError: no such folder, or no files in it.
        ValueError: unknown actions, naming the known ones; settings out of range.
        AnnotationError: no clip that can be used, naming up to ten files with the reasons; ``val`` is empty.
    """
    classes = chosen_actions(actions)
    _check_settings(val_share, hidden_score)
    folder = Path(folder)
    paths = find_files(folder)
    metainfo = dict(classes=classes, skeleton='penn13')
    clips, halves, problems = {}, {}, []
    for index, path in enumerate(paths):
        try:
            clip, half = read_clip(path, classes=classes, hidden_score=hidden_score)
            if clip is not None:
                clip = clip if mend is None else mend(clip, metainfo)
                for _, _, reason in clip_problems([clip], metainfo):
                    raise ValueError(reason)
                clips[path.stem], halves[path.stem] = clip, half
        except Exception as error:  # damaged files raise nearly anything
            problems.append((index, path.name, problem_words(error)))
    if not clips:
        if problems:
            raise AnnotationError(describe_problems(problems, source=str(folder), total=len(paths)))
        raise AnnotationError(f'{folder}: none of {len(paths)} files is of {", ".join(classes)}')
    annotation = dict(split=_splits(clips, halves, val_share, folder), metainfo=metainfo, annotations=list(clips.values()))
    return annotation, [*(f'{name}: {reason}' for _, name, reason in problems), *_not_there(paths)]


def chosen_actions(actions: Optional[Sequence[str]] = None, known: Sequence[str] = ACTIONS) -> List[str]:
    """The actions as a list of classes; ``None`` is all that are ``known``.

    Raises:
        ValueError: none, unknown ones, naming those that are known, or one twice.
    """
    chosen = list(known if actions is None else actions)
    unknown = [action for action in chosen if action not in known]
    if unknown or not chosen:
        raise ValueError(f'unknown actions {unknown}; there are {", ".join(known)}' if unknown else 'no actions are chosen')
    if len(set(chosen)) < len(chosen):
        raise ValueError(f'actions repeat: {", ".join(chosen)}')
    return chosen


def _check_settings(val_share: float, hidden_score: float) -> None:
    if not 0 <= val_share < 1:
        raise ValueError(f'val_share must be at least 0 and below 1, got {val_share}')
    if not 0 <= hidden_score <= 1:
        raise ValueError(f'hidden_score must be from 0 to 1, got {hidden_score}')


def find_files(folder: Path) -> List[Path]:
    """The ``.mat`` files of ``folder/labels``, or of ``folder``, sorted.

    Raises:
        FileNotFoundError: there are none.
    """
    inner = folder / 'labels'
    paths = sorted((inner if inner.is_dir() else folder).glob('*.mat'))
    if not paths:
        raise FileNotFoundError(f'{folder}: no labels of Penn Action; expected labels/0001.mat and its like')
    return paths


def read_clip(path: Path, *, classes: Sequence[str] = ACTIONS, hidden_score: float = 0.) -> Tuple[Optional[Dict], str]:
    """One file as a clip, and whether it is of ``train`` or ``test``; no clip if its action is known and none of ``classes``.

    Raises:
        ValueError: content that is not as published.
    """
    content = read_mat(path, NEEDED)
    missing = [name for name in NEEDED if name not in content]
    if missing:
        raise ValueError(f'no {", ".join(missing)}')
    action = content['action'].ravel().tolist()
    if len(action) != 1 or action[0] not in ACTIONS:
        raise ValueError(f'action {action[0] if len(action) == 1 else action!r}; there are {", ".join(ACTIONS)}')
    train, = _whole(content, 'train', 1)
    if train not in SPLITS:
        raise ValueError(f'train is {train}; expected 1 (training) or -1 (test)')
    if action[0] not in classes:
        return None, SPLITS[train]
    height, width, frames = _whole(content, 'dimensions', 3)
    if min(height, width) < 1:
        raise ValueError(f'dimensions say an image of {height} x {width} pixels')
    keypoint, score = _joints(content, hidden_score)
    if not len(keypoint) == frames == _whole(content, 'nframes', 1)[0]:
        raise ValueError(f'{len(keypoint)} frames of joints; dimensions say {frames}, nframes {_whole(content, "nframes", 1)[0]}')
    clip = dict(frame_dir=path.stem, label=list(classes).index(action[0]), total_frames=len(keypoint), keypoint=keypoint[None],
                keypoint_score=score[None], img_shape=(height, width), subject=path.stem, source='real')
    return clip, SPLITS[train]


def _whole(content: Dict, name: str, count: int) -> List[int]:
    value = content[name].ravel()
    if value.size != count or value.dtype.kind not in 'fiu' or not np.isfinite(value).all() or (value != np.round(value)).any():
        raise ValueError(f'{name} must be {count} whole numbers, got {value.tolist()[:5]}')
    return [int(number) for number in value]


def _joints(content: Dict, hidden_score: float) -> Tuple[np.ndarray, np.ndarray]:
    """Places ``(T, 13, 2)`` and scores ``(T, 13)``."""
    for name in ('x', 'y', 'visibility'):
        value = content[name]
        if value.ndim != 2 or value.shape[1] != NUM_JOINTS or not len(value) or value.dtype.kind not in 'fiu':
            raise ValueError(f'{name} must be numbers (frames, {NUM_JOINTS}), got {value.shape} of {value.dtype}')
        if value.shape != content['x'].shape:
            raise ValueError(f'{name} has {len(value)} frames, x {len(content["x"])}')
    with np.errstate(over='ignore'):  # becomes infinite, which is refused
        keypoint, visibility = np.stack([content['x'], content['y']], axis=-1).astype(np.float32), content['visibility']
    if not np.isin(visibility, (0, 1)).all():
        raise ValueError(f'visibility must be 0 or 1, got {np.unique(visibility)[:5].tolist()}')
    nowhere = (visibility == 0) & (keypoint <= CORNER).all(axis=-1)
    keypoint[nowhere] = 0
    score = np.where(visibility == 1, 1, np.where(nowhere, 0, hidden_score)).astype(np.float32)
    if not score.any():
        raise ValueError('no joint is seen in any frame')
    return keypoint, score


def _splits(clips: Dict[str, Dict], halves: Dict[str, str], val_share: float, folder: Path) -> Dict[str, List[str]]:
    train, test = ([name for name in clips if halves[name] == half] for half in ('train', 'test'))
    if not val_share:
        return dict(train=train, test=test)
    val = set()
    for _, members in groupby(sorted(train, key=lambda name: clips[name]['label']), key=lambda name: clips[name]['label']):
        members = list(members)
        count = min(max(round(val_share * len(members)), 1), len(members) - 1)
        val.update(members[len(members) - count:])
    if not val:
        raise AnnotationError(f'{folder}: no class has two training clips, of which val could get one')
    return dict(train=[name for name in train if name not in val], val=[name for name in train if name in val], trainval=train, test=test)


def _not_there(paths: Sequence[Path]) -> List[str]:
    """One line on which of the published files are missing, in stretches."""
    there = {path.stem for path in paths}
    missing = [number for number in range(1, NUM_FILES + 1) if f'{number:04d}' not in there]
    if not missing or len(missing) == NUM_FILES:
        return []
    stretches = [list(stretch) for _, stretch in groupby(enumerate(missing), key=lambda pair: pair[1] - pair[0])]
    named = [f'{first:04d}.mat' + (f' to {last:04d}.mat' if last > first else '')
             for (_, first), (_, last) in ((stretch[0], stretch[-1]) for stretch in stretches)]
    return [f'{", ".join(named)}: not there, {len(missing)} of the {NUM_FILES} published files']
