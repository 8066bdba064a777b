"""Random states come back exactly, through a safely loadable checkpoint."""

import io
import random
from types import SimpleNamespace

import numpy as np
import torch
from mmengine.logging import MMLogger

from mmagenc.engine.hooks import RandomStateHook
from mmagenc.engine.hooks.random_state_hook import get_random_state, set_random_state


def draw():
    return random.random(), np.random.normal(), np.random.randint(1 << 30), torch.randn(3).tolist()


def through_file(checkpoint):
    buffer = io.BytesIO()
    torch.save(checkpoint, buffer)
    buffer.seek(0)
    return torch.load(buffer, weights_only=True)


def test_state_is_restored_exactly():
    np.random.normal()  # leaves a cached Gaussian behind, which must come back too
    state = through_file(get_random_state())
    expected = draw()
    draw()
    set_random_state(state)
    assert draw() == expected


def runner(resume):
    return SimpleNamespace(train_loop=None, optim_wrapper=None, _resume=resume, logger=MMLogger.get_instance('test_random_state'))


def test_hook_resumes_where_the_epoch_ended():
    hook, checkpoint = RandomStateHook(), {}
    hook.after_train_epoch(runner(False))
    hook.before_save_checkpoint(runner(False), checkpoint)
    expected = draw()
    other = RandomStateHook()
    torch.manual_seed(99)
    other.after_load_checkpoint(runner(True), through_file(checkpoint))
    other.before_train_epoch(runner(True))
    assert draw() == expected


def test_loading_without_resuming_leaves_the_states_alone():
    hook, checkpoint = RandomStateHook(), {}
    hook.after_train_epoch(runner(False))
    hook.before_save_checkpoint(runner(False), checkpoint)
    torch.manual_seed(5)
    expected = torch.randn(2)
    torch.manual_seed(5)
    hook.after_load_checkpoint(runner(False), checkpoint)
    hook.before_train_epoch(runner(False))
    torch.testing.assert_close(torch.randn(2), expected)


def test_validation_leaves_the_states_as_they_were():
    """A resumed training does not validate again what was validated before it was interrupted."""
    hook = RandomStateHook()
    hook.after_val(runner(False))  # a validation that began before the hook was there
    state = get_random_state()
    hook.before_val(runner(False))
    draw()
    hook.after_val(runner(False))
    left = draw()
    set_random_state(state)
    assert draw() == left


def test_states_of_another_number_of_processes_are_passed_over():
    hook = RandomStateHook()
    hook.after_load_checkpoint(runner(True), dict(random_states=[get_random_state()] * 2))
    assert hook._pending is None
