"""What a training of the loop promises, checked before its first epoch: data, generator, judge and metric go together.

One recording and one generated clip go through the judge's pipelines and through the judge; what does not fit is refused by the name of
the config's key. Once the judge has been fitted, it is asked for recordings and for the same recordings encoded and decoded.
"""

import logging
import traceback
from dataclasses import dataclass, field
from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from torch import nn

from mmagenc.clips import seen_by_score
from mmagenc.datasets.annotation import count_persons, motion_to_annotations, present_persons
from mmagenc.datasets.transforms import BodyUnit, ConsecutiveSample, FillGaps
from mmagenc.datasets.transforms.formatting import ONE_PERSON
from mmagenc.draws import untouched_random_state
from mmagenc.evaluation.functional import by_path_alone, chance_of, is_near_chance
from mmagenc.evaluation.functional.accuracy import FEWEST_LOST
from mmagenc.models.recognizers import prepare
from mmagenc.registry import DATASETS
from mmagenc.skeletons import get_skeleton

from .probes import in_place, path_alone, statue
from .recognizer_trainer import RecognizerTrainer


class ContractError(ValueError):
    """Parts of a config that do not go together; the message names the key and what to put there."""


@dataclass
class Contract:
    """What the check found out.

    Args:
        warnings: what may be meant so, but deserves a word.
        sees: what the judge's pipeline sees of recordings that generated clips do not have of their own: ``'place'`` (where the body is),
            ``'path'`` (its way through the room) or ``'size'``.
    """

    warnings: List[str] = field(default_factory=list)
    sees: List[str] = field(default_factory=list)


def check_contract(model: nn.Module, annotations: Sequence[Dict], trainer: RecognizerTrainer, *, metainfo: Dict,
                   num_frames: int) -> Contract:
    """Check generator, recordings and judge against each other; global random states and weights stay as they are.

    Args:
        model: the generator, trained or not, with the statistics of its representation.
        annotations: the training recordings.
        trainer: the judge.
        metainfo: of the training set (``classes``).
        num_frames: frames of a generated clip.

    Returns:
        Contract: warnings, and what the judge sees that the generator does not make.

    Raises:
        ContractError: something does not fit.
    """
    contract = Contract()
    labels = np.array(annotations.values('label') if hasattr(annotations, 'values') else [clip['label'] for clip in annotations])
    if getattr(model, 'gap', 1) != 1:
        raise ContractError(f'model.gap={model.gap}: the generator makes one of {model.gap} frames, the judge and the training set see '
                            'all. Set model.gap=1 and leave `step` out of its pipeline; fps=… of the dataset makes all clips slower alike')
    _check_classes(model, trainer, labels, annotations, metainfo.get('classes'), contract)
    _check_persons(model, annotations)
    with untouched_random_state():
        real = annotations[0]
        generated = _one_generated(model, int(real['label']), num_frames)
        samples = {}
        for name, pipeline in (('train_pipeline', trainer.train_pipeline), ('test_pipeline', trainer.test_pipeline)):
            pair = [_through(pipeline, trainer, clip, name, kind) for clip, kind in ((real, 'recording'), (generated, 'generated clip'))]
            _check_alike(*pair, name)
            _check_graph(trainer.model, pair[0], name)
            samples[name] = pair
            check_bodies(pipeline, lambda: annotations, f"the recognizer's {name}", fixed=name == 'test_pipeline')
        _check_forward(trainer.model, samples)
        contract.sees = _what_only_recordings_have(model, real, trainer)
    missing = [name for name in contract.sees if name == 'path' or not hasattr(model.representation, 'place')]
    if missing:  # a usual place and size is given to clips, a path is not
        contract.warnings.append(f"the judge's test_pipeline sees the {' and the '.join(missing)} of a body in recordings, which the "
                                 f'generator does not make: {_remedy(missing)}')
    gaps = _share_unseen(annotations)
    if gaps > 0.01:
        contract.warnings.append(f'{gaps:.1%} of the keypoints of the recordings have score 0: the generator learns their places (often 0, '
                                 '0) as movement; fill them with fill_gaps=dict(max_gap=…) of MotionDataset')
    return contract


# Classes and persons ------------------------------------------------------------------------------------------------------------------


