"""Models compared window by window, against means by hand; files that do not go together are refused."""

import json

import numpy as np
import pytest

from mmagenc.evaluation.functional import bootstrap_interval
from mmagenc.evaluation.predictions import ERRORS, Comparison, load_window_errors

COUNT = 12


def content_of(seed, better=0., count=COUNT):
    """An out_file of windows of four subjects, in an order of its own; all errors less by ``better``, but for the baselines'."""
    truth, rng = np.random.default_rng(0).uniform(5, 9, size=count), np.random.default_rng(seed)
    order = rng.permutation(count)
    values = {name: (truth if name.startswith(('constant', 'velocity')) else truth - better + rng.normal(scale=0.1, size=count))
              for name in ERRORS}
    windows = dict(frame_dir=[f'w{i}' for i in order], subject=[f's{i % 4}' for i in order],
                   **{name: [float(value[i]) for i in order] for name, value in values.items()})
    return dict(windows=windows, num_samples=10, measure='L2', coverage=0.5 + 0.01 * seed, coverage_nominal=9 / 11)


def in_order(content, error):
    """The errors of window 0, 1, …"""
    windows = content['windows']
    return np.array([windows[error][windows['frame_dir'].index(f'w{i}')] for i in range(COUNT)])


@pytest.fixture()
def load(tmp_path):
    def write_and_load(content, name='a.json'):
        (tmp_path / name).write_text(content if isinstance(content, str) else json.dumps(content))
        return load_window_errors(tmp_path / name)

    return write_and_load


def test_differences_are_paired_over_seeds(load):
    contents = dict(ours=[content_of(1, 2.), content_of(2, 2.)], theirs=[content_of(3, 1.), content_of(4, 1.)])
    models = {name: [load(content, f'{name}{i}.json') for i, content in enumerate(each)] for name, each in contents.items()}
    found = Comparison(models, num_resamples=200)
    ours, theirs = (np.mean([in_order(content, 'best_l2') for content in contents[name]], axis=0) for name in ('ours', 'theirs'))
    difference = found.difference('ours', 'best_l2', 'theirs')
    assert difference.value == pytest.approx((ours - theirs).mean()) and -1.1 < difference.low < difference.value < difference.high < -0.9
    constant = in_order(contents['ours'][0], 'constant_l2')
    assert found.difference('ours', 'best_l2', 'constant').value == pytest.approx((ours - constant).mean())
    assert found.interval('ours', 'best_l2').value == pytest.approx(ours.mean())
    assert found.pairs() == [('ours', 'theirs'), ('ours', 'constant'), ('ours', 'velocity'), ('theirs', 'constant'), ('theirs', 'velocity')]
    assert found.over_seeds('ours', 'coverage').mean == pytest.approx(0.515)
    assert found.over_seeds('ours', 'l2').mean == pytest.approx(np.mean([in_order(content, 'l2').mean() for content in contents['ours']]))


def test_energy_score_of_samples_and_of_one_prediction(load):
    """Less half the samples' distance; files without samples, and baselines, have their error for it."""
    many, one = content_of(1, 2.), content_of(2, 1.)
    many['windows']['diversity'] = [1.5] * COUNT
    found = Comparison(dict(many=[load(many, 'many.json')], one=[load(one, 'one.json')]), num_resamples=50)
    energy = in_order(many, 'l2') - 0.75
    assert found.interval('many', 'energy_l2').value == pytest.approx(energy.mean())
    assert found.difference('many', 'energy_l2', 'one').value == pytest.approx((energy - in_order(one, 'l2')).mean())
    assert found.difference('many', 'energy_l2', 'constant').value == pytest.approx((energy - in_order(many, 'constant_l2')).mean())


