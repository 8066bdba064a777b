"""What a reader is, what it gives, and which reader a file is for.

A new format is one file with one class: registered in :data:`~mmagenc.registry.READERS`, with a ``sniff`` that knows its files by content
and a ``read`` that gives :class:`Recording`. Everything after that (persons over time, labels, segments, gaps, splits, checks, writing) is
the same for all formats and none of a reader's business.

M persons, T frames, V keypoints, C coordinates.
"""

from dataclasses import dataclass, field
from typing import Any, Callable, Collection, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from mmagenc.registry import READERS
from mmagenc.skeletons import Skeleton

from .assumptions import Assumption
from .source import Source

VIDEO_SUFFIXES = ('.mp4', '.avi', '.mov', '.mkv', '.webm', '.m4v')


@dataclass(frozen=True)
class Person:
    """A person whom an estimator found in one frame.

    Args:
        keypoint: ``(V, C)``; NaN where a point has no place.
        score: ``(V,)`` how sure the estimator is; ``None`` if it does not say.
        track: who it is over time; ``None`` if that is not known.
        box: ``(x, y, width, height)`` in pixels, if the file says it.
    """
    keypoint: np.ndarray
    score: Optional[np.ndarray] = None
    track: Optional[Union[int, str]] = None
    box: Optional[np.ndarray] = None


class Conversion(NamedTuple):
    """How poses that were fitted came about.

    Args:
        assumed: about the file.
        doubts: what is doubtful in the result, words by name.
        quality: measurements of the fit, where there are any.
    """
    assumed: Assumption
    doubts: Mapping[str, str]
    quality: Optional[Mapping] = None


@dataclass(frozen=True)
class Recording:
    """One clip, or a long recording out of which clips are cut, as its file has it.

    Exactly one of ``keypoint``, ``frames`` and ``pose`` says what moves.

    Args:
        name: the path below what the user named, without suffix: what labels are read from; several recordings of one file add to it.
        skeleton: layout of the keypoints: a name, or one of its own.
        keypoint: ``(M, T, V, C)``, C = 2 (pixels, or what ``unit`` says) or 3 (metres); NaN where a point has no place.
        keypoint_score: ``(M, T, V)``.
        frames: instead of ``keypoint``: who was found in each frame, of whom nobody has said yet who is who.
        frame_ids: ``(T,)`` numbers of the frames in the video, ascending; missing ones are gaps.
        pose: ``(M, T, 24, 3)`` axis-angle of SMPL's 24 joints, radians, root first; ``keypoint`` follows from a body model.
        transl: ``(M, T, 3)`` metres, with ``pose``.
        fps: frames per second, if the file says it.
        img_shape: height and width in pixels, if the file says it.
        up: axis that points up, as in an annotation's metainfo; ``None`` if that is not known.
        label: name of the class, if the file says it.
        classes: all of the published set in index order, of which the label is one; empty of others.
        subject: who it is, if the file says it.
        split: where published work puts it, if the file says it.
        notes: what was assumed, one phrase each; equal ones of many files are said once with their number.
        extra: further keys of the clip in the annotation.
        conversion: of ``pose`` and ``transl`` that the reader fitted and placed, on the body, at the path's scale and at the rate that the
            options say: they stay as they are.
    """
    name: str
    skeleton: Union[str, Skeleton, None] = None
    keypoint: Optional[np.ndarray] = None
    keypoint_score: Optional[np.ndarray] = None
    frames: Optional[Sequence[Sequence[Person]]] = None
    frame_ids: Optional[np.ndarray] = None
    pose: Optional[np.ndarray] = None
    transl: Optional[np.ndarray] = None
    fps: Optional[float] = None
    img_shape: Optional[Tuple[int, int]] = None
    up: Optional[str] = None
    label: Optional[str] = None
    classes: Sequence[str] = ()
    subject: Optional[str] = None
    split: Optional[str] = None
    notes: Tuple[str, ...] = ()
    extra: Mapping = field(default_factory=dict)
    conversion: Optional[Conversion] = None

    def __post_init__(self) -> None:
        said = [key for key in ('keypoint', 'frames', 'pose') if getattr(self, key) is not None]
        if len(said) != 1:
            raise TypeError(f'a Recording has one of keypoint, frames and pose, got {said}')

    @property
    def coordinates(self) -> int:
        """How many its places have: 2 or 3; 0 of frames with nobody in them."""
        if self.pose is not None:
            return 3
        places = self.keypoint if self.keypoint is not None else next((person.keypoint for frame in self.frames for person in frame), ())
        return np.shape(places)[-1]


