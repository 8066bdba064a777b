"""The one format on disk and between parts: a superset of what MMAction2's ``PoseDataset`` reads.

M persons, T frames, V keypoints, J joints, C coordinates, D latent channels, K classes.

``{'split': {name: [frame_dir]}, 'metainfo': {'classes', 'skeleton', 'fps', …}, 'annotations': [{frame_dir, label, total_frames, keypoint
(M, T, V, C), keypoint_score (M, T, V), pose (M, T, 24, 3), transl (M, T, 3), latent (D,), subject, camera, source, score, …}]}``

C is 3 (metres) or 2 (pixels). ``metainfo['skeleton']`` names the layout of ``keypoint``; a clip in another layout names its own in
``clip['skeleton']``. Either may be the definition of a layout (see :mod:`mmagenc.skeletons.definition`) in a file that is read; files
that are written hold names, and in ``metainfo['layouts']`` the definitions of those that are not built in. ``metainfo['fps']`` is the frame
rate of clips that have no ``fps`` of their own. ``metainfo['up']`` is the axis of three-dimensional positions that points up, ``'y'``,
``'-y'``, ``'z'`` or ``'-z'``; where it is missing or ``None`` the vertical is not known, as in the frame of a camera. A third coordinate
that looks like a score is refused, unless ``metainfo['third']`` says that it is a ``'depth'``. ``pose`` is axis-angle in radians, root
first. ``latent`` is what a generated clip was decoded from, ``class_path (T, K)`` the shares of the classes in each frame of one whose
class changes (its ``label`` is the one that it shows most).

As ``.pkl`` it is that dict, for MMAction2, whose own files (no ``metainfo``, or a bare list of clips) are read too. As ``.npz`` it holds,
per array key, all clips' arrays flattened one behind the other (``<key>``) with their shapes (``<key>_shape (n, ndim)``) and clip numbers
(``<key>_clip (n,)``), and everything else as one JSON string (``header``: ``format``, ``split``, ``metainfo``, ``annotations``), so that
``numpy.load`` reads it with pickles disallowed.
"""

import contextlib
import json
import logging
import pickle
import re
from collections import Counter
from pathlib import Path
from typing import Callable, Dict, Iterable, List, Optional, Sequence, Tuple

import numpy as np
from mmengine.logging import print_log

from mmagenc.clips import (  # noqa: F401 — what the format says of one clip is asked for here too
    ARRAY_KEYS,
    UNLABELLED,
    AnnotationError,
    array_problem,
    count_persons,
    distinct_persons,
    is_unlabelled,
    motion_to_annotations,
    persons_there,
    present_persons,
)
from mmagenc.log_files import log_files, write_to_log_files
from mmagenc.outputs import writing
from mmagenc.skeletons import SKELETONS
from mmagenc.untrusted import open_npz

from .layouts import layout_name, with_named_layouts
from .safe_pickle import load_pickle
from .third_coordinate import score_in_third

UP_AXES = ('y', '-y', 'z', '-z')
STORED_KEYS = {**ARRAY_KEYS, 'latent': 1, 'class_path': 2}
FORMAT = 'mmagenc-annotation-1'
SUFFIXES = ('.npz', '.pkl')
"""Of annotation files."""
SIZE_KEYS = ('img_shape', 'original_shape')
"""Of clips: height and width of their images in pixels."""
MAX_CLASSES = 10_000
"""Labels are below it: tables of classes are as long as the largest label, confusion matrices as its square."""
LONG_LIST, SHOWN_REASONS, SHOWN_NAMES = 12, 10, 3
"""Clips that are left out and named each; of more the sum is said, and of so many reasons so many names."""
Problem = Tuple[int, Optional[str], str]
"""Index, ``frame_dir`` and what is wrong with a clip."""
Mend = Callable[[Dict, Dict], Dict]
"""Gives a better clip for a clip and its file's metainfo before it is checked; raises ``ValueError`` for one that it cannot mend."""
GAP_ADVICE = ('fill_gaps=dict(max_gap=N) of the dataset, or --fill-gaps N of mmagenc mix and import-…, fills gaps of up to N frames and '
              'cuts clips at longer ones; skip_broken leaves clips out')
