"""Types and arguments of a config's parts, compared with what the registries know, before anything is built.

The places where MMEngine, MMAction2 and this package build something have names (``model``, ``dataset``, ``optimizer``, …); a part is a
dict with a ``type`` in such a place. What stands elsewhere is left to whoever reads it.
"""

import difflib
import inspect
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple, Union

import numpy as np
from mmengine import registry as roots
from mmengine.config import Config
from mmengine.registry import Registry, init_default_scope

from mmagenc.outputs import meant

PLACES: Dict[str, Tuple[Registry, Tuple[str, ...], bool]] = {
    # name of the key: the registry, arguments that whoever builds the part gives to it, whether its other arguments are all in the config
    'model': (roots.MODELS, (), True),
    'backbone': (roots.MODELS, (), True),
    'cls_head': (roots.MODELS, (), True),
    'data_preprocessor': (roots.MODELS, (), True),
    'representation': (roots.MODELS, (), True),
    'pose_generator': (roots.MODELS, (), True),
    'neck': (roots.MODELS, (), False),
    'dataset': (roots.DATASETS, (), True),
    'held_out': (roots.DATASETS, (), True),
    'pipeline': (roots.TRANSFORMS, (), True),
    'train_pipeline': (roots.TRANSFORMS, (), True),
    'test_pipeline': (roots.TRANSFORMS, (), True),
    'sampler': (roots.DATA_SAMPLERS, ('dataset', ), True),
    'batch_sampler': (roots.DATA_SAMPLERS, ('sampler', 'batch_size'), True),
    'val_evaluator': (roots.METRICS, (), True),
    'test_evaluator': (roots.METRICS, (), True),
    'metrics': (roots.METRICS, (), True),
    'optim_wrapper': (roots.OPTIM_WRAPPERS, (), False),
    'optimizer': (roots.OPTIMIZERS, ('params', ), True),
    'param_scheduler': (roots.PARAM_SCHEDULERS, ('optimizer', ), False),
    'default_hooks': (roots.HOOKS, (), True),
    'custom_hooks': (roots.HOOKS, (), True),
    'selector': (roots.TASK_UTILS, (), True),
    'gate': (roots.TASK_UTILS, (), True),
    'train_cfg': (roots.LOOPS, ('runner', 'dataloader', 'evaluator'), False),
    'val_cfg': (roots.LOOPS, ('runner', 'dataloader', 'evaluator'), False),
    'test_cfg': (roots.LOOPS, ('runner', 'dataloader', 'evaluator'), False),
    'visualizer': (roots.VISUALIZERS, ('name', ), False),
    'vis_backends': (roots.VISBACKENDS, ('save_dir', ), False),
    'log_processor': (roots.LOG_PROCESSORS, (), False),
    'model_wrapper_cfg': (roots.MODEL_WRAPPERS, ('module', ), False),
}
TYPED = ('model', 'backbone', 'cls_head', 'representation', 'pose_generator', 'dataset', 'held_out', 'pipeline', 'train_pipeline',
         'test_pipeline', 'sampler', 'val_evaluator', 'test_evaluator', 'metrics', 'optimizer', 'vis_backends')
"""Names of places where a dict without ``type`` is a mistake; elsewhere MMEngine knows a default, or parts by names of their own."""
TAKEN = ('type', '_scope_', 'priority', 'by_epoch', 'constructor', 'paramwise_cfg', 'clip_grad', 'convert_to_iter_based', 'init_cfg',
         'epoch_length')
"""Keys that whoever builds a part reads itself."""
STARTS = ('model', 'train_dataloader', 'val_dataloader', 'test_dataloader', 'val_evaluator', 'test_evaluator', 'optim_wrapper',
          'param_scheduler', 'default_hooks', 'custom_hooks', 'visualizer', 'log_processor', 'train_cfg', 'val_cfg', 'test_cfg',
          'model_wrapper_cfg')
