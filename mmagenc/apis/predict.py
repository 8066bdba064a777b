"""What may follow a pose."""

from typing import Dict, Optional

from mmagenc.models.generators import BaseGenerator
from mmagenc.structures import Motion

from .generate import check_sampling, random_generator, sampling_options


def predict_poses(model: BaseGenerator,
                  start,
                  label: int,
                  *,
                  num_samples: int = 10,
                  num_frames: Optional[int] = None,
                  seed: Optional[int] = 0,
                  batch_size: Optional[int] = None,
                  **sampling) -> Motion:
    """Several different predictions of the poses that follow one.

    Args:
        model: a generator of :func:`~mmagenc.apis.init_generator` that begins with given poses, such as ACTVAE.
        start: an annotation, whose first frame counts, or a pose ``(J, C)``, in units of the data that the model was trained on.
        label: class of the action.
        num_samples: K.
        num_frames: predicted poses; ``None`` is the model's own number.
        seed: one seed gives the same predictions; ``None`` others each time.
        batch_size: predictions decoded at once; no matter for the result.
        **sampling: other options of the generator's ``sample_latent``.

    Returns:
        Motion: K clips of the poses that follow, on the CPU; the start pose is not among them.

    Raises:
        ValueError: a model that begins with no given pose, an unknown option, a pose of another layout or unit, a number out of range.
    """
    if 'start' not in sampling_options(model):
        raise ValueError(f'{type(model).__name__} does not begin with a given pose, so it predicts nothing of one; ACTVAE does')
    check_sampling(model, sampling)
    if num_samples < 1:
        raise ValueError(f'num_samples must be at least 1, got {num_samples}')
    return model.generate([label] * num_samples, num_frames, generator=random_generator(seed), batch_size=batch_size,
                          start=_first_frame(start), **sampling).cpu()


def _first_frame(start):
    """An annotation without what follows its first frame, so that a model cannot see it; anything else as it is."""
    if not isinstance(start, Dict):
        return start
    cut = {key: start[key][:, :1] for key in ('keypoint', 'keypoint_score', 'pose', 'transl') if key in start}
    return dict(start, total_frames=1, **cut)
