import json
import logging
import os
import pickle
import stat
from dataclasses import replace

import numpy as np
import pytest
import torch
from mmaction.datasets import PoseDataset
from mmaction.utils import register_all_modules
from mmengine.logging import MMLogger

from mmagenc.datasets.annotation import (
    AnnotationError,
    left_out_words,
    load_annotation,
    merge_annotations,
    motion_to_annotations,
    save_annotation,
    validate_annotation,
    warn_left_out,
)
from mmagenc.structures import Motion
from tests.test_datasets.clips import CLASSES, assert_same_annotation, make_annotation, make_clip

SUFFIXES = ('.npz', '.pkl')


def rich_annotation():
    """Clips with different keys, frame counts, persons; numbers of NumPy's types."""
    two = np.concatenate([make_clip(seed=5)['keypoint'], make_clip(seed=6)['keypoint']])
    clips = [
        make_clip('a', label=np.int64(2), transl=np.ones((1, 6, 3), np.float32), score=np.float32(.5), subject='D01'),
        dict(frame_dir='zwei/ä', label=1, total_frames=6, keypoint=two, keypoint_score=np.ones((2, 6, 17), np.float32)),
        make_clip('c', frames=1, nothing=None, img_shape=[1, 2], latent=np.arange(5, dtype=np.float32)),
    ]
    return make_annotation(clips, split=dict(train=['a', 'c'], val=['zwei/ä'], test=[]))


@pytest.mark.parametrize('suffix', SUFFIXES)
def test_what_is_written_is_read(tmp_path, suffix):
    annotation = rich_annotation()
    save_annotation(annotation, tmp_path / f'deep/er/file{suffix}')
    assert_same_annotation(load_annotation(tmp_path / f'deep/er/file{suffix}'), annotation)


def test_npz_layout_is_as_documented(tmp_path):
    annotation = rich_annotation()
    save_annotation(annotation, tmp_path / 'file.npz')
    with np.load(tmp_path / 'file.npz', allow_pickle=False) as archive:
        content = dict(archive)
    header = json.loads(str(content['header']))
    assert header['format'] == 'mmagenc-annotation-1' and header['split']['val'] == ['zwei/ä']
    assert [clip['label'] for clip in header['annotations']] == [2, 1, 0]
    assert content['pose_clip'].tolist() == [0, 2] and content['pose_shape'].tolist() == [[1, 6, 24, 3], [1, 1, 24, 3]]
    assert np.array_equal(content['pose'][6 * 72:], annotation['annotations'][2]['pose'].ravel())


def test_mmaction2_reads_the_pkl(tmp_path):
    register_all_modules(init_default_scope=False)
    annotation = rich_annotation()
    path = tmp_path / 'file.pkl'
    save_annotation(annotation, path)
    pipeline = [dict(type='mmaction.UniformSampleFrames', clip_len=4), dict(type='mmaction.PoseDecode'),
                dict(type='mmaction.FormatGCNInput', num_person=1), dict(type='mmaction.PackActionInputs')]
    dataset = PoseDataset(str(path), pipeline, split='train')
    assert len(dataset) == 2
    assert dataset[0]['inputs'].shape == (1, 1, 4, 17, 3)
    assert dataset[0]['data_samples'].gt_label.item() == 2
    with open(path, 'rb') as file:
        labels = [clip['label'] for clip in pickle.load(file)['annotations']]  # noqa: S301 - a file of this test
    assert [type(label) for label in labels] == [int] * 3


def test_mmaction2s_own_files_are_read(tmp_path):
    """A dict without metainfo, float16 keypoints, `filename`; and a bare list."""
    clip = dict(filename='x.mp4', label=3, total_frames=2, keypoint=np.ones((2, 2, 25, 3), np.float16), img_shape=(1, 2))
    for content in (dict(split=dict(xsub_train=['x.mp4']), annotations=[clip]), [clip]):
        (tmp_path / 'ntu.pkl').write_bytes(pickle.dumps(content))
        read = load_annotation(tmp_path / 'ntu.pkl')
        assert read['annotations'][0]['frame_dir'] == 'x.mp4'
        assert read['annotations'][0]['keypoint'].dtype == np.float32
        assert read['metainfo'] == {}


def set_value(key, value):
    return lambda clip: clip.update({key: value})


def nan_at(key, *index):
    def change(clip):
        clip[key][index] = np.nan
    return change


