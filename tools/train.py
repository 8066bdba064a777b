"""Train a generator, a recognizer or both in the InfAGenC loop; options as in MMAction2.

    python tools/train.py CONFIG [--work-dir DIR] [--resume [CHECKPOINT]] [--amp] [--tensorboard] [--cfg-options key=value ...]
"""

import argparse
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Optional, Sequence

try:
    import mmagenc  # noqa: F401
except ModuleNotFoundError:  # a plain clone: not installed, started from anywhere
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    import mmagenc  # noqa: F401

from mmengine.config import Config, DictAction
from mmengine.dist import is_main_process
from mmengine.runner import Runner

from mmagenc.compat import adopt, find_latest_checkpoint
from mmagenc.datasets.annotation import AnnotationError
from mmagenc.datasets.layouts import register_layouts
from mmagenc.engine.config_check import check_config, merge_options
from mmagenc.engine.contract import ContractError
from mmagenc.engine.finite import NonFiniteLossError
from mmagenc.engine.hook_config import add_stopping_hooks, settle_hooks
from mmagenc.engine.interruption import InterruptedTraining, listening
from mmagenc.engine.own_data import complete_config
from mmagenc.engine.work_dir import FolderInUseError, claimed
from mmagenc.evaluation.checkpoints import load_checkpoint
from mmagenc.registry import RUNNERS
from mmagenc.untrusted import DamagedCheckpointError, checkpoint_problem


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Train a generator, a recognizer or both in the InfAGenC loop')
    parser.add_argument('config', help='config file')
    parser.add_argument('--work-dir', help='where logs and checkpoints go (default: work_dirs/<name of the config>)')
    parser.add_argument('--resume', nargs='?', const='auto', metavar='CHECKPOINT',
                        help='go on from this checkpoint, or without a value from the latest in the work folder')
    parser.add_argument('--amp', action='store_true', help='mixed precision: float16 on a GPU, bfloat16 on a CPU')
    parser.add_argument('--tensorboard', action='store_true', help='log to TensorBoard too, curves and sample pictures')
    parser.add_argument('--no-validate', action='store_true', help='do not validate while training')
    parser.add_argument('--auto-scale-lr', action='store_true', help="scale the learning rate to this run's total batch size")
    parser.add_argument('--seed', type=int, help="random seed (default: the config's)")
    parser.add_argument('--diff-rank-seed', action='store_true', help='another seed on each rank')
    parser.add_argument('--deterministic', action='store_true', help='deterministic algorithms of cuDNN')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE',
                        help='override settings of the config, such as train_cfg.max_epochs=2 or key="[a,b]"')
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none', help='job launcher')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return args


def load_config(path: str) -> Config:
    """Read a config file.

    Raises:
        ValueError: no such file.
    """
    if not Path(path).is_file():
        raise ValueError(f'config {path}: no such file (those of this package are in configs/, such as configs/infagenc/quick.py)')
    return Config.fromfile(path)


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
    if args.amp:
        enable_amp(cfg)
    if args.tensorboard:
        log_to_tensorboard(cfg)
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
    return cfg


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


def resume(cfg: Config, checkpoint: str) -> None:
    """Go on from ``checkpoint``, or with ``'auto'`` from the latest of the work folder, which :func:`check_start` looks for."""
    if checkpoint != 'auto' and '://' not in checkpoint and not Path(checkpoint).is_file():
        raise ValueError(f'--resume {checkpoint}: no such file')
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


REFUSALS = (AnnotationError, ContractError, DamagedCheckpointError, FileNotFoundError, FolderInUseError)
"""What ends a training before its first step, in one line."""


def refuse(error: Exception) -> None:
    """One line, and exit code 2."""
    print(f'train: {error}', file=sys.stderr)
    raise SystemExit(2) from None


def main(argv: Optional[Sequence[str]] = None) -> None:
    args = parse_args(argv)
    try:
        cfg = complete_config(merge_args(load_config(args.config), args))
        check_config(cfg, 'train')
        register_layouts(cfg)
    except (ValueError, FileNotFoundError) as error:
        refuse(error)
    settle_hooks(cfg)
    adopt(cfg)
    try:
        with listening(), claimed(cfg.work_dir, launcher=cfg.launcher):
            check_start(cfg, args.resume)
            runner = Runner.from_cfg(cfg) if 'runner_type' not in cfg else RUNNERS.build(cfg)
            runner.train()
    except REFUSALS as error:
        refuse(error)
    except InterruptedTraining as stop:
        if is_main_process():
            print(f'\ntrain: {stop}', file=sys.stderr, flush=True)
        raise SystemExit(stop.code) from None
    except NonFiniteLossError as error:
        raise SystemExit(f'train: {error}') from None


if __name__ == '__main__':
    main()
