"""Motion from elsewhere, to pretrain on: of any classes, or of none."""

import contextlib
from collections.abc import Sequence
from typing import Dict, List, Optional, Union

import numpy as np

from mmagenc.registry import DATASETS

from .annotation import AnnotationError, is_unlabelled, load_annotation
from .motion_dataset import MotionDataset

ONE_CLASS = ['motion']
"""The class of all clips whose labels do not count."""


@DATASETS.register_module()
class BaseMotion(MotionDataset):
    """Clips of one or several annotation files for pretraining.

    Other than :class:`MotionDataset`, files may have classes of their own: those of all files are joined by name, those without a clip
    here left out, and labels become indices into what is left (``metainfo['classes']``). Clips of other layouts and frame rates are
    brought over as there.

    Args:
        ann_file: a file, or several.
        labelled: ``False`` leaves labels aside, which clips then need not have: all are of one class.
        classes: of the files, those that are taken; ``None`` takes all.
        exclude_subjects: clips of these subjects (``subject`` of a clip: a person, or a style) are left out.
        exclude: clips of these names (``frame_dir``) are left out, such as those that the pretrained model is tested on.
        split, pipeline, metainfo, fps, …: see :class:`MotionDataset`; ``metainfo['classes']`` names those of files that do not say theirs.

    Raises:
        FileNotFoundError: no such file.
        AnnotationError: a broken file or clip, a class or subject that no clip has, or nothing left to learn from.
    """

    def __init__(self,
                 ann_file: Union[str, Sequence[str]],
                 *,
                 labelled: bool = True,
                 classes: Optional[Sequence[str]] = None,
                 exclude_subjects: Sequence[str] = (),
                 exclude: Sequence[str] = (),
                 **kwargs) -> None:
        self.labelled, self.only = labelled, None if classes is None else list(classes)
        self.exclude_subjects, self.exclude = set(map(str, exclude_subjects)), set(exclude)
        super().__init__(ann_file, **kwargs)

    def load_data_list(self) -> List[Dict]:
        files = {path: self._all_of(path) for path in self.ann_files}
        chosen = {path: self._chosen(content) for path, content in files.items()}
        self._check_names(list(files.values()), [clip for clips in chosen.values() for clip in clips])
        classes = self._joined_classes(files, chosen) if self.labelled else ONE_CLASS
        self._metainfo['classes'], self._files = classes, {}
        for path, content in files.items():
            clips = [dict(clip, label=self._label(clip, content, classes)) for clip in chosen[path]]
            self._files[path] = dict(content, annotations=clips, metainfo=dict(content['metainfo'], classes=classes))
        try:
            return super().load_data_list()
        finally:
            del self._files

    def read(self, path: str) -> Dict:
        return self._files[path]

    def _all_of(self, path: str) -> Dict:
        """A file as it is, but for what is lacking in its metainfo."""
        content = load_annotation(
            path, skip_broken=self.skip_broken, mend=self._mending, metainfo=self._unsaid(), unlabelled=not self.labelled)
        self._mending.report(path)
        named = content['metainfo'].get('classes') or self._metainfo.get('classes')
        return dict(content, metainfo=dict(content['metainfo'], classes=named))

    def _chosen(self, content: Dict) -> List[Dict]:
        """The clips of the file that are wanted, by split, class, subject and name."""
        members = None if self.splits is None else {name for split in self.splits for name in content['split'].get(split, ())}
        return [clip for clip in content['annotations']
                if (members is None or clip['frame_dir'] in members) and clip['frame_dir'] not in self.exclude
                and str(clip.get('subject')) not in self.exclude_subjects
                and (self.only is None or _class_name(clip, content) in self.only)]

    def _check_names(self, contents: List[Dict], clips: List[Dict]) -> None:
        """Refuse what would silently take more or fewer clips than is meant."""
        source = ', '.join(map(str, self.ann_files))
        everything = [(clip, content) for content in contents for clip in content['annotations']]
        subjects = {str(clip['subject']) for clip, _ in everything if clip.get('subject') is not None}
        unknown = sorted(self.exclude_subjects - subjects)
        if unknown:
            raise AnnotationError(f'{source}: no clip has the subject {unknown[0]!r} that is to be left out; there are '
                                  f'{", ".join(sorted(subjects)) or "none"}')
        names = {_class_name(clip, content) for clip, content in everything} - {None}
        unknown = [name for name in self.only or () if name not in names]
        if unknown:
            raise AnnotationError(f'{source}: no clip is of the class {unknown[0]!r}; there are {", ".join(sorted(names)) or "none"}')
        if not clips:
            raise AnnotationError(f'{source}: no clips are left to pretrain on, of {len(everything)} in the files')

    def _joined_classes(self, files: Dict[str, Dict], chosen: Dict[str, List[Dict]]) -> List[str]:
        """Names of the classes that have a clip, in the order of the files."""
        known = [name for content in files.values() for name in content['metainfo']['classes'] or ()]
        found = {_class_name(clip, files[path]) for path, clips in chosen.items() for clip in clips}
        unnamed = sorted(found - set(known), key=lambda name: (len(name), name))
        return [name for name in dict.fromkeys([*known, *unnamed]) if name in found]

    def _label(self, clip: Dict, content: Dict, classes: List[str]) -> int:
        return classes.index(_class_name(clip, content)) if self.labelled else 0


def _class_name(clip: Dict, content: Dict) -> Optional[str]:
    """A clip's class by its name, or by its number where the file names none."""
    if is_unlabelled(clip):
        return None
    label, classes = int(np.asarray(clip['label'])), content['metainfo']['classes']
    with contextlib.suppress(IndexError):
        return classes[label] if classes else f'class {label}'
    return None
