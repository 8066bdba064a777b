"""What is wrong with a tidy table is said by its line; whole ones are read in tests/test_datasets/test_writers."""

import numpy as np
import pytest

HEADER = 'clip,class,subject,person,frame,time_s,keypoint,x,y'
PARTS = ('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear')


def table(*, frames=(0, 1, 2), clip='a', label='walk', header=HEADER, change=None):
    rows = [f'{clip},{label},,0,{frame},{frame / 25},{part},{10 * frame + place},{place}'
            for frame in frames for place, part in enumerate(PARTS)]
    if change is not None:
        rows[change[0]] = change[1]
    return '\n'.join([header, *rows]) + '\n'


def test_frames_that_are_not_there_are_gaps_and_rows_may_lie_anyhow(write, import_file):
    header, *rows = table(frames=(4, 2, 6)).splitlines()
    recording, = import_file(write('t.csv', '\n'.join([header, *rows[::-1]])), 'tidy_csv')
    assert recording.fps == 25 and recording.label == 'walk' and recording.subject is None
    nose = recording.keypoint[0, :, recording.skeleton.index('nose'), 0]
    np.testing.assert_array_equal(nose, [20, np.nan, 40, np.nan, 60])


@pytest.mark.parametrize('row, reason', [
    ((1, 'a,walk,,0,0,0.0,left_eye,far,1'), "line 3: expected a number, got 'far'"),
    ((1, 'a,walk,,0,0,0.0,left_eye,inf,1'), 'line 3: inf is no place'),
    ((1, 'a,walk,,0,0,0.0,nose,1,1'), 'line 3: nose of person 0 in frame 0 stands there twice'),
    ((1, 'a,walk,,0,first,0.0,left_eye,1,1'), "line 3: frame must be a whole number, got 'first'"),
    ((1, 'a,run,,0,0,0.0,left_eye,1,1'), 'a clip has one class, found run and walk'),
])
def test_a_damaged_row_is_named(write, import_file, row, reason):
    found, = import_file(write('t.csv', table(change=row)), 'tidy_csv', link=False)
    assert reason in found.reason


def test_a_row_of_another_length_is_named(write, import_file):
    with pytest.raises(ValueError, match='line 3: 8 cells, the header has 9'):
        import_file(write('t.csv', table(change=(1, 'a,walk,,0,0,0.0,left_eye,1'))), 'tidy_csv', link=False)


def test_a_damaged_clip_leaves_the_others(write, import_file):
    good = table(clip='b').split('\n', 1)[1]
    found = import_file(write('t.csv', table(change=(1, 'a,walk,,0,0,0.0,left_eye,far,1')) + good), 'tidy_csv', link=False)
    assert 'line 3: expected a number' in found[0].reason and found[1].name == 'b'


def test_a_table_of_another_header_is_none(write):
    from mmagenc.datasets.readers.registry import all_readers
    from mmagenc.datasets.readers.source import Source
    path = write('t.csv', table(header=HEADER.replace('subject', 'infant')))
    assert all_readers()['tidy_csv'].sniff(Source(path)) is None


def test_a_unit_holds_for_places_in_space_alone(write, import_file):
    solid = '\n'.join([f'{HEADER},z', *(f'{row},3' for row in table().splitlines()[1:])])
    recording, = import_file(write('t.csv', solid), 'tidy_csv', unit=.001, link=False)
    assert np.allclose(recording.keypoint[0, 2, :, 2], .003) and recording.keypoint[0, 2, 0, 0] == pytest.approx(.02)
    found, = import_file(write('t.csv', table()), 'tidy_csv', unit=.001, link=False)
    assert found.reason.startswith('--unit is for places in space')
