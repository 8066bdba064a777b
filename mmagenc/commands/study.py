"""Does generated motion help a recognizer? Seeds, arms and training-set sizes as one job that can be stopped and started again.

    mmagenc study configs/studies/bandai_namco_small.py [CONFIG ...] [--jobs N] [--summary]

Each run is a process with a folder of its own, one at a time on each GPU; a started study goes on where it stopped. What comes out, in the
study's folder: runs.csv, table.md and figures. On a cluster, --cluster slurm puts what is left into the queue instead.
"""

import argparse
import signal
import sys
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from typing import Iterator, List, Optional, Sequence

from mmagenc.apis.study import Study
from mmagenc.apis.study.pool import Pool, describe, locked, make_slots, work
from mmagenc.apis.study.slurm import queued_jobs, submit
from mmagenc.command_line import in_words
from mmagenc.compat import atomic_open
from mmagenc.evaluation.study import StudyRow, markdown_table, plain_words, write_rows
from mmagenc.evaluation.study_plan import ARMS_FILE, Arm, write_arms
from mmagenc.outputs import FORCE, OutputError, foreign_names, note_names
from mmagenc.visualization.study_figures import draw_differences, draw_learning_curve

SUMMARY = ('runs.csv', ARMS_FILE, 'table.md', 'learning_curve.png', 'learning_curve.pdf', 'differences.png', 'differences.pdf')
TOOL = 'study.py'


class Stopped(BaseException):
    """A signal ended the study; its argument is the exit status."""


@contextmanager
def exit_on_termination() -> Iterator[None]:
    """Let SIGTERM and Slurm's SIGUSR1 end the study as Ctrl-C does, with the processes of its runs, and in words."""

    def leave(number, _):
        raise Stopped(128 + number)

    numbers = [getattr(signal, name) for name in ('SIGTERM', 'SIGUSR1') if hasattr(signal, name)]
    before = {number: signal.signal(number, leave) for number in numbers}
    try:
        yield
    except (KeyboardInterrupt, Stopped) as stop:
        print('\nstudy: stopped; what is done is kept, start it again to go on', file=sys.stderr, flush=True)
        raise SystemExit(stop.args[0] if isinstance(stop, Stopped) else 130) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def check_summaries(folders: Sequence[Path]) -> None:
    """Refuse folders in which others' files have the names of a summary's; its own are replaced whenever a study goes on.

    Raises:
        OutputError: which file.
    """
    foreign = [folder / name for folder in folders for name in foreign_names(folder, TOOL, SUMMARY)]
    if foreign:
        raise OutputError(f'{foreign[0]}: there already, and no study wrote it; {FORCE} it', status=2)


def write_summary(rows: Sequence[StudyRow], folder: Path, baselines: Sequence[str], arms: Optional[Sequence[Arm]] = None) -> None:
    """Write the CSV file, what the arms are (of one study: those of several may share names), the table and the figures."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [name for name in SUMMARY if arms or name != ARMS_FILE]
    note_names(folder, TOOL, names)
    write_rows(rows, folder / 'runs.csv')
    if arms:
        write_arms(arms, baselines[0], folder / ARMS_FILE)
    table = markdown_table(rows, baseline=baselines[0], second_baseline=baselines[1])
    words = plain_words(rows, baseline=baselines[0])
    with atomic_open(folder / 'table.md', 'w', encoding='utf-8') as file:
        file.write(f'{table}\n{words}\n')
    draw_learning_curve(rows, [folder / 'learning_curve.png', folder / 'learning_curve.pdf'])
    draw_differences(rows, baselines[0], [folder / 'differences.png', folder / 'differences.pdf'])
    print(f'\n{table}\n{words}\n\n{folder}: {", ".join(names)}')


def open_studies(args: argparse.Namespace) -> List[Study]:
    studies = [Study(config=path, folder=args.work_dir.resolve() / Path(path).stem, options=args.cfg_options) for path in args.config]
    if len({study.folder for study in studies}) < len(studies):
        raise ValueError('two configs of the same file name would share a folder')
    return studies


def check_names(studies: Sequence[Study]) -> None:
    """Refuse studies of one name that are not of the same data, or that have the same run: no table could tell them apart.

    Raises:
        ValueError: which configs, and what to change.
    """
    for one, other in combinations(studies, 2):
        if one.settings['name'] != other.settings['name']:
            continue
        runs = [{job.name for job in study.jobs() if job.arm} for study in (one, other)]
        shared = sorted(set.intersection(*runs))
        if one.data_hash() != other.data_hash():
            reason = 'of different clips'
        elif shared:
            reason = f'with a run {shared[0]}'
        else:
            continue
        raise ValueError(f"{one.path} and {other.path}: two studies {reason} are both called {one.settings['name']!r}. Give each a name "
                         'of its own in its config, study=dict(name=…), or run each alone')


def list_jobs(studies: Sequence[Study]) -> None:
    for study in studies:
        queued = queued_jobs(study)
        for job in study.jobs():
            result = study.result(job.name)
            state = describe(result) if result else 'in the queue' if job.name in queued else '-'
            print(f'{study.folder.name}/{job.name:<32} {state}')


def hand_over(study: Study, args: argparse.Namespace) -> None:
    """Submit what is left of a study, and say what was."""
    submission = submit(study, options=args.cfg_options, parameters=args.cluster_options, runs_per_task=args.runs_per_task,
                        parallel=args.jobs)
    arrays = ', then '.join(f'{len(names)} as array {number}' for number, names in submission.arrays.items()) or 'nothing'
    waiting = f'; {len(submission.waiting)} are in the queue already' if submission.waiting else ''
    print(f'{study.folder}: submitted {arrays}{waiting}. --list says what is done; start again for what failed; --summary makes the table')


def refuse_if_queued(studies: Sequence[Study]) -> None:
    """What is in a cluster's queue is not run here too."""
    for study in studies:
        queued = queued_jobs(study)
        if queued:
            raise ValueError(f'{study.folder}: {len(queued)} of its jobs are in the queue of Slurm, such as {queued[0]}; wait for them, or '
                             'take them out of it with scancel')


def run(args: argparse.Namespace) -> None:
    failed = {}
    with in_words('study', debug=args.debug):
        studies = open_studies(args)
        if args.run == '-':
            work(studies[0])
            return
        if args.run:
            studies[0].run(args.run)
            return
        if args.list:
            list_jobs(studies)
            return
        check_names(studies)
        if not args.force:
            check_summaries([*(study.folder for study in studies if not study.has_begun()), *([args.work_dir] if len(studies) > 1 else [])])
        if not args.summary:
            options = ['--cfg-options', *args.words_of_cfg_options] if args.cfg_options else []
            with locked(studies), exit_on_termination():
                for study in studies:
                    study.prepare()
                if args.cluster:
                    for study in studies:
                        hand_over(study, args)
                    return
                refuse_if_queued(studies)
                failed = Pool(studies, make_slots(args.jobs), options).run()
        rows = [study.rows() for study in studies]
        if not any(rows):
            raise ValueError('no run is done yet' + (f': {next(iter(failed.values()))}' if failed else ''))
        for study, own in zip(studies, rows):
            if own:
                write_summary(own, study.folder, study.settings['baselines'], study.arms)
        if len(studies) > 1:
            write_summary(sum(rows, []), args.work_dir, studies[0].settings['baselines'])
    if failed:
        lines = '\n'.join(f'  {Path(folder).name}/{name}: {problem}' for (folder, name), problem in failed.items())
        raise SystemExit(f'study: {len(failed)} jobs failed; start again to try them once more\n{lines}')
