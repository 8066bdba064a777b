"""A model handed on as a folder: ``config.json``, ``model.safetensors`` and, for people, ``README.md``, as the hub's folders are.

``config.json`` is a table of plain values: the model's settings and those of its test pipeline, classes, layout, frame rate, how it was
trained, and the checksum of the weights. Nothing in a folder is a program, and nothing of it is run: of the settings only types are built
that this package or OpenMMLab's register, and no file that they name is read.
"""

import hashlib
import json
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Dict, Iterator, Mapping, Optional, Tuple, Union

from mmengine.config import Config

from mmagenc.compat import atomic_open
from mmagenc.datasets.layouts import LAYOUT_KEYS, with_named_layouts
from mmagenc.registry import registered_only
from mmagenc.skeletons.library import YAML_SUFFIXES

CONFIG, WEIGHTS, CARD = 'config.json', 'model.safetensors', 'README.md'
LIBRARY = 'mmagenc'
FORMAT = 1
"""Of ``config.json``. One with a larger number is refused: it may say what this program does not know of."""
KINDS = ('generator', 'recognizer')
SCOPES = ('mmagenc', 'mmaction', 'mmengine', 'mmcv')
"""Whose registered types a folder may name."""
KEY = 'model_folder'
"""Of a config that came out of a folder: which one."""
LARGEST = 4 << 20  # bytes of config.json; usual are some thousand
READS_FILES = ('init_cfg', 'pretrained', 'custom_imports', 'checkpoint', 'pose_checkpoint', 'model_path')
"""Settings by which a model would read a file, or import a module, while it is built."""
REQUIRED = dict(kind=str, model=dict, classes=list, weights=dict)
PathLike = Union[str, Path]


class ModelFolderError(ValueError):
    """A folder that is none of a model, is damaged, or that this version cannot read; the message names the file."""


def is_model_folder(path: PathLike) -> bool:
    """Whether a path is a folder with a ``config.json``, of whatever program."""
    return (Path(path) / CONFIG).is_file()


def weights_of(path: PathLike) -> Path:
    """The weights of a folder; of any other path itself."""
    return Path(path) / WEIGHTS if is_model_folder(path) else Path(path)


def read_model_folder(folder: PathLike) -> Config:
    """A folder as a config: ``model``, ``fps``, ``test_pipeline``, ``default_scope`` and, under ``model_folder``, where it is.

    The weights are compared with their checksum, and not loaded yet.

    Raises:
        FileNotFoundError: no such folder.
        ModelFolderError: a file that is missing or damaged, another program's folder, settings that would run or read something, or one
            of a newer version.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f'{folder}: no such folder')
    table = read_table(folder)
    _check_weights(folder, table['weights'])
    try:
        with_named_layouts(dict(layouts=table.get('layouts')))
    except ValueError as error:
        raise ModelFolderError(f'{folder / CONFIG}: layouts: {error}') from error
    settings = {key: table[key] for key in ('model', 'fps', 'test_pipeline') if table.get(key) is not None}
    settings.update(default_scope=table.get('default_scope', LIBRARY), **{KEY: str(folder)})
    return Config(settings, filename=str(folder / CONFIG))


def read_table(folder: PathLike) -> Dict[str, Any]:
    """The content of ``config.json``, looked through.

    Raises:
        ModelFolderError: as :func:`read_model_folder`, but for the weights.
    """
    path = Path(folder) / CONFIG
    table = _json(path)
    if table.get('library_name') != LIBRARY:
        other = next((f' ({key} {table[key]!r})' for key in ('library_name', 'model_type') if isinstance(table.get(key), str)), '')
        raise ModelFolderError(f'{path}: of another program{other[:80]}: mmagenc save-pretrained writes library_name "{LIBRARY}"')
    _check_format(path, table)
    for key, kind in REQUIRED.items():
        if not isinstance(table.get(key), kind):
            raise ModelFolderError(f'{path}: {key} must be a {_JSON[kind]}, got {_short(table.get(key))}')
    if table['kind'] not in KINDS:
        raise ModelFolderError(f'{path}: kind must be {" or ".join(KINDS)}, got {_short(table["kind"])}')
    if not all(isinstance(name, str) for name in table['classes']) or not table['classes']:
        raise ModelFolderError(f'{path}: classes must be names, got {_short(table["classes"])}')
    if table.get('default_scope', LIBRARY) not in SCOPES:
        raise ModelFolderError(f'{path}: default_scope must be one of {", ".join(SCOPES)}, got {_short(table["default_scope"])}')
    for key in ('model', 'test_pipeline'):
        _check_settings(table.get(key), key, path)
    return table


_JSON = {str: 'text', dict: 'table', list: 'list'}


def _json(path: Path) -> Dict[str, Any]:
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise ModelFolderError(f'{path}: {size} bytes; accepted are up to {LARGEST}')
        table = json.loads(path.read_text(encoding='utf-8'))
    except FileNotFoundError:
        raise ModelFolderError(f'{path}: no such file: a folder of a model holds {CONFIG} and {WEIGHTS}') from None
    except (ValueError, RecursionError) as error:
        if isinstance(error, ModelFolderError):
            raise
        raise ModelFolderError(f'{path}: no JSON: {error}') from error
    if not isinstance(table, dict):
        raise ModelFolderError(f'{path}: holds a {type(table).__name__}, expected a table')
    return table


def _check_format(path: Path, table: Mapping) -> None:
    number = table.get('format')
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise ModelFolderError(f'{path}: format must be a number from 1, got {_short(number)}')
    if number > FORMAT:
        raise ModelFolderError(f'{path}: format {number}, written by mmagenc {_short(table.get("mmagenc_version"))}; this version reads up '
                               f'to {FORMAT}: pip install -U mmagenc')


def _check_settings(value: Any, key: str, path: Path) -> None:
    """Refuse types of other packages, and settings by which a file would be read or a module imported."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            _check_settings(item, f'{key}.{index}', path)
    if not isinstance(value, dict):
        return
    for name, item in value.items():
        if name in READS_FILES and item is not None or name in LAYOUT_KEYS and str(item).endswith(YAML_SUFFIXES):
            raise ModelFolderError(f'{path}: {key}.{name}: refused, a folder from elsewhere must not have files read or modules imported')
        if name == '_scope_' and item not in SCOPES:
            raise ModelFolderError(f'{path}: {key}._scope_ must be one of {", ".join(SCOPES)}, got {_short(item)}')
        if name == 'type':
            _check_type(item, key, path)
        _check_settings(item, f'{key}.{name}', path)


