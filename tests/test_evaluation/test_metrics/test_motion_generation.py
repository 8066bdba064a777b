"""The metric against the functions it is made of, over batches, processes and repeats."""

import contextlib
import json
import pickle

import numpy as np
import pytest
import torch
import torch.distributed
from mmaction.structures import ActionDataSample
from mmengine.dataset import pseudo_collate
from mmengine.evaluator import Evaluator
from mmengine.registry import init_default_scope
from scipy.stats import binomtest

from mmagenc.evaluation.functional import (
    clip_movement,
    confidence_interval,
    frechet_distance,
    kernel_distance,
    memorization,
    per_class_accuracy,
    precision_recall_coverage,
)
from mmagenc.evaluation.metrics import MotionGenerationMetric
from mmagenc.models.recognizers import score_annotations
from mmagenc.registry import METRICS, MODELS
from mmagenc.skeletons import get_skeleton
from mmagenc.structures import Motion

PIPELINE = [
    dict(type='mmagenc.ConsecutiveSample', num_frames=6, test_mode=True),
    dict(type='mmaction.FormatGCNInput', num_person=1), dict(type='mmaction.PackActionInputs')
]
RECOGNIZER = dict(
    type='RecognizerGCN',
    _scope_='mmaction',
    backbone=dict(
        type='STGCN',
        in_channels=3,
        base_channels=4,
        num_stages=2,
        inflate_stages=[2],
        down_stages=[2],
        graph_cfg=get_skeleton('ucla20').graph_cfg()),
    cls_head=dict(type='GCNHead', num_classes=3, in_channels=8))
NUM_CLIPS, NUM_FRAMES = 13, 6


def recognizer(seed=0):
    init_default_scope('mmagenc')
    torch.manual_seed(seed)
    model = MODELS.build(RECOGNIZER)
    for name, value in model.named_parameters():  # larger than initial values, so that features and opinions differ between clips
        value.data.normal_(std=0.3 if 'bias' in name else 1.)
    return model


def clips(num_clips=NUM_CLIPS, repeats=1, seed=0):
    """Packed real clips, and for each what a generator would have made of it."""
    rng = torch.Generator().manual_seed(seed)
    packed, motions = [], []
    for i in range(num_clips):
        label, length = i % 3, NUM_FRAMES - i % 2
        keypoint = torch.randn(NUM_FRAMES, 20, 3, generator=rng) + label
        sample = ActionDataSample().set_gt_label(label)
        sample.set_metainfo(dict(num_frames=length, frame_dir=f'clip{i}'))
        packed.append(dict(inputs=dict(keypoint=keypoint), data_samples=sample))
        motions.append(
            Motion(
                keypoint=torch.randn(repeats, NUM_FRAMES, 20, 3, generator=rng) + label,
                label=torch.full((repeats, ), label),
                length=torch.full((repeats, ), length)))
    return packed, motions


META = dict(classes=['walk', 'run', 'jump'], skeleton='ucla20')


def evaluate(metric, packed, motions, batch_size=5, **meta):
    evaluator = Evaluator(metric)
    evaluator.dataset_meta = META | meta
    for start in range(0, len(packed), batch_size):
        batch = pseudo_collate(packed[start:start + batch_size])
        for sample, motion in zip(batch['data_samples'], motions[start:start + batch_size]):
            sample.pred_motion = motion
        evaluator.process(data_samples=batch['data_samples'], data_batch=batch)
    return evaluator.evaluate(len(packed))


def annotations(packed):
    return [
        dict(
            frame_dir='', label=int(item['data_samples'].gt_label), total_frames=item['data_samples'].num_frames,
            keypoint=item['inputs']['keypoint'].numpy()[None, :item['data_samples'].num_frames]) for item in packed
    ]


def generated(motions, repeat):
    return [
        dict(frame_dir='', label=int(motion.label[0]), total_frames=int(motion.length[0]),
             keypoint=motion.keypoint.numpy()[repeat:repeat + 1, :int(motion.length[0])]) for motion in motions
    ]


