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


def epochs(first, last, loss):
    """Records of a start that trained these epochs, ten iterations each."""
    return [train(epoch, 10 * epoch, loss) for epoch in range(first, last + 1)]


def losses(folder):
    """``{epoch: loss}`` of what was trained last."""
    return dict(zip(*(side.tolist() for side in curves(read_scalars(folder))['loss'])))


@pytest.mark.parametrize('starts, expected', [
    # by name: the folders' names in the order of the clock; by content: (first, last epoch, when it really was)
    ([(6, 10, 2), (1, 5, 1)], [1] * 5 + [2] * 5),  # set back before the resume
    ([(6, 10, 2), (1, 7, 1)], [1] * 5 + [2] * 5),  # which did two epochs again
    ([(9, 12, 3), (1, 5, 1), (4, 9, 2)], [1] * 3 + [2] * 5 + [3] * 4),  # before the third start
    ([(9, 12, 3), (12, 14, 4), (1, 5, 1), (4, 9, 2)], [1] * 3 + [2] * 5 + [3] * 3 + [4] * 3),  # and a fourth on the new clock
    ([(4, 9, 2), (9, 12, 3), (1, 5, 1)], [1] * 3 + [2] * 5 + [3] * 4),  # after the first
    ([(1, 5, 1), (3, 4, 2), (5, 8, 3)], [1] * 2 + [2] * 2 + [3] * 4),  # a clock that was never set back
    ([(1, 5, 1), (1, 3, 2)], [2] * 3),  # begun anew: what a later start did not reach is not its own
])
def test_a_clock_set_back_loses_no_epoch(tmp_path, starts, expected):
    for index, (first, last, loss) in enumerate(starts):
        write(tmp_path, f'20261025_0{index}0000', epochs(first, last, loss))
    assert losses(tmp_path) == dict(enumerate(expected, 1))


def test_numbered_starts_are_in_the_order_of_their_numbers(tmp_path):
    """The third went on from an older checkpoint, which no record tells."""
    for name, number, records in (('20261025_010000', 3, epochs(4, 8, 3.)), ('20261025_020000', 1, epochs(1, 5, 1.)),
                                  ('20261025_030000', 2, epochs(6, 9, 2.))):
        write(tmp_path, name, records)
        (tmp_path / name / 'start.json').write_text(f'{{"start": {number}}}\n')
    assert losses(tmp_path) == {1: 1, 2: 1, 3: 1, **dict.fromkeys(range(4, 9), 3)}
    (tmp_path / '20261025_020000/start.json').write_text('[')  # of an older version, or damaged: before the numbered ones
    assert losses(tmp_path) == {1: 1, 2: 1, 3: 1, **dict.fromkeys(range(4, 9), 3)}


def test_starts_within_one_second_share_a_file(tmp_path):
    write(tmp_path, '20261025_010000', [*epochs(1, 5, 1.), val(5, 0.1), *epochs(4, 6, 2.), val(6, 0.2)])
    assert losses(tmp_path) == {1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 2}
    assert curves(read_scalars(tmp_path))['acc/top1'][0].tolist() == [6]


def test_records_between_iterations_do_not_make_a_hole(tmp_path):
    """Every twentieth iteration is logged: a start that goes on at 1000 has its first record at 1020."""
    write(tmp_path, '20261025_010000', [train(epoch, 100 * epoch, 1.) for epoch in range(1, 11)])
    write(tmp_path, '20261025_020000', [train(11, 1020, 2.), train(11, 1040, 2.)])
    assert losses(tmp_path) == {**dict.fromkeys(range(1, 11), 1), 11: 2}


def test_starts_whose_predecessors_are_gone(tmp_path):
    write(tmp_path, '20261025_010000', epochs(9, 10, 2.))
    write(tmp_path, '20261025_020000', epochs(4, 6, 1.))
    assert losses(tmp_path) == {4: 1, 5: 1, 6: 1, 9: 2, 10: 2}
    write(tmp_path, '20261025_000000', [val(1, 0.5)])  # one that was stopped before its first record of training
    assert losses(tmp_path) == {4: 1, 5: 1, 6: 1, 9: 2, 10: 2}


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
