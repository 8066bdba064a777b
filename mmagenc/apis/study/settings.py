"""The settings of a study, the dict ``study`` of its config.

=====================  =============================================================================================================
``name``               of the data, in tables; studies of different data that are summarized together need different names
``arms``               some of ``real``, ``augmented``, ``unjudged``, ``infagenc``, ``both`` (``augmented`` and ``infagenc``); or a table of
                       own ones, ``{name: dict(augmentation=…, init=…, generated=…)}``, see :class:`~mmagenc.evaluation.study_plan.Arm`
``only``               names of those arms that are run; ``None``: all
``baselines``          two arms that the others are compared with
``clips_per_class``    training-set sizes: numbers, or ``'all'``
``seeds``              one run of each arm at each size
``steps``              optimizer steps of the recognizer, the same in every arm
``pick``               ``'best'``: the checkpoint that is best on validation clips is tested; ``'last'``: the last one, no validation clips
``val_interval``       steps between validations
``param_scheduler``    by iteration; default: the cosine from the config's learning rate to 0 over ``steps``
``augmentation``       transforms put before the training pipeline in arms with ``augmentation='augmentation'`` (``augmented``, ``both``)
``augmentations``      further lists of transforms by name; ``swapped_labels='names'`` in one stands for the classes whose names differ by
                       ``left`` and ``right``
``hold_out``           share of the training clips held out to pick checkpoints by, where the data has no validation clips
=====================  =============================================================================================================

Groups and base motion:

=====================  =============================================================================================================
``groups``             ``dict(key='subject', train=2, test=3, clips_per_group=5)``: every seed has ``test`` groups (styles, subjects)
                       whose clips are all tested, and ``train`` others to train on, one for every ``clips_per_group`` clips a class;
                       clips of all splits take part. A clip's group is what it has under ``key``. Seeds take turns, so that all groups
                       are tested equally often; ``balanced=False`` draws each seed's for itself, as earlier versions did. ``None``: the
                       splits of the data
``classes``            names of the actions to recognize; ``None``: all
``base``               motion at hand that no seed tests on: ``dict(classes=[…])``: clips of other actions of the same data, of groups
                       that are neither trained nor tested on, without groups its training clips; or ``dict(ann_file=…, split=…,
                       classes=…)``: of another file, brought to the data's layout and frame rate. ``steps`` (default: as many as the
                       recognizer's) and ``augmentation`` (a name) are those of the recognizer that is trained on it for arms with
                       ``init='base'``; ``masked=True``: its backbone learns to predict hidden motion (graph networks only), not classes
``generators``         ``{name: dict(…)}``: arguments of :class:`~mmagenc.engine.hooks.OnlineGenerationHook`, for arms with
                       ``generated=name``. The words ``'{base}'`` and ``'{real}'`` in them are the files of the seed's base motion and of
                       its real clips; ``generator='{trained}'`` is the one that the study trains (``generator`` below). Batches stay as
                       large as in the other arms: ``ratio`` (default: 1) of generated to real ones is within them
=====================  =============================================================================================================

Arms of a generator that is trained, and of the loop:

=====================  =============================================================================================================
``generator``          config of a generator or of the InfAGenC loop, relative to the study's file; ``'{base}'`` in it as above; in a
                       study with ``own_data``, ``'own'`` is the one for such clips
``generator_options``  merged into that config, as ``--cfg-options`` (dotted keys)
``generator_steps``    of its training before the loop
``generator_init``     ``'base'``: it learns the seed's base motion first, as long, and begins with that, all but what tells the classes
                       apart (:func:`~mmagenc.engine.pretrained.init_from`)
``loop``               ``rounds``; ``round_steps`` of the generator between two; ``judge_steps`` of the judge on real clips and
                       ``judge_tune_steps`` at most after a round; ``candidates_per_class`` generated each epoch;
                       ``generator_options``: as above, for the loop alone (say, a smaller learning rate); ``hook``: further arguments
                       of :class:`~mmagenc.engine.hooks.InfAGenCHook`
``judge``              ``'recognizer'``: a judge of the study's own kind; ``'loop'``: the one of the generator's config
``judge_init``         ``'base'``: that judge starts from the recognizer trained on the base motion
``judge_augmentation`` name of the transforms that its training clips go through first
``num_synthetic``      clips of the arm ``unjudged``: ``'pool'``: as many as the loop accepted, evenly over the classes; or a number a class
=====================  =============================================================================================================

Of each seed and size there is one draw of real clips, one training of the generator, one loop that starts from it, and one recognizer an
arm. ``unjudged`` draws from the generator as it was before the loop.
"""

