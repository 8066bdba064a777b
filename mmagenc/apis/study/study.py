"""The jobs of a study and how each is done."""

import hashlib
import json
import logging
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmengine.runner.checkpoint import load_checkpoint

from mmagenc.apis.pretrain import masked_model
from mmagenc.compat import clear_leftovers, find_latest_checkpoint
from mmagenc.datasets.annotation import load_annotation, motion_to_annotations, save_annotation
from mmagenc.datasets.layouts import register_layouts
from mmagenc.datasets.nested import innermost_dataset
from mmagenc.datasets.transforms import swapped_labels, with_swapped_labels
from mmagenc.engine.config_check import merge_options
from mmagenc.engine.config_file import located_config, read_config_file
from mmagenc.engine.hook_config import drop_hooks, find_hook, settle_hooks
from mmagenc.engine.hooks.infagenc_hook import balanced_labels
from mmagenc.engine.own_data import complete_config
from mmagenc.engine.pretrained import MASKED
from mmagenc.engine.work_dir import remove_results
from mmagenc.evaluation.functional import mean_class_accuracy
from mmagenc.evaluation.study import ClipsPerClass, StudyRow, changed_settings, people_text, settings_hash
from mmagenc.evaluation.study_plan import BUILT_IN, Arm
from mmagenc.models.recognizers import score_annotations
from mmagenc.outputs import writing
from mmagenc.registry import MODELS
from mmagenc.untrusted import DamagedCheckpointError

from .clips import StudyClips, joined, restricted
from .own import complete_study
from .settings import ADDED_KEYS, RUN_KEYS, TRAINED, arms_of, augmentations_of, read_settings, trained_generators

OWN_NAMES = {'.lock', 'logs', 'data'}
"""What a study's folder may hold before its settings."""
PRETRAINING = 'pretraining'
GENERATOR_PRETRAINING = 'generator-pretraining'


