"""InfoGCN's encoder against the plain network; against published forward passes it is tested with their converter."""

import copy

import pytest
import torch

from mmagenc.benchmarks.plain_infogcn import ReferenceInfoGCN
from mmagenc.commands.convert.infogcn import convert
from mmagenc.models.layers import RowsLinear
from mmagenc.models.layers.native import build, calls
from mmagenc.models.recognizers import infogcn
from mmagenc.models.recognizers.infogcn import EncodingBlock, InfoGCN, MultiScaleTemporalConv, SelfAttentionGraphConv
from mmagenc.skeletons import SKELETONS


def pair(num_joints=20, num_person=2):
    """The fast encoder with a plain network's weights; its parameters drawn so that each matters."""
    reference = ReferenceInfoGCN(num_classes=3, num_joints=num_joints, num_person=num_person, width=16)
    with torch.no_grad():
        for parameter in reference.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    weights = convert(reference.state_dict(), k=8)['state_dict']
    ours = InfoGCN(skeleton='ucla20' if num_joints == 20 else 'ntu25', num_person=num_person, base_channels=16)
    ours.load_state_dict({key[len('backbone.'):]: value for key, value in weights.items() if key.startswith('backbone.')})
    return ours, reference


def test_attention_by_loops():
    """Equation of SA-GC, frame by frame, head by head, joint by joint."""
    layer = SelfAttentionGraphConv(16, 24, num_joints=5, num_heads=3).eval()
    with torch.no_grad():
        layer.topology.copy_(torch.randn(3, 5, 5))
        layer.bn.weight.fill_(0.7)
        x = torch.randn(2, 4, 5, 16)
        weight = layer.transform.weight.view(24, 3, 16)
        qk = layer.to_qk(torch.nn.functional.layer_norm(x, (16, ), layer.norm.weight, layer.norm.bias)).view(2, 4, 5, 2, 3, 2)
        expected = torch.zeros(2, 4, 5, 24)
        for clip in range(2):
            for frame in range(4):
                for head in range(3):
                    for joint in range(5):
                        query, keys = qk[clip, frame, joint, 0, head], qk[clip, frame, :, 1, head]
                        score = torch.stack([(query * key).sum() / 2**0.5 for key in keys]).exp()
                        graph = score / score.sum() * layer.topology[head, joint]
                        neighbours = sum(graph[other] * x[clip, frame, other] for other in range(5))
                        expected[clip, frame, joint] += weight[:, head] @ neighbours
        down = layer.down[0](x) / (1 + 1e-5)**0.5
        torch.testing.assert_close(layer(x)[0], (expected * 0.7 / (1 + 1e-5)**0.5 + down).relu(), atol=1e-5, rtol=1e-5)
        assert torch.allclose(layer.attention(x.flatten(0, 1)).sum(dim=-1), torch.ones(8, 3, 5))


@pytest.mark.parametrize('num_joints, num_person', [(20, 1), (25, 2)])
def test_training_equals_the_plain_network(num_joints, num_person):
    """Output, and after a backward pass the gradients of the input and of joined weights; running means up to the omitted biases."""
    ours, reference = (model.train().double() for model in pair(num_joints, num_person))
    x = torch.randn(3, num_person, 9, num_joints, 3, dtype=torch.float64)
    inputs = [x.clone().requires_grad_() for _ in range(2)]
    outputs = [ours(inputs[0]), reference.encode(inputs[1])]
    torch.testing.assert_close(outputs[0], outputs[1])
    weight = torch.randn_like(outputs[0])
    for output in outputs:
        (output * weight).sum().backward()
    torch.testing.assert_close(inputs[0].grad, inputs[1].grad)
    heads = torch.cat([conv.weight.grad.flatten(1) for conv in reference.l4.agcn.conv_d], dim=1)
    torch.testing.assert_close(ours.blocks[3].gcn.transform.weight.grad, heads)
    torch.testing.assert_close(ours.blocks[3].gcn.topology.grad, reference.l4.agcn.shared_topology.grad)
    branches = torch.cat([reference.l7.tcn['branches'][branch][0].weight.grad.flatten(1) for branch in range(3)])
    torch.testing.assert_close(ours.blocks[6].tcn.expand.weight.grad, branches)
    bias = sum(conv.bias for conv in reference.l4.agcn.conv_d).detach() * 0.1
    torch.testing.assert_close(ours.blocks[3].gcn.bn.running_mean, reference.l4.agcn.bn.running_mean - bias - 0.9 * 10 * bias)


