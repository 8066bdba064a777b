"""What ``mmagenc mix`` does; how it is called is in :mod:`mmagenc.commands.options.mix`."""

import argparse
import sys
from pathlib import Path
from typing import Dict

from mmengine.registry import init_default_scope

from mmagenc.command_line import in_words
from mmagenc.commands.options.mix import SPLITS
from mmagenc.datasets.agreement import file_and_split, keypoints_problem, labels_in_words, late_rate
from mmagenc.datasets.annotation import SUFFIXES, save_annotation
from mmagenc.datasets.layouts import layout_name
from mmagenc.datasets.mending import gap_settings
from mmagenc.evaluation.inspection import leaks, twins_of
from mmagenc.outputs import Output, require_outputs
from mmagenc.registry import DATASETS


def read_clips(args: argparse.Namespace, source: str, metainfo: Dict, first: bool = False):
    """Clips of ``FILE`` or ``FILE:SPLIT``, and the metainfo of all files so far; before the first there is that of the options.

    Raises:
        ValueError: a file that cannot be read, or that does not go with those before.
    """
    path, split = file_and_split(source)
    settings = dict(split=split, fps=args.fps, num_persons=args.num_persons, third=args.third, fill_gaps=gap_settings(args),
                    metainfo=metainfo or None)
    dataset = DATASETS.build(
        dict(type=args.dataset, ann_file=path, pipeline=[], **{key: value for key, value in settings.items() if value is not None}))
    clips, said = dataset.annotations(), dict(dataset.metainfo)
    notes = [] if first else [late_rate(metainfo, said, path)]
    if not first and metainfo and said.get('classes') and not (metainfo.get('classes') and not dataset.silent):
        silent = dataset.silent if metainfo.get('classes') else ['what was read before']
        notes += [labels_in_words(silent, said['classes'])]
    for note in filter(None, notes):
        print(note, file=sys.stderr)
    return clips, said


def mix(args: argparse.Namespace) -> str:
    """Write the file; returns what is in it.

    Raises:
        ValueError: arguments that make no sense, files that cannot be read, or that do not go together.
    """
    out = Path(args.out)
    if not args.train:
        raise ValueError('--train needs at least one file')
    if not hasattr(DATASETS.get(args.dataset), 'annotations'):
        raise ValueError(f'--dataset {args.dataset}: no registered dataset of annotation files, such as MotionDataset or InfActPrimitive')
    split, annotations, metainfo = {}, [], {} if args.skeleton is None else dict(skeleton=layout_name(args.skeleton))
    for name in SPLITS:
        for source in getattr(args, name):
            clips, metainfo = read_clips(args, source, metainfo, first=not annotations)
            problem = keypoints_problem(annotations, clips)
            if problem:
                raise ValueError(f'{source}: {problem}')
            annotations += clips
            split.setdefault(name, []).extend(clip['frame_dir'] for clip in clips)
    save_annotation(dict(split=split, metainfo=metainfo, annotations=annotations), out)
    for warning in leaks(annotations, twins_of(annotations), split) if len(split) > 1 else ():
        print(f'{out}: {warning}', file=sys.stderr)
    synthetic = sum(clip.get('source') == 'synthetic' for clip in annotations)
    return f'{out}: ' + ', '.join(f'{len(names)} {name}' for name, names in split.items()) + f' ({synthetic} synthetic)'


def run(args: argparse.Namespace) -> None:
    sources = [file_and_split(source)[0] for split in SPLITS for source in getattr(args, split)]
    require_outputs('mix', [Output('--out', args.out, SUFFIXES)], inputs=sources, force=args.force)
    init_default_scope('mmagenc')
    with in_words('mix', debug=args.debug):
        print(mix(args))
