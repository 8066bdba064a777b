"""What ``mmagenc compare`` does; how it is called is in :mod:`mmagenc.commands.options.compare`."""

import argparse
import json
import sys
from typing import Dict, List, Optional, Tuple

import numpy as np

from mmagenc.apis import init_recognizer, recognize
from mmagenc.apis.inits import read_model_config
from mmagenc.command_line import in_words, warnings_in_words
from mmagenc.datasets import MotionDataset
from mmagenc.datasets.agreement import CommonRate, file_and_split, keypoints_problem, labels_in_words, late_rate
from mmagenc.engine.held_out import learnt_in_words
from mmagenc.evaluation.functional import chance_of, frechet_distance, kernel_distance
from mmagenc.evaluation.metrics.clips import class_names, format_table, percent, share_of, with_interval
from mmagenc.evaluation.metrics.motion_generation import judge_warnings
from mmagenc.evaluation.metrics.movement import Movement
from mmagenc.evaluation.metrics.positions import discrepancies
from mmagenc.outputs import Output, require_outputs, writing


class ClipFile(MotionDataset):
    """Clips of one file, which knows whether the file says their frame rate."""

    says_rate = True

    def read(self, path: str) -> Dict:
        annotation = super().read(path)
        self.says_rate = annotation['metainfo'].get('fps') is not None or any('fps' in clip for clip in annotation['annotations'])
        return annotation

    def _common_rate(self) -> CommonRate:
        return CommonRate(self.fps, self._metainfo.get('fps'), advice='--fps brings both files to one rate')


def read_clips(source: str, split: Optional[str], fps: Optional[float], metainfo: Optional[Dict] = None, **mending
               ) -> Tuple[List[Dict], Dict]:
    """Clips, each with its layout, and what the file says of them; a rate that is assumed is said.

    Args:
        source: ``FILE`` or ``FILE:SPLIT``.
        split: its clips only; ``None`` takes those of ``source``.
        fps: frame rate that clips are brought to.
        metainfo: of the clips that these are compared with.
        mending: further arguments of a dataset, such as ``fill_gaps``.

    Raises:
        ValueError: an unknown split, no clips, or other classes, layout or frame rate than ``metainfo``.
    """
    path, named = file_and_split(source)
    if named is not None and split not in (None, named):
        raise ValueError(f'{source} and split {split!r}: name one')
    dataset = ClipFile(path, split=split or named, fps=fps, metainfo=metainfo, **mending)
    said = dict(dataset.metainfo)
    if metainfo and metainfo.get('fps') and not dataset.says_rate:
        print(f'{path} says no fps: its clips are taken to have {metainfo["fps"]:g}, as those that they are compared with', file=sys.stderr)
    if metainfo and metainfo.get('classes') and dataset.silent:
        print(labels_in_words(dataset.silent, said['classes']), file=sys.stderr)
    layout = {} if said.get('skeleton') is None else {'skeleton': said['skeleton']}
    return [{**clip, **layout} for clip in dataset.annotations()], said


def read_both(args: argparse.Namespace) -> Tuple[List[Dict], List[Dict], Dict]:
    """Real and generated clips that go together, and what the first file says.

    Raises:
        ValueError: they do not.
    """
    real, metainfo = read_clips(args.real, args.real_split, args.fps)
    fake, said = read_clips(args.fake, args.fake_split, args.fps, metainfo)
    silent = said.get('classes') and not metainfo.get('classes')
    for note in filter(None, [late_rate(metainfo, said, args.fake), labels_in_words([args.real], said['classes']) if silent else None]):
        print(note, file=sys.stderr)
    problem = keypoints_problem(real, fake)
    if problem:
        raise ValueError(f'{args.fake}: {problem}')
    return real, fake, metainfo


def generated_among(real: List[Dict], source: str, fake: List[Dict] = ()) -> List[str]:
    """That clips of the file of recordings are generated, if some are; both files may stand in each other's place."""
    made, others = (sum(clip.get('source') == 'synthetic' for clip in clips) for clips in (real, fake))
    if not made:
        return []
    swapped = '; the file of real clips comes first' if made == len(real) and len(fake) and not others else ''
    return [f"{made} of {len(real)} clips of {source}, which are taken for recordings, are generated (source='synthetic'){swapped}"]


