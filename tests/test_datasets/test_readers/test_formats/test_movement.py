"""netCDF of movement: datasets as xarray saves them, and what is wrong with others."""

import numpy as np
import pytest

xarray = pytest.importorskip('xarray')
pytest.importorskip('h5netcdf')

PARTS = ['nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear']


def dataset(*, individuals=('id_0', ), space='xy', **attrs):
    """As movement makes one: float64 places, time from the frame rate."""
    shape = (6, len(space), len(PARTS), len(individuals))
    position = np.random.default_rng(0).uniform(10, 300, shape)
    position[2, :, 1, 0] = np.nan
    return xarray.Dataset(
        dict(position=(('time', 'space', 'keypoints', 'individuals'), position),
             confidence=(('time', 'keypoints', 'individuals'), np.full((6, len(PARTS), len(individuals)), .75))),
        dict(time=np.arange(6) / 20, space=list(space), keypoints=PARTS, individuals=list(individuals)),
        dict(dict(source_software='SLEAP', ds_type='poses', time_unit='seconds', fps=20.), **attrs))


@pytest.fixture
def save(tmp_path):

    def save(content):
        content.to_netcdf(tmp_path / 'a.nc', engine='h5netcdf')
        return tmp_path / 'a.nc'

    return save


def test_a_dataset_of_two_individuals(save, import_file):
    made = dataset(individuals=('left', 'right'))
    recording, = import_file(save(made), 'movement', max_persons=2)
    assert recording.fps == 20 and recording.label is None
    for index, part in enumerate(recording.skeleton.joint_names):
        for person, name in enumerate(('left', 'right')):
            expected = made['position'].sel(keypoints=part, individuals=name).transpose('time', 'space')
            np.testing.assert_allclose(recording.keypoint[person, :, index], expected, rtol=1e-6)
    assert np.isnan(recording.keypoint[0, 2, 1]).all() and recording.keypoint_score[0, 2, 1] == 0
    assert recording.keypoint_score[1, 2, 1] == .75


def test_the_axis_of_one_individual_may_be_dropped_and_times_tell_the_rate(save, import_file):
    made = dataset().isel(individuals=0, drop=True)
    del made.attrs['fps']
    recording, = import_file(save(made), 'movement')
    assert recording.keypoint.shape == (1, 6, 5, 2) and recording.fps == 20


def test_space_needs_a_unit(save, import_file):
    path = save(dataset(space='xyz'))
    with pytest.raises(ValueError, match='whose unit the file does not say: --unit'):
        import_file(path, 'movement')
    recording, = import_file(path, 'movement', unit=.01)
    assert 0 < np.nanmax(recording.keypoint) < 3.1


def test_axes_in_another_order_are_refused(save, import_file):
    with pytest.raises(ValueError, match=r'position must be \(time, space, keypoints, individuals\), \(…, 2, 5, 1\)'):
        import_file(save(dataset().transpose('space', 'time', 'keypoints', 'individuals')), 'movement')
