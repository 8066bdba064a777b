"""Stand-in infants: synthesized clips in the published file format, for trying the package before real recordings are at hand.

Nothing here is a recording. A clip starts as a *script*, anatomical joint angles in degrees over time (one posture's typical angles,
moved by band-limited random functions and gait oscillators), becomes a body through forward kinematics with its subject's proportions,
is laid on the floor, and is then seen as a monocular pose estimator would see it: tilted camera, drift, jitter, limbs swapped between
left and right, orientation lost. The quick start has clips of its own (:func:`make_world`): as they happen, on the floor, as motion
capture in a room would have them.

N clips, T frames, J = 24 joints of SMPL, A anatomical angles. World and body: metres, y up, x the body's left, z forward in the rest pose.
"""

from dataclasses import dataclass, replace
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np
import torch

from mmagenc.body_models.kinematics import forward_kinematics
from mmagenc.body_models.rotations import axis_angle_to_matrix, matrix_to_axis_angle
from mmagenc.registry import MODELS
from mmagenc.skeletons import get_skeleton, joint_map

from .readers.infact import SPLITS

VERSION = 2
"""Raised whenever the clips of a seed change."""
FPS = 30.
SMPL = get_skeleton('smpl24')

TRUNK_LIMITS = dict(
    spine_flex=(-50, 90), spine_side=(-40, 40), spine_twist=(-50, 50), neck_flex=(-70, 60), neck_side=(-35, 35), neck_turn=(-80, 80))
LIMB_LIMITS = dict(
    hip_flex=(-20, 135), hip_abduct=(-20, 75), hip_rotate=(-40, 75), knee=(0, 150), ankle=(-35, 55), shoulder_forward=(-30, 130),
    shoulder_raise=(-95, 100), shoulder_twist=(-100, 90), elbow=(0, 150), wrist=(-60, 70))
"""Ranges of motion in degrees; ``hip_rotate`` outwards, ``ankle`` plantar, ``shoulder_forward`` and ``shoulder_raise`` from the T-pose."""
ROOT = ('pitch', 'roll', 'lean')
"""The root's angles: pitch about x (90 is face down, −90 face up), then roll about the body's long axis, then lean about z."""
ANGLES = ROOT + tuple(TRUNK_LIMITS) + tuple(f'{side}_{name}' for name in LIMB_LIMITS for side in ('left', 'right'))
LEFT = [index for index, name in enumerate(ANGLES) if name.startswith('left')]
RIGHT = [index for index, name in enumerate(ANGLES) if name.startswith('right')]
LOWER = np.array([-np.inf] * 3 + [low for low, _ in TRUNK_LIMITS.values()] + [low for low, _ in LIMB_LIMITS.values() for _ in range(2)])
UPPER = np.array([np.inf] * 3 + [high for _, high in TRUNK_LIMITS.values()] + [high for _, high in LIMB_LIMITS.values() for _ in range(2)])

FLESH = np.array([.055, .045, .045, .055, .028, .028, .055, .02, .02, .055, .015, .015, .04, .045, .045, .075, .028, .028, .02, .02,
                  .015, .015, .012, .012])
"""Distance from each joint to the skin in metres, in the order of SMPL's joints: where the body touches the floor."""
_BACK = [joint for joint, name in enumerate(SMPL.joint_names) if name.endswith(('pelvis', 'hip', 'knee', 'ankle', 'foot'))]
_FRONT = [joint for joint in range(SMPL.num_joints) if joint not in _BACK and 'spine' not in SMPL.joint_names[joint]]


# ---------------------------------------------------------------------------------------------------------------------------- scripts
@dataclass(frozen=True)
class Subject:
    """One infant: who it is, how it is built, how it moves and how it is filmed.

    Args:
        name: ``subject_id`` of its clips.
        bone_scale: (24,) length of the bone that ends at each joint, relative to the average infant.
        tempo, amplitude: factors on the speed and the size of movements.
        asymmetry: (2,) factors on the movements of left and right limbs.
        habit: (A,) lasting offset of each angle, degrees.
        variety: share of its clips in one of a posture's less usual forms.
        heading, tilt: of its camera, degrees: yaw of the infant, and how far the camera looks down.
    """

    name: str
    bone_scale: np.ndarray
    tempo: float
    amplitude: float
    asymmetry: np.ndarray
    habit: np.ndarray
    variety: float
    heading: float
    tilt: float


def make_subject(name: str, rng: np.random.Generator, *, shift: float = 0.) -> Subject:
    """A random subject; ``shift`` > 0 draws test subjects: other build, tempo, habits and camera than training subjects have."""
    scale = np.exp(rng.normal(.02 * shift, .05) + rng.normal(0, .05, SMPL.num_joints))
    scale[SMPL.index('head')] *= 1 - .05 * shift
    permutation = np.array(SMPL.flip_indices)
    shared = rng.normal(size=len(ANGLES))
    shared[RIGHT] = shared[LEFT]
    habit = (6 + 4 * shift) * (shared + .3 * rng.normal(size=len(ANGLES)))
    habit[:len(ROOT)] = 0
    return Subject(
        name=name,
        bone_scale=(scale + scale[permutation]) / 2,
        tempo=float(np.exp(rng.normal(.15 * shift, .2))),
        amplitude=float(np.exp(rng.normal(-.15 * shift, .2))),
        asymmetry=np.array([1, 1]) + np.array([1, -1]) * rng.uniform(-.4, .4),
        habit=habit,
        variety=.2 + .3 * shift,
        heading=float(rng.uniform(-60, 60) + 70 * shift * rng.choice([-1, 1])),
        tilt=float(rng.uniform(0, 20) + 10 * shift))


