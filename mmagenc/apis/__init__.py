"""What a notebook imports: build a model from a config and a checkpoint, generate motion, recognize it, make frames of it."""

from .generate import class_indices, generate, generate_batches, replay_batches, sampling_options
from .images import Scene, fitted_poses, make_frames, predict_scene, scene_of_clip, scene_of_image
from .inits import init_generator, init_image_model, init_recognizer
from .predict import predict_poses
from .recognize import recognize
from .variants import vary, vary_batches

__all__ = [
    'Scene', 'class_indices', 'fitted_poses', 'generate', 'generate_batches', 'init_generator', 'init_image_model', 'init_recognizer',
    'make_frames', 'predict_poses', 'predict_scene', 'recognize', 'replay_batches', 'sampling_options', 'scene_of_clip', 'scene_of_image',
    'vary', 'vary_batches'
]
