"""Before the first epoch: what does not go together is refused by the name of its key, and nothing is changed by looking."""

import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope

from mmagenc.datasets.annotation import save_annotation
from mmagenc.datasets.motion_dataset import ClipList
from mmagenc.datasets.transforms import BodyUnit, ConsecutiveSample
from mmagenc.engine.contract import (
    ContractError,
    JudgeCheck,
    check_bodies,
    check_contract,
    check_judge,
    check_metric,
    check_recognizer,
    part_warnings,
    require_alike,
    round_trip,
)
from mmagenc.models.recognizers import build_pipeline, prepare
from mmagenc.registry import MODELS, TASK_UTILS
from mmagenc.structures import ClipForm
from tests.own_clips import WAVE_SQUAT_STEP, coco_clips

FRAMES = 24
PACK = [dict(type='mmaction.FormatGCNInput', num_person=1), dict(type='mmaction.PackActionInputs')]
MMACTION_2D = [dict(type='mmaction.PreNormalize2D'), dict(type='mmaction.GenSkeFeat', dataset='coco', feats=['j']),
               dict(type='mmaction.UniformSampleFrames', clip_len=FRAMES, num_clips=1), dict(type='mmaction.PoseDecode'), *PACK]
"""MMAction2's own pipeline for 2-D keypoints, as its configs have it."""
CENTERED = [dict(type='ConsecutiveSample', num_frames=FRAMES), dict(type='RootCenter'), dict(type='DropScores'), *PACK]


@pytest.fixture
def clips():
    return [dict(clip) for clip in coco_clips(12, gaps=False)['annotations']]


def generator(clips, num_classes=3, **representation):
    init_default_scope('mmagenc')
    model = MODELS.build(
        dict(
            type='TransformerCVAE',
            representation=dict(dict(type='KeypointRepresentation', skeleton='coco17', num_dims=2), **representation),
            num_classes=num_classes,
            num_frames=FRAMES,
            latent_dim=8,
            num_layers=1,
            num_heads=2,
            ff_dim=8))
    model.representation.fit(clips)
    return model


def judge(pipeline=MMACTION_2D, in_channels=3, num_classes=3, layout='coco', **kwargs):
    init_default_scope('mmagenc')
    model = dict(
        type='RecognizerGCN',
        _scope_='mmaction',
        backbone=dict(
            type='STGCN',
            in_channels=in_channels,
            base_channels=8,
            num_stages=2,
            inflate_stages=[2],
            down_stages=[2],
            graph_cfg=dict(layout=layout, mode='stgcn_spatial')),
        cls_head=dict(type='GCNHead', num_classes=num_classes, in_channels=16))
    return TASK_UTILS.build(
        dict(type='RecognizerTrainer', model=model, train_pipeline=pipeline, test_pipeline=pipeline,
             optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-2)), **kwargs))


def check(clips, model=None, trainer=None, classes=WAVE_SQUAT_STEP):
    trainer = trainer or judge()
    trainer.form = ClipForm.of(clips)
    return check_contract(model or generator(clips), ClipList(clips), trainer, metainfo=dict(classes=classes), num_frames=FRAMES)


def test_a_generator_of_every_third_frame_is_refused(clips):
    """The judge sees all frames: clips would look three times as fast."""
    init_default_scope('mmagenc')
    pixels = dict(type='KeypointRepresentation', skeleton='coco17', num_dims=2, normalization='min_max')
    model = MODELS.build(dict(type='ACTVAE', representation=pixels, num_classes=3, num_frames=FRAMES, latent_dim=4))
    model.representation.fit(clips)
    model.fit(clips)
    assert not check(clips, model).sees
    model.gap = 3
    with pytest.raises(ContractError, match=r'model.gap=3: the generator makes one of 3 frames.*Set model.gap=1'):
        check(clips, model)


def test_mmaction2s_own_pipeline_for_pixels_goes_with_a_generator(clips):
    contract = check(clips)
    assert contract.warnings == [] and contract.sees == []


def test_looking_changes_nothing(clips):
    trainer, model = judge(), generator(clips)
    before = [{key: value.clone() for key, value in module.state_dict().items()} for module in (trainer.model, model)]
    keypoints = [clip['keypoint'].copy() for clip in clips]
    states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    check(clips, model, trainer)
    assert trainer.model.training and model.training
    for module, state in zip((trainer.model, model), before):
        assert all(torch.equal(value, state[key]) for key, value in module.state_dict().items())
    assert all(np.array_equal(clip['keypoint'], keypoint) for clip, keypoint in zip(clips, keypoints))
    assert torch.equal(torch.get_rng_state(), states[0]) and np.array_equal(np.random.get_state()[1], states[1])
    assert random.getstate() == states[2]


