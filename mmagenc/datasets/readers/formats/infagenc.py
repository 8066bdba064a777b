"""Clips that the published InfAGenC code generated: a dict of lists in an ``.npy`` (see :mod:`..infact`)."""

from functools import partial
from typing import Dict, Iterator, List, Optional, Tuple, Union

import numpy as np

from mmagenc.datasets.motion_dataset import InfActPrimitive, InfantAction
from mmagenc.datasets.readers.infact import is_samples, read_sample, sample_entries
from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording, Unusable, each
from mmagenc.datasets.readers.source import Source
from mmagenc.registry import READERS

SETS = {len(kind.METAINFO['classes']): kind for kind in (InfActPrimitive, InfantAction)}
"""The published ones, by their number of classes."""


@READERS.register_module(name='infagenc')
class InfAGenC(Reader):
    name = 'infagenc'
    title = "InfAGenC's generated clips"
    suffixes = ('.npy', )
    knows = ('3d', 'smpl', 'label')

    def sniff(self, source: Source) -> Optional[str]:
        content = source.array()
        return f'{len(content["y"])} generated clips of InfAGenC' if is_samples(content) else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Union[Recording, Unusable]]:
        entries = sample_entries(source.content(), source.path.stem)
        classes, notes = _classes(entries)
        folder = source.name.rpartition('/')[0]
        return each(partial(_recording, classes, notes),
                    ((f'{folder}/{entry["frame_dir"]}' if folder else entry['frame_dir'], entry) for entry in entries))


def _classes(entries: List[Dict]) -> Tuple[List[str], Tuple[str, ...]]:
    """Names of the classes, and what was assumed: the loop's file has a score of each, of the other the labels alone tell how many."""
    scored = 'score' in entries[0]
    count = np.size(entries[0]['score']) if scored else 1 + max(int(entry['y']) for entry in entries)
    if count not in SETS:
        return [str(index) for index in range(count)], ('the file has numbers of classes and no names: they are called by their numbers', )
    kind, what = SETS[count], 'scores' if scored else 'labels'
    return list(kind.METAINFO['classes']), (f'its {count} {what} are taken for the classes of {kind.__name__}', )


def _recording(classes: List[str], notes: Tuple[str, ...], name: str, entry: Dict) -> Recording:
    clip = read_sample(entry, classes)
    extra = {key: clip[key] for key in ('pose', 'source', 'score', 'epoch') if key in clip}
    return Recording(name=name, skeleton='infact17', keypoint=clip['keypoint'], label=classes[clip['label']], classes=classes, notes=notes,
                     extra=extra)
