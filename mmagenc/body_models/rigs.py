"""Rigs: what the joints of recordings are called, and which of SMPL's joints they are.

Recordings name joints with the prefixes and suffixes of the program that wrote them (``mixamorig:Hips``, ``Armature|Hips``, ``Hips #0``,
``Bip01 L Thigh``). Names are compared without these, without case, and without the characters that separate words.
"""

import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from os.path import commonprefix
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Sequence, Tuple, Union

import torch
import yaml
from torch import Tensor

from mmagenc.skeletons import get_skeleton

from .orientation import AXES, upright

RIG_FOLDER = Path(__file__).parent / 'assets' / 'rigs'
UNITS = {'m': 1., 'cm': 0.01, 'mm': 0.001, 'inch': 0.0254, 'ft': 0.3048, 'yd': 0.9144}
RESTS = ('tpose', 'smpl')
SIDES = ('left_', 'right_')
REQUIRED = ('pelvis', ) + tuple(side + joint for joint in ('hip', 'knee', 'ankle', 'shoulder', 'elbow', 'wrist') for side in SIDES)
_DIRECTIONS = {'left': (1, 0, 0), 'right': (-1, 0, 0), 'up': (0, 1, 0), 'down': (0, -1, 0), 'forward': (0, 0, 1), 'backward': (0, 0, -1)}
_SMPL = get_skeleton('smpl24')
_KEYS = {'joints', 'axes', 'rest', 'unit', 'up', 'forward'}
_COLLARS = {_SMPL.joint_names.index(side + 'collar') for side in SIDES}
_LIMBS = (('hip', 'knee'), ('knee', 'ankle'), ('shoulder', 'elbow'), ('elbow', 'wrist'))
_HOLDS = 0.7  # Mean cosine between the bones of a recording and where a rig's axes have them.
_ARM = ('collar', 'shoulder', 'elbow', 'wrist', 'hand')
_CLAVICLE, _HAND, _FOREARM = 0.9, 0.75, (0.7, 1.25)
"""In lengths of the upper arm: what no clavicle is longer than, what a hand is shorter than (in lengths of the forearm), and forearms."""
_SHOWN = 40  # Joints of a recording that a message lists.
_MIDDLE = {
    'pelvis': ('pelvis', 'hips', 'hip', 'lowertorso', 'midhip', 'root'),
    'spine1': ('spine', 'spine1', 'spine01', 'lowerspine', 'abdomen', 'lumbar', 'waist', 'stomach', 'l5'),
    'spine2': ('spine2', 'spine02', 'middlespine', 't12'),
    'spine3': ('upperchest', 'chest', 'thorax', 'torso', 'uppertorso', 'trunk', 'upperspine', 'spine4', 'spine3', 'spine03',
               't8'),
    'neck': ('neck', 'neck1', 'neck01', 'lowerneck'),
    'head': ('head', ),
}
_PAIRED = {
    'collar': ('clavicle', 'collar', 'scapula'),
    'shoulder': ('upperarm', 'uparm', 'uarm', 'humerus', 'arm'),
    'elbow': ('forearm', 'lowerarm', 'lowarm', 'farm', 'larm', 'radius', 'ulna', 'elbow'),
    'wrist': ('wrist', 'hand'),
    'hand': ('hand', 'middle1', 'handmiddle1', 'mid1'),
    'hip': ('thigh', 'upleg', 'upperleg', 'uleg', 'femur', 'hip', 'leg'),
    'knee': ('shin', 'shank', 'calf', 'lowleg', 'lowerleg', 'lleg', 'tibia', 'knee', 'leg'),
    'ankle': ('ankle', 'talus', 'foot'),
    'foot': ('toebase', 'toes', 'toe', 'toe0', 'ball', 'foot'),
}
"""Words of many programs, of which a recording may mix some, in their order: a leg is the shin below a thigh, the thigh above a shin."""


