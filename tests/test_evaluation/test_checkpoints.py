"""Weights from files, safely and completely."""

import os
import shutil

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from safetensors import safe_open
from torch import nn

from mmagenc.evaluation.checkpoints import Ignored, load_checkpoint, load_weights, model_weights, recognizer_weights, save_weights
from mmagenc.version import __version__


def _mmengine_checkpoint(**more):
    buffer = HistoryBuffer()
    buffer.update(1.5)
    return dict(
        meta=dict(epoch=3, dataset_meta=dict(classes=['a'], fps=np.float64(30), offsets=np.arange(3.))),
        state_dict={'module.weight': torch.ones(2, 3)},
        message_hub=dict(log_scalars=dict(loss=buffer)),
        **more)


def test_reads_what_mmengine_writes(tmp_path):
    torch.save(_mmengine_checkpoint(), tmp_path / 'epoch_3.pth')
    checkpoint = load_checkpoint(tmp_path / 'epoch_3.pth')
    assert list(model_weights(checkpoint)) == ['weight']
    assert checkpoint['meta']['dataset_meta']['fps'] == 30
    assert checkpoint['meta']['dataset_meta']['offsets'].tolist() == [0, 1, 2]


@pytest.mark.parametrize('function', [shutil.rmtree, os.rmdir])
def test_runs_nothing(tmp_path, function):
    """A call that PyTorch knows as dangerous refuses the file; any other is passed over."""
    folder = tmp_path / 'folder'
    folder.mkdir()
    admitted = set(torch.serialization.get_safe_globals())

    class Attack:

        def __reduce__(self):
            return function, (str(folder), )

    torch.save(dict(state_dict=dict(weight=torch.ones(1)), evil=Attack()), tmp_path / 'evil.pth')
    if function is os.rmdir:
        with pytest.raises(ValueError, match='evil.pth cannot be read'):
            load_checkpoint(tmp_path / 'evil.pth')
    else:
        assert isinstance(load_checkpoint(tmp_path / 'evil.pth')['evil'], Ignored)
    assert folder.exists()
    assert set(torch.serialization.get_safe_globals()) == admitted


def test_what_was_admitted_before_stays_admitted(tmp_path):
    """Resuming after a checkpoint was read here: the allow-list of `mmagenc.compat` is whole."""
    import mmengine.runner  # noqa: F401 - whose import lets compat admit what MMEngine's checkpoints hold
    before = list(torch.serialization.get_safe_globals())
    assert any(entry[1:] == ('numpy.ndarray', ) for entry in before if isinstance(entry, tuple))
    torch.save(_mmengine_checkpoint(), tmp_path / 'epoch_3.pth')
    load_checkpoint(tmp_path / 'epoch_3.pth')
    assert set(torch.serialization.get_safe_globals()) == set(before)


def test_reads_the_format_before_zip(tmp_path):
    torch.save({'weight': torch.ones(2)}, tmp_path / 'old.pth.tar', _use_new_zipfile_serialization=False)
    assert model_weights(load_checkpoint(tmp_path / 'old.pth.tar'))['weight'].tolist() == [1, 1]


def test_recognizer_of_a_loop_checkpoint():
    recognizer = dict(state_dict=dict(other=torch.zeros(1)), optimizer={})
    assert list(recognizer_weights(_mmengine_checkpoint(infagenc=dict(recognizer=recognizer)))) == ['other']
    assert list(recognizer_weights(_mmengine_checkpoint())) == ['weight']


@pytest.mark.parametrize('content', [b'', b'no checkpoint at all', b'PK\x03\x04 broken', b'aNut(K(.', b'}]]seR'])
def test_refuses_other_files(tmp_path, content):
    path = tmp_path / 'file.pth'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r'file\.pth cannot be read as a PyTorch checkpoint'):
        load_checkpoint(path)


def test_refuses_other_content(tmp_path):
    torch.save(torch.ones(3), tmp_path / 'tensor.pth')
    with pytest.raises(ValueError, match='holds a Tensor'):
        load_checkpoint(tmp_path / 'tensor.pth')
    with pytest.raises(FileNotFoundError, match='nowhere'):
        load_checkpoint(tmp_path / 'nowhere.pth')


