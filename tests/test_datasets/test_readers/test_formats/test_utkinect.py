import numpy as np
import pytest

from .reading import outcomes, recordings

NUMBERS = [250, 252, 252, 254, 258, 260, 262, 264, 266]


def write(tmp_path, labels='s01_e01\nwalk: 252 260\nsitDown: 262 266 \ncarry:  NaN NaN\ns01_e02\nwalk: 1 2\n'):
    points = np.stack([np.full((20, 3), number / 100) for number in NUMBERS])
    points[2] = 99.  # there twice: the second is passed over
    folder = tmp_path / 'joints'
    folder.mkdir(exist_ok=True)
    lines = [f'{number}   ' + '  '.join(f'{value:.6f}' for value in frame.ravel()) for number, frame in zip(NUMBERS, points)]
    (folder / 'joints_s01_e01.txt').write_text('\n'.join(lines) + '\n')
    if labels is not None:
        (tmp_path / 'actionLabel.txt').write_text(labels)
    return folder / 'joints_s01_e01.txt'


def test_a_clip_a_stretch_every_second_frame(tmp_path):
    walk, sit = recordings(write(tmp_path), 'utkinect', root=tmp_path)
    assert np.allclose(walk.keypoint[0, :, 0, 0], [2.52, 2.54, 2.56, 2.58, 2.60]) and 'interpolated' in walk.notes[1]
    assert np.allclose(sit.keypoint[0, :, 5, 2], [2.62, 2.64, 2.66]) and len(sit.notes) == 1
    assert (walk.name, walk.label, walk.subject, walk.fps) == ('joints/joints_s01_e01_walk', 'walk', 's01', 15)


def test_without_labels_it_is_one_recording(tmp_path):
    found, = recordings(write(tmp_path, labels=None), 'utkinect')
    assert found.label is None and found.keypoint.shape == (1, 9, 20, 3)


def test_frames_that_follow_each_other_are_all_taken(tmp_path):
    """Other recordings in the set's form have every frame of the video, but for a few."""
    points = np.arange(12.)[:, None] + np.zeros(60)
    lines = [' '.join(map(str, [number, *frame])) for number, frame in zip([30, 31, 32, 33, 36, 37, 38, 39, 40, 41, 42, 43], points)]
    (tmp_path / 'joints_s01_e02.txt').write_text('\n'.join(lines))
    found, = recordings(tmp_path / 'joints_s01_e02.txt', 'utkinect')
    assert found.fps == 30 and np.allclose(found.keypoint[0, :7, 0, 0], [0, 1, 2, 3, 10 / 3, 11 / 3, 4]) and found.keypoint.shape[1] == 14


def test_what_is_wrong_with_the_labels_is_named(tmp_path):
    with pytest.raises(ValueError, match=r'actionLabel\.txt has no s01_e01'):
        recordings(write(tmp_path, labels='s02_e01\nwalk: 1 2\n'), 'utkinect')
    with pytest.raises(ValueError, match=r'actionLabel\.txt, line 2: expected'):
        recordings(write(tmp_path, labels='s01_e01\nwalk 1 2\n'), 'utkinect')
    said, last = outcomes(write(tmp_path, labels='s01_e01\nwalk: 10 20\nsitDown: 262 266\n'), 'utkinect')
    assert said == 'walk: 0 frames from 10 to 20' and last.label == 'sitDown'
