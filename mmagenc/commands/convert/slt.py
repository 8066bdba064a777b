"""Turn published SLT variables, saved by name in an ``.npz``, into one checkpoint of this package.

    mmagenc convert slt VARIABLES.npz OURS.pth [--statistics STATISTICS.npz]

TensorFlow writes the ``.npz`` of one of its checkpoints (a machine that has it, of any version):

    reader = tf.train.load_checkpoint('checkpoint/…')    # TensorFlow 1.x: tf.train.NewCheckpointReader
    np.savez('VARIABLES.npz', **{name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()})

The result is ``{'state_dict': …, 'meta': …}`` for ``SLTGenerator`` (``load_from``, or the checkpoint argument of the tools); ``meta.model``
says of which size. A checkpoint of the first stage alone has no LSTM: begin the second stage from it. Critics that a file lacks begin anew.
Published files hold no normalization statistics: give ``mean`` and ``std`` (30 numbers each, x and y of one joint after the other, in
pixels about the hip) by ``--statistics``, otherwise poses stay normalized. The optimizers' variables are left out. Nothing in the files is
run.
"""

import argparse
import re
from typing import Dict, Optional

import numpy as np
import torch
from mmengine.registry import init_default_scope
from torch import Tensor

from mmagenc.command_line import in_words
from mmagenc.evaluation.checkpoints import CHECKPOINT_SUFFIXES, converting, write_checkpoint
from mmagenc.outputs import Output, require_outputs
from mmagenc.registry import MODELS
from mmagenc.untrusted import open_npz

SKELETON, NUM_DIMS = 'h36m15', 2
POSE_SIZE = 30
ACTIONS = ('Directions', 'Discussion', 'Eating', 'Greeting', 'Phoning', 'Posing', 'Sitting', 'SittingDown', 'Smoking', 'Walking')
"""Published order of the classes."""
DECODER, SHIFTS = 'generator/first_frame_generator', 'generator/shifts_generator'
LINEARS = {
    f'{DECODER}/g_h0_lin': 'decoder.hidden',
    f'{DECODER}/g_h7_lin': 'decoder.output',
    'pose_discriminator/p_h0_lin': 'pose_critic.hidden',
    'pose_discriminator/p_h7_lin': 'pose_critic.output',
    f'{SHIFTS}/g_n_h9_lin': 'generator.transition.output',
}
NORM = dict(gamma='weight', beta='bias', moving_mean='running_mean', moving_variance='running_var')
CELLS = {f'{SHIFTS}/rnn/lstm_cell': ('generator.transition.rnn', '')}
for _published, _ours in (('discriminator/d_bi_lstm', 'critic'), (f'{SHIFTS}/class_bi_lstm', 'generator.classifier')):
    LINEARS |= {f'{_published}/d_h3_lin': f'{_ours}.hidden', f'{_published}/d_h4_lin': f'{_ours}.output'}
    CELLS |= {f'{_published}/stack_bidirectional_rnn/cell_0/bidirectional_rnn/{way}/basic_lstm_cell': (f'{_ours}.rnn', suffix)
              for way, suffix in (('fw', ''), ('bw', '_reverse'))}
OF_OPTIMIZERS = re.compile(r'.*/(Adam(_\d+)?|RMSProp(_\d+)?|Momentum|ExponentialMovingAverage)|(.*/)?(beta\d_power(_\d+)?|global_step|'
                           r'.*learning_rate.*|local_step|biased)')
FORGET_BIAS = 1.
"""TensorFlow adds it at run time."""


def run(args: argparse.Namespace) -> None:
    require_outputs('convert slt', [Output('--out', args.out, CHECKPOINT_SUFFIXES)], inputs=[args.variables, args.statistics],
                    force=args.force)
    with in_words('convert slt', debug=args.debug):
        variables = read(args.variables)
        statistics = read(args.statistics) if args.statistics else {}
        with converting(args.variables):
            checkpoint = convert(variables, **statistics_of(statistics, args.statistics))
        write_checkpoint(checkpoint, args.out)
    print(f'{args.out}: {checkpoint["meta"]["model"]}, {len(checkpoint["state_dict"])} tensors')


