"""Every command for a shell in README, docs and the configs' READMEs is run: here, on files of made-up people, or by a test that runs the
command with these options (``covered.py``). What no test can run says so above its block, with the reason: ``<!-- not run: REASON -->``."""

import ast
import inspect
import io
import re
import shlex
import sys
from functools import lru_cache
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmagenc.apis.study.settings import BASE_DEFAULTS, DEFAULTS, read_settings
from mmagenc.commands.entry import parser_of, split_name, start
from mmagenc.commands.table import COMMANDS
from mmagenc.engine.config_check import RUNNER_KEYS, check_config, merge_options
from mmagenc.engine.config_file import read_config_file
from mmagenc.engine.config_types import parameters_of
from mmagenc.models.image_synthesis import PerceptualLoss
from tests.options_table import all_options, old_spellings
from tests.pages import ROOT

from . import covered, walks
from .test_examples import NOT_RUN, PAGES, SHELL, blocks, in_sentences, page_name, registered

END = re.compile(r'\s(?:\||&&|>|2>|>>|<)\s|;\s|\s#\s?|$')
"""What ends a command in a line."""
OURS = re.compile(r'(?:^|[\s;])(?:mmagenc|python -m mmagenc|python (?:\.\./)*(tools/[\w/]+\.py))(?=\s)')
OLD = {f'tools/{command.old}.py': name for name, command in COMMANDS.items() if command.old is not None}


class Told(NamedTuple):
    """A line for a shell.

    Args:
        page, line: where it stands.
        mark: the comment above its block.
        name, words: a command of ours and what stands behind it; no name for other lines.
    """

    page: str
    line: str
    mark: str
    name: Optional[str] = None
    words: Sequence[str] = ()

    @property
    def shortened(self) -> bool:
        """Whether some of its words are left out."""
        return '…' in self.words or any(word.startswith('[') for word in self.words)


def told(page: Path, *kinds: str) -> Iterator[Told]:
    """The lines of a page's blocks of these kinds, with the first value of each loop's variable."""
    for mark, text in blocks(page, *kinds):
        values = {name: words.split()[0] for name, words in re.findall(r'for (\w+) in ([^;]+);', text)}
        for line in filter(None, map(str.strip, re.sub(r'[ \t]*(?:#[^\n]*)?\\\n\s*', ' ', text).splitlines())):
            yield _told(page_name(page), line, mark, values)


def _told(page: str, line: str, mark: str, values: Dict[str, str]) -> Told:
    found = None if line.startswith('#') else OURS.search(line)
    if found is None or found[1] not in (None, *OLD):
        return Told(page, line, mark)
    rest = re.sub(r'\$\{?(\w+)\}?', lambda name: values.get(name[1], 'x'), line[found.end():])
    words = shlex.split(rest[:END.search(rest).start()])
    name, words = split_name(words) if found[1] is None else (OLD[found[1]], words)
    return Told(page, line, mark, name, words)


LINES = [each for page in PAGES for each in told(page, *SHELL)]


def plain(line: str) -> str:
    """A line without its comment."""
    return re.sub(r'\s+#\s.*', '', line)


def known_as(each: Told) -> str:
    """A line as a failing test names it."""
    return f'{each.page}: {each.line}'


# --- Read


SHOWN = [*LINES, *(each for page in PAGES for each in told(page, ''))]
"""With those of blocks that are shown and not for a shell."""


def test_there_are_commands():
    assert sum(each.name is not None for each in LINES) > 120 and any(each.name and 'python tools/' in each.line for each in LINES)


@pytest.mark.parametrize('page', dict.fromkeys(each.page for each in SHOWN if each.name))
def test_commands_are_read(page):
    """In both spellings, ``mmagenc NAME`` and ``python tools/NAME.py``, by their parsers; what is shortened is left out."""
    for each in (each for each in SHOWN if each.page == page and each.name and '…' not in each.line):
        parser_of(each.name).parse_args(['CONFIG.py' if word == 'CONFIG' else word for word in each.words])


# --- Run here


