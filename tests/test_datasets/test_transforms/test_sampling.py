import numpy as np
import pytest

from mmagenc.datasets.transforms import ConsecutiveSample


def clip(frames, **extra):
    """A clip whose arrays say at each frame which frame it is."""
    number = np.arange(frames, dtype=np.float32)
    arrays = dict(keypoint=(1, frames, 17, 3), keypoint_score=(1, frames, 17), pose=(1, frames, 24, 3), transl=(1, frames, 3))
    arrays = {key: np.broadcast_to(number.reshape(1, -1, *[1] * (len(shape) - 2)), shape).copy() for key, shape in arrays.items()}
    return dict(frame_dir='a', label=0, total_frames=frames, **arrays, **extra)


def frames_of(results):
    """The frames that were taken; every array must agree."""
    taken = [results[key].reshape(results[key].shape[1], -1).astype(int) for key in ('keypoint', 'keypoint_score', 'pose', 'transl')]
    assert all((array == taken[0][:, :1]).all() for array in taken)
    assert results['num_frames'] == results['total_frames'] == len(taken[0])
    return taken[0][:, 0].tolist()


def published(total, num_frames, step, start):
    """The published sampling for a given random start (infagenc: `conseq`), written out."""
    if num_frames > total:
        return list(range(total)) + [total - 1] * (num_frames - total)
    if step * (num_frames - 1) >= total:
        step = (total - 1) // (num_frames - 1)
    return [start + step * index for index in range(num_frames)]


@pytest.mark.parametrize('total, num_frames, step, starts', [
    (10, 4, 1, range(7)), (10, 4, 2, range(4)), (10, 4, 3, [0]), (10, 4, 5, [0]), (11, 4, 4, range(2)), (4, 4, 1, [0]), (5, 4, 1, range(2)),
    (3, 1, 1, range(3)), (3, 1, 7, range(3)), (1, 1, 1, [0]),
])
def test_windows_are_the_published_ones_with_every_start(total, num_frames, step, starts):
    sample = ConsecutiveSample(num_frames, step=step)
    drawn = {tuple(frames_of(sample(clip(total)))) for _ in range(200)}
    assert drawn == {tuple(published(total, num_frames, step, start)) for start in starts}


def test_starts_are_equally_likely():
    sample = ConsecutiveSample(4)
    counts = np.bincount([sample.indices(10, fixed=False)[0] for _ in range(7000)])
    assert len(counts) == 7 and abs(counts - 1000).max() < 150


@pytest.mark.parametrize('total, expected', [(4, [0, 1, 2, 3]), (9, [2, 3, 4, 5]), (10, [3, 4, 5, 6])])
def test_the_window_is_in_the_middle_and_fixed_at_test(total, expected):
    for sample, extra in ((ConsecutiveSample(4, test_mode=True), {}), (ConsecutiveSample(4), dict(test_mode=True))):
        assert {tuple(frames_of(sample(clip(total, **extra)))) for _ in range(20)} == {tuple(expected)}


def test_test_mode_draws_no_random_number():
    np.random.seed(3)
    ConsecutiveSample(4, test_mode=True)(clip(10))
    drawn = np.random.rand()
    np.random.seed(3)
    assert drawn == np.random.rand()


def test_seeds_repeat_the_windows():
    sample, runs = ConsecutiveSample(4), []
    for _ in range(2):
        np.random.seed(5)
        runs.append([frames_of(sample(clip(30)))[0] for _ in range(10)])
    assert runs[0] == runs[1] and len(set(runs[0])) > 3


@pytest.mark.parametrize('test_mode', [False, True])
def test_short_clips(test_mode):
    assert frames_of(ConsecutiveSample(5, test_mode=test_mode)(clip(3))) == [0, 1, 2, 2, 2]
    assert frames_of(ConsecutiveSample(5, padding='none', test_mode=test_mode)(clip(3))) == [0, 1, 2]
    assert frames_of(ConsecutiveSample(5, padding='none', step=3, test_mode=test_mode)(clip(3))) == [0, 1, 2]
    assert frames_of(ConsecutiveSample(5, padding='none', test_mode=test_mode)(clip(1))) == [0]


def test_missing_arrays_stay_missing():
    short = clip(6)
    for key in ('keypoint_score', 'pose', 'transl'):
        del short[key]
    assert ConsecutiveSample(4)(short).keys() == {'frame_dir', 'label', 'total_frames', 'keypoint', 'num_frames'}


@pytest.mark.parametrize('settings, reason', [
    (dict(num_frames=0), 'at least 1'), (dict(num_frames=4, step=0), 'at least 1'),
    (dict(num_frames=4, padding='zero'), "'repeat' or 'none'"),
])
def test_settings_out_of_range(settings, reason):
    with pytest.raises(ValueError, match=reason):
        ConsecutiveSample(**settings)
