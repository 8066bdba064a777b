"""The hidden motion alone counts, and is learnt; against sums by loops."""

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope

from mmagenc.models.recognizers import MaskedMotionPretrainer
from mmagenc.registry import MODELS
from mmagenc.skeletons import get_skeleton

STGCN = dict(type='mmagenc.FastSTGCN', _scope_='mmaction', base_channels=8, num_stages=3, inflate_stages=[2], down_stages=[2, 3],
             graph_cfg=get_skeleton('ucla20').graph_cfg())
BACKBONES = dict(
    stgcn=(STGCN, 16),
    stgcnpp=(dict(STGCN, gcn_adaptive='init', gcn_with_res=True, tcn_type='mstcn'), 16),
    infogcn=(dict(type='mmagenc.InfoGCN', skeleton='ucla20', num_person=1, base_channels=8), 32))


def pretrainer(kind='stgcn', **settings) -> MaskedMotionPretrainer:
    init_default_scope('mmagenc')
    backbone, channels = BACKBONES[kind]
    return MODELS.build(dict(dict(type='MaskedMotionPretrainer', backbone=backbone, in_channels=channels), **settings))


def swinging(count=8, frames=20):
    """``(B, 1, 1, T, V, 3)``: bodies that swing as a whole, each joint in its place: what is hidden follows from what is seen."""
    generator = torch.Generator().manual_seed(0)
    place = torch.randn(20, 3, generator=generator)
    phase = 6 * torch.rand(count, 1, generator=generator) + torch.linspace(0, 6, frames)
    return (place + torch.stack([phase.sin(), phase.cos(), torch.zeros_like(phase)], dim=-1)[:, :, None])[:, None, None]


@pytest.mark.parametrize('kind', BACKBONES)
def test_motion_is_learnt_from_what_is_seen(kind):
    """Losses are shares of what points and steps vary: the mean alone, without a look at the clip, gives 1."""
    model, inputs = pretrainer(kind), swinging()
    model.init_weights()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    history = []
    for _ in range(60):
        losses = model(inputs, mode='loss')
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()
        history.append([value.item() for value in losses.values()])
    first, last = np.mean(history[:3], axis=0), np.mean(history[-5:], axis=0)
    assert (last < 0.5 * first).all() and last[0] < 0.4 and last[1] < 0.7
    assert model.hidden_point.grad.abs().sum() > 0


def test_losses_by_loops():
    """Two persons, of whom the second of one clip is not there; hidden points only, and steps between two hidden ones."""
    model = pretrainer(velocity_weight=2.)
    clips, predicted = torch.randn(2, 2, 7, 20, 3), torch.randn(2, 2, 7, 20, 3)
    clips[1, 1] = 0
    hidden = torch.rand(2, 2, 7, 20) < 0.5
    errors, step_errors, points, steps = [], [], [], []
    for n, m in ((0, 0), (0, 1), (1, 0)):
        for v in range(20):
            for t in range(7):
                points.append(clips[n, m, t, v])
                if hidden[n, m, t, v]:
                    errors.append((predicted[n, m, t, v] - clips[n, m, t, v])**2)
                if t < 6:
                    steps.append(clips[n, m, t + 1, v] - clips[n, m, t, v])
                    if hidden[n, m, t, v] and hidden[n, m, t + 1, v]:
                        step_errors.append((predicted[n, m, t + 1, v] - predicted[n, m, t, v] - steps[-1])**2)
    mean, variance = lambda rows: torch.stack(rows).mean(), lambda rows: torch.stack(rows).var(dim=0, unbiased=False).mean()
    losses = model.losses(predicted, clips, hidden)
    torch.testing.assert_close(losses['loss_position'], mean(errors) / variance(points))
    torch.testing.assert_close(losses['loss_velocity'], 2 * mean(step_errors) / variance(steps))


def test_what_is_hidden_is_not_seen():
    """Clips that differ in hidden points only are predicted alike, and the errors at points that are seen do not count."""
    model = pretrainer().eval()
    clips = swinging(2)[:, 0]
    hidden = model.draw_hidden(clips)
    with torch.no_grad():
        other = torch.where(hidden[..., None], clips + 100, clips)
        predicted = model.predict_points(clips, hidden)
        assert torch.equal(predicted, model.predict_points(other, hidden))
        wrong = torch.where(hidden[..., None], predicted, predicted + 100)
        losses = [model.losses(each, clips, hidden) for each in (predicted, wrong)]
    assert losses[0] == losses[1]


def test_patches_of_one_joint_over_some_frames():
    model = pretrainer(mask_ratio=0.3, patch_frames=4)
    hidden = model.draw_hidden(torch.zeros(200, 1, 10, 20, 3))
    assert hidden.shape == (200, 1, 10, 20) and abs(hidden.float().mean() - 0.3) < 0.02
    for start, end in ((0, 4), (4, 8), (8, 10)):
        part = hidden[:, :, start:end]
        assert torch.equal(part.all(dim=2), part.any(dim=2)), 'a patch is hidden as a whole'
    assert abs((hidden[:, :, 3] == hidden[:, :, 4]).float().mean() - (0.3**2 + 0.7**2)) < 0.03, 'patches by themselves'
    torch.manual_seed(1)
    first = model.draw_hidden(torch.zeros(2, 1, 10, 20, 3))
    torch.manual_seed(1)
    assert torch.equal(first, model.draw_hidden(torch.zeros(2, 1, 10, 20, 3)))


def test_motion_that_stands_still_and_hidden_nothing_are_finite():
    model = pretrainer()
    clips = torch.zeros(1, 1, 6, 20, 3)
    assert all(value.isfinite() for value in model.losses(clips, clips, torch.zeros(1, 1, 6, 20, dtype=torch.bool)).values())
    assert all(value.isfinite() for value in model.losses(clips + 1, clips + 1, torch.ones(1, 1, 6, 20, dtype=torch.bool)).values())


@pytest.mark.parametrize('settings, words', [
    (dict(mask_ratio=1.), 'mask_ratio must lie between 0 and 1'),
    (dict(patch_frames=1), 'patches at least 2 frames long'),
    (dict(in_channels=0), 'sizes must be at least 1'),
    (dict(velocity_weight=-1), 'velocity_weight not below 0'),
])
def test_settings_out_of_range(settings, words):
    with pytest.raises(ValueError, match=words):
        pretrainer(**settings)


def test_other_inputs_and_modes_are_refused():
    with pytest.raises(ValueError, match=r'num_coordinates=3\) needs .* got \(2, 1, 1, 20, 20, 2\)'):
        pretrainer()(swinging(2)[..., :2], mode='loss')
    with pytest.raises(ValueError, match='no classes to predict'):
        pretrainer()(swinging(2), mode='predict')


def test_features_without_joints_are_refused():
    model = pretrainer()
    model.backbone = MODELS.build(dict(type='TemporalFCN', num_keypoints=20, channels=(16, ), kernel_sizes=(3, ), strides=(1, )))
    with pytest.raises(ValueError, match='a TemporalFCN tell no joints apart .1 of 20.*graph network'):
        model(swinging(), mode='loss')
