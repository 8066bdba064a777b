"""How near generated clips come to the recordings that a generator was trained on, and who could tell those recordings by it.

One form of motion is compared throughout: positions about the root in every frame, in lengths of the body in those frames, of
:data:`SAMPLES` poses evenly spread over as many frames as a generated clip has. The distance of two clips is the root mean square over
joints and poses, in body lengths. Which way a body faces counts; where it is does not.

N recordings, M generated clips, H held-out recordings, R pieces, T frames, V keypoints, C coordinates, D numbers of a piece.
"""

import hashlib
from dataclasses import dataclass
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch

from mmagenc.datasets.annotation import ARRAY_KEYS
from mmagenc.datasets.gaps import missing_points
from mmagenc.datasets.persons import keep_persons
from mmagenc.models.generators import BaseGenerator
from mmagenc.models.generators.variants import batched_inputs
from mmagenc.skeletons import Skeleton, get_skeleton

from .functional import (
    MembershipInference,
    Memorization,
    body_length,
    calibrated_score,
    fill_unseen,
    membership_inference,
    memorization_of,
    nearest_neighbor,
)

SAMPLES = 32
"""Poses that a piece is compared by."""
OVERLAP = 8
"""Pieces of a recording begin an eighth of their length apart: of a copied part the nearest piece begins at most a sixteenth away."""
CODED_OVERLAP = 2
"""The same of pieces that a generator is to put together again, which costs more and asks for no place."""
FEW_PERSONS = 5
"""Persons of a set below which they are no sample that could be drawn from."""
ENCODED = 32
"""Pieces that a generator takes apart and puts together at once."""
NEAREST, CALIBRATED, RECONSTRUCTION = 'nearest clip', 'nearest clip, calibrated', 'reconstruction'
"""Attacks: by the distance to the nearest generated clip; by that less the distance to the nearest other recording; by how well the
generator itself puts a recording together again."""


class Rows(NamedTuple):
    """Clips as numbers, piece by piece.

    Args:
        values: ``(R, D)``, whose Euclidean distances are those of the pieces.
        owner: ``(R,)`` number of the clip that a piece is of.
        start: ``(R,)`` its first frame.
    """

    values: np.ndarray
    owner: np.ndarray
    start: np.ndarray

    @classmethod
    def of_features(cls, feature: np.ndarray) -> 'Rows':
        """Whole clips by a recognizer's features ``(N, D)``."""
        return cls(np.asarray(feature, dtype=np.float64), np.arange(len(feature)), np.zeros(len(feature), dtype=np.int64))

    def best(self, values: np.ndarray) -> np.ndarray:
        """The smallest of the numbers ``(R,)`` of each clip's pieces."""
        smallest = np.full(self.owner.max() + 1, np.inf)
        np.minimum.at(smallest, self.owner, values)
        return smallest


def motion_rows(clips: Sequence[Dict], num_frames: Optional[int] = None, *, middle: bool = False, overlap: int = OVERLAP) -> Rows:
    """Clips in the form of this module.

    Args:
        clips: annotation dicts with ``skeleton``; of several persons the one who is most there. Points without a place are taken to lie
            between the frames in which they are seen, and at the root where they never are.
        num_frames: frames of a piece; longer clips have several, which overlap. ``None`` takes whole clips.
        middle: of longer clips only the middle piece.
        overlap: pieces that begin within the length of one.

    Raises:
        ValueError: no clips, one whose layout is not known, or a body without a size; the clip is named.
    """
    if not clips:
        raise ValueError('there are no clips')
    values, owner, starts = [], [], []
    for index, clip in enumerate(clips):
        points, seen, skeleton = _points(clip)
        length = len(points) if num_frames is None else min(num_frames, len(points))
        for start in _starts(len(points), length, middle, overlap):
            piece = slice(start, start + length)
            size = _size(points[piece], seen[piece], skeleton)
            size = size if size > 0 else _size(points, seen, skeleton)
            values.append(_sampled(points[piece] / size).ravel())
            owner.append(index)
            starts.append(start)
    return Rows(np.stack(values), np.array(owner), np.array(starts))


