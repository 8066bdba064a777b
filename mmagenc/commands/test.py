"""Test a generator or a recognizer; options as in MMAction2.

    mmagenc test CONFIG CHECKPOINT [--work-dir DIR] [--dump FILE.npz] [--cfg-options key=value ...]

A generator is judged by the recognizer's features (accuracy, FID, diversity, multimodality), a recognizer by its config's metrics.
--dump FILE.npz writes each clip's scores with its name and label, which mmagenc ensemble fuses; FILE.pkl writes the data samples
by MMEngine's DumpResults.
"""

import argparse
import os
from pathlib import Path

from mmengine.config import Config
from mmengine.runner import Runner

from mmagenc.command_line import in_words, waiting_output
from mmagenc.compat import adopt
from mmagenc.datasets.layouts import register_layouts
from mmagenc.engine.config_check import check_config, check_launcher, merge_options
from mmagenc.engine.config_file import read_config_file
from mmagenc.engine.hook_config import settle_hooks
from mmagenc.engine.model_folder import is_model_folder, weights_of
from mmagenc.engine.own_data import complete_config
from mmagenc.engine.refusals import StartHook, refusing
from mmagenc.engine.work_dir import keep_config, undone_if_refused
from mmagenc.evaluation.checkpoints import missing_words
from mmagenc.outputs import Output, OutputFolder, check_outputs
from mmagenc.registry import RUNNERS
from mmagenc.untrusted import checkpoint_problem


def load_config(args: argparse.Namespace) -> Config:
    """Read the config and write the command line's options into it.

    Raises:
        ValueError: a file that is not there, or an option that this config cannot take.
    """
    if is_model_folder(args.config):
        raise ValueError(f'config {args.config}: the folder of a model names no clips to test on: mmagenc test CONFIG {args.config}, with '
                         'a config that does')
    cfg = read_config_file(args.config)
    args.checkpoint = str(weights_of(args.checkpoint)) if '://' not in args.checkpoint else args.checkpoint
    if '://' not in args.checkpoint and not Path(args.checkpoint).is_file():
        raise ValueError(f'checkpoint {args.checkpoint}: {missing_words(args.checkpoint)}')
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
                         'pictures of generated motion come from mmagenc visualize')
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


def names_clips(args: argparse.Namespace) -> bool:
    """Whether the command line says which clips are tested."""
    return any(key.startswith('test_dataloader.dataset') for key in args.cfg_options or {})


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


def run(args: argparse.Namespace) -> None:
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    with in_words('test', debug=args.debug, code=2, launcher=args.launcher), waiting_output() as output:
        check_files(args)
        cfg = prepare(args)
        keep_config(cfg, others=True)
        with undone_if_refused(cfg.work_dir, launcher=cfg.launcher, config=cfg.filename) as begin, refusing(cfg):
            runner = Runner.from_cfg(cfg) if 'runner_type' not in cfg else RUNNERS.build(cfg)
            runner.register_hook(StartHook(output.release, begin, strict=True, asked=names_clips(args)))
            runner.test()
