"""Put the chart library of the report (Vega and Vega-Lite) into the package, with the licences of all that is in it.

    npm install vega@6.2.0 vega-lite@6.4.1 vega-interpreter@2.3.2
    python tools/data/build_charts.py node_modules

Only for developers, when the library is to be renewed. The published files are joined as they are; the interpreter runs Vega's expressions
without eval, which the page's Content-Security-Policy forbids.
"""

import json
import re
import sys
from pathlib import Path

ASSETS = Path(__file__).resolve().parents[2] / 'mmagenc/visualization/report/assets'
FILES = ('vega/build/vega.min.js', 'vega-lite/build/vega-lite.min.js', 'vega-interpreter/build/vega-interpreter.js')


def bundle(modules: Path) -> str:
    """The library as one script that may stand in a page."""
    parts = []
    for name in FILES:
        text = re.sub(r'^//# sourceMappingURL=.*$', '', (modules / name).read_text(encoding='utf-8'), flags=re.MULTILINE).strip()
        if name.startswith('vega-interpreter'):  # published as a module alone
            text = as_script(text)
        if '</script' in text.lower() or '<!--' in text:
            raise SystemExit(f'{name}: it would end the script element that it stands in')
        parts.append(f'/*! {name} {package(modules, name.split("/")[0])["version"]}, see vega.LICENSE.txt */\n{text}\n')
    return ''.join(parts)


def as_script(text: str) -> str:
    """The interpreter's module as a script that gives ``vegaInterpreter``."""
    text = re.sub(r"^import (\{.*?\}) from 'vega-util';", r'const \1 = vega;', text)
    text = re.sub(r'^export \{ (\w+) as (\w+) \};', r'return { \2: \1 };', text, flags=re.MULTILINE)
    if re.search(r'^(im|ex)port ', text, re.MULTILINE):
        raise SystemExit('vega-interpreter: imports or exports that are not known')
    return f'const vegaInterpreter = (function () {{\n{text}\n}})();'


def package(modules: Path, name: str) -> dict:
    return json.loads((modules / name / 'package.json').read_text(encoding='utf-8'))


def bundled(modules: Path) -> list:
    """Names of all packages that the files are made of; commander, iconv-lite and rw are d3-dsv's command line, yargs is Vega-Lite's."""
    found, waiting = [], ['vega', 'vega-lite', 'vega-interpreter']
    while waiting:
        name = waiting.pop()
        if name in found or name in ('commander', 'iconv-lite', 'rw', 'yargs') or name.startswith('@types/'):
            continue
        found.append(name)
        waiting += package(modules, name).get('dependencies', {})
    return sorted(found)


def licences(modules: Path) -> str:
    """The licence of every package, equal ones once."""
    texts = {}
    for name in bundled(modules):
        file = next(path for path in sorted((modules / name).iterdir()) if path.name.lower().startswith('licen'))
        text = file.read_text(encoding='utf-8')
        plain = '\n'.join(line.rstrip() for line in text.strip().splitlines())
        texts.setdefault(plain, []).append(f'{name} {package(modules, name)["version"]}')
    rule = '-' * 100
    return f'\n{rule}\n\n'.join(f'{", ".join(names)}\n\n{text}\n' for text, names in texts.items())


def main() -> None:
    if len(sys.argv) != 2 or not Path(sys.argv[1], 'vega').is_dir():
        raise SystemExit(__doc__)
    modules = Path(sys.argv[1])
    (ASSETS / 'vega.js').write_text(bundle(modules), encoding='utf-8')
    (ASSETS / 'vega.LICENSE.txt').write_text(licences(modules), encoding='utf-8')


if __name__ == '__main__':
    main()
