"""Every tool keeps the one rule of :mod:`mmagenc.outputs`, before any work: the inputs here are files that no tool could read."""

import argparse
import importlib
import os
import re
import sys
from pathlib import Path

import pytest

import mmagenc.commands.table
import mmagenc.outputs
from mmagenc.outputs import LIST

ROOT = Path(__file__).resolve().parents[2]
DEVELOPERS = ('analysis/memory', 'data/build_charts', 'data/build_infant_body')
"""Programs in tools/ that are no commands."""
INPUTS = ('in.npz', 'in.py', 'in.pth')
COMMANDS = [
    ('class-over-time', 'in.npz --recognizer in.py in.pth --out new/a.png'),
    ('compare', 'in.npz in.npz --out new/a.json'),
    ('compare-generators', 'in.npz --recognizer in.py in.pth --generator a in.py in.pth --out new/a.json --picture new/b.png'),
    ('compare-predictions', '--model a in.npz --out new/a.json'),
    ('draw-pyramid', '--skeleton ucla20 --out new/a.png'),
    ('ensemble', '--position in.npz --out new/a.npz'),
    ('analysis/memory', '--json new/a.json'),
    ('plot', 'run --out new/a.pdf'),
    ('report', 'run --out new/a.html --figures pictures'),
    ('benchmark', 'cvae --out new/a.json'),
    ('import', 'folder --out new/a.npz new/b.pkl'),
    ('inspect', 'in.npz --html new/a.html --sheet new/b.png --out new/c.json'),
    ('import-amass', 'folder --out new/a.npz new/b.pkl'),
    ('import-arrays', 'npz in.npz --out new/a.npz'),
    ('import-arrays', 'pkl in.npz --out new/a.npz'),
    ('import-arrays', 'back in.npz --data new/a.npy --labels new/b.pkl'),
    ('data/build_charts', 'folder --out new/a.js --licences new/b.txt'),
    ('data/build_infant_body', '--out new/a.npz'),
    ('import-bvh', 'folder --rig in.py --out new/a.npz new/b.pkl --report new/c.json'),
    ('import-h36m', 'folder --out new/a.npz new/b.pkl'),
    ('mix', '--train in.npz --out new/a.npz'),
    ('import-ntu', 'folder --benchmark ntu60 --missing in.npz --out new/a.npz'),
    ('import-nw-ucla', 'folder --out new/a.npz new/b.pkl'),
    ('import-penn-action', 'folder --window-file in.npz --out new/a.npz new/b.pkl'),
    ('recognize', 'in.py in.pth --clips in.npz --out new/a.csv'),
    ('export', 'in.npz --indexes 0 --out new/a.bvh'),
    ('export-model', 'in.py in.pth --out new/a.onnx --standalone new/b.py'),
    ('generate', 'in.py in.pth --out new/a.npz --pair new/b.npy'),
    ('convert act-vae', 'in.pth --out new/a.pth'),
    ('convert infagenc', 'in.pth --out new/a.pth'),
    ('convert infogcn', 'in.pth --out new/a.pth'),
    ('convert kinetic-gan', 'in.pth --out new/a.pth'),
    ('convert p2i', 'in.pth --out new/a.pth'),
    ('convert publish', 'in.pth --out new/a.pth'),
    ('convert slt', 'in.npz --out new/a.pth'),
    ('predict-frames', 'in.py in.pth --source in.npz --out new'),
    ('predict-poses', 'in.py in.pth --start in.npz --out new'),
    ('test', 'in.py in.pth --dump new/a.npz --show-dir pictures'),
    ('release', 'in.npz --recordings in.npz --out pictures --pairs new/a.png'),
    ('visualize', 'in.npz --format png --out new --frames-dir pictures'),
]
OWN_PLACES = {'completion', 'train', 'pretrain', 'quickstart', 'study', 'standin', 'render', 'save-pretrained'}
"""Tools that keep what they write in a folder of their own, or print it; what they do there is in their own tests."""
ANY_SUFFIX = {'.json'}
NO_OUTPUTS = {('import', '--labels'), ('inspect', 'file'), ('import-amass', '--labels'), ('import-bvh', '--labels'),
              ('report', 'work_dirs'), ('plot', 'work_dirs'), ('test', '--work-dir')}
"""Options that are named as outputs are and are none, or the folder of a run."""
OUTPUT_NAMES = re.compile(r'(--)?(out|json|csv|html|dump|report|pair|figures|picture|target|data|labels|save.*|.*[-_]dirs?|.*[-_]file)')


class Passed(BaseException):
    """The outputs were looked at and taken, and work would begin."""


