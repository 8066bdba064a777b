"""Graph pyramids: a skeleton and its coarser and coarser versions, down to one node, for networks that grow or shrink the graph.

L levels, V_l nodes of level l: level 0 is the skeleton, level L − 1 has one node. Kinetic-GAN's generator climbs from the one node to
the skeleton, its critic goes the other way (Degardin et al., WACV 2022, sections 3.2 and 3.3).
"""

from dataclasses import dataclass
from typing import Dict, List, Sequence, Tuple, Union

import numpy as np

from .library import get_skeleton
from .skeleton import Skeleton, ancestors

Edges = Tuple[Tuple[int, int], ...]


@dataclass(frozen=True)
class GraphPyramid:
    """Graphs of L levels and the ways between them.

    Args:
        num_nodes: V_l of each level, finest first, 1 at the last.
        edges: per level, its undirected edges ``(i, j)``, without self loops. A level need not be a tree.
        centers: per level, the node that the spatial partition measures distances from.
        kept: L − 1 entries; ``kept[l][i]`` is the node of level l that is node i of level l + 1.
        sources: L − 1 entries; ``sources[l]`` names, for every node of level l that is not kept, the nodes of level l + 1 whose mean it
            becomes when the graph grows.

    Raises:
        ValueError: see :meth:`validate`, which runs at construction.
    """

    num_nodes: Tuple[int, ...]
    edges: Tuple[Edges, ...]
    centers: Tuple[int, ...]
    kept: Tuple[Tuple[int, ...], ...]
    sources: Tuple[Dict[int, Tuple[int, ...]], ...]

    def __post_init__(self) -> None:
        self.validate()

    @property
    def num_levels(self) -> int:
        return len(self.num_nodes)

    def distances(self, level: int) -> np.ndarray:
        """``(V_l, V_l)`` numbers of edges between the nodes of a level; ``inf`` where there is no way."""
        hops = np.full((self.num_nodes[level], ) * 2, np.inf)
        np.fill_diagonal(hops, 0)
        for i, j in self.edges[level]:
            hops[i, j] = hops[j, i] = 1
        for middle in range(self.num_nodes[level]):
            hops = np.minimum(hops, hops[:, [middle]] + hops[[middle], :])
        return hops

    def adjacency(self, level: int) -> np.ndarray:
        """ST-GCN's spatial partition of a level, with reach 1: ``(3, V_l, V_l)`` float32.

        ``A[k, v, w]`` is the weight with which node ``v`` enters node ``w``: ``A[0]`` the node itself, ``A[2]`` the neighbours ``v``
        nearer to the centre than ``w``, ``A[1]`` the other neighbours. Columns are normalised over the three together (``A D⁻¹``).
        As in the published code of ST-GCN, Kinetic-GAN and MMAction2, distances are known up to the reach only: all nodes more than one
        edge from the centre count as equally far (Yan et al., AAAI 2018, section 3.3, would measure the whole way).
        """
        hops = self.distances(level)
        from_center = np.minimum(hops[self.centers[level]], 2)
        weights = (hops <= 1) / (hops <= 1).sum(axis=0)
        nearer = from_center[:, None] < from_center[None, :]
        parts = (hops == 0, (hops == 1) & ~nearer, (hops == 1) & nearer)
        return np.stack([weights * part for part in parts]).astype(np.float32)

    def upsample_matrix(self, level: int) -> np.ndarray:
        """``(V_l, V_{l+1})`` float32 that grows features of level ``level + 1`` to level ``level``.

        The rows of kept nodes are those of an identity, the others average the node's sources.
        """
        matrix = np.zeros((self.num_nodes[level], self.num_nodes[level + 1]), np.float32)
        matrix[list(self.kept[level]), range(self.num_nodes[level + 1])] = 1
        for node, sources in self.sources[level].items():
            matrix[node, list(sources)] = 1 / len(sources)
        return matrix

    def validate(self) -> None:
        """Check that the pyramid is usable.

        Raises:
            ValueError: tables of unequal depth, a level that does not shrink or is not connected, a node that is neither kept nor has a
                source, or an index out of range; the message names the level.
        """
        levels = self.num_levels
        depths = (len(self.edges), len(self.centers), len(self.kept) + 1, len(self.sources) + 1)
        if depths != (levels, ) * 4:
            raise ValueError(f'a pyramid of {levels} levels needs as many edges and centers, and {levels - 1} kept and sources; '
                             f'got {len(self.edges)}, {len(self.centers)}, {len(self.kept)} and {len(self.sources)}')
        if self.num_nodes[-1] != 1:
            raise ValueError(f'the last level must have one node, not {self.num_nodes[-1]}')
        for level in range(levels):
            self._validate_graph(level)
        for level in range(levels - 1):
            self._validate_step(level)

    def _validate_graph(self, level: int) -> None:
        nodes = range(self.num_nodes[level])
        if any(i not in nodes or j not in nodes or i == j for i, j in self.edges[level]) or self.centers[level] not in nodes:
            raise ValueError(f'level {level}: an edge or the centre names a node outside 0 to {len(nodes) - 1}, or an edge is a loop')
        if not np.isfinite(self.distances(level)).all():
            raise ValueError(f'level {level} is not connected: edges {self.edges[level]}')

    def _validate_step(self, level: int) -> None:
        fine, coarse, kept = self.num_nodes[level], self.num_nodes[level + 1], self.kept[level]
        if coarse >= fine:
            raise ValueError(f'level {level + 1} has {coarse} nodes, no fewer than the {fine} of level {level}')
        if len(kept) != coarse or len(set(kept)) != coarse or not set(kept) <= set(range(fine)):
            raise ValueError(f'kept[{level}] must name {coarse} different nodes among 0 to {fine - 1}, got {kept}')
        if set(self.sources[level]) != set(range(fine)) - set(kept):
            raise ValueError(f'sources[{level}] must name exactly the nodes that are not kept, got {sorted(self.sources[level])}')
        for node, sources in self.sources[level].items():
            if not sources or len(set(sources)) != len(sources) or not set(sources) <= set(range(coarse)):
                raise ValueError(f'sources[{level}]: node {node} needs different nodes among 0 to {coarse - 1}, got {sources}')


