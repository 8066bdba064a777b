"""Curves of runs as MMEngine logs them: resumed, killed, by epoch and by iteration."""

import json
import math

import numpy as np
import pytest
from mmengine.visualization import LocalVisBackend

from mmagenc.visualization.logs import curves, read_scalars


def write(folder, part, records):
    file = folder / part / 'vis_data' / 'scalars.json'
    file.parent.mkdir(parents=True)
    file.write_text(''.join(json.dumps(record) + '\n' for record in records))
    return file


def train(epoch, iteration, loss):
    return dict(loss=loss, lr=0.1, epoch=epoch, iter=iteration, step=iteration)


def val(epoch, top1):
    return {'acc/top1': top1, 'step': epoch}


def test_means_over_epochs_beside_validation(tmp_path):
    write(tmp_path, '20260101_000000', [train(1, 10, 4.), train(1, 20, 2.), val(1, 0.5), train(2, 30, 1.), train(2, 40, 0.), val(2, 0.7)])
    run = curves(read_scalars(tmp_path))
    assert set(run) == {'loss', 'lr', 'acc/top1'}
    assert [side.tolist() for side in run['loss']] == [[1, 2], [3, 0.5]]
    assert [side.tolist() for side in run['acc/top1']] == [[1, 2], [0.5, 0.7]]
    assert curves(read_scalars(tmp_path), per_epoch=False)['loss'][0].tolist() == [10, 20, 30, 40]


def test_resumed_parts_replace_what_they_did_again(tmp_path):
    write(tmp_path, '20260101_000000', [train(1, 10, 4.), val(1, 0.1), train(2, 20, 3.), val(2, 0.2), train(3, 30, 9.), val(3, 0.9)])
    write(tmp_path, '20260101_010000', [train(3, 25, 2.), train(3, 30, 1.), val(3, 0.3)])
    run = curves(read_scalars(tmp_path))
    assert run['loss'][1].tolist() == [4, 3, 1.5] and run['acc/top1'][1].tolist() == [0.1, 0.2, 0.3]
    one = curves(read_scalars(tmp_path / '20260101_010000'))
    assert one['loss'][0].tolist() == [3] and len(read_scalars(tmp_path / '20260101_010000/vis_data/scalars.json')) == 3


def test_a_resumed_part_that_has_not_validated_yet(tmp_path):
    write(tmp_path, '20260101_000000', [train(1, 10, 4.), val(1, 0.1), train(2, 20, 3.), val(2, 0.2)])
    write(tmp_path, '20260101_010000', [train(2, 20, 2.)])
    run = curves(read_scalars(tmp_path))
    assert run['acc/top1'][0].tolist() == [1] and run['loss'][1].tolist() == [4, 2]


def test_runs_that_count_iterations(tmp_path):
    write(tmp_path, '20260101_000000', [dict(loss=2., iter=50, step=50), {'acc/top1': 0.4, 'step': 50}, dict(loss=1., iter=100, step=100)])
    run = curves(read_scalars(tmp_path))
    assert run['loss'][0].tolist() == [50, 100] and run['acc/top1'][0].tolist() == [50]


def test_values_that_are_not_finite_stay(tmp_path):
    write(tmp_path, 'a', [train(1, 1, math.nan), train(2, 2, 1.)])
    np.testing.assert_array_equal(curves(read_scalars(tmp_path))['loss'][1], [math.nan, 1])


def test_what_mmengine_writes(tmp_path):
    backend = LocalVisBackend(str(tmp_path / 'part' / 'vis_data'))
    backend.add_scalars(dict(loss=0.5, epoch=1, iter=3), step=3)
    backend.add_scalar('infagenc/accuracy', 0.25, step=1)
    run = curves(read_scalars(tmp_path))
    assert run['loss'][1].tolist() == [0.5] and run['infagenc/accuracy'][0].tolist() == [1]


def test_a_line_cut_off_is_passed_over_at_the_end_only(tmp_path):
    file = write(tmp_path, 'a', [train(1, 1, 2.)])
    file.write_text(file.read_text() + '{"loss": 1., "st')
    assert len(read_scalars(tmp_path)) == 1
    file.write_text('{"loss"\n' + json.dumps(train(1, 1, 2.)))
    with pytest.raises(ValueError, match=r'scalars.json, line 1: no record'):
        read_scalars(tmp_path)
    file.write_text('[1]\n')
    with pytest.raises(ValueError, match="line 1: a record is a dict with 'step'"):
        read_scalars(tmp_path)


def test_nothing_there(tmp_path):
    with pytest.raises(FileNotFoundError, match='none: no such folder'):
        read_scalars(tmp_path / 'none')
    with pytest.raises(FileNotFoundError, match='no scalars in it; keep LocalVisBackend'):
        read_scalars(tmp_path)
