"""The loop with Kinetic-GAN as its generator: it warms up, grows the training set, and resumes where it stopped."""

import json

import numpy as np
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mmagenc.datasets.annotation import save_annotation
from tests.test_models.test_recognizers.test_scoring import PIPELINE, small_recognizer

NUM_CLASSES, NUM_FRAMES = 2, 16


def write_real(path, count=16):
    """Classes that a recognizer can tell and the shift of a whole clip makes: all joints low, or all high."""
    rng = np.random.default_rng(0)
    clips = [
        dict(
            frame_dir=f'real_{i}',
            label=i % NUM_CLASSES,
            total_frames=NUM_FRAMES,
            keypoint=(rng.normal(size=(1, NUM_FRAMES, 17, 3)) * 0.1 + i % NUM_CLASSES).astype(np.float32)) for i in range(count)
    ]
    split = dict(train=[clip['frame_dir'] for clip in clips])
    save_annotation(dict(split=split, metainfo=dict(classes=['low', 'high'], skeleton='coco17', fps=30.), annotations=clips), path)


def make_runner(tmp_path, name, max_epochs, resume=False):
    small_recognizer(NUM_CLASSES)  # sets the default scope
    if not (tmp_path / 'real.npz').exists():
        write_real(tmp_path / 'real.npz')
    backbone = dict(
        type='STGCN',
        base_channels=8,
        num_stages=2,
        inflate_stages=[2],
        down_stages=[2],
        graph_cfg=dict(layout='coco', mode='stgcn_spatial'))
    hook = dict(
        type='InfAGenCHook',
        begin=1,
        interval=2,
        recognizer_warmup_epochs=2,
        recognizer_epochs=1,
        recognizer=dict(
            model=dict(
                type='RecognizerGCN',
                _scope_='mmaction',
                backbone=backbone,
                cls_head=dict(type='GCNHead', num_classes=NUM_CLASSES, in_channels=16)),
            train_pipeline=PIPELINE,
            test_pipeline=PIPELINE,
            batch_size=16,
            optim_wrapper=dict(optimizer=dict(type='AdamW', lr=1e-2))),
        gate=dict(enforce=False),  # so early it moves like nothing
        selector=dict(type='RandomSelector', confidence=0., balanced=False))
    adam = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3, betas=(0.5, 0.999)))
    return Runner.from_cfg(
        Config(
            dict(
                default_scope='mmagenc',
                work_dir=str(tmp_path / name),
                model=dict(
                    type='KineticGAN',
                    representation=dict(
                        type='KeypointRepresentation', skeleton='coco17', normalization='centered_min_max'),
                    num_classes=NUM_CLASSES,
                    num_frames=NUM_FRAMES,
                    latent_dim=4,
                    networks=dict(mapping_layers=1, base_channels=1),
                    loss=dict(n_critic=3)),
                train_dataloader=dict(
                    batch_size=8,
                    num_workers=0,
                    drop_last=True,
                    sampler=dict(type='DefaultSampler', shuffle=True),
                    dataset=dict(
                        type='MotionDataset',
                        ann_file=str(tmp_path / 'real.npz'),
                        split='train',
                        pipeline=[dict(type='ConsecutiveSample', num_frames=NUM_FRAMES),
                                  dict(type='PackMotionInputs')])),
                train_cfg=dict(type='EpochBasedTrainLoop', max_epochs=max_epochs),
                optim_wrapper=dict(constructor='SeparateOptimWrapperConstructor', generator=adam, critic=adam),
                default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=1)),
                custom_hooks=[dict(type='RandomStateHook'),
                              dict(type='RepresentationStatsHook'), hook],
                randomness=dict(seed=3),
                resume=resume,
                log_level='ERROR',
                experiment_name=f'{tmp_path.name}_{name}_{resume}_{max_epochs}')))


def test_rounds_and_resuming(tmp_path):
    """Interrupted between two rounds, a run ends as the uninterrupted one: networks, optimizers' turns, pool."""
    whole = make_runner(tmp_path, 'whole', max_epochs=5)
    whole.train()
    rounds = json.loads((tmp_path / 'whole' / 'rounds.json').read_text())
    assert [record['epoch'] for record in rounds] == [3, 5] and all(record['accepted'] for record in rounds)
    assert len(whole.train_dataloader.dataset) == 16 + rounds[-1]['pool_size']
    assert whole.model.representation.fitted
    make_runner(tmp_path, 'parts', max_epochs=4).train()
    torch.manual_seed(123)
    resumed = make_runner(tmp_path, 'parts', max_epochs=5, resume=True)
    resumed.train()
    assert json.loads((tmp_path / 'parts' / 'rounds.json').read_text()) == rounds
    for name, value in whole.model.state_dict().items():
        torch.testing.assert_close(
            resumed.model.state_dict()[name], value, rtol=0, atol=0, msg=lambda text, name=name: f'{name}: {text}')
    assert int(whole.model.critic_updates) == whole.iter and int(whole.model.average.steps) == whole.iter // 3
