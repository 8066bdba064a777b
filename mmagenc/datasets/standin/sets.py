"""Sets of stand-in clips in the published file format, and those of the quick start.

N clips, T frames, J = 24 joints of SMPL, A anatomical angles. World and body: metres, y up, x the body's left, z forward in the rest pose.
"""

from dataclasses import dataclass, replace
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np
import torch

from mmagenc.body_models.rotations import axis_angle_to_matrix, matrix_to_axis_angle
from mmagenc.datasets.readers.infact import SPLITS
from mmagenc.registry import MODELS
from mmagenc.skeletons import joint_map

from .anatomy import FPS, Subject, body_rotations, lie_down, make_subject, pose_joints, subject_bones, travel, turn_matrix
from .camera import Observer, camera_vectors, observe_angles
from .scripts import Mixture, write_script

VERSION = 2
"""Raised whenever the clips of a seed change."""


MIXTURE, OBSERVER = Mixture(), Observer()


@dataclass(frozen=True)
class StandInSet:
    """What a published set looks like: files, classes, how many clips of each, how long, and what each class is mistaken for."""

    name: str
    files: Dict[str, str]
    sizes: Dict[str, int]
    shares: Dict[str, float]
    neighbours: Dict[str, Tuple[str, ...]]
    frames: Tuple[int, int]
    label_key: str

    @property
    def classes(self) -> List[str]:
        """Class names in label order."""
        return list(self.shares)

    def class_counts(self, split: str) -> np.ndarray:
        """Clips per class of a split: the shares, rounded so that they add up to the split's size."""
        exact = np.array(list(self.shares.values())) * self.sizes[split]
        counts = np.floor(exact).astype(int)
        counts[np.argsort(counts - exact)[:self.sizes[split] - counts.sum()]] += 1
        return counts


PRIMITIVE = StandInSet(
    name='primitive',
    files={split: f'InfActPrimitive/Data/primitive_{split}.pkl' for split in ('train', 'validate', 'test')},
    sizes=dict(train=400, validate=100, test=100),
    shares={'Supine': .35, 'Prone': .38, 'Sitting': .1, 'Standing': .09, 'All-fours': .08},
    neighbours={'Supine': ('Prone', 'Sitting'), 'Prone': ('All-fours', 'Supine'), 'Sitting': ('All-fours', 'Standing', 'Supine'),
                'Standing': ('Sitting', 'All-fours'), 'All-fours': ('Prone', 'Sitting')},
    frames=(40, 120),
    label_key='pos_label')
ACTION = StandInSet(
    name='action',
    files={split: f'InfActPlus/{split}_trans_data.pkl' for split in ('train', 'test')},
    sizes=dict(train=400, test=100),
    shares={'Crawling': .32, 'Sitting': .3, 'Standing': .2, 'Rolling': .18},
    neighbours={'Crawling': ('Sitting', 'Prone'), 'Sitting': ('Crawling', 'Standing', 'Supine'), 'Standing': ('Sitting', 'Crawling'),
                'Rolling': ('Crawling', 'Prone', 'Supine')},
    frames=(60, 180),
    label_key='action_label')
SETS = {each.name: each for each in (PRIMITIVE, ACTION)}
WORLD = replace(PRIMITIVE, files=dict(train='', validate='', test=''), sizes=dict(train=100, validate=50, test=100),
                shares=dict.fromkeys(PRIMITIVE.shares, .2))
"""Fewer clips, as many of each class, for :func:`make_world`, which puts all splits into one file."""
WORLD_FILE = 'world/primitive.npz'
WORLD_AMPLITUDE = 1.5
"""How much larger than a published set's an infant's movements are: in clear view there are no errors that would hide small ones."""
WORLD_HEADING = 20.
"""Degrees (standard deviation) by which a clip's infant faces aside of +z, throughout the clip."""
SUBJECTS = dict(train=24, validate=8, test=10)
"""Number of infants in each split; no infant is in two."""


