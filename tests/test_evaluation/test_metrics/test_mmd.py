"""The metric against the functions it is made of, over batches, processes, lengths and layouts."""

import numpy as np
import pytest
import torch
import torch.distributed
from mmaction.structures import ActionDataSample
from mmengine.dataset import pseudo_collate
from mmengine.evaluator import Evaluator

from mmagenc.evaluation.functional import mmd_average, mmd_sequence
from mmagenc.evaluation.metrics import MMDMetric
from mmagenc.evaluation.metrics.positions import discrepancies, positions
from mmagenc.registry import METRICS
from mmagenc.skeletons import get_skeleton, joint_map
from mmagenc.structures import Motion

NUM_CLIPS, NUM_FRAMES = 13, 5


def clips(num_clips=NUM_CLIPS, repeats=1, offset=0.5, seed=0):
    """Packed real clips of two classes, and for each what a generator would have made of it."""
    rng = torch.Generator().manual_seed(seed)
    packed, motions = [], []
    for i in range(num_clips):
        label = i % 2
        sample = ActionDataSample().set_gt_label(label)
        sample.set_metainfo(dict(num_frames=NUM_FRAMES, frame_dir=f'clip{i}'))
        packed.append(dict(inputs=dict(keypoint=torch.randn(NUM_FRAMES, 20, 3, generator=rng)), data_samples=sample))
        motions.append(
            Motion(
                keypoint=torch.randn(repeats, NUM_FRAMES, 20, 3, generator=rng) + offset * label * torch.arange(20)[:, None] / 20,
                label=torch.full((repeats, ), label),
                length=torch.full((repeats, ), NUM_FRAMES)))
    return packed, motions


def evaluate(metric, packed, motions, batch_size=4, meta=None):
    evaluator = Evaluator(metric)
    evaluator.dataset_meta = meta or dict(classes=['walk', 'run'], skeleton='ucla20')
    for start in range(0, len(packed), batch_size):
        batch = pseudo_collate(packed[start:start + batch_size])
        for sample, motion in zip(batch['data_samples'], motions[start:start + batch_size]):
            sample.pred_motion = motion
        evaluator.process(data_samples=batch['data_samples'], data_batch=batch)
    return evaluator.evaluate(len(packed))


def arrays(packed, motions, repeat=0):
    real = torch.stack([item['inputs']['keypoint'] for item in packed]).double().numpy()
    fake = torch.stack([motion.keypoint[repeat] for motion in motions]).double().numpy()
    return real, fake, np.arange(len(packed)) % 2


def test_equals_the_functions_on_all_clips():
    packed, motions = clips(repeats=2)
    result = evaluate(MMDMetric(origin='data', estimator='paired'), packed, motions)
    for name, function in (('average', mmd_average), ('sequence', mmd_sequence)):
        values = []
        for repeat in range(2):
            real, fake, label = arrays(packed, motions, repeat)
            low, high = real.min(), real.max()
            real, fake = (2 * (x - low) / (high - low) - 1 for x in (real, fake))
            values.append(np.mean([function(real[label == k], fake[label == k], estimator='paired') for k in (0, 1)]))
        assert result[f'generation/mmd_{name}'] == pytest.approx(np.mean(values), rel=1e-5)
        assert result[f'generation/mmd_{name}_ci'] == pytest.approx(12.706204736 * abs(values[0] - values[1]) / 2, rel=1e-4)
        assert {f'generation/mmd_{name}_real', f'generation/mmd_{name}_real_ci'} < set(result)


def test_batches_and_units_do_not_matter():
    packed, motions = clips(repeats=2)
    expected = evaluate(MMDMetric(), packed, motions)
    assert evaluate(MMDMetric(), packed, motions, batch_size=64) == pytest.approx(expected)
    for item in packed:
        item['inputs']['keypoint'] = item['inputs']['keypoint'] * 250
    motions = [Motion(keypoint=motion.keypoint * 250, label=motion.label, length=motion.length) for motion in motions]
    assert evaluate(MMDMetric(), packed, motions) == pytest.approx(expected, rel=1e-4)


def test_a_better_generator_is_nearer():
    bad, good = (evaluate(MMDMetric(), *clips(40, offset=offset))['generation/mmd_sequence'] for offset in (3., 0.))
    assert good < 0.5 * bad


def test_origins():
    """A generator that places its clips elsewhere, and one that lets them drift."""
    packed, motions = clips(40, offset=0.)
    still = {origin: evaluate(MMDMetric(origin=origin), packed, motions) for origin in ('first_frame', 'every_frame', 'data')}
    placed = [Motion(keypoint=motion.keypoint + 50, label=motion.label, length=motion.length) for motion in motions]
    drifted = [Motion(keypoint=motion.keypoint + 10 * torch.arange(5.)[:, None, None], label=motion.label, length=motion.length)
               for motion in motions]
    name = 'generation/mmd_sequence'
    for moved, same, different in ((placed, ('first_frame', 'every_frame'), ('data', )),
                                   (drifted, ('every_frame', ), ('first_frame', 'data'))):
        for origin in same:
            assert evaluate(MMDMetric(origin=origin), packed, moved)[name] == pytest.approx(still[origin][name], rel=1e-3)
        for origin in different:
            assert evaluate(MMDMetric(origin=origin), packed, moved)[name] > still[origin][name] + 0.3