def judged(real: List[Dict], fake: List[Dict], args: argparse.Namespace) -> Tuple[Dict[str, float], List[str]]:
    """FID, KID and accuracies by the recognizer, and why its opinion is worth nothing, if it is."""
    cfg = read_model_config(*args.recognizer, args.cfg_options)
    model = init_recognizer(cfg, args.recognizer[1], device=args.device)
    first, second = recognize(model, real), recognize(model, fake)
    numbers = dict(fid=frechet_distance(first.feature, second.feature), kid=kernel_distance(first.feature, second.feature))
    for name, scores in (('accuracy', second), ('accuracy_real', first)):
        numbers.update(share_of(name, scores.accuracy, len(scores)))
    num_classes = first.probability.shape[1]
    numbers['accuracy_by_guessing'] = chance_of(first.label, num_classes)
    learnt = learnt_in_words('the judge', model.checkpoint_meta, file_and_split(args.real)[0], real)
    return numbers, [*judge_warnings(numbers, first.label, num_classes, fitted=model.learnt), *filter(None, [learnt])]


def report(tables: Dict[str, np.ndarray], movement: Movement, names: List[str]) -> str:
    """MMDa, MMDs and speeds by class, and over all."""
    counts = [np.bincount(labels, minlength=len(names)) for labels in (movement.real_label, movement.fake_label)]
    keys = ('movement_speed', 'movement_speed_real', 'movement_speed_ratio') if movement.known else ()
    rows = [('class', 'real', 'generated', 'MMDa', 'MMDs', *(('speed', 'of real', 'ratio') if keys else ()))]
    for k in [*np.flatnonzero(counts[0] + counts[1]), None]:
        numbers = movement.numbers(k)
        own = [table[k] if k is not None else mean_of(table) for table in tables.values()]
        rows.append(('mean' if k is None else names[k], *(str(count.sum() if k is None else count[k]) for count in counts),
                     *('-' if np.isnan(value) else f'{value:.3f}' for value in [*own, *(numbers.get(key, np.nan) for key in keys)])))
    return f'{format_table(rows)}\n{movement.caption()}'


def mean_of(table: np.ndarray) -> float:
    """Mean over the classes that have two clips in both sets; NaN if none has."""
    return float(np.nanmean(table)) if not np.isnan(table).all() else float('nan')


def write_json(path: str, numbers: Dict[str, float], per_class: Dict[str, Dict[str, float]], warnings: List[str]) -> None:
    """Numbers, tables and warnings, ``null`` where there is none."""
    def known(values: Dict[str, float]) -> Dict[str, Optional[float]]:
        return {name: None if np.isnan(value) else value for name, value in values.items()}

    with writing(path, 'w', encoding='utf-8') as file:
        tables = {name: known(values) for name, values in per_class.items()}
        json.dump(dict(known(numbers), per_class=tables, warnings=warnings), file, indent=1)


def by_class(movement: Movement, names: List[str]) -> Dict[str, Dict[str, float]]:
    """The movement's numbers, each a table of classes."""
    rows = {name: movement.numbers(k) for k, name in enumerate(names)}
    return {key: {name: row.get(key, np.nan) for name, row in rows.items()} for key in movement.numbers()}


def run(args: argparse.Namespace) -> None:
    sources = [file_and_split(args.real)[0], file_and_split(args.fake)[0], *(args.recognizer or ())]
    require_outputs('compare', [Output('--out', args.out)] if args.out is not None else [], inputs=sources, force=args.force)
    with in_words('compare', debug=args.debug), warnings_in_words():
        real, fake, metainfo = read_both(args)
        tables, note = discrepancies(real, fake, num_frames=args.num_frames, origin=args.origin, estimator=args.estimator)
        names = class_names(metainfo, len(tables['mmd_average']))
        numbers = {name: mean_of(table) for name, table in tables.items()}
        movement = Movement.of_clips(real, fake, metainfo.get('fps'))
        judgement, warnings = ({}, []) if args.recognizer is None else judged(real, fake, args)
        numbers.update(judgement, **movement.numbers())
        warnings = [*generated_among(real, args.real, fake), *warnings, *movement.warnings(names)]
        print('\n'.join([*(f'WARNING: {warning}' for warning in warnings), report(tables, movement, names), *filter(None, [note])]))
        if args.out is not None:
            per_class = {name: dict(zip(names, table.tolist())) for name, table in tables.items()}
            write_json(args.out, numbers, {**per_class, **by_class(movement, names)}, warnings)
    print('  '.join(f'{name} {with_interval(numbers, name, percent if name.startswith("accuracy") else "{:.4f}".format)}'
                    for name in numbers if not name.endswith(('_low', '_high'))))
