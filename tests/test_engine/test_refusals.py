"""Where an error arose tells whose mistake it is; a run looks at checkpoint and labels before its first step."""

import re
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import CheckpointHook, EarlyStoppingHook
from mmengine.optim import CosineAnnealingLR, MultiStepLR, OptimWrapper, ReduceOnPlateauLR
from mmengine.registry import Registry, init_default_scope
from mmengine.runner import IterBasedTrainLoop, Runner
from torch import nn
from torch.optim import SGD, AdamW
from torch.utils.data import DataLoader, Dataset

from mmagenc.datasets.annotation import AnnotationError
from mmagenc.engine import refusals
from mmagenc.engine.refusals import (
    RefusedError,
    StartHook,
    check_classes,
    check_optimizer,
    check_same_clips,
    check_schedules,
    refusing,
    without_validation,
)
from mmagenc.registry import MODELS

THINGS = Registry('thing')


@THINGS.register_module()
class Picky:

    def __init__(self, size: int = 1) -> None:
        if size > 3:
            raise KeyError('no such size')


class Broken(Dataset):

    def __init__(self, error) -> None:
        self.error = error

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index):
        raise self.error


def refused(run, cfg=None):
    with pytest.raises(Exception) as error, refusing(cfg if cfg is not None else Config(dict(work_dir='w'))):
        run()
    return error.value


def test_building():
    cfg = Config(dict(work_dir='w', outer=dict(parts=[dict(type='Picky', size=2), dict(type='Picky', size=5)])))
    error = refused(lambda: THINGS.build(cfg.outer.parts[1]), cfg)
    assert type(error) is RefusedError and str(error) == 'outer.parts.1 (Picky): KeyError: no such size'
    assert isinstance(error.__cause__, KeyError)


@pytest.mark.parametrize('workers', [0, 1])
@pytest.mark.parametrize('error, said', [
    (KeyError('keypoint'), 'a sample cannot be read: KeyError: keypoint'),
    (ValueError('x is 3'), 'x is 3'),
])
def test_reading_also_in_workers(workers, error, said):
    failed = refused(lambda: list(DataLoader(Broken(error), num_workers=workers)))
    assert isinstance(failed, RefusedError) and said.split(': ')[-1].strip("'") in str(failed) and '\n' not in str(failed)
    assert 'Traceback' not in str(failed)


@pytest.mark.parametrize('stage', ['val', 'test'])
def test_of_parts_that_are_copies_the_one_that_was_built_is_named(stage, tmp_path):
    """As with ``test_dataloader = val_dataloader``."""
    init_default_scope('mmagenc')
    dataset = dict(type='MotionDataset', ann_file='none', num_persons=0)
    loader = dict(batch_size=1, num_workers=0, dataset=dataset, sampler=dict(type='DefaultSampler', shuffle=False))
    cfg = Config(dict(val_dataloader=loader, test_dataloader=loader, val_evaluator=dict(type='AccMetric'), work_dir=str(tmp_path),
                      test_evaluator=dict(type='AccMetric'), val_cfg=dict(), test_cfg=dict()))
    runner = SimpleNamespace(_val_dataloader=cfg.val_dataloader, _test_dataloader=cfg.test_dataloader, _val_evaluator=cfg.val_evaluator,
                             _test_evaluator=cfg.test_evaluator, seed=0, _randomness_cfg={}, build_dataloader=Runner.build_dataloader)
    failed = refused(lambda: getattr(Runner, f'build_{stage}_loop')(runner, {}), cfg)
    assert str(failed).startswith(f'{stage}_dataloader.dataset (MotionDataset): num_persons must be at least 1'), failed


def test_a_part_of_mmaction2_that_is_looked_for_here():
    model = dict(type='mmaction.RecognizerGCN', backbone=dict(type='mmaction.STGCN', graph_cfg=dict(layout='coco')))
    failed = refused(lambda: MODELS.build(model))
    assert "ActionDataPreprocessor is MMAction2's, and the dict around it has to say so" in str(failed) and '_scope_' in str(failed)
    assert 'Nothing is not in the ' in str(refused(lambda: MODELS.build(dict(type='Nothing'))))


def test_known_errors_say_all_themselves():
    def fail():
        raise AnnotationError('a.npz: broken')
    assert str(refused(fail)) == 'a.npz: broken'


