"""A rigid body that swings about the vertical, each class at its own speed: recordings of it, and a generator that knows how."""

import math

import numpy as np
import torch
from mmengine.registry import init_default_scope

from mmagenc.datasets.annotation import save_annotation
from mmagenc.models.generators import BaseGenerator
from mmagenc.registry import MODELS
from mmagenc.skeletons import get_skeleton
from mmagenc.structures import Motion

CLASSES, FRAMES, SKELETON = ['slow', 'fast'], 8, 'coco17'
BODY = torch.from_numpy(np.random.default_rng(7).normal(size=(17, 3)))
PIPELINE = [dict(type='mmaction.FormatGCNInput', num_person=1), dict(type='mmaction.PackActionInputs', meta_keys=('frame_dir', ))]


def swing(label: torch.Tensor, phase: torch.Tensor, num_frames: int = FRAMES, amplitude: float = 1.) -> torch.Tensor:
    """``(N, T, 17, 3)`` bodies of classes and phases ``(N,)``."""
    time = torch.arange(num_frames, dtype=torch.float64, device=label.device) / 30
    angle = amplitude * torch.sin(2 * math.pi * (1 + label[:, None]) * time + phase[:, None])
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    turn = torch.stack([cos, zero, sin, zero, zero + 1, zero, -sin, zero, cos], dim=-1).unflatten(-1, (3, 3))
    return torch.einsum('ntij,vj->ntvi', turn, BODY.to(label.device)).float()


class Swinging(BaseGenerator):
    """Clips of classes at any phase, or around given ones; ``still`` names classes of which it makes statues."""

    can_vary = True

    def __init__(self, still=(), trainable=True, **kwargs):
        init_default_scope('mmagenc')
        super().__init__(**dict(dict(representation=dict(type='KeypointRepresentation', skeleton=SKELETON), num_classes=len(CLASSES),
                                     num_frames=FRAMES), **kwargs))
        self.learns = trainable
        self.still, self.weight = tuple(still), torch.nn.Parameter(torch.ones(2 if trainable else ()))
        self.asked = []

    def loss(self, x, label, length):
        return dict(loss=self.weight.square().mean())

    def sample_latent(self, label, *, generator, **sampling):
        self.asked.append(label.tolist())
        return torch.rand(len(label), 1, generator=generator)

    def decode_latent(self, latent, label, length):
        amplitude = torch.tensor([0. if int(kind) in self.still else float(self.weight.mean()) for kind in label], device=label.device)
        keypoint = torch.stack([swing(kind[None], phase, int(length.max()), size)[0]
                                for kind, phase, size in zip(label, 2 * math.pi * latent.double(), amplitude)])
        return Motion(keypoint=keypoint, label=label, length=length.clone(), latent=latent)

    def vary(self, clips, strength, *, num_frames, generator):
        label = torch.tensor([clip['label'] for clip in clips])
        keypoint = torch.stack([torch.from_numpy(clip['keypoint'][0][:num_frames]) for clip in clips])
        shift = strength * torch.rand(len(clips), 1, 1, 1, generator=generator)
        return Motion(keypoint=keypoint + shift, label=label, length=torch.full((len(clips), ), num_frames))


def write_recordings(path, labels=(0, 1) * 6, fps=30., **clip):
    """An annotation file of them, with its last clip of each class also as ``val``."""
    label = torch.tensor(labels)
    keypoint = swing(label, 0.5 * torch.arange(len(labels), dtype=torch.float64)).numpy()
    clips = [dict(clip, frame_dir=f'real_{i}', label=int(label[i]), total_frames=FRAMES, keypoint=keypoint[i][None])
             for i in range(len(labels))]
    names = [clip['frame_dir'] for clip in clips]
    save_annotation(dict(split=dict(train=names, val=names[-2:]), metainfo=dict(classes=CLASSES, skeleton=SKELETON, fps=fps),
                         annotations=clips), path)
    return clips


def recognizer(**head):
    """Config of a small ST-GCN of these bodies."""
    return dict(
        type='RecognizerGCN',
        _scope_='mmaction',
        backbone=dict(
            type='STGCN', base_channels=4, num_stages=1, inflate_stages=[], down_stages=[], graph_cfg=get_skeleton(SKELETON).graph_cfg()),
        cls_head=dict(dict(type='GCNHead', num_classes=len(CLASSES), in_channels=4), **head))


def registered(*kinds):
    """Register classes of models for one test; a fixture's body."""
    for kind in kinds:
        MODELS.register_module(module=kind, force=True)
    yield
    for kind in kinds:
        MODELS.module_dict.pop(kind.__name__)
