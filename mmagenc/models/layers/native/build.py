"""Compile ``assets/`` on the machine that runs it, once, and load it.

It is compiled for the processor at hand and kept in the user's cache folder, under a name that holds all it depends on: clusters share a
home among unlike machines. Nothing needs it: without Linux, x86, a C++ compiler or a cache folder, PyTorch's own operations are used.
"""

import ctypes
import hashlib
import logging
import os
import platform
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import List, Optional

import torch
from mmengine.logging import print_log

SOURCE = Path(__file__).with_name('assets') / 'kernels.cpp'
"""What is compiled; it includes the headers beside it."""
SWITCH = 'MMAGENC_NATIVE'
"""Environment variable: ``0`` leaves everything to PyTorch."""
FLAGS = ('-std=c++17', '-O3', '-march=native', '-fno-math-errno', '-fno-trapping-math', '-fno-strict-aliasing', '-ffp-contract=fast',
         '-fPIC', '-fopenmp')
COMPILERS = ('g++', 'c++')
"""GCC: clang writes calls to an OpenMP that PyTorch does not bring."""
PATIENCE = 120
"""Seconds after which a compiler is given up."""
CPUINFO = Path('/proc/cpuinfo')


class NotBuilt(Exception):
    """Why there are no kernels, in words."""


@cache
def library() -> Optional[ctypes.CDLL]:
    """The compiled kernels, or ``None``; the log tells which, once."""
    try:
        return _loaded()
    except (NotBuilt, OSError) as reason:  # no disk, no folder, no /proc: nothing that may end a training
        print_log(f"kernels for the CPU: none, {reason}; PyTorch's own operations do their work", 'current', logging.INFO)
        return None


def _loaded() -> ctypes.CDLL:
    if os.environ.get(SWITCH, '').strip() == '0':
        raise NotBuilt(f'{SWITCH}=0')
    if not sys.platform.startswith('linux') or platform.machine() not in ('x86_64', 'AMD64'):
        raise NotBuilt(f'they are for Linux on x86, this is {platform.system()} on {platform.machine()}')
    if torch.backends.cpu.get_cpu_capability() not in ('AVX2', 'AVX512'):
        raise NotBuilt('they are for processors with AVX2')
    compiler, openmp = _compiler(), _openmp()
    kept = _cache_folder() / f'kernels-{_digest(compiler, openmp)}.so'
    if _is_ours(kept):
        try:
            return ctypes.CDLL(str(kept))
        except OSError:
            kept.unlink(missing_ok=True)  # cut off by a full disk, say
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix='mmagenc-') as folder:
        built = Path(folder) / kept.name
        _compile(compiler, openmp, built)
        where = _keep(built, kept)
        try:
            loaded = ctypes.CDLL(str(where))
        except OSError as error:
            raise NotBuilt(f'what {compiler[0]} made does not load: {error}') from error
    print_log(f'kernels for the CPU: compiled in {time.perf_counter() - started:.1f} s'
              + (f', kept as {kept}' if where == kept else ', not kept'), 'current', logging.INFO)
    return loaded


def _compiler() -> List[str]:
    """The compiler's command: ``CXX``, or what is there."""
    named = shlex.split(os.environ.get('CXX', ''))
    for command in ([named] if named else [[name] for name in COMPILERS]):
        if shutil.which(command[0]):
            return command
    raise NotBuilt(f'no C++ compiler ({named[0] if named else ", ".join(COMPILERS)})')


def _openmp() -> Path:
    """PyTorch's own OpenMP runtime, so that one set of threads serves both."""
    with CPUINFO.with_name('self').joinpath('maps').open(encoding='utf-8', errors='replace') as lines:
        for line in lines:
            path = line.rstrip('\n').partition('/')[2]
            if 'libgomp' in path.rpartition('/')[2] and Path('/' + path).is_file():
                return Path('/' + path)
    raise NotBuilt('this PyTorch has no libgomp')


def _digest(compiler: List[str], openmp: Path) -> str:
    """Name of all that the compiled file depends on: source, flags, compiler, processor, name of the runtime."""
    made = hashlib.sha256()
    for path in sorted(SOURCE.parent.iterdir()):
        made.update(path.name.encode() + b'\0' + path.read_bytes())
    features = [line for line in CPUINFO.read_text(encoding='utf-8', errors='replace').partition('\n\n')[0].splitlines()
                if line.startswith(('vendor_id', 'cpu family', 'model\t', 'flags'))]
    for part in (*FLAGS, *compiler, openmp.name, *features):
        made.update(part.encode() + b'\0')
    return made.hexdigest()[:20]


def _cache_folder() -> Path:
    base = os.environ.get('XDG_CACHE_HOME', '')
    return (Path(base) if os.path.isabs(base) else Path(os.path.expanduser('~')) / '.cache') / 'mmagenc'


def _compile(compiler: List[str], openmp: Path, out: Path) -> None:
    """Compile, then link against PyTorch's OpenMP: with ``-fopenmp`` the linker would take the system's."""
    compiled = out.with_suffix('.o')
    for step in ([*FLAGS, '-c', str(SOURCE), '-o', str(compiled)], ['-shared', str(compiled), '-o', str(out), str(openmp)]):
        try:
            done = subprocess.run([*compiler, *step], capture_output=True, text=True, errors='replace', timeout=PATIENCE, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NotBuilt(f'{compiler[0]}: {error}') from error
        if done.returncode:
            said = [line for line in done.stderr.splitlines() if line.strip()] or ['it said nothing']
            raise NotBuilt(f'{compiler[0]} failed: {next((line for line in said if "error" in line), said[0])}')


def _is_ours(kept: Path) -> bool:
    """Whether a file is there that nobody but this user and root may have written: what is loaded runs."""
    try:
        found = [os.stat(path) for path in (kept, kept.parent)]
    except OSError:
        return False
    return all(each.st_uid in (os.getuid(), 0) and not each.st_mode & (stat.S_IWGRP | stat.S_IWOTH) for each in found)


def _keep(built: Path, kept: Path) -> Path:
    """Put the file where the next run finds it, in one step; where it lies now, if that can't be."""
    if kept.exists() and not _is_ours(kept):
        return built
    try:
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = kept.with_name(f'{kept.name}.{os.getpid()}.tmp')
        try:
            shutil.copyfile(built, beside)
            os.replace(beside, kept)
        finally:
            beside.unlink(missing_ok=True)
    except OSError:
        return built
    return kept
