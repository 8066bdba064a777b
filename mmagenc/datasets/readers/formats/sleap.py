"""SLEAP: its analysis ``.h5``, its table (``.csv``), and ``.slp`` files through sleap-io where that is installed.

M tracks, T frames, V keypoints (nodes).
"""

from typing import Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from mmagenc.datasets.readers.registry import Person, Reader, ReadOptions, Recording
from mmagenc.datasets.readers.source import Source
from mmagenc.datasets.readers.values import columns_of_names
from mmagenc.datasets.readers.wide_tables import parse_header, persons_of
from mmagenc.registry import READERS
from mmagenc.untrusted.hdf5 import SIGNATURE, read_hdf5, read_hdf5_texts

NEEDS_SLEAP_IO = '.slp files need sleap-io: pip install sleap-io; or export "Analysis HDF5" in SLEAP'


def is_sleap_table(header: Sequence[str]) -> bool:
    """Whether a table's header is that of SLEAP's analysis CSV."""
    return {'frame_idx', 'instance.score'} <= {cell.strip() for cell in header}


@READERS.register_module(name='sleap')
class Sleap(Reader):
    name = 'sleap'
    title = 'SLEAP'
    suffixes = ('.h5', '.hdf5', '.csv', '.slp')
    knows = ('2d', 'score', 'persons', 'track', 'fps', 'img_shape')

    def sniff(self, source: Source) -> Optional[str]:
        if source.suffix == '.csv':
            rows = source.rows()
            table = parse_header(rows[0], min_points=1) if rows and is_sleap_table(rows[0]) else None
            return None if table is None else f'{len(table.names)} nodes of SLEAP'
        if source.suffix == '.slp':
            return 'labels of SLEAP' if source.head.startswith(SIGNATURE) else None
        shapes = source.shapes() or {}
        return f'tracks of SLEAP, {"x".join(map(str, shapes["tracks"]))}' if {'tracks', 'node_names'} <= shapes.keys() else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        if source.suffix == '.csv':
            yield _of_table(source, options)
        elif source.suffix == '.slp':
            yield from _of_labels(source, options)
        else:
            yield _of_analysis(source, options)


def _of_table(source: Source, options: ReadOptions) -> Recording:
    rows = source.rows()
    table = parse_header(rows[0], min_points=1) if rows else None
    if table is None:
        raise ValueError('line 1: no columns NODE.x and NODE.y')
    columns = columns_of_names(table.names, options)
    frames, ids, _ = persons_of(table, rows)
    frames = [[Person(person.keypoint[columns.order, :2], None if person.score is None else person.score[columns.order], person.track)
               for person in frame] for frame in frames]
    return Recording(source.name, columns.skeleton, frames=frames, frame_ids=ids, fps=options.fps, img_shape=options.img_shape,
                     notes=columns.notes)


def _of_analysis(source: Source, options: ReadOptions) -> Recording:
    nodes = read_hdf5_texts(source.path, 'node_names')
    if not nodes:
        raise ValueError('node_names: no names')
    tracks = _by_track(read_hdf5(source.path, ['tracks'])['tracks'], len(nodes), read_hdf5_texts(source.path, 'track_names'))
    columns = columns_of_names(nodes, options, _edges(source, nodes))
    keypoint = tracks[:, :, columns.order].astype(np.float32)
    known = np.isfinite(keypoint).all(axis=-1)
    scores = read_hdf5(source.path, ['point_scores']).get('point_scores')
    score = known.astype(np.float32)
    if scores is not None and scores.ndim == 3:
        scores = _arranged(scores, (len(tracks), tracks.shape[1], len(nodes)), 'point_scores')
        score = np.where(known, np.nan_to_num(scores[:, :, columns.order]), 0).astype(np.float32)
    return Recording(source.name, columns.skeleton, keypoint=np.where(known[..., None], keypoint, np.float32(np.nan)), keypoint_score=score,
                     fps=options.fps, img_shape=options.img_shape, notes=columns.notes)


def _by_track(tracks: np.ndarray, nodes: int, names: Optional[List[str]]) -> np.ndarray:
    """``(M, T, V, 2)`` of SLEAP's ``(M, 2, V, T)``, or of ``(T, M, V, 2)`` as others write it."""
    if tracks.ndim != 4 or tracks.dtype.kind != 'f':
        raise ValueError(f'tracks must be numbers (tracks, 2, nodes, frames), got {tracks.shape}')
    if tracks.shape[1:3] == (2, nodes):
        return tracks.transpose(0, 3, 2, 1)
    if tracks.shape[2:] == (nodes, 2):
        people = len(names) if names else min(tracks.shape[:2])
        return tracks if tracks.shape[0] == people and tracks.shape[1] != people else tracks.transpose(1, 0, 2, 3)
    raise ValueError(f'tracks {tracks.shape} do not fit {nodes} node_names: expected (tracks, 2, nodes, frames)')