def wobble(rng: np.random.Generator, frames: int, low: float, high: float, size: int = 1) -> np.ndarray:
    """(T, size) smooth random functions of unit variance with frequencies between ``low`` and ``high`` Hz."""
    waves = 4
    frequency, phase = rng.uniform(low, high, (waves, size)), rng.uniform(0, 2 * np.pi, (waves, size))
    time = np.arange(frames)[:, None, None] / FPS
    return np.sqrt(2 / waves) * np.sin(2 * np.pi * frequency * time + phase).sum(1)


def ease(values: np.ndarray) -> np.ndarray:
    """Smooth step of values from 0 to 1, flat outside."""
    values = np.clip(values, 0, 1)
    return values * values * (3 - 2 * values)


class Script:
    """Angles of one clip while it is being written: (T, A) degrees, and how far the body lies on its supports, (T,) from 0 to 1.

    ``script['knee']`` is a view of shape (T, 2), left and right; ``script['spine_flex']`` one of shape (T,).
    """

    def __init__(self, subject: Subject, rng: np.random.Generator, frames: int) -> None:
        self.subject, self.rng, self.frames = subject, rng, frames
        self.angles = np.zeros((frames, len(ANGLES)))
        self.lying = np.ones(frames)

    def __getitem__(self, name: str) -> np.ndarray:
        if name in LIMB_LIMITS:
            start = ANGLES.index(f'left_{name}')
            return self.angles[:, start:start + 2]
        return self.angles[:, ANGLES.index(name)]

    def hold(self, spread: float = 8., **typical: float) -> None:
        """Set angles to their typical values, each varied by ``spread`` degrees from clip to clip, by side and by habit."""
        for name, value in typical.items():
            target = self[name]
            habit = self.subject.habit[[index for index, angle in enumerate(ANGLES) if angle.endswith(name)]]
            sides = target.ndim == 2
            target[...] = value + self.rng.normal(0, spread) + (habit + self.rng.normal(0, spread / 3, 2) if sides else habit[0])

    def move(self, name: str, degrees: float, low: float = .2, high: float = .6) -> None:
        """Add a smooth random movement of ``degrees`` (root mean square) to an angle; left and right limbs move on their own."""
        target = self[name]
        size = target.shape[1] if target.ndim == 2 else 1
        swing = degrees * self.subject.amplitude * wobble(self.rng, self.frames, low * self.subject.tempo, high * self.subject.tempo, size)
        target += swing * self.subject.asymmetry if size == 2 else swing[:, 0]

    def phase(self, low: float, high: float) -> np.ndarray:
        """(T,) radians of an oscillator whose frequency lies between ``low`` and ``high`` Hz and breathes a little."""
        frequency = self.rng.uniform(low, high) * self.subject.tempo * (1 + .15 * wobble(self.rng, self.frames, .1, .3)[:, 0])
        return self.rng.uniform(0, 2 * np.pi) + 2 * np.pi * np.cumsum(frequency) / FPS

    def form(self, *unusual: Dict[str, float]) -> Optional[int]:
        """Now and then put the posture into one of its less usual forms, given as typical angles; which one, or ``None``."""
        if self.rng.random() > self.subject.variety:
            return None
        chosen = int(self.rng.integers(len(unusual)))
        self.hold(8, **unusual[chosen])
        return chosen

    def bouts(self) -> np.ndarray:
        """(T,) activity from 0 to 1: movement comes and goes."""
        return ease(.6 + .5 * wobble(self.rng, self.frames, .1, .35)[:, 0])

    def look_around(self, turn: float = 15., nod: float = 8.) -> None:
        """Turn and nod the head, sway the trunk a little, wave the wrists."""
        for name, degrees in (('neck_turn', turn), ('neck_flex', nod), ('neck_side', 5), ('spine_side', 3), ('spine_twist', 3)):
            self.move(name, degrees)
        self.move('wrist', 10, .3, 1.)


def supine(subject: Subject, rng: np.random.Generator, frames: int) -> Script:
    """On the back: hips and knees flexed and open, feet kicking in the air, arms waving."""
    script = Script(subject, rng, frames)
    script.hold(3, pitch=-90, roll=0)
    script.hold(14, hip_flex=70, knee=80, shoulder_forward=25, shoulder_raise=0, elbow=60, neck_turn=0)
    script.hold(8, hip_abduct=32, hip_rotate=28, ankle=5, shoulder_twist=-65, spine_flex=12, neck_flex=8)
    hands_to_feet, stretched = dict(hip_flex=112, knee=30, shoulder_forward=75, elbow=15), dict(hip_flex=22, knee=20, shoulder_raise=-50)
    script.form(hands_to_feet, stretched)
    phase, apart = script.phase(.7, 1.5), np.array([0, rng.choice([np.pi, np.pi, .3])])
    kick = np.sin(phase[:, None] + apart) * script.bouts()[:, None] * subject.amplitude * subject.asymmetry
    script['hip_flex'][...] += 26 * kick
    script['knee'][...] += 32 * np.sin(phase[:, None] + apart - .5) * script.bouts()[:, None] * subject.amplitude
    script['ankle'][...] += 10 * kick
    for name, degrees in (('shoulder_forward', 22), ('shoulder_raise', 16), ('elbow', 22)):
        script.move(name, degrees, .4, 1.2)
    script['shoulder_forward'][...] = np.maximum(script['shoulder_forward'], 8)  # the floor
    script.move('roll', 4)
    script.look_around(turn=20)
    return script


