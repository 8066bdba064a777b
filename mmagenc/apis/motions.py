"""What a notebook does with a :class:`~mmagenc.structures.Motion`: look at it, write it, make training data of it.

N clips.
"""

import logging
from pathlib import Path
from typing import Dict, List, Optional, Sequence

import numpy as np
from mmengine.logging import print_log

from mmagenc.datasets.annotation import SUFFIXES, motion_to_annotations, save_annotation
from mmagenc.datasets.writers.exporting import export_clips, save_clips
from mmagenc.datasets.writers.registry import chosen_writer
from mmagenc.structures import Motion
from mmagenc.visualization.figures import annotation_rows, chosen_rows, draw_grid
from mmagenc.visualization.player import player_frame

MOST_SHOWN = 24
"""Clips of a player in a notebook, whose file keeps them."""
DOTS_PER_INCH = 100


def motion_annotation(motion: Motion, *, split: str = 'train', prefix: str = 'clip') -> Dict:
    """The clips as an annotation dict, with class names, layout, frame rate, vertical and source as far as the motion knows them.

    Args:
        motion: N clips.
        split: name of the one split that all clips are in.
        prefix: clips are named ``<prefix>_00000`` and so on.
    """
    info = motion.info.known()
    clips = motion_to_annotations(motion, prefix=prefix, source=motion.info.source or 'synthetic', with_latent=True)
    metainfo = dict(info, **({'classes': list(info['classes'])} if 'classes' in info else {}))
    return dict(split={split: [clip['frame_dir'] for clip in clips]}, metainfo=metainfo, annotations=clips)


def save_motion(motion: Motion, path, *, split: str = 'train', prefix: str = 'clip', format: Optional[str] = None, body=None,
                **options) -> List[Path]:
    """Write clips; see :meth:`mmagenc.structures.Motion.save`.

    Args:
        motion: N clips.
        path: a file, or of formats of one file a clip a folder. The name of a file does for several clips of such a format too: they are
            written into the folder ``clips_bvh`` if it is ``clips.bvh``.
        split: name of the one split that all clips are in.
        prefix: clips are named ``<prefix>_00000`` and so on.
        format: name of a format of ``mmagenc export``; as the suffix says if ``None``.
        body: the body model whose joints the rotations turn, for formats that need its bones.
        **options: of :class:`~mmagenc.datasets.writers.registry.WriteOptions`: ``unit``, ``up``, ``skin``, ``writer``.

    Returns:
        list: the files. What a format loses is logged as a warning.

    Raises:
        ValueError: a suffix that no format has, or clips that the format cannot hold; nothing is written.
    """
    annotation, path = motion_annotation(motion, split=split, prefix=prefix), Path(path)
    if format is None and path.suffix in SUFFIXES:
        if options or body is not None:
            raise ValueError(f'{path}: an annotation file takes no {", ".join([*options, *(["body"] if body is not None else [])])}')
        save_annotation(annotation, path)
        return [path]
    writer = chosen_writer(path, format)
    if len(motion) > 1 and not writer.whole and path.suffix in writer.suffixes:
        path, format = path.with_name(f'{path.stem}_{writer.name}'), writer.name  # one a format: a folder's older clips are replaced
        print_log(f'{writer.title} holds one clip a file: the {len(motion)} clips are in the folder {path}', logger='current')
    saved = save_clips(export_clips(annotation, body=body), path, format, **options)
    for note in saved.notes:
        print_log(f'{path}: {note}', logger='current', level=logging.WARNING)
    return saved.paths


def plot_motion(motion: Motion, clips: Optional[Sequence[int]] = None, *, num_per_class: int = 1, azimuth: Optional[float] = None,
                elevation: Optional[float] = None):
    """A strip of stills of clips, as a matplotlib figure; drawn as ``mmagenc visualize`` draws.

    Args:
        motion: N clips.
        clips: numbers of the clips; ``None`` is of each class first the medoid, then others evenly spread.
        num_per_class: clips of each class, where ``clips`` names none.
        azimuth, elevation: degrees that the camera stands at; ``None`` is beside where most persons face, a little above.

    Returns:
        matplotlib.figure.Figure: a page of 100 dots an inch.

    Raises:
        ValueError: no clips, numbers that there are not, or a motion whose layout is not known.
    """
    from matplotlib import pyplot
    _require_layout(motion)
    annotation = motion_annotation(motion)
    if clips is None:
        rows, headings = annotation_rows(annotation, num_per_class=num_per_class), []
    else:
        rows, headings = chosen_rows(annotation, [clips] if isinstance(clips, (int, np.integer)) else list(clips))
    image = draw_grid(rows, [], headings=headings, camera=dict(azimuth=azimuth, elevation=elevation, up=motion.info.up))
    # Not within pyplot.ioff(): before a notebook's first figure that leaves it off, and no later figure of the notebook would be shown.
    figure = pyplot.figure(figsize=(image.shape[1] / DOTS_PER_INCH, image.shape[0] / DOTS_PER_INCH), dpi=DOTS_PER_INCH)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(image, interpolation='nearest')
    axes.set_axis_off()
    pyplot.close(figure)  # who gets the figure shows it: a notebook would show an open one again
    return figure


def motion_html(motion: Motion) -> Optional[str]:
    """A player of some clips of each class, as HTML that loads nothing; ``None`` where there are no clips, or no layout to draw them by."""
    if not len(motion) or motion.info.skeleton is None:
        return None
    rows = shown_clips(motion)
    annotation = motion_annotation(motion[rows])
    clips = [dict(clip, frame_dir=f'clip {row}') for row, clip in zip(rows, annotation['annotations'])]
    classes = [motion.class_name(label) for label in range(1 + max(clip['label'] for clip in clips))]
    left_out = f'; of them {len(rows)} are shown' if len(rows) < len(motion) else ''
    return player_frame(clips, title=f'{motion}{left_out}', classes=classes, skeleton=motion.info.skeleton, fps=motion.info.fps,
                        up=motion.info.up, group='real' if motion.info.source == 'real' else 'generated')


def shown_clips(motion: Motion, most: int = MOST_SHOWN) -> List[int]:
    """Numbers of the first clips of each class, as many of each as ``most`` has room for, and one at least."""
    labels = motion.label.cpu().numpy()
    kinds = np.unique(labels)
    return np.sort(np.concatenate([np.flatnonzero(labels == kind)[:max(1, most // len(kinds))] for kind in kinds])).tolist()


def _require_layout(motion: Motion) -> None:
    if motion.info.skeleton is None:
        raise ValueError('this motion does not know the layout of its keypoints, so there are no bones to draw: '
                         "motion.with_info(skeleton='coco17') says one")
