"""Render motion as image sequences with keypoints, masks and boxes, to train and test networks that make images.

    python tools/data/render_sequences.py data/standin/world/primitive.npz --out data/rendered [--num-frames 12 --fps 10 --size 128]
    python tools/data/render_sequences.py CMU/01/01_01_poses.npz --out data/rendered_cmu --body-model SMPL_NEUTRAL.npz --skeleton coco17

MOTION is any annotation file whose clips have joint rotations, a published infant file, or an AMASS-style .npz. OUT gets annotation.npz
(keypoints in pixels; splits, labels and subjects as in MOTION), frames/NAME/000001.png and masks/NAME/000001.png. Body, skin and clothes
are a subject's, background, light and camera a clip's, and all follow from --seed. The same command goes on where it was interrupted.
"""

import argparse
import hashlib
import sys
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence

try:
    import mmagenc  # noqa: F401
except ModuleNotFoundError:  # a plain clone: not installed, started from anywhere
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    import mmagenc  # noqa: F401

from mmagenc.arguments import count, integer, positive, seed, share
from mmagenc.command_line import add_debug, in_words

VERSION = 1
"""Raised whenever the pictures of a seed change."""


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('motion', nargs='+', help='files with joint rotations')
    parser.add_argument('--out', type=Path, required=True, metavar='FOLDER', help='new folder, or one of this tool to go on with')
    parser.add_argument('--force', action='store_true', help='render anew what is in the folder')
    parser.add_argument('--num-frames', type=count, metavar='N', help='the first N frames of each clip (default: all)')
    parser.add_argument('--fps', type=positive, help="frames per second of the sequences (default: the motion's)")
    parser.add_argument('--clips-per-class', type=count, metavar='N',
                        help='of each class in each split N clips, of as many subjects as there are (default: all)')
    parser.add_argument('--size', type=integer(16, 2048), nargs='+', default=[128], metavar='PIXELS',
                        help='height and width, or one number for both (default: 128)')
    parser.add_argument('--skeleton', default='penn13', help='layout of the keypoints (default: %(default)s)')
    parser.add_argument('--hidden-score', type=share, default=0., metavar='S',
                        help='score of keypoints that something hides (default: 0, as Penn Action has it)')
    parser.add_argument('--seed', type=seed, default=0, help='same seed, same pictures (default: %(default)s)')
    parser.add_argument('--backgrounds', metavar='FOLDER', help='pictures to take backgrounds from (default: drawn patterns)')
    parser.add_argument('--body-model', metavar='FILE', help='SMPL-family model file (default: the embedded infant)')
    parser.add_argument('--up', choices=['y', '-y', 'z', '-z'], help="axis of the recording that points up (default: the file's)")
    parser.add_argument('--renderer', choices=['cpu', 'pytorch3d'], default='cpu',
                        help='the rasterizer: our own, or PyTorch3D where it is installed; same pictures (default: %(default)s)')
    add_debug(parser)
    args = parser.parse_args(argv)
    if len(args.size) > 2:
        parser.error(f'argument --size: one number or two, got {len(args.size)}')
    return args


if __name__ == '__main__':
    parse_args()  # answers --help and a misspelt option before the seconds that the imports below take

from mmengine.utils import ProgressBar

from mmagenc.datasets import merge_annotations, resample_clip
from mmagenc.datasets.readers.any_file import read_any_motion
from mmagenc.registry import MODELS
from mmagenc.skeletons import get_skeleton
from mmagenc.visualization.appearance import background_files
from mmagenc.visualization.rasterizer import RASTERIZERS, require_pytorch3d
from mmagenc.visualization.rendered_set import RenderedSet
from mmagenc.visualization.rendering import SequenceRenderer, check_renderable


def render_sequences(args: argparse.Namespace) -> int:
    """Render what the command line says; gives the number of clips in the folder."""
    body = dict(type='mmagenc.SMPLBody', model_path=args.body_model) if args.body_model else dict(type='mmagenc.InfantBody')
    body_model = MODELS.build(body)
    pictures = None if args.backgrounds is None else background_files(args.backgrounds)
    if args.renderer == 'pytorch3d':
        require_pytorch3d()
    renderer = SequenceRenderer(
        body_model, skeleton=args.skeleton, size=(args.size[0], args.size[-1]), seed=args.seed, backgrounds=pictures,
        rasterizer=RASTERIZERS[args.renderer], hidden_score=args.hidden_score)
    rendered = RenderedSet(args.out, settings_of(args, pictures or []), force=args.force)
    motion = merge_annotations(read_any_motion(path, body_model) for path in args.motion)
    clips = chosen_clips(motion, args.clips_per_class)
    check_renderable(clips)
    clips = list(cut_clips(clips, motion['metainfo'], args))
    if not rendered.complete:
        render_all(renderer, rendered, clips, motion, args)
    return len(clips)


