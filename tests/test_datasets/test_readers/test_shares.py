from collections import Counter

import pytest

from mmagenc.datasets.readers.shares import parse_shares, split_by_share


def clips(subjects, per_class, classes=('crawl', 'roll')):
    labels = {f's{subject}_{label}{number}': label for subject in range(subjects) for label in classes for number in range(per_class)}
    return labels, {name: name.split('_')[0] for name in labels}


def test_no_subject_is_in_two_splits_and_shares_are_near():
    labels, groups = clips(20, 3)
    split = split_by_share(labels, groups, 'train=70%;val=15%;test=15%')
    assert sorted(name for members in split.values() for name in members) == sorted(labels)
    subjects = {name: {groups[member] for member in members} for name, members in split.items()}
    assert not subjects['train'] & subjects['test'] and not subjects['train'] & subjects['val'] and not subjects['val'] & subjects['test']
    assert {name: len(members) for name, members in subjects.items()} == dict(train=14, val=3, test=3)


def test_each_class_is_shared_out_where_whole_groups_allow():
    labels = {f'{label}{number}': label for label in ('crawl', 'roll', 'sit') for number in range(10)}
    split = split_by_share(labels, {name: name for name in labels}, 'train=80%;test=20%')
    assert Counter(labels[name] for name in split['test']) == dict(crawl=2, roll=2, sit=2)


def test_the_seed_chooses_and_repeats():
    labels, groups = clips(12, 2)
    drawn = [split_by_share(labels, groups, 'train=50%;test=50%', seed=seed) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_every_split_gets_a_group():
    labels, groups = clips(3, 1)
    split = split_by_share(labels, groups, 'train=98%;val=1%;test=1%')
    assert all(split.values())


def test_too_few_groups_are_refused():
    with pytest.raises(ValueError, match=r'2 groups \(s0, s1\) cannot be shared among 3 splits'):
        split_by_share(*clips(2, 4), 'train=60%;val=20%;test=20%')


@pytest.mark.parametrize(
    'text', ['train=70%', 'train=70%;test=20%', 'train=70;test=30%', 'train=x%;test=30%', 'train=50%;train=50%', '=100%', '%'])
def test_shares_that_cannot_be_read(text):
    with pytest.raises(ValueError, match='split: '):
        parse_shares(text)
