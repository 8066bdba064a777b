"""From a BVH file to a clip of SMPL poses: read, clean of what is no motion, bring to a rate, fit, and check as a person.

T frames.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Optional

import numpy as np

from mmagenc.body_models.fitting import fit_motion
from mmagenc.body_models.person_check import person_findings
from mmagenc.body_models.rigs import Rig, detect_rig
from mmagenc.skeletons import get_skeleton

from .assumptions import Assumption
from .bvh import Bvh, read_bvh

_STILL = 1.  # Degrees within which frames show one pose.
_JUMP = 30.  # Degrees by which a joint jumps from a pose of calibration into the motion.
_STRAIGHT = 20.  # Degrees of a joint in a T-pose from the zero pose.
_LEADING = 10  # Frames at most that such a pose takes.
HEAD, CLAVICLE = map(get_skeleton('smpl24').joint_names.index, ('head', 'left_collar'))


@dataclass(frozen=True)
class BvhSettings:
    """How BVH files are converted.

    Args:
        rest_joints: ``(24, 3)`` joints of the body to pose.
        rig: names of the joints; default the shipped one that fits best.
        fps: frames per second of the result; ``None`` keeps the file's.
        unit: metres per unit; default by rig or by the length of the legs.
        scale: metres of the result per metre of path; default as small as the body.
        up: axis of the files that points up; default found.
        lenient: take the whole frames of files whose header announces another number.
        source_fps: frames per second of the files, where they say them wrong.
    """
    rest_joints: np.ndarray
    rig: Optional[Rig] = None
    fps: Optional[float] = 20.
    unit: Optional[float] = None
    scale: Optional[float] = None
    up: Optional[str] = None
    lenient: bool = False
    source_fps: Optional[float] = None


def convert_bvh(path: Path, settings: BvhSettings) -> Dict:
    """One file as ``pose``, ``transl``, ``keypoint``, with ``quality`` (how well it fits), ``assumed`` (:class:`Assumption`) and ``doubts``
    (words by name).

    Raises:
        BvhError: a damaged file.
        ValueError: joints that no rig knows, lengths that no unit makes a person's.
    """
    recording = read_bvh(path, lenient=settings.lenient, fps=settings.source_fps)
    rig = settings.rig or detect_rig(recording.names, recording.rest_positions())
    rate, notes = recording.fps, list(recording.notes)
    if HEAD not in rig.find(recording.names):
        notes.append(f'no joint is the head by the names of rig {rig.name}: it stays at rest')
    others = _other_skeletons(recording, rig)
    if others:
        notes.append(f'another skeleton or thing in the file is not read (below {", ".join(others)})')
    dropped = leading_frames(recording)
    if dropped:
        recording = recording.part(dropped)
        notes.append(f'a pose for calibration at the beginning ({dropped} frame{"s" * (dropped > 1)}) was left out')
    fps = settings.fps or rate
    recording = recording.resample(fps)
    positions, rotations = recording.global_transforms()
    fit = fit_motion(positions, rotations, recording.names, rig=rig, rest_joints=settings.rest_joints,
                     rest_positions=recording.rest_positions(), unit=settings.unit, scale=settings.scale, up=settings.up)
    if fit.assumed.floor is not None:
        notes.append('no floor at zero: the lowest joint was put on it')
    turns = fit.turns() if len(recording) > 1 else fit.pose.new_zeros(1, 24)
    quality = dict(
        frames=len(recording), rig=rig.name, scale=fit.scale, lift=fit.lift, flips=fit.flips(),
        path_error=float(fit.path_error().max()), heading_error=float(fit.heading_error().mean()),
        angles={bone: [float(angle.mean()), float(angle.max())] for bone, angle in fit.bone_angles().items()},
        turns=turns.amax(dim=0).tolist())
    return dict(pose=fit.pose.numpy(), transl=fit.transl.numpy(), keypoint=fit.keypoint.numpy(), quality=quality,
                assumed=Assumption(fit.assumed.words(), rate, fit.assumed.legs, tuple(notes)),
                doubts={**fit.assumed.doubts, **_arms(recording, rig), **person_findings(fit, fps)})


def _arms(recording: Bvh, rig: Rig) -> Dict[str, str]:
    """What is to be told of a rig that the user names and whose clavicle is an upper arm by the bones' lengths."""
    if not rig.begins_at_upper_arm(recording.names, recording.rest_positions()):
        return {}
    upper = recording.names[rig.find(recording.names)[CLAVICLE]]
    return {'arms': f'{upper} is the upper arm by the lengths of the bones, not the clavicle: without --rig it is taken for that'}


def _other_skeletons(recording: Bvh, rig: Rig) -> List[str]:
    """Roots of a file's trees that hold no joint of a rig."""
    trees = list(range(len(recording.names)))
    for joint, parent in enumerate(recording.parents):
        trees[joint] = trees[parent] if parent >= 0 else joint
    read = {trees[joint] for joint in rig.find(recording.names).values()}
    return [recording.names[root] for root in dict.fromkeys(trees) if root not in read]


def leading_frames(recording: Bvh) -> int:
    """How many frames at the beginning show a still pose (the T-pose of converted files) from which the person jumps into the motion."""
    if len(recording) < 4:
        return 0
    steps = _turns(recording.rotations[:min(len(recording), 3 * _LEADING)])
    for frame, step in enumerate(steps[:_LEADING]):
        if step > _JUMP:
            after = steps[frame + 1:]
            alone = len(after) and step > 3 * np.median(after) and step > 1.5 * after.max()
            return frame + 1 if alone and _is_pose(recording, frame) else 0
        if step > _STILL:
            return 0
    return 0


def _is_pose(recording: Bvh, frame: int) -> bool:
    """Whether a frame is the zero pose, nearly, wherever the root is."""
    turned = recording.rotations[frame, np.array(recording.parents) >= 0]
    return bool((np.degrees(np.arccos(np.clip((np.trace(turned, axis1=1, axis2=2) - 1) / 2, -1, 1))) < _STRAIGHT).mean() > 0.8)


def _turns(rotations: np.ndarray) -> np.ndarray:
    """Largest turn of a joint in degrees from each frame ``(T, J, 3, 3)`` to the next, ``(T - 1,)``."""
    change = rotations[:-1].swapaxes(-1, -2) @ rotations[1:]
    return np.degrees(np.arccos(np.clip((np.trace(change, axis1=-2, axis2=-1) - 1) / 2, -1, 1))).max(axis=1)
