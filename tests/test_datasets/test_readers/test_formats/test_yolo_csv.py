"""Tables of a row a person and frame."""

import numpy as np
import pytest

from mmagenc.datasets.readers.registry import all_readers, recognize
from mmagenc.datasets.readers.source import Source
from mmagenc.skeletons import get_skeleton

COCO = get_skeleton('coco17').joint_names
CAMEL = [spelt[0].lower() + spelt[1:] for spelt in (name.title().replace('_', '') for name in COCO)]
SHORT = [name.replace('left_', 'l_').replace('right_', 'r_') for name in COCO]


def table(people, names=COCO, axes=('.x', '.y', '.c'), frame='frame', separator=','):
    header = [frame, 'person', 'index', 'bbox.x1', 'bbox.y1', 'bbox.x2', 'bbox.y2', 'bbox.c']
    header += [name + axis for name in names for axis in axes]
    rows = [[str(number), person, '0', '90', '90', '210', '210', '0.9',
             *(str(value) for point in points for value in [*point, .8][:len(axes)])]
            for person, walk in people.items() for number, points in enumerate(walk.tolist())]
    return '\n'.join(separator.join(row) for row in [header, *rows])


@pytest.mark.parametrize('names, axes, separator', [(COCO, ('.x', '.y', '.c'), ','), (SHORT, ('_X', '_Y', '_conf'), ';'),
                                                    ([name.title() for name in COCO], (' x', ' y', ' score'), '\t'),
                                                    (CAMEL, ('X', 'Y', 'Score'), ',')])
def test_columns_however_they_are_spelt(write, import_file, walk, names, axes, separator):
    recording, = import_file(write('walk/a.csv', table({'child': walk}, names, axes, separator=separator)), 'yolo')
    assert recording.name == 'walk/a' and recording.skeleton.name == 'coco17' and np.allclose(recording.keypoint[0], walk, atol=1e-3)
    assert np.allclose(recording.keypoint_score, .8)


@pytest.mark.parametrize('form', ['{axis}{number}', '{number}.{axis}', 'kp{number}_{axis}', 'keypoint_{number} {axis}'])
@pytest.mark.parametrize('first', [0, 1])
def test_keypoints_by_number_in_the_order_of_text(write, import_file, walk, form, first):
    """``x10`` stands before ``x2`` where columns were sorted, and was taken for the third keypoint."""
    columns = sorted((form.format(number=joint + first, axis='xy'[axis]), joint, axis) for joint in range(17) for axis in range(2))
    rows = [[frame, *(points[joint, axis] for _, joint, axis in columns)] for frame, points in enumerate(walk)]
    lines = [['frame', *(name for name, *_ in columns)], *rows]
    recording, = import_file(write('a.csv', '\n'.join(','.join(map(str, line)) for line in lines)), 'yolo')
    assert recording.skeleton.name == 'coco17' and np.allclose(recording.keypoint[0], walk, atol=1e-3)
    lines[0] = [name.replace(str(first + 16), '40') for name in lines[0]]
    with pytest.raises(ValueError, match='expected one after the other from 0 or 1 on'):
        import_file(write('a.csv', '\n'.join(','.join(map(str, line)) for line in lines)), 'yolo')


@pytest.mark.parametrize('frame, person', [
    ('FrameNumber', 'PersonID'), ('Frame Number', 'Person Id'), ('frameid', 'personid'), ('Frame #', 'id'), ('frame_nr', 'tracker_id'),
    ('fnum', 'Track ID'), ('img_id', 'obj_id'), ('frame', 'bodyIndex'), ('frames', 'human_id')])
def test_frames_and_persons_however_their_columns_are_called(write, import_file, walk, frame, person):
    """Two people in turns were one clip of twice as many frames; frames that are left out are gaps."""
    rows = table({'1.0': walk * 2, '2.0': walk + 50}, frame=frame).replace('person', person, 1).split('\n')
    rows = [rows[0], *(row for number in (0, 1, 2, 5, 6, 7, 8, 9) for row in rows[1:] if row.startswith(f'{number},'))]
    recording, = import_file(write('a.csv', '\n'.join(rows)), 'yolo', max_persons=2)
    there = [0, 1, 2, 5, 6, 7, 8, 9]
    assert recording.keypoint.shape[:2] == (2, 10) and np.allclose(recording.keypoint[1][there], (walk + 50)[there], atol=1e-3)
    assert np.isnan(recording.keypoint[:, 3:5]).all() and recording.notes == ("2 persons by the file's identities", )


