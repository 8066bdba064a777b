"""Pretraining: what a config trains learns motion from elsewhere first."""

import copy
import logging
from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional, Sequence, Set, Tuple

import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.logging import print_log
from mmengine.registry import init_default_scope
from torch import nn

from mmagenc.apis.inits import trains_generator
from mmagenc.datasets import AnnotationError, BaseMotion, load_annotation
from mmagenc.datasets.agreement import file_and_split
from mmagenc.datasets.layouts import register_layouts
from mmagenc.datasets.nested import innermost_dataset
from mmagenc.datasets.transforms import swapped_labels, with_swapped_labels
from mmagenc.engine.config_types import all_mappings
from mmagenc.engine.hook_config import drop_hooks, find_hook, settle_hooks
from mmagenc.engine.pretrained import MASKED
from mmagenc.engine.refusals import last_words
from mmagenc.registry import DATASETS, MODELS
from mmagenc.skeletons import SKELETONS
from mmagenc.skeletons.library import MMACTION2_LAYOUTS

PARTS = ('recognizer', 'generator')
LOOP_ONLY = ('InfAGenCHook', 'InitFromHook', 'SampleVisualizationHook')
"""Hooks that have no place in a pretraining."""


@dataclass(frozen=True)
class Base:
    """The motion to learn from.

    Args:
        files: annotation files, ``FILE`` or ``FILE:SPLIT``.
        classes: those that are taken; ``None`` takes all.
        exclude_subjects: subjects, or styles, that are left out.
        exclude: annotation files (``FILE`` or ``FILE:SPLIT``) whose clips are left out.
        skeleton: layout that all are brought to; ``None`` takes that of the config's data, or else of its model.
        fps: rate that all are brought to; ``None`` takes that of the config's data, or else the files' own.
    """

    files: Sequence[str]
    classes: Optional[Sequence[str]] = None
    exclude_subjects: Sequence[str] = ()
    exclude: Sequence[str] = ()
    skeleton: Optional[str] = None
    fps: Optional[float] = None


def pretraining_config(cfg: Config, base: Base, *, part: Optional[str] = None, masked: bool = False,
                       epochs: Optional[int] = None) -> Config:
    """The config that trains what another config trains, on other motion; its checkpoint is an ``init`` of that.

    The network (but for the number of its classes), its optimizer (but for learning rates of parts, ``lr_mult``) and its training pipeline
    are the config's. There is no validation, and the last checkpoint counts.

    Args:
        cfg: of a recognizer, a generator, or a loop.
        base: the motion.
        part: ``'recognizer'`` or ``'generator'``, of a loop; default: the recognizer that judges in it.
        masked: predict hidden motion in the place of classes (recognizers only; labels are not looked at).
        epochs: passes over the base motion, the learning rate falling to 0 along a cosine; ``None`` keeps the config's schedule.

    Returns:
        Config: for :class:`mmengine.runner.Runner`, with ``BaseMotion`` as training set.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a config that trains nothing of the kind, motion that does not go with it, or that has clips on which the config is
            validated or tested.
    """
    init_default_scope(cfg.get('default_scope', 'mmagenc'))
    settle_hooks(cfg)
    register_layouts(cfg)
    target = _Target(cfg)
    model, pipeline, result = _taken_part(cfg, part, epochs)
    is_generator = 'backbone' not in model
    if masked and is_generator:
        raise ValueError('--masked pretrains the backbone of a recognizer; a generator learns to generate')
    dataset = _dataset(base, target, model, pipeline, labelled=not masked)
    built = _built(dataset)
    _check_overlap(built, target)
    if target.missing:
        print_log(f'pretraining: whether clips are tested on cannot be told where files are not there ({"; ".join(target.missing)})',
                  logger='current', level=logging.WARNING)
    classes = built.metainfo['classes']
    if not masked:
        dataset['pipeline'] = _mirroring(pipeline, classes)
        built = _built(dataset)
    if masked:
        result.model = masked_model(model)
    elif len(classes) < 2 and not is_generator:
        raise ValueError(f'the clips of {", ".join(base.files)} are all of one class ({classes[0]}), by which nothing can be told apart; '
                         '--masked predicts hidden motion, which needs no classes')
    else:
        result.model = _with_classes(model, len(classes), is_generator)
    if not is_generator:
        _check_forward(result.model, built)
    result.train_dataloader.dataset = dataset
    task = MASKED if masked else 'generation' if is_generator else 'classes'
    result.default_hooks.pretraining = dict(type='mmagenc.PretrainingRecordHook', task=task)
    return result