def settings_of(args: argparse.Namespace, pictures: Sequence[Path]) -> Dict:
    """What the pictures depend on; files by their content, so that they may be moved."""
    names = ('num_frames', 'fps', 'clips_per_class', 'size', 'hidden_score', 'seed', 'up', 'renderer')
    files = dict(motion=args.motion, backgrounds=pictures, body_model=[args.body_model] if args.body_model else [])
    return dict(tool='render_sequences', version=VERSION, skeleton=get_skeleton(args.skeleton).name,
                **{name: getattr(args, name) for name in names},
                **{name: [digest(path) for path in paths] for name, paths in files.items()})


def digest(path) -> str:
    """SHA-256 of a file."""
    result = hashlib.sha256()
    with open(path, 'rb') as file:
        while content := file.read(1 << 20):
            result.update(content)
    return result.hexdigest()


def chosen_clips(motion: Dict, per_class: Optional[int]) -> List[Dict]:
    """All clips, or so many of each class and split: of every subject one in turn."""
    if per_class is None:
        return motion['annotations']
    splits = {name: split for split, members in motion['split'].items() for name in members}
    groups: Dict = {}
    for clip in motion['annotations']:
        subjects = groups.setdefault((splits.get(clip['frame_dir']), clip['label']), {})
        subjects.setdefault(clip.get('subject', clip['frame_dir']), []).append(clip)
    kept = set()
    for subjects in groups.values():
        turns = [(turn, place, clip['frame_dir']) for place, clips in enumerate(subjects.values()) for turn, clip in enumerate(clips)]
        kept.update(name for _, _, name in sorted(turns)[:per_class])
    return [clip for clip in motion['annotations'] if clip['frame_dir'] in kept]


def cut_clips(clips: Sequence[Dict], metainfo: Dict, args: argparse.Namespace) -> Iterator[Dict]:
    """Yield clips at the frame rate and of the length asked for."""
    for clip in clips:
        if args.fps is not None:
            rate = clip.get('fps', metainfo.get('fps'))
            if rate is None:
                raise ValueError(f'--fps {args.fps:g}: the motion (clip {clip["frame_dir"]}) says no frame rate of its own')
            clip = resample_clip(clip, rate, args.fps)
        length = min(clip['total_frames'], args.num_frames or clip['total_frames'])
        yield dict(clip, total_frames=length, **{key: clip[key][:, :length] for key in ('keypoint', 'keypoint_score', 'pose', 'transl')
                                                 if key in clip})


def render_all(renderer: SequenceRenderer, rendered: RenderedSet, clips: Sequence[Dict], motion: Dict, args: argparse.Namespace) -> None:
    """Render the clips that are not there yet, and write the annotation of all."""
    said = motion['metainfo']
    metainfo = {key: said[key] for key in ('classes', 'note') if said.get(key) is not None}
    metainfo.update(skeleton=renderer.landmarks.skeleton.name, **({'fps': args.fps or said['fps']} if args.fps or said.get('fps') else {}))
    rendered.open()
    bar = ProgressBar(sum(clip['total_frames'] for clip in clips), file=sys.stderr)
    for index, clip in enumerate(clips):
        if not rendered.has(clip, index):
            rendered.write(clip, index, renderer.render(clip, up=args.up or said.get('up')), metainfo)
        bar.update(clip['total_frames'])
    print(file=sys.stderr)
    names = {clip['frame_dir'] for clip in clips}
    split = {split: [name for name in members if name in names] for split, members in motion['split'].items()}
    rendered.finish(len(clips), split or {'train': [clip['frame_dir'] for clip in clips]}, metainfo)


def main(argv: Optional[Sequence[str]] = None) -> None:
    args = parse_args(argv)
    with in_words('render_sequences', debug=args.debug):
        number = render_sequences(args)
    print(f'{number} image sequences: {args.out / "annotation.npz"}')


if __name__ == '__main__':
    main()
