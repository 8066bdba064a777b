"""Put real clips and pools into one annotation file, for stock MMAction2 (``PoseDataset``) and any other reader of it.

    python tools/data/mix_annotations.py --train data/InfActPrimitive/Data/primitive_train.pkl work_dirs/primitive_60f/pool/pool.npz \\
        --val data/InfActPrimitive/Data/primitive_validate.pkl --test data/InfActPrimitive/Data/primitive_test.pkl \\
        --dataset InfActPrimitive --out data/mixed/primitive.pkl

``--train``, ``--val`` and ``--test`` each take files (the split is what they become in the output). A file with several splits gives the
one that is named behind a colon: ``--train data/bandai_namco/motion.npz:train``.

All files must have the classes of the first one, in its order, and as many coordinates in the same unit. Other layouts are brought into
the first one's where a joint map is known. Files of another frame rate are refused, unless ``--fps`` names the one that all are brought to.
"""

import argparse
import sys
from pathlib import Path
from typing import Dict, Optional, Sequence

try:
    import mmagenc  # noqa: F401
except ModuleNotFoundError:  # a plain clone: not installed, started from anywhere
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    import mmagenc  # noqa: F401

from mmagenc.arguments import count, positive
from mmagenc.command_line import THIRD_COORDINATES, add_debug, add_gap_options, in_words
from mmagenc.outputs import Output, add_force, require_outputs

SPLITS = ('train', 'val', 'test')


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for split in SPLITS:
        parser.add_argument(f'--{split}', nargs='+', default=[], metavar='FILE[:SPLIT]')
    parser.add_argument('--dataset', default='MotionDataset', help='registered dataset that reads the files (default: %(default)s)')
    parser.add_argument('--fps', type=positive, help='frame rate that all clips are brought to (default: one that all files have)')
    parser.add_argument('--num-persons', type=count, metavar='N', help='keep the N persons of each clip that are most there (default: all)')
    parser.add_argument('--third', choices=THIRD_COORDINATES,
                        help='what the third of three coordinates is, where the numbers are taken for the other')
    add_gap_options(parser)
    parser.add_argument('--out', required=True, help='.pkl (also for PoseDataset) or .npz')
    add_force(parser)
    add_debug(parser)
    return parser.parse_args(argv)


if __name__ == '__main__':
    parse_args()  # answers --help and a misspelt option before the seconds that the imports below take

from mmengine.registry import init_default_scope

from mmagenc.datasets.agreement import file_and_split, keypoints_problem, late_rate
from mmagenc.datasets.annotation import SUFFIXES, save_annotation
from mmagenc.datasets.mending import gap_settings
from mmagenc.registry import DATASETS


def read_clips(args: argparse.Namespace, source: str, metainfo: Dict):
    """Clips of ``FILE`` or ``FILE:SPLIT``, and the metainfo of all files so far.

    Raises:
        ValueError: a file that cannot be read, or that does not go with those before.
    """
    path, split = file_and_split(source)
    settings = dict(split=split, fps=args.fps, num_persons=args.num_persons, third=args.third, fill_gaps=gap_settings(args),
                    metainfo=metainfo or None)
    dataset = DATASETS.build(
        dict(type=args.dataset, ann_file=path, pipeline=[], **{key: value for key, value in settings.items() if value is not None}))
    clips, said = dataset.annotations(), dict(dataset.metainfo)
    note = late_rate(metainfo, said, path)
    if note:
        print(note, file=sys.stderr)
    return clips, said


def run(args: argparse.Namespace) -> str:
    """Write the file; returns what is in it.

    Raises:
        ValueError: arguments that make no sense, files that cannot be read, or that do not go together.
    """
    out = Path(args.out)
    if not args.train:
        raise ValueError('--train needs at least one file')
    if not hasattr(DATASETS.get(args.dataset), 'annotations'):
        raise ValueError(f'--dataset {args.dataset}: no registered dataset of annotation files, such as MotionDataset or InfActPrimitive')
    split, annotations, metainfo = {}, [], {}
    for name in SPLITS:
        for source in getattr(args, name):
            clips, metainfo = read_clips(args, source, metainfo)
            problem = keypoints_problem(annotations, clips)
            if problem:
                raise ValueError(f'{source}: {problem}')
            annotations += clips
            split.setdefault(name, []).extend(clip['frame_dir'] for clip in clips)
    save_annotation(dict(split=split, metainfo=metainfo, annotations=annotations), out)
    synthetic = sum(clip.get('source') == 'synthetic' for clip in annotations)
    return f'{out}: ' + ', '.join(f'{len(names)} {name}' for name, names in split.items()) + f' ({synthetic} synthetic)'


def main(argv: Optional[Sequence[str]] = None) -> int:
    args = parse_args(argv)
    sources = [file_and_split(source)[0] for split in SPLITS for source in getattr(args, split)]
    require_outputs('mix_annotations', [Output('--out', args.out, SUFFIXES)], inputs=sources, force=args.force)
    init_default_scope('mmagenc')
    try:
        with in_words('mix_annotations', debug=args.debug):
            print(run(args))
    except SystemExit as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