@pytest.mark.filterwarnings('ignore:Fréchet')
def test_equals_the_functions_on_all_clips():
    model, (packed, motions) = recognizer(), clips(repeats=3)
    result = evaluate(MotionGenerationMetric(judge=dict(recognizer=model, pipeline=PIPELINE)), packed, motions)
    real = score_annotations(model, PIPELINE, annotations(packed))
    fake = [score_annotations(model, PIPELINE, generated(motions, repeat)) for repeat in range(3)]
    right = sum(int((scores.predicted == scores.label).sum()) for scores in fake)
    interval = binomtest(right, 39).proportion_ci(method='wilson')
    fid = confidence_interval([frechet_distance(real.feature, scores.feature) for scores in fake])
    assert [result[f'generation/accuracy{end}'] for end in ('', '_low', '_high')] == pytest.approx([right / 39, *interval])
    assert result['generation/accuracy_ci'] == pytest.approx((interval.high - interval.low) / 2)
    assert (result['generation/fid'], result['generation/fid_ci']) == pytest.approx(fid, rel=1e-4)
    assert result['generation/accuracy_real'] == pytest.approx(real.accuracy)
    interval = binomtest(round(13 * real.accuracy), 13).proportion_ci(method='wilson')
    assert [result[f'generation/accuracy_real_{end}'] for end in ('low', 'high')] == pytest.approx(list(interval))
    assert {f'generation/{name}{suffix}' for name in ('fid', 'diversity', 'multimodality')
            for suffix in ('', '_ci', '_real', '_real_ci')} < set(result)


def test_batches_do_not_matter():
    model, (packed, motions) = recognizer(), clips(repeats=2)
    results = []
    for size in (1, 4, 64):
        metric = MotionGenerationMetric(judge=dict(recognizer=model, pipeline=PIPELINE, batch_size=size))
        results.append(evaluate(metric, packed, motions, batch_size=size))
    for result in results[1:]:
        assert result == pytest.approx(results[0], rel=1e-4)


def test_copies_of_the_real_clips_score_as_they_do():
    packed, _ = clips()
    motions = []
    for item in packed:
        sample = item['data_samples']
        motions.append(Motion(keypoint=item['inputs']['keypoint'][None], label=sample.gt_label, length=torch.tensor([sample.num_frames])))
    result = evaluate(MotionGenerationMetric(judge=dict(recognizer=recognizer(), pipeline=PIPELINE)), packed, motions)
    for name in ('accuracy', 'diversity', 'multimodality'):
        assert result[f'generation/{name}'] == pytest.approx(result[f'generation/{name}_real'], rel=1e-4)
    assert result['generation/fid'] == pytest.approx(0, abs=1e-6)
    assert not any(name.endswith('_ci') for name in result)


@pytest.mark.parametrize('num_clips, absent', [(1, {'fid', 'diversity', 'multimodality', 'fid_real'}), (3, {'multimodality', 'fid_real'})])
def test_what_few_clips_do_not_define_is_left_out(num_clips, absent):
    packed, motions = clips(num_clips)
    result = evaluate(MotionGenerationMetric(judge=dict(recognizer=recognizer(), pipeline=PIPELINE), prefix='g'), packed, motions)
    assert 'g/accuracy' in result and not {f'g/{name}' for name in absent} & set(result)


def test_results_are_small_and_can_be_sent():
    packed, motions = clips(4, repeats=20)
    metric = MotionGenerationMetric(judge=dict(recognizer=recognizer(), pipeline=PIPELINE))
    batch = pseudo_collate(packed)
    for sample, motion in zip(batch['data_samples'], motions):
        sample.pred_motion = motion
    metric.process(batch, [sample.to_dict() for sample in batch['data_samples']])
    assert len(pickle.dumps(metric.results)) / 4 < 2000 < motions[0].keypoint.numel() * 4
    assert [len(result['fake_predicted']) for result in metric.results] == [20] * 4


def test_inputs_may_be_a_list_of_clips():
    model, (packed, motions) = recognizer(), clips(4)
    metric = MotionGenerationMetric(judge=dict(recognizer=model, pipeline=PIPELINE))
    samples = [dict(item['data_samples'].to_dict(), pred_motion=motion) for item, motion in zip(packed, motions)]
    metric.process(dict(inputs=[item['inputs'] for item in packed]), samples)
    expected = score_annotations(model, PIPELINE, annotations(packed)).feature
    np.testing.assert_allclose(np.stack([result['real_feature'] for result in metric.results]), expected, rtol=1e-5)


