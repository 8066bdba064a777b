"""What names a model: folders, checkpoints, configs, and what is said where nothing is found."""

import os

import pytest
import torch
from mmengine.config import Config

from mmagenc.apis import hub
from mmagenc.apis.sources import best_checkpoint, find_source

from .configs import GENERATOR, write_generator


@pytest.fixture
def work_dir(tmp_path):
    """As a training leaves it: the config as data under the time of its start, two checkpoints, the name of the last."""
    folder = tmp_path / 'work'
    (folder / '20260101_000000/vis_data').mkdir(parents=True)
    (folder / '20260101_000000/vis_data/config.py').write_text(Config.fromfile(write_generator(tmp_path)[0]).pretty_text)
    for name in ('epoch_2.pth', 'epoch_10.pth'):
        (folder / name).write_bytes((tmp_path / 'epoch_3.pth').read_bytes())
    (folder / 'last_checkpoint').write_text('/elsewhere/epoch_10.pth')
    return folder


def test_a_work_dir(work_dir):
    source = find_source(str(work_dir))
    assert source.checkpoint == work_dir / 'epoch_10.pth' and source.config.model.type == 'TransformerCVAE' and source.name == str(work_dir)
    for place, name in enumerate(('best_acc_epoch_2.pth', 'best_acc_epoch_4.pth')):
        (work_dir / name).write_bytes(b'')
        os.utime(work_dir / name, (place, place))
    assert find_source(work_dir).checkpoint.name == 'best_acc_epoch_4.pth'
    assert find_source(work_dir / 'epoch_2.pth').checkpoint.name == 'epoch_2.pth'  # with the config that lies beside it


def test_no_program_of_a_work_dir_is_run(work_dir):
    (work_dir / '20260101_000000/vis_data/config.py').write_text('import os\nos._exit(3)\nmodel = dict()')
    with pytest.raises(ValueError, match='there is no config of its training in it .*give the config too'):
        find_source(work_dir)


def test_folders_without_a_model(tmp_path, work_dir):
    (tmp_path / 'empty').mkdir()
    with pytest.raises(ValueError, match='empty: neither the folder of a model .* nor the work_dir of a training'):
        find_source(tmp_path / 'empty')
    with pytest.raises(ValueError, match='below it there are work'):
        (tmp_path / 'epoch_3.pth').unlink()
        find_source(tmp_path)
    assert best_checkpoint(tmp_path / 'empty') is None


def test_a_checkpoint_alone(tmp_path):
    (tmp_path / 'alone').mkdir()
    torch.save({}, tmp_path / 'alone/x.pth')
    with pytest.raises(ValueError, match=r"x.pth: a checkpoint holds weights, .* load\('x.pth', config="):
        find_source(tmp_path / 'alone/x.pth')
    with pytest.raises(FileNotFoundError, match='y.pth: no such file'):
        find_source(tmp_path / 'alone/y.pth')
    (tmp_path / 'c.py').write_text(GENERATOR)
    assert find_source(tmp_path / 'c.py', tmp_path / 'alone/x.pth').checkpoint == tmp_path / 'alone/x.pth'
    with pytest.raises(FileNotFoundError, match='checkpoint .*z.pth: no such file'):
        find_source(tmp_path / 'c.py', 'z.pth')


def test_configs_of_this_package_by_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ('quick', 'infagenc/quick', 'configs/infagenc/quick.py'):
        source = find_source(name)
        assert source.config.filename.endswith('configs/infagenc/quick.py') and source.checkpoint is None
    with pytest.raises(FileNotFoundError, match='nosuch: no model of this name; looked for were a folder, a checkpoint and a config of '
                                                'this path, a config of this name among those of mmagenc'):
        find_source('nosuch')
    with pytest.raises(FileNotFoundError, match='config nosuch.py: no such file'):
        find_source('nosuch.py', 'x.pth')
    with pytest.raises(ValueError, match='name a model: a work_dir'):
        find_source(None)


def test_the_hub_is_asked_for_its_names_only(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr('mmagenc.apis.sources.fetch_folder', lambda name: asked.append(name) or (_ for _ in ()).throw(hub.HubError(name)))
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'work_dirs').mkdir()
    for name in ('work_dirs/mispelt', 'one', 'a/b/c', '../x', './a/b', 'owner/config.py', '/owner/name'):
        with pytest.raises(FileNotFoundError, match='no model of this name'):
            find_source(name)
    assert not asked
    for name in ('owner/name', 'owner/name@v1'):
        with pytest.raises(hub.HubError):
            find_source(name)
    assert asked == ['owner/name', 'owner/name@v1']
