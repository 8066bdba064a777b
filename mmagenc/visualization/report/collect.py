"""What a run left behind in its folder, as plain data: numbers, names and texts, nothing that draws.

K classes, R rounds of the loop. Whatever is missing or cannot be read becomes a note with the reason; nothing here fails for one bad file.
"""

import json
import re
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Tuple

import numpy as np
from mmengine.config import Config

from mmagenc.compat import START_FILE, named_checkpoint, start_number
from mmagenc.datasets.annotation import MAX_CLASSES
from mmagenc.datasets.nested import innermost_dataset
from mmagenc.datasets.pool import read_pool as load_pool
from mmagenc.evaluation.study import BASELINE, StudyRow, read_rows
from mmagenc.evaluation.study_plan import ARMS_FILE, PRESET_ARMS, Arm, load_arms
from mmagenc.registry import DATASETS, registered_only
from mmagenc.untrusted import NotPlainError, read_settings
from mmagenc.visualization.logs import epoch_positions, is_number, read_scalars

from ..figures import standin_footer
from .metrics import Result, confusion_of, result_of

NO_CURVES = ('time', 'data_time', 'memory', 'epoch', 'iter', 'step', 'eta')
"""Logged numbers that tell of the machine or of the position, not of the training."""
LARGEST = 1e100
"""Of what is drawn: axes take differences and powers of the numbers."""
CONFIG_KEYS = {'model', 'train_dataloader', 'val_dataloader', 'test_dataloader', 'train_cfg', 'default_scope'}
"""One of them is in every config of a training."""
STUDY_FILE = 'runs.csv'
"""In the folder of a study, and in that of several."""


@dataclass(frozen=True)
class Curve:
    """One logged number over the training.

    Args:
        name: as logged, e.g. ``'loss'`` or ``'infagenc/accuracy'``.
        unit: ``'epoch'`` or ``'iteration'``.
        x: positions, ascending.
        y: values, finite.
    """

    name: str
    unit: str
    x: List[float]
    y: List[float]


