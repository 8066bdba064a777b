"""What ``mmagenc class-over-time`` does; how it is called is in :mod:`mmagenc.commands.options.class_over_time`.

N clips, W windows of a clip, K classes, T frames.
"""

import argparse
from typing import Dict, List, NamedTuple, Optional

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mmagenc.apis import init_recognizer, recognize
from mmagenc.apis.inits import read_model_config
from mmagenc.apis.recognize import TrainedMending
from mmagenc.command_line import in_words, warn, warnings_in_words
from mmagenc.datasets.agreement import file_and_split, judged_classes_problem
from mmagenc.datasets.annotation import ARRAY_KEYS, checked_annotation, only_split, read_content
from mmagenc.datasets.gaps import gaps_in_words
from mmagenc.datasets.layouts import with_named_layouts
from mmagenc.engine.held_out import learnt_of_file
from mmagenc.evaluation.functional import chance_of
from mmagenc.evaluation.metrics.clips import class_names, format_table, percent, share_of, with_interval
from mmagenc.outputs import Output, require_outputs, writing
from mmagenc.visualization.text import drawing, legend_entries

from .plot import COLORS
from .recognize import check_form, tell_of_mending

SUFFIXES = ('.png', '.pdf', '.svg')
MARKERS = 'o^sDv*Xp<>'  # beside the colours, which begin again


class Windows(NamedTuple):
    """Windows of all clips, one clip after the other.

    Args:
        clips: as annotations.
        middle: ``(N · W,)`` place of each window's middle in its clip, in frames.
        wanted: ``(N · W, K)`` shares of the classes in each window.
        clip: ``(N · W,)`` number of each window's clip.
    """

    clips: List[Dict]
    middle: np.ndarray
    wanted: np.ndarray
    clip: np.ndarray


class Seen(NamedTuple):
    """Windows, and what a recognizer says of them.

    Args:
        windows: of all clips.
        probability: ``(N · W, K)``.
        names: of the K classes.
        learnt: ``(N · W,)`` whether the recognizer says that it has learnt from the window's clip; ``None`` of one that does not say.
    """

    windows: Windows
    probability: np.ndarray
    names: List[str]
    learnt: Optional[np.ndarray]


def cut(clips: List[Dict], num_classes: int, *, window: int, step: int) -> Windows:
    """Windows of ``window`` frames, ``step`` apart; a clip that is shorter is one window.

    Raises:
        ValueError: a path of other classes, or a class out of range.
    """
    parts, middle, wanted, numbers = [], [], [], []
    for number, clip in enumerate(clips):
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
            numbers.append(number)
    return Windows(parts, np.array(middle), np.array(wanted), np.array(numbers))


def shares(seen: Seen) -> str:
    """A table: of each class's windows, and of those in which the class changes, how many are named as is wanted; and what guessing gives.

    Windows of one clip are alike (they overlap, mostly): the interval counts clips.
    """
    windows, names = seen.windows, seen.names
    whole, main = windows.wanted.max(axis=1) > 1 - 1e-6, windows.wanted.argmax(axis=1)
    right, every = seen.probability.argmax(axis=1) == main, np.ones_like(whole)
    kinds = [(names[k], whole & (main == k)) for k in np.unique(main)] + [('changing', ~whole), ('all', every)]
    if seen.learnt is not None and seen.learnt.any():
        kinds += [('of clips learnt from', seen.learnt), ('of other clips', ~seen.learnt)]
    rows = [('', 'clips', 'windows', 'named as wanted')]
    for name, of in kinds:
        if of.any():
            count = len(np.unique(windows.clip[of]))
            share = share_of('share', right[of].mean(), count)
            rows.append((name, str(count), str(of.sum()), with_interval(share, 'share', percent)))
    lines = [format_table(rows), f'guessing: {percent(chance_of(main, len(names)))} of all windows']
    if seen.learnt is None:
        lines.append('the recognizer does not say which clips it has learnt from: what it knows by heart may be among these')
    return '\n'.join(lines)


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


def named(args: argparse.Namespace) -> Seen:
    """Windows of clips that are mended as the recognizer's own were, and what it says of them.

    Raises:
        ValueError: clips that the recognizer does not know, or whose labels mean other classes to it.
    """
    model = init_recognizer(read_model_config(*args.recognizer), args.recognizer[1], device=args.device)
    mending = TrainedMending(model)
    source, split = file_and_split(args.clips)
    content = checked_annotation(only_split(read_content(source), split, source), source=source, mend=mending)
    tell_of_mending(args, mending)
    clips, meta = content['annotations'], with_named_layouts(content['metainfo'])
    if not clips:
        raise ValueError(f'{source}: there are no clips in it')
    problem = judged_classes_problem(model.dataset_meta['classes'], meta.get('classes'))
    if problem is not None:
        raise ValueError(f'{source}: {problem}')
    check_form(source, meta, model.dataset_meta, clips)
    warn(gaps_in_words(clips, str(source)))
    layout, num_classes = {key: meta[key] for key in ('skeleton', ) if meta.get(key) is not None}, model.cls_head.num_classes
    windows = cut([{**layout, **clip} for clip in clips], num_classes, window=args.window, step=args.step)
    known = learnt_of_file(model.checkpoint_meta, source, clips)
    learnt = None if known is None else np.array([clips[number]['frame_dir'] in known for number in windows.clip])
    return Seen(windows, recognize(model, windows.clips).probability, class_names(meta, num_classes), learnt)


def run(args: argparse.Namespace) -> None:
    inputs = [file_and_split(args.clips)[0], *args.recognizer]
    require_outputs('class-over-time', [Output('--out', args.out, SUFFIXES)], inputs=inputs, force=args.force)
    with in_words('class-over-time', debug=args.debug), warnings_in_words():
        seen = named(args)
        print(shares(seen))
        draw(args.out, seen.windows, seen.probability, seen.names)
    print(f'drawn in {args.out}')
