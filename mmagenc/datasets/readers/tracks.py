"""Persons over time: who of a frame is who of the frame before, and which of them a clip is about.

M persons, T frames, V keypoints, C coordinates; P persons found in one frame.
"""

from dataclasses import dataclass, field, replace
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np
from scipy.optimize import linear_sum_assignment

from mmagenc.clips import USUAL_FPS

from .registry import Person, Recording

MAX_GAP_SECONDS = 3.
"""How long somebody may be out of sight and be the same person still, where the files do not say who is who."""
REACH = 0.7
"""How far somebody may move between two frames, in their own size (diagonal of the box around the keypoints)."""
JOIN_SECONDS = 1.
"""How long after one of the file's identities ended another may begin at its place and be the same person."""
REACH_A_FRAME, MAX_REACH = 0.05, 1.5
"""How much further after each frame out of sight, and at most."""
COAST = 3
"""Frames out of sight for which somebody is taken to move on as before; after that, to have stopped."""
MAX_HOLES = 100
"""How many times more frames the numbers of the frames may span than are there."""
MIN_STRIDE_FRAMES = 5
"""From how many frames on numbers that are all multiples of a step are taken for every step-th frame of a video."""


class _Found(NamedTuple):
    """A person of a frame as arrays: ``(V, C)`` with NaN, ``(V,)`` or ``None``, and ``(2 or 3,)`` where it is and its size."""
    points: np.ndarray
    score: Optional[np.ndarray]
    track: Optional[Union[int, str]]
    place: np.ndarray
    size: float


@dataclass
class _Track:
    """Who was found in which frames."""
    name: Optional[Union[int, str]]
    frames: List[int] = field(default_factory=list)
    found: List[_Found] = field(default_factory=list)
    step: Union[np.ndarray, float] = 0.

    def add(self, frame: int, person: _Found) -> None:
        if self.frames:
            step = _displacement(self.found[-1], person) / (frame - self.frames[-1])
            self.step = step if len(self.frames) == 1 else (self.step + step) / 2
        self.frames.append(frame)
        self.found.append(person)

    def coming(self, frame: int) -> Union[np.ndarray, float]:
        """How far it has come since it was found last, if it moved on as before."""
        return self.step * min(frame - self.frames[-1], COAST)

    @property
    def weight(self) -> float:
        """Frames × size × score."""
        return float(sum(person.size * _sureness(person.score) for person in self.found))


def link_persons(recording: Recording, *, max_persons: int = 1, use_tracks: bool = True, min_score: float = 0.) -> Recording:
    """Say who is who over time, keep the main persons, and give frames that are missing a place.

    Who is who: by ``track`` where a person has one (a track that begins where another has just ended goes on with it, of which a note
    tells, and people of a frame in which nobody has one are the nearest of those before); else each is who was nearest in the frames
    before, all of a frame together (Hungarian assignment of the mean distance of keypoints, in sizes of the person, from where they would
    be if they moved on), and nobody who was farther than :data:`REACH`. If no frame has more than one person, all are that person. Kept
    are those of most frames × size × score, most first; the size is the diagonal of the box around the keypoints.

    Points below ``min_score``, and of score 0 where others have more, have no place. Frames that ``frame_ids`` leave out are there with
    nobody in them; if all numbers are a step apart, or multiples of it, the video was read at every step-th frame: ``fps`` and the numbers
    are divided by the step, so that number / fps is the time in the video still.

    Args:
        recording: with ``frames``; or with ``keypoint`` or ``pose``, of which too many persons and missing frames are seen to.
        max_persons: most persons that are kept; fewer if there are fewer.
        use_tracks: believe the file's ``track``.
        min_score: keypoints below it have no place.

    Returns:
        With ``keypoint (M, T, V, C)`` float32, NaN where a point has no place; ``keypoint_score (M, T, V)``, 0 there, if scores are known
        or C is 2 (1 then); ``frame_ids`` without gaps, if there were any; ``notes`` of what was assumed.

    Raises:
        ValueError: nobody in any frame, persons of different numbers of keypoints, frame numbers that do not ascend or span
            :data:`MAX_HOLES` times more frames than there are, settings out of range.
    """
    if not isinstance(max_persons, (int, np.integer)) or isinstance(max_persons, bool) or max_persons < 1:
        raise ValueError(f'max_persons must be a number of at least 1, got {max_persons!r}')
    if recording.pose is not None:
        return _without_holes(recording)
    if recording.frames is None:
        return _main_persons(_without_holes(_without_unsure(recording, min_score)), max_persons)
    times, count, stride = _times(recording.frame_ids, len(recording.frames))
    frames = _found(recording.frames, min_score)
    fps = recording.fps / stride if recording.fps else None
    tracks, notes = _linked(frames, times, fps or USUAL_FPS, use_tracks)
    kept = sorted(tracks, key=lambda track: -track.weight)[:max_persons]
    keypoint, score = _arrays(kept, count)
    notes = (*recording.notes, *_stride_note(stride), *notes, *_choice_notes(tracks, kept))
    return replace(recording, frames=None, keypoint=keypoint, keypoint_score=score, fps=fps, notes=notes,
                   frame_ids=_all_ids(recording.frame_ids, count, stride))


