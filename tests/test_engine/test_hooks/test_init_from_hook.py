"""A training begins with another's weights, once: what is resumed, or brought by a loop, goes on."""

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mmagenc.datasets.annotation import save_annotation
from mmagenc.engine import RecognizerTrainer
from mmagenc.engine.hooks import InfAGenCHook
from mmagenc.engine.pretrained import RECORD
from mmagenc.skeletons import get_skeleton
from tests.runs import forget_runs
from tests.test_engine.test_hooks.test_infagenc_hook import _registered, hook_of, make_runner  # noqa: F401
from tests.test_models.test_recognizers.test_scoring import PIPELINE, clips, small_recognizer


def checkpoint(path, model, skeleton='ucla20', **content):
    metainfo = dict(classes=list('abcde'), skeleton=skeleton)
    torch.save(dict(state_dict=model.state_dict(), meta=dict(dataset_meta=metainfo), **content), path)
    return {name: value.clone() for name, value in model.state_dict().items()}


def recognizer_runner(folder, epochs=1, **settings):
    """The training of a recognizer of three classes with a learning rate of 0: weights stay as they begin."""
    forget_runs()
    small_recognizer()
    if not (folder / 'clips.npz').exists():
        content = clips(6)
        names = [clip['frame_dir'] for clip in content]
        save_annotation(dict(split=dict(train=names[:4], test=names[4:]),
                             metainfo=dict(classes=list('abc'), skeleton='ucla20', fps=20.), annotations=content), folder / 'clips.npz')
    loader = dict(batch_size=2, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False))
    data = dict(type='MotionDataset', ann_file=str(folder / 'clips.npz'), pipeline=PIPELINE)
    model = dict(
        type='RecognizerGCN', _scope_='mmaction',
        backbone=dict(type='STGCN', base_channels=8, num_stages=3, inflate_stages=[3], down_stages=[3],
                      graph_cfg=get_skeleton('ucla20').graph_cfg()),
        cls_head=dict(type='GCNHead', num_classes=3, in_channels=16))
    cfg = dict(
        default_scope='mmagenc', work_dir=str(folder / 'run'), model=model,
        train_dataloader=dict(loader, dataset=dict(data, split='train')),
        test_dataloader=dict(loader, dataset=dict(data, split='test')), test_cfg=dict(), test_evaluator=dict(type='mmaction.AccMetric'),
        train_cfg=dict(type='EpochBasedTrainLoop', max_epochs=epochs), optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.)),
        default_hooks=dict(init=dict(type='InitFromHook', checkpoint=str(folder / 'base.pth'))), log_level='ERROR')
    return Runner.from_cfg(Config(dict(cfg, **settings)))


def same(model, weights, names=None):
    own = model.state_dict()
    return all(torch.equal(own[name].cpu(), weights[name].cpu()) for name, _ in model.named_parameters() if name in (names or own))


BACKBONE = [name for name, _ in small_recognizer().named_parameters() if name.startswith('backbone.')]


def test_a_training_begins_with_the_backbone_once(tmp_path):
    theirs = checkpoint(tmp_path / 'base.pth', small_recognizer(5))
    runner = recognizer_runner(tmp_path)
    runner.train()
    assert same(runner.model, theirs, BACKBONE)
    other = checkpoint(tmp_path / 'base.pth', small_recognizer(5))  # by now another file: what is resumed may not ask for it
    resumed = recognizer_runner(tmp_path, epochs=2, resume=True)
    resumed.train()
    assert resumed.iter == 4 and same(resumed.model, theirs, BACKBONE) and not same(resumed.model, other, BACKBONE)
    (tmp_path / 'base.pth').unlink()
    tested = recognizer_runner(tmp_path, load_from=str(tmp_path / 'run' / 'epoch_2.pth'))
    tested.test()
    assert same(tested.model, theirs, BACKBONE)


