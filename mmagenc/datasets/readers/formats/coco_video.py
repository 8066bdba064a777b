"""COCO's keypoint annotations of videos: SyRIP, PoseTrack, and what annotation tools export.

``{"images": [{"id", "file_name", "width", "height"}], "annotations": [{"image_id", "keypoints": [x, y, v, …], "track_id"}], "categories":
[{"keypoints": [names], "skeleton": [[1, 2], …]}]}``. One clip is one ``video_id``, or else one folder of images, and one ``track_id``.
v is 2 for a visible point, 1 for a hidden one, 0 for none; an annotation may have confidences beside them, ``keypoint_scores`` (V,), and
a video its ``fps``, as mmagenc export writes them. An annotation, its ``attributes`` or its image may say what is being done: where that
changes along a clip, the stretches are clips. Where nothing else says it, several categories of the same keypoints say it that are no
kinds of people and never meet in one image. V keypoints.
"""

import re
from collections import Counter
from dataclasses import replace
from functools import partial
from itertools import groupby
from pathlib import PurePosixPath
from typing import Callable, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from mmagenc.datasets.readers.registry import Person, Reader, ReadOptions, Recording, Unusable
from mmagenc.datasets.readers.source import Source, natural_key
from mmagenc.datasets.readers.table_parts import DETECTED
from mmagenc.datasets.readers.unit_option import refuse_unit
from mmagenc.datasets.readers.values import (
    Columns,
    by_series,
    columns_of_names,
    columns_of_number,
    identity,
    last_number,
    numbers,
    triples,
    whole_shape,
)
from mmagenc.registry import READERS

LAYOUTS = {17: 'coco17', 26: 'halpe26', 133: 'coco133_body', 136: 'halpe26'}
VISIBILITY = np.array([0, .5, 1], dtype=np.float32)
"""Scores of points without a place, hidden and visible ones."""
LABEL_KEYS = ('action', 'action_label', 'posture', 'activity', 'behaviour', 'behavior', 'exercise', 'movement', 'gesture', 'label', 'class')
"""Of an annotation or its image, where somebody says what is being done."""
NUMBERED = ('label', 'class')
"""Of these, those whose numbers are a detector's."""
TRACK_KEYS = ('track_id', 'person_id', 'instance_id', 'object_id')
"""Of an annotation or its attributes, where somebody says who it is over time; all but the first may number annotations instead."""
SUBJECT_KEYS = ('subject', 'subject_id', 'participant', 'participant_id', 'infant', 'infant_id', 'child_id', 'patient_id')
BEINGS = re.compile(
    'person|human|people|bab(y|ies)|infants?|newborns?|neonates?|toddlers?|child|children|kids?|adults?|m[ae]n|wom[ae]n|boys?|girls?|male|'
    'female|mother|father|mum|mom|dad|parents?|caregiver|therapist|nurse|doctor|patients?|subjects?|participants?|players?|athletes?|actor|'
    'pedestrian|somebody|someone|animals?|mouse|mice|rats?|dogs?|cats?|horses?|monkeys?|birds?|body|bodies|skeletons?|poses?|keypoints?|'
    'figures?|stick|objects?|none|default|coco')
"""Words of categories that say who or what is seen, and not what is being done."""
FRAME_KEYS = ('frame_id', 'frame_index', 'frame_number')


class _Image(NamedTuple):
    """A frame: which clip it is of, its number in it, its size and name, and what it says is being done and by whom."""
    clip: str
    number: Optional[int]
    shape: Optional[Tuple[int, int]]
    name: str
    label: Optional[str] = None
    subject: Optional[str] = None


_Entry = Tuple[_Image, Person, Dict]
"""A person's annotation in a frame."""


