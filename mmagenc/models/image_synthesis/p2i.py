"""Pose to image (Xu et al., arXiv 2108.05658): the network that turns a source image and predicted poses into frames, and its training.

B batch, K targets, T frames, J joints, H height, W width. Images are RGB.
"""

import logging
from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence

import torch
from mmengine.logging import print_log
from mmengine.model import BaseModel, is_model_wrapper
from mmengine.optim import OptimWrapperDict
from mmengine.runner import CheckpointLoader
from torch import Tensor, nn

from mmagenc.registry import MODELS

from .heat_maps import heat_maps
from .losses import MASK_WEIGHT, changed, feature_matching, lsgan_discriminator, lsgan_real, masked_l1
from .p2i_networks import CLASS_NORM_MOMENTUM, DISCRIMINATOR_STRIDE, P2IDiscriminator, P2INetwork
from .perceptual import WEIGHTS_FILE, PerceptualLoss, find_vgg19

LOSS_WEIGHTS = dict(image=30., perceptual=5., adversarial=5., matching=1., discriminator=5.)
"""Published weights: of :func:`~.losses.masked_l1`, of VGG19's features, of the generator's LSGAN term, of the discriminator's features,
and of what the discriminator minimizes."""
NETWORKS = ('generator', 'discriminator')
MOST_UNLEARNT = 0.05
"""Share of running statistics that may be what they began with before the log warns of frames made with them."""


@dataclass(frozen=True)
class Target:
    """Where a source is to be moved, and what it should look like there.

    Args:
        maps: ``(B, J, H, W)`` heat maps of the pose that the network gets.
        image: ``(B, 3, H, W)`` in −1 … 1.
        image_maps: heat maps of the pose that ``image`` has; of a teacher's pose the same as ``maps``.
        mask: ``(B, 1, H, W)`` in 0 … 1, where the person is in ``image``.
        changed: ``(B, 1, H, W)``, 1 where ``image`` differs from the source.
    """

    maps: Tensor
    image: Tensor
    image_maps: Tensor
    mask: Tensor
    changed: Tensor


