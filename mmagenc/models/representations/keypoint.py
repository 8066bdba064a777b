"""Clips as positions.

B batch, T frames, V keypoints, C coordinates (2 or 3).
"""

import logging
from dataclasses import replace
from typing import Dict, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.logging import print_log
from torch import Tensor, nn

from mmagenc.clips import seen_by_score
from mmagenc.registry import MODELS
from mmagenc.skeletons import get_skeleton, longest_chain, register_skeleton
from mmagenc.skeletons.library import SkeletonLike
from mmagenc.skeletons.without import name_of_seen
from mmagenc.structures import ClipForm, Motion, MotionInfo, image_shapes

NORMALIZATIONS = ('standard', 'min_max', 'centered_min_max')
CENTERS, UNITS = ('root', 'hips'), ('data', 'body')
USUAL_SHARE, GLITCH_FACTOR = 0.9999, 2
"""Extremes of more than so many times what this share of the numbers reach are reported."""


@MODELS.register_module()
class KeypointRepresentation(nn.Module):
    """Normalized coordinates of any skeleton.

    Coordinates are shifted and divided. The statistics are buffers: they travel in the checkpoint, so that :meth:`decode` gives metres or
    pixels back, with the scores and the image shape that recordings usually have. Where a clip's place (or its body's path, or its size) is
    taken out before, it comes back as that which recordings usually have, of images of several sizes in proportion to the image. A
    recognizer that looks at these sees generated clips as it sees recordings.

    Args:
        skeleton: layout name, or the definition of one (see :mod:`mmagenc.skeletons.definition`), or the path of a YAML file.
        num_dims: 3 (metres) or 2 (pixels).
        root_center: ``None`` leaves positions where they are, for the generator to learn; ``True`` centres every frame on the body;
            ``False`` all frames on the body's place in the first one, which keeps its path (also with ``unit='body'`` and ``None``).
        translation: append the body's path from its first frame as one more joint, so that centred clips keep it.
        center: what is centred on: the ``'root'`` of the tree, or the middle of the ``'hips'`` (the root in layouts without), for trees
            whose root is a nose that jitters, or is not seen from behind.
        unit: ``'data'``, or ``'body'``: each clip is divided by its body length (the longest chain of bones from tip to tip, the median
            over its frames, about a body's height or two), so that near and far, small and large persons are alike and the weights of loss
            terms mean in pixels what they mean in metres. Decoded clips have the size that recordings usually have.
        min_std: smallest number that is divided by (the standard deviation of a centred root is 0), in units of the data.
        normalization: ``'standard'`` subtracts each coordinate's mean and divides by its standard deviation; ``'min_max'`` maps the
            smallest and largest of all coordinates to −1 and 1, as Kinetic-GAN does (which counts padding and second persons too);
            ``'centered_min_max'`` subtracts each coordinate's mean and divides by the largest distance from it that any coordinate has,
            which stays in −1 … 1 and leaves the pose's changes to be learnt, not the pose. A root path kept as a joint is scaled by itself.
        quantile: share of the numbers that −1 … 1 is to hold, for the two normalizations by extremes; those beyond are cut off there. One
            frame in which tracking failed is the extreme of a whole data set otherwise, and everything else is squeezed into little.

    Raises:
        ValueError: an unknown layout, other dimensions, an unknown normalization, centre or unit, a quantile out of range or with
            ``'standard'``, or ``translation`` for clips that are not centred.
    """

    def __init__(self,
                 *,
                 skeleton: SkeletonLike,
                 num_dims: int = 3,
                 root_center: Optional[bool] = None,
                 translation: bool = False,
                 center: str = 'root',
                 unit: str = 'data',
                 min_std: float = 1e-3,
                 normalization: str = 'standard',
                 quantile: float = 1.) -> None:
        super().__init__()
        _one_of('normalization', normalization, NORMALIZATIONS)
        _one_of('center', center, CENTERS)
        _one_of('unit', unit, UNITS)
        if not 0.5 < quantile <= 1 or (quantile < 1 and normalization == 'standard'):
            raise ValueError("quantile must lie in (0.5, 1], and be 1 with normalization='standard', which knows no extremes; got "
                             f'{quantile} with {normalization!r}')
        if num_dims not in (2, 3):
            raise ValueError(f'num_dims must be 2 or 3, got {num_dims}')
        if root_center is None and (translation or unit == 'body'):
            root_center = translation
        if translation and not root_center:
            raise ValueError('translation=True needs root_center=True: otherwise the keypoints carry the path themselves')
        self.skeleton = register_skeleton(get_skeleton(skeleton))
        self.keypoint_skeleton = self.skeleton.name
        self.num_keypoints, self.num_channels = self.skeleton.num_joints, num_dims
        self.num_joints = self.num_keypoints + translation
        self.root_center, self.translation, self.min_std, self.unit = root_center, translation, min_std, unit
        self.normalization, self.quantile = normalization, quantile
        self.center_joints = self.skeleton.middle if center == 'hips' else [self.skeleton.root]
        self.register_buffer('mean', torch.zeros(self.num_joints, num_dims))
        self.register_buffer('std', torch.zeros(self.num_joints, num_dims))
        self.register_buffer('place', torch.zeros(num_dims))
        self.register_buffer('length', torch.ones(()))
        self.register_buffer('score', torch.full((self.num_keypoints, ), -1.))
        self.register_buffer('image', torch.zeros(2, dtype=torch.long))
        self._known_to_be_fitted = False

    @property
    def square(self) -> Optional[int]:
        """Side in pixels of the square images that the recordings are of; ``None`` where they are of others, or of none."""
        height, width = self.image.tolist()
        return height if height == width > 1 else None

    @property
    def fitted(self) -> bool:
        """Whether statistics are there."""
        return bool((self.std > 0).all())

    @property
    def keeps_path(self) -> bool:
        """Whether decoded bodies move through the room."""
        return self.translation or not self.root_center

    def fit(self, annotations: Sequence[Dict]) -> None:
        """Take the statistics of annotation dicts (the first person's, all frames; keypoints of score 0 do not count).

        All scores of a clip are 0 where they say nothing: then all its keypoints count.

        Raises:
            ValueError: no clips, clips of another layout, a clip whose body has no length, or a keypoint that no clip has seen.
        """
        annotations = list(annotations)
        if not annotations:
            raise ValueError('there are no clips to take statistics of')
        clips = [self._seen(clip) for clip in annotations]
        lengths = torch.stack([self._body_length(clip).squeeze() for clip in clips])
        self._check_lengths(annotations, clips, lengths)
        growth = self._fit_form(annotations, clips)
        if self.unit == 'body':
            clips = [clip / length for clip, length in zip(clips, lengths)]
            self.length.copy_((lengths * growth.amin(dim=1)).median())
        frames = torch.cat([self._center(clip)[0] for clip in clips])
        unseen = frames.isnan().all(dim=0).any(dim=-1)[:self.num_keypoints].nonzero().flatten().tolist()
        if unseen:
            names = [self.skeleton.joint_names[joint] for joint in unseen]
            raise ValueError(f'no clip has seen {", ".join(names)} (or what clips are centred on): take a layout without them')
        for part in (slice(self.num_keypoints), slice(self.num_keypoints, self.num_joints)):
            if len(self.mean[part]):
                mean, std = self._statistics(frames[:, part])
                self.mean[part] = mean
                self.std[part] = std.clamp(min=self.min_std)

    def _check_lengths(self, annotations: Sequence[Dict], clips: Sequence[Tensor], lengths: Tensor) -> None:
        points = [clip.get('frame_dir') for clip, length in zip(annotations, lengths.tolist()) if length == 0]
        if points:
            raise ValueError(f'{_some_clips(points, len(clips))}: all keypoints lie on one place, in every frame: nobody is there to learn '
                             'from; leave these clips out')
        unmeasured = lengths.isnan().nonzero().flatten().tolist() if self.unit == 'body' else []
        if unmeasured:
            scored = ' with scores above 0' if 'keypoint_score' in annotations[unmeasured[0]] else ''
            never = torch.stack([clips[index].isnan().any(dim=-1).all(dim=1)[0] for index in unmeasured]).any(dim=0)
            raise ValueError(f'{_some_clips([annotations[index].get("frame_dir") for index in unmeasured], len(clips))}: no frame shows '
                             f'{self._chain_in_words()}{scored}, which a body is measured by: leave these clips out'
                             f'{self._other_remedy(never.nonzero().flatten().tolist())}')

    def _other_remedy(self, never: Sequence[int]) -> str:
        """What helps where keypoints are missing, and these in all frames of a clip."""
        if not never:
            return ', or fill gaps (fill_gaps=dict(max_gap=…) of the data set)'
        layout = name_of_seen(self.skeleton, never)
        return '' if layout is None else (
            f', or take a layout without what is never seen (skeleton={layout!r} in metainfo of the data set and representation; '
            'own_data.skeleton says it to both)')

    def _fit_form(self, annotations: Sequence[Dict], clips: Sequence[Tensor]) -> Tensor:
        """Where bodies usually are, and what recordings have beside their keypoints.

        Returns:
            Tensor: ``(N, C)`` how many times as wide and high the usual image is as each recording's, in float64.
        """
        form = ClipForm.of(annotations)
        if form.keypoint_score is not None:
            self.score.copy_(torch.from_numpy(form.keypoint_score))
        if form.img_shape is not None:
            self.image.copy_(torch.tensor(form.img_shape))
        growth = 1 / self._in_usual_images(torch.from_numpy(image_shapes(annotations)))
        if self.root_center is not None:
            self.place.copy_(self._usual_place(clips, growth))
        return growth

    def _usual_place(self, clips: Sequence[Tensor], growth: Tensor) -> Tensor:
        places = [self._reference(clip)[0, :1 if self.keeps_path else None, 0].nanmedian(dim=0).values for clip in clips]
        return (torch.stack(places) * growth).nanmedian(dim=0).values

    def _in_usual_images(self, shapes: Tensor) -> Tensor:
        """``(N, C)`` width and height of images ``(N, 2)`` in those of the usual one, float64; 1 in space, and where one is not known."""
        if self.num_channels != 2:
            return shapes.new_ones(len(shapes), self.num_channels, dtype=torch.float64)
        image = self.image.to(shapes)  # recordings lie on the CPU, wherever this is
        known = (shapes > 0).all(dim=1, keepdim=True) & (image > 0).all()
        return torch.where(known, shapes / image.clamp(min=1).double(), 1.).flip(1)

    def image_problem(self, annotations: Sequence[Dict]) -> Optional[str]:
        """Why recordings of several image sizes cannot be learnt together, in words; ``None`` where they can, or are of one size."""
        shapes = [tuple(shape) for shape in image_shapes(annotations).tolist() if min(shape) > 0]
        apart = {shape for shape in shapes if any(abs(size / usual - 1) > 0.01 for size, usual in zip(shape, self.image.tolist()))}
        if self.num_channels != 2 or self.unit == 'body' or not apart:
            return None
        names = [f'{width}x{height} ({shapes.count((height, width))})' for height, width in sorted(set(shapes))]
        return (f'the recordings lie in images of {len(names)} sizes, {", ".join(names[:6])}{", …" if len(names) > 6 else ""}: pixels are '
                f'learnt as they are, and generated clips, which name {self.image[1]}x{self.image[0]}, may lie outside of it. '
                "representation=dict(unit='body') learns neither place nor size; or scale keypoint and img_shape of all clips to one size")

    def _seen(self, clip: Dict) -> Tensor:
        """``(1, T, V, C)`` keypoints of the first person in float64, NaN where one was not seen."""
        keypoint = torch.from_numpy(np.array(clip['keypoint'][:1], dtype=np.float64))
        self._check_layout(keypoint)
        if 'keypoint_score' in clip:
            keypoint[torch.from_numpy(~seen_by_score(clip['keypoint_score'])[:1])] = float('nan')
        return keypoint

    def _check_layout(self, keypoint: Tensor) -> None:
        if keypoint.shape[-2:] != (self.num_keypoints, self.num_channels):
            raise ValueError(f'KeypointRepresentation(skeleton={self.keypoint_skeleton!r}, num_dims={self.num_channels}) needs '
                             f'(…, {self.num_keypoints}, {self.num_channels}) keypoints, got {tuple(keypoint.shape)}')

    def _body_length(self, keypoint: Tensor) -> Tensor:
        """``(B, 1, 1, 1)`` body length of each clip ``(B, T, V, C)`` in its own unit; frames with NaN do not count, unless all have."""
        chain = list(longest_chain(tuple(self.skeleton.parents)))
        bones = keypoint[:, :, chain] - keypoint[:, :, [self.skeleton.parents[joint] for joint in chain]]
        return bones.norm(dim=-1).sum(dim=-1).nanmedian(dim=1).values[:, None, None, None]

    def _chain_in_words(self) -> str:
        chain = longest_chain(tuple(self.skeleton.parents))
        tips = [self.skeleton.joint_names[joint] for joint in chain if joint not in self.skeleton.parents]
        return f'all keypoints from {" to ".join(tips)}'

    def _statistics(self, frames: Tensor) -> Tuple[Tensor, Tensor]:
        """What is subtracted from ``(frames, V, C)`` and what is divided by, ``(V, C)`` or one number for all."""
        mean = frames.nanmean(dim=0)
        if self.normalization == 'min_max':
            shares = [(1 + sign * share) / 2 for share in (self.quantile, USUAL_SHARE) for sign in (-1, 1)]
            low, high, usual_low, usual_high = np.nanquantile(frames.numpy(), shares)
            self._warn_of_glitches((high - low) / 2, (usual_high - usual_low) / 2)
            return torch.tensor((high + low) / 2), torch.tensor((high - low) / 2)
        if self.normalization == 'centered_min_max':
            largest, usual = np.nanquantile((frames - mean).abs_().numpy(), (self.quantile, USUAL_SHARE), overwrite_input=True)
            self._warn_of_glitches(largest, usual)
            return mean, torch.tensor(largest)
        return mean, (frames - mean).square().nanmean(dim=0).sqrt()

    @staticmethod
    def _warn_of_glitches(largest: float, usual: float) -> None:
        if largest > GLITCH_FACTOR * usual:
            print_log(
                f'KeypointRepresentation: the training clips are divided by {largest:.4g}, but {USUAL_SHARE:.2%} of their coordinates need '
                f'only {usual:.4g}. Where the rest are failures of tracking, set quantile={USUAL_SHARE} or mend the clips: they make '
                'everything else small',
                logger='current',
                level=logging.WARNING)

    def _center(self, keypoint: Tensor) -> Tensor:
        """``(B, T, V, C)`` relative to the root, with the path as one more joint where it is kept."""
        if self.root_center is None:
            return keypoint
        reference = self._reference(keypoint)
        centered = keypoint - (reference if self.root_center else reference[:, :1])
        return torch.cat((centered, reference - reference[:, :1]), dim=2) if self.translation else centered

    def _reference(self, keypoint: Tensor) -> Tensor:
        """``(B, T, 1, C)``: what clips are centred on."""
        parts = [keypoint[:, :, joint:joint + 1] for joint in self.center_joints]  # an index of the CPU would make a GPU wait
        return parts[0] if len(parts) == 1 else torch.cat(parts, dim=2).mean(dim=2, keepdim=True)

    def _require_statistics(self) -> None:
        if not self._known_to_be_fitted and not self.fitted:
            raise ValueError('KeypointRepresentation has no statistics yet: call fit(annotations), put RepresentationStatsHook into '
                             'default_hooks, or load a checkpoint')
        self._known_to_be_fitted = True  # asked once: the answer lies on the GPU

    def encode(self, inputs: Dict[str, Tensor]) -> Tensor:
        """``keypoint (B, T, V, C)`` to normalized ``(B, T, J, C)``, J = V, or V + 1 with the path.

        Raises:
            ValueError: no statistics, no keypoints, or keypoints of another layout.
        """
        self._require_statistics()
        if 'keypoint' not in inputs:
            raise ValueError(f'KeypointRepresentation needs clips with `keypoint`, these have {", ".join(inputs)}')
        keypoint = inputs['keypoint']
        self._check_layout(keypoint)
        if self.unit == 'body':
            keypoint = keypoint / self._body_length(keypoint).clamp(min=torch.finfo(keypoint.dtype).tiny)
        x = (self._center(keypoint) - self.mean) / self.std
        return x if self.quantile == 1 else x.clamp(-1, 1)

    def joints(self, x: Tensor) -> Tensor:
        """Normalized ``(B, T, J, C)`` to centred positions ``(B, T, V, C)`` in units of the data, or body lengths with ``unit='body'``."""
        positions = self._denormalize(x)[:, :, :self.num_keypoints]
        return positions - self._reference(positions)

    def decode(self, x: Tensor, *, label: Tensor, length: Tensor, latent: Optional[Tensor] = None) -> Motion:
        """Normalized ``(B, T, J, C)`` to a motion in units of the data, at the usual place, the path put back where it was kept."""
        self._require_statistics()
        motion = self.motion(x)
        clips, frames = motion['keypoint'].shape[:2]
        score = None if (self.score < 0).any() else self.score.expand(clips, frames, -1)
        image = None if (self.image <= 0).any() else self.image.expand(clips, -1)
        return Motion(
            **motion, label=label, length=length, latent=latent, keypoint_score=score, img_shape=image,
            info=MotionInfo(skeleton=self.keypoint_skeleton))

    def in_images(self, motion: Motion, shapes: Tensor) -> Motion:
        """A decoded motion in images ``(N, 2)`` (height and width, 0 where the usual one stays), place and size in proportion.

        What this representation gave a place and a size has them in proportion to the image, the size by the smaller of width's and
        height's, so that what lies in the usual image lies in the other; positions of the data themselves stay where they are.
        """
        shapes = shapes.to(self.image)
        if self.num_channels != 2 or motion.img_shape is None:
            return motion
        shapes = torch.where((shapes > 0).all(dim=1, keepdim=True), shapes, motion.img_shape)
        if self.root_center is None or torch.equal(shapes, motion.img_shape):
            return replace(motion, img_shape=shapes)
        ratio = self._in_usual_images(shapes).float()[:, None, None]
        size = ratio.amin(dim=-1, keepdim=True) if self.unit == 'body' else 1.
        moved = (motion.keypoint - self.place) * size + self.place * ratio
        return replace(motion, img_shape=shapes, keypoint=torch.where((ratio == 1).all(dim=-1, keepdim=True), motion.keypoint, moved))

    def motion(self, x: Tensor) -> Dict[str, Tensor]:
        """What :meth:`decode` makes of the network's output, as tensors: ``keypoint``, and ``transl`` where it is known."""
        positions = self._denormalize(x)
        keypoint, path = positions[:, :, :self.num_keypoints], positions[:, :, self.num_keypoints:]
        if self.translation:
            keypoint = keypoint - self._reference(keypoint) + path
        keypoint = keypoint * self.length + self.place
        keeps_transl = self.translation and self.num_channels == 3
        return dict(keypoint=keypoint, **(dict(transl=keypoint[:, :, self.skeleton.root]) if keeps_transl else {}))

    def _denormalize(self, x: Tensor) -> Tensor:
        return x.float() * self.std + self.mean

    def _load_from_state_dict(self, state_dict, prefix, *args) -> None:
        """Checkpoints of versions that did not keep the place and the form leave them as they are: at the origin, without scores."""
        for name in ('place', 'length', 'score', 'image'):
            state_dict.setdefault(prefix + name, getattr(self, name).clone())
        super()._load_from_state_dict(state_dict, prefix, *args)


def _one_of(name: str, value: str, accepted: Sequence[str]) -> None:
    if value not in accepted:
        raise ValueError(f'{name} must be one of {", ".join(accepted)}, got {value!r}')


def _some_clips(names: Sequence[Optional[str]], total: int) -> str:
    return f'clip {names[0]}' if len(names) == 1 else f'{len(names)} of {total} clips, such as {names[0]}'
