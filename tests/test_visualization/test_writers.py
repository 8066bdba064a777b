"""Files that others can read."""

import re
import subprocess
import sys

import cv2
import numpy as np
import pytest
from PIL import Image

from mmagenc.visualization import strip_image, write_frames, write_gif, write_mp4, write_png, write_strip
from mmagenc.visualization.writers import spread


@pytest.fixture
def frames():
    """A dark square that moves from left to right over white."""
    frames = np.full((8, 40, 80, 3), 255, dtype=np.uint8)
    for number, frame in enumerate(frames):
        frame[10:30, 8 * number:8 * number + 16] = (213, 94, 0)
    return frames


@pytest.mark.parametrize('fps, count, duration', [(10, 8, 100), (20, 8, 50), (30, 4, 70), (60, 3, 50), (3, 8, 330)])
def test_gif_has_its_frames_and_speed(frames, tmp_path, fps, count, duration):
    write_gif(frames, tmp_path / 'new/a.gif', fps=fps)
    image = Image.open(tmp_path / 'new/a.gif')
    assert (image.n_frames, image.info['duration'], image.info['loop'], image.size) == (count, duration, 0, (80, 40))
    for number in range(count):
        image.seek(number)
        shown = np.asarray(image.convert('RGB')).astype(int)
        assert np.abs(shown - frames[number * 8 // count if fps != 60 else 3 * number]).max() <= 8
        assert (shown[0, 0] == 255).all()


def test_gif_keeps_a_rare_colour(frames, tmp_path):
    generator = np.random.default_rng(0)
    frames[:, 30:] = generator.integers(0, 255, size=frames[:, 30:].shape)
    frames[:, 2:5, 2:5] = (0, 200, 0)
    write_gif(frames, tmp_path / 'a.gif', fps=10)
    shown = np.asarray(Image.open(tmp_path / 'a.gif').convert('RGB')).astype(int)
    assert np.abs(shown[3, 3] - (0, 200, 0)).max() < 60


def test_mp4_is_h264_that_every_browser_shows(frames, tmp_path):
    imageio_ffmpeg = pytest.importorskip('imageio_ffmpeg')
    path = tmp_path / 'a.mp4'
    write_mp4(frames[:, :39, :79], path, fps=10)  # odd sizes
    capture = cv2.VideoCapture(str(path))
    shown = []
    while (read := capture.read())[0]:
        shown.append(read[1][..., ::-1])
    assert len(shown) == 8 and shown[0].shape == (40, 80, 3) and capture.get(cv2.CAP_PROP_FPS) == pytest.approx(10)
    assert np.abs(shown[5][20, 48].astype(int) - (213, 94, 0)).max() < 40
    report = subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), '-i', str(path)], capture_output=True, check=False).stderr.decode()
    assert re.search(r'h264.*yuv420p', report)


def test_a_failing_ffmpeg_is_quoted(frames, tmp_path):
    pytest.importorskip('imageio_ffmpeg')
    with pytest.raises(RuntimeError, match=r'(?s)a\.mp4: ffmpeg could not write it: .*no-number'):
        write_mp4(frames, tmp_path / 'a.mp4', quality='no-number')


def test_missing_ffmpeg_says_what_to_install(frames, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'imageio_ffmpeg', None)
    with pytest.raises(ImportError, match=r'pip install mmagenc\[video\]'):
        write_mp4(frames, tmp_path / 'a.mp4')


@pytest.mark.parametrize('write', [write_gif, write_mp4])
def test_speeds_that_are_none(frames, tmp_path, write):
    with pytest.raises(ValueError, match='fps must be positive, got 0'):
        write(frames, tmp_path / 'a', fps=0)
    for fps in (1e-12, 1e300):
        with pytest.raises(ValueError, match='pictures can be shown at 0.01 to 100000 frames a second'):
            write(frames, tmp_path / 'a', fps=fps)


def test_png_is_exact(frames, tmp_path):
    write_png(frames[3], tmp_path / 'a.png')
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / 'a.png')), frames[3])


def test_frames_are_exact_and_never_mixed_with_older_ones(frames, tmp_path):
    folder = tmp_path / 'new/frames'
    write_frames(frames, folder)
    paths = sorted(folder.glob('[!.]*'))
    assert [path.name for path in paths] == [f'frame_{number:04d}.png' for number in range(len(frames))]
    assert all(np.array_equal(np.asarray(Image.open(path)), frame) for path, frame in zip(paths, frames))
    write_frames(frames[:3], folder)  # its own earlier frames go
    assert sorted(path.name for path in folder.glob('[!.]*')) == [f'frame_{number:04d}.png' for number in range(3)]
    (folder / 'frame_0007.png').write_text('mine')
    with pytest.raises(ValueError, match=r'frames holds frame_0007\.png already: name a folder without frames'):
        write_frames(frames, folder)
    assert (folder / 'frame_0007.png').read_text() == 'mine'


@pytest.mark.parametrize('write', [write_png, write_gif, write_mp4])
def test_pictures_that_cannot_be_made_leave_the_old_one(frames, tmp_path, write, monkeypatch):
    path = tmp_path / 'a.mp4'
    path.write_text('old')
    if write is write_mp4:
        imageio_ffmpeg = pytest.importorskip('imageio_ffmpeg')
        monkeypatch.setattr(imageio_ffmpeg, 'get_ffmpeg_exe', lambda: sys.executable)
    else:
        monkeypatch.setattr(Image.Image, 'save', lambda self, file, **kwargs: file.write(b'half') and 1 / 0)
    with pytest.raises((RuntimeError, ZeroDivisionError)):
        write(frames[0] if write is write_png else frames, path)
    assert path.read_text() == 'old' and list(tmp_path.iterdir()) == [path]


def test_strip_shows_first_to_last(frames, tmp_path):
    rows = [('a', [frames]), ('b', [frames[:3]])]
    image = write_strip(rows, tmp_path / 'a.png', num_frames=3)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / 'a.png')), image)
    np.testing.assert_array_equal(strip_image(rows, num_frames=3), image)
    assert (image == (213, 94, 0)).all(axis=-1).sum() == 6 * 320
    np.testing.assert_array_equal(spread(8, 3), [0, 4, 7])
