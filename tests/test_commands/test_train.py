"""``mmagenc train`` and ``mmagenc test``: their options, their errors, and whole runs, also by MMAction2's own ``mmagenc train``."""

import importlib
import os
import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import EpochBasedTrainLoop

from mmagenc.registry import MODELS
from tests.commands import main, parse_args
from tests.runs import forget_runs

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
    return importlib.import_module(f'mmagenc.commands.{name}')


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
    args = parse_args(train, [str(config), *options])
    return train.merge_args(train.read_config_file(config), args)


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

    def test_without_validation_nothing_says_when_it_comes(self, train, folder, tmp_path):
        """Or else it was told that this does nothing, of a validation that was taken out on purpose."""
        (tmp_path / 'validated.py').write_text(f"_base_ = '{folder}/tiny.py'\ntrain_cfg = dict(val_interval=5, val_begin=2)")
        assert merged(train, tmp_path / 'validated.py').train_cfg.val_interval == 5
        assert not {'val_interval', 'val_begin'} & set(merged(train, tmp_path / 'validated.py', '--no-validate').train_cfg)

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
        cfg = test.load_config(parse_args(test, arguments))
        assert [each.type for each in cfg.test_evaluator] == ['mmaction.AccMetric', 'DumpResults']
        assert cfg.load_from == str(tmp_path / 'x.pth') and cfg.randomness.seed == 3 and cfg.a.b == 1


