"""The same scores as by hand, from a list of clips, a whole annotation, or generated motion."""

import numpy as np
import pytest

from mmagenc.apis import generate, init_generator, init_recognizer, recognize
from mmagenc.datasets.annotation import AnnotationError, motion_to_annotations
from mmagenc.datasets.transforms import DropScores
from mmagenc.models.recognizers import score_annotations

from .configs import write_generator


def test_clips_are_mended_as_the_recognizer_has_learnt_from_them(tmp_path):
    """By the data set of its config; a clip that would be left out there stays as it is, and is warned of."""
    config, checkpoint = write_generator(tmp_path)
    recognizer = init_recognizer(config)
    whole = motion_to_annotations(generate(init_generator(config, checkpoint), num_samples_per_class=1), prefix='clip')
    for clip in whole:  # a line, which is filled as it was
        clip['keypoint'] = clip['keypoint'] * 0 + np.arange(1, clip['total_frames'] + 1, dtype=np.float32)[:, None, None]
    gaps = [dict(clip, keypoint=clip['keypoint'].copy()) for clip in whole]
    gaps[0]['keypoint'][:, 1:2, 3] = np.nan
    expected = recognize(recognizer, whole).probability
    with pytest.raises(AnnotationError, match='holds NaN'):
        recognize(recognizer, gaps)
    dataset = dict(type='MotionDataset', fill_gaps=dict(max_gap=3))
    recognizer.cfg.train_dataloader = dict(dataset=dict(type='RepeatDataset', dataset=dataset))
    np.testing.assert_allclose(recognize(recognizer, gaps).probability, expected, atol=1e-6)
    with pytest.raises(AnnotationError, match='holds NaN'):
        recognize(recognizer, gaps, mend=False)
    scores = np.ones(whole[1]['keypoint'].shape[:3], dtype=np.float32)
    scores[:, :, 3] = 0
    recognizer.test_pipeline.transforms.insert(0, DropScores())
    with pytest.warns(UserWarning, match=f'1 of 3 clips hold points that were not seen .* such as {whole[1]["frame_dir"]}'):
        never = recognize(recognizer, [whole[0], dict(whole[1], keypoint_score=scores), whole[2]])
    assert len(never.predicted) == 3


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
