"""Methods as CUDA graphs: what is recorded, what runs as it is, and (with a GPU) that the numbers stay the same.

Without a GPU the recording is played by a stand-in that keeps to the one rule of a graph: it was made for one form of inputs, and gives
its output in memory of its own, which the next replay overwrites.
"""

import copy
import logging
import shutil
from types import SimpleNamespace

import pytest
import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.registry import init_default_scope
from mmengine.runner import get_priority
from torch import nn
from torch.utils._pytree import tree_flatten

from mmagenc.benchmarks.kinetic_gan import gan_step
from mmagenc.engine import cuda_graphs
from mmagenc.engine.compiled_method import CompiledMethod
from mmagenc.engine.contract import ContractError
from mmagenc.engine.cuda_graphs import GraphedMethod
from mmagenc.engine.hooks import CompileHook, CUDAGraphHook
from mmagenc.engine.hooks.faster_steps import _place
from mmagenc.engine.recorded_call import RecordedCall
from mmagenc.registry import MODELS
from mmagenc.skeletons import get_skeleton
from tests.test_engine.test_recorded_call import playing


class StandIn:
    """Records nothing: calls the module, as a graph would, on inputs of one shape."""

    def __init__(self, fails=0):
        self.recorded, self.fails = [], fails

    def __call__(self, module, samples):
        if self.fails:
            self.fails -= 1
            raise RuntimeError('operation not permitted when stream is capturing')
        module(*samples)  # warming up changes buffers
        shapes = [sample.shape for sample in samples]
        self.recorded.append(shapes)

        def replay(*inputs):
            assert [value.shape for value in inputs] == shapes
            return module(*inputs)

        return replay


class Net(nn.Module):

    def __init__(self):
        super().__init__()
        self.norm, self.linear = nn.BatchNorm1d(3), nn.Linear(3, 2)

    def forward(self, x, factor=1., length=None):
        return self.linear(self.norm(x)) * factor + (0 if length is None else length.sum())


def graphed(capture=None, **kwargs):
    torch.manual_seed(0)
    net, told = Net(), []
    method = GraphedMethod(net, report=told.append, capture=capture or StandIn(), device_type='cpu', **kwargs)
    method.install()
    return net, method, told


def test_one_graph_a_form_and_the_same_numbers():
    net, method, told = graphed()
    plain = Net()
    plain.load_state_dict(net.state_dict())
    for size in (4, 4, 6, 4):
        x = torch.randn(size, 3)
        for one in (net, plain):
            one.zero_grad()
            one(x).square().sum().backward()
        for ours, theirs in zip(net.parameters(), plain.parameters()):
            assert torch.equal(ours.grad, theirs.grad)
    assert torch.equal(net.norm.running_mean, plain.norm.running_mean)  # recording left the statistics as they were
    assert method.capture.recorded == [[(4, 3)], [(6, 3)]] and method.replays == 4 and not told
    method.remove()
    assert 'forward' not in vars(net) and net(x).shape == (4, 2)


def test_constants_and_tensors_elsewhere_are_part_of_the_form():
    net, method, _ = graphed()
    for factor in (1., 2., 1.):
        out = net(torch.ones(4, 3), factor=factor)
        out.sum().backward()
    assert len(method.graphs) == 2


def test_lengths_on_the_cpu_count_by_value():
    """A clip's frames are counted on the CPU; what a graph made of them it would do for any others too."""
    method = GraphedMethod(Net(), report=print, capture=StandIn())  # for a GPU
    forms = [method._form(*tree_flatten(((torch.tensor(length), ), {}))) for length in ([3, 3], [3, 2], [3, 3])]
    assert forms[0] == forms[2] != forms[1]
    assert method._form(*tree_flatten(((object(), ), {}))) is None


def test_what_runs_as_it_is():
    net, method, _ = graphed()
    x = torch.randn(4, 3)
    with torch.no_grad():
        net(x)
    net.eval()(x)
    assert method.replays == 0
    net.train()
    first, second = net(x), net(x)  # the second call's graph would overwrite what the first one's gradient needs
    assert method.replays == 1
    (first + second).sum().backward()
    net(x)
    assert method.replays == 2
    net(x)  # the last output's gradient is never asked for
    assert method.replays == 2
    method.forget()
    net(x)
    assert method.replays == 3


