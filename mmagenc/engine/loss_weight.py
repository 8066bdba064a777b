"""Generated clips count less than recordings, or more: separate means of their losses, for any head of MMAction2.

B clips of a batch, K classes.
"""

from typing import Any, Callable, Dict, Sequence

import torch
from torch import Tensor, nn

from mmagenc.engine.contract import ContractError


class SeparateMeans:
    """Stands in the place of a head's ``loss_by_feat``, and asks that twice: for the recordings of a batch and for its generated clips.

    Each loss becomes ``(L_recordings + w · L_generated) / (1 + w)``, means over clips of one kind; so the size of the loss, and with it the
    learning rate, mean what they did, and ``w = 1`` on equal numbers of both is the usual mean. Accuracies are those over all clips. In a
    batch of one kind its own mean is the loss.

    The heads of MMAction2 (``BaseHead.loss``) and InfoGCN's compute the loss of class scores there; what a head adds to it of its own, as
    InfoGCN the terms of its latents, stays as it is, over all clips.

    Args:
        head: of a recognizer; its ``loss_by_feat`` is replaced.
        weight: w, of generated clips.

    Raises:
        ContractError: a head without ``loss_by_feat``, or a loss that cannot be taken apart by clips.
    """

    def __init__(self, head: nn.Module, weight: float) -> None:
        if not callable(getattr(head, 'loss_by_feat', None)):
            raise ContractError(f'loss_weight={weight}: {type(head).__name__} has no loss_by_feat, in which the losses of recordings '
                                'and of generated clips could be told apart; leave loss_weight out')
        self.weight, self.calls, self.name = weight, 0, type(head).__name__
        self._start: Callable = head.loss_by_feat
        head.loss_by_feat = self

    def __call__(self, cls_scores: Tensor, data_samples: Sequence, *args, **kwargs) -> Dict[str, Tensor]:
        """The losses and accuracies of scores ``(B, K)``."""
        self.calls += 1
        if not isinstance(cls_scores, Tensor) or len(cls_scores) != len(data_samples):
            found = f'{len(cls_scores)} rows' if isinstance(cls_scores, Tensor) else f'a {type(cls_scores).__name__}'
            raise ContractError(f'loss_weight={self.weight}: {self.name} gives {found} of scores for {len(data_samples)} clips, so that '
                                'those of generated clips cannot be told apart; take one window of each clip, or leave loss_weight out')
        generated = [is_generated(sample) for sample in data_samples]
        if len(set(generated)) < 2:
            return self._start(cls_scores, data_samples, *args, **kwargs)
        parts = [self._part(cls_scores, data_samples, [index for index, made in enumerate(generated) if made == kind], args, kwargs)
                 for kind in (False, True)]
        share = sum(generated) / len(generated)
        return {name: self._joined(name, parts, share) for name in parts[0]}

    def _part(self, cls_scores: Tensor, data_samples: Sequence, rows: Sequence[int], args, kwargs) -> Dict[str, Tensor]:
        index = torch.tensor(rows, device=cls_scores.device)
        return self._start(cls_scores[index], [data_samples[row] for row in rows], *args, **kwargs)

    def _joined(self, name: str, parts: Sequence[Dict[str, Any]], share: float):
        """A loss by the weight, anything else by the number of clips."""
        first, second = (part.get(name) for part in parts)
        if not isinstance(first, Tensor) or not isinstance(second, Tensor):
            raise ContractError(f'loss_weight={self.weight}: {self.name} gives no number for {name}; leave loss_weight out')
        weight = self.weight / (1 + self.weight) if 'loss' in name else share
        return first * (1 - weight) + second * weight


def is_generated(sample: Any) -> bool:
    """Whether a data sample's clip is a generated one, by its metainfo ``source``; clips that do not say it are recordings."""
    return sample.metainfo.get('source', 'real') != 'real'