def prone(subject: Subject, rng: np.random.Generator, frames: int) -> Script:
    """On the belly: legs open and nearly straight, head lifted now and then, propped on elbows or pushed up on the hands."""
    script = Script(subject, rng, frames)
    script.hold(3, pitch=90)
    push = np.clip(rng.uniform(-.3, .9) + .35 * script.subject.amplitude * wobble(rng, frames, .1, .4)[:, 0], 0, 1)
    lift = np.clip(push + rng.uniform(0, .5) + .3 * wobble(rng, frames, .1, .4)[:, 0], 0, 1)
    script.hold(8, hip_flex=12, hip_abduct=24, hip_rotate=30, knee=28, ankle=35, shoulder_twist=-85, neck_turn=0)
    script['spine_flex'][...] = -6 - 32 * push
    script['neck_flex'][...] = -5 - 42 * lift + 10 * push
    script['shoulder_forward'][...] = (68 + 14 * push + rng.normal(0, 8))[:, None]
    script['shoulder_raise'][...] = (48 - 62 * push + rng.normal(0, 8))[:, None]
    script['elbow'][...] = (100 - 92 * push + rng.normal(0, 6))[:, None]
    swimming = dict(shoulder_forward=5, shoulder_raise=15, elbow=35, spine_flex=-24, neck_flex=-32, hip_flex=-8)
    script.form(swimming, dict(hip_flex=72, knee=105, hip_abduct=36))  # or bottom up
    for name, degrees in (('hip_flex', 6), ('knee', 16), ('hip_abduct', 4), ('shoulder_raise', 6), ('elbow', 5)):
        script.move(name, degrees, .3, .9)
    script.move('roll', 4)
    script.look_around(nod=4)
    return script


def seat(script: Script) -> None:
    """Bend the hips so that pelvis and feet both rest on the floor, whatever pitch, knees and hip rotation are."""
    raised = np.degrees(np.arcsin(np.clip(.9 * np.sin(np.radians(script['knee'])) * np.cos(np.radians(script['hip_rotate'])), 0, .9)))
    script['hip_flex'][...] = 90 + script['pitch'][:, None] + raised - 6
    script.lying[...] = 0


def sitting(subject: Subject, rng: np.random.Generator, frames: int) -> Script:
    """On the bottom: rounded back, legs in a ring or straight, trunk swaying, hands reaching or propping in front."""
    script = Script(subject, rng, frames)
    script.hold(5, pitch=2, roll=0, lean=0)
    ring, prop = rng.uniform(0, 1), ease(np.full(frames, rng.uniform(-.6, 1.1)) + .25 * wobble(rng, frames, .1, .3)[:, 0])
    script.hold(8, hip_abduct=38, hip_rotate=25 + 45 * ring, knee=20 + 75 * ring, ankle=15, neck_flex=-5, neck_turn=0, spine_flex=22)
    script.hold(12, shoulder_forward=50, shoulder_raise=-50, elbow=45, shoulder_twist=-20)
    script['pitch'][...] += 12 * prop
    script['spine_flex'][...] += 14 * prop
    script['neck_flex'][...] -= 14 * prop
    script['shoulder_forward'][...] += (75 - script['shoulder_forward']) * prop[:, None]
    script['shoulder_raise'][...] += (-40 - script['shoulder_raise']) * prop[:, None]
    script['elbow'][...] += (38 - script['elbow']) * prop[:, None]
    reclined, heels = dict(pitch=-38, spine_flex=34, neck_flex=12), dict(pitch=12, knee=142, hip_rotate=12, hip_abduct=22)
    form = script.form(reclined, heels)
    for name, degrees in (('pitch', 4), ('lean', 3), ('spine_flex', 4), ('spine_side', 5), ('spine_twist', 8), ('knee', 5)):
        script.move(name, degrees)
    reach = (1 - .8 * prop[:, None]) * script.bouts()[:, None] * np.array([1, .3])[::rng.choice([-1, 1])]
    script['shoulder_raise'][...] += 32 * reach * wobble(rng, frames, .3, .8, 2)
    script['elbow'][...] += 24 * reach * wobble(rng, frames, .3, .8, 2)
    script.look_around()
    seat(script)
    if form == 1:  # kneeling, bottom on the heels
        script.hold(6, hip_flex=84)
    return script


def stand(script: Script) -> None:
    """Turn the ankles so that the soles stay flat on the floor."""
    script['ankle'][...] = script['hip_flex'] - script['knee'] - script['pitch'][:, None]
    script.lying[...] = 0


def standing(subject: Subject, rng: np.random.Generator, frames: int) -> Script:
    """On the feet with a support in front: hands held up to it, knees soft, bouncing and shifting weight."""
    script = Script(subject, rng, frames)
    script.hold(5, pitch=8, roll=0, lean=0)
    script.hold(7, hip_flex=24, hip_abduct=12, hip_rotate=14, spine_flex=0, neck_flex=-6, neck_turn=0)
    script.hold(12, shoulder_forward=72, shoulder_raise=-18, elbow=48, shoulder_twist=-40)
    phase, crouch = script.phase(.6, 1.6), 12 + 14 * ease(rng.uniform(-.5, 1.2))
    bounce = .5 * (1 - np.cos(phase)) * script.bouts() * subject.amplitude
    bend = crouch + 30 * bounce
    script['hip_flex'][...] += (.8 * bend - 8)[:, None]
    script['knee'][...] = (1.35 * bend + rng.normal(4, 4))[:, None]
    script.form(dict(pitch=48, hip_flex=66, knee=14, neck_flex=-25), dict(pitch=26, hip_flex=112, knee=112))  # at a low table, squatting
    shift = subject.amplitude * wobble(rng, frames, .2, .5)[:, 0]
    script['lean'][...] += 4 * shift
    script['knee'][...] += np.stack([10 * shift, -10 * shift], 1)
    for name, degrees in (('pitch', 3), ('shoulder_raise', 12), ('shoulder_forward', 8), ('elbow', 14), ('spine_twist', 6)):
        script.move(name, degrees, .2, .8)
    script.look_around()
    stand(script)
    return script


