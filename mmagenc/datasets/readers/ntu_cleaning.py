"""From what Kinect tracked to the one or two people of a clip: the cleaning chain that NTU RGB+D benchmarks are run on.

M persons (1 or 2), T frames, F frames of one body. Steps and thresholds as in the scripts that SGN, CTR-GCN and InfoGCN share. In frames in
which a person is not tracked, all of the person's coordinates are 0.

Where published behaviour is a defect, this differs: a clip without a body that is long enough is refused with the reason instead of ending
the run; a body with gaps is put into its own frames; a second person who is not there in the first frame is aligned by its own first
frame instead of being erased; people stand along y, as everywhere in the package.
"""

from dataclasses import dataclass
from typing import Dict, List, Tuple

import numpy as np

from mmagenc.command_line import SECOND_BODY

from .ntu_skeleton import Body, Recording

SPINE_BASE, SPINE_MID, LEFT_HIP, RIGHT_HIP = 0, 1, 12, 16


@dataclass(frozen=True)
class Thresholds:
    """Which bodies are noise.

    Args:
        max_short: where there are several bodies, those of at most so many frames are.
        spread: a frame is noise if the body is wider than this share of its height,
        spread_frames: and the body is if at least this share of its frames is.
    """
    max_short: int = 11
    spread: float = 0.8
    spread_frames: float = 0.69754


def clean(recording: Recording, thresholds: Thresholds = Thresholds()) -> np.ndarray:  # noqa: B008 (frozen)
    """The people of a recording.

    Returns:
        ndarray: ``(M, T, 25, 3)`` float32, the one who moves most first, without frames in which nobody is.

    Raises:
        ValueError: nobody was tracked, or nobody for long enough.
    """
    bodies = occupied_frames(recording.bodies)
    if not bodies:
        raise ValueError('no body in any frame')
    if len(bodies) > 1:
        bodies = drop_short(bodies, thresholds.max_short)
        if not bodies:
            raise ValueError(f'{len(recording.bodies)} bodies, none longer than {thresholds.max_short} frames')
    ordered = order_by_motion(*drop_spread(bodies, thresholds)) if len(bodies) > 1 else list(bodies.values())
    keypoint = two_persons(ordered, 1 + max(int(body.frames[-1]) for body in bodies.values()))
    there = present(keypoint)
    if not there.any():
        raise ValueError('all coordinates are 0')
    return keypoint[there.any(axis=1)][:, there.any(axis=0)]


def occupied_frames(bodies: Dict[str, Body]) -> Dict[str, Body]:
    """The bodies with their frames counted among those in which anybody is."""
    used = np.unique(np.concatenate([body.frames for body in bodies.values()])) if bodies else np.array([])
    return {name: Body(np.searchsorted(used, body.frames), body.joints) for name, body in bodies.items()}


def drop_short(bodies: Dict[str, Body], max_short: int) -> Dict[str, Body]:
    """Those that last longer than ``max_short`` frames."""
    return {name: body for name, body in bodies.items() if len(body) > max_short}


def motion(joints: np.ndarray) -> float:
    """How much a body moves and spans: the variance of all joints' places over all frames, summed over x, y and z."""
    return float(joints.reshape(-1, 3).var(axis=0).sum())


def drop_spread(bodies: Dict[str, Body], thresholds: Thresholds) -> Tuple[Dict[str, Body], Dict[str, float]]:
    """Those that are not mostly wider than tall, and their motion, in which noisy frames do not count if that makes it less.

    The last body left stays in any case.
    """
    kept, amounts = dict(bodies), {name: motion(body.joints) for name, body in bodies.items()}
    for name, body in bodies.items():
        if len(kept) == 1:
            break
        extent = np.ptp(body.joints, axis=1)
        noisy = extent[:, 0] > thresholds.spread * extent[:, 1]
        if noisy.mean() >= thresholds.spread_frames:
            del kept[name]
        elif noisy.any():
            amounts[name] = min(amounts[name], motion(body.joints[~noisy]))
    return kept, amounts


