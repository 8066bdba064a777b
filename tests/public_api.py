"""The public API with its signatures, which a test compares with the committed one.

    python -m tests.public_api        # after a change that is meant: writes tests/test_apis/public_api.txt anew
"""

import importlib
import inspect
from pathlib import Path
from typing import Iterator

TABLE = Path(__file__).parent / 'test_apis/public_api.txt'
MODULES = ('mmagenc.apis', 'mmagenc')
METHODS = ('__init__', '__call__', '__getitem__', '__len__')
"""Of a class, beside those without an underscore."""


def signature(function) -> str:
    """Names, kinds and defaults of the arguments; annotations are documentation."""
    parameters = [parameter.replace(annotation=parameter.empty) for parameter in inspect.signature(function).parameters.values()]
    return str(inspect.Signature(parameters))


def members(name: str, kind: type) -> Iterator[str]:
    """Methods and properties of a class, those of its bases in this package too."""
    for base in [base for base in kind.__mro__ if base.__module__.startswith('mmagenc')]:
        for member, value in vars(base).items():
            if member.startswith('_') and member not in METHODS or inspect.getattr_static(kind, member) is not value:
                continue
            if isinstance(value, property):
                yield f'{name}.{member}'
            elif isinstance(value, (classmethod, staticmethod)):
                yield f'{name}.{member}{signature(value.__func__)}'
            elif inspect.isfunction(value):
                yield f'{name}.{member}{signature(value)}'


def lines() -> Iterator[str]:
    """One line for each name, method and property; of a class that two modules name these stand with the first."""
    seen = set()
    for module in map(importlib.import_module, MODULES):
        for name in sorted(module.__all__):
            value = getattr(module, name)
            full = f'{module.__name__}.{name}'
            if not callable(value):
                yield full
            elif isinstance(value, type):
                yield from sorted({full, *(() if value in seen else members(full, value))})
                seen.add(value)
            else:
                yield f'{full}{signature(value)}'


def table() -> str:
    """The whole table."""
    return '\n'.join(lines()) + '\n'


if __name__ == '__main__':
    TABLE.write_text(table(), encoding='utf-8')
    print(f'{TABLE}: {len(table().splitlines())} lines')
