"""Speed of the package beside the plain way of doing the same, in one process, so that the ratios hold on a busy machine too.

    python tools/benchmark.py cvae|kinetic_gan|recognizer [--json FILE] [--repeats N] [--device cpu|cuda] [--threads N] [--quick]

Each row runs both paths alternately and takes the fastest of each. The plain paths live in the tests (``tests/reference_*.py``), where they
are also the truth that results are compared with. A benchmark is a function ``(settings) -> list of rows`` in :data:`BENCHMARKS`; a further
one is a further function there.

JSON: ``{"benchmark": …, "device": …, "results": [{"name": …, "ours_s": …, "reference_s": …, "ratio": …}]}``; a row's other keys say how it
was measured.
"""

import argparse
import json
import platform
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Callable, Dict, List

try:
    import mmagenc  # noqa: F401
except ModuleNotFoundError:  # a plain clone: not installed, started from anywhere
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    import mmagenc  # noqa: F401

from mmagenc.arguments import count
from mmagenc.command_line import add_debug, in_words
from mmagenc.outputs import Output, add_force, require_outputs


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('benchmark', choices=['cvae', 'kinetic_gan', 'recognizer'])
    parser.add_argument('--json', help='also write the results to this file')
    parser.add_argument('--repeats', type=count, default=5, help='runs of each path (default 5; the fastest counts)')
    parser.add_argument('--device', choices=('cpu', 'cuda'), help='where (default: cuda if there is one)')
    parser.add_argument('--threads', type=count, help="CPU threads (default: torch's)")
    parser.add_argument('--quick', action='store_true', help='recognizer: toy sizes, to see that it runs')
    add_force(parser)
    add_debug(parser)
    return parser.parse_args()


if __name__ == '__main__':
    parse_args()  # answers --help and a misspelt option before the seconds that the imports below take

import numpy as np
import torch
from mmengine.registry import init_default_scope

from mmagenc.compat import atomic_open

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the reference paths are in the tests

BATCH, NUM_FRAMES, NUM_LAYERS, NUM_CLASSES, NUM_GENERATED = 16, 60, 8, 5, 50
NUM_FEATURES, FEATURE_DIM = 2000, 256
GAN_SIZES = dict(batch=32, num_frames=64, num_classes=60, latent_dim=512, base=32, num_generated=60)
LOOP_LIMIT_S = 60
"""A loop expected to take longer is timed on a part of the candidates."""


@dataclass(frozen=True)
class Settings:
    """Command-line settings that benchmarks share."""

    device: str
    repeats: int
    quick: bool = False


def main() -> None:
    args = parse_args()
    require_outputs('benchmark', [] if args.json is None else [Output('--json', args.json)], force=args.force)
    device = args.device or ('cuda' if torch.cuda.is_available() else 'cpu')
    if args.threads:
        torch.set_num_threads(args.threads)
    init_default_scope('mmagenc')
    with in_words('benchmark', debug=args.debug):
        if device == 'cuda' and not torch.cuda.is_available():
            raise ValueError('--device cuda: torch sees no GPU here')
        rows = BENCHMARKS[args.benchmark](Settings(device=device, repeats=args.repeats, quick=args.quick))
    report = dict(benchmark=args.benchmark, device=device_name(device), threads=torch.get_num_threads(), torch=torch.__version__)
    report['results'] = rows
    print_table(report)
    if args.json is not None:
        Path(args.json).parent.mkdir(parents=True, exist_ok=True)
        with atomic_open(args.json, 'w', encoding='utf-8') as file:
            file.write(json.dumps(report, indent=2) + '\n')
        print(f'written to {args.json}')


def device_name(device: str) -> str:
    return torch.cuda.get_device_name() if device == 'cuda' else f'cpu ({platform.machine()})'


def print_table(report: Dict) -> None:
    print(f'{report["benchmark"]} on {report["device"]}, {report["threads"]} CPU threads, torch {report["torch"]}')
    print(f'{"":18}{"ours":>10}{"reference":>12}{"ratio":>9}')
    for row in report['results']:
        print(f'{row["name"]:18}{row["ours_s"]:>9.3f}s{row["reference_s"]:>11.3f}s{row["ratio"]:>8.1f}x')


# Timing -----------------------------------------------------------------------------------------------------------------------------


def compare(name: str, ours: Callable, reference: Callable, settings: Settings, **notes) -> Dict:
    """One row: both paths in turn, after one untimed run of each."""
    seconds = dict(ours=[], reference=[])
    for _ in range(settings.repeats + 1):
        for path, function in (('ours', ours), ('reference', reference)):
            seconds[path].append(timed(function, settings.device))
    return row(name, min(seconds['ours'][1:]), min(seconds['reference'][1:]), repeats=settings.repeats, **notes)


