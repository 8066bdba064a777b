"""How many clips, of which classes, by which process; what the gate leaves out; and when they are the same."""

import numpy as np
import pytest
import torch

from mmagenc.datasets import MotionDataset
from mmagenc.engine.contract import ContractError
from mmagenc.engine.gate import MotionGate
from mmagenc.engine.online_clips import OnlineClips, Renewal, describe, known_fps, require_some, usual_ratio, weights_digest
from tests.swinging import FRAMES, SKELETON, Swinging, write_recordings


@pytest.mark.parametrize('clips, ratio', [(1, 2), (5, 2), (70, 0.25), (4000, 0.25), (350**0.5, 0.5**0.5)])
def test_usual_ratio(clips, ratio):
    """MacDiff's at both ends; in the middle of the logarithms (√(5 · 70) clips) the middle of the logarithms (√(2 / 4))."""
    assert usual_ratio(clips) == pytest.approx(ratio)


def clips_of(tmp_path, *, labels=(0, 1) * 6, model=None, recording=None, gate=None, **settings):
    if not (tmp_path / 'real.npz').exists():
        write_recordings(tmp_path / 'real.npz', labels=labels, **(recording or {}))
    dataset = MotionDataset(str(tmp_path / 'real.npz'), split='train', fps=settings.pop('rate', None))
    recordings = dataset.annotations()
    model = model or Swinging()
    model.representation.fit(recordings)
    gate = MotionGate(**(gate or dict(enforce=False))).fit(recordings, skeleton=SKELETON, num_frames=FRAMES, fps=30.)
    told = []
    defaults = dict(count=12, balance='recordings', num_frames=None, fps=None, vary=None, rank=0, world_size=1)
    clips = OnlineClips(model=model, recordings=recordings, dataset=dataset, gate=gate, seed=lambda: 5,
                        report=lambda *made: told.append(made), **dict(defaults, **settings))
    return clips, told


def arrays(clips):
    return [clip['keypoint'].tolist() for clip in clips]


def test_the_number_of_the_renewal_says_which_clips(tmp_path):
    clips, told = clips_of(tmp_path)
    state = torch.get_rng_state()
    first, second = clips(0), clips(1)
    assert arrays(first) != arrays(second) and arrays(clips(0)) == arrays(first) == arrays(clips_of(tmp_path)[0](0))
    assert clips(0) is clips(0) and [number for _, number in told] == [0, 1, 0]
    assert torch.equal(torch.get_rng_state(), state)  # nothing else draws otherwise for it


def test_each_process_makes_its_share(tmp_path):
    shares = [clips_of(tmp_path, rank=rank, world_size=2, count=13)[0](0) for rank in (0, 1)]
    assert [len(share) for share in shares] == [7, 6]
    labels = sorted(clip['label'] for share in shares for clip in share)
    assert labels.count(0) in (6, 7)  # of 13
    assert not {clip['frame_dir'] for clip in shares[0]} & {clip['frame_dir'] for clip in shares[1]}
    assert not set(map(str, arrays(shares[0]))) & set(map(str, arrays(shares[1])))


def test_rare_classes_get_their_turn(tmp_path):
    """Of ten recordings one is of the other class: of two clips a time that is every fifth time one of its own."""
    clips, _ = clips_of(tmp_path, labels=[0] * 9 + [1], count=2)
    labels = torch.tensor([[int(clips._labels[index]) for index in clips.plan(number)] for number in range(200)])
    assert 0.15 < labels.float().sum(1).mean() < 0.25 and labels.sum(1).max() == 1
    even, _ = clips_of(tmp_path, count=4, balance='even')
    assert all(sorted(even._labels[even.plan(number)].tolist()) == [0, 0, 1, 1] for number in range(5))


def test_every_recording_is_varied_equally_often(tmp_path):
    clips, _ = clips_of(tmp_path, count=24)
    assert sorted(clips.plan(3).tolist()) == sorted([*range(12)] * 2)
    clips, _ = clips_of(tmp_path, vary=dict(strength=0.), num_frames=6)
    for clip in clips(0):
        source = next(real for real in clips.recordings if real['frame_dir'] == clip['variant_of'])
        assert np.array_equal(clip['keypoint'], source['keypoint'][:, :6]) and clip['label'] == source['label']


def test_what_the_gate_leaves_out_is_made_again(tmp_path):
    """Statues three times; the others take their place under names of their own, or nobody where a class has none."""
    clips, told = clips_of(tmp_path, model=Swinging(still=[1]), gate=dict(slack=20.))
    made, renewal = clips(0), told[0][0]
    assert [clip['label'] for clip in made] == [0] * 6 and renewal.made == 12 + 6 + 6
    assert renewal.speed == pytest.approx(clips.gate(made).speed[0] / 2)  # between that of the first and of statues
    assert renewal.reasons == {'too slow': 18} and renewal.left_out == 18 and renewal.missing == [1]

    class Fitful(Swinging):
        """Makes statues now and then."""

        def decode_latent(self, latent, label, length):
            motion = super().decode_latent(latent, label, length)
            motion.keypoint[latent[:, 0] > 0.4] = motion.keypoint[0, 0].clone()
            return motion

    clips, told = clips_of(tmp_path, model=Fitful(), gate=dict(slack=20.))
    made = clips(2)
    assert sorted(clip['label'] for clip in made) == [0] * 6 + [1] * 6 and len({clip['frame_dir'] for clip in made}) == 12
    assert told[0][0].left_out > 3 and any('_again_' in clip['frame_dir'] for clip in made)
    assert clips.gate(made).passed.all()


def test_clips_have_the_form_of_the_recordings(tmp_path):
    """Scores, image shape, layout and frame rate; what the dataset says is not said again."""
    score = np.full((1, FRAMES, 17), 0.7, dtype=np.float32)
    clips, _ = clips_of(tmp_path, recording=dict(keypoint_score=score, img_shape=(480, 640)), fps=60., rate=30.)
    clip = clips(0)[0]
    assert clip['img_shape'] == (480, 640) and clip['source'] == 'synthetic' and 'skeleton' not in clip and 'fps' not in clip
    assert clip['keypoint'].shape == (1, 4, 17, 3) and clip['total_frames'] == 4  # eight at 60 frames a second
    np.testing.assert_allclose(clip['keypoint_score'], 0.7, rtol=1e-6)


def test_a_generator_that_only_makes_statues():
    with pytest.raises(ContractError, match=r'none of 9 generated clips moves .* \(9 too slow\)'):
        require_some(Renewal(made=9, reasons={'too slow': 9}), [])
    assert require_some(Renewal(), [dict(label=1), dict(label=0)]) == dict(label=1)


def test_words_and_sums():
    total = Renewal()
    total.add(Renewal(4, {'too slow': 1}, 0.1, 0.5))
    total.add(Renewal(4, {'too slow': 1, 'trembles': 3}, 0.2, 1., [2]))
    assert describe(total, 0.25, enforced=True) == (
        '8 clips generated, 5 left out (3 trembles, 2 too slow); their speed 0.20 beside 0.25 of the recordings (body lengths a second); '
        '1.5 s')
    assert '5 would be left out, were the gate enforced' in describe(total, 0.25, enforced=False) and total.missing == [2]
    assert known_fps({}, 1) is None and known_fps(dict(fps=30), 2) == 15


def test_digest_of_weights():
    one, other = torch.nn.BatchNorm1d(3), torch.nn.BatchNorm1d(3)
    assert weights_digest(one) == weights_digest(other)
    other.running_var[1] = 2  # a buffer
    assert weights_digest(one) != weights_digest(other)
