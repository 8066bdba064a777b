"""``mmagenc pretrain``, by the path of a clone."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # where nothing is installed: the clone
from mmagenc.commands import start

if __name__ == '__main__':
    start('pretrain')
