"""What a writer is, what it is given, and which writer a file is for.

A new format is one file with one class in ``formats/``: registered in :data:`~mmagenc.registry.WRITERS`, with class attributes that say
what it holds and a ``write`` that puts clips into a file. Everything before that (which clips, what they lack, axes, units, names of files,
replacing in one step) is the same for all formats and none of a writer's business (:mod:`.exporting`).

M persons, T frames, V keypoints, C coordinates, J joints.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Dict, Mapping, Optional, Sequence, Tuple

import numpy as np
from scipy.spatial.transform import Rotation

from mmagenc.body_models import BodyModel
from mmagenc.datasets.readers.upright import to_y_up
from mmagenc.registry import WRITERS
from mmagenc.skeletons import Skeleton

UNITS = {'m': 1., 'cm': 100., 'mm': 1000.}
"""Units per metre."""
UPS = ('y', 'z')
"""Axes that point up in files that are written."""


@dataclass(frozen=True)
class ExportClip:
    """One clip on its way out.

    Args:
        name: of the clip (``frame_dir``), as it stands in the annotation.
        keypoint: ``(M, T, V, C)``, C = 2 (pixels) or 3 (metres); NaN where a point has no place.
        skeleton: layout of the keypoints.
        fps: frames per second; ``None`` if nothing says it, for formats that have no time.
        keypoint_score: ``(M, T, V)``, or ``None``; 0 where a point has no place.
        pose: ``(M, T, 24, 3)`` axis-angle of SMPL's joints, radians, root first, or ``None``.
        transl: ``(M, T, 3)`` metres, with ``pose``, or ``None``.
        label: name of the class; ``None`` of a clip that nobody has labelled.
        subject: who it is, or ``None``.
        up: axis that points up, as in an annotation's metainfo; ``None`` if that is not known.
        img_shape: height and width of the image in pixels, or ``None``.
        source: ``'synthetic'``, ``'real'``, or ``None``.
        body: whose joints ``pose`` turns, and whose mesh is written, or ``None``.
        split: where the annotation puts it, or ``None``.
        metainfo: of the annotation that it is from: ``classes``; ``seed``, ``generator``, ``checkpoint`` of generated clips.

    Raises:
        ValueError: arrays whose sizes disagree.
    """
    name: str
    keypoint: np.ndarray
    skeleton: Skeleton
    fps: Optional[float]
    keypoint_score: Optional[np.ndarray] = None
    pose: Optional[np.ndarray] = None
    transl: Optional[np.ndarray] = None
    label: Optional[str] = None
    subject: Optional[str] = None
    up: Optional[str] = None
    img_shape: Optional[Tuple[int, int]] = None
    source: Optional[str] = None
    body: Optional[BodyModel] = None
    split: Optional[str] = None
    metainfo: Mapping = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.keypoint.ndim != 4 or self.keypoint.shape[3] not in (2, 3) or not self.keypoint.shape[0] or not self.keypoint.shape[1]:
            raise ValueError(f'clip {self.name}: keypoint must be (M, T, V, 2) or (M, T, V, 3), got {self.keypoint.shape}')
        if self.keypoint.shape[2] != self.skeleton.num_joints:
            raise ValueError(f'clip {self.name}: {self.keypoint.shape[2]} keypoints, layout {self.skeleton.name} has '
                             f'{self.skeleton.num_joints}')
        begin = self.keypoint.shape[:2]
        expected = dict(keypoint_score=self.keypoint.shape[:3], pose=(*begin, 24, 3), transl=(*begin, 3))
        for key, shape in expected.items():
            value = getattr(self, key)
            if value is not None and value.shape != shape:
                raise ValueError(f'clip {self.name}: {key} must be {shape}, got {value.shape}')

    @property
    def num_persons(self) -> int:
        return self.keypoint.shape[0]

    @property
    def num_frames(self) -> int:
        return self.keypoint.shape[1]

    @property
    def dimensions(self) -> int:
        """2 (pixels) or 3 (metres)."""
        return self.keypoint.shape[3]

    @property
    def missing(self) -> np.ndarray:
        """``(M, T, V)`` which points have no place."""
        return np.isnan(self.keypoint).any(axis=-1)

    @property
    def has_rotations(self) -> bool:
        """Whether its rotations are those of its keypoints."""
        return self.pose is not None and self.skeleton.name == 'smpl24' and self.dimensions == 3

    def person(self, index: int) -> 'ExportClip':
        """The clip with one of its persons."""
        one = {key: getattr(self, key)[index:index + 1] for key in ('keypoint', 'keypoint_score', 'pose', 'transl')
               if getattr(self, key) is not None}
        return replace(self, **one)

    def turned(self, up: str) -> 'ExportClip':
        """The clip in a world whose axis ``up`` points up: places, path and rotation of the root turned by quarter turns; left stays left.

        A clip of which nothing says where up is, or in two dimensions, stays as it is.
        """
        if self.dimensions != 3 or self.up is None or self.up == up:
            return self
        turn = to_y_up(up).T @ to_y_up(self.up)
        changed = dict(keypoint=(self.keypoint @ turn.T).astype(np.float32), up=up)
        if self.pose is not None:
            changed.update(self._turned_body(turn))
        return replace(self, **changed)

    def _turned_body(self, turn: np.ndarray) -> Dict[str, np.ndarray]:
        """Rotations and path in the turned world: a body turns about its root, which rests beside the origin."""
        pose = self.pose.copy()
        root = Rotation.from_matrix(turn) * Rotation.from_rotvec(pose[:, :, 0].reshape(-1, 3))
        pose[:, :, 0] = root.as_rotvec().reshape(pose[:, :, 0].shape)
        if self.transl is None:
            return dict(pose=pose)
        rest = np.zeros(3) if self.body is None else self.body.rest_joints()[0].double().numpy()
        if self.has_rotations:
            rest = np.nan_to_num(np.nanmean(self.keypoint[:, :, self.skeleton.root] - self.transl, axis=1, keepdims=True))
        return dict(pose=pose, transl=((rest + self.transl) @ turn.T - rest).astype(np.float32))


@dataclass(frozen=True)
class WriteOptions:
    """How a user wants files; a writer takes what concerns it.

    Args:
        unit: of places in space, of :data:`UNITS`; ``None``: the format's usual one.
        up: axis that points up in the file, of :data:`UPS`; ``None``: the format's usual one, or as the clips have it.
        skin: write the body's mesh too, where the format can.
        writer: further settings of single formats, by name.

    Raises:
        ValueError: an unknown unit or axis.
    """
    unit: Optional[str] = None
    up: Optional[str] = None
    skin: bool = False
    writer: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key, value, known in (('unit', self.unit, UNITS), ('up', self.up, UPS)):
            if value is not None and value not in known:
                raise ValueError(f'{key} must be one of {", ".join(known)}, got {value!r}')

    @property
    def scale(self) -> float:
        """Units of the file per metre."""
        return UNITS[self.unit or 'm']


class Writer:
    """Base of all writers; a subclass says the class attributes and defines :meth:`write`."""

    name: str = ''
    """By which ``--format`` names it."""
    title: str = ''
    """For people: ``'Biovision hierarchy'``."""
    suffixes: Tuple[str, ...] = ()
    """Of its files, small letters, with the dot; files in a folder get the first."""
    dimensions: Tuple[int, ...] = (2, 3)
    """Which clips it takes: in pixels, in metres."""
    needs: str = 'positions'
    """``'positions'``, ``'rotations'`` (clips that have none are refused), or ``'rotations or fitted'`` (to the bones)."""
    whole: bool = False
    """Whether one file holds all clips; else there is one file a clip, in a folder."""
    persons: bool = True
    """Whether a clip in it can have several persons; else there is one file a person."""
    timed: bool = True
    """Whether it needs to know the frames per second."""
    gaps: bool = True
    """Whether it can say that a point has no place."""
    skins: bool = False
    """Whether it can hold a body's mesh."""
    units: Tuple[str, ...] = ('m', 'cm', 'mm')
    """Units that it can be written in, the usual one first."""
    up: Optional[str] = None
    """Axis that usually points up in it; ``None``: as the clips have it."""
    ups: Tuple[str, ...] = UPS
    """Axes that can point up in it."""
    settings: Tuple[str, ...] = ()
    """Keys of ``WriteOptions.writer`` that it takes."""
    extra: Optional[str] = None
    """What has to be installed for it: ``'mocap'`` for ``pip install mmagenc[mocap]``."""

    def write(self, clips: Sequence[ExportClip], path: Path, options: WriteOptions) -> Sequence[str]:
        """Write a file.

        Args:
            clips: one, or more for a ``whole`` writer, which have what the class attributes ask for and are turned to ``options.up``.
            path: a place where nobody else looks yet, with the name that the file will have; what is there is moved to its own place at
                the end, or dropped with an error.
            options: with ``unit`` set.

        Returns:
            Sequence[str]: what was assumed or lost, one phrase each; equal ones of many files are said once with their number.

        Raises:
            ValueError: a clip that cannot be written, naming it; no file is there then.
            ImportError: what ``extra`` brings is not installed; the message names it.
        """
        raise TypeError(f'{type(self).__name__} defines no write')


