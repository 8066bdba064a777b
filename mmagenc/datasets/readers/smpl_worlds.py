"""Which axis points up in the world of SMPL's poses, where their format does not say it.

T frames.
"""

from typing import Sequence, Tuple

import numpy as np
import torch

from mmagenc.body_models import rest_joints_of
from mmagenc.body_models.fitting import fit_of_pose

from .registry import ReadOptions


def up_of_world(people: Sequence[Tuple[np.ndarray, np.ndarray]], usual: str, options: ReadOptions) -> str:
    """What the user says, or what most people's heads, feet and motion show.

    Args:
        people: of one world, pose ``(T, 24, 3)`` and path ``(T, 3)`` in metres.
        usual: where they do not show it.
        options: ``up`` and ``body``.
    """
    if options.up is not None:
        return options.up
    rest = torch.as_tensor(rest_joints_of(options.body))
    ups = [fit_of_pose(torch.from_numpy(pose), torch.from_numpy(path), rest_joints=rest, usual=usual, why='the format').assumed.up.up
           for pose, path in people]
    return max(dict.fromkeys(ups), key=ups.count)
