"""Import motion capture in BVH files: fit SMPL-24 poses to every clip and write one annotation file.

    python tools/data/bvh_to_motion.py FOLDER --preset bandai_namco --out data/bandai_namco/motion.npz
    python tools/data/bvh_to_motion.py FOLDER --out data/mine/motion.npz --fps 20 --rig my_rig.yml \
        --labels '(?P<label>[^/]+)/(?P<subject>[^_/]+)_(?P<id>\\d+)$' --split 'train=1-4;val=5;test=6-8'

Files that cannot be used are listed at the end and left out; the exit code is 1 when none can be used.
"""

import argparse
import functools
import json
import os
import sys
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence

try:
    import mmagenc  # noqa: F401
except ModuleNotFoundError:  # a plain clone: not installed, started from anywhere
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    import mmagenc  # noqa: F401

from mmagenc.arguments import count, positive
from mmagenc.command_line import add_debug, in_words
from mmagenc.outputs import Output, add_force, require_outputs

# Classes in the order of the set's own content_label.txt. Of the eight takes of every action and style four are for training.
PRESETS = dict(
    bandai_namco=dict(
        rig='bandai_namco',
        labels=r'dataset-\d+_(?P<label>[a-z-]+)_(?P<subject>[a-z]+)_(?P<id>\d+)$',
        split='train=1-4;val=5;test=6-8',
        classes='walk,walk-turn-left,walk-turn-right,run,wave-both-hands,wave-left-hand,wave-right-hand,raise-up-both-hands,'
        'raise-up-left-hand,raise-up-right-hand'))
DEFAULTS = dict(rig='auto', labels=r'(?P<label>[^/]+)/[^/]+$', split=None, classes=None)


def rig_names() -> List[str]:
    """Names of the shipped rigs, as :func:`mmagenc.body_models.fitting.available_rigs` gives them, without importing that."""
    return sorted(path.stem for path in (Path(mmagenc.__file__).parent / 'body_models/assets/rigs').glob('*.yml'))


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Fit SMPL-24 poses to BVH files and write them as one annotation file.')
    parser.add_argument('folder', type=Path, help='folder with .bvh files, searched with its subfolders, or one file')
    parser.add_argument('--out', type=Path, nargs='+', required=True, help='files to write: .npz, or .pkl as MMAction2 reads it')
    parser.add_argument('--preset', choices=sorted(PRESETS), help='rig, labels, split and classes of a known set')
    parser.add_argument('--fps', type=positive, default=20., help='frames per second of the result (default: %(default)s)')
    parser.add_argument('--rig', help=f'{", ".join(rig_names())}, a YAML file, or auto (default: auto)')
    parser.add_argument('--labels', help='regular expression on the path below FOLDER without suffix, with (?P<label>...) and optionally '
                        '(?P<subject>...) and (?P<id>...) (default: the name of the folder is the label)')
    parser.add_argument('--classes', help='class names in index order, separated by commas (default: all labels, sorted)')
    parser.add_argument('--split', help="which clips go where, such as 'train=1-4;val=5;test=6-8' (default: all to train)")
    parser.add_argument('--split-by', choices=('id', 'subject'), default='id', help='what --split lists (default: %(default)s)')
    parser.add_argument('--body', default='InfantBody', help='body type, or an SMPL model file (default: %(default)s)')
    parser.add_argument('--unit', default='auto', help='m, cm, mm, inch, or metres per unit (default: by rig or by length of the legs)')
    parser.add_argument('--path-scale', default='body', help='body: steps as small as the body; or a number, 1 keeps the recorded metres '
                        '(default: %(default)s)')
    parser.add_argument('--processes', type=count, default=min(8, os.cpu_count() or 1), help='worker processes (default: %(default)s)')
    parser.add_argument('--report', type=Path, help='write how well every clip fits as JSON')
    add_force(parser)
    add_debug(parser)
    args = parser.parse_args(argv)
    for name, value in {**DEFAULTS, **PRESETS.get(args.preset, {})}.items():
        if getattr(args, name) is None:
            setattr(args, name, value)
    return args


