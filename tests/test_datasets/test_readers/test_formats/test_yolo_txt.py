"""Folders of labels of YOLO-pose."""

import numpy as np
import pytest


def row(points, visible=True, rest=()):
    values = np.c_[points, np.full(17, .7)] if visible else points
    return ' '.join(f'{value:g}' for value in [0, .5, .5, .2, .4, *values.reshape(-1), *rest])


@pytest.mark.parametrize('visible, rest', [(True, ()), (True, (.9, )), (True, (.9, 4)), (True, (4, )), (False, ()), (False, (.9, 4))])
def test_rows_with_and_without_visibility_confidence_and_track(write, import_file, walk, tmp_path, visible, rest):
    for index, points in enumerate(walk / 1000, start=1):
        write(f'walk/labels/clip_{index}.txt', row(points, visible, rest) + '\n')
    recording, = import_file(tmp_path / 'walk/labels', 'yolo_txt', img_shape=(1000, 1000))
    assert np.allclose(recording.keypoint[0], walk, atol=.01) and np.allclose(recording.keypoint_score, .7 if visible else 1)
    assert recording.frame_ids.tolist() == list(range(10))
    first = import_file(tmp_path / 'walk/labels', 'yolo_txt', img_shape=(1000, 1000), link=False)[0].frames[0][0]
    assert first.track == (4 if 4 in rest else None)


def test_missing_frames_and_two_videos(write, import_file, walk, tmp_path):
    for video in ('a', 'b'):
        for index in (1, 2, 5):
            write(f'out/{video}_{index}.txt', row(walk[index] / 1000) + '\n' + row(walk[index] / 500))
    first, second = import_file(tmp_path / 'out', 'yolo_txt', img_shape=(1000, 1000))
    assert (first.name, second.name) == ('out/a', 'out/b') and np.allclose(first.keypoint[0, 4], walk[5] * 2, atol=.01)
    assert np.isnan(first.keypoint[0, 2]).all()


def test_refusals(write, import_file, walk, tmp_path):
    write('a/clip_1.txt', row(walk[0] / 1000))
    with pytest.raises(ValueError, match='whose size the file does not say: give --img-shape'):
        import_file(tmp_path / 'a', 'yolo_txt')
    write('a/clip_2.txt', row(walk[0] / 1000) + ' 1 2 3')
    with pytest.raises(ValueError, match='clip_2.txt, person 0: 59 numbers are no box and 17 keypoints'):
        import_file(tmp_path / 'a', 'yolo_txt', img_shape=(9, 9))
    write('a/clip_2.txt', 'x' + row(walk[0] / 1000))
    with pytest.raises(ValueError, match='clip_2.txt, line 1 must be numbers'):
        import_file(tmp_path / 'a', 'yolo_txt', img_shape=(9, 9))


@pytest.mark.parametrize('count, rest', [(12, ()), (11, (.9, )), (11, (.9, 4))])
def test_other_numbers_of_keypoints_are_not_taken_for_17_pairs(write, import_file, walk, tmp_path, count, rest):
    """Their visibilities were coordinates."""
    points = walk[:, :count] / 1000
    for index, (low, high, its) in enumerate(zip(points.min(axis=1), points.max(axis=1), points), start=1):
        values = [0, *(low + high) / 2, *(high - low) * 1.01, *np.c_[its, np.full(count, .7)].reshape(-1), *rest]
        write(f'labels/clip_{index}.txt', ' '.join(f'{value:.6f}' for value in values))
    with pytest.raises(ValueError, match=f'by their boxes {count} keypoints of 3, not 17 of 2: --layout says'):
        import_file(tmp_path / 'labels', 'yolo_txt', img_shape=(1000, 1000))
    for index, its in enumerate(walk / 1000, start=1):
        values = [0, *(its.min(axis=0) + its.max(axis=0)) / 2, *np.ptp(its, axis=0), *its.reshape(-1), *rest]
        write(f'labels/clip_{index}.txt', ' '.join(f'{value:.6f}' for value in values))
    assert np.allclose(import_file(tmp_path / 'labels', 'yolo_txt', img_shape=(1000, 1000))[0].keypoint[0], walk, atol=.01)


def test_keypoints_of_another_layout_that_the_user_names(write, import_file, walk, tmp_path):
    points = walk[:, :13] / 1000
    for index, its in enumerate(points, start=1):
        values = [0, *(its.min(axis=0) + its.max(axis=0)) / 2, *np.ptp(its, axis=0) * 1.01, *np.c_[its, np.ones(13)].reshape(-1)]
        write(f'labels/clip_{index}.txt', ' '.join(f'{value:.6f}' for value in values))
    found, = import_file(tmp_path / 'labels', 'yolo_txt', img_shape=(1000, 1000), layout='penn13')
    assert np.allclose(found.keypoint[0], walk[:, :13], atol=.01)
    with pytest.raises(ValueError, match='44 numbers are no box and 17 keypoints of 2 or 3; --layout says which'):
        import_file(tmp_path / 'labels', 'yolo_txt', img_shape=(1000, 1000))
    write('boxes/clip_1.txt', '0 .5 .5 .2 .2 .9')
    with pytest.raises(AssertionError):
        import_file(tmp_path / 'boxes', 'yolo_txt')
