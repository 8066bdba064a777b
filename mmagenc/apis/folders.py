"""A trained model as a folder to hand on: see :mod:`mmagenc.engine.model_folder` for what lies in it, and for how it is read."""

import importlib.metadata
import math
import tempfile
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Union

import numpy as np
from mmengine.config import Config
from mmengine.registry import Registry
from torch import Tensor, nn

from mmagenc.compat import atomic_open, naming
from mmagenc.datasets.layouts import LAYOUT_KEYS, layout_name, with_named_layouts
from mmagenc.engine.config_types import all_mappings
from mmagenc.engine.model_folder import (
    CARD,
    CONFIG,
    FORMAT,
    LIBRARY,
    READS_FILES,
    WEIGHTS,
    file_sum,
    folder_of,
    read_model_folder,
    read_table,
    write_json,
)
from mmagenc.evaluation.checkpoints import save_weights
from mmagenc.models.generators import BaseGenerator
from mmagenc.models.generators.clip_store import ClipStore
from mmagenc.models.generators.start_poses import StartPoses
from mmagenc.outputs import Output, check_outputs, making
from mmagenc.registry import MODELS, TRANSFORMS
from mmagenc.skeletons.library import YAML_SUFFIXES
from mmagenc.version import __version__

from .inits import recognizer_settings
from .model_card import model_card

FILES = (WEIGHTS, CARD, CONFIG)
"""In the order in which they are written: a folder whose writing was cut short is refused, by its checksum or for want of its config."""
TRAINING = ('epoch', 'iter', 'seed', 'time')
"""What is taken over of a checkpoint's ``meta``."""
PACKAGES = ('torch', 'mmengine', 'mmaction2')
Folder = Union[str, Path]


def save_pretrained(model: nn.Module, folder: Folder, *, name: Optional[str] = None, force: bool = False) -> Path:
    """Write a generator or a recognizer into a folder, in the hub's layout; :meth:`Generator.load` and ``mmagenc generate`` take it.

    Args:
        model: of :func:`~mmagenc.apis.init_generator` or :func:`~mmagenc.apis.init_recognizer`.
        folder: gets ``config.json``, ``model.safetensors`` and ``README.md``; it is made if it is not there, other files in it stay.
        name: what the README calls the model; the folder's name if left out.
        force: replace files that are there.

    Returns:
        Path: the folder.

    Raises:
        OutputError: one of the files is there already, or cannot be written.
        ValueError: a model that has learnt nothing, or whose settings cannot be handed on; the key is named.
    """
    folder = Path(folder)
    check_outputs(folder_outputs(folder), inputs=[], force=force)
    table = described(model)
    training = {key: value for key, value in table['training'].items() if key in TRAINING}
    meta = dict(dataset_meta=_data_meta(model, table), training=training, made_by='mmagenc save-pretrained', part='model')
    with making(folder), tempfile.TemporaryDirectory(prefix='.mmagenc-', dir=folder) as inside, naming(folder, inside):
        place = Path(inside)  # until all are whole: a full disk leaves an earlier model as it was
        save_weights(model.state_dict(), place / WEIGHTS, meta=meta)
        size, digest = file_sum(place / WEIGHTS)
        table['weights'] = dict(file=WEIGHTS, bytes=size, sha256=digest)
        with atomic_open(place / CARD, 'w', encoding='utf-8') as file:
            file.write(model_card(table, name or folder.resolve().name))
        write_json(place / CONFIG, table)
        read_model_folder(place)  # what was written is what will be read
        (folder / CONFIG).unlink(missing_ok=True)  # what an older one says must not stand beside newer weights
        for file in FILES:
            (place / file).replace(folder / file)
    return folder


def folder_outputs(folder: Folder, option: str = '') -> List[Output]:
    """The files of a folder, for :func:`mmagenc.outputs.check_outputs`."""
    return [Output(option, Path(folder) / name) for name in FILES]


def described(model: nn.Module) -> Dict[str, Any]:
    """What ``config.json`` says of a model, but for its weights.

    Raises:
        ValueError: a model that has learnt nothing, or a setting that cannot be handed on.
    """
    kind = 'generator' if isinstance(model, BaseGenerator) else 'recognizer'
    _check_learnt(model, kind)
    cfg, meta = model.cfg, model.dataset_meta
    settings, pipeline = (cfg.get('model'), None) if kind == 'generator' else recognizer_settings(cfg)
    model_settings = _without_files(plain_settings(settings, 'model', MODELS))
    test_pipeline = None if pipeline is None else _without_files(plain_settings(list(pipeline), 'test_pipeline', TRANSFORMS))
    layouts = with_named_layouts({}, _layouts_in([model_settings, test_pipeline]) | {meta.get('skeleton')}).get('layouts')
    own = dict(num_frames=model.num_frames, takes_class_paths=model.takes_class_paths) if kind == 'generator' else {}
    table = dict(
        library_name=LIBRARY, format=FORMAT, mmagenc_version=__version__, kind=kind, algorithm=type_name(model, settings),
        classes=list(meta['classes']), skeleton=meta.get('skeleton'), layouts=layouts, fps=meta.get('fps'), up=meta.get('up'), **own,
        default_scope=cfg.get('default_scope') or LIBRARY, model=model_settings, test_pipeline=test_pipeline, **_origin(model, cfg),
        parameters=sum(parameter.numel() for parameter in model.parameters()), recordings=kept_recordings(model), versions=_versions())
    return {key: value for key, value in table.items() if value is not None}


def type_name(model: nn.Module, settings: Mapping) -> str:
    """What the algorithm is called: of a recognizer its backbone."""
    backbone = settings.get('backbone')
    kind = type(model) if not isinstance(backbone, Mapping) else backbone.get('type')
    return kind.__name__ if isinstance(kind, type) else str(kind).split('.')[-1]


