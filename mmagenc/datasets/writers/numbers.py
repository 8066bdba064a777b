"""What writers of texts share: numbers as people's programs read them, and boxes around persons.

V keypoints.
"""

import json
from pathlib import Path
from typing import List

import numpy as np


def number_texts(values: np.ndarray) -> np.ndarray:
    """Texts of numbers in the same shape: the shortest that give the same float32 again; empty where there is no number."""
    values = np.asarray(values, dtype=np.float32)
    return np.where(np.isnan(values), '', values.astype(str))


def plain_numbers(values: np.ndarray) -> list:
    """Nested lists for JSON of the shortest numbers that give the same float32 again."""
    return np.asarray(values, dtype=np.float32).astype(str).astype(np.float64).tolist()


def corners(points: np.ndarray) -> List[float]:
    """``x1, y1, x2, y2`` of the smallest box around points ``(V, 2)``; NaN are left out."""
    return plain_numbers(np.concatenate([np.nanmin(points, axis=0), np.nanmax(points, axis=0)]))


def write_json(content, path: Path) -> None:
    """JSON as the standard has it: a number that is none is an error here, not in the program that reads it."""
    path.write_text(json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(',', ':')), encoding='utf-8')
