"""How much a body moves, told from what a pose estimator's jitter adds.

T frames, V keypoints, C coordinates, B bones.

All functions take one person's clip. Lengths are in *body lengths*: the length of the longest way along the bones from one tip to
another (fingertip to toe, say), each bone the median over the frames in which it is seen, so that pixels, metres and millimetres, infants
and adults compare.
"""

from typing import Dict, List, Optional, Sequence

import numpy as np

from mmagenc.skeletons import longest_chain
from mmagenc.skeletons.skeleton import ancestors

from .plausibility import bone_lengths
from .unseen import all_seen, mean_over_seen

LAG = 0.2
"""Seconds over which steps are measured: short for a limb's movement, long for jitter, which does not grow with the lag."""


def body_length(keypoint, parents: Sequence[int], valid: Optional[np.ndarray] = None, joints: Optional[np.ndarray] = None) -> float:
    r"""Length of a body in a clip's own unit: the bones of :func:`~mmagenc.skeletons.longest_chain` added up, each the median over the
    frames in which both of its ends are seen.

    Args:
        keypoint: ``(T, V, C)``.
        parents: V parent indices, −1 at the root.
        valid: ``(T, V)``, true where a keypoint was seen; ``None`` means everywhere.
        joints: ``(V,)``, true for the keypoints that count, where some are not seen in any of the clips that are compared: the longest way
            is then that through them. ``None`` takes all.

    Returns:
        float: 0 where all keypoints lie on one place; NaN where a bone of the chain is never seen, or there is none: lengths of another
        chain would not compare.

    Raises:
        ValueError: another shape, or values that are not finite.
    """
    parents = np.asarray(parents)
    chain = _chain(parents, joints)
    lengths = bone_lengths(keypoint, parents)[:, np.searchsorted(np.flatnonzero(parents >= 0), chain)]
    seen = np.ones(lengths.shape, dtype=bool) if valid is None else _ends_seen(np.asarray(valid, dtype=bool), parents, chain)
    if not seen.any(axis=0).all() or (joints is not None and not chain):
        return float('nan')
    return float(sum(np.median(length[both]) for length, both in zip(lengths.T, seen.T)))


def _chain(parents: np.ndarray, joints: Optional[np.ndarray]) -> List[int]:
    """Keypoints whose bones make the longest way, or the longest through ``joints (V,)``."""
    if joints is None or np.all(joints):
        return list(longest_chain(tuple(parents.tolist())))
    joints = np.asarray(joints, dtype=bool)
    cut = np.where((parents >= 0) & joints & joints[parents], parents, -1)
    tree = np.array([ancestors(cut.tolist(), joint)[-1] for joint in range(len(cut))])
    ways = []
    for root in np.flatnonzero(cut < 0):
        members = np.flatnonzero(tree == root)
        inner = np.where(cut[members] >= 0, np.searchsorted(members, cut[members]), -1)
        ways.append([int(members[joint]) for joint in longest_chain(tuple(inner.tolist()))])
    return max(ways, key=len)


def _ends_seen(valid: np.ndarray, parents: np.ndarray, bones: Sequence[int]) -> np.ndarray:
    """``(T, B)`` whether both ends of the bones of these keypoints are seen."""
    return valid[:, bones] & valid[:, parents[bones]]


