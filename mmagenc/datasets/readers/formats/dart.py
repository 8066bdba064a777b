"""DART's rollouts (Zhao et al., ICLR 2025): ``sample_0.pkl``, a pickle of PyTorch tensors, SMPL-X poses as matrices, z up.

T frames at 30 a second. ``global_orient (T, 3, 3)``, ``body_pose (T, 21, 3, 3)``, ``transl (T, 3)`` in metres, ``joints (T, 22, 3)``, and
``texts``, what was asked for, which is no class.
"""

from typing import Iterator, Optional

import numpy as np

from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording
from mmagenc.datasets.readers.smpl_poses import BODY, missing_keys, numbers, rotations, up_notes, upright, with_root
from mmagenc.datasets.readers.source import Source
from mmagenc.registry import READERS

FPS, UP = 30., 'z'
KEYS = ('global_orient', 'body_pose', 'transl')


@READERS.register_module(name='dart')
class Dart(Reader):
    name = 'dart'
    title = 'DART rollouts'
    suffixes = ('.pkl', '.pickle')
    knows = ('3d', 'smpl', 'fps')

    def sniff(self, source: Source) -> Optional[str]:
        content = source.pickle()
        found = isinstance(content, dict) and all(key in content for key in (*KEYS, 'joints'))
        return "DART's rollout, SMPL-X poses" if found and np.ndim(content['body_pose']) >= 4 else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        content = source.content()
        if not isinstance(content, dict):
            raise ValueError('expected a dict, as DART writes it')
        missing_keys(content, KEYS, 'the file')
        root, body, transl = (_frames(content[key], axes) for key, axes in zip(KEYS, (3, 4, 2)))
        pose = with_root(rotations(root[:, None], 1, 'global_orient'), rotations(body, BODY - 1, 'body_pose'))
        up = options.up or UP
        pose, transl = upright(pose, numbers(transl, 'transl', (len(pose), 3)), up)
        yield Recording(name=source.name, pose=pose[None], transl=transl[None], fps=FPS, up='y', notes=up_notes(up, UP))


def _frames(value, axes: int) -> np.ndarray:
    """An array without the axis of one sequence before its frames."""
    array = np.asarray(value)
    return array[0] if array.ndim == axes + 1 and len(array) == 1 else array
