"""The one format on disk and between parts: a superset of what MMAction2's ``PoseDataset`` reads.

M persons, T frames, V keypoints, J joints, C coordinates.

``{'split': {name: [frame_dir]}, 'metainfo': {'classes', 'skeleton', 'fps', …}, 'annotations': [{frame_dir, label, total_frames, keypoint
(M, T, V, C), keypoint_score (M, T, V), pose (M, T, J, 3), transl (M, T, 3), subject, source, score, …}]}``

As ``.pkl`` it is that dict, for MMAction2. As ``.npz`` it holds, per array key, all clips' arrays flattened one behind the other
(``<key>``) with their shapes (``<key>_shape (n, ndim)``) and clip numbers (``<key>_clip (n,)``), and everything else as one JSON string
(``header``), so that ``numpy.load`` reads it with pickles disallowed.
"""

import json
import os
import pickle
import tempfile
from pathlib import Path
from typing import Dict, Iterable, List, Optional

import numpy as np

from mmagenc.skeletons import SKELETONS
from mmagenc.structures import Motion

from .safe_pickle import load_pickle

ARRAY_KEYS = {'keypoint': 4, 'keypoint_score': 3, 'pose': 4, 'transl': 3}
FORMAT = 'mmagenc-annotation-1'


class AnnotationError(ValueError):
    """An annotation that is not in the format; the message names file, clip and reason."""


