"""Networks as files hold them: tensors in, tensors out, no data samples and nothing drawn.

N clips, M persons, T frames, V keypoints, C coordinates, K classes, D latent or feature channels.
"""

import copy
from dataclasses import dataclass, field, replace
from functools import singledispatch
from typing import Dict, List, Optional, Tuple

import torch
import torch.nn.functional as F
from mmaction.models import RecognizerGCN
from torch import Tensor, nn

from mmagenc.models.generators import ACTVAE, BaseGenerator, KineticGAN, SLTGenerator, TransformerCVAE
from mmagenc.models.generators.class_paths import class_vectors
from mmagenc.models.recognizers import pool_feature

from .steps import encoding_steps

LSTM_FRAMES = 'PyTorch writes an LSTM out one frame after the other'
MEAN_SIZE = 1000
"""Draws that a class's mean of Kinetic-GAN's mapped latents is taken over, as ``truncation`` takes it."""


@dataclass(frozen=True)
class Portable:
    """A network, and what is to be known for giving it inputs.

    Args:
        network: its ``forward`` takes the inputs in order and gives the outputs in order.
        inputs: name, ``shape`` (sizes, or ``'N'``, ``'T'``, ``'T - 1'``, ``'T + 1'``), ``dtype``, and how a value is drawn (``draw``).
        outputs: names.
        frames: T that is exported.
        fixed_frames: why T cannot be another, or ``None``.
        facts: what else the metadata says.
        sample: prepared clips of a recognizer, ``(N, M, T, V, C)``.
    """

    network: nn.Module
    inputs: List[Dict]
    outputs: List[str]
    frames: int
    fixed_frames: Optional[str] = None
    facts: Dict = field(default_factory=dict)
    sample: Optional[Tensor] = None

    def example(self, clips: int, frames: int) -> Tuple[Tensor, ...]:
        """Inputs of so many clips and frames: parts of the sample, or drawn from torch's global random state."""
        if self.sample is not None:
            return (self.sample[torch.arange(clips) % len(self.sample)][:, :, :frames].contiguous(), )
        return tuple(_drawn(spec, clips, frames) for spec in self.inputs)

    def dynamic_shapes(self, axes: str) -> Tuple[Dict, ...]:
        """Which axes of the inputs may change: of ``'NT'``, ``'N'`` or ``''``."""
        dynamic = {size: torch.export.Dim.DYNAMIC for size in ('N', 'T', 'T - 1', 'T + 1') if size[0] in axes}
        return tuple({axis: dynamic[size] for axis, size in enumerate(spec['shape']) if size in dynamic} for spec in self.inputs)


def _drawn(spec: Dict, clips: int, frames: int) -> Tensor:
    sizes = {'N': clips, 'T': frames, 'T - 1': frames - 1, 'T + 1': frames + 1}
    shape = [sizes.get(size, size) for size in spec['shape']]
    if spec['draw'] == 'label':
        return torch.arange(clips) % spec['below']
    if spec['draw'] == 'row':
        return torch.tensor(spec['rows'])[torch.arange(clips) % len(spec['rows']), 0]
    if spec['draw'] == 'frames':
        return torch.arange(frames)
    if spec['draw'] == 'one':
        return torch.full(shape, 0.7)
    if spec['draw'] == 'none':  # every second clip has a value of its own
        return (2 * torch.rand(shape) - 1).masked_fill((torch.arange(clips) % 2 == 0)[:, None], torch.nan)
    return 2 * torch.rand(shape) - 1 if spec['draw'] == 'uniform' else torch.randn(shape)


def spec(name: str, shape: List, draw: str, **more) -> Dict:
    """An entry of ``Portable.inputs``."""
    return dict(name=name, shape=shape, dtype='int64' if draw in ('label', 'frames', 'row') else 'float32', draw=draw, **more)


# --- Recognizers


