"""Generators: one file each."""

from .act_vae import ACTVAE
from .base import BaseGenerator
from .cvae import TransformerCVAE
from .kinetic_gan import KineticGAN
from .posture_transfer import PostureTransferGenerator
from .slt import SLTGenerator

__all__ = ['ACTVAE', 'BaseGenerator', 'KineticGAN', 'PostureTransferGenerator', 'SLTGenerator', 'TransformerCVAE']
