"""Compiled once, kept, and never needed."""

import os
import shutil
import stat

import pytest
import torch

from mmagenc.models.layers.native import build, calls

from .test_native import everything

pytestmark = pytest.mark.skipif(build.library() is None, reason='no kernels are built here')


@pytest.fixture(autouse=True)
def _folders(tmp_path, monkeypatch):
    """An empty cache, and no compiler that was named; it need not try hard."""
    monkeypatch.setattr(build, 'FLAGS', (*build.FLAGS, '-O1'))
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    monkeypatch.delenv('CXX', raising=False)
    monkeypatch.delenv(build.SWITCH, raising=False)


@pytest.fixture
def compiled(monkeypatch):
    """A list that grows by each compilation; what it would make has been made before."""
    done, made = [], build.library()._name
    monkeypatch.setattr(build, '_compile', lambda compiler, openmp, out: (done.append(out), shutil.copyfile(made, out)))
    return done


def kept(tmp_path):
    return list((tmp_path / 'cache' / 'mmagenc').iterdir())


def test_compiled_once(tmp_path, compiled):
    assert calls._agree(build._loaded()) and calls._agree(build._loaded())
    assert len(compiled) == 1 and [path.suffix for path in kept(tmp_path)] == ['.so']


def test_another_processor_compiles_its_own(tmp_path, monkeypatch):
    """A cluster's nodes share a home: what one compiled may hold instructions that another does not know."""
    (tmp_path / 'cpuinfo').write_text('processor\t: 0\nvendor_id\t: Other\nflags\t\t: avx2\n\nprocessor\t: 1\n')
    openmp, compiler = build._openmp(), build._compiler()
    before = build._digest(compiler, openmp)
    monkeypatch.setattr(build, 'CPUINFO', tmp_path / 'cpuinfo')
    assert build._digest(compiler, openmp) != before


def test_another_source_is_another_file(tmp_path, monkeypatch):
    shutil.copytree(build.SOURCE.parent, tmp_path / 'assets')
    openmp, compiler = build._openmp(), build._compiler()
    before = build._digest(compiler, openmp)
    monkeypatch.setattr(build, 'SOURCE', tmp_path / 'assets' / 'kernels.cpp')
    assert build._digest(compiler, openmp) == before
    with (tmp_path / 'assets' / 'norms.h').open('a') as header:
        header.write('\n')
    assert build._digest(compiler, openmp) != before


def test_a_damaged_file_is_made_anew(tmp_path, compiled):
    path = tmp_path / 'cache' / 'mmagenc' / f'kernels-{build._digest(build._compiler(), build._openmp())}.so'
    path.parent.mkdir(parents=True)
    path.write_bytes(b'\x7fELF, and no more')
    assert calls._agree(build._loaded()) and path.stat().st_size > 1000


@pytest.mark.parametrize('shared', ['file', 'folder'])
def test_what_others_may_have_written_is_not_run(shared, tmp_path, compiled):
    """A cache in a folder that all share: the file is neither loaded nor replaced."""
    path = tmp_path / 'cache' / 'mmagenc' / f'kernels-{build._digest(build._compiler(), build._openmp())}.so'
    path.parent.mkdir(parents=True, mode=0o700)
    path.write_bytes(b'of somebody')
    path.chmod(0o600)
    (path if shared == 'file' else path.parent).chmod(0o777)
    assert calls._agree(build._loaded()) and compiled and path.read_bytes() == b'of somebody'


@pytest.mark.skipif(os.geteuid() == 0, reason='root may write everywhere')
def test_a_cache_that_cannot_be_written(tmp_path, compiled):
    (tmp_path / 'cache').mkdir()
    (tmp_path / 'cache').chmod(stat.S_IRUSR)
    assert calls._agree(build._loaded())


def test_a_cache_that_is_a_file(tmp_path, compiled):
    (tmp_path / 'cache').write_text('')
    assert calls._agree(build._loaded())


