"""Run a model that ``mmagenc export-model`` wrote, with numpy and onnxruntime alone.

This file imports nothing else: copy it to where the model is to run (``mmagenc export-model … --standalone FILE.py`` does).

    python standalone.py MODEL.onnx --clips CLIPS.npz                       # the class of each clip
    python standalone.py MODEL.onnx --classes walk,jump --out CLIPS.npz     # clips of a generator

``CLIPS.npz`` is an annotation file of mmagenc, or holds ``keypoint``: ``(T, V, C)``, ``(M, T, V, C)`` or ``(N, M, T, V, C)``, and where
the model looks at them ``keypoint_score`` (without the last axis), ``pose`` (axis-angle of each joint) and ``img_shape`` (height, width).
What is known of the model stands in the file's metadata; what has to be done to a clip before the network is a list of steps there, which
:func:`prepare` takes. Gaps are not filled here: ``mmagenc mix --fill-gaps N`` fills those of an annotation file.

N clips, M persons, T frames, V keypoints, C coordinates, K classes.
"""

import argparse
import json
import sys
import zipfile
import zlib

import numpy as np

FORMAT = 'mmagenc 1'
FRAME_KEYS = ('keypoint', 'keypoint_score', 'pose')
FARTHEST = 1.5  # a start pose beyond is of other pixels (or metres) than those trained on, which lie in -1 … 1


