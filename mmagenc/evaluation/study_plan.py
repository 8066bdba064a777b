"""What the arms of a study are, and which groups of clips (styles, subjects) it trains on, tests on and takes its base motion from."""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple, Union

import numpy as np

from mmagenc.compat import atomic_open

BUILT_IN = ('pool', 'unjudged', 'base')
"""What generated clips can be beside those of a study's own named generators: the pool that the loop accepted, the generator's clips as
they come, and no generated ones but the base motion itself as further classes, the control of every generator that has seen it."""


@dataclass(frozen=True)
class Arm:
    """What one recognizer of a study gets beside the few real clips.

    Args:
        name: in tables.
        augmentation: name of one of the study's lists of transforms, or ``None``.
        init: ``'base'``: the recognizer starts from one that was trained on the base motion; ``None``: from its own initial values.
        generated: ``'pool'``, ``'unjudged'``, ``'base'`` (see :data:`BUILT_IN`), or the name of one of the study's generators, whose clips
            are made anew all the time; ``None``: real clips alone.
    """

    name: str
    augmentation: Optional[str] = None
    init: Optional[str] = None
    generated: Optional[str] = None


PRESET_ARMS = {
    arm.name: arm
    for arm in (Arm('real'), Arm('augmented', augmentation='augmentation'), Arm('unjudged', generated='unjudged'),
                Arm('infagenc', generated='pool'), Arm('both', augmentation='augmentation', generated='pool'))
}
"""Real clips alone; with classic augmentation; with a generator's clips as they come; with those that the InfAGenC loop accepted; with
these, and classic augmentation of all."""


def read_arms(arms: Union[Sequence[str], Mapping[str, Mapping]], *, augmentations: Sequence[str], generators: Sequence[str],
              base: bool) -> List[Arm]:
    """The arms of a study's settings.

    Args:
        arms: names of :data:`PRESET_ARMS`, or a table of own ones: ``{name: dict(augmentation=…, init=…, generated=…)}``.
        augmentations, generators: the names that the study gives to lists of transforms and to generators.
        base: whether it has base motion.

    Raises:
        ValueError: no arms, or one that names what the study does not have.
    """
    if not arms:
        raise ValueError('a study needs arms')
    if not isinstance(arms, Mapping):
        strange = [arm for arm in arms if arm not in PRESET_ARMS]
        if strange:
            raise ValueError(f'arms must be some of {", ".join(PRESET_ARMS)}, or a table of own ones, got {list(arms)}')
        arms = {name: {key: value for key, value in vars(PRESET_ARMS[name]).items() if key != 'name'} for name in arms}
    return [_read_arm(name, dict(table or {}), augmentations, generators, base) for name, table in arms.items()]


def _read_arm(name: str, table: Dict, augmentations: Sequence[str], generators: Sequence[str], base: bool) -> Arm:
    unknown = sorted({*table} - {'augmentation', 'init', 'generated'})
    if unknown or '/' in name:
        raise ValueError(f'arm {name!r}: ' + (f'unknown {", ".join(unknown)}; known are augmentation, init, generated' if unknown else
                                              'a name without / is needed: it is a folder'))
    arm = Arm(name, **table)
    own = ('base', ) if base else ()
    known = dict(augmentation=augmentations, init=own, generated=(*BUILT_IN[:2], *own, *generators))
    for key, accepted in known.items():
        value = getattr(arm, key)
        if value is not None and value not in accepted:
            what = ', '.join(accepted) or ('nothing: it has no base' if key == 'init' else 'nothing')
            raise ValueError(f'arm {name!r}: {key}={value!r}, of which the study has {what}')
    return arm


ARMS_FILE = 'arms.json'
"""Beside the file of a study's runs: what its arms are, which the runs only name."""


def write_arms(arms: Sequence[Arm], baseline: str, path) -> None:
    """Write what the arms of a study are, and which of them its table holds the others against; an old file is replaced in one step."""
    told = {arm.name: {key: value for key, value in asdict(arm).items() if key != 'name'} for arm in arms}
    with atomic_open(path, 'w', encoding='utf-8') as file:
        json.dump(dict(baseline=baseline, arms=told), file, indent=1)


def load_arms(path) -> Tuple[List[Arm], str]:
    """Arms and baseline of a file that :func:`write_arms` wrote.

    Raises:
        ValueError: no such file, or other content.
    """
    if not Path(path).is_file():
        raise ValueError(f'{path}: no such file')
    try:
        told = json.loads(Path(path).read_text(encoding='utf-8'))
        arms, baseline = [Arm(name, **table) for name, table in told['arms'].items()], told['baseline']
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f'{path}: no arms of a study: {type(error).__name__}: {error}') from None
    values = [value for arm in arms for value in asdict(arm).values() if value is not None]
    if not all(isinstance(value, str) for value in [baseline, *values]):
        raise ValueError(f'{path}: names are expected, got {next(value for value in [baseline, *values] if not isinstance(value, str))!r}')
    return arms, baseline


