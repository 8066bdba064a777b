"""Generated clips that are to leave a house: what they are near to, whom they may give away, how they move; and what is left out of them.

N recordings, M generated clips, K classes.
"""

from dataclasses import dataclass, field
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np
from torch import nn

from mmagenc.evaluation.functional import MembershipInference, membership_inference, wilson_interval
from mmagenc.evaluation.membership import (
    Exposure,
    Rows,
    exposure,
    motion_rows,
    persons_of,
    reconstruction_error,
    same_recordings,
)
from mmagenc.evaluation.metrics.motion_generation import judge_warnings
from mmagenc.evaluation.metrics.movement import Movement
from mmagenc.models.generators import BaseGenerator

from .recognize import recognize

KEPT_KEYS = ('label', 'total_frames', 'keypoint', 'keypoint_score', 'pose', 'transl', 'img_shape', 'class_path', 'skeleton')
"""What a clip keeps when it leaves. Its latent, with which the generator makes it again (and, of a variant, nearly the recording), its
name and the name of what it is a variant of stay behind."""
KEPT_METAINFO = ('classes', 'skeleton', 'layouts', 'fps', 'up', 'third')
LENGTHS_APART = 1.5
"""Recordings whose median lengths differ by more are no fair comparison: longer ones have more pieces to be near to something."""


@dataclass(frozen=True)
class Release:
    """What is released and what was measured of it.

    Args:
        clips: the clips, renamed, without what must not leave.
        metainfo: of their file.
        rows: ``(M,)`` numbers of the clips among those that were given, without those that were dropped.
        motion: exposure by the distance of motion.
        features: exposure by the judge's features, where one is given and there are held-out recordings.
        floor: distance below which clips were dropped, body lengths; ``None`` dropped nothing. dropped: by class, how many.
        reconstruction: what the generator itself gives away, if it was at hand.
        movement: how clips and recordings move.
        judge: accuracies of the judge, if there is one.
        recordings, held_out: counts of clips, subjects and classes.
        not_measured: sentences: what could not be measured, and what that means.
        warnings: sentences: what makes numbers worth less.
    """

    clips: List[Dict]
    metainfo: Dict
    rows: np.ndarray
    motion: Exposure
    movement: Movement
    recordings: Dict
    held_out: Optional[Dict] = None
    features: Optional[Exposure] = None
    floor: Optional[float] = None
    dropped: Dict[str, int] = field(default_factory=dict)
    reconstruction: Optional[MembershipInference] = None
    judge: Optional[Dict] = None
    not_measured: Sequence[str] = ()
    warnings: Sequence[str] = ()


