"""Frames of clips that are image sequences: found by their numbers, checked before the work, read one by one as RGB.

T frames, H height, W width.

A clip's frames are the files ``000001.jpg``, ``000002.jpg``, … (``.jpg``, ``.jpeg`` or ``.png``) of one folder, counted from 1 as Penn
Action counts them. That folder is ``clip['frames_dir']``, relative to the annotation's folder; a clip that names none has Penn Action's
layout, ``frames/<frame_dir>/000001.jpg``. A clip of chosen frames lists their numbers in ``clip['frame_numbers']`` (T,); without them its
frames are 1 to ``total_frames``. Masks (white the person) lie likewise in ``clip['masks_dir']``, which few clips have.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, Iterable, Optional, Sequence, Tuple

import cv2
import numpy as np
from PIL import Image

IMAGE_SUFFIXES = ('.jpg', '.jpeg', '.png')
ENDS = {b'\xff\xd8\xff': b'\xff\xd9', b'\x89PNG': b'IEND'}
"""How JPEG and PNG files begin, and what stands near the end of whole ones."""
TAIL = 1024
"""Last bytes in which that end is looked for: some programs write a little behind it."""
MAX_LISTED = 10
"""Clips that one message names."""
ORIENTATION, TURNED = 0x0112, (5, 6, 7, 8)
"""EXIF's orientation, and those in which height and width change places, as OpenCV reads them."""


class FramesError(ValueError):
    """Frames that are missing or cannot be read; the message names clip and file."""