@pytest.mark.parametrize('error', [RuntimeError('shapes'), ValueError('in a step'), MemoryError(), KeyError('x')])
def test_mistakes_of_programs_pass(error):
    def fail():
        raise error
    assert refused(fail) is error


def test_memory_is_nobodys_mistake():
    assert isinstance(refused(lambda: list(DataLoader(Broken(MemoryError())))), MemoryError)


def test_what_waits_for_a_validation_that_does_not_come():
    weights = [nn.Parameter(torch.zeros(1))]
    schedules = [MultiStepLR(SGD(weights, lr=1.), milestones=[1]), ReduceOnPlateauLR(SGD(weights, lr=1.), monitor='loss')]
    hooks = [EarlyStoppingHook(monitor='acc'), CheckpointHook(interval=1), CheckpointHook(interval=1, save_best='auto')]
    for each in (schedules, dict(a=schedules)):
        told = without_validation(SimpleNamespace(hooks=hooks, param_schedulers=each))
        assert [text.split(':')[0] for text in told] == [
            'EarlyStoppingHook never stops the training', 'CheckpointHook with save_best saves no best checkpoint',
            'ReduceOnPlateauLR changes nothing']
    assert without_validation(SimpleNamespace(hooks=hooks[1:2], param_schedulers=schedules[:1])) == []
    for key, told in (('val_interval', ['train_cfg.val_interval=3 does nothing: it says when a validation comes, and the config has none '
                                        '(val_dataloader, val_cfg, val_evaluator)']), ('max_epochs', [])):
        assert without_validation(SimpleNamespace(cfg=dict(train_cfg={key: 3}))) == told


