"""Mistakes in a config that MMEngine passes over in silence or meets in obscure words, found before anything starts.

MMEngine reads the keys that it knows and leaves all others alone: a misspelt ``train_cfg`` trains by the defaults of another file. Every
function here looks at a config and raises ``ValueError`` in one line; none changes it, and no data, model or runner is built.
"""

import inspect
import os
from typing import Any, Dict, Iterable, Iterator, List, Optional

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import FUNCTIONS
from mmengine.runner import LogProcessor, Runner
from torch.utils.data import DataLoader

from mmagenc.command_line import describe
from mmagenc.engine.config_types import check_arguments, check_clipping, check_types, closest, short
from mmagenc.engine.hook_config import config_hooks
from mmagenc.outputs import folder_problem, meant
from mmagenc.registry import HOOKS, LOOPS, RUNNERS
from mmagenc.untrusted import is_safetensors
from mmagenc.untrusted.weights import WEIGHTS_ONLY

RUNNER_KEYS = tuple(name for name in inspect.signature(Runner.__init__).parameters if name not in ('self', 'cfg'))
OTHER_KEYS = ('activation_checkpointing', 'compile', 'custom_imports', 'efficient_conv_bn_eval', 'find_unused_parameters',
              'model_wrapper_cfg', 'runner_type', 'strategy', 'sync_bn')
"""What MMEngine and its tools read from a config beside the runner's arguments."""
VARIABLES = ('fps', 'num_classes', 'num_frames', 'recognizer', 'recognizer_optim_wrapper', 'recognizer_test_pipeline',
             'recognizer_train_pipeline', 'study', 'test_pipeline', 'train_pipeline', 'tta_model', 'tta_pipeline', 'val_pipeline',
             'vis_backends')
"""What this package, other tools or configs further down read by name."""
SCALAR_KEYS = ('default_scope', 'experiment_name', 'find_unused_parameters', 'launcher', 'load_from', 'log_level', 'resume', 'runner_type',
               'sync_bn', 'work_dir')
"""Of the runner's and MMEngine's keys, those whose value is no dict or list."""
OWN_HOOKS = dict(
    runtime_info='RuntimeInfoHook', timer='IterTimerHook', sampler_seed='DistSamplerSeedHook', logger='LoggerHook',
    param_scheduler='ParamSchedulerHook', checkpoint='CheckpointHook')
"""The names that MMEngine itself gives to hooks, and what they are."""
OWN_SETTINGS = dict(checkpoint=dict(interval=1))
"""What MMEngine sets of its hooks otherwise than their classes do."""
PARTS = dict(
    train=('train_dataloader', 'train_cfg', 'optim_wrapper'),
    val=('val_dataloader', 'val_cfg', 'val_evaluator'),
    test=('test_dataloader', 'test_cfg', 'test_evaluator'))
"""What the runner takes all or nothing of."""
LENGTHS = dict(EpochBasedTrainLoop='max_epochs', IterBasedTrainLoop='max_iters')
LOADER_KEYS = tuple(name for name in inspect.signature(DataLoader.__init__).parameters if name not in ('self', 'shuffle')) + (
    'num_batch_per_epoch', 'disable_subprocess_warning')
MAX_SEED = 2**32
TABLES = {
    'randomness': dict(seed=None, diff_rank_seed=bool, deterministic=bool),
    'env_cfg': dict(cudnn_benchmark=bool, mp_cfg=dict, dist_cfg=dict, resource_limit=int),
    'env_cfg.mp_cfg': dict(mp_start_method=None, opencv_num_threads=int),
    'auto_scale_lr': dict(enable=bool, base_batch_size=int)
}
"""Settings that are of no class, and what MMEngine reads of them; ``None`` is looked at elsewhere."""
LOG_LEVELS = ('CRITICAL', 'ERROR', 'WARNING', 'INFO', 'DEBUG')
START_METHODS = ('fork', 'spawn', 'forkserver')
LAUNCHED = dict(
    pytorch=('RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT'),
    slurm=('SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_NODELIST'),
    mpi=('OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE', 'OMPI_COMM_WORLD_LOCAL_RANK'))
"""What the launchers put into the environment of each process."""
STARTS_OF = dict(
    pytorch='start with tools/dist_train.sh or tools/dist_test.sh (torchrun), or leave --launcher out',
    slurm='start with tools/slurm_train.sh or tools/slurm_test.sh (srun), or leave --launcher out',
    mpi='start with mpirun of Open MPI, or leave --launcher out')
