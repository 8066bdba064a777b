"""SMPL poses from recorded motion of any rig, in closed form.

T frames, R joints of the rig, 24 joints of SMPL.

Root first, the world rotation of every SMPL joint is found from what the recording says about the bones that leave it:

- two or more directions (pelvis, chest): the rotation closest to all of them (Kabsch 1976). A left/right pair of children counts as one
  direction, from right to left, which does not depend on how wide or low the hips and shoulders of the two bodies are;
- one direction (limbs, spine, neck): the recorded joint's own rotation, carried over by a fixed change of axes, then turned the shortest
  way until the bone lies exactly along the recorded one. The recorded rotation says how the bone is twisted about itself, which positions
  cannot, and follows the recording without flips where a bending plane would lose its sense in a straight limb. Where the rig's axes are
  not known, the bone is turned the shortest way from where its parent alone would take it;
- none (head, hands, toes): the recorded joint's rotation, or none relative to the parent where the rig's axes are not known.

SMPL joints without a counterpart in the rig do not turn against their parents.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Sequence, Tuple, Union

import roma
import torch
import yaml
from torch import Tensor

from mmagenc.skeletons import get_skeleton

from .kinematics import forward_kinematics

RIG_FOLDER = Path(__file__).parent / 'assets' / 'rigs'
UNITS = {'m': 1., 'cm': 0.01, 'mm': 0.001, 'inch': 0.0254}
_DIRECTIONS = {'left': (1, 0, 0), 'right': (-1, 0, 0), 'up': (0, 1, 0), 'down': (0, -1, 0), 'forward': (0, 0, 1), 'backward': (0, 0, -1)}
_WORLD_AXES = {
    sign + axis: tuple(length if axis == other else 0 for other in 'xyz')
    for sign, length in (('', 1), ('-', -1)) for axis in 'xyz'
}
_SMPL = get_skeleton('smpl24')
_PARENTS = tuple(_SMPL.parents)
_SIDES = ('left_', 'right_')
_REQUIRED = ('pelvis', ) + tuple(side + joint for joint in ('hip', 'knee', 'ankle', 'shoulder', 'elbow', 'wrist') for side in _SIDES)
_LEG = ('hip', 'knee', 'ankle')
_FEET = [joint for joint, name in enumerate(_SMPL.joint_names) if name.endswith(('ankle', 'foot'))]
_KEYS = {'joints', 'axes', 'rest', 'unit', 'up', 'forward'}
_ADULT_LEG = 0.8  # Thigh and shin of SMPL's mean adult, metres.
_TOE_HEIGHT = 0.03  # Toe joint of a standing adult above the floor, metres.
_ZERO_LENGTH = 1e-6  # Bones shorter than this, in metres, have no direction (End Sites at their parent).


@dataclass(frozen=True)
class Rig:
    """What a recording's joints are called and how they stand.

    Args:
        name: name of the rig, for messages.
        joints: SMPL joint name to the rig's names for it, of which the first that a recording has is taken.
        axes: SMPL joint name to what the recorded joint's own x, y and z axes point at (``left``, ``right``, ``up``, ``down``, ``forward``,
            ``backward`` of the person) when the body stands in SMPL's rest pose: arms out, palms down, looking along z.
        rest: ``'tpose'`` when all channels at zero show a person with arms out (or at an angle down) and ``axes`` can be taken from there.
        unit: metres per unit of length, ``None`` to guess from the length of the legs.
        up: axis of the recording's world that points up: ``'y'``, ``'z'``, ``'-y'`` and so on.
        forward: axis of the recording's world along which the person with all channels at zero looks.
    """
    name: str
    joints: Mapping[str, Tuple[str, ...]]
    axes: Mapping[str, Tuple[str, str, str]]
    rest: Optional[str] = None
    unit: Optional[float] = None
    up: str = 'y'
    forward: str = 'z'

    def find(self, names: Sequence[str]) -> Dict[int, int]:
        """SMPL joint index to index in ``names`` for all joints found; case and namespaces (``mixamorig:``) do not matter.

        Raises:
            ValueError: a joint that the fit needs is not there, or two joints have the same name.
        """
        plain = [_plain(name) for name in names]
        found = {}
        for index, joint in enumerate(_SMPL.joint_names):
            for candidate in map(_plain, self.joints.get(joint, ())):
                if plain.count(candidate) > 1:
                    raise ValueError(f'rig {self.name}: {plain.count(candidate)} joints of the recording are named {candidate!r} ({joint})')
                if candidate in plain:
                    found[index] = plain.index(candidate)
                    break
        missing = [joint for joint in _REQUIRED if _SMPL.joint_names.index(joint) not in found]
        if missing:
            wanted = ', '.join(f'{joint} ({" or ".join(self.joints.get(joint, ())) or "not in the rig file"})' for joint in missing)
            raise ValueError(f'rig {self.name} does not fit: the recording lacks {wanted}; it has {", ".join(names)}')
        return found


@dataclass(frozen=True)
class MotionFit:
    """A fitted clip.

    Args:
        pose: ``(T, 24, 3)`` axis-angle, root first, radians.
        transl: ``(T, 3)`` metres; the pelvis is at its rest position plus this.
        keypoint: ``(T, 24, 3)`` joints of the body in that pose at that place, metres, y up, floor at zero as in the recording.
        recorded: ``(T, 24, 3)`` recorded positions of the joints in metres of the recording, y up; NaN where the rig has no such joint.
        recorded_rotations: ``(T, 24, 3, 3)`` world rotations of the same joints in the body's axes, NaN where not known.
        scale: metres of ``transl`` per recorded metre.
        lift: constant height in metres that was added to the scaled path, so that the feet stay on the floor.
    """
    pose: Tensor
    transl: Tensor
    keypoint: Tensor
    recorded: Tensor
    recorded_rotations: Tensor
    scale: float
    lift: float

    def bone_angles(self) -> Dict[str, Tensor]:
        """Angle in degrees ``(T,)`` between fitted and recorded bone, by ``parent>child`` for all pairs of recorded joints."""
        known = [joint for joint in range(len(_PARENTS)) if not self.recorded[:, joint].isnan().any()]
        angles = {}
        for child in known:
            parent = _known_parent(child, known)
            if parent < 0:
                continue
            fitted, recorded = (value[:, child] - value[:, parent] for value in (self.keypoint.double(), self.recorded.double()))
            if recorded.norm(dim=-1).min() > _ZERO_LENGTH:
                angles[f'{_SMPL.joint_names[parent]}>{_SMPL.joint_names[child]}'] = _angle(fitted, recorded)
        return angles

    def turns(self) -> Tensor:
        """``(T - 1, 24)`` degrees that each joint turns against its parent from frame to frame."""
        return rotation_steps(roma.rotvec_to_rotmat(self.pose.double()))

    def flips(self, threshold: float = 30.) -> int:
        """How often a joint turns in the world by ``threshold`` degrees more from one frame to the next than the recorded joint does."""
        local = roma.rotvec_to_rotmat(self.pose.double())
        _, world = forward_kinematics(local, local.new_zeros(len(_PARENTS), 3), _PARENTS, return_rotations=True)
        known = [joint for joint in range(len(_PARENTS)) if not self.recorded_rotations[:, joint].isnan().any()]
        excess = rotation_steps(world[:, known]) - rotation_steps(self.recorded_rotations[:, known].double())
        return int((excess > threshold).sum())

    def path_error(self) -> Tensor:
        """``(T,)`` metres of the recording between the recorded pelvis and the fitted one with scale and lift undone."""
        lift = torch.tensor([0., self.lift, 0.], dtype=torch.float64)
        return ((self.keypoint[:, 0].double() - lift) / self.scale - self.recorded[:, 0].double()).norm(dim=-1)

    def heading_error(self) -> Tensor:
        """``(T,)`` degrees, seen from above, between the recorded line through the hips and the fitted one."""
        across = [value[:, 1].double() - value[:, 2].double() for value in (self.keypoint, self.recorded)]
        return _angle(*(torch.stack((line[:, 0], line[:, 2]), dim=-1) for line in across))


def rotation_steps(rotations: Tensor) -> Tensor:
    """Degrees between consecutive rotations: ``(T, …, 3, 3)`` to ``(T - 1, …)``."""
    return torch.rad2deg(roma.rotmat_geodesic_distance(rotations[1:], rotations[:-1]))


def load_rig(rig: Union[str, Path]) -> Rig:
    """A shipped rig by name, or one from a YAML file by path.

    Raises:
        ValueError: no such rig, or a file that does not describe one.
    """
    path = RIG_FOLDER / f'{rig}.yml' if str(rig) in available_rigs() else Path(rig)
    if not path.is_file():
        raise ValueError(f'no rig {str(rig)!r}: neither a file nor one of {", ".join(available_rigs())}')
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


def detect_rig(names: Sequence[str]) -> Rig:
    """The shipped rig that knows the most of a recording's joints.

    Raises:
        ValueError: none has all the joints that the fit needs.
    """
    fitting = []
    for name in available_rigs():
        rig = load_rig(name)
        try:
            fitting.append((len(rig.find(names)), rig))
        except ValueError:
            continue
    if not fitting:
        raise ValueError(f'no shipped rig ({", ".join(available_rigs())}) fits the joints {", ".join(names)}; write a YAML file for it')
    return max(fitting, key=lambda item: item[0])[1]


def fit_motion(positions: Tensor,
               rotations: Tensor,
               names: Sequence[str],
               *,
               rig: Rig,
               rest_joints: Tensor,
               rest_positions: Optional[Tensor] = None,
               unit: Optional[float] = None,
               scale: Optional[float] = None) -> MotionFit:
    """Fit SMPL poses to a recording.

    Args:
        positions: ``(T, R, 3)`` world positions of the rig's joints, in the recording's unit.
        rotations: ``(T, R, 3, 3)`` world rotations of the rig's joints.
        names: R joint names.
        rig: what the joints are.
        rest_joints: ``(24, 3)`` joints of the body to pose, from :meth:`BodyModel.rest_joints`.
        rest_positions: ``(R, 3)`` positions with every channel at zero; needed by rigs with ``rest='tpose'``.
        unit: metres per unit of length; default the rig's, else guessed from the length of the legs.
        scale: metres of the result per recorded metre of path; default the ratio of the leg lengths: a small body makes small steps.

    Raises:
        ValueError: joints that are missing, a unit that cannot be guessed, sizes that disagree.
    """
    found = rig.find(names)
    world = _world_change(rig)
    rotations, positions = (torch.as_tensor(value, dtype=torch.float64) for value in (rotations, positions))
    rest_joints = torch.as_tensor(rest_joints, dtype=torch.float64)
    if rotations.shape[:2] != (*positions.shape[:1], len(names)) or rest_joints.shape != (len(_PARENTS), 3):
        raise ValueError(f'positions {tuple(positions.shape)}, rotations {tuple(rotations.shape)}, rest_joints {tuple(rest_joints.shape)} '
                         f'and {len(names)} names do not belong together')
    recorded = _select(positions @ world.T, found)
    unit = unit or rig.unit or guess_unit(recorded)
    recorded = recorded * unit
    change = _axes_change(rig, found, world, rest_joints, None if rest_positions is None else rest_positions * unit)
    own = {joint: world @ rotations[:, found[joint]] @ change[joint] for joint in found if joint in change}
    turned = _world_rotations(recorded, own, rest_joints)
    scale = scale or _leg_length(rest_joints) / _leg_length(recorded)
    feet = [joint for joint in _FEET if joint in found]
    pose, transl, joints, lift = _place(turned, recorded[:, 0] * scale, rest_joints, feet, floor=_lowest(recorded[:, feet]) * scale)
    recorded_rotations = turned.new_full(turned.shape, float('nan'))
    for joint, rotation in own.items():
        recorded_rotations[:, joint] = rotation
    return MotionFit(pose, transl, joints, recorded.float(), recorded_rotations.float(), scale, lift)


def place_pose(pose: Tensor, transl: Tensor, *, rest_joints: Tensor, scale: Optional[float] = None) -> Tuple[Tensor, Tensor]:
    """Put poses that are SMPL's already on another body.

    Args:
        pose: ``(T, 24, 3)`` axis-angle, y up.
        transl: ``(T, 3)`` metres.
        rest_joints: ``(24, 3)`` joints of the body to pose.
        scale: metres of the result per metre of ``transl``; default the ratio of the body's leg length to an adult's.

    Returns:
        tuple: ``transl`` ``(T, 3)`` with the feet on the floor at height zero, and joints ``(T, 24, 3)``, metres.
    """
    rest_joints = torch.as_tensor(rest_joints, dtype=torch.float64)
    local = roma.rotvec_to_rotmat(torch.as_tensor(pose, dtype=torch.float64))
    _, turned = forward_kinematics(local, rest_joints, _PARENTS, return_rotations=True)
    scale = scale or _leg_length(rest_joints) / _ADULT_LEG
    path = torch.as_tensor(transl, dtype=torch.float64) * scale
    _, transl, joints, _ = _place(turned, path, rest_joints, _FEET, floor=_TOE_HEIGHT * scale)
    return transl, joints


def guess_unit(joints: Tensor) -> float:
    """Metres per unit, from the mean length of the legs in ``(T, 24, 3)``: those of a person measure between 0.1 and 1.2 m.

    Raises:
        ValueError: the length fits neither metres nor centimetres nor millimetres.
    """
    length = _leg_length(joints)
    for unit in ('m', 'cm', 'mm'):
        # Legs in mm and in cm cannot be mixed up from 0.12 m on, which every newborn has.
        if 0.12 <= length * UNITS[unit] < 1.2:
            return UNITS[unit]
    raise ValueError(f'the legs are {length:.4g} units long, which is no person in m, cm or mm; name the unit')


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
    if content.get('rest') not in (None, 'tpose'):
        raise ValueError(f'{path}: rest must be tpose or left out, got {content["rest"]!r}')
    joints = {joint: tuple(map(str, names)) for joint, names in named.items()}
    unit = content.get('unit')
    rig = Rig(path.stem, joints, {joint: tuple(value) for joint, value in axes.items()}, content.get('rest'),
              None if unit is None else parse_unit(unit), str(content.get('up', 'y')), str(content.get('forward', 'z')))
    _world_change(rig)
    return rig


def parse_unit(unit: Union[str, float]) -> float:
    """Metres per unit from ``'m'``, ``'cm'``, ``'mm'``, ``'inch'`` or a positive number of metres.

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


