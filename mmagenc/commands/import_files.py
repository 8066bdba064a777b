"""What ``mmagenc import`` does; how it is called is in :mod:`mmagenc.commands.options.import_files`."""

import argparse
import sys
from pathlib import Path
from typing import List, Sequence

import numpy as np

from mmagenc.body_models.rigs import load_rig, parse_unit
from mmagenc.command_line import in_words, print_left_out
from mmagenc.commands.options.import_files import build_parser
from mmagenc.datasets.annotation import SUFFIXES, save_annotation
from mmagenc.datasets.mending import gap_settings
from mmagenc.datasets.readers.assumptions import assumption_lines, doubt_lines
from mmagenc.datasets.readers.finding import chosen_readers
from mmagenc.datasets.readers.importing import Imported, ImportSettings, Item, import_files
from mmagenc.datasets.readers.motion_files import Labels, find_files
from mmagenc.datasets.readers.naming import read_joint_names
from mmagenc.datasets.readers.registry import ReadOptions, known_suffixes
from mmagenc.datasets.readers.segments import read_segments
from mmagenc.outputs import Output, OutputFolder, filling, require_outputs

SHOWN = 40
"""Reasons why something was left out that are printed."""


def read_options(args: argparse.Namespace) -> ReadOptions:
    """What the user says about the files."""
    return ReadOptions(
        layout=args.layout, joint_names=None if args.joint_names is None else read_joint_names(args.joint_names), fps=args.source_fps,
        img_shape=None if args.img_shape is None else tuple(args.img_shape), unit=None if args.unit is None else parse_unit(args.unit),
        up=None if args.up == 'auto' else args.up, min_score=args.min_score, lenient=args.lenient,
        reader={'rig': args.rig, 'strict': args.strict, 'pose_model': args.pose_model, **args.reader})


def settings_of(args: argparse.Namespace) -> ImportSettings:
    """What becomes of the recordings."""
    segments = None if args.segments is None else tuple(read_segments(args.segments, tier=args.tier))
    return ImportSettings(
        read=read_options(args), format=args.format, label=args.label, segments=segments,
        labels=None if args.labels is None else Labels(args.labels), unlabelled=args.unlabelled, max_persons=args.num_persons, fps=args.fps,
        fill_gaps=gap_settings(args), pose_gap=args.pose_gap, min_frames=args.min_frames,
        classes=None if args.classes is None else tuple(args.classes), split=args.split, split_by=args.split_by, seed=args.seed,
        body=args.body_model, path_scale=None if args.path_scale == 'body' else parse_unit(args.path_scale), processes=args.processes)


def list_formats() -> None:
    """What can be read, a line a format."""
    readers = chosen_readers()
    width = max(map(len, readers))
    for name, reader in readers.items():
        kind = ', '.join(filter(None, ['folders' if reader.folder else '', *reader.suffixes]))
        print(f'{name:{width}}  {reader.title} ({kind}); knows {", ".join(reader.knows)}')


def draw_overlays(videos: Sequence[Item], folder: Path) -> None:
    """The keypoints over each video, as MP4 or, without ffmpeg, as GIF."""
    from mmagenc.skeletons import get_skeleton
    from mmagenc.visualization.clip import Clip
    from mmagenc.visualization.overlay import write_overlay
    from mmagenc.visualization.writers import require_ffmpeg
    try:
        require_ffmpeg()
        suffix = '.mp4'
    except ImportError:
        suffix = '.gif'
    names = [f'{item.recording.name.replace("/", "_")}{suffix}' for item in videos]
    with filling(folder, 'import', names):
        for item, name in zip(videos, names):
            clip = Clip(np.nan_to_num(item.recording.keypoint), get_skeleton(item.recording.skeleton), score=item.recording.keypoint_score)
            write_overlay(item.source.path, clip, folder / name)
            print(f'  drawn: {folder / name}')


def tell(imported: Imported, out: Sequence[Path]) -> None:
    """Print what was read, what was assumed, and what came of it."""
    for said, number in imported.found.items():
        print(f'{number} × {said}')
    for note, number in imported.notes.items():
        print(f'  {note}' + (f' ({number} recordings)' if number > 1 else ''))
    for line in assumption_lines(imported.converted):
        print(f'  {line}')
    doubts = doubt_lines(imported.converted)
    if doubts:
        print('\n  '.join(['warning: look at these (--strict leaves them out):', *doubts]), file=sys.stderr)
    annotation = imported.annotation
    clips, metainfo = annotation['annotations'], annotation['metainfo']
    counts = ', '.join(f'{split} {len(members)}' for split, members in annotation['split'].items())
    labels = {clip['label'] for clip in clips}
    classes = metainfo.get('classes') or []
    print(f'{len(clips)} clips ({counts}) of layout {metainfo.get("skeleton", "not named")}'
          + (f', {metainfo["fps"]:g} fps' if 'fps' in metainfo else '') + f': {", ".join(map(str, out))}')
    print('classes: ' + (', '.join(f'{name} {sum(clip["label"] == label for clip in clips)}' for label, name in enumerate(classes)
                                   if label in labels or len(classes) < 40) if classes else 'none, the clips have no labels'))


def run(args: argparse.Namespace) -> None:
    with in_words('import', debug=args.debug):
        suffixes = known_suffixes(chosen_readers(args.format))
    if args.formats:
        list_formats()
        return
    inputs: List = [item for path in args.inputs for item in ([(path, suffix) for suffix in suffixes] if path.is_dir() else [path])]
    inputs += [args.segments, args.joint_names]
    outputs = [] if args.overlay is None else [OutputFolder('--overlay', args.overlay, 'import')]
    require('import', args, inputs, outputs)
    imported = import_to('import', args, args.inputs)
    if args.overlay is not None:
        with in_words('import', debug=args.debug):
            draw_overlays(imported.videos, args.overlay)


def import_motion(name: str, args: argparse.Namespace, format_name: str, suffix: str, outputs: Sequence = ()) -> Imported:
    """What the commands for one format of rotations do, by the road of ``mmagenc import``.

    Args:
        name: of the command.
        args: ``folder``, and options of ``mmagenc import`` by its names; those that the command has not are as there by default.
        format_name: of the reader.
        suffix: of the files.
        outputs: written files besides ``--out``.
    """
    defaults = vars(build_parser().parse_args([str(args.folder), '--out', 'x.npz', '--format', format_name]))
    own = {key: value for key, value in vars(args).items() if key != 'unit' or value != 'auto'}
    args = argparse.Namespace(**{**defaults, **own})
    require(name, args, [(args.folder, suffix), args.rig if Path(args.rig).suffix else None], outputs)
    with in_words(name, debug=args.debug):
        find_files(args.folder, suffix)
        for rig in {args.rig} - {'auto'}:
            load_rig(rig)
    return import_to(name, args, [args.folder])


def require(name: str, args: argparse.Namespace, inputs: Sequence, outputs: Sequence) -> None:
    """Refuse bad output files before the work; besides the body model and ``--out`` a command reads and writes these."""
    body = args.body_model if Path(args.body_model).suffix else None
    require_outputs(name, [*(Output('--out', out, SUFFIXES) for out in args.out), *outputs], inputs=[*inputs, body], force=args.force)


def import_to(name: str, args: argparse.Namespace, sources: Sequence[Path]) -> Imported:
    """Import, write and tell."""
    with in_words(name, debug=args.debug):
        imported = import_files(sources, settings_of(args))
        for out in args.out:
            save_annotation(imported.annotation, out, unlabelled=args.unlabelled)
    tell(imported, args.out)
    print_left_out(imported.left_out, SHOWN)
    return imported
