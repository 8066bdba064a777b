"""Turn published InfoGCN weights (``runs-*.pt``) into a checkpoint of this package's ``InfoGCN`` and ``InfoGCNHead``.

    mmagenc convert infogcn runs-110-69000.pt infogcn.pth
    mmagenc convert infogcn runs-110-35000.pt infogcn.pth --k 1   # NW-UCLA: at which k it was trained

The result is ``{'state_dict': …, 'meta': …}`` for a ``RecognizerGCN`` as in ``configs/infogcn/``, to be loaded strictly (``load_from``, or
the checkpoint argument of the tools). The function is the same; what the published network computes in several convolutions and this one
in one product is joined, and biases before a batch norm go into its running mean.

The published network multiplies by ``I − Pᵏ`` itself; here the transform ``KthMode`` does, so take the config with the k that the weights
were trained at. At k = 1 and 2 of NW-UCLA that is ``configs/infogcn/infogcn_1xb16-110e_nw-ucla-k{1,2}-published.py``: there the published
modes go down the tree from the shoulder centre, which the layout's own tree does not give. The files do not say their k, so that for 20
joints ``--k`` must. The published files lack the class priors: they are drawn anew from ``--seed``, which changes no prediction but gives
further training other targets. Files are read with ``weights_only=True``: nothing in them is run.
"""

import argparse
import sys
from typing import Dict, List, Optional

import numpy as np
import torch
from torch import Tensor

from mmagenc.command_line import in_words
from mmagenc.evaluation.checkpoints import CHECKPOINT_SUFFIXES, as_weights, converting, published_weights, write_checkpoint
from mmagenc.models.recognizers.infogcn import MODES_MARK
from mmagenc.models.recognizers.infogcn_head import orthogonal_prior
from mmagenc.outputs import Output, require_outputs
from mmagenc.skeletons import get_skeleton
from mmagenc.skeletons.skeleton import mode_matrix
from mmagenc.skeletons.ucla20 import infogcn_mode_matrix

NUM_BLOCKS = 9
LAYOUTS = {25: 'ntu25', 20: 'ucla20'}
PUBLISHED_TREES = {'ntu25': 'ntu25_infogcn', 'ucla20': 'ucla20_infogcn'}
AFFINE = ('weight', 'bias')
NOT_WEIGHTS = ('A_vector', 'z_prior')
"""Plain tensors of the published model; files of changed versions may hold them."""


def run(args: argparse.Namespace) -> None:
    require_outputs('convert infogcn', [Output('--out', args.out, CHECKPOINT_SUFFIXES)], inputs=[args.source], force=args.force)
    with in_words('convert infogcn', debug=args.debug):
        with converting(args.source):
            checkpoint = convert(published_weights(args.source), seed=args.seed, gain=args.z_prior_gain, k=args.k)
        write_checkpoint(checkpoint, args.out)
    if checkpoint['meta']['z_prior_seed'] is not None:
        print(f'warning: {args.source} holds no class priors (z_prior); drawn anew from seed {args.seed}', file=sys.stderr)
    print(f'{args.out}: {checkpoint["meta"]["model"]}, {len(checkpoint["state_dict"])} tensors')
    if checkpoint['meta']['mode'] is not None:
        print(f'its input: {checkpoint["meta"]["mode"]}')