@dataclass(frozen=True)
class ClipPlan:
    """A clip before it has a body: scripted angles and what the camera makes of them."""

    subject: Subject
    label: int
    angles: np.ndarray
    lying: np.ndarray
    seen: np.ndarray
    camera: np.ndarray


def plan_clips(standin: StandInSet, split: str, *, seed: int = 0, mixture: Mixture = MIXTURE, observer: Observer = OBSERVER,
               amplitude: float = 1.) -> List[ClipPlan]:
    """Scripts of a split's clips in shuffled order, each from its own random stream: same seed, same clips.

    ``amplitude`` is a factor on the size of all infants' movements.

    Raises:
        ValueError: the set has no such split.
    """
    if split not in standin.files:
        raise ValueError(f'the {standin.name} set has no split {split!r}; it has {", ".join(standin.files)}')
    stream = [seed, list(SETS).index(standin.name), list(SUBJECTS).index(split)]
    rng = np.random.default_rng(stream)
    subjects = [make_subject(f'standin_{split}_{index:02d}', rng, shift=float(split != 'train')) for index in range(SUBJECTS[split])]
    subjects = [replace(subject, amplitude=amplitude * subject.amplitude) for subject in subjects]
    labels = rng.permutation(np.repeat(np.arange(len(standin.classes)), standin.class_counts(split)))
    plans = []
    for index, label in enumerate(labels):
        rng = np.random.default_rng([*stream, index])
        subject, frames = subjects[rng.integers(len(subjects))], int(rng.integers(standin.frames[0], standin.frames[1] + 1))
        name = standin.classes[label]
        script = write_script(name, standin.neighbours[name], subject, rng, frames, mixture)
        plans.append(ClipPlan(subject, int(label), script.angles, script.lying, observe_angles(script.angles, rng, observer),
                              camera_vectors(subject, rng, frames, observer)))
    return plans


def animate(plans: Sequence[ClipPlan], rest: torch.Tensor, *, observed: bool = True) -> List[Dict[str, np.ndarray]]:
    """Bodies of planned clips.

    Args:
        plans: N clips of any lengths.
        rest: (24, 3) rest joints of the average infant.
        observed: as the camera sees it; else as it happens, with gravity along −y and no errors.

    Returns:
        per clip ``pose`` (T, 24, 3) axis-angle and ``joints`` (T, 24, 3) in metres, the lowest point at height 0, all float32.
    """
    frames = max(len(plan.angles) for plan in plans)

    def stack(arrays: Sequence[np.ndarray]) -> torch.Tensor:
        return torch.as_tensor(np.stack([np.pad(a, [(0, frames - len(a))] + [(0, 0)] * (a.ndim - 1), mode='edge') for a in arrays]))

    bones = subject_bones(rest.double(), torch.as_tensor(np.stack([plan.subject.bone_scale for plan in plans])))
    rotations = lie_down(body_rotations(stack([plan.angles for plan in plans])), bones, stack([plan.lying for plan in plans]))
    if observed:
        root = rotations[..., 0, :, :]
        rotations = body_rotations(stack([plan.seen for plan in plans]))
        camera = axis_angle_to_matrix(torch.deg2rad(stack([plan.camera.swapaxes(0, 1) for plan in plans])))
        rotations[..., 0, :, :] = camera[..., 0, :, :] @ camera[..., 1, :, :] @ root @ camera[..., 2, :, :]
    joints = pose_joints(rotations, bones)
    joints = joints + travel(joints)[..., None, :]
    pose = matrix_to_axis_angle(rotations)
    return [dict(pose=pose[i, :len(plan.angles)].float().numpy(), joints=joints[i, :len(plan.angles)].float().numpy())
            for i, plan in enumerate(plans)]


