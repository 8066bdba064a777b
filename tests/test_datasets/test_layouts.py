"""Own layouts travel: from files and configs into datasets, and from there into every file and checkpoint that is written."""

import copy
import pickle

import numpy as np
import pytest
from mmengine.config import Config, ConfigDict

from mmagenc.datasets import MotionDataset, load_annotation, save_annotation
from mmagenc.datasets.annotation import AnnotationError
from mmagenc.datasets.layouts import register_layouts, with_named_layouts
from mmagenc.datasets.pool import SyntheticPool
from mmagenc.datasets.readers.annotation_shards import merge_shards, write_shard
from mmagenc.datasets.transforms.augment import RandomMirror, RandomOcclusion
from mmagenc.datasets.transforms.modes import KthMode
from mmagenc.datasets.transforms.pose import MapJoints
from mmagenc.skeletons import SKELETONS, get_skeleton, register_skeleton
from mmagenc.skeletons.definition import skeleton_to_dict
from mmagenc.skeletons.library import BUILT_IN

from .clips import make_annotation, make_clip

HANDS = dict(name='hands3', joint_names=['body', 'left_hand', 'right_hand'], parents=[-1, 0, 0])
FEET = dict(name='feet2', joint_names=['left_foot', 'right_foot'], edges=[[0, 1]], root='left_foot')


def hand_clips(**extra):
    clips = [make_clip(name, label=index, joints=3, dims=2, seed=index, **extra) for index, name in enumerate('abc')]
    for clip in clips:
        del clip['pose']
    return clips


def elsewhere():
    """As another process would be: only the built-in layouts are known."""
    for name in set(SKELETONS) - BUILT_IN:
        del SKELETONS[name]


@pytest.mark.parametrize('suffix', ['.npz', '.pkl'])
def test_files_hold_names_and_definitions(tmp_path, suffix):
    """The file's own layout, and that of one clip; both open where nothing was registered, and as often as one likes."""
    path = tmp_path / f'clips{suffix}'
    feet = make_clip('d', joints=2, dims=2, skeleton=FEET)
    save_annotation(make_annotation([*hand_clips(), feet], skeleton=HANDS), path)
    elsewhere()
    annotation = load_annotation(path)
    assert annotation['metainfo']['skeleton'] == 'hands3' and annotation['annotations'][3]['skeleton'] == 'feet2'
    assert annotation['metainfo']['layouts'] == {name: skeleton_to_dict(get_skeleton(name)) for name in ('hands3', 'feet2')}
    assert get_skeleton('hands3').pairs == (('left_hand', 'right_hand'), )
    again = tmp_path / f'again{suffix}'
    save_annotation(annotation, again)
    elsewhere()
    assert load_annotation(again)['metainfo'] == annotation['metainfo'] == load_annotation(path)['metainfo']


def test_built_in_layouts_leave_files_as_they_were(tmp_path):
    save_annotation(make_annotation(), tmp_path / 'a.npz')
    assert load_annotation(tmp_path / 'a.npz')['metainfo'] == make_annotation()['metainfo']
    save_annotation(make_annotation(skeleton=skeleton_to_dict(get_skeleton('infact17'))), tmp_path / 'b.npz')
    assert load_annotation(tmp_path / 'b.npz')['metainfo'] == make_annotation()['metainfo']


@pytest.mark.parametrize('suffix', ['.npz', '.pkl'])
def test_a_definition_in_a_users_pickle(tmp_path, suffix):
    path = tmp_path / 'user.pkl'
    path.write_bytes(pickle.dumps(make_annotation(hand_clips(), skeleton=HANDS), protocol=4))
    dataset = MotionDataset(ann_file=str(path))
    assert dataset.metainfo['skeleton'] == dataset[0]['skeleton'] == 'hands3'
    pool = SyntheticPool(dataset.metainfo)
    pool.append(hand_clips())
    paths = pool.export(tmp_path)
    elsewhere()
    assert load_annotation(paths[suffix == '.pkl'])['metainfo']['skeleton'] == 'hands3' and 'hands3' in SKELETONS


