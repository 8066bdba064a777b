"""Import AMASS-style .npz files (poses, trans, mocap_framerate) and write one annotation file.

    mmagenc import-amass FOLDER --out data/amass/motion.npz --fps 20 --labels '(?P<label>[^/_]+)[^/]*_poses$'

Files that cannot be used are listed at the end and left out; the exit code is 1 when none can be used.
"""

import argparse
import functools
from pathlib import Path
from typing import List, Mapping, NamedTuple

from mmagenc.body_models import rest_joints_of
from mmagenc.body_models.rigs import parse_unit
from mmagenc.command_line import in_words, print_left_out
from mmagenc.datasets.annotation import SUFFIXES, save_annotation
from mmagenc.datasets.readers.amass import convert_amass
from mmagenc.datasets.readers.assumptions import said_and_checked
from mmagenc.datasets.readers.motion_files import Labels, build_annotation, convert_files, find_files, parse_split
from mmagenc.outputs import Output, require_outputs


class Settings(NamedTuple):
    """How a clip is converted."""
    labels: Labels
    files: Mapping


def convert_clip(settings: Settings, name: str, path: Path) -> dict:
    """Read, resample and place one file; a clip for :func:`build_annotation`."""
    groups = settings.labels.parse(name)
    return dict(convert_amass(path, **settings.files), name=name, groups=groups)


def convert(args: argparse.Namespace) -> List[str]:
    """Convert; returns why files were left out.

    Raises:
        ValueError: arguments that make no sense, or no file that can be used.
    """
    scale = None if args.path_scale == 'body' else parse_unit(args.path_scale)
    files = dict(rest_joints=rest_joints_of(args.body_model), fps=args.fps, up=None if args.up == 'auto' else args.up, scale=scale,
                 source_fps=args.source_fps, unit=parse_unit(args.unit))
    settings, splits = Settings(Labels(args.labels), files), parse_split(args.split) if args.split else None
    clips, left_out = convert_files(find_files(args.folder, '.npz'), functools.partial(convert_clip, settings), args.processes)
    clips, refused = said_and_checked(clips, strict=args.strict)
    left_out += refused
    annotation, unplaced = build_annotation(
        clips, fps=args.fps, classes=args.classes and args.classes.split(','), splits=splits, split_by=args.split_by,
        metainfo=dict(body_model=Path(args.body_model).name))
    left_out += unplaced
    if not annotation['annotations']:
        raise ValueError('\n  '.join(['no file could be used:', *left_out]))
    for out in args.out:
        save_annotation(annotation, out)
    counts = ', '.join(f'{split} {len(members)}' for split, members in annotation['split'].items())
    print(f'{len(annotation["annotations"])} clips ({counts}) at {args.fps:g} fps: {", ".join(map(str, args.out))}')
    return left_out


def run(args: argparse.Namespace) -> None:
    require_outputs('import-amass', [Output('--out', out, SUFFIXES) for out in args.out],
                    inputs=[(args.folder, '.npz'), args.body_model if Path(args.body_model).suffix else None], force=args.force)
    with in_words('import-amass', debug=args.debug):
        left_out = convert(args)
    print_left_out(left_out)
