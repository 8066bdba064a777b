"""COCO's keypoint annotations of videos (``.json``): what annotation tools, pycocotools and MMPose's datasets read.

A clip is a video, a frame an image, a person a track. Of a keypoint COCO says x, y and 2 where it is seen, or three zeros where it has no
place; ``keypoint_scores`` (V,) beside them keeps the confidences, and ``action`` the class. M persons, T frames, V keypoints.
"""

from itertools import count
from pathlib import Path
from typing import Dict, Iterator, List, Sequence

import numpy as np

from mmagenc.datasets.writers.numbers import corners, plain_numbers, write_json
from mmagenc.datasets.writers.registry import ExportClip, WriteOptions, Writer
from mmagenc.registry import WRITERS
from mmagenc.skeletons import Skeleton

SEEN = 2


@WRITERS.register_module(name='coco')
class CocoWriter(Writer):
    name = 'coco'
    title = 'COCO keypoint annotations'
    suffixes = ('.json', )
    dimensions = (2, )
    whole = True
    timed = False
    units = ()

    def write(self, clips: Sequence[ExportClip], path: Path, options: WriteOptions) -> Sequence[str]:
        layouts = {clip.skeleton.name: clip.skeleton for clip in clips}
        numbers = {name: number for number, name in enumerate(layouts, start=1)}
        content = dict(info=dict(description='written by mmagenc export'), videos=[], images=[], annotations=[],
                       categories=[_category(layouts[name], number) for name, number in numbers.items()])
        annotation_ids = count(1)
        for number, clip in enumerate(clips, start=1):
            rate = {} if clip.fps is None else dict(fps=clip.fps)
            content['videos'].append(dict(id=number, name=clip.name, **rate))
            images = list(_images(clip, number, first=len(content['images']) + 1))
            content['images'] += images
            content['annotations'] += [dict(id=next(annotation_ids), category_id=numbers[clip.skeleton.name], **annotation)
                                       for annotation in _annotations(clip, images)]
        write_json(content, path)
        sized = all(clip.img_shape is not None for clip in clips)
        return [] if sized else ['nothing says the size of the images: width and height are left out, which some programs need']


def _category(skeleton: Skeleton, number: int) -> Dict:
    edges = [[first + 1, second + 1] for first, second in skeleton.edges]
    return dict(id=number, name='person', supercategory='person', keypoints=list(skeleton.joint_names), skeleton=edges)


def _images(clip: ExportClip, video: int, first: int) -> Iterator[Dict]:
    size = {} if clip.img_shape is None else dict(height=clip.img_shape[0], width=clip.img_shape[1])
    for frame in range(clip.num_frames):
        yield dict(id=first + frame, video_id=video, frame_id=frame, file_name=f'{clip.name}/{frame:06d}.jpg', **size)


def _annotations(clip: ExportClip, images: List[Dict]) -> Iterator[Dict]:
    """Those of each person in each frame in which some point of it has a place."""
    said = {key: value for key, value in (('action', clip.label), ('subject', clip.subject)) if value is not None}
    for person, points in enumerate(clip.keypoint):
        for image, pose, frame in zip(images, points, range(clip.num_frames)):
            seen = ~np.isnan(pose).any(axis=-1)
            if not seen.any():
                continue
            x1, y1, x2, y2 = corners(pose)
            places = np.where(seen[:, None], np.column_stack([pose, np.full(len(pose), SEEN)]), 0)
            scores = {} if clip.keypoint_score is None else dict(keypoint_scores=plain_numbers(clip.keypoint_score[person, frame]))
            yield dict(image_id=image['id'], track_id=person + 1, keypoints=plain_numbers(places.reshape(-1)),
                       num_keypoints=int(seen.sum()), bbox=plain_numbers([x1, y1, x2 - x1, y2 - y1]),
                       area=round((x2 - x1) * (y2 - y1), 2), iscrowd=0, **scores, **said)