@pytest.mark.parametrize('wrong, message', [
    (dict(model=dict(num_classes=5)), r'model.num_classes=5, but the recordings have 3 classes \(wave, squat, step\): set .*=3'),
    (dict(trainer=dict(num_classes=2)), 'tells 2 classes apart, but there are 3.*cls_head.num_classes=3'),
    (dict(trainer=dict(in_channels=2)), "set the recognizer's model.backbone.in_channels=3 instead of 2.*keypoint_score"),
    (dict(trainer=dict(pipeline=CENTERED)), "set the recognizer's model.backbone.in_channels=2 instead of 3"),
    (dict(trainer=dict(layout='nturgb+d')), 'graph of the judge has 25 nodes, but its train_pipeline gives 17 keypoints.*graph_cfg.layout'),
    (dict(trainer=dict(pipeline=[dict(type='PoseToRot6d'), *PACK])), 'train_pipeline: PoseToRot6d does not take a recording'),
    (dict(trainer=dict(pipeline=CENTERED[:2])), 'must end in mmaction.PackActionInputs'),
])
def test_what_does_not_fit_is_named_by_its_key(clips, wrong, message):
    model = generator(clips, **wrong.get('model', {}))
    with pytest.raises(ContractError, match=message):
        check(clips, model, judge(**wrong.get('trainer', {})))


@pytest.mark.parametrize('mode', ['loss', 'predict'])
@pytest.mark.parametrize('settings, message', [
    (dict(in_channels=2), None),
    (dict(in_channels=3), "^set the recognizer's model.backbone.in_channels=2 instead of 3.* does not take what its val_dataloader gives"),
    (dict(in_channels=2, layout='nturgb+d'), '^the graph of the recognizer has 25 nodes, but its val_dataloader gives 17 keypoints'),
    (dict(in_channels=2, head=64), 'set model.cls_head.in_channels, which is 64, to the channels that the backbone gives'),
])
def test_a_recognizer_by_itself_is_tried_before_it_is_trained_or_tested(clips, settings, message, mode):
    settings = dict(settings)
    head = settings.pop('head', None)
    model, pipeline = judge(**settings).model, build_pipeline(CENTERED)
    if head is not None:
        model.cls_head.in_channels = head
    before, draws = {key: value.clone() for key, value in model.state_dict().items()}, torch.get_rng_state()
    dataset = [pipeline(prepare(clip)) for clip in clips[:2]]
    if message is None:
        check_recognizer(model, dataset, 'val_dataloader', mode)
    else:
        with pytest.raises(ContractError, match=message):
            check_recognizer(model, dataset, 'val_dataloader', mode)
    assert model.training and all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), draws)


@pytest.mark.parametrize('mode', ['loss', 'predict'])
def test_a_narrower_infogcn_says_what_its_head_takes(clips, mode):
    """Its head multiplies before anything looks at sizes: the message was about mat1 and mat2."""
    model, pipeline = judge(in_channels=2).model, build_pipeline(CENTERED)
    model.backbone = MODELS.build(dict(type='mmagenc.InfoGCN', skeleton='coco17', num_person=1, in_channels=2, base_channels=8))
    model.cls_head = MODELS.build(dict(type='mmagenc.InfoGCNHead', num_classes=3, in_channels=64))
    dataset = [pipeline(prepare(clip)) for clip in clips[:2]]
    with pytest.raises(ContractError, match='^set model.cls_head.in_channels, which is 64, to the channels that the backbone gives'):
        check_recognizer(model, dataset, 'val_dataloader', mode)
    model.cls_head = MODELS.build(dict(type='mmagenc.InfoGCNHead', num_classes=3, in_channels=32))
    check_recognizer(model, dataset, 'val_dataloader', mode)


def test_what_is_no_recognizer_is_not_tried(clips):
    check_recognizer(generator(clips), clips, 'train_dataloader', 'loss')
    check_recognizer(judge().model, [None], 'train_dataloader', 'loss')
    check_recognizer(judge().model, [], 'train_dataloader', 'loss')


