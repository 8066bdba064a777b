"""Points that were not seen: filled from the frames around them, counted joint by joint."""

import numpy as np
import pytest

from mmagenc.evaluation.functional import all_seen, fill_unseen, mean_over_seen


def test_gaps_lie_on_the_straight_way_and_ends_stay():
    keypoint = np.stack([np.arange(6.), 10 + np.arange(6.), np.full(6, 7.)], axis=1)[..., None]
    seen = np.array([[0, 1, 0], [1, 1, 0], [1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0]], dtype=bool)
    torn = np.where(seen[..., None], keypoint, -99)
    np.testing.assert_array_equal(fill_unseen(torn, seen)[..., 0].T, [[1, 1, 2, 3, 3, 3], [10, 11, 12, 13, 14, 15], [-99] * 6])
    assert torn[0, 0] == -99, 'the clip itself stays as it is'


def test_stretches_and_means_of_what_is_seen():
    seen = np.array([[1, 1, 0], [1, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=bool)
    np.testing.assert_array_equal(all_seen(seen, 2), [[1, 1, 0], [1, 0, 0], [0, 0, 0]])
    values = np.array([[1., 6, 99], [2, 8, 99], [3, 99, 99], [99, 99, 99]])
    assert mean_over_seen(values, seen) == pytest.approx((2 + 7) / 2) and np.isnan(mean_over_seen(values, seen & False))
