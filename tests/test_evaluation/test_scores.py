"""Score files and their fusion by clip name."""

import numpy as np
import pytest

from mmagenc.evaluation.scores import ClipScores, as_logits, as_probabilities, fuse_scores, load_scores, save_scores

NAMES = ('a', 'b', 'c', 'd')
LABEL = np.array([0, 1, 2, 0])


def scores(seed=0, order=(0, 1, 2, 3), classes=(), source='x.npz'):
    score = np.random.default_rng(seed).normal(size=(4, 3)).astype(np.float32)
    order = list(order)
    return ClipScores(tuple(NAMES[i] for i in order), LABEL[order], score[order], classes, source=source)


@pytest.mark.parametrize('classes', [(), ('walk', 'run', 'jump')])
def test_saved_and_loaded(tmp_path, classes):
    save_scores(tmp_path / 'sub' / 'scores.npz', scores(classes=classes))
    loaded = load_scores(tmp_path / 'sub' / 'scores.npz')
    assert loaded.frame_dir == NAMES and loaded.classes == classes and loaded.source.endswith('scores.npz')
    np.testing.assert_array_equal(loaded.score, scores().score)
    np.testing.assert_array_equal(loaded.label, LABEL)


def test_files_that_are_none_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match='no such score file'):
        load_scores(tmp_path / 'none.npz')
    (tmp_path / 'text.npz').write_text('scores')
    np.savez(tmp_path / 'other.npz', score=np.zeros(3))
    np.savez(tmp_path / 'objects.npz', format='mmagenc-scores-1', frame_dir=np.array([{}], object), label=[0], score=[[1.]], classes=[])
    np.savez(tmp_path / 'newer.npz', format='mmagenc-scores-9')
    for name in ('text', 'other', 'objects', 'newer'):
        with pytest.raises(ValueError, match=rf'{name}\.npz: not a score file of mmagenc test --dump'):
            load_scores(tmp_path / f'{name}.npz')
    with pytest.raises(ValueError, match=r'score files end in \.npz'):
        save_scores(tmp_path / 'scores.pkl', scores())


@pytest.mark.parametrize('change, message', [
    (dict(frame_dir=('a', 'b', 'a', 'a')), '2 clips are there more than once: a, a'),
    (dict(frame_dir=('a', 'b')), '2 names, labels'),
    (dict(label=np.array([0, 1, 3, 0])), 'labels 0 to 3 for scores of 3 classes'),
    (dict(score=np.full((4, 3), np.nan)), '4 clips have NaN or infinite scores: a, b, c, d'),
    (dict(classes=('walk', )), '1 class names for scores of 3 classes'),
])
def test_content_refused(change, message):
    fields = dict(frame_dir=NAMES, label=LABEL, score=scores().score, classes=(), source='x.npz')
    with pytest.raises(ValueError, match=f'x.npz: {message}'):
        ClipScores(**{**fields, **change})


def test_logits_and_probabilities():
    logits = np.array([[1., 2., 3.], [0., 0., 1000.]])
    probability = as_probabilities(logits)
    np.testing.assert_allclose(probability[0], np.exp([1, 2, 3]) / np.exp([1, 2, 3]).sum())
    np.testing.assert_allclose(probability[1], [0, 0, 1], atol=1e-300)
    np.testing.assert_allclose(as_probabilities(probability), probability)
    np.testing.assert_allclose(np.diff(as_logits(probability[:1])), [[1, 1]])
    assert np.isfinite(as_logits(probability)).all() and (as_logits(logits) == logits).all()


# Fusion -------------------------------------------------------------------------------------------------------------------------------


def test_fused_by_name_whatever_the_order():
    first, second = scores(0), scores(1, order=(2, 0, 3, 1))
    fused = fuse_scores([first, second], [1.5, 1.])
    np.testing.assert_allclose(fused.score, 1.5 * first.score + 1. * scores(1).score, rtol=1e-6)
    assert fused.frame_dir == NAMES and (fused.label == LABEL).all()


def test_dumped_probabilities_rank_as_their_logits():
    streams = [scores(seed) for seed in range(3)]
    softmax = [ClipScores(NAMES, LABEL, as_probabilities(stream.score).astype(np.float32)) for stream in streams]
    by_logits, by_probabilities = (fuse_scores(group, [1.5, 1.5, 1]).score for group in (streams, softmax))
    np.testing.assert_allclose(np.diff(by_logits), np.diff(by_probabilities), atol=1e-4)


def test_probabilities_summed():
    streams = [scores(seed) for seed in range(2)]
    fused = fuse_scores(streams, [2, 1], probability=True)
    np.testing.assert_allclose(fused.score, 2 * as_probabilities(streams[0].score) + as_probabilities(streams[1].score))


def test_other_sets_are_refused_by_name():
    first = scores(source='first.npz')
    fewer = ClipScores(NAMES[:3], LABEL[:3], first.score[:3], source='fewer.npz')
    with pytest.raises(ValueError, match=r'fewer.npz has other clips than first.npz; 1 clips missing: d$'):
        fuse_scores([first, fewer], [1, 1])
    with pytest.raises(ValueError, match=r'first.npz has other clips than fewer.npz; 1 clips more: d$'):
        fuse_scores([fewer, first], [1, 1])
    relabelled = ClipScores(NAMES, np.array([0, 1, 2, 2]), first.score, source='second.npz')
    with pytest.raises(ValueError, match=r'second.npz labels 1 clips otherwise than first.npz: d \(2, not 0\)'):
        fuse_scores([first, relabelled], [1, 1])
    with pytest.raises(ValueError, match='have other classes: jump and hop'):
        fuse_scores([scores(classes=('walk', 'run', 'hop')), scores(classes=('walk', 'run', 'jump'))], [1, 1])
    with pytest.raises(ValueError, match='has 2 classes and first.npz has 3'):
        fuse_scores([first, ClipScores(NAMES, LABEL % 2, first.score[:, :2])], [1, 1])
    for weights in ([1], [1, np.nan]):
        with pytest.raises(ValueError, match='2 streams need as many finite weights'):
            fuse_scores([first, first], weights)
