"""Layouts as dicts and YAML files."""

import json

import numpy as np
import pytest
import yaml
from mmengine.config import ConfigDict

from mmagenc.skeletons import SKELETONS, Skeleton, definition, get_skeleton
from mmagenc.skeletons.definition import pairs_by_name, skeleton_from_dict, skeleton_from_yaml, skeleton_to_dict, spanning_tree

NAMES = ['nose', 'hip', 'left_hand', 'right_hand', 'left_foot', 'right_foot']
PAIRS = (('left_hand', 'right_hand'), ('left_foot', 'right_foot'))
DLC6 = Skeleton('dlc6', tuple(NAMES), (1, -1, 1, 1, 1, 1), PAIRS, center=1)
BY_PARENTS = dict(name='dlc6', joint_names=NAMES, parents=[1, -1, 1, 1, 1, 1])


@pytest.mark.parametrize('form', [
    BY_PARENTS,
    ConfigDict(BY_PARENTS),
    dict(name='dlc6', keypoints=NAMES, parents=['hip', None, 'hip', 'hip', 1, 'hip']),
    dict(BY_PARENTS, parents=['hip', '', 'hip', 'hip', 'hip', 'hip']),
    dict(BY_PARENTS, parents=np.array([1, -1, 1, 1, 1, 1])),
    dict(BY_PARENTS, pairs=[['left_hand', 'right_hand'], [4, 5]], root='hip', center='hip'),
    dict(BY_PARENTS, sides=PAIRS),
    dict(name='dlc6', joint_names=NAMES, edges=[['nose', 'hip'], [2, 'hip'], [1, 3], ['hip', 'left_foot'], ['right_foot', 'hip']]),
    dict(name='dlc6', joint_names=NAMES, edges=[[0, 1], [1, 2], [1, 3], [1, 4], [1, 5], [4, 5], [2, 3]], root=1),
    skeleton_to_dict(DLC6),
    json.loads(json.dumps(skeleton_to_dict(DLC6))),
], ids=str)
def test_all_forms_of_six_points(form):
    assert skeleton_from_dict(form) == DLC6


@pytest.mark.parametrize('skeleton', SKELETONS.values(), ids=SKELETONS)
def test_definitions_lead_back(skeleton):
    assert skeleton_from_dict(yaml.safe_load(yaml.safe_dump(skeleton_to_dict(skeleton)))) == skeleton


@pytest.mark.parametrize('skeleton', SKELETONS.values(), ids=SKELETONS)
def test_mmposes_form_has_the_same_bones_and_sides(skeleton):
    read = skeleton_from_dict(dict(skeleton.metainfo, root=skeleton.root, center=skeleton.center))
    assert (read.name, read.joint_names, read.parents, read.center) == (
        skeleton.name, skeleton.joint_names, skeleton.parents, skeleton.center)
    assert set(read.pairs) == set(skeleton.pairs)


def mmpose_coco():
    """MMPose's ``configs/_base_/datasets/coco.py``, whose 19 links close circles around trunk and eyes."""
    names = get_skeleton('coco17').joint_names
    links = ('left_ankle left_knee, left_knee left_hip, right_ankle right_knee, right_knee right_hip, left_hip right_hip, left_shoulder '
             'left_hip, right_shoulder right_hip, left_shoulder right_shoulder, left_shoulder left_elbow, right_shoulder right_elbow, '
             'left_elbow left_wrist, right_elbow right_wrist, left_eye right_eye, nose left_eye, nose right_eye, left_eye left_ear, '
             'right_eye right_ear, left_ear left_shoulder, right_ear right_shoulder')
    swap = {f'{one}_{part}': f'{other}_{part}' for one, other in (('left', 'right'), ('right', 'left'))
            for part in ('eye', 'ear', 'shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle')}
    info = {i: dict(name=name, id=i, color=[0, 0, 0], type='', swap=swap.get(name, '')) for i, name in enumerate(names)}
    table = {i: dict(link=tuple(link.split()), id=i, color=[0, 0, 0]) for i, link in enumerate(links.split(', '))}
    return dict(dataset_name='coco', paper_info={}, keypoint_info=info, skeleton_info=table, joint_weights=[1.] * 17, sigmas=[.05] * 17)


