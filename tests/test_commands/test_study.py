"""``mmagenc study`` with tiny networks: every arm, interruptions, settings that change, failures, what is written."""

import json
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmagenc.apis.study import Study, pool
from mmagenc.apis.study.study import leave_training_hooks
from mmagenc.commands import study
from mmagenc.compat import atomic_open
from mmagenc.datasets.annotation import load_annotation, save_annotation
from mmagenc.engine import RecognizerTrainer
from mmagenc.engine.hook_config import config_hooks, drop_hooks, find_hook
from mmagenc.evaluation.study import read_rows
from mmagenc.evaluation.study_plan import PRESET_ARMS, load_arms
from mmagenc.registry import HOOKS, MODELS
from tests.commands import main
from tests.test_engine.test_hooks.test_infagenc_hook import NUM_CLASSES, NUM_FRAMES, ShiftGenerator

ROOT = Path(__file__).resolve().parents[2]
RECOGNIZER = """
default_scope = 'mmagenc'
default_hooks = dict(checkpoint=dict(type='CheckpointHook', interval=1))
model = dict(
    type='RecognizerGCN', _scope_='mmaction',
    backbone=dict(type='STGCN', base_channels=8, num_stages=2, inflate_stages=[2], down_stages=[2],
                  graph_cfg=dict(layout='coco', mode='stgcn_spatial')),
    cls_head=dict(type='GCNHead', num_classes=2, in_channels=16))
pipeline = [dict(type='mmaction.FormatGCNInput', num_person=1), dict(type='mmaction.PackActionInputs')]
def_loader = dict(batch_size=4, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False))
train_dataloader = dict(**def_loader, dataset=dict(type='MotionDataset', ann_file='{data}', split='train', pipeline=pipeline))
val_dataloader = dict(**def_loader, dataset=dict(type='MotionDataset', ann_file='{data}', split='{val}', pipeline=pipeline))
test_dataloader = dict(**def_loader, dataset=dict(type='MotionDataset', ann_file='{data}', split='test', pipeline=pipeline))
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=3e-3))
val_cfg = dict(type='ValLoop')
val_evaluator = dict(type='mmaction.AccMetric')
study = dict(
    name='made', generator='generator.py', clips_per_class=[2, 4], seeds=[0, 1], steps=6, val_interval=3,
    augmentation=[dict(type='JointNoise', position=0.1)], generator_steps=6,
    loop=dict(rounds=2, round_steps=2, judge_steps=8, judge_tune_steps=2, candidates_per_class=4,
              hook=dict(selector=dict(type='RandomSelector', confidence=0., min_survivors=1, balanced=False))))
"""
GENERATOR = """
default_scope = 'mmagenc'
default_hooks = dict(checkpoint=dict(type='CheckpointHook', interval=1))
model = dict(type='ShiftGenerator')
pipeline = [dict(type='PackMotionInputs')]
train_dataloader = dict(batch_size=4, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=True),
                        dataset=dict(type='MotionDataset', ann_file='{data}', split='train', pipeline=pipeline))
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=1)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-2))
"""


class StopHook(Hook):
    """Stops a training at a step, as a power cut would."""

    step = None

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == StopHook.step:
            raise KeyboardInterrupt


@pytest.fixture(scope='module')
def tool():
    return study


@pytest.fixture(autouse=True)
def _registered():
    MODELS.register_module(module=ShiftGenerator, force=True)
    HOOKS.register_module(module=StopHook, force=True)
    StopHook.step = None
    yield
    MODELS.module_dict.pop('ShiftGenerator')
    HOOKS.module_dict.pop('StopHook')


def make_clips(name, count, seed):
    rng = np.random.default_rng(seed)
    return [
        dict(
            frame_dir=f'{name}_{i}',
            label=i % NUM_CLASSES,
            total_frames=NUM_FRAMES,
            keypoint=(rng.normal(size=(1, NUM_FRAMES, 17, 3)) + 3 * (i % NUM_CLASSES)).astype(np.float32)) for i in range(count)
    ]


