"""Each workaround of mmagenc.compat: what fails without it, and that it leaves a healthy version alone.

Where the state of imports matters, the check runs in a Python of its own.
"""

import errno
import importlib.util
import io
import os
import pickle
import subprocess
import sys
import textwrap
import types
import uuid
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.fileio import LocalBackend
from mmengine.hooks import CheckpointHook
from mmengine.logging import HistoryBuffer
from mmengine.model import BaseModel
from mmengine.optim import AmpOptimWrapper
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from torch.utils.data import DataLoader, Dataset

from mmagenc import compat
from mmagenc.command_line import describe

ROOT = Path(__file__).resolve().parents[1]

# makes an installed top-level package look absent
HIDE_TOP = """
import importlib.machinery, sys
_find = importlib.machinery.PathFinder.find_spec
importlib.machinery.PathFinder.find_spec = staticmethod(
    lambda name, path=None, target=None: None if name == {name!r} and path is None else _find(name, path, target))
"""


def python(code: str, *folders, before: str = '') -> subprocess.CompletedProcess:
    """Run code in a Python of its own, with the repository and ``folders`` on its path."""
    path = os.pathsep.join([*map(str, folders), str(ROOT)])
    return subprocess.run([sys.executable, '-c', before + textwrap.dedent(code)], env={**os.environ, 'PYTHONPATH': path},
                          capture_output=True, text=True, cwd=os.path.dirname(sys.executable))


def passes(code: str, *folders, before: str = '') -> str:
    result = python(code, *folders, before=before)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_import_is_quick_and_light():
    """Importing the package loads neither torch nor OpenMMLab."""
    passes("import sys, mmagenc; assert not {'torch', 'mmengine', 'mmaction', 'mmcv', 'cv2'} & set(sys.modules)")


def test_apply_twice_changes_nothing():
    before = (list(sys.meta_path), LocalBackend.put, CheckpointHook._save_checkpoint_with_step)
    compat.apply()
    assert (list(sys.meta_path), LocalBackend.put, CheckpointHook._save_checkpoint_with_step) == before


class TestMissingDrn:
    """mmaction2 #2714."""

    @pytest.mark.skipif(not compat.stub_missing_drn() and 'mmaction.models.localizers.drn' not in sys.modules, reason='it has drn')
    def test_mmaction_models_import_only_with_it(self):
        assert "No module named 'mmaction.models.localizers.drn'" in python('import mmaction.models').stderr
        passes("""
            import importlib.util, inspect, pickle, mmagenc, mmaction.models
            assert pickle.loads(pickle.dumps(mmaction.models.STGCN)) is mmaction.models.STGCN
            inspect.getmodule(lambda: 0)  # walks over every loaded module, the stub too
            assert importlib.util.find_spec('mmaction.models.localizers.drn.drn') is not None
        """)

    def test_whole_mmaction_is_left_alone(self, tmp_path):
        folder = tmp_path / 'mmaction/models/localizers/drn'
        folder.mkdir(parents=True)
        for place in (tmp_path / 'mmaction', tmp_path / 'mmaction/models', tmp_path / 'mmaction/models/localizers'):
            (place / '__init__.py').touch()
        (folder / 'drn.py').write_text('DRN = 1')
        passes('import mmagenc; from mmaction.models.localizers.drn.drn import DRN; assert DRN == 1', tmp_path)


class TestImportlibMetadata:

    def test_mmaction_imports_only_with_the_alias(self):
        hide = HIDE_TOP.format(name='importlib_metadata')
        path = Path(importlib.util.find_spec('mmaction').origin).with_name('utils') / 'dependency.py'
        run = f'import runpy; satisfy = runpy.run_path({str(path)!r})["satisfy_requirement"]'
        assert "No module named 'importlib_metadata'" in python(run, before=hide).stderr
        passes(f'import mmagenc; {run}; assert satisfy("torch>=1") and not satisfy("no-such-thing")', before=hide)

    def test_an_installed_one_is_left_alone(self, tmp_path):
        (tmp_path / 'importlib_metadata.py').write_text('INSTALLED = True')
        passes('import mmagenc, importlib_metadata; assert importlib_metadata.INSTALLED', tmp_path)