@dataclass(frozen=True)
class Round:
    """One round of the loop.

    Args:
        number: from 1.
        epoch: at whose end the round was.
        best_epoch: epoch whose clips were judged.
        accuracy: share of the candidates that the recognizer named rightly.
        candidates: ``(K,)`` clips of each class, as many as were generated.
        survivors: ``(K,)`` clips of each class that the recognizer named rightly and was sure of.
        accepted: ``(K,)`` clips of each class that joined the pool, ``None`` where the pool is not there to tell.
        num_accepted: their number.
        pool_size: clips of the pool after the round.
        reason: why nothing was accepted; empty if something was.
        judge: accuracies of the recognizer: ``recordings`` of ``num_recordings`` (of ``split``), ``round_trip``, ``chance``; like the two
            below empty in older files.
        gate: ``enforced``, ``passed`` of ``total`` candidates, and ``reasons`` with numbers of clips.
        movement: speeds of generated and recorded clips by class index, in body lengths a second.
    """

    number: int
    epoch: int
    best_epoch: int
    accuracy: float
    candidates: List[int]
    survivors: List[int]
    accepted: Optional[List[int]]
    num_accepted: int
    pool_size: int
    reason: str
    judge: Dict = field(default_factory=dict)
    gate: Dict = field(default_factory=dict)
    movement: Dict[int, Tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class StudyRuns:
    """A study below the folder.

    Args:
        source: its file of runs.
        arms: what its recognizers were trained with, as far as it is known.
        rows: one a run.
        baseline: the arm that its own table holds the others against.
    """

    source: str
    arms: List[Arm]
    rows: List[StudyRow]
    baseline: str = BASELINE


@dataclass
class Run:
    """Everything known of one run.

    Args:
        name: last part of the folder's name.
        folder: the folder as it was given.
        classes: K names.
        standin: whether its data is synthesized stand-in data.
        curves: of all logged numbers.
        rounds: of the loop.
        results: tables of tests.
        confusions: ``title``, ``classes`` and ``matrix`` (rows: true class, columns: named class) of each confusion matrix.
        studies: with what recognizers were trained, and how well they did.
        config: the config's text.
        environment: the environment's text, as logged.
        checkpoint: newest checkpoint, if any.
        config_file: where it was read.
        fitted: whether the checkpoint's recognizer has learnt anything, ``None`` where that is not known.
        settings: what it says.
        motion, embedding: what players and embedding plot show, see :func:`.motion.player_clips` and :func:`.embedding.embedding_of`;
            whoever has clips and a recognizer adds them.
        notes: ``(part, reason)`` of everything that is missing.
    """

    name: str
    folder: str
    classes: List[str] = field(default_factory=list)
    standin: bool = False
    curves: List[Curve] = field(default_factory=list)
    rounds: List[Round] = field(default_factory=list)
    results: List[Result] = field(default_factory=list)
    confusions: List[Dict] = field(default_factory=list)
    studies: List[StudyRuns] = field(default_factory=list)
    config: str = ''
    environment: str = ''
    checkpoint: Optional[Path] = None
    config_file: Optional[Path] = None
    fitted: Optional[bool] = None
    settings: Optional[Config] = None
    motion: Optional[Dict] = None
    embedding: Optional[Dict] = None
    notes: List[Tuple[str, str]] = field(default_factory=list)

    @property
    def is_study(self) -> bool:
        """Whether the folder is that of a study, or of several, and no training's."""
        folder = Path(self.folder)
        return (folder / STUDY_FILE).is_file() or (any(folder.glob(f'*/{STUDY_FILE}')) and not any(folder.glob('*.py')))

    @property
    def unit(self) -> str:
        """``'epoch'`` or ``'iteration'``."""
        return self.curves[0].unit if self.curves else 'epoch'


def collect_run(folder, *, trust: bool = False) -> Run:
    """Read what ``tools/train.py`` and ``tools/test.py`` have written into a folder.

    Args:
        folder: ``work_dir`` of a training.
        trust: run its config where that is a program; without, a config is read as data.

    Raises:
        ValueError: no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f'{folder}: no such folder; give the work_dir of a training')
    run = Run(name=folder.resolve().name, folder=str(folder))
    if run.is_study:
        run.studies = _part(run, 'studies', lambda: read_studies(folder, run), [])
        return run
    config = read_run_config(folder, run, trust=trust)
    run.checkpoint = _part(run, 'checkpoint', lambda: newest_checkpoint(folder), None)
    if run.checkpoint is None:
        run.notes.append(('checkpoint', 'the folder holds no checkpoint (.pth): no clips are generated and nothing is judged'))
    pool = read_pool(folder, run)
    with nullcontext() if trust else registered_only():
        run.classes = _part(run, 'classes', lambda: class_names_of(config, pool), [])
    names = [clip['frame_dir'] for clip in pool['annotations'][:1]] if pool else []
    run.standin = bool(standin_footer(config.get('train_dataloader'), config.get('test_dataloader'), *names))
    run.curves = _part(run, 'curves', lambda: read_curves(folder, run), [])
    run.rounds = _part(run, 'loop', lambda: read_rounds(folder, run, pool), [])
    run.environment = _part(run, 'environment', lambda: read_environment(folder), '')
    run.results, run.confusions = _part(run, 'tests', lambda: read_results(folder, run), ([], []))
    run.studies = _part(run, 'studies', lambda: read_studies(folder, run), [])
    return run


def _part(run: Run, name: str, read: Callable, default: Any) -> Any:
    """What a part's reader gives; one that fails is noted, and the report stands without it."""
    try:
        return read()
    except Exception as error:
        run.notes.append((name, f'cannot be read: {type(error).__name__}: {error}'))
        return default


# --- Config, checkpoint, environment


def read_run_config(folder: Path, run: Run, *, trust: bool = False) -> Config:
    """The config that the training left in its folder; an empty one, with a note, where there is none. Its text goes into the run.

    MMEngine writes the config that a training ran with into ``<time>/vis_data/config.py``, and under its own name into the folder: newest
    first, these are read as data. Only with ``trust`` is one that is a program run.
    """
    dumps = [*_of_starts(folder, 'vis_data/config.py'), *sorted(folder.glob('*.py'), key=_age, reverse=True)]
    problems = []
    for path in dumps:
        try:
            text = path.read_text(encoding='utf-8')
            config = _config_of(path, text, trust=trust)
        except NotPlainError as error:
            problems.append(f'{path.name} cannot be read as data, and is not run without --trust: {error}')
        except Exception as error:  # what a program raises, where it is run
            problems.append(f'{path.name} cannot be read: {error}')
        else:
            if config is not None:
                run.config, run.config_file, run.settings = text, path, config
                return config
    run.notes.append(('config', problems[0] if problems else 'the folder holds no config (.py)'))
    return Config()


def _config_of(path: Path, text: str, *, trust: bool) -> Optional[Config]:
    """The config of a file, or ``None`` where it holds something else."""
    try:
        settings = read_settings(text)
        config = Config(settings, cfg_text=text, filename=str(path)) if CONFIG_KEYS & {*settings} else None
    except NotPlainError:
        if not trust:
            raise
        config = Config.fromfile(path)
    return config if config is not None and CONFIG_KEYS & {*config} else None


def newest_checkpoint(folder: Path) -> Optional[Path]:
    """The checkpoint that ``last_checkpoint`` names, if it lies in the folder, or else the one of the largest number, or written last."""
    last = named_checkpoint(folder)
    if last is not None and (folder / Path(last).name).is_file():
        return folder / Path(last).name
    return newest(folder.glob('*.pth'))


def read_environment(folder: Path) -> str:
    """The block on system and runtime at the head of the newest log."""
    for log in _of_starts(folder, '*.log'):
        with log.open(encoding='utf-8', errors='replace') as file:
            lines = [line.rstrip('\n') for line, _ in zip(file, range(200))]
        starts = [number for number, line in enumerate(lines) if line.startswith('System environment')]
        if starts:
            ends = [number for number in range(starts[0], len(lines)) if lines[number].startswith('-----')]
            return '\n'.join(lines[starts[0]:ends[-1] if ends else None]).replace('-' * 60, '').strip()
    return ''


def class_names_of(config: Mapping, pool: Optional[Dict]) -> List[str]:
    """Names of the classes: the pool's, the config's, the dataset class's, or else numbers as far as the model's classes go."""
    dataset = innermost_dataset(config.get('train_dataloader'))
    kind = dataset.get('type')
    kind = DATASETS.get(kind) if isinstance(kind, str) else kind
    sources = ((pool or {}).get('metainfo') or {}, dataset.get('metainfo') or {}, getattr(kind, 'METAINFO', {}))
    names = next((source['classes'] for source in sources if source.get('classes')), None)
    if names is None:
        names = range(config.get('num_classes') or config.get('model', {}).get('num_classes') or 0)
    return [str(name) for name in names]


# --- Curves


def read_curves(folder: Path, run: Run) -> List[Curve]:
    """All numbers that MMEngine's ``LocalVisBackend`` wrote, of a training that may have been resumed or begun anew several times.

    From where a later start begins, its values take the place of all older ones.
    """
    damaged: List[str] = []
    try:
        records = read_scalars(folder, damaged=damaged)
    except FileNotFoundError as error:
        records = []
        run.notes.append(('curves', str(error)))
    run.notes += [('curves', reason) for reason in damaged]
    by_epoch = any('epoch' in record for record in records)
    positions = epoch_positions(records) if by_epoch else [float(record['step']) for record in records]
    values: Dict[str, Dict[float, float]] = {}
    vast = set()
    for position, record in zip(positions, records):
        for name, value in record.items():
            if name.rsplit('/', 1)[-1] in NO_CURVES or not is_number(value):
                continue
            if abs(value) > LARGEST or abs(position) > LARGEST:
                vast.add(name)
            else:
                values.setdefault(name, {})[position] = float(value)
    run.notes += [('curves', f'{name}: numbers beyond {LARGEST:g} are left out') for name in sorted(vast)]
    unit = 'epoch' if by_epoch else 'iteration'
    return [Curve(name, unit, sorted(points), [points[x] for x in sorted(points)]) for name, points in values.items()]


# --- The loop


def read_pool(folder: Path, run: Run) -> Optional[Dict]:
    """The pool's annotation, or ``None``."""
    try:
        return load_pool(folder / 'pool')
    except Exception as error:  # as above
        run.notes.append(('pool', f'the pool cannot be read: {error}'))
        return None


def read_rounds(folder: Path, run: Run, pool: Optional[Dict]) -> List[Round]:
    """The rounds of ``rounds.json``; how many clips of each class were accepted comes from the pool."""
    path = folder / 'rounds.json'
    if not path.is_file():
        run.notes.append(('loop', 'no rounds.json: this training ran without InfAGenCHook, or no round was reached'))
        return []
    try:
        records = json.loads(path.read_text(encoding='utf-8'))
        num_classes = max([len(run.classes), *(1 + int(label) for record in records for label in record['survivors'])])
        if num_classes > MAX_CLASSES:
            raise ValueError(f'a label of {num_classes - 1}, accepted are numbers below {MAX_CLASSES}')
        return [_round(record, num_classes, pool) for record in records]
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError, RecursionError) as error:
        run.notes.append(('loop', f'rounds.json cannot be read: {type(error).__name__}: {error}'))
        return []


