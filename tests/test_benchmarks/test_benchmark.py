"""The benchmark's report, and that what it compares gives the same results."""

import json
import sys
import time
from functools import partial

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope

from mmagenc.benchmarks import act_vae, cvae, gpu, kinetic_gan, p2i, recognizer, slt
from mmagenc.benchmarks.timing import Settings, compare
from mmagenc.commands import benchmark
from mmagenc.engine import amp_optim_wrapper, cuda_graphs
from mmagenc.engine.selectors import class_distances
from tests.commands import main


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    """A CPU with instructions for bfloat16, whichever runs the tests."""
    monkeypatch.setattr(amp_optim_wrapper, 'has_fast_bfloat16', lambda: True)


def test_the_published_code_is_a_third_path():
    calls = []
    paths = [lambda name=name: calls.append(name) for name in ('ours', 'plain', 'published')]
    row = compare('step', paths[0], paths[1], Settings(device='cpu', repeats=2, clock='cpu'), published=paths[2], note=1)
    assert calls == ['ours', 'plain', 'published'] * 3 and row['note'] == 1
    assert row['published_ratio'] == pytest.approx(row['published_s'] / row['ours_s'])


def test_no_bfloat16_where_it_is_emulated(monkeypatch):
    monkeypatch.setattr(amp_optim_wrapper, 'has_fast_bfloat16', lambda: False)
    names = [row['name'] for row in recognizer.recognizer(Settings(device='cpu', repeats=1, quick=True))]
    assert names == [*(f'{name}_{task}_fp32' for name in ('stgcn', 'stgcnpp', 'infogcn') for task in ('train', 'infer')), 'batch_handover']


def test_loop_is_the_twin_of_the_vectorized_distances():
    rng = np.random.default_rng(0)
    arguments = rng.normal(size=(9, 4)), rng.integers(2, size=9), rng.normal(size=(12, 4)), np.arange(12) % 2
    for ours, loop in zip(class_distances(*arguments), cvae.class_distances_loop(*arguments)):
        np.testing.assert_allclose(ours, loop, rtol=1e-6)


def test_report(monkeypatch, tmp_path, capsys):
    """The command at toy sizes: every row is there, and the JSON has the promised keys."""
    for name, value in dict(BATCH=2, NUM_FRAMES=3, NUM_LAYERS=1, NUM_GENERATED=2, NUM_FEATURES=30, FEATURE_DIM=4).items():
        monkeypatch.setattr(cvae, name, value)
    path = tmp_path / 'report.json'
    monkeypatch.setattr(sys, 'argv', ['benchmark', 'cvae', '--json', str(path), '--repeats', '1', '--device', 'cpu'])
    main(benchmark)
    report = json.loads(path.read_text())
    assert report['benchmark'] == 'cvae' and report['device'].startswith('cpu')
    assert [row['name'] for row in report['results'][:3]] == ['train_step_fp32', 'train_step_bf16', 'generate_50']
    assert report['results'][-1]['name'] == 'selection_2000'
    for row in report['results']:
        assert row['ratio'] == pytest.approx(row['reference_s'] / row['ours_s'])
    assert 'generate_50' in capsys.readouterr().out


def test_act_vae(monkeypatch):
    """Every row at toy sizes; both paths take steps."""
    init_default_scope('mmagenc')
    monkeypatch.setattr(act_vae, 'SIZES', dict(batch=3, latent_dim=4, num_predictions=2))
    rows = act_vae.act_vae(Settings(device='cpu', repeats=1))
    assert [row['name'] for row in rows] == ['train_step', 'train_1_roll_out', 'predict_2']
    assert all(row['ours_s'] > 0 and row['ratio'] == pytest.approx(row['reference_s'] / row['ours_s']) for row in rows)


def test_slt(monkeypatch):
    """Every row at toy sizes, in both stages; both paths take steps."""
    init_default_scope('mmagenc')
    sizes = dict(num_frames=4, batch=3, pose_batch=4, latent_dim=3, noise_dim=2, hidden_dim=4, wide_dim=5, num_generated=6)
    monkeypatch.setattr(slt, 'SIZES', sizes)
    rows = slt.slt(Settings(device='cpu', repeats=1))
    assert [row['name'] for row in rows] == ['pose_step', 'clip_step', 'generate_6']
    assert all(row['ours_s'] > 0 and row['ratio'] == pytest.approx(row['reference_s'] / row['ours_s']) for row in rows)


