"""tools/train.py and tools/test.py: their options, their errors, and whole runs, also by MMAction2's own tools/train.py."""

import importlib.util
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """
_base_ = '{base}'

line = dict(num_node=3, inward=[(1, 0), (2, 1)], center=0)
model = dict(
    type='RecognizerGCN',
    _scope_='mmaction',
    backbone=dict(
        type='STGCN', base_channels=4, num_stages=2, inflate_stages=[], down_stages=[], graph_cfg=dict(layout=line, mode='stgcn_spatial')),
    cls_head=dict(type='GCNHead', num_classes=2, in_channels=4))
pipeline = [
    dict(type='mmaction.UniformSampleFrames', clip_len=4),
    dict(type='mmaction.PoseDecode'),
    dict(type='mmaction.FormatGCNInput', num_person=1),
    dict(type='mmaction.PackActionInputs')
]
train_dataloader = dict(
    batch_size=4,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='mmaction.PoseDataset', ann_file='{folder}/clips.pkl', pipeline=pipeline, split='train'))
test_dataloader = val_dataloader = dict(
    batch_size=4,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='mmaction.PoseDataset', ann_file='{folder}/clips.pkl', pipeline=pipeline, split='val', test_mode=True))
test_evaluator = val_evaluator = dict(type='mmaction.AccMetric')
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=1, val_interval=1)
test_cfg = dict(type='TestLoop')
val_cfg = dict(type='ValLoop')
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1))
"""


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A tiny recognizer's config and data, in a folder of its own."""
    folder = tmp_path_factory.mktemp('tiny')
    random = np.random.default_rng(0)
    clips = [{'frame_dir': f'{i}', 'label': i % 2, 'total_frames': 6, 'keypoint': random.normal(i % 2, .1, (1, 6, 3, 3)).astype('float32')}
             for i in range(8)]
    names = [clip['frame_dir'] for clip in clips]
    (folder / 'clips.pkl').write_bytes(pickle.dumps({'split': {'train': names, 'val': names}, 'annotations': clips}))
    (folder / 'tiny.py').write_text(CONFIG.format(base=ROOT / 'configs/_base_/default_runtime.py', folder=folder))
    return folder


