"""Child registries of MMEngine's roots, scope ``mmagenc``.

``locations`` lets MMEngine import a module group only when a config first asks for one of its types. Roots to which the package adds
nothing have a child too: without one MMEngine warns at every look-up from scope ``mmagenc``.
"""

from contextlib import contextmanager
from typing import Iterator

from mmengine import registry as mmengine_registry
from mmengine.registry import Registry


def _child(root: Registry, *locations: str) -> Registry:
    return Registry(root.name, parent=root, scope='mmagenc', locations=list(locations) or ['mmagenc'])


DATASETS = _child(mmengine_registry.DATASETS, 'mmagenc.datasets')
TRANSFORMS = _child(mmengine_registry.TRANSFORMS, 'mmagenc.datasets.transforms')
MODELS = _child(mmengine_registry.MODELS, 'mmagenc.body_models', 'mmagenc.models')
HOOKS = _child(mmengine_registry.HOOKS, 'mmagenc.engine.hooks')
LOOPS = _child(mmengine_registry.LOOPS, 'mmagenc.engine')
METRICS = _child(mmengine_registry.METRICS, 'mmagenc.evaluation.metrics')
TASK_UTILS = _child(mmengine_registry.TASK_UTILS, 'mmagenc.engine')
VISUALIZERS = _child(mmengine_registry.VISUALIZERS, 'mmagenc.visualization')
VISBACKENDS = _child(mmengine_registry.VISBACKENDS, 'mmagenc.visualization')
READERS = Registry('reader', scope='mmagenc', locations=['mmagenc.datasets.readers.formats'])
"""File formats that can be imported, by the name that ``--format`` takes (:mod:`mmagenc.datasets.readers.registry`)."""
WRITERS = Registry('writer', scope='mmagenc', locations=['mmagenc.datasets.writers.formats'])
"""File formats that can be exported, by the name that ``--format`` takes (:mod:`mmagenc.datasets.writers.registry`)."""

DATA_SAMPLERS = _child(mmengine_registry.DATA_SAMPLERS, 'mmagenc.datasets')
EVALUATOR = _child(mmengine_registry.EVALUATOR)
FUNCTIONS = _child(mmengine_registry.FUNCTIONS, 'mmagenc.datasets')
INFERENCERS = _child(mmengine_registry.INFERENCERS, 'mmagenc.apis')
LOG_PROCESSORS = _child(mmengine_registry.LOG_PROCESSORS)
MODEL_WRAPPERS = _child(mmengine_registry.MODEL_WRAPPERS)
OPTIM_WRAPPER_CONSTRUCTORS = _child(mmengine_registry.OPTIM_WRAPPER_CONSTRUCTORS, 'mmagenc.engine')
OPTIM_WRAPPERS = _child(mmengine_registry.OPTIM_WRAPPERS, 'mmagenc.engine')
OPTIMIZERS = _child(mmengine_registry.OPTIMIZERS)
PARAM_SCHEDULERS = _child(mmengine_registry.PARAM_SCHEDULERS)
RUNNER_CONSTRUCTORS = _child(mmengine_registry.RUNNER_CONSTRUCTORS)
RUNNERS = _child(mmengine_registry.RUNNERS)
STRATEGIES = _child(mmengine_registry.STRATEGIES)
WEIGHT_INITIALIZERS = _child(mmengine_registry.WEIGHT_INITIALIZERS, 'mmagenc.models.recognizers.initializers')


@contextmanager
def registered_only() -> Iterator[None]:
    """Build nothing but what is registered, for configs from elsewhere.

    Where no registry knows a type, MMEngine imports it by its dotted name and calls it: ``dict(type='os.system', command=...)`` is a config
    of plain data.
    """
    module = mmengine_registry.registry
    before = module.get_object_from_string
    module.get_object_from_string = lambda name: None
    try:
        yield
    finally:
        module.get_object_from_string = before
