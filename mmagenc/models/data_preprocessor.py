"""From a collated list of clips to a batch on the model's device."""

from typing import Dict

import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from mmagenc.registry import MODELS


@MODELS.register_module()
class MotionDataPreprocessor(BaseDataPreprocessor):
    """Stack clips, the shorter ones continued by their last frame.

    ``{'inputs': {key: [(T_i, …)]}, 'data_samples': [...]}`` becomes ``{'inputs': {key: (B, T, …)}, 'data_samples': [...]}``, with T the
    longest clip of the batch; each data sample's ``num_frames`` says how many frames are valid.

    Raises:
        ValueError: clips of one batch that do not have the same inputs.
    """

    def forward(self, data: Dict, training: bool = False) -> Dict:
        clips = data['inputs']
        sizes = {key: len(values) for key, values in clips.items()}
        if len(set(sizes.values())) != 1:
            raise ValueError(f'clips of one batch must have the same inputs; found {sizes}')
        longest = max(len(clip) for clip in next(iter(clips.values())))
        stacked = {key: torch.stack([_pad(clip, longest) for clip in values]) for key, values in clips.items()}
        return dict(inputs=self.cast_data(stacked), data_samples=data['data_samples'])


def _pad(clip: Tensor, num_frames: int) -> Tensor:
    missing = num_frames - len(clip)
    return torch.cat((clip, clip[-1:].expand(missing, *clip.shape[1:]))) if missing else clip
