"""Distances of motion in one form, and attacks by them on generators of which it is known what they copy."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mmagenc.evaluation.functional import body_length
from mmagenc.evaluation.membership import (
    CALIBRATED,
    NEAREST,
    SAMPLES,
    exposure,
    motion_rows,
    persons_of,
    reconstruction_error,
    same_recordings,
)
from mmagenc.skeletons import get_skeleton
from tests.moving import SKELETON, copies, recordings


def changed(clip, keypoint, **more):
    return dict(clip, keypoint=keypoint.astype(np.float32), total_frames=keypoint.shape[1], **more)


def test_the_distance_is_the_root_mean_square_in_body_lengths():
    one, other = recordings(2, 0, frames=SAMPLES)  # as many frames as poses: nothing is resampled
    rows = motion_rows([one, other])
    skeleton, poses = get_skeleton(SKELETON), []
    for clip in (one, other):
        points = clip['keypoint'][0].astype(float)
        poses.append((points - points[:, [skeleton.root]]) / body_length(points, skeleton.parents))
    naive = np.sqrt(((poses[0] - poses[1])**2).sum(axis=-1).mean())
    assert np.linalg.norm(rows.values[0] - rows.values[1]) == pytest.approx(naive)


def test_place_path_and_size_are_no_difference_and_heading_is():
    clip, = recordings(1, 0)
    path = np.linspace(0, 3, 24)[:, None, None] * np.ones(3)
    turned = clip['keypoint'][..., [2, 1, 0]] * [1, 1, -1]
    rows = motion_rows([clip, changed(clip, clip['keypoint'] * 1000 + path * 1000), changed(clip, turned)]).values
    assert np.linalg.norm(rows[0] - rows[1]) < 1e-5 and np.linalg.norm(rows[0] - rows[2]) > 0.05


def test_a_clip_that_is_part_of_a_recording_is_found_at_its_place():
    clips = recordings(3, 0, frames=40)
    part = changed(clips[1], clips[1]['keypoint'][:, 12:28])
    found = exposure(motion_rows(clips, 16), motion_rows([part]))
    assert (found.recording[0], found.start[0]) == (1, 12) and found.generated[0] < 1e-5
    some = [*(changed(clip, clip['keypoint'][:, 6:22]) for clip in clips[:2]), part, clips[2]]
    twice = exposure(motion_rows(clips, 16), motion_rows(some, 16, middle=True))
    assert twice.recording.tolist() == [0, 1, 1, 2] and len(twice.nearest_pairs(9)) == 3 and len(twice.nearest_pairs(2)) == 2
    assert sorted(twice.recording[twice.nearest_pairs(9)]) == [0, 1, 2]
    assert found.held_out is None and found.memorization is None and found.nearer_than(1) is None
    assert motion_rows(clips, 16).owner.tolist() == [0] * 13 + [1] * 13 + [2] * 13
    assert motion_rows(clips, 16, middle=True).start.tolist() == [12] * 3


def test_points_that_were_not_seen_lie_between_their_neighbours():
    clip, = recordings(1, 0)
    straight = np.repeat(clip['keypoint'][:, :1], 24, axis=1)
    torn, score = straight.copy(), np.ones(straight.shape[:3], np.float32)
    torn[0, 5:9, 3], score[0, 5:9, 3] = 77, 0
    rows = motion_rows([changed(clip, straight), changed(clip, torn, keypoint_score=score)]).values
    assert np.allclose(*rows, atol=1e-6)
    score[0, :, 4] = 0  # never seen: at the root
    values = motion_rows([changed(clip, torn, keypoint_score=score)]).values.reshape(SAMPLES, -1, 3)
    assert not values[:, 4].any() and values[:, 3].any()


@pytest.mark.parametrize('broken, reason', [(dict(skeleton=None), 'clip anna_0: its layout is not known'),
                                            (dict(keypoint=np.zeros((1, 4, 20, 3), np.float32)), 'clip anna_0: there is no body in it')])
def test_clips_that_cannot_be_compared(broken, reason):
    with pytest.raises(ValueError, match=reason):
        motion_rows([dict(recordings(1, 0)[0], **broken)])
    with pytest.raises(ValueError, match='no clips'):
        motion_rows([])


def attacked(train, held_out, made):
    return exposure(motion_rows(train, 16), motion_rows(made), motion_rows(held_out, 16), held_out_middle=motion_rows(
        held_out, 16, middle=True))


def test_a_generator_that_copies_is_found_out():
    train, held_out = recordings(25, 1), recordings(25, 2, name='bert')
    found = attacked(train, held_out, copies(train, 60))
    assert found.attacks[NEAREST].auc.value > 0.98 and found.attacks[CALIBRATED].auc.value > 0.98 and found.attacks[NEAREST].tells
    assert found.memorization.closer > 0.98 and found.nearer_than(1) == 1 and found.memorization.fake < 0.2 * found.memorization.held_out


def test_a_generator_that_knows_none_of_them_tells_nothing():
    """Clips of others, and recordings of which none were trained on: areas about one half, over several draws."""
    areas, nearer = [], []
    for seed in range(4):
        train, held_out = recordings(25, 10 + seed), recordings(25, 20 + seed, name='bert')
        found = attacked(train, held_out, copies(recordings(40, 30 + seed), 40))
        areas += [attack.auc.value for attack in found.attacks.values()]
        nearer.append(found.memorization.closer)
    assert np.mean(areas) == pytest.approx(0.5, abs=0.09) and max(abs(np.array(areas) - 0.5)) < 0.25
    assert np.mean(nearer) == pytest.approx(0.5, abs=0.12)


class Encoding(torch.nn.Module):
    """Gives recordings back that it knows, and others shifted joint by joint; notes what it saw."""

    device = torch.device('cpu')

    def __init__(self, known, shift=0.5):
        super().__init__()
        self.known, self.shift = {round(float(clip['keypoint'].sum()), 2) for clip in known}, shift
        self.representation = SimpleNamespace(encode=lambda inputs: inputs['keypoint'], keypoint_skeleton=SKELETON)

    def reconstruct(self, x, label, length):
        noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(0)) * self.shift
        new = torch.tensor([round(float(clip.sum()), 2) not in self.known for clip in x])
        return SimpleNamespace(keypoint=x + noise * new[:, None, None, None])


def test_reconstruction_is_measured_piece_by_piece():
    train, held_out = recordings(3, 1, frames=16), recordings(3, 2, frames=16)
    model = Encoding(train)
    assert reconstruction_error(model, train, 16).max() < 1e-5 < 0.05 < reconstruction_error(model, held_out, 16).min()
    longer = recordings(2, 3, frames=40)
    assert reconstruction_error(Encoding([]), longer, 16).shape == (2, )
    model.reconstruct = lambda *_: None
    assert reconstruction_error(model, train, 16) is None
    model.representation.encode = lambda inputs: inputs['pose']
    with pytest.raises(ValueError, match='the recordings have no pose'):
        reconstruction_error(model, train, 16)


def test_persons_are_drawn_together_where_there_are_enough():
    assert persons_of(recordings(12, 0), recordings(12, 1, name='bert')).tolist()[-1] == 'bert 5'
    assert persons_of(recordings(12, 0, subjects=4), recordings(12, 1)) is None
    assert persons_of([dict(clip, subject=None) for clip in recordings(6, 0)], recordings(6, 1)) is None


def test_recordings_in_both_sets_are_found_whatever_their_names():
    train = recordings(4, 0)
    assert same_recordings(train, [*recordings(2, 1), dict(train[3], frame_dir='other')]) == [2]
