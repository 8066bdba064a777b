"""A person who glides and bends knee and elbow, written as the programs of the field write it: each file gives the same clip."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mmagenc.body_models.rigs import available_rigs, load_rig
from mmagenc.datasets.readers.bvh_clip import BvhSettings, convert_bvh
from mmagenc.registry import MODELS
from tests.bvh_writer import BENDS, PERSON, Y_DOWN, Z_UP, bones_along, person_bvh


@pytest.fixture(scope='module')
def rest_joints():
    return MODELS.build(dict(type='InfantBody', _scope_='mmagenc')).rest_joints().double().numpy()


@pytest.fixture
def convert(tmp_path, rest_joints):

    def run(text, encoding='utf-8', **settings):
        (tmp_path / 'clip.bvh').write_bytes(text.encode(encoding))
        return convert_bvh(tmp_path / 'clip.bvh', BvhSettings(**{**dict(rest_joints=rest_joints, fps=30.), **settings}))

    return run


def names_of(rig, change=str):
    return {joint: change(names[0]) for joint, names in load_rig(rig).joints.items()}


def turn(vector):
    """Degrees and axis."""
    angle = np.linalg.norm(vector)
    return np.degrees(angle), vector / max(angle, 1e-9)


def assert_person(clip, *, knee=60, elbow=90, travel=1., tilt=15.):
    """What holds whatever wrote the file: upright on the floor, walking the way the hips face, bent as a person is."""
    pose, joints = clip['pose'].astype(float), clip['keypoint'] / clip['quality']['scale']
    up = joints[:, 15] - joints[:, [7, 8]].mean(axis=1)
    assert np.degrees(np.arccos(up[:, 1] / np.linalg.norm(up, axis=1))).max() < tilt
    for joint, degrees, axis in ((4, knee, [1, 0, 0]), (19, elbow, [0, 1, 0])):
        angle, about = turn(pose[-1, joint])
        assert angle == pytest.approx(degrees, abs=2) and about @ axis > .99
    assert turn(pose[0, 15])[0] < 20 and turn(pose[0, 10])[0] < 20
    way = (clip['transl'][-1] - clip['transl'][0]) / clip['quality']['scale']
    ahead = Rotation.from_rotvec(pose[0, 0]).apply([0, 0, 1]) * [1, 0, 1]
    assert way @ ahead / np.linalg.norm(ahead) == pytest.approx(travel, rel=.02) and abs(way[1]) < .01
    assert abs(joints[..., 1].min()) < .05
    assert len(pose) == 31


@pytest.mark.parametrize('rig', [rig for rig in available_rigs() if rig != 'bandai_namco'])
def test_every_shipped_rig_takes_its_joints(convert, rig):
    clip = convert(person_bvh(names_of(rig), unit=.1 if rig == 'makehuman' else 1.))
    assert clip['quality']['rig'] == rig and clip['doubts'] == {}
    assert_person(clip)


def test_joints_by_words_that_programs_have_in_common(convert):
    """Vicon's skeleton: by no shipped rig, neither neck nor spine between pelvis and thorax."""
    words = dict(hip='femur', knee='tibia', ankle='foot', foot='toes', collar='clavicle', shoulder='humerus', elbow='radius', wrist='hand')
    names = {'pelvis': 'pelvis', 'spine3': 'thorax', 'head': 'head',
             **{f'{side}_{joint}': f'{side[0]}{word}' for side in ('left', 'right') for joint, word in words.items()}}
    clip = convert(person_bvh(names))
    assert clip['quality']['rig'] == 'of common names' and clip['doubts'] == {}
    assert_person(clip)


def upper_arm_first(rig, *, hand):
    """Names of a rig whose LeftShoulder is the upper arm, LeftArm the forearm and LeftForeArm the hand."""
    arms = ['shoulder', 'elbow', 'wrist', *['hand'] * hand]
    nearer = {f'{side}_{joint}': f'{side.title()}{word}' for side in ('left', 'right')
              for joint, word in zip(arms, ('Shoulder', 'Arm', 'ForeArm', 'Hand'))}
    body = {joint: name for joint, name in names_of(rig).items() if joint.split('_')[-1] not in ('collar', *arms, 'hand')}
    return {**body, **nearer}