IMPORT_ADVICE = 'mmagenc import makes annotations of files of other programs'


def load_annotation(path, *, skip_broken: bool = False, unlabelled: bool = False, mend: Optional[Mend] = None,
                    metainfo: Optional[Dict] = None) -> Dict:
    """Read and check an annotation file (``.npz`` or ``.pkl``); arrays come as float32.

    Args:
        path: the file.
        skip_broken: leave broken clips out, with a warning that lists them, instead of refusing the file.
        unlabelled: take clips without a label too (none, ``None`` or -1), to be recognized.
        mend: what is done to each clip of whole form before it is checked, such as filling gaps.
        metainfo: what the file's own is taken to say where it does not.

    Raises:
        FileNotFoundError: no such file.
        AnnotationError: another suffix, not the format, or clips that are broken.
    """
    return checked_annotation(
        read_content(path), source=str(path), skip_broken=skip_broken, unlabelled=unlabelled, mend=mend, metainfo=metainfo)


def read_content(path):
    """What an annotation file (``.npz`` or ``.pkl``) holds, unchecked.

    Raises:
        FileNotFoundError: no such file.
        AnnotationError: another suffix, or not readable.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such annotation file')
    readers = {'.npz': _load_npz, '.pkl': load_pickle}
    if path.suffix not in readers:
        raise AnnotationError(f'{path}: annotation files end in {" or ".join(readers)}; {IMPORT_ADVICE}')
    return readers[path.suffix](path)


def only_split(content, split: Optional[str], source: str):
    """What a file held, unchecked, with the clips of one split alone; with all of them where none is named.

    Raises:
        AnnotationError: a split that is not there.
    """
    if split is None:
        return content
    clips, splits = content_clips(content, source), content.get('split') if isinstance(content, dict) else None
    if not isinstance(splits, dict) or split not in splits:
        raise AnnotationError(f'{source}: no split {split!r}; it has {", ".join(map(str, splits or ())) or "none"}')
    members = set(splits[split])
    found = [clip for clip in clips if isinstance(clip, dict) and clip.get('frame_dir') in members]
    return dict(content, annotations=found, split={split: splits[split]})


def checked_annotation(content, *, source: str, skip_broken: bool = False, unlabelled: bool = False, mend: Optional[Mend] = None,
                       metainfo: Optional[Dict] = None) -> Dict:
    """What a file held, as an annotation in this format: a new dict, arrays as float32, with ``metainfo`` and ``split`` if they lacked.

    Raises:
        AnnotationError: as :func:`load_annotation`.
    """
    annotation, problems = sift_annotation(content, source=source, unlabelled=unlabelled, mend=mend, metainfo=metainfo)
    total = len(annotation['annotations']) + len(problems)
    if skip_broken:
        warn_left_out(problems, source=source, total=total)
        return annotation
    if problems:
        raise AnnotationError(describe_problems(problems, source=source, total=total))
    if isinstance(content, dict) and content.get('split'):
        _check_splits(dict(annotation, split=content['split']), source)
    return annotation


def sift_annotation(content, *, source: str, unlabelled: bool = False, mend: Optional[Mend] = None,
                    metainfo: Optional[Dict] = None) -> Tuple[Dict, List[Problem]]:
    """What a file held, as :func:`checked_annotation` gives it without its broken clips, and what is wrong with those.

    Raises:
        AnnotationError: not the format, or no clip that is whole.
    """
    annotation = dict(split={}, metainfo={})
    annotation.update({key: value for key, value in content.items() if value is not None} if isinstance(content, dict) else {})
    clips = annotation['annotations'] = [normalized_clip(clip) for clip in content_clips(content, source)]
    _check_kinds(annotation, source)
    annotation['metainfo'] = _checked_metainfo({**(metainfo or {}), **annotation['metainfo']}, clips, source)
    clips, unmended = _mended(clips, annotation['metainfo'], mend, unlabelled)
    broken = {problem[0]: problem for problem in clip_problems(clips, annotation['metainfo'], unlabelled=unlabelled)}
    broken.update({problem[0]: problem for problem in unmended})
    problems = [broken[index] for index in sorted(broken)]
    if clips and len(problems) == len(clips):
        raise AnnotationError(describe_problems(problems, source=source, total=len(clips)))
    annotation['annotations'] = [clip for index, clip in enumerate(clips) if index not in broken]
    names = {clip['frame_dir'] for clip in annotation['annotations']}
    annotation['split'] = {name: [member for member in members if member in names] for name, members in annotation['split'].items()}
    _check_third(annotation, source)
    return annotation, problems


def content_clips(content, source: str):
    """The list of clips of what a file held."""
    clips = content.get('annotations') if isinstance(content, dict) else content
    if not isinstance(clips, (list, tuple)):
        raise AnnotationError(f"{source}: expected a dict with a list 'annotations' (or that list), got {type(content).__name__}; "
                              f'{IMPORT_ADVICE}')
    return clips


def _mended(clips: List[Dict], metainfo: Dict, mend: Optional[Mend], unlabelled: bool) -> Tuple[List[Dict], List[Problem]]:
    """The clips mended where their form is whole, and why some could not be."""
    if mend is None:
        return clips, []
    result, problems = [], []
    for index, clip in enumerate(clips):
        try:
            result.append(clip if form_problem(clip, metainfo, unlabelled=unlabelled) else mend(clip, metainfo))
        except ValueError as error:
            result.append(clip)
            problems.append((index, clip['frame_dir'], str(error)))
    return result, problems


def _checked_metainfo(metainfo: Dict, clips: List[Dict], source: str) -> Dict:
    names = {clip['skeleton'] for clip in clips if isinstance(clip, dict) and isinstance(clip.get('skeleton'), str)}
    try:
        return with_named_layouts(metainfo, sorted(names))
    except ValueError as error:
        raise AnnotationError(f'{source}: metainfo: {error}') from error


def normalized_clip(clip):
    """The clip with arrays of numbers as float32, sizes of images as height and width, its own layout by name, and MMAction2's older
    ``filename`` as ``frame_dir``.

    What is broken stays so.
    """
    if not isinstance(clip, dict):
        return clip
    clip = dict(clip)
    if 'frame_dir' not in clip and 'filename' in clip:
        clip['frame_dir'] = clip['filename']
    if clip.get('skeleton') is not None:
        with contextlib.suppress(ValueError):
            clip['skeleton'] = layout_name(clip['skeleton'])
    for key in STORED_KEYS:
        if isinstance(clip.get(key), np.ndarray) and clip[key].dtype.kind in 'fiu':
            with np.errstate(over='ignore', invalid='ignore'):
                clip[key] = clip[key].astype(np.float32, copy=False)
    for key in SIZE_KEYS:
        size = image_size(clip.get(key))
        if size is not None and (not isinstance(clip[key], (list, tuple)) or list(clip[key]) != list(size)):
            clip[key] = size
    return clip


def image_size(value) -> Optional[Tuple[int, int]]:
    """Height and width of two numbers, or of an image's shape with its channels behind; ``None`` if that is no size."""
    parts = value.tolist() if isinstance(value, np.ndarray) else value
    if not isinstance(parts, (list, tuple)) or len(parts) not in (2, 3) or len(parts) == 3 and parts[2] not in (1, 3, 4):
        return None
    if not all(isinstance(side, (int, float, np.integer, np.floating)) and 1 <= side < np.inf for side in parts[:2]):
        return None
    return int(round(float(parts[0]))), int(round(float(parts[1])))


