"""Published weights, and weights of the plain network under the published names, give the same function here."""

import sys

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint

from mmagenc.benchmarks.plain_infogcn import ReferenceInfoGCN
from mmagenc.commands.convert import infogcn as command
from mmagenc.commands.convert.infogcn import convert
from mmagenc.registry import MODELS, TRANSFORMS
from mmagenc.skeletons import get_skeleton
from mmagenc.skeletons.ntu25 import INFOGCN_PARENTS
from mmagenc.skeletons.skeleton import mode_matrix
from tests.commands import main


def build(checkpoint):
    init_default_scope('mmagenc')
    model = MODELS.build(checkpoint['meta']['model'])
    model.load_state_dict(checkpoint['state_dict'], strict=True)
    return model.eval()


def randomized(reference):
    """Batch norms and biases away from their starting values, so that a mix-up shows."""
    for module in reference.modules():
        if hasattr(module, 'running_var'):
            torch.nn.init.uniform_(module.running_var, 0.5, 2.)
            torch.nn.init.normal_(module.running_mean)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias)
    for parameter in reference.parameters():
        if parameter.ndim in (1, 3):
            torch.nn.init.normal_(parameter, 0.5, 0.5)
    return reference.eval()


def outputs(model, x):
    with torch.no_grad():
        feature = model.extract_feat(x[:, None], stage='backbone')[0]
        return model.cls_head(feature), model.cls_head.feature(feature)


@pytest.mark.parametrize('file, k', [('infogcn_ntu_k1', 1), ('infogcn_ntu_k8_io', 8)])
def test_published_forward_pass(reference_root, monkeypatch, tmp_path, capsys, file, k):
    """Logits and latents of the published network within 1e-4, from a data-parallel file through the tool and a strict load."""
    data = np.load(reference_root / f'{file}.npz')
    weights = {f'module.{key[3:]}': torch.from_numpy(np.asarray(value)) for key, value in data.items() if key.startswith('sd/')}
    torch.save(weights, tmp_path / 'published.pt')
    monkeypatch.setattr(sys, 'argv', ['convert', str(tmp_path / 'published.pt'), str(tmp_path / 'ours.pth')])
    main(command, )
    printed = capsys.readouterr()
    assert 'holds no class priors (z_prior); drawn anew from seed 0' in printed.err and "'num_classes': 10" in printed.out
    checkpoint = torch.load(tmp_path / 'ours.pth', weights_only=True)
    model = build(checkpoint)
    load_checkpoint(model, str(tmp_path / 'ours.pth'), map_location='cpu', strict=True)
    mode = torch.from_numpy(mode_matrix(INFOGCN_PARENTS, k))
    x = torch.einsum('vw,nctwm->nmtvc', mode, torch.from_numpy(data['x']))
    logits, latent = outputs(model, x)
    torch.testing.assert_close(latent, torch.from_numpy(data['z']), atol=1e-4, rtol=0)
    torch.testing.assert_close(logits, torch.from_numpy(data['logits']), atol=1e-4, rtol=0)


@pytest.mark.parametrize('settings', [
    dict(num_joints=20, num_person=1, num_classes=10, num_heads=3, width=16),
    dict(num_joints=25, num_person=2, num_classes=4, num_heads=2, width=8),
])
def test_every_weight_arrives(settings):
    """A network of other sizes with random statistics and biases: the shapes in the file say how to build it."""
    reference = randomized(ReferenceInfoGCN(**settings))
    model = build(convert(dict(state_dict=reference.state_dict()), k=8))
    x = torch.randn(2, settings['num_person'], 13, settings['num_joints'], 3)
    with torch.no_grad():
        expected = reference(x)
    for ours, theirs in zip(outputs(model, x), expected):
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


def small_weights():
    return ReferenceInfoGCN(num_classes=3, num_joints=20, num_person=1, width=8).state_dict()


def test_priors_of_the_file_are_kept_and_missing_ones_follow_the_seed():
    prior = torch.randn(3, 32)
    kept = convert(dict(small_weights(), z_prior=prior), k=8)
    assert torch.equal(kept['state_dict']['cls_head.z_prior'], prior) and kept['meta']['z_prior_seed'] is None
    first, again, other = (convert(small_weights(), seed=seed, k=8)['state_dict']['cls_head.z_prior'] for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)
    torch.testing.assert_close(first @ first.T, 9 * torch.eye(3), atol=1e-5, rtol=0)


