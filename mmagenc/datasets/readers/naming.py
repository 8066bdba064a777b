"""Layouts of files that name their own body parts: which known layout they are, or what layout they make.

V keypoints.
"""

import re
import zlib
from pathlib import Path
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import yaml

from mmagenc.skeletons import SKELETONS, Skeleton, get_skeleton, register_skeleton
from mmagenc.skeletons.without import tree_of
from mmagenc.skeletons.xsens23 import SEGMENTS

_SIDES = {'left': 'left', 'l': 'left', 'lt': 'left', 'right': 'right', 'r': 'right', 'rt': 'right'}
_SHORT = {'sho': 'shoulder', 'elb': 'elbow', 'wr': 'wrist', 'wri': 'wrist', 'kne': 'knee', 'ank': 'ankle'}
"""As in the names that OpenCV's and other programs give OpenPose's keypoints: ``R-Sho``, ``L-Ank``."""
_SYNONYMS = {'knees': 'knee', 'ankles': 'ankle', 'hips': 'hip', 'hand': 'wrist', 'foot': 'ankle', 'forehead': 'head', 'heel': 'heel'}
"""Parts that estimators and people call by another name; tried only where the names as they are fit no layout."""
_PARTS = (*_SHORT, 'eye', 'ear', 'shoulder', 'elbow', 'wrist', 'hand', 'hip', 'knee', 'ankle', 'heel', 'foot', 'toe', 'bigtoe', 'smalltoe')
"""What may stand behind a side without anything between: ``Lwrist``, ``rknee``, ``leftankle``."""
_JOINED = re.compile(rf'^(left|right|l|r)((?:{"|".join(_PARTS)})s?)$')
PREFERRED = ('coco17', 'penn13', 'h36m17', 'smpl24', 'ntu25', 'ucla20', 'body25', 'halpe26', 'coco133_body', 'blazepose33', 'openpose18')
"""Layouts in the order in which names are looked up."""

LONGEST_NAME = 80
"""Letters of a layout's name that lists its keypoints; a longer one says how many there are."""


class Naming(NamedTuple):
    """What :func:`layout_of_names` gives.

    Args:
        skeleton: the layout.
        order: for each of its V keypoints the index of the file's column.
        unused: names of the file that the layout has not.
        note: how the layout was found, in words.
    """
    skeleton: Skeleton
    order: List[int]
    unused: List[str]
    note: str


def spelling(name: str) -> str:
    """One spelling of ``LeftWrist``, ``left wrist``, ``wrist_L``, ``l_wrist``, ``LWrist``, ``Lwrist`` and ``L-Wr``: ``left_wrist``."""
    words = [word.lower() for word in re.findall(r'[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+', re.sub(r'^([LR])(?=[A-Z][a-z])', r'\1 ', name))]
    words = ' '.join(_JOINED.sub(r'\1 \2', word) for word in words).split()
    sides = [_SIDES[word] for word in words if word in _SIDES]
    rest = [_SHORT.get(word, word) for word in words if word not in _SIDES]
    return '_'.join([*sides[:1], *rest]) or name


