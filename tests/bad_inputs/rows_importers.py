"""Files of recordings with something wrong, given to their readers and importers."""

import json
import pickle
from pathlib import Path

import numpy as np

from mmagenc.datasets.readers.amass import read_amass
from mmagenc.datasets.readers.bvh import read_bvh
from mmagenc.datasets.readers.human36m import read_human36m
from mmagenc.datasets.readers.infact import read_infact
from mmagenc.datasets.readers.motion_files import Labels, parse_split
from mmagenc.datasets.readers.ntu_benchmark import read_missing
from mmagenc.datasets.readers.ntu_skeleton import read_skeleton
from mmagenc.datasets.readers.nw_ucla import read_nw_ucla
from mmagenc.datasets.readers.penn_action import read_penn_action
from mmagenc.datasets.readers.penn_windows import read_penn_windows
from mmagenc.datasets.readers.skeleton_arrays import iterate_npz, iterate_pair
from tests.fuzz.files import CLASSES, amass, arrays_npz, bvh, bvh_write, h36m, hdf5, infact, mat, ntu, ntu_write, nw_ucla, penn, savez

from .row import Row


def file(name, data):
    """Makes one file of bytes, or of what is called for them."""

    def make(folder: Path) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data() if callable(data) else data)

    return make


def changed(content, **changes):
    """A content with other entries; ``None`` removes one."""
    return {key: value for key, value in {**content, **changes}.items() if value is not None}


def _amass():
    zeros = np.zeros((6, 3))
    damages = {
        'no poses': (dict(poses=None), 'lacks poses'),
        'no trans': (dict(trans=None), 'lacks trans'),
        'no rate': (dict(mocap_framerate=None), 'lacks mocap_framerate'),
        'rate 0': (dict(mocap_framerate=np.array(0.0)), 'must be one positive number'),
        'rate NaN': (dict(mocap_framerate=np.array(np.nan)), 'not finite'),
        'two rates': (dict(mocap_framerate=np.ones(2)), 'must be one positive number'),
        'rate of text': (dict(mocap_framerate=np.array('60')), 'mocap_framerate is <U2'),
        'poses of 65': (dict(poses=np.zeros((6, 65))), 'poses is (6, 65)'),
        'poses of 67': (dict(poses=np.zeros((6, 67))), 'poses is (6, 67)'),
        'no frames': (dict(poses=np.zeros((0, 72)), trans=zeros[:0]), 'poses is (0, 72)'),
        'four numbers a joint': (dict(poses=np.zeros((6, 24, 4))), 'poses is (6, 24, 4)'),
        'poses NaN': (dict(poses=np.full((6, 72), np.nan)), 'poses holds'),
        'poses complex': (dict(poses=np.ones((6, 72), dtype=complex)), 'poses is complex128'),
        'trans of other frames': (dict(trans=zeros[:5]), 'trans is (5, 3), expected (6, 3)'),
        'trans infinite': (dict(trans=zeros + np.inf), 'trans holds'),
        'trans of 2': (dict(trans=zeros[:, :2]), 'trans is (6, 2)'),
    }
    for name, (changes, says) in damages.items():
        make = file('walk/a.npz', savez(changed(amass(0), **changes)))
        yield Row(f'amass: {name}', make, lambda folder: read_amass(folder / 'walk/a.npz'), ('a.npz', says))
        yield Row(
            f'import-amass: {name}',
            make,
            ['import-amass', '{d}/walk', '--labels', '(?P<label>.)', '--out', '{d}/o.npz', '--processes', '1'],
            ('a.npz', says),
        )
    for name, data in {'empty': b'', 'text': b'hello', 'cut': savez(amass(0))[:700]}.items():
        yield Row(f'amass: {name}', file('a.npz', data), lambda folder: read_amass(folder / 'a.npz'), ('a.npz: no readable .npz',))
    yield Row(
        'amass: up', file('a.npz', savez(amass(0))), lambda folder: read_amass(folder / 'a.npz', up='x'),
        ("up must be y, z, -y or -z, got 'x'",)
    )