"""Top-level keys that are built; others are variables that configs further down take up."""
DICTS = ('model', 'train_dataloader', 'val_dataloader', 'test_dataloader', 'train_cfg', 'val_cfg', 'test_cfg', 'optim_wrapper',
         'visualizer', 'log_processor', 'model_wrapper_cfg', 'env_cfg', 'randomness', 'auto_scale_lr')
NOT_TESTED = ('train_', 'val_', 'optim_wrapper', 'param_scheduler')
"""Beginnings of the keys of which a test builds nothing; a training looks at all, as its test follows."""
COUNTS = ('num_classes', 'num_frames', 'num_layers', 'num_heads', 'num_stages', 'num_joints', 'latent_dim', 'ff_dim', 'base_channels',
          'in_channels', 'embed_dim', 'clip_len', 'num_clips', 'num_person', 'n_critic', 'num_dims')
CLIPPING = dict(norm=('max_norm', 'norm_type', 'error_if_nonfinite', 'foreach'), value=('clip_value', 'foreach'))
"""Arguments of the two kinds of clipping of an ``optim_wrapper``; the first is the bound."""
SHARES = ('dropout', 'dropout_ratio')
NOT_NEGATIVE = ('lr', 'weight_decay', 'momentum', 'eps')


@dataclass(frozen=True)
class Part:
    """A dict of the config that something is built of.

    Args:
        key: where it stands, such as ``model.backbone`` or ``custom_hooks.1``.
        settings: the dict.
        registry: where its type is looked up.
        scope: the scope that is in force there, or ``None`` for the default.
        own: arguments that are not in the config.
        complete: all others are.
    """
    key: str
    settings: Mapping
    registry: Registry
    scope: Optional[str]
    own: Tuple[str, ...]
    complete: bool

    def find(self) -> Any:
        """The class or function that the type names, or ``None``."""
        kind = self.settings['type']
        if not isinstance(kind, str):
            return kind
        with self.registry.switch_scope_and_registry(self.scope) as registry:
            try:
                return registry.get(kind)
            except Exception:  # a dotted name is imported: whatever that raises, it is not there
                return None

    def names(self) -> List[str]:
        """All types that could stand here."""
        with self.registry.switch_scope_and_registry(self.scope) as registry:
            names = set()
            while registry is not None:
                registry.import_from_location()
                names.update(registry.module_dict)
                registry = registry.parent
            for scope, child in self.registry.children.items():
                names.update(f'{scope}.{name}' for name in child.module_dict)
        return sorted(names)


def check_types(cfg: Config, stage: str) -> None:
    """Refuse types that no registry has, and arguments that their classes do not take.

    Args:
        cfg: the config.
        stage: ``'train'`` or ``'test'``, which looks only at what it builds.

    Raises:
        ValueError: naming the key, what is like it, and what is accepted.
    """
    for key in DICTS:
        value = cfg.get(key)
        if value is not None and not isinstance(value, Mapping) and not hasattr(value, 'forward'):
            hint = ' (a comma behind its last bracket makes a list of it)' if isinstance(value, (list, tuple)) and len(value) == 1 else ''
            raise ValueError(f'{key} must be a dict, got {short(value)}{hint}')
    init_default_scope(cfg.get('default_scope') or 'mmengine')
    for part in parts(cfg, stage):
        check_part(part)
        if 'constructor' in part.settings:  # named beside the wrapper that it makes
            kind = dict(type=part.settings['constructor'])
            check_type(Part(f'{part.key}.constructor', kind, roots.OPTIM_WRAPPER_CONSTRUCTORS, part.scope, (), False))


def parts(cfg: Config, stage: str) -> Iterator[Part]:
    """All that is built of a config, the outer before the inner."""
    for name in STARTS:
        if not (stage == 'test' and name.startswith(NOT_TESTED)) and cfg.get(name) is not None:
            yield from _parts_at(name, name, cfg[name], None)


