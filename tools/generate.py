"""Generate labelled motion and write it as an annotation file.

    python tools/generate.py CONFIG CHECKPOINT --out FILE.npz [--num-samples-per-class 50] [--classes Sitting Crawling] [--num-frames 60]

The file (``.npz``, or ``.pkl`` for MMAction2) can be trained on beside real clips, or drawn with tools/visualize.py. No dataset is needed.
"""

import argparse
import sys
from pathlib import Path
from typing import Dict, List, Optional, Sequence

try:
    import mmagenc  # noqa: F401
except ModuleNotFoundError:  # a plain clone: not installed, started from anywhere
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    import mmagenc  # noqa: F401

from mmengine.config import Config, DictAction
from mmengine.device import get_device

from mmagenc.apis import generate_batches, init_generator
from mmagenc.datasets.annotation import motion_to_annotations, save_annotation


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Generate labelled motion and write it as an annotation file')
    parser.add_argument('config', help="the generator's config file")
    parser.add_argument('checkpoint', help='its checkpoint file')
    parser.add_argument('--out', required=True, metavar='FILE', help='annotation file to write, .npz or (for MMAction2) .pkl')
    parser.add_argument('--force', action='store_true', help='replace FILE if it is there')
    parser.add_argument('--num-samples-per-class', type=int, default=50, metavar='N', help='clips of each class (default: 50)')
    parser.add_argument('--classes', nargs='+', metavar='CLASS', help='names or indices of the classes wanted (default: all)')
    parser.add_argument('--num-frames', type=int, metavar='N', help="frames of each clip (default: the config's)")
    parser.add_argument('--seed', type=int, default=0, help='one seed gives the same clips (default: 0)')
    parser.add_argument('--device', help='such as cpu or cuda:0 (default: the GPU if there is one)')
    parser.add_argument('--batch-size', type=int, default=64, metavar='N', help='clips at once, no matter for the result (default: 64)')
    parser.add_argument('--sampling', nargs='+', action=DictAction, default={}, metavar='KEY=VALUE',
                        help="options of the generator's sampling, such as noise_factor=0.8 or latent_mode=interpolate")
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE', help='override settings of the config')
    return parser.parse_args(argv)


def check_out(path: Path, force: bool) -> None:
    """Refuse a bad output file before the work, not after it.

    Raises:
        ValueError: another suffix, or a file that is there already.
    """
    if path.suffix not in ('.npz', '.pkl'):
        raise ValueError(f'--out {path}: annotation files end in .npz or .pkl')
    if path.exists() and not force:
        raise ValueError(f'--out {path}: the file is there already; --force replaces it')


def load_model(args: argparse.Namespace):
    """The generator that the command line names.

    Raises:
        ValueError: a file that is not there, or a checkpoint that does not fit the config.
    """
    for kind, path in (('config', args.config), ('checkpoint', args.checkpoint)):
        if not Path(path).is_file():
            raise ValueError(f'{kind} {path}: no such file')
    cfg = Config.fromfile(args.config)
    cfg.merge_from_dict(args.cfg_options or {})
    return init_generator(cfg, args.checkpoint, args.device or get_device())


def generate_annotation(model, args: argparse.Namespace) -> Dict:
    """Generated clips as one annotation with the split ``train``; of each batch only what is written stays in memory."""
    prefix = f'{Path(args.checkpoint).stem}_s{args.seed}'
    batches = generate_batches(
        model,
        num_samples_per_class=args.num_samples_per_class,
        classes=args.classes,
        num_frames=args.num_frames,
        seed=args.seed,
        batch_size=args.batch_size,
        progress=True,
        **args.sampling)
    clips: List[Dict] = []
    for motion in batches:
        for clip in motion_to_annotations(motion, prefix=prefix):
            clips.append(dict(clip, frame_dir=f'{prefix}_{len(clips):06d}'))
    metainfo = dict(
        model.dataset_meta,
        source='synthetic',
        generator=Path(args.config).name,
        checkpoint=Path(args.checkpoint).name,
        seed=args.seed,
        sampling=dict(args.sampling))
    return dict(split=dict(train=[clip['frame_dir'] for clip in clips]), metainfo=metainfo, annotations=clips)


def main(argv: Optional[Sequence[str]] = None) -> None:
    args = parse_args(argv)
    try:
        check_out(Path(args.out), args.force)
        annotation = generate_annotation(load_model(args), args)
        save_annotation(annotation, args.out)
    except ValueError as error:
        raise SystemExit(f'generate: {error}') from None
    clips = annotation['annotations']
    classes = sorted({clip['label'] for clip in clips})
    names = ', '.join(annotation['metainfo']['classes'][index] for index in classes)
    print(f'{len(clips)} clips of {clips[0]["total_frames"]} frames ({names}) in {args.out}')


if __name__ == '__main__':
    main()
