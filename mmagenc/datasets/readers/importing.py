"""From files of any known format to one annotation: reading them, persons, labels, segments, rates.

M persons, T frames, V keypoints, C coordinates. What a format holds is its reader's business (:mod:`.registry`); everything here is the
same for all of them. Which files are read is in :mod:`.finding`, how clips become one annotation in :mod:`.assembling`.
"""

import functools
import os
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from mmagenc.body_models.rigs import parse_unit
from mmagenc.clips import missing_points
from mmagenc.datasets.annotation import problem_words
from mmagenc.datasets.layouts import layout_name
from mmagenc.datasets.mending import ClipMending
from mmagenc.datasets.oddities import outside_picture
from mmagenc.datasets.resampling import resample_clip, slerp_pose
from mmagenc.datasets.third_coordinate import LEAST_PERCENT, PERCENT
from mmagenc.skeletons import get_skeleton

from .assembling import annotation_of
from .finding import Chosen, chosen_readers, find_sources, formats_advice
from .markers import SIZES, person_size
from .motion_files import Labels, convert_files
from .paths import has_path, in_metres
from .registry import VIDEO_SUFFIXES, ReadOptions, Recording, UnknownFormatError, Unusable
from .segments import Segment, assign, cut
from .source import Source
from .split_folders import place_by_folders
from .tracks import identities, link_persons, only_person, with_all_frames
from .unit_option import check_unit
from .upright import head_down, up_of_person
from .values import in_pixels, unseen_as_nan

PARALLEL_FROM = 48
"""Sources from which on processes pay for their start."""
CROWD = 0.25
"""Share of a clip's frames in which somebody must be to count as there beside those that are kept."""
CALLED_ALIKE = ('wham_output', 'vibe_output', 'output', 'outputs', 'result', 'results', 'labels', 'predictions', 'smplx', 'hps', 'json',
                'keypoints')
"""Files (without suffix) and folders that programs call so whatever is in them."""
SHOWN = 10
"""Reasons that a refusal of everything tells."""


@dataclass(frozen=True)
class ImportSettings:
    """What becomes of recordings, whatever format they come from.

    Args:
        read: what the user says about the files.
        format: name of the reader of all files; ``None`` recognizes each.
        label: class of all clips.
        segments: stretches of the recordings with their labels; only those become clips.
        labels: expression with a group ``label`` and optionally ``subject`` and ``id``, searched in a recording's name.
        unlabelled: write clips without labels, to be recognized.
        max_persons: persons of a clip that are kept at most.
        fps: frames per second of the clips; ``None`` keeps each recording's.
        fill_gaps: as of :class:`~mmagenc.datasets.mending.ClipMending`; ``None`` leaves points that are not seen with score 0.
        pose_gap: frames on end that are interpolated in a person's rotations at most.
        min_frames: clips that are shorter are left out.
        classes: class names in index order; ``None`` takes all labels, see :func:`.assembling.classes_of`.
        split: as :func:`~.motion_files.parse_split` reads it, or shares (:func:`.shares.split_by_share`).
        split_by: what ``split`` names: ``'id'``, ``'subject'``, ``'name'`` or ``'label'``.
        seed: of splits by share.
        body: of rotations without positions: a registered type or an SMPL model file.
        path_scale: metres of the result per metre of the path; ``None``: as the lengths of the body's legs to an adult's.
        processes: that work at once; ``None`` chooses.
    """
    read: ReadOptions = ReadOptions()
    format: Optional[str] = None
    label: Optional[str] = None
    segments: Optional[Tuple[Segment, ...]] = None
    labels: Optional[Labels] = None
    unlabelled: bool = False
    max_persons: int = 1
    fps: Optional[float] = None
    fill_gaps: Optional[Mapping] = None
    pose_gap: int = 10
    min_frames: int = 1
    classes: Optional[Tuple[str, ...]] = None
    split: Optional[str] = None
    split_by: str = 'id'
    seed: int = 0
    body: str = 'InfantBody'
    path_scale: Optional[float] = None
    processes: Optional[int] = None


