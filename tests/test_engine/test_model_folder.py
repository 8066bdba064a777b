"""Folders of models from elsewhere: what is damaged, foreign, newer, or would run or read something is refused in words."""

import json
import shutil

import pytest
import torch

from mmagenc.apis import init_generator, init_recognizer, save_pretrained
from mmagenc.engine.config_file import is_config, read_config_file
from mmagenc.engine.model_folder import ModelFolderError, file_sum, read_model_folder
from tests.test_apis.configs import write_generator


@pytest.fixture(scope='module')
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp('written')
    return save_pretrained(init_generator(*write_generator(folder, meta=dict(classes=['a', 'b', 'c']))), folder / 'model')


@pytest.fixture
def folder(written, tmp_path):
    return shutil.copytree(written, tmp_path / 'model')


def change(folder, **changes):
    """Change ``config.json``; keys are paths with two underscores between their parts."""
    table = json.loads((folder / 'config.json').read_text())
    for path, value in changes.items():
        *parents, key = path.split('__')
        part = table
        for parent in parents:
            part = part[parent]
        if value is None:
            del part[key]
        else:
            part[key] = value
    (folder / 'config.json').write_text(json.dumps(table))


def test_a_folder_is_a_config(folder):
    cfg = read_config_file(folder)
    assert is_config(folder) and not is_config(folder.parent)
    assert cfg.model.type == 'TransformerCVAE' and cfg.model_folder == str(folder) and cfg.filename == str(folder / 'config.json')
    model = init_generator(folder)
    assert model.dataset_meta['classes'] == ['a', 'b', 'c'] and not model.training
    for again in (init_generator(str(folder), folder), init_generator(cfg)):
        assert all(torch.equal(value, again.state_dict()[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize('changes, reason', [
    (dict(library_name='transformers'), r"of another program \(library_name 'transformers'\)"),
    (dict(library_name=None, model_type='bert'), r"of another program \(model_type 'bert'\)"),
    (dict(format=2, mmagenc_version='9.1'), "format 2, written by mmagenc '9.1'; this version reads up to 1: pip install -U mmagenc"),
    (dict(format='1'), "format must be a number from 1, got '1'"),
    (dict(kind='poet'), "kind must be generator or recognizer, got 'poet'"),
    (dict(model=[]), r'model must be a table, got \[\]'),
    (dict(classes=[1, 2, 3]), 'classes must be names'),
    (dict(weights__sha256='0' * 64), 'model.safetensors: not the file that config.json was written with'),
    (dict(weights__bytes=5), r'model.safetensors: \d+ bytes, config.json says 5'),
    (dict(default_scope='os'), "default_scope must be one of mmagenc, mmaction, mmengine, mmcv, got 'os'"),
    (dict(layouts=dict(x=dict(name='x'))), 'config.json: layouts: '),
    (dict(model__type='os.system'), "model.type must be a registered name of mmagenc, .*got 'os.system'"),
    (dict(model__representation__type='mmengine.Config.fromfile'), 'model.representation.type must be a registered name'),
    (dict(model__representation=dict(type='mmdet.ResNet')), 'model.representation.type must be a registered name'),
    (dict(model__representation___scope_='torch'), "model.representation._scope_ must be one of .*got 'torch'"),
    (dict(model__init_cfg=dict(type='Pretrained', checkpoint='http://x')), 'model.init_cfg: refused, a folder from elsewhere must not'),
    (dict(model__representation__body_model=dict(type='SMPLBody', model_path='/etc/passwd')), 'body_model.model_path: refused'),
    (dict(model__representation__skeleton='/etc/layout.yaml'), 'model.representation.skeleton: refused'),
    (dict(test_pipeline=[dict(type='a'), dict(type='evil.Thing')]), 'test_pipeline.1.type must be a registered name'),
])
def test_what_is_refused_before_anything_is_built(folder, changes, reason):
    change(folder, **changes)
    with pytest.raises(ModelFolderError, match=f'{folder}.*{reason}'):
        read_model_folder(folder)


@pytest.mark.parametrize('changes, reason', [
    (dict(model__type='NoSuchModel'), 'NoSuchModel.*once that package has been imported'),
    (dict(model__type='mmengine.Config'), 'Config'),
    (dict(model__wings=2), 'wings'),
    (dict(model__latent_dim=32), r'do not fit the TransformerCVAE of the config: \d+ of another shape'),
    (dict(classes=['c', 'b', 'a']), r"classes \['c', 'b', 'a'\], but the weights beside it are of \['a', 'b', 'c'\]"),
    (dict(skeleton='ntu25'), "skeleton 'ntu25', but the weights beside it are of 'ucla20'"),
])
def test_what_is_refused_while_it_is_built(folder, changes, reason):
    change(folder, **changes)
    with pytest.raises(ValueError, match=f'{folder}.*{reason}'):
        init_generator(folder)


def test_what_is_missing_or_damaged(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere: no such folder'):
        read_model_folder(tmp_path / 'nowhere')
    for content, reason in ((b'{"library_name"', 'no JSON'), (b'[]', 'holds a list'), (b'\xff\xfe', 'no JSON'), (b'1' * (5 << 20), 'bytes'),
                            (b'[' * 100000, 'no JSON')):
        before = (folder / 'config.json').read_bytes()
        (folder / 'config.json').write_bytes(content)
        with pytest.raises(ModelFolderError, match=f'config.json: .*{reason}'):
            read_model_folder(folder)
        (folder / 'config.json').write_bytes(before)
    weights = folder / 'model.safetensors'
    weights.write_bytes(weights.read_bytes()[:-4])
    with pytest.raises(ModelFolderError, match='the file is cut short or another one'):
        read_model_folder(folder)
    weights.unlink()
    with pytest.raises(ModelFolderError, match='model.safetensors: no such file: a folder of a model holds config.json and model.safetens'):
        read_model_folder(folder)
    (folder / 'config.json').unlink()
    with pytest.raises(ModelFolderError, match='config.json: no such file'):
        read_model_folder(folder)


def test_weights_of_another_kind_under_the_right_name(folder):
    """A pickle under the name, with its own checksum noted: it is not opened as one."""
    torch.save(dict(state_dict={}), folder / 'model.safetensors')
    size, digest = file_sum(folder / 'model.safetensors')
    change(folder, weights__bytes=size, weights__sha256=digest)
    with pytest.raises(ValueError, match="model.safetensors cannot be read as safetensors: it is a zip archive, such as PyTorch's"):
        init_generator(folder)


def test_nothing_is_imported_for_a_folder(folder, tmp_path, monkeypatch):
    (tmp_path / 'evil_module.py').write_text('raise SystemExit("it ran")')
    monkeypatch.syspath_prepend(tmp_path)
    change(folder, custom_imports=dict(imports=['evil_module']))
    assert init_generator(folder).num_classes == 3  # beside the settings it is nothing
    change(folder, model__custom_imports=dict(imports=['evil_module']))
    with pytest.raises(ModelFolderError, match='model.custom_imports: refused'):
        init_generator(folder)


def test_a_generator_is_no_recognizer(folder):
    with pytest.raises(ValueError, match='names no recognizer'):
        init_recognizer(folder)
