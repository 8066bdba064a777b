"""Published SLT variables become one checkpoint, and nothing in them is passed over in silence."""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmagenc.apis import init_generator
from mmagenc.benchmarks.plain_slt import ReferenceSLT, random_variables
from mmagenc.commands.convert import slt as command
from mmagenc.commands.convert.slt import ACTIONS, convert
from mmagenc.registry import MODELS
from tests.commands import main

SIZES = dict(num_frames=6, latent_dim=4, noise_dim=5, hidden_dim=6, wide_dim=8)


@pytest.fixture
def variables():
    return random_variables(num_classes=10, scale=0.3, **SIZES)


def save(path, variables, **more):
    np.savez(path, **{name: value.numpy() for name, value in variables.items()}, **more)
    return str(path)


@pytest.mark.parametrize('suffix', ['', ':0'])
def test_checkpoint(tmp_path, variables, suffix):
    """The model built from ``meta.model`` makes the published graph's clips, in pixels by the statistics given."""
    mean, std = np.arange(30.), np.arange(30.) + 1
    slots = {f'generator/shifts_generator/rnn/lstm_cell/kernel/Adam{number}': np.zeros(3) for number in ('', '_1')}
    source = save(tmp_path / 'in.npz', {name + suffix: value for name, value in variables.items()},
                  beta1_power=np.float32(0.5), beta2_power_1=np.float32(0.9), global_step=np.int64(3), **slots)
    np.savez(tmp_path / 'statistics.npz', mean=mean, std=std)
    target = tmp_path / 'ours.pth'
    main(command, [source, str(target), '--statistics', str(tmp_path / 'statistics.npz')])
    config = torch.load(target, weights_only=True)['meta']['model']
    assert {name: config[name] for name in SIZES} == SIZES and config['num_classes'] == 10
    model = init_generator(Config(dict(model=config)), target)
    assert model.dataset_meta['classes'] == list(ACTIONS) and not model.learns_poses
    motion = model.generate([3, 8], generator=torch.Generator().manual_seed(0))
    first, noise = motion.latent[:, :4], motion.latent[:, 4:].reshape(2, 5, 5)
    classes = torch.nn.functional.one_hot(motion.label, 10).float()[:, None].expand(-1, 6, -1)
    expected, _ = ReferenceSLT(variables).clips(first, noise, classes)
    expected = expected * torch.from_numpy(std).float() + torch.from_numpy(mean).float()
    torch.testing.assert_close(motion.keypoint.flatten(2), expected, atol=1e-4, rtol=1e-5)


def test_files_of_one_stage(variables):
    """What training alone needs may be missing; a decoder alone is what the second stage begins with."""
    init_default_scope('mmagenc')
    tester = {name: value for name, value in variables.items() if name.startswith('generator/')}
    checkpoint = convert(tester)
    MODELS.build(checkpoint['meta']['model']).load_state_dict(checkpoint['state_dict'])
    poses = {name: value for name, value in variables.items() if name.startswith(('generator/first', 'pose_'))}
    checkpoint = convert(poses)
    assert not any(name.startswith(('generator.', 'critic.')) for name in checkpoint['state_dict'])
    model = MODELS.build(checkpoint['meta']['model'])
    missing, unknown = model.load_state_dict(checkpoint['state_dict'], strict=False)
    assert not unknown and {name.split('.')[0] for name in missing} == {'generator', 'critic'} and not model.learns_poses


def test_refusals(tmp_path, variables):
    without = {name: value for name, value in variables.items() if not name.endswith('fw/basic_lstm_cell/bias')}
    with pytest.raises(ValueError, match='there is no generator/shifts_generator/class_bi_lstm/.*bias'):
        convert(without)
    with pytest.raises(ValueError, match='no variables of SLT; names that are not known: what'):
        convert({**variables, 'what': torch.zeros(1)})
    with pytest.raises(ValueError, match='no variables of SLT'):
        convert({})
    with pytest.raises(ValueError, match='poses of 26 numbers; the published ones have 30'):
        convert(random_variables(pose_size=26, **SIZES))
    source = save(tmp_path / 'in.npz', variables)
    np.savez(tmp_path / 'wrong.npz', mean=np.zeros(30), std=np.zeros(30))
    for statistics, says in (('wrong.npz', 'wrong.npz: expected mean and std of 30'), ('in.npz', 'in.npz: expected mean and std'),
                             ('absent.npz', 'absent.npz: no such file')):
        with pytest.raises(SystemExit, match=f'convert slt: .*{says}'):
            main(command, [source, str(tmp_path / 'x.pth'), '--statistics', str(tmp_path / statistics)])
    assert not (tmp_path / 'x.pth').exists()


@pytest.mark.parametrize('content', ['absent', 'folder', 'text', 'strings', 'empty', 'other'])
def test_files_that_are_no_variables(tmp_path, content):
    path = tmp_path / 'x.npz'
    if content == 'folder':
        path.mkdir()
    elif content == 'text':
        path.write_text('hello')
    elif content != 'absent':
        np.savez(path, **dict(strings=dict(a=np.array(['x'])), empty={}, other=dict(a=np.zeros(2)))[content])
    with pytest.raises(SystemExit) as error:
        main(command, [str(path), str(tmp_path / 'out.pth')])
    said = error.value.code
    assert isinstance(said, str) and said.startswith('convert slt: ') and 'x.npz' in said and len(said.splitlines()) == 1
    assert not (tmp_path / 'out.pth').exists()
