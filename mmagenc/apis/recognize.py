"""A recognizer's opinion of clips."""

import logging
import warnings
from typing import Callable, Dict, List, Mapping, Optional, Sequence, Union

import torch
from mmengine.logging import print_log
from torch import nn

from mmagenc.clips import AnnotationError, left_out_in_words, nobody_is_seen
from mmagenc.datasets.annotation import Problem, check_clips, content_clips, describe_problems, form_problem, normalized_clip
from mmagenc.datasets.gaps import gaps_in_words
from mmagenc.datasets.layouts import with_named_layouts
from mmagenc.datasets.mending import ClipMending
from mmagenc.datasets.nested import innermost_dataset
from mmagenc.datasets.persons import there_first
from mmagenc.draws import untouched_random_state
from mmagenc.models.recognizers import Pipeline, RecognizerScores, build_pipeline, prepare, score_annotations
from mmagenc.skeletons import get_skeleton

SOURCE = 'clips to be recognized'


def recognize(model: nn.Module,
              annotations: Union[List[Dict], Mapping],
              pipeline: Optional[Pipeline] = None,
              *,
              batch_size: int = 64,
              mend: bool = True) -> RecognizerScores:
    """Score clips with any MMAction2 recognizer.

    Args:
        model: a recognizer, such as :func:`~mmagenc.apis.init_recognizer` gives.
        annotations: clips in the annotation format, or a whole annotation (as ``load_annotation`` reads it, of unlabelled clips with
            ``unlabelled=True``). A clip needs no label.
        pipeline: the recognizer's test pipeline; ``None`` is the one of its config.
        batch_size: clips of a forward pass.
        mend: fill gaps and choose persons as the data sets of the recognizer's config do (:class:`TrainedMending`), and warn of gaps that
            stay; else clips are taken as they are.

    Returns:
        RecognizerScores: ``label (N,)``, -1 where there is none, ``probability (N, K)``, ``feature (N, D)``; also ``predicted``,
        ``confidence``, ``accuracy`` (of the clips with a label).

    Raises:
        ValueError: no pipeline, no clips, or clips of other keypoints or coordinates than the recognizer takes.
        AnnotationError: clips that are broken, as in annotation files, or (with ``mend``) in which nobody is seen.
    """
    pipeline = getattr(model, 'test_pipeline', None) if pipeline is None else pipeline
    if pipeline is None:
        raise ValueError('pipeline: the recognizer brings none from its config; pass the transforms of its test clips')
    pipeline = build_pipeline(pipeline)
    metainfo = {}
    if isinstance(annotations, Mapping):
        metainfo = with_named_layouts(annotations.get('metainfo') or {})
        annotations = content_clips(annotations, 'annotations')
    annotations = [normalized_clip(clip) for clip in annotations]
    if mend:
        annotations = _mended(annotations, metainfo, TrainedMending(model))
    check_clips(annotations, metainfo, source=SOURCE, unlabelled=True)
    if mend:
        _tell_of_gaps(annotations)
        unseen = unseen_clips(annotations)
        if unseen:
            raise AnnotationError(describe_problems(unseen, source=SOURCE, total=len(annotations)))
    if metainfo.get('skeleton') is not None:
        annotations = [{'skeleton': metainfo['skeleton'], **clip} for clip in annotations]
    known = (getattr(model, 'dataset_meta', None) or {}).get('skeleton')
    annotations = in_known_layout(annotations, pipeline, known)
    _check_plane(annotations, pipeline)
    _tell_of_persons(annotations, pipeline)
    try:
        return score_annotations(model, pipeline, annotations, batch_size=batch_size)
    except torch.cuda.OutOfMemoryError:
        raise
    except RuntimeError as error:  # layers that get another number of channels or keypoints
        raise ValueError(misfit_words(model, pipeline, annotations) or f'the recognizer does not take these clips: {error}') from error


def misfit_words(model: nn.Module, pipeline: Callable, clips: Sequence[Dict]) -> str:
    """Why a graph network does not take what its pipeline makes of clips, in keypoints and numbers of each; empty where that is not it."""
    backbone = getattr(model, 'backbone', None)
    nodes = getattr(getattr(backbone, 'graph', None), 'num_node', getattr(backbone, 'num_joints', None))
    taken, first = getattr(backbone, 'in_channels', None), None
    if taken is None and nodes and isinstance(getattr(getattr(backbone, 'data_bn', None), 'num_features', None), int):
        persons = getattr(backbone, 'num_person', 1) if getattr(backbone, 'data_bn_type', 'VC') == 'MVC' else 1
        taken = backbone.data_bn.num_features // (nodes * persons)
    for clip in clips:
        with untouched_random_state():
            shape = tuple(pipeline(prepare(clip))['inputs'].shape)
        keypoints, channels = shape[-2:]
        has = f'{clip["keypoint"].shape[3]} coordinates and {"" if "keypoint_score" in clip else "no "}scores'
        made = f'its pipeline makes {channels} numbers of each of {keypoints} keypoints of clip {clip["frame_dir"]}, which has {has}'
        if nodes is not None and keypoints != nodes:
            return f'the recognizer knows {nodes} keypoints, and {made}'
        if taken is not None and channels != taken:
            return f'the recognizer takes {taken} numbers of a keypoint, and {made}{_remedy(clip, taken - channels)}'
        if first is not None and first[0] != (keypoints, channels):
            return f'these clips differ: {made}, and {first[1]}'
        first = first or ((keypoints, channels), f'{channels} of {keypoints} of clip {clip["frame_dir"]}, which has {has}')
    return ''


