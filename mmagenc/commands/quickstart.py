"""The whole method on stand-in infants (synthesized): data, training with the loop, test metrics, a picture, and what to do next.

    mmagenc quickstart [--work-dir work_dirs/quickstart]        or, in a clone that is not set up:        make quickstart

Every step is one of the other commands, run as a user would, with a log of its own. All is written below the current folder.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import List, Sequence

from mmagenc.commands import process_environment
from mmagenc.commands.options.quickstart import CONFIG
from mmagenc.engine.work_dir import claimed, set_aside
from mmagenc.outputs import Output, folder_problem, require_outputs
from mmagenc.progress import clock

COMMAND = ('-m', 'mmagenc')
BEAT = 15  # seconds between signs of life where output is no terminal

SUMMARY = """
Done in {elapsed}. Everything is under {work_dir}:
  {pictures}
  {checkpoint}   generator, recognizer, pool and optimizers
  {pool}
  rounds.json    what each round of the loop accepted, or why it was skipped
  logs/          what each step printed

Metrics on stand-in data (synthesized) after a minutes-long training; they say that everything works, and nothing about infants:
{metrics}

Next, with recordings of your own:
  1. InfActPrimitive in data/InfActPrimitive/Data/ or InfantAction in data/InfActPlus/; or what a pose estimator or
     motion capture wrote: {mmagenc} import FILES --out mine.npz, {mmagenc} inspect mine.npz (docs/own_data.md)
  2. {mmagenc} train configs/infagenc/primitive_60f.py        (goes on after a stop with --resume)
  3. {mmagenc} test configs/infagenc/primitive_60f.py work_dirs/primitive_60f/epoch_1300.pth
  4. {mmagenc} generate {config} {checkpoint_path} --num-samples-per-class 50 --out clips.npz
     {mmagenc} visualize clips.npz
