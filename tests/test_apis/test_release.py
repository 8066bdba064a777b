"""What :func:`~mmagenc.apis.release.measure_release` decides, and what the data sheet makes of it; files are in test_commands."""

import numpy as np
import pytest

from mmagenc.apis.datasheet import as_markdown, datasheet
from mmagenc.apis.release import KEPT_KEYS, measure_release, released_clip
from tests.moving import CLASSES, FPS, SKELETON, copies, recordings

META = dict(classes=CLASSES, skeleton=SKELETON, fps=FPS, up=None, around='anna.npz')


@pytest.fixture(scope='module')
def sets():
    train = recordings(12, 1)
    return copies(train, 12), train, recordings(12, 2, name='bert')


def test_what_was_dropped_is_no_part_of_any_number(sets):
    made, train, held_out = sets
    others = copies(recordings(6, 3), 6)
    found = measure_release([*made, *others], META, train, held_out, min_distance=0.3)
    alone = measure_release(others, META, train, held_out)
    assert found.rows.tolist() == [*range(12, 18)] and found.dropped == dict(walk=4, run=4, jump=4) and alone.floor is None
    assert np.array_equal(found.motion.generated, alone.motion.generated) and found.motion.attacks == alone.motion.attacks


def test_nothing_but_motion_and_class_is_left_of_a_clip(sets):
    clip = dict(sets[0][0], subject='anna', score=0.3, variant_of='anna_3', path='/home/anna')
    assert set(released_clip(clip, 3)) - {'frame_dir', 'source'} == set(KEPT_KEYS) & set(clip)
    assert released_clip(clip, 3)['frame_dir'] == 'clip_000003'
    assert measure_release([clip], META, sets[1]).metainfo == dict(classes=CLASSES, skeleton=SKELETON, fps=FPS, source='synthetic')


def test_recordings_of_other_lengths_are_warned_of(sets):
    made, train, _ = sets
    found = measure_release(made, META, train, recordings(12, 4, frames=60, name='bert'))
    assert any('tell them apart by their length alone' in sentence for sentence in found.warnings)


def test_a_recording_in_both_sets_and_a_floor_without_the_other_are_refused(sets):
    made, train, held_out = sets
    with pytest.raises(ValueError, match='1 of the 13 held-out recordings are among'):
        measure_release(made, META, train, [*held_out, train[2]])
    with pytest.raises(ValueError, match='needs held-out recordings'):
        measure_release(made, META, train, min_distance=1.)


def test_numbers_that_are_not_known_are_null_and_said_in_words(sets):
    made, train, _ = sets
    still = [dict(clip, keypoint=np.repeat(clip['keypoint'][:, :1], clip['total_frames'], axis=1)) for clip in made]
    sheet = datasheet(measure_release(still, dict(META, fps=None), train))
    text = as_markdown(sheet)
    assert 'frame rate not known' in text and 'which way is up is not known' in text and 'nan' not in text
    assert 'hardly move' in text and 'to be filled in' in text and sheet['made_from']['generator'] is None


def test_names_of_classes_are_no_markup(sets):
    """Each stands in the sheet as it is, in its own cell."""
    made, train, _ = sets
    names = ['lying <b>&', 'a|b', '*_x_*', '[y](z)', *(f'c{k}' for k in range(4, len(CLASSES)))][:len(CLASSES)]
    still = [dict(clip, keypoint=np.repeat(clip['keypoint'][:, :1], clip['total_frames'], axis=1)) for clip in made]
    text = as_markdown(datasheet(measure_release(still, dict(META, classes=names), train)))
    assert r'| lying \<b\>& | ' in text and '<b>' not in text and 'hardly move' in text
    if len(names) > 1:
        assert r'| a\|b | ' in text