def test_a_form_more_than_there_may_be(monkeypatch):
    monkeypatch.setattr(cuda_graphs, 'MAX_GRAPHS', 1)
    net, method, _ = graphed()
    for size in (4, 5, 4):
        net(torch.randn(size, 3)).sum().backward()
    assert len(method.graphs) == 1 and method.replays == 2


def test_parameters_that_learn_are_part_of_the_form():
    net, method, _ = graphed()
    for learns in (True, False):
        net.norm.requires_grad_(learns)
        net(torch.randn(4, 3)).sum().backward()
    assert len(method.graphs) == 2


@pytest.mark.parametrize('fails, replays, told', [(1, 2, 0), (2, 0, 1)])
def test_what_cannot_be_recorded_runs_as_it_is_and_says_why_once(fails, replays, told):
    net, method, messages = graphed(StandIn(fails))
    before = net.norm.running_mean.clone()
    for _ in range(3):
        net(torch.randn(4, 3)).sum().backward()
    assert method.replays == replays and len(messages) == told and not torch.equal(net.norm.running_mean, before)
    assert all('Net.forward cannot be recorded as a CUDA graph and runs as it is: ' in message and 'capturing' in message
               for message in messages)


def test_small_outputs_are_the_callers():
    """A logged loss must not change under the logger's hands at the next replay."""
    static = torch.zeros(1)
    net, method, _ = graphed(lambda module, samples: lambda *inputs: static.add_(1))
    assert [float(value) for value in [net(torch.ones(4, 3)), net(torch.ones(4, 3))]] == [1., 2.]


GAN = dict(type='KineticGAN', num_classes=3, latent_dim=4, num_frames=16, networks=dict(base_channels=2), loss=dict(n_critic=2),
           representation=dict(type='KeypointRepresentation', skeleton='ntu25', root_center=None, normalization='min_max'))


def gan_steps(model, device, half=False, steps=6):
    """What batches of the GAN's training give, with the same random numbers each time."""
    real, label = torch.rand(4, 16, 25, 3, generator=torch.Generator().manual_seed(0)) * 2 - 1, torch.arange(4) % 3
    step = gan_step(model, real, label, **(dict(wrapper='AmpOptimWrapper', dtype='bfloat16') if half else dict(wrapper='OptimWrapper')))
    torch.manual_seed(1)
    return [step() for _ in range(steps)]


def graphed_gan(device, **kwargs):
    """The same GAN twice, the second with its own graphs."""
    init_default_scope('mmagenc')
    torch.manual_seed(0)
    plain = MODELS.build(GAN)
    plain.representation.std.fill_(1.)
    plain.to(device).train()
    model = copy.deepcopy(plain)
    graphs = [GraphedMethod(*_place(model, name, 'test'), report=pytest.fail, **kwargs) for name in model.graph_targets]
    for graph in graphs:
        graph.install()
    return plain, model, graphs


@pytest.mark.parametrize('capture', [StandIn(), lambda module, samples: RecordedCall(module, samples, playing)], ids=['call', 'recorded'])
def test_a_gans_three_graphs(capture):
    """The critic's (which is differentiated twice), the generator's and that between them; a recording in between disturbs no gradient."""
    plain, model, graphs = graphed_gan('cpu', capture=capture, device_type='cpu')
    assert gan_steps(model, 'cpu') == gan_steps(plain, 'cpu')
    assert [graph.replays for graph in graphs] == [3, 6, 3]
    assert all(torch.allclose(ours, theirs, atol=1e-8) for ours, theirs in zip(model.state_dict().values(), plain.state_dict().values()))


@pytest.mark.skipif(not torch.cuda.is_available(), reason='no GPU to record a graph on')
@pytest.mark.parametrize('half', [False, True])
def test_a_gans_graphs_give_what_it_gives(half):
    plain, model, graphs = graphed_gan('cuda')
    for ours, theirs in zip(gan_steps(model, 'cuda', half), gan_steps(plain, 'cuda', half)):
        assert ours.keys() == theirs.keys()
        for name, value in ours.items():
            torch.testing.assert_close(value, theirs[name], rtol=5e-2 if half else 1e-3, atol=5e-3 if half else 1e-4)
    assert [graph.replays for graph in graphs] == [3, 6, 3]


