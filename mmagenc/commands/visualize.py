"""Draw motion by class, as GIF, MP4 and PNG strip: clips of a file, or what a generator makes beside real clips.

    python tools/visualize.py FILE.npz|FILE.pkl [--classes …] [--num-per-class 5] [--out-dir DIR] [--mesh]
    python tools/visualize.py FILE.npz|FILE.pkl --indexes 26 86 146 [--smooth 1] [--frames-dir DIR]
    python tools/visualize.py CONFIG CHECKPOINT [--classes …] [--num-samples-per-class 5] [--seed 0] [--out-dir DIR] [--mesh]

FILE is an annotation file or a published infant file. Of CONFIG's test clips, the medoid of each class is drawn with its reconstruction;
where the data is not on disk there are generated clips only. A floor is drawn where the file (``metainfo['up']``) or --up says which axis
points up. Writes grid.gif, grid.mp4 and strip.png.
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

from mmagenc.arguments import count, index, integer, number, positive, seed
from mmagenc.command_line import KeyValue, add_debug, in_words
from mmagenc.outputs import Output, OutputFolder, add_force, require_outputs

FILES = {'gif': 'grid.gif', 'mp4': 'grid.mp4', 'png': 'strip.png'}


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', metavar='FILE|CONFIG', help='annotation file (.npz, .pkl), or config of a generator (.py)')
    parser.add_argument('checkpoint', nargs='?', help="the generator's checkpoint, where a config is given")
    parser.add_argument('--classes', nargs='+', metavar='CLASS', help='names or numbers of the classes that are drawn (default: all)')
    parser.add_argument('--num-per-class', type=count, default=5, help='clips of a file in each row (default: %(default)s)')
    parser.add_argument('--indexes', nargs='+', type=index, metavar='I', help='these clips of a file, numbered from 0, side by side')
    parser.add_argument('--num-samples-per-class', type=count, default=5, help='generated clips in each row (default: %(default)s)')
    parser.add_argument('--num-frames', type=count, help="frames of generated clips (default: the model's)")
    parser.add_argument('--max-frames', type=count, default=150, help="a file's longer clips are cut (default: %(default)s)")
    parser.add_argument('--seed', type=seed, default=0, help='of generated clips (default: %(default)s)')
    parser.add_argument('--out-dir', type=Path, help='where the pictures go (default: work_dirs/visualize/<name of the file or config>)')
    parser.add_argument('--format', nargs='+', choices=list(FILES), help='which pictures (default: all that can be written)')
    parser.add_argument('--fps', type=positive, help="frames per second (default: the data's)")
    parser.add_argument('--frames-dir', type=Path, metavar='DIR', help='also write each frame as a PNG into this folder')
    parser.add_argument('--smooth', type=number(0, 1000), default=0., metavar='SIGMA',
                        help='smooth over time with a Gaussian of so many frames')
    parser.add_argument('--mesh', action='store_true', help='draw body meshes, for clips with rotations: pip install mmagenc[mesh]')
    parser.add_argument('--body-model', metavar='PATH', help="SMPL or SMIL file of a file's meshes (default: the package's own infant)")
    parser.add_argument('--skeleton', metavar='LAYOUT', help='joint layout, where the file does not name it: a name, or a YAML file')
    parser.add_argument('--up', choices=['y', '-y', 'z', '-z'], help='axis that points up (default: what the file says; '
                        'where that is nothing, the vertical is not known and no floor is drawn)')
    parser.add_argument('--azimuth', type=number(), help='camera, degrees around the up axis from +z (default: 30 beside most faces)')
    parser.add_argument('--elevation', type=number(-90, 90), help='camera, degrees above the horizon (default: 18, or 0 without a floor)')
    parser.add_argument('--tile-size', type=integer(16, 4096), help='pixels of one clip (default: by the number of clips)')
    parser.add_argument('--device', default='cpu', help='where the generator runs (default: %(default)s)')
    add_force(parser)
    parser.add_argument('--cfg-options', nargs='+', action=KeyValue, metavar='KEY=VALUE', help='override settings of the config')
    add_debug(parser)
    args = parser.parse_args(argv)
    if Path(args.source).suffix == '.py' and args.checkpoint is None:
        parser.error('a config needs a checkpoint: python tools/visualize.py CONFIG CHECKPOINT')
    if Path(args.source).suffix != '.py' and args.checkpoint is not None:
        parser.error(f'{args.source} is no config (.py), so no checkpoint can go with it')
    if args.indexes is not None and (args.checkpoint is not None or args.classes is not None):
        parser.error('--indexes chooses clips of a file: neither a config nor --classes goes with it')
    return args


if __name__ == '__main__':
    parse_args()  # answers --help and a misspelt option before the seconds that the imports below take

from mmengine.config import Config

from mmagenc.apis import init_generator
from mmagenc.datasets.readers.any_file import read_any_annotation
from mmagenc.engine.config_check import merge_options
from mmagenc.engine.config_file import read_config_file
from mmagenc.registry import DATASETS, MODELS
from mmagenc.skeletons import SKELETONS, get_skeleton
from mmagenc.visualization import (
    SPREAD,
    annotation_rows,
    caption,
    chosen_rows,
    class_indices,
    draw_grid,
    standin_footer,
    visualize_generator,
)
from mmagenc.visualization.writers import FRAMES, require_ffmpeg

DEFAULT_FPS = 30.


def output_files(args: argparse.Namespace) -> List[Path]:
    """The files that are written; without ffmpeg, and unless it was asked for, no MP4."""
    folder = args.out_dir or Path('work_dirs/visualize') / Path(args.source).stem
    formats = args.format or list(FILES)
    if args.format is None:
        try:
            require_ffmpeg()
        except ImportError as error:
            print(f'no grid.mp4: {error}')
            formats.remove('mp4')
    return [folder / FILES[name] for name in formats]


def check_files(args: argparse.Namespace, paths: Sequence[Path]) -> None:
    """Refuse pictures that are there already, and a folder of other frames."""
    folders = [] if args.frames_dir is None else [OutputFolder('--frames-dir', args.frames_dir, FRAMES)]
    require_outputs('visualize', [*(Output('', path) for path in paths), *folders], inputs=[args.source, args.checkpoint], force=args.force)


def draw_file(args: argparse.Namespace, paths: Sequence[Path]) -> None:
    """Draw clips of an annotation file."""
    skeleton = None if args.skeleton is None else get_skeleton(args.skeleton).name
    annotation = read_any_annotation(args.source)
    metainfo = annotation.get('metainfo') or {}
    if not (skeleton or metainfo.get('skeleton') or all('skeleton' in clip for clip in annotation['annotations'])):
        joints = annotation['annotations'][0]['keypoint'].shape[2]
        fitting = [name for name, skeleton in SKELETONS.items() if skeleton.num_joints == joints]
        raise ValueError(f'{args.source} names no joint layout: give --skeleton; with {joints} joints: {", ".join(fitting) or "none"}')
    common = dict(skeleton=skeleton, max_frames=args.max_frames)
    args.up = args.up or metainfo.get('up')
    footer = standin_footer(metainfo, *(clip.get('frame_dir') for clip in annotation['annotations']))
    if args.indexes is None:
        rows, headings = annotation_rows(annotation, num_per_class=args.num_per_class, classes=args.classes, up=args.up, **common), ()
        footer = caption(footer, SPREAD)
    else:
        rows, headings = chosen_rows(annotation, args.indexes, **common)
    body_model = None
    if args.mesh:
        body = dict(type='mmagenc.SMPLBody', model_path=args.body_model) if args.body_model else dict(type='mmagenc.InfantBody')
        body_model = MODELS.build(body)
    draw_grid(rows, paths, headings=headings, footer=footer, fps=args.fps or metainfo.get('fps') or DEFAULT_FPS, body_model=body_model,
              **drawing_options(args))


def drawing_options(args: argparse.Namespace) -> Dict:
    """Options of :func:`mmagenc.visualization.draw_grid` that files and generators share."""
    camera = dict(azimuth=args.azimuth, elevation=args.elevation, up=args.up)
    return dict(camera=camera, tile_size=args.tile_size, smooth=args.smooth, frames_dir=args.frames_dir, progress=True)


def draw_generator(args: argparse.Namespace, paths: Sequence[Path]) -> None:
    """Draw what a generator makes."""
    cfg = read_config_file(args.source)
    merge_options(cfg, args.cfg_options)
    model = init_generator(cfg, args.checkpoint, device=args.device)
    names = model.dataset_meta['classes']
    class_indices(names, args.classes)
    dataset = build_dataset(cfg)
    footer = standin_footer(cfg.get('train_dataloader'), cfg.get('test_dataloader')) or None
    visualize_generator(
        model, dataset, paths, num_samples_per_class=args.num_samples_per_class, classes=args.classes, class_names=names,
        num_frames=args.num_frames, seed=args.seed, mesh=args.mesh, footer=footer, fps=args.fps or model.dataset_meta['fps'],
        **drawing_options(args))


def build_dataset(cfg: Config):
    """The config's test clips, or ``None``, saying so, where they are not on disk."""
    if cfg.get('test_dataloader') is None:
        print('the config names no test clips: generated clips only')
        return None
    try:
        return DATASETS.build(cfg.test_dataloader.dataset)
    except FileNotFoundError as error:
        print(f'no real clips, no reconstructions, generated clips only: {error}')
        return None


def main(argv: Optional[Sequence[str]] = None) -> None:
    args = parse_args(argv)
    with in_words('visualize', debug=args.debug):
        if not Path(args.source).is_file():
            raise FileNotFoundError(f'{args.source}: no such file')
        paths = output_files(args)
        check_files(args, paths)
        (draw_generator if Path(args.source).suffix == '.py' else draw_file)(args, paths)
    for path in [*paths, *([] if args.frames_dir is None else [args.frames_dir])]:
        print(f'wrote {path}')


if __name__ == '__main__':
    main()
