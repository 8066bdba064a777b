"""The hub, which no test reaches: what is sent and fetched, and what is said where that cannot be."""

import sys
from types import SimpleNamespace

import pytest

from mmagenc import Generator
from mmagenc.apis.hub import HubError, fetch_folder, is_hub_name, push_folder

from .configs import write_generator


@pytest.fixture
def model(tmp_path):
    return Generator(*write_generator(tmp_path)).save_pretrained(tmp_path / 'model')


class Hub(SimpleNamespace):
    """Stands for huggingface_hub: notes what it is asked for."""

    def __init__(self, folder=None, error=None):
        self.folder, self.error, self.calls = folder, error, []

    def _called(self, name, *args, **kwargs):
        self.calls.append((name, args, kwargs))
        if self.error is not None:
            raise self.error
        return str(self.folder)

    def __getattr__(self, name):
        return lambda *args, **kwargs: self._called(name, *args, **kwargs)


def test_names():
    assert is_hub_name('owner/name-1.0') and not any(map(is_hub_name, ('name', 'a/b/c', '/a/b', 'a/', 'https://x/y')))


def test_a_model_is_fetched(model, monkeypatch):
    hub = Hub(model)
    monkeypatch.setitem(sys.modules, 'huggingface_hub', hub)
    assert Generator.load('owner/name@v2').generate('walk', 1).keypoint.shape == (1, 8, 20, 3)
    patterns = ['config.json', 'model.safetensors', 'README.md']
    assert hub.calls == [('snapshot_download', ('owner/name', ), dict(revision='v2', allow_patterns=patterns))]


def test_a_model_is_sent_and_stays_private(model, monkeypatch):
    hub = Hub()
    monkeypatch.setitem(sys.modules, 'huggingface_hub', hub)
    assert push_folder(model, 'owner/name') == 'https://huggingface.co/owner/name'
    assert [(name, kwargs.get('private')) for name, _, kwargs in hub.calls] == [('create_repo', True), ('upload_folder', None)]
    assert hub.calls[1][2]['allow_patterns'] == ['config.json', 'model.safetensors', 'README.md']
    with pytest.raises(ValueError, match="'name' is no name on the hub, such as owner/name"):
        push_folder(model, 'name')


def test_words_without_a_connection(model, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'huggingface_hub', Hub(error=RuntimeError('no route to host\nmore')))
    with pytest.raises(HubError, match='owner/name: config.json and model.safetensors of this name were looked for on the Hugging Face hub '
                                       'and in its cache here, and cannot be had: RuntimeError: no route to host$'):
        fetch_folder('owner/name')
    with pytest.raises(HubError, match='cannot be sent to the Hugging Face hub: .*; the folder .*model is written'):
        push_folder(model, 'owner/name')
    monkeypatch.setitem(sys.modules, 'huggingface_hub', Hub(tmp_path / 'nothing'))
    with pytest.raises(HubError, match='holds no config.json, so it is no model of mmagenc'):
        fetch_folder('owner/name')
    monkeypatch.setitem(sys.modules, 'huggingface_hub', None)
    with pytest.raises(ImportError, match=r'pip install mmagenc\[hub\]'):
        fetch_folder('owner/name')


def test_the_real_one_offline(monkeypatch, tmp_path):
    """huggingface_hub itself, told to stay offline."""
    constants = pytest.importorskip('huggingface_hub.constants')
    monkeypatch.setattr(constants, 'HF_HUB_OFFLINE', True)
    monkeypatch.setattr(constants, 'HF_HUB_CACHE', str(tmp_path))
    with pytest.raises(HubError, match='owner/nosuchmodel: .* cannot be had'):
        fetch_folder('owner/nosuchmodel')