def test_classes_are_logged(monkeypatch):
    logged = []
    monkeypatch.setattr('mmagenc.evaluation.metrics.motion_generation.print_log', lambda message, **kwargs: logged.append(message))
    model, (packed, motions) = recognizer(), clips()
    evaluate(MotionGenerationMetric(judge=dict(recognizer=model, pipeline=PIPELINE)), packed, motions)
    scores = score_annotations(model, PIPELINE, generated(motions, 0))
    line = next(line.split() for line in logged[-1].splitlines() if line.startswith('walk'))
    assert line[1] == '5' and float(line[2]) == pytest.approx(100 * per_class_accuracy(scores.predicted, scores.label, 3)[0], abs=0.051)
    assert any('7 real samples with 8 feature channels' in message for message in logged[:-1])


@pytest.mark.filterwarnings('ignore:Fréchet')
def test_the_other_distances():
    model, (packed, motions) = recognizer(), clips(repeats=2)
    metric = MotionGenerationMetric(judge=dict(recognizer=model, pipeline=PIPELINE), numbers=dict(num_neighbors=3))
    result = evaluate(metric, packed, motions)
    real = score_annotations(model, PIPELINE, annotations(packed)).feature
    fake = [score_annotations(model, PIPELINE, generated(motions, repeat)).feature for repeat in range(2)]
    assert result['generation/kid'] == pytest.approx(np.mean([kernel_distance(real, clips) for clips in fake]), rel=1e-3)
    values = np.mean([precision_recall_coverage(real, clips, num_neighbors=3) for clips in fake], axis=0)
    assert [result[f'generation/{name}'] for name in ('precision', 'recall', 'density', 'coverage')] == pytest.approx(values)
    assert {'generation/kid_real', 'generation/coverage_real', 'generation/coverage_ci', 'generation/fid_shrunk_real'} < set(result)
    expected = np.mean([frechet_distance(real, clips, shrinkage=True) for clips in fake])
    assert result['generation/fid_shrunk'] == pytest.approx(expected, rel=1e-3)


@pytest.mark.filterwarnings('ignore:Fréchet')
def test_everything_is_written_also_of_each_class(tmp_path):
    model, (packed, motions) = recognizer(), clips(repeats=2)
    metric = MotionGenerationMetric(judge=dict(recognizer=model, pipeline=PIPELINE), out_file=str(tmp_path / 'sub' / 'test.json'))
    result = evaluate(metric, packed, motions)
    content = json.loads((tmp_path / 'sub' / 'test.json').read_text())
    assert {f'generation/{name}': value for name, value in content['overall'].items()} == pytest.approx(result)
    assert (content['num_clips'], content['num_repeats']) == (13, 2)
    real = score_annotations(model, PIPELINE, annotations(packed))
    fake = [score_annotations(model, PIPELINE, generated(motions, repeat)) for repeat in range(2)]
    row, own = content['classes']['walk'], real.label == 0
    assert row['num_clips'] == 5 and row['accuracy'] == pytest.approx(np.mean([scores[own].accuracy for scores in fake]))
    expected = np.mean([frechet_distance(real.feature[own], scores.feature[own]) for scores in fake])
    assert row['fid'] == pytest.approx(expected, rel=1e-4)
    assert {'accuracy_real', 'fid_real', 'kid', 'kid_real', 'diversity', 'diversity_real', 'diversity_ci'} < set(row)
    assert [content['classes'][name]['num_clips'] for name in ('run', 'jump')] == [4, 4]


# What must not stand alone -----------------------------------------------------------------------------------------------------------


def swinging(factor=1., walk=0., frames=30, phase=0.):
    """``(T, 20, 3)``: a body whose hands swing a sine of amplitude 0.5 · ``factor``, walking ``walk`` a second along x, at 30 frames/s."""
    skeleton = get_skeleton('ucla20')
    rest = torch.randn(20, 3, generator=torch.Generator().manual_seed(7))
    time = torch.arange(frames) / 30
    keypoint = rest.repeat(frames, 1, 1)
    for name in ('left_hand', 'right_hand'):
        keypoint[:, skeleton.index(name), 1] += 0.5 * factor * torch.sin(2 * np.pi * (time + phase))
    keypoint[..., 0] += walk * time[:, None]
    return keypoint


