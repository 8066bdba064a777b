"""How generated clips move beside recorded ones, over all and class by class.

N real clips, M generated clips, K classes, T frames, V keypoints.
"""

from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from mmagenc.clips import USUAL_FPS, seen_by_score
from mmagenc.evaluation.functional import clip_movement, movement_is_off
from mmagenc.evaluation.functional.movement import STILL
from mmagenc.skeletons import Skeleton, get_skeleton

COLUMNS = ('speed', 'range', 'bone_change', 'speed_about_root', 'range_about_root', 'root_range')
"""What is measured of a clip; the last is the largest distance of the root from its place in the first frame."""
SHOWN = ('speed', 'range', 'bone_change')
ROOT_STILL, ROOT_SHARE = 0.01, 0.05
"""A generator does not make the body's path if its roots move by no more body lengths than the former, or than that share of the
recordings' root range: a root that stands still is decoded with rounding, or with the noise of a network."""
UNKNOWN_LAYOUT = "not known: the clips' layout is not (set skeleton in the data set's metainfo)"


def layout_of(clip: Dict) -> Optional[Skeleton]:
    """The skeleton of a clip's keypoints, or ``None`` where none is named that is known and has so many joints."""
    if 'keypoint' not in clip or clip.get('skeleton') is None:
        return None
    try:
        skeleton = get_skeleton(clip['skeleton'])
    except (ValueError, TypeError):  # an unknown name, or no name at all
        return None
    return skeleton if skeleton.num_joints == clip['keypoint'].shape[2] else None


def measure_movement(clip: Dict, fps: Optional[float]) -> np.ndarray:
    """The numbers of :data:`COLUMNS` of a clip's first person, see :func:`~mmagenc.evaluation.functional.clip_movement`.

    Args:
        clip: annotation dict with ``keypoint (M, T, V, C)`` and ``skeleton``; points whose ``keypoint_score (M, T, V)`` is 0 are not seen.
        fps: frames a second; ``None`` measures in frames.

    Returns:
        ndarray: ``(6,)`` float32, NaN where the layout is not known, of a single frame, or of a body without length.

    Raises:
        ValueError: values that are not finite; the clip is named.
    """
    skeleton = layout_of(clip)
    if skeleton is None or clip['keypoint'].shape[1] < 2:
        return np.full(len(COLUMNS), np.nan, dtype=np.float32)
    keypoint = clip['keypoint'][0]
    valid = seen_by_score(clip['keypoint_score'])[0] if 'keypoint_score' in clip else np.ones(keypoint.shape[:2], dtype=bool)
    try:
        path, pose = (clip_movement(keypoint, skeleton.parents, fps or 1., root=root, valid=valid) for root in (None, skeleton.root))
    except ValueError as error:
        raise ValueError(f'{clip["frame_dir"]}: {error}') from error
    root, length = keypoint[valid[:, skeleton.root], skeleton.root], path['body_length']
    far = np.linalg.norm(root - root[0], axis=-1).max() if len(root) else 0.
    root_range = far / length if length > 0 else np.nan
    return np.array([*(path[name] for name in SHOWN), pose['speed'], pose['range'], root_range], dtype=np.float32)


def movement_result(real: Dict, generated: Sequence[Dict], fps: Optional[float]) -> Dict:
    """What a metric keeps of a real clip and of what was generated for it: ``real_movement (6,)``, ``fake_movement (R, 6)`` and whether
    the generator tells the root's path."""
    return dict(
        path_known=any('transl' in clip for clip in generated),
        real_movement=measure_movement(real, fps),
        fake_movement=np.stack([measure_movement(clip, fps) for clip in generated]))


def makes_no_path(real: np.ndarray, fake: np.ndarray) -> bool:
    """Whether all generated roots stand still and the recorded ones do not, by rows ``(…, 6)`` of :func:`measure_movement`."""
    if np.isnan(real[:, -1]).all() or np.isnan(fake[:, -1]).all():
        return False
    generated, recorded = np.nanmax(fake[:, -1]), np.nanmedian(real[:, -1])
    return bool(recorded > ROOT_STILL and generated <= max(ROOT_STILL, ROOT_SHARE * recorded))


