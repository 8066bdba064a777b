"""Clips as tensors for a generator."""

from typing import Dict

import numpy as np
import torch
from mmaction.structures import ActionDataSample
from mmcv.transforms import BaseTransform

from mmagenc.registry import TRANSFORMS

META_KEYS = ('frame_dir', 'num_frames', 'subject', 'source')


@TRANSFORMS.register_module()
class PackMotionInputs(BaseTransform):
    """Pack person 0 for a generator.

    The result is ``{'inputs': {'pose': (T, J, 3), 'transl': (T, 3), 'keypoint': (T, V, C)}, 'data_samples': ActionDataSample}``, float32,
    with those inputs that the clip has; the data sample carries ``gt_label`` and, as metainfo, ``num_frames`` (valid frames) and
    ``frame_dir``.
    """

    def transform(self, results: Dict) -> Dict:
        inputs = {
            key: torch.from_numpy(np.ascontiguousarray(results[key][0], dtype=np.float32))
            for key in ('pose', 'transl', 'keypoint') if key in results
        }
        sample = ActionDataSample().set_gt_label(int(results['label']))
        results.setdefault('num_frames', results['total_frames'])
        sample.set_metainfo({key: results[key] for key in META_KEYS if key in results})
        return dict(inputs=inputs, data_samples=sample)
