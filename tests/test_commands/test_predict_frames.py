"""``mmagenc predict-frames``: every way of naming a source and its poses, what is drawn, and what is refused."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from mmagenc.apis.images import Scene
from mmagenc.commands import predict_frames
from mmagenc.datasets import load_annotation, save_annotation
from mmagenc.datasets.frames import check_frames, clip_frames
from mmagenc.datasets.image_sequences import located
from mmagenc.models.image_synthesis import PoseToImage
from tests.commands import main
from tests.image_sequences import CLASSES, write_sequences

SMALL = dict(num_joints=13, num_classes=2, channels=2, num_blocks=1)
CONFIG = f"""
model = dict(type='PoseToImage', num_joints=13, num_classes=2, channels=2, num_blocks=1)
pipeline = [dict(type='LoadFrames', image_size=16, test_mode=True), dict(type='PackFrameInputs')]
dataset = dict(type='ImageSequenceDataset', ann_file='none.npz', pipeline=pipeline, metainfo=dict(classes={CLASSES}, skeleton='penn13'))
train_dataloader = test_dataloader = dict(dataset=dataset)
"""
POSES = f"""
model = dict(type='ACTVAE', num_classes=2, latent_dim=4,
             representation=dict(type='KeypointRepresentation', skeleton='penn13', num_dims=2, root_center=None, normalization='min_max'))
train_dataloader = dict(dataset=dict(type='MotionDataset', ann_file='none.npz', metainfo=dict(classes={CLASSES})))
"""


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Sequences, a network of frames, a generator of poses."""
    from mmagenc.apis import init_generator
    folder = tmp_path_factory.mktemp('predict')
    write_sequences(folder, subjects=2, num_frames=6)
    (folder / 'p2i.py').write_text(CONFIG)
    (folder / 'act.py').write_text(POSES)
    torch.manual_seed(0)
    model = PoseToImage(**SMALL)
    with torch.no_grad():
        for parameter in model.generator.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))  # at the beginning poses hardly show in frames
    torch.save(dict(state_dict=model.state_dict()), folder / 'p2i.pth')
    generator = init_generator(folder / 'act.py')
    generator.representation.fit([dict(keypoint=np.array([[[[0, 0], [128, 128]] + [[5, 5]] * 11]], dtype=np.float32))])
    torch.save(dict(state_dict=generator.state_dict()), folder / 'act.pth')
    pose = [[1 + joint, 2 + joint] for joint in range(13)]
    (folder / 'me.json').write_text(json.dumps(pose))
    (folder / 'few.json').write_text(json.dumps(pose[:5]))
    (folder / 'named.json').write_text(json.dumps({'keypoint': pose, 'class': 'squat'}))
    return folder


@pytest.fixture
def run(folder, tmp_path, monkeypatch):
    """Run the tool in the folder; gives the rows that were drawn."""
    monkeypatch.chdir(folder)
    drawn = []

    def strip(rows, path, write=predict_frames.write_frame_strip, **kwargs):
        drawn.append((rows, kwargs['source']))
        return write(rows, path, **kwargs)

    monkeypatch.setattr(predict_frames, 'write_frame_strip', strip)

    def call(command):
        main(predict_frames, ['p2i.py', 'p2i.pth', '--device', 'cpu', '--out-dir', str(tmp_path), '--force', *command.split()])
        return drawn[-1]

    return call


def test_recorded_poses(run, tmp_path, capsys):
    rows, source = run('--source annotation.npz --clip s1_squat --frame 1 --gap 2 --num-frames 2')
    assert [(title, frames.shape) for title, frames in rows] == [('recorded', (2, 16, 16, 3)), ('made', (2, 16, 16, 3))]
    assert source.shape == (16, 16, 3) and 'strip.png' in capsys.readouterr().out
    with Image.open(tmp_path / 'frames.gif') as gif, Image.open(tmp_path / 'strip.png') as png:
        assert gif.n_frames == 2 and png.size[0] > 3 * 128


