"""Speed of the package beside the plain way of doing the same, in one process, so that the ratios hold on a busy machine too.

    mmagenc benchmark NAME [--out FILE.json] [--repeats N] [--device cpu|cuda] [--threads N] [--quick] [--clock wall|cpu]
        [--published FOLDER]                                       # NAME: act_vae, cvae, gpu, kinetic_gan, onnx, p2i, recognizer, slt
    mmagenc benchmark gpu [--device cuda] [--only NAME …]          # what an accelerator makes of them: plain, as CUDA graphs, compiled
    mmagenc benchmark sweep [--plot FILE.png] [--out FILE.json] …      # how time and memory grow

Each row runs its paths in turn and takes the median of each. The plain paths are ``mmagenc/benchmarks/plain_*.py``; in the tests they are
the truth that results are compared with; ``--published`` times a copy of the published code beside them. A benchmark is a function
``(settings) -> list of rows`` in a module of ``mmagenc/benchmarks``; a further one is a further entry of :data:`BENCHMARKS`. Rows in
bfloat16 are left out on a CPU that emulates it.

JSON: ``{"benchmark": …, "device": …, "results": [{"name": …, "ours_s": …, "reference_s": …, "ratio": …}]}``; with ``--published`` also
``published_s`` and ``published_ratio``; a row's other keys say how it was measured.
"""

import argparse
import json
import platform
import sys
from pathlib import Path
from typing import Dict

import torch
from mmengine.registry import init_default_scope

from mmagenc.benchmarks.act_vae import act_vae
from mmagenc.benchmarks.cvae import cvae
from mmagenc.benchmarks.gpu import gpu, print_gpu
from mmagenc.benchmarks.kinetic_gan import kinetic_gan
from mmagenc.benchmarks.onnx import onnx
from mmagenc.benchmarks.p2i import p2i
from mmagenc.benchmarks.recognizer import recognizer
from mmagenc.benchmarks.slt import slt
from mmagenc.benchmarks.sweep import plot_sweep, print_sweep, sweep
from mmagenc.benchmarks.timing import Settings, half_precision
from mmagenc.command_line import in_words
from mmagenc.outputs import Output, require_outputs, writing

BENCHMARKS = dict(
    act_vae=act_vae, cvae=cvae, gpu=gpu, kinetic_gan=kinetic_gan, onnx=onnx, p2i=p2i, recognizer=recognizer, slt=slt, sweep=sweep)
TABLES = dict(gpu=print_gpu, sweep=print_sweep)


def run(args: argparse.Namespace) -> None:
    outputs = [] if args.out is None else [Output('--out', args.out)]
    if args.plot is not None:
        outputs.append(Output('--plot', args.plot, ('.png', '.pdf', '.svg')))
    require_outputs('benchmark', outputs, force=args.force)
    device = ('cuda' if torch.cuda.is_available() else 'cpu') if args.device == 'auto' else args.device
    if args.threads:
        torch.set_num_threads(args.threads)
    init_default_scope('mmagenc')
    with in_words('benchmark', debug=args.debug):
        if device == 'cuda' and not torch.cuda.is_available():
            raise ValueError('--device cuda: torch sees no GPU here')
        published = None if args.published is None else Path(args.published)
        if published is not None and not published.is_dir():
            raise FileNotFoundError(f'--published {published}: no such folder')
        settings = Settings(device=device, repeats=args.repeats, quick=args.quick, clock=args.clock, published=published, only=args.only,
                            told=show_row)
        rows = BENCHMARKS[args.benchmark](settings)
    report = dict(benchmark=args.benchmark, device=device_name(device), threads=torch.get_num_threads(), torch=torch.__version__)
    report.update(clock=args.clock, half_precision=half_precision(settings))
    report['results'] = rows
    TABLES.get(args.benchmark, print_table)(report)
    if args.plot is not None:
        plot_sweep(report, Path(args.plot))
        print(f'drawn in {args.plot}')
    if args.out is not None:
        with writing(args.out, 'w', encoding='utf-8') as file:
            file.write(json.dumps(report, indent=2) + '\n')
        print(f'written to {args.out}')


def show_row(row: Dict) -> None:
    """What has been measured so far, on the terminal's other stream: a benchmark takes minutes."""
    outcome = f'{row["ratio"]:.1f}x' if 'ratio' in row else 'not possible'
    print(f'  {row["name"]}: {outcome}', file=sys.stderr, flush=True)


def device_name(device: str) -> str:
    return torch.cuda.get_device_name() if device == 'cuda' else f'cpu ({platform.machine()})'


def print_table(report: Dict) -> None:
    print(f'{report["benchmark"]} on {report["device"]}, {report["threads"]} CPU threads, torch {report["torch"]}')
    published = any('published_s' in row for row in report['results'])
    print(f'{"":18}{"ours":>10}{"reference":>12}{"ratio":>9}' + f'{"published":>12}{"ratio":>9}' * published)
    for row in report['results']:
        line = f'{row["name"]:18}{row["ours_s"]:>9.3f}s{row["reference_s"]:>11.3f}s{row["ratio"]:>8.1f}x'
        if 'published_s' in row:
            line += f'{row["published_s"]:>11.3f}s{row["published_ratio"]:>8.1f}x'
        print(line)
    if not report['half_precision']:
        print('this CPU emulates bfloat16: rows in bfloat16 are left out')