def test_mmposes_coco_becomes_the_symmetric_tree_from_the_nose():
    """Trunk and eyes: the nearer way to the nose wins; shoulders hang from the ears, hips from the shoulders of their side."""
    skeleton = skeleton_from_dict(dict(mmpose_coco(), name='mmpose_coco'))
    assert skeleton.parents == (-1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 5, 6, 11, 12, 13, 14)
    assert set(skeleton.pairs) == set(get_skeleton('coco17').pairs) and (skeleton.root, skeleton.center) == (0, 0)


def test_what_mmpose_makes_of_it_is_the_same():
    """``dataset_meta`` of its models, and ``meta_info`` in the JSON files of its demos."""
    raw = mmpose_coco()
    names = [info['name'] for info in raw['keypoint_info'].values()]
    parsed = dict(
        dataset_name='own', num_keypoints=17, keypoint_id2name={str(i): name for i, name in enumerate(names)},
        flip_indices=[names.index(info['swap'] or info['name']) for info in raw['keypoint_info'].values()],
        skeleton_links=[[names.index(joint) for joint in info['link']] for info in raw['skeleton_info'].values()])
    assert skeleton_from_dict(parsed) == skeleton_from_dict(dict(raw, name='own'))


def test_trees_of_circles_by_hand():
    """A square 0-1-2-3 with a tail 4 on 2: 2 could hang from 1 (left) or 3 (right) and is of the right side, 4 from 2 alone."""
    edges = [(0, 1), (1, 2), (2, 3), (3, 0), (4, 2)]
    assert spanning_tree(edges, 0, ['middle', 'left', 'right', 'right', 'middle']) == [-1, 0, 3, 0, 2]
    assert spanning_tree(edges, 0, ['middle'] * 5) == [-1, 0, 1, 0, 2], 'the edge that is listed first'
    assert spanning_tree(edges, 0, ['middle', 'left', 'middle', 'middle', 'middle']) == [-1, 0, 3, 0, 2]
    assert spanning_tree(edges, 4, ['middle'] * 5) == [1, 2, 4, 2, -1]


@pytest.mark.parametrize('names, root', [
    (['a', 'b', 'c', 'd', 'Pelvis'], 'Pelvis'),  # a root's name, though it is a tip
    (['a', 'b', 'c', 'd', 'e'], 'c'),  # the middle of the chain
    (['left_a', 'right_a', 'left_b', 'right_b', 'e'], 'e'),  # the only one of the middle
])
def test_the_root_that_is_chosen(names, root):
    skeleton = skeleton_from_dict(dict(name='chain', joint_names=names, edges=[[0, 1], [1, 2], [2, 3], [3, 4]]))
    assert skeleton.joint_names[skeleton.root] == root and skeleton.center == skeleton.root


@pytest.mark.parametrize('left, right', [
    ('left_hand', 'right_hand'), ('LHip', 'RHip'), ('L_hip', 'R_hip'), ('paw_l', 'paw_r'), ('hand.L', 'hand.R'), ('HandLeft', 'HandRight'),
    ('mouth_left', 'mouth_right'), ('Left Eye', 'Right Eye'), ('lefteye', 'righteye'), ('hand_left_tip', 'hand_right_tip'),
    ('lHand', 'rHand'), ('LEFT_EAR', 'RIGHT_EAR'), ('ankle-l', 'ankle-r'), ('kneeL', 'kneeR'),
])
def test_sides_by_name(left, right):
    assert pairs_by_name(['nose', right, left, 'tail_end']) == ((left, right), )


def test_what_the_log_says(monkeypatch):
    """That nothing will be mirrored, unless so ordered, and which edges the tree is without."""
    said = []
    monkeypatch.setattr(definition, '_log', lambda level, message: said.append(message))
    snake = dict(name='snake', joint_names=['head', 'left_ear', 'Leg'], parents=[-1, 0, 0])
    assert pairs_by_name(snake['joint_names']) == skeleton_from_dict(snake).pairs == ()
    assert len(said) == 1 and 'no two names differ in left and right' in said[0]
    skeleton_from_dict(dict(snake, pairs=[]))
    skeleton_from_dict(BY_PARENTS)
    assert len(said) == 1
    skeleton_from_dict(dict(name='ring', joint_names=['a', 'b', 'c'], edges=[[0, 1], [1, 2], [2, 0], [2, 1]], root='a', pairs=[]))
    assert said[1:] == ["layout 'ring': a tree from a is made of its edges, without b–c, c–b"]


