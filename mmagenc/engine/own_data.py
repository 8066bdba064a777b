"""A config of a few lines for recordings of one's own: what the annotation file says is not said again.

``configs/infagenc/own_*.py`` (``own_2d.py``, ``own_smpl.py``, ``own_slt.py`` …) hold a dict ``own_data``; :func:`complete_config` reads the
file that it names and fills classes, layout, channels, persons, frame rate, splits and schedule into the config. What comes out is a config
like any other: MMEngine writes it into the work folder, where it runs without ``own_data``.
"""

import copy
import inspect
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Set

import numpy as np
from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmagenc.body_models.postures import find_up
from mmagenc.clips import USUAL_FPS, USUAL_LAYOUTS
from mmagenc.datasets.annotation import AnnotationError, count_persons, problem_words
from mmagenc.datasets.oddities import oddities
from mmagenc.datasets.readers.shares import share_of
from mmagenc.datasets.readers.source import natural_key
from mmagenc.datasets.split_names import SPLIT_NAMES
from mmagenc.datasets.transforms import swapped_labels
from mmagenc.datasets.transforms.formatting import ONE_PERSON
from mmagenc.engine.early_log import early_log, write_early
from mmagenc.evaluation.functional import clip_movement
from mmagenc.evaluation.functional.movement import STILL
from mmagenc.evaluation.inspection import twins_of
from mmagenc.registry import DATASETS, MODELS, RUNNERS, TRANSFORMS
from mmagenc.skeletons import get_skeleton

FEWEST_STEPS = 2000
"""Steps of a CVAE on recordings, or a hundred passes over them, whichever is more: after fewer its clips hardly move."""
DEFAULTS = dict(
    ann_file=None,
    form=None,
    window=None,
    steps=None,
    epochs=None,
    recognizer='stgcn',
    augmentation={},
    path=True,
    classes=None,
    skeleton=None,
    fps=None,
    num_persons=None,
    fill_gaps=None,
    skip_broken=True,
    splits=None,
    hold_out=0.2,
    hold_out_by=None,
    least_steps=FEWEST_STEPS,
    window_multiple=1)
"""Keys of ``own_data``.

``ann_file`` one annotation file or several; ``form`` ``'2d'``, ``'3d'`` or ``'smpl'`` (the config's own; of a study by the coordinates);
``window`` frames of a clip (by default 60, or what three of four clips have, if that is less); ``steps`` of the generator on recordings
(by default ``least_steps``, or a hundred passes over them, if those are more), or ``epochs`` of everything; ``recognizer`` one of
:data:`RECOGNIZERS`, or the dict of ``InfAGenCHook(recognizer=…)``; ``augmentation`` options of
:class:`~mmagenc.datasets.transforms.StrongAugmentation`, through which the recognizer's training clips go, or ``None``; ``classes``
and ``skeleton`` of files that do not say them; ``path=False`` has the recognizer see each frame's body in place, without its way
through the room; ``fps``, which all clips are brought to, and which those are taken to have that say none;
``num_persons=1`` keeps the person who is most there; ``fill_gaps`` options of ``MotionDataset``; ``skip_broken`` leaves clips out that
cannot be mended, with a warning that lists them; ``splits`` names of ``train``, ``val`` and ``test`` in the file; ``hold_out`` share of
each class's training clips that is set apart where the file has no ``val``, and again where it has no ``test`` (of its recordings:
generated clips all train); ``hold_out_by`` a key of the clips (``'subject'``, ``'session'``, ``'camera'`` …) by whose values whole
groups are set apart, as near to that share as they go. What a generator needs its config says: ``least_steps``, 0 where it has nothing to
learn, and ``window_multiple``, whose multiple the default window is.
"""
PASSES, POSE_SHARE = 100, 4
"""Passes over the recordings that any generator makes at the least; of SLT's steps one in so many is for poses."""
USUAL_WINDOW, SHORTEST_WINDOW, JUDGE_STEPS = 60, 24, 2000
"""Frames of a clip by default, most and fewest; about how many steps a judge takes to know the recordings (forty epochs at most)."""


class OwnDataError(ValueError):
    """A file and an ``own_data`` that do not go together; the message says what to write."""


@RUNNERS.register_module()
class OwnDataRunner(Runner):
    """MMEngine's runner on a completed config, so that every tool that builds runners runs these configs."""

    @classmethod
    def from_cfg(cls, cfg: Config) -> Runner:
        with early_log() as early:
            cfg = complete_config(copy.deepcopy(cfg))
        runner = Runner.from_cfg(cfg)
        write_early(early, runner.logger)
        return runner


