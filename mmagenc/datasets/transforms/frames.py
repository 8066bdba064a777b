"""Frames of image sequences as inputs of a network that makes images.

K targets, S pixels of a square's side, V keypoints, W frames of a window, H height.
"""

from pathlib import Path
from typing import Dict, Optional, Tuple

import numpy as np
import torch
from mmaction.structures import ActionDataSample
from mmcv.transforms import BaseTransform

from mmagenc.datasets.frames import clip_frames, clip_masks
from mmagenc.datasets.letterbox import SIZE, Letterbox
from mmagenc.registry import TRANSFORMS

MASKS = ('masks', 'box', 'keypoints')
MARGIN = 0.15
"""By which the box around keypoints is larger on each side than they are, in parts of its longer side: heads, hands and feet go on."""
META_KEYS = ('frame_dir', 'num_frames', 'subject', 'source', 'img_shape')


@TRANSFORMS.register_module()
class LoadFrames(BaseTransform):
    """Read frames of a window and bring them, poses and masks into a square (:class:`~mmagenc.datasets.letterbox.Letterbox`).

    The window's first frame is the source. In training ``num_targets`` others are drawn: the first from all, the last, with two of them,
    from all but the window's last frame, the steps that a generator of poses predicts (published: a window is a source and five frames, of
    which four are predicted). NumPy's global random state draws. In test mode all others are the targets, in order.

    A clip needs ``image_root``, the folder that its frames are found from, which :class:`~mmagenc.datasets.ImageSequenceDataset` gives.
    The result has ``frames (1 + K, S, S, 3)`` uint8, ``mask (1 + K, S, S)`` uint8 in 0 … 1, ``unit_pose (1 + K, V, 2)`` in −1 … 1, those
    outside brought to the edge as published, ``visible (1 + K, V)`` and ``step (1 + K,)``, the place of each in the window.

    Args:
        image_size: S.
        num_targets: K of training, 1 or 2.
        crop: ``'image'`` takes the whole image, ``'keypoints'`` the box around all keypoints of the clip that the window is cut from
            (published). A clip that has a ``crop`` is cut there, and its keypoints lie in that square already.
        mask: what the mask is: the clip's ``'masks'``, its ``'box'`` in each frame (published), or a box around its ``'keypoints'``.
            ``None`` is the first of these that the clip has.
        test_mode: take all targets; a dataset in test mode gets it in any case.

    Raises:
        ValueError: settings out of range; of a clip, frames that cannot be read, or what was asked for and it does not have.
    """

    def __init__(self, *, image_size: int = SIZE, num_targets: int = 2, crop: str = 'image', mask: Optional[str] = None,
                 test_mode: bool = False) -> None:
        if image_size < 8 or num_targets not in (1, 2):
            raise ValueError(f'image_size must be at least 8 and num_targets 1 or 2, got {image_size} and {num_targets}')
        if crop not in ('image', 'keypoints') or mask not in (None, *MASKS):
            raise ValueError(f"crop must be 'image' or 'keypoints' and mask None, {', '.join(map(repr, MASKS))}, got {crop!r} and {mask!r}")
        self.image_size, self.num_targets, self.crop, self.mask, self.test_mode = image_size, num_targets, crop, mask, test_mode

    def transform(self, results: Dict) -> Dict:
        steps = self.chosen(results['total_frames'], every=self.test_mode or results.get('test_mode', False))
        images = clip_frames(results, results['image_root'])
        frames = [images.read(step) for step in steps]
        height, width = frames[0].shape[:2]
        letterbox, keypoint = self.placed(results, (height, width))
        points = letterbox.points(keypoint)
        results['frames'] = np.stack([letterbox.image(frame) for frame in frames])
        results['mask'] = np.stack([letterbox.mask(mask) for mask in self._masks(results, keypoint, steps, (height, width))])
        results['unit_pose'] = letterbox.unit(letterbox.clipped(points))[steps].astype(np.float32)
        results['visible'] = _scores(results)[steps] > 0
        results['step'] = np.array(steps)
        return results

    def chosen(self, total: int, *, every: bool) -> list:
        """Places in a window of ``total`` frames: 0, then the targets."""
        if total < 2 + (self.num_targets > 1 and not every):
            raise ValueError(f'a window of {total} frames has no source and {self.num_targets} targets')
        if every:
            return list(range(total))
        drawn = [np.random.randint(1, total - place) for place in range(self.num_targets)]
        return [0, *map(int, drawn)]

    def placed(self, clip: Dict, shape: Tuple[int, int]) -> Tuple[Letterbox, np.ndarray]:
        """Where the clip's images lie in the square, and its keypoints ``(W, V, 2)`` in pixels of the images."""
        keypoint = _only_person(clip)
        if clip.get('crop') is not None:
            given = Letterbox.of_clip(clip)
            return Letterbox(given.box, self.image_size), given.points_back(keypoint)
        if self.crop == 'keypoints':
            return Letterbox.of_points(clip.get('extent', keypoint), shape, size=self.image_size), keypoint
        return Letterbox((0, 0, shape[1], shape[0]), self.image_size), keypoint

    def _masks(self, clip: Dict, keypoint: np.ndarray, steps: list, shape: Tuple[int, int]) -> list:
        """``(H, W)`` uint8 in 0 … 1 of each of the steps, in pixels of the images."""
        kind = self.mask or ('masks' if clip.get('masks_dir') is not None else 'box' if clip.get('box') is not None else 'keypoints')
        if kind == 'masks':
            images = clip_masks(clip, clip['image_root'])
            if images is None:
                raise ValueError(f"clip {clip['frame_dir']}: mask='masks', but it names no masks_dir")
            return [(images.read(step, gray=True) > 127).astype(np.uint8) for step in steps]
        boxes = self._boxes(clip) if kind == 'box' else _boxes_around(keypoint, _scores(clip))
        return [_filled(boxes[step], shape) for step in steps]

    def _boxes(self, clip: Dict) -> np.ndarray:
        """``(W, 4)`` in pixels of the images; a clip with a ``crop`` has its boxes, like its keypoints, in that square."""
        boxes = np.asarray(clip.get('box', ()), dtype=np.float64)
        if boxes.shape != (clip['total_frames'], 4):
            raise ValueError(f"clip {clip['frame_dir']}: box must be ({clip['total_frames']}, 4), x1, y1, x2, y2 of each frame, got "
                             f'{boxes.shape}')
        if clip.get('crop') is None:
            return boxes
        return Letterbox.of_clip(clip).points_back(boxes.reshape(-1, 2)).reshape(-1, 4)


