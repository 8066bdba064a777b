"""What tests of readers do with a file: which format it is recognized as, and what is in it."""

import pickle
from pathlib import Path

from mmagenc.datasets.readers.registry import ReadOptions, Unusable, all_readers, recognize
from mmagenc.datasets.readers.source import Source


def recordings(path, expected, root=None, **options):
    """All recordings of a file or folder that must be recognized as ``expected``."""
    source = Source(path, root)
    found = recognize(source, all_readers())
    assert found is not None and found[0].name == expected, (found, source.failure())
    return list(found[0].read(source, ReadOptions(**options)))


def outcomes(path, name, **options):
    """Recordings of a reader, and in the place of those that are refused what is said."""
    found = all_readers()[name].read(Source(path), ReadOptions(**options))
    return [item.reason if isinstance(item, Unusable) else item for item in found]


def pickled(path: Path, content) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(content, protocol=2))
    return path
