"""A recognizer in a notebook, and what it says of clips.

N clips, K classes, D feature channels.
"""

import csv
import warnings
from dataclasses import dataclass, fields
from html import escape
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np
from mmengine.config import Config
from torch import nn

from mmagenc.clips import other_rates
from mmagenc.datasets.annotation import UNLABELLED, motion_to_annotations, normalized_clip
from mmagenc.datasets.mending import in_layout
from mmagenc.datasets.readers.any_file import read_any_clips
from mmagenc.models.recognizers import RecognizerScores
from mmagenc.outputs import Output, check_outputs, writing
from mmagenc.registry import INFERENCERS
from mmagenc.structures import Motion

from .inferencer import ModelInferencer
from .inits import init_recognizer
from .recognize import recognize, takes_rotations
from .sources import Place

Clips = Union[Place, Mapping, Motion, Sequence[Dict]]
SHOWN = 10
"""Rows of a table in a notebook."""


@dataclass(frozen=True)
class Recognition:
    """What a recognizer says of N clips.

    Args:
        labels: ``(N,)`` int64: the most probable class of each clip.
        probabilities: ``(N, K)``.
        features: ``(N, D)`` input of the classification layer, as :class:`~mmagenc.models.recognizers.RecognizerScores` has it.
        truth: ``(N,)`` int64: the clips' own labels among these classes, -1 where they have none.
        clips: N names of the clips.
        classes: K names.
    """

    labels: np.ndarray
    probabilities: np.ndarray
    features: np.ndarray
    truth: np.ndarray
    clips: Sequence[str]
    classes: Sequence[str]

    @property
    def names(self) -> List[str]:
        """N names of the most probable classes."""
        return [self.classes[label] for label in self.labels]

    @property
    def confidence(self) -> np.ndarray:
        """``(N,)`` probability of the most probable class."""
        return self.probabilities.max(axis=1)

    @property
    def accuracy(self) -> float:
        """Share of the clips with a label that are named rightly; NaN if none has one."""
        return RecognizerScores(self.truth, self.probabilities, self.features).accuracy

    def rows(self) -> List[Dict[str, Any]]:
        """A table of plain values: of each clip its name, what is seen, how surely, what it is (``None`` if that is not known), and
        ``p_*`` of each class."""
        return [
            dict(clip=clip, name=self.classes[label], probability=float(row[label]),
                 truth=None if truth == UNLABELLED else self.classes[truth],
                 **{f'p_{name}': float(value) for name, value in zip(self.classes, row)})
            for clip, label, row, truth in zip(self.clips, self.labels.tolist(), self.probabilities, self.truth.tolist())
        ]

    def to_csv(self, path: Place, *, force: bool = False) -> Path:
        """Write :meth:`rows` as a file that R, pandas and spreadsheets open.

        Raises:
            OutputError: the file is there already (``force`` replaces it), or cannot be written.
        """
        check_outputs([Output('', path, ('.csv', ))], force=force)
        header = ['clip', 'name', 'probability', 'truth', *(f'p_{name}' for name in self.classes)]
        with writing(path, 'w', encoding='utf-8') as file:
            writer = csv.writer(file, lineterminator='\n')
            writer.writerows([header, *(['' if value is None else value for value in row.values()] for row in self.rows())])
        return Path(path)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index) -> 'Recognition':
        """Some of the clips, by an index (which keeps the axis), a slice, a mask or a list."""
        index = [index] if isinstance(index, (int, np.integer)) else index
        index = np.arange(len(self))[index]
        arrays = {field.name: getattr(self, field.name)[index] for field in fields(self) if field.name not in ('clips', 'classes')}
        return Recognition(clips=[self.clips[i] for i in index], classes=self.classes, **arrays)

    def __repr__(self) -> str:
        counts = np.bincount(self.labels, minlength=len(self.classes))
        seen = ', '.join(f'{counts[k]} {self.classes[k]}' for k in np.argsort(-counts, kind='stable')[:5] if counts[k])
        known = int((self.truth != UNLABELLED).sum())
        right = f'; accuracy {self.accuracy:.1%} of {known} with a label' if known else ''
        return f'Recognition({len(self)} clip{"s" if len(self) != 1 else ""}: {seen or "none"}{right})'

    def _repr_html_(self) -> str:
        """The first rows, for a notebook."""
        cells = [(row['clip'], row['name'], f'{row["probability"]:.3f}', row['truth'] or '') for row in self[:SHOWN].rows()]
        head = ''.join(f'<th>{name}</th>' for name in ('clip', 'seen as', 'probability', 'is'))
        body = ''.join(f'<tr>{"".join(f"<td>{escape(str(cell))}</td>" for cell in row)}</tr>' for row in cells)
        return f'<p>{escape(repr(self))}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


