"""A config of a few lines on recordings of one's own: what the file says is filled in, what does not fit is refused in words."""

import copy
import logging
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from mmcv.transforms import Compose
from mmengine.config import Config

from mmagenc.datasets.annotation import AnnotationError, load_annotation, save_annotation
from mmagenc.engine.config_check import check_config
from mmagenc.engine.own_data import OwnClips, OwnDataError, complete_config
from mmagenc.registry import DATASETS, MODELS, TASK_UTILS
from tests.own_clips import WAVE_SQUAT_STEP, body_clips, coco_clips
from tests.test_datasets.clips import make_annotation, make_clip

CONFIGS = Path(__file__).resolve().parents[2] / 'configs/infagenc'


def config(form, ann_file, **own):
    cfg = Config.fromfile(CONFIGS / f'own_{form}.py')
    cfg.merge_from_dict({'own_data': dict(ann_file=str(ann_file), **own)})
    return cfg


def completed(form, ann_file, options=None, **own):
    cfg = config(form, ann_file, **own)
    cfg.merge_from_dict(options or {})
    return complete_config(cfg)


@pytest.fixture(scope='module')
def pixels(tmp_path_factory):
    """As an MMAction2 user has them: a pickle, scores, gaps, no class names, no layout, no frame rate."""
    content = coco_clips(30)
    content.pop('metainfo')
    path = tmp_path_factory.mktemp('own') / 'pose.pkl'
    path.write_bytes(pickle.dumps(content))
    return path


@pytest.fixture(scope='module')
def bodies(tmp_path_factory):
    path = tmp_path_factory.mktemp('own') / 'body.npz'
    save_annotation(body_clips(24), path)
    return path


def parts_of(cfg):
    """Names of the clips of each part."""
    datasets = dict(train=cfg.train_dataloader.dataset, test=cfg.test_dataloader.dataset, val=cfg.default_hooks.infagenc.held_out)
    return {part: DATASETS.build(dataset).annotations().values('frame_dir') for part, dataset in datasets.items()}


def test_what_the_file_says_is_filled_in(bodies):
    cfg = completed('3d', bodies, window=40)
    assert 'own_data' not in cfg and 'runner_type' not in cfg
    check_config(cfg, 'train')
    assert (cfg.model.num_classes, cfg.model.num_frames, cfg.model.representation.skeleton) == (4, 40, 'ntu25')
    dataset = cfg.train_dataloader.dataset
    assert dataset.metainfo.to_dict() == dict(classes=['raise arms', 'kick', 'bow', 'punch'], skeleton='ntu25', fps=30.)
    hook = cfg.default_hooks.infagenc
    assert hook.recognizer.model.cls_head.num_classes == 4 and hook.recognizer.model.backbone.in_channels == 3
    assert {step.num_frames for step in dataset.pipeline if 'num_frames' in step} == {40}
    MODELS.build(cfg.model)
    TASK_UTILS.build(dict(type='RecognizerTrainer', **hook.recognizer))


def test_a_part_for_each_purpose_and_none_for_two(pixels, bodies):
    """The file has train and test; of the training clips of each class a fifth is held out for the judge's accuracy."""
    parts = parts_of(completed('3d', bodies))
    assert len(parts['test']) == 5 and len(parts['val']) == 4 and len(parts['train']) == 15
    assert not set(parts['train']) & set(parts['val']) and not set(parts['train']) & set(parts['test'])
    content = dict(annotations=load_annotation(bodies)['annotations'], metainfo=load_annotation(bodies)['metainfo'])
    unsplit = bodies.with_name('unsplit.npz')
    save_annotation(dict(content, split={}), unsplit)
    parts = parts_of(completed('3d', unsplit))
    assert {part: len(names) for part, names in parts.items()} == dict(train=16, test=4, val=4)
    assert len({name for names in parts.values() for name in names}) == 24


def rewritten(path, order, added=()):
    """The same clips in another order, and others."""
    content = load_annotation(path)
    clips = [content['annotations'][index] for index in order]
    save_annotation(dict(content, annotations=[*clips, *added]), path)


@pytest.mark.parametrize('by', [None, 'subject'])
def test_the_order_of_a_file_decides_nothing(bodies, by):
    """What the config says once the same clips are written in another order, and what a config that was completed before reads then."""
    path = with_splits(bodies, {}, [f's{index // 6}' for index in range(24)])
    before = completed('3d', path, hold_out_by=by)
    parts = parts_of(before)
    rewritten(path, np.random.default_rng(0).permutation(24))
    assert completed('3d', path, hold_out_by=by).pretty_text == before.pretty_text and parts_of(before) == parts
    more = load_annotation(path)['annotations'][3]
    rewritten(path, range(24), [dict(more, frame_dir='another')])
    assert parts_of(before) == parts
    rewritten(path, range(20))
    with pytest.raises(AnnotationError, match=r'clips that this set names \(clips=\[…\]\) are not there, such as clip_'):
        parts_of(before)