class OnnxModel:
    """A model of a file, and what is known of it.

    Args:
        path: ``.onnx`` file of ``mmagenc export-model``.
        threads: CPU threads; 0 leaves that to onnxruntime.

    Attributes:
        meta: ``kind``, ``classes``, ``skeleton``, ``keypoint_names``, ``fps``, ``frames``, ``steps``, … (docs/deploy.md lists all).

    Raises:
        FileNotFoundError: no such file.
        ValueError: no model, or none that this file knows to run.
        ImportError: onnxruntime is not installed.
    """

    def __init__(self, path, threads=1):
        try:
            import onnxruntime
        except ImportError as error:
            raise ImportError('an .onnx model needs onnxruntime: pip install onnxruntime (or "mmagenc[onnx]")') from error
        with open(path, 'rb') as file:
            content = file.read()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 4  # an error is raised, not printed too
        try:
            self.session = onnxruntime.InferenceSession(content, options, providers=['CPUExecutionProvider'])
        except Exception as error:  # of onnxruntime, which has no common base but this
            raise ValueError(f'{path}: onnxruntime cannot read this model ({str(error).splitlines()[0][:200]})') from error
        told = self.session.get_modelmeta().custom_metadata_map
        if told.get('format') != FORMAT:
            raise ValueError(f'{path}: this model was not written by mmagenc export-model (its metadata has no format = {FORMAT!r}), so '
                             'that its classes and its pre-processing are not known')
        self.path, self.meta = str(path), {key: json.loads(value) for key, value in told.items() if key != 'format'}

    def require(self, kind):
        """Raise ValueError unless this is a ``'recognizer'`` or a ``'generator'``."""
        if self.meta['kind'] != kind:
            raise ValueError(f'{self.path}: this is a {self.meta["kind"]}, not a {kind}')

    # Recognizers

    def recognize(self, clips):
        """Probabilities ``(N, K)`` of clips: dicts with ``keypoint (M, T, V, C)`` and what else the steps need."""
        self.require('recognizer')
        return np.stack([self.probability(self._fitting(prepare(clip, self.meta['steps']), clip)) for clip in clips])

    def _fitting(self, inputs, clip):
        """What was made of a clip; ValueError where the network takes another shape, of which onnxruntime speaks in its own terms."""
        wanted = self.meta['inputs'][0]['shape']
        if len(wanted) != inputs.ndim or any(isinstance(size, int) and size != made for size, made in zip(wanted, inputs.shape)):
            scored = 'scores' if 'keypoint_score' in clip else 'no scores'
            raise ValueError(f'{self.path}: clip {clip.get("frame_dir", "")} ({clip["keypoint"].shape[2]} keypoints of '
                             f'{clip["keypoint"].shape[3]} coordinates, {scored}) becomes inputs {inputs.shape}, and this model takes '
                             f'{tuple(wanted)}, {self.meta["form"].split(" = ")[0]}')
        return inputs

    def probability(self, inputs):
        """``(K,)`` of a clip that is prepared, ``(clips, …)``: the mean over its test clips."""
        return softmax(self.scores(inputs)[0]).mean(axis=0)

    def scores(self, inputs):
        """Class scores ``(clips, K)`` and features ``(clips, D)`` of inputs ``(clips, …)``; of one shape, however many."""
        name, inputs = self.meta['inputs'][0]['name'], np.ascontiguousarray(inputs, dtype=np.float32)
        if self.meta['dynamic']['N'] or len(inputs) == 1:
            return self.session.run(None, {name: inputs})
        rows = [self.session.run(None, {name: row[None]}) for row in inputs]
        return [np.concatenate(part) for part in zip(*rows)]

    # Generators

    def generate(self, label, num_frames=None, seed=0, start_pose=None, **given):
        """Clips of classes ``label (N,)``: a dict of ``keypoint (N, T, V, C)`` and, where the model knows them, ``pose`` and ``transl``.

        Args:
            label: class indices.
            num_frames: T; ``None`` is the model's own.
            seed: of the draws.
            start_pose: what the clips follow, of a model that has start poses (ACT-VAE): one pose, or one a clip, ``(V, C)`` or
                ``(N, V, C)`` in the units of its clips, or axis-angle where it knows rotations; ``None`` draws from those in the file.
            **given: inputs of the network in the place of those that are drawn, such as ``truncation``.

        Raises:
            ValueError: no generator, a class or a number of frames that it does not know, start poses that it does not take.
        """
        self.require('generator')
        label = np.asarray(label, dtype=np.int64)
        classes, frames = len(self.meta['classes']), int(num_frames or self.meta['frames'])
        if label.ndim != 1 or not len(label) or label.min() < 0 or label.max() >= classes:
            raise ValueError(f'label must be class indices from 0 to {classes - 1}, got {label.tolist()}')
        if frames != self.meta['frames'] and not self.meta['dynamic']['T']:
            raise ValueError(f'{self.path}: this model makes {self.meta["frames"]} frames, not {frames} ({self.meta["dynamic"]["why"]})')
        rng = np.random.default_rng(seed)
        if start_pose is not None:
            given['own_start'] = self.encoded_starts(start_pose, len(label))
        feed = {spec['name']: given.pop(spec['name'], None) for spec in self.meta['inputs']}
        if given:
            raise ValueError(f'unknown inputs {", ".join(sorted(given))}; this model has {", ".join(feed)}')
        for spec in self.meta['inputs']:
            if feed[spec['name']] is None:
                feed[spec['name']] = drawn(spec, label, frames, rng)
        if self.meta['dynamic']['N'] or len(label) == 1:
            made = self.session.run(None, feed)
        else:
            clips = [self.session.run(None, {key: value if key == 'frame' else value[[row]] for key, value in feed.items()})
                     for row in range(len(label))]
            made = [np.concatenate(part) for part in zip(*clips)]
        return dict(zip(self.meta['outputs'], made))

    def first_poses(self, path):
        """``(clips, V, C)``: the first frame of the first person of each clip of a file, as :meth:`generate` takes start poses."""
        key = 'pose' if (self.meta.get('start_steps') or [{}])[0].get('step') == 'rot6d' else 'keypoint'
        clips = read_clips(path)
        if key not in clips[0]:
            raise ValueError(f'{path}: this model knows rotations: a start needs pose (axis-angle of each joint)')
        return np.stack([clip[key][0, 0] for clip in clips])

    def encoded_starts(self, start_pose, count):
        """Start poses ``(V, C)`` or ``(N, V, C)`` in units of the data as the network has them, one for each of ``count`` clips.

        Raises:
            ValueError: a model without start poses, or poses that are not of its clips' form, not finite, or far outside of its own.
        """
        steps = self.meta.get('start_steps')
        if steps is None:
            raise ValueError(f'{self.path}: this model has no start poses')
        key = 'pose' if steps[0]['step'] == 'rot6d' else 'keypoint'
        shape = (24, 3) if key == 'pose' else (len(self.meta['keypoint_names']), {'pixels': 2, 'metres': 3}[self.meta['units']])
        poses = np.asarray(start_pose, dtype=np.float32)
        poses = poses[None] if poses.ndim == 2 else poses
        if poses.shape[1:] != shape or len(poses) not in (1, count):
            raise ValueError(f'start_pose must be one pose {shape}, or one of each of the {count} clips, got {poses.shape}')
        poses = np.concatenate([prepare({key: pose[None, None], 'keypoint': pose[None, None]}, steps).reshape(1, -1) for pose in poses])
        if not np.isfinite(poses).all():
            raise ValueError('start_pose: a pose is not finite (NaN where a keypoint was not seen?)')
        if np.abs(poses).max() > FARTHEST:
            raise ValueError(f'start_pose: a pose reaches {np.abs(poses).max():.3g} times as far as those that the model was trained on; '
                             'it must be in units of the recordings, for 2-D keypoints in pixels of an image like theirs')
        return poses if len(poses) == count else np.repeat(poses, count, axis=0)


