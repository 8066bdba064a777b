"""A score beside x and y, and everything three-dimensional that must not be taken for one."""

import numpy as np
import pytest

from mmagenc.datasets.annotation import AnnotationError, load_annotation, save_annotation
from mmagenc.datasets.third_coordinate import body_size, score_in_third, split_third
from mmagenc.skeletons import get_skeleton


def body(frames=30, layout='coco17', seed=0):
    """A body in metres with bones of fixed lengths that swing and turn about the vertical, y up, (1, T, V, 3)."""
    rng, skeleton = np.random.default_rng(seed), get_skeleton(layout)
    time = np.arange(frames) / 10
    keypoint = np.zeros((frames, skeleton.num_joints, 3))
    for joint in skeleton.topological_order:
        parent = skeleton.parents[joint]
        if parent >= 0:
            tilt, turn = rng.uniform(0, 3) + .5 * np.sin(time + joint), rng.uniform(0, 6) + .6 * time
            way = np.stack([np.sin(tilt) * np.cos(turn), np.cos(tilt), np.sin(tilt) * np.sin(turn)], axis=1)
            keypoint[:, joint] = keypoint[:, parent] + .2 * way
    return keypoint[None].astype(np.float32)


def scored(size, seed=0, low=.3, layout='coco17'):
    """An image of the body, larger by ``size``, with scores."""
    keypoint = body(layout=layout, seed=seed) * size
    keypoint -= keypoint.min()
    keypoint[..., 2] = np.random.default_rng(seed).uniform(low, 1, keypoint.shape[:3])
    return keypoint


def clips(make, count=5):
    return [dict(frame_dir=f'c{seed}', label=0, total_frames=30, keypoint=make(seed)) for seed in range(count)]


def visible(seed):
    keypoint = scored(200, seed)
    keypoint[..., 2] = np.random.default_rng(seed).integers(0, 3, keypoint.shape[:3])
    return keypoint


def partly(seed):
    keypoint = scored(200, seed)
    keypoint[..., 2] = np.where(keypoint[..., 2] < .5, -1, keypoint[..., 2])
    return keypoint


SCORES = {
    'pixels': (lambda seed: scored(200, seed), 'coco17'),
    'pixels_unknown_layout': (lambda seed: scored(200, seed), None),
    'pixels_any_layout': (lambda seed: scored(200, seed, layout='ntu25'), 'ntu25'),
    'shares_of_the_image': (lambda seed: scored(.3, seed), 'coco17'),
    'percent': (lambda seed: scored(200, seed) * np.float32([1, 1, 100]), 'coco17'),
    'simcc': (lambda seed: scored(200, seed) * np.float32([1, 1, 7]), 'coco17'),
    'minus_one_is_none': (partly, 'coco17'),
    'visibility': (visible, None),
    'always_certain': (lambda seed: np.concatenate([scored(200, seed)[..., :2], np.ones((1, 30, 17, 1), np.float32)], axis=-1), None),
}
DEPTHS = {
    'metres': (body, 'coco17'),
    'camera': (lambda seed: body(seed=seed) + np.float32([0, 0, 3]), 'coco17'),
    'near_camera': (lambda seed: .3 * body(seed=seed) + np.float32([0, 0, .5]), 'coco17'),
    'millimetres': (lambda seed: 1000 * body(seed=seed) + np.float32([0, 0, 3000]), 'coco17'),
    'centimetres': (lambda seed: 100 * (body(seed=seed) - body(seed=seed).min()), 'coco17'),
    'min_max_scaled': (lambda seed: (body(seed=seed) - body(seed=seed).min((0, 1, 2))) / np.ptp(body(seed=seed), axis=(0, 1, 2)), 'coco17'),
    'scaled_alike': (lambda seed: (body(seed=seed) - body(seed=seed).min()) / np.ptp(body(seed=seed)), 'coco17'),
    'scaled_in_space': (lambda seed: (body(layout='ntu25', seed=seed) - body(layout='ntu25', seed=seed).min()) / 3, 'ntu25'),
    'flat': (lambda seed: body(seed=seed) * np.float32([300, 300, 0]), 'coco17'),
    'nothing': (lambda seed: np.zeros((1, 30, 17, 3), np.float32), 'coco17'),
    'two_coordinates': (lambda seed: scored(200, seed)[..., :2], 'coco17'),
    'walks_far': (lambda seed: body(seed=seed) - body(seed=seed).min() + np.arange(30)[:, None, None] * np.float32([1, 0, 0]), 'ntu25'),
}


@pytest.mark.parametrize('make, layout', SCORES.values(), ids=SCORES)
def test_scores_are_found(tmp_path, make, layout):
    found = clips(make)
    assert score_in_third(found, layout)
    annotation = dict(split={}, metainfo={} if layout is None else dict(skeleton=layout), annotations=found)
    with pytest.raises(AnnotationError, match="looks like a score .*third='score' of the dataset, or --channels xys"):
        save_annotation(annotation, tmp_path / 'a.npz')
    annotation['metainfo']['third'] = 'depth'
    save_annotation(annotation, tmp_path / 'a.npz')
    assert len(load_annotation(tmp_path / 'a.npz')['annotations']) == 5


@pytest.mark.parametrize('make, layout', DEPTHS.values(), ids=DEPTHS)
def test_depths_are_no_scores(make, layout):
    assert score_in_third(clips(make), layout) is None


def test_most_clips_decide():
    strange = clips(lambda seed: scored(200, seed), 1)
    assert score_in_third(strange + clips(body, 3), 'coco17') is None and score_in_third([], 'coco17') is None
    assert score_in_third(clips(lambda seed: scored(200, seed), 40) + clips(body, 3), 'coco17')


def test_generated_clips_are_not_asked():
    made = [dict(clip, source='synthetic') for clip in clips(lambda seed: scored(.3, seed))]
    assert score_in_third(made, 'coco17') is None
    assert score_in_third(made + clips(lambda seed: scored(.3, seed), 2), 'coco17')


def test_points_that_were_not_seen_do_not_count():
    keypoint = scored(200)
    keypoint[0, 3:9, 4] = 0
    keypoint[0, 20] = np.nan
    assert 'bodies are' in score_in_third([dict(keypoint=keypoint)], None)
    assert body_size(keypoint) == pytest.approx(body_size(scored(200)), rel=.1) and np.isnan(body_size(np.zeros((1, 3, 4, 2))))


def test_splitting():
    keypoint = scored(200)
    clip = split_third(dict(keypoint=keypoint))
    assert np.array_equal(clip['keypoint'], keypoint[..., :2]) and np.array_equal(clip['keypoint_score'], keypoint[..., 2])
    assert split_third(clip) is clip
    percent = keypoint * np.float32([1, 1, 100])
    percent[0, 0, 0, 2] = -1
    score = split_third(dict(keypoint=percent))['keypoint_score']
    assert np.allclose(score[0, 1:], keypoint[0, 1:, :, 2]) and score[0, 0, 0] == 0
    twice = split_third(dict(keypoint=keypoint, keypoint_score=keypoint[..., 2].copy()))
    assert twice['keypoint'].shape[-1] == 2
    with pytest.raises(ValueError, match='the clip has others in keypoint_score'):
        split_third(dict(keypoint=keypoint, keypoint_score=1 - keypoint[..., 2]))