def test_numbers_in_names_count_as_numbers(bodies):
    """The last clips are those of the highest numbers."""
    path = with_splits(bodies, {})
    content = load_annotation(path)
    clips = [dict(clip, frame_dir=f'c{index}') for index, clip in enumerate(content['annotations'])]
    save_annotation(dict(content, annotations=clips[::-1]), path)
    parts = parts_of(completed('3d', path))
    assert parts['test'] == ['c20', 'c21', 'c22', 'c23'] and parts['val'] == ['c16', 'c17', 'c18', 'c19']


def test_a_config_that_was_completed_with_numbers_is_read(bodies):
    cfg = completed('3d', with_splits(bodies, {}))
    settings = {key: value for key, value in cfg.test_dataloader.dataset.items() if key != 'clips'}
    assert DATASETS.build(dict(settings, indices=[3, 5])).annotations().values('frame_dir') == ['clip_003', 'clip_005']


@pytest.fixture()
def said(monkeypatch):
    """Warnings about the file."""
    texts = []
    monkeypatch.setattr(OwnClips, '_say', lambda clips, text: texts.append(text))
    return texts


def with_splits(bodies, split, subjects=None):
    content = load_annotation(bodies)
    for index, clip in enumerate(content['annotations']):
        clip['subject'] = f's{index % 4}' if subjects is None else subjects[index]
    path = bodies.with_name('splits.npz')
    names = [clip['frame_dir'] for clip in content['annotations']]
    save_annotation(dict(content, split={part: [names[index] for index in members] for part, members in split.items()}), path)
    return path


@pytest.mark.parametrize('part', ['val', 'test'])
def test_a_clip_is_not_both_trained_on_and_tested(bodies, part):
    path = with_splits(bodies, {'train': range(24), part: range(3, 6)})
    with pytest.raises(OwnDataError, match=f'3 clips of its split for {part} are in that for train too, such as '):
        completed('3d', path)
    completed('3d', with_splits(bodies, dict(train=range(16), val=range(16, 24), test=range(16, 24))))  # chosen and tested by one set


def test_people_who_are_trained_and_tested_are_named(bodies, said):
    completed('3d', with_splits(bodies, dict(train=range(20), test=range(20, 24))))
    assert '4 of the 4 subjects of test are trained on too (s0, s1, s2, …)' in said[-1]
    said.clear()
    people = ['a'] * 12 + ['b'] * 6 + ['c'] * 6
    completed('3d', with_splits(bodies, dict(train=range(12), val=range(12, 18), test=range(18, 24)), people))
    assert not any('trained on too' in text for text in said)


def test_copies_of_what_is_trained_on_are_told_of(bodies, said):
    """The last clip by name, which is set apart, under a second name: as files come that were exported twice."""
    content = load_annotation(bodies)
    completed('3d', bodies)
    assert not any('exactly the motion' in text for text in said)
    last = max((clip for clip in content['annotations'] if clip['label'] == 0), key=lambda clip: clip['frame_dir'])
    again = dict(last, frame_dir=f'a_{last["frame_dir"]}')
    path = bodies.with_name('twice.npz')
    save_annotation(dict(content, annotations=[again, *content['annotations']], split={}), path)
    completed('3d', path)
    assert [text for text in said if 'clips of test show exactly the motion of clips that are trained on, such as '
            f'{last["frame_dir"]} that of a_{last["frame_dir"]}: what is learnt by heart is tested' in text]


def test_classes_that_a_split_lacks_are_told_of(bodies, said):
    labels = load_annotation(bodies)['annotations']
    test = [number for number in range(16, 24) if labels[number]['label'] != 1]
    completed('3d', with_splits(bodies, dict(train=range(16), val=range(16, 24), test=test)))
    lacking = [text for text in said if 'has no clip of' in text]
    assert len(lacking) == 1 and 'its split for test has no clip of kick: how well these' in lacking[0]


def test_recordings_in_which_nothing_moves_are_warned_of(bodies, said):
    completed('3d', bodies)
    assert not any('nothing moves' in text for text in said)
    content = load_annotation(bodies)
    still = [dict(clip, keypoint=np.repeat(clip['keypoint'][:, :1], clip['total_frames'], axis=1)) for clip in content['annotations']]
    save_annotation(dict(content, annotations=still), bodies.with_name('still.npz'))
    completed('3d', bodies.with_name('still.npz'))
    assert sum('nothing moves in its clips (at most 0.000 body lengths a second in' in text for text in said) == 1


