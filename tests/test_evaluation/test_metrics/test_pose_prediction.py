"""The metric against the functions it is made of; baselines by hand; what is no prediction is refused."""

import json

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.dataset import pseudo_collate
from mmengine.evaluator import Evaluator

from mmagenc.evaluation.functional import pck, segment_size, window_error
from mmagenc.evaluation.metrics import PosePredictionMetric
from mmagenc.evaluation.metrics.pose_prediction import predicted_poses, velocity_of
from mmagenc.evaluation.predictions import load_window_errors
from mmagenc.registry import METRICS
from mmagenc.structures import Motion

META = dict(classes=['squat', 'bowl'], skeleton='penn13')
K, STEPS = 3, 4


def windows(count=8, repeats=K, noise=2., seed=0):
    """Windows of five poses that drift by (3, 0) pixels a step, of four subjects; predictions that know the drift."""
    rng = np.random.default_rng(seed)
    packed, motions = [], []
    for index in range(count):
        first = rng.uniform(20, 90, size=(13, 2))
        truth = first + np.arange(1 + STEPS)[:, None, None] * np.array([3., 0]) + rng.normal(size=(1 + STEPS, 13, 2))
        score = (rng.uniform(size=(1 + STEPS, 13)) > 0.2).astype(np.float32)
        score[:, [1, 2, 7, 8]] = 1
        sample = ActionDataSample().set_gt_label(index % 2)
        previous = np.concatenate([truth[0] - [3., 0], np.ones((13, 1))], axis=1).tolist()
        sample.set_metainfo(dict(num_frames=1 + STEPS, frame_dir=f'w{index}', subject=str(index // 2), img_shape=(128, 128),
                                 **({'previous': previous} if index % 4 else {})))
        inputs = dict(keypoint=torch.tensor(truth, dtype=torch.float32), keypoint_score=torch.tensor(score))
        packed.append(dict(inputs=inputs, data_samples=sample))
        guess = truth[1:] + noise * rng.normal(size=(repeats, STEPS, 13, 2))
        motions.append(Motion(keypoint=torch.tensor(guess, dtype=torch.float32), label=torch.full((repeats, ), index % 2),
                              length=torch.full((repeats, ), STEPS)))
    return packed, motions


def evaluate(metric, packed, motions, batch_size=3, meta=None):
    evaluator = Evaluator(metric)
    evaluator.dataset_meta = meta or META
    for start in range(0, len(packed), batch_size):
        batch = pseudo_collate(packed[start:start + batch_size])
        for sample, motion in zip(batch['data_samples'], motions[start:start + batch_size]):
            sample.pred_motion = motion
        evaluator.process(data_samples=batch['data_samples'], data_batch=batch)
    return evaluator.evaluate(len(packed))


def arrays(packed, motions):
    truth, score = (torch.stack([item['inputs'][key] for item in packed]).double().numpy() for key in ('keypoint', 'keypoint_score'))
    return torch.stack([motion.keypoint for motion in motions], dim=1).double().numpy(), truth, score > 0


def test_equals_the_functions(tmp_path):
    packed, motions = windows()
    metric = METRICS.build(dict(type='PosePredictionMetric', out_file=str(tmp_path / 'new' / 'pose.json'), num_resamples=50))
    result = evaluate(metric, packed, motions)
    samples, truth, seen = arrays(packed, motions)
    target, valid = truth[:, 1:], seen[:, 1:]
    error = window_error(samples, target, valid)
    assert result['pose/l2'] == pytest.approx(error.mean()) and result['pose/best_l2'] == pytest.approx(error.min(axis=0).mean())
    assert result['pose/mean_l2'] == pytest.approx(window_error(samples.mean(axis=0), target, valid).mean())
    constant = window_error(np.repeat(truth[:, :1], STEPS, axis=1), target, valid)
    assert result['pose/constant_l2'] == pytest.approx(constant.mean())
    assert result['pose/best_minus_constant'] == pytest.approx((error.min(axis=0) - constant).mean())
    assert result['pose/best_minus_constant_low'] <= result['pose/best_minus_constant'] <= result['pose/best_minus_constant_high'] < 0
    assert result['pose/energy_l2'] == pytest.approx(result['pose/l2'] - result['pose/diversity'] / 2)
    torso = segment_size(truth, (1, 2), (7, 8), seen)
    assert result['pose/pck'] == pytest.approx(pck(samples, target, torso, valid))
    assert result['pose/coverage_nominal'] == pytest.approx(0.5) and 0 < result['pose/diversity'] < 10
    written = json.loads((tmp_path / 'new' / 'pose.json').read_text())
    assert written['l2'] == result['pose/l2'] and set(written['classes']) == {'squat', 'bowl'} and written['num_windows'] == 8
    assert np.mean([written['classes'][name]['l2'] for name in META['classes']]) == pytest.approx(result['pose/l2'])
    assert written['windows']['frame_dir'] == [f'w{index}' for index in range(8)] and written['windows']['subject'][:3] == ['0', '0', '1']
    assert written['windows']['best_l2'] == pytest.approx(error.min(axis=0))
    assert written['windows']['constant_l2'] == pytest.approx(constant)
    for name in ('l1', 'pck', 'best_pck', 'mean_pck', 'velocity_pck', 'diversity', 'energy_l2'):
        assert np.mean(written['windows'][name]) == pytest.approx(result[f'pose/{name}'])
    assert len(load_window_errors(tmp_path / 'new' / 'pose.json')) == 8
    assert len(written['keypoints']) == 13 and len(written['steps']) == STEPS and sum(written['rank_histogram']) == pytest.approx(1)
    assert evaluate(PosePredictionMetric(num_resamples=50), packed, motions, batch_size=8) == pytest.approx(result)


def test_one_subject_has_no_interval(tmp_path, monkeypatch):
    logged = []
    monkeypatch.setattr('mmagenc.evaluation.metrics.pose_prediction.print_log', lambda message, **kwargs: logged.append(message))
    packed, motions = windows()
    for item in packed:
        item['data_samples'].set_metainfo(dict(subject='anna'))
    result = evaluate(PosePredictionMetric(out_file=str(tmp_path / 'pose.json')), packed, motions)
    assert result['pose/best_minus_constant'] < 0 and np.isnan([result[f'pose/best_minus_constant_{end}'] for end in ('low', 'high')]).all()
    assert 'best minus constant: -' in logged[-1] and '(of one subject: no interval)' in logged[-1]
    assert json.loads((tmp_path / 'pose.json').read_text(), parse_constant=pytest.fail)['best_minus_constant_low'] is None


def test_baselines():
    """Constant velocity is right but for noise where the pose before is known, and the constant pose elsewhere."""
    packed, motions = windows()
    values = evaluate(PosePredictionMetric(), packed, motions)
    assert values['pose/velocity_l2'] < 0.8 * values['pose/constant_l2']
    for item in packed:
        item['data_samples'].set_metainfo(dict(previous=None))
    values = evaluate(PosePredictionMetric(), packed, motions)
    assert values['pose/velocity_l2'] == values['pose/constant_l2']


def test_velocity():
    pose, score = np.array([[5., 5], [7, 7], [9, 9]]), np.array([1., 0, 1])
    previous = [[4, 5, 1], [1, 1, 1], [0, 0, 0]]
    assert velocity_of(pose, score, previous).tolist() == [[1, 0], [0, 0], [0, 0]] and not velocity_of(pose, score, None).any()
    with pytest.raises(ValueError, match='previous must be coordinates and score'):
        velocity_of(pose, score, [[1, 2, 3]])


def test_velocity_stops_at_the_edge_of_the_image():
    packed, motions = windows(count=2)
    for item in packed:
        item['data_samples'].set_metainfo(dict(img_shape=(128, 30)))
        item['inputs']['keypoint'][..., 0] = 29
        previous = np.concatenate([item['inputs']['keypoint'][0].numpy() - [20, 0], np.ones((13, 1))], axis=1)
        item['data_samples'].set_metainfo(dict(previous=previous.tolist()))
    values = evaluate(PosePredictionMetric(), packed, motions)
    assert values['pose/velocity_l2'] == pytest.approx(values['pose/constant_l2'])


def test_in_sizes_of_the_box():
    packed, motions = windows()
    plain = evaluate(PosePredictionMetric(size='box', in_sizes=True), packed, motions)
    for item in packed:
        item['inputs']['keypoint'] = item['inputs']['keypoint'] * 4
        item['data_samples'].set_metainfo(dict(img_shape=(512, 512), previous=None))
    larger = [Motion(keypoint=motion.keypoint * 4, label=motion.label, length=motion.length) for motion in motions]
    scaled = evaluate(PosePredictionMetric(size='box', in_sizes=True), packed, larger)
    for name in ('l2', 'best_l2', 'pck', 'diversity', 'energy_l2', 'constant_l2', 'coverage'):
        assert scaled[f'pose/{name}'] == pytest.approx(plain[f'pose/{name}'], rel=1e-5), name


def test_one_sample_has_no_diversity():
    result = evaluate(PosePredictionMetric(num_resamples=9), *windows(repeats=1))
    assert result['pose/l2'] == pytest.approx(result['pose/best_l2']) and 'pose/diversity' not in result


def test_a_window_in_which_nothing_was_seen_does_not_count():
    packed, motions = windows()
    expected = evaluate(PosePredictionMetric(num_resamples=9), packed[:7], motions[:7])
    packed[7]['inputs']['keypoint_score'][1:] = 0
    result = evaluate(PosePredictionMetric(num_resamples=9), packed, motions)
    assert result['pose/l2'] == pytest.approx(expected['pose/l2']) and result['pose/pck'] == pytest.approx(expected['pose/pck'])


def test_what_predicts_nothing_is_refused():
    keypoint = np.random.default_rng(0).uniform(0, 100, size=(5, 13, 2))
    whole = np.repeat(keypoint[None], 2, axis=0)
    assert predicted_poses(whole[:, 1:], keypoint, 'a').shape == (2, 4, 13, 2)
    assert np.array_equal(predicted_poses(whole, keypoint, 'a'), whole[:, 1:])
    with pytest.raises(ValueError, match=r"clip a: the generator does not begin with the first pose .*test_cfg=dict\(start='clip'\)"):
        predicted_poses(whole + 1, keypoint, 'a')
    with pytest.raises(ValueError, match=r'of its 5 frames are poses \(4, 13, 2\), the generator made \(3, 13, 2\)'):
        predicted_poses(whole[:, 2:], keypoint, 'a')
    packed, motions = windows(count=2)
    with pytest.raises(ValueError, match='pred_motion'):
        evaluate(PosePredictionMetric(), packed, [None, None])
    with pytest.raises(ValueError, match='set skeleton'):
        evaluate(PosePredictionMetric(), packed, motions, meta=dict(classes=['a', 'b']))
    for item in packed:
        item['inputs']['keypoint_score'][1:] = 0
    with pytest.raises(ValueError, match='no keypoint was seen after the first pose'):
        evaluate(PosePredictionMetric(), packed, motions)
    for settings in (dict(size='head'), dict(alpha=0), dict(num_resamples=1)):
        with pytest.raises(ValueError, match='size must be one of torso, box'):
            PosePredictionMetric(**settings)
