"""Other bodies and other cameras: limb lengths, shear, and where in the picture.

M persons, T frames, V keypoints, C coordinates.
"""

from functools import lru_cache
from typing import Dict, Tuple

import numpy as np

from mmagenc.registry import TRANSFORMS
from mmagenc.skeletons import Skeleton

from .augmenting import PointAugmentation, body_length, check_coordinates, check_not_negative, layout_of, places_of


@TRANSFORMS.register_module()
class RandomLimbLengths(PointAugmentation):
    """Give each person limbs of other lengths: every bone is a random factor longer or shorter, throughout the clip.

    Left and right bones share their factor. Directions stay, and so does the root, from which the body is put together again. Rotations and
    ``transl`` stay: they are the same on another body.

    Args:
        change: largest change, a share of the length: 0.12 draws factors between 0.88 and 1.12.
        test_mode: leave clips as they are; a dataset in test mode gets this in any case.

    Raises:
        ValueError: a change outside [0, 1), or a clip whose layout is not known.
    """

    def __init__(self, change: float = 0.12, test_mode: bool = False) -> None:
        super().__init__(test_mode)
        if not 0 <= change < 1:
            raise ValueError(f'change is a share of the length in [0, 1), got {change}')
        self.change = change

    def move(self, results: Dict) -> None:
        layout = layout_of(results, 'RandomLimbLengths')
        check_coordinates(results, 'RandomLimbLengths')
        keypoint = results['keypoint']
        persons, frames, joints, dims = keypoint.shape
        paths, bones, shared = _tree(layout)
        factor = np.random.uniform(1 - self.change, 1 + self.change, (persons, joints))[:, shared]
        factor[:, layout.root] = 1
        matrix = ((paths * factor[:, None]) @ bones).swapaxes(1, 2).astype(np.float32)
        flat = keypoint.swapaxes(2, 3).reshape(persons, frames * dims, joints)
        results['keypoint'] = np.ascontiguousarray((flat @ matrix).reshape(persons, frames, dims, joints).swapaxes(2, 3))


@lru_cache(maxsize=64)
def _tree(layout: Skeleton) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bones to positions, ``(V, V)``; positions to bones, ``(V, V)``; and for each joint the one of a pair whose factor it takes."""
    bones = layout.mode_matrix(1)
    return np.linalg.inv(bones), bones, np.minimum(np.arange(layout.num_joints), layout.flip_indices)


@TRANSFORMS.register_module()
class RandomShear(PointAugmentation):
    """Shear each person's body, as a camera that stands too near or is not level does, the same in all frames.

    Each coordinate takes a random share of each other one, measured from the body's place in the frame (the middle of the hips). Places
    stay, and with them paths and ``transl``: sheared too, they would lead uphill. Rotations stay: a sheared body has none.

    Args:
        shear: largest share.
        test_mode: leave clips as they are; a dataset in test mode gets this in any case.

    Raises:
        ValueError: a negative share, or a clip whose keypoints are neither 2-D nor 3-D.
    """

    def __init__(self, shear: float = 0.1, test_mode: bool = False) -> None:
        super().__init__(test_mode)
        check_not_negative(shear=shear)
        self.shear = shear

    def move(self, results: Dict) -> None:
        dims, keypoint = check_coordinates(results, 'RandomShear'), results['keypoint']
        matrix = np.random.uniform(-self.shear, self.shear, (dims, dims))
        np.fill_diagonal(matrix, 0)
        from_place = keypoint - places_of(keypoint, results.get('skeleton'))[:, :, None]
        change = from_place.reshape(-1, dims) @ matrix.T.astype(np.float32)
        results['keypoint'] = keypoint + change.reshape(keypoint.shape)


@TRANSFORMS.register_module()
class RandomPlacement(PointAugmentation):
    """See a clip of two coordinates otherwise placed: turned in the plane, larger or smaller, and shifted, the same in all frames.

    What a turn about the vertical is to positions in space, which pixels cannot be given. The clip is turned and scaled about the body's
    place in the first frame. Rotations (``pose``, ``transl``) are those of a body in space and stay.

    Args:
        turn: largest angle either way, in radians.
        scale: largest factor either way, of which the logarithm is drawn uniformly: 1.2 draws between 1/1.2 and 1.2.
        shift: largest shift of each coordinate either way, in body lengths.
        test_mode: leave clips as they are; a dataset in test mode gets this in any case.

    Raises:
        ValueError: settings out of range, or a clip of three coordinates, or of an unknown layout where it is shifted.
    """

    def __init__(self, turn: float = 0.15, scale: float = 1.2, shift: float = 0.1, test_mode: bool = False) -> None:
        super().__init__(test_mode)
        check_not_negative(turn=turn, shift=shift)
        if not scale >= 1:
            raise ValueError(f'scale must be at least 1, got {scale}')
        self.turn, self.scale, self.shift = turn, scale, shift

    def move(self, results: Dict) -> None:
        if results['keypoint'].shape[-1] != 2:
            raise ValueError(f'clip {results.get("frame_dir")}: RandomPlacement is for 2 coordinates, keypoint has '
                             f'{results["keypoint"].shape[-1]}: RandomHeading turns those of 3')
        angle, scale = np.random.uniform(-self.turn, self.turn), self.scale**np.random.uniform(-1, 1)
        shift = np.random.uniform(-self.shift, self.shift, 2) * body_length(results) if self.shift else 0.
        cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
        keypoint = results['keypoint']
        place = places_of(keypoint, results.get('skeleton'))[0, 0]
        turned = (keypoint - place).reshape(-1, 2) @ np.array([[cosine, sine], [-sine, cosine]], dtype=np.float32)
        results['keypoint'] = turned.reshape(keypoint.shape) + (place + shift).astype(np.float32)