def complete_config(cfg: Config) -> Config:
    """Fill what an annotation file says into a config with ``own_data``, in place; another config passes through.

    Returns:
        Config: without ``own_data``.

    Raises:
        FileNotFoundError: no such file.
        OwnDataError: unknown keys, or a file that does not go with them.
    """
    own = cfg.get('own_data')
    if own is None:
        return cfg
    own = own_settings(own)
    _check_free(cfg)
    init_default_scope(cfg.get('default_scope', 'mmagenc'))
    OwnClips(own, judged=cfg.default_hooks.get('infagenc') is not None).fill(cfg)
    for key in ('own_data', 'runner_type'):
        cfg.pop(key, None)
    return cfg


def _check_free(cfg: Config) -> None:
    """Refuse what ``own_data`` settles itself."""
    dataset, loop = cfg.train_dataloader.get('dataset') or {}, cfg.train_cfg.get('type', 'EpochBasedTrainLoop')
    if dataset.get('dataset') or dataset.get('datasets'):
        raise OwnDataError(f'train_dataloader.dataset ({dataset.get("type")}) and own_data both say what is trained on: leave it out. The '
                           'loop adds clips to the set, which none that repeats or joins others can take; own_data.steps trains longer')
    if loop != 'EpochBasedTrainLoop':
        raise OwnDataError(f'train_cfg.type={loop!r}: own_data trains by epochs, as the loop has its rounds between them; leave it out, '
                           'and own_data.steps says how long')


def own_settings(own) -> Dict:
    """A config's ``own_data`` with what it leaves out.

    Raises:
        OwnDataError: no dict, unknown keys, no file, or values of another kind than their keys are for.
    """
    if not isinstance(own, Mapping):
        raise OwnDataError(f"own_data must be a dict, such as dict(ann_file='data/mine.pkl'), got {own!r}")
    unknown = set(own) - set(DEFAULTS)
    if unknown:
        raise OwnDataError(f'own_data has no key {", ".join(sorted(unknown))}; it has {", ".join(DEFAULTS)}')
    own = {**DEFAULTS, **own}
    if not own['ann_file']:
        raise OwnDataError("own_data.ann_file: name the annotation file, own_data = dict(ann_file='data/mine.pkl')")
    _check_kinds(own)
    return own


def _check_kinds(own: Dict) -> None:
    """Refuse values of another kind than their keys are for."""
    if not isinstance(own['ann_file'], (str, Path, list, tuple)):
        raise OwnDataError(f'own_data.ann_file must be a file or a list of files, got {own["ann_file"]!r}')
    for key, least in dict(window=1, steps=1, epochs=1, num_persons=1, least_steps=0, window_multiple=1).items():
        if own[key] is not None and (isinstance(own[key], bool) or not isinstance(own[key], int) or own[key] < least):
            raise OwnDataError(f'own_data.{key} must be a whole number from {least}, got {own[key]!r}')
    fps, classes = own['fps'], own['classes']
    if fps is not None and (isinstance(fps, bool) or not isinstance(fps, (int, float)) or not 0 < fps < float('inf')):
        raise OwnDataError(f'own_data.fps must be a positive number of frames a second, got {fps!r}')
    if classes is not None and (not isinstance(classes, (list, tuple)) or not all(isinstance(name, str) for name in classes)):
        raise OwnDataError(f"own_data.classes must be a list of names, class 0 first, such as ['walk', 'sit'], got {classes!r}")
    if classes is not None and (len(set(classes)) < len(classes) or not classes):
        raise OwnDataError(f'own_data.classes must name each class once, got {list(classes)!r}')
    if not isinstance(own['skip_broken'], bool):
        raise OwnDataError(f'own_data.skip_broken must be True or False, got {own["skip_broken"]!r}')
    if own['skeleton'] is not None and not isinstance(own['skeleton'], (str, Path, Mapping)):
        raise OwnDataError(f'own_data.skeleton must be the name of a layout or its definition, got {own["skeleton"]!r}')
    if isinstance(own['hold_out'], bool) or not isinstance(own['hold_out'], (int, float)) or not 0 <= own['hold_out'] < 1:
        raise OwnDataError(f'own_data.hold_out must be a share from 0 to below 1, got {own["hold_out"]!r}')
    if own['hold_out_by'] is not None and not isinstance(own['hold_out_by'], str):
        raise OwnDataError(f'own_data.hold_out_by must be a key of the clips, such as \'subject\', got {own["hold_out_by"]!r}')
    if not isinstance(own['path'], bool):
        raise OwnDataError(f'own_data.path must be True or False, got {own["path"]!r}')
    for key in ('splits', 'fill_gaps', 'augmentation'):
        if own[key] is not None and not isinstance(own[key], Mapping):
            raise OwnDataError(f'own_data.{key} must be a dict, got {own[key]!r}')


