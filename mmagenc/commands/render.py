"""What ``mmagenc render`` does; how it is called is in :mod:`mmagenc.commands.options.render`."""

import argparse
import hashlib
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence

from mmagenc.command_line import in_words
from mmagenc.datasets import merge_annotations, resample_clip
from mmagenc.datasets.readers.any_file import read_any_motion
from mmagenc.progress import progress_bar
from mmagenc.registry import MODELS
from mmagenc.skeletons import get_skeleton
from mmagenc.visualization.appearance import background_files
from mmagenc.visualization.rasterizer import RASTERIZERS, require_pytorch3d
from mmagenc.visualization.rendered_set import RenderedSet
from mmagenc.visualization.rendering import SequenceRenderer, check_renderable

VERSION = 1
"""Raised whenever the pictures of a seed change."""


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
    clips = chosen_clips(motion, args.num_samples_per_class)
    check_renderable(clips)
    clips = list(cut_clips(clips, motion['metainfo'], args))
    if not rendered.complete:
        render_all(renderer, rendered, clips, motion, args)
    return len(clips)


def settings_of(args: argparse.Namespace, pictures: Sequence[Path]) -> Dict:
    """What the pictures depend on; files by their content, so that they may be moved."""
    names = ('num_frames', 'fps', 'size', 'hidden_score', 'seed', 'up', 'renderer')
    files = dict(motion=args.motion, backgrounds=pictures, body_model=[args.body_model] if args.body_model else [])
    return dict(tool='render_sequences', version=VERSION, skeleton=get_skeleton(args.skeleton).name,
                clips_per_class=args.num_samples_per_class, **{name: getattr(args, name) for name in names},
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
    with progress_bar(sum(clip['total_frames'] for clip in clips), 'rendering frames') as advance:
        for index, clip in enumerate(clips):
            if not rendered.has(clip, index):
                rendered.write(clip, index, renderer.render(clip, up=args.up or said.get('up')), metainfo)
            advance(clip['total_frames'])
    names = {clip['frame_dir'] for clip in clips}
    split = {split: [name for name in members if name in names] for split, members in motion['split'].items()}
    rendered.finish(len(clips), split or {'train': [clip['frame_dir'] for clip in clips]}, metainfo)


def run(args: argparse.Namespace) -> None:
    with in_words('render', debug=args.debug):
        number = render_sequences(args)
    print(f'{number} image sequences: {args.out / "annotation.npz"}')
