"""The page's script, in Node.js, against Python."""

import json
import shutil
import subprocess
from importlib.resources import files

import numpy as np
import pytest

from mmagenc.visualization import Camera
from mmagenc.visualization.report import decode_clip, player_clips

from .runs import make_clip


@pytest.fixture
def evaluate(tmp_path):
    """The value of a JavaScript expression that sees the script's functions as ``logic`` and a value as ``value``."""
    node = shutil.which('node')
    if node is None:
        pytest.skip('Node.js is not installed')
    script = tmp_path / 'report.js'
    script.write_text((files('mmagenc.visualization.report') / 'assets/report.js').read_text(encoding='utf-8'), encoding='utf-8')

    def run(expression, value=None):
        program = f'const logic = require({json.dumps(str(script))}), value = {json.dumps(value)};' \
                  f'process.stdout.write(JSON.stringify({expression}))'
        result = subprocess.run([node, '-e', program], capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    return run


def test_clips_decode_as_in_python(evaluate):
    clip = make_clip('a', 0)
    clip['keypoint'][0, 1, 2] = np.nan
    encoded = player_clips({'real': [clip]}, skeleton='ucla20', fps=30)['clips'][0]
    decoded = evaluate('Array.from(logic.decodeClip(value))', encoded)
    wanted = decode_clip(encoded).ravel()
    np.testing.assert_allclose(np.array([np.nan if value is None else value for value in decoded]), wanted, rtol=1e-5, atol=1e-7)
    assert len(evaluate('Array.from(logic.decodePath(value))', encoded)) == 12


@pytest.mark.parametrize('azimuth, elevation', [(0, 0), (30, 18), (-120, 60)])
def test_camera_is_that_of_the_pictures(evaluate, azimuth, elevation):
    np.testing.assert_allclose(evaluate(f'logic.cameraAxes({azimuth}, {elevation})'), Camera(azimuth, elevation).axes, atol=1e-12)


def test_time_and_values(evaluate):
    expression = """[logic.frameAt(0, 30, 10), logic.frameAt(0.1, 30, 10), logic.frameAt(9, 30, 10), logic.nearest([1, 2, 4, 8], 3.1),
        logic.nearest([1, 2, 4, 8], 99), logic.nearest([5], 0), logic.valueText(0.1234, true), logic.valueText(0.00012344, false),
        logic.duration([{shape: [30, 1, 2]}, {shape: [60, 1, 2]}], 30)]"""
    assert evaluate(expression) == [0, 3, 9, 2, 3, 0, '12.3 %', '1.234e-4', 2]