class OwnClips:
    """The clips of an annotation file, who of them trains, validates and tests, and the settings that follow.

    Args:
        own: of :func:`own_settings`.
        judged: whether the loop follows, whose judge is asked for clips of ``val``; without it, none are set apart for that.

    Raises:
        FileNotFoundError: no such file.
        OwnDataError: a file that does not go with the settings.
    """

    def __init__(self, own: Dict, judged: bool = True) -> None:
        self.own, self.judged = own, judged
        self.source = own['ann_file'] if isinstance(own['ann_file'], (str, Path)) else ', '.join(map(str, own['ann_file']))
        self.dataset_cfg = dict(type='MotionDataset', ann_file=own['ann_file'], metainfo=self._given())
        self.dataset_cfg.update({key: own[key] for key in ('fill_gaps', 'num_persons', 'skip_broken', 'fps') if own[key]})
        dataset = self._built()
        self.clips, self.metainfo = dataset.annotations(), dict(dataset.metainfo)
        self._check_form()
        self._name_classes()
        self._name_layout()
        self._name_fps()
        self.dataset_cfg['metainfo'] = {key: self.metainfo[key] for key in ('classes', 'skeleton', 'fps')}
        self.parts = self._split(dataset)

    def _built(self):
        try:
            return DATASETS.build(self.dataset_cfg)
        except AnnotationError as error:
            raise OwnDataError(str(error).replace('MotionDataset(fps=...)', 'own_data.fps=…')) from error

    def _given(self) -> Dict:
        return {key: self.own[key] for key in ('classes', 'skeleton', 'fps') if self.own[key] is not None}

    @property
    def num_dims(self) -> int:
        return self.clips[0]['keypoint'].shape[3]

    @property
    def num_keypoints(self) -> int:
        return self.clips[0]['keypoint'].shape[2]

    def of(self, part: str) -> Sequence[Dict]:
        """The clips of ``train``, ``val`` or ``test``."""
        return DATASETS.build(dict(self.parts[part])).annotations()

    def _check_form(self) -> None:
        dims = self.num_dims
        form = self.own['form'] = self.own['form'] or ('2d' if dims == 2 else '3d')
        fits = {'2d': dims == 2, '3d': dims == 3, 'smpl': all('pose' in clip for clip in self.clips)}
        if form not in fits:
            raise OwnDataError(f"own_data.form must be '2d', '3d' or 'smpl', got {form!r}")
        if not fits[form]:
            better = 'own_2d.py' if dims == 2 else 'own_3d.py'
            rotations = 'with' if fits['smpl'] else 'without'
            raise OwnDataError(f'{self.source}: keypoints of {dims} coordinates, {rotations} rotations (pose), do not go with '
                               f'own_{form}.py: take {better} as _base_')
        several = [clip['frame_dir'] for clip in self.clips if count_persons(clip) > 1]
        if several:
            raise OwnDataError(f'{self.source}: {len(several)} of {len(self.clips)} clips have several persons ({several[0]}), and a '
                               f'generator makes one: own_data.num_persons=1 keeps the one who is most there. ({ONE_PERSON})')

    def _name_classes(self) -> None:
        labels = np.unique(self.clips.values('label'))
        if self.judged and len(labels) < 2:
            raise OwnDataError(f'{self.source}: all clips are of one class, and the judge of the loop has nothing to tell apart: '
                               'default_hooks.infagenc=None trains the generator alone')
        if self.metainfo.get('classes'):
            return
        if labels.min() != 0:
            raise OwnDataError(f'{self.source}: labels begin at {labels.min()}, and the file names no classes. Labels begin at 0: subtract '
                               f'{labels.min()}, or name all classes with own_data.classes=[…], class 0 first')
        self.metainfo['classes'] = [str(label) for label in range(labels.max() + 1)]
        self._say(f'the file names no classes: {len(self.metainfo["classes"])} by number (own_data.classes=[…] names them)')

    def _name_layout(self) -> None:
        joints = self.clips[0]['keypoint'].shape[2]
        if not self.metainfo.get('skeleton'):
            usual = USUAL_LAYOUTS.get((self.num_dims, joints))
            if usual is None:
                raise OwnDataError(f'{self.source}: the file names no layout of its {joints} keypoints; give own_data.skeleton, a name or '
                                   'a definition (docs/layouts.md)')
            self.metainfo['skeleton'] = usual
            self._say(f'the file names no layout: its {joints} keypoints are taken for {usual} (own_data.skeleton=… says otherwise)')
        self.metainfo['skeleton'] = get_skeleton(self.metainfo['skeleton']).name

    def _name_fps(self) -> None:
        if not self.metainfo.get('fps'):
            self.metainfo['fps'] = USUAL_FPS
            self._say(f'the file names no frame rate: {USUAL_FPS:.0f} is taken (own_data.fps=… says otherwise)')

    def _say(self, text: str) -> None:
        print_log(f'{self.source}: {text}', logger='current', level=logging.WARNING)

    # Which clips are for what -------------------------------------------------------------------------------------------------------

    def _split(self, dataset) -> Dict[str, Dict]:
        """Dataset settings of ``train``, ``val`` and ``test``."""
        found = dataset.split_names
        names = usual_splits(found)
        for part, name in (self.own['splits'] or {}).items():
            if part not in SPLIT_NAMES or name not in found:
                raise OwnDataError(f'own_data.splits: {part}={name!r}; parts are train, val and test, splits of the file {sorted(found)}')
            names[part] = name
        unsplit = set(dataset.unsplit if found else ())
        if found and names['train'] is None and not unsplit:
            raise OwnDataError(f'{self.source}: none of its splits {sorted(found)} is named train: say own_data.splits=dict(train=…)')
        parts = {part: dict(self.dataset_cfg, split=name) for part, name in names.items() if name is not None}
        parts.setdefault('train', dict(self.dataset_cfg))
        if unsplit:
            parts['train'] = dict(self.dataset_cfg, clips=self._with_unsplit(dataset, names['train'], unsplit))
        built = {part: DATASETS.build(dict(settings, test_mode=part != 'train')).annotations() for part, settings in parts.items()}
        self._check_apart({part: clips.values('frame_dir') for part, clips in built.items()})
        self.labels, self.names = np.array(built['train'].values('label')), built['train'].values('frame_dir')
        self.kept = np.array(sorted(range(len(self.names)), key=lambda index: natural_key(self.names[index])))
        self.generated = _generated(built['train'])
        self._tell_of_generated(built)
        self.groups = self._groups(built['train'], parts)
        people = {part: clips.values('subject', '') for part, clips in built.items()}
        self.members = {part: clips.values('frame_dir') for part, clips in built.items()}
        self._tell_of_lacking(built)
        for part in ('test', 'val') if self.judged else ('test',):
            if part not in parts:
                held = self._hold_out(part)
                self.members[part] = [self.names[index] for index in held]
                parts[part] = dict(parts['train'], clips=self.members[part])
                people[part] = [people['train'][index] for index in held]
        self.members['train'] = [self.names[index] for index in self.kept]
        if len(self.kept) < len(self.names):
            parts['train']['clips'] = self.members['train']
        people['train'] = [people['train'][index] for index in self.kept]
        self.subjects = {part: set(map(str, names)) - {''} for part, names in people.items()}
        self.tested = [part for part in ('val', 'test') if part in parts]
        return parts

    def _with_unsplit(self, dataset, split: Optional[str], unsplit: Set[str]) -> List[str]:
        """The clips of the split for training, and those of files that have no splits, as all of such a file alone would train."""
        wanted = unsplit | set(dataset.members(split) if split is not None else ())
        self._say(f'{len(unsplit)} clips are of files without splits, beside files that have some: all of them are trained on, but for '
                  'those that are set apart')
        return [name for name in dataset.annotations().values('frame_dir') if name in wanted]

    def _check_apart(self, members: Dict[str, Sequence[str]]) -> None:
        """Refuse clips that are trained on and tested too."""
        train = set(members['train'])
        for part in ('val', 'test'):
            shared = [name for name in members.get(part, ()) if name in train]
            if shared:
                raise OwnDataError(f'{self.source}: {len(shared)} clips of its split for {part} are in that for train too, such as '
                                   f'{shared[0]}: what is learnt by heart would be tested. Take them out of one of the two, or leave the '
                                   f'split for {part} out of the file, and some clips are set apart')

    def _tell_of_generated(self, built: Mapping) -> None:
        """Say what becomes of generated clips: of those that no split names all train, as what is tested on is to be recorded."""
        if self.generated.any() and not {'val', 'test'} <= set(built):
            self._say(f"{self.generated.sum()} of its {len(self.generated)} training clips are generated (source='synthetic'): all of them "
                      'are trained on, and recordings are set apart')
        for part in ('val', 'test'):
            found = _generated(built.get(part, ()))
            if found.any():
                name = built[part].values('frame_dir')[int(found.argmax())]
                self._say(f"{found.sum()} of the {len(found)} clips of its split for {part} are generated (source='synthetic'), such as "
                          f'{name}: what is said of recordings is then said of them too; take them out of the split')

    def _tell_of_lacking(self, built: Mapping) -> None:
        """Say which classes that are trained on a split of the file does not test."""
        for part in ('val', 'test'):
            lacking = np.setdiff1d(self.labels, built[part].values('label')) if part in built else []
            if len(lacking):
                names = ', '.join(self.metainfo['classes'][label] for label in lacking)
                self._say(f'its split for {part} has no clip of {names}: how well these are recognized is not tested')

    def _warn_of_copies(self) -> None:
        """Say which parts hold copies of clips that are trained on, under other names."""
        twins = twins_of(self.clips)
        learnt = {twins.get(name, name): name for name in reversed(self.members['train'])}
        for part in self.tested:
            copies = [name for name in self.members[part] if twins.get(name, name) in learnt]
            if copies:
                first = copies[0]
                self._say(f'{len(copies)} of the {len(self.members[part])} clips of {part} show exactly the motion of clips that are '
                          f'trained on, such as {first} that of {learnt[twins.get(first, first)]}: what is learnt by heart is tested. '
                          'Leave copies out of the file')

    def _warn_of_shared_subjects(self) -> None:
        """Say which parts hold people who are trained on."""
        for part in self.tested:
            shared = sorted(self.subjects['train'] & self.subjects[part])
            if shared:
                self._say(f'{len(shared)} of the {len(self.subjects[part])} subjects of {part} are trained on too ({", ".join(shared[:3])}'
                          f'{", …" if len(shared) > 3 else ""}): how well new people are recognized is not tested '
                          "(own_data.hold_out_by='subject', mmagenc import --split-by subject, or splits of your own keep people apart)")

    def _warn_of_clips(self) -> None:
        """Say what is odd about the numbers, and whether nobody moves."""
        for text in oddities(self.clips):
            self._say(text)
        fps, parents = float(self.metainfo['fps']), get_skeleton(self.metainfo['skeleton']).parents
        speeds = [clip_movement(clip['keypoint'][0], parents, fps)['speed'] for clip in self._some() if clip['total_frames'] > 1]
        if speeds and np.nanmax(speeds) < STILL:
            self._say(f'nothing moves in its clips (at most {np.nanmax(speeds):.3f} body lengths a second in {len(speeds)} of them): a '
                      'generator learns statues of them')

    def _hold_out(self, part: str) -> np.ndarray:
        """Which clips training loses to a part: of each class the last recordings by name, as evenly as it can be.

        By name, and the config names them: where a clip stands in the file says nothing once the file is written anew.
        """
        real, noun = np.flatnonzero(~self.generated[self.kept]), 'recordings ' if self.generated.any() else ''
        labels = self.labels[self.kept[real]]
        taken = real[share_of(labels, self.own['hold_out']) if self.groups is None or not len(real) else self._whole_groups(real, part)]
        if not len(taken):
            larger = ', or set own_data.hold_out to a larger share, such as 0.34' if np.bincount(labels).max(initial=0) > 1 else ''
            raise OwnDataError(f'{self.source}: it has no split {part}, and too few clips to set some of them apart '
                               f'(own_data.hold_out={self.own["hold_out"]} of each class, of which no more than '
                               f'{np.bincount(labels).max(initial=0)} {noun}are left to train on): name splits in the file{larger}')
        held = self.kept[np.sort(taken)]
        lacking = [self.metainfo['classes'][label] for label in np.setdiff1d(self.labels[self.kept], self.labels[self.kept[taken]])]
        self.kept = np.delete(self.kept, taken)
        lacks = f'; of {", ".join(lacking)} there are too few, so that {part} has none' if lacking else ''
        whose = '' if self.groups is None else f', all of {self.own["hold_out_by"]} {", ".join(sorted(set(self.groups[held])))}'
        self._say(f'the file has no split {part}: {len(taken)} of its {len(real)} training clips are set apart{whose}{lacks}')
        return held

    def _groups(self, clips, parts: Mapping) -> Optional[np.ndarray]:
        """What clips are set apart by, where any are."""
        key = self.own['hold_out_by']
        if key is None or {'val', 'test'} <= set(parts):
            return None
        groups = np.array([str(value) for value in clips.values(key, '')])
        lacking = [name for name, group, made in zip(clips.values('frame_dir'), groups, self.generated) if not group and not made]
        if lacking:
            raise OwnDataError(f'{self.source}: {len(lacking)} of {(~self.generated).sum()} clips say no {key} (own_data.hold_out_by), '
                               f'such as {lacking[0]}')
        return groups

    def _whole_groups(self, real: np.ndarray, part: str) -> List[int]:
        key, groups, labels = self.own['hold_out_by'], self.groups[self.kept[real]], self.labels[self.kept[real]]
        remedy = 'name splits in the file, or leave own_data.hold_out_by out'
        if len(set(groups)) < 2:
            raise OwnDataError(f'{self.source}: all clips left are of one {key} ({groups[0]}), and none can be set apart for {part}: '
                               f'{remedy}')
        taken = share_of(labels, self.own['hold_out'], groups)
        lost = np.setdiff1d(labels, np.delete(self.labels[self.kept], real[taken]))
        if len(lost):
            names, them = ', '.join(self.metainfo['classes'][label] for label in lost), ', '.join(sorted(set(groups[taken])))
            raise OwnDataError(f'{self.source}: with {key} {them} set apart for {part}, no clip of {names} is left to train on: {remedy}')
        return taken

    # The config -------------------------------------------------------------------------------------------------------------------------

    def fill(self, cfg: Config) -> None:
        window, classes = self._window(cfg.model), len(self.metainfo['classes'])
        self._warn_of_shared_subjects()
        self._warn_of_copies()
        self._warn_of_clips()
        for part in ('train', *self.tested):
            sampling = {} if part == 'train' else dict(test_mode=True)
            pipeline = [dict(type='ConsecutiveSample', num_frames=window, **sampling), dict(type='PackMotionInputs')]
            self.parts[part] = dict(self.parts[part], pipeline=pipeline, **sampling)
        cfg.merge_from_dict({'train_dataloader.dataset': self.parts['train'], 'test_dataloader.dataset': self.parts['test']})
        cfg.model.update(num_classes=classes, num_frames=window)
        self._fill_representation(cfg.model.representation)
        self._fill_schedule(cfg)
        if self.judged:
            hook = cfg.default_hooks.infagenc
            hook.held_out = self.parts['val']
            hook.recognizer.update(self._recognizer(window, classes))

    def _window(self, model: Mapping) -> int:
        """Frames of a clip, no more than the model can take.

        Shorter clips are continued by their last frame, in which nothing moves: the default avoids that.
        """
        frames = np.array(self.clips.values('total_frames'))
        window = self.own['window']
        if window is None:
            multiple = self.own['window_multiple']
            window = max(min(max(int(np.quantile(frames, 0.25)), SHORTEST_WINDOW), USUAL_WINDOW) // multiple, 1) * multiple
        if window < 2:
            raise OwnDataError(f'own_data.window must be at least 2 frames, got {window}')
        most = self._most_frames(model)
        if most is not None and window > most:
            raise OwnDataError(f'own_data.window must be at most {most} frames, the max_len of this model ({model.get("type")}), got '
                               f'{window}; the longest clip of {self.source} has {frames.max()}')
        short = int((frames < window).sum())
        if short > 0.3 * len(frames):
            self._say(f'{short} of {len(frames)} clips are shorter than own_data.window={window}: they are continued by their last frame, '
                      'in which nothing moves, and so are generated ones')
        return window

    @staticmethod
    def _most_frames(model: Mapping) -> Optional[int]:
        """The longest clip that a model takes, as its config or its class says; ``None`` where neither does."""
        kind = model.get('type')
        kind = MODELS.get(kind) if isinstance(kind, str) else kind
        parameter = inspect.signature(kind).parameters.get('max_len') if kind is not None else None
        most = model.get('max_len', None if parameter is None else parameter.default)
        return most if isinstance(most, int) else None

    def _fill_representation(self, representation: Dict) -> None:
        if self.own['form'] == 'smpl':
            representation.keypoint_skeleton = self.metainfo['skeleton']
        else:
            representation.update(skeleton=self.metainfo['skeleton'], num_dims=self.num_dims)

    def _fill_schedule(self, cfg: Config) -> None:
        """Epochs from steps: seven eighths on recordings, with the rate falling at the end, then four rounds of the loop.

        A generator that has nothing to learn (``least_steps=0``) has the four rounds alone, and one whose loop was taken out
        (``default_hooks.infagenc=None``) no rounds.

        What a config says of it itself stays; their base says nothing.
        """
        num_train = len(self.kept)
        per_epoch = -(-num_train // cfg.train_dataloader.batch_size)
        loop_share = 8
        wanted = self._wanted_epochs(cfg)
        if wanted is None:
            least = self.own['least_steps']
            steps = self.own['steps'] or (max(least, PASSES * per_epoch) if least else 0)  # a generator that learns nothing has no steps
            begin = max(-(-steps // per_epoch), loop_share) if steps else 0
            interval = max(begin // (4 * (loop_share - 1)), 1)
            epochs = begin + 4 * interval if self.judged else max(begin, 1)
        else:
            epochs = wanted
            interval = max(epochs // (4 * loop_share), 1)
            begin = epochs - 4 * interval if self.judged else epochs
            if self.judged and epochs < loop_share:
                raise OwnDataError(f'own_data.epochs must be at least {loop_share}, got {epochs}')
        cfg.train_cfg.max_epochs = epochs
        if self.judged:
            batches = -(-num_train // cfg.default_hooks.infagenc.recognizer.batch_size)
            _fill_unsaid(
                cfg.default_hooks.infagenc,
                begin=begin,
                interval=interval,
                recognizer_warmup_epochs=int(np.clip(JUDGE_STEPS // batches, 10, 40)),
                recognizer_epochs=int(np.clip(JUDGE_STEPS // 10 // batches, 1, 4)))
        _fill_unsaid(cfg.default_hooks.get('checkpoint'), interval=max(epochs // 8, 1))
        _fill_unsaid(cfg.default_hooks.get('samples'), interval=max(epochs // 4, 1))
        if 'pose_steps' in cfg.model:  # SLT's first stage
            _fill_unsaid(cfg.model, pose_steps=begin * per_epoch // POSE_SHARE)
        _fill_unsaid(cfg, param_scheduler=dict(
            type='LinearLR', start_factor=1., end_factor=1e-2, begin=begin * 3 // 4, end=begin, convert_to_iter_based=True))

    def _wanted_epochs(self, cfg: Config) -> Optional[int]:
        """The number of epochs that ``own_data`` or, in the way of other configs, ``train_cfg`` names."""
        wanted, usual = self.own['epochs'], cfg.train_cfg.get('max_epochs')
        if usual is None:
            return wanted
        if wanted is not None or self.own['steps'] is not None:
            raise OwnDataError(f'train_cfg.max_epochs={usual!r} and own_data.{"epochs" if wanted else "steps"} both say how long to train; '
                               'name one of them')
        if isinstance(usual, bool) or not isinstance(usual, int):
            raise OwnDataError(f'train_cfg.max_epochs must be a whole number, got {usual!r}')
        return usual

    def _recognizer(self, window: int, classes: int) -> Dict:
        """The judge: its model and pipelines."""
        wanted, rotations = self.own['recognizer'], self.own['form'] == 'smpl'
        if not self.own['path'] and (isinstance(wanted, dict) or rotations):
            reason = 'SMPL rotations, which have no path' if rotations else 'what the pipelines of own_data.recognizer make'
            raise OwnDataError(f'own_data.path=False is for keypoints, but this recognizer sees {reason}')
        if isinstance(wanted, dict):
            return dict(wanted)
        if wanted not in RECOGNIZERS:
            raise OwnDataError(f'own_data.recognizer must be one of {", ".join(RECOGNIZERS)}, or a dict as InfAGenCHook takes it (model, '
                               f'train_pipeline, test_pipeline), got {wanted!r}')
        layout, channels = ('smpl24', 6) if rotations else (self.metainfo['skeleton'], self.num_dims)
        form = dict(type='PoseToRot6d') if rotations else dict(type='BodyUnit', per_frame=not self.own['path'])
        pack = [dict(type='DropScores'), dict(type='mmaction.FormatGCNInput', num_person=1), dict(type='mmaction.PackActionInputs')]
        sampling = dict(type='ConsecutiveSample', num_frames=window)
        return dict(
            model=RECOGNIZERS[wanted](layout, channels, classes),
            train_pipeline=[*self._augmented(form, rotations), sampling, *pack],
            test_pipeline=[form, dict(sampling, test_mode=True), *pack])

    def _augmented(self, form: Dict, rotations: bool) -> List[Dict]:
        """The recognizer's form of a clip, augmented before it, or with the least noise after it: jitter must not decide."""
        options = self.own['augmentation']
        if options is None:
            return [form] if rotations else [form, dict(type='JointNoise', position=0.005)]
        usual = dict(swapped_labels=self._swapped(options), up=self.up, rotations=rotations)
        augmentation = dict(type='StrongAugmentation', **{**usual, **options})
        try:
            TRANSFORMS.build(augmentation)
        except (TypeError, ValueError) as error:
            raise OwnDataError(f'own_data.augmentation: {problem_words(error)}') from error
        return [augmentation, form]

    @property
    def up(self) -> Optional[str]:
        """The axis that points up, as the file says or people stand; ``None`` where neither does."""
        return self.metainfo.get('up') or find_up([clip['keypoint'][0] for clip in self._some()], self.metainfo['skeleton'])

    def _some(self) -> List[Dict]:
        """Fifty clips, or all."""
        return [self.clips[index] for index in np.unique(np.linspace(0, len(self.clips) - 1, 50).astype(int))]

    def _swapped(self, options: Dict) -> Optional[Sequence]:
        """Classes that mirroring turns into each other, by their names; ``None``: they do not say, and nothing is mirrored."""
        if 'swapped_labels' in options or 'mirror' in options:
            return options.get('swapped_labels')
        try:
            return swapped_labels(self.metainfo['classes'])
        except ValueError as error:
            self._say(f'training clips are not mirrored, {error} (own_data.augmentation=dict(swapped_labels=[…]) says otherwise)')
            return None


def _generated(clips) -> np.ndarray:
    """``(N,)`` which clips are generated, as their ``source`` says."""
    return np.array([source == 'synthetic' for source in clips.values('source', '')] if len(clips) else [], dtype=bool)


def _fill_unsaid(table: Optional[Dict], **values) -> None:
    """Set what a part of the config does not say; a part that was taken out stays so."""
    if table is not None:
        table.update({key: value for key, value in values.items() if table.get(key) is None})


def _recognizer_gcn(backbone: Dict, head: Optional[Dict] = None, *, classes: int) -> Dict:
    head = head or dict(type='GCNHead', in_channels=64)
    return dict(type='RecognizerGCN', _scope_='mmaction', backbone=backbone, cls_head=dict(head, num_classes=classes))


def _graph(layout: str, mode: str) -> Dict:
    return get_skeleton(layout).graph_cfg(mode)


def _stgcn(layout: str, channels: int, classes: int) -> Dict:
    graph = _graph(layout, 'stgcn_spatial')
    return _recognizer_gcn(
        dict(type='mmagenc.FastSTGCN', in_channels=channels, base_channels=16, num_person=1, graph_cfg=graph), classes=classes)


def _stgcnpp(layout: str, channels: int, classes: int) -> Dict:
    graph = dict(_graph(layout, 'spatial'))
    options = dict(gcn_adaptive='init', gcn_with_res=True, tcn_type='mstcn', num_person=1)
    return _recognizer_gcn(
        dict(type='mmagenc.FastSTGCN', in_channels=channels, base_channels=16, graph_cfg=graph, **options), classes=classes)


def _aagcn(layout: str, channels: int, classes: int) -> Dict:
    graph = _graph(layout, 'spatial')
    return _recognizer_gcn(dict(type='AAGCN', in_channels=channels, base_channels=16, num_person=1, graph_cfg=graph), classes=classes)


def _infogcn(layout: str, channels: int, classes: int) -> Dict:
    backbone = dict(type='mmagenc.InfoGCN', skeleton=layout, in_channels=channels, num_person=1, base_channels=16)
    return _recognizer_gcn(backbone, dict(type='mmagenc.InfoGCNHead', in_channels=64), classes=classes)


RECOGNIZERS = dict(stgcn=_stgcn, stgcnpp=_stgcnpp, aagcn=_aagcn, infogcn=_infogcn)
"""Judges by name, a quarter as wide as published, as a few dozen clips need."""


def usual_splits(names: Sequence[str]) -> Dict[str, Optional[str]]:
    """Which of a file's splits are taken for ``train``, ``val`` and ``test``."""
    return {part: next((name for name in candidates if name in names), None) for part, candidates in SPLIT_NAMES.items()}