def drawn(spec, label, frames, rng):
    """An input of a generator, by its entry in the metadata: ``draw`` says how."""
    shape = [{'N': len(label), 'T': frames, 'T - 1': frames - 1, 'T + 1': frames + 1}.get(size, size) for size in spec['shape']]
    if spec['draw'] == 'label':
        return label
    if spec['draw'] == 'frames':
        return np.arange(frames, dtype=np.int64)
    if spec['draw'] == 'one':
        return np.ones(shape, dtype=np.float32)
    if spec['draw'] == 'none':  # NaN: as if the input were not there
        return np.full(shape, np.nan, dtype=np.float32)
    if spec['draw'] == 'row':  # of a class's start poses
        first, count = np.array(spec['rows'], dtype=np.int64)[label].T
        return first + (rng.random(len(label)) * count).astype(np.int64)
    if spec['draw'] == 'uniform':
        return rng.uniform(-1, 1, shape).astype(np.float32)
    return rng.standard_normal(shape).astype(np.float32)


def softmax(scores):
    """Along the last axis."""
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return scores / scores.sum(axis=-1, keepdims=True)


# --- What is done to a clip before the network


def prepare(clip, steps):
    """Inputs of the network, ``(clips, M, T, V, C)`` float32, of a clip.

    Args:
        clip: ``keypoint (M, T, V, C)``; ``keypoint_score (M, T, V)``, ``pose (M, T, J, 3)``, ``img_shape`` where the steps need them. It
            stays as it is.
        steps: of the metadata; ``None`` for a model that was exported raw: the clip is the input then.

    Raises:
        ValueError: steps that this file does not know, or a clip without what they need.
    """
    if steps is None:
        raise ValueError('this model was exported with --raw: do to clips what its metadata (pipeline) says, and give them to scores()')
    clip = {key: np.array(value) if key in FRAME_KEYS else value for key, value in clip.items()}
    for step in steps:
        settings = {key: value for key, value in step.items() if key != 'step'}
        if step['step'] not in STEPS:
            raise ValueError(f'unknown step {step["step"]}: this file is older than the model')
        STEPS[step['step']](clip, **settings)
    return np.ascontiguousarray(clip['keypoint'], dtype=np.float32)


def take_frames(clip, frames):
    for key in FRAME_KEYS:
        if key in clip:
            clip[key] = clip[key][:, frames]


def rot6d(clip, root):
    """Rotations as the first two rows of their matrices, ``(M, T, J, 6)``."""
    if 'pose' not in clip:
        raise ValueError('this model sees rotations: the clip needs pose (M, T, J, 3), axis-angle')
    pose = clip['pose'].astype(np.float64)[:, :, 0 if root else 1:]
    angle = np.linalg.norm(pose, axis=-1)[..., None, None]
    x, y, z = np.moveaxis(pose, -1, 0)
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape(*pose.shape, 3)
    small = angle < 1e-6
    safe = np.where(small, 1, angle)
    sine, cosine = np.where(small, 1, np.sin(safe) / safe), np.where(small, 0.5, (1 - np.cos(safe)) / safe**2)
    matrix = np.eye(3) + sine * cross + cosine * (cross @ cross)
    clip['keypoint'] = matrix[..., :2, :].reshape(*pose.shape[:-1], 6).astype(np.float32)
    clip.pop('keypoint_score', None)