@pytest.mark.parametrize('change, reason', [
    (dict(name=None), 'needs a name'),
    (dict(name='x.yaml'), 'needs a name, which does not end in .yaml'),
    (dict(joint_name=['a']), r"layout 'dlc6': unknown keys \['joint_name'\].*joint_names"),
    (dict(keypoints=['a']), 'joint_names and keypoints are both given'),
    (dict(edges=[[0, 1]]), 'parents and edges are both given'),
    (dict(pairs=[], sides=[]), 'pairs and sides are both given'),
    (dict(joint_names='nose'), 'joint_names must list the names'),
    (dict(joint_names=[1, 2]), 'joint_names must list the names'),
    (dict(joint_names=[]), 'joint_names must list the names'),
    (dict(joint_names=[*NAMES[:5], 'nose']), 'joint_names repeats nose'),
    (dict(parents=None), 'parents must have one entry for each of the 6 keypoints .or give edges., got None'),
    (dict(parents=[1, -1]), 'got 2 entries'),
    (dict(parents=[1, -1, 1, 1, 1, 6]), r'parents names 6; its keypoints are 0 to 5: nose, hip'),
    (dict(parents=[1, -1, 1, 1, 1, 'hips']), "parents names 'hips'"),
    (dict(parents=[1, -1, 1, 1, 1, True]), 'parents names True'),
    (dict(parents=[1, -1, 1, 1, 1, 1.]), 'parents names 1.0'),
    (dict(parents=[1, -1, -1, 1, 1, 1]), 'roots are hip, left_hand'),
    (dict(parents=[1, 0, 1, 1, 1, 1]), 'roots are none'),
    (dict(parents=[1, -1, 3, 2, 1, 1]), 'left_hand, right_hand hang from no root'),
    (dict(root='nose'), 'root is nose, which has a parent'),
    (dict(center='tail'), "center names 'tail'"),
    (dict(pairs=[['left_hand', 'left_hand']]), 'pairs pairs left_hand with itself'),
    (dict(pairs=[['left_hand', 'right_hand', 'nose']]), 'pairs must be a list of pairs'),
    (dict(pairs=[['left_hand', 'right_hand'], ['left_hand', 'right_foot']]), r"a joint stands in two pairs: \['left_hand'\]"),
    (dict(parents=None, edges=[[0, 1], [1, 2], [1, 3]]), 'no way leads from nose to left_foot, right_foot: add edges'),
    (dict(parents=None, edges=[[0, 0]]), 'edges pairs nose with itself'),
    (dict(parents=None, edges='nose-hip'), 'edges must be a list of pairs'),
])
def test_what_is_no_layout_is_refused_by_name(change, reason):
    with pytest.raises(ValueError, match=reason):
        skeleton_from_dict({**BY_PARENTS, **change})


def test_what_is_not_mmposes_form_is_refused():
    good = get_skeleton('penn13').metainfo
    for broken, reason in [
        (dict(keypoint_info={0: dict(name='a', id=0), 1: dict(name='b', id=2)}), 'ids of keypoint_info must be 0 to 1'),
        (dict(keypoint_info={0: dict(name='a', swap='b'), 1: dict(name='b', swap='')}), 'swaps go one way only: a with b'),
        (dict(keypoint_info={0: dict(id=0)}), "KeyError: 'name'"),
        (dict(skeleton_info={0: dict()}), "KeyError: 'link'"),
        (dict(keypoint_info=3), "layout 'penn13': not MMPose's metainfo"),
        (dict(skeleton_info={}), 'no way leads from head to left_shoulder'),
    ]:
        with pytest.raises(ValueError, match=reason):
            skeleton_from_dict({**good, **broken})
    with pytest.raises(ValueError, match='a layout is a dict of name, joint_names.*got list'):
        skeleton_from_dict([1, 2])


def test_yaml_files(tmp_path):
    path = tmp_path / 'dlc6.yml'
    path.write_text(yaml.safe_dump({key: value for key, value in BY_PARENTS.items() if key != 'name'}))
    assert skeleton_from_yaml(path) == DLC6, "its name is the file's"
    for content, reason in [('a: [', 'no readable YAML'), ('3', 'got int'), ('!!python/object/apply:os.getcwd []', 'no readable YAML'),
                            ('joint_names: [a, a]\nparents: [-1, 0]', "layout 'dlc6': joint_names repeats a")]:
        path.write_text(content)
        with pytest.raises(ValueError, match=reason) as error:
            skeleton_from_yaml(path)
        assert str(path) in str(error.value)
    with pytest.raises(ValueError, match='nothing.yaml: no such layout file'):
        skeleton_from_yaml(tmp_path / 'nothing.yaml')
