"""Import motion capture in BVH files: fit SMPL-24 poses to every clip and write one annotation file.

    mmagenc import-bvh FOLDER --preset bandai_namco --out data/bandai_namco/motion.npz
    mmagenc import-bvh FOLDER --out data/mine/motion.npz --fps 20 --rig my_rig.yml \
        --labels '(?P<label>[^/]+)/(?P<subject>[^_/]+)_(?P<id>\\d+)$' --split 'train=1-4;val=5;test=6-8'

Files that cannot be used are listed at the end and left out; the exit code is 1 when none can be used.
"""

import argparse
import functools
import json
from dataclasses import asdict
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence

import numpy as np

from mmagenc.body_models import rest_joints_of
from mmagenc.body_models.rigs import load_rig, parse_unit
from mmagenc.command_line import in_words, print_left_out
from mmagenc.compat import atomic_open
from mmagenc.datasets.annotation import SUFFIXES, save_annotation
from mmagenc.datasets.readers.assumptions import said_and_checked
from mmagenc.datasets.readers.bvh_clip import BvhSettings, convert_bvh
from mmagenc.datasets.readers.motion_files import Labels, build_annotation, convert_files, find_files, parse_split
from mmagenc.outputs import Output, require_outputs
from mmagenc.skeletons import get_skeleton


class Settings(NamedTuple):
    """How a clip is converted."""
    labels: Labels
    files: BvhSettings


def convert_clip(settings: Settings, name: str, path: Path) -> dict:
    """Read, resample and fit one file; a clip for :func:`build_annotation` with its measurements."""
    groups = settings.labels.parse(name)
    return dict(convert_bvh(path, settings.files), name=name, groups=groups)


def summarize(clips: Sequence[dict], left_out: Sequence[str]) -> Dict:
    """Report over all clips: means weighted by frames, maxima with the clip that has them."""
    bones: Dict[str, Dict[str, float]] = {}
    for bone in dict.fromkeys(bone for clip in clips for bone in clip['quality']['angles']):
        have = [clip for clip in clips if bone in clip['quality']['angles']]
        mean, most = (np.array([clip['quality']['angles'][bone][index] for clip in have]) for index in (0, 1))
        bones[bone] = dict(mean=float(np.average(mean, weights=[clip['quality']['frames'] for clip in have])), max=float(most.max()),
                           worst_clip=have[int(most.argmax())]['name'])
    turns = np.array([clip['quality']['turns'] for clip in clips])
    names = get_skeleton('smpl24').joint_names
    return dict(
        clips=len(clips), frames=sum(clip['quality']['frames'] for clip in clips), left_out=list(left_out), bone_angle_deg=bones,
        turn_per_frame_deg={name: dict(max=float(turns[:, joint].max()), worst_clip=clips[int(turns[:, joint].argmax())]['name'])
                            for joint, name in enumerate(names)},
        flips=sum(clip['quality']['flips'] for clip in clips),
        max_path_error_m=max(clip['quality']['path_error'] for clip in clips),
        max_heading_error_deg=max(clip['quality']['heading_error'] for clip in clips),
        per_clip={clip['name']: dict(clip['quality'], assumed=asdict(clip['assumed']), doubts=clip['doubts']) for clip in clips})


def print_summary(report: Dict) -> None:
    print('angle between fitted and recorded bone in degrees (bones fixed to a joint with several children depend on the body alone)')
    for bone, angle in report['bone_angle_deg'].items():
        print(f'  {bone:32s} mean {angle["mean"]:6.2f}   max {angle["max"]:6.2f}')
    joint, turn = max(report['turn_per_frame_deg'].items(), key=lambda item: item[1]['max'])
    print(f'largest turn from frame to frame: {turn["max"]:.1f} degrees, {joint} in {turn["worst_clip"]}')
    print(f'flips (a joint turns 30 degrees more than recorded between two frames): {report["flips"]}')
    print(f'largest error of the root path: {report["max_path_error_m"] * 1000:.3f} mm, of the heading: '
          f'{report["max_heading_error_deg"]:.3f} degrees')


def make_settings(args: argparse.Namespace) -> Settings:
    scale = None if args.path_scale == 'body' else parse_unit(args.path_scale)
    files = BvhSettings(rest_joints=rest_joints_of(args.body_model), rig=None if args.rig == 'auto' else load_rig(args.rig), fps=args.fps,
                        unit=None if args.unit == 'auto' else parse_unit(args.unit), scale=scale,
                        up=None if args.up == 'auto' else args.up, lenient=args.lenient, source_fps=args.source_fps)
    return Settings(Labels(args.labels), files)


def convert(args: argparse.Namespace) -> List[str]:
    """Convert; returns why files were left out.

    Raises:
        ValueError: arguments that make no sense, or no file that can be used.
    """
    settings, splits = make_settings(args), parse_split(args.split) if args.split else None
    clips, left_out = convert_files(find_files(args.folder, '.bvh'), functools.partial(convert_clip, settings), args.processes)
    clips, refused = said_and_checked(clips, strict=args.strict)
    left_out += refused
    annotation, unplaced = build_annotation(
        clips, fps=args.fps, classes=args.classes and args.classes.split(','), splits=splits, split_by=args.split_by,
        metainfo=dict(body_model=Path(args.body_model).name))
    left_out += unplaced
    used = len(annotation['annotations'])
    if not used:
        raise ValueError('\n  '.join(['no file could be used:', *left_out]))
    for out in args.out:
        save_annotation(annotation, out)
    report = summarize(clips, left_out)
    if args.report:
        args.report.parent.mkdir(parents=True, exist_ok=True)
        with atomic_open(args.report, 'w', encoding='utf-8') as file:
            json.dump(report, file, indent=1)
    print_summary(report)
    counts = ', '.join(f'{split} {len(members)}' for split, members in annotation['split'].items())
    print(f'{used} clips ({counts}), {report["frames"]} frames at {args.fps:g} fps: {", ".join(map(str, args.out))}')
    return left_out


def run(args: argparse.Namespace) -> None:
    outputs = [*(Output('--out', out, SUFFIXES) for out in args.out), *([Output('--report', args.report)] if args.report else [])]
    body = args.body_model if Path(args.body_model).suffix else None
    require_outputs('import-bvh', outputs, inputs=[(args.folder, '.bvh'), body, args.rig], force=args.force)
    with in_words('import-bvh', debug=args.debug):
        left_out = convert(args)
    print_left_out(left_out)
