"""Which clips a study's runs see: groups that never meet, base motion that nobody is tested on."""

import json

import numpy as np
import pytest
import torch

from mmagenc.apis.study import Study
from mmagenc.apis.study.study import _with_pairs
from mmagenc.datasets.annotation import load_annotation, save_annotation

CLASSES = ['walk', 'wave-left', 'wave-right', 'run']
GROUPS = [f's{i}' for i in range(6)]
CONFIG = """
default_scope = 'mmagenc'
default_hooks = dict(checkpoint=dict(type='CheckpointHook', interval=1))
model = dict(
    type='RecognizerGCN', _scope_='mmaction',
    backbone=dict(type='mmagenc.TCN', num_keypoints=17, channels=(8, 8), num_units=1, kernel_size=3, dropout=0.),
    cls_head=dict(type='GCNHead', num_classes=2, in_channels=8))
pipeline = [dict(type='mmaction.FormatGCNInput', num_person=1), dict(type='mmaction.PackActionInputs')]
loader = dict(batch_size=4, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False))
train_dataloader = dict(**loader, dataset=dict(type='MotionDataset', ann_file='{data}', split='train', pipeline=pipeline))
val_dataloader = dict(**loader, dataset=dict(type='MotionDataset', ann_file='{data}', split='test', pipeline=pipeline))
test_dataloader = dict(**loader, dataset=dict(type='MotionDataset', ann_file='{data}', split='test', pipeline=pipeline))
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=3e-3))
val_cfg = dict(type='ValLoop')
val_evaluator = dict(type='mmaction.AccMetric')
transfer = dict(type='PostureTransferGenerator', representation=dict(type='KeypointRepresentation', skeleton='coco17'), num_classes=2,
                num_frames=8, base=dict(ann_file='{base}', groups='subject'), up='y')
study = dict(
    name='made', clips_per_class=[2, 3], seeds=[0, 1], steps=3, pick='last', classes=['wave-left', 'wave-right'],
    groups=dict(key='subject', train=2, test=2, clips_per_group=2), base=dict(classes=['walk', 'run'], steps=2, augmentation='mirrored'),
    augmentations=dict(mirrored=[dict(type='RandomMirror', swapped_labels='names')]), baselines=['real', 'mirrored'],
    generators=dict(transfer=dict(generator=dict(config=dict(model=transfer)), gate=dict(enforce=False))),
    arms={'real': {}, 'mirrored': dict(augmentation='mirrored'), 'base': dict(generated='base'), 'begun': dict(init='base'),
          'begun-transfer': dict(init='base', generated='transfer')})
"""


@pytest.fixture
def config(tmp_path):
    rng = np.random.default_rng(0)
    body = rng.normal(size=(1, 1, 17, 3))
    clips = []
    for label, _ in enumerate(CLASSES):
        for group in GROUPS:
            for take in range(3):
                move = rng.normal(scale=0.05, size=(1, 8, 17, 3)).cumsum(axis=1)
                clips.append(dict(frame_dir=f'{CLASSES[label]}_{group}_{take}', label=label, total_frames=8, subject=group,
                                  keypoint=(body + label + move).astype(np.float32)))
    parts = dict(train=[clip['frame_dir'] for clip in clips[::2]], test=[clip['frame_dir'] for clip in clips[1::2]])
    save_annotation(dict(split=parts, metainfo=dict(classes=CLASSES, skeleton='coco17', fps=30.), annotations=clips), tmp_path / 'data.npz')
    (tmp_path / 'made.py').write_text(CONFIG.replace('{data}', str(tmp_path / 'data.npz')))
    return tmp_path / 'made.py'


def open_study(config, **options):
    return Study(config=config, folder=config.parent / 'out/made', options={f'study.{key}': value for key, value in options.items()})


def names(path):
    return [clip['frame_dir'] for clip in load_annotation(path)['annotations']]


def groups(path):
    return {clip['subject'] for clip in load_annotation(path)['annotations']}