@MODELS.register_module()
class PoseToImage(BaseModel):
    """Moves the person of an image into other poses.

    In each iteration (published) the discriminator learns from a frame made in the pose of a recorded one and from one made in a pose that
    a frozen generator predicts for a step, and then the generator learns from both: the first should look like the recorded frame, the
    second only deceive the discriminator. Each of these four is an update of its own. The optimizers are those of an
    ``OptimWrapperDict`` with ``generator`` and ``discriminator`` (in a config: ``optim_wrapper =
    dict(constructor='SeparateOptimWrapperConstructor', generator=dict(...), discriminator=dict(...))``); on several GPUs the wrapper is
    ``model_wrapper_cfg = dict(type='MMSeparateDistributedDataParallel')``. A moving average of the weights is MMEngine's ``EMAHook``.

    What comes of the same mathematics for less: frames that the discriminator learns from carry no gradient to the generator (published
    code computes it and throws it away), and the frame made in a teacher's pose serves the discriminator's update and the generator's. So
    both see the same target, where the published code draws one for each.

    Args:
        num_joints: J.
        num_classes: number of action classes.
        channels, num_blocks, mask_bias, norm_momentum: see :class:`~.p2i_networks.P2INetwork`; the discriminator is as wide.
        loss_weights: those not named keep :data:`LOSS_WEIGHTS`. With ``adversarial`` and ``matching`` 0 there is nothing that a
            discriminator is for: it does not learn and costs nothing, which the log says.
        mask_weight: see :func:`~.losses.masked_l1`.
        changed_weight: what pixels count more, beside 1 and ``mask_weight``, in which the target differs from its source
            (:func:`~.losses.changed`). Few of a picture's do, and what a limb leaves behind is in no mask. Published is 0.
        perceptual: ``dict(weights=FILE, normalize_input=False)`` of :class:`~.perceptual.PerceptualLoss`. Without a file torchvision's
            weights are taken where torchvision keeps them, and if they are not there the term is off, which the log says.
        pose_generator: config of the generator that predicts poses from a start pose, in pixels of the dataset's square images
            (``generate(label, num_frames, start=…)``, such as ``ACTVAE``). ``None`` trains on teachers' poses only, which the log says.
        pose_checkpoint: its weights. They are kept in this model's checkpoint too, so only training needs the file.
        pose_size: side of the square that the generator of poses was trained in, in pixels; ``None`` is what its weights say of the
            recordings, or else that of the images.
        hide_unseen: leave the heat maps of keypoints empty that were not seen (score 0); published are all drawn.

    Raises:
        ValueError: settings out of range or not known, or a generator of poses of which no checkpoint is named.
    """

    def __init__(self,
                 *,
                 num_joints: int,
                 num_classes: int,
                 channels: int = 64,
                 num_blocks: int = 9,
                 mask_bias: float = 0.,
                 norm_momentum: float = CLASS_NORM_MOMENTUM,
                 loss_weights: Optional[Dict[str, float]] = None,
                 mask_weight: float = MASK_WEIGHT,
                 changed_weight: float = 0.,
                 perceptual: Optional[Dict] = None,
                 pose_generator: Optional[Dict] = None,
                 pose_checkpoint: Optional[str] = None,
                 pose_size: Optional[int] = None,
                 hide_unseen: bool = False) -> None:
        super().__init__(data_preprocessor=dict(type='mmagenc.MotionDataPreprocessor'))
        self.num_joints, self.num_classes, self.hide_unseen = num_joints, num_classes, hide_unseen
        self.loss_weights, self.mask_weight = _weights(loss_weights), _not_negative('mask_weight', mask_weight)
        self.changed_weight = _not_negative('changed_weight', changed_weight)
        self.generator = P2INetwork(num_joints=num_joints, num_classes=num_classes, channels=channels, num_blocks=num_blocks,
                                    mask_bias=mask_bias, norm_momentum=norm_momentum)
        self.discriminator = P2IDiscriminator(num_joints=num_joints, channels=channels)
        if (pose_generator is None) != (pose_checkpoint is None):
            raise ValueError(f'pose_generator and pose_checkpoint go together: frames in poses of a generator that has learnt nothing, or '
                             f'weights of none, got {pose_generator} and {pose_checkpoint}')
        self.pose_generator = _frozen(pose_generator)
        self.pose_checkpoint, self.pose_size, self._perceptual_cfg = pose_checkpoint, pose_size, dict(perceptual or {})
        self.perceptual: Optional[PerceptualLoss] = None
        self._warned = False

    @property
    def pose_side(self) -> Optional[int]:
        """Side of the square that the generator of poses was trained in, as the config or its weights say; ``None`` where neither does."""
        representation = getattr(self.pose_generator, 'representation', None)
        return self.pose_size or getattr(representation, 'square', None)

    # What training needs and generating does not ------------------------------------------------------------------------------------

    def init_weights(self) -> None:
        """Load the generator of poses and VGG19; MMEngine calls it once, before a training."""
        if self.pose_generator is None:
            print_log('PoseToImage: no pose_generator, so it learns from the poses of recorded frames only', logger='current')
        else:
            load_pose_generator(self.pose_generator, self.pose_checkpoint)
        self.perceptual = None if not self.loss_weights['perceptual'] else self._perceptual_loss()
        if not self.adversarial:
            print_log('PoseToImage: loss_weights adversarial and matching are 0, so the discriminator does not learn', logger='current')
        self._is_init = True

    def _perceptual_loss(self) -> Optional[PerceptualLoss]:
        settings = dict(self._perceptual_cfg)
        weights = settings.pop('weights', None) or find_vgg19()
        if weights is None:
            print_log(f"PoseToImage: the perceptual term is off, for want of VGG19's weights: give perceptual=dict(weights=…) "
                      f"torchvision's {WEIGHTS_FILE}", logger='current')
            return None
        return PerceptualLoss(weights=weights, **settings)

    @property
    def adversarial(self) -> bool:
        """Whether a discriminator takes part."""
        return self.loss_weights['adversarial'] > 0 or self.loss_weights['matching'] > 0

    @property
    def device(self) -> torch.device:
        return next(self.generator.parameters()).device

    def train(self, mode: bool = True) -> 'PoseToImage':
        """As every module's; the generator of poses stays in evaluation mode."""
        super().train(mode)
        if self.pose_generator is not None:
            self.pose_generator.eval()
        return self

    # Training -----------------------------------------------------------------------------------------------------------------------

    def train_step(self, data: Dict, optim_wrapper: OptimWrapperDict) -> Dict[str, Tensor]:
        """One batch: two updates of the discriminator and two of the generator (one of each without a generator of poses).

        Raises:
            ValueError: optimizers that are not two, or that gather gradients of several batches; images of a size or with a number of
                keypoints that the networks do not take.
        """
        _check_optimizers(optim_wrapper)
        inputs, label = self._prepared(self.data_preprocessor(data, training=True))
        source, maps = self._source(inputs), self._maps(inputs)
        teacher = self._target(inputs, maps, place=1)
        with optim_wrapper['generator'].optim_context(self.generator):
            fake = self.generator(source, maps[:, 0], teacher.maps, label)
        if not self.adversarial:
            return self._update_generator(fake, teacher, optim_wrapper['generator'])
        terms = self._update_discriminator(fake.detach(), teacher, optim_wrapper['discriminator'], 'loss_discriminator')
        if self.pose_generator is None:
            return terms | self._update_generator(fake, teacher, optim_wrapper['generator'])
        predicted = self._predicted(inputs, maps, label)
        with optim_wrapper['generator'].optim_context(self.generator), torch.no_grad():
            moved = _unwrap(self.generator)(source, maps[:, 0], predicted.maps, label)
        terms |= self._update_discriminator(moved, predicted, optim_wrapper['discriminator'], 'loss_discriminator_predicted')
        terms |= self._update_generator(fake, teacher, optim_wrapper['generator'])
        with optim_wrapper['generator'].optim_context(self.generator):
            moved = self.generator(source, maps[:, 0], predicted.maps, label)
        return terms | self._deceive(moved, predicted, optim_wrapper['generator'])

    def _update_discriminator(self, fake: Tensor, target: Target, optim_wrapper, name: str) -> Dict[str, Tensor]:
        with optim_wrapper.optim_context(self.discriminator):
            loss = self.discriminator_loss(fake, target)
            optim_wrapper.update_params(loss)
        return {name: loss.detach()}

    def _update_generator(self, fake: Tensor, target: Target, optim_wrapper) -> Dict[str, Tensor]:
        with optim_wrapper.optim_context(self.generator), _held(_unwrap(self.discriminator)):
            terms = self.generator_loss(fake, target)
            optim_wrapper.update_params(sum(terms.values()))
        return {name: value.detach() for name, value in terms.items()}

    def _deceive(self, fake: Tensor, target: Target, optim_wrapper) -> Dict[str, Tensor]:
        with optim_wrapper.optim_context(self.generator), _held(_unwrap(self.discriminator)) as discriminator:
            loss = self.loss_weights['adversarial'] * lsgan_real(discriminator(fake, target.maps)[0].float())
            optim_wrapper.update_params(loss)
        return dict(loss_adversarial_predicted=loss.detach())

    def discriminator_loss(self, fake: Tensor, target: Target) -> Tensor:
        """What the discriminator minimizes, of made frames ``(B, 3, H, W)`` in the pose ``target.maps`` and of the recorded ones."""
        judged, _ = self.discriminator(fake, target.maps)
        real, _ = self.discriminator(target.image, target.image_maps)
        return self.loss_weights['discriminator'] * lsgan_discriminator(judged.float(), real.float())

    def generator_loss(self, fake: Tensor, target: Target) -> Dict[str, Tensor]:
        """Weighted terms of frames ``(B, 3, H, W)`` that should look like ``target.image``."""
        weight = self.mask_weight * target.mask + self.changed_weight * target.changed
        terms = dict(loss_image=self.loss_weights['image'] * masked_l1(fake, target.image, weight, mask_weight=1.))
        if self.adversarial:
            terms |= self._judged(fake, target)
        if self.perceptual is not None:
            terms['loss_perceptual'] = self.loss_weights['perceptual'] * self.perceptual(fake, target.image)
        return terms

    def _judged(self, fake: Tensor, target: Target) -> Dict[str, Tensor]:
        """The terms that the discriminator gives the generator."""
        weights, discriminator = self.loss_weights, _unwrap(self.discriminator)
        score, features = discriminator(fake, target.maps)
        with torch.no_grad():
            _, wanted = discriminator(target.image, target.maps)
        matching = feature_matching([value.float() for value in features], [value.float() for value in wanted])
        return dict(loss_adversarial=weights['adversarial'] * lsgan_real(score.float()), loss_matching=weights['matching'] * matching)

    # Batches ------------------------------------------------------------------------------------------------------------------------

    def _prepared(self, data: Dict) -> tuple:
        inputs = data['inputs']
        height, width = inputs['frame'].shape[-2:]
        if height % DISCRIMINATOR_STRIDE or width % DISCRIMINATOR_STRIDE:
            raise ValueError(f'PoseToImage halves images three times: height and width must be multiples of {DISCRIMINATOR_STRIDE}, got '
                             f'{height} and {width}')
        joints = inputs['pose'].shape[2]
        if joints != self.num_joints:
            raise ValueError(f'PoseToImage(num_joints={self.num_joints}) got poses of {joints} keypoints: set model.num_joints={joints}, '
                             "or bring them into another layout, dataset.metainfo=dict(skeleton='…')")
        if inputs['frame'].shape[1] < 2:
            raise ValueError('PoseToImage learns to move a source image to others: a window has at least one target')
        label = torch.tensor([int(sample.gt_label) for sample in data['data_samples']], device=self.device)
        return inputs, label

    def _source(self, inputs: Dict[str, Tensor]) -> Tensor:
        return from_bytes(inputs['frame'][:, 0])

    def _maps(self, inputs: Dict[str, Tensor]) -> Tensor:
        """``(B, 1 + K, J, H, W)``."""
        visible = inputs['visible'] if self.hide_unseen else None
        return heat_maps(inputs['pose'].float(), tuple(inputs['frame'].shape[-2:]), visible=visible)

    def _target(self, inputs: Dict[str, Tensor], maps: Tensor, *, place: int, predicted: Optional[Tensor] = None) -> Target:
        """The frame at ``place`` of the batch's windows, to be made in its own pose, or in one that was predicted for it."""
        own, image = maps[:, place], from_bytes(inputs['frame'][:, place])
        return Target(own if predicted is None else predicted, image, own, inputs['mask'][:, place].float(),
                      changed(self._source(inputs), image))

    def _predicted(self, inputs: Dict[str, Tensor], maps: Tensor, label: Tensor) -> Target:
        """The last frame of the batch's windows, to be made in the pose that the generator predicts for its step."""
        size, steps = self.pose_side or inputs['frame'].shape[-1], inputs['step'][:, -1]
        start = to_pixels(inputs['pose'][:, 0], size).cpu().numpy()
        motion = self.pose_generator.generate(label.cpu(), int(steps.max()), start=start)
        pose = motion.keypoint[torch.arange(len(label), device=motion.keypoint.device), (steps - 1).to(motion.keypoint.device)]
        unit = from_pixels(pose.to(self.device, torch.float32), size)
        return self._target(inputs, maps, place=-1, predicted=heat_maps(unit, tuple(inputs['frame'].shape[-2:])))

    # Frames -------------------------------------------------------------------------------------------------------------------------

    def forward(self, inputs: Dict[str, Tensor], data_samples: Optional[Sequence] = None, mode: str = 'tensor'):
        """As MMEngine's models.

        Args:
            inputs: ``frame (B, 1 + K, 3, H, W)`` uint8, the source first; ``pose (B, 1 + K, J, 2)`` in −1 … 1, ``visible (B, 1 + K, J)``,
                ``mask (B, 1 + K, 1, H, W)`` in 0 … 1, ``step (B, 1 + K)``, see
                :class:`~mmagenc.datasets.transforms.PackFrameInputs`.
            data_samples: B data samples with ``gt_label`` and the metainfo ``num_frames`` (valid frames, the source one of them).
            mode: ``'tensor'`` gives the frames of all targets ``(B, K, 3, H, W)`` in −1 … 1, ``'predict'`` the data samples with
                ``pred_frames (K, 3, H, W)`` uint8, ``'loss'`` the losses of the first targets, without an update.
        """
        if mode not in ('tensor', 'predict', 'loss'):
            raise ValueError(f"mode must be 'loss', 'predict' or 'tensor', got {mode!r}")
        inputs, label = self._prepared(dict(inputs=inputs, data_samples=data_samples))
        if mode == 'loss':
            return self._losses(inputs, label)
        source, maps = self._source(inputs), self._maps(inputs)
        network = self._made_by()
        frames = torch.stack([network(source, maps[:, 0], maps[:, place], label) for place in range(1, maps.shape[1])], dim=1)
        if mode == 'tensor':
            return frames
        for sample, made in zip(data_samples, to_bytes(frames)):
            sample.pred_frames = made[:sample.num_frames - 1].cpu()
        return data_samples

    def _losses(self, inputs: Dict[str, Tensor], label: Tensor) -> Dict[str, Tensor]:
        maps = self._maps(inputs)
        teacher = self._target(inputs, maps, place=1)
        fake = self.generator(self._source(inputs), maps[:, 0], teacher.maps, label)
        terms = self.generator_loss(fake, teacher)
        return terms if not self.adversarial else dict(terms, loss_discriminator=self.discriminator_loss(fake.detach(), teacher))

    @torch.no_grad()
    def animate(self, source: Tensor, source_pose: Tensor, poses: Tensor, label: int, *, batch_size: int = 16) -> Tensor:
        """Frames of one person in other poses, in evaluation mode.

        Args:
            source: ``(3, H, W)`` uint8.
            source_pose: ``(J, 2)``, pixels of the source, which is square.
            poses: ``(T, J, 2)``, too.
            label: index of the class.
            batch_size: frames made at once.

        Returns:
            Tensor: ``(T, 3, H, W)`` uint8, on the CPU.

        Raises:
            ValueError: an image, poses or a label that the network does not take.
        """
        self._check_animated(source, source_pose, poses, label)
        was_training, size = self.training, source.shape[-1]
        self.eval()
        try:
            image = from_bytes(source.to(self.device))[None]
            first = heat_maps(from_pixels(source_pose.to(self.device).float(), size), (size, size))[None]
            made = [self._animated(image, first, part.to(self.device).float(), label) for part in poses.split(batch_size)]
        finally:
            self.train(was_training)
        return torch.cat(made)

    def _animated(self, image: Tensor, first: Tensor, poses: Tensor, label: int) -> Tensor:
        count, size = len(poses), image.shape[-1]
        maps = heat_maps(from_pixels(poses, size), (size, size))
        labels = torch.full((count, ), label, device=self.device)
        return to_bytes(self._made_by()(image.expand(count, -1, -1, -1), first.expand(count, -1, -1, -1), maps, labels)).cpu()

    def _made_by(self) -> P2INetwork:
        """The network that makes frames, with one warning of running statistics that few batches have gone into."""
        network = _unwrap(self.generator)
        unlearnt = max(norm.unlearnt for norm in network.up_norm)
        if unlearnt > MOST_UNLEARNT and not self.training and not self._warned:
            self._warned = True
            momentum = network.up_norm[0].momentum
            print_log(f'PoseToImage: {unlearnt:.0%} of the running statistics of its class-conditional norms are still what they began '
                      f'with, after {int(network.up_norm[0].num_batches_tracked)} batches: frames will be dull. Train longer, or with '
                      f'norm_momentum={max(0.1, 2 * momentum):g} in place of {momentum:g}', logger='current', level=logging.WARNING)
        return network

    def _check_animated(self, source: Tensor, source_pose: Tensor, poses: Tensor, label: int) -> None:
        size = source.shape[-1]
        if source.dtype != torch.uint8 or source.shape != (3, size, size) or size % DISCRIMINATOR_STRIDE:
            raise ValueError(f'the source must be (3, S, S) uint8, S a multiple of {DISCRIMINATOR_STRIDE}, got {tuple(source.shape)} '
                             f'{source.dtype}')
        if source_pose.shape != (self.num_joints, 2) or poses.ndim != 3 or poses.shape[1:] != source_pose.shape or not len(poses):
            raise ValueError(f'poses must be ({self.num_joints}, 2) and (T, {self.num_joints}, 2), got {tuple(source_pose.shape)} and '
                             f'{tuple(poses.shape)}')
        if not 0 <= label < self.num_classes:
            raise ValueError(f'the label must lie in 0 … {self.num_classes - 1}, got {label}')


