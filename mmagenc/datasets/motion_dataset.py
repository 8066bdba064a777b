"""Datasets of clips in the annotation format."""

import copy
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Dict, List, Optional, Set, Union

from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from mmagenc.registry import DATASETS
from mmagenc.skeletons import joint_map
from mmagenc.structures import copied_clip
from mmagenc.untrusted.npy import read_npy

from .agreement import CommonRate, classes_problem, keypoints_problem, warn_of_labels
from .annotation import (
    ARRAY_KEYS,
    AnnotationError,
    checked_annotation,
    clip_problems,
    describe_problems,
    label_problem,
    load_annotation,
    normalized_clip,
    warn_left_out,
)
from .gaps import warn_of_gaps
from .layouts import with_named_layouts
from .mending import ClipMending, taken
from .readers.infact import infact_annotation, samples_annotation
from .safe_pickle import load_pickle


@DATASETS.register_module()
class MotionDataset(BaseDataset):
    """Clips of one or several annotation files.

    Args:
        ann_file: a file (``.npz`` or ``.pkl``), or several: real clips and a pool make a mixed set. All must have the same classes. A
            relative path starts from ``data_root``, if that is given.
        split: name of the split, or several; ``None`` takes all clips. Of several files some may lack it, which is logged.
        clips: names (``frame_dir``) of the clips that are taken, in this order, wherever they stand in the files; ``None`` takes all of
            the split. One that is not there is refused.
        pipeline: transforms; a sample is the annotation dict with ``skeleton``, ``modality`` and ``start_index`` beside it.
        metainfo: ``classes`` and ``skeleton`` (a name or a definition) of files that do not say them (MMAction2's). ``keypoint`` of clips
            in another layout than ``skeleton`` (default: the first file's) is brought into it where a joint map is known.
        skip_broken: leave broken clips out, with a warning that lists them, instead of refusing the file.
        fps: frame rate that all clips are brought to; ``None`` refuses files of different rates. ``metainfo=dict(fps=...)`` is the rate of
            files that do not say theirs; without it they are taken to have the rate of the others, with a warning. So are their classes.
        num_persons: persons of each clip that are kept, those who are most there (see
            :func:`~mmagenc.datasets.persons.keep_persons`); ``None`` keeps all.
        fill_gaps: ``dict(max_gap=…, method='linear', min_length=16)`` fills gaps (NaN, score 0) of up to ``max_gap`` of the file's frames
            and cuts clips with longer ones to their longest whole stretch (see :class:`~mmagenc.datasets.gaps.GapFiller`); a clip of
            which too little is left, or of which a keypoint is never seen, is broken. ``None`` fills nothing, and refuses NaN.
        third: ``'score'``: the third coordinate of files of three is a score; ``'depth'``: it is none, although it looks like one.
        Others: see :class:`mmengine.dataset.BaseDataset`. Clips stay in memory as they are (``serialize_data`` is off), so that
            :meth:`extend` can add to them.

    Raises:
        FileNotFoundError: no such file.
        AnnotationError: a broken file or clip, an unknown split, named clips that are not there, files that do not go together.
        ValueError: ``ann_file`` or ``clips`` that are no names.
    """

    def __init__(self,
                 ann_file: Union[str, Sequence[str]],
                 *,
                 split: Optional[Union[str, Sequence[str]]] = None,
                 clips: Optional[Sequence[str]] = None,
                 pipeline: Sequence = (),
                 skip_broken: bool = False,
                 fps: Optional[float] = None,
                 num_persons: Optional[int] = None,
                 fill_gaps: Optional[Dict] = None,
                 third: Optional[str] = None,
                 **kwargs) -> None:
        self.ann_files = [ann_file] if isinstance(ann_file, (str, Path)) else list(ann_file)
        if not all(map(str, self.ann_files)):
            raise ValueError(f'ann_file={ann_file!r} names no file')
        self.splits = [split] if isinstance(split, str) else split
        self.named = _checked_names(clips)
        self.skip_broken, self.fps = skip_broken, fps
        self._mending = ClipMending(third=third, num_persons=num_persons, fill_gaps=fill_gaps,
                                    skeleton=(kwargs.get('metainfo') or {}).get('skeleton'))
        kwargs.setdefault('serialize_data', False)
        super().__init__(ann_file='', pipeline=list(pipeline), **kwargs)

    @classmethod
    def _load_metainfo(cls, metainfo=None) -> Dict:
        """As MMEngine's, but strings are values and never names of files to read."""
        texts = {key: value for key, value in (metainfo or {}).items() if isinstance(value, str)}
        rest = metainfo if not texts else {key: value for key, value in metainfo.items() if key not in texts}
        try:
            return with_named_layouts(dict(super()._load_metainfo(rest), **texts))
        except ValueError as error:
            raise ValueError(f'{cls.__name__}: metainfo: {error}') from error

    def __setstate__(self, state: Dict) -> None:
        """A worker that was started anew (spawn) knows only what is built in."""
        self.__dict__.update(state)
        with_named_layouts(self._metainfo)

    def _join_prefix(self) -> None:
        super()._join_prefix()
        self.ann_files = [os.path.join(self.data_root, path) if self.data_root else path for path in self.ann_files]

    # Reading ------------------------------------------------------------------------------------------------------------------------

    def read(self, path: str) -> Dict:
        """One file as an annotation dict; what a class of one's own gives is checked and mended afterwards."""
        return load_annotation(path, skip_broken=self.skip_broken, mend=self._mending, metainfo=self._unsaid())

    def _checked(self, content: Dict, path: str) -> Dict:
        """What a class of somebody's own has read, checked and mended as a file is; what was mended already stays as it is."""
        if type(self).read.__module__.partition('.')[0] == __name__.partition('.')[0]:
            return content  # what this package reads has been
        return checked_annotation(content, source=str(path), skip_broken=self.skip_broken, mend=self._mending, metainfo=self._unsaid())

    def _unsaid(self) -> Dict:
        """What files are taken to say that do not."""
        said = {key: self._metainfo[key] for key in ('skeleton', 'third') if self._metainfo.get(key) is not None}
        return dict(said, third='depth') if self._mending.third == 'depth' else said

    def _common_rate(self) -> CommonRate:
        return CommonRate(self.fps, self._metainfo.get('fps'), advice=f'{type(self).__name__}(fps=...) or --fps of the tools resamples')

    def load_data_list(self) -> List[Dict]:
        clips, source = [], ', '.join(map(str, self.ann_files))
        members, rates, lacking, unsplit = {}, self._common_rate(), [], []
        given, self.silent = self._metainfo.get('classes'), []
        for path in self.ann_files:
            annotation = self._checked(self.read(path), path)
            self._mending.report(path)
            if not annotation['metainfo'].get('classes'):
                self.silent.append(str(path))
            self._metainfo.update({key: value for key, value in annotation['metainfo'].items() if _is_unsaid(self._metainfo.get(key))})
            for split, names in annotation['split'].items():
                members.setdefault(split, []).extend(names)
            if not annotation['split']:
                unsplit += [clip['frame_dir'] for clip in annotation['annotations']]
            if self.splits is not None and not set(self.splits) & set(annotation['split']):
                lacking.append((path, annotation['split'], len(annotation['annotations'])))
            read = rates.bring(self._read_clips(annotation, path), annotation['metainfo'].get('fps'), path)
            problem = keypoints_problem(clips, read)
            if problem:
                raise AnnotationError(f'{path}: {problem}')
            clips += read
        rates.warn()
        if self.silent and self._metainfo.get('classes') and not given:
            warn_of_labels(self.silent, self._metainfo['classes'])
        if rates.rate is not None:
            self._metainfo['fps'] = rates.rate
        if self._mending.filler is None:
            warn_of_gaps(clips, source)
        self._warn_of_paths(clips, source)
        self._metainfo = with_named_layouts(self._metainfo)
        self._members, self._unsplit = members, unsplit
        missing = [split for split in self.splits or () if split not in members]
        if missing:
            raise AnnotationError(f'{source}: no split {missing}; found {sorted(members)}')
        for path, splits, count in lacking:
            print_log(f'{path}: no split {list(self.splits)}, which other files of the list have: none of its {count} clips is taken here; '
                      f'it has {sorted(splits)}', logger='current', level=logging.INFO if splits or self.test_mode else logging.WARNING)
        if not clips:
            of_split = f' of split {", ".join(self.splits)}' if self.splits else ''
            left = ' are left; what skip_broken leaves out, and why, a warning before this says' if self.skip_broken else ''
            raise AnnotationError(f'{source or "ann_file=[]"}: no clips{of_split}{left}')
        clips = self._named_clips(self._with_one_name_each(clips, source), source)
        self._shared = shared_arrays(clips)
        return clips

    def _warn_of_paths(self, clips: List[Dict], source: str) -> None:
        """Say of how many clips the class changes on the way, which their label does not tell."""
        changing = [clip for clip in clips if 'class_path' in clip and len(set(clip['class_path'].argmax(axis=1))) > 1]
        if changing and not self.test_mode:
            first, classes = changing[0], self._metainfo.get('classes')
            label = classes[first['label']] if classes else first['label']
            print_log(f'{source}: in {len(changing)} of {len(clips)} clips the class changes on the way (class_path), such as '
                      f'{first["frame_dir"]}: each counts wholly as the class that it shows most, this one as {label}', logger='current',
                      level=logging.WARNING)

    def _named_clips(self, clips: List[Dict], source: str) -> List[Dict]:
        """Those that the settings name, in their order; all, where they name none."""
        if self.named is None:
            return clips
        found = {clip['frame_dir']: clip for clip in clips}
        missing = [name for name in self.named if name not in found]
        if missing:
            where = f' in split {", ".join(self.splits)}' if self.splits else ''
            raise AnnotationError(f'{source}: {len(missing)} of the {len(self.named)} clips that this set names (clips=[…]) are not '
                                  f'there{where}, such as {missing[0]}: a file that was written anew has other names, or lacks them')
        return [found[name] for name in self.named]

    def _read_clips(self, annotation: Dict, path) -> List[Dict]:
        """The clips of this dataset's splits in a file, in this dataset's layout."""
        classes = self._metainfo.get('classes')
        problem = classes_problem(classes, annotation['metainfo'].get('classes'))
        if problem:
            raise AnnotationError(f'{path}: {problem}')
        up, their_up = self._metainfo.get('up'), annotation['metainfo'].get('up')
        if up and their_up and up != their_up:
            raise AnnotationError(f'{path}: its {their_up} axis points up, that of the files before {up}: turn the clips of one of them')
        clips = annotation['annotations']
        if self.splits is not None:
            known = [split for split in self.splits if split in annotation['split']]
            if not known and len(self.ann_files) == 1:
                raise AnnotationError(f'{path}: no split {list(self.splits)}; it has {sorted(annotation["split"])}')
            members = {name for split in known for name in annotation['split'][split]}
            clips = [clip for clip in clips if clip['frame_dir'] in members]
        for index, clip in enumerate(clips):
            problem = label_problem(clip['label'], classes)
            if problem:
                raise AnnotationError(f'{path}: clip {index} ({clip["frame_dir"]}): {problem}')
        try:
            return [self._to_layout(clip, annotation['metainfo'].get('skeleton')) for clip in clips]
        except ValueError as error:
            raise AnnotationError(f'{path}: {error}') from error

    def _to_layout(self, clip: Dict, skeleton: Optional[str]) -> Dict:
        """The clip with its keypoints in this dataset's layout; ``skeleton`` is its own, unless it names one itself."""
        clip, target = dict(clip), self._metainfo.get('skeleton')
        skeleton = clip.pop('skeleton', None) or skeleton
        if skeleton is None or target is None or skeleton == target:
            return clip
        return dict(clip, **taken(clip, joint_map(skeleton, target)))

    def _with_one_name_each(self, clips: List[Dict], source: str) -> List[Dict]:
        """Files may repeat each other's names although none repeats its own."""
        first = {}
        for index, clip in enumerate(clips):
            first.setdefault(clip['frame_dir'], index)
        problems = [(index, clip['frame_dir'], f'the same frame_dir as clip {first[clip["frame_dir"]]} of these files')
                    for index, clip in enumerate(clips) if first[clip['frame_dir']] != index]
        if problems and not self.skip_broken:
            raise AnnotationError(describe_problems(problems, source=source, total=len(clips)))
        warn_left_out(problems, source=source, total=len(clips))
        return [clips[index] for index in first.values()]

    # Use ----------------------------------------------------------------------------------------------------------------------------

    @property
    def num_classes(self) -> int:
        """Number of classes; raises ``ValueError`` where neither the files nor ``metainfo`` name them."""
        self.full_init()
        if not self._metainfo.get('classes'):
            raise ValueError(f'{", ".join(map(str, self.ann_files))}: no class names; give metainfo=dict(classes=[...])')
        return len(self._metainfo['classes'])

    def annotations(self) -> 'ClipList':
        """The clips in order: those of the files, then those added. What is taken out of the list is a copy."""
        self.full_init()
        if self.serialize_data:
            clips = [super(MotionDataset, self).get_data_info(index) for index in range(len(self))]
        else:
            clips = list(self.data_list)
        return ClipList(clips, self._metainfo.get('skeleton'))

    def get_cat_ids(self, idx: int) -> List[int]:
        """The class of a clip, in a list, as MMEngine's ``ClassBalancedDataset`` asks for it."""
        return [int(self._clip(idx)['label'])]

    @property
    def split_names(self) -> List[str]:
        """Names of the splits that the files have."""
        self.full_init()
        return sorted(self._members)

    def members(self, split: str) -> List[str]:
        """Names of the clips that the files have in a split; of one that none has, none."""
        self.full_init()
        return list(self._members.get(split, ()))

    @property
    def unsplit(self) -> List[str]:
        """Names of the clips of files that have no splits."""
        self.full_init()
        return list(self._unsplit)

    def extend(self, annotations: Sequence[Dict]) -> None:
        """Add clips, in this dataset's layout and frame rate or with their own named as ``skeleton`` and ``fps``.

        Raises:
            AnnotationError: broken clips, or names that are there already; nothing is added.
            ValueError: ``serialize_data`` is on.
        """
        self.full_init()
        if self.serialize_data:
            raise ValueError('a dataset that grows needs serialize_data=False')
        clips = self.adopted(annotations)
        self.data_list.extend(clips)
        self.share_arrays(clips)

    def adopted(self, annotations: Sequence[Dict], *, source: str = 'added clips') -> List[Dict]:
        """Clips as :meth:`extend` takes them, checked and in this dataset's layout and frame rate; the dataset stays as it is.

        Args:
            annotations: the clips.
            source: what they are called where one is refused.

        Raises:
            AnnotationError: broken clips, or names that are there already.
        """
        self.full_init()
        clips = [normalized_clip(clip) for clip in annotations]
        known = (self.data_list[index]['frame_dir'] for index in range(len(self.data_list)))
        problems = list(clip_problems(clips, self._metainfo, known=known))
        if problems:
            raise AnnotationError(describe_problems(problems, source=source, total=len(clips)))
        clips = self._common_rate().bring(clips, None, source)
        try:
            return [self._to_layout(clip, self._metainfo.get('skeleton')) for clip in clips]
        except ValueError as error:
            raise AnnotationError(f'{source}: {error}') from error

    def share_arrays(self, clips: Sequence[Dict]) -> None:
        """From now on samples have only those arrays that these clips have too, as if the clips were in the dataset."""
        self.full_init()
        self._shared &= shared_arrays(clips)

    def get_data_info(self, idx: int) -> Dict:
        """A sample before the pipeline.

        It has the arrays that *every* clip of the dataset has, so that samples of recordings (with ``transl``, say) and of a pool
        (without) go into one batch. It is a copy throughout: some of MMAction2's transforms write into what they are given.
        """
        return dict(self._before_pipeline(self._clip(idx)), sample_idx=idx % len(self))

    def _clip(self, idx: int) -> Dict:
        """A clip as it is kept, no copy of it."""
        self.full_init()
        return super().get_data_info(idx) if self.serialize_data else self.data_list[idx]

    def _before_pipeline(self, clip: Dict) -> Dict:
        sample = copied_clip({key: value for key, value in clip.items() if key not in ARRAY_KEYS or key in self._shared})
        sample.update(skeleton=self._metainfo.get('skeleton'), start_index=0, modality='Pose', test_mode=self.test_mode)
        return sample

    def prepare_data(self, idx: int):
        """A sample behind the pipeline; its data sample says the clip's ``source``, where the clip does."""
        info = self.get_data_info(idx)
        return with_source(self.pipeline(info), info.get('source'))

    def sample_of(self, clip: Dict) -> Dict:
        """What the pipeline makes of a clip that is none of the dataset's, such as :meth:`adopted` gives it.

        Raises:
            AnnotationError: the pipeline drops it, or it lacks an array that the dataset's clips have.
        """
        self.full_init()
        missing = sorted(self._shared - clip.keys())
        if missing:
            raise AnnotationError(f'clip {clip["frame_dir"]} has no {" and no ".join(missing)}, as the clips of this dataset have')
        sample = self.pipeline(dict(self._before_pipeline(clip), sample_idx=-1))
        if sample is None:
            raise AnnotationError(f'clip {clip["frame_dir"]}: the pipeline drops it')
        return with_source(sample, clip.get('source'))


