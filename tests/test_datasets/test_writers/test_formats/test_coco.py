"""COCO's annotations, by pycocotools where it is installed and by a plain look, and by the importer."""

import importlib
import json

import numpy as np
import pytest

from mmagenc.datasets.readers.registry import ReadOptions, Recording, all_readers
from mmagenc.datasets.readers.source import Source
from mmagenc.datasets.writers.registry import chosen_writer
from mmagenc.skeletons import get_skeleton

from ..flat_clips import CLASSES, annotation_of, check_same, flat_clip, places, read_back, save, solid_clip


@pytest.fixture
def clips():
    return [flat_clip(persons=2), flat_clip('d', frames=4, seed=1, label=0)]


@pytest.fixture
def path(clips, tmp_path):
    return save(annotation_of(*clips), tmp_path / 'clips.json', 'coco').paths[0]


def look(annotations, images, clips):
    """Keypoints of COCO's annotations are the clips', those without a place three zeros."""
    count = 0
    for annotation in annotations:
        image = images[annotation['image_id']]
        clip, person = clips[image['video_id'] - 1], annotation['track_id'] - 1
        keypoint, score = (array[person, image['frame_id']] for array in places(clip))
        seen = ~np.isnan(keypoint).any(axis=1)
        expected = np.where(seen[:, None], np.column_stack([keypoint, np.full(17, 2)]), 0).astype(np.float32)
        np.testing.assert_array_equal(np.array(annotation['keypoints'], dtype=np.float32).reshape(17, 3), expected)
        np.testing.assert_array_equal(np.array(annotation['keypoint_scores'], dtype=np.float32), score)
        low, high = np.nanmin(keypoint, axis=0), np.nanmax(keypoint, axis=0)
        np.testing.assert_allclose(annotation['bbox'], [*low, *(high - low)], rtol=1e-6)
        assert annotation['num_keypoints'] == seen.sum() and (image['height'], image['width']) == (480, 640)
        count += 1
    assert count == 5 + 4 + 3  # nobody is seen of two persons in a frame


def test_every_person_of_every_frame(path, clips):
    content = json.loads(path.read_text(encoding='utf-8'))
    look(content['annotations'], {image['id']: image for image in content['images']}, clips)
    category, = content['categories']
    assert category['keypoints'] == list(get_skeleton('coco17').joint_names)
    assert [5 + 1, 7 + 1] in category['skeleton'] or [7 + 1, 5 + 1] in category['skeleton']  # left shoulder and elbow count from 1
    assert [video['name'] for video in content['videos']] == ['a b/c', 'd'] and len(content['images']) == 9


def test_pycocotools_takes_it(path, clips):
    tools = next((name for name in ('pycocotools', 'xtcocotools') if importlib.util.find_spec(name)), None)
    if tools is None:
        pytest.skip('neither pycocotools nor xtcocotools is installed')
    coco = importlib.import_module(f'{tools}.coco').COCO(str(path))
    look(coco.loadAnns(coco.getAnnIds()), coco.imgs, clips)


def test_the_importer_reads_it_back(path, clips):
    recordings = read_back(path, 'coco')
    assert [recording.label for recording in recordings] == [CLASSES[1], CLASSES[1], CLASSES[0]]
    assert {recording.subject for recording in recordings} == {'Jörg'} and {recording.fps for recording in recordings} == {12.5}
    for recording, (clip, person) in zip(recordings, ((clips[0], 0), (clips[0], 1), (clips[1], 0))):
        check_same(recording, clip, person=slice(person, person + 1))


def test_confidence_however_small_is_no_missing_point(tmp_path):
    clip = flat_clip(keypoint_score=np.full((1, 5, 17), 1e-6, dtype=np.float32))
    recording, = read_back(save(annotation_of(clip), tmp_path / 'a.json', 'coco').paths[0], 'coco')
    check_same(recording, clip)


def test_confidences_of_another_number_are_refused(path):
    """The clip alone, in a file of several."""
    content = json.loads(path.read_text(encoding='utf-8'))
    content['annotations'][0]['keypoint_scores'].pop()
    path.write_text(json.dumps(content))
    damaged, *whole = all_readers()['coco'].read(Source(path), ReadOptions())
    assert damaged.reason == 'annotation 1: keypoint_scores must be 17 numbers, got 16' and whole
    assert all(isinstance(recording, Recording) for recording in whole)


def test_places_in_space_are_refused(tmp_path):
    with pytest.raises(ValueError, match='holds pixels, the keypoints are in space'):
        save(annotation_of(solid_clip(), skeleton='smpl24'), tmp_path / 'a.json', 'coco')


def test_an_ending_of_several_formats():
    assert chosen_writer('a.csv').name == 'csv'  # which is DeepLabCut's too
    with pytest.raises(ValueError, match='could be coco or mmpose: name the format'):
        chosen_writer('a.json')
