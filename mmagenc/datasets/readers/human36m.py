"""Human3.6M as 3d-pose-baseline ships it (``h36m.zip``): ``S1/MyPoses/3D_positions/Walking 1.h5`` … and ``cameras.h5``.

T frames, V keypoints, C coordinates. A file of positions holds ``3D_positions (96, T)``: x, y, z of 32 points, of which 17 move, in
millimetres of the room (z up), 50 frames a second. ``cameras.h5`` holds ``subject1/camera1/`` … for four cameras of each subject: ``R``
(3, 3), stored transposed, ``T`` (3, 1), the camera's place, ``f`` and ``c`` (2, 1), focal length and centre in pixels, ``k`` (3, 1) and
``p`` (2, 1), radial and tangential distortion, and ``Name``, eight character codes.
"""

import re
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from mmagenc.datasets.annotation import AnnotationError, problem_words
from mmagenc.skeletons import joint_map
from mmagenc.untrusted.hdf5 import read_hdf5

from .penn_action import chosen_actions

ACTIONS = ('Directions', 'Discussion', 'Eating', 'Greeting', 'Phoning', 'Photo', 'Posing', 'Purchases', 'Sitting', 'SittingDown', 'Smoking',
           'Waiting', 'WalkDog', 'Walking', 'WalkTogether')
"""The actions as the files name them; by default a class is the place in this list."""
SLT_ACTIONS = ('Directions', 'Discussion', 'Eating', 'Greeting', 'Phoning', 'Posing', 'Sitting', 'SittingDown', 'Smoking', 'Walking')
"""The ten of SLT, SA-GCN and Kinetic-GAN, in their order of classes."""
OTHER_NAMES = {'TakingPhoto': 'Photo', 'WalkingDog': 'WalkDog'}
"""What the original release calls some of them."""
SUBJECTS = (1, 5, 6, 7, 8, 9, 11)
TRAIN, TEST = (1, 5, 7, 8, 9), (11, )
"""SLT's subjects: 6 is in neither."""
IMAGES = {'54138969': (1002, 1000), '55011271': (1000, 1000), '58860488': (1000, 1000), '60457274': (1002, 1000)}
"""Names of the cameras, and height and width of their images."""
MOVING = (0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27)
"""Those of the 32 points that are layout ``h36m17``; the others repeat one of these or never move against it."""
LAYOUTS = ('h36m17', 'h36m16', 'h36m15')
SPACES = ('world', 'camera', 'image')
TANGENTIAL = ('opencv', 'published')
NUM_POINTS, FPS = 32, 50
THIGH = (200., 800.)
"""Millimetres between which a person's thigh is long; subjects' are about 450. Metres, inches and other orders of the points are not."""
FARTHEST = 100_000.
"""Millimetres from the room's origin; the room is some six metres long."""
NEAREST, LARGEST = 100., 1e6
"""Millimetres before a camera from which points are projected, and what no number of a camera reaches: beyond, pixels are no numbers."""
NAME = re.compile(r'(?P<action>[A-Za-z]+)( (?P<take>\d+))?$')
SIZES = dict(R=(3, 3), T=(3, 1), f=(2, 1), c=(2, 1), k=(3, 1), p=(2, 1))
"""What each camera has in ``cameras.h5``, besides its ``Name``."""