"""


PICTURES = ('grid.gif', 'grid.mp4', 'strip.png')
OWN = ('logs', 'test', *PICTURES)
"""What it leaves in the work folder beside what training does."""
SHOWN = ('accuracy', 'movement_speed', 'fid', 'kid', 'coverage', 'diversity', 'multimodality')
POOL = 'pool/          the accepted clips, as .npz and as .pkl for MMAction2'
NO_POOL = 'pool/          not there: no round accepted clips of every class'


@dataclass(frozen=True)
class Step:
    """One command: its name for people, its arguments after the interpreter."""

    name: str
    command: List[str]


def first_steps(work_dir: str, config: str, options: Sequence[str] = ()) -> List[Step]:
    """What comes before there is a checkpoint; ``options`` are the words of ``--cfg-options`` and that word itself."""
    sets = ['--sets', 'world'] if config == CONFIG else []  # what another config reads is not known here
    return [
        Step('stand-in infants (synthesized)', [*COMMAND, 'standin', *sets]),
        Step('training: generator, recognizer, loop', [*COMMAND, 'train', config, '--work-dir', work_dir, *options]),
    ]


def last_steps(work_dir: str, config: str, checkpoint: str, options: Sequence[str] = ()) -> List[Step]:
    """What needs the trained checkpoint."""
    return [
        Step('test metrics', [*COMMAND, 'test', config, checkpoint, '--work-dir', f'{work_dir}/test', *options]),
        Step('pictures', [*COMMAND, 'visualize', config, checkpoint, '--out', work_dir, '--force', *options]),
    ]


def progress(log: Path) -> str:
    """Where a step is: the last epoch that its log names."""
    epochs = re.findall(r'Epoch\((train|val|test)\)\s+\[(\d+)\]', log.read_text(encoding='utf-8', errors='replace')[-20000:])
    return f', {epochs[-1][0]} epoch {epochs[-1][1]}' if epochs else ''


def run_step(step: Step, title: str, log: Path, started: float) -> None:
    """Run one step to its end, its output in ``log``.

    Raises:
        SystemExit: the step failed; the message holds the log's end.
    """
    print(f'{title} {step.name}   (log: {os.path.relpath(log)})', flush=True)
    environment = {**process_environment(), 'PYTHONUNBUFFERED': '1'}
    begun = time.monotonic()
    with open(log, 'w', encoding='utf-8') as output:
        process = subprocess.Popen([sys.executable, *step.command], env=environment, stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT)
        try:
            watch(process, log, begun)
        except BaseException:
            process.terminate()  # a training saves its epoch and leaves
            process.wait()
            raise
    if process.returncode:
        tail = '\n'.join(log.read_text(encoding='utf-8', errors='replace').splitlines()[-25:])
        raise SystemExit(f'{tail}\n\nquickstart: "{step.name}" failed (exit status {process.returncode}). The whole log: {log}\n'
                         f'The command: {sys.executable} {" ".join(step.command)}')
    print(f'      {clock(time.monotonic() - begun)}, {clock(time.monotonic() - started)} in all', flush=True)


def watch(process: subprocess.Popen, log: Path, begun: float) -> None:
    """Wait for a process, saying now and then where it is."""
    interactive = sys.stdout.isatty()
    next_beat = BEAT
    while process.poll() is None:
        time.sleep(0.2)
        elapsed = time.monotonic() - begun
        if interactive:
            print(f'\r      {clock(elapsed)}{progress(log)}   ', end='', flush=True)
        elif elapsed >= next_beat:
            print(f'      {clock(elapsed)}{progress(log)}', flush=True)
            next_beat += BEAT
    if interactive:
        print('\r', end='')


def last_checkpoint(work_dir: Path) -> str:
    return (work_dir / 'last_checkpoint').read_text(encoding='utf-8').strip()


def read_metrics(folder: Path) -> str:
    """The newest metrics that ``mmagenc test`` left: those of ``SHOWN`` with their intervals, and what real clips give."""
    files = sorted(folder.glob('*/*.json'), key=lambda path: path.stat().st_mtime)
    if not files:
        return f'  (none were written; see {folder})'
    metrics = json.loads(files[-1].read_text(encoding='utf-8').splitlines()[-1])
    count = metrics.get('generation/num_warnings') or 0
    rows = [f'  {count:g} warnings stand over the table of the test: read them first'] if count else []
    rows.append(f'  {"":<20}{"generated":>24}{"real":>12}')
    for name in SHOWN:
        value, half_width, real, low, high = (
            metrics.get(f'generation/{name}{suffix}') for suffix in ('', '_ci', '_real', '_low', '_high'))
        if value is not None:
            width = '' if half_width is None else f' ± {half_width:.2g}'
            generated = f'{value:.4g}' + (width if low is None or high is None else f' [{low:.3g}, {high:.3g}]')
            rows.append(f'  {name:<20}{generated:>24}' + ('' if real is None else f'{real:>12.4g}'))
    return '\n'.join([*rows, f'  all numbers: {files[-1]}; what they mean: docs/evaluation.md'])


def summarize(work_dir: Path, config: str, elapsed: float) -> str:
    checkpoint = Path(last_checkpoint(work_dir))
    pictures = sorted(path.name for path in work_dir.iterdir() if path.suffix in ('.gif', '.mp4', '.png'))
    return SUMMARY.format(
        elapsed=clock(elapsed),
        work_dir=os.path.relpath(work_dir) + '/',
        pictures=', '.join(pictures) + '   real | reconstruction | samples',
        pool=POOL if (work_dir / 'pool').is_dir() else NO_POOL,
        checkpoint=checkpoint.name,
        checkpoint_path=os.path.relpath(checkpoint),
        metrics=read_metrics(work_dir / 'test'),
        config=config,
        mmagenc=typed())


def typed() -> str:
    """What is typed in the place of ``mmagenc`` where a shell does not find that."""
    return 'mmagenc' if which('mmagenc') else f'{os.path.relpath(sys.executable)} -m mmagenc'


def spare_earlier_run(work_dir: Path) -> None:
    """Move what an earlier quick start left aside, its pictures, logs and metrics too."""
    try:
        with claimed(work_dir):
            moved = set_aside(work_dir, names=OWN)
    except ValueError as error:
        raise SystemExit(f'quickstart: {error}') from None
    if moved is not None:
        print(moved)


def run(args: argparse.Namespace) -> None:
    work_dir = args.work_dir.resolve()
    if problem := folder_problem(work_dir):
        raise SystemExit(f'quickstart: --work-dir {args.work_dir}: {problem}')
    spare_earlier_run(work_dir)
    require_outputs('quickstart', [Output('', work_dir / name) for name in PICTURES], force=args.force)
    (work_dir / 'logs').mkdir(parents=True, exist_ok=True)
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # through run_step, which ends the step
    try:
        run_all(work_dir, args.config, ['--cfg-options', *args.words_of_cfg_options] if args.words_of_cfg_options else [])
    except KeyboardInterrupt:
        print('\nquickstart: stopped by Ctrl-C; started again, it begins anew', file=sys.stderr)
        raise SystemExit(130) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def run_all(work_dir: Path, config: str, options: Sequence[str]) -> None:
    """All steps, and what came of them."""
    started = time.monotonic()
    steps = first_steps(str(work_dir), config, options)
    for number, step in enumerate(steps, 1):
        run_step(step, f'[{number}/4]', work_dir / f'logs/{number}.log', started)
    for number, step in enumerate(last_steps(str(work_dir), config, last_checkpoint(work_dir), options), len(steps) + 1):
        run_step(step, f'[{number}/4]', work_dir / f'logs/{number}.log', started)
    print(summarize(work_dir, config, time.monotonic() - started))
