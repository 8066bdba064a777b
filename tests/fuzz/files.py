"""Valid files of every format that the package reads, small, written without its own writers; and what must hold of whatever is read."""

import csv
import io
import json
import pickle
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

import h5py
import numpy as np
import yaml
from scipy.io import savemat

from mmagenc.body_models.rigs import load_rig
from mmagenc.body_models.smpl_file import load_smpl_file
from mmagenc.datasets.annotation import load_annotation
from mmagenc.datasets.readers.amass import read_amass
from mmagenc.datasets.readers.annotation_shards import merge_shards
from mmagenc.datasets.readers.bvh import read_bvh
from mmagenc.datasets.readers.human36m import read_cameras, read_positions
from mmagenc.datasets.readers.infact import read_infact
from mmagenc.datasets.readers.ntu_benchmark import read_missing
from mmagenc.datasets.readers.ntu_skeleton import read_skeleton
from mmagenc.datasets.readers.nw_ucla import read_nw_ucla
from mmagenc.datasets.readers.penn_action import read_penn_action
from mmagenc.datasets.readers.skeleton_arrays import iterate_npz, iterate_pair
from mmagenc.datasets.safe_pickle import load_pickle
from mmagenc.evaluation.scores import load_scores
from mmagenc.evaluation.study import read_rows
from mmagenc.skeletons.definition import skeleton_from_yaml
from mmagenc.untrusted import read_safetensors, read_settings
from mmagenc.untrusted.matlab import read_mat
from mmagenc.visualization.logs import read_scalars
from tests import h36m_writer
from tests.bvh_writer import bvh_text
from tests.ntu_writer import ID, person, skeleton_text
from tests.test_body_models.synthetic_smpl import smpl_content

CLASSES = ['sit', 'roll', 'krabbeln']


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Args:
        name: of the file.
        tree: a seed's content.
        write: bytes of a content.
        read: of a path.
        holds: checks a result, whatever came before.
        checked: whether the format keeps checksums, so that changed bytes give the same result or none.
        named: whether the reader knows the file's name.
    """

    name: str
    tree: Callable[[int], Any]
    write: Callable[[Any], bytes]
    read: Callable[[Path], Any]
    holds: Callable[[Any], None] = lambda result: None
    checked: bool = False
    named: bool = True


def _bytes(write, *arguments, **options) -> bytes:
    file = io.BytesIO()
    write(file, *arguments, **options)
    return file.getvalue()


# --- Annotations


def annotation(seed: int) -> dict:
    """Clips of 6 frames in ucla20, the shape that the arrays of :mod:`.damage` have."""
    rng = np.random.default_rng(seed)
    clips = [dict(frame_dir=f'clip {index}', label=index % 3, total_frames=6, source='real', subject=f's{index}',
                  keypoint=rng.normal(size=(1, 6, 20, 3)).astype(np.float32), keypoint_score=rng.random((1, 6, 20)).astype(np.float32))
             for index in range(3)]
    return dict(split=dict(train=['clip 0', 'clip 1'], val=['clip 2']), metainfo=dict(classes=CLASSES, skeleton='ucla20', fps=30.),
                annotations=clips)


def annotation_npz(content) -> bytes:
    """As the module's docstring describes the format; a tree that is none any more goes into the header as it is."""
    clips = content.get('annotations') if isinstance(content, dict) else None
    clips = [clip for clip in clips if isinstance(clip, dict)] if isinstance(clips, (list, tuple)) else []
    arrays = {}
    for key, ndim in dict(keypoint=4, keypoint_score=3).items():
        owned = [(index, clip[key]) for index, clip in enumerate(clips) if isinstance(clip.get(key), np.ndarray)]
        owned = [(index, value) for index, value in owned if value.dtype.kind == owned[0][1].dtype.kind]  # one array cannot hold others
        if owned:
            arrays[key] = np.concatenate([value.ravel() for _, value in owned])
            shapes = [value.shape for _, value in owned]
            arrays[f'{key}_shape'] = np.array(shapes if {len(shape) for shape in shapes} == {ndim} else [(0, ) * ndim], dtype=np.int64)
            arrays[f'{key}_clip'] = np.array([index for index, _ in owned], dtype=np.int64)
    plain = [{key: value for key, value in clip.items() if not isinstance(value, np.ndarray)} for clip in clips]
    header = dict(content, format='mmagenc-annotation-1', annotations=plain) if isinstance(content, dict) else content
    return _bytes(np.savez, header=np.array(json.dumps(_plain(header))), **arrays)


