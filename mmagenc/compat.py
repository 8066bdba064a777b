"""Workarounds for upstream defects, each switching itself off where the installed version is healthy.

Imports nothing of the package but :mod:`mmagenc.untrusted` and, unless a defect forces it, nothing of torch or OpenMMLab either: a
workaround for a module runs right after that module is first imported (or at once when it is there already).
:func:`apply` runs at ``import mmagenc`` and is idempotent.

Every function returns whether it had anything to mend.
"""

import atexit
import builtins
import contextlib
import errno
import functools
import importlib.abc
import importlib.machinery
import importlib.metadata
import importlib.util
import logging
import os
import pickle
import re
import sys
import types
import uuid
import warnings
import weakref
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional


def apply() -> None:
    """Apply every workaround that the installed versions need.

    Raises:
        ImportError: neither ``mmcv`` nor ``mmcv-lite`` is installed.
    """
    alias_importlib_metadata()
    require_mmcv()
    stub_missing_drn()
    silence_mmcv_lite()
    lift_mmcv_ceiling()
    for name, workaround in AFTER_IMPORT.items():
        after_import(name, workaround)


# --- what must be in place before the import that fails without it


def alias_importlib_metadata() -> bool:
    """Serve ``importlib_metadata`` from the standard library: ``mmaction/utils/dependency.py`` imports it without declaring it.

    Off where the package is installed (mmaction2 #2714 meets it as its second error).
    """
    if 'importlib_metadata' in sys.modules or importlib.util.find_spec('importlib_metadata') is not None:
        return False
    sys.modules['importlib_metadata'] = importlib.metadata
    return True


def require_mmcv() -> bool:
    """Say what to install when MMAction2 is there without any mmcv, which its wheel does not declare."""
    if importlib.util.find_spec('mmaction') is not None and importlib.util.find_spec('mmcv') is None:
        raise ImportError('MMAction2 needs mmcv: pip install "mmcv-lite==2.1.0" (no compiler, all that mmagenc needs), '
                          'or a compiled mmcv>=2.0.0 if other OpenMMLab packages of yours use its operators')
    return False


def stub_missing_drn() -> bool:
    """Let ``import mmaction.models`` succeed although the wheel lacks ``mmaction/models/localizers/drn`` (mmaction2 #2714).

    The folder has no ``__init__.py``, so ``find_packages`` leaves it out of the wheel. Off where the folder is there.
    """
    root = importlib.util.find_spec('mmaction')
    if root is None:
        return False
    name = 'mmaction.models.localizers.drn'
    location = next(iter(root.submodule_search_locations)) + '/models/localizers/drn'
    if name in sys.modules or importlib.machinery.PathFinder.find_spec('drn', [location]) is not None:
        return False
    return _install_stub(name)


def _install_stub(name: str) -> bool:
    for module_name, attributes in ((name, {'__path__': []}), (f'{name}.drn', {'DRN': None})):
        module = types.ModuleType(module_name)
        module.__spec__ = importlib.machinery.ModuleSpec(module_name, loader=None, is_package='__path__' in attributes)
        vars(module).update(attributes)
        sys.modules[module_name] = module
    return True


def silence_mmcv_lite() -> bool:
    """Drop the warning of ``mmcv-lite`` about ``MultiScaleDeformableAttention``, unused here; a compiled mmcv never gives it."""
    warnings.filterwarnings('ignore', message='Fail to import ``MultiScaleDeformableAttention``', category=UserWarning)
    return True


def lift_mmcv_ceiling() -> bool:
    """Let MMAction2 start beside mmcv 2.2 and later, which its ``<2.2.0`` assertion refuses (mmdetection #11763, mmcv #3096).

    Wheels for torch 2.3 and later exist only from mmcv 2.2 on, and the skeleton recognizers use nothing that changed. Off for mmcv below
    2.2 and where ``mmaction`` is imported already.
    """
    if 'mmaction' in sys.modules or _mmcv_version() < (2, 2) or importlib.util.find_spec('mmaction') is None:
        return False
    import mmcv
    version, mmcv.__version__ = mmcv.__version__, '2.1.0'
    try:
        importlib.import_module('mmaction')
    finally:
        mmcv.__version__ = version
    return True


def _mmcv_version() -> tuple:
    for distribution in ('mmcv', 'mmcv-lite', 'onedl-mmcv'):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            major, minor = importlib.metadata.version(distribution).split('.')[:2]
            return int(major), int(minor)
    return 0, 0


# --- what can be mended once the module is there


