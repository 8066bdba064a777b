"""NTU RGB+D as arrays of all clips."""

import numpy as np
import pytest

from mmagenc.datasets.readers.importing import ImportSettings, import_files
from mmagenc.datasets.readers.ntu_benchmark import ACTIONS

CLIPS = [np.random.default_rng(frames).normal(size=(2, frames, 25, 3)).astype(np.float32) for frames in (4, 6, 3)]


def rows(clips):
    """``(N, 8, 150)``, frame by frame: all of one person and then of the other."""
    array = np.zeros((len(clips), 8, 150), dtype=np.float32)
    for row, clip in zip(array, clips):
        for frame in range(clip.shape[1]):
            row[frame] = [value for person in clip for joint in person[frame] for value in joint]
    return array


def solid(clips):
    array = np.zeros((len(clips), 3, 8, 25, 2), dtype=np.float32)
    for row, clip in zip(array, clips):
        for (person, frame, joint, axis), value in np.ndenumerate(clip):
            row[axis, frame, joint, person] = value
    return array


@pytest.mark.parametrize('lay_out', [rows, solid])
@pytest.mark.parametrize('one_hot', [True, False])
def test_clips_labels_and_splits(tmp_path, lay_out, one_hot):
    labels = [np.array([7, 2]), np.array([7])]
    written = [np.eye(60)[label] for label in labels] if one_hot else labels
    np.savez(tmp_path / 'NTU60_CS.npz', x_train=lay_out(CLIPS[:2]), y_train=written[0], x_test=lay_out(CLIPS[2:]), y_test=written[1])
    found = import_files([tmp_path / 'NTU60_CS.npz'], ImportSettings(max_persons=2))
    assert found.found == {'ctrgcn (3 clips of NTU RGB+D)': 1}
    annotation = found.annotation
    assert sorted(annotation['metainfo']['classes']) == sorted([ACTIONS[7], ACTIONS[2]] if one_hot else ['2', '7'])
    assert annotation['metainfo']['skeleton'] == 'ntu25' and annotation['metainfo']['fps'] == 30
    clips = {clip['frame_dir'].split('/')[-1]: clip for clip in annotation['annotations']}
    said = [annotation['metainfo']['classes'][clips[name]['label']] for name in ('train_000000', 'train_000001', 'test_000000')]
    assert said == ([ACTIONS[7], ACTIONS[2], ACTIONS[7]] if one_hot else ['7', '2', '7'])
    for name, expected in zip(('train_000000', 'train_000001', 'test_000000'), CLIPS):
        # persons may come in another order: the main one first
        assert any(np.allclose(clips[name]['keypoint'], expected[order], atol=1e-6) for order in ([0, 1], [1, 0]))
    assert {split: len(names) for split, names in annotation['split'].items()} == dict(train=2, test=1)


def test_other_arrays_are_not_taken(tmp_path):
    np.savez(tmp_path / 'a.npz', x_train=np.zeros((3, 8, 149)), y_train=np.zeros(3))
    with pytest.raises(ValueError, match='no format that is known'):
        import_files([tmp_path / 'a.npz'], ImportSettings())