def _plain(name: str) -> str:
    return name.rsplit(':', 1)[-1].lower()


def _frame(directions: Sequence[str]) -> Tensor:
    """``(3, 3)`` matrix whose rows are the directions."""
    return torch.tensor([_DIRECTIONS[name] for name in directions], dtype=torch.float64)


def _world_change(rig: Rig) -> Tensor:
    """``(3, 3)`` rotation from the recording's world to x left, y up, z forward."""
    if rig.up not in _WORLD_AXES or rig.forward not in _WORLD_AXES or rig.up[-1] == rig.forward[-1]:
        raise ValueError(f'rig {rig.name}: up and forward must be two different axes of {", ".join(_WORLD_AXES)}, '
                         f'got {rig.up!r} and {rig.forward!r}')
    up, forward = (torch.tensor(_WORLD_AXES[axis], dtype=torch.float64) for axis in (rig.up, rig.forward))
    return torch.stack((torch.linalg.cross(up, forward), up, forward))


def _select(positions: Tensor, found: Mapping[int, int]) -> Tensor:
    """``(…, R, 3)`` to ``(…, 24, 3)`` with NaN for joints that were not found."""
    joints = positions.new_full((*positions.shape[:-2], len(_PARENTS), 3), float('nan'))
    joints[..., list(found), :] = positions[..., list(found.values()), :]
    return joints


