"""Which datasets stand inside those that repeat, balance or concatenate them: in a data loader's settings, and built."""

from collections.abc import Mapping
from typing import Any, Dict, List, Optional, Sequence


def innermost_dataset(dataloader: Optional[Mapping]) -> Mapping:
    """The dataset's settings in a data loader's; the first of several, an empty dict where there is none."""
    return next(iter(innermost_datasets(dataloader)), {})


def innermost_datasets(dataloader: Optional[Mapping]) -> List[Mapping]:
    """The settings of all datasets in a data loader's, in their order."""
    dataset = (dataloader or {}).get('dataset')
    return _inside(dataset, lambda outer, key: outer.get(key)) if dataset else []


def built_datasets(dataset: Any) -> List:
    """The datasets in one that has been built, in their order; itself, where it wraps none."""
    return _inside(dataset, lambda outer, key: getattr(outer, key, None))


def annotations_of(dataset: Any) -> Sequence[Dict]:
    """The clips of a built dataset, each once however often they are repeated; of several in one the clips of all.

    Raises:
        ValueError: one that does not tell its clips, as :meth:`MotionDataset.annotations` does.
    """
    parts = built_datasets(dataset)
    silent = [type(part).__name__ for part in parts if not hasattr(part, 'annotations')]
    if silent:
        raise ValueError(f'{silent[0]} does not tell its clips; accepted is a MotionDataset, repeated, balanced or joined to others')
    return parts[0].annotations() if len(parts) == 1 else [clip for part in parts for clip in part.annotations()]


def named_files(dataset: Any) -> str:
    """The files of a built dataset, or of all in it, for messages; empty where it names none."""
    return ', '.join(dict.fromkeys(str(file) for part in built_datasets(dataset) for file in getattr(part, 'ann_files', ())))


def _inside(dataset, get) -> List:
    if get(dataset, 'dataset'):
        return _inside(get(dataset, 'dataset'), get)
    return [inner for outer in get(dataset, 'datasets') or [] for inner in _inside(outer, get)] or [dataset]