def _checked_names(names: Optional[Sequence[str]]) -> Optional[List[str]]:
    if names is None:
        return None
    if isinstance(names, str) or not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise ValueError(f'clips must be a list of names (frame_dir), got {str(names)[:60]!r}')
    if len(set(names)) < len(names):
        raise ValueError(f'clips names {next(name for name in names if list(names).count(name) > 1)} twice')
    return list(names)


def with_source(sample: Optional[Dict], source: Optional[str]) -> Optional[Dict]:
    """A packed sample whose data sample says where its clip comes from (``'real'`` or ``'synthetic'``), if that is known."""
    packed = sample.get('data_samples') if isinstance(sample, dict) else None
    if source is not None and hasattr(packed, 'set_metainfo'):
        packed.set_metainfo(dict(source=source))
    return sample


class ClipList(Sequence):
    """Clips that nobody can write into: each one taken out is a copy, made when it is taken.

    Args:
        clips: annotation dicts.
        skeleton: layout of their keypoints, which the copies name, for transforms that need to know it.
    """

    def __init__(self, clips: Sequence[Dict], skeleton: Optional[str] = None) -> None:
        self._clips, self._skeleton = clips, skeleton

    def __len__(self) -> int:
        return len(self._clips)

    def __getitem__(self, index):
        """A copy of one clip, or of a slice another list of this kind."""
        if isinstance(index, slice):
            return ClipList(self._clips[index], self._skeleton)
        clip = copied_clip(self._clips[index])
        if self._skeleton is not None:
            clip['skeleton'] = self._skeleton
        return clip

    def __add__(self, clips: Sequence[Dict]) -> 'ClipList':
        return ClipList([*self._clips, *(clips._clips if isinstance(clips, ClipList) else clips)], self._skeleton)

    def values(self, key: str, default=None) -> List:
        """What each clip has under a key that is a plain value (``label``, ``frame_dir``, …), without copying the clips."""
        return [copy.deepcopy(clip[key] if default is None else clip.get(key, default)) for clip in self._clips]

    def chosen(self, indices: Sequence[int]) -> 'ClipList':
        """The clips at these places, as another list of this kind."""
        return ClipList([self._clips[index] for index in indices], self._skeleton)


