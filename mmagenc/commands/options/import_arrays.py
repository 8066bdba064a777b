"""Bring sets that others publish as arrays into one annotation file, or an annotation file back into such arrays.

    mmagenc import-arrays npz NTU60_CS.npz --classes ntu60 --out data/ntu60/ctrgcn_xsub.npz
    mmagenc import-arrays pkl ntu60_3danno.pkl --classes ntu60 --skeleton ntu25 --out data/ntu60/pyskl.npz
    mmagenc import-arrays pair train train_data.npy train_label.pkl test val_data.npy val_label.pkl \\
        --skeleton ntu25 --classes ntu60 --out data/ntu60/stgcn_xsub.npz
    mmagenc import-arrays back data/ntu60/ntu60.npz --split xsub_train --data train_data.npy --labels train_label.pkl

``npz`` is CTR-GCN's and InfoGCN's form, ``pkl`` pyskl's and MMAction2's, ``pair`` that of ST-GCN, 2s-AGCN and Kinetic-GAN. Clips that
cannot be used are listed at the end and left out; labels that are none of the classes refuse the file.

Arrays of estimated 2-D poses hold x, y and a score, not a depth: ``--channels xys`` says so, ``xyz`` says the opposite, and ``auto`` looks
at the numbers (x and y in pixels beside a third in [0, 1], say) and tells what it took them for.
"""

import argparse
from pathlib import Path

from mmagenc.arguments import index, names
from mmagenc.command_line import Parser, add_debug, add_gap_options
from mmagenc.commands.options.common import accept_old, add_num_frames, add_out
from mmagenc.outputs import add_force

CHANNELS = ('auto', 'xyz', 'xys')


def build_parser() -> Parser:
    parser = Parser('import-arrays', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    forms = parser.add_subparsers(dest='form', required=True)
    for form, what in (('npz', 'a CTR-GCN .npz'), ('pkl', 'a pyskl .pkl'), ('pair', 'SPLIT DATA.npy LABELS.pkl, once or several times')):
        sub = forms.add_parser(form, help=what)
        sub.add_argument('source', nargs='+' if form == 'pair' else 1, help=what)
        add_out(sub, 'annotation file to write', metavar='FILE.npz', type=Path, required=True)
        sub.add_argument('--skeleton', default='ntu25', metavar='LAYOUT',
                         help='layout of the keypoints, a name or a YAML file (default: %(default)s)')
        sub.add_argument('--classes', type=names, metavar='A,B,…',
                         help='ntu60, ntu120, h36m (the ten generated actions), or names in index order, one with a comma as "A, a"')
        sub.add_argument('--channels', choices=CHANNELS, default='auto', help='what three numbers of a keypoint are: coordinates, or two '
                         'coordinates and a score (default: as the numbers look)')
        add_gap_options(sub)
        add_force(sub)
    back = forms.add_parser('back', help='an annotation file to a pair')
    back.add_argument('source', help='annotation file')
    back.add_argument('--split', metavar='NAME', help='its clips only (default: all)')
    back.add_argument('--data', type=Path, required=True, metavar='FILE.npy', help='file to write the numbers to')
    back.add_argument('--labels', type=Path, required=True, metavar='FILE.pkl', help='file to write names and labels to')
    add_num_frames(back, 'of every clip', 300, old='--frames')
    persons = back.add_argument('--num-persons', type=index, default=2, metavar='N',
                                help='persons of every clip; 0 leaves the axis out (default: %(default)s)')
    accept_old(back, persons, '--persons')
    add_force(back)
    add_debug(parser)
    return parser
