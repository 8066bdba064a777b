"""The benchmark's report, and that what it compares gives the same results."""

import json
import sys

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope

from mmagenc.engine import amp_optim_wrapper
from mmagenc.engine.selectors import class_distances
from tools import benchmark
from tools.benchmarks import cvae, kinetic_gan, p2i, recognizer
from tools.benchmarks.timing import Settings, compare


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
    assert names == [f'{name}_{task}_fp32' for name in ('stgcn', 'stgcnpp', 'infogcn') for task in ('train', 'infer')]


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
    benchmark.main()
    report = json.loads(path.read_text())
    assert report['benchmark'] == 'cvae' and report['device'].startswith('cpu')
    assert [row['name'] for row in report['results'][:3]] == ['train_step_fp32', 'train_step_bf16', 'generate_50']
    assert report['results'][-1]['name'] == 'selection_2000'
    for row in report['results']:
        assert row['ratio'] == pytest.approx(row['reference_s'] / row['ours_s'])
    assert 'generate_50' in capsys.readouterr().out


def test_kinetic_gan(monkeypatch):
    """Every row at toy sizes; both paths take steps."""
    init_default_scope('mmagenc')
    sizes = dict(batch=3, num_frames=16, num_classes=2, latent_dim=4, base=2, num_generated=11)
    monkeypatch.setattr(kinetic_gan, 'GAN_SIZES', sizes)
    rows = kinetic_gan.kinetic_gan(Settings(device='cpu', repeats=1))
    assert [row['name'] for row in rows] == ['critic_step', 'critic+generator', 'both_bf16', 'generate']
    assert all(row['ours_s'] > 0 and row['ratio'] == pytest.approx(row['reference_s'] / row['ours_s']) for row in rows)


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
    benchmark.main()
    rows = json.loads(path.read_text())['results']
    tasks = ('train_fp32', 'train_bf16', 'infer_fp32', 'infer_bf16')
    assert [row['name'] for row in rows] == [f'{name}_{task}' for name in ('stgcn', 'stgcnpp', 'infogcn') for task in tasks]
    for row in rows:
        for path in ('ours', 'reference'):
            assert row[f'{path}_per_s'] * row[f'{path}_s'] == pytest.approx(row['batch'])


def test_recognizers_compared_have_the_same_sizes():
    """Trained numbers alike; InfoGCN's plain form has the biases that batch norms remove, and the head's log-variance is the same."""
    for name, networks in recognizer.recognizer_pairs(8).items():
        ours, plain = (sum(parameter.numel() for parameter in network.parameters()) for network in networks)
        biases = sum(module.bias.numel() for module in networks[1].modules() if isinstance(module, torch.nn.Conv2d))
        assert plain == (ours + biases if name == 'infogcn' else ours)
