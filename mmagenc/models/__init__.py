from .data_preprocessor import MotionDataPreprocessor  # noqa
from .generators import *  # noqa
from .representations import *  # noqa