from pathlib import Path
from typing import Dict, List, Mapping

from mmagenc.evaluation.study import BASELINE, SECOND_BASELINE
from mmagenc.evaluation.study_plan import PRESET_ARMS, Arm, read_arms

DEFAULTS = dict(
    arms=list(PRESET_ARMS),
    only=None,
    baselines=[BASELINE, SECOND_BASELINE],
    clips_per_class=[5, 10],
    seeds=[0, 1, 2, 3, 4],
    steps=600,
    pick='best',
    val_interval=50,
    param_scheduler=None,
    augmentation=[],
    augmentations={},
    groups=None,
    classes=None,
    base=None,
    generators={},
    generator=None,
    generator_options={},
    generator_steps=4000,
    generator_init=None,
    loop={},
    judge='recognizer',
    judge_init=None,
    judge_augmentation=None,
    num_synthetic='pool',
    hold_out=0.2)
LOOP_DEFAULTS = dict(rounds=4, round_steps=80, judge_steps=300, judge_tune_steps=60, candidates_per_class=32, generator_options={}, hook={})
GROUPS_DEFAULTS = dict(key='subject', train=1, test=1, clips_per_group=5, balanced=True)
BASE_DEFAULTS = dict(classes=None, ann_file=None, split=None, steps=None, augmentation=None, masked=None)
RUN_KEYS = ('name', 'arms', 'only', 'clips_per_class', 'seeds', 'baselines')
"""What of a study's settings may grow or change while it goes on."""
ADDED_KEYS = ('generator_init', 'masked', 'balanced')
"""Settings, some of ``base`` or ``groups``, that studies begun with an earlier version do not know; without a value they change nothing."""
TRAINED = '{trained}'
"""In the place of an online generator: the one that the study trains."""


def read_settings(study, path: Path) -> Dict:
    """The settings with what they leave out.

    Args:
        study: the config's dict, or ``None``.
        path: of the config, for messages.

    Raises:
        ValueError: settings that are unknown, missing or out of range.
    """
    if study is None:
        raise ValueError(f'{path}: no dict `study`; see configs/studies/ for what a study says')
    study = study.to_dict() if hasattr(study, 'to_dict') else dict(study)
    settings = _merged(DEFAULTS, study, '', path, ('name', ))
    settings['loop'] = _merged(LOOP_DEFAULTS, settings['loop'], 'loop.', path)
    for key, defaults in (('groups', GROUPS_DEFAULTS), ('base', BASE_DEFAULTS)):
        if settings[key] is not None:
            settings[key] = _merged(defaults, settings[key], f'{key}.', path)
    try:
        _check_choices(settings)
        _check_groups(settings)
        _check_numbers(settings)
        arms_of(settings)
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from error
    return settings


def _merged(defaults: Mapping, given, prefix: str, path: Path, further=()) -> Dict:
    if not isinstance(given, Mapping):
        raise ValueError(f'{path}: {prefix[:-1]} must be a dict, got {given!r}')
    unknown = sorted({*given} - {*defaults, *further})
    if unknown:
        raise ValueError(f'{path}: unknown settings of the study: {", ".join(prefix + str(key) for key in unknown)}; known are '
                         f'{", ".join([*further, *defaults])}')
    return {**defaults, **given}


def augmentations_of(settings: Mapping) -> Dict[str, List]:
    """The study's lists of transforms by name."""
    own = dict(augmentation=settings['augmentation']) if settings['augmentation'] else {}
    return {**own, **settings['augmentations']}