# Frames ------------------------------------------------------------------------------------------------------------------------------


def _times(frame_ids: Optional[np.ndarray], frames: int) -> Tuple[np.ndarray, int, int]:
    """Where each of the frames stands among all, how many those are, and the step of their numbers."""
    if frame_ids is None:
        return np.arange(frames), frames, 1
    ids = np.asarray(frame_ids)
    if ids.shape != (frames, ) or ids.dtype.kind not in 'iu':
        raise ValueError(f'frame_ids must be {frames} whole numbers, one a frame, got {ids.dtype} {ids.shape}')
    steps = np.diff(ids.astype(np.int64))
    if (steps <= 0).any():
        place = int(np.argmax(steps <= 0))
        raise ValueError(f'numbers of frames must ascend, frame {ids[place + 1]} comes after {ids[place]}')
    stride = int(np.gcd.reduce(steps)) if frames >= MIN_STRIDE_FRAMES else 1
    count = int(steps.sum()) // stride + 1
    if count > MAX_HOLES * frames:
        raise ValueError(f'numbers of frames go from {ids[0]} to {ids[-1]}, and there are {frames} frames: these number no video')
    return (ids.astype(np.int64) - int(ids[0])) // stride, count, stride


def _all_ids(frame_ids: Optional[np.ndarray], count: int, stride: int) -> Optional[np.ndarray]:
    return None if frame_ids is None else int(frame_ids[0]) // stride + np.arange(count)


def _stride_note(stride: int) -> Tuple[str, ...]:
    return (f'the file has every {stride}. frame of its video: fps divided by {stride}', ) if stride > 1 else ()


def _without_holes(recording: Recording) -> Recording:
    """A recording of arrays whose missing frames are there, as NaN and score 0."""
    times, count, stride = _times(recording.frame_ids, _length(recording))
    if count == len(times) and stride == 1:
        return recording
    return replace(recording, **_spread(recording, times, count), frame_ids=_all_ids(recording.frame_ids, count, stride),
                   fps=recording.fps / stride if recording.fps else None, notes=(*recording.notes, *_stride_note(stride)))


def with_all_frames(recording: Recording) -> Recording:
    """A recording with a place for each frame from its first to its last, with nobody in those that its file leaves out.

    Numbers of the frames stay the file's; of a video of which every n-th frame was read, each of those has a place.

    Raises:
        ValueError: numbers of frames as :func:`link_persons` refuses them.
    """
    times, count, stride = _times(recording.frame_ids, _length(recording))
    if count == len(times):
        return recording
    ids = int(recording.frame_ids[0]) + stride * np.arange(count)
    if recording.frames is None:
        return replace(recording, **_spread(recording, times, count), frame_ids=ids)
    there = dict(zip(times.tolist(), recording.frames))
    return replace(recording, frames=[there.get(time, ()) for time in range(count)], frame_ids=ids)


def identities(recording: Recording) -> List[str]:
    """The file's names of the persons of a recording with ``frames``, in the order in which they come."""
    return list(dict.fromkeys(str(person.track) for frame in recording.frames or () for person in frame if person.track is not None))