def test_train_test_and_base_share_no_group_and_no_action(config):
    study = open_study(config)
    study.prepare()
    for seed in (0, 1):
        small, large = (study.clips.real_file(size, seed) for size in (2, 3))
        test, base = study.clips.test_file(seed), study.clips.base_file(seed)
        assert len(groups(small)) == 1 and len(groups(large)) == 2 and len(groups(test)) == 2 and len(groups(base)) == 2
        assert groups(small) < groups(large) and not groups(large) & groups(test) and not groups(base) & (groups(large) | groups(test))
        assert len(names(small)) == 4 and len(names(large)) == 6  # 2 and 3 of both actions
        assert len(names(test)) == 2 * 2 * 3 and len(names(base)) == 2 * 2 * 3  # all takes, of all splits
        assert {name.split('_')[0] for name in names(base)} == {'walk', 'run'}
        assert {name.split('_')[0] for name in [*names(large), *names(test)]} == {'wave-left', 'wave-right'}
    read = load_annotation(study.clips.real_file(2, 0))
    assert read['metainfo']['classes'] == ['wave-left', 'wave-right']
    assert all(CLASSES.index('wave-left') + clip['label'] == CLASSES.index(clip['frame_dir'].split('_')[0]) for clip in read['annotations'])


def test_every_arm_runs(config):
    study = open_study(config, seeds=[0], clips_per_class=[2])
    study.prepare()
    assert [job.kind for job in study.jobs()] == ['pretraining', *['recognizer'] * 5]
    for job in study.jobs():
        study.run(job.name)
    rows = {row.arm: row for row in study.rows()}
    assert [*rows] == ['real', 'mirrored', 'base', 'begun', 'begun-transfer']
    assert {row.steps for row in rows.values()} == {3} and all(np.isnan(row.val_top1) for row in rows.values())
    assert {row.num_real for row in rows.values()} == {4} and rows['begun-transfer'].num_synthetic > 0
    result = json.loads((config.parent / 'out/made/2-clips/seed0/base/result.json').read_text())
    assert {*result['predicted']} <= {0, 1}  # further classes are learnt and never answered with
    job = study.job('2-clips/seed0/begun-transfer')
    assert study._online_hook(job)['generator']['config']['model']['base']['ann_file'] == str(study.clips.base_file(0))


GENERATOR = """
default_scope = 'mmagenc'
default_hooks = dict(checkpoint=dict(type='CheckpointHook', interval=1), stats=dict(type='RepresentationStatsHook'))
model = dict(type='TransformerCVAE', representation=dict(type='KeypointRepresentation', skeleton='coco17'), num_classes=2, num_frames=8,
             latent_dim=8, num_layers=1, num_heads=2, ff_dim=8)
pipeline = [dict(type='PackMotionInputs')]
train_dataloader = dict(batch_size=4, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=True),
                        dataset=dict(type='MotionDataset', ann_file='{data}', split='train', pipeline=pipeline))
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.))
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=1)
"""


