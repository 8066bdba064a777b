"""SLEAP's analysis files and tables."""

import h5py
import numpy as np
import pytest

from mmagenc.skeletons import get_skeleton

COCO = get_skeleton('coco17').joint_names


def analysis(path, people, names=COCO, turned=True, scores=True, edges=()):
    """``(tracks, 2, nodes, frames)`` as SLEAP writes it; ``(frames, tracks, nodes, 2)`` else."""
    tracks = np.stack(people)
    with h5py.File(path, 'w') as file:
        file['tracks'] = tracks.transpose(0, 3, 2, 1) if turned else tracks.transpose(1, 0, 2, 3)
        file['node_names'] = np.array([name.encode() for name in names])
        file['track_names'] = np.array([f'track_{index}'.encode() for index in range(len(people))])
        if scores:
            score = np.where(np.isnan(tracks[..., 0]), np.nan, .8)
            file['point_scores'] = score.transpose(0, 2, 1) if turned else score.transpose(1, 0, 2)
        if edges:
            file['edge_inds'] = np.array(edges)
    return path


@pytest.mark.parametrize('turned', [True, False])
def test_analysis(import_file, walk, tmp_path, turned):
    hidden = walk.copy()
    hidden[4] = np.nan
    path = analysis(tmp_path / 'clip.analysis.h5', [walk + 300, hidden * 2, walk + 600], turned=turned)
    recording, = import_file(path, 'sleap', fps=30.)
    assert recording.skeleton.name == 'coco17' and recording.keypoint.shape == (1, 10, 17, 2)
    np.testing.assert_allclose(recording.keypoint[0], hidden * 2)
    assert np.isnan(recording.keypoint[0, 4]).all() and recording.keypoint_score[0, :, 0].tolist() == [np.float32(.8)] * 4 + [0] + \
        [np.float32(.8)] * 5


def test_own_nodes_with_edges_and_no_scores(import_file, walk, tmp_path):
    path = analysis(tmp_path / 'a.h5', [walk[:, :3]], names=['tip', 'base', 'end'], scores=False, edges=[[0, 1], [1, 2]])
    recording, = import_file(path, 'sleap')
    assert recording.skeleton.joint_names == ('tip', 'base', 'end') and recording.keypoint_score.min() == 1


def table(walk, track='baby'):
    header = ['track', 'frame_idx', 'instance.score', *(f'{name}.{axis}' for name in COCO for axis in ('x', 'y', 'score'))]
    rows = [[track, str(2 * frame), '0.9', *(str(number) for x, y in points for number in (x, y, .7))] for frame, points in enumerate(walk)]
    return '\n'.join(','.join(row) for row in [header, *rows]) + '\n'


def test_table(write, import_file, walk):
    recording, = import_file(write('a.csv', table(walk)), 'sleap')
    assert np.allclose(recording.keypoint[0], walk) and np.allclose(recording.keypoint_score, .7) and 'every 2. frame' in recording.notes[0]
    empty = table(walk).replace('100.', '', 0).split('\n')
    empty[3] = ','.join([*empty[3].split(',')[:3], *[''] * 51])
    assert np.isnan(import_file(write('a.csv', '\n'.join(empty)), 'sleap')[0].keypoint[0, 2]).all()
    assert import_file(write('a.csv', table(walk)), 'sleap', link=False)[0].frames[0][0].track == 'baby'


@pytest.mark.parametrize('change, says', [
    (lambda text: text.replace('\nbaby,4,', '\nbaby,4.5,'), "line 4: frame_idx must be the number of a frame, or the name.*'4.5'"),
    (lambda text: text.replace(',0.9,', ',0.9,left,', 1), 'line 2: 55 cells, the header has 54'),
    (lambda text: text.replace(',0.7', ',high', 1), "line 2: nose.score must be a number, got 'high'"),
    (lambda text: text.split('\n')[0] + '\n', 'no rows below the header'),
])
def test_refused_tables(write, import_file, walk, change, says):
    with pytest.raises(ValueError, match=says):
        import_file(write('a.csv', change(table(walk))), 'sleap')


@pytest.mark.parametrize('name, value, says', [
    ('tracks', np.zeros((1, 2, 5, 10)), 'do not fit 17 node_names'), ('tracks', np.zeros(3), 'tracks must be numbers'),
    ('point_scores', np.zeros((1, 3, 3)), 'do not fit 1 tracks, 10 frames and 17 nodes'), ('node_names', np.zeros(17), 'no array of texts'),
    ('edge_inds', np.array([[0, 99]]), 'expected pairs of the 17 nodes'),
])
def test_refused_analysis(import_file, walk, tmp_path, name, value, says):
    path = analysis(tmp_path / 'a.h5', [walk], edges=[[0, 1]])
    with h5py.File(path, 'a') as file:
        del file[name]
        file[name] = value
    with pytest.raises(ValueError, match=says):
        import_file(path, 'sleap')


def labels(path, walk, corrected=(), tracked=True, known=None):
    """A ``.slp`` that sleap-io writes: a prediction a frame, beside it what somebody made of it on the frames ``corrected``."""
    sio = pytest.importorskip('sleap_io')
    skeleton, track = sio.Skeleton(list(COCO)), sio.Track('baby') if tracked else None
    video = sio.Video('clip.mp4', backend_metadata=known or {}, open_backend=False)
    frames = []
    for index, points in enumerate(walk):
        made = sio.PredictedInstance.from_numpy(points.astype(float), skeleton, point_scores=np.full(17, .6), score=.9, track=track)
        by_hand = sio.Instance.from_numpy(points.astype(float) + 1, skeleton, track=track, from_predicted=made)
        frames.append(sio.LabeledFrame(video=video, frame_idx=index, instances=[made, by_hand] if index in corrected else [made]))
    sio.save_slp(sio.Labels(frames), str(path))
    return path


def test_slp_through_sleap_io(import_file, walk, tmp_path):
    recording, = import_file(labels(tmp_path / 'clip.slp', walk), 'sleap')
    assert np.allclose(recording.keypoint[0], walk) and np.allclose(recording.keypoint_score, .6)
    assert recording.fps is None and recording.img_shape is None


@pytest.mark.parametrize('tracked', [True, False])
def test_what_was_corrected_by_hand_is_one_person_with_its_prediction(import_file, walk, tmp_path, tracked):
    recording, = import_file(labels(tmp_path / 'clip.slp', walk, corrected=(2, 5), tracked=tracked), 'sleap')
    assert len(recording.keypoint) == 1 and not any('persons' in note for note in recording.notes)
    for frame, points in enumerate(walk):
        by_hand = frame in (2, 5)
        assert np.allclose(recording.keypoint[0, frame], points + by_hand)
        assert np.allclose(recording.keypoint_score[0, frame], 1 if by_hand else .6)


def test_slp_that_knows_its_video(import_file, walk, tmp_path):
    path = labels(tmp_path / 'clip.slp', walk, known={'type': 'MediaVideo', 'shape': [900, 480, 640, 3], 'fps': 50.})
    recording, = import_file(path, 'sleap')
    assert recording.fps == 50 and recording.img_shape == (480, 640)
    assert import_file(path, 'sleap', fps=25.)[0].fps == 25


def test_slp_without_sleap_io(write, import_file, monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'sleap_io', None)
    with pytest.raises(ValueError, match='pip install sleap-io; or export'):
        import_file(write('a.slp', b'\x89HDF\r\n\x1a\n' + bytes(100)), 'sleap')