class _Target:
    """What the config's own data says: form of its clips, and names of those that must not be learnt. Data that is not there says nothing.
    """

    def __init__(self, cfg: Config) -> None:
        self.metainfo: Dict = {}
        self.unseen: Set[str] = set()
        self.missing: List[str] = []
        hook = find_hook(cfg, 'InfAGenCHook') or {}
        parts = {f'{part}_dataloader': innermost_dataset(cfg.get(f'{part}_dataloader')) for part in ('train', 'val', 'test')}
        parts['InfAGenCHook.held_out'] = hook.get('held_out') or {}
        for name, dataset in parts.items():
            self._look_at(name, dataset)

    def _look_at(self, name: str, dataset: Mapping) -> None:
        if not dataset:
            return
        try:
            built = DATASETS.build(dict(dataset, pipeline=[]))
            if not hasattr(built, 'annotations'):
                return
            names = set(built.annotations().values('frame_dir'))
        except FileNotFoundError as error:
            self.missing.append(f'{name}: {error}')
            return
        if name == 'train_dataloader':
            self.metainfo = dict(built.metainfo)
        else:
            self.unseen |= names


def _taken_part(cfg: Config, part: Optional[str], epochs: Optional[int]) -> Tuple[Dict, List[Dict], Config]:
    """Model and training pipeline of what is pretrained, and the rest of its config, without data for validation and test."""
    if part not in (None, *PARTS):
        raise ValueError(f'part must be one of {", ".join(PARTS)}, got {part!r}')
    hook, generates = find_hook(cfg, 'InfAGenCHook'), trains_generator(cfg)
    if cfg.get('model') is None or cfg.get('train_dataloader') is None:
        raise ValueError(f'{cfg.filename or "the config"} has no model or no train_dataloader: nothing can be pretrained for it')
    part = part or ('recognizer' if hook is not None or not generates else 'generator')
    result = _without_tests(cfg, epochs)
    if (part == 'generator') == generates:
        pipeline = innermost_dataset(cfg.train_dataloader).get('pipeline')
        return copy.deepcopy(_plain(cfg.model)), _plain(pipeline or []), result
    if hook is None or not hook.get('recognizer'):
        raise ValueError(f'{cfg.filename or "the config"} trains no {part}')
    return _judge(_plain(hook['recognizer']), result, epochs)


def _judge(recognizer: Dict, result: Config, epochs: Optional[int]) -> Tuple[Dict, List[Dict], Config]:
    """The recognizer of a loop, whose training has a config of its own."""
    if epochs is None:
        raise ValueError("the loop's config says how long its generator is trained, and nothing of its recognizer: say --epochs")
    result.optim_wrapper = recognizer.get('optim_wrapper') or dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-4))
    result.train_dataloader = dict(
        batch_size=recognizer.get('batch_size', 16), num_workers=0, sampler=dict(type='DefaultSampler', shuffle=True))
    return recognizer['model'], list(recognizer['train_pipeline']), result


