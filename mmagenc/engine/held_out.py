"""The clips that a training is validated and tested on."""

import os
from collections.abc import Mapping
from typing import Any, Container, Dict, List, Optional, Sequence, Set, Tuple

from mmagenc.command_line import describe
from mmagenc.datasets.annotation import AnnotationError
from mmagenc.datasets.nested import built_datasets, innermost_datasets
from mmagenc.engine.hook_config import find_hook
from mmagenc.registry import DATASETS

PARTS, JUDGED = ('val', 'test'), 'held_out'
PLACES = {**{part: f'{part}_dataloader' for part in PARTS}, JUDGED: 'InfAGenCHook.held_out'}
LEARNT = 'learnt_clips'
"""Of a checkpoint's ``meta``: what :func:`learnt_clips` gives."""


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
    return compared(runner)[0]


def compared(runner) -> Tuple[List[str], List[str]]:
    """What :func:`shared_clips` says, and the names of those clips, with those by which the loop's judge is judged."""
    trained = {}
    for dataset in built_datasets(runner.train_dataloader.dataset):
        for file in files_of(dataset):
            trained.setdefault(file, set()).update(names_of(dataset) or [])
    told = [_shared(runner, part, {file: names for file, names in trained.items() if names}) for part in PARTS + (JUDGED, )]
    shared = dict.fromkeys(name for _, names in told for name in names)
    return [warning for warnings, _ in told[:len(PARTS)] for warning in warnings], list(shared)


def _shared(runner, part: str, trained: Mapping) -> Tuple[List[str], List[str]]:
    """Warnings of a part, and the names of its clips that are trained on too."""
    try:
        told = [(files_of(dataset), names_of(dataset) or []) for dataset in held_out(runner, part, files=trained)]
    except (AnnotationError, OSError, ValueError) as error:
        return [f'{part}_dataloader cannot be compared with the training clips, {describe(error)}'], []
    shared = [name for files, names in told for name in names if any(name in trained.get(file, ()) for file in files)]
    if not shared:
        return [], []
    count = sum(len(names) for _, names in told)
    return [f"{len(shared)} of the {count} clips of {part}_dataloader that come from the training's file are trained on too, such as "
            f'{shared[0]}: what is learnt by heart is tested. train_dataloader.dataset.split and {part}_dataloader.dataset.split should '
            'name parts of the file that share no clip'], shared


# What a checkpoint has learnt from -------------------------------------------------------------------------------------------------------


def learnt_clips(runner, tested: Sequence[str], earlier: Optional[Mapping] = None) -> Dict:
    """What a checkpoint is to say of the clips that its weights have learnt from, as plain containers.

    Args:
        runner: an MMEngine runner, its training begun.
        tested: those of them that its config tests too, see :func:`compared`.
        earlier: what the checkpoint says that the training began with.

    Returns:
        dict: ``sets``, of each training set ``files`` (names without their folders) and ``clips`` (names; generated ones are left out),
        ``tested``, and ``labels`` of all that is trained on, ``None`` where a set does not tell them.
    """
    told = [(sorted(map(os.path.basename, files_of(dataset))), recordings_of(dataset))
            for dataset in built_datasets(runner.train_dataloader.dataset)]
    told += [(list(each['files']), list(each['clips'])) for each in (earlier or {}).get('sets', ())]
    sets: Dict = {}
    for files, names in told:
        sets.setdefault(tuple(files), {}).update(dict.fromkeys(names))
    return dict(sets=[dict(files=list(files), clips=list(names)) for files, names in sets.items() if names],
                tested=list(dict.fromkeys([*(earlier or {}).get('tested', ()), *tested])),
                labels=_labels_of(built_datasets(runner.train_dataloader.dataset), earlier))


def _labels_of(datasets: Sequence, earlier: Optional[Mapping]) -> Optional[List[int]]:
    """The classes of the clips of built datasets, with those learnt before; ``None`` where one does not tell them."""
    if not all(hasattr(dataset, 'annotations') for dataset in datasets) or (earlier is not None and earlier.get('labels') is None):
        return None
    labels = {int(label) for dataset in datasets for label in dataset.annotations().values('label')}
    return sorted(labels | set((earlier or {}).get('labels', ())))


def recordings_of(dataset: Any) -> List[str]:
    """The clips of a built dataset that are not generated; none of one that does not tell them."""
    if not hasattr(dataset, 'annotations'):
        return []
    clips = dataset.annotations()
    return [name for name, source in zip(clips.values('frame_dir'), clips.values('source', '')) if source != 'synthetic']


