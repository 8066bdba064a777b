"""What ends a run in words: a mistake in config, data or checkpoint that shows only when parts are built, read or loaded.

Where an error arose tells whose it is. What is raised while the registries build a part is a mistake in the config, whatever its class;
while a data loader makes a batch, one in the data; while a checkpoint is loaded, one in the checkpoint. Everything else that happens in a
run is a mistake in a program and keeps its traceback.
"""

import inspect
import pickle
import re
import traceback
from collections import Counter
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional

import mmaction.registry
import numpy as np
import torch
from mmengine.config import Config
from mmengine.hooks import CheckpointHook, EarlyStoppingHook, Hook
from mmengine.model import is_model_wrapper
from mmengine.registry import Registry
from mmengine.runner import BaseLoop, IterBasedTrainLoop
from torch import Tensor, nn

from mmagenc.command_line import describe
from mmagenc.datasets.annotation import AnnotationError
from mmagenc.datasets.nested import built_datasets, named_files
from mmagenc.engine.config_types import all_mappings
from mmagenc.engine.contract import ContractError, check_bodies, check_recognizer, num_classes_of
from mmagenc.engine.held_out import JUDGED, LEARNT, PARTS, compared, learnt_and_tested, learnt_clips, said_learnt
from mmagenc.engine.interruption import InterruptedTraining
from mmagenc.engine.pretrained import SAID
from mmagenc.engine.work_dir import EarlierRunError, FolderInUseError
from mmagenc.evaluation.checkpoints import loading_words, model_weights, no_numbers, said_classes, said_of_clips, weights_problem
from mmagenc.untrusted import DamagedCheckpointError, UnsafePickleError

NEVER = (MemoryError, torch.cuda.OutOfMemoryError, InterruptedTraining)
"""What is nobody's mistake, wherever it is raised."""
BEGIN = 'write --cfg-options load_from=…'
"""How a training begins with the weights of a checkpoint, and with nothing else of it."""
VALIDATING = ('val_interval', 'val_begin', 'dynamic_intervals')
"""What of ``train_cfg`` says when validations come."""


class RefusedError(ValueError):
    """A mistake of config, data or checkpoint that showed in a run; the message names the key or the file."""


IN_WORDS = (AnnotationError, ContractError, DamagedCheckpointError, EarlierRunError, FolderInUseError, RefusedError, UnsafePickleError,
            OSError)
"""Errors whose messages say all, wherever they are raised."""


@contextmanager
def refusing(cfg: Config) -> Iterator[None]:
    """Turn errors of building, reading and loading into :class:`RefusedError`; others pass as they are.

    Args:
        cfg: of the run.

    Raises:
        RefusedError: or one of :data:`IN_WORDS`.
    """
    try:
        yield
    except NEVER:
        raise
    except Exception as error:
        words = what_failed(error, cfg)
        if words is None:
            raise
        raise RefusedError(words) from error


