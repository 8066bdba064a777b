"""A study: recognizers trained on a few real clips, with and without generated ones, as jobs that can be run in any process.

Its config is that of the recognizer (``model``, data, optimizer) with a dict ``study`` beside it:

=====================  =============================================================================================================
``name``               of the data, in tables
``generator``          config of a generator or of the InfAGenC loop, relative to the study's file
``generator_options``  merged into that config, as ``--cfg-options`` (dotted keys)
``arms``               some of ``real``, ``augmented``, ``unjudged``, ``infagenc``, ``both`` (``augmented`` and ``infagenc``)
``clips_per_class``    training-set sizes: numbers, or ``'all'``
``seeds``              one run of each arm at each size
``steps``              optimizer steps of the recognizer, the same in every arm
``val_interval``       steps between validations, of which the best one's checkpoint is tested
``param_scheduler``    by iteration; default: the cosine from the config's learning rate to 0 over ``steps``
``augmentation``       transforms put before the training pipeline in the arms ``augmented`` and ``both``
``generator_steps``    of its training before the loop
``loop``               ``rounds``; ``round_steps`` of the generator between two; ``judge_steps`` of the judge on real clips and
                       ``judge_tune_steps`` at most after a round; ``candidates_per_class`` generated each epoch;
                       ``generator_options``: as above, for the loop alone (say, a smaller learning rate); ``hook``: further arguments
                       of :class:`~mmagenc.engine.hooks.InfAGenCHook`
``judge``              ``'recognizer'``: a judge of the study's own kind; ``'loop'``: the one of the generator's config
``num_synthetic``      clips of the arm ``unjudged``: ``'pool'``: as many as the loop accepted, evenly over the classes; or a number a class
``hold_out``           share of the training clips held out to pick checkpoints by, where the data has no validation clips
=====================  =============================================================================================================

Of each seed and size there is one draw of real clips, one training of the generator, one loop that starts from it, and one recognizer an
arm. ``unjudged`` draws from the generator as it was before the loop.
"""

import hashlib
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmengine.runner.checkpoint import load_checkpoint

from mmagenc.compat import atomic_open, clear_leftovers, find_latest_checkpoint
from mmagenc.datasets import MotionDataset
from mmagenc.datasets.annotation import load_annotation, motion_to_annotations, save_annotation
from mmagenc.datasets.layouts import register_layouts
from mmagenc.engine.config_check import merge_options
from mmagenc.engine.config_file import located_config, read_config_file
from mmagenc.engine.hook_config import drop_hooks, find_hook, settle_hooks
from mmagenc.engine.hooks.infagenc_hook import balanced_labels
from mmagenc.engine.work_dir import remove_results
from mmagenc.evaluation.functional import mean_class_accuracy
from mmagenc.evaluation.study import ARMS, ClipsPerClass, StudyRow, changed_settings, hold_out, select_clips, settings_hash
from mmagenc.models.recognizers import score_annotations
from mmagenc.registry import DATASETS, MODELS
from mmagenc.untrusted import DamagedCheckpointError

DEFAULTS = dict(
    arms=list(ARMS),
    clips_per_class=[5, 10],
    seeds=[0, 1, 2, 3, 4],
    steps=600,
    val_interval=50,
    param_scheduler=None,
    augmentation=[],
    generator=None,
    generator_options={},
    generator_steps=4000,
    loop={},
    judge='recognizer',
    num_synthetic='pool',
    hold_out=0.2)
LOOP_DEFAULTS = dict(rounds=4, round_steps=80, judge_steps=300, judge_tune_steps=60, candidates_per_class=32, generator_options={}, hook={})
OWN_NAMES = {'.lock', 'logs', 'data'}
"""What a study's folder may hold before its settings."""
RUN_KEYS = ('arms', 'clips_per_class', 'seeds')
"""What of a study's settings may grow while it goes on."""
AUGMENTED, POOLED = ('augmented', 'both'), ('infagenc', 'both')
GENERATED = ('unjudged', *POOLED)


@dataclass(frozen=True)
class Job:
    """One process's work, with its own folder.

    Args:
        name: its folder below the study's.
        kind: ``'generator'``, ``'pool'`` or an arm.
        clips_per_class, seed: of the real clips.
        needs: names of the jobs whose results it reads.
    """

    name: str
    kind: str
    clips_per_class: ClipsPerClass
    seed: int
    needs: Tuple[str, ...] = ()


