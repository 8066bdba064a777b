"""What a generator sees of a clip, and how a generated tensor becomes motion again."""

from .keypoint import KeypointRepresentation
from .rotation import RotationRepresentation

__all__ = ['KeypointRepresentation', 'RotationRepresentation']