class RecognizerNetwork(nn.Module):
    """Prepared clips ``(N, …)`` to class scores ``(N, K)`` before the softmax, and features ``(N, D)`` of the layer before.

    Args:
        recognizer: of MMAction2, as :func:`~mmagenc.apis.init_recognizer` gives it.

    Raises:
        ValueError: its data preprocessor changes the inputs.
    """

    def __init__(self, recognizer: nn.Module) -> None:
        super().__init__()
        if getattr(recognizer.data_preprocessor, '_enable_normalize', False):
            raise ValueError('the data preprocessor normalizes images (mean, std), which a file of a recognizer of skeletons does not do')
        self.backbone, self.head = recognizer.backbone, recognizer.cls_head
        self.extract_feat, self.person_axis = recognizer.extract_feat, isinstance(recognizer, RecognizerGCN)

    def forward(self, keypoint: Tensor) -> Tuple[Tensor, Tensor]:
        output = self.extract_feat(keypoint[:, None], stage='backbone')[0]
        score = self.head(output)
        own = hasattr(self.head, 'feature')
        return score.float(), (self.head.feature(output) if own else pool_feature(output, person_axis=self.person_axis)).float()


class ClassifierNetwork(nn.Module):
    """SLT's classifier of encoded clips: ``(N, 1, T, J, C)`` to scores ``(N, K)`` and what its last layer sees ``(N, D)``."""

    def __init__(self, generator: SLTGenerator) -> None:
        super().__init__()
        self.classifier = generator.generator.classifier

    def forward(self, keypoint: Tensor) -> Tuple[Tensor, Tensor]:
        reader, clip = self.classifier, keypoint[:, 0].flatten(2)
        read = reader.rnn(torch.cat([clip[:, :-1], reader.step_weight * clip.diff(dim=1)], dim=2))[0]
        read = F.relu(reader.hidden(read.mean(dim=1) if reader.num_frames is None else read.flatten(1)))
        return reader.output(read), read


# --- Generators


class GeneratorNetwork(nn.Module):
    """What a generator's inputs become, through its representation: ``keypoint`` in units of the data, ``pose``, ``transl``.

    ``training_only`` names the modules that clips are made without, which no file needs to hold.
    """

    training_only: Tuple[str, ...] = ()

    def __init__(self, generator: BaseGenerator) -> None:
        super().__init__()
        self.model = copy.copy(generator)
        self.model._modules = {name: module for name, module in generator._modules.items() if name not in self.training_only}

    def motion(self, clip: Tensor) -> Tuple[Tensor, ...]:
        """Of the network's output ``(N, T, J, C)``, or poses ``(N, T, J · C)``."""
        representation = self.model.representation
        if clip.ndim == 3:
            clip = clip.unflatten(2, (representation.num_joints, representation.num_channels))
        return tuple(representation.motion(clip.float()).values())


class CVAENetwork(GeneratorNetwork):
    training_only = ('encoder', 'embed')

    def forward(self, latent: Tensor, label: Tensor, frame: Tensor) -> Tuple[Tensor, ...]:
        return self.motion(self.model.decode(latent, label, frame.shape[0]))


class KineticGANNetwork(GeneratorNetwork):
    training_only = ('critic', )

    def __init__(self, generator: KineticGAN) -> None:
        super().__init__(generator)
        with torch.no_grad():
            means = torch.stack([generator._mean_w(label, MEAN_SIZE) for label in range(generator.num_classes)])
        self.register_buffer('mean', means, persistent=False)

    def forward(self, latent: Tensor, noise: Tensor, label: Tensor, truncation: Tensor) -> Tuple[Tensor, ...]:
        sampler, mean = self.model.sampler, self.mean[label]
        return self.motion(sampler.synthesize(mean + truncation[:, None] * (sampler.map(latent, label) - mean), noise))


class ACTVAENetwork(GeneratorNetwork):
    """Clips that follow a start pose of the file, by its row, or one of the caller's own, as encoded; NaN there takes the row's."""

    training_only = ('posterior', )

    def forward(self, start: Tensor, noise: Tensor, label: Tensor, own_start: Tensor) -> Tuple[Tensor, ...]:
        kept = self.model.starts.poses.flatten(0, 1)[start]
        begin = torch.where(own_start.isnan().any(dim=1, keepdim=True), kept, own_start)
        return self.motion(self.model.roll_out(begin, label, noise)[0])


