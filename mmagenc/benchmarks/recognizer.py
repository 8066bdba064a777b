"""ST-GCN, ST-GCN++ and InfoGCN beside their plain forms."""

import importlib
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Dict, Iterator, List

import torch

from mmagenc.benchmarks.published import importable
from mmagenc.benchmarks.timing import Settings, compare, half_precision

PUBLISHED_PACKAGES = ('graph', 'loss', 'model', 'utils')
"""Top-level modules of InfoGCN's published code."""


def recognizer(settings: Settings) -> List[Dict]:
    """Training step and inference of ST-GCN, ST-GCN++ and InfoGCN on clips of 20 joints, each beside its plain form in the same precision.

    The plain forms are MMAction2's ``STGCN`` (``einsum`` over subsets), which is its published code too, and :mod:`plain_infogcn`
    (``einsum`` head by head). InfoGCN's published code (``--published``) has its own width of 64, also with ``--quick``.
    """
    batch, frames, width = (2, 8, 8) if settings.quick else (16, 52, 64)  # InfoGCN's on NW-UCLA
    x, label = torch.randn(batch, 1, frames, 20, 3, device=settings.device), torch.arange(batch, device=settings.device) % 10
    rows, theirs = [], None if settings.published is None else PublishedInfoGCN(settings.published).to(settings.device)
    for name, networks in recognizer_pairs(width).items():
        ours, plain = (network.to(settings.device) for network in networks)
        for task, function in (('train', classify_step), ('infer', classify)):
            for dtype in ('fp32', 'bf16')[:1 + half_precision(settings)]:
                paths = [function(network, x, label, dtype == 'bf16') for network in (ours, plain)]
                published = None
                if name == 'infogcn' and theirs is not None:
                    published = (published_step if task == 'train' else classify)(theirs, x, label, dtype == 'bf16')
                measured = compare(f'{name}_{task}_{dtype}', *paths, settings, published=published, reference_dtype=dtype, batch=batch)
                rows.append(dict(measured, ours_per_s=batch / measured['ours_s'], reference_per_s=batch / measured['reference_s']))
    return [*rows, handover(batch * 4, frames, settings)]


class Clips(torch.utils.data.Dataset):
    """Samples as ``PackActionInputs`` makes them of one clip of 20 joints.

    Args:
        count: how many.
        frames: of each.
    """

    def __init__(self, count: int, frames: int) -> None:
        self.count, self.frames = count, frames

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Dict:
        from mmaction.structures import ActionDataSample
        return dict(inputs=torch.zeros(1, 1, self.frames, 20, 3), data_samples=ActionDataSample().set_gt_label(index % 10))


def handover(batch: int, frames: int, settings: Settings) -> Dict:
    """Batches that a worker hands over, by ``packed_collate`` and by MMEngine's default, seen from the training process."""
    from mmengine.dataset import pseudo_collate

    from mmagenc.datasets import packed_collate
    clips, worker = Clips(batch * 10, frames), dict(num_workers=1, persistent_workers=True)
    loaders = [torch.utils.data.DataLoader(clips, batch, collate_fn=collate, **worker) for collate in (packed_collate, pseudo_collate)]
    paths = [lambda loader=loader: [None for _ in loader] for loader in loaders]
    measured = compare('batch_handover', *paths, settings, batch=len(clips))
    return dict(measured, ours_per_s=len(clips) / measured['ours_s'], reference_per_s=len(clips) / measured['reference_s'])


class Classifier(torch.nn.Module):
    """A network from clips ``(N, 1, T, 20, 3)`` to scores: a backbone, the mean of its output, a linear layer."""

    def __init__(self, backbone: torch.nn.Module, channels: int) -> None:
        super().__init__()
        self.backbone, self.fc = backbone, torch.nn.Linear(channels, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.backbone(x).float().mean(dim=(1, 3, 4)))


