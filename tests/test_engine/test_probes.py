"""Recordings of which one thing is taken, against sums written down here."""

import numpy as np
import pytest

from mmagenc.engine.probes import in_place, path_alone, statue
from mmagenc.skeletons import get_skeleton

HIPS = [11, 12]  # of coco17


@pytest.fixture
def clip():
    """17 keypoints that walk along x and wave, in pixels."""
    rng, frames = np.random.default_rng(0), 9
    keypoint = rng.uniform(50, 150, (1, 1, 17, 2)) + rng.normal(0, 3, (1, frames, 17, 2))
    keypoint[0, :, HIPS] = keypoint[0, :1, HIPS]
    keypoint += np.stack([20. * np.arange(frames), np.zeros(frames)], axis=-1)[None, :, None]
    return dict(frame_dir='walk', label=0, total_frames=frames, skeleton='coco17', keypoint=keypoint.astype(np.float32))


def test_a_body_held_in_place_keeps_its_posture_in_every_frame(clip):
    assert get_skeleton('coco17').middle == HIPS
    new = in_place(clip)
    hips = new['keypoint'][:, :, HIPS].mean(axis=2)
    np.testing.assert_allclose(hips, np.broadcast_to(clip['keypoint'][:, :1, HIPS].mean(axis=2), hips.shape), atol=1e-4)
    for array in (clip, new):  # relative to the hips nothing changes
        array['relative'] = array['keypoint'] - array['keypoint'][:, :, HIPS].mean(axis=2, keepdims=True)
    np.testing.assert_allclose(new['relative'], clip['relative'], atol=1e-4)
    assert new['keypoint'].dtype == np.float32 and new['label'] == 0


def test_a_stiff_body_goes_the_recorded_way(clip):
    new = path_alone(clip)
    np.testing.assert_allclose(new['keypoint'][0, 4], clip['keypoint'][0, 4])  # the middle frame's posture
    np.testing.assert_allclose(new['keypoint'].mean(axis=2) - new['keypoint'][:, :1].mean(axis=2),
                               20. * np.arange(9)[None, :, None] * [1, 0], atol=1e-3)
    np.testing.assert_allclose(np.diff(new['keypoint'] - new['keypoint'][:, :, :1], axis=1), 0, atol=1e-4)


def test_a_statue_is_the_middle_frame(clip):
    clip.update(pose=np.random.default_rng(1).normal(size=(1, 9, 24, 3)), transl=np.arange(27.).reshape(1, 9, 3))
    new = statue(clip)
    for key in ('keypoint', 'pose', 'transl'):
        assert (new[key] == clip[key][:, [4]]).all() and new[key].shape == clip[key].shape
    assert (in_place(clip)['transl'] == clip['transl'][:, :1]).all() and (path_alone(clip)['transl'] == clip['transl']).all()
    assert (path_alone(clip)['pose'] == clip['pose'][:, [4]]).all()


def test_points_without_a_place_stay_and_the_hips_are_taken_between_frames(clip):
    """Points at (0, 0) of score 0; the path of the hips is a line, so what lies between the frames with hips is known."""
    whole = in_place(clip)['keypoint']
    clip['keypoint_score'] = np.ones((1, 9, 17), dtype=np.float32)
    gone = np.zeros((1, 9, 17), dtype=bool)
    gone[0, 3, 11] = gone[0, 4:6, 0] = True
    clip['keypoint'][gone] = clip['keypoint_score'][gone] = 0
    held = in_place(clip)['keypoint']
    assert (held[gone] == 0).all()
    np.testing.assert_allclose(held[~gone], whole[~gone], atol=1e-3)
    stiff = statue(clip)
    assert (stiff['keypoint'] == clip['keypoint'][:, [2]]).all() and stiff['keypoint_score'].all()  # 3 lacks a hip, 4 and 5 the nose


def test_without_a_layout_the_place_is_that_of_all_points_and_nobody_at_all_is_left_alone(clip):
    del clip['skeleton']
    mean = in_place(clip)['keypoint'].mean(axis=2)
    np.testing.assert_allclose(mean, np.broadcast_to(mean[:, :1], mean.shape), atol=1e-3)
    clip['keypoint'] = np.concatenate([clip['keypoint'], np.zeros_like(clip['keypoint'])])
    for probe in (in_place, statue, path_alone):
        new = probe(clip)['keypoint']
        assert (new[1] == 0).all() and np.isfinite(new).all()