def timed(function: Callable, device: str) -> float:
    """Wall-clock seconds of one call."""
    synchronize = torch.cuda.synchronize if device == 'cuda' else lambda: None
    synchronize()
    start = time.perf_counter()
    function()
    synchronize()
    return time.perf_counter() - start


def row(name: str, ours: float, reference: float, **notes) -> Dict:
    return dict(name=name, ours_s=ours, reference_s=reference, ratio=reference / ours, **notes)


# The CVAE ---------------------------------------------------------------------------------------------------------------------------


def cvae(settings: Settings) -> List[Dict]:
    """Training step, generation and selection at published sizes: batch 16, 60 frames, 8+8 layers."""
    from mmagenc.registry import MODELS
    from tests.reference_cvae import ReferenceCVAE, synthetic_body
    torch.manual_seed(0)
    ours = MODELS.build(
        dict(type='TransformerCVAE', num_classes=NUM_CLASSES, num_layers=NUM_LAYERS, representation=dict(type='RotationRepresentation')))
    body = synthetic_body(ours.representation.body_model.rest_joints())
    reference = ReferenceCVAE(num_classes=NUM_CLASSES, num_layers=NUM_LAYERS, body=body.to(settings.device)).to(settings.device)
    ours.to(settings.device)
    plain_step = reference_step(reference, settings.device)
    return [
        compare('train_step_fp32', our_step(ours, 'OptimWrapper'), plain_step, settings),
        compare('train_step_bf16', our_step(ours, 'AmpOptimWrapper', dtype='bfloat16'), plain_step, settings, reference_dtype='float32'),
        *generate_50(ours, reference, settings),
        selection_2000(settings)
    ]


def our_step(model: torch.nn.Module, wrapper: str, **kwargs) -> Callable:
    """MMEngine's own ``train_step``, from collated clips to updated weights."""
    from mmaction.structures import ActionDataSample
    from mmengine.optim import build_optim_wrapper
    optim_wrapper = build_optim_wrapper(model, dict(type=wrapper, optimizer=dict(type='AdamW', lr=1e-4, fused=True), **kwargs))
    samples = [ActionDataSample(metainfo=dict(num_frames=NUM_FRAMES)).set_gt_label(i % NUM_CLASSES) for i in range(BATCH)]
    data = dict(inputs=dict(pose=[torch.randn(NUM_FRAMES, 24, 3) for _ in range(BATCH)]), data_samples=samples)

    def step() -> None:
        model.train().train_step(data, optim_wrapper)

    return step


def reference_step(model: torch.nn.Module, device: str) -> Callable:
    """The published step, its batch tensors copied to the CPU at the end included."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    x, y = torch.randn(BATCH, 24, 6, NUM_FRAMES), torch.arange(BATCH) % NUM_CLASSES
    mask = torch.ones(BATCH, NUM_FRAMES, dtype=torch.bool)

    def step() -> None:
        model.train()
        batch = [value.to(device) for value in (x, y, mask)]
        optimizer.zero_grad()
        terms = model.loss(*batch, torch.randn(BATCH, 256, device=device))
        sum(terms.values()).backward()
        optimizer.step()
        [value.item() for value in terms.values()]
        [value.cpu() for value in batch]

    return step


def generate_50(ours: torch.nn.Module, reference: torch.nn.Module, settings: Settings) -> List[Dict]:
    """Joints and rotations of 50 clips, in float32 and under autocast; the published path makes the mesh of each frame."""
    label = torch.arange(NUM_GENERATED) % NUM_CLASSES
    reference.eval()

    def generate(enabled: bool) -> None:
        with torch.autocast(settings.device, torch.bfloat16, enabled=enabled):
            ours.generate(label, NUM_FRAMES).cpu()

    def plain() -> None:
        reference.generate(torch.randn(NUM_GENERATED, 256, device=settings.device), label.to(settings.device), NUM_FRAMES)

    return [
        compare('generate_50', lambda: generate(False), plain, settings),
        compare('generate_50_bf16', lambda: generate(True), plain, settings, reference_dtype='float32')
    ]


def selection_2000(settings: Settings) -> Dict:
    """Distances of 2000 generated clips' features to 2000 real ones, class by class; a loop over pairs is the published way."""
    from mmagenc.engine.selectors import class_distances
    rng = np.random.default_rng(0)
    feature, gt_feature = rng.normal(size=(2, NUM_FEATURES, FEATURE_DIM)).astype(np.float32)
    label, gt_label = rng.integers(NUM_CLASSES, size=(2, NUM_FEATURES))
    ours = min(timed(lambda: class_distances(feature, label, gt_feature, gt_label), 'cpu') for _ in range(settings.repeats + 1))
    probe = timed(lambda: class_distances_loop(feature[:20], label[:20], gt_feature, gt_label), 'cpu')
    count = NUM_FEATURES if probe * NUM_FEATURES / 20 < LOOP_LIMIT_S else NUM_FEATURES // 10
    loop = timed(lambda: class_distances_loop(feature[:count], label[:count], gt_feature, gt_label), 'cpu')
    return row('selection_2000', ours, loop * NUM_FEATURES / count, repeats=settings.repeats, reference_candidates_timed=count)


