import numpy as np
import pytest

from mmagenc.datasets.readers.long_tables import first_points, parse_long_header, points_of


def rows_of(text):
    return [line.split(',') for line in text.split()]


def read_all(text, block=3):
    rows = rows_of(text)
    return points_of(parse_long_header(rows[0]), rows, block=block)


def read(text, block=3):
    """With the one person of each frame."""
    names, frames, ids = read_all(text, block)
    return names, [person for person, in frames], ids


def test_a_row_a_keypoint_in_any_order_with_some_missing():
    names, (first, second), ids = read('Frame,LandmarkID,X,Y,Visibility 7,1,.5,.25,1 4,2,3,4,.9 4,1,1,2,.8')
    assert names == [1, 2] and ids.tolist() == [4, 7]
    assert np.allclose(first.keypoint, [[1, 2], [3, 4]]) and np.allclose(first.score, [.8, .9])
    assert np.allclose(second.keypoint[0], [.5, .25]) and np.isnan(second.keypoint[1]).all() and second.score.tolist() == [1, 0]


def test_names_go_before_numbers_and_a_frame_begins_where_a_keypoint_comes_again():
    names, persons, ids = read('landmark_id,landmark_name,x,y,z 0,nose,1,2,3 11,hip,4,5,6 0,nose,7,8,9 11,hip,nan,,')
    assert names == ['hip', 'nose'] and ids is None and persons[0].score is None
    assert persons[0].keypoint.tolist() == [[4, 5, 6], [1, 2, 3]] and np.isnan(persons[1].keypoint[0]).all()


@pytest.mark.parametrize('text', [
    'frame,person,keypoint,x,y 2,b,nose,1,2 2,a,nose,3,4 2,b,hip,5,6 4,a,hip,7,8',
    'frame,keypoint,x,y,track_id 2,nose,1,2,b 2,nose,3,4,a 2,hip,5,6,b 4,hip,7,8,a',
])
def test_persons_of_a_frame_are_told_apart_by_a_column(text):
    names, (first, second), ids = read_all(text)
    assert names == ['hip', 'nose'] and ids.tolist() == [2, 4]
    assert [person.track for person in first] == ['b', 'a'] and [person.track for person in second] == ['a']
    assert first[0].keypoint.tolist() == [[5, 6], [1, 2]] and first[1].keypoint[1].tolist() == [3, 4]
    assert np.isnan(first[1].keypoint[0]).all() and second[0].keypoint[0].tolist() == [7, 8]


def test_numbers_of_keypoints_beside_their_names_are_no_persons():
    names, (person, ), _ = read('frame,id,keypoint,x,y 2,0,nose,1,2 2,1,hip,3,4')
    assert names == ['hip', 'nose'] and person.keypoint.tolist() == [[3, 4], [1, 2]]


def test_rows_that_go_on_with_further_keypoints():
    names, (person, ), ids = read('Frame,Time,Landmark,X,Y 5,83.3,0,1,2,11,3,4,12,5,6')
    assert names == [0, 11, 12] and person.keypoint.tolist() == [[1, 2], [3, 4], [5, 6]] and ids.tolist() == [5]
    rows = rows_of('Frame,Landmark,X,Y 5,0,1,2,11,3,4 6,0,1,2,12,3,4')
    assert first_points(parse_long_header(rows[0]), rows, block=33) == [0, 11, 12]


def test_rows_that_say_neither_keypoint_nor_frame_are_blocks():
    names, persons, ids = read('Landmark_X,Landmark_Y 1,2 3,4 5,6 7,8 9,10 11,12')
    assert names == [0, 1, 2] and ids is None and persons[1].keypoint.tolist() == [[7, 8], [9, 10], [11, 12]]


@pytest.mark.parametrize('header', ['x,y', 'frame,x,y,x', 'frame,x,landmark,y', 'frame,landmark,x', 'frame,name,nose_x,nose_y', 'a,b'])
def test_headers_of_other_tables(header):
    assert parse_long_header(header.split(',')) is None


@pytest.mark.parametrize('text, words', [
    ('frame,id,x,y 1,0,1,2 1,0,1,2', 'line 3: keypoint 0 twice in frame 1; of several persons a column person'),
    ('frame,person,id,x,y 1,a,0,1,2 1,a,0,1,2', 'line 3: keypoint 0 twice in frame 1, of a'),
    ('frame,id,x,y 1,0,1', 'line 2: 3 cells, the header has 4'),
    ('frame,id,x,y 1,0,1,2,5', 'line 2: 5 cells, the header has 4'), ('frame,id,x,y 1,0,left,2', "line 2: x must be a number, got 'left'"),
    ('frame,id,x,y first,0,1,2', 'line 2: frame must be the number of a frame'), ('frame,id,x,y 1,0,inf,2', 'line 2: x is infinite'),
    ('landmark_x,landmark_y 1,2 3,4', '2 rows that name no landmark are no whole frames of 3'),
    ('frame,id,x,y', 'no rows below the header'),
])
def test_what_is_wrong_is_named_with_its_line(text, words):
    with pytest.raises(ValueError, match=words):
        read(text)
