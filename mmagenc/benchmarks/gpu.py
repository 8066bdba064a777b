"""Generators and recognizers on an accelerator: clips a second, beside the plain forms, and how much of the device that takes."""

import contextlib
import warnings
from dataclasses import replace
from functools import partial
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from mmagenc.benchmarks.cvae import our_step, reference_step
from mmagenc.benchmarks.kinetic_gan import gan_step, plain_clips
from mmagenc.benchmarks.recognizer import classify, classify_step, recognizer_pairs
from mmagenc.benchmarks.timing import Settings, compare, half_precision, timed
from mmagenc.engine.cuda_graphs import GraphedMethod

SIZES = dict(cvae=dict(num_layers=8, generated=50), kinetic_gan=dict(batch=32, num_frames=64, num_classes=60, latent_dim=512, base=32),
             recognizer=dict(batch=64, num_frames=52, width=64), steps=10, product=8192)
QUICK = dict(cvae=dict(num_layers=1, generated=2), kinetic_gan=dict(batch=2, num_frames=16, num_classes=2, latent_dim=4, base=2),
             recognizer=dict(batch=2, num_frames=8, width=8), steps=1, product=64)
COMPILER, QUICK_COMPILER = dict(mode='reduce-overhead'), dict(backend='aot_eager')
"""CUDA graphs where they work, as the steps are bound by launches; with ``--quick`` nothing is compiled of what is traced."""
WAYS_OF_STEPS = ('', 'graph', 'compiled', 'compiled_graph')
"""As it is, recorded as CUDA graphs, through ``torch.compile`` with its own graphs, and compiled kernels in ours."""

Target = Tuple[torch.nn.Module, str]


class Contest(NamedTuple):
    """One thing that is done in two ways.

    Args:
        name: model and task.
        ours: makes the package's path, given whether it is in bfloat16.
        plain: makes the plain path, given the same.
        clips: clips of a call.
        targets: what ``torch.compile`` may take of the package's path: modules, and names of their methods.
        graphed: what may be recorded as CUDA graphs, likewise; of a training only.
        half_plain: whether the plain path is in bfloat16 beside a row in bfloat16; published generators know float32 only.
    """

    name: str
    ours: Callable[[bool], Callable]
    plain: Callable[[bool], Callable]
    clips: int
    targets: List[Target]
    graphed: Sequence[Target] = ()
    half_plain: bool = False


def gpu(settings: Settings) -> List[Dict]:
    """Training and generation (of recognizers: inference) in float32, TF32 and bfloat16: as they are, as CUDA graphs (training on a GPU),
    with ``torch.compile``, and with both.

    A row has ``clips_per_s`` and ``plain_clips_per_s``; ``flops``, counted in products and convolutions of one call of our path as it is;
    and ``peak_share``, what these are of the rate of a large matrix product in the same precision, measured here. TF32 is the
    device's: rows of it are left out on a CPU. The first step, which compiles, is not timed. What ``torch.compile``
    cannot do has a row without times that says why (``failed``). ``settings.only`` picks rows by their names.
    """
    sizes = QUICK if settings.quick else SIZES
    peaks = {precision: peak(precision, sizes['product'], settings) for precision in precisions(settings)}
    rows = []
    for contest in [*cvae_contests(sizes['cvae'], settings), *gan_contests(sizes['kinetic_gan'], settings),
                    *recognizer_contests(sizes['recognizer'], settings)]:
        for precision, best in peaks.items():
            for way in WAYS_OF_STEPS if contest.graphed and settings.device == 'cuda' else ('', 'compiled'):
                name = '_'.join(filter(None, (contest.name, precision, way)))
                if settings.wants(name):
                    rows.append(measure(name, contest, precision, best, way, sizes['steps'], settings))
                    settings.tell(rows[-1])
    return rows


def precisions(settings: Settings) -> List[str]:
    return ['fp32'] + ['tf32'] * (settings.device == 'cuda') + ['bf16'] * half_precision(settings)


class Operations(TorchDispatchMode):
    """Counts the floating-point operations of products and convolutions, backward passes included.

    PyTorch's ``FlopCounterMode`` knows the same formulas, but looks at modules too, and fails at gradients of gradients.
    """

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        formula = flop_registry.get(function._overloadpacket)
        if formula is not None:
            self.total += formula(*args, **(kwargs or {}), out_val=out)
        return out


@contextlib.contextmanager
def products_in(precision: str) -> Iterator[None]:
    """Let float32 products use TF32, or not."""
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision('high' if precision == 'tf32' else 'highest')
    torch.backends.cudnn.allow_tf32 = precision == 'tf32'
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before[0])
        torch.backends.cudnn.allow_tf32 = before[1]


