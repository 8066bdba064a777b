"""Generators: one file per published algorithm."""

from .act_vae import ACTVAE
from .base import BaseGenerator
from .cvae import TransformerCVAE
from .kinetic_gan import KineticGAN
from .slt import SLTGenerator

__all__ = ['ACTVAE', 'BaseGenerator', 'KineticGAN', 'SLTGenerator', 'TransformerCVAE']
