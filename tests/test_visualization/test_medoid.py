"""The most usual of several clips, on sets whose answer is known by hand."""

import numpy as np
import pytest

from mmagenc.skeletons import get_skeleton
from mmagenc.visualization import Clip, medoid, medoid_of_annotations, pose_distances

from .poses import arms_out


def raised(degrees: float, num_frames: int = 8, **kwargs) -> Clip:
    """A person with the left forearm raised by so many degrees."""
    clip = arms_out(num_frames, **kwargs)
    wrist, elbow = (clip.skeleton.index(f'left_{name}') for name in ('wrist', 'elbow'))
    forearm = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees)), 0]) * 0.25
    clip.keypoint[0, :, wrist] = clip.keypoint[0, :, elbow] + forearm
    return clip


def test_the_middle_one_is_the_medoid():
    """Forearms at 0, 10, 20, 25 and 90 degrees: the sums of the chords 2 sin(difference / 2) are smallest for 20."""
    degrees = [90, 0, 25, 10, 20]
    chords = 2 * np.abs(np.sin(np.radians(np.subtract.outer(degrees, degrees)) / 2))
    assert chords.sum(axis=1).argmin() == 4
    clips = [raised(each) for each in degrees]
    assert medoid(clips) == 4
    distances = pose_distances(clips)
    np.testing.assert_allclose(distances / distances.max(), chords / chords.max(), atol=0.01)
    np.testing.assert_allclose(distances, distances.T, atol=1e-9)


def test_the_first_of_equals_and_the_only_one():
    assert medoid([raised(5), raised(5), raised(5)]) == 0 and medoid([raised(3)]) == 0 and medoid([raised(0), raised(90)]) == 0


def test_length_place_and_size_make_no_difference():
    """Clips of one frame and of many, far away, of a child: as close to each other as copies are."""
    far, small = raised(20, num_frames=40), raised(20, num_frames=1)
    far.keypoint[:] += 50
    small.keypoint[:] *= 0.4
    assert pose_distances([raised(20), far, small]).max() < 1e-3


def test_heading_makes_a_difference_only_where_the_vertical_is_unknown():
    clips = [raised(20), raised(20), arms_out(8, turn=120)]
    turned = raised(20)
    turned.keypoint[:] = turned.keypoint @ np.array([[-0.5, 0, -np.sqrt(0.75)], [0, 1, 0], [np.sqrt(0.75), 0, -0.5]], dtype=np.float32)
    clips[2] = turned
    assert pose_distances(clips)[0, 2] > 0.3 and pose_distances(clips, up='y')[0, 2] < 1e-3
    lying = [Clip(keypoint=clip.keypoint[..., [0, 2, 1]] * (1, -1, 1), skeleton=clip.skeleton) for clip in clips]
    assert pose_distances(lying, up='z')[0, 2] < 1e-3


def test_a_clip_that_jumps_through_the_room_is_not_the_medoid():
    jumping = raised(20, num_frames=8)
    jumping.keypoint[0, 4:] += 3
    assert medoid([jumping, raised(0), raised(40), raised(22)]) == 3


def test_missing_keypoints_do_not_count_and_do_not_win():
    """NaN, scores of 0 and pixels at (0, 0); of which little is seen is compared by the rest, but is not chosen."""
    clips = [raised(each) for each in (0, 19, 40, 21)]
    clips[1].keypoint[0, :, clips[1].skeleton.index('head')] = np.nan
    assert np.isfinite(pose_distances(clips)).all() and medoid(clips) == 3
    empty = Clip(keypoint=np.zeros((1, 3, 17, 3)), skeleton=get_skeleton('infact17'))
    distances = pose_distances([*clips, empty])
    assert (distances[4, :4] == distances.max()).all() and medoid([empty, *clips]) == 4


def test_in_pixels():
    skeleton = get_skeleton('infact17')
    flat = [Clip(keypoint=300 + 100 * raised(each).keypoint[..., :2] * (1, -1), skeleton=skeleton) for each in (90, 0, 20, 10)]
    assert medoid(flat) == 3 or medoid(flat) == 2
    assert medoid([flat[0], flat[1], flat[1], flat[1]]) == 1


def test_layouts_are_not_mixed():
    with pytest.raises(ValueError, match='got coco17 with 2 coordinates, infact17 with 3 coordinates'):
        pose_distances([arms_out(), Clip(keypoint=np.ones((1, 2, 17, 2)), skeleton=get_skeleton('coco17'))])
    with pytest.raises(ValueError, match='no clips to choose from'):
        medoid([])


def test_recordings_come_before_generated_clips():
    def annotation(degrees, source, **more):
        return dict(frame_dir=str(degrees), label=0, total_frames=8, keypoint=raised(degrees).keypoint, source=source, **more)

    clips = [annotation(20, 'synthetic'), annotation(0, 'real'), annotation(40, 'real'), annotation(22, 'real')]
    assert medoid_of_annotations(clips, 'infact17') == 3
    assert medoid_of_annotations([annotation(each, 'synthetic') for each in (0, 20, 40)], 'infact17') == 1
    other = dict(annotation(0, 'real'), skeleton='coco17', keypoint=np.ones((1, 8, 17, 2)))
    assert medoid_of_annotations([other, *clips], 'infact17') == 4
    with pytest.raises(ValueError, match='no clips'):
        medoid_of_annotations([], 'infact17')
