"""What is in an annotation: classes, subjects, lengths, gaps, how sure the estimator was, how bodies move, and which clips are doubtful.

M persons, T frames, V keypoints, C coordinates. Lengths are in body lengths (:mod:`.functional.movement`).
"""

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence

import numpy as np

from mmagenc.clips import USUAL_FPS, USUAL_LAYOUTS
from mmagenc.datasets.annotation import count_persons, distinct_persons, is_unlabelled
from mmagenc.datasets.gaps import missing_points
from mmagenc.datasets.oddities import FAR, farthest_point, oddities
from mmagenc.datasets.persons import keep_persons
from mmagenc.datasets.split_names import read_split_name, split_pairs
from mmagenc.datasets.third_coordinate import PIXELS, body_size
from mmagenc.skeletons import Skeleton, get_skeleton
from mmagenc.skeletons.without import name_of_seen

from .functional import body_length, clip_movement
from .functional.movement import STILL

MISSING = 0.5
"""Share of points without a place from which on a clip is doubtful."""
JUMP = 0.5
"""Body lengths that the middle of a body does not go from one frame to the next."""
TRUSTED = 0.3
"""Median score below which an estimator is not sure of what it saw."""
BONES = 0.1
"""Change of bone lengths (body lengths) of a clip in three dimensions that makes it doubtful."""
OUTLIER = 6.
"""Median absolute deviations from the median of a file from which on a size is another's."""
FEW = 8
"""Frames below which little can be recognized."""
UNITS = {'metres': (0.3, 3., 1.), 'centimetres': (30., 300., 0.01), 'millimetres': (300., 3000., 0.001)}
"""How long the bodies of people are in space, from the smallest newborn to the tallest adult, fingers to toes, and metres a unit."""


class ClipMeasures(NamedTuple):
    """Numbers of a clip.

    Args:
        name: its ``frame_dir``.
        label: class index, -1 without.
        frames: T.
        seconds: by the frame rate, if that is known.
        persons: how many are there.
        missing: share of points of the main person without a place.
        longest_gap: frames on end in which some point that is seen elsewhere is not.
        score: median of the scores of points that have a place; NaN without scores.
        speed, range, jitter, bone_change: see :func:`~.functional.clip_movement`.
        body_length: in the file's unit.
        jump: the longest way of the body's middle from one frame to the next, body lengths.
    """
    name: str
    label: int
    frames: int
    seconds: Optional[float]
    persons: int
    missing: float
    longest_gap: int
    score: float
    speed: float
    range: float
    jitter: float
    bone_change: float
    body_length: float
    jump: float


class Doubt(NamedTuple):
    """A clip that somebody should look at, and why."""
    name: str
    reason: str


@dataclass(frozen=True)
class Inspection:
    """What :func:`inspect_annotation` gives.

    Args:
        facts: of the file in the order in which one wants to read them.
        classes: rows by class: name, clips, subjects, frames (least, median, most), speed, missing.
        splits: rows by split: name, clips, subjects, classes that are not in it.
        clips: measures of each.
        doubts: clips to look at.
        warnings: about the file as a whole.
    """
    facts: Dict[str, str]
    classes: List[Dict]
    splits: List[Dict]
    clips: List[ClipMeasures]
    doubts: List[Doubt]
    warnings: List[str]


def inspect_annotation(annotation: Mapping) -> Inspection:
    """Look at every clip of an annotation.

    Args:
        annotation: as :func:`~mmagenc.datasets.annotation.load_annotation` gives it, clips without labels too, and with points that are
            NaN, which count as not seen.
    """
    metainfo, clips = annotation.get('metainfo') or {}, annotation['annotations']
    taken = dict(metainfo, skeleton=metainfo.get('skeleton') or _usual_layout(clips))
    joints = _ever_seen(clips, taken)
    measures, twins = [measure_clip(clip, taken, joints.get(_layout(clip, taken))) for clip in clips], twins_of(clips)
    names = list(metainfo.get('classes') or [f'class {label}' for label in range(max((row.label for row in measures), default=-1) + 1)])
    return Inspection(
        facts=_facts(annotation, measures), classes=_class_rows(measures, clips, names), splits=_split_rows(annotation, names),
        clips=measures, doubts=doubts_of(clips, measures, twins),
        warnings=[*warnings_of(annotation, measures, names, twins), *_unmeasured_warning(clips, measures, taken, joints)])