@dataclass(frozen=True)
class Human36MForm:
    """What becomes of a sequence.

    Args:
        space: ``'world'`` (metres, z up), ``'camera'`` (metres, x right, y down, z away from the camera) or ``'image'`` (pixels).
        layout: ``'h36m17'``, ``'h36m16'`` (no base of the neck: Kinetic-GAN) or ``'h36m15'`` (and no hip: SLT).
        cameras: names of cameras (:data:`IMAGES`), each of which makes clips of its own; not used in ``'world'``.
        hip_centred: subtract the hip from all points of its frame.
        depth_scaled: multiply pixels, measured from the hip, by the hip's depth over its mean in the training sequences, so that near and
            far persons are of one size.
        tangential: ``'opencv'`` is the usual model of tangential distortion; ``'published'`` that of 3d-pose-baseline and what was made
            with it, which lacks a factor of two in one term: some hundredths of a pixel.
        every: take every so-manieth frame. Whole sequences make that many clips then, beginning a frame later each.
        clip_frames: frames of a clip; ``None`` takes whole sequences.
        hop: frames of the file from the beginning of a clip to that of the next; ``None`` takes clips that lie one behind the other.
        skip: frames at the beginning of each file that are not used.

    Raises:
        ValueError: settings that are none, out of range, or that contradict each other.
    """

    space: str = 'world'
    layout: str = 'h36m17'
    cameras: Tuple[str, ...] = field(default=tuple(IMAGES))
    hip_centred: bool = False
    depth_scaled: bool = False
    tangential: str = 'opencv'
    every: int = 1
    clip_frames: Optional[int] = None
    hop: Optional[int] = None
    skip: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, 'cameras', tuple(self.cameras))
        for name, accepted in dict(space=SPACES, layout=LAYOUTS, tangential=TANGENTIAL).items():
            if getattr(self, name) not in accepted:
                raise ValueError(f'{name} must be one of {", ".join(accepted)}, got {getattr(self, name)!r}')
        unknown = [name for name in self.cameras if name not in IMAGES]
        if unknown or not self.cameras or len(set(self.cameras)) < len(self.cameras):
            raise ValueError(f'cameras must be different ones of {", ".join(IMAGES)}, got {", ".join(self.cameras) or "none"}')
        if self.depth_scaled and not (self.space == 'image' and self.hip_centred):
            raise ValueError("depth_scaled scales what is measured from the hip in an image: it needs space='image' and hip_centred")
        for name, low in dict(every=1, clip_frames=1, hop=1, skip=0).items():
            if getattr(self, name) is not None and getattr(self, name) < low:
                raise ValueError(f'{name} must be at least {low}, got {getattr(self, name)}')
        if self.hop is not None and self.clip_frames is None:
            raise ValueError('hop is from clip to clip of a sequence: it needs clip_frames')

    @property
    def metainfo(self) -> Dict:
        """What a file of such clips says of all of them. Cameras look down a little, so that no axis of theirs is the vertical."""
        seen = {} if self.space == 'world' else dict(cameras=list(self.cameras))
        return dict(skeleton=self.layout, fps=FPS / self.every, up='z' if self.space == 'world' else None, space=self.space,
                    hip_centred=self.hip_centred, **seen, **({'tangential': self.tangential} if self.space == 'image' else {}))

    def stretches(self, total: int) -> List[np.ndarray]:
        """Numbers of the frames of each clip of a sequence of ``total``."""
        if self.clip_frames is None:
            phases = (np.arange(self.skip + phase, total, self.every) for phase in range(self.every))
            return [frames for frames in phases if len(frames)]
        starts = range(self.skip, total - (self.clip_frames - 1) * self.every, self.hop or self.clip_frames * self.every)
        return [start + self.every * np.arange(self.clip_frames) for start in starts]


_SA_GCN = dict(space='image', cameras=('55011271', ), hip_centred=True, depth_scaled=True, tangential='published')
PRESETS = {'slt': dict(_SA_GCN, layout='h36m15', every=3, skip=300), 'kinetic_gan': dict(_SA_GCN, layout='h36m16')}
"""Settings of :class:`Human36MForm` of published work, whose actions are :data:`SLT_ACTIONS`. SLT's clips are 50 frames, every third, that
begin anywhere from frame 300: any 50 neighbouring frames of a file of this preset."""


