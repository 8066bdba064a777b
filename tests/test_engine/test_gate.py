"""The gate in front of the selectors: bounds from recordings, what is held back and why."""

import numpy as np
import pytest

from mmagenc.engine import MotionGate
from tests.own_clips import coco_clips

FRAMES = 60


@pytest.fixture(scope='module')
def recordings():
    return coco_clips(30, gaps=False)['annotations']


@pytest.fixture(scope='module')
def gate(recordings):
    return MotionGate().fit(recordings, skeleton='coco17', num_frames=FRAMES, fps=25)


def changed(clip, function):
    return dict(clip, keypoint=function(clip['keypoint'].astype(np.float64)).astype(np.float32))


def statue(keypoint):
    return np.repeat(keypoint[:, :1], keypoint.shape[1], axis=1)


def test_scores_that_are_all_zero_say_nothing(gate, recordings):
    """A clip with them passes as it does without."""
    scored = [dict(clip, keypoint_score=np.zeros(clip['keypoint'].shape[:3], np.float32)) for clip in recordings]
    assert gate(scored).passed.tolist() == gate(recordings).passed.tolist()


def test_new_recordings_pass(gate):
    verdict = gate(coco_clips(30, seed=1, gaps=False)['annotations'])
    assert verdict.passed.mean() > 0.9, str(verdict)


@pytest.mark.parametrize('function, reason', [
    (statue, 'too slow'),
    (lambda x: x[:, :1] + 0.1 * (x - x[:, :1]), 'too slow'),
    (lambda x: x[:, :1] + 6 * (x - x[:, :1]), 'too fast'),
    (lambda x: 5 * (x - x.mean(axis=(0, 1, 2))) + 200, 'too large'),
    (lambda x: 0.1 * x, 'too small'),
    (lambda x: np.where(np.arange(x.shape[2])[:, None] == 15, x + [0, 60] * (np.arange(x.shape[1]) % 2)[:, None, None], x), 'trembles'),
    (lambda x: np.where(np.arange(x.shape[2])[:, None] == 9, x + [250, 0], x), 'other proportions'),
    (lambda x: np.zeros_like(x), 'no body: all keypoints on one place, or no numbers'),
    (lambda x: np.full_like(x, np.nan), 'no body: all keypoints on one place, or no numbers'),
])
def test_what_no_body_does_is_held_back(gate, recordings, function, reason):
    squats = [clip for clip in recordings if clip['label'] == 1]
    verdict = gate([changed(clip, function) for clip in squats])
    assert not verdict.passed.any()
    assert reason in verdict.reasons, str(verdict)


def test_every_class_has_bounds_of_its_own(gate, recordings):
    """A wave is no squat: slower by far."""
    waves = [dict(clip, label=1) for clip in recordings if clip['label'] == 0]
    assert not gate(waves).passed.any()
    assert gate(recordings).speed[1] > 2 * gate(recordings).speed[0]
    assert gate.speed.keys() == {0, 1, 2}


def test_bodies_that_stand_still_need_not_move(recordings):
    """A class of statues asks for no movement, and is not passed by what moves."""
    still = [changed(clip, statue) for clip in recordings]
    gate = MotionGate().fit(still, skeleton='coco17', num_frames=FRAMES, fps=25)
    assert gate(still).passed.all() and not gate(recordings).passed.any()


def test_size_and_unit_do_not_matter_only_those_of_the_recordings(recordings):
    """Recordings in another unit of length are judged alike."""
    smaller = [changed(clip, lambda x: x / 1000) for clip in recordings]
    gate = MotionGate().fit(smaller, skeleton='coco17', num_frames=FRAMES, fps=25)
    assert gate(smaller).passed.mean() > 0.9


@pytest.mark.parametrize('longer, passes', [(0.03, True), (0.06, False)])
def test_another_persons_limbs_pass_beside_recordings_of_one_body(longer, passes):
    """Where all recordings are of one body, one forearm may differ as people's do, and not more."""
    clip = coco_clips(30, gaps=False)['annotations'][1]
    rng = np.random.default_rng(0)
    one_body = [dict(clip, label=0, keypoint=(clip['keypoint'] * (1 + 0.01 * rng.random())).astype(np.float32)) for _ in range(12)]
    gate = MotionGate(slack=2.).fit(one_body, skeleton='coco17', num_frames=FRAMES, fps=25)
    row = gate._measure(clip)
    length = row['body_length'] * longer

    def with_longer_forearm(keypoint):
        bone, keypoint = keypoint[:, :, 9] - keypoint[:, :, 7], keypoint.copy()
        keypoint[:, :, 9] += length * bone / np.linalg.norm(bone, axis=-1, keepdims=True)
        return keypoint

    verdict = gate([changed(dict(clip, label=0), with_longer_forearm)])
    assert verdict.passed.all() == passes and (passes or 'other proportions' in verdict.reasons), str(verdict)


