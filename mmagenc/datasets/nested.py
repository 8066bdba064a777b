"""Which dataset stands in a data loader's settings, inside those that repeat, balance or concatenate it."""

from collections.abc import Mapping
from typing import Optional


def innermost_dataset(dataloader: Optional[Mapping]) -> Mapping:
    """The dataset's settings in a data loader's; the first of several, an empty dict where there is none."""
    dataset = (dataloader or {}).get('dataset') or {}
    while dataset.get('dataset') or dataset.get('datasets'):
        dataset = dataset.get('dataset') or dataset['datasets'][0]
    return dataset