def tool(name):
    spec = importlib.util.spec_from_file_location(f'mmagenc_tool_{name}', ROOT / f'tools/{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope='module')
def train():
    return tool('train')


@pytest.fixture(scope='module')
def test():
    return tool('test')


def run(command, cwd, **environment):
    environment = {**os.environ, 'OMP_NUM_THREADS': '1', **environment}
    return subprocess.run([*map(str, command)], cwd=cwd, env=environment, capture_output=True, text=True)


def merged(train, config, *options):
    args = train.parse_args([str(config), *options])
    return train.merge_args(train.load_config(str(config)), args)


class TestOptions:

    def test_defaults(self, train, folder):
        cfg = merged(train, folder / 'tiny.py')
        assert cfg.work_dir == 'work_dirs/tiny' and cfg.launcher == 'none' and not cfg.resume and cfg.randomness == {'seed': None}
        assert cfg.default_scope == 'mmagenc' and cfg.custom_imports.imports == ['mmagenc']

    def test_seed_and_determinism_join_the_configs(self, train, folder, tmp_path):
        (tmp_path / 'seeded.py').write_text(f"_base_ = '{folder}/tiny.py'\nrandomness = dict(seed=10)")
        assert merged(train, tmp_path / 'seeded.py').randomness == {'seed': 10}
        assert merged(train, tmp_path / 'seeded.py', '--deterministic').randomness == {'seed': 10, 'deterministic': True}
        assert merged(train, tmp_path / 'seeded.py', '--seed', '0', '--diff-rank-seed').randomness == {'seed': 0, 'diff_rank_seed': True}

    def test_work_dir_validation_and_settings(self, train, folder):
        options = ['--work-dir', 'here', '--no-validate', '--cfg-options', 'train_cfg.max_epochs=7', 'env.x=[1,2]']
        cfg = merged(train, folder / 'tiny.py', *options)
        assert cfg.work_dir == 'here' and cfg.val_cfg is None and cfg.val_dataloader is None and cfg.val_evaluator is None
        assert cfg.train_cfg.max_epochs == 7 and cfg.env.x == [1, 2]

    def test_amp(self, train, folder):
        cfg = merged(train, folder / 'tiny.py', '--amp')
        assert cfg.optim_wrapper.type == 'AmpOptimWrapper' and cfg.optim_wrapper.loss_scale == 'dynamic'
        cfg.optim_wrapper.type = 'ApexOptimWrapper'
        with pytest.raises(ValueError, match='ApexOptimWrapper'):
            train.enable_amp(cfg)
        networks = dict(generator=dict(type='OptimWrapper'), critic=dict(type='OptimWrapper'))
        cfg.optim_wrapper = dict(constructor='SeparateOptimWrapperConstructor', **networks)
        train.enable_amp(cfg)
        assert all(cfg.optim_wrapper[name].type == 'AmpOptimWrapper' for name in networks)

    def test_tensorboard(self, train, folder, tmp_path, monkeypatch):
        kinds = ['LocalVisBackend', 'TensorboardVisBackend']
        (tmp_path / 'bare.py').write_text(f"_base_ = '{folder}/tiny.py'\nvisualizer = dict(_delete_=True)")
        monkeypatch.setattr(train, 'find_spec', lambda name: True)
        for config in (folder / 'tiny.py', tmp_path / 'bare.py'):
            cfg = merged(train, config, '--tensorboard')
            train.log_to_tensorboard(cfg)
            assert [backend.type for backend in cfg.visualizer.vis_backends] == kinds and cfg.visualizer.type == 'Visualizer'
        monkeypatch.setattr(train, 'find_spec', lambda name: None)
        with pytest.raises(ValueError, match='--tensorboard: pip install tensorboard'):
            merged(train, folder / 'tiny.py', '--tensorboard')

    def test_resume(self, train, folder, tmp_path):
        cfg = merged(train, folder / 'tiny.py', '--resume')
        assert cfg.resume is True and cfg.load_from is None
        cfg.work_dir = str(tmp_path / 'empty')
        cfg.load_from = str(tmp_path / 'weights.pth')
        torch.save(dict(state_dict={}), cfg.load_from)
        train.check_start(cfg, 'auto')  # nothing to go on from: it begins anew, with the weights of the config
        assert cfg.resume is False and cfg.load_from == str(tmp_path / 'weights.pth')
        (tmp_path / 'begun').mkdir()
        torch.save(dict(state_dict={}, meta=dict(seed=123)), tmp_path / 'begun/epoch_3.pth')
        cfg.work_dir, cfg.resume = str(tmp_path / 'begun'), True
        train.check_start(cfg, 'auto')  # with the seed that the first start drew
        assert cfg.resume is True and cfg.load_from is None and cfg.randomness.seed == 123
        (tmp_path / 'x.pth').touch()
        assert merged(train, folder / 'tiny.py', '--resume', str(tmp_path / 'x.pth')).load_from == str(tmp_path / 'x.pth')

    def test_any_config_can_be_stopped(self, train, folder, tmp_path):
        cfg = merged(train, folder / 'tiny.py', '--cfg-options', 'default_hooks.interruption.grace.SIGTERM=7')
        assert cfg.default_hooks.interruption == dict(type='mmagenc.InterruptionHook', grace=dict(SIGTERM=7))
        assert cfg.default_hooks.random_state.type == 'mmagenc.RandomStateHook'
        text = f"_base_ = '{folder}/tiny.py'\ndefault_hooks = dict(interruption=None)\ncustom_hooks = [dict(type='RandomStateHook')]\n"
        (tmp_path / 'own.py').write_text(text)
        cfg = merged(train, tmp_path / 'own.py')
        assert cfg.default_hooks.interruption is None and 'random_state' not in cfg.default_hooks

    def test_auto_scale_lr(self, train, folder, tmp_path):
        (tmp_path / 'scaled.py').write_text(f"_base_ = '{folder}/tiny.py'\nauto_scale_lr = dict(enable=False, base_batch_size=16)")
        assert merged(train, tmp_path / 'scaled.py', '--auto-scale-lr').auto_scale_lr.enable is True

    def test_test_options(self, test, folder, tmp_path):
        (tmp_path / 'x.pth').touch()
        arguments = [str(folder / 'tiny.py'), str(tmp_path / 'x.pth'), '--dump', 'out.pkl', '--seed', '3', '--cfg-options', 'a.b=1']
        cfg = test.load_config(test.parse_args(arguments))
        assert [each.type for each in cfg.test_evaluator] == ['mmaction.AccMetric', 'DumpResults']
        assert cfg.load_from == str(tmp_path / 'x.pth') and cfg.randomness.seed == 3 and cfg.a.b == 1


class TestErrors:

    @pytest.mark.parametrize('options, message', [
        (('none.py', ), 'config none.py: no such file'),
        (('{config}', '--resume', 'none.pth'), '--resume none.pth: no such file'),
        (('{config}', '--auto-scale-lr'), 'names no batch size'),
        (('{config}', '--cfg-options', 'train_cfgg.max_epochs=2'), 'key train_cfgg (is train_cfg meant?)'),
        (('{config}', '--cfg-options', 'default_hooks.loger.interval=2'), 'is default_hooks.logger meant?'),
        (('{config}', '--cfg-options', 'custom_hooks.3.begin=0'), 'custom_hooks must be a list'),
        (('{config}', '--cfg-options', 'train_cfg.max_epochs=-1'), 'train_cfg.max_epochs must be a whole number from 1, got -1'),
        (('{config}', '--cfg-options', 'train_dataloader=None'), 'training needs train_dataloader'),
        (('{config}', '--cfg-options', 'work_dir.x=1'), '--cfg-options work_dir.x: '),
        (('{config}', '--amp', '--cfg-options', 'optim_wrapper=None'), 'training needs optim_wrapper'),
    ])
    def test_train(self, train, folder, capsys, options, message):
        with pytest.raises(SystemExit) as error:
            train.main([option.format(config=folder / 'tiny.py') for option in options])
        self.check_message(error, capsys, 'train', message)

    @staticmethod
    def check_message(error, capsys, tool, message):
        """One line that names the tool."""
        said = capsys.readouterr().err
        assert error.value.code == 2 and said.startswith(f'{tool}: ') and message in said and said.count('\n') == 1

    @pytest.mark.parametrize('options, message', [
        (('none.py', '{checkpoint}'), 'config none.py: no such file'),
        (('{config}', 'none.pth'), 'checkpoint none.pth: no such file'),
        (('{config}', '{checkpoint}', '--dump', 'x.json'), 'must end in .pkl'),
        (('{config}', '{checkpoint}', '--show'), 'tools/visualize.py'),
        (('{config}', '{checkpoint}', '--cfg-options', 'test_dataloadr.batch_size=2'), 'is test_dataloader meant?'),
        (('{config}', '{checkpoint}', '--cfg-options', 'test_evaluator=None'), 'a test needs test_evaluator'),
        (('{folder}/recognizer.py', '{checkpoint}', '--dump', 'x.npz'), '--dump x.npz: the config has no test_dataloader'),
    ])
    def test_test(self, test, folder, tmp_path, capsys, options, message):
        (tmp_path / 'x.pth').touch()
        (tmp_path / 'recognizer.py').write_text(f"_base_ = '{ROOT}/configs/_base_/recognizer_runtime.py'")
        places = dict(config=folder / 'tiny.py', checkpoint=tmp_path / 'x.pth', folder=tmp_path)
        with pytest.raises(SystemExit) as error:
            test.main([option.format(**places) for option in options])
        self.check_message(error, capsys, 'test', message)


@pytest.mark.parametrize('tool_name', ['train', 'test'])
def test_a_list_of_hooks_replaces_those_of_the_base(request, tool_name, tmp_path, monkeypatch):
    """A config written when hooks were a list has one loop, its own."""
    tool, built = request.getfixturevalue(tool_name), []
    monkeypatch.setattr(tool.Runner, 'from_cfg', classmethod(lambda cls, cfg: built.append(cfg) or Mock()))
    torch.save({}, tmp_path / 'x.pth')
    (tmp_path / 'mine.py').write_text(f"""_base_ = '{ROOT}/configs/infagenc/quick.py'
test_dataloader = dict(batch_size=8)
loop = dict(type='InfAGenCHook', begin=2, recognizer={{{{_base_.default_hooks.infagenc.recognizer}}}})
custom_hooks = [dict(type='RandomStateHook'), loop]
""")
    tool.main([str(tmp_path / 'mine.py'), *([str(tmp_path / 'x.pth')] if tool_name == 'test' else [])])
    cfg, = built
    assert [hook.type for hook in cfg.custom_hooks] == ['RandomStateHook', 'InfAGenCHook']
    assert 'infagenc' not in cfg.default_hooks and 'random_state' not in cfg.default_hooks and 'representation_stats' in cfg.default_hooks


def test_a_config_of_mmactions_scope_trains_as_ours(train, test, folder, tmp_path, monkeypatch):
    """So that its random draws depend on seed, epoch and index too, and NaN ends it."""
    built = []
    torch.save({}, tmp_path / 'x.pth')
    (tmp_path / 'theirs.py').write_text(f"_base_ = '{folder}/tiny.py'\ndefault_scope = 'mmaction'\ncustom_imports = None")
    for tool, arguments in ((train, []), (test, [str(tmp_path / 'x.pth')])):
        monkeypatch.setattr(tool.Runner, 'from_cfg', classmethod(lambda cls, cfg: built.append(cfg) or Mock()))
        tool.main([str(tmp_path / 'theirs.py'), *arguments, '--work-dir', str(tmp_path / 'run')])
    assert [cfg.custom_imports.imports for cfg in built] == [['mmagenc'], ['mmagenc']]


def test_whole_run_from_a_plain_clone_resumed_and_tested(folder, tmp_path):
    """From a folder that is not the clone, with nothing on PYTHONPATH: train, resume, test."""
    isolated = {'PYTHONPATH': ''}
    command = [sys.executable, ROOT / 'tools/train.py', folder / 'tiny.py', '--work-dir', tmp_path]
    assert (result := run(command, tmp_path, **isolated)).returncode == 0, result.stderr
    assert (tmp_path / 'epoch_1.pth').is_file() and (tmp_path / 'last_checkpoint').is_file()
    result = run([*command, '--resume', '--amp', '--cfg-options', 'train_cfg.max_epochs=2'], tmp_path, **isolated)
    assert result.returncode == 0, result.stderr
    assert 'resumed epoch: 1' in result.stdout + result.stderr
    result = run([sys.executable, ROOT / 'tools/test.py', folder / 'tiny.py', tmp_path / 'epoch_2.pth', '--work-dir', tmp_path, '--dump',
                  tmp_path / 'dump.pkl'], tmp_path, **isolated)
    assert result.returncode == 0, result.stderr
    assert 'acc/top1' in result.stdout and (tmp_path / 'dump.pkl').is_file()


def test_two_cpu_processes(folder, tmp_path):
    if torch.cuda.is_available():
        pytest.skip('there is a GPU')
    place = {'PYTHON': sys.executable, 'PORT': str(29500 + os.getpid() % 1000)}
    result = run(['bash', ROOT / 'tools/dist_train.sh', folder / 'tiny.py', '2', '--work-dir', tmp_path], tmp_path, **place)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / 'epoch_1.pth').is_file()
    command = ['bash', ROOT / 'tools/dist_test.sh', folder / 'tiny.py', tmp_path / 'epoch_1.pth', '2', '--work-dir', tmp_path]
    result = run(command, tmp_path, **place)
    assert result.returncode == 0 and 'acc/top1' in result.stdout, result.stderr


