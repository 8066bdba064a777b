"""AIST++ (Li et al., ICCV 2021): ``motions/gBR_sBM_cAll_d04_mBR0_ch01.pkl``, SMPL poses of a dance, and ``keypoints3d/`` of the same names.

T frames at 60 a second, y up. ``smpl_poses (T, 72)``, ``smpl_trans (T, 3)`` and ``smpl_scaling``, by which the path is divided to be in
metres of the body. ``keypoints3d_optim`` and ``keypoints3d`` are ``(T, 17, 3)``, COCO's 17 in centimetres. The name says genre and dancer.
"""

import re
from typing import Iterator, Optional

import numpy as np

from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording
from mmagenc.datasets.readers.smpl_poses import JOINTS, missing_keys, numbers, rotations, up_notes, upright
from mmagenc.datasets.readers.source import Source
from mmagenc.datasets.readers.upright import to_y_up
from mmagenc.registry import READERS

FPS, UP, CENTIMETRE = 60., 'y', .01
NAME = re.compile(r'g(?P<genre>[A-Z]{2})_s[A-Z]{2}_c[A-Za-z0-9]+_d(?P<dancer>\d{2})_m[A-Z]{2}\d_ch\d{2}')
GENRES = {'BR': 'break', 'PO': 'pop', 'LO': 'lock', 'MH': 'middle hip-hop', 'LH': 'LA-style hip-hop', 'HO': 'house', 'WA': 'waack',
          'KR': 'krump', 'JS': 'street jazz', 'JB': 'ballet jazz'}
KEYPOINTS = ('keypoints3d_optim', 'keypoints3d')


@READERS.register_module(name='aistpp')
class AistPlusPlus(Reader):
    name = 'aistpp'
    title = 'AIST++ dances'
    suffixes = ('.pkl', '.pickle')
    knows = ('3d', 'smpl', 'fps', 'label', 'subject')
    takes_unit = True

    def sniff(self, source: Source) -> Optional[str]:
        content = source.pickle()
        if not isinstance(content, dict):
            return None
        if 'smpl_poses' in content:
            return 'a dance of AIST++, SMPL poses'
        return 'a dance of AIST++, keypoints in 3-D' if any(key in content for key in KEYPOINTS) else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        content = source.content()
        if not isinstance(content, dict):
            raise ValueError('expected a dict, as AIST++ has it')
        name = NAME.search(source.path.stem)
        up = options.up or UP
        said = dict(name=source.name, fps=FPS, up='y', label=GENRES.get(name['genre']) if name else None,
                    notes=up_notes(up, UP), subject=f'd{name["dancer"]}' if name else None)
        key = next((key for key in KEYPOINTS if key in content), None)
        if 'smpl_poses' not in content and key:
            yield Recording(skeleton='coco17', keypoint=_keypoints(content[key], key, options.unit or CENTIMETRE, up)[None], **said)
            return
        missing_keys(content, ('smpl_poses', 'smpl_trans', 'smpl_scaling'), 'the file')
        pose = rotations(content['smpl_poses'], JOINTS, 'smpl_poses')
        scale = numbers(np.reshape(content['smpl_scaling'], -1), 'smpl_scaling', (1, ))
        if scale[0] <= 0:
            raise ValueError(f'smpl_scaling must be above 0, got {scale[0]:g}')
        pose, transl = upright(pose, numbers(content['smpl_trans'], 'smpl_trans', (len(pose), 3)) / scale, up)
        yield Recording(pose=pose[None], transl=transl[None], **said)


def _keypoints(value, key: str, unit: float, up: str) -> np.ndarray:
    """Metres, y up; NaN where AIST++ could place nothing."""
    array = np.asarray(value)
    if array.dtype.kind not in 'fiu' or array.ndim != 3 or array.shape[1:] != (17, 3) or not len(array) or np.isinf(array).any():
        raise ValueError(f'{key} must be finite numbers (T, 17, 3), got {array.shape} of {array.dtype}')
    return (array @ to_y_up(up).T * unit).astype(np.float32)
