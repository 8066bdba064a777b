"""What a generator of somebody's own may give: what it was asked for."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from mmagenc.models.generators import BaseGenerator
from mmagenc.structures import Motion


class OwnGenerator(BaseGenerator):
    """Clips at rest, changed by ``change`` before they are given."""

    def __init__(self, change=None, **settings):
        representation = dict(type='mmagenc.KeypointRepresentation', skeleton='coco17')
        super().__init__(representation=representation, num_classes=3, num_frames=8, **settings)
        self.scale, self.change = nn.Parameter(torch.ones(())), change

    def loss(self, x, label, length):
        return dict(loss=(self.scale * x).mean())

    def sample_latent(self, label, *, generator=None):
        return torch.randn(len(label), 2, generator=generator)

    def decode_latent(self, latent, label, length):
        keypoint = torch.zeros(len(label), int(length.max()), 17, 3) * self.scale
        motion = Motion(keypoint=keypoint, label=label, length=length)
        return motion if self.change is None else self.change(motion)


@pytest.mark.parametrize('change', [
    None, lambda motion: replace(motion, length=motion.length - 1), lambda motion: replace(motion, keypoint=motion.keypoint.double())],
    ids=['as asked', 'shorter', 'double'])
def test_what_was_asked_for_is_taken(change):
    motion = OwnGenerator(change).generate([2, 0, 1], 6, batch_size=2)
    assert motion.label.tolist() == [2, 0, 1] and motion.keypoint.shape[:3] == (3, 6, 17)


@pytest.mark.parametrize(('change', 'words'), [
    (lambda motion: None, 'asked for 2 clips and gives NoneType; it has to give a Motion'),
    (lambda motion: motion.keypoint, 'gives Tensor; it has to give a Motion'),
    (lambda motion: motion[:1], 'asked for 2 clips and gives 1'),
    (lambda motion: Motion.cat([motion, motion]), 'asked for 2 clips and gives 4'),
    (lambda motion: motion[[1, 0]], 'asked for 2 clips of classes 2, 0 and gives 0, 2: clips keep order'),
    (lambda motion: replace(motion, label=motion.label + 5), 'of classes 2, 0 and gives 7, 5'),
    (lambda motion: replace(motion, keypoint=motion.keypoint[:, :, :16]), 'of coco17, which has 17 keypoints, and gives 16'),
    (lambda motion: replace(motion, keypoint=motion.keypoint.long()), 'keypoints that are torch.int64'),
    (lambda motion: replace(motion, length=motion.length * 0), 'of 6 frames and gives 6 frames, of which 0 count'),
    (lambda motion: replace(motion, length=motion.length + 1), 'of 6 frames and gives 6 frames, of which 7 count'),
    (lambda motion: replace(motion, keypoint=motion.keypoint[:, :4]), 'of 6 frames and gives 4 frames, of which 6 count'),
])
def test_what_was_not_asked_for_is_refused(change, words):
    """Taken as it was, one clip less moved all others to the labels and recordings of their neighbours."""
    with pytest.raises(ValueError, match=rf'^OwnGenerator\.decode_latent was .*{words}'):
        OwnGenerator(change).generate([2, 0, 1], 6, batch_size=2)
