"""Bring sets that others publish as arrays into one annotation file, or an annotation file back into such arrays.

    python tools/data/arrays_to_annotation.py npz NTU60_CS.npz --classes ntu60 --out data/ntu60/ctrgcn_xsub.npz
    python tools/data/arrays_to_annotation.py pkl ntu60_3danno.pkl --classes ntu60 --skeleton ntu25 --out data/ntu60/pyskl.npz
    python tools/data/arrays_to_annotation.py pair train train_data.npy train_label.pkl test val_data.npy val_label.pkl \\
        --skeleton ntu25 --classes ntu60 --out data/ntu60/stgcn_xsub.npz
    python tools/data/arrays_to_annotation.py back data/ntu60/ntu60.npz --split xsub_train --data train_data.npy --labels train_label.pkl

``npz`` is CTR-GCN's and InfoGCN's form, ``pkl`` pyskl's and MMAction2's, ``pair`` that of ST-GCN, 2s-AGCN and Kinetic-GAN. Clips that
cannot be used are listed at the end and left out; labels that are none of the classes refuse the file.

Arrays of estimated 2-D poses hold x, y and a score, not a depth: ``--channels xys`` says so, ``xyz`` says the opposite, and ``auto`` looks
at the numbers (x and y in pixels beside a third in [0, 1], say) and tells what it took them for.
"""

import argparse
import sys
from itertools import chain, islice
from pathlib import Path
from typing import Dict, Iterable, List, Optional, Sequence

try:
    import mmagenc  # noqa: F401
except ModuleNotFoundError:  # a plain clone: not installed, started from anywhere
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    import mmagenc  # noqa: F401

from mmagenc.arguments import count, index
from mmagenc.command_line import add_debug, add_gap_options, in_words
from mmagenc.outputs import Output, add_force, require_outputs

CHANNELS = ('auto', 'xyz', 'xys')


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    forms = parser.add_subparsers(dest='form', required=True)
    for form, what in (('npz', 'a CTR-GCN .npz'), ('pkl', 'a pyskl .pkl'), ('pair', 'SPLIT DATA.npy LABELS.pkl, once or several times')):
        sub = forms.add_parser(form, help=what)
        sub.add_argument('source', nargs='+' if form == 'pair' else 1, help=what)
        sub.add_argument('--out', type=Path, required=True, help='file to write, .npz')
        sub.add_argument('--skeleton', default='ntu25', help='layout of the keypoints, a name or a YAML file (default: %(default)s)')
        sub.add_argument('--classes', help='ntu60, ntu120, or names in index order, separated by commas')
        sub.add_argument('--channels', choices=CHANNELS, default='auto', help='what three numbers of a keypoint are: coordinates, or two '
                         'coordinates and a score (default: as the numbers look)')
        add_gap_options(sub)
        add_force(sub)
    back = forms.add_parser('back', help='an annotation file to a pair')
    back.add_argument('source', help='annotation file')
    back.add_argument('--split', help='its clips only (default: all)')
    back.add_argument('--data', type=Path, required=True, help='.npy to write')
    back.add_argument('--labels', type=Path, required=True, help='.pkl to write')
    back.add_argument('--frames', type=count, default=300, help='frames of every clip (default: %(default)s)')
    back.add_argument('--persons', type=index, default=2, help='persons of every clip; 0 leaves the axis out (default: %(default)s)')
    add_force(back)
    add_debug(parser)
    return parser.parse_args(argv)


if __name__ == '__main__':
    parse_args()  # answers --help and a misspelt option before the seconds that the imports below take

from mmengine.utils import ProgressBar

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
from mmagenc.datasets.readers.ntu_benchmark import BENCHMARKS
from mmagenc.datasets.readers.skeleton_arrays import Item, iterate_npz, iterate_pair, write_pair
from mmagenc.datasets.third_coordinate import SAMPLED, score_in_third
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
    require_outputs('arrays_to_annotation', outputs, inputs=sources, force=args.force)


def class_names(text: Optional[str]) -> Optional[List[str]]:
    return BENCHMARKS[text].classes if text in BENCHMARKS else text.split(',') if text else None


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
    paths, split, left_out, bar = [], {}, [], ProgressBar(0, file=sys.stderr)
    with ShardFolder.of(out).opened() as folder:
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
            bar.update(len(group))
        print(file=sys.stderr)
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
    annotation, problems = sift_annotation(content, source=source, mend=mending, metainfo=metainfo)
    save_annotation(annotation, args.out)
    mending.report(source)
    print(f'{len(annotation["annotations"])} clips ({", ".join(annotation["split"])}): {args.out}')
    return [f'{name}: {reason}' for _, name, reason in problems]


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
    for path in (args.data, args.labels):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_pair(clips, args.data, args.labels, num_frames=args.frames, num_persons=args.persons or None)
    print(f'{len(clips)} clips: {args.data}, {args.labels}')
    return [f'{clip["frame_dir"]}: frames after {args.frames}' for clip in clips if clip['total_frames'] > args.frames]


def run(args: argparse.Namespace) -> List[str]:
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


def main(argv: Optional[Sequence[str]] = None) -> None:
    args = parse_args(argv)
    check_files(args)
    with in_words('arrays_to_annotation', debug=args.debug):
        left_out = run(args)
    if left_out:
        print('\n  '.join([f'left out {len(left_out)}:', *left_out]), file=sys.stderr)


if __name__ == '__main__':
    main()