def all_fours(subject: Subject, rng: np.random.Generator, frames: int) -> Script:
    """On hands and knees, rocking back and forth."""
    script = Script(subject, rng, frames)
    script.hold(3, pitch=88)
    script.hold(8, hip_flex=86, hip_abduct=14, hip_rotate=4, knee=92, ankle=42, spine_flex=0, neck_flex=-28, neck_turn=0)
    script.hold(7, shoulder_forward=84, shoulder_raise=2, elbow=14, shoulder_twist=-80, wrist=-50)
    script.form(dict(hip_flex=104, knee=22, ankle=10), dict(shoulder_raise=38, elbow=95))  # on the feet, on the elbows
    rock = np.sin(script.phase(.6, 1.3)) * script.bouts() * subject.amplitude
    script['hip_flex'][...] += 13 * rock[:, None]
    script['shoulder_raise'][...] += 11 * rock[:, None]
    script['elbow'][...] += 8 * np.abs(rock)[:, None]
    for name, degrees in (('hip_flex', 3), ('shoulder_raise', 4), ('elbow', 5), ('spine_flex', 5), ('hip_abduct', 3)):
        script.move(name, degrees)
    script.look_around()
    return script


def crawling(subject: Subject, rng: np.random.Generator, frames: int) -> Script:
    """Hands and knees (now and then on the belly) with a diagonal gait: a hand moves with the opposite knee."""
    belly = rng.random() < .2
    script = (prone if belly else all_fours)(subject, rng, frames)
    phase = script.phase(.7, 1.4)
    legs, arms = np.stack([phase, phase + np.pi], 1), np.stack([phase + np.pi, phase], 1) - .3
    active = (script.bouts() * subject.amplitude)[:, None]
    script['hip_flex'][...] += 24 * active * np.sin(legs) * subject.asymmetry + 20 * belly
    script['hip_abduct'][...] += 8 * active * np.clip(np.cos(legs), 0, 1) + 12 * belly
    script['knee'][...] += 12 * active * np.clip(np.cos(legs), 0, 1) + 25 * belly * (1 + np.sin(legs))
    script['shoulder_raise'][...] += 24 * active * np.sin(arms) * subject.asymmetry
    script['elbow'][...] += 38 * active * np.clip(np.cos(arms), 0, 1)
    script['spine_side'][...] += 8 * active[:, 0] * np.sin(phase)
    script['roll'][...] += 6 * active[:, 0] * np.cos(phase)  # lifts the left hip while the left knee swings,
    script['spine_twist'][...] -= 12 * active[:, 0] * np.cos(phase)  # and the right shoulder
    return script


def rolling(subject: Subject, rng: np.random.Generator, frames: int) -> Script:
    """From the back to the belly, from the belly to the back, or to the side and back again; a leg and an arm lead across."""
    back, belly = supine(subject, rng, frames), prone(subject, rng, frames)
    start, length = rng.uniform(.1, .4) * frames, rng.uniform(.8, 1.6) * FPS / subject.tempo
    turned = ease((np.arange(frames) - start) / length)
    kind = rng.choice(['over', 'return', 'side'], p=[.5, .25, .25])
    if kind == 'return':
        turned = 1 - turned
    if kind == 'side':
        turned = rng.uniform(.35, .6) * (turned - ease((np.arange(frames) - start - 1.4 * length) / length))
    script = blend(back, belly, turned)
    side = int(rng.integers(2))
    script['roll'][...] *= 1 if side else -1
    across = np.sin(np.pi * turned) ** 2
    script['hip_flex'][:, side] += 35 * across
    script['hip_abduct'][:, side] -= 35 * across
    script['shoulder_forward'][:, side] += 45 * across
    script['spine_twist'][...] += (20 if side else -20) * across
    script['shoulder_raise'][:, 1 - side] += across * (75 - script['shoulder_raise'][:, 1 - side])  # the arm below goes past the head
    script['shoulder_forward'][:, 1 - side] += across * (50 - script['shoulder_forward'][:, 1 - side])
    script['hip_abduct'][:, 1 - side] -= across * script['hip_abduct'][:, 1 - side]
    return script


POSTURES: Dict[str, Callable[[Subject, np.random.Generator, int], Script]] = {
    'Supine': supine, 'Prone': prone, 'Sitting': sitting, 'Standing': standing, 'All-fours': all_fours, 'Crawling': crawling,
    'Rolling': rolling}


