"""What scripts write of Ultralytics' results: each frame's list of people, in whatever they put it."""

import json

import numpy as np
import pytest

from mmagenc.skeletons import SKELETONS


def person(points, track=None, size=(1, 1), seen=True):
    """As ``summary()`` gives it; ``size`` divides, as ``normalize=True`` does."""
    points = np.asarray(points, dtype=float) / size
    (x1, y1), (x2, y2) = points.min(0), points.max(0)
    visible = {} if not seen else dict(visible=[0.7] * len(points))
    return dict(name='person', **{'class': 0}, confidence=0.91, box=dict(x1=x1, y1=y1, x2=x2, y2=y2), **({} if track is None else dict(
        track_id=track)), keypoints=dict(x=points[:, 0].tolist(), y=points[:, 1].tolist(), **visible))


FORMS = {
    'lists': lambda frames: frames,
    'texts': lambda frames: [json.dumps(people) for people in frames],
    'numbered': lambda frames: [dict(frame=index, time=index / 30, detections=people) for index, people in enumerate(frames)],
    'from one': lambda frames: [dict(frame_idx=index, persons=people) for index, people in enumerate(frames, start=1)],
    'images': lambda frames: [dict(image=f'out/clip_{index:04d}.jpg', results=people) for index, people in enumerate(frames)],
    'dict': lambda frames: {f'frame_{index}': people for index, people in enumerate(frames)},
    'dict of texts': lambda frames: {str(index): json.dumps(people) for index, people in enumerate(frames)},
}


@pytest.mark.parametrize('form', FORMS)
def test_forms_of_a_file(write, import_file, walk, form):
    """A frame in which nobody is, the first among them, is a gap."""
    frames = [[person(points)] for points in walk]
    frames[0] = frames[4] = []
    recording, = import_file(write('crawling/clip.json', FORMS[form](frames)), 'yolo_json')
    assert recording.name == 'crawling/clip' and recording.skeleton.name == 'coco17'
    seen = [1, 2, 3, 5, 6, 7, 8, 9]
    np.testing.assert_allclose(recording.keypoint[0, seen], walk[seen], rtol=1e-6)
    assert recording.keypoint.shape == (1, 10, 17, 2) and np.isnan(recording.keypoint[0, [0, 4]]).all()
    np.testing.assert_allclose(recording.keypoint_score[0, seen], 0.7, rtol=1e-6)


def test_left_out_frames_are_gaps(write, import_file, walk):
    """Numbers say so: 0, 1 and 5."""
    frames = [dict(frame=index, detections=[person(walk[index])]) for index in (0, 1, 5)]
    path = write('clip.json', frames)
    recording, = import_file(path, 'yolo_json')
    assert import_file(path, 'yolo_json', link=False)[0].frame_ids.tolist() == [0, 1, 5] and np.isnan(recording.keypoint[0, 2:5]).all()


@pytest.mark.parametrize('frames', [list, lambda frames: {f'a_{index}.png': people for index, people in enumerate(frames)}])
def test_frames_beside_what_is_said_of_them(write, import_file, walk, frames):
    content = dict(video='a.mp4', fps=25, size=[640, 480], names={}, frames=frames([[person(points)] for points in walk]))
    path = write('clip.json', content)
    recording, = import_file(path, 'yolo_json')
    assert recording.fps == 25. and recording.name == 'clip' and np.allclose(recording.keypoint[0], walk)
    assert import_file(path, 'yolo_json', fps=50.)[0].fps == 50.
    with pytest.raises(ValueError, match='a dict of video, a, b: 2 of them are frames with people, expected one'):
        import_file(write('two.json', dict(video=3, a=content['frames'], b=content['frames'])), 'yolo_json')


@pytest.mark.parametrize('twice', [False, True])
def test_lines(write, import_file, walk, twice):
    lines = [json.dumps([person(points)]) for points in walk]
    path = write('clip.jsonl', '\n'.join(json.dumps(line) if twice else line for line in ['[]', *lines]) + '\n')
    recording, = import_file(path, 'yolo_json')
    np.testing.assert_allclose(recording.keypoint[0, 1:], walk, rtol=1e-6)
    with pytest.raises(ValueError, match='line 12 is no JSON: \'\\[\\{"name": "per'):
        import_file(write('cut.jsonl', path.read_text() + lines[0][:50]), 'yolo_json')


