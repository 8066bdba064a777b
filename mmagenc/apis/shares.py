"""Generation by several processes: which of them makes which clips, and the folder in which finished parts outlive a kill.

The clips are cut into parts that do not depend on the number of processes, and every part is decoded in the same batches whoever does it:
any number of processes gives the same clips. Each part has as many clips of each class as of the others. The process that finishes last
puts the parts together. N clips.
"""

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

from mmagenc.compat import atomic_open
from mmagenc.datasets.annotation import load_annotation, save_annotation
from mmagenc.models.generators import BaseGenerator
from mmagenc.outputs import OutputError, OutputFolder, claim_names, listed_names, remove_listed
from mmagenc.version import __version__

from .generate import ClipPlan

try:
    import fcntl
except ImportError:  # pragma: no cover  no POSIX system
    fcntl = None

NUM_PARTS = 16
"""Parts of a small set; more processes than that find nothing to do."""
PART_CLIPS = 1024
"""Clips of a part at most: what a kill can cost a process."""
TOOL = 'generate'
PLAN = 'plan.json'


def deal(label: Tensor) -> List[Tensor]:
    """Cut clips into parts, in which the classes are alike.

    Args:
        label: ``(N,)``.

    Returns:
        list: the clips' numbers, part by part. A part takes the next few clips of every class.
    """
    labels = label.numpy()
    turn = np.empty_like(labels)  # 0 for the first clip of a class, 1 for the second
    classes = np.unique(labels)
    for value in classes:
        turn[labels == value] = np.arange((labels == value).sum())
    order = np.lexsort((labels, turn))
    turns = int(turn.max()) + 1
    step = max(1, min(-(-turns // NUM_PARTS), PART_CLIPS // len(classes)))
    cuts = np.searchsorted(turn[order], np.arange(step, turns, step))
    return [torch.from_numpy(part) for part in np.split(order, cuts)]


@dataclass(frozen=True)
class Share:
    """What one of several processes does.

    Args:
        number: of the process, from 0.
        count: of processes.
    """

    number: int
    count: int

    def parts(self, count: int) -> range:
        """The numbers of the process's parts."""
        return range(self.number, count, self.count)

    @classmethod
    def parse(cls, text: str) -> 'Share':
        """Of ``I/N``, as in ``0/8``.

        Raises:
            ValueError: something else, or a number that is not below the count.
        """
        number, slash, count = text.partition('/')
        if not (slash and number.isdecimal() and count.isdecimal() and int(number) < int(count)):
            raise ValueError(f'must be I/N, from 0/N to one less than N of N, such as 0/8, got {text!r}')
        return cls(int(number), int(count))


def fingerprint(model: BaseGenerator, plan: ClipPlan, **more) -> str:
    """A digest of all that clips come from: parts of two runs may be put together only if it is the same."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(json.dumps([__version__, repr(model.cfg.model), more], sort_keys=True, default=str).encode())
    planned = {name: value for name, value in vars(plan).items() if value is not None}
    for name, value in [*model.state_dict().items(), *planned.items()]:
        digest.update(f'{name} {value.dtype} {tuple(value.shape)}'.encode())
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


@dataclass(frozen=True)
class PartsFolder:
    """The finished parts of an output, in a folder beside it.

    Args:
        out: the output.
        digest: of what the clips come from, see :func:`fingerprint`.
        count: of parts.
    """

    out: Path
    digest: str
    count: int

    @property
    def path(self) -> Path:
        return parts_folder(self.out).path

    def part(self, number: int) -> Path:
        """The file of a part."""
        return self.path / f'part_{number:06d}.npz'

    def missing(self, numbers: Optional[Sequence[int]] = None) -> List[int]:
        """Those of some parts, or of all, that are not made yet."""
        return [number for number in (range(self.count) if numbers is None else numbers) if not self.part(number).is_file()]

    def claim(self, *, force: bool = False) -> None:
        """Make the folder, or go on with the one that is there.

        Raises:
            OutputError: it has parts of other clips, or files of others; with ``force`` parts of other clips are removed.
        """
        os.makedirs(self.path, exist_ok=True)
        with self._alone():
            known = self._known()
            if known == self.digest:
                return
            names = [*(self.part(number).name for number in range(self.count)), PLAN]
            old = [name for name in listed_names(self.path, TOOL) or [] if (self.path / name).is_file()]
            if any(name != PLAN for name in old) and not force:
                raise OutputError(f'{self.path}: there are parts of other clips here (of another checkpoint, seed, option or version); '
                                  'go on as those were begun, or make all anew with --force', status=2)
            for name in sorted(old, key=lambda name: name != PLAN):  # the plan first: without it no part counts
                (self.path / name).unlink()
            claim_names(self.path, TOOL, names)
            with atomic_open(self.path / PLAN, 'w', encoding='utf-8') as file:
                json.dump(dict(digest=self.digest, parts=self.count), file)

    def save(self, number: int, metainfo: Dict, clips: List[Dict]) -> None:
        """Write a part, whole or not at all."""
        split = dict(train=[clip['frame_dir'] for clip in clips])
        save_annotation(dict(split=split, metainfo=metainfo, annotations=clips), self.part(number))

    @contextlib.contextmanager
    def merging(self) -> Iterator[bool]:
        """Whether the parts are all there and this process is the one to put them together; afterwards the folder is removed.

        Where the file system cannot lock, two processes that finish together may both do it; the slower one finds the folder gone.
        """
        try:
            with self._alone():
                whole = self._known() == self.digest and not self.missing()
                yield whole
                if whole:
                    remove_listed(self.path, TOOL)
        except FileNotFoundError:
            if self._known() == self.digest:
                raise

    def clips(self, number: int) -> List[Dict]:
        """The clips of a part."""
        return load_annotation(self.part(number))['annotations']

    def _known(self) -> Optional[str]:
        """The digest of the parts that lie there."""
        try:
            return json.loads((self.path / PLAN).read_text(encoding='utf-8'))['digest']
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time, where the file system can lock a folder."""
        if fcntl is None:  # pragma: no cover
            yield
            return
        folder = os.open(self.path, os.O_RDONLY)
        try:
            with contextlib.suppress(OSError):
                fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)


def parts_folder(out) -> OutputFolder:
    """Where the parts of an output lie."""
    return OutputFolder('--out', Path(f'{out}.parts'), TOOL)


def merged(folder: PartsFolder, rows: Sequence[Tensor]) -> Iterator[Tuple[List[int], List[Dict]]]:
    """Places and clips of all parts, a part at a time."""
    for number, places in enumerate(rows):
        yield places.tolist(), folder.clips(number)
