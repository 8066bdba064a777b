"""Clips of chosen classes: how many, which, and that nothing but the seed decides them."""

import pytest
import torch

from mmagenc.apis import class_indices, generate, generate_batches, init_generator

from .configs import write_generator


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    return init_generator(*write_generator(tmp_path_factory.mktemp('generator')))


def test_as_many_of_each_class_in_order(model):
    motion = generate(model, num_samples_per_class=4)
    assert motion.label.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert motion.keypoint.shape == (12, 8, 20, 3) and motion.length.tolist() == [8] * 12


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


def test_a_bar_is_shown_on_demand(model, capsys):
    generate(model, num_samples_per_class=1)
    assert capsys.readouterr().out == ''
    generate(model, num_samples_per_class=1, progress=True)
    assert '3/3 clips' in capsys.readouterr().out


def test_class_indices():
    assert class_indices(['Sitting', 'All-fours', '0'], ['all-fours', 0, '0', ]) == [1, 0, 2]
    assert class_indices(['a', 'b'], ['1', 'A']) == [1, 0]
    for wanted, message in ((['c'], "unknown class 'c'; known: 0 a, 1 b"), ([2], 'unknown class 2'), ([-1], 'unknown class -1'),
                            (['a', 0], 'each once'), ([], 'at least one class')):
        with pytest.raises(ValueError, match=message):
            class_indices(['a', 'b'], wanted)


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
