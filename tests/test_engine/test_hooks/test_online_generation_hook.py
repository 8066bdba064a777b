"""Generated clips in a recognizer's training: new ones every epoch, the same for the same seed, however the samples are prepared."""

import math
import re

import pytest
import torch
from mmaction.models import RecognizerGCN
from mmengine.config import Config
from mmengine.runner import Runner

from mmagenc.engine.contract import ContractError
from mmagenc.engine.hooks import OnlineGenerationHook
from mmagenc.engine.loss_weight import SeparateMeans
from tests.runs import forget_runs
from tests.swinging import CLASSES, PIPELINE, Swinging, recognizer, registered, write_recordings

EPOCHS, ITERATIONS = dict(type='EpochBasedTrainLoop', max_epochs=3), dict(type='IterBasedTrainLoop', max_iters=9)
WINDOW = [dict(type='ConsecutiveSample', num_frames=4), *PIPELINE]
WORKERS = [dict(num_workers=0), dict(num_workers=2), dict(num_workers=2, persistent_workers=True)]


class Choosy(Swinging):
    """Makes one clip, as for the check, and never several."""

    def sample_latent(self, label, **options):
        if len(label) > 1:
            raise ValueError('one clip at a time')
        return super().sample_latent(label, **options)


class NotingRecognizer(RecognizerGCN):
    """Notes each batch that it learns from: names, sources, and a number of each input."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seen = []

    def loss(self, inputs, data_samples, **kwargs):
        if self.training:
            self.seen.append([(sample.metainfo['frame_dir'], sample.metainfo.get('source', 'real'), int(sample.gt_label), row)
                              for sample, row in zip(data_samples, inputs.double().flatten(1).sum(1).tolist())])
        return super().loss(inputs, data_samples, **kwargs)


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    for method in ('_log_env', 'dump_config'):  # each takes longer than the training
        monkeypatch.setattr(Runner, method, lambda *args: None)
    yield from registered(NotingRecognizer, Swinging)


def make_runner(tmp_path, *, name='run', loop=EPOCHS, workers=WORKERS[0], resume=False, sampler='DefaultSampler', seed=3, head=None,
                dataset=None, pipeline=PIPELINE, checkpoint=None, batch_size=4, hooked=True, **hook):
    forget_runs()
    if not (tmp_path / 'real.npz').exists():
        write_recordings(tmp_path / 'real.npz')
    clips = dataset or dict(type='MotionDataset', ann_file=str(tmp_path / 'real.npz'), split='train', pipeline=pipeline)
    cfg = dict(
        default_scope='mmagenc',
        work_dir=str(tmp_path / name),
        model=dict(recognizer(**(head or {})), type='mmagenc.NotingRecognizer'),
        train_dataloader=dict(batch_size=batch_size, **workers, sampler=dict(type=sampler, shuffle=True), dataset=clips),
        train_cfg=dict(loop),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=1e-2)),
        default_hooks=dict(
            logger=None,
            checkpoint=checkpoint and dict(type='CheckpointHook', interval=checkpoint, by_epoch=loop['type'] == 'EpochBasedTrainLoop')),
        randomness=dict(seed=seed),
        resume=resume,
        visualizer=dict(type='Visualizer', vis_backends=[]),
        experiment_name=f'{tmp_path.name}_{name}_{resume}')
    runner = Runner.from_cfg(Config(cfg))
    if hooked:
        runner.register_hook(OnlineGenerationHook(**dict(dict(generator=Swinging()), **hook)))
    return runner


def train(tmp_path, **settings):
    """The batches that a training saw."""
    runner = make_runner(tmp_path, **settings)
    runner.train()
    return runner.model.seen


def generated(batches):
    return [[clip for clip in batch if clip[1] == 'synthetic'] for batch in batches]


def names(batches):
    return [[clip[0] for clip in batch] for batch in batches]


def test_every_epoch_has_new_clips_of_its_own(tmp_path):
    """Three batches of four recordings an epoch: behind each come as many generated clips."""
    seen = train(tmp_path, ratio=1)
    assert [len(batch) for batch in seen] == [8] * 9
    assert all([clip[1] for clip in batch] == ['real'] * 4 + ['synthetic'] * 4 for batch in seen)
    epochs = [sum(generated(seen[start:start + 3]), []) for start in (0, 3, 6)]
    assert all(len({clip[0] for clip in epoch}) == 12 for epoch in epochs)  # each of an epoch's clips once
    assert len({clip[3] for epoch in epochs for clip in epoch}) == 36  # and none of them again
    assert all(sorted(clip[2] for clip in epoch) == [0] * 6 + [1] * 6 for epoch in epochs)
    again = train(tmp_path, ratio=1, name='again')
    assert again == seen
    assert names(train(tmp_path, ratio=1, name='other', seed=4)) != names(seen)


@pytest.mark.parametrize('loop, sampler', [(EPOCHS, 'DefaultSampler'), (ITERATIONS, 'InfiniteSampler')])
def test_batches_do_not_depend_on_the_workers(tmp_path, loop, sampler):
    """Workers that are ahead, or that outlive an epoch, have no clips of another time than the main process has."""
    seen = [train(tmp_path, loop=loop, sampler=sampler, workers=workers, ratio=1, interval=2 if loop is ITERATIONS else 1, name=str(index))
            for index, workers in enumerate(WORKERS[:1] + WORKERS[2:])]
    assert seen[0] == seen[1] and len({clip[3] for batch in generated(seen[0]) for clip in batch}) >= 36


def test_recordings_stay_as_they_are_without_generated_clips(tmp_path):
    """Their order and what is drawn of them too, in both kinds of training."""
    for loop, sampler in ((EPOCHS, 'DefaultSampler'), (ITERATIONS, 'InfiniteSampler')):
        seen = train(tmp_path, loop=loop, sampler=sampler, ratio=0.5, name=f'with {sampler}')
        runner = make_runner(tmp_path, loop=loop, sampler=sampler, name=f'without {sampler}', hooked=False)
        runner.train()
        assert [[clip for clip in batch if clip[1] == 'real'] for batch in seen] == runner.model.seen


def test_iterations_renew_by_interval(tmp_path):
    """Nine batches, new clips before the first, fifth and ninth; the ratio holds within each and is made up for where it is uneven."""
    seen = generated(train(tmp_path, loop=ITERATIONS, sampler='InfiniteSampler', ratio=0.6, interval=4))
    assert [len(batch) for batch in seen] == [2, 3, 2, 3, 2, 3, 2, 3, 2]
    renewals = [{name.split('_')[1] for name in row} for row in names(seen)]
    assert renewals == [{'0'}] * 4 + [{'1'}] * 4 + [{'2'}]


@pytest.mark.parametrize('loop, sampler', [(EPOCHS, 'DefaultSampler'), (ITERATIONS, 'InfiniteSampler')])
def test_a_resumed_training_goes_on_with_the_same_clips(tmp_path, loop, sampler):
    whole = make_runner(tmp_path, loop=loop, sampler=sampler, ratio=1, name='whole')
    whole.train()
    length = 'max_epochs' if loop is EPOCHS else 'max_iters'
    parts = dict(loop, **{length: 2 if loop is EPOCHS else 5})
    train(tmp_path, loop=parts, sampler=sampler, ratio=1, name='parts', checkpoint=parts[length])
    resumed = make_runner(tmp_path, loop=loop, sampler=sampler, ratio=1, name='parts', resume=True)
    resumed.train()
    done = 6 if loop is EPOCHS else 5
    assert resumed.model.seen == whole.model.seen[done:]
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name


def test_another_generator_is_refused_by_a_resumed_training(tmp_path):
    train(tmp_path, loop=dict(EPOCHS, max_epochs=1), checkpoint=1)
    other = Swinging()
    torch.nn.init.constant_(other.weight, 0.9)
    with pytest.raises(ContractError, match='had another generator'):
        train(tmp_path, resume=True, generator=other)


def test_passed_over_batches_have_nothing_generated(tmp_path):
    """A resumed training by iterations makes clips from where it goes on."""
    loop = dict(ITERATIONS, max_iters=6)
    train(tmp_path, loop=loop, sampler='InfiniteSampler', ratio=1, interval=2, checkpoint=6)
    generator = Swinging()
    runner = make_runner(tmp_path, loop=dict(loop, max_iters=8), sampler='InfiniteSampler', ratio=1, interval=2, resume=True,
                         generator=generator)
    runner.train()
    assert len(generator.asked) == 2  # for the check, and one renewal
    assert names(runner.model.seen)[0][4].startswith('online_3_')


def test_statues_are_left_out_and_counted(tmp_path, caplog):
    """Of a class whose clips do not move none joins; of the other as many as its share."""
    runner = make_runner(tmp_path, ratio=1, generator=Swinging(still=[1]), loop=dict(EPOCHS, max_epochs=1))
    runner.logger.addHandler(caplog.handler)
    runner.train()
    clips = sum(generated(runner.model.seen), [])
    assert {clip[2] for clip in clips} == {0} and len(clips) == 12  # six, each twice: the ratio holds
    assert '24 clips generated, 18 left out (18 too slow); their speed ' in caplog.text  # twelve, and six of them twice again
    assert 'no clip of fast passes the gate' in caplog.text


def test_a_generator_of_statues_is_refused(tmp_path):
    with pytest.raises(ContractError, match=r'none of 36 generated clips moves .* \(36 too slow\): train the generator longer'):
        train(tmp_path, ratio=1, generator=Swinging(still=[0, 1]))
    seen = train(tmp_path, ratio=1, generator=Swinging(still=[0, 1]), gate=dict(enforce=False), name='all')
    assert len(generated(seen)[0]) == 4


def test_the_log_tells_of_each_epoch(tmp_path, caplog):
    runner = make_runner(tmp_path, ratio=2.)
    runner.logger.addHandler(caplog.handler)
    runner.train()
    lines = [record.message for record in caplog.records if 'OnlineGenerationHook: epoch' in record.message]
    assert [line.split(': ')[1] for line in lines] == ['epoch 1', 'epoch 2', 'epoch 3']
    said = r'\d\d clips generated, .* left out.*; their speed \d\.\d\d beside \d\.\d\d of the recordings'
    assert all(re.search(said, line) for line in lines)


def test_the_log_tells_of_every_tenth_renewal(tmp_path, caplog):
    runner = make_runner(tmp_path, loop=dict(ITERATIONS, max_iters=13), sampler='InfiniteSampler', ratio=1, interval=1)
    runner.logger.addHandler(caplog.handler)
    runner.train()
    lines = [record.message for record in caplog.records if ' clips generated, ' in record.message]
    assert [line.split(': ')[1] for line in lines] == [
        'iteration 1', 'iteration 11 and 9 renewals before', 'iteration 13 and 1 renewal before']


def test_classes_as_often_as_among_the_recordings_or_evenly(tmp_path):
    write_recordings(tmp_path / 'real.npz', labels=[0] * 9 + [1] * 3)
    loop = dict(EPOCHS, max_epochs=1)
    labels = {balance: [clip[2] for clip in sum(generated(train(tmp_path, ratio=1, balance=balance, loop=loop, name=balance)), [])]
              for balance in ('recordings', 'even')}
    assert sorted(labels['recordings']) == [0] * 9 + [1] * 3 and sorted(labels['even']) == [0] * 6 + [1] * 6


def test_variants_of_the_recordings(tmp_path):
    """At strength 0 they are the recordings themselves, each of an epoch once."""
    seen = train(tmp_path, ratio=1, vary=dict(strength=0.), gate=dict(enforce=False), loop=dict(EPOCHS, max_epochs=1))
    clips = sum(seen, [])
    both = [sorted(clip[3] for clip in clips if clip[1] == source) for source in ('real', 'synthetic')]
    assert both[0] == pytest.approx(both[1])
    seen = train(tmp_path, ratio=1, vary=dict(strength=0.1), loop=dict(EPOCHS, max_epochs=1), name='other')
    assert not {clip[3] for batch in generated(seen) for clip in batch} & set(both[0])


def test_generated_clips_go_through_the_training_pipeline(tmp_path):
    """Augmented as recordings are, and every time otherwise: two clips, drawn again and again."""
    pipeline = [dict(type='JointNoise', position=0.1), *PIPELINE]
    seen = train(tmp_path, loop=dict(ITERATIONS, max_iters=6), sampler='InfiniteSampler', ratio=0.25, interval=6, pipeline=pipeline,
                 batch_size=8)
    clips = sum(generated(seen), [])
    assert len(clips) == 12 and len({clip[0] for clip in clips}) == 3 and len({clip[3] for clip in clips}) == 12


def test_repeated_datasets(tmp_path):
    inner = dict(type='MotionDataset', ann_file=str(tmp_path / 'real.npz'), split='train', pipeline=PIPELINE)
    seen = train(tmp_path, ratio=1, loop=dict(EPOCHS, max_epochs=1), dataset=dict(type='RepeatDataset', times=2, dataset=inner))
    assert [len(batch) for batch in seen] == [8] * 6


@pytest.mark.parametrize('head', [{}, dict(type='mmagenc.InfoGCNHead')])
def test_loss_weight(tmp_path, head):
    """In the training itself, with MMAction2's head and InfoGCN's."""
    runner = make_runner(tmp_path, ratio=1, loss_weight=0.5, head=head, loop=dict(EPOCHS, max_epochs=1))
    runner.train()
    means = runner.model.cls_head.loss_by_feat
    assert isinstance(means, SeparateMeans) and means.calls == 4  # one of the check
    assert math.isfinite(sum(value.sum() for value in runner.model.parameters()))


@pytest.mark.parametrize('settings, words', [
    (dict(ratio=0), 'ratio must be above 0, or None, got 0'),
    (dict(loss_weight=-1), 'loss_weight must be above 0'),
    (dict(interval=0), 'interval must be a whole number from 1, or None, got 0'),
    (dict(num_frames=1.5), 'num_frames must be a whole number'),
    (dict(balance='fair'), "balance must be one of recordings, even, got 'fair'"),
    (dict(vary=0.5), r'vary must be dict\(strength=…\), or None, got 0.5'),
    (dict(vary=dict(strenth=1)), 'vary must be'),
    (dict(generator=dict(checkpoint='a.pth')), r'generator must be dict\(config=…, checkpoint=…\) or a built one'),
])
def test_settings_that_cannot_be(settings, words):
    with pytest.raises(ContractError, match=words):
        OnlineGenerationHook(**dict(dict(generator=dict(config='a.py')), **settings))


def test_parts_that_do_not_go_together(tmp_path):
    def refuse(words, **settings):
        with pytest.raises(ContractError, match=words):
            train(tmp_path, **settings)

    refuse('can.*not.* make variants', vary=dict(strength=1), generator=type('Other', (Swinging, ), dict(can_vary=False))())
    other = Swinging()
    other.dataset_meta = dict(classes=['fast', 'slow'])
    refuse(r'trained on other classes .*the same names in another order', generator=other)
    refuse('the generator makes h36m17 keypoints, the recordings have coco17',
           generator=Swinging(representation=dict(type='KeypointRepresentation', skeleton='h36m17')))
    refuse(r'model.num_classes=3, but the recordings have 2 classes', generator=Swinging(num_classes=3))
    refuse('PoseToRot6d does not take a recording', pipeline=[dict(type='PoseToRot6d'), *PIPELINE])
    write_recordings(tmp_path / 'real.pkl')
    refuse('needs a MotionDataset', dataset=dict(type='mmaction.PoseDataset', ann_file=str(tmp_path / 'real.pkl'), pipeline=PIPELINE))


def test_a_generator_by_config_and_checkpoint(tmp_path):
    """Its weights, statistics and classes; an untrained one is refused, one that has nothing to train is not."""
    trained = Swinging()
    trained.representation.fit(write_recordings(tmp_path / 'real.npz'))
    torch.nn.init.constant_(trained.weight, 0.8)
    torch.save(dict(state_dict=trained.state_dict(), meta=dict(dataset_meta=dict(classes=CLASSES, fps=60.))), tmp_path / 'generator.pth')
    config = dict(default_scope='mmagenc', model=dict(type='Swinging'))
    settings = dict(ratio=1, loop=dict(EPOCHS, max_epochs=1), gate=dict(enforce=False))
    for index, written in enumerate((config, Config(config))):
        runner = make_runner(tmp_path, generator=dict(config=written, checkpoint=str(tmp_path / 'generator.pth')), name=str(index),
                             dataset=dict(type='MotionDataset', ann_file=str(tmp_path / 'real.npz'), fps=30., pipeline=WINDOW), **settings)
        runner.train()
        hook = next(hook for hook in runner.hooks if isinstance(hook, OnlineGenerationHook))
        assert hook.model.weight.mean() == 0.8 and len(generated(runner.model.seen)[0]) == 4
        assert hook.clips(0)[0]['total_frames'] == 4  # of eight at twice the recordings' rate
    with pytest.raises(ContractError, match='names no checkpoint, and an untrained Swinging makes no motion'):
        train(tmp_path, generator=dict(config=config), **settings)
    with pytest.raises(ContractError, match='OnlineGenerationHook: generator: config nowhere.py: no such file'):
        train(tmp_path, generator=dict(config='nowhere.py'), **settings)
    with pytest.raises(ContractError, match='Choosy makes no clips: one clip at a time'):
        train(tmp_path, generator=Choosy(), **settings)
    frozen = dict(config, model=dict(type='Swinging', trainable=False))
    assert len(generated(train(tmp_path, generator=dict(config=frozen), name='frozen', **settings))[0]) == 4


def test_the_loops_words_are_the_recognizers(tmp_path):
    with pytest.raises(ContractError, match='the recognizer tells 5 classes apart'):
        train(tmp_path, head=dict(num_classes=5))
