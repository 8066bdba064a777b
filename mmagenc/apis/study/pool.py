"""Jobs of studies in processes of this machine, one at a time on each GPU."""

import json
import os
import subprocess
import sys
import traceback
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence, TextIO

from filelock import FileLock, Timeout

from mmagenc.command_line import process_environment
from mmagenc.progress import clock

from .study import Job, Study

SHORT = ('recognizer', 'pretraining')
"""Jobs that share a process."""
DONE = 'mmagenc study: done\n'
"""What a process answers when it is ready for the next job, however that ended."""
JOBS_OF_A_PROCESS = 40
"""After so many a fresh one goes on: what a training leaves behind (open log files, values logged) does not grow without end."""


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
        attempt(study, order['job'], Path(order['log']))
        replies.write(DONE)
        replies.flush()


def attempt(study: Study, name: str, log: Path) -> bool:
    """Do one job in this process, with what it prints and why it fails in its log; returns whether it is done."""
    with printing_to(log) as file:
        try:
            study.run(name)
        except Exception:
            traceback.print_exc(file=file)
    return study.result(name) is not None


def log_file(study: Study, name: str) -> Path:
    """Where a job's output goes; it is there afterwards."""
    log = study.folder / 'logs' / f'{name.replace("/", "_")}.log'
    log.parent.mkdir(parents=True, exist_ok=True)
    log.touch()
    return log


@contextmanager
def printing_to(path: Path) -> Iterator[TextIO]:
    """All that this process prints goes to the end of a file, which is given."""
    before = {number: os.dup(number) for number in (1, 2)}
    try:
        with open(path, 'a', encoding='utf-8') as file:
            for number in before:
                os.dup2(file.fileno(), number)
            yield file
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        for number, own in before.items():
            os.dup2(own, number)
            os.close(own)


class Pool:
    """Runs the jobs of studies, each when those that it needs are done.

    Args:
        studies: whose jobs are to be done.
        slots: as many run at a time.
        options: further words of the command line of its processes.
    """

    def __init__(self, studies: Sequence[Study], slots: List[Slot], options: Sequence[str]) -> None:
        self.options, self.slots = list(options), list(slots)
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
            slot.worker = worker = Worker(study, self.options, slot.environment)
            self.workers.append(worker)
        log = log_file(study, job.name)
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
