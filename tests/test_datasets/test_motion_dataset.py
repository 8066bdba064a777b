import copy
import logging
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.utils import register_all_modules
from mmengine.dataset import pseudo_collate
from mmengine.registry import DefaultScope
from torch.utils.data import DataLoader

from mmagenc.commands.table import COMMANDS
from mmagenc.datasets import AnnotationError, InfActPrimitive, InfantAction, MotionDataset, load_annotation, save_annotation
from mmagenc.registry import DATASETS
from mmagenc.skeletons import joint_map
from tests.test_datasets.clips import CLASSES, make_annotation, make_clip, published_clip

ROOT = Path(__file__).parents[2]
POSTURES = InfActPrimitive.METAINFO['classes']


@pytest.fixture(autouse=True)
def _scope():
    register_all_modules(init_default_scope=False)
    with DefaultScope.overwrite_default_scope('mmagenc'):
        yield


@pytest.fixture
def real(tmp_path):
    save_annotation(make_annotation(split=dict(train=['a', 'b'], val=['c'], test=['d'])), tmp_path / 'real.npz')
    return str(tmp_path / 'real.npz')


@pytest.fixture
def pool(tmp_path):
    clips = [make_clip('p0', label=1, seed=8), make_clip('p1', label=2, seed=9)]
    save_annotation(make_annotation(clips), tmp_path / 'pool.pkl')
    return str(tmp_path / 'pool.pkl')


def names(dataset):
    return [clip['frame_dir'] for clip in dataset.annotations()]


@pytest.mark.parametrize('split, expected', [(None, 'abcd'), ('train', 'ab'), (['test', 'val'], 'cd')])
def test_splits(real, split, expected):
    dataset = DATASETS.build(dict(type='MotionDataset', ann_file=real, split=split))
    assert ''.join(names(dataset)) == expected
    assert len(dataset) == len(expected) and dataset.num_classes == 3
    assert dataset.metainfo == dict(classes=CLASSES, skeleton='infact17', fps=30.)


def test_clips_by_name(real):
    """In the order of their names in the settings; of a split those that are in it."""
    assert names(MotionDataset(real, clips=['d', 'a'])) == ['d', 'a'] and names(MotionDataset(real, split='val', clips=['c'])) == ['c']
    assert names(MotionDataset(real, clips=['d', 'a', 'b'], indices=[1, 2])) == ['a', 'b']
    with pytest.raises(AnnotationError, match=r'real\.npz: 1 of the 2 clips that this set names .* are not there in split val, such as a'):
        MotionDataset(real, split='val', clips=['a', 'c'])
    with pytest.raises(ValueError, match='clips must be a list of names'):
        MotionDataset(real, clips='a')
    with pytest.raises(ValueError, match='clips must be a list of names'):
        MotionDataset(real, clips=[3])
    with pytest.raises(ValueError, match='clips names a twice'):
        MotionDataset(real, clips=['a', 'b', 'a'])


def test_splits_that_are_not_there(real, pool):
    with pytest.raises(AnnotationError, match=r"real\.npz: no split \['trian'\]; it has \['test', 'train', 'val'\]"):
        MotionDataset(real, split='trian')
    with pytest.raises(AnnotationError, match=r"no split \['vla'\]; found \['test', 'train', 'val'\]"):
        MotionDataset([real, pool], split=['train', 'vla'])
    with pytest.raises(AnnotationError, match=r"real\.npz, .*pool\.pkl: no split \['vla'\]; found \['test', 'train', 'val'\]"):
        MotionDataset([real, pool], split='vla')


def test_a_file_of_a_list_may_lack_a_split(real, pool, monkeypatch):
    """If another has it; that nothing is taken of the file is said, and louder if it has no splits at all."""
    said = []
    monkeypatch.setattr('mmagenc.datasets.motion_dataset.print_log', lambda text, logger, level: said.append((text, level)))
    for files in ([real, pool], [pool, real]):
        assert names(MotionDataset(files, split='test')) == ['d']
        assert set(names(MotionDataset(files, split=['test', 'train']))) == {*'abd', 'p0', 'p1'}
        assert said.pop() == (f"{pool}: no split ['test'], which other files of the list have: none of its 2 clips is taken here; it has "
                              "['train']", logging.INFO) and not said
    content = load_annotation(pool)
    save_annotation(dict(content, split={}), pool)
    assert names(MotionDataset([real, pool], split='train')) == ['a', 'b']
    assert said[0][0].endswith('it has []') and said[0][1] == logging.WARNING
    dataset = MotionDataset([real, pool], split='test', test_mode=True)
    assert said[1][1] == logging.INFO, 'that recordings without splits are not tested is as it should be'
    assert set(dataset.unsplit) == {'p0', 'p1'} and dataset.members('train') == ['a', 'b'] and dataset.members('other') == []


