"""What infants do, as anatomical angles over time: one posture's typical angles, moved by random functions and gait oscillators.

T frames, A anatomical angles.
"""

from dataclasses import dataclass
from typing import Callable, Dict, Optional, Sequence, Tuple

import numpy as np

from .anatomy import ANGLES, FPS, LIMB_LIMITS, LOWER, UPPER, Subject
from .curves import ease, wobble


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


def write_script(label: str, neighbours: Sequence[str], subject: Subject, rng: np.random.Generator, frames: int,
                 mixture: Mixture) -> Script:
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