def make_study(folder, *, val='val'):
    folder.mkdir(parents=True, exist_ok=True)
    parts = dict(train=make_clips('train', 16, 0), val=make_clips('val', 6, 1), test=make_clips('test', 8, 2))
    save_annotation(
        dict(
            split={name: [clip['frame_dir'] for clip in clips] for name, clips in parts.items()},
            metainfo=dict(classes=['low', 'high'], skeleton='coco17', fps=30.),
            annotations=sum(parts.values(), [])), folder / 'data.npz')
    (folder / 'made.py').write_text(RECOGNIZER.replace('{data}', str(folder / 'data.npz')).replace('{val}', val))
    (folder / 'generator.py').write_text(GENERATOR.replace('{data}', str(folder / 'data.npz')))
    return folder / 'made.py'


def open_study(config, folder, **options):
    return Study(config=config, folder=folder, options={f'study.{key}': value for key, value in options.items()})


@pytest.fixture
def in_process(tool, monkeypatch):
    """Do the tool's jobs in this process; the names of those that ran."""
    ran = []

    def run_one(self, study, job, slot):
        ran.append(job.name)
        arguments = [str(study.path), '--work-dir', str(study.folder.parent), '--run', job.name]
        try:
            main(tool, [*arguments, *self.options])
        except Exception as error:
            return str(error)
        return None

    monkeypatch.setattr(tool.Pool, '_run_one', run_one)
    return ran


def test_whole_study_goes_on_where_it_stopped(tool, in_process, tmp_path, capsys):
    config = make_study(tmp_path)
    command = [str(config), '--work-dir', str(tmp_path / 'out'), '--cfg-options', 'study.clips_per_class=[2]', 'study.seeds=[0]']
    main(tool, command)
    kinds = [Path(name).name for name in in_process]
    assert sorted(kinds) == ['augmented', 'both', 'generator', 'infagenc', 'pool', 'real', 'unjudged']
    assert kinds.index('generator') < kinds.index('pool') < min(kinds.index(arm) for arm in ('infagenc', 'unjudged', 'both'))
    folder = tmp_path / 'out/made'
    first = read_rows(folder / 'runs.csv')
    assert [row.arm for row in first] == ['real', 'augmented', 'unjudged', 'infagenc', 'both']
    assert load_arms(folder / 'arms.json') == (list(PRESET_ARMS.values()), 'real')
    by_arm = {row.arm: row for row in first}
    assert {row.steps for row in first} == {6} and {row.num_real for row in first} == {4}
    assert by_arm['real'].num_synthetic == by_arm['augmented'].num_synthetic == 0
    assert by_arm['unjudged'].num_synthetic == by_arm['infagenc'].num_synthetic == by_arm['both'].num_synthetic > 0
    assert all(row.picked_iter in (3, 6) for row in first) and len({row.config_hash for row in first}) == 1
    (folder / '2-clips/seed0/real/result.json').unlink()  # as if it had been stopped half-way
    for name in ('iter_99.pth', 'notes.txt'):
        (folder / '2-clips/seed0/real' / name).write_text('')
    in_process.clear()
    main(tool, [*command[:-1], 'study.seeds=[0,1]', 'study.arms=[real]'])
    assert in_process == ['2-clips/seed0/real', '2-clips/seed1/real']
    assert not (folder / '2-clips/seed0/real/iter_99.pth').exists() and (folder / '2-clips/seed0/real/notes.txt').exists()
    second = read_rows(folder / 'runs.csv')
    assert [(row.seed, row.top1, row.picked_iter) for row in second][0] == (0, by_arm['real'].top1, by_arm['real'].picked_iter)
    assert (folder / 'learning_curve.pdf').read_bytes().startswith(b'%PDF')
    assert '| made | 2 | real | 2 |' in (folder / 'table.md').read_text() and '| made | 2 | real | 2 |' in capsys.readouterr().out