def _usual_layout(clips: Sequence[Mapping]) -> Optional[str]:
    """What clips without a layout most likely have; ``None`` where that cannot be told."""
    unnamed = {(clip['keypoint'].shape[3], clip['keypoint'].shape[2]) for clip in clips if not clip.get('skeleton')}
    return USUAL_LAYOUTS.get(unnamed.pop()) if len(unnamed) == 1 else None


def _layout(clip: Mapping, metainfo: Mapping) -> Optional[Skeleton]:
    named = clip.get('skeleton') or metainfo.get('skeleton')
    return None if named is None else get_skeleton(named)


def _ever_seen(clips: Sequence[Mapping], metainfo: Mapping) -> Dict[Skeleton, np.ndarray]:
    """Of each layout ``(V,)`` which keypoints any clip shows of its main person; bodies are measured by these."""
    seen: Dict[Skeleton, np.ndarray] = {}
    for clip in clips:
        layout, kept = _layout(clip, metainfo), keep_persons(clip, 1)
        if layout is not None:
            own = ~missing_points(kept['keypoint'], kept.get('keypoint_score'))[0].all(axis=0)
            seen[layout] = own | seen[layout] if layout in seen else own
    return seen


def measure_clip(clip: Mapping, metainfo: Mapping, joints: Optional[np.ndarray] = None) -> ClipMeasures:
    """The numbers of one clip, of the person that :func:`~mmagenc.datasets.persons.keep_persons` keeps where there are several.

    Args:
        clip: in the annotation format.
        metainfo: of its file.
        joints: ``(V,)`` keypoints that bodies are measured by; ``None`` takes all.
    """
    kept = keep_persons(clip, 1)
    keypoint, score = kept['keypoint'], kept.get('keypoint_score')
    missing = missing_points(keypoint, score)[0]
    fps = clip.get('fps') or metainfo.get('fps')
    moves = _movement(keypoint[0], ~missing, _layout(clip, metainfo), float(fps or USUAL_FPS), joints)
    seen = np.empty(0) if score is None else score[0][~missing]
    return ClipMeasures(
        name=clip['frame_dir'], label=-1 if is_unlabelled(clip) else int(clip['label']), frames=int(clip['total_frames']),
        seconds=clip['total_frames'] / fps if fps else None, persons=count_persons(clip), missing=float(missing.mean()),
        longest_gap=_longest_gap(missing), score=float(np.median(seen)) if seen.size else float('nan'), **moves)


def _movement(keypoint: np.ndarray, seen: np.ndarray, layout: Optional[Skeleton], fps: float,
              joints: Optional[np.ndarray]) -> Dict[str, float]:
    nothing = dict.fromkeys(('speed', 'range', 'jitter', 'bone_change', 'jump'), float('nan'))
    if layout is None or not seen.any():
        return dict(nothing, body_length=float('nan'))
    parents = layout.parents
    points = np.where(seen[..., None], np.nan_to_num(keypoint), 0)
    if len(points) < 2:
        return dict(nothing, body_length=body_length(points, parents, seen, joints))
    moves = clip_movement(points, parents, fps, valid=seen, joints=joints)
    return dict(moves, jump=_jump(points, seen) / moves['body_length'] if moves['body_length'] > 0 else float('nan'))


def _jump(points: np.ndarray, seen: np.ndarray) -> float:
    """The longest way between two frames of the median of the points that are seen in both, in the clip's unit."""
    both = seen[1:] & seen[:-1]
    steps = np.where(both[..., None], points[1:] - points[:-1], np.nan)[both.any(axis=1)]
    return float(np.linalg.norm(np.nanmedian(steps, axis=1), axis=-1).max()) if len(steps) else 0.


