"""One clip in the annotation format (:mod:`mmagenc.datasets.annotation`): its arrays, its label, who is in it and what is not seen.

Generators, recognizers and datasets ask the same of a clip, and none of them imports another for it.

M persons, T frames, V keypoints, C coordinates, N clips.
"""

from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Union

import numpy as np

from .structures import FRAME_FIELDS, Motion

ARRAY_KEYS = {'keypoint': 4, 'keypoint_score': 3, 'pose': 4, 'transl': 3}
"""Arrays that begin with persons and frames, and their numbers of axes."""
MAX_FRAMES = 1_000_000
"""Of a clip: nine hours at 30 a second."""
USUAL_FPS = 30.
"""Frames a second where nothing says otherwise, as in the published infant clips and of most cameras."""
USUAL_LAYOUTS = {(2, 17): 'coco17', (2, 13): 'penn13', (2, 25): 'body25', (2, 18): 'openpose18', (2, 26): 'halpe26', (2, 33): 'blazepose33',
                 (3, 25): 'ntu25', (3, 24): 'smpl24', (3, 17): 'h36m17', (3, 20): 'ucla20', (3, 22): 'humanml22'}
"""What files without a layout most likely have, by coordinates and keypoints."""
UNLABELLED = -1
"""Label of a clip that nobody has labelled; ``None``, or none at all, says the same."""


class AnnotationError(ValueError):
    """An annotation that is not in the format; the message names file, clip and reason."""


def is_unlabelled(clip: Dict) -> bool:
    """Whether a clip has no label: none, ``None`` or -1."""
    label = clip.get('label')
    return label is None or (not isinstance(label, (bool, np.ndarray)) and label == UNLABELLED)


def other_rates(clips: Iterable[Mapping], metainfo: Mapping, fps: Optional[float]) -> List[str]:
    """The frame rates among clips that are more than 1 % off ``fps`` (29.97 is 30), in their order; none where either is not known."""
    rates = {clip.get('fps') or metainfo.get('fps') for clip in clips} - {None}
    return [f'{rate:g}' for rate in sorted(rates) if fps and abs(rate / fps - 1) > 0.01]


def array_problem(clip: Dict, key: str) -> Optional[str]:
    """Why an array of ``ARRAY_KEYS`` is none of its kind, or has not the clip's frames and persons; ``None`` if it has, or is not there."""
    if key not in clip:
        return None
    value, ndim = clip[key], ARRAY_KEYS[key]
    if not isinstance(value, np.ndarray) or value.ndim != ndim or value.dtype.kind not in 'fiu':
        return f'{key} must be an array of numbers of {ndim} axes, got {getattr(value, "shape", type(value).__name__)}'
    if value.size == 0:
        return f'{key} is empty: {value.shape}'
    if value.shape[1] != clip['total_frames']:
        return f'{key} has {value.shape[1]} frames, total_frames says {clip["total_frames"]}'
    if value.shape[0] != clip['keypoint'].shape[0]:
        return f'{key} has {value.shape[0]} persons, keypoint {clip["keypoint"].shape[0]}'
    return None


def nobody_is_seen(clip: Mapping) -> bool:
    """Whether every point of a clip is one of :func:`missing_points`; one look at the frame in the middle is enough of most clips."""
    keypoint, score = clip['keypoint'], clip.get('keypoint_score')
    middle = keypoint.shape[1] // 2
    sure = (np.isfinite(keypoint[:, middle]) & (keypoint[:, middle] != 0)).all(axis=-1)
    if (sure if score is None else sure & (score[:, middle] > 0)).any():
        return False
    return bool(missing_points(keypoint, score).all())


def persons_there(keypoint: np.ndarray) -> np.ndarray:
    """``(M,)`` which persons of ``(M, T, V, C)`` are there: have a point that is not zero (or not finite) in any frame."""
    return ((keypoint != 0) & np.isfinite(keypoint)).any(axis=(1, 2, 3))


def distinct_persons(keypoint: np.ndarray) -> np.ndarray:
    """``(M,)`` which persons of ``(M, T, V, C)`` are there and are no copy of one before, as NTU RGB+D 120 is published with."""
    kept = persons_there(keypoint)
    for person in range(1, len(keypoint)):
        kept[person] &= not any(np.array_equal(keypoint[person], keypoint[other]) for other in np.flatnonzero(kept[:person]))
    return kept


