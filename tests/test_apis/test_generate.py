"""Clips of chosen classes: how many, which, and that nothing but the seed decides them."""

import sys

import pytest
import torch

from mmagenc.apis import class_indices, generate, generate_batches, init_generator, replay_batches, sampling_options
from mmagenc.structures import Motion

from .configs import write_generator


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    return init_generator(*write_generator(tmp_path_factory.mktemp('generator')))


def test_as_many_of_each_class_in_order(model):
    motion = generate(model, num_samples_per_class=4)
    assert motion.label.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert motion.keypoint.shape == (12, 8, 20, 3) and motion.length.tolist() == [8] * 12


def test_classes_that_the_training_had_no_clip_of_are_warned_of(model, monkeypatch):
    """As far as the checkpoint says what it has learnt; a path may lead through them too."""
    said = []
    monkeypatch.setattr(sys.modules['mmagenc.apis.generate'], 'print_log', lambda text, **kwargs: said.append(text))
    generate(model, num_samples_per_class=1)
    monkeypatch.setattr(model, 'checkpoint_meta', dict(learnt_clips=dict(sets=[], tested=[], labels=[0, 2])))
    generate(model, num_samples_per_class=1, classes=[0, 'jump'])
    assert said == []
    generate(model, num_samples_per_class=1)
    unlearnt = model.dataset_meta['classes'][1]
    assert len(said) == 1 and f'was trained without a clip of {unlearnt}: what is generated' in said[0]


def test_chosen_classes_and_frames(model):
    motion = generate(model, num_samples_per_class=2, classes=['jump', 0], num_frames=5)
    assert motion.label.tolist() == [2, 2, 0, 0] and motion.keypoint.shape[1] == 5


def test_equals_the_models_own_generate(model):
    label = torch.arange(3).repeat_interleave(3)
    expected = model.generate(label, 8, generator=torch.Generator().manual_seed(5))
    assert torch.equal(generate(model, num_samples_per_class=3, seed=5).keypoint, expected.keypoint)


@pytest.mark.parametrize('sampling', [{}, dict(latent_mode='interpolate'), dict(noise_factor=0.5)])
def test_only_the_seed_decides(model, sampling):
    first = generate(model, num_samples_per_class=5, seed=1, batch_size=64, **sampling)
    assert torch.allclose(first.keypoint, generate(model, num_samples_per_class=5, seed=1, batch_size=4, **sampling).keypoint, atol=1e-5)
    assert not torch.allclose(first.keypoint, generate(model, num_samples_per_class=5, seed=2, **sampling).keypoint, atol=1e-3)


def test_no_seed_gives_other_clips_each_time(model):
    first, second = (generate(model, num_samples_per_class=1, seed=None).keypoint for _ in range(2))
    assert not torch.equal(first, second)


def test_batches_and_the_training_flag(model):
    model.train()
    batches = list(generate_batches(model, num_samples_per_class=5, batch_size=4))
    assert [len(batch) for batch in batches] == [4, 4, 4, 3] and model.training
    model.eval()
    assert torch.allclose(batches[0].keypoint, generate(model, num_samples_per_class=5).keypoint[:4], atol=1e-5)
    assert not batches[0].keypoint.requires_grad


def test_progress_is_shown_on_demand(model, capsys, monkeypatch):
    monkeypatch.setattr('mmagenc.progress.BEAT', 0.)
    generate(model, num_samples_per_class=1)
    assert capsys.readouterr() == ('', '')
    generate(model, num_samples_per_class=1, progress=True)
    said = capsys.readouterr()
    assert said.out == '' and '3 of 3' in said.err


def test_class_indices():
    assert class_indices(['Sitting', 'All-fours', '0'], ['all-fours', 0, '0', ]) == [1, 0, 2]
    assert class_indices(['a', 'b'], ['1', 'A']) == [1, 0]
    for wanted, message in ((['c'], "unknown class 'c'; known: 0 a, 1 b"), ([2], 'unknown class 2'), ([-1], 'unknown class -1'),
                            (['a', 0], 'each once'), ([], 'at least one class')):
        with pytest.raises(ValueError, match=message):
            class_indices(['a', 'b'], wanted)


def test_classes_that_differ_in_case_alone():
    """The name as it stands is meant; where none stands so, nothing is guessed."""
    names = ['A', 'a', 'b', 'BB', 'bB']
    assert class_indices(names, ['A']) == [0] and class_indices(names, ['a', 'B', 'bB']) == [1, 2, 4]
    with pytest.raises(ValueError, match="class 'bb' may be any of 3 BB, 4 bB: write the name as it stands there, or its number"):
        class_indices(names, ['bb'])


@pytest.mark.parametrize('options, message', [
    (dict(num_samples_per_class=0), 'num_samples_per_class must be at least 1, got 0'),
    (dict(num_frames=0), 'num_frames must be at least 1, got 0'),
    (dict(batch_size=0), 'batch_size must be at least 1, got 0'),
    (dict(classes=['crawl']), "unknown class 'crawl'; known: 0 walk, 1 run, 2 Jump"),
    (dict(noise=2), 'TransformerCVAE has no sampling option noise; it has noise_factor, latent_mode'),
])
def test_refused(model, options, message):
    with pytest.raises(ValueError, match=message):
        generate_batches(model, **options)


def test_saved_latents_give_the_same_clips(model):
    first = generate(model, num_samples_per_class=3, seed=4, noise_factor=0.7)
    torch.manual_seed(99)
    again = Motion.cat(list(replay_batches(model, first.latent, first.label)))
    assert torch.equal(again.keypoint, first.keypoint) and torch.equal(again.latent, first.latent)
    chosen = Motion.cat(list(replay_batches(model, first.latent[[7, 2]], first.label[[7, 2]], batch_size=1)))
    torch.testing.assert_close(chosen.keypoint, first.keypoint[[7, 2]])
    other_label = next(replay_batches(model, first.latent[:1], first.label[:1] + 1, num_frames=5))
    assert other_label.keypoint.shape[1] == 5 and not torch.allclose(other_label.keypoint, first.keypoint[:1, :5], atol=1e-3)


def test_replayed_lengths_may_differ(model):
    motion = generate(model, num_samples_per_class=1)
    lengths = torch.tensor([3, 8, 5])
    batches = list(replay_batches(model, motion.latent, motion.label, num_frames=lengths, batch_size=2))
    assert torch.cat([batch.length for batch in batches]).tolist() == [3, 8, 5]


@pytest.mark.parametrize('latent, label, options, message', [
    (torch.zeros(2, 5), [0, 1], {}, r'TransformerCVAE decodes latents \(2, 16\) for 2 labels, got \(2, 5\)'),
    (torch.zeros(3, 16), [0, 1], {}, r'got \(3, 16\)'),
    (torch.zeros(16), [0], {}, r'got \(16,\)'),
    (torch.zeros(2, 16), [0, 3], {}, r'labels must lie in 0 to 2 and there must be one, got \[0, 3\]'),
    (torch.zeros(0, 16), [], {}, 'there must be one'),
    (torch.zeros(1, 16), [0], dict(num_frames=0), 'num_frames must be at least 1'),
    (torch.zeros(1, 16), [0], dict(batch_size=0), 'batch_size must be at least 1'),
])
def test_latents_that_do_not_fit(model, latent, label, options, message):
    with pytest.raises(ValueError, match=message):
        replay_batches(model, latent, torch.tensor(label, dtype=torch.long), **options)


def test_sampling_options(model):
    assert sampling_options(model) == ['noise_factor', 'latent_mode', 'across_actions']
