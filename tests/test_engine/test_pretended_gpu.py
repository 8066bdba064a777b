"""Own recordings on a GPU that is not there: whatever meets tensors of both places ends here as it would on a GPU."""

import numpy as np
import pytest
import torch
from torch import nn

from mmagenc.datasets.annotation import load_annotation, save_annotation
from tests.own_clips import body_clips, coco_clips
from tests.pretended_gpu import GPU, pretended_gpu
from tests.test_commands.test_own_data_runs import run

SMALL = dict(
    cvae='latent_dim=16, ff_dim=16, num_layers=1, test_cfg=dict(num_repeats=2)',
    kinetic_gan='latent_dim=8, networks=dict(base_channels=2, tail_channels=4)',
    act_vae='latent_dim=8, posterior=dict(hidden_dim=8)',
    slt='hidden_dim=8, wide_dim=16, pose_steps=4',
    posture_transfer='spread=0.1')
CONFIG = """_base_ = 'mmagenc::infagenc/{base}.py'
own_data = dict(ann_file='clips.npz', window=16, epochs=8, form='{form}')
model = dict({model})
train_dataloader = dict(num_workers=0)
# After so few steps nothing moves yet: the road is tried here, not the gate.
default_hooks = dict(infagenc=dict(gate=dict(enforce=False), recognizer_warmup_epochs=1,
                                   selector=dict(_delete_=True, type='RandomSelector', confidence=0., balanced=False, min_survivors=1)))
"""


@pytest.fixture(autouse=True)
def gpu():
    with pretended_gpu() as mode:
        yield mode


@pytest.mark.parametrize('base, form, small', [
    ('own_2d', '2d', 'cvae'), ('own_3d', '3d', 'cvae'), ('own_kinetic-gan', '2d', 'kinetic_gan'), ('own_act-vae', '2d', 'act_vae'),
    ('own_slt', '2d', 'slt'), ('own_posture-transfer', '3d', 'posture_transfer')])
def test_the_loop_and_what_comes_after(base, form, small, tmp_path, gpu):
    recordings = coco_clips(20, frames=(30, 40), gaps=False) if form == '2d' else body_clips(20, frames=(30, 40))
    save_annotation(recordings, tmp_path / 'clips.npz')
    (tmp_path / 'mine.py').write_text(CONFIG.format(base=base, form=form, model=SMALL[small]))
    run('train', 'mine.py', '--work-dir', 'run', cwd=tmp_path)
    assert len(load_annotation(tmp_path / 'run/pool/pool.pkl')['annotations']) > 0
    assert any(place == GPU for place in gpu.places.values())  # it was there at all
    if base in ('own_2d', 'own_3d'):
        model = 'mine.py', 'run/epoch_8.pth'
        run('test', *model, cwd=tmp_path)
        run('generate', *model, '--num-samples-per-class', 2, '--out', 'made.npz', cwd=tmp_path)
        run('generate', *model, '--num-samples-per-class', 2, '--around', 'clips.npz', '--out', 'near.npz', cwd=tmp_path)
        assert 'named as their label says' in run('recognize', *model, '--clips', 'made.npz', cwd=tmp_path)
        assert 'accuracy_real' in run('compare', 'clips.npz', 'made.npz', '--recognizer', *model, cwd=tmp_path)


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
