"""``mmagenc import-arrays``, by the path of a clone."""

import sys
from pathlib import Path

if __name__ == '__main__':
    sys.path[0] = str(Path(__file__).resolve().parents[2])  # the clone in place of this folder, in which inspect is not Python's
    from mmagenc.commands import start
    start('import-arrays')