@pytest.mark.parametrize('skeleton', [HANDS, ConfigDict(HANDS), register_skeleton], ids=['dict', 'ConfigDict', 'name'])
def test_the_datasets_metainfo(tmp_path, skeleton):
    """As a definition, or as a name that is known: the samples have the name, a checkpoint's ``dataset_meta`` both."""
    path = tmp_path / 'clips.pkl'
    path.write_bytes(pickle.dumps(dict(split={}, annotations=hand_clips()), protocol=4))
    if callable(skeleton):
        skeleton = skeleton(HANDS).name
    dataset = MotionDataset(ann_file=str(path), metainfo=dict(classes=['x', 'y', 'z'], skeleton=skeleton))
    assert dataset[0]['skeleton'] == dataset.metainfo['skeleton'] == 'hands3'
    assert dataset.metainfo['layouts'] == {'hands3': skeleton_to_dict(get_skeleton('hands3'))}
    assert type(dataset.metainfo['layouts']['hands3']) is dict, 'plain containers, which safe loading admits'


def test_a_worker_that_is_started_anew_knows_the_layout(tmp_path):
    """Its dataset comes through ``__reduce__`` and ``__setstate__``, as a copy does."""
    save_annotation(make_annotation(hand_clips(), skeleton=HANDS), tmp_path / 'clips.npz')
    dataset = MotionDataset(ann_file=str(tmp_path / 'clips.npz'), pipeline=[RandomMirror(1.)])
    elsewhere()
    with pytest.raises(ValueError, match="unknown skeleton 'hands3'"):
        dataset[0]
    assert copy.deepcopy(dataset)[0]['keypoint'].shape == (1, 6, 3, 2)


@pytest.mark.parametrize('change, reason', [
    (dict(skeleton=dict(HANDS, parents=[-1, 0])), "metainfo: layout 'hands3': parents must have one entry"),
    (dict(skeleton=3), 'metainfo: register_skeleton takes a Skeleton, a dict or the path'),
    (dict(skeleton=dict(HANDS, name='coco')), "metainfo: 'coco' names a graph of MMAction2"),
    (dict(skeleton=dict(HANDS, name='ntu25')), "there is a layout 'ntu25' already"),
    (dict(layouts=['hands3']), 'metainfo: layouts must be a dict of definitions by name, got list'),
    (dict(layouts=dict(hands3=4)), 'register_skeleton takes'),
])
def test_what_is_no_layout_is_refused_with_the_files_name(tmp_path, change, reason):
    annotation = make_annotation(hand_clips(), skeleton=None)
    annotation['metainfo'].update(change)
    path = tmp_path / 'broken.pkl'
    path.write_bytes(pickle.dumps(annotation, protocol=4))
    with pytest.raises(AnnotationError, match=reason) as error:
        load_annotation(path)
    assert str(path) in str(error.value)
    with pytest.raises(ValueError, match=reason):
        MotionDataset(ann_file=str(path), metainfo=dict(annotation['metainfo']))


def test_a_clips_own_layout_that_is_none_is_a_broken_clip(tmp_path):
    annotation = make_annotation(hand_clips(), skeleton=HANDS)
    annotation['annotations'][1]['skeleton'] = dict(HANDS, parents=[0, 0, 0], name='loop')
    with pytest.raises(AnnotationError, match=r'clip 1 \(b\): skeleton: .*loop.*are no tree'):
        save_annotation(annotation, tmp_path / 'a.npz')
    annotation['annotations'][1] = make_clip('b', joints=2, dims=2, skeleton=HANDS)
    with pytest.raises(AnnotationError, match=r'clip 1 \(b\): keypoint has 2 joints, hands3 has 3'):
        save_annotation(annotation, tmp_path / 'a.npz')


def test_shards_carry_definitions(tmp_path):
    clips = [{key: value for key, value in clip.items() if key != 'pose'} for clip in hand_clips()]
    write_shard(tmp_path / '0.npz', clips, metainfo=dict(skeleton=HANDS), fingerprint='', left_out=[])
    merge_shards([tmp_path / '0.npz'], tmp_path / 'all.npz', metainfo=dict(skeleton='hands3'), split={})
    elsewhere()
    assert 'hands3' in load_annotation(tmp_path / 'all.npz')['metainfo']['layouts']


