"""The benchmark of ONNX files: its steps are those of the judge that it stands for, and its rows say what they measured."""

import numpy as np
import pytest

from mmagenc.benchmarks import onnx
from mmagenc.benchmarks.timing import Settings
from mmagenc.deploy.standalone import softmax


class Counting:
    """An ``OnnxModel`` whose network is a number."""

    path = 'model'

    def __init__(self, portable, meta):
        self.meta = dict(meta, dynamic=dict(N=True, T=True))

    def require(self, kind):
        assert self.meta['kind'] == kind

    def scores(self, x):
        return [np.zeros((len(x), 5)), np.zeros((len(x), 2))]

    def recognize(self, clips):
        assert clips[0]['keypoint'].shape == (1, 16, 17, 2) and 'keypoint_score' in clips[0]
        return softmax(np.zeros((1, 5)))


def test_rows(monkeypatch):
    kept = {}
    monkeypatch.setattr(onnx, 'write_model', lambda portable, path, meta: kept.update(model=Counting(portable, dict(meta, frames=16))))
    monkeypatch.setattr(onnx, 'OnnxModel', lambda path, threads: kept['model'])
    clip, stream = onnx.onnx(Settings(device='cpu', repeats=1, quick=True))
    assert clip['name'] == 'stgcn_b1' and clip['ours_per_s'] * clip['ours_s'] == pytest.approx(1)
    assert stream['name'] == 'stgcn_stream' and stream['reference_s'] == 1 / 30
    assert stream['p95_s'] >= stream['ours_s'] and stream['frames'] == 20
