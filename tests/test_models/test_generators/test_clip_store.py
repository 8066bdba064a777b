"""Recordings in a checkpoint: buffers of any number of rows, parts of clips, and places for what was not seen."""

import numpy as np
import pytest
import torch
from torch import nn

from mmagenc.evaluation.checkpoints import load_weights
from mmagenc.models import KeypointRepresentation
from mmagenc.models.generators.clip_store import ClipStore, ElasticBuffers, without_gaps
from mmagenc.skeletons import get_skeleton
from tests.styles import recordings


def store(clips=None, up='auto') -> ClipStore:
    result = ClipStore(KeypointRepresentation(skeleton='smpl24'))
    result.fit(recordings() if clips is None else clips, up=up)
    return result


def test_a_checkpoint_says_how_many_rows_there_are():
    first, second = (nn.ModuleDict(dict(kept=ElasticBuffers(dict(place=(3, ), number=()), whole=('number', )))) for _ in range(2))
    first['kept'].put(place=np.arange(12.).reshape(4, 3), number=[5, 6])
    load_weights(second, first.state_dict(), source='a.pth')
    assert torch.equal(second['kept'].place, first['kept'].place) and second['kept'].number.tolist() == [5, 6]
    for wrong, message in ((dict(first.state_dict(), **{'kept.place': torch.zeros(4, 2)}), r'of another shape: kept.place'),
                           ({'kept.place': torch.zeros(4, 3)}, '1 missing: kept.number')):
        with pytest.raises(ValueError, match=message):
            load_weights(second, wrong, source='a.pth')


def test_parts_of_clips():
    kept, clips = store(), recordings()
    share = np.array([0., 0.999, 0.5, 0.])
    parts, frames = kept.windows(np.array([0, 1, 5, 5]), share, np.array([6, 6, 40, 18]))
    assert frames.tolist() == [6, 6, 18, 18] and parts['keypoint'].shape == (4, 40, 24, 3)
    np.testing.assert_array_equal(parts['keypoint'][0, :6], clips[0]['keypoint'][0, :6])
    np.testing.assert_array_equal(parts['keypoint'][1, :6], clips[1]['keypoint'][0, -6:])  # the last place there is
    np.testing.assert_array_equal(parts['keypoint'][2, :18], clips[5]['keypoint'][0])
    np.testing.assert_array_equal(parts['keypoint'][2, 18:], np.broadcast_to(clips[5]['keypoint'][0, -1], (22, 24, 3)))


def test_every_part_is_as_likely():
    kept = store()
    starts = kept.windows(np.zeros(900, dtype=int), np.random.default_rng(0).random(900), np.full(900, 12))[0]['keypoint'][:, 0, 0]
    counts = np.unique(starts, axis=0, return_counts=True)[1]
    assert len(counts) == 3 and counts.min() > 250  # 14 frames have three parts of 12


def test_clips_are_found_by_what_they_hold():
    kept, clips = store(), recordings()
    assert kept.find(store([clips[3], clips[1]])).tolist() == [3, 1]
    assert kept.find(store([clips[3], dict(clips[1], label=1)])) is None


@pytest.mark.parametrize('up,found', [('auto', 'y'), (None, None), ('z', 'z')])
def test_the_vertical_is_kept(up, found):
    kept, other = store(up=up), ClipStore(KeypointRepresentation(skeleton='smpl24'))
    other.load_state_dict(kept.state_dict())
    assert kept.up == other.up == found


def test_clips_that_do_not_fit_are_refused():
    flat = dict(recordings()[0], keypoint=recordings()[0]['keypoint'][..., :2])
    with pytest.raises(ValueError, match=r'clip real_0_0: keypoints \(24, 2\), the generator makes \(24, 3\)'):
        store([flat])
    with pytest.raises(ValueError, match='no clips to keep'):
        store([])


def test_places_of_what_was_not_seen():
    layout = get_skeleton('penn13')
    keypoint = np.random.default_rng(0).uniform(1, 2, (5, 13, 2))
    score = np.ones((5, 13))
    knee, ankle, elbow = (layout.index(f'left_{name}') for name in ('knee', 'ankle', 'elbow'))
    score[2, knee], score[:2, elbow], score[:, ankle] = 0, 0, 0
    filled = without_gaps(np.where(score[..., None] > 0, keypoint, 0), score, layout)
    np.testing.assert_allclose(filled[2, knee], (keypoint[1, knee] + keypoint[3, knee]) / 2, rtol=1e-6)
    np.testing.assert_allclose(filled[:2, elbow], np.broadcast_to(keypoint[2, elbow], (2, 2)), rtol=1e-6)
    np.testing.assert_allclose(filled[:, ankle], filled[:, knee])  # no bone
    seen = score > 0
    np.testing.assert_allclose(filled[seen], keypoint[seen], rtol=1e-6)
