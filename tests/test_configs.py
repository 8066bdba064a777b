"""Every config loads, names types that exist, and repeats the package's own skeletons faithfully."""

from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope

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
    for hook in cfg.get('custom_hooks', []):
        assert HOOKS.get(hook.type) is not None, hook.type
    assert METRICS.get(cfg.test_evaluator.type) is not None
    assert MODELS.get(cfg.model.type if '_scope_' not in cfg.model else f'mmaction.{cfg.model.type}') is not None


@pytest.mark.parametrize('name', [name for name in CONFIGS if name.startswith('infagenc/')])
def test_loop_parts_agree_on_the_classes(name):
    cfg = load(name)
    hook = next(hook for hook in cfg.custom_hooks if hook.type == 'InfAGenCHook')
    assert hook.recognizer.model.cls_head.num_classes == cfg.model.num_classes == cfg.num_classes
    assert TASK_UTILS.get(hook.selector.type) is not None
    assert hook.begin < cfg.train_cfg.max_epochs
    sampled = {step.num_frames for step in [*hook.recognizer.train_pipeline, *hook.recognizer.test_pipeline] if 'num_frames' in step}
    assert sampled == {cfg.model.num_frames}


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
    hook = cfg.custom_hooks[-1]
    assert (cfg.train_cfg.max_epochs, hook.begin, hook.interval, hook.recognizer_epochs) == (1300, 1100, 10, 3)
    assert (cfg.model.num_layers, cfg.model.latent_dim, cfg.model.ff_dim, cfg.model.num_heads, cfg.model.dropout) == (8, 256, 1024, 4, 0.1)
    assert cfg.model.loss_weights == dict(rc=1., rcxyz=1., kl=1e-5, velxyz=1e-3) and cfg.model.kl_reduction == 'sum'
    selector = hook.selector
    assert (selector.confidence, selector.within_weight, selector.between_weight, selector.fraction) == (.75, .6, .4, .5)
    assert cfg.optim_wrapper.optimizer.lr == hook.recognizer.optim_wrapper.optimizer.lr == 1e-4
    assert cfg.train_dataloader.batch_size == hook.recognizer.batch_size == 16
