"""train.py and test.py: configs, options and data with something wrong; and the converters of published weights."""

import pickle
from pathlib import Path

import torch

from tests.fuzz.files import annotation, annotation_npz

from .row import Row
from .rows_annotations import clip, damaged, head
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
TRAIN = ['train.py', '{d}/run.py', '--work-dir', '{d}/w']
TEST = ['test.py', '{d}/run.py', '{d}/epoch_3.pth', '--work-dir', '{d}/w']


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
    'layout unknown': ("model = dict(representation=dict(skeleton='octopus'))", 'octopus'),
}
DATA = {
    'data empty': (b'', 'clips.npz'),
    'data text': (b'hello', 'clips.npz'),
    'data without keypoint': (annotation_npz(damaged(clip(total_frames=None))), 'clips.npz'),
    'label beyond': (annotation_npz(damaged(clip(label=7))), 'clips.npz'),
    'classes of another number': (
        annotation_npz(damaged(head(classes=['a', 'b', 'c', 'd']))),
        'train_dataloader.dataset has 4 classes (a, b, c, d), but the model knows 3',
    ),
}
OPTIONS = {
    'no config': (['train.py', '{d}/none.py'], 'none.py: no such file'),
    'a folder as config': (['train.py', '{d}'], '{d}: a folder, not a file'),
    'resume not there': ([*TRAIN, '--resume', '{d}/none.pth'], 'none.pth: no such file'),
    'resume from text': ([*TRAIN, '--resume', '{d}/text.pth'], 'text.pth'),
    'resume from weights': ([*TRAIN, '--resume', '{d}/a.safetensors'], 'a.safetensors'),
    'scaling without base': ([*TRAIN, '--auto-scale-lr'], '--auto-scale-lr'),
    'option leads nowhere': ([*TRAIN, '--cfg-options', 'model.0.x=3'], 'model.0: TransformerCVAE has no such argument'),
    'option leads beyond a list': (
        [*TRAIN, '--cfg-options', 'train_dataloader.dataset.pipeline.9.x=3'],
        '--cfg-options train_dataloader.dataset.pipeline.9.x: train_dataloader.dataset.pipeline is a list of 1',
    ),
    'test: no config': (['test.py', '{d}/none.py', '{d}/epoch_3.pth'], 'none.py: no such file'),
    'test: no checkpoint': (['test.py', '{d}/run.py', '{d}/none.pth'], 'none.pth: no such file'),
    'test: text as checkpoint': (['test.py', '{d}/run.py', '{d}/text.pth'], 'text.pth'),
    'test: dump of another suffix': ([*TEST, '--dump', '{d}/o.csv'], 'must end in .npz, .pkl or .pickle'),
    'test: show without hook': ([*TEST, '--show-dir', '{d}/o'], '--show, --show-dir'),
}
CONVERTERS = ('infagenc_to_mmagenc', 'infogcn_to_mmagenc', 'kinetic_gan_to_mmagenc')


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
ROWS += [Row(f'{"" if name.startswith("test") else "train: "}{name}', config(), arguments, (says,), 2)
         for name, (arguments, says) in OPTIONS.items()]
ROWS += [Row(f'{tool}: {name}', published, [f'model_converters/{tool}.py', f'{{d}}/{name}.pth', '{d}/o.pth'], (f'{name}.pth',))
         for tool in CONVERTERS for name in ('none', 'text', 'empty', 'code', 'other', 'list', 'cut', 'pickle')]
ROWS += [Row(f'{tool}: out is there', published, [f'model_converters/{tool}.py', '{d}/other.pth', '{d}/there.pth'], ('pth',), 2)
         for tool in CONVERTERS]
