"""Clips as tensors for a generator."""

from typing import Dict, Optional

import numpy as np
import torch
from mmaction.structures import ActionDataSample
from mmcv.transforms import BaseTransform

from mmagenc.datasets.annotation import present_persons
from mmagenc.registry import TRANSFORMS

META_KEYS = ('frame_dir', 'num_frames', 'subject', 'source', 'img_shape', 'original_shape', 'gap', 'previous')

ONE_PERSON = ('num_persons=1 of MotionDataset keeps the one of each clip who is most there, PackMotionInputs(person=0) the first, '
              'by name instead of silently')
"""What to do about clips of several persons."""


def _as_array(value):
    """Numbers in one array, of which the deep copy of ``set_metainfo`` costs little; what is none stays, for its user to refuse."""
    try:
        return np.asarray(value, dtype=np.float64)
    except (ValueError, TypeError):
        return value


@TRANSFORMS.register_module()
class PackMotionInputs(BaseTransform):
    """Pack the person of a clip for a generator.

    The result is ``{'inputs': {'pose': (T, J, 3), 'transl': (T, 3), 'keypoint': (T, V, C), 'keypoint_score': (T, V)}, 'data_samples':
    ActionDataSample}``, float32, with those inputs that the clip has; the data sample carries ``gt_label`` and, as metainfo, ``num_frames``
    (valid frames), ``frame_dir``, the image's shape, and of windows ``gap`` and ``previous`` (V, C + 1).

    Args:
        person: which person is packed. ``None`` takes the one who is there, and refuses clips of several: a generator makes one.

    Raises:
        ValueError: a clip of several persons, or without the one asked for.
    """

    def __init__(self, person: Optional[int] = None) -> None:
        if person is not None and person < 0:
            raise ValueError(f'person must be at least 0, got {person}')
        self.person = person

    def _person_of(self, results: Dict) -> int:
        persons = results['keypoint'].shape[0]
        if self.person is not None:
            if self.person >= persons:
                raise ValueError(f'clip {results.get("frame_dir")}: PackMotionInputs(person={self.person}), but it has {persons} persons')
            return self.person
        if persons == 1:
            return 0
        there = present_persons(results)
        if len(there) > 1:
            raise ValueError(f'clip {results.get("frame_dir")} has {len(there)} persons, and a generator makes one: {ONE_PERSON}')
        return there[0] if there else 0

    def transform(self, results: Dict) -> Dict:
        person = self._person_of(results)
        inputs = {
            key: torch.from_numpy(np.ascontiguousarray(results[key][person], dtype=np.float32))
            for key in ('pose', 'transl', 'keypoint', 'keypoint_score') if key in results
        }
        sample = ActionDataSample().set_gt_label(int(results['label']))
        results.setdefault('num_frames', results['total_frames'])
        meta = {key: results[key] for key in META_KEYS if key in results}
        if meta.get('previous') is not None:
            meta['previous'] = _as_array(meta['previous'])
        sample.set_metainfo(meta)
        return dict(inputs=inputs, data_samples=sample)
