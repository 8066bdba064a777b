"""Kernels of our own against PyTorch's operations in float64, in both types, on shapes that leave rests of every kind."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mmagenc.models.layers import (
    ChannelsLastBatchNorm2d,
    RowsBatchNorm1d,
    RowsLayerNorm,
    RowsLinear,
    frame_peaks,
    graph_convolution,
    native,
    norm_relu,
    norm_relu_apart,
    norm_relu_together,
    norm_relu_with_residual,
    products,
    rows,
    temporal_convolution,
)
from mmagenc.models.layers.native import build, calls

pytestmark = pytest.mark.skipif(build.library() is None, reason='no kernels are built here')
TYPES = {torch.float32: 2e-6, torch.bfloat16: 8e-3}
"""How far a result may be, as a share of its own size."""


@pytest.fixture(params=TYPES, ids=['float32', 'bfloat16'])
def dtype(request):
    return request.param


def results(function, inputs, dtype, parameters=()):
    """Outputs of ``function``, and gradients of inputs and parameters under weights that are the same in both types."""
    inputs = [value.detach().to(dtype).requires_grad_() for value in inputs]
    outputs = function(*inputs)
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    drawn = torch.Generator().manual_seed(3)
    loss = sum((y.double() * torch.randn(y.shape, generator=drawn, dtype=torch.float64)).sum() for y in outputs)
    return [*(y.detach() for y in outputs), *torch.autograd.grad(loss, [*inputs, *parameters])]


def assert_near(ours, truth, dtype):
    assert len(ours) == len(truth)
    for number, (value, true) in enumerate(zip(ours, truth)):
        assert value.shape == true.shape
        assert (value.double() - true).norm() <= TYPES[dtype] * true.norm(), f'result {number}'


@pytest.mark.parametrize('batch, joints, heads, dim, channels, out_channels', [
    (70, 20, 3, 8, 64, 64),  # NW-UCLA's first block, in several groups and parts
    (9, 25, 3, 16, 128, 256),
    (3, 17, 2, 4, 32, 16),
    (1, 5, 1, 3, 16, 48),
    (2, 64, 1, 1, 16, 16),
    (11, 33, 5, 17, 48, 80),
    (4, 30, 3, 2, 16, 32),  # heads of 30 columns: the last's vectors do not reach the end of a row
    (5, 22, 4, 6, 32, 144),
    (3, 30, 4, 2, 16, 16),  # queries of a frame that are less than a vector
])
@pytest.mark.parametrize('through', [False, True])
def test_graph_convolution(batch, joints, heads, dim, channels, out_channels, through, dtype):
    """Output and gradients, with and without what ``x`` is needed for afterwards."""
    x, qk = torch.randn(batch, joints, channels).to(dtype), torch.randn(batch, joints, 2, heads, dim).to(dtype)
    topology, weight = torch.randn(heads, joints, joints), torch.randn(out_channels, heads * channels) / channels**0.5
    pairs = []
    for kind in (dtype, torch.float64):
        parameters = [value.to(torch.float32 if kind == dtype else kind).requires_grad_() for value in (topology, weight)]

        def function(x, qk, parameters=parameters):
            y, beside = graph_convolution(x, qk, *parameters, dim**-0.5)
            assert ('GraphConvolution' in y.grad_fn.name()) == (x.dtype != torch.float64)
            return [y, beside * 1] if through else y

        pairs.append(results(function, [x, qk], kind, parameters))
    assert_near(*pairs, dtype)


def test_graph_convolution_without_what_the_gradient_needs(dtype):
    x, qk, topology, weight = torch.randn(4, 20, 32), torch.randn(4, 20, 2, 3, 4), torch.randn(3, 20, 20), torch.randn(16, 96)
    with torch.no_grad():
        y, _ = graph_convolution(x.to(dtype), qk.to(dtype), topology, weight, 0.5)
        truth, _ = graph_convolution(x.to(dtype).double(), qk.to(dtype).double(), topology.double(), weight.double(), 0.5)
    assert_near([y], [truth], dtype)


@pytest.mark.parametrize('count, channels', [(1000, 64), (257, 128), (70, 48), (5, 16), (12, 80)])
@pytest.mark.parametrize('kind', ['relu', 'residual', 'apart', 'together', 'plain', 'plain of rows'])
def test_batch_norm(count, channels, kind, dtype):
    """Output, gradients of all that goes in and of the parameters, and running statistics."""
    norm = (RowsBatchNorm1d if kind == 'plain of rows' else ChannelsLastBatchNorm2d)(channels)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    x, residual = (torch.randn(count, channels) * 3 + 5).to(dtype), torch.randn(count, channels).to(dtype)

    def function(norm, x, residual):
        if kind == 'relu':
            return norm_relu(norm, x)
        if kind == 'residual':
            return [y * 1 for y in norm_relu_with_residual(norm, x, residual)]
        if kind == 'apart':
            return norm_relu_apart(norm, x, channels // 16)
        if kind == 'together':
            return norm_relu_together(norm, x.split([16] * (channels // 16), dim=-1), residual)
        return norm(x) if kind == 'plain of rows' else norm(rows.as_image(x)).permute(0, 2, 3, 1)

    pairs, taken = [], [x, residual] if kind in ('residual', 'together') else [x]
    for own in (norm, copy.deepcopy(norm).double()):
        found = results(lambda *inputs, own=own: function(own, *inputs, *[None] * (2 - len(inputs))), taken,
                        dtype if own is norm else torch.float64, [own.weight, own.bias])
        pairs.append([*found, own.running_mean, own.running_var])
        assert own.num_batches_tracked == 1
    if kind == 'together' and dtype == torch.bfloat16:  # where both ReLUs are near their edge, half precision decides
        pairs = [[value for number, value in enumerate(found) if number in (0, 5, 6)] for found in pairs]
    assert_near(*pairs, dtype)


@pytest.mark.parametrize('turned', ['x', 'residual', 'weight', 'bias'])
def test_what_lies_apart(turned):
    """Channels that do not lie side by side, parameters that are every other number of a table: what is between must not be read."""
    norm, x, residual = ChannelsLastBatchNorm2d(32), torch.randn(32, 48), torch.randn(32, 48)
    values = dict(x=x.t() if turned == 'x' else torch.randn(48, 32), residual=residual.t() if turned == 'residual' else torch.randn(48, 32))
    table = torch.randn(32, 2)
    if turned in ('weight', 'bias'):
        setattr(norm, turned, nn.Parameter(table[:, 0]))
        assert not getattr(norm, turned).is_contiguous()
    plain = F.batch_norm(values['x'], None, None, norm.weight, norm.bias, training=True)
    expected = F.relu(plain + values['residual'])
    torch.testing.assert_close(norm_relu(norm, **values), expected, atol=1e-5, rtol=1e-5)
    together = norm_relu_together(norm, values['x'].split(16, dim=-1), values['residual'])
    torch.testing.assert_close(together, F.relu(F.relu(plain) + values['residual']), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('settings', [dict(momentum=None), dict(track_running_stats=False), dict(eps=0.1)])
def test_batch_norms_settings(settings):
    norm = ChannelsLastBatchNorm2d(16, **settings)
    plain, x = nn.BatchNorm2d(16, **settings), torch.randn(40, 16)
    for _ in range(3):
        y = norm_relu(norm, x)
        torch.testing.assert_close(y, F.relu(plain(x[:, :, None, None])[:, :, 0, 0]), atol=1e-5, rtol=1e-5)
        assert 'NormalizeParts' in y.grad_fn.name() or 'View' in y.grad_fn.name()
    for ours, theirs in zip(norm.state_dict().values(), plain.state_dict().values()):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_a_mean_far_from_zero_costs_no_digits():
    """Sums are about the mean of each chunk's first rows: with sums of squares nothing would be left of the variance."""
    x = torch.randn(5000, 16) + 1e4
    mean, inverse = calls.statistics([x], 0.)
    torch.testing.assert_close(mean.double(), x.double().mean(dim=0), rtol=1e-7, atol=0)
    torch.testing.assert_close(inverse.double(), 1 / x.double().std(dim=0, unbiased=False), rtol=1e-4, atol=0)


