"""Clips are made of averaged weights where a training averages them."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import EMAHook
from torch import nn

from mmagenc.engine.averages import averaged_weights


def trained(hooks):
    """A runner whose one weight was 1, then 3."""
    runner = SimpleNamespace(model=nn.Linear(1, 1, bias=False), hooks=hooks, iter=0, epoch=0)
    nn.init.ones_(runner.model.weight)
    for hook in hooks:
        hook.before_run(runner)
    for runner.iter, value in enumerate((1., 3.)):
        nn.init.constant_(runner.model.weight, value)
        for hook in hooks:
            hook.after_train_iter(runner, runner.iter)
    return runner


def test_averages_inside_the_own_weights_after():
    runner = trained([EMAHook(momentum=0.25)])
    with averaged_weights(runner):
        assert runner.model.weight.item() == pytest.approx(0.75 * 1 + 0.25 * 3)
    assert runner.model.weight.item() == 3
    with pytest.raises(KeyError), averaged_weights(runner):
        raise KeyError
    assert runner.model.weight.item() == 3


def test_nothing_to_average():
    runner = trained([])
    with averaged_weights(runner):
        assert torch.equal(runner.model.weight, torch.full((1, 1), 3.))