MOST_STEPS, MOST_WORKERS = 10**9, 512
"""Longest training in epochs or iterations, and most processes that load clips, each of which takes time and memory to begin."""


def check_config(cfg: Config, stage: str) -> None:
    """Refuse what cannot be meant.

    Args:
        cfg: with the command line's options merged in.
        stage: ``'train'`` or ``'test'``: what is going to run.

    Raises:
        ValueError: a misspelt key, settings of a hook that is not there, a part that this stage needs and that is missing, or a number
            out of range. The message is one line and names the key.
    """
    if cfg.get('resume') and cfg.get('load_from') and is_safetensors(cfg.load_from):
        raise ValueError(f'resume: {cfg.load_from} {WEIGHTS_ONLY}')
    check_keys(cfg)
    check_hooks(cfg)
    check_parts(cfg, stage)
    check_loops(cfg, stage)
    check_settings(cfg)
    check_tables(cfg)
    if cfg.get('own_data') is None:  # else the file says what is missing still
        check_types(cfg, stage)


def merge_options(cfg: Config, options: Optional[Dict]) -> None:
    """Write ``--cfg-options`` into a config, in place; ``ann_file.1=FILE`` too, of whose lists MMEngine takes dicts only. Hooks that
    MMEngine has in any case are there, though the config does not name them.

    Raises:
        ValueError: an option that leads to no place in this config.
    """
    options = options or {}
    items = {key: value for key, value in options.items() if _is_plain_item(cfg, key, value)}
    try:
        cfg.merge_from_dict({**_own_hooks(cfg, options), **{key: value for key, value in options.items() if key not in items}})
        for key, value in items.items():
            path, _, index = key.rpartition('.')
            _at(cfg, path)[int(index)] = value
    except (KeyError, TypeError, AttributeError) as error:
        for key in options:
            problem = _no_place(cfg, key)
            if problem:
                raise ValueError(f'--cfg-options {key}: {problem}') from error
        raise ValueError(f'--cfg-options {" ".join(options)}: {describe(error)}') from error


def _at(cfg: Config, path: str) -> Any:
    """What a config has at a path of names and places in lists; ``None`` if that leads nowhere."""
    value: Any = cfg
    for name in path.split('.'):
        if isinstance(value, list):
            value = value[int(name)] if name.isdigit() and int(name) < len(value) else None
        else:
            value = value.get(name) if isinstance(value, (dict, Config)) else None
    return value


def _is_plain_item(cfg: Config, key: str, value: Any) -> bool:
    """Whether an option replaces an item of a list by something that is no dict."""
    path, _, index = key.rpartition('.')
    items = _at(cfg, path) if path and index.isdigit() and not isinstance(value, dict) else None
    return isinstance(items, list) and int(index) < len(items)


def _own_hooks(cfg: Config, options: Dict) -> Dict:
    """What MMEngine's own hooks are that options change and the config does not name: a setting alone would take the place of all of it."""
    named = cfg.get('default_hooks')
    if not isinstance(named, (dict, type(None))):
        return {}
    changed = [key.split('.')[1] for key in options if key.startswith('default_hooks.') and key.count('.') > 1]
    return {f'default_hooks.{name}.{key}': value for name in changed if name in OWN_HOOKS and name not in (named or {})
            for key, value in dict(type=OWN_HOOKS[name], **OWN_SETTINGS.get(name, {})).items()}


def _no_place(cfg: Config, key: str) -> Optional[str]:
    """Why an option's key leads to no place in a config, or ``None``."""
    value, names = cfg, key.split('.')
    for depth, name in enumerate(names):
        path = '.'.join(names[:depth])
        if isinstance(value, list):
            if not name.isdigit() or int(name) >= len(value):
                accepted = f'accepted are {path}.0 to {path}.{len(value) - 1}' if value else 'nothing is in it'
                return f'{path} is a list of {len(value)}, {accepted}'
            value = value[int(name)]
        elif isinstance(value, (dict, Config)):
            if name not in value:
                return None
            value = value[name]
        else:
            return f'{path} is {short(value)}, which has no {name}'
    return None


# Keys -------------------------------------------------------------------------------------------------------------------------------


