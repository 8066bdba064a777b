"""Begin a training with the weights of another: of other classes, and checked."""

from pathlib import Path
from typing import Dict

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop

from mmagenc.engine.held_out import unseen_clips
from mmagenc.engine.pretrained import init_from
from mmagenc.registry import HOOKS


@HOOKS.register_module()
class InitFromHook(Hook):
    """Let the model of a training, a recognizer or a generator, begin with a checkpoint (see :func:`~mmagenc.engine.pretrained.init_from`).

    ``default_hooks=dict(init=dict(type='mmagenc.InitFromHook', checkpoint='…'))`` in a config, also one of MMAction2. A training that is
    resumed goes on with its own weights, and a test has those that it loads. A checkpoint of ``mmagenc pretrain`` that has learnt from
    clips on which this training is validated or tested is refused.

    MMEngine's ``load_from`` would take what fits by name and shape and pass over the rest with a warning: a backbone in part, and the
    classifier of as many but other classes.

    Args:
        checkpoint: its path.

    Raises:
        FileNotFoundError: (when training begins) no such file.
        ValueError: (when training begins) ``load_from`` in the same config, or what :func:`init_from` refuses.
    """

    priority = 'VERY_HIGH'  # before a generator's representation is fitted to the clips, unless the checkpoint brings it

    def __init__(self, checkpoint: str) -> None:
        self.checkpoint = checkpoint
        self.resumed = False

    def before_run(self, runner) -> None:
        """Before a test or a resumed training nothing is asked for: the file may be gone by then."""
        if isinstance(runner._train_loop, BaseLoop) and not runner._resume and not Path(self.checkpoint).is_file():
            raise FileNotFoundError(f'InitFromHook: checkpoint {self.checkpoint}: no such file')

    def after_load_checkpoint(self, runner, checkpoint: Dict) -> None:
        self.resumed = bool(runner._resume)

    def before_train(self, runner) -> None:
        if self.resumed:
            return
        if runner._load_from and not runner._resume:
            raise ValueError(f'load_from={runner._load_from} and InitFromHook(checkpoint={self.checkpoint}) both say what the training '
                             'begins with: leave one of them out')
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        dataset = runner.train_dataloader.dataset
        beginning = init_from(model, self.checkpoint, metainfo=getattr(dataset, 'metainfo', None), unseen=lambda: unseen_clips(runner))
        runner.logger.info(f'{type(model).__name__} {beginning}')
