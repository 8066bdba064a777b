"""Clips as a page can hold them: small whole numbers in base64, with the skeletons that they are drawn by.

M persons, T frames, V keypoints.
"""

import base64
from typing import Dict, List, Optional, Sequence

import numpy as np

from mmagenc.skeletons import Skeleton

from ..camera import Camera
from ..clip import Clip
from ..figures import default_camera
from ..skeleton import HEADS
from ..writers import spread

GROUPS = ('real', 'generated', 'selected')
"""Recorded clips; a generator's as they come; those that the loop accepted."""
MISSING = -32768
FULL_SCALE = 32000


def choose_clips(clips: Sequence[Dict], num_per_class: int) -> List[Dict]:
    """Up to so many clips of each class, evenly spread over the list, class by class."""
    labels = np.array([int(clip['label']) for clip in clips])
    chosen = []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        chosen += [clips[index] for index in members[np.unique(spread(len(members), min(num_per_class, len(members))))]]
    return chosen


def player_clips(groups: Dict[str, Sequence[Dict]], *, skeleton: Optional[str], fps: float, max_frames: int = 150,
                 up: Optional[str] = None) -> Dict:
    """What the players of one run need, see :func:`decode_clip` for the arrays.

    Args:
        groups: annotation dicts by group, of :data:`GROUPS`.
        skeleton: layout of clips that name none.
        fps: frames per second.
        max_frames: longer clips are cut.
        up: axis of the recordings that points up; ``None`` where it is not known: then there is no floor.

    Returns:
        dict: ``fps``, ``azimuth`` (degrees, where to look from), ``floor`` (whether there is one), ``skeletons`` by name (``edges``,
        ``sides``, ``head``) and ``clips`` (``group``, ``label``, ``name``, ``score``, ``skeleton``, ``flat``, ``shape``, ``scale``,
        ``data``, ``path``, ``radius``, ``low``, ``high``).

    Raises:
        ValueError: a clip whose layout is not known.
    """
    drawn = [(group, clip, Clip.from_annotation(clip, skeleton).cut(max_frames)) for group, clips in groups.items() for clip in clips]
    if not drawn:
        return dict(fps=fps, azimuth=0., floor=False, skeletons={}, clips=[])
    real = [clip for group, _, clip in drawn if group == 'real'] or [clip for _, _, clip in drawn]
    camera = default_camera(real, up=up)
    used = {clip.skeleton.name: clip.skeleton for _, _, clip in drawn}
    return dict(
        fps=float(fps),
        azimuth=float(camera.azimuth),
        floor=camera.up is not None,
        skeletons={name: _skeleton(used[name]) for name in sorted(used)},
        clips=[encode_clip(clip, annotation, group, camera) for group, annotation, clip in drawn])


def _skeleton(skeleton: Skeleton) -> Dict:
    sides = ''.join(skeleton.side(joint)[0] for joint in range(skeleton.num_joints))
    return dict(edges=[list(edge) for edge in skeleton.edges], sides=sides, head=skeleton.find(HEADS), joints=list(skeleton.joint_names))


def encode_clip(clip: Clip, annotation: Dict, group: str, camera: Camera) -> Dict:
    """One clip in stage coordinates (y up, the floor at 0, the person at the middle) with the path of the stage's origin."""
    origin = camera.origin(clip)
    stage = camera.stage(clip, origin).transpose(1, 0, 2, 3)
    known = np.isfinite(stage)
    scale = float(np.abs(stage[known]).max()) / FULL_SCALE if known.any() else 1.
    scale = scale or 1.
    whole = np.where(known, np.rint(np.where(known, stage, 0) / scale), MISSING).astype('<i2')
    seen = stage[known.all(axis=-1)]
    radius, high = (np.percentile(values, 98) for values in (np.hypot(seen[:, 0], seen[:, 2]), seen[:, 1])) if len(seen) else (1., 1.)
    score = annotation.get('score')
    return dict(
        group=group,
        label=int(annotation['label']),
        name=str(annotation['frame_dir']),
        score=None if score is None else round(float(score), 4),
        skeleton=clip.skeleton.name,
        flat=clip.flat,
        shape=list(stage.shape[:3]),
        scale=scale,
        data=base64.b64encode(whole.tobytes()).decode('ascii'),
        path=base64.b64encode(origin[:, [0, 2]].astype('<f4').tobytes()).decode('ascii'),
        radius=round(float(radius), 5),
        low=round(float(min(np.percentile(seen[:, 1], 2), 0)), 5) if len(seen) else 0.,
        high=round(float(high), 5))


def decode_clip(clip: Dict) -> np.ndarray:
    """Stage coordinates ``(T, M, V, 3)`` of an encoded clip, NaN where there are none: what the page's script does."""
    whole = np.frombuffer(base64.b64decode(clip['data']), dtype='<i2').reshape(*clip['shape'], 3)
    return np.where(whole == MISSING, np.nan, whole * clip['scale'])
