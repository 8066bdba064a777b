"""``mmagenc import-amass``: a name of ``mmagenc import --format smpl_npz``, at 20 frames a second.

    mmagenc import-amass FOLDER --out data/amass/motion.npz --fps 20 --labels '(?P<label>[^/_]+)[^/]*_poses$'
"""

import argparse

from mmagenc.commands.import_files import import_motion


def run(args: argparse.Namespace) -> None:
    import_motion('import-amass', args, 'smpl_npz', '.npz')
