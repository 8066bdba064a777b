"""NTU RGB+D as CTR-GCN and those after it train on it (FR-Head, HD-GCN, InfoGCN, SkeletonMAE): an ``.npz`` of ``x_train``, ``y_train``,
``x_test`` and ``y_test``, without names of clips.

Arrays ``(N, T, 150)`` of two persons with 25 joints, ``(N, T, 75)`` of one, or ``(N, 3, T, 25, M)``; labels by number or one-hot.
"""

from typing import Dict, Iterator, Optional, Tuple, Union

from mmagenc.datasets.readers.ntu_benchmark import ACTIONS
from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording, Unusable
from mmagenc.datasets.readers.skeleton_arrays import iterate_npz
from mmagenc.datasets.readers.source import Source
from mmagenc.registry import READERS

from .ntu import FPS

JOINTS = 25
WIDTHS = {3 * JOINTS: 1, 6 * JOINTS: 2}
"""Persons by the numbers of a frame."""
NTU_CLASSES = (60, 120)


@READERS.register_module(name='ctrgcn')
class CtrGcn(Reader):
    name = 'ctrgcn'
    title = "NTU RGB+D as CTR-GCN's arrays"
    suffixes = ('.npz', )
    knows = ('3d', 'persons', 'label', 'split', 'fps')

    def sniff(self, source: Source) -> Optional[str]:
        shapes = source.arrays() or {}
        found = _splits(shapes)
        return f'{sum(shapes[f"x_{split}"][0] for split in found)} clips of NTU RGB+D' if found else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Union[Recording, Unusable]]:
        shapes = source.arrays() or {}
        found = _splits(shapes)
        if not found:
            raise ValueError(f'expected x_train (N, T, 150) or (N, 3, T, 25, M) and y_train, found {", ".join(shapes) or "nothing"}')
        persons = max(found.values())
        widths = {shapes[f'y_{split}'][1] for split in found if len(shapes[f'y_{split}']) == 2}
        names = ACTIONS[:widths.pop()] if len(widths) == 1 and widths <= {*NTU_CLASSES} else ()
        notes = () if names else ('the file has numbers of classes and no names: they are called by their numbers', )
        for split, clip, reason in iterate_npz(source.path, num_joints=JOINTS, num_persons=persons):
            if clip is None:
                yield Unusable(source.name, reason)
                continue
            label = names[clip['label']] if names else str(clip['label'])
            yield Recording(f'{source.name}/{clip["frame_dir"]}', 'ntu25', keypoint=clip['keypoint'], fps=FPS, label=label,
                            classes=names, split=split, notes=notes)


def _splits(shapes: Dict[str, Optional[Tuple[int, ...]]]) -> Dict[str, int]:
    """Persons of each split that is there; none if an array has another shape."""
    found = {}
    for split in ('train', 'val', 'test'):
        shape, labels = shapes.get(f'x_{split}'), shapes.get(f'y_{split}')
        if shape is None or labels is None:
            continue
        flat, solid = len(shape) == 3 and shape[2] in WIDTHS, len(shape) == 5 and shape[1] == 3 and shape[3] == JOINTS
        if not flat and not solid:
            return {}
        found[split] = WIDTHS[shape[2]] if flat else shape[4]
    return found