@dataclass(frozen=True)
class Movement:
    """Movement of a set of generated and a set of recorded clips.

    Args:
        real: ``(N, 6)`` numbers of :func:`measure_movement`. real_label: ``(N,)`` their classes.
        fake: ``(M, 6)`` of the generated clips. fake_label: ``(M,)``.
        fps: frames a second, ``None`` where the data do not tell.
        about_root: whether both are told about the root, its path left out.
    """

    real: np.ndarray
    real_label: np.ndarray
    fake: np.ndarray
    fake_label: np.ndarray
    fps: Optional[float] = None
    about_root: bool = False

    @classmethod
    def of_results(cls, results: Sequence[Dict], fps: Optional[float], *, about_root: Optional[bool] = None) -> 'Movement':
        """From dicts with ``label`` and what :func:`movement_result` gives; ``about_root=None`` lets the clips decide."""
        label, real = (np.array([result[key] for result in results]) for key in ('label', 'real_movement'))
        fake = np.stack([result['fake_movement'] for result in results], axis=1)
        flat, labels = fake.reshape(-1, fake.shape[-1]), np.tile(label, len(fake))
        if about_root is None:
            about_root = not any(result['path_known'] for result in results) and makes_no_path(real, flat)
        return cls(real, label, flat, labels, fps, about_root)

    @property
    def known(self) -> bool:
        """Whether both sets have a clip that could be measured."""
        return bool(np.isfinite(self.real[:, 0]).any() and np.isfinite(self.fake[:, 0]).any())

    @property
    def unit(self) -> str:
        """Of the speeds."""
        return 'body lengths a second' if self.fps else 'body lengths a frame'

    def numbers(self, label: Optional[int] = None) -> Dict[str, float]:
        """``movement_speed``, ``movement_range`` and ``movement_bone_change`` of generated clips, of recorded ones as ``…_real``, and
        ``movement_speed_ratio``; medians over the clips of one class, or of all. What no clip tells is left out."""
        values = {}
        for suffix, rows, labels in (('', self.fake, self.fake_label), ('_real', self.real, self.real_label)):
            for name in SHOWN:
                column = COLUMNS.index(f'{name}_about_root' if self.about_root and name != 'bone_change' else name)
                own = rows[:, column] if label is None else rows[labels == label, column]
                own = own[np.isfinite(own)]
                if len(own):
                    values[f'movement_{name}{suffix}'] = float(np.median(own))
        if values.get('movement_speed_real', 0) > 0 and 'movement_speed' in values:
            values['movement_speed_ratio'] = values['movement_speed'] / values['movement_speed_real']
        return values

    def warnings(self, names: Sequence[str]) -> List[str]:
        """A sentence on the classes whose generated clips move much less than the recordings, and on those that move much more."""
        slow, fast = [], []
        for label in np.unique(self.fake_label):
            values = self.numbers(label)
            speeds = tuple(values.get(f'movement_speed{suffix}', np.nan) for suffix in ('', '_real'))
            if movement_is_off(*speeds, still=STILL if self.fps else STILL / USUAL_FPS):
                (slow if speeds[0] < speeds[1] else fast).append(f'{names[label]} ({speeds[0]:.3g} against {speeds[1]:.3g})')
        parts = (('hardly move', 'less than a quarter of', slow), ('move far too much', 'more than four times', fast))
        return [f'generated clips {what}, {share} the speed of the recordings, in {self.unit}: {", ".join(classes)}'
                for what, share, classes in parts if classes]

    def caption(self) -> str:
        """What the columns of a table are."""
        root = ' The path of the root is left out of both: the generated clips have none.' if self.about_root else ''
        rate = '' if self.fps else ' The data set names no fps.'
        return (f'Movement: medians over clips, jitter removed; speed in {self.unit}, range and bone change in body lengths.{rate}{root}')


def movement_head() -> Tuple[str, ...]:
    """Names of the columns of :func:`movement_cells`."""
    return ('speed', 'real', 'ratio', 'range', 'real', 'bone change', 'real')


def movement_cells(values: Dict[str, float]) -> Tuple[str, ...]:
    """Numbers of :meth:`Movement.numbers` as texts, ``-`` where there is none."""
    keys = ('speed', 'speed_real', 'speed_ratio', 'range', 'range_real', 'bone_change', 'bone_change_real')
    return tuple(f'{values[f"movement_{key}"]:.3f}' if f'movement_{key}' in values else '-' for key in keys)
