"""Models from configs and checkpoints, without the data they were trained on."""

from pathlib import Path
from typing import Dict, Optional, Tuple, Union

import torch
from mmengine.config import Config
from mmengine.device import get_device
from torch import nn

from mmagenc.clips import USUAL_FPS
from mmagenc.datasets.layouts import with_named_layouts
from mmagenc.datasets.nested import innermost_dataset
from mmagenc.engine.building import (
    ConfigLike,
    build_generator,
    build_model,
    config_name,
    dataset_meta,
    note_origin,
    read_checkpoint,
    read_config,
)
from mmagenc.engine.config_check import merge_options
from mmagenc.engine.config_file import is_config, missing_config_words, read_config_file
from mmagenc.engine.contract import num_classes_of
from mmagenc.engine.hook_config import find_hook
from mmagenc.engine.model_folder import building, folder_of, is_model_folder, taken_from, weights_of
from mmagenc.evaluation.checkpoints import load_weights, missing_words, model_weights, recognizer_fitted, recognizer_weights
from mmagenc.models.generators import BaseGenerator
from mmagenc.models.image_synthesis import PoseToImage
from mmagenc.models.recognizers import build_pipeline
from mmagenc.registry import MODELS

Device = Union[str, torch.device]


def init_generator(config: ConfigLike, checkpoint: Union[str, Path, None] = None, device: Device = 'cpu') -> BaseGenerator:
    """A generator ready to generate; no dataset need be on disk.

    Args:
        config: a config with a generator as its ``model``, or its path, or a folder of ``save_pretrained``.
        checkpoint: a checkpoint of ``tools/train.py``; ``None`` takes the weights of the config's folder, and without one keeps the initial
            values.
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
    model, meta = build_generator(config, checkpoint)
    classes = list(meta.get('classes') or map(str, range(model.num_classes)))
    fps = float(model.cfg.get('fps') or float(meta.get('fps') or USUAL_FPS) / model.gap)
    model.dataset_meta = dict(
        classes=classes, skeleton=model.representation.keypoint_skeleton, fps=fps, **({'up': meta['up']} if meta.get('up') else {}))
    return model.to(device).eval()


def read_model_config(config: Union[str, Path], checkpoint: Union[str, Path, None], options: Optional[Dict] = None) -> Config:
    """The config of a command's ``CONFIG CHECKPOINT``, or of a folder of ``save_pretrained`` alone, with ``--cfg-options`` in it.

    Raises:
        ValueError: a file that is not there, a config alone, or an option that it cannot take.
    """
    if not is_config(config):
        raise ValueError(f'config {config}: {missing_config_words(config)}')
    if checkpoint is None and not is_model_folder(config):
        raise ValueError(f'config {config}: it needs a checkpoint; the folder of a model (mmagenc save-pretrained) brings its own')
    if checkpoint is not None and not weights_of(checkpoint).is_file():
        raise ValueError(f'checkpoint {checkpoint}: {missing_words(checkpoint)}')
    cfg = read_config_file(config)
    merge_options(cfg, options)
    return cfg


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
    content = read_checkpoint(checkpoint)
    weights = model_weights(content)
    model_cfg = dict(cfg.get('model') or {})
    if not any(name.startswith('pose_generator.') for name in weights):
        model_cfg.update(pose_generator=None, pose_checkpoint=None)
    model = build_model(model_cfg if model_cfg.get('type') == 'PoseToImage' else cfg.get('model'), cfg, 'model')
    if not isinstance(model, PoseToImage):
        raise ValueError(f'{config_name(cfg)}: the model is a {type(model).__name__}, not PoseToImage')
    load_weights(model, weights, source=checkpoint)
    meta = dataset_meta(cfg, content)
    model.cfg = cfg
    model.dataset_meta = dict(
        classes=list(meta.get('classes') or map(str, range(model.num_classes))), skeleton=meta.get('skeleton'),
        fps=float(cfg.get('fps') or meta.get('fps') or USUAL_FPS))
    return model.to(device).eval()


def init_recognizer(config: ConfigLike, checkpoint: Union[str, Path, None] = None, device: Device = 'cpu') -> nn.Module:
    """A recognizer ready to judge clips.

    Args:
        config: a recognizer's config, or a generator's: then the recognizer that ``InfAGenCHook`` fits beside the generator, or else
            the one that the config names ``recognizer``; or a folder of ``save_pretrained``.
        checkpoint: its checkpoint, or one of InfAGenC, which holds the recognizer too; ``None`` takes the weights of the config's folder,
            and without one keeps the initial values.
        device: where the model goes; ``'auto'`` is the GPU where there is one.

    Returns:
        nn.Module: in evaluation mode, with ``cfg``, ``test_pipeline`` (``None`` where the config names none), ``dataset_meta``
        (``classes``, by name or number, and those of ``skeleton``, ``fps`` and ``up`` that are known) and ``learnt``, whether its weights
        are trained.

    Raises:
        FileNotFoundError: no such config or checkpoint.
        ValueError: the config names no recognizer, or the checkpoint does not fit it completely.
    """
    device = usable_device(device)
    cfg = read_config(config)
    checkpoint = taken_from(cfg, checkpoint)
    content = read_checkpoint(checkpoint)
    model_cfg, pipeline = recognizer_settings(cfg)
    model = build_model(model_cfg, cfg, 'recognizer')
    if not hasattr(model, 'extract_feat'):
        raise ValueError(f'{config_name(cfg)}: the model is a {type(model).__name__}, not a recognizer')
    if checkpoint is not None:
        load_weights(model, recognizer_weights(content), source=checkpoint)
    note_origin(model, cfg, content)
    model.learnt = checkpoint is not None and recognizer_fitted(content)
    model.dataset_meta = _recognized(model, dataset_meta(cfg, content), cfg)
    with building(cfg):
        model.test_pipeline = None if pipeline is None else build_pipeline(pipeline)
    return model.to(device).eval()


def _recognized(model: nn.Module, meta: Dict, cfg: Config) -> Dict:
    """What is known of the clips that a recognizer takes: classes by name where as many names are known as it has."""
    count = num_classes_of(model)
    names = list(map(str, meta.get('classes') or ()))
    if names and count is not None and len(names) != count:
        if folder_of(cfg) is not None:
            raise ValueError(f'{config_name(cfg)}: {len(names)} classes ({", ".join(names)}), the model tells {count} apart')
        names = []
    return {**meta, 'classes': names or list(map(str, range(count or 0)))}


def known_clips(model: nn.Module) -> Dict:
    """What config and checkpoint say of a recognizer's clips, for who names classes to others: numbers do not stand in for wrong names.

    Args:
        model: of :func:`init_recognizer`.

    Returns:
        dict: ``classes``, by number where nothing names them, and those of ``skeleton``, ``fps`` and ``up`` that are known.

    Raises:
        ValueError: names of another number of classes than the recognizer tells apart.
    """
    known = with_named_layouts(dataset_meta(model.cfg, dict(meta=model.checkpoint_meta)))
    count = model.cls_head.num_classes
    classes = list(known.get('classes') or map(str, range(count)))
    if len(classes) != count:
        raise ValueError(f'the recognizer has {count} classes and its dataset {len(classes)}: {", ".join(classes)}')
    return {**known, 'classes': classes}


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


def recognizer_settings(cfg: Config) -> Tuple[Optional[Dict], Optional[list]]:
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
    with building(cfg):
        kind = MODELS.get(kind) if isinstance(kind, str) else kind
    return isinstance(kind, type) and issubclass(kind, BaseGenerator)
