"""Layouts without some of another one's keypoints, by name: ``'coco17 without left_ankle, right_ankle'``.

For recordings that never show them: a camera at the waist, legs under a blanket.
"""

from typing import List, Sequence, Tuple

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
    parents = [_kept_ancestor(base, joint, dropped) for joint in kept]
    root = parents.index(-1)  # others that hung from what is gone hang from the first of them
    parents = [kept.index(parent) if parent >= 0 else -1 if place == root else root for place, parent in enumerate(parents)]
    names = [name for name in base.joint_names if name in dropped]
    return Skeleton(
        name=name_without(base.name, names), joint_names=tuple(base.joint_names[joint] for joint in kept), parents=tuple(parents),
        pairs=tuple(pair for pair in base.pairs if not dropped & set(pair)),
        center=kept.index(base.center) if base.center in kept else root)


def _kept_ancestor(base: Skeleton, joint: int, dropped) -> int:
    parent = base.parents[joint]
    while parent >= 0 and base.joint_names[parent] in dropped:
        parent = base.parents[parent]
    return parent
