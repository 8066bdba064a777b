"""What can be typed behind ``mmagenc export-model``."""

import argparse
from pathlib import Path

from mmagenc.command_line import Parser, add_debug
from mmagenc.commands.options.common import add_fps, add_out
from mmagenc.outputs import add_force

DESCRIPTION = """Write a trained model as a file that runs without this package: ONNX, or a program of torch.export.

    mmagenc export-model CONFIG CHECKPOINT --out model.onnx                        # the recognizer or the generator that the config trains
    mmagenc export-model CONFIG CHECKPOINT --out judge.onnx --part recognizer      # the judge of a generator's config
    mmagenc export-model CONFIG CHECKPOINT --out model.onnx --standalone run.py    # and the file that runs it, with numpy and onnxruntime

Class names, layout, frame rate, units and what has to be done to clips stand in the file. Its numbers are compared with PyTorch's before it
is written.
"""


def build_parser() -> Parser:
    parser = Parser('export-model', description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', metavar='CONFIG', help='config of a recognizer or of a generator')
    parser.add_argument('checkpoint', metavar='CHECKPOINT', help='its checkpoint')
    add_out(parser, 'file to write, .onnx or (for PyTorch) .pt2', type=Path, required=True)
    parser.add_argument('--part', choices=('recognizer', 'generator', 'classifier'),
                        help="what is written; classifier is SLT's (default: what the config trains)")
    parser.add_argument('--raw', action='store_true', help='a recognizer whose test pipeline has transforms that are not known as steps: '
                        'whoever runs the file does to clips what the pipeline does')
    parser.add_argument('--skeleton', metavar='LAYOUT', help='of the clips (default: as checkpoint or config say)')
    add_fps(parser, 'of the clips', said='as checkpoint or config say')
    parser.add_argument('--clips', type=Path, metavar='FILE', help='annotation file of clips that it is tried with (default: made up)')
    parser.add_argument('--standalone', type=Path, metavar='FILE.py', help='also write the Python file that runs .onnx models with numpy '
                        'and onnxruntime alone')
    add_force(parser)
    add_debug(parser)
    return parser
