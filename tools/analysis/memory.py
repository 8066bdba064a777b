"""Peak memory of what grows with the number of clips: generating them, loading them, and a loop of many rounds.

    python tools/analysis/memory.py [generate load loop] [--clips 100000] [--rounds 200] [--json FILE]

Each runs in a process of its own, whose memory before and at its peak is printed, with the size of what it wrote. The figures of
docs/reliability.md come from here.
"""

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the loop is that of the tests

NUM_FRAMES, NUM_CLASSES = 60, 5
MODEL = dict(
    type='TransformerCVAE', num_classes=NUM_CLASSES, num_frames=NUM_FRAMES, latent_dim=128, num_layers=2, ff_dim=256,
    representation=dict(type='KeypointRepresentation', skeleton='coco17'))


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('parts', nargs='*', choices=[[], *PARTS], metavar='PART', help=f'which of {", ".join(PARTS)} (default: all)')
    parser.add_argument('--clips', type=int, default=100_000, metavar='N', help='clips to generate, and to load (default: %(default)s)')
    parser.add_argument('--rounds', type=int, default=200, metavar='N', help='rounds of the loop (default: %(default)s)')
    parser.add_argument('--json', type=Path, metavar='FILE', help='also write the figures to this file')
    args = parser.parse_args(argv)
    if min(args.clips, args.rounds) < 1:
        parser.error(f'--clips and --rounds must be at least 1, got {args.clips} and {args.rounds}')
    return args


def generate(folder: Path, args: argparse.Namespace) -> Dict:
    """Clips of 60 frames and 17 keypoints in three dimensions, written as they come."""
    from mmagenc.apis import generate_batches
    from mmagenc.datasets.annotation import load_annotation, motion_to_annotations
    from mmagenc.datasets.archive import AnnotationWriter
    from mmagenc.registry import MODELS
    from tests.injector import write_recordings
    model, start = MODELS.build(MODEL).eval(), memory()
    metainfo = dict(classes=[str(index) for index in range(NUM_CLASSES)], skeleton='coco17', fps=30.)
    model.dataset_meta, path = metainfo, folder / 'clips.npz'
    write_recordings(folder / 'real.npz')
    model.representation.fit(load_annotation(folder / 'real.npz')['annotations'])
    with AnnotationWriter(path, metainfo) as writer:
        for motion in generate_batches(model, num_samples_per_class=-(-args.clips // NUM_CLASSES), batch_size=64):
            writer.append(motion_to_annotations(motion, prefix=f'batch_{len(writer):06d}', with_latent=True))
    return dict(start_mb=start, clips=len(writer), file_mb=size(path))


def load(folder: Path, args: argparse.Namespace) -> Dict:
    """The same clips as a data set."""
    from mmagenc.datasets import MotionDataset
    path, start = folder / 'clips.npz', memory()
    dataset = MotionDataset(str(path), pipeline=[])
    return dict(start_mb=start, clips=len(dataset), file_mb=size(path))


def loop(folder: Path, args: argparse.Namespace) -> Dict:
    """A loop whose pool grows in every round: its first checkpoint with a pool beside its last."""
    from mmengine.hooks import Hook
    from mmengine.runner import Runner

    from mmagenc.registry import HOOKS
    from tests.injector import make_config, write_recordings
    figures = {}

    @HOOKS.register_module(force=True)
    class MemoryHook(Hook):

        def after_train_epoch(self, runner) -> None:
            if runner.epoch + 1 in (3, 2 * args.rounds - 1):
                which = 'first' if runner.epoch == 2 else 'last'
                figures.update({f'{which}_mb': memory(), f'{which}_checkpoint_mb': size(folder / 'run' / f'epoch_{runner.epoch}.pth')})

    write_recordings(folder / 'real.npz')
    config = make_config('cvae', folder / 'real.npz', folder / 'run')
    config.train_cfg.max_epochs, config.train_dataloader.batch_size = 2 * args.rounds + 1, 64
    config.train_dataloader.drop_last = False
    config.custom_hooks[-1].update(num_candidates=50, recognizer_steps=20)
    config.custom_hooks.append(dict(type='MemoryHook'))
    runner, start = Runner.from_cfg(config), memory()
    runner.train()
    pool = next(hook for hook in runner.hooks if hasattr(hook, 'pool')).pool
    return dict(start_mb=start, clips=len(pool), rounds=len(pool.rounds), file_mb=size(folder / 'run' / 'pool' / 'pool.npz'), **figures)


PARTS: Dict[str, Callable] = dict(generate=generate, load=load, loop=loop)


def memory() -> float:
    """Peak resident memory of this process so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == 'linux' else 1024**2)


def size(path: Path) -> float:
    """MB of a file."""
    return path.stat().st_size / 1024**2


def measured(part: str, folder: Path, args: argparse.Namespace) -> Dict:
    """One part in this process."""
    import mmagenc  # noqa: F401
    begin = time.perf_counter()
    result = PARTS[part](folder, args)
    return dict(part=part, peak_mb=memory(), seconds=time.perf_counter() - begin, **result)


def main(argv: Optional[Sequence[str]] = None) -> None:
    args = parse_args(argv)
    parts = args.parts or list(PARTS)
    if 'load' in parts and 'generate' not in parts:
        raise SystemExit('memory: load needs the clips of generate: name both')
    rows: List[Dict] = []
    with tempfile.TemporaryDirectory() as folder:
        for part in sorted(parts, key=list(PARTS).index):
            with multiprocessing.get_context('spawn').Pool(1) as process:
                rows.append(process.apply(measured, (part, Path(folder), args)))
            print('  '.join(f'{key} {value:.1f}' if isinstance(value, float) else f'{key} {value}' for key, value in rows[-1].items()))
    if args.json is not None:
        args.json.write_text(json.dumps(rows, indent=2) + '\n')
        print(f'written to {args.json}')


if __name__ == '__main__':
    main()