class Imported(NamedTuple):
    """What :func:`import_files` gives.

    Args:
        annotation: in the annotation format.
        left_out: why files, recordings and clips were left out, one line each.
        found: formats that were recognized: what they were taken for, and how many sources.
        notes: what was assumed, and for how many recordings.
        converted: ``name``, ``assumed``, ``doubts`` and ``quality`` of each recording whose poses were fitted.
        videos: recordings whose keypoints were found in a video, uncut, to be drawn over it.
    """
    annotation: Dict
    left_out: List[str]
    found: Dict[str, int]
    notes: Dict[str, int]
    converted: List[Dict]
    videos: List['Item']


class Item(NamedTuple):
    """A recording, or a clip of it, where it is from, and the name of the recording that a clip was cut out of."""
    recording: Recording
    source: Source
    whole: Optional[str] = None


@dataclass
class _Read:
    """What one source gave."""
    items: List[Item] = field(default_factory=list)
    left_out: List[str] = field(default_factory=list)


def import_files(inputs: Sequence, settings: ImportSettings) -> Imported:
    """Read files and folders into one annotation; what cannot be used is listed and does not end it.

    Raises:
        FileNotFoundError: an input that is not there.
        ValueError: nothing that can be used, naming up to ten files with the reasons; settings that fit nothing.
    """
    readers = chosen_readers(settings.format)
    chosen, left_out = find_sources(inputs, readers, named=settings.format is not None)
    if not chosen:
        lines = ['nothing here is of a known format:', *(left_out or map(str, inputs))]
        raise UnknownFormatError('\n  '.join(lines) + formats_advice(readers))
    results, failed = _read_all(chosen, with_targets(settings))
    items = [item for result in results for item in result.items]
    left_out += [*failed, *(reason for result in results for reason in result.left_out)]
    converted = _converted(items)
    videos = [item for item in items if item.source.suffix in VIDEO_SUFFIXES]
    if settings.segments is not None:
        videos = [item._replace(recording=persons_of(item.recording, settings)) for item in videos]
        items, problems = cut_all(items, settings)
        left_out += problems
    clips, notes, origins = [], Counter(), []
    for item in items:
        try:
            clip, said = clip_of(item, settings)
        except ValueError as error:
            left_out.append(_named(item.source, item.recording, error))
            continue
        clips.append(clip)
        origins.append((item.source, item.whole or item.recording.name))
        notes.update(said)
    labelled = settings.unlabelled or any(said is not None for said in (settings.label, settings.labels, settings.segments))
    clips, said_of_folders = place_by_folders(clips, origins, labelled=labelled, placed=settings.split is not None)
    notes.update(said_of_folders)
    notes.update(_placed_by_recording(clips, settings))
    notes.update(_of_one_recording(items))
    annotation, unplaced = annotation_of(clips, classes=settings.classes, labelled=not settings.unlabelled, split=settings.split,
                                         split_by=settings.split_by, seed=settings.seed)
    left_out += unplaced
    if any('pose' in clip for clip in annotation['annotations']):
        annotation['metainfo']['body_model'] = Path(settings.body).name
    if not annotation['annotations']:
        more = [f'… and {len(left_out) - SHOWN} more'] if len(left_out) > SHOWN else []
        raise ValueError('\n  '.join(['no clip could be used:', *left_out[:SHOWN], *more]))
    found = Counter(f'{item.reader.name} ({item.said})' for item in chosen)
    return Imported(annotation, left_out, dict(found), dict(notes), converted, videos)


def _placed_by_recording(clips: Sequence[Dict], settings: ImportSettings) -> Dict[str, int]:
    """What is to be told where shares are drawn and clips do not say by what they are placed."""
    if settings.split is None or '%' not in settings.split or settings.split_by == 'name':
        return {}
    unknown = [clip['groups']['recording'] for clip in clips if not clip['groups'].get(settings.split_by)]
    if settings.split_by == 'id' and len(set(unknown)) == len(unknown):
        return {}
    note = f'no {settings.split_by} is known by which --split could place them: clips of one recording stay in one split, nothing else does'
    return {note: len(unknown)} if unknown else {}