def moving(factors, *, walk=0., fake_walk=0., num_clips=12, transl=False):
    """Real clips of three classes, and generated ones whose hands swing ``factors`` (by class) times as far."""
    packed, motions = [], []
    for i in range(num_clips):
        label = i % 3
        sample = ActionDataSample().set_gt_label(label)
        sample.set_metainfo(dict(num_frames=30, frame_dir=f'clip{i}'))
        packed.append(dict(inputs=dict(keypoint=swinging(walk=walk, phase=i / 7)), data_samples=sample))
        keypoint = swinging(factors[label], walk=fake_walk, phase=i / 5)[None]
        path = dict(transl=keypoint[:, :, 0]) if transl else {}
        motions.append(Motion(keypoint=keypoint, label=torch.tensor([label]), length=torch.tensor([30]), **path))
    return packed, motions


def logged_by(monkeypatch):
    logged = []
    monkeypatch.setattr('mmagenc.evaluation.metrics.motion_generation.print_log',
                        lambda message, level=20, **kwargs: logged.append((level, message)))
    return logged


def all_knowing(monkeypatch, wrong_on_real=0):
    """Let every clip be named rightly, but for the first few real ones."""
    def score(model, pipeline, clips, **kwargs):
        scores = score_annotations(model, pipeline, clips, **kwargs)
        probability = np.eye(3)[[(clip['label'] + (clip['frame_dir'] in missed)) % 3 for clip in clips]]
        return type(scores)(label=scores.label, probability=probability, feature=scores.feature)

    missed = {f'clip{i}' for i in range(wrong_on_real)}
    monkeypatch.setattr('mmagenc.evaluation.metrics.judge.score_annotations', score)


LONG = [dict(PIPELINE[0], num_frames=30), *PIPELINE[1:]]


def judged(tmp_path, packed, motions, metric=None, **meta):
    metric = metric or MotionGenerationMetric(
        judge=dict(recognizer=recognizer(), pipeline=LONG), out_file=str(tmp_path / 'numbers.json'))
    result = evaluate(metric, packed, motions, **dict(dict(fps=30.), **meta))
    return result, json.loads((tmp_path / 'numbers.json').read_text())


def test_statues_that_are_named_rightly_are_warned_of(tmp_path, monkeypatch):
    """100 % of clips that do not move: said over the table, in the file, and by the numbers."""
    logged = logged_by(monkeypatch)
    all_knowing(monkeypatch)
    result, content = judged(tmp_path, *moving([0., 1., 5.]))
    assert result['generation/accuracy'] == 1 and result['generation/num_warnings'] == 2
    level, message = logged[-1]
    assert level == 30 and [line.startswith('WARNING') for line in message.splitlines()].index(False) == 2
    slow, fast = content['warnings']
    assert 'hardly move' in slow and 'walk (0 against' in slow and 'run' not in slow
    assert 'four times' in fast and 'jump (' in fast and 'run' not in fast and all(text in message for text in content['warnings'])
    assert {name: row['movement_speed_ratio'] for name, row in content['classes'].items()} == pytest.approx(
        dict(walk=0, run=1, jump=5), rel=0.1)
    assert content['movement'] == dict(unit='body lengths a second', about_root=False)


def test_clips_that_move_as_the_recordings_are_not_warned_of(tmp_path, monkeypatch):
    logged = logged_by(monkeypatch)
    all_knowing(monkeypatch)
    result, content = judged(tmp_path, *moving([0.5, 1., 2.]))
    assert content['warnings'] == [] and logged[-1][0] == 20 and 'WARNING' not in logged[-1][1]
    row = next(line.split(']')[-1].split() for line in logged[-1][1].splitlines() if line.startswith('walk'))
    parents = get_skeleton('ucla20').parents
    real, fake = ([clip_movement(swinging(factor, phase=i / period).numpy(), parents, 30.) for i in (0, 3, 6, 9)]
                  for factor, period in ((1., 7), (0.5, 5)))
    expected = {f'movement_{name}{end}': np.median([each[name] for each in clips])
                for end, clips in (('', fake), ('_real', real)) for name in ('speed', 'range', 'bone_change')}
    walk = content['classes']['walk']
    assert {key: walk[key] for key in expected} == pytest.approx(expected, rel=1e-5)
    shown = [expected['movement_speed'], expected['movement_speed_real'], walk['movement_speed_ratio'], expected['movement_range']]
    assert [float(cell) for cell in row[:4]] == pytest.approx(shown, abs=5.1e-4)


