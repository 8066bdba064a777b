"""Layers shared by generators and recognizers."""

from .batch_norm import ChannelsLastBatchNorm2d, RowsBatchNorm1d, use_exact_statistics
from .dropout import Dropout
from .transformer import EncoderLayer, OneTokenAttention, OneTokenDecoderLayer, SelfAttention, sinusoidal_encoding

__all__ = [
    'ChannelsLastBatchNorm2d', 'Dropout', 'EncoderLayer', 'OneTokenAttention', 'OneTokenDecoderLayer', 'RowsBatchNorm1d', 'SelfAttention',
    'sinusoidal_encoding', 'use_exact_statistics'
]