class Unusable(NamedTuple):
    """In place of one recording of several in a file: that it is damaged, and why; the others are read on."""
    name: str
    reason: str


def each(make: Callable[[str, Any], Recording], items: Iterable[Tuple[str, Any]]) -> Iterator[Union[Recording, Unusable]]:
    """The recordings that ``make`` gives of items by name; an :class:`Unusable` in place of each of which it raises ``ValueError``."""
    for name, item in items:
        try:
            recording = make(name, item)
        except ValueError as error:
            yield Unusable(name, str(error))
        else:
            yield recording


def each_video(make: Callable[[str, Any], Recording], name: str,
               videos: Collection[Tuple[str, Any]]) -> Iterator[Union[Recording, Unusable]]:
    """:func:`each` of the videos of a source, called ``name/video``. That of a source which holds no other has the source's own name.

    Raises:
        ValueError: by ``make``, of one that is alone.
    """
    if len(videos) == 1:
        return iter([make(name, content) for _, content in videos])
    return each(make, ((f'{name}/{video}' if video else name, content) for video, content in videos))


def each_series(make: Callable[[str, Any], Recording], name: str, series: Mapping[str, Sequence[str]],
                is_frame: Callable[[str], bool], what: str) -> Iterator[Union[Recording, Unusable]]:
    """:func:`each_video` of the files of a folder by their series, without single ones that are none of its frames, such as the settings
    that a program writes beside them: an :class:`Unusable` in place of each of those, if there are others.

    Args:
        make: of a name and a series.
        name: of the folder.
        series: files by what they have in common.
        is_frame: whether a file holds a frame, or may have.
        what: says what is no frame, such as ``'no frame of OpenPose'``.

    Raises:
        ValueError: by ``make``, of a series that is alone.
    """
    others = [files[0] for files in series.values() if len(files) == 1 and not is_frame(files[0])]
    kept = [(video, files) for video, files in series.items() if list(files) not in [[other] for other in others]] or list(series.items())
    if len(kept) < len(series):
        yield from (Unusable(f'{name}/{other}', f'{other}: {what}') for other in others)
    yield from each_video(make, name, kept)


@dataclass(frozen=True)
class ReadOptions:
    """What a user says about files that do not say it themselves; a reader takes what concerns it.

    Args:
        layout: layout of the keypoints, a name or a YAML file; ``None``: as the file says, or as the names or the number of keypoints tell.
        joint_names: names of a layout's keypoints by the file's own names, for files with body parts of their own
            (:func:`~mmagenc.datasets.readers.naming.layout_of_names`).
        fps: frames per second of the recordings, where the files do not say it.
        img_shape: height and width of the images, where the files do not say it.
        unit: metres per unit, or ``None``: as the format has it, or as lengths of legs tell.
        up: axis of the files that points up: ``'y'``, ``'-y'``, ``'z'``, ``'-z'``; ``None``: as the format has it, or as the motion tells.
            Pixels are turned by the importer if it is ``'y'``.
        min_score: keypoints below it have no place.
        body: of rotations: a registered type or an SMPL model file.
        path_scale: metres of the result per metre of the path; ``None``: as the lengths of the body's legs to the recorded ones.
        target_fps: frames per second of the clips, at which a reader that fits may work; ``None``: the file's.
        segmented: whether segments cut clips out of the recordings and say their classes: no reader then cuts by those of its files.
        lenient: take files whose header and content disagree as far as they go.
        reader: further settings of single formats, by name.
    """
    layout: Optional[str] = None
    joint_names: Optional[Mapping[str, str]] = None
    fps: Optional[float] = None
    img_shape: Optional[Tuple[int, int]] = None
    unit: Optional[float] = None
    up: Optional[str] = None
    min_score: float = 0.
    body: str = 'InfantBody'
    path_scale: Optional[float] = None
    target_fps: Optional[float] = None
    segmented: bool = False
    lenient: bool = False
    reader: Mapping[str, object] = field(default_factory=dict)