class TestErrors:

    @pytest.mark.parametrize('options, message', [
        (('none.py', ), 'config none.py: no such file'),
        (('{config}', '--resume', 'none.pth'), '--resume none.pth: no such file'),
        (('{config}', '--resume', '/'), '--resume /: this is a folder; name a checkpoint in it, or --work-dir FOLDER --resume'),
        (('{config}', '--work-dir', '{config}'), 'tiny.py is no folder'),
        (('{config}', '--work-dir', '{config}/x'), 'tiny.py is no folder'),
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
            main(train, [option.format(config=folder / 'tiny.py') for option in options])
        self.check_message(error, capsys, 'train', message)

    @staticmethod
    def check_message(error, capsys, tool, message):
        """One line that names the tool."""
        said = capsys.readouterr().err
        assert error.value.code == 2 and said.startswith(f'{tool}: ') and message in said and said.count('\n') == 1

    @pytest.mark.parametrize('options, message', [
        (('none.py', '{checkpoint}'), 'config none.py: no such file'),
        (('{config}', 'none.pth'), 'checkpoint none.pth: no such file'),
        (('{config}', '{checkpoint}', '--dump', 'x.json'), 'must end in .npz, .pkl or .pickle'),
        (('{config}', '{checkpoint}', '--show'), 'mmagenc visualize'),
        (('{config}', '{checkpoint}', '--work-dir', '{config}'), 'tiny.py is no folder'),
        (('{config}', '{checkpoint}', '--cfg-options', 'test_dataloadr.batch_size=2'), 'is test_dataloader meant?'),
        (('{config}', '{checkpoint}', '--cfg-options', 'test_evaluator=None'), 'a test needs test_evaluator'),
        (('{folder}/recognizer.py', '{checkpoint}', '--dump', 'x.npz'), '--dump x.npz: the config has no test_dataloader'),
    ])
    def test_test(self, test, folder, tmp_path, capsys, options, message):
        (tmp_path / 'x.pth').touch()
        (tmp_path / 'recognizer.py').write_text(f"_base_ = '{ROOT}/configs/_base_/recognizer_runtime.py'")
        places = dict(config=folder / 'tiny.py', checkpoint=tmp_path / 'x.pth', folder=tmp_path)
        with pytest.raises(SystemExit) as error:
            main(test, [option.format(**places) for option in options])
        self.check_message(error, capsys, 'test', message)


@pytest.fixture(scope='module')
def bad(folder, tmp_path_factory):
    """Files that are no checkpoints, no annotations, or of something else, and a checkpoint of ``tiny.py``."""
    place = tmp_path_factory.mktemp('bad')
    random = np.random.default_rng(0)
    for name, content in {'empty.pth': b'', 'text.pth': b'hello\nworld\n', 'random.pth': random.bytes(500), 'empty.pkl': b'',
                          'x.pkl': b'abc', 'lfs.pth': b'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n'}.items():
        (place / name).write_bytes(content)
    (place / 'dict.pkl').write_bytes(pickle.dumps(dict(a=1)))
    torch.save([1, 2], place / 'list.pth')
    torch.save(torch.nn.Linear(2, 2), place / 'module.pth')
    torch.save(dict(state_dict=torch.nn.Linear(2, 2).state_dict()), place / 'other.pth')
    init_default_scope('mmagenc')
    torch.save(dict(state_dict=MODELS.build(Config.fromfile(folder / 'tiny.py').model).state_dict()), place / 'weights.pth')
    content = (place / 'weights.pth').read_bytes()
    (place / 'cut.pth').write_bytes(content[:len(content) // 2])
    (place / 'syntax.py').write_text(f"_base_ = '{folder}/tiny.py'\nmodel = dict(\n")
    return place


CHECKPOINTS = [
    ('empty.pth', 'the file is empty'), ('text.pth', 'PyTorch'), ('random.pth', 'no weights that PyTorch wrote'),
    ('lfs.pth', 'git lfs pull'), ('list.pth', 'holds a list'), ('module.pth', 'accepted is|it asks for torch'),
    ('other.pth', 'do not fit the RecognizerGCN of the config'), ('cut.pth', 'cut short')]


class TestMessages:
    """Whatever a user gets wrong ends in one line after nothing else, also where MMEngine has logged its hundreds of lines."""

    @pytest.fixture(autouse=True)
    def _loggers_of_this_test(self):
        """MMEngine's last logger, which runs after it fall back to, writes to the output of the test that made it."""
        forget_runs()

    @staticmethod
    def refused(tool, name, capsys, *arguments):
        with pytest.raises(SystemExit) as error:
            main(tool, [str(argument) for argument in arguments])
        said = capsys.readouterr()
        assert error.value.code == 2 and said.out == '' and said.err.startswith(f'{name}: ') and said.err.count('\n') == 1
        return said.err

    @pytest.mark.parametrize('options, message', [
        (('train_dataloader.dataset.ann_file=none.pkl', ), 'none.pkl'),
        (('train_dataloader.dataset.ann_file={bad}/empty.pkl', ), 'train_dataloader.dataset (mmaction.PoseDataset): '),
        (('train_dataloader.dataset.ann_file={bad}/x.pkl', ), 'train_dataloader.dataset (mmaction.PoseDataset): '),
        (('train_dataloader.dataset.ann_file={bad}/dict.pkl', ), 'train_dataloader.dataset (mmaction.PoseDataset): '),
        (('train_dataloader.dataset.pipeline.2.num_person=9', 'train_dataloader.dataset.pipeline.3.collect_keys=[nosuch]'), 'a sample'),
        (('model.cls_head.num_classes=1', ), 'has label 1, but the model knows 0 to 0'),
        (('model.backbone.graph_cfg.mode=nosuch', ), 'model.backbone (STGCN): '),
        (('optim_wrapper.optimizer.momentum=x', ), 'optim_wrapper.optimizer'),
        (('load_from={bad}/other.pth', ), 'do not fit the RecognizerGCN'),
        (('load_from={bad}/none.pth', ), 'none.pth: no such file'),
    ])
    def test_train(self, train, folder, bad, tmp_path, capsys, options, message):
        options = [option.format(bad=bad) for option in options]
        said = self.refused(train, 'train', capsys, folder / 'tiny.py', '--work-dir', tmp_path / 'w', '--cfg-options', *options)
        assert message in said and not (tmp_path / 'w').exists()

    @pytest.mark.parametrize('name, message', [*CHECKPOINTS, ('weights.pth', 'no state of a training')])
    def test_resume(self, train, folder, bad, tmp_path, capsys, name, message):
        said = self.refused(train, 'train', capsys, folder / 'tiny.py', '--work-dir', tmp_path / 'w', '--resume', bad / name)
        assert re.search(message, said) and name in said

    @pytest.mark.parametrize('name, message', CHECKPOINTS)
    def test_test(self, test, folder, bad, tmp_path, capsys, name, message):
        said = self.refused(test, 'test', capsys, folder / 'tiny.py', bad / name, '--work-dir', tmp_path / 'w')
        assert re.search(message, said) and name in said

    @pytest.mark.parametrize('launcher', ['pytorch', 'slurm', 'mpi'])
    def test_a_launcher_that_did_not_start_this(self, train, folder, capsys, launcher):
        assert f'--launcher {launcher}: the environment has no ' in self.refused(
            train, 'train', capsys, folder / 'tiny.py', '--launcher', launcher)

    def test_places(self, train, folder, tmp_path, capsys):
        (tmp_path / 'file').touch()
        assert 'file' in self.refused(train, 'train', capsys, folder / 'tiny.py', '--work-dir', tmp_path / 'file')
        assert 'file' in self.refused(train, 'train', capsys, folder / 'tiny.py', '--work-dir', tmp_path / 'file/x')

    def test_syntax_and_debug(self, train, test, bad, tmp_path, capsys):
        for tool, name, more in ((train, 'train', ()), (test, 'test', (bad / 'weights.pth', ))):
            assert 'syntax.py, line 2: ' in self.refused(tool, name, capsys, bad / 'syntax.py', *more)
            with pytest.raises(ValueError, match='line 2'):
                main(tool, [str(bad / 'syntax.py'), *map(str, more), '--debug'])

    def test_a_mistake_of_a_program_keeps_its_traceback_and_its_log(self, train, folder, tmp_path, capsys, monkeypatch):
        def fail(*args):
            raise RuntimeError('shapes differ')
        monkeypatch.setattr(train.Runner, 'train', fail)
        with pytest.raises(RuntimeError, match='shapes differ'):
            main(train, [str(folder / 'tiny.py'), '--work-dir', str(tmp_path / 'w')])
        assert 'System environment' in capsys.readouterr().out


@pytest.mark.parametrize('tool_name', ['train', 'test'])
def test_a_list_of_hooks_replaces_those_of_the_base(request, tool_name, tmp_path, monkeypatch):
    """A config written when hooks were a list has one loop, its own."""
    tool, built = request.getfixturevalue(tool_name), []
    monkeypatch.setattr(tool.Runner, 'from_cfg', classmethod(lambda cls, cfg: built.append(cfg) or Mock(logger=Mock(handlers=[]))))
    torch.save({}, tmp_path / 'x.pth')
    (tmp_path / 'mine.py').write_text(f"""_base_ = '{ROOT}/configs/infagenc/quick.py'
test_dataloader = dict(batch_size=8)
loop = dict(type='InfAGenCHook', begin=2, recognizer={{{{_base_.default_hooks.infagenc.recognizer}}}})
custom_hooks = [dict(type='RandomStateHook'), loop]
""")
    main(tool, [str(tmp_path / 'mine.py'), *([str(tmp_path / 'x.pth')] if tool_name == 'test' else [])])
    cfg, = built
    assert [hook.type for hook in cfg.custom_hooks] == ['RandomStateHook', 'InfAGenCHook']
    assert 'infagenc' not in cfg.default_hooks and 'random_state' not in cfg.default_hooks and 'representation_stats' in cfg.default_hooks


def test_numbers_near_zero_are_zero_while_training(train, folder, tmp_path, monkeypatch):
    """A CPU multiplies denormal numbers many times more slowly; afterwards everything is as before."""
    seen = []

    def tiny() -> float:
        return (torch.full((4, ), 1e-30) * 1e-10).sum().item()

    run_epoch = EpochBasedTrainLoop.run_epoch
    monkeypatch.setattr(EpochBasedTrainLoop, 'run_epoch', lambda loop: seen.append(tiny()) or run_epoch(loop))
    before = tiny()
    main(train, [str(folder / 'tiny.py'), '--work-dir', str(tmp_path)])
    assert seen == [0.] and tiny() == before > 0


def test_a_config_of_mmactions_scope_trains_as_ours(train, test, folder, tmp_path, monkeypatch):
    """So that its random draws depend on seed, epoch and index too, and NaN ends it."""
    built = []
    torch.save({}, tmp_path / 'x.pth')
    (tmp_path / 'theirs.py').write_text(f"_base_ = '{folder}/tiny.py'\ndefault_scope = 'mmaction'\ncustom_imports = None")
    for tool, arguments in ((train, []), (test, [str(tmp_path / 'x.pth')])):
        monkeypatch.setattr(tool.Runner, 'from_cfg', classmethod(lambda cls, cfg: built.append(cfg) or Mock(logger=Mock(handlers=[]))))
        main(tool, [str(tmp_path / 'theirs.py'), *arguments, '--work-dir', str(tmp_path / 'run')])
    assert [cfg.custom_imports.imports for cfg in built] == [['mmagenc'], ['mmagenc']]


class TestEarlierRuns:
    """A training that does not go on from what lies in its folder touches nothing of it."""

    @pytest.fixture
    def started(self, train, folder, tmp_path, monkeypatch, capsys):
        """Start up to the training; gives what was said."""
        monkeypatch.setattr(train.Runner, 'from_cfg', classmethod(lambda cls, cfg: Mock(logger=Mock(handlers=[]))))
        torch.save({}, tmp_path / 'epoch_5.pth')
        for name in ('rounds.json', 'notes.txt', 'tiny.py'):
            (tmp_path / name).write_text('old')
        (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'epoch_5.pth'))

        def start(*options):
            main(train, [str(folder / 'tiny.py'), '--work-dir', str(tmp_path), *options])
            return capsys.readouterr().err

        return start

    def test_results_are_moved_aside(self, started, tmp_path):
        said = started()
        place, = (tmp_path / 'previous').iterdir()
        assert f'held the results of an earlier training (1 checkpoints): moved to {place}' in said
        assert sorted(path.name for path in place.iterdir()) == ['epoch_5.pth', 'last_checkpoint', 'rounds.json', 'tiny.py']
        assert (place / 'rounds.json').read_text() == (tmp_path / 'notes.txt').read_text() == 'old'
        assert not {'epoch_5.pth', 'rounds.json'} & {path.name for path in tmp_path.iterdir()}

    @pytest.mark.parametrize('options', [['--resume'], ['--resume', '{0}/epoch_5.pth']])
    def test_one_that_goes_on_finds_them(self, started, tmp_path, options):
        assert 'moved' not in started(*(option.format(tmp_path) for option in options))
        assert (tmp_path / 'rounds.json').read_text() == 'old' and not (tmp_path / 'previous').exists()

    def test_going_on_from_elsewhere_is_a_new_one(self, started, tmp_path, tmp_path_factory):
        other = tmp_path_factory.mktemp('other') / 'epoch_7.pth'
        torch.save({}, other)
        assert 'moved to' in started('--resume', str(other)) and other.is_file()

    def test_starting_from_one_of_them_is_refused(self, started, tmp_path, capsys):
        with pytest.raises(SystemExit) as error:
            started('--cfg-options', f'load_from={tmp_path}/epoch_5.pth')
        said = capsys.readouterr().err
        assert error.value.code == 2 and said.count('\n') == 1 and 'another --work-dir' in said
        assert (tmp_path / 'epoch_5.pth').is_file() and (tmp_path / 'rounds.json').is_file()

    @pytest.mark.parametrize('error, back', [(ValueError, True), (RuntimeError, False)])
    def test_they_are_there_again_where_the_new_one_is_refused(self, started, train, tmp_path, monkeypatch, capsys, error, back):
        monkeypatch.setattr(train.Runner, 'from_cfg', classmethod(Mock(side_effect=error('poses of 9 keypoints'))))
        with pytest.raises((SystemExit, RuntimeError)):
            started()
        assert (tmp_path / 'epoch_5.pth').is_file() == back and (tmp_path / 'previous').exists() != back
        assert (f'nothing was trained, and what was moved lies in {tmp_path} again' in capsys.readouterr().err) == back

    def test_other_processes_of_the_training_move_nothing(self, started, tmp_path, monkeypatch):
        for name, value in dict(RANK='1', WORLD_SIZE='2', MASTER_ADDR='localhost', MASTER_PORT='29500').items():
            monkeypatch.setenv(name, value)
        assert 'moved' not in started('--launcher', 'pytorch') and (tmp_path / 'epoch_5.pth').is_file()


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


@pytest.mark.parametrize('script', ['dist_train', 'dist_test', 'dist_generate', 'slurm_train', 'slurm_test', 'slurm_train_requeue'])
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
