"""Layers shared by generators and recognizers."""

from .dropout import Dropout
from .transformer import EncoderLayer, OneTokenAttention, OneTokenDecoderLayer, SelfAttention, sinusoidal_encoding

__all__ = ['Dropout', 'EncoderLayer', 'OneTokenAttention', 'OneTokenDecoderLayer', 'SelfAttention', 'sinusoidal_encoding']
