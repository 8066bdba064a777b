"""Which clips an epoch has, and how they are put into batches."""

import math
from collections import defaultdict
from itertools import cycle, islice
from typing import Dict, Iterator, List, Optional, Sized

import torch
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import BatchSampler, Sampler

from mmagenc.draws import RepetitionCounter
from mmagenc.registry import DATA_SAMPLERS


@DATA_SAMPLERS.register_module()
class ClassBalancedSampler(Sampler):
    """Every class equally often, whatever it has of clips.

    An epoch has about as many samples as the dataset has clips. A class with fewer clips than its share repeats them: each the same number
    of times, but for one more of some of them; of a larger class a part is drawn. Classes without clips are left out.

    Args:
        dataset: a dataset of labelled clips (one that grows is looked at anew in every epoch).
        shuffle: ``True``; taken so that naming this type in the place of ``DefaultSampler`` is all that a config needs.
        seed: of the draws, the same in all processes; ``None`` draws one and shares it.

    Raises:
        ValueError: a dataset without clips, or ``shuffle=False``.
    """

    def __init__(self, dataset: Sized, shuffle: bool = True, seed: Optional[int] = None) -> None:
        if not shuffle:
            raise ValueError('ClassBalancedSampler draws at random; for clips in order take DefaultSampler(shuffle=False)')
        self.dataset, self.epoch = dataset, 0
        self.rank, self.world_size = get_dist_info()
        self.seed = sync_random_seed() if seed is None else seed
        if not len(dataset):
            raise ValueError('ClassBalancedSampler: the dataset has no clips')

    def members(self) -> Dict[int, List[int]]:
        """Indices of each class's clips, by label."""
        annotations = getattr(self.dataset, 'annotations', None)
        clips = annotations() if callable(annotations) else map(self.dataset.get_data_info, range(len(self.dataset)))
        members = defaultdict(list)
        for index, clip in enumerate(clips):
            members[int(clip['label'])].append(index)
        return dict(sorted(members.items()))

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        members = self.members()
        share = math.ceil(len(self.dataset) / len(members))
        drawn = torch.cat([_draw(torch.tensor(indices), share, generator) for indices in members.values()])
        drawn = drawn[torch.randperm(len(drawn), generator=generator)]
        total = len(self) * self.world_size
        drawn = drawn.repeat(math.ceil(total / len(drawn)))[:total].tolist()
        repetitions = RepetitionCounter()
        self._turns = [repetitions(place, index) for place, index in enumerate(drawn)][self.rank::self.world_size]
        return iter(drawn[self.rank::self.world_size])

    def turn(self, place: int, index: int) -> int:
        """How often the clip at a place of this process's order has come before in the epoch, in all processes together."""
        return self._turns[place]

    def __len__(self) -> int:
        """Samples of this process; the same number in every process."""
        classes = len(self.members())
        return math.ceil(math.ceil(len(self.dataset) / classes) * classes / self.world_size)

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch


def _draw(indices: torch.Tensor, count: int, generator: torch.Generator) -> torch.Tensor:
    """``count`` of the indices: all of them as often as that goes, then some without repetition."""
    rest = indices[torch.randperm(len(indices), generator=generator)[:count % len(indices)]]
    return torch.cat([indices.repeat(count // len(indices)), rest])


@DATA_SAMPLERS.register_module()
class EvenBatchSampler(BatchSampler):
    """Batches of nearly equal size: as many as ``DefaultSampler``'s, none more than one clip larger than another, and no clip left out.

    Of 50 clips in batches of 16 the usual loader makes 16, 16, 16 and 2, and takes as large a step on the two as on the sixteen; this one
    makes 13, 13, 12 and 12. On a few dozen clips that decides whether a generator learns to move.

    In a config: ``train_dataloader = dict(batch_sampler=dict(type='EvenBatchSampler'))`` beside ``batch_size`` and ``sampler``, and without
    ``drop_last=True``.

    Args:
        sampler: of the clips; of an endless one the batches are endless too.
        batch_size: of the largest batch.

    Raises:
        ValueError: a batch size below 1, or a sampler without clips.
    """

    def __init__(self, sampler: Sampler, batch_size: int) -> None:
        super().__init__(sampler, batch_size, drop_last=False)
        if not len(sampler):
            raise ValueError('EvenBatchSampler: the dataset has no clips')

    def __iter__(self) -> Iterator[List[int]]:
        size, larger = divmod(len(self.sampler), len(self))
        sizes = cycle([size + 1] * larger + [size] * (len(self) - larger))
        indices = iter(self.sampler)
        while batch := list(islice(indices, next(sizes))):
            yield batch
