"""Published checkpoints become ours, and nothing in them is passed over in silence."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint

from mmagenc.models.recognizers import pool_feature
from mmagenc.registry import MODELS
from tests.reference_cvae import ReferenceCVAE
from tools.model_converters.infagenc_to_mmagenc import convert, main

CONFIG = str(Path(__file__).parents[3] / 'configs/_base_/models/stgcn_rot6d.py')


def published_stgcn(reference_root):
    data = np.load(reference_root / 'infagenc_stgcn.npz')
    weights = {key[3:]: torch.from_numpy(np.asarray(value)) for key, value in data.items() if key.startswith('sd/')}
    weights = {key: value.float() if value.is_floating_point() else value for key, value in weights.items()}
    return data, dict(weights, A=torch.zeros(3, 24, 24))


def run(monkeypatch, tmp_path, checkpoint):
    torch.save(checkpoint, tmp_path / 'published.pth.tar')
    monkeypatch.setattr(sys, 'argv', ['convert', str(tmp_path / 'published.pth.tar'), str(tmp_path / 'ours.pth')])
    main()
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


def test_stgcn_of_an_unknown_layout_is_refused():
    with pytest.raises(ValueError, match='ST-GCN of 23 joints; published layouts have 24 or 17'):
        convert({'edge_importance.0': torch.ones(3, 23, 23), 'fcn.weight': torch.zeros(5, 256, 1, 1)})


def test_unknown_keys_are_listed(monkeypatch, tmp_path):
    weights = dict(ReferenceCVAE(dim=8, num_layers=1, ff_dim=8).state_dict(), extra=torch.zeros(1))
    weights['encoder.seqTransEncoder.layers.0.norm3.weight'] = torch.zeros(1)
    with pytest.raises(ValueError, match=r'2 keys are not known: extra, encoder\.seqTransEncoder\.layers\.0\.norm3\.weight'):
        convert(weights)
    with pytest.raises(ValueError, match='neither a CVAE'):
        convert({'conv1.weight': torch.zeros(1)})
    with pytest.raises(SystemExit, match='published.pth.tar: neither'):
        run(monkeypatch, tmp_path, {'conv1.weight': torch.zeros(1)})
