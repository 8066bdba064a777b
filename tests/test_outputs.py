"""The one rule of what tools write, each part of it alone; that all tools keep it is in tests/test_tools/test_all_outputs.py."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmagenc.compat import atomic_open
from mmagenc.outputs import (
    LIST,
    Output,
    OutputError,
    OutputFolder,
    check_outputs,
    claim_names,
    filling,
    foreign_names,
    listed_names,
    making,
    note_names,
    remove_listed,
    require_outputs,
    write_list,
)


@pytest.fixture(autouse=True)
def in_tmp_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def refused(*outputs, status=1, **kwargs):
    with pytest.raises(OutputError) as error:
        check_outputs(outputs, **kwargs)
    assert error.value.status == status
    return str(error.value)


def test_what_is_there_is_refused_without_force():
    Path('a.npz').write_text('mine'), Path('b.npz').write_text('mine')
    outputs = Output('--out', 'a.npz'), Output('--pair', 'b.npz'), Output('--json', 'c.json')
    assert refused(*outputs, status=2) == '--out a.npz, --pair b.npz: there already; --force replaces them'
    check_outputs(outputs, force=True)
    assert Path('a.npz').read_text() == 'mine'  # looking writes nothing
    check_outputs(outputs[2:])
    assert not Path('c.json').exists()


@pytest.mark.parametrize('path, reason', [
    ('a.csv', 'the file must end in .npz, .pkl or .npy'), ('npz', 'must end in'), ('', 'this names no file'),
    ('a\0.npz', 'names no file'), ('file.txt/new/a.npz', 'file.txt is no folder'),
    ('folder.npz', 'this is a folder; name a file in it'), ('new.npz/', 'this is a folder'),
    ('x' * 300 + '.npz', 'no file can have this name'),
])
def test_places_that_no_file_can_have(path, reason):
    Path('folder.npz').mkdir(), Path('file.txt').write_text('')
    for force in (False, True):
        assert reason in refused(Output('--out', path, ('.npz', '.pkl', '.npy')), force=force)


def test_a_folder_that_is_closed(monkeypatch):
    monkeypatch.setattr(os, 'access', lambda path, mode: False)
    assert f'the folder {Path.cwd()} must not be written to' in refused(Output('--out', 'new/a.npz'))


@pytest.mark.parametrize('one, other', [
    ('a.npz', './a.npz'), ('a.npz', 'new/../a.npz'), ('a.npz', 'A.npz'), ('link/a.npz', 'real/a.npz'), ('\u00e9.npz', 'e\u0301.npz')])
def test_two_outputs_are_two_files(one, other):
    Path('real').mkdir(), Path('link').symlink_to('real'), Path('new').mkdir()
    assert 'the same file as --data' in refused(Output('--data', one), Output('--labels', other), force=True)


@pytest.mark.parametrize('output', ['in.npz', './in.npz', 'link.npz', 'hard.npz'])
def test_inputs_are_never_outputs(output):
    Path('in.npz').write_text('in'), Path('link.npz').symlink_to('in.npz'), os.link('in.npz', 'hard.npz')
    assert 'this is read, as in.npz' in refused(Output('--out', output), inputs=[None, 'in.npz'], force=True)


def test_nor_files_of_a_folder_that_is_read():
    Path('in/walk').mkdir(parents=True), Path('in/walk/x.npz').write_text('in')
    assert 'this is read, as in' in refused(Output('--out', 'in/walk/x.npz'), inputs=[('in', '.npz')], force=True)
    check_outputs([Output('--out', 'in/walk/x.npz')], inputs=[('in', '.bvh')], force=True)
    check_outputs([Output('--out', 'in/new.npz')], inputs=[('in', '.npz')])


def test_own_products_are_known_by_their_sign():
    Path('report.html').write_text('<!DOCTYPE html>\n<meta name="generator" content="mmagenc report">')
    check_outputs([Output('', 'report.html', sign='content="mmagenc report"')])
    assert refused(Output('', 'report.html', sign='content="other"'), status=2).startswith('report.html: there already')


def test_exit_codes(capsys):
    Path('a.npz').write_text('mine')
    with pytest.raises(SystemExit) as error:
        require_outputs('tool', [Output('--out', 'a.npz')])
    assert error.value.code == 2 and capsys.readouterr().err == 'tool: --out a.npz: there already; --force replaces it\n'
    with pytest.raises(SystemExit, match='tool: --out a.csv: the file must end in .npz'):
        require_outputs('tool', [Output('--out', 'a.csv', ('.npz', ))])


def test_streams_are_written_to_as_they_are(tmp_path):
    """Also one that was redirected into a file: what the process said before and says after stays."""
    check_outputs([Output('--json', '/dev/stdout'), Output('--out', '/dev/null')])
    code = ("from mmagenc.compat import atomic_open\nprint('before')\n"
            "with atomic_open('/dev/stdout', 'w') as file:\n    file.write('json\\n')\nprint('after')")
    with open(tmp_path / 'log', 'w') as log:
        subprocess.run([sys.executable, '-c', code], stdout=log, check=True, cwd=Path(__file__).resolve().parents[1])
    assert (tmp_path / 'log').read_text() == 'before\njson\nafter\n'


def test_long_names_of_other_scripts_can_be_written():
    name = '字' * 80 + '.json'
    check_outputs([Output('--json', name)])
    with atomic_open(name, 'w') as file:
        file.write('1')
    assert Path(name).read_text() == '1'


# --- Folders


def test_an_empty_folder_is_filled_and_refilled():
    folder = OutputFolder('--frames-dir', 'new/frames', 'tool')
    check_outputs([folder])
    claim_names(folder.path, 'tool', ['a', 'b'])
    for name in 'ab':
        Path('new/frames', name).write_text('old')
    Path('new/frames/mine').write_text('mine')
    assert 'there already; --force replaces it' in refused(folder, status=2)
    check_outputs([folder], force=True)
    claim_names(folder.path, 'tool', ['a'])
    assert sorted(os.listdir(folder.path)) == [LIST, 'a', 'mine'] and listed_names(folder.path, 'tool') == ['a']


def test_a_folder_of_others_is_refused_with_force_too():
    Path('frames').mkdir(), Path('frames/frame_0000.png').write_text('mine'), Path('file').write_text('')
    folder = OutputFolder('--frames-dir', 'frames', 'tool')
    for force in (False, True):
        assert 'the folder holds frame_0000.png, which tool did not write' in refused(folder, force=force)
    write_list('frames', 'other tool', ['frame_0000.png'])
    assert 'which tool did not write' in refused(folder, force=True)
    assert 'is no folder' in refused(OutputFolder('--frames-dir', 'file', 'tool'))


def test_a_folder_that_another_process_of_the_tool_is_beginning(monkeypatch):
    folder = OutputFolder('--out', 'parts', 'tool')
    Path('parts').mkdir()
    with atomic_open(f'parts/{LIST}', 'w') as file:
        file.write('not whole yet')
        assert [name.startswith(f'.{LIST}.') for name in os.listdir('parts')] == [True]
        check_outputs([folder])
    os.remove(f'parts/{LIST}')

    listdir = os.listdir

    def begun(path):  # the other process leaves its list, and then a file, while this one looks
        names = listdir(path)
        write_list('parts', 'tool', ['part'])
        Path('parts/part').write_text('')
        return names

    with monkeypatch.context() as patch:
        patch.setattr(os, 'listdir', begun)
        check_outputs([folder], force=True)

    def ended(path):
        remove_listed('parts', 'tool')
        return listdir(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, 'listdir', lambda path: (patch.undo(), ended(path))[1])
        check_outputs([folder], force=True)
    assert not Path('parts').exists()


def test_names_of_others_in_an_own_folder_are_refused():
    claim_names('folder', 'tool', ['a'])
    Path('folder/b').write_text('mine')
    with pytest.raises(OutputError, match='folder/b: there already, and tool did not write it'):
        claim_names('folder', 'tool', ['b'])
    assert listed_names('folder', 'tool') == ['a'] and foreign_names('folder', 'tool', ['a', 'b']) == ['b']
    note_names('folder', 'tool', ['c'])
    assert listed_names('folder', 'tool') == ['a', 'c']


@pytest.mark.parametrize('text', ['', '[]', '{"tool": "tool"}', '{"tool": "tool", "files": 3}', '\udcff'])
def test_a_list_that_is_none(text):
    Path('folder').mkdir(), Path('folder', LIST).write_text(text, errors='surrogateescape')
    assert listed_names('folder', 'tool') is None


def test_a_list_from_elsewhere_leads_nowhere_else():
    Path('folder/sub').mkdir(parents=True), Path('precious').write_text('mine')
    write_list('folder', 'tool', ['../precious', '/etc/passwd', '..', '.', '', 'sub', 'gone'])
    claim_names('folder', 'tool', [])
    assert Path('precious').exists() and Path('folder/sub').is_dir()


def test_a_folder_goes_when_nothing_else_is_in_it():
    for name in ('own', 'mixed', 'target'):
        claim_names(name, 'tool', ['a'])
        Path(name, 'a').write_text('')
    Path('mixed/mine').write_text(''), Path('link').symlink_to('target')
    assert remove_listed('own', 'tool') == [] and not Path('own').exists()
    assert remove_listed('mixed', 'tool') == ['mine'] and Path('mixed/mine').exists()
    assert remove_listed('link', 'tool') == [] and Path('link').is_symlink() and os.listdir('target') == []
    Path('other').mkdir(), Path('other/a').write_text('')
    assert remove_listed('other', 'tool') == ['a'] and Path('other/a').exists()


def test_what_fails_leaves_no_empty_folder():
    Path('there').mkdir()
    with pytest.raises(OSError, match='full'), making('there/new/inner'):
        raise OSError('full')
    assert os.listdir('there') == []
    with pytest.raises(OSError, match='full'), making('there/new/inner') as folder:
        Path(folder.parent, 'written').write_text('whole')
        raise OSError('full')
    assert os.listdir('there/new') == ['written']
    with making('there'), making('one/two') as folder:
        pass
    assert folder.is_dir()


def test_a_folder_that_cannot_be_filled_is_gone_again_and_an_earlier_one_keeps_its_list():
    Path('others').mkdir()
    for folder in ('new/figures', 'others'):
        with pytest.raises(OSError, match='full'), filling(folder, 'tool', ['a', 'b']):
            Path(folder, 'a').write_text('whole')
            raise OSError('full')
    assert not Path('new').exists() and os.listdir('others') == []
    for content in ('first', 'second'):
        with filling('kept', 'tool', ['a', 'b']):
            Path('kept/a').write_text(content)
    with pytest.raises(OSError, match='full'), filling('kept', 'tool', ['a', 'b']):
        raise OSError('full')
    assert Path('kept/a').read_text() == 'second' and listed_names('kept', 'tool') == ['a', 'b']
    Path('mine').mkdir(), Path('mine/a').write_text('mine')
    with pytest.raises(OutputError), filling('mine', 'tool', ['a']):
        pass
    assert Path('mine/a').read_text() == 'mine'
