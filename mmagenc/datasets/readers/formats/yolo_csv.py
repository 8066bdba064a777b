"""Tables of YOLO-pose and others: a row a person and frame with ``NAME.x``, ``NAME.y`` and, mostly, a score in pixels; or a row a
keypoint, ``frame,person,keypoint,x,y``; or a row a person and frame with ``NAME_X``, ``NAME_Y`` and ``NAME_Z``, as people export
what Kinects and other sensors track.

V keypoints.
"""

from dataclasses import replace
from typing import Iterator, Optional, Sequence, Tuple, Union

from mmagenc.datasets.readers.long_tables import LongTable, first_points, parse_long_header, points_of
from mmagenc.datasets.readers.registry import Person, Reader, ReadOptions, Recording, Unusable
from mmagenc.datasets.readers.source import Source
from mmagenc.datasets.readers.space_tables import in_space
from mmagenc.datasets.readers.table_parts import read_parts, wide_parts
from mmagenc.datasets.readers.table_times import rate_of_times, with_frames_of_times, with_numbers_by_times
from mmagenc.datasets.readers.unit_option import refuse_unit
from mmagenc.datasets.readers.values import columns_of_names, columns_of_numbers, in_pixels, unseen_as_nan
from mmagenc.datasets.readers.wide_tables import MIN_POINTS, WideTable, parse_header, persons_of, settled
from mmagenc.registry import READERS

from .mediapipe import landmark_points, landmark_table
from .sleap import is_sleap_table

LAYOUTS = {17: 'coco17'}
MOST = 200
"""More keypoints than this in a table of a row each are none: they may be anything that has places."""


@READERS.register_module(name='yolo')
class KeypointTable(Reader):
    name = 'yolo'
    title = 'Tables of keypoints (YOLO-pose)'
    suffixes = ('.csv', '.tsv', '.txt')
    knows = ('2d', '3d', 'score', 'persons', 'track', 'label', 'subject')
    takes_unit = True

    def sniff(self, source: Source) -> Optional[str]:
        rows = _rows(source)
        table = parse_header(rows[0]) if rows else None
        if table is None:
            points = _points_a_row(rows)
            if points is None:
                return None
            return f'{len(points)} keypoints with {"x and y" if len(parse_long_header(rows[0]).axes) == 2 else "x, y and z"}, a row each'
        if landmark_table(rows[0]) is not None or is_sleap_table(rows[0]):
            return None
        if table.points.shape[1] == 3:
            return f'{len(table.names)} keypoints with x, y and z'
        return f'{len(table.names)} keypoints with x and y' + ('' if table.scores is None else ' and score')

    def read(self, source: Source, options: ReadOptions) -> Iterator[Union[Recording, Unusable]]:
        rows = _rows(source)
        table = parse_header(rows[0]) if rows else None
        if table is None and _points_a_row(rows) is None:
            raise ValueError('line 1: no columns NAME.x and NAME.y of at least 4 keypoints')
        if table is not None:
            yield from read_parts(lambda name, its: recording_of(table, its, name, options),
                                  wide_parts(source.name, table, rows, by_class=not options.segmented))
            return
        table = parse_long_header(rows[0])
        yield from read_parts(lambda name, its: _of_long(table, its, name, options),
                              table.parts(source.name, rows, by_class=not options.segmented))


def _rows(source: Source) -> Sequence[Sequence[str]]:
    """The rows, with numbers of the frames where a row is a keypoint and only its time tells the frame."""
    rows = source.rows()
    table = parse_long_header(rows[0]) if rows else None
    return rows if table is None or table.frame is not None or table.point is None else with_frames_of_times(rows)


def _points_a_row(rows) -> Optional[Sequence[Union[int, str]]]:
    """The keypoints of a table that has a row for each of them and frame, ``None`` if it is none."""
    table = parse_long_header(rows[0]) if rows else None
    if table is None or table.frame is None or table.point is None or landmark_points(table, rows) is not None:
        return None
    points = first_points(table, rows, block=1)
    some = MIN_POINTS <= len(points) <= MOST and (len(table.axes) == 2 or any(isinstance(point, str) for point in points))
    return points if some else None


def _of_long(table: LongTable, rows, name: str, options: ReadOptions) -> Recording:
    names, frames, ids = points_of(table, rows, block=1)
    make = _recording if len(table.axes) == 2 else in_space
    return make([str(name) for name in names], frames, ids, name, options, rate_of_times(rows, table.frame))


def recording_of(table: WideTable, rows, name: str, options: ReadOptions) -> Recording:
    """The recording of a table in two coordinates or three.

    Raises:
        ValueError: as :func:`~mmagenc.datasets.readers.wide_tables.persons_of`, and names or numbers of no layout; in two coordinates
            a unit, in three as :func:`~mmagenc.datasets.readers.space_tables.in_space`.
    """
    table, notes = settled(table, rows)
    frames, ids, _ = persons_of(table, rows)
    make = _recording if table.points.shape[1] == 2 else in_space
    found = make(table.names, frames, ids, name, options, rate_of_times(rows, table.frame))
    return with_numbers_by_times(replace(found, notes=(*notes, *found.notes)), rows)


def _recording(names: Sequence[str], frames: Sequence[Sequence[Person]], ids, name: str, options: ReadOptions, rate: Tuple) -> Recording:
    refuse_unit(options)
    columns = None if options.joint_names else columns_of_numbers(names, LAYOUTS, options)
    columns = columns or columns_of_names(names, options)
    points, notes = in_pixels([unseen_as_nan(person.keypoint[columns.order, :2]) for frame in frames for person in frame],
                              options.img_shape)
    places = iter(points)
    frames = [[Person(next(places), None if person.score is None else person.score[columns.order], person.track, person.box)
               for person in frame] for frame in frames]
    fps, by = rate if options.fps is None else (options.fps, ())
    return Recording(name, columns.skeleton, frames=frames, frame_ids=ids, fps=fps, img_shape=options.img_shape,
                     notes=(*columns.notes, *notes, *by))