def _longest_gap(missing: np.ndarray) -> int:
    """Frames on end without a place, of any point that has one elsewhere ``(T, V)``."""
    longest = 0
    for track in missing.T[~missing.all(axis=0)]:
        edges = np.flatnonzero(np.diff(np.concatenate(([0], track.astype(np.int8), [0]))))
        longest = max(longest, int((edges[1::2] - edges[::2]).max()) if len(edges) else 0)
    return longest


# --- Doubts


def doubts_of(clips: Sequence[Mapping], measures: Sequence[ClipMeasures], twins: Mapping[str, str]) -> List[Doubt]:
    """Clips that somebody should look at: a line for each reason."""
    sizes = np.array([row.body_length for row in measures])
    speeds = {label: _median([row.speed for row in measures if row.label == label]) for label in {row.label for row in measures}}
    doubts = []
    for clip, row, size in zip(clips, measures, _deviations(sizes)):
        flat = clip['keypoint'].shape[-1] == 2
        reasons = [
            f'{row.frames} frames are too few to recognize much' if row.frames < FEW else '',
            f'{row.missing:.0%} of its points have no place' if row.missing > MISSING else '',
            f'the estimator is not sure (median score {row.score:.2f})' if row.score < TRUSTED else '',
            f'the body jumps by {row.jump:.1f} body lengths from one frame to the next' if row.jump > JUMP else '',
            f'it trembles more than it moves ({row.jitter:.3f} body lengths from frame to frame)'
            if row.speed < STILL <= row.jitter else '',
            f'it stands still ({row.speed:.3f} body lengths a second; its class moves {speeds[row.label]:.2f})'
            if max(row.speed, row.jitter) < STILL <= speeds[row.label] else '',
            f'bones change their lengths (by {row.bone_change:.2f} body lengths)' if not flat and row.bone_change > BONES else '',
            f'the body is {row.body_length:.3g} long, others are {np.nanmedian(sizes):.3g}' if not flat and size > OUTLIER else '',
            _far(clip),
            f'the same motion as {twins[row.name]}' if row.name in twins else '',
        ]
        doubts += [Doubt(row.name, reason) for reason in reasons if reason]
    return doubts


def _far(clip: Mapping) -> str:
    found = farthest_point(clip)
    return '' if found is None or found[2] <= FAR else f'keypoint {found[1]} lies {found[2]:.3g} body sizes away in frame {found[0]}'


def _deviations(values: np.ndarray) -> np.ndarray:
    """How many median absolute deviations each value lies from the median, at least 5 % of it each."""
    if not np.isfinite(values).any():
        return np.zeros(len(values))
    middle = np.nanmedian(values)
    spread = max(np.nanmedian(np.abs(values - middle)), 0.05 * abs(middle), 1e-12)
    return np.nan_to_num(np.abs(values - middle) / spread)


def twins_of(clips: Sequence[Mapping]) -> Dict[str, str]:
    """The first clip with the same motion, by the names of the others."""
    first: Dict[bytes, str] = {}
    twins = {}
    for clip in clips:
        digest = _motion_digest(clip['keypoint'])
        if digest and first.setdefault(digest, clip['frame_dir']) != clip['frame_dir']:
            twins[clip['frame_dir']] = first[digest]
    return twins


def _motion_digest(keypoint: np.ndarray) -> bytes:
    """Of who is there ``(M, T, V, C)``, in whatever order and however many empty places stand beside them; empty without anybody."""
    people = [np.nan_to_num(person.astype(np.float32)) + 0. for person in keypoint[distinct_persons(keypoint)]]  # -0 is 0
    return b''.join(sorted(hashlib.sha256(repr(person.shape).encode() + person.tobytes()).digest() for person in people))


