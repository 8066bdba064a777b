"""Figures for papers."""

from mmagenc.visualization.report import collect_run, write_figures

from .runs import make_work_dir


def test_pdf_of_everything_there(tmp_path):
    run = collect_run(make_work_dir(tmp_path / 'work'))
    run.embedding = dict(method='t-SNE (…)', total=2, points=[[0., 0., 'train', 0, 'a'], [1., 1., 'generated', 2, 'b']])
    files = write_figures([run], tmp_path / 'figures')
    assert [file.name for file in files] == ['curves.pdf', 'rounds.pdf', 'pool.pdf', 'embedding.pdf', 'confusion.pdf']
    for file in files:
        content = file.read_bytes()
        assert content.startswith(b'%PDF') and b'/Subtype /Type3' not in content


def test_nothing_there_is_no_figure(tmp_path):
    assert write_figures([collect_run(tmp_path)], tmp_path / 'figures') == []