def _without_tests(cfg: Config, epochs: Optional[int]) -> Config:
    """A copy of the config that only trains, and keeps its last checkpoint."""
    result = Config(copy.deepcopy(cfg.to_dict()))
    for part in ('val', 'test'):
        for key in ('dataloader', 'cfg', 'evaluator'):
            result[f'{part}_{key}'] = None
    drop_hooks(result, *LOOP_ONLY)
    result.load_from = None
    if epochs is None and result.train_cfg.get('max_epochs') is None:
        raise ValueError('train_cfg counts iterations, which mean another time on other motion: say --epochs')
    if epochs is not None:
        result.train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=epochs)
        result.param_scheduler = dict(
            type='CosineAnnealingLR', by_epoch=True, begin=0, end=epochs, T_max=epochs, eta_min=0, convert_to_iter_based=True)
        result.log_processor = dict(type='LogProcessor', window_size=20, by_epoch=True)
    result.train_cfg.pop('val_interval', None)
    _drop_slow_parts(result.get('optim_wrapper'))
    hooks = result.get('default_hooks') or {}
    result.default_hooks = dict(hooks, checkpoint=dict(type='CheckpointHook', interval=_interval(result), max_keep_ckpts=1))
    return result


def _drop_slow_parts(optim_wrapper: Optional[Dict]) -> None:
    """Let all parts learn at the full rate: a backbone that is slowed or frozen (``lr_mult``) in what comes after has to learn here."""
    for part in ((optim_wrapper or {}).get('paramwise_cfg') or {}).get('custom_keys', {}).values():
        part.pop('lr_mult', None)


