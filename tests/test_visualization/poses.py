"""Clips whose picture is known: a person who stands with arms out, built by hand."""

import numpy as np

from mmagenc.skeletons import get_skeleton
from mmagenc.visualization import Clip

ARMS_OUT = {
    'pelvis': (0, .9, 0), 'spine': (0, 1.1, 0), 'thorax': (0, 1.3, 0), 'neck': (0, 1.4, 0), 'head': (0, 1.6, 0),
    'left_hip': (.1, .85, 0), 'left_knee': (.12, .45, .02), 'left_ankle': (.12, .05, 0), 'left_shoulder': (.2, 1.35, 0),
    'left_elbow': (.45, 1.35, 0), 'left_wrist': (.7, 1.35, 0)
}  # yapf: disable


def arms_out(num_frames: int = 4, step=(0, 0, 0), turn: float = 0.) -> Clip:
    """A person of layout ``infact17`` who faces +z (turned by ``turn`` degrees) and glides by ``step`` metres a frame."""
    places = dict(ARMS_OUT)
    places.update({name.replace('left', 'right'): (-x, y, z) for name, (x, y, z) in ARMS_OUT.items() if name.startswith('left')})
    skeleton = get_skeleton('infact17')
    body = np.array([places[name] for name in skeleton.joint_names])
    sine, cosine = np.sin(np.radians(turn)), np.cos(np.radians(turn))
    body = body @ np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]]).T
    path = np.arange(num_frames)[:, None, None] * np.array(step)
    return Clip(keypoint=(body + path)[None].astype(np.float32), skeleton=skeleton)
