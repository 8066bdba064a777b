"""The one format on disk and between parts: a superset of what MMAction2's ``PoseDataset`` reads.

M persons, T frames, V keypoints, J joints, C coordinates, D latent channels.

``{'split': {name: [frame_dir]}, 'metainfo': {'classes', 'skeleton', 'fps', …}, 'annotations': [{frame_dir, label, total_frames, keypoint
(M, T, V, C), keypoint_score (M, T, V), pose (M, T, 24, 3), transl (M, T, 3), latent (D,), subject, source, score, …}]}``

C is 3 (metres) or 2 (pixels). ``metainfo['skeleton']`` names the layout of ``keypoint``; a clip in another layout names its own in
``clip['skeleton']``. ``metainfo['up']`` is the axis of three-dimensional positions that points up, ``'y'``, ``'-y'``, ``'z'`` or ``'-z'``;
where it is missing or ``None`` the vertical is not known, as in the frame of a camera.
``pose`` is axis-angle in radians, root first. ``latent`` is what a generated clip was decoded from.

As ``.pkl`` it is that dict, for MMAction2, whose own files (no ``metainfo``, or a bare list of clips) are read too. As ``.npz`` it holds,
per array key, all clips' arrays flattened one behind the other (``<key>``) with their shapes (``<key>_shape (n, ndim)``) and clip numbers
(``<key>_clip (n,)``), and everything else as one JSON string (``header``: ``format``, ``split``, ``metainfo``, ``annotations``), so that
``numpy.load`` reads it with pickles disallowed.
"""

import json
import logging
import pickle
from pathlib import Path
from typing import Dict, Iterable, List, Optional, Tuple

import numpy as np
from mmengine.logging import print_log

from mmagenc.compat import atomic_open
from mmagenc.skeletons import SKELETONS
from mmagenc.structures import Motion

from .safe_pickle import load_pickle

ARRAY_KEYS = {'keypoint': 4, 'keypoint_score': 3, 'pose': 4, 'transl': 3}
"""Arrays that begin with persons and frames, and their numbers of axes."""
STORED_KEYS = {**ARRAY_KEYS, 'latent': 1}
FORMAT = 'mmagenc-annotation-1'
Problem = Tuple[int, Optional[str], str]
"""Index, ``frame_dir`` and what is wrong with a clip."""


class AnnotationError(ValueError):
    """An annotation that is not in the format; the message names file, clip and reason."""


def load_annotation(path, *, skip_broken: bool = False) -> Dict:
    """Read and check an annotation file (``.npz`` or ``.pkl``); arrays come as float32.

    Args:
        path: the file.
        skip_broken: leave broken clips out, with a warning that lists them, instead of refusing the file.

    Raises:
        FileNotFoundError: no such file.
        AnnotationError: another suffix, not the format, or clips that are broken.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such annotation file')
    readers = {'.npz': _load_npz, '.pkl': load_pickle}
    if path.suffix not in readers:
        raise AnnotationError(f'{path}: annotation files end in {" or ".join(readers)}')
    return checked_annotation(readers[path.suffix](path), source=str(path), skip_broken=skip_broken)


def checked_annotation(content, *, source: str, skip_broken: bool = False) -> Dict:
    """What a file held, as an annotation in this format: a new dict, arrays as float32, with ``metainfo`` and ``split`` if they lacked.

    Raises:
        AnnotationError: as :func:`load_annotation`.
    """
    if isinstance(content, (list, tuple)):
        content = dict(annotations=content)
    if not isinstance(content, dict) or not isinstance(content.get('annotations'), (list, tuple)):
        raise AnnotationError(f"{source}: expected a dict with a list 'annotations' (or that list), got {type(content).__name__}")
    annotation = dict(split={}, metainfo={})
    annotation.update({key: value for key, value in content.items() if value is not None})
    annotation['annotations'] = [normalized_clip(clip) for clip in content['annotations']]
    if skip_broken:
        annotation = _without_broken(annotation, source)
    validate_annotation(annotation, source=source)
    return annotation


def normalized_clip(clip):
    """The clip with arrays of numbers as float32 and MMAction2's older ``filename`` as ``frame_dir``; what is broken stays so."""
    if not isinstance(clip, dict):
        return clip
    clip = dict(clip)
    if 'frame_dir' not in clip and 'filename' in clip:
        clip['frame_dir'] = clip['filename']
    for key in STORED_KEYS:
        if isinstance(clip.get(key), np.ndarray) and clip[key].dtype.kind in 'fiu':
            with np.errstate(over='ignore'):
                clip[key] = clip[key].astype(np.float32, copy=False)
    return clip


