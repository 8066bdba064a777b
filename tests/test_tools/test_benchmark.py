"""The benchmark's report, and that what it compares gives the same results."""

import json
import sys

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope

from mmagenc.engine.selectors import class_distances
from tools import benchmark


def test_loop_is_the_twin_of_the_vectorized_distances():
    rng = np.random.default_rng(0)
    arguments = rng.normal(size=(9, 4)), rng.integers(2, size=9), rng.normal(size=(12, 4)), np.arange(12) % 2
    for ours, loop in zip(class_distances(*arguments), benchmark.class_distances_loop(*arguments)):
        np.testing.assert_allclose(ours, loop, rtol=1e-6)


def test_report(monkeypatch, tmp_path, capsys):
    """The command at toy sizes: every row is there, and the JSON has the promised keys."""
    for name, value in dict(BATCH=2, NUM_FRAMES=3, NUM_LAYERS=1, NUM_GENERATED=2, NUM_FEATURES=30, FEATURE_DIM=4).items():
        monkeypatch.setattr(benchmark, name, value)
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
    monkeypatch.setattr(benchmark, 'GAN_SIZES', sizes)
    rows = benchmark.kinetic_gan(benchmark.Settings(device='cpu', repeats=1))
    assert [row['name'] for row in rows] == ['critic_step', 'critic+generator', 'both_bf16', 'generate']
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
    for name, networks in benchmark.recognizer_pairs(8).items():
        ours, plain = (sum(parameter.numel() for parameter in network.parameters()) for network in networks)
        biases = sum(module.bias.numel() for module in networks[1].modules() if isinstance(module, torch.nn.Conv2d))
        assert plain == (ours + biases if name == 'infogcn' else ours)
