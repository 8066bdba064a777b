"""Synthesize stand-in infants in the published file format, to try everything before real recordings are at hand.

    mmagenc standin [--out data/standin] [--sets primitive action world] [--seed 0] [--force]

Writes InfActPrimitive/Data/primitive_{train,validate,test}.pkl, InfActPlus/{train,test}_trans_data.pkl, the quick start's
world/primitive.npz and a README.txt under ``--out``; of these what ``--sets`` names. What is there already for the same seed and version is
not made again, and what is there of an older version is, whether ``--sets`` names it or not: a folder has one seed and one version.
"""

import argparse
import os
import pickle
import re
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from mmagenc.command_line import in_words
from mmagenc.commands.options.standin import PARTS
from mmagenc.datasets.annotation import save_annotation
from mmagenc.datasets.standin import SETS, SUBJECTS, VERSION, WORLD, WORLD_FILE, make_split, make_world
from mmagenc.outputs import FORCE, OutputError, folder_problem, writing
from mmagenc.progress import progress_bar

README = """stand-in data (synthesized), not recordings

Motion of infants made up by tools/data/make_standin.py, version {version}, seed {seed}, so that the package can be tried before the
recordings of InfActPrimitive and InfantAction are at hand. The files have the recordings' names and format and nothing of their
content: do not report results on them as results on those sets.

"""
PUBLISHED = """
Each of these files is a list of dicts: pose (1, T, 24, 3) axis-angle of SMPL's joints, keypoint (1, T, 17, 3) in metres, frame_dir,
pos_label or action_label, subject_id. No infant appears in two files. As published they are what a pose estimator makes of a video: in
the frame of a tilted camera, with limbs swapped and orientations lost now and then.
"""
IN_THE_WORLD = """world: {classes}
  {file}: {sizes} clips, an annotation file
{postures} as they happen, on the floor, y up, without an estimator's errors: for the quick start and its picture.
"""


def readme_text(seed: int, parts: Sequence[str] = PARTS) -> str:
    """Text of README.txt: what the files are, and from which version and seed. It is written last and so marks a complete folder."""
    lines = []
    for standin in (SETS[name] for name in parts if name in SETS):
        classes = ', '.join(f'{index} {name}' for index, name in enumerate(standin.classes))
        lines.append(f'{standin.name}: {classes}')
        lines += [f'  {path}: {standin.sizes[split]} clips of {SUBJECTS[split]} infants' for split, path in standin.files.items()]
    sections = ['\n'.join(lines) + '\n' + PUBLISHED] if lines else []
    if 'world' in parts:
        described = WORLD.name in parts
        classes = f'the classes of {WORLD.name}' if described else ', '.join(f'{index} {name}' for index, name in enumerate(WORLD.classes))
        sizes = ', '.join(f'{size} {split}' for split, size in WORLD.sizes.items())
        sections.append(IN_THE_WORLD.format(classes=f'{classes}, as many clips of each', file=WORLD_FILE, sizes=sizes,
                                            postures='The same postures' if described else 'Postures'))
    return README.format(version=VERSION, seed=seed) + '\n'.join(sections)


def part_files(out: Path) -> Dict[str, List[Path]]:
    """The files of each set under ``out``."""
    files = {name: [out / path for path in standin.files.values()] for name, standin in SETS.items()}
    return dict(files, world=[out / WORLD_FILE])


def target_files(out: Path) -> List[Path]:
    """The files of all sets under ``out``."""
    return [path for files in part_files(out).values() for path in files]


def listed_parts(readme: Path) -> List[str]:
    """The sets that a README.txt describes; none where there is none."""
    text = readme.read_text(encoding='utf-8', errors='replace') if readme.is_file() else ''
    return [name for name in PARTS if re.search(f'^{name}: ', text, re.MULTILINE)]