def save_annotation(annotation: Dict, path, *, unlabelled: bool = False) -> None:
    """Check and write an annotation file, ``.npz`` or ``.pkl`` by suffix, replacing an old one in one step.

    Args:
        annotation: what is written.
        path: the file.
        unlabelled: take clips without a label too, to be recognized.

    Raises:
        AnnotationError: another suffix, or clips that are broken; nothing is written.
    """
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise AnnotationError(f'{path}: annotation files end in {" or ".join(SUFFIXES)}')
    annotation = checked_annotation(annotation, source=str(path), unlabelled=unlabelled)
    with writing(path) as file:
        (_write_npz if path.suffix == '.npz' else _write_pkl)(annotation, file)


def validate_annotation(annotation: Dict, *, source: str) -> None:
    """Check a whole annotation.

    Raises:
        AnnotationError: naming ``source`` and, of broken clips, up to ten with index, ``frame_dir`` and reason.
    """
    if not isinstance(annotation, dict) or not {'split', 'annotations'} <= annotation.keys():
        raise AnnotationError(f"{source}: not an annotation dict with 'split' and 'annotations'")
    annotation = dict(annotation, metainfo=annotation.get('metainfo') or {})
    _check_kinds(annotation, source)
    problems = list(clip_problems(annotation['annotations'], annotation['metainfo']))
    if problems:
        raise AnnotationError(describe_problems(problems, source=source, total=len(annotation['annotations'])))
    _check_splits(annotation, source)
    _check_third(annotation, source)