def path_of_one_place(clip):
    """A root that stays where it is, as one more joint."""
    clip['keypoint'] = np.concatenate([clip['keypoint'], np.zeros_like(clip['keypoint'][:, :, :1])], axis=2)


def center(clip, joint, per_frame):
    root = clip['keypoint'][:, :, [joint]]
    clip['keypoint'] = clip['keypoint'] - (root if per_frame else root[:, :1])


def take_keypoints(clip, indices):
    for key in ('keypoint', 'keypoint_score'):
        if key in clip:
            clip[key] = np.take(clip[key], indices, axis=2)


def drop_scores(clip):
    clip.pop('keypoint_score', None)


def body_unit(clip, bones, place, per_frame):
    """In body lengths (the bones from tip to tip, the median over frames), from where the body was in the first frame."""
    keypoint, (ends, starts) = clip['keypoint'], np.array(bones).T
    length = np.median(np.linalg.norm(keypoint[0][:, ends] - keypoint[0][:, starts], axis=-1).sum(axis=1))
    if not length > 0:
        raise ValueError(f'clip {clip.get("frame_dir")}: all keypoints of the first person lie on one place')
    where = keypoint[:1, :, place].mean(axis=2, keepdims=True)
    clip['keypoint'] = (keypoint - (where if per_frame else where[:, :1])) / length


def matrix(clip, matrix):
    clip['keypoint'] = np.array(matrix, dtype=clip['keypoint'].dtype) @ clip['keypoint']


def window(clip, num_frames, every, padding):
    """Frames in a row from the middle of the clip; a shorter one goes on with its last frame."""
    total = clip['keypoint'].shape[1]
    if total < num_frames:
        frames = np.minimum(np.arange(num_frames if padding == 'repeat' else total), total - 1)
    else:
        if every * (num_frames - 1) >= total:
            every = (total - 1) // max(num_frames - 1, 1)
        frames = (total - every * (num_frames - 1) - 1) // 2 + every * np.arange(num_frames)
    take_frames(clip, frames)


def even_frames(clip, num_frames):
    take_frames(clip, np.linspace(0, clip['keypoint'].shape[1] - 1, num_frames).astype(int))


def crop_resize(clip, num_frames, share):
    """The middle of a clip, brought to a number of frames by linear interpolation; of rotations the nearest are taken."""
    total = clip['keypoint'].shape[1]
    margin = int((1 - share) * total / 2)
    take_frames(clip, slice(margin, total - margin))
    total -= 2 * margin
    places = ((np.arange(num_frames) + 0.5) * (total / num_frames) - 0.5).clip(0, total - 1)
    before = places.astype(int)
    for key in FRAME_KEYS:
        if key == 'pose' and key in clip:
            clip[key] = clip[key][:, (places + 0.5).astype(int).clip(max=total - 1)]
        elif key in clip:
            value = clip[key]
            weight = (places - before).astype(value.dtype).reshape(-1, *[1] * (value.ndim - 2))
            clip[key] = value[:, before] * (1 - weight) + value[:, np.minimum(before + 1, total - 1)] * weight


def min_max(clip, per_axis):
    keypoint = clip['keypoint']
    low, high = keypoint.min(axis=(0, 1, 2)), keypoint.max(axis=(0, 1, 2))
    half = (high - low) / 2
    half = half if per_axis else np.full_like(half, half.max())
    clip['keypoint'] = (keypoint - (low + high) / 2) / np.where(half > 0, half, 1).astype(keypoint.dtype)


def image_scale(clip, img_shape):
    height, width = img_shape if clip.get('img_shape') is None else clip['img_shape']
    half = np.array([width / 2, height / 2], dtype=clip['keypoint'].dtype)
    clip['keypoint'][..., :2] = (clip['keypoint'][..., :2] - half) / half


