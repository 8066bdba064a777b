"""Tables of YOLO-pose and others: a row a person and frame with ``NAME.x``, ``NAME.y`` and, mostly, a score in pixels.

V keypoints.
"""

from typing import Iterator, Optional

from mmagenc.datasets.readers.registry import Person, Reader, ReadOptions, Recording
from mmagenc.datasets.readers.source import Source
from mmagenc.datasets.readers.values import columns_of_names, columns_of_number, in_pixels, unseen_as_nan
from mmagenc.datasets.readers.wide_tables import WideTable, parse_header, persons_of
from mmagenc.registry import READERS

from .mediapipe import is_blazepose
from .sleap import is_sleap_table

LAYOUTS = {17: 'coco17'}


@READERS.register_module(name='yolo')
class KeypointTable(Reader):
    name = 'yolo'
    title = 'Tables of keypoints (YOLO-pose)'
    suffixes = ('.csv', '.tsv', '.txt')
    knows = ('2d', 'score', 'persons', 'track')

    def sniff(self, source: Source) -> Optional[str]:
        rows = source.rows()
        table = parse_header(rows[0]) if rows else None
        if table is None or table.points.shape[1] != 2 or is_blazepose(table) or is_sleap_table(rows[0]):
            return None
        return f'{len(table.names)} keypoints with x and y' + ('' if table.scores is None else ' and score')

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        rows = source.rows()
        table = parse_header(rows[0]) if rows else None
        if table is None:
            raise ValueError('line 1: no columns NAME.x and NAME.y of at least 4 keypoints')
        yield recording_of(table, rows, source.name, options)


def recording_of(table: WideTable, rows, name: str, options: ReadOptions) -> Recording:
    """The recording of a table in two coordinates.

    Raises:
        ValueError: as :func:`~mmagenc.datasets.readers.wide_tables.persons_of`, and names or numbers of no layout.
    """
    numbered = all(joint.isdigit() for joint in table.names)
    columns = columns_of_number(len(table.names), LAYOUTS, options) if numbered else columns_of_names(table.names, options)
    frames, ids, _ = persons_of(table, rows)
    points, notes = in_pixels([unseen_as_nan(person.keypoint[columns.order, :2]) for frame in frames for person in frame],
                              options.img_shape)
    places = iter(points)
    frames = [[Person(next(places), None if person.score is None else person.score[columns.order], person.track, person.box)
               for person in frame] for frame in frames]
    return Recording(name, columns.skeleton, frames=frames, frame_ids=ids, fps=options.fps, img_shape=options.img_shape,
                     notes=(*columns.notes, *notes))