def test_clips_of_a_trained_generator_are_made_anew_and_it_begins_with_the_base_motion(config):
    (config.parent / 'generator.py').write_text(GENERATOR.replace('{data}', str(config.parent / 'data.npz')))
    study = open_study(
        config, seeds=[0], clips_per_class=[2], generator='generator.py', generator_steps=2, generator_init='base',
        generators=dict(own=dict(generator='{trained}', gate=dict(enforce=False), vary=dict(strength=0.3))),
        arms=dict(own=dict(generated='own')), only=['real', 'own'])
    study.prepare()
    kinds = {job.kind: job for job in study.jobs()}
    assert [*kinds] == ['generator-pretraining', 'generator', 'recognizer']
    assert kinds['generator'].needs == ('generator-pretraining/seed0', ) and kinds['recognizer'].needs == ('2-clips/seed0/generator', )
    for job in study.jobs():
        study.run(job.name)
        if job.kind == 'generator-pretraining':
            path = study.folder / study.result(job.name)['checkpoint']
            learnt = torch.load(path, weights_only=False)
            learnt['state_dict']['output.bias'].fill_(7.)
            torch.save(learnt, path)
    begun = torch.load(study.folder / study.result('2-clips/seed0/generator')['checkpoint'], weights_only=False)
    assert [learnt['meta']['dataset_meta']['classes'], begun['meta']['dataset_meta']['classes']] == [['walk', 'run'], CLASSES[1:3]]
    assert (begun['state_dict']['output.bias'] == 7.).all()  # with lr=0
    assert torch.equal(begun['state_dict']['representation.mean'], learnt['state_dict']['representation.mean'])
    assert {row.arm: row.num_synthetic for row in study.rows()} == dict(real=0, own=4)
    hook = study._online_hook(study.job('2-clips/seed0/own'))
    assert hook['generator']['checkpoint'] == str(study.folder / study.result('2-clips/seed0/generator')['checkpoint'])


def test_a_study_begun_before_a_setting_was_known_goes_on(config):
    usual, own = (open_study(config, **options).common_settings()['study'] for options in ({}, dict(generator_init='base')))
    assert 'generator_init' not in usual and 'masked' not in usual['base'] and own['generator_init'] == 'base'


def test_base_motion_without_its_classes(config):
    text = config.read_text()
    graph = "dict(type='mmagenc.FastSTGCN', base_channels=8, num_stages=1, graph_cfg=dict(layout='coco', mode='stgcn_spatial'))"
    config.write_text(text.replace(text[text.index("dict(type='mmagenc.TCN'"):text.index(',\n    cls_head')], graph))
    study = open_study(config, seeds=[0], clips_per_class=[2], only=['begun'], base=dict(masked=True))
    study.prepare()
    study.run('pretraining/seed0')
    learnt = torch.load(study._pretrained(0), weights_only=False)
    assert learnt['pretraining']['task'] == 'masked motion' and any(name.startswith('decoder.') for name in learnt['state_dict'])
    assert study.run('2-clips/seed0/begun')['row']['arm'] == 'begun'
    log = next((config.parent / 'out/made/2-clips/seed0/begun').glob('*/*.log')).read_text()
    assert 'begins with' in log and 'weights of backbone' in log


def test_one_seed_has_one_pretraining_for_all_sizes(config):
    jobs = open_study(config).jobs()
    assert [job.name for job in jobs if job.kind == 'pretraining'] == ['pretraining/seed0', 'pretraining/seed1']
    assert all(('pretraining/seed0' in job.needs) == job.arm.name.startswith('begun') for job in jobs if job.arm and job.seed == 0)


def test_base_motion_of_another_file_and_layout(config, tmp_path):
    clips = [dict(frame_dir=f'far_{i}', label=i % 2, total_frames=8, subject=f'x{i % 3}', pose=np.zeros((1, 8, 24, 3), np.float32),
                  keypoint=np.random.default_rng(i).normal(size=(1, 8, 17, 3)).astype(np.float32)) for i in range(6)]
    save_annotation(dict(split=dict(train=[clip['frame_dir'] for clip in clips]), annotations=clips,
                         metainfo=dict(classes=['sit', 'stand'], skeleton='coco17', fps=30.)), tmp_path / 'far.npz')
    study = open_study(config, base=dict(ann_file=str(tmp_path / 'far.npz'), classes=None), only=['begun'])
    study.prepare()
    read = load_annotation(study.clips.base_file(1))
    assert read['metainfo']['classes'] == ['sit', 'stand'] and len(read['annotations']) == 6
    assert 'pose' not in read['annotations'][0]  # the study's clips have none


