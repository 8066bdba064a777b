"""Gradients that wait for an update, where optimizers accumulate those of several batches (``accumulative_counts``).

MMEngine counts batches in the optimizer's wrapper, from a training's first to the last that was known when it began, where what is left
makes a smaller update (0.10.7). It saves neither count nor gradients.
"""

from typing import Dict, Iterator, Tuple

from mmengine.optim import OptimWrapperDict


def accumulating(optim_wrapper) -> Iterator[Tuple[str, object]]:
    """The wrappers that update after several batches, with their names; that of one optimizer has none."""
    wrappers = optim_wrapper.items() if isinstance(optim_wrapper, OptimWrapperDict) else [('', optim_wrapper)]
    return ((name, wrapper) for name, wrapper in wrappers if getattr(wrapper, '_accumulative_counts', 1) > 1)


def end_after(optim_wrapper, num_batches: int) -> None:
    """Let the batch of that number, counted from the training's first, be the last: with it what has been gathered becomes an update.

    Wrappers that know no end, as those of several optimizers, stay so.
    """
    for _, wrapper in accumulating(optim_wrapper):
        if wrapper._max_counts != -1:
            _count(wrapper, wrapper._inner_count, num_batches)


def count_anew(optim_wrapper, num_batches: int) -> None:
    """Count the batches of a training that begins, and ends after so many."""
    for _, wrapper in accumulating(optim_wrapper):
        _count(wrapper, 0, num_batches)


def _count(wrapper, count: int, last: int) -> None:
    """As ``OptimWrapper.initialize_count_status``, without its words on norms."""
    wrapper._inner_count, wrapper._max_counts, wrapper._remainder_counts = count, last, last % wrapper._accumulative_counts


def waiting_state(optim_wrapper) -> Dict[str, Dict]:
    """Of each wrapper that accumulates, the batches so far and copies of the gradients that wait, by number of the parameter."""
    state = {}
    for name, wrapper in accumulating(optim_wrapper):
        waits = not wrapper.should_update()
        gradients = {index: parameter.grad.detach().cpu().clone() for index, parameter in enumerate(_parameters(wrapper))
                     if waits and parameter.grad is not None}
        state[name] = dict(counts=wrapper._accumulative_counts, count=wrapper._inner_count, gradients=gradients)
    return state


def take_up(optim_wrapper, state: Dict[str, Dict]) -> bool:
    """Go on from a :func:`waiting_state`; what now updates after another number of batches begins a group of its own.

    Returns:
        bool: whether there were gradients that waited.
    """
    taken = False
    for name, wrapper in accumulating(optim_wrapper):
        kept = state.get(name)
        if kept is None or kept['counts'] != wrapper._accumulative_counts:
            continue
        wrapper._inner_count, parameters = kept['count'], list(_parameters(wrapper))
        for index, gradient in kept['gradients'].items():
            parameters[index].grad = gradient.to(parameters[index], copy=True)
            taken = True
    return taken


def _parameters(wrapper) -> Iterator:
    return (parameter for group in wrapper.optimizer.param_groups for parameter in group['params'])