def test_sample_before_the_pipeline(real):
    dataset = MotionDataset(real, test_mode=True)
    sample = dataset[1]
    assert sample['keypoint'].shape == (1, 6, 17, 3) and sample['pose'].shape == (1, 6, 24, 3)
    assert {key: sample[key] for key in ('skeleton', 'modality', 'start_index', 'test_mode', 'label', 'sample_idx')} == dict(
        skeleton='infact17', modality='Pose', start_index=0, test_mode=True, label=1, sample_idx=1)
    assert dataset[-1]['frame_dir'] == 'd' and dataset[-1]['sample_idx'] == 3


def test_transforms_that_write_into_arrays_do_not_change_the_data(tmp_path):
    """MMAction2's PreNormalize2D does."""
    save_annotation(make_annotation([make_clip(dims=2)]), tmp_path / 'pixels.npz')
    dataset = MotionDataset(str(tmp_path / 'pixels.npz'), pipeline=[dict(type='mmaction.PreNormalize2D', img_shape=(2, 2))])
    first = dataset[0]['keypoint'].copy()
    assert np.array_equal(dataset[0]['keypoint'], first)
    assert np.array_equal(dataset.annotations()[0]['keypoint'], make_clip(dims=2)['keypoint'])


def overwrite(value):
    """Write into everything that can be written into."""
    if isinstance(value, np.ndarray):
        value[...] = -1
    elif isinstance(value, dict):
        for item in list(value.values()):
            overwrite(item)
        value['overwritten'] = True
    elif isinstance(value, list):
        for item in value:
            overwrite(item)
        value.append('overwritten')


class Overwriting:
    """A transform that writes into everything that it is given."""

    def __call__(self, results):
        overwrite(results)
        return results


@pytest.mark.parametrize('serialize', [False, True])
def test_nobody_can_write_into_the_recordings(tmp_path, serialize):
    clips = [make_clip(name, notes=dict(boxes=[[1, 2]], crop=np.ones(3))) for name in ('a', 'b')]
    save_annotation(make_annotation(clips), tmp_path / 'clips.pkl')
    dataset = MotionDataset(str(tmp_path / 'clips.pkl'), pipeline=[Overwriting()], serialize_data=serialize)
    before = pickle.dumps(list(dataset.annotations()))
    consumers = [lambda: dataset[0], lambda: overwrite(dataset.get_data_info(1)), lambda: overwrite(dataset.annotations()[0]),
                 lambda: [overwrite(clip) for clip in dataset.annotations()], lambda: overwrite(list(dataset.annotations()[1:])),
                 lambda: overwrite(dataset.annotations().values('notes'))]
    for consumer in consumers:
        consumer()
        assert pickle.dumps(list(dataset.annotations())) == before


def test_the_list_of_clips_is_a_list(real):
    clips = MotionDataset(real, split='train').annotations()
    assert len(clips) == 2 and [clip['frame_dir'] for clip in clips] == clips.values('frame_dir') == ['a', 'b']
    assert [clip['frame_dir'] for clip in clips[1:]] == ['b'] and clips[-1]['frame_dir'] == 'b'
    longer = clips + [make_clip('new')] + clips[:1]
    assert longer.values('frame_dir') == ['a', 'b', 'new', 'a'] and len(clips) == 2
    with pytest.raises(IndexError):
        clips[2]


def test_mixed_set_of_real_clips_and_a_pool(real, pool):
    dataset = MotionDataset([real, pool], split='train')
    assert names(dataset) == ['a', 'b', 'p0', 'p1']
    assert [dataset[index]['label'] for index in range(4)] == [0, 1, 1, 2]


def test_clips_whose_class_changes_are_told_of(tmp_path, monkeypatch):
    """As training clips they teach one class by what half of them shows of another."""
    clips = [make_clip(name, label=1, seed=index) for index, name in enumerate('abc')]
    shares = np.eye(3, dtype=np.float32)
    clips[1]['class_path'], clips[2]['class_path'] = shares[[0, 0, 1, 1, 1, 1]], shares[[1] * 6]
    path = tmp_path / 'paths.npz'
    save_annotation(make_annotation(clips), path)
    said = []
    monkeypatch.setattr('mmagenc.datasets.motion_dataset.print_log', lambda text, logger, level: said.append(text))
    MotionDataset(str(path), test_mode=True).full_init()
    assert not said
    MotionDataset(str(path)).full_init()
    text, = said
    assert 'paths.npz: in 1 of 3 clips the class changes on the way (class_path), such as b: each counts wholly' in text
    assert text.endswith('this one as kick')