@pytest.mark.parametrize('fake_walk, transl, about_root', [(0., False, True), (0., True, False), (8., False, False)])
def test_a_path_that_the_generator_does_not_make_is_left_out(tmp_path, monkeypatch, fake_walk, transl, about_root):
    """Recordings walk; hands swing as they should. A generator without a path is not blamed, one that should have made it is."""
    all_knowing(monkeypatch)
    logged = logged_by(monkeypatch)
    _, content = judged(tmp_path, *moving([1., 1., 1.], walk=8., fake_walk=fake_walk, transl=transl))
    assert content['movement']['about_root'] is about_root
    assert ('path of the root is left out' in logged[-1][1]) is about_root
    ratio = content['overall']['movement_speed_ratio']
    assert (ratio < 0.25) == (transl and not fake_walk) and bool(content['warnings']) == (ratio < 0.25)


def test_an_unknown_layout_and_an_unknown_rate_are_said(tmp_path, monkeypatch):
    all_knowing(monkeypatch)
    logged = logged_by(monkeypatch)
    result, content = judged(tmp_path, *moving([0., 0., 0.]), skeleton=None)
    assert not any('movement' in name for name in result) and content['movement'] is None
    assert logged[-1][1].count('Movement: not known') == 1 and 'ratio' not in logged[-1][1]
    _, content = judged(tmp_path, *moving([0., 1., 1.]), fps=None)
    assert 'body lengths a frame' in logged[-1][1] and 'names no fps' in logged[-1][1] and 'walk' in content['warnings'][0]


def test_a_judge_that_was_never_fitted_is_named(tmp_path, monkeypatch):
    logged = logged_by(monkeypatch)
    for fitted in (False, True):
        metric = MotionGenerationMetric(out_file=str(tmp_path / 'numbers.json'))
        loop = dict(recordings=0.4, num_recordings=60, split='val', round_trip=0.3, chance=0.25)
        metric.set_recognizer(recognizer(), LONG, fitted=fitted, recordings=loop)
        result, content = judged(tmp_path, *moving([1., 1., 1.]), metric)
        assert content['judge'] == dict(fitted=fitted, chance=1 / 3, when_fitted=loop)
        assert 'when it was fitted it named 40.0 % of 60 recordings of val' in logged[-1][1]
        assert ('was never fitted: its weights are random' in content['warnings'][0]) is not fitted
        assert logged[-1][1].startswith('WARNING: the judge') and result['generation/num_warnings'] == len(content['warnings'])


@pytest.mark.parametrize('fitted', [True, False, None])
def test_a_loops_checkpoint_from_before_the_loop(tmp_path, fitted, monkeypatch):
    """``fitted`` lies in the checkpoint; older ones do not say."""
    all_knowing(monkeypatch)
    state = dict(recognizer=dict(state_dict=recognizer().state_dict()), **({} if fitted is None else dict(fitted=fitted)))
    torch.save(dict(state_dict={}, infagenc=state), tmp_path / 'epoch_1.pth')
    judge = dict(recognizer=RECOGNIZER, pipeline=LONG, checkpoint=str(tmp_path / 'epoch_1.pth'))
    metric = MotionGenerationMetric(judge=judge, out_file=str(tmp_path / 'numbers.json'))
    _, content = judged(tmp_path, *moving([1., 1., 1.]), metric)
    assert bool(content['warnings']) is (fitted is False)


@pytest.mark.parametrize('wrong, warned', [(0, False), (3, False), (6, True), (12, True)])
def test_a_judge_near_chance_on_recordings(tmp_path, monkeypatch, wrong, warned):
    """12 recordings of 3 classes: Wilson's lower end of 9 right is 46.8 %, of 6 right 25.4 %; guessing is 33.3 %."""
    all_knowing(monkeypatch, wrong_on_real=wrong)
    logged = logged_by(monkeypatch)
    _, content = judged(tmp_path, *moving([1., 1., 1.]))
    assert bool(content['warnings']) is warned and 'guessing: 33.3 %' in logged[-1][1]
    assert not warned or 'cannot be told from a judge that was never fitted' in content['warnings'][0]


