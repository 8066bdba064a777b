"""MMAction2's annotation file, by its PoseDataset and by the importer."""

import numpy as np
import pytest
from mmengine.registry import init_default_scope

from ..flat_clips import CLASSES, annotation_of, check_same, flat_clip, places, read_back, save, solid_clip


def test_pose_dataset_of_mmaction2_takes_it(tmp_path):
    from mmaction.datasets import PoseDataset
    clips = [flat_clip(persons=2), flat_clip('d', frames=3, seed=1, label=0)]
    assert save(annotation_of(*clips), tmp_path / 'clips.pkl').notes == []
    init_default_scope('mmaction')
    try:
        for split, clip in zip(('train', 'test'), clips):
            found, = PoseDataset(ann_file=str(tmp_path / 'clips.pkl'), pipeline=[], split=split)
            assert found['frame_dir'] == clip['frame_dir'] and found['label'] == clip['label']
            assert found['total_frames'] == clip['total_frames'] and found['img_shape'] == found['original_shape'] == (480, 640)
            np.testing.assert_array_equal(found['keypoint'], np.nan_to_num(places(clip)[0]))
            np.testing.assert_array_equal(found['keypoint_score'], clip['keypoint_score'])
    finally:
        init_default_scope('mmagenc')


def test_the_importer_reads_it_back(tmp_path):
    clip = flat_clip(persons=2)
    recording, = read_back(save(annotation_of(clip), tmp_path / 'clips.pkl').paths[0], 'pyskl')
    assert (recording.label, recording.split, recording.fps, recording.subject) == (CLASSES[1], 'train', 12.5, 'Jörg')
    keypoint, score = places(clip)
    np.testing.assert_array_equal(recording.keypoint_score, score)
    np.testing.assert_array_equal(np.where(score[..., None] > 0, recording.keypoint, np.nan), keypoint)


def test_gaps_in_space_have_the_score_0_and_rotations_stay(tmp_path):
    clip = solid_clip(pose=np.random.default_rng(0).normal(size=(1, 5, 24, 3)).astype(np.float32))
    scores = np.ones((1, 5, 24), dtype=np.float32)
    scores[0, 2, 7] = 0
    whole, = read_back(save(annotation_of(clip, skeleton='smpl24', up='y'), tmp_path / 'whole.pkl').paths[0], 'pyskl')
    assert whole.keypoint_score is None and whole.up == 'y'
    check_same(whole, clip)
    path = save(annotation_of(dict(clip, keypoint_score=scores), skeleton='smpl24'), tmp_path / 'gaps.pkl').paths[0]
    from mmagenc.datasets.annotation import load_annotation
    found = load_annotation(path)['annotations'][0]
    np.testing.assert_array_equal(found['pose'], clip['pose'])
    np.testing.assert_array_equal(found['keypoint_score'], scores)


def test_unlabelled_clips_are_refused(tmp_path):
    with pytest.raises(ValueError, match='clip d has no label'):
        save(annotation_of(flat_clip(), flat_clip('d', label=None)), tmp_path / 'clips.pkl')
    assert not list(tmp_path.iterdir())


def test_pixels_without_an_image_are_said(tmp_path):
    saved = save(annotation_of(flat_clip(img_shape=None)), tmp_path / 'clips.pkl')
    assert saved.notes == ['nothing says the size of the images: MMAction2 and pyskl take them for 1920 x 1080']
