"""Which class a recognizer sees when, in clips whose class changes (or in any clips): windows of each clip are named one after the other.

    mmagenc generate CONFIG CHECKPOINT --out mixed.npz --class-path walk:48 wave-left-hand:48 --num-samples-per-class 20
    mmagenc class-over-time mixed.npz --recognizer CONFIG CHECKPOINT --out classes.png

What is wanted of a window is the class that most of its frames are of. The figure shows, against the middle of the windows, the
recognizer's mean probability of each wanted class over all clips, and what was wanted as dashes; the share of windows that are named as is
wanted is printed for each class, with its 95 % interval over clips. Windows in which two classes have a part are counted by themselves, and
those of clips that the recognizer has learnt from too. Clips are mended as the recognizer's own were (gaps filled, persons chosen).
"""

import argparse
from pathlib import Path

from mmagenc.arguments import count
from mmagenc.command_line import Parser, add_debug
from mmagenc.commands.options.common import add_device, add_out, add_recognizer
from mmagenc.outputs import add_force


def build_parser() -> Parser:
    parser = Parser('class-over-time', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'clips', metavar='CLIPS.npz[:SPLIT]',
        help='annotation file of clips, or one of its splits; those without a path of classes are of their label')
    add_recognizer(parser, 'names the windows', required=True)
    add_out(parser, 'figure to write, .png, .pdf or .svg', required=True, type=Path)
    parser.add_argument('--window', type=count, default=32, metavar='N', help='frames of a window (default: %(default)s)')
    parser.add_argument('--step', type=count, default=4, metavar='N', help='frames from one window to the next (default: %(default)s)')
    add_device(parser, 'the recognizer')
    add_force(parser)
    add_debug(parser)
    return parser
