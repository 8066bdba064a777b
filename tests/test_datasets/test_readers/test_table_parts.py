"""The clips of a table, by its columns of recordings, classes and subjects."""

import pytest

from mmagenc.datasets.readers.table_parts import parts_of


def rows_of(header, *rows):
    return [header.split(), *([str(cell) for cell in row] for row in rows)]


def told(rows, **columns):
    """Name, class, subject and frames of each clip."""
    columns = dict(frame=rows[0].index('frame'), **columns)
    return [(part.name, part.label, part.subject, ''.join(row[columns['frame']] for row in part.rows[1:]))
            for part in parts_of('t', rows, **columns)]


def test_all_columns_of_recordings_together_tell_them_apart():
    rows = rows_of('session video_id trial frame', *((day, f'{day}{turn}.mp4', turn, frame)
                                                     for day in 'AB' for turn in (1, 2, 3) for frame in range(4)))
    assert [name for name, *_ in told([[*row[:1], *row[2:]] for row in rows])] == ['t/A_1', 't/A_2', 't/A_3', 't/B_1', 't/B_2', 't/B_3']
    assert [name for name, *_ in told(rows)] == ['t/A_A1', 't/A_A2', 't/A_A3', 't/B_B1', 't/B_B2', 't/B_B3']
    one = rows_of('session trial frame', *(('A', 1, frame) for frame in range(4)))
    assert told(one) == [('t', None, None, '0123')]


@pytest.mark.parametrize('column', ['participant', 'ParticipantID', 'subject_id', 'Subject Name', 'infant'])
def test_subjects_are_recordings_of_their_own(column):
    """Sorted by subject or by frame; their classes follow one another."""
    rows = [(who, 'walk' if frame < 2 else 'sit', frame) for who in ('P1', 'P2') for frame in range(4)]
    for ordered in (rows, sorted(rows, key=lambda row: row[2])):
        table = [[column, 'action', 'frame'], *([str(cell) for cell in row] for row in ordered)]
        assert told(table) == [('t/P1_000', 'walk', 'P1', '01'), ('t/P1_001', 'sit', 'P1', '23'),
                               ('t/P2_000', 'walk', 'P2', '01'), ('t/P2_001', 'sit', 'P2', '23')]
    assert f'a recording for each {column}' in parts_of('t', table, frame=2)[0].notes


def test_frames_that_begin_again_with_each_class():
    rows = rows_of('label subject frame', *(('walk' if turn else 'sit', 'P1', frame) for turn in range(2) for frame in range(3)))
    assert told(rows) == [('t_sit', 'sit', 'P1', '012'), ('t_walk', 'walk', 'P1', '012')]
    assert 'each label has frames of the same numbers' in parts_of('t', rows, frame=2)[0].notes[0]


def test_persons_who_are_seen_together():
    """Stay together in what they all do; one who does something else has a recording."""
    rows = rows_of('person action frame', *((who, 'walk' if frame < 2 else 'sit', frame) for who in (1, 2) for frame in range(4)))
    assert told(rows, track=0) == [('t_000', 'walk', None, '0101'), ('t_001', 'sit', None, '2323')]
    rows[-1][1] = rows[-2][1] = 'walk'
    assert told(rows, track=0) == [('t_1_000', 'walk', None, '01'), ('t_1_001', 'sit', None, '23'), ('t_2', 'walk', None, '0123')]


