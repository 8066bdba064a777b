"""Put real clips and pools into one annotation file, for stock MMAction2 (``PoseDataset``) and any other reader of it.

    python tools/data/mix_annotations.py --train data/InfActPrimitive/Data/primitive_train.pkl work_dirs/primitive_60f/pool/pool.npz \\
        --val data/InfActPrimitive/Data/primitive_validate.pkl --test data/InfActPrimitive/Data/primitive_test.pkl \\
        --dataset InfActPrimitive --out data/mixed/primitive.pkl

``--train``, ``--val`` and ``--test`` each take files (the split is what they become in the output). A file with several splits gives the
one that is named behind a colon: ``--train data/bandai_namco/motion.npz:train``.
"""

import argparse
import sys
from pathlib import Path

try:
    import mmagenc  # noqa: F401
except ModuleNotFoundError:  # a plain clone: not installed, started from anywhere
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    import mmagenc  # noqa: F401

from mmengine.registry import init_default_scope

from mmagenc.datasets.annotation import save_annotation
from mmagenc.registry import DATASETS

SPLITS = ('train', 'val', 'test')


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for split in SPLITS:
        parser.add_argument(f'--{split}', nargs='+', default=[], metavar='FILE[:SPLIT]')
    parser.add_argument('--dataset', default='MotionDataset', help='registered dataset that reads the files (default: %(default)s)')
    parser.add_argument('--out', required=True, help='.pkl (also for PoseDataset) or .npz')
    parser.add_argument('--force', action='store_true', help='replace an existing file')
    return parser.parse_args(argv)


def read_clips(dataset_type: str, source: str):
    """Clips and metainfo of ``FILE`` or ``FILE:SPLIT``."""
    path, _, split = source.partition(':')
    dataset = DATASETS.build(dict(type=dataset_type, ann_file=path, pipeline=[], **(dict(split=split) if split else {})))
    return dataset.annotations(), dict(dataset.metainfo)


def main(argv=None) -> int:
    args = parse_args(argv)
    out = Path(args.out)
    if out.exists() and not args.force:
        print(f'{out} exists; --force replaces it', file=sys.stderr)
        return 1
    if not args.train:
        print('--train needs at least one file', file=sys.stderr)
        return 1
    init_default_scope('mmagenc')
    split, annotations, metainfo = {}, [], None
    for name in SPLITS:
        for source in getattr(args, name):
            clips, info = read_clips(args.dataset, source)
            metainfo = metainfo or info
            annotations += clips
            split.setdefault(name, []).extend(clip['frame_dir'] for clip in clips)
    out.parent.mkdir(parents=True, exist_ok=True)
    save_annotation(dict(split=split, metainfo=metainfo, annotations=annotations), out)
    synthetic = sum(clip.get('source') == 'synthetic' for clip in annotations)
    print(f'{out}: ' + ', '.join(f'{len(names)} {name}' for name, names in split.items()) + f' ({synthetic} synthetic)')
    return 0


if __name__ == '__main__':
    sys.exit(main())