def test_clips_without_anybody_are_refused_before_training_where_bodies_are_measured(clips):
    """The judge's, and those of a recognizer by itself; the clip stands behind others, which are looked at first."""
    measuring = [dict(type='BodyUnit'), *CENTERED]
    trainer, model = judge(measuring, in_channels=2), generator(clips, unit='body')
    trainer.form = ClipForm.of(ClipList(clips, 'coco17'))
    clips[5] = dict(clips[5], keypoint=np.zeros_like(clips[5]['keypoint']))
    said = 'clip_005: all keypoints of the first person lie on one place, and BodyUnit has no body to measure'
    with pytest.raises(ContractError, match=f"the recognizer's train_pipeline: clip {said}"):
        check_contract(model, ClipList(clips, 'coco17'), trainer, metainfo=dict(classes=WAVE_SQUAT_STEP), num_frames=FRAMES)
    with pytest.raises(ContractError, match=f'mine.npz: clip {said}'):
        check_bodies(trainer.test_pipeline, lambda: ClipList(clips, 'coco17'), 'mine.npz')
    clips[7] = clips[5]
    with pytest.raises(ContractError, match='mine.npz: 2 of 12 clips, such as clip_005: '):
        check_bodies(trainer.test_pipeline, lambda: ClipList(clips, 'coco17'), 'mine.npz')
    check_bodies(judge().test_pipeline, lambda: 1 / 0, 'mine.npz')  # which measures nothing, and asks for no clips


def test_windows_without_anybody_are_refused_before_training_where_they_are_measured(clips):
    """Each window is measured by itself; a clip that shows somebody in most of its frames may have one that does not."""
    sampler, unit, clip = ConsecutiveSample(FRAMES), BodyUnit(), clips[3]
    model, keypoint, total = generator(clips[:3], unit='body'), clip['keypoint'], clip['total_frames']
    found = set()
    for away in range(0, total, 3):
        clip['keypoint'] = np.where((np.arange(total) < 5) | (np.arange(total) >= 5 + away), keypoint.transpose(0, 2, 3, 1), 0)
        clip['keypoint'] = clip['keypoint'].transpose(0, 3, 1, 2)
        windows = [clip['keypoint'][:, start:start + FRAMES] for start in range(total - FRAMES + 1)]
        measured = [unit.length(dict(clip, skeleton='coco17', keypoint=each)) for each in windows]
        by_model = [model.representation._body_length(torch.from_numpy(each)).item() for each in windows]
        for pipeline, generates, empty in (([sampler, unit], None, measured), ([sampler], model, by_model)):
            bad = min(empty) == 0
            try:
                check_bodies(build_pipeline(pipeline), lambda: ClipList([clip], 'coco17'), 'mine.npz', generator=generates)
                assert not bad
            except ContractError as error:
                assert bad or away > total / 2  # the whole clip, which is refused as before
                first = empty.index(0)
                told = f'clip clip_003: in frames {first} to {first + FRAMES - 1} of clip_003, a window that may be drawn'
                assert told in str(error) or away > total / 2
            found.add((generates is None, bad))
    assert len(found) == 4
    check_bodies(build_pipeline([sampler]), lambda: 1 / 0, 'mine.npz', generator=generator(clips[:3]))  # measures nothing


def test_in_a_test_the_window_that_is_taken_counts_alone(clips):
    clips[0]['keypoint'][:, :FRAMES] = 0
    pipeline = build_pipeline([dict(type='ConsecutiveSample', num_frames=FRAMES), dict(type='BodyUnit')])
    check_bodies(pipeline, lambda: ClipList(clips, 'coco17'), 'mine.npz', fixed=True)
    with pytest.raises(ContractError, match='clip clip_000: in frames 0 to'):
        check_bodies(pipeline, lambda: ClipList(clips, 'coco17'), 'mine.npz')


def test_labels_that_begin_at_one_are_explained(clips):
    for clip in clips:
        clip['label'] += 1
    with pytest.raises(ContractError, match=r'clip_002 has label 3, but model.num_classes=3.*begin at 0 \(these are 1 to 3: subtract 1\)'):
        check(clips, classes=None)
    contract = check(clips, generator(clips, num_classes=4), judge(num_classes=4), classes=None)
    assert contract.warnings == ['no recordings of class 0 (labels begin at 0): the generator cannot learn it, and no clips of it are '
                                 'generated']


def test_a_class_that_nobody_recorded_is_named(clips):
    contract = check([clip for clip in clips if clip['label'] != 1])
    assert contract.warnings == ['no recordings of class squat: the generator cannot learn it, and no clips of it are generated']
    with pytest.raises(ContractError, match='all recordings are of one class'):
        check([clip for clip in clips if clip['label'] == 1])


