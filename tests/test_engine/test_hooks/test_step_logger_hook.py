"""When a line is written, counted by hand."""

from types import SimpleNamespace

import pytest

from mmagenc.engine.hooks import StepLoggerHook


def steps_logged(length, epochs, interval, begin=0):
    """After which steps a line is written, of a training of so many epochs, resumed after ``begin``."""
    lines, names = [], []
    runner = SimpleNamespace(
        train_dataloader=range(length), max_epochs=epochs, experiment_name='name', log_dir='', work_dir='',
        logger=SimpleNamespace(info=lambda text: (names if text.startswith('Exp name') else lines).append(runner.iter + 1)),
        log_processor=SimpleNamespace(by_epoch=True, get_log_after_iter=lambda *_: ({}, 'a line')),
        visualizer=SimpleNamespace(add_scalars=lambda tag, step, file_path: None))
    hook = StepLoggerHook(interval=interval, ignore_last=False)
    hook.json_log_path = 'scalars.json'
    for runner.epoch in range(begin, epochs):
        for batch_idx in range(length):
            runner.iter = runner.epoch * length + batch_idx
            hook.after_train_iter(runner, batch_idx)
    return lines, names


@pytest.mark.parametrize('length, epochs, interval, lines', [
    (2, 30, 20, [2, 20, 40, 60]),
    (7, 9, 20, [7, 21, 42, 63]),
    (7, 5, 20, [7, 21, 35]),  # the last epoch too
    (1, 3, 20, [1, 3]),
    (25, 2, 20, [20, 25, 45, 50]),  # as MMEngine's
    (20, 2, 20, [20, 40]),
])
def test_lines_come_by_steps_however_short_the_epochs_are(length, epochs, interval, lines):
    assert steps_logged(length, epochs, interval)[0] == lines


def test_a_resumed_training_goes_on_at_the_same_steps():
    assert steps_logged(2, 30, 20, begin=15)[0] == [40, 60]


def test_the_name_of_the_experiment_comes_every_thousand_steps():
    assert steps_logged(2, 1100, 20)[1] == [1000, 2000]