@pytest.mark.filterwarnings('ignore')
def test_shares_stay_within_their_range(tmp_path, monkeypatch):
    """Three clips, two repeats of which 4 of 6 are right: 66.7 % [30.0, 90.3], not 66.7 ± 211.8."""
    model, (packed, motions) = recognizer(), clips(3, repeats=2)

    def score(model, pipeline, clips, **kwargs):
        scores = score_annotations(model, pipeline, clips, **kwargs)
        right = [not name.endswith('00000') or name.startswith('generated_clip0') for name in (clip['frame_dir'] for clip in clips)]
        probability = np.eye(3)[[(clip['label'] + (not known)) % 3 for clip, known in zip(clips, right)]]
        return type(scores)(label=scores.label, probability=probability, feature=scores.feature)

    monkeypatch.setattr('mmagenc.evaluation.metrics.judge.score_annotations', score)
    logged = logged_by(monkeypatch)
    metric = MotionGenerationMetric(judge=dict(recognizer=model, pipeline=PIPELINE), numbers=dict(num_neighbors=1))
    result = evaluate(metric, packed, motions)
    assert '66.7 % [30.0, 90.3]' in logged[-1][1] and '±' not in logged[-1][1].split('fid')[0]
    shares = ('accuracy', 'precision', 'recall', 'coverage')
    ends = [(result[f'generation/{name}_low'], result[f'generation/{name}'], result[f'generation/{name}_high']) for name in shares]
    assert all(0 <= low <= value <= high <= 1 and high - low > 0.3 for low, value, high in ends)


# Memorizing, and what is remembered ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('memorized', [True, False])
def test_copies_of_training_clips_are_seen(memorized):
    model, (packed, motions), (train, _) = recognizer(), clips(30, repeats=2), clips(30, seed=1)
    if memorized:
        motions = [
            Motion(
                keypoint=item['inputs']['keypoint'].repeat(2, 1, 1, 1) + 1e-3,
                label=motion.label, length=torch.full((2, ), item['data_samples'].num_frames)) for item, motion in zip(train, motions)
        ]
    metric = MotionGenerationMetric(judge=dict(recognizer=model, pipeline=PIPELINE), train_dataset=train)
    result = evaluate(metric, packed, motions)
    features = [score_annotations(model, PIPELINE, group).feature for group in (annotations(train), generated(motions, 0),
                                                                                annotations(packed))]
    expected = memorization(*features)
    assert result['generation/nearest_train_of_real'] == pytest.approx(expected.held_out, rel=1e-3)
    assert 'generation/nearest_train_ci' in result and 'generation/nearest_train_of_real_ci' not in result
    if memorized:
        assert result['generation/closer_to_train'] > 0.97 and result['generation/nearest_train'] < 0.05 * expected.held_out
    else:
        assert 0.2 < result['generation/closer_to_train'] < 0.8


def with_checkpoint(folder, **options):
    return MotionGenerationMetric(
        judge=dict(recognizer=RECOGNIZER, pipeline=PIPELINE, checkpoint=str(folder / 'epoch_1.pth'), **options))


def count_scored(monkeypatch):
    """Names of clips that a recognizer gets to see."""
    seen = []

    def spy(model, pipeline, clips, **kwargs):
        seen.extend(clip['frame_dir'] for clip in clips)
        return score_annotations(model, pipeline, clips, **kwargs)

    monkeypatch.setattr('mmagenc.evaluation.metrics.judge.score_annotations', spy)
    return seen


def test_real_clips_are_scored_once(tmp_path, monkeypatch):
    """Again in the same run, and in the next one; not with other weights, nor other clips of the same names."""
    torch.save(dict(state_dict=recognizer().state_dict()), tmp_path / 'epoch_1.pth')
    (packed, motions), seen = clips(), count_scored(monkeypatch)
    metric = with_checkpoint(tmp_path, cache_dir=str(tmp_path / 'cache'))

    def real_seen(metric):
        seen.clear()
        result = evaluate(metric, packed, motions)
        return sum(not name.startswith('generated_') for name in seen), result

    number, expected = real_seen(metric)
    assert number == NUM_CLIPS
    for other in (metric, with_checkpoint(tmp_path, cache_dir=str(tmp_path / 'cache'))):
        assert real_seen(other) == (0, expected)
    assert real_seen(with_checkpoint(tmp_path))[0] == NUM_CLIPS
    packed[0]['inputs']['keypoint'] = packed[0]['inputs']['keypoint'] + 1
    assert real_seen(metric)[0] == 1
    torch.save(dict(state_dict=recognizer(seed=3).state_dict()), tmp_path / 'epoch_1.pth')
    assert real_seen(with_checkpoint(tmp_path, cache_dir=str(tmp_path / 'cache')))[0] == NUM_CLIPS
    assert len(list((tmp_path / 'cache').iterdir())) == 2