BROKEN = {
    'label_name': (set_value('label', 'wave'), "label 'wave' is no class index"),
    'label_part': (set_value('label', 1.5), 'label 1.5 is no class index: accepted are whole numbers from 0, the places of classes in'),
    'label_bool': (set_value('label', True), 'label True is no class index'),
    'label_high': (set_value('label', 3), r'unknown label 3, there are 3 classes: wave, kick, roll \(labels begin at 0\)'),
    'label_negative': (set_value('label', -1), 'label -1'),
    'frames_zero': (set_value('total_frames', 0), 'total_frames must be at least 1, got 0'),
    'frames_part': (set_value('total_frames', 6.0), 'total_frames must be at least 1, got 6.0: accepted are whole numbers'),
    'frames_text': (set_value('total_frames', '6'), "total_frames must be at least 1, got '6'"),
    'frames_other': (set_value('total_frames', 7), 'keypoint has 6 frames, total_frames says 7'),
    'name_missing': (lambda clip: clip.pop('frame_dir'), "no 'frame_dir'"),
    'name_empty': (set_value('frame_dir', ''), 'frame_dir must be a name'),
    'name_list': (set_value('frame_dir', ['b']), 'frame_dir must be a name'),
    'nan': (nan_at('keypoint', 0, 4, 2, 1), r'keypoint holds NaN or infinity \(first at frame 4\)'),
    'inf_pose': (set_value('pose', np.full((1, 6, 24, 3), np.inf, np.float32)), r'pose holds NaN or infinity \(first at frame 0\)'),
    'float64_overflow': (set_value('keypoint', np.full((1, 6, 17, 3), 1e300)), 'keypoint holds NaN or infinity'),
    'joints': (set_value('keypoint', np.zeros((1, 6, 24, 3), np.float32)), 'keypoint has 24 joints, infact17 has 17'),
    'dims': (set_value('keypoint', np.zeros((1, 6, 17, 6), np.float32)), 'keypoint must have 2 or 3 coordinates, got 6'),
    'dims_differ': (set_value('keypoint', np.zeros((1, 6, 17, 2), np.float32)), r'keypoint is \(…, 17, 2\), that of clip 0 \(…, 17, 3\)'),
    'latent_table': (set_value('latent', np.zeros((2, 3), np.float32)), r'latent must be a vector of finite numbers, got \(2, 3\)'),
    'path_vector': (set_value('class_path', np.zeros(3, np.float32)), r'class_path must be \(T, K\) finite shares of the classes, got'),
    'path_nan': (set_value('class_path', np.full((4, 2), np.nan)), r'class_path must be \(T, K\) finite shares'),
    'latent_list': (set_value('latent', [0.]), 'latent must be a vector of finite numbers, got list'),
    'latent_nan': (set_value('latent', np.array([0, np.nan])), 'latent must be a vector of finite numbers'),
    'no_person': (set_value('keypoint', np.zeros((6, 17, 3), np.float32)), 'keypoint must be an array of numbers of 4 axes'),
    'empty': (set_value('keypoint', np.zeros((0, 6, 17, 3), np.float32)), 'keypoint is empty'),
    'objects': (set_value('keypoint', np.full((1, 6, 17, 3), None)), 'keypoint must be an array of numbers'),
    'a_list': (set_value('keypoint', [1, 2]), 'keypoint must be an array of numbers of 4 axes, got list'),
    'pose_flat': (set_value('pose', np.zeros((1, 6, 72), np.float32)), 'pose must be an array of numbers of 4 axes'),
    'pose_joints': (set_value('pose', np.zeros((1, 6, 22, 3), np.float32)), r'pose must be \(M, T, 24, 3\)'),
    'pose_length': (set_value('pose', np.zeros((1, 5, 24, 3), np.float32)), 'pose has 5 frames, total_frames says 6'),
    'pose_persons': (set_value('pose', np.zeros((2, 6, 24, 3), np.float32)), 'pose has 2 persons, keypoint 1'),
    'transl': (set_value('transl', np.zeros((1, 6, 2), np.float32)), r'transl must be \(M, T, 3\)'),
    'size_text': (set_value('img_shape', '480x640'), r'img_shape must be height and width of the image in pixels, such as \(480'),
    'size_zero': (set_value('img_shape', (0, 0)), r'img_shape must be height and width .*, got \(0, 0\)'),
    'size_nan': (set_value('original_shape', (float('nan'), 640)), r'original_shape must be height and width .*, got \(nan, 640\)'),
    'size_one': (set_value('img_shape', 480), 'img_shape must be height and width .*, got 480'),
    'size_of_channels_first': (set_value('img_shape', (3, 480, 640)), 'img_shape must be height and width'),
    'size_of_sizes': (set_value('img_shape', ((480, 640), (480, 640))), 'img_shape must be height and width'),
    'score_joints': (set_value('keypoint_score', np.zeros((1, 6, 5), np.float32)), 'keypoint_score has 5 joints, keypoint 17'),
}


