"""What all tools share: words for errors, settings as KEY=VALUE, output that waits."""

import argparse
import errno
import io
import sys

import pytest

from mmagenc import command_line
from mmagenc.command_line import KeyValue, WaitingOutput, describe, in_words, waiting_output


class TestInWords:

    @pytest.mark.parametrize('error, said', [
        (ValueError('x must be y'), 'tool: x must be y'),
        (FileNotFoundError(errno.ENOENT, 'No such file or directory', 'a.npz'), 'tool: a.npz: No such file or directory'),
        (ImportError('pip install it'), 'tool: pip install it'),
        (ValueError(), 'tool: ValueError'),
    ])
    def test_what_a_user_can_mend_is_one_message(self, error, said):
        with pytest.raises(SystemExit) as exit_, in_words('tool'):
            raise error
        assert exit_.value.code == said  # which Python prints, with exit code 1

    def test_another_exit_code(self, capsys):
        with pytest.raises(SystemExit) as exit_, in_words('train', code=2):
            raise ValueError('no')
        assert exit_.value.code == 2 and capsys.readouterr().err == 'train: no\n'
        error = ValueError('there already')
        error.status = 2
        with pytest.raises(SystemExit) as exit_, in_words('tool'):
            raise error
        assert exit_.value.code == 2 and capsys.readouterr().err == 'tool: there already\n'

    def test_debug_and_mistakes_of_programs_keep_the_traceback(self):
        with pytest.raises(ValueError, match='no'), in_words('tool', debug=True):
            raise ValueError('no')
        with pytest.raises(RuntimeError), in_words('tool'):
            raise RuntimeError

    @pytest.mark.parametrize('rank, waits', [('0', []), ('3', [command_line.PATIENCE])])
    def test_the_main_process_speaks_first(self, rank, waits, monkeypatch, capsys):
        """Launchers end all processes with the first that ends: the others give the main one time."""
        waited = []
        monkeypatch.setattr(command_line.time, 'sleep', waited.append)
        monkeypatch.setenv('RANK', rank)
        with pytest.raises(SystemExit), in_words('train', code=2, launcher='pytorch'):
            raise ValueError('no')
        assert waited == waits and capsys.readouterr().err == 'train: no\n'


def test_a_key_error_says_its_message_without_quotes():
    assert describe(KeyError('there is no x')) == 'there is no x'


@pytest.fixture
def parser():
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=KeyValue)
    return parser


def test_settings(parser):
    words = ['model.type=A', 'a.b=[1,2.5,x]', 'c=None', 'd=True', 'url=a=b']
    assert parser.parse_args(['--cfg-options', *words]).cfg_options == {
        'model.type': 'A', 'a.b': [1, 2.5, 'x'], 'c': None, 'd': True, 'url': 'a=b'}
    assert parser.parse_args([]).cfg_options is None


@pytest.mark.parametrize('value, read', [
    ('my clips.npz', 'my clips.npz'), ('data (1).npz', 'data (1).npz'), ("'my clips.npz'", 'my clips.npz'), (' 12 ', 12), ('1 2', '1 2'),
    ('[ a b.npz , c (2).npz ,3 ]', ['a b.npz', 'c (2).npz', 3]), ('walk left,walk right', ['walk left', 'walk right']),
    ('( 1, 2.5 )', (1, 2.5)), ('[(1, a b), [ c d, None ]]', [(1, 'a b'), ['c d', None]]), ('', '')])
def test_spaces_within_a_value_stay(parser, value, read):
    """MMEngine takes all of them out, so that the file was another one."""
    assert parser.parse_args(['--cfg-options', f'a.b={value}', 'c=d e']).cfg_options == {'a.b': read, 'c': 'd e'}


@pytest.mark.parametrize('word, read', [
    ('own_data.skeleton=coco17 without left_ankle, right_ankle', 'coco17 without left_ankle, right_ankle'),
    ("own_data.skeleton='coco17 without nose,left_eye,right_eye'", 'coco17 without nose,left_eye,right_eye'),
    ('layouts.skeleton=[coco17,h36m17]', ['coco17', 'h36m17']), ('a.classes=walk without shoes,run', ['walk without shoes', 'run']),
    ('a.classes=["sit, legs crossed", run, \'lie\']', ['sit, legs crossed', 'run', 'lie']),
    ("a=[('x, y', 1), 'z']", [('x, y', 1), 'z']), ("a='[1,2]'", [1, 2]), ('a="1,2"', [1, 2]), ("a=[it's, that's]", ["it's", "that's"])])
def test_commas_that_part_nothing(parser, word, read):
    """MMEngine made lists of them: a layout without two keypoints was a layout and a keypoint, a class with a comma two classes."""
    assert list(parser.parse_args(['--cfg-options', word]).cfg_options.values()) == [read]


@pytest.mark.parametrize('word, said', [
    ('foo', "'foo' is no KEY=VALUE"), ('=3', 'no KEY=VALUE'), ('model.=3', 'no KEY=VALUE'), ('.a=3', 'no KEY=VALUE'),
    ('a=[1,2', 'a bracket without its other half'), ('a=(1', 'bracket'), ('a=dict(b=1,c=2)', 'is a dict, which is given key by key'),
    ("a={'b':1}", 'key by key: KEY.a=1 KEY.b=2'), ('a=[dict(b=1,c=2),3]', 'is a dict'), ('a=f(1,2)', 'stand behind nothing; got a=f(1,2)'),
    ('a=[1,2]x', 'brackets around a comma make a list')])
def test_words_that_are_no_settings(parser, word, said, capsys):
    with pytest.raises(SystemExit) as exit_:
        parser.parse_args(['--cfg-options', word])
    assert exit_.value.code == 2 and said in capsys.readouterr().err


class TestWaitingOutput:

    def test_dropped_before_the_work_began(self, capsys):
        with pytest.raises(ValueError), waiting_output():
            print('four hundred lines')
            raise ValueError
        assert capsys.readouterr().out == ''

    def test_shown_once_it_has_begun_and_after_other_errors(self, capsys):
        with pytest.raises(ValueError), waiting_output() as output:
            print('begun')
            assert capsys.readouterr().out == ''
            output.release()
            print('going on')
            raise ValueError
        assert capsys.readouterr().out == 'begun\ngoing on\n'
        before = sys.stdout
        with pytest.raises(RuntimeError), waiting_output():
            print('what was')
            raise RuntimeError
        assert capsys.readouterr().out == 'what was\n' and sys.stdout is before

    def test_not_for_ever(self, monkeypatch):
        monkeypatch.setattr(command_line, 'LONGEST_WAIT', -1.)
        stream = io.StringIO()
        WaitingOutput(stream).write('late')
        assert stream.getvalue() == 'late'