def test_kinetic_gan(monkeypatch):
    """Every row at toy sizes; both paths take steps."""
    init_default_scope('mmagenc')
    sizes = dict(batch=3, num_frames=16, num_classes=2, latent_dim=4, base=2, num_generated=11)
    monkeypatch.setattr(kinetic_gan, 'GAN_SIZES', sizes)
    rows = kinetic_gan.kinetic_gan(Settings(device='cpu', repeats=1))
    assert [row['name'] for row in rows] == ['critic_step', 'critic_step_bf16', 'critic+generator', 'critic+generator_bf16', 'generate']
    assert all(row['ours_s'] > 0 and row['ratio'] == pytest.approx(row['reference_s'] / row['ours_s']) for row in rows)


GENERATOR = """
import torch
from .init_gan.tgcn import weight

class Generator(torch.nn.Module):
    def __init__(self, in_channels, out_channels, n_classes, t_size, mlp_dim=4, edge_importance_weighting=True, dataset='ntu'):
        super().__init__()
        self.scale = torch.nn.Parameter(weight().cuda())
        self.shape = out_channels, t_size, 25

    def forward(self, x, labels, trunc=None):
        return self.scale * torch.randn(len(x), *self.shape, device='cuda:0') + x.mean() + labels.view(-1, 1, 1, 1)
"""
CRITIC = """
import torch
from .init_gan.tgcn import weight

class Discriminator(torch.nn.Module):
    def __init__(self, in_channels, n_classes, t_size, latent, edge_importance_weighting=True, dataset='ntu'):
        super().__init__()
        self.scale = torch.nn.Parameter(weight().cuda())

    def forward(self, x, labels):
        return (self.scale * x.square()).mean(dim=(1, 2, 3))[:, None]
"""


def test_published_kinetic_gan(monkeypatch, tmp_path):
    """A checkout of the published layout, for CUDA only: it runs on a CPU, takes steps as the script does, and leaves no traces."""
    for name, text in dict(generator=GENERATOR, discriminator=CRITIC).items():
        (tmp_path / 'models/init_gan').mkdir(parents=True, exist_ok=True)
        (tmp_path / f'models/{name}.py').write_text(text)
    (tmp_path / 'models/init_gan/tgcn.py').write_text('import torch\n\ndef weight():\n    return torch.ones(1)\n')
    init_default_scope('mmagenc')
    sizes = dict(batch=3, num_frames=16, num_classes=2, latent_dim=4, base=2, num_generated=11)
    monkeypatch.setattr(kinetic_gan, 'GAN_SIZES', sizes)
    before, path, randn, cuda = set(sys.modules), list(sys.path), torch.randn, torch.Tensor.cuda
    rows = kinetic_gan.kinetic_gan(Settings(device='cpu', repeats=1, published=tmp_path))
    assert all('published_ratio' in row for row in rows)
    assert not [name for name in set(sys.modules) - before if name.split('.')[0] == 'models'] and sys.path == path
    assert torch.randn is randn and torch.Tensor.cuda is cuda

    trainer = kinetic_gan.PublishedTrainer(tmp_path, sizes, 2, torch.device('cpu'))
    real, label, weights = torch.randn(3, 3, 16, 25), torch.tensor([0, 1, 0]), []
    for _ in range(4):
        losses = trainer.step(real, label)
        weights.append((trainer.generator.scale.item(), trainer.critic.scale.item(), len(losses)))
    assert [count for *_, count in weights] == [1, 2, 1, 2] and len({critic for _, critic, _ in weights}) == 4
    assert weights[0][0] == 1 and weights[1][0] == weights[2][0] != weights[3][0]
    assert trainer.generate(torch.tensor([1, 0])).shape == (2, 3, 16, 25)
    with pytest.raises(FileNotFoundError, match=r'no models/generator.py there; a checkout of DegardinBruno/Kinetic-GAN'):
        kinetic_gan.published_networks(tmp_path / 'models')


def test_p2i():
    """Every row at toy sizes; both paths take steps and make frames."""
    init_default_scope('mmagenc')
    rows = p2i.p2i(Settings(device='cpu', repeats=1, quick=True))
    assert [row['name'] for row in rows] == ['train_step_fp32', 'train_step_bf16', 'frames']
    assert all(row['ours_s'] > 0 and row['ratio'] == pytest.approx(row['reference_s'] / row['ours_s']) for row in rows)


def test_recognizers(monkeypatch, tmp_path):
    """Three networks, two tasks, two precisions; samples a second follow from the seconds."""
    path = tmp_path / 'report.json'
    monkeypatch.setattr(sys, 'argv', ['benchmark', 'recognizer', '--quick', '--json', str(path), '--repeats', '1', '--device', 'cpu'])
    main(benchmark)
    rows = json.loads(path.read_text())['results']
    tasks = ('train_fp32', 'train_bf16', 'infer_fp32', 'infer_bf16')
    networks = [f'{name}_{task}' for name in ('stgcn', 'stgcnpp', 'infogcn') for task in tasks]
    assert [row['name'] for row in rows] == [*networks, 'batch_handover']
    for row in rows:
        for path in ('ours', 'reference'):
            assert row[f'{path}_per_s'] * row[f'{path}_s'] == pytest.approx(row['batch'])


