"""What a generator returns, and the form that recordings give it.

N clips, T frames, V keypoints, J joints, C coordinates.
"""

import copy
from dataclasses import dataclass, fields, replace
from typing import Dict, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

FRAME_FIELDS = ('keypoint', 'keypoint_score', 'pose', 'transl')
"""Fields with an axis of frames."""
IMMUTABLE = (str, int, float, bool, bytes, type(None), np.number, np.bool_)
"""What needs no copy."""
PLAIN = frozenset((float, int, str, bool, type(None)))
"""Most of it, told apart without looking at base classes."""


def copied_clip(clip: Dict) -> Dict:
    """A copy of an annotation dict that shares nothing which can be written into: ``copy.deepcopy``, without its price.

    A clip holds some names and numbers, lists and dicts of them, and a few arrays of numbers; only what else a file may bring goes through
    ``copy.deepcopy``. Lists and dicts must not hold themselves, as none of a file does.
    """
    return {key: _copied_value(value) for key, value in clip.items()}


def _copied_value(value):
    if type(value) is np.ndarray and not value.dtype.hasobject:
        return value.copy(order='K')
    if isinstance(value, IMMUTABLE):
        return value
    if type(value) is list:  # boxes and poses of Penn's windows: deepcopy notes each row and is six times slower
        return [item if type(item) in PLAIN else _copied_value(item) for item in value]
    if type(value) is dict:
        return copied_clip(value)
    return copy.deepcopy(value)


@dataclass(frozen=True)
class Motion:
    """A batch of generated (or decoded) clips.

    Args:
        keypoint: ``(N, T, V, C)`` positions: metres (C = 3) or pixels (C = 2).
        label: ``(N,)`` int64 class indices.
        length: ``(N,)`` int64 number of valid frames of each clip, at most T; frames past it are padding.
        pose: ``(N, T, J, 3)`` axis-angle rotations in radians, root first, or ``None`` where rotations are not known.
        transl: ``(N, T, 3)`` root translation in metres, or ``None``.
        keypoint_score: ``(N, T, V)`` confidences, as recordings of a pose estimator have them, or ``None``.
        img_shape: ``(N, 2)`` int64 height and width of the image that 2-D keypoints lie in, or ``None``.
        latent: ``(N, D)`` latent vectors the clips were decoded from, or ``None``; decoding them again gives the same clips.
        class_path: ``(N, T, K)`` shares of the K classes in each frame, of clips whose class changes over time, or ``None``; ``label`` is
            then the class that a clip shows most.

    Raises:
        ValueError: a field whose leading sizes disagree with ``keypoint``.
    """

    keypoint: Tensor
    label: Tensor
    length: Tensor
    pose: Optional[Tensor] = None
    transl: Optional[Tensor] = None
    latent: Optional[Tensor] = None
    keypoint_score: Optional[Tensor] = None
    img_shape: Optional[Tensor] = None
    class_path: Optional[Tensor] = None

    def __post_init__(self) -> None:
        if self.keypoint.ndim != 4:
            raise ValueError(f'keypoint must be (N, T, V, C), got {tuple(self.keypoint.shape)}')
        num_clips, num_frames = self.keypoint.shape[:2]
        for name, leading in (('label', (num_clips, )), ('length', (num_clips, )), ('pose', (num_clips, num_frames)),
                              ('transl', (num_clips, num_frames)), ('latent', (num_clips, )),
                              ('keypoint_score', (num_clips, num_frames)), ('img_shape', (num_clips, )),
                              ('class_path', (num_clips, num_frames))):
            value = getattr(self, name)
            if value is not None and tuple(value.shape[:len(leading)]) != leading:
                raise ValueError(f'{name} must start with sizes {leading} as keypoint does, got {tuple(value.shape)}')

    def __len__(self) -> int:
        return len(self.keypoint)

    def __getitem__(self, index) -> 'Motion':
        """Select clips by slice, index list, index array or boolean mask; an integer keeps the batch axis."""
        if isinstance(index, (int, np.integer)):
            if not -len(self) <= index < len(self):
                raise IndexError(f'clip {index} of {len(self)}')
            index = [index]
        elif not isinstance(index, slice):
            index = torch.as_tensor(index, device=self.keypoint.device)
        return self._map(lambda value: value[index])

    def to(self, *args, **kwargs) -> 'Motion':
        """Move every field, as :meth:`torch.Tensor.to` does (devices only: dtypes are part of the format)."""
        return self._map(lambda value: value.to(*args, **kwargs))

    def cpu(self) -> 'Motion':
        return self.to('cpu')

    def pad_to(self, num_frames: int) -> 'Motion':
        """Repeat the last frame until there are ``num_frames``; ``length`` stays."""
        missing = num_frames - self.keypoint.shape[1]
        if missing <= 0:
            return self
        present = {name: getattr(self, name) for name in (*FRAME_FIELDS, 'class_path') if getattr(self, name) is not None}
        longer = {name: torch.cat([value, value[:, -1:].expand(-1, missing, *value.shape[2:])], dim=1) for name, value in present.items()}
        return replace(self, **longer)

    @classmethod
    def cat(cls, motions: Sequence['Motion']) -> 'Motion':
        """Concatenate along the clip axis.

        Raises:
            ValueError: no motions, or some that differ in fields, frames or keypoints.
        """
        if not motions:
            raise ValueError('cannot concatenate no motions')
        layouts = [{field.name: tuple(getattr(motion, field.name).shape[1:]) for field in fields(cls)
                    if getattr(motion, field.name) is not None} for motion in motions]
        different = next((layout for layout in layouts if layout != layouts[0]), None)
        if different is not None:
            raise ValueError(f'cannot concatenate motions of {layouts[0]} and {different}')
        present = layouts[0]
        return cls(**{name: torch.cat([getattr(motion, name) for motion in motions]) for name in present})

    def _map(self, function) -> 'Motion':
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(self, **{name: function(value) for name, value in values.items() if value is not None})


