"""What a generator returns, and the form that recordings give it.

N clips, T frames, V keypoints, J joints, C coordinates.
"""

import copy
from dataclasses import dataclass, field, fields, replace
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

FRAME_FIELDS = ('keypoint', 'keypoint_score', 'pose', 'transl')
"""Fields with an axis of frames."""
IMMUTABLE = (str, int, float, bool, bytes, type(None), np.number, np.bool_)
"""What needs no copy."""
PLAIN = frozenset((float, int, str, bool, type(None)))
"""Most of it, told apart without looking at base classes."""


def copied_clip(clip: Dict) -> Dict:
    """A copy of an annotation dict that shares nothing which can be written into: ``copy.deepcopy``, without its price.

    A clip holds some names and numbers, lists and dicts of them, and a few arrays of numbers; only what else a file may bring goes through
    ``copy.deepcopy``. Lists and dicts must not hold themselves, as none of a file does.
    """
    return {key: _copied_value(value) for key, value in clip.items()}


def _copied_value(value):
    if type(value) is np.ndarray and not value.dtype.hasobject:
        return value.copy(order='K')
    if isinstance(value, IMMUTABLE):
        return value
    if type(value) is list:  # boxes and poses of Penn's windows: deepcopy notes each row and is six times slower
        return [item if type(item) in PLAIN else _copied_value(item) for item in value]
    if type(value) is dict:
        return copied_clip(value)
    return copy.deepcopy(value)


@dataclass(frozen=True)
class MotionInfo:
    """What the numbers of a :class:`Motion` mean; ``None`` is what nobody said.

    Args:
        classes: names of the classes in the order of their labels.
        skeleton: name of the layout of the keypoints.
        fps: frames per second.
        up: axis of three-dimensional positions that points up, ``'y'``, ``'-y'``, ``'z'`` or ``'-z'``.
        source: ``'synthetic'`` or ``'real'``.

    Raises:
        ValueError: a frame rate or an axis that there cannot be.
    """

    classes: Optional[Tuple[str, ...]] = None
    skeleton: Optional[str] = None
    fps: Optional[float] = None
    up: Optional[str] = None
    source: Optional[str] = None

    def __post_init__(self) -> None:
        if self.classes is not None:
            object.__setattr__(self, 'classes', tuple(map(str, self.classes)))
        if self.fps is not None and not 0 < float(self.fps) < float('inf'):
            raise ValueError(f'fps must be a positive number, got {self.fps!r}')
        if self.up not in (None, 'y', '-y', 'z', '-z'):
            raise ValueError(f'up must be y, -y, z or -z, or None where the vertical is not known, got {self.up!r}')

    def known(self) -> Dict:
        """What is known, by name."""
        return {item.name: getattr(self, item.name) for item in fields(self) if getattr(self, item.name) is not None}

    @classmethod
    def common(cls, infos: Sequence['MotionInfo']) -> 'MotionInfo':
        """What can be said of clips of all of them together: what all say; what one of them does not say is not known of all.

        Raises:
            ValueError: two that say different things.
        """
        for name in (item.name for item in fields(cls)):
            said = list(dict.fromkeys(getattr(info, name) for info in infos if getattr(info, name) is not None))
            if len(said) > 1:
                raise ValueError(f'cannot concatenate motions of {name} {said[0]!r} and {said[1]!r}: a motion has one; '
                                 f'motion.with_info({name}=…) says another')
        first = infos[0]
        return cls(**{name: value for name, value in first.known().items() if all(getattr(info, name) == value for info in infos)})


