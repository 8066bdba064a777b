"""Layers shared by generators and recognizers."""

from .batch_norm import ChannelsLastBatchNorm2d, RowsBatchNorm1d, use_exact_statistics
from .dropout import Dropout
from .norm_relu import norm_relu
from .rows import RowsLinear, rows_linear
from .transformer import EncoderLayer, OneTokenAttention, OneTokenDecoderLayer, SelfAttention, sinusoidal_encoding

__all__ = [
    'ChannelsLastBatchNorm2d', 'Dropout', 'EncoderLayer', 'OneTokenAttention', 'OneTokenDecoderLayer', 'RowsBatchNorm1d', 'RowsLinear',
    'SelfAttention', 'norm_relu', 'rows_linear', 'sinusoidal_encoding', 'use_exact_statistics'
]