def clip_movement(keypoint,
                  parents: Sequence[int],
                  fps: float,
                  *,
                  root: Optional[int] = None,
                  valid: Optional[np.ndarray] = None,
                  joints: Optional[np.ndarray] = None) -> Dict[str, float]:
    r"""Speed and range of a clip's joints, and whether its bones keep their lengths; lengths in body lengths.

    - ``speed``: root mean square over joints, and of each over the frames in which it is seen, of the speed over a lag of k frames (0.2 s),

      .. math:: v^2 = \frac{\langle \|x_{t+k,v} - x_{t,v}\|^2 \rangle - 2\sigma^2}{(k / \mathrm{fps})^2},
                \qquad \sigma^2 = \langle \|\Delta^3 x_{t,v}\|^2 \rangle / 20,

      in body lengths a second. :math:`\sigma^2` is the power of jitter that is independent from frame to frame (third differences have
      20 times the power of white noise, and next to nothing of a limb's path); it would otherwise pass for movement, for most of it in
      recordings of a pose estimator. Squares are averaged before the root is taken, so that one arm that waves counts.
    - ``range``: root mean square distance of the joints from their mean places, in body lengths, jitter removed likewise.
    - ``jitter``: :math:`\sigma`, in body lengths.
    - ``bone_change``: mean over bones (that are seen) of the standard deviation of a bone's length, relative to the body's; 0 for a rigid
      body.

    What was not seen counts nowhere.

    Args:
        keypoint: ``(T, V, C)``, T of at least 2.
        parents: V parent indices, −1 at the root.
        fps: frames a second.
        root: keypoint whose path is subtracted, for clips whose path is not known; ``None`` measures paths as they are.
        valid: ``(T, V)``, true where a keypoint was seen; ``None`` means everywhere.
        joints: ``(V,)``, true for the keypoints that are measured, see :func:`body_length`; ``None`` takes all.

    Returns:
        dict: also ``body_length``, in the clip's own unit. All NaN but that where the body has no length, or where that is not known (NaN
        itself); a number is NaN where too little is seen for it.

    Raises:
        ValueError: another shape, a single frame, values that are not finite, or a rate that is not positive.
    """
    keypoint = np.asarray(keypoint, dtype=np.float64)
    if keypoint.ndim != 3 or len(keypoint) < 2 or fps <= 0:
        raise ValueError(f'movement needs (T, V, C) keypoints of two frames and a positive fps, got {keypoint.shape} and {fps}')
    parents = np.asarray(parents)
    valid = np.ones(keypoint.shape[:2], dtype=bool) if valid is None else np.asarray(valid, dtype=bool)
    if joints is not None:
        valid = valid & np.asarray(joints, dtype=bool)
    lengths, unit = bone_lengths(keypoint, parents), body_length(keypoint, parents, valid, joints)
    if not unit > 0:
        return dict(speed=np.nan, range=np.nan, jitter=np.nan, bone_change=np.nan, body_length=unit)
    bones = np.flatnonzero(parents >= 0)
    change = _deviation(lengths, _ends_seen(valid, parents, bones))
    path = keypoint if root is None else keypoint - keypoint[:, root, None]
    valid = valid if root is None else valid & valid[:, root, None]
    lag = min(max(round(LAG * fps), 1), len(path) - 1)
    jitter = np.nan_to_num(_power(np.diff(path, n=3, axis=0), all_seen(valid, 4))) / 20 if len(path) > 3 else 0.
    # A short lag leaves little between jitter and movement: at most the movement itself is taken away.
    step = np.maximum(_power(path[lag:] - path[:-lag], valid[lag:] & valid[:-lag]) - 2 * jitter, 0.)
    spread = np.maximum(_power(path - _mean_place(path, valid), valid) - jitter, 0.)
    return dict(
        speed=float(np.sqrt(step) / unit * fps / lag),
        range=float(np.sqrt(spread) / unit),
        jitter=float(np.sqrt(jitter) / unit),
        bone_change=float(change.mean() / unit) if len(change) else 0.,
        body_length=unit)


MOVEMENT_RATIO = 4.
"""Generated clips that move by more than so many times less or more than the recordings are warned of."""
STILL = 0.02
"""Body lengths a second below which a body is as good as still (3 cm/s for an adult): a ratio of two such speeds says nothing."""


def movement_is_off(generated: float, recorded: float, *, still: float = STILL) -> bool:
    """Whether generated clips of a class move much less (statues) or much more than the recordings.

    Args:
        generated, recorded: speeds, in one unit.
        still: below which both may lie without being compared, in that unit.

    Returns:
        bool: false where a speed is not known.
    """
    if not np.isfinite([generated, recorded]).all() or max(generated, recorded) < still:
        return False
    return not recorded / MOVEMENT_RATIO <= generated <= recorded * MOVEMENT_RATIO


def _power(values: np.ndarray, valid: np.ndarray) -> float:
    """Mean square length of ``(T, V, C)`` vectors where ``valid (T, V)``; NaN where none is."""
    return mean_over_seen((values**2).sum(axis=-1), valid)


def _mean_place(path: np.ndarray, valid: np.ndarray) -> np.ndarray:
    weight = np.maximum(valid.sum(axis=0), 1)[:, None]
    return np.where(valid[..., None], path, 0).sum(axis=0) / weight


def _deviation(lengths: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Standard deviation of each bone's length over the frames in which it is seen, of the bones that are."""
    return np.array([length[both].std() for length, both in zip(lengths.T, seen.T) if both.any()])
