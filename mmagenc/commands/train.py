"""Train a generator, a recognizer or both in the InfAGenC loop; options as in MMAction2.

    mmagenc train CONFIG [--work-dir DIR] [--resume [CHECKPOINT]] [--amp] [--tensorboard] [--cfg-options key=value ...]
"""

import argparse
import os
import sys
from functools import partial
from importlib.util import find_spec
from logging import LogRecord
from pathlib import Path
from typing import Optional, Sequence

import torch
from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.runner import Runner

from mmagenc.command_line import in_words, is_first, waiting_output
from mmagenc.compat import adopt, find_latest_checkpoint
from mmagenc.datasets.layouts import register_layouts
from mmagenc.engine import freed_memory
from mmagenc.engine.config_check import check_config, check_launcher, merge_options
from mmagenc.engine.config_file import read_config_file
from mmagenc.engine.early_log import early_log, write_early
from mmagenc.engine.finite import NonFiniteLossError
from mmagenc.engine.hook_config import add_stopping_hooks, find_hook, settle_hooks
from mmagenc.engine.interruption import InterruptedTraining, listening
from mmagenc.engine.own_data import complete_config
from mmagenc.engine.refusals import VALIDATING, StartHook, refusing
from mmagenc.engine.work_dir import Moved, claimed, keep_config, set_aside
from mmagenc.evaluation.checkpoints import load_checkpoint
from mmagenc.registry import RUNNERS
from mmagenc.untrusted import DamagedCheckpointError, checkpoint_problem


def choose_work_dir(cfg: Config, args: argparse.Namespace) -> None:
    """``--work-dir``, else the config's, else ``work_dirs/<name of the config>``."""
    cfg.work_dir = args.work_dir or cfg.get('work_dir') or f'work_dirs/{Path(args.config).stem}'


def merge_args(cfg: Config, args: argparse.Namespace) -> Config:
    """Write the command line's options into the config.

    Raises:
        ValueError: an option that this config cannot take, or a checkpoint that is not there.
    """
    cfg.launcher = args.launcher
    choose_work_dir(cfg, args)
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
        for key in VALIDATING:
            (cfg.get('train_cfg') or {}).pop(key, None)
    if args.amp:
        enable_amp(cfg)
    if args.tensorboard:
        log_to_tensorboard(cfg)
    if args.init is not None:
        begin_with(cfg, args.init)
    if args.resume is not None:
        resume(cfg, args.resume)
    if args.auto_scale_lr:
        if 'auto_scale_lr' not in cfg:
            raise ValueError(f'--auto-scale-lr: {args.config} names no batch size to scale from; '
                             'give it auto_scale_lr = dict(base_batch_size=...)')
        cfg.auto_scale_lr.enable = True
    options = {'seed': args.seed, 'diff_rank_seed': args.diff_rank_seed or None, 'deterministic': args.deterministic or None}
    given = {name: value for name, value in options.items() if value is not None}
    cfg.randomness = {'seed': None, **cfg.get('randomness', {}), **given}
    add_stopping_hooks(cfg)
    merge_options(cfg, args.cfg_options)
    compile_parts(cfg)
    return cfg


def compile_parts(cfg: Config) -> None:
    """Let our hook do what MMEngine's ``compile`` asks for: all of a training step, which that compiles, cannot be compiled.

    Raises:
        ValueError: neither true or false nor settings.
    """
    wanted = cfg.pop('compile', None)
    if wanted in (None, False):
        return
    if wanted is not True and not isinstance(wanted, dict):
        raise ValueError(f"compile must be True, or arguments of torch.compile such as dict(mode='reduce-overhead'), got {wanted!r}")
    settings = {} if wanted is True else dict(wanted)
    hook = dict(type='mmagenc.CompileHook', targets=settings.pop('targets', None), settings=settings)
    cfg.default_hooks = dict(cfg.get('default_hooks') or {}, compile=hook)


def enable_amp(cfg: Config) -> None:
    """Replace the plain optimizer wrapper, or each of several, by the mixed-precision one."""
    if cfg.get('optim_wrapper') is None:
        raise ValueError('--amp: the config has no optim_wrapper')
    separate = cfg.optim_wrapper.get('constructor') == 'SeparateOptimWrapperConstructor'
    wrappers = [wrapper for wrapper in cfg.optim_wrapper.values() if isinstance(wrapper, dict)] if separate else [cfg.optim_wrapper]
    for wrapper in wrappers:
        kind = wrapper.get('type', 'OptimWrapper')
        if kind not in ('OptimWrapper', 'AmpOptimWrapper'):
            raise ValueError(f'--amp works with OptimWrapper; this config has {kind}')
        wrapper.type = 'AmpOptimWrapper'
        wrapper.setdefault('loss_scale', 'dynamic')


def log_to_tensorboard(cfg: Config) -> None:
    """Add TensorBoard to the visualizer's backends.

    Raises:
        ValueError: it is not installed.
    """
    if find_spec('tensorboard') is None:
        raise ValueError('--tensorboard: pip install tensorboard')
    visualizer = {'type': 'Visualizer', **cfg.get('visualizer', {})}
    backends = list(visualizer.get('vis_backends') or [dict(type='LocalVisBackend')])
    if all(backend['type'] != 'TensorboardVisBackend' for backend in backends):
        backends.append(dict(type='TensorboardVisBackend'))
    cfg.visualizer = dict(visualizer, vis_backends=backends)


def begin_with(cfg: Config, checkpoint: str) -> None:
    """Let the model begin with a checkpoint of other classes, by its hook; one of the config's own takes the file."""
    if not Path(checkpoint).is_file():
        raise ValueError(f'--init {checkpoint}: no such file')
    own = find_hook(cfg, 'InitFromHook')
    if own is not None:
        own['checkpoint'] = checkpoint
    else:
        cfg.default_hooks = dict(cfg.get('default_hooks') or {}, init=dict(type='mmagenc.InitFromHook', checkpoint=checkpoint))