def test_recording_leaves_alone_what_it_did_not_change():
    """A buffer that an earlier call's gradient needs: written back, it would be one that was modified in place."""
    net, method, _ = graphed()
    buffer = torch.ones(2, requires_grad=False)
    net.register_buffer('table', buffer)
    weight = torch.ones(2, requires_grad=True)
    due = (weight * net.table).sum()
    net(torch.randn(4, 3)).sum().backward()
    due.backward()
    assert weight.grad.tolist() == [1., 1.] and method.replays == 1


@pytest.mark.parametrize('first', [0, 1])
def test_a_graph_of_what_is_compiled_and_either_goes_first(first):
    torch.manual_seed(0)
    net, plain, seen = Net(), Net(), []
    plain.load_state_dict(net.state_dict())
    compiled = CompiledMethod(net, report=pytest.fail, settings=dict(backend=lambda graph, inputs: (seen.append(1), graph.forward)[1]))
    compiled.install()
    graph = GraphedMethod(net, report=pytest.fail, capture=StandIn(), device_type='cpu')
    graph.install()
    x = torch.randn(4, 3)
    for _ in range(2):
        assert torch.equal(net(x), plain(x))
        graph.forget()
    assert graph.replays == 2 and seen
    methods = [compiled, graph]
    methods.pop(first).remove()
    assert vars(net)['forward'] is methods[0]
    assert torch.equal(net(x), plain(x))
    methods[0].remove()
    assert 'forward' not in vars(net) and torch.equal(net(x), plain(x))


def runner(model, **wrapper):
    optim_wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1), **wrapper)
    return SimpleNamespace(model=model, optim_wrapper=optim_wrapper, hooks=[], logger=logging.getLogger('test'))


def test_the_hook_stands_over_compiled_methods_and_not_over_graphs(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    model = nn.ModuleDict(dict(backbone=Net()))
    run = runner(model)
    compiling, recording = CompileHook(settings=dict(backend='eager')), CUDAGraphHook()
    assert get_priority(compiling.priority) < get_priority(recording.priority)  # MMEngine calls the lower first
    run.hooks = [compiling, recording]
    for hook in run.hooks:
        hook.before_train(run)
    assert recording.methods[0].plain is compiling.methods[0]
    for hook in run.hooks:
        hook.after_train(run)
    assert 'forward' not in vars(model['backbone'])
    run.hooks = [CompileHook(settings=dict(mode='max-autotune'))]
    with pytest.raises(ContractError, match="mode='max-autotune' of torch.compile records CUDA graphs itself: leave out one of both"):
        recording.before_train(run)


def test_the_hook_refuses_what_it_cannot_know(monkeypatch):
    model = nn.ModuleDict(dict(neck=Net()))
    with pytest.raises(ContractError, match="ModuleDict has no module and no method 'backbone': set targets"):
        CUDAGraphHook().before_train(runner(model))
    with pytest.raises(ContractError, match="'neck.nothing'"):
        CUDAGraphHook('neck.nothing').before_train(runner(model))
    with pytest.raises(ContractError, match='accumulative_counts must be 1'):
        CUDAGraphHook('neck').before_train(runner(model, accumulative_counts=2))
    pair = runner(model)
    pair.optim_wrapper = OptimWrapperDict(a=OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1), accumulative_counts=2))
    with pytest.raises(ContractError, match='accumulative_counts must be 1'):
        CUDAGraphHook('neck').before_train(pair)


def test_the_hook_without_a_gpu_changes_nothing(monkeypatch, caplog):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    model = nn.ModuleDict(dict(backbone=Net()))
    hook = CUDAGraphHook()
    with caplog.at_level(logging.INFO):
        hook.before_train(runner(model))
    assert 'CUDAGraphHook: there is no GPU, so the model runs as it is' in caplog.text
    assert not hook.methods and 'forward' not in vars(model['backbone'])


