"""Layouts as plain dicts, in our own form, in MMPose's, or as a YAML file of either.

V keypoints. Every form leads to one :class:`Skeleton`; :func:`skeleton_to_dict` is the way back, into files and checkpoints.
"""

import logging
import re
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np
import yaml

from .skeleton import Skeleton

YAML_SUFFIXES = ('.yaml', '.yml')
OWN_KEYS = ('name', 'joint_names', 'keypoints', 'parents', 'edges', 'pairs', 'sides', 'root', 'center')
ROOT_NAMES = ('root', 'pelvis', 'hip', 'hips', 'midhip', 'hipcenter', 'centerhip', 'spinebase')
"""Names of keypoints that are taken for a root, spelt without ``_``, ``-``, spaces and capitals; earlier ones first."""
FORMS = ("a layout is a dict of name, joint_names, and parents (indices or names, -1 at the root) or edges (pairs), with pairs "
         "[[left, right], …], root and center where wanted; or MMPose's metainfo (keypoint_info, skeleton_info)")
_LEFT = re.compile(r'(?<![A-Za-z])(?:left|Left|LEFT|[lL])|(?<=[a-z])(?:Left|L)(?![a-z])')
_RIGHT = {'left': 'right', 'Left': 'Right', 'LEFT': 'RIGHT', 'l': 'r', 'L': 'R'}


def skeleton_from_dict(content: Mapping) -> Skeleton:
    """A layout of its definition.

    Args:
        content: in our form: ``name``; ``joint_names`` (or ``keypoints``), V names in storage order; ``parents``, V indices or names
            with ``-1``, ``None`` or ``''`` at the root, or ``edges``, pairs of indices or names, of which a tree is made as
            :func:`spanning_tree` says; and, where wanted, ``pairs`` (or ``sides``), ``(left, right)`` indices or names (default: those
            that differ in left and right, see :func:`pairs_by_name`), ``root`` (of ``edges``) and ``center`` (default: the root).
            In MMPose's form: ``dataset_name``, ``keypoint_info`` with ``name``, ``id`` and ``swap``, ``skeleton_info`` with ``link``;
            or what MMPose makes of it (``keypoint_id2name``, ``skeleton_links``, ``flip_indices``). ``name``, ``pairs``, ``root`` and
            ``center`` may stand beside it and go first.

    Raises:
        ValueError: naming the layout, what is wrong with it, and what is accepted.
    """
    if not isinstance(content, Mapping):
        raise ValueError(f'{FORMS}; got {type(content).__name__}')
    if 'keypoint_info' in content or 'keypoint_id2name' in content:
        content = _from_mmpose(content)
    name = content.get('name')
    if not isinstance(name, str) or not name or name.endswith(YAML_SUFFIXES):
        raise ValueError(f'a layout needs a name, which does not end in .yaml or .yml; got {name!r}. {FORMS}')
    return _Definition(name, content).skeleton()


def skeleton_from_yaml(path) -> Skeleton:
    """A layout of a YAML file in any form of :func:`skeleton_from_dict`; its ``name`` is that of the file if it says none.

    Raises:
        ValueError: no such file, no YAML, or no layout; the message names the file.
    """
    path = Path(path)
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
        if isinstance(content, dict) and 'name' not in content and 'dataset_name' not in content:
            content = dict(content, name=path.stem)
        return skeleton_from_dict(content)
    except FileNotFoundError:
        raise ValueError(f'{path}: no such layout file') from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f'{path}: no readable YAML file ({error})') from error
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from error


def skeleton_to_dict(skeleton: Skeleton) -> Dict:
    """The definition in plain containers, which :func:`skeleton_from_dict` reads back as the same layout."""
    return dict(
        name=skeleton.name,
        joint_names=list(skeleton.joint_names),
        parents=list(skeleton.parents),
        pairs=[list(pair) for pair in skeleton.pairs],
        center=skeleton.center)