def arms_of(settings: Mapping) -> List[Arm]:
    """The study's arms.

    Raises:
        ValueError: an arm that is unknown, or that needs what the study does not have.
    """
    arms = settings['arms']
    augmented = [arm for arm in arms if not isinstance(arms, Mapping) and arm in PRESET_ARMS and PRESET_ARMS[arm].augmentation]
    if augmented and not settings['augmentation']:
        raise ValueError(f'the arm {augmented[0]} needs augmentation, a list of transforms')
    read = read_arms(arms, augmentations=list(augmentations_of(settings)), generators=list(settings['generators']),
                     base=settings['base'] is not None)
    only = [arm.name for arm in read] if settings['only'] is None else list(settings['only'])
    strange = {*only} - {arm.name for arm in read}
    if strange or not only:
        raise ValueError(f'only must be some of the arms {", ".join(arm.name for arm in read)}, got {settings["only"]}')
    return [arm for arm in read if arm.name in only]


def trained_generators(settings: Mapping) -> List[str]:
    """Names of those online generators that the study trains."""
    return [name for name, hook in settings['generators'].items() if hook.get('generator') == TRAINED]


def _check_choices(settings: Mapping) -> None:
    for key, accepted in (('judge', ('recognizer', 'loop')), ('pick', ('best', 'last'))):
        if settings[key] not in accepted:
            raise ValueError(f'{key} must be {accepted[0]!r} or {accepted[1]!r}, got {settings[key]!r}')
    can_init = settings['base'] is not None and settings['judge'] == 'recognizer'
    if settings['judge_init'] is not None and not (settings['judge_init'] == 'base' and can_init):
        raise ValueError(f"judge_init={settings['judge_init']!r}: 'base' is accepted, of a study with base motion and judge='recognizer'")
    if settings['generator_init'] is not None and not (settings['generator_init'] == 'base' and settings['base'] is not None):
        raise ValueError(f"generator_init={settings['generator_init']!r}: 'base' is accepted, of a study with base motion")
    if len(settings['baselines']) != 2:
        raise ValueError(f'baselines must be two arms, got {settings["baselines"]}')
    for key, name in (('base.augmentation', (settings['base'] or {}).get('augmentation')),
                      ('judge_augmentation', settings['judge_augmentation'])):
        if name is not None and name not in augmentations_of(settings):
            raise ValueError(f'{key}={name!r}, of which the study has {", ".join(augmentations_of(settings)) or "none"}')


def _check_groups(settings: Mapping) -> None:
    groups, base = settings['groups'], settings['base']
    if base is not None and base['ann_file'] is None and not (base['classes'] and settings['classes']):
        raise ValueError("base motion of the same data needs classes and base['classes'], else it would be what is tested on; or "
                         "give base['ann_file']")
    if base is not None and settings['classes'] and base['ann_file'] is None and {*base['classes']} & {*settings['classes']}:
        raise ValueError(f'{sorted({*base["classes"]} & {*settings["classes"]})[0]!r} is among classes and base.classes')
    if groups is None:
        return
    if groups['balanced'] not in (True, False, None):
        raise ValueError(f'groups.balanced must be True or False, got {groups["balanced"]!r}')
    if settings['pick'] == 'best':
        raise ValueError("a study by groups has no validation clips that are neither trained nor tested on: it needs pick='last'")


def _check_numbers(settings: Mapping) -> None:
    numbers = {key: settings[key] for key in ('steps', 'val_interval', 'generator_steps')}
    numbers.update({f'loop.{key}': value for key, value in settings['loop'].items() if key not in ('hook', 'generator_options')})
    if settings['num_synthetic'] != 'pool':
        numbers['num_synthetic'] = settings['num_synthetic']
    if settings['base'] and settings['base']['steps'] is not None:
        numbers['base.steps'] = settings['base']['steps']
    if settings['groups']:
        numbers.update({f'groups.{key}': settings['groups'][key] for key in ('train', 'test', 'clips_per_group')})
    wrong = [f'{key}={value!r}' for key, value in numbers.items() if not isinstance(value, int) or isinstance(value, bool) or value < 1]
    if wrong:
        raise ValueError(f'numbers from 1 are needed, got {", ".join(wrong)}')