def _check_classes(model, trainer, labels: np.ndarray, annotations, classes: Optional[Sequence[str]], contract: Contract) -> None:
    known, head = model.num_classes, num_classes_of(trainer.model)
    if classes and len(classes) != known:
        raise ContractError(f'model.num_classes={known}, but the recordings have {len(classes)} classes ({", ".join(map(str, classes))}): '
                            f'set model.num_classes={len(classes)}')
    wrong = np.flatnonzero((labels < 0) | (labels >= known))
    if len(wrong):
        clip, label = annotations[int(wrong[0])], int(labels[wrong[0]])
        begins = ', and labels begin at 0' + (f' (these are {labels.min()} to {labels.max()}: subtract 1)' if labels.min() == 1 else '')
        raise ContractError(f'clip {clip["frame_dir"]} has label {label}, but model.num_classes={known} knows 0 to {known - 1}{begins}')
    if head is not None and head != known:
        raise ContractError(f"the judge tells {head} classes apart, but there are {known}: set the recognizer's model.cls_head.num_classes="
                            f'{known}')
    missing = sorted(set(range(known)) - set(labels.tolist()))
    if missing:
        names = ', '.join(str(classes[label]) if classes else str(label) for label in missing)
        hint = ' (labels begin at 0)' if missing == [0] and not classes else ''
        contract.warnings.append(f'no recordings of class {names}{hint}: the generator cannot learn it, and no clips of it are generated')
    if len(set(labels.tolist())) < 2:
        raise ContractError('all recordings are of one class, and the judge of the loop has nothing to tell apart: '
                            'default_hooks.infagenc=None trains the generator alone')


def num_classes_of(recognizer: nn.Module) -> Optional[int]:
    """Classes that an MMAction2 recognizer's head tells apart, where that can be told."""
    return getattr(getattr(recognizer, 'cls_head', None), 'num_classes', None)


def check_metric(evaluator, num_classes: int) -> None:
    """The classes of a test metric's own recognizer.

    Args:
        evaluator: ``test_evaluator`` of the config: a metric's settings, several, or ``None``.
        num_classes: classes of the data.

    Raises:
        ContractError: the recognizer tells another number of classes apart.
    """
    for index, metric in enumerate(evaluator if isinstance(evaluator, (list, tuple)) else [evaluator]):
        judge = (metric.get('judge') or metric) if isinstance(metric, dict) else {}  # former configs name it beside the others
        recognizer = judge.get('recognizer')
        head = (recognizer.get('cls_head') or {}).get('num_classes') if isinstance(recognizer, dict) else None
        if head not in (None, num_classes):
            place = f'test_evaluator.{index}' if isinstance(evaluator, (list, tuple)) else 'test_evaluator'
            place += '.judge' if judge is not metric else ''
            raise ContractError(f'{place}.recognizer.cls_head.num_classes={head}, but there are {num_classes} classes: judge by a '
                                'recognizer of these classes')


def part_warnings(cfg) -> List[str]:
    """What of a config's ``val`` and ``test`` data cannot be read, or has no clips: it would end an evaluation after the training."""
    warnings = []
    for part in ('val_dataloader', 'test_dataloader'):
        dataset = (cfg.get(part) or {}).get('dataset')
        if not isinstance(dataset, dict) or 'type' not in dataset:
            continue
        try:
            built = DATASETS.build(dataset)
            if not len(built):
                warnings.append(f'{part}.dataset has no clips')
            several = [clip['frame_dir'] for clip in getattr(built, 'annotations', list)() if count_persons(clip) > 1]
            if several and any(step.get('type') == 'PackMotionInputs' and step.get('person') is None for step in dataset['pipeline']):
                warnings.append(f'{part}.dataset: {len(several)} clips have several persons ({several[0]}), at which a test would end: '
                                f'{ONE_PERSON}')
        except Exception as error:  # whatever a dataset raises: the training itself does not need it
            warnings.append(f'{part}.dataset cannot be read, which would end a test: {type(error).__name__}: {error}')
    return warnings


