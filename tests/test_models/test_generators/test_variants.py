"""Clips as generators take them to make variants of."""

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope

from mmagenc.models import TransformerCVAE
from mmagenc.models.generators.variants import batched_inputs, sources_of, windows_of
from tests.styles import recordings


def test_parts_of_longer_clips_only():
    clips = recordings()
    parts = windows_of(clips, 16, torch.Generator().manual_seed(0))
    assert [part['total_frames'] for part in parts] == [14, 16, 16] * 2
    for clip, part in zip(clips, parts):
        starts = [start for start in range(clip['total_frames'] - part['total_frames'] + 1)
                  if np.array_equal(clip['keypoint'][:, start:start + part['total_frames']], part['keypoint'])]
        assert len(starts) == 1
        for key in ('pose', 'transl'):
            np.testing.assert_array_equal(part[key], clip[key][:, starts[0]:starts[0] + part['total_frames']])
    assert windows_of(clips, None, None)[2]['keypoint'] is clips[2]['keypoint']


def test_batches_repeat_the_last_frame_and_take_who_is_there():
    clips = recordings()[:2]
    absent = np.zeros_like(clips[1]['keypoint'])
    clips[1] = {key: value for key, value in clips[1].items() if key != 'transl'}
    clips[1].update(keypoint=np.concatenate((absent, clips[1]['keypoint'])), pose=np.repeat(clips[1]['pose'], 2, axis=0))
    inputs = batched_inputs(clips, torch.device('cpu'))
    assert set(inputs) == {'keypoint', 'pose'} and inputs['keypoint'].shape == (2, 16, 24, 3)
    np.testing.assert_array_equal(inputs['keypoint'][1], clips[1]['keypoint'][1])
    assert torch.equal(inputs['pose'][0, 14:], inputs['pose'][0, 13:14].expand(2, -1, -1))


def test_variants_are_in_the_image_of_their_recording():
    """The CVAE's reconstruction has the usual size and place, in the image that its recording has."""
    rng = np.random.default_rng(0)
    body = np.stack([0.1 * rng.standard_normal(13), np.linspace(-0.2, 0.2, 13)], axis=1)
    shapes = [(480, 640), (480, 640), (960, 1280)]
    clips = [dict(frame_dir=f'c{row}', label=0, total_frames=8, img_shape=shape,
                  keypoint=np.float32((0.5 + body + 0.01 * rng.standard_normal((1, 8, 13, 2))) * np.array(shape[::-1])))
             for row, shape in enumerate(shapes)]
    init_default_scope('mmagenc')
    torch.manual_seed(0)
    model = TransformerCVAE(representation=dict(type='KeypointRepresentation', skeleton='penn13', num_dims=2, unit='body'), num_classes=1,
                            latent_dim=8, num_layers=1, num_heads=2, ff_dim=8)
    model.representation.fit(clips)
    motion = model.vary([clips[2], clips[0]], 0., generator=torch.Generator().manual_seed(0))
    small = model.vary([dict(clips[2], img_shape=(480, 640)), clips[0]], 0., generator=torch.Generator().manual_seed(0))
    assert motion.img_shape.tolist() == [[960, 1280], [480, 640]]
    torch.testing.assert_close(motion.keypoint[0], small.keypoint[0] * 2, atol=1e-2, rtol=0)
    assert torch.equal(motion.keypoint[1], small.keypoint[1])


def test_sources_are_any_of_their_class():
    known = [0, 1, 0, 1, 1]
    rows = sources_of([0, 1] * 300, known, torch.Generator().manual_seed(0))
    assert all(known[row] == place % 2 for place, row in enumerate(rows)) and set(rows) == {0, 1, 2, 3, 4}
    assert rows == sources_of([0, 1] * 300, known, torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match='no clips of class 2, 3 to vary'):
        sources_of([0, 3, 2], known, torch.Generator())
