"""One pose from a JSON file, as a clip of one frame.

V keypoints, C coordinates. The file is a list of V points ``[[x, y], …]`` (or ``[x, y, z]``), or ``{"keypoint": that, "keypoint_score": [V
numbers], "img_shape": [height, width], "class": name}``, of which only ``keypoint`` must be there.
"""

import json
from pathlib import Path
from typing import Dict

import numpy as np

from mmagenc.datasets.annotation import AnnotationError

KEYS = ('keypoint', 'keypoint_score', 'img_shape', 'class')


def read_pose(path) -> Dict:
    """Read a pose.

    Returns:
        ``frame_dir``, ``total_frames`` 1, ``keypoint (1, 1, V, C)``, and as far as the file says them ``keypoint_score (1, 1, V)``,
        ``img_shape`` and ``class``, the name of an action.

    Raises:
        FileNotFoundError: no such file.
        AnnotationError: another content; what is wrong is named.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such file')
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise AnnotationError(f'{path}: no JSON ({error})') from error
    content = dict(keypoint=content) if isinstance(content, list) else content
    if not isinstance(content, dict) or 'keypoint' not in content:
        raise AnnotationError(f'{path}: expected a list of points [x, y], or a dict with `keypoint`, got {type(content).__name__}')
    unknown = sorted(set(content) - set(KEYS))
    if unknown:
        raise AnnotationError(f'{path}: unknown {", ".join(unknown)}; a pose may have {", ".join(KEYS)}')
    keypoint = _numbers(path, 'keypoint', content['keypoint'])
    if keypoint.ndim != 2 or keypoint.shape[1] not in (2, 3):
        raise AnnotationError(f'{path}: keypoint must be points of 2 or 3 coordinates, one of each joint, got {keypoint.shape}')
    clip = dict(frame_dir=path.stem, total_frames=1, keypoint=keypoint[None, None])
    if content.get('keypoint_score') is not None:
        score = _numbers(path, 'keypoint_score', content['keypoint_score'])
        if score.shape != keypoint.shape[:1]:
            raise AnnotationError(f'{path}: keypoint_score must be {len(keypoint)} numbers, one of each joint, got {score.shape}')
        clip['keypoint_score'] = score[None, None]
    if content.get('img_shape') is not None:
        shape = _numbers(path, 'img_shape', content['img_shape'])
        if shape.shape != (2, ) or (shape < 1).any() or (shape != np.round(shape)).any():
            raise AnnotationError(f'{path}: img_shape must be height and width in whole pixels, got {content["img_shape"]!r}')
        clip['img_shape'] = tuple(int(side) for side in shape)
    if content.get('class') is not None:
        clip['class'] = str(content['class'])
    return clip


def _numbers(path: Path, name: str, value) -> np.ndarray:
    try:
        with np.errstate(over='ignore'):  # becomes infinite, which is refused
            numbers = np.array(value, dtype=np.float32)
    except (TypeError, ValueError, OverflowError):
        raise AnnotationError(f'{path}: {name} must be numbers, in rows of one length') from None
    if not np.isfinite(numbers).all() or not numbers.size:
        raise AnnotationError(f'{path}: {name} must be finite numbers, got {"none" if not numbers.size else "NaN or infinity"}')
    return numbers
