"""Write a trained model as a folder to hand on: config.json, model.safetensors and a README that says what it is and was made of.

    mmagenc save-pretrained work_dirs/mine --out FOLDER                  # the best checkpoint by validation, or else the last
    mmagenc save-pretrained CONFIG CHECKPOINT --out FOLDER [--recognizer]
    mmagenc save-pretrained work_dirs/mine --out FOLDER --push-to-hub OWNER/NAME

The folder needs no config file and no data: mmagenc generate FOLDER, or Generator.load('FOLDER') in a notebook. A training by InfAGenC has
two models, the generator and (--recognizer) its judge. Optimizers, pools and paths of this machine stay behind. What a generator keeps of
recordings goes along, and the README says how much that is: read it before the folder is given to others.
"""

import argparse

from mmagenc.command_line import Parser, add_debug
from mmagenc.commands.options.common import add_out
from mmagenc.outputs import add_force


def build_parser() -> Parser:
    parser = Parser('save-pretrained', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', metavar='WORK_DIR|CONFIG', help='folder of a training, or the config of a checkpoint')
    parser.add_argument('checkpoint', nargs='?', help='its checkpoint, where a config is given')
    add_out(parser, 'folder to write', metavar='FOLDER', required=True)
    parser.add_argument('--recognizer', action='store_true', help="of InfAGenC's two models the judge (default: the generator)")
    parser.add_argument('--name', metavar='NAME', help="what the README calls it (default: the folder's name)")
    parser.add_argument('--push-to-hub', metavar='OWNER/NAME', help='also send the folder to the Hugging Face hub, where a new repository '
                        'is private: pip install mmagenc[hub]')
    add_force(parser)
    add_debug(parser)
    return parser
