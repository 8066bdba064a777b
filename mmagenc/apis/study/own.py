"""A study of clips of one's own: what an annotation file says, filled into the study's config."""

from typing import Dict, List, Mapping, Optional

from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmagenc.engine.config_file import located_config
from mmagenc.engine.own_data import OwnClips, own_settings
from mmagenc.evaluation.study import FEW_SEEDS

from .settings import TRAINED

OWN_GENERATOR = 'own'
"""In the place of a generator's config: the one for clips such as the file's."""
FEWEST_GROUPS = 3
"""Fewer subjects than these are no groups to train and to test on."""


def complete_study(cfg: Config, begun: Optional[Mapping] = None) -> Config:
    """Fill what the file of ``own_data`` says into a study's config, in place; a config without ``own_data`` passes through.

    The recognizer gets the file's layout, coordinates and classes, and so do the study's generators; ``generator='own'`` is that of
    ``configs/infagenc/own_2d.py`` or ``own_3d.py``. Where the clips name three subjects or more, each seed tests on one of them (of more
    than eight, on as many as eight seeds need to test all), and the others' clips are trained on; else a share of each class is tested on.

    Args:
        cfg: the study's config.
        begun: settings of the study that the folder holds; its groups stay as they are.

    Raises:
        FileNotFoundError: no such file.
        OwnDataError: a file that does not go with ``own_data``.
    """
    own = cfg.pop('own_data', None)
    if own is None:
        return cfg
    init_default_scope(cfg.get('default_scope', 'mmagenc'))
    clips, study = _StudiedClips(own_settings(own)), cfg.setdefault('study', {})
    for part in ('train', 'val', 'test'):
        loader = cfg.get(f'{part}_dataloader') or {}
        pipeline = loader.get('dataset', {}).get('pipeline') or cfg.test_dataloader.dataset.pipeline
        loader['dataset'] = dict(clips.parts[part], pipeline=pipeline)
        cfg[f'{part}_dataloader'] = loader
    count = len(study.get('classes') or clips.metainfo['classes'])
    _fit_recognizer(cfg.model, clips, count)
    for steps in (study.get('augmentations') or {}).values():
        for step in steps:
            if step['type'] == 'StrongAugmentation' and clips.up is not None:
                step['up'] = clips.up
    for generator in (study.get('generators') or {}).values():
        if generator['generator'] != TRAINED:
            _fit_generator(generator['generator']['config']['model'], clips, count)
    if study.get('generator') == OWN_GENERATOR:
        study['generator'] = str(located_config(f'configs/infagenc/own_{clips.num_dims}d.py').resolve())
        study['generator_options'] = {**{f'own_data.{key}': value for key, value in own.items()}, **(study.get('generator_options') or {})}
    if 'groups' not in study:
        study['groups'] = (begun['groups'] if begun and 'groups' in begun else
                           _groups([clip for part in clips.parts for clip in clips.of(part)]))
    if not study['groups']:
        clips.say_split()
    return cfg


class _StudiedClips(OwnClips):
    """Own clips that say how they are split when they are asked to: a study by groups has other splits."""

    def _split(self, dataset) -> Dict[str, Dict]:
        self._of_split, usual = [], self._say
        self._say = self._of_split.append
        try:
            return super()._split(dataset)
        finally:
            self._say = usual

    def say_split(self) -> None:
        """Warn of what was set apart."""
        for text in self._of_split:
            self._say(text)


def _fit_recognizer(model: Mapping, clips: OwnClips, num_classes: int) -> None:
    """The layout in the form that each kind of backbone asks for it."""
    backbone, skeleton = model['backbone'], clips.metainfo['skeleton']
    backbone['in_channels'] = clips.num_dims
    if 'num_keypoints' in backbone:
        backbone['num_keypoints'] = clips.num_keypoints
    if 'graph_cfg' in backbone:
        backbone['graph_cfg']['layout'] = skeleton
    model['cls_head']['num_classes'] = num_classes


def _fit_generator(model: Mapping, clips: OwnClips, num_classes: int) -> None:
    model.update(num_classes=num_classes)
    model['representation'].update(skeleton=clips.metainfo['skeleton'], num_dims=clips.num_dims)
    model['up'] = clips.up


def _groups(clips: List[Dict]):
    """Subjects as groups, where there are enough of them: as few to test on as let all be tested by the seeds that a gain needs."""
    subjects = {clip.get('subject') for clip in clips}
    if None in subjects or len(subjects) < FEWEST_GROUPS:
        return None
    test = -(-len(subjects) // FEW_SEEDS)
    return dict(key='subject', train=len(subjects) - test, test=test, clips_per_group=1)
