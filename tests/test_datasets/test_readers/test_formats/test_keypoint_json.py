"""JSON of keypoints in the forms in which people's own scripts write it."""

import numpy as np
import pytest

from mmagenc.datasets.readers.registry import all_readers, recognize
from mmagenc.datasets.readers.source import Source
from mmagenc.skeletons import get_skeleton

NAMES = get_skeleton('coco17').joint_names


def scored(points):
    return [[float(x), float(y), .5 + index / 100] for index, (x, y) in enumerate(points)]


def flat(points):
    return [value for point in scored(points) for value in point]


def named(points):
    """In another order than the layout's."""
    return {name: dict(x=x, y=y, score=score) for name, (x, y, score) in reversed(list(zip(NAMES, scored(points))))}


FORMS = {
    'a person a frame': lambda walk: [dict(frame=index, keypoints=scored(points)) for index, points in enumerate(walk)],
    'frames as text': lambda walk: [dict(frame_id=f'{index:03d}', keypoints=scored(points)) for index, points in enumerate(walk)],
    'flat': lambda walk: [dict(frame=index, keypoints=flat(points)) for index, points in enumerate(walk)],
    'persons in keypoints': lambda walk: [dict(frame_id=index, keypoints=[scored(points)]) for index, points in enumerate(walk)],
    'people': lambda walk: [dict(frame=index, people=[dict(person_id=4, keypoints=scored(points), bbox=[0, 0, 9, 9])])
                            for index, points in enumerate(walk)],
    'scores beside': lambda walk: [dict(frame=index, poses=[dict(keypoints=[point[:2] for point in scored(points)],
                                                                 scores=[point[2] for point in scored(points)])])
                                   for index, points in enumerate(walk)],
    'dict by number': lambda walk: {str(index): dict(keypoints=scored(points)) for index, points in reversed(list(enumerate(walk)))},
    'bare dict': lambda walk: {f'img_{index}.png': [scored(points)] for index, points in enumerate(walk)},
    'bare list': lambda walk: list(map(scored, walk)),
    'by name': lambda walk: [dict(frame=index, keypoints=named(points)) for index, points in enumerate(walk)],
    'by who': lambda walk: [{'7': scored(points)} for points in walk],
}


@pytest.mark.parametrize('form', FORMS)
@pytest.mark.parametrize('wrapped', [None, 'beside', 'alone'])
def test_forms_of_a_file(write, import_file, walk, form, wrapped):
    content = FORMS[form](walk)
    around = dict(beside=dict(video='a.mp4', fps=25, frames=content), alone=dict(frames=content))
    path = write('crawling/clip.json', around.get(wrapped, content))
    recording, = import_file(path, 'keypoint_json')
    assert recording.name == 'crawling/clip' and recording.skeleton.name == 'coco17'
    assert recording.fps == (25. if wrapped == 'beside' else None)
    np.testing.assert_allclose(recording.keypoint, walk[None], rtol=1e-6)
    np.testing.assert_allclose(recording.keypoint_score[0], np.tile(.5 + np.arange(17) / 100, (10, 1)), rtol=1e-6)


def test_easy_vitpose_writes_y_before_x(write, import_file, walk):
    frames = [{'2': [[y, x, score] for x, y, score in scored(points)]} for points in walk]
    frames[3] = {}
    path = write('clip.json', dict(keypoints=frames, skeleton={str(index): name for index, name in enumerate(NAMES)}))
    recording, = import_file(path, 'keypoint_json')
    seen = [index for index in range(10) if index != 3]
    np.testing.assert_allclose(recording.keypoint[0, seen], walk[seen], rtol=1e-6)
    assert np.isnan(recording.keypoint[0, 3]).all() and any('y, x and score' in note for note in recording.notes)


@pytest.mark.parametrize('form', [lambda points: [dict(keypoints=scored(points), bbox=[0, 0, 9, 9])],
                                  lambda points: dict(keypoints=scored(points)), scored])
def test_a_folder_of_a_file_a_frame(write, import_file, walk, tmp_path, form):
    for index in (0, 1, 2, 4, 9):
        write(f'rolling/img_{index:04d}.json', form(walk[index]))
    write('rolling/img_0003.json', [])
    recording, = import_file(tmp_path / 'rolling', 'keypoint_json')
    assert recording.name == 'rolling' and recording.keypoint.shape == (1, 10, 17, 2)
    np.testing.assert_allclose(recording.keypoint[0, [0, 1, 2, 4, 9]], walk[[0, 1, 2, 4, 9]], rtol=1e-6)
    assert np.isnan(recording.keypoint[0, [3, 5, 8]]).all()


def test_rows_of_persons_and_videos(write, import_file, walk):
    """A row a person and frame; frames that are left out; several videos, whose names have numbers as frames have."""
    rows = [dict(frame=index, id=who, keypoints=scored(walk[index] + 100 * who)) for index in (0, 1, 5) for who in (1, 2)]
    recording, = import_file(write('a.json', rows), 'keypoint_json', link=False)
    assert recording.frame_ids.tolist() == [0, 1, 5]
    assert [[person.track for person in frame] for frame in recording.frames] == [[1, 2]] * 3
    videos = {f'clip{number}.mp4': FORMS['a person a frame'](walk + number) for number in (1, 2)}
    first, second = import_file(write('b.json', videos), 'keypoint_json')
    assert (first.name, second.name) == ('b/clip1.mp4', 'b/clip2.mp4')
    np.testing.assert_allclose(second.keypoint[0], walk + 2, rtol=1e-6)


def test_what_is_no_score_and_places_in_space(write, import_file, walk):
    space = [[[x / 100, y / 100, -1.5] for x, y in points.tolist()] for points in walk]
    path = write('clip.json', space)
    with pytest.raises(ValueError, match='the third number of each keypoint, -1.5 to -1.5, is no score: --unit'):
        import_file(path, 'keypoint_json')
    recording, = import_file(path, 'keypoint_json', unit=1., up='y')
    assert recording.keypoint.shape == (1, 10, 17, 3) and np.allclose(recording.keypoint[0, 0, 0, :2], walk[0, 0] / 100)


@pytest.mark.parametrize('content', [
    dict(a=list(range(34)), b=3), [dict(time=.1, angles=dict(knee=[1, 2], hip=[2, 3]))] * 3, [[1, 2], [3, 4]], [dict(frame=0, people=[])],
    {f'person_{number}': [[[1, 2, .5]] * 17] * 10 for number in (1, 2)}, {str(number): [[[1, 2, .5]] * 17] * 99 for number in (1, 2)},
])
def test_others_are_not_taken(write, tmp_path, content):
    """Lists of numbers that nothing calls keypoints, frames by person, more people than a frame has."""
    assert recognize(Source(write('a.json', content), tmp_path), all_readers()) is None
