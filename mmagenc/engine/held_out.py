"""The clips that a training is validated and tested on."""

import os
from collections.abc import Mapping
from typing import Any, Container, List, Optional, Set

from mmagenc.command_line import describe
from mmagenc.datasets.annotation import AnnotationError
from mmagenc.datasets.nested import built_datasets, innermost_datasets
from mmagenc.registry import DATASETS

PARTS = ('val', 'test')


def unseen_clips(runner) -> List[str]:
    """Names of the clips that a training is validated and tested on, as far as their files are there."""
    names = []
    for part in PARTS:
        try:
            names += [name for dataset in held_out(runner, part) for name in names_of(dataset) or []]
        except FileNotFoundError as error:
            runner.logger.warning(f'init: whether the checkpoint knows the clips of {part}_dataloader cannot be told: {error}')
    return names


def shared_clips(runner) -> List[str]:
    """Warnings of clips that are trained on and validated or tested too.

    Names are compared where both come from one annotation file. Datasets that do not tell their clips are passed.
    """
    trained = {}
    for dataset in built_datasets(runner.train_dataloader.dataset):
        for file in files_of(dataset):
            trained.setdefault(file, set()).update(names_of(dataset) or [])
    return [warning for part in PARTS for warning in _shared(runner, part, {file: names for file, names in trained.items() if names})]


def _shared(runner, part: str, trained: Mapping) -> List[str]:
    try:
        told = [(files_of(dataset), names_of(dataset) or []) for dataset in held_out(runner, part, files=trained)]
    except (AnnotationError, OSError, ValueError) as error:
        return [f'{part}_dataloader cannot be compared with the training clips, {describe(error)}']
    shared = [name for files, names in told for name in names if any(name in trained.get(file, ()) for file in files)]
    if not shared:
        return []
    count = sum(len(names) for _, names in told)
    return [f"{len(shared)} of the {count} clips of {part}_dataloader that come from the training's file are trained on too, such as "
            f'{shared[0]}: what is learnt by heart is tested. train_dataloader.dataset.split and {part}_dataloader.dataset.split should '
            'name parts of the file that share no clip']


def held_out(runner, part: str, files: Optional[Container[str]] = None) -> List:
    """The datasets of a part: those that the training has built, else built here, without their pipelines.

    Args:
        runner: an MMEngine runner, its training begun.
        part: ``val`` or ``test``.
        files: real paths; datasets of other annotation files are left out. Default: all datasets.

    Raises:
        AnnotationError, OSError, ValueError: one that is built here cannot be read.
    """
    loop = getattr(runner, f'_{part}_loop', None)
    built = hasattr(loop, 'dataloader')
    found = built_datasets(loop.dataloader.dataset) if built else innermost_datasets(runner.cfg.get(f'{part}_dataloader'))
    wanted = [dataset for dataset in found if files is None or any(file in files for file in files_of(dataset))]
    return wanted if built else [DATASETS.build(dict(settings, pipeline=[])) for settings in wanted]


def names_of(dataset: Any) -> Optional[List[str]]:
    """The clips of a built dataset; ``None`` of one that does not tell them, such as MMAction2's own."""
    return list(dataset.annotations().values('frame_dir')) if hasattr(dataset, 'annotations') else None


def files_of(dataset: Any) -> Set[str]:
    """Real paths of the annotation files of a dataset, built or its settings."""
    if not isinstance(dataset, Mapping):
        files, root = getattr(dataset, 'ann_files', []), None  # joined with the folder when it was built
    else:
        files, root = dataset.get('ann_file') or [], dataset.get('data_root')
    return {os.path.realpath(os.path.join(root or '', file)) for file in ([files] if isinstance(files, (str, os.PathLike)) else files)}
