"""Fit a representation's normalization statistics to the training set before training."""

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper

from mmagenc.registry import HOOKS


@HOOKS.register_module()
class RepresentationStatsHook(Hook):
    """Call the generator's ``representation.fit`` on the whole clips of the training set, unless a checkpoint brought statistics.

    Every rank sees the same clips, so every rank gets the same statistics. Representations without statistics are left alone.
    """

    priority = 'HIGH'

    def before_train(self, runner) -> None:
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        representation = getattr(model, 'representation', None)
        if not hasattr(representation, 'fit') or representation.fitted:
            return
        annotations = runner.train_dataloader.dataset.annotations()
        representation.fit(annotations)
        runner.logger.info(f'{type(representation).__name__}: statistics of {len(annotations)} training clips')