def only_person(recording: Recording, identity: str) -> Recording:
    """A recording with ``frames`` without all but one of the file's identities.

    Raises:
        ValueError: nobody has it in these frames.
    """
    known = identities(recording)
    if identity not in known:
        raise ValueError(f'person {identity!r} is not there in these frames; there are {", ".join(known) or "none"}')
    return replace(recording, frames=[[person for person in frame if str(person.track) == identity] for frame in recording.frames])


def _length(recording: Recording) -> int:
    if recording.frames is not None:
        return len(recording.frames)
    return np.asarray(recording.pose if recording.keypoint is None else recording.keypoint).shape[1]


def _spread(recording: Recording, times: np.ndarray, count: int) -> Dict[str, np.ndarray]:
    """Arrays of ``count`` frames with those of a recording at their times."""
    spread = {}
    for key in ('keypoint', 'keypoint_score', 'pose', 'transl'):
        if getattr(recording, key) is not None:
            array = np.asarray(getattr(recording, key))
            spread[key] = np.full((len(array), count, *array.shape[2:]), 0 if key == 'keypoint_score' else np.nan, dtype=np.float32)
            spread[key][:, times] = array
    return spread


def _without_unsure(recording: Recording, min_score: float) -> Recording:
    if recording.keypoint_score is None:
        return recording
    keypoint, score = _placed(recording.keypoint, recording.keypoint_score, min_score)
    return replace(recording, keypoint=keypoint, keypoint_score=score)


def _placed(points: np.ndarray, score: Optional[np.ndarray], min_score: float) -> Tuple[np.ndarray, Optional[np.ndarray]]:
    """Points with NaN where they have no place, and their scores with 0 there."""
    points = np.array(points, dtype=np.float32)
    unknown = ~np.isfinite(points).all(axis=-1)
    if score is not None:
        score = np.nan_to_num(np.array(score, dtype=np.float32))
        unknown |= (score < min_score) | (score <= 0) & (score > 0).any()
        score[unknown] = 0
    points[unknown] = np.nan
    return points, score


# Persons -----------------------------------------------------------------------------------------------------------------------------


def _found(frames: Sequence[Sequence[Person]], min_score: float) -> List[List[_Found]]:
    """Who is in each frame, those without any point left out."""
    persons = [person for frame in frames for person in frame]
    shapes = {np.shape(person.keypoint) for person in persons}
    if len(shapes) > 1:
        raise ValueError(f'persons of different numbers of keypoints or coordinates: {", ".join(map(str, sorted(shapes)))}')
    points = np.array([person.keypoint for person in persons], dtype=np.float32).reshape(len(persons), *next(iter(shapes), (0, 2)))
    score = None
    if any(person.score is not None for person in persons):
        score = np.stack([np.ones(len(person.keypoint)) if person.score is None else person.score for person in persons])
    points, score = _placed(points, score, min_score)
    if not np.isfinite(points).any():
        raise ValueError('nobody is there in any frame')
    low, high = np.fmin.reduce(points, axis=1), np.fmax.reduce(points, axis=1)
    places, sizes, there = (low + high) / 2, _norm(high - low), np.isfinite(low[:, 0])
    found, index = [], 0
    for frame in frames:
        found.append([])
        for person in frame:
            place, size = places[index], float(sizes[index])
            if points.shape[2] == 3 and person.box is not None:  # a lifter's coordinates say nothing of where in the image somebody is
                box = np.asarray(person.box, dtype=np.float32)
                place, size = box[:2] + box[2:] / 2, float(_norm(box[2:]))
            if there[index]:
                found[-1].append(_Found(points[index], None if score is None else score[index], person.track, place, size))
            index += 1
    return found


def _norm(ways: np.ndarray) -> np.ndarray:
    return np.sqrt((ways * ways).sum(axis=-1))


def _sureness(score: Optional[np.ndarray]) -> float:
    return 1. if score is None else float(score.mean())


def _displacement(first: _Found, second: _Found) -> np.ndarray:
    return second.place - first.place if len(first.place) == len(second.place) else np.zeros_like(second.place)


