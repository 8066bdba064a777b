"""Files of any classes, or of none, as one set to pretrain on."""

import numpy as np
import pytest

from mmagenc.datasets import AnnotationError, BaseMotion, save_annotation

FORMAT = dict(fps=20., skeleton='smpl24')


def write(path, classes, prefix='a', skeleton='smpl24', labels=None, **kwargs):
    """Two clips of each class; those of even number are train, the subject is the number."""
    rng = np.random.default_rng(0)
    joints = dict(smpl24=24, ucla20=20)[skeleton]
    clips = []
    for index in range(2 * len(classes)):
        clip = dict(frame_dir=f'{prefix}{index}', label=index // 2, total_frames=9, subject=f's{index % 2}',
                    keypoint=rng.normal(size=(1, 9, joints, 3)).astype(np.float32))
        clips.append(clip if labels is None else {**clip, 'label': labels})
    names = [clip['frame_dir'] for clip in clips]
    save_annotation(dict(split=dict(train=names[::2], test=names[1::2]), annotations=clips,
                         metainfo=dict(dict(FORMAT, classes=classes, skeleton=skeleton), **kwargs)), path, unlabelled=labels is not None)
    return str(path)


def labels_of(dataset):
    return {clip['frame_dir']: dataset.metainfo['classes'][clip['label']] for clip in dataset.annotations()}


def test_classes_of_several_files_are_joined_by_name(tmp_path):
    files = [write(tmp_path / 'a.npz', ['walk', 'run']), write(tmp_path / 'b.npz', ['run', 'sit'], prefix='b')]
    dataset = BaseMotion(files)
    dataset.full_init()
    assert dataset.metainfo['classes'] == ['walk', 'run', 'sit'] and len(dataset) == 8
    assert labels_of(dataset) == dict(a0='walk', a1='walk', a2='run', a3='run', b0='run', b1='run', b2='sit', b3='sit')


def test_only_classes_with_clips_are_told_apart(tmp_path):
    path = write(tmp_path / 'a.npz', ['walk', 'run', 'sit'])
    for settings, expected in ((dict(classes=['sit', 'run']), ['run', 'sit']), (dict(exclude=['a0', 'a1']), ['run', 'sit']),
                               (dict(split='test', exclude=['a1']), ['run', 'sit'])):
        dataset = BaseMotion(path, **settings)
        dataset.full_init()
        assert dataset.metainfo['classes'] == expected and set(labels_of(dataset).values()) == set(expected)


def test_subjects_and_names_are_left_out(tmp_path):
    path = write(tmp_path / 'a.npz', ['walk', 'run'])
    assert set(labels_of(BaseMotion(path, exclude_subjects=['s1'], exclude=['a2']))) == {'a0'}
    with pytest.raises(AnnotationError, match="no clip has the subject 's7' that is to be left out; there are s0, s1"):
        BaseMotion(path, exclude_subjects=['s7']).full_init()
    with pytest.raises(AnnotationError, match="no clip is of the class 'fly'; there are run, walk"):
        BaseMotion(path, classes=['walk', 'fly']).full_init()
    with pytest.raises(AnnotationError, match='no clips are left to pretrain on, of 4 in the files'):
        BaseMotion(path, exclude_subjects=['s0', 's1']).full_init()


def test_clips_without_labels_are_of_one_class(tmp_path):
    path = write(tmp_path / 'a.npz', ['walk', 'run'], labels=-1)
    dataset = BaseMotion(path, labelled=False)
    assert labels_of(dataset) == dict.fromkeys(('a0', 'a1', 'a2', 'a3'), 'motion')
    with pytest.raises(AnnotationError, match='label -1 is no class index'):
        BaseMotion(path).full_init()


def test_other_layouts_and_rates_are_brought_over(tmp_path):
    files = [write(tmp_path / 'a.npz', ['walk'], skeleton='ucla20'), write(tmp_path / 'b.npz', ['sit'], prefix='b', fps=40.)]
    dataset = BaseMotion(files, fps=20., metainfo=dict(skeleton='ucla20'))
    clips = {clip['frame_dir']: clip for clip in dataset.annotations()}
    assert {name: clip['keypoint'].shape for name, clip in clips.items()} == dict(
        a0=(1, 9, 20, 3), a1=(1, 9, 20, 3), b0=(1, 5, 20, 3), b1=(1, 5, 20, 3))
    source = BaseMotion(files[1]).annotations()[0]['keypoint']
    np.testing.assert_allclose(clips['b0']['keypoint'][0, :, 1], source[0, ::2, 6], atol=1e-6)  # spine is spine2