class _Definition:
    """One dict in our form, on its way to a skeleton."""

    def __init__(self, name: str, content: Mapping) -> None:
        self.name = name
        self.content = content = {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in content.items()}
        unknown = [key for key in content if key not in OWN_KEYS]
        if unknown:
            raise self.error(f'unknown keys {unknown}')
        for one, other in (('joint_names', 'keypoints'), ('parents', 'edges'), ('pairs', 'sides')):
            if content.get(one) is not None and content.get(other) is not None:
                raise self.error(f'{one} and {other} are both given: one of them says it all')
        self.joints = self.joint_names()

    def error(self, reason: str) -> ValueError:
        return ValueError(f'layout {self.name!r}: {reason}. {FORMS}')

    def skeleton(self) -> Skeleton:
        pairs = self.pairs()
        parents = self.parents(pairs)
        root = parents.index(-1) if -1 in parents else 0
        center = self.content.get('center')
        return Skeleton(self.name, self.joints, tuple(parents), pairs, root if center is None else self.index(center, 'center'))

    def joint_names(self) -> Tuple[str, ...]:
        names = self.content.get('joint_names', self.content.get('keypoints'))
        if not _is_list(names) or not names or not all(isinstance(name, str) and name for name in names):
            raise self.error(f'joint_names must list the names of its keypoints, got {names!r}')
        repeated = sorted({name for name in names if list(names).count(name) > 1})
        if repeated:
            raise self.error(f'joint_names repeats {", ".join(repeated)}')
        return tuple(names)

    def index(self, joint, where: str) -> int:
        """The index of a keypoint that is given by index or by name."""
        if isinstance(joint, str) and joint in self.joints:
            return self.joints.index(joint)
        if _is_index(joint) and 0 <= joint < len(self.joints):
            return int(joint)
        raise self.error(f'{where} names {joint!r}; its keypoints are 0 to {len(self.joints) - 1}: {", ".join(self.joints)}')

    def couples(self, key: str) -> List[Tuple[int, int]]:
        """The pairs of different keypoints under a key, as indices."""
        couples = self.content[key]
        if not _is_list(couples) or not all(_is_list(couple) and len(couple) == 2 for couple in couples):
            raise self.error(f'{key} must be a list of pairs of keypoints, got {couples!r}')
        couples = [tuple(self.index(joint, key) for joint in couple) for couple in couples]
        for one, other in couples:
            if one == other:
                raise self.error(f'{key} pairs {self.joints[one]} with itself')
        return couples

    def pairs(self) -> Tuple[Tuple[str, str], ...]:
        key = next((key for key in ('pairs', 'sides') if self.content.get(key) is not None), None)
        if key is not None:
            return tuple((self.joints[left], self.joints[right]) for left, right in self.couples(key))
        found = pairs_by_name(self.joints)
        if not found:
            _log(
                logging.WARNING, f'layout {self.name!r}: no pairs are given, and no two names differ in left and right: nothing is swapped '
                'when a clip is mirrored, all is drawn in one colour. Give pairs=[[left, right], …], or pairs=[] where there are no sides')
        return found

    def parents(self, pairs: Sequence[Tuple[str, str]]) -> List[int]:
        root = self.content.get('root')
        root = None if root is None else self.index(root, 'root')
        if self.content.get('edges') is not None:
            return self.tree(self.couples('edges'), root, pairs)
        parents = self.content.get('parents')
        if not _is_list(parents) or len(parents) != len(self.joints):
            given = f'{len(parents)} entries' if _is_list(parents) else repr(parents)
            raise self.error(f'parents must have one entry for each of the {len(self.joints)} keypoints (or give edges), got {given}')
        parents = [-1 if _is_none(parent) else self.index(parent, 'parents') for parent in parents]
        if root is not None and parents[root] != -1:
            raise self.error(f'root is {self.joints[root]}, which has a parent')
        return parents

    def tree(self, edges: Sequence[Tuple[int, int]], root: Optional[int], pairs: Sequence[Tuple[str, str]]) -> List[int]:
        sides = ['middle'] * len(self.joints)
        for left, right in pairs:
            sides[self.joints.index(left)], sides[self.joints.index(right)] = 'left', 'right'
        hops = [_hops(edges, joint, len(self.joints)) for joint in range(len(self.joints))]
        alone = [name for name, hop in zip(self.joints, hops[root or 0]) if hop is None]
        if alone:
            raise self.error(f'no way leads from {self.joints[root or 0]} to {", ".join(alone)}: add edges, or leave those keypoints out')
        root = _chosen_root(self.joints, sides, hops) if root is None else root
        parents = spanning_tree(edges, root, sides)
        kept = {frozenset((joint, parent)) for joint, parent in enumerate(parents)}
        dropped = dict.fromkeys(f'{self.joints[a]}–{self.joints[b]}' for a, b in edges if frozenset((a, b)) not in kept)
        if dropped:
            _log(logging.INFO, f'layout {self.name!r}: a tree from {self.joints[root]} is made of its edges, without {", ".join(dropped)}')
        return parents


def spanning_tree(edges: Sequence[Tuple[int, int]], root: int, sides: Sequence[str]) -> List[int]:
    """Parents of the tree that edges, which may close circles, give from a root.

    Every keypoint hangs from a neighbour that is one edge nearer to the root; of several, from one of its own side, else from one in the
    middle, else from the one whose edge is listed first. So the tree is the same each time and as symmetric as the edges are.

    Args:
        edges: pairs of indices, in either direction; from the root a way leads to all.
        root: index of the root.
        sides: V of ``'left'``, ``'right'``, ``'middle'``.

    Returns:
        list[int]: V parent indices, -1 at the root.
    """
    hops = _hops(edges, root, len(sides))
    parents = [-1] * len(sides)
    for joint in range(len(sides)):
        near = [other for a, b in edges for other, end in ((a, b), (b, a)) if end == joint and hops[other] == hops[joint] - 1]
        if joint != root:
            parents[joint] = min(near, key=lambda other: (sides[other] != sides[joint], sides[other] != 'middle'))
    return parents


