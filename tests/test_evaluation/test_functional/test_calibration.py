"""Expected calibration error by hand and by its meaning."""

import numpy as np
import pytest

from mmagenc.evaluation.functional import expected_calibration_error


def test_by_hand():
    """Five bins. Confidence 0.9 (right) and 0.85 (wrong) share (0.8, 1]: gap |1 − 1.75| = 0.75; 0.6 right, in (0.4, 0.6]: 0.4."""
    probability = [[0.9, 0.1], [0.15, 0.85], [0.6, 0.4]]
    assert expected_calibration_error(probability, [0, 0, 0], num_bins=5) == pytest.approx((0.75 + 0.4) / 3)


def test_edges_belong_to_the_bin_below():
    """With two bins 0.5 lies in the lower one, apart from 1.0: gaps 0.5 and 1 do not cancel as they would in one bin."""
    probability = [[0.5, 0.5], [1., 0.]]
    assert expected_calibration_error(probability, [0, 1], num_bins=2) == pytest.approx((0.5 + 1) / 2)
    assert expected_calibration_error(probability, [0, 1], num_bins=1) == pytest.approx(0.5 / 2)


def test_a_calibrated_recognizer_has_none():
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.5, 1, size=40000)
    label = (rng.random(40000) > confidence).astype(int)
    probability = np.stack([confidence, 1 - confidence], axis=1)
    assert expected_calibration_error(probability, label) < 0.01
    assert expected_calibration_error(np.eye(2)[np.zeros(40000, int)], label) == pytest.approx(label.mean())


@pytest.mark.parametrize('probability, label, message', [
    ([[2., -1.]], [0], '1 of 1 rows are no probabilities'),
    ([[0.5, 0.5], [3., 4.]], [0, 1], 'the first is row 1; logits go through a softmax first'),
    ([[0.5, 0.5]], [0, 1], r'got \(1, 2\) and \(2,\)'),
    (np.zeros((0, 2)), [], 'N > 0'),
])
def test_refused(probability, label, message):
    with pytest.raises(ValueError, match=message):
        expected_calibration_error(probability, label)


def test_bins_refused():
    with pytest.raises(ValueError, match='num_bins must be at least 1, got 0'):
        expected_calibration_error([[0.5, 0.5]], [0], num_bins=0)
