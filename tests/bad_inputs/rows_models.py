"""Body models, layouts, rigs, scores, studies and weights with something wrong."""

import json
import pickle

import numpy as np
import yaml

from mmagenc.body_models.rigs import load_rig
from mmagenc.body_models.smpl_file import load_smpl_file
from mmagenc.evaluation.scores import load_scores
from mmagenc.evaluation.study import read_rows
from mmagenc.skeletons.definition import skeleton_from_yaml
from mmagenc.untrusted import read_settings
from mmagenc.visualization.logs import read_scalars
from tests.fuzz.files import layout, mmpose_layout, rig, savez, scores, smpl, to_csv
from tests.fuzz.files import rows as study_rows

from .row import Row
from .rows_importers import changed, file


def _smpl():
    half = smpl(0)['weights'] * 0.5
    damages = {
        **{f'no {key}': (changed(smpl(0), **{key: None}), f"no key '{key}'") for key in smpl(0)},
        'vertices of 2': (changed(smpl(0), v_template=np.ones((12, 2))), "'v_template' has shape (12, 2)"),
        'vertices NaN': (changed(smpl(0), v_template=np.full((12, 3), np.nan)), 'not finite'),
        'faces beyond': (changed(smpl(0), f=np.array([[0, 1, 12]])), "'f' names vertices 0 to 12"),
        'faces negative': (changed(smpl(0), f=np.array([[0, 1, -1]])), "'f' names vertices -1"),
        'weights of half': (changed(smpl(0), weights=half), 'expected 1'),
        'posedirs of 9': (changed(smpl(0), posedirs=np.ones((12, 3, 9))), '9 directions'),
        'another tree': (changed(smpl(0), kintree_table=np.zeros((2, 24), dtype=int)), "'kintree_table' has the parents"),
        'tree of 22': (changed(smpl(0), kintree_table=smpl(0)['kintree_table'][:, :22]), "'kintree_table' has the parents"),
        'texts': (changed(smpl(0), v_template=np.array(['a'])), "'v_template'"),
        'other joints': (changed(smpl(0), weights=half[:, :20]), "'weights' has shape"),
    }
    for name, (content, says) in damages.items():
        yield Row(f'smpl npz: {name}', file('a.npz', savez(content)), lambda folder: load_smpl_file(folder / 'a.npz'), ('a.npz', says))
        yield Row(
            f'smpl pkl: {name}', file('a.pkl', pickle.dumps(content)), lambda folder: load_smpl_file(folder / 'a.pkl'), ('a.pkl', says)
        )
    for name, data in {'empty': b'', 'text': b'hello', 'a list': pickle.dumps([1]), 'code': b'cos\nsystem\n(S"true"\ntR.'}.items():
        yield Row(f'smpl pkl: {name}', file('a.pkl', data), lambda folder: load_smpl_file(folder / 'a.pkl'), ('a.pkl',))
    yield Row('smpl: suffix', file('a.json', b''), lambda folder: load_smpl_file(folder / 'a.json'), ('a.json', 'from .pkl and .npz'))
    yield Row('smpl: no file', file('a', b''), lambda folder: load_smpl_file(folder / 'a.npz'), ('a.npz: no such body model',))


def _layouts():
    damages = {
        'no names': (dict(joint_names=None), 'joint_names must list'),
        'names a number': (dict(joint_names=5), 'joint_names must list'),
        'names of numbers': (dict(joint_names=[1, 2]), 'joint_names must list'),
        'names repeat': (dict(joint_names=['a', 'a', 'b', 'c']), 'repeats a'),
        'no parents': (dict(parents=None), 'parents must have one entry'),
        'parents short': (dict(parents=[-1]), 'parents must have one entry'),
        'parents beyond': (dict(parents=[-1, 0, 0, 9]), 'parents names 9'),
        'no root': (dict(parents=[1, 0, 0, 0]), 'no tree'),
        'two roots': (dict(parents=[-1, -1, 0, 0]), 'roots are'),
        'unknown key': (dict(colour='red'), "unknown keys ['colour']"),
        'pairs of one': (dict(pairs=[['hip']]), 'pairs must be a list of pairs'),
        'pair unknown': (dict(pairs=[['hip', 'nose']]), "pairs names 'nose'"),
        'pair with itself': (dict(pairs=[['hip', 'hip']]), 'with itself'),
        'center unknown': (dict(center='nose'), "center names 'nose'"),
        'center beyond': (dict(center=7), 'center names 7'),
        'edges too': (dict(edges=[[0, 1]]), 'both given'),
        'name empty': (dict(name=''), 'needs a name'),
        'name of a file': (dict(name='a.yaml'), 'needs a name'),
        'edges alone': (dict(parents=None, edges=[[0, 1]]), 'no way leads'),
    }
    for name, (changes, says) in damages.items():
        yield Row(
            f'layout: {name}',
            file('a.yaml', yaml.safe_dump(changed(layout(0), **changes)).encode()),
            lambda folder: skeleton_from_yaml(folder / 'a.yaml'),
            ('a.yaml', says),
        )
    swapped = mmpose_layout(0)
    swapped['keypoint_info'][1]['swap'] = 'hip'
    gap = mmpose_layout(0)
    gap['keypoint_info'][2]['id'] = 7
    texts = {
        'empty': b'',
        'a list': b'[1]',
        'no yaml': b'{',
        'tab': b'\t',
        'bytes': b'\xff',
        'object': b'!!python/object/apply:os.system [true]',
        'one-way swap': yaml.safe_dump(swapped).encode(),
        'a gap': yaml.safe_dump(gap).encode(),
    }
    for name, data in texts.items():
        yield Row(f'layout: {name}', file('a.yaml', data), lambda folder: skeleton_from_yaml(folder / 'a.yaml'), ('a.yaml',))
        yield Row(
            f'draw-pyramid: {name}',
            file('a.yaml', data),
            ['draw-pyramid', '--skeleton', '{d}/a.yaml', '--out', '{d}/a.png'],
            ('a.yaml',),
        )