def read(path: str) -> Dict[str, Tensor]:
    """Arrays of numbers by name.

    Raises:
        FileNotFoundError: no such file.
        ValueError: no ``.npz`` of arrays.
    """
    try:
        with open_npz(path) as archive:
            content = {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise FileNotFoundError(f'{path}: no such file') from None
    except IsADirectoryError:
        raise ValueError(f'{path} is a folder, expected an .npz file') from None
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from error
    strange = [name for name, value in content.items() if getattr(value, 'dtype', np.dtype('O')).kind not in 'fiu']
    if strange or not content:
        raise ValueError(f'{path} holds {f"something else than numbers under {strange[0]!r}" if strange else "nothing"}, '
                         'accepted are arrays of numbers by name')
    return {name.removesuffix(':0'): torch.from_numpy(np.asarray(value, dtype=np.float32)) for name, value in content.items()}


def statistics_of(content: Dict[str, Tensor], path: Optional[str]) -> Dict[str, Tensor]:
    """``mean`` and ``std`` ``(30,)`` of a file, or nothing.

    Raises:
        ValueError: other content.
    """
    if path is None:
        return {}
    found = {name: content[name].flatten() for name in ('mean', 'std') if name in content}
    sizes = {name: len(value) for name, value in found.items()}
    if sizes != dict(mean=POSE_SIZE, std=POSE_SIZE) or not (found['std'] > 0).all() or not found['mean'].isfinite().all():
        raise ValueError(f'{path}: expected mean and std of {POSE_SIZE} finite numbers, std above 0, got {sizes or ", ".join(content)}')
    return found


def convert(variables: Dict[str, Tensor], *, mean: Optional[Tensor] = None, std: Optional[Tensor] = None) -> Dict:
    """Published variables to a checkpoint.

    Raises:
        ValueError: variables that are not known, some that are missing, or of another model.
    """
    state_dict = rename(variables)
    model = model_config(state_dict)
    if 'generator.transition.output.weight' in state_dict:
        state_dict = initial_critics(model) | state_dict
    joints = (POSE_SIZE // NUM_DIMS, NUM_DIMS)
    state_dict |= {
        'steps': torch.tensor(model['pose_steps']),
        'representation.mean': torch.zeros(joints) if mean is None else mean.reshape(joints),
        'representation.std': torch.ones(joints) if std is None else std.reshape(joints),
        'representation.place': torch.zeros(NUM_DIMS),
        'representation.length': torch.ones(()),
        'representation.score': torch.full((joints[0], ), -1.),
        'representation.image': torch.zeros(2, dtype=torch.long),
    }
    said = dict(skeleton=SKELETON)
    if model['num_classes'] == len(ACTIONS):
        said['classes'] = list(ACTIONS)
    return dict(state_dict=state_dict, meta=dict(source='SLT', model=model, dataset_meta=said))


def rename(variables: Dict[str, Tensor]) -> Dict[str, Tensor]:
    """Names and order of ours.

    Raises:
        ValueError: variables that are not known, a network in part, or no decoder.
    """
    wanted = {**{f'{name}/{part}': None for name in LINEARS for part in ('Matrix', 'bias')},
              **{f'{name}/{part}': None for name in CELLS for part in ('kernel', 'bias')},
              **{f'{DECODER}/g_bn0/{part}': None for part in NORM}}
    unknown = [name for name in variables if name not in wanted and not OF_OPTIMIZERS.fullmatch(name)]
    if unknown or f'{DECODER}/g_h0_lin/Matrix' not in variables:
        raise ValueError(f'these are no variables of SLT; names that are not known: {", ".join(unknown[:8]) or "none"}')
    _require_whole(variables, wanted)
    renamed = {}
    for name, ours in LINEARS.items():
        if f'{name}/Matrix' in variables:
            renamed |= {f'{ours}.weight': variables[f'{name}/Matrix'].T.contiguous(), f'{ours}.bias': variables[f'{name}/bias']}
    for name, (ours, suffix) in CELLS.items():
        if f'{name}/kernel' in variables:
            cell = torch_cell(variables[f'{name}/kernel'], variables[f'{name}/bias'])
            renamed |= {f'{ours}.{key}_l0{suffix}': value for key, value in cell.items()}
    renamed |= {f'decoder.norm.{ours}': variables[f'{DECODER}/g_bn0/{name}'] for name, ours in NORM.items()}
    return renamed | {'decoder.norm.num_batches_tracked': torch.tensor(0)}


def initial_critics(model: Dict) -> Dict[str, Tensor]:
    """Weights to begin with of the two networks that only training needs and a file may lack."""
    init_default_scope('mmagenc')
    weights = MODELS.build(model).state_dict()
    return {name: value for name, value in weights.items() if name.startswith(('critic.', 'pose_critic.'))}


def _require_whole(variables: Dict[str, Tensor], wanted: Dict[str, None]) -> None:
    """Raise ValueError where only a part of the decoder, of the pose critic, or of what the second stage trains is there."""
    for network in (DECODER, 'pose_discriminator', SHIFTS, 'discriminator'):
        names = [name for name in wanted if name.startswith(f'{network}/')]
        missing = [name for name in names if name not in variables]
        if missing and len(missing) < len(names):
            raise ValueError(f'there is no {", ".join(missing[:8])}')


def torch_cell(kernel: Tensor, bias: Tensor) -> Dict[str, Tensor]:
    """TensorFlow's cell (gates: input, candidate, forget, output; inputs above the hidden state) as PyTorch's (input, forget, candidate,
    output), with the forget bias in it and one bias a gate."""
    hidden = kernel.shape[1] // 4
    i, j, f, o = kernel.T.chunk(4)
    weight = torch.cat((i, f, j, o))
    i, j, f, o = bias.chunk(4)
    bias = torch.cat((i, f + FORGET_BIAS, j, o))
    return dict(weight_ih=weight[:, :-hidden].contiguous(), weight_hh=weight[:, -hidden:].contiguous(), bias_ih=bias,
                bias_hh=torch.zeros_like(bias))


def model_config(weights: Dict[str, Tensor]) -> Dict:
    """What the shapes say of the model. Without the second stage's networks, it is the published one's.

    Raises:
        ValueError: poses that are not the published ones.
    """
    pose_size, wide = weights['decoder.output.weight'].shape
    if pose_size != POSE_SIZE:
        raise ValueError(f'poses of {pose_size} numbers; the published ones have {POSE_SIZE}, {POSE_SIZE // NUM_DIMS} joints in the plane')
    sizes = dict(num_classes=len(ACTIONS), num_frames=50, noise_dim=64, hidden_dim=256)
    if 'generator.transition.output.weight' in weights:
        sizes = _sizes(weights)
    elif 'pose_critic.hidden.weight' in weights:
        sizes['num_classes'] = weights['pose_critic.hidden.weight'].shape[1] - pose_size
    latent_dim = weights['decoder.hidden.weight'].shape[1] - sizes['num_classes']
    representation = dict(type='KeypointRepresentation', skeleton=SKELETON, num_dims=NUM_DIMS, root_center=None)
    return dict(type='SLTGenerator', **sizes, latent_dim=latent_dim, wide_dim=wide, pooling='published', pose_steps=100_000,
                representation=representation)


def _sizes(weights: Dict[str, Tensor]) -> Dict[str, int]:
    """Of the second stage's networks."""
    num_classes = len(weights['generator.classifier.output.bias'])
    hidden = weights['generator.transition.rnn.weight_hh_l0'].shape[1]
    steps, rest = divmod(weights['generator.classifier.hidden.weight'].shape[1], 2 * hidden)
    if rest or steps < 1:
        raise ValueError(f'the classifier reads {weights["generator.classifier.hidden.weight"].shape[1]} numbers, which are no steps of '
                         f'{2 * hidden}')
    return dict(num_classes=num_classes, num_frames=steps + 1, hidden_dim=hidden,
                noise_dim=weights['generator.transition.rnn.weight_ih_l0'].shape[1] - num_classes)