def test_base_motion_of_the_same_data_by_its_splits(config):
    study = open_study(config, groups=None)
    study.prepare()
    split = load_annotation(config.parent / 'data.npz')['split']
    base, test = (names(path) for path in (study.clips.base_file(0), study.clips.test_file(0)))
    assert {name.split('_')[0] for name in base} == {'walk', 'run'} and {*base} <= {*split['train']} and len(base) == 18
    assert {name.split('_')[0] for name in test} == {'wave-left', 'wave-right'} and {*test} <= {*split['test']}


@pytest.mark.parametrize('options, message', [
    (dict(base=dict(classes=None)), 'needs classes and base'),
    (dict(base=dict(classes=['walk', 'wave-left'])), "'wave-left' is among classes and base.classes"),
    (dict(base=dict(classes=['walk', 'fly'])), "base.classes: no class 'fly'"),
    (dict(classes=['wave-left', 'fly']), "classes: no class 'fly'"),
    (dict(classes=['wave-left']), r'num_classes=2, the study has 1 classes'),
    (dict(pick='best'), "needs pick='last'"),
    ({'groups.key': 'style'}, "key='style', which clip"),
    ({'groups.train': 3, 'groups.test': 5}, 'groups: 3 groups to train on and 5 to test on, of 6'),
    ({'groups.train': 4}, 'no clips for base_seed0'),
    ({'clips_per_class': [2, 9], 'groups.train': 1}, r'made\.py: s.: class . has 3 clips, 9'),
    ({'groups.train': 0}, r'groups\.train=0'),
    ({'groups.colour': 1}, r'groups\.colour'),
    (dict(only=['fake']), 'only must be some of the arms real, mirrored'),
    (dict(baselines=['real']), 'baselines must be two arms'),
    (dict(judge_init='base', judge='loop'), "judge_init='base'"),
    (dict(generator_init='mocap'), "generator_init='mocap': 'base' is accepted"),
    ({'generators.transfer.generator': '{trained}'}, r"need study\['generator'\]"),
    (dict(base=dict(classes=['walk'], augmentation='loud')), "base.augmentation='loud'"),
])
def test_settings_that_cannot_be(config, options, message):
    folder = config.parent / 'out/made'
    with pytest.raises(ValueError, match=message):
        open_study(config, **options).prepare()
    assert not (folder / 'settings.json').exists()


def test_classes_of_one_side_are_not_mirrored_into_none():
    mirror, strong, other = (dict(type=name, swapped_labels='names') for name in ('RandomMirror', 'StrongAugmentation', 'RandomMirror'))
    del other['swapped_labels']
    assert _with_pairs([mirror, strong, other], ['wave-left', 'run']) == [dict(strong, swapped_labels=None), other]
    numbered = _with_pairs([mirror, dict(strong, mirror=0.5)], ['0', '1'])  # numbers say no side
    assert numbered == [dict(strong, swapped_labels=None, mirror=0.)]
    assert _with_pairs([mirror, other], ['wave-left', 'run', 'wave-right']) == [dict(mirror, swapped_labels=((0, 2), )), other]


def own_config(config, name='own'):
    path = config.parent / f'{name}.py'
    path.write_text(f"_base_ = 'mmagenc::studies/{name}.py'\nown_data = dict(ann_file='{config.parent}/data.npz')\n"
                    "train_dataloader = dict(batch_size=4)\nstudy = dict(steps=3, seeds=[0])\n")
    return path


def test_own_clips_need_one_line(config, tmp_path):
    """Layout, classes, subjects and what mirroring swaps are read off the file."""
    study = Study(config=own_config(config), folder=tmp_path / 'own', options={})
    assert study.cfg.model.backbone.num_keypoints == 17 and study.cfg.model.cls_head.num_classes == 4
    assert study.settings['groups'] == dict(key='subject', train=5, test=1, clips_per_group=1, balanced=True)
    study.prepare()
    assert len(groups(study.clips.test_file(0))) == 1 and len(groups(study.clips.real_file('all', 0))) == 5
    for job in study.jobs():
        study.run(job.name)
    assert [row.arm for row in study.rows()] == ['real', 'strong', 'posture', 'random']
    assert {row.num_real for row in study.rows()} == {4 * 5 * 3}
    assert {(row.tested_key, *row.people) for row in study.rows()} == {('subject', *groups(study.clips.test_file(0)))}
    assert all(row.people.popitem()[1] == pytest.approx((row.top1, row.mean_class), abs=1e-6) for row in study.rows())


