"""Datasets of clips in the annotation format."""

from pathlib import Path
from typing import Dict, List, Optional, Sequence, Union

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from mmagenc.registry import DATASETS
from mmagenc.skeletons import joint_map

from .annotation import AnnotationError, clip_problems, describe_problems, load_annotation


@DATASETS.register_module()
class MotionDataset(BaseDataset):
    """Clips of one or several annotation files.

    Args:
        ann_file: a file (``.npz`` or ``.pkl``), or several: real clips and a pool make a mixed set. All must have the same classes;
            ``keypoint`` of a later file is brought into the first one's layout where a joint map is known.
        split: name of the split, or several; ``None`` takes all clips.
        pipeline: transforms; a sample is the annotation dict with ``skeleton``, ``modality`` and ``start_index`` beside it.
        skip_broken: leave broken clips of published files out, with a warning that lists them, instead of refusing the file.
        Others: see :class:`mmengine.dataset.BaseDataset`. Clips stay in memory as they are (``serialize_data`` is off), so that
            :meth:`extend` can add to them.

    Raises:
        FileNotFoundError: no such file.
        AnnotationError: a broken file or clip, an unknown split, files that do not go together.
    """

    def __init__(self,
                 ann_file: Union[str, Sequence[str]],
                 *,
                 split: Optional[Union[str, Sequence[str]]] = None,
                 pipeline: Sequence = (),
                 skip_broken: bool = False,
                 **kwargs) -> None:
        self.ann_files = [ann_file] if isinstance(ann_file, (str, Path)) else list(ann_file)
        self.splits = [split] if isinstance(split, str) else split
        self.skip_broken = skip_broken
        kwargs.setdefault('serialize_data', False)
        super().__init__(ann_file='', pipeline=list(pipeline), **kwargs)

    def read(self, path: str) -> Dict:
        """One file as an annotation dict."""
        return load_annotation(path)

    def load_data_list(self) -> List[Dict]:
        if not self.ann_files:
            raise AnnotationError('ann_file names no file')
        clips = []
        for path in self.ann_files:
            annotation = self.read(path)
            if not self._metainfo.get('skeleton'):
                self._metainfo.update({key: value for key, value in annotation['metainfo'].items() if key not in self._metainfo})
            self._check_classes(annotation['metainfo'], path)
            clips += [self._to_layout(clip, annotation['metainfo'].get('skeleton')) for clip in self._of_split(annotation, path)]
        self._check_names(clips, ', '.join(map(str, self.ann_files)))
        return clips

    def _of_split(self, annotation: Dict, path) -> List[Dict]:
        if self.splits is None:
            return annotation['annotations']
        known = [split for split in self.splits if split in annotation['split']]
        if not known:
            raise AnnotationError(f'{path}: no split {self.splits}; it has {sorted(annotation["split"])}')
        members = {name for split in known for name in annotation['split'][split]}
        return [clip for clip in annotation['annotations'] if clip['frame_dir'] in members]

    def _check_classes(self, metainfo: Dict, path) -> None:
        mine, theirs = self._metainfo.get('classes'), metainfo.get('classes')
        if mine and theirs and list(mine) != list(theirs):
            raise AnnotationError(f'{path}: classes {list(theirs)} differ from {list(mine)}')

    def _check_names(self, clips: List[Dict], source: str) -> None:
        problems = [problem for problem in clip_problems(clips, self._metainfo) if problem[2].startswith('the same frame_dir')]
        if problems:
            raise AnnotationError(describe_problems(problems, source=source, total=len(clips)))

    def _to_layout(self, clip: Dict, skeleton: Optional[str]) -> Dict:
        target = self._metainfo.get('skeleton')
        if skeleton is None or target is None or skeleton == target:
            return clip
        indices = joint_map(skeleton, target)
        return dict(clip, **{key: np.take(clip[key], indices, axis=2) for key in ('keypoint', 'keypoint_score') if key in clip})

    @property
    def num_classes(self) -> int:
        return len(self.metainfo['classes'])

    def annotations(self) -> List[Dict]:
        """The clips, real ones first, in order (a new list of the same dicts)."""
        self.full_init()
        return list(self.data_list)

    def extend(self, annotations: Sequence[Dict]) -> None:
        """Add clips in this dataset's layout.

        Raises:
            AnnotationError: broken clips, or names that are there already; nothing is added.
        """
        self.full_init()
        if self.serialize_data:
            raise ValueError('a dataset that grows needs serialize_data=False')
        problems = [problem for problem in clip_problems([*self.data_list, *annotations], self._metainfo) if problem[0] >= len(self.data_list)]
        if problems:
            raise AnnotationError(describe_problems(problems, source='added clips', total=len(annotations)))
        self.data_list.extend(annotations)

    def get_data_info(self, idx: int) -> Dict:
        self.full_init()
        sample = dict(self.data_list[idx], start_index=0, modality='Pose', test_mode=self.test_mode, sample_idx=idx)
        sample.setdefault('skeleton', self._metainfo.get('skeleton'))
        return sample


class _PublishedInfants(MotionDataset):
    """Published infant files, or annotation files (a pool), by suffix and content."""

    label_key = ''
    places = ''

    def read(self, path: str) -> Dict:
        from .readers.infact import read_infact
        from .safe_pickle import load_pickle
        if not Path(path).is_file():
            raise FileNotFoundError(
                f'{path}: no such file. {type(self).__name__} is expected as published ({self.places}). Without it, '
                '`python tools/data/make_standin.py` synthesizes stand-in data for configs/infagenc/quick.py')
        if Path(path).suffix == '.npz' or isinstance(load_pickle(path), dict):
            return super().read(path)
        annotation = read_infact(path, classes=self.METAINFO['classes'], label_key=self.label_key, skip_broken=self.skip_broken)
        skipped = annotation['metainfo'].pop('skipped')
        if skipped:
            print_log(f'{path}: left out {len(skipped)} broken clips\n  ' + '\n  '.join(skipped), logger='current', level=30)
        return annotation


@DATASETS.register_module()
class InfActPrimitive(_PublishedInfants):
    """InfActPrimitive as InfAGenC publishes it: 5 postures, 60 frames, ``primitive_{train,validate,test}.pkl``."""

    METAINFO = dict(classes=['Supine', 'Prone', 'Sitting', 'Standing', 'All-fours'], skeleton='infact17')
    label_key = 'pos_label'
    places = 'data/InfActPrimitive/Data/primitive_{train,validate,test}.pkl'


@DATASETS.register_module()
class InfantAction(_PublishedInfants):
    """InfantAction as InfAGenC publishes it: 4 actions, 90 frames, ``{train,test}_trans_data.pkl``."""

    METAINFO = dict(classes=['Crawling', 'Sitting', 'Standing', 'Rolling'], skeleton='infact17')
    label_key = 'action_label'
    places = 'data/InfActPlus/{train,test}_trans_data.pkl'
