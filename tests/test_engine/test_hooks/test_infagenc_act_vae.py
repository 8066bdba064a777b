"""The loop with ACT-VAE: start poses of recordings, candidates that are judged, a training set that grows, and a run that resumes alike."""

import json

import torch
from mmengine.config import Config
from mmengine.runner import Runner

from tests.test_engine.test_hooks.test_infagenc_kinetic_gan import NUM_CLASSES, NUM_FRAMES, write_real
from tests.test_models.test_recognizers.test_scoring import PIPELINE, small_recognizer


def make_runner(tmp_path, name, max_epochs, resume=False):
    small_recognizer(NUM_CLASSES)  # sets the default scope
    if not (tmp_path / 'real.npz').exists():
        write_real(tmp_path / 'real.npz')
    backbone = dict(type='STGCN', base_channels=8, num_stages=2, inflate_stages=[2], down_stages=[2],
                    graph_cfg=dict(layout='coco', mode='stgcn_spatial'))
    windows = [dict(type='ConsecutiveSample', num_frames=10, test_mode=True), *PIPELINE]
    recognizer = dict(
        model=dict(type='RecognizerGCN', _scope_='mmaction', backbone=backbone,
                   cls_head=dict(type='GCNHead', num_classes=NUM_CLASSES, in_channels=16)),
        train_pipeline=windows,
        test_pipeline=windows,
        batch_size=16,
        optim_wrapper=dict(optimizer=dict(type='AdamW', lr=1e-2)))
    hook = dict(
        type='InfAGenCHook',
        begin=1,
        interval=2,
        recognizer_warmup_epochs=2,
        recognizer_epochs=1,
        recognizer=recognizer,
        gate=dict(enforce=False),  # so early it moves like nothing
        selector=dict(type='RandomSelector', confidence=0., balanced=False))
    pipeline = [dict(type='ConsecutiveSample', num_frames=NUM_FRAMES, padding='none'), dict(type='PackMotionInputs')]
    return Runner.from_cfg(
        Config(
            dict(
                default_scope='mmagenc',
                work_dir=str(tmp_path / name),
                model=dict(
                    type='ACTVAE',
                    representation=dict(type='KeypointRepresentation', skeleton='coco17', normalization='centered_min_max'),
                    num_classes=NUM_CLASSES,
                    num_frames=10,  # shorter than recordings: what it makes is trained on as it is
                    latent_dim=4,
                    start_state='pose',
                    num_rollouts=1,
                    posterior=dict(hidden_dim=4, anneal_steps=4)),
                train_dataloader=dict(
                    batch_size=8,
                    num_workers=0,
                    sampler=dict(type='DefaultSampler', shuffle=True),
                    dataset=dict(type='MotionDataset', ann_file=str(tmp_path / 'real.npz'), split='train', pipeline=pipeline)),
                train_cfg=dict(type='EpochBasedTrainLoop', max_epochs=max_epochs),
                optim_wrapper=dict(optimizer=dict(type='Adam', lr=1e-3)),
                default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=1)),
                custom_hooks=[dict(type='RandomStateHook'),
                              dict(type='RepresentationStatsHook'), hook],
                randomness=dict(seed=3),
                resume=resume,
                log_level='ERROR',
                experiment_name=f'{tmp_path.name}_{name}_{resume}_{max_epochs}')))


def test_rounds_and_resuming(tmp_path):
    """Interrupted between two rounds, a run ends as the uninterrupted one: network, start poses, the posterior's turn, pool."""
    whole = make_runner(tmp_path, 'whole', max_epochs=5)
    whole.train()
    rounds = json.loads((tmp_path / 'whole' / 'rounds.json').read_text())
    assert [record['epoch'] for record in rounds] == [3, 5] and all(record['accepted'] for record in rounds)
    assert {clip['total_frames'] for clip in whole.train_dataloader.dataset.annotations()} == {10, NUM_FRAMES}
    assert whole.model.starts.count.tolist() == [8, 8]  # of recordings, not of the pool
    make_runner(tmp_path, 'parts', max_epochs=4).train()
    torch.manual_seed(123)
    resumed = make_runner(tmp_path, 'parts', max_epochs=5, resume=True)
    resumed.train()
    assert json.loads((tmp_path / 'parts' / 'rounds.json').read_text()) == rounds
    for name, value in whole.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[name], value), name
    assert int(whole.model.posterior.steps) == whole.iter
