"""``mmagenc predict-poses`` with a small ACT-VAE: files, different samples, crops and images, and what is refused."""

import json
import pickle

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from mmagenc.apis import init_generator, predict_poses
from mmagenc.commands import predict_poses as command
from mmagenc.datasets import load_annotation, save_annotation
from mmagenc.datasets.letterbox import Letterbox
from tests.commands import main
from tests.test_apis.configs import write_generator

CLASSES = ['squat', 'bowl']
CONFIG = """model = dict(
    type='ACTVAE', latent_dim=4, num_classes=2, num_frames=4,
    representation=dict(type='KeypointRepresentation', skeleton='penn13', num_dims=2, normalization='min_max'))
"""


@pytest.fixture(scope='module')
def tool():
    return command


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    """Config, checkpoint, and a file of two windows in squares of 64 pixels, cut from images of 120 x 90."""
    folder, rng = tmp_path_factory.mktemp('act_vae'), np.random.default_rng(0)
    clips = [dict(frame_dir=f'w{index}', label=index, total_frames=6, img_shape=(64, 64), original_shape=(90, 120), crop=[10, 20, 90, 80],
                  gap=2, keypoint=rng.uniform(5, 60, size=(1, 6, 13, 2)).astype(np.float32),
                  keypoint_score=np.ones((1, 6, 13), dtype=np.float32)) for index in range(2)]
    metainfo = dict(classes=CLASSES, skeleton='penn13')
    save_annotation(dict(split=dict(test=['w0', 'w1']), metainfo=metainfo, annotations=clips), folder / 'windows.npz')
    (folder / 'config.py').write_text(CONFIG)
    model = init_generator(folder / 'config.py')
    model.representation.fit(clips)
    model.fit(clips)
    torch.save(dict(state_dict=model.state_dict(), meta=dict(dataset_meta=metainfo)), folder / 'model.pth')
    return folder


@pytest.fixture
def run(tool, files, tmp_path, capsys):
    def call(*options, start=None):
        main(tool, [str(files / 'config.py'), str(files / 'model.pth'), '--start', str(start or files / 'windows.npz'),
                   '--out', str(tmp_path / 'out'), *map(str, options)])
        return tmp_path / 'out', capsys.readouterr().out

    return call


def pose_file(folder, **changes):
    content = dict(keypoint=[[30 + 3 * joint, 40 + 2 * joint] for joint in range(13)], **{'class': 'bowl'})
    path = folder / 'pose.json'
    path.write_text(json.dumps({key: value for key, value in {**content, **changes}.items() if value is not None}))
    return path


def test_files(run, files):
    """Of the second window, whose class is bowl: GIF and strip of truth and samples, and the samples as the API gives them."""
    out, printed = run('--index', 1, '--num-samples', 3, '--seed', 5)
    annotation = load_annotation(out / 'predictions.npz')
    window = load_annotation(files / 'windows.npz')['annotations'][1]
    motion = predict_poses(init_generator(files / 'config.py', files / 'model.pth'), window, 1, num_samples=3, num_frames=5, seed=5)
    clips = annotation['annotations']
    assert np.allclose(np.concatenate([clip['keypoint'] for clip in clips]), motion.keypoint, atol=1e-5)
    assert all(clip['label'] == 1 and clip['total_frames'] == 5 and clip['crop'] == [10, 20, 90, 80] and clip['gap'] == 2 for clip in clips)
    assert Letterbox.of_clip(clips[0]).size == 64 and annotation['metainfo']['source'] == 'synthetic'
    assert np.allclose(annotation['metainfo']['start_pose'], window['keypoint'][0, 0])
    assert all(np.abs(clips[one]['keypoint'] - clips[other]['keypoint']).max() > 1e-3 for one, other in ((0, 1), (0, 2), (1, 2)))
    assert '3 predictions of 5 poses of bowl' in printed and 'apart' in printed and 'from the truth' in printed
    gif = Image.open(out / 'poses.gif')
    assert gif.n_frames == 5
    strip = np.asarray(Image.open(out / 'strip.png'))
    assert strip.shape[0] > 4 * 128 and strip.shape[1] > 6 * 128


def test_other_clips_of_the_file_may_be_broken(run, files, tmp_path):
    """Only the clip that is asked for is read; one that is broken itself is named."""
    content = load_annotation(files / 'windows.npz')
    content['annotations'][0]['keypoint'][0, 2, 3] = np.nan
    (tmp_path / 'gaps.pkl').write_bytes(pickle.dumps(dict(content, split={})))
    _, printed = run('--index', 1, start=tmp_path / 'gaps.pkl')
    assert 'bowl' in printed
    with pytest.raises(SystemExit):
        run('--index', 0, '--force', start=tmp_path / 'gaps.pkl')


def test_one_seed_gives_the_same_and_another_other_samples(run):
    poses = [load_annotation(run('--num-samples', 1, '--seed', seed, '--force')[0] / 'predictions.npz')['annotations'][0]['keypoint']
             for seed in (3, 3, 4)]
    assert np.array_equal(poses[0], poses[1]) and not np.array_equal(poses[0], poses[2])


def test_what_follows_is_not_seen(run, files, tmp_path):
    """With other poses behind the first one, the predictions are the same."""
    out, _ = run('--num-samples', 2)
    first = load_annotation(out / 'predictions.npz')['annotations'][1]['keypoint']
    annotation = load_annotation(files / 'windows.npz')
    annotation['annotations'][0]['keypoint'][:, 1:] = 7
    save_annotation(annotation, tmp_path / 'other.npz')
    out, _ = run('--num-samples', 2, '--force', start=tmp_path / 'other.npz')
    assert np.array_equal(load_annotation(out / 'predictions.npz')['annotations'][1]['keypoint'], first)


