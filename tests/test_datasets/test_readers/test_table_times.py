import pytest

from mmagenc.datasets.readers.table_times import rate_of_times


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
