"""Types and arguments are compared with the registries: mistakes are named with what is accepted, and no whole config is refused."""

import copy
import functools
import importlib.util
import inspect
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Union

import pytest
from mmengine.config import Config

from mmagenc.engine.config_check import check_config, merge_options
from mmagenc.engine.config_types import fits, parameters_of

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
UPSTREAM = Path(importlib.util.find_spec('mmaction').origin).parent / '.mim/configs/skeleton'
MODEL = 'default_hooks.infagenc.recognizer.model'


@functools.cache
def read(name):
    return Config.fromfile(CONFIGS / name)


def refusal(options, name='infagenc/quick.py', stage='train'):
    cfg = copy.deepcopy(read(name))
    merge_options(cfg, options)
    with pytest.raises(ValueError) as error:
        check_config(cfg, stage)
    assert '\n' not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize('name', [
    'stgcn/stgcn_8xb16-joint-u100-80e_ntu60-xsub-keypoint-3d.py', 'stgcnpp/stgcnpp_8xb16-bone-motion-u100-80e_ntu60-xsub-keypoint-2d.py',
    '2s-agcn/2s-agcn_8xb16-joint-u100-80e_ntu60-xsub-keypoint-3d.py', 'posec3d/slowonly_r50_8xb16-u48-240e_gym-keypoint.py',
    'posec3d/slowonly_kinetics400-pretrained-r50_8xb16-u48-120e_hmdb51-split1-keypoint.py'])
def test_skeleton_configs_of_mmaction_pass(name):
    cfg = Config.fromfile(UPSTREAM / name)
    check_config(cfg, 'train')
    check_config(cfg, 'test')


