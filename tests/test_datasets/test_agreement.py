"""Files that are used together."""

import numpy as np
import pytest

from mmagenc.datasets.agreement import CommonRate, classes_problem, file_and_split, keypoints_problem, late_rate
from mmagenc.datasets.annotation import AnnotationError
from tests.test_datasets.clips import make_clip


@pytest.mark.parametrize('source, expected', [
    ('a.npz', ('a.npz', None)), ('a.npz:train', ('a.npz', 'train')), ('D:/a.npz', ('D:/a.npz', None)),
    ('D:/a.npz:train', ('D:/a.npz', 'train')), ('x:train', ('x:train', None)), ('a.npz:', ('a.npz:', None)),
    ('missing.npz:train', ('missing.npz:train', None)), ('D:/missing.npz', ('D:/missing.npz', None)),
])
def test_the_split_is_behind_the_last_colon_of_a_file(tmp_path, monkeypatch, source, expected):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'D:').mkdir()
    for name in ('a.npz', 'D:/a.npz', 'x:train', 'x'):
        (tmp_path / name).touch()
    assert file_and_split(source) == expected


def test_classes():
    assert classes_problem(['a', 'b'], ['a', 'b']) is None
    assert classes_problem(None, ['a']) is None and classes_problem(['a'], None) is None
    assert classes_problem(['a', 'b'], ['a', 'c']) == "classes ['a', 'c'] differ from ['a', 'b']"
    assert "['b', 'a'] differ from ['a', 'b'] (the same names in another order" in classes_problem(['a', 'b'], ('b', 'a'))


def scaled(factor, **settings):
    clips = [make_clip(seed=seed, **settings) for seed in range(3)]
    return [dict(clip, keypoint=clip['keypoint'] * np.float32(factor)) for clip in clips]


def test_coordinates_joints_and_units():
    assert keypoints_problem(scaled(1), scaled(3)) is None and keypoints_problem([], scaled(1)) is None
    assert keypoints_problem(scaled(100, dims=2), scaled(900, dims=2)) is None  # near and far from a camera
    assert '2 coordinates, that of the clips before 3' in keypoints_problem(scaled(1), scaled(1, dims=2))
    assert '24 joints, that of the clips before 17' in keypoints_problem(scaled(1), scaled(1, joints=24))
    assert 'bring both into one unit' in keypoints_problem(scaled(1), scaled(1000))
    assert 'bring both into one unit' in keypoints_problem(scaled(300, dims=2), scaled(.3, dims=2))
    assert keypoints_problem(scaled(1), scaled(0)) is None  # clips without anybody say nothing of the unit


# Frame rates ----------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def said(monkeypatch):
    texts = []
    monkeypatch.setattr('mmagenc.datasets.agreement.print_log', lambda text, **_: texts.append(text))
    return texts


def clips(*names, frames=11, **extra):
    return [make_clip(name, frames=frames, **extra) for name in names]


def test_rates_that_differ_are_refused(said):
    rates = CommonRate(advice='do this')
    assert len(rates.bring(clips('a'), 25, 'x.npz')) == 1
    assert rates.bring(clips('b'), 25.05, 'y.npz')[0]['total_frames'] == 11
    with pytest.raises(AnnotationError, match='z.npz: clip c has 50 fps, others 25; do this'):
        rates.bring(clips('c'), 50, 'z.npz')
    rates.warn()
    assert rates.rate == 25 and not said


def test_a_clip_has_its_own_rate():
    rates = CommonRate(advice='do this')
    brought = rates.bring(clips('a', fps=25), 50, 'x.npz')
    assert rates.rate == 25 and 'fps' not in brought[0]
    with pytest.raises(AnnotationError, match='clip b has 50 fps, others 25'):
        rates.bring([*clips('a', fps=25), *clips('b')], 50, 'x.npz')
    with pytest.raises(AnnotationError, match="x.npz: clip a: fps must be a positive number, got 'fast'"):
        rates.bring(clips('a', fps='fast'), 50, 'x.npz')


def test_all_are_brought_to_the_rate_that_is_asked_for(said):
    rates = CommonRate(25, advice='')
    assert [clip['total_frames'] for clip in rates.bring(clips('a') + clips('b', fps=100), 50, 'x.npz')] == [6, 3]
    assert rates.bring(clips('c'), None, 'silent.npz')[0]['total_frames'] == 11 and rates.rate == 25
    rates.warn()
    assert len(said) == 1 and 'silent.npz: no fps in the metainfo; the clips are taken to have 25 fps' in said[0]
    with pytest.raises(AnnotationError, match='fps must be a positive number, got 0'):
        CommonRate(0, advice='')


def test_a_known_rate_stands_for_files_that_do_not_say_theirs(said):
    rates = CommonRate(25, known=50, advice='')
    assert rates.bring(clips('a'), None, 'silent.npz')[0]['total_frames'] == 6
    rates.warn()
    assert not said
    assert rates.bring(clips('a'), 100, 'x.npz')[0]['total_frames'] == 3
    with pytest.raises(AnnotationError, match='has 25 fps, others 50'):
        CommonRate(known=50, advice='').bring(clips('a'), 25, 'x.npz')


def test_nobody_says_a_rate(said):
    rates = CommonRate(advice='')
    rates.bring(clips('a'), None, 'x.npz')
    rates.warn()
    assert rates.rate is None and not said


def test_the_first_to_say_a_rate():
    assert late_rate({}, dict(fps=25), 'x') is None and late_rate(dict(fps=25), dict(fps=25), 'x') is None
    assert late_rate(dict(classes=['a']), {}, 'x') is None
    assert late_rate(dict(classes=['a']), dict(fps=25.), 'x.npz').startswith('x.npz says 25 fps, what was read before says none')
