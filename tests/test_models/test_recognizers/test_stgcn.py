"""The faster ST-GCN has MMAction2's weights and results."""

import subprocess
import sys

import pytest
import torch
from mmengine.registry import init_default_scope

from mmagenc.models.recognizers.stgcn import STGCN, FastSTGCN, OneProductGCN, aggregate, spread
from mmagenc.registry import MODELS
from mmagenc.skeletons import get_skeleton

SIZES = dict(base_channels=8, num_stages=4, inflate_stages=[3], down_stages=[3], num_person=2)
VARIANTS = {
    'published': dict(),
    'fixed': dict(gcn_adaptive=None),
    'init': dict(gcn_adaptive='init'),
    'offset': dict(gcn_adaptive='offset'),
    'post': dict(gcn_conv_pos='post'),
    'residual': dict(gcn_with_res=True),
    'plus-plus': dict(gcn_adaptive='init', gcn_with_res=True, tcn_type='mstcn'),
    'mvc': dict(data_bn_type='MVC'),
}


@pytest.mark.parametrize('name', VARIANTS)
def test_same_function_and_gradients(name):
    """Every variant of the graph convolution; weights travel both ways without a change of keys."""
    settings = dict(SIZES, graph_cfg=get_skeleton('ucla20').graph_cfg('spatial'), **VARIANTS[name])
    theirs, ours = STGCN(**settings).double(), FastSTGCN(**settings).double()
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    ours.load_state_dict(theirs.state_dict(), strict=True)
    theirs.load_state_dict(ours.state_dict(), strict=True)
    x = torch.randn(2, 2, 9, 20, 3, dtype=torch.float64)
    inputs = [x.clone().requires_grad_() for _ in range(2)]
    outputs = [theirs(inputs[0]), ours(inputs[1])]
    torch.testing.assert_close(outputs[1], outputs[0])
    weight = torch.randn_like(outputs[0])
    for output in outputs:
        (output * weight).sum().backward()
    torch.testing.assert_close(inputs[1].grad, inputs[0].grad)
    for (key, ours_value), theirs_value in zip(ours.named_parameters(), theirs.parameters()):
        torch.testing.assert_close(ours_value.grad, theirs_value.grad, msg=lambda text, key=key: f'{key}: {text}')
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x))


NARROW = """
import torch
from mmagenc.models.recognizers.stgcn import EveryFrameConv2d, FastSTGCN
from mmagenc.skeletons import get_skeleton
network = FastSTGCN(base_channels=8, num_stages=4, inflate_stages=[3], down_stages=[3], num_person=1,
                    graph_cfg=get_skeleton('ucla20').graph_cfg('spatial'))
assert [type(layer) for layer in network.modules() if getattr(layer, 'stride', None) == (2, 1) and layer.kernel_size == (1, 1)] == [
    EveryFrameConv2d]
for frames in (52, 60, 300):
    for _ in range(5):
        network(torch.randn(4, 1, frames, 20, 3)).sum().backward()
print('alive')
"""


def test_narrow_networks_survive_their_gradient():
    """In a process of its own: PyTorch's convolution ends it where it has the fault."""
    ended = subprocess.run([sys.executable, '-c', NARROW], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0 and ended.stdout == 'alive\n', ended.stderr[-2000:]


def test_float32_is_as_near_to_float64_as_mmaction2s():
    """Output and input's gradient of a block: with PyTorch's batch norm of channels that lie last the output was 17 times as far.

    Its float32 sums over all rows shift each layer's mean by a millionth, which ten blocks magnify a thousandfold, as all rounding; the
    graph's one product is as exact as MMAction2's.
    """
    torch.manual_seed(0)
    settings = dict(SIZES, base_channels=16, graph_cfg=get_skeleton('smpl24').graph_cfg())
    theirs, ours, exact = STGCN(**settings), FastSTGCN(**settings), STGCN(**settings).double()
    for network in (ours, exact):
        network.load_state_dict(theirs.state_dict())
    x, weight = torch.randn(2, 16, 16, 60, 24)

    def results(network, dtype, memory_format):
        inputs = x.to(dtype).clone(memory_format=memory_format).requires_grad_()
        output = network.gcn[1](inputs)
        output.backward(weight.to(dtype).contiguous(memory_format=memory_format))
        return output.detach().double(), inputs.grad.double()

    truth = results(exact, torch.float64, torch.contiguous_format)
    first, last = (results(theirs, torch.float32, torch.contiguous_format), results(ours, torch.float32, torch.channels_last))
    far = [[float((value - true).norm() / true.norm()) for value, true in zip(result, truth)] for result in (first, last)]
    assert far[1][0] < 2 * far[0][0] and far[1][1] < 2 * far[0][1]


def test_the_products_by_einsum():
    graph = torch.randn(3, 5, 4)
    x = torch.randn(2, 6, 7, 5).contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(aggregate(x, graph), torch.einsum('nkctv,kvw->nctw', x.reshape(2, 3, 2, 7, 5), graph))
    torch.testing.assert_close(spread(x, graph), torch.einsum('nctv,kvw->nkctw', x, graph).flatten(1, 2))
    assert aggregate(x, graph).is_contiguous(memory_format=torch.channels_last)


def test_from_an_mmaction2_config():
    """Named with its scope in a recognizer of MMAction2; every block computes the fast way, in half precision too."""
    init_default_scope('mmagenc')
    backbone = dict(type='mmagenc.FastSTGCN', graph_cfg=get_skeleton('ucla20').graph_cfg(), **SIZES)
    head = dict(type='GCNHead', num_classes=3, in_channels=16)
    model = MODELS.build(dict(type='RecognizerGCN', _scope_='mmaction', backbone=backbone, cls_head=head))
    model.init_weights()
    assert all(isinstance(block.gcn, OneProductGCN) for block in model.backbone.gcn)
    with torch.autocast('cpu', torch.bfloat16):
        output = model.backbone(torch.randn(2, 2, 8, 20, 3))
    assert output.shape == (2, 2, 16, 4, 20) and output.isfinite().all()
