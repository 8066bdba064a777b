"""The loop with a generator that makes separable clips: when rounds happen, what they add, and that a resumed run repeats them."""

import json
import multiprocessing
import shutil
import sys
from types import SimpleNamespace

import mmengine.runner.runner
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import LoggerHook
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner
from torch import nn

from mmagenc.datasets import pool
from mmagenc.datasets.annotation import load_annotation, save_annotation
from mmagenc.engine.contract import ContractError, JudgeCheck
from mmagenc.engine.hooks import InfAGenCHook, infagenc_hook
from mmagenc.engine.hooks.infagenc_hook import OVERHEAD, PARTS, TOLD_EVERY, balanced_labels, forget_optimizers, mean_of_batches, told_every
from mmagenc.engine.recognizer_trainer import RecognizerTrainer
from mmagenc.engine.refusals import RefusedError
from mmagenc.engine.selectors import MedianRatioSelector
from mmagenc.engine.stopwatch import Stopwatch
from mmagenc.registry import HOOKS, MODELS
from mmagenc.structures import Motion
from tests.test_models.test_recognizers.test_scoring import PIPELINE, small_recognizer

NUM_CLASSES, NUM_FRAMES = 2, 8


class ShiftGenerator(BaseModel):
    """Clips whose positions are noise around the class index times a learned scale."""

    num_classes, num_frames = NUM_CLASSES, NUM_FRAMES

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(1.))
        self.dropout = nn.Dropout(0.5)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        keypoint = torch.stack(inputs['keypoint'])
        noise = torch.randn(())  # a draw of the global state, so that a wrong resume shows
        return dict(loss=(self.dropout(keypoint).mean() * self.scale - noise)**2)

    @torch.no_grad()
    def generate(self, label, num_frames, *, generator=None, **sampling):
        noise = torch.randn(len(label), NUM_FRAMES, 17, 3, generator=generator).to(self.scale.device)
        label = label.to(self.scale.device)
        keypoint = noise + (label[:, None, None, None] * (2 + self.scale.abs()))
        length = torch.as_tensor(num_frames, device=label.device).expand(len(label)).clone()
        return Motion(keypoint=keypoint, label=label, length=length)


def write_real(path, count=16):
    rng = np.random.default_rng(0)
    annotations = [
        dict(
            frame_dir=f'real_{i}',
            label=i % NUM_CLASSES,
            total_frames=NUM_FRAMES,
            keypoint=(rng.normal(size=(1, NUM_FRAMES, 17, 3)) + 3 * (i % NUM_CLASSES)).astype(np.float32)) for i in range(count)
    ]
    save_annotation(
        dict(
            split=dict(train=[annotation['frame_dir'] for annotation in annotations]),
            metainfo=dict(classes=['low', 'high'], skeleton='coco17', fps=30.),
            annotations=annotations), path)


@pytest.fixture(autouse=True)
def _registered():
    MODELS.register_module(module=ShiftGenerator, force=True)
    yield
    MODELS.module_dict.pop('ShiftGenerator')


def make_runner(tmp_path, name, max_epochs, resume=False, launcher='none', time_limit=None, workers=None, accumulate=1,
                by_iterations=False, **hook):
    small_recognizer(NUM_CLASSES)  # sets the default scope
    if not (tmp_path / 'real.npz').exists():
        write_real(tmp_path / 'real.npz')
    recognizer = dict(
        model=dict(
            type='RecognizerGCN',
            _scope_='mmaction',
            backbone=dict(
                type='STGCN',
                base_channels=8,
                num_stages=2,
                inflate_stages=[2],
                down_stages=[2],
                graph_cfg=dict(layout='coco', mode='stgcn_spatial')),
            cls_head=dict(type='GCNHead', num_classes=NUM_CLASSES, in_channels=16)),
        train_pipeline=PIPELINE,
        test_pipeline=PIPELINE,
        batch_size=16,
        optim_wrapper=dict(optimizer=dict(type='AdamW', lr=1e-2), accumulative_counts=accumulate))
    hook = dict(
        dict(
            type='InfAGenCHook',
            interval=2,
            recognizer_warmup_epochs=15,
            recognizer_epochs=1,
            recognizer=recognizer,
            selector=dict(type='MedianRatioSelector', confidence=0.5)), **hook)
    pipeline = [dict(type='PackMotionInputs')]
    cfg = Config(
        dict(
            default_scope='mmagenc',
            work_dir=str(tmp_path / name),
            model=dict(type='ShiftGenerator'),
            train_dataloader=dict(
                batch_size=8,
                **(workers or dict(num_workers=0)),
                sampler=dict(type='DefaultSampler', shuffle=True),
                dataset=dict(type='MotionDataset', ann_file=str(tmp_path / 'real.npz'), split='train', pipeline=pipeline)),
            train_cfg=(dict(type='IterBasedTrainLoop', max_iters=2 * max_epochs) if by_iterations else
                       dict(type='EpochBasedTrainLoop', max_epochs=max_epochs)),
            optim_wrapper=dict(optimizer=dict(type='Adam', lr=1e-2), accumulative_counts=accumulate),
            default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=1)),
            custom_hooks=[dict(type='RandomStateHook'), hook],
            randomness=dict(seed=3),
            resume=resume,
            launcher=launcher,
            env_cfg=dict(dist_cfg=dict(backend='gloo', **({} if time_limit is None else dict(timeout=time_limit)))),
            log_level='ERROR',
            experiment_name=f'{tmp_path.name}_{name}_{resume}_{max_epochs}'))
    return Runner.from_cfg(cfg)


