"""What is drawn of a sample depends on seed, epoch and index: not on workers, ranks, interruptions, or what else is drawn.

The reference is a plain loop (:func:`expected`) that seeds, takes a clip, and knows no loader.
"""

import pickle
import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmaction.datasets import PoseDataset
from mmaction.datasets.transforms import UniformSampleFrames
from mmengine.config import Config
from mmengine.dataset import BaseDataset, DefaultSampler, InfiniteSampler, RepeatDataset
from mmengine.model import BaseModel
from mmengine.registry import DATASETS, MODELS
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from mmagenc.datasets import ClassBalancedSampler
from mmagenc.draws import (
    ClipIndex,
    DrawIndex,
    KeyedBatches,
    KeyedFetch,
    innermost,
    key_loop,
    seed_draws,
    seed_of,
    turn_counter,
    untouched_random_state,
)

SEED, CLIPS = 5, 7
WORKERS = [dict(num_workers=0), dict(num_workers=2), dict(num_workers=2, persistent_workers=True)]


class Drawing(BaseDataset):
    """Samples that are what the three sources of random numbers give, with the sample's index."""

    def __init__(self, size=CLIPS, labels=(0, ), **kwargs):
        self.size, self.labels = size, labels
        super().__init__(serialize_data=False, **kwargs)

    def load_data_list(self):
        return [dict(label=self.labels[index % len(self.labels)]) for index in range(self.size)]

    def prepare_data(self, index):
        return dict(index=index, draws=(np.random.random(), random.random(), torch.rand(()).item()))


