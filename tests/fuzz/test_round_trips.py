"""Valid files written without the package's writers are read back equal, whatever numbers, names and sizes are in them."""

import json
from dataclasses import asdict

import numpy as np
import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.io import loadmat
from scipy.spatial.transform import Rotation

from mmagenc.datasets.annotation import AnnotationError, load_annotation, merge_annotations, save_annotation
from mmagenc.datasets.safe_pickle import load_pickle
from mmagenc.evaluation.study import StudyRow, read_rows, write_rows
from mmagenc.skeletons.definition import skeleton_from_dict, skeleton_to_dict
from mmagenc.untrusted import read_settings
from mmagenc.visualization.report.collect import MAX_CLASSES, collect_run
from tests.bvh_writer import bvh_text
from tests.test_visualization.test_report.runs import make_work_dir

from . import files
from .damage import byte_damage, damaged_bytes, damaged_tree, value_damage
from .files import FORMATS

NUMBERS = st.floats(-1e6, 1e6, width=32)
NAMES = st.text(st.characters(exclude_categories=('Cs', )), min_size=1, max_size=12)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('round_trips')


@st.composite
def annotations(draw):
    """Clips of any number of persons and frames, with names and classes of any script."""
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    classes = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    clips = []
    for name in names:
        shape = (draw(st.integers(1, 2)), draw(st.integers(1, 4)), 20, 3)
        clip = dict(frame_dir=name, label=draw(st.integers(0, len(classes) - 1)), total_frames=shape[1],
                    keypoint=draw(arrays(np.float32, shape, elements=NUMBERS, fill=NUMBERS)))
        if draw(st.booleans()):
            clip['keypoint_score'] = draw(arrays(np.float32, shape[:3], elements=st.floats(0, 1, width=32)))
        clips.append(clip)
    split = dict(train=names[:1], val=names[1:])
    metainfo = dict(classes=classes, skeleton='ucla20', fps=draw(st.floats(1, 240)), third='depth')
    return dict(split=split, metainfo=metainfo, annotations=clips)


def same(one, other) -> None:
    assert one['split'] == other['split'] and one['metainfo'] == other['metainfo'] and len(one['annotations']) == len(other['annotations'])
    for first, second in zip(one['annotations'], other['annotations']):
        assert first.keys() == second.keys()
        for key, value in first.items():
            assert value.tobytes() == second[key].tobytes() and value.shape == second[key].shape if isinstance(value, np.ndarray) \
                else value == second[key]


@given(content=annotations())
def test_annotations(folder, content):
    """By hand and by the package's writer, both kinds of file."""
    for name in ('annotation npz', 'annotation pkl'):
        path = folder / FORMATS[name].name
        path.write_bytes(FORMATS[name].write(content))
        same(load_annotation(path), content)
        save_annotation(content, path)
        same(load_annotation(path), content)


@given(content=annotations(), cut=st.integers(0, 4))
def test_merging_what_was_split(content, cut):
    """Clips in two files, merged, are those of one; nothing is written into the parts."""
    clips = content['annotations']
    parts = [dict(content, annotations=some, split={name: [clip['frame_dir'] for clip in some if clip['frame_dir'] in members]
                                                    for name, members in content['split'].items()})
             for some in (clips[:cut], clips[cut:]) if some]
    try:
        merged = merge_annotations(parts)
    except AnnotationError as error:
        assume('into one unit' not in str(error))  # bodies of very different sizes are rightly refused
        raise
    same(merged, content)


