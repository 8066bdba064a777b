"""Take what a generator needs of the training set, such as a representation's statistics, before training."""

import logging
from functools import partial
from typing import Callable, Dict, Sequence

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from torch import nn

from mmagenc.datasets.nested import annotations_of, named_files
from mmagenc.registry import HOOKS


@HOOKS.register_module()
class RepresentationStatsHook(Hook):
    """Call ``representation.fit``, and then the generator's own ``fit``, on the whole clips of the training set.

    What a checkpoint brought stays. Every rank sees the same clips, so every rank gets the same statistics and start poses.
    Representations and generators that need nothing of the clips are left alone.
    """

    priority = 'HIGH'

    def before_train(self, runner) -> None:
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        dataset = runner.train_dataloader.dataset
        try:
            fit_to_clips(model, partial(annotations_of, dataset), runner.logger)
        except ValueError as error:
            raise ValueError(': '.join(filter(None, [named_files(dataset), str(error)]))) from error


def fit_to_clips(model: nn.Module, annotations: Callable[[], Sequence[Dict]], logger: logging.Logger) -> None:
    """Give a generator's representation, and then the generator, what they need of clips and do not have.

    Args:
        model: the generator.
        annotations: gives the clips.
        logger: is told what was fitted.
    """
    for part in (getattr(model, 'representation', None), model):
        if hasattr(part, 'fit') and not getattr(part, 'fitted', True):
            clips = annotations()
            part.fit(clips)
            logger.info(f'{type(part).__name__}: fitted to {len(clips)} training clips')
            problem = part.image_problem(clips) if hasattr(part, 'image_problem') and getattr(model, 'learns', True) else None
            if problem:
                logger.warning(problem)