def test_a_split_whose_clips_are_all_broken_says_where_they_went(tmp_path):
    """It was ``no clips of split ['train']``, as if the file named none."""
    clips = [make_clip(name, seed=index) for index, name in enumerate('ab')]
    clips[0]['keypoint'][0, 1, 2] = np.nan
    path = tmp_path / 'a.pkl'
    path.write_bytes(pickle.dumps(make_annotation(clips, split=dict(train=['a'], test=['b']))))
    with pytest.raises(AnnotationError, match=r'a\.pkl: no clips of split train are left; what skip_broken leaves out'):
        MotionDataset(str(path), split='train', skip_broken=True)
    assert names(MotionDataset(str(path), split='test', skip_broken=True)) == ['b']


def test_files_that_do_not_go_together(real, tmp_path):
    save_annotation(make_annotation([make_clip('x')], classes=['kick', 'wave', 'roll']), tmp_path / 'order.npz')
    with pytest.raises(AnnotationError, match='order.npz: classes .* differ from'):
        MotionDataset([real, str(tmp_path / 'order.npz')])
    with pytest.raises(AnnotationError, match=r'clip 4 \(a\): the same frame_dir as clip 0 of these files'):
        MotionDataset([real, real])
    assert names(MotionDataset([real, real], skip_broken=True)) == list('abcd')
    save_annotation(make_annotation([make_clip('x', joints=25)], skeleton='ntu25'), tmp_path / 'ntu.npz')
    with pytest.raises(AnnotationError, match='ntu.npz: no joint map from ntu25 to infact17'):
        MotionDataset([real, str(tmp_path / 'ntu.npz')])
    with pytest.raises(AnnotationError, match='no clips'):
        MotionDataset([])


def test_other_layouts_are_mapped(real, tmp_path):
    clip = make_clip('smpl', joints=24)
    save_annotation(make_annotation([clip], skeleton='smpl24'), tmp_path / 'smpl.npz')
    expected = clip['keypoint'][:, :, joint_map('smpl24', 'infact17')]
    mixed = MotionDataset([real, str(tmp_path / 'smpl.npz')])
    assert np.array_equal(mixed[4]['keypoint'], expected) and mixed[4]['skeleton'] == 'infact17'
    alone = MotionDataset(str(tmp_path / 'smpl.npz'), metainfo=dict(skeleton='infact17'))
    assert np.array_equal(alone[0]['keypoint'], expected) and alone.num_classes == 3


def test_growing(real):
    dataset = MotionDataset(real, pipeline=[dict(type='PackMotionInputs')])
    before = dataset.annotations()
    pool_clip = make_clip('new', joints=24, label=2, skeleton='smpl24')
    dataset.extend([pool_clip, make_clip('newer')])
    assert len(dataset) == 6 and len(before) == 4
    expected = pool_clip['keypoint'][0][:, joint_map('smpl24', 'infact17')]
    assert np.array_equal(dataset[4]['inputs']['keypoint'].numpy(), expected)
    assert dataset.annotations()[4]['skeleton'] == 'infact17' and pool_clip['skeleton'] == 'smpl24'
    batches = list(DataLoader(dataset, batch_size=4, collate_fn=pseudo_collate))
    assert [sample.frame_dir for batch in batches for sample in batch['data_samples']] == ['a', 'b', 'c', 'd', 'new', 'newer']


@pytest.mark.parametrize('clips, reason', [
    ([make_clip('new'), make_clip('a')], r'1 of 2 clips are broken\n  clip 1 \(a\): the same frame_dir as a clip that is there already'),
    ([make_clip('new'), make_clip('new')], 'the same frame_dir as clip 0'), ([make_clip('new', label=3)], 'unknown label 3'),
    ([make_clip('new', joints=24)], 'keypoint has 24 joints, infact17 has 17'),
    ([make_clip('n'), make_clip('new', joints=25, skeleton='ntu25')], 'no joint map from ntu25'),
])
def test_growing_by_what_does_not_fit_adds_nothing(real, clips, reason):
    dataset = MotionDataset(real)
    with pytest.raises(AnnotationError, match='added clips: ' + ('.*' + reason if 'map' in reason else '(?s:.*)' + reason)):
        dataset.extend(clips)
    assert names(dataset) == list('abcd')


