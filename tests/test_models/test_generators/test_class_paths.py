"""Paths of classes over time: what they are made of, and what is refused."""

import pytest
import torch

from mmagenc.models.generators.class_paths import class_path, class_vectors, main_class, split_path


def test_parts_one_after_the_other():
    path = class_path([(1, 3), (0, 2)], 3)
    assert path.argmax(dim=1).tolist() == [1, 1, 1, 0, 0] and path.shape == (5, 3)
    assert torch.equal(path, class_vectors(path[None], 3, 5)[0]) and torch.equal(path[:2], class_vectors(path[None], 3, 2)[0])


@pytest.mark.parametrize('blend, shares', [
    (0, [1, 1, 1, 1, 0, 0, 0, 0]),
    (1, [1, 1, 1, 1, 1 / 2, 0, 0, 0]),
    (3, [1, 1, 1, 3 / 4, 2 / 4, 1 / 4, 0, 0]),
    (4, [1, 1, 4 / 5, 3 / 5, 2 / 5, 1 / 5, 0, 0]),
])
def test_blend(blend, shares):
    """Evenly from one class to the next around the change, and both shares sum to 1."""
    path = class_path([(2, 4), (0, 4)], 3, blend=blend)
    torch.testing.assert_close(path[:, 2], torch.tensor(shares, dtype=torch.float32))
    torch.testing.assert_close(path.sum(dim=1), torch.ones(8))


def test_blends_that_touch():
    path = class_path([(0, 4), (1, 4), (2, 4)], 3, blend=4)
    torch.testing.assert_close(path.sum(dim=1), torch.ones(12))
    assert path.argmax(dim=1).unique_consecutive().tolist() == [0, 1, 2]
    same = class_path([(1, 4), (1, 4)], 3, blend=4)
    torch.testing.assert_close(same, class_path([(1, 8)], 3))


@pytest.mark.parametrize('parts, blend, says', [
    ([], 0, 'at least one part'),
    ([(3, 2)], 0, 'a class from 0 to 2 and at least 1 frame, got 3 and 2'),
    ([(0, 0)], 0, 'got 0 and 0'),
    ([(0, 5), (1, 2)], 3, r'blend must lie in 0 … 2, the frames of the shortest part, got 3'),
    ([(0, 5), (1, 2)], -1, 'got -1'),
    ([(0, 5), (1, 10**9)], 0, 'a path of 1000000005 frames; accepted are up to 1000000'),
])
def test_refused_parts(parts, blend, says):
    with pytest.raises(ValueError, match=says):
        class_path(parts, 3, blend=blend)


def test_split():
    label, path = split_path([2, 0], 3)
    assert label.tolist() == [2, 0] and label.dtype == torch.long and path is None
    label, path = split_path([[0, 1, 1], [2, 2, 0]], 3)
    assert label.tolist() == [1, 2] and path.argmax(dim=2).tolist() == [[0, 1, 1], [2, 2, 0]]
    label, again = split_path(path.numpy(), 3)
    assert torch.equal(path, again) and torch.equal(label, main_class(path))
    assert class_vectors(torch.tensor([2, 0]), 3, 4).argmax(dim=2).tolist() == [[2] * 4, [0] * 4]


@pytest.mark.parametrize('label, says', [
    ([[0, 3]], 'class indices from 0 to 2, got .*up to 3'),
    ([[0, -1]], 'class indices from 0 to 2'),
    ([[0.5, 0.5]], 'class indices from 0 to 2, got .* of torch.float32'),
    ([[[0.5, 0.5]]], r'shares \(N, T, 3\), got \(1, 1, 2\)'),
    ([[[0.5, 0.5, 0.5]]], 'sum to 1'),
    ([[[1.5, -0.5, 0.]]], 'must not be negative'),
    ([[[float('nan'), 0., 1.]]], 'sum to 1'),
    ([[[[1.]]]], r'got \(1, 1, 1, 1\)'),
])
def test_refused_labels(label, says):
    with pytest.raises(ValueError, match=says):
        split_path(torch.tensor(label), 3)
