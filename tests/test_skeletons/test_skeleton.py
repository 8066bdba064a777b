import re

import numpy as np
import pytest
import torch
from mmaction.models.utils import Graph

from mmagenc.skeletons import SKELETONS, Skeleton, get_skeleton
from mmagenc.skeletons.definition import pairs_by_name

TINY = Skeleton('tiny', ('left_hand', 'body', 'right_hand', 'left_tip'), (1, -1, 1, 0), (('left_hand', 'right_hand'), ), center=1)
every_skeleton = pytest.mark.parametrize('skeleton', SKELETONS.values(), ids=SKELETONS)


def test_what_follows_from_the_tree_by_hand():
    assert (TINY.root, TINY.num_joints) == (1, 4)
    assert TINY.levels == [[1], [0, 2], [3]]
    assert TINY.topological_order == [1, 0, 2, 3]
    assert TINY.edges == [(0, 1), (2, 1), (3, 0)]
    assert TINY.flip_indices == [2, 1, 0, 3]
    assert TINY.distances().tolist() == [[0, 1, 2, 1], [1, 0, 1, 2], [2, 1, 0, 3], [1, 2, 3, 0]]
    assert [TINY.side(joint) for joint in range(4)] == ['left', 'middle', 'right', 'middle']
    assert TINY.index('right_hand') == 2
    assert Skeleton('case', ('Nose', 'HEAD'), (-1, 0)).find(('head', 'nose')) == 1 and TINY.find(('head', 'nose')) == -1


@pytest.mark.parametrize('arguments, reason', [
    ((('a', 'b'), (-1, )), '2 joint names but 1 parents'),
    ((('a', 'a'), (-1, 0)), 'a joint name repeats'),
    ((('a', 'b'), (-1, 0), (('a', 'c'), )), r"unknown joints \['c'\]"),
    ((('a', 'b'), (-1, -1)), 'no tree with one root.*roots are a, b'),
    ((('a', 'b', 'c'), (-1, 2, 1)), 'no tree with one root.*b, c hang from no root'),
    ((('a', 'b', 'c'), (-1, 0, 0), (('a', 'b'), ('c', 'b'))), r"two pairs: \['b'\]"),
    ((('a', 'b'), (-1, 0), (), 2), 'center 2 is no joint'),
    ((('a', 'b'), (-1, 7)), 'no tree with one root'),
])
def test_tables_that_are_no_skeleton(arguments, reason):
    with pytest.raises(ValueError, match=reason):
        Skeleton('bad', *arguments)


def test_unknown_names_list_the_known_ones():
    with pytest.raises(ValueError, match="unknown skeleton 'smpl'; known: smpl24, infact17"):
        get_skeleton('smpl')
    with pytest.raises(KeyError, match='tiny has no joint'):
        TINY.index('nose')
    assert get_skeleton(TINY) is TINY


@every_skeleton
def test_layouts_are_consistent(skeleton):
    assert skeleton.num_joints == (23 if skeleton.name == 'coco133_body' else int(re.search(r'\d\d(?=$|_)', skeleton.name).group()))
    assert len(skeleton.edges) == skeleton.num_joints - 1
    flip = skeleton.flip_indices
    assert [flip[joint] for joint in flip] == list(range(skeleton.num_joints))
    for left, right in skeleton.pairs:
        assert left.replace('left', 'right') == right
    assert set(skeleton.pairs) == set(pairs_by_name(skeleton.joint_names))
    unpaired = [name for joint, name in enumerate(skeleton.joint_names) if skeleton.side(joint) == 'middle']
    assert not any('left' in name or 'right' in name for name in unpaired)


@every_skeleton
def test_trees_are_symmetric(skeleton):
    """Swapping the sides maps bones to bones, except where a tree has to choose a side to hang something from."""
    flip = skeleton.flip_indices
    bones = {frozenset(edge) for edge in skeleton.edges}
    assert {frozenset((flip[a], flip[b])) for a, b in skeleton.edges} == bones