class Taken(NamedTuple):
    """Clips as they are judged: what they are, and what is said of all of them."""

    clips: List[Dict]
    metainfo: Dict


@INFERENCERS.register_module()
class Recognizer(ModelInferencer):
    """Names the actions of clips: ``Recognizer.load('work_dirs/mine').predict('clips.npz')``.

    It is one of MMEngine's inferencers too: ``recognizer('clips.npz')`` gives ``dict(predictions=…, visualization=…)``. Of a training by
    InfAGenC the recognizer is loaded that was fitted beside the generator.

    Args:
        model, weights, device, scope, show_progress: as :class:`~mmagenc.apis.inferencer.ModelInferencer`.
    """

    kind = 'recognizer'

    def predict(self, clips: Clips, *, batch_size: int = 64) -> Recognition:
        """What clips show.

        Args:
            clips: an annotation file, or an annotation as ``load_annotation`` reads it; a :class:`Motion`; annotation dicts, or one. They
                need no labels. Labels count by their names where both sides name their classes.
            batch_size: clips of a forward pass, no matter for the result.

        Raises:
            FileNotFoundError: no such file.
            ValueError: no clips, broken ones, or of another layout than the recognizer knows.
        """
        taken = self._taken(clips)
        scores = recognize(self.model, taken.clips, self.pipeline, batch_size=batch_size)
        return self._recognition(scores, taken)

    def _recognition(self, scores: RecognizerScores, taken: Taken) -> Recognition:
        names = [str(clip.get('frame_dir', number)) for number, clip in enumerate(taken.clips)]
        return Recognition(labels=scores.predicted, probabilities=scores.probability, features=scores.feature,
                           truth=self._truth(scores.label, taken.metainfo), clips=names, classes=self.classes)

    def _truth(self, labels: np.ndarray, metainfo: Mapping) -> np.ndarray:
        """Labels of the clips as indices of the recognizer's classes, -1 for classes that it does not know."""
        own, theirs = self.classes, [str(name) for name in metainfo.get('classes') or ()]
        if not theirs or theirs == own or not self._names_classes():
            return np.where((labels >= 0) & (labels < len(own)), labels, UNLABELLED)
        lower = [name.lower() for name in own]
        places = {name: place for place, name in enumerate(lower) if lower.count(name) == 1}
        places.update({name: place for place, name in enumerate(own)})  # names that differ in case alone are two
        index = np.array([places.get(name, places.get(name.lower(), UNLABELLED)) for name in theirs] + [UNLABELLED])
        return index[np.where((labels >= 0) & (labels < len(theirs)), labels, len(theirs))]

    def _names_classes(self) -> bool:
        return self.classes != list(map(str, range(len(self.classes))))

    def _taken(self, clips: Clips) -> Taken:
        """Clips and their metainfo, of whatever holds them.

        Raises:
            ValueError: something else, or clips of another layout than the recognizer's.
        """
        content, metainfo = clips, {}
        if isinstance(clips, (str, Path)):
            content = read_any_clips(clips)
        elif isinstance(clips, Motion):
            metainfo = _said_of(clips)
            content = motion_to_annotations(clips, prefix='clip', skeleton=metainfo.get('skeleton') or self.skeleton)
        if isinstance(content, Mapping):
            metainfo = dict(content.get('metainfo') or {})
            content = content.get('annotations', [content])
        if not isinstance(content, (list, tuple)) or not all(isinstance(clip, Mapping) for clip in content):
            raise ValueError(f'clips must be an annotation, its file, a Motion or a list of annotation dicts, got {type(clips).__name__}')
        if metainfo.get('skeleton') is not None:
            content = [{'skeleton': metainfo['skeleton'], **clip} for clip in content]
        if not takes_rotations(self.pipeline):
            content = [in_layout(normalized_clip(dict(clip)), None, self.skeleton) for clip in content]
        self._check_form(content, metainfo)
        return Taken([dict(clip) for clip in content], metainfo)

    def _check_form(self, clips: Sequence[Mapping], metainfo: Mapping) -> None:
        """Refuse clips of another layout, which would be judged all the same where it has as many joints; tell of another frame rate."""
        layouts = {clip.get('skeleton') for clip in clips} - {None}
        others = sorted(map(str, layouts - {self.skeleton}))
        if self.skeleton is not None and others and not takes_rotations(self.pipeline):
            raise ValueError(f'the clips are of the layout {", ".join(others)}, the recognizer knows {self.skeleton}')
        others = other_rates(clips, metainfo, self.fps)
        if others:
            warnings.warn(f'the clips have {", ".join(others)} frames a second, the recognizer has learnt from {self.fps:g}: it sees them '
                          'faster or slower than they were', stacklevel=4)

    def _algorithm(self) -> str:
        backbone = getattr(self.model, 'backbone', None)
        return type(self.model if backbone is None else backbone).__name__

    # As MMEngine's inferencers

    def _init_model(self, cfg: Config, weights: Optional[Place], device: str) -> nn.Module:
        model = init_recognizer(cfg, weights, device)
        if weights is not None and not model.learnt:
            raise ValueError(f'{weights}: its recognizer has learnt nothing yet, the checkpoint was written before the loop began')
        if weights is None:
            warnings.warn(f'{self.source.name}: a config without a checkpoint: this recognizer has initial values, what it says is chance; '
                          'give its weights, Recognizer(CONFIG, CHECKPOINT)', stacklevel=2)
        return model

    def _inputs_to_list(self, inputs: Clips) -> List[Taken]:
        """All clips as one input: those of a file, an annotation or a motion belong together."""
        return [self._taken(inputs)]

    def preprocess(self, inputs: Sequence[Taken], batch_size: int = 64, **kwargs) -> Iterator[Tuple[Taken, int]]:
        """Parts of at most ``batch_size`` clips."""
        for taken in inputs:
            for start in range(0, len(taken.clips), max(batch_size, 1)):
                yield Taken(taken.clips[start:start + max(batch_size, 1)], taken.metainfo)

    def forward(self, inputs: Taken, **kwargs) -> List[Recognition]:
        """What the clips of a part show, in a list."""
        scores = recognize(self.model, inputs.clips, self.pipeline, batch_size=len(inputs.clips))
        return [self._recognition(scores, inputs)]

    def visualize(self, inputs: Sequence[Taken], preds: Sequence[Recognition], return_vis: bool = False, out_dir: Optional[Place] = None,
                  force: bool = False) -> List:
        """Pictures of the clips, a row for each class that is seen: one strip ``(H, W, 3)`` in a list, and files in ``out_dir``; nothing
        unless asked for."""
        if not return_vis and out_dir is None:
            return []
        clips = [clip for taken in inputs for clip in taken.clips]
        names = [name for recognition in preds for name in recognition.names]
        order = np.argsort([self.classes.index(name) for name in names], kind='stable')
        up = inputs[0].metainfo.get('up')
        return [self._draw([clips[i] for i in order], [names[i] for i in order], up, out_dir, force)]

    def postprocess(self, preds: Sequence[Recognition], visualization: List, return_datasamples: bool = False) -> Dict:
        """``predictions``: :meth:`Recognition.rows`, or with ``return_datasamples`` one :class:`Recognition`."""
        arrays = {name: np.concatenate([getattr(part, name) for part in preds]) for name in
                  ('labels', 'probabilities', 'features', 'truth')}
        whole = Recognition(clips=[clip for part in preds for clip in part.clips], classes=self.classes, **arrays)
        return dict(predictions=whole if return_datasamples else whole.rows(), visualization=visualization)


def _said_of(motion: Motion) -> Dict:
    """What a motion says of its classes, layout and rate, where it does."""
    info = getattr(motion, 'info', None)
    get = info.get if isinstance(info, Mapping) else lambda key: getattr(info, key, None)
    return {key: get(key) for key in ('classes', 'skeleton', 'fps', 'up') if get(key) is not None}