def _check_kinds(annotation: Dict, source: str) -> None:
    for key, kind in dict(split=dict, metainfo=dict, annotations=(list, tuple)).items():
        if not isinstance(annotation[key], kind):
            raise AnnotationError(f'{source}: {key} has the wrong type, {type(annotation[key]).__name__}')
    for name, members in annotation['split'].items():
        members = members.tolist() if isinstance(members, np.ndarray) else members
        if not isinstance(members, (list, tuple)) or not all(isinstance(member, str) for member in members):
            raise AnnotationError(f"{source}: split {name!r} must be a list of clips' names, got {str(members)[:60]!r}")
    _check_said(annotation['metainfo'], source)


def _check_said(metainfo: Dict, source: str) -> None:
    """What a file says of all its clips, as far as it is read by name."""
    classes, fps, up = metainfo.get('classes'), metainfo.get('fps'), metainfo.get('up')
    if classes is not None and (not isinstance(classes, (list, tuple)) or not all(isinstance(name, str) for name in classes)):
        raise AnnotationError(f'{source}: metainfo: classes must be a list of names, got {str(classes)[:60]!r}')
    if classes and len(set(classes)) < len(classes):
        raise AnnotationError(f'{source}: metainfo: classes repeat {sorted({name for name in classes if classes.count(name) > 1})}')
    if _fps_problem(fps):
        raise AnnotationError(f'{source}: metainfo: {_fps_problem(fps)}')
    if _size_problem(metainfo):
        raise AnnotationError(f'{source}: metainfo: {_size_problem(metainfo)}')
    if up is not None and up not in UP_AXES:
        raise AnnotationError(f'{source}: metainfo: up must be one of {", ".join(UP_AXES)} or None, got {str(up)[:60]!r}')
    if metainfo.get('third') not in (None, 'depth', 'score'):
        raise AnnotationError(f"{source}: metainfo: third must be 'depth' or 'score', got {str(metainfo['third'])[:60]!r}")


def _fps_problem(fps) -> Optional[str]:
    number = isinstance(fps, (int, float, np.integer, np.floating)) and not isinstance(fps, bool)
    if fps is None or number and 0 < fps < float('inf'):
        return None
    return f'fps must be a positive number, got {str(fps)[:60]!r}'


def _check_splits(annotation: Dict, source: str) -> None:
    names = {clip['frame_dir'] for clip in annotation['annotations']}
    for split, members in annotation['split'].items():
        missing = [member for member in members if member not in names]
        if missing:
            raise AnnotationError(f'{source}: split {split!r} names {len(missing)} clips that are not there: {missing[:5]}')


