"""Read an MMAction2 recognizer's opinion of clips: probabilities and pooled features.

N clips, K classes, D feature channels.
"""

from dataclasses import dataclass, fields
from typing import Callable, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from mmengine.dataset import Compose, pseudo_collate
from torch import Tensor, nn

from mmagenc.clips import UNLABELLED, AnnotationError, array_problem, is_unlabelled
from mmagenc.draws import untouched_random_state
from mmagenc.structures import ClipForm, copied_clip

SHOWN = 10
"""Clips of which it is told why they cannot be scored."""


@dataclass(frozen=True)
class RecognizerScores:
    """What a recognizer says of N clips.

    Args:
        label: ``(N,)`` intended class of each clip, -1 where there is none.
        probability: ``(N, K)`` softmax scores, averaged over test clips where the pipeline makes several.
        feature: ``(N, D)`` input of the classification layer: backbone features averaged over persons, time and joints, or what the
            head's own ``feature`` makes of them (InfoGCN: latent means).
    """

    label: np.ndarray
    probability: np.ndarray
    feature: np.ndarray

    @property
    def predicted(self) -> np.ndarray:
        """``(N,)`` most probable class."""
        return self.probability.argmax(axis=1)

    @property
    def confidence(self) -> np.ndarray:
        """``(N,)`` probability of the most probable class."""
        return self.probability.max(axis=1)

    @property
    def accuracy(self) -> float:
        """Share of the clips with a label whose most probable class is that; NaN if none has one."""
        labelled = self.label != UNLABELLED
        return float((self.predicted == self.label)[labelled].mean()) if labelled.any() else float('nan')

    def __getitem__(self, index) -> 'RecognizerScores':
        return RecognizerScores(**{field.name: getattr(self, field.name)[index] for field in fields(self)})

    def __len__(self) -> int:
        return len(self.label)


Pipeline = Union[Callable, Sequence[Union[dict, Callable]]]


def build_pipeline(pipeline: Pipeline) -> Callable:
    """A callable from a list of transform configs; a callable passes through."""
    return pipeline if callable(pipeline) else Compose(list(pipeline))


def prepare(annotation: Dict, *, skeleton: Optional[str] = None, test_mode: bool = True, form: Optional[ClipForm] = None) -> Dict:
    """A copy of an annotation, which a pipeline may write into, with the keys that MMAction2's pose transforms expect beside it.

    ``form`` gives it what recordings have beside their keypoints, where it lacks that.
    """
    sample = copied_clip(annotation) if form is None else form.complete(copied_clip(annotation))
    sample.update(start_index=0, modality='Pose', test_mode=test_mode)
    if skeleton is not None:
        sample.setdefault('skeleton', skeleton)
    return sample


@torch.no_grad()
def score_annotations(recognizer: nn.Module,
                      pipeline: Pipeline,
                      annotations: List[Dict],
                      *,
                      batch_size: int = 64,
                      form: Optional[ClipForm] = None) -> RecognizerScores:
    """Score annotation dicts with any MMAction2 recognizer, in evaluation mode.

    Args:
        recognizer: a ``RecognizerGCN``, ``Recognizer3D`` or ``Recognizer2D`` (anything with ``extract_feat`` and ``cls_head``).
        pipeline: the recognizer's test pipeline, ending in ``PackActionInputs``.
        annotations: clips in the annotation format; those without a ``label`` (none, ``None`` or -1) are scored too.
        batch_size: clips a forward pass; the result does not depend on it.
        form: what recordings have beside their keypoints, for clips that lack it.

    Returns:
        RecognizerScores: N = ``len(annotations)``, in order.

    Raises:
        ValueError: no annotations, clips that the pipeline does not take, or scores that are no numbers.
        AnnotationError: a clip whose keypoints are no array ``(M, T, V, C)`` of its ``total_frames``.
    """
    if not annotations:
        raise ValueError('there are no clips to score')
    transform, was_training = build_pipeline(pipeline), recognizer.training
    recognizer.eval()
    scored, label, problems = [], [], []
    try:
        for start in range(0, len(annotations), batch_size):
            clips = _with_labels(annotations[start:start + batch_size], start)
            label += [clip['label'] for clip in clips]
            samples = []
            with untouched_random_state():
                for clip in clips:
                    try:
                        samples.append(transform(prepare(clip, form=form)))
                    except ValueError as error:  # of this clip, and the next one may be another
                        problems.append(error)
            if not problems:
                scored += _score_samples(recognizer, samples)
    finally:
        recognizer.train(was_training)
    _check_passed(problems, len(annotations))
    probability, feature = (torch.stack(rows).float().cpu().numpy() for rows in zip(*scored))
    _check_finite(probability, annotations)
    return RecognizerScores(label=np.array(label, dtype=np.int64), probability=probability, feature=feature)


