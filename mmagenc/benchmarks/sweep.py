"""How cost grows: time and peak memory of training, generating and the loop's own work, over batch, frames, clips in the set and pool."""

import contextlib
import math
import multiprocessing
import resource
import statistics
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Callable, Dict, List, Sequence

import numpy as np
import torch

from mmagenc.benchmarks.timing import Settings, timed
from mmagenc.outputs import writing

NUM_CLASSES, ROUND = 5, 50
TOLERANCE = 0.2
"""What an exponent may be above the one expected: caches, and a busy machine."""
LEAST_MB = 1.
"""Memory below which growth says nothing."""
FITTED = 3
"""The largest sizes, of which the exponent is taken: what does not grow weighs least there."""


@dataclass(frozen=True)
class Sweep:
    """One cost over one size.

    Args:
        task: what is done.
        axis: what grows: ``'batch'``, ``'frames'``, ``'clips'`` or ``'pool'``.
        sizes: from small to large.
        build: ``(size, settings) ->`` the work, which is timed.
        expected: the largest exponent of time that has a reason: 1, or 2 for attention over frames and for pairs of clips.
        quick: sizes to see that it runs.
    """

    task: str
    axis: str
    sizes: Sequence[int]
    build: Callable
    expected: int = 1
    quick: Sequence[int] = (2, 3, 4)

    @property
    def name(self) -> str:
        return f'{self.task}/{self.axis}'


# What grows -------------------------------------------------------------------------------------------------------------------------


def cvae_train(size: int, settings: Settings, *, axis: str) -> Callable:
    """MMEngine's training step of the CVAE, 4 + 4 layers (1 + 1 if quick)."""
    batch, frames = (size, 60) if axis == 'batch' else (8, size)
    model = _cvae(settings)
    return _generator_step(model, dict(pose=torch.randn(batch, frames, 24, 3)), frames, settings)


def cvae_generate(size: int, settings: Settings, *, axis: str) -> Callable:
    """Clips with joints, 64 at a time."""
    clips, frames = (size, 60) if axis == 'clips' else (16, size)
    model, label = _cvae(settings), torch.arange(clips) % NUM_CLASSES
    return lambda: [motion.cpu() for motion in model.decode_batches(
        torch.randn(clips, model.latent_dim), label, torch.full((clips, ), frames), batch_size=64)]


def gan_train(size: int, settings: Settings, *, axis: str) -> Callable:
    """Kinetic-GAN: critic and generator, each a step."""
    batch, frames = (size, 32) if axis == 'batch' else (4, size)
    model = _gan(frames, settings)
    adam = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=2e-4, fused=True))
    optim_wrapper = dict(constructor='SeparateOptimWrapperConstructor', generator=adam, critic=adam)
    return _generator_step(model, dict(keypoint=torch.randn(batch, frames, 20, 3).clamp(-1, 1)), frames, settings, optim_wrapper)


def gan_generate(size: int, settings: Settings, *, axis: str) -> Callable:
    """Kinetic-GAN's clips, 64 at a time."""
    clips, frames = (size, 32) if axis == 'clips' else (16, size)
    model, label = _gan(frames, settings), torch.arange(clips) % NUM_CLASSES
    return lambda: model.generate(label, batch_size=64).cpu()


def recognizer_train(size: int, settings: Settings, *, network: str, axis: str) -> Callable:
    """A step of a recognizer on clips of 20 joints."""
    from mmagenc.benchmarks.recognizer import classify_step, recognizer_pairs
    batch, frames = (size, 52) if axis == 'batch' else (8, size)
    model = recognizer_pairs(8 if settings.quick else 32)[network][0].to(settings.device)
    x = torch.randn(batch, 1, frames, 20, 3, device=settings.device)
    return classify_step(model, x, torch.arange(batch, device=settings.device) % 10, False)


def load(size: int, settings: Settings, *, folder: Path) -> Callable:
    """A data set from its file."""
    from mmagenc.datasets import MotionDataset
    path = _recordings(folder, size)
    return lambda: MotionDataset(str(path), pipeline=[])


def epoch(size: int, settings: Settings, *, folder: Path) -> Callable:
    """All samples of a data set once, through the loader and the pipeline of a generator's training."""
    from mmengine.dataset import pseudo_collate
    from torch.utils.data import DataLoader

    from mmagenc.datasets import MotionDataset
    pipeline = [dict(type='ConsecutiveSample', num_frames=32), dict(type='PackMotionInputs')]
    loader = DataLoader(MotionDataset(str(_recordings(folder, size)), pipeline=pipeline), batch_size=64, shuffle=True,
                        collate_fn=pseudo_collate)
    return lambda: [None for _ in loader]