class Camera(NamedTuple):
    """A calibrated camera: ``rotation (3, 3)`` from the room's axes, ``place (3,)`` in millimetres of the room, ``focal (2,)`` and
    ``center (2,)`` in pixels, ``radial (3,)`` and ``tangential (2,)`` distortion."""
    rotation: np.ndarray
    place: np.ndarray
    focal: np.ndarray
    center: np.ndarray
    radial: np.ndarray
    tangential: np.ndarray

    def view(self, points: np.ndarray) -> np.ndarray:
        """Points ``(..., 3)`` of the room in the camera's axes: x right, y down, z away from it."""
        return (points - self.place) @ self.rotation.T

    def project(self, seen: np.ndarray, tangential: str = 'opencv') -> np.ndarray:
        """Pixels ``(..., 2)`` of points ``(..., 3)`` in the camera's axes (see ``tangential`` of :class:`Human36MForm`).

        Raises:
            ValueError: a point is not in front of the camera, :data:`NEAREST` or farther.
        """
        if not (seen[..., 2] >= NEAREST).all():
            raise ValueError(f'a point is not in front of the camera, {NEAREST / 1000} m or farther')
        plane = seen[..., :2] / seen[..., 2:]
        square = (plane**2).sum(axis=-1, keepdims=True)
        radial = 1 + square * (self.radial[0] + square * (self.radial[1] + square * self.radial[2]))
        swapped = self.tangential[::-1]
        aside = (plane * swapped).sum(axis=-1, keepdims=True) * (2 if tangential == 'opencv' else 1)
        return self.focal * (plane * (radial + aside) + swapped * square) + self.center


class Sequence36M(NamedTuple):
    """A file of positions: subject, action, its name in annotations, and ``points (T, 17, 3)`` in millimetres of the room."""
    subject: int
    action: str
    name: str
    points: np.ndarray


def read_human36m(folder, *, actions: Optional[Sequence[str]] = None, train_subjects: Sequence[int] = TRAIN,
                  val_subjects: Sequence[int] = (), test_subjects: Sequence[int] = TEST,
                  form: Optional[Human36MForm] = None) -> Tuple[Dict, List[str]]:
    """Read the sequences of a folder into the annotation format; files that are missing or cannot be used do not end it.

    ``keypoint`` is ``(1, T, V, 3)`` in metres, or ``(1, T, V, 2)`` in pixels with a ``keypoint_score`` of 1. Clips keep ``subject``
    (``'S1'``), ``camera``, where there is one, and ``start``, their first frame in the file, from 0. With ``depth_scaled`` the mean depth
    is ``mean_hip_depth`` of the metainfo, in metres.

    Args:
        folder: the folder of ``S1`` …, or the one that has it as ``h36m``.
        actions: names in the order of the classes; ``None`` takes all of :data:`ACTIONS`. Files of others are passed over.
        train_subjects: numbers of the subjects of the training set.
        val_subjects: those of them that are held out; ``train`` is then without them, and ``trainval`` the whole training set.
        test_subjects: of the test set.
        form: what becomes of a sequence; ``None`` takes whole sequences, 17 keypoints in metres of the room.

    Returns:
        The annotation, and what is missing or was left out and why, one line each.

    Raises:
        FileNotFoundError: no such folder, no sequences in it, or no ``cameras.h5`` where cameras are needed.
        ImportError: h5py is not installed.
        ValueError: unknown actions or subjects, naming the known ones; a subject in two sets.
        AnnotationError: no sequence that can be used, naming up to ten with the reasons; none to take the mean depth of.
    """
    form = form or Human36MForm()
    classes, sets = chosen_actions(actions, ACTIONS), _subjects(train_subjects, val_subjects, test_subjects)
    folder = find_folder(folder, sets)
    there = [subject for subject in sets if next(positions_folder(folder, subject).glob('*.h5'), None)]
    cameras, left_out = _all_cameras(folder, there, form)
    left_out = [*(f'S{subject}: no sequences there' for subject in sets if subject not in there), *left_out]
    sequences = _read_sequences(folder, list(cameras), classes, left_out)
    if not sequences:
        raise _nothing(f'{folder}: no sequence can be used', left_out)
    metainfo = dict(classes=classes, **form.metainfo)
    if form.depth_scaled:
        metainfo['mean_hip_depth'] = _mean_depth([seq for seq in sequences if sets[seq.subject] == 'train'], cameras, folder) / 1000
    clips = []
    for sequence in sequences:
        made, reason = _clips(sequence, cameras[sequence.subject], form, metainfo)
        clips += made
        left_out += [reason] if reason else []
    if not clips:
        raise _nothing(f'{folder}: no sequence gives a clip', left_out)
    split = _splits(clips, sets)
    if val_subjects and not (split['train'] and split['val']):
        raise _nothing(f'{folder}: val_subjects {", ".join(map(str, val_subjects))} leave train or val empty', left_out)
    return dict(split=split, metainfo=metainfo, annotations=clips), left_out


