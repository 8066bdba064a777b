"""LoadFrames and PackFrameInputs: which frames, poses and masks of a window, and in which square."""

import cv2
import numpy as np
import pytest
import torch

from mmagenc.datasets import ImageSequenceDataset
from mmagenc.datasets.frames import read_image
from mmagenc.datasets.letterbox import Letterbox
from mmagenc.datasets.transforms import LoadFrames, PackFrameInputs
from tests.image_sequences import write_sequences


@pytest.fixture(scope='module')
def dataset(tmp_path_factory):
    return ImageSequenceDataset(write_sequences(tmp_path_factory.mktemp('sequences'), subjects=2, num_frames=8), split='train')


def load(window, **settings):
    return LoadFrames(**dict(dict(image_size=32), **settings)).transform(dict(window))


def test_frames_poses_and_masks_belong_together(dataset):
    window = dataset.get_data_info(1)
    results = load(window, test_mode=True)
    assert results['step'].tolist() == [0, 1, 2, 3, 4, 5] and results['frames'].dtype == results['mask'].dtype == np.uint8
    folder = window['frames_dir']
    for place in range(6):
        name = f'{place + 2:06d}.png'  # window 1 begins at the clip's second frame
        np.testing.assert_array_equal(results['frames'][place], read_image(f'{folder}/{name}'))
        expected = cv2.imread(f'{folder.replace("frames", "masks")}/{name}', cv2.IMREAD_GRAYSCALE) > 127
        np.testing.assert_array_equal(results['mask'][place], expected)
    np.testing.assert_allclose(results['unit_pose'], 2 * window['keypoint'][0].clip(0, 31) / 32 - 1, atol=1e-6)
    assert results['visible'].shape == (6, 13) and results['visible'].all()


def test_another_size_and_crop(dataset):
    """Twice as large; and cut around all keypoints of the clip, of which the window knows the extent."""
    window = dataset.get_data_info(0)
    results = load(window, image_size=64, test_mode=True)
    assert results['frames'].shape == (6, 64, 64, 3) and results['mask'].shape == (6, 64, 64)
    np.testing.assert_allclose(results['unit_pose'], 2 * window['keypoint'][0].clip(0, 31.5) / 32 - 1, atol=1e-6)
    letterbox = Letterbox.of_points(np.array(window['extent']), (32, 32), size=64)
    results = load(window, image_size=64, crop='keypoints', test_mode=True)
    np.testing.assert_array_equal(results['frames'][0], letterbox.image(read_image(f'{window["frames_dir"]}/000001.png')))
    expected = letterbox.unit(letterbox.clipped(letterbox.points(window['keypoint'][0])))
    np.testing.assert_allclose(results['unit_pose'], expected, atol=1e-6)


def test_poses_of_a_crop_go_back_to_the_image(dataset):
    """A clip cropped beforehand gives what the same clip gives uncropped, in the crop's square."""
    window = dataset.get_data_info(0)
    letterbox = Letterbox((4, 0, 28, 30), 128)
    cropped = dict(window, crop=[4, 0, 28, 30], img_shape=(128, 128), original_shape=(32, 32), masks_dir=None,
                   keypoint=letterbox.points(window['keypoint']).astype(np.float32),
                   box=letterbox.points(np.reshape(window['box'], (-1, 2))).reshape(-1, 4).tolist())
    results, target = load(cropped, image_size=64, test_mode=True), Letterbox((4, 0, 28, 30), 64)
    expected = target.unit(target.clipped(target.points(window['keypoint'][0])))
    np.testing.assert_allclose(results['unit_pose'], expected, atol=1e-4)
    image, mask = read_image(f'{window["frames_dir"]}/000001.png'), np.zeros((32, 32), dtype=np.uint8)
    x1, y1, x2, y2 = (int(round(number, 3)) for number in window['box'][0])
    mask[y1:min(y2, 31), x1:min(x2, 31)] = 1
    np.testing.assert_array_equal(results['frames'][0], target.image(image))
    np.testing.assert_array_equal(results['mask'][0], target.mask(mask))


