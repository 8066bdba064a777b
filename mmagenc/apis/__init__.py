"""What a notebook imports: find a model by a folder or a name, generate motion, recognize it, make frames of it, hand a model on.

``__all__`` is the public API, which ``tests/test_apis/public_api.txt`` freezes; modules and names beside it may change with any version.
"""

from .export_model import export_model
from .folders import save_pretrained
from .generate import class_indices, generate, generate_batches, replay_batches, sampling_options
from .generator import Generator
from .images import Scene, fitted_poses, make_frames, predict_scene, scene_of_clip, scene_of_image
from .inits import init_generator, init_image_model, init_recognizer
from .predict import predict_poses
from .recognize import recognize
from .recognizer import Recognition, Recognizer
from .stream import stream_recognizer
from .variants import vary, vary_batches

__all__ = [
    'Generator', 'Recognition', 'Recognizer', 'Scene', 'class_indices', 'export_model', 'fitted_poses', 'generate', 'generate_batches',
    'init_generator', 'init_image_model', 'init_recognizer', 'make_frames', 'predict_poses', 'predict_scene', 'recognize',
    'replay_batches', 'sampling_options', 'save_pretrained', 'scene_of_clip', 'scene_of_image', 'stream_recognizer', 'vary',
    'vary_batches'
]
