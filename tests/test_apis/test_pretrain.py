"""The config of a pretraining, and what cannot be pretrained on; one clip of it goes through."""

import numpy as np
import pytest
from mmengine.config import Config

from mmagenc.apis.pretrain import Base, pretraining_config
from mmagenc.datasets import save_annotation
from mmagenc.skeletons import get_skeleton
from tests.test_datasets.test_base_motion import write

GCN = [dict(type='mmaction.FormatGCNInput', num_person=1), dict(type='mmaction.PackActionInputs')]
STGCN = dict(type='STGCN', base_channels=8, num_stages=2, inflate_stages=[2], down_stages=[2], graph_cfg=get_skeleton('ucla20').graph_cfg())


def recognizer(num_classes=2, **head):
    return dict(type='RecognizerGCN', _scope_='mmaction', backbone=STGCN, cls_head=dict(dict(type='GCNHead', num_classes=num_classes,
                                                                                          in_channels=16), **head))


@pytest.fixture
def files(tmp_path):
    """The data of the training to come, and the base in another layout and at another rate."""
    write(tmp_path / 'own.npz', ['low', 'high'], prefix='own', skeleton='ucla20', up='y')
    write(tmp_path / 'base.npz', ['walk', 'run', 'sit'], fps=40., up='y')
    return tmp_path


def config(files, **settings):
    data = dict(type='MotionDataset', ann_file=str(files / 'own.npz'), pipeline=GCN)
    loader = dict(batch_size=2, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=True))
    cfg = dict(
        default_scope='mmagenc', model=recognizer(), load_from='old.pth',
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1), paramwise_cfg=dict(custom_keys={'backbone': dict(lr_mult=0.)})),
        train_dataloader=dict(loader, dataset=dict(data, split='train')), train_cfg=dict(max_epochs=5, val_interval=1),
        val_dataloader=dict(loader, dataset=dict(data, split='test')), val_cfg=dict(), val_evaluator=dict(type='mmaction.AccMetric'),
        default_hooks=dict(init=dict(type='InitFromHook', checkpoint='none.pth'), checkpoint=dict(save_best='acc/top1')))
    return Config(dict(cfg, **settings))


def base(files, *names, **settings):
    return Base(files=[str(files / name) for name in names or ('base.npz', )], **settings)


def test_the_network_learns_the_classes_of_the_files(files):
    cfg = pretraining_config(config(files), base(files))
    assert cfg.model.cls_head.num_classes == 3 and cfg.model.backbone.base_channels == 8
    data = cfg.train_dataloader.dataset
    assert data.metainfo == dict(skeleton='ucla20') and data.fps == 20. and data.pipeline[-1].type == 'mmaction.PackActionInputs'
    assert cfg.val_dataloader is cfg.val_cfg is cfg.test_evaluator is cfg.load_from is None and cfg.train_dataloader.batch_size == 2
    assert set(cfg.default_hooks) == {'checkpoint', 'pretraining'} and 'save_best' not in cfg.default_hooks.checkpoint
    assert cfg.train_cfg == dict(max_epochs=5), 'the schedule is its own'
    assert cfg.optim_wrapper.paramwise_cfg.custom_keys.backbone == {}, 'what is frozen afterwards has to learn before'


def test_epochs_bring_a_schedule_of_their_own(files):
    cfg = pretraining_config(config(files, train_cfg=dict(type='IterBasedTrainLoop', max_iters=9)), base(files), epochs=16)
    assert cfg.train_cfg == dict(type='EpochBasedTrainLoop', max_epochs=16) and cfg.param_scheduler.T_max == 16
    assert cfg.default_hooks.checkpoint.interval == 2
    with pytest.raises(ValueError, match='counts iterations, .* say --epochs'):
        pretraining_config(config(files, train_cfg=dict(type='IterBasedTrainLoop', max_iters=9)), base(files))


def test_masked_motion_needs_no_labels(files):
    write(files / 'unlabelled.npz', ['walk', 'run'], labels=-1)
    cfg = pretraining_config(config(files), base(files, 'unlabelled.npz'), masked=True)
    assert cfg.model.type == 'mmagenc.MaskedMotionPretrainer' and cfg.model.in_channels == 16
    assert cfg.default_hooks.pretraining.task == 'masked motion'
    with pytest.raises(ValueError, match='--masked predicts hidden motion, which needs no labels'):
        pretraining_config(config(files), base(files, 'unlabelled.npz'))
    with pytest.raises(ValueError, match=r'all of one class \(walk\)'):
        pretraining_config(config(files), base(files, classes=['walk']))


def test_clips_that_are_tested_on_are_refused_unless_they_are_left_out(files):
    own = f'{files / "own.npz"}'
    with pytest.raises(ValueError, match='2 of 4 clips .* validated or tested on, such as own1, own3: leave them out'):
        pretraining_config(config(files), Base(files=[own]))
    cfg = pretraining_config(config(files), Base(files=[own], exclude=[f'{own}:test']))
    assert cfg.train_dataloader.dataset.exclude == ['own1', 'own3']
    assert pretraining_config(config(files), Base(files=[f'{own}:train'])).train_dataloader.dataset.split == 'train'
    with pytest.raises(ValueError, match='no split vel'):
        pretraining_config(config(files), Base(files=[own], exclude=[f'{own}:vel']))
    with pytest.raises(ValueError, match='one split of all files, or none'):
        pretraining_config(config(files), Base(files=[f'{own}:train', str(files / 'base.npz')]))


