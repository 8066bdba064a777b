"""Generators: one file per published algorithm."""

from .act_vae import ACTVAE
from .base import BaseGenerator
from .cvae import TransformerCVAE
from .kinetic_gan import KineticGAN

__all__ = ['ACTVAE', 'BaseGenerator', 'KineticGAN', 'TransformerCVAE']
