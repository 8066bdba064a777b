"""What ``mmagenc save-pretrained`` does; how it is called is in :mod:`mmagenc.commands.options.save_pretrained`."""

import argparse

from mmagenc.apis.folders import FILES, folder_outputs, save_pretrained
from mmagenc.apis.generator import Generator
from mmagenc.apis.hub import check_name, push_folder
from mmagenc.apis.inferencer import ModelInferencer
from mmagenc.apis.inits import trains_generator
from mmagenc.apis.recognizer import Recognizer
from mmagenc.apis.sources import find_source
from mmagenc.command_line import in_words
from mmagenc.engine.building import read_config
from mmagenc.engine.model_folder import read_table
from mmagenc.outputs import require_outputs


def load(args: argparse.Namespace) -> ModelInferencer:
    """The model that the command line names.

    Raises:
        ValueError: a config without a checkpoint, or something else than a generator or a recognizer.
    """
    source = find_source(args.source, args.checkpoint)
    if source.checkpoint is None:
        raise ValueError(f'{args.source}: a config needs a checkpoint: mmagenc save-pretrained CONFIG CHECKPOINT --out FOLDER')
    folder = source.config.get('model_folder')
    kind = read_table(folder)['kind'] if folder else 'generator' if trains_generator(read_config(source.config)) else 'recognizer'
    return (Recognizer if args.recognizer or kind == 'recognizer' else Generator)(source.config, source.checkpoint, device='cpu')


def run(args: argparse.Namespace) -> None:
    require_outputs('save-pretrained', folder_outputs(args.out, '--out'), inputs=[args.source, args.checkpoint], force=args.force)
    with in_words('save-pretrained', debug=args.debug):
        if args.push_to_hub is not None:
            check_name(args.push_to_hub)
        found = load(args)
        save_pretrained(found.model, args.out, name=args.name, force=args.force)
        kept = {key: number for key, number in read_table(args.out)['recordings'].items() if number}
        print(f'{found}\n{args.out}: {", ".join(FILES)}')
        if kept:
            print(f'Mind: its weights hold {" and ".join(f"{number} recorded {key}" for key, number in kept.items())}, as README.md says')
        if args.push_to_hub is not None:
            print(f'sent to {push_folder(args.out, args.push_to_hub)}')
