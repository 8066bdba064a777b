"""Start poses: which are kept, that they are drawn evenly, and what is refused as one."""

import numpy as np
import pytest
import torch

from mmagenc.models import KeypointRepresentation
from mmagenc.models.generators.start_poses import StartPoses, encode_starts


def clip(label, places, scores=None, **more):
    """Frames whose joints all lie at (place, 100 − place)."""
    keypoint = np.tile(np.array([[place, 100 - place] for place in places], dtype=np.float32)[:, None], (1, 13, 1))
    keypoint += np.arange(13, dtype=np.float32)[:, None] / 100
    result = dict(frame_dir=f'{label}_{places[0]}', label=label, total_frames=len(places), keypoint=keypoint[None], **more)
    if scores is not None:
        result['keypoint_score'] = np.repeat(np.array(scores, dtype=np.float32)[None, :, None], 13, axis=2)
    return result


@pytest.fixture
def representation():
    part = KeypointRepresentation(skeleton='penn13', num_dims=2, normalization='min_max')
    part.fit([clip(0, range(101))])
    return part


def places(starts, representation, label):
    """Where the kept poses of a class lie."""
    poses = starts.poses[label, :starts.count[label]].unflatten(1, (13, 2))
    return (poses * representation.std + representation.mean)[:, 0, 0].round().int().tolist()


def test_first_frames_evenly_over_the_clips(representation):
    starts = StartPoses(2, 26, most=3)
    assert not starts.fitted
    starts.fit([clip(0, [10 * i, 99]) for i in range(9)] + [clip(1, [50, 60])], representation)
    assert places(starts, representation, 0) == [0, 30, 60] and places(starts, representation, 1) == [50]
    assert starts.fitted


def test_frames_from_anywhere(representation):
    starts = StartPoses(1, 26, most=40, anywhere=True)
    starts.fit([clip(0, range(40)), clip(0, range(60, 100))], representation)
    kept = np.sort(places(starts, representation, 0))
    assert len(kept) == 40 and (kept < 40).sum() == (kept >= 60).sum() == 20
    assert np.diff(kept[:20]).max() <= 5 and np.diff(kept[20:]).max() <= 5  # spread over each clip


def test_only_frames_that_were_wholly_seen(representation):
    """A joint that was not seen lies anywhere, often in the corner; a class that has nothing better keeps what it has."""
    starts = StartPoses(2, 26, most=2)
    hidden = clip(0, [60, 70], scores=[1, 1])
    hidden['keypoint_score'][0, 0, 3] = 0
    never, nothing_better = clip(0, [40, 50], scores=[0, 0]), clip(1, [80, 90], scores=[0, 0])
    for one in (never, nothing_better):
        one['keypoint_score'][0, :, 0] = 1  # scores that are all 0 would say nothing
    starts.fit([clip(0, [10, 20, 30], scores=[0, 1, 1]), never, hidden, nothing_better], representation)
    assert places(starts, representation, 0) == [20, 70] and places(starts, representation, 1) == [80]
    starts = StartPoses(1, 26, most=2)
    starts.fit([clip(0, [10, 20, 30], scores=[0, 1, 1]), clip(0, [40, 50], scores=[0, 0])], representation)
    assert places(starts, representation, 0) == [20, 40]


def test_paths_begin_at_the_start():
    """Centred on the first frame, a frame from the middle of a clip is the first of what follows it."""
    part = KeypointRepresentation(skeleton='penn13', num_dims=2, normalization='centered_min_max', root_center=False)
    recordings = [clip(0, range(50))]
    part.fit(recordings)
    starts = StartPoses(1, 26, most=4, anywhere=True)
    starts.fit(recordings, part)
    root = part.center_joints[0]
    centred = starts.poses[0].unflatten(1, (13, 2)) * part.std + part.mean
    torch.testing.assert_close(centred[:, root], torch.zeros(4, 2), atol=1e-4, rtol=0)


def test_drawing(representation):
    """Evenly among those of the class; a class without any gets those of the others, and a warning at fitting."""
    starts = StartPoses(3, 26, most=4)
    with pytest.raises(ValueError, match='keeps no start poses.*give start=…'):
        starts.draw(torch.tensor([0]))
    starts.fit([clip(0, [10 * i, 99]) for i in range(4)] + [clip(2, [70, 80])], representation)
    label = torch.tensor([0] * 400 + [2] * 50 + [1] * 500)
    drawn = starts.draw(label, torch.Generator().manual_seed(0)).unflatten(1, (13, 2))
    at = (drawn * representation.std + representation.mean)[:, 0, 0].round().int()
    counts = torch.bincount(at[:400], minlength=71)[[0, 10, 20, 30]]
    assert counts.sum() == 400 and counts.min() > 60
    assert (at[400:450] == 70).all()
    assert set(at[450:].tolist()) == {0, 10, 20, 30, 70}


def test_what_cannot_be_fitted(representation):
    with pytest.raises(ValueError, match='no clips of classes 0 to 1'):
        StartPoses(2, 26, most=2).fit([clip(5, [1, 2])], representation)


@pytest.mark.parametrize('start, reason', [
    (np.zeros((12, 2)), r'must be poses \(13, 2\) or \(S, 13, 2\), got \(1, 12, 2\)'),
    (np.zeros((0, 13, 2)), r'got \(0, 13, 2\)'),
    (np.zeros(26), r'got \(26,\)'),
    ('first', 'start must be an annotation'),
    ([], r'got \(0,\)'),
    (np.full((13, 2), np.nan), 'not finite'),
    (np.full((13, 2), 640.), '11.8 times as far.*pixels of an image'),
    (dict(label=0), 'an annotation has `keypoint`, this one has label'),
    (dict(clip(0, [1, 2]), skeleton='coco17'), 'its layout is coco17, the model knows penn13'),
])
def test_starts_that_are_refused(representation, start, reason):
    with pytest.raises(ValueError, match=reason):
        encode_starts(start, representation)


def test_an_annotations_first_person_who_is_there(representation):
    one = clip(0, [30, 40])
    absent = dict(one, keypoint=np.concatenate((np.zeros_like(one['keypoint']), one['keypoint'])))
    torch.testing.assert_close(encode_starts(absent, representation), encode_starts(one['keypoint'][0, 0], representation))
