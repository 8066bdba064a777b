"""What is known of a generator's clips, and what is not invented (:func:`~mmagenc.apis.init_generator` has the rest of the tests)."""

import pytest
import torch
from mmengine.config import Config

from mmagenc.engine.building import build_generator
from tests.swinging import CLASSES, Swinging, registered, write_recordings


@pytest.fixture(autouse=True)
def _registered():
    yield from registered(Swinging)


def test_a_rate_that_nobody_says_is_not_known(tmp_path):
    config, model = Config(dict(default_scope='mmagenc', model=dict(type='Swinging'))), Swinging()
    model.representation.fit(write_recordings(tmp_path / 'real.npz'))
    assert build_generator(config)[1] == {}
    torch.save(dict(state_dict=model.state_dict(), meta=dict(dataset_meta=dict(classes=CLASSES, fps=20.))), tmp_path / 'generator.pth')
    built, meta = build_generator(config, tmp_path / 'generator.pth')
    assert meta == dict(classes=CLASSES, fps=20.) and built.cfg is config and built.representation.fitted


def test_other_classes_than_the_models(tmp_path):
    config, model = Config(dict(default_scope='mmagenc', model=dict(type='Swinging'))), Swinging()
    model.representation.fit(write_recordings(tmp_path / 'real.npz'))
    torch.save(dict(state_dict=model.state_dict(), meta=dict(dataset_meta=dict(classes=['one']))), tmp_path / 'generator.pth')
    with pytest.raises(ValueError, match='the model has 2 classes and its dataset 1: one'):
        build_generator(config, tmp_path / 'generator.pth')
