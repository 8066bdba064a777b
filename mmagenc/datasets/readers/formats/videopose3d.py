"""Human3.6M as VideoPose3D prepares it (Pavllo et al., CVPR 2019): ``data_3d_h36m.npz`` and ``data_2d_h36m_gt.npz`` and their like.

T frames at 50 a second. ``positions_3d`` is a pickled dict of subjects, of actions (``'Walking 1'``), each ``(T, 32, 3)``, metres, z up, of
which the 17 that move are taken; ``positions_2d`` has for each action four cameras' ``(T, 17, 2)`` pixels, and ``metadata`` their layout.
Of videos of one's own (``data_2d_custom_NAME.npz``) it has the video's name in the subject's place and ``'custom'`` as the action, and
``metadata`` the sizes of the images; their frame rate is not known.
"""

from functools import partial
from typing import Dict, Iterator, Optional, Tuple, Union

import numpy as np

from mmagenc.datasets.readers.human36m import FPS, IMAGES, MOVING, NUM_POINTS, OTHER_NAMES
from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording, Unusable, each
from mmagenc.datasets.readers.smpl_poses import numbers
from mmagenc.datasets.readers.source import Source
from mmagenc.datasets.readers.values import whole_shape
from mmagenc.registry import READERS
from mmagenc.skeletons import get_skeleton
from mmagenc.untrusted.npy import read_npz_member

LAYOUTS = {'h36m': 'h36m17', 'coco': 'coco17'}
"""By what ``metadata`` calls them."""
CAMERAS = ('54138969', '55011271', '58860488', '60457274')
CUSTOM = 'custom'
"""What stands for the action of somebody's own video."""
_LONGEST = 0.8
"""Metres that no thigh has; millimetres are refused by it."""


@READERS.register_module(name='videopose3d')
class VideoPose3D(Reader):
    name = 'videopose3d'
    title = 'Human3.6M of VideoPose3D'
    suffixes = ('.npz', )
    knows = ('3d', '2d', 'fps', 'img_shape', 'label', 'subject')
    takes_unit = True

    def sniff(self, source: Source) -> Optional[str]:
        names = source.arrays() or {}
        return next((f'VideoPose3D, {name}' for name in ('positions_3d', 'positions_2d') if name in names), None)

    def read(self, source: Source, options: ReadOptions) -> Iterator[Union[Recording, Unusable]]:
        if 'positions_3d' in (source.arrays() or {}):
            sequences = _sequences(read_npz_member(source.path, 'positions_3d'), 'positions_3d')
            return each(partial(_solid, options.unit or 1.), ((_name(source.name, *sequence[:2]), sequence) for sequence in sequences))
        return _flat(source)


def _sequences(content, key: str) -> Iterator[Tuple[str, str, object]]:
    """Subject, action and what there is of it."""
    if not isinstance(content, dict) or not content or not all(isinstance(actions, dict) for actions in content.values()):
        raise ValueError(f'{key} is no dict of subjects, each a dict of actions')
    return ((str(subject), str(action), value) for subject, actions in content.items() for action, value in actions.items())


def _name(name: str, *parts: str) -> str:
    return '_'.join((name, *(part.replace(' ', '_') for part in parts)))


def _said(name: str, subject: str, action: str) -> Dict:
    """What the keys say: the action without the number of its take is the class."""
    label = action.split(' ')[0]
    return dict(name=name, label=OTHER_NAMES.get(label, label), subject=subject, fps=float(FPS))


def _solid(unit: float, name: str, sequence: Tuple[str, str, object]) -> Recording:
    subject, action, value = sequence
    what = f'positions_3d of {subject}, {action}'
    array = np.asarray(value)
    if array.ndim == 3 and array.shape[1] == len(MOVING):
        points = numbers(array, what, (None, len(MOVING), 3))
    else:
        points = numbers(array, what, (None, NUM_POINTS, 3))[:, MOVING]
    points = points * unit
    thigh = float(np.median(np.linalg.norm(points[:, 2] - points[:, 1], axis=-1)))
    if thigh > _LONGEST:
        raise ValueError(f'{what}: the right thigh is {thigh:.4g} long; expected metres, of which it has less than {_LONGEST}; '
                         '--unit says what it is in')
    return Recording(skeleton='h36m17', keypoint=points[None].astype(np.float32), up='z', **_said(name, subject, action))


def _flat(source: Source) -> Iterator[Union[Recording, Unusable]]:
    metadata = read_npz_member(source.path, 'metadata') if 'metadata' in (source.arrays() or {}) else {}
    layout = LAYOUTS.get(metadata.get('layout_name') if isinstance(metadata, dict) else None, 'h36m17')
    sizes = metadata.get('video_metadata', {}) if isinstance(metadata, dict) else {}
    views = ((subject, action, CAMERAS[number] if number < len(CAMERAS) else str(number), view) for subject, action, value in
             _sequences(read_npz_member(source.path, 'positions_2d'), 'positions_2d') for number, view in enumerate(value))
    return each(partial(_view, layout, sizes), ((_name(source.name, *view[:3]), view) for view in views))


def _view(layout: str, sizes: Dict, name: str, item: Tuple[str, str, str, object]) -> Recording:
    subject, action, camera, view = item
    joints = get_skeleton(layout).num_joints
    points = numbers(view, f'positions_2d of {subject}, {action}, camera {camera}', (None, joints, 2)).astype(np.float32)
    if action == CUSTOM:
        size = sizes.get(subject) if isinstance(sizes, dict) else None
        said = dict(name=name.replace(f'_{CUSTOM}_{camera}', ''), img_shape=_image_shape(size, subject))
    else:
        said = dict(_said(name, subject, action), img_shape=IMAGES.get(camera), extra={'camera': camera})
    return Recording(skeleton=layout, keypoint=points[None], **said)


def _image_shape(size, video: str) -> Optional[Tuple[int, int]]:
    """Height and width that ``video_metadata`` says of a video, if it does."""
    return whole_shape(size['h'], size['w'], f'h and w of {video}') if isinstance(size, dict) and {'h', 'w'} <= size.keys() else None