@dataclass(frozen=True, repr=False)
class Motion:
    """A batch of generated (or decoded) clips, for notebooks and for all that makes, judges, draws and writes them.

    ``len(motion)`` is N; ``motion[2:5]``, ``motion[[0, 7]]`` and ``motion[3]`` are Motions of those clips, and so is each ``clip`` of
    ``for clip in motion``.

    Args:
        keypoint: ``(N, T, V, C)`` positions: metres (C = 3) or pixels (C = 2).
        label: ``(N,)`` int64 class indices.
        length: ``(N,)`` int64 number of valid frames of each clip, at most T; frames past it are padding.
        pose: ``(N, T, J, 3)`` axis-angle rotations in radians, root first, or ``None`` where rotations are not known.
        transl: ``(N, T, 3)`` root translation in metres, or ``None``.
        keypoint_score: ``(N, T, V)`` confidences, as recordings of a pose estimator have them, or ``None``.
        img_shape: ``(N, 2)`` int64 height and width of the image that 2-D keypoints lie in, or ``None``.
        latent: ``(N, D)`` latent vectors the clips were decoded from, or ``None``; decoding them again gives the same clips.
        class_path: ``(N, T, K)`` shares of the K classes in each frame, of clips whose class changes over time, or ``None``; ``label`` is
            then the class that a clip shows most.
        info: what the numbers mean: class names, layout, frame rate, vertical and source, as far as is known. It is kept by all that
            selects, moves, pads or joins clips.

    Raises:
        ValueError: a field whose leading sizes disagree with ``keypoint``.
    """

    keypoint: Tensor
    label: Tensor
    length: Tensor
    pose: Optional[Tensor] = None
    transl: Optional[Tensor] = None
    latent: Optional[Tensor] = None
    keypoint_score: Optional[Tensor] = None
    img_shape: Optional[Tensor] = None
    class_path: Optional[Tensor] = None
    info: MotionInfo = field(default_factory=MotionInfo)

    def __post_init__(self) -> None:
        if self.keypoint.ndim != 4:
            raise ValueError(f'keypoint must be (N, T, V, C), got {tuple(self.keypoint.shape)}')
        num_clips, num_frames = self.keypoint.shape[:2]
        for name, leading in (('label', (num_clips, )), ('length', (num_clips, )), ('pose', (num_clips, num_frames)),
                              ('transl', (num_clips, num_frames)), ('latent', (num_clips, )),
                              ('keypoint_score', (num_clips, num_frames)), ('img_shape', (num_clips, )),
                              ('class_path', (num_clips, num_frames))):
            value = getattr(self, name)
            if value is not None and tuple(value.shape[:len(leading)]) != leading:
                raise ValueError(f'{name} must start with sizes {leading} as keypoint does, got {tuple(value.shape)}')

    def __len__(self) -> int:
        return len(self.keypoint)

    def __iter__(self) -> Iterator['Motion']:
        """Motions of one clip each."""
        return (self[index] for index in range(len(self)))

    def __repr__(self) -> str:
        """Such as ``Motion(200 clips of 4 classes, 60 frames at 30 fps, smpl24 3-D, synthetic)``."""
        frames = self.length.tolist()
        parts = [f'{_counted(len(self), "clip")} of {self._kinds()}' if len(self) else 'no clips',
                 frames_in_words(frames) if frames else '',
                 f'{self.info.skeleton or _counted(self.keypoint.shape[2], "keypoint")} {self.keypoint.shape[3]}-D']
        parts[1] += f' at {self.info.fps:g} fps' if self.info.fps and parts[1] else ''
        parts[2] += ' with rotations' if self.pose is not None else ''
        parts += [self.info.source or '', '' if self.keypoint.device.type == 'cpu' else f'on {self.keypoint.device}']
        return f'Motion({", ".join(filter(None, parts))})'

    def _kinds(self) -> str:
        """The classes that occur, in a few words."""
        labels = sorted(set(self.label.tolist()))
        return self.class_name(labels[0]) if len(labels) == 1 else f'{len(labels)} classes'

    def class_name(self, label: int) -> str:
        """Name of a class; ``class <number>`` where names are not known."""
        classes = self.info.classes or ()
        return classes[label] if 0 <= label < len(classes) else f'class {label}'

    @property
    def class_names(self) -> List[str]:
        """The class of each clip by name, N of them."""
        return [self.class_name(label) for label in self.label.tolist()]

    def with_info(self, **changes) -> 'Motion':
        """The same clips with something else (or more) known of them: fields of :class:`MotionInfo`.

        Raises:
            ValueError: an unknown field, or a value that it cannot have.
        """
        known = [item.name for item in fields(MotionInfo)]
        unknown = sorted(set(changes) - set(known))
        if unknown:
            raise ValueError(f'a motion has no info {", ".join(unknown)}; it has {", ".join(known)}')
        return replace(self, info=replace(self.info, **changes))

    def __getitem__(self, index) -> 'Motion':
        """Select clips by slice, index list, index array or boolean mask; an integer keeps the batch axis."""
        if isinstance(index, (int, np.integer)):
            if not -len(self) <= index < len(self):
                raise IndexError(f'clip {index} of {len(self)}')
            index = [index]
        elif not isinstance(index, slice):
            index = torch.as_tensor(index, device=self.keypoint.device)
        return self._map(lambda value: value[index])

    def to(self, *args, **kwargs) -> 'Motion':
        """Move every field, as :meth:`torch.Tensor.to` does (devices only: dtypes are part of the format)."""
        return self._map(lambda value: value.to(*args, **kwargs))

    def cpu(self) -> 'Motion':
        return self.to('cpu')

    def pad_to(self, num_frames: int) -> 'Motion':
        """Repeat the last frame until there are ``num_frames``; ``length`` stays."""
        missing = num_frames - self.keypoint.shape[1]
        if missing <= 0:
            return self
        present = {name: getattr(self, name) for name in (*FRAME_FIELDS, 'class_path') if getattr(self, name) is not None}
        longer = {name: torch.cat([value, value[:, -1:].expand(-1, missing, *value.shape[2:])], dim=1) for name, value in present.items()}
        return replace(self, **longer)

    @classmethod
    def cat(cls, motions: Sequence['Motion']) -> 'Motion':
        """Concatenate along the clip axis. Of the :class:`MotionInfo` that is kept which all motions say.

        Raises:
            ValueError: no motions, or some that differ in fields, frames, keypoints or in what they say of themselves.
        """
        if not motions:
            raise ValueError('cannot concatenate no motions')
        layouts = [{name: tuple(value.shape[1:]) for name, value in motion._tensors().items()} for motion in motions]
        different = next((layout for layout in layouts if layout != layouts[0]), None)
        if different is not None:
            raise ValueError(f'cannot concatenate motions of {layouts[0]} and {different}')
        info = MotionInfo.common([motion.info for motion in motions])
        return cls(**{name: torch.cat([getattr(motion, name) for motion in motions]) for name in layouts[0]}, info=info)

    def _tensors(self) -> Dict[str, Tensor]:
        """The fields that have an axis of clips and are there."""
        values = {item.name: getattr(self, item.name) for item in fields(self) if item.name != 'info'}
        return {name: value for name, value in values.items() if value is not None}

    def _map(self, function) -> 'Motion':
        return replace(self, **{name: function(value) for name, value in self._tensors().items()})

    # For notebooks: what needs drawing and files is imported where it is used, so that this module stays at the bottom ------------------

    def to_annotation(self, *, split: str = 'train', prefix: str = 'clip') -> Dict:
        """The clips as an annotation, which :func:`~mmagenc.datasets.annotation.save_annotation` writes and every dataset takes.

        Args:
            split: name of the one split that all clips are in.
            prefix: clips are named ``<prefix>_00000`` and so on.
        """
        from mmagenc.apis.motions import motion_annotation
        return motion_annotation(self, split=split, prefix=prefix)

    def save(self, path, **options) -> List:
        """Write the clips, in the format that the suffix says: an annotation (``.npz``, ``.pkl``), or one of the formats of
        ``mmagenc export``. What is there is replaced when the new file is whole; gives the files that were written.

        Args:
            path: the file, or of formats of one file a clip the folder; ``clips.bvh`` of several clips is the folder ``clips_bvh``.
            **options: ``split`` and ``prefix`` as for :meth:`to_annotation`, and those of
                :func:`~mmagenc.apis.motions.save_motion`.

        Raises:
            ValueError: a suffix that no format has, or clips that the format cannot hold; nothing is written.
        """
        from mmagenc.apis.motions import save_motion
        return save_motion(self, path, **options)

    def plot(self, clips: Optional[Sequence[int]] = None, **options):
        """A strip of stills of some clips, as a matplotlib figure.

        Args:
            clips: numbers of the clips; the first of each class if ``None``.
            **options: those of :func:`~mmagenc.apis.motions.plot_motion`.

        Returns:
            matplotlib.figure.Figure: to be shown by a notebook, or written with ``savefig``.

        Raises:
            ValueError: numbers that there are not, or a motion whose layout is not known.
        """
        from mmagenc.apis.motions import plot_motion
        return plot_motion(self, clips, **options)

    def _repr_html_(self) -> Optional[str]:
        """A player of some clips of each class, for notebooks; ``None`` (then ``repr`` is shown) where the layout is not known."""
        from mmagenc.apis.motions import motion_html
        return motion_html(self)


