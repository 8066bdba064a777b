"""Layouts without some of another one's keypoints, by name: ``'coco17 without left_ankle, right_ankle'``.

For recordings that never show them: a camera at the waist, legs under a blanket.
"""

from typing import Iterable, List, Optional, Sequence, Tuple

from .skeleton import Skeleton

WORD = ' without '
"""Between the name of a layout and those of the keypoints that it is taken without."""


def name_without(layout: str, keypoints: Sequence[str]) -> str:
    """The name of a layout without keypoints."""
    return f'{layout}{", " if WORD in layout else WORD}{", ".join(keypoints)}'


def parts_of(name: str) -> Tuple[str, List[str]]:
    """What ``name`` is taken of, and without which keypoints."""
    base, _, rest = name.partition(WORD)
    return base.strip(), [part for part in rest.replace(',', ' ').split() if part]


def skeleton_without(base: Skeleton, keypoints: Sequence[str]) -> Skeleton:
    """A layout without keypoints, in the order of the other one. What hung from one hangs from what that hung from.

    Args:
        base: the layout.
        keypoints: names. Of a pair both are left out: mirrored clips could not be told from others else.

    Raises:
        ValueError: unknown names, one of a pair, or fewer than two keypoints that are left.
    """
    unknown = [name for name in keypoints if name not in base.joint_names]
    if unknown:
        raise ValueError(f'{base.name} has no keypoint {", ".join(unknown)}; it has {", ".join(base.joint_names)}')
    dropped = set(keypoints)
    for pair in base.pairs:
        if len(dropped & set(pair)) == 1:
            raise ValueError(f'{" and ".join(pair)} of {base.name} are a pair, of which one could not be mirrored: leave out both')
    kept = [joint for joint, name in enumerate(base.joint_names) if name not in dropped]
    if len(kept) < 2:
        raise ValueError(f'{base.name} without {", ".join(keypoints)}: {len(kept)} keypoints are left, and a body has at least 2')
    parents, pairs = tree_of(base, kept)
    names = [name for name in base.joint_names if name in dropped]
    return Skeleton(
        name=name_without(base.name, names), joint_names=tuple(base.joint_names[joint] for joint in kept), parents=tuple(parents),
        pairs=tuple(pairs), center=kept.index(base.center) if base.center in kept else parents.index(-1))


def tree_of(base: Skeleton, kept: Sequence[int]) -> Tuple[List[int], List[Tuple[str, str]]]:
    """Parents, as places in ``kept``, and pairs of some of a layout's keypoints: each hangs from its nearest ancestor that stays.

    Of several parts without a common ancestor the first is the root, on which the others hang.
    """
    parents: List[int] = []
    for joint in kept:
        parent = base.parents[joint]
        while parent >= 0 and parent not in kept:
            parent = base.parents[parent]
        parents.append(kept.index(parent) if parent >= 0 else -1)
    root = parents.index(-1)
    names = {base.joint_names[joint] for joint in kept}
    return ([root if parent < 0 and place != root else parent for place, parent in enumerate(parents)],
            [pair for pair in base.pairs if names >= set(pair)])


def name_of_seen(base: Skeleton, unseen: Iterable[int]) -> Optional[str]:
    """The name of a layout without keypoints that are never seen, and the others of their pairs; ``None`` if that leaves less than half."""
    names = {base.joint_names[joint] for joint in unseen}
    names |= {name for pair in base.pairs if names & set(pair) for name in pair}
    lacking = [name for name in base.joint_names if name in names]
    return name_without(base.name, lacking) if 2 * len(lacking) <= base.num_joints else None