def _nothing(message: str, left_out: Sequence[str]) -> AnnotationError:
    more = [f'… and {len(left_out) - 10} more'] if len(left_out) > 10 else []
    return AnnotationError('\n  '.join([message, *left_out[:10], *more]))


def _subjects(train: Sequence[int], val: Sequence[int], test: Sequence[int]) -> Dict[int, str]:
    """The set of each subject."""
    unknown = sorted({*train, *val, *test} - set(SUBJECTS))
    if unknown:
        raise ValueError(f'unknown subjects {", ".join(map(str, unknown))}; there are {", ".join(map(str, SUBJECTS))}')
    if set(train) & set(test):
        raise ValueError(f'subjects {", ".join(map(str, sorted(set(train) & set(test))))} are in both training and test set')
    if not set(val) <= set(train) or train and set(val) == set(train):
        raise ValueError(f'val_subjects must be some of the training set\'s {", ".join(map(str, train))}, got {", ".join(map(str, val))}')
    return {subject: 'test' if subject in test else 'val' if subject in val else 'train' for subject in sorted({*train, *test})}


def find_folder(folder, subjects: Sequence[int] = SUBJECTS) -> Path:
    """The folder that has positions of one of the subjects: this one, or ``h36m`` in it.

    Raises:
        FileNotFoundError: neither has.
    """
    folder = Path(folder)
    for place in (folder, folder / 'h36m'):
        if any(next(positions_folder(place, subject).glob('*.h5'), None) for subject in subjects):
            return place
    raise FileNotFoundError(f'{folder}: no sequences of Human3.6M of subjects {", ".join(map(str, subjects))}; expected '
                            'S1/MyPoses/3D_positions/Walking 1.h5 and its like')


def positions_folder(folder: Path, subject: int) -> Path:
    """Where the files of a subject lie."""
    return folder / f'S{subject}' / 'MyPoses' / '3D_positions'


def _read_sequences(folder: Path, subjects: Sequence[int], classes: Sequence[str], left_out: List[str]) -> List[Sequence36M]:
    """All that can be read of the classes; what is missing or cannot is added to ``left_out``, by its place below the folder."""
    sequences = []
    for subject in subjects:
        found: List[str] = []
        for path in sorted(positions_folder(folder, subject).glob('*.h5')):
            try:
                action = action_of(path)
                if action in classes:
                    found.append(action)
                    name = f'S{subject}_{path.stem.replace(" ", "_")}'
                    sequences.append(Sequence36M(subject, action, name, read_positions(path)))
            except ImportError:
                raise
            except Exception as error:  # damaged files raise nearly anything
                left_out.append(f'{path.relative_to(folder).as_posix()}: {problem_words(error)}')
        other = [f'{found.count(action) or "none"} of {action}' for action in classes if found.count(action) != 2]
        if other:
            left_out.append(f'S{subject}: two sequences of each action are published; there are {", ".join(other)}')
    return sequences


def action_of(path: Path) -> str:
    """The action that a file's name says, as in :data:`ACTIONS`.

    Raises:
        ValueError: another name.
    """
    match = NAME.match(path.stem)
    if match is None:
        raise ValueError("the name is not like 'Walking 1.h5'")
    action = OTHER_NAMES.get(match['action'], match['action'])
    if action not in ACTIONS:
        raise ValueError(f'action {action}; there are {", ".join(ACTIONS)}')
    return action


