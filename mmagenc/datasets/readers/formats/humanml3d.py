"""HumanML3D (Guo et al., CVPR 2022): ``new_joints/000000.npy`` and ``new_joint_vecs/000000.npy``, and what MDM generates from it.

T frames at 20 a second, y up, metres. ``(T, 22, 3)`` are positions; ``(T, 52, 3)``, of its folder ``joints``, those of SMPL-H's joints, of
which the last 30 are fingers. ``(T, 263)`` says of each frame: the root's turn about y to the next frame (half of it, as the sine's arc of
a quaternion), its way in x and z to the next frame, seen from its heading, its height; then the 21 other joints, seen from the root's
heading, their rotations and velocities, and whether the feet touch the floor.
MDM's ``results.npy`` holds a dict: ``motion (N, 22, 3, T)``, ``lengths (N,)``, ``text``.
"""

from functools import partial
from typing import Dict, Iterator, Optional, Tuple, Union

import numpy as np

from mmagenc.datasets.readers.markers import KNOWN_UPS
from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording, Unusable, each
from mmagenc.datasets.readers.source import Source
from mmagenc.datasets.readers.upright import to_y_up, up_of_person
from mmagenc.registry import READERS
from mmagenc.skeletons import get_skeleton

UPS = ('-y', 'z', '-z')
"""Other axes that the user may say."""
FPS, NUM_JOINTS, FEATURES = 20., 22, 263
WITH_FINGERS = 52
HEIGHT = (0.05, 3.)
"""Metres between which the root's mean height is; that of normalized features is about 0."""
THIGH, STEADY = (0.1, 1.5), 0.25
"""Metres that thighs have, and how much their lengths may differ between frames, in their size; normalized features make no thighs."""
TALLEST = 4.
"""Metres that nobody reaches from joint to joint."""


@READERS.register_module(name='humanml3d')
class HumanML3D(Reader):
    name = 'humanml3d'
    title = 'HumanML3D joints or features, MDM results'
    suffixes = ('.npy', )
    knows = ('3d', 'fps')
    takes_unit = True

    def sniff(self, source: Source) -> Optional[str]:
        content = source.array()
        if _is_results(content):
            return f"MDM's results, {len(content['motion'])} clips"
        if not isinstance(content, np.ndarray) or content.dtype.kind != 'f' or not len(content.shape):
            return None
        if content.shape[1:] == (NUM_JOINTS, 3) and len(content):
            return 'HumanML3D, positions of 22 joints'
        if content.shape[1:] == (WITH_FINGERS, 3) and len(content):
            return 'HumanML3D, positions of 52 joints'
        return 'HumanML3D, 263 features' if content.ndim == 2 and content.shape[1] == FEATURES and len(content) > 1 else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Union[Recording, Unusable]]:
        content = source.content()
        if _is_results(content):
            clips = ((f'{source.name}_{index:04d}', index) for index in range(len(content['motion'])))
            return each(partial(_result, content, options), clips)
        if not isinstance(content, np.ndarray) or content.dtype.kind not in 'fiu':
            raise ValueError('expected numbers (T, 22, 3), (T, 52, 3) or (T, 263), or the dict of MDM')
        notes = ('fingers are left out', ) if content.shape[1:] == (WITH_FINGERS, 3) else ()
        return iter([_recording(source.name, joints_of(content), options, notes)])


def _recording(name: str, joints: np.ndarray, options: ReadOptions, notes: Tuple[str, ...] = ()) -> Recording:
    joints = joints * (options.unit or 1.)
    tall = float(np.median(np.linalg.norm(np.ptp(joints, axis=1), axis=-1)))
    if tall > TALLEST:
        raise ValueError(f'a person of {tall:.4g} from joint to joint: these are no metres; --unit says what they are')
    up = options.up or 'y'
    if up not in KNOWN_UPS:
        joints, up, notes = joints @ to_y_up(up).T, 'y', (*notes, f'turned from {up} up to y up')
    elif options.up is None and (other := up_of_person(joints, get_skeleton('humanml22'))) != 'y':
        notes = (*notes, f'y is up, as HumanML3D has it, but the head lies along {other} from the feet: if that is up, --up={other} says so'
                 if other in UPS else 'y is up, as HumanML3D has it, but the head lies along another axis from the feet')
    return Recording(name=name, skeleton='humanml22', keypoint=joints[None].astype(np.float32), fps=FPS, up=up, notes=notes)


