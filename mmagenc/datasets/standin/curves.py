"""Random functions of time.

T frames.
"""


import numpy as np

from .anatomy import FPS


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