def save_annotation(annotation: Dict, path) -> None:
    """Check and write an annotation file, ``.npz`` or ``.pkl`` by suffix, replacing an old one in one step.

    Raises:
        AnnotationError: another suffix, or clips that are broken; nothing is written.
    """
    path = Path(path)
    writers = {'.npz': _write_npz, '.pkl': _write_pkl}
    if path.suffix not in writers:
        raise AnnotationError(f'{path}: annotation files end in {" or ".join(writers)}')
    annotation = checked_annotation(annotation, source=str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_open(path) as file:
        writers[path.suffix](annotation, file)


def validate_annotation(annotation: Dict, *, source: str) -> None:
    """Check a whole annotation.

    Raises:
        AnnotationError: naming ``source`` and, of broken clips, up to ten with index, ``frame_dir`` and reason.
    """
    if not isinstance(annotation, dict) or not {'split', 'annotations'} <= annotation.keys():
        raise AnnotationError(f"{source}: not an annotation dict with 'split' and 'annotations'")
    metainfo = annotation.get('metainfo') or {}
    kinds = dict(split=(annotation['split'], dict), metainfo=(metainfo, dict), annotations=(annotation['annotations'], (list, tuple)))
    for key, (value, kind) in kinds.items():
        if not isinstance(value, kind):
            raise AnnotationError(f'{source}: {key} has the wrong type, {type(value).__name__}')
    problems = list(clip_problems(annotation['annotations'], metainfo))
    if problems:
        raise AnnotationError(describe_problems(problems, source=source, total=len(annotation['annotations'])))
    names = {clip['frame_dir'] for clip in annotation['annotations']}
    for split, members in annotation['split'].items():
        missing = [member for member in members if member not in names]
        if missing:
            raise AnnotationError(f'{source}: split {split!r} names {len(missing)} clips that are not there: {missing[:5]}')


def _without_broken(annotation: Dict, source: str) -> Dict:
    clips = annotation['annotations']
    problems = list(clip_problems(clips, annotation['metainfo']))
    refused = {index for index, _, _ in problems}
    kept = [clip for index, clip in enumerate(clips) if index not in refused]
    if clips and not kept:
        raise AnnotationError(describe_problems(problems, source=source, total=len(clips)))
    warn_left_out(problems, source=source, total=len(clips))
    names = {clip['frame_dir'] for clip in kept}
    split = {name: [member for member in members if member in names] for name, members in annotation['split'].items()}
    return dict(annotation, split=split, annotations=kept)


def warn_left_out(problems: List[Problem], *, source: str, total: int) -> None:
    """Log a warning that lists all clips left out of a file; nothing if there are none."""
    if problems:
        listed = '\n'.join(f'  clip {index} ({name}): {reason}' for index, name, reason in problems)
        print_log(f'{source}: left out {len(problems)} of {total} clips\n{listed}', logger='current', level=logging.WARNING)


def describe_problems(problems: List[Problem], *, source: str, total: int) -> str:
    """One message of up to ten problems."""
    shown = '\n'.join(f'  clip {index} ({name}): {reason}' for index, name, reason in problems[:10])
    more = f'\n  … and {len(problems) - 10} more' if len(problems) > 10 else ''
    return f'{source}: {len(problems)} of {total} clips are broken\n{shown}{more}'


def clip_problems(clips: Iterable[Dict], metainfo: Dict, *, known: Iterable[str] = ()) -> Iterable[Problem]:
    """Yield the first problem of each broken clip.

    Args:
        clips: clips of one file.
        metainfo: of the file: ``classes`` and ``skeleton``, where known.
        known: ``frame_dir`` that are taken already.
    """
    seen, layouts = dict.fromkeys(known, 'a clip that is there already'), {}
    for index, clip in enumerate(clips):
        name = clip.get('frame_dir') if isinstance(clip, dict) else None
        reason = clip_problem(clip, metainfo)
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


def clip_problem(clip: Dict, metainfo: Dict) -> Optional[str]:
    """Why a clip is broken, or ``None``."""
    if not isinstance(clip, dict):
        return f'a clip is a dict, got {type(clip).__name__}'
    for key in ('frame_dir', 'label', 'total_frames', 'keypoint'):
        if key not in clip:
            return f'no {key!r}'
    if not isinstance(clip['frame_dir'], str) or not clip['frame_dir']:
        return f'frame_dir must be a name, got {clip["frame_dir"]!r}'
    frames = clip['total_frames']
    if not _is_index(frames) or frames < 1:
        return f'total_frames must be at least 1, got {frames!r}'
    reason = label_problem(clip['label'], metainfo.get('classes'))
    for key, ndim in ARRAY_KEYS.items():
        reason = reason or _array_problem(clip, key, ndim)
    return reason or _latent_problem(clip) or _layout_problem(clip, metainfo)


def label_problem(label, classes) -> Optional[str]:
    """Why a label is none of ``classes`` (``None`` if those are not known), or ``None``."""
    if not _is_index(label):
        return f'label {label!r} is no class index'
    if classes and label >= len(classes):
        return f'unknown label {label}, there are {len(classes)} classes: {", ".join(map(str, classes))}'
    return None


def _is_index(value) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= 0


def _array_problem(clip: Dict, key: str, ndim: int) -> Optional[str]:
    if key not in clip:
        return None
    value = clip[key]
    if not isinstance(value, np.ndarray) or value.ndim != ndim or value.dtype.kind not in 'fiu':
        return f'{key} must be an array of numbers of {ndim} axes, got {getattr(value, "shape", type(value).__name__)}'
    if value.size == 0:
        return f'{key} is empty: {value.shape}'
    if value.shape[1] != clip['total_frames']:
        return f'{key} has {value.shape[1]} frames, total_frames says {clip["total_frames"]}'
    if value.shape[0] != clip['keypoint'].shape[0]:
        return f'{key} has {value.shape[0]} persons, keypoint {clip["keypoint"].shape[0]}'
    if not np.isfinite(value).all():
        return f'{key} holds NaN or infinity (first at frame {int(np.nonzero(~np.isfinite(value))[1].min())})'
    return None


def _latent_problem(clip: Dict) -> Optional[str]:
    latent = clip.get('latent', np.zeros(1))
    if not isinstance(latent, np.ndarray) or latent.ndim != 1 or latent.dtype.kind not in 'fiu' or not np.isfinite(latent).all():
        return f'latent must be a vector of finite numbers, got {getattr(latent, "shape", type(latent).__name__)}'
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


def motion_to_annotations(motion: Motion, *, prefix: str, source: str = 'synthetic', skeleton: Optional[str] = None,
                          with_latent: bool = False) -> List[Dict]:
    """Clips of a :class:`~mmagenc.structures.Motion` as annotation dicts of one person, cut to their lengths.

    Args:
        motion: N clips.
        prefix: ``frame_dir`` is ``<prefix>_<number of five digits>``.
        source: ``'synthetic'`` or ``'real'``.
        skeleton: layout of the keypoints, noted in each clip, for a file or dataset of another layout.
        with_latent: keep the latent vectors too, so that the clips can be decoded again; only if the motion has them.
    """
    latents = motion.latent.detach().cpu().float().numpy() if with_latent and motion.latent is not None else None
    arrays = {key: getattr(motion, key) for key in ('keypoint', 'pose', 'transl') if getattr(motion, key) is not None}
    arrays = {key: value.detach().cpu().float().numpy() for key, value in arrays.items()}
    return [
        dict(
            frame_dir=f'{prefix}_{index:05d}',
            label=int(motion.label[index]),
            total_frames=int(motion.length[index]),
            source=source,
            **({'skeleton': skeleton} if skeleton else {}),
            **({} if latents is None else {'latent': latents[index].copy()}),
            **{key: value[index, :int(motion.length[index])][None].copy() for key, value in arrays.items()}) for index in range(len(motion))
    ]


def merge_annotations(annotations: Iterable[Dict]) -> Dict:
    """One annotation of several with the same classes and layout.

    Raises:
        AnnotationError: classes or skeletons differ, or a ``frame_dir`` repeats.
    """
    annotations = list(annotations)
    if not annotations:
        raise AnnotationError('no annotations to merge')
    for key in ('classes', 'skeleton'):
        found = [(annotation.get('metainfo') or {}).get(key) for annotation in annotations]
        if any(value != found[0] for value in found):
            raise AnnotationError(f'annotations with different {key} cannot be merged: {found}')
    split = {}
    for annotation in annotations:
        for name, members in annotation['split'].items():
            split.setdefault(name, []).extend(members)
    clips = [clip for annotation in annotations for clip in annotation['annotations']]
    merged = dict(split=split, metainfo=dict(annotations[0].get('metainfo') or {}), annotations=clips)
    validate_annotation(merged, source='merged annotation')
    return merged


def _write_pkl(annotation: Dict, file) -> None:
    """The dict for MMAction2: labels and frame counts as plain integers."""
    clips = [dict(clip, label=int(clip['label']), total_frames=int(clip['total_frames'])) for clip in annotation['annotations']]
    pickle.dump(dict(annotation, annotations=clips), file, protocol=4)


def _write_npz(annotation: Dict, file) -> None:
    clips = annotation['annotations']
    arrays = {}
    for key, ndim in STORED_KEYS.items():
        owners = [index for index, clip in enumerate(clips) if key in clip]
        if owners:
            arrays[key] = np.concatenate([clips[index][key].ravel() for index in owners])
            arrays[f'{key}_shape'] = np.array([clips[index][key].shape for index in owners], dtype=np.int64).reshape(-1, ndim)
            arrays[f'{key}_clip'] = np.array(owners, dtype=np.int64)
    plain = [{key: value for key, value in clip.items() if key not in STORED_KEYS} for clip in clips]
    header = dict(format=FORMAT, split=annotation['split'], metainfo=annotation['metainfo'], annotations=plain)
    # Not compressed: motion shrinks by a third only, at ten times the time, and the loop writes its pool every round.
    np.savez(file, header=np.array(json.dumps(header, default=_plain)), **arrays)


def _plain(value):
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise AnnotationError(f'cannot write a {type(value).__name__} into an annotation file')


def _load_npz(path: Path) -> Dict:
    try:
        with np.load(path, allow_pickle=False) as archive:
            content = {name: archive[name] for name in archive.files}
        header = json.loads(str(content['header']))
        if header['format'] != FORMAT:
            raise AnnotationError(f'{path}: format {header["format"]!r}, this version reads {FORMAT!r}')
        clips = header['annotations']
        for key in STORED_KEYS:
            for owner, array in _split_arrays(content, key):
                clips[owner][key] = array
    except AnnotationError:
        raise
    except Exception as error:  # damaged archives raise nearly anything
        raise AnnotationError(f'{path}: not a readable annotation archive ({type(error).__name__}: {error})') from error
    return dict(split=header['split'], metainfo=header['metainfo'], annotations=clips)


def _split_arrays(content: Dict, key: str) -> List[Tuple[int, np.ndarray]]:
    """Clip number and array of each clip that has ``key``."""
    if key not in content:
        return []
    shapes, owners = content[f'{key}_shape'], content[f'{key}_clip']
    if shapes.prod(axis=1).sum() != content[key].size or len(shapes) != len(owners):
        raise ValueError(f'{key} has {content[key].size} numbers, its shapes {shapes.prod(axis=1).sum()}')
    pieces = np.split(content[key], np.cumsum(shapes.prod(axis=1))[:-1])
    return [(int(owner), piece.reshape(shape)) for owner, shape, piece in zip(owners, shapes, pieces)]