@TRANSFORMS.register_module()
class PackFrameInputs(BaseTransform):
    """Pack what :class:`LoadFrames` read for a network that makes images.

    The result is ``{'inputs': {'frame': (1 + K, 3, S, S) uint8, 'pose': (1 + K, V, 2), 'visible': (1 + K, V), 'mask': (1 + K, 1, S, S)
    uint8, 'step': (1 + K,)}, 'data_samples': ActionDataSample}``; the data sample carries ``gt_label`` and, as metainfo, ``num_frames``
    (1 + K) and ``frame_dir``.
    """

    def transform(self, results: Dict) -> Dict:
        inputs = dict(
            frame=np.moveaxis(results['frames'], -1, 1), pose=results['unit_pose'], visible=results['visible'],
            mask=results['mask'][:, None], step=results['step'])
        sample = ActionDataSample().set_gt_label(int(results['label']))
        results['num_frames'] = len(results['frames'])
        sample.set_metainfo({key: results[key] for key in META_KEYS if key in results})
        return dict(inputs={key: torch.from_numpy(np.ascontiguousarray(value)) for key, value in inputs.items()}, data_samples=sample)


def image_root(ann_file) -> str:
    """The folder that frames of an annotation's clips are found from."""
    return str(Path(ann_file).parent)


def _only_person(clip: Dict) -> np.ndarray:
    """``(W, V, 2)``."""
    keypoint = clip['keypoint']
    if len(keypoint) != 1 or keypoint.shape[-1] != 2:
        raise ValueError(f'clip {clip["frame_dir"]}: images need one person in pixels, keypoint (1, T, V, 2), got {keypoint.shape}; '
                         'num_persons=1 of the dataset keeps the one who is most there')
    return keypoint[0].astype(np.float64)


def _scores(clip: Dict) -> np.ndarray:
    """``(W, V)``."""
    return clip['keypoint_score'][0] if 'keypoint_score' in clip else np.ones(clip['keypoint'].shape[1:3])


def _boxes_around(keypoint: np.ndarray, score: np.ndarray) -> np.ndarray:
    """``(W, 4)`` around the keypoints that were seen, or all where none was, with a margin."""
    seen = np.where((score > 0).any(axis=1, keepdims=True), score > 0, True)[..., None]
    low, high = (np.where(seen, keypoint, end).min(axis=1) if end > 0 else np.where(seen, keypoint, end).max(axis=1)
                 for end in (np.inf, -np.inf))
    margin = MARGIN * (high - low).max(axis=1, keepdims=True)
    return np.concatenate((low - margin, high + margin), axis=1)


def _filled(box: np.ndarray, shape: Tuple[int, int]) -> np.ndarray:
    """1 inside, 0 outside; by whole pixels and within the last ones, as published."""
    (x1, y1), (x2, y2) = np.maximum(box[:2], 0).astype(int), np.minimum(box[2:], (shape[1] - 1, shape[0] - 1)).astype(int)
    mask = np.zeros(shape, dtype=np.uint8)
    mask[y1:max(y2, y1), x1:max(x2, x1)] = 1
    return mask
