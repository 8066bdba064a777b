"""Recordings that a generator keeps in its checkpoint, whole.

S clips, F frames of all of them one behind the other, N clips asked for, T frames, V keypoints, C coordinates.
"""

from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor, nn

from mmagenc.body_models.kinematics import forward_kinematics
from mmagenc.body_models.orientation import UPS
from mmagenc.body_models.postures import find_up, mean_posture, posture_frames
from mmagenc.body_models.rotations import axis_angle_to_matrix
from mmagenc.clips import missing_points, present_persons
from mmagenc.skeletons import Skeleton, get_skeleton
from mmagenc.structures import image_shapes

AUTO = 'auto'
"""``up`` that is found from the clips' trunks."""


class ElasticBuffers(nn.Module):
    """Buffers of as many rows as they are given, or as a checkpoint has.

    Args:
        rows: name to the shape of a row.
        whole: those of whole numbers.
    """

    def __init__(self, rows: Dict[str, Sequence[int]], whole: Sequence[str] = ()) -> None:
        super().__init__()
        self.elastic = tuple(rows)
        for name, shape in rows.items():
            self.register_buffer(name, torch.zeros(0, *shape, dtype=torch.long if name in whole else torch.float32))

    def put(self, **arrays: np.ndarray) -> None:
        """Replace the buffers' content."""
        for name, array in arrays.items():
            own = getattr(self, name)
            setattr(self, name, torch.as_tensor(np.ascontiguousarray(array), dtype=own.dtype, device=own.device))

    def array(self, name: str) -> np.ndarray:
        """A buffer as an array that must not be written into."""
        return getattr(self, name).detach().cpu().numpy()

    def _load_from_state_dict(self, state_dict, prefix, *args) -> None:
        for name in self.elastic:
            found, own = state_dict.get(prefix + name), getattr(self, name)
            if isinstance(found, Tensor) and found.shape[1:] == own.shape[1:]:
                setattr(self, name, own.new_zeros(found.shape))
        super()._load_from_state_dict(state_dict, prefix, *args)