def _rigs():
    damages = {
        'no joints': (dict(joints=None), 'takes the keys'),
        'unknown key': (dict(colour=1), 'takes the keys'),
        'joints a list': (dict(joints=[1]), 'takes'),
        'joint unknown': (dict(joints=dict(nose='Nose')), "'nose' is no SMPL joint"),
        'joint without name': (dict(joints=dict(pelvis=None)), 'pelvis must have'),
        'unit unknown': (dict(unit='mile'), 'unit must be'),
        'unit negative': (dict(unit=-1), 'unit must be'),
        'up unknown': (dict(up='w'), 'up must be one of'),
        'up as forward': (dict(up='z', forward='z'), 'up and forward'),
        'rest unknown': (dict(rest='sitting'), 'rest must be'),
        'axes a list': (dict(axes=[1]), 'axes maps'),
        'axes of two': (dict(axes=dict(pelvis=['up', 'left'])), 'axes of pelvis must be three'),
    }
    for name, (changes, says) in damages.items():
        yield Row(
            f'rig: {name}',
            file('a.yml', yaml.safe_dump(changed(rig(0), **changes)).encode()),
            lambda folder: load_rig(folder / 'a.yml'),
            ('a.yml', says),
        )
    for name, data in {'empty': b'', 'bytes': b'\xff\xff', 'no yaml': b'{'}.items():
        yield Row(f'rig: {name}', file('a.yml', data), lambda folder: load_rig(folder / 'a.yml'), ('a.yml',))


def _scores():
    damages = {
        'no score': (dict(score=None), 'score'),
        'NaN': (dict(score=np.full((2, 3), np.nan)), 'NaN or infinite'),
        'of text': (dict(score=np.array('a')), 'score'),
        'labels beyond': (dict(label=np.array([0, 3])), 'labels 0 to 3'),
        'labels short': (dict(label=np.array([0])), 'do not go together'),
        'names repeat': (dict(frame_dir=np.array(['a', 'a'])), 'more than once'),
        'classes short': (dict(classes=np.array(['a'])), '1 class names'),
        'another format': (dict(format=np.array('other')), 'format other'),
    }
    for name, (changes, says) in damages.items():
        make = file('a.npz', savez(changed(scores(0), **changes)))
        yield Row(f'scores: {name}', make, lambda folder: load_scores(folder / 'a.npz'), ('a.npz', says))
        yield Row(f'ensemble: {name}', make, ['ensemble', '--position', '{d}/a.npz', '--out', '{d}/o.npz'], ('a.npz', says))


def _logs():
    row = study_rows(0)[0]
    damages = {
        'seed of a word': (dict(seed='one'), 'line 2'),
        'share beyond': (dict(top1=7.0), 'expected a share'),
        'share NaN': (dict(top1='nan'), 'expected a share'),
        'no number': (dict(steps=''), 'line 2'),
    }
    for name, (changes, says) in damages.items():
        yield Row(
            f'study rows: {name}', file('a.csv', to_csv([{**row, **changes}])), lambda folder: read_rows(folder / 'a.csv'), ('a.csv', says)
        )
    for name, data in {'empty': b'', 'other columns': b'a,b\n1,2\n', 'binary': b'\x00\xff\n', 'short': to_csv([row])[:-20]}.items():
        yield Row(f'study rows: {name}', file('a.csv', data), lambda folder: read_rows(folder / 'a.csv'), ('a.csv',))
    lines = {
        'no step': b'{"loss": 1}\n{"step": 1}\n',
        'a list': b'[1]\n{"step": 1}\n',
        'text': b'hello\n{"step": 1}\n',
        'step NaN': b'{"step": NaN}\n{"step": 1}\n',
    }
    for name, data in lines.items():
        yield Row(f'scalars: {name}', file('t/vis_data/scalars.json', data), read_scalars, ('scalars.json, line 1',))
    yield Row('scalars: nothing', file('t/vis_data/scalars.json', b''), read_scalars, ('no scalars in it',))
    for text in ('import os', 'x = open("a")', 'x = [i for i in y]', 'x.y = 1', 'x = (', 'x = lambda: 1', 'x = f"{1}"', '(' * 500):
        yield Row(f'settings: {text[:20]}', lambda folder: None, lambda folder, text=text: read_settings(text), ())


def _weights():
    from mmagenc.evaluation.checkpoints import load_checkpoint

    files = {
        'a.pth': {'empty': b'', 'text': b'hello', 'zip': b'PK\x03\x04aaaa', 'pickle': pickle.dumps([1])},
        'a.safetensors': {
            'empty': b'',
            'text': b'hello',
            'zip': b'PK\x03\x04aaaa',
            'no tensor': (2).to_bytes(8, 'little') + b'{}',
            'no offsets': (lambda head: len(head).to_bytes(8, 'little') + head)(json.dumps(dict(x=1)).encode()),
        },
    }
    for name, contents in files.items():
        for kind, data in contents.items():
            make = file(name, data)
            yield Row(f'{name}: {kind}', make, lambda folder, name=name: load_checkpoint(folder / name), (name,))
            yield Row(f'publish {name}: {kind}', make, ['convert publish', f'{{d}}/{name}', '{d}/o.pth'], (name,))


ROWS = [row for rows in (_smpl, _layouts, _rigs, _scores, _logs, _weights) for row in rows()]