def test_recognizers_compared_have_the_same_sizes():
    """Trained numbers alike; InfoGCN's plain form has the biases that batch norms remove, and the head's log-variance is the same."""
    for name, networks in recognizer.recognizer_pairs(8).items():
        ours, plain = (sum(parameter.numel() for parameter in network.parameters()) for network in networks)
        biases = sum(module.bias.numel() for module in networks[1].modules() if isinstance(module, torch.nn.Conv2d))
        assert plain == (ours + biases if name == 'infogcn' else ours)


FAKE_MODEL = """
import torch
from graph.ucla import Graph


class InfoGCN(torch.nn.Module):

    def __init__(self, num_class, num_point, num_person, graph, k, noise_ratio, gain):
        super().__init__()
        module, name = graph.rsplit('.', 1)
        assert getattr(__import__(module, fromlist=[name]), name) is Graph
        self.A_vector, self.z_prior = torch.eye(num_point, dtype=torch.float64), torch.zeros(num_class, 4)
        self.latent, self.decoder = torch.nn.Linear(3, 4), torch.nn.Linear(4, num_class)

    def forward(self, x):
        assert x.shape[1] == 3 and x.shape[3:] == (20, 1)
        z = self.latent((self.A_vector @ x.permute(0, 4, 2, 3, 1)).mean(dim=(1, 2, 3)))
        return self.decoder(z), z
"""
FAKE_LOSS = """
import torch


class LabelSmoothingCrossEntropy(torch.nn.CrossEntropyLoss):
    pass


def get_mmd_loss(z, z_prior, y, num_cls):
    return (z.mean() - z_prior.mean()) ** 2, z.norm(), z
"""


@pytest.fixture
def published(tmp_path):
    """A folder with the published code's modules, names and shapes, and next to nothing in them."""
    for name, text in {'model/infogcn.py': FAKE_MODEL, 'graph/ucla.py': 'class Graph: pass', 'loss.py': FAKE_LOSS}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_published_infogcn(published, tmp_path):
    """A third path in InfoGCN's rows, which trains; the names of its modules are free afterwards."""
    path = list(sys.path)
    network = recognizer.PublishedInfoGCN(published)
    assert not {'model', 'loss', 'graph.ucla'} & set(sys.modules) and sys.path == path
    x, label = torch.randn(2, 1, 4, 20, 3), torch.arange(2)
    before = [parameter.clone() for parameter in network.parameters()]
    recognizer.published_step(network, x, label, False)()
    assert not any(torch.equal(parameter, old) for parameter, old in zip(network.parameters(), before))
    main(benchmark, ['recognizer', '--device', 'cpu', '--repeats', '1', '--quick', '--clock', 'cpu', '--threads',
                     str(torch.get_num_threads()), '--published', str(published), '--out', str(tmp_path / 'rows.json')])
    rows = json.loads((tmp_path / 'rows.json').read_text())['results']
    assert [row['name'] for row in rows if 'published_s' in row] == [row['name'] for row in rows if row['name'].startswith('infogcn')]


def test_published_code_that_is_not_there(published, tmp_path):
    (tmp_path / 'empty').mkdir()
    with pytest.raises(ValueError, match=r"empty: no model there; it takes a copy of InfoGCN's published code"):
        recognizer.PublishedInfoGCN(tmp_path / 'empty')
    (published / 'loss.py').write_text('import no_such_package')
    with pytest.raises(ValueError, match='needs a package that is not installed: pip install no_such_package'):
        recognizer.PublishedInfoGCN(published)


