"""Files of networks: their numbers beside torch's, what stands in them, and what runs them without torch."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import mmaction
import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmagenc.apis import init_generator, init_recognizer, recognize
from mmagenc.apis.export_model import export_model, tried_form
from mmagenc.datasets import save_annotation
from mmagenc.deploy.files import EXTRA_FILE, Check, ExportError, checked, write_model
from mmagenc.deploy.networks import Portable, portable_generator, spec
from mmagenc.deploy.samples import moving_clip
from mmagenc.deploy.standalone import OnnxModel, drawn, named_classes, prepare
from mmagenc.deploy.standalone import main as run_standalone
from mmagenc.deploy.steps import encoding_steps
from mmagenc.models.generators import PostureTransferGenerator
from mmagenc.models.generators.start_poses import encode_starts
from mmagenc.registry import MODELS
from mmagenc.skeletons import get_skeleton

from .exported import tiny

pytest.importorskip('onnxruntime')
pytest.importorskip('onnxscript')
KEYPOINTS = dict(type='KeypointRepresentation', skeleton='ucla20')
BOUNDED = dict(KEYPOINTS, normalization='min_max', root_center=True, translation=True)
GENERATORS = {
    'cvae': dict(type='TransformerCVAE', representation=KEYPOINTS, latent_dim=16, num_layers=1, num_heads=2, ff_dim=16),
    'cvae of rotations': dict(type='TransformerCVAE', representation=dict(type='RotationRepresentation', translation=True), latent_dim=16,
                              num_layers=1, num_heads=2, ff_dim=16),
    'kinetic gan': dict(type='KineticGAN', representation=BOUNDED, latent_dim=8, networks=dict(base_channels=2)),
    'act-vae': dict(type='ACTVAE', representation=BOUNDED, latent_dim=4),
    'slt': dict(type='SLTGenerator', representation=KEYPOINTS, latent_dim=4, noise_dim=3, hidden_dim=8, wide_dim=8, pooling='mean',
                noise_memory=0.9, sees_start=True),
}


def generator(name, num_frames=16):
    model = MODELS.build(dict(GENERATORS[name], num_classes=3, num_frames=num_frames)).eval()
    if hasattr(model.representation, 'std'):
        model.representation.std.fill_(2.)
        model.representation.mean.uniform_(-0.5, 0.5)
        model.representation.place.fill_(2.)
    if name == 'act-vae':
        model.starts.poses.uniform_(-1, 1)
        model.starts.count.copy_(torch.tensor([2, 0, 3]))
    return model


def clips(count=3, frames=30):
    return [moving_clip(get_skeleton('ucla20'), num_dims=3, scored=False, frames=frames, seed=seed) for seed in range(count)]


@pytest.mark.parametrize('name', GENERATORS)
def test_networks_make_what_the_generator_makes(name):
    model = generator(name)
    portable = portable_generator(model)
    label = torch.tensor([2, 0, 1])
    latent = model.draw_latent(label, 16, generator=torch.Generator().manual_seed(1))
    frame = torch.arange(16)
    if name.startswith('cvae'):
        inputs = latent, label, frame
    elif name == 'kinetic gan':
        latent = torch.cat([latent[:, :8], torch.tensor([[5., 1, 1000], [6, 0.6, 1000], [7, 0., 1000]])], dim=1)
        inputs = latent[:, :8], model._noise(latent[:, 8].long()), label, latent[:, 9]
    elif name == 'slt':
        inputs = latent[:, :4], latent[:, 4:].reshape(3, 15, 3), label
    else:
        most = model.starts.poses.shape[1]
        rows = torch.tensor([2 * most + 1, 0, 1])
        latent = torch.cat([model.starts.poses.flatten(0, 1)[rows], latent[:, model.pose_size:]], dim=1)
        own = torch.full((3, model.pose_size), torch.nan)  # none of one's own
        inputs = rows, latent[:, model.pose_size:].reshape(3, 17, 4), label, own
    with torch.no_grad():
        made = dict(zip(portable.outputs, portable.network(*inputs)))
        wanted = model.decode_latent(latent, label, torch.full((3, ), 16))
    for key, value in made.items():
        torch.testing.assert_close(value, getattr(wanted, key), rtol=1e-5, atol=2e-5)
    assert set(made) == {key for key in ('keypoint', 'pose', 'transl') if getattr(wanted, key) is not None}


@pytest.mark.parametrize('name, left', [('cvae', 'encoder.'), ('kinetic gan', 'critic.'), ('act-vae', 'posterior.'), ('slt', 'critic.')])
def test_a_file_leaves_what_only_training_needs(name, left):
    model = generator(name)
    weights = portable_generator(model).network.state_dict()
    assert weights and not [key for key in weights if left in key]
    assert name == 'act-vae' or [key for key in model.state_dict() if left in key]


def test_start_poses_are_those_of_the_class():
    """Class 1 has none: its clips begin as those of class 0 do, which has two."""
    start = next(one for one in portable_generator(generator('act-vae')).inputs if one['name'] == 'start')
    label = np.repeat([0, 1, 2], 200)
    rows = drawn(start, label, 16, np.random.default_rng(0))
    most = generator('act-vae').starts.poses.shape[1]
    assert [sorted(set(rows[label == k])) for k in range(3)] == [[0, 1], [0, 1], [2 * most, 2 * most + 1, 2 * most + 2]]


def test_a_start_pose_of_ones_own(tmp_path):
    """A file follows a pose in metres as torch does (``encode_starts``); without one it begins as a recording of the class."""
    model = generator('act-vae', num_frames=4)
    write_model(portable_generator(model), tmp_path / 'a.onnx', dict(
        kind='generator', classes=list('abc'), keypoint_names=list(get_skeleton('ucla20').joint_names), units='metres'))
    ours, label = OnnxModel(tmp_path / 'a.onnx'), torch.tensor([2, 0])
    poses = np.stack([clip['keypoint'][0, 0] for clip in clips(2)])
    noise = np.random.default_rng(0).standard_normal((2, 5, 4)).astype(np.float32)
    for start in (poses, poses[1]):
        begin = encode_starts(start, model.representation).expand(2, -1)
        with torch.no_grad():
            latent = torch.cat([begin, torch.from_numpy(noise).flatten(1)], dim=1)
            wanted = model.decode_latent(latent, label, torch.full((2, ), 4)).keypoint
        made = ours.generate(label.numpy(), noise=noise, start_pose=start)['keypoint']
        np.testing.assert_allclose(made, wanted, atol=1e-5)
    assert np.abs(made - ours.generate(label.numpy(), noise=noise)['keypoint']).max() > 1e-3
    np.savez(tmp_path / 'clips.npz', keypoint=np.stack([clip['keypoint'] for clip in clips(2)]))
    assert np.array_equal(ours.first_poses(tmp_path / 'clips.npz'), poses)
    for start, message in ((poses[:, :5], r'must be one pose \(20, 3\), or one of each of the 2 clips'), (poses * np.nan, 'not finite'),
                           (1000 * poses, 'units of the recordings')):
        with pytest.raises(ValueError, match=message):
            ours.generate(label.numpy(), start_pose=start)
    with pytest.raises(ValueError, match='has no start poses'):
        OnnxModel(tiny().generator).generate([0], start_pose=poses[0])


@pytest.mark.parametrize('key, form', [('keypoint', dict(BOUNDED, unit='body')), ('pose', dict(type='RotationRepresentation')),
                                       ('pose', dict(type='RotationRepresentation', translation=True))])
def test_poses_are_encoded_without_torch_as_with_it(key, form):
    representation = MODELS.build(form)
    if key == 'keypoint':
        representation.std.fill_(3.)
    pose = np.random.default_rng(0).normal(scale=0.4, size=(2, *((20, 3) if key == 'keypoint' else (24, 3)))).astype(np.float32)
    ours = np.stack([prepare({key: one[None, None], 'keypoint': one[None, None]}, encoding_steps(representation)) for one in pose])
    np.testing.assert_allclose(ours.reshape(2, -1), encode_starts(pose, representation), atol=1e-6)


def test_a_generator_without_a_network():
    model = PostureTransferGenerator(representation=KEYPOINTS, num_classes=3, shift='random')
    with pytest.raises(ValueError, match='PostureTransferGenerator has no decoder that a file could hold'):
        portable_generator(model)


def test_a_recognizer_says_what_torch_says():
    model, ours = init_recognizer(tiny().config, tiny().checkpoint), OnnxModel(tiny().judge)
    for some in (clips(3), clips(2, frames=5)):  # the pipeline continues short ones
        np.testing.assert_allclose(ours.recognize(some), recognize(model, some).probability, atol=1e-5)
    inputs = np.concatenate([prepare(clip, ours.meta['steps']) for clip in clips(5)])
    score, feature = ours.scores(inputs[:, :, :6])  # five clips of six frames
    wanted = model.backbone(torch.from_numpy(inputs[:, :, :6]))
    np.testing.assert_allclose(score, model.cls_head(wanted).detach().numpy(), atol=1e-5)
    np.testing.assert_allclose(feature, wanted.mean(dim=(1, 3, 4)).detach().numpy(), atol=1e-5)


def test_what_is_known_stands_in_the_file():
    meta = OnnxModel(tiny().judge).meta
    assert meta['classes'] == ['walk', 'run', 'Jump'] and meta['skeleton'] == 'ucla20' and meta['fps'] == 25. and meta['frames'] == 8
    assert meta['keypoint_names'] == list(get_skeleton('ucla20').joint_names) and meta['units'] == 'metres' and meta['scores'] is False
    assert [step['step'] for step in meta['steps']] == ['window', 'inputs_of_persons']
    assert meta['pipeline'][0]['type'] == 'ConsecutiveSample'
    assert meta['form'] == '(N, M, T, V, C) = (N, 1, T, 20, 3)' and meta['dynamic'] == dict(N=True, T=True, why=None)
    import hashlib
    assert meta['checkpoint_sha256'] == hashlib.sha256(tiny().checkpoint.read_bytes()).hexdigest()
    assert {'kind', 'mmagenc', 'config', 'up', 'parents', 'inputs', 'outputs', 'model'} <= set(meta)
    assert OnnxModel(tiny().generator).meta['representation']['normalization'] == 'standard'


def test_a_generator_makes_what_torch_makes():
    ours, model = OnnxModel(tiny().generator), init_generator(tiny().config, tiny().generator_checkpoint)
    latent = np.random.default_rng(3).standard_normal((4, 16)).astype(np.float32)
    for frames in (8, 11):
        made = ours.generate([0, 1, 2, 1], frames, latent=latent)['keypoint']
        wanted = model.decode_latent(torch.from_numpy(latent), torch.tensor([0, 1, 2, 1]), torch.full((4, ), frames)).keypoint
        np.testing.assert_allclose(made, wanted.detach().numpy(), rtol=1e-5, atol=1e-5)
    assert np.array_equal(ours.generate([1])['keypoint'], ours.generate([1])['keypoint'])
    for label, kwargs, message in (([3], {}, 'from 0 to 2'), ([], {}, 'from 0 to 2'), ([0], dict(z=1), 'unknown inputs z')):
        with pytest.raises(ValueError, match=message):
            ours.generate(label, **kwargs)
    with pytest.raises(ValueError, match='this is a generator, not a recognizer'):
        ours.recognize([])


WITHOUT_TORCH = """import runpy, sys
class Refuses:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in ('torch', 'mmagenc', 'mmengine', 'mmcv', 'mmaction'):
            raise ImportError(name)