def allow_resume(module: types.ModuleType) -> bool:
    """Admit what MMEngine itself writes into a checkpoint to torch's safe loading, so that training resumes (mmengine #1655).

    torch 2.6 loads with ``weights_only=True``, MMEngine 0.10 stores its message hub beside the weights. Admitted are exactly the history
    buffer with its own methods, and NumPy's numbers and arrays under NumPy 1's and 2's names, each checked before it is built
    (:mod:`mmagenc.untrusted.arrays`); loading stays safe. Off below torch 2.6 and where MMEngine admits its buffer itself (PR #1650).
    """
    import torch
    from mmengine.logging import HistoryBuffer
    if not hasattr(torch.serialization, 'get_safe_globals') or _version(torch.__version__) < (2, 6):
        return False
    if HistoryBuffer in torch.serialization.get_safe_globals():
        return False
    from .untrusted import arrays
    torch.serialization.add_safe_globals([HistoryBuffer, *arrays.checkpoint_names(), (_history_buffer_method, 'builtins.getattr')])
    return True


def _history_buffer_method(owner, name: str):
    """The ``getattr`` of a checkpoint: a pickled ``HistoryBuffer`` names its own methods through it, and nothing else may."""
    from mmengine.logging import HistoryBuffer
    if owner is not HistoryBuffer or name not in ('mean', 'max', 'min', 'current'):
        raise pickle.UnpicklingError(f'a checkpoint asked for {name!r} of {owner!r}: refused')
    return getattr(owner, name)


def mend_checkpoints(module: types.ModuleType) -> bool:
    """What loading and saving need; see :func:`allow_resume`, :func:`refuse_damaged`, :func:`find_whole_checkpoint` and
    :func:`ask_no_file_client`."""
    return any([allow_resume(module), refuse_damaged(module), find_whole_checkpoint(module), ask_no_file_client(module)])


def refuse_damaged(module: types.ModuleType) -> bool:
    """Refuse local checkpoints whose checksums differ, which torch loads without looking at them, and take back NumPy's own arrays.

    Files of safetensors, which MMEngine does not know, are read as checkpoints of nothing but weights. No upstream issue is known, nor a
    version of torch that compares checksums.
    """
    start = module.load_from_local
    if getattr(start, 'refuses_damaged', False):
        return False

    @functools.wraps(start)
    def load_from_local(filename, map_location):
        from .untrusted import arrays, checkpoint_problem, is_safetensors, read_safetensors
        from .untrusted.archives import DamagedCheckpointError
        path = os.path.expanduser(filename)
        if is_safetensors(path) and os.path.isfile(path):
            return _moved(read_safetensors(path), map_location)
        problem = checkpoint_problem(path) if os.path.isfile(path) else None  # a file that is not there is MMEngine's to refuse
        if problem:
            raise DamagedCheckpointError(f'checkpoint {path}: {problem}')
        return arrays.plain(start(filename, map_location))

    load_from_local.refuses_damaged = True
    module.CheckpointLoader.register_scheme('', load_from_local, force=True)
    module.load_from_local = load_from_local
    return True


def _moved(checkpoint: dict, place) -> dict:
    """The checkpoint with its weights on the device that ``map_location`` names."""
    if isinstance(place, str) or type(place).__name__ == 'device':
        checkpoint['state_dict'] = {name: weight.to(place) for name, weight in checkpoint['state_dict'].items()}
    return checkpoint


def find_whole_checkpoint(module: types.ModuleType) -> bool:
    """Let automatic resuming take the newest checkpoint that is whole, in the folder where it is now (:func:`find_latest_checkpoint`).

    MMEngine takes what ``last_checkpoint`` names, by a path that is another one once the folder was moved. No upstream issue is known.
    """
    _replace_everywhere(module, find_latest_checkpoint)
    return True


def resume_without_running(module: types.ModuleType) -> bool:
    """Keep ``Runner.resume`` from running the config's text that a checkpoint holds; its one question, ``gpu_ids``, is read as data.

    A file of safetensors, from which nothing can be resumed, is refused. Off where ``resume`` does not read that text. No upstream issue
    is known.
    """
    runner = getattr(module, 'FlexibleRunner', None) or module.Runner
    start, flexible = runner.resume, runner.__name__ == 'FlexibleRunner'
    if 'fromstring' not in start.__code__.co_names:
        return False

    @functools.wraps(start)
    def resume(self, *args, **kwargs):
        _refuse_weights_only(args[0] if args else kwargs.get('filename'))
        owner, name = (self.strategy, 'resume') if flexible else (self, 'load_checkpoint')
        load = getattr(owner, name)
        setattr(owner, name, lambda *given, **options: _with_plain_config(load(*given, **options)))
        try:
            return start(self, *args, **kwargs)
        finally:
            delattr(owner, name)

    runner.resume = resume
    return True