def convert(published: Dict, *, seed: int = 0, gain: float = 3., k: Optional[int] = None) -> Dict:
    """A published state dict (bare, under ``state_dict``, or of a data-parallel model) to a checkpoint of this package.

    Args:
        published: the file's content.
        seed: of the class priors, where the file lacks them.
        gain: their norm.
        k: mode that the weights were trained at.

    Returns:
        dict: ``state_dict`` and ``meta``; ``meta['z_prior_seed']`` is ``None`` where the file had the priors, ``meta['mode']`` the
        transform that makes the input, ``None`` where k is not known.

    Raises:
        ValueError: keys that are missing or not known, a k below 1, or none for NW-UCLA.
    """
    weights = Published(as_weights(published))
    state_dict = weights.affine('to_joint_embedding', 'backbone.embed')
    state_dict['backbone.pos_embedding'] = weights.take('pos_embedding')[0]
    state_dict |= weights.norm(['data_bn'], 'backbone.data_bn')
    for index in range(NUM_BLOCKS):
        state_dict |= block(weights, f'l{index + 1}', f'backbone.blocks.{index}')
    for layer in ('fc', 'fc_mu', 'fc_logvar', 'decoder'):
        state_dict |= weights.affine(layer, f'cls_head.{layer}')
    unknown = sorted(weights.remaining - set(NOT_WEIGHTS))
    if unknown:
        raise ValueError(f'{len(unknown)} keys are not known: {", ".join(unknown)}')
    num_classes, latent_dim = state_dict['cls_head.decoder.weight'].shape
    has_prior = 'z_prior' in weights.values
    state_dict['cls_head.z_prior'] = weights.take('z_prior') if has_prior else seeded_prior(num_classes, latent_dim, seed, gain)
    meta = dict(source='InfoGCN', model=config(state_dict), z_prior_seed=None if has_prior else seed)
    meta['mode'] = mode_of(meta['model']['backbone']['skeleton'], k)
    if needs_published_modes(meta['mode']):
        meta['model']['backbone']['published_modes'] = True
        state_dict[f'backbone.{MODES_MARK}'] = torch.tensor(True)
    return dict(state_dict=state_dict, meta=meta)


class Published:
    """A published state dict that remembers which keys were used.

    Args:
        values: state dict without prefixes.
    """

    def __init__(self, values: Dict[str, Tensor]) -> None:
        self.values, self.remaining = values, set(values)

    def take(self, key: str) -> Tensor:
        """A copy of a tensor in float32 (counters as they are); raises ``ValueError`` if it is not there."""
        if key not in self.values:
            raise ValueError(f'no state dict of InfoGCN: it has no {key}; '
                             f'its {len(self.values)} keys: {", ".join(sorted(self.values)[:8])}, …')
        self.remaining.discard(key)
        value = self.values[key]
        return value.float() if value.is_floating_point() else value.clone()

    def affine(self, source: str, target: str) -> Dict[str, Tensor]:
        """Weight and bias of a layer."""
        return {f'{target}.{key}': self.take(f'{source}.{key}') for key in AFFINE}

    def pointwise(self, sources: List[str], dim: int = 0) -> Tensor:
        """Joined weights of 1×1 convolutions, as those of a linear layer."""
        return torch.cat([self.take(f'{source}.weight').flatten(1) for source in sources], dim=dim)

    def norm(self, sources: List[str], target: str, biases: List[List[str]] = ()) -> Dict[str, Tensor]:
        """Joined batch norms; ``biases`` names, for each, the layers whose summed bias its running mean takes over."""
        joined = {key: torch.cat([self.take(f'{source}.{key}') for source in sources]) for key in (*AFFINE, 'running_mean', 'running_var')}
        if biases:
            joined['running_mean'] -= torch.cat([self.bias(source, layers) for source, layers in zip(sources, biases)])
        counters = [self.take(f'{source}.num_batches_tracked') for source in sources]
        return {f'{target}.{key}': value for key, value in joined.items()} | {f'{target}.num_batches_tracked': counters[0]}

    def bias(self, norm: str, layers: List[str]) -> Tensor:
        """Summed biases of the layers before a batch norm; zeros if there are none."""
        return sum((self.take(f'{layer}.bias') for layer in layers), torch.zeros_like(self.take(f'{norm}.bias')))


def block(weights: Published, source: str, target: str) -> Dict[str, Tensor]:
    """One encoding block."""
    state_dict = graph_conv(weights, f'{source}.agcn', f'{target}.gcn') | temporal_conv(weights, f'{source}.tcn.branches', f'{target}.tcn')
    if f'{source}.residual.conv.weight' in weights.values:
        state_dict[f'{target}.residual.0.weight'] = weights.pointwise([f'{source}.residual.conv'])
        state_dict |= weights.norm([f'{source}.residual.bn'], f'{target}.residual.1', [[f'{source}.residual.conv']])
    return state_dict