def _counted(count: int, noun: str) -> str:
    """``1 clip``, ``2 clips``."""
    return f'{count} {noun}{"" if count == 1 else "s"}'


def frames_in_words(lengths: Sequence[int]) -> str:
    """How many frames clips have, such as ``'32 frames'`` or ``'17 to 32 frames'``."""
    least, most = min(lengths), max(lengths)
    return _counted(most, 'frame') if least == most else f'{least} to {most} frames'


def image_shapes(annotations: Sequence[Dict]) -> np.ndarray:
    """``(N, 2)`` height and width of the images of annotation dicts, 0 where a clip says none."""
    shapes = [clip.get('img_shape') for clip in annotations]
    return np.array([(0, 0) if shape is None else tuple(shape)[:2] for shape in shapes], dtype=np.int64).reshape(-1, 2)


@dataclass(frozen=True)
class ClipForm:
    """What recordings have beside their keypoints, so that generated clips come in the same form.

    Args:
        keypoint_score: ``(V,)`` usual confidence of each keypoint (the median of those that were seen), or ``None`` where recordings have
            no scores.
        img_shape: usual height and width of the image, or ``None`` where recordings name none.
        skeleton: layout of the keypoints, where all recordings say the same one.
    """

    keypoint_score: Optional[np.ndarray] = None
    img_shape: Optional[Tuple[int, int]] = None
    skeleton: Optional[str] = None

    @classmethod
    def of(cls, annotations: Sequence[Dict]) -> 'ClipForm':
        """The form of annotation dicts: what all of them have (the image shape: what most of them have)."""
        clips = list(annotations)
        scores = None
        if clips and all('keypoint_score' in clip for clip in clips):
            values = np.concatenate([np.asarray(clip['keypoint_score']).reshape(-1, clip['keypoint_score'].shape[-1]) for clip in clips])
            seen = np.ma.masked_less_equal(values.astype(np.float64), 0)
            scores = np.ma.median(seen, axis=0).filled(0).astype(np.float32)
        shapes = [tuple(shape) for shape in image_shapes(clips).tolist() if min(shape) > 0]
        skeletons = {clip.get('skeleton') for clip in clips}
        skeleton = skeletons.pop() if len(skeletons) == 1 else None
        return cls(scores, max(sorted(set(shapes)), key=shapes.count) if shapes else None, skeleton)

    def complete(self, clip: Dict) -> Dict:
        """The clip with scores, image shape and layout where it lacks what recordings have, without scores where they have none."""
        clip = dict(clip)
        if self.keypoint_score is None:
            clip.pop('keypoint_score', None)
        elif 'keypoint_score' not in clip:
            clip['keypoint_score'] = np.broadcast_to(self.keypoint_score, clip['keypoint'].shape[:3]).copy()
        if self.img_shape is not None and clip.get('img_shape') is None:
            clip['img_shape'] = self.img_shape
        if self.skeleton is not None and clip.get('skeleton') is None:
            clip['skeleton'] = self.skeleton
        return clip

    def state_dict(self) -> Dict:
        """Plain containers, for a checkpoint."""
        scores = None if self.keypoint_score is None else self.keypoint_score.tolist()
        return dict(
            keypoint_score=scores, img_shape=None if self.img_shape is None else list(self.img_shape), skeleton=self.skeleton)

    @classmethod
    def from_state(cls, state: Dict) -> 'ClipForm':
        """The inverse of :meth:`state_dict`."""
        scores, shape = state['keypoint_score'], state['img_shape']
        scores = None if scores is None else np.array(scores, dtype=np.float32)
        return cls(scores, None if shape is None else tuple(shape), state.get('skeleton'))
