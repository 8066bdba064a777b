"""The pose-to-image network beside the plain path, which works as the original."""

from functools import partial
from typing import Callable, Dict, List

import torch

from mmagenc.benchmarks.timing import Settings, compare, half_precision

SIZES = dict(batch=2, image_size=128, num_joints=13, num_classes=9, channels=64, num_blocks=9)
"""The published network; a batch of 2, not 24, so that a CPU core is done in minutes. What is compared does not depend on it."""
QUICK = dict(SIZES, image_size=16, channels=4, num_blocks=2)


def p2i(settings: Settings) -> List[Dict]:
    """Iterations of training, with a generator of poses that costs nothing and without, and frames of one window."""
    from mmagenc.benchmarks import plain_p2i
    from mmagenc.models.image_synthesis.p2i import from_bytes
    sizes, device = QUICK if settings.quick else SIZES, torch.device(settings.device)
    data = random_batch(sizes, device)
    trainer = plain_p2i.ReferenceTrainer(*(
        {name: value.to(device) for name, value in weights.items()}
        for weights in (plain_p2i.generator_weights(sizes['num_joints'], sizes['num_classes'], sizes['channels'], sizes['num_blocks']),
                        plain_p2i.discriminator_weights(sizes['num_joints'], sizes['channels']))))
    inputs = {name: torch.stack(values) for name, values in data['inputs'].items()}
    frames, label = from_bytes(inputs['frame']), torch.arange(sizes['batch'], device=device) % sizes['num_classes']
    plain = partial(trainer.step, frames[:, 0], frames[:, 1:], inputs['mask'][:, 1:].float(), label, inputs['pose'], inputs['pose'][:, 1:2])
    rows = [compare('train_step_fp32', our_step(sizes, data, device, 'OptimWrapper'), plain, settings, **sizes)]
    if half_precision(settings):
        amp = our_step(sizes, data, device, 'AmpOptimWrapper', dtype='bfloat16')
        rows.append(compare('train_step_bf16', amp, plain, settings, reference_dtype='float32', **sizes))
    return rows + [compare('frames', *frames_of_both(sizes, trainer.generator, inputs, device), settings, **sizes)]


def random_batch(sizes: Dict, device: torch.device) -> Dict:
    """Collated windows of a source and two targets."""
    from mmaction.structures import ActionDataSample
    batch, size = sizes['batch'], sizes['image_size']
    inputs = dict(
        frame=torch.randint(0, 256, (batch, 3, 3, size, size), dtype=torch.uint8, device=device),
        pose=torch.rand(batch, 3, sizes['num_joints'], 2, device=device) * 2 - 1,
        visible=torch.ones(batch, 3, sizes['num_joints'], device=device),
        mask=torch.randint(0, 2, (batch, 3, 1, size, size), dtype=torch.uint8, device=device),
        step=torch.tensor([[0, 1, 1]] * batch, device=device))
    samples = [ActionDataSample(metainfo=dict(num_frames=3)).set_gt_label(index % sizes['num_classes']) for index in range(batch)]
    return dict(inputs={name: list(values) for name, values in inputs.items()}, data_samples=samples)


class StandingStill(torch.nn.Module):
    """A generator of poses that takes no time: they stay."""

    def generate(self, label, num_frames, *, start):
        from mmagenc.structures import Motion
        start = torch.from_numpy(start)
        return Motion(keypoint=start[:, None].repeat(1, num_frames, 1, 1), label=label, length=torch.full((len(label), ), num_frames))


def build(sizes: Dict, device: torch.device) -> torch.nn.Module:
    """The package's model with the published iteration's four updates."""
    from mmagenc.registry import MODELS
    settings = {name: sizes[name] for name in ('num_joints', 'num_classes', 'channels', 'num_blocks')}
    model = MODELS.build(dict(type='PoseToImage', **settings))
    model.pose_generator = StandingStill()
    return model.to(device)


def our_step(sizes: Dict, data: Dict, device: torch.device, wrapper: str, **kwargs) -> Callable:
    """One batch of the package's training, from collated windows on."""
    from mmengine.optim import build_optim_wrapper
    model = build(sizes, device).train()
    adam = dict(type=wrapper, optimizer=dict(type='Adam', lr=2e-4, betas=(0.5, 0.999), weight_decay=1e-4, fused=True), **kwargs)
    optim_wrapper = build_optim_wrapper(model, dict(constructor='SeparateOptimWrapperConstructor', generator=adam, discriminator=adam))
    return lambda: model.train_step(data, optim_wrapper)


def frames_of_both(sizes: Dict, weights: Dict, inputs: Dict, device: torch.device) -> List[Callable]:
    """Sixteen frames of one image, all at once, and one after the other with gradients, as the published test makes them."""
    from mmagenc.benchmarks import plain_p2i
    from mmagenc.models.image_synthesis.p2i import from_bytes, to_pixels
    size, model, label = sizes['image_size'], build(sizes, device), torch.zeros(1, dtype=torch.long, device=device)
    source, pose, poses = inputs['frame'][0, 0], inputs['pose'][0, 0], torch.rand(16, sizes['num_joints'], 2, device=device) * 2 - 1

    def plain() -> None:
        for target in poses:
            maps = [plain_p2i.heat_maps(value[None], size) for value in (pose, target)]
            plain_p2i.generate(weights, from_bytes(source)[None], *maps, label, training=False)

    return [partial(model.animate, source, to_pixels(pose, size), to_pixels(poses, size), 0), plain]
