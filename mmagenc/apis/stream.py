"""A recognizer of a config, for frames as they come."""

from typing import Dict, Optional

from torch import nn

from mmagenc.deploy.stream import StreamRecognizer

from .export_model import tried_form
from .recognize import recognize, takes_rotations


def stream_recognizer(model: nn.Module, *, known: Optional[Dict] = None, window: Optional[int] = None, **settings) -> StreamRecognizer:
    """A recognizer that is given one frame after the other: each prediction is what :func:`recognize` says of the last frames as a clip.

    Args:
        model: of :func:`~mmagenc.apis.init_recognizer`.
        known: ``skeleton`` and ``fps`` of its clips, where they are known.
        window: frames; ``None`` is the number that the test pipeline takes.
        **settings: of :class:`~mmagenc.deploy.stream.StreamRecognizer`: ``stride``, ``smoothing``, ``fps``, ``max_gap``.

    Returns:
        StreamRecognizer: its state is the window, however long the stream.

    Raises:
        ValueError: a recognizer without a test pipeline, or of rotations; an unknown layout or number of frames.
    """
    known = known or {}
    if model.test_pipeline is None:
        raise ValueError('the config has no test pipeline, which says what the recognizer is given')
    if takes_rotations(model.test_pipeline):
        raise ValueError('this recognizer sees rotations, and the frames of a stream have keypoints only')
    window = window or window_of(model.test_pipeline)
    form = tried_form(model, known.get('skeleton'))
    fixed = {key: form[key] for key in ('skeleton', ) if form.get(key) is not None}
    return StreamRecognizer(lambda clip: recognize(model, [clip], mend=False).probability[0], window=window, model_fps=known.get('fps'),
                            keypoints=form['keypoint'].shape[2:], scored='keypoint_score' in form, clip=fixed, **settings)


def window_of(pipeline) -> int:
    """Frames that a test pipeline takes of a clip.

    Raises:
        ValueError: it does not say.
    """
    for transform in pipeline.transforms:
        for name in ('num_frames', 'clip_len', 'length'):
            if isinstance(getattr(transform, name, None), int):
                return getattr(transform, name)
    raise ValueError('the test pipeline names no number of frames: say it with window (--window)')
