"""What a monocular pose estimator makes of it: tilted camera, drift, jitter, limbs swapped between left and right, orientation lost.

T frames, A anatomical angles.
"""

from dataclasses import dataclass
from typing import Tuple

import numpy as np

from .anatomy import ANGLES, FPS, LIMB_LIMITS, LOWER, ROOT, UPPER, Subject
from .curves import ease, wobble


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