class Noting(BaseModel):
    """Notes what comes and what it draws itself, and has a weight that depends on both."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.seen, self.noise = [], []

    def forward(self, index, draws, mode='tensor'):
        self.seen.append([(type(i), int(i), draw) for i, draw in zip(index, zip(*[part.tolist() for part in map(torch.as_tensor, draws)]))])
        self.noise.append(torch.rand(()).item() + np.random.random() + random.random())
        return dict(loss=self.weight * (torch.as_tensor(draws[0]).sum() + self.noise[-1]))

    def val_step(self, data):
        with torch.no_grad():
            self(**data)
        return [0]


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    for registry, module in ((DATASETS, Drawing), (MODELS, Noting)):
        registry.register_module(module=module, force=True)
    monkeypatch.setattr('mmengine.runner.loops.time.sleep', lambda seconds: None)
    yield
    DATASETS.module_dict.pop('Drawing')
    MODELS.module_dict.pop('Noting')


@pytest.fixture
def make(tmp_path):
    """Runners of one folder, each with the settings that differ."""
    number = iter(range(100))

    def make(*, until=3, by_epoch=True, loader=(), folder='run', ours=True, **settings):
        loop = dict(type='EpochBasedTrainLoop', max_epochs=until) if by_epoch else dict(type='IterBasedTrainLoop', max_iters=until)
        usual = dict(batch_size=3, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=True), dataset=dict(type='Drawing'))
        loader = dict(usual, **dict(loader))
        checkpoint = dict(type='CheckpointHook', interval=1 if by_epoch else 4, by_epoch=by_epoch)
        return Runner.from_cfg(Config(dict(
            default_scope='mmengine', custom_imports=dict(imports=['mmagenc'] if ours else []), work_dir=str(tmp_path / folder),
            model=dict(type='Noting'), train_dataloader=loader, train_cfg=loop, optim_wrapper=dict(optimizer=dict(type='SGD', lr=.1)),
            default_hooks=dict(checkpoint=checkpoint), randomness=dict(seed=SEED), log_level='ERROR',
            experiment_name=f'{tmp_path.name}_{next(number)}') | settings))

    return make


def trained(runner):
    """``{(batch, index): draws}`` and so on: what a training saw, batch by batch, its noise, and the weight it ends with."""
    runner.train()
    model = runner.model
    assert all(kind is int for batch in model.seen for kind, _, _ in batch)  # no transform meets an index of another kind
    return SimpleNamespace(batches=[[row[1:] for row in batch] for batch in model.seen], noise=model.noise, weight=model.weight.item())


def samples(batches):
    return [row for batch in batches for row in batch]


def epochs(batches, count):
    """The batches of each of ``count`` epochs, as ``{index: draws}``."""
    per_epoch = len(batches) // count
    return [dict(samples(batches[start:start + per_epoch])) for start in range(0, len(batches), per_epoch)]


def expected(epoch, index, turn=0):
    with untouched_random_state():
        seed_draws(SEED, epoch, turn, index)
        return np.random.random(), random.random(), torch.rand(()).item()


def as_drawn(draws):
    return tuple(torch.as_tensor(draw).item() for draw in draws)  # as the model notes them


@pytest.mark.parametrize('workers', WORKERS)
def test_draws_are_those_of_seed_epoch_and_index(make, workers):
    run = trained(make(loader=workers))
    for epoch, drawn in enumerate(epochs(run.batches, 3)):
        assert drawn == {index: as_drawn(expected(epoch, index)) for index in range(CLIPS)}
    assert run.noise == trained(make()).noise  # nor does the model draw otherwise


def test_every_sample_of_every_epoch_draws_something_else(make):
    drawn = samples(trained(make(until=4)).batches)
    for source in range(3):
        assert len({draws[source] for _, draws in drawn}) == 4 * CLIPS
    other = samples(trained(make(until=1, randomness=dict(seed=SEED + 1))).batches)
    assert not {draws[0] for _, draws in drawn} & {draws[0] for _, draws in other}
    assert abs(np.mean([expected(epoch, index) for epoch in range(30) for index in range(30)], axis=0) - .5).max() < .04


@pytest.mark.parametrize('workers', WORKERS)
def test_a_resumed_training_is_the_uninterrupted_one(make, workers):
    whole = trained(make(until=4, loader=workers, folder='whole'))
    trained(make(until=2, loader=workers, folder='parts'))
    rest = trained(make(until=4, loader=workers, folder='parts', resume=True))
    assert rest.batches == whole.batches[6:] and rest.noise == whole.noise[6:] and rest.weight == whole.weight


@pytest.mark.parametrize('workers', WORKERS[::2])
def test_a_training_without_a_seed_resumes_with_that_of_its_checkpoint(make, workers):
    unseeded = dict(randomness=dict(seed=None), loader=workers)
    first = make(until=2, folder='parts', **unseeded)
    trained(first)
    whole = trained(make(until=3, folder='whole', loader=workers, randomness=dict(seed=first.seed)))
    rest = trained(make(until=3, folder='parts', resume=True, **unseeded))
    assert rest.batches == whole.batches[6:] and rest.weight == whole.weight


@pytest.mark.parametrize('by_epoch, kind', [(True, 'DefaultSampler'), (False, 'InfiniteSampler')])
def test_two_processes_draw_what_one_does(make, monkeypatch, by_epoch, kind):
    loader, until = dict(sampler=dict(type=kind, shuffle=True), batch_size=2, dataset=dict(type='Drawing', size=8)), 3 if by_epoch else 12
    one = samples(trained(make(until=until, by_epoch=by_epoch, loader=loader)).batches)
    parts = []
    for rank in range(2):
        monkeypatch.setattr('mmengine.dataset.sampler.get_dist_info', lambda rank=rank: (rank, 2))
        parts.append(samples(trained(make(until=until if by_epoch else 6, by_epoch=by_epoch, loader=loader)).batches))
    assert sorted(parts[0] + parts[1]) == sorted(one) and len(set(one)) == 24


@pytest.mark.parametrize('kind', ['InfiniteSampler', 'DefaultSampler'])
def test_training_by_iterations(make, kind):
    """A clip's draws differ from round to round; workers and a resume change nothing."""
    loader = dict(sampler=dict(type=kind, shuffle=True), dataset=dict(type='Drawing', size=6))
    whole = trained(make(until=8, by_epoch=False, loader=loader, folder='whole'))  # batches of 3: two a round
    for turn, drawn in enumerate(epochs(whole.batches, 4)):
        key = dict(epoch=0, turn=turn) if kind == 'InfiniteSampler' else dict(epoch=turn)
        assert drawn == {index: as_drawn(expected(index=index, **key)) for index in range(6)}
    settings = dict(by_epoch=False, loader=dict(loader, **WORKERS[2]))
    other = trained(make(until=8, folder='other', **settings))
    assert (other.batches, other.noise, other.weight) == (whole.batches, whole.noise, whole.weight)
    checkpoints = dict(default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=3, by_epoch=False)))
    trained(make(until=3, folder='parts', **settings, **checkpoints))
    rest = trained(make(until=8, folder='parts', resume=True, **settings, **checkpoints))
    assert (rest.batches, rest.noise, rest.weight) == (whole.batches[3:], whole.noise[3:], whole.weight)


def test_a_clip_that_comes_twice_in_an_epoch_draws_twice(make):
    run = trained(make(until=2, loader=dict(dataset=dict(type='RepeatDataset', times=3, dataset=dict(type='Drawing')))))
    assert len(samples(run.batches)) == len(set(samples(run.batches))) == 2 * 3 * CLIPS
    assert {index for index, _ in samples(run.batches)} == set(range(CLIPS))


