"""What ``mmagenc release`` does; how it is called is in :mod:`mmagenc.commands.options.release`."""

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from mmagenc.apis import generate, init_generator, init_recognizer, vary
from mmagenc.apis.datasheet import as_markdown, datasheet, generator_facts
from mmagenc.apis.release import Release, measure_release
from mmagenc.command_line import in_words
from mmagenc.compat import atomic_open, naming
from mmagenc.datasets.agreement import file_and_split, keypoints_problem
from mmagenc.datasets.annotation import ARRAY_KEYS, motion_to_annotations, save_annotation
from mmagenc.datasets.persons import keep_persons
from mmagenc.datasets.writers.exporting import export_clips, save_clips
from mmagenc.datasets.writers.registry import chosen_writer
from mmagenc.engine.config_check import merge_options
from mmagenc.engine.config_file import located_config, read_config_file
from mmagenc.engine.held_out import learnt_of_file, said_learnt
from mmagenc.evaluation.checkpoints import load_checkpoint, recognizer_fitted
from mmagenc.evaluation.metrics.clips import class_names
from mmagenc.models.generators import BaseGenerator
from mmagenc.outputs import Output, OutputError, OutputFolder, filling, making, refuse, require_outputs
from mmagenc.visualization.clip import Clip
from mmagenc.visualization.figures import draw_grid

from .compare import read_clips
from .generate import recordings_as_trained_on, told_as_trained_on, trained_form

TOOL = 'release'
CLIPS, SHEET, JSON = ('clips.npz', 'clips.pkl'), 'DATASHEET.md', 'datasheet.json'
DRAWN = 5
"""Pairs of a picture."""


class Made(NamedTuple):
    """Generated clips, what is said of them, and their generator where it is at hand."""

    clips: List[Dict]
    metainfo: Dict
    model: Optional[BaseGenerator]
    facts: Optional[Dict]
    sampling: Dict


def check_files(args: argparse.Namespace) -> None:
    """Refuse bad outputs before the work."""
    outputs = [OutputFolder('--out', args.out, TOOL)] + ([] if args.pairs is None else [Output('--pairs', args.pairs, ('.png', ))])
    named = [args.recordings, args.held_out, args.source[0] if len(args.source) != 2 else None]
    inputs = [file_and_split(name)[0] for name in named if name is not None] + args.source[-2:] + list(args.recognizer or ())
    with in_words(TOOL, debug=args.debug):
        check_apart(args)
        for name in args.formats:
            chosen_writer(args.out, name)
    require_outputs(TOOL, outputs, inputs=inputs, force=args.force)
    if args.pairs is not None and Path(os.path.realpath(args.out)) in Path(os.path.realpath(args.pairs)).parents:
        refuse(TOOL, OutputError(f'--pairs {args.pairs}: it shows recordings, and --out {args.out} is what leaves; name a file elsewhere'))


def check_apart(args: argparse.Namespace) -> None:
    """Refuse the same split of one file for both sets of recordings, before it is read; a file without a split has all of its clips."""
    if args.held_out is None:
        return
    (path, split), (other, held_out) = map(file_and_split, (args.recordings, args.held_out))
    if os.path.realpath(path) == os.path.realpath(other) and (split == held_out or None in (split, held_out)):
        raise ValueError(f'--held-out {args.held_out}: these recordings are among those of --recordings {args.recordings}: name two splits '
                         '(FILE:train and FILE:test), or two files')


def load_generator(config: str, checkpoint: str, args: argparse.Namespace) -> Tuple[BaseGenerator, Dict]:
    """The generator, and what the sheet says of it."""
    cfg = read_config_file(config)
    merge_options(cfg, args.cfg_options)
    model = init_generator(cfg, checkpoint, args.device)
    return model, generator_facts(model, load_checkpoint(checkpoint), config_file=located_config(config), checkpoint_file=checkpoint)


def made_of(args: argparse.Namespace) -> Made:
    """The clips: those of a file, or of the generator."""
    model, facts = load_generator(*args.source[-2:], args) if len(args.source) > 1 else (None, None)
    if len(args.source) == 2:
        return generated(model, facts, args)
    clips, metainfo = read_clips(args.source[0], None, None)
    real = sum(clip.get('source') == 'real' for clip in clips)
    if real:
        raise ValueError(f"{args.source[0]}: {real} of {len(clips)} clips say that they are recordings (source 'real'); only generated "
                         'clips are released')
    return Made(clips, metainfo, model, facts, said_sampling(clips, metainfo))


def said_sampling(clips: List[Dict], metainfo: Dict) -> Dict:
    """How clips of a file were drawn, as far as the file says and no names are in it."""
    said = {key: metainfo[key] for key in ('seed', 'strength') if isinstance(metainfo.get(key), (int, float))}
    options = metainfo.get('sampling') if isinstance(metainfo.get('sampling'), dict) else {}
    said.update({key: value for key, value in options.items() if isinstance(value, (bool, int, float))})
    variants = sum('variant_of' in clip for clip in clips)
    return {**said, **({'variants_of_recordings': variants} if variants else {})}


