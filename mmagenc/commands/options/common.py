"""Options that several commands have, by one name, one value and one default; what a command says of its own is a part of their help."""

import argparse
from typing import Callable, Optional, Union

from mmagenc.arguments import count, device, positive, seed
from mmagenc.command_line import KeyValue, Parser

Options = Union[argparse.ArgumentParser, argparse._ArgumentGroup]
LAUNCHERS = ('none', 'pytorch', 'slurm', 'mpi')
UP = ('y', '-y', 'z', '-z')


def accept_old(parser: Options, action: argparse.Action, spelling: str) -> None:
    """Let an option be given by a name that it had, which help does not show."""
    parser._option_string_actions[spelling] = action


def add_out(parser: Parser, what: str, *, metavar: str = 'FILE', old: Optional[str] = None, **kwargs) -> None:
    """``--out``: the file or folder that is written.

    Args:
        parser: of the command.
        what: help.
        metavar: ``'FILE'``, with a suffix where there is one, or ``'FOLDER'``.
        old: spelling that it had, which works on and is not shown.
        **kwargs: of ``add_argument``.
    """
    action = parser.add_argument('--out', metavar=metavar, help=what, **kwargs)
    if old is not None:
        accept_old(parser, action, old)


def add_target(parser: Parser, what: str = 'checkpoint to write, .pth or .pt') -> None:
    """``--out FILE`` of a converter, which the last of its arguments may name too, as it did before; for :func:`take_target`."""
    parser.add_argument('target', nargs='?', help=argparse.SUPPRESS)
    add_out(parser, what)


def take_target(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """The file that a converter writes, however it is named."""
    if (args.out is None) == (args.target is None):
        both = f'the file to write is given twice: --out {args.out}, {args.target}'
        parser.error('the following arguments are required: --out' if args.out is None else both)
    args.out = args.target if args.out is None else args.out


def add_numbers(parser: Parser) -> None:
    """``--out FILE.json`` of a command that prints its numbers."""
    add_out(parser, 'also write the numbers as JSON (default: they are printed only)', metavar='FILE.json', old='--json')


class PassedOn(KeyValue):
    """``KEY=VALUE`` settings, and the words themselves for the processes that a command starts."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        super().__call__(parser, namespace, values, option_string)
        namespace.words_of_cfg_options = [*namespace.words_of_cfg_options, *values]


def add_passed_on_options(parser: Parser, of: str, example: str) -> None:
    """``--cfg-options`` of a command that starts others: ``words_of_cfg_options`` has them as they were typed."""
    add_cfg_options(parser, of, example, PassedOn)
    parser.set_defaults(words_of_cfg_options=[])


def add_cfg_options(parser: Parser, of: str = 'the config', example: str = 'model.num_frames=60 or key="[a,b]"', action=KeyValue) -> None:
    """``--cfg-options``, as in MMAction2."""
    parser.add_argument('--cfg-options', nargs='+', action=action, metavar='KEY=VALUE',
                        help=f'override settings of {of}, such as {example}')


def add_device(parser: Parser, who: str) -> None:
    """``--device``, for :func:`mmagenc.apis.chosen_device`."""
    parser.add_argument('--device', type=device, default='auto', metavar='DEVICE',
                        help=f'where {who} runs: auto (the GPU if there is one), cpu, cuda or cuda:1 (default: %(default)s)')


def add_model(parser: Parser) -> None:
    """``CONFIG CHECKPOINT``, or a folder of ``save-pretrained`` alone; for :func:`mmagenc.apis.inits.read_model_config`."""
    parser.add_argument('config', help="the generator's config file, or a folder of mmagenc save-pretrained, which needs no checkpoint")
    parser.add_argument('checkpoint', nargs='?', help='its checkpoint file')


def add_recognizer(parser: Parser, what: str, **kwargs) -> None:
    """``--recognizer CONFIG CHECKPOINT``, or a folder of ``save-pretrained`` alone; for :func:`mmagenc.apis.inits.read_model_config`."""
    parser.add_argument('--recognizer', nargs='+', action=OneOrTwo, metavar=('CONFIG', 'CHECKPOINT'),
                        help=f'{what}: config and checkpoint, or a folder of mmagenc save-pretrained', **kwargs)


class OneOrTwo(argparse.Action):
    """One word or two, as two of which the second may be ``None``."""

    one_or_two = True

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        setattr(namespace, self.dest, [*values, None][:2])


def add_seed(parser: Options, what: str, default: Optional[int] = 0, said: str = '%(default)s') -> None:
    """``--seed``."""
    parser.add_argument('--seed', type=seed, default=default, metavar='N', help=f'{what} (default: {said})')


def add_fps(parser: Options, what: str, default: Optional[float] = None, said: str = '%(default)s') -> None:
    """``--fps``, in frames a second."""
    parser.add_argument('--fps', type=positive, default=default, metavar='FPS', help=f'frames a second {what} (default: {said})')


def add_num_frames(parser: Options, what: str, default: Optional[int] = None, said: str = '%(default)s',
                   old: Optional[str] = None) -> None:
    """``--num-frames``: frames of a clip."""
    _add_count(parser, '--num-frames', f'frames {what}', default, said, old)


def add_num_samples_per_class(parser: Options, what: str, default: Optional[int] = None, said: str = '%(default)s',
                              old: Optional[str] = None) -> None:
    """``--num-samples-per-class``: clips of each class."""
    _add_count(parser, '--num-samples-per-class', f'clips of each class {what}'.rstrip(), default, said, old)


def add_num_samples(parser: Options, default: Optional[int], said: str = '%(default)s') -> None:
    """``--num-samples``: different results for one input."""
    _add_count(parser, '--num-samples', 'different predictions', default, said)


def _add_count(parser: Options, name: str, what: str, default: Optional[int], said: str, old: Optional[str] = None,
               kind: Callable = count) -> None:
    action = parser.add_argument(name, type=kind, default=default, metavar='N', help=f'{what} (default: {said})')
    if old is not None:
        accept_old(parser, action, old)


def add_processes(parser: Parser, default: int) -> None:
    """``--processes``: how many work at a time."""
    _add_count(parser, '--processes', 'worker processes', default, '%(default)s, by the CPUs')


def add_up(parser: Parser, what: str, said: str, choices=UP, default: Optional[str] = None) -> None:
    """``--up``: an axis."""
    parser.add_argument('--up', choices=choices, default=default, help=f'axis {what} that points up (default: {said})')


def add_launcher(parser: Options, what: str = 'who started the processes of this job') -> None:
    """``--launcher``, and the hidden ``--local-rank`` that PyTorch's launcher gives."""
    parser.add_argument('--launcher', choices=LAUNCHERS, default='none', help=f'{what} (default: %(default)s)')
    parser.add_argument('--local-rank', '--local_rank', type=int, default=0, help=argparse.SUPPRESS)


def add_resamples(parser: Parser, kind: Callable) -> None:
    """``--resamples`` and ``--seed`` of a bootstrap."""
    _add_count(parser, '--resamples', 'draws of the bootstrap', 1000, '%(default)s', kind=kind)
    add_seed(parser, 'of the bootstrap')
