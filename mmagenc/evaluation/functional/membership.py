"""Membership inference: how well somebody can tell which recordings a generator was trained on.

N members (recordings that were trained on), H others (recordings of the same kind that were not), S permutations.
"""

from typing import Dict, NamedTuple, Tuple

import numpy as np
from scipy import stats
from scipy.optimize import brentq

from .intervals import BootstrapInterval, ShareInterval, bootstrap_interval, wilson_interval

FALSE_ALARMS = (0.01, 0.1)
"""Shares of others that an attack may take for members."""
FEW = 20
"""Recordings of a kind below which the figures say little."""


class MembershipInference(NamedTuple):
    """How well a score tells members from others.

    Args:
        auc: probability that a member has a higher score than another recording (ties count half), with its interval. One half: the score
            tells nothing; 1: everything. Well below one half it tells something too: whoever knows that turns the score round.
        auc_by_chance: within which 95 % of the areas lie of scores that tell nothing, of so many recordings.
        accuracy: of the best threshold, both kinds counting alike.
        accuracy_by_chance: what the search for the best threshold gives on the mean where the score tells nothing.
        caught: by the share of false alarms allowed, the share of members that are caught then, with its interval.
        num_members, num_others: N and H.
    """

    auc: BootstrapInterval
    auc_by_chance: Tuple[float, float]
    accuracy: float
    accuracy_by_chance: float
    caught: Dict[float, ShareInterval]
    num_members: int
    num_others: int

    @property
    def few(self) -> bool:
        """Whether so few recordings say little, whatever the figures are."""
        return min(self.num_members, self.num_others) < FEW

    @property
    def tells(self) -> bool:
        """Whether the interval of the area leaves one half out."""
        return not self.auc.low <= 0.5 <= self.auc.high


def membership_inference(member, other, *, groups=None, num_resamples: int = 1000, level: float = 0.95, rng=0) -> MembershipInference:
    r"""Area under the curve, best accuracy, and members caught at few false alarms, of an attack's scores.

    The interval of the area is that of a bootstrap over recordings; where persons are known, the wider of that and one over persons, for
    few persons make it too narrow. Where all members lie above all others (or below)
    every draw gives the same, however few they are; the interval then reaches as far as Newcombe's does,

    .. math:: |\theta - \hat\theta| = z \sqrt{\frac{\theta (1 - \theta)}{N H}
              \Bigl[1 + \Bigl(\tfrac{N + H}{2} - 1\Bigr) \Bigl(\tfrac{1 - \theta}{2 - \theta} + \tfrac{\theta}{1 + \theta}\Bigr)\Bigr]}

    (Newcombe, *Confidence intervals for an effect size measure based on the Mann-Whitney statistic, part 2*, 2006, method 5). The share of
    members caught at few false alarms is what Carlini et al., *Membership Inference Attacks From First Principles*, 2022, ask for: an
    attack that is sure of a few persons harms them, whatever its mean. With fewer than 100 others a false alarm of 1 % is none at all.

    Args:
        member: ``(N,)`` scores of recordings that were trained on; the higher, the more the attack takes it for a member.
        other: ``(H,)`` of recordings that were not.
        groups: ``(N + H,)`` persons, of members and then of others, which are drawn together once more; ``None`` draws recordings alone.
        num_resamples: draws of the bootstrap, and permutations.
        level: probability that the intervals cover their numbers.
        rng: a :class:`numpy.random.Generator`, or a seed.

    Raises:
        ValueError: a set without scores, or scores that are not finite.
    """
    member, other = _scores(member, 'member'), _scores(other, 'other')
    rng = np.random.default_rng(rng)
    score, is_member = np.concatenate((member, other)), np.arange(len(member) + len(other)) < len(member)
    drawn = [bootstrap_interval(_auc, score, is_member, num_resamples=num_resamples, level=level, groups=kind, rng=rng)
             for kind in ([None] if groups is None else [None, groups])]
    auc = BootstrapInterval(drawn[0].value, np.fmin.reduce([draw.low for draw in drawn]), np.fmax.reduce([draw.high for draw in drawn]))
    if auc.value in (0., 1.):
        auc = _newcombe(auc, len(member), len(other), level)
    half = stats.norm.ppf((1 + level) / 2) * np.sqrt((len(score) + 1) / (12 * len(member) * len(other)))
    shuffled = [_best_accuracy(score, rng.permutation(is_member)) for _ in range(min(num_resamples, 200))]
    return MembershipInference(
        auc=BootstrapInterval(*map(float, auc)),
        auc_by_chance=(float(max(0.5 - half, 0)), float(min(0.5 + half, 1))),
        accuracy=_best_accuracy(score, is_member),
        accuracy_by_chance=float(np.mean(shuffled)),
        caught={share: _caught(member, other, share, level) for share in FALSE_ALARMS},
        num_members=len(member),
        num_others=len(other))