def _round(record: Dict, num_classes: int, pool: Optional[Dict]) -> Round:
    survivors = [int(record['survivors'].get(str(label), 0)) for label in range(num_classes)]
    accepted = None
    if pool is not None and record['accepted']:
        labels = [clip['label'] for clip in pool['annotations'] if clip.get('epoch') == record['best_epoch']]
        accepted = np.bincount(labels, minlength=num_classes).tolist() if len(labels) == record['accepted'] else None
    elif not record['accepted']:
        accepted = [0] * num_classes
    candidates = [int(record['num_candidates'] + num_classes - 1 - label) // num_classes for label in range(num_classes)]
    return Round(
        number=int(record['round']),
        epoch=int(record['epoch']),
        best_epoch=int(record['best_epoch']),
        accuracy=float(record['accuracy']),
        candidates=candidates,
        survivors=survivors,
        accepted=accepted,
        num_accepted=int(record['accepted']),
        pool_size=int(record['pool_size']),
        reason=str(record.get('reason') or ''),
        judge=_judge(record.get('judge') or {}),
        gate=_gate(record.get('gate') or {}),
        movement=_movement(record.get('movement') or {}))


def _judge(record: Dict) -> Dict:
    """The numbers of a round's judge, as far as they are numbers."""
    keys = ('recordings', 'num_recordings', 'round_trip', 'chance', 'in_place', 'statues', 'path_alone')
    numbers = {key: record[key] for key in keys if is_number(record.get(key))}
    return dict(numbers, split=str(record.get('split') or '')) if 'recordings' in numbers else {}


def _gate(record: Dict) -> Dict:
    """What a round's gate held back; empty unless it tells how many passed of how many."""
    if not all(is_number(record.get(key)) for key in ('passed', 'total')):
        return {}
    reasons = {str(reason): count for reason, count in (record.get('reasons') or {}).items() if is_number(count)}
    return dict(enforced=bool(record.get('enforced', True)), passed=record['passed'], total=record['total'], reasons=reasons)


def _movement(record: Dict) -> Dict[int, Tuple[float, float]]:
    """Speeds by class, of the classes that have both."""
    pairs = {int(label): tuple(speeds.get(key) for key in ('generated', 'recorded')) for label, speeds in record.items()}
    return {label: pair for label, pair in sorted(pairs.items()) if all(map(is_number, pair))}


# --- Tests


def read_results(folder: Path, run: Run) -> Tuple[List[Result], List[Dict]]:
    """Tables and confusion matrices of every JSON file that a test or a metric wrote below the folder, oldest first.

    Those of an earlier run, which was moved into ``previous/``, are not this one's.
    """
    results, confusions = [], []
    for path in sorted(folder.rglob('*.json'), key=_age):
        if _is_earlier(path, folder) or path.name in ('rounds.json', 'scalars.json', START_FILE) or path.parent.name == 'vis_data':
            continue
        source = str(path.relative_to(folder))
        try:
            content = json.loads(path.read_text(encoding='utf-8'))
            found = _optional(result_of, content, source), _optional(confusion_of, content, source)
        except Exception as error:  # whatever is wrong with one file, the others stand
            run.notes.append(('tests', f'{source} cannot be read: {error}'))
            continue
        results += found[0]
        confusions += found[1]
    if not results:
        run.notes.append(('tests', 'no results of a test: mmagenc test CONFIG CHECKPOINT --work-dir WORK_DIR/test writes them'))
    return results, confusions


def _is_earlier(path: Path, folder: Path) -> bool:
    """Whether a file is of an earlier run, which was moved into ``previous/``."""
    return 'previous' in path.relative_to(folder).parts[:-1]


# --- Studies


def read_studies(folder: Path, run: Run) -> List[StudyRuns]:
    """The runs of every study (``runs.csv``) in or below the folder, with its arms; those of several studies together are in their own."""
    studies = []
    for path in sorted(folder.rglob(STUDY_FILE)):
        if _is_earlier(path, folder):
            continue
        source = str(path.relative_to(folder))
        try:
            rows = read_rows(path)
            if path.with_name('settings.json').is_file():
                studies.append(_read_study(path, rows, source, run))
        except (ValueError, OSError) as error:
            run.notes.append(('studies', f'{source} cannot be read: {error}'))
    return studies


def _read_study(path: Path, rows: List[StudyRow], source: str, run: Run) -> StudyRuns:
    """A study's runs and what its arms are; where it does not say so, arms are known that every study has, by their names."""
    names = dict.fromkeys(row.arm for row in rows)
    if not rows:
        raise ValueError('no runs in it')
    if path.with_name(ARMS_FILE).is_file():
        arms, baseline = load_arms(path.with_name(ARMS_FILE))
        known = {arm.name: arm for arm in arms}
    else:
        known, baseline = PRESET_ARMS, BASELINE
    strange = [name for name in names if name not in known]
    if strange:
        run.notes.append(('studies', f'{source}: what {", ".join(strange)} {"are" if len(strange) > 1 else "is"} stands nowhere: no '
                          f'{ARMS_FILE} beside it tells; mmagenc study CONFIG --work-dir {path.parent.parent} --summary writes one'))
    return StudyRuns(source, [known[name] for name in names if name in known], rows, baseline if baseline in names else next(iter(names)))


def _optional(reader: Callable, content: Any, source: str) -> List:
    found = reader(content, source)
    return [] if found is None else [found]


def newest(paths: Iterable[Path]) -> Optional[Path]:
    """Of files that a training numbers (``epoch_20.pth``, ``iter_300.npz``) that of the largest number, of others the one written last."""

    def order(path: Path) -> Tuple:
        number = re.fullmatch(r'(?:epoch|iter)_(\d+)', path.stem)
        return int(number[1]) if number else -1, *_age(path)

    return max(paths, key=order, default=None)


def _of_starts(folder: Path, pattern: str) -> List[Path]:
    """Files in the log folders of a run's starts, of the last start first: by number, and behind the numbered ones by age."""
    found = [(log_dir, path) for log_dir in folder.glob('*') for path in log_dir.glob(pattern)]
    return [path for _, path in sorted(found, key=lambda pair: (start_number(pair[0]) or 0, *_age(pair[1])), reverse=True)]


def _age(path: Path) -> Tuple[float, str]:
    try:
        return path.stat().st_mtime, str(path)
    except OSError:  # a link to nothing
        return 0., str(path)
