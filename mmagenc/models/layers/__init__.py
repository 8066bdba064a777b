"""Layers shared by generators and recognizers."""

from .transformer import EncoderLayer, OneTokenAttention, OneTokenDecoderLayer, SelfAttention, sinusoidal_encoding

__all__ = ['EncoderLayer', 'OneTokenAttention', 'OneTokenDecoderLayer', 'SelfAttention', 'sinusoidal_encoding']