@every_skeleton
def test_graph_cfg_builds_mmaction2_graphs(skeleton):
    graph = Graph(**skeleton.graph_cfg())
    assert graph.A.shape == (3, skeleton.num_joints, skeleton.num_joints)
    connected = graph.A.sum(0) > 0
    assert np.array_equal(connected, skeleton.distances() <= 1)


@pytest.mark.parametrize('ours, theirs', [('ntu25', 'nturgb+d'), ('coco17', 'coco'), ('openpose18', 'openpose')])
def test_graphs_equal_mmaction2s_own(ours, theirs):
    assert np.allclose(Graph(**get_skeleton(ours).graph_cfg()).A, Graph(layout=theirs, mode='stgcn_spatial').A)


def test_smpl_names_equal_smplx():
    """smplx names the 22 body joints; SMPL's last two are hands."""
    names = pytest.importorskip('smplx.joint_names').JOINT_NAMES
    assert get_skeleton('smpl24').joint_names[:22] == tuple(names[:22])


@every_skeleton
def test_metainfo_is_readable_by_mmengine_users(skeleton):
    metainfo = skeleton.metainfo
    assert [metainfo['keypoint_info'][joint]['name'] for joint in range(skeleton.num_joints)] == list(skeleton.joint_names)
    for joint, info in metainfo['keypoint_info'].items():
        assert info['swap'] == ('' if skeleton.side(joint) == 'middle' else skeleton.joint_names[skeleton.flip_indices[joint]])
        assert info['type'] in ('upper', 'lower')
    assert len(metainfo['skeleton_info']) == skeleton.num_joints - 1
    assert len(metainfo['joint_weights']) == len(metainfo['sigmas']) == skeleton.num_joints


def test_sides_are_told_apart_by_colour():
    assert len({TINY.color(joint) for joint in (0, 1, 2)}) == 3


def test_flip_mirrors_a_symmetric_body():
    """In SMPL's T-pose order x is the body's left: mirroring x and swapping sides leaves a symmetric body as it is."""
    skeleton = get_skeleton('smpl24')
    body = torch.zeros(24, 3)
    for joint in range(24):
        body[joint, 0] = {'left': 1., 'right': -1., 'middle': 0.}[skeleton.side(joint)]
    assert torch.equal((body * torch.tensor([-1., 1., 1.]))[skeleton.flip_indices], body)


def test_modes_by_hand():
    """Row by row: left_hand − body, body, right_hand − body, left_tip − left_hand; two bones up only the tip has an ancestor."""
    assert TINY.mode_matrix(1).tolist() == [[1, -1, 0, 0], [0, 1, 0, 0], [0, -1, 1, 0], [-1, 0, 0, 1]]
    assert TINY.mode_matrix(2).tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, -1, 0, 1]]


@every_skeleton
def test_modes_are_differences_to_ancestors(skeleton):
    depth = len(skeleton.levels)
    position = np.random.default_rng(0).normal(size=(skeleton.num_joints, 3)).astype(np.float32)
    for k in range(1, depth + 2):
        expected = position.copy()
        for joint in range(skeleton.num_joints):
            ancestor = joint
            for _ in range(k):
                ancestor = skeleton.parents[ancestor] if ancestor >= 0 else -1
            if ancestor >= 0:
                expected[joint] = position[joint] - position[ancestor]
        np.testing.assert_allclose(skeleton.mode_matrix(k) @ position, expected, atol=1e-6)
    assert np.array_equal(skeleton.mode_matrix(depth), np.eye(skeleton.num_joints))
    assert not np.array_equal(skeleton.mode_matrix(depth - 1), np.eye(skeleton.num_joints))


@pytest.mark.parametrize('k, reason', [(0, 'k of at least 1, got 0: I − P⁰ is zero'), (-1, 'got -1$')])
def test_modes_that_are_none(k, reason):
    with pytest.raises(ValueError, match=reason):
        TINY.mode_matrix(k)
