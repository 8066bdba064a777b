"""Pictures and videos to files.

T frames, H height, W width; RGB throughout.
"""

import subprocess
from pathlib import Path
from typing import Optional, Sequence

import numpy as np
from PIL import Image

from mmagenc.outputs import filling, listed_names, writing

from .grid import Heading, Row, grid_frames, strip_rows

FRAMES = 'visualize --frames-dir'
"""Who writes frames, in the list of their folder."""
MAX_GIF_FPS = 20
"""Of clips with more frames per second GIFs show every second or third: they compress badly, and browsers slow fast ones down."""
SLOWEST, FASTEST = 0.01, 1e5
"""Frames a second that GIF and MP4 know how to say."""


def write_png(image: np.ndarray, path) -> None:
    """Write ``(H, W, 3)`` uint8."""
    with writing(path) as file:
        Image.fromarray(image).save(file, format='PNG', optimize=True)


def write_frames(frames: np.ndarray, folder) -> None:
    """Write ``(T, H, W, 3)`` uint8 as ``frame_0000.png``, ``frame_0001.png``, … into a folder, in place of those of an earlier call.

    Raises:
        ValueError: the folder holds such frames that are none of this function's.
    """
    check_frames_folder(folder)
    names = [f'frame_{number:04d}.png' for number in range(len(frames))]
    with filling(folder, FRAMES, names) as folder:
        for name, frame in zip(names, frames):
            write_png(frame, folder / name)


def check_frames_folder(folder) -> Path:
    """The folder, if :func:`write_frames` can write into it; raises as it does, since others' frames would stay among the new ones."""
    own = listed_names(folder, FRAMES) or []
    old = next((path.name for path in sorted(Path(folder).glob('frame_*.png')) if path.name not in own), None)
    if old is not None:
        raise ValueError(f'{folder} holds {old} already: name a folder without frames')
    return Path(folder)


def write_gif(frames: np.ndarray, path, *, fps: float = 20., num_colors: int = 96) -> None:
    """Write ``(T, H, W, 3)`` uint8 as a GIF that repeats for ever.

    All frames share one palette, so colours do not flicker. Above :data:`MAX_GIF_FPS` frames are left out; the speed stays right.

    Args:
        frames: the frames.
        path: the file.
        fps: frames per second; a GIF knows only multiples of 10 ms, the nearest is taken.
        num_colors: size of the palette, at most 256.
    """
    _check_fps(fps)
    step = int(np.ceil(fps / MAX_GIF_FPS))
    frames = frames[::step]
    duration = 10 * max(round(100 * step / fps), 1)
    palette = _palette(frames, num_colors)
    images = [Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    options = dict(save_all=True, append_images=images[1:], duration=duration, loop=0, optimize=False, disposal=1)
    with writing(path) as file:
        images[0].save(file, format='GIF', **options)


def _palette(frames: np.ndarray, num_colors: int) -> Image.Image:
    """A palette of a few frames, in which the most frequent colours (page, tiles, floor) stand as they are.

    Rare colours (a far bone's) get their places because a colour counts by the root of its frequency.
    """
    chosen = frames[np.linspace(0, len(frames) - 1, min(len(frames), 8)).astype(int)]
    codes = chosen.reshape(-1, 3).astype(np.uint32) @ np.array([65536, 256, 1], dtype=np.uint32)
    codes, counts = np.unique(codes, return_counts=True)
    colors = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=-1).astype(np.uint8)
    weighted = np.repeat(colors, np.minimum(np.ceil(np.sqrt(counts)).astype(int), 400), axis=0)
    palette = Image.fromarray(weighted[None]).quantize(colors=num_colors, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    entries = np.array(palette.getpalette()).reshape(-1, 3)
    for color in colors[np.argsort(counts)[-6:]].astype(int):
        entries[np.abs(entries - color).sum(axis=1).argmin()] = color
    palette.putpalette(entries.ravel().astype(np.uint8).tobytes())
    return palette


def write_mp4(frames: np.ndarray, path, *, fps: float = 20., quality: int = 20) -> None:
    """Write ``(T, H, W, 3)`` uint8 as H.264 in yuv420p, which every player and browser shows.

    Args:
        frames: the frames; an odd height or width is padded by repeating the edge.
        path: the file.
        fps: frames per second.
        quality: x264's constant rate factor: smaller is better and larger.

    Raises:
        ImportError: the extra ``video`` is not installed.
        RuntimeError: ffmpeg failed; its message is quoted.
    """
    _check_fps(fps)
    ffmpeg = require_ffmpeg()
    height, width = frames.shape[1:3]
    if height % 2 or width % 2:
        frames = np.pad(frames, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode='edge')
    height, width = frames.shape[1:3]
    source = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', f'{width}x{height}', '-r', f'{fps:g}', '-i', '-']
    codec = ['-an', '-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-crf', str(quality), '-movflags', '+faststart']
    with writing(path) as file:
        command = [ffmpeg, '-y', '-loglevel', 'error', *source, *codec, '-f', 'mp4', f'file:{file.name}']
        result = subprocess.run(command, input=np.ascontiguousarray(frames).data, capture_output=True, check=False)
        if result.returncode:
            raise RuntimeError(f'{path}: ffmpeg could not write it: {result.stderr.decode(errors="replace").strip()}')


def require_ffmpeg() -> str:
    """Path of the ffmpeg program that comes with ``imageio-ffmpeg``.

    Raises:
        ImportError: it is not installed.
    """
    try:
        import imageio_ffmpeg
    except ImportError as error:
        raise ImportError('MP4 files need ffmpeg: pip install mmagenc[video]  (GIF and PNG do not)') from error
    return imageio_ffmpeg.get_ffmpeg_exe()


def strip_image(rows: Sequence[Row], *, headings: Sequence[Heading] = (), footer: str = '', num_frames: Optional[int] = None) -> np.ndarray:
    """Stills of clips side by side, one titled row for each class.

    Args:
        rows: as for :func:`~mmagenc.visualization.grid.grid_frames`.
        headings: as there, over clips.
        footer: as there.
        num_frames: stills of each clip, evenly spread; all frames if ``None``.

    Returns:
        ``(H, W, 3)`` uint8.
    """
    if num_frames is not None:
        rows = [(title, [None if tile is None else tile[spread(len(tile), num_frames)] for tile in row]) for title, row in rows]
    rows, headings = strip_rows(rows, headings)
    return grid_frames(rows, headings=headings, footer=footer)[0]


def write_strip(rows: Sequence[Row], path, **kwargs) -> np.ndarray:
    """Write :func:`strip_image` as PNG and return it."""
    image = strip_image(rows, **kwargs)
    write_png(image, path)
    return image


def spread(total: int, count: int) -> np.ndarray:
    """``count`` frame numbers of ``total`` from the first to the last."""
    return np.linspace(0, total - 1, count).round().astype(int)


def _check_fps(fps: float) -> None:
    if not fps > 0:
        raise ValueError(f'fps must be positive, got {fps}')
    if not SLOWEST <= fps <= FASTEST:
        raise ValueError(f'fps={fps:g}: pictures can be shown at {SLOWEST:g} to {FASTEST:g} frames a second')
