"""The recognizer learns, repeats itself given the random state, and survives a round trip through a checkpoint."""

import io
import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mmagenc.draws import untouched_random_state
from mmagenc.engine import RecognizerTrainer
from mmagenc.engine.finite import NonFiniteLossError
from tests.test_models.test_recognizers.test_scoring import PIPELINE, clips, small_recognizer


def make_trainer(accumulate=1, **kwargs):
    torch.manual_seed(3)
    optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=3e-3), accumulative_counts=accumulate)
    return RecognizerTrainer(
        model=small_recognizer(), train_pipeline=PIPELINE, test_pipeline=PIPELINE, batch_size=15, optim_wrapper=optim_wrapper, **kwargs)


def test_fit_learns_separable_clips():
    trainer = make_trainer()
    history = trainer.fit(clips(30), epochs=12)
    assert len(history) == 12 and history[-1] < 0.5 * history[0]
    assert trainer.score(clips(30, seed=9)).accuracy > 0.9


def test_fit_ends_after_the_steps_it_may_take(monkeypatch):
    trainer, sizes = make_trainer(), []
    step = trainer._step
    monkeypatch.setattr(trainer, '_step', lambda batch: sizes.append(len(batch)) or step(batch))
    assert len(trainer.fit(clips(40), epochs=5, max_steps=4)) == 2
    assert sizes == [14, 13, 13, 14]  # no small batch at the end of an epoch
    sizes.clear()
    assert trainer.fit(clips(40), epochs=5, max_steps=0) == [] and not sizes
    trainer.fit(clips(40), epochs=1, max_steps=100)
    assert sizes == [14, 13, 13]


def test_a_loss_that_is_no_number_ends_the_pass_and_is_named(monkeypatch):
    """The weights are as bad after the pass as after the step; what was the first bad batch is told."""
    trainer, named = make_trainer(), []
    step = trainer._step

    def broken(batch):
        named.append(batch[0][0]['frame_dir'])
        logs = step(batch)
        return dict(logs, loss=logs['loss'] * float('nan')) if len(named) > 1 else logs

    monkeypatch.setattr(trainer, '_step', broken)
    with pytest.raises(NonFiniteLossError, match='the recognizer beside the generator: loss is nan') as error:
        trainer.fit(clips(40), epochs=5)
    assert f'the batch was {named[1]},' in str(error.value) and trainer.passes == 0


@pytest.mark.parametrize('asked', [False, True])
def test_fit_may_end_with_its_best_pass(monkeypatch, asked):
    """The first of the passes that name most clips rightly, whatever came after; without being asked, the last."""
    trainer, weights, accuracies = make_trainer(), [], iter([0.5, 0.8, 0.8, 0.7])

    def remember(*_):
        weights.append({key: value.clone() for key, value in trainer.model.state_dict().items()})

    monkeypatch.setattr(trainer, 'score', lambda clips: SimpleNamespace(accuracy=next(accuracies)))
    trainer.fit(clips(20), epochs=4, best_on=clips(4) if asked else None, progress=remember)
    kept = trainer.model.state_dict()
    same = [all(torch.equal(value, kept[key]) for key, value in each.items()) for each in weights]
    assert same == [False, asked, False, not asked]


def test_an_optimizer_that_forgets_begins_anew():
    trainer = make_trainer()
    trainer.fit(clips(20), epochs=1)
    rates = [group['lr'] for group in trainer.optim_wrapper.optimizer.param_groups]
    trainer.forget_optimizer()
    assert not trainer.optim_wrapper.optimizer.state and rates == [3e-3]
    trainer.fit(clips(20), epochs=1)


def test_same_random_state_gives_the_same_weights():
    states = []
    for _ in range(2):
        trainer = make_trainer()
        torch.manual_seed(7)
        trainer.fit(clips(20), epochs=1)
        states.append(trainer.model.state_dict())
    for name, value in states[0].items():
        torch.testing.assert_close(value, states[1][name], rtol=0, atol=0)