def test_data_of_the_training_to_come_need_not_be_there(files):
    """Then the model says which layout it is; the rate stays that of the files."""
    cfg = config(files)
    (files / 'own.npz').unlink()
    cfg.model.backbone.graph_cfg = dict(layout='ucla20', mode='stgcn_spatial')
    data = pretraining_config(cfg, base(files)).train_dataloader.dataset
    assert data.metainfo == dict(skeleton='ucla20') and data.fps is None
    assert pretraining_config(cfg, base(files, fps=10., skeleton='ucla20')).train_dataloader.dataset.fps == 10.


def test_what_does_not_go_together_is_told_before_the_training(files):
    with pytest.raises(ValueError, match="z axis of the clips to pretrain on points up, of the config's data the y axis"):
        write(files / 'tilted.npz', ['walk', 'run'], up='z')
        pretraining_config(config(files), base(files, 'tilted.npz'))
    with pytest.raises(ValueError, match='no joint map from smpl24 to coco17'):
        pretraining_config(config(files), base(files, skeleton='coco17'))
    with pytest.raises(ValueError, match=r'does not go through the network: the pipeline makes \(1, 1, 9, 20, 2\) of it'):
        flat = [dict(frame_dir=f'flat{i}', label=i, total_frames=9, keypoint=np.random.rand(1, 9, 20, 2)) for i in range(2)]
        save_annotation(dict(split={}, metainfo=dict(skeleton='ucla20', fps=20., classes=['a', 'b']), annotations=flat), files / 'flat.npz')
        pretraining_config(config(files), base(files, 'flat.npz'))
    with pytest.raises(ValueError, match='trains no generator'):
        pretraining_config(config(files), base(files), part='generator')
    cfg = config(files)
    cfg.train_dataloader.dataset.pipeline = [dict(type='PoseToRot6d'), *GCN]
    with pytest.raises(ValueError, match="does not go through the config's training pipeline"):
        pretraining_config(cfg, base(files))
    with pytest.raises(FileNotFoundError, match='none.npz'):
        pretraining_config(config(files), base(files, 'none.npz'))


@pytest.mark.parametrize('classes, pairs', [(['wave-left', 'sit', 'wave-right'], ((0, 2), )), (['walk', 'run', 'sit'], ()),
                                            (['wave-left', 'sit', 'walk'], None)])
def test_mirrored_clips_are_of_classes_of_the_base(files, classes, pairs):
    """The pairs of the config are of other classes; where the other side is missing clips are not mirrored."""
    write(files / 'sided.npz', classes)
    cfg = config(files)
    cfg.train_dataloader.dataset.pipeline = [dict(type='RandomMirror', swapped_labels=((0, 1), )),
                                             dict(type='StrongAugmentation', swapped_labels=((0, 1), ), mirror=0.3), *GCN]
    steps = pretraining_config(cfg, base(files, 'sided.npz')).train_dataloader.dataset.pipeline
    mirror = [step for step in steps if step.type == 'RandomMirror']
    strong = next(step for step in steps if step.type == 'StrongAugmentation')
    assert [step.swapped_labels for step in mirror] == ([] if pairs is None else [pairs])
    assert strong.swapped_labels == pairs and strong.mirror == (0. if pairs is None else 0.3)


def test_clips_that_are_mixed_are_of_as_many_classes(files):
    cfg = config(files)
    cfg.model.data_preprocessor = dict(type='ActionDataPreprocessor', blending=dict(type='MixupBlending', num_classes=2))
    assert pretraining_config(cfg, base(files)).model.data_preprocessor.blending.num_classes == 3


def loop(files):
    generator = dict(type='TransformerCVAE', representation=dict(type='KeypointRepresentation', skeleton='ucla20'), num_classes=2,
                     num_frames=8, latent_dim=8, num_layers=1, num_heads=1, ff_dim=8)
    held_out = dict(type='MotionDataset', ann_file=str(files / 'own.npz'), split='test', pipeline=[])
    hook = dict(type='InfAGenCHook', held_out=held_out, recognizer=dict(
        model=recognizer(), train_pipeline=GCN, test_pipeline=GCN, batch_size=4, optim_wrapper=dict(optimizer=dict(type='Adam', lr=1e-3))))
    cfg = config(files, model=generator, val_dataloader=None, val_cfg=None, val_evaluator=None, default_hooks=dict(infagenc=hook))
    cfg.train_dataloader.dataset.pipeline = [dict(type='PackMotionInputs')]
    return cfg


def test_of_a_loop_the_recognizer_is_pretrained_or_the_generator(files):
    cfg = pretraining_config(loop(files), base(files), epochs=3)
    assert cfg.model.type == 'RecognizerGCN' and cfg.model.cls_head.num_classes == 3 and cfg.train_dataloader.batch_size == 4
    assert cfg.optim_wrapper.optimizer.type == 'Adam' and set(cfg.default_hooks) == {'checkpoint', 'pretraining'}
    cfg = pretraining_config(loop(files), base(files), part='generator')
    assert cfg.model.type == 'TransformerCVAE' and cfg.model.num_classes == 3 and cfg.default_hooks.pretraining.task == 'generation'
    with pytest.raises(ValueError, match='nothing of its recognizer: say --epochs'):
        pretraining_config(loop(files), base(files))
    with pytest.raises(ValueError, match='tested on, such as own1'):  # those that the loop holds out
        pretraining_config(loop(files), base(files, 'own.npz'), epochs=3)
    with pytest.raises(ValueError, match='--masked pretrains the backbone of a recognizer'):
        pretraining_config(loop(files), base(files), part='generator', masked=True)