def test_intervals_draw_whole_subjects(load):
    content = content_of(1)
    content['windows']['subject'] = [f's{int(name[1:]) // 6}' for name in content['windows']['frame_dir']]
    test = load(content)
    expected = bootstrap_interval(np.nanmean, test.errors['l2'], groups=test.subject)
    single = bootstrap_interval(np.nanmean, test.errors['l2'])
    found = Comparison(dict(a=[test])).interval('a', 'l2')
    assert tuple(found) == pytest.approx(tuple(expected)) and tuple(found) != pytest.approx(tuple(single))


@pytest.mark.parametrize('subjects, known', [(['anna'] * COUNT, COUNT), (['anna'] * 11 + ['bert'], 11)])
def test_one_subject_says_nothing_of_others(load, subjects, known):
    """Also where nothing was seen of the other one."""
    content = content_of(1)
    content['windows']['subject'] = subjects
    content['windows']['l2'][known:] = [None] * (COUNT - known)
    found = Comparison(dict(a=[load(content)]))
    for interval in (found.interval('a', 'l2'), found.difference('a', 'l2', 'constant')):
        assert np.isfinite(interval.value) and np.isnan([interval.low, interval.high]).all()


def test_windows_in_which_nothing_was_seen_do_not_count(load):
    content = content_of(1)
    for name in ERRORS:
        content['windows'][name][0] = None
    test = load(content)
    assert np.isnan(test.errors['l2'][0])
    assert Comparison(dict(a=[test])).interval('a', 'l2').value == pytest.approx(np.mean(content['windows']['l2'][1:]))


def without(content, *keys):
    return {key: value for key, value in content.items() if key not in keys}


def windows_with(content, **changes):
    return dict(content, windows=dict(content['windows'], **changes))


@pytest.mark.parametrize('content, says', [
    ('{', 'not an out_file'),
    ('[1]', 'not an out_file'),
    (without(content_of(0), 'windows'), "no 'windows'"),
    (without(content_of(0), 'measure'), "no 'measure'"),
    (dict(content_of(0), num_samples=None), 'not an out_file'),
    (windows_with(content_of(0), best_l2=['x'] * COUNT), 'not an out_file'),
    (windows_with(content_of(0), best_l2=[1.]), r'errors of \[1, 12\] windows'),
    (windows_with(content_of(0), best_l2=[-1.] * COUNT), 'best_l2 must be numbers of at least 0'),
    (windows_with(content_of(0), best_l2=[float('inf')] * COUNT), 'best_l2 must be numbers of at least 0'),
    (windows_with(content_of(0), best_l2=[None] * COUNT), 'best_l2 must be numbers of at least 0'),
    (windows_with(content_of(0), frame_dir=['w'] * COUNT), '11 windows are there more than once'),
    (dict(content_of(0), windows={name: [] for name in ('frame_dir', 'subject', *ERRORS)}), 'at least one'),
])
def test_files_that_are_none(load, content, says):
    with pytest.raises(ValueError, match=rf'a\.json: .*{says}'):
        load(content)


@pytest.mark.parametrize('other, says', [
    (content_of(2, count=COUNT - 1), '1 windows that .*b.json has not, which has 0 others|has 0 windows .* 1 others'),
    (dict(content_of(2), num_samples=5), 'num_samples 5'),
    (dict(content_of(2), measure='L2 in torso sizes'), "measure 'L2 in torso sizes'"),
    (windows_with(content_of(2), constant_l2=[1.] * COUNT), 'the windows have the same names and are not the same'),
])
def test_tests_of_other_windows(load, other, says):
    with pytest.raises(ValueError, match=says):
        Comparison(dict(a=[load(content_of(1))], b=[load(other, 'b.json')]))


def test_one_file_twice(load):
    with pytest.raises(ValueError, match=r'model a: .*a\.json and .*b\.json are one test; give one file a seed'):
        Comparison(dict(a=[load(content_of(1)), load(content_of(1), 'b.json')]))
    with pytest.raises(ValueError, match='at least one test'):
        Comparison(dict(a=[]))


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='no such file'):
        load_window_errors(tmp_path / 'none.json')
