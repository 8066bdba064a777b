"""Scenes from clips and images, predicted and driving poses, and models without their generator of poses."""

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmagenc.apis import fitted_poses, init_image_model, make_frames, predict_scene, scene_of_clip, scene_of_image
from mmagenc.apis.images import clip_of_file, frames_loader
from mmagenc.datasets.frames import read_image
from mmagenc.datasets.image_sequences import located
from mmagenc.datasets.transforms import LoadFrames
from mmagenc.models.image_synthesis import PoseToImage
from mmagenc.registry import MODELS
from tests.image_sequences import CLASSES, write_sequences

SMALL = dict(num_joints=13, num_classes=2, channels=2, num_blocks=1)


@pytest.fixture(scope='module')
def sequences(tmp_path_factory):
    return write_sequences(tmp_path_factory.mktemp('sequences'), subjects=2, num_frames=6)


def config(**model):
    pipeline = [dict(type='LoadFrames', image_size=16, test_mode=True), dict(type='PackFrameInputs')]
    dataset = dict(type='ImageSequenceDataset', ann_file='none.npz', pipeline=pipeline, metainfo=dict(classes=CLASSES, skeleton='penn13'))
    loaders = {f'{split}_dataloader': dict(dataset=dataset) for split in ('train', 'test')}
    return Config(dict(loaders, model=dict(SMALL, type='PoseToImage', **model)))


def clip(path, name='s1_squat'):
    return located([clip_of_file(path, name)], str(path.parent))[0]


