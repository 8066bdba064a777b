"""How rendered bodies and what is behind them look, drawn from a random generator: skin, hair, clothes, light, backgrounds.

N vertices, n pixels, H height, W width; colours are RGB from 0 to 1.

Clothes are no geometry: they are a colour that depends on a place of the body in rest pose, so that sleeves end sharply, whatever the
size of a face, and move with the body.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import cv2
import numpy as np

from mmagenc.body_models import BodyModel
from mmagenc.body_models.landmarks import SMPL, skin_places
from mmagenc.datasets.frames import IMAGE_SUFFIXES, FramesError, read_image

SKIN = np.array([[0.97, 0.83, 0.73], [0.92, 0.74, 0.61], [0.82, 0.61, 0.46], [0.66, 0.46, 0.33], [0.48, 0.32, 0.22], [0.34, 0.22, 0.16]])
"""From light to dark; one between two neighbours is drawn."""
HAIR = np.array([[0.08, 0.06, 0.05], [0.22, 0.14, 0.09], [0.42, 0.28, 0.16], [0.75, 0.6, 0.38], [0.5, 0.22, 0.1]])
EYES = np.array([0.07, 0.06, 0.07])
ZONES = ('trunk', 'arm', 'leg', 'head')
_ZONE_OF = {'shoulder': 1, 'elbow': 1, 'wrist': 1, 'hand': 1, 'hip': 2, 'knee': 2, 'ankle': 2, 'foot': 2, 'head': 3, 'neck': 3}


class RestBody:
    """What a texture asks of a body: where its skin lies in rest pose, in shares of its height, and what it belongs to.

    Attributes:
        places: ``(N, 3)`` mean body in rest pose, in heights of the body.
        zones: ``(N, 4)`` how much the vertex belongs to each of :data:`ZONES`.
        along: ``(N,)`` from 0 at shoulder or hip to 1 at wrist or ankle; beyond it for hands and feet. Elsewhere of no meaning.
        marks: name of a place of the face to its ``(3,)`` place.
        waist, neck: heights at which trousers and shirts end.
    """

    def __init__(self, body_model: BodyModel) -> None:
        rest, weights = body_model.template.cpu().numpy(), body_model.skinning_weights.cpu().numpy()
        self.height = float(np.ptp(rest[:, 1]))
        self.places = rest / self.height
        zone = [_ZONE_OF.get(name.split('_')[-1], 0) for name in SMPL.joint_names]
        self.zones = np.stack([weights[:, np.array(zone) == index].sum(axis=1) for index in range(len(ZONES))], axis=1)
        joints = body_model.rest_joints().cpu().numpy() / self.height
        shoulder, wrist, hip, ankle, pelvis, spine, neck = (
            joints[SMPL.index(name)] for name in ('left_shoulder', 'left_wrist', 'left_hip', 'left_ankle', 'pelvis', 'spine1', 'neck'))
        arm = (np.abs(self.places[:, 0]) - shoulder[0]) / (wrist[0] - shoulder[0])
        leg = (hip[1] - self.places[:, 1]) / (hip[1] - ankle[1])
        self.along = np.where(self.zones[:, 1] > self.zones[:, 2], arm, leg)
        self.waist, self.neck = float(0.4 * pelvis[1] + 0.6 * spine[1]), float(neck[1])
        found = skin_places(body_model)
        self.marks = {name: self.places[found[name]].mean(axis=0) for name in ('nose', 'left_eye', 'right_eye', 'crown', 'left_ear')}


@dataclass(frozen=True)
class Cloth:
    """A pattern of two colours.

    Args:
        colors: ``(2, 3)``.
        pattern: one of ``'plain'``, ``'stripes'``, ``'checks'`` and ``'dots'``.
        period: of the pattern, in heights of the body.
    """

    colors: np.ndarray
    pattern: str
    period: float

    def color(self, places: np.ndarray, across: np.ndarray) -> np.ndarray:
        """Colours ``(n, 3)`` at places ``(n, 3)`` of the rest pose; ``across`` ``(n,)`` is the coordinate that stripes go across."""
        phase = across / self.period
        around = (places[:, 0] + places[:, 1] + places[:, 2] - across) / self.period
        second = {
            'plain': np.zeros(len(places), dtype=bool),
            'stripes': phase % 1 < 0.5,
            'checks': (phase % 1 < 0.5) ^ (around % 1 < 0.5),
            'dots': np.hypot(phase % 1 - 0.5, around % 1 - 0.5) < 0.27,
        }[self.pattern]
        return self.colors[second.astype(int)]


class Outfit:
    """The texture of one subject.

    Args:
        rng: decides on everything.
        body: the body that wears it.
    """

    def __init__(self, rng: np.random.Generator, body: RestBody) -> None:
        self.body = body
        tone, share = rng.integers(len(SKIN) - 1), rng.random()
        self.skin = (1 - share) * SKIN[tone] + share * SKIN[tone + 1]
        self.hair = HAIR[rng.integers(len(HAIR))] if rng.random() < 0.85 else None
        self.hairline = rng.uniform(0.3, 0.6)
        self.shirt, self.trousers, self.socks = (_cloth(rng) for _ in range(3))
        if rng.random() < 0.4:
            self.trousers = self.shirt  # all of one piece
        kind = rng.random()
        self.sleeve = -1. if kind < 0.12 else rng.choice([0.12, 0.45, 0.95])  # -1: no shirt
        self.leg = rng.choice([0.12, 0.45, 0.9])
        self.barefoot = rng.random() < 0.5

    def color(self, places: np.ndarray, zones: np.ndarray, along: np.ndarray) -> np.ndarray:
        """Colours ``(n, 3)`` of what lies at places ``(n, 3)`` of the rest pose, with ``zones (n, 4)`` and ``along (n,)`` interpolated."""
        zone = zones.argmax(axis=1)
        colors = np.repeat(self.skin[None], len(places), axis=0)
        low = places[:, 1] < self.body.waist
        shirt = (self.sleeve >= 0) & (((zone == 0) & ~low) | ((zone == 1) & (along < self.sleeve)))
        trousers = ((zone == 0) & low) | ((zone == 2) & (along < self.leg))
        socks = (zone == 2) & (along > 0.93) & (not self.barefoot)
        across = np.where(zone == 1, places[:, 0], places[:, 1])
        for worn, cloth in ((shirt, self.shirt), (trousers, self.trousers), (socks, self.socks)):
            colors[worn] = cloth.color(places[worn], across[worn])
        head = np.flatnonzero(zone == 3)
        colors[head] = self._head(places[head], colors[head])
        return colors

    def _head(self, places: np.ndarray, colors: np.ndarray) -> np.ndarray:
        """Colours of the head with hair, eyes and mouth."""
        marks = self.body.marks
        eyes, nose, crown, ear = (marks[name] for name in ('left_eye', 'nose', 'crown', 'left_ear'))
        size = crown[1] - nose[1]
        back = np.clip((nose[2] - places[:, 2]) / (nose[2] - ear[2]), 0, 1.3)  # 0 at the nose, 1 at the ears
        if self.hair is not None:
            colors[places[:, 1] > eyes[1] + size * (0.75 - self.hairline * back)] = self.hair
        front = places[:, 2] > ear[2]
        for side in ('left_eye', 'right_eye'):
            away = places[:, :2] - marks[side][:2]
            colors[front & (np.hypot(away[:, 0], 1.3 * away[:, 1]) < 0.09 * size)] = EYES
        lips = np.hypot(places[:, 0] / (0.2 * size), (places[:, 1] - nose[1] + 0.3 * size) / (0.07 * size)) < 1
        colors[front & lips] = colors[front & lips] * (0.8, 0.45, 0.45)
        return colors


def _cloth(rng: np.random.Generator) -> Cloth:
    return Cloth(np.stack([_paint(rng), _paint(rng)]), str(rng.choice(['plain', 'stripes', 'checks', 'dots'])), rng.uniform(0.05, 0.11))


def _paint(rng: np.random.Generator) -> np.ndarray:
    """A colour ``(3,)`` of any hue, from pale to strong."""
    hue, saturation, value = rng.uniform(0, 360), rng.uniform(0.1, 0.8), rng.uniform(0.35, 0.95)
    return cv2.cvtColor(np.array([[[hue, saturation, value]]], dtype=np.float32), cv2.COLOR_HSV2RGB)[0, 0].astype(float)


@dataclass(frozen=True)
class Light:
    """A light from one side and from everywhere.

    Args:
        direction: ``(3,)`` unit vector towards the light in camera space.
        ambient: brightness of what lies in the shade.
        diffuse: what is added where the light falls straight.
    """

    direction: np.ndarray
    ambient: float
    diffuse: float

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> 'Light':
        """A light from above and before, left or right."""
        side, height = np.radians(rng.uniform(-70, 70)), np.radians(rng.uniform(20, 70))
        direction = np.array([np.sin(side) * np.cos(height), -np.sin(height), -np.cos(side) * np.cos(height)])
        return cls(direction, rng.uniform(0.35, 0.55), rng.uniform(0.5, 0.7))

    def shade(self, normals: np.ndarray) -> np.ndarray:
        """Brightness ``(n, 1)`` of surfaces with unit normals ``(n, 3)`` (Lambert)."""
        return self.ambient + self.diffuse * np.maximum(normals @ self.direction, 0)[:, None]


# --- backgrounds


def _gradient(rng: np.random.Generator, size: Tuple[int, int]) -> np.ndarray:
    angle = rng.uniform(0, 2 * np.pi)
    share = _plane(size, angle)
    return _blend(rng, (share - share.min()) / max(np.ptp(share), 1e-9))


def _noise(rng: np.random.Generator, size: Tuple[int, int]) -> np.ndarray:
    total = np.zeros(size)
    for cells in (3, 6, 12, 24):
        octave = cv2.resize(rng.normal(size=(cells, cells)), size[::-1], interpolation=cv2.INTER_CUBIC)
        total += octave * 3 / cells
    return _blend(rng, np.clip(0.5 + 0.25 * total, 0, 1))


def _stripes(rng: np.random.Generator, size: Tuple[int, int]) -> np.ndarray:
    width = rng.uniform(0.06, 0.25) * min(size)
    return _blend(rng, _soft(_plane(size, rng.uniform(0, np.pi)) / width))


def _checks(rng: np.random.Generator, size: Tuple[int, int]) -> np.ndarray:
    width, angle = rng.uniform(0.1, 0.3) * min(size), rng.uniform(0, np.pi / 2)
    one, other = (_soft(_plane(size, turn) / width) for turn in (angle, angle + np.pi / 2))
    return _blend(rng, one + other - 2 * one * other)


def _shapes(rng: np.random.Generator, size: Tuple[int, int]) -> np.ndarray:
    picture = _gradient(rng, size)
    height, width = size
    for _ in range(rng.integers(4, 10)):
        center = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        axes = tuple(int(length) for length in rng.uniform(0.06, 0.35, 2) * min(size))
        cv2.ellipse(picture, center, axes, rng.uniform(0, 180), 0, 360, _muted(rng).tolist(), cv2.FILLED, cv2.LINE_AA)
    return cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.01, 0.03) * min(size))


PATTERNS: Dict[str, Callable] = dict(gradient=_gradient, noise=_noise, stripes=_stripes, checks=_checks, shapes=_shapes)


def _plane(size: Tuple[int, int], angle: float) -> np.ndarray:
    """``(H, W)`` pixels along a direction."""
    rows, columns = np.mgrid[:size[0], :size[1]]
    return np.cos(angle) * columns + np.sin(angle) * rows


def _soft(phase: np.ndarray) -> np.ndarray:
    """Bands of 0 and 1 with soft edges, one of each in a unit of ``phase``."""
    return np.clip(0.5 + 4 * (np.abs(phase % 1 - 0.5) - 0.25), 0, 1)


def _blend(rng: np.random.Generator, share: np.ndarray) -> np.ndarray:
    """Two muted colours, mixed by ``share (H, W)``."""
    first, second = _muted(rng), _muted(rng)
    return first + share[..., None] * (second - first)


def _muted(rng: np.random.Generator) -> np.ndarray:
    return 0.35 * _paint(rng) + 0.65 * rng.uniform(0.25, 0.9)


def background(rng: np.random.Generator, size: Tuple[int, int], pictures: Optional[Sequence[Path]] = None) -> np.ndarray:
    """A background ``(H, W, 3)``: one of :data:`PATTERNS`, or a piece of one of the user's pictures.

    Args:
        rng: decides.
        size: height and width.
        pictures: files as :func:`background_files` finds them.

    Raises:
        FramesError: a picture that cannot be read.
    """
    if pictures is None:
        return np.clip(PATTERNS[str(rng.choice(list(PATTERNS)))](rng, size), 0, 1)
    picture = read_image(pictures[rng.integers(len(pictures))])
    height, width = picture.shape[:2]
    share = min(height / size[0], width / size[1])
    piece = [max(round(rng.uniform(0.6, 1) * share * pixels), 1) for pixels in size]
    top, left = (int(rng.integers(whole - part + 1)) for whole, part in zip((height, width), piece))
    piece = picture[top:top + piece[0], left:left + piece[1]]
    return cv2.resize(piece, size[::-1], interpolation=cv2.INTER_AREA).astype(float) / 255


def background_files(folder) -> List[Path]:
    """The pictures of a folder, by name.

    Raises:
        FramesError: no folder, or none in it.
    """
    if not Path(folder).is_dir():
        raise FramesError(f'{folder}: no such folder of backgrounds')
    files = sorted(path for path in Path(folder).iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
    if not files:
        raise FramesError(f'{folder}: no pictures ({", ".join(IMAGE_SUFFIXES)}) for backgrounds in it')
    return files