def test_samples_that_are_all_the_same_are_said_to_be(run):
    assert 'all samples are the same' in run('--sampling', 'noise_factor=0')[1]


def test_a_pose_of_an_image(run, tmp_path):
    """Pixels of the image are brought into the model's square, and the picture is cut alike."""
    image = np.full((90, 120, 3), 200, dtype=np.uint8)
    cv2.imwrite(str(tmp_path / 'image.png'), image)
    out, printed = run('--image', tmp_path / 'image.png', '--crop', 20, 30, 100, 80, '--num-frames', 3, start=pose_file(tmp_path))
    clip = load_annotation(out / 'predictions.npz')['annotations'][0]
    assert clip['crop'] == [20, 30, 100, 80] and tuple(clip['original_shape']) == (90, 120) and clip['total_frames'] == 3
    start = load_annotation(out / 'predictions.npz')['metainfo']['start_pose']
    assert np.allclose(Letterbox((20, 30, 100, 80), 64).points_back(start), [[30 + 3 * j, 40 + 2 * j] for j in range(13)], atol=1e-4)
    assert 'poses of bowl' in printed and 'truth' not in printed
    strip = np.asarray(Image.open(out / 'strip.png'))
    assert (strip == 200).all(axis=-1).mean() > 0.1, 'the image is behind the poses'
    out, printed = run('--crop', 'auto', '--class', 'squat', '--force', start=pose_file(tmp_path, img_shape=[90, 120]))
    assert 'poses of squat' in printed, "the option's class and not the file's"
    x1, y1, x2, y2 = load_annotation(out / 'predictions.npz')['annotations'][0]['crop']
    assert x1 < 30 and y1 < 40 and x2 > 66 and y2 > 64 and x2 <= 119


def test_an_image_of_the_crop_or_of_the_video(run, tmp_path):
    for name, shape in (('crop', (64, 64)), ('video', (90, 120))):
        cv2.imwrite(str(tmp_path / f'{name}.png'), np.full((*shape, 3), 90, dtype=np.uint8))
        assert (run('--image', tmp_path / f'{name}.png', '--force')[0] / 'poses.gif').is_file()
    cv2.imwrite(str(tmp_path / 'other.png'), np.zeros((50, 50, 3), dtype=np.uint8))
    with pytest.raises(SystemExit, match='50 x 50 pixels, the poses are of 120 x 90 or 64 x 64'):
        run('--image', tmp_path / 'other.png', '--force')


@pytest.mark.parametrize('options, changes, says', [
    (['--index', 2], None, '--index 2: .*has the clips 0 to 1'),
    (['--class', 'jump'], None, "unknown class 'jump'; known: 0 squat, 1 bowl"),
    (['--crop', 'auto'], None, 'is of crops already'),
    (['--sampling', 'warmth=2'], None, 'no sampling option warmth'),
    (['--crop', 'auto'], {}, 'does not say how large the image is'),
    ([], {'class': None}, 'names no class: give --class, one of squat, bowl'),
    ([], dict(keypoint=[[3000., 1]] * 13), 'times as far as those that the model was trained on'),
    ([], dict(keypoint=[[1., 1]] * 12), r'poses of \(12, 2\), the model knows penn13 in 2 dimensions'),
    ([], dict(keypoint=[[1, 'x']] * 13), 'pose.json: keypoint must be numbers'),
])
def test_refusals(run, tmp_path, options, changes, says):
    start = None if changes is None else pose_file(tmp_path, **changes)
    with pytest.raises(SystemExit, match=f'predict-poses: .*{says}'):
        run(*options, start=start)
    assert not (tmp_path / 'out').exists()


def test_options_that_do_not_go_together(run, tmp_path, capsys):
    for options, start, says in ((['--crop', '1', '2'], None, '--crop is auto, or X1 Y1 X2 Y2'),
                                 (['--index', '0'], pose_file(tmp_path), 'a JSON file has one pose')):
        with pytest.raises(SystemExit):
            run(*options, start=start)
        assert says in capsys.readouterr().err


def test_generators_that_begin_anywhere_are_refused(tool, files, tmp_path):
    config, checkpoint = write_generator(tmp_path)
    with pytest.raises(ValueError, match='does not begin with a given pose'):
        predict_poses(init_generator(config, checkpoint), np.zeros((20, 3)), 0)


def test_clips_in_space(tool, tmp_path):
    """Positions are drawn as skeletons, from the camera that all tiles share."""
    rng = np.random.default_rng(0)
    clips = [dict(frame_dir=f'c{index}', label=index, total_frames=6, keypoint=rng.normal(size=(1, 6, 20, 3)).astype(np.float32))
             for index in range(2)]
    metainfo = dict(classes=CLASSES, skeleton='ucla20', fps=30)
    save_annotation(dict(split={}, metainfo=metainfo, annotations=clips), tmp_path / 'clips.npz')
    (tmp_path / 'config.py').write_text(CONFIG.replace("'penn13', num_dims=2", "'ucla20', num_dims=3"))
    model = init_generator(tmp_path / 'config.py')
    model.representation.fit(clips)
    torch.save(dict(state_dict=model.state_dict(), meta=dict(dataset_meta=metainfo)), tmp_path / 'model.pth')
    main(tool, [str(tmp_path / 'config.py'), str(tmp_path / 'model.pth'), '--start', str(tmp_path / 'clips.npz'), '--num-samples', '2',
                '--out', str(tmp_path / 'out')])
    assert Image.open(tmp_path / 'out' / 'poses.gif').n_frames == 5 and (tmp_path / 'out' / 'strip.png').is_file()
