"""AlphaPose's results in all its forms."""

import numpy as np
import pytest

from mmagenc.datasets.readers.importing import ImportSettings, import_files


def results(walk, idx=None, image='{}.jpg', order=None):
    entries = [dict(image_id=image.format(index) if isinstance(image, str) else index, category_id=1,
                    keypoints=np.c_[points, np.full(len(points), .9)].reshape(-1).tolist(), score=2.5, box=[90, 90, 120, 120],
                    **({} if idx is None else dict(idx=idx)))
               for index, points in enumerate(walk)]
    return [entries[index] for index in order] if order is not None else entries


@pytest.mark.parametrize('idx', [None, 1, [1], [[1.0]], '1'])
def test_frames_are_sorted_by_number(write, import_file, walk, idx):
    walk = np.concatenate([walk, walk + 20])
    content = results(walk, idx, order=sorted(range(20), key=str))
    recording, = import_file(write('crawling/clip/alphapose-results.json', content), 'alphapose')
    assert recording.name == 'crawling/clip' and recording.skeleton.name == 'coco17'
    np.testing.assert_allclose(recording.keypoint, walk[None], rtol=1e-6)
    assert np.allclose(recording.keypoint_score, .9)


def test_what_poseflow_tracked_is_read_in_the_place_of_the_files_beside_it(write, import_file, walk, tmp_path):
    def persons(index, *who):
        places = {idx: np.c_[walk[index] + 300 * (idx - 1), np.full(17, .9)].reshape(-1) for idx in who}
        return [dict(keypoints=place.tolist(), scores=2.5, idx=idx) for idx, place in places.items()]

    frames = {f'{index}.jpg': persons(index, 2, 1) if index < 4 else persons(index, 1) for index in range(10)}
    path = write('crawling/clip/alphapose-results-forvis-tracked.json', {**frames, '6.jpg': []})
    recording, = import_file(path, 'alphapose')
    assert recording.name == 'crawling/clip' and recording.skeleton.name == 'coco17'
    assert np.isnan(recording.keypoint[0, 6]).all() and np.allclose(recording.keypoint[0, :6], walk[:6])
    write('crawling/clip/alphapose-results.json', results(walk)), write('crawling/clip/alphapose-results-forvis.json', frames)
    found = import_files([tmp_path], ImportSettings())
    assert [clip['frame_dir'] for clip in found.annotation['annotations']] == ['clip']
    assert found.annotation['metainfo']['classes'] == ['crawling']
    assert sum('forvis-tracked.json beside it has the same' in line for line in found.left_out) == 2


def test_tracks_gaps_and_the_forms_of_others(write, import_file, walk):
    content = results(walk, 1)[:5] + results(walk + 300, 2)[:3] + results(walk, 1)[7:]
    recording, = import_file(write('clip.json', content), 'alphapose')
    assert recording.name == 'clip' and np.isnan(recording.keypoint[0, 5:7]).all() and np.allclose(recording.keypoint[0, 9], walk[9])
    assert len(import_file(write('clip.json', content), 'alphapose', max_persons=2)[0].keypoint) == 2
    both = results(walk, [0.0])[:5] + results(walk + 300, [0.0])[:5]  # without a tracker
    assert {found.track for frame in import_file(write('clip.json', both), 'alphapose', link=False)[0].frames for found in frame} == {None}
    flat = [np.c_[np.tile(points, (2, 1))[:18], np.ones(18)].reshape(-1).tolist() for points in walk]
    for key, name in (('people', 'pose_keypoints_2d'), ('bodies', 'joints')):
        forms = {f'{index}.jpg': dict(version='AlphaPose v0.3', **{key: [{name: values}]}) for index, values in enumerate(flat)}
        recording, = import_file(write('clip.json', forms), 'alphapose')
        assert recording.skeleton.name == 'openpose18' and np.allclose(recording.keypoint[0, :, :17], walk)
    assert import_file(write('clip.json', results(walk, image=None)), 'alphapose')[0].keypoint.shape == (1, 10, 17, 2)


