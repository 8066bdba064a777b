"""Mistakes in a config are found before anything starts, and variables of its own are left alone."""

import copy
import functools
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import init_default_scope

from mmagenc.engine.config_check import check_config, check_hooks, check_keys, merge_options
from mmagenc.registry import HOOKS

ROOT = Path(__file__).resolve().parents[2] / 'configs'
LOOP = 'infagenc/quick.py'


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmagenc')


@functools.cache
def read(name):
    return Config.fromfile(ROOT / name)


def config(name=LOOP, **options):
    cfg = copy.deepcopy(read(name))
    merge_options(cfg, options)
    return cfg


def refusal(cfg, stage='train'):
    with pytest.raises(ValueError) as error:
        check_config(cfg, stage)
    assert '\n' not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize('name', sorted(str(path.relative_to(ROOT)) for path in ROOT.glob('*/*.py') if path.parent.name != '_base_'))
def test_our_own_configs_pass(name):
    cfg = Config.fromfile(ROOT / name)
    if 'own_data' in cfg:
        cfg.train_cfg.max_epochs = 64  # counted by the clips
    check_config(cfg, 'train')
    if cfg.get('train_dataloader', {}).get('dataset', {}).get('type') != 'BaseMotion':  # which nothing is tested after
        check_config(cfg, 'test')


@pytest.mark.parametrize('key, value, meant', [
    ('train_cfgg', dict(max_epochs=2), 'train_cfg'),
    ('optim_wraper', dict(optimizer=dict(lr=1.)), 'optim_wrapper'),
    ('custom_hook', [dict(type='RandomStateHook')], 'custom_hooks'),
    ('default_hook', dict(checkpoint=dict(interval=2)), 'default_hooks'),
    ('val_dataloadr', None, 'val_dataloader'),
    ('Train_DataLoader', dict(batch_size=2), 'train_dataloader'),
    ('tset_evaluator', dict(type='MotionGenerationMetric', cache_dir='x'), 'test_evaluator'),
    ('load_form', 'x.pth', 'load_from'),
    ('log_lvel', 'INFO', 'log_level'),
    ('custom_import', dict(imports=['mine']), 'custom_imports'),
    ('infagenc', dict(begin=0), 'default_hooks.infagenc'),
    ('checkpoint', dict(interval=3), 'default_hooks.checkpoint'),
    ('my_pictures', dict(type='SampleVisualizationHook'), 'default_hooks.my_pictures'),
])
def test_misspelt_keys(key, value, meant):
    cfg = config()
    cfg[key] = value
    assert refusal(cfg) == f'nothing reads the top-level key {key} (is {meant} meant?)'
    assert key in refusal(cfg, 'test')


def test_every_misspelt_key_is_named():
    cfg = config()
    cfg.train_cfgs, cfg.modell = dict(a=1), dict(b=2)
    assert refusal(cfg) == 'nothing reads the top-level keys train_cfgs (is train_cfg meant?), modell (is model meant?)'


@pytest.mark.parametrize('key, value', [
    ('train_pipeline', []), ('num_classes', 7), ('recognizer', {}), ('mine', dict(a=1)), ('layout', dict(parents=[-1])), ('meta', {}),
    ('optimizer', dict(type='SGD')), ('dataset_type', 'MotionDataset'), ('mode', 'spatial'), ('base_lr', .1), ('max_epochs', 3),
    ('_train_cfg', dict(a=1)), ('checkpoint', 'work_dirs/x.pth'), ('env', dict(x=1)),
    ('custom_imports', dict(imports=[])),
    ('model_wrapper_cfg', dict(type='MMSeparateDistributedDataParallel')), ('auto_scale_lr', dict(base_batch_size=16)),
])
def test_variables_are_left_alone(key, value):
    cfg = config()
    cfg[key] = value
    check_keys(cfg)


def test_variable_that_another_key_takes_up_may_have_any_name(tmp_path):
    text = """
train_data_loader = dict(batch_size=3, num_workers=0)
train_dataloader = dict(dataset=dict(type='MotionDataset'), **train_data_loader)
models = dict(type='A')
model = dict(type='B', inner=[models])
default_hook = dict(type='IterTimerHook')
default_hooks = dict(timer=default_hook)
"""
    (tmp_path / 'mine.py').write_text(text)
    cfg = Config.fromfile(tmp_path / 'mine.py')
    with pytest.raises(ValueError, match='train_data_loader .is train_dataloader meant') as error:
        check_keys(cfg)  # its parts went in, it did not
    assert 'models' not in str(error.value) and 'default_hook ' not in str(error.value)


