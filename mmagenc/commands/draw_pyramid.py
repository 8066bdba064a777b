"""Draw the graph pyramid of a joint layout: the graphs that Kinetic-GAN grows and shrinks.

    python tools/analysis/draw_pyramid.py --skeleton ucla20 --out pyramid.png
    python tools/analysis/draw_pyramid.py --skeleton ntu25 --automatic --out automatic.png    # instead of the published table
"""

import argparse
import sys
from pathlib import Path
from typing import Optional, Sequence

try:
    import mmagenc  # noqa: F401
except ModuleNotFoundError:  # a plain clone: not installed, started from anywhere
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    import mmagenc  # noqa: F401

from mmagenc.arguments import integer
from mmagenc.command_line import add_debug, in_words
from mmagenc.outputs import Output, add_force, require_outputs


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Draw the graph pyramid of a joint layout')
    parser.add_argument('--skeleton', required=True, metavar='LAYOUT', help='the joint layout: a name, or a YAML file')
    parser.add_argument('--out', required=True, type=Path, metavar='FILE', help='picture to write, .png')
    parser.add_argument('--automatic', action='store_true', help='the automatic pyramid, also where a published one is known')
    parser.add_argument('--height', type=integer(100, 10_000), default=620, help='pixels (default: %(default)s)')
    add_force(parser)
    add_debug(parser)
    return parser.parse_args(argv)


if __name__ == '__main__':
    parse_args()  # answers --help and a misspelt option before the seconds that the imports below take

from mmagenc.skeletons import get_skeleton
from mmagenc.skeletons.pyramid import automatic_pyramid, graph_pyramid
from mmagenc.visualization import write_png
from mmagenc.visualization.pyramid import draw_pyramid


def main(argv: Optional[Sequence[str]] = None) -> None:
    args = parse_args(argv)
    require_outputs('draw_pyramid', [Output('--out', args.out, ('.png', ))], inputs=[args.skeleton], force=args.force)
    with in_words('draw_pyramid', debug=args.debug):
        skeleton = get_skeleton(args.skeleton)
        pyramid = (automatic_pyramid if args.automatic else graph_pyramid)(skeleton)
        write_png(draw_pyramid(skeleton, pyramid=pyramid, height=args.height), args.out)
    print(f'{skeleton.name}: {" → ".join(map(str, pyramid.num_nodes))} nodes in {args.out}')


if __name__ == '__main__':
    main()
