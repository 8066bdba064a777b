"""A loop that is ended anywhere, again and again, leaves what an uninterrupted one leaves: to the last bit.

``python -m tests.injector GENERATOR --points 200 --folder OUT`` does the same at more points.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.injector import STEPS, differences

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.usefixtures('on_cpu')
@pytest.mark.parametrize('generator', ['cvae', 'kinetic_gan'])
def test_an_interrupted_loop_ends_as_the_uninterrupted_one(generator, tmp_path):
    command = [sys.executable, '-W', 'ignore', '-m', 'tests.injector', generator, '--points', '20', '--folder', str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, 'OMP_NUM_THREADS': '1'}, timeout=900)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-4000:]
    found = json.loads(result.stdout)
    assert found['points'] == 20 and found['different'] == [] and len(found['met']) >= len(STEPS) - 2, found


def test_the_comparison_sees_a_bit(tmp_path):
    import torch
    state = dict(a=[torch.zeros(3), 1], b=dict(c='x', d=float('nan')))
    other = dict(a=[torch.zeros(3), 1], b=dict(c='x', d=float('nan')))
    assert differences(state, other) == []
    other['a'][0][1] = -0.
    assert differences(state, other) == ['.a[0]']
    other['b']['e'] = 1
    other['a'][1] = 1.0
    assert sorted(differences(state, other)) == ['.a[0]', '.a[1]', '.b.e']
