"""What ``mmagenc compare-generators`` does; how it is called is in :mod:`mmagenc.commands.options.compare_generators`.

N clips, K classes, T frames, D feature channels.
"""

import argparse
import json
import time
from typing import Callable, Dict, List, Mapping, NamedTuple, Tuple

import numpy as np

from mmagenc.apis import generate, init_generator, init_recognizer, recognize
from mmagenc.apis.inits import read_model_config
from mmagenc.apis.report import middle_frames
from mmagenc.clips import USUAL_FPS
from mmagenc.command_line import in_words, warnings_in_words
from mmagenc.datasets.agreement import classes_problem, judged_classes_problem, keypoints_problem
from mmagenc.datasets.annotation import motion_to_annotations
from mmagenc.datasets.persons import keep_persons
from mmagenc.engine.held_out import learnt_in_words
from mmagenc.evaluation.functional import chance_of, memorization
from mmagenc.evaluation.functional.neighbors import NUM_NEIGHBORS
from mmagenc.evaluation.metrics.clips import class_names, percent, share_of, with_interval
from mmagenc.evaluation.metrics.generation_numbers import distances, halves
from mmagenc.evaluation.metrics.motion_generation import judge_warnings
from mmagenc.evaluation.metrics.movement import COLUMNS as MOVEMENT
from mmagenc.evaluation.metrics.movement import common_joints, layout_of, measure_movement, seen_points
from mmagenc.evaluation.metrics.plausibility import mean_derivative
from mmagenc.evaluation.metrics.positions import discrepancies
from mmagenc.models.recognizers import RecognizerScores
from mmagenc.outputs import Output, require_outputs, writing
from mmagenc.visualization.clip import Clip
from mmagenc.visualization.figures import draw_grid, medoid_first

from .compare import generated_among, mean_of, read_clips

COLUMNS: Dict[str, Tuple[str, Callable[[float], str]]] = {
    'accuracy': ('accuracy', percent), 'fid': ('FID', '{:.1f}'.format), 'kid': ('KID', '{:.2f}'.format),
    'mmd_average': ('MMDa', '{:.2f}'.format), 'mmd_sequence': ('MMDs', '{:.2f}'.format), 'precision': ('precision', percent),
    'recall': ('recall', percent), 'coverage': ('coverage', percent), 'closer': ('closer', '{:.2f}'.format),
    'speed_ratio': ('speed', '{:.2f}'.format), 'jerk_ratio': ('jerk', '{:.2f}'.format), 'parameters': ('parameters', '{:,.0f}'.format),
    'clips_per_second': ('clips/s', '{:.0f}'.format)}
RECORDINGS = 'recordings'


class Judged(NamedTuple):
    """Clips, and what the judge says of them."""

    clips: List[Dict]
    scores: RecognizerScores

    def part(self, index: np.ndarray) -> 'Judged':
        return Judged([self.clips[i] for i in index], self.scores[index])


def recordings(args: argparse.Namespace, split: str, metainfo=None) -> Tuple[List[Dict], Dict]:
    """Recordings of a split, the middle ``num_frames`` of each, and what the file says.

    Raises:
        ValueError: no such split, no clips, or a layout that is not known.
    """
    clips, metainfo = read_clips(args.real, split, None, metainfo)
    clips = [middle_frames(keep_persons(clip, 1), args.num_frames) for clip in clips]
    if layout_of(clips[0]) is None:
        raise ValueError(f"{args.real}: the clips' layout is not known: set skeleton in the metainfo")
    return clips, metainfo


class Made(NamedTuple):
    """Clips of a generator, its ``parameters`` and ``clips_per_second``, and what its checkpoint says of its training."""

    clips: List[Dict]
    numbers: Dict[str, float]
    meta: Mapping


