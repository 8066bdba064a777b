"""Every config loads, names types that exist, and has the graphs it was published with."""

import re
from pathlib import Path

import numpy as np
import pytest
from mmaction.models.utils import Graph
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmagenc.engine.hook_config import config_hooks
from mmagenc.registry import HOOKS, METRICS, MODELS, TASK_UTILS

ROOT = Path(__file__).resolve().parents[1] / 'configs'
CONFIGS = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob('*/*.py') if path.parent.name != '_base_')


def load(name: str) -> Config:
    init_default_scope('mmagenc')
    return Config.fromfile(ROOT / name)


@pytest.mark.parametrize('name', CONFIGS)
def test_config_names_known_types(name):
    cfg = load(name)
    assert 'custom_hooks' not in cfg and 'infagenc' not in cfg  # under names; the loop's shared settings have become its hook
    for hook in config_hooks(cfg).values():
        assert HOOKS.get(hook.type) is not None, hook.type
    if cfg.get('train_dataloader', {}).get('dataset', {}).get('type') != 'BaseMotion':  # which nothing is tested after
        assert METRICS.get(cfg.test_evaluator.type) is not None
    assert MODELS.get(cfg.model.type if '_scope_' not in cfg.model else f'mmaction.{cfg.model.type}') is not None
    assert all(optimizer.fused for optimizer in optimizers(cfg))


def optimizers(cfg: dict) -> list:
    """All optimizers that a config names: the training's own, a judge's, those of a critic."""
    inner = [found for value in cfg.values() if isinstance(value, dict) for found in optimizers(value)]
    return [*inner, cfg['optimizer']] if 'optimizer' in cfg else inner


@pytest.mark.parametrize('name', [name for name in CONFIGS if name.startswith('infagenc/') and '/own_' not in name])
def test_loop_parts_agree_on_the_classes(name):
    cfg = load(name)
    hook = cfg.default_hooks.infagenc
    assert hook.recognizer.model.cls_head.num_classes == cfg.model.num_classes == cfg.num_classes
    assert TASK_UTILS.get(hook.selector.type) is not None
    assert hook.begin < cfg.train_cfg.max_epochs
    sampled = {step.num_frames for step in [*hook.recognizer.train_pipeline, *hook.recognizer.test_pipeline] if 'num_frames' in step}
    assert sampled == {cfg.model.num_frames}


def registered_hooks(cfg: Config) -> list:
    """The classes of a runner's hooks in the order in which they run; nothing else of the runner is built."""
    runner = Runner.__new__(Runner)
    runner._hooks, runner.cfg = [], cfg
    runner.register_hooks(cfg.default_hooks, cfg.get('custom_hooks'))
    return [type(hook).__name__ for hook in runner.hooks]


@pytest.mark.parametrize('name', CONFIGS)
def test_hooks_run_in_order(name):
    """Statistics before the loop, the loop before what the checkpoint keeps of it, the checkpoint last; nothing twice."""
    hooks = registered_hooks(load(name))
    expected = [
        'RuntimeInfoHook', 'InitFromHook', 'FiniteLossHook', 'RepresentationStatsHook', 'IterTimerHook', 'DistSamplerSeedHook',
        'SyncBuffersHook', 'CUDAGraphHook', 'EMAHook', 'InfAGenCHook', 'OnlineGenerationHook', 'PretrainingRecordHook', 'StepLoggerHook',
        'ParamSchedulerHook', 'RandomStateHook', 'SampleVisualizationHook', 'CheckpointHook'
    ]
    assert hooks == [hook for hook in expected if hook in hooks]
    assert ('InfAGenCHook' in hooks) == name.startswith('infagenc/')
    generator = name.split('/')[0] in ('act_vae', 'infagenc', 'cvae', 'kinetic_gan', 'posture_transfer', 'slt')
    assert generator == ('RepresentationStatsHook' in hooks) and 'RandomStateHook' in hooks
    assert 'small' in name or 'quick' in name or generator == ('SampleVisualizationHook' in hooks)


