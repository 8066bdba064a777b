"""The same scores as by hand, from a list of clips, a whole annotation, or generated motion."""

import numpy as np
import pytest

from mmagenc.apis import generate, init_generator, init_recognizer, recognize
from mmagenc.datasets.annotation import AnnotationError, motion_to_annotations
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
    unlabelled = [{key: value for key, value in clip.items() if key != 'label'} for clip in clips]
    np.testing.assert_array_equal(recognize(recognizer, unlabelled).predicted, scores.predicted)
    for change, reason in ((dict(keypoint=clips[1]['keypoint'][0]), r'clip 1 .*: keypoint must be an array of numbers of 4 axes'),
                           (dict(keypoint=clips[1]['keypoint'] * np.nan), r'holds NaN.*\n.*fill_gaps')):
        with pytest.raises(AnnotationError, match=f'clips to be recognized: 1 of 2 clips are broken\n.*{reason}'):
            recognize(recognizer, [clips[0], dict(clips[1], **change)])
    with pytest.raises(AnnotationError, match='keypoint has 20 joints, infact17 has 17'):
        recognize(recognizer, dict(metainfo=dict(skeleton='infact17'), annotations=clips))
    recognizer.test_pipeline = None
    with pytest.raises(ValueError, match='pipeline'):
        recognize(recognizer, clips)
