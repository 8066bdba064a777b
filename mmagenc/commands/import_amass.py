"""Import AMASS-style .npz files (poses, trans, mocap_framerate) and write one annotation file.

    python tools/data/amass_to_motion.py FOLDER --out data/amass/motion.npz --fps 20 --labels '(?P<label>[^/_]+)[^/]*_poses$'

Files that cannot be used are listed at the end and left out; the exit code is 1 when none can be used.
"""

import argparse
import functools
import os
import sys
from pathlib import Path
from typing import List, NamedTuple, Optional, Sequence

try:
    import mmagenc  # noqa: F401
except ModuleNotFoundError:  # a plain clone: not installed, started from anywhere
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    import mmagenc  # noqa: F401

from mmagenc.arguments import count, positive
from mmagenc.command_line import add_debug, in_words
from mmagenc.outputs import Output, add_force, require_outputs


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Write AMASS-style .npz files as one annotation file.')
    parser.add_argument('folder', type=Path, help='folder with .npz files, searched with its subfolders, or one file')
    parser.add_argument('--out', type=Path, nargs='+', required=True, help='files to write: .npz, or .pkl as MMAction2 reads it')
    parser.add_argument('--fps', type=positive, default=20., help='frames per second of the result (default: %(default)s)')
    parser.add_argument('--up', choices=('z', 'y'), default='z', help='axis of the files that points up (default: %(default)s)')
    parser.add_argument('--labels', default=r'(?P<label>[^/]+)/[^/]+$',
                        help='regular expression on the path below FOLDER without suffix, with (?P<label>...) and optionally '
                        '(?P<subject>...) and (?P<id>...) (default: the name of the folder is the label)')
    parser.add_argument('--classes', help='class names in index order, separated by commas (default: all labels, sorted)')
    parser.add_argument('--split', help="which clips go where, such as 'train=1-4;val=5;test=6-8' (default: all to train)")
    parser.add_argument('--split-by', choices=('id', 'subject'), default='id', help='what --split lists (default: %(default)s)')
    parser.add_argument('--body', default='InfantBody', help='body type, or an SMPL model file (default: %(default)s)')
    parser.add_argument('--path-scale', default='body', help='body: steps as small as the body; or a number, 1 keeps the recorded metres '
                        '(default: %(default)s)')
    parser.add_argument('--processes', type=count, default=min(8, os.cpu_count() or 1), help='worker processes (default: %(default)s)')
    add_force(parser)
    add_debug(parser)
    return parser.parse_args(argv)


if __name__ == '__main__':
    parse_args()  # answers --help and a misspelt option before the seconds that the imports below take

import numpy as np
import torch

from mmagenc.body_models.fitting import parse_unit, place_pose
from mmagenc.datasets.annotation import SUFFIXES, save_annotation
from mmagenc.datasets.readers.amass import read_amass
from mmagenc.datasets.readers.motion_files import Labels, build_annotation, convert_files, find_files, parse_split
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


def run(args: argparse.Namespace) -> List[str]:
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


def main(argv: Optional[Sequence[str]] = None) -> None:
    args = parse_args(argv)
    require_outputs('amass_to_motion', [Output('--out', out, SUFFIXES) for out in args.out],
                    inputs=[(args.folder, '.npz'), args.body if Path(args.body).suffix else None], force=args.force)
    with in_words('amass_to_motion', debug=args.debug):
        left_out = run(args)
    if left_out:
        print('\n  '.join([f'left out {len(left_out)}:', *left_out]), file=sys.stderr)


if __name__ == '__main__':
    main()
