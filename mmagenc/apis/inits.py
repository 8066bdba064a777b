"""Models from configs and checkpoints, without the data they were trained on."""

import numbers
from pathlib import Path
from typing import Dict, Mapping, Optional, Tuple, Union

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import init_default_scope
from torch import nn

from mmagenc.datasets.layouts import register_layouts, with_named_layouts
from mmagenc.engine.config_file import located_config, read_config_file
from mmagenc.engine.hook_config import find_hook
from mmagenc.engine.own_data import complete_config
from mmagenc.engine.refusals import refusing
from mmagenc.evaluation.checkpoints import load_checkpoint, load_weights, model_weights, recognizer_weights
from mmagenc.models.generators import BaseGenerator
from mmagenc.models.image_synthesis import PoseToImage
from mmagenc.models.recognizers import build_pipeline
from mmagenc.registry import DATASETS, MODELS

ConfigLike = Union[str, Path, Config]
Device = Union[str, torch.device]
DEFAULT_FPS = 30.0  # the published infant clips'
META_KEYS = ('classes', 'skeleton', 'fps', 'up')


def init_generator(config: ConfigLike, checkpoint: Union[str, Path, None] = None, device: Device = 'cpu') -> BaseGenerator:
    """A generator ready to generate; no dataset need be on disk.

    Args:
        config: a config with a generator as its ``model``, or its path.
        checkpoint: a checkpoint of ``tools/train.py``; ``None`` keeps the initial values.
        device: where the model goes; ``'auto'`` is the GPU where there is one.

    Returns:
        BaseGenerator: in evaluation mode, with ``cfg`` and ``dataset_meta`` (``classes``, ``skeleton`` and ``fps`` of its clips,
        and ``up`` where the training set's vertical is known). Class names are the checkpoint's, or else those of the config's training
        set, or else numbers.

    Raises:
        FileNotFoundError: no such config or checkpoint.
        ValueError: the config's model is no generator, the checkpoint does not fit it completely, or names another number of classes.
    """
    device = usable_device(device)
    cfg = read_config(config)
    content = _read_checkpoint(checkpoint)
    model = _build(cfg.get('model'), cfg, 'model')
    if not isinstance(model, BaseGenerator):
        raise ValueError(f'{_name(cfg)}: the model is a {type(model).__name__}, not a generator')
    if checkpoint is not None:
        load_weights(model, model_weights(content), source=checkpoint)
    meta = _dataset_meta(cfg, content)
    classes = list(meta.get('classes') or map(str, range(model.num_classes)))
    if len(classes) != model.num_classes:
        raise ValueError(f'{_name(cfg)}: the model has {model.num_classes} classes and its dataset {len(classes)}: {", ".join(classes)}')
    model.cfg = cfg
    fps = float(cfg.get('fps') or float(meta.get('fps') or DEFAULT_FPS) / model.gap)
    model.dataset_meta = dict(
        classes=classes, skeleton=model.representation.keypoint_skeleton, fps=fps, **({'up': meta['up']} if meta.get('up') else {}))
    return model.to(device).eval()


def init_image_model(config: ConfigLike, checkpoint: Union[str, Path], device: Device = 'cpu') -> PoseToImage:
    """A network that makes frames of poses, ready to make them; no dataset need be on disk.

    Args:
        config: a config with ``PoseToImage`` as its ``model``, or its path.
        checkpoint: a checkpoint of ``tools/train.py``, or of a converter: then it brings no generator of poses, also where the config has
            one.
        device: where the model goes; ``'auto'`` is the GPU where there is one.

    Returns:
        PoseToImage: in evaluation mode, with ``cfg`` and ``dataset_meta`` (``classes``, ``skeleton``, ``fps``, as
        :func:`init_generator`).

    Raises:
        FileNotFoundError: no such config or checkpoint.
        ValueError: the config's model is another one, or the checkpoint does not fit it completely.
    """
    device = usable_device(device)
    cfg = read_config(config)
    content = _read_checkpoint(checkpoint)
    weights = model_weights(content)
    model_cfg = dict(cfg.get('model') or {})
    if not any(name.startswith('pose_generator.') for name in weights):
        model_cfg.update(pose_generator=None, pose_checkpoint=None)
    model = _build(model_cfg if model_cfg.get('type') == 'PoseToImage' else cfg.get('model'), cfg, 'model')
    if not isinstance(model, PoseToImage):
        raise ValueError(f'{_name(cfg)}: the model is a {type(model).__name__}, not PoseToImage')
    load_weights(model, weights, source=checkpoint)
    meta = _dataset_meta(cfg, content)
    model.cfg = cfg
    model.dataset_meta = dict(
        classes=list(meta.get('classes') or map(str, range(model.num_classes))), skeleton=meta.get('skeleton'),
        fps=float(cfg.get('fps') or meta.get('fps') or DEFAULT_FPS))
    return model.to(device).eval()


