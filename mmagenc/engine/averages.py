"""Averaged weights of a model that is being trained, where clips are made of it."""

from contextlib import contextmanager
from typing import Iterator

from mmengine.hooks import EMAHook


@contextmanager
def averaged_weights(runner) -> Iterator[None]:
    """Give the runner's model the weights that MMEngine's ``EMAHook`` averages, which its checkpoints have too; without it nothing changes.

    Args:
        runner: in training.
    """
    hooks = [hook for hook in runner.hooks if isinstance(hook, EMAHook)]
    for hook in hooks:
        hook.before_val_epoch(runner)
    try:
        yield
    finally:
        for hook in reversed(hooks):
            hook.after_val_epoch(runner)
