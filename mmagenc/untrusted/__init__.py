"""What may be taken out of files of others: arrays and plain containers, literals, whole archives of a bounded size.

Imports NumPy and nothing of the package, so that every part of it may use this, :mod:`mmagenc.compat` too.
"""

from .archives import DamagedCheckpointError, checkpoint_problem, open_npz
from .literals import NotPlainError, read_settings
from .pickles import PlainUnpickler, UnsafePickleError
from .weights import is_safetensors, read_safetensors

__all__ = [
    'DamagedCheckpointError', 'NotPlainError', 'PlainUnpickler', 'UnsafePickleError', 'checkpoint_problem', 'is_safetensors', 'open_npz',
    'read_safetensors', 'read_settings'
]