def peak(precision: str, size: int, settings: Settings) -> float:
    """Floating-point operations a second of a product of two square matrices: the best of some."""
    dtype = torch.bfloat16 if precision == 'bf16' else torch.float32
    a, b = torch.randn(2, size, size, device=settings.device, dtype=dtype)
    with products_in(precision):
        seconds = min(timed(lambda: torch.mm(a, b), settings) for _ in range(settings.repeats + 2))
    return 2 * size**3 / max(seconds, 1e-9)


def measure(name: str, contest: Contest, precision: str, best: float, way: str, steps: int, settings: Settings) -> Dict:
    """The row of one contest in one precision, as it is (``way=''``), as CUDA graphs or compiled."""
    half = precision == 'bf16'
    notes = dict(precision=precision, way=way, clips=contest.clips, reference_dtype=precision if contest.half_plain else 'fp32')
    with products_in(precision):
        ours, plain = contest.ours(half), contest.plain(half and contest.half_plain)
        with Operations() as counter:
            ours()
        with WAYS[way](contest, settings):
            if way and (reason := failure(ours)):
                return dict(name=name, failed=reason, **notes)
            most = [affordable(function, steps, settings) for function in (ours, plain)]
            measured = compare(name, *map(repeated, (ours, plain), most), replace(settings, told=None), **notes)  # of most calls each
    ours_s, reference_s = (measured[key] / count for key, count in zip(('ours_s', 'reference_s'), most))
    return dict(measured, ours_s=ours_s, reference_s=reference_s, ratio=reference_s / ours_s, clips_per_s=contest.clips / ours_s,
                plain_clips_per_s=contest.clips / reference_s, steps=most[0], reference_steps=most[1], flops=counter.total,
                peak_share=counter.total / ours_s / best)


def affordable(function: Callable, most: int, settings: Settings) -> int:
    """Calls that are timed together: as many as a second holds, up to ``most``."""
    function()
    return max(1, min(most, int(1 / max(timed(function, settings), 1e-9))))


def repeated(function: Callable, steps: int) -> Callable:
    """Several calls one after the other: what a loop of them costs, in which the device works while the next one is prepared."""
    return lambda: [function() for _ in range(steps)]


@contextlib.contextmanager
def compiled(contest: Contest, settings: Settings, compiler: Optional[Dict] = None) -> Iterator[None]:
    """Methods of modules, compiled inside and afterwards as before."""
    compiler = QUICK_COMPILER if settings.quick else COMPILER if compiler is None else compiler
    for target, name in contest.targets:
        setattr(target, name, torch.compile(getattr(target, name), **compiler))
    try:
        yield
    finally:
        for target, name in contest.targets:
            delattr(target, name)  # the object's own; its class has the plain one
        torch.compiler.reset()


@contextlib.contextmanager
def graphed(contest: Contest, settings: Settings) -> Iterator[None]:
    """Methods of modules, recorded as CUDA graphs inside and afterwards as before; one that cannot be recorded raises."""
    methods = [GraphedMethod(target, name, report=_raise) for target, name in contest.graphed]
    for method in methods:
        method.install()
    try:
        yield
    finally:
        for method in methods:
            method.remove()


@contextlib.contextmanager
def compiled_graph(contest: Contest, settings: Settings) -> Iterator[None]:
    """Compiled methods, recorded."""
    with compiled(contest, settings, {}), graphed(contest, settings):
        yield


WAYS = dict(zip(WAYS_OF_STEPS, (lambda contest, settings: contextlib.nullcontext(), graphed, compiled, compiled_graph)))


def _raise(reason: str) -> None:
    raise RuntimeError(reason)


def failure(function: Callable) -> Optional[str]:
    """Why a compiled call fails, in a line, or ``None``: the second and the third (CUDA graphs are recorded late) must work too."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            for _ in range(3):
                function()
    except Exception as error:  # whatever a compiler may meet: no compiler, no kernel, no double backward
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return f'{type(error).__name__}: {" ".join(lines[:2])}'[:200]
    return None


def cvae_contests(sizes: Dict, settings: Settings) -> List[Contest]:
    """InfAGenC's CVAE on rotations; the plain form skins the mesh of each frame, as published."""
    from mmagenc.benchmarks.cvae import BATCH, NUM_CLASSES, NUM_FRAMES
    from mmagenc.benchmarks.plain_cvae import ReferenceCVAE, synthetic_body
    from mmagenc.registry import MODELS
    model = MODELS.build(dict(type='TransformerCVAE', num_classes=NUM_CLASSES, num_layers=sizes['num_layers'],
                              representation=dict(type='RotationRepresentation')))
    body = synthetic_body(model.representation.body_model.rest_joints()).to(settings.device)
    plain = ReferenceCVAE(num_classes=NUM_CLASSES, num_layers=sizes['num_layers'], body=body).to(settings.device)
    model.to(settings.device)
    label = torch.arange(sizes['generated']) % NUM_CLASSES

    def plain_generate() -> None:
        plain.eval().generate(torch.randn(len(label), 256, device=settings.device), label.to(settings.device), NUM_FRAMES)

    def our_generate(half: bool) -> Callable:
        return under_autocast(lambda: model.generate(label, NUM_FRAMES).cpu(), half, settings)

    return [Contest('cvae_train', lambda half: our_step(model, **wrapper(half)), lambda _: reference_step(plain, settings.device), BATCH,
                    [(model, 'loss_of')], [(model, 'loss_of')]),
            Contest('cvae_generate', our_generate, lambda _: plain_generate, len(label), [(model, 'decode')])]


