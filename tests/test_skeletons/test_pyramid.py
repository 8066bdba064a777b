import networkx
import numpy as np
import pytest
import torch
from torch.nn import functional

from mmagenc.skeletons import SKELETONS, Skeleton
from mmagenc.skeletons.pyramid import GraphPyramid, automatic_pyramid, graph_pyramid

every_skeleton = pytest.mark.parametrize('name', SKELETONS)
LINE = dict(
    num_nodes=(3, 2, 1), edges=(((0, 1), (1, 2)), ((0, 1), ), ()), centers=(1, 1, 0), kept=((0, 1), (1, )),
    sources=({2: (1, )}, {0: (0, )}))


def graph(pyramid, level):
    result = networkx.Graph(pyramid.edges[level])
    result.add_nodes_from(range(pyramid.num_nodes[level]))
    return result


def path(num_joints, center=0):
    return Skeleton('path', tuple('abcdefgh'[:num_joints]), tuple(range(-1, num_joints - 1)), center=center)


@pytest.mark.parametrize('name, num_nodes', [('ntu25', (25, 11, 5, 1)), ('h36m16', (16, 7, 2, 1)), ('smpl24', (24, 12, 6, 1)),
                                             ('ucla20', (20, 10, 5, 1)), ('penn13', (13, 7, 3, 1)), ('coco17', (17, 9, 3, 1)),
                                             ('infact17', (17, 7, 2, 1)), ('h36m17', (17, 7, 2, 1))])
def test_sizes_of_the_levels(name, num_nodes):
    assert graph_pyramid(name).num_nodes == num_nodes


def test_published_ntu_joints_by_name():
    """Kinetic-GAN keeps, of Kinect's 25: trunk ends, neck, elbows, hands, knees, ankles; then elbows, knees and the upper spine."""
    pyramid, skeleton = graph_pyramid('ntu25'), SKELETONS['ntu25']
    first = [skeleton.joint_names[joint] for joint in pyramid.kept[0]]
    assert first == ['spine_base', 'neck', 'left_elbow', 'left_hand', 'right_elbow', 'right_hand', 'left_knee', 'left_ankle', 'right_knee',
                     'right_ankle', 'spine_shoulder']
    assert [first[node] for node in pyramid.kept[1]] == ['left_elbow', 'right_elbow', 'left_knee', 'right_knee', 'spine_shoulder']
    assert (2, 3) in pyramid.edges[2]
    assert {first[node] for node in pyramid.sources[0][skeleton.index('left_wrist')]} == {'left_elbow', 'left_hand'}
    assert [first[pyramid.kept[1][node]] for node in pyramid.sources[1][0]] == ['left_knee', 'right_knee', 'spine_shoulder']


@pytest.mark.parametrize('name', ['ntu25', 'h36m16'])
def test_published_first_level_is_the_layout(name):
    pyramid, skeleton = graph_pyramid(name), SKELETONS[name]
    assert {frozenset(edge) for edge in pyramid.edges[0]} == {frozenset(edge) for edge in skeleton.edges}
    assert pyramid is not automatic_pyramid(name)
    assert graph_pyramid(Skeleton(name, skeleton.joint_names, skeleton.parents, center=1)).centers[0] == 1