class Study:
    """A study in a folder.

    Args:
        config: the study's config file.
        folder: where its data, runs and settings are.
        options: dotted keys that replace settings of the config.

    Raises:
        ValueError: no such file, or settings that are unknown, missing or out of range.
    """

    def __init__(self, *, config, folder, options: Optional[Dict] = None) -> None:
        self.path, self.folder = Path(config), Path(folder)
        self.cfg = _read_config(self.path, options)
        self.settings = _checked_settings(self.cfg.pop('study', None), self.path)
        self.settings.setdefault('name', self.path.stem)
        self.generator = self._generator_config()

    @property
    def needs_generator(self) -> bool:
        return any(arm in GENERATED for arm in self.settings['arms'])

    def _generator_config(self) -> Optional[Config]:
        if not self.settings['generator']:
            if self.needs_generator:
                raise ValueError(f"{self.path}: the arms {', '.join(GENERATED)} need study['generator'], a config file")
            return None
        return _read_config(self.path.parent / self.settings['generator'], self.settings['generator_options'])

    # Jobs ---------------------------------------------------------------------------------------------------------------------------

    def jobs(self) -> List[Job]:
        """All jobs, each after those that it needs; all that one seed and size need stand together."""
        jobs = []
        for size in self.settings['clips_per_class']:
            for seed in self.settings['seeds']:
                jobs += self._jobs_of(size, seed)
        return jobs

    def _jobs_of(self, size: ClipsPerClass, seed: int) -> List[Job]:
        arms, place = self.settings['arms'], f'{size}-clips/seed{seed}'
        pool = bool({*POOLED} & {*arms}) or ('unjudged' in arms and self.settings['num_synthetic'] == 'pool')
        unjudged = ('generator', 'pool') if pool else ('generator', )
        needs = {'pool': ('generator', ), 'unjudged': unjudged, **dict.fromkeys(POOLED, ('pool', ))}
        kinds = [*(['generator'] if self.needs_generator else []), *(['pool'] if pool else []), *arms]
        return [Job(f'{place}/{kind}', kind, size, seed, tuple(f'{place}/{need}' for need in needs.get(kind, ()))) for kind in kinds]

    def job(self, name: str) -> Job:
        """The job of a name; raises ``ValueError`` for an unknown one."""
        found = [job for job in self.jobs() if job.name == name]
        if not found:
            raise ValueError(f'{self.path}: the study has no job {name!r}')
        return found[0]

    def result(self, name: str) -> Optional[Dict]:
        """What a finished job left, or ``None``."""
        path = self.folder / name / 'result.json'
        return json.loads(path.read_text(encoding='utf-8')) if path.is_file() else None

    def rows(self) -> List[StudyRow]:
        """The rows of the finished runs."""
        results = [self.result(job.name) for job in self.jobs() if job.kind in ARMS]
        return [StudyRow(**result['row']) for result in results if result is not None]

    # Data and settings --------------------------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Write the chosen real clips and the settings, or check them against those of the study that this folder holds.

        Raises:
            ValueError: other settings than those that the study began with, or data that no study can be made of.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        others = [] if self.has_begun() else sorted({path.name for path in self.folder.iterdir()} - OWN_NAMES)
        if others:
            raise ValueError(f'{self.folder} holds {others[0]} and no study: give this one another --work-dir')
        train, val, test = self._read_data()
        settings = dict(self.common_settings(), data=_data_hash(train, val, test))
        path = self.folder / 'settings.json'
        if path.is_file():
            changed = changed_settings(json.loads(path.read_text(encoding='utf-8')), settings)
            if changed:
                more = f' and {len(changed) - 8} more' if len(changed) > 8 else ''
                raise ValueError(f'{self.folder} holds a study with other settings: {", ".join(changed[:8])}{more}. Give this one another '
                                 '--work-dir, or set them back')
        train_index, held = range(len(train)), []
        if val is None:
            train_index, held = hold_out([clip['label'] for clip in train], self.settings['hold_out'])
        clips = [train[i] for i in train_index]
        labels = [clip['label'] for clip in clips]
        chosen = {f'data/{size}-clips_seed{seed}': select_clips(labels, size, seed=seed)
                  for size in self.settings['clips_per_class'] for seed in self.settings['seeds']}
        _write_json(path, settings)  # first: from here on the folder is this study's
        if len(held):
            self._write_clips('data/val', [train[i] for i in held], 'val')
        for name, members in chosen.items():
            self._write_clips(name, [clips[i] for i in members], 'train')

    def has_begun(self) -> bool:
        """Whether the folder is that of a study, by the settings in it."""
        return (self.folder / 'settings.json').is_file()

    def common_settings(self) -> Dict:
        """What all runs have in common and must not change while the study goes on."""
        own = {key: value for key, value in self.settings.items() if key not in RUN_KEYS}
        generator = self.generator and {key: value for key, value in self.generator.to_dict().items() if key not in ('filename', )}
        return json.loads(json.dumps(dict(study=own, recognizer=self.cfg.to_dict(), generator=generator), default=str))

    def config_hash(self) -> str:
        """Of the settings that the study began with."""
        return settings_hash(json.loads((self.folder / 'settings.json').read_text(encoding='utf-8')))

    def _read_data(self) -> Tuple[List[Dict], Optional[List[Dict]], List[Dict]]:
        train, test = self._dataset('train'), self._dataset('test')
        self.metainfo = {key: value for key, value in train.metainfo.items() if value is not None}
        clips = {name: {clip['frame_dir'] for clip in dataset.annotations()} for name, dataset in (('train', train), ('test', test))}
        if clips['train'] & clips['test']:
            raise ValueError(f'{self.path}: {len(clips["train"] & clips["test"])} clips are in the training and in the test set, '
                             f'such as {sorted(clips["train"] & clips["test"])[0]}')
        val = self._dataset('val').annotations() if self._has_validation(clips['test']) else None
        return train.annotations(), val, test.annotations()

    def _has_validation(self, test_names: set) -> bool:
        """Whether there are validation clips that are no test clips."""
        if self.cfg.get('val_dataloader') is None:
            return False
        return not test_names & {clip['frame_dir'] for clip in self._dataset('val').annotations()}

    def _dataset(self, split: str) -> MotionDataset:
        init_default_scope('mmagenc')
        cfg = self.cfg[f'{split}_dataloader'].dataset
        while cfg.type in ('RepeatDataset', 'mmengine.RepeatDataset'):
            cfg = cfg.dataset
        dataset = DATASETS.build(cfg)
        if not isinstance(dataset, MotionDataset):
            raise ValueError(f'{self.path}: the {split} clips must come from a MotionDataset, got {type(dataset).__name__}')
        return dataset

    def _write_clips(self, name: str, clips: Sequence[Dict], split: str) -> None:
        path = self.folder / f'{name}.npz'
        if not path.is_file():
            members = [clip['frame_dir'] for clip in clips]
            save_annotation(dict(split={split: members}, metainfo=self.metainfo, annotations=list(clips)), path)

    def real_file(self, job: Job) -> Path:
        """Annotation file of a job's real training clips."""
        return self.folder / f'data/{job.clips_per_class}-clips_seed{job.seed}.npz'

    # Running ------------------------------------------------------------------------------------------------------------------------

    def run(self, name: str) -> Dict:
        """Do one job, or what is left of it, and keep its result; a finished one is not done again.

        Raises:
            ValueError: an unknown job, settings other than the study's, or results that it needs and that are not there.
        """
        job, done = self.job(name), self.result(name)
        if done is not None:
            return done
        began = json.loads((self.folder / 'settings.json').read_text(encoding='utf-8'))
        changed = changed_settings({key: value for key, value in began.items() if key != 'data'}, self.common_settings())
        if changed:
            raise ValueError(f'{self.folder} holds a study with other settings: {", ".join(changed[:8])}')
        missing = [need for need in job.needs if self.result(need) is None]
        if missing:
            raise ValueError(f'{name} needs {", ".join(missing)}')
        started = time.monotonic()
        work = {'generator': self._train_generator, 'pool': self._run_loop}.get(job.kind, self._train_recognizer)
        result = work(job, self.folder / name)
        result['wall_s'] = round(time.monotonic() - started, 1)
        if 'row' in result:
            result['row']['wall_s'] = result['wall_s']
        _write_json(self.folder / name / 'result.json', result)
        return result

    def _runner(self, cfg: Config, job: Job, folder: Path) -> Runner:
        cfg.work_dir, cfg.launcher = str(folder), 'none'
        cfg.experiment_name = f'{job.name.replace("/", "_")}_{time.time_ns()}'
        cfg.randomness = dict(seed=job.seed)
        cfg.visualizer = dict(type='Visualizer', vis_backends=[])
        cfg.pop('vis_backends', None)
        register_layouts(cfg)
        return Runner.from_cfg(cfg)

    def _train_generator(self, job: Job, folder: Path) -> Dict:
        cfg = self._generator_runner_config(job, folder)
        _leave_training_hooks(cfg)
        cfg.train_cfg.max_epochs = self._epochs(cfg, job, self.settings['generator_steps'])
        cfg.default_hooks.checkpoint = _checkpoints(max(cfg.train_cfg.max_epochs // 5, 1))
        runner = self._runner(cfg, job, folder)
        runner.train()
        return dict(checkpoint=_last_checkpoint(folder), steps=runner.iter)

    def _run_loop(self, job: Job, folder: Path) -> Dict:
        cfg = self._generator_runner_config(job, folder)
        cfg.merge_from_dict(dict(self.settings['loop']['generator_options']))
        loop, num_real = self.settings['loop'], self._num_real(job)
        interval = self._epochs(cfg, job, loop['round_steps'])
        hook = self._hook(cfg, job)
        batches = -(-num_real // hook['recognizer'].get('batch_size', 16))
        hook.update(
            begin=0,
            interval=interval,
            recognizer_warmup_epochs=-(-loop['judge_steps'] // batches),
            recognizer_epochs=-(-loop['judge_tune_steps'] // batches),
            recognizer_steps=loop['judge_tune_steps'],
            num_candidates=loop['candidates_per_class'] * len(load_annotation(self.real_file(job))['metainfo']['classes']))
        _leave_training_hooks(cfg)
        cfg.default_hooks.infagenc = dict(hook, **loop['hook'])
        cfg.train_cfg.max_epochs = loop['rounds'] * interval
        cfg.default_hooks.checkpoint = _checkpoints(interval)
        if not cfg.resume:
            cfg.load_from = str(self.folder / self.result(job.needs[0])['checkpoint'])
        runner = self._runner(cfg, job, folder)
        runner.train()
        rounds = next(hook for hook in runner.hooks if type(hook).__name__ == 'InfAGenCHook').rounds
        return dict(num_synthetic=rounds[-1]['pool_size'] if rounds else 0, rounds=rounds, checkpoint=_last_checkpoint(folder))

    def _hook(self, cfg: Config, job: Job) -> Dict:
        found = find_hook(cfg, 'InfAGenCHook')
        hook = dict(type='InfAGenCHook') if found is None else found.to_dict()
        if self.settings['judge'] == 'recognizer':
            hook['recognizer'] = dict(
                model=self.cfg.model.to_dict(),
                optim_wrapper=self.cfg.optim_wrapper.to_dict(),
                train_pipeline=_pipeline(self.cfg.train_dataloader),
                test_pipeline=_pipeline(self.cfg.test_dataloader),
                batch_size=self.cfg.train_dataloader.batch_size)
        if 'recognizer' not in hook:
            raise ValueError(f"{self.path}: {self.settings['generator']} has no InfAGenCHook and thus no judge; set judge='recognizer'")
        return hook

    def _generator_runner_config(self, job: Job, folder: Path) -> Config:
        """The generator's config on the job's clips, going on from the folder's last checkpoint if there is one."""
        cfg = Config(self.generator.to_dict())
        cfg.train_dataloader.dataset = _clips(self.real_file(job), 'train', _pipeline(cfg.train_dataloader))
        for split in ('val', 'test'):
            for part in ('dataloader', 'cfg', 'evaluator'):
                cfg[f'{split}_{part}'] = None
        clear_leftovers(folder)
        try:
            cfg.resume = find_latest_checkpoint(str(folder)) is not None
        except DamagedCheckpointError:
            cfg.resume = False
        if not cfg.resume:
            remove_results(folder)
        return cfg

    def _num_real(self, job: Job) -> int:
        return len(load_annotation(self.real_file(job))['annotations'])

    def _epochs(self, cfg: Config, job: Job, steps: int) -> int:
        batch, num_real = cfg.train_dataloader.batch_size, self._num_real(job)
        batches = num_real // batch if cfg.train_dataloader.get('drop_last', False) else -(-num_real // batch)
        if not batches:
            raise ValueError(f'{self.settings["generator"]}: {num_real} clips make no batch of {batch} with drop_last=True; set '
                             "generator_options={'train_dataloader.drop_last': False} or a smaller batch_size")
        return -(-steps // batches)

    def _train_recognizer(self, job: Job, folder: Path) -> Dict:
        remove_results(folder)  # half a run is done again: it is short, and its batches could not be continued exactly
        folder.mkdir(parents=True, exist_ok=True)
        synthetic, count = self._synthetic_file(job, folder)
        files = [str(self.real_file(job)), *([str(synthetic)] if synthetic else [])]
        runner = self._runner(self._recognizer_config(job, files), job, folder)
        runner.train()
        best = next(folder.glob('best_*.pth'))
        test = self._dataset('test')
        clips = [dict(clip, skeleton=test.metainfo.get('skeleton')) for clip in test.annotations()]
        load_checkpoint(runner.model, str(best), map_location='cpu', strict=True)
        scores = score_annotations(runner.model, _pipeline(self.cfg.test_dataloader), clips)
        row = StudyRow(
            dataset=self.settings['name'],
            arm=job.kind,
            clips_per_class=job.clips_per_class,
            seed=job.seed,
            top1=scores.accuracy,
            mean_class=mean_class_accuracy(scores.predicted, scores.label, scores.probability.shape[1]),
            val_top1=float(runner.message_hub.get_info('best_score')),
            steps=runner.iter,
            num_real=self._num_real(job),
            num_synthetic=count,
            picked_iter=int(best.stem.rsplit('_', 1)[1]),
            wall_s=0.,
            config_hash=self.config_hash())
        return dict(row=asdict(row), predicted=scores.predicted.tolist(), label=scores.label.tolist())

    def _recognizer_config(self, job: Job, files: List[str]) -> Config:
        cfg, steps = Config(self.cfg.to_dict()), self.settings['steps']
        pipeline = _pipeline(cfg.train_dataloader)
        if job.kind in AUGMENTED:
            pipeline = [*self.settings['augmentation'], *pipeline]
        cfg.train_dataloader.dataset = _clips(files, 'train', pipeline)
        cfg.train_dataloader.sampler = dict(type='InfiniteSampler', shuffle=True)
        held = self.folder / 'data/val.npz'
        if held.is_file():
            cfg.val_dataloader = dict(batch_size=64, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False))
            cfg.val_dataloader.dataset = dict(_clips(str(held), 'val', _pipeline(cfg.test_dataloader)), test_mode=True)
        cfg.val_cfg, cfg.test_cfg = dict(type='ValLoop'), None
        cfg.test_dataloader = cfg.test_evaluator = None
        cfg.train_cfg = dict(type='IterBasedTrainLoop', max_iters=steps, val_interval=min(self.settings['val_interval'], steps))
        cfg.param_scheduler = self.settings['param_scheduler'] or dict(
            type='CosineAnnealingLR', by_epoch=False, T_max=steps, eta_min=0)
        cfg.log_processor = dict(type='LogProcessor', window_size=20, by_epoch=False)
        best = cfg.default_hooks.checkpoint.get('save_best', 'acc/top1')
        cfg.default_hooks.checkpoint = dict(
            type='CheckpointHook', by_epoch=False, interval=-1, save_best=best, rule='greater', save_last=False, save_optimizer=False,
            save_param_scheduler=False)
        return cfg

    # Generated clips ----------------------------------------------------------------------------------------------------------------

    def _synthetic_file(self, job: Job, folder: Path) -> Tuple[Optional[Path], int]:
        """The generated clips of an arm and how many they are."""
        if job.kind not in GENERATED:
            return None, 0
        place = Path(job.name).parent
        if job.kind in POOLED:
            count = self.result(f'{place}/pool')['num_synthetic']
            return (self.folder / place / 'pool/pool/pool.npz', count) if count else (None, 0)
        num_classes = len(load_annotation(self.real_file(job))['metainfo']['classes'])
        wanted = self.settings['num_synthetic']
        count = self.result(f'{place}/pool')['num_synthetic'] if wanted == 'pool' else wanted * num_classes
        if not count:
            return None, 0
        path = folder / 'unjudged.npz'
        self._generate(job, self.folder / self.result(f'{place}/generator')['checkpoint'], count, path)
        return path, count

    def _generate(self, job: Job, checkpoint: Path, count: int, path: Path) -> None:
        init_default_scope('mmagenc')
        model = MODELS.build(self.generator.model.to_dict())
        load_checkpoint(model, str(checkpoint), map_location='cpu', strict=True)
        if torch.cuda.is_available():
            model.cuda()
        label = balanced_labels(count, model.num_classes)
        motion = model.generate(label, model.num_frames, generator=torch.Generator().manual_seed(1_000_003 * (job.seed + 1))).cpu()
        metainfo = load_annotation(self.real_file(job))['metainfo']
        clips = motion_to_annotations(motion, prefix='unjudged', source='synthetic')
        save_annotation(dict(split=dict(train=[clip['frame_dir'] for clip in clips]), metainfo=metainfo, annotations=clips), path)


def _read_config(path: Path, options: Optional[Dict]) -> Config:
    if not located_config(path).is_file():
        raise ValueError(f'config {path}: no such file')
    cfg = read_config_file(path)
    merge_options(cfg, options)
    return cfg


def _checked_settings(study, path: Path) -> Dict:
    """The settings with what they leave out."""
    if study is None:
        raise ValueError(f'{path}: no dict `study`; see configs/studies/ for what a study says')
    study = study.to_dict() if hasattr(study, 'to_dict') else dict(study)
    unknown = sorted({*study} - {*DEFAULTS, 'name'})
    settings = {**DEFAULTS, **study}
    unknown += sorted(f'loop.{key}' for key in {*settings['loop']} - {*LOOP_DEFAULTS})
    if unknown:
        raise ValueError(f'{path}: unknown settings of the study: {", ".join(unknown)}; known are {", ".join(["name", *DEFAULTS])}')
    settings['loop'] = {**LOOP_DEFAULTS, **settings['loop']}
    strange = [arm for arm in settings['arms'] if arm not in ARMS]
    if strange or not settings['arms']:
        raise ValueError(f'{path}: arms must be some of {", ".join(ARMS)}, got {settings["arms"]}')
    if settings['judge'] not in ('recognizer', 'loop'):
        raise ValueError(f"{path}: judge must be 'recognizer' or 'loop', got {settings['judge']!r}")
    augmented = [arm for arm in AUGMENTED if arm in settings['arms']]
    if augmented and not settings['augmentation']:
        raise ValueError(f'{path}: the arm {augmented[0]} needs augmentation, a list of transforms')
    numbers = {key: settings[key] for key in ('steps', 'val_interval', 'generator_steps')}
    numbers.update({f'loop.{key}': value for key, value in settings['loop'].items() if key not in ('hook', 'generator_options')})
    if settings['num_synthetic'] != 'pool':
        numbers['num_synthetic'] = settings['num_synthetic']
    wrong = [f'{key}={value!r}' for key, value in numbers.items() if not isinstance(value, int) or value < 1]
    if wrong:
        raise ValueError(f'{path}: numbers from 1 are needed, got {", ".join(wrong)}')
    return settings


def _data_hash(train: List[Dict], val: Optional[List[Dict]], test: List[Dict]) -> str:
    digest = hashlib.sha256()
    for clip in [*train, *(val or []), *test]:
        digest.update(f'{clip["frame_dir"]} {clip["label"]} {clip["keypoint"].shape}'.encode())
        digest.update(clip['keypoint'].tobytes())
    return digest.hexdigest()[:12]


def _leave_training_hooks(cfg: Config) -> None:
    """Take the loop and pictures out of a generator's hooks; its random states are kept in any case, so that it goes on exactly."""
    settle_hooks(cfg)
    drop_hooks(cfg, 'InfAGenCHook', 'SampleVisualizationHook')
    if find_hook(cfg, 'RandomStateHook') is None:
        cfg.default_hooks.random_state = dict(type='RandomStateHook')


def _clips(files, split: str, pipeline: List) -> Dict:
    files = [str(path) for path in files] if isinstance(files, list) else str(files)
    return dict(type='MotionDataset', ann_file=files, split=split, pipeline=pipeline)


def _pipeline(dataloader: Config) -> List[Dict]:
    cfg = dataloader.dataset
    while 'dataset' in cfg:
        cfg = cfg.dataset
    return [step.to_dict() for step in cfg.pipeline]


def _checkpoints(interval: int) -> Dict:
    return dict(type='CheckpointHook', interval=interval, max_keep_ckpts=1)


def _last_checkpoint(folder: Path) -> str:
    """The newest checkpoint's path below the study's folder, so that the folder may be moved."""
    last = Path((folder / 'last_checkpoint').read_text(encoding='utf-8').strip())
    return str(Path(*folder.parts[-3:]) / last.name)


def _write_json(path: Path, content: Dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_open(path, 'w', encoding='utf-8') as file:
        json.dump(content, file, indent=1)