@dataclass(frozen=True)
class Job:
    """One process's work, with its own folder.

    Args:
        name: its folder below the study's.
        kind: ``'pretraining'``, ``'generator-pretraining'``, ``'generator'``, ``'pool'`` or ``'recognizer'``.
        clips_per_class, seed: of the real clips; a pretraining, of either kind, serves all sizes and has ``'all'``.
        needs: names of the jobs whose results it reads.
        arm: of a recognizer.
    """

    name: str
    kind: str
    clips_per_class: ClipsPerClass
    seed: int
    needs: Tuple[str, ...] = ()
    arm: Optional[Arm] = None


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
        begun = self._began_with().get('study') if self.has_begun() else None
        self.cfg = complete_study(_read_config(self.path, options), begun)
        self.settings = read_settings(self.cfg.pop('study', None), self.path)
        if self.settings['groups'] and begun and 'balanced' not in (begun.get('groups') or {'balanced': True}):
            self.settings['groups']['balanced'] = None  # of an earlier version, whose divisions it goes on with
        self.settings.setdefault('name', self.path.stem)
        self.arms = arms_of(self.settings)
        self.generator = self._generator_config()
        self.clips = StudyClips(cfg=self.cfg, settings=self.settings, path=self.path, folder=self.folder)

    def _needs(self, *generated: str) -> bool:
        return any(arm.generated in generated for arm in self.arms)

    @property
    def needs_generator(self) -> bool:
        return self._needs('pool', 'unjudged', *trained_generators(self.settings))

    @property
    def needs_pool(self) -> bool:
        return self._needs('pool') or (self._needs('unjudged') and self.settings['num_synthetic'] == 'pool')

    @property
    def needs_pretraining(self) -> bool:
        return any(arm.init for arm in self.arms) or (self.needs_pool and self.settings['judge_init'] is not None)

    def _generator_config(self) -> Optional[Config]:
        if not self.settings['generator']:
            if self.needs_generator:
                raise ValueError(f"{self.path}: arms with clips of a trained generator or the loop need study['generator'], a config file")
            return None
        cfg = _read_config(self.path.parent / self.settings['generator'], self.settings['generator_options'])
        own = 'own_data' in cfg
        cfg = complete_config(cfg)
        if own and self.settings['classes']:  # the file has further ones
            cfg.model.num_classes = len(self.settings['classes'])
        return cfg

    # Jobs ---------------------------------------------------------------------------------------------------------------------------

    def jobs(self) -> List[Job]:
        """All jobs, each after those that it needs; all that one seed and size need stand together."""
        seeds = self.settings['seeds']
        jobs = [Job(f'{PRETRAINING}/seed{seed}', PRETRAINING, 'all', seed) for seed in seeds] if self.needs_pretraining else []
        if self.needs_generator and self.settings['generator_init']:
            jobs += [Job(f'{GENERATOR_PRETRAINING}/seed{seed}', GENERATOR_PRETRAINING, 'all', seed) for seed in seeds]
        for size in self.settings['clips_per_class']:
            for seed in seeds:
                jobs += self._jobs_of(size, seed)
        return jobs

    def _jobs_of(self, size: ClipsPerClass, seed: int) -> List[Job]:
        place, pretraining = f'{size}-clips/seed{seed}', f'{PRETRAINING}/seed{seed}'
        generator, pool = f'{place}/generator', f'{place}/pool'
        before = (f'{GENERATOR_PRETRAINING}/seed{seed}', ) if self.settings['generator_init'] else ()
        jobs = [Job(generator, 'generator', size, seed, before)] if self.needs_generator else []
        if self.needs_pool:
            judged = (pretraining, ) if self.settings['judge_init'] else ()
            jobs.append(Job(pool, 'pool', size, seed, (generator, *judged)))
        needs = dict(pool=(pool, ), unjudged=(generator, pool) if self.needs_pool else (generator, ))
        needs.update(dict.fromkeys(trained_generators(self.settings), (generator, )))
        return jobs + [Job(f'{place}/{arm.name}', 'recognizer', size, seed,
                           (*needs.get(arm.generated, ()), *((pretraining, ) if arm.init else ())), arm) for arm in self.arms]

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
        """The rows of the finished runs, by the study's present name."""
        results = [self.result(job.name) for job in self.jobs() if job.arm is not None]
        return [StudyRow(**dict(self._with_tested(result), dataset=self.settings['name'])) for result in results if result is not None]

    def _with_tested(self, result: Mapping) -> Dict:
        """A result's row; who was tested, which earlier versions did not write, is read off the test clips where these are there still."""
        row, file = result['row'], self.clips.test_file(result['row']['seed'])
        if 'tested' in row or not self.settings['groups'] or 'predicted' not in result or not file.is_file():
            return row
        annotation = load_annotation(file)
        clips, classes = annotation['annotations'], annotation['metainfo'].get('classes') or []
        if len(clips) != len(result['predicted']):
            return row
        return dict(row, tested=self._tested(clips, result['predicted'], result['label'], len(classes) or max(result['label']) + 1))

    def _tested(self, clips: Sequence[Mapping], predicted: Sequence[int], label: Sequence[int], num_classes: int) -> str:
        """Accuracies of each group of clips that was tested, as a row keeps them; empty without groups."""
        if not self.settings['groups']:
            return ''
        groups, predicted, label = np.array([self.clips.group(clip) for clip in clips]), np.asarray(predicted), np.asarray(label)
        return people_text(self.settings['groups']['key'], {
            name: (float((predicted == label)[groups == name].mean()),
                   mean_class_accuracy(predicted[groups == name], label[groups == name], num_classes)) for name in sorted(set(groups))})

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
        self.clips.read()
        self._check_model()
        settings = dict(self.common_settings(), data=_data_hash(self.clips.hashed()))
        if self.has_begun():
            changed = self._changed(settings)
            if changed:
                more = f' and {len(changed) - 8} more' if len(changed) > 8 else ''
                raise ValueError(f'{self.folder} holds a study with other settings: {", ".join(changed[:8])}{more}. Give this one another '
                                 '--work-dir, or set them back')
        plan = self.clips.plan()
        if not self.has_begun():  # what a study began with stays as it is: its rows are known by it
            _write_json(self.folder / 'settings.json', settings)  # first: from here on the folder is this study's
        self.clips.write(plan)

    def _check_model(self) -> None:
        """Refuse a recognizer of another number of classes than the study has, before anything is written."""
        count = self.cfg.model.get('cls_head', {}).get('num_classes')
        if count is not None and self.clips.classes and count != len(self.clips.classes):
            raise ValueError(f'{self.path}: model.cls_head.num_classes={count}, the study has {len(self.clips.classes)} classes')

    def has_begun(self) -> bool:
        """Whether the folder is that of a study, by the settings in it."""
        return (self.folder / 'settings.json').is_file()

    def common_settings(self) -> Dict:
        """What all runs have in common and must not change while the study goes on."""
        own = {key: _known_before(value) for key, value in _known_before(self.settings).items() if key not in RUN_KEYS}
        generator = self.generator and {key: value for key, value in self.generator.to_dict().items() if key not in ('filename', )}
        return json.loads(json.dumps(dict(study=own, recognizer=self.cfg.to_dict(), generator=generator), default=str))

    def _began_with(self) -> Dict:
        """The settings that the study began with."""
        return json.loads((self.folder / 'settings.json').read_text(encoding='utf-8'))

    def _changed(self, settings: Dict) -> List[str]:
        """Names of the settings that are not those that the study began with, of all that must not change."""
        began = self._began_with()
        own = {key: value for key, value in began.get('study', {}).items() if key not in RUN_KEYS}
        return changed_settings({key: value for key, value in dict(began, study=own).items() if key in settings}, settings)

    def config_hash(self) -> str:
        """Of the settings that the study began with."""
        return settings_hash(self._began_with())

    def data_hash(self) -> str:
        """Of all clips of the study: of those that it began with, else of those that its config names.

        Raises:
            ValueError: data that no study can be made of.
        """
        if self.has_begun():
            return self._began_with().get('data', '')
        self.clips.read()
        return _data_hash(self.clips.hashed())

    def real_file(self, job: Job) -> Path:
        """Annotation file of a job's real training clips."""
        return self.clips.real_file(job.clips_per_class, job.seed)

    # Running ------------------------------------------------------------------------------------------------------------------------

    def run(self, name: str) -> Dict:
        """Do one job, or what is left of it, and keep its result; a finished one is not done again.

        Raises:
            ValueError: an unknown job, settings other than the study's, or results that it needs and that are not there.
        """
        job, done = self.job(name), self.result(name)
        if done is not None:
            return done
        changed = self._changed(self.common_settings())
        if changed:
            raise ValueError(f'{self.folder} holds a study with other settings: {", ".join(changed[:8])}')
        missing = [need for need in job.needs if self.result(need) is None]
        if missing:
            raise ValueError(f'{name} needs {", ".join(missing)}')
        started = time.monotonic()
        work = {'generator': self._train_generator, 'pool': self._run_loop, 'recognizer': self._train_recognizer,
                PRETRAINING: self._pretrain, GENERATOR_PRETRAINING: self._pretrain_generator}
        result = work[job.kind](job, self.folder / name)
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
        cfg = self._generator_runner_config(job, folder, self.real_file(job))
        if job.needs:
            cfg.default_hooks.init = dict(type='InitFromHook', checkpoint=self._checkpoint(job.needs[0]))
        return self._trained_generator(cfg, job, folder, self._num_real(job))

    def _pretrain_generator(self, job: Job, folder: Path) -> Dict:
        """Train the generator on a seed's base motion, of the base's own classes."""
        annotation = load_annotation(self.clips.base_file(job.seed))
        cfg = self._generator_runner_config(job, folder, self.clips.base_file(job.seed))
        cfg.model.num_classes = len(annotation['metainfo']['classes'])
        return self._trained_generator(cfg, job, folder, len(annotation['annotations']))

    def _trained_generator(self, cfg: Config, job: Job, folder: Path, num_clips: int) -> Dict:
        leave_training_hooks(cfg)
        cfg.train_cfg.max_epochs = self._epochs(cfg, num_clips, self.settings['generator_steps'])
        cfg.default_hooks.checkpoint = _checkpoints(max(cfg.train_cfg.max_epochs // 5, 1))
        runner = self._runner(cfg, job, folder)
        runner.train()
        return dict(checkpoint=_last_checkpoint(folder, self.folder), steps=runner.iter)

    def _run_loop(self, job: Job, folder: Path) -> Dict:
        cfg = self._generator_runner_config(job, folder, self.real_file(job))
        cfg.merge_from_dict(dict(self.settings['loop']['generator_options']))
        loop, num_real = self.settings['loop'], self._num_real(job)
        interval = self._epochs(cfg, num_real, loop['round_steps'])
        hook = self._hook(cfg, job)
        batches = -(-num_real // hook['recognizer'].get('batch_size', 16))
        hook.update(
            begin=0,
            interval=interval,
            recognizer_warmup_epochs=-(-loop['judge_steps'] // batches),
            recognizer_epochs=-(-loop['judge_tune_steps'] // batches),
            recognizer_steps=loop['judge_tune_steps'],
            num_candidates=loop['candidates_per_class'] * len(load_annotation(self.real_file(job))['metainfo']['classes']))
        leave_training_hooks(cfg)
        cfg.default_hooks.infagenc = dict(hook, **loop['hook'])
        cfg.train_cfg.max_epochs = loop['rounds'] * interval
        cfg.default_hooks.checkpoint = _checkpoints(interval)
        if not cfg.resume:
            cfg.load_from = self._checkpoint(job.needs[0])
        runner = self._runner(cfg, job, folder)
        runner.train()
        rounds = next(hook for hook in runner.hooks if type(hook).__name__ == 'InfAGenCHook').rounds
        return dict(num_synthetic=rounds[-1]['pool_size'] if rounds else 0, rounds=rounds, checkpoint=_last_checkpoint(folder, self.folder))

    def _hook(self, cfg: Config, job: Job) -> Dict:
        found = find_hook(cfg, 'InfAGenCHook')
        hook = dict(type='InfAGenCHook') if found is None else found.to_dict()
        if self.settings['judge'] == 'recognizer':
            hook['recognizer'] = dict(
                model=self.cfg.model.to_dict(),
                optim_wrapper=self.cfg.optim_wrapper.to_dict(),
                train_pipeline=self._judge_pipeline(job),
                test_pipeline=_pipeline(self.cfg.test_dataloader),
                batch_size=self.cfg.train_dataloader.batch_size)
            if self.settings['judge_init']:
                hook['recognizer']['init'] = dict(checkpoint=self._pretrained(job.seed))
        if 'recognizer' not in hook:
            raise ValueError(f"{self.path}: {self.settings['generator']} has no InfAGenCHook and thus no judge; set judge='recognizer'")
        return hook

    def _judge_pipeline(self, job: Job) -> List[Dict]:
        """What the judge's training clips go through."""
        classes = load_annotation(self.real_file(job))['metainfo'].get('classes') or []
        augmentation = augmentations_of(self.settings).get(self.settings['judge_augmentation'], [])
        return [*_with_pairs(augmentation, classes), *_pipeline(self.cfg.train_dataloader)]

    def _generator_runner_config(self, job: Job, folder: Path, clips: Path) -> Config:
        """The generator's config on a file's clips, going on from the folder's last checkpoint if there is one."""
        cfg = Config(self._own_generator(job))
        cfg.train_dataloader.dataset = _dataset(clips, 'train', _pipeline(cfg.train_dataloader))
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

    def _own_generator(self, job: Job) -> Dict:
        """The generator's settings, told of the seed's files."""
        return _with_files(self.generator.to_dict(), self._files(job))

    def _checkpoint(self, name: str) -> str:
        """Of a finished job."""
        return str(self.folder / self.result(name)['checkpoint'])

    def _epochs(self, cfg: Config, num_clips: int, steps: int) -> int:
        batch = cfg.train_dataloader.batch_size
        batches = num_clips // batch if cfg.train_dataloader.get('drop_last', False) else -(-num_clips // batch)
        if not batches:
            raise ValueError(f'{self.settings["generator"]}: {num_clips} clips make no batch of {batch} with drop_last=True; set '
                             "generator_options={'train_dataloader.drop_last': False} or a smaller batch_size")
        return -(-steps // batches)

    def _pretrain(self, job: Job, folder: Path) -> Dict:
        """Train the recognizer on a seed's base motion, by the base's own classes."""
        remove_results(folder)
        folder.mkdir(parents=True, exist_ok=True)
        base = self.settings['base']
        annotation = load_annotation(self.clips.base_file(job.seed))
        cfg = self._recognizer_config([self.clips.base_file(job.seed)], base['augmentation'], annotation['metainfo']['classes'],
                                      steps=base['steps'] or self.settings['steps'])
        cfg.default_hooks.checkpoint = _last_weights()
        cfg.val_dataloader = cfg.val_evaluator = cfg.val_cfg = None
        if base['masked']:
            cfg.model = masked_model(cfg.model)
            cfg.default_hooks.pretraining = dict(type='PretrainingRecordHook', task=MASKED)
        runner = self._runner(cfg, job, folder)
        runner.train()
        return dict(checkpoint=_last_checkpoint(folder, self.folder), steps=runner.iter, num_base=len(annotation['annotations']))

    def _pretrained(self, seed: int) -> str:
        """Checkpoint of the recognizer that was trained on a seed's base motion."""
        return self._checkpoint(f'{PRETRAINING}/seed{seed}')

    def _train_recognizer(self, job: Job, folder: Path) -> Dict:
        remove_results(folder)  # half a run is done again: it is short, and its batches could not be continued exactly
        folder.mkdir(parents=True, exist_ok=True)
        metainfo = load_annotation(self.real_file(job))['metainfo']
        files, count, classes = self._training_files(job, folder, metainfo)
        cfg = self._recognizer_config(files, job.arm.augmentation, classes)
        if job.arm.generated not in (None, *BUILT_IN):
            online = self._online_hook(job)
            cfg.train_dataloader.batch_size = max(round(cfg.train_dataloader.batch_size / (1 + online['ratio'])), 1)  # generated ones join
            cfg.default_hooks.online = online
        if job.arm.init:
            cfg.default_hooks.init = dict(type='InitFromHook', checkpoint=self._pretrained(job.seed))
        runner = self._runner(cfg, job, folder)
        runner.train()
        checkpoint = next(folder.glob('best_*.pth' if self.settings['pick'] == 'best' else 'iter_*.pth'))
        load_checkpoint(runner.model, str(checkpoint), map_location='cpu', strict=True)
        row, scores = self._test(job, runner, len(metainfo.get('classes') or []))
        row.update(
            steps=runner.iter,
            num_real=self._num_real(job),
            num_synthetic=count if count is not None else _online_count(runner),
            picked_iter=int(checkpoint.stem.rsplit('_', 1)[1]),
            val_top1=float(runner.message_hub.get_info('best_score')) if self.settings['pick'] == 'best' else float('nan'))
        return dict(row=asdict(StudyRow(**row)), **scores)

    def _test(self, job: Job, runner: Runner, num_classes: int) -> Tuple[Dict, Dict]:
        """The row of a run so far, and which of the study's own classes was predicted of each test clip."""
        clips = self._test_clips(job)
        scores = score_annotations(runner.model, _pipeline(self.cfg.test_dataloader), clips)
        num_classes = num_classes or scores.probability.shape[1]
        predicted = restricted(scores.probability, num_classes)
        row = dict(
            dataset=self.settings['name'],
            arm=job.arm.name,
            clips_per_class=job.clips_per_class,
            seed=job.seed,
            top1=float((predicted == scores.label).mean()),
            mean_class=mean_class_accuracy(predicted, scores.label, num_classes),
            wall_s=0.,
            config_hash=self.config_hash(),
            tested=self._tested(clips, predicted, scores.label, num_classes))
        return row, dict(predicted=predicted.tolist(), label=scores.label.tolist())

    def _test_clips(self, job: Job) -> List[Dict]:
        if self.settings['groups'] or self.settings['classes']:
            annotation = load_annotation(self.clips.test_file(job.seed))
            return [dict(clip, skeleton=annotation['metainfo'].get('skeleton')) for clip in annotation['annotations']]
        test = self.clips.dataset('test')
        return [dict(clip, skeleton=test.metainfo.get('skeleton')) for clip in test.annotations()]

    def _training_files(self, job: Job, folder: Path, metainfo: Dict) -> Tuple[List[str], Optional[int], List[str]]:
        """Files of an arm's training clips, how many of them are generated (``None``: they are made anew all the time), and classes."""
        real, classes = str(self.real_file(job)), metainfo.get('classes') or []
        if job.arm.generated == 'base':
            annotation, path = joined(load_annotation(real), load_annotation(self.clips.base_file(job.seed))), folder / 'joined.npz'
            save_annotation(annotation, path)
            return [str(path)], 0, annotation['metainfo']['classes']
        if job.arm.generated not in (None, *BUILT_IN):
            return [real], None, classes
        synthetic, count = self._synthetic_file(job, folder)
        return [real, *([str(synthetic)] if synthetic else [])], count, classes

    def _online_hook(self, job: Job) -> Dict:
        """The hook that makes an arm's clips anew, told of the seed's files."""
        own = _with_files(self.settings['generators'][job.arm.generated], self._files(job))
        hook = dict(dict(type='OnlineGenerationHook', ratio=1.), **own)
        if hook['generator'] == TRAINED:
            hook['generator'] = dict(config=self._own_generator(job), checkpoint=self._checkpoint(f'{Path(job.name).parent}/generator'))
        return hook

    def _files(self, job: Job) -> Dict[str, str]:
        """What the words of a study's settings mean for a job."""
        return {'{real}': str(self.real_file(job)), '{base}': str(self.clips.base_file(job.seed))}

    def _recognizer_config(self, files: List, augmentation: Optional[str], classes: Sequence[str], *, steps: Optional[int] = None):
        cfg, steps = Config(self.cfg.to_dict()), steps or self.settings['steps']
        pipeline = [*_with_pairs(augmentations_of(self.settings).get(augmentation, []), classes), *_pipeline(cfg.train_dataloader)]
        if classes and 'num_classes' in cfg.model.get('cls_head', {}):
            cfg.model.cls_head.num_classes = len(classes)
        cfg.train_dataloader.dataset = _dataset(files, 'train', pipeline)
        cfg.train_dataloader.sampler = dict(type='InfiniteSampler', shuffle=True)
        cfg.test_dataloader = cfg.test_evaluator = cfg.test_cfg = None
        cfg.train_cfg = dict(type='IterBasedTrainLoop', max_iters=steps, val_interval=min(self.settings['val_interval'], steps))
        cfg.param_scheduler = self.settings['param_scheduler'] or dict(
            type='CosineAnnealingLR', by_epoch=False, T_max=steps, eta_min=0)
        cfg.log_processor = dict(type='LogProcessor', window_size=20, by_epoch=False)
        if self.settings['pick'] == 'last':
            cfg.default_hooks.checkpoint = _last_weights()
            cfg.val_dataloader = cfg.val_evaluator = cfg.val_cfg = None
            return cfg
        if self.clips.val_file.is_file():
            cfg.val_dataloader = dict(batch_size=64, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False))
            cfg.val_dataloader.dataset = dict(_dataset(self.clips.val_file, 'val', _pipeline(self.cfg.test_dataloader)), test_mode=True)
        cfg.val_cfg = dict(type='ValLoop')
        best = cfg.default_hooks.checkpoint.get('save_best', 'acc/top1')
        cfg.default_hooks.checkpoint = dict(_last_weights(), save_best=best, rule='greater', save_last=False)
        return cfg

    # Generated clips ----------------------------------------------------------------------------------------------------------------

    def _synthetic_file(self, job: Job, folder: Path) -> Tuple[Optional[Path], int]:
        """The generated clips of an arm and how many they are."""
        if job.arm.generated is None:
            return None, 0
        place = Path(job.name).parent
        if job.arm.generated == 'pool':
            count = self.result(f'{place}/pool')['num_synthetic']
            return (self.folder / place / 'pool/pool/pool.npz', count) if count else (None, 0)
        num_classes = len(load_annotation(self.real_file(job))['metainfo']['classes'])
        wanted = self.settings['num_synthetic']
        count = self.result(f'{place}/pool')['num_synthetic'] if wanted == 'pool' else wanted * num_classes
        if not count:
            return None, 0
        path = folder / 'unjudged.npz'
        self._generate(job, self._checkpoint(f'{place}/generator'), count, path)
        return path, count

    def _generate(self, job: Job, checkpoint: str, count: int, path: Path) -> None:
        init_default_scope('mmagenc')
        model = MODELS.build(self._own_generator(job)['model'])
        load_checkpoint(model, checkpoint, map_location='cpu', strict=True)
        if torch.cuda.is_available():
            model.cuda()
        label = balanced_labels(count, model.num_classes)
        motion = model.generate(label, model.num_frames, generator=torch.Generator().manual_seed(1_000_003 * (job.seed + 1))).cpu()
        metainfo = load_annotation(self.real_file(job))['metainfo']
        clips = motion_to_annotations(motion, prefix='unjudged', source='synthetic')
        save_annotation(dict(split=dict(train=[clip['frame_dir'] for clip in clips]), metainfo=metainfo, annotations=clips), path)


def _known_before(settings):
    """Settings without those that earlier versions do not know, as long as they have no value."""
    if not isinstance(settings, dict):
        return settings
    return {key: value for key, value in settings.items() if key not in ADDED_KEYS or value is not None}


def _read_config(path: Path, options: Optional[Dict]) -> Config:
    if not located_config(path).is_file():
        raise ValueError(f'config {path}: no such file')
    cfg = read_config_file(path)
    merge_options(cfg, options)
    return cfg


def _data_hash(clips: Sequence[Dict]) -> str:
    digest = hashlib.sha256()
    for clip in clips:
        digest.update(f'{clip["frame_dir"]} {clip["label"]} {clip["keypoint"].shape}'.encode())
        digest.update(clip['keypoint'].tobytes())
    return digest.hexdigest()[:12]


def leave_training_hooks(cfg: Config) -> None:
    """Take the loop and pictures out of a generator's hooks; its random states are kept in any case, so that it goes on exactly."""
    settle_hooks(cfg)
    drop_hooks(cfg, 'InfAGenCHook', 'SampleVisualizationHook')
    if find_hook(cfg, 'RandomStateHook') is None:
        cfg.default_hooks.random_state = dict(type='RandomStateHook')


def _dataset(files, split: str, pipeline: List) -> Dict:
    files = [str(path) for path in files] if isinstance(files, list) else str(files)
    return dict(type='MotionDataset', ann_file=files, split=split, pipeline=pipeline)


def _pipeline(dataloader: Config) -> List[Dict]:
    return [step.to_dict() for step in innermost_dataset(dataloader)['pipeline']]


def _checkpoints(interval: int) -> Dict:
    return dict(type='CheckpointHook', interval=interval, max_keep_ckpts=1)


def _last_weights() -> Dict:
    """Keep the weights of the last step alone."""
    return dict(type='CheckpointHook', by_epoch=False, interval=-1, save_last=True, save_optimizer=False, save_param_scheduler=False)


def _with_pairs(transforms: List[Dict], classes: Sequence[str]) -> List[Dict]:
    """Transforms in which ``swapped_labels='names'`` are the pairs of these classes; nothing is mirrored if one has no counterpart."""
    if not any(step.get('swapped_labels') == 'names' for step in transforms):
        return transforms
    try:
        pairs = swapped_labels(classes)
    except ValueError as error:
        print_log(f'training clips are not mirrored, {error}', logger='current', level=logging.WARNING)
        pairs = None
    return [fitting for step in transforms
            for fitting in (with_swapped_labels(step, pairs) if step.get('swapped_labels') == 'names' else [step])]


def _with_files(value, files: Dict[str, str]):
    """Nested settings in which a file's word is its path."""
    if isinstance(value, dict):
        return {key: _with_files(item, files) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_with_files(item, files) for item in value)
    return files.get(value, value) if isinstance(value, str) else value


def _online_count(runner: Runner) -> int:
    """Clips of the hook that makes them anew, as many as are there at once."""
    return next(hook for hook in runner.hooks if type(hook).__name__ == 'OnlineGenerationHook').clips.count


def _last_checkpoint(folder: Path, study: Path) -> str:
    """The newest checkpoint's path below the study's folder, so that the folder may be moved."""
    last = Path((folder / 'last_checkpoint').read_text(encoding='utf-8').strip())
    return str((folder / last.name).relative_to(study))


def _write_json(path: Path, content: Dict) -> None:
    with writing(path, 'w', encoding='utf-8') as file:
        json.dump(content, file, indent=1)
