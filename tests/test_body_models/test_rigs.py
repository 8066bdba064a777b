"""Rigs: which of a recording's joints are which of SMPL's, by names as programs write them."""

import pytest
import torch

from mmagenc.body_models.rigs import REQUIRED, available_rigs, detect_rig, listed, load_rig, parse_unit
from mmagenc.skeletons import get_skeleton

SMPL = get_skeleton('smpl24').joint_names
BONES = {joint: joint.title().replace('_', ' ') for joint in REQUIRED}


def write(path, joints=BONES, **keys):
    lines = ['joints:', *(f'  {joint}: {name}' for joint, name in joints.items()), *(f'{key}: {value}' for key, value in keys.items())]
    path.write_text('\n'.join(lines))
    return path


@pytest.mark.parametrize('name', available_rigs())
def test_a_shipped_rig_finds_its_own_names_and_is_found_by_them(name):
    rig = load_rig(name)
    names = [names[0] for names in rig.joints.values()]
    found = rig.find(names)
    assert {SMPL[joint]: names[place] for joint, place in found.items()} == {joint: names[0] for joint, names in rig.joints.items()}
    assert len(detect_rig(names).find(names)) >= len(found)


@pytest.mark.parametrize('spell', ['{}', 'Armature|{}', 'mixamorig:{}', '{} #0', '{}.001', 'CHR_{}', '{}_jnt'])
def test_names_are_compared_without_what_programs_add(tmp_path, spell):
    rig = load_rig(write(tmp_path / 'mine.yml'))
    names = [spell.format(name.replace(' ', '_').upper()) for name in BONES.values()]
    assert {SMPL[joint]: place for joint, place in rig.find(names).items()} == {joint: place for place, joint in enumerate(BONES)}


def test_the_first_of_several_names_that_is_there_is_taken(tmp_path):
    rig = load_rig(write(tmp_path / 'mine.yml', {**BONES, 'head': '[skull, top]'}))
    names = [*BONES.values(), 'top']
    assert rig.find(names)[SMPL.index('head')] == len(BONES)
    assert rig.find([*names, 'skull'])[SMPL.index('head')] == len(BONES) + 1


def test_what_a_recording_lacks_or_has_twice_is_said(tmp_path):
    rig = load_rig(write(tmp_path / 'mine.yml'))
    with pytest.raises(ValueError, match=r'rig mine does not fit: the recording lacks pelvis \(Pelvis\), .*; it has a, b'):
        rig.find(['a', 'b', 'b_end'])
    with pytest.raises(ValueError, match="rig mine: 2 joints of the recording are named 'Pelvis'"):
        rig.find([*BONES.values(), 'pelvis'])
    with pytest.raises(ValueError, match='no shipped rig .* fits the joints a, b'):
        detect_rig(['a', 'b'])
    two = [f'{person}:{names[0]}' for person in 'AB' for names in load_rig('mixamo').joints.values()]
    with pytest.raises(ValueError, match=r'more than once \(hips, spine, .*several skeletons in the file. Export one a file'):
        detect_rig(two)
    with pytest.raises(ValueError, match='no shipped rig'):
        detect_rig(['a', 'b', 'B'])
    assert listed([f'j{number}' for number in range(50)]).endswith('j39 and 10 more')


def test_axes_are_rows_of_directions(tmp_path):
    rig = load_rig(write(tmp_path / 'mine.yml', axes='{left_knee: [down, forward, right]}', rest='tpose', unit='cm', up='z'))
    assert rig.joint_axes()[SMPL.index('left_knee')].tolist() == [[0, -1, 0], [0, 0, 1], [-1, 0, 0]]
    assert torch.linalg.det(rig.joint_axes()[SMPL.index('left_knee')]) == 1 and (rig.rest, rig.unit, rig.up) == ('tpose', .01, 'z')


@pytest.mark.parametrize('joints, keys, words', [
    ({**BONES, 'tail': 'x'}, {}, "'tail' is no SMPL joint"), (BONES, dict(axes='{head: [up, down]}'), 'axes of head must be three of'),
    (BONES, dict(axes='{head: [left, up, backward]}'), 'no right-handed frame'), (BONES, dict(axes='3'), 'axes maps SMPL joints'),
    (BONES, dict(rest='lying'), 'rest must be tpose or smpl'), (BONES, dict(up='w'), 'up must be one of'),
    (BONES, dict(unit='-1'), 'unit must be m, cm'), ({**BONES, 'head': '[]'}, {}, 'head must have the name of a joint'),
    (BONES, dict(colour='red'), 'takes the keys'),
])
def test_files_that_describe_no_rig(tmp_path, joints, keys, words):
    with pytest.raises(ValueError, match=words) as refusal:
        load_rig(write(tmp_path / 'mine.yml', joints, **keys))
    assert str(refusal.value).count('mine.yml') == 1


def test_a_rig_that_is_not_there():
    with pytest.raises(ValueError, match="no rig 'nobody': neither a file nor one of .*mixamo"):
        load_rig('nobody')


