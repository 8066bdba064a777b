"""Recognition of frames as they come: windows that slide, with a state that does not grow.

T frames, V keypoints, C coordinates, K classes. Imports neither torch nor OpenMMLab.
"""

import time
from collections import deque
from dataclasses import dataclass
from typing import Callable, Deque, Dict, List, Optional, Sequence, Tuple

import numpy as np

from .standalone import OnnxModel

Frame = Tuple[np.ndarray, Optional[np.ndarray]]
Score = Callable[[Dict], np.ndarray]
MAX_GAP = 10


@dataclass(frozen=True)
class Prediction:
    """What is seen in the window that ends with a frame.

    Args:
        frame: number of the frame, from 0, as it was pushed.
        time: of the frame, in seconds, or ``None`` where neither frames a second nor times are known.
        label: class, or ``None`` where nobody was there for too long.
        probability: ``(K,)``, smoothed where that is wanted; zeros without a class.
        latency: seconds that it took.
    """

    frame: int
    time: Optional[float]
    label: Optional[int]
    probability: np.ndarray
    latency: float

    def line(self, classes: Sequence[str], top_k: int = 3) -> Dict:
        """As a line of JSON has it."""
        best = [] if self.label is None else np.argsort(-self.probability, kind='stable')[:top_k].tolist()
        return {
            'time': None if self.time is None else round(self.time, 4), 'frame': self.frame,
            'class': None if self.label is None else classes[self.label],
            'probability': None if self.label is None else round(float(self.probability[self.label]), 6),
            'top': {classes[label]: round(float(self.probability[label]), 6) for label in best},
            'latency_ms': round(1000 * self.latency, 2)
        }