def resume(cfg: Config, checkpoint: str) -> None:
    """Go on from ``checkpoint``, or with ``'auto'`` from the latest of the work folder, which :func:`check_start` looks for."""
    if checkpoint != 'auto' and '://' not in checkpoint and not Path(checkpoint).is_file():
        folder = 'this is a folder; name a checkpoint in it, or --work-dir FOLDER --resume to go on with its latest'
        raise ValueError(f'--resume {checkpoint}: {folder if Path(checkpoint).is_dir() else "no such file"}')
    cfg.resume = True
    if checkpoint != 'auto':
        cfg.load_from = checkpoint


def check_start(cfg: Config, resume: Optional[str] = None) -> None:
    """Refuse a damaged checkpoint before anything is built, and settle what ``--resume`` without a value means.

    A work folder without a checkpoint begins anew, with the weights that the config starts from. A training that drew its seed goes on
    with that one.

    Raises:
        DamagedCheckpointError: the one that is named, or with ``--resume`` all of the work folder.
    """
    latest = find_latest_checkpoint(cfg.work_dir) if resume == 'auto' or cfg.get('resume') and cfg.get('load_from') is None else None
    if resume == 'auto':
        cfg.resume, cfg.load_from = latest is not None, None if latest else cfg.get('load_from')
    start = cfg.get('load_from')
    if start is not None and '://' not in start and (problem := checkpoint_problem(start)):
        raise DamagedCheckpointError(f'checkpoint {start}: {problem}')
    if cfg.get('resume') and cfg.get('randomness', {}).get('seed') is None:
        keep_seed(cfg, start or latest)


def keep_seed(cfg: Config, checkpoint: Optional[str]) -> None:
    """Train with the seed that a training without one in its config has drawn: MMEngine takes it up after the order of clips is settled."""
    if checkpoint is not None and Path(checkpoint).is_file():
        seed = load_checkpoint(checkpoint).get('meta', {}).get('seed')
        if isinstance(seed, int):
            cfg.randomness = {**cfg.get('randomness', {}), 'seed': seed}


def spare_earlier_run(cfg: Config) -> Optional[Moved]:
    """Move the results of an earlier training in the work folder aside, unless this one goes on from them; what was moved.

    Raises:
        EarlierRunError: this training starts from one of them.
    """
    start, folder = cfg.get('load_from'), Path(cfg.work_dir).resolve()
    going_on = cfg.get('resume') and (start is None or folder in Path(start).resolve().parents)
    if going_on or not is_first(cfg.launcher):
        return None
    saved = [] if cfg.filename is None else [Path(cfg.filename).name]  # as MMEngine writes it, where it is not the one that was given
    return set_aside(cfg.work_dir, names=saved, used=cfg.to_dict())


def prepare(args: argparse.Namespace) -> Config:
    """The whole config of a training, looked through.

    Raises:
        ValueError: a mistake in it, or in the data that completes it.
    """
    check_launcher(args.launcher)
    cfg = merge_args(read_config_file(args.config), args)
    with refusing(cfg):
        cfg = complete_config(cfg)
    return checked(cfg)


def checked(cfg: Config) -> Config:
    """A config as the runner takes it, once nothing is wrong with it.

    Raises:
        ValueError: a mistake in it.
    """
    check_config(cfg, 'train')
    register_layouts(cfg)
    settle_hooks(cfg)
    adopt(cfg)
    return cfg


def carry_out(tool: str, cfg: Config, resume: Optional[str], output, early: Sequence[LogRecord] = ()) -> None:
    """The training of a config, to its end.

    Args:
        tool: begins what is said.
        cfg: as :func:`checked` leaves it.
        resume: the option.
        output: what :func:`~mmagenc.command_line.waiting_output` gave, which is let go with the first step.
        early: what was logged before, for the log file.

    Raises:
        SystemExit: it was interrupted, or a loss is no number.
        RefusedError: or another mistake of config, data or checkpoint.
    """
    say = partial(print, f'{tool}:', file=sys.stderr, flush=True)
    try:
        with listening(), claimed(cfg.work_dir, launcher=cfg.launcher, config=cfg.filename) as start, refusing(cfg):
            check_start(cfg, resume)
            keep_config(cfg)
            moved = spare_earlier_run(cfg)
            if moved is not None:
                say(f'{moved}; --resume goes on with a training instead')  # also where what is built next fails
                start.undo += [lambda: say(f'nothing was trained, and what was moved lies in {cfg.work_dir} again'), moved.put_back]
            runner = Runner.from_cfg(cfg) if 'runner_type' not in cfg else RUNNERS.build(cfg)
            write_early(early, runner.logger)
            runner.register_hook(StartHook(output.release, start, strict=bool(cfg.get('resume'))))
            torch.set_flush_denormal(True)  # numbers below 1e-38, such as a softmax's tails, are nothing but slow on a CPU
            with freed_memory.kept():
                runner.train()
    except InterruptedTraining as stop:
        if is_main_process():
            print(f'\n{tool}: {stop}', file=sys.stderr, flush=True)
        raise SystemExit(stop.code) from None
    except NonFiniteLossError as error:
        raise SystemExit(f'{tool}: {error}') from None
    finally:
        torch.set_flush_denormal(False)


def run(args: argparse.Namespace) -> None:
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    with in_words('train', debug=args.debug, code=2, launcher=args.launcher), waiting_output() as output:
        with early_log() as early:
            cfg = prepare(args)
        carry_out('train', cfg, args.resume, output, early)
