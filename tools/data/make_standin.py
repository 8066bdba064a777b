"""Synthesize stand-in infants in the published file format, to try everything before real recordings are at hand.

    python tools/data/make_standin.py [--out data/standin] [--seed 0] [--force]

Writes InfActPrimitive/Data/primitive_{train,validate,test}.pkl, InfActPlus/{train,test}_trans_data.pkl, the quick start's
world/primitive.npz and a README.txt under ``--out``.
Does nothing when they are there already for the same seed and version.
"""

import argparse
import os
import pickle
import re
import sys
from pathlib import Path
from typing import Dict, List, Optional, Sequence

try:
    import mmagenc  # noqa: F401
except ModuleNotFoundError:  # a plain clone: not installed, started from anywhere
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    import mmagenc  # noqa: F401

from mmagenc.arguments import seed as seed_number
from mmagenc.command_line import add_debug, in_words
from mmagenc.outputs import FORCE, OutputError, folder_problem


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Synthesize stand-in infants in the published file format.')
    parser.add_argument('--out', type=Path, default=Path('data/standin'), help='folder whose name says "standin" (default: %(default)s)')
    parser.add_argument('--seed', type=seed_number, default=0, help='same seed, same clips (default: %(default)s)')
    parser.add_argument('--force', action='store_true', help='write again although the files are there')
    add_debug(parser)
    return parser.parse_args(argv)


if __name__ == '__main__':
    parse_args()  # answers --help and a misspelt option before the seconds that the imports below take

from mmengine.utils import ProgressBar

from mmagenc.compat import atomic_open
from mmagenc.datasets.annotation import save_annotation
from mmagenc.datasets.standin import SETS, SUBJECTS, VERSION, WORLD, WORLD_FILE, make_split, make_world

README = """stand-in data (synthesized), not recordings

Motion of infants made up by tools/data/make_standin.py, version {version}, seed {seed}, so that the package can be tried before the
recordings of InfActPrimitive and InfantAction are at hand. The files have the recordings' names and format and nothing of their
content: do not report results on them as results on those sets.

{sets}
Each of these files is a list of dicts: pose (1, T, 24, 3) axis-angle of SMPL's joints, keypoint (1, T, 17, 3) in metres, frame_dir,
pos_label or action_label, subject_id. No infant appears in two files. As published they are what a pose estimator makes of a video: in
the frame of a tilted camera, with limbs swapped and orientations lost now and then.

world: {world_classes}
  {world_file}: {world_sizes}, an annotation file
The same postures as they happen, on the floor, y up, without an estimator's errors: for the quick start and its picture.
"""


def readme_text(seed: int) -> str:
    """Text of README.txt: what the files are, and from which version and seed. It is written last and so marks a complete folder."""
    lines = []
    for standin in SETS.values():
        classes = ', '.join(f'{index} {name}' for index, name in enumerate(standin.classes))
        lines.append(f'{standin.name}: {classes}')
        lines += [f'  {path}: {standin.sizes[split]} clips of {SUBJECTS[split]} infants' for split, path in standin.files.items()]
    sizes = ', '.join(f'{size} {split}' for split, size in WORLD.sizes.items())
    world = dict(world_file=WORLD_FILE, world_sizes=f'{sizes} clips', world_classes=f'the classes of {WORLD.name}, as many clips of each')
    return README.format(version=VERSION, seed=seed, sets='\n'.join(lines) + '\n', **world)


def target_files(out: Path) -> List[Path]:
    """The files that will be written under ``out``."""
    return [out / path for standin in SETS.values() for path in standin.files.values()] + [out / WORLD_FILE]


def refuse_real_place(out: Path) -> None:
    """Raise ``ValueError`` when ``out`` may be where recordings belong: a folder without the stand-in's name, or with others' files."""
    if 'standin' not in out.resolve().name.lower():
        raise ValueError(f'--out {out}: recordings may belong there; name a folder with "standin" in it, such as data/standin')
    readme = out / 'README.txt'
    if readme.is_file() and readme.read_text(encoding='utf-8', errors='replace').startswith('stand-in data'):
        return
    if os.path.lexists(readme):
        raise ValueError(f'--out {out}: README.txt is there and is not that of stand-in data; name another folder')
    present = [str(path) for path in target_files(out) if path.exists()]
    if present and not (out / '.incomplete').is_file():
        raise ValueError(f'--out {out}: {present[0]} is there without the README.txt of stand-in data; it may be a recording, move it away')


def written_seed(readme: Path) -> Optional[int]:
    """The seed that a README.txt names."""
    match = re.search(r'version \S+, seed (\d+)', readme.read_text(encoding='utf-8', errors='replace'))
    return match and int(match[1])


def write_atomically(content: bytes, path: Path) -> None:
    """Write a file such that a reader finds the old content or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_open(path) as file:
        file.write(content)


def make_standin(out: Path, seed: int = 0, force: bool = False) -> Dict[str, int]:
    """Write the sets under ``out``.

    Returns:
        clips per file written; empty when everything was there already.

    Raises:
        ValueError: ``out`` may be where recordings belong, cannot be written to, or holds clips of another seed.
    """
    problem = folder_problem(out)
    if problem:
        raise ValueError(f'--out {out}: {problem}')
    refuse_real_place(out)
    readme, text = out / 'README.txt', readme_text(seed)
    complete = all(path.is_file() for path in target_files(out)) and readme.is_file() and readme.read_text(encoding='utf-8') == text
    if complete and not force:
        return {}
    if readme.is_file() and not force and written_seed(readme) != seed:
        raise OutputError(f'--out {out}: there already, of seed {written_seed(readme)}; {FORCE} it', status=2)
    out.mkdir(parents=True, exist_ok=True)
    (out / '.incomplete').touch()
    readme.unlink(missing_ok=True)
    bar = ProgressBar(sum(size for standin in [*SETS.values(), WORLD] for size in standin.sizes.values()), file=sys.stderr)
    written = {}
    for standin in SETS.values():
        for split, path in standin.files.items():
            clips = make_split(standin, split, seed=seed, progress=bar.update)
            write_atomically(pickle.dumps(clips, protocol=4), out / path)
            written[str(out / path)] = len(clips)
    world = make_world(seed=seed, progress=bar.update)
    save_annotation(world, out / WORLD_FILE)
    written[str(out / WORLD_FILE)] = len(world['annotations'])
    print(file=sys.stderr)
    write_atomically(text.encode(), readme)
    (out / '.incomplete').unlink()
    return written


def main(argv: Optional[Sequence[str]] = None) -> None:
    args = parse_args(argv)
    with in_words('make_standin', debug=args.debug):
        written = make_standin(args.out, args.seed, args.force)
    if not written:
        print(f'stand-in data (version {VERSION}, seed {args.seed}) is there already: {args.out} (--force makes it again)')
    for path, clips in written.items():
        print(f'stand-in data: {clips} clips in {path}')


if __name__ == '__main__':
    main()