@dataclass(frozen=True)
class Rig:
    """What a recording's joints are called and how they stand.

    Args:
        name: name of the rig, for messages.
        joints: SMPL joint name to the rig's names for it, of which the first that a recording has is taken.
        axes: SMPL joint name to what the recorded joint's own x, y and z axes point at (``left``, ``right``, ``up``, ``down``, ``forward``,
            ``backward`` of the person) when the body stands in SMPL's rest pose: arms out, palms down, looking along z.
        rest: ``'tpose'`` when all channels at zero show a person with arms out (or at an angle down) and ``axes`` can be taken from there;
            ``'smpl'`` when moreover the joints are SMPL's own, so that rotations are copied where that person stands as SMPL's rest pose
            does. Recordings whose zero pose is no person get their axes from the motion.
        unit: metres per unit of length, ``None`` to guess from the length of the legs; not used where it makes legs of no person.
        up: axis of the recording's world that points up: ``'y'``, ``'z'``, ``'-y'`` and so on; ``None`` to find it.
        forward: axis of the recording's world that becomes z; ``None``, which suits nearly all, for z (y up) or -y (z up).
    """
    name: str
    joints: Mapping[str, Tuple[str, ...]]
    axes: Mapping[str, Tuple[str, str, str]]
    rest: Optional[str] = None
    unit: Optional[float] = None
    up: Optional[str] = None
    forward: Optional[str] = None

    def find(self, names: Sequence[str]) -> Dict[int, int]:
        """SMPL joint index to index in ``names`` for all joints found.

        Raises:
            ValueError: a joint that the fit needs is not there, or two joints have the same name.
        """
        spellings = _spellings(names)
        found = {}
        for index, joint in enumerate(_SMPL.joint_names):
            for candidate in self.joints.get(joint, ()):
                places = _places(candidate, spellings)
                if len(places) > 1:
                    raise ValueError(f'rig {self.name}: {len(places)} joints of the recording are named {candidate!r} ({joint})')
                if places and places[0] not in found.values():
                    found[index] = places[0]
                    break
        missing = [joint for joint in REQUIRED if _SMPL.joint_names.index(joint) not in found]
        if missing:
            wanted = ', '.join(f'{joint} ({" or ".join(self.joints.get(joint, ())) or "not in the rig file"})' for joint in missing)
            raise ValueError(f'rig {self.name} does not fit: the recording lacks {wanted}; it has {listed(names)}')
        return found

    def joint_axes(self) -> Dict[int, Tensor]:
        """SMPL joint index to ``(3, 3)``, from the body's rest axes to the recorded joint's own, for the joints of ``axes``."""
        return {_SMPL.joint_names.index(joint): _frame(directions) for joint, directions in self.axes.items()}

    def axes_hold(self, names: Sequence[str], rest: Tensor) -> bool:
        """Whether arms and legs of a recording point where ``axes`` have them; no rig without ``axes``, or with ``rest``, is contradicted.

        Args:
            names: R joint names, among which all that the fit needs are found.
            rest: ``(R, 3)`` their positions with every channel at zero.
        """
        if not self.axes or self.rest:
            return True
        found, axes = self.find(names), self.joint_axes()
        cosines = []
        for side in SIDES:
            for start, stop in _LIMBS:
                joint, child = (_SMPL.joint_names.index(side + name) for name in (start, stop))
                bone = torch.as_tensor(rest[found[child]] - rest[found[joint]], dtype=torch.float64)
                if joint in axes and bone.norm() > 0:
                    points = 'down' if start in ('hip', 'knee') else side[:-1]
                    cosines.append(float(bone / bone.norm() @ axes[joint] @ _vector(points)))
        return not cosines or sum(cosines) / len(cosines) > _HOLDS


    def begins_at_upper_arm(self, names: Sequence[str], rest: Tensor) -> bool:
        """Whether what the rig has for the clavicle is the upper arm by the lengths of the bones: it is too long, the forearm only a hand.

        Args:
            names: R joint names, among which all that the fit needs are found.
            rest: ``(R, 3)`` their positions with every channel at zero.
        """
        clavicle, upper, fore = self._arm_bones(names, rest)
        return upper > 0 and clavicle > _CLAVICLE * upper and 0 < fore < _HAND * upper

    def arms_are_a_persons(self, names: Sequence[str], rest: Tensor) -> bool:
        """Whether forearms are as long as beside an upper arm; arguments as of :meth:`begins_at_upper_arm`."""
        _, upper, fore = self._arm_bones(names, rest)
        return upper > 0 and _FOREARM[0] < fore / upper < _FOREARM[1]

    def _arm_bones(self, names: Sequence[str], rest: Tensor) -> Tuple[float, float, float]:
        """Lengths of clavicle (0 where none is found), upper arm and forearm, of both sides together."""
        found, lengths = self.find(names), [0., 0., 0.]
        for side in SIDES:
            joints = [found.get(_SMPL.joint_names.index(side + joint)) for joint in _ARM[:4]]
            for place, (start, stop) in enumerate(zip(joints, joints[1:])):
                if start is not None:
                    lengths[place] += float(torch.as_tensor(rest[stop] - rest[start], dtype=torch.float64).norm())
        return lengths[0], lengths[1], lengths[2]

    def from_upper_arm(self) -> 'Rig':
        """The same rig for recordings in which the joint that it has for the clavicle is the upper arm: all of the arm one joint nearer."""
        nearer = {side + joint: side + before for side in SIDES for before, joint in zip(_ARM, _ARM[1:])}
        own = [side + joint for side in SIDES for joint in _ARM]
        joints, axes = ({**{joint: value for joint, value in mapping.items() if joint not in own},
                         **{joint: mapping[before] for joint, before in nearer.items() if before in mapping}}
                        for mapping in (self.joints, self.axes))
        return replace(self, name=f'{self.name} with its clavicle as upper arm', joints=joints, axes=axes)