def test_windows_as_long_as_the_candidates(recordings):
    """A long recording reaches no farther than its windows do."""
    walk = np.linspace(0, 2000, 240)[None, :, None, None] + recordings[0]['keypoint'][:, :1]
    clip = dict(recordings[0], keypoint=walk.astype(np.float32), total_frames=240)
    clip.pop('keypoint_score')
    gate = MotionGate().fit([clip], skeleton='coco17', num_frames=60, fps=25)
    window = dict(clip, keypoint=clip['keypoint'][:, :60], total_frames=60)
    assert gate([window]).passed.all()
    assert not MotionGate(slack=1.2).fit([clip], skeleton='coco17', num_frames=240, fps=25)([window]).passed.any()


def test_keypoints_that_no_recording_shows_are_not_asked_for(recordings):
    """Recordings without ankles, and candidates that have their scores: bounds by the rest of the body."""
    def without_ankles(clip):
        score = np.ones(clip['keypoint'].shape[:3], dtype=np.float32)
        score[..., [15, 16]] = 0
        return dict(clip, keypoint=np.where(score[..., None] > 0, clip['keypoint'], 0), keypoint_score=score)

    clips = [without_ankles(clip) for clip in recordings]
    gate = MotionGate().fit(clips, skeleton='coco17', num_frames=FRAMES, fps=25)
    assert gate(clips).passed.mean() > 0.9
    assert not gate([dict(clip, keypoint=statue(clip['keypoint'])) for clip in clips if clip['label'] == 1]).passed.any()


def test_without_bounds_all_pass_and_the_verdict_says_so_in_words(gate, recordings):
    assert MotionGate()(recordings).passed.all()
    assert gate([]).passed.shape == (0, )
    words = str(gate([changed(recordings[1], statue), recordings[1]]))
    assert words == '1 of 2 move as their class does (1 too slow)'


@pytest.mark.parametrize('wrong', [dict(quantile=0.5), dict(quantile=-0.1), dict(slack=0.9), dict(still=-1)])
def test_bad_settings_are_refused(wrong):
    with pytest.raises(ValueError, match='quantile must lie'):
        MotionGate(**wrong)


def test_recordings_that_mostly_stand_still_are_told_of(recordings):
    """Whole recordings of which a fifth moves: statues pass, and the gate says so; not where all move, or none, or it only counts."""
    def uncut(clip):
        return changed(clip, lambda x: np.concatenate([np.repeat(x[:, :1], 4 * FRAMES, axis=1), x], axis=1))
    without = [{key: value for key, value in clip.items() if key != 'keypoint_score'} for clip in recordings]
    mixed = [uncut(clip) if clip['label'] == 1 else clip for clip in without]
    options = dict(skeleton='coco17', num_frames=FRAMES, fps=25)
    gate = MotionGate().fit(mixed, **options)
    assert gate([changed(clip, statue) for clip in without if clip['label'] == 1]).passed.all()
    warnings = gate.warnings(['wave', 'squat', 'step'])
    assert len(warnings) == 1 and '(squat 80%)' in warnings[0] and f'windows of {FRAMES} frames' in warnings[0]
    assert MotionGate(enforce=False).fit(mixed, **options).warnings() == []
    assert MotionGate().fit(recordings, **options).warnings() == []
    assert MotionGate().fit([changed(clip, statue) for clip in recordings], **options).warnings() == []


def test_a_class_that_cannot_be_measured_is_told_of(recordings):
    single = [dict(clip, keypoint=clip['keypoint'][:, :1]) if clip['label'] == 2 else clip for clip in recordings]
    gate = MotionGate().fit([{key: value for key, value in clip.items() if key != 'keypoint_score'} for clip in single],
                            skeleton='coco17', num_frames=FRAMES, fps=25)
    assert gate.unmeasured == [2] and 'no recording of 2 can be measured' in gate.warnings()[0]
