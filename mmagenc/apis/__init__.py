"""What a notebook imports: build a model from a config and a checkpoint, generate motion, recognize it."""

from .generate import class_indices, generate, generate_batches, replay_batches, sampling_options
from .inits import init_generator, init_recognizer
from .predict import predict_poses
from .recognize import recognize

__all__ = [
    'class_indices', 'generate', 'generate_batches', 'init_generator', 'init_recognizer', 'predict_poses', 'recognize', 'replay_batches',
    'sampling_options'
]