def test_clips_of_other_lengths_hold_their_last_frame():
    packed, motions = clips(8)
    held = [Motion(keypoint=motion.keypoint[:, [0, 1, 2, 2, 2]], label=motion.label, length=motion.length) for motion in motions]
    short = [Motion(keypoint=motion.keypoint[:, :4], label=motion.label, length=torch.tensor([3])) for motion in motions]
    assert evaluate(MMDMetric(), packed, short) == pytest.approx(evaluate(MMDMetric(), packed, held))
    for item in packed:
        item['inputs']['keypoint'][3:] = item['inputs']['keypoint'][2]
    expected = evaluate(MMDMetric(num_frames=3), packed, held)
    for item in packed:
        item['data_samples'].set_metainfo(dict(num_frames=3))
    assert evaluate(MMDMetric(), packed, held) == pytest.approx(expected)


def test_layout_of_the_real_clips():
    """A body model's 24 joints beside recordings of 17."""
    indices, rng = joint_map('smpl24', 'infact17'), torch.Generator().manual_seed(0)
    packed, motions, mapped = clips(8)[0], [], []
    for i, item in enumerate(packed):
        keypoint = torch.randn(1, NUM_FRAMES, 24, 3, generator=rng)
        item['inputs']['keypoint'] = torch.randn(NUM_FRAMES, 17, 3, generator=rng)
        fields = dict(label=torch.tensor([i % 2]), length=torch.tensor([NUM_FRAMES]))
        motions.append(Motion(keypoint=keypoint, pose=torch.zeros_like(keypoint), **fields))
        mapped.append(Motion(keypoint=keypoint[:, :, indices], **fields))
    meta = dict(skeleton='infact17')
    expected = evaluate(MMDMetric(), packed, mapped, meta=meta)
    assert evaluate(MMDMetric(), packed, motions, meta=meta) == expected
    with pytest.raises(ValueError, match=r'generated clips have \(V, C\) = \(24, 3\) keypoints and real ones \(17, 3\)'):
        evaluate(MMDMetric(), packed, [Motion(keypoint=motion.keypoint, label=motion.label, length=motion.length) for motion in motions],
                 meta=meta)


def test_root_of_the_layout():
    """Positions are relative to the layout's root joint, which need not be joint 0."""
    keypoint = np.random.default_rng(0).normal(size=(4, 13, 2))
    placed = positions([keypoint], np.ones(13, dtype=bool), 'penn13', 4, 'every_frame')[0]
    assert (placed[:, get_skeleton('penn13').root] == 0).all()


@pytest.mark.parametrize('num_clips, absent', [(2, ['mmd_average', 'mmd_sequence', 'mmd_average_real']), (6, ['mmd_average_real'])])
def test_what_few_clips_do_not_define_is_left_out(num_clips, absent):
    result = evaluate(MMDMetric(prefix='g'), *clips(num_clips))
    assert not {f'g/{name}' for name in absent} & set(result)
    assert ('g/mmd_average' in result) == (num_clips == 6)


def test_classes_are_logged(monkeypatch):
    logged = []
    monkeypatch.setattr('mmagenc.evaluation.metrics.mmd.print_log', lambda message, **kwargs: logged.append(message))
    result = evaluate(MMDMetric(), *clips())
    rows = {line.split()[0]: line.split()[1:] for line in logged[-1].splitlines()[1:]}
    assert rows['walk'][0] == '7' and rows['run'][0] == '6'
    mean = (float(rows['walk'][3]) + float(rows['run'][3])) / 2
    assert mean == pytest.approx(result['generation/mmd_sequence'], abs=2e-3)


@pytest.mark.parametrize('options, message', [
    (dict(origin='root'), "first_frame, every_frame, data, got 'root'"),
    (dict(num_frames=0), 'num_frames must be at least 1, got 0'),
])
def test_options_refused(options, message):
    with pytest.raises(ValueError, match=message):
        METRICS.build(dict(type='MMDMetric', **options))


def test_wrong_models_are_named():
    packed, motions = clips(4)
    with pytest.raises(ValueError, match='MMDMetric judges generators'):
        MMDMetric().process(pseudo_collate(packed), [item['data_samples'].to_dict() for item in packed])
    with pytest.raises(ValueError, match=r'the same number of generated ones, got \[1, 2\]'):
        evaluate(MMDMetric(), packed, [*motions[:3], Motion.cat([motions[3], motions[3]])])


