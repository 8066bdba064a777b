"""Which clips the runs of a study see, as files in its folder."""

from pathlib import Path
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence

import numpy as np
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmagenc.datasets import MotionDataset
from mmagenc.datasets.annotation import ARRAY_KEYS, save_annotation
from mmagenc.evaluation.study import ClipsPerClass, hold_out, select_clips, select_evenly
from mmagenc.evaluation.study_plan import Division, divide_groups
from mmagenc.registry import DATASETS

PARTS = ('train', 'val', 'test')


class StudyClips:
    """Reads a study's clips once, and writes those of its runs.

    Args:
        cfg: the recognizer's config, whose data loaders name the clips.
        settings: of the study.
        path: of its config, for messages.
        folder: of the study; files are written to ``data/`` in it.

    Raises:
        ValueError: from :meth:`read` and :meth:`write`: clips that no study can be made of.
    """

    def __init__(self, *, cfg: Config, settings: Mapping, path: Path, folder: Path) -> None:
        self.cfg, self.settings, self.path, self.folder = cfg, settings, path, folder

    # Files --------------------------------------------------------------------------------------------------------------------------

    def real_file(self, clips_per_class: ClipsPerClass, seed: int) -> Path:
        """A run's real training clips."""
        return self.folder / f'data/{clips_per_class}-clips_seed{seed}.npz'

    def base_file(self, seed: int) -> Path:
        """A seed's base motion, whose classes are its own."""
        return self.folder / f'data/base_seed{seed}.npz'

    def test_file(self, seed: int) -> Path:
        """A seed's test clips; in a study without groups the same for all."""
        return self.folder / (f'data/test_seed{seed}.npz' if self.settings['groups'] else 'data/test.npz')

    @property
    def val_file(self) -> Path:
        """Clips held out to pick checkpoints by; not there if the data has validation clips of its own."""
        return self.folder / 'data/val.npz'

    # Reading ------------------------------------------------------------------------------------------------------------------------

    def read(self) -> None:
        """Read all clips, and find out who trains and who tests."""
        parts = {part: self._part(part) for part in PARTS}
        self.metainfo = next(metainfo for metainfo, _ in parts.values())
        if self.settings['groups'] is None:
            self._check_apart(parts['train'].clips, parts['test'].clips)
        wanted = self._wanted
        self.parts = {part: [clip for clip in found.clips if clip['label'] in wanted] for part, found in parts.items()}
        self.base = self._read_base({clip['frame_dir']: clip for found in parts.values() for clip in found.clips},
                                    {clip['frame_dir']: clip for clip in parts['train'].clips})

    def hashed(self) -> List[Dict]:
        """All clips in order, for a digest of them."""
        return [*self.parts['train'], *self.parts['val'], *self.parts['test'], *self.base]

    @property
    def classes(self) -> List[str]:
        """Names of the actions to recognize."""
        return list(self.settings['classes'] or self.metainfo.get('classes') or ())

    @property
    def _wanted(self) -> Dict[int, int]:
        """New label of each old one."""
        names = self.metainfo.get('classes') or []
        return self._labels(self.classes, names, 'classes') if self.settings['classes'] else _Same()

    def _labels(self, wanted: Sequence[str], names: Sequence[str], key: str) -> Dict[int, int]:
        strange = [name for name in wanted if name not in names]
        if strange:
            raise ValueError(f'{self.path}: {key}: no class {strange[0]!r}; there are {", ".join(names)}')
        return {list(names).index(name): index for index, name in enumerate(wanted)}

    def _part(self, part: str) -> '_Part':
        init_default_scope('mmagenc')
        if self.cfg.get(f'{part}_dataloader') is None:
            return _Part({}, [])
        dataset = self.dataset(part)
        metainfo = {key: value for key, value in dataset.metainfo.items() if value is not None}
        return _Part(metainfo, list(dataset.annotations()))

    def dataset(self, part: str) -> MotionDataset:
        """The dataset of ``train``, ``val`` or ``test``."""
        init_default_scope('mmagenc')
        cfg = self.cfg[f'{part}_dataloader'].dataset
        while cfg.type in ('RepeatDataset', 'mmengine.RepeatDataset'):
            cfg = cfg.dataset
        dataset = DATASETS.build(cfg)
        if not isinstance(dataset, MotionDataset):
            raise ValueError(f'{self.path}: the {part} clips must come from a MotionDataset, got {type(dataset).__name__}')
        return dataset

    def _check_apart(self, train: Sequence[Dict], test: Sequence[Dict]) -> None:
        shared = sorted({clip['frame_dir'] for clip in train} & {clip['frame_dir'] for clip in test})
        if shared:
            raise ValueError(f'{self.path}: {len(shared)} clips are in the training and in the test set, such as {shared[0]}')

    def _read_base(self, all_clips: Mapping[str, Dict], train_clips: Mapping[str, Dict]) -> List[Dict]:
        """Clips that may be base motion, labelled by its own classes; of the same data without groups, its training clips alone."""
        base = self.settings['base']
        if base is None:
            return []
        names, clips = self.metainfo.get('classes') or [], list((all_clips if self.settings['groups'] else train_clips).values())
        if base['ann_file'] is not None:
            dataset = MotionDataset(base['ann_file'], split=base['split'], fps=self.metainfo.get('fps'),
                                    metainfo=dict(skeleton=self.metainfo.get('skeleton')))
            names, clips = dataset.metainfo.get('classes') or [], list(dataset.annotations())
            shared = sorted({clip['frame_dir'] for clip in clips} & {*all_clips})
            if shared:
                raise ValueError(f'{self.path}: base: {len(shared)} of its clips are clips of the study, such as {shared[0]}')
        self.base_classes = list(base['classes'] or names)
        labels = self._labels(self.base_classes, names, 'base.classes')
        # keypoints may have been mapped from another layout, whose rotations would be of other joints
        known = {*ARRAY_KEYS} & {key for clip in self.parts['train'][:1] for key in clip}
        return [{key: value for key, value in dict(clip, label=labels[clip['label']]).items() if key in known or key not in ARRAY_KEYS}
                for clip in clips if clip['label'] in labels]

    # Writing ------------------------------------------------------------------------------------------------------------------------

    def plan(self) -> Dict[Path, 'ClipFile']:
        """What is to be written for all seeds and sizes.

        Raises:
            ValueError: clips that no study can be made of.
        """
        files = {} if self.settings['groups'] else self._planned_splits()
        for seed in self.settings['seeds']:
            division = self._division(seed) if self.settings['groups'] else None
            if division:
                files.update(self._planned_groups(seed, division))
            if self.settings['base']:
                apart = division is not None and self.settings['base']['ann_file'] is None
                clips = [clip for clip in self.base if not apart or self.group(clip) in division.base]
                files[self.base_file(seed)] = ClipFile(clips, 'train', self.base_classes)
        empty = [path.name for path, file in files.items() if not file.clips]
        if empty:
            raise ValueError(f'{self.path}: no clips for {empty[0]}')
        return files

    def write(self, plan: Mapping[Path, 'ClipFile']) -> None:
        """Write the files of a plan that are not there yet."""
        for path, file in plan.items():
            if path.is_file():
                continue
            wanted = self._wanted if file.classes is None else _Same()
            clips = [dict(clip, label=wanted[clip['label']]) for clip in file.clips]
            classes = file.classes or self.classes
            metainfo = dict(self.metainfo, classes=list(classes)) if classes else self.metainfo
            path.parent.mkdir(parents=True, exist_ok=True)
            save_annotation(dict(split={file.split: [clip['frame_dir'] for clip in clips]}, metainfo=metainfo, annotations=clips), path)

    def _planned_splits(self) -> Dict[Path, 'ClipFile']:
        train, files = self.parts['train'], {}
        test_names = {clip['frame_dir'] for clip in self.parts['test']}
        has_val = self.parts['val'] and not test_names & {clip['frame_dir'] for clip in self.parts['val']}
        if self.settings['pick'] == 'best' and not has_val:
            kept, held = hold_out([clip['label'] for clip in train], self.settings['hold_out'])
            files[self.val_file] = ClipFile([train[i] for i in held], 'val')
            train = [train[i] for i in kept]
        if self.settings['classes']:
            files[self.test_file(0)] = ClipFile(self.parts['test'], 'test')
        self._check_trained(train, self.parts['test'], 'its training clips')
        for size in self.settings['clips_per_class']:
            for seed in self.settings['seeds']:
                members = select_clips([clip['label'] for clip in train], size, seed=seed)
                files[self.real_file(size, seed)] = ClipFile([train[i] for i in members], 'train')
        return files

    def _division(self, seed: int) -> Division:
        groups, held = self.settings['groups'], {}
        for clip in self._all_clips():
            held.setdefault(self.group(clip), set()).add(self._class_name(clip['label']))
        try:
            return divide_groups(list(held), num_train=groups['train'], num_test=groups['test'], seed=seed,
                                 balanced=bool(groups['balanced']), classes=held)
        except ValueError as error:
            raise ValueError(f'{self.path}: groups: {error}') from error

    def group(self, clip: Mapping) -> str:
        """The group of a clip, in a study by groups."""
        key = self.settings['groups']['key']
        if clip.get(key) is None:
            raise ValueError(f'{self.path}: groups.key={key!r}, which clip {clip["frame_dir"]} does not have')
        return str(clip[key])

    def _planned_groups(self, seed: int, division: Division) -> Dict[Path, 'ClipFile']:
        clips = self._all_clips()
        test = [clip for clip in clips if self.group(clip) in division.test]
        files = {self.test_file(seed): ClipFile(test, 'test')}
        for size in self.settings['clips_per_class']:
            count = len(division.train) if size == 'all' else -(-size // self.settings['groups']['clips_per_group'])
            train = self._of_groups(clips, size, division.train[:count], seed)
            self._check_trained(train, test, f'seed {seed}, {size} clips a class of {_some(division.train[:count])}, tested on '
                                f'{_some(division.test)}')
            files[self.real_file(size, seed)] = ClipFile(train, 'train')
        return files

    def _all_clips(self) -> List[Dict]:
        """Clips of all splits, each once."""
        return list({clip['frame_dir']: clip for clips in self.parts.values() for clip in clips}.values())

    def _class_name(self, label: int) -> str:
        names = self.metainfo.get('classes') or []
        return names[label] if label < len(names) else f'class {label}'

    def _check_trained(self, train: Sequence[Dict], test: Sequence[Dict], where: str) -> None:
        """Refuse to test a class that nobody is trained on: no arm could ever name it.

        Raises:
            ValueError: which classes, and what to do.
        """
        lacking = sorted({clip['label'] for clip in test} - {clip['label'] for clip in train})
        if lacking:
            raise ValueError(f'{self.path}: {where}: {_some(list(map(self._class_name, lacking)))} would be tested and is not trained on. '
                             'Leave it out (study.classes names the others), or add clips of it' +
                             (' by further people' if self.settings['groups'] else ''))

    def _of_groups(self, clips: Sequence[Dict], size: ClipsPerClass, names: Sequence[str], seed: int) -> List[Dict]:
        """As many clips of every class, from all groups alike as far as they have them."""
        own = [clip for clip in clips if self.group(clip) in names]
        if size == 'all':
            return own
        try:
            chosen = select_evenly([clip['label'] for clip in own], [names.index(self.group(clip)) for clip in own], size, seed=seed)
        except ValueError as error:
            raise ValueError(f'{self.path}: {", ".join(names)}: {error}') from error
        return [own[i] for i in chosen]


def _some(names: Sequence[str]) -> str:
    return ', '.join(names[:8]) + (', …' if len(names) > 8 else '')


class ClipFile(NamedTuple):
    """Clips to be written, the one split that they are, and classes that their labels mean (``None``: the study's, from the data's)."""

    clips: List[Dict]
    split: str
    classes: Optional[List[str]] = None


class _Part(NamedTuple):
    """What a dataset says of its clips, and the clips."""

    metainfo: Dict
    clips: List[Dict]


class _Same(dict):
    """Every label is wanted, and stays."""

    def __contains__(self, key) -> bool:
        return True

    def __getitem__(self, key):
        return key


def joined(real: Mapping, base: Mapping) -> Dict:
    """One annotation of a few real clips and of base motion as further classes, the real ones repeated until they are as many.

    Args:
        real, base: annotation dicts.
    """
    classes = [*real['metainfo']['classes'], *(f'base: {name}' for name in base['metainfo']['classes'])]
    repeats = max(round(len(base['annotations']) / len(real['annotations'])), 1)
    clips = [dict(clip, frame_dir=f'{clip["frame_dir"]}#{copy}') for copy in range(repeats) for clip in real['annotations']]
    offset = len(real['metainfo']['classes'])
    clips += [dict(clip, frame_dir=f'base/{clip["frame_dir"]}', label=clip['label'] + offset) for clip in base['annotations']]
    keys = set.intersection(*({*clip} for clip in clips))
    clips = [{key: clip[key] for key in clip if key in keys} for clip in clips]
    split = dict(train=[clip['frame_dir'] for clip in clips])
    return dict(split=split, metainfo=dict(real['metainfo'], classes=classes), annotations=clips)


def restricted(probability: np.ndarray, num_classes: int) -> np.ndarray:
    """``(N,)`` most probable of the first classes, of ``(N, K)``."""
    return probability[:, :num_classes].argmax(1)
