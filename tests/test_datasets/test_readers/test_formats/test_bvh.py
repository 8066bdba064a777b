import numpy as np
import pytest

from mmagenc.registry import MODELS
from mmagenc.skeletons.smpl24 import NAMES, PARENTS
from tests.bvh_writer import bvh_text, person_bvh

from .reading import recordings

ROTATIONS = ['Zrotation', 'Yrotation', 'Xrotation']


def depth_first():
    """SMPL's joints in the order of a file."""
    order, waiting = [], [0]
    while waiting:
        order.append(waiting.pop(0))
        waiting = [child for child, parent in enumerate(PARENTS) if parent == order[-1]] + waiting
    return order


def test_the_knee_bends_and_the_rig_is_said(tmp_path):
    order = depth_first()
    rest = MODELS.build(dict(type='InfantBody', _scope_='mmagenc')).rest_joints().double().numpy()
    offsets = [rest[joint] - rest[PARENTS[joint]] if joint else rest[0] for joint in order]
    channels = [['Xposition', 'Yposition', 'Zposition', *ROTATIONS] if joint == 0 else ROTATIONS for joint in order]
    column = 3 + 3 * order.index(NAMES.index('left_knee')) + 2
    frames = np.zeros((4, 3 + 72))
    frames[:, 1], frames[:, column] = 1., [0, 20, 40, 60]
    text = bvh_text([NAMES[joint] for joint in order], [order.index(PARENTS[joint]) if joint else -1 for joint in order], offsets, channels,
                    frames, 1 / 30)
    (tmp_path / 'a.bvh').write_text(text)
    found, = recordings(tmp_path / 'a.bvh', 'bvh')
    assert found.pose.shape == (1, 4, 24, 3) and found.up == 'y' and abs(found.fps - 30) < 0.01
    assert 'smpl' in found.conversion.assumed.what and found.conversion.assumed.legs > 0.1 and found.conversion.quality['frames'] == 4
    turn = found.pose[0, :, NAMES.index('left_knee')]
    assert np.allclose(np.degrees(turn[:, 0]), [0, 20, 40, 60], atol=1) and np.abs(turn[:, 1:]).max() < 0.02


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16', 'utf-16-le', 'utf-16-be', 'latin-1'])
def test_a_file_is_known_in_every_encoding_that_is_read(tmp_path, encoding):
    (tmp_path / 'a.bvh').write_bytes(person_bvh({name: name for name in NAMES}).encode(encoding))
    found, = recordings(tmp_path / 'a.bvh', 'bvh')
    assert found.pose.shape == (1, 31, 24, 3)
