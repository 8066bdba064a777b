"""DeepLabCut's table, by pandas as DeepLabCut reads it, and by the importer."""

import numpy as np
import pytest

from mmagenc.skeletons import get_skeleton

from ..flat_clips import annotation_of, check_same, flat_clip, places, read_back, save


@pytest.mark.parametrize('persons, levels', [(1, ['scorer', 'bodyparts', 'coords']), (2, ['scorer', 'individuals', 'bodyparts', 'coords'])])
def test_as_deeplabcut_reads_it(tmp_path, persons, levels):
    pandas = pytest.importorskip('pandas')
    clip = flat_clip(persons=persons)
    saved = save(annotation_of(clip), tmp_path / 'folder', 'deeplabcut')
    table = pandas.read_csv(saved.paths[0], header=list(range(len(levels))), index_col=0)
    assert list(table.columns.names) == levels and len(table) == 5
    keypoint, score = places(clip)
    for person in range(persons):
        for joint, name in enumerate(get_skeleton('coco17').joint_names):
            part = table['mmagenc'][f'individual{person + 1}'][name] if persons > 1 else table['mmagenc'][name]
            np.testing.assert_array_equal(part[['x', 'y']].to_numpy().astype(np.float32), keypoint[person, :, joint])
            np.testing.assert_array_equal(part['likelihood'].to_numpy().astype(np.float32), score[person, :, joint])


def test_the_importer_reads_it_back(tmp_path):
    clip = flat_clip(persons=2)
    recording, = read_back(save(annotation_of(clip), tmp_path / 'folder', 'deeplabcut').paths[0], 'deeplabcut')
    check_same(recording, clip)


def test_without_confidences_points_are_there_or_not(tmp_path):
    clip = flat_clip()
    clip['keypoint'][0, 1, 3] = 0  # pixels of (0, 0) have no place
    del clip['keypoint_score']
    saved = save(annotation_of(clip), tmp_path / 'folder', 'deeplabcut')
    assert saved.notes[-1] == 'likelihood is 1 wherever a point has a place: the clips have no confidences'
    recording, = read_back(saved.paths[0], 'deeplabcut')
    assert np.isnan(recording.keypoint[0, 1, 3]).all() and recording.keypoint_score.sum() == 5 * 17 - 1