@pytest.mark.parametrize('world_size', [1, 2])
def test_a_balanced_epochs_repetitions_draw_anew_and_alike_in_all_processes(make, monkeypatch, world_size):
    dataset = dict(type='Drawing', size=8, labels=[0, 0, 0, 1])
    loader = dict(sampler=dict(type='mmagenc.ClassBalancedSampler'), batch_size=2, dataset=dataset)
    drawn = []
    for rank in range(world_size):
        monkeypatch.setattr('mmagenc.datasets.samplers.get_dist_info', lambda rank=rank: (rank, world_size))
        drawn += samples(trained(make(until=1, loader=loader)).batches)
    turns = {(3, 0), (3, 1), (7, 0), (7, 1)}  # the two clips of class 1, two times each
    assert {as_drawn(expected(0, index, turn)) for index, turn in turns} <= {draws for _, draws in drawn}
    assert len(set(drawn)) == len(drawn) == 8


def test_validation_draws_the_same_each_time_and_changes_nothing(make):
    val = dict(val_dataloader=dict(batch_size=2, num_workers=0, dataset=dict(type='Drawing', size=2, test_mode=True),
                                   sampler=dict(type='DefaultSampler', shuffle=False)),
               val_cfg=dict(), val_evaluator=[])
    plain, run = trained(make(until=3)), trained(make(until=3, **val))
    steps = [place for place, batch in enumerate(run.batches) if len(batch) != 2]
    checks = [batch for batch in run.batches if len(batch) == 2]
    assert len(checks) == 3 and checks[0] == checks[1] == checks[2]
    assert [run.noise[place] for place in steps] == plain.noise and run.weight == plain.weight
    rest = trained(make(until=4, resume=True, **val))
    assert rest.noise[:3] == trained(make(until=4, folder='plain')).noise[9:]


def test_trainings_of_other_packages_stay_as_they_are(make):
    runner = make(ours=False, until=1)
    loader = runner.build_train_loop(runner._train_loop).dataloader
    assert not isinstance(loader.batch_sampler, KeyedBatches) and '__getitems__' not in vars(loader.dataset)
    assert {'RandomStateHook', 'FiniteLossHook'}.isdisjoint(type(hook).__name__ for hook in runner.hooks)


def test_windows_of_mmactions_own_dataset(tmp_path):
    """Its transforms draw from NumPy's state, which MMEngine seeds alike for the workers of every epoch: the windows were the same ones."""
    clips = [dict(frame_dir=f'{i}', label=0, total_frames=300, keypoint=np.zeros((1, 300, 3, 3), np.float32)) for i in range(12)]
    (tmp_path / 'clips.pkl').write_bytes(pickle.dumps(dict(split=dict(train=[clip['frame_dir'] for clip in clips]), annotations=clips)))
    found = []
    for workers in WORKERS:
        dataset = PoseDataset(str(tmp_path / 'clips.pkl'), [UniformSampleFrames(clip_len=16)], split='train')
        loader = DataLoader(dataset, batch_size=4, sampler=DefaultSampler(dataset, seed=SEED), collate_fn=list, **workers)
        loop = SimpleNamespace(dataloader=loader, runner=SimpleNamespace(seed=SEED, _randomness_cfg={}))
        assert key_loop(loop)
        found.append([])
        for loop.epoch in range(2):
            loader.sampler.set_epoch(loop.epoch)
            found[-1].append({clip['frame_dir']: tuple(clip['frame_inds']) for batch in loader for clip in batch})
    assert found[0] == found[1] == found[2]
    assert len({window for epoch in found[0] for window in epoch.values()}) == 24


class TestGrowth:

    def batches(self, **loader):
        dataset = Drawing()
        loader = DataLoader(dataset, batch_size=2, **loader)
        runner = SimpleNamespace(seed=SEED, _randomness_cfg={})
        assert key_loop(SimpleNamespace(dataloader=loader, runner=runner, epoch=0))
        return dataset, loader

    def test_what_persistent_workers_cannot_know_is_refused(self):
        dataset, loader = self.batches(num_workers=1, persistent_workers=True, collate_fn=list)
        assert len(list(loader)) == 4
        dataset.data_list.append(dict(label=0))
        with pytest.raises(ValueError, match='grown from 7 to 8 clips.*persistent_workers=False'):
            list(loader)

    def test_other_workers_start_anew(self):
        dataset, loader = self.batches(num_workers=1, collate_fn=list)
        list(loader)
        dataset.data_list.append(dict(label=0))
        assert [row['index'] for batch in loader for row in batch] == list(range(8))


