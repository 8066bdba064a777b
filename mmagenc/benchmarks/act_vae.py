"""ACT-VAE beside the plain path, which works as the original: step by step, three roll-outs, one clip at a time in tests."""

from functools import partial
from typing import Callable, Dict, List

import torch

from mmagenc.benchmarks.timing import Settings, compare

SIZES = dict(batch=24, latent_dim=512, num_predictions=50)
"""Published, on Penn Action: nine actions, 13 joints, windows of six poses."""
NUM_CLASSES, NUM_JOINTS, STEPS = 9, 13, 4


def act_vae(settings: Settings) -> List[Dict]:
    """Training step, the same with one roll-out for the three sets of targets, and predictions of many start poses."""
    from mmagenc.benchmarks.plain_act_vae import ReferenceACTVAE
    device, count = torch.device(settings.device), SIZES['num_predictions']
    plain = ReferenceACTVAE(num_classes=NUM_CLASSES, latent_dim=SIZES['latent_dim']).to(device)
    poses, label = torch.rand(SIZES['batch'], 2 + STEPS, NUM_JOINTS, 2, device=device) - 0.5, torch.arange(SIZES['batch']) % NUM_CLASSES
    plain_step = reference_step(plain, poses.flatten(2), label.to(device))
    rows = [compare(name, our_step(our_model(device, rollouts), poses, label), plain_step, settings, reference_rollouts=3)
            for name, rollouts in (('train_step', 3), ('train_1_roll_out', 1))]
    start, wanted = torch.rand(count, NUM_JOINTS, 2) - 0.5, torch.arange(count) % NUM_CLASSES
    model, plain_clips = our_model(device, 3), partial(one_by_one, plain, start.to(device), wanted.to(device))
    ours = partial(model.generate, wanted, STEPS, start=start, batch_size=count)
    return [*rows, compare(f'predict_{count}', lambda: ours().cpu(), plain_clips, settings)]


def our_model(device: torch.device, rollouts: int) -> torch.nn.Module:
    """The published size, with poses that lie in −1 … 1 as they are."""
    from mmagenc.registry import MODELS
    representation = dict(type='KeypointRepresentation', skeleton='penn13', num_dims=2, normalization='min_max')
    model = MODELS.build(
        dict(
            type='ACTVAE',
            representation=representation,
            num_classes=NUM_CLASSES,
            latent_dim=SIZES['latent_dim'],
            num_rollouts=rollouts))
    model.representation.std.fill_(1.)
    return model.to(device).train()


def our_step(model: torch.nn.Module, poses: torch.Tensor, label: torch.Tensor) -> Callable:
    """One batch of the package's training, from collated clips on."""
    from mmaction.structures import ActionDataSample
    from mmengine.optim import build_optim_wrapper
    optimizer = dict(type='Adam', lr=2e-4, betas=(0.5, 0.999), weight_decay=1e-4, fused=True)
    optim_wrapper = build_optim_wrapper(model, dict(type='OptimWrapper', optimizer=optimizer))
    samples = [ActionDataSample(metainfo=dict(num_frames=poses.shape[1])).set_gt_label(int(y)) for y in label]
    return lambda: model.train_step(dict(inputs=dict(keypoint=list(poses)), data_samples=samples), optim_wrapper)


def reference_step(model: torch.nn.Module, poses: torch.Tensor, label: torch.Tensor) -> Callable:
    """One batch as published: three roll-outs, one after the other."""
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-4, betas=(0.5, 0.999), weight_decay=1e-4)

    def step() -> None:
        z = torch.randn(3, len(poses), model.latent_dim, device=poses.device)
        eps = torch.randn(3, len(poses), STEPS, model.latent_dim, device=poses.device)
        optimizer.zero_grad()
        sum(model.loss(poses, label, z, eps, model.roll_out).values()).backward()
        optimizer.step()

    return step


def one_by_one(model: torch.nn.Module, start: torch.Tensor, label: torch.Tensor) -> List[torch.Tensor]:
    """Predictions as the published test makes them, a clip at a time."""
    clips = []
    with torch.no_grad():
        for pose, kind in zip(start.flatten(1), label):
            z, eps = (torch.randn(1, *shape, device=start.device) for shape in ((model.latent_dim, ), (STEPS, model.latent_dim)))
            clips.append(model.roll_out(pose[None], kind[None], z, eps)[0].cpu())
    return clips
