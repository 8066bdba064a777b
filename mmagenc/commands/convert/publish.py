"""Write the weights of a checkpoint without what only training needs, as safetensors or as ``.pth``.

    mmagenc convert publish work_dirs/primitive_60f/epoch_1300.pth cvae.safetensors
    mmagenc convert publish work_dirs/primitive_60f/epoch_1300.pth judge.safetensors --recognizer
    mmagenc convert publish cvae.safetensors cvae.pth

What is written starts a training (``load_from``), is tested, and generates, wherever a ``.pth`` does; a training cannot be resumed from it.
Optimizers, pools and logs are left out. Classes, skeleton and frame rate, the config's text, the versions and where the weights are from go
along: in safetensors' metadata, with a checksum that is compared when the file is read. A checkpoint of InfAGenC holds two models, the
generator and (``--recognizer``) its judge. Nothing in a checkpoint is run.
"""

import argparse
import json
from pathlib import Path
from typing import Dict, List, Mapping, Tuple

from torch import Tensor

from mmagenc.command_line import in_words
from mmagenc.evaluation import checkpoints
from mmagenc.evaluation.checkpoints import LOOP_KEY, SUFFIXES, load_checkpoint, model_weights, recognizer_weights
from mmagenc.outputs import Output, require_outputs

EMA_KEY = 'ema_state_dict'  # where MMEngine's EMAHook keeps the weights of the last step; its averages are the checkpoint's own
TRAINING = ('epoch', 'iter', 'seed', 'experiment_name', 'time', 'mmengine_version', 'model')
"""Of a checkpoint's ``meta``, what goes along beside data and config."""


def chosen_weights(checkpoint: Mapping, args: argparse.Namespace) -> Dict[str, Tensor]:
    """The weights of one model.

    Raises:
        ValueError: the checkpoint does not hold what is asked for.
    """
    if args.recognizer:
        if LOOP_KEY not in checkpoint:
            raise ValueError(f'--recognizer: {args.source} is no checkpoint of InfAGenC; without the option its one model is written')
        if not checkpoints.recognizer_fitted(checkpoint):
            raise ValueError(f'--recognizer: that of {args.source} has learnt nothing yet, the loop had not begun')
        return recognizer_weights(checkpoint)
    weights = model_weights(checkpoint)
    if args.last:
        if EMA_KEY not in checkpoint:
            raise ValueError(f'--last: {args.source} holds no averages of EMAHook; without the option its weights are written')
        weights.update({name: value for name, value in model_weights(dict(state_dict=checkpoint[EMA_KEY])).items() if name in weights})
    return weights


def described(checkpoint: Mapping, args: argparse.Namespace) -> Tuple[Dict, List[str]]:
    """What goes along with the weights, and what of the checkpoint's ``meta`` cannot."""
    meta = checkpoint.get('meta')
    meta = meta if isinstance(meta, Mapping) else {}
    dataset_meta, left_out = plain_part(meta.get('dataset_meta') or {})
    training, _ = plain_part({key: meta[key] for key in TRAINING if key in meta})
    texts = dict(config=meta.get('cfg') or meta.get('config'), source=meta.get('source') or Path(args.source).name)
    part = 'recognizer' if args.recognizer else meta.get('part', 'model')
    texts = {key: value for key, value in texts.items() if isinstance(value, str)}
    return dict(dataset_meta=dataset_meta, training=training, part=part, made_by='publish_model.py of mmagenc', **texts), left_out


def plain_part(table: Mapping) -> Tuple[Dict, List[str]]:
    """What of a table can be written as JSON, and the keys of the rest."""
    kept, left_out = {}, []
    for key, value in table.items():
        value = value.tolist() if hasattr(value, 'tolist') else value
        try:
            kept[str(key)] = json.loads(json.dumps(value, allow_nan=False))
        except (TypeError, ValueError):
            left_out.append(str(key))
    return kept, left_out


def run(args: argparse.Namespace) -> None:
    require_outputs('convert publish', [Output('--out', args.out, SUFFIXES)], inputs=[args.source], force=args.force)
    with in_words('convert publish', debug=args.debug):
        checkpoint = load_checkpoint(args.source)
        weights = chosen_weights(checkpoint, args)
        meta, left_out = described(checkpoint, args)
        checkpoints.save_weights(weights, args.out, meta=meta)
    if left_out:
        print(f'left out of what is said of the data, being no plain values: {", ".join(left_out)}')
    numbers = sum(weight.numel() for weight in weights.values())
    print(f'{args.out}: {len(weights)} tensors, {numbers} numbers, {len(meta["dataset_meta"].get("classes") or [])} classes named')
