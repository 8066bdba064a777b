"""What every generator is.

B batch, T frames, J joints, C channels.
"""

from abc import abstractmethod
from typing import Dict, List, Optional, Union

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmagenc.registry import MODELS
from mmagenc.structures import Motion


class BaseGenerator(BaseModel):
    """Labels in, motion out."""

    def __init__(self, *, representation: Dict, num_classes: int, num_frames: int, test_cfg: Optional[Dict] = None) -> None:
        super().__init__(data_preprocessor=dict(type='mmagenc.MotionDataPreprocessor'))
        self.representation = representation if isinstance(representation, nn.Module) else MODELS.build(representation)
        self.num_classes, self.num_frames, self.test_cfg = num_classes, num_frames, dict(test_cfg or {})

    def forward(self, inputs: Dict[str, Tensor], data_samples: Optional[List] = None, mode: str = 'tensor'):
        """As MMEngine's models: ``mode`` is ``'loss'`` (dict of losses), ``'predict'`` (data samples) or ``'tensor'``."""
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        if mode == 'tensor':
            return self.representation.encode(inputs)
        raise ValueError(f"mode must be 'loss', 'predict' or 'tensor', got {mode!r}")

    @abstractmethod
    def loss(self, inputs, data_samples) -> Dict[str, Tensor]:
        """Weighted loss terms of a batch."""

    @abstractmethod
    def _generate(self, label: Tensor, length: Tensor, generator: Optional[torch.Generator], **sampling) -> Motion:
        """Clips of checked labels and lengths."""

    @torch.no_grad()
    def predict(self, inputs, data_samples) -> List:
        label = torch.tensor([int(sample.gt_label) for sample in data_samples])
        length = torch.tensor([sample.num_frames for sample in data_samples])
        repeats = self.test_cfg.get('num_repeats', 1)
        generator = torch.Generator().manual_seed(hash(tuple(label.tolist())) % 2**31)
        motions = [self.generate(label, length, generator=generator) for _ in range(repeats)]
        for i, sample in enumerate(data_samples):
            sample.pred_motion = Motion.cat([motion[i] for motion in motions])
        return data_samples

    @torch.no_grad()
    def generate(self, label, num_frames: Union[int, Tensor, None] = None, *, generator: Optional[torch.Generator] = None, batch_size: int = 64, **sampling) -> Motion:
        label = torch.as_tensor(label, dtype=torch.long).cpu()
        length = torch.as_tensor(self.num_frames if num_frames is None else num_frames).cpu().expand(len(label)).clone()
        was_training = self.training
        self.eval()
        try:
            return self._generate(label, length, generator, batch_size=batch_size, **sampling)
        finally:
            self.train(was_training)
