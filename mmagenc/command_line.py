"""What all tools have in common on the command line: words for errors, ``--debug``, ``KEY=VALUE`` settings, names to choose from.

Imports nothing heavy, so that ``--help`` and a misspelt option are answered before PyTorch and OpenMMLab are imported.
"""

import argparse
import io
import os
import re
import select
import sys
import time
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Optional, Sequence, TextIO

from mmagenc.arguments import count, index

REFUSALS = (ValueError, OSError, ImportError)
"""Errors that a user can mend: values, files, packages that are not there. Whatever else is raised is a mistake in a program."""
RANKS = dict(none='', pytorch='RANK', slurm='SLURM_PROCID', mpi='OMPI_COMM_WORLD_RANK')
"""Where each launcher says which of its processes this one is."""
DICT = re.compile(r'(^|[\[(,])\s*(\{[^}]*:|dict\()')
"""A value of ``--cfg-options`` that is written as a dict, or holds one."""
LOOSE = re.compile(r'(?<=[\[(,]) +| +(?=[\]),])')
"""Spaces in such a value that part its elements and are in none."""
SPACE, COMMA = '\ufdd0', '\ufdd1'
"""What stands for a space or a comma of an element while MMEngine reads it: characters that no text has."""
QUOTED = re.compile(r"""(?<=[\[(,])(\s*)('[^'\[(][^']*'|"[^"\[(][^"]*")(?=\s*[\]),])""")
"""An element of a list between quotes, which is one text for all its commas."""
LAYOUT_KEYS = ('skeleton', 'keypoint_skeleton', 'layout', 'target')
"""Names of settings that are layouts of keypoints, such as ``coco17 without left_ankle, right_ankle``."""
PATIENCE = 5.
"""Seconds that other processes of a training leave the main one to say what is wrong, before they say it themselves."""
READER_GONE = 141
"""Exit code where nobody reads what is printed any more: 128 and the number of SIGPIPE, as shells have it."""
LONGEST_WAIT = 10.
"""Seconds for which output is kept at most, see :func:`waiting_output`."""

GAP_METHODS = ('linear', 'spline')
THIRD_COORDINATES = ('score', 'depth')
SECOND_BODY = ('none', 'zeros', 'copy')
"""Names that options choose from; their meaning is in :mod:`mmagenc.datasets.gaps`, :mod:`mmagenc.datasets.third_coordinate` and
:mod:`mmagenc.datasets.readers.ntu_cleaning`."""
MIN_LENGTH = 16
"""Fewest frames of a clip that has to be cut at a gap."""


class Parser(argparse.ArgumentParser):
    """What can be typed behind a command.

    Args:
        name: of the command, as it is typed; ``None`` leaves that to ``prog``.
        check: called with the parser and what it has read, to refuse with ``parser.error`` what does not go together.
        **kwargs: of :class:`argparse.ArgumentParser`.
    """

    def __init__(self, name: Optional[str] = None, *, check: Optional[Callable] = None, **kwargs) -> None:
        super().__init__(**(kwargs if name is None else dict(prog=f'mmagenc {name}', **kwargs)))
        self._check = check

    def parse_args(self, args: Optional[Sequence[str]] = None, namespace: Optional[argparse.Namespace] = None) -> argparse.Namespace:
        found, rest = self.parse_known_args(args, namespace)
        rest = self._late_arguments(found, rest)
        if rest:
            self.error(f'unrecognized arguments: {" ".join(rest)}')
        if self._check is not None:
            self._check(self, found)
        return found

    def _get_nargs_pattern(self, action: argparse.Action) -> str:
        """How argparse finds an option's words; of those that take one or two, the words behind stay for the command's arguments."""
        return '(-*A-*A?)' if getattr(action, 'one_or_two', False) else super()._get_nargs_pattern(action)

    def _late_arguments(self, found: argparse.Namespace, rest: Sequence[str]) -> Sequence[str]:
        """What is left of words after those are taken that argparse overlooks: an argument that may be left out, behind an option."""
        waiting = [action for action in self._actions if not action.option_strings and action.nargs == argparse.OPTIONAL
                   and action.help != argparse.SUPPRESS and getattr(found, action.dest) is None]
        if len(rest) != len(waiting) or any(word.startswith('-') for word in rest):
            return rest
        for action, word in zip(waiting, rest):
            setattr(found, action.dest, self._get_value(action, word))
        return []