def test_which_column_is_the_class():
    """Words before numbers, and no detector's."""
    rows = rows_of('conf class label action frame', *((.9, 0, frame // 2, 'ab'[frame // 2], frame) for frame in range(4)))
    part, _ = parts_of('t', rows, frame=4)
    assert part.label == 'a' and part.notes == ('the column class has the class of a detector, which is none of a clip', )
    rows = rows_of('class frame', *(('person', frame) for frame in range(4)))
    assert told(rows) == [('t', None, None, '0123')]
    assert told(rows_of('class frame', *((0, frame) for frame in range(4)))) == [('t', '0', None, '0123')]
    rows = rows_of('label frame', *((f'x{frame}', frame) for frame in range(40)))
    part, = parts_of('t', rows, frame=1)
    assert part.label is None and 'is another in nearly each row' in part.notes[0]


def test_frames_without_a_class_are_no_clip():
    rows = rows_of('action frame', *(('walk' if frame < 3 else '', frame) for frame in range(5)))
    walk, rest = parts_of('t', rows, frame=1)
    assert walk.label == 'walk' and walk.problem is None and rest.problem == '2 rows without action, which others of the recording have'


def test_columns_that_are_not_understood_are_named():
    rows = rows_of('gait side when video participant participant_name frame',
                   *(('slow' if frame < 3 else 'fast', 'left', f'{frame}h', 'v.mp4', 'P1', 'Ann', frame) for frame in range(6)))
    notes = parts_of('t', rows, frame=6)[0].notes
    said = 'class, subject and recording are read of columns with such names'
    assert notes == (f'columns were not read: gait, side, participant_name; {said}', )
    assert parts_of('t', [[*row[3:5], row[6]] for row in rows], frame=2)[0].notes == ()


@pytest.mark.parametrize('column', ['rep', 'Rep No', 'repetition', 'block_id', 'attempt'])
def test_repetitions_whose_frames_begin_again_are_recordings(column):
    """They were two persons of one recording."""
    rows = [[column, 'idx', 'frame'], *([str(turn), str(turn), str(frame)] for turn in (1, 2) for frame in range(4))]
    assert told(rows) == [('t/1', None, None, '0123'), ('t/2', None, None, '0123')]
    assert parts_of('t', rows, frame=2)[0].notes == parts_of('t', [row[1:] for row in rows], frame=1)[0].notes == ()
    assert len(parts_of('t', rows, frame=2, track=1)) == 1  # told apart by the person already
    people = [[*row, who] if row[0] != column else [*row, 'person'] for row in rows for who in ('AB' if row[0] != column else 'A')]
    assert len(parts_of('t', people, frame=2, track=3)) == 2
    assert len(parts_of('t', [*rows[:5], *([*row[:2], str(int(row[2]) + 4)] for row in rows[5:])], frame=2)) == 1  # one recording goes on


@pytest.mark.parametrize('values', [('1', '2'), ('left', 'right')])
def test_what_tells_rows_of_one_frame_apart_and_may_be_anything_is_refused(values):
    rows = [['code', 'frame'], *([value, str(frame)] for value in values for frame in range(4))]
    with pytest.raises(ValueError, match='rows of one frame differ in the column code: .* call it person; .* call it recording'):
        parts_of('t', rows, frame=1)
    joints = [['frame', 'joint_id', 'joint'], *([str(frame), str(joint), f'j{joint}'] for frame in range(9) for joint in range(4))]
    assert len(parts_of('t', joints, frame=0, used=[2], within=[2])) == len(parts_of('t', joints, frame=0, within=[None])) == 1
    measured = [['area', 'frame'], *([f'{frame}.{turn}', str(frame)] for turn in (1, 2) for frame in range(4))]
    assert len(parts_of('t', measured, frame=1)) == 1
    boxes = [['left', 'frame'], *([str(100 * turn + frame // 2), str(frame)] for turn in (1, 2) for frame in range(8))]
    assert parts_of('t', boxes, frame=1)[0].notes[0].startswith('a column was not read: left; ')


def test_a_table_without_rows_is_one_part():
    assert [part.name for part in parts_of('t', rows_of('session frame'), frame=1)] == ['t']


def test_subjects_in_turns_without_frames_are_refused():
    rows = rows_of('participant', *('A', 'B') * 2)
    with pytest.raises(ValueError, match='participant changes to and fro between A and B, and no column says which frame'):
        parts_of('t', rows)


def test_columns_that_number_frames_and_names_of_images_are_no_recordings():
    rows = rows_of('seq file frame', *((frame, f'{frame}.png', frame) for frame in range(4) for _ in range(2)))
    assert len(told(rows)) == 1


def test_files_of_one_name_in_two_folders():
    rows = rows_of('file frame', *((f'{folder}/v.mp4', frame) for folder in 'ab' for frame in range(4)))
    assert [name for name, *_ in told(rows)] == ['t/a/v.mp4', 't/b/v.mp4']
