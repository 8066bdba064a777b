"""Selection rules against the published numbers, a per-pair loop, and hand-made cases."""

import numpy as np
import pytest

from mmagenc.engine import (
    ClassShareSelector,
    ConfidenceSelector,
    MedianRatioSelector,
    RandomSelector,
    TopRatioSelector,
    class_distances,
    distance_ratio,
)
from mmagenc.evaluation.metrics.clips import with_class_names
from mmagenc.models.recognizers import RecognizerScores
from mmagenc.registry import TASK_UTILS


def scores(label, feature=None, confidence=0.9, predicted=None, num_classes=None):
    label = np.asarray(label)
    predicted = label if predicted is None else np.asarray(predicted)
    num_classes = num_classes or int(max(label.max(), predicted.max())) + 1
    confidence = np.broadcast_to(np.asarray(confidence, dtype=float), label.shape)
    probability = np.repeat((1 - confidence)[:, None] / (num_classes - 1), num_classes, axis=1)
    probability[np.arange(len(label)), predicted] = confidence
    feature = np.random.default_rng(0).normal(size=(len(label), 4)) if feature is None else np.asarray(feature, dtype=float)
    return RecognizerScores(label=label, probability=probability, feature=feature)


@pytest.fixture
def published(reference_root):
    return np.load(reference_root / 'infagenc_selection.npz')


def test_ratio_agrees_with_published(published):
    within, between = class_distances(published['feat'], published['label'], published['gt_feat'], published['gt_label'])
    ratio = distance_ratio(within, between, published['label'])
    np.testing.assert_allclose(ratio[published['order']], published['ratio'], rtol=1e-9)


def test_selection_agrees_with_published(published):
    candidates = scores(published['label'], published['feat'])
    reference = scores(published['gt_label'], published['gt_feat'])
    selection = MedianRatioSelector(undefined='published')(candidates, reference)
    assert selection.index.tolist() == published['selected'].tolist()


def test_default_selection_differs_only_where_published_ratio_is_undefined(published):
    candidates = scores(published['label'], published['feat'])
    reference = scores(published['gt_label'], published['gt_feat'])
    chosen = MedianRatioSelector()(candidates, reference).index
    undefined = published['label'][published['order'][np.isnan(published['ratio'])]]
    assert len(undefined)
    for group in set(published['label'].tolist()) - set(undefined.tolist()):
        same = published['label'][published['selected']] == group
        assert chosen[published['label'][chosen] == group].tolist() == published['selected'][same].tolist()


@pytest.mark.parametrize('block', [1, 3, 1024])
def test_class_distances_equal_a_loop(monkeypatch, block):
    monkeypatch.setattr('mmagenc.engine.selectors.BLOCK', block)
    rng = np.random.default_rng(1)
    feature, gt_feature = rng.normal(size=(7, 5)), rng.normal(size=(9, 5))
    label, gt_label = rng.integers(0, 3, 7), np.array([0, 1, 2, 0, 1, 2, 0, 0, 1])
    within, between = class_distances(feature, label, gt_feature, gt_label)
    for i in range(7):
        own = [np.linalg.norm(feature[i] - gt_feature[j]) for j in range(9) if gt_label[j] == label[i]]
        other = [np.linalg.norm(feature[i] - gt_feature[j]) for j in range(9) if gt_label[j] != label[i]]
        assert within[i] == pytest.approx(np.mean(own))
        assert between[i] == pytest.approx(np.mean(other))


def test_identical_features_have_distance_zero():
    feature = np.ones((3, 4)) * 1e3
    within, _ = class_distances(feature, [0, 0, 0], np.concatenate([feature, feature + 1]), [0, 0, 0, 1, 1, 1])
    np.testing.assert_allclose(within, 0, atol=1e-4)


@pytest.mark.parametrize('gt_label, message', [([0, 0], 'no reference clip of class'), ([1, 1], 'of one class')])
def test_undefined_distances_are_refused(gt_label, message):
    with pytest.raises(ValueError, match=message):
        class_distances(np.zeros((2, 3)), [1, 1], np.zeros((2, 3)), gt_label)


def test_filter_keeps_confident_and_correct():
    candidates = scores([0, 0, 0, 1, 1, 1], confidence=[.9, .74, .9, .9, .9, .75], predicted=[0, 0, 1, 1, 1, 1])
    selection = ConfidenceSelector(fraction=1., min_survivors=1)(candidates, candidates)
    assert selection.num_survivors == {0: 1, 1: 3}
    assert selection.index.tolist() == [0, 3]


def test_window_is_the_middle_of_each_class():
    # One feature axis: own class around 0, the other around 100; the ratio grows with the coordinate.
    feature = np.array([[0.], [1.], [2.], [3.], [4.], [5.], [100.], [101.], [102.], [103.], [104.], [105.]])
    label = [0] * 6 + [1] * 6
    reference = scores([0, 1], [[0.], [105.]])
    selection = MedianRatioSelector()(scores(label, feature), reference)
    ranked = TopRatioSelector(fraction=1.)(scores(label, feature), reference).index
    assert selection.index.tolist() == [*ranked[2:5], *ranked[8:11]]  # k = 3 of 6, start = 6 // 2 - 3 // 2 = 2