@pytest.mark.parametrize('count, channels', [(1000, 64), (257, 128), (3, 48)])
@pytest.mark.parametrize('through', [False, True])
def test_layer_norm(count, channels, through, dtype):
    norm, x = RowsLayerNorm(channels), (torch.randn(count, channels) * 2 + 1).to(dtype)
    nn.init.normal_(norm.weight)
    pairs = []
    for own in (norm, copy.deepcopy(norm).double()):
        pairs.append(results(lambda x, own=own: [y * 1 for y in own.with_input(x)[:1 + through]], [x],
                             dtype if own is norm else torch.float64, [own.weight, own.bias]))
    assert_near(*pairs, dtype)


@pytest.mark.parametrize('clips, frames, joints, channels, out_channels', [(3, 13, 20, 64, 64), (2, 9, 25, 32, 48), (20, 6, 5, 16, 32),
                                                                           (1, 1, 3, 16, 16), (2, 2, 7, 48, 16)])
@pytest.mark.parametrize('taps, stride, dilation', [(5, 1, 1), (5, 1, 2), (5, 2, 1), (5, 2, 2), (3, 3, 1), (9, 1, 1)])
def test_temporal_convolution_and_peaks(clips, frames, joints, channels, out_channels, taps, stride, dilation, dtype):
    conv = nn.Conv2d(channels, out_channels, (taps, 1), (stride, 1), (taps // 2 * dilation, 0), (dilation, 1), bias=False)
    conv.weight.data = conv.weight.data.to(dtype).float()
    x, pairs = torch.randn(clips, frames, joints, channels).to(dtype), []
    for own in (conv, copy.deepcopy(conv).double()):
        kind = dtype if own is conv else torch.float64
        pairs.append([*results(lambda x, own=own: temporal_convolution(own, x), [x], kind, [own.weight]),
                      *results(lambda x: frame_peaks(x, stride), [x], kind)])
    assert_near(*pairs, dtype)


@pytest.mark.parametrize('no_number', [False, True])
@pytest.mark.parametrize('stride', [1, 2, 3])
def test_which_of_equals_gets_the_peaks_gradient(stride, no_number):
    """As PyTorch's, the first; after a ReLU there are many zeros. Of what is no number, the last."""
    x = torch.randint(0, 2, (2, 9, 4, 16)).float()
    if no_number:
        x[torch.rand(x.shape) < 0.3] = math.nan
    x.requires_grad_()
    theirs = F.max_pool2d(x.permute(0, 3, 1, 2), (3, 1), stride=(stride, 1), padding=(1, 0)).permute(0, 2, 3, 1)
    y = torch.randn(theirs.shape)
    ours = frame_peaks(x, stride)
    torch.testing.assert_close(ours, theirs, equal_nan=True)
    torch.testing.assert_close(*(torch.autograd.grad(each, x, y)[0] for each in (ours, theirs)))


@pytest.mark.parametrize('count, channels, out_channels', [(2000, 64, 48), (1999, 128, 96), (1001, 48, 16), (70, 256, 192), (121, 16, 80)])
@pytest.mark.parametrize('bias', [False, True])
@pytest.mark.parametrize('through', [False, True])
def test_linear(count, channels, out_channels, bias, through, dtype, monkeypatch):
    monkeypatch.setattr(rows, 'KERNEL_ROWS', 1)
    monkeypatch.setattr(products, 'FASTER', True)
    layer, x, pairs = RowsLinear(channels, out_channels, bias=bias), torch.randn(count, channels).to(dtype), []
    layer.weight.data = layer.weight.data.to(dtype).float()
    for own in (layer, copy.deepcopy(layer).double()):
        with torch.autocast('cpu', torch.bfloat16, enabled=own is layer and dtype == torch.bfloat16):
            pairs.append(results(lambda x, own=own: [y * 1 for y in own.with_input(x)[:1 + through]], [x],
                                 dtype if own is layer else torch.float64, list(own.parameters())))
    assert_near(*pairs, dtype)


@pytest.mark.parametrize('count, ours', [(1023, False), (1024, True)])
def test_few_rows_of_a_wide_layer_are_not_ours(count, ours, monkeypatch):
    """SLT's layer of 26 million weights has 32 rows: turning them takes longer than the product."""
    monkeypatch.setattr(products, 'FASTER', True)
    layer, called = RowsLinear(64, 64), []
    monkeypatch.setattr(native.Linear, 'apply', lambda *arguments: called.append(1) or (F.linear(*arguments), arguments[0]))
    layer(torch.randn(count, 64))
    assert bool(called) == ours


def everything(dtype):
    """All kernels, one after the other, and all gradients."""
    torch.manual_seed(0)
    values = [torch.randn(48, 5, 32).to(dtype), torch.randn(48, 5, 2, 3, 4).to(dtype), torch.randn(3, 5, 5), torch.randn(32, 96),
              torch.randn(32, 32, 5)]
    norm, (x, qk, topology, weight, taps) = ChannelsLastBatchNorm2d(32), [value.requires_grad_() for value in values]
    normed, x = RowsLayerNorm(32).with_input(x)
    y, x = graph_convolution(x + normed, qk, topology, weight, 0.5)
    y, x = norm_relu_with_residual(norm, y, x)
    y = native.TemporalConvolution.apply(y.view(4, 12, 5, 32), taps, 2, 1)
    y = frame_peaks(y) + native.Linear.apply(x.reshape(-1, 32), weight[:, :32], None)[0].view(4, 12, 5, 32)[:, ::2]
    return [y.detach(), *torch.autograd.grad((y.float() * torch.arange(32)).sum(), values), norm.running_mean, norm.running_var]


def test_threads_change_nothing(dtype):
    """To the last bit: sums are taken in parts that do not depend on how many there are."""
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 5):
            torch.set_num_threads(threads)
            found.append(everything(dtype))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(one, other) for several in found[1:] for one, other in zip(found[0], several))


