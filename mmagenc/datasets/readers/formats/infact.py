"""The published infant sets, InfActPrimitive and InfantAction: a pickled list of clips (see :mod:`..infact`)."""

from functools import partial
from typing import Dict, Iterator, List, Optional, Tuple, Union

from mmagenc.datasets.motion_dataset import InfActPrimitive, InfantAction
from mmagenc.datasets.readers.infact import SPLITS, read_entry
from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording, Unusable, each
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

    def read(self, source: Source, options: ReadOptions) -> Iterator[Union[Recording, Unusable]]:
        content = source.content()
        found = _kind(content)
        if found is None:
            raise ValueError('expected a list of clips with pose, keypoint, and pos_label or action_label')
        _, label_key, classes = found
        split = next((split for word, split in SPLITS.items() if word in source.path.stem.lower().split('_')), None)
        return each(partial(_recording, split, classes, label_key), ((f'{source.name}/{_clip_name(entry, index)}', entry)
                                                                     for index, entry in enumerate(content)))


def _kind(content) -> Optional[Tuple[str, str, List[str]]]:
    """Name, key of the labels and classes of the set; ``None`` if it is none."""
    if not isinstance(content, (list, tuple)) or not content or not isinstance(content[0], dict) or 'pose' not in content[0]:
        return None
    return next(((kind.__name__, kind.label_key, list(kind.METAINFO['classes'])) for kind in (InfActPrimitive, InfantAction)
                 if kind.label_key in content[0]), None)


def _clip_name(entry, index: int) -> str:
    return str(entry['frame_dir']) if isinstance(entry, dict) and 'frame_dir' in entry else str(index)


def _recording(split: Optional[str], classes: List[str], label_key: str, name: str, entry: Dict) -> Recording:
    clip = read_entry(entry, classes, label_key)
    return Recording(name=name, skeleton='infact17', keypoint=clip['keypoint'], label=classes[clip['label']], classes=classes,
                     subject=clip.get('subject'), split=split, extra={'pose': clip['pose']})
