"""Videos, through a pose estimator of MMPose: ``--pose-model NAME``, an alias (``human``, ``rtmpose-m``), a config's name or its path.

M persons, T frames, V keypoints.
"""

from pathlib import Path
from typing import Dict, Iterator, List, Mapping, Optional, Tuple

import cv2
import numpy as np

from mmagenc.compat import mmpose_stand_ins
from mmagenc.datasets.readers.registry import VIDEO_SUFFIXES, Person, Reader, ReadOptions, Recording
from mmagenc.datasets.readers.source import Source
from mmagenc.datasets.readers.values import columns_of_names
from mmagenc.registry import READERS

from .mmpose import person_of

SETTINGS = ('pose_model', 'pose_weights', 'det_model', 'det_weights', 'device')
"""Of ``ReadOptions.reader``."""
WHOLE_IMAGE = 'whole_image'
"""MMPose's word for a person's box that is the image."""
HOW = """no pose estimator is named: --pose-model human, or another name of MMPose's model zoo, finds the keypoints; it needs
    pip install "mmagenc[pose]"
    pip install --no-deps "mmpose>=1.3"
or run MMPose, OpenPose, AlphaPose, DeepLabCut or MediaPipe yourself and import what they write (docs/video.md)"""
_LOADED: Dict[Tuple, object] = {}


@READERS.register_module(name='video')
class Video(Reader):
    name = 'video'
    title = 'Videos (MMPose finds the keypoints)'
    suffixes = VIDEO_SUFFIXES
    knows = ('2d', 'score', 'persons', 'fps', 'img_shape')

    def sniff(self, source: Source) -> Optional[str]:
        head = source.head[:12]
        known = head[4:8] in (b'ftyp', b'moov', b'mdat', b'wide') or head[:4] == b'RIFF' and head[8:] == b'AVI ' or \
            head[:4] == b'\x1aE\xdf\xa3'
        return 'video' if known else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        settings = {name: options.reader[name] for name in SETTINGS if options.reader.get(name) is not None}
        if not settings.get('pose_model'):
            raise ValueError(HOW)
        fps, img_shape = video_facts(source.path)
        inferencer, notes = pose_inferencer(settings)
        frames = list(_frames(inferencer, source.path))
        count = len(next((person.keypoint for frame in frames for person in frame), ()))
        if not count:
            raise ValueError('nobody was found in any frame')
        columns = columns_of_names(keypoint_names(inferencer, count), options)
        frames = [[Person(person.keypoint[columns.order], None if person.score is None else person.score[columns.order], box=person.box)
                   for person in frame] for frame in frames]
        yield Recording(source.name, columns.skeleton, frames=frames, fps=options.fps or fps, img_shape=img_shape,
                        notes=(*columns.notes, *notes))


def video_facts(path) -> Tuple[Optional[float], Tuple[int, int]]:
    """Frames per second, if the file says a possible number, and height and width.

    Raises:
        ValueError: OpenCV cannot decode it.
    """
    capture = cv2.VideoCapture(str(path))
    try:
        there, image = capture.read()
        if not there:
            raise ValueError('no frame of the video can be decoded; ffmpeg -i IN -c:v libx264 OUT.mp4 writes one that can')
        fps = capture.get(cv2.CAP_PROP_FPS)
    finally:
        capture.release()
    return float(fps) if np.isfinite(fps) and 1 <= fps <= 1000 else None, image.shape[:2]


def pose_inferencer(settings: Mapping):
    """MMPose's inferencer of a model, kept for the next video, and notes.

    Args:
        settings: of :data:`SETTINGS`: ``pose_model`` and, where its weights are not found by its name, ``pose_weights``; ``det_model``,
            that finds the persons (``whole_image`` takes the image for one person's box); ``device``.

    Raises:
        ValueError: MMPose is not installed, the model is not known, or its weights cannot be had or are not named.
    """
    key = tuple(settings.get(name) for name in SETTINGS)
    if key in _LOADED:
        return _LOADED[key]
    try:
        with mmpose_stand_ins() as missing:
            from mmpose.apis import MMPoseInferencer
            from mmpose.apis.inferencers.base_mmpose_inferencer import has_mmdet
    except ImportError as error:
        raise ValueError(f'{error}: MMPose cannot be imported; type\n    pip install "mmagenc[pose]"\n'
                         '    pip install --no-deps "mmpose>=1.3"') from error
    if Path(settings['pose_model']).is_file() and settings.get('pose_weights') is None:
        raise ValueError(f'{settings["pose_model"]} is a config of your own, whose weights nothing names (MMPose would take random ones): '
                         'mmagenc import --reader pose_weights=FILE.pth, mmagenc recognize --pose-weights FILE.pth')
    detector, notes = settings.get('det_model'), ()
    if detector is None and (not has_mmdet or 'mmcv.ops' in missing):
        detector = WHOLE_IMAGE
        notes = ('each image is taken for the box of one person: mmdet and a compiled mmcv find persons', )
    try:
        inferencer = MMPoseInferencer(pose2d=str(settings['pose_model']), pose2d_weights=settings.get('pose_weights'),
                                      device=settings.get('device') if settings.get('device') != 'auto' else None,
                                      det_model=detector, det_weights=settings.get('det_weights'), show_progress=False)
    except Exception as error:  # of MMEngine, of downloads, of configs
        raise ValueError(f'MMPose cannot build {settings["pose_model"]} ({type(error).__name__}: {str(error)[:300]}); --pose-model is an '
                         'alias such as human or rtmpose-m, the name of a config, or its path with weights of your own') from error
    _LOADED[key] = inferencer, notes
    return _LOADED[key]


def _frames(inferencer, path: Path) -> Iterator[List[Person]]:
    for index, result in enumerate(inferencer(str(path), return_vis=False)):
        for instances in result['predictions']:
            yield [person_of(instance, f'frame {index}, instance {number}') for number, instance in enumerate(instances)]


def keypoint_names(inferencer, count: int) -> List[str]:
    """Names of a model's keypoints, as the data that it was trained on have them.

    Raises:
        ValueError: it names another number.
    """
    names = (inferencer.inferencer.model.dataset_meta or {}).get('keypoint_id2name') or {}
    if len(names) != count:
        raise ValueError(f'the model gives {count} keypoints and names {len(names)}')
    return [names[index] for index in sorted(names)]
