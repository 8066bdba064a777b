"""Generators: one file per published algorithm."""

from .base import BaseGenerator
from .cvae import TransformerCVAE
from .kinetic_gan import KineticGAN

__all__ = ['BaseGenerator', 'KineticGAN', 'TransformerCVAE']
