"""A model that begins with another's weights: all of them but what tells the classes apart.

MMEngine's ``load_from`` and ``init_cfg=dict(type='Pretrained')`` take whatever has the same name and shape and warn of the rest: a backbone
of which half fits trains on as if it were pretrained, and a classifier of as many but other classes is taken for the right one. Here all
fits or nothing is taken, and one line says what was taken and what begins anew.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Collection, Dict, List, Mapping, Optional, Tuple, Union

import torch
from torch import Tensor, nn

from mmagenc.evaluation.checkpoints import (
    load_checkpoint,
    model_weights,
    recognizer_fitted,
    recognizer_weights,
    said_classes,
    said_of_clips,
    weights_problem,
)

RECORD = 'pretraining'
"""Where a checkpoint of ``mmagenc pretrain`` says which clips it has learnt from."""
MASKED = 'masked motion'
"""What such a checkpoint may say that it has learnt."""
COUNTED = ('running_mean', 'running_var', 'num_batches_tracked')
"""Buffers that training changes; all others of a backbone are its graph, or a mark of what it is."""
HEAD = 'cls_head.'
Axes = Tuple[Tuple[int, int], ...]
"""Of a weight that knows the classes: axes with the first index of their K rows; none where it begins anew as a whole."""
PRETRAIN_ADVICE = ('Nothing was taken: a network knows one layout; pretrain in this one (mmagenc pretrain brings motion of other layouts '
                   'over, where a joint map is known)')
SAID = dict(fps='frame rate', up='axis that points up')
"""What of the clips that both learn from ought to be the same, but need not be."""


@dataclass(frozen=True)
class Beginning:
    """What a model took over, in words as text.

    Args:
        source: the checkpoint.
        taken: names of the weights that it gave, wholly or (of generators) but for the classes.
        anew: names of those that begin anew.
        reason: why those do.
        notes: what of the clips differs although the layout is the same.
    """

    source: str
    taken: List[str]
    anew: List[str]
    reason: str = ''
    notes: List[str] = field(default_factory=list)

    def __str__(self) -> str:
        anew = f'; {", ".join(_modules(self.anew))} anew, as {self.reason}' if self.anew else ', all there are'
        notes = ''.join(f'. {note}' for note in self.notes)
        return f'begins with {self.source}: {len(self.taken)} weights of {", ".join(_parts(self.taken))}{anew}{notes}'


def init_from(model: nn.Module,
              checkpoint: Union[str, Path],
              *,
              metainfo: Optional[Mapping] = None,
              unseen: Union[Collection[str], Callable[[], Collection[str]]] = ()) -> Beginning:
    """Let a recognizer or a generator begin with a checkpoint, in place.

    Of a recognizer the whole backbone is taken, and of the head what does not depend on the classes (InfoGCN's latent), if it is a head of
    the same kind. The classifying layer is taken only if both name the same classes in the same order; else it stays as it is. Of a
    generator all is taken but the rows and columns of the classes, with the statistics of its representation.

    Args:
        model: built and initialized.
        checkpoint: of ``mmagenc pretrain``, of a recognizer's training, or of InfAGenC, whose recognizer is taken; for a generator one of
            the same algorithm.
        metainfo: of the clips that the model is going to learn from: ``classes``, ``skeleton``, ``fps``, ``up``, as far as it is known.
        unseen: names (``frame_dir``) of clips that must be unknown to the checkpoint (those of validation and test), or a function
            that gives them, asked only if the checkpoint says what it has learnt from.

    Returns:
        Beginning: what was taken, as text one line.

    Raises:
        FileNotFoundError: no such file.
        ValueError: weights of another network or layout, of a recognizer that has learnt nothing, or that know clips of ``unseen``; the
            model is as it was.
    """
    content, metainfo = load_checkpoint(checkpoint), metainfo or {}
    said = said_of_clips(content)
    _check_layout(said, metainfo, checkpoint)
    check_unseen(content, unseen, checkpoint)
    same = said_classes(said) is not None and said_classes(said) == said_classes(metainfo)
    if hasattr(model, 'class_blocks'):
        state, beginning = _of_generator(model, model_weights(content), same, checkpoint)
    elif hasattr(model, 'backbone'):
        if not recognizer_fitted(content):
            raise ValueError(f'{checkpoint}: its recognizer has learnt nothing yet: it was written before the loop began')
        state, beginning = _of_recognizer(model, recognizer_weights(content), same, checkpoint)
    else:
        raise ValueError(f'init: a {type(model).__name__} is neither a recognizer with a backbone nor a generator')
    odd = [name for name in beginning['taken'] if not state[name].isfinite().all()]
    if odd:
        raise ValueError(f'{checkpoint}: weights that are no finite numbers: {_some(odd)}')
    model.load_state_dict(state)
    notes = _differences(said, metainfo)
    if any(name.startswith('representation.') for name in beginning['taken']):
        notes.insert(0, 'Clips are encoded by the statistics of those that the checkpoint has learnt from')
    return Beginning(source=str(checkpoint), reason=_reason(said, metainfo, content), notes=notes, **beginning)


def checked_init(init: Optional[Mapping], checkpoint: Optional[str]) -> Optional[Dict]:
    """The setting ``init`` of a recognizer beside a generator.

    Raises:
        ValueError: no ``dict(checkpoint=…)``, or a ``checkpoint`` of the recognizer's own beside it.
    """
    if init is None:
        return None
    if not isinstance(init, Mapping) or not isinstance(init.get('checkpoint'), (str, Path)):
        raise ValueError(f"recognizer.init must be dict(checkpoint='PATH'), got {init!r}")
    if checkpoint is not None:
        raise ValueError(f"recognizer.checkpoint={checkpoint} and recognizer.init of {init['checkpoint']} both say what the recognizer "
                         'begins with: leave one of them out')
    return dict(init)


def check_unseen(content: Mapping, unseen: Union[Collection[str], Callable[[], Collection[str]]], source) -> None:
    """Refuse a checkpoint that has learnt from clips that it must not know; one that does not say from which is passed.

    Raises:
        ValueError: naming some of the clips.
    """
    record = content.get(RECORD)
    known = set(record.get('clips') or ()) if isinstance(record, Mapping) else set()
    common = sorted(known & set(unseen() if callable(unseen) else unseen)) if known else []
    if common:
        raise ValueError(f'{source} has learnt from {len(common)} of the clips that this training is validated or tested on: '
                         f'{_some(common)}; pretrain without them (mmagenc pretrain --exclude)')


# Recognizers ------------------------------------------------------------------------------------------------------------------------


def _of_recognizer(model: nn.Module, weights: Mapping[str, Tensor], same: bool, source) -> Tuple[Dict[str, Tensor], Dict]:
    """The model's state with what it takes, and what that is."""
    own = model.state_dict()
    body = [name for name in own if not name.startswith(HEAD)]
    _check_graph(model, weights, source)
    foreign = [name for name in weights if name.startswith(('backbone.', 'neck.')) and name not in own]
    problem = weights_problem(model, {**own, **{name: weights[name] for name in [*body, *foreign] if name in weights}})
    missing = [name for name in body if name not in weights]
    if missing or problem:
        lack = f'lack {len(missing)} of the {len(body)} weights of the backbone: {_some(missing)}' if missing else problem
        raise ValueError(f'the weights of {source} {lack}. Nothing was taken: init needs a checkpoint of the same backbone')
    taken = [*body, *_head_weights(model, weights, same)]
    return {**own, **{name: weights[name] for name in taken}}, dict(taken=taken, anew=[name for name in own if name not in taken])


def _head_weights(model: nn.Module, weights: Mapping[str, Tensor], same: bool) -> List[str]:
    """Names of the head's weights that are taken: all or none of those that do not depend on the classes, and those that do."""
    own = {name: value for name, value in model.state_dict().items() if name.startswith(HEAD)}
    theirs = {name for name in weights if name.startswith(HEAD)}
    if theirs != own.keys():
        return []
    classes = getattr(model.cls_head, 'num_classes', None)
    fitting = [name for name, value in own.items() if weights[name].shape == value.shape]
    classifying = {name for name, value in own.items() if value.ndim and value.shape[0] == classes}
    if any(name not in fitting for name in own if name not in classifying):
        return []
    return fitting if same and len(fitting) == len(own) else [name for name in own if name not in classifying]


def _check_graph(model: nn.Module, weights: Mapping[str, Tensor], source) -> None:
    """Refuse weights learnt on another graph: loading them would put its adjacency in the place of the layout's.

    Layouts with as many joints have weights of the same shapes, and nothing else would tell.
    """
    for name, value in model.named_buffers():
        own_graph = name.startswith('backbone.') and name.rsplit('.', 1)[-1] not in COUNTED and name in weights
        if own_graph and (weights[name].shape != value.shape or not torch.allclose(weights[name].to(value), value, atol=1e-5)):
            joints = f'{weights[name].shape[-1]} joints' if weights[name].ndim else 'another mark'
            raise ValueError(f'{source} was trained on another graph ({joints}) than this model has, of another layout or mode: {name} '
                             f'differs. {PRETRAIN_ADVICE}')


# Generators -------------------------------------------------------------------------------------------------------------------------


def _of_generator(model: nn.Module, weights: Mapping[str, Tensor], same: bool, source) -> Tuple[Dict[str, Tensor], Dict]:
    """The generator's state with what it takes, and what that is: of weights that know the classes, what lies outside of their rows."""
    own, blocks = model.state_dict(), {} if same else model.class_blocks()
    added = _more_classes(own, weights, blocks)
    adapted = {name: _transplanted(own[name], weights.get(name), axes, model.num_classes, added) for name, axes in blocks.items()}
    state = {**weights, **{name: value for name, value in adapted.items() if value is not None}}
    problem = weights_problem(model, state)
    if problem:
        raise ValueError(f'the weights of {source} {problem}. Nothing was taken: init needs a generator of the same settings; only its '
                         'classes may be others')
    taken = [name for name in own if blocks.get(name) != ()]
    return state, dict(taken=taken, anew=list(blocks))


def _more_classes(own: Mapping[str, Tensor], weights: Mapping[str, Tensor], blocks: Mapping[str, Axes]) -> int:
    """How many more classes the weights know, by the first that knows any."""
    for name, axes in blocks.items():
        if axes and name in weights and weights[name].ndim == own[name].ndim:
            return weights[name].shape[axes[0][0]] - own[name].shape[axes[0][0]]
    return 0


def _transplanted(own: Tensor, theirs: Optional[Tensor], axes: Axes, num_classes: int, added: int) -> Optional[Tensor]:
    """Their weight with the rows and columns of its own classes; ``None`` if it differs in more than the number of these."""
    if not axes:
        return own
    begin = dict(axes)
    shape = [size + added * (axis in begin) for axis, size in enumerate(own.shape)]
    if theirs is None or list(theirs.shape) != shape or num_classes + added < 1:
        return None
    outside = [[index for index in range(size) if axis not in begin or not begin[axis] <= index < begin[axis] + num_classes]
               for axis, size in enumerate(own.shape)]
    there = [[index + added * (axis in begin and index >= begin[axis]) for index in indices] for axis, indices in enumerate(outside)]
    result = own.clone()
    result[_grid(outside)] = theirs[_grid(there)].to(result)
    return result


def _grid(indices: List[List[int]]) -> Tuple[Tensor, ...]:
    """Of each axis its indices, shaped so that together they name all of their combinations."""
    return torch.meshgrid(*(torch.tensor(index, dtype=torch.long) for index in indices), indexing='ij')


# Words ------------------------------------------------------------------------------------------------------------------------------


def _check_layout(said: Mapping, metainfo: Mapping, source) -> None:
    theirs, own = said.get('skeleton'), metainfo.get('skeleton')
    if isinstance(theirs, str) and isinstance(own, str) and theirs != own:
        raise ValueError(f'{source} was trained on clips of the layout {theirs}, this training has {own}. {PRETRAIN_ADVICE}')


def _reason(said: Mapping, metainfo: Mapping, content: Mapping) -> str:
    """Why what tells the classes apart begins anew."""
    record = content.get(RECORD)
    if isinstance(record, Mapping) and record.get('task') == MASKED:
        return 'hidden motion was learnt there, and no classes'
    theirs, own = said_classes(said), said_classes(metainfo)
    if theirs is None or own is None:
        return f'{"the checkpoint" if theirs is None else "this model"} names no classes that could be compared'
    return f'its {len(theirs)} classes are others than these {len(own)}' if theirs != own else 'its head is another'


def _differences(said: Mapping, metainfo: Mapping) -> List[str]:
    """What of the clips ought to be the same."""
    return [f'Mind the {word}: {said[key]} there, {metainfo[key]} here' for key, word in SAID.items()
            if said.get(key) and metainfo.get(key) and said[key] != metainfo[key]]


def _modules(names: List[str]) -> List[str]:
    """The layers that weights belong to, each once."""
    return list(dict.fromkeys(name.rsplit('.', 1)[0] for name in names))


def _parts(names: List[str]) -> List[str]:
    """The parts of a model that weights belong to, each once."""
    return list(dict.fromkeys(name.split('.', 1)[0] for name in names))


def _some(names: List[str]) -> str:
    return ', '.join(names[:3]) + (f' and {len(names) - 3} more' if len(names) > 3 else '')
