"""Mistakes in a config that MMEngine passes over in silence or meets in obscure words, found before anything starts.

MMEngine reads the keys that it knows and leaves all others alone: a misspelt ``train_cfg`` trains by the defaults of another file. Every
function here looks at a config and raises ``ValueError`` in one line; none changes it, and no data, model or runner is built.
"""

import difflib
import inspect
from typing import Any, Dict, Iterable, Iterator, List, Optional

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmagenc.engine.hook_config import config_hooks
from mmagenc.registry import HOOKS, LOOPS
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
PARTS = dict(
    train=('train_dataloader', 'train_cfg', 'optim_wrapper'),
    val=('val_dataloader', 'val_cfg', 'val_evaluator'),
    test=('test_dataloader', 'test_cfg', 'test_evaluator'))
"""What the runner takes all or nothing of."""
LENGTHS = dict(EpochBasedTrainLoop='max_epochs', IterBasedTrainLoop='max_iters')
SIMILARITY = 0.85  # of two names, from which on one is taken for a misspelt other: one or two letters of ten


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
    check_loops(cfg)


def merge_options(cfg: Config, options: Optional[Dict]) -> None:
    """Write ``--cfg-options`` into a config, in place.

    Raises:
        ValueError: an option that leads to no place in this config.
    """
    try:
        cfg.merge_from_dict(dict(options or {}))
    except (KeyError, TypeError) as error:
        text = error.args[0] if error.args else error
        raise ValueError(f'--cfg-options {" ".join(options)}: {text}') from None


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
        meant = _meant_key(cfg, key, value)
        if meant and not _taken_up(cfg, key):
            problems.append(f'{key} (is {meant} meant?)')
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


def closest(name: str, known: Iterable[str]) -> Optional[str]:
    """The known name that ``name`` is but for a letter or two, or ``None``."""
    by_lower = {each.lower(): each for each in known}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=SIMILARITY)
    return by_lower[found[0]] if found else None


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
        return f"{key} has no type: add type='{OWN_HOOKS[name]}'"
    names = hook_names(cfg)
    found = difflib.get_close_matches(name, names, n=1)
    meant = f' (is default_hooks.{found[0]} meant?)' if found else ''
    return f'{key}: this config has no hook of the name{meant}. It has {", ".join(names)}; a new one needs a type'


def _is_hook(settings: Dict) -> bool:
    cls = settings.get('type')
    cls = HOOKS.get(cls) if isinstance(cls, str) else cls
    return isinstance(cls, type) and issubclass(cls, Hook)


def check_arguments(key: str, settings: Dict, cls: Any, *, extra: Iterable[str] = (), own: Iterable[str] = ()) -> None:
    """Refuse arguments that a class does not take.

    Args:
        key: where the settings stand, for the message.
        settings: ``type`` and arguments.
        cls: the class; what is none is passed over. Of one that takes any argument, only a misspelt other one is refused.
        extra: taken by whoever builds the class.
        own: arguments that whoever builds the class gives to it.

    Raises:
        ValueError: unknown arguments, each with the likely right one.
    """
    if not isinstance(cls, type):
        return
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    known = [each.name for each in parameters if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY) and each.name not in own]
    unknown = [name for name in settings if name not in known and name not in ('type', '_scope_', *extra)]
    if any(each.kind == each.VAR_KEYWORD for each in parameters):
        unknown = [name for name in unknown if closest(name, known)]
    if unknown:
        found = difflib.get_close_matches(unknown[0], known, n=1)
        meant = f' (is {found[0]} meant?)' if found else ''
        raise ValueError(f'{key}.{unknown[0]}: {cls.__name__} has no such argument{meant}; it takes {", ".join(known)}')


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


def check_loops(cfg: Config) -> None:
    """Refuse lengths of training and batches that cannot be.

    Raises:
        ValueError: epochs, iterations or intervals below 1, a batch of none, or an argument that the loop does not take.
    """
    for stage in PARTS:
        loop, loader = cfg.get(f'{stage}_cfg'), cfg.get(f'{stage}_dataloader')
        if isinstance(loop, dict):
            cls = _loop_class(loop, stage)
            check_arguments(f'{stage}_cfg', loop, cls, own=('runner', 'dataloader', 'evaluator'), extra=('by_epoch', ))
            _check_positive(f'{stage}_cfg', loop, ('max_epochs', 'max_iters', 'val_interval'))
            length = LENGTHS.get(getattr(cls, '__name__', None))
            if length and loop.get(length) is None:
                raise ValueError(f'train_cfg.{length}: the config does not say how long the training is to be')
        if isinstance(loader, dict):
            _check_positive(f'{stage}_dataloader', loader, ('batch_size', ))


def _loop_class(loop: Dict, stage: str) -> Any:
    """The class that MMEngine takes for the settings of a loop."""
    own = dict(val='ValLoop', test='TestLoop', train='EpochBasedTrainLoop' if loop.get('by_epoch', True) else 'IterBasedTrainLoop')
    kind = loop.get('type') or own[stage]
    return LOOPS.get(kind) if isinstance(kind, str) else kind


def _check_positive(key: str, settings: Dict, names: Iterable[str]) -> None:
    for name in names:
        value = settings.get(name)
        whole = isinstance(value, (int, float)) and not isinstance(value, bool) and float(value).is_integer()
        if value is not None and not (whole and value >= 1):
            raise ValueError(f'{key}.{name} must be a whole number from 1, got {value!r}')


def _plural(word: str, things: List) -> str:
    return word if len(things) == 1 else f'{word}s'