def _refuse_weights_only(path) -> None:
    from .untrusted import is_safetensors
    from .untrusted.weights import WEIGHTS_ONLY, DamagedCheckpointError
    if path is not None and is_safetensors(path):
        raise DamagedCheckpointError(f'{path} {WEIGHTS_ONLY}')


def _with_plain_config(checkpoint: dict) -> dict:
    """The checkpoint with no more of its config's text than the literal that ``gpu_ids`` is given."""
    from .untrusted import NotPlainError, read_settings
    meta = dict(checkpoint['meta'])
    text, ids = meta.pop('config', ''), None
    with contextlib.suppress(NotPlainError):
        ids = read_settings(text, only=['gpu_ids']).get('gpu_ids') if isinstance(text, str) else None
    if isinstance(ids, (list, tuple)) and all(type(number) is int for number in ids):
        meta['config'] = f'gpu_ids = {list(ids)!r}'
    checkpoint['meta'] = meta
    return checkpoint


def mend_runner(module: types.ModuleType) -> bool:
    """All that the runner needs; see :func:`resume_without_running`, :func:`switch_off_named_hooks` and :func:`add_own_hooks`."""
    return any([resume_without_running(module), switch_off_named_hooks(module), add_own_hooks(module)])


OWN_HOOKS = dict(finite_loss='FiniteLossHook', random_state='RandomStateHook')


def add_own_hooks(module: types.ModuleType) -> bool:
    """Give every training of this package what MMEngine lacks: it trains on with a loss of NaN, and resumes with other random draws.

    Those are :class:`~mmagenc.engine.hooks.FiniteLossHook` and :class:`~mmagenc.engine.hooks.RandomStateHook`, unless the config has
    them; ``default_hooks=dict(finite_loss=None)`` goes without. Trainings of other packages stay as they are.
    """
    start = module.Runner.register_default_hooks
    if getattr(start, 'adds_own_hooks', False):
        return False

    @functools.wraps(start)
    def register_default_hooks(self, hooks=None):
        hooks = dict(hooks or {})
        if is_ours(self.cfg):
            given = {_hook_name(hook) for hook in [*hooks.values(), *(self.cfg.get('custom_hooks') or [])]}
            missing = {name: dict(type=f'mmagenc.{kind}') for name, kind in OWN_HOOKS.items() if name not in hooks and kind not in given}
            hooks.update(missing)
        start(self, hooks)

    register_default_hooks.adds_own_hooks = True
    module.Runner.register_default_hooks = register_default_hooks
    return True


def _hook_name(hook) -> str:
    kind = hook.get('type') if isinstance(hook, dict) else type(hook)
    return kind.__name__ if isinstance(kind, type) else str(kind).split('.')[-1]


def is_ours(cfg) -> bool:
    """Whether a config is of this package: by its scope, or because it imports it."""
    imports = (cfg.get('custom_imports') or {}).get('imports') or []
    return cfg.get('default_scope') == 'mmagenc' or 'mmagenc' in ([imports] if isinstance(imports, str) else imports)


def adopt(cfg) -> None:
    """Make a config of another package's scope one of this package's, in place: it imports ``mmagenc`` from now on."""
    if not is_ours(cfg):
        given = dict(cfg.get('custom_imports') or {})
        imports = given.get('imports') or []
        cfg.custom_imports = dict(given, imports=[*([imports] if isinstance(imports, str) else imports), 'mmagenc'])


def write_atomically(module: types.ModuleType) -> bool:
    """Let MMEngine's local backend replace files in one step: a killed ``put`` otherwise leaves half a checkpoint under its final name.

    Off where the backend does so itself. No upstream issue is known.
    """
    backend = module.LocalBackend
    if 'open' not in backend.put.__code__.co_names or 'replace' in backend.put.__code__.co_names:
        return False

    def put(self, obj, filepath):
        os.makedirs(os.path.dirname(filepath) or '.', exist_ok=True)
        with atomic_open(filepath, 'wb') as file:
            file.write(obj)

    def put_text(self, obj, filepath, encoding='utf-8'):
        os.makedirs(os.path.dirname(filepath) or '.', exist_ok=True)
        with atomic_open(filepath, 'w', encoding=encoding) as file:
            file.write(obj)

    put.__doc__, put_text.__doc__ = backend.put.__doc__, backend.put_text.__doc__
    backend.put, backend.put_text = put, put_text
    return True


def mend_checkpoint_hook(module: types.ModuleType) -> bool:
    """What the hook needs; see :func:`write_last_checkpoint_atomically`, :func:`remove_checkpoints_late`, :func:`ask_no_file_client`."""
    return any([write_last_checkpoint_atomically(module), remove_checkpoints_late(module), ask_no_file_client(module)])