def test_float32_is_as_near_to_float64_as_the_plain_network():
    """Output and input's gradient of a block: with PyTorch's batch norm of channels that lie last they were eight times as far.

    Its float32 sums over all rows are the cause; attention, products and convolutions are as exact as the plain ones.
    """
    torch.manual_seed(0)
    ours, reference = pair(num_person=1)
    x, grad = torch.randn(2, 16, 52, 20, 16)
    block, plain = ours.blocks[1].train(), reference.l2.train()
    exact = copy.deepcopy(plain).double()

    def results(layer, first, dtype):
        inputs, weight = (value.to(dtype).permute(0, 3, 1, 2).contiguous() if first else value for value in (x, grad))
        inputs.requires_grad_()
        output = layer(inputs)
        output.backward(weight)
        pair = output.detach().double(), inputs.grad.double()
        return [value.permute(0, 2, 3, 1) if first else value for value in pair]

    truth = results(exact, True, torch.float64)
    far = [[float((value - true).norm() / true.norm()) for value, true in zip(results(layer, first, torch.float32), truth)]
           for layer, first in ((plain, True), (block, False))]
    assert far[1][0] < 2 * far[0][0] and far[1][1] < 2 * far[0][1]


def a_block(index=3, frames=14, clips=8, **settings):
    """A block whose every weight matters, and an input; block 3 widens, and halves time."""
    block = InfoGCN(skeleton='ucla20', num_person=1, **settings).blocks[index]
    torch.nn.init.normal_(block.gcn.bn.weight)  # else the graph convolution hardly matters
    torch.nn.init.normal_(block.gcn.to_qk.weight, std=0.1)
    return block, torch.randn(clips, frames, 20, block.gcn.to_qk.in_features)


def trained(block, x, dtype=torch.float32):
    """The output of a copy in training, all gradients and buffers, and the names of the functions that it took."""
    layer, given = copy.deepcopy(block), x.detach().to(dtype, copy=True).requires_grad_()
    layer = layer.double() if dtype == torch.float64 else layer
    with torch.autocast('cpu', torch.bfloat16, enabled=dtype == torch.bfloat16):
        y = layer(given)
    (y.double() * torch.arange(y.shape[-1]).cos()).sum().backward()
    results = y, given.grad, *(value.grad for value in layer.parameters()), *layer.buffers()
    return [value.detach().double() for value in results], _names_of_functions(y)


def nearest(block, shape):
    """How far a block's results are from float64 on the best of three inputs, and the functions that it took, the same on all: a ReLU whose
    input rounds to the other side of zero passes another gradient."""
    found = []
    for _ in range(3):
        x = torch.randn(shape)
        (ours, names), (truth, _) = trained(block, x), trained(block, x, torch.float64)
        found.append((max(float((value - true).norm() / true.norm().clamp(min=1e-9)) for value, true in zip(ours, truth)), names))
    assert all(names == found[0][1] for _, names in found)
    return min(far for far, _ in found), found[0][1]


with_kernels = pytest.mark.skipif(build.library() is None, reason='no kernels are built here')


@with_kernels
@pytest.mark.parametrize('index, frames', [(1, 14), (3, 14), (3, 15), (3, 1)])
@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_kernels_of_our_own_are_as_near_to_float64(index, frames, dtype, monkeypatch):
    """A block's output, all its gradients and running statistics: as one function, layer by layer, and without kernels."""
    block, x = a_block(index, frames, clips=8 if frames > 1 else 60)
    x, found = x.bfloat16().float(), {}
    truth, _ = trained(block, x, torch.float64)
    found['block'], names = trained(block, x, dtype)
    assert 'TrainedBlocks' in names and 'GraphConvolution' not in names
    monkeypatch.setattr(infogcn, '_trained_weights', lambda *arguments: None)
    found['layers'], names = trained(block, x, dtype)
    assert 'TrainedBlocks' not in names and 'GraphConvolution' in names
    monkeypatch.setattr(calls, '_kernels', lambda: None)
    found['plain'], names = trained(block, x, dtype)
    assert 'GraphConvolution' not in names
    far = {kind: torch.stack([(value - true).norm() / true.norm().clamp(min=1e-9) for value, true in zip(values, truth)])
           for kind, values in found.items()}
    for kind in ('block', 'layers'):
        assert (far[kind] < 2 * far['plain'] + 1e-6).all() and far[kind].max() < (0.2 if dtype == torch.bfloat16 else 1e-4)