def test_a_lent_recognizer_may_change_and_nothing_is_remembered(monkeypatch):
    (packed, motions), seen = clips(), count_scored(monkeypatch)
    metric = MotionGenerationMetric()
    for seed in (1, 2):
        metric.set_recognizer(recognizer(seed), PIPELINE)
        seen.clear()
        result = evaluate(metric, packed, motions)
        assert len(seen) == 2 * NUM_CLIPS
    assert result == evaluate(MotionGenerationMetric(judge=dict(recognizer=recognizer(2), pipeline=PIPELINE)), packed, motions)


# Where the recognizer comes from ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('form', ['own', 'loop'])
def test_recognizer_from_a_checkpoint(tmp_path, form):
    model, (packed, motions) = recognizer(seed=5), clips()
    own = dict(state_dict=model.state_dict())
    loop = dict(state_dict=dict(weight_of_a_generator=torch.zeros(1)), infagenc=dict(recognizer=own))
    torch.save(dict(own=own, loop=loop)[form], tmp_path / 'epoch_1.pth')
    metric = METRICS.build(
        dict(
            type='MotionGenerationMetric', judge=dict(recognizer=RECOGNIZER, pipeline=PIPELINE, checkpoint=str(tmp_path / 'epoch_1.pth'))))
    expected = evaluate(MotionGenerationMetric(judge=dict(recognizer=model, pipeline=PIPELINE)), packed, motions)
    assert evaluate(metric, packed, motions) == pytest.approx(expected)


def test_a_checkpoint_of_another_recognizer_is_refused(tmp_path):
    weights = recognizer().state_dict()
    weights['cls_head.fc.weight'] = torch.zeros(7, 8)
    torch.save(dict(state_dict=weights), tmp_path / 'other.pth')
    metric = MotionGenerationMetric(judge=dict(recognizer=RECOGNIZER, pipeline=PIPELINE, checkpoint=str(tmp_path / 'other.pth')))
    with pytest.raises(ValueError, match=r'other\.pth do not fit the RecognizerGCN.*fc\.weight \(\(7, 8\), the model has \(3, 8\)\)'):
        evaluate(metric, *clips(3))


@pytest.mark.parametrize(('learnt', 'says'), [
    (['run', 'walk', 'jump'], r"epoch_1\.pth: .*'jump'\] differ from \['run', 'walk', 'jump'\] \(the same names in another order"),
    (['walk', 'run', 'sit'], r"differ from \['walk', 'run', 'sit'\]"),
    (['walk', 'run', 'jump'], None), (['0', '1', '2'], None), (None, None)])
def test_a_checkpoint_that_has_learnt_other_classes_is_refused(tmp_path, learnt, says):
    """Its accuracies, and the classes that it names, would be those of other names."""
    torch.save(dict(state_dict=recognizer().state_dict(), meta=dict(dataset_meta=dict(classes=learnt))), tmp_path / 'epoch_1.pth')
    with contextlib.nullcontext() if says is None else pytest.raises(ValueError, match=says):
        evaluate(with_checkpoint(tmp_path), *clips())


def test_a_lent_recognizer_judges_where_none_is_configured():
    lent, (packed, motions) = recognizer(seed=1), clips()
    metric = MotionGenerationMetric()
    metric.set_recognizer(lent, PIPELINE)
    expected = evaluate(MotionGenerationMetric(judge=dict(recognizer=lent, pipeline=PIPELINE)), packed, motions)
    assert evaluate(metric, packed, motions) == pytest.approx(expected)
    configured = MotionGenerationMetric(judge=dict(recognizer=lent, pipeline=PIPELINE))
    configured.set_recognizer(recognizer(seed=2), PIPELINE)
    assert evaluate(configured, packed, motions) == pytest.approx(expected)