def _distances(tracks: Sequence[_Track], frame: int, persons: Sequence[_Found]) -> np.ndarray:
    """``(tracks, P)`` how far persons are from where the tracks should be, in their sizes: mean distance of the points that both have.

    Of the middles where those are few, or the points do not say where in the image somebody is.
    """
    last = [track.found[-1] for track in tracks]
    size = np.maximum.outer([person.size for person in last], [person.size for person in persons]).clip(min=1e-9)
    if len({len(person.place) for person in (*last, *persons)}) > 1:  # a lifter's, some of whom have no box
        return np.where(np.equal.outer([len(person.place) for person in last], [len(person.place) for person in persons]), 0, np.inf)
    coming = np.stack([np.broadcast_to(track.coming(frame), before.place.shape) for track, before in zip(tracks, last)])
    middles = _norm((np.stack([before.place for before in last]) + coming)[:, None] - np.stack([person.place for person in persons]))
    if coming.shape[1] != last[0].points.shape[1]:
        return middles / size
    expected = np.stack([before.points for before in last]) + coming[:, None]
    apart = _norm(expected[:, None] - np.stack([person.points for person in persons]))
    both = np.isfinite(apart)
    number = both.sum(axis=2)
    enough = 2 * number > np.isfinite(expected[:, :, 0]).sum(axis=1)[:, None]
    return np.where(enough, np.where(both, apart, 0).sum(axis=2) / number.clip(min=1), middles) / size


def _linked(frames: Sequence[Sequence[_Found]], times: np.ndarray, fps: float, use_tracks: bool) -> Tuple[List[_Track], List[str]]:
    """Who is who, and notes."""
    max_gap = MAX_GAP_SECONDS * fps
    named = use_tracks and any(person.track is not None for frame in frames for person in frame)
    most = max(map(len, frames))
    if not named and most == 1:
        track = _Track(None)
        for time, frame in zip(times.tolist(), frames):
            for person in frame:
                track.add(time, person)
        return [track], _jump_notes([track])
    tracks: List[_Track] = []
    by_name: Dict[Union[int, str], _Track] = {}
    doubled = unsaid = 0
    for time, frame in zip(times.tolist(), frames):
        strangers = [person for person in frame if not named or person.track is None]
        if named:
            doubled += _add_named(by_name, tracks, time, [person for person in frame if person.track is not None], strangers)
        nameless = len(strangers) == len(frame)  # nobody says who they are: they may be those who said it before
        unsaid += nameless and bool(frame)
        _add_nearest([track for track in tracks if (nameless or track.name is None) and time - track.frames[-1] <= max_gap], tracks, time,
                     strangers)
    notes = [f'one identity for two persons of a frame in {doubled} frames: the nearer one is meant'] if doubled else []
    if named:
        notes += [f'nobody has an identity in {unsaid} frames: they are taken for those who are nearest'] if unsaid else []
        joined = len(tracks)
        tracks = _joined(tracks, JOIN_SECONDS * fps)
        if len(tracks) < joined:
            notes.append(f'identities that begin where another has just ended are taken for the same person ({joined - len(tracks)} times)')
    how = "the file's identities" if named else 'overlap'
    return tracks, [f'{len(tracks)} persons by {how}'] * (len(tracks) > 1) + notes + (_jump_notes(tracks) if named else [])


def _joined(tracks: Sequence[_Track], max_gap: float) -> List[_Track]:
    """Tracks of the file, one that begins within reach of where another ended going on with the nearest such."""
    joined: List[_Track] = []
    for track in sorted(tracks, key=lambda track: track.frames[0]):
        begin = track.frames[0]
        before = [other for other in joined if track.name is not None and 0 < begin - other.frames[-1] <= max_gap]
        cost = _distances(before, begin, [track.found[0]])[:, 0] - [_reach(other, begin) for other in before] if before else [0.]
        if np.min(cost) < 0:
            for frame, person in zip(track.frames, track.found):
                before[int(np.argmin(cost))].add(frame, person)
        else:
            joined.append(track)
    return joined


def _reach(track: _Track, time: int) -> float:
    """How far from where it should be a person may be and be the track's, in their size."""
    return min(REACH + REACH_A_FRAME * (time - track.frames[-1] - 1), MAX_REACH)


