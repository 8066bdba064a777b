"""A report of trainings: what their folders hold, and what their checkpoints make and say of it.

N clips, K classes.
"""

from contextlib import nullcontext
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np
from mmengine.config import Config

from mmagenc.clips import USUAL_FPS
from mmagenc.datasets.annotation import ARRAY_KEYS, load_annotation, motion_to_annotations
from mmagenc.datasets.nested import innermost_dataset
from mmagenc.engine.config_check import merge_options
from mmagenc.evaluation.checkpoints import load_checkpoint, recognizer_fitted
from mmagenc.evaluation.functional import chance_of, confusion_matrix, is_near_chance, wilson_interval
from mmagenc.evaluation.metrics.movement import Movement
from mmagenc.models.recognizers import RecognizerScores
from mmagenc.registry import DATASETS, registered_only
from mmagenc.visualization.report import Run, collect_run, embedding_of, player_clips, read_pool
from mmagenc.visualization.report.collect import newest
from mmagenc.visualization.report.metrics import Number, Result, Row, rows_of
from mmagenc.visualization.report.motion import choose_clips

from .generate import generate
from .inits import init_generator, init_recognizer, read_config
from .recognize import recognize

SETS = {'train': 'real, training', 'test': 'real, test', 'generated': 'generated', 'selected': 'accepted by the loop'}
"""Sets of clips that are judged, in the order in which they are drawn."""
CAVEATS = {'train': ', which it was trained on', 'selected': ', which it chose and was trained on'}
"""What makes an accuracy on these clips high by itself, where the recognizer is the loop's own."""
MAX_PLAYERS = 240
NUM_STEPS = 3
"""How often ``progress`` is called for a run with generator and recognizer."""
Progress = Callable[[str], None]


def report_run(folder,
               *,
               clips_per_class: int = 3,
               judged_per_class: int = 20,
               cfg_options: Optional[Dict] = None,
               seed: int = 0,
               up: Optional[str] = None,
               device: str = 'cpu',
               trust: bool = False,
               progress: Progress = lambda text: None) -> Run:
    """Everything that a report tells of one training.

    From the folder: curves, rounds of the loop, results of tests, config, environment. From the config's data: real clips. From the
    checkpoint: generated clips (else the newest of ``samples/``), and the recognizer's opinion of all. What is missing is noted in
    ``Run.notes`` and left out.

    Args:
        folder: ``work_dir`` of a training.
        clips_per_class: clips of each class and group in the players.
        judged_per_class: clips of each class and set that the recognizer judges, for embedding and confusion matrices; 0 judges none.
        cfg_options: settings that override the config's, such as where its data lies.
        seed: of the generated clips.
        up: axis of the recordings that points up; what the training set's metainfo says if ``None``.
        device: where the models run.
        trust: the folder is one's own: run its config where that is a program, and build what it names. Without, the config is read as data
            (MMEngine writes it as such), and nothing but registered types is built.
        progress: told what is being done.

    Raises:
        ValueError: no such folder.
    """
    run = collect_run(folder, trust=trust)
    with nullcontext() if trust else registered_only():
        return _with_models(run, clips_per_class, judged_per_class, cfg_options, seed, up, device, progress)


def _with_models(run: Run, clips_per_class: int, judged_per_class: int, cfg_options: Optional[Dict], seed: int, up: str, device: str,
                 progress: Progress) -> Run:
    """What clips and models add to the run."""
    cfg = _config(run, cfg_options)
    if cfg is None:
        return run
    found = _clips(run, cfg, max(clips_per_class, judged_per_class), seed, device, progress)
    sets = {name: clips for name, clips in found.items() if clips}
    if not run.classes:
        run.classes = [str(label) for label in range(1 + max((clip['label'] for clips in sets.values() for clip in clips), default=-1))]
    _add_players(run, cfg, sets, clips_per_class, up)
    _add_movement(run, cfg, sets)
    if judged_per_class and sets:
        progress('judging clips')
        _add_opinions(run, cfg, {name: choose_clips(clips, judged_per_class) for name, clips in sets.items()}, device)
    run.notes = list(dict.fromkeys(run.notes))
    return run


def _config(run: Run, cfg_options: Optional[Dict]) -> Optional[Config]:
    if run.settings is None:
        return None
    cfg = read_config(run.settings)
    merge_options(cfg, cfg_options)
    return cfg


# --- Clips


def _clips(run: Run, cfg: Config, per_class: int, seed: int, device: str, progress: Progress) -> Dict[str, List[Dict]]:
    """Annotation dicts of each set of :data:`SETS`; what cannot be had is noted."""
    progress('reading clips')
    sets = {name: _real_clips(run, cfg, name) for name in ('train', 'test')}
    if _is_generator(cfg):
        progress('generating clips')
        sets['generated'] = _generated_clips(run, cfg, per_class, seed, device)
        pool = read_pool(Path(run.folder), run)
        sets['selected'] = [] if pool is None else [_in_layout(clip, pool) for clip in pool['annotations']]
    return sets