def test_own_clips_without_subjects_are_split_by_class(config, tmp_path):
    annotation = load_annotation(tmp_path / 'data.npz')
    clips = [{key: value for key, value in clip.items() if key != 'subject'} for clip in annotation['annotations']]
    save_annotation(dict(split={}, metainfo=annotation['metainfo'], annotations=clips), tmp_path / 'data.npz')
    study = Study(config=own_config(config), folder=tmp_path / 'own', options={})
    study.prepare()
    assert study.settings['groups'] is None
    test = {clip['frame_dir'] for clip in study._test_clips(study.job('all-clips/seed0/real'))}
    real = set(names(study.clips.real_file('all', 0)))
    assert len(test) == 4 * 4 and not test & real  # a fifth of 18


def test_a_study_of_an_earlier_version_goes_on_with_its_groups(config, tmp_path):
    """It knew neither turns nor who was tested: its divisions stay, and who was tested is read off its test clips."""
    path, options = own_config(config), {'study.groups': dict(train=4, test=2, clips_per_group=1, balanced=None)}
    old = Study(config=path, folder=tmp_path / 'own', options=options)
    old.prepare()
    assert 'balanced' not in old._began_with()['study']['groups']
    done = old.run('all-clips/seed0/real')
    result = tmp_path / 'own/all-clips/seed0/real/result.json'
    result.write_text(json.dumps(dict(done, row={key: value for key, value in done['row'].items() if key != 'tested'})))
    study = Study(config=path, folder=tmp_path / 'own', options={'study.seeds': [0, 1, 2, 3]})
    assert study.settings['groups'] == dict(key='subject', train=4, test=2, clips_per_group=1, balanced=None)
    study.prepare()
    for seed in range(4):
        drawn = [GROUPS[i] for i in np.random.default_rng([seed, len(GROUPS)]).permutation(len(GROUPS))]
        assert groups(study.clips.test_file(seed)) == {*drawn[:2]}
    row, = study.rows()
    assert row.tested == done['row']['tested'] and {*row.people} == groups(study.clips.test_file(0))
    assert row.config_hash == study.config_hash()
    study.clips.test_file(0).unlink()
    assert study.rows()[0].tested == ''


def relabel(path, keep):
    """Leave clips out, by class and subject."""
    annotation = load_annotation(path)
    clips = [clip for clip in annotation['annotations'] if keep(CLASSES[clip['label']], clip['subject'])]
    save_annotation(dict(split={}, metainfo=annotation['metainfo'], annotations=clips), path)


def test_a_class_that_nobody_is_trained_on_is_not_tested(config, tmp_path):
    """Refused before anything is trained; the others can be studied."""
    relabel(tmp_path / 'data.npz', lambda name, subject: name != 'run' or subject == 's0')
    options = {'study.seeds': list(range(8))}
    with pytest.raises(ValueError, match=r'own\.py: groups: run is of s0 alone: .*study\.classes'):
        Study(config=own_config(config), folder=tmp_path / 'own', options=options).prepare()
    assert not (tmp_path / 'own/settings.json').exists()
    study = Study(config=own_config(config), folder=tmp_path / 'own', options=dict(options, **{'study.classes': CLASSES[:3]}))
    study.prepare()
    assert study.cfg.model.cls_head.num_classes == 3 and study.run('all-clips/seed0/random')['row']['num_real'] > 0


