"""Postures of base motion: pairs of one action, all alike; amplitudes by their ratio."""

from collections import Counter

import numpy as np
import torch

from mmagenc.models.generators.base_postures import BasePostures, upright_axis
from mmagenc.skeletons import get_skeleton
from tests.styles import SMPL, base_clips


def postures(clips) -> BasePostures:
    result = BasePostures(SMPL, 3)
    result.fit(clips, up='y')
    return result


def test_pairs_are_two_groups_of_one_action_and_all_alike():
    """Three groups do action 0, two do action 1; nobody is compared with oneself."""
    clips = [clip for clip in base_clips() if (clip['label'], clip['subject']) != (1, 'wide')]
    base = postures(clips)
    assert base.action.tolist() == [0, 0, 0, 1, 1]
    pairs = Counter(map(tuple, base.draw(torch.rand(6000, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))).tolist()))
    assert set(pairs) == {(i, j) for i in range(3) for j in range(3) if i != j} | {(3, 4), (4, 3)}
    assert all(abs(pairs[i, j] / 6000 - 1 / 10) < 0.02 for i, j in pairs if i < 3)
    assert all(abs(pairs[i, j] / 6000 - 1 / 5) < 0.02 for i, j in pairs if i > 2)
    last = base.draw(torch.full((1, 2), np.nextafter(1., 0.), dtype=torch.float64))
    assert last.tolist() == [[4, 3]]


def test_actions_of_one_group_are_left_out():
    clips = [clip for clip in base_clips() if clip['label'] == 0 or clip['subject'] == 'plain']
    assert postures(clips).action.tolist() == [0, 0, 0]


def test_a_group_that_bows_bends_its_spine_forward():
    base = postures(base_clips())  # rows: bowed, plain, wide
    offset = base.offsets(np.array([1]), np.array([0]))[0]
    assert offset[SMPL.index('spine3'), 2] > 0.2 and abs(offset[SMPL.index('left_knee')]).max() < 0.05


def test_gains_are_ratios_of_the_swing_and_one_where_nothing_moves():
    base = BasePostures(get_skeleton('smpl24'), 3)
    swing = np.full((2, 24), 0.2)
    swing[1, :3] = 0.4, 0.1, 0.01
    base.put(posture=np.zeros((2, 24, 3)), swing=swing, action=[0, 0])
    gains = base.gains(np.array([0]), np.array([1]))[0]
    np.testing.assert_allclose(gains[:4], [2, 0.5, 1, 1])


def test_the_vertical_of_a_base():
    clips = base_clips()
    assert upright_axis(clips, SMPL) == 'y'
    assert upright_axis([dict(clip, keypoint=clip['keypoint'][..., [0, 2, 1]] * np.float32([1, -1, 1])) for clip in clips], SMPL) == 'z'
    assert upright_axis([dict(clip, keypoint=clip['keypoint'] * (-1)**row) for row, clip in enumerate(clips)], SMPL) is None
