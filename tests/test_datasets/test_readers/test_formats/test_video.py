"""Videos through MMPose: what is said without it, and with it a real model of random weights on a rendered video."""

import importlib.util
import sys

import cv2
import numpy as np
import pytest
import torch

from mmagenc.compat import MMPOSE_STAND_INS, mmpose_stand_ins
from mmagenc.datasets.readers.formats import video as video_module
from mmagenc.datasets.readers.formats.video import video_facts
from mmagenc.datasets.readers.registry import ReadOptions, all_readers
from mmagenc.datasets.readers.source import Source

MODEL = 'td-hm_mobilenetv2_8xb64-210e_coco-256x192'


@pytest.fixture
def video(tmp_path):
    """Five frames of 160 x 120 at 12 fps, a bright block that moves to the right."""
    path = tmp_path / 'crawling/clip.avi'
    path.parent.mkdir()
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 12, (160, 120))
    if not writer.isOpened():
        pytest.skip('OpenCV writes no MJPG here')
    for index in range(5):
        image = np.zeros((120, 160, 3), dtype=np.uint8)
        image[30:100, 20 + 10 * index:60 + 10 * index] = 200
        writer.write(image)
    writer.release()
    return path


def read(path, **settings):
    return list(all_readers()['video'].read(Source(path), ReadOptions(reader=settings)))


def test_what_a_video_says_of_itself(video, import_file):
    assert video_facts(video) == (12, (120, 160))
    with pytest.raises(ValueError, match=r'--pose-model human(.|\n)*pip install "mmagenc\[pose\]"'):
        import_file(video, 'video')


def test_a_damaged_video(video, tmp_path):
    broken = tmp_path / 'a.avi'
    broken.write_bytes(video.read_bytes()[:300])
    with pytest.raises(ValueError, match='no frame of the video can be decoded'):
        read(broken, pose_model='human')


def test_without_mmpose_it_says_what_to_type(video, monkeypatch):
    monkeypatch.setitem(sys.modules, 'mmpose', None)
    monkeypatch.setitem(sys.modules, 'mmpose.apis', None)
    with pytest.raises(ValueError, match=r'MMPose cannot be imported; type\n    pip install "mmagenc\[pose\]"'):
        read(video, pose_model='human')


def test_stand_ins_refuse_when_called_and_are_gone_afterwards(monkeypatch):
    monkeypatch.setitem(sys.modules, 'mmdet', None)
    monkeypatch.setitem(sys.modules, 'mmdet.utils', None)
    before = {name: sys.modules.get(name) for name in MMPOSE_STAND_INS}
    with mmpose_stand_ins() as missing:
        from mmdet.utils import reduce_mean
        assert 'mmdet.utils' in missing
        with pytest.raises(ImportError, match='mmdet.utils.reduce_mean needs mmdet'):
            reduce_mean(1)
    assert all(sys.modules.get(name) is before[name] for name in missing if name != 'mmdet.utils') and 'mmdet.utils' not in sys.modules


@pytest.mark.skipif(importlib.util.find_spec('mmpose') is None, reason='mmpose is not installed')
def test_a_real_model_of_random_weights(video, monkeypatch, tmp_path):
    """The whole image is the box: keypoints lie in or near it, whatever the weights; a better net would only put them better."""
    monkeypatch.setattr(video_module, '_LOADED', {})
    from pathlib import Path
    configs = Path(importlib.util.find_spec('mmpose').submodule_search_locations[0]) / '.mim/configs'
    config = next(configs.glob(f'body_2d_keypoint/topdown_heatmap/coco/{MODEL}.py'))
    with pytest.raises(ValueError, match='a config of your own, whose weights nothing names'):
        read(video, pose_model=str(config))
    torch.save(dict(state_dict={}, meta={}), tmp_path / 'random.pth')
    recording, = read(video, pose_model=str(config), pose_weights=str(tmp_path / 'random.pth'), device='cpu', det_model='whole_image')
    assert recording.name == 'clip' and recording.skeleton.name == 'coco17' and recording.fps == 12 and recording.img_shape == (120, 160)
    assert len(recording.frames) == 5 and all(len(frame) == 1 for frame in recording.frames)
    person = recording.frames[0][0]
    assert person.keypoint.shape == (17, 2) and person.score.shape == (17, ) and np.isfinite(person.keypoint).all()
    assert (person.keypoint > -80).all() and (person.keypoint < 240).all()
    with pytest.raises(ValueError, match='MMPose cannot build no-such-model'):
        read(video, pose_model='no-such-model')