def _known_parent(joint: int, known: Sequence[int]) -> int:
    """Nearest ancestor among ``known``, or -1."""
    joint = _PARENTS[joint]
    while joint >= 0 and joint not in known:
        joint = _PARENTS[joint]
    return joint


def _axes_change(rig: Rig, found: Mapping[int, int], world: Tensor, rest_joints: Tensor,
                 rest_positions: Optional[Tensor]) -> Dict[int, Tensor]:
    """Per SMPL joint the rotation ``(3, 3)`` from the body's rest axes to the recorded joint's own axes."""
    change = {}
    if rig.rest == 'tpose':
        if rest_positions is None:
            raise ValueError(f'rig {rig.name} has rest: tpose, so the positions with all channels at zero are needed')
        rest = torch.as_tensor(rest_positions, dtype=torch.float64) @ world.T
        turned = _world_rotations(_select(rest, found)[None], {}, rest_joints)[0]
        # Head and toes look ahead in a T-pose however the neck and the foot slant; hands follow the forearm, which may hang.
        ahead = [_SMPL.joint_names.index(joint) for joint in ('head', 'left_foot', 'right_foot')]
        turned[ahead] = torch.eye(3, dtype=torch.float64)
        change.update((joint, world.T @ turned[joint]) for joint in found)
    for joint, directions in rig.axes.items():
        index = _SMPL.joint_names.index(joint)
        change[index] = _frame(directions)
    return change