def said_learnt(checkpoint: Mapping) -> Optional[Dict]:
    """What a checkpoint says of the clips that it has learnt from; ``None`` of one that says nothing in this form."""
    meta = checkpoint.get('meta')
    said = meta.get(LEARNT) if isinstance(meta, Mapping) else None
    sets = said.get('sets') if isinstance(said, Mapping) else None
    whole = isinstance(sets, (list, tuple)) and all(
        isinstance(each, Mapping) and _are_names(each.get('files')) and _are_names(each.get('clips')) for each in sets)
    if not whole:
        return None
    labels = said.get('labels')
    return dict(sets=sets, tested=said['tested'] if _are_names(said.get('tested')) else [],
                labels=labels if isinstance(labels, (list, tuple)) and all(type(label) is int for label in labels) else None)


def learnt_of_file(meta: Optional[Mapping], path: Any, clips: Sequence[Mapping]) -> Optional[Set[str]]:
    """Names of the clips of a file from which a model says that it has learnt, as its checkpoint's ``meta`` tells; ``None`` if it does not.

    Clips are the same where their names are, in a file of the same name, wherever it lies.
    """
    said = said_learnt(dict(meta=meta))
    if said is None:
        return None
    known = {name for each in said['sets'] if os.path.basename(path) in each['files'] for name in each['clips']}
    return known & {clip['frame_dir'] for clip in clips}


def learnt_in_words(who: str, meta: Mapping, path: Any, clips: Sequence[Mapping]) -> str:
    """That a model has learnt from recordings that it is judged by; an empty text where its checkpoint says of none.

    Args:
        who: the model, as a person would say.
        meta: of its checkpoint.
        path: the recordings' file.
        clips: the recordings.
    """
    known = learnt_of_file(meta, path, clips)
    if not known:
        return ''
    first = next(clip['frame_dir'] for clip in clips if clip['frame_dir'] in known)
    return (f'{who} has learnt from {len(known)} of the {len(clips)} recordings of {path}, such as {first}: '
            'numbers of what is learnt by heart say little of new recordings')


def _are_names(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(name, str) for name in value)


def learnt_and_tested(runner, said: Mapping, parts: Sequence[str]) -> Tuple[List[str], List[str]]:
    """Clips that a checkpoint has learnt from and that are to be tested, which its own training did not test.

    Clips are the same where their names are, in a file of the same name, wherever it lies. Where own clips were set apart by name, the name
    is asked for in every file.

    Args:
        runner: an MMEngine runner, its checkpoint loaded.
        said: of :func:`said_learnt`.
        parts: of ``val``, ``test`` and ``held_out``.

    Returns:
        tuple: what is to be refused, and what is to be warned of: of clips that its training tested too, and of files of another name.
    """
    refused, warned, tested = [], [], set(said['tested'])
    for part in parts:
        names, same, others = 0, [], []
        try:
            sets = held_out(runner, part)
        except (AnnotationError, OSError, ValueError) as error:
            warned.append(f'whether it has learnt from clips of {PLACES[part]} cannot be told, {describe(error)}')
            continue
        for dataset in sets:
            files, chosen = set(map(os.path.basename, files_of(dataset))), recordings_of(dataset)
            here = {name for each in said['sets'] if files & set(each['files']) for name in each['clips']}
            there = {name for each in said['sets'] for name in each['clips']} if getattr(dataset, 'named', None) is not None else set()
            same += [name for name in chosen if name in here]
            others += [name for name in chosen if name in there - here]
            names += len(chosen)
        unknown = [name for name in same if name not in tested]
        words = f'of the {names} clips of {PLACES[part]}'
        if unknown:
            refused.append(f'it has learnt from {len(same)} {words}, such as {unknown[0]}')
        elif same:
            warned.append(f'it has learnt from {len(same)} {words}, such as {same[0]}, which its training tested too')
        if others:
            warned.append(f'{len(others)} {words} are called as clips that it has learnt from, such as {others[0]}, in a file of another '
                          'name: are they the same?')
    return refused, warned


def held_out(runner, part: str, files: Optional[Container[str]] = None) -> List:
    """The datasets of a part: those that the training has built, else built here, without their pipelines.

    Args:
        runner: an MMEngine runner, its training begun.
        part: ``val``, ``test``, or ``held_out``, by which the loop's judge is judged.
        files: real paths; datasets of other annotation files are left out. Default: all datasets.

    Raises:
        AnnotationError, OSError, ValueError: one that is built here cannot be read.
    """
    if part == JUDGED:
        settings = (find_hook(runner.cfg, 'InfAGenCHook') or {}).get('held_out')
        loop, found = None, innermost_datasets(dict(dataset=settings)) if settings else []
    else:
        loop = getattr(runner, f'_{part}_loop', None)
        found = innermost_datasets(runner.cfg.get(f'{part}_dataloader'))
    built = hasattr(loop, 'dataloader')
    found = built_datasets(loop.dataloader.dataset) if built else found
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