@pytest.mark.parametrize('options, message', [
    ({'default_hooks.infagnc.begin': 0}, 'default_hooks.infagnc: this config has no hook of the name (is default_hooks.infagenc meant?)'),
    ({'default_hooks.checkpoints.interval': 2}, 'is default_hooks.checkpoint meant?'),
    ({'default_hooks.xyz.interval': 2}, 'default_hooks.xyz: this config has no hook of the name. It has runtime_info, timer, '),
    ({'default_hooks.infagenc.begn': 0}, 'default_hooks.infagenc.begn: InfAGenCHook has no such argument (is begin meant?)'),
    ({'default_hooks.checkpoint.intervall': 2}, 'CheckpointHook has no such argument (is interval meant?)'),
    ({'default_hooks.param_scheduler.y': 1}, 'param_scheduler.y: ParamSchedulerHook has no such argument; it takes none'),
    ({'custom_hooks.3.begin': 0}, 'custom_hooks must be a list, got ConfigDict: hooks of this config have names'),
    ({'custom_hooks': [dict(begin=0)]}, 'custom_hooks.0 has no type'),
    ({'default_hooks': [dict(type='A')]}, 'default_hooks must be a dict of hooks by name, got list'),
])
def test_hooks_that_are_not_there(options, message):
    assert message in refusal(config(**options))


def test_hook_of_mmengine_without_a_type():
    with pytest.raises(ValueError, match=r"default_hooks\.logger has no type: add type='LoggerHook'"):
        check_hooks(Config(dict(default_hooks=dict(logger=dict(interval=5)))))
    with pytest.raises(ValueError, match=r"type='CheckpointHook'; and .*checkpoint\.intervall: .* \(is interval meant\?\)"):
        check_hooks(Config(dict(default_hooks=dict(checkpoint=dict(intervall=5)))))


@pytest.mark.parametrize('named, interval', [({}, 1), (dict(default_hooks=dict(timer=dict(type='IterTimerHook'))), 1),
                                             (dict(default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=9))), 9)])
def test_options_of_hooks_that_mmengine_has_in_any_case(named, interval):
    """They took the place of the whole hook, and its type was asked for; the other settings are MMEngine's, not those of the class."""
    cfg = Config(named)
    merge_options(cfg, {'default_hooks.checkpoint.max_keep_ckpts': 2, 'default_hooks.logger.interval': 5})
    assert cfg.default_hooks.checkpoint == dict(type='CheckpointHook', interval=interval, max_keep_ckpts=2)
    assert cfg.default_hooks.logger == dict(type='LoggerHook', interval=5)
    with pytest.raises(ValueError, match=r'checkpoint\.intervall: .* \(is interval meant\?\)'):
        merge_options(cfg, {'default_hooks.checkpoint.intervall': 3})
        check_hooks(cfg)


def test_loop_that_is_not_in_the_config():
    cfg = config('cvae/cvae_1xb16-1100e_primitive-60f.py', **{'default_hooks.infagenc.begin': 0})
    message = refusal(cfg)
    assert message.startswith('default_hooks.infagenc: this config has no hook of the name') and 'samples' in message


def test_hooks_that_are_off_objects_or_open_pass(monkeypatch):

    class OpenHook(Hook):

        def __init__(self, **kwargs):
            pass

    monkeypatch.setitem(HOOKS._module_dict, 'OpenHook', OpenHook)
    check_hooks(config(**{'default_hooks.representation_stats': None, 'default_hooks.mine': dict(type='OpenHook', anything=1),
                          'default_hooks.timer.priority': 'LOW', 'custom_hooks': [dict(type='NobodyKnowsHook', a=1)]}))
    check_hooks(dict(custom_hooks=[Hook()], default_hooks=dict(a=Hook())))
    check_hooks(config(**{'default_hooks.checkpoint.backend_option': 1}))  # which it hands on
    check_hooks(dict(custom_hooks=None, default_hooks=None))