def test_what_is_made_is_a_data_set(run, tmp_path, folder):
    """Poses and frames of each made sequence, as training and other commands read them; recorded frames are not copied."""
    path = folder / 'annotation.npz'
    before = load_annotation(path)
    save_annotation(dict(before, metainfo=dict(before['metainfo'], fps=10)), path)
    try:
        rows, _ = run('--source annotation.npz --clip s1_squat --gap 2 --num-frames 2 --pose-config act.py --pose-checkpoint act.pth')
    finally:
        save_annotation(before, path)
    made = load_annotation(tmp_path / 'annotation.npz')
    assert made['metainfo']['fps'] == 5 and made['metainfo']['skeleton'] == 'penn13' and list(made['metainfo']['classes']) == list(CLASSES)
    assert [clip['frame_dir'] for clip in made['annotations']] == ['sample_1', 'sample_2'] and rows[0][0] == 'recorded'
    clips = located(made['annotations'], tmp_path)
    check_frames(clips, tmp_path, decode=True)
    for clip, (_, frames) in zip(clips, rows[1:]):
        assert np.array_equal(clip_frames(clip, tmp_path).read_all(), frames)
        assert clip['keypoint'].shape == (1, 2, 13, 2) and clip['label'] == CLASSES.index('squat') and tuple(clip['img_shape']) == (16, 16)


def test_predictions_differ(run):
    rows, _ = run('--source annotation.npz --pose-config act.py --pose-checkpoint act.pth --num-samples 3 --seed 4')
    assert [title for title, _ in rows] == ['recorded', 'sample 1', 'sample 2', 'sample 3']
    frames = [frames for _, frames in rows[1:]]
    assert not np.array_equal(frames[0], frames[1]) and not np.array_equal(frames[1], frames[2])
    again, _ = run('--source annotation.npz --pose-config act.py --pose-checkpoint act.pth --num-samples 3 --seed 4')
    assert all(np.array_equal(one, other) for (_, one), (_, other) in zip(rows, again))


def test_an_image_of_ones_own(run):
    rows, _ = run('--image frames/s0_wave/000001.png --pose me.json --class squat --pose-config act.py --pose-checkpoint act.pth')
    assert [(title, len(frames)) for title, frames in rows] == [('sample 1', 5), ('sample 2', 5)]


def test_the_pose_file_of_predict_poses_is_taken_with_its_class(run, tmp_path):
    """The one that docs/act_vae.md describes was refused as no pose."""
    rows, _ = run('--image frames/s0_wave/000001.png --pose named.json --pose-config act.py --pose-checkpoint act.pth --seed 1')
    assert load_annotation(tmp_path / 'annotation.npz')['annotations'][0]['label'] == CLASSES.index('squat')
    plain, _ = run('--image frames/s0_wave/000001.png --pose me.json --class squat --pose-config act.py --pose-checkpoint act.pth --seed 1')
    assert all(np.array_equal(one, other) for (_, one), (_, other) in zip(rows, plain))


@pytest.mark.parametrize(('shape', 'side'), [((64, 64), 64), ((48, 64), 128), (None, 128)])
def test_poses_go_to_the_generator_at_the_size_it_has_learnt(folder, shape, side):
    """At 128 pixels a generator that has learnt in squares of 64 was asked to go on from a body of twice the size."""
    from mmagenc.apis import init_generator
    generator = init_generator(folder / 'act.py')
    clip = dict(keypoint=np.random.default_rng(0).uniform(0, 48, (1, 4, 13, 2)).astype(np.float32))
    generator.representation.fit([clip if shape is None else dict(clip, img_shape=shape)])
    args, model = SimpleNamespace(pose_config='act.py', pose_size=None), SimpleNamespace(pose_side=32)
    assert predict_frames.pose_size(args, model, generator) == side
    assert predict_frames.pose_size(SimpleNamespace(pose_config='act.py', pose_size=200), model, generator) == 200
    assert predict_frames.pose_size(SimpleNamespace(pose_config=None, pose_size=None), model, generator) == 32  # the network's own
    own = PoseToImage(**SMALL)
    own.pose_generator = generator
    assert own.pose_side == (side if shape == (64, 64) else None)


