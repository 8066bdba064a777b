"""Networks that make images of poses. They know nothing of the loop."""

from .heat_maps import heat_maps
from .p2i import PoseToImage
from .p2i_networks import P2IDiscriminator, P2INetwork
from .perceptual import PerceptualLoss

__all__ = ['P2IDiscriminator', 'P2INetwork', 'PerceptualLoss', 'PoseToImage', 'heat_maps']