def files_of(command):
    return re.findall(r'new/\w\.\w+', command) or ['new/strip.png']


def load(name):
    spec = importlib.util.spec_from_file_location(f'mmagenc_outputs_{name.replace("/", "_")}', ROOT / f'tools/{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope='module')
def tools():
    """Modules of all commands and of the developers' programs."""
    table = mmagenc.commands.table.COMMANDS
    commands = {name: importlib.import_module(f'mmagenc.commands.{command.module}') for name, command in table.items()}
    return {**commands, **{name: load(name) for name in DEVELOPERS}}


@pytest.fixture
def run(tools, tmp_path, monkeypatch, capsys):
    """Run a tool up to its work, among inputs; gives exit code and message."""
    monkeypatch.chdir(tmp_path)
    for name in INPUTS:
        Path(name).write_text('no such file could be read')
    Path('folder').mkdir(), Path('run').mkdir()

    def checked(*args, check=mmagenc.outputs.check_outputs, **kwargs):
        check(*args, **kwargs)
        raise Passed

    def call(name, command):
        tool = tools[name]
        for module in (mmagenc.outputs, tool):
            if hasattr(module, 'check_outputs'):
                monkeypatch.setattr(module, 'check_outputs', checked)
        monkeypatch.setattr(sys, 'argv', [name, *command.split()])
        capsys.readouterr()
        try:
            tool.main() if name in DEVELOPERS else mmagenc.commands.start(name)
        except Passed:
            return 0, ''
        except SystemExit as error:
            said = capsys.readouterr().err
            return (error.code, said.strip()) if isinstance(error.code, int) else (1, error.code)
        return pytest.fail(f'{name} worked without a look at its outputs')

    return call


def tree():
    return {str(path): path.read_text() if path.is_file() else None for path in Path().rglob('*')}


@pytest.fixture
def refused(run):
    """Run a tool that must refuse, with one line that names the tool, and touch nothing."""

    def call(name, command, *reasons, code=(1, 2), force=(False, True)):
        for option in force:
            before = tree()
            status, said = run(name, f'{command} --force' if option else command)
            assert status in code and said.startswith(f'{name if name not in DEVELOPERS else Path(name).name}: ') and '\n' not in said, said
            assert all(reason in said for reason in reasons), said
            assert tree() == before

    return call


def test_the_table_has_all_tools(tools):
    assert set(tools) == {name for name, _ in COMMANDS} | OWN_PLACES


def parsers_of(name, tool, monkeypatch):
    """The parser of a tool, and those of its parts."""
    if name in DEVELOPERS:
        with monkeypatch.context() as patched, pytest.raises(Passed) as caught:
            patched.setattr(argparse.ArgumentParser, 'parse_args', lambda self, *args, **kwargs: (_ for _ in ()).throw(Passed(self)))
            tool.main()
        waiting = [caught.value.args[0]]
    else:
        waiting = [mmagenc.commands.parser_of(name)]
    while waiting:
        parser = waiting.pop()
        yield parser
        waiting += [part for parts in subcommands(parser) for part in parts.choices.values()]


def subcommands(parser):
    return [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]


def test_the_table_has_all_options_that_name_outputs(tools, monkeypatch):
    for name, tool in tools.items():
        if name in OWN_PLACES:
            continue
        words = ' '.join(command for other, command in COMMANDS if other == name).split()
        for parser in parsers_of(name, tool, monkeypatch):
            for option in (action.option_strings[0] if action.option_strings else action.dest for action in parser._actions):
                if OUTPUT_NAMES.fullmatch(option) and (name, option) not in NO_OUTPUTS and option != 'target':
                    assert option in words, f'{name} {option}: add it to the table, or to what names no output'
            if not subcommands(parser):
                assert '--force' in parser._option_string_actions


def test_numbers_of_all_tools_are_refused_in_words(tools, monkeypatch):
    count = 0
    for name, tool in tools.items():
        for parser in parsers_of(name, tool, monkeypatch):
            for action in parser._actions:
                if action.help == argparse.SUPPRESS or action.choices or getattr(action.type, '__qualname__', '').split('.')[0] not in (
                        'int', 'float', 'integer', 'number'):
                    continue
                for text in ('nan', 'inf', 'x', '1e999'):
                    with pytest.raises(argparse.ArgumentTypeError, match='must be'):
                        action.type(text)
                count += 1
    assert count > 50


@pytest.mark.parametrize('name, options, reason', [
    ('compare', 'in.npz in.npz --num-frames 0', '--num-frames: must be at least 1, got 0'),
    ('draw-pyramid', '--skeleton ucla20 --out new/a.png --height 9', '--height: must be from 100 to 10000, got 9'),
    ('import-bvh', 'folder --rig in.py --out new/a.npz --fps 0', '--fps: must be above 0, got 0'),
    ('mix', '--train in.npz --out new/a.npz --fps -1', '--fps: must be above 0, got -1'),
    ('mix', '--train in.npz --out new/a.npz --fill-gaps -1', '--fill-gaps: must be at least 0, got -1'),
    ('import-ntu', 'folder --benchmark ntu60 --out new/a.npz --shard-size 0', '--shard-size: must be at least 1, got 0'),
    ('generate', 'in.py in.pth --out new/a.npz --num-frames 0', '--num-frames: must be at least 1, got 0'),
    ('generate', 'in.py in.pth --out new/a.npz --seed -1', '--seed: must be from 0 to 4294967295, got -1'),
    ('visualize', 'in.npz --smooth -1', '--smooth: must be from 0 to 1000, got -1'),
    ('train', 'in.py --seed 4294967296', '--seed: must be from 0 to 4294967295'),
])
def test_numbers_out_of_range(run, name, options, reason):
    status, said = run(name, options)
    assert status == 2 and f'error: argument {reason}' in said


@pytest.mark.parametrize('name, command', COMMANDS)
def test_what_is_there_is_refused_without_force(run, refused, name, command):
    before = tree()
    assert run(name, command) == (0, '') and tree() == before
    for file in files_of(command):
        Path('new').mkdir()
        Path(file).write_text('mine')
        refused(name, command, file, 'there already; --force replaces it', code=(2, ), force=[False])
        before = tree()
        assert run(name, f'{command} --force') == (0, '') and tree() == before
        Path(file).unlink(), Path('new').rmdir()


@pytest.mark.parametrize('name, command', COMMANDS)
def test_places_that_no_file_can_have(refused, name, command):
    Path('new').write_text('a file')
    refused(name, command, 'new is no folder')
    Path('new').unlink()
    for file in files_of(command):
        Path(file).mkdir(parents=True)
        refused(name, command, file, 'this is a folder; name a file in it')
        Path(file).rmdir()


@pytest.mark.parametrize('name, command, file', [
    (name, command, file) for name, command in COMMANDS for file in files_of(command)
    if file in command and Path(file).suffix not in ANY_SUFFIX and name != 'export'])  # whose suffix names a format: test_export_clips
def test_other_suffixes(refused, name, command, file):
    refused(name, command.replace(file, 'new/a.wrong'), 'new/a.wrong: the file must end in .')
    refused(name, command.replace(file, 'new/a'), 'must end in')


@pytest.mark.parametrize('name, command, read', [
    (name, command, read) for name, command in COMMANDS for read in INPUTS if f' {read}' in f' {command}'])
def test_inputs_are_never_outputs(refused, name, command, read):
    Path('new').mkdir()
    for file in files_of(command):
        Path(file).symlink_to(Path(read).resolve())
        refused(name, command, file, f'this is read, as {read}')
        Path(file).unlink()


@pytest.mark.parametrize('name, command', [(name, command) for name, command in COMMANDS if len(files_of(command)) > 1])
def test_two_outputs_are_two_files(refused, name, command):
    first, *others = files_of(command)
    Path('new').mkdir()
    Path(first).write_text('mine')
    for file in others:
        Path(file).symlink_to(Path(first).resolve())
        refused(name, command, file, 'the same file as')
        Path(file).unlink()


@pytest.mark.parametrize('name, command, folder', [
    *((name, command, 'pictures') for name, command in COMMANDS if 'pictures' in command),
    *((name, command, 'new/a.npz.shards') for name, command in COMMANDS if name == 'import-ntu' or ' in.npz --out' in command
      and 'arrays' in name and 'pkl' not in command)])
def test_folders_of_others_stay(refused, name, command, folder):
    Path(folder).mkdir(parents=True)
    Path(folder, '00000.npz').write_text('mine')
    refused(name, command, 'the folder holds 00000.npz, which ', ' did not write')
    Path(folder, LIST).write_text('{"tool": "another", "files": ["00000.npz"]}')
    refused(name, command, 'did not write')
    Path(folder, LIST).unlink(), Path(folder, '00000.npz').unlink(), Path(folder).rmdir()
    Path(folder).write_text('a file')
    refused(name, command, 'this is there and is no folder')


@pytest.mark.parametrize('name, command', COMMANDS)
def test_closed_folders(refused, monkeypatch, name, command):
    monkeypatch.setattr(os, 'access', lambda path, mode: not str(path).startswith(os.getcwd()))
    refused(name, command, 'must not be written to')