@pytest.mark.parametrize('options, message', [
    (dict(judge=dict(recognizer=RECOGNIZER, checkpoint='a.pth')), 'set judge.pipeline'),
    (dict(judge=dict(recognizer=RECOGNIZER, pipeline=PIPELINE)), 'set judge.checkpoint'),
    (dict(judge=dict(checkpoint='a.pth')), 'need a recognizer'),
    (dict(judge=dict(recogniser=RECOGNIZER)), r'judge has no recogniser \(is recognizer meant\?\); it has recognizer, pipeline'),
    (dict(judge='judge.pth'), "judge must be a dict of recognizer, pipeline, checkpoint, batch_size, cache_dir, got 'judge.pth'"),
])
def test_half_a_recognizer_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        MotionGenerationMetric(**options)


def test_arguments_of_former_configs(tmp_path):
    """Those that have moved into groups still work, and say where they are."""
    torch.save(dict(state_dict=recognizer().state_dict()), tmp_path / 'epoch_1.pth')
    packed, motions = clips()
    judge = dict(recognizer=RECOGNIZER, pipeline=PIPELINE, checkpoint=str(tmp_path / 'epoch_1.pth'))
    expected = evaluate(MotionGenerationMetric(judge=judge, numbers=dict(num_neighbors=3, seed=4)), packed, motions)
    with pytest.warns(FutureWarning, match=r'recognizer_pipeline is called judge.pipeline now'):
        former = MotionGenerationMetric(
            recognizer=RECOGNIZER, recognizer_pipeline=PIPELINE, recognizer_checkpoint=judge['checkpoint'], num_neighbors=3, seed=4)
    assert evaluate(former, packed, motions) == expected


def test_no_recognizer_says_what_to_set():
    with pytest.raises(ValueError, match='set judge=dict'):
        evaluate(MotionGenerationMetric(), *clips(3))


def test_wrong_models_are_named():
    packed, motions = clips(4)
    metric = MotionGenerationMetric(judge=dict(recognizer=recognizer(), pipeline=PIPELINE))
    with pytest.raises(ValueError, match='for recognizers use RecognizerMetric'):
        metric.process(pseudo_collate(packed), [item['data_samples'].to_dict() for item in packed])
    with pytest.raises(ValueError, match=r'the same number of generated ones, got \[1, 2\]'):
        evaluate(metric, packed, [*motions[:3], Motion.cat([motions[3], motions[3]])])
    packed[0]['data_samples'].set_gt_label(3)
    with pytest.raises(ValueError, match='class index 3 and the recognizer knows 3 classes'):
        evaluate(metric, packed, motions)


# Several processes --------------------------------------------------------------------------------------------------------------------


def _evaluate_share(rank, folder):
    """What one of two processes does: its own recognizer unfitted unless it is the first, its clips as MMEngine's sampler deals them."""
    torch.set_num_threads(1)  # forked, not spawned, to spare the imports; one thread is safe there
    torch.distributed.init_process_group('gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=2)
    packed, motions = clips(NUM_CLIPS, repeats=2)
    mine = [*range(NUM_CLIPS), 0][rank::2]
    metric = MotionGenerationMetric()
    metric.set_recognizer(recognizer(seed=rank), PIPELINE, fitted=rank == 0)
    evaluator = Evaluator(metric)
    evaluator.dataset_meta = META
    for start in range(0, len(mine), 4):
        part = mine[start:start + 4]
        batch = pseudo_collate([packed[i] for i in part])
        for sample, i in zip(batch['data_samples'], part):
            sample.pred_motion = motions[i]
        evaluator.process(data_samples=batch['data_samples'], data_batch=batch)
    torch.save(evaluator.evaluate(NUM_CLIPS), f'{folder}/rank{rank}.pth')
    torch.distributed.destroy_process_group()


def test_two_processes_agree_with_one(tmp_path):
    """13 clips on two processes: the 14th is a repetition and must not count, and rank 1's recognizer was never fitted."""
    torch.multiprocessing.start_processes(_evaluate_share, args=(str(tmp_path), ), nprocs=2, start_method='fork')
    results = [torch.load(tmp_path / f'rank{rank}.pth', weights_only=True) for rank in range(2)]
    packed, motions = clips(NUM_CLIPS, repeats=2)
    expected = evaluate(MotionGenerationMetric(judge=dict(recognizer=recognizer(seed=0), pipeline=PIPELINE)), packed, motions)
    assert results[0] == results[1] == pytest.approx(expected, rel=1e-4)
