"""What ``mmagenc import-ntu`` does; how it is called is in :mod:`mmagenc.commands.options.import_ntu`."""

import argparse
import functools
import hashlib
import json
import sys
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from mmagenc.command_line import in_words, print_left_out
from mmagenc.datasets.mending import ClipMending, gap_settings
from mmagenc.datasets.readers.annotation_shards import ShardFolder, is_done, merge_shards, shard_header, write_shard
from mmagenc.datasets.readers.motion_files import convert_files, find_files, why_left_out
from mmagenc.datasets.readers.ntu_benchmark import BENCHMARKS, Benchmark, read_missing
from mmagenc.datasets.readers.ntu_cleaning import align, center, clean, with_second_body
from mmagenc.datasets.readers.ntu_skeleton import ClipName, read_skeleton
from mmagenc.outputs import Output, require_outputs


class Settings(NamedTuple):
    """How a clip is converted."""
    benchmark: str
    align: str
    second_body: str
    fill_gaps: Optional[Dict] = None


class Shard(NamedTuple):
    """Clips that are converted together: names and files, and what tells whether they were."""
    clips: List[Tuple[str, Path]]
    fingerprint: str


def find_clips(folders: Sequence[Path], benchmark: Benchmark, missing) -> Tuple[List[Tuple[str, Path]], List[str]]:
    """Names and files of the clips of a release, sorted by name, and why other files were left out."""
    clips: Dict[str, Path] = {}
    left_out = []
    for folder in folders:
        for path_below, path in find_files(folder, '.skeleton'):
            name = path_below.rsplit('/', 1)[-1]
            try:
                wanted = benchmark.has(ClipName.parse(name)) and name not in missing
            except ValueError as error:
                left_out.append(f'{path}: {error}')
                continue
            if wanted and name in clips and path.resolve() != clips[name].resolve():
                left_out.append(f'{path}: the same clip as {clips[name]}')
            elif wanted:
                clips.setdefault(name, path)
    return sorted(clips.items()), left_out


def make_shards(clips: Sequence[Tuple[str, Path]], settings: Settings, size: int) -> List[Shard]:
    """Clips in groups; a group's fingerprint changes with the settings and with any of its files."""
    shards = []
    for start in range(0, len(clips), size):
        group = list(clips[start:start + size])
        stats = [(name, path.stat().st_size, path.stat().st_mtime_ns) for name, path in group]
        shards.append(Shard(group, hashlib.sha256(json.dumps([settings, stats]).encode()).hexdigest()))
    return shards


def convert_clip(name: str, path: Path, settings: Settings) -> Dict:
    """Read and clean one file."""
    keypoint = center(clean(read_skeleton(path)))
    if settings.align != 'none':
        keypoint = align(keypoint, together=settings.align == 'together')
    clip = dict(total_frames=keypoint.shape[1], keypoint=keypoint)
    keypoint = with_second_body(ClipMending(fill_gaps=settings.fill_gaps)(clip, dict(skeleton='ntu25'))['keypoint'], settings.second_body)
    clip = ClipName.parse(name)
    return dict(frame_dir=name, label=clip.action - 1, total_frames=keypoint.shape[1], keypoint=keypoint, subject=f'P{clip.subject:03d}',
                camera=f'C{clip.camera:03d}', source='real')


def convert_shard(settings: Settings, shard: Shard, out: Path) -> None:
    """Convert the clips of a shard and write them, with what was left out and why."""
    clips, left_out = [], []
    for name, path in shard.clips:
        try:
            clips.append(convert_clip(name, path, settings))
        except Exception as error:  # damaged files raise nearly anything
            left_out.append(why_left_out(path, error))
    write_shard(out, clips, metainfo=dict(skeleton='ntu25'), fingerprint=shard.fingerprint, left_out=left_out)


def convert_all(shards: Sequence[Shard], settings: Settings, folder: ShardFolder, processes: int) -> List[Path]:
    """Convert the shards that are not done; returns all their files."""
    paths = [folder.shard(index) for index in range(len(shards))]
    todo = [(shard, path) for shard, path in zip(shards, paths) if not is_done(path, shard.fingerprint)]
    print(f'{sum(len(shard.clips) for shard in shards)} clips in {len(shards)} shards, {len(shards) - len(todo)} of them done before',
          file=sys.stderr)
    if todo:
        _, failed = convert_files(todo, functools.partial(convert_shard, settings), processes, chunksize=1)
        if failed:
            raise ValueError('\n  '.join(['shards could not be written:', *failed]))
    return paths


def convert(args: argparse.Namespace) -> List[str]:
    """Convert; returns why files were left out.

    Raises:
        ValueError: arguments that make no sense, or no file that can be used.
    """
    benchmark = BENCHMARKS[args.benchmark]
    settings = Settings(args.benchmark, args.align, args.second_body, gap_settings(args))
    ClipMending(fill_gaps=settings.fill_gaps)  # refuses settings before the first file is read
    clips, left_out = find_clips(args.folders, benchmark, read_missing(args.missing) if args.missing else ())
    if not clips:
        raise ValueError('\n  '.join([f'no clip of {args.benchmark} found:', *left_out]))
    folder = ShardFolder.of(args.out)
    folder.make()
    paths = convert_all(make_shards(clips, settings, args.shard_size), settings, folder, args.processes)
    headers = [shard_header(path) for path in paths]
    left_out += [reason for header in headers for reason in header['metainfo']['left_out']]
    names = [clip['frame_dir'] for header in headers for clip in header['annotations']]
    if not names:
        raise ValueError('\n  '.join(['no file could be used:', *left_out]))
    metainfo = dict(classes=benchmark.classes, skeleton='ntu25', fps=30., align=args.align, second_body=args.second_body)
    split = benchmark.splits(names)
    merge_shards(paths, args.out, metainfo=metainfo, split=split)
    if not args.keep_shards:
        folder.remove()
    print(f'{len(names)} clips ({", ".join(f"{key} {len(members)}" for key, members in split.items())}): {args.out}')
    return left_out


def run(args: argparse.Namespace) -> None:
    require_outputs('import-ntu', [Output('--out', args.out, ('.npz', )), ShardFolder.of(args.out)],
                    inputs=[*((folder, '.skeleton') for folder in args.folders), args.missing], force=args.force)
    with in_words('import-ntu', debug=args.debug):
        left_out = convert(args)
    print_left_out(left_out)