def ask_no_file_client(module: types.ModuleType) -> bool:
    """Let a deprecated ``FileClient`` be asked for only where there are arguments for one.

    MMEngine's checkpoint hook, and what saves for it, ask for one that they do not use, and every training warns of MMEngine's own call.
    """
    client = getattr(module, 'FileClient', None)
    if client is None:
        return False

    class AskedFor:
        """``FileClient`` as far as these modules know it."""

        @staticmethod
        def infer_client(file_client_args=None, uri=None):
            return None if file_client_args is None else client.infer_client(file_client_args, uri)

    module.FileClient = AskedFor
    return True


def remove_checkpoints_late(module: types.ModuleType) -> bool:
    """Let the checkpoint hook remove an old checkpoint when the new one is whole and ``last_checkpoint`` names it.

    MMEngine removes it before: a kill or a full disk in between leaves none (``max_keep_ckpts=1``, ``save_best``). Off where the hook
    removes nothing while it saves. No upstream issue is known.
    """
    hook, found = module.CheckpointHook, False
    for name in ('_save_checkpoint_with_step', '_save_best_checkpoint'):
        if 'remove' in getattr(hook, name).__code__.co_names:
            setattr(hook, name, _removing_late(getattr(hook, name)))
            found = True
    return found


def _removing_late(save: Callable) -> Callable:

    @functools.wraps(save)
    def wrapper(self, *args, **kwargs):
        backend = self.file_backend
        self.file_backend = _LateBackend(backend)
        try:
            save(self, *args, **kwargs)
            old = self.file_backend.removals
        finally:
            self.file_backend = backend
        for remove, path in old:
            remove(path)

    return wrapper


class _LateBackend:
    """A file backend whose removals are noted."""

    def __init__(self, backend) -> None:
        self._backend, self.removals = backend, []

    def remove(self, path) -> None:
        self.removals.append((self._backend.remove, path))

    def rmtree(self, path) -> None:
        self.removals.append((self._backend.rmtree, path))

    def __getattr__(self, name):
        return getattr(self._backend, name)


def write_last_checkpoint_atomically(module: types.ModuleType) -> bool:
    """The same for ``last_checkpoint``, which MMEngine's checkpoint hook writes with a plain ``open``; off where it does not."""
    if 'open' not in module.CheckpointHook._save_checkpoint_with_step.__code__.co_names:
        return False
    module.open = atomic_open
    return True


def find_packages_without_pkg_resources(module: types.ModuleType) -> bool:
    """Let ``_base_ = 'mmaction::…'`` work without ``pkg_resources``, which setuptools dropped in version 82 (mmcv #3325).

    Off where ``pkg_resources`` can be imported.
    """
    if importlib.util.find_spec('pkg_resources') is not None:
        return False

    def is_installed(package: str) -> bool:
        """Check whether a package is installed, by the name of its distribution or of its module."""
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            return bool(importlib.metadata.distribution(package))
        spec = importlib.util.find_spec(package)
        return spec is not None and spec.origin is not None

    def get_installed_path(package: str) -> str:
        """Folder of a package, by the name of its distribution or of its module."""
        names = [package]
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            names += (importlib.metadata.distribution(package).read_text('top_level.txt') or '').split()
        specs = [importlib.util.find_spec(name) for name in names]
        for spec in specs:
            if spec is not None and spec.origin is not None:
                return os.path.dirname(spec.origin)
        raise importlib.metadata.PackageNotFoundError(package)

    _replace_everywhere(module, is_installed)
    _replace_everywhere(module, get_installed_path)
    return True


def find_own_configs(module: types.ModuleType) -> bool:
    """Let ``_base_ = 'mmagenc::infagenc/quick.py'`` work: MMEngine has a closed list of the packages whose configs it finds.

    They lie in ``.mim`` of the installed package, or beside it in a clone; MMEngine's own search ends in the wrong folder for an editable
    install. Off where MMEngine lists the package. No upstream issue is known.
    """
    package = os.path.dirname(os.path.abspath(__file__))
    name, search = os.path.basename(package), module._get_external_cfg_path
    if name in module.MODULE2PACKAGE:
        return False

    @functools.wraps(search)
    def get_external_cfg_path(package_path, cfg_file):
        if os.path.basename(package_path) != name:
            return search(package_path, cfg_file)
        places = [os.path.join(package, '.mim', 'configs', cfg_file), os.path.join(os.path.dirname(package), 'configs', cfg_file)]
        for path in places:
            if os.path.isfile(path):
                return path
        raise FileNotFoundError(f'{name}::{cfg_file}: no such config, neither {" nor ".join(places)}; a name has a folder and the ending, '
                                f'such as {name}::infagenc/quick.py')

    module.MODULE2PACKAGE[name] = name
    _replace_everywhere(module, get_external_cfg_path)
    return True


