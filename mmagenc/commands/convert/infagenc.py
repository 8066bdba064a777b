"""Turn a published InfAGenC checkpoint (CVAE or ST-GCN, ``.pth.tar``) into one of this package.

    mmagenc convert infagenc checkpoint_1100.pth.tar cvae.pth
    mmagenc convert infagenc recog_checkpoint_0015.pth.tar stgcn.pth

Which of the two it is shows in its keys. The result is ``{'state_dict': …, 'meta': …}``: a CVAE for ``TransformerCVAE``
(``load_from``, or the checkpoint argument of the tools), an ST-GCN for MMAction2's ``RecognizerGCN`` of
``configs/_base_/models/stgcn_rot6d.py`` (of 23 joints, layout ``smpl_noglobal``: ``stgcn_rot6d_noglobal.py``). Checkpoints are read with
``weights_only=True``: nothing in them is run.
"""

import argparse
import re
from typing import Dict, List, Tuple

import torch
from torch import Tensor

from mmagenc.command_line import in_words
from mmagenc.evaluation.checkpoints import CHECKPOINT_SUFFIXES, as_weights, converting, published_weights, write_checkpoint
from mmagenc.outputs import Output, require_outputs
from mmagenc.skeletons.graphs import graph_layout

Rules = List[Tuple[str, str]]

CVAE_RULES: Rules = [
    (r'encoder\.muQuery', 'mu_query'),
    (r'encoder\.sigmaQuery', 'sigma_query'),
    (r'encoder\.skelEmbedding\.(weight|bias)', r'embed.\1'),
    (r'encoder\.seqTransEncoder\.layers\.(\d+)\.((?:self_attn|linear[12]|norm[12])\..+)', r'encoder.\1.\2'),
    (r'decoder\.actionBiases', 'action_bias'),
    (r'decoder\.seqTransDecoder\.layers\.(\d+)\.((?:self_attn|multihead_attn|linear[12]|norm[123])\..+)', r'decoder.\1.\2'),
    (r'decoder\.finallayer\.(weight|bias)', r'output.\1'),
]
CVAE_IGNORED = r'(encoder|decoder)\.sequence_pos_encoder\.pe|(rotation2xyz|rot2xyz|smpl|smpl_model|body_model)\..+'
"""Computed, not learned: the position table, and the body model's buffers where the file has them."""

STGCN_RULES: Rules = [
    (r'data_bn\.(.+)', r'backbone.data_bn.\1'),
    (r'st_gcn_networks\.(\d+)\.gcn\.conv\.(.+)', r'backbone.gcn.\1.gcn.conv.\2'),
    (r'st_gcn_networks\.(\d+)\.tcn\.0\.(.+)', r'backbone.gcn.\1.gcn.bn.\2'),
    (r'st_gcn_networks\.(\d+)\.tcn\.2\.(.+)', r'backbone.gcn.\1.tcn.conv.\2'),
    (r'st_gcn_networks\.(\d+)\.tcn\.3\.(.+)', r'backbone.gcn.\1.tcn.bn.\2'),
    (r'st_gcn_networks\.(\d+)\.residual\.0\.(.+)', r'backbone.gcn.\1.residual.conv.\2'),
    (r'st_gcn_networks\.(\d+)\.residual\.1\.(.+)', r'backbone.gcn.\1.residual.bn.\2'),
    (r'edge_importance\.(\d+)', r'backbone.gcn.\1.gcn.PA'),
    (r'fcn\.(weight|bias)', r'cls_head.fc.\1'),
]
STGCN_IGNORED = r'A'
"""The adjacency: computed anew from the layout, block by block as MMAction2 keeps it."""
LAYOUTS = {24: 'smpl24', 23: 'smpl_noglobal', 17: 'infact17'}


