"""Annotation files of MMAction2 and pyskl (``.pkl``): what ``PoseDataset`` of both trains on.

The annotation format of this package is a superset of theirs; what is written here has everything that their configs ask for
(``img_shape``, ``original_shape``, ``keypoint_score`` of pixels). M persons, T frames, V keypoints.
"""

from pathlib import Path
from typing import Dict, List, Sequence

import numpy as np

from mmagenc.datasets.annotation import save_annotation
from mmagenc.datasets.writers.registry import ExportClip, WriteOptions, Writer
from mmagenc.registry import WRITERS

SPLIT = 'train'
"""Of clips that are in none."""
KEPT = ('seed', 'generator', 'checkpoint', 'layouts')
"""What an annotation says of itself that goes with the clips."""


@WRITERS.register_module(name='pyskl')
class PysklWriter(Writer):
    name = 'pyskl'
    title = 'annotations of MMAction2 and pyskl'
    suffixes = ('.pkl', )
    whole = True
    timed = False
    units = ('m', )

    def write(self, clips: Sequence[ExportClip], path: Path, options: WriteOptions) -> Sequence[str]:
        unlabelled = next((clip.name for clip in clips if clip.label is None), None)
        if unlabelled is not None:
            raise ValueError(f'clip {unlabelled} has no label, and MMAction2 and pyskl train on labelled clips')
        classes = list(clips[0].metainfo.get('classes') or sorted({clip.label for clip in clips}))
        split: Dict[str, List[str]] = {}
        for clip in clips:
            split.setdefault(clip.split or SPLIT, []).append(clip.name)
        annotations = [_annotation(clip, classes) for clip in clips]
        save_annotation(dict(split=split, metainfo=_metainfo(clips, classes), annotations=annotations), path)
        sized = all(clip.img_shape is not None for clip in clips if clip.dimensions == 2)
        return [] if sized else ['nothing says the size of the images: MMAction2 and pyskl take them for 1920 x 1080']


def _metainfo(clips: Sequence[ExportClip], classes: List[str]) -> Dict:
    """What all clips share; what they do not stands with each."""
    found = {key: {getattr(clip, key) for clip in clips} for key in ('fps', 'up', 'source')}
    shared = {key: values.pop() for key, values in found.items() if len(values) == 1}
    shared.update({key: clips[0].metainfo[key] for key in KEPT if key in clips[0].metainfo})
    return dict(classes=classes, skeleton=clips[0].skeleton.name, **{key: value for key, value in shared.items() if value is not None})


def _annotation(clip: ExportClip, classes: List[str]) -> Dict:
    missing = clip.missing
    score = clip.keypoint_score if clip.keypoint_score is not None or not (clip.dimensions == 2 or missing.any()) else \
        np.where(missing, 0, 1).astype(np.float32)
    said = dict(keypoint_score=score, pose=clip.pose, transl=clip.transl, img_shape=clip.img_shape, original_shape=clip.img_shape,
                fps=clip.fps, subject=clip.subject, source=clip.source)
    return dict(frame_dir=clip.name, label=classes.index(clip.label), total_frames=clip.num_frames, skeleton=clip.skeleton.name,
                keypoint=np.where(missing[..., None], np.float32(0), clip.keypoint).astype(np.float32),
                **{key: value for key, value in said.items() if value is not None})
