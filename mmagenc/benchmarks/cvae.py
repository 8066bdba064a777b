"""The CVAE beside the plain path, which works as the original."""

from typing import Callable, Dict, List, Optional

import numpy as np
import torch

from mmagenc.benchmarks.published_infagenc import PublishedInfAGenC
from mmagenc.benchmarks.timing import Settings, compare, half_precision, row, timed

BATCH, NUM_FRAMES, NUM_LAYERS, NUM_CLASSES, NUM_GENERATED = 16, 60, 8, 5, 50
NUM_FEATURES, FEATURE_DIM = 2000, 256
LOOP_LIMIT_S = 60
"""A loop expected to take longer is timed on a part of the candidates."""


def cvae(settings: Settings) -> List[Dict]:
    """Training step, generation and selection at published sizes: batch 16, 60 frames, 8+8 layers."""
    from mmagenc.benchmarks.plain_cvae import ReferenceCVAE, synthetic_body, synthetic_body_arrays
    from mmagenc.registry import MODELS
    torch.manual_seed(0)
    ours = MODELS.build(
        dict(type='TransformerCVAE', num_classes=NUM_CLASSES, num_layers=NUM_LAYERS, representation=dict(type='RotationRepresentation')))
    rest_joints = ours.representation.body_model.rest_joints()
    published = published_model(settings, synthetic_body_arrays(rest_joints))
    body = synthetic_body(rest_joints)
    reference = ReferenceCVAE(num_classes=NUM_CLASSES, num_layers=NUM_LAYERS, body=body.to(settings.device)).to(settings.device)
    ours.to(settings.device)
    plain_step = reference_step(reference, settings.device)
    published_step = published and published.step(BATCH, NUM_FRAMES, NUM_CLASSES)
    rows = [compare('train_step_fp32', our_step(ours, 'OptimWrapper'), plain_step, settings, published=published_step)]
    if half_precision(settings):
        half = our_step(ours, 'AmpOptimWrapper', dtype='bfloat16')
        rows.append(compare('train_step_bf16', half, plain_step, settings, published=published_step, reference_dtype='float32'))
    return [*rows, *generate_50(ours, reference, published, settings), selection_2000(settings)]


def published_model(settings: Settings, body: Dict[str, np.ndarray]) -> Optional[PublishedInfAGenC]:
    """The published network at the benchmark's sizes, where ``--published`` gives a copy of its code."""
    if settings.published is None:
        return None
    return PublishedInfAGenC(
        settings.published,
        body=body,
        num_classes=NUM_CLASSES,
        num_frames=NUM_FRAMES,
        num_layers=NUM_LAYERS,
        device=settings.device)


def our_step(model: torch.nn.Module, wrapper: str, **kwargs) -> Callable:
    """MMEngine's own ``train_step``, from collated clips to updated weights."""
    from mmaction.structures import ActionDataSample
    from mmengine.optim import build_optim_wrapper
    optim_wrapper = build_optim_wrapper(model, dict(type=wrapper, optimizer=dict(type='AdamW', lr=1e-4, fused=True), **kwargs))
    samples = [ActionDataSample(metainfo=dict(num_frames=NUM_FRAMES)).set_gt_label(i % NUM_CLASSES) for i in range(BATCH)]
    data = dict(inputs=dict(pose=[torch.randn(NUM_FRAMES, 24, 3) for _ in range(BATCH)]), data_samples=samples)

    def step() -> None:
        if not model.training:  # which a loop says once an epoch; it takes as long as a graph's launch
            model.train()
        model.train_step(data, optim_wrapper)

    return step


def reference_step(model: torch.nn.Module, device: str) -> Callable:
    """The published step, its batch tensors copied to the CPU at the end included."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    x, y = torch.randn(BATCH, 24, 6, NUM_FRAMES), torch.arange(BATCH) % NUM_CLASSES
    mask = torch.ones(BATCH, NUM_FRAMES, dtype=torch.bool)

    def step() -> None:
        if not model.training:
            model.train()
        batch = [value.to(device) for value in (x, y, mask)]
        optimizer.zero_grad()
        terms = model.loss(*batch, torch.randn(BATCH, 256, device=device))
        sum(terms.values()).backward()
        optimizer.step()
        [value.item() for value in terms.values()]
        [value.cpu() for value in batch]

    return step


def generate_50(ours: torch.nn.Module, reference: torch.nn.Module, published: Optional[PublishedInfAGenC],
                settings: Settings) -> List[Dict]:
    """Joints and rotations of 50 clips, in float32 and under autocast; the published path makes the mesh of each frame."""
    label = torch.arange(NUM_GENERATED) % NUM_CLASSES
    reference.eval()

    def generate(enabled: bool) -> None:
        with torch.autocast(settings.device, torch.bfloat16, enabled=enabled):
            ours.generate(label, NUM_FRAMES).cpu()

    def plain() -> None:
        reference.generate(torch.randn(NUM_GENERATED, 256, device=settings.device), label.to(settings.device), NUM_FRAMES)

    theirs = published and published.generation(NUM_GENERATED, NUM_FRAMES, NUM_CLASSES)
    rows = [compare('generate_50', lambda: generate(False), plain, settings, published=theirs)]
    if half_precision(settings):
        rows.append(compare('generate_50_bf16', lambda: generate(True), plain, settings, published=theirs, reference_dtype='float32'))
    return rows


def selection_2000(settings: Settings) -> Dict:
    """Distances of 2000 generated clips' features to 2000 real ones, class by class; a loop over pairs is the published way."""
    from mmagenc.engine.selectors import class_distances
    rng = np.random.default_rng(0)
    feature, gt_feature = rng.normal(size=(2, NUM_FEATURES, FEATURE_DIM)).astype(np.float32)
    label, gt_label = rng.integers(NUM_CLASSES, size=(2, NUM_FEATURES))
    ours = min(timed(lambda: class_distances(feature, label, gt_feature, gt_label), settings) for _ in range(settings.repeats + 1))
    probe = timed(lambda: class_distances_loop(feature[:20], label[:20], gt_feature, gt_label), settings)
    count = NUM_FEATURES if probe * NUM_FEATURES / 20 < LOOP_LIMIT_S else NUM_FEATURES // 10
    loop = timed(lambda: class_distances_loop(feature[:count], label[:count], gt_feature, gt_label), settings)
    return row('selection_2000', ours, loop * NUM_FEATURES / count, repeats=settings.repeats, reference_candidates_timed=count)


def class_distances_loop(feature: np.ndarray, label: np.ndarray, gt_feature: np.ndarray, gt_label: np.ndarray):
    """The twin of :func:`mmagenc.engine.selectors.class_distances`, pair by pair."""
    within, between = [], []
    for candidate, group in zip(feature, label):
        same, other = [], []
        for real, real_group in zip(gt_feature, gt_label):
            (same if group == real_group else other).append(np.linalg.norm(candidate - real))
        within.append(np.mean(same))
        between.append(np.mean(other))
    return np.array(within), np.array(between)