def _check_third(annotation: Dict, source: str) -> None:
    metainfo = annotation['metainfo']
    reason = None if metainfo.get('third') == 'depth' else score_in_third(annotation['annotations'], metainfo.get('skeleton'))
    if reason:
        raise AnnotationError(
            f"{source}: the third coordinate looks like a score ({reason}). third='score' of the dataset, or --channels xys of "
            "mmagenc import-arrays, reads it as one; third='depth' and --channels xyz say that it is a coordinate")


def warn_left_out(problems: List[Problem], *, source: str, total: int) -> None:
    """Log a warning of the clips left out of a file; nothing if there are none. Of many it has a few by name, and the log file has all."""
    if not problems:
        return
    there = bool(log_files())
    where = 'the log file of this run names all of them' if there else 'the log level DEBUG names all of them'
    print_log(left_out_words(problems, source=source, total=total, where=where), logger='current', level=logging.WARNING)
    if len(problems) > LONG_LIST:
        whole = f'{source}: all {len(problems)} clips that were left out:\n{_listed(problems)}'
        write_to_log_files(whole) if there else print_log(whole, logger='current', level=logging.DEBUG)


def left_out_words(problems: List[Problem], *, source: str, total: int, where: str = '') -> str:
    """One message of the clips left out of a file: each of a few, of many those of each reason.

    Args:
        problems: why they are left out.
        source: the file.
        total: clips in it.
        where: says of many where all of them are named.
    """
    listed = _listed(problems) if len(problems) <= LONG_LIST else _grouped(problems)
    where = f'\n  {where}' if where and len(problems) > LONG_LIST else ''
    return f'{source}: left out {len(problems)} of {total} clips\n{listed}{where}{_advice(problems)}{_sum(problems, total)}'


def _listed(problems: Sequence[Problem]) -> str:
    return '\n'.join(f'  clip {index} ({name}): {reason}' for index, name, reason in problems)


def _grouped(problems: Sequence[Problem]) -> str:
    """A line for each reason, the most frequent first; reasons that differ in numbers alone are one, said of its first clip."""
    groups: Dict[str, List[Problem]] = {}
    for problem in problems:
        groups.setdefault(re.sub(r'-?\d[\d.]*', '', problem[2]), []).append(problem)
    ordered, lines = sorted(groups.values(), key=len, reverse=True), []
    for (index, name, reason), *others in ordered[:SHOWN_REASONS]:
        such = ', '.join(map(str, [name, *(other for _, other, _ in others[:SHOWN_NAMES - 1])]))
        lines.append(f'  {1 + len(others)} clips, such as {such}: {reason}' if others else f'  clip {index} ({name}): {reason}')
    rest = sum(map(len, ordered[SHOWN_REASONS:]))
    return '\n'.join([*lines, *([f'  … and {rest} for {len(ordered) - SHOWN_REASONS} other reasons'] if rest else [])])


def problem_words(error: Exception) -> str:
    """What the error of a damaged clip says, with its kind where that is none whose words stand alone."""
    return str(error) if isinstance(error, (ValueError, OSError)) and str(error) else f'{type(error).__name__}: {error}'


def describe_problems(problems: List[Problem], *, source: str, total: int) -> str:
    """One message of up to ten problems."""
    shown = '\n'.join(f'  clip {index} ({name}): {reason}' for index, name, reason in problems[:10])
    more = f'\n  … and {len(problems) - 10} more' if len(problems) > 10 else ''
    return f'{source}: {len(problems)} of {total} clips are broken\n{shown}{more}{_advice(problems)}'


def _advice(problems: List[Problem]) -> str:
    gaps = any(reason.startswith(('keypoint holds NaN', 'keypoint_score holds NaN')) for _, _, reason in problems)
    return f'\n  {GAP_ADVICE}' if gaps else ''


