"""Datasets of clips that are image sequences. W frames of a window, T frames, V keypoints."""

import logging
from typing import Dict, List, Optional, Sequence, Union

import numpy as np
from mmengine.logging import print_log

from mmagenc.registry import DATASETS

from .annotation import ARRAY_KEYS, AnnotationError
from .frames import check_frames, clip_frames
from .motion_dataset import MotionDataset
from .transforms.frames import image_root

PUBLISHED_STEPS, PUBLISHED_WINDOWS = 33, 28
"""ACT-VAE's windows of Penn Action: a gap of a 33rd of the video, at most 28 of a video."""


@DATASETS.register_module()
class ImageSequenceDataset(MotionDataset):
    """Windows of clips whose frames are images: a source frame and those that follow it.

    Clips name their frames as :mod:`mmagenc.datasets.frames` says (``frames_dir`` relative to the annotation's folder, or Penn Action's
    layout). All images are looked at before anything else: what is missing or broken is named then. Frames are read when a window is taken
    (:class:`~mmagenc.datasets.transforms.LoadFrames`).

    Args:
        ann_file: as :class:`MotionDataset`.
        window: W, the source among them (published: 6).
        gap: frames from one frame of a window to the next; ``'published'`` is a 33rd of the clip, rounded down, and at most 28 windows of
            a clip. Clips of W frames or fewer than a window needs are left out, with a warning that counts them.
        stride: frames from the beginning of one window to that of the next; ``None`` is the gap, as published.
        check: ``'ends'`` looks at the beginning and end of each image file, ``'decode'`` decodes it.
        **kwargs: as :class:`MotionDataset`, without ``fps`` and ``fill_gaps``, after which frames and poses would not belong together.

    Raises:
        FramesError: images that are missing or broken.
        AnnotationError: as :class:`MotionDataset`, or no clip that is long enough.
        ValueError: settings out of range.
    """

    def __init__(self, ann_file, *, window: int = 6, gap: Union[int, str] = 1, stride: Optional[int] = None, check: str = 'ends',
                 **kwargs) -> None:
        unfit = [name for name in ('fps', 'fill_gaps') if kwargs.get(name) is not None]
        if unfit:
            raise ValueError(f'ImageSequenceDataset takes no {unfit[0]}: poses of other frames than the images are')
        if window < 2 or (gap != 'published' and (not isinstance(gap, int) or gap < 1)) or (stride is not None and stride < 1):
            raise ValueError(f"window must be at least 2, gap at least 1 or 'published', and stride at least 1, got {window}, {gap!r} and "
                             f'{stride}')
        if check not in ('ends', 'decode'):
            raise ValueError(f"check must be 'ends' or 'decode', got {check!r}")
        self.window, self.gap, self.stride, self.check = window, gap, stride, check
        super().__init__(ann_file, **kwargs)

    def _read_clips(self, annotation: Dict, path) -> List[Dict]:
        return located(super()._read_clips(annotation, path), image_root(path), decode=self.check == 'decode')

    def load_data_list(self) -> List[Dict]:
        clips = super().load_data_list()
        windows = [self._windows(clip) for clip in clips]
        short = sum(not found for found in windows)
        if short == len(clips):
            raise AnnotationError(f'{", ".join(map(str, self.ann_files))}: none of {len(clips)} clips is long enough for a window of '
                                  f'{self.window} frames with gap={self.gap!r}; the longest has {max(c["total_frames"] for c in clips)}')
        if short:
            print_log(f'{short} of {len(clips)} clips are too short for a window of {self.window} frames with gap={self.gap!r}: left out',
                      logger='current', level=logging.WARNING)
        return [window for found in windows for window in found]

    def _windows(self, clip: Dict) -> List[Dict]:
        gap = clip['total_frames'] // PUBLISHED_STEPS if self.gap == 'published' else self.gap
        span = gap * (self.window - 1) + 1
        if gap < 1 or clip['total_frames'] < span:
            return []
        starts = range(0, clip['total_frames'] - span + 1, self.stride or gap)
        most = PUBLISHED_WINDOWS if self.gap == 'published' else None
        return [cut(clip, np.arange(start, start + span, gap)) for start in starts[:most]]


def located(clips: Sequence[Dict], root: str, *, decode: bool = False) -> List[Dict]:
    """Clips that say where their frames are whatever they will be named, once all images are looked at.

    Args:
        clips: members of ``annotations``.
        root: folder of the annotation file.
        decode: see :func:`~mmagenc.datasets.frames.check_frames`.

    Raises:
        FramesError: images that are missing or broken.
    """
    check_frames([dict(clip, img_shape=_image_shape(clip)) for clip in clips], root, decode=decode)
    return [dict(clip, image_root=root, frames_dir=str(clip_frames(clip, root).files[0].parent.absolute())) for clip in clips]


def _image_shape(clip: Dict) -> Optional[Sequence[int]]:
    """Height and width of a clip's images: those of a clip whose keypoints lie in a crop are ``original_shape``."""
    return clip.get('img_shape') if clip.get('crop') is None else clip.get('original_shape')


def cut(clip: Dict, frames: np.ndarray) -> Dict:
    """The clip of some of its frames, with their numbers, and as ``extent`` the corners of the box around all keypoints of the whole."""
    window = dict(clip, frame_dir=f'{clip["frame_dir"]}@{frames[0]}', total_frames=len(frames))
    window.update({key: clip[key][:, frames] for key in ARRAY_KEYS if key in clip})
    numbers = clip.get('frame_numbers') or range(1, clip['total_frames'] + 1)
    window['frame_numbers'] = [numbers[frame] for frame in frames]
    window['extent'] = [getattr(clip['keypoint'][..., :2], end)(axis=(0, 1, 2)).tolist() for end in ('min', 'max')]
    if clip.get('box') is not None:
        window['box'] = [list(clip['box'][frame]) for frame in frames]
    return window