def class_distances_loop(feature: np.ndarray, label: np.ndarray, gt_feature: np.ndarray, gt_label: np.ndarray):
    """The twin of :func:`mmagenc.engine.selectors.class_distances`, pair by pair."""
    within, between = [], []
    for candidate, group in zip(feature, label):
        same, other = [], []
        for real, real_group in zip(gt_feature, gt_label):
            (same if group == real_group else other).append(np.linalg.norm(candidate - real))
        within.append(np.mean(same))
        between.append(np.mean(other))
    return np.array(within), np.array(between)


# Kinetic-GAN ------------------------------------------------------------------------------------------------------------------------


def kinetic_gan(settings: Settings) -> List[Dict]:
    """Steps and generation at the published size for NTU RGB+D: batch 32, 64 frames, 60 classes; the plain path is the published one."""
    from mmagenc.registry import MODELS
    from mmagenc.skeletons.pyramid import graph_pyramid
    from tests.reference_kinetic_gan import ReferenceCritic, ReferenceGenerator, ReferenceTrainer
    sizes, torch_device = GAN_SIZES, torch.device(settings.device)
    shape = (sizes['batch'], sizes['num_frames'], 25, 3)
    real, label = torch.rand(shape, device=torch_device) * 2 - 1, torch.arange(sizes['batch'], device=torch_device) % sizes['num_classes']
    channels = dict(num_classes=sizes['num_classes'], latent_dim=sizes['latent_dim'])

    def ours(n_critic: int) -> torch.nn.Module:
        representation = dict(type='KeypointRepresentation', skeleton='ntu25', root_center=None, normalization='min_max')
        model = MODELS.build(
            dict(
                type='KineticGAN',
                representation=representation,
                num_frames=sizes['num_frames'],
                base_channels=sizes['base'],
                n_critic=n_critic,
                **channels))
        model.representation.std.fill_(1.)
        return model.to(torch_device).train()

    def reference(n_critic: int) -> ReferenceTrainer:
        common = dict(pyramid=graph_pyramid('ntu25'), num_frames=sizes['num_frames'], base=sizes['base'], **channels)
        networks = [network(**common).to(torch_device) for network in (ReferenceGenerator, ReferenceCritic)]
        trainer = ReferenceTrainer(*networks, latent_dim=sizes['latent_dim'], n_critic=n_critic)
        trainer.iteration = int(n_critic > 1)  # past the generator's turn
        return trainer

    rows, never = [], 10**9
    for name, n_critic in (('critic_step', never), ('critic+generator', 1)):
        plain = reference(n_critic)
        plain_step = partial(plain.step, real.permute(0, 3, 1, 2).contiguous(), label)
        rows.append(compare(name, gan_step(ours(n_critic), real, label, 'OptimWrapper'), plain_step, settings))
    amp = gan_step(ours(1), real, label, 'AmpOptimWrapper', dtype='bfloat16')
    rows.append(compare('both_bf16', amp, plain_step, settings, reference_dtype='float32'))
    wanted = torch.arange(sizes['num_generated']) % sizes['num_classes']
    plain.generator.eval()
    return rows + [compare('generate', partial(ours(1).generate, wanted), partial(plain_clips, plain, wanted, torch_device), settings)]


def gan_step(model: torch.nn.Module, real: torch.Tensor, label: torch.Tensor, wrapper: str, **kwargs) -> Callable:
    """One batch of the package's training, from collated clips on."""
    from mmaction.structures import ActionDataSample
    from mmengine.optim import build_optim_wrapper
    adam = dict(type=wrapper, optimizer=dict(type='Adam', lr=2e-4, betas=(0.5, 0.999), fused=True), **kwargs)
    optim_wrapper = build_optim_wrapper(model, dict(constructor='SeparateOptimWrapperConstructor', generator=adam, critic=adam))
    samples = [ActionDataSample(metainfo=dict(num_frames=real.shape[1])).set_gt_label(int(y)) for y in label]
    return lambda: model.train_step(dict(inputs=dict(keypoint=list(real)), data_samples=samples), optim_wrapper)


