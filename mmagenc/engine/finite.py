"""Whether a training is still one: its losses are numbers, its weights too.

B clips of a batch.
"""

import math
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

import torch
from torch import Tensor

MOST_NAMES = 8


class NonFiniteLossError(RuntimeError):
    """A loss is NaN or infinite, or weights are NaN; the message names step, terms and clips."""


def loss_means(terms: Mapping) -> Tuple[List[str], Tensor]:
    """Names and means of the losses (terms with ``loss`` in their names, as MMEngine has it), on their device and not looked at yet."""
    losses = {name: value for name, value in terms.items() if 'loss' in name and isinstance(value, (Tensor, float))}
    if not losses:
        return [], torch.zeros(0)
    device = next((value.device for value in losses.values() if isinstance(value, Tensor)), None)
    return list(losses), torch.stack([torch.as_tensor(value, device=device).detach().float().mean() for value in losses.values()])


def not_finite(terms: Mapping) -> Dict[str, float]:
    """Those losses that are NaN or infinite; one look at the device."""
    names, means = loss_means(terms)
    return {name: mean for name, mean in zip(names, means.tolist()) if not math.isfinite(mean)}


def check_losses(terms: Mapping, *, where: str, clips: Sequence[str]) -> None:
    """Refuse to go on with losses that are not finite.

    Args:
        terms: name to loss, as ``train_step`` gives them.
        where: the step, in words.
        clips: names of the batch's clips, as far as they are known.

    Raises:
        NonFiniteLossError: naming all three.
    """
    _refuse(not_finite(terms), where, clips)


def _refuse(found: Mapping[str, float], where: str, clips: Sequence[str]) -> None:
    if found:
        shown = ', '.join(clips[:MOST_NAMES]) + (f' and {len(clips) - MOST_NAMES} more' if len(clips) > MOST_NAMES else '')
        values = ', '.join(f'{name} is {value}' for name, value in found.items())
        raise NonFiniteLossError(
            f'{where}: {values}; the batch was {shown or "of clips without names"}. '
            'Training ends here, so that no good checkpoint is replaced: lower the learning rate, clip gradients, or look at these clips')


class LossLedger:
    """Losses of steps that are looked at some steps later, together: each look waits for the device to finish what it was given.

    Args:
        where: what is trained, in words.
        every: steps between looks.
    """

    def __init__(self, where: str, every: int = 16) -> None:
        self.where, self.every = where, every
        self._waiting: List[Tuple[List[str], Tensor, Sequence[str]]] = []
        self._seen: List[float] = []

    def add(self, terms: Mapping, clips: Sequence[str]) -> None:
        """Note a step's terms, ``loss`` among them, and the names of its clips.

        Raises:
            NonFiniteLossError: a loss of this step or of one before it is NaN or infinite; the first such step is named.
        """
        self._waiting.append((*loss_means(terms), clips))
        if len(self._waiting) == self.every:
            self._look()

    def losses(self) -> List[float]:
        """The ``loss`` of each step; raises as :meth:`add`."""
        self._look()
        return list(self._seen)

    def _look(self) -> None:
        waiting, self._waiting = self._waiting, []
        values = iter(torch.cat([means for _, means, _ in waiting]).tolist() if waiting else [])
        for names, _, clips in waiting:
            terms = {name: next(values) for name in names}
            _refuse({name: value for name, value in terms.items() if not math.isfinite(value)}, self.where, clips)
            self._seen.append(terms['loss'])


def clip_names(data_batch) -> List[str]:
    """Names of a batch's clips: ``frame_dir`` of its data samples, as far as the pipeline kept it."""
    samples = data_batch.get('data_samples') or [] if isinstance(data_batch, dict) else []
    found = [getattr(sample, 'metainfo', {}).get('frame_dir') for sample in samples]
    return [str(name) for name in found if name is not None]


def check_weights(weights: Mapping[str, Tensor], *, where: str) -> None:
    """Refuse to save weights that are NaN.

    Raises:
        NonFiniteLossError: naming the first of them and their number.
    """
    broken: List[str] = [name for name, value in weights.items() if _has_nan(value)]
    if broken:
        raise NonFiniteLossError(f'{where}: {len(broken)} of {len(weights)} weights hold NaN, such as {broken[0]}; they are not saved. '
                                 'Lower the learning rate or clip the gradients, and go on from the last checkpoint with --resume')


def _has_nan(value: Optional[Tensor]) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point() and bool(value.isnan().any())
