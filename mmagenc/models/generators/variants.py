"""Given clips as a generator takes them, to make variants of.

N clips, T frames.
"""

from typing import Dict, List, Optional, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from mmagenc.clips import ARRAY_KEYS, motion_to_annotations, present_persons
from mmagenc.structures import Motion


def check_strength(strength: float) -> None:
    """Raise ValueError for a strength outside of 0 … 1."""
    if not 0 <= strength <= 1:
        raise ValueError(f'strength must lie in 0 … 1, got {strength}')


def windows_of(clips: Sequence[Dict], num_frames: Optional[int], generator: Optional[torch.Generator]) -> List[Dict]:
    """Clips of at most so many frames: of longer ones a part from anywhere."""
    if num_frames is None:
        return list(clips)
    share = torch.rand(len(clips), generator=generator, dtype=torch.float64).tolist()
    result = []
    for clip, place in zip(clips, share):
        first = int(place * max(clip['total_frames'] - num_frames + 1, 1))
        part = {key: clip[key][:, first:first + num_frames] for key in ARRAY_KEYS if key in clip}
        result.append(dict(clip, total_frames=min(clip['total_frames'], num_frames), **part))
    return result


def variant_annotations(motion: Motion, sources: Sequence[Dict], *, prefix: str, with_latent: bool = False) -> List[Dict]:
    """Variants as annotation dicts, each with the name of the clip that it is a variant of."""
    clips = motion_to_annotations(motion, prefix=prefix, with_latent=with_latent)
    return [dict(clip, variant_of=source['frame_dir']) for clip, source in zip(clips, sources)]


def batched_inputs(clips: Sequence[Dict], device: torch.device) -> Dict[str, Tensor]:
    """``(N, T, …)`` arrays that all clips have, of each the first person who is there; the last frame is repeated up to the longest."""
    longest = max(clip['total_frames'] for clip in clips)
    inputs = {}
    for key in [key for key in ARRAY_KEYS if all(key in clip for clip in clips)]:
        arrays = [np.asarray(clip[key][(present_persons(clip) or [0])[0]], dtype=np.float32) for clip in clips]
        padded = [np.concatenate((array, np.repeat(array[-1:], longest - len(array), axis=0))) for array in arrays]
        inputs[key] = torch.from_numpy(np.stack(padded)).to(device)
    return inputs


def in_own_images(motion: Motion, shapes: Tensor, representation: nn.Module) -> Motion:
    """Variants in the images ``(N, 2)`` of their recordings, as the representation brings them there; (0, 0) leaves the usual one."""
    return representation.in_images(motion, shapes) if hasattr(representation, 'in_images') else motion


def sources_of(labels: Sequence[int], known: Sequence[int], generator: torch.Generator) -> List[int]:
    """A clip's number for each label wanted, any of those of its class.

    Raises:
        ValueError: a label that no clip has.
    """
    members = {label: [row for row, own in enumerate(known) if own == label] for label in set(labels)}
    empty = [label for label, rows in members.items() if not rows]
    if empty:
        raise ValueError(f'there are no clips of class {", ".join(map(str, sorted(empty)))} to vary')
    share = torch.rand(len(labels), generator=generator, dtype=torch.float64).tolist()
    return [members[label][int(place * len(members[label]))] for label, place in zip(labels, share)]