class TestStartHook:

    @staticmethod
    def load(checkpoint, *, strict=True, resume=False, model=None):
        runner = SimpleNamespace(model=model or nn.Linear(2, 3), _load_from='x.pth', _resume=resume, work_dir='w')
        StartHook(lambda: None, strict=strict).after_load_checkpoint(runner, checkpoint)

    def test_own_weights(self):
        weights = nn.Linear(2, 3).state_dict()
        for content in (weights, dict(state_dict=weights), dict(state_dict={f'module.{key}': value for key, value in weights.items()})):
            self.load(content)

    @pytest.mark.parametrize('content, said', [
        ([1, 2], 'checkpoint x.pth: holds a list'),
        (dict(a=1), 'x.pth: its weights do not fit the Linear of the config: 2 missing: weight, bias'),
        (dict(state_dict=nn.Linear(2, 4).state_dict()), r'2 of another shape: weight \(\(4, 2\), the model has \(3, 2\)\)'),
        (dict(state_dict=dict(nn.Linear(2, 3).state_dict(), more=torch.zeros(1))), '1 unknown: more'),
    ])
    def test_another_models(self, content, said):
        with pytest.raises(RefusedError, match=said):
            self.load(content)

    def test_to_begin_from_a_part_is_enough(self):
        self.load(dict(state_dict=dict(weight=torch.zeros(3, 2), other=torch.zeros(1))), strict=False)
        with pytest.raises(RefusedError, match='do not fit the Linear'):
            self.load(dict(state_dict=dict(weight=torch.zeros(5, 2))), strict=False)
        with pytest.raises(RefusedError, match='x.pth: its weights are no finite numbers: weight'):
            self.load(dict(state_dict=dict(weight=torch.full((3, 2), torch.nan))), strict=False)

    def test_weights_alone_resume_nothing(self):
        with pytest.raises(RefusedError, match=r'no state of a training \(meta, optimizer\).*load_from'):
            self.load(dict(state_dict=nn.Linear(2, 3).state_dict()), resume=True)

    def test_an_optimizer_that_is_not_taken_up(self):
        model = nn.Linear(2, 3)
        weights = list(model.parameters())
        was = AdamW(weights, lr=1e-3, weight_decay=0.1)
        assert check_optimizer(AdamW(weights, lr=1e-3, weight_decay=0.1), was.state_dict(), 'x.pth') == []
        now = AdamW(weights, lr=0.5, betas=(0.5, 0.999), weight_decay=0.2)
        said, = check_optimizer(OptimWrapper(now), was.state_dict(), 'x.pth')
        assert said.startswith('x.pth: lr=0.5 of the config (saved: 0.001), betas=(0.5, 0.999) of the config (saved: (0.9, 0.999)), weigh')
        assert 'is not taken: a resumed training goes on with the optimizer as it was saved' in said and 'load_from' in said
        with pytest.raises(RefusedError, match='x.pth: its optimizer is none like the SGD of the config .*no dampening, momentum'):
            check_optimizer(OptimWrapper(SGD(weights, lr=1e-3)), was.state_dict(), 'x.pth')

    def test_switches_that_an_older_torch_did_not_write_are_no_other_optimizer(self):
        weights = list(nn.Linear(2, 3).parameters())
        saved = AdamW(weights, lr=1e-3).state_dict()
        for group in saved['param_groups']:
            for switch in ('decoupled_weight_decay', 'fused', 'foreach', 'capturable', 'differentiable'):
                group.pop(switch, None)
        assert check_optimizer(OptimWrapper(AdamW(weights, lr=1e-3)), saved, 'x.pth') == []

    def test_what_a_schedule_has_changed_is_no_other_optimizer(self):
        weights = list(nn.Linear(2, 3).parameters())
        was, now = AdamW(weights, lr=1e-3), AdamW(weights, lr=1e-3)
        for group in was.param_groups + now.param_groups:
            group['initial_lr'] = 1e-3
        was.param_groups[0]['lr'] = 1e-6
        assert check_optimizer(now, was.state_dict(), 'x.pth') == []
        now.param_groups[0]['initial_lr'] = 2e-3
        both = SimpleNamespace(optim_wrappers=dict(one=OptimWrapper(now), other=OptimWrapper(now)))
        said, = check_optimizer(both, dict(one=was.state_dict()), 'x.pth')
        assert said.startswith('x.pth, one: lr=0.002 of the config (saved: 0.001) is not taken')

    def test_a_schedule_that_is_not_taken_up(self):
        """As MMEngine resumes: it loads what was saved over what the config says."""
        def plan(*kinds):
            optimizer = AdamW(nn.Linear(2, 3).parameters(), lr=1e-3)
            return [kind(optimizer, **settings) for kind, settings in kinds]
        cosine, steps = (CosineAnnealingLR, dict(T_max=5, end=5)), (MultiStepLR, dict(milestones=[2, 4], end=8))
        was = plan(cosine, steps)
        was[0].optimizer.step()
        was[0].step()
        saved = [schedule.state_dict() for schedule in was]
        assert check_schedules(plan(cosine, steps), saved, 'x.pth') == check_schedules(None, saved, 'x.pth') == []
        now = plan((CosineAnnealingLR, dict(T_max=9, end=5)), (MultiStepLR, dict(milestones=[2, 7], end=8)))
        longer, later = check_schedules(now, saved, 'x.pth')
        assert longer.startswith('x.pth: param_scheduler: T_max=9 of the config (saved: 5) is not taken: a resumed training')
        assert 'milestones=[2, 7] of the config (saved: [2, 4]) is not taken' in later
        now[0].load_state_dict(saved[0])
        assert now[0].T_max == 5  # so it is
        said, = check_schedules(dict(one=now[1:], other=now[1:]), dict(one=saved[1:]), 'x.pth')
        assert said.startswith('x.pth: param_scheduler.one: milestones=')
        with pytest.raises(RefusedError, match='x.pth: it was saved with 2 schedules, the config has 1; to resume, leave param_scheduler'):
            check_schedules(plan(cosine), saved, 'x.pth')
        with pytest.raises(RefusedError, match='its schedule is none like the MultiStepLR of the config .* no gamma, milestones'):
            check_schedules(plan(steps, steps), saved, 'x.pth')

    def test_classes_of_the_clips_that_a_run_has_built(self, monkeypatch):
        monkeypatch.setattr(refusals, 'loaded_dataset', lambda runner: SimpleNamespace(metainfo=dict(classes=('kick', 'reach'))))
        content = dict(state_dict=nn.Linear(2, 3).state_dict(), meta=dict(dataset_meta=dict(classes=['reach', 'kick'])))
        with pytest.raises(RefusedError, match=r'checkpoint x.pth: .*reach, kick, in this order.*label 0 is kick in the clips, and 1'):
            self.load(content)
        self.load(content, strict=False)  # to begin from: what tells the classes apart is learnt anew

    @pytest.mark.parametrize('loop, said', [
        (SimpleNamespace(epoch=3, max_epochs=3, max_iters=9), ['nothing is left to train: 3 of 3 epochs are done; to go on, raise '
                                                               'train_cfg.max_epochs']),
        (SimpleNamespace(epoch=2, max_epochs=3, max_iters=9), []),
        (Mock(spec=IterBasedTrainLoop, iter=9, max_iters=9), ['nothing is left to train: 9 of 9 iterations are done; to go on, raise '
                                                              'train_cfg.max_iters']),
        (Mock(spec=IterBasedTrainLoop, iter=8, max_iters=9), []),
    ])
    def test_a_training_that_has_ended_says_so(self, loop, said):
        loader = SimpleNamespace(dataset=[1])
        runner = SimpleNamespace(train_loop=loop, train_dataloader=loader, model=nn.Linear(1, 1), logger=Mock(), cfg={})
        StartHook(strict=True).before_train(runner)
        assert [call.args[0] for call in runner.logger.warning.call_args_list] == said

    def test_output_goes_on_with_the_first_step(self):
        released = []
        hook = StartHook(lambda: released.append('output'), lambda: released.append('folder'), strict=True)
        hook.after_train_iter(None, batch_idx=0)
        hook.after_test_iter(None, batch_idx=0)
        assert released == ['output', 'folder'] * 2


