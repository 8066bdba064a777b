"""What can be typed behind ``mmagenc release``."""

import argparse
from pathlib import Path

from mmagenc.arguments import count, number
from mmagenc.command_line import Parser, add_debug
from mmagenc.commands.options.common import (
    add_cfg_options,
    add_device,
    add_num_frames,
    add_num_samples_per_class,
    add_out,
    add_seed,
)
from mmagenc.outputs import add_force

DESCRIPTION = """Write generated clips with a data sheet, by which others can decide whether they may leave the house.

    mmagenc release CONFIG CHECKPOINT --recordings MINE.npz:train --held-out MINE.npz:test --out FOLDER
    mmagenc release CLIPS.npz --recordings MINE.npz:train --held-out MINE.npz:test --out FOLDER
    mmagenc release CLIPS.npz CONFIG CHECKPOINT --recordings MINE.npz:train --out FOLDER [--recognizer CONFIG CHECKPOINT]

The sheet (DATASHEET.md, and datasheet.json for machines) says what the clips were made from, how near they lie to the recordings that the
generator was trained on (beside how near recordings lie that it never saw), how well somebody could tell by the clips who was recorded
(membership inference), how they move, and the files' checksums. It names no path, no recording and no person. What could not be measured
is said to be unknown: without --held-out that is nearly everything.

--pairs draws the clips that lie nearest to a recording, beside it. That picture shows recordings, so it is not put into the folder.
"""


def build_parser() -> Parser:
    parser = Parser('release', check=check, description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', nargs='+', metavar='CLIPS|CONFIG', help='generated clips (.npz, .pkl; FILE:SPLIT takes a split), or '
                        'config and checkpoint of the generator that makes them now, or all three: clips and who made them')
    parser.add_argument('--recordings', required=True, metavar='FILE[:SPLIT]', help='recordings that the generator was trained on')
    parser.add_argument('--held-out', metavar='FILE[:SPLIT]', help='recordings of the same classes that it was not trained on')
    add_out(parser, 'folder to write, which is what leaves', metavar='FOLDER', type=Path, required=True)
    parser.add_argument('--pairs', type=Path, metavar='FILE.png', help='also draw the nearest pairs; shows recordings, so not within --out')
    parser.add_argument('--licence', metavar='TEXT', help='of the clips, such as CC-BY-4.0 (default: left to be filled in)')
    parser.add_argument('--formats', nargs='+', default=[], metavar='NAME', help='write the clips in these formats too, such as bvh or csv '
                        '(mmagenc export --formats lists them)')
    made = parser.add_argument_group('clips that are made now')
    add_num_samples_per_class(made, '', said='50')
    made.add_argument('--strength', type=number(0, 1), metavar='S', help='make variants of the recordings, so far from them, 0 to 1, for '
                      'generators that can (default: new clips)')
    add_num_frames(made, 'of each clip', said="the config's")
    made.add_argument('--batch-size', type=count, default=64, metavar='N', help='clips at once, no matter for the result (default: 64)')
    add_cfg_options(made, "the generator's config")
    parser.add_argument('--min-distance', type=number(above=0), metavar='X', help='drop clips nearer to a recording than X times the '
                        'median distance of held-out recordings, such as 0.5')
    parser.add_argument('--recognizer', nargs=2, metavar=('CONFIG', 'CHECKPOINT'), help='asked whether the clips show their classes, and '
                        'whose features are attacked too')
    add_seed(parser, 'of new clips and of the bootstrap')
    add_device(parser, 'generator and recognizer')
    add_force(parser)
    add_debug(parser)
    return parser


def check(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Refuse what does not go together."""
    if len(args.source) > 3:
        parser.error(f'name clips, or config and checkpoint, or all three; got {len(args.source)}: {" ".join(args.source)}')
    if 'pyskl' in args.formats:
        parser.error('argument --formats: pyskl is what clips.pkl is already')
    if args.min_distance is not None and args.held_out is None:
        parser.error('argument --min-distance: it is in medians of the held-out recordings; name them with --held-out')
    if len(args.source) != 2:
        for option in ('num_samples_per_class', 'strength', 'num_frames'):
            if getattr(args, option) is not None:
                parser.error(f'argument --{option.replace("_", "-")}: the clips are given, none are made; it goes with CONFIG CHECKPOINT')
    if args.cfg_options is not None and len(args.source) == 1:
        parser.error('argument --cfg-options: there is no config; it goes with CONFIG CHECKPOINT')