def pairs(size: int, settings: Settings) -> Callable:
    """Selection by distances: as many candidates as clips, each compared with each."""
    return partial(_select, size, size)


def select(size: int, settings: Settings) -> Callable:
    """Selection of a round of 50 candidates beside a training set of recordings and pool."""
    return partial(_select, ROUND, size)


def join(size: int, settings: Settings, *, folder: Path) -> Callable:
    """A round joins a pool of so many clips: in memory, in the training set, on disk, in the checkpoint's state."""
    from mmagenc.datasets import MotionDataset
    from mmagenc.datasets.pool import SyntheticPool
    dataset, pool = MotionDataset(str(_recordings(folder, 50)), pipeline=[]), SyntheticPool(dict(skeleton='ucla20'))
    place = Path(tempfile.mkdtemp(dir=folder))
    count = 0
    for _ in range(-(-size // ROUND)):
        clips = _clips(ROUND, start=10**6 + count)
        pool.append(clips), dataset.extend(clips)
        count += ROUND
    pool.save(place)

    def work() -> None:
        nonlocal count
        clips = _clips(ROUND, start=10**6 + count)
        pool.append(clips), dataset.extend(clips)
        pool.save(place), pool.state_dict()
        count += ROUND

    return work


def restore(size: int, settings: Settings, *, folder: Path) -> Callable:
    """A pool of so many clips from a checkpoint's state and its folder."""
    from mmagenc.datasets.pool import SyntheticPool
    pool, place = SyntheticPool(dict(skeleton='ucla20')), Path(tempfile.mkdtemp(dir=folder))
    for start in range(0, size, ROUND):
        pool.append(_clips(min(ROUND, size - start), start=start))
    pool.save(place)
    state = pool.state_dict()
    return lambda: SyntheticPool().load_state_dict(state, [place])


def _cvae(settings: Settings) -> torch.nn.Module:
    from mmagenc.registry import MODELS
    layers = dict(num_layers=1, latent_dim=16, num_heads=2, ff_dim=16) if settings.quick else dict(num_layers=4)
    model = dict(type='TransformerCVAE', num_classes=NUM_CLASSES, representation=dict(type='RotationRepresentation'), **layers)
    return MODELS.build(model).to(settings.device)


def _gan(frames: int, settings: Settings) -> torch.nn.Module:
    from mmagenc.registry import MODELS
    representation = dict(type='KeypointRepresentation', skeleton='ucla20', root_center=None, normalization='min_max')
    latent_dim, width = (4, 2) if settings.quick else (128, 16)
    model = MODELS.build(
        dict(type='KineticGAN', representation=representation, num_classes=NUM_CLASSES, num_frames=frames, latent_dim=latent_dim,
             networks=dict(base_channels=width), loss=dict(n_critic=1)))
    model.representation.std.fill_(1.)
    return model.to(settings.device)


def _generator_step(model, inputs: Dict, frames: int, settings: Settings, optim_wrapper: Dict = None) -> Callable:
    from mmaction.structures import ActionDataSample
    from mmengine.optim import build_optim_wrapper
    optim_wrapper = optim_wrapper or dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-4, fused=True))
    wrapper, count = build_optim_wrapper(model, optim_wrapper), len(next(iter(inputs.values())))
    samples = [ActionDataSample(metainfo=dict(num_frames=frames)).set_gt_label(i % NUM_CLASSES) for i in range(count)]
    data = dict(inputs={key: list(value) for key, value in inputs.items()}, data_samples=samples)
    return lambda: model.train().train_step(data, wrapper)


def _select(candidates: int, clips: int) -> None:
    from mmagenc.engine.selectors import class_distances
    rng = np.random.default_rng(0)
    class_distances(rng.normal(size=(candidates, 256)).astype(np.float32), np.arange(candidates) % NUM_CLASSES,
                    rng.normal(size=(clips, 256)).astype(np.float32), np.arange(clips) % NUM_CLASSES)


def _clips(count: int, *, start: int = 0) -> List[Dict]:
    keypoint = np.random.default_rng(start).normal(size=(count, 1, 32, 20, 3)).astype(np.float32)
    return [dict(frame_dir=f'clip_{start + i}', label=i % NUM_CLASSES, total_frames=32, keypoint=keypoint[i]) for i in range(count)]


def _recordings(folder: Path, count: int) -> Path:
    from mmagenc.datasets.annotation import save_annotation
    path, clips = Path(folder) / f'recordings_{count}.npz', _clips(count)
    if not path.is_file():
        metainfo = dict(classes=[str(index) for index in range(NUM_CLASSES)], skeleton='ucla20', fps=30.)
        save_annotation(dict(split=dict(train=[clip['frame_dir'] for clip in clips]), metainfo=metainfo, annotations=clips), path)
    return path


