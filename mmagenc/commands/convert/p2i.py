"""Turn published weights of ACT-VAE's pose-to-image network into one checkpoint of this package.

    mmagenc convert p2i 0299_generator_00100000.pt OURS.pth [--discriminator 0299_classifier_00100000.pt]

The result is ``{'state_dict': …, 'meta': …}`` for ``PoseToImage`` (``load_from``, or the checkpoint argument of the tools); ``meta.model``
says of which size. The published ACT-VAE beside it is converted with mmagenc convert act-vae. Weights are read with ``weights_only=True``:
nothing in the files is run.
"""

import argparse
import re
from typing import Dict, Optional

import torch
from torch import Tensor

from mmagenc.command_line import in_words
from mmagenc.evaluation.checkpoints import CHECKPOINT_SUFFIXES, converting, load_weights, published_weights, write_checkpoint
from mmagenc.models.image_synthesis.p2i_networks import P2IDiscriminator, P2INetwork
from mmagenc.outputs import Output, require_outputs

PARAMETERS = r'(?P<rest>weight|bias|running_mean|running_var|num_batches_tracked)'
STATISTICS = r'(?P<rest>running_mean|running_var|num_batches_tracked)'
# Pattern, name of ours, and how many layers fewer ours counts up to there: published lists count the padding before a convolution as one.
GENERATOR_RULES = [
    (rf'model_stream1_down\.(?P<n>[1-9])\.{PARAMETERS}', 'image_stem.{n}.{rest}', 1),
    (rf'model_stream2_down\.(?P<n>[1-9])\.{PARAMETERS}', 'pose_stem.{n}.{rest}', 1),
    (rf'att\.(?P<block>\d+)\.conv_block_stream1\.(?P<n>[12])\.{PARAMETERS}', 'blocks.{block}.image.{n}.{rest}', 1),
    (rf'att\.(?P<block>\d+)\.conv_block_stream1\.(?P<n>[56])\.{PARAMETERS}', 'blocks.{block}.image.{n}.{rest}', 2),
    (rf'att\.(?P<block>\d+)\.conv_block_stream2\.(?P<n>[12])\.{PARAMETERS}', 'blocks.{block}.pose.{n}.{rest}', 1),
    (rf'att\.(?P<block>\d+)\.conv_block_stream2\.(?P<n>5)\.{PARAMETERS}', 'blocks.{block}.pose.{n}.{rest}', 2),
    (r'model_stream1_up_(?P<n>[12])\.0\.(?P<rest>weight|bias)', 'up.{n}.{rest}', 1),
    (rf'model_stream1_up_(?P<n>[12])_bn\.bn\.{STATISTICS}', 'up_norm.{n}.{rest}', 1),
    (r'model_stream1_up_(?P<n>[12])_bn\.embed\.(?P<rest>weight)', 'up_norm.{n}.embedding.{rest}', 1),
    (r'model_stream1_up\.(?P<n>1)\.(?P<rest>weight|bias)', 'output.{rest}', 1),
]
DISCRIMINATOR_RULES = [
    (rf'model1\.(?P<n>[12])\.{PARAMETERS}', 'stem.{n}.{rest}', 1),
    (rf'model2\.(?P<n>[01])\.{PARAMETERS}', 'down.0.{n}.{rest}', 0),
    (rf'model3\.(?P<n>[01])\.{PARAMETERS}', 'down.1.{n}.{rest}', 0),
    (rf'model4\.(?P<n>[01])\.{PARAMETERS}', 'down.2.{n}.{rest}', 0),
    (rf'model_res\.(?P<block>\d+)\.conv_block\.(?P<n>[12])\.{PARAMETERS}', 'blocks.{block}.layers.{n}.{rest}', 1),
    (rf'model_res\.(?P<block>\d+)\.conv_block\.(?P<n>[56])\.{PARAMETERS}', 'blocks.{block}.layers.{n}.{rest}', 2),
]


def run(args: argparse.Namespace) -> None:
    require_outputs('convert p2i', [Output('--out', args.out, CHECKPOINT_SUFFIXES)], inputs=[args.generator, args.discriminator],
                    force=args.force)
    with in_words('convert p2i', debug=args.debug):
        generator = published_weights(args.generator)
        discriminator = published_weights(args.discriminator) if args.discriminator else None
        with converting(args.generator if discriminator is None else f'{args.generator}, {args.discriminator}'):
            checkpoint = convert(generator, discriminator)
        write_checkpoint(checkpoint, args.out)
    print(f'{args.out}: {checkpoint["meta"]["model"]}, {len(checkpoint["state_dict"])} tensors')


def convert(generator: Dict[str, Tensor], discriminator: Optional[Dict[str, Tensor]] = None) -> Dict:
    """Published state dicts to a checkpoint; a discriminator that is not given begins anew when training goes on.

    Raises:
        ValueError: weights of another model, or networks that do not belong together.
    """
    renamed = rename(generator, GENERATOR_RULES, 'generator')
    model = model_config(renamed)
    renamed = with_counters(renamed)
    load_weights(P2INetwork(**{name: size for name, size in model.items() if name != 'type'}), renamed, source='the generator')
    state_dict = {f'generator.{name}': value for name, value in renamed.items()}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)  # of a discriminator that is not given: the same file each time
        network = P2IDiscriminator(num_joints=model['num_joints'], channels=model['channels'])
    if discriminator is not None:
        found = with_counters(rename(discriminator, DISCRIMINATOR_RULES, 'discriminator'))
        load_weights(network, found, source='the discriminator')
    state_dict |= {f'discriminator.{name}': value for name, value in network.state_dict().items()}
    return dict(state_dict=state_dict, meta=dict(source='ACT-VAE (pose to image)', model=model))


def rename(weights: Dict[str, Tensor], rules, network: str) -> Dict[str, Tensor]:
    """Names of ours, with or without the published name of the whole network before each, in float32.

    Raises:
        ValueError: keys that no rule matches, or none at all.
    """
    renamed, unknown = {}, []
    for key, value in weights.items():
        bare = re.sub(r'^(generator|discriminator|classifier)\.', '', key)
        name = next(filter(None, (renamed_by(rule, bare) for rule in rules)), None)
        if name is None:
            unknown.append(key)
        else:
            renamed[name] = value.float() if value.is_floating_point() else value
    if unknown or not renamed:
        raise ValueError(f'this is no {network} of the pose-to-image network; keys that are not known: {", ".join(unknown[:8]) or "none"}')
    return renamed


def renamed_by(rule, key: str) -> Optional[str]:
    pattern, name, fewer = rule
    match = re.fullmatch(pattern, key)
    return match and name.format(**{**match.groupdict(), 'n': int(match['n']) - fewer})


def with_counters(weights: Dict[str, Tensor]) -> Dict[str, Tensor]:
    """Weights with the counters of batches that PyTorch's batch norms have had since 0.4.1, and older files lack."""
    counters = {name.replace('running_mean', 'num_batches_tracked'): torch.tensor(0) for name in weights if name.endswith('running_mean')}
    return {**counters, **weights}


def model_config(weights: Dict[str, Tensor]) -> Dict:
    """What the shapes say of the model."""
    channels, maps = weights['pose_stem.0.weight'].shape[:2]
    blocks = {name.split('.')[1] for name in weights if name.startswith('blocks.')}
    return dict(type='PoseToImage', num_joints=maps // 2, num_classes=weights['up_norm.0.embedding.weight'].shape[0], channels=channels,
                num_blocks=len(blocks))
