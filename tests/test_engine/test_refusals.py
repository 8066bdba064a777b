"""Where an error arose tells whose mistake it is; a run looks at checkpoint and labels before its first step."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import Registry
from torch import nn
from torch.utils.data import DataLoader, Dataset

from mmagenc.datasets.annotation import AnnotationError
from mmagenc.engine.refusals import RefusedError, StartHook, check_classes, refusing

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

    def test_weights_alone_resume_nothing(self):
        with pytest.raises(RefusedError, match=r'no state of a training \(meta, optimizer\).*load_from'):
            self.load(dict(state_dict=nn.Linear(2, 3).state_dict()), resume=True)

    def test_output_goes_on_with_the_first_step(self):
        released = []
        hook = StartHook(lambda: released.append('output'), lambda: released.append('folder'), strict=True)
        hook.after_train_iter(None, batch_idx=0)
        hook.after_test_iter(None, batch_idx=0)
        assert released == ['output', 'folder'] * 2


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
    with pytest.raises(RefusedError, match=r'test_dataloader.dataset has 4 classes \(a, b, c, d\), but the model knows 3: set'):
        check_classes(Clips([0, 1], classes=[*'abcd']), model, 'test_dataloader')