def test_which_mask(dataset):
    window = dataset.get_data_info(0)
    with_box, around = load(window, mask='box', test_mode=True), load(window, mask='keypoints', test_mode=True)
    x1, y1, x2, y2 = map(int, window['box'][3])
    expected = np.zeros((32, 32))
    expected[y1:min(y2, 31), x1:min(x2, 31)] = 1
    np.testing.assert_array_equal(with_box['mask'][3], expected)
    np.testing.assert_array_equal(load(dict(window, masks_dir=None), test_mode=True)['mask'], with_box['mask'])
    for pose, mask in zip(window['keypoint'][0], around['mask']):
        assert mask[tuple(pose.clip(0, 30).astype(int).T[::-1])].all() and 0.2 < mask.mean() < 0.9
    np.testing.assert_array_equal(load(dict(window, masks_dir=None, box=None), test_mode=True)['mask'], around['mask'])
    hidden = dict(window, keypoint_score=np.zeros((1, 6, 13), dtype=np.float32))
    np.testing.assert_array_equal(load(hidden, mask='keypoints', test_mode=True)['mask'], around['mask'])


def test_drawn_targets(dataset):
    """The first is any of five, the last any of the four that a generator of poses predicts; one seed gives one draw."""
    transform, drawn = LoadFrames(image_size=32), []
    for _ in range(200):
        drawn.append(transform.chosen(6, every=False))
    first, last = ({targets[place] for targets in drawn} for place in (1, 2))
    assert first == {1, 2, 3, 4, 5} and last == {1, 2, 3, 4} and {targets[0] for targets in drawn} == {0}
    np.random.seed(3)
    results = load(dataset.get_data_info(0))
    np.random.seed(3)
    assert results['step'].tolist() == transform.chosen(6, every=False) and len(results['frames']) == 3
    assert len(load(dataset.get_data_info(0), num_targets=1)['frames']) == 2
    assert len(load(dict(dataset.get_data_info(0), test_mode=True))['frames']) == 6


def test_pack(dataset):
    packed = PackFrameInputs().transform(load(dataset.get_data_info(0), test_mode=True))
    shapes = {name: (tuple(value.shape), value.dtype) for name, value in packed['inputs'].items()}
    assert shapes == dict(frame=((6, 3, 32, 32), torch.uint8), pose=((6, 13, 2), torch.float32), visible=((6, 13), torch.bool),
                          mask=((6, 1, 32, 32), torch.uint8), step=((6, ), torch.int64))
    sample = packed['data_samples']
    assert (int(sample.gt_label), sample.num_frames, sample.frame_dir, sample.subject) == (0, 6, 's0_wave@0', 's0')
    assert sample.metainfo.keys() <= {'num_frames', 'frame_dir', 'subject', 'source', 'img_shape'}


@pytest.mark.parametrize(('settings', 'message'), [
    (dict(image_size=4), 'image_size must be at least 8'),
    (dict(num_targets=3), 'num_targets 1 or 2'),
    (dict(crop='box'), "crop must be 'image' or 'keypoints'"),
    (dict(mask='mask'), "mask None, 'masks', 'box', 'keypoints'"),
])
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        LoadFrames(**settings)


@pytest.mark.parametrize(('change', 'settings', 'message'), [
    (dict(total_frames=2), {}, 'a window of 2 frames has no source and 2 targets'),
    (dict(keypoint=np.zeros((2, 6, 13, 2))), {}, 'images need one person in pixels'),
    (dict(keypoint=np.zeros((1, 6, 13, 3))), {}, 'images need one person in pixels'),
    (dict(masks_dir=None), dict(mask='masks'), 'names no masks_dir'),
    (dict(box=[[0, 0, 1, 1]]), dict(mask='box'), r'box must be \(6, 4\)'),
    (dict(box=None), dict(mask='box'), r'box must be \(6, 4\)'),
])
def test_bad_clips(dataset, change, settings, message):
    window = dict(dataset.get_data_info(0), **change)
    if change.get('total_frames'):
        window['frame_numbers'] = [1, 2]
    with pytest.raises(ValueError, match=message):
        load(window, **settings)
