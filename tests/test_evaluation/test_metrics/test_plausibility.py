"""Bodies whose lengths, speeds, feet and joints are known, generated and real."""

import numpy as np
import pytest
import torch
import torch.distributed
from mmaction.structures import ActionDataSample
from mmengine.dataset import pseudo_collate
from mmengine.evaluator import Evaluator

from mmagenc.evaluation.functional import body_length
from mmagenc.evaluation.metrics import PlausibilityMetric
from mmagenc.registry import METRICS
from mmagenc.skeletons import SKELETONS, Skeleton, get_skeleton
from mmagenc.structures import Motion

NUM_CLIPS, NUM_FRAMES, FPS = 5, 6, 20.
SKELETON = get_skeleton('smpl24')


def body(speed=0., height=0., growth=0.):
    """``(T, 24, 3)``: a body that slides along x, its lowest joint at ``height``, growing by ``growth`` of its size each frame."""
    rest = torch.from_numpy(np.random.default_rng(0).uniform(0.5, 2, size=(24, 3))).float()
    for name in ('left_foot', 'right_foot'):
        rest[SKELETON.index(name)] = torch.tensor([1., 0, 0])
    frames = torch.arange(NUM_FRAMES).float()[:, None, None]
    return rest * (1 + growth * frames) + torch.tensor([1., 0, 0]) * speed * frames / FPS + torch.tensor([0., height, 0])


def pair(real, fake, pose=None, label=0):
    """A packed real clip and what was generated for it, one clip a repeat."""
    sample = ActionDataSample().set_gt_label(label)
    sample.set_metainfo(dict(num_frames=NUM_FRAMES, frame_dir='clip'))
    fake, repeats = torch.stack(list(fake)), len(fake)
    motion = Motion(
        keypoint=fake, pose=pose, label=torch.full((repeats, ), label), length=torch.full((repeats, ), NUM_FRAMES))
    return dict(inputs=dict(keypoint=real), data_samples=sample), motion


def evaluate(metric, pairs, batch_size=2, **meta):
    evaluator = Evaluator(metric)
    evaluator.dataset_meta = dict(skeleton='smpl24', fps=FPS) | meta
    for start in range(0, len(pairs), batch_size):
        batch = pseudo_collate([packed for packed, _ in pairs[start:start + batch_size]])
        for sample, (_, motion) in zip(batch['data_samples'], pairs[start:start + batch_size]):
            sample.pred_motion = motion
        evaluator.process(data_samples=batch['data_samples'], data_batch=batch)
    return {name.split('/')[1]: value for name, value in evaluator.evaluate(len(pairs)).items()}


def test_speed_and_its_interval():
    """Real bodies slide at 1 m/s, generated ones at 2 and 4: mean 3, half width 12.706 · √2 / √2."""
    result = evaluate(PlausibilityMetric(), [pair(body(1.), [body(2.), body(4.)]) for _ in range(3)])
    assert (result['speed'], result['speed_real']) == pytest.approx((3, 1), rel=1e-4)
    assert result['speed_ci'] == pytest.approx(12.7062, rel=1e-3)
    assert (result['acceleration'], result['jerk'], result['bone_length_change']) == pytest.approx((0, 0, 0), abs=0.05)
    assert not {'floor_penetration', 'foot_skating', 'joint_limit_violation'} & set(result)


def test_seconds_come_from_the_data_set_or_the_config():
    pairs = [pair(body(1.), [body(2.)])]
    assert evaluate(PlausibilityMetric(fps=2 * FPS), pairs)['speed'] == pytest.approx(4, rel=1e-4)
    assert evaluate(PlausibilityMetric(), pairs, fps=None)['speed'] == pytest.approx(2 / FPS, rel=1e-4)


def test_speed_relative_to_the_root():
    """A body that slides and does nothing else, beside one that does not slide."""
    result = evaluate(PlausibilityMetric(origin='every_frame', floor=0.), [pair(body(3.), [body()])])
    assert (result['speed'], result['speed_real']) == pytest.approx((0, 0), abs=1e-3)
    assert result['foot_skating_real'] == pytest.approx(3, rel=1e-4)


def test_body_lengths():
    """Speeds of 2 and 4 m/s (median 3) against 1 m/s, divided by one body's length; a standing body beside sliding ones keeps its root."""
    length = body_length(body().numpy(), SKELETON.parents)
    result = evaluate(PlausibilityMetric(), [pair(body(1.), [body(2.), body(4.)]) for _ in range(3)])
    assert [result[f'body_speed{end}'] for end in ('', '_real', '_ratio')] == pytest.approx([3 / length, 1 / length, 3], rel=1e-3)
    still = evaluate(PlausibilityMetric(), [pair(body(1.), [body()])])
    assert (still['body_speed'], still['body_speed_real']) == pytest.approx((0, 0), abs=1e-3)