@with_kernels
@pytest.mark.parametrize('index', [1, 3, 6])
def test_a_block_as_one_function_rounds_as_its_layers_do(index, monkeypatch):
    """In float32: nearly all sums are the same sums."""
    block, x = a_block(index)
    (ours, _), _ = trained(block, x), monkeypatch.setattr(infogcn, '_trained_weights', lambda *arguments: None)
    for value, by_layers in zip(ours, trained(block, x)[0]):
        torch.testing.assert_close(value, by_layers, rtol=1e-4, atol=2e-6 * float(by_layers.abs().max()))


@with_kernels
@pytest.mark.parametrize('channels', [(64, 128), (128, 64)])
def test_a_block_that_changes_width_alone(channels):
    """At a stride of 1, unlike InfoGCN's own: both projections, and gradients that go through them."""
    block = EncodingBlock(*channels, num_joints=20, num_heads=3)
    torch.nn.init.normal_(block.gcn.bn.weight), torch.nn.init.normal_(block.gcn.to_qk.weight, std=0.1)
    far, names = nearest(block, (8, 14, 20, channels[0]))
    assert 'TrainedBlocks' in names and far < 2e-5


@with_kernels
@pytest.mark.parametrize('joints, heads, served', [(17, 3, True), (25, 16, True), (64, 2, True), (20, 17, False), (65, 2, False)])
def test_joints_and_heads_of_any_number(joints, heads, served):
    """Odd ones are filled up to pairs; more than the kernels have room for are PyTorch's."""
    block = EncodingBlock(64, 64, num_joints=joints, num_heads=heads)
    torch.nn.init.normal_(block.gcn.bn.weight), torch.nn.init.normal_(block.gcn.to_qk.weight, std=0.1)
    far, names = nearest(block, (5, 14, joints, 64))
    assert ('TrainedBlocks' in names, 'GraphConvolution' in names) == (served, False)
    assert far < (2e-5 if served else 1e-3)


@with_kernels
@pytest.mark.parametrize('settings', [dict(momentum=None), dict(momentum=0.3), dict(track_running_stats=False), dict(eps=0.1)])
def test_settings_of_a_blocks_batch_norms(settings, monkeypatch):
    block, x = a_block()
    for layer in block.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            vars(layer).update(settings)
            if not layer.track_running_stats:
                layer.running_mean = layer.running_var = layer.num_batches_tracked = None
    block(torch.randn_like(x)), block(torch.randn_like(x))
    ours, names = trained(block, x)
    assert 'TrainedBlocks' in names
    monkeypatch.setattr(calls, '_kernels', lambda: None)
    for value, plain in zip(ours, trained(block, x)[0]):
        torch.testing.assert_close(value, plain, rtol=1e-3, atol=1e-4 * float(plain.abs().max()))


@with_kernels
def test_threads_change_nothing_of_a_block():
    before, (block, x), found = torch.get_num_threads(), a_block(), []
    try:
        for threads in (1, 2, 5):
            torch.set_num_threads(threads)
            found.append(trained(block, x)[0])
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(one, other) for several in found[1:] for one, other in zip(found[0], several))


def _forget_bias(block):
    block.gcn.to_qk.bias = None


def _add(block):
    block.adapter = RowsLinear(16, 16)


def _freeze(block):
    block.tcn.convs[0].weight.requires_grad_(False)


UNLIKE = {
    'frozen': _freeze,
    'a frozen batch norm': lambda block: block.tcn.bn.eval(),
    'another layer': lambda block: setattr(block.gcn, 'transform', torch.nn.Linear(192, 64, bias=False)),
    'a layer more': _add,
    'no bias': _forget_bias,
    'a bias': lambda block: setattr(block.gcn, 'transform', RowsLinear(192, 64)),
    'another convolution': lambda block: setattr(block.tcn.convs[0], 'padding_mode', 'circular'),
    'a hook': lambda block: block.tcn.bn.register_forward_hook(lambda *arguments: None),
    'a hook of the gradient': lambda block: block.gcn.register_full_backward_hook(lambda *arguments: None),
    'evaluation': lambda block: block.eval(),
    'parametrized': lambda block: torch.nn.utils.parametrizations.weight_norm(block.gcn.transform),
    'float64': lambda block: block.double(),
}