def test_clips_of_others_go_through_the_pipeline(real):
    """As if they were the dataset's, which they are not: checked, brought over, with the arrays that all have, and told apart."""
    pipeline = [dict(type='mmaction.FormatGCNInput', num_person=1), dict(type='mmaction.PackActionInputs')]
    dataset, grown = (MotionDataset(real, split='train', pipeline=pipeline) for _ in range(2))
    clip = dict(make_clip('other', label=2, seed=8, fps=30.), source='synthetic')
    adopted, = dataset.adopted([clip])
    assert len(dataset) == 2 and 'fps' not in adopted
    sample = dataset.sample_of(adopted)
    grown.extend([clip])
    torch.testing.assert_close(sample['inputs'], grown[2]['inputs'])
    packed = [data['data_samples'] for data in (sample, grown[2], grown[0])]
    assert [one.metainfo.get('source') for one in packed] == ['synthetic', 'synthetic', 'real'] and packed[0].gt_label.item() == 2
    with pytest.raises(AnnotationError, match='generated clips: 1 of 1 clips'):
        dataset.adopted([make_clip('a')], source='generated clips')
    dataset.pipeline = lambda info: None
    with pytest.raises(AnnotationError, match='clip other: the pipeline drops it'):
        dataset.sample_of(adopted)


def test_samples_have_the_arrays_that_clips_of_others_have(tmp_path):
    save_annotation(make_annotation([make_clip(name) for name in 'ab']), tmp_path / 'real.npz')
    dataset = MotionDataset(str(tmp_path / 'real.npz'))
    clip = {key: value for key, value in make_clip('c').items() if key != 'pose'}
    plain, = dataset.adopted([clip])
    with pytest.raises(AnnotationError, match='clip c has no pose, as the clips of this dataset have'):
        dataset.sample_of(plain)
    dataset.share_arrays([plain])
    assert dataset.sample_of(plain).keys() == dataset[0].keys() and 'pose' not in dataset[0]


def test_serialized_data(real):
    plain, packed = MotionDataset(real), MotionDataset(real, serialize_data=True)
    assert len(packed) == 4 and names(packed) == names(plain)
    assert np.array_equal(packed[2]['pose'], plain[2]['pose']) and packed[2]['skeleton'] == 'infact17'
    with pytest.raises(ValueError, match='serialize_data=False'):
        packed.extend([make_clip('new')])


def test_what_datasets_of_mmengine_do(real, tmp_path):
    lazy = MotionDataset('real.npz', data_root=str(tmp_path), lazy_init=True)
    assert not lazy._fully_initialized and len(lazy) == 4
    assert len(MotionDataset(real, indices=2)) == 2
    subset = lazy.get_subset([1, 3])
    assert names(subset) == ['b', 'd'] and subset.num_classes == 3
    repeated = DATASETS.build(dict(type='RepeatDataset', times=3, dataset=dict(type='MotionDataset', ann_file=real)))
    assert len(repeated) == 12 and repeated[5]['frame_dir'] == 'b'


@pytest.mark.parametrize('serialize_data', [False, True])
def test_rare_classes_are_repeated_by_mmengines_own_wrapper(tmp_path, serialize_data):
    """Of a quarter of the clips, with half asked for: √2 times, which it rounds up."""
    clips = [make_clip(f'c{index}', label=int(index == 3)) for index in range(4)]
    save_annotation(make_annotation(clips), tmp_path / 'rare.npz')
    settings = dict(type='MotionDataset', ann_file=str(tmp_path / 'rare.npz'), serialize_data=serialize_data)
    balanced = DATASETS.build(dict(type='ClassBalancedDataset', oversample_thr=0.5, dataset=settings))
    assert [balanced[index]['frame_dir'] for index in range(len(balanced))] == ['c0', 'c1', 'c2', 'c3', 'c3']
    assert balanced.dataset.get_cat_ids(3) == [1]


