"""A box of an image brought to a square of a fixed size, its sides kept in proportion and the rest padded; and points back again.

N points' leading axes, H height, W width.

Published with ACT-VAE (arXiv 2108.05658): the box is cut from the image, its longer side is scaled to 128 pixels, and the shorter one is
padded on both sides with ImageNet's mean colour. Points are moved by half of what is padded, also where that is half a pixel and the image
can only move by a whole one.
"""

from dataclasses import dataclass
from typing import Dict, Sequence, Tuple

import cv2
import numpy as np

SIZE = 128
"""Pixels of the square's side, as published."""
PADDING = (123.7, 116.3, 103.5)
"""RGB of what is padded, as published: the mean of ImageNet's pictures."""


@dataclass(frozen=True)
class Letterbox:
    """How a box of an image lies in a square.

    Args:
        box: ``(x1, y1, x2, y2)``, pixels of the image, the right and lower ends not included when an image is cut.
        size: side of the square, in pixels.

    Raises:
        ValueError: a box that is not four finite numbers, or without width or height; a size below 2.
    """

    box: Tuple[float, float, float, float]
    size: int = SIZE

    def __post_init__(self) -> None:
        box = np.asarray(self.box, dtype=np.float64)
        if box.shape != (4, ) or not np.isfinite(box).all() or not (box[:2] < box[2:]).all():
            raise ValueError(f'a box is x1, y1, x2, y2 with x1 < x2 and y1 < y2, got {np.asarray(self.box).tolist()}')
        if self.size < 2:
            raise ValueError(f'size must be at least 2 pixels, got {self.size}')
        object.__setattr__(self, 'box', tuple(float(number) for number in box))

    @classmethod
    def of_points(cls, keypoint: np.ndarray, img_shape: Sequence[int], *, size: int = SIZE) -> 'Letterbox':
        """The box that holds all of ``(…, 2)`` points, by whole pixels, within an image of ``(height, width)``.

        ACT-VAE's published crops are this of all poses of a video: the smallest and the largest coordinates, rounded down, at most the last
        pixel of the image. A box without width or height is widened by a pixel.
        """
        points, last = np.asarray(keypoint, dtype=np.float64).reshape(-1, 2), np.array(img_shape[::-1], dtype=np.float64) - 1
        if not len(points) or not np.isfinite(points).all():
            raise ValueError('a box is drawn around at least one point, and finite ones')
        low, high = (np.clip(np.floor(end), 0, last) for end in (points.min(axis=0), points.max(axis=0)))
        low = np.where(low < high, low, np.maximum(high - 1, 0))
        return cls((*low, *np.maximum(high, low + 1)), size)

    @classmethod
    def of_clip(cls, clip: Dict) -> 'Letterbox':
        """That of a clip of :func:`letterboxed_clip`, by its ``crop`` and ``img_shape``.

        Raises:
            ValueError: a clip that names no crop, or no square image.
        """
        shape = clip.get('img_shape')
        if any(clip.get(key) is None for key in ('crop', 'original_shape', 'img_shape')) or shape[0] != shape[1]:
            raise ValueError(f'clip {clip.get("frame_dir")}: no crop, original_shape and square img_shape, so its points cannot go '
                             'back to the image')
        return cls(tuple(clip['crop']), int(shape[0]))

    @property
    def scale(self) -> float:
        """Pixels of the square for one of the image."""
        return self.size / max(self._sides)

    @property
    def padding(self) -> Tuple[float, float]:
        """Pixels of the square left of the box and above it."""
        width, height = self._scaled
        return (self.size - width) / 2, (self.size - height) / 2

    @property
    def _sides(self) -> Tuple[float, float]:
        return self.box[2] - self.box[0], self.box[3] - self.box[1]

    @property
    def _scaled(self) -> Tuple[int, int]:
        """Width and height of the box in the square, in whole pixels."""
        return tuple(max(round(side * self.scale), 1) for side in self._sides)

    # Points ---------------------------------------------------------------------------------------------------------------------------

    def points(self, points: np.ndarray) -> np.ndarray:
        """``(…, 2)`` pixels of the image as pixels of the square; those outside of the box lie outside of the square."""
        return (np.asarray(points) - self.box[:2]) * self.scale + self.padding

    def points_back(self, points: np.ndarray) -> np.ndarray:
        """The inverse of :meth:`points`."""
        return (np.asarray(points) - self.padding) / self.scale + self.box[:2]

    def clipped(self, points: np.ndarray) -> np.ndarray:
        """``(…, 2)`` pixels of the square, brought to its edge where they lie outside (0 … size - 1), as published."""
        return np.clip(points, 0, self.size - 1)

    def unit(self, points: np.ndarray) -> np.ndarray:
        """``(…, 2)`` pixels of the square as numbers from -1 (its left or upper edge) to 1, as the published network sees them."""
        return 2 * np.asarray(points) / self.size - 1

    def unit_back(self, points: np.ndarray) -> np.ndarray:
        """The inverse of :meth:`unit`."""
        return (np.asarray(points) + 1) * self.size / 2

    # Images ---------------------------------------------------------------------------------------------------------------------------

    def image(self, image: np.ndarray, *, padding: Sequence[float] = PADDING) -> np.ndarray:
        """``(H, W, 3)`` uint8 RGB as ``(size, size, 3)``: scaled by areas, padded with a colour.

        Raises:
            ValueError: no such image, or one that the box does not lie in.
        """
        return self._placed(image, cv2.INTER_AREA, tuple(padding))

    def mask(self, mask: np.ndarray) -> np.ndarray:
        """``(H, W)`` as ``(size, size)``, values as they are: nearest pixels, padded with 0."""
        return self._placed(mask, cv2.INTER_NEAREST, 0)

    def _placed(self, image: np.ndarray, interpolation: int, value) -> np.ndarray:
        if image.ndim not in (2, 3):
            raise ValueError(f'an image is (H, W) or (H, W, channels), got {image.shape}')
        x1, y1, x2, y2 = (int(number) for number in self.box)
        if x1 < 0 or y1 < 0 or x2 > image.shape[1] or y2 > image.shape[0]:
            raise ValueError(f'the box {x1}, {y1}, {x2}, {y2} does not lie in an image of {image.shape[1]} x {image.shape[0]} pixels')
        (width, height), (left, top) = self._scaled, (int(np.ceil(side - 0.5)) for side in self.padding)
        scaled = cv2.resize(np.ascontiguousarray(image[y1:y2, x1:x2]), (width, height), interpolation=interpolation)
        right, bottom = self.size - width - left, self.size - height - top
        return cv2.copyMakeBorder(scaled, top, bottom, left, right, cv2.BORDER_CONSTANT, value=value)


def letterboxed_clip(clip: Dict, letterbox: Letterbox) -> Dict:
    """A clip in pixels of an image as one in pixels of a square; nothing of the given one changes.

    ``keypoint`` is clipped to the square, as published (points without a place, of score 0 at (0, 0), stay there); ``img_shape`` is the
    square's, ``original_shape`` the image's, ``crop`` the box: :meth:`Letterbox.of_clip` gives the way back.
    """
    keypoint, score = clip['keypoint'], clip.get('keypoint_score', np.ones(1))
    nowhere = (score == 0) & (keypoint == 0).all(axis=-1)
    placed = letterbox.clipped(letterbox.points(keypoint.astype(np.float64)))
    return dict(clip, keypoint=np.where(nowhere[..., None], 0, placed).astype(np.float32), crop=[int(number) for number in letterbox.box],
                original_shape=tuple(clip['img_shape']), img_shape=(letterbox.size, letterbox.size))
