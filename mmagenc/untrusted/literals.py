"""A config as MMEngine writes it out, read as data: nothing in it is run, imported or called."""

import ast
from typing import Any, Collection, Dict, Optional

_NUMBERS = {'inf': float('inf'), 'nan': float('nan')}


class NotPlainError(ValueError):
    """A text is a program: it has something else in it than names that are given plain values."""


def read_settings(text: str, *, only: Optional[Collection[str]] = None) -> Dict[str, Any]:
    """The settings of a config's text of lines such as ``model = dict(type='A', sizes=[1, 2])``.

    Args:
        text: what :meth:`mmengine.config.Config.dump` writes.
        only: names to read; whatever else the text does is passed over, and what these names are given by a program too.

    Returns:
        dict: name to numbers, texts, ``None`` and lists, tuples, sets and dicts of them.

    Raises:
        NotPlainError: anything else is in the text; the line is named.
    """
    settings = {}
    try:
        statements = ast.parse(text).body
        for statement in statements:
            target = _target(statement)
            if only is None or target in only:
                _read(statement, target, settings, strict=only is None)
    except (SyntaxError, RecursionError, MemoryError, ValueError, TypeError) as error:
        if isinstance(error, NotPlainError):
            raise
        raise NotPlainError(f'not a config that can be read as data ({type(error).__name__}: {error})') from error
    return settings


def _target(statement: ast.stmt) -> Optional[str]:
    """The one name that a statement gives a value to, if it is such a statement."""
    plain = isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name)
    return statement.targets[0].id if plain else None


def _read(statement: ast.stmt, target: Optional[str], settings: Dict[str, Any], *, strict: bool) -> None:
    docstring = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    if target is None and not docstring:
        raise NotPlainError(f'line {statement.lineno} does something: accepted are lines NAME = VALUE')
    try:
        if target is not None:
            settings[target] = _value(statement.value)
    except NotPlainError:
        if strict:
            raise


def _value(node: ast.expr) -> Any:
    """The value of an expression of constants, containers and ``dict(...)``."""
    if isinstance(node, ast.Constant) and not isinstance(node.value, type(...)):
        return node.value
    if isinstance(node, ast.Name) and node.id in _NUMBERS:
        return _NUMBERS[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        value = _value(node.operand)
        if type(value) in (int, float, complex):
            return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return {ast.List: list, ast.Tuple: tuple, ast.Set: set}[type(node)](_value(item) for item in node.elts)
    if isinstance(node, ast.Dict) and None not in node.keys:
        return {_value(key): _value(value) for key, value in zip(node.keys, node.values)}
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id == 'dict' and not node.args and all(item.arg for item in node.keywords):
            return {item.arg: _value(item.value) for item in node.keywords}
        if node.func.id == 'dict' and len(node.args) == 1 and isinstance(node.args[0], ast.Dict) and not node.keywords:
            return _value(node.args[0])  # so MMEngine writes keys that are no names
        if node.func.id == 'set' and not node.args and not node.keywords:
            return set()
    raise NotPlainError(f'line {node.lineno}: {ast.unparse(node)[:60]} is no plain value')