class TestParts:

    def test_keys_give_unrelated_draws_and_the_same_key_the_same(self):
        with untouched_random_state():
            drawn = []
            for key in ((1, 2), (2, 1), (12, ), (1, 2, 0), (-1, 2), (2**70, 2), (1, 2)):
                seed_draws(*key)
                drawn.append((np.random.random(), random.random(), torch.rand(()).item()))
        assert drawn[0] == drawn[-1] and len(set(sum(drawn[1:], ()))) == 18

    def test_states_come_back_also_after_an_error(self):
        np.random.normal()  # leaves a cached Gaussian behind
        with untouched_random_state():
            first = np.random.normal(), random.random(), torch.rand(()).item()
        with pytest.raises(KeyError), untouched_random_state():
            seed_draws(0)
            raise KeyError
        assert (np.random.normal(), random.random(), torch.rand(()).item()) == first

    def test_an_index_keeps_its_key_on_the_way_to_a_worker(self):
        index = pickle.loads(pickle.dumps(DrawIndex(3, SEED, 1, 0)))  # noqa: S301
        assert index == 3 and index.key == (SEED, 1, 0) and [10, 11, 12, 13][index] == 13

    def test_a_dataset_keeps_its_fetch_where_workers_are_started_anew(self):
        dataset = Drawing()
        dataset.__getitems__ = KeyedFetch(dataset)
        copy = pickle.loads(pickle.dumps(dataset))  # noqa: S301
        assert copy.__getitems__.dataset is copy
        assert copy.__getitems__([DrawIndex(2, SEED, 4, 0)])[0]['draws'] == expected(4, 2)

    def test_fetching_leaves_the_global_states_alone(self):
        fetch = KeyedFetch(Drawing())
        random.seed(0), np.random.seed(0), torch.manual_seed(0)
        first = random.random(), np.random.random(), torch.rand(()).item()
        random.seed(0), np.random.seed(0), torch.manual_seed(0)
        fetch([DrawIndex(0, SEED, 0, 0), 1])
        assert (random.random(), np.random.random(), torch.rand(()).item()) == first

    def test_a_dataset_that_gives_many_at_once_is_asked_for_one(self):

        class Many(Drawing):

            def __getitems__(self, indices):
                return [self[index] for index in indices]

        fetch = KeyedFetch(Many())
        assert [row['draws'] for row in fetch([DrawIndex(i, SEED, 0, 0) for i in (4, 2)])] == [expected(0, 4), expected(0, 2)]

    def test_repetitions(self, monkeypatch):
        monkeypatch.setattr('mmengine.dataset.sampler.get_dist_info', lambda: (1, 2))
        turn = turn_counter(InfiniteSampler(range(4), seed=0))
        assert [turn(place, 0) for place in range(6)] == [0, 0, 1, 1, 2, 2]
        turn = turn_counter(None)
        assert [turn(0, index) for index in (3, 1, 3, 3)] == [0, 0, 1, 2]

    def test_what_cannot_be_keyed_is_left_alone(self):
        runner = SimpleNamespace(seed=SEED, _randomness_cfg={})
        for loader in (DataLoader([1, 2]), DataLoader(Drawing(), batch_size=None), [1, 2]):
            assert not key_loop(SimpleNamespace(dataloader=loader, runner=runner))

    def test_indices_that_are_no_numbers_pass(self):
        batches = KeyedBatches([[(0, 'small'), torch.tensor(1)]], Drawing(), seed=lambda: SEED, epoch=int, lasting=False)
        (first, second), = list(batches)
        assert first == (0, 'small') and second == 1 and second.key == (SEED, 0, 0)


def test_balanced_sampler_counts_its_own_repetitions():
    sampler = ClassBalancedSampler(RepeatDataset(Drawing(size=5, labels=[0, 1, 1, 1, 1]), times=1), seed=0)
    drawn = list(sampler)
    for place, index in enumerate(drawn):
        assert sampler.turn(place, index) == drawn[:place].count(index)


def test_a_clip_travels_with_its_index():
    """Through a worker's queue, to the innermost dataset, with draws of its own key."""
    class Taking(Drawing):
        def sample_of(self, clip):
            return dict(clip, draws=self.prepare_data(0)['draws'])

    clip = dict(frame_dir='generated', keypoint=np.arange(6.).reshape(1, 2, 1, 3))
    index = pickle.loads(pickle.dumps(ClipIndex(-4, clip, SEED, 2)))  # noqa: S301
    assert (int(index), index.key, index.clip['frame_dir']) == (-4, (SEED, 2), 'generated')
    dataset = RepeatDataset(Taking(), 2)
    assert innermost(dataset) is dataset.dataset
    sample, = KeyedFetch(dataset)([index])
    seed_draws(SEED, 2, -4)
    assert sample['draws'] == dataset.dataset.prepare_data(0)['draws'] and np.array_equal(sample['keypoint'], clip['keypoint'])


def test_seeds_of_keys():
    seeds = [seed_of(*key) for key in ((1, 2), (12, ), (1, 2, 0), (2, 1))]
    assert len(set(seeds)) == 4 and all(0 <= seed < 2**63 for seed in seeds) and seed_of(1, 2) == seeds[0]
