"""A recognizer or a generator of a config as a file that other programs run."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Optional, Sequence, Union

import numpy as np
import torch
from torch import nn

from mmagenc.deploy.files import Check, ExportError, write_model
from mmagenc.deploy.networks import LSTM_FRAMES, ClassifierNetwork, Portable, RecognizerNetwork, portable_generator, spec
from mmagenc.deploy.samples import moving_clip
from mmagenc.deploy.standalone import prepare as prepare_by_steps
from mmagenc.deploy.steps import encoding_steps, pipeline_steps
from mmagenc.draws import untouched_random_state
from mmagenc.engine.building import ConfigLike, read_config
from mmagenc.engine.model_folder import file_sum, taken_from
from mmagenc.models.generators import SLTGenerator
from mmagenc.models.recognizers import prepare
from mmagenc.skeletons import Skeleton, get_skeleton
from mmagenc.skeletons.library import MMACTION2_LAYOUTS
from mmagenc.version import __version__

from .inits import init_generator, init_recognizer, known_clips, recognizer_settings, trains_generator
from .recognize import reads_pixels

PARTS = ('recognizer', 'generator', 'classifier')
FORMS = ((3, False), (2, True), (2, False))
"""Coordinates, and whether with scores, that are tried on a recognizer whose config does not say what its clips have. Three channels may be
x, y, z or x, y and the score: a pipeline that scales by an image (``PreNormalize2D``) sees pixels."""
STEP_TOLERANCE = 1e-5
"""Largest difference between the steps' inputs and the pipeline's, a share of the largest value."""
SAMPLES = 3


@dataclass(frozen=True)
class Export:
    """What was written.

    Args:
        part: of :data:`PARTS`.
        check: the file's outputs beside torch's.
        meta: the metadata.
        step_difference: between the inputs that the steps make and the pipeline's, or ``None`` where there are no steps.
    """

    part: str
    check: Check
    meta: Dict
    step_difference: Optional[float] = None


def export_model(config: ConfigLike,
                 checkpoint: Union[str, Path, None],
                 out: Union[str, Path],
                 *,
                 part: Optional[str] = None,
                 raw: bool = False,
                 skeleton: Optional[str] = None,
                 fps: Optional[float] = None,
                 clips: Optional[Sequence[Dict]] = None) -> Export:
    """Write a model as ONNX or as a program of ``torch.export``, with all that is to be known of it in the file.

    Args:
        config: a recognizer's or a generator's config, or its path.
        checkpoint: its checkpoint; ``None`` keeps the initial values.
        out: ``.onnx`` or ``.pt2``; a file that is there is replaced.
        part: ``'generator'``, ``'recognizer'`` (also the judge of a generator's config), or ``'classifier'``, SLT's. ``None`` is what the
            config trains.
        raw: leave the test pipeline to whoever runs the file, where no steps for numpy are known.
        skeleton: layout of the recognizer's clips, where neither config nor checkpoint name it.
        fps: frames a second of the clips, where neither names it.
        clips: recordings that the file is tried with; ``None`` makes some up.

    Returns:
        Export: the metadata, and how near the file is to torch.

    Raises:
        FileNotFoundError: no such config or checkpoint.
        ValueError: a model or a pipeline that cannot be exported, or a file whose numbers are not torch's; then nothing is written.
        ImportError: a package that writing needs is not installed.
    """
    cfg = read_config(config)
    checkpoint = taken_from(cfg, checkpoint)
    part = part or ('generator' if trains_generator(cfg) else 'recognizer')
    if part not in PARTS:
        raise ValueError(f'part must be one of {", ".join(PARTS)}, got {part!r}')
    said = {**({'skeleton': skeleton} if skeleton else {}), **({'fps': fps} if fps else {})}
    with torch.random.fork_rng(devices=[]), untouched_random_state():
        torch.manual_seed(0)
        if part == 'recognizer':
            exported = _recognizer(cfg, init_recognizer(cfg, checkpoint), said, raw, clips)
        else:
            exported = (_generator if part == 'generator' else _classifier)(init_generator(cfg, checkpoint), clips)
        portable, meta, difference = exported
        meta = {**meta, 'kind': 'generator' if part == 'generator' else 'recognizer', **_origin(cfg, checkpoint)}
        check, dynamic = write_model(portable, out, meta)
    meta = dict(meta, **portable.facts, frames=portable.frames, dynamic=dynamic, inputs=portable.inputs, outputs=portable.outputs)
    return Export(part, check, meta, difference)


def _origin(cfg, checkpoint) -> Dict:
    """Which program wrote the file of which weights."""
    digest = None if checkpoint is None else file_sum(checkpoint)[1]
    return dict(mmagenc=__version__, config=Path(cfg.filename).name if cfg.filename else None,
                checkpoint=None if checkpoint is None else Path(checkpoint).name, checkpoint_sha256=digest)


def _layout_facts(layout: Optional[Skeleton], num_dims: Optional[int]) -> Dict:
    units = {3: 'metres', 2: 'pixels'}.get(num_dims)
    if layout is None:
        return dict(skeleton=None, keypoint_names=None, parents=None, units=units)
    return dict(skeleton=layout.name, keypoint_names=list(layout.joint_names), parents=[int(parent) for parent in layout.parents],
                units=units)


# --- Generators


def _generator(model, clips):
    portable = portable_generator(model)
    meta = model.dataset_meta
    layout = get_skeleton(model.representation.keypoint_skeleton)
    dims = 3 if 'pose' in portable.outputs else model.representation.num_channels
    facts = dict(classes=meta['classes'], fps=meta['fps'], up=meta.get('up'), model=type(model).__name__, **_layout_facts(layout, dims),
                 form=f'keypoint (N, T, {layout.num_joints}, {dims})', steps=None)
    return portable, facts, None


def _classifier(model, clips):
    """SLT's classifier, as a recognizer of one person's clips."""
    if not isinstance(model, SLTGenerator):
        raise ValueError(f'{type(model).__name__} has no classifier; SLTGenerator has')
    form = model.representation
    if not hasattr(form, 'num_keypoints'):
        raise ValueError('the classifier of a generator of rotations sees rotations, of which no step for numpy is known')
    form._require_statistics()
    frames, layout = model.num_frames, form.skeleton
    steps = [dict(step='window', num_frames=frames, every=1, padding='repeat'), *encoding_steps(form)]
    steps += [dict(step='drop_scores'), dict(step='inputs_of_persons', num_person=1, mode='zero')]
    clips = clips or [moving_clip(layout, num_dims=form.num_channels, scored=False, seed=seed) for seed in range(SAMPLES)]
    sample = torch.from_numpy(np.concatenate([prepare_by_steps(clip, steps) for clip in clips]))
    cut = [torch.from_numpy(clip['keypoint'][:1, (clip['total_frames'] - frames) // 2:][:, :frames]) for clip in clips
           if clip['total_frames'] >= frames]
    encoded = torch.stack([form.encode(dict(keypoint=keypoint))[0] for keypoint in cut]) if len(cut) == len(clips) else sample[:, 0]
    difference = _compared(sample[:, 0].numpy(), encoded.numpy())
    portable = _recognizer_portable(ClassifierNetwork(model), sample, LSTM_FRAMES)
    facts = dict(classes=model.dataset_meta['classes'], fps=model.dataset_meta['fps'], model='SLTGenerator.classifier', steps=steps,
                 pipeline=None, form=_form_words(sample), scores=False,
                 **_layout_facts(layout, form.num_channels))
    return portable, facts, difference


# --- Recognizers


def _recognizer(cfg, model: nn.Module, said: Dict, raw: bool, clips: Optional[Sequence[Dict]]):
    pipeline = model.test_pipeline
    if pipeline is None:
        raise ValueError('the config has no test pipeline, which says what the network is given; raw files need it too, for the sizes')
    known = {**known_clips(model), **said}
    named = known.get('skeleton')
    steps = None if raw else pipeline_steps(pipeline, None if named is None else get_skeleton(named).name)
    sample, clip = _tried(model, pipeline, clips, named or _graph_layout(model))
    difference = None if steps is None else max(
        _compared(prepare_by_steps(one, steps), inputs) for one, inputs in zip(clip, sample))
    inputs = torch.from_numpy(np.concatenate(sample))
    layout = clip[0].get('skeleton')
    facts = dict(
        classes=known['classes'], fps=float(known['fps']) if known.get('fps') else None, up=known.get('up'),
        model=f'{type(model).__name__} of {type(model.backbone).__name__}', steps=steps, pipeline=_plain(recognizer_settings(cfg)[1]),
        form=_form_words(inputs), scores='keypoint_score' in clip[0],
        **_layout_facts(None if layout is None else get_skeleton(layout), clip[0]['keypoint'].shape[-1]))
    return _recognizer_portable(RecognizerNetwork(model), inputs), facts, difference


def _recognizer_portable(network: nn.Module, sample: torch.Tensor, fixed: Optional[str] = None) -> Portable:
    persons, frames, *rest = sample.shape[1:]
    shape = ['N', persons, frames if sample.ndim != 5 else 'T', *rest]
    fixed = fixed or (None if sample.ndim == 5 else 'the network is no graph network')
    return Portable(network.eval(), [spec('keypoint', shape, 'given')], ['score', 'feature'], frames, fixed, sample=sample)


def _form_words(inputs: torch.Tensor) -> str:
    if inputs.ndim != 5:
        return f'(N, {", ".join(map(str, inputs.shape[1:]))})'
    return f'(N, M, T, V, C) = (N, {inputs.shape[1]}, T, {inputs.shape[3]}, {inputs.shape[4]})'


def _graph_layout(model: nn.Module) -> Optional[str]:
    layout = getattr(getattr(model.backbone, 'graph', None), 'layout', None)
    try:
        return get_skeleton(MMACTION2_LAYOUTS.get(layout, layout)).name if isinstance(layout, str) else None
    except ValueError:
        return None


def tried_form(model: nn.Module, skeleton: Optional[str]) -> Dict:
    """A made-up clip of the form that a recognizer takes: 3 coordinates, or 2 with scores or without.

    Args:
        model: of :func:`~mmagenc.apis.init_recognizer`, with a test pipeline.
        skeleton: layout of its clips; ``None`` is that of its graph.

    Raises:
        ValueError: no layout is known, or none of the forms goes through pipeline and network.
    """
    return _tried(model, model.test_pipeline, None, skeleton or _graph_layout(model))[1][0]


def _tried(model: nn.Module, pipeline, clips: Optional[Sequence[Dict]], skeleton: Optional[str]):
    """Inputs ``(clips, …)`` that the pipeline makes of each of some clips, and the clips: the first form that pipeline and network take."""
    if clips:
        clips = list(clips)[:SAMPLES]
        return [_inputs(pipeline, clip) for clip in clips], clips
    if skeleton is None:
        raise ValueError('neither config nor checkpoint name the layout of the keypoints: say it with --skeleton')
    problems = []
    for dims, scored in FORMS[1:] if reads_pixels(pipeline) else FORMS:
        made = [moving_clip(get_skeleton(skeleton), num_dims=dims, scored=scored, seed=seed) for seed in range(SAMPLES)]
        try:
            inputs = [_inputs(pipeline, clip) for clip in made]
            with torch.no_grad():
                RecognizerNetwork(model).eval()(torch.from_numpy(inputs[0]))
        except Exception as error:  # of transforms and networks, which assert and index
            problems.append(f'{dims} coordinates{" with scores" if scored else ""}: {str(error) or type(error).__name__}')
            continue
        return inputs, made
    raise ValueError(f'the recognizer takes no made-up clips of {skeleton}, {"; ".join(dict.fromkeys(problems))[:600]}')


def _inputs(pipeline, clip: Dict) -> np.ndarray:
    with untouched_random_state():
        return np.asarray(pipeline(prepare(clip))['inputs'], dtype=np.float32)


def _compared(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Largest difference between what steps and pipeline make.

    Raises:
        ExportError: they do not agree.
    """
    if ours.shape != theirs.shape:
        raise ExportError(f'the steps of the test pipeline make {ours.shape} of a clip, the pipeline {theirs.shape}: export with --raw')
    difference = float(np.abs(ours - theirs).max())
    if not difference <= STEP_TOLERANCE * (1 + float(np.abs(theirs).max())):
        raise ExportError(f'the steps of the test pipeline differ from it by {difference:.2g}: export with --raw')
    return difference


def _plain(value: Any) -> Any:
    """A config's values as JSON has them; what has no form there as text."""
    return json.loads(json.dumps(value, default=str))
