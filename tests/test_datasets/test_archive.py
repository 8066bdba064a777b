"""A file written clip by clip is the file written at once, takes no memory for its arrays, and is there whole or not at all."""

import os
import subprocess
import sys

import numpy as np
import pytest

from mmagenc.datasets.annotation import AnnotationError, load_annotation, save_annotation
from mmagenc.datasets.archive import AnnotationWriter

METAINFO = dict(classes=['a', 'b'], skeleton='coco17', fps=25.)


def clips(count, start=0):
    rng = np.random.default_rng(start)
    return [
        dict(
            frame_dir=f'clip_{start + i}',
            label=i % 2,
            total_frames=3 + i,
            img_shape=(480, 640),
            keypoint=rng.normal(size=(1, 3 + i, 17, 2)).astype(np.float32),
            **({'keypoint_score': np.ones((1, 3 + i, 17), np.float32)} if i % 2 else {}),
            **({'latent': rng.normal(size=8).astype(np.float32)} if start else {})) for i in range(count)
    ]


def test_clip_by_clip_is_as_at_once(tmp_path):
    batches = [clips(3), clips(2, start=10), clips(1, start=20)]
    with AnnotationWriter(tmp_path / 'new' / 'a.npz', METAINFO) as writer:
        for batch in batches:
            writer.append(batch)
        assert len(writer) == 6
    everything = [clip for batch in batches for clip in batch]
    save_annotation(dict(split=dict(train=[clip['frame_dir'] for clip in everything]), metainfo=METAINFO, annotations=everything),
                    tmp_path / 'b.npz')
    assert (tmp_path / 'new' / 'a.npz').read_bytes() == (tmp_path / 'b.npz').read_bytes()
    read = load_annotation(tmp_path / 'b.npz')
    for mine, theirs in zip(read['annotations'], everything):
        assert mine.keys() == theirs.keys()
        np.testing.assert_array_equal(mine['keypoint'], theirs['keypoint'])
    assert [path.name for path in (tmp_path / 'new').iterdir()] == ['a.npz']


def test_numpy_reads_it(tmp_path):
    save_annotation(dict(split={}, metainfo=METAINFO, annotations=clips(3)), tmp_path / 'a.npz')
    with np.load(tmp_path / 'a.npz', allow_pickle=False) as archive:
        keys = [f'{key}{end}' for key in ('keypoint', 'keypoint_score') for end in ('', '_shape', '_clip')]
        assert set(archive.files) == {'header', *keys}
        np.testing.assert_array_equal(archive['keypoint'], np.concatenate([clip['keypoint'].ravel() for clip in clips(3)]))
        assert archive['keypoint_score_clip'].tolist() == [1]
        assert archive['keypoint_shape'].tolist() == [[1, 3 + i, 17, 2] for i in range(3)]


@pytest.mark.parametrize('batch, message', [
    (clips(2)[1:], 'frame_dir clip_1 is there already'),
    ([dict(clips(1, start=5)[0], label=2)], 'unknown label 2'),
    ([dict(clips(1, start=5)[0], keypoint=np.zeros((1, 3, 17, 3), np.float32))], r'keypoint is \(…, 17, 3\), that of clip 0 \(…, 17, 2\)'),
    ([dict(clips(1, start=5)[0], keypoint=np.full((1, 3, 17, 2), np.nan, np.float32))], 'NaN'),
])
def test_broken_clips_leave_the_old_file(tmp_path, batch, message):
    (tmp_path / 'a.npz').write_bytes(b'old')
    with pytest.raises(AnnotationError, match=message), AnnotationWriter(tmp_path / 'a.npz', METAINFO) as writer:
        writer.append(clips(2))
        writer.append(batch)
    assert (tmp_path / 'a.npz').read_bytes() == b'old' and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize('name', [None, 'tmpab12'])
def test_a_full_disk_is_told_of_with_the_file(tmp_path, monkeypatch, name):

    def full(dir):
        raise OSError(28, 'No space left on device', None if name is None else f'{dir}/{name}')

    monkeypatch.setattr('mmagenc.datasets.archive.tempfile.TemporaryFile', full)
    with pytest.raises(OSError, match='No space') as caught, AnnotationWriter(tmp_path / 'new/a.npz', METAINFO) as writer:
        writer.append(clips(1))
    assert caught.value.filename == str(tmp_path / 'new/a.npz') and not (tmp_path / 'new').exists()


@pytest.mark.skipif(not os.path.exists('/dev/full'), reason='there is no /dev/full')
def test_a_disk_that_is_full_at_the_end_leaves_no_folder(tmp_path, monkeypatch):
    monkeypatch.setattr('mmagenc.datasets.archive.tempfile.TemporaryFile', lambda dir: open('/dev/full', 'wb'))  # noqa: SIM115
    with pytest.raises(OSError, match='No space'), AnnotationWriter(tmp_path / 'new/a.npz', METAINFO) as writer:
        writer.append(clips(1))
    assert not (tmp_path / 'new').exists()


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(AnnotationError, match='into .npz'):
        AnnotationWriter(tmp_path / 'a.pkl', METAINFO)


@pytest.mark.skipif(sys.platform != 'linux', reason='ru_maxrss is in kilobytes on Linux')
def test_arrays_are_not_kept(tmp_path):
    """600 MB of clips are written with less than a third of that; a whole annotation with little more than it has itself."""
    script = f"""
import resource, numpy as np
from mmagenc.datasets.archive import AnnotationWriter, write_clips
clip = dict(label=0, total_frames=500, keypoint=np.random.default_rng(0).normal(size=(1, 500, 17, 3)).astype(np.float32))
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before = peak()
with AnnotationWriter({str(tmp_path / 'a.npz')!r}, dict(classes=['a'], skeleton='coco17')) as writer:
    for start in range(0, 6000, 100):
        writer.append([dict(clip, frame_dir=str(start + i)) for i in range(100)])
print(peak() - before)
"""
    result = subprocess.run([sys.executable, '-W', 'ignore', '-c', script], capture_output=True, text=True, check=True)
    size = (tmp_path / 'a.npz').stat().st_size / 2**20
    assert size > 550 and float(result.stdout) < size / 3


def test_clips_that_come_in_another_order(tmp_path):
    """The file is as if they had come in that of their places, ragged shapes and missing arrays included."""
    everything = [*clips(3), *clips(4, start=10)]
    with AnnotationWriter(tmp_path / 'a.npz', METAINFO) as writer:
        writer.append(everything)
    with AnnotationWriter(tmp_path / 'b.npz', METAINFO) as writer:
        writer.append([everything[5], everything[0], everything[3]], places=[50, 0, 30])
        writer.append([everything[index] for index in (6, 1, 4, 2)], places=[60, 10, 40, 20])
    assert [clip['frame_dir'] for clip in writer.clips] == [clip['frame_dir'] for clip in everything]
    assert (tmp_path / 'a.npz').read_bytes() == (tmp_path / 'b.npz').read_bytes()
    with pytest.raises(AnnotationError, match='two clips have the place 3'), AnnotationWriter(tmp_path / 'c.npz', METAINFO) as writer:
        writer.append(clips(2), places=[3, 3])
    assert not (tmp_path / 'c.npz').exists()