def _of_one_recording(items: Sequence[Item]) -> Dict[str, int]:
    """What is to be told where files of one folder have recordings of one name: of several estimators, or in several formats, they would be
    trained on and tested too."""
    files: Dict[Tuple[Path, str], List[str]] = {}
    for item in items:
        files.setdefault((item.source.path.parent, item.whole or item.recording.name), []).append(item.source.path.name)
    copies = [names for names in map(list, map(dict.fromkeys, files.values())) if len(names) > 1]
    if not copies:
        return {}
    first = ' and '.join(copies[0][:2])
    return {f'recordings of one name are in several files of a folder ({first}): are they copies? Keep one of each': sum(map(len, copies))}


def with_targets(settings: ImportSettings) -> ImportSettings:
    """Settings whose readers know what the clips become. The rate stays the files' where segments count the files' frames."""
    read = replace(settings.read, body=settings.body, path_scale=None if settings.path_scale is None else parse_unit(settings.path_scale),
                   target_fps=settings.fps if settings.segments is None else None, segmented=settings.segments is not None)
    return replace(settings, read=read)


def _converted(items: Sequence[Item]) -> List[Dict]:
    recordings = [item.recording for item in items if item.recording.conversion is not None]
    return [dict(name=recording.name, **recording.conversion._asdict()) for recording in recordings]


# --- Reading


def _read_all(chosen: Sequence[Chosen], settings: ImportSettings) -> Tuple[List[_Read], List[str]]:
    processes = settings.processes or (1 if len(chosen) < PARALLEL_FROM else min(8, os.cpu_count() or 1))
    places = {item.source.path: (item.source.root, item.reader.name) for item in chosen}
    convert = functools.partial(_read_one, settings, places)
    return convert_files([(item.source.name, item.source.path) for item in chosen], convert, processes, chunksize=4)


def _read_one(settings: ImportSettings, places: Mapping[Path, Tuple[Path, str]], name: str, path: Path) -> _Read:
    root, reader = places[path]
    source, result = Source(path, root), _Read()
    origin = Source(path, root)  # without what is read of it
    try:
        chosen = chosen_readers(reader)[reader]
        for recording in chosen.read(source, settings.read):
            if isinstance(recording, Unusable):
                result.left_out.append(f'{path} ({recording.name}): {recording.reason}')
                continue
            try:
                check_unit(recording, chosen.takes_unit or has_path(recording), settings.read)
                recording = in_metres(graded(as_pixels(told(recording, settings.read))), settings.read)
                if settings.segments is None:  # else who is meant is found in each segment, whose numbers are the file's
                    recording = persons_of(recording, settings)
                result.items.append(Item(recording, origin))
            except ValueError as error:
                result.left_out.append(_named(source, recording, error))
    except Exception as error:  # damaged files raise nearly anything
        result.left_out.append(_named(source, None, error))
    return result


def _named(source: Source, recording: Optional[Recording], error: Exception) -> str:
    said = problem_words(error)
    if str(source.path) in said:
        return said
    part = f' ({recording.name})' if recording is not None and recording.name != source.name else ''
    return f'{source.path}{part}: {said}'


def persons_of(recording: Recording, settings: ImportSettings) -> Recording:
    """A recording with its main persons, the right way up."""
    recording = link_persons(recording, max_persons=settings.max_persons, min_score=settings.read.min_score)
    return image_upright(recording, settings.read.up)


def told(recording: Recording, options: ReadOptions) -> Recording:
    """A recording with what the user says about it."""
    fps = recording.fps if options.fps is None or recording.conversion is not None else options.fps
    return replace(recording, fps=fps, img_shape=recording.img_shape or options.img_shape)