@with_kernels
@pytest.mark.parametrize('change', UNLIKE.values(), ids=UNLIKE)
def test_a_block_that_is_not_as_built_goes_layer_by_layer(change):
    """What somebody changed counts: no weight is passed over, no listener left out."""
    block, x = a_block(1)
    assert 'TrainedBlocks' in _names_of_functions(block(x))
    change(block)
    y = block(x.to(block.gcn.topology.dtype))
    assert 'TrainedBlocks' not in _names_of_functions(y)
    y.sum().backward()


@with_kernels
def test_a_synchronized_batch_norm_is_not_passed_over():
    block, x = a_block(1)
    block.tcn.expand_bn = torch.nn.SyncBatchNorm.convert_sync_batchnorm(block.tcn.expand_bn)
    assert infogcn._trained_weights(block, x) is None


@with_kernels
def test_few_rows_and_inputs_of_other_shapes_go_layer_by_layer():
    block, x = a_block(1)
    for given in (x[:3], x[:, :, :19], x.transpose(0, 1), x[..., :32].contiguous()):
        assert infogcn._trained_weights(block, given) is None
    ragged = EncodingBlock(16, 64, num_joints=20, num_heads=3)  # 12 queries and keys: no whole vector
    assert infogcn._trained_weights(ragged, torch.randn(8, 14, 20, 16)) is None
    ragged(torch.randn(8, 14, 20, 16)).sum().backward()
    assert infogcn._trained_weights(block, x[:4]) is not None
    with torch.no_grad():
        assert infogcn._trained_weights(block, x) is None


class Doubled(EncodingBlock):

    def forward(self, x):
        return 2 * super().forward(x)


def _become(block):
    block.__class__ = Doubled


APART = {  # blocks that are trained together, of one that lies between two: the fifth of nine
    'nothing': (lambda block: None, [9]),
    'a hook': (lambda block: block.register_forward_hook(lambda layer, inputs, output: 2 * output), [4, 1, 4]),
    'another forward': (_become, [4, 1, 4]),
    'a hook within': (lambda block: block.tcn.expand.register_forward_hook(lambda layer, inputs, output: 2 * output), [4, 4]),
    'frozen': (lambda block: block.gcn.topology.requires_grad_(False), [4, 4]),
    'evaluation': (lambda block: block.eval(), [4, 4]),
}


@with_kernels
@pytest.mark.parametrize('change, expected', APART.values(), ids=APART)
@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_blocks_that_follow_each_other_are_one_function(change, expected, dtype, monkeypatch):
    """Their results are, to the last bit, those of the blocks one by one; who listens to one, or has changed it, is heard."""
    network, (_, x) = InfoGCN(skeleton='ucla20', num_person=1), a_block(0, clips=16)
    change(network.blocks[4])
    together, found = [], []
    train = infogcn._train
    monkeypatch.setattr(infogcn, '_train', lambda blocks, *arguments: together.append(len(blocks)) or train(blocks, *arguments))
    for one_by_one in (False, True):
        if one_by_one:
            assert together == expected
            monkeypatch.setattr(infogcn, '_trained_run', lambda blocks, x: [])
        layer = copy.deepcopy(network)
        given = x[:, None, ..., :3].clone().requires_grad_()
        with torch.autocast('cpu', torch.bfloat16, enabled=dtype == torch.bfloat16):
            y = layer(given)
        (y.double() * torch.arange(y.shape[-1]).cos()).sum().backward()
        found.append([y, given.grad, *(value.grad for value in layer.parameters() if value.requires_grad), *layer.buffers()])
    assert together[len(expected):] and max(together[len(expected):]) == 1
    assert all(torch.equal(*pair) for pair in zip(*found))


