"""The sweep: exponents from known growth, every cost runs at toy sizes, memory is that of the work alone."""

import json
import sys

import numpy as np
import pytest
from PIL import Image

from mmagenc.benchmarks import sweep as module
from mmagenc.benchmarks.sweep import Sweep, apart, exponent, measure, too_fast
from mmagenc.benchmarks.timing import Settings
from mmagenc.commands import benchmark
from tests.commands import main, parse_args

SETTINGS = Settings(device='cpu', repeats=1, quick=True)


@pytest.mark.parametrize('power', [0, 1, 2])
def test_exponents_of_known_growth(power):
    sizes = (5, 10, 20, 40, 80)
    assert exponent(sizes, [3e-3 * size**power for size in sizes]) == pytest.approx(power)
    assert exponent(sizes, [50., *(3e-3 * size**power for size in sizes[1:])]) == pytest.approx(power)  # fixed costs of small sizes
    assert exponent(sizes, [1e-6 * size**power for size in sizes], least=1.) == 0


def test_what_grows_too_fast_is_said(capsys):
    row = dict(name='a/clips', task='a', axis='clips', sizes=[1, 2], seconds=[1, 4], memory_mb=[1, 4], expected=1, time_exponent=2.,
               memory_exponent=1.1)
    assert too_fast(row) == ['time'] and too_fast(dict(row, expected=2)) == []
    assert too_fast(dict(row, expected=2, memory_exponent=2.)) == ['memory']
    module.print_sweep(dict(device='cpu', threads=1, torch='2', results=[row, dict(row, name='b/frames', expected=2)]))
    said = capsys.readouterr().out
    assert 'growing faster than allowed: a/clips\n' in said and 'square: b/frames\n' in said


def test_every_cost_at_toy_sizes(monkeypatch, tmp_path, capsys):
    """The command itself, in this process; the picture has what the report has."""
    monkeypatch.setattr(module, 'apart', lambda function, *args: function(*args))
    out, plot = tmp_path / 'sweep.json', tmp_path / 'new/sweep.png'
    monkeypatch.setattr(sys, 'argv', ['benchmark', 'sweep', '--quick', '--repeats', '1', '--device', 'cpu', '--json', str(out),
                                      '--plot', str(plot)])
    main(benchmark)
    rows = json.loads(out.read_text())['results']
    assert {row['axis'] for row in rows} == {'batch', 'frames', 'clips', 'pool'}
    assert {row['task'] for row in rows} == {'cvae_train', 'cvae_generate', 'gan_train', 'gan_generate', 'stgcn_train', 'infogcn_train',
                                             'load', 'epoch', 'select_pairs', 'select_round', 'join', 'restore'}
    for row in rows:
        assert len(row['seconds']) == len(row['memory_mb']) == len(row['sizes']) == 3 and min(row['seconds']) > 0
        assert np.isfinite([row['time_exponent'], row['memory_exponent']]).all()
    assert np.asarray(Image.open(plot)).std() > 10
    assert 'growing faster than allowed' in capsys.readouterr().out


def _hungry(size, settings):
    return lambda: np.ones(size << 20, dtype=np.uint8)


def test_memory_of_a_process_of_its_own():
    point = apart(measure, Sweep('a', 'clips', (1, ), _hungry), 200, SETTINGS)
    assert 190 < point['memory_mb'] < 230 and point['seconds'] > 0


def test_the_picture_is_of_sweeps_only(monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['benchmark', 'cvae', '--plot', 'a.png'])
    with pytest.raises(SystemExit):
        parse_args(benchmark)
    assert '--plot draws the curves of a sweep' in capsys.readouterr().err