class TestMmcv:

    def test_missing_mmcv_is_named(self):
        error = python('import mmagenc', before=HIDE_TOP.format(name='mmcv')).stderr
        assert 'pip install "mmcv-lite==2.1.0"' in error

    @staticmethod
    def fake_mmcv(folder, version):
        (folder / 'mmcv').mkdir()
        (folder / 'mmcv/__init__.py').write_text(f'__version__ = {version!r}')
        info = folder / f'mmcv-{version}.dist-info'
        info.mkdir()
        (info / 'METADATA').write_text(f'Metadata-Version: 2.1\nName: mmcv\nVersion: {version}\n')

    def test_newer_mmcv_is_accepted_and_keeps_its_version(self, tmp_path):
        self.fake_mmcv(tmp_path, '2.2.0')
        assert 'is used but incompatible' in python('import mmaction', tmp_path).stderr
        passes("import mmagenc, mmaction, mmcv; assert mmcv.__version__ == '2.2.0'", tmp_path)

    def test_older_mmcv_is_still_refused_by_mmaction(self, tmp_path):
        self.fake_mmcv(tmp_path, '1.7.0')
        assert 'is used but incompatible' in python('import mmagenc, mmaction', tmp_path).stderr

    def test_supported_mmcv_is_not_imported_early(self, tmp_path):
        self.fake_mmcv(tmp_path, '2.1.0')
        passes("import sys, mmagenc; assert 'mmcv' not in sys.modules", tmp_path)

    def test_warning_of_mmcv_lite_is_silent(self):
        warning = 'Fail to import ``MultiScaleDeformableAttention``'
        source = Path(importlib.util.find_spec('mmcv').origin).with_name('cnn') / 'bricks/transformer.py'
        assert warning in source.read_text()
        code = f'import warnings; {{first}}warnings.warn({warning!r} + " from"); warnings.warn("another")'
        assert warning in python(code.format(first='')).stderr
        silent = python(code.format(first='import mmagenc; ')).stderr
        assert warning not in silent.split('UserWarning:')[1] and 'another' in silent


class Points(Dataset):
    METAINFO = {}

    def __len__(self):
        return 8

    def __getitem__(self, index):
        return {'inputs': torch.full((3, ), float(index))}


class Line(BaseModel):
    """Loss of a line through points, as small as a model can be."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        loss = self.layer(inputs).square().mean()
        return {'loss': loss} if mode == 'loss' else loss


def make_runner(work_dir, epochs, **options):
    torch.manual_seed(1)
    return Runner(
        model=Line(), work_dir=str(work_dir), train_dataloader=DataLoader(Points(), batch_size=4),
        train_cfg=dict(by_epoch=True, max_epochs=epochs), optim_wrapper=dict(optimizer=dict(type='AdamW', lr=0.1)),
        param_scheduler=dict(type='CosineAnnealingLR', T_max=4, end=4, by_epoch=True),
        default_hooks=options.pop('default_hooks', dict(checkpoint=dict(type='CheckpointHook', interval=1))),
        experiment_name=f'{work_dir.name}_{epochs}_{uuid.uuid4().hex}', log_level='ERROR', randomness=dict(seed=1), **options)


class TestResume:
    """mmengine #1655."""

    def test_resumed_training_equals_uninterrupted(self, tmp_path):
        whole = make_runner(tmp_path / 'whole', 4)
        whole.train()
        first = make_runner(tmp_path / 'part', 2)
        first.message_hub.update_scalar('train/number', np.float64(3.5))
        first.message_hub.update_scalar('train/number32', np.float32(1.5))
        first.message_hub.update_info('numbers', {'int64': np.int64(7), 'array': np.arange(3), 'flag': np.bool_(True)})
        first.train()
        second = make_runner(tmp_path / 'part', 4, resume=True)
        second.train()
        assert (second.epoch, second.iter) == (4, 8)
        for name, value in whole.model.state_dict().items():
            torch.testing.assert_close(second.model.state_dict()[name], value, rtol=0, atol=0)
        assert second.optim_wrapper.optimizer.state_dict()['state'][0]['step'] == 8
        assert second.param_schedulers[0].last_step == whole.param_schedulers[0].last_step == 3
        assert second.message_hub.get_scalar('train/number').current() == 3.5
        assert second.message_hub.get_info('numbers')['int64'] == 7

    def test_fails_without_it(self, tmp_path):
        if compat._version(torch.__version__) < (2, 6):
            pytest.skip('torch below 2.6 loads without weights_only')
        make_runner(tmp_path, 1).train()
        admitted = torch.serialization.get_safe_globals()
        torch.serialization.clear_safe_globals()
        try:
            with pytest.raises(pickle.UnpicklingError, match='Weights only load failed'):
                make_runner(tmp_path, 2, resume=True).train()
        finally:
            torch.serialization.add_safe_globals(admitted)
        make_runner(tmp_path, 2, resume=True).train()

    def test_names_of_numpy_1_and_2_are_both_admitted(self, tmp_path):
        torch.save({'number': np.float64(2), 'array': np.arange(2)}, tmp_path / 'ours.pth', _use_new_zipfile_serialization=False)
        content = (tmp_path / 'ours.pth').read_bytes()
        ours = b'numpy._core.multiarray' if b'numpy._core' in content else b'numpy.core.multiarray'
        other = b'numpy.core.multiarray' if b'numpy._core' in content else b'numpy._core.multiarray'
        (tmp_path / 'theirs.pth').write_bytes(content.replace(ours, other))
        for name in ('ours.pth', 'theirs.pth'):
            loaded = torch.load(tmp_path / name, weights_only=True)
            assert loaded['number'] == 2 and loaded['array'].tolist() == [0, 1]

    def test_loading_stays_safe(self, tmp_path):
        class Evil:
            def __reduce__(self):
                return os.mkdir, (str(tmp_path / 'ran'), )

        torch.save({'state_dict': Evil()}, tmp_path / 'evil.pth')
        with pytest.raises(pickle.UnpicklingError):
            Runner.load_checkpoint(make_runner(tmp_path, 1), str(tmp_path / 'evil.pth'))
        assert not (tmp_path / 'ran').exists()

    @pytest.mark.parametrize('attribute', ['__init__', '_set_default_statistics', '__globals__', 'no_such'])
    def test_only_public_methods_of_the_buffer_are_reachable(self, attribute, tmp_path):

        class Reach:

            def __reduce__(self):
                return getattr, (HistoryBuffer, attribute)

        class ReachElsewhere:

            def __reduce__(self):
                return getattr, (np.ndarray, 'tofile')

        for evil in (Reach(), ReachElsewhere()):
            torch.save({'state': evil}, tmp_path / 'evil.pth')
            with pytest.raises(pickle.UnpicklingError, match='a checkpoint asked for'):
                torch.load(tmp_path / 'evil.pth', weights_only=True)

    def test_off_where_upstream_admits_its_buffer(self):
        assert HistoryBuffer in torch.serialization.get_safe_globals()
        assert compat.allow_resume(types.ModuleType('checkpoint')) is False