def test_loop_has_its_own_generator_options_and_bounds_the_judges_steps(tmp_path, monkeypatch):
    study = open_study(make_study(tmp_path), tmp_path / 'out', seeds=[0], clips_per_class=[2], **{
        'loop.generator_options': {'optim_wrapper.optimizer.lr': 1e-5}, 'loop.candidates_per_class': 20, 'loop.rounds': 3})
    study.prepare()
    configs, steps, fit = {}, [], RecognizerTrainer.fit
    build = Runner.from_cfg
    monkeypatch.setattr(Runner, 'from_cfg', lambda cfg: configs.setdefault(Path(cfg.work_dir).name, cfg) and build(cfg))
    monkeypatch.setattr(RecognizerTrainer, 'fit', lambda self, clips, epochs, **kwargs: steps.append((len(clips), kwargs['max_steps'])) or
                        fit(self, clips, epochs, **kwargs))
    for kind in ('generator', 'pool'):
        study.run(f'2-clips/seed0/{kind}')
    assert [configs[kind].optim_wrapper.optimizer.lr for kind in ('generator', 'pool')] == [1e-2, 1e-5]
    assert steps[0] == (4, None) and steps[1][0] > 4 and {limit for _, limit in steps[1:]} == {2}  # however large the pool


def test_same_real_clips_in_every_arm(tmp_path):
    study = open_study(make_study(tmp_path), tmp_path / 'out')
    study.prepare()
    files = {study.real_file(job) for job in study.jobs() if (job.clips_per_class, job.seed) == (2, 1)}
    assert len(files) == 1
    names = {size: {clip['frame_dir'] for clip in load_annotation(tmp_path / f'out/data/{size}-clips_seed1.npz')['annotations']}
             for size in (2, 4)}
    assert len(names[2]) == 4 and names[2] < names[4] and all(name.startswith('train_') for name in names[4])


@pytest.mark.parametrize('val', ['val', 'test'])
def test_checkpoints_are_picked_on_validation_clips_never_on_test(tmp_path, val):
    study = open_study(make_study(tmp_path, val=val), tmp_path / 'out', seeds=[0], clips_per_class=[4], arms=['real'])
    study.prepare()
    held = tmp_path / 'out/data/val.npz'
    assert held.is_file() == (val == 'test')  # validation clips that are the test clips are none
    cfg = study._recognizer_config([], None, [])
    assert cfg.val_dataloader.dataset.ann_file == str(held if val == 'test' else tmp_path / 'data.npz')
    if val == 'test':
        names = {clip['frame_dir'] for clip in load_annotation(held)['annotations']}
        real = {clip['frame_dir'] for clip in load_annotation(tmp_path / 'out/data/4-clips_seed0.npz')['annotations']}
        assert names and not names & real


@pytest.mark.parametrize('kind', ['generator', 'pool'])
def test_interrupted_training_ends_as_an_uninterrupted_one(tmp_path, kind):
    config = make_study(tmp_path)
    with open(tmp_path / 'generator.py', 'a') as file:
        file.write("custom_hooks = [dict(type='StopHook')]\n")
    weights = {}
    for name in ('whole', 'stopped'):
        study = open_study(config, tmp_path / name, seeds=[0], clips_per_class=[4])
        study.prepare()
        for job in ('generator', 'pool'):
            if name == 'stopped' and job == kind:
                StopHook.step = 5 if job == 'generator' else 3
                with pytest.raises(KeyboardInterrupt):
                    study.run(f'4-clips/seed0/{job}')
                StopHook.step = None
                assert study.result(f'4-clips/seed0/{job}') is None
            result = study.run(f'4-clips/seed0/{job}')
        weights[name] = torch.load(tmp_path / name / result['checkpoint'], weights_only=True), result['num_synthetic']
    assert weights['whole'][1] == weights['stopped'][1] > 0
    assert torch.equal(weights['whole'][0]['state_dict']['scale'], weights['stopped'][0]['state_dict']['scale'])


def test_changed_settings_are_refused_and_a_study_may_grow(tmp_path):
    config = make_study(tmp_path)
    open_study(config, tmp_path / 'out').prepare()
    open_study(config, tmp_path / 'out', seeds=[0, 1, 2], clips_per_class=[2, 8], arms=['real', 'infagenc']).prepare()
    with pytest.raises(ValueError, match=r'other settings: recognizer\.optim_wrapper\.optimizer\.lr, study\.steps\. Give'):
        Study(config=config, folder=tmp_path / 'out', options={'study.steps': 7, 'optim_wrapper.optimizer.lr': 1.}).prepare()
    with pytest.raises(ValueError, match=r'study\.steps'):
        open_study(config, tmp_path / 'out', steps=7).run('2-clips/seed0/real')
    annotation = load_annotation(tmp_path / 'data.npz')
    annotation['annotations'][0]['keypoint'] += 1
    save_annotation(annotation, tmp_path / 'data.npz')
    with pytest.raises(ValueError, match='other settings: data'):
        open_study(config, tmp_path / 'out').prepare()


