"""Positions of two sets of clips for MMD, as far as both show them.

N clips, T frames, V keypoints, C coordinates, K classes.
"""

from typing import Dict, Optional, Sequence, Tuple

import numpy as np

from mmagenc.datasets.persons import keep_persons
from mmagenc.evaluation.functional import fill_unseen, per_class_mmd
from mmagenc.skeletons import get_skeleton

from .movement import MOST, common_joints, joint_names, seen_joints, seen_points

ORIGINS = ('first_frame', 'every_frame', 'data')


def places(clip: Dict) -> np.ndarray:
    """``(T, V, C)`` float64 of the person of a clip who is most there; points that were not seen as
    :func:`~mmagenc.evaluation.functional.fill_unseen` has them."""
    clip = keep_persons(clip, 1)
    seen = seen_points(clip)
    return fill_unseen(clip['keypoint'][0].astype(np.float64), seen)


def shows(clip: Dict, joints: np.ndarray) -> bool:
    """Whether a clip shows all of ``joints (V,)``, in half of its frames or more."""
    there = seen_points(keep_persons(clip, 1)).any(axis=1).mean() >= MOST
    return bool(there and seen_joints(clip)[joints].all())


def positions(clips: Sequence[np.ndarray], joints: np.ndarray, skeleton: Optional[str], num_frames: int, origin: str) -> np.ndarray:
    """``(N, T, V', C)`` positions of one length relative to an origin; longer clips are cut, shorter ones hold their last frame.

    Args:
        clips: N arrays ``(T, V, C)``, see :func:`places`.
        joints: ``(V,)`` keypoints that are taken.
        skeleton: their layout, for its root; ``None`` takes the first keypoint for it. Where the root is not taken, the mean of those
            that are is in its place.
        num_frames: T.
        origin: one of :data:`ORIGINS`.
    """
    stacked = np.stack([clip[np.minimum(np.arange(num_frames), len(clip) - 1)] for clip in clips])
    root = get_skeleton(skeleton).root if skeleton else 0
    taken = stacked[:, :, joints]
    middle = stacked[:, :, root, None] if joints[root] else taken.mean(axis=2, keepdims=True)
    return taken - {'data': 0, 'first_frame': middle[:, :1], 'every_frame': middle}[origin]


def hardly_shown(seen: Sequence[np.ndarray], joints: np.ndarray, num_frames: int) -> np.ndarray:
    """``(T, V')`` which points fewer than half of the clips show, given ``seen (T, V)`` of each: there nearly all is filled."""
    stacked = np.stack([each[np.minimum(np.arange(num_frames), len(each) - 1)] for each in seen])
    return stacked[:, :, joints].mean(axis=0) < MOST


def discrepancies(real: Sequence[Dict], fake: Sequence[Dict], *, num_frames: Optional[int] = None, origin: str = 'first_frame',
                  estimator: str = 'unbiased') -> Tuple[Dict[str, np.ndarray], str]:
    """``mmd_average`` and ``mmd_sequence``, ``(K,)`` each, of clips of one layout, scaled such that the real ones span -1 to 1.

    Gaps are filled. Keypoints that half of the clips of a set or more hardly show are left out of both sets, in single frames too, and so
    are clips that hardly show one of the others.

    Args:
        real, fake: annotation dicts.
        num_frames: frames that are compared; ``None`` takes the longest real clip's.
        origin: what positions are relative to.
        estimator: see :func:`~mmagenc.evaluation.functional.mmd_squared`.

    Returns:
        tuple: the discrepancies, NaN for a class of which a set has fewer than two clips; and in words what is left out, empty if nothing
        is.
    """
    num_classes = 1 + max(int(clip['label']) for clip in [*real, *fake])
    num_frames = num_frames or max(clip['total_frames'] for clip in real)
    joints, skeleton = common_joints(real, fake), real[0].get('skeleton')
    kept = [[clip for clip in clips if joints.any() and shows(clip, joints)] for clips in (real, fake)]
    seen = [[seen_points(keep_persons(clip, 1)) for clip in clips] for clips in kept]
    note = said(joints, skeleton, real=(seen[0], len(real)), generated=(seen[1], len(fake)))
    if not all(kept):
        return {f'mmd_{mode}': np.full(num_classes, np.nan) for mode in ('average', 'sequence')}, note
    first, second = (positions([places(clip) for clip in clips], joints, skeleton, num_frames, origin) for clips in kept)
    low, high = first.min(), first.max()
    hidden = np.any([hardly_shown(each, joints, num_frames) for each in seen], axis=0)
    first, second = (np.where(hidden[..., None], 0, 2 * (array - low) / max(high - low, 1e-12) - 1) for array in (first, second))
    labels = [np.array([clip['label'] for clip in clips]) for clips in kept]
    return {f'mmd_{mode}': per_class_mmd(first, labels[0], second, labels[1], num_classes, mode=mode, estimator=estimator)
            for mode in ('average', 'sequence')}, note


def said(joints: np.ndarray, skeleton: Optional[str], **sets: Tuple[Sequence[np.ndarray], int]) -> str:
    """What MMD leaves out and fills, empty if nothing.

    Args:
        joints: ``(V,)`` keypoints that are taken.
        skeleton: their layout.
        **sets: by name, ``seen (T, V)`` of the clips that are taken, and of how many clips these are.
    """
    dropped = _counted({name: (total - len(seen), total) for name, (seen, total) in sets.items()})
    filled = _counted({name: (sum(not each[:, joints].all() for each in seen), total) for name, (seen, total) in sets.items()})
    hidden = '' if joints.all() else f'keypoints that are hardly seen in most clips of a set ({", ".join(joint_names(skeleton, joints))})'
    out = ' and '.join(filter(None, [hidden, f'{dropped} that hardly show the others' if dropped else '']))
    parts = [f'leaves out {out}' if out else '', f'fills or leaves out the gaps of {filled}' if filled else '']
    return f'MMD {" and ".join(filter(None, parts))}.' if any(parts) else ''


def _counted(counts: Dict[str, Tuple[int, int]]) -> str:
    return ' and '.join(f'{count} of {total} {name} clips' for name, (count, total) in counts.items() if count)
