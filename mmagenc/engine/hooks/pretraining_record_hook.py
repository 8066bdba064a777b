"""Say in a checkpoint what it has learnt from, so that nobody tests on it."""

from typing import Dict

from mmengine.hooks import Hook

from mmagenc.engine.pretrained import RECORD
from mmagenc.registry import HOOKS


@HOOKS.register_module()
class PretrainingRecordHook(Hook):
    """Write the names of the training clips into every checkpoint: ``pretraining``, a dict of ``task`` and ``clips``.

    What begins with the checkpoint (:class:`InitFromHook`, a loop's ``recognizer.init``) is refused if it tests on one of them.

    Args:
        task: what is learnt: ``'classes'``, ``'masked motion'`` or ``'generation'``.
    """

    priority = 'NORMAL'

    def __init__(self, task: str) -> None:
        self.task = task

    def before_save_checkpoint(self, runner, checkpoint: Dict) -> None:
        checkpoint[RECORD] = dict(task=self.task, clips=sorted(runner.train_dataloader.dataset.annotations().values('frame_dir')))
