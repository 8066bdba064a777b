"""Ends a training at a chosen point of the loop, as a kill or a full disk does; and the trainings that are ended so.

    python -m tests.injector cvae --points 200 --seed 1 --folder OUT

runs one training without interruption, then trainings that end at random points and are resumed until as many points were met as asked for,
and compares what each of them leaves with what the first left: all of the last checkpoint, the rounds, the pool.
"""

import argparse
import errno
import functools
import json
import os
import shutil
import sys
import traceback
from collections import Counter
from pathlib import Path

import matplotlib.backends.backend_agg  # noqa: F401  imported here once, and not in every process
import numpy as np
import torch
from mmengine.config import Config
from mmengine.fileio.backends import LocalBackend
from mmengine.runner import Runner

from mmagenc.compat import clear_leftovers
from mmagenc.datasets.annotation import load_annotation, save_annotation
from mmagenc.datasets.pool import SyntheticPool, clips_digest
from mmagenc.engine.recognizer_trainer import RecognizerTrainer
from mmagenc.engine.work_dir import claimed
from mmagenc.models.generators import KineticGAN, TransformerCVAE
from tests.test_models.test_recognizers.test_scoring import PIPELINE

STEPS = {'train': 9, 'generate': 3, 'judge': 5, 'fine-tune': 9, 'write': 7, 'pool': 2, 'remove': 3, 'export': 2}
"""Phases of the loop, and the largest number of entries into each after which an attempt is ended."""
STAGES = ('half', 'before', 'after')
"""Where a write is ended: half of the file there under its temporary name, all of it, or the file in its place."""
KILLED, EPOCHS, NUM_CLASSES, NUM_FRAMES = 137, 9, 2, 16


def fail_at(phase: str, step: int, *, stage: str = 'before', disk_full: bool = False) -> None:
    """From now on, let this process end when a phase is entered for the ``step``-th time.

    Args:
        phase: one of ``STEPS``: a generator's training step, generating, judging, a step of fine-tuning, a write of any file, a write of
            the pool's rounds, the removal of an old checkpoint, a write of the pool as a whole.
        step: counted from 1.
        stage: of writes, one of ``STAGES``.
        disk_full: raise as a full disk does where something is written (after half of it), instead of ending without another word.
    """
    count, inside = Counter(), {'write': 1, 'pool': 0, 'export': 0}

    def entered(name):
        count[name] += 1
        return name == phase and count[name] == step

    def ending(name, function):

        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            if entered(name):
                os._exit(KILLED)
            return function(*args, **kwargs)

        return wrapper

    def within(name, function):

        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            inside[name] += 1
            try:
                return function(*args, **kwargs)
            finally:
                inside[name] -= 1

        return wrapper

    for kind in (TransformerCVAE, KineticGAN):
        kind.train_step, kind.generate = ending('train', kind.train_step), ending('generate', kind.generate)
    RecognizerTrainer.score = ending('judge', RecognizerTrainer.score)
    RecognizerTrainer._step = ending('fine-tune', RecognizerTrainer._step)
    LocalBackend.remove = ending('remove', LocalBackend.remove)
    SyntheticPool.save, SyntheticPool.export = within('pool', SyntheticPool.save), within('export', SyntheticPool.export)
    fsync, replace = os.fsync, os.replace

    def cut(descriptor):
        """What a writer calls when all is written and nothing has its name yet."""
        if inside.get(phase) and entered(phase):
            if disk_full:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if stage == 'half':
                os.ftruncate(descriptor, os.fstat(descriptor).st_size // 2)
            if stage != 'after':
                os._exit(KILLED)
        return fsync(descriptor)

    def put(source, target):
        replace(source, target)
        if inside.get(phase) and count[phase] == step:
            os._exit(KILLED)

    os.fsync, os.replace = cut, put


# --- the trainings


def write_recordings(path, count: int = 16) -> None:
    """Two classes of clips that sway at one height or at another."""
    rng, time = np.random.default_rng(0), np.arange(NUM_FRAMES)[None, :, None, None]
    clips = [
        dict(
            frame_dir=f'real_{i}',
            label=i % NUM_CLASSES,
            total_frames=NUM_FRAMES,
            keypoint=(rng.normal(size=(1, 1, 17, 3)) + np.sin(time / 3 + i) + 3 * (i % NUM_CLASSES)).astype(np.float32))
        for i in range(count)
    ]
    split = dict(train=[clip['frame_dir'] for clip in clips])
    save_annotation(dict(split=split, metainfo=dict(classes=['low', 'high'], skeleton='coco17', fps=30.), annotations=clips), path)


def _generator(name: str) -> dict:
    adam = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3, betas=(0.5, 0.999)))
    common = dict(num_classes=NUM_CLASSES, num_frames=NUM_FRAMES)
    if name == 'cvae':
        model = dict(type='TransformerCVAE', representation=dict(type='KeypointRepresentation', skeleton='coco17'), latent_dim=16,
                     num_layers=1, num_heads=2, ff_dim=16, dropout=0.1, **common)
        return dict(model=model, optim_wrapper=adam)
    representation = dict(type='KeypointRepresentation', skeleton='coco17', normalization='centered_min_max')
    model = dict(type='KineticGAN', representation=representation, latent_dim=4, ema_momentum=1e-2,
                 networks=dict(mapping_layers=1, base_channels=1), loss=dict(n_critic=2, gp_interval=2), **common)
    return dict(model=model, optim_wrapper=dict(constructor='SeparateOptimWrapperConstructor', generator=adam, critic=adam))


