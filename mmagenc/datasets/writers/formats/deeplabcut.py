"""DeepLabCut's wide table, ``.csv``: a row a frame; scorer, (individuals,) bodyparts and coords above the columns x, y and likelihood.

M persons, T frames, V keypoints.
"""

import csv
import itertools
from pathlib import Path
from typing import List, Sequence

import numpy as np

from mmagenc.datasets.writers.numbers import number_texts
from mmagenc.datasets.writers.registry import ExportClip, WriteOptions, Writer
from mmagenc.registry import WRITERS

SCORER = 'mmagenc'
COORDS = ('x', 'y', 'likelihood')


@WRITERS.register_module(name='deeplabcut')
class DeepLabCutWriter(Writer):
    name = 'deeplabcut'
    title = "DeepLabCut's table"
    suffixes = ('.csv', )
    dimensions = (2, )
    timed = False
    units = ()

    def write(self, clips: Sequence[ExportClip], path: Path, options: WriteOptions) -> Sequence[str]:
        clip, = clips
        score = np.where(clip.missing, 0, 1) if clip.keypoint_score is None else clip.keypoint_score
        values = np.concatenate([clip.keypoint, score[..., None]], axis=-1)  # (M, T, V, 3)
        cells = number_texts(values.swapaxes(0, 1).reshape(clip.num_frames, -1))
        with open(path, 'w', newline='', encoding='utf-8') as file:
            writer = csv.writer(file, lineterminator='\n')
            writer.writerows(_header(clip))
            writer.writerows([frame, *row] for frame, row in enumerate(cells))
        certain = [] if clip.keypoint_score is not None else ['likelihood is 1 wherever a point has a place: the clips have no confidences']
        return ['lost: class, subject, frames per second and size of the image', *certain]


def _header(clip: ExportClip) -> List[List[str]]:
    """The lines before the frames: three, or four where there are several persons."""
    persons = [f'individual{number}' for number in range(1, clip.num_persons + 1)]
    columns = list(itertools.product(persons, clip.skeleton.joint_names, COORDS))
    several = [['individuals', *(person for person, _, _ in columns)]] if clip.num_persons > 1 else []
    return [['scorer', *[SCORER] * len(columns)], *several, ['bodyparts', *(part for _, part, _ in columns)],
            ['coords', *(coord for _, _, coord in columns)]]
