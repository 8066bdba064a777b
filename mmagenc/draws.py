"""Random draws of a sample that depend on the seed, the epoch and the sample's index, and on nothing else.

Transforms draw from the global random states of Python, NumPy and PyTorch, MMAction2's as well as this package's. What they draw would
depend on how many workers there are and on what each of them has prepared before, and MMEngine seeds the workers alike in every epoch. So
an index travels to the worker with what its draws depend on, and the states are seeded from that before each sample. It holds with
prefetching and with workers that outlive an epoch, whose copies of the dataset see nothing of what changes in the main process.

The global states are left as they were: the model's draws (dropout, latents) come to the same, whoever prepares the samples.
"""

import hashlib
import operator
import random
from collections import Counter
from contextlib import contextmanager
from typing import Any, Callable, Iterator, List, Sequence, Sized

import numpy as np
import torch
from torch.utils.data import BatchSampler, DataLoader, IterableDataset, Sampler, get_worker_info


@contextmanager
def untouched_random_state() -> Iterator[None]:
    """Python's, NumPy's and PyTorch's random states (of the CPU) are what they were afterwards.

    MMAction2's ``UniformSampleFrames`` seeds NumPy's with 255 for every test clip (checked with 1.2.0): each window drawn after it would be
    the same one again.
    """
    states = random.getstate(), np.random.get_state(legacy=False), torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])


def seed_draws(*key: int) -> None:
    """Seed the three global states (PyTorch's of the CPU) from whole numbers; keys that differ anywhere give unrelated draws.

    NumPy's takes 32 bits: an array of more would be six times slower. PyTorch's uses no more of what it is given.
    """
    words = hashlib.blake2b(repr(key).encode(), digest_size=24).digest()  # a part for each: equal seeds would give equal draws
    np.random.seed(int.from_bytes(words[:4], 'little'))
    torch.default_generator.manual_seed(int.from_bytes(words[4:8], 'little'))
    random.seed(int.from_bytes(words[8:], 'little'))


def seed_of(*key: int) -> int:
    """A seed for a generator of PyTorch from whole numbers; keys that differ anywhere give unrelated ones."""
    return int.from_bytes(hashlib.blake2b(repr(key).encode(), digest_size=8).digest(), 'little') >> 1


class DrawIndex(int):
    """A sample's index that carries what else its draws depend on.

    Args:
        index: of the sample in the loader's dataset (of a repeated dataset: in the repeated one).
        key: seed, epoch, and how often the sample has come in this epoch before.
    """

    def __new__(cls, index: int, *key: int) -> 'DrawIndex':
        self = super().__new__(cls, index)
        self.key = key
        return self

    def __reduce__(self):
        return DrawIndex, (int(self), *self.key)


class ClipIndex(DrawIndex):
    """The place of a clip that is in no dataset, and the clip itself: workers get what is new as they get their indices, never late.

    Args:
        index: a number below 0, which no clip of a dataset has.
        clip: annotation dict, in the dataset's form (:meth:`~mmagenc.datasets.MotionDataset.adopted`).
        key: what its draws depend on beside the index.
    """

    def __new__(cls, index: int, clip: dict, *key: int) -> 'ClipIndex':
        self = super().__new__(cls, index, *key)
        self.clip = clip
        return self

    def __reduce__(self):
        return ClipIndex, (int(self), self.clip, *self.key)


class KeyedBatches(BatchSampler):
    """The batches of another batch sampler, with indices that carry their keys.

    Args:
        batches: the batch sampler; its attributes can be reached through this one.
        dataset: what the indices belong to.
        seed: gives the seed; asked in each epoch, as resuming takes that of the checkpoint.
        epoch: gives the epoch, told how many passes over the batches there were before.
        lasting: whether workers keep their copy of the dataset from one epoch to the next.
    """

    def __init__(self, batches: Sampler, dataset: Sized, *, seed: Callable[[], int], epoch: Callable[[int], int], lasting: bool) -> None:
        self.batches, self.dataset, self.seed, self.epoch = batches, dataset, seed, epoch
        self.size = len(dataset) if lasting else None
        self.passes = 0
        sampler = getattr(batches, 'sampler', None)
        self._follows = getattr(sampler, 'seed', None) == seed()

    def __getattr__(self, name: str) -> Any:
        if name == 'batches':  # while it is being copied
            raise AttributeError(name)
        return getattr(self.batches, name)

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[List[int]]:
        if self.size not in (None, len(self.dataset)):
            raise ValueError(f'the training set has grown from {self.size} to {len(self.dataset)} clips, but persistent workers hold it as '
                             'it was: build the data loader anew (as InfAGenCHook does), or set persistent_workers=False')
        seed, epoch = self.seed(), self.epoch(self.passes)
        self.passes += 1
        if self._follows:  # MMEngine takes the checkpoint's seed when it resumes, and leaves the sampler the one it was built with
            self.batches.sampler.seed = seed
        turn, place = turn_counter(getattr(self.batches, 'sampler', None)), 0
        for batch in self.batches:
            yield [_keyed(index, seed, epoch, turn, place + i) for i, index in enumerate(batch)]
            place += len(batch)


