"""train.py and test.py: configs, options and data with something wrong; and the converters of published weights."""

import pickle
from pathlib import Path

import numpy as np
import torch

from tests.fuzz.files import annotation, annotation_npz

from .row import Row
from .rows_annotations import clip, damaged, head, whole
from .rows_generate import model

RUN = """_base_ = './generator.py'
train_dataloader = dict(
    _delete_=True, batch_size=2, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='MotionDataset', ann_file='{d}/clips.npz', split='train', pipeline=[dict(type='PackMotionInputs')]))
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=1)
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=1e-4))
default_hooks = dict(representation_stats=dict(type='RepresentationStatsHook'), checkpoint=None, logger=None)
test_dataloader = dict(
    batch_size=2, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='MotionDataset', ann_file='{d}/clips.npz', split='val', pipeline=[dict(type='PackMotionInputs')]))
test_cfg = dict()
test_evaluator = dict(type='MMDMetric')
"""
TRAIN = ['train', '{d}/run.py', '--work-dir', '{d}/w']
TEST = ['test', '{d}/run.py', '{d}/epoch_3.pth', '--work-dir', '{d}/w']


def config(text='', **data):
    """Makes a run's config out of a whole one and the lines given, and beside it what it needs; ``data`` replaces files' bytes."""

    def make(folder: Path) -> None:
        model(folder)
        (folder / 'base.py').write_text(RUN.replace('{d}', str(folder)))
        base = '' if text.startswith('_base_') else "_base_ = './base.py'\n"
        (folder / 'run.py').write_text(base + text.replace('{d}', str(folder)))
        for name, content in data.items():
            (folder / name.replace('__', '.')).write_bytes(content)

    return make