def load_annotation(path) -> Dict:
    """Read and check an annotation file (``.npz`` or ``.pkl``).

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
    annotation = readers[path.suffix](path)
    validate_annotation(annotation, source=str(path))
    return annotation


def save_annotation(annotation: Dict, path) -> None:
    """Check and write an annotation file, ``.npz`` or ``.pkl`` by suffix, replacing an old one in one step.

    Raises:
        AnnotationError: another suffix, or clips that are broken; nothing is written.
    """
    path = Path(path)
    writers = {'.npz': _write_npz, '.pkl': lambda content, file: pickle.dump(content, file, protocol=4)}
    if path.suffix not in writers:
        raise AnnotationError(f'{path}: annotation files end in {" or ".join(writers)}')
    validate_annotation(annotation, source=str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name}.')
    try:
        with os.fdopen(handle, 'wb') as file:
            writers[path.suffix](annotation, file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def validate_annotation(annotation: Dict, *, source: str) -> None:
    """Check a whole annotation.

    Raises:
        AnnotationError: naming ``source`` and, of broken clips, up to ten with index, ``frame_dir`` and reason.
    """
    if not isinstance(annotation, dict) or not {'split', 'annotations'} <= annotation.keys():
        raise AnnotationError(f"{source}: not an annotation dict with 'split' and 'annotations'")
    metainfo = annotation.get('metainfo') or {}
    problems = list(clip_problems(annotation['annotations'], metainfo))
    if problems:
        raise AnnotationError(describe_problems(problems, source=source, total=len(annotation['annotations'])))
    names = {clip['frame_dir'] for clip in annotation['annotations']}
    for split, members in annotation['split'].items():
        missing = [member for member in members if member not in names]
        if missing:
            raise AnnotationError(f'{source}: split {split!r} names clips that are not there: {missing[:5]}')


def describe_problems(problems: List, *, source: str, total: int) -> str:
    """One message of ``(index, frame_dir, reason)`` triples."""
    shown = '\n'.join(f'  clip {index} ({name}): {reason}' for index, name, reason in problems[:10])
    more = f'\n  … and {len(problems) - 10} more' if len(problems) > 10 else ''
    return f'{source}: {len(problems)} of {total} clips are broken\n{shown}{more}'


def clip_problems(clips: Iterable[Dict], metainfo: Dict):
    """Yield ``(index, frame_dir, reason)`` of each broken clip."""
    seen = {}
    for index, clip in enumerate(clips):
        name = clip.get('frame_dir', clip.get('filename')) if isinstance(clip, dict) else None
        if name in seen:
            yield index, name, f'the same frame_dir as clip {seen[name]}'
            continue
        seen[name] = index
        reason = clip_problem(clip, metainfo)
        if reason:
            yield index, name, reason


def clip_problem(clip: Dict, metainfo: Dict) -> Optional[str]:
    """Why a clip is broken, or ``None``."""
    if not isinstance(clip, dict):
        return f'a clip is a dict, got {type(clip).__name__}'
    for key in ('frame_dir', 'label', 'total_frames', 'keypoint'):
        if key not in clip:
            return f'no {key!r}'
    classes = metainfo.get('classes')
    label = clip['label']
    if not isinstance(label, (int, np.integer)) or label < 0 or (classes and label >= len(classes)):
        return f'label {label!r} is not a class index' + (f' below {len(classes)}' if classes else '')
    if clip['total_frames'] < 1:
        return f'{clip["total_frames"]} frames'
    for key, ndim in ARRAY_KEYS.items():
        reason = _array_problem(clip, key, ndim)
        if reason:
            return reason
    skeleton = SKELETONS.get(clip.get('skeleton', metainfo.get('skeleton')))
    if skeleton and clip['keypoint'].shape[2] != skeleton.num_joints:
        return f'keypoint has {clip["keypoint"].shape[2]} joints, {skeleton.name} has {skeleton.num_joints}'
    if 'pose' in clip and clip['pose'].shape[2:] != (24, 3):
        return f'pose must be (M, T, 24, 3), got {clip["pose"].shape}'
    return None


def _array_problem(clip: Dict, key: str, ndim: int) -> Optional[str]:
    if key not in clip:
        return None
    value = clip[key]
    if not isinstance(value, np.ndarray) or value.ndim != ndim:
        return f'{key} must be an array of {ndim} axes, got {getattr(value, "shape", type(value).__name__)}'
    if value.shape[1] != clip['total_frames']:
        return f'{key} has {value.shape[1]} frames, total_frames says {clip["total_frames"]}'
    if value.shape[0] != clip['keypoint'].shape[0]:
        return f'{key} has {value.shape[0]} persons, keypoint {clip["keypoint"].shape[0]}'
    if not np.isfinite(value).all():
        return f'{key} holds NaN or infinity (first at frame {int(np.argwhere(~np.isfinite(value))[0][1])})'
    return None


def motion_to_annotations(motion: Motion, *, prefix: str, source: str = 'synthetic') -> List[Dict]:
    """Clips of a :class:`~mmagenc.structures.Motion` as annotation dicts of one person, cut to their lengths.

    Args:
        motion: N clips.
        prefix: ``frame_dir`` is ``<prefix>_<number of five digits>``.
        source: ``'synthetic'`` or ``'real'``.
    """
    arrays = {key: getattr(motion, key) for key in ('keypoint', 'pose', 'transl') if getattr(motion, key) is not None}
    arrays = {key: value.detach().cpu().float().numpy() for key, value in arrays.items()}
    return [
        dict(
            frame_dir=f'{prefix}_{index:05d}',
            label=int(motion.label[index]),
            total_frames=int(motion.length[index]),
            source=source,
            **{key: value[index, :int(motion.length[index])][None].copy() for key, value in arrays.items()}) for index in range(len(motion))
    ]


def merge_annotations(annotations: Iterable[Dict]) -> Dict:
    """One annotation of several with the same classes and layout.

    Raises:
        AnnotationError: classes or skeletons differ, or a ``frame_dir`` repeats.
    """
    annotations = list(annotations)
    for key in ('classes', 'skeleton'):
        found = [annotation['metainfo'].get(key) for annotation in annotations]
        if any(value != found[0] for value in found):
            raise AnnotationError(f'annotations with different {key} cannot be merged: {found}')
    split = {}
    for annotation in annotations:
        for name, members in annotation['split'].items():
            split.setdefault(name, []).extend(members)
    merged = dict(split=split, metainfo=dict(annotations[0]['metainfo']), annotations=[clip for a in annotations for clip in a['annotations']])
    validate_annotation(merged, source='merged annotation')
    return merged


def _write_npz(annotation: Dict, file) -> None:
    clips = annotation['annotations']
    arrays = {}
    for key, ndim in ARRAY_KEYS.items():
        owners = [index for index, clip in enumerate(clips) if key in clip]
        if owners:
            arrays[key] = np.concatenate([np.asarray(clips[index][key], dtype=np.float32).ravel() for index in owners])
            arrays[f'{key}_shape'] = np.array([clips[index][key].shape for index in owners], dtype=np.int64).reshape(-1, ndim)
            arrays[f'{key}_clip'] = np.array(owners, dtype=np.int64)
    plain = [{key: value for key, value in clip.items() if key not in ARRAY_KEYS} for clip in clips]
    header = dict(format=FORMAT, split=annotation['split'], metainfo=annotation.get('metainfo') or {}, annotations=plain)
    np.savez_compressed(file, header=np.array(json.dumps(header, default=_plain)), **arrays)


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
    except Exception as error:
        raise AnnotationError(f'{path}: not a readable annotation archive ({type(error).__name__}: {error})') from error
    if header.get('format') != FORMAT:
        raise AnnotationError(f'{path}: format {header.get("format")!r}, this version reads {FORMAT!r}')
    clips = header['annotations']
    for key in ARRAY_KEYS:
        if key in content:
            shapes = content[f'{key}_shape']
            pieces = np.split(content[key], np.cumsum(shapes.prod(axis=1))[:-1])
            for owner, shape, piece in zip(content[f'{key}_clip'], shapes, pieces):
                clips[owner][key] = piece.reshape(shape)
    return dict(split=header['split'], metainfo=header['metainfo'], annotations=clips)