def distribute_on_cpu(module: types.ModuleType) -> bool:
    """Let ``--launcher pytorch`` work without a GPU: MMEngine calls ``torch.cuda.set_device`` whatever the backend.

    Takes gloo as backend, nccl having no CPU part, and ends its threads at exit: one that still held a tensor of the last collective when
    the interpreter went down would abort the process. Off where torch sees an accelerator. No upstream issue is known.
    """
    start = module._init_dist_pytorch

    def init_dist_pytorch(backend, init_backend='torch', **kwargs):
        if _has_accelerator() or init_backend != 'torch':
            start(backend, init_backend=init_backend, **kwargs)
        else:
            module.torch_dist.init_process_group(backend='gloo', **kwargs)
            atexit.register(close)

    def close():
        if module.torch_dist.is_initialized():
            module.torch_dist.destroy_process_group()
        for wrapper in list(_WRAPPERS):  # each holds the group, whose threads end with its last holder
            wrapper.logger = wrapper.reducer = None
            wrapper.process_group = None

    module._init_dist_pytorch = init_dist_pytorch
    return True


def wrap_on_cpu(module: types.ModuleType) -> bool:
    """The second half of :func:`distribute_on_cpu`: MMEngine names a GPU to the distributed wrapper of a model on the CPU.

    Off where torch sees an accelerator. No upstream issue is known.
    """
    wrapper = module.MMDistributedDataParallel
    start = wrapper.__init__

    def init(self, module, *args, **kwargs):
        if not _has_accelerator():
            kwargs['device_ids'] = None
            _WRAPPERS.add(self)
        start(self, module, *args, **kwargs)

    wrapper.__init__ = init
    return True


def mixed_precision_on_cpu(module: types.ModuleType) -> bool:
    """Let ``AmpOptimWrapper`` run in bfloat16 on a CPU: only an assertion of MMEngine's forbids it.

    Off where torch sees a GPU. No upstream issue is known.
    """
    import torch
    if torch.cuda.is_available() or not hasattr(module, 'is_cuda_available'):
        return False
    module.is_cuda_available = lambda: True
    return True


def format_configs_once(module: types.ModuleType) -> bool:
    """Keep the formatted text of the last configs: MMEngine lays out the whole config by yapf for every checkpoint it writes.

    With a graph's edge list in it that takes seconds each time. No upstream issue is known, nor a version without it.
    """
    format_code = module.FormatCode

    @functools.lru_cache(maxsize=4)
    def formatted(text, options):
        return format_code(text, **{name: dict(value) if isinstance(value, tuple) else value for name, value in options})

    @functools.wraps(format_code)
    def wrapper(text, **options):
        return formatted(text, tuple((name, tuple(value.items()) if isinstance(value, dict) else value) for name, value in options.items()))

    module.FormatCode = wrapper
    return True


def switch_off_named_hooks(module: types.ModuleType) -> bool:
    """Let ``None`` switch off any hook of ``default_hooks``: MMEngine allows it for its own six and stops at an assertion for others.

    No upstream issue is known, nor a version without it (checked with 0.10.7).
    """
    start = module.Runner.register_default_hooks

    @functools.wraps(start)
    def register_default_hooks(self, hooks=None):
        own = ('runtime_info', 'timer', 'sampler_seed', 'logger', 'param_scheduler', 'checkpoint')
        if hooks is not None:
            hooks = {name: hook for name, hook in hooks.items() if hook is not None or name in own}
        return start(self, hooks)

    module.Runner.register_default_hooks = register_default_hooks
    return True


def restore_numpy_inf(module: types.ModuleType) -> bool:
    """Give NumPy 2 back the name ``Inf`` that MMAction2's ``PoseCompact`` and ``GeneratePoseTarget`` use. Off for NumPy 1."""
    import numpy
    if hasattr(numpy, 'Inf'):
        return False
    numpy.Inf = numpy.inf
    return True


def pass_over_multimodal(module: types.ModuleType) -> bool:
    """Let ``import mmaction.models`` succeed beside a transformers without what MMAction2's VindLU imports of it (gone in transformers 5).

    VindLU's models then ask for their dependencies, as they do where transformers is not installed at all. Off where transformers (and
    timm) have what is imported, which is looked up without importing them.
    """
    if not module.WITH_MULTIMODAL:
        return False
    spec = importlib.util.find_spec('transformers')
    source = Path(spec.origin).with_name('modeling_utils.py') if spec is not None and spec.origin else None
    text = source.read_text(encoding='utf-8', errors='replace') if source is not None and source.is_file() else ''
    if all(name in text for name in VINDLU_IMPORTS) and importlib.util.find_spec('timm') is not None:
        return False
    module.WITH_MULTIMODAL = False
    return True