@with_kernels
def test_a_blocks_gradient_twice_and_weights_that_lie_apart():
    block, x = a_block()
    y = block(x)
    first, second = (torch.autograd.grad(y.sum(), list(block.parameters()), retain_graph=True) for _ in range(2))
    assert all(torch.equal(one, other) for one, other in zip(first, second))
    turned = copy.deepcopy(block)
    turned.gcn.transform.weight.data = turned.gcn.transform.weight.data.t().contiguous().t()
    turned.tcn.convs[1].weight.data = turned.tcn.convs[1].weight.data.transpose(0, 1).contiguous().transpose(0, 1)
    torch.testing.assert_close(turned(x), y)
    y.sum().backward()
    with pytest.raises(RuntimeError, match='second time'):
        y.sum().backward()
    y = block(x)
    with torch.no_grad():
        block.tcn.expand.weight.mul_(2)
    with pytest.raises(RuntimeError, match='modified by an inplace operation'):
        y.sum().backward()


@with_kernels
def test_a_block_that_finds_no_memory_says_so(monkeypatch):
    block, x = a_block(1)
    real = calls._kernels()
    failing = type('Failing', (), {'argtypes': (), '__call__': lambda self, *arguments: 1})()
    kernels = dict(mmagenc_infogcn_block_float32=failing, mmagenc_infogcn_block_size=real.mmagenc_infogcn_block_size,
                   mmagenc_lanes=real.mmagenc_lanes)
    monkeypatch.setattr(calls, '_kernels', lambda: type('Kernels', (), kernels))
    with pytest.raises(MemoryError, match='no memory for the working space of infogcn_block'):
        block(x)
    with pytest.raises(ValueError, match='a block of 8 bytes, where'):
        calls.infogcn_block(b'12345678', torch.float32)


def _names_of_functions(y):
    """Names of all functions whose result ``y`` is."""
    found = [y.grad_fn]
    for node in found:
        found += [after for after, _ in node.next_functions if after is not None and after not in found]
    return ' '.join(node.name() for node in found)


PUBLISHED_STARTS = {  # parity with the published code's weights, blocks 0, 4 and 8: standard deviations
    'gcn.transform': (0.0128, 0.0064, 0.0032),
    'tcn.expand': (0.072, 0.051, 0.036),
    'tcn.pointwise': (0.072, 0.051, 0.036),
    'tcn.convs.0': (0.065, 0.046, 0.032),
    'tcn.convs.1': (0.065, 0.046, 0.032),
}


def test_weights_start_as_published():
    """Heads from a normal distribution, the temporal convolutions from a uniform one within ``1 / √fan in``, the rest as before."""
    torch.manual_seed(0)
    network = InfoGCN(skeleton='ucla20', num_person=1).requires_grad_(False)
    for name, expected in PUBLISHED_STARTS.items():
        weights = [network.blocks[index].get_submodule(name).weight for index in (0, 4, 8)]
        assert [float(weight.std()) for weight in weights] == pytest.approx(expected, rel=0.06)
        if name.startswith('tcn'):
            assert all(weight.abs().max() <= weight[0].numel()**-0.5 for weight in weights)
        else:
            assert all(weight.abs().max() > 3 * weight.std() for weight in weights)
    assert float(network.blocks[3].residual[0].weight.std()) == pytest.approx((2 / 128)**0.5, rel=0.05)
    assert float(network.blocks[3].gcn.down[0].weight.std()) == pytest.approx((2 / 128)**0.5, rel=0.05)
    for index in (0, 4, 8):
        assert float(network.blocks[index].gcn.to_qk.weight.std()) == pytest.approx(1, rel=0.05)
    norms = [module for module in network.modules() if isinstance(module, torch.nn.modules.batchnorm._BatchNorm)]
    graph_norms = [block.gcn.bn for block in network.blocks]
    assert all((norm.weight == (1e-6 if norm in graph_norms else 1)).all() and not norm.bias.any() for norm in norms)


def test_scaled_start():
    """By name: every convolution at ``√(2 / fan out)``, each of the published network's own."""
    torch.manual_seed(0)
    block = InfoGCN(skeleton='ucla20', num_person=1, weight_init='scaled').blocks[4]
    stds = [float(layer.weight.std()) for layer in (block.gcn.transform, block.tcn.expand, block.tcn.pointwise, block.tcn.convs[1])]
    assert stds == pytest.approx([(2 / 128)**0.5, 0.25, 0.25, (2 / (5 * 32))**0.5], rel=0.05)


def test_new_graph_convolutions_pass_their_input_on():
    """The batch norm starts at 1e-6: a new layer is the identity on what is positive."""
    x = torch.rand(2, 3, 20, 64)
    y, beside = SelfAttentionGraphConv(64, 64, num_joints=20, num_heads=3)(x)
    torch.testing.assert_close(y, x, atol=1e-4, rtol=0)
    assert torch.equal(beside, x)