def test_scene_of_a_clip(sequences):
    scene = scene_of_clip(clip(sequences), LoadFrames(image_size=16), frame=1, gap=2, num_frames=3)
    assert scene.label == 1 and scene.truth.shape == (2, 16, 16, 3) and scene.truth_poses.shape == (2, 13, 2)  # frames 1, then 3 and 5
    keypoint = clip(sequences)['keypoint'][0]
    np.testing.assert_allclose(scene.pose, keypoint[1].clip(0, 30) / 2, atol=1e-5)
    np.testing.assert_allclose(scene.truth_poses[1], keypoint[5].clip(0, 30) / 2, atol=1e-5)
    last = cv2.resize(read_image(sequences.parent / 'frames/s1_squat/000006.png'), (16, 16), interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(scene.truth[1], last)
    alone = scene_of_clip(clip(sequences), LoadFrames(image_size=16), frame=5)
    assert alone.truth is None and alone.truth_poses is None
    with pytest.raises(ValueError, match='has the frames 0 to 5, got 6'):
        scene_of_clip(clip(sequences), LoadFrames(image_size=16), frame=6)


def test_clip_of_a_file(sequences):
    assert clip_of_file(sequences, '3')['frame_dir'] == 's1_squat' == clip_of_file(sequences, 's1_squat')['frame_dir']
    for name in ('4', 'nobody'):
        with pytest.raises(ValueError, match=f"no clip '{name}'; accepted are 0 to 3, or a name such as s0_wave"):
            clip_of_file(sequences, name)


def test_scene_of_an_image(tmp_path):
    """A wide image is padded above and below, and its pose moves along."""
    cv2.imwrite(str(tmp_path / 'wide.png'), np.full((20, 40, 3), 200, dtype=np.uint8))
    scene = scene_of_image(tmp_path / 'wide.png', [[0, 0], [40, 20]], size=20, num_joints=2)
    np.testing.assert_allclose(scene.pose, [[0, 5], [20, 15]])
    assert (scene.image[5:15] == 200).all() and not (scene.image[:5] == 200).any()
    for pose in ([[0, 0]], [[0, 'a'], [1, 2]], 'text', [[0, 0], [1, float('nan')]], [[0, 0], [1]]):
        with pytest.raises(ValueError, match='a pose is 2 pairs of numbers'):
            scene_of_image(tmp_path / 'wide.png', pose, size=20, num_joints=2)
    for pose in ([[0.1, 0.2], [0.7, 0.9]], [[7, 7], [7, 7]], [[500, 3], [600, 9]], [[3, -40], [9, -20]]):  # shares, a point, elsewhere
        with pytest.raises(ValueError, match=r'no pose in an image of 40 x 20 pixels \(width x height\)'):
            scene_of_image(tmp_path / 'wide.png', pose, size=20, num_joints=2)
    assert scene_of_image(tmp_path / 'wide.png', [[500, 3], [20, 9]], size=20, num_joints=2).pose[0, 0] > 20


def test_fitted_poses():
    """A motion that is another's only by place and size becomes the own; the fit is that of least squares."""
    rng = np.random.default_rng(0)
    own = rng.normal(size=(4, 5, 2))
    np.testing.assert_allclose(fitted_poses(3 * own + [10, -2], own[0]), own, atol=1e-9)
    other = rng.normal(size=(4, 5, 2)) + own[0]
    first = fitted_poses(other, own[0])[0]
    error = ((first - own[0])**2).sum()
    for scale, shift in ((1.01, 0), (0.99, 0), (1, 0.01), (1, -0.01)):
        assert ((scale * (first - first.mean(axis=0)) + first.mean(axis=0) + shift - own[0])**2).sum() > error
    with pytest.raises(ValueError, match='a single point'):
        fitted_poses(np.zeros((2, 5, 2)), own[0])


def test_predicted_poses_follow_the_scene(sequences):
    representation = dict(type='KeypointRepresentation', skeleton='penn13', num_dims=2, root_center=None, normalization='min_max')
    generator = MODELS.build(dict(type='ACTVAE', representation=representation, num_classes=2, latent_dim=4, start_state='pose'))
    generator.representation.fit([dict(keypoint=np.array([[[[0, 0], [32, 32]] + [[5, 5]] * 11]], dtype=np.float32))])
    scene = scene_of_clip(clip(sequences), LoadFrames(image_size=16))
    poses = predict_scene(generator, scene, 1, num_frames=3, num_samples=2, size=32)
    assert poses.shape == (2, 3, 13, 2) and np.abs(poses[0] - poses[1]).max() > 1e-4
    np.testing.assert_array_equal(poses, predict_scene(generator, scene, 1, num_frames=3, num_samples=2, size=32))
    assert np.abs(poses[:, 0] - scene.pose).mean() < 3  # biases keep the pose: half as many pixels here as where it was trained


def test_model_and_frames(sequences, tmp_path):
    model = MODELS.build(dict(SMALL, type='PoseToImage'))
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'x.pth')
    loaded = init_image_model(config(), tmp_path / 'x.pth')
    assert loaded.dataset_meta == dict(classes=CLASSES, skeleton='penn13', fps=30.) and not loaded.training
    scene = scene_of_clip(clip(sequences), frames_loader(loaded), num_frames=2)
    frames = make_frames(loaded, scene, scene.truth_poses, 1)
    expected = model.animate(*(torch.from_numpy(np.ascontiguousarray(value)) for value in (
        scene.image.transpose(2, 0, 1), scene.pose, scene.truth_poses)), 1)
    np.testing.assert_array_equal(frames, expected.permute(0, 2, 3, 1).numpy())


def test_a_checkpoint_need_not_hold_the_generator_of_poses(tmp_path):
    """Converted weights do not; what the config says of one is left out then."""
    torch.save(dict(state_dict=PoseToImage(**SMALL).state_dict()), tmp_path / 'x.pth')
    poses = dict(type='KineticGAN', num_classes=2, representation=dict(type='KeypointRepresentation', skeleton='penn13', num_dims=2))
    assert init_image_model(config(pose_generator=poses, pose_checkpoint='absent.pth'), tmp_path / 'x.pth').pose_generator is None


def test_refusals(tmp_path):
    torch.save(dict(state_dict=PoseToImage(**dict(SMALL, channels=4)).state_dict()), tmp_path / 'x.pth')
    with pytest.raises(ValueError, match='x.pth do not fit the PoseToImage of the config'):
        init_image_model(config(), tmp_path / 'x.pth')
    other = config()
    other.model = dict(type='MotionDataPreprocessor')
    with pytest.raises(ValueError, match='the model is a MotionDataPreprocessor, not PoseToImage'):
        init_image_model(other, tmp_path / 'x.pth')
    without = config()
    without.test_dataloader.dataset.pipeline = []
    model = PoseToImage(**SMALL)
    model.cfg = without
    with pytest.raises(ValueError, match='no LoadFrames'):
        frames_loader(model)