def turn_upright(clip, zaxis, xaxis, align_spine, align_shoulder):
    """Centre on the first frame's spine and turn spine and shoulders along z and x, as 2s-AGCN does; frames without a body go."""
    keypoint = clip['keypoint']
    if keypoint.sum() == 0:
        return
    there = [np.flatnonzero([not np.all(np.isclose(frame, 0)) for frame in person]) for person in keypoint]
    if len(there) == 2 and len(there[0]) < len(there[1]):
        keypoint = keypoint[:, there[1]][[1, 0]]
    else:
        keypoint = keypoint[:, there[0]]
    middle = keypoint[0, 0, 1 if keypoint.shape[2] == 25 else -1].copy()
    keypoint = (keypoint - middle) * ((keypoint != 0).sum(-1) > 0)[..., None]
    for wanted, (start, end), axis in ((align_spine, zaxis, (0, 0, 1)), (align_shoulder, xaxis, (1, 0, 0))):
        if wanted:
            keypoint = keypoint @ rotation_onto(keypoint[0, 0, end] - keypoint[0, 0, start] if axis[2] else
                                                keypoint[0, 0, start] - keypoint[0, 0, end], np.array(axis)).T
    clip['keypoint'] = keypoint


def rotation_onto(vector, axis):
    """``(3, 3)`` that turns a vector onto an axis, about what is square to both; nothing for a vector without length."""
    square = np.cross(vector, axis)
    if np.abs(vector).sum() < 1e-6 or np.abs(square).sum() < 1e-6:
        return np.eye(3)
    angle = np.arccos(np.clip(vector @ axis / np.linalg.norm(vector), -1, 1))
    if np.abs(angle) < 1e-6:
        return np.eye(3)
    x, y, z = square / np.linalg.norm(square)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)


def scores_to_channel(clip):
    if 'keypoint_score' in clip:
        clip['keypoint'] = np.concatenate([clip['keypoint'], clip.pop('keypoint_score')[..., None]], axis=-1)


def bones(clip, pairs, scored, target):
    keypoint = clip['keypoint']
    bone = np.zeros(keypoint.shape, dtype=np.float32)
    for end, start in pairs:
        bone[..., end, :] = keypoint[..., end, :] - keypoint[..., start, :]
        if keypoint.shape[-1] == 3 and scored:
            bone[..., end, 2] = (keypoint[..., end, 2] + keypoint[..., start, 2]) / 2
    clip[target] = bone


def differences(clip, source, target, scored):
    """To the next frame; the last is zero. A score is the mean of both."""
    data = clip[source]
    motion = np.zeros_like(data)
    motion[:, :-1] = np.diff(data, axis=1)
    if data.shape[-1] == 3 and scored:
        motion[:, :-1, :, 2] = (data[:, :-1, :, 2] + data[:, 1:, :, 2]) / 2
    clip[target] = motion


def rename(clip, names):
    for new, old in names.items():
        clip[new] = clip.pop(old)


def merge(clip, sources, target, axis):
    clip[target] = np.concatenate([clip.pop(name) for name in sources], axis=axis)