def sweeps(folder: Path) -> List[Sweep]:
    """All of them; files go into a folder."""
    networks = [Sweep(f'{network}_train', axis, sizes, partial(recognizer_train, network=network, axis=axis), quick=(2, 4, 6))
                for network in ('stgcn', 'infogcn') for axis, sizes in (('batch', (4, 8, 16, 32)), ('frames', (26, 52, 104, 208)))]
    many = (500, 1000, 2000, 4000, 8000)
    return [
        Sweep('cvae_train', 'batch', (4, 8, 16, 32), partial(cvae_train, axis='batch')),
        Sweep('cvae_train', 'frames', (30, 60, 120, 240), partial(cvae_train, axis='frames'), expected=2),
        Sweep('cvae_generate', 'clips', (32, 64, 128, 256), partial(cvae_generate, axis='clips')),
        Sweep('cvae_generate', 'frames', (30, 60, 120, 240), partial(cvae_generate, axis='frames'), expected=2),
        Sweep('gan_train', 'batch', (4, 8, 16, 32), partial(gan_train, axis='batch')),
        Sweep('gan_train', 'frames', (16, 32, 64, 128), partial(gan_train, axis='frames'), quick=(16, 32, 64)),
        Sweep('gan_generate', 'clips', (32, 64, 128, 256), partial(gan_generate, axis='clips')),
        Sweep('gan_generate', 'frames', (16, 32, 64, 128), partial(gan_generate, axis='frames'), quick=(16, 32, 64)),
        *networks,
        Sweep('load', 'clips', many, partial(load, folder=folder), quick=(5, 6, 7)),
        Sweep('epoch', 'clips', many, partial(epoch, folder=folder), quick=(5, 6, 7)),
        Sweep('select_pairs', 'clips', many, pairs, expected=2, quick=(10, 20, 30)),
        Sweep('select_round', 'pool', many, select, quick=(10, 20, 30)),
        Sweep('join', 'pool', many, partial(join, folder=folder), quick=(5, 55, 105)),
        Sweep('restore', 'pool', many, partial(restore, folder=folder), quick=(5, 55, 105)),
    ]


# Measuring --------------------------------------------------------------------------------------------------------------------------