def make_clips(name: str, config: str, checkpoint: str, real: List[Dict], metainfo: Dict, args: argparse.Namespace) -> Made:
    """Clips of every class by one generator.

    Raises:
        ValueError: it makes clips of other classes, another layout or another rate than the recordings.
    """
    model = init_generator(config, checkpoint, device=args.device)
    said = model.dataset_meta
    problem = classes_problem(metainfo.get('classes'), said['classes'])
    if problem is None and metainfo.get('fps') and abs(metainfo['fps'] - said['fps']) > 1e-3:
        problem = f'{said["fps"]:g} frames a second, the recordings have {metainfo["fps"]:g}'
    start = time.perf_counter()
    motion = generate(model, num_samples_per_class=args.num_samples_per_class, num_frames=args.num_frames, seed=args.seed)
    seconds = time.perf_counter() - start
    clips = motion_to_annotations(motion, prefix=name, skeleton=model.representation.keypoint_skeleton)
    problem = problem or keypoints_problem(real, clips)
    if problem:
        raise ValueError(f'--generator {name} ({config}): {problem}')
    count = sum(parameter.numel() for parameter in model.parameters())
    return Made(clips, dict(parameters=count, clips_per_second=len(clips) / seconds), model.checkpoint_meta)


def numbers_of(real: Judged, fake: Judged, train: Judged) -> Tuple[Dict[str, float], str]:
    """What generated clips are beside recordings; what too few clips define is left out. And in words what MMD leaves out."""
    values = dict(share_of('accuracy', fake.scores.accuracy, len(fake.clips)),
                  **distances(real.scores.feature, fake.scores.feature, num_neighbors=NUM_NEIGHBORS))
    for name, total in (('precision', fake), ('recall', real), ('coverage', real)):
        values.update(share_of(name, values[name], len(total.clips)) if name in values else {})
    tables, note = discrepancies(real.clips, fake.clips, origin='every_frame')
    values.update({name: mean_of(table) for name, table in tables.items()})
    values['closer'] = memorization(train.scores.feature, fake.scores.feature, real.scores.feature).closer
    values.update(speed_ratio=class_ratio(real, fake, speed), jerk_ratio=class_ratio(real, fake, jerk))
    return values, note


def class_ratio(real: Judged, fake: Judged, measure: Callable[[Dict, np.ndarray], float]) -> float:
    """Mean over classes of the generated clips' median to the recordings', by the keypoints that both show; NaN where no class has both."""
    medians, joints = [], common_joints(real.clips, fake.clips)
    for part in (fake, real):
        sizes, label = np.array([measure(clip, joints) for clip in part.clips]), part.scores.label
        medians.append({k: np.nanmedian(sizes[label == k]) for k in np.unique(label) if np.isfinite(sizes[label == k]).any()})
    ratios = [medians[0][k] / medians[1][k] for k in medians[0] if medians[1].get(k, 0) > 0]
    return float(np.mean(ratios)) if ratios else float('nan')


def speed(clip: Dict, joints: np.ndarray) -> float:
    """About the root, jitter removed, in body lengths a frame."""
    return float(measure_movement(clip, None, joints)[MOVEMENT.index('speed_about_root')])


def jerk(clip: Dict, joints: np.ndarray) -> float:
    """Mean size of the third differences about the root, of what is seen."""
    clip = keep_persons(clip, 1)
    return mean_derivative(clip['keypoint'][0], seen_points(clip) & joints, 3, 1., root=layout_of(clip).root)


def table(rows: Dict[str, Dict[str, float]]) -> str:
    """In Markdown, shares with their intervals; ``-`` where there is no number."""
    lines = [['', *(title for title, _ in COLUMNS.values())], ['---'] * (1 + len(COLUMNS))]
    for name, values in rows.items():
        known = {key: value for key, value in values.items() if np.isfinite(value)}
        lines.append([name, *(with_interval(known, key, form) for key, (_, form) in COLUMNS.items())])
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


