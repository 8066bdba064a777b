"""TRAM's ``hps/hps_track_0.npy`` (Wang et al., ECCV 2024): a dict of PyTorch tensors, SMPL poses of one person in the axes of the camera.

T frames. ``pred_rotmat (T, 24, 3, 3)``, ``pred_trans (T, 1, 3)`` from a camera that moves, and ``frame (T,)``. The camera's own way, by
which TRAM brings both into the world, lies in another file.
"""

import re
from typing import Iterator, Optional, Tuple

import numpy as np

from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording
from mmagenc.datasets.readers.smpl_poses import CAMERA_UP, JOINTS, frame_numbers, missing_keys, person_name, rotations, up_notes, upright
from mmagenc.datasets.readers.source import Source
from mmagenc.registry import READERS

KEYS = ('pred_rotmat', 'frame')
FOLDER, TRACK = 'hps', re.compile(r'hps_track_(\d+)')
NO_PATH_NOTE = 'stays in place: the path is that seen from the camera, which may move, and is left out'


@READERS.register_module(name='tram')
class Tram(Reader):
    name = 'tram'
    title = 'TRAM tracks'
    suffixes = ('.npy', )
    knows = ('3d', 'smpl', 'track')

    def sniff(self, source: Source) -> Optional[str]:
        content = source.array()
        return f'a track of TRAM, {len(content["frame"])} frames' if isinstance(content, dict) and all(
            key in content for key in KEYS) and np.ndim(content['frame']) == 1 else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        content = source.content()
        if not isinstance(content, dict):
            raise ValueError('expected a dict, as TRAM writes it')
        missing_keys(content, KEYS, 'the file')
        up = options.up or CAMERA_UP
        pose, _ = upright(rotations(content['pred_rotmat'], JOINTS, 'pred_rotmat'), None, up)
        name, label = _named(source)
        yield Recording(name=name, label=label, pose=pose[None], frame_ids=frame_numbers(content['frame'], len(pose), 'frame'), up='y',
                        notes=(*up_notes(up, CAMERA_UP), NO_PATH_NOTE))


def _named(source: Source) -> Tuple[str, Optional[str]]:
    """The video's name, in whose folder that of the tracks lies, with the track's number if there are several; its class, the one above."""
    track = TRACK.fullmatch(source.path.stem)
    if track is None:
        return source.name, None
    folders = source.name.split('/')[:-1]
    folder = source.path.resolve().parent
    if folder.name == FOLDER:
        folder, folders = folder.parent, folders[:-1]
    tracks = sum(TRACK.fullmatch(path.stem) is not None for path in source.path.parent.glob('*.npy'))
    return person_name('/'.join(folders) or folder.name, track[1], tracks), folders[-2] if len(folders) > 1 else None