class Reader:
    """Base of all readers; a subclass says the class attributes and defines :meth:`sniff` and :meth:`read`."""

    name: str = ''
    """By which ``--format`` names it."""
    title: str = ''
    """For people: ``'MMPose predictions'``."""
    suffixes: Tuple[str, ...] = ()
    """Of its files, small letters, with the dot."""
    folder: bool = False
    """Whether it takes folders whose files belong together; it is asked about files too, if it has suffixes."""
    knows: Tuple[str, ...] = ()
    """What its files can say: of ``'2d'``, ``'3d'``, ``'smpl'``, ``'score'``, ``'persons'``, ``'track'``, ``'fps'``, ``'img_shape'``,
    ``'label'``, ``'subject'``, ``'split'``."""
    takes_unit: bool = False
    """Whether its files may have places in space, or a path, of a unit that they do not say: ``--unit`` says it. Others refuse one."""
    companions: Tuple[str, ...] = ()
    """Names of files that lie beside its own, are read with them, and are no clips; or of folders beside its own that have the same in
    them once more."""
    last: bool = False
    """Whether it is asked only about what no other reader takes."""

    def sniff(self, source: Source) -> Optional[str]:
        """What the source is taken for, in words (``'17 keypoints of COCO, x and y and score'``); ``None`` if it is none of this format.

        Looks at content, not at names alone; raises nothing.
        """
        raise TypeError(f'{type(self).__name__} defines no sniff')

    def read(self, source: Source, options: ReadOptions) -> Iterator[Union[Recording, Unusable]]:
        """The recordings of a source; what cannot be used of several is given as :class:`Unusable`.

        Raises:
            ValueError: damaged or unusable content, naming the key or line; the caller adds the file.
        """
        raise TypeError(f'{type(self).__name__} defines no read')


class UnknownFormatError(ValueError):
    """A file that no reader takes, or more than one."""


def all_readers() -> Dict[str, Reader]:
    """An instance of each registered reader by name, in order of names."""
    READERS.import_from_location()
    return {name: kind() for name, kind in sorted(READERS.module_dict.items())}


def known_suffixes(readers: Mapping[str, Reader]) -> List[str]:
    """Endings of files that some reader takes."""
    return sorted({suffix for reader in readers.values() for suffix in reader.suffixes})


def takers(source: Source, readers: Mapping[str, Reader]) -> Iterator[Tuple[Reader, str]]:
    """The readers that take a source, and what for; those that are asked last only if no other does."""
    asked = [reader for reader in readers.values() if (reader.folder if source.is_folder else source.suffix in reader.suffixes)]
    taken = False
    for reader in sorted(asked, key=lambda reader: reader.last):
        if reader.last and taken:
            return
        said = reader.sniff(source)
        if said:
            taken = True
            yield reader, said


def recognize(source: Source, readers: Mapping[str, Reader]) -> Optional[Tuple[Reader, str]]:
    """The reader that a source is for, and what it takes it for; ``None`` if it is for none.

    Raises:
        UnknownFormatError: more than one reader takes it.
    """
    found = list(takers(source, readers))
    if len(found) > 1:
        raise UnknownFormatError(f'{source.path}: could be {" or ".join(f"{reader.name} ({said})" for reader, said in found)}; '
                                 f'--format {found[0][0].name} says which')
    return found[0] if found else None
