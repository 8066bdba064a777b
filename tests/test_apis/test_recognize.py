"""The same scores as by hand, from a list of clips, a whole annotation, or generated motion."""

import numpy as np
import pytest

from mmagenc.apis import generate, init_generator, init_recognizer, recognize
from mmagenc.datasets.annotation import motion_to_annotations
from mmagenc.models.recognizers import score_annotations

from .configs import write_generator


def test_generated_motion_is_recognized(tmp_path):
    config, checkpoint = write_generator(tmp_path)
    recognizer = init_recognizer(config)
    clips = motion_to_annotations(generate(init_generator(config, checkpoint), num_samples_per_class=2), prefix='clip')
    scores = recognize(recognizer, clips)
    assert scores.label.tolist() == [0, 0, 1, 1, 2, 2] and scores.probability.shape == (6, 3) and scores.feature.shape == (6, 8)
    expected = score_annotations(recognizer, recognizer.test_pipeline, clips)
    np.testing.assert_array_equal(scores.probability, expected.probability)
    whole = recognize(recognizer, dict(metainfo=dict(skeleton='ucla20'), annotations=clips), recognizer.test_pipeline, batch_size=4)
    np.testing.assert_allclose(whole.probability, expected.probability, rtol=1e-4)
    recognizer.test_pipeline = None
    with pytest.raises(ValueError, match='pipeline'):
        recognize(recognizer, clips)
