"""--help of every command is answered before anything heavy is imported, also where it is asked for by a path in tools/."""

import subprocess
import sys
from pathlib import Path

import pytest

from mmagenc.commands.table import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
DOORS = {f'tools/{command.old}.py': name for name, command in COMMANDS.items() if command.old is not None}
TOOLS = sorted(str(path.relative_to(ROOT)) for path in (ROOT / 'tools').rglob('*.py'))
HEAVY = ('torch', 'mmengine', 'mmaction', 'mmcv', 'matplotlib', 'cv2', 'scipy', 'sklearn', 'roma', 'numpy')
ASK = """
import contextlib, io, runpy, sys
for line in sys.stdin:
    tool, *words = line.split()
    sys.argv, text, code = [tool, *words, '--help'], io.StringIO(), 'none'
    try:
        with contextlib.redirect_stdout(text):
            runpy.run_path(tool, run_name='__main__') if tool.endswith('.py') else runpy.run_module(tool, run_name='__main__')
    except SystemExit as error:
        code = error.code
    heavy = [name for name in %r if name in sys.modules]
    said = text.getvalue()
    usage = said.partition(' [-h]')[0] if said.startswith('usage: ') else '-'
    print(line.strip(), code, ','.join(heavy) or '-', '--debug' in said, usage, 'option_strings' in said, sep='|', flush=True)
"""


@pytest.fixture(scope='module')
def answers():
    """What each said and imported, one after the other in one new interpreter: the first that imports is seen."""
    asked = [*TOOLS, *(f'mmagenc {name}' for name in COMMANDS)]
    result = subprocess.run([sys.executable, '-c', ASK % (HEAVY, )], cwd=ROOT, env={'PYTHONPATH': str(ROOT), 'PATH': ''},
                            input='\n'.join(asked), capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return {line.split('|')[0]: line.split('|')[1:] for line in result.stdout.splitlines()}


@pytest.mark.parametrize('tool', [*TOOLS, *(f'mmagenc {name}' for name in COMMANDS)])
def test_help_imports_nothing_heavy(answers, tool):
    code, heavy, debug, usage, filled_in = answers[tool]
    name = DOORS.get(tool, tool.removeprefix('mmagenc '))
    assert (code, heavy) == ('0', '-') and usage.startswith('usage: ')
    assert filled_in == 'False', 'a % of a text that argparse takes for a place to fill in'
    if name in COMMANDS:
        assert usage == f'usage: mmagenc {name}'
    assert debug == 'True' or name == 'quickstart'  # which runs other commands, and has no errors of its own


def test_every_command_that_was_a_tool_has_its_door():
    developers = {'tools/analysis/memory.py', 'tools/data/build_charts.py', 'tools/data/build_infant_body.py'}
    assert set(DOORS) <= set(TOOLS) and set(TOOLS) - set(DOORS) == developers
    for door in DOORS:
        assert len((ROOT / door).read_text().splitlines()) <= 10, 'nothing but the way to the command'
