"""Child registries of MMEngine's roots, scope ``mmagenc``.

``locations`` lets MMEngine import a module group only when a config first asks for one of its types.
"""

from mmengine import registry as mmengine_registry
from mmengine.registry import Registry

DATASETS = Registry('dataset', parent=mmengine_registry.DATASETS, locations=['mmagenc.datasets'])
TRANSFORMS = Registry('transform', parent=mmengine_registry.TRANSFORMS, locations=['mmagenc.datasets.transforms'])
DATA_SAMPLERS = Registry('data sampler', parent=mmengine_registry.DATA_SAMPLERS, locations=['mmagenc.datasets'])
MODELS = Registry('model', parent=mmengine_registry.MODELS, locations=['mmagenc.models', 'mmagenc.body_models'])
HOOKS = Registry('hook', parent=mmengine_registry.HOOKS, locations=['mmagenc.engine.hooks'])
LOOPS = Registry('loop', parent=mmengine_registry.LOOPS, locations=['mmagenc.engine.loops'])
METRICS = Registry('metric', parent=mmengine_registry.METRICS, locations=['mmagenc.evaluation.metrics'])
TASK_UTILS = Registry('task util', parent=mmengine_registry.TASK_UTILS, locations=['mmagenc.engine'])
VISUALIZERS = Registry('visualizer', parent=mmengine_registry.VISUALIZERS, locations=['mmagenc.visualization'])
VISBACKENDS = Registry('vis_backend', parent=mmengine_registry.VISBACKENDS, locations=['mmagenc.visualization'])
