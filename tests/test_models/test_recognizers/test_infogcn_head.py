"""The loss by hand, the latent's law, and priors that survive a checkpoint."""

import math

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint, save_checkpoint

from mmagenc.models.recognizers import score_annotations
from mmagenc.models.recognizers.infogcn_head import InfoGCNHead, class_mean_distance, orthogonal_prior
from mmagenc.registry import MODELS
from tests.test_models.test_recognizers.test_scoring import PIPELINE, clips


def recognizer(num_classes=3, **head):
    init_default_scope('mmagenc')
    backbone = dict(type='mmagenc.InfoGCN', skeleton='ucla20', num_person=1, base_channels=8)
    head = dict(type='mmagenc.InfoGCNHead', num_classes=num_classes, in_channels=32, **head)
    return MODELS.build(dict(type='RecognizerGCN', _scope_='mmaction', backbone=backbone, cls_head=head))


def samples(labels):
    return [ActionDataSample().set_gt_label(label) for label in labels]


def test_loss_by_hand():
    """Smoothed cross entropy, class means against priors, batch mean against zero; class 2 is absent and takes no part."""
    head = InfoGCNHead(num_classes=3, in_channels=4, noise_ratio=0.5, lambda_1=0.3, lambda_2=0.7, label_smooth_eps=0.1).double().train()
    features, labels = torch.randn(3, 2, 4, 5, 6, dtype=torch.float64), [0, 1, 0]
    torch.manual_seed(3)
    losses = head.loss(features, samples(labels))
    torch.manual_seed(3)
    mu, logvar = head.encode(features)
    latent = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
    log_probability = head.decoder(latent).log_softmax(dim=1)
    target = torch.tensor([[.9, 0, 0], [0, .9, 0], [.9, 0, 0]], dtype=torch.float64) + 0.1 / 3
    torch.testing.assert_close(losses['loss_cls'], -(target * log_probability).sum() / 3)
    class_0, class_1 = (latent[0] + latent[2]) / 2, latent[1]
    squares = (class_0 - head.z_prior[0]).square().sum() + (class_1 - head.z_prior[1]).square().sum()
    torch.testing.assert_close(losses['loss_prior'], 0.7 * squares / 8)
    torch.testing.assert_close(losses['loss_marginal'], 0.3 * (latent.sum(dim=0) / 3).square().sum().sqrt())


def test_pooling_is_the_mean_over_frames_and_joints_then_persons():
    head = InfoGCNHead(num_classes=3, in_channels=4).eval()
    features = torch.randn(2, 2, 4, 3, 5)
    pooled = torch.stack([torch.stack([person.mean(dim=(1, 2)) for person in clip]).mean(dim=0) for clip in features])
    expected = head.fc_mu(head.fc(pooled).relu())
    torch.testing.assert_close(head.feature(features), expected)
    torch.testing.assert_close(head(features), head.decoder(expected))


def test_noise_in_training_only():
    """Standard deviation exp(noise_ratio · logvar), cut off at 100."""
    head = InfoGCNHead(num_classes=3, in_channels=4, noise_ratio=0.5)
    mu, logvar = torch.full((20000, 1), 2.), torch.full((20000, 1), 1.2)
    drawn = head.train().sample(mu, logvar)
    assert abs(drawn.mean().item() - 2) < 0.05 and drawn.std().item() == pytest.approx(math.exp(0.6), rel=0.03)
    assert head.sample(mu, logvar + 1000).std().item() == pytest.approx(100, rel=0.03)
    assert torch.equal(head.eval().sample(mu, logvar), mu)


@pytest.mark.parametrize('label', [[0, 0, 0], [2, 1, 0], [1, 1, 2]])
def test_class_means_by_loops(label):
    latent, prior = torch.randn(3, 5, requires_grad=True), torch.randn(4, 5)
    distances = []
    for number in set(label):
        members = torch.stack([row for row, own in zip(latent, label) if own == number])
        distances.append((members.mean(dim=0) - prior[number]).square().mean())
    expected = sum(distances) / len(distances)
    result = class_mean_distance(latent, torch.tensor(label), prior)
    torch.testing.assert_close(result, expected)
    torch.testing.assert_close(*(torch.autograd.grad(value, latent, retain_graph=True)[0] for value in (result, expected)))


@pytest.mark.parametrize('num_classes', [1, 10, 60])
def test_priors_are_orthogonal(num_classes):
    prior = orthogonal_prior(num_classes, 64, gain=3.)
    torch.testing.assert_close(prior @ prior.T, 9 * torch.eye(num_classes), atol=1e-4, rtol=0)


