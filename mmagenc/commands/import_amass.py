"""Import AMASS-style .npz files (poses, trans, mocap_framerate) and write one annotation file.

    mmagenc import-amass FOLDER --out data/amass/motion.npz --fps 20 --labels '(?P<label>[^/_]+)[^/]*_poses$'

Files that cannot be used are listed at the end and left out; the exit code is 1 when none can be used.
"""

import argparse
import functools
import sys
from pathlib import Path
from typing import List, NamedTuple, Optional

import numpy as np
import torch

from mmagenc.body_models.fitting import parse_unit, place_pose
from mmagenc.command_line import in_words
from mmagenc.datasets.annotation import SUFFIXES, save_annotation
from mmagenc.datasets.readers.amass import read_amass
from mmagenc.datasets.readers.motion_files import Labels, build_annotation, convert_files, find_files, parse_split
from mmagenc.outputs import Output, require_outputs
from mmagenc.registry import MODELS


class Settings(NamedTuple):
    """How a clip is converted."""
    labels: Labels
    fps: float
    up: str
    scale: Optional[float]
    rest_joints: np.ndarray


def convert_clip(settings: Settings, name: str, path: Path) -> dict:
    """Read, resample and place one file; a clip for :func:`build_annotation`."""
    groups = settings.labels.parse(name)
    clip = read_amass(path, up=settings.up).resample(settings.fps)
    transl, keypoint = place_pose(torch.from_numpy(clip.pose), torch.from_numpy(clip.transl), rest_joints=settings.rest_joints,
                                  scale=settings.scale)
    return dict(name=name, groups=groups, pose=clip.pose, transl=transl.numpy(), keypoint=keypoint.numpy())


def convert(args: argparse.Namespace) -> List[str]:
    """Convert; returns why files were left out.

    Raises:
        ValueError: arguments that make no sense, or no file that can be used.
    """
    body = dict(type='SMPLBody', model_path=args.body) if Path(args.body).suffix else dict(type=args.body)
    rest_joints = MODELS.build(dict(body, _scope_='mmagenc')).rest_joints().double().numpy()
    scale = None if args.path_scale == 'body' else parse_unit(args.path_scale)
    settings, splits = Settings(Labels(args.labels), args.fps, args.up, scale, rest_joints), parse_split(args.split) if args.split else None
    clips, left_out = convert_files(find_files(args.folder, '.npz'), functools.partial(convert_clip, settings), args.processes)
    annotation, unplaced = build_annotation(
        clips, fps=args.fps, classes=args.classes and args.classes.split(','), splits=splits, split_by=args.split_by,
        metainfo=dict(body_model=Path(args.body).name))
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
                    inputs=[(args.folder, '.npz'), args.body if Path(args.body).suffix else None], force=args.force)
    with in_words('import-amass', debug=args.debug):
        left_out = convert(args)
    if left_out:
        print('\n  '.join([f'left out {len(left_out)}:', *left_out]), file=sys.stderr)
