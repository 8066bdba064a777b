"""What can be typed behind ``mmagenc recognize``."""

import argparse
from pathlib import Path

from mmagenc.arguments import count, index, number, positive, threads
from mmagenc.command_line import Parser, add_debug
from mmagenc.commands.options.common import add_device, add_fps, add_out
from mmagenc.outputs import add_force

DESCRIPTION = """Which class each clip of a file shows, or what a stream of frames shows now.

    mmagenc recognize CONFIG CHECKPOINT --clips new.npz --out classes.csv
    mmagenc recognize model.onnx --clips new.npz --out classes.json
    estimator | mmagenc recognize model.onnx --stream - --fps 30                   # a frame a line in, a prediction a line out
    mmagenc recognize model.onnx --stream frames.jsonl --follow --fps 30           # a file that grows
    mmagenc recognize model.onnx --stream 0 --pose-model rtmpose-m                 # a camera, with the extra pose

MODEL is an .onnx file of mmagenc export-model, which needs no PyTorch for a stream, the folder of a model
(mmagenc save-pretrained), or a config and its checkpoint. A frame is a line of
JSON, [[x, y, score], …] in pixels or [[x, y, z], …] in metres, or null where nobody is seen (docs/deploy.md).
"""


def build_parser() -> Parser:
    parser = Parser('recognize', check=check_args, description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('model', metavar='MODEL', help='.onnx file, or the config of a recognizer')
    parser.add_argument('checkpoint', nargs='?', metavar='CHECKPOINT', help='of a config')
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument('--clips', metavar='FILE[:SPLIT]', help='annotation file, or one of its splits; its clips need no labels')
    source.add_argument('--stream', metavar='SOURCE', help='- (standard input) or lines of JSON in a file; a video, a camera (its number)')
    add_out(parser, 'table to write, .csv or .json (default: it is printed); of a stream the lines, .jsonl', type=Path)
    add_device(parser, 'a recognizer of a config')
    parser.add_argument('--threads', type=threads, default=1, metavar='N', help='CPU threads (default: %(default)s)')
    parser.add_argument('--top-k', type=count, default=3, metavar='K', help='classes that are named with their probabilities (default: '
                        '%(default)s)')
    _add_stream(parser)
    add_force(parser)
    add_debug(parser)
    return parser


def _add_stream(parser: Parser) -> None:
    group = parser.add_argument_group('streams')
    add = group.add_argument
    add_fps(group, "of the stream, which is brought to the model's", said="taken for the model's; of videos as they say")
    add('--window', type=count, metavar='N', help="frames that a prediction is made of (default: the model's)")
    add('--stride', type=count, default=1, metavar='N', help='frames from one prediction to the next (default: %(default)s)')
    add('--smoothing', type=number(0, 0.99), default=0., metavar='SHARE', help="share of the last prediction's probabilities in the next "
        'one (default: %(default)s)')
    add('--max-gap', type=index, default=10, metavar='FRAMES', help='frames on end without a person before the window begins anew '
        '(default: %(default)s)')
    add('--follow', action='store_true', help='wait for more at the end of a file')
    add('--timeout', type=positive, metavar='SECONDS', help='--follow: end when so long nothing came (default: never)')
    add('--lenient', action='store_true', help='take lines that are no frames for frames without a person, and say so')
    add('--img-shape', type=count, nargs=2, metavar=('HEIGHT', 'WIDTH'), help='of the images that lines of keypoints in pixels are '
        'from, for recognizers that divide by it (default: what the pipeline takes; videos and cameras know theirs)')
    add('--pose-model', metavar='NAME', help='videos and cameras: the pose estimator of MMPose, such as rtmpose-m (extra pose)')
    add('--pose-weights', metavar='FILE', help='its weights, where it is a config of your own (default: those of its name, downloaded)')


def check_args(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    onnx = args.model.endswith('.onnx')
    if onnx and args.checkpoint is not None:
        parser.error(f'name one model: an .onnx file, or a config and its checkpoint; got {args.model} {args.checkpoint}')
    if not onnx and args.checkpoint is None and not Path(args.model).is_dir():
        parser.error(f'{args.model} is neither an .onnx file nor the folder of a model: a config needs its checkpoint behind it')
    if args.stream is None:
        for name in ('follow', 'timeout', 'window', 'fps', 'lenient', 'img_shape', 'pose_model', 'pose_weights'):
            if getattr(args, name):
                parser.error(f'--{name.replace("_", "-")} is of streams, which --stream names')
    if args.pose_weights is not None and args.pose_model is None:
        parser.error('--pose-weights are those of --pose-model')
    if args.timeout and not args.follow:
        parser.error('--timeout ends --follow')