def what_failed(error: Exception, cfg: Config) -> Optional[str]:
    """Where an error arose and what it says; ``None`` for one in the run itself."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    built = [frame for frame in frames if _is(frame, 'registry/build_functions.py', 'build_from_cfg')]
    said = last_words(error)
    if any(_is(frame, 'runner/runner.py', 'load_or_resume') for frame in frames):
        start = cfg.get('load_from') or cfg.work_dir
        if not isinstance(error, IN_WORDS) and any('/torch/serialization.py' in frame.f_code.co_filename for frame in frames):
            said = said if isinstance(error, pickle.UnpicklingError) else 'it is no PyTorch checkpoint'
        return said if str(start) in said else f'checkpoint {start} cannot be loaded into this model: {said}'
    if isinstance(error, OSError) or isinstance(error, IN_WORDS) and not built:
        return said
    planned = [frame.f_locals['self'] for frame in frames if _is(frame, 'runner/runner.py', 'build_param_scheduler')]
    if planned and not len(planned[0].train_dataloader):  # a schedule by iterations asks how many an epoch has, before any hook can
        return no_batch(planned[0].train_dataloader, 'train_dataloader')
    if built:
        place = _place(built[-1].f_locals, cfg, _stage_of(frames))
        return f'{place}: {_other_scope(said) or said}'
    if any('/torch/utils/data/' in frame.f_code.co_filename for frame in frames):
        return f'a sample cannot be read: {said}'
    if any(_is(frame, 'runner/runner.py', '__init__') or _is(frame, 'runner/runner.py', 'build_dataloader') for frame in frames):
        return f'the config: {said}'
    return None


def _is(frame, file: str, function: str) -> bool:
    return frame.f_code.co_name == function and frame.f_code.co_filename.replace('\\', '/').endswith(f'mmengine/{file}')


def last_words(error: BaseException) -> str:
    """What an error says; of one in a worker of a data loader, whose message is a whole traceback, the end of that."""
    text = describe(error)
    if isinstance(error, pickle.UnpicklingError) and 'weights_only' in text:
        return loading_words(error)
    if 'Original Traceback (most recent call last)' in text:
        lines = [line for line in text.splitlines() if line and not line.startswith(' ')]
        text = lines[-1]
        return text.partition(': ')[2] or text if isinstance(error, IN_WORDS) else text
    return text if isinstance(error, (ValueError, OSError)) else f'{type(error).__name__}: {text}'


def _stage_of(frames) -> Optional[str]:
    """Whose loop was being built: ``train``, ``val`` or ``test``."""
    return next((stage for frame in frames for stage in ('train', 'val', 'test')
                 if _is(frame, 'runner/runner.py', f'build_{stage}_loop')), None)


def _place(found: Mapping[str, Any], cfg: Config, stage: Optional[str] = None) -> str:
    """The key of what was being built, with its class; of several that are alike the one of the stage's loop."""
    settings = found.get('cfg')
    kind = settings.get('type') if isinstance(settings, Mapping) else None
    name = kind if isinstance(kind, str) else getattr(kind, '__name__', str(kind))
    if kind is None:
        return 'a part of the config'
    keys = [key for key, part in all_mappings(cfg) if part.get('type') == kind and all(
        key in settings and _equal(settings[key], value) for key, value in part.items())]
    own = [key for key in keys if key.startswith(f'{stage}_')]
    return f'{[*own, *keys][0]} ({name})' if keys else name


def _other_scope(said: str) -> Optional[str]:
    """What to write where a part of MMAction2 was looked for here; ``None`` if it is none."""
    name = re.match(r'KeyError: (\w+) is not in the \w+::', said)
    registries = [value for value in vars(mmaction.registry).values() if isinstance(value, Registry)]
    if name is None or not any(name[1] in registry.module_dict for registry in registries):
        return None
    return (f"{name[1]} is MMAction2's, and the dict around it has to say so: model = dict(type='RecognizerGCN', _scope_='mmaction', …); "
            'mmaction. in front of a type holds for that type alone')


def _equal(value: Any, other: Any) -> bool:
    try:
        return bool(value == other)
    except Exception:  # arrays, say: nothing that a config's file can hold
        return False


# While a run starts -----------------------------------------------------------------------------------------------------------------

LOOKED_AT = 256
"""Labels of a data set that are compared with the model's classes."""