@given(seed=st.integers(0, 2**32 - 1), order=st.permutations(['Xrotation', 'Yrotation', 'Zrotation']), frames=st.integers(1, 4))
def test_bvh(folder, seed, order, frames):
    """Rotations against SciPy's Euler angles, places as they were written."""
    content = dict(files.bvh(seed), channels=[['Xposition', 'Yposition', 'Zposition', *order]] + [order] * 3)
    values = np.random.default_rng(seed).uniform(-180, 180, size=(frames, 15)).round(4)
    (folder / 'a.bvh').write_text(bvh_text(**dict(content, frames=values.tolist())))
    clip = FORMATS['bvh'].read(folder / 'a.bvh')
    joints = [clip.names.index(name) for name in content['names']]
    letters = ''.join(name[0] for name in order)
    expected = Rotation.from_euler(letters, values[:, 3:].reshape(-1, 3), degrees=True).as_matrix().reshape(frames, 4, 3, 3)
    np.testing.assert_allclose(clip.rotations[:, joints], expected, atol=1e-9)
    np.testing.assert_allclose(clip.positions[:, joints[0]], values[:, :3])
    np.testing.assert_allclose(clip.offsets[joints], content['offsets'], rtol=1e-8)


@pytest.mark.parametrize('name', ['amass', 'smpl npz', 'smpl pkl', 'nw_ucla', 'infact', 'scores', 'arrays npz'])
@given(seed=st.integers(0, 2**32 - 1))
def test_arrays(name, folder, seed):
    form = FORMATS[name]
    tree = form.tree(seed)
    (folder / form.name).write_bytes(form.write(tree))
    result = form.read(folder / form.name)
    if name == 'amass':
        turned = Rotation.from_euler('x', -90, degrees=True)
        np.testing.assert_allclose(result.transl, turned.apply(tree['trans']), atol=1e-12)
        np.testing.assert_array_equal(result.pose[:, 1:], tree['poses'].reshape(6, 24, 3)[:, 1:])
        assert result.fps == 60
    elif name.startswith('smpl'):
        for ours, theirs in dict(v_template='v_template', faces='f', lbs_weights='weights', joint_regressor='J_regressor').items():
            np.testing.assert_array_equal(getattr(result, ours), tree[theirs])
    elif name == 'nw_ucla':
        np.testing.assert_array_equal(result['annotations'][0]['keypoint'][0], np.float32(tree['skeletons']))
    elif name == 'infact':
        for clip, given_clip in zip(result['annotations'], tree):
            np.testing.assert_array_equal(clip['pose'], given_clip['pose'].astype(np.float32))
    elif name == 'scores':
        np.testing.assert_array_equal(result.score, tree['score'])
    else:
        clips = [clip for split, clip, _ in result if split == 'train']
        np.testing.assert_array_equal([clip['keypoint'].reshape(6, 60) for clip in clips], tree['x_train'].astype(np.float32))
        assert [clip['label'] for clip in clips] == [0, 1, 2]


@given(seed=st.integers(0, 2**32 - 1))
def test_skeleton_files(folder, seed):
    (folder / 'a.skeleton').write_bytes(files.ntu_write(files.ntu(seed)))
    bodies = FORMATS['ntu'].read(folder / 'a.skeleton').bodies
    for name, frames, joints in files.ntu(seed)[0][1]:
        assert bodies[str(name)].frames.tolist() == frames
        np.testing.assert_array_equal(bodies[str(name)].joints, joints.astype(np.float32))


@given(values=arrays(st.sampled_from(['f8', 'f4', 'u1', 'i2', 'i4']), st.tuples(st.integers(1, 4), st.integers(1, 5)),
                     elements=st.integers(0, 99)), action=st.text('abcdefghij_', min_size=1, max_size=9))
def test_matlab(folder, values, action):
    """As SciPy reads it."""
    (folder / 'a.mat').write_bytes(files.mat(dict(x=values, action=action)))
    found, theirs = FORMATS['mat'].read(folder / 'a.mat'), loadmat(folder / 'a.mat')
    np.testing.assert_array_equal(found['x'], theirs['x'])
    assert found['action'].tolist() == theirs['action'].tolist() == [action]


