import csv

import numpy as np
import pytest

from mmagenc.datasets.readers.importing import ImportSettings, import_files
from mmagenc.datasets.readers.table_times import numbers_by_times, rate_of_times, with_frames_of_times

POINTS = ['nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear', *(f'{side}_{joint}' for joint in (
    'shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle') for side in ('left', 'right'))]


def a_table(path, columns, cells):
    """A CSV with columns of its own before COCO's keypoints, which move to the right by a pixel a row."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open('w', newline='') as file:
        writer = csv.writer(file)
        writer.writerow([*columns, *(f'{point}_{axis}' for point in POINTS for axis in 'xy')])
        for row, own in enumerate(cells):
            writer.writerow([*own, *(value for joint in range(17) for value in (100 + row + joint % 2, 90 + 9 * joint))])


@pytest.mark.parametrize('column, step, wanted', [
    ('timestamp', 1 / 30, 30), ('timestamp', 40, 25), ('Time (ms)', 1000 / 59.94, 59.94), ('time_s', .1, 10), ('Timestamp.ms', 20, 50),
    ('timestamp', 1, None), ('time', 3, None), ('time_ms', 3, 333.33), ('time_s', 40, None), ('seconds', -.1, None), ('when', .1, None)])
def test_a_column_of_times(column, step, wanted):
    rows = [['frame', column, 'nose_x'], *([str(frame), str(frame * step), '1'] for frame in (4, 5, 6, 8, 9)), []]
    rate, notes = rate_of_times(rows, 0)
    assert rate == (None if wanted is None else pytest.approx(wanted)) and (column in ''.join(notes)) == (wanted is not None)
    assert rate_of_times([row[1:] for row in rows[:4]], None)[0] == rate  # a row a frame


@pytest.mark.parametrize('cells', [['12:00', '12:01'], ['0', ''], ['0'], ['0', 'inf'], ['5', '5']])
def test_times_that_say_nothing(cells):
    assert rate_of_times([['time'], *([cell] for cell in cells)], None) == (None, ()) and rate_of_times([], None) == (None, ())


def test_rows_of_one_frame_have_one_time():
    rows = [['frame', 'time'], *([str(frame), str(frame / 20)] for frame in range(4) for _ in range(3))]
    assert rate_of_times(rows, 0)[0] == 20


@pytest.mark.parametrize('fps', [24, 30, 60, 120])
def test_whole_milliseconds_do_not_shift_the_rate(fps):
    """Their most usual step is 33 or 17 ms, of 30.3 and 58.8 frames a second: two seconds in a hundred."""
    rows = [['frame', 'timestamp_ms'], *([str(frame), str(frame * 1000 // fps)] for frame in range(1000))]
    assert rate_of_times(rows, 0)[0] == pytest.approx(fps, abs=.02)
    assert rate_of_times([row[1:] for row in rows], None)[0] == pytest.approx(fps, abs=.02)


def test_pauses_and_frames_left_out_are_gaps_where_only_times_tell():
    there = [frame for frame in range(300) if not 100 <= frame < 190 and frame != 250]
    rows = [['timestamp_ms'], *([str(frame * 1000 // 30)] for frame in there)]
    assert numbers_by_times(rows).tolist() == there and rate_of_times(rows, None)[0] == pytest.approx(30, abs=.01)
    assert numbers_by_times(rows[:100]) is None  # none is left out
    assert numbers_by_times([['x'], ['1']]) is None


def test_uneven_times_are_told():
    times = np.sort(np.random.default_rng(0).uniform(0, 20, 330))
    rows = [['time_s'], *([repr(float(time))] for time in times)]
    rate, notes = rate_of_times(rows, None)
    assert rate == pytest.approx(329 / (times[-1] - times[0]), abs=.01) and 'are uneven' in notes[1] and numbers_by_times(rows) is None


def test_a_table_without_numbers_has_its_pauses(tmp_path):
    there = [frame for frame in range(90) if not 30 <= frame < 45]
    a_table(tmp_path / 'crawl' / 'v.csv', ['timestamp_ms'], [[frame * 1000 // 30] for frame in there])
    clip, = import_files([tmp_path], ImportSettings()).annotation['annotations']
    seen = clip['keypoint_score'][0, :, 0] > 0
    assert np.flatnonzero(seen).tolist() == there and clip['total_frames'] == 90
    assert clip['keypoint'][0, 45, 0, 0] == 130  # the row after the pause


def test_rows_of_a_keypoint_that_only_times_tell_apart(tmp_path):
    """In whole milliseconds, with frames left out, which are gaps."""
    kept = [frame for frame in range(200) if frame not in (3, 50, 51)]
    rows = [['timestamp_ms', 'joint', 'x', 'y'], *([str(frame * 1000 // 30), point, str(100 + frame + index), str(90 + 9 * index)]
                                                   for frame in kept for index, point in enumerate(POINTS))]
    with (tmp_path / 'a.csv').open('w', newline='') as file:
        csv.writer(file).writerows(rows)
    found = import_files([tmp_path / 'a.csv'], ImportSettings(label='a'))
    clip, = found.annotation['annotations']
    assert found.annotation['metainfo']['skeleton'] == 'coco17' and found.annotation['metainfo']['fps'] == pytest.approx(30, abs=.02)
    assert clip['keypoint'].shape == (1, 200, 17, 2)
    np.testing.assert_allclose(clip['keypoint'][0, kept, :, 0], np.add.outer(100 + np.array(kept), np.arange(17)))
    assert not clip['keypoint_score'][0, [3, 50, 51]].any() and clip['keypoint_score'][0, kept].all()


@pytest.mark.parametrize('rows', [[], [['time', 'x']], [['when', 'x'], ['0', '1'], ['0', '2']],
                                  [['time', 'x'], ['12:00', '1'], ['12:00', '2']],
                                  [['time', 'x'], ['0', '1'], ['1', '2'], ['2', '3']], [['time', 'x'], ['0', '1'], ['0', '2']]])
def test_rows_without_such_times_stay_as_they_are(rows):
    assert with_frames_of_times(rows) is rows
