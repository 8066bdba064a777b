"""What has to agree in files whose clips are used together: classes, frame rate, coordinates and unit."""

import logging
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np
from mmengine.logging import print_log

from .annotation import AnnotationError
from .resampling import checked_fps, resample_clip, same_rate
from .third_coordinate import body_size

UNITS_APART = 50.
"""Bodies that are larger by this factor are in another unit: metres and millimetres, pixels and shares of the image."""
SAMPLED = 32
"""Clips of a file that are measured."""


def file_and_split(source: str) -> Tuple[str, Optional[str]]:
    """``FILE`` or ``FILE:SPLIT`` as file and split.

    The split is behind the last colon, if what is before it is a file and the whole is none: names of drives (``D:/clips.npz``) and files
    with colons in their names stay whole.
    """
    path, colon, split = source.rpartition(':')
    if colon and split and not Path(source).is_file() and Path(path).is_file():
        return path, split
    return source, None


def classes_problem(ours: Optional[Sequence[str]], theirs: Optional[Sequence[str]]) -> Optional[str]:
    """Why clips of two lists of classes do not go together, or ``None``; files that do not say theirs are believed."""
    if not ours or not theirs or list(ours) == list(theirs):
        return None
    order = ' (the same names in another order: labels would mean other classes)' if sorted(ours) == sorted(theirs) else ''
    return f'classes {list(theirs)} differ from {list(ours)}{order}'


def judged_classes_problem(judge: Optional[Sequence[str]], clips: Optional[Sequence[str]]) -> Optional[str]:
    """Why a recognizer's class indices are not those of clips, or ``None``.

    A recognizer may know further classes behind those of the clips. Who names no classes, or by their numbers only, is believed.
    """
    judge, clips = (list(map(str, names or ())) for names in (judge, clips))
    if judge[:len(clips)] == clips or any(names == list(map(str, range(len(names)))) for names in (judge, clips)):
        return None
    return f"{classes_problem(judge, clips)}; the latter are the recognizer's"


def keypoints_problem(ours: Sequence[Dict], theirs: Sequence[Dict]) -> Optional[str]:
    """Why clips of one layout do not go together with others, or ``None``: other keypoints, 2-D and 3-D, another unit."""
    if not ours or not theirs:
        return None
    first, second = ours[0]['keypoint'].shape[2:], theirs[0]['keypoint'].shape[2:]
    if first[1] != second[1]:
        return f'keypoint has {second[1]} coordinates, that of the clips before {first[1]}: 2-D and 3-D do not go together'
    if first != second:
        return f'keypoint has {second[0]} joints, that of the clips before {first[0]}; name the layouts in the files (metainfo skeleton)'
    sizes = [_size(clips) for clips in (ours, theirs)]
    if min(sizes) > 0 and max(sizes) / min(sizes) > UNITS_APART:
        return f'bodies are {sizes[1]:.3g} large, those of the clips before {sizes[0]:.3g}: bring both into one unit (metres, or pixels)'
    return None


def _size(clips: Sequence[Dict]) -> float:
    """Median size of the bodies; 0 if there are none."""
    chosen = np.unique(np.linspace(0, len(clips) - 1, SAMPLED).round().astype(int))
    sizes = [body_size(clips[index]['keypoint']) for index in chosen]
    return float(np.median([size for size in sizes if size > 0] or [0.]))


class CommonRate:
    """One frame rate for the clips of several files: they are resampled to the one that is asked for, or else refused if they differ.

    A clip's rate is its own ``fps``, or else its file's. Clips of which neither is said are taken to have the common one already;
    :meth:`warn` says so.

    Args:
        asked: the rate to which clips are resampled; ``None`` resamples nothing.
        known: the rate of files that do not say theirs.
        advice: how rates can be brought together, for the message.
    """

    def __init__(self, asked: Optional[float] = None, known: Optional[float] = None, *, advice: str) -> None:
        self.asked = None if asked is None else checked_fps(asked, 'settings')
        self.known, self.rate, self.advice = known, self.asked or known, advice
        self._silent: List[str] = []
        self._said = False

    def bring(self, clips: Sequence[Dict], said: Optional[float], source: str) -> List[Dict]:
        """The clips of a file at the common rate, without rates of their own.

        Args:
            said: the file's rate, or ``None``.
            source: the file, for messages.

        Raises:
            AnnotationError: a rate that is no positive number, or that differs where nothing is resampled.
        """
        brought = [self._bring(clip, clip.get('fps', said), source) for clip in clips]
        if said is not None or any('fps' in clip for clip in clips):
            self._said = True
        else:
            self._silent.append(str(source))
        return brought

    def _bring(self, clip: Dict, rate: Optional[float], source: str) -> Dict:
        rate = self.known if rate is None else checked_fps(rate, f'{source}: clip {clip["frame_dir"]}')
        if rate is None:
            return clip
        self.rate = self.rate or rate
        if self.asked is None and not same_rate(rate, self.rate):
            raise AnnotationError(f'{source}: clip {clip["frame_dir"]} has {rate:g} fps, others {self.rate:g}; {self.advice}')
        return resample_clip(clip, rate, self.rate)

    def warn(self) -> None:
        """Log which files say no rate although others do, or one is asked for; that of the given metainfo is theirs without a word."""
        if self._silent and not self.known and (self._said or self.asked):
            print_log(f'{", ".join(self._silent)}: no fps in the metainfo; the clips are taken to have {self.rate:g} fps', logger='current',
                      level=logging.WARNING)


def labels_in_words(silent: Sequence[str], classes: Sequence[str]) -> str:
    """That the labels of files which name no classes are taken for those that others name."""
    return (f'{", ".join(map(str, silent))}: no classes in the metainfo; labels are taken for the classes of the others: '
            f'{", ".join(f"{label} {name}" for label, name in enumerate(classes))}')


def warn_of_labels(silent: Sequence[str], classes: Sequence[str]) -> None:
    """Log :func:`labels_in_words`."""
    print_log(labels_in_words(silent, classes), logger='current', level=logging.WARNING)


def late_rate(before: Dict, said: Dict, source: str) -> Optional[str]:
    """A note where ``source`` is the first of several files to say a frame rate; ``None`` if it is not.

    Args:
        before: metainfo of the files before; empty if there are none.
        said: metainfo with that of ``source``.
    """
    if not before or before.get('fps') or not said.get('fps'):
        return None
    return f'{source} says {said["fps"]:g} fps, what was read before says none: its clips are taken to have as many'
