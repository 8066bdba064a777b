"""Config files, read with words for what is wrong in them: which file, which line, which ``_base_``."""

import ast
import traceback
from pathlib import Path
from typing import List, Tuple

from mmengine.config import Config
from mmengine.utils import is_installed

from mmagenc.command_line import describe

from .model_folder import is_model_folder, read_model_folder

SUFFIXES = ('.py', '.json', '.yaml', '.yml')
OWN = (Path(__file__).resolve().parents[1] / '.mim', Path(__file__).resolve().parents[2])
"""Where ``configs/`` of this package is: in an installed one, and in a clone."""
SCOPE = 'mmagenc::'
EXAMPLE = 'those of this package are in configs/, such as configs/infagenc/quick.py'


class ConfigFileError(ValueError):
    """A config file that cannot be read; the message names the file, and the line where there is one."""


def read_config_file(path) -> Config:
    """Read a config file with all that it is based on.

    A folder of a model (:mod:`mmagenc.engine.model_folder`) is read as the config that it holds.

    Raises:
        ConfigFileError: it or one of its ``_base_`` is not there, no config, or raises an error.
        ModelFolderError: a folder that is damaged, or another program's.
    """
    path = located_config(path)
    if is_model_folder(path):
        return read_model_folder(path)
    check_config_file(path)
    try:
        return Config.fromfile(str(path))
    except Exception as error:  # a config is a program: it may raise anything
        raise ConfigFileError(f'config {_where(path, error)}: {_words(error)}') from error


def located_config(path) -> Path:
    """The file of a path or, where that is nothing, this package's own config of that path, wherever one works.

    Its own are ``configs/infagenc/quick.py`` or, as ``_base_`` writes them, ``mmagenc::infagenc/quick.py``.
    """
    if str(path).startswith(SCOPE):
        places = [root / 'configs' / str(path)[len(SCOPE):] for root in OWN]
    else:
        places = [Path(path), *(root / path for root in OWN if Path(path).parts[:1] == ('configs', ))]
    return next((place for place in places if place.exists()), Path(path))


def missing_config_words(path) -> str:
    """Why a place is no config (:func:`is_config`)."""
    return "a folder; name the training's config and a checkpoint" if Path(path).is_dir() else 'no such file'


def is_config(path) -> bool:
    """Whether a path is a file, or this package's own config, or the folder of a model."""
    path = located_config(path)
    return path.is_file() or is_model_folder(path)


def check_config_file(path, named_in: Tuple[Path, ...] = ()) -> None:
    """Look through a file and its bases without running them.

    Args:
        path: the file.
        named_in: the files whose ``_base_`` led here, the first one first.

    Raises:
        ConfigFileError: not there, unreadable, not Python, or based on itself.
    """
    path = Path(path)
    origin = f' (_base_ of {named_in[-1]})' if named_in else ''
    if path.is_dir():
        raise ConfigFileError(f'config {path}{origin}: a folder, not a file')
    if path.suffix not in SUFFIXES:
        raise ConfigFileError(f'config {path}{origin}: configs end in {", ".join(SUFFIXES)}')
    if path.resolve() in [each.resolve() for each in named_in]:
        raise ConfigFileError(f'config {named_in[-1]}: its _base_ leads back to {path}: {" → ".join(map(str, [*named_in, path]))}')
    text = _text(path, origin)
    if path.suffix != '.py':
        return
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        line = f', line {error.lineno}' if error.lineno else ''
        code = f': {error.text.strip()}' if error.text else ''
        raise ConfigFileError(f'config {path}{line}{origin}: {error.msg}{code}') from error
    except ValueError as error:
        raise ConfigFileError(f'config {path}{origin}: {error}') from error
    for line, base in _bases(tree):
        _check_base(base, f'{path}, line {line}', path, named_in)


def _text(path: Path, origin: str) -> str:
    try:
        return path.read_text(encoding='utf-8')
    except FileNotFoundError:
        raise ConfigFileError(f'config {path}{origin}: no such file' + ('' if origin else f' ({EXAMPLE})')) from None
    except UnicodeDecodeError as error:
        raise ConfigFileError(f'config {path}{origin}: no text in UTF-8 ({error})') from error
    except OSError as error:
        raise ConfigFileError(f'config {path}{origin}: {error.strerror}') from error


def _bases(tree: ast.Module) -> List[Tuple[int, str]]:
    """What ``_base_`` names, with the line."""
    found = []
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(target, ast.Name) and target.id == '_base_' for target in node.targets):
            values = node.value.elts if isinstance(node.value, (ast.List, ast.Tuple)) else [node.value]
            found += [(value.lineno, value.value) for value in values if isinstance(value, ast.Constant) and isinstance(value.value, str)]
    return found


def _check_base(base: str, place: str, path: Path, named_in: Tuple[Path, ...]) -> None:
    if '::' not in base:
        check_config_file(path.parent / base, (*named_in, path))
        return
    package = base.partition('::')[0]
    if not package.isidentifier() or not is_installed(package):
        raise ConfigFileError(f'config {place}: _base_ {base!r}: there is no package {package}; pip install it, or name a file')
    try:
        Config._get_cfg_path(base, str(path))
    except Exception as error:  # MMEngine looks through the package's own tables, which may lack anything
        raise ConfigFileError(f'config {place}: _base_ {base!r}: {_words(error)}') from error


def _where(path, error: Exception) -> str:
    """The config file in whose reading an error arose, and its line."""
    file, line = str(path), None
    for frame, number in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_name == '_file2dict' and 'filename' in frame.f_locals:
            file, line = _short(frame.f_locals['filename'], path), None
        elif frame.f_code.co_filename.endswith('.py') and _same(frame.f_code.co_filename, file):
            line = number
    return file if line is None else f'{file}, line {line}'


def _same(file: str, other: str) -> bool:
    return Path(file).resolve() == Path(other).resolve()


def _short(file: str, path) -> str:
    return str(path) if _same(file, path) else file


def _words(error: BaseException) -> str:
    kind = '' if isinstance(error, (OSError, ConfigFileError)) else f'{type(error).__name__}: '
    text = ' '.join(f'{kind}{describe(error)}'.split())
    return text if len(text) <= 300 else f'{text[:300]}…'

