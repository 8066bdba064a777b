"""Numbers of the command line."""

import argparse

import pytest

from mmagenc.arguments import count, index, integer, names, number, positive, seed, share, threads


@pytest.mark.parametrize('parse, text, reason', [
    (threads, '100000', 'must be from 1 to 1024, got 100000'),
    (count, '0', 'must be at least 1, got 0'), (count, 'x', "must be a whole number, got 'x'"), (count, '1.5', 'must be a whole number'),
    (index, '-1', 'must be at least 0, got -1'), (seed, '-1', 'must be from 0 to 4294967295, got -1'),
    (seed, '4294967296', 'must be from 0'),
    (integer(None, 5), '6', 'must be at most 5, got 6'), (positive, '0', 'must be above 0, got 0'),
    (positive, 'nan', 'must be a finite number'),
    (positive, 'inf', 'must be a finite number, got inf'), (number(), 'x', "must be a number, got 'x'"),
    (share, '1.1', 'must be from 0 to 1'), (names, 'a,,b', 'must be names, A,B,…, of which one with a comma is quoted'),
    (names, '', 'must be names'), (names, '"a,b', 'must be names'), (names, 'sit, a,lie, a', 'names a more than once; one with a comma'),
])
def test_refused(capsys, parse, text, reason):
    parser = argparse.ArgumentParser()
    parser.add_argument('--value', type=parse)
    with pytest.raises(SystemExit) as error:
        parser.parse_args([f'--value={text}'])
    assert error.value.code == 2 and f'argument --value: {reason}' in capsys.readouterr().err


def test_taken():
    assert [count('1'), index('0'), seed('4294967295'), positive('1e-3'), share('1'), number()('-2')] == [1, 0, 2**32 - 1, 1e-3, 1, -2]


def test_names_with_commas_stand_between_quotes():
    """A class "sit, legs crossed" was two, of which no clip was, and its clips were left out."""
    assert names('walk,run') == names('walk, run') == ['walk', 'run'] and names("don't") == ["don't"]
    assert names('"sit, legs crossed",kriechen ü, "lie, on a side"') == ['sit, legs crossed', 'kriechen ü', 'lie, on a side']
