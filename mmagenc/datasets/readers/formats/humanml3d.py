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

from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording, Unusable, each
from mmagenc.datasets.readers.source import Source
from mmagenc.registry import READERS

FPS, NUM_JOINTS, FEATURES = 20., 22, 263
WITH_FINGERS = 52
HEIGHT = (0.05, 3.)
"""Metres between which the root's mean height is; that of normalized features is about 0."""


@READERS.register_module(name='humanml3d')
class HumanML3D(Reader):
    name = 'humanml3d'
    title = 'HumanML3D joints or features, MDM results'
    suffixes = ('.npy', )
    knows = ('3d', 'fps')

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
            return each(partial(_result, content), ((f'{source.name}_{index:04d}', index) for index in range(len(content['motion']))))
        if not isinstance(content, np.ndarray) or content.dtype.kind not in 'fiu':
            raise ValueError('expected numbers (T, 22, 3), (T, 52, 3) or (T, 263), or the dict of MDM')
        notes = ('fingers are left out', ) if content.shape[1:] == (WITH_FINGERS, 3) else ()
        return iter([_recording(source.name, joints_of(content), notes)])


def _recording(name: str, joints: np.ndarray, notes: Tuple[str, ...] = ()) -> Recording:
    return Recording(name=name, skeleton='humanml22', keypoint=joints[None].astype(np.float32), fps=FPS, up='y', notes=notes)


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
    if not HEIGHT[0] < height.mean() < HEIGHT[1]:
        raise ValueError(f"the root's height (feature 3) is {height.mean():.3g} m on average: these features are normalized; "
                         'multiply by Std.npy and add Mean.npy first')
    # The file's angle is half of the turn about y, and turns the world into the root's heading.
    heading = -2 * np.concatenate([[0.], np.cumsum(turn[:-1])])
    steps = np.zeros((len(features), 3))
    steps[1:, [0, 2]] = way[:-1]
    path = np.cumsum(_about_y(steps[:, None], heading)[:, 0], axis=0)
    path[:, 1] = height
    joints = _about_y(features[:, 4:4 + 3 * (NUM_JOINTS - 1)].reshape(-1, NUM_JOINTS - 1, 3), heading)
    joints[..., [0, 2]] += path[:, None, [0, 2]]
    return np.concatenate([path[:, None], joints], axis=1)


def _about_y(points: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Points ``(T, V, 3)`` turned about y by ``angle (T,)``, radians."""
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    x, y, z = np.moveaxis(points, -1, 0)
    return np.stack([cos * x + sin * z, y, cos * z - sin * x], axis=-1)


def _is_results(content) -> bool:
    return isinstance(content, dict) and isinstance(content.get('motion'), np.ndarray) and content['motion'].ndim == 4 and \
        content['motion'].shape[1:3] == (NUM_JOINTS, 3)


def _result(content: Dict, name: str, index: int) -> Recording:
    motion, lengths = content['motion'], content.get('lengths')
    length = motion.shape[-1]
    if lengths is not None:
        if np.shape(lengths) != (len(motion), ) or not 0 < int(lengths[index]) <= length:
            raise ValueError(f'lengths must be {len(motion)} numbers from 1 to {length}')
        length = int(lengths[index])
    return _recording(name, joints_of(np.moveaxis(motion[index], -1, 0)[:length]))
