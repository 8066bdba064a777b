"""Safetensors: written by the format's description here, read there; every damage is told of in one message that names the file."""

import hashlib
import json
import re
import struct

import pytest
import torch
from mmengine.runner.checkpoint import CheckpointLoader, load_checkpoint

from mmagenc.untrusted import DamagedCheckpointError, checkpoint_problem, read_safetensors
from mmagenc.untrusted.weights import MAX_HEADER

ENTRY = dict(dtype='F32', shape=[2], data_offsets=[0, 8])
DATA = struct.pack('<2f', 1.5, -2)


def write(path, header, data=DATA):
    """A file by hand: the header's length, the header, the numbers."""
    header = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack('<Q', len(header)) + header + data)
    return path


def test_a_file_of_others_is_a_checkpoint(tmp_path):
    path = write(tmp_path / 'a.safetensors', {'x': ENTRY, '__metadata__': {'format': 'pt', 'author': 'somebody'}})
    assert checkpoint_problem(path) is None
    checkpoint = read_safetensors(path)
    assert checkpoint['meta'] == {} and checkpoint['state_dict']['x'].tolist() == [1.5, -2]
    path.write_bytes(b'')  # the tensors are no view of the file
    assert checkpoint['state_dict']['x'].tolist() == [1.5, -2]


OLDER = r'Error while deserializing: [A-Z]\w+'
"""What older releases of safetensors say of a header: the name of an error."""


@pytest.mark.parametrize('place', ['cpu', torch.device('meta'), None])
def test_mmengine_loads_it(tmp_path, place):
    path = write(tmp_path / 'a.SafeTensors', {'bias': ENTRY})
    found = CheckpointLoader.load_checkpoint(str(path), map_location=place)
    assert found['state_dict']['bias'].device.type == ('cpu' if place is None else torch.device(place).type)
    model = torch.nn.Linear(3, 2)
    load_checkpoint(model, str(path), map_location='cpu')
    assert model.bias.tolist() == [1.5, -2]


TWICE = b'{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'
BROKEN = {
    'cut': ({'x': ENTRY}, DATA[:-1], 'incomplete|not fully covered'),
    'longer': ({'x': ENTRY}, DATA + b'\0', 'incomplete|not fully covered'),
    'nothing': (b'', b'', 'cut short'),
    'overlap': ({'x': ENTRY, 'y': ENTRY}, DATA, 'offset'),
    'hole': ({'x': ENTRY, 'y': dict(ENTRY, data_offsets=[12, 20])}, DATA * 3, 'offset'),
    'backwards': ({'x': dict(ENTRY, data_offsets=[8, 0])}, DATA, 'offset'),
    'named twice': (TWICE, DATA, "names 'x' twice"),
    'key twice': (b'{"x":{"dtype":"F32","dtype":"I32","shape":[2],"data_offsets":[0,8]}}', DATA, "names 'dtype' twice"),
    'no utf-8': (b'{"\xff":1}', b'', 'no JSON.*UnicodeDecodeError'),
    'no json': (b'{"x":', b'', 'Expecting value'),
    'a list': (b'[1, 2]', b'', 'the header is a list'),
    'nested': (b'[' * 50_000, b'', 'RecursionError'),
    'half a surrogate': (rb'{"\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', DATA, 'a tensor with the name'),
    'two lines': ({'x\nTraceback': ENTRY}, DATA, r"name 'x\\nTraceback'"),
    'no tensor': ({'__metadata__': {'a': 'b'}}, b'', 'holds no tensor'),
    'huge': ({'x': dict(ENTRY, shape=[2**62, 4])}, DATA, 'overflow'),
    'more than there is': ({'x': dict(ENTRY, shape=[3])}, DATA, 'invalid shape'),
    'negative': ({'x': dict(ENTRY, shape=[-2])}, DATA, 'invalid value'),
    'fraction': ({'x': dict(ENTRY, shape=[2.5])}, DATA, 'invalid'),
    'type': ({'x': dict(ENTRY, dtype='F128')}, DATA, 'unknown variant'),
    'no type': ({'x': dict(shape=[2], data_offsets=[0, 8])}, DATA, 'missing field'),
    'no table': ({'x': 3}, DATA, 'invalid type'),
    'bool of 2': ({'x': dict(ENTRY, dtype='BOOL', shape=[8])}, b'\0\1\2\0\0\0\0\0', 'other bytes than 0 and 1'),
    'metadata of numbers': ({'x': ENTRY, '__metadata__': {'a': 1}}, DATA, 'no table of texts'),
    'metadata is a list': ({'x': ENTRY, '__metadata__': ['a']}, DATA, 'no table of texts'),
    'dataset_meta no json': ({'x': ENTRY, '__metadata__': {'dataset_meta': '{'}}, DATA, 'dataset_meta of the metadata is no JSON'),
    'dataset_meta a list': ({'x': ENTRY, '__metadata__': {'dataset_meta': '[]'}}, DATA, 'dataset_meta of the metadata is a list'),
    'dataset_meta nested': ({'x': ENTRY, '__metadata__': {'dataset_meta': '[' * 50_000}}, DATA, 'dataset_meta of the metadata is no JSON'),
    'checksum': ({'x': ENTRY, '__metadata__': {'sha256': 'f' * 64}}, DATA, 'damaged, or was changed without its checksum'),
}


