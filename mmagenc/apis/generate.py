"""Motion of chosen classes.

N clips, T frames, D latent channels.
"""

import contextlib
import inspect
from typing import Iterator, List, Optional, Sequence, Union

import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from mmagenc.models.generators import BaseGenerator
from mmagenc.structures import Motion

MOST_CLIPS = 10**7
"""Clips of one call: their latents are drawn before the first is decoded."""


def generate(model: BaseGenerator,
             *,
             num_samples_per_class: int = 50,
             classes: Optional[Sequence[Union[int, str]]] = None,
             num_frames: Optional[int] = None,
             seed: Optional[int] = 0,
             batch_size: int = 64,
             progress: bool = False,
             **sampling) -> Motion:
    """Generate the same number of clips of each class, class by class.

    Args:
        model: a generator of :func:`~mmagenc.apis.init_generator`.
        num_samples_per_class: clips of each class.
        classes: indices or names of the classes wanted; ``None`` is all.
        num_frames: frames of every clip; ``None`` is the model's own number.
        seed: one seed gives the same clips, whatever the batch size; ``None`` gives others each time.
        batch_size: clips decoded at once.
        progress: show a bar.
        **sampling: what the generator's ``sample_latent`` takes (the CVAE: ``noise_factor``, ``latent_mode``; ACT-VAE: ``start``).

    Returns:
        Motion: N = classes · ``num_samples_per_class`` clips, on the CPU. Joints only: for vertices see the body model.

    Raises:
        ValueError: an unknown class, or a number out of range.
    """
    return Motion.cat(
        list(
            generate_batches(
                model,
                num_samples_per_class=num_samples_per_class,
                classes=classes,
                num_frames=num_frames,
                seed=seed,
                batch_size=batch_size,
                progress=progress,
                **sampling)))


def generate_batches(model: BaseGenerator,
                     *,
                     num_samples_per_class: int = 50,
                     classes: Optional[Sequence[Union[int, str]]] = None,
                     num_frames: Optional[int] = None,
                     seed: Optional[int] = 0,
                     batch_size: int = 64,
                     progress: bool = False,
                     **sampling) -> Iterator[Motion]:
    """As :func:`generate`, a batch at a time: what has been consumed needs no memory.

    All latents are drawn first, so that the clips do not depend on the batch size and a mode that ties clips together sees all of them.
    """
    num_frames = model.num_frames if num_frames is None else num_frames
    _at_least_one(num_samples_per_class=num_samples_per_class, num_frames=num_frames, batch_size=batch_size)
    accepted = sampling_options(model)
    if set(sampling) - set(accepted):
        unknown = ', '.join(sorted(set(sampling) - set(accepted)))
        raise ValueError(f'{type(model).__name__} has no sampling option {unknown}; it has {", ".join(accepted) or "none"}')
    wanted = range(model.num_classes) if classes is None else class_indices(_class_names(model), classes)
    if len(wanted) * num_samples_per_class > MOST_CLIPS:
        raise ValueError(f'num_samples_per_class={num_samples_per_class} of {len(wanted)} classes are more than {MOST_CLIPS} clips at '
                         'once; generate them in parts, each with a seed of its own')
    label = torch.tensor(list(wanted)).repeat_interleave(num_samples_per_class)
    generator = torch.Generator()
    generator.seed() if seed is None else generator.manual_seed(seed)
    latent = model.draw_latent(label, num_frames, generator=generator, **sampling)
    return _decode(model, latent, label, torch.full((len(label), ), num_frames), batch_size, progress)


def replay_batches(model: BaseGenerator,
                   latent: Tensor,
                   label: Tensor,
                   *,
                   num_frames: Optional[Union[int, Tensor]] = None,
                   batch_size: int = 64,
                   progress: bool = False) -> Iterator[Motion]:
    """Clips of saved latent vectors (``Motion.latent``), a batch at a time: the same clips again if nothing else is changed.

    Args:
        model: a generator of :func:`~mmagenc.apis.init_generator`.
        latent: ``(N, D)`` latent vectors.
        label: ``(N,)`` class indices.
        num_frames: frames of every clip, or ``(N,)`` of each; ``None`` is the model's own number.
        batch_size: clips decoded at once.
        progress: show a bar.

    Raises:
        ValueError: latents of another number of channels than the model's, labels it does not know, or a number out of range.
    """
    length = torch.as_tensor(model.num_frames if num_frames is None else num_frames).expand(len(label))
    dim = model.latent_width(int(length.max()) if len(length) else 1)
    longer = model.latent_has_frames and latent.ndim == 2 and latent.shape[1] > dim  # of more frames: the clip's beginning is made
    if latent.ndim != 2 or latent.shape != (len(label), latent.shape[1] if longer else dim):
        raise ValueError(f'{type(model).__name__} decodes latents ({len(label)}, {dim}) for {len(label)} labels, '
                         f'got {tuple(latent.shape)}')
    if len(label) == 0 or label.min() < 0 or label.max() >= model.num_classes:
        raise ValueError(f'labels must lie in 0 to {model.num_classes - 1} and there must be one, got {label.unique().tolist()}')
    _at_least_one(num_frames=int(length.min()), batch_size=batch_size)
    return _decode(model, latent, label, length, batch_size, progress)


def sampling_options(model: BaseGenerator) -> List[str]:
    """Names of the options that the generator's ``sample_latent`` takes."""
    return [name for name in inspect.signature(model.sample_latent).parameters if name not in ('label', 'generator', 'length')]


def _at_least_one(**numbers: int) -> None:
    for name, value in numbers.items():
        if value < 1:
            raise ValueError(f'{name} must be at least 1, got {value}')


def class_indices(names: Sequence[str], wanted: Sequence[Union[int, str]]) -> List[int]:
    """Class indices of names (of either case) or indices (also as digits, where no class has that name).

    Raises:
        ValueError: an unknown or repeated class, or none at all; the known ones are listed.
    """
    known = {name.lower(): index for index, name in enumerate(names)}
    known = {**{str(index): index for index in range(len(names))}, **known}
    indices = [known.get(str(item).lower()) if isinstance(item, str) else known.get(item, item) for item in wanted]
    for item, index in zip(wanted, indices):
        if index is None or not 0 <= index < len(names):
            raise ValueError(f'unknown class {item!r}; known: {", ".join(f"{i} {name}" for i, name in enumerate(names))}')
    if not indices or len(set(indices)) < len(indices):
        raise ValueError(f'classes must name at least one class and each once, got {list(wanted)}')
    return indices


def _class_names(model: BaseGenerator) -> List[str]:
    return getattr(model, 'dataset_meta', {}).get('classes') or [str(index) for index in range(model.num_classes)]


def _decode(model: BaseGenerator, latent, label, length, batch_size: int, progress: bool) -> Iterator[Motion]:
    with _bar(len(label), progress) as advance:
        for motion in model.decode_batches(latent, label, length, batch_size=batch_size):
            advance(len(motion))
            yield motion.cpu()


@contextlib.contextmanager
def _bar(total: int, show: bool):
    columns = (TextColumn('generating'), BarColumn(), MofNCompleteColumn(), TextColumn('clips'), TimeRemainingColumn())
    with Progress(*columns, disable=not show) as progress:
        task = progress.add_task('generating', total=total)
        yield lambda count: progress.advance(task, count)
