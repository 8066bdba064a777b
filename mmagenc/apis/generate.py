"""Motion of chosen classes.

N clips, T frames, D latent channels.
"""

import inspect
import logging
from dataclasses import dataclass
from typing import Iterator, List, Mapping, Optional, Sequence, Tuple, Union

import torch
from mmengine.logging import print_log
from torch import Tensor

from mmagenc.clips import class_index
from mmagenc.engine.held_out import said_learnt
from mmagenc.models.generators import BaseGenerator
from mmagenc.models.generators.class_paths import split_path
from mmagenc.progress import progress_bar
from mmagenc.structures import Motion

MOST_CLIPS = 10**7
"""Clips of one call: their latents are drawn before the first is decoded."""


@dataclass(frozen=True)
class ClipPlan:
    """What clips depend on besides the model, before any is decoded.

    Args:
        latent: ``(N, D)``.
        label: ``(N,)``.
        length: ``(N,)`` frames of each clip.
        class_path: ``(N, T, K)`` shares of the classes in each frame, where they change over time.
    """

    latent: Tensor
    label: Tensor
    length: Tensor
    class_path: Optional[Tensor] = None


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
        num_frames: frames of every clip; ``None`` is the model's own number. Of generators that stretch theirs (``model.stretches``,
            Kinetic-GAN) more are slow motion, which is warned of.
        seed: one seed gives the same clips, whatever the batch size; ``None`` gives others each time.
        batch_size: clips decoded at once.
        progress: show a bar.
        **sampling: what the generator's ``sample_latent`` takes (the CVAE: ``noise_factor``, ``latent_mode``; ACT-VAE: ``start``), and
            ``class_path``: ``(T, K)`` shares of the K classes in each of T frames, which all clips follow in the place of ``classes``, for
            generators with ``takes_class_paths`` (:func:`~mmagenc.models.generators.class_paths.class_path` makes one).

    Returns:
        Motion: N = classes · ``num_samples_per_class`` clips, on the CPU. Joints only: for vertices see the body model.

    Raises:
        ValueError: an unknown class, a number out of range, or a path for a generator that takes none.
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
    _at_least_one(batch_size=batch_size)
    plan = plan_clips(
        model, num_samples_per_class=num_samples_per_class, classes=classes, num_frames=num_frames, seed=seed, **sampling)
    return decode_plan(model, plan, batch_size=batch_size, progress=progress)


def plan_clips(model: BaseGenerator,
               *,
               num_samples_per_class: int = 50,
               classes: Optional[Sequence[Union[int, str]]] = None,
               num_frames: Optional[int] = None,
               seed: Optional[int] = 0,
               class_path: Optional[Tensor] = None,
               **sampling) -> ClipPlan:
    """The latents of :func:`generate`, with its arguments; class by class."""
    if num_frames is None:
        num_frames = model.num_frames if class_path is None else len(class_path)
    _at_least_one(num_samples_per_class=num_samples_per_class, num_frames=num_frames)
    check_sampling(model, sampling)
    if class_path is not None:
        wanted, class_path = _along(model, class_path, num_frames, classes)
    else:
        wanted = range(model.num_classes) if classes is None else class_indices(_class_names(model), classes)
    if len(wanted) * num_samples_per_class > MOST_CLIPS:
        raise ValueError(f'num_samples_per_class={num_samples_per_class} of {len(wanted)} classes are more than {MOST_CLIPS} clips at '
                         'once; generate them in parts, each with a seed of its own')
    label = torch.tensor(list(wanted)).repeat_interleave(num_samples_per_class)
    latent = model.draw_latent(label, num_frames, generator=random_generator(seed), **sampling)
    path = None if class_path is None else class_path.expand(len(label), -1, -1)
    _warn_if_slower(model, num_frames)
    _warn_of_unlearnt(model, wanted if path is None else path.sum(dim=(0, 1)).nonzero().flatten().tolist())
    return ClipPlan(latent, label, torch.full((len(label), ), num_frames), path)


def _along(model: BaseGenerator, class_path: Tensor, num_frames: int, classes: Optional[Sequence]) -> Tuple[List[int], Tensor]:
    """The class that a path ``(T, K)`` is of most, and the path ``(1, T, K)``."""
    if classes is not None:
        raise ValueError('a path of classes says which classes there are: leave classes out')
    label, path = split_path(torch.as_tensor(class_path)[None], model.num_classes)
    if path is None:
        raise ValueError(f'class_path must be (T, {model.num_classes}), got {tuple(torch.as_tensor(class_path).shape)}')
    model.check_class_path(path, num_frames)
    return label.tolist(), path


def replay_batches(model: BaseGenerator,
                   latent: Tensor,
                   label: Tensor,
                   *,
                   num_frames: Optional[Union[int, Tensor]] = None,
                   class_path: Optional[Tensor] = None,
                   batch_size: int = 64,
                   progress: bool = False) -> Iterator[Motion]:
    """Clips of saved latent vectors (``Motion.latent``), a batch at a time: the same clips again if nothing else is changed.

    Args:
        model: a generator of :func:`~mmagenc.apis.init_generator`.
        latent: ``(N, D)`` latent vectors.
        label: ``(N,)`` class indices.
        num_frames: frames of every clip, or ``(N,)`` of each; ``None`` is the model's own number.
        class_path: ``(N, T, K)`` (``Motion.class_path``) for clips whose class changes, T the frames of the longest.
        batch_size: clips decoded at once.
        progress: show a bar.

    Raises:
        ValueError: latents of another number of channels than the model's, labels it does not know, or a number out of range.
    """
    _at_least_one(batch_size=batch_size)
    plan = plan_replay(model, latent, label, num_frames=num_frames, class_path=class_path)
    return decode_plan(model, plan, batch_size=batch_size, progress=progress)