@pytest.mark.parametrize('options, said', [
    ({'model.type': 'TransfomerCVAE'}, "model.type: nothing of the name 'TransfomerCVAE' is registered (is TransformerCVAE"),
    ({'model.type': 5}, 'model.type must be a name or a class, got 5'),
    ({'model': dict(_delete_=True, num_classes=3)}, 'model has no type, so that nobody knows which model it is'),
    ({'train_dataloader.dataset.pipeline': [dict(keys=())]}, 'dataset.pipeline.0 has no type, so that nobody knows which transform'),
    ({'optim_wrapper.optimizer': dict(_delete_=True, lr=0.1)}, 'optim_wrapper.optimizer has no type, so that nobody knows which optimizer'),
    ({'test_evaluator': dict(_delete_=True, out='x')}, 'test_evaluator has no type, so that nobody knows which metric it is'),
    ({'model.type': 'nosuch.package.Model'}, "nothing of the name 'nosuch.package.Model' is registered"),
    ({'model.type': 'Zzzz'}, 'among the models; it may need its package'),
    ({'model.latent_dimm': 3}, 'model.latent_dimm: TransformerCVAE has no such argument (is latent_dim meant?); it takes representation, '),
    ({'model.latent_dim': 'abc'}, "model.latent_dim must be a whole number, got 'abc'"),
    ({'model.latent_dim': True}, 'model.latent_dim must be a whole number, got True'),
    ({'model.latent_dim': 2.5}, 'model.latent_dim must be a whole number'),
    ({'model.latent_dim': 0}, 'model.latent_dim must be a whole number from 1, got 0'),
    ({'model.num_classes': -1}, 'model.num_classes must be a whole number from 1, got -1'),
    ({'model.dropout': 1.5}, 'model.dropout must be from 0 to 1, got 1.5'),
    ({'model.representation': None}, 'model.representation must be a dict, got None'),
    ({'model.representation': 5}, 'model.representation must be a dict, got 5'),
    ({'model.representation.type': 'RotationRepresentatio'}, 'model.representation.type: '),
    ({'model.representation.x': 1}, 'model.representation.x: RotationRepresentation has no such argument'),
    ({'model.test_cfg': 'fast'}, "model.test_cfg must be a dict, got 'fast'"),
    ({'train_dataloader.dataset.type': 'MotionDatset'}, 'train_dataloader.dataset.type: nothing of the name'),
    ({'train_dataloader.dataset.ann_fil': 'x'}, 'dataset.ann_fil: InfActPrimitive has no such argument (is ann_file meant?)'),
    ({'train_dataloader.dataset.ann_file': 5}, 'train_dataloader.dataset.ann_file must be a text or a list, got 5'),
    ({'train_dataloader.dataset.pipeline': []}, 'train_dataloader.dataset.pipeline is empty: '),
    ({'train_dataloader.dataset.pipeline.0.type': 'ConsecutiveSampel'}, 'train_dataloader.dataset.pipeline.0.type: '),
    ({'train_dataloader.dataset.pipeline.0.num_frame': 3}, 'pipeline.0.num_frame: ConsecutiveSample has no such argument'),
    ({'train_dataloader.dataset.pipeline.0.num_frames': -3}, 'pipeline.0.num_frames must be a whole number from 1, got -3'),
    ({'train_dataloader.sampler.type': 'NoSuch'}, 'train_dataloader.sampler.type: '),
    ({'train_dataloader.batchsize': 3}, 'train_dataloader.batchsize: a data loader has no such setting (is batch_size meant?)'),
    ({'train_dataloader.num_workers': -1}, 'train_dataloader.num_workers must be a whole number from 0, got -1'),
    ({'train_dataloader.dataset': None}, 'train_dataloader.dataset: the config does not say which'),
    ({'test_evaluator.type': 'MotionGenerationMetrc'}, 'is MotionGenerationMetric meant?'),
    ({'test_evaluator.foo': 1}, 'test_evaluator.foo: MotionGenerationMetric has no such argument'),
    ({'optim_wrapper.type': 'OptimWraper'}, 'optim_wrapper.type: '),
    ({'optim_wrapper.constructor': 'NoSuch'}, 'optim_wrapper.constructor.type: '),
    ({'optim_wrapper.optimizer.type': 'Adamm'}, 'optim_wrapper.optimizer.type: nothing of the name'),
    ({'optim_wrapper.optimizer.lrr': 1}, 'optim_wrapper.optimizer.lrr: '),
    ({'optim_wrapper.optimizer.lr': -1}, 'optim_wrapper.optimizer.lr must be a number from 0, got -1'),
    ({'optim_wrapper.optimizer.lr': float('nan')}, 'optim_wrapper.optimizer.lr must be a number from 0, got nan'),
    ({'optim_wrapper.clip_grad.max_norm': -1}, 'optim_wrapper.clip_grad.max_norm must be a number above 0, got -1'),
    ({'optim_wrapper.clip_grad.max_norm': 0}, 'optim_wrapper.clip_grad.max_norm must be a number above 0, got 0'),
    ({'optim_wrapper.clip_grad.max_nrom': 1.}, 'optim_wrapper.clip_grad.max_nrom: the clipping has no such argument (is max_norm meant?)'),
    ({'optim_wrapper.clip_grad.type': 'Norm'}, "optim_wrapper.clip_grad.type must be norm or value, got 'Norm'"),
    ({'optim_wrapper.clip_grad.type': 'value'}, 'optim_wrapper.clip_grad.clip_value must be a number above 0, got None'),
    ({'param_scheduler.type': 'LinerLR'}, 'is LinearLR meant?'),
    ({'default_hooks.infagenc.interval': 0}, 'default_hooks.infagenc.interval must be a whole number from 1, got 0'),
    ({'default_hooks.infagenc.interval': 'abc'}, "default_hooks.infagenc.interval must be a whole number, got 'abc'"),
    ({'default_hooks.infagenc.recognizer': None}, 'default_hooks.infagenc.recognizer must be a dict, got None'),
    ({'default_hooks.infagenc.type': 'NoSuch'}, 'default_hooks.infagenc.type: '),
    ({f'{MODEL}.backbone.type': 'STGCNN'}, f'{MODEL}.backbone.type: nothing of the name'),
    ({f'{MODEL}.cls_head.num_class': 2}, f'{MODEL}.cls_head.num_class: '),
    ({'default_hooks.infagenc.selector': dict(type='NoSuch')}, 'default_hooks.infagenc.selector.type: '),
    ({'visualizer.type': 'Visualiser'}, 'visualizer.type: '),
    ({'visualizer.vis_backends': [dict(type='LocalVisBackendd')]}, 'visualizer.vis_backends.0.type: '),
    ({'log_processor.type': 'NoSuch'}, 'log_processor.type: '),
    ({'train_cfg.type': 'NoLoop'}, 'train_cfg.type: '),
    ({'model': 'abc'}, "model must be a dict, got 'abc'"),
    ({'train_dataloader': [1]}, 'train_dataloader must be a dict, got [1] (a comma behind its last bracket makes a list of it)'),
    ({'auto_scale_lr': 5}, 'auto_scale_lr must be a dict, got 5'),
    ({'model_wrapper_cfg.type': 'NoSuch'}, 'model_wrapper_cfg.type: '),
    ({'log_level': 'LOUD'}, "log_level must be one of CRITICAL, ERROR, WARNING, INFO, DEBUG, got 'LOUD'"),
    ({'work_dir': 5}, 'work_dir must be a text, got 5'),
    ({'resume': 'maybe'}, "resume must be True or False, got 'maybe'"),
    ({'runner_type': 'NoSuch'}, "runner_type: nothing of the name 'NoSuch' is registered"),
    ({'randomness.seed': -1}, 'randomness.seed (--seed) must be a whole number from 0 to 4294967295, got -1'),
    ({'env_cfg.mp_cfg.mp_start_method': 'spoon'}, "mp_start_method must be one of fork, spawn, forkserver, got 'spoon'"),
])
def test_mistakes(options, said):
    assert said in refusal(options)


