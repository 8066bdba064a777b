"""Separate means of the losses of recordings and generated clips, against the defining sums."""

import pytest
import torch
import torch.nn.functional as F
from mmaction.models import GCNHead
from mmaction.structures import ActionDataSample
from torch import nn

from mmagenc.engine.contract import ContractError
from mmagenc.engine.loss_weight import SeparateMeans
from mmagenc.models.recognizers.infogcn_head import InfoGCNHead, class_mean_distance

SOURCES = ['real', 'synthetic', None, 'synthetic', 'synthetic']
LABELS = [0, 2, 1, 1, 0]


def gcn_head():
    return GCNHead(num_classes=3, in_channels=4, loss_cls=dict(type='mmaction.CrossEntropyLoss'))  # whatever scope a test before has set


def samples(sources=SOURCES):
    packed = [ActionDataSample().set_gt_label(label) for label in LABELS[:len(sources)]]
    for sample, source in zip(packed, sources):
        if source is not None:  # a clip that does not say it is a recording
            sample.set_metainfo(dict(source=source))
    return packed


@pytest.mark.parametrize('weight', [1., 0.25, 3.])
def test_the_mean_of_each_kind_by_its_weight(weight):
    """(mean over recordings + w · mean over generated) / (1 + w), of −log softmax at the label; the accuracy is over all."""
    head, features = gcn_head(), torch.randn(5, 1, 4, 2, 6)
    expected = -F.log_softmax(head(features), dim=1)[torch.arange(5), torch.tensor(LABELS)]
    usual = head.loss(features, samples())
    SeparateMeans(head, weight)
    losses = head.loss(features, samples())
    made = torch.tensor([False, True, False, True, True])
    torch.testing.assert_close(losses['loss_cls'], (expected[~made].mean() + weight * expected[made].mean()) / (1 + weight))
    torch.testing.assert_close(losses['top1_acc'], usual['top1_acc'])
    losses['loss_cls'].backward()
    assert head.fc.weight.grad.abs().sum() > 0


def test_equal_numbers_at_weight_one_are_the_usual_mean():
    head, features, batch = gcn_head(), torch.randn(4, 1, 4, 2, 6), samples(['real', 'synthetic'] * 2)
    usual = head.loss(features, batch)
    SeparateMeans(head, 1.)
    torch.testing.assert_close(head.loss(features, batch), usual)


@pytest.mark.parametrize('source', ['real', 'synthetic'])
def test_a_batch_of_one_kind_is_as_before(source):
    head, features, batch = gcn_head(), torch.randn(3, 1, 4, 2, 6), samples([source] * 3)
    usual = head.loss(features, batch)
    SeparateMeans(head, 0.1)
    torch.testing.assert_close(head.loss(features, batch), usual)


def test_infogcns_latent_terms_stay_over_all_clips():
    head, features = InfoGCNHead(num_classes=3, in_channels=4, label_smooth_eps=0.2).eval(), torch.randn(5, 1, 4, 2, 6)
    SeparateMeans(head, 0.5)
    losses = head.loss(features, samples())
    latent, label = head.feature(features), torch.tensor(LABELS)
    log = F.log_softmax(head.decoder(latent), dim=1)
    smooth = -(0.8 * log[torch.arange(5), label] + 0.2 * log.mean(dim=1))
    made = torch.tensor([False, True, False, True, True])
    torch.testing.assert_close(losses['loss_cls'], (smooth[~made].mean() + 0.5 * smooth[made].mean()) / 1.5)
    torch.testing.assert_close(losses['loss_prior'], head.lambda_2 * class_mean_distance(latent, label, head.z_prior))


def test_heads_that_cannot_be_taken_apart():
    with pytest.raises(ContractError, match='Linear has no loss_by_feat'):
        SeparateMeans(nn.Linear(1, 1), 0.5)
    head = gcn_head()
    means = SeparateMeans(head, 0.5)
    with pytest.raises(ContractError, match='gives 4 rows of scores for 2 clips'):
        means(torch.zeros(4, 3), samples(['real', 'synthetic']))
    with pytest.raises(ContractError, match='gives a tuple of scores'):
        means((torch.zeros(2, 3), ), samples(['real', 'synthetic']))
    means._start = lambda scores, batch: dict(loss_cls=[scores.sum()])
    with pytest.raises(ContractError, match='gives no number for loss_cls'):
        means(torch.zeros(2, 3), samples(['real', 'synthetic']))