class TestAtomicWrites:

    @pytest.fixture()
    def broken_disk(self, monkeypatch):
        """Writing stops after four bytes."""
        real = io.open

        def half_open(path, mode='r', *args, **kwargs):
            file = real(path, mode, *args, **kwargs)
            if 'r' in mode:
                return file
            write = file.write

            class Half:
                def __enter__(self):
                    return self

                def __exit__(self, *error):
                    file.close()

                def write(self, content):
                    write(content[:4])
                    file.flush()
                    raise OSError('no space left on device')

                def __getattr__(self, name):
                    return getattr(file, name)

            return Half()

        monkeypatch.setattr('builtins.open', half_open)

    @pytest.mark.parametrize('write, old, new', [('put', b'whole and old', b'new content'), ('put_text', 'whole and old', 'new content')])
    def test_a_writer_that_dies_leaves_the_old_file(self, tmp_path, broken_disk, write, old, new):
        path = tmp_path / 'file'
        path.write_bytes(old if isinstance(old, bytes) else old.encode())
        with pytest.raises(OSError, match='no space'):
            getattr(LocalBackend(), write)(new, path)
        assert path.read_bytes() == b'whole and old'
        assert os.listdir(tmp_path) == ['file']

    @pytest.mark.parametrize('broken, said', [
        (lambda file: OSError(errno.ENOSPC, 'No space left on device'), 'No space left on device'),
        (lambda file: OSError(errno.EIO, 'Input/output error', file.name), 'Input/output error'),
    ])
    def test_the_file_that_cannot_be_written_is_named(self, tmp_path, broken, said):
        with pytest.raises(OSError, match=said) as caught, compat.atomic_open(tmp_path / 'a.npz') as file:
            raise broken(file)
        assert describe(caught.value) == f'{tmp_path}/a.npz: {said}'
        with pytest.raises(FileNotFoundError) as caught, compat.atomic_open(tmp_path / 'gone' / 'a.npz'):
            pass
        assert describe(caught.value) == f'{tmp_path}/gone/a.npz: No such file or directory'

    def test_an_error_of_another_file_stays(self, tmp_path):
        with pytest.raises(FileNotFoundError) as caught, compat.atomic_open(tmp_path / 'a.npz'):
            (tmp_path / 'other').read_bytes()
        assert str(caught.value.filename) == str(tmp_path / 'other') and os.listdir(tmp_path) == []

    def test_a_killed_process_leaves_the_old_file(self, tmp_path):
        path = tmp_path / 'file'
        path.write_bytes(b'old')
        code = """
            import os, sys, mmagenc.compat as compat
            with compat.atomic_open({path!r}) as file:
                file.write(b'half'); file.flush(); os._exit(9)
        """
        assert python(code.format(path=str(path))).returncode == 9
        assert path.read_bytes() == b'old'

    def test_without_it_half_a_file_remains(self, tmp_path):
        code = f"""
            import builtins, os
            {{first}}
            from mmengine.fileio import LocalBackend
            class Content(bytes):
                pass
            real = builtins.open
            def dying(path, mode='r', *args, **kwargs):
                file = real(path, mode, *args, **kwargs)
                if 'b' in mode and 'r' not in mode:
                    file.write(b'ha'); file.flush(); os._exit(9)
                return file
            builtins.open = dying
            LocalBackend().put(b'half', {str(tmp_path / 'file')!r})
        """
        (tmp_path / 'file').write_bytes(b'old')
        assert python(code.format(first='import mmagenc')).returncode == 9
        assert (tmp_path / 'file').read_bytes() == b'old'
        assert python(code.format(first='')).returncode == 9
        assert (tmp_path / 'file').read_bytes() == b'ha'

    def test_writing_works_as_before(self, tmp_path):
        backend = LocalBackend()
        backend.put(b'1', tmp_path / 'deep/er/file')
        backend.put(b'2', tmp_path / 'deep/er/file')
        backend.put_text('ä', str(tmp_path / 'text'), encoding='utf-16')
        assert (tmp_path / 'deep/er/file').read_bytes() == b'2'
        assert (tmp_path / 'text').read_text(encoding='utf-16') == 'ä'
        assert os.listdir(tmp_path / 'deep/er') == ['file']

    def test_permissions_are_those_of_a_plain_open(self, tmp_path):
        LocalBackend().put(b'1', tmp_path / 'ours')
        with open(tmp_path / 'plain', 'wb'):
            pass
        assert (tmp_path / 'ours').stat().st_mode == (tmp_path / 'plain').stat().st_mode

    def test_links_are_followed(self, tmp_path):
        (tmp_path / 'target').write_bytes(b'old')
        (tmp_path / 'link').symlink_to(tmp_path / 'target')
        LocalBackend().put(b'new', tmp_path / 'link')
        assert (tmp_path / 'link').is_symlink() and (tmp_path / 'target').read_bytes() == b'new'

    def test_last_checkpoint_is_replaced_in_one_step(self, tmp_path, monkeypatch):
        make_runner(tmp_path, 1).train()
        assert (tmp_path / 'last_checkpoint').read_text().endswith('epoch_1.pth')

        def dies(source, target):
            raise OSError('killed')

        runner = make_runner(tmp_path, 2)
        monkeypatch.setattr(LocalBackend, 'put', lambda self, content, path: None)
        monkeypatch.setattr(os, 'replace', dies)
        with pytest.raises(OSError, match='killed'):
            runner.train()
        assert (tmp_path / 'last_checkpoint').read_text().endswith('epoch_1.pth')

    def test_off_where_upstream_is_atomic(self):

        class LocalBackend:

            def put(self, obj, filepath):
                with open(filepath + '.tmp', 'wb') as file:
                    file.write(obj)
                os.replace(filepath + '.tmp', filepath)

        put = LocalBackend.put
        assert compat.write_atomically(types.SimpleNamespace(LocalBackend=LocalBackend)) is False
        assert LocalBackend.put is put


