"""Generators out of configs and checkpoints, without the data they were trained on."""

import numbers
from pathlib import Path
from typing import Dict, Mapping, Optional, Tuple, Union

from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import nn

from mmagenc.clips import USUAL_FPS
from mmagenc.datasets.layouts import register_layouts, with_named_layouts
from mmagenc.datasets.nested import innermost_dataset
from mmagenc.engine.config_file import is_config, missing_config_words, read_config_file
from mmagenc.engine.model_folder import building, check_said, taken_from
from mmagenc.engine.own_data import complete_config
from mmagenc.engine.refusals import refusing
from mmagenc.evaluation.checkpoints import load_checkpoint, load_weights, model_weights
from mmagenc.models.generators import BaseGenerator
from mmagenc.registry import DATASETS, MODELS

ConfigLike = Union[str, Path, Config]
META_KEYS = ('classes', 'skeleton', 'fps', 'up')


def build_generator(config: ConfigLike, checkpoint: Union[str, Path, None] = None) -> Tuple[BaseGenerator, Dict]:
    """A generator with its weights, on the CPU, and what is known of its clips.

    Args:
        config: a config with a generator as its ``model``, or its path, or a folder of :mod:`mmagenc.engine.model_folder`.
        checkpoint: a checkpoint of ``tools/train.py``, or such a folder; ``None`` takes the weights of the config's folder, and without one
            keeps the initial values.

    Returns:
        tuple: the generator, with ``cfg``; and those of :data:`META_KEYS` that dataset class, config or checkpoint say.

    Raises:
        FileNotFoundError: no such config or checkpoint.
        ValueError: the config's model is no generator, the checkpoint does not fit it completely, or names another number of classes.
    """
    cfg = read_config(config)
    checkpoint = taken_from(cfg, checkpoint)
    content = read_checkpoint(checkpoint)
    model = build_model(cfg.get('model'), cfg, 'model')
    if not isinstance(model, BaseGenerator):
        raise ValueError(f'{config_name(cfg)}: the model is a {type(model).__name__}, not a generator')
    if checkpoint is not None:
        load_weights(model, model_weights(content), source=checkpoint)
    meta = dataset_meta(cfg, content)
    classes = list(meta.get('classes') or map(str, range(model.num_classes)))
    if len(classes) != model.num_classes:
        raise ValueError(f'{config_name(cfg)}: the model has {model.num_classes} classes and its dataset {len(classes)}: '
                         f'{", ".join(classes)}')
    note_origin(model, cfg, content)
    return model, meta


def read_config(config: ConfigLike) -> Config:
    """A config by path, of a folder too; a config passes through, one for own data is completed.

    From here on its scope and its layouts are known.

    Raises:
        FileNotFoundError: no such file.
        ValueError: neither a path nor a config, or a layout in it that is none.
    """
    if isinstance(config, (str, Path)):
        if not is_config(config):
            raise FileNotFoundError(f'config {config}: {missing_config_words(config)}')
        config = read_config_file(config)
    if not isinstance(config, Config):
        raise ValueError(f'config must be a path or a Config, got {type(config).__name__}')
    init_default_scope(config.get('default_scope') or 'mmagenc')
    config = complete_config(config)
    register_layouts(config)
    return config


def read_checkpoint(checkpoint: Union[str, Path, None]) -> Mapping:
    """A checkpoint's content, its own layouts made known: the config may only name them. ``{}`` for ``None``."""
    content = {} if checkpoint is None else load_checkpoint(checkpoint)
    try:
        meta = with_named_layouts(_said(content))
        names, fps = meta.get('classes') or [], meta.get('fps') or USUAL_FPS
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


def build_model(model_cfg: Optional[Dict], cfg: Config, kind: str) -> nn.Module:
    """A model of a config; ``kind`` is what it is called where there is none (``ValueError``)."""
    if model_cfg is None:
        raise ValueError(f'{config_name(cfg)} names no {kind}')
    with building(cfg), refusing(cfg):
        return MODELS.build(model_cfg)


def note_origin(model: nn.Module, cfg: Config, checkpoint: Mapping) -> None:
    """Keep with a model what it was built from: ``cfg``, and ``checkpoint_meta``, what its checkpoint says of its training."""
    meta = checkpoint.get('meta')
    model.cfg, model.checkpoint_meta = cfg, meta if isinstance(meta, Mapping) else {}


def config_name(cfg: Config) -> str:
    """The config's file, for messages."""
    return cfg.filename or 'the config'


def dataset_meta(cfg: Config, checkpoint: Mapping) -> Dict:
    """Classes, layout and frame rate of the training set: the dataset class's, then the config's, then the checkpoint's."""
    dataset = innermost_dataset(cfg.get('train_dataloader'))
    kind = DATASETS.get(dataset['type']) if isinstance(dataset.get('type'), str) else dataset.get('type')
    said = _said(checkpoint)
    check_said(cfg, said)
    sources = (getattr(kind, 'METAINFO', {}), dataset.get('metainfo') or {}, said)
    return {key: source[key] for source in sources for key in META_KEYS if source.get(key)}
