"""The published schedule told once more, plainly, and our hook's decisions compared with it over random traces.

A trace says what the recognizer makes of each epoch's clips: accuracies by way of probabilities, features of the clips and of the training
set. From it :class:`Published` decides, one class and one clip after the other, which epochs are kept, which rounds accept, which clips,
and when the recognizer learns. The hook gets the settings of the published configs and the same trace.
"""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmagenc.engine.contract import JudgeCheck
from mmagenc.engine.gate import GateVerdict
from mmagenc.models.recognizers import RecognizerScores
from mmagenc.registry import HOOKS, TASK_UTILS

BATCH, INTERVAL, EPOCHS = 16, 10, 40
SETTINGS = dict(Config.fromfile('configs/_base_/infagenc_published.py').infagenc)


class Stopped(Exception):
    """The published code ends here with an error, or takes the last window's clips a second time; ours takes none and goes on."""


class Published:
    """Decisions of the published loop over so many classes."""

    def __init__(self, classes):
        self.classes, self.highest, self.kept, self.learn = classes, 0, None, False

    def epoch(self, number, clips, training):
        """What happens in an epoch (counted from the loop's first): whether the recognizer learns, whether clips are kept, who joins.

        ``clips`` and ``training`` are lists of dicts: ``label``, ``probability`` (a list), ``feature`` (a list).
        """
        learns, self.learn = self.learn, False
        batches = [clips[start:start + BATCH] for start in range(0, len(clips), BATCH)]
        accuracy = np.mean([np.mean([named(clip) == clip['label'] for clip in batch]) for batch in batches])
        keeps = accuracy > self.highest
        if keeps:
            self.highest, self.kept = accuracy, (number, clips, training)
        joined = None
        if number % INTERVAL == 0:
            joined = self.select()
            if joined:
                self.highest, self.learn = 0, True
        return learns, keeps, joined

    def select(self):
        """``(epoch, position)`` of the clips that join, class by class; empty when the round is skipped."""
        if self.kept is None or self.highest == 0:
            raise Stopped('no clip of the window was named rightly')
        number, clips, training = self.kept
        groups = {label: [] for label in range(self.classes)}
        for position, clip in enumerate(clips):
            if named(clip) == clip['label'] and max(clip['probability']) >= 0.75:
                groups[clip['label']].append(position)
        if not any(groups.values()):
            raise Stopped('the smallest of no classes is asked for')
        smallest = min(map(len, groups.values()))
        if smallest <= 1:
            return []
        joined = []
        for label, members in groups.items():
            ordered = sorted(zip(self.ratios(label, [clips[i] for i in members], training), members), key=lambda pair: pair[0])
            count = int(0.5 * smallest)
            start = len(ordered) // 2 - count // 2
            joined += [(number, position) for _, position in ordered[start:start + count]]
        return joined

    @staticmethod
    def ratios(label, members, training):
        within, between = [], []
        for clip in members:
            distance = {True: [], False: []}
            for other in training:
                distance[other['label'] == label].append(math.dist(clip['feature'], other['feature']))
            within.append(sum(distance[True]) / len(distance[True]))
            between.append(sum(distance[False]) / len(distance[False]))
        for values in (within, between):
            if min(values) == max(values):
                raise Stopped('a division by zero')
        within, between = ([(value - min(values)) / (max(values) - min(values)) for value in values] for values in (within, between))
        return [divided(0.6 * w, 0.4 * b) for w, b in zip(within, between)]


def named(clip):
    return max(range(len(clip['probability'])), key=clip['probability'].__getitem__)


def divided(value, by):
    """As floating-point numbers are divided."""
    return value / by if by else math.nan if not value else math.inf


# A trace --------------------------------------------------------------------------------------------------------------------------------