def _is_unsaid(value) -> bool:
    """Whether metainfo says nothing: ``None``, or a list of nothing."""
    return value is None or isinstance(value, (list, tuple)) and not value


def shared_arrays(clips: Sequence[Dict]) -> Set[str]:
    """Array keys that all clips have."""
    return {key for key in ARRAY_KEYS if all(key in clip for clip in clips)}


class _PublishedInfants(MotionDataset):
    """Published infant files (recordings, or clips of the published generator) or annotation files (a pool), by suffix and content."""

    label_key = ''
    places = ''
    standin_config = ''

    def read(self, path: str) -> Dict:
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(
                f'{path}: no such file. {type(self).__name__} is expected where it is published ({self.places}). Without it, '
                f'`mmagenc standin` synthesizes stand-in data, which {self.standin_config} uses')
        if path.suffix == '.npz':
            return super().read(path)
        if path.suffix == '.npy':
            return samples_annotation(read_npy(path), path=path, classes=self.METAINFO['classes'], skip_broken=self.skip_broken,
                                      mend=self._mending)
        content = load_pickle(path)
        if isinstance(content, dict):
            return checked_annotation(
                content, source=str(path), skip_broken=self.skip_broken, mend=self._mending, metainfo=self._unsaid())
        return infact_annotation(content, path=path, classes=self.METAINFO['classes'], label_key=self.label_key,
                                 skip_broken=self.skip_broken, mend=self._mending)


@DATASETS.register_module()
class InfActPrimitive(_PublishedInfants):
    """InfActPrimitive as InfAGenC publishes it: 5 postures, 60 frames, ``primitive_{train,validate,test}.pkl``."""

    METAINFO = dict(classes=['Supine', 'Prone', 'Sitting', 'Standing', 'All-fours'], skeleton='infact17')
    label_key = 'pos_label'
    places = 'data/InfActPrimitive/Data/primitive_{train,validate,test}.pkl'
    standin_config = 'configs/infagenc/quick.py'


@DATASETS.register_module()
class InfantAction(_PublishedInfants):
    """InfantAction as InfAGenC publishes it: 4 actions, 90 frames, ``{train,test}_trans_data.pkl``."""

    METAINFO = dict(classes=['Crawling', 'Sitting', 'Standing', 'Rolling'], skeleton='infact17')
    label_key = 'action_label'
    places = 'data/InfActPlus/{train,test}_trans_data.pkl'
    standin_config = 'configs/_base_/datasets/standin_action_90f.py'