def _sum(problems: List[Problem], total: int) -> str:
    """What a long list comes to, behind its end, which is what one sees of it."""
    if len(problems) <= LONG_LIST:
        return ''
    named = Counter(name for _, _, reason in problems for name in re.findall(r'keypoint \d+ \((\w+)\)', reason))
    most = ', '.join(f'{name} ({count})' for name, count in named.most_common(3))
    return f'\n  so {total - len(problems)} of {total} clips are left' + (
        f"; lacking are mostly {most}: a layout without them may keep more (skeleton='… without …')" if most else '')


def clip_problems(clips: Iterable[Dict], metainfo: Dict, *, known: Iterable[str] = (), unlabelled: bool = False) -> Iterable[Problem]:
    """Yield the first problem of each broken clip.

    Args:
        clips: clips of one file.
        metainfo: of the file: ``classes`` and ``skeleton``, where known.
        known: ``frame_dir`` that are taken already.
        unlabelled: clips need no label.
    """
    seen, layouts = dict.fromkeys(known, 'a clip that is there already'), {}
    for index, clip in enumerate(clips):
        name = clip.get('frame_dir') if isinstance(clip, dict) else None
        reason = clip_problem(clip, metainfo, unlabelled=unlabelled)
        if reason is None and name in seen:
            reason = f'the same frame_dir as {seen[name]}'
        if reason is None:
            shape = clip['keypoint'].shape[2:]
            first = layouts.setdefault(clip.get('skeleton', metainfo.get('skeleton')), (shape, index))
            if first[0] != shape:
                reason = f'keypoint is (…, {shape[0]}, {shape[1]}), that of clip {first[1]} (…, {first[0][0]}, {first[0][1]})'
        if reason is None:
            seen[name] = f'clip {index}'
        else:
            yield index, name, reason


def clip_problem(clip: Dict, metainfo: Dict, *, unlabelled: bool = False) -> Optional[str]:
    """Why a clip is broken, or ``None``."""
    reason = form_problem(clip, metainfo, unlabelled=unlabelled)
    for key in ARRAY_KEYS:
        reason = reason or _finite_problem(clip, key)
    return reason


def form_problem(clip: Dict, metainfo: Dict, *, unlabelled: bool = False) -> Optional[str]:
    """Why a clip is broken whatever its numbers are (keys, types, shapes), or ``None``."""
    if not isinstance(clip, dict):
        return f'a clip is a dict, got {type(clip).__name__}'
    for key in ('frame_dir', 'total_frames', 'keypoint') if unlabelled else ('frame_dir', 'label', 'total_frames', 'keypoint'):
        if key not in clip:
            return f'no {key!r}'
    if not isinstance(clip['frame_dir'], str) or not clip['frame_dir']:
        return f'frame_dir must be a name, got {clip["frame_dir"]!r}'
    if any('\ud800' <= letter <= '\udfff' for letter in clip['frame_dir']):
        return f'frame_dir holds half a letter, which no file can be named by: {clip["frame_dir"]!r}'
    if not isinstance(clip.get('source', ''), str):
        return f'source must be a word such as real or synthetic, got {str(clip["source"])[:60]!r}'
    frames = clip['total_frames']
    if not _is_index(frames) or frames < 1:
        return f'total_frames must be at least 1, got {frames!r}{"" if _is_index(frames) else ": accepted are whole numbers"}'
    reason = None if unlabelled and is_unlabelled(clip) else label_problem(clip['label'], metainfo.get('classes'))
    reason = reason or _skeleton_problem(clip.get('skeleton')) or _fps_problem(clip.get('fps')) or _size_problem(clip)
    for key in ARRAY_KEYS:
        reason = reason or array_problem(clip, key)
    return reason or _latent_problem(clip) or _path_problem(clip) or _layout_problem(clip, metainfo)


def check_clips(clips: Sequence, metainfo: Dict, *, source: str, unlabelled: bool = False) -> None:
    """Check clips one by one, which may repeat names.

    Raises:
        AnnotationError: naming ``source`` and up to ten broken ones.
    """
    reasons = [clip_problem(clip, metainfo, unlabelled=unlabelled) for clip in clips]
    problems = [(index, clip.get('frame_dir') if isinstance(clip, dict) else None, reason)
                for index, (clip, reason) in enumerate(zip(clips, reasons)) if reason]
    if problems:
        raise AnnotationError(describe_problems(problems, source=source, total=len(clips)))