def test_a_missing_argument():
    name = 'cvae/cvae_1xb16-1100e_primitive-60f.py'
    cfg = copy.deepcopy(read(name))
    cfg.model.pop('num_classes')
    with pytest.raises(ValueError, match=r'model\.num_classes: TransformerCVAE needs it, and the config does not have it'):
        check_config(cfg, 'train')


def test_a_test_does_not_look_at_what_only_a_training_builds():
    cfg = copy.deepcopy(read('infagenc/quick.py'))
    merge_options(cfg, {'optim_wrapper.optimizer.type': 'Adamm'})
    check_config(cfg, 'test')
    assert 'test_evaluator.foo' in refusal({'test_evaluator.foo': 1}, stage='test')


def test_names_of_weights_are_no_parts():
    """``paramwise_cfg`` has settings by the names of weights, which may be called as a part of the config is."""
    cfg = copy.deepcopy(read('infagenc/quick.py'))
    cfg.optim_wrapper.paramwise_cfg = dict(custom_keys=dict(backbone=dict(lr_mult=0.1), dataset=dict(decay_mult=0.)))
    check_config(cfg, 'train')


def test_several_optimizers_and_evaluators():
    gan = 'kinetic_gan/kinetic_gan_1xb32_primitive-64f.py'
    name = gan if (CONFIGS / gan).is_file() else next(
        str(path.relative_to(CONFIGS)) for path in sorted((CONFIGS / 'kinetic_gan').glob('*.py')))
    assert 'optim_wrapper.critic.optimizer.type: ' in refusal({'optim_wrapper.critic.optimizer.type': 'Adamm'}, name)
    cfg = copy.deepcopy(read('infagenc/quick.py'))
    cfg.test_evaluator = [cfg.test_evaluator, dict(type='NoMetric')]
    with pytest.raises(ValueError, match=r'test_evaluator\.1\.type: '):
        check_config(cfg, 'test')


class Base:

    def __init__(self, a: int, b: str = 'x') -> None:
        pass


class Derived(Base):

    def __init__(self, c: Optional[float] = None, **kwargs) -> None:
        super().__init__(**kwargs)


def test_arguments_that_are_handed_on_are_known():
    known, is_open = parameters_of(Derived)
    assert list(known) == ['c', 'a', 'b'] and is_open and known['a'].default is None  # whether it is given, the class decides
    assert list(parameters_of(Base)[0]) == ['a', 'b'] and not parameters_of(Base)[1]


@pytest.mark.parametrize('annotation, good, bad', [
    (int, [3, 3.0, None], ['3', 3.5, True, [3]]),
    (float, [3, 3.5], ['3', True, dict()]),
    (bool, [True, 0, 1], ['yes']),
    (str, ['x'], [3]),
    (Optional[int], [None, 2], ['x']),
    (Union[str, Sequence[str]], ['x', ['x'], ('x', )], [3]),
    (Dict, [dict()], [3, 'x', [3]]),
    (List[int], [[1], (1, )], [1]),
    (object, [1, 'x', None], []),
    (inspect.Parameter.empty, [1, 'x'], []),
])
def test_kinds_of_values(annotation, good, bad):
    parameter = inspect.Parameter('x', inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=None)
    assert all(fits(value, parameter) for value in good)
    assert not any(fits(value, parameter) for value in bad)


def test_none_without_a_default():
    needed = inspect.Parameter('x', inspect.Parameter.KEYWORD_ONLY, annotation=Dict)
    assert not fits(None, needed)
    assert fits(None, needed.replace(annotation=Optional[Dict])) and fits(None, needed.replace(annotation=object))
