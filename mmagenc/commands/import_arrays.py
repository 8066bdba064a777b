"""What ``mmagenc import-arrays`` does; how it is called is in :mod:`mmagenc.commands.options.import_arrays`."""

import argparse
import sys
from itertools import chain, islice
from pathlib import Path
from typing import Dict, Iterable, List, Optional, Sequence

import numpy as np

from mmagenc.command_line import in_words, print_left_out
from mmagenc.datasets.annotation import (
    AnnotationError,
    content_clips,
    describe_problems,
    form_problem,
    label_problem,
    load_annotation,
    normalized_clip,
    read_content,
    save_annotation,
    sift_annotation,
    validate_annotation,
)
from mmagenc.datasets.mending import ClipMending, gap_mending
from mmagenc.datasets.readers.annotation_shards import ShardFolder, merge_shards, write_shard
from mmagenc.datasets.readers.human36m import SLT_ACTIONS
from mmagenc.datasets.readers.ntu_benchmark import BENCHMARKS
from mmagenc.datasets.readers.skeleton_arrays import Item, iterate_npz, iterate_pair, write_pair
from mmagenc.datasets.third_coordinate import SAMPLED, score_in_third
from mmagenc.outputs import Output, making, require_outputs
from mmagenc.progress import progress_bar
from mmagenc.skeletons import get_skeleton

SHARD = 1024
"""Clips that are held at once."""


def check_files(args: argparse.Namespace) -> None:
    """Refuse bad output files before the work, not after it."""
    if args.form == 'back':
        outputs, sources = [Output('--data', args.data, ('.npy', )), Output('--labels', args.labels, ('.pkl', ))], [args.source]
    else:
        outputs, sources = [Output('--out', args.out, ('.npz', ))], args.source
        outputs += [] if args.form == 'pkl' else [ShardFolder.of(args.out)]
    require_outputs('import-arrays', outputs, inputs=sources, force=args.force)


def class_names(named: Optional[List[str]]) -> Optional[List[str]]:
    known = {**{name: list(benchmark.classes) for name, benchmark in BENCHMARKS.items()}, 'h36m': list(SLT_ACTIONS)}
    return known[named[0]] if named and len(named) == 1 and named[0] in known else named


def items_of(args: argparse.Namespace, mending: Optional[ClipMending]) -> Iterable[Item]:
    """Clips of the sources, one after the other."""
    if args.form == 'npz':
        return iterate_npz(args.source[0], num_joints=get_skeleton(args.skeleton).num_joints, mend=mending)
    if len(args.source) % 3:
        raise ValueError(f'pair takes SPLIT DATA.npy LABELS.pkl, got {" ".join(args.source)}')
    triples = [args.source[start:start + 3] for start in range(0, len(args.source), 3)]
    return chain.from_iterable(iterate_pair(data, labels, split=split, mend=mending) for split, data, labels in triples)


def mending_of(args: argparse.Namespace, clips: Sequence[Dict], metainfo: Dict) -> ClipMending:
    """What is done to each clip, by the options and for ``--channels auto`` by how some clips look; notes a depth in ``metainfo``."""
    third = dict(xyz='depth', xys='score').get(args.channels)
    reason = score_in_third(clips, args.skeleton) if third is None else None
    if reason:
        print(f'the third coordinate is read as a score ({reason}); --channels xyz reads it as a coordinate', file=sys.stderr)
    if third == 'depth':
        metainfo['third'] = third
    return gap_mending(args, third='score' if reason else third)


def convert(items: Iterable[Item], out: Path, metainfo: Dict) -> List[str]:
    """Write clips shard by shard, then as one file; returns why clips were left out."""
    paths, split, left_out = [], {}, []
    with ShardFolder.of(out).opened() as folder, progress_bar(None, 'reading clips') as advance:
        folder.clear()
        items = iter(items)
        while group := list(islice(items, SHARD)):
            clips = [clip for _, clip, _ in group if clip is not None]
            left_out += [f'{name}: {reason}' for name, clip, reason in group if clip is None]
            for name, clip, _ in group:
                split.setdefault(name, []).extend([clip['frame_dir']] if clip is not None else [])
            validate_annotation(dict(split={}, metainfo=metainfo, annotations=clips), source=str(out))
            paths.append(folder.shard(len(paths)))
            write_shard(paths[-1], clips, metainfo=metainfo, fingerprint='', left_out=[])
            advance(len(group))
        if not any(split.values()):
            raise ValueError('\n  '.join(['no clip could be used:', *left_out]))
        merge_shards(paths, out, metainfo=metainfo, split=split)
    print(f'{sum(map(len, split.values()))} clips ({", ".join(f"{key} {len(members)}" for key, members in split.items())}): {out}')
    return left_out