class StreamRecognizer:
    """A recognizer that is given one frame after the other.

    Once there are ``window`` frames, every ``stride``-th frame gives a prediction of the last ``window``: what the recognizer says of these
    frames as a clip. Kept are these frames and the last probabilities, however long the stream.

    A frame without a person is taken for the last one, with scores of 0, for up to ``max_gap`` frames on end; then the window begins anew,
    and one prediction without a class says so. A keypoint that is NaN is where it was before (the middle of those seen, at first), with a
    score of 0.

    Args:
        score: a clip, as an annotation without label, to probabilities ``(K,)``.
        window: T, frames of the model.
        stride: frames from one prediction to the next.
        smoothing: share of the last prediction's probabilities in the next one's; 0 is none, and below 1.
        fps: frames a second of the stream, for times, and for bringing it to ``model_fps``.
        model_fps: frames a second of the clips that the model knows. A stream of another rate is brought to it by linear interpolation;
            where either is not known, frames are taken as they are.
        keypoints: V and C of a frame, where they are known.
        scored: whether clips have ``keypoint_score``.
        clip: what else clips say, such as ``skeleton`` and ``img_shape``.
        max_gap: see above.
        timed: frames are where their times say, and not one ``fps``-th of a second apart, as those of a camera that an estimator cannot
            keep up with: they are brought to ``model_fps`` by their times. Where so much time passes without a frame as a window is
            long, the window begins anew.

    Raises:
        ValueError: settings out of range.
    """

    def __init__(self,
                 score: Score,
                 *,
                 window: int,
                 stride: int = 1,
                 smoothing: float = 0.,
                 fps: Optional[float] = None,
                 model_fps: Optional[float] = None,
                 keypoints: Optional[Tuple[int, int]] = None,
                 scored: bool = False,
                 clip: Optional[Dict] = None,
                 max_gap: int = MAX_GAP,
                 timed: bool = False) -> None:
        if window < 1 or stride < 1 or max_gap < 0 or not 0 <= smoothing < 1:
            raise ValueError('window and stride must be at least 1, max_gap at least 0 and smoothing in [0, 1), got '
                             f'{window}, {stride}, {max_gap} and {smoothing}')
        if any(rate is not None and not 0 < rate < float('inf') for rate in (fps, model_fps)):
            raise ValueError(f'frames a second must be positive, got fps={fps} and model_fps={model_fps}')
        self.score, self.window, self.stride, self.smoothing, self.max_gap = score, window, stride, smoothing, max_gap
        self.fps, self.keypoints, self.scored, self.clip = fps, keypoints, scored, dict(clip or {})
        self.ratio = 1. if fps is None or model_fps is None else fps / model_fps
        self.rate = model_fps if timed else None
        if self.rate is not None:
            self.ratio = 1.
        self.frame = -1
        self._restart()

    def _restart(self) -> None:
        """As if nothing had been seen; frames are counted on."""
        self._frames: Deque[Frame] = deque(maxlen=self.window)
        self._last: Optional[Frame] = None
        self._smooth: Optional[np.ndarray] = None
        self._missing, self._seen, self._since = 0, 0, 0
        self._begin: Optional[float] = None  # time of the first frame
        self._place = 0.  # of the last frame, in frames of the stream; of the model, where times say it
        self._next = 0.  # place of the next frame of the model's rate

    def push(self, keypoint: Optional[Sequence], score: Optional[Sequence] = None, *, time: Optional[float] = None,
             img_shape: Optional[Tuple[int, int]] = None) -> Optional[Prediction]:
        """Take a frame.

        Args:
            keypoint: ``(V, C)``, NaN where a keypoint was not seen; ``None`` where no person was.
            score: ``(V,)`` confidences, or ``None``.
            time: of the frame, in seconds; ``None`` is by ``fps``.
            img_shape: height and width of its image in pixels, where they are known and another frame's were not.

        Returns:
            Prediction: or ``None``, where none is due.

        Raises:
            ValueError: a frame of another form; it is not taken.
        """
        begin = _now()
        frame = None if keypoint is None else self._checked(keypoint, score)
        self.frame += 1
        if img_shape is not None:
            self.clip['img_shape'] = tuple(map(int, img_shape))
        if time is None and self.fps is not None:
            time = self.frame / self.fps
        if frame is None:
            self._missing += 1
            if self._last is None:
                return None
            if self._missing > self.max_gap:
                known = len(self._smooth) if self._smooth is not None else 0
                self._restart()
                return Prediction(self.frame, time, None, np.zeros(known), _now() - begin)
            frame = self._last[0], np.zeros(len(self._last[0]), dtype=np.float32)
        else:
            self._missing = 0
        if not self._append(frame, self._placed(time)):
            return None
        probability = np.asarray(self.score(self._window()), dtype=np.float64)
        if self._smooth is not None:
            probability = self.smoothing * self._smooth + (1 - self.smoothing) * probability
        self._smooth = probability
        return Prediction(self.frame, time, int(probability.argmax()), probability, _now() - begin)

    def _checked(self, keypoint: Sequence, score: Optional[Sequence]) -> Frame:
        """A frame of numbers in every place."""
        try:
            points = np.array(keypoint, dtype=np.float32)
            score = None if score is None else np.array(score, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise ValueError(f'a frame is (V, C) numbers, got {str(keypoint)[:60]}') from error
        wanted = self.keypoints or (self._last[0].shape if self._last is not None else None)
        if points.ndim != 2 or points.shape[1] not in (2, 3) or wanted is not None and points.shape != tuple(wanted):
            form = '(V, 2) or (V, 3)' if wanted is None else f'{wanted[0]} keypoints of {wanted[1]} coordinates'
            raise ValueError(f'a frame has {form}, this one is {points.shape}')
        if score is not None and score.shape != points.shape[:1]:
            raise ValueError(f'a frame of {len(points)} keypoints has as many scores, this one {score.shape}')
        score = np.ones(len(points), dtype=np.float32) if score is None else np.nan_to_num(score, nan=0.)
        lost = ~np.isfinite(points).all(axis=1)
        if lost.all():
            raise ValueError('no keypoint of this frame is a number; a frame without a person is null')
        if lost.any():
            points[lost] = points[~lost].mean(axis=0) if self._last is None else self._last[0][lost]
            score[lost] = 0
        return points, score

    def _placed(self, time: Optional[float]) -> float:
        """Where a frame is: how many were before it, or by its time."""
        if self.rate is None or time is None:
            return float(self._seen)
        place = 0. if self._begin is None else (time - self._begin) * self.rate
        if place - self._place > self.window:
            self._restart()
        if self._begin is None:
            self._begin, place = time, 0.
        return max(place, self._place)

    def _append(self, frame: Frame, here: float) -> bool:
        """Put a frame, or those of the model's rate up to it, into the window; whether a prediction is due."""
        before, self._last, due = self._last, frame, False
        behind, self._place = self._place, here
        self._seen += 1
        while self._next <= here + 1e-9:
            share = 1. if before is None or here == behind else (self._next - behind) / (here - behind)
            self._frames.append(frame if share >= 1 - 1e-9 else tuple(a + np.float32(share) * (b - a) for a, b in zip(before, frame)))
            self._next += self.ratio
            full = len(self._frames) == self.window
            self._since = self._since + 1 if full else 0
            due |= full and (self._since - 1) % self.stride == 0
        return due

    def _window(self) -> Dict:
        """The window as a clip without label."""
        points, scores = (np.stack(part)[None] for part in zip(*self._frames))
        clip = dict(self.clip, frame_dir='stream', total_frames=self.window, keypoint=points)
        return dict(clip, keypoint_score=scores) if self.scored else clip


_now = time.perf_counter


def stream_of_file(model: OnnxModel, *, window: Optional[int] = None, **settings) -> StreamRecognizer:
    """A recognizer of an ``.onnx`` file, for frames as they come.

    Args:
        model: of :mod:`~mmagenc.deploy.standalone`.
        window: frames; ``None`` is the model's own.
        **settings: of :class:`StreamRecognizer`: ``stride``, ``smoothing``, ``fps``, ``max_gap``.

    Raises:
        ValueError: no recognizer, one that was exported raw, or one that sees rotations.
    """
    model.require('recognizer')
    meta = model.meta
    if meta['steps'] is None:
        raise ValueError(f'{model.path}: this model was exported with --raw, so that what has to be done to frames is not known')
    if any(step['step'] == 'rot6d' for step in meta['steps']):
        raise ValueError(f'{model.path}: this model sees rotations, and the frames of a stream have keypoints only')
    keypoints = len(meta['keypoint_names']), {'pixels': 2, 'metres': 3}[meta['units']]
    return StreamRecognizer(lambda clip: model.recognize([clip])[0], window=window or meta['frames'], model_fps=meta['fps'],
                            keypoints=keypoints, scored=meta['scores'], **settings)


def latencies(predictions: Sequence[Prediction]) -> List[float]:
    """Median and 95th percentile of the predictions' latencies, in milliseconds."""
    return np.percentile([1000 * prediction.latency for prediction in predictions], (50, 95)).tolist()
