"""What ``mmagenc class-over-time`` does; how it is called is in :mod:`mmagenc.commands.options.class_over_time`.

N clips, W windows of a clip, K classes, T frames.
"""

import argparse
from typing import Dict, List, NamedTuple, Tuple

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mmagenc.apis import init_recognizer, recognize
from mmagenc.apis.inits import read_model_config
from mmagenc.command_line import in_words
from mmagenc.datasets import MotionDataset
from mmagenc.datasets.agreement import judged_classes_problem
from mmagenc.datasets.annotation import ARRAY_KEYS
from mmagenc.evaluation.metrics.clips import class_names, format_table, percent
from mmagenc.outputs import Output, require_outputs, writing
from mmagenc.visualization.text import drawing, legend_entries

from .plot import COLORS

SUFFIXES = ('.png', '.pdf', '.svg')
MARKERS = 'o^sDv*Xp<>'  # beside the colours, which begin again


class Windows(NamedTuple):
    """Windows of all clips, one clip after the other.

    Args:
        clips: as annotations.
        middle: ``(N · W,)`` place of each window's middle in its clip, in frames.
        wanted: ``(N · W, K)`` shares of the classes in each window.
    """

    clips: List[Dict]
    middle: np.ndarray
    wanted: np.ndarray


def cut(clips: List[Dict], num_classes: int, *, window: int, step: int) -> Windows:
    """Windows of ``window`` frames, ``step`` apart; a clip that is shorter is one window.

    Raises:
        ValueError: a path of other classes, or a class out of range.
    """
    parts, middle, wanted = [], [], []
    for clip in clips:
        frames = clip['total_frames']
        path = clip.get('class_path')
        if path is None:
            if not 0 <= clip['label'] < num_classes:
                raise ValueError(f'{clip["frame_dir"]}: label {clip["label"]}, the recognizer knows {num_classes} classes')
            path = np.broadcast_to(np.eye(num_classes)[clip['label']], (frames, num_classes))
        if path.shape[1] != num_classes:
            raise ValueError(f'{clip["frame_dir"]}: class_path has {path.shape[1]} classes, the recognizer knows {num_classes}')
        for start in range(0, max(frames - window, 0) + 1, step):
            at = slice(start, min(start + window, frames))
            arrays = {key: clip[key][:, at] for key in ARRAY_KEYS if key in clip}
            kept = {key: value for key, value in clip.items() if key not in ('class_path', 'latent')}
            parts.append({**kept, **arrays, 'total_frames': at.stop - start, 'frame_dir': f'{clip["frame_dir"]}_{start}'})
            middle.append((start + at.stop - 1) / 2)
            wanted.append(path[at].mean(axis=0))
    return Windows(parts, np.array(middle), np.array(wanted))


def shares(windows: Windows, predicted: np.ndarray, names: List[str]) -> str:
    """A table: of each class's windows, and of those in which the class changes, how many are named as is wanted."""
    whole, main = windows.wanted.max(axis=1) > 1 - 1e-6, windows.wanted.argmax(axis=1)
    right = predicted == main
    kinds = [(names[k], whole & (main == k)) for k in np.unique(main)] + [('changing', ~whole), ('all', np.ones_like(whole))]
    rows = [('', 'windows', 'named as wanted'), *((name, str(of.sum()), percent(right[of].mean())) for name, of in kinds if of.any())]
    return format_table(rows)


def draw(out, windows: Windows, probability: np.ndarray, names: List[str]) -> None:
    """Means over clips against the middle of the windows."""
    places, there = np.unique(windows.middle), np.flatnonzero(windows.wanted.max(axis=0) > 0)
    figure = Figure(figsize=(7, 3.2), layout='constrained')
    labels, columns = legend_entries([names[k] for k in there], figure.get_figwidth(), 8)
    figure.set_figheight(figure.get_figheight() + 0.17 * -(-len(labels) // columns))
    axes = figure.add_subplot()
    for index, (label, k) in enumerate(zip(labels, there)):
        seen, wanted = ([values[windows.middle == place, k].mean() for place in places] for values in (probability, windows.wanted))
        color, marker = COLORS[index % len(COLORS)], MARKERS[index // len(COLORS) % len(MARKERS)]
        axes.plot(places, seen, color=color, label=label, marker=marker, markersize=4)
        axes.plot(places, wanted, color=color, linestyle='--', linewidth=1)
    axes.set(xlabel='middle of the window (frame)', ylabel='probability; share wanted (dashed)', ylim=(-0.02, 1.02))
    figure.legend(loc='outside lower center', ncols=columns, fontsize=8, frameon=False)
    FigureCanvasAgg(figure)
    with drawing(names), writing(out) as file:
        figure.savefig(file, format=out.suffix[1:], dpi=120)


def named(args: argparse.Namespace) -> Tuple[Windows, np.ndarray, List[str]]:
    """Windows, the recognizer's probabilities ``(N · W, K)``, and the classes' names.

    Raises:
        ValueError: clips that the recognizer does not know, or whose labels mean other classes to it.
    """
    dataset = MotionDataset(args.clips)
    layout = {} if dataset.metainfo.get('skeleton') is None else {'skeleton': dataset.metainfo['skeleton']}
    model = init_recognizer(read_model_config(*args.recognizer), args.recognizer[1], device=args.device)
    num_classes = model.cls_head.num_classes
    problem = judged_classes_problem(model.dataset_meta['classes'], dataset.metainfo.get('classes'))
    if problem is not None:
        raise ValueError(f'{args.clips}: {problem}')
    windows = cut([{**clip, **layout} for clip in dataset.annotations()], num_classes, window=args.window, step=args.step)
    return windows, recognize(model, windows.clips).probability, class_names(dataset.metainfo, num_classes)


def run(args: argparse.Namespace) -> None:
    require_outputs('class-over-time', [Output('--out', args.out, SUFFIXES)], inputs=[args.clips, *args.recognizer], force=args.force)
    with in_words('class-over-time', debug=args.debug):
        windows, probability, names = named(args)
        print(shares(windows, probability.argmax(axis=1), names))
        draw(args.out, windows, probability, names)
    print(f'drawn in {args.out}')