def _remedy(clip: Dict, lacking: int) -> str:
    if lacking == 1 and clip['keypoint'].shape[3] == 2 and 'keypoint_score' not in clip:
        return ': it has learnt from clips with scores, or in space; give these their keypoint_score (ones, if all points are certain)'
    if lacking == -1 and 'keypoint_score' in clip:
        return ': it has learnt from clips without scores; leave keypoint_score out'
    return ': it has learnt from clips of other coordinates'


class TrainedMending:
    """What the data sets of a recognizer's config do to each clip before it is checked (``third``, ``num_persons``, ``fill_gaps``).

    A clip that they would leave out, such as one of which a keypoint is never seen, stays as it is: who asks for its class gets one.

    Args:
        model: a recognizer; of one without a config, or with that of a folder, clips stay as they are.
    """

    def __init__(self, model: nn.Module) -> None:
        cfg = getattr(model, 'cfg', None) or {}
        found = [innermost_dataset(cfg.get(f'{part}_dataloader')) for part in ('train', 'val', 'test')]
        dataset = next((each for each in found if each), {})
        self._mending = ClipMending(**{key: dataset[key] for key in ('third', 'num_persons', 'fill_gaps') if dataset.get(key) is not None},
                                    skeleton=(dataset.get('metainfo') or {}).get('skeleton'))

    def __call__(self, clip: Dict, metainfo: Dict) -> Dict:
        """The clip as the recognizer has learnt from clips."""
        try:
            return self._mending(clip, metainfo)
        except ValueError:
            return there_first(clip)

    def in_words(self) -> str:
        """What was done since the last time; an empty text if that is nothing."""
        done = self._mending.in_words()
        return f'{done}, as in the training of the recognizer' if done else ''


def unseen_clips(clips: List[Dict]) -> List[Problem]:
    """Number, name and reason of each clip in which nobody is seen: any class of it would be made up."""
    return [(index, clip['frame_dir'], 'nobody is seen in any frame') for index, clip in enumerate(clips) if nobody_is_seen(clip)]


def _mended(clips: List[Dict], metainfo: Mapping, mending: TrainedMending) -> List[Dict]:
    clips = [clip if form_problem(clip, metainfo, unlabelled=True) else mending(clip, metainfo) for clip in clips]
    done = mending.in_words()
    if done:
        print_log(f'{SOURCE}: {done}', logger='current', level=logging.INFO)
    return clips


def _tell_of_gaps(clips: List[Dict]) -> None:
    """Warn of points without a place that stay where they are."""
    text = gaps_in_words(clips, SOURCE)
    if text is not None:
        warnings.warn(text, stacklevel=3)


def reads_pixels(pipeline: Callable) -> bool:
    """Whether a pipeline scales by the size of an image."""
    return any(type(step).__name__ == 'PreNormalize2D' for step in getattr(pipeline, 'transforms', ()))


def _check_plane(clips: List[Dict], pipeline: Callable) -> None:
    """Refuse places in space where a pipeline reads pixels: a depth would be taken for the score that stands third."""
    deep = [clip['frame_dir'] for clip in clips if clip['keypoint'].shape[3] == 3]
    if deep and reads_pixels(pipeline):
        raise ValueError(f'the recognizer reads pixels (PreNormalize2D), and {len(deep)} of {len(clips)} clips, such as {deep[0]}, have 3 '
                         'coordinates: a third one would pass for a score. If it is one, make it keypoint_score')


def _tell_of_persons(clips: List[Dict], pipeline: Pipeline) -> None:
    """Warn of persons whom the pipeline leaves out."""
    takes = [step.num_person for step in getattr(pipeline, 'transforms', ()) if isinstance(getattr(step, 'num_person', None), int)]
    text = left_out_in_words(clips, min(takes)) if takes else None
    if text is not None:
        warnings.warn(text, stacklevel=3)


def takes_rotations(pipeline: Optional[Pipeline]) -> bool:
    """Whether a recognizer's pipeline reads rotations and asks for no keypoints."""
    return any(type(step).__name__ == 'PoseToRot6d' for step in getattr(pipeline, 'transforms', ()))


def in_known_layout(clips: List[Dict], pipeline: Pipeline, known) -> List[Dict]:
    """Clips that name no layout, such as MMAction2's, as those of the recognizer's.

    Args:
        clips: in the annotation format.
        pipeline: the recognizer's; what reads rotations asks for no keypoints.
        known: layout of the clips that the recognizer has learnt from, if that is known.

    Raises:
        ValueError: they have another number of keypoints.
    """
    if known is None or takes_rotations(pipeline):
        return clips
    layout = get_skeleton(known)
    for clip in clips:
        count = clip['keypoint'].shape[2]
        if clip.get('skeleton') is None and count != layout.num_joints:
            raise ValueError(f'clip {clip["frame_dir"]} has {count} keypoints of a layout that is not named, and the recognizer knows '
                             f'{layout.name}, which has {layout.num_joints}')
    return [dict(clip, skeleton=layout.name) if clip.get('skeleton') is None else clip for clip in clips]
