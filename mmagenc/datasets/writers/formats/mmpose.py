"""Predictions as MMPose writes them (``.json``), for programs that take those.

Of the layouts that MMPose's own models have, a list of frames with their persons, as ``MMPoseInferencer`` (``pred_out_dir``) writes; of
others what its demos write (``--save-predictions``), which also names the keypoints. M persons, T frames, V keypoints.
"""

from pathlib import Path
from typing import Dict, List, Sequence

import numpy as np

from mmagenc.datasets.writers.numbers import corners, plain_numbers, write_json
from mmagenc.datasets.writers.registry import ExportClip, WriteOptions, Writer
from mmagenc.registry import WRITERS
from mmagenc.skeletons import Skeleton

MODELS_LAYOUTS = ('coco17', 'halpe26')
"""Layouts of MMPose's models, which programs know by their number of keypoints."""


@WRITERS.register_module(name='mmpose')
class MMPoseWriter(Writer):
    name = 'mmpose'
    title = 'MMPose predictions'
    suffixes = ('.json', )
    dimensions = (2, )
    timed = False
    units = ()

    def write(self, clips: Sequence[ExportClip], path: Path, options: WriteOptions) -> Sequence[str]:
        clip, = clips
        named = clip.skeleton.name not in MODELS_LAYOUTS
        frames = [dict(frame_id=frame + named, instances=_instances(clip, frame)) for frame in range(clip.num_frames)]
        write_json(dict(meta_info=_meta_info(clip.skeleton), instance_info=frames) if named else frames, path)
        certain = [] if clip.keypoint_score is not None else ['scores are 1 wherever a point has a place: the clips have no confidences']
        return ['lost: class, subject, frames per second and size of the image', *certain]


def _instances(clip: ExportClip, frame: int) -> List[Dict]:
    """The persons who are in a frame; points that have no place have the score 0."""
    instances = []
    for person, pose in enumerate(clip.keypoint[:, frame]):
        seen = ~np.isnan(pose).any(axis=-1)
        if not seen.any():
            continue
        score = seen.astype(np.float32) if clip.keypoint_score is None else np.where(seen, clip.keypoint_score[person, frame], 0)
        instances.append(dict(keypoints=plain_numbers(np.where(seen[:, None], pose, 0)), keypoint_scores=plain_numbers(score),
                              bbox=[corners(pose)], track_id=person))
    return instances


def _meta_info(skeleton: Skeleton) -> Dict:
    names = list(skeleton.joint_names)
    return dict(dataset_name=skeleton.name, num_keypoints=len(names), keypoint_id2name=dict(enumerate(names)),
                keypoint_name2id={name: index for index, name in enumerate(names)},
                skeleton_links=[list(map(int, edge)) for edge in skeleton.edges])