def make_config(generator: str, recordings: Path, work_dir: Path, **settings) -> Config:
    """A loop of ``EPOCHS`` epochs that goes through all phases many times."""
    backbone = dict(type='STGCN', base_channels=8, num_stages=2, inflate_stages=[2], down_stages=[2],
                    graph_cfg=dict(layout='coco', mode='stgcn_spatial'))
    recognizer = dict(
        model=dict(type='RecognizerGCN', _scope_='mmaction', backbone=backbone,
                   cls_head=dict(type='GCNHead', num_classes=NUM_CLASSES, in_channels=16, dropout=0.1)),
        train_pipeline=PIPELINE, test_pipeline=PIPELINE, batch_size=16, optim_wrapper=dict(optimizer=dict(type='AdamW', lr=1e-2)))
    selector = dict(type='RandomSelector', confidence=0., balanced=False, min_survivors=1, fraction=0.5)
    loop = dict(type='InfAGenCHook', begin=1, interval=2, recognizer_warmup_epochs=3, recognizer_epochs=1, recognizer=recognizer,
                max_gap=None, gate=dict(enforce=False), selector=selector)
    pipeline = [dict(type='ConsecutiveSample', num_frames=NUM_FRAMES - 4), dict(type='PackMotionInputs')]
    if generator != 'cvae':
        pipeline[0]['num_frames'] = NUM_FRAMES
    config = dict(
        default_scope='mmagenc', resume=False, work_dir=str(work_dir), **_generator(generator),
        train_dataloader=dict(
            batch_size=8, num_workers=0, drop_last=True, sampler=dict(type='DefaultSampler', shuffle=True),
            dataset=dict(type='MotionDataset', ann_file=str(recordings), split='train', pipeline=pipeline)),
        train_cfg=dict(type='EpochBasedTrainLoop', max_epochs=EPOCHS),
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=1, max_keep_ckpts=1)),
        custom_hooks=[dict(type='RandomStateHook'), dict(type='RepresentationStatsHook'), loop],
        randomness=dict(seed=3), log_level='ERROR', experiment_name=work_dir.name)
    return Config(dict(config, **settings))


def in_a_process(function, log: Path) -> int:
    """Call a function in a process of its own, forked to spare the imports, and give how it ended; what it prints goes into ``log``."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with open(log, 'ab') as file:
                os.dup2(file.fileno(), 1)
                os.dup2(file.fileno(), 2)
            function()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _train(config: Config, failure: dict) -> None:
    torch.set_num_threads(1)
    with claimed(config.work_dir):
        runner = Runner.from_cfg(config)
        if failure:
            fail_at(**failure)
        runner.train()


# --- what they leave


def differences(mine, theirs, path: str = '') -> list:
    """Paths at which two nested states differ in any bit."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        keys = sorted(map(str, mine.keys() ^ theirs.keys()))
        return [f'{path}.{key}' for key in keys] + [
            found for key in mine.keys() & theirs.keys() for found in differences(mine[key], theirs[key], f'{path}.{key}')]
    if isinstance(mine, (list, tuple)) and isinstance(theirs, (list, tuple)) and len(mine) == len(theirs):
        return [found for i, pair in enumerate(zip(mine, theirs)) for found in differences(*pair, f'{path}[{i}]')]
    if isinstance(mine, torch.Tensor) and isinstance(theirs, torch.Tensor):
        same = mine.dtype == theirs.dtype and mine.shape == theirs.shape and mine.numpy().tobytes() == theirs.numpy().tobytes()
    else:
        same = type(mine) is type(theirs) and (mine == theirs or mine != mine and theirs != theirs)
    return [] if same else [path]


