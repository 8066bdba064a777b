"""Everything in README, docs and the configs' READMEs that a reader may copy: Python is run, configs and commands are read by what reads
them. What is not run says so, with the reason, in a comment above it: ``<!-- not run: REASON -->``."""

import ast
import importlib
import re
import shlex
import shutil
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from mmengine.registry import init_default_scope

import mmagenc.registry
from mmagenc.commands.entry import split_name
from mmagenc.commands.table import COMMANDS
from mmagenc.datasets import load_annotation
from mmagenc.engine.config_types import parameters_of
from tests.options_table import all_options
from tests.pages import ROOT
from tests.test_apis.configs import write_work_folder

PAGES = sorted([ROOT / 'README.md', *(ROOT / 'docs').rglob('*.md'), *(ROOT / 'configs').rglob('*.md')])
FENCE = re.compile(r'^(?:<!-- (?P<mark>[^\n]*) -->\n)?```(?P<kind>[^\n`]*)\n(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL)
SHELL = ('bash', 'sh', 'shell', 'console')
NOT_RUN = 'not run: '
RUN_ELSEWHERE = ('docs/api.md', )
"""Pages whose examples a test of their own runs, one after the other."""


def blocks(page, *kinds):
    """Mark and text of a page's blocks of code."""
    return [(found['mark'] or '', found['text']) for found in FENCE.finditer(page.read_text(encoding='utf-8')) if found['kind'] in kinds]


def page_name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def is_config(code: str) -> bool:
    """Whether a block only assigns plain values and dicts, as a config does."""
    tree = ast.parse(code)
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return all(isinstance(node, (ast.Assign, ast.Expr)) for node in tree.body) and all(
        isinstance(call, ast.Name) and call.id == 'dict' for call in calls)


def test_no_block_is_passed_over():
    """A block whose beginning is not known would make its end a beginning."""
    for page in PAGES:
        text = page.read_text(encoding='utf-8')
        assert 2 * len(FENCE.findall(text)) == len(re.findall('^```', text, re.MULTILINE)), page_name(page)


# --- Python


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """What a training has left, and some files of clips."""
    folder = write_work_folder(tmp_path_factory.mktemp('place'), classes=('crawling', 'walking', 'rolling'))
    (folder / 'data').mkdir()
    shutil.copy(folder / 'clips.npz', folder / 'data/new.npz')
    shutil.copy(folder / 'work_dirs/mine/epoch_3.pth', folder / 'work_dirs/mine/epoch_759.pth')
    return folder


def motion_2d():
    """Two clips of an image, as an own recognizer's."""
    import torch

    from mmagenc.structures import Motion, MotionInfo
    keypoint = 200 + 50 * torch.randn(2, 6, 17, 2, generator=torch.Generator().manual_seed(0))
    info = MotionInfo(classes=('wave', 'step'), skeleton='coco17', fps=25, source='real')
    return Motion(keypoint, torch.tensor([0, 1]), torch.tensor([6, 6]), keypoint_score=torch.ones(2, 6, 17),
                  img_shape=torch.tensor([[480, 640]] * 2), info=info)


def given(name: str, annotation: dict) -> dict:
    """Names that a page takes to be there."""
    if name == 'docs/evaluation.md':
        from mmagenc.evaluation.functional import bootstrap_interval
        right = np.random.default_rng(0).integers(0, 2, (2, 40))
        return dict(bootstrap_interval=bootstrap_interval, right_of_a=right[0], right_of_b=right[1])
    return {
        'docs/export_tables.md': dict(motion=motion_2d()),
        'docs/format.md': dict(annotation=annotation),
        'docs/kinetic_gan.md': dict(CONFIG='work_dirs/mine/mine.py', CHECKPOINT='work_dirs/mine/epoch_3.pth'),
        'docs/own_data.md': dict(xy=np.zeros((90, 17, 2)), score=np.ones((90, 17))),
    }.get(name, {})


def adapted(code: str) -> str:
    """For the generator that is there: fewer clips, and none of the options that Kinetic-GAN alone has."""
    return code.replace("'crawling', 50", "'crawling', 2").replace(', truncation=0.95', '')


PROGRAMS = {page: [code for mark, code in blocks(page, 'python') if not mark and not is_config(code)] for page in PAGES
            if page_name(page) not in RUN_ELSEWHERE}


@pytest.mark.parametrize('page', [page for page in PAGES if PROGRAMS.get(page)], ids=page_name)
def test_programs_run(page, place, monkeypatch):
    monkeypatch.chdir(place)
    name = page_name(page)
    if name == 'docs/export_tables.md':
        pytest.importorskip('xarray'), pytest.importorskip('pandas')
    names = given(name, load_annotation(place / 'clips.npz'))
    for code in PROGRAMS[page]:
        exec(compile(adapted(code), name, 'exec'), names)  # noqa: S102 — the pages are ours


def test_what_is_not_run_says_why():
    """Blocks with a mark are files, which a test of their page runs, or give a reason."""
    marks = [mark for page in PAGES for mark, _ in blocks(page, 'python') if mark]
    assert all(re.fullmatch(r'not run: .{10,}|[\w/.-]+\.py', mark) for mark in marks), marks
    assert sum(mark.startswith(NOT_RUN) for mark in marks) <= 4


@lru_cache
def registered(name: str):
    """The class that a name stands for, in any registry."""
    init_default_scope('mmagenc')
    registries = [value for key, value in vars(mmagenc.registry).items() if key.isupper()]
    found = (registry.get(each) for each in (name, f'mmaction.{name}') for registry in registries)
    return next((kind for kind in found if kind is not None), None)


def typed(tree: ast.AST):
    """Type, names of arguments of each ``dict(type='…', …)``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == 'dict':
            settings = {word.arg: word.value for word in node.keywords if word.arg}
            if isinstance(settings.get('type'), ast.Constant):
                yield settings['type'].value, [name for name in settings if name not in ('type', '_scope_', '_delete_')]


@pytest.mark.parametrize('page', [page for page in PAGES if blocks(page, 'python')], ids=page_name)
def test_configs_name_what_there_is(page):
    """Types are registered and take these arguments, bases and imported names are there."""
    programs = [ast.parse(code) for mark, code in blocks(page, 'python') if not mark.startswith(NOT_RUN)]
    own = {node.name for tree in programs for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    for tree in programs:
        for name, arguments in typed(tree):
            if name.rsplit('.', 1)[-1] in own or name.startswith('mmpose.'):
                continue
            kind = registered(name)
            assert kind is not None, name
            known, is_open = parameters_of(kind)
            taken = {*known, *getattr(getattr(kind, '__init__', None), 'former_arguments', ())}
            assert is_open or not set(arguments) - taken, (name, set(arguments) - taken)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or '').startswith('mmagenc'):
                assert all(hasattr(importlib.import_module(node.module), each.name) for each in node.names), ast.unparse(node)
    bases = [base for _, code in blocks(page, 'python', '{code-cell} python') for base in re.findall(r"'mmagenc::([^']+)'", code)]
    assert all((ROOT / 'configs' / base).is_file() for base in bases), bases


# --- Commands


@lru_cache
def options_of(name: str):
    """Options of a command, with the parts below it."""
    return {word for row in all_options() if row[0] == name or row[0].startswith(f'{name} ') for word in row[1]._option_string_actions}


def in_sentences(page: Path) -> list:
    """What stands behind ``mmagenc`` in the sentences of a page."""
    text = re.sub(r'^```.*?^```', '', page.read_text(encoding='utf-8'), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r'`mmagenc\s+([a-z][^`]*)`', text)


@pytest.mark.parametrize('page', [page for page in PAGES if in_sentences(page)], ids=page_name)
def test_commands_within_sentences(page):
    """Shortened or not: the command is there and has these options."""
    for found in in_sentences(page):
        words = shlex.split(re.sub(r'\s+', ' ', found).replace("'", '').replace('…', ' '))
        if words[0].endswith('-') or len(words) == 1 and any(name.startswith(f'{words[0]} ') for name in COMMANDS):
            continue  # ``import-…``, and ``convert``: commands of several words
        name, rest = split_name(words)
        unknown = [word for word in rest if re.match(r'--[a-z]', word) and word.split('=')[0] not in options_of(name)]
        assert not unknown, (found, unknown)


EXTRAS = re.compile(r'(?:mmagenc|\.)\[([\w,]+)\]')
OTHERS = (
    re.compile(r'(?:\S+=\S+ )*make (?P<target>\w+)'), re.compile(r'(?:[A-Z_]+=\S+ )*bash (?P<script>tools/\w+\.sh)\b'),
    re.compile(r'pip install '), re.compile(r'python (?P<example>\w+\.py)'), re.compile(r'tensorboard --logdir '),
    re.compile(r"echo '.*' > \S+"), re.compile(r'cd \S+ && python (?:\.\./)*(?P<tool>tools/[\w/]+\.py) '),
    re.compile(r'for \w+ in .*; do'), re.compile(r'done'), re.compile(r'\w+=\S+$'), re.compile(r'#'))
"""What a line of a shell's block may be that no parser of ours reads."""


@pytest.mark.parametrize('page', [page for page in PAGES if blocks(page, *SHELL)], ids=page_name)
def test_every_line_for_a_shell_is_known(page):
    """Lines with a command of ours are read by its parser (test_commands.py); others are of a few kinds."""
    targets = re.search(r'^\.PHONY: (.*)$', (ROOT / 'Makefile').read_text(encoding='utf-8'), re.MULTILINE)[1].split()
    own = [mark for mark, _ in blocks(page, 'python')]
    for _, text in blocks(page, *SHELL):
        for line in filter(None, map(str.strip, re.sub(r'\\\n\s*', ' ', text).splitlines())):
            assert all((ROOT / path).is_file() or path in own for path in re.findall(r'(?<![\w/])configs/[\w./-]+\.py\b', line)), line
            if re.search(r'(?:^|[\s;])(?:mmagenc|python -m [\w.]+|python tools/[\w/]+\.py)(?=\s)', line):
                continue
            found = next(filter(None, (kind.match(line) for kind in OTHERS)), None)
            assert found, f'{page_name(page)}: {line}'
            named = found.groupdict()
            assert named.get('target') in (None, *targets) and named.get('example') in (None, 'run.py', *own), line
            assert all((ROOT / named[key]).is_file() for key in ('script', 'tool') if named.get(key)), line


def test_extras_that_are_named_are_there():
    source = ast.parse((ROOT / 'setup.py').read_text(encoding='utf-8'))
    extras = next(node.value for node in source.body if isinstance(node, ast.Assign) and node.targets[0].id == 'EXTRAS')
    known = {key.value for key in extras.keys}
    named = {extra for page in PAGES for found in EXTRAS.findall(page.read_text(encoding='utf-8')) for extra in found.split(',')}
    assert named and named <= known, named - known
