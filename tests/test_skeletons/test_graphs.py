"""Layouts by name in MMAction2's graph networks."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from mmaction.models.utils import Graph

from mmagenc.registry import MODELS
from mmagenc.skeletons import SKELETONS, get_skeleton, register_skeleton

OWN = dict(name='own3', joint_names=['body', 'left_hand', 'right_hand'], parents=[-1, 0, 0])
SMALL = dict(in_channels=3, base_channels=8, num_stages=2, inflate_stages=[2], down_stages=[2])


@pytest.mark.parametrize('mode', ['stgcn_spatial', 'spatial', 'binary_adj'])
@pytest.mark.parametrize('name', SKELETONS)
def test_names_are_tables(name, mode):
    assert np.array_equal(Graph(layout=name, mode=mode).A, Graph(**get_skeleton(name).graph_cfg(mode)).A)


def test_own_layouts_by_hand():
    """Columns are normalised: a hand has itself and the body, the body has all three."""
    register_skeleton(OWN)
    expected = np.array([[1 / 3, 0, 0], [0, 1 / 2, 0], [0, 0, 1 / 2]]), np.array([[0, 0, 0], [1 / 3, 0, 0], [1 / 3, 0, 0]]), np.array(
        [[0, 1 / 2, 1 / 2], [0, 0, 0], [0, 0, 0]])
    for layout in ('own3', OWN):
        np.testing.assert_allclose(Graph(layout, 'stgcn_spatial').A, expected)


@pytest.mark.parametrize('name, nodes, center', [('coco', 17, 0), ('openpose', 18, 1), ('nturgb+d', 25, 20)])
def test_mmaction2s_own_names_keep_their_meaning(name, nodes, center):
    graph = Graph(name, 'spatial')
    assert (graph.num_node, graph.center, graph.layout) == (nodes, center, name)
    assert Graph().layout == 'coco'
    assert Graph(dict(num_node=2, inward=[(1, 0)], center=0), 'spatial', max_hop=1).num_node == 2


def test_unknown_names_list_both_kinds():
    with pytest.raises(ValueError, match=r"(?s)graph_cfg: unknown skeleton 'coco18'; known: smpl24.*MMAction2's own graphs: coco,"):
        Graph('coco18')


@pytest.mark.parametrize('kind', ['mmaction.STGCN', 'mmaction.AAGCN', 'mmagenc.FastSTGCN'])
@pytest.mark.parametrize('layout', ['body25', OWN])
def test_every_graph_network_takes_them(kind, layout):
    joints = get_skeleton(layout).num_joints
    network = MODELS.build(dict(type=kind, **SMALL, graph_cfg=dict(layout=layout, mode='spatial'))).eval()
    assert network(torch.zeros(1, 2, 8, joints, 3)).shape[-1] == joints


@pytest.mark.parametrize('order', ['import mmagenc; from mmaction.models.utils.graph import Graph',
                                   'import mmagenc, mmaction.models; from mmaction.models.backbones.stgcn import Graph'])
def test_import_of_the_package_is_enough(order):
    code = f'{order}; assert Graph("infant14", "spatial").A.shape == (3, 14, 14)'
    subprocess.run([sys.executable, '-c', code], check=True)