def _in_layout(clip: Dict, annotation: Dict) -> Dict:
    """The clip with its layout of keypoints noted, as far as its file knows it."""
    skeleton = (annotation.get('metainfo') or {}).get('skeleton')
    return dict({} if skeleton is None else {'skeleton': skeleton}, **clip)


def _real_clips(run: Run, cfg: Config, split: str) -> List[Dict]:
    """The recorded clips of a data loader's dataset."""
    settings = innermost_dataset(cfg.get(f'{split}_dataloader'))
    if not settings:
        run.notes.append((SETS[split], f'the config has no {split}_dataloader'))
        return []
    try:
        if hasattr(DATASETS.get(settings['type']), 'annotations'):
            dataset = DATASETS.build(dict(settings, pipeline=[]))
            clips, metainfo = dataset.annotations(), dict(dataset.metainfo)
        else:  # MMAction2's own, which unpickle whatever their file holds
            annotation = load_annotation(settings['ann_file'])
            metainfo, members = annotation['metainfo'], annotation['split'].get(settings.get('split'))
            clips = [clip for clip in annotation['annotations'] if members is None or clip['frame_dir'] in set(members)]
    except Exception as error:  # whatever is wrong with one part, the report stands without it
        run.notes.append((SETS[split], f'the clips cannot be read: {_said(error)}'))
        return []
    return [_in_layout(clip, dict(metainfo=metainfo)) for clip in clips if clip.get('source') != 'synthetic']


def _generated_clips(run: Run, cfg: Config, per_class: int, seed: int, device: str) -> List[Dict]:
    """Clips of the checkpoint's generator as they come, or else those that were kept while it trained."""
    if run.checkpoint is not None:
        try:
            model = init_generator(cfg, run.checkpoint, device=device)
            motion = generate(model, num_samples_per_class=per_class, seed=seed)
            return motion_to_annotations(motion, prefix=f'seed {seed}, clip', skeleton=model.representation.keypoint_skeleton)
        except Exception as error:  # as above
            run.notes.append((SETS['generated'], f'{run.checkpoint.name} generates nothing: {_said(error)}'))
    samples = newest(Path(run.folder).glob('samples/*.npz'))
    if samples is None:
        return []
    run.notes.append((SETS['generated'], f'those of samples/{samples.name}, kept while training'))
    try:
        annotation = load_annotation(samples)
    except (ValueError, OSError) as error:
        run.notes.append((SETS['generated'], f'samples/{samples.name} cannot be read: {error}'))
        return []
    return [_in_layout(clip, annotation) for clip in annotation['annotations']]


def _said(error: Exception) -> str:
    """An error's message; its kind too where users were not meant to see it."""
    return str(error) if isinstance(error, (ValueError, OSError)) else f'{type(error).__name__}: {error}'


def _is_generator(cfg: Config) -> bool:
    return 'representation' in (cfg.get('model') or {})