def measure_release(clips: Sequence[Dict],
                    metainfo: Mapping,
                    recordings: Sequence[Dict],
                    held_out: Optional[Sequence[Dict]] = None,
                    *,
                    model: Optional[BaseGenerator] = None,
                    judge: Optional[nn.Module] = None,
                    judge_fitted: bool = True,
                    min_distance: Optional[float] = None,
                    seed: int = 0,
                    doubts: Sequence[str] = ()) -> Release:
    """Measure generated clips against recordings, after those too near to one are dropped.

    Args:
        clips: generated ones, each with its layout as ``skeleton``.
        metainfo: of their file, with ``classes``.
        recordings: what the generator was trained on, in the clips' layout and frame rate.
        held_out: recordings of the same kind that it was not trained on; without any nobody can say what distances mean.
        model: the generator, to measure what it gives away itself.
        judge: a recognizer with its test pipeline. judge_fitted: whether it has learnt anything.
        min_distance: clips nearer to a recording than so many medians of the held-out recordings' distances are dropped.
        seed: of the bootstrap.
        doubts: sentences of whoever calls: what makes numbers worth less.

    Raises:
        ValueError: held-out recordings that are among the recordings, a floor without any, or one that drops every clip.
    """
    if held_out is not None:
        _check_apart(recordings, held_out)
    elif min_distance is not None:
        raise ValueError('a floor in medians of held-out distances needs held-out recordings')
    frames = int(np.median([clip['total_frames'] for clip in clips]))
    forms = _Forms(motion_rows(recordings, frames), None if held_out is None else motion_rows(held_out, frames),
                   None if held_out is None else motion_rows(held_out, frames, middle=True))
    made, groups = motion_rows(clips), None if held_out is None else persons_of(recordings, held_out)
    near = exposure(forms.recordings, made)
    floor = None if min_distance is None else min_distance * float(np.median(exposure(forms.recordings, forms.middle).generated))
    kept = np.flatnonzero(near.generated >= (0 if floor is None else floor))
    if not len(kept):
        raise ValueError(f'all {len(clips)} clips lie nearer to a recording than {floor:.3f} body lengths '
                         f'({min_distance:g} medians of the held-out recordings): nothing is left to release')
    names = list(metainfo.get('classes') or [])
    chosen = [clips[row] for row in kept]
    rows = Rows(made.values[kept], np.arange(len(kept)), made.start[kept])
    motion = exposure(forms.recordings, rows, forms.held_out, held_out_middle=forms.middle, groups=groups, rng=seed)
    reconstruction, unmeasured = _white_box(model, recordings, held_out, frames, groups, seed)
    numbers, features, warnings = ({}, None, []) if judge is None else _judged(
        judge, chosen, recordings, held_out, groups=groups, seed=seed, fitted=judge_fitted)
    movement = Movement.of_clips(recordings, chosen, metainfo.get('fps'))
    return Release(
        clips=[released_clip(clip, number) for number, clip in enumerate(chosen)],
        metainfo={**{key: metainfo[key] for key in KEPT_METAINFO if metainfo.get(key) is not None}, 'source': 'synthetic'},
        rows=kept, motion=motion, features=features, floor=floor, dropped=_dropped(clips, kept, names), reconstruction=reconstruction,
        movement=movement, judge=numbers or None, recordings=counts_of(recordings, names),
        held_out=None if held_out is None else {**counts_of(held_out, names), 'subjects_of_both': _shared_subjects(recordings, held_out)},
        not_measured=[*([] if held_out is not None else [NO_HELD_OUT]), *unmeasured],
        warnings=[*doubts, *_few(motion), *_lengths(recordings, held_out), *warnings, *movement.warnings(names)])


NO_HELD_OUT = ('No held-out recordings were given. How near a clip lies to a recording is therefore known, but not whether that is nearer '
               'than two persons are who make the same movement, and not whether anybody could tell by the clips who was recorded. Nothing '
               'here says that they keep anybody unknown.')
NO_GENERATOR = ('What the generator itself gives away (white box) was not measured: it was not at hand. That is a matter of who gets the '
                'generator, not of the clips.')
NO_CODE = ('What the generator itself gives away (white box) was not measured: {reason}. If the generator is handed on too, this is not '
           'known.')


@dataclass(frozen=True)
class _Forms:
    """Recordings and held-out ones as rows."""

    recordings: Rows
    held_out: Optional[Rows]
    middle: Optional[Rows]


def released_clip(clip: Mapping, number: int) -> Dict:
    """A clip as it leaves: numbered, with nothing but motion and class."""
    return dict({key: clip[key] for key in KEPT_KEYS if clip.get(key) is not None}, frame_dir=f'clip_{number:06d}', source='synthetic')


def counts_of(clips: Sequence[Mapping], names: Sequence[str]) -> Dict:
    """How many clips, subjects (``None`` where some are not named) and frames there are, and clips of each class."""
    labels = np.bincount([int(clip['label']) for clip in clips], minlength=len(names))
    subjects, frames = [clip.get('subject') for clip in clips], [int(clip['total_frames']) for clip in clips]
    return dict(
        clips=len(clips), subjects=len(set(subjects)) if all(subjects) else None,
        frames=dict(least=min(frames), median=float(np.median(frames)), most=max(frames)),
        classes={names[k] if k < len(names) else f'class {k}': int(count) for k, count in enumerate(labels)})


