"""The same scores as by hand, from a list of clips, a whole annotation, or generated motion."""

import numpy as np
import pytest
from mmengine.registry import init_default_scope

from mmagenc.apis import generate, init_generator, init_recognizer, recognize
from mmagenc.datasets.annotation import AnnotationError, motion_to_annotations
from mmagenc.datasets.transforms import DropScores
from mmagenc.models.recognizers import build_pipeline, score_annotations
from mmagenc.registry import MODELS
from tests.own_clips import coco_clips

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


def test_clips_of_another_kind_are_refused_in_keypoints_and_scores():
    """Of running means and their elements nobody knows what to do; a depth in the place of a score was taken, without a word."""
    clips = [dict(clip) for clip in coco_clips(3, gaps=False)['annotations']]
    pixels = [dict(type='mmaction.PreNormalize2D'), dict(type='mmaction.GenSkeFeat', dataset='coco', feats=['j']),
              dict(type='ConsecutiveSample', num_frames=24, test_mode=True), dict(type='mmaction.FormatGCNInput', num_person=1),
              dict(type='mmaction.PackActionInputs')]
    init_default_scope('mmagenc')
    model = MODELS.build(dict(
        type='RecognizerGCN', _scope_='mmaction', cls_head=dict(type='GCNHead', num_classes=3, in_channels=8),
        backbone=dict(type='STGCN', in_channels=3, base_channels=8, num_stages=1, inflate_stages=[], down_stages=[],
                      graph_cfg=dict(layout='coco', mode='stgcn_spatial'))))
    assert len(recognize(model, clips, build_pipeline(pixels))) == 3
    bare = [{key: value for key, value in clip.items() if key != 'keypoint_score'} for clip in clips]
    deep = [dict(clip, keypoint=np.concatenate([clip['keypoint'], clip['keypoint'][..., :1]], axis=-1)) for clip in bare]
    fewer = [dict(clip, keypoint=clip['keypoint'][:, :, :13], keypoint_score=clip['keypoint_score'][:, :, :13]) for clip in clips]
    for given, pipeline, said in (
            ([clips[0], bare[1]], pixels, 'takes 3 numbers of a keypoint, and its pipeline makes 2 .* of clip clip_001, which has '
             '2 coordinates and no scores: it has learnt from clips with scores'),
            (deep, pixels, r'reads pixels \(PreNormalize2D\), and 3 of 3 clips, such as clip_000, have 3 coordinates'),
            ([dict(clips[0], keypoint=deep[0]['keypoint'])], pixels[2:], 'makes 4 numbers .*: it has learnt from clips without scores'),
            (fewer, pixels[2:], 'knows 17 keypoints, and its pipeline makes 3 numbers of each of 13 keypoints of clip clip_000')):
        with pytest.raises(ValueError, match=said):
            recognize(model, given, build_pipeline(pipeline))
    with pytest.raises(ValueError, match='reads pixels'):
        recognize(model, deep, pixels)  # not built yet