def label_problem(label, classes) -> Optional[str]:
    """Why a label is none of ``classes`` (``None`` if those are not known), or ``None``."""
    if not _is_index(label):
        return f'label {label!r} is no class index: accepted are whole numbers from 0, the places of classes in their list'
    if label >= MAX_CLASSES:
        return f'label {label} is no class index: accepted are numbers below {MAX_CLASSES}'
    if classes and label >= len(classes):
        return f'unknown label {label}, there are {len(classes)} classes: {", ".join(map(str, classes))} (labels begin at 0)'
    return None


def _is_index(value) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= 0


def _finite_problem(clip: Dict, key: str) -> Optional[str]:
    if key not in clip or np.isfinite(clip[key]).all():
        return None
    return f'{key} holds NaN or infinity (first at frame {int(np.nonzero(~np.isfinite(clip[key]))[1].min())})'


def _skeleton_problem(skeleton) -> Optional[str]:
    try:
        return None if skeleton is None or isinstance(skeleton, str) else f'skeleton must be a name, got {layout_name(skeleton)!r} defined'
    except ValueError as error:
        return f'skeleton: {error}'


def _size_problem(clip: Dict) -> Optional[str]:
    for key in SIZE_KEYS:
        if clip.get(key) is not None and image_size(clip[key]) is None:
            return f'{key} must be height and width of the image in pixels, such as (480, 640), got {str(clip[key])[:60]}'
    return None


def _latent_problem(clip: Dict) -> Optional[str]:
    latent = clip.get('latent', np.zeros(1))
    if not isinstance(latent, np.ndarray) or latent.ndim != 1 or latent.dtype.kind not in 'fiu' or not np.isfinite(latent).all():
        return f'latent must be a vector of finite numbers, got {getattr(latent, "shape", type(latent).__name__)}'
    return None


def _path_problem(clip: Dict) -> Optional[str]:
    path = clip.get('class_path', np.zeros((1, 1)))
    if not isinstance(path, np.ndarray) or path.ndim != 2 or path.dtype.kind not in 'fiu' or not np.isfinite(path).all():
        return f'class_path must be (T, K) finite shares of the classes, got {getattr(path, "shape", type(path).__name__)}'
    return None


def _layout_problem(clip: Dict, metainfo: Dict) -> Optional[str]:
    num_joints, num_dims = clip['keypoint'].shape[2:]
    skeleton = SKELETONS.get(clip.get('skeleton', metainfo.get('skeleton')))
    if skeleton and num_joints != skeleton.num_joints:
        return f'keypoint has {num_joints} joints, {skeleton.name} has {skeleton.num_joints}'
    if num_dims not in (2, 3):
        return f'keypoint must have 2 or 3 coordinates, got {num_dims}'
    if 'keypoint_score' in clip and clip['keypoint_score'].shape[2] != num_joints:
        return f'keypoint_score has {clip["keypoint_score"].shape[2]} joints, keypoint {num_joints}'
    for key, trailing in (('pose', (24, 3)), ('transl', (3, ))):
        if key in clip and clip[key].shape[2:] != trailing:
            return f'{key} must be (M, T, {", ".join(map(str, trailing))}), got {clip[key].shape}'
    return None


