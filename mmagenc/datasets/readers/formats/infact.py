"""The published infant sets, InfActPrimitive and InfantAction: a pickled list of clips (see :mod:`..infact`)."""

from functools import partial
from typing import Dict, Iterator, List, Optional, Tuple

from mmagenc.datasets.motion_dataset import InfActPrimitive, InfantAction
from mmagenc.datasets.readers.infact import SPLITS, read_entry
from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording
from mmagenc.datasets.readers.source import Source
from mmagenc.registry import READERS


@READERS.register_module(name='infact')
class InfAct(Reader):
    name = 'infact'
    title = 'InfActPrimitive or InfantAction'
    suffixes = ('.pkl', '.pickle')
    knows = ('3d', 'smpl', 'label', 'subject', 'split')

    def sniff(self, source: Source) -> Optional[str]:
        found = _kind(source.pickle())
        return None if found is None else f'{found[0]}, {len(source.pickle())} clips'

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        content = source.content()
        found = _kind(content)
        if found is None:
            raise ValueError('expected a list of clips with pose, keypoint, and pos_label or action_label')
        _, label_key, classes = found
        split = next((split for word, split in SPLITS.items() if word in source.path.stem.lower().split('_')), None)
        # map and not a generator: a clip that is refused does not end it
        return map(partial(_recording, source.name, split, classes, label_key), content)


def _kind(content) -> Optional[Tuple[str, str, List[str]]]:
    """Name, key of the labels and classes of the set; ``None`` if it is none."""
    if not isinstance(content, (list, tuple)) or not content or not isinstance(content[0], dict) or 'pose' not in content[0]:
        return None
    return next(((kind.__name__, kind.label_key, list(kind.METAINFO['classes'])) for kind in (InfActPrimitive, InfantAction)
                 if kind.label_key in content[0]), None)


def _recording(name: str, split: Optional[str], classes: List[str], label_key: str, entry: Dict) -> Recording:
    clip = read_entry(entry, classes, label_key)
    return Recording(name=f'{name}/{clip["frame_dir"]}', skeleton='infact17', keypoint=clip['keypoint'], label=classes[clip['label']],
                     subject=clip.get('subject'), split=split, extra={'pose': clip['pose']})