class Division(NamedTuple):
    """Groups of clips that share none: to train on (a small training set takes the first of them), to test on, and of base motion."""

    train: List[str]
    test: List[str]
    base: List[str]


DRAWS, TRAIN_DRAWS = 200, 20
"""How often a turn of test groups, and who is trained on beside one of them, is drawn until what is tested is trained on."""


def divide_groups(groups: Sequence[str], *, num_train: int, num_test: int, seed: int, balanced: bool = True,
                  classes: Optional[Mapping[str, Set[str]]] = None) -> Division:
    """Which groups a seed trains on and tests on; the rest may serve as base motion.

    Seeds take turns: within every ``len(groups) / gcd(len(groups), num_test)`` seeds from 0 on all groups are tested equally often, and
    never do two groups differ by more than one in how often the seeds so far have tested them. What a seed gets depends on no other seed.

    Args:
        groups: names, of which each counts once.
        num_train, num_test: how many of each.
        seed: from 0.
        balanced: False draws each seed's groups for itself, as earlier versions did.
        classes: what each group has clips of. Divisions that test a class without training on it are drawn anew (balanced ones).

    Raises:
        ValueError: more groups asked for than there are, or classes that cannot be trained on wherever they are tested.
    """
    names = sorted(set(groups))
    if num_train < 1 or num_test < 1 or num_train + num_test > len(names):
        raise ValueError(f'{num_train} groups to train on and {num_test} to test on, of {len(names)}: {", ".join(names[:8])}')
    if not balanced:
        drawn = [names[i] for i in np.random.default_rng([seed, len(names)]).permutation(len(names))]
        return _division(drawn, num_test, num_train)
    held = {name: (classes or {}).get(name, set()) for name in names}
    _refuse_single(held)
    turn, place = divmod(seed, len(names) // math.gcd(len(names), num_test))
    for draw in range(DRAWS):
        rng = np.random.default_rng([turn, len(names), num_test, draw])
        divisions = [_train_beside(test, names, num_train, held, rng) for test in _turn(names, num_test, rng)]
        if None not in divisions:
            return divisions[place]
    raise ValueError(f'with {num_train} groups to train on and {num_test} to test on, of {len(names)}, some class is tested that is not '
                     'trained on, however they are divided: train on more of them, test fewer, or leave out classes of few groups')


def _division(order: Sequence[str], num_test: int, num_train: int) -> Division:
    """Of groups in an order: those to test, to train on, and the others."""
    train = num_test + num_train
    return Division(list(order[num_test:train]), sorted(order[:num_test]), sorted(order[train:]))


def _refuse_single(held: Mapping[str, Set[str]]) -> None:
    owners: Dict[str, List[str]] = {}
    for group, names in held.items():
        for name in names:
            owners.setdefault(name, []).append(group)
    single = sorted((name, *found) for name, found in owners.items() if len(found) == 1)
    if single:
        told = ', '.join(f'{name} is of {group} alone' for name, group in single[:5]) + (', …' if len(single) > 5 else '')
        raise ValueError(f'{told}: such a class cannot be trained on where it is tested. Leave it out (study.classes names the others), '
                         'or add clips of it of a second one')


def _turn(names: Sequence[str], num_test: int, rng: np.random.Generator) -> List[List[str]]:
    """Sets of ``num_test`` names, of all names in turn until they come out even."""
    order: List[str] = []
    for _ in range(num_test // math.gcd(len(names), num_test)):
        begun = order[len(order) - len(order) % num_test:]  # of a set that the next names make whole: none of them again
        drawn = [names[i] for i in rng.permutation(len(names))]
        head = [name for name in drawn if name not in begun][:num_test - len(begun)]
        order += head + [name for name in drawn if name not in head]
    return [order[start:start + num_test] for start in range(0, len(order), num_test)]


def _train_beside(test: Sequence[str], names: Sequence[str], num_train: int, held: Mapping[str, Set[str]],
                  rng: np.random.Generator) -> Optional[Division]:
    """A division with these groups to test, whose classes are all trained on; ``None`` where none was found."""
    others, tested = [name for name in names if name not in test], set().union(*(held[name] for name in test))
    for _ in range(TRAIN_DRAWS):
        drawn = [others[i] for i in rng.permutation(len(others))]
        if tested <= set().union(*(held[name] for name in drawn[:num_train])):
            return _division([*test, *drawn], len(test), num_train)
    return None