def init_recognizer(config: ConfigLike, checkpoint: Union[str, Path, None] = None, device: Device = 'cpu') -> nn.Module:
    """A recognizer ready to judge clips.

    Args:
        config: a recognizer's config, or a generator's: then the recognizer that ``InfAGenCHook`` fits beside the generator, or else
            the one that the config names ``recognizer``.
        checkpoint: its checkpoint, or one of InfAGenC, which holds the recognizer too; ``None`` keeps the initial values.
        device: where the model goes; ``'auto'`` is the GPU where there is one.

    Returns:
        nn.Module: in evaluation mode, with ``cfg`` and ``test_pipeline`` (``None`` where the config names none).

    Raises:
        FileNotFoundError: no such config or checkpoint.
        ValueError: the config names no recognizer, or the checkpoint does not fit it completely.
    """
    device = usable_device(device)
    cfg = read_config(config)
    content = _read_checkpoint(checkpoint)
    model_cfg, pipeline = _recognizer_of(cfg)
    model = _build(model_cfg, cfg, 'recognizer')
    if not hasattr(model, 'extract_feat'):
        raise ValueError(f'{_name(cfg)}: the model is a {type(model).__name__}, not a recognizer')
    if checkpoint is not None:
        load_weights(model, recognizer_weights(content), source=checkpoint)
    model.cfg = cfg
    model.test_pipeline = None if pipeline is None else build_pipeline(pipeline)
    return model.to(device).eval()


def read_config(config: ConfigLike) -> Config:
    """A config by path; a config passes through, one for own data is completed. From here on its scope and its layouts are known.

    Raises:
        FileNotFoundError: no such file.
        ValueError: neither a path nor a config, or a layout in it that is none.
    """
    if isinstance(config, (str, Path)):
        if not located_config(config).is_file():
            raise FileNotFoundError(f'config {config}: no such file')
        config = read_config_file(config)
    if not isinstance(config, Config):
        raise ValueError(f'config must be a path or a Config, got {type(config).__name__}')
    init_default_scope(config.get('default_scope') or 'mmagenc')
    config = complete_config(config)
    register_layouts(config)
    return config


def _read_checkpoint(checkpoint: Union[str, Path, None]) -> Mapping:
    """A checkpoint's content, its own layouts made known: the config may only name them. ``{}`` for ``None``."""
    content = {} if checkpoint is None else load_checkpoint(checkpoint)
    try:
        meta = with_named_layouts(_said(content))
        names, fps = meta.get('classes') or [], meta.get('fps') or DEFAULT_FPS
        if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
            raise ValueError(f'classes must be names, got {str(names)[:60]}')
        if not isinstance(fps, numbers.Real) or not 0 < fps < float('inf'):
            raise ValueError(f'fps must be a positive number, got {str(fps)[:60]}')
    except ValueError as error:
        raise ValueError(f'{checkpoint}: dataset_meta: {error}') from error
    return content


def _said(checkpoint: Mapping) -> Mapping:
    """What a checkpoint says of the training set; ``{}`` where it says nothing."""
    meta = checkpoint.get('meta')
    said = meta.get('dataset_meta') if isinstance(meta, Mapping) else None
    return said if isinstance(said, Mapping) else {}


def _build(model_cfg: Optional[Dict], cfg: Config, kind: str) -> nn.Module:
    if model_cfg is None:
        raise ValueError(f'{_name(cfg)} names no {kind}')
    with refusing(cfg):
        return MODELS.build(model_cfg)


def usable_device(device: Device) -> torch.device:
    """A device that is there; ``'auto'`` is the GPU where there is one, else the CPU.

    Raises:
        ValueError: no name of a device, or of one that PyTorch does not see here.
    """
    try:
        device = torch.device(get_device() if device == 'auto' else device)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        count = torch.cuda.device_count()
        there = ', '.join(['cpu', *(f'cuda:{index}' for index in range(count))])
        raise ValueError(f'device {device}: not here; there are {there} ({str(error).splitlines()[0]})') from error
    return device


def _name(cfg: Config) -> str:
    return cfg.filename or 'the config'


def _recognizer_of(cfg: Config) -> Tuple[Optional[Dict], Optional[list]]:
    """Config of the recognizer and of its test pipeline."""
    hook = find_hook(cfg, 'InfAGenCHook')
    if hook is not None and hook.get('recognizer'):
        return hook['recognizer'].get('model'), hook['recognizer'].get('test_pipeline')
    if trains_generator(cfg):
        return cfg.get('recognizer'), cfg.get('recognizer_test_pipeline')
    dataset = innermost_dataset(cfg.get('test_dataloader') or cfg.get('val_dataloader'))
    return cfg.get('model'), dataset.get('pipeline', cfg.get('test_pipeline'))


def trains_generator(cfg: Config) -> bool:
    """Whether the model of a config is a generator of motion."""
    kind = cfg.get('model', {}).get('type')
    kind = MODELS.get(kind) if isinstance(kind, str) else kind
    return isinstance(kind, type) and issubclass(kind, BaseGenerator)


def _dataset_meta(cfg: Config, checkpoint: Mapping) -> Dict:
    """Classes, layout and frame rate of the training set: the dataset class's, then the config's, then the checkpoint's."""
    dataset = innermost_dataset(cfg.get('train_dataloader'))
    kind = DATASETS.get(dataset['type']) if isinstance(dataset.get('type'), str) else dataset.get('type')
    sources = (getattr(kind, 'METAINFO', {}), dataset.get('metainfo') or {}, _said(checkpoint))
    return {key: source[key] for source in sources for key in META_KEYS if source.get(key)}


def innermost_dataset(dataloader: Optional[Mapping]) -> Mapping:
    """The dataset's config in a data loader's, inside wrappers that repeat or concatenate it."""
    dataset = (dataloader or {}).get('dataset', {})
    while 'dataset' in dataset or 'datasets' in dataset:
        dataset = dataset['dataset'] if 'dataset' in dataset else dataset['datasets'][0]
    return dataset
