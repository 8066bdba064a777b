"""One vocabulary over all commands: the committed table of their options, and the rules that it follows."""

import argparse
from collections import defaultdict

import pytest

from mmagenc.commands import parser_of
from tests.options_table import TABLE, all_options, table

SHOWN = [(name, parser, action) for name, parser, action in all_options() if action.help != argparse.SUPPRESS]
VALUED = [(name, action) for name, _, action in SHOWN if action.option_strings and action.nargs != 0]
ONE_MEANING = ('--seed', '--fps', '--num-frames', '--num-samples-per-class', '--num-samples', '--device', '--cfg-options', '--processes',
               '--resamples', '--work-dir', '--skeleton', '--body-model', '--classes', '--split', '--fill-gaps', '--launcher')
"""Options that take the same kind of value in every command that has them."""
MANY = {('--classes', 'generate'), ('--classes', 'visualize'), ('--classes', 'pretrain'), ('--split', 'import-arrays back'),
        ('--classes', 'export'), ('--split', 'export')}
"""Where they are lists of words, not one word with commas; or one name."""


def test_the_options_are_those_of_the_table():
    assert table().splitlines() == TABLE.read_text(encoding='utf-8').splitlines(), \
        'options changed; if that is meant: python -m tests.options_table, and a line of CHANGELOG.md for old spellings'


def test_every_option_is_explained():
    for name, _, action in SHOWN:
        assert action.help, f'{name} {action.option_strings or action.dest}'


def test_every_value_has_a_word_that_says_what_it_is():
    for name, action in VALUED:
        assert action.choices or action.metavar, f'{name} {action.option_strings}'


def test_every_default_is_named():
    for name, action in VALUED:
        if action.default not in (None, [], {}, ()) and not action.required:
            assert 'default: ' in action.help, f'{name} {action.option_strings}'


@pytest.mark.parametrize('option', ONE_MEANING)
def test_an_option_takes_the_same_everywhere(option):
    kinds = defaultdict(set)
    for name, action in VALUED:
        if option in action.option_strings and (option, name) not in MANY:
            kinds[str(action.metavar or action.choices), action.nargs].add(name)
    assert len(kinds) == 1 or option == '--num-samples', kinds


def test_where_something_is_written_it_is_named_by_out():
    """``--work-dir`` is of trainings, ``--dump`` and ``--show-dir`` of MMAction2's test; further files have names of their own."""
    outs = {name for name, _, action in SHOWN if '--out' in action.option_strings}
    elsewhere = {'completion', 'quickstart', 'train', 'pretrain', 'test', 'study', 'import-arrays', 'import-arrays back'}
    assert {name for name, _, _ in SHOWN} - outs <= elsewhere


@pytest.mark.parametrize('command, words, name, value', [
    ('visualize', 'a.npz --out-dir x --num-per-class 3', 'num_samples_per_class', 3), ('compare', 'a b --json c.json', 'out', 'c.json'),
    ('benchmark', 'cvae --json c.json', 'out', 'c.json'), ('report', 'w --clips-per-class 2', 'num_samples_per_class', 2),
    ('import-bvh', 'f --out a.npz --body B', 'body_model', 'B'), ('import-h36m', 'f --out a.npz --clip-frames 5', 'clip_frames', 5),
    ('import-arrays', 'back a --data b.npy --labels c.pkl --frames 7 --persons 1', 'num_frames', 7),
    ('render', 'a --out b --clips-per-class 4', 'num_samples_per_class', 4), ('convert p2i', 'in.pt out.pth', 'out', 'out.pth'),
    ('convert p2i', 'in.pt --out out.pth', 'out', 'out.pth'), ('train', 'a.py --local_rank 2', 'local_rank', 2)])
def test_old_spellings_work_on_and_are_not_shown(command, words, name, value):
    parser = parser_of(command)
    assert getattr(parser.parse_args(words.split()), name) == value
    assert not [word for word in words.split() if word.startswith('--') and word not in ('--out', '--data', '--labels')
                and f' {word} ' in parser.format_help()]


@pytest.mark.parametrize('words, said', [('in.pt', 'required: --out'), ('in.pt a.pth --out b.pth', 'is given twice: --out b.pth, a.pth')])
def test_what_a_converter_writes_is_named_once(capsys, words, said):
    with pytest.raises(SystemExit) as error:
        parser_of('convert p2i').parse_args(words.split())
    assert error.value.code == 2 and said in capsys.readouterr().err


@pytest.mark.parametrize('device', ['gpu 1', 'cuda:', '', 'CPU'])
def test_devices_that_no_name_can_be(capsys, device):
    with pytest.raises(SystemExit) as error:
        parser_of('generate').parse_args(['a.py', 'b.pth', '--out', 'c.npz', '--device', device])
    assert error.value.code == 2 and 'argument --device: must be auto, cpu, cuda or cuda:1' in capsys.readouterr().err
