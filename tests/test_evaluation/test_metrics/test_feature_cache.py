"""A clip's entry is found by all of its content and by nothing else, and survives on disk."""

import numpy as np
import pytest

from mmagenc.evaluation.metrics.feature_cache import FeatureCache, clip_key, recognizer_fingerprint


def clip(**changes):
    return dict(frame_dir='a', label=0, total_frames=4, keypoint=np.arange(24., dtype=np.float32).reshape(1, 4, 2, 3), **changes)


def test_key():
    key = clip_key(clip())
    assert clip_key(dict(clip(), frame_dir='b', label=1)) == key  # the recognizer does not see those
    moved = clip()
    moved['keypoint'][0, 0, 0, 0] = 1e-3
    assert clip_key(clip(img_shape=None)) == key and clip_key(clip(img_shape=(4, 6))) == clip_key(clip(img_shape=[np.int64(4), 6]))
    others = [moved, clip(img_shape=(480, 640)), clip(img_shape=(640, 480)), clip(original_shape=(480, 640)), clip(fps=25.),
              clip(up='z'), dict(clip(), total_frames=3), clip(skeleton='ucla20'), clip(transl=np.zeros((1, 4, 3))),
              dict(clip(), keypoint=clip()['keypoint'].reshape(1, 4, 3, 2)), dict(clip(), pose=clip()['keypoint'])]
    assert len({key, *map(clip_key, others)}) == len(others) + 1


def test_fingerprint(tmp_path):
    (tmp_path / 'a.pth').write_bytes(b'weights')
    (tmp_path / 'b.pth').write_bytes(b'weight!')
    arguments = [(dict(type='A'), [dict(type='T')], 'a.pth'), (dict(type='B'), [dict(type='T')], 'a.pth'),
                 (dict(type='A'), [dict(type='T', n=1)], 'a.pth'), (dict(type='A'), [dict(type='T')], 'b.pth')]
    found = [recognizer_fingerprint(model, pipeline, str(tmp_path / path)) for model, pipeline, path in arguments]
    assert len(set(found)) == 4 and found[0] == recognizer_fingerprint(dict(type='A'), (dict(type='T'), ), str(tmp_path / 'a.pth'))


def test_saved_and_read_again(tmp_path):
    cache = FeatureCache('f', str(tmp_path / 'sub'))
    cache.save()  # nothing to write
    assert not (tmp_path / 'sub').exists() and cache.get('x') is None
    cache.put('x', np.array([1., 2.]), 3)
    cache.put('x', np.array([9., 9.]), 9)  # known already
    cache.save()
    feature, predicted = FeatureCache('f', str(tmp_path / 'sub')).get('x')
    assert feature.tolist() == [1, 2] and predicted == 3
    assert len(FeatureCache('g', str(tmp_path / 'sub'))) == 0


def test_two_writers_keep_each_others_entries(tmp_path):
    first, second = (FeatureCache('f', str(tmp_path)) for _ in range(2))
    first.put('x', np.zeros(2), 0)
    second.put('y', np.ones(2), 1)
    first.save()
    second.save()
    assert len(FeatureCache('f', str(tmp_path))) == len(second) == 2


@pytest.mark.parametrize('content', [b'', b'no archive'])
def test_a_broken_file_is_written_anew(tmp_path, content):
    (tmp_path / 'f.npz').write_bytes(content)
    cache = FeatureCache('f', str(tmp_path))
    cache.put('x', np.zeros(2), 0)
    cache.save()
    assert len(FeatureCache('f', str(tmp_path))) == 1


def test_in_memory_only(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cache = FeatureCache('f')
    cache.put('x', np.zeros(2), 0)
    cache.save()
    assert cache.get('x') is not None and not list(tmp_path.iterdir())