class SLTNetwork(GeneratorNetwork):
    training_only = ('critic', 'pose_critic')

    def forward(self, first: Tensor, noise: Tensor, label: Tensor) -> Tuple[Tensor, ...]:
        classes = class_vectors(label, self.model.num_classes, noise.shape[1] + 1)
        return self.motion(self.model.synthesize(first, noise, classes))


@singledispatch
def portable_generator(generator: BaseGenerator) -> Portable:
    """A generator's decoder with its inputs.

    Raises:
        ValueError: a generator that has no network to hand on, or one that lacks what it begins with.
    """
    raise ValueError(f'{type(generator).__name__} has no decoder that a file could hold: what it makes are recordings, changed')


def _portable(generator: BaseGenerator, network: GeneratorNetwork, inputs: List[Dict], fixed: Optional[str] = None) -> Portable:
    representation = generator.representation
    ready = getattr(representation, '_require_statistics', None)
    if ready is not None:
        ready()
    outputs = list(representation.motion(torch.zeros(1, 2, representation.num_joints, representation.num_channels)))
    return Portable(network.eval(), inputs, outputs, generator.num_frames, fixed, _form(representation))


def _form(representation: nn.Module) -> Dict:
    """What recordings have beside their keypoints, and the representation's settings."""
    names = ('normalization', 'root_center', 'translation', 'unit')
    facts = dict(type=type(representation).__name__, **{name: getattr(representation, name) for name in names
                                                        if hasattr(representation, name)})
    form = {}
    if hasattr(representation, 'score') and not (representation.score < 0).any():
        form['keypoint_score'] = representation.score.tolist()
    if hasattr(representation, 'image') and not (representation.image <= 0).any():
        form['img_shape'] = representation.image.tolist()
    return dict(representation=facts, **form)


@portable_generator.register
def _(generator: TransformerCVAE) -> Portable:
    inputs = [spec('latent', ['N', generator.latent_dim], 'normal'), spec('label', ['N'], 'label', below=generator.num_classes),
              spec('frame', ['T'], 'frames')]
    return _portable(generator, CVAENetwork(generator), inputs)


@portable_generator.register
def _(generator: KineticGAN) -> Portable:
    inputs = [spec('latent', ['N', generator.latent_dim], 'normal'), spec('noise', ['N', generator.sampler.noise_size], 'normal'),
              spec('label', ['N'], 'label', below=generator.num_classes), spec('truncation', ['N'], 'one')]
    return _portable(generator, KineticGANNetwork(generator), inputs, "Kinetic-GAN's layers double the frames up to what it was trained on")


@portable_generator.register
def _(generator: ACTVAE) -> Portable:
    if not generator.fitted:
        raise ValueError('this ACTVAE keeps no start poses, with which its clips begin: give the checkpoint of its training')
    most, count = generator.starts.poses.shape[1], generator.starts.count.tolist()
    usual = next(label for label, number in enumerate(count) if number)  # a class without start poses begins as another does
    rows = [[label * most, number] if number else [usual * most, count[usual]] for label, number in enumerate(count)]
    inputs = [spec('start', ['N'], 'row', rows=rows), spec('noise', ['N', 'T + 1', generator.latent_dim], 'normal'),
              spec('label', ['N'], 'label', below=generator.num_classes), spec('own_start', ['N', generator.pose_size], 'none')]
    portable = _portable(generator, ACTVAENetwork(generator), inputs, "ACT-VAE's steps are written out one after the other")
    return replace(portable, facts={**portable.facts, 'start_steps': encoding_steps(generator.representation)})


@portable_generator.register
def _(generator: SLTGenerator) -> Portable:
    inputs = [spec('first', ['N', generator.latent_dim], 'uniform'), spec('noise', ['N', 'T - 1', generator.noise_dim], 'normal'),
              spec('label', ['N'], 'label', below=generator.num_classes)]
    return _portable(generator, SLTNetwork(generator), inputs, LSTM_FRAMES)