def make_twins(folder, name='twin', more=''):
    """Two configs that call their studies alike, of different clips, arms ``real`` and ``mine``."""
    one, other = make_study(folder), folder / f'{name}.py'
    other.write_text(one.read_text().replace('data.npz', f'{name}.npz') + more)
    annotation = load_annotation(folder / 'data.npz')
    for clip in annotation['annotations']:
        clip['keypoint'] += 1
    save_annotation(annotation, folder / f'{name}.npz')
    for path, arms in ((one, "{'real': {}}"), (other, "{'mine': {}}")):
        path.write_text(f"{path.read_text()}study['arms'] = {arms}\n")
    return [str(one), str(other), '--work-dir', str(folder / 'out')]


def test_studies_of_one_name_and_different_clips_are_refused_before_anything_is_written(tool, monkeypatch, tmp_path):
    command = make_twins(tmp_path)
    monkeypatch.setattr(tool, 'Pool', lambda *args: pytest.fail('it began'))
    for more in ([], ['--summary']):
        with pytest.raises(SystemExit, match=r"made\.py and \S*twin\.py: two studies of different clips are both called 'made'.*name=…"):
            main(tool, [*command, *more])
    assert not (tmp_path / 'out').exists()
    (tmp_path / 'again.py').write_text((tmp_path / 'made.py').read_text())
    with pytest.raises(SystemExit, match="two studies with a run 2-clips/seed0/real are both called 'made'"):
        main(tool, [command[0], str(tmp_path / 'again.py'), *command[2:]])


def test_a_study_may_get_another_name(tool, in_process, tmp_path):
    """Begun studies of one name have one each before they are summarized together; the runs that are done stay."""
    command = make_twins(tmp_path)
    options = ['--cfg-options', 'study.clips_per_class=[2]', 'study.seeds=[0]']
    for config in command[:2]:
        main(tool, [config, *command[2:], *options])
    with pytest.raises(SystemExit, match='two studies of different clips'):
        main(tool, [*command, '--summary', *options])
    (tmp_path / 'twin.py').write_text((tmp_path / 'twin.py').read_text() + "study['name'] = 'other'\n")
    in_process.clear()
    main(tool, [*command, *options[:2], 'study.seeds=[0,1]'])
    assert in_process == ['2-clips/seed1/real', '2-clips/seed1/mine']
    rows = read_rows(tmp_path / 'out/runs.csv')
    assert [(row.dataset, row.seed) for row in rows] == [('made', 0), ('made', 1), ('other', 0), ('other', 1)]
    assert len({row.config_hash for row in rows}) == 2


def test_failed_run_stops_only_what_needs_it(tool, tmp_path, monkeypatch):
    config = make_study(tmp_path)

    def run_one(self, study, job, slot):
        if job.kind == 'pool':
            return 'broken'
        folder = study.folder / job.name
        folder.mkdir(parents=True)
        row = dict(dataset='made', arm=job.arm and job.arm.name, clips_per_class=2, seed=job.seed, top1=.5, mean_class=.5, val_top1=.5,
                   steps=6, num_real=4, num_synthetic=0, picked_iter=3, wall_s=1., config_hash='a')
        with atomic_open(folder / 'result.json', 'w') as file:  # as a job does: another thread may be reading
            json.dump(dict(wall_s=1., steps=6) if job.kind == 'generator' else dict(wall_s=1., row=row), file)
        return None

    monkeypatch.setattr(tool.Pool, '_run_one', run_one)
    with pytest.raises(SystemExit) as error:
        main(tool, [str(config), '--work-dir', str(tmp_path / 'out'), '--jobs', '2', '--cfg-options', 'study.clips_per_class=[2]'])
    message = str(error.value)
    assert '8 jobs failed' in message and 'seed1/pool: broken' in message and 'seed0/infagenc: needs 2-clips/seed0/pool' in message
    assert [row.arm for row in read_rows(tmp_path / 'out/made/runs.csv')] == ['real', 'real', 'augmented', 'augmented']


