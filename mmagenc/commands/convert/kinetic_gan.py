"""Turn published Kinetic-GAN weights (``generator_*.pth`` and ``discriminator_*.pth``) into one checkpoint of this package.

    mmagenc convert kinetic-gan generator_1250000.pth OURS.pth [--critic discriminator_1250000.pth]

The result is ``{'state_dict': …, 'meta': …}`` for ``KineticGAN`` (``load_from``, or the checkpoint argument of the tools); ``meta.model``
says of which size. Published files hold no normalization statistics: give the smallest and largest value of the training array by
``--data-range LOW HIGH`` to get metres or pixels back, otherwise clips stay in −1 … 1. Nothing is centred: as in the published feeder,
positions are where the array has them. Weights are read with ``weights_only=True``: nothing in the files is run.
"""

import argparse
import re
from typing import Dict, Optional, Sequence

import torch
from torch import Tensor

from mmagenc.command_line import in_words
from mmagenc.evaluation.checkpoints import CHECKPOINT_SUFFIXES, converting, published_weights, write_checkpoint
from mmagenc.outputs import Output, require_outputs

LAYOUTS = {25: 'ntu25', 16: 'h36m16'}
GENERATOR_RULES = [
    (r'label_emb\.weight', 'label_embedding.weight'),
    (r'edge_importance\.(\d+)', r'blocks.\1.spatial.importance'),
    (r'st_gcn_networks\.(\d+)\.gcn\.conv\.weight', r'blocks.\1.spatial.weight'),
    (r'st_gcn_networks\.(\d+)\.tcn\.0\.(weight|bias)', r'blocks.\1.temporal.linear.\2'),
    (r'st_gcn_networks\.(\d+)\.tcn\.1\.(.+)', r'blocks.\1.norm.\2'),
    (r'st_gcn_networks\.(\d+)\.residual\.0\.(weight|bias)', r'blocks.\1.shortcut.\2'),
    (r'st_gcn_networks\.(\d+)\.residual\.1\.(.+)', r'blocks.\1.shortcut_norm.\2'),
    (r'st_gcn_networks\.(\d+)\.noise\.weight', r'blocks.\1.noise_weight'),
]
CRITIC_RULES = [
    (r'label_emb\.weight', 'label_embedding.weight'),
    (r'edge_importance\.(\d+)', r'blocks.\1.spatial.importance'),
    (r'st_gcn_networks\.(\d+)\.gcn\.conv\.weight', r'blocks.\1.spatial.weight'),
    (r'st_gcn_networks\.(\d+)\.tcn\.(weight|bias)', r'blocks.\1.temporal.linear.\2'),
    (r'st_gcn_networks\.(\d+)\.residual\.(weight|bias)', r'blocks.\1.shortcut.\2'),
    (r'fcn\.(weight|bias)', r'output.\1'),
]


def run(args: argparse.Namespace) -> None:
    require_outputs('convert kinetic-gan', [Output('--out', args.out, CHECKPOINT_SUFFIXES)], inputs=[args.generator, args.critic],
                    force=args.force)
    with in_words('convert kinetic-gan', debug=args.debug):
        generator = published_weights(args.generator)
        critic = published_weights(args.critic) if args.critic else None
        with converting(args.generator if critic is None else f'{args.generator}, {args.critic}'):
            checkpoint = convert(generator, critic, data_range=args.data_range)
        write_checkpoint(checkpoint, args.out)
    print(f'{args.out}: {checkpoint["meta"]["model"]}, {len(checkpoint["state_dict"])} tensors')


def convert(generator: Dict[str, Tensor], critic: Optional[Dict[str, Tensor]] = None, *, data_range: Sequence[float] = (-1., 1.)) -> Dict:
    """Published state dicts to a checkpoint; a critic that is not given keeps its random start.

    Raises:
        ValueError: weights of another model, generator and critic of different data, or an empty range.
    """
    low, high = data_range
    if not low < high:
        raise ValueError(f'--data-range needs LOW < HIGH, got {low} {high}')
    renamed = rename(generator, GENERATOR_RULES, 'generator')
    model = model_config(renamed)
    state_dict = {f'{network}.{key}': value for network in ('generator', 'average.module') for key, value in renamed.items()}
    state_dict |= {'average.steps': torch.tensor(0), 'critic_updates': torch.tensor(0)}
    if critic is not None:
        renamed = rename(critic, CRITIC_RULES, 'critic')
        if renamed['label_embedding.weight'].shape[0] != model['num_classes']:
            raise ValueError(f'the generator has {model["num_classes"]} classes, the critic '
                             f'{renamed["label_embedding.weight"].shape[0]}')
        state_dict |= {f'critic.{key}': value for key, value in renamed.items()}
    shape = (generator['edge_importance.6'].shape[-1], model['representation']['num_dims'])
    state_dict['representation.mean'] = torch.full(shape, (low + high) / 2)
    state_dict['representation.std'] = torch.full(shape, (high - low) / 2)
    return dict(state_dict=state_dict, meta=dict(source='Kinetic-GAN', model=model))


def rename(weights: Dict[str, Tensor], rules, network: str) -> Dict[str, Tensor]:
    """Names and shapes of ours; the adjacency is computed anew.

    Raises:
        ValueError: keys that no rule matches, or none at all.
    """
    renamed, unknown = {}, []
    for key, value in weights.items():
        target = next((re.sub(pattern, name, key) for pattern, name in rules if re.fullmatch(pattern, key)), None)
        if network == 'generator' and target is None:
            target = mapping_layer(key)
        if target is not None:
            renamed[target] = reshape(target, value)
        elif not re.fullmatch(r'A(\.\d+)?|graph.*', key):
            unknown.append(key)
    if unknown or 'label_embedding.weight' not in renamed:
        raise ValueError(f'this is no {network} of Kinetic-GAN; keys that are not known: {", ".join(unknown[:8]) or "none"}')
    return renamed


def mapping_layer(key: str) -> Optional[str]:
    """Published layers are numbered with the activations between them."""
    match = re.fullmatch(r'mlp\.mlp\.(\d+)\.(weight|bias)', key)
    return match and f'mapping.layers.{int(match[1]) // 2}.{match[2]}'


def reshape(name: str, value: Tensor) -> Tensor:
    if name.endswith('temporal.linear.weight'):  # (C', C, 3, 1): the frames one after the other
        return value.flatten(2).transpose(1, 2).flatten(1)
    if name.endswith('noise_weight'):
        return value.flatten()
    return value.flatten(1) if name.endswith(('spatial.weight', 'shortcut.weight')) else value


def model_config(weights: Dict[str, Tensor]) -> Dict:
    """What the shapes say of the model; the number of frames does not show in them.

    Raises:
        ValueError: a number of nodes that is no published layout's.
    """
    num_nodes = weights['blocks.6.spatial.importance'].shape[-1]
    if num_nodes not in LAYOUTS:
        raise ValueError(f'a graph of {num_nodes} nodes; published ones have {" or ".join(map(str, LAYOUTS))}')
    num_classes = weights['label_embedding.weight'].shape[0]
    return dict(
        type='KineticGAN',
        num_classes=num_classes,
        latent_dim=weights['mapping.layers.0.weight'].shape[0] - num_classes,
        networks=dict(mapping_layers=sum(key.startswith('mapping.') for key in weights) // 2),
        representation=dict(
            type='KeypointRepresentation',
            skeleton=LAYOUTS[num_nodes],
            num_dims=weights['blocks.6.spatial.weight'].shape[0] // 3,
            root_center=None,
            normalization='min_max'))