def as_pixels(recording: Recording) -> Recording:
    """A recording of two coordinates in pixels, where its file has parts of the image.

    Raises:
        ValueError: parts of an image whose size is not known, or numbers around 0.
    """
    if recording.coordinates != 2:
        return recording
    persons = [person for frame in recording.frames or () for person in frame]
    places = [unseen_as_nan(np.asarray(place)) for place in ([person.keypoint for person in persons] or [recording.keypoint])]
    placed, notes = in_pixels(places, recording.img_shape)
    if not notes:
        return recording
    notes = (*recording.notes, *notes)
    if recording.frames is None:
        return replace(recording, keypoint=placed[0], notes=notes)
    rest = iter(placed)
    frames = [[replace(person, keypoint=next(rest)) for person in frame] for frame in recording.frames]
    return replace(recording, frames=frames, notes=notes)


def graded(recording: Recording) -> Recording:
    """A recording whose scores are of 0 to 1 where the file's are visibilities (2, 1 and 0) or percent, with a note."""
    persons = [person for frame in recording.frames or () for person in frame if person.score is not None]
    scores = [person.score for person in persons] + [score for score in (recording.keypoint_score, ) if score is not None]
    if not scores:
        return recording
    top = max(float(np.nanmax(score, initial=0)) for score in scores)
    if top == 2 and all(np.isin(score, (0, 1, 2)).all() for score in scores):
        scale, note = 2, 'scores of 2, 1 and 0 are taken for visibilities: 1, 0.5 and 0'
    elif LEAST_PERCENT < top <= PERCENT:
        scale, note = PERCENT, 'scores of up to 100 are taken for percent'
    else:
        return recording
    frames = None if recording.frames is None else [[replace(person, score=None if person.score is None else person.score / scale)
                                                     for person in frame] for frame in recording.frames]
    score = None if recording.keypoint_score is None else recording.keypoint_score / scale
    return replace(recording, frames=frames, keypoint_score=score, notes=(*recording.notes, note))


def image_upright(recording: Recording, up: Optional[str]) -> Recording:
    """A recording in pixels with y downwards, as images have it, if the user says that the file's y points up (``up='y'``); with a note if
    the user says nothing and the main person has the head below the feet. Others stay as they are.
    """
    if recording.keypoint is None or np.shape(recording.keypoint)[-1] != 2 or up not in (None, 'y'):
        return recording
    if up is None:
        if recording.skeleton is None or not head_down(np.asarray(recording.keypoint)[0], get_skeleton(recording.skeleton)):
            return recording
        notes = ('the head is below the feet in most frames: if y points up in the file, --up=y turns it', )
        return replace(recording, notes=(*recording.notes, *notes))
    points = np.array(recording.keypoint, dtype=np.float32)
    top = recording.img_shape[0] if recording.img_shape is not None else np.nanmax(points[..., 1])
    points[..., 1] = top - points[..., 1]
    return replace(recording, keypoint=points, up=None, notes=(*recording.notes, 'y pointed up and was turned'))


def cut_all(items: Sequence[Item], settings: ImportSettings) -> Tuple[List[Item], List[str]]:
    """The clips that segments name, with their persons, and why others are none."""
    names = [item.recording.name for item in items]
    twice = {name for name, number in Counter(names).items() if number > 1}  # of several folders that the user named
    items = [item._replace(recording=replace(item.recording, name=f'{item.source.root.name}/{item.recording.name}'))
             if item.recording.name in twice else item for item in items]
    assigned, problems = assign([item.recording.name for item in items], settings.segments)
    clips: List[Item] = []
    for item in items:
        own = assigned[item.recording.name]
        if not own:
            problems.append(f'{item.source.path}: no segment names it')
            continue
        try:
            recording = with_all_frames(item.recording)
        except ValueError as error:
            problems.append(_named(item.source, item.recording, error))
            continue
        people = _People.of(recording, own)
        for segment, clip in cut(recording, own, problems):
            try:
                clips.append(Item(persons_of_segment(clip, segment, people, settings), item.source, recording.name))
            except ValueError as error:
                problems.append(f'{segment.place}: {_named(item.source, clip, error)}')
    return clips, problems