class TestOwnConfigs:
    """``_base_ = 'mmagenc::…'``: MMEngine has a closed list of packages."""

    @staticmethod
    def unscoped(value):
        """Without the scope that MMEngine notes in what comes from another package."""
        if isinstance(value, dict):
            return {key: TestOwnConfigs.unscoped(item) for key, item in value.items() if key != '_scope_'}
        return [TestOwnConfigs.unscoped(item) for item in value] if isinstance(value, (list, tuple)) else value

    @pytest.mark.parametrize('name', ['infagenc/quick.py', 'infagenc/primitive_60f.py', 'stgcn/stgcn_1xb16-rot6d-100e_action-90f.py'])
    def test_a_users_config_anywhere_is_the_packages_own(self, tmp_path, name):
        (tmp_path / 'user.py').write_text(f"_base_ = 'mmagenc::{name}'\ntrain_cfg = dict(max_epochs=7)\n")
        cfg, own = Config.fromfile(tmp_path / 'user.py'), Config.fromfile(ROOT / 'configs' / name)
        assert cfg.train_cfg.max_epochs == 7
        own.train_cfg.max_epochs = 7
        assert self.unscoped(cfg.to_dict()) == self.unscoped(own.to_dict())

    def test_import_in_either_order(self, tmp_path):
        (tmp_path / 'user.py').write_text("_base_ = ['mmagenc::_base_/default_runtime.py']")
        load = f"from mmengine.config import Config; assert Config.fromfile({str(tmp_path / 'user.py')!r}).default_scope == 'mmagenc'"
        assert 'does not support to load mmagenc config' in python(load).stderr
        passes(f'import mmagenc; {load}')
        passes(f'import mmengine.config; import mmagenc; {load}')

    def test_no_such_config(self, tmp_path):
        (tmp_path / 'user.py').write_text("_base_ = 'mmagenc::infagenc/quick'")
        with pytest.raises(FileNotFoundError, match=r'mmagenc::infagenc/quick: no such config, .* such as mmagenc::infagenc/quick.py'):
            Config.fromfile(tmp_path / 'user.py')

    def test_other_packages_and_versions_that_know_it(self):
        asked = []

        def _get_external_cfg_path(folder, name):
            asked.append((folder, name))

        module = types.SimpleNamespace(MODULE2PACKAGE={'mmdet': 'mmdet'}, _get_external_cfg_path=_get_external_cfg_path)
        assert compat.find_own_configs(module) and module.MODULE2PACKAGE == {'mmdet': 'mmdet', 'mmagenc': 'mmagenc'}
        module._get_external_cfg_path('/site-packages/mmdet', 'a/b.py')
        assert asked == [('/site-packages/mmdet', 'a/b.py')]
        path = module._get_external_cfg_path('/nowhere/mmagenc', 'infagenc/quick.py')  # where an editable install does not lie
        assert Path(path).resolve() == ROOT / 'configs/infagenc/quick.py'
        assert not compat.find_own_configs(module)