@pytest.mark.parametrize('options, message', [
    ({'train_dataloader': None}, 'training needs train_dataloader, which the config does not have'),
    ({'model': None, 'train_cfg': None}, 'training needs model, train_cfg, which'),
    ({'val_cfg': dict(type='ValLoop')}, 'val_dataloader, val_cfg, val_evaluator belong together: val_cfg without val_dataloader, val_ev'),
    ({'test_evaluator': None}, 'test_dataloader, test_cfg without test_evaluator'),
    ({'train_cfg.max_epochs': 0}, 'train_cfg.max_epochs must be a whole number from 1, got 0'),
    ({'train_cfg.max_epochs': 1e30}, 'train_cfg.max_epochs must be at most 1000000000, got 1e+30'),
    ({'train_dataloader.num_workers': 100000}, 'train_dataloader.num_workers must be at most 512, got 100000'),
    ({'train_cfg.max_epochs': -1}, 'got -1'),
    ({'train_cfg.max_epochs': 2.5}, 'got 2.5'),
    ({'train_cfg.max_epochs': float('inf')}, 'got inf'),
    ({'train_cfg.max_epochs': True}, 'got True'),
    ({'train_cfg.max_epochs': 'all'}, "got 'all'"),
    ({'train_cfg.max_epochs': None}, 'train_cfg.max_epochs: the config does not say how long'),
    ({'train_cfg.max_epoch': 2}, 'train_cfg.max_epoch: EpochBasedTrainLoop has no such argument (is max_epochs meant?); it takes max_'),
    ({'train_cfg.val_interval': 0}, 'train_cfg.val_interval must be'),
    ({'train_cfg': dict(by_epoch=False, max_epochs=3)}, 'IterBasedTrainLoop has no such argument'),
    ({'train_cfg': dict(max_epochs=3)}, 'max_epochs: MMEngine counts iterations (max_iters) where neither type nor'),
    ({'train_cfg.type': 'IterBasedTrainLoop'}, 'train_cfg.max_epochs: IterBasedTrainLoop has no such argument'),
    ({'train_dataloader.batch_size': 0}, 'train_dataloader.batch_size must be'),
])
def test_what_cannot_be_trained(options, message):
    cfg = config()
    for key in [key for key, value in options.items() if isinstance(value, dict)]:
        cfg[key] = options.pop(key)
    merge_options(cfg, options)
    assert message in refusal(cfg)


def test_numbers_that_can_be():
    check_config(config(**{'train_cfg.max_epochs': 3.0}), 'train')
    cfg = config()
    cfg.train_cfg = dict(by_epoch=False, max_iters=10)
    check_config(cfg, 'train')


def test_a_test_needs_no_training_and_a_training_no_test():
    cfg = config('stgcn/stgcn_1xb16-rot6d-15e_primitive-60f.py')
    cfg.train_dataloader = cfg.train_cfg = cfg.optim_wrapper = None
    check_config(cfg, 'test')
    assert 'training needs train_dataloader, train_cfg, optim_wrapper' in refusal(cfg)
    cfg = config(test_dataloader=None, test_cfg=None, test_evaluator=None)
    check_config(cfg, 'train')
    assert 'a test needs test_dataloader, test_cfg, test_evaluator' in refusal(cfg, 'test')


@pytest.mark.parametrize('options', [{'work_dir.x': 1, 'log_level.x': 2}, {'log_level.x': 2}])
def test_option_that_leads_nowhere(options):
    with pytest.raises(ValueError, match=r'--cfg-options .*log_level\.x: '):
        config(**options)
    cfg = config()
    cfg.custom_hooks = [dict(type='RandomStateHook')]
    with pytest.raises(ValueError, match=r'--cfg-options custom_hooks\.3\.begin: custom_hooks is a list of 1, accepted are '):
        merge_options(cfg, {'custom_hooks.3.begin': 0})