def listed(names: Sequence[str]) -> str:
    """Joint names in a message, without End Sites and not without end."""
    names = [name for name in names if not name.endswith('_end')]
    return ', '.join(names[:_SHOWN]) + (f' and {len(names) - _SHOWN} more' if len(names) > _SHOWN else '')


def load_rig(rig: Union[str, Path]) -> Rig:
    """A shipped rig by name, or one from a YAML file by path.

    Raises:
        ValueError: no such rig, or a file that does not describe one.
    """
    if str(rig) in available_rigs():
        return _shipped(str(rig))
    path = Path(rig)
    if not path.is_file():
        raise ValueError(f'no rig {str(rig)!r}: neither a file nor one of {", ".join(available_rigs())}')
    return _read_rig(path)


@cache  # every recording whose rig is not named asks for all of them
def _shipped(name: str) -> Rig:
    return _read_rig(RIG_FOLDER / f'{name}.yml')


def _read_rig(path: Path) -> Rig:
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:  # ValueError: a date that is none, say
        raise ValueError(f'{path}: not YAML ({error})') from None
    if not isinstance(content, dict) or not isinstance(content.get('joints'), dict) or set(content) - _KEYS:
        raise ValueError(f'{path}: takes the keys {", ".join(sorted(_KEYS))}, of which joints maps SMPL joints to names')
    try:
        return _make_rig(path, content)
    except ValueError as error:
        raise ValueError(f'{path}: {str(error).removeprefix(f"{path}: ")}') from None


def available_rigs() -> List[str]:
    """Names of the shipped rigs."""
    return sorted(path.stem for path in RIG_FOLDER.glob('*.yml'))


def detect_rig(names: Sequence[str], rest: Optional[Tensor] = None) -> Rig:
    """The shipped rig that knows the most of a recording's joints.

    Where none fits, or one that finds no clavicles among names that have them, the words that programs have in common tell
    (``LeftThigh`` with ``LeftShank``). What one program calls the clavicle is another's upper arm (``LeftShoulder``): where the bones'
    lengths say so, the rig is brought to it (:meth:`Rig.from_upper_arm`).

    Args:
        names: R joint names.
        rest: ``(R, 3)`` positions with every channel at zero; a rig whose axes they contradict is not taken where another one fits.

    Raises:
        ValueError: none has all the joints that the fit needs.
    """
    fitting, nearest = [], []
    for name in available_rigs():
        rig = load_rig(name)
        try:
            fitting.append((len(rig.find(names)), rig))
        except ValueError as error:
            nearest.append((sum(bool(_places(candidate, _spellings(names))) for joint in REQUIRED
                                for candidate in rig.joints.get(joint, ())[:1]), str(error)))
    if not fitting and rest is not None:
        fitting = _fitting_from_upper_arm(names, rest)
    if not fitting:
        fitting = _fitting_by_words(names, rest)
    if not fitting:
        _refuse_twice(names)
        close = f' (nearest: {max(nearest)[1].split("; it has")[0]})' if max(nearest)[0] > len(REQUIRED) // 2 else ''
        raise ValueError(f'no shipped rig ({", ".join(available_rigs())}) fits the joints {listed(names)}{close}; '
                         'write a YAML file for it, docs/rigs.md says how')
    holding = [item for item in fitting if rest is None or item[1].axes_hold(names, rest)]
    rig = max(holding or fitting, key=lambda item: item[0])[1]
    if not _COLLARS & set(rig.find(names)):
        rig = next((other for _, other in _fitting_by_words(names, rest) if set(other.find(names)) >= _COLLARS), rig)
    return rig.from_upper_arm() if rest is not None and rig.begins_at_upper_arm(names, rest) else rig