def _bvh():
    text = bvh_write(bvh(0)).decode()
    one = text.splitlines()[-1]
    damages = {
        'empty': ('', 'the file ends here'),
        'text': ('hello', 'expected HIERARCHY'),
        'no motion': (text.split('MOTION')[0], 'the file ends here'),
        'no root': (text.replace('ROOT', 'JOINT'), 'expected ROOT'),
        'joint without name': (text.replace('JOINT Knee', 'JOINT'), 'without a name'),
        'offset of two': (text.replace('OFFSET 1 0 0', 'OFFSET 1 0'), 'OFFSET takes 3 numbers'),
        'offset of words': (text.replace('OFFSET 1 0 0', 'OFFSET a b c'), 'expected numbers'),
        'offset NaN': (text.replace('OFFSET 1 0 0', 'OFFSET nan 0 0'), 'not finite'),
        'channel unknown': (text.replace('Xrotation', 'Wrotation'), "unknown channel 'wrotation'"),
        'channels miscounted': (text.replace('CHANNELS 3', 'CHANNELS 4'), 'CHANNELS names 3'),
        'position twice': (text.replace('Yposition', 'Xposition'), 'listed twice'),
        'a brace missing': (text.replace('}', '', 1), 'expected'),
        'frames 0': (text.replace('Frames:\t5', 'Frames:\t0'), 'positive whole number'),
        'frames -1': (text.replace('Frames:\t5', 'Frames:\t-1'), 'positive whole number'),
        'frames of a word': (text.replace('Frames:\t5', 'Frames:\tmany'), 'positive whole number'),
        'frames missing': (text.replace(one + '\n', ''), '4 frames, the header announces 5'),
        'frames more': (text + one + '\n', '6 frames'),
        'frames vast': (text.replace('Frames:\t5', 'Frames:\t' + '9' * 30), 'the header announces'),
        'frame time 0': (text.replace('Frame Time:\t0.0333333333', 'Frame Time:\t0'), 'Frame Time'),
        'frame time NaN': (text.replace('Frame Time:\t0.0333333333', 'Frame Time:\tnan'), 'not finite'),
        'a value missing': (text.replace(one, one.rsplit(' ', 1)[0]), 'a frame has 14 values'),
        'a value NaN': (text.replace(one, one.rsplit(' ', 1)[0] + ' nan'), 'no finite number'),
        'a value of letters': (text.replace(one, one.rsplit(' ', 1)[0] + ' x'), 'no finite number'),
    }
    for name, (changed_text, says) in damages.items():
        make = file('walk/a.bvh', changed_text.encode())
        yield Row(f'bvh: {name}', make, lambda folder: read_bvh(folder / 'walk/a.bvh'), ('a.bvh, line', says))
        yield Row(
            f'import-bvh: {name}',
            make,
            ['import-bvh', '{d}/walk', '--labels', '(?P<label>.)', '--out', '{d}/o.npz', '--rig', 'cmu', '--processes', '1'],
            ('a.bvh', says),
        )
    half = text.encode('utf-16')[:-301]  # read where it is whole, and cut in the middle of a letter
    yield Row('bvh: utf-16, cut', file('a.bvh', half), lambda folder: read_bvh(folder / 'a.bvh'), ('a.bvh',))


def _ntu():
    text = ntu_write(ntu(0)).decode()
    lines = text.split('\r\n')
    damages = {
        'empty': ('', 'expected the number of frames'),
        'cut': ('\r\n'.join(lines[:20]), 'the file ends here'),
        'frames of a word': ('\r\n'.join(['many', *lines[1:]]), "expected the number of frames, found 'many'"),
        'frames vast': ('\r\n'.join(['9' * 18, *lines[1:]]), 'the file ends here'),
        'joints 24': (text.replace('\r\n25\r\n', '\r\n24\r\n', 1), '24 joints, expected 25'),
        'body of 9': (text.replace(' 0.01 -0.2 2', ' 0.01 -0.2', 1), 'expected 10 values, found 9'),
        'joint of 11': (text.replace(' 0.9 0.1 2', ' 0.9 0.1', 1), 'expected 12 values, found 11'),
        'more lines': (text + 'more\r\n', 'more lines after'),
        'words': (text.replace(lines[4].split(' ')[0], 'left', 1), 'no number'),
        'NaN': (text.replace(lines[4].split(' ')[0], 'nan', 1), 'not finite'),
        'body twice': (text.replace('\r\n2\r\n', '\r\n3\r\n', 1), 'line'),
    }
    for name, (changed_text, says) in damages.items():
        make = file('n/S001C001P001R001A001.skeleton', changed_text.encode())
        yield Row(
            f'ntu: {name}',
            make,
            lambda folder: read_skeleton(folder / 'n/S001C001P001R001A001.skeleton'),
            ('S001C001P001R001A001.skeleton', says),
        )
    yield Row('ntu: list without names', file('a.txt', b'none'), lambda folder: read_missing(folder / 'a.txt'), ('a.txt: has no name',))
    yield Row('ntu: no list', file('b.txt', b''), lambda folder: read_missing(folder / 'a.txt'), ('a.txt: no such list',))