def test_a_training_that_cannot_begin_so_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match='InitFromHook: checkpoint .*base.pth: no such file'):
        recognizer_runner(tmp_path).train()
    checkpoint(tmp_path / 'base.pth', small_recognizer(5), **{RECORD: dict(clips=['clip0', 'clip5'])})
    with pytest.raises(ValueError, match='learnt from 1 of the clips that this training is validated or tested on: clip5'):
        recognizer_runner(tmp_path).train()
    checkpoint(tmp_path / 'base.pth', small_recognizer(5))
    checkpoint(tmp_path / 'from.pth', small_recognizer(3))
    with pytest.raises(ValueError, match='from.pth and InitFromHook.* both say what the training begins with'):
        recognizer_runner(tmp_path, load_from=str(tmp_path / 'from.pth')).train()


def test_that_the_clips_tested_on_are_not_there_is_no_reason_not_to_train(tmp_path, capfd):
    checkpoint(tmp_path / 'base.pth', small_recognizer(5), **{RECORD: dict(clips=['clip5'])})
    missing = dict(batch_size=2, sampler=dict(type='DefaultSampler', shuffle=False),
                   dataset=dict(type='MotionDataset', ann_file=str(tmp_path / 'none.npz')))
    recognizer_runner(tmp_path, test_dataloader=missing, log_level='WARNING').train()
    assert 'whether the checkpoint knows the clips of test_dataloader cannot be told' in ''.join(capfd.readouterr())


def test_the_recognizer_beside_a_generator_begins_so_and_learns_its_classes(tmp_path):
    theirs = checkpoint(tmp_path / 'base.pth', small_recognizer(5))
    torch.manual_seed(0)
    trainer = RecognizerTrainer(model=small_recognizer(3), train_pipeline=PIPELINE, test_pipeline=PIPELINE,
                                init=dict(checkpoint=str(tmp_path / 'base.pth')))
    assert same(trainer.model, theirs, BACKBONE) and trainer.checkpoint is None
    assert 'cls_head.fc anew' in str(trainer.beginning)
    with pytest.raises(ValueError, match='leave one of them out'):
        RecognizerTrainer(model=small_recognizer(3), train_pipeline=PIPELINE, test_pipeline=PIPELINE,
                          checkpoint='other.pth', init=dict(checkpoint=str(tmp_path / 'base.pth')))


def loop_runner(tmp_path, name, max_epochs, **settings):
    init = dict(checkpoint=str(tmp_path / 'base.pth'))
    runner = make_runner(tmp_path, name, max_epochs, begin=1, recognizer_warmup_epochs=1, **settings)
    hook = hook_of(runner)
    recognizer = dict(hook.recognizer_cfg, init=init)
    replaced = InfAGenCHook(recognizer=recognizer, begin=1, interval=2, recognizer_warmup_epochs=1, selector=hook.selector_cfg)
    runner.hooks[runner.hooks.index(hook)] = replaced
    return runner


def test_the_loop_begins_so_and_a_resumed_one_goes_on(tmp_path):
    base = make_runner(tmp_path, 'base', 1)
    hook_of(base).before_run(base)
    model = hook_of(base).trainer.model
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.1
    theirs = checkpoint(tmp_path / 'base.pth', model, skeleton='coco17')
    first = loop_runner(tmp_path, 'run', 1)
    first.train()  # the loop has not begun: nothing was learnt yet
    began = hook_of(first).trainer.model
    assert same(began, theirs, [name for name in theirs if name.startswith('backbone.')])
    assert not same(began, theirs, ['cls_head.fc.weight'])
    second = loop_runner(tmp_path, 'run', 3, resume=True)
    (tmp_path / 'base.pth').unlink()
    head = {name: value.clone() for name, value in began.state_dict().items()}
    hook = hook_of(second)
    check, seen = hook._check_parts, []
    hook._check_parts = lambda *args: seen.append(same(hook.trainer.model, head)) or check(*args)
    second.train()
    assert seen == [True] and hook.fitted and hook.rounds