WALKS = {
    'README.md': (walks.poses_of_mmpose, ('import', 'inspect')),
    'configs/act_vae/README.md': (walks.penn_action, ('import-penn-action', )),
    'docs/act_vae.md': (walks.penn_action, ('import-penn-action', )),
    'docs/datasets.md': (walks.human36m, ('import-h36m', 'import-arrays')),
    'docs/deploy.md': (walks.streams, ('recognize', )),
    'docs/faq.md': (walks.poses_of_mmpose, ('import', )),
    'docs/import.md': (walks.the_first_hour, ('import', 'inspect')),
    'docs/kinetic_gan.md': (walks.arrays, ('import-arrays', )),
}
"""What is there before a page's commands, and which of them are run, one after the other."""


def is_walked(each: Told) -> bool:
    return each.page in WALKS and (each.name in WALKS[each.page][1] or each.line.startswith('echo '))


def walked(page: str) -> List[Told]:
    return [each for each in LINES if each.page == page and is_walked(each) and not each.mark.startswith(NOT_RUN)]


@pytest.mark.parametrize('page', WALKS)
def test_a_pages_commands_run_one_after_the_other(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = WALKS[page][0](tmp_path) or {}
    assert walked(page), f'{page} tells no such command'
    for each in walked(page):
        if each.name is None:
            text, file = re.fullmatch(r"echo '(.*)' > (\S+)", each.line).groups()
            Path(file).write_text(f'{text}\n')
            continue
        parsed = parser_of(each.name).parse_args(each.words)
        outs = [path for path in (parsed.out if isinstance(parsed.out, list) else [parsed.out]) if path] if hasattr(parsed, 'out') else []
        for path in map(Path, outs):  # of another walk of the page
            path.unlink(missing_ok=True)
        monkeypatch.setattr(sys, 'stdin', io.StringIO(given.get('stdin', '')))
        start(each.name, [given.get(word, word) for word in each.words])
        assert all(Path(path).stat().st_size for path in outs), each.line


# --- Run by other tests


@lru_cache
def definitions(file: str) -> Dict[str, ast.AST]:
    """Every function, class and constant of a module by name."""
    found = {}
    for node in ast.parse((ROOT / file).read_text(encoding='utf-8')).body:
        names = [node.name] if isinstance(node, (ast.FunctionDef, ast.ClassDef)) else [
            target.id for target in getattr(node, 'targets', []) if isinstance(target, ast.Name)]
        found.update(dict.fromkeys(names, node))
    return found


@lru_cache
def words_of(test: str) -> Set[str]:
    """The words in the texts of a test (``FILE::NAME``) and of all in its module that it uses: functions, fixtures, constants."""
    file, name = test.split('::')
    known, seen, waiting = definitions(file), set(), [name]
    while waiting:
        name = waiting.pop()
        if name in known and name not in seen:
            seen.add(name)
            waiting += [node.id if isinstance(node, ast.Name) else node.arg for node in ast.walk(known[name])
                        if isinstance(node, (ast.Name, ast.arg))]
    return {word for name in seen for node in ast.walk(known[name]) if isinstance(node, ast.Constant) and isinstance(node.value, str)
            for word in node.value.split()}


def shown_by(each: Told) -> Set[str]:
    """The options of a command, and the name of its part where it has parts."""
    actions = parser_of(each.name)._actions
    parts = {part for action in actions if isinstance(action.choices, dict) for part in action.choices}
    return {word.split('=')[0] for word in each.words if re.match(r'--[a-z]', word)} | ({*each.words[:1]} & parts)


RUN_ELSEWHERE = [each for each in LINES if not each.mark.startswith(NOT_RUN) and not is_walked(each)]


def said(page: Path) -> Iterator[Told]:
    """The commands in a page's sentences and tables, shortened or not."""
    for found in in_sentences(page):
        words = shlex.split(re.sub(r'\s+', ' ', found).replace("'", '').replace('…', ' '))
        if not words[0].endswith('-') and not (len(words) == 1 and any(name.startswith(f'{words[0]} ') for name in COMMANDS)):
            yield Told(page_name(page), found, '', *split_name(words))


ELSEWHERE = [*RUN_ELSEWHERE, *(each for page in PAGES for each in said(page))]


@pytest.mark.parametrize('page', dict.fromkeys(each.page for each in ELSEWHERE))
def test_commands_are_run_with_these_options(page):
    for each in (each for each in ELSEWHERE if each.page == page):
        if each.name is None:
            assert any(re.match(kind, plain(each.line)) for kind in covered.LINES), f'no test runs {known_as(each)}'
            continue
        tests = covered.COVERED.get(each.name, ())
        here = [shown_by(other) for other in LINES if other.name == each.name and is_walked(other) and not other.mark]
        missing = shown_by(each) - set().union(*map(words_of, tests), *here)
        assert tests and not missing, f'no test of covered.py runs {known_as(each)} with {", ".join(sorted(missing)) or "anything"}'


def test_no_page_tells_an_old_spelling():
    """They are taken still, and not shown by ``--help``."""
    old = {}
    for name, parser, action in all_options():
        found = {word for word in old_spellings(parser, action) if word.startswith('--')}
        old.setdefault(name if name in COMMANDS else name.split()[0], set()).update(found)
    assert [known_as(each) for each in [*LINES, *ELSEWHERE] if each.name and shown_by(each) & old[each.name]] == []


def test_the_tests_that_are_named_are_there():
    for test in (test for tests in (*covered.COVERED.values(), *covered.LINES.values()) for test in tests):
        file, name = test.split('::')
        assert name in definitions(file), test


def test_no_row_is_left_of_what_no_page_tells():
    assert {*covered.COVERED} <= {each.name for each in ELSEWHERE}
    lines = [plain(each.line) for each in RUN_ELSEWHERE if each.name is None]
    assert all(any(re.match(kind, line) for line in lines) for kind in covered.LINES)


def test_what_is_not_run_says_why():
    marks = {mark for page in PAGES for mark, _ in blocks(page, *SHELL) if mark}
    assert all(re.fullmatch(r'not run: .{10,}', mark) for mark in marks), marks
    skipped = [each for each in LINES if each.mark]
    assert len(skipped) <= 8, [known_as(each) for each in skipped]


# --- Configs and their options


TAKEN = {'': RUNNER_KEYS, 'study': DEFAULTS, 'study.base': BASE_DEFAULTS, 'randomness': ('seed', 'deterministic')}
"""Keys that are read whether a config has them or not."""
INNER = {
    'model.test_cfg': lambda kind: getattr(kind, 'test_defaults', ()),
    'model.perceptual': lambda kind: parameters_of(PerceptualLoss)[0]
}
"""What the class of a model takes in its settings that are dicts without a type."""


def fits(cfg: Config, key: str) -> bool:
    """Whether an option's key leads to what is in a config, or to an argument of a class that the config names."""
    *outer, last = key.split('.')
    if (outer or [last]) == ['compile']:  # of torch.compile; no config has it
        return not outer or last in inspect.signature(torch.compile).parameters
    value, place = cfg, '.'.join(outer)
    if place in INNER and registered(cfg.model.type):
        return last in INNER[place](registered(cfg.model.type))
    for name in outer:
        if isinstance(value, (list, tuple)) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        elif isinstance(value, (dict, Config)) and name in value:
            value = value[name]
        else:
            return False
    taken = TAKEN.get(place, ())
    if not isinstance(value, (dict, Config)) or last in value or last in taken:
        return isinstance(value, (dict, Config)) or isinstance(value, (list, tuple)) and last.isdigit() and int(last) < len(value)
    kind = registered(value['type']) if isinstance(value.get('type'), str) else None
    return kind is not None and last in parameters_of(kind)[0]


@lru_cache
def shipped(path: str) -> Config:
    init_default_scope('mmagenc')
    return read_config_file(ROOT / path)


def options_in(words: Sequence[str]) -> List[str]:
    """``KEY=VALUE`` behind ``--cfg-options``."""
    words = [*words, '--']
    ends = [index for index, word in enumerate(words) if word.startswith('--')]
    return [word for begin, end in zip(ends, ends[1:]) if words[begin] == '--cfg-options' for word in words[begin + 1:end] if '=' in word]


def configs_of(words: Sequence[str]) -> List[str]:
    return [word for word in words if word.startswith('configs/') and word.endswith('.py') and (ROOT / word).is_file()]


@pytest.mark.parametrize('page', dict.fromkeys(each.page for each in LINES if each.name and configs_of(each.words)))
def test_configs_with_their_options_are_what_the_command_takes(page):
    for each in (each for each in LINES if each.page == page and each.name and configs_of(each.words)):
        keys = [option.split('=', 1)[0] for option in options_in(each.words)]
        for path in configs_of(each.words):
            assert [key for key in keys if not fits(shipped(path), key)] == [], known_as(each)
            cfg = Config(shipped(path).to_dict())
            if not each.shortened and keys:
                merge_options(cfg, parser_of(each.name).parse_args(each.words).cfg_options)
            if each.name in ('train', 'test'):
                check_config(cfg, each.name)
            elif each.name == 'study':
                read_settings(cfg.study, Path(path))


def candidates(page: str) -> List[str]:
    """Configs that a page's options may be of, where its text names none: those beside it, or those of the ways in."""
    beside = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / page).parent.glob('*.py'))
    return beside if page.startswith('configs/') else [
        'configs/infagenc/own_2d.py', 'configs/infagenc/primitive_60f.py', 'configs/infagenc/bandai_namco.py', 'configs/studies/own.py',
        'configs/kinetic_gan/kinetic-gan_1xb32-1200e_ntu60-xsub-64f.py', 'configs/stgcn/stgcn_1xb16-rot6d-15e_primitive-60f.py',
        'configs/act_vae/act-vae-small-posterior_1xb128_penn.py']