def _parts_at(name: str, key: str, value: Any, scope: Optional[str]) -> Iterator[Part]:
    """Parts in a value: of the kind that its ``name`` says, or inside it."""
    if isinstance(value, (list, tuple)):
        for index, each in enumerate(value):
            yield from _parts_at(name, f'{key}.{index}', each, scope)
    elif isinstance(value, Mapping):
        scope = value.get('_scope_') or scope
        if name in PLACES and _is_part(name, value):
            yield Part(key, value, PLACES[name][0], scope, *PLACES[name][1:])
        for inner, each in value.items():
            below = inner
            if name in ('default_hooks', 'param_scheduler') and 'type' not in value:
                below = name  # hooks, or schedules of several optimizers, by names of their own
            elif name == 'optim_wrapper' and isinstance(each, Mapping) and 'optimizer' in each:
                below = name  # wrappers of several networks
            elif inner in ('test_cfg', 'train_cfg', 'val_cfg', 'metrics'):
                below = inner if inner == 'metrics' and name.endswith('_evaluator') else ''  # of a model: plain settings
            elif name == 'custom_keys':
                below = ''  # of paramwise_cfg: names of weights, such as backbone
            elif inner == 'recognizer' and (name == 'judge' or name.endswith(('_evaluator', 'metrics'))):
                below = 'model'
            elif inner == 'transforms' and name.endswith('pipeline'):
                below = name
            elif inner == 'datasets' and name in ('dataset', 'held_out'):
                below = 'dataset'
            yield from _parts_at(below, f'{key}.{inner}', each, scope)


def all_mappings(value: Any, key: str = '') -> Iterator[Tuple[str, Mapping]]:
    """Every dict in a config, with the key that leads to it."""
    if isinstance(value, (Mapping, Config)):
        if key:
            yield key, value
        items = value.items()
    else:
        items = enumerate(value) if isinstance(value, (list, tuple)) else ()
    for name, each in items:
        yield from all_mappings(each, f'{key}.{name}' if key else str(name))


def _is_part(name: str, value: Mapping) -> bool:
    return ('type' in value or name in TYPED) and not (name.endswith('_evaluator') and 'metrics' in value)


def check_part(part: Part) -> None:
    """Compare one part with its class.

    Raises:
        ValueError: see :func:`check_types`.
    """
    cls = check_type(part)
    check_arguments(part.key, part.settings, cls, extra=TAKEN, own=part.own, complete=part.complete)
    check_numbers(part.key, part.settings)
    if isinstance(part.settings.get('clip_grad'), Mapping):
        check_clipping(f'{part.key}.clip_grad', part.settings['clip_grad'])
    for name, kind in getattr(getattr(cls, '__init__', None), 'groups', {}).items():
        if isinstance(part.settings.get(name), Mapping):
            check_arguments(f'{part.key}.{name}', part.settings[name], kind)
            check_numbers(f'{part.key}.{name}', part.settings[name])
    if part.key.endswith('_dataloader.dataset') and part.settings.get('pipeline') == []:
        raise ValueError(f'{part.key}.pipeline is empty: its last step must pack inputs for the model, as PackMotionInputs (generators) '
                         'and mmaction.PackActionInputs (recognizers) do')


def check_type(part: Part) -> Any:
    """The class of a part.

    Raises:
        ValueError: nothing of the name is registered, or there is none.
    """
    if 'type' not in part.settings:
        raise ValueError(f'{part.key} has no type, so that nobody knows which {part.registry.name} it is')
    cls, kind = part.find(), part.settings['type']
    if not isinstance(kind, str) and not callable(kind):
        raise ValueError(f'{part.key}.type must be a name or a class, got {kind!r}')
    if cls is None:
        raise ValueError(f'{part.key}.type: nothing of the name {kind!r} is registered{_near(kind, part)}')
    return cls


