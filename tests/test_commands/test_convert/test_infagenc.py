"""Published checkpoints become ours, and nothing in them is passed over in silence."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint

from mmagenc.benchmarks.plain_cvae import ReferenceCVAE
from mmagenc.commands.convert import infagenc as command
from mmagenc.commands.convert.infagenc import convert
from mmagenc.models.recognizers import pool_feature
from mmagenc.registry import MODELS
from tests.commands import main

SMPL_PARENTS = [-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21]
CONFIG = str(Path(__file__).parents[3] / 'configs/_base_/models/stgcn_rot6d.py')


def published_stgcn(reference_root):
    data = np.load(reference_root / 'infagenc_stgcn.npz')
    weights = {key[3:]: torch.from_numpy(np.asarray(value)) for key, value in data.items() if key.startswith('sd/')}
    weights = {key: value.float() if value.is_floating_point() else value for key, value in weights.items()}
    return data, dict(weights, A=torch.zeros(3, 24, 24))


def run(monkeypatch, tmp_path, checkpoint):
    torch.save(checkpoint, tmp_path / 'published.pth.tar')
    monkeypatch.setattr(sys, 'argv', ['convert', str(tmp_path / 'published.pth.tar'), str(tmp_path / 'ours.pth')])
    main(command, )
    return str(tmp_path / 'ours.pth')


def test_stgcn(reference_root, monkeypatch, tmp_path):
    """The recognizer of the configs gives the published features and logits."""
    data, weights = published_stgcn(reference_root)
    path = run(monkeypatch, tmp_path, dict(state_dict={f'module.{key}': value for key, value in weights.items()}))
    init_default_scope('mmagenc')
    model = MODELS.build(Config.fromfile(CONFIG).recognizer).eval()
    adjacency = model.backbone.gcn[3].gcn.A.clone()
    load_checkpoint(model, path, strict=True)
    assert torch.equal(model.backbone.gcn[3].gcn.A, adjacency)
    x = torch.from_numpy(data['x']).permute(0, 3, 1, 2)[:, None, None]  # N, clips, M, T, V, C
    with torch.no_grad():
        output = model.extract_feat(x, stage='backbone')[0]
        logits = model.cls_head(output)
    torch.testing.assert_close(pool_feature(output, person_axis=True), torch.from_numpy(data['features']), atol=1e-4, rtol=0)
    torch.testing.assert_close(logits, torch.from_numpy(data['logits']), atol=1e-4, rtol=0)


def test_cvae(monkeypatch, tmp_path, capsys):
    """Loaded as any checkpoint; the position table and a body model's buffers are left behind."""
    reference = ReferenceCVAE(num_classes=4, dim=32, num_layers=3, ff_dim=40)
    weights = dict(reference.state_dict(), **{'rotation2xyz.smpl_model.faces': torch.zeros(2)})
    assert 'decoder.sequence_pos_encoder.pe' in weights
    path = run(monkeypatch, tmp_path, weights)
    assert "'num_classes': 4" in capsys.readouterr().out
    config = torch.load(path, weights_only=True)['meta']['model']
    assert (config['latent_dim'], config['num_layers'], config['ff_dim']) == (32, 3, 40)
    init_default_scope('mmagenc')
    model = MODELS.build(config)
    load_checkpoint(model, path, strict=True)
    assert torch.equal(model.action_bias, reference.decoder.actionBiases)
    last = model.decoder[2].multihead_attn.out_proj.weight
    assert torch.equal(last, weights['decoder.seqTransDecoder.layers.2.multihead_attn.out_proj.weight'])


def test_stgcn_without_the_bodys_orientation(reference_root, monkeypatch, tmp_path):
    """23 joints (smpl_noglobal): the checkpoint loads strictly into the config's recognizer, whose graph is the published one.

    Bones are SMPL's that do not touch the pelvis. Within one bone of the centre, the left hip, distances are known (0 and 1), all others
    count as equally far; each column of the graph is divided by the number of its bones and one.
    """
    _, weights = published_stgcn(reference_root)
    weights = {key: value[6:] if key.startswith('data_bn') and value.ndim else value for key, value in weights.items()}
    weights |= {key: value[:, 1:, 1:] for key, value in weights.items() if key.startswith('edge_importance') or key == 'A'}
    init_default_scope('mmagenc')
    model = MODELS.build(Config.fromfile(CONFIG.replace('.py', '_noglobal.py')).recognizer)
    load_checkpoint(model, run(monkeypatch, tmp_path, weights), map_location='cpu', strict=True)
    joined = torch.zeros(23, 23)
    for child, parent in enumerate(SMPL_PARENTS):
        if parent > 0:
            joined[child - 1, parent - 1] = joined[parent - 1, child - 1] = 1
    near = [0, *joined[0].nonzero().flatten().tolist()]  # the centre and what a bone joins to it
    distance = torch.full((23, ), torch.inf)
    distance[near] = torch.tensor([0., *[1.] * (len(near) - 1)])
    further = joined * (distance[:, None] < distance)
    expected = torch.stack([torch.eye(23), joined - further, further]) / (1 + joined.sum(dim=0))
    for block in model.backbone.gcn:
        torch.testing.assert_close(block.gcn.A, expected)
    with torch.no_grad():
        assert model.eval().extract_feat(torch.randn(2, 1, 1, 8, 23, 6), stage='backbone')[0].shape == (2, 1, 256, 2, 23)


def test_stgcn_of_an_unknown_layout_is_refused():
    with pytest.raises(ValueError, match='ST-GCN of 22 joints; published layouts have 24 or 23 or 17'):
        convert({'edge_importance.0': torch.ones(3, 22, 22), 'fcn.weight': torch.zeros(5, 256, 1, 1)})


def test_unknown_keys_are_listed(monkeypatch, tmp_path):
    weights = dict(ReferenceCVAE(dim=8, num_layers=1, ff_dim=8).state_dict(), extra=torch.zeros(1))
    weights['encoder.seqTransEncoder.layers.0.norm3.weight'] = torch.zeros(1)
    with pytest.raises(ValueError, match=r'2 keys are not known: extra, encoder\.seqTransEncoder\.layers\.0\.norm3\.weight'):
        convert(weights)
    with pytest.raises(ValueError, match='neither a CVAE'):
        convert({'conv1.weight': torch.zeros(1)})
    with pytest.raises(SystemExit, match='published.pth.tar: neither'):
        run(monkeypatch, tmp_path, {'conv1.weight': torch.zeros(1)})
