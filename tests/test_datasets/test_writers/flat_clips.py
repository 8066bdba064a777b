"""Clips in pixels with gaps and confidences, and in space, as annotations that writers of tables are given."""

import numpy as np

from mmagenc.datasets.readers.registry import ReadOptions, all_readers, recognize
from mmagenc.datasets.readers.source import Source
from mmagenc.datasets.readers.tracks import link_persons
from mmagenc.datasets.writers.exporting import export_clips, save_clips
from mmagenc.skeletons import get_skeleton

CLASSES = ['sitting', 'crawling, "fast"']


def flat_clip(name='a b/c', *, persons=1, frames=5, layout='coco17', seed=0, **more):
    """A clip in pixels: point 3 has no place in frame 1, nobody of person 0 is seen in frame 2."""
    rng, joints = np.random.default_rng(seed), get_skeleton(layout).num_joints
    score = rng.uniform(.2, 1, (persons, frames, joints)).astype(np.float32)
    score[0, 1, 3] = score[0, 2] = 0
    keypoint = rng.uniform(50, 400, (persons, frames, joints, 2)).astype(np.float32)
    return dict(dict(frame_dir=name, label=1, total_frames=frames, keypoint=keypoint, keypoint_score=score, img_shape=(480, 640),
                     subject='Jörg'), **more)


def solid_clip(name='solid', *, frames=5, layout='smpl24', seed=0, **more):
    """A clip in metres, without scores."""
    keypoint = np.random.default_rng(seed).normal(0, .3, (1, frames, get_skeleton(layout).num_joints, 3)).astype(np.float32)
    return dict(dict(frame_dir=name, label=0, total_frames=frames, keypoint=keypoint), **more)


def annotation_of(*clips, skeleton='coco17', **metainfo):
    """An annotation: the first clip is for training, the others for testing."""
    names = [clip['frame_dir'] for clip in clips]
    return dict(split=dict(train=names[:1], test=names[1:]), annotations=list(clips),
                metainfo=dict(dict(classes=CLASSES, skeleton=skeleton, fps=12.5), **metainfo))


def save(annotation, path, format=None):
    """Writes clips; gives what :func:`save_clips` does."""
    return save_clips(export_clips(annotation), path, format)


def places(clip):
    """``(M, T, V, C)`` with NaN where a clip says that a point has no place, and its scores."""
    score = clip.get('keypoint_score')
    return clip['keypoint'] if score is None else np.where(score[..., None] > 0, clip['keypoint'], np.nan), score


def read_back(path, reader, **options):
    """Recordings of the reader that recognizes the file, which must be the one named."""
    source = Source(path, path.parent)
    taken = recognize(source, all_readers())
    assert taken is not None and taken[0].name == reader, (taken, source.failure())
    return [link_persons(recording, max_persons=3) for recording in taken[0].read(source, ReadOptions(**options))]


def check_same(recording, clip, *, person=slice(None)):
    """A recording has the very numbers of a clip."""
    keypoint, score = places(clip)
    np.testing.assert_array_equal(recording.keypoint, keypoint[person])
    if score is not None:
        np.testing.assert_array_equal(recording.keypoint_score, score[person])