def _add_named(by_name: Dict, tracks: List[_Track], time: int, persons: Sequence[_Found], strangers: List[_Found]) -> int:
    """Add those who say who they are; of two who say the same the nearer one, the other joins the strangers. Returns whether there were."""
    doubled = 0
    for name in dict.fromkeys(person.track for person in persons):
        same = [person for person in persons if person.track == name]
        if name not in by_name:
            by_name[name] = _Track(name)
            tracks.append(by_name[name])
        track = by_name[name]
        nearest = 0
        if len(same) > 1:
            doubled = 1
            cost = _distances([track], time, same)[0] if track.frames else [-person.size * _sureness(person.score) for person in same]
            nearest = int(np.argmin(cost))
        track.add(time, same.pop(nearest))
        strangers.extend(same)
    return doubled


def _add_nearest(active: List[_Track], tracks: List[_Track], time: int, persons: Sequence[_Found]) -> None:
    """Add each person to the track that it is nearest to, all together, or to a new one."""
    if not persons:
        return
    cost = _distances(active, time, persons) if active else np.zeros((0, len(persons)))
    reach = np.array([_reach(track, time) for track in active])
    near = cost <= reach[:, None]
    new = set(range(len(persons)))
    for row, column in zip(*linear_sum_assignment(np.where(near, cost, 1e3))):
        if near[row, column]:
            active[row].add(time, persons[column])
            new.discard(int(column))
    for column in sorted(new):
        track = _Track(None)
        track.add(time, persons[column])
        tracks.append(track)


def _jump_notes(tracks: Sequence[_Track]) -> List[str]:
    """Where somebody is farther off from one frame to the next than anybody moves."""
    jumps = [time for track in tracks for before, after, first, time in zip(track.found, track.found[1:], track.frames, track.frames[1:])
             if time - first == 1 and np.linalg.norm(_displacement(before, after)) > MAX_REACH * max(before.size, after.size)]
    return [f'somebody jumps by more than {MAX_REACH:g} of their size from one frame to the next ({len(jumps)} times, first into frame '
            f'{min(jumps)}, counted from 0): another person?'] if jumps else []


def _choice_notes(tracks: Sequence[_Track], kept: Sequence[_Track]) -> Tuple[str, ...]:
    if len(tracks) <= len(kept):
        return ()
    return (f'of several persons the {"main one" if len(kept) == 1 else f"{len(kept)} main ones"} kept: most frames × size × score', )


def _arrays(tracks: Sequence[_Track], count: int) -> Tuple[np.ndarray, Optional[np.ndarray]]:
    """``(M, T, V, C)`` and ``(M, T, V)``."""
    first = tracks[0].found[0].points
    keypoint = np.full((len(tracks), count, *first.shape), np.nan, dtype=np.float32)
    score = np.zeros(keypoint.shape[:3], dtype=np.float32)
    for index, track in enumerate(tracks):
        keypoint[index, track.frames] = [person.points for person in track.found]
        score[index, track.frames] = [np.isfinite(person.points[:, 0]) if person.score is None else person.score for person in track.found]
    scored = any(person.score is not None for track in tracks for person in track.found)
    return keypoint, score if scored or first.shape[1] == 2 else None


def _main_persons(recording: Recording, max_persons: int) -> Recording:
    """A recording of arrays with the main ones of its persons, in their order; those without any point go."""
    keypoint, score = recording.keypoint, recording.keypoint_score
    seen = np.isfinite(keypoint).all(axis=-1) & ((keypoint != 0).any(axis=(2, 3))[:, :, None])
    there = seen.any(axis=(1, 2))
    if not there.any():
        raise ValueError('nobody is there in any frame')
    if len(keypoint) <= max_persons:
        return recording
    spans = np.where(seen[..., None], keypoint, np.nan)
    with np.errstate(invalid='ignore'):
        low, high = np.fmin.reduce(spans, axis=2), np.fmax.reduce(spans, axis=2)
        size = np.nan_to_num(np.linalg.norm(high - low, axis=-1))
    weight = (size * (1 if score is None else np.nan_to_num(score).mean(axis=2))).sum(axis=1)
    kept = np.sort(np.argsort(-np.where(there, weight, -1), kind='stable')[:min(max_persons, int(there.sum()))])
    notes = _choice_notes(range(int(there.sum())), range(len(kept)))
    return replace(recording, keypoint=keypoint[kept], keypoint_score=None if score is None else score[kept],
                   notes=(*recording.notes, *notes))
