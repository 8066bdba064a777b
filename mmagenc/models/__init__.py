"""Generators, recognizers, representations and the layers they share."""

from .data_preprocessor import MotionDataPreprocessor
from .generators import ACTVAE, BaseGenerator, KineticGAN, SLTGenerator, TransformerCVAE
from .image_synthesis import PoseToImage
from .recognizers import RecognizerScores, score_annotations
from .representations import KeypointRepresentation, RotationRepresentation

__all__ = [
    'ACTVAE', 'BaseGenerator', 'KeypointRepresentation', 'KineticGAN', 'MotionDataPreprocessor', 'PoseToImage', 'RecognizerScores',
    'RotationRepresentation', 'SLTGenerator', 'TransformerCVAE', 'score_annotations'
]