def graph_conv(weights: Published, source: str, target: str) -> Dict[str, Tensor]:
    topology = weights.take(f'{source}.shared_topology')
    heads = [f'{source}.conv_d.{head}' for head in range(len(topology))]
    state_dict = {f'{target}.topology': topology, f'{target}.transform.weight': weights.pointwise(heads, dim=1)}
    state_dict |= weights.norm([f'{source}.bn'], f'{target}.bn', [heads])
    state_dict |= weights.affine(f'{source}.attn.to_qk', f'{target}.to_qk') | weights.affine(f'{source}.attn.ln', f'{target}.norm')
    if f'{source}.down.0.weight' in weights.values:
        state_dict[f'{target}.down.0.weight'] = weights.pointwise([f'{source}.down.0'])
        state_dict |= weights.norm([f'{source}.down.1'], f'{target}.down.1', [[f'{source}.down.0']])
    return state_dict


def temporal_conv(weights: Published, source: str, target: str) -> Dict[str, Tensor]:
    """Branches 0 and 1 convolve, 2 takes the maximum, 3 is a 1×1 convolution alone."""
    first = [f'{source}.{branch}.0' for branch in range(3)]
    state_dict = {
        f'{target}.expand.weight': weights.pointwise(first),
        f'{target}.pointwise.weight': weights.pointwise([f'{source}.3.0']),
    }
    state_dict |= weights.norm([f'{source}.{branch}.1' for branch in range(3)], f'{target}.expand_bn', [[layer] for layer in first])
    convs = [f'{source}.{branch}.3.conv' for branch in range(2)]
    for index, conv in enumerate(convs):
        state_dict[f'{target}.convs.{index}.weight'] = weights.take(f'{conv}.weight')
    norms = [f'{source}.0.3.bn', f'{source}.1.3.bn', f'{source}.2.4', f'{source}.3.1']
    return state_dict | weights.norm(norms, f'{target}.bn', [[convs[0]], [convs[1]], [], [f'{source}.3.0']])


def mode_of(layout: str, k: Optional[int]) -> Optional[Dict]:
    """The transform that makes the input of weights of a layout, ``None`` where k is not known and the configs' tree is right for every k.

    Raises:
        ValueError: a k below 1, or none for a layout whose published modes are not those of its tree.
    """
    if k is None and layout == 'ucla20':
        raise ValueError('published weights of 20 joints (NW-UCLA) do not say at which k they were trained, and at k = 1 and 2 their input '
                         "is not what ucla20's own tree gives: name it by --k (8 for positions)")
    if k is None:
        return None
    mode_matrix((-1, ), k)  # refuses k = 0
    return dict(type='KthMode', k=k, skeleton=PUBLISHED_TREES[layout])


def needs_published_modes(mode: Optional[Dict]) -> bool:
    """Whether a mode is another one than the layout's own tree gives, and no layout's."""
    if mode is None or mode['skeleton'] != PUBLISHED_TREES['ucla20']:
        return False
    return not np.array_equal(infogcn_mode_matrix(mode['k']), get_skeleton('ucla20').mode_matrix(mode['k']))


def seeded_prior(num_classes: int, latent_dim: int, seed: int, gain: float) -> Tensor:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return orthogonal_prior(num_classes, latent_dim, gain=gain)


def config(state_dict: Dict[str, Tensor]) -> Dict:
    """What the shapes say of the model: a config that builds it.

    Raises:
        ValueError: a number of joints that is no published layout's.
    """
    num_joints, base_channels = state_dict['backbone.pos_embedding'].shape
    if num_joints not in LAYOUTS:
        raise ValueError(f'an InfoGCN of {num_joints} joints; published layouts have {" or ".join(map(str, LAYOUTS))}')
    num_classes, latent_dim = state_dict['cls_head.decoder.weight'].shape
    backbone = dict(
        type='mmagenc.InfoGCN',
        skeleton=LAYOUTS[num_joints],
        in_channels=state_dict['backbone.embed.weight'].shape[1],
        num_person=len(state_dict['backbone.data_bn.weight']) // (num_joints * base_channels),
        num_heads=len(state_dict['backbone.blocks.0.gcn.topology']),
        base_channels=base_channels)
    head = dict(type='mmagenc.InfoGCNHead', num_classes=num_classes, in_channels=4 * base_channels, latent_dim=latent_dim)
    return dict(type='RecognizerGCN', _scope_='mmaction', backbone=backbone, cls_head=head)