@pytest.mark.parametrize('rig', ['mixamo', 'rokoko'])
@pytest.mark.parametrize('hand', [True, False])
def test_a_shoulder_that_is_as_long_as_an_upper_arm_is_one(convert, rig, hand):
    clip = convert(person_bvh(upper_arm_first(rig, hand=hand)))
    assert clip['quality']['rig'] == f'{rig} with its clavicle as upper arm' and clip['doubts'] == {}
    assert_person(clip)


def test_a_rig_that_is_named_is_taken_with_a_warning_where_its_clavicle_is_an_upper_arm(convert):
    clip = convert(person_bvh(upper_arm_first('mixamo', hand=True)), rig=load_rig('mixamo'))
    assert clip['quality']['rig'] == 'mixamo' and clip['doubts']['arms'].startswith('LeftShoulder is the upper arm')


def test_arms_without_hands_are_not_taken_for_ones_that_begin_at_the_upper_arm(convert):
    names = {joint: name for joint, name in names_of('mixamo').items() if not joint.endswith(('wrist', 'hand'))}
    with pytest.raises(ValueError, match=r'nearest: rig mixamo does not fit: the recording lacks left_wrist \(LeftHand'):
        convert(person_bvh(names))


def test_hands_and_feet_stand_for_wrists_and_ankles_where_there_are_none(convert):
    names = {joint: name for joint, name in names_of('xsens').items() if not joint.endswith(('collar', 'hand', 'foot'))}
    names |= {f'{side}_{joint}': f'{side.title()}{word}' for side in ('left', 'right')
              for joint, word in (('wrist', 'Hand'), ('ankle', 'Foot'), ('foot', 'Toe'))}
    clip = convert(person_bvh(names))
    assert clip['quality']['rig'] == 'xsens' and clip['doubts'] == {}
    assert_person(clip)


@pytest.mark.parametrize('change', [
    'mixamorig:{}', 'mixamorig7:{}', 'mixamorig_{}', 'Armature|{}', 'Armature|mixamorig:{}', '{} #0', '{}.001', 'Character1_{}', '{}_jnt',
    'CHR_{}', 'Skeleton 1 {}',
])
def test_prefixes_and_suffixes_do_not_matter(convert, change):
    clip = convert(person_bvh(names_of('mixamo', change.format)))
    assert clip['quality']['rig'] == 'mixamo'
    assert_person(clip)


@pytest.mark.parametrize('rest', [None, Z_UP, Y_DOWN], ids=['rest y', 'rest z', 'rest -y'])
@pytest.mark.parametrize('world', [None, Z_UP, Z_UP.T, Y_DOWN], ids=['y', 'z', '-z', '-y'])
def test_rest_pose_and_motion_may_differ_in_what_points_up(convert, rest, world):
    rest = None if rest is None else np.tile(rest.T, (24, 1, 1))
    clip = convert(person_bvh(names_of('mixamo'), rest=rest, world=world))
    assert_person(clip)
    assert 'feet and head' in clip['assumed'].what


