"""InfoGCN written plainly: head by head, branch by branch, every layer of its own, under the published state dict's names.

N clips, M persons, T frames, V joints, C channels, H heads. What the fast network must equal, and what the benchmark compares it with.
"""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ReferenceInfoGCN(nn.Module):
    """Modes ``(N, M, T, V, C)`` to scores ``(N, K)`` and latent means ``(N, 4 · width)``."""

    def __init__(self, *, num_classes: int, num_joints: int, num_person: int = 2, num_heads: int = 3, width: int = 64) -> None:
        super().__init__()
        self.to_joint_embedding = nn.Linear(3, width)
        self.pos_embedding = nn.Parameter(torch.randn(1, num_joints, width))
        self.data_bn = nn.BatchNorm1d(num_person * num_joints * width)
        widths = [width] * 4 + [2 * width] * 3 + [4 * width] * 3
        for index in range(9):
            block = ReferenceBlock(widths[index], widths[index + 1], num_joints, num_heads, 2 if index in (3, 6) else 1)
            setattr(self, f'l{index + 1}', block)
        self.fc, self.fc_mu, self.fc_logvar = (nn.Linear(4 * width, 4 * width) for _ in range(3))
        self.decoder = nn.Linear(4 * width, num_classes)

    def encode(self, x: Tensor) -> Tensor:
        n, m, t, v, _ = x.shape
        x = self.to_joint_embedding(x) + self.pos_embedding
        x = self.data_bn(x.permute(0, 1, 3, 4, 2).reshape(n, -1, t)).view(n * m, v, -1, t).permute(0, 2, 3, 1)
        for index in range(9):
            x = getattr(self, f'l{index + 1}')(x)
        return x.view(n, m, *x.shape[1:])

    def forward(self, x: Tensor):
        hidden = F.relu(self.fc(self.encode(x).mean(dim=(3, 4)).mean(dim=1)))
        mu = self.fc_mu(hidden)
        return self.decoder(mu), mu


class ReferenceBlock(nn.Module):
    """``(N, C, T, V)`` to ``(N, C', T / stride, V)``."""

    def __init__(self, c_in: int, c_out: int, num_joints: int, num_heads: int, stride: int) -> None:
        super().__init__()
        self.agcn = ReferenceGraphConv(c_in, c_out, num_joints, num_heads)
        self.tcn = nn.ModuleDict(dict(branches=temporal_branches(c_out, stride)))
        self.residual = None
        if c_in != c_out:
            self.residual = nn.ModuleDict(dict(conv=nn.Conv2d(c_in, c_out, 1, (stride, 1)), bn=nn.BatchNorm2d(c_out)))

    def forward(self, x: Tensor) -> Tensor:
        residual = x if self.residual is None else self.residual['bn'](self.residual['conv'](x))
        y = self.agcn(x)
        return F.relu(F.relu(torch.cat([branch(y) for branch in self.tcn['branches']], dim=1)) + residual)


class ReferenceGraphConv(nn.Module):

    def __init__(self, c_in: int, c_out: int, num_joints: int, num_heads: int) -> None:
        super().__init__()
        self.shared_topology = nn.Parameter(torch.eye(num_joints).repeat(num_heads, 1, 1))
        self.conv_d = nn.ModuleList(nn.Conv2d(c_in, c_out, 1) for _ in range(num_heads))
        if c_in != c_out:
            self.down = nn.Sequential(nn.Conv2d(c_in, c_out, 1), nn.BatchNorm2d(c_out))
        self.bn = nn.BatchNorm2d(c_out)
        self.attn = nn.ModuleDict(dict(to_qk=nn.Linear(c_in, 2 * num_heads * (c_in // 8)), ln=nn.LayerNorm(c_in)))

    def forward(self, x: Tensor) -> Tensor:
        heads, dim = len(self.conv_d), x.shape[1] // 8
        qk = self.attn['to_qk'](self.attn['ln'](x.permute(0, 2, 3, 1)))
        y = 0
        for head, conv in enumerate(self.conv_d):
            query = qk[..., head * dim:(head + 1) * dim]
            key = qk[..., (heads + head) * dim:(heads + head + 1) * dim]
            graph = torch.einsum('ntvd,ntwd->ntvw', query, key / dim**0.5).softmax(dim=-1) * self.shared_topology[head]
            y = y + conv(torch.einsum('ntvw,nctw->nctv', graph, x))
        return F.relu(self.bn(y) + (self.down(x) if hasattr(self, 'down') else x))


def temporal_branches(channels: int, stride: int) -> nn.ModuleList:
    width = channels // 4

    def pointwise(step: int = 1) -> list:
        return [nn.Conv2d(channels, width, 1, (step, 1)), nn.BatchNorm2d(width)]

    def temporal(dilation: int) -> nn.Module:
        conv = nn.Conv2d(width, width, (5, 1), (stride, 1), (2 * dilation, 0), (dilation, 1))
        return nn.Sequential(OrderedDict(conv=conv, bn=nn.BatchNorm2d(width)))

    maximum = [nn.ReLU(), nn.MaxPool2d((3, 1), (stride, 1), (1, 0)), nn.BatchNorm2d(width)]
    return nn.ModuleList([
        nn.Sequential(*pointwise(), nn.ReLU(), temporal(1)),
        nn.Sequential(*pointwise(), nn.ReLU(), temporal(2)),
        nn.Sequential(*pointwise(), *maximum),
        nn.Sequential(*pointwise(stride)),
    ])
