"""From an annotation to files of other programs: which clips, what they lack, where they go, and each file whole or not at all.

M persons, T frames, V keypoints, C coordinates.
"""

import re
import shutil
import tempfile
from collections import Counter
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Iterable, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from mmagenc.body_models import BodyModel
from mmagenc.compat import is_stream, naming
from mmagenc.datasets.annotation import is_unlabelled
from mmagenc.datasets.gaps import missing_points
from mmagenc.outputs import alternatives, filling, making
from mmagenc.skeletons import get_skeleton

from .registry import ExportClip, WriteOptions, Writer, chosen_writer
from .turning import with_joints

TOOL = 'export'
"""Whose the files of a folder are, as its list says."""


class ExportError(ValueError):
    """Clips that cannot be written in a format; the message names the clip and what to do."""


class Saved(NamedTuple):
    """What :func:`save_clips` wrote.

    Args:
        paths: the files.
        notes: what was assumed or lost, one phrase each, with the number of files where that is not one.
    """
    paths: List[Path]
    notes: List[str]


# --- From an annotation


def export_clips(annotation: Mapping, *, fps: Optional[float] = None, skeleton=None, up: Optional[str] = None,
                 body: Optional[BodyModel] = None) -> List[ExportClip]:
    """The clips of an annotation as writers take them.

    Points that have no place (:func:`~mmagenc.datasets.gaps.missing_points`) become NaN; persons who are nowhere are left out.

    Args:
        annotation: checked, clips without labels allowed.
        fps: frames per second of clips of which the annotation does not say it.
        skeleton: layout of clips of which the annotation does not say it.
        up: axis that points up, where the annotation does not say it.
        body: whose joints the rotations turn.

    Raises:
        ExportError: a clip whose layout nothing says, or in which nobody is.
    """
    metainfo = annotation.get('metainfo') or {}
    homes = {name: split for split, members in (annotation.get('split') or {}).items() for name in members}
    usual = dict(fps=metainfo.get('fps') or fps, up=metainfo.get('up') or up, skeleton=metainfo.get('skeleton') or skeleton)
    return [_export_clip(clip, metainfo, usual, homes.get(clip['frame_dir']), body) for clip in annotation['annotations']]


def _export_clip(clip: Mapping, metainfo: Mapping, usual: Mapping, split: Optional[str], body: Optional[BodyModel]) -> ExportClip:
    layout = clip.get('skeleton') or usual['skeleton']
    if layout is None:
        raise ExportError(f'clip {clip["frame_dir"]}: nothing says the layout of its {clip["keypoint"].shape[2]} keypoints; '
                          '--skeleton names it')
    keypoint, score = np.array(clip['keypoint'], dtype=np.float32), clip.get('keypoint_score')
    missing = missing_points(keypoint, score)
    keypoint[missing] = np.nan
    there = ~missing.all(axis=(1, 2))
    if not there.any():
        raise ExportError(f'clip {clip["frame_dir"]}: no point has a place in any frame')
    if score is not None:
        score = np.where(missing, 0, np.nan_to_num(score)).astype(np.float32)
    arrays = dict(keypoint=keypoint, keypoint_score=score, pose=clip.get('pose'), transl=clip.get('transl'))
    arrays = {key: None if value is None else value[there] for key, value in arrays.items()}
    shape = clip.get('img_shape') or metainfo.get('img_shape')
    return ExportClip(
        name=clip['frame_dir'], skeleton=get_skeleton(layout), fps=float(clip.get('fps') or usual['fps'] or 0) or None,
        label=_class_name(clip, metainfo), subject=_word(clip.get('subject')), up=usual['up'] if keypoint.shape[-1] == 3 else None,
        img_shape=None if shape is None else tuple(int(size) for size in shape), source=clip.get('source') or metainfo.get('source'),
        split=split, metainfo=metainfo, body=body, **arrays)


def _class_name(clip: Mapping, metainfo: Mapping) -> Optional[str]:
    classes = metainfo.get('classes')
    return None if is_unlabelled(clip) else classes[int(clip['label'])] if classes else str(int(clip['label']))


def _word(value) -> Optional[str]:
    return None if value is None else str(value)


# --- Into files


def save_clips(clips: Sequence[ExportClip], path, format: Optional[str] = None, **options) -> Saved:
    """Write clips in the format that is named, or else that the suffix says; files of these names are replaced in one step each.

    Args:
        clips: at least one.
        path: a file; or, in formats of one file a clip, a folder, which the clips' names fill.
        format: name of a registered writer.
        **options: of :class:`~mmagenc.datasets.writers.registry.WriteOptions`.

    Returns:
        Saved: the files, and what was assumed or lost.

    Raises:
        ExportError: clips that the format cannot hold, naming them; nothing is written.
        OutputError: a folder with others' files of these names.
        ValueError: no such format, or options that it does not take.
        ImportError: a package that the format needs is not installed.
    """
    path, writer = Path(path), chosen_writer(path, format)
    options = complete_options(WriteOptions(**options), writer)
    notes: Counter = Counter()
    if clips and writer.needs != 'positions':
        clips, said = zip(*(with_joints(clip, always=options.skin) for clip in clips))
        notes.update(filter(None, said))
    clips = writable(clips, writer, options)
    targets = target_files(clips, path, writer)
    if options.up is not None and any(clip.up is None and clip.dimensions == 3 for clip in clips):
        notes['nothing says which axis points up: places are written as they are'] += 1
    with nullcontext() if is_file(path, writer) else filling(path, TOOL, [target.name for target, _ in targets]):
        for target, part in targets:
            notes.update(_write_whole(writer, part, target, options))
    return Saved([target for target, _ in targets], [note if count == 1 else f'{note} ({count} times)' for note, count in notes.items()])