NTU25 = GraphPyramid(
    num_nodes=(25, 11, 5, 1),
    edges=(((0, 1), (1, 20), (2, 20), (2, 3), (4, 20), (4, 5), (5, 6), (6, 7), (8, 20), (8, 9), (9, 10), (10, 11), (0, 12), (12, 13),
            (13, 14), (14, 15), (0, 16), (16, 17), (17, 18), (18, 19), (7, 21), (7, 22), (11, 23), (11, 24)),
           ((0, 10), (0, 6), (0, 8), (1, 10), (2, 10), (2, 3), (4, 10), (4, 5), (6, 7), (8, 9)),
           ((0, 4), (1, 4), (2, 4), (3, 4), (2, 3)), ()),
    centers=(20, 10, 4, 0),
    kept=((0, 2, 5, 7, 9, 11, 13, 14, 17, 18, 20), (2, 4, 6, 8, 10), (4, )),
    sources=({1: (0, 10), 3: (1, ), 4: (2, 10), 6: (2, 3), 8: (4, 10), 10: (4, 5), 12: (0, 6), 15: (7, ), 16: (0, 8), 19: (9, ),
              21: (3, ), 22: (3, ), 23: (5, ), 24: (5, )},
             {0: (2, 3, 4), 1: (4, ), 3: (0, ), 5: (1, ), 7: (2, ), 9: (3, )},
             {0: (0, ), 1: (0, ), 2: (0, ), 3: (0, )}))
"""Kinetic-GAN's pyramid for NTU RGB+D, as published; its third level joins the two knees, which makes it no tree."""

H36M16 = GraphPyramid(
    num_nodes=(16, 7, 2, 1),
    edges=(((0, 1), (1, 2), (2, 3), (0, 4), (4, 5), (5, 6), (0, 7), (7, 8), (8, 9), (8, 10), (10, 11), (11, 12), (8, 13), (13, 14),
            (14, 15)),
           ((0, 1), (0, 2), (0, 3), (3, 4), (3, 5), (3, 6)), ((0, 1), ), ()),
    centers=(8, 3, 1, 0),
    kept=((0, 2, 5, 8, 9, 11, 14), (0, 3), (1, )),
    sources=({1: (0, 1), 3: (1, ), 4: (0, 2), 6: (2, ), 7: (0, 3), 10: (3, 5), 12: (5, ), 13: (3, 6), 15: (6, )},
             {1: (0, ), 2: (0, ), 4: (1, ), 5: (1, ), 6: (1, )},
             {0: (0, )}))