def _nw_ucla():
    damages = {
        'no label': (dict(label=None), "expected 'skeletons' and 'label'"),
        'no skeletons': (dict(skeletons=None), "expected 'skeletons' and 'label'"),
        'another label': (dict(label=3), 'label 3, but action a08 has 7'),
        'label of text': (dict(label='7'), "label '7'"),
        'no frames': (dict(skeletons=[]), 'skeletons must be [T][20][3]'),
        '19 joints': (dict(skeletons=[[[0, 0, 0]] * 19]), 'got [1, 19, 3]'),
        'frames differ': (dict(skeletons=[[[0, 0, 0]] * 20, [[0, 0, 0]] * 19]), 'frames differ'),
        'words': (dict(skeletons=[[['a', 'b', 'c']] * 20]), 'something else is among them'),
        'NaN': (dict(skeletons=[[[float('nan')] * 3] * 20]), 'NaN'),
        'none': (dict(skeletons=[[[None] * 3] * 20]), 'keypoint'),
        'two coordinates': (dict(skeletons=[[[0, 0]] * 20]), 'got [1, 20, 2]'),
    }
    contents = {name: (json.dumps(changed(nw_ucla(0), **changes)).encode(), says) for name, (changes, says) in damages.items()}
    contents.update(
        {
            'empty': (b'', 'no readable JSON'),
            'text': (b'hello', 'no readable JSON'),
            'a list': (b'[]', "expected 'skeletons'"),
            'bytes': (b'\xff\xfe\x00', 'no readable JSON'),
            'cut': (json.dumps(nw_ucla(0)).encode()[:200], 'no readable JSON'),
        }
    )
    for name, (data, says) in contents.items():
        make = file('all_sqe/a08_s01_e00_v03.json', data)
        yield Row(f'nw_ucla: {name}', make, read_nw_ucla, ('a08_s01_e00_v03.json', says))
        yield Row(
            f'import-nw-ucla: {name}',
            make,
            ['import-nw-ucla', '{d}', '--out', '{d}/o.npz'],
            ('a08_s01_e00_v03.json', says),
        )
    whole = json.dumps(nw_ucla(0)).encode()
    yield Row('nw_ucla: a name', file('all_sqe/walk.json', whole), read_nw_ucla, ('walk.json', 'the name is not like a01_s01_e00_v01.json'))
    yield Row('nw_ucla: an action', file('all_sqe/a07_s01_e00_v03.json', whole), read_nw_ucla, ('a07_s01', 'action a07; there are a01'))
    yield Row('nw_ucla: no files', file('a.txt', b''), read_nw_ucla, ('no NW-UCLA clips',))