def _near(kind: str, part: Part) -> str:
    """What is like a name that nothing is registered by, or how others are reached."""
    names: Dict[str, str] = {}
    for name in sorted(part.names(), key=len):  # a name of the scope in force stands before the same one of another
        names.setdefault(name.rsplit('.', 1)[-1].lower(), name)
    near = difflib.get_close_matches(kind.rsplit('.', 1)[-1].lower(), names, n=2, cutoff=0.7)
    if near:
        return f' (is {" or ".join(names[name] for name in near)} meant?)'
    return (f" among the {part.registry.name}s; it may need its package's scope in front, such as mmaction.{kind}, or a module of yours in "
            'custom_imports')


# Arguments --------------------------------------------------------------------------------------------------------------------------


def check_arguments(key: str, settings: Mapping, cls: Any, *, extra: Iterable[str] = (), own: Iterable[str] = (),
                    complete: bool = False) -> None:
    """Refuse arguments that a class does not take, that it lacks, or that are of another kind.

    Args:
        key: where the settings stand, for the message.
        settings: ``type`` and arguments.
        cls: the class or function; what is none is passed over. Of one that hands arguments on, only a misspelt other one is refused.
        extra: taken by whoever builds the class.
        own: arguments that whoever builds the class gives to it.
        complete: all others must be in the settings.

    Raises:
        ValueError: the first such argument, with the likely right one and those that are accepted.
    """
    if not (isinstance(cls, type) or inspect.isfunction(cls)):
        return
    known, is_open = parameters_of(cls)
    accepted = [name for name in known if name not in own]
    former = getattr(getattr(cls, '__init__', None), 'former_arguments', ())
    unknown = [name for name in settings if name not in accepted and name not in ('type', '_scope_', *extra, *former)]
    if is_open:
        unknown = [name for name in unknown if closest(name, accepted)]
    if unknown:
        raise ValueError(f'{key}.{unknown[0]}: {cls.__name__} has no such argument{meant(unknown[0], accepted)}; '
                         f'it takes {", ".join(accepted) or "none"}')
    missing = [name for name in accepted if known[name].default is inspect.Parameter.empty and name not in settings]
    if complete and missing:
        raise ValueError(f'{key}.{missing[0]}: {cls.__name__} needs it, and the config does not have it')
    ours = getattr(cls, '__module__', '').startswith('mmagenc.')
    for name, value in settings.items():
        if name in accepted and not fits(value, known[name], containers=ours):
            raise ValueError(f'{key}.{name} must be {_words(known[name].annotation)}, got {short(value)}')


def parameters_of(cls: Any) -> Tuple[Dict[str, inspect.Parameter], bool]:
    """Arguments by name, those of base classes too where a constructor hands the rest on, and whether others may be taken still."""
    known: Dict[str, inspect.Parameter] = {}
    if isinstance(cls, type) and cls.__init__ is object.__init__:  # whose signature takes anything, and which takes nothing
        return known, cls.__new__ is not object.__new__
    constructors = [vars(base)['__init__'] for base in cls.__mro__ if '__init__' in vars(base)] if isinstance(cls, type) else [cls]
    is_open = False
    for constructor in constructors:
        try:
            found = list(inspect.signature(constructor).parameters.values())
        except (ValueError, TypeError):  # built in
            return known, True
        for each in found[1:] if isinstance(cls, type) else found:
            if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY):
                known.setdefault(each.name, each if not is_open else each.replace(default=None))
        takes_rest = any(each.kind == each.VAR_KEYWORD for each in found)
        is_open = is_open or takes_rest
        if not takes_rest:
            break
    return known, is_open


def short(value: Any) -> str:
    """A value in a message."""
    text = repr(value)
    return text if len(text) <= 60 else f'{text[:57]}…'


def closest(name: str, known: Iterable[str]) -> Optional[str]:
    """The known name that ``name`` is but for a letter or two, or ``None``."""
    by_lower = {each.lower(): each for each in known}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=SIMILARITY)
    return by_lower[found[0]] if found else None


SIMILARITY = 0.85  # of two names, from which on one is taken for a misspelt other: one or two letters of ten
_KINDS = {
    int: ('a whole number', (int, np.integer)),
    float: ('a number', (int, float, np.number)),
    bool: ('True or False', (bool, int, np.bool_)),
    str: ('a text', (str, )),
    dict: ('a dict', (Mapping, )),
    list: ('a list', (list, tuple)),
    tuple: ('a list', (list, tuple)),
}