def calibrated_score(nearest, usual) -> np.ndarray:
    """``(N,)`` scores of recordings by how much nearer generated clips come to them than other recordings do.

    A recording of a movement that everybody makes is near to generated clips whether it was trained on or not; what is left when its
    distance to other recordings is taken away is the generator's own. Chen et al., *GAN-Leaks*, 2020, section 5.5, take the loss under
    another generator away in this place.

    Args:
        nearest: ``(N,)`` distances to the nearest generated clip.
        usual: ``(N,)`` distances to the nearest recording of others.
    """
    return np.asarray(usual, dtype=np.float64) - np.asarray(nearest, dtype=np.float64)


def _scores(values, name: str) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise ValueError(f'{name} must be (N,) finite scores with N > 0, got {values.shape}')
    return values


def _auc(score: np.ndarray, is_member: np.ndarray) -> float:
    """The Mann-Whitney statistic as a share; NaN without one of the kinds."""
    members = int(is_member.sum())
    pairs = members * (len(score) - members)
    if not pairs:
        return float('nan')
    return float((stats.rankdata(score)[is_member].sum() - members * (members + 1) / 2) / pairs)


def _newcombe(auc: BootstrapInterval, members: int, others: int, level: float) -> BootstrapInterval:
    """The interval of an area of 0 or 1."""
    z, average = stats.norm.ppf((1 + level) / 2), (members + others) / 2

    def excess(theta: float) -> float:
        spread = 1 + (average - 1) * ((1 - theta) / (2 - theta) + theta / (1 + theta))
        return 1 - theta - z * np.sqrt(theta * (1 - theta) * spread / (members * others))

    low = brentq(excess, 1e-9, 1 - 1e-9)  # the other root is 1 itself, which the search ends short of
    return BootstrapInterval(1., min(low, auc.low), 1.) if auc.value == 1 else BootstrapInterval(0., 0., max(1 - low, auc.high))


def _best_accuracy(score: np.ndarray, is_member: np.ndarray) -> float:
    """Mean of the shares of members and of others that are told rightly, by the best threshold."""
    order = np.argsort(-score, kind='stable')
    score, is_member = score[order], is_member[order]
    ends = np.append(score[1:] < score[:-1], True)  # a threshold lies between different scores
    caught, alarms = np.cumsum(is_member)[ends] / is_member.sum(), np.cumsum(~is_member)[ends] / (~is_member).sum()
    return float(max(0.5, ((1 + caught - alarms) / 2).max()))


def _caught(member: np.ndarray, other: np.ndarray, share: float, level: float) -> ShareInterval:
    """Members above the lowest threshold with at most that share of others above it."""
    allowed = int(np.floor(share * len(other) + 1e-9))
    threshold = np.sort(other)[::-1][allowed] if allowed < len(other) else -np.inf
    return wilson_interval(int((member > threshold).sum()), len(member), level)
