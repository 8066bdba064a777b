"""Where a model is found: a work folder, a folder of ``save_pretrained``, a checkpoint, a config, a name on the hub."""

from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional, Tuple, Union

from mmengine.config import Config

from mmagenc.engine.config_file import OWN, SUFFIXES, located_config, read_config_file
from mmagenc.engine.model_folder import WEIGHTS, is_model_folder, weights_of

from .hub import fetch_folder, is_hub_name

CHECKPOINTS = ('.pth', '.pt', '.safetensors')
Place = Union[str, Path]


@dataclass(frozen=True)
class Source:
    """A model's config and weights.

    Args:
        config: read, and not yet completed.
        checkpoint: its weights; ``None`` for initial values.
        name: what was asked for.
    """

    config: Config
    checkpoint: Optional[Path]
    name: str


def find_source(model: Union[Place, Config, None], weights: Optional[Place] = None) -> Source:
    """What the arguments of an inferencer name.

    Args:
        model: a work folder of a training, of which the best or else the last checkpoint is taken; a folder of ``save_pretrained``; a
            checkpoint that lies in one of them; a config, its path, or the name of one of this package's; ``owner/name`` on the hub.
            ``None`` where ``weights`` say all.
        weights: a checkpoint of that config, or such a folder.

    Raises:
        FileNotFoundError: nothing of the name; the message says what was looked for.
        ValueError: a folder that holds no model, a checkpoint without a config, or one that cannot be read.
        HubError: a name on the hub that cannot be had.
    """
    if model is None and weights is None:
        raise ValueError('name a model: a work_dir, a folder of save_pretrained, a checkpoint with config=…, a config, or owner/name')
    if model is None or weights is None:
        return _found(weights if model is None else model)
    config = model if isinstance(model, Config) else read_config_file(_config_path(model))
    checkpoint = weights_of(weights)
    if not checkpoint.is_file():
        raise FileNotFoundError(f'checkpoint {weights}: no such file')
    return Source(config, checkpoint, str(weights))


def _found(place: Union[Place, Config]) -> Source:
    """The model that one argument names."""
    if isinstance(place, Config):
        return Source(place, None, place.filename or 'a config')
    path = Path(place)
    if is_model_folder(path):
        return Source(read_config_file(path), path / WEIGHTS, str(place))
    if path.is_dir():
        return Source(*_of_work_dir(path), str(place))
    if path.suffix.lower() in CHECKPOINTS:
        return Source(_config_beside(path), path, str(place))
    if located_config(path).is_file() or _named_configs(str(place)):
        return Source(read_config_file(_config_path(place)), None, str(place))
    if is_hub_name(str(place).partition('@')[0]) and path.suffix not in SUFFIXES:
        folder = fetch_folder(str(place))
        return Source(read_config_file(folder), folder / WEIGHTS, str(place))
    raise FileNotFoundError(f'{place}: no model of this name; looked for were a folder, a checkpoint and a config of this path, a config '
                            'of this name among those of mmagenc, and, for owner/name, the Hugging Face hub')


def _of_work_dir(folder: Path) -> Tuple[Config, Path]:
    """Config and checkpoint of a training."""
    checkpoint = best_checkpoint(folder)
    if checkpoint is None:
        raise ValueError(f'{folder}: neither the folder of a model (config.json, {WEIGHTS}) nor the work_dir of a training that has '
                         f'written a checkpoint (best_*.pth, last_checkpoint, epoch_*.pth){_trainings_below(folder)}')
    return work_dir_config(folder), checkpoint


def _trainings_below(folder: Path) -> str:
    """Work folders in a folder, in words."""
    names = sorted(path.name for path in folder.iterdir() if path.is_dir() and best_checkpoint(path) is not None)
    return f'; below it there are {", ".join(names[:5])}{", …" if len(names) > 5 else ""}' if names else ''


def best_checkpoint(folder: Path) -> Optional[Path]:
    """The checkpoint of a work folder that was the best by its validation, or else the last; ``None`` where there is none."""
    best = [path for path in folder.glob('best_*') if path.suffix in CHECKPOINTS]
    if best:
        return max(best, key=lambda path: (path.stat().st_mtime, path.name))
    from mmagenc.visualization.report.collect import newest_checkpoint
    return newest_checkpoint(folder)


def work_dir_config(folder: Path) -> Config:
    """The config that a training left in its work folder, read as data, as MMEngine writes it: nothing in the folder is run.

    Raises:
        ValueError: there is none that can be read so.
    """
    from mmagenc.visualization.report.collect import Run, read_run_config
    run = Run(name=folder.name, folder=str(folder))
    config = read_run_config(folder, run)
    if run.settings is None:
        raise ValueError(f'{folder}: there is no config of its training in it (<time>/vis_data/config.py, or a .py) that is plain data; '
                         'give the config too: load(CHECKPOINT, config=…)')
    return config


def _config_beside(checkpoint: Path) -> Config:
    """Of a checkpoint that lies in the folder of a model or of a training."""
    if not checkpoint.is_file():
        raise FileNotFoundError(f'checkpoint {checkpoint}: no such file')
    if is_model_folder(checkpoint.parent):
        return read_config_file(checkpoint.parent)
    try:
        return work_dir_config(checkpoint.parent)
    except ValueError:
        raise ValueError(f'{checkpoint}: a checkpoint holds weights, and beside it lies no config of its training: give it, '
                         "load('" + checkpoint.name + "', config='….py')") from None


# --- This package's configs


def _config_path(place: Place) -> Path:
    """The file of a config that is named by its path, or as one of this package's by its name.

    Raises:
        FileNotFoundError: no such file, no such name.
        ValueError: several of the name.
    """
    path = located_config(place)
    if path.is_file() or is_model_folder(path):
        return path
    named = _named_configs(str(place))
    if len(named) > 1:
        raise ValueError(f'{place}: there are several configs of this name: {", ".join(_shipped_name(path) for path in named)}')
    if not named:
        raise FileNotFoundError(f'config {place}: no such file, and no such name among the configs of mmagenc')
    return named[0]


def _named_configs(name: str) -> List[Path]:
    """Configs of this package whose name (``quick``) or folder and name (``infagenc/quick``) it is."""
    parts = tuple(Path(name).with_suffix('').parts) if name.endswith('.py') else Path(name).parts
    root = next((root / 'configs' for root in OWN if (root / 'configs').is_dir()), None)
    if root is None or not parts or parts[0] in ('/', '..', '.'):
        return []
    found = [path for path in sorted(root.rglob('*.py')) if '_base_' not in path.relative_to(root).parts]
    return [path for path in found if path.relative_to(root).with_suffix('').parts[-len(parts):] == parts]


def _shipped_name(path: Path) -> str:
    return '/'.join(path.with_suffix('').parts[-2:])