def fits(value: Any, parameter: inspect.Parameter, *, containers: bool = True) -> bool:
    """Whether a value is of a kind that a parameter's annotation admits; in doubt it is, and what the default is always is.

    Args:
        containers: trust annotations of dicts and lists too, which upstream are wrong here and there.
    """
    kinds, default = _admitted(parameter.annotation), parameter.default
    if value is None:
        return kinds is None or default is not inspect.Parameter.empty or type(None) in typing.get_args(parameter.annotation)
    if value is default or default is not None and isinstance(value, type(default)) and not isinstance(value, bool):
        return True
    if kinds is None or not containers and {dict, list, tuple} & set(kinds):
        return True
    return any(_is_kind(value, kind) for kind in kinds)


def _is_kind(value: Any, kind: type) -> bool:
    if isinstance(value, float) and kind is int:
        return value.is_integer()
    if isinstance(value, bool) and kind in (int, float):
        return False
    return isinstance(value, _KINDS[kind][1])


def _admitted(annotation: Any) -> Optional[List[type]]:
    """The kinds of :data:`_KINDS` that an annotation admits; ``None`` where it may admit others too."""
    if annotation in _KINDS:
        return [annotation]
    if annotation is type(None):
        return []
    origin = typing.get_origin(annotation)
    if origin in (Union, types.UnionType):
        each = [_admitted(option) for option in typing.get_args(annotation)]
        return None if any(kinds is None for kinds in each) else [kind for kinds in each for kind in kinds]
    if origin in (list, tuple, Sequence, dict, Mapping):
        return [dict if origin in (dict, Mapping) else list]
    return None


def _words(annotation: Any) -> str:
    return ' or '.join(dict.fromkeys(_KINDS[kind][0] for kind in _admitted(annotation) or ()))


# Numbers ----------------------------------------------------------------------------------------------------------------------------


def check_numbers(key: str, settings: Mapping) -> None:
    """Refuse numbers that cannot be, whichever part they are of.

    Raises:
        ValueError: naming key, range and value.
    """
    for name, value in settings.items():
        if name in NOT_NEGATIVE and isinstance(value, str):
            raise ValueError(f'{key}.{name} must be a number from 0, got {value!r}')
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            continue
        if name in COUNTS and not (value >= 1 and float(value).is_integer()):
            raise ValueError(f'{key}.{name} must be a whole number from 1, got {value!r}')
        if name in SHARES and not 0 <= value <= 1:
            raise ValueError(f'{key}.{name} must be from 0 to 1, got {value!r}')
        if name in NOT_NEGATIVE and not 0 <= value < float('inf'):
            raise ValueError(f'{key}.{name} must be a number from 0, got {value!r}')
        if name == 'interval' and not (value >= 1 or value == -1):
            raise ValueError(f'{key}.interval must be a whole number from 1, got {value!r}')


def check_clipping(key: str, settings: Mapping) -> None:
    """Refuse a clipping of gradients that would end the first step, or turn the gradients around.

    Raises:
        ValueError: another kind or argument, or a bound that is none, naming what is accepted.
    """
    kind = settings.get('type', 'norm')
    if kind not in CLIPPING:
        raise ValueError(f'{key}.type must be {" or ".join(CLIPPING)}, got {kind!r}')
    known = CLIPPING[kind]
    unknown = [name for name in settings if name not in ('type', *known)]
    if unknown:
        raise ValueError(f'{key}.{unknown[0]}: the clipping has no such argument{meant(unknown[0], known)}; it takes {", ".join(known)}')
    bound = settings.get(known[0])
    if isinstance(bound, bool) or not isinstance(bound, (int, float)) or not bound > 0:
        raise ValueError(f'{key}.{known[0]} must be a number above 0, got {bound!r}')