def order_by_motion(bodies: Dict[str, Body], amounts: Dict[str, float]) -> List[Body]:
    """The bodies, most motion first; equal ones in the order in which they appear."""
    return [bodies[name] for name in sorted(bodies, key=lambda name: -amounts[name])]


def two_persons(bodies: List[Body], num_frames: int) -> np.ndarray:
    """Put bodies into the places of two persons: ``(2, T, 25, 3)``.

    The first body is person 0. Each further one continues person 0 if it does not overlap with that person's time (Kinect gives people new
    IDs when it has lost them), else person 1, else it is left out.
    """
    keypoint = np.zeros((2, num_frames, *bodies[0].joints.shape[1:]), dtype=np.float32)
    spans = [None, None]
    for body in bodies:
        first, last = int(body.frames[0]), int(body.frames[-1])
        for person, span in enumerate(spans):
            if span is None or min(span[1], last) - max(span[0], first) <= 0:
                keypoint[person, body.frames] = body.joints
                spans[person] = (first, last) if span is None else (min(span[0], first), max(span[1], last))
                break
    return keypoint


def present(keypoint: np.ndarray) -> np.ndarray:
    """``(M, T)``: whether a person is tracked in a frame."""
    return (keypoint != 0).any(axis=(2, 3))


def center(keypoint: np.ndarray, joint: int = SPINE_MID) -> np.ndarray:
    """Subtract the place of a joint of person 0, in the first frame in which that person is, from everybody who is there."""
    there = present(keypoint)
    origin = keypoint[0, there[0].argmax(), joint]
    return np.where(there[:, :, None, None], keypoint - origin, 0)


def align(keypoint: np.ndarray, *, together: bool = False) -> np.ndarray:
    """Turn everybody about the origin such that, in the person's first frame, the spine is along y and the hips in the plane of x and y.

    x then points to the person's left, y up along the spine and z forward, as everywhere in the package; as published, the spine is along
    z.

    Args:
        keypoint: ``(M, T, 25, 3)``.
        together: turn all by the turn of person 0, which keeps how people stand to each other; as published, each has an own turn.

    People whose first frame has no spine or no hips (all at one place) are left as they are.
    """
    people = np.arange(len(keypoint))
    first = keypoint[people, present(keypoint).argmax(axis=1)].astype(np.float64)
    spine, hips = first[:, SPINE_MID] - first[:, SPINE_BASE], first[:, LEFT_HIP] - first[:, RIGHT_HIP]
    with np.errstate(invalid='ignore', divide='ignore'):
        up = spine / np.linalg.norm(spine, axis=-1, keepdims=True)
        left = hips - (hips * up).sum(axis=-1, keepdims=True) * up
        left /= np.linalg.norm(left, axis=-1, keepdims=True)
    turns = np.stack([left, up, np.cross(left, up)], axis=1)
    turns[~np.isfinite(turns).all(axis=(1, 2))] = np.eye(3)
    if together:
        turns = np.repeat(turns[:1], len(keypoint), axis=0)
    return np.einsum('mij,mtvj->mtvi', turns.astype(keypoint.dtype), keypoint)


def with_second_body(keypoint: np.ndarray, mode: str) -> np.ndarray:
    """A person in the place of the second one where there is only one.

    Args:
        keypoint: ``(M, T, V, C)``.
        mode: ``'none'`` leaves it (MMAction2's ``FormatGCNInput`` can do the rest), ``'zeros'`` is as NTU60 is published, ``'copy'`` as
            NTU120.

    Raises:
        ValueError: another mode.
    """
    if mode not in SECOND_BODY:
        raise ValueError(f'second body must be one of {", ".join(SECOND_BODY)}, got {mode!r}')
    if mode == 'none' or len(keypoint) > 1:
        return keypoint
    return np.concatenate([keypoint, np.zeros_like(keypoint) if mode == 'zeros' else keypoint])
