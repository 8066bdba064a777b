"""Annotation files of pyskl and MMAction2 (``.pkl``): many clips with keypoints, labels by number and splits.

``{'split': {name: [frame_dir, …]}, 'annotations': [{'frame_dir', 'label', 'keypoint' (M, T, V, C), 'keypoint_score' (M, T, V), …}]}``, or
the list alone, or a clip alone, as the tools write it that run a pose estimator over one video. M persons, T frames, V keypoints, C
coordinates.
"""

from typing import Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np

from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording, Unusable
from mmagenc.datasets.readers.source import Source
from mmagenc.datasets.readers.values import Columns, columns_of_number, numbers, whole_shape
from mmagenc.datasets.third_coordinate import score_in_third, split_third
from mmagenc.registry import READERS
from mmagenc.skeletons import get_skeleton

FLAT = {17: 'coco17', 18: 'openpose18', 25: 'body25', 26: 'halpe26', 13: 'penn13', 133: 'coco133_body'}
SOLID = {25: 'ntu25', 20: 'ucla20', 17: 'h36m17', 24: 'smpl24', 22: 'humanml22'}
"""Layouts by number of keypoints, in two and three coordinates, where the file does not say one."""

_NAMES = {'frame_dir', 'filename'}


@READERS.register_module(name='pyskl')
class Pyskl(Reader):
    name = 'pyskl'
    title = 'pyskl and MMAction2 annotations'
    suffixes = ('.pkl', '.pickle')
    knows = ('2d', '3d', 'score', 'persons', 'img_shape', 'label', 'split')
    takes_unit = True

    def sniff(self, source: Source) -> Optional[str]:
        clips = _clips(source.pickle())
        if not clips or not isinstance(clips[0], dict) or not _is_clip(clips[0].keys()):
            return None
        return f'{len(clips)} clips of pyskl' if len(clips) > 1 else 'a clip of pyskl'

    def read(self, source: Source, options: ReadOptions) -> Iterator[Union[Recording, Unusable]]:
        content = source.content()
        clips = _clips(content)
        if not clips:
            raise ValueError('no clips: expected a list of dicts, or annotations and split')
        metainfo = content.get('metainfo', {}) if isinstance(content, dict) else {}
        names = [_name(clip, index) for index, clip in enumerate(clips)]
        splits, notes = _splits(content.get('split') if isinstance(content, dict) else None, names)
        for name, clip in zip(names, clips):
            own = notes if name in splits or not splits else (*notes, 'in no split of its file, others are')
            try:
                yield _recording(name, clip, metainfo if isinstance(metainfo, dict) else {}, splits.get(name), own, options)
            except ValueError as error:
                yield Unusable(name, str(error))


def _is_clip(keys) -> bool:
    return bool(_NAMES & keys) and ('label' in keys or {'keypoint', 'total_frames'} <= keys)


def _clips(content) -> Optional[Sequence]:
    if isinstance(content, dict) and 'annotations' not in content and {'keypoint', 'frame_dir'} <= content.keys():
        return [content]
    clips = content.get('annotations') if isinstance(content, dict) else content
    return clips if isinstance(clips, (list, tuple)) else None


def _name(clip, index: int) -> str:
    name = clip.get('frame_dir', clip.get('filename')) if isinstance(clip, dict) else None
    return str(name) if isinstance(name, (str, int)) and str(name) else f'clip {index}'


def _splits(split, names: Sequence[str]) -> Tuple[Dict[str, str], Tuple[str, ...]]:
    """Of each clip its split, by its name or its place in the file; and notes of what is not read: several divisions into splits, or none
    that are lists, and names of no clip."""
    if split is None:
        return {}, ()
    if not isinstance(split, dict) or not all(isinstance(members, (list, tuple, np.ndarray)) for members in split.values()):
        return {}, ('split is no dict of lists of clips, and was not read: --split says which clips go where', )
    listed = [member for members in split.values() for member in members]
    by_place = not set(map(str, listed)) & set(names) and all(
        isinstance(member, (int, np.integer)) and 0 <= member < len(names) for member in listed)
    where: Dict[str, str] = {}
    for place, members in split.items():
        for member in members:
            if where.setdefault(names[member] if by_place else str(member), str(place)) != str(place):
                return {}, (f'clips are in several splits ({", ".join(map(str, split))}): --split says which', )
    strange = sorted(set(where) - set(names))
    there = {name: place for name, place in where.items() if name in names}
    return there, (f'splits of the file name {len(strange)} clips that are not in it ({", ".join(strange[:3])}'
                   f'{", …" if len(strange) > 3 else ""})', ) if strange else ()