def test_persons_scores_and_frames_by_the_names_of_images(write, import_file, walk):
    text = table({'mother': walk * 2, 'child': walk + 50})
    recording, = import_file(write('a.csv', text), 'yolo', max_persons=2)
    assert np.allclose(recording.keypoint[1], walk + 50, atol=1e-3) and recording.notes == ("2 persons by the file's identities", )
    named = '\n'.join(line if line.startswith('frame') else f'img_{line.partition(",")[0]}.png,{line.partition(",")[2]}'
                      for line in table({'child': walk}, axes=('.x', '.y')).split('\n'))
    recording, = import_file(write('a.csv', named), 'yolo')
    assert np.allclose(recording.keypoint[0], walk, atol=1e-3) and recording.keypoint_score.min() == 1


@pytest.mark.parametrize('layout', [None, 'penn13'])
def test_a_row_a_keypoint(write, import_file, walk, layout):
    """``frame,keypoint,x,y``, by number or by name; a keypoint without a row is not seen."""
    walk = walk if layout is None else walk[:, :13]
    names = range(17) if layout is None else get_skeleton(layout).joint_names
    rows = [f'{frame},{names[joint]},{x},{y}' for frame, points in enumerate(walk.tolist()) for joint, (x, y) in enumerate(points)]
    recording, = import_file(write('a.csv', '\n'.join(['frame,keypoint,x,y', *rows[:20], *rows[21:]])), 'yolo')
    order = [names.index(name) for name in recording.skeleton.joint_names] if layout else list(range(17))
    there = np.isfinite(recording.keypoint[0, ..., 0])
    assert recording.skeleton.name == (layout or 'coco17') and there.sum() == walk[..., 0].size - 1
    assert np.allclose(recording.keypoint[0][there], walk[:, order][there], atol=1e-3)
    with pytest.raises(ValueError, match='10 keypoints; known are 17'):
        import_file(write('a.csv', '\n'.join(['frame,keypoint,x,y', *(f'0,{joint},1,{joint}' for joint in range(10))])), 'yolo')


@pytest.mark.parametrize('text', ['name,x,y\n' + '\n'.join(f'town {row},{row},{row}' for row in range(9)),
                                  'frame,id,x,y\n' + '\n'.join(f'0,{row},{row},{row}' for row in range(300))])
def test_other_tables_of_places_are_none(write, text):
    assert recognize(Source(write('a.csv', text)), all_readers()) is None


def test_the_rate_by_times(write, import_file, walk):
    """A column of seconds says it, and ``--source-fps`` overrules it."""
    first, *rows = table({'child': walk}).split('\n')
    timed = '\n'.join([f'{first},timestamp', *(f'{row},{index / 25}' for index, row in enumerate(rows))])
    recording, = import_file(write('a.csv', timed), 'yolo')
    assert recording.fps == 25 and 'timestamp' in recording.notes[-1]
    assert import_file(write('a.csv', timed), 'yolo', fps=50.)[0].fps == 50


def test_what_is_not_seen_and_parts_of_the_image(write, import_file, walk):
    walk[2, 5] = 0
    recording, = import_file(write('a.csv', table({'child': walk / 1000})), 'yolo', img_shape=(500, 1000))
    assert np.isnan(recording.keypoint[0, 2, 5]).all() and recording.keypoint_score[0, 2, 5] == 0
    assert np.allclose(recording.keypoint[0, 1], walk[1] * [1, .5], atol=1e-3)


@pytest.mark.parametrize('change, says', [
    (lambda text: text.replace('\n3,', '\nthird,'), 'line 5: frame must be the number of a frame'),
    (lambda text: text.replace(',0.8', ',good', 1), "line 2: nose.c must be a number, got 'good'"),
    (lambda text: text + ',1', 'line 11: 60 cells, the header has 59'),
    (lambda text: text.replace('left', 'upper').replace('right', 'lower'), 'no known layout has the body parts nose, upper_eye'),
])
def test_refusals(write, import_file, walk, change, says):
    with pytest.raises(ValueError, match=says):
        import_file(write('a.csv', change(table({'child': walk}))), 'yolo')


def with_column(text, name, cell):
    first, *rows = text.split('\n')
    return '\n'.join([f'{name},{first}', *(f'{cell(index)},{row}' for index, row in enumerate(rows))])