def test_statues_are_warned_of_over_the_table(monkeypatch):
    """Class 1 shakes its hands when recorded and stands when generated; class 0 does as it should."""
    logged = []
    monkeypatch.setattr('mmagenc.evaluation.metrics.plausibility.print_log', lambda message, **kwargs: logged.append(message))
    shaking = body()
    shaking[:, SKELETON.index('left_hand')] += torch.linspace(0, 2, NUM_FRAMES)[:, None]
    evaluate(PlausibilityMetric(), [pair(shaking, [body()], label=1), pair(shaking, [shaking])], classes=['walk', 'wave'])
    first, second = logged[-1].splitlines()[:2]
    assert first.startswith('WARNING: generated clips hardly move') and 'wave (0 against' in first and 'walk' not in first
    assert second.startswith('Plausibility of 2 real clips')


def test_a_layout_of_the_users_own(monkeypatch):
    own = Skeleton('own3', ('hip', 'knee', 'foot'), (-1, 0, 1))
    monkeypatch.setitem(SKELETONS, 'own3', own)
    keypoint = torch.cumsum(torch.ones(NUM_FRAMES, 3, 3), dim=1) + torch.arange(NUM_FRAMES)[:, None, None] / FPS
    result = evaluate(PlausibilityMetric(floor=0.), [pair(keypoint, [keypoint])], skeleton='own3')
    assert result['speed'] == pytest.approx(3**0.5, rel=1e-4) and result['body_speed'] == pytest.approx(0.5, rel=1e-3)


def test_growing_bones():
    """Factors 1, 1.1 … 1.5: deviation over mean."""
    growth = 1 + 0.1 * np.arange(NUM_FRAMES)
    result = evaluate(PlausibilityMetric(), [pair(body(), [body(growth=0.1)])])
    assert result['bone_length_change'] == pytest.approx(growth.std() / growth.mean(), rel=1e-4)
    assert result['bone_length_change_real'] == pytest.approx(0, abs=1e-6)


def test_floor_and_feet():
    result = evaluate(PlausibilityMetric(floor=0.), [pair(body(1.), [body(1., height=-0.3)]), pair(body(1.), [body(2., height=1.)])])
    assert (result['floor_penetration'], result['floor_penetration_real']) == pytest.approx((0.15, 0), abs=1e-6)
    assert (result['foot_skating'], result['foot_skating_real']) == pytest.approx((0.5, 1), rel=1e-4)
    hands = evaluate(PlausibilityMetric(floor=0., feet=['left_hand']), [pair(body(1.), [body(1.)])])
    assert hands['foot_skating'] == 0
    swapped = [pair(body(1.)[..., [0, 2, 1]], [body(1., height=-0.3)[..., [0, 2, 1]]])]
    assert evaluate(PlausibilityMetric(floor=0., up=2), swapped)['floor_penetration'] == pytest.approx(0.3, rel=1e-5)


def test_joint_limits():
    """A knee turned by 170 degrees in every frame, and a root that may turn as it likes: one joint of 24."""
    pose = torch.zeros(1, NUM_FRAMES, 24, 3)
    pose[:, :, SKELETON.index('left_knee'), 0] = np.radians(170)
    pose[:, :, 0, 1] = np.pi
    pairs = [pair(body(), [body()], pose)]
    assert evaluate(PlausibilityMetric(), pairs)['joint_limit_violation'] == pytest.approx(1 / 24)
    assert evaluate(PlausibilityMetric(angle_limits=dict(knee=175)), pairs)['joint_limit_violation'] == 0
    limits = np.degrees(PlausibilityMetric()._limits())
    assert limits[0] == 180 and (limits[1:] < 180).all()


def test_batches_do_not_matter():
    pairs = [pair(body(i), [body(2 * i), body(i + 1)]) for i in range(NUM_CLIPS)]
    assert evaluate(PlausibilityMetric(), pairs, batch_size=5) == evaluate(PlausibilityMetric(), pairs, batch_size=2)


def test_pixels_have_no_floor():
    pairs = [pair(body(1.)[..., :2], [body(2.)[..., :2]])]
    names = ('bone_length_change', 'speed', 'acceleration', 'jerk', 'body_speed', 'body_range', 'body_bone_change')
    expected = {f'{name}{end}' for end in ('', '_real') for name in names}
    assert set(evaluate(PlausibilityMetric(floor=0.), pairs)) == expected | {'body_speed_ratio'}