def uniform_frames(clip, num_frames, num_clips, seed):
    """Frames of each of ``num_frames`` equal parts, drawn from a fixed seed, ``num_clips`` times, as pyskl and MMAction2 test."""
    random, total, drawn = np.random.RandomState(seed), clip['keypoint'].shape[1], []
    for index in range(num_clips):
        if total < num_frames:
            drawn.append(np.arange(num_frames) + (index if total < num_clips else index * total // num_clips))
        elif total < 2 * num_frames:
            offset = np.zeros(num_frames + 1, dtype=np.int64)
            offset[random.choice(num_frames + 1, total - num_frames, replace=False)] = 1
            drawn.append(np.arange(num_frames) + np.cumsum(offset)[:-1])
        else:
            edges = np.array([part * total // num_frames for part in range(num_frames + 1)])
            drawn.append(edges[:-1] + random.randint(np.diff(edges)))
    take_frames(clip, np.concatenate(drawn) % total)
    clip['num_clips'] = num_clips


def pad_to(clip, length, mode):
    total = clip['keypoint'].shape[1]
    if total > length:
        raise ValueError(f'the clip has {total} frames, and this model reads at most {length}')
    clip['keypoint'] = clip['keypoint'][:, np.arange(length) % total]
    if mode == 'zero':
        clip['keypoint'][:, total:] = 0


def normalize(clip, bones, center, root_center, translation, mean, std, clip_to_one):
    """The first person's coordinates as a generator's representation has them."""
    keypoint = clip['keypoint'][:1].astype(np.float32)
    if bones is not None:
        ends, starts = np.array(bones).T
        lengths = np.linalg.norm(keypoint[0][:, ends] - keypoint[0][:, starts], axis=-1).sum(axis=1)
        keypoint = keypoint / max(np.sort(lengths)[(len(lengths) - 1) // 2], np.finfo(np.float32).tiny)
    if root_center is not None:
        place = keypoint[:, :, center].mean(axis=2, keepdims=True)
        path = place - place[:, :1]
        keypoint = keypoint - (place if root_center else place[:, :1])
        keypoint = np.concatenate([keypoint, path], axis=2) if translation else keypoint
    keypoint = (keypoint - np.array(mean, dtype=np.float32)) / np.array(std, dtype=np.float32)
    clip['keypoint'] = np.clip(keypoint, -1, 1) if clip_to_one else keypoint


def inputs_of_persons(clip, num_person, mode):
    """Scores as the last channel, persons padded or cut, one row a test clip: ``(clips, M, T, V, C)``."""
    scores_to_channel(clip)
    keypoint = clip['keypoint']
    missing = num_person - len(keypoint)
    if missing > 0:
        loop = mode == 'loop' and len(keypoint) == 1
        keypoint = np.concatenate([keypoint, *([keypoint if loop else np.zeros_like(keypoint[:1])] * missing)])
    keypoint = keypoint[:num_person]
    count = clip.get('num_clips', 1)
    persons, frames = keypoint.shape[:2]
    clip['keypoint'] = keypoint.reshape(persons, count, frames // count, *keypoint.shape[2:]).swapaxes(0, 1)


STEPS = {step.__name__: step for step in (
    rot6d, path_of_one_place, center, take_keypoints, drop_scores, body_unit, matrix, window, even_frames, crop_resize, min_max,
    image_scale, turn_upright, scores_to_channel, bones, differences, rename, merge, uniform_frames, pad_to, normalize,
    inputs_of_persons)}


# --- The command


def read_clips(path):
    """Clips of an ``.npz`` file, or of an ``.npy`` file of keypoints; those of an annotation file have their names, too."""
    with open(path, 'rb') as file:
        try:
            content = np.load(file, allow_pickle=False)
            arrays = dict(content) if hasattr(content, 'files') else {'keypoint': content}
        except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise ValueError(f'{path}: this is no whole .npz or .npy file of arrays') from error
    if 'header' in arrays:
        return annotated_clips(path, arrays)
    if 'keypoint' not in arrays:
        raise ValueError(f'{path}: there is no array keypoint in it, but {", ".join(arrays) or "nothing"}')
    missing = 5 - arrays['keypoint'].ndim
    if not 0 <= missing <= 2:
        raise ValueError(f'{path}: keypoint must be (T, V, C), (M, T, V, C) or (N, M, T, V, C), got {arrays["keypoint"].shape}')
    shape = arrays.pop('img_shape', None)
    arrays = {key: value[(None, ) * missing] for key, value in arrays.items() if key in FRAME_KEYS}
    clips = [{key: value[index] for key, value in arrays.items()} for index in range(len(arrays['keypoint']))]
    return [clip if shape is None else {**clip, 'img_shape': shape.ravel()[:2].tolist()} for clip in clips]


def annotated_clips(path, arrays):
    """Clips of an annotation file: of each key the arrays of all clips one behind the other, their shapes, and whose they are."""
    try:
        header = json.loads(str(arrays['header']))
        clips = [{key: clip[key] for key in ('frame_dir', 'img_shape', 'skeleton') if key in clip} for clip in header['annotations']]
        for clip in clips:
            clip.setdefault('skeleton', header['metainfo'].get('skeleton'))
        for key in FRAME_KEYS:
            shapes, end = arrays.get(f'{key}_shape', ()), 0
            for owner, shape in zip(arrays.get(f'{key}_clip', ()), shapes):
                begin, end = end, end + int(np.prod(shape))
                clips[owner][key] = arrays[key][begin:end].reshape(shape)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError(f'{path}: this is no whole annotation file ({type(error).__name__}: {error})') from error
    if not clips or any('keypoint' not in clip for clip in clips):
        raise ValueError(f'{path}: there are no clips with keypoint in it')
    return clips


def require_layout(path, clips, meta):
    """Raise ValueError where clips have other keypoints than those that a model has learnt; of rotations there is one layout."""
    if any(step['step'] == 'rot6d' for step in meta['steps'] or ()):
        return
    if not meta['keypoint_names'] or not meta['units']:
        return
    wanted = len(meta['keypoint_names']), {'pixels': 2, 'metres': 3}[meta['units']]
    known = f'{wanted[0]} keypoints of {wanted[1]} coordinates' + (f' ({meta["skeleton"]})' if meta['skeleton'] else '')
    for index, clip in enumerate(clips):
        name, shape, layout = clip.get('frame_dir', index), clip['keypoint'].shape[2:], clip.get('skeleton')
        layout = layout['name'] if isinstance(layout, dict) else layout
        if shape != wanted or None not in (layout, meta['skeleton']) and layout != meta['skeleton']:
            raise ValueError(f'{path}: clip {name} has {shape[0]} keypoints of {shape[1]} coordinates' + (f' ({layout})' if layout else '')
                             + f', and this model knows {known}')


def named_classes(text, names):
    """Names that commas part, some of which may have commas themselves."""
    wanted, parts = [], text.split(',')
    while parts:
        count = next((count for count in range(len(parts), 0, -1) if ','.join(parts[:count]) in names), 1)
        wanted.append(','.join(parts[:count]))
        del parts[:count]
    return wanted


def class_rows(names, wanted):
    """Indices of classes by name."""
    unknown = [name for name in wanted if name not in names]
    if unknown:
        raise ValueError(f'unknown class {unknown[0]!r}; this model knows {", ".join(names)}')
    return [names.index(name) for name in wanted]


def main(argv=None):
    parser = argparse.ArgumentParser(description='Run a model of mmagenc export-model with numpy and onnxruntime alone')
    parser.add_argument('model', help='.onnx file')
    parser.add_argument('--clips', help='a recognizer: name the clips of this .npz or .npy')
    parser.add_argument('--classes', help='a generator: classes wanted, A,B,… (default: all)')
    parser.add_argument('--num-samples-per-class', type=int, default=1)
    parser.add_argument('--num-frames', type=int)
    parser.add_argument('--start', help='a generator with start poses: clips follow the first frames of the clips of this .npz or .npy')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--out', help='a generator: .npz to write')
    args = parser.parse_args(argv)
    try:
        model = OnnxModel(args.model)
        names = model.meta['classes']
        if model.meta['kind'] == 'recognizer':
            if args.clips is None:
                raise ValueError('name the clips: --clips FILE.npz')
            clips = read_clips(args.clips)
            require_layout(args.clips, clips, model.meta)
            for index, (clip, probability) in enumerate(zip(clips, model.recognize(clips))):
                best, name = int(probability.argmax()), {'name': clip['frame_dir']} if 'frame_dir' in clip else {}
                print(json.dumps({'clip': index, **name, 'class': names[best], 'probability': round(float(probability[best]), 6)}))
            return
        if args.out is None:
            raise ValueError('name the file to write: --out FILE.npz')
        label = class_rows(names, named_classes(args.classes, names)) if args.classes else range(len(names))
        label = np.repeat(np.array(label), args.num_samples_per_class)
        clips = model.generate(label, args.num_frames, args.seed, start_pose=args.start and model.first_poses(args.start))
        facts = {key: model.meta[key] for key in ('classes', 'skeleton', 'fps')}
        with open(args.out, 'xb') as file:
            np.savez(file, label=label, **clips, **{key: np.array(value) for key, value in facts.items()})
        print(f'{len(label)} clips {clips["keypoint"].shape}: {args.out}')
    except (ValueError, OSError, ImportError) as error:
        sys.exit(f'{error}')


if __name__ == '__main__':
    main()