def _check_persons(model, annotations) -> None:
    several = [(clip['frame_dir'], count) for clip in annotations if (count := len(present_persons(clip))) > 1]
    if several and getattr(model, 'num_persons', 1) == 1:
        name, count = several[0]
        raise ContractError(f'{len(several)} of {len(annotations)} recordings have several persons ({name} has {count}), and the generator '
                            f'makes one person.\n  {ONE_PERSON}')


def _share_unseen(annotations) -> float:
    scores = [clip['keypoint_score'] for clip in annotations if 'keypoint_score' in clip]
    return float(np.mean([1 - seen_by_score(score).mean() for score in scores])) if scores else 0.


# Pipelines and forward passes -----------------------------------------------------------------------------------------------------------


def _one_generated(model, label: int, num_frames: int) -> Dict:
    motion = model.generate(torch.tensor([label]), num_frames, generator=torch.Generator().manual_seed(0)).cpu()
    return motion_to_annotations(motion, prefix='generated')[0]


def _through(pipeline, trainer, clip: Dict, name: str, kind: str) -> Dict:
    """A clip's sample; an error is told with the transform in which it arose."""
    sample = prepare(clip, test_mode=name == 'test_pipeline', form=trainer.form)
    for transform in getattr(pipeline, 'transforms', [pipeline]):
        try:
            sample = transform(sample)
        except Exception as error:
            raise ContractError(f"the recognizer's {name}: {type(transform).__name__} does not take a {kind} "
                                f'({_describe(clip)}): {type(error).__name__}: {error}') from error
        if sample is None:
            raise ContractError(f"the recognizer's {name}: {type(transform).__name__} drops a {kind} ({_describe(clip)})")
    if not isinstance(sample, dict) or 'inputs' not in sample:
        raise ContractError(f"the recognizer's {name} must end in mmaction.PackActionInputs")
    return sample


def _describe(clip: Dict) -> str:
    arrays = [f'{key} {value.shape}' for key, value in clip.items() if isinstance(value, np.ndarray)]
    return ', '.join([f'clip {clip["frame_dir"]}', *arrays])


def _check_alike(real: Dict, generated: Dict, name: str) -> None:
    shapes = [tuple(sample['inputs'].shape) for sample in (real, generated)]
    if shapes[0] != shapes[1]:
        raise ContractError(f"the recognizer's {name} makes {shapes[0]} of a recording and {shapes[1]} of a generated clip "
                            '(clips, persons, frames, keypoints, channels): a judge must see both alike')


def _check_graph(recognizer: nn.Module, sample: Mapping, name: str, *, who: str = 'judge') -> None:
    """Nodes of a graph network against the keypoints of its input."""
    nodes, shape = getattr(getattr(getattr(recognizer, 'backbone', None), 'graph', None), 'num_node', None), sample['inputs'].shape
    if nodes is not None and len(shape) == 5 and nodes != shape[3]:
        raise ContractError(f"the graph of the {who} has {nodes} nodes, but its {name} gives {shape[3]} keypoints: set the recognizer's "
                            'model.backbone.graph_cfg.layout to the layout of the data')


def _why(recognizer: nn.Module, shape: Sequence[int], error: Exception) -> str:
    """The setting behind an error of a forward pass, where it can be told: MMAction2's graph networks begin with a norm of all channels."""
    of_head = isinstance(error, AssertionError) or 'mat1 and mat2 shapes' in str(error) and _arose_in(recognizer.cls_head, error)
    if of_head and hasattr(recognizer.cls_head, 'in_channels'):
        return f'set model.cls_head.in_channels, which is {recognizer.cls_head.in_channels}, to the channels that the backbone gives: '
    norm = getattr(getattr(recognizer, 'backbone', None), 'data_bn', None)
    if len(shape) != 5 or norm is None or str(norm.num_features) not in str(error):
        return ''
    persons, _, keypoints, channels = shape[1:]
    if norm.num_features in (keypoints * channels, keypoints * channels * persons) or norm.num_features % keypoints:
        return ''
    return (f"set the recognizer's model.backbone.in_channels={channels} instead of {norm.num_features // keypoints} (keypoint_score, "
            'where clips have it, is a channel behind the coordinates; DropScores in front of FormatGCNInput leaves it out): ')


def _arose_in(module: nn.Module, error: Exception) -> bool:
    return any(frame.f_locals.get('self') is module for frame, _ in traceback.walk_tb(error.__traceback__))


