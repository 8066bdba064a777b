"""GVHMR's ``hmr4d_results.pt`` (Shen et al., SIGGRAPH Asia 2024): one person's SMPL-X poses in a world whose y points up.

T frames of the video. ``smpl_params_global`` has ``global_orient (T, 3)`` and ``body_pose (T, 63)``, axis-angle in radians, ``transl
(T, 3)`` in metres, and ``betas``; ``smpl_params_incam`` the same in the camera's axes. The file is PyTorch's, read without running code.
Nothing says the video's frame rate. GVHMR calls all its files alike, in a folder a video.
"""

import zipfile
from typing import Iterator, Mapping, Optional

import numpy as np

from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording
from mmagenc.datasets.readers.smpl_poses import BODY, missing_keys, numbers, rotations, up_notes, upright, with_root
from mmagenc.datasets.readers.source import Source
from mmagenc.datasets.readers.values import named_by_folder
from mmagenc.registry import READERS
from mmagenc.untrusted.archives import READ_ERRORS
from mmagenc.untrusted.tensors import read_tensors

WORLD = 'smpl_params_global'
KEYS = ('global_orient', 'body_pose', 'transl')
UP = 'y'
USUAL_NAME = 'hmr4d_results'
MOST_NAMES = 64 << 20
"""Bytes of the pickle that names what is in a file of PyTorch; its numbers lie beside it."""


@READERS.register_module(name='gvhmr')
class Gvhmr(Reader):
    name = 'gvhmr'
    title = 'GVHMR results'
    suffixes = ('.pt', )
    knows = ('3d', 'smpl')

    def sniff(self, source: Source) -> Optional[str]:
        try:
            with zipfile.ZipFile(source.path) as archive:
                names = next((member for member in archive.infolist() if member.filename.endswith('data.pkl')), None)
                told = names is not None and names.file_size < MOST_NAMES and WORLD.encode() in archive.read(names)
        except READ_ERRORS:
            return None
        return "GVHMR's results, SMPL-X poses" if told else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        content = read_tensors(source.path)
        if not isinstance(content, Mapping):
            raise ValueError(f'expected a dict, as GVHMR writes it, got {type(content).__name__}')
        missing_keys(content, (WORLD, ), 'the file')
        world = content[WORLD]
        if not isinstance(world, Mapping):
            raise ValueError(f'{WORLD} must be a dict, got {type(world).__name__}')
        missing_keys(world, KEYS, WORLD)
        root, body, transl = (np.asarray(world[key]) for key in KEYS)
        root, body = rotations(root, 1, f'{WORLD}: global_orient'), rotations(body, BODY - 1, f'{WORLD}: body_pose')
        if len(root) != len(body):
            raise ValueError(f'{WORLD}: global_orient of {len(root)} frames and body_pose of {len(body)}')
        name, label = named_by_folder(source) if source.path.stem == USUAL_NAME else (source.name, None)
        up = options.up or UP
        pose, transl = upright(with_root(root, body), numbers(transl, f'{WORLD}: transl', (len(root), 3)), up)
        yield Recording(name=name, label=label, pose=pose[None], up='y', transl=transl[None], notes=up_notes(up, UP))