def test_a_class_of_the_test_split_alone_is_refused(config, tmp_path):
    annotation = load_annotation(tmp_path / 'data.npz')
    parts = {part: [name for name in names if part == 'test' or not name.startswith('wave-left')]
             for part, names in annotation['split'].items()}
    save_annotation(dict(annotation, split=parts), tmp_path / 'data.npz')
    with pytest.raises(ValueError, match=r'its training clips: wave-left would be tested and is not trained on'):
        open_study(config, groups=None).prepare()


def test_a_study_by_groups_says_nothing_of_a_split_that_it_does_not_use(config, tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr('mmagenc.engine.own_data.print_log', lambda text, **_: said.append(text))
    relabel(tmp_path / 'data.npz', lambda *_: True)
    Study(config=own_config(config), folder=tmp_path / 'own', options={})
    assert not any('set apart' in text for text in said)
    Study(config=own_config(config), folder=tmp_path / 'own', options={'study.groups': None})
    assert sum('set apart' in text for text in said) == 2


def test_own_clips_with_base_motion(config, tmp_path):
    path = own_config(config, 'own_with_base')
    base = load_annotation(tmp_path / 'data.npz')
    clips = [dict(clip, frame_dir=f'base_{clip["frame_dir"]}') for clip in base['annotations']]
    save_annotation(dict(split={}, metainfo=base['metainfo'], annotations=clips), tmp_path / 'base.npz')
    study = Study(config=path, folder=tmp_path / 'own', options={'study.base.ann_file': str(tmp_path / 'base.npz')})
    study.prepare()
    for job in study.jobs():
        if job.kind == 'pretraining' or job.arm.name in ('pretrained-transfer', 'base-classes'):
            study.run(job.name)
    assert [row.arm for row in study.rows()] == ['pretrained-transfer', 'base-classes']


@pytest.mark.parametrize('dims', [2, 3])
def test_own_clips_with_a_generator_that_learns_from_them(config, tmp_path, dims):
    """Its layout, coordinates and schedule need no further line."""
    annotation = load_annotation(tmp_path / 'data.npz')
    clips = [dict(clip, keypoint=clip['keypoint'][..., :dims]) for clip in annotation['annotations']]
    save_annotation(dict(annotation, annotations=clips), tmp_path / 'data.npz')
    path = own_config(config, 'own_with_generator')
    small = {'model.num_layers': 1, 'model.latent_dim': 16, 'model.num_heads': 2, 'train_dataloader.batch_size': 8}
    options = {'study.only': ['real', 'variants', 'infagenc'], 'study.generator_steps': 2, 'study.generator_options': small,
               'study.generators.variants.gate': dict(enforce=False), 'study.loop': dict(rounds=1, judge_steps=2, judge_tune_steps=1)}
    study = Study(config=path, folder=tmp_path / 'own', options=options)
    assert study.generator.model.representation.skeleton == 'coco17' and study.generator.model.representation.num_dims == dims
    assert study.generator.model.num_classes == 4 and study.generator.param_scheduler['end'] == 2000
    study.prepare()
    for job in study.jobs():
        study.run(job.name)
    assert {row.arm: row.num_synthetic for row in study.rows()}['variants'] == 60
    options['study.classes'] = CLASSES[:2]
    assert Study(config=path, folder=tmp_path / 'fewer', options=options).generator.model.num_classes == 2


def test_the_loop_of_own_data_is_completed(config, tmp_path):
    """A config of two lines names neither layout nor pipelines before its file is read."""
    mine = tmp_path / 'mine.py'
    mine.write_text(f"_base_ = 'mmagenc::infagenc/own_3d.py'\nown_data = dict(ann_file='{config.parent}/data.npz')\n")
    options = {'study.generator': str(mine), 'study.arms.infagenc': dict(augmentation='strong', generated='pool')}
    study = Study(config=own_config(config), folder=tmp_path / 'own', options=options)
    assert 'own_data' not in study.generator and study.generator.train_dataloader.dataset.pipeline
    assert any(job.kind == 'generator' for job in study.jobs())