def test_two_persons_are_refused_padding_is_not(clips):
    clips[3] = dict(clips[3], **{key: np.concatenate([clips[3][key], clips[3][key] * 0]) for key in ('keypoint', 'keypoint_score')})
    check(clips)
    clips[3] = dict(clips[3], keypoint=np.concatenate([clips[3]['keypoint'][:1], clips[3]['keypoint'][:1] + 99]))
    with pytest.raises(ContractError, match=r'(?s)1 of 12 recordings have several persons.*clip_003 has 2.*one person\.\n.*num_persons=1'):
        check(clips)


def test_a_path_that_only_recordings_have_is_warned_of(clips):
    """RootCenter takes it out; a representation that keeps the path makes it."""
    model = generator(clips, root_center=True)
    contract = check(clips, model)
    assert contract.sees == ['place', 'path'] and len(contract.warnings) == 1
    assert 'sees the path of a body in recordings, which the generator does not make: translation=True' in contract.warnings[0]
    assert check(clips, model, judge(CENTERED, in_channels=2)).warnings == []
    assert check(clips, generator(clips, root_center=False)).warnings == []


def test_keypoints_that_were_not_seen_are_warned_of(clips):
    for clip in clips:
        clip['keypoint_score'] = clip['keypoint_score'] * (np.arange(17) != 9)
    model = generator(coco_clips(12, gaps=False)['annotations'])
    warnings = check(clips, model).warnings
    assert len(warnings) == 1 and '5.9% of the keypoints of the recordings have score 0' in warnings[0] and 'fill_gaps' in warnings[0]


def test_recordings_and_their_round_trip_are_named_alike_by_a_judge_of_pixels(clips):
    trainer, model = judge(batch_size=4), generator(clips)
    torch.manual_seed(0)
    np.random.seed(0)
    trainer.fit(ClipList(clips), 60)
    result = check_judge(model, trainer, ClipList(clips), split='training')
    assert result.num_recordings == 12 and result.chance == pytest.approx(1 / 3)
    assert result.recordings == result.round_trip > 0.9 and not result.near_chance
    share = f'{result.recordings:.1%}'
    assert str(result).startswith(f'the judge names {share} of 12 training recordings rightly, and {share} of them encoded and decoded '
                                  '(chance 33.3%); of the same recordings ')
    for real, trip in zip(clips, round_trip(model, clips)):
        np.testing.assert_allclose(trip['keypoint'], real['keypoint'], atol=1e-2)
        assert trip['img_shape'] == real['img_shape'] and trip['label'] == real['label']


def test_a_representation_that_a_judge_does_not_know_stops_the_loop(clips):
    contract = check(clips, generator(clips, root_center=True))
    alike = JudgeCheck(recordings=0.9, round_trip=0.8, num_recordings=30, split='held-out', chance=1 / 3)
    apart = JudgeCheck(recordings=0.9, round_trip=0.4, num_recordings=30, split='held-out', chance=1 / 3)
    require_alike(alike, 0.15, contract)
    require_alike(apart, None, contract)
    require_alike(JudgeCheck(1., 0.5, 4, 'held-out', 1 / 3), 0.15, contract)  # two clips of four
    require_alike(JudgeCheck(0.4, 0.1, 30, 'held-out', 1 / 3), 0.15, contract)  # a judge that guesses
    with pytest.raises(ContractError, match=r'90.0% of 30 held-out.*40.0% of them encoded and decoded.*max_gap=0.15.*root_center=None'):
        require_alike(apart, 0.15, contract)


class PathJudge:
    """A judge that sees where the hips begin and end, and names clips by the way between; ``blind``: by the posture at the beginning."""

    form = None

    def __init__(self, blind=False):
        self.blind = blind

    def test_pipeline(self, clip):
        hips = clip['keypoint'][0, :, 11:13].mean(axis=1)
        nose = clip['keypoint'][0, 0, 0] - hips[0]
        return dict(inputs=torch.from_numpy(nose if self.blind else hips[-1] - hips[0]))

    def score(self, clips):
        right = [int(self.test_pipeline(clip)['inputs'].abs().sum() > 60) == clip['label'] for clip in clips]
        return SimpleNamespace(accuracy=float(np.mean(right)))