def _penn():
    damages = {
        'no x': (dict(x=None), 'no x'),
        'no action': (dict(action=None), 'no action'),
        'action unknown': (dict(action='sleep'), "action 'sleep'; there are"),
        'train 0': (dict(train=np.int32(0)), 'train is 0'),
        'train of text': (dict(train='1'), 'train'),
        'x of other frames': (dict(x=np.ones((3, 13))), 'x'),
        'y of 12': (dict(y=np.ones((4, 12))), 'y'),
        'x NaN': (dict(x=np.full((4, 13), np.nan)), ''),
        'dimensions of 2': (dict(dimensions=np.array([[270, 480]])), 'dimensions'),
        'no image': (dict(dimensions=np.array([[0, 480, 4]])), 'an image of 0'),
        'nframes': (dict(nframes=np.uint8(5)), ''),
        'visibility of 2': (dict(visibility=np.full((4, 13), 2.0)), 'visibility'),
        'x of text': (dict(x='a'), 'x'),
        'x complex': (dict(x=np.ones((4, 13)) * 1j), 'x is neither real numbers nor text'),
    }
    contents = {name: (mat(changed(penn(0), **changes)), says) for name, (changes, says) in damages.items()}
    contents.update({'empty': (b'', 'no MATLAB 5 file'), 'text': (b'hello', 'no MATLAB 5 file'), 'cut': (mat(penn(0))[:300], 'cut short')})
    for name, (data, says) in contents.items():
        make = file('labels/0001.mat', data)
        yield Row(f'penn: {name}', make, read_penn_action, ('0001.mat', says))
        yield Row(
            f'import-penn-action: {name}',
            make,
            ['import-penn-action', '{d}', '--out', '{d}/o.npz'],
            ('0001.mat', says),
        )


def _penn_windows():
    def poses(frame):
        return np.stack([content['x'][frame - 1], content['y'][frame - 1]], axis=1)

    rng, count = np.random.default_rng(0), 8
    content = changed(penn(0), **{key: rng.uniform(2, 250, size=(count, 13)).round(1) for key in 'xy'}, nframes=np.uint8(count),
                      visibility=np.ones((count, 13), dtype=np.uint8), dimensions=np.array([[270, 480, count]], dtype=np.uint16))
    targets = np.concatenate([poses(frame).ravel() for frame in (2, 3, 4, 5, 6, 1)])  # the source stands last
    whole = [*(f'/mnt/frames/0001/{frame:06d}.jpg' for frame in range(1, 7)), 'squat', '7', *map(str, [*[2, 2, 250, 250] * 6, *targets])]
    other = [path.replace('0001/00000', '0001/00001') for path in whole[:6]]
    damages = {
        'a field too few': (whole[:-1], '187 fields, expected 188'),
        'two videos': ([whole[0].replace('0001/', '0002/'), *whole[1:]], 'of 2 videos'),
        'a frame without a number': ([whole[0].replace('000001', 'first'), *whole[1:]], 'named by their numbers'),
        'action unknown': ([*whole[:6], 'sleep', *whole[7:]], "action 'sleep'; there are"),
        'another action': ([*whole[:6], 'bowl', *whole[7:]], 'bowl, the label of 0001 says squat'),
        'a number of text': ([*whole[:40], 'x', *whole[41:]], "field 41 must be a number, got 'x'"),
        'NaN': ([*whole[:40], 'nan', *whole[41:]], 'field 41 is not finite'),
        'no crop': ([*whole[:8], '250', *whole[9:]], 'has no width or no height'),
        'frames past the end': ([*other, *whole[6:]], 'frame 16, 0001 has 8'),
        'other poses': ([*whole[:40], '9999', *whole[41:]], 'pixels from that of the label'),
    }
    lists = {name: (','.join(fields).encode(), says) for name, (fields, says) in damages.items()}
    lists.update({'empty': (b'', 'no windows; a line has 188 fields'), 'bytes': (b'\xff\xfe\x00', 'no text'),
                  'text': (b'hello', 'line 1: 1 fields, expected 188')})
    for name, (data, says) in lists.items():

        def make(folder, data=data):
            file('labels/0001.mat', mat(content))(folder)
            file('list.txt', data)(folder)

        def read(folder):
            return read_penn_windows(folder, window_files=[folder / 'list.txt'], actions=['squat', 'bowl'])

        yield Row(f'penn windows: {name}', make, read, ('list.txt', says))
        yield Row(
            f'import-penn-action: windows, {name}',
            make,
            ['import-penn-action', '{d}', '--windows', '--window-file', '{d}/list.txt', '--out', '{d}/o.npz'],
            ('list.txt', says),
        )