def _check_forward(recognizer: nn.Module, samples: Dict[str, List[Dict]]) -> None:
    """A loss and a prediction, in evaluation mode, so that no statistics of a batch norm move."""
    for name, mode in (('train_pipeline', 'loss'), ('test_pipeline', 'predict')):
        _forward(recognizer, samples[name], name, mode)


def _forward(recognizer: nn.Module, samples: Sequence[Mapping], name: str, mode: str) -> None:
    was_training = recognizer.training
    recognizer.eval()
    try:
        with torch.no_grad():
            data = recognizer.data_preprocessor(pseudo_collate(samples), False)
            recognizer(**data, mode=mode)
    except Exception as error:
        shape = tuple(samples[0]['inputs'].shape)
        raise ContractError(f"{_why(recognizer, shape, error)}the recognizer's model does not take what its {name} gives, inputs of shape "
                            f'{shape}: {type(error).__name__}: {error}') from error
    finally:
        recognizer.train(was_training)


def check_recognizer(recognizer: nn.Module, dataset, name: str, mode: str) -> None:
    """Put the first clip of a data set through a recognizer that is trained or tested by itself, in evaluation mode; no draws are spent.

    Models of other kinds, and what gives no sample of a recognizer, are passed over.

    Args:
        recognizer: the model.
        dataset: its clips.
        name: of the loader, for the message.
        mode: ``'loss'`` or ``'predict'``.

    Raises:
        ContractError: channels, keypoints or features that do not go together, naming the setting.
    """
    if any(getattr(recognizer, part, None) is None for part in ('backbone', 'cls_head', 'data_preprocessor')):
        return
    with untouched_random_state():
        try:
            sample = dataset[0]
        except Exception:  # told where it is read
            return
        if isinstance(sample, dict) and isinstance(sample.get('inputs'), torch.Tensor):
            _check_graph(recognizer, sample, name, who='recognizer')
            _forward(recognizer, [sample], name, mode)


def check_bodies(pipeline, annotations: Callable[[], Sequence[Dict]], source: str, *, fixed: bool = False, generator=None) -> None:
    """Refuse clips in which nobody is there to measure, where bodies are measured: told before training, not when such a clip comes.

    Args:
        pipeline: its transforms; what stands before :class:`BodyUnit` in it gives nobody a body.
        annotations: gives the clips, with their layout.
        source: begins the message.
        fixed: windows are those of a test, and not drawn.
        generator: a model that may measure what the pipeline gives (``unit='body'``).

    Raises:
        ContractError: naming how many clips, and one of them.
    """
    transforms = list(getattr(pipeline, 'transforms', ()))
    at = next((place for place, transform in enumerate(transforms) if isinstance(transform, BodyUnit)), None)
    unit = getattr(getattr(generator, 'representation', None), 'unit', None)
    if at is None and unit != 'body':
        return
    clips = [clip for clip in annotations() if clip.get('skeleton') is not None]
    if at is not None:
        nobody = [clip['frame_dir'] for clip in clips if BodyUnit.length(clip) == 0]
        if nobody:
            raise ContractError(f'{source}: {_such(nobody, len(clips))}: {BodyUnit.why_not(np.float32(0))}')
    before = transforms[:at]
    sampler = next((transform for transform in reversed(before) if isinstance(transform, ConsecutiveSample)), None)
    if sampler is None or any(isinstance(transform, FillGaps) for transform in before):
        return
    empty = {clip['frame_dir']: _empty_window(clip, sampler, fixed, half=at is None) for clip in clips}
    lost = [name for name, window in empty.items() if window is not None]
    if lost:
        first, last = empty[lost[0]]
        whose = 'the generator' if at is None else 'BodyUnit'
        raise ContractError(
            f'{source}: {_such(lost, len(clips))}: in frames {first} to {last} of {lost[0]}, a window that may be drawn, all keypoints lie '
            f'on one place half of the time or more, and {whose} has no body to measure: fill_gaps=dict(max_gap=…) of the data set '
            '(own_data.fill_gaps) cuts clips where nobody is seen; or leave such clips out')