def _fitting_from_upper_arm(names: Sequence[str], rest: Tensor) -> List[Tuple[int, Rig]]:
    """Rigs whose arms begin one joint nearer and fit so, by the bones' lengths too, each with how many joints it knows."""
    fitting = []
    for rig in (load_rig(name).from_upper_arm() for name in available_rigs()):
        try:
            found = rig.find(names)
        except ValueError:
            continue
        if rig.arms_are_a_persons(names, rest):
            fitting.append((len(found), rig))
    return fitting


def _fitting_by_words(names: Sequence[str], rest: Optional[Tensor]) -> List[Tuple[int, Rig]]:
    """Rigs of the words that programs have in common and that fit, each with how many joints it knows, the most first.

    A shoulder is the clavicle above an upper arm, and the upper arm above an elbow.
    """
    fitting = []
    for words in (dict(collar=(*_PAIRED['collar'], 'shoulder')), dict(shoulder=('shoulder', 'shldr'))):
        rig = _rig_of_words({**_PAIRED, **words})
        try:
            found = rig.find(names)
        except ValueError:
            continue
        if rest is None or rig.arms_are_a_persons(names, rest):
            fitting.append((len(found), rig))
    return sorted(fitting, key=lambda item: -item[0])


def _rig_of_words(paired: Mapping[str, Tuple[str, ...]]) -> Rig:
    joints = {joint: tuple(form.format(word) for word in words for form in ('{}', 'c{}', 'm{}', '{}c', '{}m'))
              for joint, words in _MIDDLE.items()}
    for side in SIDES:
        marks = (side[:-1], side[0])
        joints.update({side + joint: tuple(form for word in words for mark in marks for form in (mark + word, word + mark))
                       for joint, words in paired.items()})
    return Rig('of common names', joints, {}, rest='tpose')


def _refuse_twice(names: Sequence[str]) -> None:
    """Refuse joints that a rig fits but for some that are there twice: a file of several skeletons."""
    once = list({_short(name): name for name in reversed(names)}.values())
    if len(once) == len(names):
        return
    try:
        detect_rig(once)
    except ValueError:
        return
    twice = [name for name, count in Counter(map(_short, names)).items() if count > 1 and not name.endswith('_end')]
    raise ValueError(f'{len(twice)} joints are there more than once ({", ".join(twice[:3])}{", …" if len(twice) > 3 else ""}): '
                     'are there several skeletons in the file? Export one a file')


def parse_unit(unit: Union[str, float]) -> float:
    """Metres per unit from ``'m'``, ``'cm'``, ``'mm'``, ``'inch'``, ``'ft'``, ``'yd'`` or a positive number of metres.

    Raises:
        ValueError: none of these.
    """
    try:
        value = UNITS[unit] if isinstance(unit, str) and unit in UNITS else float(unit)
    except (ValueError, TypeError, OverflowError):
        value = 0.
    if not 0 < value < float('inf'):
        raise ValueError(f'unit must be {", ".join(UNITS)} or a positive number of metres, got {unit!r}')
    return value