def _h36m():
    points = h36m(0)['3D_positions']
    damages = {
        'empty': (b'', 'no HDF5 file'),
        'text': (b'hello', 'no HDF5 file'),
        'cut': (hdf5(h36m(0))[:1500], 'no HDF5 file, or a damaged one'),
        'other arrays': (hdf5({'2D_positions': points}), 'no 3D_positions'),
        '95 rows': (hdf5({'3D_positions': points[1:]}), 'must be real numbers (96, frames), got (95, 4)'),
        'integers': (hdf5({'3D_positions': points.astype(int)}), 'of int64'),
        'text in it': (hdf5({'3D_positions': 'hello'}), 'is no array of numbers'),
        'NaN': (hdf5({'3D_positions': points * np.nan}), 'frame 0 has a point that is not finite'),
        'metres': (hdf5({'3D_positions': points / 1000}), 'expected 200 to 800 millimetres'),
    }
    place = 'S1/MyPoses/3D_positions/'
    for name, (data, says) in damages.items():
        make = file(f'{place}Walking 1.h5', data)
        yield Row(f'h36m: {name}', make, read_human36m, (f'{place}Walking 1.h5: ', says))
        yield Row(
            f'import-h36m: {name}',
            make,
            ['import-h36m', '{d}', '--out', '{d}/o.npz'],
            (f'{place}Walking 1.h5: ', says),
        )
    whole = hdf5(h36m(0))
    yield Row('h36m: no files', file('a.txt', b''), read_human36m, ('no sequences of Human3.6M', 'S1/MyPoses/3D_positions/Walking 1.h5'))
    yield Row('h36m: a name', file(f'{place}walk-1.h5', whole), read_human36m, ('walk-1.h5', "not like 'Walking 1.h5'"))
    for options, says in {
        '--space image': 'cameras.h5: no such file',
        '--hop 5': 'it needs clip_frames',
        '--depth-scaled': "it needs space='image' and hip_centred",
        '--actions Dance': "unknown actions ['Dance']; there are Directions",
        '--train-subjects 2': 'unknown subjects 2; there are 1, 5',
        '--train-subjects 1 11': 'are in both training and test set',
        '--val-subjects 11': "some of the training set's 1, 5, 7, 8, 9, got 11",
        '--clip-frames 9': 'no sequence gives a clip',
    }.items():
        arguments = ['import-h36m', '{d}', '--out', '{d}/o.npz', *options.split()]
        yield Row(f'h36m_to_annotation {options}', file(f'{place}Walking 1.h5', whole), arguments, (says,))


def _arrays():
    ones = np.ones((3, 6, 60))
    damages = {
        'no x': (dict(x_train=None, x_test=None), 'expected x_train'),
        'no y': (dict(y_train=None), 'y_train'),
        'x of 61': (dict(x_train=np.ones((3, 6, 61))), 'x_train must be numbers (N, T, 60)'),
        'two axes': (dict(x_train=ones[0]), 'x_train must be'),
        'x of integers': (dict(x_train=ones.astype(int)), 'x_train must be'),
        'x fortran': (dict(x_train=np.asfortranarray(ones)), 'x_train must be'),
        'labels of other clips': (dict(y_train=np.eye(3)[:2]), '3 clips in x_train, 2 labels'),
        'labels NaN': (dict(y_train=np.full(3, np.nan)), 'labels'),
        'labels of two': (dict(y_train=np.ones((3, 3))), 'one-hot rows'),
        'labels negative': (dict(y_train=np.array([0, -1, 1])), 'class indices'),
        'labels of halves': (dict(y_train=np.array([0, 0.5, 1])), 'class indices'),
        'labels of text': (dict(y_train=np.array(['a', 'b', 'c'])), 'class'),
    }
    for name, (changes, says) in damages.items():
        yield Row(
            f'arrays npz: {name}',
            file('a.npz', savez(changed(arrays_npz(0), **changes))),
            lambda folder: list(iterate_npz(folder / 'a.npz', num_joints=20, num_persons=1)),
            ('a.npz', says),
        )
    for name, data in {'empty': b'', 'text': b'hello', 'cut': savez(arrays_npz(0))[:900]}.items():
        yield Row(
            f'arrays npz: {name}', file('a.npz', data), lambda folder: list(iterate_npz(folder / 'a.npz')), ('a.npz: not a readable .npz',)
        )

    def pair(array, labels):

        def make(folder: Path) -> None:
            np.save(folder / 'a.npy', array, allow_pickle=True)
            (folder / 'a.pkl').write_bytes(labels if isinstance(labels, bytes) else pickle.dumps(labels))

        return make

    whole, names = np.ones((2, 3, 6, 20, 1), dtype=np.float32), (['a', 'b'], [0, 1])
    pairs = {
        'three axes': (whole[0, :, :, :, 0], names, 'a.npy', 'expected numbers (N, C, T, V, M)'),
        'objects': (np.array([None]), names, 'a.npy', 'not a readable'),
        'five coordinates': (np.ones((2, 5, 6, 20, 1)), names, 'a.npy', 'with 2 or 3 coordinates'),
        'labels short': (whole, (['a'], [0]), 'a.pkl', '1 labels, 2'),
        'names short': (whole, (['a'], [0, 1]), 'a.pkl', '1 names, 2 labels'),
        'labels a dict': (whole, dict(a=1), 'a.pkl', 'expected (names, labels)'),
        'labels of three': (whole, ([], [], []), 'a.pkl', 'expected (names, labels)'),
        'labels none': (whole, (None, None), 'a.pkl', 'expected (names'),
        'labels ragged': (whole, (['a', 'b'], [[0], [1, 2]]), 'a.pkl', 'expected (names'),
        'labels negative': (whole, (['a', 'b'], [0, -1]), 'a.pkl', 'class'),
        'no pickle': (whole, b'hello', 'a.pkl', 'not a readable pickle'),
        'code': (whole, b'cos\nsystem\n(S"true"\ntR.', 'a.pkl', 'refused'),
    }
    for name, (array, labels, culprit, says) in pairs.items():
        yield Row(
            f'pair: {name}', pair(array, labels), lambda folder: list(iterate_pair(folder / 'a.npy', folder / 'a.pkl')), (culprit, says)
        )