@pytest.mark.parametrize('said, metainfo, told', [
    (dict(classes=['a', 'b'], skeleton='coco17', fps=25), dict(classes=('a', 'b'), skeleton='coco17', fps=25.), []),
    (dict(classes=['a', 'b', 'c']), dict(classes=['a', 'b']), []),
    (dict(classes=['0', '1']), dict(classes=['a', 'b']), []),
    (dict(), dict(classes=['a', 'b'], fps=25), []),
    (dict(classes=['a', 'b']), dict(classes=['a', 'c']), ['1 c \\(b\\).*same actions']),
    (dict(fps=25), dict(fps=50), ['mind the frame rate: 25 in the clips that it has learnt from, 50 in these']),
])
def test_clips_like_those_of_the_checkpoint(said, metainfo, told):
    warnings = check_same_clips(said, metainfo, 'checkpoint x.pth')
    assert len(warnings) == len(told) and all(re.search(pattern, warning) for pattern, warning in zip(told, warnings))


@pytest.mark.parametrize('said, metainfo, told', [
    (dict(classes=['a', 'b', 'c']), dict(classes=['b', 'c']), 'label 0 is b in the clips, and 1 in the checkpoint'),
    (dict(skeleton='coco17'), dict(skeleton='h36m17'), 'layout coco17, these have h36m17'),
])
def test_clips_that_mean_something_else(said, metainfo, told):
    with pytest.raises(RefusedError, match=told):
        check_same_clips(said, metainfo, 'checkpoint x.pth')


def test_classes_and_labels():
    class Clips(Dataset):

        def __init__(self, labels, **metainfo):
            self.labels, self.metainfo = labels, metainfo

        def __len__(self):
            return len(self.labels)

        def get_data_info(self, index):
            return dict(frame_dir=f'c{index}', label=self.labels[index])

    model = SimpleNamespace(num_classes=3)
    check_classes(Clips([0, 2, 1]), model, 'train_dataloader')
    check_classes(Clips([0, 1], classes=('a', 'b')), model, 'train_dataloader')  # a head may be larger
    check_classes([1, 2], model, 'train_dataloader')  # which cannot be asked
    check_classes(Clips([7]), SimpleNamespace(), 'train_dataloader')
    with pytest.raises(RefusedError, match=r'train_dataloader.dataset: clip c1 has label 3, but the model knows 0 to 2: set num_classes'):
        check_classes(Clips([0, 3]), model, 'train_dataloader')
    many = Clips([0] * 1000)
    many.data_list = [dict(frame_dir=f'c{index}', label=9 if index == 501 else 0) for index in range(1000)]
    with pytest.raises(RefusedError, match='clip c501 has label 9, but the model knows 0 to 2: set .*; labels begin at 0'):
        check_classes(many, model, 'train_dataloader')
    with pytest.raises(RefusedError, match=r'test_dataloader.dataset has 4 classes \(a, b, c, d\), but the model knows 3: set'):
        check_classes(Clips([0, 1], classes=[*'abcd']), model, 'test_dataloader')
