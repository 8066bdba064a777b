"""Which generated clips join the training set: pure functions of scores, and the registered rules built from them.

N candidates, M reference clips, D feature channels, K classes.
"""

from abc import ABCMeta, abstractmethod
from dataclasses import dataclass, field
from typing import Dict, Optional, Tuple

import numpy as np
import torch

from mmagenc.models.recognizers import RecognizerScores
from mmagenc.registry import TASK_UTILS

BLOCK = 1024
"""Candidates whose distances are in memory at once."""


@dataclass(frozen=True)
class Selection:
    """What a selector chose.

    Args:
        index: ``(S,)`` candidate indices, class by class.
        num_survivors: per class, how many candidates passed the filter.
        reason: why nothing was chosen; empty when something was.
    """

    index: np.ndarray
    num_survivors: Dict[int, int] = field(default_factory=dict)
    reason: str = ''


def class_distances(feature: np.ndarray, label: np.ndarray, gt_feature: np.ndarray,
                    gt_label: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Mean L2 distance of each candidate to the reference clips of its own class and of all others.

    Args:
        feature: ``(N, D)`` candidates. label: ``(N,)``.
        gt_feature: ``(M, D)`` reference clips. gt_label: ``(M,)``.

    Returns:
        tuple: ``within (N,)`` and ``between (N,)`` in float64.

    Raises:
        ValueError: a candidate's class has no reference clip, or no reference clip is of another class.
    """
    gt_label, label = np.asarray(gt_label), np.asarray(label)
    counts = dict(zip(*(values.tolist() for values in np.unique(gt_label, return_counts=True))))
    missing = sorted(set(label.tolist()) - set(counts))
    if missing:
        raise ValueError(f'no reference clip of class {missing}: the distance within the class is not defined')
    if len(label) and len(counts) == 1:
        raise ValueError(f'all {len(gt_label)} reference clips are of one class: the distance to other classes is not defined')
    feature, gt_feature = (torch.as_tensor(values, dtype=torch.float64) for values in (feature, gt_feature))
    sums = np.zeros((2, len(label)))
    for rows in map(slice, range(0, len(label), BLOCK), range(BLOCK, len(label) + BLOCK, BLOCK)):  # memory grows with M alone
        distance = torch.cdist(feature[rows], gt_feature)
        own = (distance * torch.from_numpy(label[rows, None] == gt_label[None])).sum(dim=1)
        sums[:, rows] = own, distance.sum(dim=1) - own
    num_own = np.array([counts[group] for group in label.tolist()], dtype=np.float64)
    return sums[0] / num_own, sums[1] / (len(gt_label) - num_own)


def distance_ratio(within: np.ndarray, between: np.ndarray, label: np.ndarray, *, within_weight: float = 0.6,
                   between_weight: float = 0.4) -> np.ndarray:
    """Published score of a candidate, small where it lies near its class and far from the others.

    Both distances are min-max normalized to [0, 1] within each class, then ``ratio = (0.6 · within) / (0.4 · between)``. The candidate of
    a class that is nearest to the other classes has ``between = 0``: its ratio is infinite, or NaN where its ``within`` is 0 too.

    Returns:
        np.ndarray: ``(N,)`` float64.
    """
    with np.errstate(divide='ignore', invalid='ignore'):
        return within_weight * _normalize_per_class(within, label) / (between_weight * _normalize_per_class(between, label))


def _normalize_per_class(values: np.ndarray, label: np.ndarray) -> np.ndarray:
    normalized = np.zeros(len(values))
    for group in np.unique(label):
        member = label == group
        low, high = values[member].min(), values[member].max()
        if high > low:
            normalized[member] = (values[member] - low) / (high - low)
    return normalized


class BaseSelector(metaclass=ABCMeta):
    """Filter by the recognizer's verdict, then take the same number of clips of every class.

    A candidate survives when the recognizer names its intended class with at least ``confidence``. Of each class
    ``int(fraction · smallest number of survivors of any class)`` clips are taken, by the rule of the subclass.

    Args:
        confidence: smallest softmax score that passes (published: 0.75).
        fraction: share of the smallest class that is taken (published: 0.5).
        min_survivors: with fewer survivors in any class the round is skipped (published: 2).
        balanced: take the same number of every class; ``False`` takes ``fraction`` of each class by itself and passes over classes
            with too few survivors, so that one class the generator cannot do does not stop the others.
        absent: what a class of the reference clips counts for that no candidate was made of: ``'ignored'``, or ``'scarce'`` (published),
            as one without survivors.
    """

    def __init__(self,
                 *,
                 confidence: float = 0.75,
                 fraction: float = 0.5,
                 min_survivors: int = 2,
                 balanced: bool = True,
                 absent: str = 'ignored') -> None:
        if not 0 <= confidence <= 1:
            raise ValueError(f'confidence must lie in [0, 1], got {confidence}')
        if not 0 < fraction <= 1:
            raise ValueError(f'fraction must lie in (0, 1], got {fraction}')
        if min_survivors < 1:
            raise ValueError(f'min_survivors must be at least 1, got {min_survivors}')
        if absent not in ('ignored', 'scarce'):
            raise ValueError(f"absent must be 'ignored' or 'scarce', got {absent!r}")
        self.absent = absent
        self.confidence = confidence
        self.fraction = fraction
        self.min_survivors = min_survivors
        self.balanced = balanced

    def __call__(self,
                 candidates: RecognizerScores,
                 reference: RecognizerScores,
                 *,
                 rng: Optional[np.random.Generator] = None,
                 eligible: Optional[np.ndarray] = None) -> Selection:
        """Choose among scored candidates.

        Args:
            candidates: scores of N generated clips.
            reference: scores of the M clips of the current training set.
            rng: randomness of rules that draw; ``None`` is a fresh generator of seed 0.
            eligible: ``(N,)``: which candidates may be chosen at all (those that the gate let through); ``None`` means all.

        Returns:
            Selection: S indices, class by class, in the order of the rule.
        """
        passes = self.passes(candidates)
        survivor = np.flatnonzero(passes if eligible is None else passes & eligible)
        classes = np.unique(candidates.label)
        if self.absent == 'scarce':
            classes = np.union1d(classes, reference.label)
        label = candidates.label[survivor]
        counts = {int(group): int((label == group).sum()) for group in classes}
        quota = self._quota(counts)
        reason = self._objection(candidates) or self._scarcity(counts, quota)
        if reason:
            return Selection(index=np.zeros(0, dtype=np.int64), num_survivors=counts, reason=reason)
        order = self.rank(candidates[survivor], reference, rng or np.random.default_rng(0))
        chosen = [self.take(order[label[order] == group], quota[int(group)]) for group in classes]
        return Selection(index=survivor[np.concatenate(chosen)], num_survivors=counts)

    def passes(self, candidates: RecognizerScores) -> np.ndarray:
        """``(N,)``: whether a candidate survives."""
        return (candidates.predicted == candidates.label) & (candidates.confidence >= self.confidence)

    def _objection(self, candidates: RecognizerScores) -> str:
        """Why the rule takes none of these candidates, whatever survives; empty when it may."""
        return ''

    def _scarcity(self, counts: Dict[int, int], quota: Dict[int, int]) -> str:
        """Why no class has clips to take; empty when one has."""
        if any(quota.values()):
            return ''
        scarce = [group for group, count in counts.items() if count < self.min_survivors]
        few = 'no' if self.min_survivors == 1 else f'fewer than {self.min_survivors}'
        return f'{few} survivors in class {scarce}' if scarce else 'fraction of the smallest class is 0'

    def _quota(self, counts: Dict[int, int]) -> Dict[int, int]:
        if not self.balanced:
            return {group: int(self.fraction * count) if count >= self.min_survivors else 0 for group, count in counts.items()}
        smallest = min(counts.values(), default=0)
        return dict.fromkeys(counts, int(self.fraction * smallest) if smallest >= self.min_survivors else 0)

    @abstractmethod
    def rank(self, survivors: RecognizerScores, reference: RecognizerScores, rng: np.random.Generator) -> np.ndarray:
        """Positions of the survivors, best first (stable: equal scores stay in order)."""


    def take(self, ranked: np.ndarray, count: int) -> np.ndarray:
        """Which of one class's ranked survivors are taken: the best ``count``."""
        return ranked[:count]


@TASK_UTILS.register_module()
class TopRatioSelector(BaseSelector):
    """The clips with the smallest distance ratio: nearest to their class, farthest from the others.

    Args:
        within_weight, between_weight: weights of :func:`distance_ratio`. Others: see :class:`BaseSelector`.
        undefined: where a ratio of 0/0 sorts. ``'last'`` is behind all others. ``'published'`` sorts as the published code does: no
            comparison with NaN is true there, so Python's sort leaves the clips before and behind it in two runs of their own.
    """

    def __init__(self, *, within_weight: float = 0.6, between_weight: float = 0.4, undefined: str = 'last', **kwargs) -> None:
        super().__init__(**kwargs)
        if undefined not in ('last', 'published'):
            raise ValueError(f"undefined must be 'last' or 'published', got {undefined!r}")
        self.within_weight = within_weight
        self.between_weight = between_weight
        self.undefined = undefined

    def rank(self, survivors, reference, rng):
        label = survivors.label
        within, between = class_distances(survivors.feature, label, reference.feature, reference.label)
        ratio = distance_ratio(within, between, label, within_weight=self.within_weight, between_weight=self.between_weight)
        if self.undefined == 'published':
            return np.concatenate([sorted(np.flatnonzero(label == group), key=ratio.tolist().__getitem__) for group in np.unique(label)])
        return np.argsort(ratio, kind='stable')  # NumPy sorts NaN behind infinity


@TASK_UTILS.register_module()
class MedianRatioSelector(TopRatioSelector):
    """The published rule: the middle window of each class's clips sorted by distance ratio, neither trivial nor far off."""

    def take(self, ranked, count):
        start = len(ranked) // 2 - count // 2
        return ranked[start:start + count]


@TASK_UTILS.register_module()
class ConfidenceSelector(BaseSelector):
    """The clips the recognizer is surest of."""

    def rank(self, survivors, reference, rng):
        return np.argsort(-survivors.confidence, kind='stable')


@TASK_UTILS.register_module()
class RandomSelector(BaseSelector):
    """Survivors at random: what the ranking of the other rules has to beat. With ``confidence=0`` they need only be named rightly."""

    def rank(self, survivors, reference, rng):
        return rng.permutation(len(survivors))


@TASK_UTILS.register_module()
class ClassShareSelector(BaseSelector):
    """Of every class the same share, by how likely the recognizer finds the intended class, whatever it names first.

    A recognizer that was fitted on a few clips is sure of some classes and misses others. Rules with one bar for all then fill the pool
    with the easy classes, or skip the round. Here each class's clips are compared with each other only, so that the pool is balanced and no
    round is skipped. As in the published rule the middle is taken, neither the clips that the recognizer is surest of anyway nor those
    that are far off.

    Args:
        fraction: share of each class's candidates that is taken.
        easiest: share of each class that is passed over as too easy; what remains behind ``easiest + fraction`` is too hard.
        min_survivors: with fewer candidates in any class the round is skipped.
        min_accuracy: share of all candidates that the recognizer must name as intended, or the round is skipped (0: never). Where it names
            most otherwise, the generator cannot do its classes yet or the recognizer cannot judge them: a share would be one of rubbish.
        named: only clips of which the recognizer names the intended class first, so that what passes has the label it says.
        balanced, absent: as in :class:`BaseSelector`; ``balanced=False`` takes of each class its own share.
    """

    def __init__(self,
                 *,
                 fraction: float = 0.5,
                 easiest: float = 0.25,
                 min_survivors: int = 2,
                 min_accuracy: float = 0.,
                 named: bool = False,
                 balanced: bool = True,
                 absent: str = 'ignored') -> None:
        super().__init__(confidence=0., fraction=fraction, min_survivors=min_survivors, balanced=balanced, absent=absent)
        if not 0 <= easiest <= 1 - fraction:
            raise ValueError(f'easiest must lie in [0, 1 - fraction], got easiest={easiest} with fraction={fraction}')
        if not 0 <= min_accuracy <= 1:
            raise ValueError(f'min_accuracy must lie in [0, 1], got {min_accuracy}')
        self.easiest, self.min_accuracy, self.named = easiest, min_accuracy, named

    def _objection(self, candidates):
        if len(candidates.label) and candidates.accuracy < self.min_accuracy:
            return f'the recognizer names {candidates.accuracy:.0%} of the candidates as intended, fewer than {self.min_accuracy:.0%}'
        return ''

    def passes(self, candidates):
        return candidates.predicted == candidates.label if self.named else np.ones(len(candidates.label), dtype=bool)

    def rank(self, survivors, reference, rng):
        return np.argsort(-survivors.probability[np.arange(len(survivors.label)), survivors.label], kind='stable')

    def take(self, ranked, count):
        start = int(self.easiest * len(ranked))
        return ranked[start:start + count]