def _check_passed(problems: Sequence[ValueError], total: int) -> None:
    """Refuse clips that the pipeline does not take, all of them at once."""
    if len(problems) == 1:
        raise problems[0]
    if problems:
        more = [f'… and {len(problems) - SHOWN} more'] if len(problems) > SHOWN else []
        raise ValueError('\n  '.join([f'{len(problems)} of {total} clips cannot be scored', *map(str, problems[:SHOWN]), *more]))


def _check_finite(probability: np.ndarray, annotations: Sequence[Dict]) -> None:
    """Refuse scores that are NaN, of which the first class would count as the most probable."""
    odd = np.flatnonzero(~np.isfinite(probability).all(axis=1))
    if len(odd):
        name = annotations[odd[0]].get('frame_dir', odd[0])
        raise ValueError(f'the recognizer gives no numbers for {len(odd)} of {len(annotations)} clips, such as {name}: its weights, or '
                         'what its pipeline makes of these clips, are NaN or infinite')


def _with_labels(annotations: Sequence[Dict], start: int = 0) -> List[Dict]:
    """The clips, each with a label; their keypoints may be anything that the pipeline takes, rotations too, but have all four axes."""
    clips = list(annotations)
    for index, clip in enumerate(clips, start):
        reason = array_problem(clip, 'keypoint')
        if reason:
            raise AnnotationError(f'clip {index} ({clip.get("frame_dir")}): {reason}')
    return [dict(clip, label=UNLABELLED) if is_unlabelled(clip) else clip for clip in clips]


def _score_samples(recognizer: nn.Module, samples: List[Dict]) -> List[Tuple[Tensor, Tensor]]:
    """Probability and feature of each sample; only clips of one shape share a forward pass, as padding would change their scores."""
    scored, shapes = [None] * len(samples), {}
    for index, sample in enumerate(samples):
        shapes.setdefault(tuple(sample['inputs'].shape), []).append(index)
    for members in shapes.values():
        batch = recognizer.data_preprocessor(pseudo_collate([samples[index] for index in members]), False)
        for index, *row in zip(members, *_score_batch(recognizer, batch['inputs'])):
            scored[index] = row
    return scored


def _score_batch(recognizer: nn.Module, inputs: Tensor):
    num_samples = len(inputs)
    output = recognizer.extract_feat(inputs, stage='backbone')[0]
    logits = recognizer.cls_head(output)
    clips = len(logits) // num_samples
    probability = logits.float().softmax(dim=1).view(num_samples, clips, -1).mean(dim=1)
    if hasattr(recognizer.cls_head, 'feature'):  # a head with a latent of its own, such as InfoGCN's
        feature = recognizer.cls_head.feature(output)
    else:
        feature = pool_feature(output, person_axis=isinstance(recognizer, _recognizer_gcn()))
    return probability, feature.view(num_samples, clips, -1).mean(dim=1)


def pool_feature(feature: Tensor, *, person_axis: bool) -> Tensor:
    """Average a backbone's output over everything but batch and channels.

    Args:
        feature: ``(N, M, C, T, V)`` of a graph network, or ``(N, C, …)`` of an image or volume network.
        person_axis: whether axis 1 holds persons.

    Returns:
        Tensor: ``(N, C)``.
    """
    if person_axis:
        feature = feature.transpose(1, 2)
    return feature.flatten(2).mean(dim=2) if feature.ndim > 2 else feature


def _recognizer_gcn() -> type:
    from mmaction.models import RecognizerGCN
    return RecognizerGCN