def _arranged(scores: np.ndarray, shape: Tuple[int, int, int], what: str) -> np.ndarray:
    """Scores as ``(M, T, V)`` of ``(M, V, T)`` or ``(T, M, V)``."""
    people, frames, nodes = shape
    for axes in ((0, 2, 1), (0, 1, 2), (1, 0, 2)):
        if scores.transpose(axes).shape == shape:
            return scores.transpose(axes)
    raise ValueError(f'{what} {scores.shape} do not fit {people} tracks, {frames} frames and {nodes} nodes')


def _edges(source: Source, nodes: Sequence[str]) -> List[Tuple[str, str]]:
    places = read_hdf5(source.path, ['edge_inds']).get('edge_inds')
    if places is None or places.ndim != 2 or not places.size:
        return []
    places = places if places.shape[1] == 2 else places.T
    if places.shape[1] != 2 or not 0 <= places.min() <= places.max() < len(nodes):
        raise ValueError(f'edge_inds {places.shape}: expected pairs of the {len(nodes)} nodes')
    return [(nodes[int(first)], nodes[int(second)]) for first, second in places]


def _of_labels(source: Source, options: ReadOptions) -> Iterator[Recording]:
    try:
        import sleap_io
    except ImportError as error:
        raise ValueError(NEEDS_SLEAP_IO) from error
    try:
        labels = sleap_io.load_slp(str(source.path), open_videos=False)
    except Exception as error:  # of h5py, json and sleap-io's own
        raise ValueError(f'sleap-io cannot read it ({type(error).__name__}: {error})') from error
    frames: Dict[int, Dict[int, List]] = {}
    for frame in labels.labeled_frames:
        frames.setdefault(labels.videos.index(frame.video), {})[int(frame.frame_idx)] = _instances(frame)
    if not frames:
        raise ValueError('no labelled frame')
    for video, its in sorted(frames.items()):
        skeletons = {tuple(instance.skeleton.node_names): instance.skeleton for instances in its.values() for instance in instances}
        if len(skeletons) != 1:
            raise ValueError(f'video {video}: {len(skeletons)} skeletons, expected one')
        skeleton = next(iter(skeletons.values()))
        nodes = list(skeleton.node_names)
        edges = [(edge.source.name, edge.destination.name) for edge in skeleton.edges]
        columns = columns_of_names(nodes, options, edges)
        persons = [[_instance(instance, columns.order) for instance in its[number]] for number in sorted(its)]
        fps, img_shape = _of_video(labels.videos[video])
        yield Recording(source.name if len(frames) == 1 else f'{source.name}/{video}', columns.skeleton, frames=persons,
                        frame_ids=np.array(sorted(its)), fps=options.fps or fps, img_shape=options.img_shape or img_shape,
                        notes=columns.notes)


def _instances(frame) -> List:
    """Those of a frame that count: what a person has corrected stands for the prediction it began with, which SLEAP keeps beside it."""
    corrected = [instance.from_predicted for instance in frame.user_instances if instance.from_predicted is not None]
    tracks = [instance.track for instance in frame.user_instances if instance.track is not None]
    return [*frame.user_instances, *(instance for instance in frame.predicted_instances
                                     if not any(instance is one for one in corrected) and not any(instance.track is one for one in tracks))]


def _of_video(video) -> Tuple[Optional[float], Optional[Tuple[int, int]]]:
    """Frames per second, and height and width, as far as the labels keep them of a video: which itself is not opened."""
    known = dict(video.backend_metadata or {})
    fps, shape = known.get('fps'), known.get('shape')
    return (float(fps) if fps else None), ((int(shape[1]), int(shape[2])) if shape is not None and len(shape) == 4 else None)


def _instance(instance, order: List[int]) -> Person:
    points = np.asarray(instance.numpy(invisible_as_nan=True), dtype=np.float32)[order]
    score = instance.points['score'] if 'score' in (instance.points.dtype.names or ()) else None
    return Person(points, None if score is None else np.nan_to_num(np.asarray(score, dtype=np.float32))[order],
                  instance.track.name if instance.track is not None else None)