def test_what_is_odd_about_the_numbers_is_passed_on(pixels, said):
    content = load_annotation(pixels, skip_broken=True)
    parts = [dict(clip, keypoint=clip['keypoint'] / np.float32(2000)) for clip in content['annotations']]
    save_annotation(dict(content, annotations=parts), pixels.with_name('parts.npz'))
    completed('2d', pixels.with_name('parts.npz'))
    assert sum('look like parts of the width and height of the image, in which bodies are squeezed' in text for text in said) == 1


def test_whole_subjects_are_set_apart(bodies, said):
    """24 clips of four classes in turn, six by each of four people."""
    path = with_splits(bodies, {}, [f's{index // 6}' for index in range(24)])
    cfg = completed('3d', path, hold_out_by='subject')
    parts = {part: DATASETS.build(dict(settings, pipeline=[])).annotations() for part, settings in (
        ('train', cfg.train_dataloader.dataset), ('val', cfg.default_hooks.infagenc.held_out), ('test', cfg.test_dataloader.dataset))}
    people = {part: set(clips.values('subject')) for part, clips in parts.items()}
    assert sum(len(group) for group in people.values()) == 4 and set.union(*people.values()) == {'s0', 's1', 's2', 's3'}
    assert sum(len(clips) for clips in parts.values()) == 24
    assert not any('trained on too' in text for text in said)
    assert any(f'training clips are set apart, all of subject {min(people["test"])}' in text for text in said)


def with_generated(bodies, count, split=None):
    """The recordings without splits, and behind them as many generated clips of each class, as ``mmagenc mix`` writes them."""
    content = load_annotation(bodies)
    made = [dict(clip, frame_dir=f'made_{clip["frame_dir"]}', source='synthetic') for clip in content['annotations'][:4 * count]]
    path = bodies.with_name('mixed.npz')
    save_annotation(dict(content, annotations=[*content['annotations'], *made], split=split or {}), path)
    return path, [clip['frame_dir'] for clip in made]


def test_recordings_are_set_apart_and_generated_clips_train(bodies, said):
    path, made = with_generated(bodies, 5)
    parts = parts_of(completed('3d', path))
    assert {part: len(names) for part, names in parts.items()} == dict(train=16 + 20, test=4, val=4)
    assert not set(made) & {*parts['val'], *parts['test']} and set(made) <= set(parts['train'])
    assert sum("20 of its 44 training clips are generated (source='synthetic'): all of them are trained on" in text for text in said) == 1
    assert any('no split test: 4 of its 24 training clips are set apart' in text for text in said)


def test_whole_groups_of_recordings_are_set_apart_beside_generated_clips(bodies):
    """These are of nobody."""
    path, made = with_generated(bodies, 5)
    content = load_annotation(path)
    for index, clip in enumerate(content['annotations'][:24]):
        clip['subject'] = f's{index // 6}'
    save_annotation(content, path)
    parts = parts_of(completed('3d', path, hold_out_by='subject'))
    assert set(made) <= set(parts['train']) and len(parts['test']) == len(parts['val']) == 6


def test_generated_clips_alone_leave_nothing_to_set_apart(bodies):
    path, _ = with_generated(bodies, 5)
    content = load_annotation(path)
    save_annotation(dict(content, annotations=content['annotations'][24:]), path)
    for by in (None, 'subject'):
        with pytest.raises(OwnDataError, match='too few clips to set some of them apart .* no more than 0 recordings are left'):
            completed('3d', path, hold_out_by=by)


def test_generated_clips_that_are_tested_are_warned_of(bodies, said):
    names = [clip['frame_dir'] for clip in load_annotation(bodies)['annotations']]
    made = [f'made_{name}' for name in names[:4]]
    path, _ = with_generated(bodies, 1, dict(train=names[:16], val=[*names[16:20], made[0]], test=[*names[20:], *made[1:]]))
    completed('3d', path)
    assert any(f"1 of the 5 clips of its split for val are generated (source='synthetic'), such as {made[0]}" in text for text in said)
    assert any('3 of the 7 clips of its split for test are generated' in text for text in said)
    assert not any('are trained on, and recordings are set apart' in text for text in said)