if __name__ == '__main__':
    parse_args()  # answers --help and a misspelt option before the seconds that the imports below take

import numpy as np

from mmagenc.body_models.fitting import Rig, detect_rig, fit_motion, load_rig, parse_unit
from mmagenc.compat import atomic_open
from mmagenc.datasets.annotation import SUFFIXES, save_annotation
from mmagenc.datasets.readers.bvh import read_bvh
from mmagenc.datasets.readers.motion_files import Labels, build_annotation, convert_files, find_files, parse_split
from mmagenc.registry import MODELS
from mmagenc.skeletons import get_skeleton


class Settings(NamedTuple):
    """How a clip is converted."""
    labels: Labels
    rig: Optional[Rig]
    fps: float
    unit: Optional[float]
    scale: Optional[float]
    rest_joints: np.ndarray


def convert_clip(settings: Settings, name: str, path: Path) -> dict:
    """Read, resample and fit one file; a clip for :func:`build_annotation` with its measurements."""
    groups = settings.labels.parse(name)
    recording = read_bvh(path).resample(settings.fps)
    rig = settings.rig or detect_rig(recording.names)
    positions, rotations = recording.global_transforms()
    fit = fit_motion(positions, rotations, recording.names, rig=rig, rest_joints=settings.rest_joints,
                     rest_positions=recording.rest_positions(), unit=settings.unit, scale=settings.scale)
    turns = fit.turns() if len(recording) > 1 else fit.pose.new_zeros(1, 24)
    quality = dict(
        frames=len(recording), rig=rig.name, scale=fit.scale, lift=fit.lift, flips=fit.flips(),
        path_error=float(fit.path_error().max()), heading_error=float(fit.heading_error().mean()),
        angles={bone: [float(angle.mean()), float(angle.max())] for bone, angle in fit.bone_angles().items()},
        turns=turns.amax(dim=0).tolist())
    return dict(name=name, groups=groups, pose=fit.pose.numpy(), transl=fit.transl.numpy(), keypoint=fit.keypoint.numpy(), quality=quality)


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
        per_clip={clip['name']: clip['quality'] for clip in clips})


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
    body = dict(type='SMPLBody', model_path=args.body) if Path(args.body).suffix else dict(type=args.body)
    scale = None if args.path_scale == 'body' else parse_unit(args.path_scale)
    return Settings(Labels(args.labels), None if args.rig == 'auto' else load_rig(args.rig), args.fps,
                    None if args.unit == 'auto' else parse_unit(args.unit), scale,
                    MODELS.build(dict(body, _scope_='mmagenc')).rest_joints().double().numpy())


def run(args: argparse.Namespace) -> List[str]:
    """Convert; returns why files were left out.

    Raises:
        ValueError: arguments that make no sense, or no file that can be used.
    """
    settings, splits = make_settings(args), parse_split(args.split) if args.split else None
    clips, left_out = convert_files(find_files(args.folder, '.bvh'), functools.partial(convert_clip, settings), args.processes)
    annotation, unplaced = build_annotation(
        clips, fps=args.fps, classes=args.classes and args.classes.split(','), splits=splits, split_by=args.split_by,
        metainfo=dict(body_model=Path(args.body).name))
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


def main(argv: Optional[Sequence[str]] = None) -> None:
    args = parse_args(argv)
    outputs = [*(Output('--out', out, SUFFIXES) for out in args.out), *([Output('--report', args.report)] if args.report else [])]
    require_outputs('bvh_to_motion', outputs, inputs=[(args.folder, '.bvh'), args.body if Path(args.body).suffix else None, args.rig],
                    force=args.force)
    with in_words('bvh_to_motion', debug=args.debug):
        left_out = run(args)
    if left_out:
        print('\n  '.join([f'left out {len(left_out)}:', *left_out]), file=sys.stderr)


if __name__ == '__main__':
    main()
