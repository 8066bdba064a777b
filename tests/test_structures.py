import copy
import subprocess
import sys

import numpy as np
import pytest
import torch

from mmagenc.structures import Motion, MotionInfo, copied_clip, frames_in_words


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


INFO = MotionInfo(classes=['sit', 'crawl', 'roll'], skeleton='coco17', fps=30, up='y', source='synthetic')


@pytest.mark.parametrize('changed', [
    lambda full: full[1], lambda full: full[[2, 0]], lambda full: full.to('cpu'), lambda full: full.pad_to(6),
    lambda full: next(iter(full)), lambda full: Motion.cat([full, full[:1]])
])
def test_what_is_known_is_kept(changed):
    assert changed(motion(info=INFO)).info == INFO


def test_motions_that_say_different_things_are_not_joined():
    with pytest.raises(ValueError, match=r'cannot concatenate motions of fps 30 and 25: .*motion.with_info\(fps=…\)'):
        Motion.cat([motion(info=INFO), motion(info=MotionInfo(fps=25))])


def test_what_one_of_two_motions_does_not_say_is_not_known_of_both():
    both = Motion.cat([motion(info=INFO), motion(info=MotionInfo(fps=30, skeleton='coco17'))])
    assert both.info == MotionInfo(fps=30, skeleton='coco17')


def test_with_info_says_more():
    said = motion().with_info(classes=['a', 'b'], fps=25)
    assert said.info == MotionInfo(classes=('a', 'b'), fps=25) and said.class_names == ['a', 'b', 'class 2']
    assert said.with_info(fps=30).info.classes == ('a', 'b')
    with pytest.raises(ValueError, match='no info colour; it has classes, skeleton, fps, up, source'):
        motion().with_info(colour=1)


@pytest.mark.parametrize('wrong', [dict(fps=0), dict(fps=float('nan')), dict(up='x')])
def test_what_cannot_be_is_not_said(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        MotionInfo(**wrong)


@pytest.mark.parametrize('made, text', [
    (lambda: motion(info=INFO), 'Motion(3 clips of 3 classes, 4 frames at 30 fps, coco17 3-D, synthetic)'),
    (lambda: motion(info=INFO)[1], 'Motion(1 clip of crawl, 4 frames at 30 fps, coco17 3-D, synthetic)'),
    (lambda: motion(), 'Motion(3 clips of 3 classes, 4 frames, 2 keypoints 3-D)'),
    (lambda: motion(pose=torch.zeros(3, 4, 24, 3))[:1], 'Motion(1 clip of class 0, 4 frames, 2 keypoints 3-D with rotations)'),
    (lambda: motion()[:0], 'Motion(no clips, 2 keypoints 3-D)'),
    (lambda: Motion(torch.zeros(2, 4, 1, 2), torch.zeros(2, dtype=torch.long), torch.tensor([2, 4])),
     'Motion(2 clips of class 0, 2 to 4 frames, 1 keypoint 2-D)'),
])
def test_a_motion_says_what_it_is_in_one_line(made, text):
    assert repr(made()) == text


def test_iterating_gives_motions_of_one_clip():
    full = motion(latent=torch.rand(3, 8))
    clips = list(full)
    assert [clip.label.tolist() for clip in clips] == [[0], [1], [2]] and torch.equal(clips[2].latent, full.latent[2:])


def test_the_module_lies_at_the_bottom():
    """What draws and writes is imported where it is used."""
    code = "import sys, mmagenc.structures; print([name for name in sys.modules if name.startswith('mmagenc.')])"
    found = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True).stdout
    assert not any(f'mmagenc.{package}' in found for package in ('datasets', 'models', 'visualization', 'engine', 'apis'))


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


def test_frames_in_words():
    assert [frames_in_words(lengths) for lengths in ([29, 17, 32, 32], [32, 32], [1])] == ['17 to 32 frames', '32 frames', '1 frame']
