"""NW-UCLA: names, labels, splits; the real set against its own list of test clips."""

import json

import numpy as np
import pytest

from mmagenc.datasets.annotation import AnnotationError, load_annotation, save_annotation
from mmagenc.datasets.readers.nw_ucla import ACTIONS, read_nw_ucla
from mmagenc.datasets.safe_pickle import load_pickle
from tests.test_datasets.clips import assert_same_annotation

LABELS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 8: 7, 9: 8, 11: 9, 12: 10}


def write(folder, name, *, frames=3, seed=0, **changes):
    skeletons = np.random.default_rng(seed).normal(size=(frames, 20, 3)).round(6).tolist()
    content = dict(file_name=name, skeletons=skeletons, label=LABELS.get(int(name[1:3]), 1))
    (folder / f'{name}.json').write_text(json.dumps({**content, **changes}))
    return np.array(skeletons, dtype=np.float32)


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / 'all_sqe'
    place.mkdir()
    for subject in (1, 2, 9, 10):
        for view in (1, 2, 3):
            write(place, f'a{12 if subject == 1 else 8:02d}_s{subject:02d}_e00_v{view:02d}', seed=subject, frames=view)
    return place


def test_clips(folder):
    annotation = read_nw_ucla(folder.parent)
    assert annotation['metainfo'] == dict(classes=list(ACTIONS.values()), skeleton='ucla20', up=None)
    clips = {clip['frame_dir']: clip for clip in annotation['annotations']}
    clip = clips['a12_s01_e00_v02']
    expected = write(folder, 'a12_s01_e00_v02', seed=1, frames=2)
    assert np.array_equal(clip.pop('keypoint'), expected[None])
    assert clip == dict(frame_dir='a12_s01_e00_v02', label=9, total_frames=2, subject='s01', camera='v02', source='real')
    assert clips['a08_s02_e00_v01']['label'] == 6 and annotation['metainfo']['classes'][6] == 'donning'


def test_splits(folder):
    split = read_nw_ucla(folder)['split']
    assert split['train'] == ['a08_s02_e00_v01', 'a08_s02_e00_v02', 'a12_s01_e00_v01', 'a12_s01_e00_v02']
    assert split['val'] == [f'a08_s{subject}_e00_v0{view}' for subject in ('09', '10') for view in (1, 2)]
    assert sorted(split['trainval']) == sorted(split['train'] + split['val'])
    assert len(split['test']) == 4 and all(name.endswith('v03') for name in split['test'])
    other = read_nw_ucla(folder, val_subjects=[1])['split']
    assert other['val'] == ['a12_s01_e00_v01', 'a12_s01_e00_v02'] and other['test'] == split['test']
    with pytest.raises(AnnotationError, match=r"\['s07'\] of .*'s01'"):
        read_nw_ucla(folder, val_subjects=[7])


@pytest.mark.parametrize('name, content, reason', [
    ('a01_s01_e00_v01', '{"skeletons": [[[1', 'no readable JSON'),
    ('a01_s01_e00_v01', '[]', "expected 'skeletons'"),
    ('a01_s01_e00_v01', '{"skeletons": [], "label": 1}', 'skeletons must be'),
    ('a01_s01_e00_v01', '{"skeletons": [[[1, 2, 3]]], "label": 1}', r'must be \[T\]\[20\]\[3\], got \[1, 1, 3\]'),
    ('a01_s01_e00_v01', '{"skeletons": [[[1, 2, 3], [1, 2]]], "label": 1}', 'frames differ'),
    ('a01_s01_e00_v01', '{"skeletons": [], "label": 2}', 'label 2, but action a01 has 1'),
    ('a07_s01_e00_v01', '{}', 'action a07; there are a01'),
    ('clip', '{}', 'the name is not like'),
])
def test_damaged_files_are_named(folder, name, content, reason):
    (folder / f'{name}.json').write_text(content)
    with pytest.raises(AnnotationError, match=f'1 of 13 clips are broken\n.*{name}.json.*{reason}'):
        read_nw_ucla(folder)
    assert len(read_nw_ucla(folder, skip_broken=True)['annotations']) == 12


def test_not_a_number_is_damage(folder):
    (folder / 'a01_s01_e00_v01.json').write_text(json.dumps(dict(skeletons=[[[float('nan')] * 3] * 20], label=1)))
    with pytest.raises(AnnotationError, match='a01_s01_e00_v01.json.*NaN'):
        read_nw_ucla(folder)
    assert 'a01_s01_e00_v01' not in read_nw_ucla(folder, skip_broken=True)['split']['train']


def test_nothing_there(tmp_path):
    for place in (tmp_path, tmp_path / 'none'):
        with pytest.raises(FileNotFoundError, match='all_sqe/a01_s01_e00_v01.json'):
            read_nw_ucla(place)


def test_real_set(data_root, tmp_path):
    annotation = read_nw_ucla(data_root / 'nw_ucla')
    assert {name: len(members) for name, members in annotation['split'].items()} == dict(train=829, val=191, trainval=1020, test=464)
    clips = {clip['frame_dir']: clip for clip in annotation['annotations']}
    listed = load_pickle(data_root / 'nw_ucla' / 'val_label.pkl')  # the published list of view 3
    assert {entry['file_name'] for entry in listed} == set(annotation['split']['test'])
    assert all(clips[entry['file_name']]['label'] == entry['label'] - 1 for entry in listed)
    assert all(clips[entry['file_name']]['total_frames'] == entry['length'] for entry in listed)
    for split in ('train', 'val'):
        assert {clips[name]['label'] for name in annotation['split'][split]} == set(range(10))
    save_annotation(annotation, tmp_path / 'nw_ucla.npz')
    assert_same_annotation(load_annotation(tmp_path / 'nw_ucla.npz'), annotation)