def test_halpes_136_are_its_26_of_the_body(write, import_file):
    points = np.arange(272.).reshape(1, 136, 2) + 1
    recording, = import_file(write('a.json', results(points)), 'alphapose')
    assert recording.skeleton.name == 'halpe26' and np.allclose(recording.keypoint[0, 0], points[0, :26]) and '136' in recording.notes[0]


def test_images_that_are_called_by_the_time_are_recordings_that_go_on(write, import_file, walk):
    content = results(walk)
    times = [f'2018-07-04T12_59_{second:02d}.{part}' for second, part in zip((58, 58, 58, 59, 59), ('25', '5', '750000', '0', '25'))]
    times += [f'2018-07-11T13_00_{second:02d}.{part}' for second, part in zip((0, 0, 0, 0, 1), ('1', '3', '5', '700001', '1'))]
    for entry, time in zip(content, times):
        entry['image_id'] = f'{time}.png'
    content.append(dict(content[3], image_id=f'{times[3]} (copy).png'))
    first, second = import_file(write('fall.json', content[::-1]), 'alphapose')
    assert (first.name, second.name) == ('fall_2018-07-04T12_59_58.25', 'fall_2018-07-11T13_00_00.1')
    np.testing.assert_allclose(first.keypoint[0], walk[:5], rtol=1e-6)
    assert '1 images of the same time' in first.notes[-1]
    assert first.fps == 4 and second.fps == 5 and import_file(write('fall.json', content), 'alphapose', fps=20)[0].fps == 20


@pytest.mark.parametrize('change, says', [
    (lambda content: content[2].pop('image_id'), 'entry 2: expected image_id'),
    (lambda content: content[2].update(keypoints=None), r'entry 2 \(image 2.jpg\): no keypoints'),
    (lambda content: content[2]['keypoints'].pop(), r'entry 2 \(image 2.jpg\): keypoints must be x, y and score'),
    (lambda content: content[2].update(keypoints=[1, 2, 3] * 16), 'entry 2 .*16 keypoints, the entries before have 17'),
    (lambda content: content[2].update(image_id='b_1.jpg'), 'images of several recordings in one file'),
])
def test_refusals(write, import_file, walk, change, says):
    content = results(walk)
    change(content)
    with pytest.raises(ValueError, match=says):
        import_file(write('a.json', content), 'alphapose')


def test_images_of_two_recordings_whose_numbers_do_not_repeat_are_refused(write, import_file, walk):
    content = [dict(entry, image_id=f'{"ab"[index // 5]}_{index}.jpg') for index, entry in enumerate(results(walk))]
    with pytest.raises(ValueError, match="images of several recordings in one file \\('a', 'b'\\): one file a recording"):
        import_file(write('a.json', content), 'alphapose')


def test_an_identity_that_is_no_number_is_none(write, import_file, walk):
    recording, = import_file(write('a.json', results(walk, float('nan'))), 'alphapose', link=False)
    assert {found.track for frame in recording.frames for found in frame} == {None}


def test_what_lies_beside_the_results_once_more_is_no_clip(write, walk, tmp_path):
    """``--format open`` writes each image in ``sep-json`` too, which was a second clip, of a class of its own."""
    person = dict(pose_keypoints_2d=np.c_[walk[0], np.ones(17)].reshape(-1).tolist())
    write('crawl/clip/alphapose-results.json', {f'{index}.jpg': dict(people=[person]) for index in range(4)})
    for index in range(4):
        write(f'crawl/clip/sep-json/{index}.json', dict(people=[person]))
    clips = import_files([tmp_path / 'crawl'], ImportSettings()).annotation['annotations']
    assert [clip['frame_dir'] for clip in clips] == ['clip']
    assert len(import_files([tmp_path / 'crawl/clip/sep-json'], ImportSettings()).annotation['annotations']) == 1