def test_more_classes_than_dimensions():
    """120 rows of norm 3 in 32 dimensions, spread over all of them: no direction holds much more than its share."""
    prior = orthogonal_prior(120, 32, gain=3.)
    torch.testing.assert_close(prior.norm(dim=1), torch.full((120, ), 3.))
    energy = torch.linalg.eigvalsh(prior.T @ prior / 9)
    assert energy.min() > 0.7 * 120 / 32 and energy.max() < 1.3 * 120 / 32
    head = InfoGCNHead(num_classes=120, in_channels=32)
    losses = head.loss(torch.randn(4, 1, 32, 2, 2), samples([0, 50, 119, 119]))
    assert all(value.isfinite() for value in losses.values())


def test_priors_survive_a_checkpoint(tmp_path):
    model, other = recognizer(), recognizer()
    prior = model.cls_head.z_prior.clone()
    assert not torch.equal(prior, other.cls_head.z_prior)
    save_checkpoint(dict(state_dict=model.state_dict()), str(tmp_path / 'model.pth'))
    load_checkpoint(other, str(tmp_path / 'model.pth'), map_location='cpu', strict=True)
    assert torch.equal(other.cls_head.z_prior, prior)
    assert 'z_prior' not in dict(model.cls_head.named_parameters())


def test_weights_are_not_drawn_anew_by_init_weights():
    """MMEngine calls it after building; the starts given here must stand."""
    model = recognizer()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    model.init_weights()
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_feature_of_scores_is_the_latent_mean():
    """What metrics and selection compare by is the classifier's input, 1-batch and 2-batch runs agreeing."""
    model = recognizer(latent_dim=7)
    result = score_annotations(model, PIPELINE, clips(), batch_size=2)
    assert result.feature.shape == (5, 7)
    scores = torch.from_numpy(result.feature) @ model.cls_head.decoder.weight.T + model.cls_head.decoder.bias
    torch.testing.assert_close(scores.softmax(dim=1), torch.from_numpy(result.probability), atol=1e-5, rtol=0)
    again = score_annotations(model, PIPELINE, clips(), batch_size=5)
    torch.testing.assert_close(torch.from_numpy(again.feature), torch.from_numpy(result.feature))


@pytest.mark.parametrize('dtype', [None, torch.bfloat16])
def test_it_learns_at_the_published_rate(dtype):
    """Momentum SGD, warmed up to 0.1 and lowered, tells three classes apart, in float32 and under autocast."""
    model = recognizer().train()
    inputs = torch.randn(12, 1, 1, 8, 20, 3) * 0.1 + torch.arange(12).view(12, 1, 1, 1, 1, 1) % 3
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    for step in range(30):
        optimizer.param_groups[0]['lr'] = 0.1 * (step + 1) / 8 if step < 8 else 0.005
        with torch.autocast('cpu', dtype or torch.bfloat16, enabled=dtype is not None):
            losses = model(inputs, samples([i % 3 for i in range(12)]), mode='loss')
        optimizer.zero_grad()
        loss = losses['loss_cls'] + losses['loss_prior'] + losses['loss_marginal']
        loss.backward()
        optimizer.step()
    assert losses['top1_acc'] == 1 and loss < 1 and losses['loss_cls'].dtype == torch.float32


def test_weights_start_small_or_as_published():
    """``fc`` and ``fc_mu`` within ``√2 · √(6 / 512)`` either way; published, ``fc_logvar`` too, and the classifier at ``√(2 / K)``."""
    torch.manual_seed(0)
    bound = 2**0.5 * (6 / 512)**0.5
    for start in ('small', 'published'):
        head = InfoGCNHead(num_classes=10, weight_init=start)
        for name in ('fc', 'fc_mu', *(['fc_logvar'] if start == 'published' else [])):
            weight = getattr(head, name).weight
            assert bound * 0.99 < weight.abs().max() <= bound and float(weight.std()) == pytest.approx(bound / 3**0.5, rel=0.02)
        assert float(head.decoder.weight.std()) == pytest.approx(0.2**0.5 if start == 'published' else 0.01, rel=0.05)
    assert float(InfoGCNHead(num_classes=10).fc_logvar.weight.std()) == pytest.approx(0.01, rel=0.05)
    with pytest.raises(ValueError, match="weight_init must be one of published, small, got 'zero'"):
        InfoGCNHead(num_classes=3, weight_init='zero')


@pytest.mark.parametrize('sizes', [dict(num_classes=0), dict(num_classes=3, latent_dim=0)])
def test_sizes_out_of_range(sizes):
    with pytest.raises(ValueError, match='sizes must be at least 1'):
        InfoGCNHead(**sizes)
