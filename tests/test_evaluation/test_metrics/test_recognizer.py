"""The recognizers' metric against the functions and MMAction2's own, over batches, processes and kinds of scores."""

import json

import numpy as np
import pytest
import torch
import torch.distributed
from mmaction.evaluation import AccMetric
from mmaction.structures import ActionDataSample
from mmengine.evaluator import Evaluator
from scipy.stats import binomtest

from mmagenc.evaluation.functional import confusion_matrix, expected_calibration_error, top1_accuracy
from mmagenc.evaluation.metrics import RecognizerMetric, ScoreDump
from mmagenc.evaluation.scores import load_scores
from mmagenc.registry import METRICS

NUM_CLIPS, NUM_CLASSES = 37, 7
CLASSES = ['walk', 'run', 'jump', 'sit', 'stand', 'lie', 'fall']


def samples(logits=False, num_clips=NUM_CLIPS, num_labels=6):
    rng = torch.Generator().manual_seed(0)
    score = torch.randn(num_clips, NUM_CLASSES, generator=rng) * 2
    label = torch.arange(num_clips) % num_labels
    score[torch.arange(num_clips), label] += 1.5
    made = []
    for i in range(num_clips):
        sample = ActionDataSample().set_gt_label(int(label[i])).set_pred_score(score[i] if logits else score[i].softmax(0))
        sample.set_metainfo(dict(frame_dir=f'clip{i}', subject=f's{i % 4}'))
        made.append(sample)
    return made, score.softmax(1).numpy(), label.numpy()


def evaluate(metric, made, batch_size=8):
    evaluator = Evaluator(metric)
    evaluator.dataset_meta = dict(classes=CLASSES)
    for start in range(0, len(made), batch_size):
        evaluator.process(made[start:start + batch_size])
    return evaluator.evaluate(len(made))


def test_equals_the_functions():
    made, probability, label = samples()
    result = evaluate(RecognizerMetric(num_resamples=200), made)
    predicted = probability.argmax(1)
    assert result['acc/top1'] == pytest.approx(top1_accuracy(predicted, label))
    assert result['acc/ece'] == pytest.approx(expected_calibration_error(probability, label), abs=1e-6)
    expected = binomtest(int((predicted == label).sum()), NUM_CLIPS).proportion_ci(method='wilson')
    assert (result['acc/top1_low'], result['acc/top1_high']) == pytest.approx(tuple(expected))
    assert (result['acc/mean1_low'], result['acc/mean1_high']) == pytest.approx(tuple(expected), abs=0.02)  # classes of 6 or 7 clips
    assert all(result[f'acc/{name}_low'] <= result[f'acc/{name}_high'] for name in ('top1', 'top5', 'mean1', 'ece'))
    assert len(result) == 12


def test_equals_mmaction2():
    """Where all classes occur; in its mean a class without clips counts as 0 if another was taken for it."""
    made, _, _ = samples(num_labels=7)
    ours, theirs = evaluate(RecognizerMetric(num_resamples=0), made), evaluate(AccMetric(), made)
    assert {name: ours[name] for name in theirs} == pytest.approx(theirs) and set(ours) == {*theirs, 'acc/ece'}


def test_batches_and_logits_do_not_matter():
    expected = evaluate(RecognizerMetric(), samples()[0])
    assert evaluate(RecognizerMetric(), samples()[0], batch_size=64) == expected
    assert evaluate(RecognizerMetric(), samples(logits=True)[0]) == pytest.approx(expected, abs=1e-6)


def test_views_left_apart_are_averaged():
    made = [sample.to_dict() for sample in samples()[0]]
    for sample in made:
        sample['pred_score'] = torch.stack([sample['pred_score'].log() + 3, sample['pred_score'].log()])
    assert evaluate(RecognizerMetric(), made) == pytest.approx(evaluate(RecognizerMetric(), samples()[0]), abs=1e-6)


@pytest.mark.parametrize('options', [{}, dict(groups='subject')])
def test_no_interval_is_a_point_where_all_clips_are_right(options):
    """Three of three is 43.8 to 100 %, though no draw of a bootstrap differs."""
    made = samples(num_clips=3)[0]
    for sample in made:
        sample.set_pred_score(torch.eye(NUM_CLASSES)[sample.gt_label[0]])
    result = evaluate(RecognizerMetric(**options), made)
    for name in ('top1', 'top5', 'mean1'):
        assert (result[f'acc/{name}_low'], result[f'acc/{name}_high']) == pytest.approx((0.4385, 1), abs=1e-4)


def test_persons_are_drawn_whole():
    made, probability, label = samples()
    for i, sample in enumerate(made):  # all clips of a person right, or all wrong
        sample.set_pred_score(torch.eye(NUM_CLASSES)[label[i] if i % 4 < 2 else (label[i] + 1) % NUM_CLASSES])
    clips, persons = evaluate(RecognizerMetric(), made), evaluate(RecognizerMetric(groups='subject'), made)
    assert persons['acc/top1'] == clips['acc/top1']
    assert persons['acc/top1_high'] - persons['acc/top1_low'] > 2 * (clips['acc/top1_high'] - clips['acc/top1_low'])


