"""Tensors in plain pickles: written by pickle and PyTorch here, read without their code there."""

import os
import pickle

import numpy as np
import pytest
import torch

from mmagenc.datasets.safe_pickle import UnsafePickleError, load_pickle
from tests.attacks.gadgets import Call


def saved(path, content, protocol=4):
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


@pytest.mark.parametrize('protocol', [2, 4])
def test_tensors_become_arrays(tmp_path, protocol):
    base = torch.arange(24.).reshape(4, 6)
    content = dict(whole=base, part=base[1:, 2:4], turned=base.t(), repeated=base[0].expand(3, 6), flags=base > 3, half=base.bfloat16(),
                   numbers=torch.arange(3), none=torch.empty(0, 3), weight=base.clone().requires_grad_(), text='walk')
    found = load_pickle(saved(tmp_path / 'a.pkl', content, protocol))
    for name, value in content.items():
        if isinstance(value, torch.Tensor):
            expected = value.detach().float().numpy() if name == 'half' else value.detach().numpy()
            assert type(found[name]) is np.ndarray and found[name].dtype == expected.dtype and np.array_equal(found[name], expected), name
    assert found['text'] == 'walk'


class Rebuilt:
    """A tensor of which the file says what the arguments say."""

    def __init__(self, *arguments):
        self.arguments = arguments

    def __reduce__(self):
        return torch._utils._rebuild_tensor_v2, self.arguments


STORAGE = torch.arange(4.)._typed_storage()


@pytest.mark.parametrize('arguments', [
    (STORAGE, 0, (5, ), (1, ), False, {}), (STORAGE, 3, (2, ), (1, ), False, {}), (STORAGE, -1, (2, ), (1, ), False, {}),
    (STORAGE, 0, (2, 2), (1, ), False, {}), (STORAGE, 0, (1 << 40, ), (0, ), False, {}), ('storage', 0, (2, ), (1, ), False, {}),
    (STORAGE, 0, (2, ), (-1, ), False, {}), (STORAGE, 0, [2], [1], False, {}), (STORAGE, 0, (2, )),
])
def test_what_is_no_part_of_a_storage_is_refused(tmp_path, arguments):
    with pytest.raises(UnsafePickleError, match=r'a\.pkl: refused a tensor'):
        load_pickle(saved(tmp_path / 'a.pkl', Rebuilt(*arguments)))


def test_no_code_in_the_bytes_of_a_storage_is_run(tmp_path):
    inner = pickle.dumps(Call(os.mkdir, str(tmp_path / 'ran')))
    for content in (inner, b'', b'no pickle', torch.arange(4.).numpy().tobytes()):
        path = saved(tmp_path / 'a.pkl', Call(torch.storage._load_from_bytes, content))
        with pytest.raises(UnsafePickleError, match=r'a\.pkl: refused a storage'):
            load_pickle(path)
    assert not (tmp_path / 'ran').exists()


def test_a_storage_that_is_cut_or_of_something_else_is_refused(tmp_path):
    whole = pickle.dumps(torch.arange(1000.))
    place = whole.index(torch.arange(1000.).numpy().tobytes())
    damaged = bytearray(whole)
    damaged[place - 8:place] = (10**12).to_bytes(8, 'little')  # as many numbers as nobody has
    (tmp_path / 'a.pkl').write_bytes(bytes(damaged))
    with pytest.raises(UnsafePickleError, match='a storage of PyTorch that cannot be read'):
        load_pickle(tmp_path / 'a.pkl')


@pytest.mark.parametrize('value', [torch.nn.Linear(2, 2), torch.float32, torch.nn.Parameter(torch.ones(2)), torch.device('cpu')])
def test_other_things_of_pytorch_are_refused_by_name(tmp_path, value):
    with pytest.raises(UnsafePickleError, match='refused to unpickle torch'):
        load_pickle(saved(tmp_path / 'a.pkl', value))