class _People(NamedTuple):
    """Who is in a recording: the file's identities, whether its segments name some of them, and the subjects of its segments."""
    identities: List[str]
    are_named: bool
    subjects: List[str]

    @classmethod
    def of(cls, recording: Recording, segments: Sequence[Segment]) -> '_People':
        known = identities(recording)
        return cls(known, any(segment.person in known for segment in segments),
                   list(dict.fromkeys(segment.subject for segment in segments if segment.subject is not None)))


def persons_of_segment(clip: Recording, segment: Segment, people: _People, settings: ImportSettings) -> Recording:
    """A clip with the persons that are meant: of the file's identity that its segment names, if the file has such; else the main ones.

    Args:
        clip: what was cut.
        segment: by which it was.
        people: of its recording.
        settings: of the import.

    Raises:
        ValueError: an identity that is not there; segments of several people, of whom more are there than are kept.
    """
    if segment.person is not None and people.are_named:
        return persons_of(only_person(clip, segment.person), settings)
    if len(people.subjects) > 1 and segment.subject is not None and _crowded(clip, settings):
        subjects = ', '.join(people.subjects[:3]) + (', …' if len(people.subjects) > 3 else '')
        known = f'; the file calls them {", ".join(people.identities)}' if people.identities else ', and the file has no identities'
        raise ValueError(f'its segments are of {subjects}, and more persons are there than are kept: a column person says which is '
                         f'meant{known}')
    return persons_of(clip, settings)


def _crowded(clip: Recording, settings: ImportSettings) -> bool:
    """Whether one person more than are kept is there in a good part of a clip."""
    more = link_persons(clip, max_persons=settings.max_persons + 1, min_score=settings.read.min_score)
    if more.keypoint is None or len(more.keypoint) <= settings.max_persons:
        return False
    return bool((~missing_points(more.keypoint, more.keypoint_score)[-1]).any(axis=-1).mean() > CROWD)


def clip_of(item: Item, settings: ImportSettings) -> Tuple[Dict, List[str]]:
    """A clip of the annotation format, with ``groups`` and what else is in ``PASSING`` for :func:`.assembling.annotation_of`; and what was
    assumed.

    Raises:
        ValueError: a recording that makes no clip, saying why.
    """
    recording = bridged(item.recording, settings.pose_gap)
    notes = list(recording.notes)
    groups = groups_of(recording, item.source, settings)
    arrays = arrays_of(recording, settings)
    clip = dict(frame_dir=recording.name, total_frames=arrays['keypoint'].shape[1], **arrays, **{'source': 'real', **recording.extra})
    if recording.img_shape is not None:
        clip['img_shape'] = tuple(int(size) for size in recording.img_shape)
    elif arrays['keypoint'].shape[-1] == 2:
        notes.append('the size of the images is not known; --img-shape says it')
    if outside_picture(arrays['keypoint'], seen_in(arrays), recording.img_shape):
        height, width = clip['img_shape']
        notes.append(f'many points lie outside of a picture that is {width} wide and {height} high: is that its size? --img-shape takes '
                     'HEIGHT WIDTH')
    if recording.pose is None and arrays['keypoint'].shape[-1] == 3 and not _of_a_person(arrays):
        notes.append('places in space that make no person of 0.1 to 4 m: are they metres?')
    if recording.pose is not None and recording.conversion is None and settings.read.up is None:
        notes += lies_along(arrays['keypoint'][0])
    skeleton = 'smpl24' if recording.pose is not None else recording.skeleton
    if skeleton is not None:
        clip['skeleton'] = layout_name(skeleton)
    if 'subject' in groups:
        clip['subject'] = groups['subject']
    clip = at_rate(clip, recording.fps, settings.fps)
    if 'fps' not in clip:
        notes.append('the frames per second are not known; --source-fps says them')
    clip = _mended(clip, settings)
    if clip['total_frames'] < settings.min_frames:
        raise ValueError(f'{clip["total_frames"]} frames, fewer than --min-frames {settings.min_frames}')
    if not seen_in(clip).any():
        raise ValueError('no keypoint is seen in any frame')
    up = 'y' if recording.pose is not None else recording.up
    groups = {'recording': item.whole or recording.name, **groups}
    return dict(clip, groups=groups, up=up, published_split=recording.split, published_classes=tuple(recording.classes)), notes


