"""Benchmark splits of names, and the list of missing clips."""

import pytest

from mmagenc.datasets.readers.ntu_benchmark import ACTIONS, BENCHMARKS, XSUB60, XSUB120, read_missing
from mmagenc.datasets.readers.ntu_skeleton import ClipName


def name(setup=1, camera=1, subject=1, take=1, action=1):
    return f'S{setup:03d}C{camera:03d}P{subject:03d}R{take:03d}A{action:03d}'


def test_actions():
    assert len(ACTIONS) == len(set(ACTIONS)) == 120 and all(ACTIONS)
    numbered = {1: 'drink water', 22: 'cheer up', 27: 'jump up', 43: 'falling down', 50: 'punch/slap', 60: 'walking apart',
                61: 'put on headphone', 80: 'squat down', 99: 'run on the spot', 106: 'hit with object', 112: 'high-five',
                120: 'rock-paper-scissors'}
    assert {number: ACTIONS[number - 1] for number in numbered} == numbered
    assert len(BENCHMARKS['ntu60'].classes) == 60 and len(BENCHMARKS['ntu120'].classes) == 120


def test_subjects():
    assert len(XSUB60) == 20 and len(XSUB120) == 53 and XSUB60 < XSUB120 and max(XSUB60) <= 40 and max(XSUB120) <= 106


def test_releases():
    assert BENCHMARKS['ntu60'].has(ClipName.parse(name(setup=17, action=60)))
    assert not BENCHMARKS['ntu60'].has(ClipName.parse(name(setup=18, action=60)))
    assert not BENCHMARKS['ntu60'].has(ClipName.parse(name(action=61)))
    assert BENCHMARKS['ntu120'].has(ClipName.parse(name(setup=32, action=120)))
    assert not BENCHMARKS['ntu120'].has(ClipName.parse(name(setup=33)))


def test_cross_subject_and_view():
    names = [name(camera=camera, subject=subject) for camera in (1, 2, 3) for subject in (1, 3, 38, 40)]
    split = BENCHMARKS['ntu60'].splits(names)
    assert set(split) == {f'{protocol}_{part}' for protocol in ('xsub', 'xview') for part in ('train', 'val', 'fit', 'holdout')}
    assert split['xsub_train'] == [name(camera=camera, subject=subject) for camera in (1, 2, 3) for subject in (1, 38)]
    assert split['xview_train'] == [name(camera=camera, subject=subject) for camera in (2, 3) for subject in (1, 3, 38, 40)]
    assert split['xsub_holdout'] == [name(camera=camera, subject=38) for camera in (1, 2, 3)]  # the 20th of the 20
    assert split['xview_holdout'] == [name(camera=camera, subject=40) for camera in (2, 3)]


def test_cross_setup():
    names = [name(setup=setup, subject=subject, action=120) for setup in (31, 32) for subject in (5, 10, 103)]
    split = BENCHMARKS['ntu120'].splits(names)
    assert split['xset_train'] == names[3:] and split['xset_val'] == names[:3] and split['xset_holdout'] == [names[4]]
    assert split['xsub_train'] == [names[0], names[2], names[3], names[5]]


def test_parts_are_parts():
    names = [name(setup=setup, camera=camera, subject=subject)
             for setup in range(1, 18) for camera in (1, 2, 3) for subject in range(1, 41)]
    for benchmark in BENCHMARKS.values():
        split = benchmark.splits(names)
        for protocol in benchmark.protocols:
            train, val, fit, holdout = (split[f'{protocol}_{part}'] for part in ('train', 'val', 'fit', 'holdout'))
            assert sorted(train + val) == sorted(names) and sorted(fit + holdout) == sorted(train)
            assert {ClipName.parse(clip).subject for clip in fit}.isdisjoint(ClipName.parse(clip).subject for clip in holdout)
            assert fit and holdout


def test_missing_list(tmp_path):
    path = tmp_path / 'missing.txt'
    path.write_text(f'There are 2 samples:\n{name()}\n  {name(action=2)}.skeleton\n')
    assert read_missing(path) == {name(), name(action=2)}
    path.write_text('nothing')
    with pytest.raises(ValueError, match='has no name like'):
        read_missing(path)
    with pytest.raises(FileNotFoundError):
        read_missing(tmp_path / 'none')
