"""Which frames of a clip are used."""

from typing import Dict, Tuple

import numpy as np
from mmcv.transforms import BaseTransform

from mmagenc.datasets.annotation import ARRAY_KEYS
from mmagenc.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ConsecutiveSample(BaseTransform):
    """A window of consecutive (every ``step``-th) frames, as the published sampling ``conseq``.

    In training the window lies anywhere (NumPy's global random state), the last possible place included, which the published code never
    draws. In test mode it lies in the middle, so that results repeat; the published code draws it at random there too. A clip that is too
    short for the step gets the largest step that fits; one shorter than the window repeats its last frame.

    Args:
        num_frames: frames of the window.
        step: distance between frames.
        padding: ``'repeat'`` makes short clips ``num_frames`` long; ``'none'`` leaves them short (``num_frames`` of the results says how
            long), for models that mask.
        test_mode: the fixed window; a dataset in test mode gets it in any case.

    Raises:
        ValueError: settings out of range.
    """

    def __init__(self, num_frames: int, step: int = 1, padding: str = 'repeat', test_mode: bool = False) -> None:
        if num_frames < 1 or step < 1:
            raise ValueError(f'num_frames and step must be at least 1, got {num_frames} and {step}')
        if padding not in ('repeat', 'none'):
            raise ValueError(f"padding must be 'repeat' or 'none', got {padding!r}")
        self.num_frames, self.step, self.padding, self.test_mode = num_frames, step, padding, test_mode

    def windows(self, total: int, *, fixed: bool) -> Tuple[np.ndarray, np.ndarray]:
        """``(W,)`` first frames of all windows that may be taken of a clip of ``total`` frames, and the others counted from these."""
        if total < self.num_frames:
            return np.zeros(1, dtype=int), np.minimum(np.arange(self.num_frames if self.padding == 'repeat' else total), total - 1)
        step = self.step
        if step * (self.num_frames - 1) >= total:
            step = (total - 1) // max(self.num_frames - 1, 1)
        last_start = total - step * (self.num_frames - 1) - 1
        starts = np.array([last_start // 2]) if fixed else np.arange(last_start + 1)
        return starts, step * np.arange(self.num_frames)

    def indices(self, total: int, *, fixed: bool) -> np.ndarray:
        """Frame numbers of the window in a clip of ``total`` frames, at a random place or at the ``fixed`` one."""
        starts, frames = self.windows(total, fixed=fixed)
        drawn = total >= self.num_frames and not fixed  # a short clip draws nothing
        return starts[np.random.randint(0, len(starts)) if drawn else 0] + frames

    def transform(self, results: Dict) -> Dict:
        frames = self.indices(results['total_frames'], fixed=self.test_mode or results.get('test_mode', False))
        for key in ARRAY_KEYS:
            if key in results:
                results[key] = results[key][:, frames]
        results['num_frames'] = results['total_frames'] = len(frames)
        return results