def from_bytes(image: Tensor) -> Tensor:
    """uint8 to −1 … 1."""
    return image.float() / 127.5 - 1


def to_bytes(image: Tensor) -> Tensor:
    """−1 … 1 to uint8, rounded."""
    return ((image.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def from_pixels(pose: Tensor, size: int) -> Tensor:
    """Pixels of a square image, brought to its edge where they lie outside, to −1 … 1, as published."""
    return 2 * pose.clamp(0, size - 1) / size - 1


def to_pixels(pose: Tensor, size: int) -> Tensor:
    """The inverse of :func:`from_pixels`."""
    return (pose + 1) * size / 2


def load_pose_generator(generator: nn.Module, path: str) -> None:
    """Give the generator of poses all weights of its own checkpoint.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a file that is none, or weights of another model.
    """
    content = CheckpointLoader.load_checkpoint(str(path), map_location='cpu')
    weights = content.get('state_dict', content)
    own = generator.state_dict()
    wrong = [name for name, value in own.items() if name not in weights or weights[name].shape != value.shape]
    wrong += [name for name in weights if name not in own]
    if wrong:
        raise ValueError(f'pose_checkpoint {path}: {len(wrong)} of its weights do not fit the {type(generator).__name__} of '
                         f'pose_generator: {", ".join(wrong[:3])}')
    generator.load_state_dict(weights)


def _frozen(pose_generator: Optional[Dict]) -> Optional[nn.Module]:
    if pose_generator is None:
        return None
    model = MODELS.build(pose_generator)
    if not hasattr(model, 'generate'):
        raise ValueError(f'pose_generator: {type(model).__name__} generates no poses; accepted is a generator such as ACTVAE')
    return model.requires_grad_(False).eval()


def _weights(given: Optional[Dict[str, float]]) -> Dict[str, float]:
    unknown = sorted(set(given or {}) - set(LOSS_WEIGHTS))
    if unknown:
        raise ValueError(f'loss_weights has no {", ".join(unknown)}; accepted are {", ".join(LOSS_WEIGHTS)}')
    return {name: _not_negative(f'loss_weights: {name}', value) for name, value in (LOSS_WEIGHTS | dict(given or {})).items()}


def _not_negative(name: str, value: float) -> float:
    if not value >= 0:
        raise ValueError(f'{name} must not be negative, got {value}')
    return value


def _check_optimizers(optim_wrapper) -> None:
    if not isinstance(optim_wrapper, OptimWrapperDict) or set(optim_wrapper.keys()) != set(NETWORKS):
        raise ValueError("PoseToImage needs two optimizers, 'generator' and 'discriminator': optim_wrapper = "
                         "dict(constructor='SeparateOptimWrapperConstructor', generator=dict(...), discriminator=dict(...))")
    counts = {name: wrapper._accumulative_counts for name, wrapper in optim_wrapper.items()}
    if set(counts.values()) != {1}:
        raise ValueError(f'PoseToImage updates each network twice in an iteration, so gradients cannot be gathered over several: '
                         f'accumulative_counts must be 1, got {counts}')


class _held:
    """A network whose weights get no gradient within the context."""

    def __init__(self, network: nn.Module) -> None:
        self.network = network

    def __enter__(self) -> nn.Module:
        return self.network.requires_grad_(False)

    def __exit__(self, *_: List) -> None:
        self.network.requires_grad_(True)


def _unwrap(module: nn.Module) -> nn.Module:
    return module.module if is_model_wrapper(module) else module
