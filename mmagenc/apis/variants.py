"""Variants of given clips.

N clips.
"""

from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from mmagenc.datasets.persons import keep_persons
from mmagenc.models.generators import BaseGenerator
from mmagenc.models.generators.variants import variant_annotations
from mmagenc.progress import progress_bar
from mmagenc.structures import Motion

from .generate import class_indices, random_generator

AT_ONCE = 256
"""Clips whose latents are drawn together: what is made of a clip depends on the seed and its place, not on the batch size."""


def vary(model: BaseGenerator,
         clips: Sequence[Dict],
         *,
         strength: float = 0.5,
         num_samples_per_class: Optional[int] = None,
         classes: Optional[Sequence] = None,
         num_frames: Optional[int] = None,
         seed: Optional[int] = 0,
         batch_size: int = 64,
         progress: bool = False) -> List[Dict]:
    """Variants of labelled clips, as annotation dicts that name their source as ``variant_of``.

    Args:
        model: a generator of :func:`~mmagenc.apis.init_generator` that can (``model.can_vary``).
        clips: annotation dicts in the model's layout; of several persons the one who is most there is varied.
        strength: 0 is as near to the clips as the generator can, 1 as far as it goes.
        num_samples_per_class: variants of each class, of its clips in turn; ``None`` is one of each clip.
        classes: indices or names of the classes wanted; ``None`` is all that the clips have.
        num_frames: most frames of a variant; ``None`` is no limit.
        seed: one seed gives the same variants, whatever the batch size; ``None`` gives others each time.
        batch_size: clips decoded at once.
        progress: show a bar.

    Raises:
        ValueError: a generator that cannot, no clips of a class that is wanted, or a number out of range.
    """
    return [clip for part in vary_batches(
        model, clips, strength=strength, num_samples_per_class=num_samples_per_class, classes=classes, num_frames=num_frames, seed=seed,
        batch_size=batch_size, progress=progress) for clip in part]


def vary_batches(model: BaseGenerator, clips: Sequence[Dict], **kwargs) -> Iterator[List[Dict]]:
    """As :func:`vary`, some clips at a time."""
    start = 0
    for motion, sources in vary_motions(model, clips, **kwargs):
        made = variant_annotations(motion, sources, prefix='variant', with_latent=True)
        yield [dict(clip, frame_dir=f'variant_{start + place:06d}') for place, clip in enumerate(made)]
        start += len(made)


def vary_motions(model: BaseGenerator,
                 clips: Sequence[Dict],
                 *,
                 strength: float = 0.5,
                 num_samples_per_class: Optional[int] = None,
                 classes: Optional[Sequence] = None,
                 num_frames: Optional[int] = None,
                 seed: Optional[int] = 0,
                 batch_size: int = 64,
                 progress: bool = False) -> Iterator[Tuple[Motion, List[Dict]]]:
    """As :func:`vary`, some clips at a time, as motion on the CPU, with the clips that they are variants of."""
    for name, value in dict(batch_size=batch_size, num_samples_per_class=num_samples_per_class, num_frames=num_frames).items():
        if value is not None and value < 1:
            raise ValueError(f'{name} must be at least 1, got {value}')
    rows = _chosen(model, clips, num_samples_per_class, classes)
    generator = random_generator(seed)
    with progress_bar(len(rows), 'varying clips', show=progress) as advance:
        for start in range(0, len(rows), AT_ONCE):
            sources = [keep_persons(clips[row], 1) for row in rows[start:start + AT_ONCE]]
            motion = model.vary(sources, strength, num_frames=num_frames, generator=generator, batch_size=batch_size).cpu()
            advance(len(motion))
            yield motion, sources


def _chosen(model: BaseGenerator, clips: Sequence[Dict], per_class: Optional[int], classes: Optional[Sequence]) -> List[int]:
    """Numbers of the clips that are varied, in the order of the variants."""
    labels = [int(clip['label']) for clip in clips]
    names = getattr(model, 'dataset_meta', {}).get('classes') or list(map(str, range(model.num_classes)))
    wanted = sorted(set(labels)) if classes is None else class_indices(names, classes)
    members = {label: [row for row, own in enumerate(labels) if own == label] for label in wanted}
    empty = [str(names[label]) for label, rows in members.items() if not rows]
    if empty or not members:
        raise ValueError(f'there are no clips of {", ".join(empty) or "any class"} to vary')
    if per_class is None:
        return [row for rows in members.values() for row in rows]
    return [rows[number % len(rows)] for rows in members.values() for number in range(per_class)]
