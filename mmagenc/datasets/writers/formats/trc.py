"""TRC, the track row column format of motion capture (OpenSim, OpenCap, Pose2Sim): a table of named points, separated by tabs.

T frames, V keypoints. Frames count from 1, time from 0. Cells of points that have no place are empty,
those of the last point NaN: OpenSim counts cells and drops an empty one at the end of a line.
"""

from pathlib import Path
from typing import List, Sequence

import numpy as np

from mmagenc.datasets.writers.registry import ExportClip, WriteOptions, Writer
from mmagenc.registry import WRITERS

DECIMALS = {'m': 6, 'cm': 4, 'mm': 3}
"""Of places, to a micrometre."""


@WRITERS.register_module(name='trc')
class TrcWriter(Writer):
    name = 'trc'
    title = 'TRC (OpenSim)'
    suffixes = ('.trc', )
    dimensions = (3, )
    persons = False
    units = ('mm', 'm')
    up = 'y'

    def write(self, clips: Sequence[ExportClip], path: Path, options: WriteOptions) -> Sequence[str]:
        clip, = clips
        lines = [*_header(clip, path.name, options.unit), *_rows(clip, options)]
        path.write_text('\n'.join(lines) + '\n', encoding='utf-8', newline='\n')
        lost = 'confidences of the points' if clip.keypoint_score is not None else None
        return [f'lost: {", ".join(filter(None, ["class and subject", lost]))}']


def _header(clip: ExportClip, file_name: str, unit: str) -> List[str]:
    """The five lines before the frames."""
    rate, frames, names = f'{clip.fps:.10g}', clip.num_frames, clip.skeleton.joint_names
    said = dict(DataRate=rate, CameraRate=rate, NumFrames=frames, NumMarkers=len(names), Units=unit, OrigDataRate=rate,
                OrigDataStartFrame=1, OrigNumFrames=frames)
    axes = [f'{axis}{number}' for number in range(1, len(names) + 1) for axis in 'XYZ']
    return [
        '\t'.join(['PathFileType', '4', '(X/Y/Z)', file_name]),
        '\t'.join(said),
        '\t'.join(map(str, said.values())),
        '\t'.join(['Frame#', 'Time', *(word for name in names for word in (name, '', ''))]),
        '\t'.join(['', '', *axes]),
        '',
    ]


def _rows(clip: ExportClip, options: WriteOptions) -> List[str]:
    """A line a frame."""
    places = clip.keypoint[0].astype(np.float64) * options.scale
    decimals = DECIMALS[options.unit]
    rows = []
    for frame, points in enumerate(places):
        cells = ['' if np.isnan(value) else f'{value:.{decimals}f}' for value in points.reshape(-1)]
        cells[-3:] = [cell or 'NaN' for cell in cells[-3:]]
        rows.append('\t'.join([str(frame + 1), f'{frame / clip.fps:.6f}', *cells]))
    return rows
