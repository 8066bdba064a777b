"""Features of real clips, extracted once for each recognizer.

n clips, D feature channels.
"""

import hashlib
from pathlib import Path
from typing import Dict, Optional, Sequence, Tuple
from zipfile import BadZipFile

import numpy as np

from mmagenc.datasets.annotation import ARRAY_KEYS
from mmagenc.outputs import writing
from mmagenc.untrusted import open_npz

Entry = Tuple[np.ndarray, int]
"""Feature ``(D,)`` and predicted class of a clip."""


class FeatureCache:
    """What one recognizer says of clips, by the clips' content.

    Args:
        fingerprint: of the recognizer, see :func:`recognizer_fingerprint`; names the file.
        folder: where the file ``<fingerprint>.npz`` is kept between runs; ``None`` keeps it in memory only.
    """

    def __init__(self, fingerprint: str, folder: Optional[str] = None) -> None:
        self.path = None if folder is None else Path(folder) / f'{fingerprint}.npz'
        self._entries: Dict[str, Entry] = {}
        self._changed = False
        if self.path is not None and self.path.is_file():
            self._entries = self._read()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str) -> Optional[Entry]:
        """The entry of a clip, or ``None``."""
        return self._entries.get(key)

    def put(self, key: str, feature: np.ndarray, predicted: int) -> None:
        """Remember a clip."""
        if key not in self._entries:
            self._entries[key] = (np.asarray(feature, dtype=np.float32), int(predicted))
            self._changed = True

    def save(self) -> None:
        """Write the file, with what another process has added to it meanwhile."""
        if self.path is None or not self._changed:
            return
        entries = {**(self._read() if self.path.is_file() else {}), **self._entries}
        features, predicted = zip(*entries.values())
        with writing(self.path) as file:
            np.savez_compressed(file, key=np.array(list(entries)), feature=np.stack(features), predicted=np.array(predicted))
        self._entries, self._changed = entries, False

    def _read(self) -> Dict[str, Entry]:
        """The file's entries; one that cannot be read counts as empty and is written anew."""
        try:
            with open_npz(self.path) as archive:
                arrays = [archive[name] for name in ('key', 'feature', 'predicted')]
        except (ValueError, KeyError, OSError, EOFError, BadZipFile):
            return {}
        return {str(key): (feature, int(predicted)) for key, feature, predicted in zip(*arrays)}


def recognizer_fingerprint(recognizer: Dict, pipeline: Sequence[Dict], checkpoint: str) -> str:
    """Hash of a recognizer's checkpoint file, config and pipeline."""
    digest = hashlib.sha256(repr((recognizer, list(pipeline))).encode())
    with open(checkpoint, 'rb') as file:
        for block in iter(lambda: file.read(1 << 20), b''):
            digest.update(block)
    return digest.hexdigest()[:32]


SAID = ('img_shape', 'original_shape', 'fps', 'up')
"""What transforms read of a clip beside its arrays, as ``PreNormalize2D`` the size of the image."""


def clip_key(annotation: Dict) -> str:
    """Hash of all that a recognizer may see of a clip."""
    digest = hashlib.sha256(repr((annotation['total_frames'], annotation.get('skeleton'))).encode())
    for name in SAID:
        if annotation.get(name) is not None:
            digest.update(repr((name, np.asarray(annotation[name]).tolist())).encode())
    for name in ARRAY_KEYS:
        if name in annotation:
            array = np.ascontiguousarray(annotation[name])
            digest.update(repr((name, array.shape, array.dtype.str)).encode() + array.tobytes())
    return digest.hexdigest()[:32]
