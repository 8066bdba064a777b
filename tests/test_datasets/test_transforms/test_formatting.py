import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.dataset import pseudo_collate

from mmagenc.datasets.transforms import ConsecutiveSample, PackMotionInputs
from tests.test_datasets.clips import make_clip


def test_the_person_as_tensors():
    clip = make_clip('a', label=np.int64(2), transl=np.ones((1, 6, 3)), subject='D01', img_shape=(480, 640))
    packed = PackMotionInputs()(dict(clip, keypoint_score=np.ones((1, 6, 17))))
    inputs, sample = packed['inputs'], packed['data_samples']
    assert {key: (tuple(value.shape), value.dtype) for key, value in inputs.items()} == dict(
        pose=((6, 24, 3), torch.float32), transl=((6, 3), torch.float32), keypoint=((6, 17, 3), torch.float32),
        keypoint_score=((6, 17), torch.float32))
    assert np.array_equal(inputs['pose'].numpy(), clip['pose'][0])
    assert isinstance(sample, ActionDataSample) and sample.gt_label.tolist() == [2]
    assert (sample.num_frames, sample.frame_dir, sample.subject, sample.source) == (6, 'a', 'D01', 'real')
    assert sample.img_shape == (480, 640)


def test_several_persons_are_refused_unless_one_is_named():
    clip = make_clip('duo')
    clip = {**clip, 'keypoint': np.concatenate([clip['keypoint'], clip['keypoint'] + 1]),
            'pose': np.concatenate([clip['pose'], clip['pose'] + 1])}
    with pytest.raises(ValueError, match='duo has 2 persons.*person=0'):
        PackMotionInputs()(dict(clip))
    for person in (0, 1):
        assert np.array_equal(PackMotionInputs(person=person)(dict(clip))['inputs']['pose'].numpy(), clip['pose'][person])
    with pytest.raises(ValueError, match='has 2 persons'):
        PackMotionInputs(person=2)(dict(clip))
    with pytest.raises(ValueError, match='at least 0'):
        PackMotionInputs(person=-1)
    clip['keypoint'][0] = 0  # padding before the person who is there
    assert np.array_equal(PackMotionInputs()(clip)['inputs']['pose'].numpy(), clip['pose'][1])


def test_what_a_clip_lacks_is_left_out():
    clip = make_clip()
    del clip['pose']
    assert PackMotionInputs()(clip)['inputs'].keys() == {'keypoint'}


def test_valid_frames_of_short_clips_and_collation():
    samples = [PackMotionInputs()(ConsecutiveSample(5, padding='none')(make_clip(frames=frames))) for frames in (3, 9)]
    batch = pseudo_collate(samples)
    assert [sample.num_frames for sample in batch['data_samples']] == [3, 5]
    assert [len(clip) for clip in batch['inputs']['pose']] == [3, 5]


@pytest.mark.parametrize('previous', [[[1., 2., 1.], [3., 4., 0.]], None, 'clip a', [[1, 2], [3]]])
def test_the_pose_before_is_an_array_and_anything_else_stays(previous):
    """Samples are copied deeply: an array costs a fortieth of the rows of a list. Who uses it says what is wrong with another value."""
    packed = PackMotionInputs()(dict(make_clip(), previous=previous))['data_samples'].previous
    if isinstance(previous, list) and len(previous[0]) == 3:
        assert packed.dtype == np.float64 and packed.tolist() == previous
    else:
        assert packed == previous