@pytest.mark.parametrize('where', ['x', 'qk'])
def test_what_is_no_number_stays(where, dtype):
    """An input that is not a number must come out as one: a maximum or an exponential that swallows it would hide a broken training."""
    x, qk = torch.randn(4, 5, 32).to(dtype), torch.randn(4, 5, 2, 3, 4).to(dtype)
    dict(x=x, qk=qk)[where].flatten(1)[2, 7] = torch.nan
    y, _ = graph_convolution(x, qk, torch.randn(3, 5, 5), torch.randn(32, 96), 0.5)
    assert y[2].isnan().any() and not y[[0, 1, 3]].isnan().any()
    x = torch.randn(1, 9, 2, 16).to(dtype)
    x[0, 4, 1, 3] = torch.nan
    assert frame_peaks(x)[0, 3:6, 1, 3].isnan().all() and frame_peaks(x).isnan().sum() == 3
    assert norm_relu(ChannelsLastBatchNorm2d(16), x)[..., 3].isnan().all()
    assert RowsLayerNorm(16)(x)[0, 4, 1].isnan().all()


@pytest.mark.parametrize('change', [dict(channels=24), dict(dtype=torch.float64), dict(dtype=torch.float16)])
def test_what_they_do_not_serve_is_pytorchs(change):
    x = torch.randn(2, 5, change.get('channels', 32)).to(change.get('dtype', torch.float32))
    assert not native.serves(x)


