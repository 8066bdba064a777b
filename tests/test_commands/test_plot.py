"""``mmagenc plot``: which numbers it draws, of which runs, into which files."""

import json

import numpy as np
import pytest

from mmagenc.commands import plot
from tests.commands import main, parse_args


@pytest.fixture(scope='module')
def plot_loss():
    return plot


@pytest.fixture()
def runs(tmp_path):
    """Two runs of three epochs; only the first validates, with an interval."""
    folders = []
    for index, name in enumerate(('a', 'b')):
        records = [dict(loss=3. - epoch + index, loss_kl=0., lr=0.1, epoch=epoch, iter=10 * epoch, step=10 * epoch) for epoch in (1, 2, 3)]
        if name == 'a':
            records += [{'acc/top1': 0.3 * epoch, 'acc/top1_low': 0.2 * epoch, 'acc/top1_high': 0.33 * epoch, 'step': epoch}
                        for epoch in (1, 2, 3)]
        file = tmp_path / name / 'work' / '20260101_000000' / 'vis_data' / 'scalars.json'
        file.parent.mkdir(parents=True)
        file.write_text('\n'.join(map(json.dumps, records)))
        folders.append(str(tmp_path / name / 'work'))
    return folders


@pytest.mark.parametrize('suffix, head', [('pdf', b'%PDF'), ('png', b'\x89PNG'), ('svg', b'<?xml')])
def test_files(plot_loss, runs, tmp_path, capsys, suffix, head):
    out = tmp_path / 'new' / f'loss.{suffix}'
    main(plot_loss, [*runs, '--out', str(out)])
    assert out.read_bytes().startswith(head)
    assert 'loss, loss_kl, acc/top1' in capsys.readouterr().out


def figure(plot_loss, arguments):
    args = parse_args(plot_loss, arguments)
    runs = plot_loss.read_runs(args)
    return plot_loss.draw(runs, plot_loss.choose_keys(runs, args.keys), log=args.log)


def test_lines(plot_loss, runs):
    panels = {panel.get_title(): panel for panel in figure(plot_loss, runs).axes}
    assert list(panels) == ['loss', 'loss_kl', 'acc/top1']
    lines = {line.get_label(): line.get_xydata() for line in panels['loss'].get_lines()}
    np.testing.assert_allclose(lines['a/work'], [[1, 2], [2, 1], [3, 0]])
    np.testing.assert_allclose(lines['b/work'], [[1, 3], [2, 2], [3, 1]])
    accuracy = panels['acc/top1']
    assert [line.get_label() for line in accuracy.get_lines()] == ['a/work']
    band = accuracy.collections[0].get_paths()[0].vertices
    assert band[:, 1].min() == pytest.approx(0.2) and band[:, 1].max() == pytest.approx(0.99)


def test_intervals_of_means(plot_loss, runs):
    run = dict(fid=(np.array([1., 2.]), np.array([5., 4.])), fid_ci=(np.array([1., 2.]), np.array([0.5, 0.25])))
    panel = plot_loss.draw(dict(a=run), ['fid']).axes[0]
    band = panel.collections[0].get_paths()[0].vertices
    assert sorted(set(band[:, 1])) == [3.75, 4.25, 4.5, 5.5]


def test_a_long_silence_is_a_gap(plot_loss):
    x, y = plot_loss.with_gaps(np.array([1, 2, 3, 90, 91]), np.arange(5))
    np.testing.assert_array_equal(x, [1, 2, 3, np.nan, 90, 91])
    np.testing.assert_array_equal(y, [0, 1, 2, np.nan, 3, 4])
    assert len(plot_loss.with_gaps(np.array([4]), np.array([1.]))[0]) == 1


def test_names_keys_and_scales(plot_loss, runs):
    drawn = figure(plot_loss, [*runs, '--names', 'first', 'second', '--keys', 'loss', 'l?', '--log'])
    assert [panel.get_title() for panel in drawn.axes] == ['loss', 'lr']
    assert drawn.axes[0].get_yscale() == 'symlog' and drawn.axes[1].get_yscale() == 'linear'  # a loss of 0 has no logarithm
    assert [text.get_text() for text in drawn.legends[0].get_texts()] == ['first', 'second']
    assert not figure(plot_loss, runs[:1]).legends


@pytest.mark.parametrize('arguments, message', [
    (['{0}', '--out', 'x.jpg'], 'plot: --out x.jpg: the file must end in .pdf, .png or .svg'),
    (['none'], 'none: no such folder'),
    (['{0}', '{1}', '--names', 'a'], '--names: 2 different names needed, got a'),
    (['{0}', '--keys', 'fid'], 'no run has fid; there are acc/top1, acc/top1_high'),
])
def test_refused(plot_loss, runs, arguments, message):
    with pytest.raises(SystemExit, match=message):
        main(plot_loss, [argument.format(*runs) for argument in arguments])
