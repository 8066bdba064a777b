"""--help of every tool is answered before anything heavy is imported."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = 'benchmarks'
"""A folder of modules that tools/benchmark.py imports."""
TOOLS = sorted(str(path.relative_to(ROOT)) for path in (ROOT / 'tools').rglob('*.py') if path.parent.name != PARTS)
HEAVY = ('torch', 'mmengine', 'mmaction', 'mmcv', 'matplotlib', 'cv2', 'scipy', 'sklearn', 'roma', 'numpy')
ASK = """
import contextlib, io, runpy, sys
for tool in sys.argv[1:]:
    sys.argv, text, code = [tool, '--help'], io.StringIO(), 'none'
    try:
        with contextlib.redirect_stdout(text):
            runpy.run_path(tool, run_name='__main__')
    except SystemExit as error:
        code = error.code
    heavy = [name for name in %r if name in sys.modules]
    print(tool, code, ','.join(heavy) or '-', '--debug' in text.getvalue(), text.getvalue().startswith('usage: '), flush=True)
"""


@pytest.fixture(scope='module')
def answers():
    """What each tool said and imported, one after the other in one new interpreter: the first that imports is seen."""
    result = subprocess.run([sys.executable, '-c', ASK % (HEAVY, ), *TOOLS], cwd=ROOT, env={'PYTHONPATH': str(ROOT), 'PATH': ''},
                            capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines()}


@pytest.mark.parametrize('tool', TOOLS)
def test_help_imports_nothing_heavy(answers, tool):
    code, heavy, debug, usage = answers[tool]
    assert (code, heavy, usage) == ('0', '-', 'True')
    assert debug == 'True' or tool == 'tools/quickstart.py'  # which runs other tools, and has no errors of its own