class TestCheckpoints:
    """Which checkpoint is removed, found and believed."""

    @pytest.mark.parametrize('failing', ['put', 'replace'])
    def test_the_old_one_goes_when_the_new_one_is_whole(self, tmp_path, monkeypatch, failing):
        """MMEngine removes it first: a full disk then leaves none."""
        make_runner(tmp_path, 2, default_hooks=self.one_kept()).train()
        assert [path.name for path in tmp_path.glob('*.pth')] == ['epoch_2.pth']

        def full(*args, **kwargs):
            raise OSError('no space left')

        runner = make_runner(tmp_path, 3, resume=True, default_hooks=self.one_kept())
        monkeypatch.setattr(*((LocalBackend, 'put') if failing == 'put' else (os, 'replace')), full)
        with pytest.raises(OSError, match='no space'):
            runner.train()
        monkeypatch.undo()
        assert [path.name for path in tmp_path.glob('*.pth')] == ['epoch_2.pth']
        make_runner(tmp_path, 3, resume=True, default_hooks=self.one_kept()).train()
        assert [path.name for path in tmp_path.glob('*.pth')] == ['epoch_3.pth']

    @staticmethod
    def one_kept():
        return dict(checkpoint=dict(type='CheckpointHook', interval=1, max_keep_ckpts=1))

    def test_no_deprecated_client_is_asked_for(self, tmp_path, caplog):
        """MMEngine's hook asks for one although no config names it, and warns of itself."""
        runner, said = make_runner(tmp_path, 1, default_hooks=self.one_kept()), []
        runner.logger.warning = lambda text, *args: said.append(text)
        runner.logger.log = lambda level, text, *args: said.append(text)
        runner.train()
        assert [path.name for path in tmp_path.glob('*.pth')] == ['epoch_1.pth'] and not [text for text in said if 'FileClient' in text]
        module = types.SimpleNamespace(FileClient=types.SimpleNamespace(infer_client=lambda args, uri: (args, uri)))
        assert compat.ask_no_file_client(module) and module.FileClient.infer_client(None, 'x') is None
        assert module.FileClient.infer_client(dict(backend='disk'), 'x') == (dict(backend='disk'), 'x')
        assert compat.ask_no_file_client(types.SimpleNamespace()) is False

    def test_upstream_removes_first(self):
        """What the workaround waits for: it switches itself off where the hook removes nothing while it saves."""
        hook = types.SimpleNamespace(_save_checkpoint_with_step=lambda self: None, _save_best_checkpoint=lambda self: None)
        assert compat.remove_checkpoints_late(types.SimpleNamespace(CheckpointHook=hook)) is False
        assert 'remove' in CheckpointHook._save_best_checkpoint.__wrapped__.__code__.co_names

    @pytest.fixture
    def folder(self, tmp_path):
        for epoch in (1, 2, 3, 9):  # 9 is of an earlier training
            torch.save(dict(weight=torch.ones(10)), tmp_path / f'epoch_{epoch}.pth')
        torch.save({}, tmp_path / 'best_acc_epoch_3.pth')
        (tmp_path / 'last_checkpoint').write_text('/elsewhere/run/epoch_3.pth')
        return tmp_path

    def damage(self, path):
        data = bytearray(path.read_bytes())
        place = data.index(torch.ones(10).numpy().tobytes())
        data[place] ^= 1
        path.write_bytes(data)

    def test_the_newest_whole_one_is_taken(self, folder, capfd):
        assert compat.find_latest_checkpoint(str(folder)) == str(folder / 'epoch_3.pth')  # a moved folder
        self.damage(folder / 'epoch_3.pth')
        assert compat.find_latest_checkpoint(str(folder)) == str(folder / 'epoch_2.pth')
        (folder / 'epoch_2.pth').write_bytes(b'PK\x03\x04')
        assert compat.find_latest_checkpoint(str(folder)) == str(folder / 'epoch_1.pth')
        self.damage(folder / 'epoch_1.pth')
        with pytest.raises(ValueError, match=r'no whole checkpoint to resume from: .*epoch_3.pth.*checksum.*epoch_2.*cut short.*epoch_1'):
            compat.find_latest_checkpoint(str(folder))

    def test_none_named_or_none_there(self, folder, tmp_path_factory):
        (folder / 'last_checkpoint').write_bytes(b'\xff\xfe\x00')
        assert compat.find_latest_checkpoint(str(folder)) == str(folder / 'epoch_9.pth')
        empty = tmp_path_factory.mktemp('empty')
        assert compat.find_latest_checkpoint(str(empty)) is None
        (empty / 'last_checkpoint').write_text('/elsewhere/run/epoch_3.pth')
        with pytest.raises(ValueError, match='last_checkpoint names /elsewhere/run/epoch_3.pth'):
            compat.find_latest_checkpoint(str(empty))

    def test_resuming_uses_it(self, tmp_path):
        make_runner(tmp_path, 2).train()
        (tmp_path / 'epoch_2.pth').write_bytes(b'PK\x03\x04')
        runner = make_runner(tmp_path, 3, resume=True)
        runner.load_or_resume()
        assert runner.epoch == 1

    def test_the_config_in_a_checkpoint_is_not_run(self, tmp_path):
        make_runner(tmp_path, 1).train()
        checkpoint = torch.load(tmp_path / 'epoch_1.pth', weights_only=False)
        mark = f'open({str(tmp_path / "ran")!r}, "w")'
        for text, refused in ((f'x = {mark}', False), (f'gpu_ids = {mark}', False), (f'{mark}\ngpu_ids = [0, 1]', True),
                              ('gpu_ids = [0]', False)):
            checkpoint['meta']['config'] = text
            torch.save(checkpoint, tmp_path / 'other.pth')
            runner = make_runner(tmp_path, 2, load_from=str(tmp_path / 'other.pth'), resume=True)
            if refused:
                with pytest.raises(RuntimeError, match='Number of GPUs'):
                    runner.load_or_resume()
            else:
                runner.load_or_resume()
                assert runner.epoch == 1
        assert not (tmp_path / 'ran').exists()