def plain_clips(trainer, label: torch.Tensor, device: torch.device) -> List[np.ndarray]:
    """Ten clips at a time, one after the other through the mapping network, with gradients, as the published script makes them."""
    parts = []
    for labels in label.to(device).split(10):
        clips = trainer.generator(torch.randn(len(labels), trainer.latent_dim, device=device), labels)
        parts.append(clips.detach().cpu().numpy())
    return parts


# Recognizers ------------------------------------------------------------------------------------------------------------------------


def recognizer(settings: Settings) -> List[Dict]:
    """Training step and inference of ST-GCN, ST-GCN++ and InfoGCN on clips of 20 joints, each beside its plain form in the same precision.

    The plain forms are MMAction2's ``STGCN`` (``einsum`` over subsets) and the InfoGCN of the tests (``einsum`` head by head).
    """
    batch, frames, width = (2, 8, 8) if settings.quick else (64, 52, 64)
    x, label = torch.randn(batch, 1, frames, 20, 3, device=settings.device), torch.arange(batch, device=settings.device) % 10
    rows = []
    for name, networks in recognizer_pairs(width).items():
        ours, plain = (network.to(settings.device) for network in networks)
        for task, function in (('train', classify_step), ('infer', classify)):
            for dtype in ('fp32', 'bf16'):
                paths = [function(network, x, label, dtype == 'bf16') for network in (ours, plain)]
                measured = compare(f'{name}_{task}_{dtype}', *paths, settings, reference_dtype=dtype, batch=batch)
                rows.append(dict(measured, ours_per_s=batch / measured['ours_s'], reference_per_s=batch / measured['reference_s']))
    return rows


class Classifier(torch.nn.Module):
    """A network from clips ``(N, 1, T, 20, 3)`` to scores: a backbone, the mean of its output, a linear layer."""

    def __init__(self, backbone: torch.nn.Module, channels: int) -> None:
        super().__init__()
        self.backbone, self.fc = backbone, torch.nn.Linear(channels, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.backbone(x).float().mean(dim=(1, 3, 4)))


class FirstOutput(torch.nn.Module):
    """The scores of a network that also returns latents."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.network(x)[0].float()


def recognizer_pairs(width: int) -> Dict[str, List[torch.nn.Module]]:
    """Fast and plain networks that compute the same, but for InfoGCN's noise, which costs next to nothing."""
    from mmagenc.models.recognizers import FastSTGCN, InfoGCN, InfoGCNHead
    from mmagenc.models.recognizers.stgcn import STGCN
    from mmagenc.skeletons import get_skeleton
    from tests.reference_infogcn import ReferenceInfoGCN
    plus_plus = dict(gcn_adaptive='init', gcn_with_res=True, tcn_type='mstcn')
    pairs = {}
    for name, mode, extra in (('stgcn', 'stgcn_spatial', {}), ('stgcnpp', 'spatial', plus_plus)):
        kwargs = dict(graph_cfg=get_skeleton('ucla20').graph_cfg(mode), num_person=1, base_channels=width, **extra)
        pairs[name] = [Classifier(network(**kwargs), 4 * width) for network in (FastSTGCN, STGCN)]
    ours = torch.nn.Sequential(
        InfoGCN(skeleton='ucla20', num_person=1, base_channels=width), InfoGCNHead(num_classes=10, in_channels=4 * width))
    pairs['infogcn'] = [ours, FirstOutput(ReferenceInfoGCN(num_classes=10, num_joints=20, num_person=1, width=width))]
    return pairs


def classify_step(network: torch.nn.Module, x: torch.Tensor, label: torch.Tensor, half: bool) -> Callable:
    """A training step by SGD."""
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9, nesterov=True)

    def step() -> None:
        network.train()
        with torch.autocast(x.device.type, torch.bfloat16, enabled=half):
            loss = torch.nn.functional.cross_entropy(network(x), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def classify(network: torch.nn.Module, x: torch.Tensor, label: torch.Tensor, half: bool) -> Callable:
    """Predicted classes, in evaluation mode."""

    def infer() -> None:
        network.eval()
        with torch.no_grad(), torch.autocast(x.device.type, torch.bfloat16, enabled=half):
            network(x).argmax(dim=1).cpu()

    return infer
BENCHMARKS = dict(cvae=cvae, kinetic_gan=kinetic_gan, recognizer=recognizer)


if __name__ == '__main__':
    main()
