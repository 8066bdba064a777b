"""Splits by share: ``'train=70%;val=15%;test=15%'``, whole groups of clips at a time, and one share of a set."""

from collections import Counter
from typing import Dict, List, Mapping, Optional, Sequence

import numpy as np


def parse_shares(text: str) -> Dict[str, float]:
    """Shares of each split, summing to 1.

    Raises:
        ValueError: not of that form, or not summing to 100 %.
    """
    shares: Dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(';'))):
        name, equals, value = (piece.strip() for piece in part.partition('='))
        try:
            share = float(value.removesuffix('%')) / 100
        except ValueError:
            share = -1.
        if not name or not equals or not value.endswith('%') or not 0 < share <= 1 or name in shares:
            raise ValueError(f"split: expected NAME=PERCENT%;… with different names, such as 'train=80%;test=20%', got {text!r}")
        shares[name] = share
    if abs(sum(shares.values()) - 1) > 1e-6:
        raise ValueError(f'split: the shares of {text!r} sum to {100 * sum(shares.values()):g} %, not to 100 %')
    return shares


def split_by_share(labels: Mapping[str, str], groups: Mapping[str, str], text: str, *, seed: int = 0) -> Dict[str, List[str]]:
    """Clips of each split, so that no group (a subject, say) is in two, and each class is shared out as nearly as whole groups allow.

    Groups are placed from the largest to the smallest, equal ones in an order drawn by ``seed``, each where it leaves least to wish: the
    squared differences of all classes' counts from their shares.

    Args:
        labels: class of each clip by its name.
        groups: group of each clip by its name.
        text: as :func:`parse_shares` reads it.
        seed: of the order of equal groups.

    Raises:
        ValueError: as :func:`parse_shares`, or fewer groups than splits.
    """
    shares = parse_shares(text)
    members: Dict[str, List[str]] = {}
    for name, group in groups.items():
        members.setdefault(group, []).append(name)
    if len(members) < len(shares):
        raise ValueError(f'split: {len(members)} groups ({", ".join(sorted(members))}) cannot be shared among {len(shares)} splits')
    classes = sorted(set(labels.values()))
    counts = {group: np.array([Counter(labels[name] for name in names)[label] for label in classes], dtype=float)
              for group, names in members.items()}
    total = sum(counts.values())
    order = list(np.random.default_rng(seed).permutation(sorted(members)))
    order.sort(key=lambda group: -counts[group].sum())
    wanted = {split: share * total for split, share in shares.items()}
    have = {split: np.zeros(len(classes)) for split in shares}
    placed: Dict[str, List[str]] = {split: [] for split in shares}
    for place, group in enumerate(order):
        empty = [split for split in shares if not placed[split]]
        open_to = empty if len(order) - place <= len(empty) else list(shares)
        best = min(open_to, key=lambda split: float((((have[split] + counts[group] - wanted[split])**2 - (have[split] - wanted[split])**2)
                                                     / np.maximum(wanted[split], 1e-9)).sum()))
        placed[best].append(group)
        have[best] += counts[group]
    return {split: [name for name, group in groups.items() if group in set(names)] for split, names in placed.items()}


def share_of(labels: Sequence[int], share: float, groups: Optional[Sequence[str]] = None) -> List[int]:
    """Which clips to set apart: of each class a share, the last ones, or whole groups, as near to that share of each class as they go.

    Args:
        labels: class of each clip.
        share: from 0 to below 1.
        groups: of each clip, such as its subject.

    Returns:
        List[int]: indices. Whole groups may hold all clips of a class: the caller has to look.

    Raises:
        ValueError: all clips are of one group.
    """
    if groups is None or not share:
        members = [np.flatnonzero(np.asarray(labels) == label) for label in np.unique(labels)]
        return [index for each in members for index in each[len(each) - int(round(share * len(each))):].tolist()]
    names = [str(index) for index in range(len(labels))]
    shares = f'rest={100 - 100 * share!r}%;share={100 * share!r}%'
    apart = split_by_share(dict(zip(names, map(str, labels))), dict(zip(names, map(str, groups))), shares)
    return [int(name) for name in apart['share']]