@pytest.mark.parametrize('axis', [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
@pytest.mark.parametrize('twist', [0., 1.])
def test_a_rest_pose_that_is_no_person(convert, axis, twist):
    """Every bone along one axis, as LAFAN1 has it, and any twist about it: knees and elbows tell the axes of the joints."""
    clip = convert(person_bvh(names_of('mixamo'), rest=bones_along(axis, twist)))
    assert_person(clip)
    assert 'the motion' in clip['assumed'].what and 'axes' not in clip['doubts']


def test_limbs_that_never_bend_are_named(convert):
    clip = convert(person_bvh(names_of('mixamo'), rest=bones_along((1, 0, 0)), bends={4: (60, 0, 0), 19: (0, 90, 0)}))
    assert_person(clip)
    assert 'right_knee, left_elbow never bend' in clip['doubts']['axes']


def test_smpl_rotations_are_copied(convert):
    clip = convert(person_bvh(names_of('smpl')))
    expected = np.zeros((24, 3))
    for joint, angles in BENDS.items():
        expected[joint] = np.radians(angles)
    np.testing.assert_allclose(clip['pose'][-1], expected, atol=1e-4)
    np.testing.assert_allclose(clip['pose'][0], 0, atol=1e-4)


def test_smpl_rotations_are_copied_from_axes_of_another_world(convert):
    clip = convert(person_bvh(names_of('smpl'), rest=np.tile(Z_UP.T, (24, 1, 1)), world=Z_UP))
    np.testing.assert_allclose(np.degrees(clip['pose'][-1, 19]), [0, 90, 0], atol=.01)
    np.testing.assert_allclose(clip['pose'][0], 0, atol=1e-4)


def test_smpl_names_in_another_rest_pose_are_fitted(convert):
    """With arms that hang at zero the rotations are not SMPL's."""
    hanging = np.tile(np.eye(3), (24, 1, 1))
    for joint, angles in {16: -80, 18: -80, 20: -80, 22: -80, 17: 80, 19: 80, 21: 80, 23: 80}.items():
        hanging[joint] = Rotation.from_euler('z', angles, degrees=True).as_matrix()
    clip = convert(person_bvh(names_of('smpl'), rest=hanging))
    assert_person(clip)
    assert 'copied' not in clip['assumed'].what


@pytest.mark.parametrize('unit, name', [(1., 'cm'), (10., 'mm'), (.01, 'm'), (1 / 2.54, 'inch')])
def test_units(convert, unit, name):
    clip = convert(person_bvh(names_of('mixamo'), unit=unit))
    assert_person(clip)
    assert f'unit {name} ' in clip['assumed'].what and clip['assumed'].legs == pytest.approx(.81)
    assert ('unit' in clip['doubts']) == (name == 'inch')


def test_a_rigs_unit_is_not_used_where_it_makes_giants(convert):
    clip = convert(person_bvh(names_of('cmu')))
    assert_person(clip)
    assert 'would make legs of 4.57 m' in clip['assumed'].what
    assert_person(convert(person_bvh(names_of('cmu'), unit=.01 / .056444)))


@pytest.mark.parametrize('change', [
    lambda text: text.replace('Frames:\t', 'Frames:'), lambda text: text.replace('Frame Time:\t', 'Frame Time:'),
    lambda text: text.replace('Frame Time:\t', 'FrameTime: '), lambda text: text.replace('Frame Time:', 'FRAME TIME :'),
    lambda text: text.replace('.', ','), lambda text: text + '\x1a', lambda text: text.replace('\n', '\r\n') + '\r\n\x1a\r\n',
])
def test_headers_and_numbers_as_programs_write_them(convert, change):
    assert_person(convert(change(person_bvh(names_of('mixamo')))))


@pytest.mark.parametrize('encoding', ['utf-8-sig', 'utf-16', 'utf-16-le', 'utf-16-be'])
def test_encodings(convert, encoding):
    assert_person(convert(person_bvh(names_of('mixamo')), encoding))


def test_a_root_that_is_added_to_its_offset(convert):
    clip = convert(person_bvh(names_of('mixamo'), at=(0, -93, 0)))
    assert_person(clip)
    assert 'no floor at zero: the lowest joint was put on it' in clip['assumed'].notes


def test_a_pose_for_calibration_at_the_beginning_is_left_out_and_said(convert):
    """As converted CMU files have it: frame 0 is the zero pose at the origin, from which the person jumps."""
    text = person_bvh(names_of('cmu'), bends={4: (60, 0, 0), 19: (0, 90, 0)}, frames=61, unit=.01 / .056444)
    head, frames = text[:text.index('Frames:')], text.splitlines()[-31:]
    zero = ' '.join(['0'] * len(frames[0].split()))
    clip = convert('\n'.join([head.rstrip(), 'Frames: 32', 'Frame Time: 0.0333333', zero, *frames]))
    assert clip['assumed'].notes == ('a pose for calibration at the beginning (1 frame) was left out', ) and len(clip['pose']) == 31
    assert clip['doubts'] == {} and turn(clip['pose'][0, 4])[0] == pytest.approx(30, abs=3)
    whole = convert('\n'.join([head.rstrip(), 'Frames: 31', 'Frame Time: 0.0333333', *frames]))
    np.testing.assert_allclose(whole['pose'], clip['pose'], atol=1e-6)


def test_someone_who_lies_keeps_the_axis_of_the_rest_pose(convert):
    """On the back, head and feet along z in a world with y up: not someone who stands in a world with z up."""
    lying = person_bvh(names_of('mixamo'), world=Z_UP.T, travel=(0, 0, 0), at=(0, 60, 10), bends={19: (0, 90, 0)})
    clip = convert(lying)
    assert 'up y (the rest pose)' in clip['assumed'].what and 'lies' in clip['doubts']['up']
    assert np.ptp(clip['keypoint'][0, :, 1]) < np.ptp(clip['keypoint'][0, :, 2])
    named = convert(lying, up='y')
    assert 'up' not in named['doubts']
    np.testing.assert_array_equal(named['pose'], clip['pose'])


def test_what_is_no_person_is_warned_of_by_name(convert):
    assert 'backward' in convert(person_bvh(names_of('mixamo'), bends={4: (-60, 0, 0), 5: (-60, 0, 0)}))['doubts']['knees']
    assert 'sideways' in convert(person_bvh(names_of('mixamo'), bends={4: (0, 0, 60)}))['doubts']['knees']
    assert 'head' in convert(person_bvh(names_of('mixamo'), bends={15: (0, 179, 0)}))['doubts']
    assert 'upside down' in convert(person_bvh(names_of('mixamo')), up='-y')['doubts']
    assert 'legs' in convert(person_bvh(names_of('mixamo')), unit=.1)['doubts']
    exchanged = {'Left': 'Right', 'Right': 'Left'}
    mirrored = {joint: next((name.replace(side, other) for side, other in exchanged.items() if side in name), name)
                for joint, name in names_of('mixamo').items()}
    assert 'feet' in convert(person_bvh(mirrored))['doubts'] or 'knees' in convert(person_bvh(mirrored))['doubts']


def test_a_jump_is_warned_of(convert):
    text = person_bvh(names_of('mixamo'))
    lines = text.splitlines()
    words = lines[-10].split()
    words[2] = '5000'
    lines[-10] = ' '.join(words)
    assert 'm/s' in convert('\n'.join(lines))['doubts']['jumps']


def test_position_channels_that_are_zero_are_added_to_the_offsets(convert):
    text = person_bvh(names_of('mixamo'))
    head, motion = text.split('MOTION')
    head = head.replace('CHANNELS 3 ', 'CHANNELS 6 Xposition Yposition Zposition ')
    lines = motion.splitlines()
    rows = []
    for row in map(str.split, lines[3:]):
        turns = [row[start:start + 3] for start in range(6, len(row), 3)]
        rows.append(' '.join(row[:6] + [word for turn in turns for word in ['0', '0', '0', *turn]]))
    clip = convert(head + 'MOTION' + '\n'.join([*lines[:3], *rows]))
    assert_person(clip)
    assert any('added to the OFFSETs' in note for note in clip['assumed'].notes)


def test_a_root_behind_the_spine_leaves_the_pelvis_level(convert):
    """MakeHuman's root lies behind and below the first joint of the spine: the bone between them is no measure of the pelvis."""
    text = person_bvh(names_of('mixamo'))
    spine = text.index('OFFSET 0 10 0')
    clip = convert(text[:spine] + 'OFFSET 0 2 10' + text[spine + len('OFFSET 0 10 0'):])
    assert turn(clip['pose'][0, 0])[0] < 15 and 'trunk' not in clip['doubts']
    assert PERSON[3, 1] == 10  # what was replaced


def test_a_head_that_no_joint_turns_is_said(convert):
    assert not any('head' in note for note in convert(person_bvh(names_of('mixamo')))['assumed'].notes)
    clip = convert(person_bvh(names_of('mixamo', lambda name: 'Skull' if name == 'Head' else name)))
    assert 'no joint is the head by the names of rig mixamo: it stays at rest' in clip['assumed'].notes


def axes_of_bandai_namco():
    """World rotations ``(24, 3, 3)`` of joints whose axes lie in the body as the rig file has them; ends lie as their parents do."""
    rest = np.tile(np.eye(3), (24, 1, 1))
    for joint, axes in load_rig('bandai_namco').joint_axes().items():
        rest[joint] = axes.numpy().T
    for end, parent in ((10, 7), (11, 8), (22, 20), (23, 21)):
        rest[end] = rest[parent]
    return rest


@pytest.mark.parametrize('change', ['{}', 'Armature|{}', '{}.001'])
@pytest.mark.parametrize('rest, rig', [(None, 'unity'), (np.tile(Z_UP.T, (24, 1, 1)), 'unity'), (bones_along((0, 1, 0)), 'unity'),
                                       (axes_of_bandai_namco(), 'bandai_namco')], ids=['T', 'T, z up', 'bones along y', 'its own'])
def test_names_that_bandai_namco_shares_with_others_do_not_bring_its_axes(convert, change, rest, rig):
    names = names_of('bandai_namco', change.format)
    for kind in (str, lambda name: name.replace('_L', '.L').replace('_R', '.R')):
        clip = convert(person_bvh({joint: kind(name) for joint, name in names.items()}, rest=rest))
        assert clip['quality']['rig'] == rig and clip['doubts'] == {}
        assert_person(clip)


@pytest.mark.parametrize('change', ['{}_1', '{}.001', 'Prop {}'])
def test_a_second_skeleton_in_a_file_that_is_not_read_is_said(convert, change):
    first, second = (person_bvh(names_of('mixamo', kind.format)).splitlines() for kind in ('{}', change))
    motion = first.index('MOTION')
    frames = [' '.join(lines) for lines in zip(first[motion + 3:], second[motion + 3:])]
    clip = convert('\n'.join([*first[:motion], *second[1:motion], *first[motion:motion + 3], *frames]))
    assert clip['assumed'].notes == (f'another skeleton or thing in the file is not read (below {change.format("Hips")})', )
    assert_person(clip)


def sides_of(left, right, core, **limbs):
    forms = (('left_', left), ('right_', right))
    return {**core, **{side + joint: form.format(name) for side, form in forms for joint, name in limbs.items()}}


KINECT = dict(hip='Hip', knee='Knee', ankle='Ankle', foot='Foot', shoulder='Shoulder', elbow='Elbow', wrist='Wrist', hand='Hand')
ASF = dict(hip='femur', knee='tibia', ankle='foot', foot='toes', collar='clavicle', shoulder='humerus', elbow='radius', wrist='wrist')


@pytest.mark.parametrize('names, rig', [
    (sides_of('{}Left', '{}Right', dict(pelvis='SpineBase', spine1='SpineMid', spine3='SpineShoulder', neck='Neck', head='Head'), **KINECT),
     'azure_kinect'),
    (sides_of('{}_Left', '{}_Right', dict(pelvis='Hip_Center', spine1='Spine', neck='Shoulder_Center', head='Head'), **KINECT),
     'azure_kinect'),
    (sides_of('l{}', 'r{}', dict(pelvis='root', spine1='lowerback', spine2='upperback', spine3='thorax', neck='lowerneck', head='head'),
              **ASF), 'cmu'),
], ids=['Kinect 2', 'Kinect 1', 'ASF'])
def test_other_names_of_what_a_rig_is_for(convert, names, rig):
    for unit in (1., .01, .45 / 2.54):
        clip = convert(person_bvh(names, unit=unit))
        assert clip['quality']['rig'] == rig and clip['assumed'].legs == pytest.approx(.81, rel=.01)
        assert_person(clip)
