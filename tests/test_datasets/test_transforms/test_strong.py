"""The preset: all parts at once, each that can be switched off, in space and in pixels, for whom is there."""

import numpy as np
import pytest

from mmagenc.datasets.transforms import BodyUnit, RandomMirror, StrongAugmentation, swapped_labels
from mmagenc.registry import TRANSFORMS
from mmagenc.skeletons import get_skeleton

from .bodies import bones

OFF = dict(mirror=0, speed=None, warp=None, start=None, turn=None, placement=None, posture=None, limbs=None, shear=None, noise=None,
           drift=None, rotation_noise=None)


def pixels(clip, persons=1, frames=9):
    keypoint = np.tile(100 * clip['keypoint'][..., :2] + 300, (persons, 1, 1, 1))[:, :frames].copy()
    return dict(frame_dir='a', label=1, total_frames=frames, skeleton='smpl24', img_shape=(600, 600), keypoint=keypoint,
                keypoint_score=np.ones(keypoint.shape[:3], np.float32))


def test_registered_and_still_in_test_mode(clip):
    for options, sample in ((dict(test_mode=True), clip), ({}, dict(clip, test_mode=True))):
        result = TRANSFORMS.build(dict(type='mmagenc.StrongAugmentation', rotations=False, **options))(dict(sample))
        assert all(result[key] is sample[key] for key in sample)


def test_all_switched_off_is_nothing(clip):
    for sample in (clip, pixels(clip)):
        result = StrongAugmentation(**OFF)(dict(sample))
        assert result.keys() == sample.keys()
        for key in ('keypoint', 'pose', 'transl', 'keypoint_score'):
            if key in sample:
                np.testing.assert_array_equal(result[key], sample[key])


@pytest.mark.parametrize('name, value', [('mirror', 1.), ('speed', 2.), ('warp', 0.2), ('start', 0.3), ('turn', 0.5), ('posture', 0.2),
                                         ('limbs', 0.12), ('shear', 0.1), ('noise', 0.01), ('drift', 0.01)])
def test_each_part_on_its_own(name, value, clip):
    np.random.seed(0)
    result = StrongAugmentation(**{**OFF, name: value})(dict(clip))
    assert result['keypoint'].shape != clip['keypoint'].shape or np.abs(result['keypoint'] - clip['keypoint']).max() > 1e-3


@pytest.mark.parametrize('keys', [('pose', 'transl'), ('pose', ), ('transl', ), ()])
def test_whole_preset_with_and_without_rotations(keys, clip):
    sample = {key: value for key, value in clip.items() if key not in ('pose', 'transl') or key in keys}
    before = {key: value.copy() for key, value in sample.items() if hasattr(value, 'shape')}
    np.random.seed(0)
    for _ in range(20):
        result = StrongAugmentation(swapped_labels=((1, 2), ))(dict(sample))
        assert result.keys() == sample.keys() and result['label'] in (1, 2)
        for key, value in before.items():
            assert result[key].shape == (1, result['total_frames'], *value.shape[2:]) and result[key].dtype == np.float32
            assert np.isfinite(result[key]).all()
            np.testing.assert_array_equal(sample[key], value)  # the recording itself is not written into
    without = StrongAugmentation(rotations=False)(dict(clip))
    assert 'pose' not in without and 'transl' not in without and without['label'] == 1


def test_lengths_and_size_of_the_result(clip):
    np.random.seed(0)
    old, lengths, frames = np.linalg.norm(bones(clip['keypoint']), axis=-1)[0, 0], [], []
    for _ in range(300):
        result = StrongAugmentation(noise=None, drift=None, rotations=False)(dict(clip))
        lengths.append(np.linalg.norm(bones(result['keypoint']), axis=-1).mean(axis=(0, 1)) / old)
        frames.append(result['total_frames'])
    assert np.quantile(lengths, 0.001) > 0.75 and np.quantile(lengths, 0.999) < 1.3  # limbs 12 %, shear of a tenth
    assert min(frames) == 6 and max(frames) == 12  # 9 × 0.9 / 1.33, 9 × 1.33


def test_units_do_not_matter(clip):
    results = []
    for factor in (1, 1000):
        np.random.seed(0)
        sample = dict(clip, keypoint=np.float32(factor) * clip['keypoint'], transl=np.float32(factor) * clip['transl'])
        results.append(StrongAugmentation(())(sample)['keypoint'] / factor)
    np.testing.assert_allclose(results[1], results[0], atol=2e-5)


