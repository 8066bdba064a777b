"""A recognizer's opinion of clips."""

from typing import Dict, List, Mapping, Optional, Union

from torch import nn

from mmagenc.datasets.layouts import layout_name
from mmagenc.models.recognizers import Pipeline, RecognizerScores, score_annotations


def recognize(model: nn.Module,
              annotations: Union[List[Dict], Mapping],
              pipeline: Optional[Pipeline] = None,
              *,
              batch_size: int = 64) -> RecognizerScores:
    """Score clips with any MMAction2 recognizer.

    Args:
        model: a recognizer, such as :func:`~mmagenc.apis.init_recognizer` gives.
        annotations: clips in the annotation format, or a whole annotation (as ``load_annotation`` reads it).
        pipeline: the recognizer's test pipeline; ``None`` is the one of its config.
        batch_size: clips of a forward pass.

    Returns:
        RecognizerScores: ``label (N,)``, ``probability (N, K)``, ``feature (N, D)``; also ``predicted``, ``confidence``, ``accuracy``.

    Raises:
        ValueError: no pipeline, or no clips.
    """
    pipeline = getattr(model, 'test_pipeline', None) if pipeline is None else pipeline
    if pipeline is None:
        raise ValueError('pipeline: the recognizer brings none from its config; pass the transforms of its test clips')
    if isinstance(annotations, Mapping):
        skeleton = annotations.get('metainfo', {}).get('skeleton')
        layout = {} if skeleton is None else {'skeleton': layout_name(skeleton)}
        annotations = [{**layout, **annotation} for annotation in annotations['annotations']]
    return score_annotations(model, pipeline, annotations, batch_size=batch_size)