def test_a_pool_beside_recordings_needs_no_split_to_test_on(bodies):
    """``ann_file`` is a list."""
    names = [clip['frame_dir'] for clip in load_annotation(bodies)['annotations']]
    path, made = with_generated(bodies, 2)
    content = load_annotation(path)
    pool = bodies.with_name('pool.npz')
    save_annotation(dict(content, annotations=content['annotations'][24:], split=dict(train=made)), pool)
    split = dict(train=names[:16], val=names[16:20], test=names[20:])
    save_annotation(dict(content, annotations=content['annotations'][:24], split=split), path)
    cfg = config('3d', path)
    cfg.own_data.ann_file = [str(path), str(pool)]
    parts = parts_of(complete_config(cfg))
    assert parts == dict(train=[*names[:16], *made], val=names[16:20], test=names[20:])


@pytest.mark.parametrize('tested', [False, True])
def test_recordings_without_splits_train_beside_files_that_have_some(bodies, tested, said, monkeypatch):
    """As they do alone; what is tested comes of them where no file has a split for it."""
    told = []
    monkeypatch.setattr('mmagenc.datasets.motion_dataset.print_log', lambda text, logger, level: told.append((text, level)))
    path, made = with_generated(bodies, 2)
    content, pool = load_annotation(path), bodies.with_name('pool.npz')
    held = [dict(clip, frame_dir=f'held_{index}', keypoint=clip['keypoint'] * 1.1, label=index)
            for index, clip in enumerate(content['annotations'][:4])] if tested else []
    others = dict(val=['held_0', 'held_1'], test=['held_2', 'held_3']) if tested else {}
    save_annotation(dict(content, annotations=[*content['annotations'][24:], *held], split=dict(train=made, **others)), pool)
    save_annotation(dict(content, annotations=content['annotations'][:24], split={}), path)
    names = [clip['frame_dir'] for clip in content['annotations'][:24]]
    cfg = config('3d', path)
    cfg.own_data.ann_file = [str(path), str(pool)]
    parts = parts_of(complete_config(cfg))
    if tested:
        assert parts == dict(train=[*names, *made], **others)
    else:
        assert sorted(sum(parts.values(), [])) == sorted([*names, *made]) and not set(made) & {*parts['val'], *parts['test']}
        assert len(parts['val']) == len(parts['test']) == 4
    assert any('24 clips are of files without splits, beside files that have some: all of them are trained on' in text for text in said)
    assert not [text for text, level in told if level > logging.INFO], 'that nothing of the file is taken'


def test_groups_that_cannot_be_set_apart_are_refused(bodies):
    with pytest.raises(OwnDataError, match='24 of 24 clips say no session .*hold_out_by.*, such as '):
        completed('3d', with_splits(bodies, {}), hold_out_by='session')
    with pytest.raises(OwnDataError, match=r'all clips left are of one subject \(me\), and none can be set apart for test: name splits'):
        completed('3d', with_splits(bodies, {}, ['me'] * 24), hold_out_by='subject')
    labels = [clip['label'] for clip in load_annotation(bodies)['annotations']]
    with pytest.raises(OwnDataError, match=r'with subject \w+ set apart for test, no clip of .* is left to train on'):
        completed('3d', with_splits(bodies, {}, [f's{label}' for label in labels]), hold_out_by='subject')
    completed('3d', with_splits(bodies, dict(train=range(12), val=range(12, 18), test=range(18, 24)), ['me'] * 24), hold_out_by='subject')


def test_what_too_few_clips_leave_out_is_said(bodies, said):
    content = load_annotation(bodies)
    first = [clip for clip in content['annotations'] if clip['label'] == 0]
    few = [*first[:1], *(clip for clip in content['annotations'] if clip['label'])]
    save_annotation(dict(content, annotations=few, split={}), bodies.with_name('few.npz'))
    completed('3d', bodies.with_name('few.npz'))
    assert any('of raise arms there are too few, so that test has none' in text for text in said)
    threes = [clip for label in range(4) for clip in [clip for clip in content['annotations'] if clip['label'] == label][:3]]
    save_annotation(dict(content, annotations=threes, split={}), bodies.with_name('threes.npz'))
    with pytest.raises(OwnDataError, match=r'no more than 2 are left.*own_data.hold_out to a larger share, such as 0.34'):
        completed('3d', bodies.with_name('threes.npz'))
    completed('3d', bodies.with_name('threes.npz'), hold_out=0.34)