def lies_along(joints: np.ndarray) -> List[str]:
    """What is to be told of SMPL's joints ``(T, 24, 3)``, y up as the format has it, where the head does not lie above the feet."""
    axis = up_of_person(joints, get_skeleton('smpl24'))
    if axis == 'y':
        return []
    where = 'below' if axis == '-y' else 'beside'
    return [f'the head is {where} the feet on average, with up as the format has it: if another axis points up, --up says which']


def _of_a_person(arrays: Mapping) -> bool:
    """Whether places in space have a person's size in metres."""
    size = person_size(np.where(seen_in(arrays)[..., None], arrays['keypoint'], np.nan)[0])
    return bool(np.isnan(size) or SIZES[0] < size < SIZES[1])


def at_rate(clip: Dict, fps: Optional[float], wanted: Optional[float]) -> Dict:
    """A clip with its rate, brought to the one that is wanted.

    Raises:
        ValueError: its own is not known.
    """
    if wanted is None:
        return clip if fps is None else dict(clip, fps=float(fps))
    if fps is None:
        raise ValueError(f'its frames per second are not known: --source-fps says them, so that it can be brought to {wanted:g}')
    return dict(resample_clip(clip, fps, wanted), fps=float(wanted))


def _mended(clip: Dict, settings: ImportSettings) -> Dict:
    mending = ClipMending(num_persons=settings.max_persons, fill_gaps=None if settings.fill_gaps is None else dict(settings.fill_gaps))
    return mending(clip, {})


def seen_in(clip: Mapping) -> np.ndarray:
    """``(M, T, V)`` whether a keypoint is seen."""
    score = clip.get('keypoint_score')
    return (clip['keypoint'] != 0).any(axis=-1) if score is None else score > 0


def groups_of(recording: Recording, source: Source, settings: ImportSettings) -> Dict[str, str]:
    """Label, subject and id: of the table of segments or the command line, else of the name by the user's expression, else as the file
    says, else the folder's name as the label.

    Raises:
        ValueError: the name does not match the expression.
    """
    groups: Dict[str, str] = {}
    if settings.labels is not None:
        groups = settings.labels.parse(recording.name)
        for key in ('label', 'subject'):
            if settings.segments is not None and getattr(recording, key) is not None:
                groups[key] = getattr(recording, key)
    else:
        groups = {key: getattr(recording, key) for key in ('label', 'subject') if getattr(recording, key) is not None}
    groups.setdefault('label', folder_of(source, recording.name))
    if settings.label is not None:
        groups['label'] = settings.label
    return groups


def folder_of(source: Source, name: str) -> str:
    """Name of the folder in which a recording's file lies, or which holds the frames of several recordings.

    Names that programs give all that they write (``walk/baby1/results``, ``walk/baby1/wham_output.pkl``) are none: beside these, the folder
    that tells the recordings apart is the recording's name, and the one above it that of the class, if there is one.
    """
    *parts, own = source.name.split('/')
    several = source.is_folder and name.startswith(f'{source.name}/')
    if several and own.lower() not in CALLED_ALIKE:
        return source.path.resolve().name
    above = _without_alike(parts)
    if own.lower() in CALLED_ALIKE and not several and len(above) > 1:
        above = _without_alike(above[:-1]) or above
    return (above or parts or [source.path.resolve().parent.name])[-1]


def _without_alike(folders: List[str]) -> List[str]:
    """Folders without those at the end that programs call alike."""
    while folders and folders[-1].lower() in CALLED_ALIKE:
        folders = folders[:-1]
    return folders


