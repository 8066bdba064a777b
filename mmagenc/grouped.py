"""Settings of a constructor in groups, and the places that they had before, which configs, checkpoints and folders of models still name.

A group is a frozen dataclass with a default for each setting; a config gives a dict of those that differ.
"""

import functools
import warnings
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Callable, Dict, Type, TypeVar, Union

from mmagenc.outputs import meant

Group = TypeVar('Group')


def group_of(kind: Type[Group], given: Union[Mapping, Group, None], *, name: str) -> Group:
    """The settings of a group: its defaults, and what is given in their place.

    Args:
        kind: the group's dataclass.
        given: a dict of some of its settings; a group stays as it is, ``None`` is all defaults.
        name: of the constructor's argument, for messages.

    Raises:
        ValueError: something else than a dict, or a setting that the group does not have.
    """
    if isinstance(given, kind):
        return given
    known = [item.name for item in fields(kind)]
    if given is not None and not isinstance(given, Mapping):
        raise ValueError(f'{name} must be a dict of {", ".join(known)}, got {given!r}')
    unknown = [key for key in given or {} if key not in known]
    if unknown:
        raise ValueError(f'{name} has no {unknown[0]}{meant(str(unknown[0]), known)}; it has {", ".join(known)}')
    return kind(**(given or {}))


def grouped(*, former: Mapping, **kinds: type) -> Callable:
    """Let a constructor take dicts for groups of settings, and arguments that have moved into groups since.

    With ``grouped(former={'n_critic': 'loss.n_critic'}, loss=LossSettings)`` the constructor is always given a ``LossSettings``. A former
    ``n_critic=1`` is handed on as ``loss=dict(n_critic=1)``, with a warning that says so. An older config stands on top of newer defaults,
    so what it says wins over the group's own value.

    Args:
        former: by the former name of an argument, the group and the name in it.
        **kinds: by the name of an argument, the dataclass of its group.
    """
    def decorate(constructor: Callable) -> Callable:
        @functools.wraps(constructor)
        def init(self, *args, **kwargs) -> None:
            settings = with_groups(kwargs, former, owner=type(self).__name__)
            groups = {name: group_of(kind, settings.get(name), name=name) for name, kind in kinds.items()}
            constructor(self, *args, **{**settings, **groups})

        init.groups, init.former_arguments = kinds, dict(former)  # for checks of configs
        return init

    return decorate


def with_groups(settings: Mapping, places: Mapping[str, str], *, owner: str) -> Dict[str, Any]:
    """Settings with former ones in their groups."""
    settings = dict(settings)
    for former in [name for name in places if name in settings]:
        group, name = places[former].split('.')
        warnings.warn(f'{owner}: {former} is called {group}.{name} now ({group}=dict({name}=…)); the former name is still read',
                      FutureWarning, stacklevel=4)
        settings[group] = dict(settings.get(group) or {}, **{name: settings.pop(former)})
    return settings