def warnings_of(annotation: Mapping, measures: Sequence[ClipMeasures], names: Sequence[str], twins: Mapping[str, str]) -> List[str]:
    """What is doubtful about the file as a whole."""
    clips, metainfo, split = annotation['annotations'], annotation.get('metainfo') or {}, annotation.get('split') or {}
    counts = Counter(row.label for row in measures)
    warnings = []
    if counts.get(-1):
        warnings.append(f'{counts[-1]} clips have no label')
    empty = [name for label, name in enumerate(names) if not counts.get(label)]
    single = [name for label, name in enumerate(names) if counts.get(label) == 1]
    if empty:
        warnings.append(f'classes without a clip: {", ".join(empty)}')
    if single:
        warnings.append(f'classes with a single clip: {", ".join(single)}')
    if not metainfo.get('fps') and not all(clip.get('fps') for clip in clips):
        warnings.append(f'the frame rate is not known: speeds here take {USUAL_FPS:g} a second')
    rates = {clip.get('fps') or metainfo.get('fps') for clip in clips} - {None}
    if len(rates) > 1:
        warnings.append(f'frame rates differ ({", ".join(f"{rate:g}" for rate in sorted(rates))}), which a training refuses: mmagenc mix '
                        '--fps brings all clips to one')
    if not (metainfo.get('skeleton') or all(clip.get('skeleton') for clip in clips)):
        taken = _usual_layout(clips)
        warnings.append('the file names no layout' + (f': {taken} is taken here, as most files of as many keypoints have it' if taken else
                        ', so that speeds and bones are not known (docs/layouts.md says how one is named)'))
    moving = [row.speed for row in measures if np.isfinite(row.speed)]
    if moving and max(moving) < STILL:
        warnings.append(f'nothing moves in any clip (at most {max(moving):.3f} body lengths a second)')
    warnings += [*_unseen_warning(clips), *oddities(clips), *_unit_warning(clips, measures), *leaks(clips, twins, split)]
    if clips and clips[0]['keypoint'].shape[-1] == 3 and metainfo.get('up') is None:
        warnings.append('which axis points up is not known')
    return warnings


def _unseen_warning(clips: Sequence[Mapping]) -> List[str]:
    """Say that points are NaN, which trainings refuse."""
    lost = {clip['frame_dir']: int((~np.isfinite(clip['keypoint']).all(axis=-1)).sum()) for clip in clips}
    names = [name for name, count in lost.items() if count]
    if not names:
        return []
    share = sum(lost.values()) / sum(clip['keypoint'][..., 0].size for clip in clips)
    return [f'{len(names)} of {len(clips)} clips hold points that are NaN or infinite, such as {names[0]} ({share:.1%} of all points). '
            'Here they count as not seen; a training refuses them as they are: fill_gaps=dict(max_gap=N) of the dataset or of own_data, or '
            'mmagenc mix --fill-gaps N, fills gaps of up to N frames and cuts clips at longer ones']


def _unmeasured_warning(clips: Sequence[Mapping], measures: Sequence[ClipMeasures], metainfo: Mapping,
                        joints: Mapping[Skeleton, np.ndarray]) -> List[str]:
    """Say which keypoints bodies are not measured by, as no clip shows them, and which clips have no speed."""
    warnings = []
    for layout, seen in joints.items():
        if seen.any() and not seen.all():
            names = [layout.joint_names[joint] for joint in np.flatnonzero(~seen)]
            name = name_of_seen(layout, np.flatnonzero(~seen))
            advice = '' if name is None else f', and skeleton={name!r} of own_data or mmagenc mix goes without'
            warnings.append(f'no clip shows {", ".join(names)} ({layout.name}): a body length is that of the longest way through the '
                            f'others; a training that fills gaps leaves clips out of which a keypoint is never seen{advice}')
    lost = [clip for clip, row in zip(clips, measures) if _layout(clip, metainfo) is not None and row.frames > 1
            and np.isnan(row.body_length)]
    if lost:
        layout, own = _layout(lost[0], metainfo), _ever_seen(lost[:1], metainfo)
        names = ', '.join(layout.joint_names[joint] for joint in np.flatnonzero(joints[layout] & ~own[layout]))
        warnings.append(f'{len(lost)} of {len(clips)} clips have no speed, as they never show a keypoint that bodies are measured by: '
                        f'{lost[0]["frame_dir"]}{f" ({names})" if names else ""}{", …" if len(lost) > 1 else ""}')
    return warnings