class TestNan:

    def train(self, tmp_path, **options):
        runner = make_runner(tmp_path, 3, **options)
        runner.model.layer.weight.data.fill_(float('nan'))
        runner.train()

    def test_it_ends_a_training_of_this_package(self, tmp_path):
        with pytest.raises(RuntimeError, match='epoch 1, step 1: loss is nan'):
            self.train(tmp_path, cfg=dict(default_scope='mmagenc'), default_scope='mmagenc')
        assert not list(tmp_path.glob('*.pth'))

    def test_others_and_those_that_ask_go_on(self, tmp_path):
        self.train(tmp_path / 'other')
        hooks = dict(finite_loss=None)
        self.train(tmp_path / 'asked', cfg=dict(default_scope='mmagenc'), default_scope='mmagenc', default_hooks=hooks)
        assert (tmp_path / 'other/epoch_3.pth').exists() and (tmp_path / 'asked/epoch_3.pth').exists()


class TestOwnTrainings:

    def hooks(self, tmp_path, **settings):
        runner = make_runner(tmp_path, 1, **settings)
        return [type(hook).__name__ for hook in runner.hooks if type(hook).__name__ in ('FiniteLossHook', 'RandomStateHook')]

    def test_they_get_what_mmengine_lacks_once(self, tmp_path):
        ours = dict(cfg=dict(custom_imports=dict(imports='mmagenc')))
        assert self.hooks(tmp_path, **ours) == ['FiniteLossHook', 'RandomStateHook']
        listed = [dict(type='mmagenc.RandomStateHook')]
        ours['cfg']['custom_hooks'] = listed
        assert self.hooks(tmp_path, **ours, custom_hooks=listed) == ['FiniteLossHook', 'RandomStateHook']
        assert self.hooks(tmp_path, **ours, default_hooks=dict(finite_loss=None, random_state=None), custom_hooks=[]) == []
        assert self.hooks(tmp_path) == []

    @pytest.mark.parametrize('given, imports', [({}, ['mmagenc']), (dict(imports='mine', allow_failed_imports=True), ['mine', 'mmagenc'])])
    def test_a_config_of_another_scope_is_adopted(self, given, imports):
        cfg = Config(dict(default_scope='mmaction', custom_imports=given) if given else dict(default_scope='mmaction'))
        assert not compat.is_ours(cfg)
        compat.adopt(cfg)
        assert compat.is_ours(cfg) and cfg.custom_imports == dict(given, imports=imports)
        before = cfg.custom_imports
        compat.adopt(cfg)
        assert cfg.custom_imports is before