def draw(path: str, sets: Dict[str, List[Dict]], metainfo: Dict) -> None:
    """A row a set, a column a class: of each the clip in the middle of the others."""
    labels = sorted({clip['label'] for clip in sets[RECORDINGS]})
    names = class_names(metainfo, labels[-1] + 1)
    rows = []
    for name, clips in sets.items():
        chosen = [medoid_first([clip for clip in clips if clip['label'] == label], 1, None, metainfo.get('up')) for label in labels]
        rows.append((name, [Clip.from_annotation(found[0], found[0]['skeleton']) if found else None for found in chosen]))
    draw_grid(rows, path, headings=[(names[label], 1) for label in labels], fps=metainfo.get('fps') or USUAL_FPS)


def compare_all(args: argparse.Namespace) -> Tuple[Dict[str, Dict[str, float]], List[str], float]:
    """The table's rows by name, why they are worth nothing, if they are, and what guessing gives; draws the picture where one is wanted."""
    real, metainfo = recordings(args, args.real_split)
    train, _ = recordings(args, args.train_split, metainfo)
    judge = init_recognizer(read_model_config(*args.recognizer), args.recognizer[1], device=args.device)
    problem = judged_classes_problem(judge.dataset_meta['classes'], metainfo.get('classes'))
    if problem is not None:
        raise ValueError(f'{args.real}: {problem}')
    made = {name: make_clips(name, config, checkpoint, real, metainfo, args) for name, config, checkpoint in args.generator}

    def judged(clips: List[Dict]) -> Judged:
        return Judged(clips, recognize(judge, clips))

    real, train = judged(real), judged(train)
    first, second = (real.part(index) for index in halves(real.scores.label, args.seed))
    found = {RECORDINGS: numbers_of(first, second, train) if first.clips else ({}, '')}
    found.update({name: numbers_of(real, judged(each.clips), train) for name, each in made.items()})
    rows = {name: dict(values) for name, (values, _) in found.items()}
    rows[RECORDINGS].update(share_of('accuracy', real.scores.accuracy, len(real.clips)))
    for name, each in made.items():
        rows[name].update(each.numbers)
    if args.picture is not None:
        draw(args.picture, {RECORDINGS: real.clips, **{name: each.clips for name, each in made.items()}}, metainfo)
    num_classes = real.scores.probability.shape[1]
    fake = float(np.mean([rows[name]['accuracy'] for name in made]))
    everyone = dict(share_of('accuracy', fake, sum(len(each.clips) for each in made.values())),
                    **{key.replace('accuracy', 'accuracy_real'): value for key, value in rows[RECORDINGS].items() if 'accuracy' in key})
    notes = [f'{name}: {note}' for name, (_, note) in found.items() if note]
    warnings = judge_warnings(everyone, real.scores.label, num_classes, fitted=judge.learnt)
    metas = {'the judge': judge.checkpoint_meta, **{f'generator {name}': each.meta for name, each in made.items()}}
    learnt = [learnt_in_words(who, meta, args.real, real.clips) for who, meta in metas.items()]
    warnings = [*generated_among(real.clips, args.real), *warnings, *filter(None, learnt), *notes]
    return rows, warnings, chance_of(real.scores.label, num_classes)


def run(args: argparse.Namespace) -> None:
    outputs = [Output(f'--{name}', path, suffixes) for name, path, suffixes in
               (('out', args.out, ()), ('picture', args.picture, ('.png', '.gif', '.mp4'))) if path is not None]
    sources = [args.real, *args.recognizer, *(path for _, *paths in args.generator for path in paths)]
    require_outputs('compare-generators', outputs, inputs=sources, force=args.force)
    with in_words('compare-generators', debug=args.debug), warnings_in_words():
        rows, warnings, chance = compare_all(args)
        print('\n'.join([*(f'WARNING: {warning}' for warning in warnings), table(rows), f'accuracy by guessing: {percent(chance)}']))
        if args.out is not None:
            known = {name: {key: value for key, value in values.items() if np.isfinite(value)} for name, values in rows.items()}
            with writing(args.out, 'w', encoding='utf-8') as file:
                json.dump(dict(rows=known, accuracy_by_guessing=chance, warnings=warnings), file, indent=1)
