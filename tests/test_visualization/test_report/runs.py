"""A work_dir as a training of the loop leaves it, with everything small and known."""

import json

import numpy as np

from mmagenc.datasets.annotation import save_annotation
from mmagenc.evaluation.study import StudyRow, write_rows
from mmagenc.evaluation.study_plan import Arm, write_arms
from mmagenc.skeletons import get_skeleton

CLASSES = ['walk', 'run', '<b>jump</b>']
NASTY = '</script><script>alert(1)</script>'


def make_clip(name, label, *, frames=6, seed=0, **more):
    skeleton = get_skeleton('ucla20')
    keypoint = np.random.default_rng(seed).normal(size=(1, frames, skeleton.num_joints, 3)).astype(np.float32)
    return dict(frame_dir=name, label=label, total_frames=frames, keypoint=keypoint, **more)


def write_lines(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('\n'.join(row if isinstance(row, str) else json.dumps(row) for row in rows))


def told(**more):
    """What a round of the loop tells of judge, gate and movement: a good judge of 60 recordings, clips that move as recordings do."""
    judge = dict(recordings=0.9, num_recordings=60, split='val', round_trip=0.85, chance=1 / 3)
    gate = dict(enforced=True, passed=5, total=7, reasons={'too slow': 1, NASTY: 1})
    movement = {'0': dict(generated=0.2, recorded=0.25), '2': dict(generated=0.3, recorded=0.2)}
    return dict(dict(judge=judge, gate=gate, movement=movement), **more)


def rewrite_rounds(folder, *changes):
    """Add to the two rounds of :func:`make_work_dir`."""
    path = folder / 'rounds.json'
    path.write_text(json.dumps([dict(record, **change) for record, change in zip(json.loads(path.read_text()), changes)]))


def make_work_dir(folder):
    """Two starts (the second resumed after epoch 1), two rounds of which the first is skipped, a pool, a test, a recognizer's JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'small.py').write_text(
        "default_scope = 'mmagenc'\nnum_classes = 3\ntrain_dataloader = dict(dataset=dict(type='MotionDataset', ann_file='nowhere.npz'))\n"
        f'comment = {NASTY!r}\n')
    write_lines(folder / '20260101_000000/vis_data/scalars.json', [
        dict(loss=4., time=9., epoch=1, iter=1, step=1), dict(loss=2., epoch=1, iter=2, step=2), dict(loss=99., epoch=2, iter=3, step=3),
        {'infagenc/accuracy': 0.9, 'step': 2}, '{"loss": 1'
    ])
    write_lines(folder / '20260101_000001/vis_data/scalars.json', [
        dict(loss=1., epoch=2, iter=3, step=3), dict(loss=.5, epoch=2, iter=4, step=4), {'infagenc/accuracy': 0.25, 'step': 2},
        dict(loss=float('nan'), epoch=3, iter=5, step=5)
    ])
    environment = ['System environment:', '    Python: 3', 'Runtime environment:', '    seed: 1']
    write_lines(folder / '20260101_000001/a.log', ['2026 - INFO - ', '-' * 60, *environment, '-' * 60, 'Config:', 'more'])
    common = dict(num_candidates=7, accuracy=0.5)
    (folder / 'rounds.json').write_text(json.dumps([
        dict(round=1, epoch=1, best_epoch=1, survivors={'0': 2, '1': 0, '2': 1}, accepted=0, pool_size=0,
             reason='fewer than 2 survivors in class [1, 2]', **common),
        dict(round=2, epoch=2, best_epoch=2, survivors={'0': 3, '1': 2, '2': 2}, accepted=3, pool_size=3, reason='', **common)
    ]))
    more = dict(epoch=2, score=0.8, source='synthetic')
    clips = [make_clip(f'{NASTY}_{index}', label, seed=index, **more) for index, label in enumerate((0, 0, 2))]
    save_annotation(dict(split={}, metainfo=dict(classes=CLASSES, skeleton='ucla20'), annotations=clips), folder / 'pool/pool.npz')
    write_lines(folder / 'test/t/t.json', [{
        'generation/accuracy': 0.8, 'generation/accuracy_ci': 0.05, 'generation/accuracy_real': 0.9, 'generation/fid': 12.,
        'generation/fid_real': 3., 'generation/fid_real_ci': 0.5, 'data_time': 1., 'time': 2.
    }])
    write_lines(folder / 'test/recognizer.json', [{
        'top1': dict(value=0.75, low=0.5, high=1.), 'classes': CLASSES, 'recall': {'walk': dict(value=1., low=None, high=None)},
        'confusion_matrix': [[2, 0, 0], [1, 1, 0], [0, 0, 0]]
    }])
    return folder


def make_study_dir(folder):
    """Four seeds of three arms: real clips, augmented ones, and these with a generator's: 50, 60 to 61 and 56.5 to 69.5 % rightly named."""
    folder.mkdir(parents=True)
    accuracies = {NASTY: [.5] * 4, 'strong': [.6, .61, .6, .61], 'more': [.565, .685, .555, .695]}
    write_rows([StudyRow('Mine', arm, 5, seed, value, value, .5, 300, 10, 10 * (arm == 'more'), 300, 1., 'x')
                for arm, values in accuracies.items() for seed, value in enumerate(values)], folder / 'runs.csv')
    write_arms([Arm(NASTY), Arm('strong', 'strong'), Arm('more', 'strong', None, 'own')], NASTY, folder / 'arms.json')
    write_lines(folder / 'settings.json', [dict(study=dict(name='Mine'))])
    return folder