class StartHook(Hook):
    """Looks at what only a built run shows, its checkpoint and its labels, and lets its output go once it has made the first step.

    Args:
        begun: called after each step, see :func:`mmagenc.command_line.waiting_output` and
            :func:`mmagenc.engine.work_dir.undone_if_refused`.
        strict: whether a checkpoint must fit the model wholly, as for a test or to resume; to begin from, a part of it is enough.
        asked: whether the command line names the clips that are tested: then it is not refused that the checkpoint has learnt from them.

    Raises:
        ContractError: clips that a recognizer does not take.
        RefusedError: in the run, for a checkpoint of another model, or (with ``strict``) of clips whose classes have other labels, or that
            has learnt from clips that are tested, for classes and labels that the model does not have, or no batch at all.
    """

    priority = 'HIGHEST'

    def __init__(self, *begun: Callable[[], None], strict: bool, asked: bool = False) -> None:
        self.begun, self.strict, self.asked = begun, strict, asked
        self.learnt: Optional[Mapping] = None

    def after_load_checkpoint(self, runner, checkpoint: Mapping) -> None:
        source = f'checkpoint {runner._load_from or runner.work_dir}'
        if not isinstance(checkpoint, Mapping):
            raise RefusedError(f'{source}: holds a {type(checkpoint).__name__}, accepted is a checkpoint of MMEngine or a dict of weights')
        problem = misfit(unwrapped(runner.model), model_weights(checkpoint), strict=self.strict)
        if problem:
            raise RefusedError(f'{source}: its weights {problem}')
        if self.strict:
            for warning in check_same_clips(said_of_clips(checkpoint), getattr(loaded_dataset(runner), 'metainfo', None) or {}, source):
                runner.logger.warning(warning)
        self.learnt = said_learnt(checkpoint)
        if self.learnt is not None:
            self._check_unlearnt(runner, source)
        if runner._resume:
            missing = [key for key in ('meta', 'optimizer') if key not in checkpoint]
            if missing:
                raise RefusedError(f'{source}: holds weights, but no state of a training ({", ".join(missing)}) that could be resumed; to '
                                   f'begin from these weights, {BEGIN}')
            schedules = check_schedules(getattr(runner, 'param_schedulers', None), checkpoint.get('param_schedulers'), source)
            for warning in [*check_optimizer(runner.optim_wrapper, checkpoint['optimizer'], source), *schedules]:
                runner.logger.warning(warning)

    def _check_unlearnt(self, runner, source: str) -> None:
        trains = isinstance(getattr(runner, '_train_loop', None), BaseLoop)
        refused, warned = learnt_and_tested(runner, self.learnt, (*PARTS, JUDGED) if trains else ('test', ))
        if refused and self.strict and not self.asked:
            other = '' if trains else ', and --cfg-options test_dataloader.dataset.… names clips that are tested all the same'
            raise RefusedError(f'{source}: {"; ".join(refused)}: what is learnt by heart would be tested. The annotation file was written '
                               'anew, or other clips are set apart; the config that lies beside the checkpoint names those that it has '
                               f'not learnt from{other}')
        for warning in [*refused, *warned]:
            runner.logger.warning(f'{source}: {warning}')

    def before_save_checkpoint(self, runner, checkpoint: Dict) -> None:
        if self.learnt is not None:
            checkpoint.setdefault('meta', {})[LEARNT] = self.learnt

    def before_train(self, runner) -> None:
        if getattr(runner.train_loop, 'max_iters', None) == 0:  # of a loop by iterations it is not counted in batches
            raise RefusedError(no_batch(runner.train_dataloader, 'train_dataloader'))
        check_classes(runner.train_dataloader.dataset, unwrapped(runner.model), 'train_dataloader')
        check_recognizer(unwrapped(runner.model), runner.train_dataloader.dataset, 'train_dataloader', 'loss')
        validated = getattr(getattr(runner, '_val_loop', None), 'dataloader', None)
        if validated is not None:
            check_recognizer(unwrapped(runner.model), validated.dataset, 'val_dataloader', 'predict')
            _check_measured(validated.dataset, unwrapped(runner.model))
        _check_measured(runner.train_dataloader.dataset, unwrapped(runner.model))
        warnings, tested = compared(runner)
        for warning in [*warnings, *(without_validation(runner) if getattr(runner, '_val_loop', None) is None else ())]:
            runner.logger.warning(warning)
        self.learnt = learnt_clips(runner, tested, self.learnt)
        loop = runner.train_loop
        unit, done, key = ('iterations', loop.iter, 'max_iters') if isinstance(loop, IterBasedTrainLoop) else (
            'epochs', loop.epoch, 'max_epochs')
        if done >= getattr(loop, key):
            runner.logger.warning(f'nothing is left to train: {done} of {getattr(loop, key)} {unit} are done; to go on, raise '
                                  f'train_cfg.{key}')

    def before_test(self, runner) -> None:
        if not len(runner.test_dataloader):
            raise RefusedError(no_batch(runner.test_dataloader, 'test_dataloader'))
        check_classes(runner.test_dataloader.dataset, unwrapped(runner.model), 'test_dataloader')
        check_recognizer(unwrapped(runner.model), runner.test_dataloader.dataset, 'test_dataloader', 'predict')
        _check_measured(runner.test_dataloader.dataset, unwrapped(runner.model))

    def after_train_iter(self, runner, *args, **kwargs) -> None:
        for call in self.begun:
            call()

    after_test_iter = after_val_iter = after_train_iter