sys.meta_path.insert(0, Refuses())
script, *words = sys.argv[1:]
sys.argv = [script, *words]
runpy.run_path(script, run_name='__main__')
"""


def test_it_runs_where_there_is_no_torch(tmp_path):
    def ran(*words):
        command = [sys.executable, '-I', '-c', WITHOUT_TORCH, str(tmp_path / 'run.py'), *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout
    shutil.copy(tiny().standalone, tmp_path / 'run.py')
    some = clips(2)
    np.savez(tmp_path / 'clips.npz', keypoint=np.stack([clip['keypoint'] for clip in some]))
    lines = [json.loads(line) for line in ran(tiny().judge, '--clips', tmp_path / 'clips.npz').splitlines()]
    wanted = OnnxModel(tiny().judge).recognize(some)
    assert [line['probability'] for line in lines] == pytest.approx(wanted.max(axis=1), abs=1e-5)
    named = [dict(clip, frame_dir=f'é, {index}', label=0, total_frames=clip['keypoint'].shape[1]) for index, clip in enumerate(clips(3))]
    named[1].update(total_frames=11, keypoint=named[1]['keypoint'][:, :11])
    save_annotation(dict(split={}, metainfo=dict(skeleton='ucla20', fps=25.), annotations=named), tmp_path / 'named.npz')
    lines = [json.loads(line) for line in ran(tiny().judge, '--clips', tmp_path / 'named.npz').splitlines()]
    assert [line['name'] for line in lines] == ['é, 0', 'é, 1', 'é, 2']
    assert [line['probability'] for line in lines] == pytest.approx(OnnxModel(tiny().judge).recognize(named).max(axis=1), abs=1e-5)
    assert '2 clips (2, 9, 20, 3)' in ran(tiny().generator, '--classes', 'run', '--num-samples-per-class', 2, '--num-frames', 9, '--out',
                                          tmp_path / 'made.npz')
    with np.load(tmp_path / 'made.npz') as made:
        assert made['keypoint'].shape == (2, 9, 20, 3) and made['label'].tolist() == [1, 1] and made['fps'] == 25.


def test_files_that_the_program_does_not_take(tmp_path):
    """In a sentence that names the file, and the clip."""
    some = [dict(clip, frame_dir='a', label=0, total_frames=clip['keypoint'].shape[1]) for clip in clips(1)]
    save_annotation(dict(split={}, metainfo=dict(skeleton='ucla20'), annotations=some), tmp_path / 'whole.npz')
    rows = {'cut.npz': (tmp_path / 'whole.npz').read_bytes()[:-200], 'text.npz': b'PK', 'empty.npy': b''}
    for name, content in rows.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(SystemExit, match=f'{name}: this is no whole .npz or .npy file of arrays$'):
            run_standalone([str(tiny().judge), '--clips', str(tmp_path / name)])
    flat = [dict(some[0], keypoint=some[0]['keypoint'][..., :2])]
    short = [dict(some[0], keypoint=some[0]['keypoint'][:, :, :17], skeleton='h36m17')]
    for name, annotations, layout, says in (
            ('flat.npz', flat, 'ucla20', r'20 keypoints of 2 coordinates \(ucla20\)'),
            ('short.npz', short, 'h36m17', r'17 keypoints of 3 coordinates \(h36m17\)')):
        save_annotation(dict(split={}, metainfo=dict(skeleton=layout), annotations=annotations), tmp_path / name)
        with pytest.raises(SystemExit, match=rf'{name}: clip a has {says}, and this model knows 20 keypoints of 3 coordinates \(ucla20\)'):
            run_standalone([str(tiny().judge), '--clips', str(tmp_path / name)])


def test_names_of_classes_with_commas():
    names = ['wave', 'left', 'wave, left', 'sit']
    assert named_classes('wave, left,sit,wave', names) == ['wave, left', 'sit', 'wave']
    assert named_classes('left,stand', names) == ['left', 'stand']  # which is refused where indices are asked for


class Shift(torch.nn.Module):
    """Adds one."""

    def forward(self, x):
        return (x + 1, )


SHIFT = Portable(Shift(), [spec('x', ['N', 'T', 2], 'normal')], ['y'], 5)


def test_numbers_that_are_not_torchs():
    right = checked(SHIFT, lambda x: [(x + 1).numpy()], 'NT')
    assert isinstance(right, Check) and right.largest == 0 and right.sizes == ((2, 5), (3, 5), (1, 5), (2, 3))
    with pytest.raises(ExportError, match='2 clips of 5 frames differ from torch by 0.001'):
        checked(SHIFT, lambda x: [(x + 1.001).numpy()], 'NT')
    with pytest.raises(ExportError, match='differ from torch by nan'):
        checked(SHIFT, lambda x: [(x * np.nan).numpy()], 'NT')
    with pytest.raises(ExportError, match='2 clips of 3 frames'):
        checked(SHIFT, lambda x: [(x + 1 if x.shape[1] == 5 else x).numpy()], 'NT')


def test_a_torch_that_cannot_write_batch_normalization(tmp_path, monkeypatch):
    """torch 2.6 says so, and what can; networks without it, and programs of torch, it writes."""
    monkeypatch.setattr('mmagenc.deploy.files.writes_batch_norm', lambda: False)
    with pytest.raises(ExportError, match=r'judge.onnx: torch .* cannot write batch normalization.*torch 2.7 and later can.*\.pt2 file'):
        export_model(tiny().config, tiny().checkpoint, tmp_path / 'judge.onnx', part='recognizer')
    assert not list(tmp_path.iterdir())
    write_model(SHIFT, tmp_path / 'shift.onnx', {})
    export_model(tiny().config, tiny().checkpoint, tmp_path / 'judge.pt2', part='recognizer')


def test_a_program_of_torch(tmp_path):
    check, dynamic = write_model(SHIFT, tmp_path / 'a' / 'shift.pt2', dict(classes=['a']))
    extra = {EXTRA_FILE: ''}
    program = torch.export.load(tmp_path / 'a' / 'shift.pt2', extra_files=extra)
    x = torch.randn(4, 7, 2)
    torch.testing.assert_close(program.module()(x)[0], x + 1)
    told = json.loads(extra[EXTRA_FILE])
    assert told['classes'] == ['a'] and told['format'] == 'mmagenc 1' and dynamic == dict(N=True, T=True, why=None) == told['dynamic']


class OneSize(torch.nn.Module):

    def forward(self, x):
        return (x.reshape(-1, 5, 2), )  # of another number of frames this is something else


def test_what_may_not_change_is_said(tmp_path):
    check, dynamic = write_model(Portable(OneSize(), [spec('x', ['N', 'T', 2], 'normal')], ['y'], 5), tmp_path / 'one.pt2', {})
    assert dynamic['N'] and not dynamic['T'] and dynamic['why'] and check.sizes == ((2, 5), (3, 5), (1, 5))


@pytest.mark.parametrize('config, backbone, layout, dims', [
    ('stgcnpp/stgcnpp_8xb16-joint-u100-80e_ntu60-xsub-keypoint-2d.py', 'STGCN', 'coco17', 2),
    ('2s-agcn/2s-agcn_8xb16-bone-u100-80e_ntu60-xsub-keypoint-3d.py', 'AAGCN', 'ntu25', 3)])
def test_configs_of_mmaction2_as_they_are(config, backbone, layout, dims):
    """They name no layout but their graph's, and three channels of pixels are x, y and a score."""
    cfg = Config.fromfile(Path(mmaction.__file__).parent / '.mim/configs/skeleton' / config)
    assert cfg.model.backbone.type == backbone
    cfg.model.backbone.update(base_channels=12, num_stages=2, inflate_stages=[2], down_stages=[2])
    cfg.model.cls_head.in_channels = 24
    form = tried_form(init_recognizer(cfg), None)
    assert form['skeleton'] == layout and form['keypoint'].shape[-1] == dims and ('keypoint_score' in form) == (dims == 2)


def test_refusals(tmp_path):
    with pytest.raises(ValueError, match='part must be one of'):
        export_model(tiny().config, tiny().checkpoint, tmp_path / 'a.onnx', part='brain')
    with pytest.raises(ValueError, match='TransformerCVAE has no classifier'):
        export_model(tiny().config, tiny().generator_checkpoint, tmp_path / 'a.onnx', part='classifier')
    with pytest.raises(ExportError, match='must end in .onnx or .pt2'):
        write_model(SHIFT, tmp_path / 'a.h5', {})
    (tmp_path / 'no.onnx').write_bytes(b'no model')
    with pytest.raises(ValueError, match='onnxruntime cannot read this model'):
        OnnxModel(tmp_path / 'no.onnx')
    assert not (tmp_path / 'a.onnx').exists()
