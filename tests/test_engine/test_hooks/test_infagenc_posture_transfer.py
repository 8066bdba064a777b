"""The loop with posture transfer: nothing to train, candidates from the first epoch, and a run that resumes alike."""

import json

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mmagenc.engine.contract import ContractError
from mmagenc.skeletons import get_skeleton
from tests.styles import base_clips, recordings, write
from tests.test_models.test_recognizers.test_scoring import PIPELINE, small_recognizer


def make_runner(tmp_path, name, max_epochs, resume=False, model=None, **hook):
    small_recognizer(2)  # sets the default scope
    for file, clips in (('real', recordings()), ('base', base_clips())):
        if not (tmp_path / f'{file}.npz').exists():
            write(tmp_path / f'{file}.npz', clips)
    backbone = dict(type='STGCN', base_channels=8, num_stages=2, inflate_stages=[2], down_stages=[2],
                    graph_cfg=get_skeleton('smpl24').graph_cfg())
    windows = [dict(type='ConsecutiveSample', num_frames=10, test_mode=True), *PIPELINE]
    recognizer = dict(
        model=dict(type='RecognizerGCN', _scope_='mmaction', backbone=backbone, cls_head=dict(type='GCNHead', num_classes=2, in_channels=16)),
        train_pipeline=windows,
        test_pipeline=windows,
        batch_size=16,
        optim_wrapper=dict(optimizer=dict(type='AdamW', lr=1e-2)))
    hook = dict(
        type='InfAGenCHook', begin=0, interval=1, recognizer_warmup_epochs=2, recognizer_epochs=1, recognizer=recognizer, max_gap=None,
        selector=dict(type='RandomSelector', confidence=0., balanced=False), **hook)
    model = model or dict(type='PostureTransferGenerator', base=dict(ann_file=str(tmp_path / 'base.npz')))
    return Runner.from_cfg(
        Config(
            dict(
                default_scope='mmagenc',
                work_dir=str(tmp_path / name),
                model=dict(representation=dict(type='KeypointRepresentation', skeleton='smpl24'), num_classes=2, num_frames=12, **model),
                train_dataloader=dict(
                    batch_size=4,
                    num_workers=0,
                    sampler=dict(type='DefaultSampler', shuffle=True),
                    dataset=dict(type='MotionDataset', ann_file=str(tmp_path / 'real.npz'), split='train',
                                 pipeline=[dict(type='ConsecutiveSample', num_frames=12), dict(type='PackMotionInputs')])),
                train_cfg=dict(type='EpochBasedTrainLoop', max_epochs=max_epochs),
                optim_wrapper=dict(optimizer=dict(type='AdamW', lr=1e-3)),
                default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=1), finite_loss=dict(type='FiniteLossHook')),
                custom_hooks=[dict(type='RandomStateHook'), dict(type='RepresentationStatsHook'), hook],
                randomness=dict(seed=3),
                resume=resume,
                log_level='ERROR',
                experiment_name=f'{tmp_path.name}_{name}_{resume}_{max_epochs}')))


def test_rounds_and_resuming(tmp_path):
    """Recordings alone are varied, also once clips have joined them, and an interrupted run ends as the uninterrupted one."""
    whole = make_runner(tmp_path, 'whole', max_epochs=2)
    whole.train()
    rounds = json.loads((tmp_path / 'whole' / 'rounds.json').read_text())
    assert [record['epoch'] for record in rounds] == [1, 2] and all(record['accepted'] for record in rounds)
    assert all(record['gate']['passed'] == record['gate']['total'] for record in rounds)  # they move as their recordings do
    assert whole.model.clips.label.tolist() == [0] * 3 + [1] * 3
    make_runner(tmp_path, 'parts', max_epochs=1).train()
    torch.manual_seed(123)
    resumed = make_runner(tmp_path, 'parts', max_epochs=2, resume=True)
    resumed.train()
    assert json.loads((tmp_path / 'parts' / 'rounds.json').read_text()) == rounds
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name


def test_candidates_as_variants_name_their_recordings(tmp_path):
    runner = make_runner(tmp_path, 'vary', max_epochs=1, vary=dict(strength=0.8))
    runner.train()
    clips = list(runner.train_dataloader.dataset.annotations())
    sources = {clip['frame_dir']: clip for clip in clips if 'variant_of' not in clip}
    variants = [clip for clip in clips if 'variant_of' in clip]
    assert variants and set(sources) == {item['frame_dir'] for item in recordings()}
    assert all(clip['label'] == sources[clip['variant_of']]['label'] and clip['total_frames'] == 12 for clip in variants)


def test_a_generator_that_cannot_vary_is_refused_before_the_first_epoch(tmp_path):
    runner = make_runner(tmp_path, 'cannot', 1, model=dict(type='SLTGenerator', noise_dim=4, hidden_dim=8, wide_dim=16), vary=dict(strength=0.5))
    with pytest.raises(ContractError, match='vary=.*: SLTGenerator makes no variants of given clips; leave vary out'):
        runner.train()


@pytest.mark.parametrize('vary', [dict(strength=2), dict(scale=0.5)])
def test_settings_of_vary_that_are_none(vary):
    from mmagenc.engine.hooks import InfAGenCHook
    with pytest.raises(ValueError, match=r'vary must be dict\(strength=…\) with a number from 0 to 1'):
        InfAGenCHook(recognizer={}, vary=vary)