def loose_options(page: Path) -> List[str]:
    """Options in the sentences of a page, and in commands that name no config of ours."""
    text = re.sub(r'^```.*?^```', '', page.read_text(encoding='utf-8'), flags=re.MULTILINE | re.DOTALL)
    spans = re.findall(r'`[^`]*?--cfg-options\s+([^`]*)`', text) + [found for found in in_sentences(page) if '--cfg-options' in found]
    words = [word for span in spans for word in span.replace('"', '').split() if re.match(r'[a-z_]\w*[.\w]*=', word)]
    return words + [option for each in LINES if each.page == page_name(page) and each.name and not configs_of(each.words)
                    for option in options_in(each.words)]


@pytest.mark.parametrize('page', [page for page in PAGES if loose_options(page)], ids=page_name)
def test_options_without_a_config_fit_one_that_is_there(page):
    for option in loose_options(page):
        key = option.split('=', 1)[0]
        assert key == 'key' or any(fits(shipped(path), key) for path in candidates(page_name(page))), option


# --- Checkpoints


def checkpoints() -> Iterator[Tuple[Path, str, int]]:
    """Page or config, the config of ours that trains, and the epoch, of each checkpoint that a text names."""
    for path in [*PAGES, *sorted((ROOT / 'configs').glob('*/*.py'))]:
        for name, epoch in re.findall(r'work_dirs/(?:\w+/)*([\w-]+)/epoch_(\d+)\.pth', path.read_text(encoding='utf-8')):
            for config in (ROOT / 'configs').glob(f'*/{name}.py'):
                if config.parent.name != 'studies':
                    yield path, config.relative_to(ROOT).as_posix(), int(epoch)


def test_trainings_leave_the_checkpoints_that_are_named():
    """The last epoch's, or one of the interval's."""
    found = list(checkpoints())
    assert len(found) > 8
    for path, config, epoch in found:
        last, interval = shipped(config).train_cfg.max_epochs, shipped(config).default_hooks.checkpoint.interval
        assert epoch == last or epoch < last and epoch % interval == 0, f'{path}: {config} leaves no epoch_{epoch}.pth'
