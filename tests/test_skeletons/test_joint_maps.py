import pytest

from mmagenc.skeletons import JOINT_MAPS, get_skeleton, joint_map

PUBLISHED = [0, 1, 4, 7, 2, 5, 8, 6, 9, 12, 15, 16, 18, 20, 17, 19, 21]
SAME = {'hip_center': 'pelvis', 'spine_base': 'pelvis', 'spine_mid': 'spine', 'shoulder_center': 'neck', 'spine_shoulder': 'neck',
        'foot': 'ankle', 'root': 'pelvis', 'hip': 'pelvis', 'spine2': 'spine', 'spine3': 'thorax', 'neck_base': 'neck'}


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
    if target == 'penn13':  # the middle of the head
        target_names = ['nose' if name == 'head' else name for name in target_names]
    assert [plain(source_names[index]) for index in indices] == [plain(name) for name in target_names]


@pytest.mark.parametrize('source, target', JOINT_MAPS, ids='-'.join)
def test_maps_keep_sides(source, target):
    indices = joint_map(source, target)
    assert [get_skeleton(source).side(index) for index in indices] == [get_skeleton(target).side(j) for j in range(len(indices))]


@pytest.mark.parametrize('source, indices', [
    ('body25', [0, 16, 15, 18, 17, 5, 2, 6, 3, 7, 4, 12, 9, 13, 10, 14, 11]),
    ('openpose18', [0, 15, 14, 17, 16, 5, 2, 6, 3, 7, 4, 11, 8, 12, 9, 13, 10]),
    ('blazepose33', [0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28]),
    ('halpe26', list(range(17))),
    ('coco133_body', list(range(17))),
])
def test_maps_to_coco_by_hand(source, indices):
    assert joint_map(source, 'coco17') == indices


@pytest.mark.parametrize('source, indices', [
    ('coco17', [0, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]),
    ('halpe26', [0, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]),
    ('body25', [0, 5, 2, 6, 3, 7, 4, 12, 9, 13, 10, 14, 11]),
])
def test_maps_to_penn_action_by_hand(source, indices):
    """What pose estimators give, for generators that have learnt Penn Action: the nose is its head."""
    assert joint_map(source, 'penn13') == indices


def test_humanml_is_smpl_without_hands():
    assert joint_map('smpl24', 'humanml22') == list(range(22))
    for target in ('infact17', 'h36m17'):
        assert joint_map('humanml22', target) == joint_map('smpl24', target)


def test_first_kinect_by_hand():
    """Of SMPL the middle of the trunk and the base of the neck; of the second Kinect the joint between the shoulders, which is its 21st."""
    assert joint_map('smpl24', 'ucla20') == [0, 6, 12, 15, 16, 18, 20, 22, 17, 19, 21, 23, 1, 4, 7, 10, 2, 5, 8, 11]
    assert joint_map('ntu25', 'ucla20') == [0, 1, 20, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]


def test_human36m_by_hand():
    """Kinetic-GAN's 16 lack the base of the neck, number 9; SLT's 15 the hip, number 0, too."""
    sixteen = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16]
    assert joint_map('h36m17', 'h36m16') == sixteen and joint_map('h36m17', 'h36m15') == sixteen[1:]
    assert joint_map('h36m16', 'h36m15') == list(range(1, 16))


def test_own_layouts_and_own_maps(monkeypatch):
    own = dict(name='hands', joint_names=['body', 'left_hand', 'right_hand'], parents=[-1, 0, 0])
    assert joint_map(own, 'hands') == [0, 1, 2]
    with pytest.raises(ValueError, match=r"from smpl24 to hands; .*JOINT_MAPS\['smpl24', 'hands'\], 3 indices into smpl24"):
        joint_map('smpl24', 'hands')
    monkeypatch.setitem(JOINT_MAPS, ('smpl24', 'hands'), [0, 22, 23])
    assert joint_map('smpl24', own) == [0, 22, 23]


def test_identity_unknown_and_copies():
    assert joint_map('ntu25', 'ntu25') == list(range(25))
    with pytest.raises(ValueError, match='no joint map from ntu25 to smpl24; known: smpl24 to infact17'):
        joint_map('ntu25', 'smpl24')
    with pytest.raises(ValueError, match='unknown skeleton'):
        joint_map('nothing', 'nothing')
    joint_map('smpl24', 'infact17').append(99)
    assert joint_map('smpl24', 'infact17') == PUBLISHED


def test_a_layout_without_keypoints_is_reached_from_the_whole_one_and_from_what_has_a_map_to_it():
    bare = 'coco17 without left_ankle, right_ankle'
    assert joint_map('coco17', bare) == list(range(15))
    assert joint_map('body25', bare) == joint_map('body25', 'coco17')[:15]
    assert joint_map(bare, 'coco17 without nose, left_ankle, right_ankle') == list(range(1, 15))
    with pytest.raises(ValueError, match='no joint map from penn13 to coco17'):
        joint_map('penn13', bare)
    with pytest.raises(ValueError, match='no joint map from coco17 without left_ankle, right_ankle to coco17'):
        joint_map(bare, 'coco17 without nose')
