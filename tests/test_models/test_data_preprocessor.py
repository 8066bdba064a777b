"""Collated lists of clips to one batch."""

import pytest
import torch

from mmagenc.models import MotionDataPreprocessor


def test_short_clips_are_continued_by_their_last_frame():
    clips = dict(pose=[torch.randn(3, 24, 3), torch.randn(5, 24, 3)], transl=[torch.randn(3, 3), torch.randn(5, 3)])
    out = MotionDataPreprocessor()(dict(inputs=clips, data_samples=['a', 'b']))
    assert out['data_samples'] == ['a', 'b']
    assert out['inputs']['pose'].shape == (2, 5, 24, 3) and out['inputs']['transl'].shape == (2, 5, 3)
    assert torch.equal(out['inputs']['pose'][0, :3], clips['pose'][0])
    assert torch.equal(out['inputs']['pose'][0, 3:], clips['pose'][0][-1].expand(2, -1, -1))
    assert torch.equal(out['inputs']['transl'][1], clips['transl'][1])


def test_clips_with_different_inputs_are_refused():
    with pytest.raises(ValueError, match="'transl': 1"):
        MotionDataPreprocessor()(dict(inputs=dict(pose=[torch.zeros(2, 24, 3)] * 2, transl=[torch.zeros(2, 3)]), data_samples=[]))
