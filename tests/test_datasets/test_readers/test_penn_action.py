"""Penn Action: files as published, splits, hidden joints; the real set against a count of its own."""

from collections import Counter

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from mmagenc.datasets.annotation import AnnotationError, load_annotation, save_annotation
from mmagenc.datasets.mending import ClipMending
from mmagenc.datasets.readers.penn_action import ACTIONS, PRESETS, read_penn_action
from mmagenc.skeletons import get_skeleton
from tests.test_datasets.clips import assert_same_annotation


def write(folder, name, *, action='squat', train=1, frames=6, seed=0, **changes):
    """A file in the published form: types, shapes and compression; returns x and y."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(2, 480, size=(frames, 13)), rng.uniform(2, 270, size=(frames, 13))
    content = dict(action=action, pose='left', x=x, y=y, visibility=np.ones((frames, 13), dtype=np.uint8), train=train,
                   bbox=np.ones((frames, 4)), dimensions=np.array([[270, 480, frames]], dtype=np.uint16), nframes=np.uint8(frames))
    if isinstance(train, int):
        content['train'] = np.int32(train)
    content = {key: value for key, value in {**content, **changes}.items() if value is not None}
    folder.mkdir(exist_ok=True)
    savemat(folder / f'{name}.mat', content, do_compression=True)
    return np.stack([x, y], axis=-1)


@pytest.fixture
def folder(tmp_path):
    """Ten training clips of two classes, and four test clips."""
    for index in range(14):
        write(tmp_path / 'labels', f'{index + 1:04d}', action='squat' if index % 2 else 'bowl', train=-1 if index > 9 else 1, seed=index)
    return tmp_path


def test_clips(folder):
    expected = write(folder / 'labels', '0004', action='golf_swing', train=-1, frames=9, seed=3)
    annotation, left_out = read_penn_action(folder)
    assert annotation['metainfo'] == dict(classes=sorted(ACTIONS), skeleton='penn13')
    clip = dict(next(clip for clip in annotation['annotations'] if clip['frame_dir'] == '0004'))
    assert np.array_equal(clip.pop('keypoint'), expected.astype(np.float32)[None])
    assert np.array_equal(clip.pop('keypoint_score'), np.ones((1, 9, 13), dtype=np.float32))
    assert clip == dict(frame_dir='0004', label=5, total_frames=9, img_shape=(270, 480), subject='0004', source='real')
    assert '0004' in annotation['split']['test'] and len(annotation['split']['test']) == 5 and len(annotation['split']['train']) == 9
    assert left_out == ['0015.mat to 2326.mat: not there, 2312 of the 2326 published files']
    assert_same_annotation(read_penn_action(folder / 'labels')[0], annotation)


def test_small_types_are_numbers_too(folder):
    """Some published files hold places in uint8 and uint16."""
    places = np.full((6, 13), 200)
    write(folder / 'labels', '0001', x=places.astype(np.uint16) + 200, y=places.astype(np.uint8))
    assert (read_penn_action(folder)[0]['annotations'][0]['keypoint'] == (400, 200)).all()


def test_hidden_joints(folder):
    """Without a place, in the corner, is (0, 0) and score 0; guessed places stay and have the score that is asked for."""
    visibility = np.ones((6, 13), dtype=np.uint8)
    visibility[2, 3] = visibility[4, 5] = 0
    expected = write(folder / 'labels', '0001', visibility=visibility, seed=7)
    expected[4, 5] = 0.73125
    write(folder / 'labels', '0001', visibility=visibility, x=expected[..., 0], y=expected[..., 1])
    expected[4, 5] = 0
    for hidden in (0., 0.25):
        clip = read_penn_action(folder, hidden_score=hidden)[0]['annotations'][0]
        assert np.array_equal(clip['keypoint'][0], expected.astype(np.float32))
        score = visibility.astype(np.float32)
        score[2, 3] = hidden
        assert np.array_equal(clip['keypoint_score'][0], score)
    with pytest.raises(ValueError, match='hidden_score must be from 0 to 1, got 2'):
        read_penn_action(folder, hidden_score=2)


def test_gaps_are_filled_or_the_clip_is_left_out(folder):
    visibility = np.ones((6, 13), dtype=np.uint8)
    visibility[2, 3] = 0
    places = write(folder / 'labels', '0001', visibility=visibility)
    write(folder / 'labels', '0002', visibility=np.tile(np.arange(13) > 0, (6, 1)).astype(np.uint8))
    annotation, left_out = read_penn_action(folder, mend=ClipMending(fill_gaps=dict(max_gap=1)))
    clip = annotation['annotations'][0]
    assert np.allclose(clip['keypoint'][0, 2, 3], (places[1, 3] + places[3, 3]) / 2)
    assert clip['keypoint_score'][0, 2, 3] == pytest.approx(0.1)
    assert left_out[0].startswith('0002.mat: keypoint 0 (head): never seen') and '0002' not in annotation['split']['train']


def test_actions(folder):
    annotation, _ = read_penn_action(folder, actions=['squat', 'bowl'])
    assert annotation['metainfo']['classes'] == ['squat', 'bowl']
    assert [clip['label'] for clip in annotation['annotations']] == [1, 0] * 7
    annotation, left_out = read_penn_action(folder, actions=['bowl'])
    assert [clip['frame_dir'] for clip in annotation['annotations']] == [f'{number:04d}' for number in range(1, 15, 2)]
    assert not any('0002' in line for line in left_out)
    for actions, message in ((['bowl', 'bowling'], r"unknown actions \['bowling'\]; there are baseball_pitch, .*tennis_serve"),
                             ([], 'no actions'), (['bowl', 'bowl'], 'actions repeat: bowl, bowl')):
        with pytest.raises(ValueError, match=message):
            read_penn_action(folder, actions=actions)
    with pytest.raises(AnnotationError, match='none of 14 files is of situp, pushup'):
        read_penn_action(folder, actions=['situp', 'pushup'])


def test_val(folder):
    """Five training clips of each class: 0.4 is the last two of each by name."""
    split = read_penn_action(folder, val_share=0.4)[0]['split']
    assert split['val'] == ['0007', '0008', '0009', '0010'] and split['train'] == [f'{number:04d}' for number in range(1, 7)]
    assert split['trainval'] == split['train'] + split['val'] and split['test'] == ['0011', '0012', '0013', '0014']
    assert read_penn_action(folder)[0]['split'] == dict(train=split['trainval'], test=split['test'])
    assert read_penn_action(folder, val_share=0.01)[0]['split']['val'] == ['0009', '0010']
    assert read_penn_action(folder, val_share=0.99)[0]['split']['train'] == ['0001', '0002']
    for share in (-0.1, 1, float('nan')):
        with pytest.raises(ValueError, match='val_share must be'):
            read_penn_action(folder, val_share=share)
    for number in range(3, 11):
        (folder / 'labels' / f'{number:04d}.mat').unlink()
    with pytest.raises(AnnotationError, match='no class has two training clips'):
        read_penn_action(folder, val_share=0.5)


@pytest.mark.parametrize('changes, reason', [
    (dict(x=None, action=None), 'no action, x'),
    (dict(action='bowling'), "action 'bowling'; there are baseball_pitch"),
    (dict(action=np.array(['bowl', 'squat'])), r"action \['bowl ?', 'squat'\]"),
    (dict(train=np.int32(0)), r'train is 0; expected 1 \(training\) or -1 \(test\)'),
    (dict(train='yes'), 'train must be 1 whole numbers'),
    (dict(nframes=np.uint8(5)), '6 frames of joints; dimensions say 6, nframes 5'),
    (dict(dimensions=np.array([[270, 480, 7]])), '6 frames of joints; dimensions say 7, nframes 6'),
    (dict(dimensions=np.array([[270, 480]])), 'dimensions must be 3 whole numbers'),
    (dict(dimensions=np.array([[0, 480, 6]])), 'an image of 0 x 480 pixels'),
    (dict(y=np.ones((5, 13))), 'y has 5 frames, x 6'),
    (dict(x=np.ones((13, 6))), r'x must be numbers \(frames, 13\), got \(13, 6\)'),
    (dict(x=np.full((6, 13), np.nan)), 'keypoint holds NaN or infinity'),
    (dict(x=np.ones((6, 13)) * 1j), 'x is neither real numbers nor text'),
    (dict(visibility=np.full((6, 13), 2)), r'visibility must be 0 or 1, got \[2\]'),
    (dict(visibility=np.full((6, 13), np.nan)), 'visibility must be 0 or 1'),
    (dict(visibility=np.zeros((6, 13))), 'no joint is seen in any frame'),
    (dict(x={'a': 1}), 'x is neither real numbers nor text'),
])
def test_broken_files_are_left_out_and_named(tmp_path, folder, changes, reason):
    write(folder / 'labels', '0003', **changes)
    annotation, left_out = read_penn_action(folder)
    assert len(annotation['annotations']) == 13 and '0003' not in annotation['split']['train']
    with pytest.raises(ValueError, match=f'^0003.mat: .*{reason}'):
        raise ValueError(left_out[0])
    write(tmp_path / 'alone', '0003', **changes)
    with pytest.raises(AnnotationError, match=f'(?s)1 of 1 clips are broken.*0003.mat.*{reason}'):
        read_penn_action(tmp_path / 'alone')


def test_files_that_are_cut_or_missing(folder):
    path = folder / 'labels' / '0003.mat'
    path.write_bytes(path.read_bytes()[:400])
    for number in (5, 6, 9):
        (folder / 'labels' / f'{number:04d}.mat').unlink()
    annotation, left_out = read_penn_action(folder)
    assert len(annotation['annotations']) == 10
    assert left_out[0].startswith('0003.mat: the file is cut short')
    assert left_out[1:] == ['0005.mat to 0006.mat, 0009.mat, 0015.mat to 2326.mat: not there, 2315 of the 2326 published files']


def test_nothing_there(tmp_path):
    for place in (tmp_path, tmp_path / 'none'):
        with pytest.raises(FileNotFoundError, match='expected labels/0001.mat'):
            read_penn_action(place)


def test_real_set(data_root, tmp_path):
    """Against the files as SciPy reads them, one by one; 1516 is the one in which nobody is seen."""
    labels = {path.stem: loadmat(path) for path in (data_root / 'penn_action' / 'labels').glob('*.mat')}
    assert not labels.pop('1516')['visibility'].any()
    annotation, left_out = read_penn_action(data_root / 'penn_action', val_share=0.1)
    assert left_out == ['1516.mat: no joint is seen in any frame'] and len(annotation['annotations']) == len(labels) == 2325
    classes, joints = annotation['metainfo']['classes'], get_skeleton('penn13').joint_names
    for clip in annotation['annotations']:
        label = labels[clip['frame_dir']]
        assert classes[clip['label']] == label['action'][0] and clip['img_shape'] == tuple(label['dimensions'][0, :2])
        assert (clip['frame_dir'] in annotation['split']['test']) == (label['train'][0, 0] == -1)
        assert np.array_equal(clip['keypoint_score'][0], label['visibility'])
        places = np.stack([label['x'], label['y']], axis=-1)
        seen = label['visibility'] == 1
        assert np.allclose(clip['keypoint'][0][seen], places[seen]) and np.abs(clip['keypoint'][0] - places).max() <= 1
    split = annotation['split']
    assert sorted(split['train'] + split['val']) == sorted(split['trainval']) and set(split['trainval']).isdisjoint(split['test'])
    training = Counter(label['action'][0] for label in labels.values() if label['train'] == 1)
    val = Counter(classes[clip['label']] for clip in annotation['annotations'] if clip['frame_dir'] in split['val'])
    assert val == {action: round(count / 10) for action, count in training.items()}
    assert {name: len(members) for name, members in split.items()} == dict(train=1130, val=127, trainval=1257, test=1068)
    head, ankle = joints.index('head'), joints.index('left_ankle')
    for clip in (clip for clip in annotation['annotations'] if classes[clip['label']] == 'jumping_jacks'):
        both = clip['keypoint'][0][clip['keypoint_score'][0][:, [head, ankle]].all(axis=-1)]
        assert not len(both) or np.median(both[:, head, 1]) < np.median(both[:, ankle, 1])  # y is down
    save_annotation(annotation, tmp_path / 'penn.npz')
    assert len(load_annotation(tmp_path / 'penn.npz')['annotations']) == 2325


def test_act_vaes_actions_are_those_of_its_published_list(data_root):
    """Each line of the list names an action and the class it has."""
    rows = [line.split(',') for line in (data_root / 'penn_action' / 'testing_pair_penn5.txt').read_text().splitlines()]
    assert {row[6]: int(row[7]) for row in rows} == {name: index for index, name in enumerate(PRESETS['act_vae'])}