def test_mmaction2_files_take_classes_and_skeleton_from_metainfo(tmp_path, monkeypatch):
    """A folder named as the skeleton must not be taken for a file of meta information."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'coco17').mkdir()
    clips = [dict(filename='x', label=1, total_frames=3, keypoint=np.ones((2, 3, 17, 2), np.float16), keypoint_score=np.ones((2, 3, 17)))]
    (tmp_path / 'ann.pkl').write_bytes(pickle.dumps(dict(split=dict(train=['x']), annotations=clips)))
    dataset = MotionDataset('ann.pkl', split='train', metainfo=dict(skeleton='coco17', classes=['run', 'jump']))
    assert dataset.num_classes == 2 and dataset[0]['skeleton'] == 'coco17'
    with pytest.raises(AnnotationError, match=r'ann\.pkl: clip 0 \(x\): unknown label 1, there are 1 classes: run'):
        MotionDataset('ann.pkl', metainfo=dict(classes=['run']))
    with pytest.raises(ValueError, match='no class names; give metainfo'):
        assert MotionDataset('ann.pkl').num_classes


def test_recognizer_pipeline_of_mmaction2(real):
    pipeline = [dict(type='ConsecutiveSample', num_frames=60), dict(type='PoseToRot6d'), dict(type='mmaction.FormatGCNInput', num_person=1),
                dict(type='mmaction.PackActionInputs')]
    sample = DATASETS.build(dict(type='MotionDataset', ann_file=real, pipeline=pipeline))[2]
    assert sample['inputs'].shape == (1, 1, 60, 24, 6) and sample['inputs'].dtype == torch.float32
    assert sample['data_samples'].gt_label.tolist() == [2]


def test_mmaction2_decoding_and_sampling(real):
    pipeline = [dict(type='mmaction.UniformSampleFrames', clip_len=5), dict(type='mmaction.PoseDecode'),
                dict(type='mmaction.FormatGCNInput', num_person=2), dict(type='mmaction.PackActionInputs')]
    assert MotionDataset(real, pipeline=pipeline)[0]['inputs'].shape == (1, 2, 5, 17, 3)


# Published infants -----------------------------------------------------------------------------------------------------------------


def test_published_files_and_a_pool(tmp_path):
    real = tmp_path / 'primitive_train.pkl'
    real.write_bytes(pickle.dumps([published_clip('r', label=4)]))
    for suffix in ('npz', 'pkl'):
        save_annotation(make_annotation([make_clip('p', label=3)], classes=POSTURES), tmp_path / f'pool.{suffix}')
        dataset = DATASETS.build(dict(type='InfActPrimitive', ann_file=[str(real), str(tmp_path / f'pool.{suffix}')], split='train'))
        assert names(dataset) == ['r', 'p'] and [clip['label'] for clip in dataset.annotations()] == [4, 3]
        assert dataset.metainfo['classes'] == ['Supine', 'Prone', 'Sitting', 'Standing', 'All-fours']


def test_infant_action(tmp_path):
    path = tmp_path / 'train_trans_data.pkl'
    path.write_bytes(pickle.dumps([published_clip(label='Rolling', label_key='action_label')]))
    dataset = InfantAction(str(path))
    assert dataset.annotations()[0]['label'] == 3 and dataset.metainfo['classes'] == ['Crawling', 'Sitting', 'Standing', 'Rolling']
    with pytest.raises(AnnotationError, match='no pos_label'):
        InfActPrimitive(str(path))


def test_broken_published_clips(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr('mmagenc.datasets.annotation.print_log', lambda text, **_: said.append(text))
    path = tmp_path / 'primitive_train.pkl'
    path.write_bytes(pickle.dumps([published_clip('good'), published_clip('bad', label=7)]))
    with pytest.raises(AnnotationError, match=r'clip 1 \(bad\): unknown label 7'):
        InfActPrimitive(str(path))
    assert names(InfActPrimitive(str(path), skip_broken=True)) == ['good']
    assert len(said) == 1 and 'left out 1 of 2 clips' in said[0] and 'bad' in said[0]


@pytest.mark.parametrize('dataset, place', [(InfActPrimitive, 'data/InfActPrimitive/Data/primitive_'), (InfantAction, 'data/InfActPlus/')])
def test_missing_files_say_what_to_do(dataset, place):
    with pytest.raises(FileNotFoundError) as caught:
        dataset('nowhere/train.pkl')
    message = str(caught.value)
    assert 'nowhere/train.pkl' in message and place in message and 'mmagenc standin' in message
    assert dataset.standin_config in message
    assert (ROOT / dataset.standin_config).is_file() and 'standin' in COMMANDS
    with pytest.raises(FileNotFoundError, match='nowhere.npz: no such annotation file'):
        MotionDataset('nowhere.npz')


def test_recordings_with_translation_and_pool_without_go_into_one_batch(tmp_path):
    """Samples have the arrays that every clip has, also after the dataset has grown."""
    rng = np.random.default_rng(0)

    def clip(name, **extra):
        keypoint, pose = rng.normal(size=(2, 1, 4, 24, 3))
        return dict(frame_dir=name, label=0, total_frames=4, keypoint=keypoint, pose=pose, **extra)

    metainfo = dict(classes=['a'], skeleton='smpl24')
    real = [clip(f'real{i}', transl=rng.normal(size=(1, 4, 3))) for i in range(2)]
    save_annotation(dict(split=dict(train=['real0', 'real1']), metainfo=metainfo, annotations=real), tmp_path / 'real.npz')
    dataset = MotionDataset(str(tmp_path / 'real.npz'), pipeline=[dict(type='mmagenc.PackMotionInputs')])
    assert set(dataset[0]['inputs']) == {'pose', 'keypoint', 'transl'}
    dataset.extend([clip('made')])
    assert set(pseudo_collate([dataset[i] for i in range(3)])['inputs']) == {'pose', 'keypoint'}
    save_annotation(dict(split=dict(train=['made']), metainfo=metainfo, annotations=[clip('made')]), tmp_path / 'pool.npz')
    mixed = MotionDataset([str(tmp_path / 'real.npz'), str(tmp_path / 'pool.npz')], pipeline=[dict(type='mmagenc.PackMotionInputs')])
    assert set(mixed[0]['inputs']) == {'pose', 'keypoint'}


# What files do not say alike -------------------------------------------------------------------------------------------------------


@pytest.fixture
def logged(monkeypatch):
    texts = []
    for module in ('annotation', 'agreement', 'gaps', 'mending'):
        monkeypatch.setattr(f'mmagenc.datasets.{module}.print_log', lambda text, **_: texts.append(text))
    return texts


def write(path, clips, **metainfo):
    annotation = make_annotation(clips)
    annotation['metainfo'] = {key: value for key, value in dict(annotation['metainfo'], **metainfo).items() if value is not None}
    path.write_bytes(pickle.dumps(annotation))
    return str(path)


def pixels(name, frames=40, **extra):
    """A point that goes evenly in each coordinate, with full scores."""
    way, place = np.arange(frames)[None, :, None, None], np.arange(17)[:, None] * np.ones(2)
    return dict(frame_dir=name, label=0, total_frames=frames, keypoint=(100 + way + place).astype(np.float32),
                keypoint_score=np.ones((1, frames, 17), np.float32), **extra)


def test_labels_of_files_without_classes_are_told(tmp_path, logged):
    named = write(tmp_path / 'named.pkl', [make_clip('a')], classes=['run'])
    silent = write(tmp_path / 'silent.pkl', [make_clip('b')], classes=None)
    assert MotionDataset([silent, named], metainfo=dict(classes=['run'])).metainfo['classes'] == ['run'] and not logged
    MotionDataset(silent, metainfo=dict(classes=['run'])), MotionDataset([silent])
    assert not logged
    for files in ([silent, named], [named, silent]):
        assert MotionDataset(files).metainfo['classes'] == ['run']
        assert 'silent.pkl: no classes in the metainfo; labels are taken for the classes of the others: 0 run' in logged.pop()
        assert not logged


def test_frame_rates(tmp_path, logged):
    slow, fast = write(tmp_path / 'slow.pkl', [pixels('a')], fps=25.), write(tmp_path / 'fast.pkl', [pixels('b')], fps=50.)
    silent = write(tmp_path / 'silent.pkl', [pixels('c')], fps=None)
    with pytest.raises(AnnotationError, match=r'fast.pkl: clip b has 50 fps, others 25; MotionDataset\(fps=...\) or --fps of the tools'):
        MotionDataset([slow, fast])
    with pytest.raises(AnnotationError, match='slow.pkl: clip a has 25 fps, others 30'):
        MotionDataset(slow, metainfo=dict(fps=30))
    dataset = MotionDataset([slow, fast], fps=25)
    assert [clip['total_frames'] for clip in dataset.annotations()] == [40, 20] and dataset.metainfo['fps'] == 25
    assert np.allclose(dataset[1]['keypoint'], pixels('b')['keypoint'][:, ::2])
    assert not logged
    assert MotionDataset([slow, silent]).metainfo['fps'] == 25
    assert len(logged) == 1 and 'silent.pkl: no fps in the metainfo; the clips are taken to have 25 fps' in logged[0]
    assert len(MotionDataset(silent, fps=25, metainfo=dict(fps=50))[0]['keypoint'][0]) == 20
    dataset.extend([pixels('d'), pixels('e', fps=50)])
    assert [clip['total_frames'] for clip in dataset.annotations()] == [40, 20, 40, 20] and 'fps' not in dataset.annotations()[3]
    dataset = MotionDataset(slow)
    with pytest.raises(AnnotationError, match='added clips: clip e has 50 fps, others 25'):
        dataset.extend([pixels('d'), pixels('e', fps=50)])
    assert len(dataset) == 1
    own = write(tmp_path / 'own.pkl', [pixels('a', fps=25), pixels('b')], fps=50.)
    with pytest.raises(AnnotationError, match='own.pkl: clip b has 50 fps, others 25'):
        MotionDataset(own)
    assert [clip['total_frames'] for clip in MotionDataset(own, fps=50).annotations()] == [79, 40]


def test_files_of_other_coordinates_or_another_unit(real, tmp_path):
    flat = write(tmp_path / 'flat.pkl', [make_clip('f', dims=2)])
    with pytest.raises(AnnotationError, match='flat.pkl: keypoint has 2 coordinates, that of the clips before 3'):
        MotionDataset([real, flat])
    clip = make_clip('m')
    millimetres = write(tmp_path / 'mm.pkl', [dict(clip, keypoint=clip['keypoint'] * 1000)])
    with pytest.raises(AnnotationError, match='mm.pkl: bodies are .* large, .* bring both into one unit'):
        MotionDataset([real, millimetres])


def test_nan_is_refused_with_both_ways_out_and_filled_on_request(tmp_path, logged):
    torn, cut, lost = pixels('torn'), pixels('cut'), pixels('lost')
    torn['keypoint'][0, 10:14, 3], cut['keypoint'][0, 10:20, 3], lost['keypoint'][0, :, 9] = np.nan, np.nan, np.nan
    path = write(tmp_path / 'torn.pkl', [pixels('whole'), torn, cut, lost], skeleton='coco17')
    with pytest.raises(AnnotationError, match=r'(?s)3 of 4.*holds NaN.*fill_gaps=dict\(max_gap=N\) of the dataset, or --fill-gaps N'):
        MotionDataset(path)
    settings = dict(ann_file=path, fill_gaps=dict(max_gap=4))
    with pytest.raises(AnnotationError, match=r'1 of 4 clips are broken\n  clip 3 \(lost\): keypoint 9 \(left_wrist\): never seen'):
        MotionDataset(**settings)
    dataset = MotionDataset(**settings, skip_broken=True)
    assert names(dataset) == ['whole', 'torn', 'cut'] and [len(clip['keypoint'][0]) for clip in dataset.annotations()] == [40, 40, 20]
    assert np.allclose(dataset[1]['keypoint'], pixels('torn')['keypoint'])
    assert np.allclose(dataset[2]['keypoint'], pixels('cut')['keypoint'][:, 20:])
    assert any('torn.pkl: 2 clips had gaps, of which those of up to 4 frames were filled; 1 clips had gaps at an end or longer ones' in text
               for text in logged)
    assert any('clip 3 (lost)' in text for text in logged)
    with pytest.raises(ValueError, match='fill_gaps is a dict with max_gap'):
        MotionDataset(path, fill_gaps=dict(gap=4))


def test_points_at_zero_are_filled_or_warned_of(tmp_path, logged):
    torn = pixels('torn')
    torn['keypoint'][0, 10:14], torn['keypoint_score'][0, 10:14] = 0, 0
    path = write(tmp_path / 'torn.pkl', [torn], skeleton='coco17')
    assert not MotionDataset(path)[0]['keypoint'][0, 12].any() and len(logged) == 1
    assert '1 of 1 clips hold points that were not seen' in logged[0]
    filled = MotionDataset(path, fill_gaps=dict(max_gap=4))[0]
    assert np.allclose(filled['keypoint'], pixels('torn')['keypoint']) and filled['keypoint_score'][0, 12, 0] == np.float32(.1)


def test_gaps_of_published_infants(tmp_path):
    clip = published_clip('r', frames=30)
    clip['keypoint'] = np.cumsum(np.ones((1, 30, 17, 3), np.float32), axis=1)
    clip['keypoint'][0, 5:8, 2] = np.nan
    (tmp_path / 'primitive_train.pkl').write_bytes(pickle.dumps([clip]))
    with pytest.raises(AnnotationError, match='holds NaN'):
        InfActPrimitive(str(tmp_path / 'primitive_train.pkl'))
    filled = InfActPrimitive(str(tmp_path / 'primitive_train.pkl'), fill_gaps=dict(max_gap=3))[0]['keypoint']
    assert np.allclose(filled, np.arange(1, 31)[:, None, None])


def test_the_person_who_is_most_there(tmp_path, logged):
    alone, two, padded = pixels('alone'), pixels('two'), pixels('padded')
    two.update(keypoint=np.repeat(two['keypoint'], 2, axis=0), keypoint_score=np.repeat(two['keypoint_score'], 2, axis=0))
    two['keypoint'][1] += 50
    two['keypoint_score'][0] = .4
    padded.update({key: np.concatenate([0 * padded[key], padded[key]]) for key in ('keypoint', 'keypoint_score')})
    path = write(tmp_path / 'people.pkl', [alone, two, padded], skeleton='coco17')
    assert [len(clip['keypoint']) for clip in MotionDataset(path).annotations()] == [1, 2, 2]
    dataset = MotionDataset(path, num_persons=1)
    assert [len(clip['keypoint']) for clip in dataset.annotations()] == [1, 1, 1]
    assert np.allclose(dataset[1]['keypoint'], alone['keypoint'] + 50) and np.allclose(dataset[2]['keypoint'], alone['keypoint'])
    assert any('people.pkl: 1 clips had more persons than 1' in text for text in logged)


def test_a_score_in_the_third_coordinate(tmp_path, logged):
    clip = pixels('a')
    clip['keypoint'] = np.concatenate([clip['keypoint'], .8 * clip.pop('keypoint_score')[..., None]], axis=-1)
    path = write(tmp_path / 'scored.pkl', [clip], skeleton=None)
    with pytest.raises(AnnotationError, match=r"scored.pkl: the third coordinate looks like a score .*third='score'"):
        MotionDataset(path)
    sample = MotionDataset(path, third='score', metainfo=dict(skeleton='coco17'))[0]
    assert sample['keypoint'].shape == (1, 40, 17, 2) and np.allclose(sample['keypoint_score'], .8)
    depth = MotionDataset(path, third='depth')
    assert depth[0]['keypoint'].shape == (1, 40, 17, 3) and depth.metainfo['third'] == 'depth'


# --- classes of one's own


class _Own(MotionDataset):
    """A class of somebody's own, for whom a file is whatever ``content`` says."""

    content = None

    def read(self, path):
        return copy.deepcopy(self.content)