def present_persons(clip: Dict) -> List[int]:
    """Numbers of the persons of a clip who are really there: neither all zeros in all frames, nor a copy of another."""
    return np.flatnonzero(distinct_persons(clip['keypoint'])).tolist()


def count_persons(clip: Dict) -> int:
    """How many persons of a clip are really there: neither all zeros in all frames, nor a copy of another."""
    return len(present_persons(clip))


def left_out_in_words(clips: Sequence[Dict], takes: int) -> Optional[str]:
    """That a recognizer sees the first ``takes`` persons of each clip, where others are there; ``None`` where none are."""
    crowded = [clip['frame_dir'] for clip in clips if any(person >= takes for person in present_persons(clip))]
    if not crowded:
        return None
    return (f'{len(crowded)} clips have persons behind the first {takes}, such as {crowded[0]}: the recognizer sees the first {takes} of '
            f'each clip alone; mmagenc mix --num-persons {takes} keeps those who are most there')


def seen_by_score(score: np.ndarray) -> np.ndarray:
    """Which points of a clip were seen, as its scores ``(M, T, V)`` say: those above 0, or all, where all scores are 0 and say nothing."""
    seen = np.nan_to_num(np.asarray(score)) > 0
    return seen if seen.any() else np.ones_like(seen)


def missing_points(keypoint: np.ndarray, score: Optional[np.ndarray] = None) -> np.ndarray:
    """Which points have no place.

    Those that are not finite; those of score 0 (unless all scores of the clip are 0); all points of a person who is all zeros in a frame.
    Without scores also pixels that are exactly (0, 0), which is how estimators write a point that they do not see. A clip with negative
    coordinates was centred, and a single (0, 0, 0) in space may be a root that was: both are places.

    Args:
        keypoint: ``(M, T, V, C)``.
        score: ``(M, T, V)``.

    Returns:
        ndarray: ``(M, T, V)`` bool.
    """
    missing, zero = ~np.isfinite(keypoint).all(axis=-1), (keypoint == 0).all(axis=-1)
    if score is not None:
        missing |= ~seen_by_score(score)
    elif keypoint.shape[-1] == 2 and not (keypoint < 0).any():
        missing |= zero
    return missing | (missing | zero).all(axis=2, keepdims=True)


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
    arrays = {key: getattr(motion, key) for key in FRAME_FIELDS if getattr(motion, key) is not None}
    arrays = {key: value.detach().cpu().float().numpy() for key, value in arrays.items()}
    paths = None if motion.class_path is None else motion.class_path.cpu().numpy()
    return [
        dict(
            frame_dir=f'{prefix}_{index:05d}',
            label=int(motion.label[index]),
            total_frames=int(motion.length[index]),
            source=source,
            **({'skeleton': skeleton} if skeleton else {}),
            **({} if latents is None else {'latent': latents[index].copy()}),
            **({} if paths is None else {'class_path': paths[index, :int(motion.length[index])].copy()}),
            **({} if motion.img_shape is None else {'img_shape': tuple(motion.img_shape[index].tolist())}),
            **{key: value[index, :int(motion.length[index])][None].copy() for key, value in arrays.items()}) for index in range(len(motion))
    ]


def class_index(names: Sequence[str], item: Union[int, str]) -> int:
    """Index of a class by name (of either case, where that leaves one) or index (also as digits, where no class has that name).

    Raises:
        ValueError: an unknown class, or one of several that differ in case alone; the known ones are listed.
    """
    index = item
    if isinstance(item, str):
        alike = [place for place, name in enumerate(names) if name == item or name.lower() == item.lower()]
        exact = [place for place in alike if names[place] == item]
        if len(exact or alike) > 1:
            raise ValueError(f'class {item!r} may be any of {", ".join(f"{place} {names[place]}" for place in exact or alike)}: write the '
                             'name as it stands there, or its number')
        index = (exact or alike or [place for place in range(len(names)) if str(place) == item] or [None])[0]
    if index is None or not 0 <= index < len(names):
        raise ValueError(f'unknown class {item!r}; known: {", ".join(f"{i} {name}" for i, name in enumerate(names))}')
    return index