@pytest.mark.parametrize('name, layout', [('ntu', 'ntu25'), ('h36m', 'h36m16')])
def test_published_critic_runs_on_the_pyramid(reference_root, name, layout):
    """Six blocks written out: graph convolution, temporal convolution, residual, nodes kept, frames halved, LeakyReLU; then the mean."""
    arrays, pyramid = np.load(reference_root / f'kinetic_gan_{name}.npz'), graph_pyramid(layout)

    def weight(key):
        return torch.from_numpy(arrays[f'sd/discriminator.{key}'].astype(np.float32))

    x = torch.from_numpy(arrays['real'])
    label = weight('label_emb.weight')[torch.from_numpy(arrays['y'])]
    x = torch.cat([label[:, :, None, None].expand(-1, -1, *x.shape[2:]), x], dim=1)
    for block, (level, shrinks, divisor) in enumerate([(0, 1, 1), (1, 0, 1), (1, 1, 2), (2, 0, 4), (2, 1, 8), (3, 0, 16)]):
        key = f'st_gcn_networks.{block}'
        graph_weights = torch.from_numpy(pyramid.adjacency(level)) * weight(f'edge_importance.{block}')
        y = functional.conv2d(x, weight(f'{key}.gcn.conv.weight')).unflatten(1, (3, -1))
        y = torch.einsum('nkctv,kvw->nctw', y, graph_weights)
        y = functional.conv2d(y, weight(f'{key}.tcn.weight'), weight(f'{key}.tcn.bias'), padding=(1, 0))
        if block:
            y = y + functional.conv2d(x, weight(f'{key}.residual.weight'), weight(f'{key}.residual.bias'))
        y = y[..., list(pyramid.kept[level])] if shrinks else y
        x = functional.leaky_relu(functional.interpolate(y, (arrays['real'].shape[2] // divisor, y.shape[-1])), 0.2)
    score = x.mean((2, 3)) @ weight('fcn.weight').T + weight('fcn.bias')
    np.testing.assert_allclose(score, arrays['score'], atol=1e-6)


@every_skeleton
def test_adjacency_is_mmaction2s_spatial_partition(name):
    from mmaction.models.utils import Graph  # after mmagenc, whose workarounds this import needs
    pyramid = graph_pyramid(name)
    for level in range(4):
        adjacency = pyramid.adjacency(level)
        layout = dict(num_node=pyramid.num_nodes[level], inward=list(pyramid.edges[level]), center=pyramid.centers[level])
        assert adjacency.dtype == np.float32
        np.testing.assert_allclose(adjacency.sum(0).sum(0), 1, rtol=1e-6)
        if pyramid.num_nodes[level] > 1:
            np.testing.assert_allclose(adjacency, Graph(layout, mode='stgcn_spatial', max_hop=1).A, atol=1e-7)
    assert pyramid.adjacency(3).tolist() == [[[1.]], [[0.]], [[0.]]]


@every_skeleton
def test_automatic_levels_are_minors_of_the_tree(name):
    """Twin through networkx: trees that shrink, joined along the finer tree, sources at the least distance in it."""
    pyramid = automatic_pyramid(name)
    assert pyramid == automatic_pyramid(name)
    assert pyramid.num_levels == 4 and pyramid.num_nodes[-1] == 1
    for level in range(3):
        fine, coarse, kept = graph(pyramid, level), graph(pyramid, level + 1), pyramid.kept[level]
        assert networkx.is_tree(fine) and len(coarse) < len(fine)
        assert kept[pyramid.centers[level + 1]] == pyramid.centers[level]
        distance = dict(networkx.all_pairs_shortest_path_length(fine))
        for node, sources in pyramid.sources[level].items():
            least = min(distance[node][other] for other in kept)
            assert [kept[i] for i in sources] == [other for other in kept if distance[node][other] == least]
        for i, j in coarse.edges:
            between = networkx.shortest_path(fine, kept[i], kept[j])[1:-1]
            assert all(node not in kept or node == pyramid.centers[level] for node in between)


@every_skeleton
def test_automatic_levels_are_as_symmetric_as_the_skeleton(name):
    skeleton, pyramid = SKELETONS[name], automatic_pyramid(name)
    flip = skeleton.flip_indices
    assert flip[skeleton.center] == skeleton.center
    for level in range(4):
        assert {frozenset((flip[i], flip[j])) for i, j in pyramid.edges[level]} == set(map(frozenset, pyramid.edges[level]))
        if level < 3:
            kept = pyramid.kept[level]
            mirrored = [kept.index(flip[node]) for node in kept]
            for node, sources in pyramid.sources[level].items():
                assert {mirrored[i] for i in sources} == set(pyramid.sources[level][flip[node]])
            flip = mirrored


@every_skeleton
def test_upsampling_takes_means_of_sources(name):
    """Against a loop, and: a constant stays constant, kept nodes return unchanged."""
    pyramid = graph_pyramid(name)
    for level in range(3):
        matrix = pyramid.upsample_matrix(level)
        coarse = np.random.RandomState(level).randn(pyramid.num_nodes[level + 1], 4).astype(np.float32)
        fine = matrix @ coarse
        assert matrix.shape == (pyramid.num_nodes[level], pyramid.num_nodes[level + 1]) and matrix.dtype == np.float32
        np.testing.assert_array_equal(fine[list(pyramid.kept[level])], coarse)
        for node, sources in pyramid.sources[level].items():
            np.testing.assert_allclose(fine[node], np.mean([coarse[source] for source in sources], axis=0), rtol=1e-5, atol=1e-6)


def test_a_path_by_hand():
    """h-g-f-e-d-c-b-a hung from a: heights 0 to 7 from the tip h."""
    pyramid = automatic_pyramid(path(8))
    assert pyramid.num_nodes == (8, 4, 2, 1)
    assert pyramid.kept == ((0, 2, 4, 6), (0, 2), (0, ))
    assert pyramid.sources == ({1: (0, 1), 3: (1, 2), 5: (2, 3), 7: (3, )}, {1: (0, 1), 3: (1, )}, {1: (0, )})
    assert pyramid.edges[1] == ((0, 1), (1, 2), (2, 3))


def test_small_trees_shrink_one_node_at_a_time():
    assert automatic_pyramid(path(4)).num_nodes == (4, 3, 2, 1)
    assert automatic_pyramid(path(4, center=1)).kept[0] == (0, 1, 2)
    star = Skeleton('star', tuple('abcde'), (-1, 0, 0, 0, 0))
    assert automatic_pyramid(star).num_nodes == (5, 3, 2, 1)
    assert automatic_pyramid(star, num_levels=2).num_nodes == (5, 1)
    with pytest.raises(ValueError, match='num_levels must be 2 to 3, the keypoints of path; got 4'):
        graph_pyramid(path(3))
    with pytest.raises(ValueError, match='unknown skeleton'):
        graph_pyramid('ntu')


def test_a_valid_table():
    assert GraphPyramid(**LINE).num_levels == 3


@pytest.mark.parametrize('change, reason', [
    (dict(centers=(1, 1)), 'a pyramid of 3 levels needs'),
    (dict(num_nodes=(3, 2, 2)), 'the last level must have one node, not 2'),
    (dict(edges=(((0, 1), (1, 3)), ((0, 1), ), ())), 'level 0: an edge'),
    (dict(edges=(((0, 1), (1, 1)), ((0, 1), ), ())), 'level 0: an edge'),
    (dict(centers=(1, 2, 0)), 'level 1: an edge or the centre'),
    (dict(edges=(((0, 1), (1, 2)), (), ())), 'level 1 is not connected'),
    (dict(num_nodes=(2, 2, 1), edges=(((0, 1), ), ((0, 1), ), ())), 'level 1 has 2 nodes, no fewer than the 2 of level 0'),
    (dict(kept=((0, 0), (1, ))), r'kept\[0\] must name 2 different nodes'),
    (dict(kept=((0, 3), (1, ))), r'kept\[0\] must name 2 different nodes'),
    (dict(sources=({}, {0: (0, )})), r'sources\[0\] must name exactly the nodes that are not kept, got \[\]'),
    (dict(sources=({2: ()}, {0: (0, )})), r'sources\[0\]: node 2 needs different nodes among 0 to 1'),
    (dict(sources=({2: (1, )}, {0: (1, )})), r'sources\[1\]: node 0 needs different nodes among 0 to 0'),
])
def test_tables_that_are_no_pyramid(change, reason):
    with pytest.raises(ValueError, match=reason):
        GraphPyramid(**{**LINE, **change})