@dataclass(frozen=True)
class ClipForm:
    """What recordings have beside their keypoints, so that generated clips come in the same form.

    Args:
        keypoint_score: ``(V,)`` usual confidence of each keypoint (the median of those that were seen), or ``None`` where recordings have
            no scores.
        img_shape: usual height and width of the image, or ``None`` where recordings name none.
        skeleton: layout of the keypoints, where all recordings say the same one.
    """

    keypoint_score: Optional[np.ndarray] = None
    img_shape: Optional[Tuple[int, int]] = None
    skeleton: Optional[str] = None

    @classmethod
    def of(cls, annotations: Sequence[Dict]) -> 'ClipForm':
        """The form of annotation dicts: what all of them have (the image shape: what most of them have)."""
        clips = list(annotations)
        scores = None
        if clips and all('keypoint_score' in clip for clip in clips):
            values = np.concatenate([np.asarray(clip['keypoint_score']).reshape(-1, clip['keypoint_score'].shape[-1]) for clip in clips])
            seen = np.ma.masked_less_equal(values.astype(np.float64), 0)
            scores = np.ma.median(seen, axis=0).filled(0).astype(np.float32)
        shapes = [tuple(int(size) for size in clip['img_shape']) for clip in clips if clip.get('img_shape') is not None]
        skeletons = {clip.get('skeleton') for clip in clips}
        skeleton = skeletons.pop() if len(skeletons) == 1 else None
        return cls(scores, max(sorted(set(shapes)), key=shapes.count) if shapes else None, skeleton)

    def complete(self, clip: Dict) -> Dict:
        """The clip with scores, image shape and layout where it lacks what recordings have, without scores where they have none."""
        clip = dict(clip)
        if self.keypoint_score is None:
            clip.pop('keypoint_score', None)
        elif 'keypoint_score' not in clip:
            clip['keypoint_score'] = np.broadcast_to(self.keypoint_score, clip['keypoint'].shape[:3]).copy()
        if self.img_shape is not None and clip.get('img_shape') is None:
            clip['img_shape'] = self.img_shape
        if self.skeleton is not None and clip.get('skeleton') is None:
            clip['skeleton'] = self.skeleton
        return clip

    def state_dict(self) -> Dict:
        """Plain containers, for a checkpoint."""
        scores = None if self.keypoint_score is None else self.keypoint_score.tolist()
        return dict(
            keypoint_score=scores, img_shape=None if self.img_shape is None else list(self.img_shape), skeleton=self.skeleton)

    @classmethod
    def from_state(cls, state: Dict) -> 'ClipForm':
        """The inverse of :meth:`state_dict`."""
        scores, shape = state['keypoint_score'], state['img_shape']
        scores = None if scores is None else np.array(scores, dtype=np.float32)
        return cls(scores, None if shape is None else tuple(shape), state.get('skeleton'))