def test_report_and_file(tmp_path, monkeypatch):
    logged = []
    monkeypatch.setattr('mmagenc.evaluation.metrics.recognizer.print_log', lambda message, **kwargs: logged.append(message))
    made, probability, label = samples()
    result = evaluate(RecognizerMetric(out_file=str(tmp_path / 'sub' / 'test.json')), made)
    content = json.loads((tmp_path / 'sub' / 'test.json').read_text())
    matrix = confusion_matrix(probability.argmax(1), label, NUM_CLASSES)
    assert content['confusion_matrix'] == matrix.tolist() and content['classes'] == CLASSES
    numbers = dict(value=result['acc/top1'], low=result['acc/top1_low'], high=result['acc/top1_high'])
    assert content['top1'] == pytest.approx(numbers)
    assert set(content['recall']) == set(CLASSES[:6])  # no clip falls
    assert content['recall']['run']['value'] == pytest.approx(matrix[1, 1] / matrix[1].sum())
    shares = np.sort(np.bincount(label, minlength=NUM_CLASSES))[::-1] / NUM_CLIPS  # 7 clips walk, 6 are of each other class but one
    assert content['guessing'] == pytest.approx(dict(top1=max(shares[0], 1 / 7), top5=shares[:5].sum(), mean1=1 / 6))
    assert logged[-1].splitlines()[0] == ('37 clips; guessing reaches top1 18.9 %, top5 83.8 %, mean1 16.7 %; no clips of fall: of these '
                                          'nothing is known, and mean1 is without them')
    row = next(line.split() for line in logged[-1].splitlines() if line.startswith('run'))
    assert float(row[2]) == pytest.approx(100 * content['recall']['run']['value'], abs=0.051)
    wrong = np.where(np.arange(NUM_CLASSES) == 1, 0, matrix[1])
    assert row[-2:] == [CLASSES[wrong.argmax()], f'({wrong.max()})']


def test_without_intervals_the_file_has_none_either(tmp_path):
    evaluate(RecognizerMetric(num_resamples=0, out_file=str(tmp_path / 'test.json')), samples()[0])
    assert json.loads((tmp_path / 'test.json').read_text())['top1']['low'] is None


@pytest.mark.parametrize('options', [dict(num_resamples=1), dict(num_resamples=-1), dict(num_bins=0)])
def test_options_refused(options):
    with pytest.raises(ValueError, match='num_resamples must be 0 or at least 2 and num_bins at least 1'):
        METRICS.build(dict(type='RecognizerMetric', **options))


@pytest.mark.parametrize('metric', [RecognizerMetric(), ScoreDump(out_file='x.npz')])
def test_wrong_samples_are_named(metric):
    metric.results.clear()
    named = dict(frame_dir='a')
    with pytest.raises(ValueError, match='judges recognizers; for generators use MotionGenerationMetric'):
        metric.process({}, [dict(gt_label=torch.tensor([0]), **named)])
    with pytest.raises(ValueError, match=r'needs one label a clip, got \[0, 1\]'):
        metric.process({}, [dict(gt_label=torch.tensor([0, 1]), pred_score=torch.ones(2), **named)])


def test_groups_must_be_there():
    with pytest.raises(ValueError, match="no 'camera': add it to meta_keys of PackActionInputs"):
        evaluate(RecognizerMetric(groups='camera'), samples()[0])


# Scores -------------------------------------------------------------------------------------------------------------------------------


def test_dumped_scores(tmp_path):
    made, probability, label = samples()
    assert evaluate(METRICS.build(dict(type='ScoreDump', out_file=str(tmp_path / 'scores.npz'))), made) == {}
    scores = load_scores(tmp_path / 'scores.npz')
    np.testing.assert_allclose(scores.score, probability, rtol=1e-6)
    assert scores.frame_dir == tuple(f'clip{i}' for i in range(NUM_CLIPS)) and scores.classes == tuple(CLASSES)
    assert (scores.label == label).all()


def test_dump_needs_names(tmp_path):
    with pytest.raises(ValueError, match=r"PackActionInputs needs meta_keys=\('frame_dir',\)"):
        ScoreDump(out_file='x.npz').process({}, [dict(gt_label=torch.tensor([0]), pred_score=torch.ones(2))])
    with pytest.raises(ValueError, match=r'x\.pkl: score files end in \.npz'):
        ScoreDump(out_file='x.pkl')


def _evaluate_share(rank, folder):
    """What one of two processes does with its clips as MMEngine's sampler deals them."""
    torch.set_num_threads(1)  # forked, not spawned, to spare the imports; one thread is safe there
    torch.distributed.init_process_group('gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=2)
    made, _, _ = samples()
    evaluator = Evaluator([RecognizerMetric(), ScoreDump(out_file=f'{folder}/scores.npz')])
    evaluator.dataset_meta = dict(classes=CLASSES)
    mine = [*range(NUM_CLIPS), 0][rank::2]
    for start in range(0, len(mine), 5):
        evaluator.process([made[i] for i in mine[start:start + 5]])
    torch.save(evaluator.evaluate(NUM_CLIPS), f'{folder}/rank{rank}.pth')
    torch.distributed.destroy_process_group()


def test_two_processes_agree_with_one(tmp_path):
    """37 clips on two processes: the 38th is a repetition and must not count."""
    torch.multiprocessing.start_processes(_evaluate_share, args=(str(tmp_path), ), nprocs=2, start_method='fork')
    results = [torch.load(tmp_path / f'rank{rank}.pth', weights_only=True) for rank in range(2)]
    assert results[0] == results[1] == pytest.approx(evaluate(RecognizerMetric(), samples()[0]))
    assert len(load_scores(tmp_path / 'scores.npz')) == NUM_CLIPS