@pytest.mark.parametrize('kind', BROKEN)
def test_broken_files(tmp_path, kind):
    header, data, message = BROKEN[kind]
    path = write(tmp_path / 'a.safetensors', header, data)
    for read in (read_safetensors, lambda path: CheckpointLoader.load_checkpoint(str(path))):
        said = rf'a\.safetensors cannot be read as safetensors: .*(?:{message}|{OLDER})'
        with pytest.raises(DamagedCheckpointError, match=said) as caught:
            read(path)
        assert '\n' not in str(caught.value)
    assert re.search(f'{message}|{OLDER}', checkpoint_problem(path))


@pytest.mark.parametrize('size', [0, 1, 9, 1 << 20, 2**63, 2**64 - 1])
def test_announced_headers(tmp_path, size):
    path = tmp_path / 'a.safetensors'
    path.write_bytes(struct.pack('<Q', size) + b'{}')
    with pytest.raises(DamagedCheckpointError, match=f'a header of {size} is announced'):
        read_safetensors(path)


def test_a_vast_header(tmp_path):
    path = write(tmp_path / 'a.safetensors', b'{"__metadata__":{"a":"' + b'x' * MAX_HEADER + b'"}}')
    with pytest.raises(DamagedCheckpointError, match=f'refused, a header of {MAX_HEADER + 25} bytes'):
        read_safetensors(path)


def test_names_repeated_a_hundred_thousand_times(tmp_path):
    """Looking for the name that is there twice does not take the square of their number."""
    names = ','.join(f'"{index}":1' for index in range(100_000))
    path = write(tmp_path / 'a.safetensors', f'{{{names},"99999":1}}'.encode())
    with pytest.raises(DamagedCheckpointError, match="names '99999' twice"):
        read_safetensors(path)


def test_content_and_name_of_different_formats(tmp_path):
    path = tmp_path / 'a.safetensors'
    torch.save(dict(x=torch.ones(2)), path)
    assert 'zip archive' in checkpoint_problem(path)
    path = write(tmp_path / 'a.pth', {'x': ENTRY})
    assert checkpoint_problem(path) == 'its content is of safetensors, give it that ending'


def test_the_checksum_by_hand(tmp_path):
    """Of the metadata that is read, of the entries, and of the numbers."""
    metadata = dict(dataset_meta='{"classes": ["a"]}', config='x = 1')
    text = json.dumps([metadata, {'x': ENTRY}], sort_keys=True, separators=(',', ':'))
    metadata['sha256'] = hashlib.sha256(text.encode() + DATA).hexdigest()
    path = write(tmp_path / 'a.safetensors', {'__metadata__': dict(metadata, author='not covered'), 'x': ENTRY})
    assert read_safetensors(path)['meta'] == dict(dataset_meta=dict(classes=['a']), cfg='x = 1')
    whole = path.read_bytes()
    for old, new in ((rb'[\"a', rb'[\"b'), (b'"F32"', b'"I32"'), (DATA, DATA[::-1]), (b'"x": {', b'"y": {'), (b'x = 1', b'x = 2')):
        assert whole.count(old) == 1
        path.write_bytes(whole.replace(old, new))
        with pytest.raises(DamagedCheckpointError, match='checksum'):
            read_safetensors(path)
