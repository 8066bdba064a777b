"""The hooks that a config asks for: under names in ``default_hooks``, or in the list ``custom_hooks`` as configs had them before.

MMEngine registers whatever ``default_hooks`` holds and merges it over ``_base_``, so that a config says only what it changes. A list is
replaced as a whole; configs that were written with one go on working, and what the list says counts.
"""

from typing import Dict, Optional

from mmengine.config import Config
from mmengine.hooks import Hook

from mmagenc.registry import HOOKS


def config_hooks(cfg: Config) -> Dict[str, Dict]:
    """Every hook's settings by the key that leads to them (``custom_hooks.0``, ``default_hooks.infagenc``); those of the list first.

    Entries that are off (``None``) or no settings at all are left out.
    """
    listed, named = cfg.get('custom_hooks'), cfg.get('default_hooks')
    hooks = {f'custom_hooks.{i}': hook for i, hook in enumerate(listed if isinstance(listed, (list, tuple)) else ())}
    hooks.update({f'default_hooks.{name}': hook for name, hook in (named if isinstance(named, dict) else {}).items()})
    return {key: hook for key, hook in hooks.items() if isinstance(hook, dict)}


def find_hook(cfg: Config, kind: str) -> Optional[Dict]:
    """Settings of the config's first hook of a class or of one derived from it, wherever they stand; ``None`` where there is none.

    Args:
        kind: name of the class, such as ``'InfAGenCHook'``.
    """
    return next((hook for hook in config_hooks(cfg).values() if is_kind(hook, kind)), None)


def is_kind(hook: Dict, kind: str) -> bool:
    """Whether settings name the class ``kind``, with or without a scope, or one derived from it."""
    cls = hook.get('type')
    if isinstance(cls, str):
        if cls.split('.')[-1] == kind:
            return True
        cls = HOOKS.get(cls)
    return isinstance(cls, type) and issubclass(cls, Hook) and any(base.__name__ == kind for base in cls.__mro__)


def drop_hooks(cfg: Config, *kinds: str) -> None:
    """Take every hook of these classes out of the config, in place."""
    dropped = {key for key, hook in config_hooks(cfg).items() if any(is_kind(hook, kind) for kind in kinds)}
    _drop(cfg, dropped)


def settle_hooks(cfg: Config) -> None:
    """Where ``custom_hooks`` and ``default_hooks`` ask for a hook of the same class, leave the one of the list, in place.

    A config that replaced the list of its ``_base_`` would else get the loop, pictures and random states twice.
    """
    hooks = config_hooks(cfg)
    listed = {_class_name(hook) for key, hook in hooks.items() if key.startswith('custom_hooks.')}
    _drop(cfg, {key for key, hook in hooks.items() if key.startswith('default_hooks.') and _class_name(hook) in listed})


STOPPING = dict(random_state='RandomStateHook', interruption='InterruptionHook')
"""What a training needs so that it can be stopped and goes on as if it had not been, by name in ``default_hooks``."""


def add_stopping_hooks(cfg: Config) -> None:
    """Give the config, whatever it trains, the hooks of :data:`STOPPING` that it does not have, in place.

    A name that is ``None`` goes without; one with settings but no ``type`` keeps them. One in ``custom_hooks`` stays the only one.
    """
    if cfg.get('default_hooks') is None:
        cfg.default_hooks = {}
    if not isinstance(cfg.default_hooks, dict):  # refused by the check of hooks
        return
    for name, kind in STOPPING.items():
        settings = cfg.default_hooks.get(name, {})
        if settings is not None and find_hook(cfg, kind) is None:
            cfg.default_hooks[name] = dict(settings, type=f'mmagenc.{kind}')


def _class_name(hook: Dict) -> str:
    cls = hook.get('type')
    return cls.__name__ if isinstance(cls, type) else str(cls).split('.')[-1]


def _drop(cfg: Config, keys) -> None:
    if any(key.startswith('custom_hooks.') for key in keys):
        cfg.custom_hooks = [hook for i, hook in enumerate(cfg.custom_hooks) if f'custom_hooks.{i}' not in keys]
    for name in [name for name in cfg.get('default_hooks') or {} if f'default_hooks.{name}' in keys]:
        cfg.default_hooks.pop(name)