def _starts(total: int, length: int, middle: bool, overlap: int) -> List[int]:
    """First frames of the pieces of a clip."""
    rest = total - length
    if middle or not rest:
        return [rest // 2]
    count = int(np.ceil(rest / max(length // overlap, 1))) + 1
    return np.unique(np.linspace(0, rest, count).round().astype(int)).tolist()


def _points(clip: Dict) -> Tuple[np.ndarray, np.ndarray, Skeleton]:
    """``(T, V, C)`` about the root, every point with a place; which were seen ``(T, V)``; and the layout."""
    if clip.get('skeleton') is None:
        raise ValueError(f"clip {clip['frame_dir']}: its layout is not known: set skeleton in the file's metainfo")
    skeleton, clip = get_skeleton(clip['skeleton']), keep_persons(clip, 1)
    seen = ~missing_points(clip['keypoint'], clip.get('keypoint_score'))[0]
    points = np.nan_to_num(clip['keypoint'][0].astype(np.float64))
    if seen.any():
        points = _filled(points, seen, skeleton.root)
        points = points - points[:, skeleton.root, None]
    if not _size(points, seen, skeleton) > 0:
        raise ValueError(f"clip {clip['frame_dir']}: there is no body in it, or one without a size")
    return points, seen, skeleton


def _size(points: np.ndarray, seen: np.ndarray, skeleton: Skeleton) -> float:
    """The body's length; where a keypoint of the longest chain is never seen, that of the longest way through those that are."""
    whole = body_length(points, skeleton.parents, seen)
    return body_length(points, skeleton.parents, seen, seen.any(axis=0)) if np.isnan(whole) else whole


def _filled(keypoint: np.ndarray, seen: np.ndarray, root: int) -> np.ndarray:
    """Points where they are seen, between those places in frames where they are not; points that never are lie at the root."""
    result, never = fill_unseen(keypoint, seen), ~seen.any(axis=0)
    if never[root]:
        result[:, root] = result[:, ~never].mean(axis=1)
    result[:, never] = result[:, root, None]
    return result


def _sampled(poses: np.ndarray) -> np.ndarray:
    """``(SAMPLES, V, C)``, scaled so that Euclidean distances are root mean squares over joints and poses."""
    place = np.linspace(0, len(poses) - 1, SAMPLES)
    before = np.minimum(place.astype(int), max(len(poses) - 2, 0))
    after, weight = np.minimum(before + 1, len(poses) - 1), (place - before)[:, None, None]
    return (poses[before] * (1 - weight) + poses[after] * weight) / np.sqrt(SAMPLES * poses.shape[1])


# --- What is measured


@dataclass(frozen=True)
class Exposure:
    """Distances of generated clips to recordings, and what gives members away.

    Args:
        generated: ``(M,)`` distance of each generated clip to the nearest recording that was trained on.
        recording: ``(M,)`` number of that recording. start: ``(M,)`` first frame of its piece.
        held_out: ``(H,)`` the same distance of recordings that were not trained on (of each the middle), or ``None`` without any.
        attacks: by name, where there are held-out recordings.
    """

    generated: np.ndarray
    recording: np.ndarray
    start: np.ndarray
    held_out: Optional[np.ndarray] = None
    attacks: Optional[Dict[str, MembershipInference]] = None

    @property
    def memorization(self) -> Optional[Memorization]:
        """Generated beside held-out distances."""
        return None if self.held_out is None else memorization_of(self.generated, self.held_out)

    def nearest_pairs(self, count: int) -> List[int]:
        """Numbers of the clips that come nearest to a recording, nearest first: of each recording its nearest clip alone."""
        order = np.argsort(self.generated, kind='stable')
        _, first = np.unique(self.recording[order], return_index=True)
        return order[np.sort(first)[:count]].tolist()

    def nearer_than(self, percentile: float) -> Optional[float]:
        """Share of generated clips nearer to a recording than that percentile of held-out ones."""
        return None if self.held_out is None else float((self.generated < np.percentile(self.held_out, percentile)).mean())


def exposure(recordings: Rows, generated: Rows, held_out: Optional[Rows] = None, *, held_out_middle: Optional[Rows] = None,
             groups: Optional[np.ndarray] = None, rng=0) -> Exposure:
    """Measure generated clips against recordings.

    Args:
        recordings: of the clips that the generator was trained on.
        generated: one row of each generated clip.
        held_out: of recordings of the same classes that it was not trained on; ``None`` measures distances alone.
        held_out_middle: one row of each, as generated clips have; ``None`` takes ``held_out``.
        groups: persons, see :func:`~.functional.membership_inference`.
        rng: of the bootstrap.
    """
    distance, row = nearest_neighbor(generated.values, recordings.values)
    found = dict(generated=distance, recording=recordings.owner[row], start=recordings.start[row])
    if held_out is None:
        return Exposure(**found)
    single = held_out if held_out_middle is None else held_out_middle
    near = nearest_neighbor(single.values, recordings.values)[0]
    return Exposure(**found, held_out=near, attacks=attacks_by_distance(recordings, held_out, generated, groups=groups, rng=rng))


def attacks_by_distance(recordings: Rows, held_out: Rows, generated: Rows, *, groups: Optional[np.ndarray] = None,
                        rng=0) -> Dict[str, MembershipInference]:
    """What somebody can tell who has generated clips alone, and a recording of which he asks whether it was trained on.

    The calibrated attack takes the distance to the nearest *other* of all these recordings away. Whether those were trained on is not
    asked, so that it is as blind to membership as its user. With a single recording there is none.
    """
    count = int(recordings.owner.max()) + 1
    both = Rows(np.concatenate((recordings.values, held_out.values)), np.concatenate((recordings.owner, held_out.owner + count)),
                np.concatenate((recordings.start, held_out.start)))
    nearest = both.best(nearest_neighbor(both.values, generated.values)[0])
    others = nearest_neighbor(both.values, both.values, query_owner=both.owner, reference_owner=both.owner)[0]
    scores = {NEAREST: -nearest, CALIBRATED: calibrated_score(nearest, both.best(others))}
    return {name: membership_inference(score[:count], score[count:], groups=groups, rng=rng) for name, score in scores.items()}


def reconstruction_error(model: BaseGenerator, clips: Sequence[Dict], num_frames: int) -> Optional[np.ndarray]:
    """``(N,)`` how far what a generator makes of its own code of a recording is from the recording: mean over its pieces.

    Known only to who has the generator itself; what it tells is more than generated clips tell (Chen et al., *GAN-Leaks*, 2020, white box).

    Returns:
        ndarray: ``None`` of a generator that cannot encode.

    Raises:
        ValueError: clips that are not in the form that the generator encodes.
    """
    rows = motion_rows(clips, num_frames, overlap=CODED_OVERLAP)
    pieces = [_piece(clips[owner], start, num_frames) for owner, start in zip(rows.owner, rows.start)]
    errors = []
    for first in range(0, len(pieces), ENCODED):
        made = _reconstructed(model, pieces[first:first + ENCODED])
        if made is None:
            return None
        errors.append(np.linalg.norm(motion_rows(made).values - rows.values[first:first + ENCODED], axis=1))
    total = np.bincount(rows.owner, weights=np.concatenate(errors))
    return total / np.bincount(rows.owner)


def _piece(clip: Dict, start: int, num_frames: int) -> Dict:
    arrays = {key: clip[key][:, start:start + num_frames] for key in ARRAY_KEYS if key in clip}
    return dict(keep_persons(dict(clip, **arrays), 1), total_frames=arrays['keypoint'].shape[1])


@torch.no_grad()
def _reconstructed(model: BaseGenerator, pieces: Sequence[Dict]) -> Optional[List[Dict]]:
    label = torch.tensor([int(piece['label']) for piece in pieces], device=model.device)
    length = torch.tensor([piece['total_frames'] for piece in pieces])
    try:
        motion = model.reconstruct(model.representation.encode(batched_inputs(pieces, model.device)), label, length)
    except KeyError as error:
        raise ValueError(f'the recordings have no {error.args[0]}, which the generator encodes') from error
    if motion is None:
        return None
    keypoint = motion.keypoint.cpu().numpy()
    return [dict(frame_dir=piece['frame_dir'], skeleton=model.representation.keypoint_skeleton, total_frames=int(frames),
                 keypoint=points[None, :frames]) for piece, points, frames in zip(pieces, keypoint, length.tolist())]


def persons_of(recordings: Sequence[Dict], held_out: Sequence[Dict]) -> Optional[np.ndarray]:
    """``(N + H,)`` persons of both, or ``None`` where some are not named, or either has fewer than :data:`FEW_PERSONS`."""
    named = [[str(clip.get('subject') or '') for clip in clips] for clips in (recordings, held_out)]
    if any('' in names or len(set(names)) < FEW_PERSONS for names in named):
        return None
    return np.array([*named[0], *named[1]])


def same_recordings(recordings: Sequence[Dict], held_out: Sequence[Dict]) -> List[int]:
    """Numbers of held-out clips whose keypoints are exactly those of one of the recordings."""
    known = {_digest(clip) for clip in recordings}
    return [index for index, clip in enumerate(held_out) if _digest(clip) in known]


def _digest(clip: Dict) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(clip['keypoint'], dtype=np.float32)).digest()
