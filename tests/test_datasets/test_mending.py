"""What is done to clips before they are checked."""

import argparse

import numpy as np
import pytest
from mmengine.logging import MMLogger

from mmagenc.command_line import add_gap_options
from mmagenc.datasets.mending import ClipMending, gap_mending


def two_persons(frames=30):
    """Pixels and scores in three channels, a gap in each person, the second more certain."""
    rng = np.random.default_rng(0)
    keypoint = np.concatenate([rng.uniform(100, 300, (2, frames, 17, 2)), np.full((2, frames, 17, 1), .5)], axis=-1).astype(np.float32)
    keypoint[1, ..., 2] = .9
    keypoint[0, 5:15, 3] = keypoint[1, 5:8, 3] = 0
    return dict(frame_dir='c', label=0, total_frames=frames, keypoint=keypoint)


def test_scores_first_then_persons_then_gaps(monkeypatch):
    said = []
    monkeypatch.setattr('mmagenc.datasets.mending.print_log', lambda text, **_: said.append(text))
    mending = ClipMending(third='score', num_persons=1, fill_gaps=dict(max_gap=3))
    clip = mending(two_persons(), dict(skeleton='coco17'))
    assert clip['keypoint'].shape == (1, 30, 17, 2) and clip['keypoint'].min() > 90 and clip['total_frames'] == 30
    assert clip['keypoint_score'].shape == (1, 30, 17) and clip['keypoint_score'][0, 20, 3] == np.float32(.9)
    mending.report('a.pkl')
    mending.report('a.pkl')
    assert len(said) == 1 and said[0].startswith('a.pkl: 1 clips had three coordinates, read as x, y and score')
    assert '1 clips had more persons than 1' in said[0] and 'gaps, of which those of up to 3 frames were filled' in said[0]
    both = ClipMending(third='score', fill_gaps=dict(max_gap=3, min_length=5))
    assert both(two_persons(), {})['total_frames'] == 15
    both.report('b.pkl')
    assert 'were cut to their longest whole stretch' in said[1]


def test_a_file_that_is_read_again_is_told_of_once(tmp_path):
    """Training, validation and test read the same file, one after the other."""
    logger = MMLogger.get_instance('once', log_file=str(tmp_path / 'once.log'))
    for _ in range(3):
        mending = ClipMending(third='score', num_persons=1)
        mending(two_persons(), {})
        mending.report('a.pkl')
    for handler in logger.handlers:
        handler.flush()
    assert (tmp_path / 'once.log').read_text().count('a.pkl: 1 clips had') == 1


def test_gaps_count_in_the_layout_that_is_asked_for():
    """What it lacks need not be seen; a layout from which there is no map is left to who needs it."""
    clip = dict(two_persons(), skeleton='coco17')
    clip['keypoint'][:, :, 15:] = 0
    with pytest.raises(ValueError, match="never seen in the clip.*; skeleton='coco17 without left_ankle, right_ankle' goes without"):
        ClipMending(third='score', fill_gaps=dict(max_gap=30))(clip, {})
    bare = ClipMending(third='score', fill_gaps=dict(max_gap=30), skeleton='coco17 without left_ankle, right_ankle')(clip, {})
    assert bare['keypoint'].shape == (2, 30, 15, 2) and bare['keypoint_score'].shape == (2, 30, 15)
    assert bare['skeleton'] == 'coco17 without left_ankle, right_ankle' and bare['total_frames'] == 30
    assert ClipMending(skeleton='ucla20')(clip, {}) is clip and ClipMending(skeleton='coco17')(clip, {}) is clip
    for other in (dict(clip, skeleton=None), dict(clip, keypoint=[1.]), dict(skeleton='coco17')):  # whose faults others name
        assert ClipMending(skeleton='coco17 without nose')(other, {}) is other


def test_nothing_asked_nothing_done():
    clip = two_persons()
    assert ClipMending()(clip, {}) is clip and ClipMending(third='depth')(clip, {}) is clip


@pytest.mark.parametrize('settings, reason', [
    (dict(third='z'), "third must be 'score' or 'depth', got 'z'"), (dict(num_persons=0), 'num_persons must be at least 1'),
    (dict(num_persons='1'), 'num_persons must be at least 1'), (dict(fill_gaps=5), 'fill_gaps is a dict with max_gap'),
    (dict(fill_gaps={}), 'fill_gaps is a dict with max_gap'), (dict(fill_gaps=dict(max_gap=5, how='linear')), 'at most method, min_length'),
    (dict(fill_gaps=dict(max_gap=5, method='x')), "method must be 'linear' or 'spline'"),
])
def test_settings_that_are_none(settings, reason):
    with pytest.raises(ValueError, match=reason):
        ClipMending(**settings)


def test_options_of_tools(capsys):
    parser = argparse.ArgumentParser()
    add_gap_options(parser)
    assert gap_mending(parser.parse_args([])).filler is None
    filler = gap_mending(parser.parse_args(['--fill-gaps', '4', '--gap-method', 'spline', '--min-length', '9'])).filler
    assert (filler.max_gap, filler.method, filler.min_length) == (4, 'spline', 9)
    with pytest.raises(SystemExit):
        parser.parse_args(['--fill-gaps', '-4'])
    assert 'argument --fill-gaps: must be at least 0, got -4' in capsys.readouterr().err