@READERS.register_module(name='coco')
class CocoVideo(Reader):
    name = 'coco'
    title = 'COCO keypoint annotations'
    suffixes = ('.json', )
    knows = ('2d', 'score', 'persons', 'track', 'fps', 'img_shape', 'label', 'subject')

    def sniff(self, source: Source) -> Optional[str]:
        content = source.json()
        if not isinstance(content, dict) or not all(isinstance(content.get(key), list) for key in ('images', 'annotations')):
            return None
        if not any(isinstance(annotation, dict) and 'keypoints' in annotation for annotation in content['annotations']):
            return None
        return f'keypoints in {len(content["images"])} images'

    def read(self, source: Source, options: ReadOptions) -> Iterator[Union[Recording, Unusable]]:
        refuse_unit(options)
        content = source.content()
        images, problems = _images(content), _Problems()
        clips: Dict[Tuple[str, Optional[str], object], List[_Entry]] = {}
        layouts: Dict[object, Columns] = {}
        found = [one for index, annotation in enumerate(content['annotations']) if (one := _taken(annotation, index, images, problems))]
        graded = all(np.isin(one.points[:, 2], (0, 1, 2)).all() for one in found)
        key = _identity_key([one.annotation for one in found])
        top = max((one.points[:, 2].max() for one in found), default=0)
        categories, said = _categories(content, found, key)
        for one in found:
            category = one.annotation.get('category_id')
            score = (VISIBILITY[one.points[:, 2].astype(int)] * (2 if top == 1 else 1)) if graded else one.points[:, 2]
            try:
                if category not in layouts:
                    layouts[category] = _columns(content, category, len(one.points), options)
                score = _own_scores(one.annotation, score, one.points[:, 2] > 0, one.place)
                person = _person(one.points, score, layouts[category], one.annotation, key, one.place)
            except ValueError as error:
                problems.add(one.image.clip, str(error))
            else:
                annotation = {**one.annotation, LABEL_KEYS[0]: categories[category]} if categories else one.annotation
                clips.setdefault((one.image.clip, person.track, '' if categories else category), []).append((one.image, person, annotation))
        whole = len({*(clip for clip, _, _ in clips), *problems.by_clip} - {None}) == 1
        clips = {key: entries for key, entries in clips.items() if key[0] not in problems.by_clip}
        if not clips:
            raise ValueError(next(problems.words(), 'no annotation has keypoints'))
        layouts = {key: columns._replace(notes=(*columns.notes, *said)) for key, columns in layouts.items()}
        layouts.setdefault('', next(iter(layouts.values())))
        for clip, text in zip(problems.by_clip, problems.words()):
            yield Unusable(f'{source.name}/{clip}' if clip else source.name, text)
        yield from _recordings(source, clips, layouts, options, _rates(content), whole)


class _Taken(NamedTuple):
    """An annotation of a person: ``points (V, 3)``, whose image, and how it is called in messages."""
    annotation: Mapping
    points: np.ndarray
    image: _Image
    place: str


class _Problems:
    """What is wrong with annotations, by the clips that are lost with them; ``None`` for those of no image, with which none is lost."""

    def __init__(self) -> None:
        self.by_clip: Dict[Optional[str], List[str]] = {}

    def add(self, clip: Optional[str], problem: str) -> None:
        self.by_clip.setdefault(clip, []).append(problem)

    def words(self) -> Iterator[str]:
        """A text a clip."""
        for problems in self.by_clip.values():
            yield problems[0] + (f' (and {len(problems) - 1} annotations more are damaged)' if len(problems) > 1 else '')


def _taken(annotation, index: int, images: Mapping, problems: _Problems) -> Optional[_Taken]:
    """A person's annotation; ``None`` of others, and of damaged ones, which are noted."""
    place, clip = f'annotation number {index}', None
    try:
        if not isinstance(annotation, dict):
            raise ValueError(f'{place}: no dict')
        if not annotation.get('keypoints') or annotation.get('iscrowd') or annotation.get('num_keypoints') == 0:
            return None
        place = f'annotation {annotation.get("id", f"number {index}")}'
        image = images.get(annotation.get('image_id'))
        if image is None:
            raise ValueError(f'{place}: image_id {annotation.get("image_id")!r} is no image')
        clip = image.clip
        return _Taken(annotation, triples(annotation['keypoints'], f'{place}: keypoints'), image, place)
    except ValueError as error:
        problems.add(clip, str(error))
        return None


