"""The tidy table, by pandas and by the importer."""

import numpy as np
import pytest

from mmagenc.skeletons import get_skeleton

from ..flat_clips import CLASSES, annotation_of, check_same, flat_clip, places, read_back, save, solid_clip


def test_pandas_finds_every_number_in_its_row(tmp_path):
    pandas = pytest.importorskip('pandas')
    clips = [flat_clip(persons=2), flat_clip('d', frames=3, seed=1, label=0)]
    saved = save(annotation_of(*clips), tmp_path / 'clips.csv')
    assert saved.notes == ['lost: size of the image']
    table = pandas.read_csv(tmp_path / 'clips.csv')
    assert list(table) == ['clip', 'class', 'subject', 'person', 'frame', 'time_s', 'keypoint', 'x', 'y', 'score']
    assert len(table) == 2 * 5 * 17 + 3 * 17 and table['time_s'].max() == 4 / 12.5
    for clip in clips:
        own = table[table['clip'] == clip['frame_dir']]
        assert set(own['class']) == {CLASSES[clip['label']]} and set(own['subject']) == {'Jörg'}
        keypoint, score = places(clip)
        for joint, name in enumerate(get_skeleton('coco17').joint_names):
            rows = own[own['keypoint'] == name].sort_values(['person', 'frame'])
            found = rows[['x', 'y', 'score']].to_numpy().astype(np.float32)
            np.testing.assert_array_equal(found[:, :2], keypoint[:, :, joint].reshape(-1, 2))
            np.testing.assert_array_equal(found[:, 2], score[:, :, joint].reshape(-1))


def test_the_importer_reads_it_back(tmp_path):
    clips = [flat_clip(persons=2), flat_clip('d', frames=3, seed=1, label=0, subject=None)]
    save(annotation_of(*clips), tmp_path / 'clips.csv')
    for recording, clip in zip(read_back(tmp_path / 'clips.csv', 'tidy_csv'), clips):
        assert (recording.name, recording.label, recording.subject) == (clip['frame_dir'], CLASSES[clip['label']], clip['subject'])
        assert recording.fps == 12.5 and recording.skeleton.name == 'coco17'
        check_same(recording, clip)


@pytest.mark.parametrize('layout', ['smpl24', 'blazepose33'])
def test_places_in_space_and_no_time(tmp_path, layout):
    """BlazePose's names are those of MediaPipe's tables too."""
    clip = solid_clip(layout=layout)
    saved = save(annotation_of(clip, skeleton=layout, fps=None, up='z'), tmp_path / 'clips.csv')
    assert saved.notes == ['lost: which axis points up (z)', 'nothing says the frames per second: time_s is empty']
    recording, = read_back(tmp_path / 'clips.csv', 'tidy_csv')
    assert recording.fps is None and recording.keypoint_score is None and recording.skeleton.name == layout
    check_same(recording, clip)


def test_clips_without_scores_beside_clips_with_some(tmp_path):
    bare = flat_clip('bare')
    del bare['keypoint_score']
    save(annotation_of(flat_clip(), bare), tmp_path / 'clips.csv')
    recording = read_back(tmp_path / 'clips.csv', 'tidy_csv')[1]
    assert recording.keypoint_score is None
    check_same(recording, bare)


def test_pixels_and_metres_do_not_mix(tmp_path):
    annotation = annotation_of(flat_clip(), solid_clip(layout='coco17'))
    with pytest.raises(ValueError, match='pixels and clips in metres do not go into one table'):
        save(annotation, tmp_path / 'clips.csv')
    assert not list(tmp_path.iterdir())
