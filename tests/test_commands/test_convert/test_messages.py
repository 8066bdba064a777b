"""Files that are no published checkpoint: one message that names the file, exit code 1, nothing written."""

import importlib

import numpy as np
import pytest
import torch

from tests.commands import main

CONVERTERS = ('infagenc', 'infogcn', 'kinetic_gan', 'p2i')
KEYS = dict(infagenc='encoder.muQuery', infogcn='to_joint_embedding.weight', kinetic_gan='mlp.mlp.0.weight',
            p2i='model_stream1_down.1.weight')
FILES = ['absent', 'folder', 'empty', 'random', 'text', 'lfs', 'cut', 'flipped', 'list', 'number', 'no_weights', 'numbered', 'nested_list',
         'not_tensors', 'module', 'one_key', 'other_shapes', 'other_model']


def write(kind, path, key):
    """A file of a kind, or none."""
    plain = dict(
        list=[1, 2], number=5, no_weights={}, numbered={1: torch.zeros(2)}, nested_list=dict(state_dict=[1]), not_tensors={key: 'abc'},
        one_key={key: torch.zeros(3, 4)}, other_shapes={key: torch.zeros(()), 'fcn.weight': torch.zeros(())},
        other_model=torch.nn.Linear(2, 2).state_dict(), module=torch.nn.Linear(2, 2), cut={key: torch.zeros(50)},
        flipped={key: torch.zeros(500)})
    raw = dict(empty=b'', random=np.random.default_rng(0).bytes(500), text=b'hello\nworld\n',
               lfs=b'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n')
    if kind == 'folder':
        path.mkdir()
    elif kind in raw:
        path.write_bytes(raw[kind])
    elif kind in plain:
        torch.save(plain[kind], path)
    if kind in ('cut', 'flipped'):
        content = path.read_bytes()
        at = content.find(bytes(100))
        path.write_bytes(content[:len(content) // 2] if kind == 'cut' else content[:at] + b'\1' + content[at + 1:])


@pytest.mark.parametrize('kind', FILES)
@pytest.mark.parametrize('name', CONVERTERS)
def test_one_message(name, kind, tmp_path):
    tool = importlib.import_module(f'mmagenc.commands.convert.{name}')
    write(kind, tmp_path / 'x.pth', KEYS[name])
    with pytest.raises(SystemExit) as error:
        main(tool, [str(tmp_path / 'x.pth'), str(tmp_path / 'out.pth')])
    said, command = error.value.code, f'convert {name.replace("_", "-")}'
    assert isinstance(said, str) and said.startswith(f'{command}: ') and 'x.pth' in said  # which Python prints, with exit code 1
    assert len(said.splitlines()) == 1 and len(said) < 600 and not (tmp_path / 'out.pth').exists()


def test_debug(tmp_path):
    tool = importlib.import_module('mmagenc.commands.convert.infagenc')
    with pytest.raises(FileNotFoundError):
        main(tool, [str(tmp_path / 'absent.pth'), str(tmp_path / 'out.pth'), '--debug'])