def blend(first: Script, second: Script, weight: np.ndarray) -> Script:
    """Angles of ``first`` where ``weight`` (T,) is 0 and of ``second`` where it is 1; between back and belly the body rolls over."""
    pitches = [script['pitch'].mean() for script in (first, second)]
    rolls_over = min(pitches) < -45 and max(pitches) > 45
    ends = []
    for script, pitch in zip((first, second), pitches):
        ends.append(script.angles.copy())
        if rolls_over and pitch > 45:  # face down, said as half a turn from face up
            ends[-1][:, :2] += (-180, 180)
    mixed = Script(first.subject, first.rng, first.frames)
    weight = np.broadcast_to(weight, mixed.frames)
    mixed.angles[...] = ends[0] + weight[:, None] * (ends[1] - ends[0])
    mixed.lying[...] = first.lying + weight * (second.lying - first.lying)
    return mixed


def write_script(label: str, neighbours: Sequence[str], subject: Subject, rng: np.random.Generator, frames: int,
                 mixture: 'Mixture') -> Script:
    """A clip of class ``label``: a clear one, one that begins or ends in a neighbouring posture, or one that stays between the two."""
    script = POSTURES[label](subject, rng, frames)
    kind = rng.choice(3, p=[mixture.clear, mixture.transition, mixture.boundary])
    if kind:
        other = POSTURES[neighbours[rng.integers(len(neighbours))]](subject, rng, frames)
        if kind == 1:
            turning = rng.uniform(.5, 1.) * FPS
            weight = ease((np.arange(frames) - frames * (1 - rng.uniform(*mixture.transition_share))) / turning + .5)
            weight = weight if rng.random() < .5 else weight[::-1]
        else:
            weight = np.clip(rng.uniform(*mixture.boundary_weight) + .08 * wobble(rng, frames, .1, .3)[:, 0], 0, 1)
        script = blend(script, other, weight)
    script.angles[...] = np.clip(script.angles, LOWER, UPPER)
    return script


# ------------------------------------------------------------------------------------------------------------------------------- body
def _turn(axis: int, degrees: torch.Tensor) -> torch.Tensor:
    """(…, 3, 3) rotation about a coordinate axis."""
    return axis_angle_to_matrix(torch.deg2rad(degrees)[..., None] * torch.eye(3, dtype=degrees.dtype)[axis])


def body_rotations(angles: torch.Tensor) -> torch.Tensor:
    """Anatomical angles (…, A) in degrees as SMPL's local rotations (…, 24, 3, 3); the root's without heading."""
    column = {name: angles[..., index] for index, name in enumerate(ANGLES)}
    x, y, z = (lambda degrees, axis=axis: _turn(axis, degrees) for axis in range(3))
    rotations = torch.eye(3, dtype=angles.dtype).expand(*angles.shape[:-1], SMPL.num_joints, 3, 3).clone()
    rotations[..., 0, :, :] = x(column['pitch']) @ y(column['roll']) @ z(column['lean'])
    for part, joints in (('spine', {'spine1': .3, 'spine2': .35, 'spine3': .35}), ('neck', {'neck': .5, 'head': .5})):
        turn = column['spine_twist' if part == 'spine' else 'neck_turn']
        for joint, share in joints.items():
            rotations[..., SMPL.index(joint), :, :] = (
                y(share * turn) @ x(share * column[f'{part}_flex']) @ z(share * column[f'{part}_side']))
    for side, sign in (('left', 1), ('right', -1)):
        limb = {name: column[f'{side}_{name}'] for name in LIMB_LIMITS}
        rotations[..., SMPL.index(f'{side}_hip'), :, :] = (
            x(-limb['hip_flex']) @ z(sign * limb['hip_abduct']) @ y(sign * limb['hip_rotate']))
        rotations[..., SMPL.index(f'{side}_knee'), :, :] = x(limb['knee'])
        rotations[..., SMPL.index(f'{side}_ankle'), :, :] = x(limb['ankle'])
        for joint, share in (('collar', .2), ('shoulder', .8)):
            arm = y(-sign * share * limb['shoulder_forward']) @ z(sign * share * limb['shoulder_raise'])
            rotations[..., SMPL.index(f'{side}_{joint}'), :, :] = arm if joint == 'collar' else arm @ x(limb['shoulder_twist'])
        rotations[..., SMPL.index(f'{side}_elbow'), :, :] = y(-sign * limb['elbow'])
        rotations[..., SMPL.index(f'{side}_wrist'), :, :] = z(sign * limb['wrist'])
    return rotations


def subject_bones(rest: torch.Tensor, bone_scale: torch.Tensor) -> torch.Tensor:
    """Rest joints (…, 24, 3) of bodies whose bones are ``bone_scale`` (…, 24) times those of ``rest`` (24, 3); the pelvis is the origin."""
    parents = list(SMPL.parents)
    offsets = (rest - rest[[max(parent, 0) for parent in parents]]) * bone_scale[..., None]
    joints = torch.zeros_like(offsets)
    for joint in SMPL.topological_order[1:]:
        joints[..., joint, :] = joints[..., parents[joint], :] + offsets[..., joint, :]
    return joints


def pose_joints(rotations: torch.Tensor, bones: torch.Tensor) -> torch.Tensor:
    """Joints (N, T, 24, 3) of poses (N, T, 24, 3, 3) on bodies (N, 24, 3), pelvis at the origin."""
    return forward_kinematics(rotations, bones[:, None].expand(*rotations.shape[:-3], *bones.shape[-2:]), SMPL.parents)