@pytest.mark.parametrize('change, reason', BROKEN.values(), ids=BROKEN)
def test_broken_clips_are_refused_with_file_index_and_reason(tmp_path, change, reason):
    annotation = make_annotation([make_clip('a'), make_clip('b')], split={})
    change(annotation['annotations'][1])
    path = tmp_path / 'broken.pkl'
    path.write_bytes(pickle.dumps(annotation))
    with pytest.raises(AnnotationError, match=rf'broken\.pkl: 1 of 2 clips are broken\n  clip 1 \(.*\): {reason}'):
        load_annotation(path)
    with pytest.raises(AnnotationError, match=reason):
        save_annotation(annotation, tmp_path / 'new.npz')
    assert not (tmp_path / 'new.npz').exists()
    assert [clip['frame_dir'] for clip in load_annotation(path, skip_broken=True)['annotations']] == ['a']


@pytest.mark.parametrize('size', [np.array([480, 640]), [480., 640.], (480, 640, 3), np.float32([480, 640])])
def test_sizes_of_images_are_read_in_any_form_of_two_numbers(tmp_path, size):
    clips = [make_clip('a', img_shape=size, original_shape=None)]
    (tmp_path / 'a.pkl').write_bytes(pickle.dumps(make_annotation(clips)))
    read, = load_annotation(tmp_path / 'a.pkl')['annotations']
    assert list(read['img_shape']) == [480, 640]
    save_annotation(make_annotation(clips), tmp_path / 'a.npz')
    assert load_annotation(tmp_path / 'a.npz')['annotations'][0]['img_shape'] == [480, 640]


def test_a_size_of_all_images_is_checked(tmp_path):
    annotation = make_annotation()
    annotation['metainfo']['img_shape'] = 'big'
    with pytest.raises(AnnotationError, match='metainfo: img_shape must be height and width'):
        save_annotation(annotation, tmp_path / 'a.npz')


def test_duplicates_and_many_broken_clips_in_one_message():
    clips = [make_clip('a'), make_clip('a')] + [make_clip(f'x{index}', label=9) for index in range(12)]
    with pytest.raises(AnnotationError, match='13 of 14') as caught:
        validate_annotation(make_annotation(clips), source='here')
    assert 'clip 1 (a): the same frame_dir as clip 0' in str(caught.value)
    assert str(caught.value).count('\n') == 11 and str(caught.value).endswith('and 3 more')


