"""End a training whose loss has become NaN, before it is saved over good weights."""

from typing import Dict

from mmengine.hooks import Hook

from mmagenc.engine.finite import check_losses, check_weights, clip_names
from mmagenc.registry import HOOKS


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Raise :class:`~mmagenc.engine.finite.NonFiniteLossError` after a step whose loss is NaN or infinite, or before NaN is saved.

    :mod:`mmagenc.compat` gives it to every training in the package's scope; ``default_hooks=dict(finite_loss=None)`` goes without. It runs
    before the hooks that log, judge and save.
    """

    priority = 'VERY_HIGH'

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        where = f'epoch {runner.epoch + 1}, step {runner.iter + 1}'
        check_losses(outputs or {}, where=where, clips=clip_names(data_batch))

    def before_save_checkpoint(self, runner, checkpoint: Dict) -> None:
        check_weights(checkpoint.get('state_dict', {}), where=f'epoch {runner.epoch + 1}, step {runner.iter}')