def read_positions(path: Path) -> np.ndarray:
    """``(T, 17, 3)`` points of layout ``h36m17`` in millimetres of the room.

    Raises:
        ValueError: content that is not as published, or no body in millimetres.
    """
    content = read_hdf5(path, ['3D_positions'])
    if '3D_positions' not in content:
        raise ValueError('no 3D_positions')
    values = content['3D_positions']
    if values.ndim != 2 or values.shape[0] != 3 * NUM_POINTS or not values.shape[1] or values.dtype.kind != 'f':
        raise ValueError(f'3D_positions must be real numbers ({3 * NUM_POINTS}, frames), got {values.shape} of {values.dtype}')
    points = values.T.reshape(-1, NUM_POINTS, 3)[:, MOVING].astype(np.float64)
    outside = ~(np.abs(points) < FARTHEST).all(axis=(1, 2))
    if outside.any():
        raise ValueError(f'frame {int(outside.argmax())} has a point that is not finite, or farther than 100 m from the origin')
    thigh = float(np.median(np.linalg.norm(points[:, 2] - points[:, 1], axis=-1)))
    if not THIGH[0] <= thigh <= THIGH[1]:
        raise ValueError(f'the right thigh is {thigh:.4g} long; expected {THIGH[0]:.0f} to {THIGH[1]:.0f} millimetres')
    return points


# --- Cameras


def _all_cameras(folder: Path, subjects: Sequence[int], form: Human36MForm) -> Tuple[Dict[int, Dict[str, Optional[Camera]]], List[str]]:
    """The cameras of each subject by name, and why some have none that can be used; in the room ``None`` stands for the one view."""
    if form.space == 'world':
        return {subject: {'': None} for subject in subjects}, []
    path, cameras, left_out = folder / 'cameras.h5', {}, []
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file, of which clips in a camera's axes or image need the cameras; those in the room "
                                "(space 'world') do not")
    for subject in subjects:
        try:
            cameras[subject] = read_cameras(path, subject, form.cameras)
        except ValueError as error:
            left_out.append(f'cameras.h5: subject{subject}, whose sequences are not used: {error}')
    return cameras, left_out


def read_cameras(path, subject: int, names: Sequence[str] = tuple(IMAGES)) -> Dict[str, Camera]:
    """Cameras of a subject by their names, in the order of ``names``.

    Raises:
        ValueError: a camera that is not there, or whose numbers are none.
    """
    content = read_hdf5(path, [f'subject{subject}/camera{number}/{key}' for number, key in product(range(1, 5), (*SIZES, 'Name'))])
    found = {}
    for number in range(1, 5):
        group = f'subject{subject}/camera{number}/'
        letters = content.get(f'{group}Name', np.zeros(0)).ravel()
        name = ''.join(chr(int(letter)) for letter in letters if 0 < letter < 128)
        if name in found:
            raise ValueError(f'camera {name} is there twice')
        if name in names:
            found[name] = _camera({key: content.get(group + key) for key in SIZES}, group)
    missing = [name for name in names if name not in found]
    if missing:
        raise ValueError(f'no camera {", ".join(missing)}')
    return {name: found[name] for name in names}


def _camera(content: Dict[str, Optional[np.ndarray]], group: str) -> Camera:
    for key, shape in SIZES.items():
        value = content[key]
        if value is None or value.size != np.prod(shape) or not (np.abs(value.astype(np.float64)) < LARGEST).all():
            raise ValueError(f'{group}{key} must be numbers {shape} below {LARGEST:.0e}, got '
                             f'{"none" if value is None else f"{value.shape} {value.ravel()[:9].tolist()}"}')
    rotation = content['R'].astype(np.float64).reshape(3, 3).T
    if not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-3) or np.linalg.det(rotation) < 0:
        raise ValueError(f'{group}R is no rotation: {rotation.T.tolist()}')
    camera = Camera(rotation, *(content[key].astype(np.float64).ravel() for key in ('T', 'f', 'c', 'k', 'p')))
    if not (camera.focal > 0).all():
        raise ValueError(f'{group}f must be above 0, got {camera.focal.tolist()}')
    return camera