def test_skipping_mends_splits_and_warns(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr('mmagenc.datasets.annotation.print_log', lambda text, **_: said.append(text))
    annotation = make_annotation([make_clip('a'), make_clip('b', label=7)])
    (tmp_path / 'f.pkl').write_bytes(pickle.dumps(annotation))
    assert load_annotation(tmp_path / 'f.pkl', skip_broken=True)['split'] == dict(train=['a'])
    assert len(said) == 1 and 'f.pkl: left out 1 of 2 clips\n  clip 1 (b): unknown label 7' in said[0]
    (tmp_path / 'f.pkl').write_bytes(pickle.dumps(make_annotation([make_clip('b', label=7)])))
    with pytest.raises(AnnotationError, match='1 of 1'):
        load_annotation(tmp_path / 'f.pkl', skip_broken=True)


@pytest.mark.parametrize('content, reason', [
    (3, 'expected a dict'), (dict(split={}), 'expected a dict'), (dict(annotations={}), 'expected a dict'),
    (dict(split=[], annotations=[]), 'split has the wrong type'), (dict(metainfo='x', split={}, annotations=[]), 'metainfo has the wrong'),
    (dict(split=dict(train=['b']), annotations=[make_clip('a')]), r"split 'train' names 1 clips that are not there: \['b'\]"),
    (dict(split={}, annotations=[None]), 'a clip is a dict, got NoneType'),
])
def test_what_is_no_annotation(tmp_path, content, reason):
    (tmp_path / 'f.pkl').write_bytes(pickle.dumps(content))
    with pytest.raises(AnnotationError, match=reason):
        load_annotation(tmp_path / 'f.pkl')


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(FileNotFoundError, match='gone.npz'):
        load_annotation(tmp_path / 'gone.npz')
    for name in ('f.json', 'f'):
        (tmp_path / name).touch()
        with pytest.raises(AnnotationError, match='annotation files end in .npz or .pkl'):
            load_annotation(tmp_path / name)
        with pytest.raises(AnnotationError, match='annotation files end in .npz or .pkl'):
            save_annotation(make_annotation(), tmp_path / name)
    save_annotation(make_annotation(), tmp_path / 'whole.npz')
    (tmp_path / 'half.npz').write_bytes((tmp_path / 'whole.npz').read_bytes()[:2000])
    with pytest.raises(AnnotationError, match='half.npz: not a readable annotation archive'):
        load_annotation(tmp_path / 'half.npz')
    np.savez(tmp_path / 'other.npz', places=np.zeros(3))
    with pytest.raises(AnnotationError, match='other.npz: not a readable annotation archive'):
        load_annotation(tmp_path / 'other.npz')
    np.savez(tmp_path / 'h36m.npz', positions_3d=np.array({'S1': {}}, dtype=object))
    (tmp_path / 'wham.pkl').write_bytes(pickle.dumps({0: dict(pose_world=np.zeros((2, 72)))}))
    (tmp_path / 'walk.bvh').write_text('HIERARCHY')
    for name, said in (('h36m.npz', 'no header; it has positions_3d'), ('wham.pkl', 'got dict'), ('walk.bvh', 'end in .npz or .pkl')):
        with pytest.raises(AnnotationError, match=f'{name}: .*{said}.*; mmagenc import makes annotations of files of other programs'):
            load_annotation(tmp_path / name)
    np.savez(tmp_path / 'amass.npz', poses=np.zeros(3))
    with pytest.raises(AnnotationError, match='amass.npz: no annotation, but poses as AMASS has them .*mmagenc import-amass'):
        load_annotation(tmp_path / 'amass.npz')


def test_npz_whose_shapes_do_not_fit(tmp_path):
    save_annotation(make_annotation(), tmp_path / 'f.npz')
    with np.load(tmp_path / 'f.npz') as archive:
        content = dict(archive)
    np.savez(tmp_path / 'f.npz', **dict(content, pose=content['pose'][:-1]))
    with pytest.raises(AnnotationError, match='pose has .* numbers, its shapes'):
        load_annotation(tmp_path / 'f.npz')
    header = json.dumps(dict(json.loads(str(content['header'])), format='mmagenc-annotation-9'))
    np.savez(tmp_path / 'f.npz', **dict(content, header=np.array(header)))
    with pytest.raises(AnnotationError, match="format 'mmagenc-annotation-9', this version reads"):
        load_annotation(tmp_path / 'f.npz')


@pytest.mark.parametrize('suffix', SUFFIXES)
def test_an_interrupted_write_leaves_the_old_file(tmp_path, suffix, monkeypatch):
    path = tmp_path / f'file{suffix}'
    save_annotation(make_annotation(), path)
    before = path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o644

    def full(_):
        raise OSError('no space left')

    monkeypatch.setattr(os, 'fsync', full)
    with pytest.raises(OSError, match='no space left'):
        save_annotation(make_annotation([make_clip('other')]), path)
    assert path.read_bytes() == before
    assert [child.name for child in tmp_path.iterdir()] == [path.name]


def test_motion_is_cut_to_its_lengths():
    pose = torch.rand(2, 5, 24, 3).double()
    motion = Motion(torch.rand(2, 5, 17, 3), torch.tensor([2, 0]), torch.tensor([5, 3]), pose=pose, transl=torch.rand(2, 5, 3))
    first, second = motion_to_annotations(motion, prefix='gen')
    assert (second['frame_dir'], second['label'], second['total_frames'], second['source']) == ('gen_00001', 0, 3, 'synthetic')
    assert type(second['label']) is int and type(second['total_frames']) is int
    assert second['pose'].shape == (1, 3, 24, 3) and second['pose'].dtype == np.float32 and second['transl'].shape == (1, 3, 3)
    assert np.array_equal(second['keypoint'][0], motion.keypoint[1, :3].numpy())
    validate_annotation(make_annotation([first, second]), source='motion')
    second['keypoint'][:] = 0
    assert motion.keypoint[1, :3].abs().sum() > 0
    assert motion_to_annotations(motion, prefix='gen', skeleton='h36m17')[0]['skeleton'] == 'h36m17'
    assert 'latent' not in motion_to_annotations(motion, prefix='gen', with_latent=True)[0]
    motion = replace(motion, latent=torch.tensor([[1., 2.], [3., 4.]]))
    assert 'latent' not in motion_to_annotations(motion, prefix='gen')[0]
    assert [clip['latent'].tolist() for clip in motion_to_annotations(motion, prefix='gen', with_latent=True)] == [[1, 2], [3, 4]]


def test_clips_without_a_label(tmp_path):
    """To be recognized; to train on they are refused as before."""
    clips = [make_clip(name) for name in 'abc']
    del clips[0]['label']
    clips[1]['label'], clips[2]['label'] = None, np.int64(-1)
    (tmp_path / 'new.pkl').write_bytes(pickle.dumps(make_annotation(clips)))
    with pytest.raises(AnnotationError, match="(?s)3 of 3.*no 'label'.*label None is no class index.*label .*-1.* is no class index"):
        load_annotation(tmp_path / 'new.pkl')
    assert len(load_annotation(tmp_path / 'new.pkl', unlabelled=True)['annotations']) == 3
    (tmp_path / 'new.pkl').write_bytes(pickle.dumps(make_annotation([make_clip('a'), make_clip('b', label=3)])))
    with pytest.raises(AnnotationError, match='unknown label 3'):
        load_annotation(tmp_path / 'new.pkl', unlabelled=True)


@pytest.mark.parametrize('key, advised', [('keypoint', True), ('keypoint_score', True), ('pose', False)])
def test_nan_names_the_ways_out(tmp_path, key, advised):
    clip = make_clip('a', keypoint_score=np.ones((1, 6, 17), np.float32))
    clip[key][0, 4] = np.nan
    (tmp_path / 'a.pkl').write_bytes(pickle.dumps(make_annotation([clip])))
    with pytest.raises(AnnotationError, match=f'{key} holds NaN') as caught:
        load_annotation(tmp_path / 'a.pkl')
    assert advised == ('fill_gaps=dict(max_gap=N) of the dataset, or --fill-gaps N of mmagenc mix and import-…' in str(caught.value))


def test_clips_are_mended_before_they_are_checked(tmp_path):
    """Only those whose form is whole; what cannot be mended is broken for the reason that is given."""
    def mend(clip, metainfo):
        if clip['frame_dir'] == 'b':
            raise ValueError(f'not with {metainfo["skeleton"]}')
        return dict(clip, keypoint=np.nan_to_num(clip['keypoint']))

    clips = [make_clip('a'), make_clip('b'), make_clip('c', label='x')]
    clips[0]['keypoint'][0, 2] = np.nan
    path = tmp_path / 'a.pkl'
    path.write_bytes(pickle.dumps(make_annotation(clips)))
    with pytest.raises(AnnotationError, match=r"2 of 3 .*\n  clip 1 \(b\): not with infact17\n  clip 2 \(c\): label 'x' is no class index"):
        load_annotation(path, mend=mend)
    annotation = load_annotation(path, mend=mend, skip_broken=True)
    assert [clip['frame_dir'] for clip in annotation['annotations']] == ['a'] and annotation['split'] == dict(train=['a'])
    assert not annotation['annotations'][0]['keypoint'][0, 2].any()


def test_what_files_do_not_say(tmp_path):
    (tmp_path / 'a.pkl').write_bytes(pickle.dumps([make_clip('a')]))
    assert load_annotation(tmp_path / 'a.pkl', metainfo=dict(skeleton='infact17'))['metainfo'] == dict(skeleton='infact17')
    with pytest.raises(AnnotationError, match='keypoint has 17 joints, ntu25 has 25'):
        load_annotation(tmp_path / 'a.pkl', metainfo=dict(skeleton='ntu25'))
    save_annotation(make_annotation([make_clip('a')]), tmp_path / 'a.npz')
    assert load_annotation(tmp_path / 'a.npz', metainfo=dict(skeleton='ntu25'))['metainfo']['skeleton'] == 'infact17'


def test_merging_frame_rates_and_coordinates():
    def at(name, fps, **settings):
        annotation = make_annotation([make_clip(name, frames=9, **settings)])
        annotation['metainfo']['fps'] = fps
        return annotation

    with pytest.raises(AnnotationError, match='clip b has 60 fps, others 30; merge_annotations.*fps=.* resamples'):
        merge_annotations([at('a', 30), at('b', 60)])
    merged = merge_annotations([at('a', 30), at('b', 60)], fps=30)
    assert [clip['total_frames'] for clip in merged['annotations']] == [9, 5] and merged['metainfo']['fps'] == 30
    assert merge_annotations([at('a', None), at('b', 60)])['metainfo']['fps'] == 60
    with pytest.raises(AnnotationError, match='annotation 1: keypoint has 2 coordinates, that of the clips before 3'):
        merge_annotations([at('a', 30), at('b', 30, dims=2)])


def test_merging():
    first, second = make_annotation([make_clip('a')]), make_annotation([make_clip('b')], split=dict(train=['b'], val=['b']))
    merged = merge_annotations([first, second])
    assert merged['split'] == dict(train=['a', 'b'], val=['b']) and len(merged['annotations']) == 2
    assert merged['metainfo']['classes'] == CLASSES and first['split'] == dict(train=['a'])
    with pytest.raises(AnnotationError, match='the same frame_dir'):
        merge_annotations([first, first])
    with pytest.raises(AnnotationError, match='different classes'):
        merge_annotations([first, make_annotation([make_clip('b')], classes=['x'])])
    with pytest.raises(AnnotationError, match='different skeleton'):
        merge_annotations([first, make_annotation([make_clip('b')], skeleton='h36m17')])
    with pytest.raises(AnnotationError, match='no annotations'):
        merge_annotations([])


def test_a_long_list_of_clips_left_out_ends_with_its_sum():
    reasons = ['keypoint 5 (left_wrist) is missing in 9 frames', 'keypoint 5 (left_wrist), keypoint 7 (nose): never seen', 'no label']
    problems = [(index, f'c{index}', reasons[index % 3]) for index in range(13)]
    said = left_out_words(problems, source='a.npz', total=20, where='the log has all').splitlines()
    assert said[:5] == [
        'a.npz: left out 13 of 20 clips', f'  5 clips, such as c0, c3, c6: {reasons[0]}', f'  4 clips, such as c1, c4, c7: {reasons[1]}',
        f'  4 clips, such as c2, c5, c8: {reasons[2]}', '  the log has all'] and len(said) == 6
    assert len(left_out_words(problems[:12], source='a.npz', total=20).splitlines()) == 13  # one sees all of it
    plain = left_out_words([(index, f'c{index}', 'no label') for index in range(13)], source='a.npz', total=20)
    assert plain.endswith('\n  so 7 of 20 clips are left')


def test_reasons_that_differ_in_numbers_alone_are_one_and_of_many_the_most_frequent_are_shown():
    problems = [(index, f'c{index}', f'label {-index} is no class') for index in range(20)]
    problems += [(20 + index, f'c{20 + index}', f'odd in {"abcdefghijkl"[index]}') for index in range(12)]
    said = left_out_words(problems, source='a.npz', total=40).splitlines()
    assert said[1:3] == ['  20 clips, such as c0, c1, c2: label 0 is no class', '  clip 20 (c20): odd in a']
    assert said[-2:] == ['  … and 3 for 3 other reasons', '  so 8 of 40 clips are left'] and len(said) == 13


@pytest.mark.parametrize('filed', [True, False])
def test_all_that_were_left_out_are_named_in_the_log_file_or_at_debug(filed, tmp_path, monkeypatch):
    problems, said = [(index, f'c{index}', 'no label') for index in range(50)], []
    logger = MMLogger.get_instance(f'left-out-{filed}', log_file=str(tmp_path / 'a.log') if filed else None)
    monkeypatch.setattr(MMLogger, 'get_current_instance', lambda: logger)
    monkeypatch.setattr('mmagenc.datasets.annotation.print_log', lambda text, logger, level: said.append((level, text)))
    warn_left_out(problems, source='f.pkl', total=60)
    warn_left_out(problems, source='f.pkl', total=60)
    level, text = said[0]
    assert level == logging.WARNING and len(text.splitlines()) == 4 and 'c49' not in text
    listed = '\n'.join(f'  clip {index} (c{index}): no label' for index in range(50))
    if filed:
        assert 'the log file of this run names all of them' in text and len(said) == 2
        assert (tmp_path / 'a.log').read_text().count(f'f.pkl: all 50 clips that were left out:\n{listed}\n') == 1
    else:
        assert 'the log level DEBUG names all of them' in text and said[1] == (
            logging.DEBUG, f'f.pkl: all 50 clips that were left out:\n{listed}')