def bridged(recording: Recording, pose_gap: int) -> Recording:
    """Rotations and paths of frames that are missing (NaN), interpolated over up to ``pose_gap`` frames.

    Raises:
        ValueError: longer gaps.
    """
    if recording.pose is None:
        return recording
    pose, transl = recording.pose, recording.transl
    missing = ~np.isfinite(pose).all(axis=(0, 2, 3))
    missing |= False if transl is None else ~np.isfinite(transl).all(axis=(0, 2))
    if not missing.any():
        return recording
    there, every = np.flatnonzero(~missing), np.arange(len(missing))
    if len(there) < 2 or there[0] > 0 or there[-1] < len(missing) - 1:
        raise ValueError('rotations or path are not numbers at its beginning or end')
    gap = int(np.diff(there).max()) - 1
    if gap > pose_gap:
        first = there[int(np.diff(there).argmax())] + 1
        raise ValueError(f'{gap} frames on end are missing (from frame {first}), more than --pose-gap {pose_gap}')
    before = np.clip(np.searchsorted(there, every, side='right') - 1, 0, len(there) - 2)
    weight = (every - there[before]) / (there[before + 1] - there[before])
    pose = np.stack([slerp_pose(person[there], before, weight) for person in pose])
    if transl is not None:
        known = transl[:, there]
        transl = known[:, before] + weight[:, None] * (known[:, before + 1] - known[:, before])
    return replace(recording, pose=pose, transl=transl, notes=(*recording.notes, f'gaps of up to {pose_gap} frames were interpolated'))


def arrays_of(recording: Recording, settings: ImportSettings) -> Dict[str, np.ndarray]:
    """``keypoint``, and ``keypoint_score`` or ``pose`` and ``transl``; points without a place are zeros of score 0."""
    if recording.pose is not None:
        return posed(recording, settings)
    keypoint, score = (None if value is None else np.asarray(value, dtype=np.float32)
                       for value in (recording.keypoint, recording.keypoint_score))
    if keypoint.ndim != 4 or keypoint.shape[-1] not in (2, 3) or not keypoint.size:
        raise ValueError(f'keypoints must be (persons, frames, keypoints, 2 or 3), got {keypoint.shape}')
    if np.isinf(keypoint).any():
        raise ValueError('keypoints hold infinity')
    nowhere = np.isnan(keypoint).any(axis=-1)
    if score is not None:
        score = np.nan_to_num(score)
        nowhere |= score <= 0
    if score is None and not nowhere.any():
        return dict(keypoint=keypoint)
    score = np.ones(keypoint.shape[:-1], dtype=np.float32) if score is None else score
    return dict(keypoint=np.where(nowhere[..., None], np.float32(0), keypoint), keypoint_score=np.where(nowhere, np.float32(0), score))


def posed(recording: Recording, settings: ImportSettings) -> Dict[str, np.ndarray]:
    """Rotations on the chosen body, feet on the floor: ``keypoint (M, T, 24, 3)``, ``pose`` and ``transl``, metres, y up."""
    import torch

    from mmagenc.body_models import rest_joints_of
    from mmagenc.body_models.fitting import joints_of_pose, place_pose
    pose = np.asarray(recording.pose, dtype=np.float64)
    transl = np.zeros((*pose.shape[:2], 3)) if recording.transl is None else np.asarray(recording.transl, dtype=np.float64)
    if not (np.isfinite(pose).all() and np.isfinite(transl).all()):
        raise ValueError('rotations or path hold values that are not finite')
    rest, scale = rest_joints_of(settings.body), None if settings.path_scale is None else parse_unit(settings.path_scale)
    pairs = [(torch.from_numpy(turns), torch.from_numpy(path)) for turns, path in zip(pose, transl)]
    if recording.conversion is not None:
        placed = [(path, joints_of_pose(turns, path, rest_joints=rest)) for turns, path in pairs]
    else:
        placed = [place_pose(turns, path, rest_joints=rest, scale=scale) for turns, path in pairs]
    return dict(keypoint=np.stack([joints.numpy() for _, joints in placed]).astype(np.float32), pose=pose.astype(np.float32),
                transl=np.stack([path.numpy() for path, _ in placed]).astype(np.float32))