def test_topology_starts_as_the_identity():
    layer = SelfAttentionGraphConv(16, 16, num_joints=4, num_heads=2)
    assert torch.equal(layer.topology, torch.stack([torch.eye(4)] * 2))


@pytest.mark.parametrize('frames, expected', [(1, 1), (2, 1), (7, 2), (52, 13), (64, 16)])
def test_time_is_quartered(frames, expected):
    network = InfoGCN(skeleton='ucla20', num_person=1, base_channels=8).eval()
    with torch.no_grad():
        assert network(torch.zeros(2, 1, frames, 20, 3)).shape == (2, 1, 32, expected, 20)


@pytest.mark.parametrize('name', SKELETONS)
def test_any_skeleton(name):
    joints = SKELETONS[name].num_joints
    network = InfoGCN(skeleton=name, num_person=1, in_channels=6, base_channels=8).eval()
    with torch.no_grad():
        assert network(torch.randn(1, 1, 4, joints, 6)).shape == (1, 1, 32, 1, joints)


def test_published_size():
    """1,556,807 parameters with the head for NTU RGB+D 60, of which biases that a batch norm removes are left out here."""
    from mmagenc.models.recognizers.infogcn_head import InfoGCNHead
    ours = sum(parameter.numel() for part in (InfoGCN(), InfoGCNHead(num_classes=60)) for parameter in part.parameters())
    reference = ReferenceInfoGCN(num_classes=60, num_joints=25)
    assert sum(parameter.numel() for parameter in reference.parameters()) == 1556807
    convolutions = [module for module in reference.modules() if isinstance(module, torch.nn.Conv2d)]
    assert ours == 1556807 - sum(module.bias.numel() for module in convolutions)


def test_bfloat16_is_finite_and_near():
    network = InfoGCN(skeleton='ucla20', num_person=1, base_channels=16).train()
    x = torch.rand(4, 1, 16, 20, 3)
    exact = network(x)
    with torch.autocast('cpu', torch.bfloat16):
        output = network(x)
    assert output.dtype == torch.bfloat16
    assert (output - exact).abs().mean() < 0.15 * exact.abs().mean()  # batch norms of few values magnify rounding
    output.float().square().mean().backward()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())


def test_temporal_branches_do_not_mix_joints():
    layer = MultiScaleTemporalConv(16).eval()
    x = torch.randn(1, 9, 3, 16)
    moved = x.clone()
    moved[:, :, 1] += 1
    with torch.no_grad():
        residual = torch.zeros(1, 9, 3, 16)
        change = (layer(moved, residual) - layer(x, residual)).abs().amax(dim=(0, 1, 3))
    assert change[1] > 0 and change[0] == change[2] == 0


@pytest.mark.parametrize('settings, reason', [
    (dict(skeleton='ntu'), "unknown skeleton 'ntu'"),
    (dict(base_channels=12), 'base_channels must be a multiple of 8, got 12'),
    (dict(weight_init='he'), "weight_init must be one of published, scaled, got 'he'"),
    (dict(num_heads=0), "at least 1, got .*'num_heads': 0"),
])
def test_settings_out_of_range(settings, reason):
    with pytest.raises(ValueError, match=reason):
        InfoGCN(**settings)


@pytest.mark.parametrize('shape', [(2, 2, 8, 20, 3), (2, 1, 8, 25, 3), (2, 1, 8, 20, 2), (2, 8, 20, 3)])
def test_inputs_of_another_shape(shape):
    network = InfoGCN(skeleton='ucla20', num_person=1, base_channels=8)
    with pytest.raises(ValueError, match=r'InfoGCN of \(M, V, C\) = \(1, 20, 3\) got an input'):
        network(torch.zeros(shape))


@pytest.mark.parametrize('half', [False, True])
@pytest.mark.filterwarnings('ignore:Dynamo detected a call to a `functools.lru_cache`')
def test_it_compiles_in_one_graph(half):
    """A break in every linear layer made ``compile=True`` slower than the plain network."""
    network = InfoGCN(skeleton='ucla20', num_person=1, base_channels=8)
    with torch.autocast('cpu', torch.bfloat16, enabled=half):
        assert torch._dynamo.explain(network)(torch.randn(2, 1, 8, 20, 3)).graph_break_count == 0
