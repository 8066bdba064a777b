"""The clips that the loop has accepted."""

from pathlib import Path
from typing import Dict, List, Optional, Sequence

import numpy as np
import torch

from .annotation import save_annotation


class SyntheticPool:
    """Accepted generated clips in the annotation format, with the round and epoch that made them.

    It only grows. Its state goes into the checkpoint as tensors and plain containers, so that a checkpoint stays loadable with
    ``weights_only=True``.

    Args:
        metainfo: ``classes``, ``skeleton``, ``fps`` … of the exported annotation.
    """

    def __init__(self, metainfo: Optional[Dict] = None) -> None:
        self.metainfo = dict(metainfo or {})
        self.annotations: List[Dict] = []

    def __len__(self) -> int:
        return len(self.annotations)

    @property
    def class_counts(self) -> Dict[int, int]:
        """Number of clips of each class present."""
        labels, counts = np.unique([annotation['label'] for annotation in self.annotations], return_counts=True)
        return dict(zip(labels.astype(int).tolist(), counts.tolist()))

    def append(self, annotations: Sequence[Dict]) -> None:
        """Add clips; their ``frame_dir`` must be new.

        Raises:
            ValueError: a ``frame_dir`` is in the pool already.
        """
        known = {annotation['frame_dir'] for annotation in self.annotations}
        repeated = [annotation['frame_dir'] for annotation in annotations if annotation['frame_dir'] in known]
        if repeated:
            raise ValueError(f'the pool already holds {repeated[:5]}')
        self.annotations.extend(annotations)

    def as_annotation(self) -> Dict:
        """The pool as one annotation dict with a single split, ``train``."""
        return dict(
            split=dict(train=[annotation['frame_dir'] for annotation in self.annotations]),
            metainfo=dict(self.metainfo),
            annotations=list(self.annotations))

    def save(self, folder) -> List[Path]:
        """Write ``pool.npz`` and ``pool.pkl`` (for MMAction2's ``PoseDataset``), each replaced in one step; nothing if empty."""
        paths = [Path(folder) / 'pool.npz', Path(folder) / 'pool.pkl'] if self.annotations else []
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            save_annotation(self.as_annotation(), path)
        return paths

    def state_dict(self) -> Dict:
        return dict(annotations=annotations_to_state(self.annotations))

    def load_state_dict(self, state: Dict) -> None:
        self.annotations = annotations_from_state(state['annotations'])


def annotations_to_state(annotations: Sequence[Dict]) -> List[Dict]:
    """Annotation dicts with tensors for arrays, as they go into a checkpoint."""
    return [{key: torch.from_numpy(np.ascontiguousarray(value)) if isinstance(value, np.ndarray) else value
             for key, value in annotation.items()} for annotation in annotations]


def annotations_from_state(state: Sequence[Dict]) -> List[Dict]:
    """The inverse of :func:`annotations_to_state`."""
    return [{key: value.cpu().numpy() if isinstance(value, torch.Tensor) else value
             for key, value in annotation.items()} for annotation in state]