def _make_rig(path: Path, content: dict) -> Rig:
    axes = content.get('axes') or {}
    if not isinstance(axes, dict):
        raise ValueError(f'{path}: axes maps SMPL joints to three directions, got {axes!r}')
    unknown = [joint for joint in (*content['joints'], *axes) if joint not in _SMPL.joint_names]
    if unknown:
        raise ValueError(f'{path}: {unknown[0]!r} is no SMPL joint; they are {", ".join(_SMPL.joint_names)}')
    for joint, directions in axes.items():
        if not isinstance(directions, list) or len(directions) != 3 or any(name not in _DIRECTIONS for name in directions):
            raise ValueError(f'{path}: axes of {joint} must be three of {", ".join(_DIRECTIONS)}, got {directions}')
        if torch.linalg.det(_frame(directions)) < 0.5:
            raise ValueError(f'{path}: axes of {joint} are no right-handed frame: {directions}')
    named = {joint: names if isinstance(names, list) else [names] for joint, names in content['joints'].items()}
    whole = {joint: bool(names) and all(isinstance(name, (str, int)) and name != '' for name in names) for joint, names in named.items()}
    nameless = [joint for joint in named if not whole[joint]]
    if nameless:
        raise ValueError(f'{nameless[0]} must have the name of a joint, or a list of such, got {content["joints"][nameless[0]]!r}')
    if content.get('rest') not in (None, *RESTS):
        raise ValueError(f'{path}: rest must be {" or ".join(RESTS)} or left out, got {content["rest"]!r}')
    joints = {joint: tuple(map(str, names)) for joint, names in named.items()}
    unit, up, forward = (content.get(key) for key in ('unit', 'up', 'forward'))
    if up is not None and up not in AXES:
        raise ValueError(f'{path}: up must be one of {", ".join(AXES)}, got {up!r}')
    rig = Rig(path.stem, joints, {joint: tuple(value) for joint, value in axes.items()}, content.get('rest'),
              None if unit is None else parse_unit(unit), up, forward)
    upright(up or 'y', forward)
    return rig


def _frame(directions: Sequence[str]) -> Tensor:
    """``(3, 3)`` matrix whose rows are the directions."""
    return torch.stack([_vector(name) for name in directions])


def _vector(direction: str) -> Tensor:
    return torch.tensor(_DIRECTIONS[direction], dtype=torch.float64)


def _spellings(names: Sequence[str]) -> Sequence[List[str]]:
    """Each name in ever freer spellings: in lower case without namespace; without number too; its letters and digits alone, without what
    most of the names begin or end with."""
    return _spelled(tuple(names))


@lru_cache(maxsize=16)  # all rigs ask for those of one recording
def _spelled(names: Tuple[str, ...]) -> Sequence[List[str]]:
    whole, short = [_whole(name) for name in names], [_short(name) for name in names]
    own = [name for name in short if not name.endswith('_end')]
    start, stop = (_common(own, step) for step in (1, -1))
    bare = [_letters(name.removeprefix(start).removesuffix(stop) or name) for name in short]
    return whole, short, bare


@lru_cache(maxsize=4096)
def _whole(name: str) -> str:
    """``Armature|mixamorig:Hips #0`` to ``hips #0``."""
    return re.split(r'[:|]', name)[-1].strip().lower()


@lru_cache(maxsize=4096)
def _short(name: str) -> str:
    """``Armature|mixamorig:Hips #0`` to ``hips``."""
    return re.sub(r'(\s*#\s*\d+|\.\d{3})$', '', _whole(name))


@lru_cache(maxsize=4096)
def _letters(name: str) -> str:
    # What stands before a name marks another joint (__UpLeg_L beside UpLeg_L), what stands within separates words.
    return re.sub(r'(?<=[^\W_])[\W_]+', '', name)


def _common(names: Sequence[str], step: int) -> str:
    """What at least four fifths of the names begin with (``step`` 1) or end with (-1), up to a character that separates words."""
    # Sorted, the names that begin alike stand together: the first and the last of a run tell for all between.
    turned, best = sorted(name[::step] for name in names), ''
    run = max(2, -(-len(names) * 4 // 5))
    for first, last in zip(turned, turned[run - 1:]):
        shared = re.match(r'.*[\W_\d]|', commonprefix([first, last]))[0]
        best = max(best, shared, key=len)
    return best[::step]


def _places(candidate: str, spellings: List[List[str]]) -> List[int]:
    """Where a rig's name stands among the names of a recording, in the strictest spelling that has it."""
    for names, wanted in zip(spellings, (_whole(candidate), _short(candidate), _letters(_short(candidate)))):
        places = [index for index, name in enumerate(names) if name == wanted]
        if places:
            return places
    return []
