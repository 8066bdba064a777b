"""Batches of recordings with generated clips behind them, which change while the training goes on."""

import math
from typing import Any, Callable, Dict, Iterator, List, Sequence

import torch
from torch.utils.data import BatchSampler, Sampler

from mmagenc.draws import ClipIndex, seed_of


class MixedBatches(BatchSampler):
    """The batches of another batch sampler; each keeps its recordings and gets ``ratio`` times as many generated clips behind them.

    So the number of batches, the order of the recordings and every schedule stay as they were, and a ratio of 1 makes half of each batch.
    A ratio that does not come out even is made up for by the next batches: after n recordings ``ratio · n`` generated clips have come,
    rounded.

    The clips go to the workers with the indices (:class:`~mmagenc.draws.ClipIndex`), so that a batch has those of its own time, however
    many workers there are, however early they prepare it, and whether or not they outlive an epoch. Which clip stands where depends on the
    seed and the batch's place alone.

    Args:
        batches: the batch sampler; its attributes can be reached through this one.
        ratio: generated clips for each recording.
        clips: gives the generated clips of a number of renewals, in the dataset's form.
        interval: epochs between renewals, or batches where the training counts those.
        epoch: gives the epoch that begins; ``None`` where the training counts batches, through all passes over the sampler.
        seed: gives the seed.
        start: batches that a resumed training only passes over; nothing is generated for them.
    """

    def __init__(self, batches: Sampler, *, ratio: float, clips: Callable[[int], Sequence[Dict]], interval: int,
                 epoch: Callable[[], int] = None, seed: Callable[[], int], start: int = 0) -> None:
        self.batches, self.ratio, self.clips, self.interval = batches, ratio, clips, interval
        self.epoch, self.seed, self.start = epoch, seed, start
        self.step = self._place = 0

    def __getattr__(self, name: str) -> Any:
        if name == 'batches':  # while it is being copied
            raise AttributeError(name)
        return getattr(self.batches, name)

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[List[int]]:
        if self.epoch is not None:
            self._place = 0
        for batch in self.batches:
            if self.epoch is None and self.step % self.interval == 0:
                self._place = 0
            yield [*batch, *self._generated(len(batch))]
            self.step += 1

    def _generated(self, recordings: int) -> List[ClipIndex]:
        """What comes behind so many recordings."""
        first, last = (math.floor(self.ratio * place + 0.5) for place in (self._place, self._place + recordings))
        self._place += recordings
        if first == last or self.epoch is None and self.step < self.start:
            return []
        period = self.step // self.interval if self.epoch is None else self.epoch()
        clips = self.clips(period if self.epoch is None else period // self.interval)
        seed = self.seed()
        return [self._index(clips, draw, seed, period) for draw in range(first, last)] if clips else []

    def _index(self, clips: Sequence[Dict], draw: int, seed: int, period: int) -> ClipIndex:
        """The clip of a draw: all of them in one random order, then in another."""
        turn, place = divmod(draw, len(clips))
        order = torch.randperm(len(clips), generator=torch.Generator().manual_seed(seed_of(seed, period, turn)))
        return ClipIndex(-1 - draw, clips[int(order[place])], seed, period)
