"""ST-GCN, ST-GCN++ and InfoGCN beside their plain forms."""

from typing import Callable, Dict, List

import torch

from tools.benchmarks.timing import Settings, compare, half_precision


def recognizer(settings: Settings) -> List[Dict]:
    """Training step and inference of ST-GCN, ST-GCN++ and InfoGCN on clips of 20 joints, each beside its plain form in the same precision.

    The plain forms are MMAction2's ``STGCN`` (``einsum`` over subsets) and the InfoGCN of the tests (``einsum`` head by head).
    """
    batch, frames, width = (2, 8, 8) if settings.quick else (64, 52, 64)
    x, label = torch.randn(batch, 1, frames, 20, 3, device=settings.device), torch.arange(batch, device=settings.device) % 10
    rows = []
    for name, networks in recognizer_pairs(width).items():
        ours, plain = (network.to(settings.device) for network in networks)
        for task, function in (('train', classify_step), ('infer', classify)):
            for dtype in ('fp32', 'bf16')[:1 + half_precision(settings)]:
                paths = [function(network, x, label, dtype == 'bf16') for network in (ours, plain)]
                measured = compare(f'{name}_{task}_{dtype}', *paths, settings, reference_dtype=dtype, batch=batch)
                rows.append(dict(measured, ours_per_s=batch / measured['ours_s'], reference_per_s=batch / measured['reference_s']))
    return rows


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
    from mmagenc.models.recognizers import FastSTGCN, InfoGCN, InfoGCNHead
    from mmagenc.models.recognizers.stgcn import STGCN
    from mmagenc.skeletons import get_skeleton
    from tests.reference_infogcn import ReferenceInfoGCN
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
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9, nesterov=True)

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
