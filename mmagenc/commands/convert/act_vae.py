"""Turn published ACT-VAE weights (``*_im_encode_content_*.pt`` and ``*_im_encode_vae_*.pt``) into one checkpoint of this package.

    mmagenc convert act-vae 0100_im_encode_content_00085000.pt OURS.pth --latent 0100_im_encode_vae_00085000.pt
    mmagenc convert act-vae BOTH.pt OURS.pth

The result is ``{'state_dict': …, 'meta': …}`` for ``ACTVAE`` (``load_from``, or the checkpoint argument of the tools); ``meta.model`` says
of which size. Poses are in pixels of the published crops, 128 by 128. Published files hold no start poses: give them when you predict
(``start=…``). A file that holds both cells needs no ``--latent``. Weights are read with ``weights_only=True``: nothing in the files is run.
"""

import argparse
import re
from typing import Dict, Mapping, Optional

import torch
from torch import Tensor

from mmagenc.command_line import in_words
from mmagenc.datasets.readers.penn_action import NUM_JOINTS, PRESETS
from mmagenc.evaluation.checkpoints import CHECKPOINT_SUFFIXES, as_weights, converting, load_checkpoint, write_checkpoint
from mmagenc.outputs import Output, require_outputs

CELLS = dict(pose='image_enc_content', latent='image_enc_vae')
"""Published names of the cells inside a model."""
PARAMETER = re.compile(r'(?:(?P<cell>.+)\.)?rnn\.(?P<name>(?:weight|bias)_(?:ih|hh))_l0')
NAMES = ('weight_ih', 'weight_hh', 'bias_ih', 'bias_hh')


def run(args: argparse.Namespace) -> None:
    require_outputs('convert act-vae', [Output('--out', args.out, CHECKPOINT_SUFFIXES)], inputs=[args.pose, args.latent], force=args.force)
    with in_words('convert act-vae', debug=args.debug):
        weights = read(args.pose, 'pose' if args.latent else None)
        if args.latent:
            weights |= read(args.latent, 'latent')
        with converting(args.pose if args.latent is None else f'{args.pose}, {args.latent}'):
            checkpoint = convert(weights, image_size=args.image_size)
        write_checkpoint(checkpoint, args.out)
    print(f'{args.out}: {checkpoint["meta"]["model"]}, {len(checkpoint["state_dict"])} tensors')


def read(path: str, cell: Optional[str]) -> Dict[str, Tensor]:
    """Weights of a file by their names in a whole model; a file of one ``cell`` may leave out whose they are.

    Raises:
        ValueError: no weights, or of the other cell by name.
    """
    weights = as_weights(flat(load_checkpoint(path)), source=path)
    if cell is None:
        return weights
    other = next(CELLS[name] for name in CELLS if name != cell)
    if any(key.startswith(f'{other}.') for key in weights):
        raise ValueError(f'{path} holds {other}, expected {CELLS[cell]} alone; a file with both cells needs no --latent')
    return {key if key.startswith(f'{CELLS[cell]}.') else f'{CELLS[cell]}.{key}': value for key, value in weights.items()}


def flat(content: Mapping) -> Mapping:
    """State dicts of several networks in one file as one, their names in front."""
    content = content.get('state_dict', content)
    if not isinstance(content, Mapping) or not any(isinstance(value, Mapping) for value in content.values()):
        return content
    networks = {name: value for name, value in content.items() if isinstance(value, Mapping)}
    return {f'{name}.{key.removeprefix("module.")}': value for name, network in networks.items() for key, value in network.items()}


def convert(weights: Mapping[str, Tensor], *, image_size: int = 128) -> Dict:
    """Published weights to a checkpoint.

    Raises:
        ValueError: other keys, cells that do not go together (the two files swapped, say), or poses that are not Penn's.
    """
    state_dict = rename(weights)
    model = model_config(state_dict)
    shape = (NUM_JOINTS, 2)
    state_dict |= {f'representation.{name}': torch.full(shape, image_size / 2) for name in ('mean', 'std')}
    state_dict |= {
        'representation.place': torch.zeros(2),
        'representation.length': torch.ones(()),
        'representation.score': torch.full((NUM_JOINTS, ), -1.),
        'representation.image': torch.tensor([image_size, image_size]),
        'starts.poses': torch.zeros(model['num_classes'], model['max_starts'], 2 * NUM_JOINTS),
        'starts.count': torch.zeros(model['num_classes'], dtype=torch.long)
    }
    said = dict(skeleton='penn13')
    if model['num_classes'] == len(PRESETS['act_vae']):
        said['classes'] = list(PRESETS['act_vae'])
    return dict(state_dict=state_dict, meta=dict(source='ACT-VAE', model=model, dataset_meta=said))


def rename(weights: Mapping[str, Tensor]) -> Dict[str, Tensor]:
    """Names of ours.

    Raises:
        ValueError: keys that are not known, or some that are missing.
    """
    ours, renamed, unknown = {value: key for key, value in CELLS.items()}, {}, []
    for key, value in weights.items():
        match = PARAMETER.fullmatch(key)
        if match is None or match['cell'] not in ours:
            unknown.append(key)
        else:
            renamed[f'{ours[match["cell"]]}_cell.{match["name"]}'] = value
    if unknown:
        raise ValueError(f'this is no ACT-VAE; keys that are not known: {", ".join(unknown[:8])}')
    missing = [f'{CELLS[cell]}.rnn.{name}_l0' for cell in CELLS for name in NAMES if f'{cell}_cell.{name}' not in renamed]
    if missing:
        advice = '; give the other file with --latent' if len(missing) == len(NAMES) else ''
        raise ValueError(f'there is no {", ".join(missing)}{advice}')
    return renamed


def model_config(weights: Mapping[str, Tensor]) -> Dict:
    """What the shapes say of the model.

    Raises:
        ValueError: cells of different models, or swapped, or poses that are not Penn's.
    """
    hidden = {cell: weights[f'{cell}_cell.weight_hh'].shape[1] for cell in CELLS}
    widths = {cell: weights[f'{cell}_cell.weight_ih'].shape[1] for cell in CELLS}
    pose_size, latent_dim = hidden['pose'], hidden['latent'] // 2
    num_classes = widths['pose'] - pose_size - latent_dim
    numbers = 2 * NUM_JOINTS
    if pose_size != numbers:
        swapped = ' (are the files swapped?)' if hidden['latent'] == numbers else ''
        raise ValueError(f'poses of {pose_size} numbers; the published ones have {numbers}, {NUM_JOINTS} joints in the plane{swapped}')
    if widths['pose'] != widths['latent'] or hidden['latent'] % 2 or num_classes < 1:
        raise ValueError(f'the cells are of different models: that of poses has {widths["pose"]} inputs and {hidden["pose"]} outputs, the '
                         f'latent one {widths["latent"]} and {hidden["latent"]}')
    representation = dict(type='KeypointRepresentation', skeleton='penn13', num_dims=2, normalization='min_max')
    return dict(type='ACTVAE', num_classes=num_classes, latent_dim=latent_dim, max_starts=64, representation=representation)