class TestPkgResources:
    """mmcv #3325."""

    CONFIG = "_base_ = 'mmaction::_base_/default_runtime.py'"

    def test_base_of_another_package_is_found(self, tmp_path):
        if importlib.util.find_spec('pkg_resources') is not None:
            pytest.skip('this setuptools has pkg_resources')
        (tmp_path / 'config.py').write_text(self.CONFIG)
        load = f"from mmengine.config import Config; assert Config.fromfile({str(tmp_path / 'config.py')!r}).log_level == 'INFO'"
        assert "No module named 'pkg_resources'" in python(load).stderr
        passes(f'import mmagenc; {load}')
        passes(f'import mmengine.config; import mmagenc; {load}')

    def test_installed_and_not(self):
        from mmengine.utils import get_installed_path, is_installed
        assert is_installed('mmaction2') and is_installed('mmaction') and not is_installed('no_such_package')
        assert Path(get_installed_path('mmaction2')).name == 'mmaction'

    def test_off_where_pkg_resources_is_there(self, tmp_path):
        (tmp_path / 'pkg_resources.py').write_text('')
        passes("""
            import mmagenc, mmengine.utils.package_utils as utils
            assert utils.is_installed.__module__ == 'mmengine.utils.package_utils'
        """, tmp_path)


def test_bfloat16_on_a_cpu(monkeypatch):
    if torch.cuda.is_available():
        pytest.skip('there is a GPU')
    layer = torch.nn.Linear(4, 4)
    before = layer.weight.detach().clone()
    wrapper = AmpOptimWrapper(dtype='bfloat16', optimizer=torch.optim.SGD(layer.parameters(), lr=0.1))
    with wrapper.optim_context(layer):
        out = layer(torch.ones(2, 4))
    assert out.dtype is torch.bfloat16
    wrapper.update_params(out.float().sum())
    assert not torch.equal(layer.weight, before)
    monkeypatch.setattr('mmengine.optim.optimizer.amp_optimizer_wrapper.is_cuda_available', torch.cuda.is_available)
    with pytest.raises(AssertionError, match='only available training'):
        AmpOptimWrapper(optimizer=torch.optim.SGD(layer.parameters(), lr=0.1))


def test_heads_of_mmaction_train_in_bfloat16():
    from mmaction.models.heads import GCNHead
    from mmaction.structures import ActionDataSample
    with DefaultScope.overwrite_default_scope('mmaction'):
        head = GCNHead(num_classes=2, in_channels=4)
    scores = torch.tensor([[1, 3], [2, 0]], dtype=torch.bfloat16)
    samples = [ActionDataSample().set_gt_label(label) for label in (1, 1)]
    losses = head.loss_by_feat(scores, samples)
    assert losses['loss_cls'].item() == pytest.approx((np.log(1 + np.exp(-2)) + np.log(1 + np.exp(2))) / 2, abs=1e-6)
    assert losses['top1_acc'].item() == 0.5
    with pytest.raises(TypeError, match='BFloat16'):
        GCNHead.loss_by_feat.__wrapped__(head, scores, samples)


def test_none_switches_off_a_hook_of_any_name(tmp_path):
    """Without it MMEngine's ``assert hook is not None`` stops the runner."""
    runner = Runner(model=Line(), work_dir=str(tmp_path), experiment_name=f'{tmp_path.name}_none', log_level='ERROR',
                    default_hooks=dict(timer=None, mine=None, sync=dict(type='SyncBuffersHook')))
    names = [type(hook).__name__ for hook in runner.hooks]
    assert 'SyncBuffersHook' in names and 'CheckpointHook' in names and 'IterTimerHook' not in names


def test_configs_are_formatted_once(monkeypatch):
    """The text stays MMEngine's own, a changed config gets a new one, and an unchanged one costs nothing."""
    from mmengine.config import config
    seen, format_code = [], config.FormatCode.__wrapped__

    def count(text, **options):
        seen.append(text)
        return format_code(text, **options)

    monkeypatch.setattr(config, 'FormatCode', count)
    cfg = config.Config(dict(edges=[[0, 1], [1, 2]], model=dict(type='A')))
    expected = cfg.pretty_text
    assert cfg.pretty_text == expected and len(seen) == 2  # MMEngine alone formats it again

    compat.format_configs_once(config)
    assert cfg.pretty_text == cfg.pretty_text == expected and len(seen) == 3
    cfg.model.type = 'B'
    assert cfg.pretty_text == expected.replace("'A'", "'B'") and len(seen) == 4


