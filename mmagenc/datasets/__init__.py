"""Datasets, the annotation format, and the transforms between them and a model."""

from .annotation import (
    AnnotationError,
    count_persons,
    load_annotation,
    merge_annotations,
    motion_to_annotations,
    save_annotation,
    validate_annotation,
)
from .base_motion import BaseMotion
from .collate import packed_collate
from .gaps import fill_gaps
from .image_sequences import ImageSequenceDataset
from .motion_dataset import InfActPrimitive, InfantAction, MotionDataset
from .pool import SyntheticPool
from .resampling import resample_clip
from .safe_pickle import UnsafePickleError, load_pickle
from .samplers import ClassBalancedSampler, EvenBatchSampler

__all__ = [
    'AnnotationError', 'BaseMotion', 'ClassBalancedSampler', 'EvenBatchSampler', 'ImageSequenceDataset', 'InfActPrimitive',
    'InfantAction', 'MotionDataset', 'SyntheticPool', 'UnsafePickleError', 'count_persons', 'fill_gaps', 'load_annotation', 'load_pickle',
    'merge_annotations', 'motion_to_annotations', 'packed_collate', 'resample_clip', 'save_annotation', 'validate_annotation'
]