def _evaluate_share(rank, folder):
    """What one of two processes does with its clips as MMEngine's sampler deals them."""
    torch.set_num_threads(1)  # forked, not spawned, to spare the imports; one thread is safe there
    torch.distributed.init_process_group('gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=2)
    packed, motions = clips(repeats=2)
    mine = [*range(NUM_CLIPS), 0][rank::2]
    evaluator = Evaluator(MMDMetric())
    evaluator.dataset_meta = dict(classes=['walk', 'run'], skeleton='ucla20')
    for start in range(0, len(mine), 4):
        batch = pseudo_collate([packed[i] for i in mine[start:start + 4]])
        for sample, i in zip(batch['data_samples'], mine[start:start + 4]):
            sample.pred_motion = motions[i]
        evaluator.process(data_samples=batch['data_samples'], data_batch=batch)
    torch.save(evaluator.evaluate(NUM_CLIPS), f'{folder}/rank{rank}.pth')
    torch.distributed.destroy_process_group()


def test_two_processes_agree_with_one(tmp_path):
    """13 clips on two processes: the 14th is a repetition and must not count."""
    torch.multiprocessing.start_processes(_evaluate_share, args=(str(tmp_path), ), nprocs=2, start_method='fork')
    results = [torch.load(tmp_path / f'rank{rank}.pth', weights_only=True) for rank in range(2)]
    assert results[0] == results[1] == pytest.approx(evaluate(MMDMetric(), *clips(repeats=2)))


def lost(packed, joint, frames=slice(None), every=1):
    """The clips, a keypoint of some of them at the origin in some frames, score 0."""
    for index, item in enumerate(packed):
        score = torch.ones(NUM_FRAMES, 20)
        if index % every == 0:
            item['inputs']['keypoint'][frames, joint], score[frames, joint] = 0, 0
        item['inputs']['keypoint_score'] = score
    return packed


def copies_of(packed):
    """The recordings, elsewhere, as if they were generated."""
    fields = [dict(label=torch.tensor([i % 2]), length=torch.tensor([NUM_FRAMES])) for i in range(len(packed))]
    return [Motion(keypoint=item['inputs']['keypoint'][None].clone() + 100, **each) for item, each in zip(packed, fields)]


@pytest.mark.parametrize('joint, every, says', [
    (7, 1, 'MMD leaves out keypoints that are hardly seen in most clips of a set (left_hand).'),
    (7, 4, 'MMD leaves out 4 of 13 real clips that hardly show the others.')])
def test_keypoints_that_are_not_seen_are_no_places(monkeypatch, joint, every, says):
    """Generated clips are the whole recordings: no distance, though the recordings lack a keypoint."""
    logged = []
    monkeypatch.setattr('mmagenc.evaluation.metrics.mmd.print_log', lambda message, **kwargs: logged.append(message))
    packed, _ = clips()
    motions = copies_of(packed)
    for origin in ('first_frame', 'every_frame'):
        result = evaluate(MMDMetric(origin=origin), lost(packed, joint, every=every), motions)
        assert (result['generation/mmd_average'], result['generation/mmd_sequence']) == pytest.approx((0, 0), abs=1e-4)
        assert says in logged[-1]


def test_the_root_that_is_never_seen_is_no_origin():
    packed, _ = clips()
    motions = copies_of(packed)
    result = evaluate(MMDMetric(origin='every_frame'), lost(packed, get_skeleton('ucla20').root), motions)
    assert result['generation/mmd_sequence'] == pytest.approx(0, abs=1e-4)


def walks(count, hidden=(), which=1, frames=slice(2, 4)):
    """Clips in which all go straight on, each its own way; some lack keypoints in some frames."""
    rng, made = np.random.default_rng(0), []
    for index in range(count):
        start, step = 500 + rng.normal(0, 50, size=(2, 17, 2))
        keypoint = (start + np.arange(6)[:, None, None] * (step - 500) / 10)[None].astype(np.float32)
        score = np.ones((1, 6, 17), np.float32)
        if hidden and index % which == 0:
            score[:, frames, list(hidden)] = 0
        keypoint[score == 0] = 0
        made.append(dict(frame_dir=f'c{index}', label=index % 2, total_frames=6, keypoint=keypoint, keypoint_score=score,
                         skeleton='coco17'))
    return made


@pytest.mark.parametrize('hidden, which, says', [
    ((9, ), 3, 'MMD fills or leaves out the gaps of 4 of 10 generated clips.'), ((), 1, ''),
    ((9, 10), 1, 'MMD fills or leaves out the gaps of 10 of 10 generated clips.')])
@pytest.mark.parametrize('origin', ['data', 'first_frame', 'every_frame'])
def test_gaps_of_a_file_are_filled_or_left_out_and_said(hidden, which, says, origin):
    tables, note = discrepancies(walks(10), walks(10, hidden, which), origin=origin)
    assert note == says and [table.max() for table in tables.values()] == pytest.approx([0, 0], abs=1e-3)


def test_sets_that_show_too_little_have_no_discrepancy():
    tables, note = discrepancies(walks(4), walks(4, range(17), frames=slice(None)))
    assert all(np.isnan(table).all() for table in tables.values()) and '4 of 4 generated clips that hardly show the others' in note