def without_validation(runner) -> List[str]:
    """What waits for a validation that does not come: it does nothing, and MMEngine does not say so."""
    schedules = getattr(runner, 'param_schedulers', None) or []
    schedules = sum(schedules.values(), []) if isinstance(schedules, dict) else schedules
    hooks = getattr(runner, 'hooks', ())
    idle = [f'{type(hook).__name__} never stops the training' for hook in hooks if isinstance(hook, EarlyStoppingHook)]
    idle += [f'{type(hook).__name__} with save_best saves no best checkpoint' for hook in hooks
             if isinstance(hook, CheckpointHook) and hook.save_best]
    idle += [f'{type(schedule).__name__} changes nothing' for schedule in schedules if getattr(schedule, 'need_val_args', False)]
    none = 'the config has none (val_dataloader, val_cfg, val_evaluator)'
    loop = (getattr(runner, 'cfg', None) or {}).get('train_cfg')
    said = [f'train_cfg.{key}={loop[key]} does nothing: it says when a validation comes, and {none}' for key in VALIDATING
            if isinstance(loop, dict) and loop.get(key) is not None]
    return [*(f'{text}: it goes by numbers of a validation, and {none}' for text in idle), *said]


def _check_measured(dataset, model: nn.Module) -> None:
    """Refuse clips of a data set that its pipeline or the model cannot measure; one that does not tell its clips is passed over."""
    for part in built_datasets(dataset):
        if hasattr(part, 'annotations'):
            check_bodies(getattr(part, 'pipeline', None), part.annotations, named_files(part), fixed=getattr(part, 'test_mode', False),
                         generator=model)


def loaded_dataset(runner):
    """The data set that a run has built before its checkpoint is loaded; ``None`` before it has built any."""
    loops = [getattr(runner, name, None) for name in ('_train_loop', '_test_loop', '_val_loop')]
    return next((loop.dataloader.dataset for loop in loops if isinstance(loop, BaseLoop)), None)


def check_same_clips(said: Mapping, metainfo: Mapping, source: str) -> List[str]:
    """Compare what a checkpoint says of the clips that it has learnt from with those that it is tested on, or goes on with.

    Weights of as many classes and keypoints fit whatever these are called: labels would mean other classes, places other joints.

    Args:
        said: of :func:`~mmagenc.evaluation.checkpoints.said_of_clips`.
        metainfo: of the clips at hand.
        source: the checkpoint, as messages begin.

    Returns:
        what differs and may be meant: names of classes, the frame rate.

    Raises:
        RefusedError: a class that both know has another label, or the layouts differ.
    """
    theirs, ours = (said_classes(meta) or [] for meta in (said, metainfo))
    moved = [name for name in ours if name in theirs and theirs.index(name) != ours.index(name)]
    if moved:
        raise RefusedError(f'{source}: it has learnt the classes {", ".join(theirs)}, in this order; the clips have {", ".join(ours)}: '
                           f'label {ours.index(moved[0])} is {moved[0]} in the clips, and {theirs.index(moved[0])} in the checkpoint. '
                           'Number labels and classes of the clips as the checkpoint does')
    layouts = [meta.get('skeleton') for meta in (said, metainfo)]
    if all(isinstance(layout, str) for layout in layouts) and layouts[0] != layouts[1]:
        raise RefusedError(f'{source}: it has learnt from clips of the layout {layouts[0]}, these have {layouts[1]}: name that layout in '
                           f"the metainfo of the data set (skeleton='{layouts[0]}'), which brings clips over where a joint map is known")
    warnings = [f'{source}: mind the {word}: {said[key]} in the clips that it has learnt from, {metainfo[key]} in these'
                for key, word in SAID.items() if said.get(key) and metainfo.get(key) and said[key] != metainfo[key]]
    other = [f'{label} {mine} ({name})' for label, (mine, name) in enumerate(zip(ours, theirs))
             if mine != name and not (mine.isdecimal() or name.isdecimal())]
    if other:
        warnings.append(f'{source}: classes are called otherwise than in the clips that it has learnt from, in brackets: '
                        f'{", ".join(other[:5])}{", …" if len(other) > 5 else ""}. Are they the same actions?')
    return warnings