def generated(model: BaseGenerator, facts: Dict, args: argparse.Namespace) -> Made:
    """New clips, or variants of the recordings."""
    said, per_class = dict(model.dataset_meta), 50 if args.num_samples_per_class is None else args.num_samples_per_class
    options = dict(num_samples_per_class=per_class, num_frames=args.num_frames, seed=args.seed, batch_size=args.batch_size, progress=True)
    sampling = dict(seed=args.seed, clips_per_class=per_class)
    if args.strength is None:
        clips = motion_to_annotations(generate(model, **options), prefix='clip')
    else:
        clips = vary(model, recordings_as_trained_on(model, args.recordings, '--recordings'), strength=args.strength, **options)
        sampling.update(strength=args.strength, variants_of_recordings=len(clips))
    return Made([{'skeleton': said['skeleton'], **clip} for clip in clips], said, model, facts, sampling)


def read_recordings(name: str, made: Made, option: str) -> List[Dict]:
    """Recordings in the clips' layout and at their frame rate; where the generator is at hand, in the form in which it has seen its own.

    Raises:
        ValueError: other classes, or keypoints that cannot be compared.
    """
    wanted = {key: made.metainfo[key] for key in ('classes', 'skeleton', 'fps') if made.metainfo.get(key) is not None}
    settings, person = ({}, None) if made.model is None else trained_form(made.model)
    clips, _ = read_clips(name, None, made.metainfo.get('fps'), wanted, **settings)
    if made.model is not None:
        clips = told_as_trained_on(clips, settings, person, f'{option} {name}', option)
    problem = keypoints_problem(made.clips, clips)
    if problem:
        raise ValueError(f'{option} {name}: {problem}')
    return clips


def check_roles(made: Made, recordings: List[Dict], held_out: Optional[List[Dict]], args: argparse.Namespace) -> List[str]:
    """What the generator's checkpoint says against the names that the recordings were given, as sentences that name nobody.

    Raises:
        ValueError: it has learnt from a held-out recording, or from none of the others.
    """
    meta, (path, _) = None if made.model is None else made.model.checkpoint_meta, file_and_split(args.recordings)
    said = said_learnt(dict(meta=meta))
    if said is None:
        return []
    total, warnings = sum(len(each['clips']) for each in said['sets']), []
    if held_out is not None:
        known = learnt_of_file(meta, file_and_split(args.held_out)[0], held_out)
        if known:
            first = next(clip['frame_dir'] for clip in held_out if clip['frame_dir'] in known)
            raise ValueError(f'--held-out {args.held_out}: the generator has learnt from {len(known)} of its {len(held_out)} recordings, '
                             f'such as {first}; held-out ones are those that it has never seen')
    if not any(os.path.basename(path) in each['files'] for each in said['sets']):
        return ['the generator says that it has learnt from files of other names than that of the recordings: whether these are the ones '
                'that it was trained on is not known']
    known = len(learnt_of_file(meta, path, recordings))
    if not known:
        raise ValueError(f'--recordings {args.recordings}: the generator has learnt from none of its {len(recordings)} recordings; '
                         'they are to be those that it was trained on')
    if known < len(recordings):
        warnings.append(f'the generator has learnt from {known} of the {len(recordings)} recordings that are taken for those that it was '
                        'trained on: with the others among them it seems to give away less than it does')
    if known < total:
        warnings.append(f'the generator has learnt from {total} recordings, of which {total - known} are not among those that the clips '
                        'were compared with: how near the clips are to these was not measured')
    return warnings


def judge_doubts(judge, held_out: List[Dict], args: argparse.Namespace) -> List[str]:
    """That the recognizer knows held-out recordings, in a sentence that names nobody."""
    known = learnt_of_file(judge.checkpoint_meta, file_and_split(args.held_out)[0], held_out)
    return [] if not known else [
        f'the recognizer has learnt from {len(known)} of the {len(held_out)} held-out recordings: how many of them it names rightly, and '
        'its features of them, say little of new recordings']


def draw_pairs(release: Release, recordings: List[Dict], path: Path) -> None:
    """The recordings that a clip comes nearest to: that clip beside that piece."""
    rows, near = [], release.motion
    for row in near.nearest_pairs(DRAWN):
        clip, number = release.clips[row], int(near.recording[row])
        piece = slice(int(near.start[row]), int(near.start[row]) + clip['total_frames'])
        recording = keep_persons(recordings[number], 1)
        recording = dict(recording, **{key: recording[key][:, piece] for key in ARRAY_KEYS if key in recording})
        drawn = [_about_root(Clip.from_annotation(item, clip.get('skeleton'))) for item in (clip, recording)]
        rows.append((f'{near.generated[row]:.3f}: clip {row}, recording {number}', drawn))
    draw_grid(rows, path, headings=[('generated', 1), ('nearest recording', 1)], camera=dict(up=release.metainfo.get('up')),
              footer='distance in body lengths; shows recordings: not for others')


