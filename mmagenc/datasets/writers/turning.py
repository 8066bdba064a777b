"""Clips whose keypoints are of another layout than their rotations: joints that the rotations turn, on a body.

M persons, T frames, V keypoints.
"""

from dataclasses import replace
from functools import lru_cache
from typing import List, Optional, Tuple

import numpy as np
import torch

from mmagenc.body_models import BodyModel, InfantBody
from mmagenc.body_models.landmarks import body_landmarks
from mmagenc.skeletons import get_skeleton

from .registry import ExportClip

CLOSE = 0.01
"""Metres by which keypoints may lie from a body's, on the mean, for the rotations to be what moves them."""


@lru_cache(maxsize=1)
def usual_body() -> BodyModel:
    """Whose joints rotations turn where nobody says another."""
    return InfantBody().eval()


def with_joints(clip: ExportClip, *, always: bool) -> Tuple[ExportClip, Optional[str]]:
    """A clip by the joints of SMPL that its rotations turn, in place of keypoints of another layout; as it is where it has no rotations.

    Args:
        clip: in space.
        always: even where the keypoints lie elsewhere; else the clip stays as it is then.

    Returns:
        tuple: the clip, and what was taken for granted, if anything.
    """
    if clip.pose is None or clip.has_rotations:
        return clip, None
    body = clip.body or usual_body()
    with torch.inference_mode():
        joints = body.joints(torch.from_numpy(clip.pose)).numpy()
    places, columns = _shared(clip, body, joints)
    shift = np.zeros(3) if not columns else np.nanmean(clip.keypoint[:, :, columns] - places, axis=2, keepdims=True)
    off = np.linalg.norm(clip.keypoint[:, :, columns] - places - shift, axis=-1)
    mean = float(np.nanmean(off)) if columns else np.inf
    if not columns or np.isnan(shift).any() or mean > CLOSE and not always:
        return clip, (f'the rotations do not put the keypoints of layout {clip.skeleton.name} where they are: rotations are fitted')
    said = (f'rotations are of the joints of smpl24, which are written in place of the keypoints of {clip.skeleton.name}; these lie '
            f'{1000 * mean:.1f} mm from where the body has them, on the mean')
    return replace(clip, keypoint=(joints + shift).astype(np.float32), skeleton=get_skeleton(body.skeleton), keypoint_score=None,
                   transl=np.broadcast_to(shift[:, :, 0], (*joints.shape[:2], 3)).astype(np.float32)), said


def _shared(clip: ExportClip, body: BodyModel, joints: np.ndarray) -> Tuple[np.ndarray, List[int]]:
    """``(M, T, S, 3)`` where a body has those keypoints of a clip that are joints, and which these are."""
    try:
        sources = body_landmarks(body, clip.skeleton).sources
    except ValueError:
        return joints[:, :, :0], []
    columns = [column for column, (kind, _) in enumerate(sources) if kind == 'joint']
    return np.stack([joints[:, :, list(sources[column][1])].mean(axis=2) for column in columns], axis=2), columns