def wrapper(half: bool) -> Dict:
    """MMEngine's optimizer wrapper for a precision."""
    return dict(wrapper='AmpOptimWrapper', dtype='bfloat16') if half else dict(wrapper='OptimWrapper')


def under_autocast(function: Callable, half: bool, settings: Settings) -> Callable:
    def call() -> None:
        with torch.autocast(settings.device, torch.bfloat16, enabled=half):
            function()

    return call


def gan_contests(sizes: Dict, settings: Settings) -> List[Contest]:
    """Kinetic-GAN for NTU RGB+D, critic and generator in turn; the plain form is the published one."""
    from mmagenc.benchmarks.plain_kinetic_gan import ReferenceCritic, ReferenceGenerator, ReferenceTrainer
    from mmagenc.registry import MODELS
    from mmagenc.skeletons.pyramid import graph_pyramid
    device, batch = torch.device(settings.device), sizes['batch']
    common = {key: sizes[key] for key in ('num_classes', 'latent_dim', 'num_frames')}
    representation = dict(type='KeypointRepresentation', skeleton='ntu25', root_center=None, normalization='min_max')
    model = MODELS.build(dict(type='KineticGAN', representation=representation, networks=dict(base_channels=sizes['base']),
                              loss=dict(n_critic=1), **common))
    model.representation.std.fill_(1.)
    model.to(device)
    networks = [network(pyramid=graph_pyramid('ntu25'), base=sizes['base'], **common).to(device)
                for network in (ReferenceGenerator, ReferenceCritic)]
    plain = ReferenceTrainer(*networks, latent_dim=sizes['latent_dim'], n_critic=1)
    real, label = torch.rand(batch, sizes['num_frames'], 25, 3, device=device) * 2 - 1, torch.arange(batch) % sizes['num_classes']

    def our_training(half: bool) -> Callable:
        step = gan_step(model, real, label, **wrapper(half))
        return lambda: model.train() and step()

    def plain_step() -> None:
        plain.generator.train()
        plain.step(real.permute(0, 3, 1, 2).contiguous(), label.to(device))

    def plain_generate() -> None:
        plain.generator.eval()
        plain_clips(plain, label, device)

    def our_generate(half: bool) -> Callable:
        return under_autocast(lambda: model.generate(label).cpu(), half, settings)

    generator = (model.generator, 'forward')
    graphed = [generator, (model, 'critic_loss'), (model, 'generator_loss')]
    return [Contest('kinetic_gan_train', our_training, lambda _: plain_step, batch, [generator], graphed),
            Contest('kinetic_gan_generate', our_generate, lambda _: plain_generate, batch, [generator])]


def recognizer_contests(sizes: Dict, settings: Settings) -> List[Contest]:
    """ST-GCN and InfoGCN on clips of 20 joints; the plain forms are in the same precision."""
    batch = sizes['batch']
    x = torch.randn(batch, 1, sizes['num_frames'], 20, 3, device=settings.device)
    label, contests = torch.arange(batch, device=settings.device) % 10, []
    for name, networks in recognizer_pairs(sizes['width']).items():
        if name in ('stgcn', 'infogcn'):
            ours, plain = (network.to(settings.device) for network in networks)
            for task, function in (('train', classify_step), ('infer', classify)):
                contests.append(Contest(
                    f'{name}_{task}', partial(function, ours, x, label), partial(function, plain, x, label), batch, [(ours, 'forward')],
                    [(ours, 'forward')] if task == 'train' else (), half_plain=True))
    return contests


def print_gpu(report: Dict) -> None:
    """The table of a report."""
    print(f'gpu: on {report["device"]}, torch {report["torch"]}; clips a second, and the share of a large product\'s rate')
    print(f'{"":38}{"ours":>10}{"plain":>10}{"ratio":>8}{"share":>8}')
    for row in report['results']:
        if 'failed' in row:
            print(f'{row["name"]:38}not possible: {row["failed"]}')
        else:
            rates = f'{row["clips_per_s"]:>10.1f}{row["plain_clips_per_s"]:>10.1f}'
            print(f'{row["name"]:38}{rates}{row["ratio"]:>7.1f}x{row["peak_share"]:>8.1%}')
    if not report['half_precision']:
        print('this CPU emulates bfloat16: rows in bfloat16 are left out')