VINDLU_IMPORTS = 'PreTrainedModel', 'apply_chunking_to_forward', 'find_pruneable_heads_and_indices', 'prune_linear_layer'
"""What ``mmaction/models/multimodal/vindlu/modeling_bert.py`` imports from ``transformers.modeling_utils``."""


def bfloat16_heads(module: types.ModuleType) -> bool:
    """Let MMAction2's heads train under bfloat16, which their running accuracy takes to NumPy, where it does not exist.

    Scores reach the loss in float32 then, as float16 ones do under autocast. No upstream issue is known, nor a version without it.
    """
    import torch
    start = module.BaseHead.loss_by_feat

    @functools.wraps(start)
    def loss_by_feat(self, cls_scores, *args, **kwargs):
        if isinstance(cls_scores, torch.Tensor) and cls_scores.dtype is torch.bfloat16:
            cls_scores = cls_scores.float()
        return start(self, cls_scores, *args, **kwargs)

    module.BaseHead.loss_by_feat = loss_by_feat
    return True


AFTER_IMPORT: Dict[str, Callable[[types.ModuleType], bool]] = {
    'mmengine.runner.checkpoint': mend_checkpoints,
    'mmengine.runner.runner': mend_runner,
    'mmengine.runner._flexible_runner': resume_without_running,
    'mmengine.fileio.backends.local_backend': write_atomically,
    'mmengine.hooks.checkpoint_hook': mend_checkpoint_hook,
    'mmengine.config.config': format_configs_once,
    'mmengine.config.utils': find_own_configs,
    'mmengine.utils.package_utils': find_packages_without_pkg_resources,
    'mmengine.dist.utils': distribute_on_cpu,
    'mmengine.model.wrappers.distributed': wrap_on_cpu,
    'mmengine.optim.optimizer.amp_optimizer_wrapper': mixed_precision_on_cpu,
    'mmaction.datasets.transforms.pose_transforms': restore_numpy_inf,
    'mmaction.models.heads.base': bfloat16_heads,
    'mmaction.utils.dependency': pass_over_multimodal,
}


# --- MMPose, imported where it is asked for

MMPOSE_STAND_INS = {
    'mmcv.ops': 'a compiled mmcv in place of mmcv-lite', 'xtcocotools.coco': 'an xtcocotools built for this NumPy',
    'xtcocotools.cocoeval': 'an xtcocotools built for this NumPy', 'xtcocotools.mask': 'an xtcocotools built for this NumPy',
    'torchvision.transforms': 'a torchvision that fits this torch', 'mmdet.utils': 'mmdet', 'six.moves': 'six'
}
"""What :mod:`mmpose.apis` imports and inference does not use, and what it would take to use it."""


@contextlib.contextmanager
def mmpose_stand_ins() -> Iterator[List[str]]:
    """Let ``import mmpose.apis`` succeed beside mmcv-lite, NumPy 2, and without mmdet or torchvision; gives the names that are missing.

    mmpose 1.3 imports mmcv's compiled operators (EDPose), ``xtcocotools`` (data sets, whose wheels are built for NumPy 1: xtcocoapi #45),
    ``torchvision`` (a picture of SimCC) and ``mmdet`` (RTMO) whether they are needed or not. Each that cannot be imported is stood in for,
    by names that refuse when they are called, while the block runs, and gone afterwards: others who ask for it meet that it is missing.
    """
    missing: List[str] = []
    placed: List[str] = []
    try:
        for name, remedy in MMPOSE_STAND_INS.items():
            before = set(sys.modules)
            try:
                importlib.import_module(name)
            except Exception:  # a wheel for another NumPy or torch raises nearly anything
                missing.append(name)
                for half in set(sys.modules) - before:
                    if half.startswith(name.partition('.')[0]):
                        del sys.modules[half]
                parent = name.partition('.')[0]
                for module in (parent, name) if parent not in sys.modules else (name, ):
                    sys.modules[module] = _absent(module, remedy)
                    placed.append(module)
        yield missing
    finally:
        for module in placed:
            sys.modules.pop(module, None)