def test_somebody_elses_motion(run):
    (row, ), _ = run('--source annotation.npz --clip 0 --poses annotation.npz --poses-clip 3')
    (as_is, ), _ = run('--source annotation.npz --clip 0 --poses annotation.npz --poses-clip 3 --as-they-are')
    assert row[0] == 'as annotation' and row[1].shape == as_is[1].shape == (6, 16, 16, 3)
    assert not np.array_equal(row[1], as_is[1])


def test_poses_of_a_wide_video_lie_where_its_pixels_would(tmp_path):
    """A video of 64 x 32 pixels in a square of 16: a quarter of the size, and a quarter of the square further down."""
    keypoint = np.random.default_rng(0).uniform(0, 32, (1, 3, 13, 2)).astype(np.float32)
    clip = dict(frame_dir='a', label=0, total_frames=3, keypoint=keypoint, keypoint_score=np.ones((1, 3, 13)), img_shape=(32, 64))
    metainfo = dict(classes=CLASSES, skeleton='penn13')
    save_annotation(dict(split=dict(train=['a']), metainfo=metainfo, annotations=[clip]), tmp_path / 'a.npz')
    args = SimpleNamespace(poses=tmp_path / 'a.npz', poses_clip=None, gap=1, num_frames=None, as_they_are=True)
    model = SimpleNamespace(num_joints=13, dataset_meta=dict(skeleton='penn13'))
    scene = Scene(np.zeros((16, 16, 3), dtype=np.uint8), np.zeros((13, 2)))
    np.testing.assert_allclose(predict_frames.driving_poses(args, model, scene), keypoint[0] / 4 + [0, 4], rtol=1e-5)


@pytest.mark.parametrize(('command', 'message'), [
    ('--source annotation.npz --clip 9', "no clip '9'; accepted are 0 to 3"),
    ('--source annotation.npz --frame 5', 'nothing follows the source'),
    ('--source annotation.npz --frame 6', 'has the frames 0 to 5, got 6'),
    ('--source absent.npz', 'absent.npz'),
    ('--source annotation.npz --seed 3', 'no generator of poses: give --pose-config'),
    ('--source annotation.npz --class jump', "unknown class 'jump'; known: 0 wave, 1 squat"),
    ('--image me.json --pose me.json --class 0 --pose-config act.py --pose-checkpoint act.pth', 'neither a JPEG nor a PNG'),
    ('--image frames/s0_wave/000001.png --pose p2i.py --class 0', 'p2i.py: no JSON'),
    ('--image frames/s0_wave/000001.png --pose me.json --pose-config act.py --pose-checkpoint act.pth',
     'me.json names no class: give --class'),
    ('--image frames/s0_wave/000001.png --pose few.json --class 0', '--pose few.json: a pose is 13 pairs of numbers x, y'),
    ('--image frames/s0_wave/000001.png --pose me.json --class 0', 'nothing follows the source'),
    ('--source annotation.npz --pose-config act.py --pose-checkpoint p2i.pth', 'do not fit the ACTVAE'),
    ('--source annotation.npz --pose-config p2i.py --pose-checkpoint p2i.pth', 'not a generator'),
])
def test_refusals(run, command, message):
    with pytest.raises(SystemExit) as error:
        run(command)
    assert message in str(error.value) and str(error.value).startswith('predict-frames: ') and '\n' not in str(error.value)


@pytest.mark.parametrize(('command', 'message'), [
    ('', 'give --source or --image'),
    ('--source a --image b', 'give --source or --image'),
    ('--image a', '--image needs --pose'),
    ('--image a --pose b --class 0 --frame 1', 'are of --source'),
    ('--source a --pose b', '--pose is of --image'),
    ('--source a --pose-config b', 'go together'),
    ('--source a --poses b --recorded', '--poses and --recorded say different things'),
    ('--source a --as-they-are', 'are of --poses'),
    ('--source a --poses b --seed 1', 'are of predictions'),
])
def test_options_that_do_not_go_together(run, capsys, command, message):
    with pytest.raises(SystemExit) as error:
        run(command)
    assert error.value.code == 2 and message in capsys.readouterr().err