def _as_own(content, **settings):
    kind = type('Own', (_Own, ), dict(content=content))
    return kind('mine.txt', **settings)


@pytest.mark.parametrize('settings', [
    dict(third='depth', fill_gaps=dict(max_gap=5)), dict(third='score'), dict(third='depth', num_persons=1),
    dict(third='score', fill_gaps=dict(max_gap=5)),
    dict(third='depth', metainfo=dict(skeleton='penn13')), dict(third='depth', split='train', fps=15)])
def test_own_classes_have_what_files_have(tmp_path, settings):
    """Gaps, scores, persons, layouts and rates of what an own ``read`` gives, as of the same in a file."""
    rng, clips = np.random.default_rng(0), []
    for label, name in enumerate('abc'):
        keypoint = rng.uniform(0.2, 0.9, size=(1 + label if 'num_persons' in settings else 1, 12, 17, 3))
        if 'fill_gaps' in settings:
            keypoint[:, 4:6, 3] = np.nan
        clips.append(dict(frame_dir=name, label=label, total_frames=12, keypoint=keypoint))
    content = make_annotation(clips, skeleton='coco17', split=dict(train=['a', 'c'], val=['b']))
    with open(tmp_path / 'same.pkl', 'wb') as file:
        pickle.dump(content, file)
    expected, own = MotionDataset(str(tmp_path / 'same.pkl'), **settings), _as_own(content, **settings)
    assert own.metainfo == expected.metainfo and names(own) == names(expected)
    for mine, theirs in zip(own.annotations(), expected.annotations()):
        assert mine.keys() == theirs.keys()
        for key in mine:
            np.testing.assert_array_equal(mine[key], theirs[key])


@pytest.mark.parametrize(('change', 'words'), [
    (lambda clip: clip.pop('label'), r'(?s)mine\.txt: .*clip 0 \(a\).*label'),
    (lambda clip: clip.pop('keypoint'), r'(?s)mine\.txt: .*clip 0 \(a\).*keypoint'),
    (lambda clip: clip.update(total_frames=99), r'(?s)mine\.txt: .*clip 0 \(a\).*99'),
    (lambda clip: clip.update(frame_dir='b'), r'mine\.txt: .*b'),
])
def test_mistakes_of_own_classes_are_told(change, words):
    content = make_annotation([make_clip('a'), make_clip('b')])
    change(content['annotations'][0])
    with pytest.raises(AnnotationError, match=words):
        _as_own(content)
    if 'frame_dir' in content['annotations'][0] and content['annotations'][0]['frame_dir'] == 'a':
        assert names(_as_own(content, skip_broken=True)) == ['b']


@pytest.mark.parametrize('content', [None, 3, dict(clips=[])])
def test_what_is_no_annotation_is_refused(content):
    with pytest.raises(AnnotationError, match=r'mine\.txt: expected a dict with a list'):
        _as_own(content)