@pytest.mark.parametrize('name, cell', [('video', 'v{}.mp4'), ('filename', 'a/v{}.MOV'), ('clip', 'v{}')])
def test_rows_of_two_videos_are_two_recordings(write, import_file, walk, name, cell):
    """And not two persons, though both count their frames from 0."""
    text = table({'child': np.concatenate([walk, walk + 300])})
    rows = [row.split(',') for row in text.split('\n')]
    text = '\n'.join(','.join(row if row[0] == 'frame' else [str(int(row[0]) % 10), *row[1:]]) for row in rows)
    clips = import_file(write('a.csv', with_column(text, name, lambda index: cell.format(index // 10))), 'yolo')
    assert [clip.name for clip in clips] == ['a/v0', 'a/v1']
    assert np.allclose(clips[0].keypoint[0], walk, atol=1e-3) and np.allclose(clips[1].keypoint[0], walk + 300, atol=1e-3)


def test_participants_and_their_actions(write, import_file, walk):
    """Each is a recording of its own, and not one of two persons, and each stretch of an action is a clip."""
    rows = [f'{frame},{who},{action},' + ','.join(map(str, (points + add).ravel().tolist())) for who, add in (('P1', 0), ('P2', 4))
            for frame, points in enumerate(walk) for action in ['walk' if frame < 6 or who == 'P2' else 'sit']]
    header = ','.join(['frame', 'participant', 'action', *(f'{name}_{axis}' for name in COCO for axis in 'xy')])
    clips = import_file(write('a.csv', '\n'.join([header, *rows])), 'yolo')
    assert [(clip.name, clip.label, clip.subject) for clip in clips] == [
        ('a/P1_000', 'walk', 'P1'), ('a/P1_001', 'sit', 'P1'), ('a/P2', 'walk', 'P2')]
    assert np.allclose(clips[1].keypoint[0], walk[6:], atol=1e-3) and np.allclose(clips[2].keypoint[0], walk + 4, atol=1e-3)
    assert clips[1].frame_ids.tolist() == [6, 7, 8, 9]


def test_participants_in_a_row_a_keypoint(write, import_file, walk):
    rows = [f'{who},{frame},{joint},{x},{y}' for who in 'AB' for frame, points in enumerate(walk[:4].tolist())
            for joint, (x, y) in enumerate(points)]
    clips = import_file(write('a.csv', '\n'.join(['participant,frame,keypoint,x,y', *rows])), 'yolo')
    assert [(clip.name, clip.subject) for clip in clips] == [('a/A', 'A'), ('a/B', 'B')]
    assert all(np.allclose(clip.keypoint[0], walk[:4], atol=1e-3) for clip in clips)


def test_two_videos_without_numbers_of_frames(write, import_file, walk):
    header = ','.join(['filename', *(f'{name}_{axis}' for name in COCO for axis in 'xy')])
    rows = [','.join(map(str, [video, *points.ravel().tolist()])) for video in ('a.mp4', 'b.mp4') for points in walk]
    clips = import_file(write('t.csv', '\n'.join([header, *rows])), 'yolo')
    assert [(clip.name, clip.keypoint.shape[1]) for clip in clips] == [('t/a', 10), ('t/b', 10)]
    with pytest.raises(ValueError, match='no rows below the header'):
        import_file(write('t.csv', header), 'yolo')


def test_the_name_of_the_video_is_no_frame(write, import_file, walk):
    """Its number would make one frame of all rows."""
    text = table({'child': walk}).replace('frame,person,', 'step,who,', 1)
    recording, = import_file(write('a.csv', with_column(text, 'filename', lambda _: 'clip7.mp4')), 'yolo')
    assert np.allclose(recording.keypoint[0], walk, atol=1e-3)


def test_a_column_that_numbers_the_rows_is_no_identity(write, import_file, walk):
    text = table({'child': walk}).replace('person', 'who', 1)
    recording, = import_file(write('a.csv', with_column(text, 'id', str)), 'yolo')
    assert np.allclose(recording.keypoint[0], walk, atol=1e-3) and 'numbers rows, not persons' in recording.notes[0]


def test_frames_before_the_first_and_in_other_forms_of_numbers(write, import_file, walk):
    for form in ('{}', '{}.0', '{:e}'):
        rows = [row.split(',') for row in table({'child': walk}).split('\n')]
        text = '\n'.join(','.join(row if row[0] == 'frame' else [form.format(int(row[0]) - 3), *row[1:]]) for row in rows)
        recording, = import_file(write('a.csv', text), 'yolo')
        assert recording.frame_ids.tolist() == list(range(-3, 7)) and np.allclose(recording.keypoint[0], walk, atol=1e-3)


def test_several_persons_without_a_frame_are_refused(write, import_file, walk):
    with pytest.raises(ValueError, match='person names 2 persons, and no column says which frame a row is of'):
        import_file(write('a.csv', table({'mother': walk * 2, 'child': walk}, frame='step')), 'yolo')


def test_minus_one_is_a_point_that_was_not_seen(write, import_file, walk):
    walk[:, 3] = -1
    recording, = import_file(write('a.csv', table({'child': walk}, axes=('.x', '.y'))), 'yolo')
    assert np.isnan(recording.keypoint[0, :, 3]).all() and not recording.keypoint_score[0, :, 3].any()


SIDED = ('Shoulder', 'Elbow', 'Wrist', 'Hand'), ('Hip', 'Knee', 'Ankle', 'Foot')
KINECT = ('SpineBase', 'SpineMid', 'Neck', 'Head', *(part + side for parts in SIDED for side in ('Left', 'Right') for part in parts),
          'SpineShoulder', 'HandTipLeft', 'ThumbLeft', 'HandTipRight', 'ThumbRight')
"""Kinect's joints as its own library calls them."""


def space(scale=1., middle=(0, 0, 2.5)):
    """A table of a person in space whose y points up, 30 frames a second, and its points ``(T, 25, 3)``."""
    points = np.random.default_rng(0).uniform(-.5, .5, (6, 25, 3)) * [.4, 1, .2] + middle
    points[:, 3] += [0, 1, 0]
    header = ['timestamp', *(f'{name}_{axis}' for name in KINECT for axis in 'XYZ')]
    rows = [[str(round(frame / 30, 4)), *map(str, (place * scale).ravel())] for frame, place in enumerate(points)]
    return '\n'.join(map(','.join, [header, *rows])), points


def test_three_coordinates_are_places_in_space(write, import_file):
    text, points = space()
    recording, = import_file(write('a.csv', text), 'yolo')
    assert recording.skeleton.name == 'ntu25' and recording.up == 'y' and recording.fps == pytest.approx(30, abs=.1)
    assert np.allclose(recording.keypoint[0], points, atol=1e-5)
    millimetres = write('a.csv', space(1000.)[0])
    with pytest.raises(ValueError, match='m is not the unit; --unit says it'):
        import_file(millimetres, 'yolo')
    assert np.allclose(import_file(millimetres, 'yolo', unit=.001)[0].keypoint[0], points, atol=1e-5)


def test_three_coordinates_that_may_be_parts_of_an_image_are_refused(write, import_file):
    path = write('a.csv', space(.5, (1, 1, 1))[0].replace('Neck_', 'Throat_'))
    with pytest.raises(ValueError, match='may be parts of an image or metres: --unit m says'):
        import_file(write('a.csv', space(.25, (1.5, 1.5, 2))[0]), 'yolo')
    assert import_file(path, 'yolo', unit=1.)[0].keypoint.shape[-1] == 3


@pytest.mark.parametrize('long', [False, True])
def test_coco_in_space_is_no_mediapipe(write, import_file, long):
    """BlazePose has all of its names; what is told of layout and unit holds."""
    points = np.random.default_rng(0).uniform(-.5, .5, (6, 17, 3)).round(3) * 1000 + [0, 900, 2500]
    if long:
        header = 'frame,keypoint,x,y,z'
        rows = [','.join(map(str, [frame, name, *place])) for frame in range(6) for name, place in zip(COCO, points[frame].tolist())]
    else:
        header = ','.join(['frame', *(f'{name}_{axis}' for name in COCO for axis in 'xyz')])
        rows = [','.join(map(str, [frame, *places.ravel().tolist()])) for frame, places in enumerate(points)]
    path = write('a.csv', '\n'.join([header, *rows]))
    recording, = import_file(path, 'yolo', layout='coco17', unit=.001, up='y')
    assert recording.skeleton.name == 'coco17' and recording.up == 'y' and np.allclose(recording.keypoint[0], points / 1000, atol=1e-5)
    with pytest.raises(ValueError, match='m is not the unit; --unit says it'):
        import_file(path, 'yolo')


def test_a_unit_of_pixels_is_refused(write, import_file, walk):
    with pytest.raises(ValueError, match='--unit is for places in space'):
        import_file(write('a.csv', table({'child': walk})), 'yolo', unit=.001)