# --- Clips


def _mean_depth(sequences: Sequence[Sequence36M], cameras: Dict[int, Dict[str, Camera]], folder: Path) -> float:
    """Mean distance of the hip along the cameras' axes over all frames, in millimetres."""
    depths = [camera.view(seq.points[:, 0])[:, 2] for seq in sequences for camera in cameras[seq.subject].values()]
    if not depths:
        raise AnnotationError(f'{folder}: depth_scaled needs training sequences, of which the mean depth is taken; none can be used')
    return float(np.concatenate(depths).mean())


def _clips(sequence: Sequence36M, cameras: Dict[str, Optional[Camera]], form: Human36MForm, metainfo: Dict) -> Tuple[List[Dict], str]:
    """The clips of a sequence from all cameras, or why there are none."""
    total, clips = len(sequence.points), []
    stretches = form.stretches(total)
    if not stretches:
        needed = 1 + ((form.clip_frames or 1) - 1) * form.every
        return [], f'{sequence.name}: {total} frames, of which {max(total - form.skip, 0)} are not skipped; a clip needs {needed}'
    for name, camera in cameras.items():
        try:
            keypoint = positions(sequence.points, camera, form, 1000 * metainfo.get('mean_hip_depth', 0))
        except ValueError as error:
            return [], f'{sequence.name}, camera {name}: {error}'
        whole = '_'.join(filter(None, (sequence.name, name)))
        shared = dict(label=metainfo['classes'].index(sequence.action), subject=f'S{sequence.subject}', source='real',
                      **({'camera': name} if name else {}),
                      **({'img_shape': IMAGES[name]} if form.space == 'image' and not form.hip_centred else {}))
        for frames in stretches:
            part = keypoint[None, frames].astype(np.float32)
            score = {'keypoint_score': np.ones(part.shape[:-1], dtype=np.float32)} if form.space == 'image' else {}
            suffix = f'_f{frames[0]:05d}' if form.clip_frames or form.every > 1 else ''
            clips.append(dict(frame_dir=whole + suffix, total_frames=len(frames), keypoint=part, **score, **shared, start=int(frames[0])))
    return clips, ''


def positions(points: np.ndarray, camera: Optional[Camera], form: Human36MForm, mean_depth: float = 0.) -> np.ndarray:
    """Points ``(T, 17, 3)`` in millimetres of the room as keypoints ``(T, V, C)`` of a form, in metres or pixels.

    Args:
        points: of layout ``h36m17``, whose first is the hip.
        camera: which sees them; not used in the room.
        form: what they become.
        mean_depth: what ``depth_scaled`` refers depths to, in millimetres.

    Raises:
        ValueError: a point that is to be projected is not in front of the camera.
    """
    seen = points if form.space == 'world' else camera.view(points)
    result = camera.project(seen, form.tangential) if form.space == 'image' else seen / 1000
    if form.hip_centred:
        result = result - result[:, :1]
    if form.depth_scaled:
        result = result * (seen[:, :1, 2:] / mean_depth)
    return result[:, joint_map('h36m17', form.layout)]


def _splits(clips: Sequence[Dict], sets: Dict[int, str]) -> Dict[str, List[str]]:
    where = {clip['frame_dir']: sets[int(clip['subject'][1:])] for clip in clips}
    split = {name: [clip for clip, own in where.items() if own == name] for name in ('train', 'val', 'test')}
    if 'val' not in sets.values():
        return dict(train=split['train'], test=split['test'])
    return dict(train=split['train'], val=split['val'], trainval=[clip for clip, own in where.items() if own != 'test'], test=split['test'])
