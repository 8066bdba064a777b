"""Layers shared by generators and recognizers."""

from .batch_norm import ChannelsLastBatchNorm2d, RowsBatchNorm1d, use_exact_statistics
from .dropout import Dropout
from .frames import RowsLayerNorm, frame_peaks, temporal_convolution
from .graph_convolution import graph_convolution, joint_attention
from .norm_relu import norm_relu, norm_relu_apart, norm_relu_together, norm_relu_with_residual
from .rows import RowsLinear, rows_linear
from .transformer import EncoderLayer, OneTokenAttention, OneTokenDecoderLayer, SelfAttention, sinusoidal_encoding

__all__ = [
    'ChannelsLastBatchNorm2d', 'Dropout', 'EncoderLayer', 'OneTokenAttention', 'OneTokenDecoderLayer', 'RowsBatchNorm1d', 'RowsLayerNorm',
    'RowsLinear', 'SelfAttention', 'frame_peaks', 'graph_convolution', 'joint_attention', 'norm_relu', 'norm_relu_apart',
    'norm_relu_together', 'norm_relu_with_residual', 'rows_linear', 'sinusoidal_encoding', 'temporal_convolution', 'use_exact_statistics'
]