def _such(names: Sequence[str], total: int) -> str:
    return f'clip {names[0]}' if len(names) == 1 else f'{len(names)} of {total} clips, such as {names[0]}'


def _empty_window(clip: Dict, sampler: ConsecutiveSample, fixed: bool, half: bool) -> Optional[Tuple[int, int]]:
    """First and last frame of a window whose body length is 0, the median over its frames; ``None`` if there is none.

    With ``half`` it is that already if half of them are empty: of two frames in the middle PyTorch takes the lower one, NumPy the mean.
    """
    empty = BodyUnit.lengths(clip) == 0
    if not empty.any():
        return None
    starts, frames = sampler.windows(len(empty), fixed=fixed)
    count = sum(empty[starts + frame].astype(int) for frame in frames)
    found = np.flatnonzero(2 * count + half > len(frames))
    return (int(starts[found[0]]), int(starts[found[0]] + frames[-1])) if len(found) else None


# What the judge sees ------------------------------------------------------------------------------------------------------------------


def _what_only_recordings_have(model, real: Dict, trainer: RecognizerTrainer) -> List[str]:
    """Of place and path, what changes the judge's input although the generator does not make it."""
    representation = getattr(model, 'representation', None)
    if representation is None:
        return []
    keypoint = real['keypoint']
    extent = float(np.ptp(keypoint, axis=(0, 1, 2)).max()) or 1.
    root = keypoint[:, :, [get_skeleton(representation.keypoint_skeleton).root]]
    changed = dict(
        place=keypoint + np.float32(0.3 * extent),
        path=keypoint - root + root[:, :1],
        size=(keypoint - root[:, :1]) * np.float32(1.3) + root[:, :1])
    makes = dict(
        place=getattr(representation, 'root_center', True) is None,
        path=getattr(representation, 'keeps_path', True),
        size=getattr(representation, 'unit', 'data') == 'data')
    reference = _input_of(real, trainer)
    sees = {name: not torch.allclose(_input_of(dict(real, keypoint=value), trainer), reference, atol=1e-4)
            for name, value in changed.items() if not makes[name]}
    return [name for name, seen in sees.items() if seen]


def _input_of(clip: Dict, trainer: RecognizerTrainer) -> torch.Tensor:
    with untouched_random_state():
        return trainer.test_pipeline(prepare(clip, form=trainer.form))['inputs'].float()


def _remedy(sees: Sequence[str]) -> str:
    ways = dict(
        place="root_center=None in the generator's representation makes it, RootCenter in the pipelines takes it out",
        size="unit='data' in the generator's representation makes it, BodyUnit or MinMaxScale in the pipelines takes it out",
        path="translation=True (or root_center=False) in the generator's representation makes it, RootCenter(per_frame=True) in the "
        'pipelines takes it out')
    return '; '.join(ways[name] for name in sees)


# Once the judge has been fitted ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class JudgeCheck:
    """How a fitted judge names recordings.

    Args:
        recordings: accuracy on recordings.
        round_trip: accuracy on the same recordings encoded and decoded; ``None`` for a generator without a representation.
        num_recordings: how many.
        split: whose they are: ``'held out'`` or ``'training'`` recordings (which the judge has learnt).
        chance: what guessing gives, see :func:`~mmagenc.evaluation.functional.chance_of`.
        in_place: accuracy on the same recordings with the body held in place; ``None``: the judge does not see the path.
        statues: … with one posture in all frames.
        path_alone: … with a stiff body on the recorded path; ``None`` as ``in_place``.
    """

    recordings: float
    round_trip: Optional[float]
    num_recordings: int
    split: str
    chance: float
    in_place: Optional[float] = None
    statues: Optional[float] = None
    path_alone: Optional[float] = None

    @property
    def near_chance(self) -> bool:
        """Whether the accuracy may well be chance, see :func:`~mmagenc.evaluation.functional.is_near_chance`."""
        return is_near_chance(self.recordings, self.num_recordings, self.chance)

    @property
    def by_path_alone(self) -> bool:
        """Whether it knows recordings by their path and nothing else, see :func:`~mmagenc.evaluation.functional.by_path_alone`."""
        return by_path_alone(self.recordings, self.in_place, self.path_alone, self.num_recordings, self.chance)

    def __str__(self) -> str:
        trip = '' if self.round_trip is None else f', and {self.round_trip:.1%} of them encoded and decoded'
        probes = [f'{accuracy:.1%} {words}' for accuracy, words in
                  ((self.in_place, 'with the body held in place'), (self.statues, 'as statues'),
                   (self.path_alone, 'with a stiff body on the recorded path')) if accuracy is not None]
        without = f'; of the same recordings {", ".join(probes)}' if probes else ''
        return (f'the judge names {self.recordings:.1%} of {self.num_recordings} {self.split} recordings rightly{trip} '
                f'(chance {self.chance:.1%}){without}')


