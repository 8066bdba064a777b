"""A folder of rendered image sequences, written clip by clip, and gone on with where it was interrupted.

``annotation.npz`` (pixels, see :mod:`mmagenc.datasets.annotation`), ``frames/NAME/000001.png``, ``masks/NAME/000001.png`` and
``render.json``, which says what it was rendered from and marks the folder as one of these. Until all are there, ``parts/`` holds the record
of each finished clip and there is no ``annotation.npz``.
"""

import json
import os
import re
import shutil
from pathlib import Path
from typing import Dict, List, Mapping, Sequence

import numpy as np

from mmagenc.compat import atomic_open
from mmagenc.datasets.annotation import AnnotationError, load_annotation, save_annotation
from mmagenc.outputs import FORCE, OutputError, folder_problem

from .rendering import RenderedClip
from .writers import write_png

MARK = 'render.json'
OWN = ('frames', 'masks', 'parts', 'annotation.npz')
PLAIN_NAME = re.compile(r'[A-Za-z0-9_][A-Za-z0-9_.-]{0,100}')
"""Names of clips that are names of folders on every system."""


class RenderedSet:
    """Writes rendered clips into a folder.

    Args:
        folder: the folder; it is new, empty, or one of these.
        settings: what the pictures depend on, as plain values; kept in ``render.json``.
        force: replace a folder of other settings, and render anew what is there.

    Raises:
        OutputError: others' files in the folder; or one of other settings, without ``force`` (``status`` 2).
    """

    def __init__(self, folder, settings: Mapping, *, force: bool = False) -> None:
        self.folder, self.settings = Path(folder), json.loads(json.dumps(settings))
        problem = self._problem()
        if problem:
            raise OutputError(f'--out {folder}: {problem}')
        said = self._said()
        if said is not None and said != self.settings and not force:
            differing = ', '.join(key for key in sorted({*said, *self.settings}) if said.get(key) != self.settings.get(key))
            raise OutputError(f'--out {folder}: there already, rendered otherwise ({differing}); {FORCE} it', status=2)
        self._anew = said is not None and force

    @property
    def annotation(self) -> Path:
        return self.folder / 'annotation.npz'

    @property
    def complete(self) -> bool:
        """Whether everything is there already."""
        return self._said() == self.settings and self.annotation.is_file() and not self._anew

    def open(self) -> None:
        """Begin: what is replaced goes, and the folder is marked."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._anew:
            for name in OWN:
                path = self.folder / name
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                elif os.path.lexists(path):
                    path.unlink()
            self._anew = False
        with atomic_open(self.folder / MARK, 'w', encoding='utf-8') as file:
            json.dump(self.settings, file, indent=1)
        (self.folder / 'parts').mkdir(exist_ok=True)

    def has(self, clip: Dict, index: int) -> bool:
        """Whether a clip was finished by an earlier run; a record that was damaged is none."""
        try:
            return load_annotation(self._part(index))['annotations'][0]['frame_dir'] == clip['frame_dir']
        except (FileNotFoundError, AnnotationError):
            return False

    def write(self, clip: Dict, index: int, rendered: RenderedClip, metainfo: Mapping) -> None:
        """Write the images of a clip, and then the record that it is finished.

        Args:
            clip: what was rendered.
            index: its number among all clips.
            rendered: its images and labels.
            metainfo: of the annotation.
        """
        name = clip['frame_dir'] if PLAIN_NAME.fullmatch(clip['frame_dir']) else f'clip_{index:06d}'
        for kind, images in (('frames', rendered.frames), ('masks', rendered.masks.astype(np.uint8) * 255)):
            for number, image in enumerate(images, start=1):
                write_png(image, self.folder / kind / name / f'{number:06d}.png')
        kept = {key: clip[key] for key in ('frame_dir', 'label', 'subject', 'source') if key in clip}
        record = dict(kept, total_frames=len(rendered.frames), keypoint=rendered.keypoint[None], keypoint_score=rendered.score[None],
                      img_shape=rendered.frames.shape[1:3], frames_dir=f'frames/{name}', masks_dir=f'masks/{name}',
                      box=rendered.box.tolist())
        save_annotation(dict(split={}, metainfo=dict(metainfo), annotations=[record]), self._part(index))

    def finish(self, count: int, split: Mapping[str, Sequence[str]], metainfo: Mapping) -> None:
        """Write the annotation of all ``count`` clips, each of which was written."""
        clips: List[Dict] = [load_annotation(self._part(index))['annotations'][0] for index in range(count)]
        save_annotation(dict(split=dict(split), metainfo=dict(metainfo), annotations=clips), self.annotation)
        shutil.rmtree(self.folder / 'parts')

    def _part(self, index: int) -> Path:
        return self.folder / 'parts' / f'{index:06d}.npz'

    def _problem(self):
        """Why the folder cannot be written to."""
        if os.path.lexists(self.folder) and not self.folder.is_dir():
            return 'this is there and is no folder'
        problem = folder_problem(self.folder)
        if problem or not self.folder.is_dir() or (self.folder / MARK).is_file():
            return problem
        others = sorted(os.listdir(self.folder))
        return f'the folder holds {others[0]} and no {MARK}, so it is none of rendered sequences: name an empty folder, or a new one' \
            if others else None

    def _said(self):
        """Settings of what is in the folder; ``None`` if there is nothing."""
        try:
            return json.loads((self.folder / MARK).read_text(encoding='utf-8'))
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            return {}
