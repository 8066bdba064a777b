"""``mmagenc NAME …``: names of one word and of two, what is near a wrong one, and processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import mmagenc
from mmagenc.commands import main, process_environment
from mmagenc.commands.entry import split_name, suggestions
from mmagenc.commands.table import COMMANDS

ROOT = Path(__file__).resolve().parents[2]


def test_the_overview_names_every_command_once(capsys):
    main(['--help'])
    lines = capsys.readouterr().out.splitlines()
    assert [' '.join(line[:22].split()) for line in lines if line.startswith('  ')] == list(COMMANDS)
    assert all(len(line) <= 120 for line in lines)
    with pytest.raises(SystemExit) as error:
        main([])
    assert error.value.code == 2 and capsys.readouterr().err.splitlines() == lines


def test_version(capsys):
    main(['--version'])
    assert capsys.readouterr().out == f'mmagenc {mmagenc.__version__}\n'


@pytest.mark.parametrize('words, name, rest', [
    ('train a.py --seed 1', 'train', ['a.py', '--seed', '1']), ('predict_poses x', 'predict-poses', ['x']),
    ('convert kinetic_gan a b', 'convert kinetic-gan', ['a', 'b']), ('convert publish', 'convert publish', []),
    ('import-bvh --help', 'import-bvh', ['--help'])])
def test_names(words, name, rest):
    assert split_name(words.split()) == (name, rest)


@pytest.mark.parametrize('words, said', [
    ('trian', "there is no command 'trian'; did you mean "), ('bvh_to_motion', 'did you mean import-bvh?'),
    ('tools/data/bvh_to_motion.py', 'did you mean import-bvh?'), ('predict', 'did you mean predict-frames or predict-poses?'),
    ('convert act', "there is no command 'convert act'; did you mean convert act-vae?"), ('convert zzz', 'convert p2i, convert slt or '),
    ('zzzz', "there is no command 'zzzz'. All are listed by: mmagenc --help"), ('--trian', "there is no command '--trian'")])
def test_a_wrong_name_is_told_what_is_near(capsys, words, said):
    with pytest.raises(SystemExit) as error:
        main(words.split())
    message = capsys.readouterr().err
    assert error.value.code == 2 and message.startswith('mmagenc: ') and said in message and message.count('\n') == 1


def test_every_old_script_is_suggested_its_command():
    for name, command in COMMANDS.items():
        assert command.old is None or suggestions(f'{Path(command.old).name}.py') == [name]


@pytest.mark.parametrize('words, code', [('convert', 2), ('convert --help', 0)])
def test_commands_of_two_words_are_listed(capsys, words, code):
    with pytest.raises(SystemExit) as error:
        main(words.split())
    said = capsys.readouterr()
    listed = (said.err if code else said.out).count('\n  ')
    assert error.value.code == code and listed == sum(name.startswith('convert ') for name in COMMANDS)


def test_a_mistake_in_options_is_refused_before_the_work_is_imported():
    code = "import sys; from mmagenc.commands import main\ntry: main(['train', '--sead', '1'])\nexcept SystemExit as e: print(e.code)\n" \
           "print([name for name in ('torch', 'mmengine', 'matplotlib', 'mmagenc.commands.train') if name in sys.modules])"
    result = subprocess.run([sys.executable, '-c', code], env=process_environment(), capture_output=True, text=True)
    assert result.stdout == '2\n[]\n', result.stderr


@pytest.mark.parametrize('words', [['-m', 'mmagenc', 'mix'], [str(ROOT / 'tools/data/mix_annotations.py')]])
def test_a_process_of_its_own_from_any_folder(tmp_path, words):
    """A command, and its door in a clone, end with its message and its exit code."""
    environment = {**process_environment(), 'COLUMNS': '200'}
    result = subprocess.run([sys.executable, *words, '--train', 'none.npz', '--out', 'a.npz'], cwd=tmp_path, env=environment,
                            capture_output=True, text=True)
    assert result.returncode == 1 and result.stderr.startswith('mix: none.npz: '), result.stderr


def test_a_door_works_in_a_clone_that_is_not_installed(tmp_path):
    """Without the package on any path the door finds the clone that it stands in."""
    code = f"import sys; sys.path[:] = [p for p in sys.path if not p.endswith('site-packages')]; sys.argv = ['door', '--help']; " \
           f"import runpy; runpy.run_path({str(ROOT / 'tools/train.py')!r}, run_name='__main__')"
    environment = {name: value for name, value in os.environ.items() if name != 'PYTHONPATH'}
    result = subprocess.run([sys.executable, '-S', '-c', code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert result.returncode == 0 and result.stdout.startswith('usage: mmagenc train'), result.stderr


@pytest.mark.parametrize('words', [
    'train configs/infagenc/quick.py --resume none.pth', 'test configs/infagenc/quick.py none.pth',
    'generate configs/infagenc/quick.py none.pth --out a.npz', 'visualize configs/infagenc/quick.py none.pth',
    'predict-poses configs/infagenc/quick.py none.pth --start pose.json --class 0 --out b',
    'predict-frames configs/infagenc/quick.py none.pth --image a.png --pose a.json --class 0'])
def test_configs_of_the_package_are_found_from_any_folder(words, tmp_path, monkeypatch, capsys):
    """Where the current folder has no ``configs/``, as beside a wheel: then it is the checkpoint that is missing."""
    monkeypatch.chdir(tmp_path)
    Path('pose.json').write_text('[[1, 2], [3, 4]]')
    with pytest.raises(SystemExit) as error:
        main(words.split())
    said = error.value.code if isinstance(error.value.code, str) else capsys.readouterr().err
    assert 'none.pth' in said and 'quick.py' not in said


def test_configs_of_ones_own_come_first(tmp_path, monkeypatch):
    from mmagenc.engine.config_file import located_config
    monkeypatch.chdir(tmp_path)
    path = Path('configs/infagenc/quick.py')
    assert located_config(path).samefile(ROOT / path)  # which an editable install has by a link too
    assert located_config('configs/none.py') == Path('configs/none.py')
    assert located_config('infagenc/quick.py') == Path('infagenc/quick.py'), 'only what is named from configs/ on'
    path.parent.mkdir(parents=True)
    path.touch()
    assert located_config(path) == path
    assert located_config('mmagenc::infagenc/quick.py').samefile(ROOT / path), 'as _base_ names it: always of the package'
    assert located_config('mmagenc::none.py') == Path('mmagenc::none.py')


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='pipes of this system tell no writer that their reader has gone')
@pytest.mark.parametrize('lines', [1, 100000])  # in the buffer until the end, or written on the way
def test_a_reader_who_has_gone_is_no_error(lines):
    """``mmagenc inspect FILE | head``: nothing is said; another broken pipe, such as that of a worker, is."""
    program = ('import sys, types\nfrom mmagenc.command_line import in_words\nfrom mmagenc.commands import entry\n'
               'def run(args):\n    with in_words("inspect"):\n'
               f'        sys.stdin.read()\n        for _ in range({lines}): print("clips")\n'
               '        if sys.argv[1] == "other": raise BrokenPipeError(32, "Broken pipe")\n'
               'entry.import_module = lambda name: types.SimpleNamespace(run=run, build_parser=lambda: types.SimpleNamespace('
               'parse_args=lambda argv: None))\nentry.start("inspect", [])\n')
    found = {}
    for kind in ('gone', 'other'):
        process = subprocess.Popen([sys.executable, '-c', program, kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, env=process_environment())
        if kind == 'gone':
            process.stdout.close()  # before it begins to write
            process.stdin.close()
            said = process.stderr.read()
            process.stderr.close()
        else:
            _, said = process.communicate('')
        found[kind] = process.wait(), said
    assert found['gone'] == (141, '')
    assert found['other'][0] == 1 and 'inspect: [Errno 32] Broken pipe' in found['other'][1]
