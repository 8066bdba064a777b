"""Every config loads, names types that exist, and repeats the package's own skeletons faithfully."""

from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmagenc.engine.hook_config import config_hooks
from mmagenc.registry import HOOKS, METRICS, MODELS, TASK_UTILS
from mmagenc.skeletons import get_skeleton

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
    assert METRICS.get(cfg.test_evaluator.type) is not None
    assert MODELS.get(cfg.model.type if '_scope_' not in cfg.model else f'mmaction.{cfg.model.type}') is not None


@pytest.mark.parametrize('name', [name for name in CONFIGS if name.startswith('infagenc/')])
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
    runner._hooks = []
    runner.register_hooks(cfg.default_hooks, cfg.get('custom_hooks'))
    return [type(hook).__name__ for hook in runner.hooks]


@pytest.mark.parametrize('name', CONFIGS)
def test_hooks_run_in_order(name):
    """Statistics before the loop, the loop before what the checkpoint keeps of it, the checkpoint last; nothing twice."""
    hooks = registered_hooks(load(name))
    expected = ['RuntimeInfoHook', 'RepresentationStatsHook', 'IterTimerHook', 'DistSamplerSeedHook', 'SyncBuffersHook', 'InfAGenCHook',
                'LoggerHook', 'ParamSchedulerHook', 'RandomStateHook', 'SampleVisualizationHook', 'CheckpointHook']
    assert hooks == [hook for hook in expected if hook in hooks]
    assert ('InfAGenCHook' in hooks) == name.startswith('infagenc/')
    generator = name.split('/')[0] in ('infagenc', 'cvae', 'kinetic_gan')
    assert generator == ('RandomStateHook' in hooks) == ('RepresentationStatsHook' in hooks)
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


@pytest.mark.parametrize('base, skeleton', [('stgcn_rot6d', 'smpl24'), ('stgcn_xyz_infact17', 'infact17'),
                                              ('stgcn_xyz_smpl24', 'smpl24'), ('stgcn_xyz_ucla20', 'ucla20')])
def test_graphs_of_configs_are_those_of_the_skeletons(base, skeleton):
    graph = load(f'_base_/models/{base}.py').recognizer.backbone.graph_cfg
    expected = get_skeleton(skeleton).graph_cfg()
    layout = expected['layout']
    assert (graph.mode, graph.layout.num_node, graph.layout.center) == (expected['mode'], layout['num_node'], layout['center'])
    assert [tuple(edge) for edge in graph.layout.inward] == expected['layout']['inward']


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