def outcome(work_dir: Path) -> dict:
    """All that a finished training leaves and that does not tell the time."""
    checkpoint = torch.load(work_dir / f'epoch_{EPOCHS}.pth', weights_only=True)
    meta = checkpoint.pop('meta')
    checkpoint.pop('message_hub')  # seconds of each step
    files = {path.name: path.read_bytes() for path in (work_dir / 'pool').iterdir()}
    files['pool.pkl'] = clips_digest(load_annotation(work_dir / 'pool/pool.pkl')['annotations'])  # pickles of equal clips may differ
    index = json.loads(files['pool.json'])
    stray = set(files) - {'pool.json', 'pool.npz', 'pool.pkl', *(record['file'] for record in index['rounds'])}
    stray |= {path.name for path in work_dir.rglob('*') if path.name.endswith('.tmp')}
    last = (work_dir / 'last_checkpoint').read_text()
    return dict(checkpoint=checkpoint, epoch=meta['epoch'], iter=meta['iter'], rounds=(work_dir / 'rounds.json').read_bytes(), pool=files,
                stray=sorted(stray), last=Path(last).name)


def draw_failure(rng: np.random.Generator) -> dict:
    """A point of the loop at random."""
    phase = rng.choice(list(STEPS))
    step, stage = int(rng.integers(1, STEPS[phase] + 1)), str(rng.choice(STAGES))
    return dict(phase=str(phase), step=step, stage=stage, disk_full=bool(rng.random() < 0.2))


def interrupted_training(config: Config, rng: np.random.Generator, points: int, log: Path) -> list:
    """Start a training and resume it until it ends by itself; gives the ``points`` at most at which it was ended."""
    met = []
    while True:
        failure = draw_failure(rng) if len(met) < points else {}
        _ = config.pretty_text  # laid out once here, and not in every process
        status = in_a_process(functools.partial(_train, config, failure), log)
        if status == 0:
            return met
        if status != KILLED and not failure.get('disk_full'):
            raise RuntimeError(f'{met + [failure]}: {log.read_text()[-4000:]}')
        met.append(failure)
        config = Config(dict(config.to_dict(), resume=True))


def run(generator: str, points: int, seed: int, folder: Path) -> dict:
    """Interrupt trainings at ``points`` points, and give how many were met in each phase and what came out differently."""
    recordings, log, work_dir = folder / 'real.npz', folder / 'log.txt', folder / 'parts'
    write_recordings(recordings)
    if in_a_process(functools.partial(_train, make_config(generator, recordings, folder / 'whole'), {}), log):
        raise RuntimeError(log.read_text()[-4000:])
    whole, rng = outcome(folder / 'whole'), np.random.default_rng(seed)
    met, different, trainings = Counter(), [], 0
    while sum(met.values()) < points and not different:
        failures = interrupted_training(make_config(generator, recordings, work_dir), rng, points - sum(met.values()), log)
        met.update(failure['phase'] for failure in failures)
        for part in ('', 'pool'):
            clear_leftovers(work_dir / part)  # of a kill after the last write, as the next start does
        different = [f'after {failures}: {found}' for found in differences(whole, outcome(work_dir))]
        trainings += 1
        if not different:
            shutil.rmtree(work_dir)
    return dict(generator=generator, seed=seed, points=sum(met.values()), met=dict(met), trainings=trainings, different=different)


def main() -> int:
    parser = argparse.ArgumentParser(description='Interrupt trainings at random points and compare what they leave.')
    parser.add_argument('generator', choices=['cvae', 'kinetic_gan'])
    parser.add_argument('--points', type=int, default=200, help='points to meet (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=0, help='of the points (default: %(default)s)')
    parser.add_argument('--folder', type=Path, required=True, help='an empty folder for the trainings')
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    result = run(args.generator, args.points, args.seed, args.folder)
    print(json.dumps(result, indent=2))
    return 1 if result['different'] else 0


if __name__ == '__main__':
    sys.exit(main())
