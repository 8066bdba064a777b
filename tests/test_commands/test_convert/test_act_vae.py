"""Published ACT-VAE weights become one checkpoint, and nothing in them is passed over in silence."""

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint

from mmagenc.benchmarks.plain_act_vae import ReferenceACTVAE
from mmagenc.commands.convert import act_vae as command
from mmagenc.commands.convert.act_vae import convert
from mmagenc.registry import MODELS
from tests.commands import main


@pytest.fixture
def published():
    return ReferenceACTVAE(num_classes=9, latent_dim=6)


def write_cells(published, folder, prefix=''):
    """As the published code saves them, a file each."""
    names = dict(content=published.image_enc_content, vae=published.image_enc_vae)
    paths = [str(folder / f'0100_im_encode_{name}_00085000.pt') for name in names]
    for path, cell in zip(paths, names.values()):
        torch.save({prefix + key: value for key, value in cell.state_dict().items()}, path)
    return paths


def clips_of(target, start):
    """What the converted file predicts, through the model that it names."""
    init_default_scope('mmagenc')
    content = torch.load(target, weights_only=True)
    model = MODELS.build(content['meta']['model']).eval()
    load_checkpoint(model, target, strict=True)
    return model.generate([3, 8], 4, start=start, generator=torch.Generator().manual_seed(0)), content


@pytest.mark.parametrize('form', ['cells', 'module.', 'model', 'networks'])
def test_checkpoint(tmp_path, published, form):
    """Whatever form the file has, poses come in pixels of the crop as 64 (1 + the network's)."""
    target, (pose, latent) = str(tmp_path / 'ours.pth'), write_cells(published, tmp_path, form if form == 'module.' else '')
    if form == 'model':
        torch.save(published.state_dict(), pose)
    elif form == 'networks':
        torch.save(dict(image_enc_content=published.image_enc_content.state_dict(),
                        image_enc_vae=published.image_enc_vae.state_dict(), iteration=3), pose)
    main(command, [pose, target] if form in ('model', 'networks') else [pose, target, '--latent', latent])
    start = np.random.default_rng(0).uniform(0, 127, (13, 2))
    motion, content = clips_of(target, start)
    noise = motion.latent[:, 26:].reshape(2, 5, 6)
    with torch.no_grad():
        poses, _, _ = published.clips(torch.tensor(start / 64 - 1).float().flatten().expand(2, -1), [3, 8], noise[:, 0], noise[:, 1:])
    torch.testing.assert_close(motion.keypoint, 64 * (1 + poses.unflatten(2, (13, 2))), atol=1e-3, rtol=0)
    assert motion.img_shape.tolist() == [[128, 128]] * 2 and content['meta']['dataset_meta']['classes'][3] == 'tennis_forehand'
    assert content['meta']['model']['latent_dim'] == 6 and content['meta']['model']['num_classes'] == 9


def test_refusals(tmp_path, published):
    weights = published.state_dict()
    content = {key: value for key, value in weights.items() if 'content' in key}
    with pytest.raises(ValueError, match='no image_enc_vae.rnn.weight_ih_l0.*give the other file with --latent'):
        convert(content)
    with pytest.raises(ValueError, match='keys that are not known: decoder.weight'):
        convert(dict(weights, **{'decoder.weight': torch.zeros(1)}))
    swapped = {key.replace('content', 'x').replace('vae', 'content').replace('x', 'vae'): value for key, value in weights.items()}
    with pytest.raises(ValueError, match='are the files swapped'):
        convert(swapped)
    with pytest.raises(ValueError, match='poses of 20 numbers; the published ones have 26'):
        convert(ReferenceACTVAE(pose_size=20, latent_dim=6).state_dict())
    pose, latent = write_cells(published, tmp_path)
    torch.save(weights, tmp_path / 'both.pt')
    with pytest.raises(SystemExit, match='both.pt holds image_enc_vae, expected image_enc_content alone'):
        main(command, [str(tmp_path / 'both.pt'), str(tmp_path / 'x.pth'), '--latent', latent])
    with pytest.raises(SystemExit, match='convert act-vae: .*absent.pt: no such file'):
        main(command, [str(tmp_path / 'absent.pt'), str(tmp_path / 'x.pth'), '--latent', latent])
    with pytest.raises(SystemExit, match='swapped'):
        main(command, [latent, str(tmp_path / 'x.pth'), '--latent', pose])
    assert not (tmp_path / 'x.pth').exists()