def _add_players(run: Run, cfg: Config, sets: Dict[str, List[Dict]], clips_per_class: int, up: Optional[str]) -> None:
    real = _real_windows(sets)
    groups = {'real': real, **{name: sets.get(name, []) for name in ('generated', 'selected')}}
    labels = {clip['label'] for clips in groups.values() for clip in clips}
    per_class = max(min(clips_per_class, MAX_PLAYERS // max(len(labels) * sum(map(bool, groups.values())), 1)), 1)
    metainfo = _metainfo(cfg)
    fps = cfg.get('fps') or metainfo.get('fps') or USUAL_FPS
    try:
        run.motion = player_clips({name: choose_clips(clips, per_class) for name, clips in groups.items() if clips}, skeleton=None, fps=fps,
                                  up=up or metainfo.get('up'))
    except Exception as error:  # as above
        run.notes.append(('players', f'{error}'))
    if not run.motion or not run.motion['clips']:
        run.notes.append(('players', 'there are no clips to play'))


def _real_windows(sets: Dict[str, List[Dict]]) -> List[Dict]:
    """The recordings that generated clips are held against: of the test set if there are any, cut to the generated clips' length."""
    longest = max((clip['total_frames'] for clip in sets.get('generated', [])), default=None)
    return [middle_frames(clip, longest) for clip in sets.get('test') or sets.get('train') or []]


def _add_movement(run: Run, cfg: Config, sets: Dict[str, List[Dict]]) -> None:
    """A table of how the generated clips move beside the recordings, of all and by class."""
    if not sets.get('generated'):
        return
    fps = cfg.get('fps') or _metainfo(cfg).get('fps')
    try:
        real, generated = _real_windows(sets), sets['generated']
        movement = Movement.of_clips(real, generated, fps)
        if not movement.known:
            raise ValueError(movement.caption())
    except Exception as error:  # as above
        run.notes.append(('movement', f'generated clips are not compared with recordings: {_said(error)}'))
        return
    per_class = {_class_name(run, label): rows_of(movement.numbers(label)) for label in np.unique(movement.fake_label)
                 if label in movement.real_label}
    recordings = 'test' if sets.get('test') else 'training'
    source = f'{len(generated)} generated clips, {len(real)} {recordings} recordings cut to their length. {movement.caption()}'
    run.results.append(Result('Movement of generated clips', source, rows_of(movement.numbers()), per_class))


def middle_frames(clip: Dict, num_frames: Optional[int]) -> Dict:
    """The clip, or where it is longer its middle frames: the window in which a generator of so many frames is tested."""
    if num_frames is None or clip['total_frames'] <= num_frames:
        return clip
    window = slice((clip['total_frames'] - num_frames) // 2, (clip['total_frames'] - num_frames) // 2 + num_frames)
    return dict(clip, total_frames=num_frames, **{key: clip[key][:, window] for key in ARRAY_KEYS if key in clip})


def _metainfo(cfg: Config) -> Dict:
    """The training set's, or nothing."""
    settings = innermost_dataset(cfg.get('train_dataloader'))
    try:
        if settings and not hasattr(DATASETS.get(settings['type']), 'annotations'):
            return dict(load_annotation(settings['ann_file'])['metainfo'])
        return dict(DATASETS.build(dict(settings, pipeline=[])).metainfo) if settings else {}
    except Exception:  # noted where the clips are read
        return {}


# --- Opinions


def _add_opinions(run: Run, cfg: Config, sets: Dict[str, List[Dict]], device: str) -> None:
    """Embedding, confusion matrices and a table of what the checkpoint's recognizer says of the clips."""
    try:
        if run.checkpoint is None:
            raise ValueError('there is no checkpoint with a recognizer')
        recognizer = init_recognizer(cfg, run.checkpoint, device=device)
        scores = {name: recognize(recognizer, clips) for name, clips in sets.items()}
    except Exception as error:  # as above
        run.notes.append(('recognizer', f'no embedding and no confusion matrices: {_said(error)}'))
        return
    names = {name: [clip['frame_dir'] for clip in clips] for name, clips in sets.items()}
    run.embedding = embedding_of({name: score.feature for name, score in scores.items()},
                                 {name: score.label for name, score in scores.items()}, names)
    run.fitted = recognizer_fitted(load_checkpoint(run.checkpoint))
    run.results.append(_opinion_table(run, scores))
    for name, score in scores.items():
        run.confusions.append(_confusion(run, name, score))


def _opinion_table(run: Run, scores: Dict[str, RecognizerScores]) -> Result:
    rows, per_class = [], {}
    for name, score in scores.items():
        right = (score.predicted == score.label).astype(float)
        rows.append(_share(f'Accuracy: {SETS[name]}', f'{len(score)} clips{CAVEATS.get(name, "")}', right))
        for label in np.unique(score.label):
            own = per_class.setdefault(_class_name(run, label), [])
            own.append(_share(SETS[name], '', right[score.label == label]))
    return Result(f'Accuracy of the recognizer in {run.checkpoint.name}', run.checkpoint.name, rows, per_class,
                  _judge_warnings(scores['test']) if 'test' in scores and run.fitted else [])


def _judge_warnings(scores: RecognizerScores) -> List[str]:
    """That a recognizer's accuracy on recordings cannot be told from guessing, if it cannot."""
    chance = chance_of(scores.label, scores.probability.shape[1])
    if not is_near_chance(scores.accuracy, len(scores), chance):
        return []
    return [f'the recognizer names {100 * scores.accuracy:.1f} % of {len(scores)} recordings of the test set rightly, guessing '
            f'{100 * chance:.1f} %: its opinion of generated clips is worth nothing']


def _share(title: str, meaning: str, right: np.ndarray) -> Row:
    return Row(title, title, meaning, True, Number(*wilson_interval(right.sum(), len(right))))


def _confusion(run: Run, name: str, scores: RecognizerScores) -> Dict:
    num_classes = scores.probability.shape[1]
    classes = [_class_name(run, label) for label in range(num_classes)]
    matrix = confusion_matrix(scores.predicted, scores.label, num_classes).tolist()
    return dict(title=f'{SETS[name][0].upper()}{SETS[name][1:]}', classes=classes, matrix=matrix)


def _class_name(run: Run, label: int) -> str:
    return run.classes[label] if label < len(run.classes) else str(label)


def report_runs(folders: Sequence, **options) -> Tuple[Run, ...]:
    """:func:`report_run` of each folder.

    Raises:
        ValueError: no folders, one that is not there, or one given twice.
    """
    paths = [Path(folder).resolve() for folder in folders]
    if not paths or len(set(paths)) < len(paths):
        raise ValueError(f'give at least one folder and each once, got {[str(folder) for folder in folders]}')
    return tuple(report_run(folder, **options) for folder in folders)
