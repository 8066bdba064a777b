"""Clips in the page against the clips themselves."""

import numpy as np
import pytest

from mmagenc.visualization import Camera, Clip
from mmagenc.visualization.report import decode_clip, player_clips
from mmagenc.visualization.report.motion import choose_clips

from .runs import make_clip


def test_round_trip_to_a_hundredth_of_a_percent():
    clip = make_clip('a', 1, score=0.5)
    clip['keypoint'][0, 2, 3] = np.nan
    motion = player_clips({'generated': [clip]}, skeleton='ucla20', fps=25, up='y')
    encoded, = motion['clips']
    wanted = Camera().stage(Clip.from_annotation(clip, 'ucla20')).transpose(1, 0, 2, 3)
    decoded = decode_clip(encoded)
    assert decoded.shape == (6, 1, 20, 3) and np.isnan(decoded[2, 0, 3]).all()
    np.testing.assert_allclose(decoded, wanted, atol=1e-4 * np.nanmax(np.abs(wanted)))
    assert (encoded['group'], encoded['label'], encoded['name'], encoded['score']) == ('generated', 1, 'a', 0.5)
    skeleton = motion['skeletons']['ucla20']
    assert len(skeleton['edges']) == 19 and set(skeleton['sides']) == {'l', 'r', 'm'} and motion['fps'] == 25


def test_long_clips_are_cut_and_no_clips_are_none():
    motion = player_clips({'real': [make_clip('a', 0, frames=9)]}, skeleton='ucla20', fps=30, max_frames=4)
    assert motion['clips'][0]['shape'] == [4, 1, 20]
    assert player_clips({}, skeleton=None, fps=30)['clips'] == []


def test_an_unknown_layout_is_refused():
    with pytest.raises(ValueError, match='no skeleton named'):
        player_clips({'real': [make_clip('a', 0)]}, skeleton=None, fps=30)


def test_choose_clips_spreads_within_classes():
    clips = [make_clip(str(index), index % 2) for index in range(10)]
    assert [clip['frame_dir'] for clip in choose_clips(clips, 2)] == ['0', '8', '1', '9']


@pytest.mark.parametrize('up', [None, 'y', '-z'])
def test_a_floor_only_where_the_vertical_is_known(up):
    """With a floor nothing lies below it; without one the body's middle is the origin."""
    motion = player_clips({'real': [make_clip('a', 0, frames=9)]}, skeleton='ucla20', fps=30, up=up)
    heights = decode_clip(motion['clips'][0])[..., 1]
    assert motion['floor'] == (up is not None)
    assert heights.min() == pytest.approx(0 if motion['floor'] else -heights.max(), abs=1e-3)