def test_splits_of_other_names(bodies):
    content = load_annotation(bodies)
    content['split'] = {'session1': content['split']['train'], 'session2': content['split']['test']}
    other = bodies.with_name('sessions.npz')
    save_annotation(content, other)
    with pytest.raises(OwnDataError, match=r"none of its splits \['session1', 'session2'\] is named train: say own_data.splits"):
        completed('3d', other)
    with pytest.raises(OwnDataError, match="train='session3'.*session1"):
        completed('3d', other, splits=dict(train='session3'))
    assert len(parts_of(completed('3d', other, splits=dict(train='session1', test='session2')))['test']) == 5


def test_a_pickle_that_names_nothing(pixels, caplog):
    cfg = completed('2d', pixels)
    assert cfg.train_dataloader.dataset.metainfo.to_dict() == dict(classes=['0', '1', '2'], skeleton='coco17', fps=30.)
    clips = DATASETS.build(cfg.train_dataloader.dataset).annotations()
    assert all(np.isfinite(clip['keypoint']).all() and (clip['keypoint_score'] > 0).all() for clip in clips)
    named = completed('2d', pixels, classes=list(WAVE_SQUAT_STEP), fps=25)
    assert named.train_dataloader.dataset.metainfo.classes == list(WAVE_SQUAT_STEP)
    assert named.train_dataloader.dataset.metainfo.fps == 25


def test_schedule_from_steps_and_from_epochs(bodies):
    cfg = completed('3d', bodies, steps=70)
    hook = cfg.default_hooks.infagenc
    assert (hook.begin, hook.interval, cfg.train_cfg.max_epochs) == (70, 2, 78)  # 15 clips are one batch
    assert cfg.param_scheduler.end == 70
    cfg = completed('3d', bodies, epochs=64)
    assert (cfg.default_hooks.infagenc.begin, cfg.default_hooks.infagenc.interval, cfg.train_cfg.max_epochs) == (56, 2, 64)
    with pytest.raises(OwnDataError, match='epochs must be at least 8, got 3'):
        completed('3d', bodies, epochs=3)


def test_what_a_config_says_of_the_schedule_is_heard(bodies):
    """It was replaced by what is counted, without a word."""
    said = {'train_cfg.max_epochs': 64, 'default_hooks.infagenc.recognizer_epochs': 9, 'default_hooks.infagenc.begin': 3,
            'default_hooks.checkpoint.interval': 5, 'default_hooks.samples.interval': 6, 'param_scheduler': []}
    cfg = completed('3d', bodies, options=said)
    hooks = cfg.default_hooks
    assert (cfg.train_cfg.max_epochs, hooks.infagenc.recognizer_epochs, hooks.infagenc.begin) == (64, 9, 3)
    assert (hooks.infagenc.interval, hooks.checkpoint.interval, hooks.samples.interval, cfg.param_scheduler) == (2, 5, 6, [])
    assert completed('3d', bodies, options={'default_hooks.samples': None}).default_hooks.samples is None
    with pytest.raises(OwnDataError, match='own_data.epochs both say how long'):
        completed('3d', bodies, options={'train_cfg.max_epochs': 64}, epochs=70)
    with pytest.raises(OwnDataError, match="train_cfg.max_epochs must be a whole number, got 'foo'"):
        completed('3d', bodies, options={'train_cfg.max_epochs': 'foo'})


@pytest.mark.parametrize('name', ['3d', 'act-vae', 'kinetic-gan', 'slt', 'posture-transfer'])
def test_a_generator_alone_has_no_judge_and_sets_nothing_apart_for_it(name, bodies, tmp_path):
    """With the loop taken out, as MMEngine's users do it, there was a traceback, and so no way for recordings of one class."""
    content = load_annotation(bodies)
    content['annotations'] = [clip for clip in content['annotations'] if clip['label'] == 0][:3]
    content['split'] = {}
    save_annotation(content, tmp_path / 'one.npz')
    cfg = completed(name, tmp_path / 'one.npz', options={'default_hooks.infagenc': None}, steps=40)
    assert cfg.default_hooks.infagenc is None
    assert len(DATASETS.build(cfg.train_dataloader.dataset)) == 2 and len(DATASETS.build(cfg.test_dataloader.dataset)) == 1
    assert cfg.train_cfg.max_epochs == 40  # of one batch; no rounds behind them
    assert completed(name, tmp_path / 'one.npz', options={'default_hooks.infagenc': None}, epochs=3).train_cfg.max_epochs == 3
    with pytest.raises(OwnDataError, match=r'one.npz: all clips are of one class.*default_hooks.infagenc=None trains the generator alone'):
        completed(name, tmp_path / 'one.npz', steps=40)


GENERATORS = {'act-vae': 'ACTVAE', 'kinetic-gan': 'KineticGAN', 'slt': 'SLTGenerator', 'posture-transfer': 'PostureTransferGenerator'}