def _absent(name: str, remedy: str) -> types.ModuleType:
    """A module of which every name is a class that refuses to be made."""
    module = types.ModuleType(name)
    module.__spec__, module.__path__ = importlib.machinery.ModuleSpec(name, loader=None, is_package=True), []

    def get(attribute: str) -> type:
        if attribute.startswith('__'):
            raise AttributeError(attribute)
        if attribute in ('map', 'zip'):  # of six.moves
            return getattr(builtins, attribute)

        def refuse(self, *args, **kwargs) -> None:
            raise ImportError(f'{name}.{attribute} needs {remedy}')

        return type(attribute, (), {'__init__': refuse})

    module.__getattr__ = get
    return module


# --- tools of the above

START_FILE = 'start.json'
_WRAPPERS = weakref.WeakSet()  # the distributed models of this process, where they train on the CPU


FULL = (errno.ENOSPC, errno.EFBIG, getattr(errno, 'EDQUOT', None), errno.EIO)
"""Errors of writing that name no file."""


@contextlib.contextmanager
def naming(path, temporary=None) -> Iterator[None]:
    """Errors of the operating system name the file that was going to be written, not a temporary one in its place, or none.

    Args:
        path: the file.
        temporary: beginning of the paths that stand in its place meanwhile.
    """
    try:
        yield
    except OSError as error:
        unnamed = error.filename is None and error.errno in FULL
        if unnamed or temporary is not None and str(error.filename).startswith(str(temporary)):
            raise OSError(error.errno, error.strerror, os.fspath(path)) from error
        raise


@contextlib.contextmanager
def atomic_open(path, mode: str = 'wb', encoding: str = None) -> Iterator:
    """Open a file for writing such that readers find the old content or all of the new, whenever the writer dies.

    Args:
        path: file to replace; a symbolic link is followed, and what is no regular file (``/dev/stdout``, a pipe) is written directly.
        mode: ``'w'`` or ``'wb'``.

    Raises:
        OSError: it cannot be written, with this file as the one that is named, as after a full disk.
    """
    if is_stream(path):
        with _open_stream(path, mode, encoding) as file:
            yield file
        return
    target = os.path.realpath(path)
    folder, name = os.path.split(target)
    name = name.encode()[:100].decode(errors='ignore')
    temporary = os.path.join(folder, f'.{name}.{uuid.uuid4().hex}.tmp')
    try:
        with naming(path, temporary):
            with open(temporary, mode.replace('w', 'x'), encoding=encoding) as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(temporary)


def is_stream(path) -> bool:
    """Whether a path is no file of a disk: one of this process's streams by name, or a pipe or device."""
    return _stream_number(path) is not None or (os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path))


def _stream_number(path) -> Optional[int]:
    match = re.fullmatch(r'/dev/(stdout|stderr)|(?:/dev/fd|/proc/self/fd)/(\d+)', str(path))
    return match and (int(match[2]) if match[2] else dict(stdout=1, stderr=2)[match[1]])


def _open_stream(path, mode: str, encoding: Optional[str]):
    """A stream of this process goes on where it is, also where it was redirected into a file: opening that anew would empty it."""
    number = _stream_number(path)
    sys.stdout.flush()
    return open(path if number is None else os.dup(number), mode, encoding=encoding)


def is_unfinished(name: str) -> bool:
    """Whether a file has such a name as :func:`atomic_open` gives to what is not whole yet."""
    return re.fullmatch(r'\..+\.[0-9a-f]{32}\.tmp', name, re.DOTALL) is not None


def clear_leftovers(folder) -> List[str]:
    """Remove what writers that were killed left of :func:`atomic_open` in a folder; nobody may be writing there. Gives their names."""
    found = [path for path in Path(folder).glob('.*.tmp') if is_unfinished(path.name) and path.is_file()]
    for path in found:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
    return [path.name for path in found]


def named_checkpoint(folder) -> Optional[str]:
    """What ``last_checkpoint`` in a folder names, or ``None``; it may be there or not."""
    try:
        text = (Path(folder) / 'last_checkpoint').read_text(encoding='utf-8', errors='replace').strip()
    except OSError:
        return None
    return text if text.isprintable() and 0 < len(text) < 4096 else None


def number_start(log_dir) -> int:
    """Note in the folder of a start's logs the how manieth start in its work folder it is; gives the number, from 1.

    MMEngine names these folders by the clock alone, which may have been set back since the start before. No upstream issue is known.
    """
    folder = Path(log_dir)
    number = 1 + max((start_number(part) or 0 for part in folder.parent.iterdir() if part.is_dir()), default=0)
    with atomic_open(folder / START_FILE, 'w', encoding='utf-8') as file:
        file.write(f'{{"start": {number}}}\n')
    return number


