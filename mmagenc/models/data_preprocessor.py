"""Stack clips."""

from mmengine.model import BaseDataPreprocessor

import torch

from mmagenc.registry import MODELS


@MODELS.register_module()
class MotionDataPreprocessor(BaseDataPreprocessor):

    def forward(self, data, training: bool = False):
        data = self.cast_data(data)
        longest = max(len(clip) for clips in data['inputs'].values() for clip in clips)
        inputs = {key: torch.stack([_pad(clip, longest) for clip in clips]) for key, clips in data['inputs'].items()}
        return dict(inputs=inputs, data_samples=data['data_samples'])


def _pad(clip, length):
    return clip if len(clip) == length else torch.cat([clip, clip[-1:].expand(length - len(clip), *clip.shape[1:])])
