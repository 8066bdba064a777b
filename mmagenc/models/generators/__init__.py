"""Generators: one file per published algorithm."""

from .base import BaseGenerator
from .cvae import TransformerCVAE

__all__ = ['BaseGenerator', 'TransformerCVAE']
