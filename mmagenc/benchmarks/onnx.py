"""Recognizers of own data as ONNX files in onnxruntime, beside PyTorch, and what a stream's frame takes."""

import tempfile
from functools import partial
from pathlib import Path
from typing import Dict, List

import numpy as np
import torch

from mmagenc.benchmarks.timing import Settings, compare, row, timed
from mmagenc.deploy.files import write_model
from mmagenc.deploy.networks import Portable, RecognizerNetwork, spec
from mmagenc.deploy.samples import moving_clip
from mmagenc.deploy.standalone import OnnxModel
from mmagenc.deploy.steps import body_bones
from mmagenc.deploy.stream import stream_of_file
from mmagenc.engine.own_data import RECOGNIZERS
from mmagenc.registry import MODELS
from mmagenc.skeletons import get_skeleton

LAYOUT, CLASSES = 'coco17', 5
BATCHES = (1, 64)


def onnx(settings: Settings) -> List[Dict]:
    """The judges of ``configs/infagenc/own_2d.py`` on windows of 60 frames: one clip and 64 at once, and a stream frame by frame.

    Rows of clips have onnxruntime as ours and PyTorch as the reference; both have the threads of PyTorch's setting. The rows ``…_stream``
    are seconds of one prediction with everything that is done to its window, at the median (``ours_s``) and at 95 % (``p95_s``), for
    frames that come 30 times a second and a prediction for each; the reference is the time until the next frame.
    """
    frames = 16 if settings.quick else 60
    rows = []
    for name in ('stgcn', ) if settings.quick else ('stgcn', 'infogcn'):
        torch.manual_seed(0)
        network = RecognizerNetwork(MODELS.build(RECOGNIZERS[name](LAYOUT, 2, CLASSES))).eval()
        with tempfile.TemporaryDirectory() as folder:
            model = written(network, frames, Path(folder) / 'model.onnx')
        for batch in BATCHES[:1 if settings.quick else None]:
            x = torch.randn(batch, 1, frames, 17, 2)
            measured = compare(f'{name}_b{batch}', partial(model.scores, x.numpy()), partial(_scores, network, x), settings, batch=batch)
            rows.append(dict(measured, ours_per_s=batch / measured['ours_s'], reference_per_s=batch / measured['reference_s']))
        rows.append(stream_row(f'{name}_stream', model, settings, warm=frames + 5, count=20 if settings.quick else 200))
    return rows


def written(network: RecognizerNetwork, frames: int, path: Path) -> OnnxModel:
    """The network as a file with what a stream needs to know, read again."""
    sample = torch.randn(3, 1, frames, 17, 2)
    layout = get_skeleton(LAYOUT)
    steps = [dict(step='body_unit', bones=body_bones(layout), place=[int(joint) for joint in layout.middle], per_frame=False),
             dict(step='window', num_frames=frames, every=1, padding='repeat'), dict(step='drop_scores'),
             dict(step='inputs_of_persons', num_person=1, mode='zero')]
    portable = Portable(network, [spec('keypoint', ['N', 1, 'T', 17, 2], 'given')], ['score', 'feature'], frames, sample=sample)
    meta = dict(kind='recognizer', classes=list('abcde'), keypoint_names=list(layout.joint_names), units='pixels', fps=30., scores=True,
                steps=steps)
    write_model(portable, path, meta)
    return OnnxModel(path, torch.get_num_threads())


def stream_row(name: str, model: OnnxModel, settings: Settings, *, warm: int, count: int) -> Dict:
    """A stream of ``count`` frames behind ``warm`` that are not counted, the first window among them."""
    clip = moving_clip(get_skeleton(LAYOUT), num_dims=2, scored=True, frames=warm + count)
    stream = stream_of_file(model, fps=30.)
    seconds = [timed(partial(stream.push, *frame), settings) for frame in zip(clip['keypoint'][0], clip['keypoint_score'][0])]
    median, high = np.percentile(seconds[warm:], (50, 95)).tolist()
    return row(name, median, 1 / 30, p95_s=high, frames=count)


@torch.no_grad()
def _scores(network: RecognizerNetwork, x: torch.Tensor) -> List[np.ndarray]:
    return [value.numpy() for value in network(x)]