def test_weights_are_loaded_completely_or_not_at_all():
    model = nn.Linear(3, 2)
    before = model.weight.clone()
    weights = dict(weight=torch.ones(2, 3), bias=torch.ones(2))
    for wrong, message in ((dict(weight=weights['weight']), '1 missing: bias'), (dict(weights, scale=torch.ones(1)), '1 unknown: scale'),
                           (dict(weights, bias=torch.ones(4)), r'1 of another shape: bias \(\(4,\), the model has \(2,\)\)')):
        with pytest.raises(ValueError, match=f'weights of a.pth do not fit the Linear.*{message}'):
            load_weights(model, wrong, source='a.pth')
        assert torch.equal(model.weight, before)
    load_weights(model, weights, source='a.pth')
    assert torch.equal(model.weight, torch.ones(2, 3))


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_weights_of_a_training_that_diverged_are_refused(value):
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    model.register_buffer('measured', torch.zeros(2))
    weights = {name: torch.full_like(own, value) if own.is_floating_point() else own for name, own in model.state_dict().items()}
    with pytest.raises(ValueError, match=r'the weights of a.pth are no finite numbers: 0.weight, 0.bias, 1.weight, … \(6 of 8\)'):
        load_weights(model, weights, source='a.pth')
    load_weights(model, dict(model.state_dict(), measured=torch.full((2, ), value)), source='a.pth')  # nothing has been measured yet


def _bytes(value):
    return value.detach().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


class TestSaveWeights:

    WEIGHTS = dict(
        plain=torch.arange(6.).reshape(2, 3), turned=torch.arange(6.).reshape(2, 3).T, empty=torch.ones(0, 4), number=torch.tensor(7),
        half=torch.tensor([1.5, float('nan')], dtype=torch.bfloat16), switch=torch.tensor([True, False]),
        large=torch.tensor([2**62 + 1]), grown=torch.ones(1).expand(3, 2), learnt=nn.Parameter(torch.ones(2)))

    @pytest.mark.parametrize('suffix', ['.safetensors', '.pth'])
    def test_round_trip(self, tmp_path, suffix):
        """Every kind of tensor, bit for bit, and what is said of them."""
        table = self.WEIGHTS['plain']
        weights = dict(self.WEIGHTS, same=table, part=table[1], **{'späť.weight': table})
        meta = dict(dataset_meta=dict(classes=['ä', 'b'], offsets=np.arange(2), fps=np.float64(30)), training=dict(epoch=3),
                    config='model = dict()\n', made_by='test', source='a.pth', part='model')
        save_weights(weights, tmp_path / f'a{suffix}', meta=meta)
        checkpoint = load_checkpoint(tmp_path / f'a{suffix}')
        found = model_weights(checkpoint)
        assert set(found) == set(weights)
        for name, value in weights.items():
            assert found[name].dtype == value.dtype and found[name].shape == value.shape
            assert _bytes(found[name]) == _bytes(value), name
        assert checkpoint['meta'] == dict(
            dataset_meta=dict(classes=['ä', 'b'], offsets=[0, 1], fps=30), epoch=3, cfg='model = dict()\n', made_by='test', source='a.pth',
            part='model', mmagenc_version=__version__)

    def test_others_read_it(self, tmp_path):
        """The library's own reader, which knows nothing of this package."""
        save_weights(self.WEIGHTS, tmp_path / 'a.safetensors', meta=dict(dataset_meta=dict(classes=['a'])))
        with safe_open(tmp_path / 'a.safetensors', framework='pt') as file:
            assert file.metadata().keys() == {'format', 'mmagenc_version', 'dataset_meta', 'sha256'}
            assert all(torch.equal(file.get_tensor(name), value) for name, value in self.WEIGHTS.items() if name != 'half')

    @pytest.mark.parametrize('name, weights, meta, message', [
        ('a.bin', {}, {}, r'files of weights end in \.safetensors or \.pth'),
        ('a.safetensors', {}, {}, 'there are no weights'),
        ('a.safetensors', dict(x=torch.eye(3).to_sparse()), {}, 'x is no dense tensor'),
        ('a.safetensors', dict(x=torch.ones(2, dtype=torch.complex128)), {}, 'cannot be written as safetensors'),
        ('a.safetensors', dict(x=torch.ones(2)), dict(dataset_meta=dict(a={1})), 'dataset_meta cannot be written as JSON: it holds a set'),
        ('a.safetensors', dict(x=torch.ones(2)), dict(author='me'), 'meta has no author'),
        ('a.safetensors', dict(x=torch.ones(2)), dict(config='x' * 2**23), 'characters of metadata, accepted are up to'),
    ])
    def test_refused(self, tmp_path, name, weights, meta, message):
        with pytest.raises(ValueError, match=f'{name}: .*{message}'):
            save_weights(weights, tmp_path / name, meta=meta)
        assert list(tmp_path.iterdir()) == []