def plan_replay(model: BaseGenerator,
                latent: Tensor,
                label: Tensor,
                *,
                num_frames: Optional[Union[int, Tensor]] = None,
                class_path: Optional[Tensor] = None) -> ClipPlan:
    """Saved latents, checked; the arguments of :func:`replay_batches`."""
    length = torch.as_tensor(model.num_frames if num_frames is None else num_frames).expand(len(label))
    dim = model.latent_width(int(length.max()) if len(length) else 1)
    longer = model.latent_has_frames and latent.ndim == 2 and latent.shape[1] > dim  # of more frames: the clip's beginning is made
    if latent.ndim != 2 or latent.shape != (len(label), latent.shape[1] if longer else dim):
        raise ValueError(f'{type(model).__name__} decodes latents ({len(label)}, {dim}) for {len(label)} labels, '
                         f'got {tuple(latent.shape)}')
    if len(label) == 0 or label.min() < 0 or label.max() >= model.num_classes:
        raise ValueError(f'labels must lie in 0 to {model.num_classes - 1} and there must be one, got {label.unique().tolist()}')
    _at_least_one(num_frames=int(length.min()))
    if class_path is not None:
        model.check_class_path(split_path(class_path, model.num_classes)[1], int(length.max()))
    _warn_if_slower(model, int(length.max()))
    _warn_of_unlearnt(model, label.unique().tolist())
    return ClipPlan(latent, label, length, class_path)


def _warn_if_slower(model: BaseGenerator, num_frames: int) -> None:
    """Say that longer clips than a generator has learnt are those that it has learnt, slowed down, where they are."""
    if model.stretches and num_frames > model.num_frames:
        slower, fps = (num_frames - 1) / (model.num_frames - 1), getattr(model, 'dataset_meta', {}).get('fps')
        rate = f' at {fps:g} fps' if fps else ''
        print_log(f'{type(model).__name__} has learnt clips of {model.num_frames} frames: {num_frames} are these stretched, so that all '
                  f'movement{rate} is {slower:.3g} times as slow as in the recordings; for longer clips train with a larger num_frames',
                  logger='current', level=logging.WARNING)


def unlearnt_classes(model: BaseGenerator) -> List[int]:
    """Classes of which the training had no clip, as far as the checkpoint tells."""
    learnt = (said_learnt(dict(meta=getattr(model, 'checkpoint_meta', None))) or {}).get('labels')
    return [] if learnt is None else [label for label in range(model.num_classes) if label not in set(learnt)]


def _warn_of_unlearnt(model: BaseGenerator, wanted: Sequence[int]) -> None:
    """Say which of the classes wanted had no clip in the training, as far as the checkpoint tells."""
    names = [_class_names(model)[label] for label in unlearnt_classes(model) if label in wanted]
    if names:
        print_log(f'{type(model).__name__} was trained without a clip of {", ".join(names)}: what is generated of it is of no class that '
                  'it has learnt; name the others as classes', logger='current', level=logging.WARNING)


def sampling_options(model: BaseGenerator) -> List[str]:
    """Names of the options that the generator's ``sample_latent`` takes."""
    return [name for name in inspect.signature(model.sample_latent).parameters if name not in ('label', 'generator', 'length')]


def check_sampling(model: BaseGenerator, sampling: Mapping) -> None:
    """Raise ValueError for options that the generator's ``sample_latent`` does not take."""
    accepted = sampling_options(model)
    unknown = sorted(set(sampling) - set(accepted))
    if unknown:
        raise ValueError(f'{type(model).__name__} has no sampling option {", ".join(unknown)}; it has {", ".join(accepted) or "none"}')


def random_generator(seed: Optional[int]) -> torch.Generator:
    """Random numbers of a seed; ``None``: others each time."""
    generator = torch.Generator()
    generator.seed() if seed is None else generator.manual_seed(seed)
    return generator


def _at_least_one(**numbers: int) -> None:
    for name, value in numbers.items():
        if value < 1:
            raise ValueError(f'{name} must be at least 1, got {value}')


def class_indices(names: Sequence[str], wanted: Sequence[Union[int, str]]) -> List[int]:
    """Class indices of names (of either case, where that leaves one) or indices (also as digits, where no class has that name).

    Raises:
        ValueError: an unknown or repeated class, one of several that differ in case alone, or none at all; the known ones are listed.
    """
    indices = [class_index(names, item) for item in wanted]
    if not indices or len(set(indices)) < len(indices):
        raise ValueError(f'classes must name at least one class and each once, got {list(wanted)}')
    return indices


def _class_names(model: BaseGenerator) -> List[str]:
    return getattr(model, 'dataset_meta', {}).get('classes') or [str(index) for index in range(model.num_classes)]


def decode_plan(model: BaseGenerator,
                plan: ClipPlan,
                rows: Optional[Sequence[Tensor]] = None,
                *,
                batch_size: int = 64,
                progress: bool = False) -> Iterator[Motion]:
    """Decode clips of a plan, a batch at a time, onto the CPU.

    Args:
        model: a generator of :func:`~mmagenc.apis.init_generator`.
        plan: the clips.
        rows: groups of clips, in this order; no batch holds clips of two groups. ``None`` is one group of all.
        batch_size: clips decoded at once.
        progress: show a bar.
    """
    rows = [torch.arange(len(plan.label))] if rows is None else rows
    with progress_bar(sum(map(len, rows)), 'generating clips', show=progress) as advance:
        for group in rows:
            label = plan.label[group] if plan.class_path is None else plan.class_path[group]
            for motion in model.decode_batches(plan.latent[group], label, plan.length[group], batch_size=batch_size):
                advance(len(motion))
                yield motion.cpu()