def test_a_judge_that_goes_by_the_path_alone_is_told(clips):
    """Class 1 walks 100 pixels, class 0 stands: held in place all are class 0, stiff ones on their path are named as before."""
    for number, clip in enumerate(clips):
        clip['label'] = number % 2
        way = np.linspace(0, 100 * clip['label'], clip['total_frames'], dtype=np.float32)
        clip['keypoint'] = np.repeat(clip['keypoint'][:, :1], clip['total_frames'], axis=1)
        clip['keypoint'][..., 0] += way[:, None]
    model = SimpleNamespace(num_classes=2)
    check = check_judge(model, PathJudge(), ClipList(clips), split='held-out')
    assert (check.recordings, check.in_place, check.statues, check.path_alone) == (1., 0.5, 0.5, 1.) and check.by_path_alone
    assert str(check) == ('the judge names 100.0% of 12 held-out recordings rightly (chance 50.0%); of the same recordings 50.0% with the '
                          'body held in place, 50.0% as statues, 100.0% with a stiff body on the recorded path')
    check = check_judge(model, PathJudge(blind=True), ClipList(clips), split='held-out')
    assert check.in_place is check.path_alone is None and check.statues == check.recordings and not check.by_path_alone
    assert str(check).endswith(f'; of the same recordings {check.recordings:.1%} as statues')


@pytest.mark.parametrize('right, total, near', [(10, 30, True), (12, 30, True), (25, 30, False), (3, 3, False), (2, 3, True)])
def test_near_chance_is_a_matter_of_the_interval(right, total, near):
    """Of three classes: 12 of 30 may well be chance, and so may 2 of 3."""
    assert JudgeCheck(right / total, None, total, 'held-out', 1 / 3).near_chance is near


def test_naming_the_largest_class_always_is_chance(clips):
    """Four of five recordings stand, one walks, of the third class there is none: who calls all of them standing has learnt nothing."""
    for number, clip in enumerate(clips):
        clip['label'] = int(number % 5 == 4)
        clip['keypoint'] = np.repeat(clip['keypoint'][:, :1], clip['total_frames'], axis=1)
    check = check_judge(SimpleNamespace(num_classes=3), PathJudge(), ClipList(clips * 4), split='held-out')
    assert check.recordings == check.chance == pytest.approx(10 / 12) and check.near_chance


def test_a_metric_of_other_classes_is_refused():
    metric = dict(type='MotionGenerationMetric', judge=dict(recognizer=dict(cls_head=dict(num_classes=5))))
    with pytest.raises(ContractError, match=r'test_evaluator.judge.recognizer.cls_head.num_classes=5, but there are 3 classes'):
        check_metric(metric, 3)
    with pytest.raises(ContractError, match=r'test_evaluator.recognizer.cls_head'):  # as configs named it before
        check_metric(dict(type='MotionGenerationMetric', **metric['judge']), 3)
    with pytest.raises(ContractError, match=r'test_evaluator.1.judge.recognizer'):
        check_metric([dict(type='MMDMetric'), metric], 3)
    for fitting in (None, dict(type='MMDMetric'), [metric, dict(type='MMDMetric', recognizer=None)]):
        check_metric(fitting, 5)


def test_parts_that_would_end_a_test_are_warned_of(tmp_path, clips):
    save_annotation(dict(split=dict(train=[clip['frame_dir'] for clip in clips], test=[]), metainfo=dict(skeleton='coco17'),
                         annotations=clips), tmp_path / 'clips.npz')
    dataset = dict(type='MotionDataset', ann_file=str(tmp_path / 'clips.npz'))
    init_default_scope('mmagenc')
    assert part_warnings(dict(val_dataloader=None, test_dataloader=dict(dataset=dict(dataset, split='train')))) == []
    clips[0] = dict(clips[0], **{key: np.concatenate([clips[0][key], clips[0][key] + 1]) for key in ('keypoint', 'keypoint_score')})
    save_annotation(dict(split={}, metainfo=dict(skeleton='coco17'), annotations=clips), tmp_path / 'two.npz')
    two = dict(dataset, ann_file=str(tmp_path / 'two.npz'), pipeline=[dict(type='PackMotionInputs')])
    assert '1 clips have several persons (clip_000)' in part_warnings(dict(val_dataloader=dict(dataset=two)))[0]
    two['pipeline'][0]['person'] = 0
    assert part_warnings(dict(val_dataloader=dict(dataset=two))) == []
    empty, missing = part_warnings(dict(val_dataloader=dict(dataset=dict(dataset, split='test')),
                                        test_dataloader=dict(dataset=dict(dataset, ann_file='nowhere.npz'))))
    assert 'val_dataloader.dataset cannot be read' in empty and 'no clips' in empty
    assert 'test_dataloader.dataset cannot be read' in missing and 'nowhere.npz' in missing
