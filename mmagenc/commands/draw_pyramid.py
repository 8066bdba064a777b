"""Draw the graph pyramid of a joint layout: the graphs that Kinetic-GAN grows and shrinks.

    mmagenc draw-pyramid --skeleton ucla20 --out pyramid.png
    mmagenc draw-pyramid --skeleton ntu25 --automatic --out automatic.png    # instead of the published table
"""

import argparse

from mmagenc.command_line import in_words
from mmagenc.outputs import Output, require_outputs
from mmagenc.skeletons import get_skeleton
from mmagenc.skeletons.pyramid import automatic_pyramid, graph_pyramid
from mmagenc.visualization import write_png
from mmagenc.visualization.pyramid import draw_pyramid


def run(args: argparse.Namespace) -> None:
    require_outputs('draw-pyramid', [Output('--out', args.out, ('.png', ))], inputs=[args.skeleton], force=args.force)
    with in_words('draw-pyramid', debug=args.debug):
        skeleton = get_skeleton(args.skeleton)
        pyramid = (automatic_pyramid if args.automatic else graph_pyramid)(skeleton)
        write_png(draw_pyramid(skeleton, pyramid=pyramid, height=args.height), args.out)
    print(f'{skeleton.name}: {" → ".join(map(str, pyramid.num_nodes))} nodes in {args.out}')