def leaks(clips: Sequence[Mapping], twins: Mapping[str, str], split: Mapping[str, Sequence[str]]) -> List[str]:
    """Clips, their copies and persons on both sides of a pair of splits, which makes a recognizer look better than it is.

    Sides are splits that share no clip, and those that by their names are to train on and to test on. A split that holds another, as
    ``trainval`` holds ``train``, is no side of it.
    """
    members = {name: set(names) for name, names in split.items()}
    subjects = {clip['frame_dir']: str(clip['subject']) for clip in clips if _is_named(clip)}
    families = _families(twins)
    people, copies, within, twice = [], [], [], {}
    for one, other in split_pairs(split):
        both = [name for name in split[other] if name in members[one]]
        trained = read_split_name(one).role == 'train' and read_split_name(other).role in ('val', 'test')
        if both and not (members[one] <= members[other] or members[other] <= members[one]):
            twice.update(dict.fromkeys(both))
        if both and trained:
            within.append(f'{len(both)} clips of {other} are in {one} too, such as {both[0]}')
        if trained or not both:
            people.append(_shared_subjects(subjects, split, one, other))
            copies.append(_copies(families, members, one, other))
    more = [f'{len(twice)} clips are in more than one split, such as {next(iter(twice))}'] if twice else []
    return [text for text in (*people, *copies, *within, *more) if text]


def _is_named(clip: Mapping) -> bool:
    """Whether a clip says who is in it; 0 is a number of a person, an empty text none."""
    return clip.get('subject') not in (None, '')


def _shared_subjects(subjects: Mapping[str, str], split: Mapping[str, Sequence[str]], one: str, other: str) -> str:
    both = sorted(set.intersection(*({subjects[name] for name in split[place] if name in subjects} for place in (one, other))))
    return f'{len(both)} subjects of {one} are in {other} too: {", ".join(both[:5])}' if both else ''


def _families(twins: Mapping[str, str]) -> List[List[str]]:
    """Names of clips with the same motion, those of each together."""
    families: Dict[str, List[str]] = {}
    for name, first in twins.items():
        families.setdefault(first, [first]).append(name)
    return list(families.values())


def _copies(families: Sequence[Sequence[str]], members: Mapping[str, set], one: str, other: str) -> str:
    """Clips of the second split with exactly the motion of one of the first."""
    apart = members[other] - members[one]
    found = [name for family in families if members[one] & set(family) for name in family if name in apart]
    return f'{len(found)} clips of {other} are copies of clips of {one}, such as {found[0]}' if found else ''


# --- Tables


def _facts(annotation: Mapping, measures: Sequence[ClipMeasures]) -> Dict[str, str]:
    metainfo, clips = annotation.get('metainfo') or {}, annotation['annotations']
    layouts = Counter(clip.get('skeleton') or metainfo.get('skeleton') or 'not named' for clip in clips)
    channels = Counter(clip['keypoint'].shape[-1] for clip in clips)
    rates = Counter(clip.get('fps') or metainfo.get('fps') for clip in clips)
    frames = np.array([row.frames for row in measures] or [0])
    subjects = {clip['subject'] for clip in clips if _is_named(clip)}
    scores = [row.score for row in measures if np.isfinite(row.score)]
    made, crowds = sum(clip.get('source') == 'synthetic' for clip in clips), sum(row.persons > 1 for row in measures)
    return {
        'clips': f'{len(clips)}' + (f', of which {made} generated' if made else ''),
        'frames': f'{frames.sum()} ({frames.min()} to {frames.max()} a clip, median {np.median(frames):g})',
        'layout': ', '.join(f'{name}' + (f' ({count} clips)' if len(layouts) > 1 else '') for name, count in layouts.most_common()),
        'coordinates': ', '.join(_coordinates(count, _usual_size(clips, measures, count)) for count in channels),
        'frames a second': ', '.join('not known' if rate is None else f'{rate:g}' for rate in rates),
        'up': str(metainfo.get('up') or 'not known') if 3 in channels else '',
        'rotations': f'{sum("pose" in clip for clip in clips)} clips' if any('pose' in clip for clip in clips) else '',
        'subjects': f'{len(subjects)}' if subjects else 'not named',
        'persons': f'{crowds} clips have more than one' if crowds else '',
        'points without a place': f'{np.mean([row.missing for row in measures] or [0]):.1%}',
        'median score': f'{np.median(scores):.2f}' if scores else '',
    }


