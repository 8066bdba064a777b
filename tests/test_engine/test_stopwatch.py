"""Every second belongs to one part; a fake clock says which."""

import pytest

from mmagenc.engine.stopwatch import Stopwatch


class Clock:
    """A clock that somebody else moves."""

    now = 100.

    def __call__(self):
        return self.now


def test_seconds_are_counted_once():
    clock = Clock()
    watch = Stopwatch(clock)
    clock.now += 50  # before anything
    assert not watch.runs and watch.turn('train') is None
    clock.now += 8
    with watch.part('judge'):
        clock.now += 2
        with pytest.raises(KeyError), watch.part('pool'):
            clock.now += 1
            raise KeyError
        clock.now += 4
    clock.now += 1
    assert watch.turn(None) == 'train'
    clock.now += 99  # afterwards
    assert watch.seconds == dict(train=9., judge=6., pool=1.)
    assert watch.share(['judge', 'pool', 'nothing']) == pytest.approx(7 / 16)


def test_table():
    clock = Clock()
    watch = Stopwatch(clock)
    assert watch.table() == '' and watch.share(['a']) == 0
    for name, seconds in (('late', 1), ('generating', 6), ('judging', 3)):
        with watch.part(name):
            clock.now += seconds
    assert watch.table(['judging', 'absent', 'generating']).splitlines() == [
        '  judging          3.0 s  30.0%', '  generating       6.0 s  60.0%', '  late             1.0 s  10.0%']