def test_mmactions_own_train_runs_our_config(folder, tmp_path):
    """Upstream's tool, as its wheel ships it; only ``custom_imports`` of our default runtime brings the package in."""
    theirs = Path(importlib.util.find_spec('mmaction').origin).parent / '.mim/tools/train.py'
    shutil.copy(theirs, tmp_path / 'their_train.py')
    result = run([sys.executable, tmp_path / 'their_train.py', folder / 'tiny.py', '--work-dir', tmp_path], tmp_path, PYTHONPATH=str(ROOT))
    assert result.returncode == 0, result.stderr
    assert (tmp_path / 'epoch_1.pth').is_file()


@pytest.mark.parametrize('script', ['dist_train', 'dist_test', 'slurm_train', 'slurm_test', 'slurm_train_requeue'])
def test_scripts_explain_themselves(script):
    result = run(['bash', ROOT / f'tools/{script}.sh'], ROOT)
    assert result.returncode == 2 and 'usage:' in result.stderr
    assert os.access(ROOT / f'tools/{script}.sh', os.X_OK)


@pytest.mark.parametrize('script, arguments, expected', [
    ('slurm_train', ['part', 'job', 'c.py', '--amp'], 'train.py c.py --launcher slurm --amp'),
    ('slurm_test', ['part', 'job', 'c.py', 'x.pth', '--seed', '1'], 'test.py c.py x.pth --launcher slurm --seed 1'),
])
def test_slurm_command_line(script, arguments, expected, tmp_path):
    (tmp_path / 'srun').write_text('#!/bin/sh\necho "$@"\n')
    (tmp_path / 'srun').chmod(0o755)
    environment = {'PATH': f'{tmp_path}:{os.environ["PATH"]}', 'GPUS': '2', 'GPUS_PER_NODE': '2'}
    result = run(['bash', ROOT / f'tools/{script}.sh', *arguments], ROOT, **environment)
    assert result.returncode == 0 and expected in result.stdout and '--ntasks=2' in result.stdout