def _usual_size(clips: Sequence[Mapping], measures: Sequence[ClipMeasures], num_dims: int) -> float:
    """Median length of the bodies in clips of so many coordinates, in their unit; of bodies without a layout width or height. NaN where
    nobody is seen."""
    sizes = [row.body_length if np.isfinite(row.body_length) else body_size(keep_persons(clip, 1)['keypoint'])
             for clip, row in zip(clips, measures) if clip['keypoint'].shape[-1] == num_dims]
    return _median([size for size in sizes if size > 0])


def _unit(size: float) -> Optional[str]:
    """The unit in which bodies of a length are people's; ``None`` if none is known."""
    return next((unit for unit, (low, high, _) in UNITS.items() if low <= size < high), None)


def _coordinates(num_dims: int, size: float) -> str:
    """What coordinates are there, and in which unit they are by the size of the bodies, in words."""
    names, told = 'x, y' if num_dims == 2 else 'x, y, z', f'bodies are {size:.4g} long'
    if num_dims == 2:
        return f'{names} in pixels' if not size <= PIXELS else f'{names}, by their size not in pixels ({told})'
    if not size > 0:
        return f'{names} in a unit that cannot be told'
    unit = _unit(size)
    if unit is None:
        return f'{names} in a unit that is none of people ({told})'
    return f'{names} in metres' if unit == 'metres' else f'{names}, by their size in {unit} ({told})'


def _unit_warning(clips: Sequence[Mapping], measures: Sequence[ClipMeasures]) -> List[str]:
    """Say that places in space are not in metres, which the format has."""
    size = _usual_size(clips, measures, 3)
    unit = _unit(size)
    if not size > 0 or unit == 'metres':
        return []
    if unit is None:
        return [f'bodies are {size:.4g} long, which is no length of people in metres, the unit of the format']
    return [f'bodies are {size:.4g} long, as people are in {unit}; the format has metres: multiply keypoint by {UNITS[unit][2]:g}']


def _class_rows(measures: Sequence[ClipMeasures], clips: Sequence[Mapping], names: Sequence[str]) -> List[Dict]:
    rows = []
    for label in [*range(len(names)), -1]:
        members = [(row, clip) for row, clip in zip(measures, clips) if row.label == label]
        if label == -1 and not members:
            continue
        frames = [row.frames for row, _ in members] or [0]
        rows.append({
            'class': names[label] if label >= 0 else '(no label)', 'clips': len(members),
            'subjects': len({clip['subject'] for _, clip in members if _is_named(clip)}),
            'frames': f'{min(frames)}–{int(np.median(frames))}–{max(frames)}',
            'speed': _median([row.speed for row, _ in members]), 'jitter': _median([row.jitter for row, _ in members]),
            'bones': _median([row.bone_change for row, _ in members]), 'missing': _median([row.missing for row, _ in members])})
    return rows


def _median(values: Sequence[float]) -> float:
    values = [value for value in values if np.isfinite(value)]
    return float(np.median(values)) if values else float('nan')


def _split_rows(annotation: Mapping, names: Sequence[str]) -> List[Dict]:
    by_name = {clip['frame_dir']: clip for clip in annotation['annotations']}
    rows = []
    for name, members in (annotation.get('split') or {}).items():
        clips = [by_name[member] for member in members if member in by_name]
        there = {int(clip['label']) for clip in clips if not is_unlabelled(clip)}
        rows.append({'split': name, 'clips': len(clips), 'subjects': len({clip['subject'] for clip in clips if _is_named(clip)}),
                     'lacks': ', '.join(names[label] for label in range(len(names)) if label not in there) if clips else 'everything'})
    return rows