def _check_apart(recordings: Sequence[Dict], held_out: Sequence[Dict]) -> None:
    same = same_recordings(recordings, held_out)
    if same:
        raise ValueError(f'{len(same)} of the {len(held_out)} held-out recordings are among the recordings that were trained on, such as '
                         f'{held_out[same[0]]["frame_dir"]}: name two splits (FILE:train and FILE:test), or two files')


def _shared_subjects(recordings: Sequence[Dict], held_out: Sequence[Dict]) -> Optional[int]:
    named = [[clip.get('subject') for clip in clips] for clips in (recordings, held_out)]
    return len(set(named[0]) & set(named[1])) if all(map(all, named)) else None


def _dropped(clips: Sequence[Dict], kept: np.ndarray, names: Sequence[str]) -> Dict[str, int]:
    """How many clips of each class were dropped, of classes that lost any."""
    lost = [int(clips[row]['label']) for row in np.setdiff1d(np.arange(len(clips)), kept)]
    return {names[k] if k < len(names) else f'class {k}': lost.count(k) for k in sorted(set(lost))}


def _white_box(model: Optional[BaseGenerator], recordings: Sequence[Dict], held_out: Optional[Sequence[Dict]], frames: int,
               groups: Optional[np.ndarray], seed: int) -> Tuple[Optional[MembershipInference], List[str]]:
    """What the generator itself gives away, or why that is not known."""
    if held_out is None:
        return None, []
    if model is None:
        return None, [NO_GENERATOR]
    if model.gap != 1:
        return None, [NO_CODE.format(reason='it makes clips of another frame rate than it encodes')]
    try:
        errors = [reconstruction_error(model, clips, frames) for clips in (recordings, held_out)]
    except ValueError:
        return None, [NO_CODE.format(reason='the recordings are not in the form that it encodes')]
    if any(error is None for error in errors):
        return None, [NO_CODE.format(reason=f'a {type(model).__name__} does not encode recordings')]
    return membership_inference(-errors[0], -errors[1], groups=groups, rng=seed), []


def _judged(judge: nn.Module, clips: Sequence[Dict], recordings: Sequence[Dict], held_out: Optional[Sequence[Dict]], *,
            groups: Optional[np.ndarray], seed: int, fitted: bool) -> Tuple[Dict, Optional[Exposure], List[str]]:
    """The judge's accuracies, what its features give away, and why its opinion is worth nothing, if it is."""
    scores = dict(generated=recognize(judge, clips), recordings=recognize(judge, recordings))
    if held_out is not None:
        scores['held_out'] = recognize(judge, held_out)
    numbers = {name: wilson_interval((score.predicted == score.label).sum(), len(score))._asdict() for name, score in scores.items()}
    known = scores['held_out' if held_out is not None else 'recordings']
    real = numbers['held_out' if held_out is not None else 'recordings']
    metrics = {f'accuracy{suffix}{end}': own[key] for suffix, own in (('', numbers['generated']), ('_real', real))
               for end, key in (('', 'value'), ('_low', 'low'), ('_high', 'high'))}
    warnings = judge_warnings(metrics, known.label, known.probability.shape[1], fitted=fitted)
    rows = {name: Rows.of_features(score.feature) for name, score in scores.items()}
    features = None if held_out is None else exposure(rows['recordings'], rows['generated'], rows['held_out'], groups=groups, rng=seed)
    return numbers, features, warnings


def _few(motion: Exposure) -> List[str]:
    attack = next(iter((motion.attacks or {}).values()), None)
    if attack is None or not attack.few:
        return []
    return [f'{attack.num_members} recordings that were trained on and {attack.num_others} that were not are few: the figures of '
            'membership inference say little, and a figure near one half is no evidence that nobody can be told']


def _lengths(recordings: Sequence[Dict], held_out: Optional[Sequence[Dict]]) -> List[str]:
    if held_out is None:
        return []
    medians = [float(np.median([clip['total_frames'] for clip in clips])) for clips in (recordings, held_out)]
    if max(medians) <= LENGTHS_APART * min(medians):
        return []
    return [f'the recordings that were trained on have {medians[0]:g} frames (median), the held-out ones {medians[1]:g}: an attack may '
            'tell them apart by their length alone']