def test_options_replace_items_of_lists():
    cfg = config()
    cfg.train_dataloader.dataset.ann_file = ['real.pkl', 'pool.npz']
    merge_options(cfg, {'train_dataloader.dataset.ann_file.1': 'other.npz', 'train_dataloader.dataset.pipeline.0.num_frames': 8})
    assert cfg.train_dataloader.dataset.ann_file == ['real.pkl', 'other.npz']
    assert cfg.train_dataloader.dataset.pipeline[0].num_frames == 8
    with pytest.raises(ValueError, match=r'ann_file\.2: train_dataloader\.dataset\.ann_file is a list of 2, accepted are .*\.0 to .*\.1'):
        merge_options(cfg, {'train_dataloader.dataset.ann_file.2': 'third.npz'})


@pytest.mark.parametrize('option, said', [
    (('batch_size', 'a'), "_dataloader.batch_size must be a whole number from 1, got 'a'"),
    (('batch_sizee', 3), '_dataloader.batch_sizee: a data loader has no such setting (is batch_size meant?)'),
    (('collate_fn', dict(type='pseudo_colate')), "_dataloader.collate_fn.type: nothing of the name 'pseudo_colate' is registered among the "
                                                 'functions (is pseudo_collate meant?)'),
])
def test_of_loaders_that_are_copies_the_one_that_is_used_is_named(option, said):
    """As with ``test_dataloader = val_dataloader``."""
    cfg = config()
    cfg.test_dataloader[option[0]] = option[1]
    cfg.val_dataloader, cfg.val_evaluator, cfg.val_cfg = copy.deepcopy(cfg.test_dataloader), copy.deepcopy(cfg.test_evaluator), dict()
    assert refusal(cfg, 'test').startswith(f'test{said}')
    assert refusal(cfg, 'train').startswith(f'val{said}')


def test_a_function_that_is_registered_collates():
    cfg = config()
    cfg.train_dataloader.collate_fn = dict(type='pseudo_collate')
    check_config(cfg, 'train')


@pytest.mark.parametrize('options, said', [
    ({'randomness.sed': 3}, 'randomness.sed: nothing reads it (is seed meant?); accepted are seed, diff_rank_seed, deterministic'),
    ({'randomness.deterministic': 'maybe'}, "randomness.deterministic must be True or False, got 'maybe'"),
    ({'env_cfg.cudnn_benchmrk': True}, 'env_cfg.cudnn_benchmrk: nothing reads it (is cudnn_benchmark meant?)'),
    ({'env_cfg.mp_cfg.opencv_num_thread': 1}, 'env_cfg.mp_cfg.opencv_num_thread: nothing reads it (is opencv_num_threads meant?)'),
    ({'env_cfg.mp_cfg.opencv_num_threads': 'x'}, "env_cfg.mp_cfg.opencv_num_threads must be a whole number, got 'x'"),
    ({'auto_scale_lr.base_batch': 4}, 'auto_scale_lr.base_batch: nothing reads it (is base_batch_size meant?)'),
    ({'auto_scale_lr': 4}, 'auto_scale_lr must be a dict, got 4'),
    ({'log_processor.windw_size': 3}, 'log_processor.windw_size: LogProcessor has no such argument (is window_size meant?)'),
    ({'log_processor.by_epoch': 'x'}, "log_processor.by_epoch must be True or False, got 'x'"),
    ({'optim_wrapper.clip_grad.max_nrm': 3}, 'optim_wrapper.clip_grad.max_nrm: the clipping has no such argument (is max_norm meant?)'),
    ({'optim_wrapper.accumulative_counts': 0}, 'optim_wrapper.accumulative_counts must be a whole number from 1, got 0'),
    ({'optim_wrapper.clip_grad': 5}, 'optim_wrapper.clip_grad must be a dict such as dict(max_norm=1), got 5'),
    ({'optim_wrapper.clip_grad.type': 'nrm'}, "optim_wrapper.clip_grad.type must be norm or value, got 'nrm'"),
])
def test_settings_that_are_of_no_class(options, said):
    cfg = config()
    cfg.optim_wrapper.pop('clip_grad', None)
    cfg.pop('auto_scale_lr', None), cfg.pop('log_processor', None)
    merge_options(cfg, options)
    assert refusal(cfg).startswith(said)


def test_settings_of_no_class_that_can_be():
    check_config(config(**{'optim_wrapper.clip_grad.max_norm': 1, 'auto_scale_lr.base_batch_size': 16, 'randomness.deterministic': False,
                           'env_cfg.resource_limit': 4096}), 'train')
