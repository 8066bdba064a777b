import copy

import numpy as np
import pytest
import torch

from mmagenc.structures import Motion, copied_clip


def motion(clips=3, frames=4, **fields):
    keypoint = torch.arange(clips * frames * 6, dtype=torch.float32).reshape(clips, frames, 2, 3)
    return Motion(keypoint, torch.arange(clips), torch.full((clips, ), frames), **fields)


def test_fields_must_agree_with_keypoint():
    with pytest.raises(ValueError, match=r'keypoint must be \(N, T, V, C\)'):
        Motion(torch.zeros(2, 3, 4), torch.zeros(2), torch.zeros(2))
    with pytest.raises(ValueError, match=r'pose must start with sizes \(3, 4\)'):
        motion(pose=torch.zeros(3, 5, 24, 3))
    with pytest.raises(ValueError, match='label'):
        Motion(torch.zeros(2, 3, 4, 3), torch.zeros(3), torch.zeros(2))


@pytest.mark.parametrize('index, expected', [
    (1, [1]), (-1, [2]), (np.int64(2), [2]), (slice(1, None), [1, 2]), ([2, 0], [2, 0]), (np.array([0, 2]), [0, 2]),
    (torch.tensor([True, False, True]), [0, 2]), (np.array([False, True, False]), [1]),
])
def test_selection_takes_every_field_alike(index, expected):
    full = motion(pose=torch.rand(3, 4, 24, 3), latent=torch.rand(3, 8))
    part = full[index]
    assert part.label.tolist() == expected
    assert torch.equal(part.keypoint, full.keypoint[expected])
    assert torch.equal(part.pose, full.pose[expected])
    assert torch.equal(part.latent, full.latent[expected])
    assert part.transl is None


def test_selection_out_of_range():
    with pytest.raises(IndexError, match='clip 3 of 3'):
        motion()[3]


def test_cat_is_the_inverse_of_selection():
    full = motion(pose=torch.rand(3, 4, 24, 3))
    again = Motion.cat([full[0], full[1:]])
    assert torch.equal(again.keypoint, full.keypoint) and torch.equal(again.pose, full.pose) and len(again) == 3


@pytest.mark.parametrize('other', [motion(pose=torch.zeros(3, 4, 24, 3)), motion(frames=5)])
def test_cat_refuses_what_does_not_go_together(other):
    with pytest.raises(ValueError, match='cannot concatenate motions'):
        Motion.cat([motion(), other])
    with pytest.raises(ValueError, match='cannot concatenate motions'):
        Motion.cat([other, motion()])
    with pytest.raises(ValueError, match='no motions'):
        Motion.cat([])


def test_pad_to_repeats_the_last_frame_and_keeps_length():
    short = motion(transl=torch.rand(3, 4, 3))
    longer = short.pad_to(6)
    assert longer.keypoint.shape == (3, 6, 2, 3) and longer.transl.shape == (3, 6, 3)
    assert torch.equal(longer.keypoint[:, 5], short.keypoint[:, 3]) and torch.equal(longer.transl[:, 4], short.transl[:, 3])
    assert longer.length.tolist() == [4, 4, 4]
    assert short.pad_to(2) is short


def test_moving_keeps_fields():
    assert motion().cpu().transl is None
    assert motion().to('cpu').label.dtype == torch.int64


def test_a_copied_clip_is_a_deep_copy():
    class Tagged(np.ndarray):
        pass

    clip = dict(frame_dir='a', label=np.int64(3), total_frames=2, score=None, img_shape=(4, 5), keypoint=np.arange(24.).reshape(1, 2, 4, 3),
                boxes=[[1, 2]], extra=dict(tags=['x'], poses=[[[1., None], (2, [3])]]),
                objects=np.array([[1], {}], dtype=object), tagged=np.zeros(3).view(Tagged),
                record=np.zeros(1, dtype=[('x', int)])[0], swapped=np.arange(6.).reshape(2, 3).T)
    copied, deep = copied_clip(clip), copy.deepcopy(clip)
    assert list(copied) == list(deep) and [type(value) for value in copied.values()] == [type(value) for value in deep.values()]
    copied['keypoint'][:] = copied['record']['x'] = copied['tagged'][:] = copied['swapped'][:] = 7
    copied['boxes'][0].append(7)
    copied['extra']['tags'].append('y')
    copied['extra']['poses'][0][1][1].append(4)
    copied['objects'][0].append(7)
    for key in clip:
        np.testing.assert_array_equal(clip[key], deep[key], err_msg=key)


def test_a_clip_of_names_numbers_and_lists_of_them_needs_no_deepcopy(monkeypatch):
    """It is what a window of Penn Action is made of, and deepcopy of its lists was half of loading it."""
    monkeypatch.setattr(copy, 'deepcopy', None)
    clip = dict(frame_dir='a', crop=[1, 2, 3, 4], previous=[[1., 2., 0.]] * 13, box=[[1, 2]], extra=dict(tags=['x', None]), gap=np.int64(2))
    assert copied_clip(clip) == clip and copied_clip(clip)['previous'][0] is not clip['previous'][0]