def _check_type(name: Any, key: str, path: Path) -> None:
    scope, _, own = name.rpartition('.') if isinstance(name, str) else ('', '', '')
    if not own.isidentifier() or scope and scope not in SCOPES:
        raise ModelFolderError(f'{path}: {key}.type must be a registered name of {", ".join(SCOPES)}, got {_short(name)}')


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f'{text[:60]}…'


def _check_weights(folder: Path, said: Mapping) -> None:
    path = folder / WEIGHTS
    if not path.is_file():
        raise ModelFolderError(f'{path}: no such file: a folder of a model holds {CONFIG} and {WEIGHTS}')
    size, digest = file_sum(path)
    if said.get('bytes') is not None and said['bytes'] != size:
        raise ModelFolderError(f'{path}: {size} bytes, {CONFIG} says {_short(said["bytes"])}: the file is cut short or another one')
    if said.get('sha256') != digest:
        raise ModelFolderError(f'{path}: not the file that {CONFIG} was written with (sha256 {digest[:12]}…, there '
                               f'{_short(said.get("sha256"))[1:13]}…): damaged, or replaced')


def file_sum(path: PathLike) -> Tuple[int, str]:
    """Bytes of a file, and their SHA-256."""
    digest, size = hashlib.sha256(), 0
    with open(path, 'rb') as file:
        while block := file.read(1 << 20):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()


def write_json(path: PathLike, table: Mapping) -> None:
    """Write ``config.json`` in one step."""
    with atomic_open(path, 'w', encoding='utf-8') as file:
        json.dump(table, file, indent=2, ensure_ascii=False, allow_nan=False)
        file.write('\n')


# --- While a model is built


def folder_of(cfg: Mapping) -> Optional[str]:
    """The folder that a config came out of, or ``None``."""
    return cfg.get(KEY)


def taken_from(cfg: Config, checkpoint: Union[PathLike, None]) -> Optional[Path]:
    """The checkpoint of a model: the one that is named, a folder standing for its weights, or else that of the config's own folder."""
    if checkpoint is not None:
        return weights_of(checkpoint)
    folder = folder_of(cfg)
    return None if folder is None else Path(folder) / WEIGHTS


@contextmanager
def building(cfg: Config) -> Iterator[None]:
    """Build nothing but registered types where the config came out of a folder.

    Raises:
        ModelFolderError: naming the file, where what its settings describe cannot be built.
    """
    folder = folder_of(cfg)
    with nullcontext() if folder is None else registered_only():
        try:
            yield
        except (ValueError, TypeError, KeyError, AttributeError, RuntimeError, AssertionError, LookupError) as error:
            if folder is None:
                raise
            words = ' '.join(str(error.args[0] if isinstance(error, KeyError) and error.args else error).split())
            advice = ('. A type of a package of your own is known once that package has been imported'
                      if 'is not in the' in words or 'not registered' in words else '')
            raise ModelFolderError(f'{Path(folder) / CONFIG}: {words[:300]}{advice}') from error


def check_said(cfg: Config, meta: Mapping) -> None:
    """Refuse a folder whose ``config.json`` says other classes or another layout than its weights do.

    Raises:
        ModelFolderError: naming both.
    """
    folder = folder_of(cfg)
    table = {} if folder is None else read_table(folder)
    for key in ('classes', 'skeleton'):
        ours, theirs = table.get(key), meta.get(key)
        if ours and theirs and ours != (list(theirs) if key == 'classes' else theirs):
            raise ModelFolderError(f'{Path(folder) / CONFIG}: {key} {_short(ours)}, but the weights beside it are of {_short(theirs)}')