@pytest.mark.parametrize('form', ['2d', '3d'])
@pytest.mark.parametrize('name', GENERATORS)
def test_every_generator_has_a_config_of_both_forms(name, form, pixels, bodies):
    cfg = completed(name, pixels if form == '2d' else bodies)
    check_config(cfg, 'train')
    model, (classes, layout) = MODELS.build(cfg.model), (3, 'coco17') if form == '2d' else (4, 'ntu25')
    assert type(model).__name__ == GENERATORS[name] and (model.num_classes, model.num_frames) == (classes, cfg.model.num_frames)
    assert (model.representation.keypoint_skeleton, model.representation.num_channels) == (layout, int(form[0]))
    assert model.representation.keeps_path  # as recordings do, which the judge sees
    assert cfg.default_hooks.infagenc.held_out.clips and 'own_data' not in cfg


def test_clips_of_several_rates_are_brought_to_the_one_that_is_named(bodies, tmp_path):
    content = load_annotation(bodies)
    for number, clip in enumerate(content['annotations']):
        clip['fps'] = 25. if number % 2 else 50.
    save_annotation(content, tmp_path / 'mixed.npz')
    with pytest.raises(OwnDataError, match='has 25 fps, others 50; own_data.fps=… or --fps of the tools resamples'):
        completed('3d', tmp_path / 'mixed.npz')
    cfg = completed('3d', tmp_path / 'mixed.npz', fps=25.)
    frames = {clip['frame_dir']: clip['total_frames'] for clip in content['annotations']}
    for clip in DATASETS.build(cfg.train_dataloader.dataset).annotations():
        rate = 2 if int(clip['frame_dir'].rpartition('_')[2]) % 2 == 0 else 1
        assert abs(clip['total_frames'] - frames[clip['frame_dir']] / rate) <= 1 and clip.get('fps', 25.) == 25.


def test_schedules_of_other_generators(bodies):
    """15 clips are a batch of 16 or of 32, so that epochs are steps."""
    def schedule(name, **own):
        cfg = completed(name, bodies, **own)
        return cfg.default_hooks.infagenc.begin, cfg.train_cfg.max_epochs, cfg.model.get('pose_steps')

    assert schedule('act-vae') == (2500, 2500 + 4 * 89, None) and schedule('kinetic-gan') == (20000, 20000 + 4 * 714, None)
    assert schedule('slt') == (5800, 5800 + 4 * 207, 1450)
    assert schedule('slt', steps=80) == (80, 88, 20) and schedule('slt', epochs=16) == (14 - 6 + 4, 16, 3)  # poses come first
    assert schedule('posture-transfer') == (0, 4, None)  # nothing to learn
    kept = completed('slt', bodies, options={'model.pose_steps': 7, 'param_scheduler.generator': []})
    assert kept.model.pose_steps == 7 and set(kept.param_scheduler) == {'decoder', 'pose_critic', 'generator', 'critic'}


@pytest.mark.parametrize('frames, window', [(50, 48), (24, 16), (200, 48), (10, 16)])
def test_windows_are_what_the_networks_can_take(tmp_path, frames, window):
    content = body_clips(15)
    for clip in content['annotations']:
        clip.update(keypoint=np.resize(clip['keypoint'], (1, frames, 25, 3)), total_frames=frames)
    save_annotation(content, tmp_path / 'body.npz')
    assert completed('kinetic-gan', tmp_path / 'body.npz').model.num_frames == window
    assert completed('kinetic-gan', tmp_path / 'body.npz', window=32).model.num_frames == 32
    assert completed('act-vae', tmp_path / 'body.npz').model.num_frames == min(max(frames, 24), 60)


@pytest.mark.parametrize('name', ['stgcn', 'stgcnpp', 'aagcn', 'infogcn'])
@pytest.mark.parametrize('form', ['2d', '3d'])
def test_every_judge_takes_what_its_pipelines_give(name, form, pixels, bodies):
    cfg = completed(form, pixels if form == '2d' else bodies, recognizer=name, window=24)
    trainer = TASK_UTILS.build(dict(type='RecognizerTrainer', **cfg.default_hooks.infagenc.recognizer))
    clips = DATASETS.build(cfg.train_dataloader.dataset).annotations()[:4]
    trainer.fit(clips, 1)
    assert trainer.score(clips).probability.shape == (4, cfg.model.num_classes)


def pipeline_of(cfg):
    return {step.type: step for step in cfg.default_hooks.infagenc.recognizer.train_pipeline}


