"""Steps for numpy, against the pipelines that they stand for."""

import mmaction.datasets.transforms  # noqa: F401
import numpy as np
import pytest
from mmengine.registry import init_default_scope

from mmagenc.deploy.samples import moving_clip
from mmagenc.deploy.standalone import STEPS, prepare
from mmagenc.deploy.steps import StepError, pipeline_steps, steps_of
from mmagenc.models.recognizers import build_pipeline
from mmagenc.models.recognizers import prepare as with_keys
from mmagenc.skeletons import get_skeleton

PACK = [dict(type='mmaction.FormatGCNInput', num_person=1), dict(type='mmaction.PackActionInputs')]
TWO = [dict(type='mmaction.FormatGCNInput', num_person=2, mode='loop'), dict(type='mmaction.PackActionInputs')]
PYSKL = [dict(type='mmaction.UniformSampleFrames', clip_len=16, num_clips=3, test_mode=True), dict(type='mmaction.PoseDecode')]
PIPELINES = {
    'own 3d': ('ntu25', 3, False, [dict(type='BodyUnit'), dict(type='ConsecutiveSample', num_frames=24), dict(type='DropScores'), *PACK]),
    'own 2d': ('coco17', 2, True, [dict(type='BodyUnit', per_frame=True), dict(type='ConsecutiveSample', num_frames=24, step=2),
                                   dict(type='DropScores'), *PACK]),
    'short': ('coco17', 2, True, [dict(type='ConsecutiveSample', num_frames=60), *PACK]),
    'wide step': ('coco17', 2, True, [dict(type='ConsecutiveSample', num_frames=20, step=7), *PACK]),
    'rotations': ('smpl24', 3, False, [dict(type='ConsecutiveSample', num_frames=9), dict(type='PoseToRot6d'), *PACK]),
    'without root': ('smpl24', 3, False, [dict(type='PoseToRot6d', root=False), *TWO]),
    'ucla': ('ucla20', 3, False, [dict(type='RandomMirror'), dict(type='JointNoise'), dict(type='RootCenter', joint=1, per_frame=False),
                                  dict(type='RandomViewRotate'), dict(type='MinMaxScale'), dict(type='SortedSample', num_frames=13),
                                  dict(type='KthMode', k=1, skeleton='ucla20_infogcn'), *PACK]),
    'ntu': ('ntu25', 3, False, [dict(type='RandomCropResize', num_frames=17), dict(type='RandomRotation'), dict(type='KthMode', k=2),
                                dict(type='MotionStream'), dict(type='MinMaxScale', per_axis=False), *TWO]),
    'mapped': ('smpl24', 3, False, [dict(type='MapJoints', target='infact17'), dict(type='RootCenter'), *PACK]),
    'pyskl 3d': ('ntu25', 3, False, [dict(type='mmaction.PreNormalize3D'), dict(type='mmaction.GenSkeFeat', feats=['b', 'jm']), *PYSKL,
                                     *TWO]),
    'pyskl 2d': ('coco17', 2, True, [dict(type='mmaction.PreNormalize2D', img_shape=(200, 100)),
                                     dict(type='mmaction.GenSkeFeat', dataset='coco', feats=['j', 'b', 'bm']), *PYSKL, *PACK]),
    'padded': ('coco17', 2, False, [dict(type='mmaction.PadTo', length=50, mode='zero'), *TWO]),
}


@pytest.fixture(autouse=True)
def _scope():
    init_default_scope('mmagenc')


@pytest.mark.parametrize('frames', [40, 21, 12])
@pytest.mark.parametrize('name', PIPELINES)
def test_steps_do_what_the_pipeline_does(name, frames):
    layout, dims, scored, pipeline = PIPELINES[name]
    pipeline = build_pipeline(pipeline)
    clip = moving_clip(get_skeleton(layout), num_dims=dims, scored=scored, frames=frames, seed=frames)
    before = {key: np.array(value) for key, value in clip.items() if isinstance(value, np.ndarray)}
    theirs = np.asarray(pipeline(with_keys(clip))['inputs'])
    ours = prepare(clip, pipeline_steps(pipeline, layout))
    assert ours.dtype == np.float32 and ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)
    for key, value in before.items():
        np.testing.assert_array_equal(clip[key], value)


def test_two_persons_of_whom_one_is_longer_there():
    clips = [moving_clip(get_skeleton('ntu25'), num_dims=3, scored=False, frames=20, seed=seed) for seed in (1, 2)]
    clip = dict(clips[0], keypoint=np.concatenate([one['keypoint'] for one in clips]))
    clip['keypoint'][0, 12:] = 0
    pipeline = build_pipeline([dict(type='mmaction.PreNormalize3D'), dict(type='mmaction.GenSkeFeat', feats=['j']), *PYSKL, *TWO])
    np.testing.assert_allclose(
        prepare(clip, pipeline_steps(pipeline, 'ntu25')), np.asarray(pipeline(with_keys(clip))['inputs']), rtol=2e-5, atol=2e-6)


def test_every_step_is_made_by_some_pipeline():
    made = {step['step'] for layout, _, _, pipeline in PIPELINES.values() for step in pipeline_steps(build_pipeline(pipeline), layout)}
    assert made == set(STEPS) - {'normalize', 'path_of_one_place'}  # SLT's classifier and ACT-VAE's start pose have them


@pytest.mark.parametrize('pipeline, skeleton, message', [
    ([dict(type='FillGaps', max_gap=3), *PACK], 'coco17', 'has FillGaps, of which no step for numpy is known: export with --raw'),
    ([dict(type='BodyUnit'), *PACK], None, 'BodyUnit needs to know the layout .* say it with --skeleton'),
    ([dict(type='mmaction.UniformSampleFrames', clip_len=8), *PACK], 'coco17', 'draws frames at random: set test_mode=True'),
    ([dict(type='DropScores')], 'coco17', 'does not end in FormatGCNInput'),
])
def test_what_cannot_be_written(pipeline, skeleton, message):
    with pytest.raises(StepError, match=message):
        pipeline_steps(build_pipeline(pipeline), skeleton)


def test_steps_of_a_newer_version():
    with pytest.raises(ValueError, match='unknown step fly: this file is older'):
        prepare(dict(keypoint=np.zeros((1, 2, 3, 2))), [dict(step='fly')])
    assert callable(steps_of)
