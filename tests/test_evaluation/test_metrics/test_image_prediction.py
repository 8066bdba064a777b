"""ImagePredictionMetric: made frames beside the copied source, in pairs."""

import sys

import numpy as np
import pytest
import torch

from mmagenc.evaluation.functional import image_error
from mmagenc.evaluation.metrics import ImagePredictionMetric, image_prediction

needs_torchmetrics = pytest.mark.skipif(
    image_error.find_spec('torchmetrics') is None, reason='torchmetrics is not installed')


def windows(metric, good, *, subjects=3, count=2, targets=2):
    """Feed windows whose made frames lie ``good`` of the way from the source to the truth."""
    rng = np.random.default_rng(0)
    for subject in range(subjects):
        frames = torch.from_numpy(rng.integers(0, 256, (count, 1 + targets, 3, 16, 16)).astype(np.float32))
        made = frames[:, :1] + good * (frames[:, 1:] - frames[:, :1])
        batch = dict(inputs=dict(frame=list(frames.to(torch.uint8)), mask=[torch.ones(1 + targets, 1, 16, 16, dtype=torch.uint8)] * count))
        samples = [dict(pred_frames=made[i].round().to(torch.uint8), subject=f's{subject}', frame_dir=f'c{i}@0') for i in range(count)]
        metric.process(batch, samples)
    return metric.evaluate(subjects * count)


@needs_torchmetrics
def test_half_way_and_nothing():
    """Half of the way is half of the error, and 6 decibels; a copied source is better than itself by nothing."""
    metrics = windows(ImagePredictionMetric(), 0.5)
    assert metrics['image/l1'] == pytest.approx(metrics['image/l1_copy'] / 2, rel=0.02)
    assert metrics['image/person_l1'] == pytest.approx(metrics['image/l1'])
    assert metrics['image/moved_l1'] == pytest.approx(metrics['image/moved_l1_copy'] / 2, rel=0.02)
    assert metrics['image/moved_l1_gain_low'] > 0
    assert metrics['image/psnr_gain'] == pytest.approx(20 * np.log10(2), abs=0.1)
    assert 0 < metrics['image/psnr_gain_low'] <= metrics['image/psnr_gain'] <= metrics['image/psnr_gain_high']
    for name in ('l1', 'psnr', 'ssim'):
        made, copied = (metrics[f'image/{name}{kind}'] for kind in ('', '_copy'))
        assert metrics[f'image/{name}_gain'] == pytest.approx((copied - made) if name == 'l1' else (made - copied))
    same = windows(ImagePredictionMetric(), 0.)
    assert [same[f'image/{name}_gain{end}'] for name in ('l1', 'psnr', 'ssim') for end in ('', '_low', '_high')] == [0.] * 9


@needs_torchmetrics
def test_one_subject_says_nothing_of_others():
    metrics = windows(ImagePredictionMetric(), 0.5, subjects=1)
    assert metrics['image/psnr_gain'] > 5 and np.isnan(metrics['image/psnr_gain_low']) and np.isnan(metrics['image/psnr_gain_high'])


@needs_torchmetrics
def test_lpips_where_it_can_be_measured(monkeypatch):
    """The mean of absolute differences stands in for it: half of the way is half of it."""
    said = []
    monkeypatch.setattr(image_prediction, 'print_log', lambda text, **_: said.append(text))
    monkeypatch.setattr(image_prediction, 'lpips_problem', lambda: 'torchvision not installed')
    assert 'image/lpips' not in windows(ImagePredictionMetric(), 0.5) and said[0].endswith('without LPIPS, torchvision not installed')
    monkeypatch.setattr(image_prediction, 'lpips_problem', lambda: None)
    monkeypatch.setattr(image_prediction, 'LPIPS', lambda: lambda images, targets: abs(images.astype(float) - targets).mean(axis=(1, 2, 3)))
    metrics = windows(ImagePredictionMetric(), 0.5)
    assert metrics['image/lpips'] == pytest.approx(metrics['image/lpips_copy'] / 2, rel=0.02) and metrics['image/lpips_gain_low'] > 0
    assert 'lpips' in said[-1]


@needs_torchmetrics
def test_refusals():
    with pytest.raises(ValueError, match='num_resamples must be at least 2'):
        ImagePredictionMetric(num_resamples=1)
    with pytest.raises(ValueError, match='the model made no frames'):
        ImagePredictionMetric().process(dict(inputs={}), [dict(frame_dir='a')])


def test_without_torchmetrics(monkeypatch):
    monkeypatch.setitem(sys.modules, 'torchmetrics', None)
    monkeypatch.setattr(image_error, 'find_spec', lambda name: None)
    with pytest.raises(ImportError, match=r'pip install "mmagenc\[image\]"'):
        ImagePredictionMetric()