@pytest.mark.parametrize('label, predicted', [([0, 0, 1, 1], [0, 0, 1, 0]), ([0, 0, 1, 1], [0, 0, 0, 0]), ([0, 0, 1, 1], [1, 1, 0, 0])])
def test_round_without_survivors_of_a_class_is_skipped_with_the_reason(label, predicted):
    selection = MedianRatioSelector()(scores(label, predicted=predicted), scores([0, 1]))
    assert len(selection.index) == 0
    assert 'survivors in class' in selection.reason


def test_reasons_name_classes():
    skipped = MedianRatioSelector(min_survivors=1)(scores([0, 0, 1, 1], predicted=[1, 1, 0, 0]), scores([0, 1]))
    assert skipped.reason == 'no survivors in class [0, 1]'
    assert with_class_names(skipped.reason, ['walk', 'run']) == 'no survivors in class walk, run'
    assert with_class_names(skipped.reason, ['walk']) == 'no survivors in class walk, 1'
    assert with_class_names(skipped.reason, None) == 'no survivors in class 0, 1'


def test_a_class_of_which_no_candidate_was_made():
    """Of the reference's three classes one has no candidates: passed over, or (published) a reason to skip the round."""
    candidates, reference = scores([0] * 4 + [1] * 4, num_classes=3), scores([0, 1, 2] * 3)
    assert len(MedianRatioSelector()(candidates, reference).index) == 4
    skipped = MedianRatioSelector(absent='scarce')(candidates, reference)
    assert not len(skipped.index) and 'class [2]' in skipped.reason and skipped.num_survivors[2] == 0
    assert len(MedianRatioSelector(absent='scarce', balanced=False)(candidates, reference).index) == 4
    with pytest.raises(ValueError, match="absent must be 'ignored' or 'scarce', got 'skip'"):
        MedianRatioSelector(absent='skip')


def test_unbalanced_takes_what_each_class_can_give():
    candidates = scores([0] * 8 + [1] * 4 + [2], num_classes=3)
    selection = ConfidenceSelector(balanced=False)(candidates, candidates)
    assert np.bincount(candidates.label[selection.index], minlength=3).tolist() == [4, 2, 0]


def test_equal_features_never_raise_or_lose_clips():
    candidates = scores([0, 0, 0, 0, 1, 1, 1, 1], np.ones((8, 3)))
    selection = MedianRatioSelector()(candidates, candidates)
    assert np.bincount(candidates.label[selection.index]).tolist() == [2, 2]


def test_random_selector_is_deterministic_given_rng():
    candidates = scores([0] * 20 + [1] * 20)
    first, second = (RandomSelector()(candidates, candidates, rng=np.random.default_rng(5)).index for _ in range(2))
    other = RandomSelector()(candidates, candidates, rng=np.random.default_rng(6)).index
    assert first.tolist() == second.tolist() != other.tolist()
    assert len(set(first.tolist())) == 20


def test_selectors_are_registered():
    assert isinstance(TASK_UTILS.build(dict(type='mmagenc.MedianRatioSelector', fraction=.25)), MedianRatioSelector)


@pytest.mark.parametrize('kwargs', [dict(confidence=1.5), dict(fraction=0), dict(min_survivors=0)])
def test_bad_settings_are_refused(kwargs):
    with pytest.raises(ValueError, match=next(iter(kwargs))):
        ConfidenceSelector(**kwargs)


def test_class_share_takes_the_same_of_every_class_whatever_the_recognizer_names():
    probability = np.array([[.9, .1], [.4, .6], [.5, .5], [.2, .8], [.99, .01], [.7, .3], [.95, .05], [.6, .4]])
    candidates = RecognizerScores(label=np.array([0, 0, 0, 0, 1, 1, 1, 1]), probability=probability, feature=np.zeros((8, 2)))
    assert MedianRatioSelector()(candidates, candidates).reason  # class 1 is never named: nothing for any class
    selection = ClassShareSelector(easiest=0.)(candidates, candidates)
    assert selection.index.tolist() == [0, 2, 7, 5] and not selection.reason
    assert ClassShareSelector()(candidates, candidates).index.tolist() == [2, 1, 5, 6]
    assert ClassShareSelector(fraction=0.25, easiest=0.5)(candidates, candidates).index.tolist() == [1, 6]
    with pytest.raises(ValueError, match='easiest must lie'):
        ClassShareSelector(fraction=0.8)


def test_class_share_takes_no_share_of_what_the_recognizer_names_otherwise():
    label = [0, 0, 0, 0, 1, 1, 1, 1]
    candidates = scores(label, predicted=[0, 0, 0, 1, 0, 0, 0, 0], num_classes=2)  # 3 of 8 as intended
    selection = ClassShareSelector(min_accuracy=0.5)(candidates, candidates)
    assert len(selection.index) == 0 and selection.num_survivors == {0: 4, 1: 4}
    assert selection.reason == 'the recognizer names 38% of the candidates as intended, fewer than 50%'
    assert len(ClassShareSelector(min_accuracy=0.375)(candidates, candidates).index) == 4
    with pytest.raises(ValueError, match='min_accuracy must lie'):
        ClassShareSelector(min_accuracy=1.5)
