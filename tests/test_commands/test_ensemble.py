"""``mmagenc ensemble``: the published weights, its report, its refusals."""

import re

import numpy as np
import pytest

from mmagenc.commands import ensemble
from mmagenc.evaluation.functional import topk_accuracy, wilson_interval
from mmagenc.evaluation.scores import ClipScores, load_scores, save_scores
from tests.commands import main


@pytest.fixture()
def streams(tmp_path):
    """Three streams of 60 clips and 9 classes in orders of their own, each right somewhat more often than not."""
    rng, label = np.random.default_rng(0), np.arange(60) % 9
    paths = []
    for i in range(3):
        score = rng.normal(size=(60, 9)).astype(np.float32)
        score[np.arange(60), label] += 1.5
        order = rng.permutation(60)
        paths.append(tmp_path / f'stream{i}.npz')
        save_scores(paths[-1], ClipScores(tuple(f'clip{j}' for j in order), label[order], score[order]))
    return list(map(str, paths))


def by_name(path):
    scores = load_scores(path)
    order = np.argsort([int(name[4:]) for name in scores.frame_dir])
    return scores.score[order].astype(float), scores.label[order]


def test_published_weights(streams, tmp_path, capsys):
    out = tmp_path / 'fused.npz'
    main(ensemble, ['--position', *streams[:2], '--motion', streams[2], '--out', str(out)])
    (first, label), (second, _), (third, _) = map(by_name, streams)
    fused = 1.5 * first + 1.5 * second + third
    np.testing.assert_allclose(by_name(out)[0], fused, rtol=1e-5)
    lines = {line.split()[0]: line.split() for line in capsys.readouterr().out.splitlines()}
    assert ' '.join(lines['60']) == '60 clips, 9 classes; guessing reaches top-1 11.7 %, top-5 58.3 %'  # 7 clips of six classes, 6 of three
    row = lines['ensemble']
    low, high = float(row[3].strip('[,')), float(row[4].strip(']'))
    assert float(row[1]) == pytest.approx(100 * topk_accuracy(fused, label, 1), abs=0.005) and low < float(row[1]) <= high
    assert float(row[5]) == pytest.approx(100 * topk_accuracy(fused, label, 5), abs=0.005)
    assert lines[streams[2]][1] == '1' and lines[streams[0]][1] == '1.5'
    assert float(row[1]) > float(lines[streams[0]][2])


def test_three_of_three_right_are_no_certainty(tmp_path, capsys):
    """Wilson's interval, as RecognizerMetric gives it; every draw of a bootstrap would be 100 %."""
    save_scores(tmp_path / 'a.npz', ClipScores(('a', 'b', 'c'), np.arange(3), np.eye(3, 9, dtype=np.float32)))
    main(ensemble, ['--position', str(tmp_path / 'a.npz')])
    row = capsys.readouterr().out.splitlines()[-1]
    low, high = (100 * end for end in wilson_interval(3, 3)[1:])
    assert re.findall(r'\d\S* % \[.*?\]', row) == [f'100.00 % [{low:.2f}, {high:.2f}]'] * 2 and 43 < low < 44


def test_options_of_the_former_intervals_are_told_to_have_no_effect(streams, capsys):
    main(ensemble, ['--position', *streams])
    said = capsys.readouterr()
    assert said.err == ''
    main(ensemble, ['--position', *streams, '--seed', '1', '--resamples', '9'])
    again = capsys.readouterr()
    assert again.out == said.out and again.err.startswith('ensemble: --resamples and --seed no longer change anything')


@pytest.mark.parametrize('options, weights', [
    (['--position-weight', '2', '--motion-weight', '0.5'], [2, 2, 0.5]),
    (['--weights', '1', '2', '3'], [1, 2, 3]),
])
def test_own_weights(streams, tmp_path, options, weights):
    main(ensemble, ['--position', *streams[:2], '--motion', streams[2], '--out', str(tmp_path / 'fused.npz'), '--resamples', '2', *options])
    expected = sum(weight * by_name(path)[0] for weight, path in zip(weights, streams))
    np.testing.assert_allclose(by_name(tmp_path / 'fused.npz')[0], expected, rtol=1e-4, atol=1e-5)


def test_refused(streams, tmp_path):
    other = load_scores(streams[0])
    fewer = str(tmp_path / 'fewer.npz')
    save_scores(fewer, ClipScores(other.frame_dir[1:], other.label[1:], other.score[1:]))
    for arguments, message in (
        ([], 'ensemble: give score files with --position or --motion'),
        (['--position', str(tmp_path / 'none.npz')], 'none.npz: no such score file'),
        (['--position', *streams[:2], '--motion', streams[0]], f'{streams[0]} is named twice, and would count double'),
        (['--position', *streams, '--weights', '1'], '--weights: 1 weights for 3 files'),
        (['--position', streams[0], '--motion', fewer], f'fewer.npz has other clips than .*; 1 clips missing: {other.frame_dir[0]}$'),
        (['--position', *streams, '--weights', '0', '0', '0'], 'ensemble: 3 streams need as many finite weights, not all 0'),
        (['--motion', streams[0], '--motion-weight', '0'], 'ensemble: 1 streams need as many finite weights, not all 0'),
        (['--position', streams[0], '--out', str(tmp_path / 'fused.csv')], 'the file must end in .npz'),
    ):
        with pytest.raises(SystemExit, match=message):
            main(ensemble, arguments)