def all_writers() -> Dict[str, Writer]:
    """An instance of each registered writer by name, in order of names."""
    WRITERS.import_from_location()
    return {name: kind() for name, kind in sorted(WRITERS.module_dict.items())}


def chosen_writer(path, format: Optional[str] = None) -> Writer:
    """The writer of a format, or else of a file's suffix.

    Raises:
        ValueError: no such format or suffix, or a suffix of several formats of which none bears its name; the known ones are listed.
    """
    writers = all_writers()
    if format is not None:
        if format not in writers:
            raise ValueError(f'format {format!r}: no such format; there are {", ".join(writers)}')
        return writers[format]
    suffix = Path(path).suffix.lower()
    able = [writer for writer in writers.values() if suffix in writer.suffixes]
    able = [writer for writer in able if writer.name == suffix[1:]] or able  # .csv is csv, though it may be DeepLabCut's too
    if len(able) > 1:
        raise ValueError(f'{path}: {suffix} could be {" or ".join(writer.name for writer in able)}: name the format')
    if not able:
        known = ', '.join(f'{"/".join(writer.suffixes)} ({writer.name})' for writer in writers.values())
        raise ValueError(f'{path}: {f"no format has the ending {suffix}" if suffix else "a folder needs the name of a format"}; there are '
                         f'{known}')
    return able[0]