def _interval(cfg: Config) -> int:
    return max(int(cfg.train_cfg.max_epochs) // 8, 1)


def _plain(value):
    """Config parts as plain containers."""
    return value.to_dict() if hasattr(value, 'to_dict') else [_plain(part) for part in value] if isinstance(value, list) else value


# Data -------------------------------------------------------------------------------------------------------------------------------


def _dataset(base: Base, target: _Target, model: Mapping, pipeline: List[Dict], *, labelled: bool) -> Dict:
    files, splits = zip(*(file_and_split(source) for source in base.files))
    if len(set(splits)) > 1:
        raise ValueError(f'--base: one split of all files, or none of any; got {", ".join(base.files)}')
    skeleton = base.skeleton or target.metainfo.get('skeleton') or _layout_of(model)
    return dict(
        type='mmagenc.BaseMotion', ann_file=list(files), split=splits[0], labelled=labelled, pipeline=pipeline,
        classes=None if base.classes is None else list(base.classes), exclude_subjects=list(base.exclude_subjects),
        exclude=sorted(_names(base.exclude)), fps=base.fps or target.metainfo.get('fps'),
        metainfo={} if skeleton is None else dict(skeleton=skeleton))


def _layout_of(model: Mapping) -> Optional[str]:
    """The layout of a model's input, where it says one."""
    backbone, representation = model.get('backbone') or {}, model.get('representation') or {}
    name = backbone.get('skeleton') or (backbone.get('graph_cfg') or {}).get('layout') or representation.get('skeleton')
    name = MMACTION2_LAYOUTS.get(name, name) if isinstance(name, str) else None
    return name if name in SKELETONS else None


def _names(sources: Sequence[str]) -> Set[str]:
    """Names of the clips of files, or of a split of each."""
    names: Set[str] = set()
    for source in sources:
        path, split = file_and_split(source)
        content = load_annotation(path, unlabelled=True)
        if split is not None and split not in content['split']:
            raise AnnotationError(f'{path}: no split {split}; found {sorted(content["split"])}')
        names |= {clip['frame_dir'] for clip in content['annotations']} if split is None else set(content['split'][split])
    return names


def _mirroring(pipeline: List[Dict], classes: Sequence[str]) -> List[Dict]:
    """The pipeline with the classes that mirroring swaps, read off their names, in the place of those of the config's data.

    Where the names do not say it, clips are not mirrored: what is a left hand's would be learnt as a right hand's.
    """
    try:
        pairs = swapped_labels(classes)
    except ValueError:
        pairs = None
    fitting = []
    for step in pipeline:
        mirrors = 'swapped_labels' in step or str(step.get('type')).split('.')[-1] == 'RandomMirror'
        fitting += with_swapped_labels(step, pairs) if mirrors else [step]
    if fitting != list(pipeline):
        pairs_said = 'not mirrored' if pairs is None else f'mirrored, {len(pairs)} pairs of classes by their names swapped'
        print_log(f'pretraining: clips are {pairs_said}', logger='current', level=logging.INFO)
    return fitting


def _built(dataset: Dict) -> BaseMotion:
    try:
        built = DATASETS.build(dataset)
    except AnnotationError as error:
        if dataset['labelled'] and 'is no class index' in str(error):
            raise AnnotationError(f'{error}\n--masked predicts hidden motion, which needs no labels') from error
        raise
    built.full_init()
    return built


def _check_overlap(built: BaseMotion, target: _Target) -> None:
    common = sorted(set(built.annotations().values('frame_dir')) & target.unseen)
    if common:
        raise ValueError(f'{len(common)} of {len(built)} clips to pretrain on are clips that the config is validated or tested on, such as '
                         f'{", ".join(common[:3])}: leave them out (--exclude FILE:SPLIT, --exclude-subjects, --classes, FILE:SPLIT)')
    theirs, ours = built.metainfo.get('up'), target.metainfo.get('up')
    if theirs and ours and theirs != ours:
        raise ValueError(f"the {theirs} axis of the clips to pretrain on points up, of the config's data the {ours} axis: turn one of them")


# Models -----------------------------------------------------------------------------------------------------------------------------


def _with_classes(model: Dict, count: int, is_generator: bool) -> Dict:
    if is_generator:
        return dict(model, num_classes=count)
    if 'cls_head' not in model:
        raise ValueError(f'the model {model.get("type")} has no cls_head whose classes could be set')
    result = copy.deepcopy(dict(model, cls_head=dict(model['cls_head'], num_classes=count)))
    for _, part in all_mappings(result.get('data_preprocessor') or {}, 'data_preprocessor'):  # clips that are mixed, their labels too
        if 'num_classes' in part:
            part['num_classes'] = count
    return result


def masked_model(model: Dict) -> Dict:
    """What pretrains a recognizer's backbone by hidden motion.

    Args:
        model: config of the recognizer.

    Raises:
        ValueError: a head that does not say how many channels the backbone makes.
    """
    backbone, head = dict(model['backbone']), model.get('cls_head') or {}
    channels = head.get('in_channels')
    if channels is None:
        raise ValueError(f"the model's cls_head ({head.get('type')}) does not say in_channels, the channels of the backbone's features")
    if model.get('_scope_'):
        backbone.setdefault('_scope_', model['_scope_'])
    return dict(type='mmagenc.MaskedMotionPretrainer', backbone=backbone, in_channels=channels,
                num_coordinates=backbone.get('in_channels', 3))


def _check_forward(model: Dict, built: BaseMotion) -> None:
    """Send one clip through the pipeline and the network, so that what does not go together is told before the training."""
    source = ', '.join(map(str, built.ann_files))
    try:
        sample = built[0]
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise ValueError(f"a clip of {source} does not go through the config's training pipeline: {last_words(error)}") from error
    network: nn.Module = MODELS.build(copy.deepcopy(model)).eval()
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            inputs = network.data_preprocessor(pseudo_collate([sample]), False)['inputs']
            network(inputs, mode='tensor')
    except (ValueError, RuntimeError, AssertionError, IndexError) as error:
        shape = tuple(sample['inputs'].shape) if hasattr(sample.get('inputs'), 'shape') else type(sample.get('inputs')).__name__
        raise ValueError(f'a clip of {source} does not go through the network: the pipeline makes {shape} of it (clips, persons, frames, '
                         f'joints, coordinates): {last_words(error)}') from error
