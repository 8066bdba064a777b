"""A training's losses, FID and pictures reach MMEngine's visualizer backends."""

import numpy as np
import pytest
from mmengine.runner import Runner
from mmengine.visualization import Visualizer

from mmagenc.datasets.annotation import save_annotation
from mmagenc.registry import MODELS
from tests.test_apis.configs import GRAPH
from tests.test_visualization.test_report.runs import make_clip

SCOPE = dict(_scope_='mmaction')
JUDGE = dict(
    type='RecognizerGCN', **SCOPE, cls_head=dict(type='GCNHead', num_classes=3, in_channels=8),
    backbone=dict(type='STGCN', in_channels=3, base_channels=4, num_stages=2, inflate_stages=[2], down_stages=[2], graph_cfg=GRAPH))
JUDGE_PIPELINE = [dict(type='ConsecutiveSample', num_frames=8, test_mode=True), dict(type='mmaction.FormatGCNInput', num_person=1),
                  dict(type='mmaction.PackActionInputs')]


def make_config(tmp_path, backends):
    """One epoch of a tiny generator with validation by a fresh recognizer, whose numbers mean nothing."""
    clips = [make_clip(str(index), index % 3, frames=8, seed=index) for index in range(12)]
    metainfo = dict(classes=list('abc'), skeleton='ucla20', fps=30)
    save_annotation(dict(split={}, metainfo=metainfo, annotations=clips), tmp_path / 'clips.npz')
    pipeline = [dict(type='ConsecutiveSample', num_frames=8), dict(type='PackMotionInputs')]
    dataset = dict(type='MotionDataset', ann_file=str(tmp_path / 'clips.npz'), pipeline=pipeline)
    loader = dict(batch_size=6, num_workers=0, dataset=dataset, sampler=dict(type='DefaultSampler', shuffle=False))
    model = dict(type='TransformerCVAE', representation=dict(type='KeypointRepresentation', skeleton='ucla20'), num_classes=3, num_frames=8,
                 latent_dim=16, num_layers=1, num_heads=2, ff_dim=16)
    return dict(
        model=model, work_dir=str(tmp_path / 'work'), train_dataloader=loader, val_dataloader=loader, val_cfg=dict(),
        train_cfg=dict(by_epoch=True, max_epochs=1), optim_wrapper=dict(optimizer=dict(type='SGD', lr=1e-3)), default_scope='mmagenc',
        val_evaluator=dict(type='MotionGenerationMetric', recognizer=MODELS.build(JUDGE), recognizer_pipeline=JUDGE_PIPELINE),
        default_hooks=dict(logger=dict(type='LoggerHook', interval=1), checkpoint=None), experiment_name=tmp_path.name,
        custom_hooks=[dict(type='RepresentationStatsHook'), dict(type='SampleVisualizationHook', interval=1, num_samples_per_class=1)],
        visualizer=dict(type='Visualizer', name=tmp_path.name, vis_backends=backends))


def test_tensorboard_holds_losses_fid_and_samples(tmp_path):
    accumulators = pytest.importorskip('tensorboard.backend.event_processing.event_accumulator')
    runner = Runner(**make_config(tmp_path, [dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')]))
    runner.train()
    runner.visualizer.close()
    events = accumulators.EventAccumulator(str(next((tmp_path / 'work').rglob('events.*')).parent), size_guidance=dict(images=0)).Reload()
    assert {'loss', 'loss_kl', 'lr', 'generation/fid', 'generation/accuracy'} <= set(events.Tags()['scalars'])
    assert len(events.Scalars('loss')) == 2 and np.isfinite(events.Scalars('generation/fid')[0].value)
    assert [image.step for image in events.Images('samples')] == [1]


def test_wandb_offline(tmp_path, monkeypatch):
    """W&B's offline mode needs neither account nor network; its files are there to be synchronized later."""
    pytest.importorskip('wandb')
    monkeypatch.setenv('WANDB_MODE', 'offline')
    visualizer = Visualizer(vis_backends=[dict(type='WandbVisBackend')], save_dir=str(tmp_path))
    visualizer.add_scalar('loss', 0.5, step=1)
    visualizer.add_image('samples', np.zeros((8, 8, 3), np.uint8), step=1)
    visualizer.close()
    assert list(tmp_path.rglob('offline-run-*/*.wandb')) and list(tmp_path.rglob('*.png'))
