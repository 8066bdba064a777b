"""Classes that change over time within one clip.

N clips, T frames, K classes.
"""

from typing import Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

from mmagenc.clips import MAX_FRAMES


def class_vectors(label: Tensor, num_classes: int, num_frames: int) -> Tensor:
    """``(N, T, K)`` shares of the classes in each frame: of labels ``(N,)`` the same in all, of a path ``(N, ≥ T, K)`` its first frames."""
    if label.ndim == 3:
        return label[:, :num_frames].float()
    return F.one_hot(label, num_classes).float()[:, None].expand(-1, num_frames, -1)


def split_path(label, num_classes: int) -> Tuple[Tensor, Optional[Tensor]]:
    """What a caller gave as ``label``, as the class of each clip and, where it changes, its path.

    Args:
        label: ``(N,)`` class indices, ``(N, T)`` of each frame, or ``(N, T, K)`` shares of the classes in each frame, which sum to 1.
        num_classes: K.

    Returns:
        ``(N,)`` class that a clip shows most (the first of several), and its path ``(N, T, K)`` or ``None``; both on the CPU.

    Raises:
        ValueError: something else.
    """
    label = torch.as_tensor(label).cpu()
    if label.ndim < 2:
        return label.long(), None
    if label.ndim == 2:
        if label.is_floating_point() or not label.numel() or label.min() < 0 or label.max() >= num_classes:
            raise ValueError(f'a path (N, T) has class indices from 0 to {num_classes - 1}, got {tuple(label.shape)} of {label.dtype}'
                             f'{f" up to {label.max().item()}" if label.numel() else ""}')
        path = F.one_hot(label.long(), num_classes).float()
    else:
        path = label.float()
    if path.ndim != 3 or path.shape[2] != num_classes or not path.numel():
        raise ValueError(f'label must be (N,), a path (N, T) or shares (N, T, {num_classes}), got {tuple(label.shape)}')
    if not (path >= 0).all() or not torch.allclose(path.sum(dim=2), torch.ones(()), atol=1e-3):  # NaN is neither
        raise ValueError('the shares of the classes must not be negative and must sum to 1 in each frame')
    return main_class(path), path


def main_class(path: Tensor) -> Tensor:
    """``(N,)`` class that most of each path ``(N, T, K)`` is of, the first of several."""
    return path.sum(dim=1).argmax(dim=1)


def class_path(parts: Sequence[Tuple[int, int]], num_classes: int, *, blend: int = 0) -> Tensor:
    """``(T, K)`` shares of the classes over time.

    Args:
        parts: class and number of frames of each part, one after the other.
        num_classes: K.
        blend: frames that a change from one class to the next is spread over, evenly around it; 0 is at once.

    Raises:
        ValueError: no parts, a class that there is not, or a number out of range.
    """
    if not parts:
        raise ValueError('a path of classes needs at least one part')
    for label, frames in parts:
        if not 0 <= label < num_classes or frames < 1:
            raise ValueError(f'a part of a path is a class from 0 to {num_classes - 1} and at least 1 frame, got {label} and {frames}')
    shortest = min(frames for _, frames in parts)
    if not 0 <= blend <= (shortest if len(parts) > 1 else blend):
        raise ValueError(f'blend must lie in 0 … {shortest}, the frames of the shortest part, got {blend}')
    labels, frames = zip(*parts)
    if sum(frames) > MAX_FRAMES:
        raise ValueError(f'a path of {sum(frames)} frames; accepted are up to {MAX_FRAMES}')
    path = F.one_hot(torch.tensor(labels).repeat_interleave(torch.tensor(frames)), num_classes).float()
    middle = 0
    for (before, count), (after, _) in zip(parts, parts[1:]):
        middle += count
        start = middle - blend // 2
        share = (torch.arange(blend) + 1.) / (blend + 1)
        path[start:start + blend] = 0
        path[start:start + blend, before] += 1 - share
        path[start:start + blend, after] += share
    return path