def check_keys(cfg: Config) -> None:
    """Refuse top-level keys that nothing reads and that are a known key but for a letter, or that are a hook.

    A variable that other keys take up is no mistake, whatever its name.

    Raises:
        ValueError: such keys, each with the likely right one.
    """
    problems = []
    for key, value in cfg.items():
        if key.startswith('_') or key in (*RUNNER_KEYS, *OTHER_KEYS, *VARIABLES):
            continue
        likely = _meant_key(cfg, key, value)
        if likely and not _taken_up(cfg, key):
            problems.append(f'{key} (is {likely} meant?)')
    if problems:
        raise ValueError(f'nothing reads the top-level {_plural("key", problems)} {", ".join(problems)}')


def _meant_key(cfg: Config, key: str, value: Any) -> Optional[str]:
    """The known key that a top-level key is likely to stand for."""
    scalar = not isinstance(value, (dict, list, tuple))
    likely = [name for name in (*RUNNER_KEYS, *OTHER_KEYS) if value is None or scalar == (name in SCALAR_KEYS)]
    found = closest(key, likely)
    if found:
        return found
    if isinstance(value, dict) and (key in hook_names(cfg) or _is_hook(value)):
        return f'default_hooks.{key}'
    return None


def _taken_up(cfg: Config, key: str) -> bool:
    """Whether a variable's value stands somewhere else in the config too, as it does where the config's file used it."""
    value = cfg[key]
    if not isinstance(value, (dict, list, tuple)) or not value:
        return False
    return any(value == part for name, other in cfg.items() if name != key for part in _parts(other))


def _parts(value: Any) -> Iterator[Any]:
    """A value and everything in it."""
    yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    for part in inner:
        yield from _parts(part)


# Hooks ------------------------------------------------------------------------------------------------------------------------------


def check_hooks(cfg: Config) -> None:
    """Refuse settings of hooks that are not there, and arguments that a hook does not have.

    Raises:
        ValueError: ``custom_hooks`` that is no list, an entry without ``type``, or an argument that its class does not take.
    """
    listed, named = cfg.get('custom_hooks'), cfg.get('default_hooks')
    if listed is not None and not isinstance(listed, (list, tuple)):
        raise ValueError(f'custom_hooks must be a list, got {type(listed).__name__}: hooks of this config have names, so write '
                         f'default_hooks.NAME… (NAME is one of {", ".join(hook_names(cfg))})')
    if named is not None and not isinstance(named, dict):
        raise ValueError(f'default_hooks must be a dict of hooks by name, got {type(named).__name__}')
    for key, hook in config_hooks(cfg).items():
        if 'type' not in hook:
            raise ValueError(_without_type(cfg, key))
        check_arguments(key, hook, HOOKS.get(hook['type']) if isinstance(hook['type'], str) else hook['type'], extra=('priority', ))


def hook_names(cfg: Config) -> List[str]:
    """The names under which ``default_hooks`` of this config has hooks, and those that MMEngine has in any case."""
    named = cfg.get('default_hooks') if isinstance(cfg.get('default_hooks'), dict) else {}
    return list(dict.fromkeys([*(name for name, hook in named.items() if not isinstance(hook, dict) or 'type' in hook), *OWN_HOOKS]))


def _without_type(cfg: Config, key: str) -> str:
    place, name = key.split('.', 1)
    if place == 'custom_hooks':
        return f'{key} has no type, so that nobody knows which hook it is'
    if name in OWN_HOOKS:
        added = f"{key} has no type: add type='{OWN_HOOKS[name]}'"
        try:
            check_arguments(key, config_hooks(cfg)[key], HOOKS.get(OWN_HOOKS[name]), extra=('priority', ))
        except ValueError as error:
            return f'{added}; and {error}'
        return added
    names = hook_names(cfg)
    question = meant(name, names, place='default_hooks.')
    return f'{key}: this config has no hook of the name{question}. It has {", ".join(names)}; a new one needs a type'


def _is_hook(settings: Dict) -> bool:
    cls = settings.get('type')
    cls = HOOKS.get(cls) if isinstance(cls, str) else cls
    return isinstance(cls, type) and issubclass(cls, Hook)


# Parts ------------------------------------------------------------------------------------------------------------------------------