def add_debug(parser: argparse.ArgumentParser) -> None:
    """``--debug``, for :func:`in_words`."""
    parser.add_argument('--debug', action='store_true', help='show where in the program an error arose, not its message alone')


def print_left_out(reasons: Sequence[str], shown: Optional[int] = None) -> None:
    """Say on stderr what an import left out and why, a line each, if anything: at most ``shown`` of them."""
    if reasons:
        more = [f'… and {len(reasons) - shown} more'] if shown is not None and len(reasons) > shown else []
        print('\n  '.join([f'left out {len(reasons)}:', *reasons[:shown], *more]), file=sys.stderr)


def is_first(launcher: str) -> bool:
    """Whether this process is the main one of those that a launcher started."""
    return not int(os.environ.get(RANKS.get(launcher, ''), '').strip() or 0)


def warn(text) -> None:
    """Say a warning, if there is one, beside what is printed."""
    if text:
        print(f'warning: {text}', file=sys.stderr)


@contextmanager
def warnings_in_words() -> Iterator[None]:
    """What the library warns its callers of, without the line of the program that stands there; others' warnings as they come."""
    found = []
    try:
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter('default')
            yield
    finally:  # before an error, too, which they may explain
        for warning in found:
            if warning.category is UserWarning:
                warn(warning.message)
            else:
                warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)


@contextmanager
def in_words(tool: str, *, debug: bool = False, code: int = 1, launcher: str = 'none') -> Iterator[None]:
    """Say an error that a user can mend in one message at the end, and leave with an exit code.

    Of several processes the main one says it. The others wait for that, since launchers end all of a training with the first that ends,
    and then say what they have to say themselves: the main one may have met nothing.

    Args:
        tool: begins the message.
        debug: let the error pass, so that its traceback is shown.
        code: of the exit; an error with a larger ``status`` of its own leaves with that.
        launcher: how the processes of this run were started.
    """
    try:
        yield
    except REFUSALS as error:
        if debug or isinstance(error, BrokenPipeError) and reader_is_gone():  # of which the command's end is quiet
            raise
        message, code = f'{tool}: {describe(error)}', max(code, getattr(error, 'status', 0))
    else:
        return
    if not is_first(launcher):
        time.sleep(PATIENCE)
    if code == 1:
        raise SystemExit(message)  # which Python prints
    print(message, file=sys.stderr, flush=True)
    raise SystemExit(code)


def reader_is_gone() -> bool:
    """Whether nobody reads any more what is printed, as after ``mmagenc … | head``."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
        return any(event & select.POLLERR for _, event in poll.poll(0))
    except (AttributeError, OSError, ValueError):  # no such call on this system, or no file
        return False


@contextmanager
def quiet_without_reader() -> Iterator[None]:
    """End as programs do whose reader has gone: without a word, and not with success."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        if not reader_is_gone():
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left to write, Python writes at its end
        raise SystemExit(READER_GONE) from None


def describe(error: BaseException) -> str:
    """The message of an error; that of the operating system with the file first and without its number."""
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f'{os.fsdecode(error.filename) if not isinstance(error.filename, int) else error.filename}: {error.strerror}'
    if isinstance(error, KeyError) and error.args:
        return str(error.args[0])
    return str(error) or type(error).__name__