def test_stopping_the_study_stops_its_processes(tool, tmp_path, monkeypatch):
    config, marker = make_study(tmp_path), tmp_path / 'child.txt'
    endless = tmp_path / 'endless.sh'
    endless.write_text(f'#!/bin/sh\necho $$ > {marker}.new && mv {marker}.new {marker}\nexec sleep 600\n')
    endless.chmod(0o755)
    monkeypatch.setattr(pool.sys, 'executable', str(endless))

    def stop():
        while not marker.is_file():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    threading.Thread(target=stop, daemon=True).start()
    with pytest.raises(SystemExit) as error:
        main(tool, [str(config), '--work-dir', str(tmp_path / 'out'), '--cfg-options', 'study.arms=[real]'])
    assert error.value.code == 128 + signal.SIGTERM and signal.getsignal(signal.SIGTERM) == before
    with pytest.raises(ProcessLookupError):
        os.kill(int(marker.read_text()), 0)


def test_second_study_in_the_same_folder_is_refused(tool, tmp_path, monkeypatch):
    config = make_study(tmp_path)
    command = [str(config), '--work-dir', str(tmp_path / 'out'), '--cfg-options', 'study.arms=[real]']
    messages = []

    def run(self):
        with pytest.raises(SystemExit) as error:
            main(tool, command)
        messages.append(str(error.value))
        return {}

    monkeypatch.setattr(tool.Pool, 'run', run)
    for _ in range(2):  # the folder is free again when the first one has ended
        with pytest.raises(SystemExit, match='no run is done yet'):
            main(tool, command)
    assert len(messages) == 2 and all('another study.py is at work here' in message for message in messages)


def test_others_files_are_not_replaced(tool, tmp_path, monkeypatch, capsys):
    config, folder = make_study(tmp_path), tmp_path / 'out/made'
    folder.mkdir(parents=True)
    (folder / 'table.md').write_text('mine')
    monkeypatch.setattr(tool, 'Pool', lambda *args: pytest.fail('it began'))
    with pytest.raises(SystemExit) as error:
        main(tool, [str(config), '--work-dir', str(tmp_path / 'out')])
    assert error.value.code == 2 and 'table.md: there already, and no study wrote it; --force replaces it' in capsys.readouterr().err
    (folder / 'table.md').rename(folder / 'mine.npz')
    with pytest.raises(SystemExit, match='holds mine.npz and no study: give this one another --work-dir'):
        main(tool, [str(config), '--work-dir', str(tmp_path / 'out')])
    assert [path.read_text() for path in folder.iterdir() if path.name != '.lock'] == ['mine']


def test_summary_alone_trains_nothing(tool, tmp_path):
    config = make_study(tmp_path)
    with pytest.raises(SystemExit, match='no run is done yet'):
        main(tool, [str(config), '--work-dir', str(tmp_path / 'out'), '--summary'])


def test_generator_without_a_loop_gets_one_with_the_hooks_own_selector(tmp_path):
    study = open_study(make_study(tmp_path), tmp_path / 'out')
    study.prepare()
    assert find_hook(study.generator, 'InfAGenCHook') is None
    hook = study._hook(study.generator, next(job for job in study.jobs() if job.kind == 'pool'))
    assert hook['type'] == 'InfAGenCHook' and 'selector' not in hook and hook['recognizer']['model'] == study.cfg.model.to_dict()