# Configs: what their data define is known before their models are built ---------------------------------------------------------------


def config(tmp_path, metainfo=None, **more):
    dataset = dict(type='MotionDataset', ann_file='clips.npz', data_root=str(tmp_path), **(dict(metainfo=metainfo) if metainfo else {}))
    representation = dict(type='KeypointRepresentation', skeleton='hands3', num_dims=2)
    return Config(dict(model=dict(type='TransformerCVAE', representation=representation),
                       train_dataloader=dict(dataset=dict(type='RepeatDataset', dataset=dataset)), **more))


def test_definitions_in_a_configs_metainfo(tmp_path):
    register_layouts(config(tmp_path, metainfo=dict(skeleton=HANDS)))
    assert 'hands3' in SKELETONS
    with pytest.raises(ValueError, match="layout 'hands3': center"):
        register_layouts(config(tmp_path, metainfo=dict(skeleton=dict(HANDS, center=9))))


@pytest.mark.parametrize('suffix', ['.npz', '.pkl'])
def test_definitions_in_a_configs_files(tmp_path, suffix):
    save_annotation(make_annotation(hand_clips(), skeleton=HANDS), tmp_path / f'clips{suffix}')
    elsewhere()
    cfg = config(tmp_path)
    cfg.train_dataloader.dataset.dataset.ann_file = ['nowhere.npz', f'clips{suffix}']
    register_layouts(cfg)
    assert 'hands3' in SKELETONS


def test_files_are_only_opened_for_unknown_names(tmp_path, monkeypatch):
    monkeypatch.setattr('mmagenc.datasets.layouts._metainfo_of', lambda path: pytest.fail(f'{path} was opened'))
    cfg = config(tmp_path)
    cfg.model.representation.skeleton = 'smpl24'
    cfg.recognizer = dict(backbone=dict(graph_cfg=dict(layout='nturgb+d')))
    register_layouts(cfg)
    with pytest.raises(pytest.fail.Exception, match='clips.npz was opened'):
        register_layouts(config(tmp_path))


def test_damaged_files_are_left_to_the_dataset(tmp_path):
    (tmp_path / 'clips.npz').write_bytes(b'PK\x03\x04 half a file')
    register_layouts(config(tmp_path))
    assert 'hands3' not in SKELETONS


# Places that look a layout up ---------------------------------------------------------------------------------------------------------


def test_transforms_know_own_layouts():
    register_skeleton(HANDS)
    clip = dict(frame_dir='a', label=0, keypoint=np.arange(6, dtype=np.float32).reshape(1, 1, 3, 2), skeleton='hands3')
    mirrored = RandomMirror(1.).transform(dict(clip))['keypoint']
    assert mirrored.tolist() == [[[[0, 1], [-4, 5], [-2, 3]]]]
    for mode in (KthMode(1), KthMode(1, skeleton=HANDS)):
        assert mode.transform(dict(clip))['keypoint'].tolist() == [[[[0, 1], [2, 2], [4, 4]]]]
    moved = RandomOcclusion(1., 1.).transform(dict(clip))['keypoint'] != clip['keypoint']
    assert moved.any(-1).sum() == 1 and not moved[0, 0, 0].any(), 'one hand of the two'
    register_skeleton(FEET)
    with pytest.raises(ValueError, match='RandomOcclusion needs limbs of at most a third of the joints, feet2 has none'):
        RandomOcclusion(1.).transform(dict(clip, skeleton='feet2'))
    assert MapJoints(HANDS).transform(dict(clip))['skeleton'] == 'hands3'


def test_names_alone_are_kept_without_a_definition():
    assert with_named_layouts(dict(skeleton='unknown_here', fps=3)) == dict(skeleton='unknown_here', fps=3)
    assert with_named_layouts({}) == {}
