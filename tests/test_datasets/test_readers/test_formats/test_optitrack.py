import numpy as np
import pytest

from mmagenc.skeletons import get_skeleton
from tests.bvh_writer import PERSON, SMPL

from .reading import outcomes, recordings
from .test_qualisys import NAMES, points

BONES = {'pelvis': 'Hip', 'left_hip': 'LThigh', 'right_hip': 'RThigh', 'spine1': 'Ab', 'left_knee': 'LShin', 'right_knee': 'RShin',
         'left_ankle': 'LFoot', 'right_ankle': 'RFoot', 'spine3': 'Chest', 'left_foot': 'LToe', 'right_foot': 'RToe', 'neck': 'Neck',
         'left_collar': 'LShoulder', 'right_collar': 'RShoulder', 'head': 'Head', 'left_shoulder': 'LUArm', 'right_shoulder': 'RUArm',
         'left_elbow': 'LFArm', 'right_elbow': 'RFArm', 'left_wrist': 'LHand', 'right_wrist': 'RHand'}
TURN, PLACE = [('Rotation', axis) for axis in 'XYZW'], [('Position', axis) for axis in 'XYZ']


def person(frames=4):
    """``(T, 21, 3)`` metres, y up: the joints of :data:`BONES` of somebody who glides along z."""
    places = np.zeros((24, 3))
    for joint, parent in enumerate(SMPL.parents):
        places[joint] = PERSON[joint] + (places[parent] if parent >= 0 else 0)
    return places[[SMPL.joint_names.index(name) for name in BONES]] / 100 + np.arange(frames)[:, None, None] * np.array([0, 0, 0.05])


def write(tmp_path, blocks, *, unit='Meters', space='Global', parents=True, timecode=False, rate=120):
    """As Motive writes it; ``blocks`` are type, names, the columns of each name, and numbers ``(T, names * columns)``."""
    columns = [(kind, name, *column) for kind, names, each, _ in blocks for name in names for column in each]
    own = 3 if timecode else 2
    heads = [['', 'Type'], ['', 'Name'], ['', 'ID'], *([['', 'Parent']] if parents else []), ['', ''],
             ['Frame', 'Time (Seconds)', 'TimeCode']]
    heads = [(head + [''])[:own] for head in heads]
    cells = [[column[0] for column in columns], [f'{column[1]}' for column in columns], ['"A1:B2"'] * len(columns),
             *([['x'] * len(columns)] if parents else []), [column[2] for column in columns], [column[3] for column in columns]]
    lines = [f'Format Version,1.23,Take Name,Take 2024-01-01 01.00.00 PM,Capture Frame Rate,240.000000,Export Frame Rate,{rate},'
             f'Rotation Type,Quaternion,Length Units,{unit},Coordinate Space,{space}', '', *(','.join(a + b) for a, b in zip(heads, cells))]
    values = np.concatenate([numbers for _, _, _, numbers in blocks], axis=1)
    for number, row in enumerate(values):
        lead = [str(number), f'{number / 120:.6f}', '15:26:46:12.02'][:own]
        lines.append(','.join(lead + ['' if np.isnan(value) else f'{value:.6f}' for value in row]))
    (tmp_path / 'take.csv').write_text('\n'.join(lines) + '\n')
    return tmp_path / 'take.csv'


def bones(places, skeleton='Bob'):
    turns = np.broadcast_to([0., 0, 0, 1], (*places.shape[:2], 4))
    numbers = np.concatenate([turns, places], axis=-1).reshape(len(places), -1)
    return 'Bone', [f'{skeleton}:{name}' for name in BONES.values()], TURN + PLACE, numbers


def markers(places, kind='Marker'):
    return kind, [f'Bob:{name}' for name in NAMES], PLACE, places.reshape(len(places), -1)


@pytest.mark.parametrize('unit, scale', [('Meters', 1), ('Centimeters', 100), ('Millimeters', 1000)])
def test_the_joints_at_which_a_skeletons_bones_begin(tmp_path, unit, scale):
    path = write(tmp_path, [bones(person() * scale), markers(points() / 1000 * scale, 'Bone Marker')], unit=unit)
    found, = recordings(path, 'optitrack')
    assert list(found.skeleton.joint_names) == list(BONES) and found.fps == 120 and found.up == 'y'
    np.testing.assert_allclose(found.keypoint[0], person(), atol=1e-6)


def test_each_skeleton_is_a_person(tmp_path):
    found, = recordings(write(tmp_path, [bones(person()), bones(person() + [1, 0, 0], 'Eve')], parents=False), 'optitrack')
    np.testing.assert_allclose(found.keypoint, [person(), person() + [1, 0, 0]], atol=1e-6)


@pytest.mark.parametrize('timecode', [False, True])
def test_markers_as_they_were_seen(tmp_path, timecode):
    seen = points()[..., [0, 2, 1]] / 1000
    seen[2, 5] = np.nan
    path = write(tmp_path, [markers(points(), 'Rigid Body Marker'), markers(seen)], timecode=timecode)
    found, = recordings(path, 'optitrack')
    assert found.skeleton == get_skeleton('penn13') and found.up == 'y'
    np.testing.assert_allclose(found.keypoint[0], seen, atol=1e-6)


@pytest.mark.parametrize('changes, words', [(dict(space='Local'), 'in the space Local: export'), (dict(unit='Parsecs'), "unit 'Parsecs'"),
                                            (dict(rate='?'), '--source-fps')])
def test_what_is_refused(tmp_path, changes, words):
    with pytest.raises(ValueError, match=words):
        outcomes(write(tmp_path, [bones(person())], **changes), 'optitrack')


def test_a_rigid_body_alone_is_nobody(tmp_path):
    path = write(tmp_path, [('Rigid Body', ['Box'], TURN + PLACE, np.zeros((4, 7)))])
    with pytest.raises(ValueError, match='no positions of bones or markers; there are rigid body'):
        recordings(path, 'optitrack')
