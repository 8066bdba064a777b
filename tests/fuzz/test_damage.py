"""Damaged files give what they still say or an error of the declared kind that names the file: never another exception, never silence."""

import resource
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from .damage import byte_damage, damaged_bytes, damaged_tree, value_damage
from .files import FORMATS

DECLARED = (ValueError, FileNotFoundError)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Where files lie; all readers together stay within a bounded memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield tmp_path_factory.mktemp('fuzz')
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400 * 1024


def read(form, path):
    """What the reader gives, or ``None`` where it refuses the file as it says that it does."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('error', RuntimeWarning)
            result = form.read(path)
    except DECLARED as error:
        assert not isinstance(error, UnicodeError), error  # it is one of Python's, and tells a user nothing
        assert not form.named or path.name in str(error), error
        return None
    form.holds(result)
    return result


def equal(one, other) -> bool:
    """Deep equality of containers, arrays and dataclasses, NaN being itself."""
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        one, other = np.asarray(one), np.asarray(other)
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if hasattr(one, '__dataclass_fields__'):
        return type(one) is type(other) and equal(vars(one), vars(other))
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(equal, one, other))
    return one == other or one != one and other != other


@pytest.mark.parametrize('name', FORMATS)
def test_whole_files_are_read(name, folder):
    """What the damage begins with is no damage."""
    form = FORMATS[name]
    for seed in range(3):
        (folder / form.name).write_bytes(form.write(form.tree(seed)))
        assert read(form, folder / form.name) is not None


@pytest.mark.parametrize('name', FORMATS)
@given(changes=byte_damage(), seed=st.integers(0, 3))
def test_damaged_bytes(name, folder, changes, seed):
    form = FORMATS[name]
    whole = form.write(form.tree(seed))
    path = folder / form.name
    path.write_bytes(damaged_bytes(whole, changes))
    result = read(form, path)
    if form.checked and result is not None:
        path.write_bytes(whole)
        assert equal(result, form.read(path)), 'changed bytes are read as other numbers'


@pytest.mark.parametrize('name', FORMATS)
@given(changes=value_damage(), seed=st.integers(0, 3))
def test_damaged_values(name, folder, changes, seed):
    form = FORMATS[name]
    path = folder / form.name
    path.write_bytes(form.write(damaged_tree(form.tree(seed), changes)))
    read(form, path)
