"""What can be typed behind ``mmagenc generate``."""


from mmagenc.arguments import count, index, number
from mmagenc.command_line import KeyValue, Parser, add_debug
from mmagenc.commands.options.common import (
    add_cfg_options,
    add_device,
    add_launcher,
    add_model,
    add_num_frames,
    add_num_samples_per_class,
    add_out,
    add_seed,
)
from mmagenc.outputs import add_force


def build_parser() -> Parser:
    parser = Parser('generate', description='Generate labelled motion and write it as an annotation file')
    add_model(parser)
    add_out(parser, 'annotation file to write, .npz or (for MMAction2) .pkl', required=True)
    parser.add_argument('--pair', metavar='FILE.npy', help='also write positions as FILE.npy and names and labels as FILE_label.pkl, the '
                        'arrays of ST-GCN and Kinetic-GAN: (N, 3, T, V, 1), or (N, 2, T, V) in two dimensions')
    add_force(parser)
    add_num_samples_per_class(parser, '', said='50')
    parser.add_argument('--classes', nargs='+', metavar='CLASS', help='names or indices of the classes wanted (default: all; '
                        'refused where the generator was trained without a clip of some)')
    add_num_frames(parser, "of each clip; of Kinetic-GAN more than the config's are slow motion", said="the config's")
    add_seed(parser, 'one seed gives the same clips')
    add_device(parser, 'the generator')
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
    gan.add_argument('--mean-size', type=count, metavar='N', help="draws that the mean is taken of (default: the generator's)")
    gan.add_argument('--stochastic', action='store_true', help='one latent for all clips; only the noise inside varies')
    saved = parser.add_argument_group('saved latents')
    saved.add_argument('--latents', metavar='FILE', help='decode the latents that an earlier FILE of this tool keeps, and draw none')
    saved.add_argument('--latent-index', nargs='+', type=index, metavar='I', help='only those of the clips I of that file, from 0')
    around = parser.add_argument_group('variants of recordings, for generators that can')
    around.add_argument('--around', metavar='FILE[:SPLIT]', help='vary the clips of this annotation file, each once, or '
                        '--num-samples-per-class times a class in turn')
    around.add_argument('--strength', type=number(0, 1), metavar='S', help='how far from them, 0 to 1 (default: 0.5)')
    several = parser.add_argument_group('several processes')
    several.add_argument('--shard', metavar='I/N', help='make the share I of N, from 0/N; whoever finishes last writes the file')
    add_launcher(several, 'take the share from the launcher that started this process; tools/dist_generate.sh gives it')
    add_cfg_options(parser)
    add_debug(parser)
    return parser