def refuse_real_place(out: Path) -> None:
    """Raise ``ValueError`` when ``out`` may be where recordings belong: a folder without the stand-in's name, or with others' files."""
    if 'standin' not in out.resolve().name.lower():
        raise ValueError(f'--out {out}: recordings may belong there; name a folder with "standin" in it, such as data/standin')
    readme = out / 'README.txt'
    ours = readme.is_file() and readme.read_text(encoding='utf-8', errors='replace').startswith('stand-in data')
    if os.path.lexists(readme) and not ours:
        raise ValueError(f'--out {out}: README.txt is there and is not that of stand-in data; name another folder')
    listed = listed_parts(readme)
    present = [str(path) for name, files in part_files(out).items() if name not in listed for path in files if path.exists()]
    if present and not (out / '.incomplete').is_file():
        where = 'and not in the README.txt of stand-in data' if ours else 'without the README.txt of stand-in data'
        raise ValueError(f'--out {out}: {present[0]} is there {where}; it may be a recording, move it away')


def written_seed(readme: Path) -> Optional[int]:
    """The seed that a README.txt names."""
    match = re.search(r'version \S+, seed (\d+)', readme.read_text(encoding='utf-8', errors='replace'))
    return match and int(match[1])


def write_atomically(content: bytes, path: Path) -> None:
    """Write a file such that a reader finds the old content or the new, never a part."""
    with writing(path) as file:
        file.write(content)


def parts_to_make(out: Path, parts: Sequence[str], seed: int, force: bool) -> List[str]:
    """Which sets are to be made: those asked for that are not there as the README.txt says, and with them all that is of another making.

    Raises:
        OutputError: what is there is of another seed, and ``force`` is off.
    """
    readme, files = out / 'README.txt', part_files(out)
    listed = listed_parts(readme)
    if readme.is_file() and readme.read_text(encoding='utf-8', errors='replace') == readme_text(seed, listed):
        return [name for name in PARTS if name in parts and (force or name not in listed or not all(map(Path.is_file, files[name])))]
    if readme.is_file() and not force and written_seed(readme) != seed:
        raise OutputError(f'--out {out}: there already, of seed {written_seed(readme)}; {FORCE} it', status=2)
    return [name for name in PARTS if name in parts or name in listed or any(map(Path.exists, files[name]))]


def make_standin(out: Path, seed: int = 0, force: bool = False, parts: Sequence[str] = PARTS) -> Dict[str, int]:
    """Write the sets under ``out``.

    Args:
        out: the folder.
        seed: same seed, same clips.
        force: make the sets again although they are there.
        parts: of :data:`PARTS`; what is there of another seed or version is made again too.

    Returns:
        clips per file written; empty when everything was there already.

    Raises:
        ValueError: ``out`` may be where recordings belong, cannot be written to, or holds clips of another seed.
    """
    problem = folder_problem(out)
    if problem:
        raise ValueError(f'--out {out}: {problem}')
    refuse_real_place(out)
    readme = out / 'README.txt'
    parts = parts_to_make(out, parts, seed, force)
    if not parts:
        return {}
    there = {*parts, *listed_parts(readme)}
    out.mkdir(parents=True, exist_ok=True)
    (out / '.incomplete').touch()
    readme.unlink(missing_ok=True)
    written = {str(path): clips for path, clips in write_parts(out, parts, seed)}
    write_atomically(readme_text(seed, [name for name in PARTS if name in there]).encode(), readme)
    (out / '.incomplete').unlink()
    return written


def write_parts(out: Path, parts: Sequence[str], seed: int) -> Iterator[Tuple[Path, int]]:
    """Make sets; gives each file that was written, and its clips."""
    with progress_bar(sum(size for name in parts for size in SETS.get(name, WORLD).sizes.values()), 'synthesizing clips') as advance:
        for standin in (SETS[name] for name in parts if name in SETS):
            for split, path in standin.files.items():
                clips = make_split(standin, split, seed=seed, progress=advance)
                write_atomically(pickle.dumps(clips, protocol=4), out / path)
                yield out / path, len(clips)
        if 'world' in parts:
            world = make_world(seed=seed, progress=advance)
            save_annotation(world, out / WORLD_FILE)
            yield out / WORLD_FILE, len(world['annotations'])


def run(args: argparse.Namespace) -> None:
    with in_words('standin', debug=args.debug):
        written = make_standin(args.out, args.seed, args.force, args.sets)
    if not written:
        print(f'stand-in data ({", ".join(args.sets)}; version {VERSION}, seed {args.seed}) is there already: {args.out} '
              '(--force makes it again)')
    for path, clips in written.items():
        print(f'stand-in data: {clips} clips in {path}')