"""Kinetic-GAN's pyramid for Human3.6M, as published."""

PUBLISHED = {'ntu25': NTU25, 'h36m16': H36M16}


def graph_pyramid(skeleton: Union[str, Skeleton]) -> GraphPyramid:
    """The pyramid of a layout: the published one for ``ntu25`` and ``h36m16``, else :func:`automatic_pyramid`.

    Raises:
        ValueError: an unknown layout name.
    """
    skeleton = get_skeleton(skeleton)
    published = skeleton.name in PUBLISHED and skeleton == get_skeleton(skeleton.name)
    return PUBLISHED[skeleton.name] if published else automatic_pyramid(skeleton)


def automatic_pyramid(skeleton: Union[str, Skeleton], num_levels: int = 4) -> GraphPyramid:
    """A pyramid of ``num_levels`` levels for any skeleton, symmetric wherever the skeleton is.

    Seen from the skeleton's centre, a node's height is the length of the longest way down to a tip. Each step removes the nodes of even
    height (the tips first, then every second bone up each limb) and keeps the centre; the last step keeps the centre alone. Cut ends are
    joined to the nearest kept node above, and a removed node returns as the mean of the kept nodes nearest to it through the tree. On
    ``ntu25`` this gives 25, 11, 5 and 1 nodes, as the published table has.

    Raises:
        ValueError: fewer keypoints than levels, fewer than 2 levels, or an unknown layout name.
    """
    skeleton = get_skeleton(skeleton)
    if not 2 <= num_levels <= skeleton.num_joints:
        raise ValueError(f'num_levels must be 2 to {skeleton.num_joints}, the keypoints of {skeleton.name}; got {num_levels}')
    trees, kept = [_hang(skeleton.distances(), skeleton.center)], []
    for rest in range(num_levels - 2, -1, -1):
        nodes = _survivors(trees[-1], at_least=rest + 1) if rest else [trees[-1].index(-1)]
        kept.append(nodes)
        trees.append(_contract(trees[-1], nodes))
    return GraphPyramid(
        num_nodes=tuple(len(tree) for tree in trees),
        edges=tuple(_edges(tree) for tree in trees),
        centers=tuple(tree.index(-1) for tree in trees),
        kept=tuple(map(tuple, kept)),
        sources=tuple(_nearest(tree, nodes) for tree, nodes in zip(trees, kept)))


def _hang(hops: np.ndarray, center: int) -> List[int]:
    """Parents of the tree with these ``(V, V)`` distances, hung from its centre (−1)."""
    nodes = range(len(hops))
    return [-1 if v == center else next(u for u in nodes if hops[u, v] == 1 and hops[center, u] < hops[center, v]) for v in nodes]


def _edges(parents: Sequence[int]) -> Edges:
    return tuple((min(v, parent), max(v, parent)) for v, parent in enumerate(parents) if parent >= 0)


def _survivors(parents: Sequence[int], at_least: int) -> List[int]:
    """Nodes of odd height and the centre; if fewer than ``at_least``, the highest of the others too (lower index first)."""
    heights = [0] * len(parents)
    for node in range(len(parents)):
        for height, ancestor in enumerate(ancestors(parents, node)):
            heights[ancestor] = max(heights[ancestor], height)
    order = sorted(range(len(parents)), key=lambda node: (parents[node] >= 0, heights[node] % 2 == 0, -heights[node], node))
    odd = sum(height % 2 for node, height in enumerate(heights) if parents[node] >= 0) + 1
    return sorted(order[:max(odd, at_least)])


def _contract(parents: Sequence[int], kept: Sequence[int]) -> List[int]:
    """Parents of the kept nodes among themselves: the nearest kept ancestor."""
    above = [[kept.index(node) for node in ancestors(parents, child)[1:] if node in kept] for child in kept]
    return [line[0] if line else -1 for line in above]


def _nearest(parents: Sequence[int], kept: Sequence[int]) -> Dict[int, Tuple[int, ...]]:
    """For every node not kept: the positions in ``kept`` of those at the least distance."""
    lines = [set(ancestors(parents, node)) for node in range(len(parents))]
    sources = {}
    for node in set(range(len(parents))) - set(kept):
        hops = [len(lines[node] ^ lines[other]) for other in kept]
        sources[node] = tuple(i for i, hop in enumerate(hops) if hop == min(hops))
    return dict(sorted(sources.items()))