def _infact():
    one = infact(0)[0]
    damages = {
        'a dict': (dict(a=1), 'expected a list of clips'),
        'nothing': ([], 'an empty list'),
        'clip a list': ([[1]], 'a clip is a dict'),
        'no pose': ([changed(one, pose=None)], 'no pose'),
        'no label': ([changed(one, pos_label=None)], 'no pos_label'),
        'label unknown': ([changed(one, pos_label=9)], 'unknown label 9'),
        'label of a word': ([changed(one, pos_label='fly')], "unknown label 'fly'"),
        'pose of 23': ([changed(one, pose=np.ones((1, 6, 23, 3)))], 'pose must be'),
        'no frames': ([changed(one, pose=np.ones((1, 0, 24, 3)))], 'no frames'),
        'frames differ': ([changed(one, pose=np.ones((1, 5, 24, 3)))], 'pose has 5 frames, keypoint 6'),
        'NaN': ([changed(one, keypoint=np.full((1, 6, 17, 3), np.nan))], 'NaN'),
        'complex': ([changed(one, pose=one['pose'] * 1j)], 'pose is complex128'),
        'text': ([changed(one, pose='hello')], 'pose'),
        'name twice': ([one, one], 'the same frame_dir'),
    }
    for name, (content, says) in damages.items():
        yield Row(
            f'infact: {name}',
            file('a_train.pkl', pickle.dumps(content)),
            lambda folder: read_infact(folder / 'a_train.pkl', classes=CLASSES, label_key='pos_label'),
            ('a_train.pkl', says),
        )


def _words():
    for text, says in {
        '': 'names no split',
        'train': 'expected NAME=VALUES',
        'train=': 'expected NAME=VALUES',
        'a=1;a=2': 'different names',
        'a=1;b=1': 'listed twice',
        'a=1-9999999999': 'accepted are up to',
    }.items():
        yield Row(f'split: {text!r}', lambda folder: None, lambda folder, text=text: parse_split(text), (says,))
    for text, says in {'(': 'no regular expression', 'a': 'has no group'}.items():
        yield Row(f'labels: {text!r}', lambda folder: None, lambda folder, text=text: Labels(text), (says,))


ROWS = [row for rows in (_amass, _bvh, _ntu, _nw_ucla, _penn, _penn_windows, _h36m, _arrays, _infact, _words) for row in rows()]
