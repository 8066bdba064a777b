"""Does generated motion help a recognizer? Seeds, arms and training-set sizes as one job that can be stopped and started again.

    mmagenc study configs/studies/bandai_namco_small.py [CONFIG ...] [--jobs N] [--summary]

Each run is a process with a folder of its own, one at a time on each GPU; a started study goes on where it stopped. What comes out, in the
study's folder: runs.csv, table.md, learning_curve.png and .pdf.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import traceback
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence

import numpy as np
from filelock import FileLock, Timeout

from mmagenc.apis.study import Job, Study
from mmagenc.command_line import in_words
from mmagenc.commands import process_environment
from mmagenc.compat import atomic_open
from mmagenc.evaluation.study import ArmSummary, StudyRow, markdown_table, plain_words, summarize, write_rows
from mmagenc.outputs import FORCE, OutputError, foreign_names, note_names
from mmagenc.progress import clock
from mmagenc.visualization.text import drawing, plain

SUMMARY = ('runs.csv', 'table.md', 'learning_curve.png', 'learning_curve.pdf', 'differences.png', 'differences.pdf')
TOOL = 'study.py'
SHORT = ('recognizer', 'pretraining')
"""Jobs that share a process."""
DONE = 'mmagenc study: done\n'
"""What a process answers when it is ready for the next job, however that ended."""
JOBS_OF_A_PROCESS = 40
"""After so many a fresh one goes on: what a training leaves behind (open log files, values logged) does not grow without end."""


# --- Running


@dataclass
class Slot:
    """A place where one run at a time is done, the environment of its processes, and the one that waits for its next short job."""

    environment: Dict[str, str]
    worker: Optional['Worker'] = None


def make_slots(jobs: Optional[int]) -> List[Slot]:
    """One slot on each GPU (``jobs`` spread over them), or ``jobs`` that share the CPU's cores."""
    gpus = visible_gpus()
    count = jobs or len(gpus) or 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
    threads = str(max(int(os.environ.get('OMP_NUM_THREADS', cores)) // count, 1))
    return [Slot({'OMP_NUM_THREADS': threads, **({'CUDA_VISIBLE_DEVICES': gpus[index % len(gpus)]} if gpus else {})})
            for index in range(count)]


def visible_gpus() -> List[str]:
    """Names of the GPUs for ``CUDA_VISIBLE_DEVICES``."""
    import torch
    count = torch.cuda.device_count()
    named = [name for name in os.environ.get('CUDA_VISIBLE_DEVICES', '').split(',') if name.strip()]
    return named[:count] if named else [str(index) for index in range(count)]


@dataclass
class Progress:
    """What is done of all studies, and how long the rest will take."""

    total: int
    slots: int
    seconds: Dict[str, List[float]] = field(default_factory=dict)
    done: int = 0

    def add(self, job: Job, seconds: float) -> None:
        self.done += 1
        self.seconds.setdefault(job.kind, []).append(seconds)

    def remaining(self, jobs: Sequence[Job]) -> Optional[float]:
        """Seconds left by the mean of each kind of job, or ``None`` while a kind has never finished."""
        kinds = [job.kind for job in jobs]
        if any(kind not in self.seconds for kind in kinds):
            return None
        return sum(sum(self.seconds[kind]) / len(self.seconds[kind]) for kind in kinds) / self.slots


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


@contextmanager
def locked(studies: Sequence[Study]) -> Iterator[None]:
    """Keep the studies' folders to this process: two in one folder would do every job twice, each in the other's files."""
    with ExitStack() as stack:
        for study in studies:
            study.folder.mkdir(parents=True, exist_ok=True)
            try:
                stack.enter_context(FileLock(study.folder / '.lock', timeout=0))
            except Timeout:
                raise ValueError(f'{study.folder}: another study.py is at work here; wait, or give this one another --work-dir') from None
        yield


class Worker:
    """A process that does one job of a study after another: starting anew costs as much as a short run.

    Args:
        study: whose jobs it does.
        options: further words of its command line.
        environment: of the process.
    """

    def __init__(self, study: Study, options: Sequence[str], environment: Dict[str, str]) -> None:
        self.study, self.done = study, 0
        place = ['--work-dir', str(study.folder.parent)]
        command = [sys.executable, '-m', 'mmagenc', 'study', str(study.path), *place, '--run', '-', *options]
        log = study.folder / 'logs/processes.log'  # where a process says why it cannot even start
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, 'a', encoding='utf-8') as errors:
            self.process = subprocess.Popen(command, env={**process_environment(), **environment}, stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, text=True, stderr=errors)

    def do(self, job: Job, log: Path) -> None:
        """Hand over a job, what it prints to its log, and wait for it."""
        self.done += 1
        with suppress(BrokenPipeError):
            print(json.dumps(dict(job=job.name, log=str(log))), file=self.process.stdin, flush=True)
        for line in self.process.stdout:  # what is said while configs are read comes the same way
            if line == DONE:
                break

    def close(self) -> None:
        """Let the process end; it has nothing left to do."""
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(BrokenPipeError):
                pipe.close()
        self.process.wait()


def work(study: Study) -> None:
    """Do the jobs that come in as lines, until there are no more; the other end of :class:`Worker`."""
    replies = os.fdopen(os.dup(1), 'w')
    for line in sys.stdin:
        order = json.loads(line)
        with printing_to(order['log']):
            try:
                study.run(order['job'])
            except Exception:
                traceback.print_exc()
        replies.write(DONE)
        replies.flush()


@contextmanager
def printing_to(path: str) -> Iterator[None]:
    """All that this process prints goes to the end of a file."""
    with open(path, 'a', encoding='utf-8') as file:
        for number in (1, 2):
            os.dup2(file.fileno(), number)
        yield
        for stream in (sys.stdout, sys.stderr):
            stream.flush()


class Pool:
    """Runs the jobs of studies, each when those that it needs are done."""

    def __init__(self, studies: Sequence[Study], slots: List[Slot], args: argparse.Namespace) -> None:
        self.args, self.slots = args, list(slots)
        self.left = [(study, job) for study in studies for job in study.jobs() if study.result(job.name) is None]
        self.failed: Dict[tuple, str] = {}
        self.workers: List[Worker] = []
        everything = [(study, job) for study in studies for job in study.jobs()]
        self.progress = Progress(total=len(everything), slots=len(slots))
        for study, job in everything:
            result = study.result(job.name)
            if result is not None:
                self.progress.add(job, result['wall_s'])

    def run(self) -> Dict[tuple, str]:
        """Do all that is left; returns why each job failed, by study folder and name."""
        print(f'{self.progress.done} of {self.progress.total} jobs are done, {len(self.slots)} at a time', flush=True)
        running, free = {}, list(self.slots)
        with ThreadPoolExecutor(len(self.slots)) as threads:
            try:
                while self.left or running:
                    for item in self._ready()[:len(free)]:
                        self.left.remove(item)
                        slot = free.pop()
                        running[threads.submit(self._run_one, *item, slot)] = (*item, slot)
                    if not running:
                        break
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        study, job, slot = running.pop(future)
                        free.append(slot)
                        self._note(study, job, future.result(), [item[1] for item in [*self.left, *running.values()]])
            except BaseException:
                for worker in self.workers:
                    worker.process.terminate()
                for worker in self.workers:
                    worker.process.wait()
                raise
        for slot in self.slots:
            self._close(slot)
        return self.failed

    def _ready(self) -> List[tuple]:
        """Jobs that can start; those that need a failed one fail too."""
        for study, job in list(self.left):
            broken = [need for need in job.needs if (str(study.folder), need) in self.failed]
            if broken:
                self.left.remove((study, job))
                self.failed[str(study.folder), job.name] = f'needs {", ".join(broken)}'
        return [(study, job) for study, job in self.left if all(study.result(need) is not None for need in job.needs)]

    def _run_one(self, study: Study, job: Job, slot: Slot) -> Optional[str]:
        """Do a job in the slot's process; returns the end of its log if it fails."""
        worker = slot.worker
        if worker is None or worker.study is not study or worker.done >= JOBS_OF_A_PROCESS or worker.process.poll() is not None:
            self._close(slot)
            slot.worker = worker = Worker(study, ['--cfg-options', *self.args.words_of_cfg_options] if self.args.cfg_options else [],
                                          slot.environment)
            self.workers.append(worker)
        log = study.folder / 'logs' / f'{job.name.replace("/", "_")}.log'
        log.parent.mkdir(exist_ok=True)
        log.touch()
        worker.do(job, log)
        if job.kind not in SHORT:
            self._close(slot)
        if study.result(job.name) is not None:
            return None
        status = '' if worker.process.poll() is None else f'exit status {worker.process.returncode}: '
        last = [line for line in log.read_text(encoding='utf-8', errors='replace').splitlines() if line.strip()][-1:]
        return f'{status}{"".join(last)[:300]} (log: {log})'

    def _close(self, slot: Slot) -> None:
        """Let a slot's process end, if it has one."""
        if slot.worker is not None:
            slot.worker.close()
            self.workers.remove(slot.worker)
            slot.worker = None

    def _note(self, study: Study, job: Job, problem: Optional[str], left: List[Job]) -> None:
        if problem is not None:
            self.failed[str(study.folder), job.name] = problem
            print(f'FAILED {study.folder.name}/{job.name}: {problem}', flush=True)
            return
        result = study.result(job.name)
        self.progress.add(job, result['wall_s'])
        remaining = self.progress.remaining(left)
        eta = '' if remaining is None else f', about {clock(remaining)} left'
        print(f'[{self.progress.done}/{self.progress.total}] {study.folder.name}/{job.name}: {describe(result)}, '
              f'{clock(result["wall_s"])}{eta}', flush=True)


def describe(result: Dict) -> str:
    if 'row' in result:
        row = result['row']
        return f'top-1 {row["top1"]:.1%}, {row["num_real"]} real and {row["num_synthetic"]} generated clips, step {row["picked_iter"]}'
    return f'{result["num_synthetic"]} clips accepted' if 'num_synthetic' in result else f'{result["steps"]} steps'


# --- Summary


def check_summaries(folders: Sequence[Path]) -> None:
    """Refuse folders in which others' files have the names of a summary's; its own are replaced whenever a study goes on.

    Raises:
        OutputError: which file.
    """
    foreign = [folder / name for folder in folders for name in foreign_names(folder, TOOL, SUMMARY)]
    if foreign:
        raise OutputError(f'{foreign[0]}: there already, and no study wrote it; {FORCE} it', status=2)


def write_summary(rows: Sequence[StudyRow], folder: Path, baselines: Sequence[str]) -> None:
    """Write the CSV file, the table and the figure."""
    folder.mkdir(parents=True, exist_ok=True)
    note_names(folder, TOOL, SUMMARY)
    write_rows(rows, folder / 'runs.csv')
    table = markdown_table(rows, baseline=baselines[0], second_baseline=baselines[1])
    words = plain_words(rows, baseline=baselines[0])
    with atomic_open(folder / 'table.md', 'w', encoding='utf-8') as file:
        file.write(f'{table}\n{words}\n')
    draw_learning_curve(rows, [folder / 'learning_curve.png', folder / 'learning_curve.pdf'])
    draw_differences(rows, baselines[0], [folder / 'differences.png', folder / 'differences.pdf'])
    print(f'\n{table}\n{words}\n\n{folder}: {", ".join(SUMMARY)}')
COLORS = {'real': '#505050', 'augmented': '#e69f00', 'unjudged': '#d55e00', 'infagenc': '#0072b2', 'both': '#009e73'}
MARKERS = {'real': 'o', 'augmented': 's', 'unjudged': '^', 'infagenc': 'D', 'both': 'v'}
FURTHER_MARKERS = 'osD^v<>PXp*h'
LABELS = {
    'real': 'real',
    'augmented': 'real, augmented',
    'unjudged': 'real + unjudged clips',
    'infagenc': 'real + InfAGenC pool',
    'both': 'real + InfAGenC pool, augmented'
}


def draw_learning_curve(rows: Sequence[StudyRow], paths: Sequence[Path]) -> None:
    """Test accuracy over the number of real clips: a panel for each data set, a line with its 95 % intervals for each arm."""
    import matplotlib
    matplotlib.use('Agg')
    from matplotlib import pyplot as plt
    datasets = list(dict.fromkeys(row.dataset for row in rows))
    with drawing(datasets):
        figure, panels = plt.subplots(1, len(datasets), figsize=(1.2 + 4.6 * len(datasets), 3.6), squeeze=False, layout='constrained')
        for panel, dataset in zip(panels[0], datasets):
            draw_panel(panel, [row for row in rows if row.dataset == dataset], dataset)
        panels[0, 0].set_ylabel('top-1 on test clips (%)')
        panels[0, -1].legend(frameon=False, loc='center left', bbox_to_anchor=(1.01, 0.5))
        for path in paths:
            with atomic_open(path) as file:
                figure.savefig(file, format=path.suffix[1:], dpi=150)
    plt.close(figure)


def draw_panel(panel, rows: Sequence[StudyRow], title: str) -> None:
    cells = summarize(rows)
    sizes = list(dict.fromkeys(str(cell.clips_per_class) for cell in sorted(cells, key=lambda cell: cell.num_real)))
    arms = list(dict.fromkeys(cell.arm for cell in cells))
    for index, arm in enumerate(arms):
        own = [cell for cell in cells if cell.arm == arm]
        place = [sizes.index(str(cell.clips_per_class)) for cell in own]
        mean = [100 * cell.mean for cell in own]
        low, high = ([100 * cell.interval[end] for cell in own] for end in (0, 1))
        bars = len(sizes) < 4 or len(place) == 1  # side by side: bands between so few points would hide one another, or have no width
        if bars:
            place = [x + 0.04 * (index - (len(arms) - 1) / 2) for x in place]
        line, = panel.plot(place, mean, color=COLORS.get(arm), marker=MARKERS.get(arm, FURTHER_MARKERS[index % 12]), markersize=4.5,
                           label=plain(LABELS.get(arm, arm)))
        if bars:
            below, above = [m - end for m, end in zip(mean, low)], [end - m for m, end in zip(mean, high)]
            panel.errorbar(place, mean, [below, above], color=line.get_color(), linewidth=1.2, capsize=2)
        else:
            panel.fill_between(place, low, high, color=line.get_color(),
                               alpha=0.13, linewidth=0)
    seeds = sorted({len(cell.seeds) for cell in cells})
    panel.set_xticks(range(len(sizes)), [plain(size) for size in sizes])
    panel.set_xlabel('real training clips a class')
    number = '–'.join(str(count) for count in dict.fromkeys([seeds[0], seeds[-1]]))
    panel.set_title(f'{plain(title)}\n{number} seeds, bars and bands: 95 % interval of the mean', fontsize=9)
    panel.spines[['top', 'right']].set_visible(False)
    panel.grid(axis='y', color='0.9')


def draw_differences(rows: Sequence[StudyRow], baseline: str, paths: Sequence[Path]) -> None:
    """Paired difference of every arm to a baseline with its 95 % t-interval: a panel for each data set, a mark for each size."""
    import matplotlib
    matplotlib.use('Agg')
    from matplotlib import pyplot as plt
    datasets = list(dict.fromkeys(row.dataset for row in rows))
    cells = {name: [cell for cell in summarize([row for row in rows if row.dataset == name], baseline=baseline) if cell.difference]
             for name in datasets}
    height = 1.2 + 0.32 * max(len({cell.arm for cell in own}) for own in cells.values())
    with drawing(datasets):
        figure, panels = plt.subplots(1, len(datasets), figsize=(0.8 + 5.2 * len(datasets), max(height, 2.2)), squeeze=False,
                                      layout='constrained')
        for panel, (name, own) in zip(panels[0], cells.items()):
            draw_forest(panel, own, f'{plain(name)}: top-1 against {plain(baseline)}')
        for path in paths:
            with atomic_open(path) as file:
                figure.savefig(file, format=path.suffix[1:], dpi=150)
    plt.close(figure)


def draw_forest(panel, cells: Sequence[ArmSummary], title: str) -> None:
    arms = list(dict.fromkeys(cell.arm for cell in cells))
    sizes = sorted({str(cell.clips_per_class): cell.num_real for cell in cells}.items(), key=lambda item: item[1])
    for index, (size, _) in enumerate(sizes):
        own = [cell for cell in cells if str(cell.clips_per_class) == size]
        place = [arms.index(cell.arm) + 0.22 * (index - (len(sizes) - 1) / 2) for cell in own]
        mean = [100 * cell.difference.mean for cell in own]
        ends = [[0. if np.isnan(end) else abs(100 * end - middle) for end, middle in zip(side, mean)]
                for side in ([cell.difference.low for cell in own], [cell.difference.high for cell in own])]
        seeds = '–'.join(str(count) for count in sorted({cell.difference.num_pairs for cell in own}))
        panel.errorbar(mean, place, xerr=ends, fmt=FURTHER_MARKERS[index % 12], markersize=4.5, capsize=2, linewidth=1.2,
                       label=f'{size} clips a class ({seeds} pairs)')
    panel.axvline(0, color='0.4', linewidth=0.8)
    panel.set_yticks(range(len(arms)), [plain(LABELS.get(arm, arm)) for arm in arms])
    panel.invert_yaxis()
    panel.set_xlabel('points, paired; bars: 95 % t-interval')
    panel.set_title(title, fontsize=9)
    if cells:
        panel.legend(frameon=False, fontsize=8, loc='upper center', bbox_to_anchor=(0.5, -0.2 * 3 / (1.2 + 0.32 * len(arms))), ncols=2)
    panel.spines[['top', 'right']].set_visible(False)
    panel.grid(axis='x', color='0.9')


# --- Command line


def open_studies(args: argparse.Namespace) -> List[Study]:
    studies = [Study(config=path, folder=args.work_dir.resolve() / Path(path).stem, options=args.cfg_options) for path in args.config]
    if len({study.folder for study in studies}) < len(studies):
        raise ValueError('two configs of the same file name would share a folder')
    return studies


def list_jobs(studies: Sequence[Study]) -> None:
    for study in studies:
        for job in study.jobs():
            result = study.result(job.name)
            print(f'{study.folder.name}/{job.name:<32} {"-" if result is None else describe(result)}')


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
        if not args.force:
            check_summaries([*(study.folder for study in studies if not study.has_begun()), *([args.work_dir] if len(studies) > 1 else [])])
        if not args.summary:
            with locked(studies), exit_on_termination():
                for study in studies:
                    study.prepare()
                failed = Pool(studies, make_slots(args.jobs), args).run()
        rows = [study.rows() for study in studies]
        if not any(rows):
            raise ValueError('no run is done yet' + (f': {next(iter(failed.values()))}' if failed else ''))
        for study, own in zip(studies, rows):
            if own:
                write_summary(own, study.folder, study.settings['baselines'])
        if len(studies) > 1:
            write_summary(sum(rows, []), args.work_dir, studies[0].settings['baselines'])
    if failed:
        lines = '\n'.join(f'  {Path(folder).name}/{name}: {problem}' for (folder, name), problem in failed.items())
        raise SystemExit(f'study: {len(failed)} jobs failed; start again to try them once more\n{lines}')
