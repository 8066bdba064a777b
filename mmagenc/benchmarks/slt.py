"""SLT beside the plain path, which works as the published graph: one LSTM step and one decoder call a frame."""

from functools import partial
from typing import Callable, Dict, List, Tuple

import torch
import torch.nn.functional as F

from mmagenc.benchmarks.timing import Settings, compare

SIZES = dict(num_frames=50, batch=32, pose_batch=64, latent_dim=12, noise_dim=64, hidden_dim=256, wide_dim=1024, num_generated=300)
"""Published, on Human3.6M in the image plane: ten actions, 15 joints."""
NUM_CLASSES, NUM_JOINTS, N_CRITIC = 10, 15, 5
ADAM = dict(betas=(0.5, 0.9))


def slt(settings: Settings) -> List[Dict]:
    """A batch of each stage, critic's and generator's updates; and clips of all classes, as many as one published round makes."""
    from mmagenc.benchmarks.plain_slt import ReferenceSLT, random_variables
    sizes, device = SIZES, torch.device(settings.device)
    widths = {name: sizes[name] for name in ('num_frames', 'latent_dim', 'noise_dim', 'hidden_dim', 'wide_dim')}
    variables = random_variables(pose_size=2 * NUM_JOINTS, num_classes=NUM_CLASSES, **widths)
    plain = ReferenceSLT({name: value.to(device).requires_grad_('moving' not in name) for name, value in variables.items()})
    real = torch.randn(sizes['batch'], sizes['num_frames'], NUM_JOINTS, 2, device=device)
    label = torch.arange(sizes['batch'], device=device) % NUM_CLASSES
    rows = [
        compare('pose_step', our_step(our_model(device, 10**9), real, label), plain_pose_step(plain, real, label), settings),
        compare('clip_step', our_step(our_model(device, 0), real, label), plain_clip_step(plain, real, label), settings)
    ]
    wanted = torch.arange(sizes['num_generated']) % NUM_CLASSES
    model = our_model(device, 0).eval()
    ours = partial(model.generate, wanted)
    return [*rows, compare(f'generate_{len(wanted)}', lambda: ours().cpu(), partial(plain_clips, plain, wanted.to(device)), settings)]


def our_model(device: torch.device, pose_steps: int) -> torch.nn.Module:
    """The published size, in the first stage for ``pose_steps`` batches, for poses that are normalized as they are."""
    from mmagenc.registry import MODELS
    representation = dict(type='KeypointRepresentation', skeleton='h36m15', num_dims=2, root_center=None)
    widths = {name: value for name, value in SIZES.items() if name not in ('batch', 'num_generated')}
    model = MODELS.build(
        dict(
            type='SLTGenerator',
            representation=representation,
            num_classes=NUM_CLASSES,
            pooling='published',
            pose_steps=pose_steps,
            **widths))
    model.representation.std.fill_(1.)
    return model.to(device).train()


def our_step(model: torch.nn.Module, real: torch.Tensor, label: torch.Tensor) -> Callable:
    """One batch of the package's training, from collated clips on."""
    from mmaction.structures import ActionDataSample
    from mmengine.optim import build_optim_wrapper

    from mmagenc.models.generators.slt import NETWORKS
    adam = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4, fused=True, **ADAM))
    optim_wrapper = build_optim_wrapper(model, dict(constructor='SeparateOptimWrapperConstructor', **dict.fromkeys(NETWORKS, adam)))
    samples = [ActionDataSample(metainfo=dict(num_frames=real.shape[1])).set_gt_label(int(y)) for y in label]
    return lambda: model.train_step(dict(inputs=dict(keypoint=list(real)), data_samples=samples), optim_wrapper)


def plain_pose_step(plain, real: torch.Tensor, label: torch.Tensor) -> Callable:
    """The first stage's batch: five updates of the critic, whose fakes keep their graph, and one of the decoder."""
    from mmagenc.benchmarks.plain_slt import DECODER, POSE_CRITIC
    critic, decoder = (optimizer_of(plain, name) for name in (POSE_CRITIC, DECODER))

    def step() -> None:
        for _ in range(N_CRITIC):
            poses, classes = draw_poses(real, label)
            fake = plain.decode(uniform(len(poses), real), classes, training=True)
            loss = plain.judge_pose(fake, classes).mean() - plain.judge_pose(poses, classes).mean()
            update(critic, loss + 10 * plain_penalty(plain, poses, fake, classes))
        _, classes = draw_poses(real, label)
        update(decoder, -plain.judge_pose(plain.decode(uniform(len(classes), real), classes, training=True), classes).mean())

    return step


def plain_clip_step(plain, real: torch.Tensor, label: torch.Tensor) -> Callable:
    """The second stage's batch: one update of the critic and two of generator and classifier, each with its own run of the whole graph."""
    from mmagenc.benchmarks.plain_slt import CRITIC, SHIFTS
    critic, generator = (optimizer_of(plain, name) for name in (CRITIC, SHIFTS))
    clips, classes = real.flatten(2), one_hot(label, real.shape[1])

    def step() -> None:
        noise = torch.randn(len(clips), real.shape[1] - 1, SIZES['noise_dim'], device=real.device)
        made = partial(plain.clips, uniform(len(clips), real), noise, classes, training=True)
        update(critic, plain.critic_loss(clips, made()[0], classes))
        for _ in range(2):
            update(generator, plain.generator_losses(clips, *made(), classes)['loss_generator'])

    return step


def plain_clips(plain, label: torch.Tensor) -> torch.Tensor:
    """One round of clips, as the published test makes them."""
    sizes = SIZES
    noise = torch.randn(len(label), sizes['num_frames'] - 1, sizes['noise_dim'], device=label.device)
    with torch.no_grad():
        return plain.clips(2 * torch.rand(len(label), sizes['latent_dim'], device=label.device) - 1, noise,
                           one_hot(label, sizes['num_frames']))[0].cpu()


def plain_penalty(plain, real: torch.Tensor, fake: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """How far the slope of the critic of poses is from 1, between recorded and generated ones."""
    share = torch.rand(len(real), 1, device=real.device)
    between = (share * real + (1 - share) * fake.detach()).requires_grad_()
    slope, = torch.autograd.grad(plain.judge_pose(between, classes).sum(), between, create_graph=True)
    return (slope.norm(dim=1) - 1).square().mean()


def draw_poses(real: torch.Tensor, label: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
    """Poses ``(pose_batch, P)`` from clips ``(B, T, J, C)``, and their classes."""
    clip, frame = (torch.randint(size, (SIZES['pose_batch'], ), device=real.device) for size in real.shape[:2])
    return real[clip, frame].flatten(1), F.one_hot(label[clip], NUM_CLASSES).float()


def one_hot(label: torch.Tensor, num_frames: int) -> torch.Tensor:
    """``(B, T, K)``."""
    return F.one_hot(label, NUM_CLASSES).float()[:, None].expand(-1, num_frames, -1)


def uniform(count: int, like: torch.Tensor) -> torch.Tensor:
    """First latents."""
    return 2 * torch.rand(count, SIZES['latent_dim'], device=like.device) - 1


def optimizer_of(plain, prefix: str) -> torch.optim.Optimizer:
    """Of the variables whose names begin so."""
    learnt = [value for name, value in plain.variables.items() if name.startswith(prefix) and value.requires_grad]
    return torch.optim.Adam(learnt, lr=1e-4, **ADAM)


def update(optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