def _keyed(index: Any, seed: int, epoch: int, turn: Callable[[int, int], int], place: int) -> Any:
    """The index with its key; what is no whole number, as some batch samplers give, stays as it is."""
    try:
        index = operator.index(index)
    except TypeError:
        return index
    return DrawIndex(index, seed, epoch, turn(place, index))


def turn_counter(sampler: Any) -> Callable[[int, int], int]:
    """A function of a place in a sampler's order and the index there: how often the index has come before, in all processes together.

    A sampler whose indices repeat can say so itself with a method ``turn(place, index)``. Of one that does not, the repetitions of this
    process are counted.
    """
    from mmengine.dataset import InfiniteSampler
    if hasattr(sampler, 'turn'):
        return sampler.turn
    if isinstance(sampler, InfiniteSampler):  # one order of all after the other, dealt to the processes
        return lambda place, index: (place * sampler.world_size + sampler.rank) // sampler.size
    return RepetitionCounter()


class RepetitionCounter:
    """How often each index has come before; called with a place, which does not matter, and the index."""

    def __init__(self) -> None:
        self._seen = Counter()

    def __call__(self, place: int, index: int) -> int:
        self._seen[index] += 1
        return self._seen[index] - 1


class KeyedFetch:
    """Gets the samples of a batch from a dataset, each with the draws of its key.

    PyTorch asks a dataset for its ``__getitems__``, if it has one, instead of taking samples one by one.
    """

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset

    def __call__(self, indices: Sequence[int]) -> List[Any]:
        if get_worker_info() is not None:  # nobody else draws in a worker, and keeping the states takes longer than seeding them
            return [self._sample(index) for index in indices]
        with untouched_random_state():
            return [self._sample(index) for index in indices]

    def _sample(self, index: Any) -> Any:
        if isinstance(index, DrawIndex):
            seed_draws(*index.key, int(index))
            if isinstance(index, ClipIndex):
                return innermost(self.dataset).sample_of(index.clip)
            index = int(index)
        many = getattr(type(self.dataset), '__getitems__', None)
        return self.dataset[index] if many is None else many(self.dataset, [index])[0]


def innermost(dataset: Any) -> Any:
    """The dataset inside wrappers that repeat it."""
    while hasattr(dataset, 'dataset'):
        dataset = dataset.dataset
    return dataset


def key_loop(loop: Any) -> bool:
    """Let the draws of a loop's samples depend on seed, epoch and index; MMEngine's loops, training, validation and test alike.

    The epoch is the loop's; in training by iterations it is the number of passes over the batches, and the endless sampler's rounds count
    as repetitions. Validation and test draw the same each time. The loader's own draw for its workers no longer comes from the global
    state either: with persistent workers it is made once, without them in every epoch.

    Returns:
        bool: whether that is possible. It is not for streams (``IterableDataset``), samples without batches (``batch_size=None``) and
        datasets that take no attribute, such as a list.
    """
    loader, runner = loop.dataloader, loop.runner
    if not isinstance(loader, DataLoader) or isinstance(loader.dataset, IterableDataset) or loader.batch_sampler is None:
        return False
    try:
        loader.dataset.__getitems__ = KeyedFetch(loader.dataset)
    except AttributeError:
        return False
    if not isinstance(loader.batch_sampler, KeyedBatches):
        batches = KeyedBatches(loader.batch_sampler, loader.dataset, seed=lambda: common_seed(runner),
                               epoch=lambda passes: _epoch(loop, passes),
                               lasting=loader.persistent_workers and loader.num_workers > 0)
        object.__setattr__(loader, 'batch_sampler', batches)  # DataLoader lets nobody set it, as workers may have begun; these have not
    if loader.generator is None:
        loader.generator = torch.Generator().manual_seed(common_seed(runner))
    return True


def _epoch(loop: Any, passes: int) -> int:
    from mmengine.runner import IterBasedTrainLoop
    return passes if isinstance(loop, IterBasedTrainLoop) else getattr(loop, 'epoch', 0)


def common_seed(runner: Any) -> int:
    """The seed of all processes, also where each is told to take another one (``diff_rank_seed``)."""
    from mmengine.dist import get_rank
    return runner.seed - (get_rank() if runner._randomness_cfg.get('diff_rank_seed') else 0)
