"""A recognizer's opinion of clips."""

from typing import Dict, List, Mapping, Optional, Union

from torch import nn

from mmagenc.datasets.annotation import check_clips, content_clips, normalized_clip
from mmagenc.datasets.layouts import with_named_layouts
from mmagenc.models.recognizers import Pipeline, RecognizerScores, score_annotations


def recognize(model: nn.Module,
              annotations: Union[List[Dict], Mapping],
              pipeline: Optional[Pipeline] = None,
              *,
              batch_size: int = 64) -> RecognizerScores:
    """Score clips with any MMAction2 recognizer.

    Args:
        model: a recognizer, such as :func:`~mmagenc.apis.init_recognizer` gives.
        annotations: clips in the annotation format, or a whole annotation (as ``load_annotation`` reads it, of unlabelled clips with
            ``unlabelled=True``). A clip needs no label.
        pipeline: the recognizer's test pipeline; ``None`` is the one of its config.
        batch_size: clips of a forward pass.

    Returns:
        RecognizerScores: ``label (N,)``, -1 where there is none, ``probability (N, K)``, ``feature (N, D)``; also ``predicted``,
        ``confidence``, ``accuracy`` (of the clips with a label).

    Raises:
        ValueError: no pipeline, or no clips.
        AnnotationError: clips that are broken, as in annotation files.
    """
    pipeline = getattr(model, 'test_pipeline', None) if pipeline is None else pipeline
    if pipeline is None:
        raise ValueError('pipeline: the recognizer brings none from its config; pass the transforms of its test clips')
    metainfo = {}
    if isinstance(annotations, Mapping):
        metainfo = with_named_layouts(annotations.get('metainfo') or {})
        annotations = content_clips(annotations, 'annotations')
    annotations = [normalized_clip(clip) for clip in annotations]
    check_clips(annotations, metainfo, source='clips to be recognized', unlabelled=True)
    if metainfo.get('skeleton') is not None:
        annotations = [{'skeleton': metainfo['skeleton'], **clip} for clip in annotations]
    return score_annotations(model, pipeline, annotations, batch_size=batch_size)