def joints_of(content: np.ndarray) -> np.ndarray:
    """Positions ``(T, 22, 3)`` of positions or features.

    Raises:
        ValueError: another shape, values that are not finite, or features that are normalized.
    """
    if content.ndim == 0 or not np.isfinite(content).all():
        raise ValueError('the numbers hold NaN or infinity' if content.ndim else 'a single number')
    if content.shape[1:] in ((NUM_JOINTS, 3), (WITH_FINGERS, 3)) and len(content):
        return content[:, :NUM_JOINTS].astype(np.float64)
    if content.ndim != 2 or content.shape[1] != FEATURES or not len(content):
        raise ValueError(f'expected numbers (T, 22, 3), (T, 52, 3) or (T, 263), got {content.shape}')
    return _of_features(content.astype(np.float64))


def _of_features(features: np.ndarray) -> np.ndarray:
    turn, way, height = features[:, 0], features[:, 1:3], features[:, 3]
    said = None if HEIGHT[0] < height.mean() < HEIGHT[1] else f"the root's height (feature 3) is {height.mean():.3g} m on average"
    said = said or _no_thighs(features[:, 4:4 + 3 * (NUM_JOINTS - 1)].reshape(-1, NUM_JOINTS - 1, 3))
    if said:
        raise ValueError(f'{said}: these features are normalized; multiply by Std.npy and add Mean.npy first')
    # The file's angle is half of the turn about y, and turns the world into the root's heading.
    heading = -2 * np.concatenate([[0.], np.cumsum(turn[:-1])])
    steps = np.zeros((len(features), 3))
    steps[1:, [0, 2]] = way[:-1]
    path = np.cumsum(_about_y(steps[:, None], heading)[:, 0], axis=0)
    path[:, 1] = height
    joints = _about_y(features[:, 4:4 + 3 * (NUM_JOINTS - 1)].reshape(-1, NUM_JOINTS - 1, 3), heading)
    joints[..., [0, 2]] += path[:, None, [0, 2]]
    return np.concatenate([path[:, None], joints], axis=1)


def _no_thighs(joints: np.ndarray) -> Optional[str]:
    """What is wrong with the thighs of joints ``(T, 21, 3)``, all but the root."""
    thighs = np.linalg.norm(joints[:, 3:5] - joints[:, 0:2], axis=-1)
    length, change = float(np.median(thighs)), float(thighs.std(axis=0).max())
    if THIGH[0] < length < THIGH[1] and change < STEADY * length:
        return None
    return f'thighs of {length:.3g} m, whose length changes by {change:.2g} m from frame to frame'


def _about_y(points: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Points ``(T, V, 3)`` turned about y by ``angle (T,)``, radians."""
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    x, y, z = np.moveaxis(points, -1, 0)
    return np.stack([cos * x + sin * z, y, cos * z - sin * x], axis=-1)


def _is_results(content) -> bool:
    return isinstance(content, dict) and isinstance(content.get('motion'), np.ndarray) and content['motion'].ndim == 4 and \
        content['motion'].shape[1:3] == (NUM_JOINTS, 3)


def _result(content: Dict, options: ReadOptions, name: str, index: int) -> Recording:
    motion, lengths = content['motion'], content.get('lengths')
    length = motion.shape[-1]
    if lengths is not None:
        if np.shape(lengths) != (len(motion), ) or not 0 < int(lengths[index]) <= length:
            raise ValueError(f'lengths must be {len(motion)} numbers from 1 to {length}')
        length = int(lengths[index])
    return _recording(name, joints_of(np.moveaxis(motion[index], -1, 0)[:length]), options)