def test_the_judge_learns_from_augmented_clips(pixels, bodies, monkeypatch):
    strong = pipeline_of(completed('3d', bodies))['StrongAugmentation']
    assert (strong.swapped_labels, strong.up, strong.rotations) == ((), 'y', False)
    assert 'JointNoise' not in pipeline_of(completed('3d', bodies))
    content = load_annotation(bodies)
    for change, up in ((lambda points: points[..., [0, 2, 1]], 'z'), (lambda points: points[..., [1, 0, 2]], None)):  # standing, lying
        turned = [dict(clip, keypoint=np.ascontiguousarray(change(clip['keypoint']))) for clip in content['annotations']]
        save_annotation(dict(content, annotations=turned), bodies.with_name('turned.npz'))
        assert pipeline_of(completed('3d', bodies.with_name('turned.npz')))['StrongAugmentation'].up == up
    sided = completed('2d', pixels, classes=['wave left', 'squat', 'wave right'])
    assert pipeline_of(sided)['StrongAugmentation'].swapped_labels == ((0, 2), )
    assert pipeline_of(completed('2d', pixels))['StrongAugmentation'].swapped_labels is None  # classes are numbers
    said = []
    monkeypatch.setattr('mmagenc.engine.own_data.print_log', lambda text, **_: said.append(text))
    lonely = completed('2d', pixels, classes=['wave left', 'squat', 'step'])
    assert pipeline_of(lonely)['StrongAugmentation'].swapped_labels is None
    assert 'training clips are not mirrored, wave left: named by one side of the body' in said[-1]
    own = pipeline_of(completed('2d', pixels, augmentation=dict(posture=0.1, swapped_labels=[(0, 1)])))['StrongAugmentation']
    assert (own.posture, own.swapped_labels) == (0.1, [(0, 1)])
    without = pipeline_of(completed('2d', pixels, augmentation=None))
    assert 'StrongAugmentation' not in without and 'JointNoise' in without
    test_steps = [step.type for step in sided.default_hooks.infagenc.recognizer.test_pipeline]
    assert 'StrongAugmentation' not in test_steps


def test_a_judge_of_bodies_in_place(pixels):
    """The same posture elsewhere in every frame: all of it is seen with ``path``, nothing without."""
    def seen(path, shift):
        pipeline = Compose(completed('2d', pixels, path=path, window=24).default_hooks.infagenc.recognizer.test_pipeline)
        clip = copy.deepcopy(DATASETS.build(completed('2d', pixels).train_dataloader.dataset).annotations()[0])
        clip['keypoint'] = clip['keypoint'] + shift * np.arange(clip['total_frames'], dtype=np.float32)[:, None, None]
        return pipeline(clip)['inputs']
    assert torch.allclose(seen(False, 0), seen(False, 5), atol=1e-4) and not torch.allclose(seen(True, 0), seen(True, 5), atol=0.1)


def test_rotations(tmp_path):
    clips = [make_clip(f'c{index}', label=index % 2, frames=20) for index in range(12)]
    save_annotation(make_annotation(clips), tmp_path / 'smpl.npz')
    cfg = completed('smpl', tmp_path / 'smpl.npz', window=12, skeleton='infact17')
    with pytest.raises(OwnDataError, match='path=False is for keypoints, but this recognizer sees SMPL rotations'):
        completed('smpl', tmp_path / 'smpl.npz', window=12, skeleton='infact17', path=False)
    assert cfg.model.representation.keypoint_skeleton == 'infact17'
    assert cfg.default_hooks.infagenc.recognizer.model.backbone.in_channels == 6
    trainer = TASK_UTILS.build(dict(type='RecognizerTrainer', **cfg.default_hooks.infagenc.recognizer))
    trainer.fit(DATASETS.build(cfg.train_dataloader.dataset).annotations()[:4], 1)
    assert pipeline_of(cfg)['StrongAugmentation'].rotations