def test_refused():
    with pytest.raises(ValueError, match='fps must be positive, got 0'):
        METRICS.build(dict(type='PlausibilityMetric', fps=0))
    with pytest.raises(ValueError, match="origin must be data or every_frame, got 'root'"):
        METRICS.build(dict(type='PlausibilityMetric', origin='root'))
    with pytest.raises(ValueError, match=r"unknown joints \['tail'\]; known: hip, knee"):
        METRICS.build(dict(type='PlausibilityMetric', angle_limits=dict(tail=3)))
    with pytest.raises(ValueError, match='clip: PlausibilityMetric needs keypoints of a known layout, got None; set skeleton'):
        evaluate(PlausibilityMetric(), [pair(body(), [body()])], skeleton=None)
    with pytest.raises(ValueError, match=r'the same number of generated ones, got \[1, 2\]'):
        evaluate(PlausibilityMetric(), [pair(body(), [body()]), pair(body(), [body(), body()])])
    packed, _ = pair(body(), [body()])
    with pytest.raises(ValueError, match='PlausibilityMetric judges generators'):
        PlausibilityMetric().process(pseudo_collate([packed]), [packed['data_samples'].to_dict()])


def _evaluate_share(rank, folder):
    """What one of two processes does with its clips as MMEngine's sampler deals them."""
    torch.set_num_threads(1)  # forked, not spawned, to spare the imports; one thread is safe there
    torch.distributed.init_process_group('gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=2)
    pairs = [pair(body(i), [body(2 * i), body(i + 1)]) for i in range(NUM_CLIPS)]
    evaluator = Evaluator(PlausibilityMetric())
    evaluator.dataset_meta = dict(skeleton='smpl24', fps=FPS)
    for i in [*range(NUM_CLIPS), 0][rank::2]:
        batch = pseudo_collate([pairs[i][0]])
        batch['data_samples'][0].pred_motion = pairs[i][1]
        evaluator.process(data_samples=batch['data_samples'], data_batch=batch)
    torch.save(evaluator.evaluate(NUM_CLIPS), f'{folder}/rank{rank}.pth')
    torch.distributed.destroy_process_group()


def test_two_processes_agree_with_one(tmp_path):
    """5 clips on two processes: the 6th is a repetition and must not count."""
    torch.multiprocessing.start_processes(_evaluate_share, args=(str(tmp_path), ), nprocs=2, start_method='fork')
    results = [torch.load(tmp_path / f'rank{rank}.pth', weights_only=True) for rank in range(2)]
    expected = evaluate(PlausibilityMetric(), [pair(body(i), [body(2 * i), body(i + 1)]) for i in range(NUM_CLIPS)])
    assert results[0] == results[1] == pytest.approx({f'generation/{name}': value for name, value in expected.items()})


def test_points_that_are_not_seen_count_nowhere():
    """A hand that waves, far from the corner of the image, lost in four frames of sixty: the numbers of the other frames."""
    points = np.repeat(np.random.default_rng(0).normal(0, 100, (1, 1, 17, 2)) + (900, 500), 60, axis=1).astype(np.float32)
    points[0, :, 9, 1] += 60 * np.sin(np.arange(60) / 5)
    score = np.ones(points.shape[:3], np.float32)
    whole = dict(frame_dir='a', label=0, total_frames=60, keypoint=points, keypoint_score=score, skeleton='coco17')
    torn = dict(whole, keypoint=points.copy(), keypoint_score=score.copy())
    torn['keypoint'][:, 10:14, [0, 9]], torn['keypoint_score'][:, 10:14, [0, 9]] = 0, 0
    for origin in ('data', 'every_frame'):
        metric = PlausibilityMetric(fps=30., origin=origin)
        assert metric.measure(torn) == pytest.approx(metric.measure(whole), rel=0.1)
    beside = dict(torn, **{key: np.concatenate([0 * torn[key], torn[key]]) for key in ('keypoint', 'keypoint_score')})
    assert metric.measure(beside) == metric.measure(torn)
    flickering = dict(whole, keypoint_score=score * (np.arange(60) % 2)[:, None])
    assert metric.measure(flickering).keys() == {'bone_length_change'}, 'there is no step of which both frames are seen'


def test_gaps_are_said_and_feet_that_are_not_seen_do_not_skate(monkeypatch):
    logged = []
    monkeypatch.setattr('mmagenc.evaluation.metrics.plausibility.print_log', lambda message, **kwargs: logged.append(message))
    packed, motion = pair(body(1.), [body(1.)])
    score = torch.ones(NUM_FRAMES, 24)
    for name in ('left_foot', 'right_foot'):
        packed['inputs']['keypoint'][2, SKELETON.index(name)] = torch.tensor([0., -9, 0])
        score[2, SKELETON.index(name)] = 0
    packed['inputs']['keypoint_score'] = score
    result = evaluate(PlausibilityMetric(floor=0.), [(packed, motion)])
    assert (result['floor_penetration_real'], result['foot_skating_real'], result['speed_real']) == pytest.approx((0, 1, 1), rel=1e-4)
    assert 'In 1 of 1 real clips points were not seen: they count nowhere.' in logged[-1]
