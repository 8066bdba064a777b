"""What ``mmagenc visualize`` does; how it is called is in :mod:`mmagenc.commands.options.visualize`."""

import argparse
from pathlib import Path
from typing import Dict, List, Sequence

from mmengine.config import Config

from mmagenc.apis import init_generator
from mmagenc.apis.inits import read_model_config
from mmagenc.clips import USUAL_FPS
from mmagenc.command_line import in_words
from mmagenc.commands.options.visualize import FILES
from mmagenc.datasets.readers.any_file import read_any_annotation
from mmagenc.engine.config_file import is_config
from mmagenc.engine.model_folder import is_model_folder
from mmagenc.outputs import Output, OutputFolder, require_outputs
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


def output_files(args: argparse.Namespace) -> List[Path]:
    """The files that are written; without ffmpeg, and unless it was asked for, no MP4."""
    folder = args.out or Path('work_dirs/visualize') / Path(args.source).stem
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
        rows, headings = annotation_rows(
            annotation, num_per_class=args.num_samples_per_class, classes=args.classes, up=args.up, **common), ()
        footer = caption(footer, SPREAD)
    else:
        rows, headings = chosen_rows(annotation, args.indexes, **common)
    body_model = None
    if args.mesh:
        body = dict(type='mmagenc.SMPLBody', model_path=args.body_model) if args.body_model else dict(type='mmagenc.InfantBody')
        body_model = MODELS.build(body)
    draw_grid(rows, paths, headings=headings, footer=footer, fps=args.fps or metainfo.get('fps') or USUAL_FPS, body_model=body_model,
              **drawing_options(args))


def drawing_options(args: argparse.Namespace) -> Dict:
    """Options of :func:`mmagenc.visualization.draw_grid` that files and generators share."""
    camera = dict(azimuth=args.azimuth, elevation=args.elevation, up=args.up)
    return dict(camera=camera, tile_size=args.tile_size, smooth=args.smooth, frames_dir=args.frames_dir, progress=True)


def draw_generator(args: argparse.Namespace, paths: Sequence[Path]) -> None:
    """Draw what a generator makes."""
    cfg = read_model_config(args.source, args.checkpoint, args.cfg_options)
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


def run(args: argparse.Namespace) -> None:
    with in_words('visualize', debug=args.debug):
        if not is_config(args.source):
            raise FileNotFoundError(f'{args.source}: no such file')
        paths = output_files(args)
        check_files(args, paths)
        (draw_generator if Path(args.source).suffix == '.py' or is_model_folder(args.source) else draw_file)(args, paths)
    for path in [*paths, *([] if args.frames_dir is None else [args.frames_dir])]:
        print(f'wrote {path}')