def check_parts(cfg: Config, stage: str) -> None:
    """Refuse a config that lacks what the stage needs, or that has half of what belongs together.

    Raises:
        ValueError: ``model`` or one of :data:`PARTS` is missing.
    """
    missing = [key for key in ('model', *PARTS[stage]) if cfg.get(key) is None]
    if missing:
        verb = 'training needs' if stage == 'train' else 'a test needs'
        raise ValueError(f'{verb} {", ".join(missing)}, which the config does not have')
    for keys in PARTS.values():
        there, missing = [key for key in keys if cfg.get(key) is not None], [key for key in keys if cfg.get(key) is None]
        if there and missing:
            raise ValueError(f'{", ".join(keys)} belong together: {", ".join(there)} without {", ".join(missing)}; set what is missing, or '
                             f'all three to None')


def check_loops(cfg: Config, stage: str) -> None:
    """Refuse lengths of training and batches that cannot be; what is going to run is looked at first, as others often are a copy of it.

    Raises:
        ValueError: epochs, iterations or intervals below 1, a batch of none, or an argument that the loop does not take.
    """
    for part in sorted(PARTS, key=lambda name: name != stage):
        loop, loader = cfg.get(f'{part}_cfg'), cfg.get(f'{part}_dataloader')
        if isinstance(loop, dict):
            if part == 'train' and loop.get('max_epochs') is not None and not {'type', 'by_epoch'} & set(loop):
                raise ValueError("train_cfg.max_epochs: MMEngine counts iterations (max_iters) where neither type nor by_epoch says "
                                 "otherwise; add type='EpochBasedTrainLoop'")
            cls = _loop_class(loop, part)
            given = {name: value for name, value in loop.items() if value is not None}
            check_arguments(f'{part}_cfg', given, cls, own=('runner', 'dataloader', 'evaluator'), extra=('by_epoch', ))
            _check_positive(f'{part}_cfg', loop, ('max_epochs', 'max_iters', 'val_interval'))
            _check_most(f'{part}_cfg', loop, dict(max_epochs=MOST_STEPS, max_iters=MOST_STEPS))
            length = LENGTHS.get(getattr(cls, '__name__', None))
            if length and loop.get(length) is None:
                raise ValueError(f'train_cfg.{length}: the config does not say how long the training is to be')
        if isinstance(loader, dict):
            _check_loader(f'{part}_dataloader', loader)
            if loader.get('dataset') is None and cfg.get('own_data') is None:
                raise ValueError(f'{part}_dataloader.dataset: the config does not say which')


def _check_loader(key: str, loader: Dict) -> None:
    _check_positive(key, loader, ('batch_size', 'prefetch_factor'))
    workers = loader.get('num_workers', 0)
    if not _is_whole(workers) or workers < 0:
        raise ValueError(f'{key}.num_workers must be a whole number from 0, got {workers!r}')
    _check_most(key, loader, dict(num_workers=MOST_WORKERS))
    unknown = [name for name in loader if name not in LOADER_KEYS]
    if unknown:
        raise ValueError(f'{key}.{unknown[0]}: a data loader has no such setting{meant(unknown[0], LOADER_KEYS)}; '
                         f'it takes {", ".join(LOADER_KEYS)}')
    collate = loader.get('collate_fn')
    kind = collate.get('type') if isinstance(collate, dict) else None
    if isinstance(collate, dict) and (kind is None or isinstance(kind, str) and FUNCTIONS.get(kind) is None):
        raise ValueError(f'{key}.collate_fn.type: nothing of the name {kind!r} is registered among the functions'
                         f'{meant(str(kind), FUNCTIONS.module_dict)}')


def check_settings(cfg: Config) -> None:
    """Refuse a work folder that cannot be one, and a seed, a log level or a way to start processes that there is not.

    Raises:
        ValueError: naming the key and what is accepted.
    """
    for key, kind in dict(work_dir=str, load_from=str, default_scope=str, experiment_name=str, resume=bool).items():
        if not isinstance(cfg.get(key, kind()), (kind, type(None))):
            raise ValueError(f'{key} must be {"True or False" if kind is bool else "a text"}, got {short(cfg[key])}')
    problem = folder_problem(cfg.work_dir) if cfg.get('work_dir') else None
    if problem:
        raise ValueError(f'work_dir (--work-dir) {cfg.work_dir}: {problem}')
    kind = cfg.get('runner_type')
    if kind is not None and cfg.get('own_data') is None and (not isinstance(kind, str) or RUNNERS.get(kind) is None):
        raise ValueError(f"runner_type: nothing of the name {kind!r} is registered; leave it out for MMEngine's Runner")
    seed = (cfg.get('randomness') or {}).get('seed')
    if seed is not None and not (_is_whole(seed) and 0 <= seed < MAX_SEED):
        raise ValueError(f'randomness.seed (--seed) must be a whole number from 0 to {MAX_SEED - 1}, got {seed!r}')
    level = cfg.get('log_level', 'INFO')
    if level not in LOG_LEVELS:
        raise ValueError(f'log_level must be one of {", ".join(LOG_LEVELS)}, got {level!r}')
    method = ((cfg.get('env_cfg') or {}).get('mp_cfg') or {}).get('mp_start_method')
    if method not in (None, *START_METHODS):
        raise ValueError(f'env_cfg.mp_cfg.mp_start_method must be one of {", ".join(START_METHODS)}, got {method!r}')