class ClipStore(ElasticBuffers):
    """Clips with the person's frame in each of their frames, and their posture.

    Args:
        representation: of the generator: rotations are kept where it is one of rotations, else positions.
    """

    newer = ('image', )

    def __init__(self, representation: nn.Module) -> None:
        self.rotations = not hasattr(representation, 'num_keypoints')
        self.skeleton: Skeleton = get_skeleton('smpl24' if self.rotations else representation.keypoint_skeleton)
        self.channels = 3 if self.rotations else representation.num_channels
        joints, size = self.skeleton.num_joints, self.channels
        rows = dict(pose=(24, 3), transl=(3, )) if self.rotations else dict(keypoint=(joints, size), score=(joints, ))
        rows.update(frames=(size, size), mean=(joints, size), length=(), label=(), **(dict(image=(2, )) if size == 2 else {}))
        super().__init__(rows, whole=('length', 'label', 'image'))
        self.register_buffer('axis', torch.zeros((), dtype=torch.long))

    def __len__(self) -> int:
        return len(self.length)

    @property
    def up(self) -> Optional[str]:
        """The axis that points up in the persons' frames; ``None`` where the trunk does, and in two dimensions."""
        return (None, *UPS)[int(self.axis)]

    def fit(self, clips: Sequence[Dict], *, up: Optional[str], rest_joints: Optional[Tensor] = None) -> None:
        """Keep annotation dicts (the first person who is there); ``up`` may be found by them (:data:`AUTO`).

        Raises:
            ValueError: no clips, or one without what the representation is made of.
        """
        arrays = [self._arrays(clip) for clip in clips]
        if not arrays:
            raise ValueError('there are no clips to keep')
        places = [self.positions(clip, rest_joints) for clip in arrays]
        up = find_up(places, self.skeleton) if up == AUTO else up
        self.axis.fill_((None, *UPS).index(up))
        frames = [posture_frames(place, self.skeleton, up=up) for place in places]
        means = [mean_posture(place, self.skeleton, frame) for place, frame in zip(places, frames)]
        if self.channels == 2:
            frames = [np.broadcast_to(np.eye(2, dtype=np.float32), (len(place), 2, 2)) for place in places]
        kept = {key: np.concatenate([clip[key] for clip in arrays]) for key in arrays[0] if all(key in clip for clip in arrays)}
        self.put(frames=np.concatenate(frames), mean=np.stack(means), length=[len(place) for place in places],
                 label=[int(clip['label']) for clip in clips], **(dict(image=image_shapes(clips)) if self.channels == 2 else {}), **kept)

    def _load_from_state_dict(self, state_dict, prefix, *args) -> None:
        """Checkpoints of versions that did not keep the images' shapes have clips of the usual one."""
        if self.channels == 2 and isinstance(state_dict.get(prefix + 'length'), Tensor):
            state_dict.setdefault(prefix + 'image', torch.zeros(len(state_dict[prefix + 'length']), 2, dtype=torch.long))
        super()._load_from_state_dict(state_dict, prefix, *args)

    def _arrays(self, clip: Dict) -> Dict[str, np.ndarray]:
        """``(T, …)`` what is kept of a clip."""
        person = (present_persons(clip) or [0])[0]
        key = 'pose' if self.rotations else 'keypoint'
        if key not in clip:
            raise ValueError(f'clip {clip.get("frame_dir")} has no `{key}`, which the representation of this generator is made of')
        if self.rotations:
            pose = np.asarray(clip['pose'][person], dtype=np.float32)
            transl = clip['transl'][person] if 'transl' in clip else np.zeros((len(pose), 3))
            return dict(pose=pose, transl=np.asarray(transl, dtype=np.float32))
        shape = (self.skeleton.num_joints, self.channels)
        if clip['keypoint'].shape[2:] != shape:
            raise ValueError(f'clip {clip.get("frame_dir")}: keypoints {clip["keypoint"].shape[2:]}, the generator makes {shape}')
        score = None if clip.get('keypoint_score') is None else np.asarray(clip['keypoint_score'][person], dtype=np.float32)
        keypoint = without_gaps(clip['keypoint'][person], score, self.skeleton)
        return dict(keypoint=keypoint, **({} if score is None else dict(score=score)))

    def positions(self, clip: Dict[str, np.ndarray], rest_joints: Optional[Tensor]) -> np.ndarray:
        """``(T, V, C)`` joints of a kept clip, about the root's rest position where rotations are kept."""
        if not self.rotations:
            return clip['keypoint']
        rotmat = axis_angle_to_matrix(torch.from_numpy(clip['pose']))
        return forward_kinematics(rotmat, rest_joints.cpu(), self.skeleton.parents).numpy()

    def windows(self, number: np.ndarray, share: np.ndarray, length: np.ndarray) -> Tuple[Dict[str, np.ndarray], np.ndarray]:
        """Parts of clips.

        Args:
            number: ``(N,)`` of each clip wanted.
            share: ``(N,)`` in [0, 1): where in the clip the part begins, of all places where it can.
            length: ``(N,)`` frames wanted.

        Returns:
            Arrays ``(N, T, …)`` of what is kept by frame, T the most frames wanted, and the frames ``(N,)`` that each part has: those of
            the clip where it is shorter. The last frame is repeated beyond.
        """
        own = self.array('length')
        first = (np.cumsum(own) - own)[number]
        frames = np.minimum(length, own[number])
        places = own[number] - frames
        first = first + np.minimum(np.floor(share.astype(np.float64) * (places + 1)).astype(int), places)
        index = first[:, None] + np.minimum(np.arange(int(length.max())), frames[:, None] - 1)
        arrays = {name: self.array(name) for name in ('pose', 'transl', 'keypoint', 'score', 'frames') if hasattr(self, name)}
        return {name: array[index] for name, array in arrays.items() if len(array)}, frames

    def find(self, clips: 'ClipStore') -> Optional[np.ndarray]:
        """The numbers here of the clips of another store, or ``None`` if one of them is not here."""
        key = 'pose' if self.rotations else 'keypoint'
        mine, theirs = (_by_content(store.array(key), store.array('length'), store.array('label')) for store in (self, clips))
        numbers = {content: number for number, content in enumerate(mine)}
        return np.array([numbers[content] for content in theirs]) if set(theirs) <= set(mine) else None


def _by_content(values: np.ndarray, length: np.ndarray, label: np.ndarray) -> List[Tuple[int, bytes]]:
    parts = np.split(values, np.cumsum(length)[:-1])
    return [(int(kind), part.tobytes()) for part, kind in zip(parts, label)]


def without_gaps(keypoint: np.ndarray, score: Optional[np.ndarray], skeleton: Skeleton) -> np.ndarray:
    """Keypoints ``(T, V, C)`` with a place for those that were not seen: between (or as) those of other frames; at their parents where they
    never were, and then without a bone."""
    keypoint = np.array(keypoint, dtype=np.float32)
    missing = missing_points(keypoint[None], None if score is None else score[None])[0]
    frames = np.arange(len(keypoint))
    for joint in skeleton.topological_order:
        lost = missing[:, joint]
        if lost.all():
            keypoint[:, joint] = keypoint[:, skeleton.parents[joint]] if skeleton.parents[joint] >= 0 else 0
        elif lost.any():
            seen = frames[~lost]
            for axis in range(keypoint.shape[-1]):
                keypoint[lost, joint, axis] = np.interp(frames[lost], seen, keypoint[seen, joint, axis])
    return keypoint