def test_folders_and_files_of_several_videos(write, import_file, walk, tmp_path):
    for video, add in (('a', 0), ('b', 300)):
        for index, points in enumerate(walk):
            write(f'out/{video}_{index + 1}.json', [person(points + add)] if index != 3 else [])
    both = {f'{video}.mp4': [[person(points + add)] if index != 3 else [] for index, points in enumerate(walk)]
            for video, add in (('a', 0), ('b', 300))}
    for recordings, names in ((import_file(tmp_path / 'out', 'yolo_json'), ['out/a', 'out/b']),
                              (import_file(write('both.json', both), 'yolo_json'), ['both/a.mp4', 'both/b.mp4'])):
        assert [recording.name for recording in recordings] == names
        for recording, add in zip(recordings, (0, 300)):
            np.testing.assert_allclose(recording.keypoint[0, [0, 9]], walk[[0, 9]] + add, rtol=1e-6)
            assert np.isnan(recording.keypoint[0, 3]).all()


@pytest.mark.parametrize('form', [*FORMS, 'beside'])
def test_a_folder_of_whole_videos(write, walk, tmp_path, form):
    """Each file is a recording, by all forms; a folder of one frame a file is one still."""
    from mmagenc.datasets.readers.finding import find_sources
    from mmagenc.datasets.readers.registry import all_readers
    made = FORMS.get(form, lambda frames: dict(fps=25, frames=frames))
    for name, add in (('v', 0), ('w', 40)):
        write(f'set/sit/{name}.json', made([[], *([person(points + add)] for points in walk)]))
    write('set/sit/w.json', made([[person(walk[0])]]))
    for index, points in enumerate(walk):
        write(f'set/walk/a_{index}.json', dict(image=f'a_{index}.jpg', people=[person(points)]) if index % 2 else [person(points)])
    chosen, left_out = find_sources([tmp_path / 'set'], all_readers())
    assert [(item.source.name, item.reader.name) for item in chosen] == [(name, 'yolo_json') for name in ('sit/v', 'sit/w', 'walk')]
    assert not left_out


def test_somebody_who_comes_late(write, import_file, walk, tmp_path):
    """Behind more frames with nobody than are looked at."""
    frames = [[]] * 50 + [[person(points)] for points in walk]
    for index, people in enumerate(frames):
        write(f'out/a_{index}.json', people)
    lines = write('a.jsonl', '\n'.join(map(json.dumps, frames)))
    for recording, in (import_file(lines, 'yolo_json'), import_file(tmp_path / 'out', 'yolo_json')):
        assert recording.keypoint.shape[1] == 60 and np.allclose(recording.keypoint[0, 50:], walk)


def test_files_of_frames_in_other_forms(write, import_file, walk, tmp_path):
    """With what is said beside the people, as text once more; and one that is cut short."""
    for index, points in enumerate(walk):
        people = [person(points)]
        write(f'out/a_{index}.json', dict(image=f'a_{index}.jpg', people=people) if index % 2 else json.dumps(json.dumps(people)))
    recording, = import_file(tmp_path / 'out', 'yolo_json')
    np.testing.assert_allclose(recording.keypoint[0], walk, rtol=1e-6)
    write('out/a_5.json', '[{"name": "pers')
    with pytest.raises(ValueError, match='a_5.json: no list of people'):
        import_file(tmp_path / 'out', 'yolo_json')


def test_tracks_boxes_and_unseen_points(write, import_file, walk):
    """Ultralytics writes (0, 0) for a point of low confidence."""
    frames = [[person(points + 300, track=9), person(points, track=2, seen=False)] for points in walk]
    for frame in frames:
        frame[0]['keypoints']['x'][5] = frame[0]['keypoints']['y'][5] = 0.
    recording, = import_file(write('clip.json', frames), 'yolo_json', link=False)
    first, second = recording.frames[3]
    assert (first.track, second.track) == (9, 2) and second.score is None and np.isnan(first.keypoint[5]).all()
    np.testing.assert_allclose(second.box, [*walk[3].min(0), *np.ptp(walk[3], axis=0)], rtol=1e-5)


def test_parts_of_the_image(write, import_file, walk):
    path = write('clip.json', [[person(points, size=(640, 480))] for points in walk])
    recording, = import_file(path, 'yolo_json', img_shape=(480, 640), link=False)
    np.testing.assert_allclose(recording.frames[2][0].keypoint, walk[2], rtol=1e-5)
    np.testing.assert_allclose(recording.frames[2][0].box, [*walk[2].min(0), *np.ptp(walk[2], axis=0)], rtol=1e-4)
    assert recording.img_shape == (480, 640) and 'parts of the image' in recording.notes[0]
    with pytest.raises(ValueError, match='whose size the file does not say: give --img-shape'):
        import_file(path, 'yolo_json')


def test_other_numbers_of_keypoints(write, import_file, walk):
    path = write('clip.json', [[person(points[:13])] for points in walk])
    with pytest.raises(ValueError, match='13 keypoints; known are 17.*--layout'):
        import_file(path, 'yolo_json')
    assert import_file(path, 'yolo_json', layout='penn13')[0].skeleton.name == 'penn13'