@pytest.mark.parametrize('name, value, reason', [
    ('CXX', 'no-such-compiler -O2', 'no C++ compiler (no-such-compiler)'),
    ('CXX', 'false', 'false failed: it said nothing'),
    ('MMAGENC_NATIVE', '0', 'MMAGENC_NATIVE=0'),
])
def test_why_there_are_none(name, value, reason, monkeypatch):
    monkeypatch.setenv(name, value)
    with pytest.raises(build.NotBuilt) as said:
        build._loaded()
    assert str(said.value) == reason


def test_nothing_of_it_ends_a_training(tmp_path, monkeypatch, compiled):
    """A full disk, a machine without ``/proc``: PyTorch's operations do the work."""
    monkeypatch.setattr(build, 'CPUINFO', tmp_path / 'nowhere' / 'cpuinfo')
    build.library.cache_clear()
    try:
        assert build.library() is None
    finally:
        build.library.cache_clear()


def test_a_compiler_says_what_is_wrong(tmp_path, monkeypatch):
    (tmp_path / 'kernels.cpp').write_text('int f() {\n    return no_such_name;\n}\n')
    monkeypatch.setattr(build, 'SOURCE', tmp_path / 'kernels.cpp')
    with pytest.raises(build.NotBuilt, match='failed: .*kernels.cpp:2:.*error.*no_such_name'):
        build._loaded()


@pytest.mark.parametrize('change, reason', [
    ((build.sys, 'platform', 'darwin'), 'for Linux on x86'),
    ((build.platform, 'machine', lambda: 'aarch64'), 'for Linux on x86'),
    ((torch.backends.cpu, 'get_cpu_capability', lambda: 'DEFAULT'), 'for processors with AVX2'),
])
def test_elsewhere_there_are_none(change, reason, monkeypatch):
    monkeypatch.setattr(*change)
    with pytest.raises(build.NotBuilt, match=reason):
        build._loaded()


def test_a_compiler_that_hangs_is_given_up(tmp_path, monkeypatch):
    script = tmp_path / 'slow'
    script.write_text('#!/bin/sh\nexec sleep 60\n')
    script.chmod(0o700)
    monkeypatch.setenv('CXX', str(script))
    monkeypatch.setattr(build, 'PATIENCE', 0.2)
    with pytest.raises(build.NotBuilt, match='timed out'):
        build._loaded()


def test_kernels_that_compute_something_else_are_not_used(tmp_path, monkeypatch, caplog):
    """A compiler's mistake, played by a source that forgets to divide."""
    shutil.copytree(build.SOURCE.parent, tmp_path / 'assets')
    graphs = tmp_path / 'assets' / 'graphs.h'
    text = graphs.read_text()
    assert text.count(' * share[w];') == 1
    graphs.write_text(text.replace(' * share[w];', ';'))
    monkeypatch.setattr(build, 'SOURCE', tmp_path / 'assets' / 'kernels.cpp')
    wrong = build._loaded()
    assert not calls._agree(wrong)
    monkeypatch.setattr(calls, 'library', lambda: wrong)
    calls._kernels.cache_clear()
    try:
        assert calls._kernels() is None
        assert not calls.serves(torch.zeros(2, 16))
    finally:
        calls._kernels.cache_clear()


def test_the_check_leaves_autocast_and_random_numbers_alone():
    state = torch.get_rng_state()
    with torch.autocast('cpu', torch.bfloat16):
        assert calls._agree(build.library())
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize('flags', [['-mno-avx512f'], ['-mno-avx512bf16']])
def test_processors_with_less(flags, monkeypatch):
    """What AVX2, and AVX-512 without products in bfloat16, compute: all kernels and gradients, on a machine that has more."""
    expected = {dtype: everything(dtype) for dtype in (torch.float32, torch.bfloat16)}
    monkeypatch.setattr(build, 'FLAGS', (*build.FLAGS, *flags))
    less = build._loaded()
    assert calls._agree(less)
    monkeypatch.setattr(calls, '_kernels', lambda: less)
    for dtype, results in expected.items():
        for value, other in zip(everything(dtype), results):
            assert (value.double() - other.double()).norm() <= (1e-5 if dtype == torch.float32 else 0.1) * other.double().norm()
