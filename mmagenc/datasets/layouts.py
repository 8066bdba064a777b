"""Own layouts on their way through files, datasets, checkpoints and configs.

In memory ``metainfo['skeleton']`` is always a name. A definition in its place is registered when it is read; what is not built in travels
as ``metainfo['layouts']``, ``{name: definition}``, in files and checkpoints, so that both can be used elsewhere.
"""

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Union

import numpy as np
from mmengine.config import Config

from mmagenc.skeletons import SKELETONS, Skeleton, get_skeleton, layout_definitions, register_skeleton
from mmagenc.skeletons.library import MMACTION2_LAYOUTS, YAML_SUFFIXES
from mmagenc.skeletons.without import WORD

from .safe_pickle import load_pickle

LAYOUT_KEYS = ('skeleton', 'keypoint_skeleton', 'layout')
"""Settings of a config that name a layout."""


def layout_name(skeleton) -> str:
    """The name of a layout that is given by name, known or not, or by a definition, which is registered.

    Raises:
        ValueError: neither a name nor a definition.
    """
    if isinstance(skeleton, str) and not skeleton.endswith(YAML_SUFFIXES):
        return get_skeleton(skeleton).name if WORD in skeleton else skeleton
    return register_skeleton(skeleton).name if isinstance(skeleton, Skeleton) else get_skeleton(skeleton).name


def with_named_layouts(metainfo: Mapping, names: Iterable[str] = ()) -> Dict:
    """Metainfo whose ``skeleton`` is a name: what it defines is registered, and ``layouts`` holds what a reader elsewhere would lack.

    Args:
        metainfo: with ``skeleton`` as a name or a definition, and ``layouts``, where there are any.
        names: further layouts, which single clips name.

    Raises:
        ValueError: a definition that is none, or a name that another layout has.
    """
    metainfo = dict(metainfo)
    layouts = metainfo.pop('layouts', None) or {}
    if not isinstance(layouts, Mapping):
        raise ValueError(f'layouts must be a dict of definitions by name, got {type(layouts).__name__}')
    for definition in layouts.values():
        register_skeleton(definition)
    if metainfo.get('skeleton') is not None:
        metainfo['skeleton'] = layout_name(metainfo['skeleton'])
    definitions = layout_definitions([metainfo.get('skeleton'), *names])
    return {**metainfo, **({'layouts': definitions} if definitions else {})}


def register_layouts(cfg: Union[Mapping, Config]) -> None:
    """Make known what a config's datasets define, before the models that name it are built.

    That is the ``skeleton`` of each ``metainfo`` and, where the config names a layout that is not known yet, what the annotation files
    say. A file that cannot be read is passed over: the dataset refuses it in better words.

    Raises:
        ValueError: a definition that is none, or a name that another layout has.
    """
    parts = list(_mappings(dict(cfg.items())))  # a Config is no Mapping
    for part in parts:
        if isinstance(part.get('metainfo'), Mapping):
            with_named_layouts(part['metainfo'])
    named = {part[key] for part in parts for key in LAYOUT_KEYS if isinstance(part.get(key), str)}
    unknown = {name for name in named if name not in SKELETONS and name not in MMACTION2_LAYOUTS and not name.endswith(YAML_SUFFIXES)}
    for path in dict.fromkeys(path for part in parts for path in _files(part)) if unknown else ():
        with_named_layouts(_metainfo_of(path))


def _mappings(part) -> Iterator[Mapping]:
    """All dicts of a config."""
    if isinstance(part, Mapping):
        yield part
    if isinstance(part, (Mapping, list, tuple)):
        for value in part.values() if isinstance(part, Mapping) else part:
            yield from _mappings(value)


def _files(dataset: Mapping) -> List[Path]:
    files = dataset.get('ann_file') or []
    files = [files] if isinstance(files, str) else files
    return [Path(dataset.get('data_root') or '', path) for path in files if isinstance(path, str)]


def _metainfo_of(path: Path) -> Dict[str, Any]:
    """What an annotation file says of itself, without its clips where the format allows; ``{}`` if that is nothing."""
    content = None
    with contextlib.suppress(Exception):  # damaged files raise nearly anything
        if path.suffix == '.npz':
            with np.load(path, allow_pickle=False) as archive:
                content = json.loads(str(archive['header']))
        elif path.suffix == '.pkl':
            content = load_pickle(path)
    metainfo = content.get('metainfo') if isinstance(content, dict) else None
    return metainfo if isinstance(metainfo, dict) else {}