def test_order_and_windows_depend_on_seed_and_pass_only():
    """Not on what else has drawn, nor on where the passes were interrupted; what others draw next does not depend on them."""
    drawn, weights = [], []
    pack = make_trainer().train_pipeline
    for state, passes in ((7, (2, )), (8, (1, 1))):
        saved = make_trainer().state_dict()
        random.seed(state), np.random.seed(state), torch.manual_seed(state)
        for epochs in passes:
            with untouched_random_state():
                trainer = make_trainer()
            trainer.load_state_dict(saved)
            trainer.train_pipeline = lambda clip: drawn.append((clip['frame_dir'], np.random.random(), random.random())) or pack(clip)
            trainer.fit(clips(20), epochs=epochs, seed=3)
            saved = trainer.state_dict()
        assert (random.random(), np.random.random(), torch.rand(()).item()) == first_draws_of(state)
        weights.append(saved['state_dict'])
    first, second = drawn[:40], drawn[40:]
    assert first == second and len(set(first)) == 40 and len({windows for _, *both in first for windows in both}) == 80
    assert [name for name, *_ in first[:20]] != [name for name, *_ in first[20:]]
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())


def first_draws_of(state):
    random.seed(state), np.random.seed(state), torch.manual_seed(state)
    return random.random(), np.random.random(), torch.rand(()).item()


@pytest.mark.parametrize(('epochs', 'limit', 'updates'), [(2, None, 2), (5, 3, 1), (1, None, 1)])
def test_accumulated_gradients_end_with_the_fit(monkeypatch, epochs, limit, updates):
    """40 clips are three batches a pass, gathered by four: what is left at the end is an update too, and the next fit begins anew."""
    trainer, steps = make_trainer(accumulate=4), []
    step = trainer.optim_wrapper.optimizer.step
    monkeypatch.setattr(trainer.optim_wrapper.optimizer, 'step', lambda *args: steps.append(trainer.optim_wrapper.inner_count) or step())
    for _ in range(2):
        steps.clear()
        trainer.fit(clips(40), epochs=epochs, max_steps=limit)
        assert len(steps) == updates and steps[-1] == min(3 * epochs, limit or 3 * epochs)
        assert all(parameter.grad is None for parameter in trainer.model.parameters())


@pytest.mark.parametrize('accumulate', [1, 3])
def test_state_goes_through_a_safe_checkpoint_and_training_continues_exactly(accumulate):
    trainer = make_trainer(accumulate)
    trainer.fit(clips(20), epochs=1)
    buffer = io.BytesIO()
    torch.save(trainer.state_dict(), buffer)
    buffer.seek(0)
    other = make_trainer(accumulate)
    other.load_state_dict(torch.load(buffer, weights_only=True))
    for each in (trainer, other):
        torch.manual_seed(1)
        each.fit(clips(20), epochs=1)
    np.testing.assert_array_equal(trainer.score(clips()).feature, other.score(clips()).feature)


def test_starts_from_a_checkpoint_file(tmp_path):
    trainer = make_trainer()
    torch.save(dict(state_dict=trainer.model.state_dict()), tmp_path / 'recognizer.pth')
    other = make_trainer(checkpoint=str(tmp_path / 'recognizer.pth'))
    np.testing.assert_array_equal(trainer.score(clips()).feature, other.score(clips()).feature)


def test_a_checkpoint_of_another_model_is_refused(tmp_path):
    torch.save(dict(state_dict=small_recognizer(num_classes=7).state_dict()), tmp_path / 'recognizer.pth')
    with pytest.raises((RuntimeError, ValueError), match='cls_head'):
        make_trainer(checkpoint=str(tmp_path / 'recognizer.pth'))


def test_no_clips_and_bad_batch_size_are_errors():
    with pytest.raises(ValueError, match='no clips'):
        make_trainer().fit([], 1)
    with pytest.raises(ValueError, match='batch sizes'):
        RecognizerTrainer(model=small_recognizer(), train_pipeline=PIPELINE, test_pipeline=PIPELINE, batch_size=0)
