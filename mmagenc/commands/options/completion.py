"""What can be typed behind ``mmagenc completion``."""

import argparse

from mmagenc.command_line import Parser, add_debug

DESCRIPTION = """Print the script by which a shell completes commands, options and files.

    mmagenc completion bash > ~/.local/share/bash-completion/completions/mmagenc
    mmagenc completion zsh  > ~/.zfunc/_mmagenc          # a folder of $fpath

A new shell has it; after an update of the package the script is made again. It is made by shtab: pip install mmagenc[completion]
"""


def build_parser() -> Parser:
    parser = Parser('completion', description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('shell', choices=['bash', 'zsh', 'tcsh'], help='whose script')
    add_debug(parser)
    return parser