def _check_learnt(model: nn.Module, kind: str) -> None:
    if kind == 'recognizer' and not getattr(model, 'learnt', True):
        raise ValueError('this recognizer has learnt nothing yet: it has initial values, or its checkpoint was written before the loop '
                         'began')
    if kind == 'generator' and not (getattr(model.representation, 'fitted', True) and model.fitted):
        raise ValueError(f'this {type(model).__name__} has seen no recordings yet: it keeps no statistics, start poses or clips of any')


def kept_recordings(model: nn.Module) -> Dict[str, int]:
    """How much of recordings lies in a model's weights as it is, frame by frame: whoever gets the file gets these."""
    clips = sum(len(module) for module in model.modules() if isinstance(module, ClipStore))
    poses = sum(int(module.count.sum()) for module in model.modules() if isinstance(module, StartPoses))
    return dict(clips=clips, poses=poses)


def _origin(model: nn.Module, cfg: Config) -> Dict[str, Any]:
    """``training``, ``stand_in``: how it was trained, on what, with no path of the machine."""
    folder = folder_of(cfg)
    if folder is not None:
        table = read_table(folder)
        return dict(training=table.get('training') or {}, stand_in=bool(table.get('stand_in')))
    from mmagenc.visualization import standin_footer
    said = {key: value for key, value in model.checkpoint_meta.items() if key in TRAINING and isinstance(value, (int, float, str))}
    seed = (cfg.get('randomness') or {}).get('seed', said.get('seed'))
    files = [path for key, part in all_mappings(cfg) if key.startswith('train_dataloader') for path in _files(part)]
    training = dict(said, seed=seed, data=list(dict.fromkeys(Path(path).name for path in files)),
                    config=None if cfg.filename is None else Path(cfg.filename).name)
    stand_in = bool(standin_footer(cfg.get('train_dataloader'), *files))
    return dict(training={key: value for key, value in training.items() if value not in (None, [])}, stand_in=stand_in)


def _files(part: Mapping) -> List[str]:
    named = part.get('ann_file')
    return [str(path) for path in (named if isinstance(named, (list, tuple)) else [named]) if isinstance(path, (str, Path)) and path]


def _data_meta(model: nn.Module, table: Mapping) -> Dict[str, Any]:
    """As a checkpoint's ``dataset_meta``: of the training clips, which may have more frames a second than what is generated."""
    meta = {key: table[key] for key in ('classes', 'skeleton', 'layouts', 'up') if table.get(key) is not None}
    return meta if table.get('fps') is None else dict(meta, fps=table['fps'] * getattr(model, 'gap', 1))


def _versions() -> Dict[str, str]:
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


# --- Settings as plain values


def plain_settings(value: Any, key: str, registry: Registry) -> Any:
    """Settings of a config as JSON holds them: tables, lists, texts and numbers; a class becomes the name that it is registered by.

    Raises:
        ValueError: naming the key of what is none of these.
    """
    if isinstance(value, Mapping):
        odd = [name for name in value if not isinstance(name, str)]
        if odd:
            raise ValueError(f'{key}: the table has the key {odd[0]!r}, and a folder of a model holds keys that are texts')
        return {name: plain_settings(item, f'{key}.{name}', registry) for name, item in value.items()}
    if isinstance(value, (np.ndarray, np.generic, Tensor)):
        return plain_settings(value.tolist(), key, registry)
    if isinstance(value, (list, tuple, set)):
        return [plain_settings(item, f'{key}.{index}', registry) for index, item in enumerate(value)]
    if isinstance(value, type):
        return _registered_name(value, key, registry)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f'{key}={value}: a folder of a model holds finite numbers')
    if isinstance(value, Path):
        return str(value)
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise ValueError(f'{key}: a {type(value).__name__} cannot be handed on; a folder of a model holds texts, numbers, lists and tables')


def _registered_name(kind: type, key: str, registry: Registry) -> str:
    for known in (registry, registry.parent, *registry.parent.children.values()):
        for name, found in known.module_dict.items():
            if found is kind:
                return f'{known.scope}.{name}'
    raise ValueError(f'{key}: {kind.__name__} is not registered, so that no other program could build it by its name')


def _without_files(value: Any, key: str = 'model') -> Any:
    """Settings that name no file of this machine: a body by its joints, layouts by their names, and none of what only training reads."""
    if isinstance(value, list):
        return [_without_files(item, f'{key}.{index}') for index, item in enumerate(value)]
    if isinstance(value, str) and (value.startswith(('~', '/', '\\')) or value[1:3] in (':\\', ':/')):
        raise ValueError(f'{key}={value!r} names a file of this machine, which cannot be handed on')
    if not isinstance(value, dict):
        return value
    if value.get('model_path') is not None:
        joints = MODELS.build(dict(value, _scope_='mmagenc')).rest_joints()
        return dict(type='mmagenc.JointsBody', rest_joints=joints.tolist())
    if key == 'model.base':  # of a posture transfer, read by fit() alone
        return dict(ann_file=[Path(path).name for path in _files(value)])
    named = {name: layout_name(item) for name, item in value.items() if name in LAYOUT_KEYS and str(item).endswith(YAML_SUFFIXES)}
    kept = {name: item for name, item in {**value, **named}.items() if name not in READS_FILES}
    return {name: _without_files(item, f'{key}.{name}') for name, item in kept.items()}


def _layouts_in(value: Any) -> set:
    """Names of layouts in settings."""
    if isinstance(value, list):
        return set().union(*map(_layouts_in, value))
    if not isinstance(value, dict):
        return set()
    own = {item for name, item in value.items() if name in LAYOUT_KEYS and isinstance(item, str)}
    return own.union(*map(_layouts_in, value.values()))