def hook_of(runner) -> InfAGenCHook:
    return next(hook for hook in runner.hooks if isinstance(hook, InfAGenCHook))


def test_rounds_grow_the_training_set(tmp_path):
    runner = make_runner(tmp_path, 'run', max_epochs=4)
    runner.train()
    hook = hook_of(runner)
    assert [record['epoch'] for record in hook.rounds] == [2, 4]
    assert all(record['accepted'] > 0 and record['accuracy'] > 0.8 for record in hook.rounds)
    assert hook.rounds[-1]['pool_size'] == len(hook.pool) == sum(record['accepted'] for record in hook.rounds)
    dataset = runner.train_dataloader.dataset
    assert len(dataset) == 16 + len(hook.pool)
    assert runner.iter == 2 + 2 + 2 * -(-(16 + hook.rounds[0]['accepted']) // 8)  # the sampler covers the new clips
    assert runner.max_iters == runner.iter  # and the log's estimate of the time left knows
    assert set(hook.pool.class_counts) == {0, 1} and len(set(hook.pool.class_counts.values())) == 1
    assert {annotation['epoch'] for annotation in hook.pool.annotations} <= {1, 2, 3, 4}
    assert not hook.fine_tune_due  # the round of the last epoch reached the recognizer
    saved = load_annotation(tmp_path / 'run' / 'pool' / 'pool.pkl')
    assert len(saved['annotations']) == len(hook.pool) and saved['annotations'][0]['source'] == 'synthetic'
    assert json.loads((tmp_path / 'run' / 'rounds.json').read_text())[1]['pool_size'] == len(hook.pool)


def test_where_the_time_went_is_told_at_the_end(tmp_path, monkeypatch):
    """Each part takes as long by a clock of our own as it is given, and nothing is counted twice."""
    now = [0.]

    def slow(owner, name, seconds):
        function = getattr(owner, name)

        def slower(*args, **kwargs):
            now[0] += seconds
            return function(*args, **kwargs)

        monkeypatch.setattr(owner, name, slower)

    calls = dict.fromkeys(('fit', 'score'), 0)
    for name in calls:
        function = getattr(RecognizerTrainer, name)
        monkeypatch.setattr(RecognizerTrainer, name,
                            lambda *args, f=function, n=name, **kwargs: (calls.update({n: calls[n] + 1}), f(*args, **kwargs))[1])
    for owner, name, seconds in ((ShiftGenerator, 'train_step', 1), (ShiftGenerator, 'generate', 100), (RecognizerTrainer, 'fit', 10**3),
                                 (RecognizerTrainer, 'score', 10**4), (pool.SyntheticPool, 'save', 10**5),
                                 (mmengine.runner.runner, 'save_checkpoint', 10**6), (MedianRatioSelector, '__call__', 10**8)):
        slow(owner, name, seconds)
    runner = make_runner(tmp_path, 'run', max_epochs=4)
    hook, said = hook_of(runner), []
    monkeypatch.setattr(runner.logger, 'info', lambda text, *args: said.append(str(text)))
    hook.watch = Stopwatch(lambda: now[0])
    runner.train()
    seconds = hook.watch.seconds
    assert set(seconds) <= set(PARTS)
    assert seconds['training the generator'] == runner.iter and seconds['generating'] == 400
    assert seconds['fitting the recognizer'] == 10**3 * calls['fit'] and seconds['judging'] == 10**4 * calls['score'] > 0
    assert seconds['pool'] == 2 * 10**5 and seconds['checkpoints'] == 4 * 10**6 and seconds['selecting'] == 2 * 10**8
    table = next(text for text in said if 'of this training went' in text)
    assert table.splitlines()[0].endswith(f'judging, selecting, pool, checkpoints took {hook.watch.share(OVERHEAD):.1%}')
    assert [line.split('  ')[1] for line in table.splitlines()[1:]] == [name for name in PARTS if name in seconds]
    hook.after_val(runner)  # a validation of its own, without a training
    assert not hook.watch.runs


@pytest.mark.usefixtures('on_cpu')
def test_accepted_clips_reach_workers_that_last(tmp_path):
    """Persistent workers hold a copy of the training set as it was when they began; all comes out as without workers."""
    ends = []
    for name, workers in (('none', dict(num_workers=0)), ('lasting', dict(num_workers=1, persistent_workers=True))):
        runner = make_runner(tmp_path, name, max_epochs=4, workers=workers)
        runner.train()
        assert len(runner.train_dataloader.dataset) > 16 and len(multiprocessing.active_children()) <= 1
        ends.append((hook_of(runner).rounds, runner.iter, runner.model.scale.item(), hook_of(runner).trainer.model.state_dict()))
    assert ends[0][:3] == ends[1][:3] and all(torch.equal(value, ends[1][3][name]) for name, value in ends[0][3].items())


@pytest.mark.usefixtures('on_cpu')
def test_a_training_set_that_grows_leaves_no_accumulated_gradient_behind(tmp_path, monkeypatch):
    """Each batch is in one update, weighed by the number of batches in it, also past the end that was known when the training began."""
    groups, group, shares = [], [], []
    scale, step = OptimWrapper.scale_loss, OptimWrapper.step
    runner = make_runner(tmp_path, 'run', max_epochs=4, accumulate=3)

    def scaled(wrapper, loss):
        result = scale(wrapper, loss)
        if wrapper is runner.optim_wrapper:
            group.append(round((loss / result).item()))
        return result

    def stepped(wrapper, **kwargs):
        if wrapper is runner.optim_wrapper:
            groups.append(list(group))
            group.clear()
        return step(wrapper, **kwargs)

    monkeypatch.setattr(OptimWrapper, 'scale_loss', scaled)
    monkeypatch.setattr(OptimWrapper, 'step', stepped)
    runner.train()
    steps, shares = runner.iter, [share for group in groups for share in group]
    assert steps > 4 * 2 and steps % 3  # more batches than 16 recordings make, and some are left at the end
    assert [len(group) for group in groups] == [3] * (steps // 3) + [steps % 3]
    assert shares == [3] * (steps - steps % 3) + [steps % 3] * (steps % 3)


@pytest.mark.usefixtures('on_cpu')
@pytest.mark.parametrize('epoch', [1, 3])
def test_a_loop_that_was_killed_while_gradients_wait_ends_as_the_unbroken_one(tmp_path, epoch):
    whole = make_runner(tmp_path, 'whole', max_epochs=5, accumulate=4)
    whole.train()
    (tmp_path / 'parts').mkdir()
    saved = tmp_path / f'parts/epoch_{epoch}.pth'
    saved.write_bytes((tmp_path / f'whole/epoch_{epoch}.pth').read_bytes())
    (tmp_path / 'parts/last_checkpoint').write_text(str(saved))
    resumed = make_runner(tmp_path, 'parts', max_epochs=5, resume=True, accumulate=4)
    resumed.train()
    assert torch.load(saved, weights_only=True)['waiting_gradients'][0]['']['gradients']
    assert whole.model.scale.item() == resumed.model.scale.item() and hook_of(whole).rounds == hook_of(resumed).rounds
    for name, value in hook_of(whole).trainer.model.state_dict().items():
        torch.testing.assert_close(hook_of(resumed).trainer.model.state_dict()[name], value, rtol=0, atol=0)


PUBLISHED = dict(candidate_batch=5, reference='best_epoch', recognizer_best=True, fresh_optimizers=True, keep_skipped=True)


@pytest.mark.usefixtures('on_cpu')
@pytest.mark.parametrize('settings', [dict(), dict(PUBLISHED, interval=3, begin=1)], ids=['ours', 'published'])
def test_interrupted_run_ends_as_the_uninterrupted_one(tmp_path, settings):
    """Interrupted after a round, or in the middle of a window whose best epoch brings its own reference."""
    whole = make_runner(tmp_path, 'whole', max_epochs=5, **settings)
    whole.train()
    make_runner(tmp_path, 'parts', max_epochs=3, **settings).train()
    torch.manual_seed(123)
    resumed = make_runner(tmp_path, 'parts', max_epochs=5, resume=True, **settings)
    resumed.train()
    assert hook_of(whole).rounds
    assert hook_of(whole).rounds == hook_of(resumed).rounds
    for name, value in whole.model.state_dict().items():
        torch.testing.assert_close(resumed.model.state_dict()[name], value, rtol=0, atol=0)
    for name, value in hook_of(whole).trainer.model.state_dict().items():
        torch.testing.assert_close(hook_of(resumed).trainer.model.state_dict()[name], value, rtol=0, atol=0)
    for mine, theirs in zip(hook_of(whole).pool.annotations, hook_of(resumed).pool.annotations):
        np.testing.assert_array_equal(mine['keypoint'], theirs['keypoint'])


@pytest.mark.usefixtures('on_cpu')
def test_a_run_taken_up_in_another_folder_brings_its_clips_along(tmp_path, monkeypatch):
    """A checkpoint names its clips; where they cannot be had, that is said before anything is trained. One of few clips carries them."""
    carried = pool.CARRIED
    monkeypatch.setattr(pool, 'CARRIED', 0)
    make_runner(tmp_path, 'run', max_epochs=2).train()
    checkpoint = tmp_path / 'run' / 'epoch_2.pth'
    (tmp_path / 'run' / 'pool').rename(tmp_path / 'run' / 'pool_20260101_000000')  # as a later run without --resume moves it
    second = make_runner(tmp_path, 'second', max_epochs=3, resume=True)
    second._load_from = str(checkpoint)
    second.train()
    names = {record['file'] for record in hook_of(second).pool.rounds}
    assert names and names <= {path.name for path in (tmp_path / 'second' / 'pool').iterdir()}
    shutil.rmtree(tmp_path / 'run' / 'pool_20260101_000000')
    third = make_runner(tmp_path, 'third', max_epochs=3, resume=True)
    third._load_from = str(checkpoint)
    with pytest.raises(pool.MissingRoundsError, match=r'round_0001-\w+.npz is not there'):
        third.train()
    monkeypatch.setattr(pool, 'CARRIED', carried)
    make_runner(tmp_path, 'few', max_epochs=2).train()
    (tmp_path / 'alone').mkdir()
    shutil.copy(tmp_path / 'few' / 'epoch_2.pth', tmp_path / 'alone')
    (tmp_path / 'alone' / 'last_checkpoint').write_text(str(tmp_path / 'nowhere' / 'epoch_2.pth'))
    fourth = make_runner(tmp_path, 'alone', max_epochs=3, resume=True)
    fourth.train()
    assert len(hook_of(fourth).pool) > 0 and hook_of(fourth).pool.rounds[0] == hook_of(second).pool.rounds[0]


def test_checkpoints_hold_no_clips_of_a_large_pool(tmp_path, monkeypatch):
    monkeypatch.setattr(pool, 'CARRIED', 1000)
    make_runner(tmp_path, 'run', max_epochs=4).train()
    state = torch.load(tmp_path / 'run' / 'epoch_4.pth', weights_only=True)['infagenc']['pool']
    assert [record['clips'] for record in state['rounds']] == [record['accepted'] for record in
                                                               json.loads((tmp_path / 'run' / 'rounds.json').read_text())]
    assert set(state) == {'rounds'} and all(set(record) == {'file', 'clips', 'digest'} for record in state['rounds'])


def test_warm_up_leaves_the_data_alone(tmp_path):
    runner = make_runner(tmp_path, 'run', max_epochs=2, begin=2)
    runner.train()
    hook = hook_of(runner)
    assert hook.rounds == [] and not hook.fitted and len(runner.train_dataloader.dataset) == 16


def test_skipped_round_says_why_and_starts_a_new_window(tmp_path):
    runner, said = make_runner(tmp_path, 'run', max_epochs=3, selector=dict(type='MedianRatioSelector', min_survivors=100)), []
    runner.logger.info = said.append
    runner.train()
    hook = hook_of(runner)
    assert hook.rounds[0]['accepted'] == 0 and 'survivors' in hook.rounds[0]['reason']
    line = next(text for text in said if text.startswith('InfAGenC round 1'))
    assert '(fewer than 100 survivors in class low, high; ' in line, 'classes by name, where names are known'
    assert hook.best['epoch'] == 3 and len(runner.train_dataloader.dataset) == 16


def test_skipped_round_keeps_its_window_where_published_behaviour_is_asked_for(tmp_path):
    runner = make_runner(
        tmp_path, 'run', max_epochs=2, selector=dict(type='MedianRatioSelector', min_survivors=100), keep_skipped=True)
    runner.train()
    assert hook_of(runner).best is not None


def test_pool_of_an_earlier_run_is_moved_away(tmp_path):
    old = tmp_path / 'run' / 'pool' / 'pool.npz'
    old.parent.mkdir(parents=True)
    old.write_bytes(b'old')
    make_runner(tmp_path, 'run', max_epochs=1).train()
    moved = list((tmp_path / 'run').glob('pool_*/pool.npz'))
    assert not old.exists() and moved[0].read_bytes() == b'old'


def test_resuming_from_a_checkpoint_without_the_loop_is_refused(tmp_path):
    runner = make_runner(tmp_path, 'run', max_epochs=1)
    with pytest.raises(ValueError, match='load_from'):
        runner._resume = True
        hook_of(runner).after_load_checkpoint(runner, {})


def resumed_with(tmp_path, monkeypatch, change, **hook):
    """Warnings of a loop of one epoch that is resumed with other settings of its recognizer."""
    make_runner(tmp_path, 'run', max_epochs=1).train()
    told = []
    monkeypatch.setattr(infagenc_hook, 'warn', lambda logger, messages: told.extend(messages))
    runner = make_runner(tmp_path, 'run', max_epochs=1, resume=True, **hook)
    change(hook_of(runner).recognizer_cfg)
    runner.train()
    return [message for message in told if 'of the config' in message]


def test_settings_of_the_recognizer_that_a_resumed_loop_does_not_take_are_told(tmp_path, monkeypatch):
    assert resumed_with(tmp_path, monkeypatch, lambda recognizer: None) == []
    optimizer, begun = resumed_with(
        tmp_path, monkeypatch, lambda recognizer: recognizer['optim_wrapper']['optimizer'].update(lr=0.5), recognizer_warmup_epochs=40)
    assert 'run, the recognizer beside the generator: lr=0.5 of the config (saved: 0.01) is not taken: a resumed training goes' in optimizer
    assert 'recognizer_warmup_epochs=40 of the config (saved: 15) is not taken: it has begun already' in begun


@pytest.mark.parametrize('change, words', [
    (lambda recognizer: recognizer['optim_wrapper'].update(optimizer=dict(type='SGD', lr=0.1)),
     'its optimizer is none like the SGD .*leave recognizer.optim_wrapper.optimizer as it was'),
    (lambda recognizer: recognizer['model']['backbone'].update(base_channels=4),
     'its weights do not fit .*leave recognizer.model as it was'),
])
def test_another_recognizer_is_refused_when_a_loop_resumes(tmp_path, monkeypatch, change, words):
    def changed(recognizer):
        change(recognizer)
        recognizer['model']['cls_head']['in_channels'] = 2 * recognizer['model']['backbone']['base_channels']
    with pytest.raises(RefusedError, match=words):
        resumed_with(tmp_path, monkeypatch, changed)


def test_recognizer_of_a_loaded_checkpoint_is_taken_without_its_pool(tmp_path):
    first = make_runner(tmp_path, 'first', max_epochs=2)
    first.train()
    second = make_runner(tmp_path, 'second', max_epochs=2)
    hook_of(second).before_run(second)
    second.load_checkpoint(str(tmp_path / 'first' / 'epoch_2.pth'))
    assert hook_of(second).fitted and len(hook_of(second).pool) == 0


def test_dataset_that_cannot_grow_is_refused(tmp_path):
    runner = make_runner(tmp_path, 'run', max_epochs=1)
    cfg = runner.cfg.train_dataloader
    runner._train_dataloader = dict(cfg, dataset=dict(type='RepeatDataset', times=2, dataset=cfg.dataset))
    with pytest.raises(ValueError, match='grow'):
        runner.train()


def test_generator_of_another_layout_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(ShiftGenerator, 'representation', SimpleNamespace(keypoint_skeleton='smpl24'), raising=False)
    with pytest.raises(ValueError, match='smpl24 keypoints, the training clips have coco17'):
        make_runner(tmp_path, 'run', max_epochs=1).train()


@pytest.mark.usefixtures('on_cpu')
def test_clips_that_are_no_numbers_are_laid_to_the_generator(tmp_path, monkeypatch):
    generate = ShiftGenerator.generate

    def broken(self, label, num_frames, **sampling):
        motion = generate(self, label, num_frames, **sampling)
        motion.keypoint[1::4, 2, 3] = float('nan')
        return motion

    monkeypatch.setattr(ShiftGenerator, 'generate', broken)
    with pytest.raises(ContractError, match='epoch 1: 4 of 16 clips that the generator makes have NaN or infinite keypoints'):
        make_runner(tmp_path, 'run', max_epochs=2).train()


@pytest.mark.usefixtures('on_cpu')
def test_a_training_by_iterations_is_refused(tmp_path):
    """Its one epoch ends with it: the loop never began, and the log said that begin was too large."""
    runner = make_runner(tmp_path, 'run', max_epochs=2, by_iterations=True)
    with pytest.raises(ContractError, match=r'counts epochs, but train_cfg trains by iterations: set train_cfg\.by_epoch=True'):
        runner.train()


def write_swaying(path, count=16):
    """Recordings of postures that sway, which noise around a posture does not."""
    write_real(path, count)
    content, rng = load_annotation(path), np.random.default_rng(1)
    sway = np.sin(np.arange(NUM_FRAMES) / 2)[None, :, None, None]
    for clip in content['annotations']:
        posture = rng.normal(size=(1, 1, 17, 3)) + 3 * clip['label']
        clip['keypoint'] = (posture + sway * rng.uniform(0.5, 1, size=(1, 1, 17, 1))).astype(np.float32)
    save_annotation(content, path)


def still(self, label, num_frames, *, generator=None, **sampling):
    """Statues of the recordings' classes, which a judge of positions names rightly."""
    noise = torch.randn(len(label), 1, 17, 3, generator=generator).expand(-1, NUM_FRAMES, -1, -1)
    return Motion(keypoint=noise + 3 * label[:, None, None, None], label=label, length=torch.full((len(label), ), NUM_FRAMES))


def test_what_does_not_move_is_not_accepted(tmp_path, monkeypatch):
    """Statues of the right class, named rightly, join neither the pool nor the training set."""
    write_swaying(tmp_path / 'real.npz')
    monkeypatch.setattr(ShiftGenerator, 'generate', still)
    runner = make_runner(tmp_path, 'run', max_epochs=4, max_gap=None)
    runner.train()
    records = json.loads((tmp_path / 'run' / 'rounds.json').read_text())
    assert all(record['accepted'] == 0 and record['accuracy'] > 0.8 for record in records)
    assert all(record['gate']['passed'] == 0 and record['gate']['total'] == 16 for record in records)
    assert 'the gate: 0 of 16 move as their class does (16 too slow)' in records[0]['reason']
    assert all(row['generated'] == 0 < row['recorded'] for row in records[0]['movement'].values())
    assert len(runner.train_dataloader.dataset) == 16 and not (tmp_path / 'run' / 'pool').exists()


def test_a_gate_that_only_counts_holds_nothing_back(tmp_path, monkeypatch):
    write_swaying(tmp_path / 'real.npz')
    monkeypatch.setattr(ShiftGenerator, 'generate', still)
    make_runner(tmp_path, 'run', max_epochs=4, max_gap=None, gate=dict(enforce=False)).train()
    records = json.loads((tmp_path / 'run' / 'rounds.json').read_text())
    assert records[0]['accepted'] > 0 and records[0]['gate'] == dict(enforced=False, passed=0, total=16, reasons={'too slow': 16})


def test_the_judge_on_recordings_stands_beside_the_generated_clips(tmp_path):
    write_real(tmp_path / 'held_out.npz', count=8)
    runner = make_runner(tmp_path, 'run', max_epochs=4, held_out=dict(type='MotionDataset', ann_file=str(tmp_path / 'held_out.npz')))
    runner.train()
    judge = json.loads((tmp_path / 'run' / 'rounds.json').read_text())[-1]['judge']
    probes = {key: judge.pop(key) for key in ('in_place', 'statues', 'path_alone')}
    assert judge == dict(recordings=1., round_trip=None, num_recordings=8, split='held-out', chance=0.5)
    assert probes == dict(in_place=1., statues=1., path_alone=1.)  # classes are places: nothing that is taken tells


def test_a_judge_near_chance_is_warned_of(tmp_path, caplog):
    """Never trained: no warm-up, no fine-tuning."""
    runner = make_runner(tmp_path, 'run', max_epochs=2, recognizer_warmup_epochs=0, recognizer_epochs=0)
    warnings = []
    runner.logger.warning = warnings.append
    runner.train()
    assert [text for text in warnings if 'hardly better than chance on recordings: what it accepts means nothing' in text]


@pytest.mark.parametrize(('every', 'lines_written'), [(20, 3), (10, 5)])  # after epochs 1, 11 and 21; and 6 and 16
def test_candidates_of_short_epochs_are_told_of_by_steps(tmp_path, monkeypatch, every, lines_written):
    """Epochs of two steps whose candidates are all alike: the first of a window is told of, and then as the log's interval says."""
    write_swaying(tmp_path / 'real.npz')
    monkeypatch.setattr(ShiftGenerator, 'generate', still)
    runner, lines = make_runner(tmp_path, 'run', max_epochs=22, interval=100, max_gap=None), []
    assert len(runner.build_dataloader(runner.cfg.train_dataloader)) == 2
    runner.logger.info = lines.append
    logger, = (hook for hook in runner.hooks if isinstance(hook, LoggerHook))
    logger.interval = every
    runner.train()
    assert sum('the recognizer names' in line for line in lines) == lines_written


def test_a_judge_that_goes_by_the_path_alone_is_warned_of(tmp_path, monkeypatch):
    check = JudgeCheck(1., 1., 30, 'held-out', 0.5, in_place=0.5, statues=0.5, path_alone=1.)
    monkeypatch.setattr(InfAGenCHook, '_judge_of_recordings', lambda self, runner: check)
    runner, warnings = make_runner(tmp_path, 'run', max_epochs=2), []
    runner.logger.warning = warnings.append
    runner.train()
    assert sum("goes by the body's path through the room alone" in text for text in warnings) == 1


@pytest.mark.parametrize('hook, words', [
    (dict(begin=2), 'begin=2 is not before the last of 2 epochs: the loop never begins'),
    (dict(interval=5), 'of 2 epochs 2 come after begin=0, fewer than interval=5: there is no round'),
    (dict(num_candidates=1), 'num_candidates=1 are fewer than the 2 classes'),
])
def test_a_schedule_that_can_hardly_be_meant_is_warned_of(tmp_path, hook, words):
    runner = make_runner(tmp_path, 'run', max_epochs=2, **hook)
    warnings = []
    runner.logger.warning = warnings.append
    runner.call_hook('before_run')
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    hook_of(runner).before_train(runner)
    assert any(words in text for text in warnings)


def test_only_recorded_classes_are_generated(tmp_path, monkeypatch):
    """Of three classes that the file names one has no recordings: the pool has none of it, and the log says so."""
    write_real(tmp_path / 'real.npz')
    content = load_annotation(tmp_path / 'real.npz')
    content['metainfo']['classes'] = ['low', 'nobody', 'high']
    for clip in content['annotations']:
        clip['label'] *= 2
    save_annotation(content, tmp_path / 'real.npz')
    monkeypatch.setattr(ShiftGenerator, 'num_classes', 3)
    monkeypatch.setattr(sys.modules[__name__], 'NUM_CLASSES', 3)
    runner = make_runner(tmp_path, 'run', max_epochs=2, gate=dict(enforce=False))
    warnings = []
    runner.logger.warning = warnings.append
    runner.train()
    assert any('no recordings of class nobody' in text for text in warnings)
    assert set(hook_of(runner).classes) == {0, 2}
    assert {clip['label'] for clip in hook_of(runner)._generate(runner, 1)} == {0, 2}


def test_published_selector_is_not_the_default():
    assert InfAGenCHook(recognizer={}).selector_cfg == dict(type='ClassShareSelector', min_accuracy=0.5)


def test_balanced_labels_give_the_remainder_to_the_first_classes():
    assert balanced_labels(7, 3).tolist() == [0, 0, 0, 1, 1, 2, 2]
    assert balanced_labels(7, 3, 4).tolist() == [0, 0, 1, 2, 0, 1, 2]  # batch by batch, as published


def test_accuracy_of_batches_is_the_mean_of_theirs():
    """Three of four, and of the two that remain none: 0.375, where three of six clips are right."""
    right = np.array([True, True, True, False, False, False])
    assert mean_of_batches(right, 4) == 0.375 and mean_of_batches(right) == 0.5


def test_the_loop_begins_with_fresh_optimizers_where_that_is_asked_for(tmp_path):
    """What Adam has gathered before the loop is gone when the first epoch of the loop begins, and once the recognizer has warmed up."""
    steps = {}
    for fresh in (False, True):
        runner = make_runner(tmp_path, f'fresh_{fresh}', max_epochs=3, begin=2, interval=1, fresh_optimizers=fresh)
        runner.train()
        recognizer = hook_of(runner).trainer.optim_wrapper.optimizer
        steps[fresh] = [max(int(state['step']) for state in optimizer.state.values())
                        for optimizer in (runner.optim_wrapper.optimizer, recognizer)]
    assert steps[False][0] == 6 and steps[True][0] == 2  # two batches an epoch
    assert steps[False][1] - steps[True][1] == 15  # epochs of the warm-up, of one batch each


def test_optimizers_of_two_networks_are_forgotten_together():
    parameters = [nn.Parameter(torch.ones(1)) for _ in range(2)]
    optimizers = [torch.optim.Adam([parameter]) for parameter in parameters]
    for parameter, optimizer in zip(parameters, optimizers):
        parameter.sum().backward()
        optimizer.step()
    forget_optimizers(OptimWrapperDict(**dict(zip(('generator', 'critic'), map(OptimWrapper, optimizers)))))
    assert not any(optimizer.state for optimizer in optimizers)


@pytest.mark.parametrize('kwargs', [dict(interval=0), dict(begin=-1)])
def test_bad_settings_are_refused(kwargs):
    with pytest.raises(ValueError, match='interval must be at least 1'):
        InfAGenCHook(recognizer={}, selector={}, **kwargs)
    for name in ('num_candidates', 'num_frames', 'recognizer_steps'):
        with pytest.raises(ValueError, match=f'{name} must be at least 1, or None, got 0'):
            InfAGenCHook(recognizer={}, **{name: 0})


@pytest.mark.parametrize('kwargs, message', [
    (dict(reference='last'), "reference must be 'round' or 'best_epoch', got 'last'"),
    (dict(candidate_batch=0), 'candidate_batch must be at least 1, or None, got 0'),
])
def test_settings_of_the_published_way_are_refused_too(kwargs, message):
    with pytest.raises(ValueError, match=message):
        InfAGenCHook(recognizer={}, **kwargs)


@pytest.mark.parametrize('kind', ['LoggerHook', 'StepLoggerHook'])
def test_candidates_are_told_of_as_often_as_the_log_is_written(kind):
    """``default_hooks.logger.interval`` changed the generator's lines alone."""
    hooks = [HOOKS.build(dict(type='IterTimerHook')), HOOKS.build(dict(type=kind, interval=7))]
    assert told_every(hooks) == 7 and told_every(hooks[:1]) == TOLD_EVERY


def test_a_round_is_told_with_names_of_classes():
    judge = dict(recordings=0.9, round_trip=None, num_recordings=20, split='held out', chance=1 / 3)
    record = dict(round=1, accepted=0, num_candidates=9, best_epoch=2, pool_size=0, judge=judge, movement={},
                  reason='fewer than 2 survivors in class [0, 2, 5]; the gate: 0 of 9 move as their class does (9 too slow [m/s])')
    said = infagenc_hook._describe_round(record, ['walk', 'run', 'wave, left'])
    assert '(fewer than 2 survivors in class walk, wave, left, 5; the gate: 0 of 9' in said and 'too slow [m/s]))' in said
    assert 'survivors in class 0, 2, 5; the gate' in infagenc_hook._describe_round(record)
