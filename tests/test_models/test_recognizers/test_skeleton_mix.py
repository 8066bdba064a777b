"""Pair mixing: whose joints are whose, where they go, and what the label says; through MMAction2's preprocessor and heads."""

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.registry import init_default_scope

from mmagenc.models.recognizers import SkeletonMix
from mmagenc.models.recognizers.infogcn_head import class_mean_distance
from mmagenc.registry import MODELS
from mmagenc.skeletons import get_skeleton

SKELETON = get_skeleton('smpl24')
LEGS = [joint for joint, name in enumerate(SKELETON.joint_names) if any(part in name for part in ('hip', 'knee', 'ankle', 'foot'))]


def batch(num_clips=6, persons=1, frames=5, channels=3):
    torch.manual_seed(0)
    return torch.randn(num_clips, 1, persons, frames, 24, channels), torch.eye(num_clips, dtype=torch.long)


def test_a_part_is_the_partners_moved_to_the_own_hips():
    inputs, label = batch()
    mixed, soft = SkeletonMix(6, 'smpl24', probability=1.).do_blending(inputs, label)
    hips = inputs[..., [1, 2], :].mean(dim=-2, keepdim=True)
    for row in range(6):
        kept = (mixed[row] == inputs[row]).all(dim=-1).all(dim=2)[0, 0]  # (V,), of keypoints that are the clip's own
        partner = int((soft[row] - label[row].float() * soft[row, row]).argmax()) if soft[row, row] < 1 else row
        if partner == row:
            assert torch.allclose(mixed[row], inputs[row], atol=1e-6)
            continue
        taken = (~kept).nonzero().flatten().tolist()
        assert taken in (LEGS, [joint for joint in range(24) if joint not in LEGS])
        torch.testing.assert_close(mixed[row][..., taken, :], (inputs[partner] - hips[partner] + hips[row])[..., taken, :])
        assert soft[row, partner] == pytest.approx(len(taken) / 24) and soft[row].sum() == pytest.approx(1)
    assert not torch.equal(mixed, inputs)


def test_main_part_and_no_part():
    inputs, label = batch(64)
    _, hard = SkeletonMix(64, 'smpl24', probability=1., label='main').do_blending(inputs, label)
    assert (hard.max(dim=1).values == 1).all() and 5 < hard.diagonal().sum() < 59  # legs are fewer: the class stays where they were taken
    mixed, same = SkeletonMix(64, 'smpl24', probability=0.).do_blending(inputs, label)
    assert torch.equal(mixed, inputs) and torch.equal(same, label.float())
    few, _ = SkeletonMix(64, 'smpl24', probability=0.25).do_blending(inputs, label)
    assert 4 < (few != inputs).flatten(1).any(dim=1).sum() < 30


def test_absent_persons_and_channels_beside_coordinates():
    inputs, label = batch(4, persons=2)
    inputs[:, :, 1] = 0
    inputs[0, :, 1] = 1
    mixed, _ = SkeletonMix(4, 'smpl24', probability=1.).do_blending(inputs, label)
    assert torch.equal(mixed[:, :, 1], inputs[:, :, 1])
    rotations, label = batch(4, channels=6)
    mixed, _ = SkeletonMix(4, 'smpl24', probability=1., dims=0).do_blending(rotations, label)
    assert set(mixed.unique().tolist()) <= set(rotations.unique().tolist())  # rows change places and nothing is added


@pytest.mark.parametrize('head', [dict(type='GCNHead', in_channels=64), dict(type='mmagenc.InfoGCNHead', in_channels=64)])
def test_heads_learn_from_it(head):
    init_default_scope('mmagenc')
    backbone = dict(type='mmagenc.FastSTGCN', base_channels=16, num_person=1, graph_cfg=SKELETON.graph_cfg())
    mix = dict(type='mmagenc.SkeletonMix', num_classes=3, skeleton='smpl24', probability=1.)
    model = MODELS.build(dict(
        type='RecognizerGCN', _scope_='mmaction', backbone=backbone, cls_head=dict(head, num_classes=3),
        data_preprocessor=dict(type='mmaction.ActionDataPreprocessor', blending=mix)))
    samples = [ActionDataSample().set_gt_label(label) for label in (0, 1, 2, 1)]
    data = dict(inputs=[torch.randn(1, 1, 8, 24, 3) for _ in samples], data_samples=samples)
    assert torch.equal(torch.stack([sample.gt_label for sample in model.data_preprocessor(data, False)['data_samples']]).flatten(),
                       torch.tensor([0, 1, 2, 1]))
    prepared = model.data_preprocessor(data, True)
    assert {sample.gt_label.shape for sample in prepared['data_samples']} == {(3, )}
    losses = model(**prepared, mode='loss')
    sum(value for name, value in losses.items() if 'loss' in name).backward()
    assert all(torch.isfinite(value) for value in losses.values()) and 'top1_acc' not in losses
    target = torch.stack([sample.gt_label for sample in prepared['data_samples']])
    if 'InfoGCN' not in head['type']:
        scores = model(prepared['inputs'], prepared['data_samples'], mode='tensor')
        expected = -(target * model.cls_head(scores).log_softmax(dim=1)).sum(dim=1).mean()
        torch.testing.assert_close(losses['loss_cls'], expected, rtol=1e-4, atol=1e-5)


def test_class_means_of_shares():
    """Whole shares are labels, and a clip that is half of each counts half for each."""
    torch.manual_seed(0)
    latent, prior, label = torch.randn(5, 4), torch.randn(3, 4), torch.tensor([0, 1, 1, 2, 0])
    torch.testing.assert_close(class_mean_distance(latent, torch.eye(3)[label], prior), class_mean_distance(latent, label, prior))
    half = torch.tensor([[0.5, 0.5, 0.]])
    expected = (latent[:1] - prior[:2]).square().mean()
    torch.testing.assert_close(class_mean_distance(latent[:1], half, prior), expected)


@pytest.mark.parametrize('options, message', [
    (dict(probability=2), 'probability must lie'),
    (dict(label='both'), "label must be one of share, main, got 'both'"),
    (dict(dims=-1), 'dims must not be negative'),
    (dict(parts=[['left_paw']]), "smpl24 has no keypoint 'left_paw'"),
    (dict(parts=[[24]]), 'smpl24 has no keypoint 24'),
])
def test_settings_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        SkeletonMix(3, 'smpl24', **options)


def test_what_does_not_fit():
    legless = dict(name='mix_three', joint_names=['a', 'b', 'c'], parents=[-1, 0, 1])
    with pytest.raises(ValueError, match=r'does not find the legs of mix_three .*give parts='):
        SkeletonMix(3, legless)
    assert SkeletonMix(3, legless, parts=[['c'], [0]]).parts.sum() == 2
    with pytest.raises(ValueError, match=r'mixes \(N, …, M, T, 24, C\) inputs of at least 3 channels, got \(2, 1, 1, 4, 25, 3\)'):
        SkeletonMix(3, 'smpl24').do_blending(torch.zeros(2, 1, 1, 4, 25, 3), torch.eye(3)[:2])