def draw_clips(rng, labels, classes, quality, dims):
    """Clips of these labels, named rightly with a probability ``quality``; one dimension has whole numbers, so that distances tie."""
    clips = []
    for label in labels:
        right = rng.random() < quality
        first = label if right else int(rng.integers(classes))
        sure = rng.choice([0.5, 0.75, 0.8, 0.95])
        probability = [(1 - sure) / (classes - 1)] * classes
        probability[first] = sure
        feature = rng.integers(-6, 7, size=1) + 4. * label if dims == 1 else rng.normal(size=dims) + label
        clips.append(dict(label=int(label), probability=probability, feature=[float(value) for value in feature]))
    return clips


def draw_trace(seed, kind):
    """Per epoch the generated clips and what the training set looks like (by the number of clips that joined)."""
    rng = np.random.default_rng(seed)
    classes = int(rng.integers(2, 5))
    count = int(rng.integers(20, 50))
    labels = [label for start in range(0, count, BATCH) for label in sorted(i % classes for i in range(min(BATCH, count - start)))]
    dims = 1 if kind == 'ties' else 6
    epochs = []
    for epoch in range(1, EPOCHS + 1):
        quality = rng.uniform(0.5, 1)
        if kind == 'equal accuracies':
            quality = 1.
        if kind == 'all wrong' and epoch > 10:
            quality = -1.
        made = list(labels)
        if kind == 'a class missing' and rng.random() < 0.7:
            made = [label if label else 1 for label in labels]
        if kind == 'skipped windows' and (epoch - 1) // INTERVAL in (1, 2):
            quality = 0.2
        epochs.append(draw_clips(rng, made, classes, quality, dims))
        if quality < 0:
            for clip in epochs[-1]:
                clip['probability'] = clip['probability'][-1:] + clip['probability'][:-1]
                if named(clip) == clip['label']:
                    clip['probability'] = clip['probability'][-1:] + clip['probability'][:-1]
    return classes, epochs, rng


# Our hook in the trace ------------------------------------------------------------------------------------------------------------------


class Recordings(list):
    """What the hook asks of a data set."""

    def annotations(self):
        return self


class Pool:
    """What the hook asks of the pool."""

    metainfo = {}

    def append(self, clips):
        pass

    def save(self, folder):
        pass

    def __len__(self):
        return 0


class OpenGate:
    enforce = False

    def __call__(self, clips):
        return GateVerdict(passed=np.ones(len(clips), dtype=bool))


def to_scores(clips):
    return RecognizerScores(**{key: np.array([clip[key] for clip in clips]) for key in ('label', 'probability', 'feature')})


class Player:
    """The published configs' hook, with a trace in the place of generator and recognizer."""

    def __init__(self, begin, monkeypatch, folder):
        init_default_scope('mmagenc')  # whichever a test before has left
        self.hook = HOOKS.build(dict(SETTINGS, recognizer={}, begin=begin))
        self.hook.selector = TASK_UTILS.build(self.hook.selector_cfg)
        self.hook.fitted = self.hook.checked = True
        self.hook.trainer, self.hook.pool, self.hook.gate = SimpleNamespace(score=to_scores), Pool(), OpenGate()
        self.begin, self.learnt, self.kept, self.training = begin, [], [], Recordings()
        for name, function in dict(
                _on_main_process=lambda work: work(),
                _generate=lambda runner, epoch: self.clips,
                _fit=self._fit,
                _grow=lambda runner, clips, **_: self.joined.extend(clips),
                _score_training_set=self._score_training_set,
                _judge_of_recordings=lambda runner: JudgeCheck(1., None, 1, 'training', 0.5)).items():
            monkeypatch.setattr(self.hook, name, function)
        quiet = SimpleNamespace(add_scalar=lambda *_, **__: None, info=lambda *_: None)
        self.runner = SimpleNamespace(max_epochs=begin + EPOCHS, iter=0, seed=0, work_dir=str(folder), visualizer=quiet, logger=quiet,
                                      hooks=[], train_dataloader=SimpleNamespace(dataset=self.training))

    def _fit(self, runner, epochs, *_, **__):
        self.learnt.append(epochs)
        self.hook.fine_tune_due = False

    def _score_training_set(self, runner):
        self.kept.append(runner.epoch + 1 - self.begin)
        return to_scores(self.training)

    def epoch(self, number, clips, training):
        """As :meth:`Published.epoch`; who joined by ``(epoch, position)``."""
        self.clips = [dict(clip, position=position) for position, clip in enumerate(clips)]
        self.joined, self.learnt, self.kept = [], [], []
        self.training[:] = training
        self.runner.epoch = self.begin + number - 1
        self.hook.after_train_epoch(self.runner)
        return self.learnt, self.kept == [number], [(clip['epoch'] - self.begin, clip['position']) for clip in self.joined]


