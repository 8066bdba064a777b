"""Counted by hand."""

import numpy as np
import pytest

from mmagenc.evaluation.functional import confusion_matrix, per_class_accuracy, top1_accuracy

LABEL = [0, 0, 0, 1, 1, 3]
PREDICTED = [0, 0, 1, 1, 3, 3]


def test_top1():
    assert top1_accuracy(PREDICTED, LABEL) == pytest.approx(4 / 6)


def test_per_class():
    np.testing.assert_allclose(per_class_accuracy(PREDICTED, LABEL, 4), [2 / 3, 1 / 2, np.nan, 1])


def test_confusion():
    assert confusion_matrix(PREDICTED, LABEL, 4).tolist() == [[2, 1, 0, 0], [0, 1, 0, 1], [0, 0, 0, 0], [0, 0, 0, 1]]


def test_refused():
    with pytest.raises(ValueError, match=r'got \(0,\) and \(0,\)'):
        top1_accuracy([], [])
    with pytest.raises(ValueError, match=r'got \(2,\) and \(3,\)'):
        top1_accuracy([0, 1], [0, 1, 2])
    with pytest.raises(ValueError, match='label holds classes 0 to 3, accepted are 0 to 2'):
        confusion_matrix([0, 0], [0, 3], 3)
    with pytest.raises(ValueError, match='predicted holds classes -1 to 0'):
        per_class_accuracy([0, -1], [0, 1], 3)