def test_seeding_leaves_the_global_random_state():
    weights, state = small_weights(), torch.get_rng_state()
    convert(weights, seed=5, k=8)
    assert torch.equal(torch.get_rng_state(), state)


def test_nothing_is_passed_over(monkeypatch, tmp_path):
    with pytest.raises(ValueError, match='1 keys are not known: extra.weight'):
        convert(dict(small_weights(), **{'extra.weight': torch.zeros(1)}))
    weights = small_weights()
    del weights['l5.agcn.conv_d.1.weight']
    with pytest.raises(ValueError, match='it has no l5.agcn.conv_d.1.weight'):
        convert(weights)
    torch.save(dict(fc=torch.zeros(1)), tmp_path / 'other.pt')
    monkeypatch.setattr(sys, 'argv', ['convert', str(tmp_path / 'other.pt'), str(tmp_path / 'ours.pth')])
    with pytest.raises(SystemExit, match='convert infogcn: .*other.pt: no state dict of InfoGCN: it has no to_joint_embedding.weight'):
        main(command, )
    assert not (tmp_path / 'ours.pth').exists()


@pytest.mark.parametrize('k', [1, 2, 6])
def test_weights_of_published_modes_load_where_these_are_made(tmp_path, k):
    """What the published network made of positions, config and pipeline that the checkpoint names make too; others refuse the weights."""
    reference = randomized(ReferenceInfoGCN(num_classes=3, num_joints=20, num_person=1, width=8))
    torch.save(reference.state_dict(), tmp_path / 'published.pt')
    checkpoint = convert(reference.state_dict(), k=k)
    model, mode = build(checkpoint), TRANSFORMS.build(checkpoint['meta']['mode'])
    hops = get_skeleton('ucla20').distances()  # the published network's own matrix, from bones alone: see the transform's test
    below = (hops == k) & (hops[:, [2]] + k == hops[[2]])
    position = torch.randn(2, 1, 13, 20, 3)
    published_input = torch.einsum('vw,nmtwc->nmtvc', torch.eye(20) - torch.from_numpy(below).float(), position)
    x = torch.stack([torch.from_numpy(mode(dict(keypoint=clip.numpy()))['keypoint']) for clip in position])
    with torch.no_grad():
        expected = reference(published_input)
    for ours, theirs in zip(outputs(model, x), expected):
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)
    plain = dict(checkpoint['meta']['model'], backbone=dict(checkpoint['meta']['model']['backbone'], published_modes=False))
    torch.save(checkpoint, tmp_path / 'ours.pth')
    with pytest.raises(ValueError, match='published modes of NW-UCLA.*published_modes=True.*ucla20_infogcn'):
        load_checkpoint(MODELS.build(plain), str(tmp_path / 'ours.pth'), map_location='cpu')


def test_the_mode_is_asked_for_where_the_joints_do_not_say_it(monkeypatch, tmp_path):
    """Positions (k = 7 and more) are the same on any tree: those weights load into the plain network; NTU's tree has a name of its own."""
    with pytest.raises(ValueError, match='20 joints .* do not say at which k'):
        convert(small_weights())
    with pytest.raises(ValueError, match='k of at least 1, got 0'):
        convert(small_weights(), k=0)
    positions = convert(small_weights(), k=7)
    assert 'published_modes' not in positions['meta']['model']['backbone'] and 'backbone.published_modes' not in positions['state_dict']
    ntu = ReferenceInfoGCN(num_classes=3, num_joints=25, num_person=2, width=8).state_dict()
    assert convert(ntu)['meta']['mode'] is None
    assert convert(ntu, k=1)['meta']['mode'] == dict(type='KthMode', k=1, skeleton='ntu25_infogcn')
    torch.save(small_weights(), tmp_path / 'published.pt')
    monkeypatch.setattr(sys, 'argv', ['convert', str(tmp_path / 'published.pt'), str(tmp_path / 'ours.pth')])
    with pytest.raises(SystemExit, match='name it by --k'):
        main(command, )
    assert not (tmp_path / 'ours.pth').exists()


def test_unknown_layout():
    with pytest.raises(ValueError, match='an InfoGCN of 17 joints; published layouts have 25 or 20'):
        convert(ReferenceInfoGCN(num_classes=3, num_joints=17, num_person=1, width=8).state_dict())