def test_gpu(monkeypatch, capsys):
    """Everything at toy sizes on the CPU, nothing compiled, which takes a minute: rates follow from the seconds."""
    init_default_scope('mmagenc')
    contests = gpu.recognizer_contests
    monkeypatch.setattr(gpu, 'recognizer_contests', lambda *args: contests(*args)[:2])  # ST-GCN's; InfoGCN's are made alike
    monkeypatch.setattr(gpu, 'half_precision', lambda settings: False)
    monkeypatch.setattr(gpu, 'failure', lambda function: 'not tried')
    told = []
    rows = gpu.gpu(Settings(device='cpu', repeats=1, quick=True, told=told.append))
    assert told == rows, 'what is said on the way is what stands in the table'
    tasks = ('cvae_train', 'cvae_generate', 'kinetic_gan_train', 'kinetic_gan_generate', 'stgcn_train', 'stgcn_infer')
    assert [row['name'] for row in rows] == [f'{task}_fp32{end}' for task in tasks for end in ('', '_compiled')]
    assert [bool(row['way']) for row in rows] == ['failed' in row for row in rows]
    for row in rows:
        if 'failed' not in row:
            assert row['clips_per_s'] * row['ours_s'] == pytest.approx(row['clips']) == row['plain_clips_per_s'] * row['reference_s']
            assert row['flops'] > 0 < row['peak_share'] and row['ratio'] == pytest.approx(row['reference_s'] / row['ours_s'])
    gpu.print_gpu(dict(device='cpu', torch='2', results=rows, half_precision=False))
    assert 'stgcn_infer_fp32_compiled' in capsys.readouterr().out


def test_operations_of_gradients_are_counted():
    x, weight = torch.randn(5, 3), torch.randn(3, 2, requires_grad=True)
    with gpu.Operations() as counter:
        gradient, = torch.autograd.grad((x @ weight).square().sum(), weight, create_graph=True)
        gradient.square().sum().backward()
    assert counter.total >= 2 * 2 * 5 * 3 * 2 and counter.total % (2 * 5 * 3 * 2) == 0


def test_a_compiled_row():
    layer, x = torch.nn.Linear(2, 2), torch.randn(3, 2)
    contest = gpu.Contest('linear', lambda half: lambda: layer(x), lambda half: lambda: x @ layer.weight, 3, [(layer, 'forward')])
    row = gpu.measure('linear_fp32_compiled', contest, 'fp32', 1e9, 'compiled', 2, Settings(device='cpu', repeats=1, quick=True))
    assert row['name'] == 'linear_fp32_compiled' and row['flops'] == 2 * 3 * 2 * 2 and row['clips_per_s'] > 0
    assert row['steps'] == 2 and 'forward' not in vars(layer)


def test_rows_picked_by_name(monkeypatch, tmp_path, capsys):
    layer = torch.nn.Linear(2, 2)
    made = [gpu.Contest(name, lambda half: layer, lambda half: layer, 1, [(layer, 'forward')]) for name in ('one', 'two')]
    for name in ('cvae_contests', 'gan_contests'):
        monkeypatch.setattr(gpu, name, lambda *args: [])
    monkeypatch.setattr(gpu, 'recognizer_contests', lambda *args: made)
    monkeypatch.setattr(gpu, 'measure', lambda name, *args: dict(name=name, failed='not tried'))
    path = tmp_path / 'rows.json'
    main(benchmark, ['gpu', '--quick', '--repeats', '1', '--device', 'cpu', '--only', '*_fp32', 'two_fp32_c*', '--out', str(path)])
    rows = json.loads(path.read_text())['results']
    assert [row['name'] for row in rows] == ['one_fp32', 'two_fp32', 'two_fp32_compiled'] and 'two_fp32_compiled' in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(benchmark, ['cvae', '--only', '*'])
    assert '--only picks rows of gpu' in capsys.readouterr().err


def test_as_many_calls_as_a_second_holds():
    settings = Settings(device='cpu', repeats=1)
    assert gpu.affordable(lambda: None, 10, settings) == 10
    assert gpu.affordable(lambda: time.sleep(0.3), 10, settings) in (2, 3)


def test_graphs_are_taken_for_the_contest_and_given_back(monkeypatch):
    monkeypatch.setattr(gpu, 'GraphedMethod', partial(cuda_graphs.GraphedMethod, capture=lambda *args: 1 / 0, device_type='cpu'))
    layer, x = torch.nn.Linear(2, 2), torch.randn(1, 2)
    contest = gpu.Contest('linear', None, None, 1, [], [(layer, 'forward')])
    with gpu.graphed(contest, Settings(device='cpu', repeats=1)):
        assert 'Linear.forward cannot be recorded' in gpu.failure(lambda: layer(x))
    assert 'forward' not in vars(layer)


def test_what_cannot_be_compiled_says_why_and_is_as_before(monkeypatch):
    layer, x = torch.nn.Linear(2, 2), torch.randn(1, 2)
    monkeypatch.setattr(gpu, 'COMPILER', dict(backend=lambda *args: 1 / 0))
    with gpu.compiled(gpu.Contest('linear', None, None, 1, [(layer, 'forward')]), Settings(device='cpu', repeats=1)):
        assert 'division by zero' in gpu.failure(lambda: layer(x))
    assert gpu.failure(lambda: layer(x)) is None and 'forward' not in vars(layer)
