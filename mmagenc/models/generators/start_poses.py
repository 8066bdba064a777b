"""Poses that generated clips begin after: given ones, or those that a generator keeps of its training clips.

N clips, S start poses, T frames, J joints, C channels, P = J · C numbers of an encoded pose, K classes.
"""

import logging
from typing import Dict, Optional, Sequence, Union

import numpy as np
import torch
from mmengine.logging import print_log
from torch import Tensor, nn

from mmagenc.clips import present_persons, seen_by_score

FARTHEST = 1.5
"""A start pose with a coordinate beyond ± this is of other pixels (or metres) than those trained on, which lie in −1 … 1."""
GOLDEN = 0.618034
"""Places in clips are multiples of it, modulo 1: evenly spread, however many there are."""
Start = Union[Dict, Sequence[Dict], np.ndarray, Tensor]


class StartPoses(nn.Module):
    """Encoded poses of training clips, class by class, in buffers: they travel in the checkpoint.

    Args:
        num_classes: K.
        pose_size: P.
        most: poses kept of each class.
        anywhere: frames from anywhere, as many as are wanted; otherwise the first of each clip, at most one of a clip.
    """

    def __init__(self, num_classes: int, pose_size: int, *, most: int, anywhere: bool = False) -> None:
        super().__init__()
        self.anywhere = anywhere
        self.register_buffer('poses', torch.zeros(num_classes, most, pose_size))
        self.register_buffer('count', torch.zeros(num_classes, dtype=torch.long))

    @property
    def fitted(self) -> bool:
        """Whether there is any."""
        return bool((self.count > 0).any())

    @torch.no_grad()
    def fit(self, annotations: Sequence[Dict], representation: nn.Module) -> None:
        """Keep poses of annotation dicts, of each class of clips that are evenly spread over its clips.

        Only frames all of whose keypoints were seen are taken, nearest to the place wanted (the first, or anywhere), unless a class has
        no such frame.

        Raises:
            ValueError: no clips of these classes, or a clip that the representation does not take.
        """
        num_classes, most = self.poses.shape[:2]
        labels = np.array(annotations.values('label') if hasattr(annotations, 'values') else [clip['label'] for clip in annotations])
        if not np.isin(labels, np.arange(num_classes)).any():
            raise ValueError(f'there are no clips of classes 0 to {num_classes - 1} to take start poses of')
        whole = np.array([_has_whole_frame(clip) for clip in annotations])
        for label in range(num_classes):
            rows = np.flatnonzero((labels == label) & whole)
            rows = rows if len(rows) else np.flatnonzero(labels == label)
            wanted = most if self.anywhere and len(rows) else min(len(rows), most)
            for index in range(wanted):
                clip = annotations[int(rows[index * len(rows) // wanted])]
                self.poses[label, index] = _pose_at(clip, index * GOLDEN % 1 if self.anywhere else 0., representation, self.poses.device)
            self.count[label] = wanted
        missing = (self.count == 0).nonzero().flatten().tolist()
        if missing:
            print_log(f'no training clips of class {", ".join(map(str, missing))}, of which start poses could be kept: what is generated '
                      'of it begins as clips of other classes do', logger='current', level=logging.WARNING)

    def draw(self, label: Tensor, generator: Optional[torch.Generator] = None) -> Tensor:
        """``(N, P)`` on the CPU: one of each clip's class, or of all where its class has none.

        Raises:
            ValueError: there are none.
        """
        if not self.fitted:
            raise ValueError('this generator keeps no start poses to draw from: give start=…, or train it with RepresentationStatsHook in '
                             'default_hooks, or call fit(annotations)')
        count = self.count.cpu()
        share = torch.rand(len(label), 2, generator=generator, dtype=torch.float64)
        kept = torch.repeat_interleave(torch.arange(len(count)), count)  # a class as often as it has poses
        kind = torch.where(count[label] > 0, label, kept[(share[:, 0] * len(kept)).long()])
        return self.poses.cpu()[kind, (share[:, 1] * count[kind]).long()]


def first_poses(inputs: Dict[str, Tensor], representation: nn.Module) -> Tensor:
    """``(S, P)``: the first frames of S clips, encoded as such: a body's path begins there."""
    return representation.encode(inputs)[:, 0].flatten(1).float()


@torch.no_grad()
def encode_starts(start: Start, representation: nn.Module, device: Union[str, torch.device] = 'cpu') -> Tensor:
    """Start poses in a model's terms, ``(S, P)``.

    Args:
        start: an annotation, whose first frame counts, or several; or poses ``(J, C)`` or ``(S, J, C)`` in units of the data: keypoints, or
            axis-angle ``(J, 3)`` where the representation is one of rotations.
        representation: of the model; its values lie in −1 … 1.
        device: where the representation lies.

    Raises:
        ValueError: neither, poses of another layout, not finite, or far outside of those trained on.
    """
    clips = [start] if isinstance(start, dict) else start
    if isinstance(clips, (list, tuple)) and clips and all(isinstance(clip, dict) for clip in clips):
        poses = torch.cat([first_poses(_clip_inputs(_checked(clip, representation), device), representation) for clip in clips])
    else:
        poses = first_poses(_pose_inputs(start, representation, device), representation)
    if not poses.isfinite().all():
        raise ValueError('start: a pose is not finite (NaN where a keypoint was not seen?)')
    farthest = float(poses.abs().max())
    if farthest > FARTHEST:
        raise ValueError(f'start: a pose reaches {farthest:.3g} times as far as those that the model was trained on; it must be in units '
                         'of the recordings, for 2-D keypoints in pixels of an image (or of a crop) like theirs')
    return poses


def _pose_at(clip: Dict, share: float, representation: nn.Module, device: torch.device) -> Tensor:
    """``(P,)``: the pose at a share of a clip, or the nearest that was wholly seen, as the first of what follows."""
    inputs = _clip_inputs(clip, device)
    num_frames = len(next(iter(inputs.values()))[0])
    places = np.arange(num_frames)
    if 'keypoint_score' in inputs:
        seen = places[inputs['keypoint_score'][0].gt(0).all(dim=1).cpu().numpy()]
        places = seen if len(seen) else places
    place = places[np.abs(places - share * (num_frames - 1)).argmin()]
    return first_poses({key: value[:, place:] for key, value in inputs.items()}, representation)[0]


def _has_whole_frame(clip: Dict) -> bool:
    """Whether a frame shows all keypoints of the first person who is there."""
    score = clip.get('keypoint_score')
    return score is None or bool(seen_by_score(score)[(present_persons(clip) or [0])[0]].all(axis=-1).any())


def _clip_inputs(clip: Dict, device: Union[str, torch.device]) -> Dict[str, Tensor]:
    """Arrays ``(1, T, …)`` of a clip's first person who is there."""
    person = (present_persons(clip) or [0])[0]
    return {key: torch.from_numpy(np.array(clip[key][person], dtype=np.float32))[None].to(device)
            for key in ('pose', 'transl', 'keypoint', 'keypoint_score') if key in clip}


def _checked(clip: Dict, representation: nn.Module) -> Dict:
    skeleton, own = clip.get('skeleton'), representation.keypoint_skeleton
    if isinstance(skeleton, str) and skeleton != own:
        raise ValueError(f'start: its layout is {skeleton}, the model knows {own}')
    if 'keypoint' not in clip:
        raise ValueError(f'start: an annotation has `keypoint`, this one has {", ".join(map(str, clip)) or "nothing"}')
    return clip


def _pose_inputs(start, representation: nn.Module, device: Union[str, torch.device]) -> Dict[str, Tensor]:
    """Poses as clips of one frame."""
    key = 'keypoint' if hasattr(representation, 'num_keypoints') else 'pose'
    path = key == 'pose' and representation.translation  # one joint more, which begins at zero
    shape = (representation.num_keypoints, representation.num_channels) if key == 'keypoint' else (representation.num_joints - path, 3)
    try:
        poses = torch.from_numpy(np.array(start.tolist() if isinstance(start, Tensor) else start, dtype=np.float32)).to(device)
    except (TypeError, ValueError) as error:
        raise ValueError(f'start must be an annotation (or several), or poses {shape}, got {type(start).__name__}: {error}') from error
    poses = poses[None] if poses.ndim == 2 else poses
    if poses.ndim != 3 or not len(poses) or tuple(poses.shape[1:]) != shape:
        raise ValueError(f'start must be poses {shape} or (S, {shape[0]}, {shape[1]}), got {tuple(poses.shape)}')
    return {key: poses[:, None], **({'transl': torch.zeros_like(poses[:, None, 0])} if path else {})}