def start_number(log_dir) -> Optional[int]:
    """What :func:`number_start` has noted in a folder; ``None`` where nothing was, or nothing that can be one."""
    try:
        with open(Path(log_dir) / START_FILE, encoding='utf-8', errors='replace') as file:
            match = re.fullmatch(r'\s*\{"start": (\d{1,9})\}\s*', file.read(100))
    except OSError:
        return None
    return int(match[1]) if match else None


def find_latest_checkpoint(path: str) -> Optional[str]:
    """The newest checkpoint of a work folder that is whole; damaged ones are passed over and told of.

    First is the one that ``last_checkpoint`` names, looked for in the folder as it is now and then by its path; then the numbered ones
    before it, of which the largest number is the newest.

    Args:
        path: the work folder.

    Returns:
        str or None: the checkpoint; ``None`` if the folder has none and names none.

    Raises:
        DamagedCheckpointError: all of them are damaged, or the one that ``last_checkpoint`` names is gone and there is no other.
    """
    from mmengine.logging import print_log

    from .untrusted import checkpoint_problem
    from .untrusted.archives import DamagedCheckpointError
    named, passed = named_checkpoint(path), []
    if named is not None and ('://' in named or os.path.isdir(named)):  # not on this disk, or one of DeepSpeed's
        return named
    for candidate in _resumable(Path(path), named):
        problem = checkpoint_problem(candidate)
        if problem is None:
            for reason in passed:
                print_log(f'passed over the checkpoint {reason}', logger='current', level=logging.WARNING)
            return str(candidate)
        passed.append(f'{candidate}: {problem}')
    if passed or named is not None:
        reason = '; '.join(passed) or f'last_checkpoint names {named}, which is neither there nor in this folder'
        raise DamagedCheckpointError(f'{path}: no whole checkpoint to resume from: {reason}')
    print_log('Did not find last_checkpoint to be resumed.')
    return None


def _resumable(folder: Path, named: Optional[str]) -> Iterator[Path]:
    """Checkpoints to resume from, newest first."""
    chosen = None
    if named is not None:
        here = folder / os.path.basename(named)
        chosen = next((path for path in (here, Path(named)) if path.is_file()), here)
        if chosen.is_file():
            yield chosen
    numbered = {path: re.fullmatch(r'(epoch|iter)_(\d+)\.pth', path.name) for path in (chosen or folder / '_').parent.glob('*.pth')}
    steps = {path: (match[1], int(match[2])) for path, match in numbered.items() if match}
    last = re.fullmatch(r'(epoch|iter)_(\d+)\.pth', chosen.name) if chosen else None
    if last:  # a higher number is an earlier training's that this one has begun to replace
        steps = {path: step for path, step in steps.items() if step[0] == last[1] and step[1] < int(last[2])}
    yield from sorted((path for path in steps if path != chosen), key=lambda path: steps[path][1], reverse=True)


def _version(text: str) -> tuple:
    return tuple(int(part) for part in text.split('+')[0].split('.')[:2])


def _has_accelerator() -> bool:
    import torch
    from mmengine import device
    return torch.cuda.is_available() or device.is_npu_available() or device.is_mlu_available() or device.is_musa_available()


def _replace_everywhere(module: types.ModuleType, function: Callable) -> None:
    """Put ``function`` in the place of the one of its name in ``module``, also where other modules imported that by name."""
    old = getattr(module, function.__name__)
    for other in list(sys.modules.values()):
        if getattr(other, '__name__', '').startswith('mmengine') and vars(other).get(function.__name__) is old:
            setattr(other, function.__name__, function)
    setattr(module, function.__name__, function)


def after_import(name: str, workaround: Callable[[types.ModuleType], bool]) -> None:
    """Run ``workaround`` on a module once, right after it is imported, or now if it is there."""
    if workaround in _FINDER.workarounds.setdefault(name, []):
        return
    _FINDER.workarounds[name].append(workaround)
    if name in sys.modules:
        workaround(sys.modules[name])
    elif _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the modules that have a workaround as everyone else does, with a loader that runs it after them."""

    def __init__(self) -> None:
        self.workarounds = {}
        self._searching = set()

    def find_spec(self, name, path=None, target=None):
        if name not in self.workarounds or name in self._searching:
            return None
        self._searching.add(name)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._searching.discard(name)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self.workarounds[name])
        return spec


class _Loader(importlib.abc.Loader):

    def __init__(self, loader, workarounds) -> None:
        self.loader = loader
        self.workarounds = workarounds

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module) -> None:
        module.__loader__ = module.__spec__.loader = self.loader
        self.loader.exec_module(module)
        for workaround in self.workarounds:
            workaround(module)


_FINDER = _Finder()
