"""netCDF in movement's layout, by xarray, by movement where it is installed, and by the importer."""

import sys

import numpy as np
import pytest

from mmagenc.skeletons import get_skeleton

from ..flat_clips import CLASSES, annotation_of, check_same, flat_clip, places, read_back, save, solid_clip

xarray = pytest.importorskip('xarray')
pytest.importorskip('h5netcdf')


def test_xarray_finds_movements_layout(tmp_path):
    clip = flat_clip(persons=2)
    saved = save(annotation_of(clip), tmp_path / 'folder', 'netcdf')
    assert [path.name for path in saved.paths] == ['a_b_c.nc']
    dataset = xarray.load_dataset(saved.paths[0])
    assert dict(dataset.sizes) == dict(time=5, space=2, keypoints=17, individuals=2)
    assert dataset['position'].dims == ('time', 'space', 'keypoints', 'individuals')
    assert dataset['confidence'].dims == ('time', 'keypoints', 'individuals')
    assert dataset.attrs.items() >= dict(ds_type='poses', fps=12.5, time_unit='seconds', source_software='mmagenc').items()
    np.testing.assert_allclose(dataset['time'], np.arange(5) / 12.5)
    keypoint, score = places(clip)
    for joint, name in enumerate(get_skeleton('coco17').joint_names):
        for person in range(2):
            one = dataset.sel(keypoints=name, individuals=f'id_{person}')
            np.testing.assert_array_equal(np.stack([one['position'].sel(space=axis) for axis in 'xy'], axis=1), keypoint[person, :, joint])
            np.testing.assert_array_equal(one['confidence'], score[person, :, joint])


def test_movement_takes_it(tmp_path):
    datasets = pytest.importorskip('movement.validators.datasets', reason='movement is not installed')
    path = save(annotation_of(flat_clip()), tmp_path / 'a.nc').paths[0]
    datasets.ValidPosesInputs.validate(xarray.load_dataset(path))


def test_the_importer_reads_it_back(tmp_path):
    clip = flat_clip(persons=2)
    recording, = read_back(save(annotation_of(clip), tmp_path / 'a.nc').paths[0], 'movement')
    check_same(recording, clip)
    assert (recording.name, recording.fps, recording.label, recording.subject) == ('a b/c', 12.5, CLASSES[1], 'Jörg')
    assert recording.img_shape == (480, 640) and recording.skeleton.name == 'coco17'


def test_space_keeps_its_unit_and_its_vertical(tmp_path):
    clip = solid_clip()
    annotation = annotation_of(clip, skeleton='smpl24', fps=None, up='z')
    from mmagenc.datasets.writers.exporting import export_clips, save_clips
    saved = save_clips(export_clips(annotation), tmp_path / 'a.nc', unit='mm')
    assert saved.notes == ['nothing says the frames per second: time counts frames']
    dataset = xarray.load_dataset(saved.paths[0])
    assert dataset.attrs['time_unit'] == 'frames' and 'fps' not in dataset.attrs and dataset['position'].attrs['units'] == 'mm'
    np.testing.assert_allclose(dataset['position'][:, 1, 7, 0], clip['keypoint'][0, :, 7, 1] * 1000, rtol=1e-6)
    assert np.isnan(dataset['confidence']).all()
    recording, = read_back(saved.paths[0], 'movement')
    assert recording.up == 'z' and recording.fps is None and recording.keypoint_score is None
    np.testing.assert_allclose(recording.keypoint, clip['keypoint'], atol=1e-6)


def test_without_xarray_it_is_said_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'h5netcdf', None)
    with pytest.raises(ImportError, match=r'pip install mmagenc\[netcdf\]'):
        save(annotation_of(flat_clip()), tmp_path / 'a.nc')
