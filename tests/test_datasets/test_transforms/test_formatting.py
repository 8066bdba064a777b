import numpy as np
import torch
from mmaction.structures import ActionDataSample
from mmengine.dataset import pseudo_collate

from mmagenc.datasets.transforms import ConsecutiveSample, PackMotionInputs
from tests.test_datasets.clips import make_clip


def test_person_0_as_tensors():
    clip = make_clip('a', label=np.int64(2), transl=np.ones((1, 6, 3)), subject='D01')
    clip['pose'] = np.concatenate([clip['pose'], clip['pose'] + 1])
    packed = PackMotionInputs()(dict(clip, keypoint_score=np.ones((1, 6, 17))))
    inputs, sample = packed['inputs'], packed['data_samples']
    assert {key: (tuple(value.shape), value.dtype) for key, value in inputs.items()} == dict(
        pose=((6, 24, 3), torch.float32), transl=((6, 3), torch.float32), keypoint=((6, 17, 3), torch.float32))
    assert np.array_equal(inputs['pose'].numpy(), clip['pose'][0])
    assert isinstance(sample, ActionDataSample) and sample.gt_label.tolist() == [2]
    assert (sample.num_frames, sample.frame_dir, sample.subject, sample.source) == (6, 'a', 'D01', 'real')


def test_what_a_clip_lacks_is_left_out():
    clip = make_clip()
    del clip['pose']
    assert PackMotionInputs()(clip)['inputs'].keys() == {'keypoint'}


def test_valid_frames_of_short_clips_and_collation():
    samples = [PackMotionInputs()(ConsecutiveSample(5, padding='none')(make_clip(frames=frames))) for frames in (3, 9)]
    batch = pseudo_collate(samples)
    assert [sample.num_frames for sample in batch['data_samples']] == [3, 5]
    assert [len(clip) for clip in batch['inputs']['pose']] == [3, 5]