# A line of the config, and what the message must say of it.
LINES = {
    'syntax': ('x = (', 'run.py'),
    'indentation': ('  x = 1', 'run.py'),
    'name unknown': ('x = undefined_name', 'run.py'),
    'base not there': ("_base_ = './none.py'", 'none.py'),
    'import not there': ('import no_such_module', 'no_such_module'),
    'key misspelt': ('train_confg = dict(max_epochs=3)', 'train_confg'),
    'no optimizer': ('optim_wrapper = None', 'optim_wrapper'),
    'no loop': ('train_cfg = None', 'train_cfg'),
    'epochs 0': ('train_cfg = dict(max_epochs=0)', 'max_epochs'),
    'epochs negative': ('train_cfg = dict(max_epochs=-1)', 'max_epochs'),
    'epochs of text': ("train_cfg = dict(max_epochs='many')", 'max_epochs'),
    'model unknown': ("model = dict(type='NoSuchModel')", 'NoSuchModel'),
    'model without type': ('model = dict(_delete_=True, num_classes=3)', 'model has no type'),
    'model of text': ("model = 'TransformerCVAE'", 'model'),
    'argument unknown': ('model = dict(colour=3)', 'colour'),
    'classes 0': ('model = dict(num_classes=0)', 'num_classes'),
    'classes of text': ("model = dict(num_classes='3')", 'num_classes'),
    'latent 0': ('model = dict(latent_dim=0)', 'latent_dim'),
    'heads do not divide': ('model = dict(num_heads=3)', 'heads'),
    'optimizer unknown': ("optim_wrapper = dict(optimizer=dict(type='NoSuchOptimizer'))", 'NoSuchOptimizer'),
    'rate negative': ('optim_wrapper = dict(optimizer=dict(lr=-1.0))', 'lr'),
    'dataset unknown': ("train_dataloader = dict(dataset=dict(type='NoSuchDataset'))", 'NoSuchDataset'),
    'file not there': ("train_dataloader = dict(dataset=dict(ann_file='none.npz'))", 'none.npz'),
    'split not there': ("train_dataloader = dict(dataset=dict(split='evening'))", 'evening'),
    'transform unknown': ("train_dataloader = dict(dataset=dict(pipeline=[dict(type='NoSuchStep')]))", 'NoSuchStep'),
    'batch 0': ('train_dataloader = dict(batch_size=0)', 'batch_size'),
    'workers negative': ('train_dataloader = dict(num_workers=-1)', 'num_workers'),
    'hook unknown': ("default_hooks = dict(mine=dict(type='NoSuchHook'))", 'NoSuchHook'),
    'hook without type': ('default_hooks = dict(mine=dict(interval=3))', 'mine'),
    'start not there': ("load_from = 'none.pth'", 'none.pth'),
    'start is text': ("load_from = '{d}/text.pth'", 'text.pth'),
    'a division by zero': ('x = 1 / 0', 'run.py'),
    'bases of a number': ('_base_ = 3', 'run.py'),
    'dataset not said': ('train_dataloader = dict(dataset=None)', 'dataset'),
    'dataset without type': ("train_dataloader = dict(dataset=dict(_delete_=True, ann_file='x.npz'))", 'dataset has no type'),
    'step without type': ("train_dataloader = dict(dataset=dict(pipeline=[dict(keys=['a'])]))", 'pipeline.0 has no type'),
    'no steps': ('train_dataloader = dict(dataset=dict(pipeline=[]))', 'pipeline is empty'),
    'a folder as file': ("train_dataloader = dict(dataset=dict(ann_file='{d}'))", '{d}'),
    'file of nothing': ("train_dataloader = dict(dataset=dict(ann_file=''))", 'ann_file'),
    'file that is a config': ("train_dataloader = dict(dataset=dict(ann_file='{d}/run.py'))", 'run.py'),
    'batch of a half': ('train_dataloader = dict(batch_size=2.5)', 'batch_size'),
    'batch larger than all': ('train_dataloader = dict(batch_size=64, drop_last=True)', 'dataloader gives no batch: its dataset has'),
    'workers of text': ("train_dataloader = dict(num_workers='two')", 'num_workers'),
    'loader misspelt': ('train_dataloader = dict(batchsize=3)', 'is batch_size meant?'),
    'rate of text': ("optim_wrapper = dict(optimizer=dict(lr='fast'))", "optim_wrapper.optimizer.lr must be a number from 0, got 'fast'"),
    'rate NaN': ("optim_wrapper = dict(optimizer=dict(lr=float('nan')))", 'lr'),
    'optimizer without type': ('optim_wrapper = dict(optimizer=dict(_delete_=True, lr=0.1))', 'optim_wrapper.optimizer has no type'),
    'seed of text': ("randomness = dict(seed='one')", 'randomness.seed'),
    'seed negative': ('randomness = dict(seed=-1)', 'randomness.seed'),
    'log level unknown': ("log_level = 'LOUD'", 'log_level'),
    'hook argument unknown': ("default_hooks = dict(mine=dict(type='LoggerHook', intervall=3))", 'is interval meant?'),
    'half of validation': ('val_cfg = dict()', 'val_dataloader'),
    'metric unknown': ("test_evaluator = dict(type='NoSuchMetric')", 'NoSuchMetric'),
    'layout unknown': ("model = dict(representation=dict(skeleton='octopus'))", 'octopus'),
}
DATA = {
    'data empty': (b'', 'clips.npz'),
    'data text': (b'hello', 'clips.npz'),
    'data without keypoint': (annotation_npz(damaged(clip(total_frames=None))), 'clips.npz'),
    'data without clips': (annotation_npz(damaged(lambda content: content.update(annotations=[], split={}))), 'clips.npz'),
    'data without a split': (annotation_npz(damaged(whole(split={}))), 'clips.npz'),
    'data not finite': (annotation_npz(damaged(clip(keypoint=np.full((1, 6, 4, 3), np.nan)))), 'clips.npz'),
    'label beyond': (annotation_npz(damaged(clip(label=7))), 'clips.npz'),
    'classes of another number': (
        annotation_npz(damaged(head(classes=['a', 'b', 'c', 'd']))),
        'train_dataloader.dataset has 4 classes (a, b, c, d), but the model knows 3',
    ),
}
OPTIONS = {
    'batch larger than all, rates by iterations': (
        [*TRAIN, '--cfg-options', 'train_dataloader.batch_size=64', 'train_dataloader.drop_last=True', 'param_scheduler.type=LinearLR',
         'param_scheduler.end=1', 'param_scheduler.convert_to_iter_based=True'],
        'train_dataloader gives no batch: its dataset has',
    ),
    'no config': (['train', '{d}/none.py'], 'none.py: no such file'),
    'a folder as config': (['train', '{d}'], '{d}: a folder, not a file'),
    'resume not there': ([*TRAIN, '--resume', '{d}/none.pth'], 'none.pth: no such file'),
    'resume from text': ([*TRAIN, '--resume', '{d}/text.pth'], 'text.pth'),
    'resume from weights': ([*TRAIN, '--resume', '{d}/a.safetensors'], 'a.safetensors'),
    'scaling without base': ([*TRAIN, '--auto-scale-lr'], '--auto-scale-lr'),
    'option leads nowhere': ([*TRAIN, '--cfg-options', 'model.0.x=3'], 'model.0: TransformerCVAE has no such argument'),
    'option leads beyond a list': (
        [*TRAIN, '--cfg-options', 'train_dataloader.dataset.pipeline.9.x=3'],
        '--cfg-options train_dataloader.dataset.pipeline.9.x: train_dataloader.dataset.pipeline is a list of 1',
    ),
    'a checkpoint as config': (['train', '{d}/epoch_3.pth'], 'configs end in .py, .json, .yaml, .yml'),
    'no argument': (['train'], 'error: the following arguments are required: config'),
    'option unknown': ([*TRAIN, '--epochs', '3'], 'error: unrecognized arguments: --epochs 3'),
    'seed option negative': ([*TRAIN, '--seed', '-1'], 'error: argument --seed'),
    'option without value': ([*TRAIN, '--cfg-options', 'train_cfg.max_epochs'], "'train_cfg.max_epochs' is no KEY=VALUE"),
    'option with half a bracket': ([*TRAIN, '--cfg-options', 'x=[1,2'], 'a bracket without its other half'),
    'work folder a file': ([*TRAIN[:-1], '{d}/there.npz'], 'there.npz'),
    'work folder in a file': ([*TRAIN[:-1], '{d}/there.npz/w'], 'there.npz'),
    'work folder of too long a name': ([*TRAIN[:-1], '{d}/' + 300 * 'w'], 'File name too long'),
    'launcher that is not there': ([*TRAIN, '--launcher', 'slurm'], 'SLURM_PROCID'),
    'resume from data': ([*TRAIN, '--resume', '{d}/clips.npz'], 'clips.npz'),
    'resume from a folder': ([*TRAIN, '--resume', '{d}'], '--resume {d}: '),
    'test: files the other way round': (['test', '{d}/epoch_3.pth', '{d}/run.py'], 'configs end in .py, .json, .yaml, .yml'),
    'test: data as checkpoint': (['test', '{d}/run.py', '{d}/clips.npz', '--work-dir', '{d}/w'], 'clips.npz'),
    'test: of another size': ([*TEST, '--cfg-options', 'model.latent_dim=32'], 'epoch_3.pth'),
    'test: dump into a file': ([*TEST, '--dump', '{d}/there.npz/o.npz'], '{d}/there.npz is no folder'),
    'test: dump is there': ([*TEST, '--dump', '{d}/there.npz'], 'there.npz: there already; --force replaces it'),
    'test: no config': (['test', '{d}/none.py', '{d}/epoch_3.pth'], 'none.py: no such file'),
    'test: no checkpoint': (['test', '{d}/run.py', '{d}/none.pth'], 'none.pth: no such file'),
    'test: text as checkpoint': (['test', '{d}/run.py', '{d}/text.pth'], 'text.pth'),
    'test: dump of another suffix': ([*TEST, '--dump', '{d}/o.csv'], 'must end in .npz, .pkl or .pickle'),
    'test: show without hook': ([*TEST, '--show-dir', '{d}/o'], '--show, --show-dir'),
}
PLACES = {
    'a folder': (['{d}', '{d}/o.pth'], '{d}'),
    'out is a folder': (['{d}/other.pth', '{d}'], '{d}'),
    'out of another suffix': (['{d}/other.pth', '{d}/o.txt'], 'o.txt: the file must end in'),
    'out is read': (['{d}/other.pth', '{d}/other.pth'], 'this is read'),
    'out in a file': (['{d}/other.pth', '{d}/there.pth/o.pth'], 'there.pth is no folder'),
    'one argument': (['{d}/other.pth'], 'error:', 2),
}
CONVERTERS = (
    'act-vae', 'infagenc', 'infogcn', 'kinetic-gan', 'p2i', 'slt')