def layout_of_names(names: Sequence[str], *, layout: Optional[str] = None, table: Optional[Mapping[str, str]] = None,
                    edges: Sequence[Tuple[str, str]] = ()) -> Naming:
    """The layout that a file's own names of body parts make.

    In this order: ``layout`` with ``table``; a layout that has these very names in this order; Xsens' segments, however they are spelt; the
    largest known layout whose keypoints are all among the names, spelt anyhow; the known layout that has most of the names (all of
    at least five, or nine), without the keypoints that are missing, whose children hang from their parents; the file's own ``edges``.

    Args:
        names: of the file's columns, in order.
        layout: a name or YAML file, if the user says which.
        table: the file's name for a layout's keypoint.
        edges: pairs of names that the file connects.

    Raises:
        ValueError: keypoints of ``layout`` that no name stands for, names that the table lacks, or names that make no layout; the message
            lists them and says how to name them.
    """
    repeated = sorted({name for name in names if list(names).count(name) > 1})
    if repeated:
        raise ValueError(f'body parts repeat: {", ".join(repeated)}')
    spelt = {spelling(name): index for index, name in reversed(list(enumerate(names)))}
    if layout is not None:
        return _as_told(names, spelt, get_skeleton(layout), table or {})
    same = next((candidate for candidate in map(SKELETONS.get, list(SKELETONS)) if list(candidate.joint_names) == list(names)), None)
    if same is not None:
        return _named(same, list(range(len(names))), names, f'layout {same.name} by its names')
    letters = {re.sub(r'[\W_]', '', name).lower(): index for index, name in reversed(list(enumerate(names)))}
    if all(segment.lower() in letters for segment in SEGMENTS):  # called by their bones, not by the joints at which these begin
        return _named(get_skeleton('xsens23'), [letters[segment.lower()] for segment in SEGMENTS], names, "layout xsens23 by MVN's names")
    for swap in ({}, _SYNONYMS):
        columns = {'_'.join(swap.get(word, word) for word in name.split('_')): index for name, index in spelt.items()}
        found = [(candidate, {joint: columns[spelling(joint)] for joint in candidate.joint_names if spelling(joint) in columns})
                 for candidate in (SKELETONS[name] for name in PREFERRED)]
        whole = [(candidate, places) for candidate, places in found if len(places) == candidate.num_joints]
        if whole:
            candidate, places = max(whole, key=lambda item: len(item[1]))
            return _named(candidate, list(places.values()), names, f'layout {candidate.name} by its names')
        candidate, places = max(found, key=lambda item: len(item[1]))
        if len(places) == len(names) > 4 or len(places) > 8:
            part = part_of(candidate, list(places))
            return _named(part, list(places.values()), names, f'{len(places)} of the {candidate.num_joints} keypoints of {candidate.name}')
    if edges:
        skeleton = register_skeleton(dict(name=f'parts{len(names)}', joint_names=list(names), edges=[list(edge) for edge in edges]))
        return Naming(skeleton, list(range(len(names))), [], 'layout of the skeleton in the file')
    raise ValueError(f'no known layout has the body parts {", ".join(names)}: name the parts of one in a table, as '
                     '--layout coco17 --joint-names FILE.yml with lines "nose: snout", or give their own layout, --layout FILE.yml '
                     '(docs/layouts.md)')


def _as_told(names: Sequence[str], spelt: Mapping[str, int], skeleton: Skeleton, table: Mapping[str, str]) -> Naming:
    for given, known, whose in ((list(table), skeleton.joint_names, f'layout {skeleton.name}'), (list(table.values()), names, 'the file')):
        unknown = [name for name in given if name not in known]
        if unknown:
            raise ValueError(f'the table of names has {", ".join(unknown)}; {whose} has {", ".join(known)}')
    places = {joint: list(names).index(table[joint]) if joint in table else spelt.get(spelling(joint)) for joint in skeleton.joint_names}
    missing = [joint for joint, place in places.items() if place is None]
    if missing:
        raise ValueError(f'layout {skeleton.name}: nothing in the file stands for {", ".join(missing)}; the file has {", ".join(names)}. '
                         '--joint-names FILE.yml names them, a line a keypoint: "nose: snout"')
    return _named(skeleton, list(places.values()), names, f'layout {skeleton.name}')


def _named(skeleton: Skeleton, order: List[int], names: Sequence[str], note: str) -> Naming:
    unused = [name for index, name in enumerate(names) if index not in order]
    return Naming(skeleton, order, unused, note + (f', without {", ".join(unused)}' if unused else ''))


def part_of(skeleton: Skeleton, joints: Sequence[str]) -> Skeleton:
    """A layout without some of its keypoints, named by what is left of which: their children hang from their nearest ancestor that stays.

    Of several parts without a common ancestor the first is the root, on which the others hang.
    """
    kept = [skeleton.joint_names.index(joint) for joint in joints]
    parents, pairs = tree_of(skeleton, kept)
    missing = [name for name in skeleton.joint_names if name not in joints]
    name = f'{skeleton.name}-without-{"-".join(missing)}' if len(missing) <= 4 else f'{skeleton.name}-{"-".join(joints)}'
    if len(name) > LONGEST_NAME:
        name = f'{skeleton.name}-{len(joints)}-of-{skeleton.num_joints}-{zlib.crc32(name.encode()):08x}'
    return register_skeleton(dict(name=name, joint_names=list(joints), parents=parents, pairs=pairs,
                                  center=parents.index(-1)))


def read_joint_names(path) -> Dict[str, str]:
    """A table of a layout's keypoints and a file's names for them: YAML ``keypoint: name``, a line each.

    Raises:
        ValueError: no such file, or none of that form.
    """
    path = Path(path)
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f'{path}: no readable YAML file ({error})') from error
    if not isinstance(content, dict) or not content or not all(isinstance(key, str) for key in content):
        raise ValueError(f'{path}: expected lines "keypoint: name in the file"')
    return {key: str(value) for key, value in content.items()}
