"""``mmagenc import-bvh``: a name of ``mmagenc import --format bvh``, at 20 frames a second, with presets and a report of the fit.

    mmagenc import-bvh FOLDER --preset bandai_namco --out data/bandai_namco/motion.npz
    mmagenc import-bvh FOLDER --out data/mine/motion.npz --fps 20 --rig my_rig.yml \
        --labels '(?P<label>[^/]+)/(?P<subject>[^_/]+)_(?P<id>\\d+)$' --split 'train=1-4;val=5;test=6-8'
"""

import argparse
import json
from dataclasses import asdict
from typing import Dict, Sequence

import numpy as np

from mmagenc.command_line import in_words
from mmagenc.commands.import_files import import_motion
from mmagenc.outputs import Output, writing
from mmagenc.skeletons import get_skeleton


def summarize(clips: Sequence[Dict], left_out: Sequence[str]) -> Dict:
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


def run(args: argparse.Namespace) -> None:
    reports = [] if args.report is None else [Output('--report', args.report)]
    imported = import_motion('import-bvh', args, 'bvh', '.bvh', outputs=reports)
    report = summarize(imported.converted, imported.left_out)
    if args.report:
        with in_words('import-bvh', debug=args.debug), writing(args.report, 'w', encoding='utf-8') as file:
            json.dump(report, file, indent=1)
    print_summary(report)