def pairs_by_name(names: Sequence[str]) -> Tuple[Tuple[str, str], ...]:
    """``(left, right)`` of the names that differ in that word, or in a leading or separate L and R, and in nothing else.

    ``left_hand`` and ``right_hand``, ``LHip`` and ``RHip``, ``paw_l`` and ``paw_r``, ``HandLeft`` and ``HandRight`` are such.
    """
    pairs = []
    for name in names:
        for match in _LEFT.finditer(name):
            other = name[:match.start()] + _RIGHT[match.group()] + name[match.end():]
            if other in names and (name, other) not in pairs:
                pairs.append((name, other))
    return tuple(pairs)


def _chosen_root(names: Sequence[str], sides: Sequence[str], hops: Sequence[Sequence[int]]) -> int:
    """A keypoint with a root's name; else the one of the middle (or of all, if there is no middle) that is nearest to its farthest."""
    plain = [re.sub(r'[^a-z0-9]', '', name.lower()) for name in names]
    named = [plain.index(name) for name in ROOT_NAMES if name in plain]
    middle = [joint for joint, side in enumerate(sides) if side == 'middle']
    return named[0] if named else min(middle or range(len(names)), key=lambda joint: max(hops[joint]))


def _hops(edges: Sequence[Tuple[int, int]], start: int, num_joints: int) -> List[Optional[int]]:
    """Numbers of edges from ``start`` to each keypoint; ``None`` where there is no way."""
    hops: List[Optional[int]] = [None] * num_joints
    hops[start], front = 0, {start}
    while front:
        reached = {end for a, b in edges for begin, end in ((a, b), (b, a)) if begin in front and hops[end] is None}
        for joint in reached:
            hops[joint] = hops[min(front)] + 1
        front = reached
    return hops


def _from_mmpose(content: Mapping) -> Dict:
    """MMPose's metainfo in our form."""
    name = content.get('name', content.get('dataset_name'))
    read = _keypoint_info if 'keypoint_info' in content else _parsed_info
    try:
        found = read(content)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ValueError(f"layout {name!r}: not MMPose's metainfo ({type(error).__name__}: {error}). {FORMS}") from error
    given = {key: content[key] for key in ('pairs', 'root', 'center') if content.get(key) is not None}
    return {**found, **given, 'name': name}


def _keypoint_info(content: Mapping) -> Dict:
    entries = {int(info.get('id', key)): info for key, info in _items(content['keypoint_info'])}
    if sorted(entries) != list(range(len(entries))) or len(entries) != len(content['keypoint_info']):
        raise ValueError(f'the ids of keypoint_info must be 0 to {len(content["keypoint_info"]) - 1}, each once')
    names = [entries[index]['name'] for index in range(len(entries))]
    swaps = {entries[index]['name']: entries[index].get('swap') or None for index in range(len(entries))}
    links = [list(info['link']) for _, info in sorted(_items(content['skeleton_info']), key=lambda item: int(item[1].get('id', item[0])))]
    return dict(joint_names=names, edges=links, pairs=_swapped(swaps))


def _parsed_info(content: Mapping) -> Dict:
    entries = {int(key): name for key, name in _items(content['keypoint_id2name'])}
    names = [entries[index] for index in range(len(entries))]
    flip = content.get('flip_indices') or range(len(names))
    swaps = {name: names[other] if names[other] != name else None for name, other in zip(names, flip)}
    return dict(joint_names=names, edges=[list(link) for link in content['skeleton_links']], pairs=_swapped(swaps))


def _swapped(swaps: Mapping[str, Optional[str]]) -> Optional[List[List[str]]]:
    """``[left, right]`` of keypoints that swap places, or ``None``; which is left is told by their names, else it is the first."""
    one_way = [f'{name} with {other}' for name, other in swaps.items() if other is not None and swaps.get(other) != name]
    if one_way:
        raise ValueError(f'swaps go one way only: {", ".join(one_way)}')
    couples = {frozenset((name, other)): (name, other) for name, other in reversed(swaps.items()) if other is not None}
    return [list((pairs_by_name(couple) or (couple, ))[0]) for couple in reversed(couples.values())] or None


def _log(level: int, message: str) -> None:
    from mmengine.logging import print_log  # brings torch, which nothing else here needs
    print_log(message, logger='current', level=level)


def _items(table) -> List[Tuple]:
    return list(table.items()) if isinstance(table, Mapping) else list(enumerate(table))


def _is_list(value) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _is_index(value) -> bool:
    return hasattr(value, '__index__') and not isinstance(value, bool)


def _is_none(parent) -> bool:
    return parent is None or (isinstance(parent, str) and parent == '') or (_is_index(parent) and parent == -1)