class FirstOutput(torch.nn.Module):
    """The scores of a network that also returns latents."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.network(x)[0].float()


def recognizer_pairs(width: int) -> Dict[str, List[torch.nn.Module]]:
    """Fast and plain networks that compute the same, but for InfoGCN's noise, which costs next to nothing."""
    from mmagenc.benchmarks.plain_infogcn import ReferenceInfoGCN
    from mmagenc.models.recognizers import FastSTGCN, InfoGCN, InfoGCNHead
    from mmagenc.models.recognizers.stgcn import STGCN
    from mmagenc.skeletons import get_skeleton
    plus_plus = dict(gcn_adaptive='init', gcn_with_res=True, tcn_type='mstcn')
    pairs = {}
    for name, mode, extra in (('stgcn', 'stgcn_spatial', {}), ('stgcnpp', 'spatial', plus_plus)):
        kwargs = dict(graph_cfg=get_skeleton('ucla20').graph_cfg(mode), num_person=1, base_channels=width, **extra)
        pairs[name] = [Classifier(network(**kwargs), 4 * width) for network in (FastSTGCN, STGCN)]
    ours = torch.nn.Sequential(
        InfoGCN(skeleton='ucla20', num_person=1, base_channels=width), InfoGCNHead(num_classes=10, in_channels=4 * width))
    pairs['infogcn'] = [ours, FirstOutput(ReferenceInfoGCN(num_classes=10, num_joints=20, num_person=1, width=width))]
    return pairs


def classify_step(network: torch.nn.Module, x: torch.Tensor, label: torch.Tensor, half: bool) -> Callable:
    """A training step by SGD."""
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9, nesterov=True, fused=True)

    def step() -> None:
        network.train()
        with torch.autocast(x.device.type, torch.bfloat16, enabled=half):
            loss = torch.nn.functional.cross_entropy(network(x), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def classify(network: torch.nn.Module, x: torch.Tensor, label: torch.Tensor, half: bool) -> Callable:
    """Predicted classes, in evaluation mode."""

    def infer() -> None:
        network.eval()
        with torch.no_grad(), torch.autocast(x.device.type, torch.bfloat16, enabled=half):
            network(x).argmax(dim=1).cpu()

    return infer


class PublishedInfoGCN(torch.nn.Module):
    """The published network for NW-UCLA, from a copy of its code, on our clips ``(N, 1, T, 20, 3)``.

    Its matrix of the k-th mode is in float64, at which its script fails in full precision: here it is in float32.

    Args:
        folder: the copy (``main.py``, ``model/``, ``graph/``).

    Raises:
        ValueError: the folder holds no such code, or the code needs a package that is not installed.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        with imported_from(folder):
            network, self.losses = importlib.import_module('model.infogcn'), importlib.import_module('loss')
            self.network = network.InfoGCN(num_class=10, num_point=20, num_person=1, graph='graph.ucla.Graph', k=8, noise_ratio=0.5, gain=3)
        self.network.A_vector = self.network.A_vector.float()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.scores_and_latents(x)[0]

    def scores_and_latents(self, x: torch.Tensor) -> List[torch.Tensor]:
        return self.network(x.permute(0, 4, 2, 3, 1))


def published_step(network: PublishedInfoGCN, x: torch.Tensor, label: torch.Tensor, half: bool) -> Callable:
    """A training step as the published script does it, with all three of its losses and without what it computes for its log only."""
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9, nesterov=True, weight_decay=5e-4)
    smoothed, prior = network.losses.LabelSmoothingCrossEntropy(), network.network.z_prior.to(x.device)

    def step() -> None:
        network.train()
        with torch.autocast(x.device.type, torch.bfloat16, enabled=half):
            scores, latent = network.scores_and_latents(x)
            conditional, marginal, *_ = network.losses.get_mmd_loss(latent, prior, label, len(prior))
            loss = 0.1 * conditional + 1e-4 * marginal + smoothed(scores, label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


@contextmanager
def imported_from(folder: Path) -> Iterator[None]:
    """Import the published code's modules from a folder; afterwards their names, which are anyone's, are free again.

    Raises:
        ValueError: a module is not there.
    """
    try:
        with importable(folder, PUBLISHED_PACKAGES):
            yield
    except ModuleNotFoundError as error:
        if (error.name or '').split('.')[0] in PUBLISHED_PACKAGES:
            raise ValueError(f"--published {folder}: no {error.name} there; it takes a copy of InfoGCN's published code, the folder with "
                             'main.py') from error
        raise ValueError(f'--published {folder}: its code needs a package that is not installed: pip install {error.name}') from error