PLAIN = st.recursive(st.one_of(st.none(), st.booleans(), st.integers(-2**70, 2**70), st.floats(allow_nan=False), st.text(max_size=5)),
                     lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3),
                                             st.tuples(inner, inner)), max_leaves=8)


@given(value=PLAIN, array=arrays(st.sampled_from(['f8', 'i4', '>f4', '?', 'U3', 'c8']), st.integers(0, 5)), protocol=st.integers(0, 5))
def test_pickles(folder, value, array, protocol):
    import pickle
    (folder / 'a.pkl').write_bytes(pickle.dumps([value, array, array[:2], {1: array.tolist()}], protocol=protocol))
    found = load_pickle(folder / 'a.pkl')
    assert found[0] == value and repr(found[3]) == repr({1: array.tolist()})  # NaN equals itself so
    np.testing.assert_array_equal(found[1], array)
    np.testing.assert_array_equal(found[2], array[:2])
    assert found[1].dtype == array.dtype.newbyteorder('=') or found[1].dtype == array.dtype  # as Python's own unpickler gives it


@given(value=PLAIN)
def test_settings(value):
    assert read_settings(f'x = {value!r}') == dict(x=value)


@st.composite
def trees(draw):
    """A layout of any tree; names without control characters, of which YAML writes some and reads others."""
    letters = st.characters(exclude_categories=('Cs', 'Cc', 'Zl', 'Zp'))
    names = draw(st.lists(st.text(letters, min_size=1, max_size=12), min_size=1, max_size=7, unique=True))
    parents = [-1, *(draw(st.integers(0, index)) for index in range(len(names) - 1))]
    return dict(name='own layout', joint_names=names, parents=parents, pairs=[names[1:3]] if len(names) > 2 else [],
                center=draw(st.integers(0, len(names) - 1)))


@given(definition=trees())
def test_layouts(folder, definition):
    (folder / 'a.yaml').write_text(yaml.safe_dump(definition, allow_unicode=True), encoding='utf-8')
    skeleton = FORMATS['layout'].read(folder / 'a.yaml')
    assert skeleton_to_dict(skeleton) == definition and skeleton_from_dict(definition) == skeleton
    by_name = dict(definition, parents=[None if parent < 0 else definition['joint_names'][parent] for parent in definition['parents']])
    assert skeleton_from_dict(by_name) == skeleton


@given(seed=st.integers(0, 2**32 - 1), accuracy=st.floats(0, 1), size=st.one_of(st.integers(1, 10**6), st.just('all')), name=NAMES)
def test_study_rows(folder, seed, accuracy, size, name):
    name = name.replace('\r', '').replace('\n', '') or 'd'
    row = StudyRow(**dict(files.rows(seed)[0], top1=accuracy, clips_per_class=size, dataset=name))
    write_rows([row], folder / 'rows.csv')
    found, = read_rows(folder / 'rows.csv')
    assert asdict(found) == asdict(row)


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    return make_work_dir(tmp_path_factory.mktemp('run') / 'run')


@pytest.mark.parametrize('name', ['rounds.json', '20260101_000001/vis_data/scalars.json', 'test/recognizer.json'])
@given(data=st.data())
def test_a_damaged_part_costs_the_report_that_part(name, run, data):
    """Whatever a file of a run says, the rest is collected and what is collected is finite and of bounded size."""
    path = run / name
    whole = path.read_bytes()
    try:
        if path.name == 'scalars.json' or data.draw(st.booleans()):
            path.write_bytes(damaged_bytes(whole, data.draw(byte_damage())))
        else:
            path.write_bytes(files.to_json(damaged_tree(json.loads(whole), data.draw(value_damage()))))
        found = collect_run(run)
        assert found.classes and found.environment is not None
        assert all(np.isfinite(curve.y).all() and len(curve.x) == len(curve.y) for curve in found.curves)
        assert all(len(record.candidates) <= MAX_CLASSES for record in found.rounds)
    finally:
        path.write_bytes(whole)
