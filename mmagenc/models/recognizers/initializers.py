"""MMAction2's own weight initializers, known in this package's scope too.

A recognizer of MMAction2 names its initializers without a scope (AAGCN's ``ConvBranch``) and looks them up when weights are initialized,
long after it was built: by then the scope is the config's.
"""

import mmaction.engine.model  # noqa: F401 - registers them
from mmaction.registry import WEIGHT_INITIALIZERS as MMACTION_WEIGHT_INITIALIZERS

from mmagenc.registry import WEIGHT_INITIALIZERS

for _name, _initializer in MMACTION_WEIGHT_INITIALIZERS.module_dict.items():
    WEIGHT_INITIALIZERS.register_module(name=_name, module=_initializer, force=True)
