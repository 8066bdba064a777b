"""Who judges generated clips: a recognizer, with its pipeline and weights, and what it has said of real clips before.

n clips, D feature channels.
"""

from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from mmengine.dist import broadcast, get_world_size
from torch import nn

from mmagenc.datasets.agreement import judged_classes_problem
from mmagenc.evaluation.checkpoints import (
    load_checkpoint,
    load_weights,
    recognizer_fitted,
    recognizer_weights,
    said_classes,
    said_of_clips,
)
from mmagenc.models.recognizers import Pipeline, RecognizerScores, build_pipeline, score_annotations
from mmagenc.registry import MODELS

from .feature_cache import FeatureCache, clip_key, recognizer_fingerprint

Opinion = Tuple[str, np.ndarray, int]
"""Of a real clip: its key (empty where nothing is kept), feature ``(D,)`` and predicted class."""


@dataclass(frozen=True)
class JudgeSettings:
    """Who judges, and how.

    Args:
        recognizer: config of an MMAction2 recognizer, or a built one; ``None`` where one will be lent (:meth:`Judge.lend`).
        pipeline: its test pipeline.
        checkpoint: its weights: a checkpoint of ``mmagenc train``, or one of InfAGenC, which holds a recognizer too.
        batch_size: clips of a forward pass; no number depends on it.
        cache_dir: folder for the features of real clips, kept under the hash of checkpoint, config and pipeline; ``None`` keeps them in
            memory, between evaluations of one run.

    Raises:
        ValueError: a recognizer without pipeline or without weights, or these without a recognizer.
    """

    recognizer: Union[Dict, nn.Module, None] = None
    pipeline: Optional[Pipeline] = None
    checkpoint: Optional[str] = None
    batch_size: int = 64
    cache_dir: Optional[str] = None

    def __post_init__(self) -> None:
        if self.recognizer is None and (self.checkpoint or self.pipeline):
            raise ValueError('checkpoint and pipeline of a judge need a recognizer: set judge.recognizer')
        if self.recognizer is not None and not self.pipeline:
            raise ValueError('a recognizer needs its test pipeline: set judge.pipeline')
        if isinstance(self.recognizer, dict) and not self.checkpoint:
            raise ValueError('a recognizer without weights judges at random: set judge.checkpoint')


class Judge:
    """A recognizer that is named in a config, given as it is, or lent by whoever has fitted one.

    Args:
        settings: who judges, and how.
    """

    def __init__(self, settings: JudgeSettings) -> None:
        self.settings = settings
        self.fitted, self.recordings, self._classes = True, None, None  # the last: by name, where a checkpoint says them
        self._recognizer = settings.recognizer
        self._transform = self._cache = None

    def lend(self, recognizer: nn.Module, pipeline: Pipeline, *, fitted: bool, recordings: Optional[Dict]) -> None:
        """Judge by this recognizer, unless one is named; with several processes all take the weights of the first.

        Args:
            recognizer: who judges.
            pipeline: its test pipeline.
            fitted: whether it has learnt anything.
            recordings: what its owner knows of it.
        """
        if self.settings.recognizer is not None:
            return
        if get_world_size() > 1:
            for value in recognizer.state_dict().values():
                broadcast(value, src=0)
        self._recognizer, self._transform = recognizer, build_pipeline(pipeline)
        self.fitted, self.recordings = fitted, recordings

    def ready(self, device: torch.device) -> 'Judge':
        """This judge with its recognizer built, on a device.

        Raises:
            FileNotFoundError: no such checkpoint.
            ValueError: no recognizer at all, or a checkpoint that does not fit it.
        """
        if self._recognizer is None:
            raise ValueError("MotionGenerationMetric has no recognizer: set judge=dict(recognizer=…, pipeline=…, checkpoint=…) in the "
                             "config's test_evaluator, or keep InfAGenCHook in default_hooks, which lends the one it has fitted")
        if self._transform is None:
            named, pipeline, checkpoint = self.settings.recognizer, self.settings.pipeline, self.settings.checkpoint
            if isinstance(named, dict) and not callable(pipeline):  # what names it can be hashed
                self._cache = FeatureCache(recognizer_fingerprint(named, pipeline, checkpoint), self.settings.cache_dir)
            content = load_checkpoint(checkpoint) if checkpoint else {}
            self.fitted = not checkpoint or recognizer_fitted(content)
            self._classes = said_classes(said_of_clips(content))
            self._recognizer = _with_weights(named, checkpoint).to(device)
            self._transform = build_pipeline(pipeline)
        return self

    def require_classes(self, classes: Optional[Sequence[str]]) -> None:
        """Refuse a judge whose checkpoint has learnt other classes than those of the test set, or the same in another order.

        Raises:
            ValueError: labels mean other classes to it.
        """
        problem = judged_classes_problem(self._classes, classes)
        if problem is not None:
            raise ValueError(f'judge.checkpoint {self.settings.checkpoint}: the test set has {problem}')

    def score(self, clips: List[Dict]) -> RecognizerScores:
        """What it says of clips."""
        return score_annotations(self._recognizer, self._transform, clips, batch_size=self.settings.batch_size)

    def score_real(self, clips: List[Dict]) -> List[Opinion]:
        """What it says of real clips; those that it has seen, with this checkpoint, are not scored again."""
        keys = [clip_key(clip) if self._cache is not None else '' for clip in clips]
        entries = [self._cache.get(key) if self._cache is not None else None for key in keys]
        unseen = [index for index, entry in enumerate(entries) if entry is None]
        if unseen:
            scores = self.score([clips[index] for index in unseen])
            for row, index in enumerate(unseen):
                entries[index] = (scores.feature[row], int(scores.predicted[row]))
            self.remember([(keys[index], *entries[index]) for index in unseen])
        return [(key, *entry) for key, entry in zip(keys, entries)]

    def remember(self, opinions: Sequence[Opinion]) -> None:
        """Keep what this process, or another, has been told of real clips."""
        if self._cache is not None:
            for opinion in opinions:
                self._cache.put(*opinion)

    def save(self) -> None:
        """Write what is kept into ``cache_dir``, where there is one."""
        if self._cache is not None:
            self._cache.save()


def _with_weights(recognizer: Union[Dict, nn.Module], checkpoint: Optional[str]) -> nn.Module:
    """A recognizer with its weights, in evaluation mode."""
    model = recognizer if isinstance(recognizer, nn.Module) else MODELS.build(recognizer)
    if checkpoint:
        load_weights(model, recognizer_weights(load_checkpoint(checkpoint)), source=checkpoint)
    return model.eval()