@pytest.mark.parametrize('unit, metres', [('m', 1), ('cm', .01), ('mm', .001), ('inch', .0254), ('ft', .3048), ('yd', .9144), ('0.5', .5),
                                          (2, 2)])
def test_units(unit, metres):
    assert parse_unit(unit) == metres


@pytest.mark.parametrize('unit', ['ell', '0', 'nan', 'inf', -1, None])
def test_no_units(unit):
    with pytest.raises(ValueError, match='unit must be'):
        parse_unit(unit)


def test_a_name_that_is_there_in_full_goes_before_those_with_numbers():
    """Blender numbers what has one name; Rigify's spine is four bones of one."""
    names = sorted(names[1] for names in load_rig('rigify').joints.values())
    found = {SMPL[joint]: names[place] for joint, place in load_rig('rigify').find(names).items()}
    assert [found[joint] for joint in ('pelvis', 'spine1', 'spine3', 'head')] == ['spine', 'spine.001', 'spine.003', 'spine.006']
    assert detect_rig([f'DEF-{name}' for name in names]).name == 'rigify'


@pytest.mark.parametrize('names, rig', [
    ('{s}_{}_JNT: upleg leg foot toebase shoulder arm forearm hand', 'mixamo'),
    ('{}_{S}: UpLeg Leg Foot ToeBase Shoulder Arm ForeArm Hand', 'mixamo'),
    ('{S}{}: UpLeg Leg Foot ToeBase Shoulder Arm Arm1 Hand', 'mixamo'),
    ('CC_Base_{S}_{}: Thigh Calf Foot ToeBase Clavicle Upperarm Forearm Hand', 'biped'),
])
def test_sides_as_other_programs_write_them(names, rig):
    form, _, parts = names.partition(': ')
    center = {'mixamo': 'hips{} spine{} neck{} head{}'.format(*['_JNT' * ('JNT' in form)] * 4),
              'biped': 'CC_Base_Hip CC_Base_Waist CC_Base_Spine01 CC_Base_Spine02 CC_Base_NeckTwist01 CC_Base_Head'}[rig]
    found = detect_rig([*center.split(), *(form.format(part, s=side, S=side.upper()) for side in 'lr' for part in parts.split())])
    assert found.name == rig


@pytest.mark.parametrize('center, parts, arm, leg', [
    ('pelvis thorax head', 'l{}: femur tibia foot toes clavicle humerus radius hand', 'clavicle humerus radius hand',
     'femur tibia foot toes'),
    ('worldbody_4X4 pelvis_4X4 torso_4X4 head_4X4', 'l_{}_4X4: thigh shank foot toes uarm larm hand', 'uarm larm hand',
     'thigh shank foot toes'),
    ('Hip LowerSpine MiddleSpine Chest Neck Head', 'L{}: Clavicle Shoulder Forearm Hand Thigh Shin Foot Toe',
     'Clavicle Shoulder Forearm Hand', 'Thigh Shin Foot Toe'),
    ('hip pelvis spine1 spine2 neck1 head', 'l_{}: shoulder upperarm forearm hand thigh shin foot toes', 'shoulder upperarm forearm hand',
     'thigh shin foot toes'),
    ('Root_M Spine1_M Chest_M Neck_M Head_M', '{}_L: Hip Knee Ankle Toes Scapula Shoulder Elbow Wrist', 'Scapula Shoulder Elbow Wrist',
     'Hip Knee Ankle Toes'),
    ('Root Hips Spine1 Spine2 Chest Neck1 Head', 'Left{}: Shoulder Arm ForeArm Hand Leg Shin Foot ToeBase', 'Shoulder Arm ForeArm Hand',
     'Leg Shin Foot ToeBase'),
    ('body_world b_root b_spine0 b_spine1 b_neck0 b_head',
     'b_l_{}: upleg leg foot_twist foot ball shoulder arm arm_twist forearm wrist_twist wrist',
     'shoulder arm forearm wrist', 'upleg leg foot ball'),
    ('center upper_body neck head', '{}_L: shoulder arm elbow wrist leg knee ankle toe', 'shoulder arm elbow wrist', 'leg knee ankle toe'),
])
def test_limbs_by_the_words_of_other_programs(center, parts, arm, leg):
    form, _, words = parts.partition(': ')
    right = form.replace('Left', 'Right').replace('L', 'R').replace('l', 'r')
    names = [*center.split(), *(side.format(word) for side in (form, right) for word in words.split())]
    found = {SMPL[joint]: names[place] for joint, place in detect_rig(names).find(names).items()}
    joints = {arm: ('collar', 'shoulder', 'elbow', 'wrist')[-len(arm.split()):], leg: ('hip', 'knee', 'ankle', 'foot')}
    for said, of in joints.items():
        for word, joint in zip(said.split(), of):
            assert (found[f'left_{joint}'], found[f'right_{joint}']) == (form.format(word), right.format(word))
    assert found['pelvis'] in ('pelvis', 'pelvis_4X4', 'Hip', 'Root_M', 'Hips', 'b_root', 'center')
    assert 'left_collar' in found or len(arm.split()) == 3
