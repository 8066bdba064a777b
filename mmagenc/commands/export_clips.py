"""What ``mmagenc export`` does; how it is called is in :mod:`mmagenc.commands.options.export_clips`."""

import argparse
from pathlib import Path
from typing import Dict, List, Optional, Sequence

import numpy as np

from mmagenc.apis.generate import class_indices
from mmagenc.body_models import BodyModel
from mmagenc.command_line import in_words
from mmagenc.datasets.annotation import is_unlabelled, load_annotation
from mmagenc.datasets.readers.any_file import read_any_annotation
from mmagenc.datasets.writers.exporting import TOOL, export_clips, is_file, save_clips
from mmagenc.datasets.writers.registry import Writer, all_writers, chosen_writer
from mmagenc.outputs import Output, OutputFolder, require_outputs
from mmagenc.registry import MODELS

SHOWN = 8
"""Files that are named one by one."""


def list_formats() -> None:
    """What can be written, a line a format."""
    writers = all_writers()
    width = max(map(len, writers))
    for name, writer in writers.items():
        holds = ' and '.join(f'{dimensions}-D' for dimensions in writer.dimensions)
        extra = f'; pip install mmagenc[{writer.extra}]' if writer.extra else ''
        print(f'{name:{width}}  {writer.title} ({", ".join(writer.suffixes)}); {holds}, one file {"for all" if writer.whole else "a clip"}'
              f'{", body meshes" if writer.skins else ""}{extra}')


def read(path: Path) -> Dict:
    """The annotation, clips without labels and with points that have no place too."""
    try:
        return read_any_annotation(path)
    except ValueError:
        return load_annotation(path, unlabelled=True, mend=with_gaps_scored)


def with_gaps_scored(clip: Dict, metainfo: Dict) -> Dict:
    """A clip whose points without a place have the score 0, as clips have it whose every number is finite."""
    missing = ~np.isfinite(clip['keypoint']).all(axis=-1)
    if not missing.any():
        return clip
    score = clip.get('keypoint_score', np.ones(missing.shape, dtype=np.float32))
    return dict(clip, keypoint=np.where(missing[..., None], 0, clip['keypoint']), keypoint_score=np.where(missing, 0, score))


def chosen_clips(annotation: Dict, args: argparse.Namespace) -> List[Dict]:
    """The clips that the options name.

    Raises:
        ValueError: splits, classes or clips that are not there, or none that is left.
    """
    clips = annotation['annotations']
    if args.indexes is not None:
        outside = [place for place in args.indexes if place >= len(clips)]
        if outside:
            raise ValueError(f'--indexes {outside[0]}: {args.input} has the clips 0 to {len(clips) - 1}')
        return [clips[place] for place in dict.fromkeys(args.indexes)]
    if args.split is not None:
        splits = annotation.get('split') or {}
        unknown = [name for name in args.split if name not in splits]
        if unknown:
            raise ValueError(f'--split {unknown[0]}: {args.input} has {", ".join(splits) or "no splits"}')
        members = {member for name in args.split for member in splits[name]}
        clips = [clip for clip in clips if clip['frame_dir'] in members]
    if args.classes is not None:
        wanted = class_indices((annotation.get('metainfo') or {}).get('classes') or [], args.classes)
        clips = [clip for clip in clips if not is_unlabelled(clip) and int(clip['label']) in wanted]
    clips = first_of_each(clips, args.num_samples_per_class)
    if not clips:
        raise ValueError(f'{args.input}: no clip is of these splits and classes')
    return clips


def first_of_each(clips: Sequence[Dict], count: Optional[int]) -> List[Dict]:
    """At most ``count`` clips of each class; all where ``None``."""
    seen: Dict = {}
    kept = []
    for clip in clips:
        label = None if is_unlabelled(clip) else int(clip['label'])
        seen[label] = seen.get(label, 0) + 1
        if count is None or seen[label] <= count:
            kept.append(clip)
    return kept


def body_of(args: argparse.Namespace) -> Optional[BodyModel]:
    """The body whose mesh is written."""
    if not args.skin:
        return None
    cfg = dict(type='SMPLBody', model_path=args.body_model) if args.body_model else dict(type='InfantBody')
    return MODELS.build(dict(cfg, _scope_='mmagenc'))


def require(args: argparse.Namespace, writer: Writer) -> None:
    """Refuse bad outputs before the work."""
    output = Output('--out', args.out, writer.suffixes) if is_file(args.out, writer) or writer.whole else OutputFolder(
        '--out', args.out, TOOL)
    require_outputs('export', [output], inputs=[args.input, args.body_model], force=args.force)


def run(args: argparse.Namespace) -> None:
    if args.formats:
        list_formats()
        return
    with in_words('export', debug=args.debug):
        writer = chosen_writer(args.out, args.format)
    require(args, writer)
    with in_words('export', debug=args.debug):
        annotation = read(args.input)
        annotation['annotations'] = chosen_clips(annotation, args)
        clips = export_clips(annotation, fps=args.fps, skeleton=args.skeleton, up=args.source_up, body=body_of(args))
        saved = save_clips(clips, args.out, writer.name, unit=args.unit, up=args.up, skin=args.skin, writer=args.writer)
    for note in saved.notes:
        print(f'  {note}')
    said = ', '.join(str(path) for path in saved.paths[:SHOWN])
    more = f' and {len(saved.paths) - SHOWN} more' if len(saved.paths) > SHOWN else ''
    print(f'{len(clips)} {"clip" if len(clips) == 1 else "clips"} as {writer.title}: {said}{more}')