def published(folder: Path) -> None:
    """What is no published checkpoint, in several ways."""
    (folder / 'text.pth').write_bytes(b'hello')
    (folder / 'empty.pth').write_bytes(b'')
    (folder / 'code.pth').write_bytes(b'cos\nsystem\n(S"true"\ntR.')
    torch.save(dict(x=torch.ones(2)), folder / 'other.pth')
    torch.save([1, 2], folder / 'list.pth')
    (folder / 'there.pth').write_bytes(b'mine')
    (folder / 'cut.pth').write_bytes((folder / 'other.pth').read_bytes()[:300])
    (folder / 'pickle.pth').write_bytes(pickle.dumps(annotation(0)))


ROWS = [Row(f'train: {name}', config(f'{line}\n'), TRAIN, (says,), 2) for name, (line, says) in LINES.items()]
ROWS += [Row(f'test: {name}', config(f'{line}\n'.replace('train_dataloader', 'test_dataloader')), TEST, (says,), 2)
         for name, (line, says) in LINES.items() if not line.startswith(('train_cfg', 'optim_wrapper', 'load_from', 'default_hooks'))]
ROWS += [Row(f'train: {name}', config(clips__npz=data), TRAIN, (says,), 2) for name, (data, says) in DATA.items()]
ROWS += [Row('train: config in another encoding', config(run__py='# für alle'.encode('latin-1')), TRAIN, ('run.py', 'UTF-8'), 2)]
ROWS += [Row(f'{"" if name.startswith("test") else "train: "}{name}', config(), arguments, (says,), 2)
         for name, (arguments, says) in OPTIONS.items()]
ROWS += [Row(f'convert {tool}: {name}', published, [f'convert {tool}', f'{{d}}/{name}.pth', '{d}/o.pth'], (f'{name}.pth',))
         for tool in CONVERTERS for name in ('none', 'text', 'empty', 'code', 'other', 'list', 'cut', 'pickle')]
ROWS += [Row(f'convert {tool}: {name}', published, [f'convert {tool}', *arguments], (says, ), *code)
         for tool in CONVERTERS for name, (arguments, says, *code) in PLACES.items()]
ROWS += [Row(f'convert {tool}: out is there', published, [f'convert {tool}', '{d}/other.pth', '{d}/there.pth'], ('pth',), 2)
         for tool in CONVERTERS]
