"""Progress: a bar on a terminal, lines in a log, nothing of quick work, all on standard error."""

import io
import sys

import pytest

import mmagenc.progress
from mmagenc.progress import clock, progress_bar, progress_line


class Terminal(io.StringIO):

    def isatty(self):
        return True


@pytest.fixture
def stderr(monkeypatch):
    monkeypatch.delitem(sys.modules, 'ipykernel', raising=False)  # of another test: here is no notebook

    def use(stream):
        monkeypatch.setattr('sys.stderr', stream)
        return stream
    return use


def work(total=40, **kwargs):
    with progress_bar(total, 'generating', **kwargs) as advance:
        for _ in range(4):
            advance(10)


def test_quick_work_leaves_nothing_in_a_log(stderr, capsys):
    work()
    said = capsys.readouterr()
    assert said.out == said.err == ''


def test_a_log_gets_whole_lines_at_intervals(stderr, monkeypatch, capsys):
    times = iter([0., 20., 31., 50., 62.])
    monkeypatch.setattr(mmagenc.progress.time, 'monotonic', lambda: next(times))
    work()
    said = capsys.readouterr()
    assert said.out == '' and said.err.splitlines() == ['generating: 20 of 40, 0:31, about 0:31 left', 'generating: 40 of 40, 1:02']


def test_a_terminal_gets_a_bar(stderr, monkeypatch, capsys):
    monkeypatch.setenv('COLUMNS', '120')
    terminal = stderr(Terminal())
    work()
    with progress_bar(2, 'reading') as advance:
        advance(text='drawing')
    assert 'generating' in terminal.getvalue() and '40/40' in terminal.getvalue() and 'drawing' in terminal.getvalue()
    assert capsys.readouterr().out == ''


def test_nothing_is_shown_where_nothing_is_asked_for(stderr):
    terminal = stderr(Terminal())
    work(show=False)
    assert terminal.getvalue() == ''


@pytest.mark.parametrize('arguments, line', [
    (('x', 0, 5, 3), 'x: 0 of 5, 0:03'), (('x', 7, None, 65), 'x: 7, 1:05'), (('x', 1, 100, 120), 'x: 1 of 100, 2:00, about 3:18:00 left')])
def test_lines(arguments, line):
    assert progress_line(*arguments) == line


def test_clock():
    assert [clock(seconds) for seconds in (0, 59.9, 60, 3599, 3600, 7209)] == ['0:00', '0:59', '1:00', '59:59', '1:00:00', '2:00:09']