def _categories(content: Mapping, found: Sequence[_Taken], key: str) -> Tuple[Dict[object, str], Tuple[str, ...]]:
    """The classes that the categories say, by id, empty if they say none; and what is to be told.

    Categories are classes if there are several, of the same keypoints, none of them a kind of being, nobody has two in one image, and
    nothing else says what is being done.
    """
    used = list(dict.fromkeys(one.annotation.get('category_id') for one in found))
    entries = {entry['id']: entry for entry in content.get('categories') or () if isinstance(entry, dict)
               and isinstance(entry.get('id'), (int, str)) and isinstance(entry.get('name'), str) and entry['name'].strip()}
    names = {category: entries[category]['name'].strip() for category in used if category in entries}
    doing = [name for name in names.values() if not any(map(BEINGS.fullmatch, re.findall('[a-z]+', name.lower())))]
    if not doing or any(_word(one.annotation, LABEL_KEYS) or one.image.label for one in found):
        return {}, ()
    seen: Dict[Tuple, object] = {}
    alone = all(seen.setdefault((one.annotation.get('image_id'), _who(one.annotation, key)), one.annotation.get('category_id')) ==
                one.annotation.get('category_id') for one in found)
    alike = len({(str(entries.get(one.annotation.get('category_id'), {}).get('keypoints')), len(one.points)) for one in found}) == 1
    if len(used) == len(doing) > 1 and len(set(doing)) == len(doing) and alone and alike:
        return names, (f'the categories are taken for classes: {", ".join(doing[:5])}{", …" if len(doing) > 5 else ""}', )
    return {}, (f'{"the category" if len(names) == 1 else "categories"} {", ".join(list(names.values())[:5])}: not taken for the class', )


def _rates(content: Mapping) -> Dict[str, float]:
    """Frames per second of videos that say them, by the videos' names as clips have them."""
    videos = [video for video in content.get('videos') or () if isinstance(video, dict)]
    said = {str(video.get('name', video.get('file_name', video.get('id')))): video.get('fps') for video in videos}
    return {name: float(fps) for name, fps in said.items() if isinstance(fps, (int, float)) and 0 < fps < 10_000}


def _own_scores(annotation: Mapping, score: np.ndarray, there: np.ndarray, place: str) -> np.ndarray:
    """The confidences that an annotation has beside its keypoints, those of points without a place 0; else what v says."""
    own = annotation.get('keypoint_scores')
    if own is None:
        return score
    own = numbers(own, f'{place}: keypoint_scores', (len(there), ))
    return np.where(there, own, np.float32(0))


def _images(content: Mapping) -> Dict[object, _Image]:
    videos = {video.get('id'): str(video.get('name', video.get('file_name', video.get('id')))) for video in content.get('videos') or ()
              if isinstance(video, dict)}
    images: Dict[object, _Image] = {}
    for index, image in enumerate(content['images']):
        if not isinstance(image, dict) or not isinstance(image.get('id'), (int, str)) or image['id'] in images:
            raise ValueError(f'image number {index}: expected a dict with an id of its own')
        name = str(image.get('file_name', image['id'])).replace('\\', '/')
        video = image.get('video_id', image.get('vid_id'))
        clip = str(videos.get(video, video)) if video is not None else PurePosixPath(name).parent.as_posix()
        number = next((image[key] for key in FRAME_KEYS if isinstance(image.get(key), int)), last_number(name))
        sized = image.get('height') is not None and image.get('width') is not None
        shape = whole_shape(image['height'], image['width'], f'image {name}: height and width') if sized else None
        images[image['id']] = _Image('' if clip == '.' else clip, number, shape, name, _word(image, LABEL_KEYS), _word(image, SUBJECT_KEYS))
    return images if videos or any('video_id' in image or 'vid_id' in image for image in content['images']) else _by_name(images)


def _by_name(images: Dict[object, _Image]) -> Dict[object, _Image]:
    """Images whose clips are their folders, those of a folder told apart by what stands before their numbers, if that tells series of
    images apart that are no longer one when their numbers are put in order."""
    names = [image.name for image in images.values()]
    series = by_series(names)
    if any(len(members) == 1 for members in series.values()):
        return images
    folders = Counter(name.rpartition('/')[0] for name in series)
    where = {member: name.rpartition('/') for name, members in series.items() for member in members}
    return {key: image._replace(clip='/'.join(filter(None, (image.clip, where[image.name][2])))) if folders[where[image.name][0]] > 1
            else image for key, image in images.items()}


