"""HybrIK's ``res.pk`` (Li et al., CVPR 2021; HybrIK-X too): lists of one entry a frame, SMPL poses in the axes of the camera (y down).

``pred_thetas`` are rotation matrices of SMPL's 24 joints (or of SMPL-X's 55), however their numbers are shaped; ``img_path`` names the
image, whose number is the frame's. ``transl`` holds for a guessed focal length.
"""

from typing import Iterator, Optional

import numpy as np

from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording
from mmagenc.datasets.readers.smpl_poses import (
    BODY,
    CAMERA_UP,
    JOINTS,
    NO_PATH_NOTE,
    frame_numbers,
    missing_keys,
    rotations,
    up_notes,
    upright,
    with_root,
)
from mmagenc.datasets.readers.source import Source
from mmagenc.datasets.readers.values import last_number, named_by_folder
from mmagenc.registry import READERS

POSES, IMAGES, USUAL_NAME = 'pred_thetas', 'img_path', 'res'
SMPLX_JOINTS = 55


@READERS.register_module(name='hybrik')
class Hybrik(Reader):
    name = 'hybrik'
    title = 'HybrIK results'
    suffixes = ('.pk', '.pkl', '.pickle')
    knows = ('3d', 'smpl')

    def sniff(self, source: Source) -> Optional[str]:
        content = source.pickle()
        return f'HybrIK, {len(content[POSES])} frames' if isinstance(content, dict) and isinstance(content.get(POSES), list) else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        content = source.content()
        if not isinstance(content, dict):
            raise ValueError('expected a dict, as HybrIK writes it')
        missing_keys(content, (POSES, ), 'the file')
        frames = [np.ravel(frame) for frame in content[POSES]]
        sizes = {len(frame) for frame in frames}
        if len(sizes) != 1 or (joints := sizes.pop() // 9) not in (JOINTS, SMPLX_JOINTS) or len(frames[0]) % 9:
            raise ValueError(f'{POSES} must hold a rotation matrix of each of {JOINTS} joints (or of {SMPLX_JOINTS}) a frame')
        turns = rotations(np.stack(frames).reshape(len(frames), joints, 3, 3), joints, POSES)
        kept = JOINTS if joints == JOINTS else BODY
        up = options.up or CAMERA_UP
        pose, _ = upright(with_root(turns[:, :1], turns[:, 1:kept]), None, up)
        numbered = [last_number(str(path)) for path in content.get(IMAGES, ())]
        ids = frame_numbers(numbered, len(pose), IMAGES) if numbered and None not in numbered else None
        name, label = named_by_folder(source) if source.path.stem == USUAL_NAME else (source.name, None)
        yield Recording(name=name, label=label, pose=pose[None], frame_ids=ids, up='y', notes=(*up_notes(up, CAMERA_UP), NO_PATH_NOTE))