def lie_down(rotations: torch.Tensor, bones: torch.Tensor, lying: torch.Tensor) -> torch.Tensor:
    """Tilt the root of each frame until the front (head, arms) and the back (pelvis, legs) of a lying body are equally low.

    Args:
        rotations: (N, T, 24, 3, 3) local rotations.
        bones: (N, 24, 3) rest joints.
        lying: (N, T) from 0, leave the root as it is, to 1.
    """
    rotations, flesh = rotations.clone(), torch.as_tensor(FLESH, dtype=rotations.dtype)
    for _ in range(5):
        joints = pose_joints(rotations, bones)
        height = joints[..., 1] - flesh
        ends = []
        for part in (_FRONT, _BACK):
            weight = torch.softmax(-150 * height[..., part], -1)
            ends.append(((weight * height[..., part]).sum(-1), (weight[..., None] * joints[..., part, :]).sum(-2)))
        (front_height, front), (back_height, back) = ends
        along = rotations[..., 0, :, 1] * torch.tensor([1, 0, 1], dtype=rotations.dtype)
        flat = along.norm(dim=-1)
        along = along / flat.clamp(min=1e-6)[..., None]
        reach = ((front - back) * along).sum(-1).clamp(min=.15)
        angle = lying * flat**2 * torch.atan2(front_height - back_height, reach)
        axis = torch.stack([along[..., 2], torch.zeros_like(flat), -along[..., 0]], -1)
        rotations[..., 0, :, :] = axis_angle_to_matrix(angle[..., None] * axis) @ rotations[..., 0, :, :]
    return rotations


def travel(joints: torch.Tensor) -> torch.Tensor:
    """Root path (N, T, 3) that keeps the lowest joints from sliding and the skin of the lowest joint at height 0.

    Args:
        joints: (N, T, 24, 3) with the pelvis at the origin.
    """
    height = joints[..., 1] - torch.as_tensor(FLESH, dtype=joints.dtype)
    weight = torch.softmax(-300 * height, -1)
    weight = ((weight[:, 1:] + weight[:, :-1]) / 2)[..., None]
    path = torch.zeros_like(joints[..., 0, :])
    path[:, 1:] = -(weight * (joints[:, 1:] - joints[:, :-1])).sum(-2).cumsum(1)
    path[..., 1] = -height.amin(-1)
    return path


# ------------------------------------------------------------------------------------------------------------------------ observation
@dataclass(frozen=True)
class Mixture:
    """Shares of clear clips, of clips that begin or end in a neighbouring posture, and of clips between two postures.

    ``transition_share`` and ``boundary_weight`` are ranges: the part of the clip, and of the posture, that is the neighbour's.
    """

    clear: float = .64
    transition: float = .22
    boundary: float = .14
    transition_share: Tuple[float, float] = (.2, .5)
    boundary_weight: Tuple[float, float] = (.3, .6)


@dataclass(frozen=True)
class Observer:
    """A monocular pose estimator's errors, in degrees; spans last about half a second and happen in that share of the clips."""

    drift: float = 10.
    jitter: float = 1.5
    root_drift: float = 10.
    heading_spread: float = 40.
    tilt_spread: float = 18.
    camera_roll: float = 5.
    swap: float = .2
    dropout: float = .2
    dropout_error: float = 50.


def _span(rng: np.random.Generator, frames: int, seconds: Tuple[float, float]) -> np.ndarray:
    """(T,) one span with soft ends, 1 inside and 0 outside."""
    length = rng.uniform(*seconds) * FPS
    start = rng.uniform(-.5 * length, frames - .5 * length)
    time = np.arange(frames)
    return ease((time - start) / 5 + .5) * ease((start + length - time) / 5 + .5)


def _swap_limbs(angles: np.ndarray, share: np.ndarray, limb: str) -> np.ndarray:
    """Angles (T, A) with the left and right legs (``limb='leg'``) or arms exchanged where ``share`` (T,) is 1."""
    swapped = angles.copy()
    for name in LIMB_LIMITS:
        if (name.startswith(('hip', 'knee', 'ankle')) and limb == 'leg') or (name.startswith(('shou', 'elb', 'wri')) and limb == 'arm'):
            left = ANGLES.index(f'left_{name}')
            swapped[:, [left, left + 1]] = angles[:, [left + 1, left]]
    return angles + share[:, None] * (swapped - angles)


def observe_angles(angles: np.ndarray, rng: np.random.Generator, observer: Observer) -> np.ndarray:
    """Angles (T, A) as estimated: drift, jitter and exchanged limbs, within the ranges of motion. The root's stay."""
    frames, limbs = len(angles), angles.shape[1] - len(ROOT)
    seen = angles.copy()
    if rng.random() < observer.swap:
        seen = _swap_limbs(seen, _span(rng, frames, (.3, 1.)), rng.choice(['leg', 'arm']))
    noise = observer.drift * wobble(rng, frames, .1, .8, limbs) + observer.jitter * rng.normal(size=(frames, limbs))
    seen[:, len(ROOT):] += noise
    return np.clip(seen, LOWER, UPPER)


def camera_vectors(subject: Subject, rng: np.random.Generator, frames: int, observer: Observer) -> np.ndarray:
    """(3, T, 3) rotation vectors in degrees: camera, heading of the infant, error of the root's orientation."""
    camera = np.zeros((3, frames, 3))
    camera[0, :, 0] = subject.tilt + observer.tilt_spread * rng.normal()
    camera[0, :, 2] = observer.camera_roll * rng.normal()
    camera[1, :, 1] = subject.heading + observer.heading_spread * rng.normal() + 6 * wobble(rng, frames, .05, .2)[:, 0]
    camera[2] = observer.root_drift * wobble(rng, frames, .1, .6, 3) + observer.jitter * rng.normal(size=(frames, 3))
    if rng.random() < observer.dropout:
        axis = rng.normal(size=3)
        camera[2] += _span(rng, frames, (.4, 1.2))[:, None] * observer.dropout_error * rng.uniform(.5, 1.5) * axis / np.linalg.norm(axis)
    return camera