def check_optimizer(optimizer, saved: Mapping, source: str, *, key: str = 'optim_wrapper') -> List[str]:
    """What of the config's optimizer a resumed training does not take, as it goes on with what was saved.

    Args:
        optimizer: an optimizer, its wrapper, or one of several by name.
        saved: its state in the checkpoint.
        source: the checkpoint, for messages.
        key: of the optimizer's wrapper in the config.

    Returns:
        list of str: a warning for each optimizer whose learning rate or other numbers are not those of the config.

    Raises:
        RefusedError: another kind of optimizer was saved.
    """
    if hasattr(optimizer, 'optim_wrappers'):
        return [warning for name, each in optimizer.optim_wrappers.items() if isinstance(saved.get(name), Mapping)
                for warning in check_optimizer(each, saved[name], f'{source}, {name}', key=f'{key}.{name}')]
    groups = list(zip(getattr(optimizer, 'param_groups', ()), saved.get('param_groups', ())))
    lacking = sorted({key for own, theirs in groups for key in own.keys() - theirs.keys() - {'initial_lr', 'initial_momentum'}
                      if own[key] is not None and not isinstance(own[key], bool)})  # switches are what newer versions of torch add
    if lacking:
        kind = type(getattr(optimizer, 'optimizer', optimizer)).__name__
        raise RefusedError(f'{source}: its optimizer is none like the {kind} of the config (its state has no {", ".join(lacking)}); to '
                           f'resume, leave {key}.optimizer as it was; to begin from these weights with another, {BEGIN}')
    other = {key: f'{key.removeprefix("initial_")}={own[key]} of the config (saved: {theirs[key]})' for own, theirs in groups
             for key in _compared(own, theirs) if np.any(np.not_equal(own[key], theirs[key]))}
    if not other:
        return []
    return [f'{source}: {", ".join(other.values())} is not taken: a resumed training goes on with the optimizer as it was saved. To begin '
            f'from these weights with that of the config, {BEGIN}']


def _compared(own: Mapping, theirs: Mapping) -> List[str]:
    """Keys of numbers that no schedule has changed since the beginning."""
    scheduled = {'lr'} if 'initial_lr' in own or 'initial_lr' in theirs else set()
    scheduled |= {'momentum', 'betas'} if 'initial_momentum' in own or 'initial_momentum' in theirs else set()
    return [key for key, value in own.items() if key in theirs and key not in scheduled and not isinstance(value, bool)
            and isinstance(value, (int, float, tuple))]


MOVING = ('optimizer', 'last_step', 'verbose')
"""Arguments of a schedule that are no settings of it."""


def check_schedules(schedules, saved, source: str, *, key: str = 'param_scheduler') -> List[str]:
    """What of the config's schedules a resumed training does not take: as MMEngine loads them, they are those that were saved.

    Args:
        schedules: those of the config, or of several optimizers by name; ``None`` are none, of which MMEngine warns itself.
        saved: their states in the checkpoint; ``None`` where it holds none.
        source: the checkpoint, for messages.
        key: of the schedules in the config.

    Returns:
        list of str: a warning for each schedule whose settings are not those of the config.

    Raises:
        RefusedError: as many others, or of another kind: MMEngine would take a part of them.
    """
    if not schedules or saved is None:
        return []
    if isinstance(schedules, Mapping):
        return [warning for name, each in schedules.items() if isinstance(saved, Mapping) and name in saved
                for warning in check_schedules(each, saved[name], source, key=f'{key}.{name}')]
    odd = f'to resume, leave {key} as it was; to begin from these weights with another schedule, {BEGIN}'
    if len(schedules) != len(saved):
        raise RefusedError(f'{source}: it was saved with {len(saved)} schedules, the config has {len(schedules)}; {odd}')
    warnings = []
    for own, theirs in zip(schedules, saved):
        settings = _settings_of(own)
        lacking = sorted(settings.keys() - theirs.keys())
        if lacking:
            raise RefusedError(f'{source}: its schedule is none like the {type(own).__name__} of the config (its state has no '
                               f'{", ".join(lacking)}); {odd}')
        other = [f'{name}={_told(value)} of the config (saved: {_told(theirs[name])})' for name, value in settings.items()
                 if not _equal(value, theirs[name])]
        if other:
            warnings.append(f'{source}: {key}: {", ".join(other)} is not taken: a resumed training goes on with the schedule as it was '
                            f'saved. To begin from these weights with that of the config, {BEGIN}')
    return warnings


