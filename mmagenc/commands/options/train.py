"""What can be typed behind ``mmagenc train``."""


from mmagenc.command_line import Parser, add_debug
from mmagenc.commands.options.common import add_cfg_options, add_launcher, add_seed


def build_parser() -> Parser:
    parser = Parser('train', description='Train a generator, a recognizer or both in the InfAGenC loop')
    parser.add_argument('config', help='config file')
    parser.add_argument('--init', metavar='CHECKPOINT',
                        help='begin with the weights of this checkpoint, of other classes (mmagenc pretrain), all but the classifier')
    parser.add_argument('--no-validate', action='store_true', help='do not validate while training')
    add_training_options(parser, work_dir='work_dirs/<name of the config>')
    add_debug(parser)
    return parser


def add_training_options(parser: Parser, *, work_dir: str) -> None:
    """What every training can be told."""
    parser.add_argument('--work-dir', metavar='FOLDER', help=f'where logs and checkpoints go (default: {work_dir})')
    parser.add_argument('--resume', nargs='?', const='auto', metavar='CHECKPOINT',
                        help='go on from this checkpoint, or without a value from the latest in the work folder')
    parser.add_argument('--amp', action='store_true', help='mixed precision: float16 on a GPU, bfloat16 on a CPU')
    parser.add_argument('--tensorboard', action='store_true', help='log to TensorBoard too, curves and sample pictures')
    parser.add_argument('--auto-scale-lr', action='store_true', help="scale the learning rate to this run's total batch size")
    add_seed(parser, 'of all random draws', None, "the config's")
    parser.add_argument('--diff-rank-seed', action='store_true', help='another seed on each rank')
    parser.add_argument('--deterministic', action='store_true', help='deterministic algorithms of cuDNN')
    add_cfg_options(parser, example='train_cfg.max_epochs=2 or key="[a,b]"')
    add_launcher(parser)
