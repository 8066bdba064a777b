"""Variants of an annotation's clips: in turn, named, and the same whatever the batch size."""

import numpy as np
import pytest

from mmagenc.apis import init_generator, vary
from tests.test_apis.configs import write_generator


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    return init_generator(*write_generator(tmp_path_factory.mktemp('generator')))


def clips(labels=(0, 2, 0, 2, 0)):
    rng = np.random.default_rng(0)
    return [dict(frame_dir=f'clip{row}', label=label, total_frames=6 + row,
                 keypoint=rng.standard_normal((1, 6 + row, 20, 3)).astype(np.float32)) for row, label in enumerate(labels)]


def test_each_clip_once(model):
    made = vary(model, clips())
    assert [clip['variant_of'] for clip in made] == ['clip0', 'clip2', 'clip4', 'clip1', 'clip3']
    assert [clip['label'] for clip in made] == [0, 0, 0, 2, 2] and [clip['total_frames'] for clip in made] == [6, 8, 10, 7, 9]
    assert {clip['source'] for clip in made} == {'synthetic'} and made[0]['latent'].shape == (16, )
    assert [clip['frame_dir'] for clip in made] == [f'variant_{place:06d}' for place in range(5)]


def test_so_many_of_a_class_in_turn(model):
    made = vary(model, clips(), num_samples_per_class=4, classes=['Jump'], num_frames=5)
    assert [clip['variant_of'] for clip in made] == ['clip1', 'clip3', 'clip1', 'clip3'] and {clip['total_frames'] for clip in made} == {5}
    assert not np.allclose(made[0]['keypoint'], made[2]['keypoint'])


def test_the_seed_and_not_the_batch_size_decides(model, monkeypatch):
    first, second = (vary(model, clips(), seed=5, batch_size=size) for size in (1, 64))
    for one, other in zip(first, second):
        np.testing.assert_allclose(one['keypoint'], other['keypoint'], atol=1e-5)
    assert not np.allclose(vary(model, clips(), seed=6)[0]['keypoint'], first[0]['keypoint'])


def test_the_person_who_is_most_there_is_varied(model):
    alone = clips()
    for clip in alone:
        clip['keypoint_score'] = np.ones(clip['keypoint'].shape[:3], np.float32)
    crowded = [dict(clip, keypoint=np.concatenate((clip['keypoint'] + 1, clip['keypoint'])),
                    keypoint_score=np.concatenate((clip['keypoint_score'] / 4, clip['keypoint_score']))) for clip in alone]
    for one, other in zip(vary(model, crowded, strength=0), vary(model, alone, strength=0), strict=True):
        assert one['variant_of'] == other['variant_of'] and np.array_equal(one['keypoint'], other['keypoint'])


@pytest.mark.parametrize('settings,message', [
    (dict(classes=['run']), 'no clips of run to vary'),
    (dict(batch_size=0), 'batch_size must be at least 1, got 0'),
])
def test_what_cannot_be(model, settings, message):
    with pytest.raises(ValueError, match=message):
        vary(model, clips(), **settings)
    with pytest.raises(ValueError, match='no clips of any class'):
        vary(model, [])
