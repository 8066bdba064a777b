"""What a study's arms may be, and which groups train and test."""

from collections import Counter

import pytest

from mmagenc.evaluation.study_plan import PRESET_ARMS, Arm, divide_groups, load_arms, read_arms, write_arms

KNOWN = dict(augmentations=['strong'], generators=['transfer'], base=True)


def test_arms_by_name_are_those_every_study_knows():
    read = read_arms(['real', 'both'], augmentations=['augmentation'], generators=[], base=False)
    assert read == [PRESET_ARMS['real'], PRESET_ARMS['both']]


def test_own_arms_are_a_table():
    arms = read_arms({'a': {}, 'b': dict(augmentation='strong', init='base', generated='transfer'), 'c': dict(generated='base')}, **KNOWN)
    assert arms == [Arm('a'), Arm('b', 'strong', 'base', 'transfer'), Arm('c', generated='base')]


@pytest.mark.parametrize('arms, message', [
    ({}, 'needs arms'),
    (['fake'], 'some of real, augmented'),
    ({'a': dict(augmentation='weak')}, "augmentation='weak', of which the study has strong"),
    ({'a': dict(generated='cvae')}, "generated='cvae', of which the study has pool, unjudged, base, transfer"),
    ({'a': dict(colour=1)}, 'unknown colour'),
    ({'a/b': {}}, 'a name without /'),
])
def test_arms_that_cannot_be(arms, message):
    with pytest.raises(ValueError, match=message):
        read_arms(arms, **KNOWN)


@pytest.mark.parametrize('table', [dict(init='base'), dict(generated='base')])
def test_base_motion_is_asked_for(table):
    with pytest.raises(ValueError, match="'base', of which the study has"):
        read_arms({'a': table}, augmentations=[], generators=[], base=False)


def test_groups_never_meet():
    names = [f'g{i}' for i in range(7)] * 3
    drawn = set()
    for seed in range(20):
        train, test, base = divide_groups(names, num_train=2, num_test=3, seed=seed)
        assert (len(train), len(test), len(base)) == (2, 3, 2) and len({*train, *test, *base}) == 7
        drawn.add(train[0])
    assert drawn == {*names}  # every group has its turn
    sizes = dict(num_train=2, num_test=3, seed=3)
    assert divide_groups(sorted(names, reverse=True), **sizes) == divide_groups(names, **sizes)


@pytest.mark.parametrize('count, num_test', [(3, 1), (4, 1), (6, 1), (6, 2), (7, 3), (10, 4), (12, 2), (9, 6)])
def test_groups_are_tested_in_turn(count, num_test):
    names = [f'g{i:02}' for i in range(count)]
    tested = Counter()
    for seed in range(3 * count):
        division = divide_groups(names, num_train=count - num_test, num_test=num_test, seed=seed)
        assert len(division.test) == num_test and not {*division.test} & {*division.train}
        tested.update(division.test)
        assert max(tested.values()) - min(tested[name] for name in names) <= 1
    assert {*tested.values()} == {3 * num_test}


def test_divisions_of_earlier_versions_are_known():
    """A begun study goes on with them."""
    names = ['S0', 'S1', 'S2', 'S3']
    old = [divide_groups(names, num_train=3, num_test=1, seed=seed, balanced=False).test[0] for seed in range(8)]
    assert Counter(old) == dict(S2=5, S3=2, S1=1)


def test_what_is_tested_is_trained_on():
    """``rare`` is of the first two: they are never tested together. With one group to train on, it is of those that have all."""
    held = {f'g{i}': {'often', 'rare'} if i < 2 else {'often'} for i in range(6)}
    for seed in range(12):
        division = divide_groups(held, num_train=4, num_test=2, seed=seed, classes=held)
        assert division.test != ['g0', 'g1']
        train, test, _ = divide_groups(held, num_train=1, num_test=1, seed=seed, classes=held)
        assert held[test[0]] <= held[train[0]]
    with pytest.raises(ValueError, match='rare is of g0 alone: .*cannot be trained on where it is tested.*study.classes'):
        divide_groups(held, num_train=4, num_test=2, seed=0, classes=dict(held, g1={'often'}))
    with pytest.raises(ValueError, match='some class is tested that is not trained on'):
        divide_groups('abc', num_train=1, num_test=1, seed=0, classes=dict(a={1, 2}, b={1, 3}, c={2, 3}))


def test_more_groups_than_there_are():
    with pytest.raises(ValueError, match='2 groups to train on and 3 to test on, of 4: a, b, c, d'):
        divide_groups('abcd', num_train=2, num_test=3, seed=0)


def test_arms_are_kept_in_a_file(tmp_path):
    arms = read_arms(dict(a={}, b=dict(augmentation='strong', generated='pool')), **KNOWN)
    write_arms(arms, 'a', tmp_path / 'arms.json')
    assert load_arms(tmp_path / 'arms.json') == (arms, 'a')


@pytest.mark.parametrize('text, message', [
    (None, 'no such file'), ('[', 'no arms of a study'), ('{"arms": {"a": {"colour": "red"}}, "baseline": "a"}', "unexpected .*'colour'"),
    ('{"arms": {"a": {"init": ["base"]}}, "baseline": "a"}', r"names are expected, got \['base'\]"), ('[' * 100000, 'no arms of a study')
])
def test_files_that_hold_no_arms(tmp_path, text, message):
    if text is not None:
        (tmp_path / 'arms.json').write_text(text)
    with pytest.raises(ValueError, match=message):
        load_arms(tmp_path / 'arms.json')