def _columns(content: Mapping, category, count: int, options: ReadOptions) -> Columns:
    found = next((entry for entry in content.get('categories') or () if isinstance(entry, dict) and entry.get('id') == category), {})
    names = found.get('keypoints')
    if not isinstance(names, list) or not names:
        return columns_of_number(count, LAYOUTS, options)
    names = list(map(str, names))
    if len(names) != count:
        said = f'category {category}: {len(names)} names of keypoints, its annotations have {count}'
        if count not in LAYOUTS and options.layout is None:
            raise ValueError(said)
        columns = columns_of_number(count, LAYOUTS, options)
        return columns._replace(notes=(*columns.notes, f'{said}: taken for {columns.skeleton.name} by their number'))
    pairs = found.get('skeleton') or ()
    try:
        edges = [(names[first - 1], names[second - 1]) for first, second in pairs if min(first, second) > 0]
    except (TypeError, ValueError, IndexError):
        edges = []
    return columns_of_names(names, options, edges)


def _person(points: np.ndarray, score: np.ndarray, columns: Columns, annotation: Mapping, key: str, place: str) -> Person:
    if max(columns.order) >= len(points):
        raise ValueError(f'{place}: {len(points)} keypoints, the layout has {len(columns.order)}')
    score = np.nan_to_num(score)[columns.order].astype(np.float32)
    keypoint = np.where(score[:, None] > 0, points[columns.order, :2], np.float32(np.nan))
    box = annotation.get('bbox')
    if box is not None:
        box = numbers(box, f'{place}: bbox').reshape(-1)
        box = box if len(box) == 4 and np.isfinite(box).all() else None
    return Person(keypoint, score, _who(annotation, key), box)


def _who(annotation: Mapping, key: str) -> Optional[Union[int, str]]:
    inner = annotation.get('attributes') if isinstance(annotation.get('attributes'), dict) else {}
    return identity(annotation.get(key, inner.get(key)))


def _identity_key(annotations: Sequence[Mapping]) -> str:
    """By which annotations say who is who: ``track_id``, or another whose values come again from image to image, each once in an image."""
    for key in TRACK_KEYS:
        said = [(annotation.get('image_id'), who) for annotation in annotations if (who := _who(annotation, key)) is not None]
        if said and (key == TRACK_KEYS[0] or len(set(said)) == len(said) >= 2 * len({who for _, who in said})):
            return key
    return TRACK_KEYS[0]


def _recordings(source: Source, clips: Mapping, layouts: Mapping, options: ReadOptions,
                rates: Mapping[str, float], whole: bool) -> Iterator[Union[Recording, Unusable]]:
    tracks = Counter(clip for clip, _, _ in clips)
    kinds = Counter(place[:2] for place in clips)
    for (clip, track, category), found in sorted(clips.items(), key=lambda item: natural_key(str(item[0]))):
        name = f'{source.name}/{clip}' if clip and not whole else clip or source.name
        name += f'_{track}' if tracks[clip] > 1 and track is not None else ''
        name += f'_{category}' if kinds[clip, track] > 1 else ''
        columns = layouts[category]
        shapes = {image.shape for image, _, _ in found}
        if len(shapes) > 1 or len({image.number for image, _, _ in found}) == 1 and len(found) > 1:
            yield from _single_images(name, found, columns, options)
            continue
        recording = partial(Recording, skeleton=columns.skeleton, fps=options.fps or rates.get(clip), notes=columns.notes,
                            img_shape=next(iter(shapes)) or options.img_shape)
        try:
            yield from _stretches(name, found, recording, by_class=not options.segmented)
        except ValueError as error:
            yield Unusable(name, str(error))


def _stretches(name: str, found: Sequence[_Entry], recording: Callable[..., Recording], *,
               by_class: bool) -> Iterator[Union[Recording, Unusable]]:
    """The clips of a recording: frames on end of which one thing is said; or all of it, with no class.

    Raises:
        ValueError: two images of one number; several things said of one image, or of images without numbers.
    """
    frames, ids = _frames(found)
    entries = _by_image(found)
    images = sorted(entries, key=lambda image: natural_key(image.name) if ids is None else image.number)
    said = [_label(entries[image]) if by_class else None for image in images]
    several = len(set(said)) > 1
    if several and ids is None:
        words = [f'{label} (of {images[said.index(label)].name})' for label in dict.fromkeys(said)]
        raise ValueError(f'{" and ".join(words[:2])} is what its images say, whose names have no numbers that tell their order')
    for index, (label, its) in enumerate(groupby(range(len(images)), key=said.__getitem__)):
        places = list(its)
        part = f'{name}_{index:03d}' if several else name
        if several and label is None:
            yield Unusable(part, f'frames {ids[places[0]]} to {ids[places[-1]]}: nothing says what is being done, as of others of the clip')
            continue
        subject, notes = _subject([entry for place in places for entry in entries[images[place]]])
        made = recording(part, frames=[frames[place] for place in places], frame_ids=None if ids is None else ids[places], label=label,
                         subject=subject)
        yield replace(made, notes=(*made.notes, *notes))


