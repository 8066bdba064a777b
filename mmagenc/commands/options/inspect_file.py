"""What can be typed behind ``mmagenc inspect``."""

import argparse
from pathlib import Path

from mmagenc.command_line import Parser, add_debug
from mmagenc.commands.options.common import add_numbers
from mmagenc.outputs import add_force

DESCRIPTION = """Say what is in an annotation file: classes, subjects, lengths, gaps, confidence, bone lengths, speed, doubtful clips.

    mmagenc inspect data/mine/poses.npz                                  # as text
    mmagenc inspect data/mine/poses.npz --html poses.html --sheet poses.png
"""


def build_parser() -> Parser:
    parser = Parser('inspect', description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('file', type=Path, metavar='FILE', help='annotation file (.npz, .pkl), or a published infant file')
    parser.add_argument('--html', type=Path, metavar='FILE.html', help='also write it as a page, with some clips of each class')
    parser.add_argument('--sheet', type=Path, metavar='FILE.png', help='also draw some clips of each class')
    add_numbers(parser)
    add_force(parser)
    add_debug(parser)
    return parser