@pytest.mark.parametrize('form, own, message', [
    ('3d', {}, r'keypoints of 2 coordinates, without rotations \(pose\), do not go with own_3d.py: take own_2d.py'),
    ('2d', dict(window=1), 'window must be at least 2'),
    ('2d', dict(least_steps=-1), 'own_data.least_steps must be a whole number from 0, got -1'),
    ('2d', dict(recognizer='resnet'), 'recognizer must be one of stgcn, stgcnpp, aagcn, infogcn, or a dict'),
    ('2d', dict(anns='x'), 'own_data has no key anns; it has ann_file'),
    ('2d', dict(ann_file=None), "own_data = dict\\(ann_file='data/mine.pkl'\\)"),
    ('2d', dict(form='4d'), "form must be '2d', '3d' or 'smpl'"),
    ('2d', dict(augmentation='strong'), 'own_data.augmentation must be a dict'),
    ('2d', dict(augmentation=dict(limbs=2)), r'own_data.augmentation: change is a share of the length in \[0, 1\), got 2'),
    ('2d', dict(augmentation=dict(limb=1)), "own_data.augmentation: .*unexpected keyword argument 'limb'"),
    ('2d', dict(hold_out_by=3), "own_data.hold_out_by must be a key of the clips, such as 'subject', got 3"),
    ('2d', dict(path='no'), "own_data.path must be True or False, got 'no'"),
    ('2d', dict(path=False, recognizer=dict(model=dict())), 'path=False is for keypoints, but .* the pipelines of own_data.recognizer'),
    ('2d', dict(fps='24'), "own_data.fps must be a positive number of frames a second, got '24'"),
    ('2d', dict(fps=0), 'own_data.fps must be a positive number of frames a second, got 0'),
    ('2d', dict(fps=True), 'own_data.fps must be a positive number'),
    ('2d', dict(classes='trot'), r"own_data.classes must be a list of names, class 0 first, .*, got 'trot'"),
    ('2d', dict(classes=[0, 1, 2]), 'own_data.classes must be a list of names'),
    ('2d', dict(classes=['a', 'b', 'a']), 'own_data.classes must name each class once'),
    ('2d', dict(skeleton=17), 'own_data.skeleton must be the name of a layout or its definition, got 17'),
    ('2d', dict(skip_broken='no'), "own_data.skip_broken must be True or False, got 'no'"),
    ('2d', dict(window=5000), r'own_data.window must be at most 4998 frames, the max_len of this model .*, got 5000; .* has'),
    ('2d', dict(hold_out=0.), 'too few clips to set some of them apart'),
])
def test_what_does_not_go_is_said(pixels, form, own, message):
    cfg = config(form, pixels)
    cfg.merge_from_dict({'own_data': own})
    with pytest.raises(OwnDataError, match=message):
        complete_config(cfg)


@pytest.mark.parametrize('more, message', [
    (dict(train_dataloader=dict(dataset=dict(type='RepeatDataset', times=3, dataset=dict(type='MotionDataset', ann_file='x.npz')))),
     r'train_dataloader.dataset \(RepeatDataset\) and own_data both say what is trained on: leave it out.*own_data.steps'),
    (dict(train_dataloader=dict(dataset=dict(type='ConcatDataset', datasets=[dict(type='MotionDataset')]))), r'\(ConcatDataset\)'),
    (dict(train_cfg=dict(type='IterBasedTrainLoop', max_iters=10)), "train_cfg.type='IterBasedTrainLoop': own_data trains by epochs"),
])
def test_what_own_data_settles_itself_is_refused(pixels, more, message):
    cfg = config('2d', pixels)
    cfg.merge_from_dict(more)
    with pytest.raises(OwnDataError, match=message):
        complete_config(cfg)


def test_labels_persons_and_unknown_layouts_are_refused(tmp_path):
    content = coco_clips(12, gaps=False)
    content.pop('metainfo')
    for clip in content['annotations']:
        clip['label'] += 1
    (tmp_path / 'one.pkl').write_bytes(pickle.dumps(content))
    with pytest.raises(OwnDataError, match='labels begin at 1, and the file names no classes. Labels begin at 0: subtract 1'):
        completed('2d', tmp_path / 'one.pkl')
    for clip in content['annotations']:
        clip['label'] -= 1
        clip.update({key: np.concatenate([clip[key], clip[key] + np.float32(0.1)]) for key in ('keypoint', 'keypoint_score')})
    (tmp_path / 'two.pkl').write_bytes(pickle.dumps(content))
    with pytest.raises(OwnDataError, match='12 of 12 clips have several persons.*own_data.num_persons=1'):
        completed('2d', tmp_path / 'two.pkl')
    assert completed('2d', tmp_path / 'two.pkl', num_persons=1).model.num_classes == 3
    for clip in content['annotations']:
        clip.update(keypoint=clip['keypoint'][:1, :, :6], keypoint_score=clip['keypoint_score'][:1, :, :6])
    (tmp_path / 'six.pkl').write_bytes(pickle.dumps(content))
    with pytest.raises(OwnDataError, match='names no layout of its 6 keypoints; give own_data.skeleton, a name or a definition'):
        completed('2d', tmp_path / 'six.pkl')


def test_other_configs_pass_through():
    cfg = Config.fromfile(CONFIGS / 'quick.py')
    assert complete_config(cfg) is cfg and cfg.model.num_classes == 5