@pytest.mark.parametrize('names, healthy', [(compat.VINDLU_IMPORTS, True), (compat.VINDLU_IMPORTS[:1], False)])
def test_mmaction_beside_a_transformers_that_lost_what_it_imports(tmp_path, names, healthy):
    """As of transformers 5: without the workaround ``import mmaction.models`` ends in an ImportError."""
    for name in ('transformers', 'timm'):
        (tmp_path / name).mkdir()
        (tmp_path / name / '__init__.py').write_text('')
    (tmp_path / 'transformers' / 'modeling_utils.py').write_text('\n'.join(f'def {name}(): ...' for name in names))
    (tmp_path / 'transformers-5.17.0.dist-info').mkdir()
    (tmp_path / 'transformers-5.17.0.dist-info' / 'METADATA').write_text('Metadata-Version: 2.1\nName: transformers\nVersion: 5.17.0\n')
    code = f"""
        import sys
        sys.path.insert(0, {str(tmp_path)!r})
        import mmagenc
        import mmaction.utils.dependency as dependency
        print(dependency.WITH_MULTIMODAL)
        if not dependency.WITH_MULTIMODAL:
            import mmaction.models
            from mmaction.registry import MODELS
            try:
                MODELS.build(dict(type='VindLUVQA'))
            except ImportError as error:
                print(error)
        """
    result = subprocess.run([sys.executable, '-W', 'ignore', '-c', textwrap.dedent(code)], capture_output=True, text=True, cwd=ROOT)
    assert result.stdout.startswith(str(healthy)), result.stderr
    assert healthy or 'mmaction2[multimodal]' in result.stdout, result.stderr


def test_pose_compact_under_numpy_2(monkeypatch):
    from mmaction.datasets.transforms import PoseCompact
    keypoint = np.random.default_rng(0).uniform(10, 50, (1, 4, 17, 2)).astype(np.float32)
    PoseCompact()({'keypoint': keypoint.copy(), 'img_shape': (64, 64)})
    if np.lib.NumpyVersion(np.__version__) >= '2.0.0':
        monkeypatch.delattr(np, 'Inf')
        with pytest.raises(AttributeError, match='np.Inf'):
            PoseCompact()({'keypoint': keypoint, 'img_shape': (64, 64)})


def test_two_cpu_processes_train_as_one(tmp_path):
    """Without the workarounds MMEngine names GPUs to the process group and to the model's wrapper."""
    if torch.cuda.is_available():
        pytest.skip('there is a GPU')
    (tmp_path / 'train.py').write_text(textwrap.dedent("""
        import atexit
        import sys
        from pathlib import Path

        def list_threads():  # runs after all other functions of atexit
            names = [file.read_text().strip() for file in Path('/proc/self/task').glob('*/comm')]
            Path(sys.argv[1], f'threads{rank}').write_text(' '.join(names))

        atexit.register(list_threads)
        import mmagenc
        import torch
        from mmengine.dist import get_backend, get_rank, get_world_size
        from mmengine.model import BaseModel
        from mmengine.runner import Runner
        from torch.utils.data import DataLoader, TensorDataset

        class Line(BaseModel):
            def __init__(self):
                super().__init__()
                self.layer = torch.nn.Linear(3, 1)
            def forward(self, inputs, data_samples=None, mode='loss'):
                return {'loss': self.layer(inputs).square().mean() * (1 + get_rank())}

        points = TensorDataset(torch.arange(12.).view(4, 3))
        points.metainfo = {}
        runner = Runner(Line(), work_dir=sys.argv[1], launcher='pytorch', train_dataloader=DataLoader(points, batch_size=2),
                        train_cfg=dict(by_epoch=True, max_epochs=1), optim_wrapper=dict(optimizer=dict(type='SGD', lr=1e-3)),
                        log_level='ERROR')
        runner.train()
        weight = runner.model.module.layer.weight.detach()
        other = weight.clone()
        torch.distributed.broadcast(other, 0)
        assert get_world_size() == 2 and get_backend() == 'gloo' and torch.equal(weight, other)
        rank = get_rank()
    """))

    with pytest.raises((AssertionError, AttributeError, RuntimeError)):
        torch.cuda.set_device(0)  # what MMEngine calls first
    launch = [sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc_per_node=2']
    command = [*launch, str(tmp_path / 'train.py'), str(tmp_path)]
    result = subprocess.run(command, env={**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1'}, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    for rank in range(2):  # a thread of gloo's that outlives the interpreter now and then aborts the process
        assert 'gloo' not in (tmp_path / f'threads{rank}').read_text()
