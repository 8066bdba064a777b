"""The :class:`Skeleton` of a keypoint layout, and everything that follows from its tree.

V keypoints. A layout is a table of names, parents and left/right pairs in one file of this folder; graphs, flips, bones and drawings
are derived from it here and nowhere else.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Dict, List, Sequence, Tuple

import numpy as np

LEFT_COLOR, RIGHT_COLOR, MIDDLE_COLOR = (0, 114, 178), (213, 94, 0), (80, 80, 80)
"""RGB of left, right and middle keypoints: blue, vermilion and grey of the Okabe-Ito palette, told apart by colour-blind readers too."""


@dataclass(frozen=True)
class Skeleton:
    """A tree of named keypoints.

    Args:
        name: layout name, e.g. ``'smpl24'``.
        joint_names: V names in storage order.
        parents: V parent indices, ``-1`` at the one root. A parent may stand after its child.
        pairs: ``(left, right)`` name pairs; keypoints in no pair lie on the body's middle.
        center: keypoint that graph convolutions take as the centre of gravity (ST-GCN's ``center``).

    Raises:
        ValueError: sizes that differ, names that repeat, a joint in two pairs, a parent table that is no tree, an unknown name or centre.
    """

    name: str
    joint_names: Tuple[str, ...]
    parents: Tuple[int, ...]
    pairs: Tuple[Tuple[str, str], ...] = ()
    center: int = 0

    def __post_init__(self) -> None:
        for field, value in dict(
                joint_names=tuple(self.joint_names), parents=tuple(self.parents), pairs=tuple(map(tuple, self.pairs))).items():
            object.__setattr__(self, field, value)  # lists would make two equal skeletons differ
        if len(self.joint_names) != len(self.parents):
            raise ValueError(f'{self.name}: {len(self.joint_names)} joint names but {len(self.parents)} parents')
        if len(set(self.joint_names)) != len(self.joint_names):
            raise ValueError(f'{self.name}: a joint name repeats')
        unknown = {name for pair in self.pairs for name in pair} - set(self.joint_names)
        if unknown:
            raise ValueError(f'{self.name}: pairs name unknown joints {sorted(unknown)}')
        paired = [name for pair in self.pairs for name in pair]
        if len(set(paired)) != len(paired):
            raise ValueError(f'{self.name}: a joint stands in two pairs: {sorted({name for name in paired if paired.count(name) > 1})}')
        if self.parents.count(-1) != 1 or len(self.topological_order) != len(self.parents):
            raise ValueError(f'{self.name}: parents {self.parents} are no tree with one root (-1)' + self._tree_fault())
        if not 0 <= self.center < len(self.parents):
            raise ValueError(f'{self.name}: center {self.center} is no joint, which are 0 to {len(self.parents) - 1}')

    def _tree_fault(self) -> str:
        roots = [name for name, parent in zip(self.joint_names, self.parents) if parent == -1]
        if len(roots) != 1:
            return f': roots are {", ".join(roots) or "none"}'
        lost = [name for joint, name in enumerate(self.joint_names) if joint not in self.topological_order]
        return f': {", ".join(lost)} hang from no root'

    @property
    def num_joints(self) -> int:
        return len(self.joint_names)

    @property
    def root(self) -> int:
        return self.parents.index(-1)

    @cached_property
    def middle(self) -> List[int]:
        """Keypoints whose mean is the middle of the body: the hips, or the root in layouts without."""
        return [joint for joint, name in enumerate(self.joint_names) if 'hip' in name.lower()] or [self.root]

    @cached_property
    def levels(self) -> List[List[int]]:
        """Joint indices by distance from the root: ``levels[0] == [root]``."""
        levels = [[self.root]]
        while levels[-1]:
            levels.append([joint for joint, parent in enumerate(self.parents) if parent in levels[-1]])
        return levels[:-1]

    @cached_property
    def topological_order(self) -> List[int]:
        """Joint indices, each after its parent."""
        return [joint for level in self.levels for joint in level]

    @property
    def edges(self) -> List[Tuple[int, int]]:
        """V − 1 pairs ``(joint, parent)``, in joint order."""
        return [(joint, parent) for joint, parent in enumerate(self.parents) if parent >= 0]

    def index(self, name: str) -> int:
        """Index of a keypoint by name; raises ``KeyError`` that lists the names."""
        if name not in self.joint_names:
            raise KeyError(f'{self.name} has no joint {name!r}; it has {", ".join(self.joint_names)}')
        return self.joint_names.index(name)

    def find(self, names: Sequence[str]) -> int:
        """Index of the first of these names that a keypoint has, in whatever case; -1 if none has."""
        own = [name.lower() for name in self.joint_names]
        return next((own.index(name) for name in names if name in own), -1)

    @cached_property
    def flip_indices(self) -> List[int]:
        """Permutation that swaps left and right keypoints."""
        permutation = list(range(self.num_joints))
        for left, right in self.pairs:
            i, j = self.index(left), self.index(right)
            permutation[i], permutation[j] = j, i
        return permutation

    def side(self, joint: int) -> str:
        """``'left'``, ``'right'`` or ``'middle'``."""
        name = self.joint_names[joint]
        return next((side for pair in self.pairs for side, member in zip(('left', 'right'), pair) if member == name), 'middle')

    def color(self, joint: int) -> Tuple[int, int, int]:
        """RGB (0 to 255) by side."""
        return {'left': LEFT_COLOR, 'right': RIGHT_COLOR, 'middle': MIDDLE_COLOR}[self.side(joint)]

    def graph_cfg(self, mode: str = 'stgcn_spatial', **kwargs) -> Dict:
        """``graph_cfg`` of MMAction2's graph networks (``STGCN``, ``AAGCN``, …) for this layout."""
        return dict(layout=dict(num_node=self.num_joints, inward=self.edges, center=self.center), mode=mode, **kwargs)

    def mode_matrix(self, k: int) -> np.ndarray:
        """Matrix of the k-th mode, see :func:`mode_matrix`."""
        return mode_matrix(self.parents, k)

    def distances(self) -> np.ndarray:
        """``(V, V)`` numbers of bones between keypoints."""
        hops = np.full((self.num_joints, self.num_joints), np.inf)
        np.fill_diagonal(hops, 0)
        for joint, parent in self.edges:
            hops[joint, parent] = hops[parent, joint] = 1
        for middle in range(self.num_joints):
            hops = np.minimum(hops, hops[:, [middle]] + hops[[middle], :])
        return hops.astype(int)

    @cached_property
    def metainfo(self) -> Dict:
        """The layout in MMPose's ``METAINFO`` shape (``keypoint_info``, ``skeleton_info``, ``joint_weights``, ``sigmas``)."""
        lower = [any(word in name.lower() for word in ('hip', 'knee', 'ankle', 'foot', 'toe')) for name in self.joint_names]
        return dict(
            dataset_name=self.name,
            keypoint_info={
                joint: dict(
                    name=name,
                    id=joint,
                    color=list(self.color(joint)),
                    type='lower' if lower[joint] else 'upper',
                    swap=self.joint_names[self.flip_indices[joint]] if self.flip_indices[joint] != joint else '')
                for joint, name in enumerate(self.joint_names)
            },
            skeleton_info={
                index: dict(link=(self.joint_names[parent], self.joint_names[joint]), id=index, color=list(self.color(joint)))
                for index, (joint, parent) in enumerate(self.edges)
            },
            joint_weights=[1.] * self.num_joints,
            sigmas=[0.05] * self.num_joints)


@lru_cache(maxsize=64)
def longest_chain(parents: Tuple[int, ...]) -> Tuple[int, ...]:
    """Keypoints whose bones to their parents make the longest way, by number of bones, between two tips of a tree.

    Args:
        parents: V parent indices, −1 at the root.

    Returns:
        tuple: of several equally long ways the one with the smallest indices; empty for a single keypoint.
    """
    lines = [ancestors(parents, joint) for joint in range(len(parents))]
    ways = (set(a).symmetric_difference(b) for a in lines for b in lines)
    return tuple(sorted(max(map(sorted, ways), key=lambda way: (len(way), [-joint for joint in way]))))


def ancestors(parents: Sequence[int], node: int) -> List[int]:
    """The node itself, its parent and so on up to the root (parent ``-1``)."""
    line = [node]
    while parents[line[-1]] >= 0:
        line.append(parents[line[-1]])
    return line


def mode_matrix(parents: Sequence[int], k: int) -> np.ndarray:
    """``I − Pᵏ (V, V)``: each keypoint relative to its ancestor k bones away (InfoGCN's k-th mode, section 3.4).

    k = 1 gives bones, the root's own being its position; from the tree's depth + 1 on it is the identity: positions.

    Args:
        parents: V parent indices, ``-1`` at the root.
        k: bones to the ancestor.

    Raises:
        ValueError: k below 1; ``P⁰`` is the identity, so that k = 0 would make every clip zero.
    """
    if k < 1:
        raise ValueError(f'the k-th mode needs k of at least 1, got {k}' +
                         (': I − P⁰ is zero, and so would be every clip; positions are the modes of large k' if k == 0 else ''))
    parent = np.zeros((len(parents), len(parents)), dtype=np.float32)
    for child, ancestor in enumerate(parents):
        if ancestor >= 0:
            parent[child, ancestor] = 1
    return np.eye(len(parents), dtype=np.float32) - np.linalg.matrix_power(parent, k)


def pairs_by_prefix(names: Tuple[str, ...], left: str = 'left_', right: str = 'right_') -> Tuple[Tuple[str, str], ...]:
    """Left/right pairs of names that differ in a prefix only."""
    return tuple((name, right + name[len(left):]) for name in names if name.startswith(left))