def test_scores_of_any_size_are_weighed():
    """Differences of a thousand: the largest takes all, and nothing overflows."""
    x, qk = torch.randn(1, 5, 16), torch.full((1, 5, 2, 1, 1), 40.)
    qk[0, :, 1, 0, 0] = torch.tensor([-1e4, 0, 1, 30, 29])
    y, _ = graph_convolution(x, qk, torch.ones(1, 5, 5), torch.eye(16), 1.)
    torch.testing.assert_close(y, x[:, 3:4].expand(1, 5, 16), atol=1e-5, rtol=1e-5)


def test_pieces_of_channels():
    """Borders of any tensor cut them all; each piece knows its place in each."""
    pieces = calls._pieces(('x', 'grad'), ((32, 16), (16, 16, 16)))
    assert [piece[:2] for piece in pieces] == [(0, 16), (16, 16), (32, 16)]
    assert [piece[2] for piece in pieces] == [[(0, 0, 0, 0), (3, 1, 0, 0)], [(0, 0, 0, 16), (3, 1, 1, 0)], [(0, 0, 1, 0), (3, 1, 2, 0)]]


def test_no_memory_is_said(monkeypatch):
    monkeypatch.setattr(calls, '_kernels', lambda: type('Kernels', (), {
        'mmagenc_peak_float32': type('Failing', (), {'argtypes': (), '__call__': lambda self, *arguments: 1})()}))
    with pytest.raises(MemoryError, match='no memory for the working space of peak'):
        calls.peak(torch.zeros(1, 1, 1, 16), 1)


def test_where_bfloat16_has_tiles_products_are_pytorchs(monkeypatch):
    """Matrix tiles of a processor multiply several times as fast; everything else stays ours."""
    monkeypatch.setattr(calls, '_has_tiles', lambda: True)
    x, qk = torch.randn(4, 5, 32, requires_grad=True).bfloat16(), torch.randn(4, 5, 2, 3, 4).bfloat16()
    with torch.autocast('cpu', torch.bfloat16):
        y, _ = graph_convolution(x, qk, torch.randn(3, 5, 5), torch.randn(32, 96), 0.5)
    assert 'GraphConvolution' not in y.grad_fn.name() and native.multiplies(torch.zeros(1)) and native.serves(x)
