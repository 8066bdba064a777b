"""Test a generator or a recognizer; options as in MMAction2.

    python tools/test.py CONFIG CHECKPOINT [--work-dir DIR] [--dump FILE.npz] [--cfg-options key=value ...]

A generator is judged by the recognizer's features (accuracy, FID, diversity, multimodality), a recognizer by its config's metrics.
--dump FILE.npz writes each clip's scores with its name and label, which tools/analysis/ensemble.py fuses; FILE.pkl writes the data samples
by MMEngine's DumpResults.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Optional, Sequence

try:
    import mmagenc  # noqa: F401
except ModuleNotFoundError:  # a plain clone: not installed, started from anywhere
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    import mmagenc  # noqa: F401

from mmagenc.arguments import count, number, seed
from mmagenc.command_line import KeyValue, add_debug, in_words, waiting_output
from mmagenc.outputs import Output, OutputFolder, add_force, check_outputs


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Test a generator or a recognizer')
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('--work-dir', help='where metrics and logs go (default: work_dirs/<name of the config>)')
    parser.add_argument('--dump', metavar='FILE.npz',
                        help="write a recognizer's scores by clip name (.npz), or whatever the model predicts as a pickle (.pkl)")
    add_force(parser)
    parser.add_argument('--cfg-options', nargs='+', action=KeyValue, metavar='KEY=VALUE',
                        help='override settings of the config, such as test_dataloader.batch_size=8 or key="[a,b]"')
    parser.add_argument('--show-dir', help='folder for pictures of the predictions, where the config has a visualization hook')
    parser.add_argument('--show', action='store_true', help='show them in a window')
    parser.add_argument('--interval', type=count, default=1, help='a picture of every n-th sample')
    parser.add_argument('--wait-time', type=number(0), default=2, help='seconds for which a window is shown')
    parser.add_argument('--seed', type=seed, help="random seed (default: the config's)")
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none', help='job launcher')
    add_debug(parser)
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return args


if __name__ == '__main__':
    parse_args()  # answers --help and a misspelt option before the seconds that the imports below take

from mmengine.config import Config
from mmengine.runner import Runner

from mmagenc.compat import adopt
from mmagenc.datasets.layouts import register_layouts
from mmagenc.engine.config_check import check_config, check_launcher, merge_options
from mmagenc.engine.config_file import read_config_file
from mmagenc.engine.hook_config import settle_hooks
from mmagenc.engine.own_data import complete_config
from mmagenc.engine.refusals import StartHook, refusing
from mmagenc.engine.work_dir import keep_config, undone_if_refused
from mmagenc.registry import RUNNERS
from mmagenc.untrusted import checkpoint_problem


def load_config(args: argparse.Namespace) -> Config:
    """Read the config and write the command line's options into it.

    Raises:
        ValueError: a file that is not there, or an option that this config cannot take.
    """
    cfg = read_config_file(args.config)
    if '://' not in args.checkpoint and not Path(args.checkpoint).is_file():
        raise ValueError(f'checkpoint {args.checkpoint}: no such file')
    cfg.launcher = args.launcher
    cfg.load_from, cfg.resume = args.checkpoint, False
    cfg.work_dir = args.work_dir or cfg.get('work_dir') or f'work_dirs/{Path(args.config).stem}'
    if args.seed is not None:
        cfg.randomness = {**cfg.get('randomness', {}), 'seed': args.seed}
    if args.show or args.show_dir:
        show_predictions(cfg, args)
    if args.dump is not None:
        dump_predictions(cfg, args.dump)
    merge_options(cfg, args.cfg_options)
    return cfg


def show_predictions(cfg: Config, args: argparse.Namespace) -> None:
    """Switch the config's visualization hook on."""
    if 'visualization' not in (cfg.get('default_hooks') or {}):
        raise ValueError(f'--show, --show-dir: {args.config} has no default_hooks.visualization; '
                         'pictures of generated motion come from tools/visualize.py')
    cfg.default_hooks.visualization.update(
        enable=True, show=args.show, wait_time=args.wait_time, out_dir=args.show_dir, interval=args.interval)


def check_files(args: argparse.Namespace) -> None:
    """Refuse what must not be written.

    Raises:
        OutputError: which file, and why.
    """
    outputs = [] if args.dump is None else [Output('--dump', args.dump, ('.npz', '.pkl', '.pickle'))]
    if args.show_dir is not None:  # filled by MMAction2's hook, which leaves no list
        outputs.append(OutputFolder('--show-dir', args.show_dir, 'test.py'))
    check_outputs(outputs, inputs=[args.config, args.checkpoint], force=args.force)


def dump_predictions(cfg: Config, path: str) -> None:
    """Add a dumping metric to the evaluator."""
    for part in ('test_dataloader', 'test_evaluator'):
        if cfg.get(part) is None:
            raise ValueError(f'--dump {path}: the config has no {part}')
    evaluators = cfg.test_evaluator if isinstance(cfg.test_evaluator, (list, tuple)) else [cfg.test_evaluator]
    metric = dict(type='DumpResults', out_file_path=path)
    if path.endswith('.npz'):
        metric = dict(type='mmagenc.ScoreDump', out_file=path)
        keep_names(cfg.test_dataloader)
    cfg.test_evaluator = [*evaluators, metric]


def keep_names(settings) -> None:
    """Let every ``PackActionInputs`` of the settings pass the clips' names on."""
    if isinstance(settings, dict):
        if str(settings.get('type', '')).split('.')[-1] == 'PackActionInputs':
            settings['meta_keys'] = (*(key for key in settings.get('meta_keys', ()) if key != 'frame_dir'), 'frame_dir')
        settings = list(settings.values())
    if isinstance(settings, (list, tuple)):
        for value in settings:
            keep_names(value)


def prepare(args: argparse.Namespace) -> Config:
    """The whole config of a test, looked through.

    Raises:
        ValueError: a mistake in it, in the data that completes it, or a checkpoint that is not whole.
    """
    check_launcher(args.launcher)
    cfg = load_config(args)
    with refusing(cfg):
        cfg = complete_config(cfg)
    check_config(cfg, 'test')
    register_layouts(cfg)
    problem = checkpoint_problem(args.checkpoint) if '://' not in args.checkpoint else None
    if problem is not None:
        raise ValueError(f'checkpoint {args.checkpoint}: {problem}')
    settle_hooks(cfg)
    adopt(cfg)
    return cfg


def main(argv: Optional[Sequence[str]] = None) -> None:
    args = parse_args(argv)
    with in_words('test', debug=args.debug, code=2, launcher=args.launcher), waiting_output() as output:
        check_files(args)
        cfg = prepare(args)
        keep_config(cfg, others=True)
        with undone_if_refused(cfg.work_dir, launcher=cfg.launcher, config=cfg.filename) as begin, refusing(cfg):
            runner = Runner.from_cfg(cfg) if 'runner_type' not in cfg else RUNNERS.build(cfg)
            runner.register_hook(StartHook(output.release, begin, strict=True))
            runner.test()


if __name__ == '__main__':
    main()
