"""What can be typed behind ``mmagenc generate``."""

import argparse

from mmagenc.arguments import count, index, number, seed
from mmagenc.command_line import KeyValue, Parser, add_debug
from mmagenc.outputs import add_force


def build_parser() -> Parser:
    parser = Parser('generate', description='Generate labelled motion and write it as an annotation file')
    parser.add_argument('config', help="the generator's config file")
    parser.add_argument('checkpoint', help='its checkpoint file')
    parser.add_argument('--out', required=True, metavar='FILE', help='annotation file to write, .npz or (for MMAction2) .pkl')
    parser.add_argument('--pair', metavar='FILE.npy', help='also write positions as FILE.npy and names and labels as FILE_label.pkl, the '
                        'arrays of ST-GCN and Kinetic-GAN: (N, 3, T, V, 1), or (N, 2, T, V) in two dimensions')
    add_force(parser)
    parser.add_argument('--num-samples-per-class', type=count, metavar='N', help='clips of each class (default: 50)')
    parser.add_argument('--classes', nargs='+', metavar='CLASS', help='names or indices of the classes wanted (default: all)')
    parser.add_argument('--num-frames', type=count, metavar='N', help="frames of each clip (default: the config's)")
    parser.add_argument('--seed', type=seed, default=0, help='one seed gives the same clips (default: 0)')
    parser.add_argument('--device', help='such as cpu or cuda:0 (default: the GPU if there is one)')
    parser.add_argument('--batch-size', type=count, default=64, metavar='N', help='clips at once, no matter for the result (default: 64)')
    parser.add_argument('--sampling', nargs='+', action=KeyValue, default={}, metavar='KEY=VALUE',
                        help="options of the generator's sampling, such as noise_factor=0.8 or latent_mode=interpolate")
    mixed = parser.add_argument_group('classes that change within a clip, for generators that can')
    mixed.add_argument('--class-path', nargs='+', metavar='CLASS:FRAMES', help='what happens one after the other in each clip; N clips of '
                       '--num-samples-per-class in all')
    mixed.add_argument('--blend', type=index, metavar='N', help='frames that each change is spread over (default: 0)')
    gan = parser.add_argument_group("options of Kinetic-GAN's sampling")
    gan.add_argument('--truncation', type=number(), metavar='PSI', help='pull latents to their mean: 1 leaves them, 0 is the mean itself')
    gan.add_argument('--truncation-mode', choices=['w', 'z', 'none'], help="which latents: the mapping network's output w, or the noise z")
    gan.add_argument('--truncation-mean', choices=['class', 'published'], help="of w: of the clip's class, or as published of none")
    gan.add_argument('--mean-size', type=count, metavar='N', help='draws that the mean is taken of')
    gan.add_argument('--stochastic', action='store_true', help='one latent for all clips; only the noise inside varies')
    saved = parser.add_argument_group('saved latents')
    saved.add_argument('--latents', metavar='FILE', help='decode the latents that an earlier FILE of this tool keeps, and draw none')
    saved.add_argument('--latent-index', nargs='+', type=index, metavar='I', help='only those of the clips I of that file, from 0')
    several = parser.add_argument_group('several processes')
    several.add_argument('--shard', metavar='I/N', help='make the share I of N, from 0/N; whoever finishes last writes the file')
    several.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none',
                         help='take the share from the launcher that started this process; tools/dist_generate.sh gives it')
    several.add_argument('--local-rank', '--local_rank', type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument('--cfg-options', nargs='+', action=KeyValue, metavar='KEY=VALUE', help='override settings of the config')
    add_debug(parser)
    return parser