# ------------------------------------------------------------------------------------------------------------------------------- sets
@dataclass(frozen=True)
class StandInSet:
    """What a published set looks like: files, classes, how many clips of each, how long, and what each class is mistaken for."""

    name: str
    files: Dict[str, str]
    sizes: Dict[str, int]
    shares: Dict[str, float]
    neighbours: Dict[str, Tuple[str, ...]]
    frames: Tuple[int, int]
    label_key: str

    @property
    def classes(self) -> List[str]:
        """Class names in label order."""
        return list(self.shares)

    def class_counts(self, split: str) -> np.ndarray:
        """Clips per class of a split: the shares, rounded so that they add up to the split's size."""
        exact = np.array(list(self.shares.values())) * self.sizes[split]
        counts = np.floor(exact).astype(int)
        counts[np.argsort(counts - exact)[:self.sizes[split] - counts.sum()]] += 1
        return counts


PRIMITIVE = StandInSet(
    name='primitive',
    files={split: f'InfActPrimitive/Data/primitive_{split}.pkl' for split in ('train', 'validate', 'test')},
    sizes=dict(train=400, validate=100, test=100),
    shares={'Supine': .35, 'Prone': .38, 'Sitting': .1, 'Standing': .09, 'All-fours': .08},
    neighbours={'Supine': ('Prone', 'Sitting'), 'Prone': ('All-fours', 'Supine'), 'Sitting': ('All-fours', 'Standing', 'Supine'),
                'Standing': ('Sitting', 'All-fours'), 'All-fours': ('Prone', 'Sitting')},
    frames=(40, 120),
    label_key='pos_label')
ACTION = StandInSet(
    name='action',
    files={split: f'InfActPlus/{split}_trans_data.pkl' for split in ('train', 'test')},
    sizes=dict(train=400, test=100),
    shares={'Crawling': .32, 'Sitting': .3, 'Standing': .2, 'Rolling': .18},
    neighbours={'Crawling': ('Sitting', 'Prone'), 'Sitting': ('Crawling', 'Standing', 'Supine'), 'Standing': ('Sitting', 'Crawling'),
                'Rolling': ('Crawling', 'Prone', 'Supine')},
    frames=(60, 180),
    label_key='action_label')
SETS = {each.name: each for each in (PRIMITIVE, ACTION)}
WORLD = replace(PRIMITIVE, files=dict(train='', validate='', test=''), sizes=dict(train=100, validate=50, test=100),
                shares=dict.fromkeys(PRIMITIVE.shares, .2))
"""Fewer clips, as many of each class, for :func:`make_world`, which puts all splits into one file."""
WORLD_FILE = 'world/primitive.npz'
WORLD_AMPLITUDE = 1.5
"""How much larger than a published set's an infant's movements are: in clear view there are no errors that would hide small ones."""
WORLD_HEADING = 20.
"""Degrees (standard deviation) by which a clip's infant faces aside of +z, throughout the clip."""
SUBJECTS = dict(train=24, validate=8, test=10)
"""Number of infants in each split; no infant is in two."""


@dataclass(frozen=True)
class ClipPlan:
    """A clip before it has a body: scripted angles and what the camera makes of them."""

    subject: Subject
    label: int
    angles: np.ndarray
    lying: np.ndarray
    seen: np.ndarray
    camera: np.ndarray


def plan_clips(standin: StandInSet, split: str, *, seed: int = 0, mixture: Mixture = Mixture(), observer: Observer = Observer(),
               amplitude: float = 1.) -> List[ClipPlan]:
    """Scripts of a split's clips in shuffled order, each from its own random stream: same seed, same clips.

    ``amplitude`` is a factor on the size of all infants' movements.

    Raises:
        ValueError: the set has no such split.
    """
    if split not in standin.files:
        raise ValueError(f'the {standin.name} set has no split {split!r}; it has {", ".join(standin.files)}')
    stream = [seed, list(SETS).index(standin.name), list(SUBJECTS).index(split)]
    rng = np.random.default_rng(stream)
    subjects = [make_subject(f'standin_{split}_{index:02d}', rng, shift=float(split != 'train')) for index in range(SUBJECTS[split])]
    subjects = [replace(subject, amplitude=amplitude * subject.amplitude) for subject in subjects]
    labels = rng.permutation(np.repeat(np.arange(len(standin.classes)), standin.class_counts(split)))
    plans = []
    for index, label in enumerate(labels):
        rng = np.random.default_rng([*stream, index])
        subject, frames = subjects[rng.integers(len(subjects))], int(rng.integers(standin.frames[0], standin.frames[1] + 1))
        name = standin.classes[label]
        script = write_script(name, standin.neighbours[name], subject, rng, frames, mixture)
        plans.append(ClipPlan(subject, int(label), script.angles, script.lying, observe_angles(script.angles, rng, observer),
                              camera_vectors(subject, rng, frames, observer)))
    return plans


