"""Losses and weights that are no numbers."""

import math
from types import SimpleNamespace

import pytest
import torch

from mmagenc.engine.finite import LossLedger, NonFiniteLossError, check_losses, check_weights, clip_names, not_finite


def test_the_terms_are_named_and_others_let_be():
    terms = dict(loss=torch.tensor(math.nan), loss_kl=torch.tensor(1.), loss_rec=torch.tensor([1., math.inf]), loss_name='text',
                 accuracy=torch.tensor(math.nan))
    assert set(not_finite(terms)) == {'loss', 'loss_rec'}
    assert not_finite(dict(accuracy=1.)) == {} and not_finite(dict(loss=2., loss_half=torch.tensor(6e4).half())) == {}
    with pytest.raises(NonFiniteLossError, match=r'epoch 2, step 7: loss is nan, loss_rec is inf; the batch was a, b\.'):
        check_losses(terms, where='epoch 2, step 7', clips=['a', 'b'])
    check_losses(dict(loss=torch.tensor(1.)), where='', clips=[])
    with pytest.raises(NonFiniteLossError, match='0, 1, 2, 3, 4, 5, 6, 7 and 12 more'):
        check_losses(dict(loss=math.inf), where='', clips=list(map(str, range(20))))


def test_names_of_a_batch():
    samples = [SimpleNamespace(metainfo=dict(frame_dir='a')), SimpleNamespace(metainfo={})]
    assert clip_names(dict(data_samples=samples)) == ['a']
    assert clip_names(dict(data_samples=None)) == clip_names([torch.ones(1)]) == []


def test_weights():
    check_weights(dict(a=torch.ones(2), mask=torch.tensor([-math.inf]), count=torch.tensor(3)), where='')
    with pytest.raises(NonFiniteLossError, match='step 4: 1 of 2 weights hold NaN, such as b'):
        check_weights(dict(a=torch.ones(2), b=torch.tensor([1., math.nan])), where='step 4')


def test_a_ledger_looks_now_and_then(monkeypatch):
    """One look for several steps gives each step's loss, and names the first that is no number."""
    looks, tolist = [], torch.Tensor.tolist
    monkeypatch.setattr(torch.Tensor, 'tolist', lambda tensor: looks.append(len(tensor)) or tolist(tensor))
    monkeypatch.setattr(torch.Tensor, 'item', lambda tensor: pytest.fail('it waits for the device'))
    ledger = LossLedger('the judge', every=4)
    for step in range(10):
        ledger.add(dict(loss=torch.tensor(float(step)), loss_cls=torch.tensor([1., 2.]), top1=torch.tensor(0.5)), ['a'])
    assert looks == [8, 8]
    assert ledger.losses() == list(map(float, range(10))) == ledger.losses() and looks[:3] == [8, 8, 4]
    assert LossLedger('the judge').losses() == []


@pytest.mark.parametrize('bad', range(5))
def test_a_ledger_names_the_first_bad_step(bad):
    ledger = LossLedger('the judge', every=3)
    with pytest.raises(NonFiniteLossError, match=rf'the judge: loss is nan; the batch was clip{bad}\.'):
        for step in range(5):
            ledger.add(dict(loss=torch.tensor(math.nan if step >= bad else 1.)), [f'clip{step}'])
        ledger.losses()
