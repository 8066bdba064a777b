"""Generated clips of the published InfAGenC code, read by the reader and by the data sets of the published recordings."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mmagenc.body_models import rest_joints_of
from mmagenc.datasets import AnnotationError, InfActPrimitive, InfantAction
from mmagenc.datasets.readers.importing import ImportSettings, import_files
from mmagenc.skeletons import get_skeleton

from .reading import outcomes, recordings

FRAMES = 6
PUBLISHED_ORDER = [0, 1, 4, 7, 2, 5, 8, 6, 9, 12, 15, 16, 18, 20, 17, 19, 21]
"""By which the published code takes 17 keypoints of 24 joints."""


def content(labels=(4, 0, 2), classes=5, **changes):
    """What the published loop appends to ``generated_samples.npy``."""
    rng = np.random.default_rng(0)
    arrays = [rng.normal(0, 0.3, (FRAMES, 24, 3)).astype(np.float32) for _ in range(2 * len(labels))]
    score = [np.full(classes, 0.2 / (classes - 1), np.float32) for _ in labels]
    for row, label in zip(score, labels):
        row[label % classes] = 0.8
    made = dict(pose=arrays[::2], keypoint=arrays[1::2], y=list(labels), score=score, epoch_idx=[10] * len(labels),
                feat=[np.zeros(256, np.float32)] * len(labels))
    return {key: value for key, value in dict(made, **changes).items() if value is not None}


def of_mesh(labels=(4, 0, 2)):
    """What the published ``generate_sequences`` writes: vertices, no score."""
    return content(labels, keypoint=[np.zeros((FRAMES, 6890, 3), np.float32)] * len(labels), score=None, feat=None,
                   epoch_idx=[-1] * len(labels))


def written(path, content):
    np.save(path, content)
    return path


def joints_by_hand(pose):
    """``(T, 24, 3)`` of the embedded infant, joint by joint from the root."""
    rest, parents = np.asarray(rest_joints_of(), dtype=np.float64), get_skeleton('smpl24').parents
    joints, turns = np.zeros((len(pose), 24, 3)), [Rotation.from_rotvec(pose[:, 0])]
    for joint in range(1, 24):
        joints[:, joint] = joints[:, parents[joint]] + turns[parents[joint]].apply(rest[joint] - rest[parents[joint]])
        turns.append(turns[parents[joint]] * Rotation.from_rotvec(pose[:, joint]))
    return joints


def test_clips_of_the_loop(tmp_path):
    made = content()
    found = recordings(written(tmp_path / 'generated_samples.npy', made), 'infagenc')
    assert [clip.label for clip in found] == ['All-fours', 'Supine', 'Sitting'] and found[1].name == 'generated_samples_000001'
    assert found[0].skeleton == 'infact17' and found[0].up is None
    assert np.array_equal(found[0].keypoint[0], made['keypoint'][0][:, PUBLISHED_ORDER])
    assert np.array_equal(found[0].extra['pose'][0], made['pose'][0])
    assert {key: found[0].extra[key] for key in ('source', 'score', 'epoch')} == dict(source='synthetic', score=np.float32(0.8), epoch=10)
    assert found[0].notes == ('its 5 scores are taken for the classes of InfActPrimitive', )


def test_the_number_of_scores_says_the_set(tmp_path):
    found = recordings(written(tmp_path / 'a.npy', content((3, 0), classes=4)), 'infagenc')
    assert [clip.label for clip in found] == ['Rolling', 'Crawling']
    named_by_number = recordings(written(tmp_path / 'b.npy', content((6, 0), classes=7)), 'infagenc')
    assert [clip.label for clip in named_by_number] == ['6', '0'] and 'called by their numbers' in named_by_number[0].notes[0]


def test_clips_of_generate_sequences_get_joints_of_their_poses(tmp_path):
    made = of_mesh()
    path = written(tmp_path / 'synthetic_samples.npy', made)
    clip = recordings(path, 'infagenc')[0]
    assert np.allclose(clip.keypoint[0], joints_by_hand(made['pose'][0])[:, PUBLISHED_ORDER], atol=1e-5)
    assert clip.label == 'All-fours' and set(clip.extra) == {'pose', 'source'}
    assert np.array_equal(InfActPrimitive(str(path)).annotations()[0]['keypoint'], clip.keypoint)


def test_a_clip_that_is_refused_does_not_end_it(tmp_path):
    made = content()
    made['pose'][1] = made['pose'][1][:3]
    first, said, last = outcomes(written(tmp_path / 'g.npy', made), 'infagenc')
    assert said == 'pose has 3 frames, keypoint 6' and (first.label, last.label) == ('All-fours', 'Sitting')
    with pytest.raises(ValueError, match='lists of different lengths: pose 3, keypoint 3, y 2, score 3, epoch_idx 3'):
        outcomes(written(tmp_path / 'g.npy', content(y=[4, 0])), 'infagenc')


def test_data_sets_take_them_beside_the_recordings(tmp_path):
    path = written(tmp_path / 'generated_samples.npy', content())
    dataset = InfActPrimitive(str(path), split='train')
    clips = dataset.annotations()
    assert [clip['label'] for clip in clips] == [4, 0, 2] and {clip['source'] for clip in clips} == {'synthetic'}
    with pytest.raises(AnnotationError, match=r'clip 0 .*: score is of 5 classes, here are 4: Crawling, Sitting'):
        InfantAction(str(written(tmp_path / 'generated_samples.npy', content(labels=(3, 0)))))
    with pytest.raises(AnnotationError, match=r'clip 0 \(synthetic_samples_000000\): unknown label 4; known: 0 Crawling'):
        InfantAction(str(written(tmp_path / 'synthetic_samples.npy', of_mesh())))
    with pytest.raises(AnnotationError, match=r'array\.npy: expected a dict with the lists pose, keypoint, y'):
        InfActPrimitive(str(written(tmp_path / 'array.npy', np.zeros((3, 4)))))


def test_an_import_goes_with_the_recordings(tmp_path):
    """Classes are numbered as the recordings' are."""
    path = written(tmp_path / 'generated_samples.npy', content(labels=(4, 3, 2, 1, 0)))
    annotation = import_files([path], ImportSettings()).annotation
    assert annotation['metainfo']['classes'] == InfActPrimitive.METAINFO['classes']
    assert [clip['label'] for clip in annotation['annotations']] == [4, 3, 2, 1, 0]
    assert {clip['source'] for clip in annotation['annotations']} == {'synthetic'}
