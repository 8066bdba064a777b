import re

import pytest

from mmagenc.datasets.readers.naming import layout_of_names, part_of, read_joint_names, spelling
from mmagenc.skeletons import SKELETONS, get_skeleton
from mmagenc.skeletons.xsens23 import SEGMENTS

COCO = SKELETONS['coco17'].joint_names


@pytest.mark.parametrize(
    'name', ['LeftWrist', 'left wrist', 'wrist_L', 'l_wrist', 'LWrist', 'L_Wrist', 'Wrist.Left', 'leftWrist', 'WristLeft', 'L-Wr', 'L_wri',
             'Lwrist', 'lwrist', 'leftwrist', 'Leftwrist', 'LEFTWRIST'])
def test_spellings_of_one_name(name):
    assert spelling(name) == 'left_wrist'


def test_words_that_begin_as_a_side_are_none():
    assert [spelling(name) for name in ('lip', 'leg', 'rib', 'root', 'leftover', 'Lear')] == [
        'lip', 'leg', 'rib', 'root', 'leftover', 'left_ear']


def test_a_layout_in_another_order_and_spelling():
    names = [''.join(word.capitalize() for word in name.split('_')) for name in reversed(COCO)]
    found = layout_of_names(names)
    assert found.skeleton is SKELETONS['coco17'] and found.unused == []
    assert [names[index] for index in found.order] == list(reversed(names))


def test_openposes_short_names():
    names = ['Nose', 'Neck', *(f'{side}-{part}' for side in 'RL' for part in ('Sho', 'Elb', 'Wr')),
             *(f'{side}-{part}' for side in 'RL' for part in ('Hip', 'Knee', 'Ank')), 'R-Eye', 'L-Eye', 'R-Ear', 'L-Ear']
    found = layout_of_names(names)
    assert found.skeleton is SKELETONS['openpose18'] and found.order == list(range(18)) and found.unused == []


@pytest.mark.parametrize('spell', ['{}', '{} '])
def test_xsens_segments_are_the_joints_at_which_they_begin(spell):
    """MVN's Right Shoulder begins at the collar, its Right Foot at the ankle: they were taken for shoulder and toes."""
    names = ['com', *(re.sub('(?<=[a-z])(?=[A-Z])', ' ', name).replace('Fore Arm', 'Forearm') for name in reversed(SEGMENTS))]
    found = layout_of_names([spell.format(name) for name in names])
    assert found.skeleton.name == 'xsens23' and found.unused == [spell.format('com')]
    places = dict(zip(found.skeleton.joint_names, found.order))
    assert [names[places[joint]] for joint in ('right_collar', 'right_shoulder', 'right_ankle', 'right_toe', 'left_wrist', 'l5')] == [
        'Right Shoulder', 'Right Upper Arm', 'Right Foot', 'Right Toe', 'Left Hand', 'L5']


def test_columns_that_no_layout_has_are_left_out_and_named():
    found = layout_of_names(['tail', *COCO])
    assert found.skeleton.name == 'coco17' and found.order == list(range(1, 18)) and found.unused == ['tail'] and 'tail' in found.note


def test_a_part_of_a_layout_hangs_from_the_nearest_ancestor():
    names = [name for name in COCO if 'eye' not in name and 'ear' not in name]
    part = layout_of_names(names).skeleton
    assert part.joint_names == tuple(names)
    parents = {name: part.joint_names[parent] if parent >= 0 else None for name, parent in zip(part.joint_names, part.parents)}
    assert parents['left_wrist'] == 'left_elbow' and parents['left_shoulder'] == 'nose' and parents['nose'] is None
    assert ('left_knee', 'right_knee') in part.pairs


def test_parts_without_a_common_ancestor_hang_on_the_first():
    part = part_of(SKELETONS['coco17'], ['left_hip', 'right_hip', 'left_knee', 'right_knee', 'left_ankle', 'right_ankle'])
    assert part.parents == (-1, 0, 0, 1, 2, 3)


def test_a_table_names_what_the_file_calls_otherwise():
    names = ['snout', *COCO[1:]]
    with pytest.raises(ValueError, match=r'coco17: nothing in the file stands for nose.*snout'):
        layout_of_names(names, layout='coco17')
    assert layout_of_names(names, layout='coco17', table={'nose': 'snout'}).order == list(range(17))


@pytest.mark.parametrize('table, said', [({'nose': 'muzzle'}, 'muzzle'), ({'tail': 'snout'}, 'has tail; layout coco17 has nose')])
def test_a_table_that_fits_nothing(table, said):
    with pytest.raises(ValueError, match=said):
        layout_of_names(['snout', *COCO[1:]], layout='coco17', table=table)


def test_unknown_names_are_refused_with_what_to_do():
    with pytest.raises(ValueError, match='snout, tail.*--joint-names'):
        layout_of_names(['snout', 'tail'])


def test_a_files_own_edges_make_a_layout():
    found = layout_of_names(['snout', 'back', 'tail'], edges=[('snout', 'back'), ('back', 'tail')])
    assert found.skeleton.joint_names == ('snout', 'back', 'tail') and sorted(map(sorted, found.skeleton.edges)) == [[0, 1], [1, 2]]


def test_names_that_repeat_are_refused():
    with pytest.raises(ValueError, match='repeat: nose'):
        layout_of_names(['nose', 'nose'])


def test_a_table_file(tmp_path):
    path = tmp_path / 'names.yml'
    path.write_text('nose: snout\nleft_wrist: 3\n')
    assert read_joint_names(path) == {'nose': 'snout', 'left_wrist': '3'}
    path.write_text('- nose')
    with pytest.raises(ValueError, match='names.yml: expected lines'):
        read_joint_names(path)


@pytest.mark.parametrize('layout', ['infact17', 'infant14', 'h36m16', 'ntu25'])
def test_the_very_names_of_a_layout_are_that_layout(layout):
    """infact17 was taken for Penn Action's 13, which its names contain."""
    skeleton = get_skeleton(layout)
    naming = layout_of_names(skeleton.joint_names)
    assert naming.skeleton.name == layout and naming.order == list(range(skeleton.num_joints)) and not naming.unused