def complete_options(options: WriteOptions, writer: Writer) -> WriteOptions:
    """The options with what the format usually has where the user says nothing.

    Raises:
        ValueError: what the format cannot have.
    """
    for key, value, known in (('unit', options.unit, writer.units), ('up', options.up, writer.ups)):
        if value is not None and value not in known:
            raise ValueError(f'{writer.title} has {key} {alternatives(known)}, got {value}')
    if options.skin and not writer.skins:
        raise ValueError(f'{writer.title} holds no body mesh: --skin goes with a format that does, such as gltf')
    unknown = sorted(set(options.writer) - set(writer.settings))
    if unknown:
        raise ValueError(f'{writer.title} has no setting {unknown[0]!r}; it has {", ".join(writer.settings) or "none"}')
    return replace(options, unit=options.unit or (writer.units or ('m', ))[0], up=options.up or writer.up)


def writable(clips: Sequence[ExportClip], writer: Writer, options: WriteOptions) -> List[ExportClip]:
    """The clips as a format takes them: turned so that its axis points up, one person each where it holds one.

    Raises:
        ExportError: clips that it cannot hold.
    """
    if not clips:
        raise ExportError('no clips to write')
    for clip in clips:
        problem = _problem(clip, writer, options)
        if problem:
            raise ExportError(f'clip {clip.name}: {problem}')
    turned = [clip if options.up is None else clip.turned(options.up) for clip in clips]
    return turned if writer.persons else [part for clip in turned for part in _one_by_one(clip)]


def _problem(clip: ExportClip, writer: Writer, options: WriteOptions) -> Optional[str]:
    """Why a format cannot hold a clip, and what to do."""
    if clip.dimensions not in writer.dimensions:
        held = 'places in space' if writer.dimensions == (3, ) else 'pixels'
        return (f'{writer.title} holds {held}, the keypoints are {"pixels" if clip.dimensions == 2 else "in space"}; of the other formats '
                f'--format csv, netcdf or coco take them')
    if writer.timed and clip.fps is None:
        return 'nothing says its frames per second; --fps does'
    if writer.needs == 'rotations' and not clip.has_rotations:
        return f'{writer.title} needs rotations of joints and positions that go with them, which the clip has not'
    if options.skin and not clip.has_rotations:
        return 'a body mesh needs rotations of joints and positions that go with them, which the clip has not'
    if not writer.gaps and clip.missing.any():
        person, frame, joint = (int(place) for place in np.argwhere(clip.missing)[0])
        points = int(clip.missing.any(axis=1).sum())
        return (f'{writer.title} cannot say that a point has no place, and {points} have gaps (first {clip.skeleton.joint_names[joint]} in '
                f'frame {frame}' + (f' of person {person}' if clip.num_persons > 1 else '') + '); mmagenc mix --fill-gaps N fills them')
    if options.up is not None and clip.up is None and clip.dimensions == 3 and options.up != writer.up:
        return 'nothing says which axis points up, so it cannot be turned; --source-up says it'
    return None


def _one_by_one(clip: ExportClip) -> Iterator[ExportClip]:
    if clip.num_persons == 1:
        yield clip
        return
    for index in range(clip.num_persons):
        yield replace(clip.person(index), name=f'{clip.name}_person{index + 1}')


def target_files(clips: Sequence[ExportClip], path: Path, writer: Writer) -> List[Tuple[Path, List[ExportClip]]]:
    """Which file each clip goes to.

    Raises:
        ExportError: a file named for several clips, or a folder for a format of one file.
    """
    if is_file(path, writer):
        if not writer.whole and len(clips) > 1:
            raise ExportError(f'{path}: {writer.title} holds one clip of one person a file, these are {len(clips)}: name a folder, with '
                              f'--format {writer.name}, or choose one clip')
        return [(path, list(clips))]
    if writer.whole:
        raise ExportError(f'{path}: {writer.title} is one file, which ends in {alternatives(writer.suffixes)}')
    return [(path / f'{name}{writer.suffixes[0]}', [clip]) for name, clip in zip(file_names(clip.name for clip in clips), clips)]


def is_file(path: Path, writer: Writer) -> bool:
    """Whether a path names a file of a format, and no folder for its files."""
    return path.suffix.lower() in writer.suffixes or is_stream(path)


def file_names(names: Iterable[str]) -> List[str]:
    """Names that files can have anywhere, all different also where case does not count."""
    result: List[str] = []
    for name in names:
        plain = re.sub(r'[^\w.+-]+', '_', name).strip('._')[:120] or 'clip'
        taken = {other.lower() for other in result}
        result.append(next(word for word in (plain, *(f'{plain}.{number}' for number in range(2, len(result) + 3)))
                           if word.lower() not in taken))
    return result


def _write_whole(writer: Writer, clips: Sequence[ExportClip], path: Path, options: WriteOptions) -> Sequence[str]:
    """Write beside the place and move there when it is whole."""
    parent = Path(tempfile.gettempdir()) if is_stream(path) else path.resolve().parent
    with making(parent), tempfile.TemporaryDirectory(prefix='.mmagenc-', dir=parent) as folder:
        beside = Path(folder) / (path.name if path.suffix else f'{path.name}{writer.suffixes[0]}')
        try:
            with naming(path, beside):
                notes = writer.write(clips, beside, options)
        except ValueError as error:
            raise ExportError(f'{path}: {error}') from error
        if is_stream(path):
            with open(beside, 'rb') as source, open(path, 'wb') as target:
                shutil.copyfileobj(source, target)
        else:
            beside.replace(path.resolve())
    return notes
