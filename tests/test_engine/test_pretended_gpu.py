"""Own recordings on a GPU that is not there: whatever meets tensors of both places ends here as it would on a GPU."""

import numpy as np
import pytest
import torch
from torch import nn

from mmagenc.datasets.annotation import load_annotation, save_annotation
from tests.own_clips import body_clips, coco_clips
from tests.pretended_gpu import GPU, pretended_gpu
from tests.test_commands.test_own_data_runs import OTHER, SMALL, run

SIZES = {**dict.fromkeys(('2d', '3d'), 'latent_dim=16, ff_dim=16, num_layers=1, test_cfg=dict(num_repeats=2)'), **SMALL}


@pytest.fixture(autouse=True)
def gpu():
    with pretended_gpu() as mode:
        yield mode


@pytest.mark.parametrize('name', SIZES)
def test_the_loop_and_what_comes_after(name, tmp_path, gpu):
    flat = name not in ('3d', 'posture-transfer')
    save_annotation(coco_clips(20, frames=(30, 40), gaps=False) if flat else body_clips(20, frames=(30, 40)), tmp_path / 'pose.pkl')
    config = OTHER.format(name=name, model=SIZES[name], folder=tmp_path)
    (tmp_path / 'mine.py').write_text(config + 'train_dataloader = dict(num_workers=0)\n')  # workers know of no places
    run('train', 'mine.py', '--work-dir', 'run', cwd=tmp_path)
    assert len(load_annotation(tmp_path / 'run/pool/pool.pkl')['annotations']) > 0
    assert any(place == GPU for place in gpu.places.values())  # it was there at all
    if name in ('2d', '3d'):
        model = 'mine.py', 'run/epoch_8.pth'
        run('test', *model, cwd=tmp_path)
        run('generate', *model, '--num-samples-per-class', 2, '--out', 'made.npz', cwd=tmp_path)
        run('generate', *model, '--num-samples-per-class', 2, '--around', 'pose.pkl', '--out', 'near.npz', cwd=tmp_path)
        assert 'named as their label says' in run('recognize', *model, '--clips', 'made.npz', cwd=tmp_path)
        assert 'accuracy_real' in run('compare', 'pose.pkl', 'made.npz', '--recognizer', *model, cwd=tmp_path)


def refused(function):
    with pytest.raises((RuntimeError, TypeError), match='same device|cuda:0 device type'):
        function()


def test_what_a_gpu_refuses_is_refused():
    there, here, flag = torch.zeros(2, device='cuda'), torch.from_numpy(np.zeros(2)), torch.ones(2, dtype=torch.bool)
    assert there.device.type == 'cuda' and here.device.type == 'cpu' and there.is_cuda and not here.is_cuda
    for function in (lambda: there + here, lambda: torch.stack([there, here.float()]), lambda: torch.where(flag, there, 0.),
                     lambda: here[there > 0], there.numpy, lambda: here @ there.double()):
        refused(function)


def test_what_a_gpu_does_is_done():
    there, here = torch.zeros(2, device='cuda'), torch.tensor([1., 2.])
    there.copy_(here)
    assert there.tolist() == [1, 2] and (there * torch.tensor(2.)).is_cuda and there[torch.tensor([1])].is_cuda
    moved = here.to(there)
    moved += 1
    assert moved.is_cuda and here.tolist() == [1, 2] and (moved + there).is_cuda  # another memory
    assert there.cpu().numpy().tolist() == [1, 2] and not torch.zeros_like(there, device='cpu').is_cuda and torch.zeros_like(there).is_cuda
    part = nn.Linear(2, 1)
    refused(lambda: part(there))
    part.to('cuda:0')
    part(there).sum().backward()
    assert part.weight.device.type == part.weight.grad.device.type == 'cuda'
    with torch.no_grad():
        part.weight -= part.weight.grad
