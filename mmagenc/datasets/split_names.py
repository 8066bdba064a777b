"""What splits are called, and which of a file's splits are meant to hold different clips."""

import re
from itertools import combinations
from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

SPLIT_NAMES = dict(
    train=('train', 'training', 'xsub_train', 'xview_train', 'train1', 'sub1_train'),
    val=('val', 'valid', 'validation', 'validate'),
    test=('test', 'testing', 'xsub_val', 'xview_val', 'xsub_test', 'xview_test', 'test1', 'sub1_test'))
"""Names of splits by what they are for, the usual one first."""
_WORDS = {name: role for role, names in SPLIT_NAMES.items() for name in names if re.fullmatch('[a-z]+', name)}
_ORDER = [*SPLIT_NAMES, None]


class SplitName(NamedTuple):
    """What a split's name says.

    Args:
        role: ``'train'``, ``'val'`` or ``'test'``; ``None`` where the name says none, or several.
        protocol: the rest of the name, such as ``('xsub', )``; ``None`` without a role.
    """
    role: Optional[str]
    protocol: Optional[Tuple[str, ...]]


def read_split_name(name: str) -> SplitName:
    """Role and protocol of a split, by :data:`SPLIT_NAMES`; other names by the words in them."""
    parts = re.findall(r'[^\W\d_]+|\d+', name.lower())
    roles = {_WORDS[part] for part in parts if part in _WORDS}
    if len(roles) != 1:
        return SplitName(None, None)
    role = next((role for role, names in SPLIT_NAMES.items() if name.lower() in names), roles.pop())
    return SplitName(role, tuple(part for part in parts if part not in _WORDS))


def split_pairs(names: Iterable[str]) -> List[Tuple[str, str]]:
    """Pairs of splits of which none should know the other's clips, what is trained on first.

    Left out are splits of the same role, and those of different protocols that each have both sides: ``xsub_train`` and ``xview_val`` are
    of the same clips, divided in two ways.
    """
    names = list(names)
    read = {name: read_split_name(name) for name in names}
    whole = _whole_protocols(list(read.values()))
    ordered = sorted(names, key=lambda name: _ORDER.index(read[name].role))
    return [(one, other) for one, other in combinations(ordered, 2) if not _apart(read[one], read[other], whole)]


def _whole_protocols(read: Sequence[SplitName]) -> set:
    roles: Dict[tuple, set] = {}
    for name in read:
        if name.role:
            roles.setdefault(name.protocol, set()).add(name.role)
    return {protocol for protocol, found in roles.items() if 'train' in found and len(found) > 1}


def _apart(one: SplitName, other: SplitName, whole: set) -> bool:
    if None in (one.role, other.role):
        return False
    return one.role == other.role or (one.protocol != other.protocol and {one.protocol, other.protocol} <= whole)
