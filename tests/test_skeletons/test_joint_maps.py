import pytest

from mmagenc.skeletons import JOINT_MAPS, get_skeleton, joint_map

PUBLISHED = [0, 1, 4, 7, 2, 5, 8, 6, 9, 12, 15, 16, 18, 20, 17, 19, 21]
SAME = {'foot': 'ankle', 'root': 'pelvis', 'spine2': 'spine', 'spine3': 'thorax', 'neck_base': 'neck'}


def plain(name):
    """A joint's name as infact17 would say it."""
    for word, meaning in SAME.items():
        if name == word or name.endswith('_' + word):
            return name.replace(word, meaning)
    return name


def test_published_map_of_the_mixed_sets():
    assert joint_map('smpl24', 'infact17') == PUBLISHED


@pytest.mark.parametrize('source, target', JOINT_MAPS, ids='-'.join)
def test_maps_lead_to_joints_of_the_same_name(source, target):
    indices = joint_map(source, target)
    source_names, target_names = get_skeleton(source).joint_names, get_skeleton(target).joint_names
    assert [plain(source_names[index]) for index in indices] == [plain(name) for name in target_names]


@pytest.mark.parametrize('source, target', JOINT_MAPS, ids='-'.join)
def test_maps_keep_sides(source, target):
    indices = joint_map(source, target)
    assert [get_skeleton(source).side(index) for index in indices] == [get_skeleton(target).side(j) for j in range(len(indices))]


def test_identity_unknown_and_copies():
    assert joint_map('ntu25', 'ntu25') == list(range(25))
    with pytest.raises(ValueError, match='no joint map from ntu25 to smpl24; known: smpl24 to infact17'):
        joint_map('ntu25', 'smpl24')
    with pytest.raises(ValueError, match='unknown skeleton'):
        joint_map('nothing', 'nothing')
    joint_map('smpl24', 'infact17').append(99)
    assert joint_map('smpl24', 'infact17') == PUBLISHED