def sweep(settings: Settings) -> List[Dict]:
    """A row a sweep: sizes, seconds, MB above what lay there before, and the exponents with which both grow."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for item in sweeps(Path(folder)):
            sizes = item.quick if settings.quick else item.sizes
            points = [apart(measure, item, size, settings) for size in sizes]
            seconds, memory = ([point[key] for point in points] for key in ('seconds', 'memory_mb'))
            rows.append(dict(name=item.name, task=item.task, axis=item.axis, sizes=list(sizes), seconds=seconds, memory_mb=memory,
                             time_exponent=exponent(sizes, seconds), memory_exponent=exponent(sizes, memory, least=LEAST_MB),
                             expected=item.expected))
            print(line(rows[-1]), flush=True)
    return rows


def measure(item: Sweep, size: int, settings: Settings) -> Dict:
    """One point, in the process that this is called in."""
    from mmengine.registry import init_default_scope
    torch.manual_seed(0)
    init_default_scope('mmagenc')
    work = item.build(size, settings)
    before = start_of_memory(settings.device)
    work()
    used = peak_of_memory(settings.device) - before
    return dict(seconds=statistics.median(timed(work, settings) for _ in range(settings.repeats)), memory_mb=max(used, 0.) / 2**20)


def apart(function: Callable, *args):
    """What a function gives in a new process, whose memory nothing else has used."""
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload(['mmagenc.benchmarks.sweep', 'mmagenc.models.generators', 'mmagenc.models.recognizers',
                                    'mmagenc.datasets', 'mmagenc.engine', 'mmagenc.benchmarks.recognizer'])
    with context.Pool(1, initializer=torch.set_num_threads, initargs=(torch.get_num_threads(), )) as process:
        return process.apply(function, args)


def start_of_memory(device: str) -> int:
    """Bytes in use, from which on the peak is taken."""
    if device == 'cuda':
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated()
    with contextlib.suppress(OSError):
        Path('/proc/self/clear_refs').write_text('5')  # forgets the peak until now
    return _peak()


def peak_of_memory(device: str) -> int:
    """Bytes at the peak."""
    return torch.cuda.max_memory_allocated() if device == 'cuda' else _peak()


def _peak() -> int:
    try:
        status = Path('/proc/self/status').read_text()
        return 1024 * int(next(row for row in status.splitlines() if row.startswith('VmHWM')).split()[1])
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == 'darwin' else 1024)


def exponent(sizes: Sequence[int], values: Sequence[float], *, least: float = 0.) -> float:
    """The p of ``value ~ size ** p`` at the largest sizes; 0 where the values stay below ``least``."""
    x, y = np.log(sizes[-FITTED:]), np.log(np.maximum(values[-FITTED:], max(least, 1e-9)))
    return float(np.polyfit(x, y, 1)[0])


def too_fast(row: Dict) -> List[str]:
    """Which of time and memory grow faster than they should; memory should never grow faster than linearly but with pairs."""
    limits = dict(time=row['expected'], memory=1)
    return [key for key, limit in limits.items() if row[f'{key}_exponent'] > limit + TOLERANCE]


def line(row: Dict) -> str:
    """A row for the screen."""
    numbers = (f'{seconds:.3g}' for seconds in row['seconds'])
    text = f'{row["name"]:24}{"…".join(map(str, row["sizes"][::len(row["sizes"]) - 1])):>12}  time^{row["time_exponent"]:5.2f}'
    text += f'  memory^{row["memory_exponent"]:5.2f}  {" ".join(numbers)} s, {max(row["memory_mb"]):.0f} MB'
    return text + ''.join(f'  <- {key} grows too fast' for key in too_fast(row))


def print_sweep(report: Dict) -> None:
    """What the rows come to; each was printed when it was there."""
    print(f'sweep on {report["device"]}, {report["threads"]} CPU threads, torch {report["torch"]}')
    faster = [row['name'] for row in report['results'] if too_fast(row)]
    squares = ', '.join(row['name'] for row in report['results'] if row['expected'] > 1)
    print(f'allowed to grow with the square: {squares}')
    print(f'growing faster than allowed: {", ".join(faster) or "none"}')


# Picture ----------------------------------------------------------------------------------------------------------------------------


def plot_sweep(report: Dict, path: Path) -> None:
    """Time above and memory below, a column for each size that grows, on logarithmic axes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    axes = list(dict.fromkeys(row['axis'] for row in report['results']))
    figure = Figure(figsize=(3.6 * len(axes) + 0.4, 7.6), layout='constrained')
    FigureCanvasAgg(figure)
    panels = figure.subplots(2, len(axes), squeeze=False)
    colors = {task: f'C{index % 10}' for index, task in enumerate(dict.fromkeys(row['task'] for row in report['results']))}
    for column, axis in enumerate(axes):
        rows = [row for row in report['results'] if row['axis'] == axis]
        for panel, key, kind in zip(panels[:, column], ('seconds', 'memory_mb'), ('time', 'memory')):
            _draw_panel(panel, rows, key, kind, colors)
        panels[1, column].set_xlabel(axis, fontsize=9)
    panels[0, 0].set_ylabel('seconds', fontsize=9)
    panels[1, 0].set_ylabel('MB above what lay there before', fontsize=9)
    with writing(path) as file:
        figure.savefig(file, format=path.suffix[1:], dpi=160)


def _draw_panel(panel, rows: Sequence[Dict], key: str, kind: str, colors: Dict[str, str]) -> None:
    from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator
    for row in rows:
        values = np.maximum(row[key], LEAST_MB / 10 if kind == 'memory' else 1e-6)
        power = f'^{row[f"{kind}_exponent"]:.1f}'
        panel.plot(row['sizes'], values, color=colors[row['task']], marker='o', markersize=3, linewidth=1.3, label=f'{row["task"]} {power}')
    panel.set_xscale('log'), panel.set_yscale('log')
    ticks = sorted({size for row in rows for size in row['sizes']})
    ticks = ticks[::math.ceil(len(ticks) / 6)]
    panel.xaxis.set_major_locator(FixedLocator(ticks))
    panel.xaxis.set_major_formatter(lambda value, _: f'{value:g}')
    panel.xaxis.set_minor_locator(NullLocator()), panel.xaxis.set_minor_formatter(NullFormatter())
    panel.grid(color='#e4e4e4', linewidth=0.6)
    panel.spines[['top', 'right']].set_visible(False)
    panel.tick_params(which='both', labelsize=8)
    panel.yaxis.set_major_formatter(lambda value, _: f'{value:g}'), panel.yaxis.set_minor_formatter(NullFormatter())
    panel.legend(loc='lower left', bbox_to_anchor=(0, 1), ncols=2, fontsize=8, frameon=False, borderaxespad=0.2)