def _directions(joint: int, known: Sequence[int], joints: Tensor) -> List[Tensor]:
    """Vectors ``(…, 3)`` that leave ``joint``: to each known child, and one across each left/right pair of children."""
    children = [child for child in known if _known_parent(child, known) == joint]
    names = {_SMPL.joint_names[child]: child for child in children}
    vectors = []
    for name, child in names.items():
        left, right = (names.get(name.replace(_SIDES[name.startswith(_SIDES[1])], side, 1)) for side in _SIDES)
        if not name.startswith(_SIDES) or left is None or right is None:
            vectors.append(joints[..., child, :] - joints[..., joint, :])
        elif child == left:
            vectors.append(joints[..., left, :] - joints[..., right, :])
    return vectors


def _world_rotations(recorded: Tensor, own: Mapping[int, Tensor], rest_joints: Tensor) -> Tensor:
    """World rotation ``(T, 24, 3, 3)`` of each SMPL joint from positions ``(T, 24, 3)`` and the recorded joints' rotations ``own``."""
    frames = len(recorded)
    known = [joint for joint in range(len(_PARENTS)) if not recorded[:, joint].isnan().any()]
    result = torch.eye(3, dtype=torch.float64).repeat(frames, len(_PARENTS), 1, 1)
    for joint, parent in enumerate(_PARENTS):
        if parent >= 0:
            result[:, joint] = result[:, parent]
        if joint not in known:
            continue
        pairs = [(rest, seen) for rest, seen in zip(_directions(joint, known, rest_joints), _directions(joint, known, recorded))
                 if seen.norm(dim=-1).min() > _ZERO_LENGTH and rest.norm() > _ZERO_LENGTH]
        if len(pairs) > 1:
            result[:, joint] = _closest_rotation(pairs)
            continue
        if joint in own:
            result[:, joint] = own[joint]
        if pairs:
            rest, seen = pairs[0]
            result[:, joint] = shortest_arc(result[:, joint] @ rest, seen) @ result[:, joint]
    return result