class WaitingOutput(io.TextIOBase):
    """A text stream that keeps what is written to it until it is released.

    Args:
        stream: where it goes then.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._kept, self._since = stream, [], time.monotonic()

    def write(self, text: str) -> int:
        if self._kept is None:
            return self._stream.write(text)
        self._kept.append(text)
        if time.monotonic() - self._since > LONGEST_WAIT:
            self.release()
        return len(text)

    def release(self) -> None:
        """Let go what was kept, and all that follows."""
        kept, self._kept = self._kept, None
        if kept:
            self._stream.write(''.join(kept))
            self._stream.flush()

    def drop(self) -> None:
        """Forget what was kept; what follows is let through."""
        self._kept = None

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    def writable(self) -> bool:
        return True

    @property
    def encoding(self) -> str:
        return self._stream.encoding


@contextmanager
def waiting_output() -> Iterator[WaitingOutput]:
    """Standard output that waits until the work has really begun, so that a mistake is not said below hundreds of lines of log.

    What was kept is dropped where the work ends in one of :data:`REFUSALS` before; after any other error, and at the end, it is shown.
    """
    output, before = WaitingOutput(sys.stdout), sys.stdout
    sys.stdout = output
    try:
        yield output
    except REFUSALS:
        output.drop()
        raise
    finally:
        output.release()
        sys.stdout = before


class KeyValue(argparse.Action):
    """``--cfg-options KEY=VALUE …``, as MMEngine's ``DictAction`` reads them, which is imported when there are some.

    But for spaces: MMEngine takes all of them out, so that ``my clips.npz`` was another file, and ``1 2`` the number 12. Here only those
    go that stand at the ends, behind an opening bracket or a comma, and before a closing one. And but for the commas of a layout that is
    taken without keypoints (:mod:`mmagenc.skeletons.without`) and of a quoted element of a list, which MMEngine parts there.
    """

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        for word in values:
            key, equals, value = word.partition('=')
            if not equals or not all(key.split('.')):
                parser.error(f'argument {option_string}: {word!r} is no KEY=VALUE, such as model.num_classes=5')
            if any(value.count(left) != value.count(right) for left, right in ('()', '[]')):
                parser.error(f'argument {option_string}: {word!r} has a bracket without its other half; lists are KEY=[a,b]')
            if DICT.search(value):
                parser.error(f'argument {option_string}: {word!r} is a dict, which is given key by key: KEY.a=1 KEY.b=2, in a list '
                             'KEY.0.a=1')
        from mmengine.config import DictAction
        words = [(key, LOOSE.sub('', _with_whole_texts(key, value.strip()))) for key, _, value in (word.partition('=') for word in values)]
        try:
            DictAction(self.option_strings, self.dest)(
                parser, namespace, [f'{key}={value.replace(" ", SPACE)}' for key, value in words], option_string)
            setattr(namespace, self.dest, _with_spaces(getattr(namespace, self.dest)))
        except RecursionError:  # a comma between brackets behind a word
            parser.error(f'argument {option_string}: brackets around a comma make a list or tuple of their own, KEY=[a,b] or KEY="(a,b)", '
                         f'and stand behind nothing; got {" ".join(values)}')


def _with_whole_texts(key: str, value: str) -> str:
    """The value of an option without the commas at which it is not to be parted."""
    if key.rpartition('.')[2] in LAYOUT_KEYS and ' without ' in value and not any(bracket in value for bracket in '[]()'):
        return value.replace(',', COMMA)
    return QUOTED.sub(lambda match: match[0].replace(',', COMMA), value)


def _with_spaces(value: Any) -> Any:
    """The values of options with their spaces and commas."""
    if isinstance(value, dict):
        return {key: _with_spaces(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_with_spaces, value))
    return value.replace(SPACE, ' ').replace(COMMA, ',') if isinstance(value, str) else value


def add_gap_options(parser: argparse.ArgumentParser) -> None:
    """``--fill-gaps``, ``--gap-method`` and ``--min-length``, for :func:`mmagenc.datasets.mending.gap_mending`."""
    parser.add_argument('--fill-gaps', type=index, metavar='N', help='fill gaps (NaN, score 0) of up to N frames, and cut clips with '
                        'longer ones to their longest whole stretch (default: nothing is filled)')
    parser.add_argument('--gap-method', choices=GAP_METHODS, default='linear', help='how gaps are filled (default: %(default)s)')
    parser.add_argument('--min-length', type=count, default=MIN_LENGTH, metavar='N',
                        help='fewest frames of a clip that has to be cut (default: %(default)s)')


def process_environment() -> Dict[str, str]:
    """The environment of a process that runs a command with this interpreter (``-m mmagenc NAME``), where nothing is installed too."""
    path = os.pathsep.join([str(Path(__file__).resolve().parents[1]), *filter(None, [os.environ.get('PYTHONPATH')])])
    return {'MPLBACKEND': 'Agg', **os.environ, 'PYTHONPATH': path}