def read_image(path, *, gray: bool = False) -> np.ndarray:
    """One image.

    Args:
        path: a JPEG or PNG file.
        gray: read one channel.

    Returns:
        ``(H, W, 3)`` uint8, RGB; ``(H, W)`` where ``gray``.

    Raises:
        FramesError: no such file, none that can be decoded, or the beginning of one: OpenCV decodes that and fills the rest with grey.
    """
    content = _whole_content(path)
    image = cv2.imdecode(np.frombuffer(content, dtype=np.uint8), cv2.IMREAD_GRAYSCALE if gray else cv2.IMREAD_COLOR)
    if image is None:
        raise FramesError(f'{path}: cannot be decoded as an image')
    return image if gray else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def _whole_content(path) -> bytes:
    """Bytes of an image file that begins and ends as one does."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise FramesError(f'{path}: {error.strerror}') from error
    if not content:
        raise FramesError(f'{path}: this file is empty')
    end = next((end for begin, end in ENDS.items() if content.startswith(begin)), None)
    if end is None:
        raise FramesError(f'{path}: neither a JPEG nor a PNG file')
    if end not in content[-TAIL:]:
        raise FramesError(f'{path}: cut short, its end is missing')
    return content


@dataclass(frozen=True)
class ImageSequence:
    """The images of one clip, files that are read when they are asked for.

    Args:
        name: of the clip, for messages.
        files: one for each frame.
    """

    name: str
    files: Tuple[Path, ...]

    def __len__(self) -> int:
        return len(self.files)

    def read(self, frame: int, *, gray: bool = False) -> np.ndarray:
        """Frame ``frame`` (from 0) as :func:`read_image` gives it."""
        try:
            return read_image(self.files[frame], gray=gray)
        except FramesError as error:
            raise FramesError(f'clip {self.name}, frame {frame}: {error}') from error

    def read_all(self, frames: Optional[Sequence[int]] = None, *, gray: bool = False) -> np.ndarray:
        """Frames ``(T, H, W, 3)``, or ``(T, H, W)`` where ``gray``; all if ``frames`` is ``None``.

        Raises:
            FramesError: they differ in size, too.
        """
        images = [self.read(frame, gray=gray) for frame in (range(len(self)) if frames is None else frames)]
        sizes = {image.shape[:2] for image in images}
        if len(sizes) > 1:
            raise FramesError(f'clip {self.name}: its frames have different heights and widths: {sorted(sizes)}')
        return np.stack(images)


def clip_frames(clip: Dict, root) -> ImageSequence:
    """The frames of a clip, none of which is opened.

    Args:
        clip: a member of ``annotations``.
        root: folder of the annotation file, or of Penn Action.

    Raises:
        FramesError: no folder, or frames that are not in it: how many, and which is the first.
    """
    return _sequence(clip, _frames_folder(clip, Path(root)))


def clip_masks(clip: Dict, root) -> Optional[ImageSequence]:
    """The masks of a clip, to be read ``gray``; ``None`` if it names no ``masks_dir``. Arguments and errors as :func:`clip_frames`."""
    if clip.get('masks_dir') is None:
        return None
    return _sequence(clip, _named_folder(clip, 'masks_dir', Path(root)))


def _frames_folder(clip: Dict, root: Path) -> Path:
    if clip.get('frames_dir') is not None:
        return _named_folder(clip, 'frames_dir', root)
    tried = [root / 'frames' / clip['frame_dir'], root / clip['frame_dir']]
    folder = next((path for path in tried if path.is_dir()), None)
    if folder is None:
        raise FramesError(f'clip {clip["frame_dir"]}: no folder {tried[0]}; its frames are looked for there, or where its frames_dir says. '
                          "Penn Action's frames come with its full download (frames/0001/000001.jpg, …)")
    return folder


def _named_folder(clip: Dict, key: str, root: Path) -> Path:
    if not isinstance(clip[key], str) or not clip[key] or '\0' in clip[key]:
        raise FramesError(f'clip {clip["frame_dir"]}: {key} must name a folder, got {repr(clip[key])[:60]}')
    folder = root / clip[key]
    if not folder.is_dir():
        raise FramesError(f'clip {clip["frame_dir"]}: no folder {folder}, which its {key} names')
    return folder


def _sequence(clip: Dict, folder: Path) -> ImageSequence:
    numbers, files = frame_numbers(clip), numbered_files(folder)
    missing = [number for number in numbers if number not in files]
    if missing:
        raise FramesError(f'clip {clip["frame_dir"]}: {len(missing)} of {len(numbers)} frames are missing, the first is '
                          f'{folder / f"{missing[0]:06d}"} ({", ".join(IMAGE_SUFFIXES)})')
    return ImageSequence(clip['frame_dir'], tuple(files[number] for number in numbers))


def frame_numbers(clip: Dict) -> Sequence[int]:
    """Numbers of a clip's frames in the names of its files, from 1.

    Raises:
        FramesError: ``frame_numbers`` that are no such numbers, or not one for each frame.
    """
    total = int(clip['total_frames'])
    if clip.get('frame_numbers') is None:
        return range(1, total + 1)
    numbers = np.asarray(clip['frame_numbers'])
    if numbers.shape != (total, ) or numbers.dtype.kind not in 'iu' or numbers.min() < 0:
        raise FramesError(f'clip {clip["frame_dir"]}: frame_numbers must be {total} whole numbers, one for each frame, got '
                          f'{str(clip["frame_numbers"])[:60]}')
    return numbers.tolist()


def numbered_files(folder) -> Dict[int, Path]:
    """The images of a folder whose names are numbers, by number.

    Raises:
        FramesError: two files have one number.
    """
    files: Dict[int, Path] = {}
    for name in sorted(os.listdir(folder)):
        stem, suffix = os.path.splitext(name)
        if suffix.lower() not in IMAGE_SUFFIXES or not (stem.isascii() and stem.isdigit()):
            continue
        twin = files.setdefault(int(stem), Path(folder) / name)
        if twin.name != name:
            raise FramesError(f'{folder}: {twin.name} and {name} have the same number; keep one')
    return files


def check_frames(clips: Iterable[Dict], root, *, decode: bool = False, progress: Optional[Callable[[], None]] = None) -> None:
    """Look at every frame and mask of clips before the work, so that none is missed hours later.

    Args:
        clips: members of ``annotations``.
        root: as :func:`clip_frames` takes it.
        decode: decode each file, some milliseconds each; else only its beginning and end are read.
        progress: called after each clip.

    Raises:
        FramesError: up to ten clips whose frames are missing, broken, or of another size than ``img_shape`` (H, W) or their first frame.
    """
    problems, total = [], 0
    for clip in clips:
        total += 1
        try:
            _check_clip(clip, root, decode)
        except FramesError as error:
            problems.append(str(error))
        if progress is not None:
            progress()
    if problems:
        more = f'\n  … and {len(problems) - MAX_LISTED} more' if len(problems) > MAX_LISTED else ''
        raise FramesError(f'{root}: the images of {len(problems)} of {total} clips cannot be used\n  '
                          + '\n  '.join(problems[:MAX_LISTED]) + more)


def _check_clip(clip: Dict, root, decode: bool) -> None:
    """Raise :class:`FramesError` for the first image of a clip that cannot be used."""
    size = clip.get('img_shape')
    size = None if size is None else tuple(int(pixels) for pixels in size)
    said = 'img_shape says'
    for images in filter(None, (clip_frames(clip, root), clip_masks(clip, root))):
        for path in images.files:
            try:
                found = image_size(path) if not decode else read_image(path).shape[:2]
            except FramesError as error:
                raise FramesError(f'clip {images.name}: {error}') from error
            if size is not None and found != size:
                raise FramesError(f'clip {images.name}: {path} has height and width {found}, {said} {size}')
            size, said = (size, said) if size is not None else (found, 'its first frame has')


def image_size(path) -> Tuple[int, int]:
    """Height and width of an image file as :func:`read_image` gives it, which is not decoded.

    Raises:
        FramesError: no such file, no image, or one that is cut short.
    """
    try:
        with open(path, 'rb') as file:
            file.seek(-min(TAIL, os.fstat(file.fileno()).st_size), os.SEEK_END)
            tail = file.read()
        with Image.open(path, formats=('JPEG', 'PNG')) as image:
            width, height = image.size
            turned, end = image.getexif().get(ORIENTATION) in TURNED, b'IEND' if image.format == 'PNG' else b'\xff\xd9'
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else 'cannot be read as a JPEG or PNG image'
        raise FramesError(f'{path}: {reason}') from error
    if end not in tail:
        raise FramesError(f'{path}: cut short, its end is missing')
    return (width, height) if turned else (height, width)
