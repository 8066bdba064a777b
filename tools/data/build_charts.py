#!/usr/bin/env python
"""Put the chart library of the report (Vega and Vega-Lite) into the package, with the licences of all that is in it.

    npm install vega@6.2.0 vega-lite@6.4.1 vega-interpreter@2.3.2
    python tools/data/build_charts.py node_modules --force

Only to renew the library. The published files are joined as they are; the interpreter runs Vega's expressions without eval, which the
page's Content-Security-Policy forbids.
"""

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Dict, List, Optional, Sequence

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from mmagenc.command_line import add_debug, in_words
from mmagenc.compat import atomic_open
from mmagenc.outputs import Output, add_force, require_outputs

ASSETS = ROOT / 'mmagenc/visualization/report/assets'
FILES = ('vega/build/vega.min.js', 'vega-lite/build/vega-lite.min.js', 'vega-interpreter/build/vega-interpreter.js')
COMMAND_LINES = {'commander', 'iconv-lite', 'rw', 'yargs'}
"""What d3-dsv and Vega-Lite need for their own commands, and is not in their files for pages."""


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('modules', type=Path, help='folder that npm installed into')
    parser.add_argument('--out', type=Path, default=ASSETS / 'vega.js', help='the library')
    parser.add_argument('--licences', type=Path, metavar='FILE.txt', default=ASSETS / 'vega.LICENSE.txt', help='licences of all in it')
    add_force(parser)
    add_debug(parser)
    return parser.parse_args(argv)


def bundle(modules: Path) -> str:
    """The library as one script that may stand in a page.

    Raises:
        ValueError: a file that no page may hold, or whose form is not known.
    """
    parts = []
    for name in FILES:
        text = re.sub(r'^//# sourceMappingURL=.*$', '', (modules / name).read_text(encoding='utf-8'), flags=re.MULTILINE).strip()
        text = as_script(text) if name.startswith('vega-interpreter') else text
        if '</script' in text.lower() or '<!--' in text:
            raise ValueError(f'{name}: it would end the script element that it stands in')
        parts.append(f'/*! {name} {package(modules, name.split("/")[0])["version"]}, see vega.LICENSE.txt */\n{text}\n')
    return ''.join(parts)


def as_script(text: str) -> str:
    """The interpreter, which is published as a module alone, as a script that gives ``vegaInterpreter``."""
    text = re.sub(r"^import (\{.*?\}) from 'vega-util';", r'const \1 = vega;', text)
    text = re.sub(r'^export \{ (\w+) as (\w+) \};', r'return { \2: \1 };', text, flags=re.MULTILINE)
    if re.search(r'^(im|ex)port ', text, re.MULTILINE):
        raise ValueError('vega-interpreter: imports or exports that are not known')
    return f'const vegaInterpreter = (function () {{\n{text}\n}})();'


def package(modules: Path, name: str) -> Dict:
    """What a package says of itself."""
    return json.loads((modules / name / 'package.json').read_text(encoding='utf-8'))


def bundled(modules: Path) -> List[str]:
    """Names of all packages that the files are made of."""
    found, waiting = set(), [name.split('/')[0] for name in FILES]
    while waiting:
        name = waiting.pop()
        if name not in found | COMMAND_LINES and not name.startswith('@types/'):
            found.add(name)
            waiting += package(modules, name).get('dependencies', {})
    return sorted(found)


def licences(modules: Path) -> str:
    """The licence of every package, equal ones once."""
    texts: Dict[str, List[str]] = {}
    for name in bundled(modules):
        file = next(path for path in sorted((modules / name).iterdir()) if path.name.lower().startswith('licen'))
        text = '\n'.join(line.rstrip() for line in file.read_text(encoding='utf-8').strip().splitlines())
        texts.setdefault(text, []).append(f'{name} {package(modules, name)["version"]}')
    rule = '-' * 100
    return f'\n{rule}\n\n'.join(f'{", ".join(names)}\n\n{text}\n' for text, names in texts.items())


def main() -> None:
    args = parse_args()
    outputs = [Output('--out', args.out, ('.js', )), Output('--licences', args.licences, ('.txt', ))]
    require_outputs('build_charts', outputs, force=args.force)
    with in_words('build_charts', debug=args.debug):
        made = [(args.out, bundle(args.modules)), (args.licences, licences(args.modules))]
    for path, text in made:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        print(f'wrote {path}: {len(text) / 1e3:.0f} kB')


if __name__ == '__main__':
    main()
