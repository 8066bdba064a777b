"""NW-UCLA in the form that recognizers are compared on: ``all_sqe/a01_s01_e00_v01.json``, one clip a file.

T frames. A file holds ``{'file_name': str, 'skeletons': [T][20][3] (metres, y up), 'label': 1 … 10}``; its name says action, subject,
take and view. View 3 is the test set; the published code picks its epoch on it. Here subjects are held out of views 1 and 2 for that.
"""

import json
import re
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from mmagenc.datasets.annotation import (
    AnnotationError,
    Mend,
    Problem,
    clip_problems,
    describe_problems,
    problem_words,
    warn_left_out,
)

ACTIONS = {
    1: 'pick up with one hand', 2: 'pick up with two hands', 3: 'drop trash', 4: 'walk around', 5: 'sit down', 6: 'stand up', 8: 'donning',
    9: 'doffing', 11: 'throw', 12: 'carry'
}
"""Names of the actions by the number in the file's name; the class is the place in this table."""
CODES = tuple(ACTIONS)
TEST_VIEW = 3
VAL_SUBJECTS = (9, 10)
"""Subjects held out of views 1 and 2: the last two of ten, a fifth of the training clips."""
NAME = re.compile(r'a(?P<action>\d+)_s(?P<subject>\d+)_e(?P<take>\d+)_v(?P<view>\d+)$')


def read_nw_ucla(folder, *, val_subjects: Sequence[int] = VAL_SUBJECTS, skip_broken: bool = False, mend: Optional[Mend] = None) -> Dict:
    """Read the clips of a folder into the annotation format, with four splits.

    ``test`` is view 3 and ``trainval`` views 1 and 2 (the published training set); ``train`` and ``val`` are the clips of ``trainval``
    without and of ``val_subjects``, so that an epoch can be picked without looking at view 3.

    Args:
        folder: ``all_sqe``, or the folder that has it.
        val_subjects: numbers of the subjects of ``val``.
        skip_broken: leave damaged files out, with a warning that lists them, instead of refusing the folder.
        mend: what is done to each clip before it is checked, such as filling gaps.

    Raises:
        FileNotFoundError: no such folder, or no clips in it.
        AnnotationError: damaged files, naming up to ten with the reasons; subjects that leave ``train`` or ``val`` empty.
    """
    folder = Path(folder)
    annotation, problems = sift_nw_ucla(folder, val_subjects=val_subjects, mend=mend)
    total = len(annotation['annotations']) + len(problems)
    if problems and not skip_broken:
        raise AnnotationError(describe_problems(problems, source=str(folder), total=total))
    warn_left_out(problems, source=str(folder), total=total)
    return annotation


def sift_nw_ucla(folder, *, val_subjects: Sequence[int] = VAL_SUBJECTS, mend: Optional[Mend] = None) -> Tuple[Dict, List[Problem]]:
    """The clips of a folder that can be used, as :func:`read_nw_ucla` gives them, and what is wrong with the other files.

    Raises:
        FileNotFoundError: no such folder, or no clips in it.
        AnnotationError: no clip that can be used; subjects that leave ``train`` or ``val`` empty.
    """
    folder = Path(folder)
    paths = find_clips(folder)
    # The sensors look down, by 13 to 17 degrees and each by its own: no axis of theirs is the vertical.
    metainfo = dict(classes=list(ACTIONS.values()), skeleton='ucla20', up=None)
    clips, places, problems = [], [], []
    for index, path in enumerate(paths):
        try:
            clip = read_clip(path)
            clips.append(clip if mend is None else mend(clip, metainfo))
            places.append(index)
        except Exception as error:  # damaged files raise nearly anything
            problems.append((index, path.name, problem_words(error)))
    broken = {place: reason for place, _, reason in clip_problems(clips, metainfo)}
    problems = sorted([*problems, *((places[place], paths[places[place]].name, reason) for place, reason in broken.items())])
    if len(problems) == len(paths):
        raise AnnotationError(describe_problems(problems, source=str(folder), total=len(paths)))
    kept = [clip for place, clip in enumerate(clips) if place not in broken]
    try:
        split = _splits(kept, val_subjects, folder)
    except AnnotationError as error:
        if not problems:
            raise
        raise AnnotationError(f'{error}\n{describe_problems(problems, source=str(folder), total=len(paths))}') from error
    return dict(split=split, metainfo=metainfo, annotations=kept), problems


def find_clips(folder: Path) -> List[Path]:
    """The ``.json`` files of ``folder/all_sqe``, or of ``folder``, sorted.

    Raises:
        FileNotFoundError: there are none.
    """
    inner = folder / 'all_sqe'
    paths = sorted((inner if inner.is_dir() else folder).glob('*.json'))
    if not paths:
        raise FileNotFoundError(f'{folder}: no NW-UCLA clips; expected all_sqe/a01_s01_e00_v01.json and its like')
    return paths


def read_clip(path: Path) -> Dict:
    """One file as a clip.

    Raises:
        ValueError: a name or content that is not as published, or a label that is not that of the action in the name.
    """
    name = NAME.match(path.stem)
    if name is None:
        raise ValueError('the name is not like a01_s01_e00_v01.json')
    action = int(name['action'])
    if action not in ACTIONS:
        raise ValueError(f'action a{action:02d}; there are {", ".join(f"a{code:02d}" for code in CODES)}')
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f'no readable JSON ({error})') from None
    if not isinstance(content, dict) or not {'skeletons', 'label'} <= content.keys():
        raise ValueError("expected 'skeletons' and 'label'")
    label = CODES.index(action)
    if content['label'] != label + 1:
        raise ValueError(f'label {content["label"]!r}, but action a{action:02d} has {label + 1}')
    return dict(frame_dir=path.stem, label=label, **_frames(content['skeletons']), subject=f's{int(name["subject"]):02d}',
                camera=f'v{int(name["view"]):02d}', source='real')


def _frames(skeletons) -> Dict:
    try:
        keypoint = np.array(skeletons, dtype=np.float32)
    except (ValueError, TypeError):
        raise ValueError('skeletons are not [T][20][3] numbers: frames differ, or something else is among them') from None
    if keypoint.ndim != 3 or keypoint.shape[1:] != (20, 3) or not len(keypoint):
        raise ValueError(f'skeletons must be [T][20][3], got {list(keypoint.shape)}')
    return dict(total_frames=len(keypoint), keypoint=keypoint[None])


def view(clip: Dict) -> int:
    """Number of the camera of a clip, from its name."""
    return int(NAME.match(clip['frame_dir'])['view'])


def _splits(clips: List[Dict], val_subjects: Sequence[int], folder: Path) -> Dict[str, List[str]]:
    held_out = {f's{int(subject):02d}' for subject in val_subjects}
    trainval = [clip for clip in clips if view(clip) != TEST_VIEW]
    split = dict(
        train=[clip['frame_dir'] for clip in trainval if clip['subject'] not in held_out],
        val=[clip['frame_dir'] for clip in trainval if clip['subject'] in held_out],
        trainval=[clip['frame_dir'] for clip in trainval],
        test=[clip['frame_dir'] for clip in clips if view(clip) == TEST_VIEW])
    if trainval and val_subjects and not (split['train'] and split['val']):
        have = sorted({clip['subject'] for clip in trainval})
        raise AnnotationError(f'{folder}: val_subjects {sorted(held_out)} of {have} leave train or val empty')
    return split