def _closest_rotation(pairs: Sequence[Tuple[Tensor, Tensor]]) -> Tensor:
    """``(T, 3, 3)`` rotations that bring the first directions ``(3,)`` closest to the second ``(T, 3)`` (least squares of unit vectors)."""
    outer = sum(_unit(seen)[:, :, None] * _unit(rest)[None, None, :] for rest, seen in pairs)
    return roma.special_procrustes(outer)


def shortest_arc(start: Tensor, stop: Tensor) -> Tensor:
    """Rotation ``(…, 3, 3)`` by the smallest angle that turns direction ``start`` ``(…, 3)`` to direction ``stop`` ``(…, 3)``.

    For opposite directions, where many do, one of them.
    """
    start, stop = torch.broadcast_tensors(_unit(start), _unit(stop))
    # The half turn about the middle direction after the half turn about start: no division by a sine, exact at 0 degrees.
    middle = start + stop
    least = torch.nn.functional.one_hot(start.abs().argmin(dim=-1), 3).to(start)
    aside = torch.linalg.cross(start, least)
    middle = _unit(torch.where(middle.norm(dim=-1, keepdim=True) > 1e-9, middle, aside))
    return _half_turn(middle) @ _half_turn(start)


def _half_turn(axis: Tensor) -> Tensor:
    return 2 * axis[..., :, None] * axis[..., None, :] - torch.eye(3, dtype=axis.dtype)


def _unit(vector: Tensor) -> Tensor:
    return torch.nn.functional.normalize(vector, dim=-1, eps=1e-12)


def _angle(first: Tensor, second: Tensor) -> Tensor:
    """Degrees between vectors, accurate for small angles too."""
    first, second = _unit(first), _unit(second)
    return torch.rad2deg(2 * torch.atan2((first - second).norm(dim=-1), (first + second).norm(dim=-1)))


def _leg_length(joints: Tensor) -> float:
    """Mean length of thigh and shin together over both sides and all frames."""
    length = 0.
    for side in _SIDES:
        hip, knee, ankle = (joints[..., _SMPL.joint_names.index(side + joint), :] for joint in _LEG)
        length += float(((knee - hip).norm(dim=-1) + (ankle - knee).norm(dim=-1)).mean()) / 2
    return length


def _place(turned: Tensor, pelvis: Tensor, rest_joints: Tensor, feet: Sequence[int],
           floor: float) -> Tuple[Tensor, Tensor, Tensor, float]:
    """Pose, path, joints and lift from world rotations ``(T, 24, 3, 3)`` and the pelvis' path ``(T, 3)``.

    The lift brings the lowest of the joints ``feet`` to height ``floor``.
    """
    local = turned.clone()
    local[:, 1:] = turned[:, list(_PARENTS[1:])].transpose(-1, -2) @ turned[:, 1:]
    joints = forward_kinematics(local, rest_joints, _PARENTS) + (pelvis - rest_joints[0])[:, None]
    lift = floor - _lowest(joints[:, feet])
    shift = torch.tensor([0., lift, 0.], dtype=torch.float64)
    return roma.rotmat_to_rotvec(local).float(), (pelvis - rest_joints[0] + shift).float(), (joints + shift).float(), lift


def _lowest(joints: Tensor) -> float:
    """Height of the lowest of ``(T, K, 3)``; the lowest fiftieth of the frames is averaged, so that no single frame decides."""
    lowest = joints[..., 1].amin(dim=-1).sort().values
    return float(lowest[:max(1, len(lowest) // 50)].mean())
