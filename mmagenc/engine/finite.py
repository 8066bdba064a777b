"""Whether a training is still one: its losses are numbers, its weights too.

B clips of a batch.
"""

import math
from typing import Dict, List, Mapping, Optional, Sequence

import torch
from torch import Tensor

MOST_NAMES = 8


class NonFiniteLossError(RuntimeError):
    """A loss is NaN or infinite, or weights are NaN; the message names step, terms and clips."""


def not_finite(terms: Mapping) -> Dict[str, float]:
    """Those losses (terms with ``loss`` in their names, as MMEngine has it) that are NaN or infinite; one look at the device."""
    losses = {name: value for name, value in terms.items() if 'loss' in name and isinstance(value, (Tensor, float))}
    if not losses:
        return {}
    device = next((value.device for value in losses.values() if isinstance(value, Tensor)), None)
    means = torch.stack([torch.as_tensor(value, device=device).detach().float().mean() for value in losses.values()])
    return {name: mean for name, mean in zip(losses, means.tolist()) if not math.isfinite(mean)}


def check_losses(terms: Mapping, *, where: str, clips: Sequence[str]) -> None:
    """Refuse to go on with losses that are not finite.

    Args:
        terms: name to loss, as ``train_step`` gives them.
        where: the step, in words.
        clips: names of the batch's clips, as far as they are known.

    Raises:
        NonFiniteLossError: naming all three.
    """
    found = not_finite(terms)
    if found:
        shown = ', '.join(clips[:MOST_NAMES]) + (f' and {len(clips) - MOST_NAMES} more' if len(clips) > MOST_NAMES else '')
        values = ', '.join(f'{name} is {value}' for name, value in found.items())
        raise NonFiniteLossError(
            f'{where}: {values}; the batch was {shown or "of clips without names"}. '
            'Training ends here, so that no good checkpoint is replaced: lower the learning rate, clip gradients, or look at these clips')


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