def compare(seed, kind, begin, monkeypatch, folder):
    """Play a trace on both sides; how often each thing happened, and why the published code ended, if it did."""
    classes, epochs, rng = draw_trace(seed, kind)
    published, ours = Published(classes), Player(begin, monkeypatch, folder)
    happened = dict(kept=0, joined=0, skipped=0, learnt=0)
    for number, clips in enumerate(epochs, start=1):
        # the training set seen through the recognizer as it is in this epoch: features move, and who joined is there
        training = draw_clips(rng, [i % classes for i in range(12 + happened['joined'])], classes, 1, len(clips[0]['feature']))
        learnt, keeps, joined = ours.epoch(number, clips, training)
        try:
            expected_learns, expected_keeps, expected = published.epoch(number, clips, training)
        except Stopped as reason:
            if 'division' not in str(reason):
                assert not joined
            return happened, str(reason)
        last = [3] if number == EPOCHS and expected else []  # what joins last is learnt at once: the published loop ends without
        assert learnt == [3] * expected_learns + last
        assert keeps == expected_keeps or (keeps and not published.highest)  # a window's first epoch without a right clip
        assert joined == (expected or [])
        happened['kept'] += keeps
        happened['learnt'] += expected_learns
        happened['joined'] += len(joined)
        happened['skipped'] += expected == []
    return happened, ''


@pytest.mark.parametrize('kind', ['ordinary', 'ties', 'equal accuracies', 'a class missing', 'all wrong', 'skipped windows'])
def test_every_decision_of_the_published_schedule(kind, monkeypatch, tmp_path):
    """Six traces of forty epochs of each kind: what is kept, learnt and taken; each kind holds what it is named after."""
    total, reasons = dict(kept=0, joined=0, skipped=0, learnt=0), []
    for seed in range(6):
        with monkeypatch.context() as patch:
            happened, reason = compare(seed, kind, seed % 2 * 1103, patch, tmp_path)
        total = {key: total[key] + happened[key] for key in total}
        reasons += [reason] if reason else []
    assert min(total['kept'], total['joined'], total['learnt']) > 0
    if kind in ('skipped windows', 'a class missing'):
        assert total['skipped'] > 0
    if kind == 'all wrong':
        assert 'no clip of the window was named rightly' in reasons


def test_undefined_ratios_ties_and_infinite_ones_occur():
    """The traces are worth something only if they hold what is difficult: 0/0, a division by zero's infinity, and equal ratios."""
    seen = set()
    for seed in range(6):
        classes, epochs, rng = draw_trace(seed, 'ties')
        training = draw_clips(rng, [i % classes for i in range(12)], classes, 1, 1)
        for clips in epochs[:10]:
            for label in range(classes):
                members = [clip for clip in clips if clip['label'] == label]
                try:
                    ratios = Published.ratios(label, members, training)
                except Stopped:
                    continue
                seen |= {'nan'} if any(map(math.isnan, ratios)) else set()
                seen |= {'infinite'} if math.inf in ratios else set()
                seen |= {'equal'} if len(set(ratios)) < len(ratios) else set()
    assert seen == {'nan', 'infinite', 'equal'}
