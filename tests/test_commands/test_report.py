"""``mmagenc report``: the files it writes, what it says, what it refuses."""

import pytest

from mmagenc.commands import report
from tests.commands import main
from tests.full_disk import fill_disk
from tests.test_visualization.test_report.runs import make_study_dir, make_work_dir


@pytest.fixture(scope='module')
def tool():
    return report


def test_page_of_several(tool, tmp_path, capsys):
    folders = [str(make_work_dir(tmp_path / name)) for name in ('one', 'two')]
    main(tool, [*folders, '--out', str(tmp_path / 'page.html'), '--title', 'both'])
    page = (tmp_path / 'page.html').read_text(encoding='utf-8')
    assert '<title>both' in page and 'id="comparison"' in page
    out = ' '.join(capsys.readouterr().out.split())
    assert 'page.html' in out and 'one: checkpoint: the folder holds no checkpoint' in out


def test_a_full_disk_leaves_no_folder_of_figures(tool, tmp_path, monkeypatch):
    folder = make_work_dir(tmp_path / 'one')
    fill_disk(monkeypatch, whole=4)  # the page, the list twice, a figure
    with pytest.raises(SystemExit, match='report: .*pdf: No space left on device'):
        main(tool, [str(folder), '--figures', str(tmp_path / 'new/figures')])
    assert not (tmp_path / 'new').exists()


def test_default_place_and_figures(tool, tmp_path):
    folder = make_work_dir(tmp_path / 'one')
    (folder / 'rounds.json').unlink()
    main(tool, [str(folder), '--figures', str(tmp_path / 'figures')])
    assert (folder / 'report.html').is_file()
    assert sorted(path.name for path in (tmp_path / 'figures').glob('[!.]*')) == ['confusion.pdf', 'curves.pdf']
    (folder / 'test_of_mine.pdf').write_text('mine')
    main(tool, [str(folder)])  # a report in its run's folder is replaced
    (folder / 'report.html').write_text('mine')
    with pytest.raises(SystemExit):
        main(tool, [str(folder)])
    assert (folder / 'report.html').read_text() == 'mine'


def test_a_study(tool, tmp_path, capsys):
    folder = make_study_dir(tmp_path / 'mine')
    main(tool, [str(folder), '--figures', str(tmp_path / 'figures')])
    assert 'Did generated clips help?' in (folder / 'report.html').read_text(encoding='utf-8')
    assert 'there is nothing to draw; a study has its figures beside its runs.csv' in capsys.readouterr().out


@pytest.mark.parametrize('options, reason', [(['nowhere'], 'report: nowhere: no such folder'), (['.', '.'], 'each once'),
                                             (['.', '--out', 'x.pdf', '--judged-per-class', '0'], 'must end in .html or .htm')])
def test_refusals(tool, tmp_path, monkeypatch, options, reason):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=reason):
        main(tool, options)