def check_tables(cfg: Config) -> None:
    """Refuse keys that nothing reads in settings that are of no class, and values of another kind, which would count as true.

    Raises:
        ValueError: naming the key and what is accepted.
    """
    for key, known in TABLES.items():
        table = cfg
        for name in key.split('.'):
            table = (table.get(name) if isinstance(table, (dict, Config)) else None) or {}
        if not isinstance(table, dict):
            raise ValueError(f'{key} must be a dict, got {short(table)}')
        for name, value in table.items():
            if name not in known:
                raise ValueError(f'{key}.{name}: nothing reads it{meant(name, known)}; accepted are {", ".join(known)}')
            if value is not None and known[name] is bool and value not in (True, False):
                raise ValueError(f'{key}.{name} must be True or False, got {short(value)}')
            if value is not None and known[name] is int and not _is_whole(value):
                raise ValueError(f'{key}.{name} must be a whole number, got {short(value)}')
    log = cfg.get('log_processor')
    if isinstance(log, dict) and log.get('type') is None:
        check_arguments('log_processor', log, LogProcessor)
        if log.get('by_epoch', True) not in (True, False):
            raise ValueError(f'log_processor.by_epoch must be True or False, got {short(log.by_epoch)}')
    for key, wrapper in [('optim_wrapper', cfg.get('optim_wrapper')), *_several(cfg.get('optim_wrapper'))]:
        settings = wrapper if isinstance(wrapper, dict) else {}
        counts, clipping = settings.get('accumulative_counts', 1), settings.get('clip_grad')
        if _is_whole(counts) and counts < 1:  # another kind is refused with all other arguments
            raise ValueError(f'{key}.accumulative_counts must be a whole number from 1, got {short(counts)}')
        if clipping is None:
            continue
        if not isinstance(clipping, dict) or not clipping:
            raise ValueError(f'{key}.clip_grad must be a dict such as dict(max_norm=1), got {short(clipping)}')
        check_clipping(f'{key}.clip_grad', clipping)


def _several(wrapper: Any) -> List:
    """The wrappers of several optimizers, with their keys."""
    return [(f'optim_wrapper.{name}', each) for name, each in wrapper.items() if isinstance(each, dict) and 'optimizer' in each
            ] if isinstance(wrapper, dict) else []


def check_launcher(launcher: str) -> None:
    """Refuse a launcher that did not start this process: MMEngine would look for its variables in vain.

    Raises:
        ValueError: naming the variables that are missing.
    """
    missing = [name for name in LAUNCHED.get(launcher, ()) if name not in os.environ]
    if missing:
        raise ValueError(f'--launcher {launcher}: the environment has no {", ".join(missing)}: {STARTS_OF[launcher]}')


def _is_whole(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and float(value).is_integer()


def _loop_class(loop: Dict, stage: str) -> Any:
    """The class that MMEngine takes for the settings of a loop."""
    own = dict(val='ValLoop', test='TestLoop', train='EpochBasedTrainLoop' if loop.get('by_epoch') else 'IterBasedTrainLoop')
    kind = loop.get('type') or own[stage]
    return LOOPS.get(kind) if isinstance(kind, str) else kind


def _check_positive(key: str, settings: Dict, names: Iterable[str]) -> None:
    for name in names:
        value = settings.get(name)
        if value is not None and not (_is_whole(value) and value >= 1):
            raise ValueError(f'{key}.{name} must be a whole number from 1, got {value!r}')


def _check_most(key: str, settings: Dict, most: Dict[str, int]) -> None:
    for name, largest in most.items():
        if (settings.get(name) or 0) > largest:
            raise ValueError(f'{key}.{name} must be at most {largest}, got {settings[name]!r}')


def _plural(word: str, things: List) -> str:
    return word if len(things) == 1 else f'{word}s'
