"""Imports point one way, from floor to floor, and nothing goes beside: the map that the package is read by."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / 'mmagenc'
FLOORS = (
    ('skeletons', ), ('body_models', ), ('datasets', 'models'), ('evaluation', ), ('visualization', ), ('engine', ), ('deploy', ),
    ('apis', ), ('benchmarks', ), ('commands', ))
"""From the ground up; packages of one floor do not know each other. Pictures and the report show what is evaluated."""
GROUND = ('arguments', 'clips', 'command_line', 'compat', 'draws', 'grouped', 'log_files', 'outputs', 'progress', 'registry', 'structures',
          'untrusted', 'version')
"""Modules that every floor may import; while they are imported they import each other alone."""
HEIGHT = {name: height for height, names in enumerate(FLOORS) for name in names}


def imported(path: Path, *, lazily: bool):
    """Line and top-level name of what a file imports of the package; with ``lazily`` within functions too."""
    tree = ast.parse(path.read_text(encoding='utf-8'))
    nodes = ast.walk(tree) if lazily else iter(tree.body)
    parts = path.relative_to(PACKAGE).parts
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.level:  # from within the package
            base = [*parts[:len(parts) - node.level], *(node.module or '').split('.')]
            base = [name for name in base if name]
            yield from ((node.lineno, name) for name in ([base[0]] if base else [each.name for each in node.names]))
        elif isinstance(node, ast.ImportFrom) and (node.module or '').split('.')[0] == 'mmagenc':
            inner = node.module.split('.')[1:2]
            yield from ((node.lineno, name) for name in (inner or [each.name for each in node.names]))
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, each.name.split('.')[1]) for each in node.names if each.name.startswith('mmagenc.'))


def files_of(name: str):
    return sorted((PACKAGE / name).rglob('*.py')) if (PACKAGE / name).is_dir() else [PACKAGE / f'{name}.py']


def test_the_map_is_whole():
    found = {path.stem for path in PACKAGE.iterdir() if path.is_dir() and (path / '__init__.py').is_file() or path.suffix == '.py'}
    assert found - {'__init__', '__main__'} == {*GROUND, *HEIGHT}


@pytest.mark.parametrize('name', HEIGHT)
def test_a_floor_stands_on_those_below(name):
    wrong = [f'{path.relative_to(PACKAGE)}:{line} imports {other}' for path in files_of(name) for line, other in imported(path, lazily=True)
             if other != name and other not in GROUND and not HEIGHT.get(other, len(FLOORS)) < HEIGHT[name]]
    assert wrong == []


@pytest.mark.parametrize('name', GROUND)
def test_the_ground_stands_on_itself(name):
    """Methods for notebooks (``Motion.plot``) import what they show when they are called."""
    wrong = [f'{path.relative_to(PACKAGE)}:{line} imports {other}' for path in files_of(name)
             for line, other in imported(path, lazily=False) if other not in (name, *GROUND)]
    assert wrong == []


def test_an_import_upwards_is_seen(tmp_path, monkeypatch):
    monkeypatch.setattr('tests.test_import_map.PACKAGE', tmp_path)
    (tmp_path / 'models').mkdir()
    path = tmp_path / 'models/a.py'
    path.write_text('from ..datasets import x\nfrom .b import y\nimport mmagenc.engine.z\ndef f():\n    from mmagenc import apis\n'
                    '    from mmagenc.registry import MODELS\n')
    assert list(imported(path, lazily=True)) == [(1, 'datasets'), (2, 'models'), (3, 'engine'), (5, 'apis'), (6, 'registry')]
    assert [name for _, name in imported(path, lazily=False)] == ['datasets', 'models', 'engine']