def _plain(value):
    """For JSON, with keys that may be no texts."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return _plain(value.tolist())
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def annotation_holds(result) -> None:
    """What every user of an annotation relies on."""
    names = [clip['frame_dir'] for clip in result['annotations']]
    assert len(set(names)) == len(names) and all(isinstance(name, str) and name for name in names)
    assert {name for members in result['split'].values() for name in members} <= set(names)
    for clip in result['annotations']:
        keypoint = clip['keypoint']
        assert keypoint.dtype == np.float32 and keypoint.ndim == 4 and np.isfinite(keypoint).all() and keypoint.size
        assert keypoint.shape[1] == clip['total_frames'] and keypoint.shape[3] in (2, 3)
        assert type(clip['total_frames']) is int or isinstance(clip['total_frames'], np.integer)
        assert 0 <= clip['label'] < len(result['metainfo'].get('classes') or range(10_000))
        if 'keypoint_score' in clip:
            assert clip['keypoint_score'].shape == keypoint.shape[:3] and np.isfinite(clip['keypoint_score']).all()


def infact(seed: int) -> list:
    rng = np.random.default_rng(seed)
    return [dict(pose=rng.normal(size=(1, 6, 24, 3)), keypoint=rng.normal(size=(1, 6, 17, 3)), frame_dir=f'c{index}', pos_label=index % 3,
                 subject_id=index) for index in range(3)]


# --- Motion capture


def amass(seed: int) -> dict:
    rng = np.random.default_rng(seed)
    return dict(poses=rng.normal(size=(6, 72)) * 0.3, trans=rng.normal(size=(6, 3)), mocap_framerate=np.array(60.),
                gender=np.array('female'))


def savez(content) -> bytes:
    arrays = {str(key): np.asarray(value) if _rectangular(value) else np.array(str(value)) for key, value in content.items()}
    return _bytes(lambda file: np.savez(file, allow_pickle=True, **{key.replace('file', 'f'): value for key, value in arrays.items()}))


def _rectangular(value) -> bool:
    try:
        np.asarray(value)
    except (ValueError, TypeError):
        return False
    return True


def amass_holds(clip) -> None:
    assert clip.pose.shape == (len(clip), 24, 3) and clip.transl.shape == (len(clip), 3) and 0 < clip.fps < np.inf and len(clip)
    assert np.isfinite(clip.pose).all() and np.isfinite(clip.transl).all()


def bvh(seed: int) -> dict:
    rng = np.random.default_rng(seed)
    turns = ['Zrotation', 'Xrotation', 'Yrotation']
    channels = [['Xposition', 'Yposition', 'Zposition', *turns], *[turns] * 3]
    return dict(names=['Hips', 'Spine', 'Knee', 'Foot'], parents=[-1, 0, 0, 2], offsets=rng.normal(size=(4, 3)).tolist(), channels=channels,
                frames=(rng.normal(size=(5, 15)) * 40).tolist(), frame_time=1 / 30)


def bvh_write(content) -> bytes:
    try:
        return bvh_text(**content).encode('utf-8', 'surrogatepass')
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError):
        return yaml.safe_dump(_plain(content)).encode('utf-8', 'replace')


def bvh_holds(clip) -> None:
    assert clip.rotations.shape == (len(clip), len(clip.names), 3, 3) and clip.positions.shape == (len(clip), len(clip.names), 3)
    assert np.isfinite(clip.rotations).all() and np.isfinite(clip.positions).all() and 0 < clip.frame_time < np.inf and len(clip)
    assert all(parent < joint for joint, parent in enumerate(clip.parents)) and clip.parents[0] == -1


def ntu(seed: int) -> list:
    return [[3, [[ID + seed, [0, 1, 2], person(3, seed=seed)], [ID + seed + 1, [1, 2], person(2, seed=seed + 1)]]]]


def ntu_write(content) -> bytes:
    try:
        return skeleton_text(*content[0]).encode('utf-8', 'surrogatepass')
    except (TypeError, ValueError, IndexError, KeyError):
        return str(content).encode('utf-8', 'replace')


def ntu_holds(recording) -> None:
    for body in recording.bodies.values():
        assert body.joints.shape == (len(body), 25, 3) and np.isfinite(body.joints).all() and len(body)
        assert (np.diff(body.frames) > 0).all() and body.frames[0] >= 0 and body.frames[-1] < recording.num_frames


def nw_ucla(seed: int) -> dict:
    return dict(file_name='a08_s01_e00_v03', skeletons=np.random.default_rng(seed).normal(size=(3, 20, 3)).round(6).tolist(), label=7)


def to_json(content) -> bytes:
    return json.dumps(_plain(content)).encode('utf-8', 'surrogatepass')


def read_folder(path: Path, read, name: str):
    """A reader of folders, given a folder with the one file."""
    folder = path.parent / f'{path.stem}_folder'
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(path.read_bytes())
    return read(folder)


def penn(seed: int) -> dict:
    rng = np.random.default_rng(seed)
    return dict(action='squat', pose='left', x=rng.uniform(2, 480, size=(4, 13)), y=rng.uniform(2, 270, size=(4, 13)), train=np.int32(1),
                visibility=np.ones((4, 13), dtype=np.uint8), dimensions=np.array([[270, 480, 4]], dtype=np.uint16), nframes=np.uint8(4))


def mat(content) -> bytes:
    content = {str(key)[:20]: value for key, value in content.items() if value is not None}
    try:
        return _bytes(savemat, content, do_compression=True)
    except Exception:  # SciPy's writer knows fewer values than may be drawn
        return _bytes(savemat, {key: str(value) for key, value in content.items() if not isinstance(value, (dict, list, tuple))})


def h36m(seed: int) -> dict:
    return {'3D_positions': h36m_writer.positions_content(h36m_writer.body(4, seed))}


def h36m_cameras(seed: int) -> dict:
    return h36m_writer.camera_content([1], seed)


def hdf5(content) -> bytes:
    """An HDF5 file of a dict; what is nothing that h5py can write is left out."""
    file = io.BytesIO()
    with h5py.File(file, 'w') as target:
        for name, value in content.items() if isinstance(content, dict) else ():
            try:
                target[str(name)] = value
            except Exception:  # h5py's writer knows fewer names and values than may be drawn
                continue
    return file.getvalue()


def positions_hold(points) -> None:
    assert points.shape[1:] == (17, 3) and len(points) and np.isfinite(points).all()


def cameras_hold(cameras) -> None:
    points = np.array([[0., 0., 1000.], [200., -300., 4000.]])
    for camera in cameras.values():
        assert np.isfinite(camera.project(points)).all() and np.isfinite(camera.view(points)).all()


def arrays_npz(seed: int) -> dict:
    rng = np.random.default_rng(seed)
    return dict(x_train=rng.normal(size=(3, 6, 60)), y_train=np.eye(3)[[0, 1, 2]], x_test=rng.normal(size=(2, 6, 60)),
                y_test=np.array([0, 1]))


def items_hold(items) -> None:
    for split, clip, reason in items:
        assert isinstance(split, str) and (clip is None) == bool(reason)
        if clip is not None:
            assert clip['keypoint'].dtype == np.float32 and np.isfinite(clip['keypoint']).all() and clip['keypoint'].size
            assert clip['keypoint'].shape[1] == clip['total_frames'] and clip['label'] >= 0


def pair(seed: int) -> list:
    return [['a.skeleton', 'b.skeleton', 'ü'], [0, 1, 2]]


def read_pair(path: Path):
    data = path.with_suffix('.npy')
    if not data.exists():
        np.save(data, np.random.default_rng(0).normal(size=(3, 3, 6, 20, 1)).astype(np.float32))
    return list(iterate_pair(data, path))


def npy(seed: int) -> list:
    return [np.random.default_rng(seed).normal(size=(3, 3, 6, 20, 1)).astype(np.float32)]


def npy_write(content) -> bytes:
    value = content[0] if content else []
    return _bytes(np.save, np.asarray(value) if _rectangular(value) else np.array(str(value)))


def read_npy(path: Path):
    labels = path.with_suffix('.pkl')
    labels.write_bytes(pickle.dumps((['a', 'b', 'c'], [0, 1, 2])))
    return list(iterate_pair(path, labels))


# --- Models, layouts, logs


def smpl(seed: int) -> dict:
    return smpl_content(vertices=12, betas=4, seed=seed)


def smpl_holds(result) -> None:
    vertices = len(result.v_template)
    assert result.lbs_weights.shape == (vertices, 24) and result.joint_regressor.shape == (24, vertices)
    assert result.shapedirs.shape[:2] == (vertices, 3) and all(np.isfinite(value).all() for value in vars(result).values())


def layout(seed: int) -> dict:
    return dict(name=f'layout {seed}', joint_names=['hip', 'left knee', 'right knee', 'head'], parents=[-1, 0, 0, 0],
                pairs=[['left knee', 'right knee']], center=0)


def mmpose_layout(seed: int) -> dict:
    names, swaps = ['hip', 'left_knee', 'right_knee'], ['', 'right_knee', 'left_knee']
    return dict(dataset_name=f'pose {seed}', keypoint_info={index: dict(name=name, id=index, color=[0, 0, 0], type='lower', swap=swap)
                                                            for index, (name, swap) in enumerate(zip(names, swaps))},
                skeleton_info={0: dict(link=['hip', 'left_knee'], id=0), 1: dict(link=['hip', 'right_knee'], id=1)})


def to_yaml(content) -> bytes:
    try:
        return yaml.safe_dump(content, allow_unicode=True).encode('utf-8', 'surrogatepass')
    except (yaml.YAMLError, TypeError):
        return yaml.safe_dump(_plain(content)).encode('utf-8', 'surrogatepass')


def layout_holds(skeleton) -> None:
    assert skeleton.parents.count(-1) == 1 and len(skeleton.topological_order) == skeleton.num_joints == len(set(skeleton.joint_names))


def rig(seed: int) -> dict:
    shipped = Path(load_rig.__code__.co_filename).parent / 'assets/rigs/cmu.yml'
    return yaml.safe_load(shipped.read_text(encoding='utf-8'))


def scalars(seed: int) -> list:
    rng = np.random.default_rng(seed)
    training = [dict(loss=float(rng.random()), epoch=1 + index // 3, iter=index + 1, step=index + 1) for index in range(6)]
    return [*training, dict(top1=0.5, step=2)]


def lines_of_json(content) -> bytes:
    return ''.join(json.dumps(_plain(record)) + '\n' for record in content).encode('utf-8', 'surrogatepass')


def lines_of_text(content) -> bytes:
    return '\n'.join(map(str, content)).encode('utf-8', 'replace')


def scalars_hold(records) -> None:
    for record in records:
        assert all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in record.values()) and 'step' in record


def rows(seed: int) -> list:
    return [dict(dataset='d', arm=arm, clips_per_class=4, seed=seed, top1=0.5, mean_class=0.5, val_top1=0.4, steps=10, num_real=12,
                 num_synthetic=0, picked_iter=5, wall_s=1.5, config_hash='abc') for arm in ('real', 'augmented')]


def to_csv(content) -> bytes:
    file = io.StringIO()
    table = [row for row in content if isinstance(row, dict)]
    writer = csv.DictWriter(file, [str(key) for key in rows(0)[0]], extrasaction='ignore', lineterminator='\n')
    writer.writeheader()
    for row in table:
        writer.writerow(row)
    return file.getvalue().encode('utf-8', 'surrogatepass')


def scores(seed: int) -> dict:
    rng = np.random.default_rng(seed)
    return dict(format=np.array('mmagenc-scores-1'), frame_dir=np.array(['a', 'b']), label=np.array([0, 2]), score=rng.normal(size=(2, 3)),
                classes=np.array(CLASSES))


def safetensors(seed: int) -> dict:
    return {'x': dict(dtype='F32', shape=[2, 3], data_offsets=[0, 24]), 'y': dict(dtype='I64', shape=[], data_offsets=[24, 32]),
            '__metadata__': dict(format='pt', dataset_meta=json.dumps(dict(classes=CLASSES)))}


def safetensors_write(content) -> bytes:
    header = json.dumps(_plain(content)).encode('utf-8', 'surrogatepass')
    return struct.pack('<Q', len(header)) + header + np.arange(6, dtype='<f4').tobytes() + struct.pack('<q', 7)


def settings_text(content) -> bytes:
    return ''.join(f'{key} = {value!r}\n' for key, value in content.items()).encode('utf-8', 'surrogatepass')


def settings(seed: int) -> dict:
    return dict(model=dict(type='A', sizes=[1, 2, (3, )], rate=0.5), work_dir='x', fps=seed, empty=None)


def shard(seed: int) -> dict:
    return dict(annotation(seed), split={})


def read_shard(path: Path):
    out = path.with_name('merged.npz')
    merge_shards([path], out, metainfo=dict(classes=CLASSES, skeleton='ucla20'), split={})
    return load_annotation(out)


def read_text_settings(path: Path):
    return read_settings(path.read_bytes().decode('utf-8', 'replace'))


def read_mat_file(path: Path):
    return read_mat(path, ('action', 'x', 'y', 'train', 'dimensions'))


FORMATS = {
    'annotation npz': Format('a.npz', annotation, annotation_npz, load_annotation, annotation_holds, checked=True),
    'annotation pkl': Format('a.pkl', annotation, pickle.dumps, load_annotation, annotation_holds),
    'shard': Format('a.npz', shard, annotation_npz, read_shard, annotation_holds, checked=True, named=False),
    'infact': Format('a_train.pkl', infact, pickle.dumps, lambda path: read_infact(path, classes=CLASSES, label_key='pos_label'),
                     annotation_holds),
    'amass': Format('a.npz', amass, savez, read_amass, amass_holds, checked=True),
    'bvh': Format('a.bvh', bvh, bvh_write, read_bvh, bvh_holds),
    'ntu': Format('a.skeleton', ntu, ntu_write, read_skeleton, ntu_holds),
    'missing list': Format('a.txt', lambda seed: ['S001C002P003R002A013'], lines_of_text, read_missing),
    'nw_ucla': Format('a.json', nw_ucla, to_json, lambda path: read_folder(path, read_nw_ucla, 'a08_s01_e00_v03.json'), annotation_holds,
                      named=False),
    'penn': Format('a.mat', penn, mat, lambda path: read_folder(path, read_penn_action, '0001.mat')[0], annotation_holds, named=False),
    'mat': Format('a.mat', penn, mat, read_mat_file, named=False),
    'h36m': Format('a.h5', h36m, hdf5, read_positions, positions_hold, named=False),
    'h36m cameras': Format('cameras.h5', h36m_cameras, hdf5, lambda path: read_cameras(path, 1), cameras_hold, named=False),
    'arrays npz': Format('a.npz', arrays_npz, savez, lambda path: list(iterate_npz(path, num_joints=20, num_persons=1)), items_hold,
                         checked=True),
    'pair labels': Format('a.pkl', pair, lambda content: pickle.dumps(tuple(content)), read_pair, items_hold),
    'pair data': Format('b.npy', npy, npy_write, read_npy, items_hold),
    'pickle': Format('a.pkl', annotation, pickle.dumps, load_pickle),
    'smpl npz': Format('a.npz', smpl, savez, load_smpl_file, smpl_holds, checked=True),
    'smpl pkl': Format('a.pkl', smpl, pickle.dumps, load_smpl_file, smpl_holds),
    'layout': Format('a.yaml', layout, to_yaml, skeleton_from_yaml, layout_holds),
    'mmpose layout': Format('a.yml', mmpose_layout, to_yaml, skeleton_from_yaml, layout_holds),
    'rig': Format('a.yml', rig, to_yaml, load_rig),
    'scalars': Format('scalars.json', scalars, lines_of_json, read_scalars, scalars_hold),
    'study rows': Format('rows.csv', rows, to_csv, read_rows),
    'scores': Format('a.npz', scores, savez, load_scores, checked=True),
    'safetensors': Format('a.safetensors', safetensors, safetensors_write, read_safetensors),
    'settings': Format('a.py', settings, settings_text, read_text_settings, named=False),
}
