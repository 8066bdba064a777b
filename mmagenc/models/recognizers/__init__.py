"""Recognizers: whatever MMAction2 builds, and how their opinion is read."""

from .infogcn import InfoGCN
from .infogcn_head import InfoGCNHead
from .masked_motion import MaskedMotionPretrainer
from .scoring import Pipeline, RecognizerScores, build_pipeline, pool_feature, prepare, score_annotations
from .skeleton_mix import SkeletonMix
from .stgcn import FastSTGCN
from .tcn import TCN
from .temporal_fcn import TemporalFCN

__all__ = [
    'TCN', 'FastSTGCN', 'InfoGCN', 'InfoGCNHead', 'MaskedMotionPretrainer', 'Pipeline', 'RecognizerScores', 'SkeletonMix',
    'TemporalFCN', 'build_pipeline', 'pool_feature', 'prepare', 'score_annotations'
]