def test_a_variant_is_its_base_and_the_lines_that_differ(tmp_path):
    (tmp_path / 'mine.py').write_text(f"""_base_ = '{ROOT}/infagenc/quick.py'
default_hooks = dict(infagenc=dict(begin=3, recognizer=dict(batch_size=4)), samples=dict(type='SampleVisualizationHook', interval=7))
""")
    base, cfg = load('infagenc/quick.py').default_hooks, Config.fromfile(tmp_path / 'mine.py')
    cfg.merge_from_dict({'default_hooks.infagenc.interval': 2, 'default_hooks.representation_stats': None})
    hook = cfg.default_hooks.infagenc
    assert (hook.begin, hook.interval, hook.recognizer.batch_size, hook.recognizer_warmup_epochs) == (3, 2, 4, 35)
    assert hook.recognizer.model == base.infagenc.recognizer.model and hook.selector == base.infagenc.selector
    assert base.infagenc.begin == 280 and 'samples' not in base
    hooks = registered_hooks(cfg)
    assert 'SampleVisualizationHook' in hooks and 'RepresentationStatsHook' not in hooks and hooks.count('InfAGenCHook') == 1


SMPL = [-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21]
INFACT = [-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15]
UCLA = [-1, 0, 1, 2, 2, 4, 5, 6, 2, 8, 9, 10, 0, 12, 13, 14, 0, 16, 17, 18]


@pytest.mark.parametrize('config, mode, parents, center', [
    ('_base_/models/stgcn_rot6d.py', 'stgcn_spatial', SMPL, 0),
    ('_base_/models/stgcn_xyz_smpl24.py', 'stgcn_spatial', SMPL, 0),
    ('_base_/models/stgcn_xyz_infact17.py', 'stgcn_spatial', INFACT, 0),
    ('_base_/models/stgcn_xyz_ucla20.py', 'stgcn_spatial', UCLA, 2),
    ('_base_/models/aagcn_rot6d.py', 'spatial', SMPL, 0),
    ('_base_/models/stgcnpp_rot6d.py', 'spatial', SMPL, 0),
    ('mixed/aagcn_1xb16-xyz-30e_pool.py', 'spatial', INFACT, 0),
])
def test_named_graphs_are_the_trees_bit_by_bit(config, mode, parents, center):
    """The trees of InfAGenC's, InfactAction's and NW-UCLA's publications, which checkpoints were trained with."""
    cfg = load(config)
    graph_cfg = cfg.get('recognizer', cfg.get('model')).backbone.graph_cfg
    inward = [(joint, parent) for joint, parent in enumerate(parents) if parent >= 0]
    expected = Graph(layout=dict(num_node=len(parents), inward=inward, center=center), mode=mode)
    graph = Graph(**graph_cfg)
    assert isinstance(graph_cfg.layout, str) and graph.A.dtype == expected.A.dtype
    assert np.array_equal(graph.A, expected.A) and (graph.inward, graph.center) == (expected.inward, expected.center)


def test_no_config_types_a_tree():
    texts = {path: path.read_text() for path in ROOT.rglob('*.py')}
    assert not [path for path, text in texts.items() if re.search(r'\b(inward|parents|num_node)\b', text)]


def test_published_hyper_parameters_are_the_defaults():
    cfg = load('infagenc/primitive_60f.py')
    hook = cfg.default_hooks.infagenc
    assert (cfg.train_cfg.max_epochs, hook.begin, hook.interval, hook.recognizer_epochs) == (1300, 1100, 10, 3)
    assert (cfg.model.num_layers, cfg.model.latent_dim, cfg.model.ff_dim, cfg.model.num_heads, cfg.model.dropout) == (8, 256, 1024, 4, 0.1)
    assert cfg.model.loss_weights == dict(rc=1., rcxyz=1., kl=1e-5, velxyz=1e-3) and cfg.model.kl_reduction == 'sum'
    selector = hook.selector
    assert (selector.confidence, selector.within_weight, selector.between_weight, selector.fraction) == (.75, .6, .4, .5)
    assert cfg.optim_wrapper.optimizer.lr == hook.recognizer.optim_wrapper.optimizer.lr == 1e-4
    assert cfg.train_dataloader.batch_size == hook.recognizer.batch_size == 16