def _settings_of(schedule) -> Dict[str, Any]:
    """What a schedule keeps of its arguments; the rest of its state moves."""
    names = {name for kind in type(schedule).__mro__ for name in inspect.signature(kind.__init__).parameters} - {*MOVING}
    return {name: value for name, value in schedule.state_dict().items() if name in names}


def _told(value: Any) -> str:
    """A setting for a message; milestones are kept as a counter."""
    return str(sorted(value.elements()) if isinstance(value, Counter) else value)


def unwrapped(model: nn.Module) -> nn.Module:
    """The model inside a wrapper for several processes."""
    return model.module if is_model_wrapper(model) else model


def misfit(model: nn.Module, weights: Mapping[str, Tensor], *, strict: bool) -> Optional[str]:
    """Why weights are another model's, or ``None``.

    Args:
        strict: all must fit; else it is enough if some do, and all are numbers.
    """
    if strict:
        return weights_problem(model, weights)
    own = model.state_dict()
    if any(name in own and own[name].shape == value.shape for name, value in weights.items()):
        return no_numbers(model, weights)
    return weights_problem(model, weights) or 'are none'


def no_batch(loader, key: str) -> str:
    """Why nothing would be trained or tested: no clips, or fewer than a batch where smaller ones are dropped."""
    size = getattr(loader.batch_sampler, 'batch_size', loader.batch_size)
    return (f'{key} gives no batch: its dataset has {len(loader.dataset)} clips, and batch_size is {size}; take a smaller one, or set '
            'drop_last=False')


def check_classes(dataset, model: nn.Module, key: str) -> None:
    """Refuse data with classes that a model does not have; one of more classes is passed, and what cannot be asked.

    That no clip of a class is there is no excuse: the weights would be of other classes than the data that they are tested on.

    Raises:
        RefusedError: naming both numbers, or a clip with its label.
    """
    classes = getattr(model, 'num_classes', None) or num_classes_of(model)
    if not isinstance(classes, int):
        return
    names = (getattr(dataset, 'metainfo', None) or {}).get('classes')
    if isinstance(names, (list, tuple)) and len(names) > classes:
        raise RefusedError(f'{key}.dataset has {len(names)} classes ({", ".join(map(str, names))}), but the model knows {classes}: set '
                           f'num_classes={len(names)} of model or model.cls_head')
    check_labels(dataset, classes, key)


def check_labels(dataset, classes: int, key: str) -> None:
    """Refuse labels beyond a number of classes; what cannot be asked is passed over.

    Raises:
        RefusedError: naming clip, label and classes.
    """
    if not hasattr(dataset, 'get_data_info'):
        return
    listed = getattr(dataset, 'data_list', None) or ()
    step = 1 if len(listed) == len(dataset) else max(1, -(-len(dataset) // LOOKED_AT))
    for index in range(0, len(dataset), step):
        clip = listed[index] if step == 1 and listed else dataset.get_data_info(index)
        label = clip.get('label')
        if isinstance(label, (int, np.integer)) and not 0 <= label < classes:
            raise RefusedError(f'{key}.dataset: clip {clip.get("frame_dir", index)} has label {label}, but the model knows 0 to '
                               f'{classes - 1}: set num_classes of model or model.cls_head; labels begin at 0')