def run(args: argparse.Namespace) -> None:
    require_outputs('convert infagenc', [Output('--out', args.out, CHECKPOINT_SUFFIXES)], inputs=[args.source], force=args.force)
    with in_words('convert infagenc', debug=args.debug):
        with converting(args.source):
            checkpoint = convert(published_weights(args.source))
        write_checkpoint(checkpoint, args.out)
    print(f'{args.out}: {checkpoint["meta"]["model"]}, {len(checkpoint["state_dict"])} tensors')


def convert(published: Dict) -> Dict:
    """A published state dict (bare, under ``state_dict``, or of a data-parallel model) to a checkpoint of this package.

    Raises:
        ValueError: keys of neither model, or some that the model does not have.
    """
    weights = as_weights(published)
    if 'encoder.muQuery' in weights:
        state_dict = rename(weights, CVAE_RULES, CVAE_IGNORED)
        return dict(state_dict=state_dict, meta=dict(source='InfAGenC CVAE', model=cvae_config(state_dict)))
    if 'fcn.weight' in weights:
        state_dict = rename(weights, STGCN_RULES, STGCN_IGNORED)
        state_dict['cls_head.fc.weight'] = state_dict['cls_head.fc.weight'].flatten(1)  # a 1×1 convolution
        state_dict |= adjacencies(state_dict)
        return dict(state_dict=state_dict, meta=dict(source='InfAGenC ST-GCN', model=stgcn_config(state_dict)))
    raise ValueError('neither a CVAE (encoder.muQuery, …) nor an ST-GCN (st_gcn_networks…, fcn.weight) of InfAGenC; '
                     f'it has {len(weights)} keys: {", ".join(sorted(map(str, weights))[:8])}, …')


def rename(weights: Dict[str, Tensor], rules: Rules, ignored: str) -> Dict[str, Tensor]:
    """Apply to each key the rule that matches it.

    Raises:
        ValueError: keys that no rule matches.
    """
    renamed, unknown = {}, []
    for key, value in weights.items():
        target = next((re.sub(pattern, name, key) for pattern, name in rules if re.fullmatch(pattern, key)), None)
        if target is not None:
            renamed[target] = value
        elif not re.fullmatch(ignored, key):
            unknown.append(key)
    if unknown:
        raise ValueError(f'{len(unknown)} keys are not known: {", ".join(unknown)}')
    return renamed


def adjacencies(state_dict: Dict[str, Tensor]) -> Dict[str, Tensor]:
    """The adjacency buffer of each block, from the layout with as many joints: with it the checkpoint loads strictly.

    Raises:
        ValueError: a number of joints that is no published layout's.
    """
    from mmaction.models.utils import Graph
    num_joints = state_dict['backbone.gcn.0.gcn.PA'].shape[-1]
    if num_joints not in LAYOUTS:
        raise ValueError(f'an ST-GCN of {num_joints} joints; published layouts have {" or ".join(map(str, LAYOUTS))}')
    adjacency = torch.tensor(Graph(layout=graph_layout(LAYOUTS[num_joints]), mode='stgcn_spatial').A, dtype=torch.float32)
    return {key[:-len('PA')] + 'A': adjacency.clone() for key in state_dict if key.endswith('.gcn.PA')}


def cvae_config(state_dict: Dict[str, Tensor]) -> Dict:
    """What the shapes say of the model; the number of heads does not show in them (published: 4)."""
    num_classes, latent_dim = state_dict['mu_query'].shape
    num_layers = 1 + max(int(key.split('.')[1]) for key in state_dict if key.startswith('encoder.'))
    num_joints = state_dict['embed.weight'].shape[1] // 6
    return dict(
        type='TransformerCVAE',
        num_classes=num_classes,
        latent_dim=latent_dim,
        num_layers=num_layers,
        ff_dim=len(state_dict['encoder.0.linear1.weight']),
        representation=dict(type='RotationRepresentation', translation=num_joints == 25))


def stgcn_config(state_dict: Dict[str, Tensor]) -> Dict:
    num_classes = len(state_dict['cls_head.fc.weight'])
    return dict(type='RecognizerGCN', num_classes=num_classes, in_channels=state_dict['backbone.gcn.0.gcn.conv.weight'].shape[1])