def _about_root(clip: Clip) -> Clip:
    """As distances see it: without the body's path."""
    root = clip.keypoint[:, :, clip.skeleton.root, None]
    return Clip(keypoint=clip.keypoint - root, skeleton=clip.skeleton, score=clip.score)


def write_formats(release: Release, formats: Sequence[str], place: Path) -> List[Path]:
    """The clips in formats of other programs, as :func:`released_clip` left them; gives the files.

    Raises:
        ValueError: clips that a format cannot hold.
    """
    clips, paths = export_clips(dict(metainfo=release.metainfo, annotations=release.clips)), []
    for name in formats:
        writer = chosen_writer(place, name)
        parts = [('clips', clips)] if writer.whole else [(clip.name, [clip]) for clip in clips]
        for stem, part in parts:
            paths += save_clips(part, place / f'{stem}{writer.suffixes[0]}', name).paths
    return paths


def write(release: Release, made: Made, args: argparse.Namespace) -> Dict:
    """The folder; gives the sheet."""
    annotation = dict(split=dict(train=[clip['frame_dir'] for clip in release.clips]), metainfo=release.metainfo, annotations=release.clips)
    with making(args.out.resolve().parent) as above, tempfile.TemporaryDirectory(prefix='.mmagenc-', dir=above) as beside:
        place = Path(beside)  # what a format refuses, or a full disk, leaves an earlier release as it was
        with naming(args.out, place):
            files = [place / name for name in CLIPS]
            others = write_formats(release, args.formats, place)
            for path in files:
                save_annotation(annotation, path)
            sheet = datasheet(release, generator=made.facts, sampling=made.sampling, licence=args.licence, files=[*files, *others])
            with atomic_open(place / JSON, 'w', encoding='utf-8') as file:
                json.dump(sheet, file, indent=1, ensure_ascii=False)
            with atomic_open(place / SHEET, 'w', encoding='utf-8') as file:
                file.write(as_markdown(sheet))
        written = [*files, *others, place / JSON, place / SHEET]
        with filling(args.out, TOOL, [path.name for path in written]) as folder:
            for path in written:
                path.replace(folder / path.name)
    return sheet


def summary(sheet: Dict) -> str:
    """What one looks at first."""
    near, lines = sheet['distances']['motion'], [f'WARNING: {sentence}' for sentence in (*sheet['not_measured'], *sheet['warnings'])]
    held_out = '' if 'held_out' not in near else f', held-out recordings {near["held_out"]["median"]:.3f}'
    lines.append(f'median distance to the nearest recording: generated {near["generated"]["median"]:.3f}{held_out} body lengths')
    for form, attacks in sheet['membership_inference'].items():
        for name, found in attacks.items():
            auc = found['auc']
            lines.append(f'membership inference by {name} ({form}): AUC {auc["value"]:.2f} [{auc["low"]:.2f}, {auc["high"]:.2f}], '
                         f'by chance {found["auc_by_chance"][0]:.2f} to {found["auc_by_chance"][1]:.2f}')
    if sheet['floor']['distance'] is not None:
        lines.append(f'{sheet["floor"]["dropped"]} clips were dropped, nearer than {sheet["floor"]["distance"]:.3f} body lengths')
    return '\n'.join(lines)


def run(args: argparse.Namespace) -> None:
    check_files(args)
    with in_words(TOOL, debug=args.debug):
        made = made_of(args)
        recordings = read_recordings(args.recordings, made, '--recordings')
        held_out = None if args.held_out is None else read_recordings(args.held_out, made, '--held-out')
        doubts = check_roles(made, recordings, held_out, args)
        most = 1 + max(int(clip['label']) for clip in [*made.clips, *recordings])
        metainfo = dict(made.metainfo, classes=class_names(made.metainfo, most))
        judge = None if args.recognizer is None else init_recognizer(*args.recognizer, device=args.device)
        fitted = judge is None or recognizer_fitted(load_checkpoint(args.recognizer[1]))
        doubts += [] if judge is None or held_out is None else judge_doubts(judge, held_out, args)
        release = measure_release(made.clips, metainfo, recordings, held_out, model=made.model, judge=judge, judge_fitted=fitted,
                                  min_distance=args.min_distance, seed=args.seed, doubts=doubts)
        if args.pairs is not None:
            draw_pairs(release, recordings, args.pairs)
        sheet = write(release, made, args)
    print(summary(sheet))
    print(f'{len(release.clips)} clips and their data sheet in {args.out}: read {SHEET} before they leave'
          + ('' if args.licence else ', and fill in the licence'))
