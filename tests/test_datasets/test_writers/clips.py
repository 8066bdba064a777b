"""Clips that leave, made by hand: a body whose knee bends, people of other layouts, a gap."""

import numpy as np
import torch

from mmagenc.datasets.writers.exporting import export_clips
from mmagenc.datasets.writers.turning import usual_body
from mmagenc.skeletons import joint_map
from tests import smpl_motion
from tests.own_clips import body_movement

FPS = 25.


def smpl_annotation(*, layout='smpl24', up='y', **clip):
    """One infant who glides forward; keypoints of ``layout`` are joints of the body."""
    pose, path = smpl_motion.pose().astype(np.float32), smpl_motion.path().astype(np.float32)
    joints = usual_body().joints(torch.from_numpy(pose), transl=torch.from_numpy(path)).numpy()
    made = dict(frame_dir='kick/1', label=1, total_frames=len(pose), keypoint=joints[None][:, :, joint_map('smpl24', layout)],
                pose=pose[None], subject='s7', **clip)
    made.update(transl=path[None] if layout == 'smpl24' else None)
    made = {key: value for key, value in made.items() if value is not None}
    metainfo = dict(classes=['rest', 'kick'], skeleton=layout, fps=FPS, up=up, source='synthetic', seed=5)
    return dict(split=dict(train=['kick/1']), metainfo=metainfo, annotations=[made])


def smpl_clip(**settings):
    return export_clips(smpl_annotation(**settings))[0]


def kinect_clip(persons=1, frames=20):
    """Bodies of 25 joints in space, whose limbs turn stiffly, without rotations."""
    body = body_movement('kick', np.linspace(0, 6, frames), np.random.default_rng(0))
    keypoint = np.stack([body + [person, 0, 0] for person in range(persons)]).astype(np.float32)
    clip = dict(frame_dir='k', label=0, total_frames=frames, keypoint=keypoint)
    return export_clips(dict(split={}, metainfo=dict(classes=['kick'], skeleton='ntu25', fps=30., up='y'), annotations=[clip]))[0]


def flat_clip():
    """Two dimensions."""
    clip = dict(frame_dir='flat', label=0, total_frames=3, keypoint=np.ones((1, 3, 17, 2), np.float32))
    return export_clips(dict(split={}, metainfo=dict(classes=['a'], skeleton='coco17', fps=30.), annotations=[clip]))[0]


def with_gap(annotation, frame=2, joint=4):
    """The annotation with a point that has no place in one frame, as files have it: at zero, with the score 0."""
    clip = annotation['annotations'][0]
    clip['keypoint_score'] = np.ones(clip['keypoint'].shape[:3], np.float32)
    clip['keypoint_score'][0, frame, joint] = 0
    return annotation


def chain(offsets, rotations, root, parents):
    """``(T, V, 3)`` by walking down the tree, the slow and obvious way: a ``Rotation`` of T a joint, ``(T, 3)`` or ``(3,)`` offsets."""
    places, turns = [None] * len(parents), [None] * len(parents)
    for joint, parent in enumerate(parents):  # parents stand before children
        if parent < 0:
            places[joint], turns[joint] = root, rotations[joint]
        else:
            places[joint] = places[parent] + turns[parent].apply(np.array(np.broadcast_to(offsets[joint], root.shape)))
            turns[joint] = turns[parent] * rotations[joint]
    return np.stack(places, axis=1), [turn.as_matrix() for turn in turns]
