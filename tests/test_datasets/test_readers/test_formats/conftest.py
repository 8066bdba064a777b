"""What the tests of formats share."""

import json
from pathlib import Path

import numpy as np
import pytest

from mmagenc.datasets.readers.registry import ReadOptions, all_readers, recognize
from mmagenc.datasets.readers.source import Source
from mmagenc.datasets.readers.tracks import link_persons


@pytest.fixture
def write(tmp_path):
    """Writes a file below the test's folder: text, bytes, or anything else as JSON; returns its path."""

    def write(name: str, content) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding='utf-8')
        return path

    return write


@pytest.fixture
def import_file(tmp_path):
    """Reads a file or folder by the reader that recognizes it, which must be the one named; persons are linked."""

    def import_file(path, reader: str, *, link: bool = True, max_persons: int = 1, **options):
        source = Source(path, tmp_path)
        taken = recognize(source, all_readers())
        assert taken is not None and taken[0].name == reader, taken
        recordings = list(taken[0].read(source, ReadOptions(**options)))
        return [link_persons(recording, max_persons=max_persons) for recording in recordings] if link else recordings

    return import_file


@pytest.fixture
def walk() -> np.ndarray:
    """``(10, 17, 2)``: a person of COCO's keypoints who goes 2 pixels a frame to the right."""
    pose = np.random.default_rng(3).uniform(100, 200, (17, 2)).round(1)
    return (pose[None] + np.arange(10)[:, None, None] * [2, 0]).astype(np.float32)