def test_the_hook_installs_and_removes(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    model = MODELS.build(CVAE)
    hook = CUDAGraphHook()
    hook.before_train(runner(model))
    assert [method.method for method in hook.methods] == ['loss_of'] and model.loss_of is hook.methods[0]
    hook.methods[0].pending = True
    hook.before_train_iter(None, 0)
    assert not hook.methods[0].pending
    hook.after_train(None)
    assert 'loss_of' not in vars(model)


def test_what_a_model_names_for_each_hook():
    """The critic's loss may be recorded, not compiled: torch.compile does not differentiate twice."""
    gan = runner(MODELS.build(GAN))
    assert [name for _, name in CUDAGraphHook().places(gan)] == ['forward', 'critic_loss', 'generator_loss']
    assert [(place is gan.model.generator, name) for place, name in CompileHook().places(gan)] == [(True, 'forward')]


CVAE = dict(type='TransformerCVAE', num_classes=3, num_layers=2, latent_dim=16, num_heads=2, ff_dim=16, num_frames=6,
            representation=dict(type='RotationRepresentation'))
BACKBONES = dict(
    infogcn=dict(type='InfoGCN', skeleton='ucla20', num_person=1, base_channels=8),
    stgcn=dict(type='FastSTGCN', in_channels=3, base_channels=4, num_stages=2, inflate_stages=[2], down_stages=[2],
               graph_cfg=get_skeleton('ucla20').graph_cfg()))


@pytest.mark.skipif(not torch.cuda.is_available(), reason='no GPU to record a graph on')
def test_a_recording_that_fails_leaves_the_random_numbers():
    """A value of the device is looked at, which recording refuses, after a draw from the device's random numbers."""

    class Looks(nn.Module):

        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(3, 2)

        def forward(self, x):
            x = torch.dropout(x, 0.5, True)
            return self.linear(x) * x.sum().item()

    net, told = Looks().cuda(), []
    method = GraphedMethod(net, report=told.append)
    method.install()
    for _ in range(3):
        net(torch.ones(4, 3, device='cuda')).sum().backward()
    assert method.replays == 0 and len(told) == 1 and torch.rand(2, device='cuda').isfinite().all()


def calls():
    """Models, the method that becomes a graph, and a loss of one call of it."""
    skeletons = torch.randn(4, 1, 16, 20, 3)
    for name, backbone in BACKBONES.items():
        yield name, backbone, 'forward', lambda model: model(skeletons.cuda()).square().mean()
    poses, label = torch.randn(4, 6, 24, 3), torch.arange(4) % 3
    yield 'cvae', CVAE, 'loss_of', lambda model: sum(
        value for key, value in model.loss_of(dict(pose=poses.cuda()), label.cuda(), torch.full((4, ), 6)).items() if 'loss' in key)


def same_steps(plain, model, loss, half=False):
    """Losses, gradients and buffers of three steps, with the same random numbers."""
    for step in range(3):
        results = []
        for one in (plain, model):
            torch.manual_seed(step)
            one.zero_grad(set_to_none=True)
            with torch.autocast('cuda', torch.bfloat16, enabled=half):
                value = loss(one)
            value.backward()
            results.append([value, *(parameter.grad for parameter in one.parameters()), *one.buffers()])
        for ours, theirs in zip(*results):
            assert (ours is None) == (theirs is None)
            if ours is not None:
                torch.testing.assert_close(ours, theirs, rtol=2e-2 if half else 1e-4, atol=2e-3 if half else 1e-5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason='no GPU to record a graph on')
@pytest.mark.parametrize('half', [False, True])
@pytest.mark.parametrize('name, config, method, loss', [pytest.param(*call, id=call[0]) for call in calls()])
def test_a_graph_gives_what_the_method_gives(name, config, method, loss, half):
    plain = MODELS.build(config).cuda().train()
    model = copy.deepcopy(plain)
    graph = GraphedMethod(model, method, report=pytest.fail)
    graph.install()
    same_steps(plain, model, loss, half)
    assert graph.replays == 3


@pytest.mark.skipif(not torch.cuda.is_available() or shutil.which('gcc') is None, reason='no GPU to compile for, or no compiler')
def test_what_is_compiled_and_recorded_gives_what_the_method_gives_and_waits_for_no_other_stream():
    init_default_scope('mmagenc')
    config, method, loss = next(call[1:] for call in calls() if call[0] == 'cvae')
    plain = MODELS.build(dict(config, dropout=0.)).cuda().train()
    model = copy.deepcopy(plain)
    compiled = CompiledMethod(model, method, report=pytest.fail, settings=dict(options=dict(fallback_random=True)))  # PyTorch's numbers
    compiled.install()
    graph = GraphedMethod(model, method, report=pytest.fail)
    graph.install()
    same_steps(plain, model, loss)
    assert graph.replays == 3
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.CUDA]) as profile:
        loss(model).backward()
        torch.cuda.synchronize()
    waits = sum(event.name == 'cudaStreamWaitEvent' for event in profile.events())
    assert waits < len(list(model.parameters())) // 4