def make_split(standin: StandInSet, split: str, *, seed: int = 0, rest: Optional[torch.Tensor] = None, chunk: int = 50,
               progress: Optional[Callable[[int], None]] = None) -> List[Dict]:
    """The clips of one published file.

    Args:
        standin: :data:`PRIMITIVE` or :data:`ACTION`.
        split: a key of its ``files``.
        seed: same seed, same clips.
        rest: (24, 3) rest joints; the embedded infant's by default.
        chunk: clips computed at once.
        progress: called with the number of clips done since the last call.

    Returns:
        dicts with ``pose`` (1, T, 24, 3), ``keypoint`` (1, T, 17, 3) in the order of ``infact17``, ``frame_dir``, the set's label key and
        ``subject_id``.
    """
    rest = MODELS.build(dict(type='mmagenc.InfantBody')).rest_joints() if rest is None else rest
    plans, clips = plan_clips(standin, split, seed=seed), []
    order = joint_map('smpl24', 'infact17')
    for start in range(0, len(plans), chunk):
        part = plans[start:start + chunk]
        for plan, body in zip(part, animate(part, rest.detach())):
            clips.append({
                'frame_dir': f'standin_{standin.name}_{split}_{len(clips):04d}',
                standin.label_key: plan.label,
                'subject_id': plan.subject.name,
                'pose': body['pose'][None],
                'keypoint': np.ascontiguousarray(body['joints'][None, :, order])})
        if progress is not None:
            progress(len(part))
    return clips


def make_world(*, seed: int = 0, rest: Optional[torch.Tensor] = None, progress: Optional[Callable[[int], None]] = None) -> Dict:
    """The five postures in the world, as an annotation (see :mod:`mmagenc.datasets.annotation`) with all splits.

    What a published file does not tell holds here: gravity is along −y, the floor at height 0, and an infant faces where it faces. There
    are no estimator's errors, and every clip is in its own posture from beginning to end.

    Args:
        seed: same seed, same clips.
        rest: (24, 3) rest joints; the embedded infant's by default.
        progress: called with the number of clips done since the last call.
    """
    rest = MODELS.build(dict(type='mmagenc.InfantBody')).rest_joints() if rest is None else rest
    order, annotations, names = joint_map('smpl24', 'infact17'), [], {}
    for split in WORLD.sizes:
        plans = plan_clips(WORLD, split, seed=seed, mixture=Mixture(clear=1, transition=0, boundary=0), amplitude=WORLD_AMPLITUDE)
        bodies = animate(plans, rest.detach(), observed=False)
        headings = WORLD_HEADING * np.random.default_rng([seed, len(annotations)]).normal(size=len(plans))
        names[SPLITS[split]] = [f'standin_world_{split}_{index:04d}' for index in range(len(plans))]
        for name, plan, body, heading in zip(names[SPLITS[split]], plans, bodies, headings):
            pose, joints = turned(body['pose'], body['joints'], heading)
            transl = joints[:, 0] - rest[0].detach().numpy()
            annotations.append(dict(
                frame_dir=name, label=plan.label, total_frames=len(pose), keypoint=np.ascontiguousarray(joints[None, :, order]),
                pose=pose[None], transl=transl[None].astype(np.float32), subject=plan.subject.name, source='real'))
        if progress is not None:
            progress(len(plans))
    metainfo = dict(classes=WORLD.classes, skeleton='infact17', fps=FPS, up='y', note='stand-in data (synthesized)')
    return dict(split=names, metainfo=metainfo, annotations=annotations)


def turned(pose: np.ndarray, joints: np.ndarray, degrees: float) -> Tuple[np.ndarray, np.ndarray]:
    """Pose (T, 24, 3) and joints (T, J, 3) of a body that is turned about the world's y axis."""
    turn = turn_matrix(1, torch.tensor(float(degrees)))
    root = matrix_to_axis_angle(turn @ axis_angle_to_matrix(torch.from_numpy(pose[:, 0])))
    return np.concatenate([root.numpy()[:, None], pose[:, 1:]], axis=1), joints @ turn.numpy().T
