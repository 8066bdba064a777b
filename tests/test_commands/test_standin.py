"""``mmagenc standin``: writes the published files, once, and never where recordings belong."""

from dataclasses import replace

import pytest

from mmagenc.commands import standin as command
from mmagenc.datasets import load_annotation, standin
from mmagenc.datasets.safe_pickle import load_pickle
from tests.commands import main


@pytest.fixture
def tool(monkeypatch):
    """The tool's module with sets of two clips a file."""
    for name, each in list(standin.SETS.items()):
        monkeypatch.setitem(standin.SETS, name, replace(each, sizes=dict.fromkeys(each.sizes, 2)))
    world = replace(standin.WORLD, sizes=dict(train=1, validate=1, test=1))
    monkeypatch.setattr(command, 'WORLD', world)
    monkeypatch.setattr(standin, 'WORLD', world)
    return command


def test_writes_the_published_files(tool, tmp_path, capsys):
    out = tmp_path / 'standin'
    main(tool, ['--out', str(out)])
    expected = ['InfActPlus/test_trans_data.pkl', 'InfActPlus/train_trans_data.pkl', 'InfActPrimitive/Data/primitive_test.pkl',
                'InfActPrimitive/Data/primitive_train.pkl', 'InfActPrimitive/Data/primitive_validate.pkl', 'README.txt',
                'world/primitive.npz']
    assert sorted(str(path.relative_to(out)) for path in out.rglob('*') if path.is_file()) == expected
    for path in expected[:5]:
        assert len(load_pickle(out / path)) == 2
    assert (out / 'README.txt').read_text().startswith('stand-in data (synthesized), not recordings')
    assert capsys.readouterr().out.count('stand-in data: 2 clips') == 5
    assert load_annotation(out / 'world/primitive.npz')['metainfo']['up'] == 'y'


def test_second_run_returns_at_once(tool, tmp_path, capsys, monkeypatch):
    out = tmp_path / 'standin'
    assert len(tool.make_standin(out)) == 6
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in tool.target_files(out)}
    with monkeypatch.context() as patch:
        patch.setattr(tool, 'make_split', lambda *args, **kwargs: pytest.fail('made again'))
        main(tool, ['--out', str(out)])
    assert 'is there already' in capsys.readouterr().out
    assert len(tool.make_standin(out, force=True)) == 6
    assert all(path.stat().st_mtime_ns > before[path][0] and path.read_bytes() == before[path][1] for path in before)
    before = {path: path.read_bytes() for path in before}
    with pytest.raises(SystemExit) as error:
        main(tool, ['--out', str(out), '--seed', '1'])
    assert error.value.code == 2 and 'there already, of seed 0; --force replaces it' in capsys.readouterr().err
    assert {path: path.read_bytes() for path in before} == before
    assert len(tool.make_standin(out, seed=1, force=True)) == 6
    assert any(path.read_bytes() != content for path, content in before.items())


def test_interrupted_run_is_taken_up(tool, tmp_path, monkeypatch):
    out = tmp_path / 'standin'

    def stop(*args, **kwargs):
        if tool.target_files(out)[1].exists():
            raise KeyboardInterrupt
        return make_split(*args, **kwargs)

    make_split = tool.make_split
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(tool, 'make_split', stop)
        tool.make_standin(out)
    assert not (out / 'README.txt').exists()
    assert len(tool.make_standin(out)) == 6


@pytest.mark.parametrize('place', ['data', 'data/InfActPrimitive', '.', 'data/standin/..'])
def test_refuses_the_real_place(tool, tmp_path, monkeypatch, place):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match='recordings may belong there'):
        main(tool, ['--out', place])
    assert not list(tmp_path.rglob('*.pkl'))


def test_refuses_to_overwrite_files_that_are_not_its_own(tool, tmp_path):
    file = tmp_path / 'standin/InfActPrimitive/Data/primitive_train.pkl'
    file.parent.mkdir(parents=True)
    file.write_bytes(b'a recording')
    with pytest.raises(SystemExit, match='it may be a recording'):
        main(tool, ['--out', str(tmp_path / 'standin'), '--force'])
    assert file.read_bytes() == b'a recording'


def test_only_the_sets_that_are_asked_for(tool, tmp_path, capsys):
    out = tmp_path / 'standin'
    main(tool, ['--out', str(out), '--sets', 'world'])
    assert [path.name for path in tool.target_files(out) if path.exists()] == ['primitive.npz']
    assert tool.listed_parts(out / 'README.txt') == ['world']
    world = (out / 'world/primitive.npz').stat().st_mtime_ns
    main(tool, ['--out', str(out), '--sets', 'world'])
    assert 'stand-in data (world; ' in capsys.readouterr().out
    main(tool, ['--out', str(out), '--sets', 'action'])
    assert tool.listed_parts(out / 'README.txt') == ['action', 'world'] and not (out / 'InfActPrimitive').exists()
    assert (out / 'world/primitive.npz').stat().st_mtime_ns == world, 'made again'
    assert len(tool.make_standin(out)) == 3
    assert (out / 'README.txt').read_text() == tool.readme_text(0)
    assert not tool.make_standin(out) and not tool.make_standin(out, parts=['world'])


def test_a_folder_has_one_seed(tool, tmp_path):
    out = tmp_path / 'standin'
    tool.make_standin(out, parts=['action', 'world'])
    with pytest.raises(SystemExit, match='2'):
        main(tool, ['--out', str(out), '--sets', 'world', '--seed', '1'])
    assert len(tool.make_standin(out, seed=1, force=True, parts=['world'])) == 3, 'the others would be of seed 0'
    assert tool.listed_parts(out / 'README.txt') == ['action', 'world']


def test_a_recording_beside_the_sets_that_are_there_stays(tool, tmp_path):
    out = tmp_path / 'standin'
    tool.make_standin(out, parts=['world'])
    file = out / 'InfActPrimitive/Data/primitive_train.pkl'
    file.parent.mkdir(parents=True)
    file.write_bytes(b'a recording')
    with pytest.raises(SystemExit, match='not in the README.txt of stand-in data; it may be a recording'):
        main(tool, ['--out', str(out), '--force'])
    assert file.read_bytes() == b'a recording'


def test_names_of_the_sets(tool):
    assert (*standin.SETS, 'world') == tool.PARTS