def animate(plans: Sequence[ClipPlan], rest: torch.Tensor, *, observed: bool = True) -> List[Dict[str, np.ndarray]]:
    """Bodies of planned clips.

    Args:
        plans: N clips of any lengths.
        rest: (24, 3) rest joints of the average infant.
        observed: as the camera sees it; else as it happens, with gravity along −y and no errors.

    Returns:
        per clip ``pose`` (T, 24, 3) axis-angle and ``joints`` (T, 24, 3) in metres, the lowest point at height 0, all float32.
    """
    frames = max(len(plan.angles) for plan in plans)

    def stack(arrays: Sequence[np.ndarray]) -> torch.Tensor:
        return torch.as_tensor(np.stack([np.pad(a, [(0, frames - len(a))] + [(0, 0)] * (a.ndim - 1), mode='edge') for a in arrays]))

    bones = subject_bones(rest.double(), torch.as_tensor(np.stack([plan.subject.bone_scale for plan in plans])))
    rotations = lie_down(body_rotations(stack([plan.angles for plan in plans])), bones, stack([plan.lying for plan in plans]))
    if observed:
        root = rotations[..., 0, :, :]
        rotations = body_rotations(stack([plan.seen for plan in plans]))
        camera = axis_angle_to_matrix(torch.deg2rad(stack([plan.camera.swapaxes(0, 1) for plan in plans])))
        rotations[..., 0, :, :] = camera[..., 0, :, :] @ camera[..., 1, :, :] @ root @ camera[..., 2, :, :]
    joints = pose_joints(rotations, bones)
    joints = joints + travel(joints)[..., None, :]
    pose = matrix_to_axis_angle(rotations)
    return [dict(pose=pose[i, :len(plan.angles)].float().numpy(), joints=joints[i, :len(plan.angles)].float().numpy())
            for i, plan in enumerate(plans)]


def make_split(standin: StandInSet, split: str, *, seed: int = 0, rest: Optional[torch.Tensor] = None, chunk: int = 50,
               progress: Optional[Callable[[int], None]] = None) -> List[Dict]:
    """The clips of one published file.

    Args:
        standin: :data:`PRIMITIVE` or :data:`ACTION`.
        split: a key of its ``files``.
        seed: same seed, same clips.
        rest: (24, 3) rest joints; the embedded infant's by default.
        chunk: clips computed at once.
        progress: called with the number of clips done since the last call.

    Returns:
        dicts with ``pose`` (1, T, 24, 3), ``keypoint`` (1, T, 17, 3) in the order of ``infact17``, ``frame_dir``, the set's label key and
        ``subject_id``.
    """
    rest = MODELS.build(dict(type='mmagenc.InfantBody')).rest_joints() if rest is None else rest
    plans, clips = plan_clips(standin, split, seed=seed), []
    order = joint_map('smpl24', 'infact17')
    for start in range(0, len(plans), chunk):
        part = plans[start:start + chunk]
        for plan, body in zip(part, animate(part, rest.detach())):
            clips.append({
                'frame_dir': f'standin_{standin.name}_{split}_{len(clips):04d}',
                standin.label_key: plan.label,
                'subject_id': plan.subject.name,
                'pose': body['pose'][None],
                'keypoint': np.ascontiguousarray(body['joints'][None, :, order])})
        if progress is not None:
            progress(len(part))
    return clips


def make_world(*, seed: int = 0, rest: Optional[torch.Tensor] = None, progress: Optional[Callable[[int], None]] = None) -> Dict:
    """The five postures in the world, as an annotation (see :mod:`mmagenc.datasets.annotation`) with all splits.

    What a published file does not tell holds here: gravity is along −y, the floor at height 0, and an infant faces where it faces. There
    are no estimator's errors, and every clip is in its own posture from beginning to end.

    Args:
        seed: same seed, same clips.
        rest: (24, 3) rest joints; the embedded infant's by default.
        progress: called with the number of clips done since the last call.
    """
    rest = MODELS.build(dict(type='mmagenc.InfantBody')).rest_joints() if rest is None else rest
    order, annotations, names = joint_map('smpl24', 'infact17'), [], {}
    for split in WORLD.sizes:
        plans = plan_clips(WORLD, split, seed=seed, mixture=Mixture(clear=1, transition=0, boundary=0), amplitude=WORLD_AMPLITUDE)
        bodies = animate(plans, rest.detach(), observed=False)
        headings = WORLD_HEADING * np.random.default_rng([seed, len(annotations)]).normal(size=len(plans))
        names[SPLITS[split]] = [f'standin_world_{split}_{index:04d}' for index in range(len(plans))]
        for name, plan, body, heading in zip(names[SPLITS[split]], plans, bodies, headings):
            pose, joints = turned(body['pose'], body['joints'], heading)
            transl = joints[:, 0] - rest[0].detach().numpy()
            annotations.append(dict(
                frame_dir=name, label=plan.label, total_frames=len(pose), keypoint=np.ascontiguousarray(joints[None, :, order]),
                pose=pose[None], transl=transl[None].astype(np.float32), subject=plan.subject.name, source='real'))
        if progress is not None:
            progress(len(plans))
    metainfo = dict(classes=WORLD.classes, skeleton='infact17', fps=FPS, up='y', note='stand-in data (synthesized)')
    return dict(split=names, metainfo=metainfo, annotations=annotations)


def turned(pose: np.ndarray, joints: np.ndarray, degrees: float) -> Tuple[np.ndarray, np.ndarray]:
    """Pose (T, 24, 3) and joints (T, J, 3) of a body that is turned about the world's y axis."""
    turn = _turn(1, torch.tensor(float(degrees)))
    root = matrix_to_axis_angle(turn @ axis_angle_to_matrix(torch.from_numpy(pose[:, 0])))
    return np.concatenate([root.numpy()[:, None], pose[:, 1:]], axis=1), joints @ turn.numpy().T
