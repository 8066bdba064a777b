"""What every generator is: labels in, motion out.

B batch, N clips, T frames, J joints, C channels.
"""

import hashlib
from abc import abstractmethod
from dataclasses import replace
from typing import Dict, Iterator, List, Optional, Sequence, Tuple, Union

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmagenc.registry import MODELS
from mmagenc.skeletons import get_skeleton
from mmagenc.structures import Motion, MotionInfo, image_shapes

from .class_paths import split_path
from .variants import check_strength, in_own_images, windows_of


class BaseGenerator(BaseModel):
    """A generator of labelled motion.

    Args:
        representation: config of a representation (or a built one).
        num_classes: number of action classes.
        num_frames: frames of a clip where a caller names none.
        test_cfg: ``num_repeats`` clips are generated per test clip (default 20); ``seed`` of their noise (default 0).
    """

    latent_has_frames = False
    """Whether a latent is the longer the more frames its clip has; ``sample_latent`` then takes ``length``."""
    takes_class_paths = False
    """Whether the class of a clip may change over time: ``decode_latent`` then takes ``label`` as a path ``(N, T, K)`` too."""
    can_vary = False
    """Whether :meth:`vary` makes variants of given clips; what can then has :meth:`latent_around`."""
    stretches = False
    """Whether clips of more than :attr:`num_frames` frames are clips of these stretched: movement is so many times slower."""
    learns = True
    """Whether there is something to train; a generator that only needs :meth:`fit` makes clips without a checkpoint."""
    gap = 1
    """Frames of a recording from one generated frame to the next: clips have so many fewer frames a second."""
    test_defaults = dict(num_repeats=20, seed=0)
    """What ``test_cfg`` may say, and what holds where it says nothing."""

    def __init__(self, *, representation: Dict, num_classes: int, num_frames: int = 60, test_cfg: Optional[Dict] = None) -> None:
        super().__init__(data_preprocessor=dict(type='mmagenc.MotionDataPreprocessor', non_blocking=True))
        if num_classes < 1 or num_frames < 2:
            raise ValueError(f'num_classes must be at least 1 and num_frames at least 2, got {num_classes} and {num_frames}')
        self.representation = representation if isinstance(representation, nn.Module) else MODELS.build(representation)
        self.num_classes, self.num_frames = num_classes, num_frames
        unknown = [key for key in test_cfg or {} if key not in self.test_defaults]
        if unknown:
            raise ValueError(f'test_cfg of {type(self).__name__} takes {", ".join(self.test_defaults)}, got {", ".join(map(str, unknown))}')
        self.test_cfg = self.test_defaults | dict(test_cfg or {})

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    @property
    def motion_info(self) -> MotionInfo:
        """What is known of the clips made here: the layout, and of a model with ``dataset_meta`` (see
        :func:`~mmagenc.apis.init_generator`) class names, frame rate and vertical."""
        meta = getattr(self, 'dataset_meta', None) or {}
        said = {key: meta.get(key) for key in ('classes', 'fps', 'up')}
        return MotionInfo(skeleton=getattr(self.representation, 'keypoint_skeleton', None), source='synthetic', **said)

    def class_blocks(self) -> Dict[str, Tuple[Tuple[int, int], ...]]:
        """Which weights know the classes, and where: what begins anew when a generator of other classes is adapted to these.

        Returns:
            dict: names in the state dict to ``((axis, first index), …)`` of the K rows or columns of the classes; to ``()`` for what
            belongs to the old classes or to their training as a whole.
        """
        return {}

    def forward(self, inputs: Dict[str, Tensor], data_samples: Optional[Sequence] = None, mode: str = 'tensor'):
        """As MMEngine's models.

        Args:
            inputs: ``pose (B, T, 24, 3)``, ``transl (B, T, 3)``, ``keypoint (B, T, V, C)``, those that the data has.
            data_samples: B data samples with ``gt_label`` and the metainfo ``num_frames`` (valid frames).
            mode: ``'loss'`` gives a dict of weighted losses, ``'predict'`` the data samples with ``pred_motion`` (a motion of
                ``num_repeats`` clips of the sample's label and length) and ``recon_motion``, ``'tensor'`` the encoded ``(B, T, J, C)``.
        """
        if mode == 'tensor':
            return self.representation.encode(inputs)
        if mode == 'loss':
            return self.loss_of(inputs, *self.labels_and_lengths(data_samples))
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        raise ValueError(f"mode must be 'loss', 'predict' or 'tensor', got {mode!r}")

    def labels_and_lengths(self, data_samples: Sequence) -> Tuple[Tensor, Tensor]:
        """``label (B,)`` on the model's device, ``length (B,)`` on the CPU."""
        label = torch.tensor([int(sample.gt_label) for sample in data_samples])
        return label.to(self.device, non_blocking=True), torch.tensor([sample.num_frames for sample in data_samples])

    @property
    def fitted(self) -> bool:
        """Whether what generating needs of the training clips is there; so it is for generators that need nothing."""
        return True

    def fit(self, annotations: Sequence[Dict]) -> None:
        """Keep, in buffers, what generating needs of the training clips; called before the first epoch if not :attr:`fitted`."""

    def loss_of(self, inputs: Dict[str, Tensor], label: Tensor, length: Tensor) -> Dict[str, Tensor]:
        """:meth:`loss` of clips as the data has them: all of a training step that is the same work for any clips of their size."""
        return self.loss(self.representation.encode(inputs), label, length)

    @abstractmethod
    def loss(self, x: Tensor, label: Tensor, length: Tensor) -> Dict[str, Tensor]:
        """Weighted loss terms ``loss_*`` of encoded clips ``(B, T, J, C)``; ``length`` lies on the CPU, here and below."""

    def reconstruct(self, x: Tensor, label: Tensor, length: Tensor) -> Optional[Motion]:
        """What the model makes of encoded clips, or ``None`` for a generator that cannot encode."""
        return None

    @abstractmethod
    def sample_latent(self, label: Tensor, *, generator: Optional[torch.Generator], **sampling) -> Tensor:
        """``(N, D)`` latent vectors on the CPU. Those of generators with :attr:`latent_has_frames` take ``length`` too."""

    def draw_latent(self, label: Tensor, length: Union[int, Tensor], *, generator: Optional[torch.Generator], **sampling) -> Tensor:
        """:meth:`sample_latent` for clips of ``length`` frames, one number or ``(N,)``, of which it is told where that matters."""
        frames = dict(length=length) if self.latent_has_frames else {}
        return self.sample_latent(label, generator=generator, **frames, **sampling)

    def latent_width(self, num_frames: int) -> int:
        """D of clips of ``num_frames`` frames."""
        return self.draw_latent(torch.zeros(1, dtype=torch.long), num_frames, generator=torch.Generator()).shape[1]

    @abstractmethod
    def decode_latent(self, latent: Tensor, label: Tensor, length: Tensor) -> Motion:
        """N clips of these labels, of these lengths or shorter, from latent vectors ``(N, D)``, on the model's device; anything else is
        refused."""

    @torch.no_grad()
    def predict(self, inputs: Dict[str, Tensor], data_samples: List) -> List:
        """Generate one group of clips per test clip; the noise depends on ``test_cfg.seed`` and the clip's name only."""
        label, length = self.labels_and_lengths(data_samples)
        repeats = self.test_cfg['num_repeats']
        labels = label.cpu()[:, None].expand(-1, repeats)
        longest = int(length.max())
        latents = [self.draw_latent(group, longest, generator=self._noise_of(sample)) for group, sample in zip(labels, data_samples)]
        motion = self._decode_batched(torch.cat(latents), label.repeat_interleave(repeats), length.repeat_interleave(repeats))
        reconstruction = self.reconstruct(self.representation.encode(inputs), label, length)
        for index, sample in enumerate(data_samples):
            sample.pred_motion = motion[index * repeats:(index + 1) * repeats].cpu()
            if reconstruction is not None:
                sample.recon_motion = reconstruction[index].cpu()
        return data_samples

    def _noise_of(self, sample) -> torch.Generator:
        name = f'{self.test_cfg["seed"]}/{sample.metainfo.get("frame_dir", "")}'
        digest = hashlib.sha256(name.encode()).digest()
        return torch.Generator().manual_seed(int.from_bytes(digest[:7], 'big'))

    @torch.no_grad()
    def generate(self,
                 label: Union[Tensor, Sequence[int]],
                 num_frames: Optional[Union[int, Tensor, Sequence[int]]] = None,
                 *,
                 generator: Optional[torch.Generator] = None,
                 batch_size: Optional[int] = None,
                 **sampling) -> Motion:
        """Generate a clip for each label, in evaluation mode and without gradients.

        Args:
            label: ``(N,)`` class indices; for generators with :attr:`takes_class_paths` also a path of classes over time, ``(N, T)``
                indices or ``(N, T, K)`` shares of the K classes, which sum to 1 in each frame.
            num_frames: frames of every clip, or ``(N,)`` of each; ``None`` is the model's own, or T of a path.
            generator: CPU random generator; the result depends on it and not on ``batch_size`` or the device.
            batch_size: clips decoded at once; ``None`` is 25 on the CPU and 256 on a GPU.
            **sampling: what the generator's ``sample_latent`` takes.

        Returns:
            Motion: N clips on the model's device.

        Raises:
            ValueError: labels or lengths out of range, or a path for a generator that takes none.
        """
        label, path = split_path(label, self.num_classes)
        if num_frames is None:
            num_frames = self.num_frames if path is None else path.shape[1]
        length = torch.as_tensor(num_frames, dtype=torch.long).cpu()
        self._check(label, length)
        if path is not None:
            self.check_class_path(path, int(length.max()))
        latent = self.draw_latent(label, length, generator=generator, **sampling)
        return self._decode_batched(latent, label if path is None else path, length.expand(len(label)), batch_size)

    def check_class_path(self, path: Tensor, num_frames: int) -> None:
        """Raise ValueError unless clips of ``num_frames`` frames can follow paths ``(N, T, K)``."""
        if not self.takes_class_paths:
            raise ValueError(f'{type(self).__name__} makes clips of one class each, it takes no path of classes over time')
        if path.shape[1] != num_frames:
            raise ValueError(f'the path of classes has {path.shape[1]} frames, the clips {num_frames}')

    @torch.no_grad()
    def vary(self,
             clips: Sequence[Dict],
             strength: float = 0.5,
             *,
             num_frames: Optional[int] = None,
             generator: Optional[torch.Generator] = None,
             batch_size: Optional[int] = None) -> Motion:
        """A variant of each given clip, of its class: without a judge as right as the recording is.

        Args:
            clips: N labelled annotation dicts, of the layout (or with the rotations) that the representation takes.
            strength: how far from the clips: 0 is as near as the generator can, 1 as far as it goes. What lies between is the generator's
                own: see :meth:`latent_around`.
            num_frames: most frames of a variant; of longer clips a part from anywhere is varied. ``None`` is no limit.
            generator: CPU random generator; the result depends on it and not on ``batch_size`` or the device.
            batch_size: clips decoded at once.

        Returns:
            Motion: N clips on the model's device, in the order of ``clips``.

        Raises:
            ValueError: a generator that cannot, no clips, labels or a strength out of range.
        """
        if not self.can_vary:
            raise ValueError(f'{type(self).__name__} makes no variants of given clips: it does not say which latents lie around one')
        check_strength(strength)
        label = torch.tensor([int(clip['label']) for clip in clips])
        self._check(label, torch.tensor(1 if num_frames is None else num_frames))
        was_training = self.training
        self.eval()
        try:
            return replace(self._varied(clips, strength, num_frames, generator, batch_size), info=self.motion_info)
        finally:
            self.train(was_training)

    def _varied(self, clips: Sequence[Dict], strength: float, num_frames: Optional[int], generator: Optional[torch.Generator],
                batch_size: Optional[int]) -> Motion:
        """:meth:`vary` once its arguments are checked: latents around windows of the clips, decoded."""
        clips = windows_of(clips, None if num_frames is None else self.frames_behind(num_frames), generator)
        latent, length = self.latent_around(clips, strength, generator=generator)
        motion = self._decode_batched(latent, torch.tensor([int(clip['label']) for clip in clips]), length, batch_size)
        return in_own_images(motion, torch.from_numpy(image_shapes(clips)), self.representation)

    def frames_behind(self, num_frames: int) -> int:
        """Frames of a recording that a variant of ``num_frames`` frames is made of."""
        return num_frames

    def latent_around(self, clips: Sequence[Dict], strength: float, *, generator: Optional[torch.Generator]) -> Tuple[Tensor, Tensor]:
        """``(N, D)`` latents whose clips are variants of the given ones, and the variants' frames ``(N,)``, both on the CPU."""
        raise ValueError(f'{type(self).__name__} makes no variants of given clips')

    def _check(self, label: Tensor, length: Tensor) -> None:
        if label.ndim != 1 or len(label) == 0:
            raise ValueError(f'label must be (N,) with at least one clip, got {tuple(label.shape)}')
        if label.min() < 0 or label.max() >= self.num_classes:
            raise ValueError(f'labels must lie in 0 … {self.num_classes - 1}, got {label.min().item()} … {label.max().item()}')
        if length.ndim > 1 or (length.ndim == 1 and len(length) != len(label)):
            raise ValueError(f'num_frames must be one number or {len(label)}, got {tuple(length.shape)}')
        if length.min() < 1:
            raise ValueError(f'num_frames must be at least 1, got {length.min().item()}')

    def _decode_batched(self, latent: Tensor, label: Tensor, length: Tensor, batch_size: Optional[int] = None) -> Motion:
        longest = int(length.max())
        return Motion.cat([part.pad_to(longest) for part in self.decode_batches(latent, label, length, batch_size=batch_size)])

    def decode_batches(self, latent: Tensor, label: Tensor, length: Tensor, *, batch_size: Optional[int] = None) -> Iterator[Motion]:
        """Clips of latent vectors a batch at a time, in evaluation mode and without gradients; what has been consumed needs no memory.

        Args:
            latent: ``(N, D)``, such as ``Motion.latent``, which decodes to the same clips again.
            label: ``(N,)`` class indices, or paths ``(N, T, K)``.
            length: ``(N,)`` frames of each clip, on the CPU.
            batch_size: clips decoded at once; ``None`` is 25 on the CPU and 256 on a GPU.

        Yields:
            Motion: up to ``batch_size`` clips on the model's device, as long as the longest of them.
        """
        for rows in torch.arange(len(label)).split(batch_size or (25 if self.device.type == 'cpu' else 256)):
            was_training = self.training
            self.eval()
            try:
                with torch.no_grad():
                    motion = self.decode_latent(latent[rows].to(self.device), label[rows].to(self.device), length[rows])
            finally:
                self.train(was_training)
            self._check_decoded(motion, label[rows], length[rows])
            yield replace(motion, info=self.motion_info)

    def _check_decoded(self, motion: Motion, label: Tensor, length: Tensor) -> None:
        """Refuse what :meth:`decode_latent` of somebody's own class gives if it was not asked for: clips would pass for others."""
        asked = f'{type(self).__name__}.decode_latent was asked for {len(label)} clips'
        if not isinstance(motion, Motion):
            raise ValueError(f'{asked} and gives {type(motion).__name__}; it has to give a Motion (mmagenc.structures), as '
                             'representation.decode does')
        if len(motion) != len(label):
            raise ValueError(f'{asked} and gives {len(motion)}')
        if not motion.keypoint.is_floating_point():
            raise ValueError(f'{asked} and gives keypoints that are {motion.keypoint.dtype}: they have to be floating point')
        layout = getattr(self.representation, 'keypoint_skeleton', None)
        joints = motion.keypoint.shape[2] if layout is None else get_skeleton(layout).num_joints
        if motion.keypoint.shape[2] != joints:
            raise ValueError(f'{asked} of {layout}, which has {joints} keypoints, and gives {motion.keypoint.shape[2]}')
        given = motion.length.cpu()
        if int(given.min()) < 1 or (given > length).any() or int(given.max()) > motion.keypoint.shape[1]:
            raise ValueError(f'{asked} of {_few(length)} frames and gives {motion.keypoint.shape[1]} frames, of which {_few(given)} count: '
                             'from 1 to as many as asked for, and no more than there are')
        if label.ndim == 1 and not torch.equal(motion.label.cpu(), label.cpu()):
            raise ValueError(f'{asked} of classes {_few(label)} and gives {_few(motion.label)}: clips keep order and labels')


def _few(values: Tensor) -> str:
    """The first of some numbers; one where all are the same."""
    numbers = values.tolist()
    return str(numbers[0]) if len(set(numbers)) == 1 else ', '.join(map(str, numbers[:5])) + (', …' if len(numbers) > 5 else '')
