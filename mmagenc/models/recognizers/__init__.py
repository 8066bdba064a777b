"""Recognizers: whatever MMAction2 builds, and how their opinion is read."""

from .scoring import Pipeline, RecognizerScores, build_pipeline, pool_feature, prepare, score_annotations

__all__ = ['Pipeline', 'RecognizerScores', 'build_pipeline', 'pool_feature', 'prepare', 'score_annotations']