@pytest.mark.parametrize('listed', [False, True])
def test_training_before_the_loop_keeps_all_hooks_but_the_loop_and_pictures(listed):
    cfg = Config.fromfile(ROOT / 'configs/infagenc/primitive_60f.py')
    names = ('infagenc', 'samples', 'random_state', 'representation_stats')
    if listed:
        cfg.custom_hooks = [cfg.default_hooks.pop(name) for name in names]
    leave_training_hooks(cfg)
    left = [hook.type for hook in config_hooks(cfg).values()]
    assert 'InfAGenCHook' not in left and 'SampleVisualizationHook' not in left
    assert left.count('RandomStateHook') == left.count('RepresentationStatsHook') == 1
    drop_hooks(cfg, 'RandomStateHook')
    leave_training_hooks(cfg)
    assert cfg.default_hooks.random_state.type == 'RandomStateHook'


@pytest.mark.parametrize('change, message', [
    (dict(colour=1), 'unknown settings of the study: colour'),
    (dict(loop=dict(turns=1)), r'loop\.turns'),
    (dict(arms=['real', 'fake']), 'arms must be some of'),
    (dict(judge='me'), "judge must be 'recognizer' or 'loop'"),
    (dict(augmentation=[]), 'needs augmentation'),
    (dict(steps=0), 'steps=0'),
    (dict(num_synthetic='many'), "num_synthetic='many'"),
    (dict(generator=None), r"need study\['generator'\]"),
    (dict(generator='no.py'), r'no\.py: no such file'),
])
def test_settings_that_cannot_be(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        open_study(make_study(tmp_path), tmp_path / 'out', **change)


def test_one_run_on_each_gpu(tool, monkeypatch):
    monkeypatch.setattr(pool, 'visible_gpus', lambda: ['3', '5'])
    assert [slot.environment['CUDA_VISIBLE_DEVICES'] for slot in pool.make_slots(None)] == ['3', '5']
    assert [slot.environment['CUDA_VISIBLE_DEVICES'] for slot in pool.make_slots(3)] == ['3', '5', '3']
    monkeypatch.setattr(pool, 'visible_gpus', list)
    monkeypatch.setenv('OMP_NUM_THREADS', '8')
    assert [slot.environment for slot in pool.make_slots(3)] == [{'OMP_NUM_THREADS': '2'}] * 3
    assert len(pool.make_slots(None)) == 1


def test_remaining_time_needs_each_kind_once(tool, tmp_path):
    study = open_study(make_study(tmp_path), tmp_path / 'out', seeds=[0], clips_per_class=[2])
    generator, loop, real, augmented = study.jobs()[:4]
    progress = pool.Progress(total=6, slots=2)
    progress.add(generator, 30.)
    progress.add(real, 10.)
    assert progress.remaining([loop, augmented]) is None
    progress.add(loop, 50.)
    assert progress.remaining([loop, augmented]) == 30. and progress.done == 3


@pytest.mark.parametrize('name', ['bandai_namco_small', 'standin_primitive_small'])
def test_shipped_studies_can_be_opened(name, tmp_path):
    study = Study(config=ROOT / f'configs/studies/{name}.py', folder=tmp_path)
    seeds, sizes = study.settings['seeds'], study.settings['clips_per_class']
    assert len(seeds) >= 5 and len(study.jobs()) == 7 * len(seeds) * len(sizes)
    assert study.generator.model.num_classes == study.cfg.model.cls_head.num_classes


def test_a_process_does_one_job_after_another(tool, tmp_path):
    """Also where reading the data says something first, and after a job that failed."""
    config = make_study(tmp_path)
    annotation = load_annotation(tmp_path / 'data.npz')
    annotation['metainfo'].pop('fps')
    save_annotation(annotation, tmp_path / 'data.npz')
    study = open_study(config, tmp_path / 'out/made')
    study.prepare()
    worker, results = pool.Worker(study, [], {}), []
    for name in ('real', 'infagenc', 'augmented'):
        log = tmp_path / f'{name}.log'
        worker.do(study.job(f'2-clips/seed0/{name}'), log)
        results.append(study.result(f'2-clips/seed0/{name}') is not None)
    alive = worker.process.poll()
    worker.close()
    assert results == [True, False, True] and alive is None and worker.process.returncode == 0
    assert 'infagenc needs 2-clips/seed0/pool' in (tmp_path / 'infagenc.log').read_text()
    assert 'best_acc_top1' in (tmp_path / 'real.log').read_text() and 'best_acc_top1' in (tmp_path / 'augmented.log').read_text()