def changed(**changes):
    return lambda frames: frames[2][0].update(changes)


@pytest.mark.parametrize('change, said', [
    (lambda frames: frames[2][0].pop('keypoints'), r'frame 2, person 0: no keypoints with x and y \(has name, class.*of a pose model'),
    (lambda frames: frames[2][0]['keypoints']['y'].pop(), 'frame 2, person 0: keypoints y must be 17 numbers, got 16'),
    (lambda frames: frames[2][0]['keypoints']['visible'].pop(), 'frame 2, person 0: keypoints visible must be 17 numbers'),
    (changed(keypoints=dict(x=[1., 2.], y=[3., 4.])), 'people of 2 and 17 keypoints'),
    (changed(box=dict(x1='a', y1=0, x2=1, y2=1)), 'frame 2, person 0: box must be numbers'),
    (lambda frames: frames.insert(2, '[{'), 'frame 2: text that is no JSON'),
    (lambda frames: frames.insert(2, 7), 'frame 2: no list of people'),
    (lambda frames: frames.insert(2, dict(frame=2, a=[], b=[])), r'frame 2: 2 lists of people \(a, b\), expected one'),
    (lambda frames: frames.insert(2, dict(frame=2)), r'frame 2: 0 lists of people \(has frame\)'),
])
def test_damage_is_named(write, import_file, walk, change, said):
    frames = [[person(points)] for points in walk]
    change(frames)
    with pytest.raises(ValueError, match=said):
        import_file(write('clip.json', frames), 'yolo_json')


def test_frames_out_of_order(write, import_file, walk):
    frames = [dict(frame=number, detections=[person(walk[0])]) for number in (3, 5, 5)]
    with pytest.raises(ValueError, match='frames must be in order, each once'):
        import_file(write('clip.json', frames), 'yolo_json')


def test_others_are_not_taken(write, walk, tmp_path):
    """Neither boxes alone nor other programs' JSON."""
    from mmagenc.datasets.readers.registry import all_readers, recognize
    from mmagenc.datasets.readers.source import Source
    boxes = [[{key: value for key, value in person(walk[0]).items() if key != 'keypoints'}]]
    for content in (boxes, [], {}, [[]], '[1, 2', '"text"', [dict(keypoints=[1, 2, 3], image_id=3)]):
        taken = recognize(Source(write('clip.json', content), tmp_path), all_readers())
        assert taken is None or taken[0].name != 'yolo_json'


def test_a_unit_of_pixels_is_refused(write, import_file, walk):
    with pytest.raises(ValueError, match='--unit is for places in space'):
        import_file(write('a.json', [[person(points)] for points in walk]), 'yolo_json', unit=.001)


def tensorflow_js(points, named, **more):
    """A pose of TensorFlow.js, its keypoints in an order of their own; ``named`` is the form of a keypoint."""
    names = SKELETONS['coco17'].joint_names
    order = [*range(16, -1, -1)]
    return dict(score=0.8, keypoints=[named(names[joint], *map(float, points[joint])) for joint in order], **more)


def by_name(name, x, y):
    return dict(x=x, y=y, score=0.9, name=name)


def by_part(name, x, y):
    first, *words = name.split('_')
    return dict(score=0.9, part=first + ''.join(map(str.title, words)), position=dict(x=x, y=y))


@pytest.mark.parametrize('named', [by_name, by_part])
@pytest.mark.parametrize('form', ['people', *FORMS])
def test_poses_of_tensorflow_js(write, import_file, walk, form, named):
    """Of a list of people each is one of a frame."""
    poses = [tensorflow_js(points, named) for points in walk]
    content = poses if form == 'people' else FORMS[form]([[pose] for pose in poses])
    recording, = import_file(write('crawling/clip.json', content), 'yolo_json')
    assert recording.skeleton.name == 'coco17'
    np.testing.assert_allclose(recording.keypoint[0], walk, rtol=1e-6)
    np.testing.assert_allclose(recording.keypoint_score[0], 0.9, rtol=1e-6)


def test_poses_of_tensorflow_js_with_identities_and_numbers(write, import_file, walk):
    frames = [dict(frame=index, poses=[tensorflow_js(points + 300, by_name, id=7), tensorflow_js(points, by_name, id=3)][::(-1) ** index])
              for index, points in enumerate(walk)]
    recording, = import_file(write('clip.json', frames), 'yolo_json', max_persons=2)
    firsts = sorted(float(person[0, 0, 0]) for person in recording.keypoint)
    assert firsts == sorted([float(walk[0, 0, 0]), float(walk[0, 0, 0] + 300)])
    for person in recording.keypoint:
        np.testing.assert_allclose(person - person[:1], walk - walk[:1], atol=1e-4)
