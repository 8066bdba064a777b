"""Config files that cannot be read are refused by file and line."""

import pytest

from mmagenc.engine.config_file import ConfigFileError, check_config_file, read_config_file


def write(folder, **files):
    for name, text in files.items():
        path = folder / (name if name.endswith(('json', 'yaml', 'txt')) else f'{name}.py')
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def test_whole_files_are_read(tmp_path, monkeypatch):
    monkeypatch.setenv('WORDS_LR', '3')
    write(tmp_path, base='x = 1\ny = dict(a=2)', mine="_base_ = ['./base.py']\ny = dict(b={{_base_.x}})\nlr = {{'$WORDS_LR:1'}}\n")
    cfg = read_config_file(tmp_path / 'mine.py')
    assert cfg.y == dict(a=2, b=1) and int(cfg.lr) == 3
    assert read_config_file(tmp_path / 'base.py').x == 1


@pytest.mark.parametrize('text, said', [
    ('x = dict(a=1\n', 'mine.py, line 1: '),
    ('x = 1\ny ==\n', 'mine.py, line 2: invalid syntax: y =='),
    ("_base_ = './absent.py'", 'absent.py (_base_ of {folder}/mine.py): no such file'),
    ("_base_ = ['./good.py',\n    './absent.py']", 'absent.py (_base_ of {folder}/mine.py): no such file'),
    ("_base_ = './mine.py'", 'its _base_ leads back to {folder}/mine.py'),
    ("_base_ = './round.py'", 'round.py: its _base_ leads back to {folder}/mine.py'),
    ("_base_ = 'nosuchpackage::a/b.py'", "line 1: _base_ 'nosuchpackage::a/b.py': there is no package nosuchpackage"),
    ("_base_ = 'mmaction::skeleton/absent.py'", "line 1: _base_ 'mmaction::skeleton/absent.py': "),
    ("_base_ = 'mmagenc::infagenc/absent.py'", 'mmagenc::infagenc/absent.py: no such config'),
    ("_base_ = './broken.py'", 'broken.py, line 1 (_base_ of {folder}/mine.py)'),
    ("_base_ = './raises.py'", "raises.py, line 2: NameError: name 'unknown' is not defined"),
    ("_base_ = './good.py'\nx = 1 / 0", 'mine.py, line 2: ZeroDivisionError: division by zero'),
    ("_base_ = ['./good.py', './same.py']", 'mine.py: KeyError: Duplicate key is not allowed among bases'),
    ("_base_ = './good.py'\nx = {{_base_.absent}}", 'mine.py: KeyError: '),
    ("custom_imports = dict(imports=['nosuchpackage'], allow_failed_imports=False)", 'mine.py: ImportError: '),
    ("_base_ = './good.py'\nx = 3\ny = dict(z=1)\n", 'mine.py: TypeError: '),
    ('_base_ = 5', 'mine.py: TypeError: '),
    (b'x = "\xff"', 'mine.py: no text in UTF-8'),
    (b'x = "\0"', 'mine.py: '),
])
def test_refused_by_file_and_line(tmp_path, text, said):
    write(tmp_path, mine=text, good='x = 1\ny = 2', same='x = 2', broken='x = (', raises='a = 1\nb = unknown', round="_base_ = './mine.py'")
    with pytest.raises(ConfigFileError) as error:
        read_config_file(tmp_path / 'mine.py')
    assert said.format(folder=tmp_path) in str(error.value) and '\n' not in str(error.value) and str(error.value).startswith('config ')


@pytest.mark.parametrize('name, text, said', [
    ('absent.py', None, 'no such file (those of this package are in configs/'),
    ('a.txt', 'x = 1', 'configs end in .py, .json, .yaml, .yml'),
    ('a.json', '{"a": ', 'JSONDecodeError'),
    ('a.json', '[1, 2]', 'a.json: '),
    ('a.yaml', 'a: [1', 'a.yaml: '),
])
def test_other_files(tmp_path, name, text, said):
    if text is not None:
        write(tmp_path, **{name: text})
    with pytest.raises(ConfigFileError, match='^config ') as error:
        read_config_file(tmp_path / name)
    assert said in str(error.value)


def test_a_folder(tmp_path):
    (tmp_path / 'a.py').mkdir()
    with pytest.raises(ConfigFileError, match='a folder, not a file'):
        check_config_file(tmp_path / 'a.py')