def check_judge(model, trainer: RecognizerTrainer, recordings: Sequence[Dict], *, split: str, most: int = 256) -> JudgeCheck:
    """Ask a fitted judge for recordings, for the same as the generator's representation gives them back, and for the same with one
    thing taken from them (:mod:`~mmagenc.engine.probes`).

    Args:
        model: the generator.
        trainer: the judge.
        recordings: labelled clips; of more than ``most`` every n-th is taken.
        split: what they are called.
        most: clips that are asked for at most.
    """
    step = -(-len(recordings) // most)
    clips = [recordings[index] for index in range(0, len(recordings), step)]
    trips = round_trip(model, clips)
    layout = getattr(getattr(model, 'representation', None), 'keypoint_skeleton', None)
    with untouched_random_state():
        accuracy = trainer.score(clips).accuracy
        placed, stiff = ([probe(clip, layout) for clip in clips] for probe in (in_place, path_alone))
        sees_path = any(_sees(trainer, *pair) for pair in zip(clips, placed))
        return JudgeCheck(
            accuracy,
            None if trips is None else trainer.score(trips).accuracy,
            len(clips),
            split,
            chance_of([clip['label'] for clip in clips], model.num_classes),
            in_place=trainer.score(placed).accuracy if sees_path else None,
            statues=trainer.score([statue(clip) for clip in clips]).accuracy,
            path_alone=trainer.score(stiff).accuracy if sees_path else None)


def _sees(trainer: RecognizerTrainer, clip: Dict, changed: Dict) -> bool:
    return not torch.allclose(_input_of(clip, trainer), _input_of(changed, trainer), atol=1e-4)


@torch.no_grad()
def round_trip(model, clips: Sequence[Dict]) -> Optional[List[Dict]]:
    """Recordings encoded and decoded by a generator's representation: what a perfect generator would make of them."""
    representation = getattr(model, 'representation', None)
    if representation is None:
        return None
    device, trips = next(model.parameters()).device, []
    for clip in clips:
        person = (present_persons(clip) or [0])[0]
        inputs = {key: torch.from_numpy(np.ascontiguousarray(clip[key][person], dtype=np.float32))[None].to(device)
                  for key in ('keypoint', 'keypoint_score', 'pose', 'transl') if key in clip}
        length = torch.tensor([clip['total_frames']], device=device)
        motion = representation.decode(representation.encode(inputs), label=torch.tensor([clip['label']], device=device), length=length)
        trips += motion_to_annotations(motion.cpu(), prefix=clip['frame_dir'])
    return trips


def require_alike(check: JudgeCheck, max_gap: Optional[float], contract: Contract) -> None:
    """Stop where the judge knows recordings but not what the representation makes of them.

    A judge near chance tells nothing of either, and one or two clips may differ by accident.

    Raises:
        ContractError: ``recordings − round_trip`` is above ``max_gap``, and that is at least three clips.
    """
    if max_gap is None or check.round_trip is None or check.near_chance:
        return
    gap = check.recordings - check.round_trip
    if gap <= max_gap or round(gap * check.num_recordings) < FEWEST_LOST:
        return
    cause = _remedy(contract.sees) if contract.sees else (
        'the pipelines look at something that the representation changes (size, bone lengths of another body, scores, image shape)')
    raise ContractError(f'{check}: a perfect generator would fail before this judge by more than max_gap={max_gap}. Likely cause: {cause}')


def warn(logger: logging.Logger, messages: Sequence[str]) -> None:
    """Log each message as a warning of the loop."""
    for message in messages:
        logger.warning(f'InfAGenC: {message}')
