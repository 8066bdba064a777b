"""Jobs of a study as arrays of Slurm, by `submitit <https://github.com/facebookincubator/submitit>`_."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Set

from mmagenc.compat import atomic_open

from .pool import SHORT, attempt, log_file
from .study import Job, Study

DEFAULTS = dict(timeout_min=240, slurm_stderr_to_stdout=True)


class Submission(NamedTuple):
    """What of a study was handed to Slurm now, and what was in its queue already."""

    arrays: Dict[str, List[str]]
    """Jobs of each array, by its number."""
    waiting: List[str]


class StudyTask:
    """What one task of an array does: jobs of a study, one after another.

    Slurm's warning before the time is up puts the task back into the queue; generators and loops then go on from their last checkpoint.

    Args:
        config, folder, options: of :class:`Study`.
    """

    def __init__(self, *, config: Path, folder: Path, options: Optional[Dict] = None) -> None:
        self.config, self.folder, self.options = str(config), str(folder), options

    def __call__(self, names: Sequence[str]) -> None:
        """Do those of the jobs that are not done yet.

        Raises:
            RuntimeError: some failed; the others are done.
        """
        study = Study(config=self.config, folder=Path(self.folder), options=self.options)
        failed = [name for name in names if study.result(name) is None and not attempt(study, name, log_file(study, name))]
        if failed:
            raise RuntimeError(f'{len(failed)} of {len(names)} jobs failed; log of the first: {log_file(study, failed[0])}')

    def checkpoint(self, names: Sequence[str]):
        """What goes on in this one's place."""
        from submitit.helpers import DelayedSubmission
        return DelayedSubmission(self, names)


def submit(study: Study, *, options: Optional[Dict] = None, parameters: Optional[Mapping] = None, runs_per_task: int = 1,
           parallel: Optional[int] = None) -> Submission:
    """Put all that is left of a study into Slurm's queue: an array for what can start, and one for what needs its results after the other.

    A job that failed, or whose array was cancelled, is submitted anew by the next call; one that is in the queue is not.

    Args:
        study: prepared, see :meth:`Study.prepare`.
        options: those that the study was opened with.
        parameters: of :meth:`submitit.AutoExecutor.update_parameters`, such as ``dict(slurm_partition='gpu', gpus_per_node=1)``.
        runs_per_task: recognizer runs (and pretrainings) that a task does one after the other.
        parallel: most tasks of an array at a time; ``None``: Slurm's own limit.

    Raises:
        ImportError: submitit is not installed.
        OSError: this machine has no Slurm.
        ValueError: a parameter that submitit does not know.
    """
    executor = _executor(study, {**DEFAULTS, **(parameters or {}), **(dict(slurm_array_parallelism=parallel) if parallel else {})})
    record = _record(study)
    queued = queued_jobs(study)
    task = StudyTask(config=study.path, folder=study.folder, options=options)
    arrays: Dict[str, List[str]] = {}
    before = {record[name].split('_')[0] for name in queued}
    for level in _levels(study, queued):
        tasks = _shared(level, runs_per_task)
        if before:
            further = dict((parameters or {}).get('slurm_additional_parameters') or {})
            executor.update_parameters(slurm_additional_parameters={**further, 'dependency': f'afterany:{":".join(sorted(before))}'})
        jobs = executor.map_array(task, tasks)
        number = jobs[0].job_id.split('_')[0]
        before = {*before, number}
        arrays[number] = [name for names in tasks for name in names]
        record.update({name: job.job_id for job, names in zip(jobs, tasks) for name in names})
        with atomic_open(_record_file(study), 'w', encoding='utf-8') as file:  # at once: an array that nobody knows of is done twice
            json.dump(record, file, indent=1)
    return Submission(arrays, queued)


def queued_jobs(study: Study) -> List[str]:
    """Jobs of a study that Slurm has in its queue, or at work; none where there is no Slurm."""
    record = {name: number for name, number in _record(study).items() if study.result(name) is None}
    if not record or shutil.which('squeue') is None:
        return []
    live = _live_numbers()
    return [name for name, number in record.items() if number in live]


def _live_numbers() -> Set[str]:
    found = subprocess.run(['squeue', '--me', '--noheader', '--array', '--format=%i'], capture_output=True, text=True, check=False)
    if found.returncode:
        raise OSError(f'squeue: {found.stderr.strip()[:300] or found.returncode}')
    return {*found.stdout.split()}


def _record_file(study: Study) -> Path:
    return study.folder / 'slurm/submitted.json'


def _record(study: Study) -> Dict[str, str]:
    """Which task of which array was last given each job."""
    path = _record_file(study)
    return json.loads(path.read_text(encoding='utf-8')) if path.is_file() else {}


def _executor(study: Study, parameters: Mapping):
    try:
        import submitit
    except ImportError as error:
        raise ImportError("a study on Slurm needs submitit: pip install 'mmagenc[cluster]'") from error
    if shutil.which('sbatch') is None or shutil.which('srun') is None:
        raise OSError('there is no Slurm here (no sbatch and srun): submit from a machine of the cluster, or leave --cluster out')
    executor = submitit.AutoExecutor(folder=study.folder / 'slurm', cluster='slurm')
    try:
        executor.update_parameters(name=study.folder.name, **parameters)
    except (NameError, TypeError, AssertionError) as error:
        raise ValueError(f'--cluster-options: {error}') from error
    return executor


def _levels(study: Study, queued: Sequence[str]) -> List[List[Job]]:
    """Jobs that are left and not in the queue, by how many others come before them, one after another."""
    left = {job.name: job for job in study.jobs() if study.result(job.name) is None and job.name not in queued}
    depth: Dict[str, int] = {}

    def depth_of(name: str) -> int:
        if name not in depth:
            depth[name] = max((1 + depth_of(need) for need in left[name].needs if need in left), default=0)
        return depth[name]

    levels: Dict[int, List[Job]] = {}
    for name, job in left.items():
        levels.setdefault(depth_of(name), []).append(job)
    return [levels[number] for number in sorted(levels)]


def _shared(jobs: Sequence[Job], runs_per_task: int) -> List[List[str]]:
    """Names of the jobs of each task: long ones have one of their own."""
    short = [job.name for job in jobs if job.kind in SHORT]
    shared = [short[start:start + runs_per_task] for start in range(0, len(short), runs_per_task)]
    return [[job.name] for job in jobs if job.kind not in SHORT] + shared