def convert_pkl(args: argparse.Namespace, metainfo: Dict) -> List[str]:
    """A pyskl file with the metainfo that it lacks; returns why clips were left out."""
    source = args.source[0]
    content = read_content(source)
    clips = [normalized_clip(clip) for clip in content_clips(content, source)]
    metainfo = {**metainfo, **((content.get('metainfo') or {}) if isinstance(content, dict) else {})}
    refuse_other_labels(clips, metainfo.get('classes'), source)
    mending = mending_of(args, [clip for clip in clips if form_problem(clip, metainfo) is None], metainfo)
    annotation, problems = sift_annotation(content, source=source, metainfo=metainfo,
                                           mend=lambda clip, said: with_somebody(mending(clip, said)))
    save_annotation(annotation, args.out)
    mending.report(source)
    print(f'{len(annotation["annotations"])} clips ({", ".join(annotation["split"])}): {args.out}')
    return [f'{name}: {reason}' for _, name, reason in problems]


def with_somebody(clip: Dict) -> Dict:
    """A clip in which somebody is seen.

    Raises:
        ValueError: one of zeros and gaps alone, as padding is.
    """
    if not np.nan_to_num(clip['keypoint']).any():
        raise ValueError('nobody is there in any frame')
    return clip


def refuse_other_labels(clips: Sequence, classes: Optional[Sequence[str]], source: str) -> None:
    """Labels that are none of the classes are a mistake in the list or in the counting: leaving the clips out would hide it."""
    problems = [(index, clip.get('frame_dir'), label_problem(clip['label'], classes))
                for index, clip in enumerate(clips) if isinstance(clip, dict) and 'label' in clip]
    problems = [problem for problem in problems if problem[2]]
    if problems:
        raise AnnotationError(describe_problems(problems, source=source, total=len(clips)))


def back(args: argparse.Namespace) -> List[str]:
    """An annotation file as a pair; returns which clips were cut."""
    annotation = load_annotation(args.source)
    clips = annotation['annotations']
    if args.split is not None:
        if args.split not in annotation['split']:
            raise ValueError(f'{args.source}: no split {args.split!r}; it has {sorted(annotation["split"])}')
        members = set(annotation['split'][args.split])
        clips = [clip for clip in clips if clip['frame_dir'] in members]
    with making(args.data.parent), making(args.labels.parent):
        write_pair(clips, args.data, args.labels, num_frames=args.num_frames, num_persons=args.num_persons or None)
    print(f'{len(clips)} clips: {args.data}, {args.labels}')
    return [f'{clip["frame_dir"]}: frames after {args.num_frames}' for clip in clips if clip['total_frames'] > args.num_frames]


def convert_files(args: argparse.Namespace) -> List[str]:
    if args.form == 'back':
        return back(args)
    skeleton = get_skeleton(args.skeleton)
    classes = class_names(args.classes)
    metainfo = dict(skeleton=skeleton.name, **(dict(classes=classes) if classes else {}))
    if args.form == 'pkl':
        return convert_pkl(args, metainfo)
    first = [clip for _, clip, _ in islice(items_of(args, None), SAMPLED) if clip is not None]
    mending = mending_of(args, first, metainfo)
    left_out = convert(items_of(args, mending), args.out, metainfo)
    mending.report(' '.join(args.source))
    return left_out


def run(args: argparse.Namespace) -> None:
    check_files(args)
    with in_words('import-arrays', debug=args.debug):
        left_out = convert_files(args)
    print_left_out(left_out)