def _single_images(name: str, found, columns: Columns, options: ReadOptions) -> Iterator[Recording]:
    """Images of different sizes are no video: each is a clip of one frame."""
    for image, entries in sorted(_by_image(found).items(), key=lambda item: natural_key(item[0].name)):
        single = f'{name}/{PurePosixPath(image.name).stem}'
        try:
            label, (subject, notes) = _label(entries), _subject(entries)
        except ValueError as error:
            yield Unusable(single, str(error))
            continue
        yield Recording(single, columns.skeleton, frames=[[person for _, person, _ in entries]], img_shape=image.shape or options.img_shape,
                        label=label, subject=subject, notes=(*columns.notes, 'images of different sizes are no video: a clip each', *notes))


def _by_image(found: Sequence[_Entry]) -> Dict[_Image, List[_Entry]]:
    by_image: Dict[_Image, List[_Entry]] = {}
    for entry in found:
        by_image.setdefault(entry[0], []).append(entry)
    return by_image


def _frames(found: Sequence[_Entry]) -> Tuple[List[List[Person]], Optional[np.ndarray]]:
    """Persons of each frame and the frames' numbers, or by the images' names where not each has a number of its own."""
    frames = {image: [person for _, person, _ in entries] for image, entries in _by_image(found).items()}
    numbered = [image.number for image in frames]
    if None in numbered:
        return [frames[image] for image in sorted(frames, key=lambda image: natural_key(image.name))], None
    if len(set(numbered)) < len(frames):
        number = max(numbered, key=numbered.count)
        names = [image.name for image in frames if image.number == number]
        raise ValueError(f'{names[0]} and {names[1]} are of one frame, number {number}')
    ordered = sorted(frames, key=lambda image: image.number)
    return [frames[image] for image in ordered], np.array([image.number for image in ordered])


def _label(entries: Sequence[_Entry]) -> Optional[str]:
    """What the annotations of an image, or the image, say is being done; ``None`` if they say nothing.

    Raises:
        ValueError: several things.
    """
    image = entries[0][0]
    said = _said(_word(annotation, LABEL_KEYS) or image.label for _, _, annotation in entries)
    if len(said) > 1:
        raise ValueError(f'annotations of image {image.name} say {" and ".join(said[:2])} ({", ".join(LABEL_KEYS[:4])}, …): a clip has '
                         'one, and no track_id tells persons apart')
    return said[0] if said else None


def _subject(entries: Sequence[_Entry]) -> Tuple[Optional[str], Tuple[str, ...]]:
    """Who it is by the annotations or images, if they say one, and a note if they say several."""
    said = _said(_word(annotation, SUBJECT_KEYS) or image.subject for image, _, annotation in entries)
    if len(said) > 1:
        return None, (f'a clip says several subjects ({" and ".join(said[:2])}): none is taken', )
    return (said[0] if said else None), ()


def _said(words: Iterable[Optional[str]]) -> List[str]:
    return [word for word in dict.fromkeys(words) if word is not None]


def _word(entry: Mapping, keys: Sequence[str]) -> Optional[str]:
    """The first word that an annotation, or an image, or its attributes have by one of the keys; else a number, but of
    :data:`NUMBERED`. What detectors find, a person, is none."""
    inner = entry.get('attributes') if isinstance(entry.get('attributes'), dict) else {}
    said = [(key, held[key]) for key in keys for held in (entry, inner) if key in held]
    words = [word for _, word in said if isinstance(word, str) and word.strip() and word.strip().lower() not in DETECTED]
    numbered = [str(word) for key, word in said if isinstance(word, int) and not isinstance(word, bool) and key not in NUMBERED]
    return next(iter([*words, *numbered]), None)
