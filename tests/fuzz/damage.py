"""Strategies for damage: of bytes, as disks, transfers and editors do it, and of values, as other programs write them."""

import copy

import numpy as np
from hypothesis import strategies as st

HUGE = 10**30
SCALARS = (None, True, False, 0, 1, -1, 2, 7, 2**31, 2**63, -2**70, HUGE, 0.5, float('nan'), float('inf'), -float('inf'), 1e300, 1e39,
           '', 'x', 'naïve\nname', '😀', '$x_{1}$', '-1', '1', b'x', [], {}, (), [1], [[1, 2], [3]], [None],
           {'a': 1}, [[]], {1: 2}, 'a' * 5000)


def _arrays():
    rng = np.random.default_rng(0)
    shapes = ((), (0, ), (1, ), (3, ), (1, 0, 3), (1, 6, 20, 3), (0, 6, 20, 3), (1, 6, 20, 4), (1, 6, 20, 3, 1), (6, 20, 3), (2, 6, 20, 3),
              (1, ) * 12)
    made = [rng.normal(size=shape) for shape in shapes]
    made += [np.full((1, 6, 20, 3), value) for value in (np.nan, np.inf, 1e300, -0.)]
    made += [np.ones((1, 6, 20, 3), dtype=kind) for kind in ('?', 'i1', 'u8', 'f2', 'c8', '>f4', 'U1', 'S1', 'O', 'M8[s]')]
    return made


ARRAYS = _arrays()


@st.composite
def byte_damage(draw):
    """One to three changes: ``(kind, place between 0 and 1, number)``."""
    kinds = ('flip', 'cut', 'drop', 'repeat', 'zero', 'insert', 'overwrite', 'crlf', 'bom', 'utf-16', 'latin-1', 'swap')
    return draw(st.lists(st.tuples(st.sampled_from(kinds), st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=3))


def damaged_bytes(content: bytes, changes) -> bytes:
    """The content after :func:`byte_damage`."""
    data = bytearray(content)
    for kind, share, number in changes:
        place, length = int(share * max(len(data) - 1, 0)), 1 + number % 64
        if kind == 'flip' and data:
            data[place] ^= 1 << number % 8
        elif kind == 'cut':
            del data[place:]
        elif kind == 'drop':
            del data[place:place + length]
        elif kind == 'repeat':
            data[place:place] = data[place:place + length]
        elif kind == 'zero':
            data[place:place + length] = bytes(len(data[place:place + length]))
        elif kind == 'insert':
            data[place:place] = bytes([number]) * (1 + number % 5)
        elif kind == 'overwrite' and data:
            data[place] = number
        elif kind == 'crlf':
            data = data.replace(b'\n', b'\r\n')
        elif kind == 'bom':
            data = bytearray(b'\xef\xbb\xbf') + data
        elif kind == 'utf-16':
            data = bytearray(bytes(data).decode('latin-1').encode('utf-16'))
        elif kind == 'latin-1':
            data[place:place] = b'\xe9\xff'
        elif kind == 'swap':
            data = data[place:] + data[:place]
    return bytes(data)


@st.composite
def value_damage(draw):
    """One to three changes of a tree of dicts and lists: ``(what, which node, what comes there)``."""
    values = st.one_of(st.sampled_from(SCALARS), st.sampled_from(range(len(ARRAYS))).map(lambda index: ('array', index)))
    change = st.tuples(st.sampled_from(('set', 'set', 'delete', 'rename', 'repeat', 'retype')), st.integers(0, 10**6), values)
    return draw(st.lists(change, min_size=1, max_size=2))


def places(tree, path=()):
    """Paths of all nodes below a tree, arrays being leaves."""
    found = []
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, (list, tuple)) else ()
    for key, value in items:
        found.append((*path, key))
        found += places(value, (*path, key))
    return found


def damaged_tree(tree, changes):
    """A copy of the tree after :func:`value_damage`."""
    tree = copy.deepcopy(tree)
    for what, number, value in changes:
        paths = places(tree)
        if not paths:
            return tree
        *way, key = paths[number % len(paths)]
        parent = tree
        for step in way:
            parent = parent[step]
        if isinstance(parent, tuple):
            continue
        if isinstance(value, tuple) and len(value) == 2 and value[0] == 'array':
            value = ARRAYS[value[1]].copy()
        _change(parent, key, what, copy.deepcopy(value))
    return tree


def _change(parent, key, what, value) -> None:
    if what == 'delete':
        del parent[key]
    elif what == 'rename' and isinstance(parent, dict):
        parent[f'{key}_'] = parent.pop(key)
    elif what == 'repeat' and isinstance(parent, list):
        parent.insert(key, copy.deepcopy(parent[key]))
    elif what == 'retype' and isinstance(parent[key], np.ndarray):
        parent[key] = parent[key].astype('f2') if parent[key].dtype.kind in 'fiu' else parent[key][..., None]
    elif what == 'retype':
        parent[key] = str(parent[key]) if not isinstance(parent[key], str) else parent[key].encode()
    else:
        parent[key] = value
