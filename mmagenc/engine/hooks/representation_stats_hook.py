"""Take what a generator needs of the training set, such as a representation's statistics, before training."""

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper

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
        for part in (getattr(model, 'representation', None), model):
            if hasattr(part, 'fit') and not part.fitted:
                annotations = runner.train_dataloader.dataset.annotations()
                part.fit(annotations)
                runner.logger.info(f'{type(part).__name__}: fitted to {len(annotations)} training clips')