def _recording(name: str, clip, metainfo: Mapping, split: Optional[str], notes: Tuple[str, ...], options: ReadOptions) -> Recording:
    if not isinstance(clip, dict):
        raise ValueError('no dict')
    if clip.get('keypoint') is None:
        raise ValueError(f'its keypoints lie in another file, {clip["raw_file"]}' if 'raw_file' in clip else 'no keypoint')
    keypoint = numbers(clip['keypoint'], 'keypoint')
    keypoint = keypoint[None] if keypoint.ndim == 3 else keypoint
    if keypoint.ndim != 4 or keypoint.shape[-1] not in (2, 3):
        raise ValueError(f'keypoint must be (persons, frames, keypoints, 2 or 3), got {keypoint.shape}')
    if not keypoint.size:
        raise ValueError('keypoint is empty')
    score = clip.get('keypoint_score')
    keypoint, score, cut = _as_long_as_said(keypoint, score, clip.get('total_frames'), options)
    if score is not None:
        score = numbers(score, 'keypoint_score').reshape(-1, *np.shape(score)[-2:])
        if score.shape != keypoint.shape[:3]:
            raise ValueError(f'keypoint_score must be {keypoint.shape[:3]}, got {score.shape}')
    skeleton = clip.get('skeleton', metainfo.get('skeleton'))
    keypoint, score, third = _without_third(keypoint, score, skeleton, options)
    columns = _columns(keypoint, skeleton, options)
    shape = clip.get('img_shape', clip.get('original_shape'))
    if shape is not None:
        if not isinstance(shape, (list, tuple, np.ndarray)) or len(shape) < 2:
            raise ValueError(f'img_shape must be height and width, got {shape!r}')
        shape = whole_shape(shape[0], shape[1], 'img_shape')
    if keypoint.shape[-1] == 3 and options.unit is not None:
        keypoint = keypoint * np.float32(options.unit)
    return Recording(name, columns.skeleton, keypoint=keypoint[:, :, columns.order],
                     keypoint_score=None if score is None else score[:, :, columns.order], fps=_fps(clip, metainfo, options),
                     img_shape=shape, label=_label(clip.get('label'), metainfo.get('classes')), split=split, up=metainfo.get('up'),
                     subject=clip['subject'] if isinstance(clip.get('subject'), str) else None,
                     notes=(*columns.notes, *third, *cut, *notes))


def _as_long_as_said(keypoint: np.ndarray, score, said, options: ReadOptions):
    """A clip's keypoints and scores without the padding that its ``total_frames`` leaves out, and a note.

    Raises:
        ValueError: another number of frames, and what is beyond them is no padding.
    """
    frames = keypoint.shape[1]
    if not isinstance(said, (int, float, np.number)) or said == frames:
        return keypoint, score, ()
    shorter = 1 <= said < frames
    if not shorter or keypoint[:, int(said):].any() and not options.lenient:
        advice = '; --lenient takes so many' if shorter else ''
        raise ValueError(f'keypoint has {frames} frames, total_frames says {said}{advice}')
    score = score if score is None or np.ndim(score) < 2 else np.asarray(score)[..., :int(said), :]
    return keypoint[:, :int(said)], score, ('frames beyond total_frames are left out', )


def _without_third(keypoint: np.ndarray, score, skeleton, options: ReadOptions):
    """x and y and the third number as the score, where it is one."""
    clip = dict(keypoint=keypoint, **({} if score is None else dict(keypoint_score=score)))
    layout = options.layout or (skeleton if isinstance(skeleton, str) else FLAT.get(keypoint.shape[2]))
    reason = score_in_third([clip], layout) if keypoint.shape[-1] == 3 else None
    if reason is None:
        return keypoint, score, ()
    if score is not None:
        clip = dict(keypoint=keypoint)  # the third number is the same again
    clip = split_third(clip)
    return clip['keypoint'], clip['keypoint_score'] if score is None else score, ('the third coordinate is a score', )


def _columns(keypoint: np.ndarray, skeleton, options: ReadOptions) -> Columns:
    known = FLAT if keypoint.shape[-1] == 2 else SOLID
    if skeleton is None or options.layout is not None:
        return columns_of_number(keypoint.shape[2], known, options)
    found = get_skeleton(skeleton)
    if found.num_joints != keypoint.shape[2]:
        raise ValueError(f'layout {found.name} has {found.num_joints} keypoints, the clip {keypoint.shape[2]}')
    return Columns(found, list(range(found.num_joints)))


def _fps(clip: Mapping, metainfo: Mapping, options: ReadOptions) -> Optional[float]:
    fps = options.fps or clip.get('fps', metainfo.get('fps'))
    return float(fps) if isinstance(fps, (int, float, np.number)) and 0 < float(fps) < 10_000 else None


def _label(label, classes: Optional[List[str]]) -> Optional[str]:
    """The class's name, or its number where the file names none; ``None`` where it has none.

    Raises:
        ValueError: several labels, or something else than a name or number of a class.
    """
    if isinstance(label, str):
        return label
    if isinstance(label, (list, tuple, np.ndarray)) and np.size(label) == 1:
        label = np.ravel(label)[0]
    elif isinstance(label, (list, tuple, np.ndarray)) and np.size(label) > 1:
        said = ', '.join(map(str, np.ravel(label)[:5].tolist()))
        raise ValueError(f'{np.size(label)} labels ({said}{", …" * (np.size(label) > 5)}), expected one')
    if isinstance(label, (float, np.floating)) and float(label).is_integer():
        label = int(label)
    if label is not None and (not isinstance(label, (int, np.integer)) or isinstance(label, bool)):
        raise ValueError(f'label must be the name or the number of a class, got {label!r}')
    if label is None or label < 0:
        return None
    return str(classes[label]) if classes and label < len(classes) else str(int(label))
