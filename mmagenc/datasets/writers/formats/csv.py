"""A tidy table, ``.csv``: a row for each keypoint of each person in each frame of each clip, as R, pandas and spreadsheets like it.

Columns ``clip, class, subject, person, frame, time_s, keypoint, x, y`` (``z`` of places in space, which are metres) and ``score`` (of clips
that have confidences). Persons and frames count from 0. A point that has no place has empty cells for it. M persons, T frames, V keypoints.
"""

import csv
from pathlib import Path
from typing import Iterator, List, Sequence

import numpy as np

from mmagenc.datasets.readers.long_tables import TIDY_COLUMNS
from mmagenc.datasets.writers.numbers import number_texts
from mmagenc.datasets.writers.registry import ExportClip, WriteOptions, Writer
from mmagenc.registry import WRITERS


@WRITERS.register_module(name='csv')
class CsvWriter(Writer):
    name = 'csv'
    title = 'tidy table (CSV)'
    suffixes = ('.csv', )
    whole = True
    timed = False
    units = ('m', )

    def write(self, clips: Sequence[ExportClip], path: Path, options: WriteOptions) -> Sequence[str]:
        dimensions = {clip.dimensions for clip in clips}
        if len(dimensions) > 1:
            raise ValueError('clips in pixels and clips in metres do not go into one table: export them apart')
        scored = any(clip.keypoint_score is not None for clip in clips)
        with open(path, 'w', newline='', encoding='utf-8') as file:
            writer = csv.writer(file, lineterminator='\n')
            writer.writerow([*TIDY_COLUMNS, *'xyz'[:dimensions.pop()], *(['score'] if scored else [])])
            for clip in clips:
                writer.writerows(_rows(clip, scored))
        return _notes(clips)


def _rows(clip: ExportClip, scored: bool) -> Iterator[List[str]]:
    numbers = number_texts(clip.keypoint)
    if scored:
        score = clip.keypoint_score if clip.keypoint_score is not None else np.full(clip.keypoint.shape[:3], np.nan)
        numbers = np.concatenate([numbers, number_texts(score)[..., None]], axis=-1)
    said = [clip.name, clip.label or '', clip.subject or '']
    times = ['' if clip.fps is None else repr(frame / clip.fps) for frame in range(clip.num_frames)]
    for person, frames in enumerate(numbers):
        for frame, points in enumerate(frames):
            for joint, cells in zip(clip.skeleton.joint_names, points):
                yield [*said, person, frame, times[frame], joint, *cells]


def _notes(clips: Sequence[ExportClip]) -> List[str]:
    lost = [('rotations of the joints', any(clip.pose is not None for clip in clips)),
            ('size of the image', any(clip.img_shape is not None for clip in clips)),
            (f'which axis points up ({", ".join(sorted({clip.up for clip in clips if clip.up}))})', any(clip.up for clip in clips))]
    said = ', '.join(name for name, there in lost if there)
    untimed = ['nothing says the frames per second: time_s is empty'] if any(clip.fps is None for clip in clips) else []
    return [*([f'lost: {said}'] if said else []), *untimed]