def test_mirrored_before_or_after_the_distribution_is_the_same(clip):
    """Nothing in the preset prefers a side: mirrored results of the clip are results of the mirrored clip."""
    clip = dict(frame_dir='a', label=0, total_frames=9, skeleton='smpl24', keypoint=clip['keypoint'] - clip['keypoint'][:, :, :1])
    mirrored = RandomMirror(1.)(dict(clip))
    spreads = []
    for sample, last in ((clip, RandomMirror(1.)), (mirrored, RandomMirror(0.))):
        np.random.seed(0)
        draws = [last(StrongAugmentation(speed=None, warp=None, start=None, turn=None)(dict(sample)))['keypoint'] for _ in range(300)]
        spreads.append(np.stack(draws))
    np.testing.assert_allclose(spreads[0].mean(axis=0), spreads[1].mean(axis=0), atol=0.02)
    np.testing.assert_allclose(spreads[0].std(axis=0), spreads[1].std(axis=0), atol=0.02)


def test_pixels_stay_in_the_picture_and_who_is_absent_stays_absent(clip):
    sample = pixels(clip, persons=2)
    sample['keypoint'][1], sample['keypoint_score'][1] = 0, 0
    sample['keypoint'][0, 2, 5], sample['keypoint_score'][0, 2, 5] = 0, 0
    np.random.seed(0)
    for _ in range(50):
        result = StrongAugmentation(())(dict(sample))
        assert not result['keypoint'][1].any() and not result['keypoint_score'][1].any()
        seen = result['keypoint_score'][0] > 0
        assert not result['keypoint'][0][~seen].any() and (~seen).sum() in (0, 1, 2)
        points = result['keypoint'][0][seen]
        assert np.abs(points - sample['keypoint'][0].mean(axis=(0, 1))).max() < 400 and (points != 0).all()
        assert len(points) == result['total_frames'] * 24 - (~seen).sum()


def test_nan_stays_nan(clip):
    keypoint = clip['keypoint'].copy()
    keypoint[0, 4, 7] = np.nan
    result = StrongAugmentation((), speed=None, warp=None, start=None, mirror=0)(dict(clip, keypoint=keypoint))['keypoint']
    np.testing.assert_array_equal(np.isnan(result), np.isnan(keypoint))


def test_after_it_all_forms_of_input_can_be_made(clip):
    assert BodyUnit()(StrongAugmentation(())(pixels(clip)))['keypoint'].shape[3] == 2
    assert TRANSFORMS.build(dict(type='PoseToRot6d'))(StrongAugmentation(())(dict(clip)))['keypoint'].shape[3] == 6


def test_upright_along_z(clip):
    turned = clip['keypoint'][..., [0, 2, 1]] * np.float32([1, -1, 1])  # y up becomes z up
    sample = {key: value for key, value in clip.items() if key != 'pose'} | dict(keypoint=turned)
    result = StrongAugmentation(**{**OFF, 'turn': 0.5}, up='z')(sample)['keypoint']
    np.testing.assert_allclose(result[..., 2], turned[..., 2], atol=1e-6)
    assert np.abs(result - turned).max() > 0.01


def test_classes_that_mirroring_swaps():
    names = ['walk', 'turn-left', 'turn-right', 'wave both hands', 'RaiseRightHand', 'raise_left_hand', 'copyright']
    assert swapped_labels(names) == ((1, 2), (4, 5))
    assert swapped_labels(['a', '2']) == () and swapped_labels(['0', '1']) is None
    with pytest.raises(ValueError, match='wave left: named by one side of the body, and no class is named by the other'):
        swapped_labels(['wave left', 'walk'])


def test_mirrors_only_where_it_is_said_what_mirroring_does_to_the_classes(clip):
    still = {**OFF, 'mirror': None}
    flipped = get_skeleton('smpl24').flip_indices
    mirrored = [(StrongAugmentation(swapped, **still)(dict(clip))['keypoint'] != clip['keypoint']).any()
                for swapped in (None, ()) for _ in range(30)]
    assert not any(mirrored[:30]) and 5 < sum(mirrored[30:]) < 25
    result = StrongAugmentation(((1, 4), ), **{**OFF, 'mirror': 1.})(dict(clip))
    assert result['label'] == 4
    np.testing.assert_array_equal(result['keypoint'], clip['keypoint'][:, :, flipped] * np.float32([-1, 1, 1]))


@pytest.mark.parametrize('options, message', [
    (dict(speed=0.5), 'speed is a factor of at least 1'),
    (dict(mirror=2), 'probability must lie'),
    (dict(up='w'), 'up must be one of'),
    (dict(unit='feet'), "unit must be 'own'"),
    (dict(noise=-1), 'position must not be negative'),
    (dict(limbs=1), 'change is a share'),
    (dict(placement=-1), 'placement must not be negative'),
])
def test_settings_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        StrongAugmentation(**options)


def test_what_is_not_positions_is_refused(clip):
    with pytest.raises(ValueError, match='clip a: StrongAugmentation changes positions of 2 or 3 coordinates, keypoint has 6 channels'):
        StrongAugmentation()(dict(clip, keypoint=np.zeros((1, 9, 24, 6), np.float32)))
