"""Points that were not seen."""

from typing import Dict

from mmcv.transforms import BaseTransform

from mmagenc.datasets.gaps import GapFiller
from mmagenc.registry import TRANSFORMS


@TRANSFORMS.register_module()
class FillGaps(BaseTransform):
    """Fill gaps of a clip, and cut it where they are too long, as ``fill_gaps`` of the dataset does (see
    :class:`~mmagenc.datasets.gaps.GapFiller`).

    It goes before what samples frames. Files with NaN need the dataset's option, which works before they are checked.

    Args:
        max_gap: longest gap that is filled, in frames.
        method: ``'linear'`` or ``'spline'``.
        min_length: fewest frames of a clip that has to be cut.

    Raises:
        ValueError: settings out of range; a clip with a keypoint that is never seen, or of which less than ``min_length`` is left.
    """

    def __init__(self, max_gap: int, method: str = 'linear', min_length: int = 16) -> None:
        self.filler = GapFiller(max_gap, method, min_length)

    def transform(self, results: Dict) -> Dict:
        try:
            filled = self.filler(results, results.get('skeleton'))
        except ValueError as error:
            raise ValueError(f'clip {results.get("frame_dir")}: {error}') from None
        if 'num_frames' in filled:
            filled['num_frames'] = filled['total_frames']
        return filled
