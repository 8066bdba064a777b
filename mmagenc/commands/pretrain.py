"""Let what a config trains learn from other motion first; what can be typed is in :mod:`mmagenc.commands.options.pretrain`."""

import argparse
import os
import sys
from pathlib import Path

from mmengine.config import Config
from mmengine.dist import is_main_process

from mmagenc.apis.pretrain import Base, pretraining_config
from mmagenc.command_line import in_words, waiting_output
from mmagenc.commands.train import carry_out, checked, merge_args
from mmagenc.compat import find_latest_checkpoint
from mmagenc.engine.config_check import check_launcher
from mmagenc.engine.config_file import read_config_file
from mmagenc.engine.early_log import early_log
from mmagenc.engine.hook_config import find_hook
from mmagenc.engine.own_data import complete_config
from mmagenc.engine.refusals import refusing


def prepare(args: argparse.Namespace) -> Config:
    """The whole config of the pretraining, looked through.

    Raises:
        ValueError: a mistake in it, or motion that does not go with it.
    """
    check_launcher(args.launcher)
    args.work_dir = args.work_dir or f'work_dirs/pretrain_{Path(args.config).stem}'
    cfg = merge_args(read_config_file(args.config), args)
    resume = dict(resume=cfg.get('resume', False), load_from=cfg.get('load_from')) if args.resume else dict(resume=False)
    with refusing(cfg):
        cfg = checked(complete_config(cfg))
        base = Base(files=args.base, classes=args.classes, exclude_subjects=args.exclude_subjects, exclude=args.exclude,
                    skeleton=args.skeleton, fps=args.fps)
        cfg = pretraining_config(cfg, base, part=args.part, masked=args.masked, epochs=args.epochs)
    cfg.merge_from_dict(resume)
    return checked(cfg)


def what_now(cfg: Config, config: str) -> str:
    """How the training to come begins with what was learnt."""
    checkpoint = find_latest_checkpoint(cfg.work_dir)
    loop = find_hook(read_config_file(config), 'InfAGenCHook') is not None and 'backbone' in cfg.model
    option = f'--cfg-options default_hooks.infagenc.recognizer.init.checkpoint={checkpoint}' if loop else f'--init {checkpoint}'
    return f'pretrain: done; begin with it: mmagenc train {config} {option}'


def run(args: argparse.Namespace) -> None:
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    with in_words('pretrain', debug=args.debug, code=2, launcher=args.launcher), waiting_output() as output:
        with early_log() as early:
            cfg = prepare(args)
        carry_out('pretrain', cfg, args.resume, output, early)
        if is_main_process():
            print(what_now(cfg, args.config), file=sys.stderr)