def merge_annotations(annotations: Iterable[Dict], *, fps: Optional[float] = None) -> Dict:
    """One annotation of several with the same classes and layout, coordinates and unit.

    Args:
        annotations: in the annotation format.
        fps: frame rate that all clips are brought to; ``None`` refuses different ones. Annotations that say none are taken to have that of
            the others, with a warning.

    Raises:
        AnnotationError: classes, skeletons, frame rates or coordinates differ, or a ``frame_dir`` repeats.
    """
    from .agreement import CommonRate, keypoints_problem  # which itself needs this module
    annotations = list(annotations)
    if not annotations:
        raise AnnotationError('no annotations to merge')
    said = [annotation.get('metainfo') or {} for annotation in annotations]
    for key in ('classes', 'skeleton'):
        found = [metainfo.get(key) for metainfo in said]
        if any(value != found[0] for value in found):
            raise AnnotationError(f'annotations with different {key} cannot be merged: {found}')
    split, clips, rates = {}, [], CommonRate(fps, advice='merge_annotations(..., fps=...) resamples')
    for number, (annotation, metainfo) in enumerate(zip(annotations, said)):
        for name, members in annotation['split'].items():
            split.setdefault(name, []).extend(members)
        problem = keypoints_problem(clips, annotation['annotations'])
        if problem:
            raise AnnotationError(f'annotation {number}: {problem}')
        clips += rates.bring(annotation['annotations'], metainfo.get('fps'), f'annotation {number}')
    rates.warn()
    merged = dict(split=split, metainfo=dict(said[0], **({'fps': rates.rate} if rates.rate else {})), annotations=clips)
    validate_annotation(merged, source='merged annotation')
    return merged


def _write_pkl(annotation: Dict, file) -> None:
    """The dict for MMAction2: labels and frame counts as plain integers."""
    clips = [dict(clip, label=int(clip['label']), total_frames=int(clip['total_frames'])) for clip in annotation['annotations']]
    pickle.dump(dict(annotation, annotations=clips), file, protocol=4)


def _write_npz(annotation: Dict, file) -> None:
    from .archive import write_clips  # which itself needs this module
    write_clips(file, annotation)


def plain_value(value):
    """What JSON writes for a value that it does not know.

    Raises:
        AnnotationError: it can stand in no file.
    """
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise AnnotationError(f'cannot write a {type(value).__name__} into an annotation file')


_POSES = {'poses', 'root_orient', 'global_orient', 'smpl_poses'}  # Arrays of SMPL-family files, which are no annotations.


def _load_npz(path: Path) -> Dict:
    try:
        with open_npz(path) as archive:
            if 'header' not in archive and _POSES & set(archive.files):
                raise AnnotationError(f'{path}: no annotation, but poses as AMASS has them ({", ".join(sorted(archive.files))}): '
                                      'mmagenc import-amass makes an annotation of it')
            if 'header' not in archive:
                raise AnnotationError(f'{path}: not a readable annotation archive (no header; it has '
                                      f'{", ".join(sorted(archive.files)) or "nothing"}); {IMPORT_ADVICE}')
            content = {name: archive[name] for name in archive.files}
        header = json.loads(str(content['header']))
        if header['format'] != FORMAT:
            raise AnnotationError(f'{path}: format {header["format"]!r}, this version reads {FORMAT!r}')
        found = dict(split=header['split'], metainfo=header['metainfo'], annotations=header['annotations'])
        for key in STORED_KEYS:
            for owner, array in _split_arrays(content, key):
                found['annotations'][owner][key] = array
    except AnnotationError:
        raise
    except Exception as error:  # damaged archives raise nearly anything
        raise AnnotationError(f'{path}: not a readable annotation archive ({type(error).__name__}: {error})') from error
    return found


def _split_arrays(content: Dict, key: str) -> List[Tuple[int, np.ndarray]]:
    """Clip number and array of each clip that has ``key``."""
    if key not in content:
        return []
    shapes, owners = content[f'{key}_shape'], content[f'{key}_clip']
    if shapes.prod(axis=1).sum() != content[key].size or len(shapes) != len(owners):
        raise ValueError(f'{key} has {content[key].size} numbers, its shapes {shapes.prod(axis=1).sum()}')
    if len(owners) and (owners.min() < 0 or len(np.unique(owners)) < len(owners)):
        raise ValueError(f'{key}_clip names a clip below 0, or one twice')
    pieces = np.split(content[key], np.cumsum(shapes.prod(axis=1))[:-1])
    return [(int(owner), piece.reshape(shape)) for owner, shape, piece in zip(owners, shapes, pieces)]
