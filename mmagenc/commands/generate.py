"""Generate labelled motion and write it as an annotation file.

    mmagenc generate CONFIG CHECKPOINT --out FILE.npz [--num-samples-per-class 50] [--classes Sitting Crawling] [--num-frames 60]
    mmagenc generate FOLDER --out FILE.npz                                # of mmagenc save-pretrained, or any of the following
    mmagenc generate CONFIG CHECKPOINT --out MIXED.npz --class-path walk:20 jump:12 [--blend 8]
    mmagenc generate CONFIG CHECKPOINT --out AGAIN.npz --latents FILE.npz [--latent-index 3 17] [--classes Sitting]

    mmagenc generate CONFIG CHECKPOINT --out VARIANTS.npz --around RECORDINGS.npz:train [--strength 0.5]

The file (``.npz``, or ``.pkl`` for MMAction2) can be trained on beside real clips, or drawn with mmagenc visualize. It keeps the latent
vectors: with ``--latents`` the same clips are made again, or, with ``--classes``, the same latents for other classes. No dataset is needed.
With ``--around`` each clip is a variant of a recording, which it names as ``variant_of``.

    bash tools/dist_generate.sh CONFIG CHECKPOINT PROCESSES --out FILE.npz …
    mmagenc generate CONFIG CHECKPOINT --out FILE.npz … --shard 3/8      # by hand, or in an array of jobs: 0/8 to 7/8

Several processes make the clips that one makes. Finished parts are kept in the folder ``FILE.npz.parts`` until all are there: what was
killed goes on when the same command is given again, with any number of processes.
"""

import argparse
import itertools
import os
import shlex
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.device import get_device

from mmagenc.apis import class_indices, init_generator, vary_batches
from mmagenc.apis.generate import ClipPlan, decode_plan, plan_clips, plan_replay, unlearnt_classes
from mmagenc.apis.inits import read_model_config
from mmagenc.apis.shares import PartsFolder, Share, deal, fingerprint, merged, parts_folder
from mmagenc.clips import ARRAY_KEYS
from mmagenc.command_line import in_words
from mmagenc.compat import is_stream
from mmagenc.datasets import MotionDataset
from mmagenc.datasets.agreement import file_and_split
from mmagenc.datasets.annotation import SUFFIXES, load_annotation, motion_to_annotations, save_annotation
from mmagenc.datasets.archive import AnnotationWriter
from mmagenc.datasets.nested import innermost_dataset
from mmagenc.datasets.readers.skeleton_arrays import write_pair
from mmagenc.engine.config_check import LAUNCHED, check_launcher
from mmagenc.engine.model_folder import weights_of
from mmagenc.models.generators.class_paths import class_path
from mmagenc.outputs import Output, OutputError, making, refuse, require_outputs
from mmagenc.structures import frames_in_words

Batch = Tuple[List[int], List[Dict]]
"""Places in the file, and the clips that come there."""


def check_files(args: argparse.Namespace) -> None:
    """Refuse bad output files before the work, not after it."""
    outputs = [Output('--out', args.out, SUFFIXES)]
    if args.pair is not None:
        outputs += [Output('--pair', path, (suffix, )) for path, suffix in zip(pair_files(args.pair), ('.npy', '.pkl'))]
    inputs = [args.config, args.checkpoint, args.latents, None if args.around is None else file_and_split(args.around)[0]]
    require_outputs('generate', outputs, inputs=inputs, force=args.force)
    if args.shard is not None or args.launcher != 'none':
        problem = 'parts cannot be kept beside a stream; name a file' if is_stream(args.out) else parts_folder(args.out).problem()
        if problem:
            refuse('generate', OutputError(f'{parts_folder(args.out).name}: {problem}'))


def share_of(args: argparse.Namespace) -> Optional[Share]:
    """The share of this process, or ``None`` where it does everything at once.

    Raises:
        ValueError: two ways to say it, a share that there cannot be, or a launcher that did not start this process.
    """
    if args.launcher == 'none':
        try:
            return None if args.shard is None else Share.parse(args.shard)
        except ValueError as error:
            raise ValueError(f'--shard {error}') from None
    if args.shard is not None:
        raise ValueError('--shard says what --launcher says already; leave one of them out')
    check_launcher(args.launcher)
    return Share(*(int(os.environ[name]) for name in LAUNCHED[args.launcher][:2]))


def device_of(args: argparse.Namespace) -> str:
    """The device named; of several GPUs each process of a launcher takes its own."""
    if args.device == 'auto' and args.launcher != 'none' and get_device() == 'cuda':
        names = dict(pytorch='LOCAL_RANK', slurm='SLURM_LOCALID', mpi='OMPI_COMM_WORLD_LOCAL_RANK')
        return f'cuda:{int(os.environ.get(names[args.launcher], 0)) % torch.cuda.device_count()}'
    return args.device


def pair_files(path: str) -> List[Path]:
    """The array's file and its labels'."""
    return [Path(path), Path(path).with_name(f'{Path(path).stem}_label.pkl')]


def save_pair(clips: List[Dict], path: str) -> None:
    """Write clips as arrays, with a person axis in three dimensions and without one in two, as Kinetic-GAN has NTU and H36M."""
    files = pair_files(path)
    num_frames = max(clip['total_frames'] for clip in clips)
    with making(files[0].parent):
        write_pair(clips, *files, num_frames=num_frames, num_persons=1 if clips[0]['keypoint'].shape[-1] == 3 else None)


def load_model(args: argparse.Namespace):
    """The generator that the command line names.

    Raises:
        ValueError: a file that is not there, or a checkpoint that does not fit the config.
    """
    cfg = read_model_config(args.config, args.checkpoint, args.cfg_options)
    args.checkpoint = args.checkpoint or weights_of(args.config)
    return init_generator(cfg, args.checkpoint, device_of(args))


def sampling_of(args: argparse.Namespace) -> Dict:
    """Sampling options: ``--sampling`` and those with a switch of their own.

    Raises:
        ValueError: an option given twice, or one that another needs or excludes.
    """
    switches = {name: getattr(args, name) for name in ('truncation', 'truncation_mode', 'truncation_mean', 'mean_size')
                if getattr(args, name) is not None}
    if switches.get('truncation_mode') == 'none':
        if len(switches) > 1:
            raise ValueError('--truncation-mode none: no other option of truncation goes with it')
        switches = {}
    elif switches and 'truncation' not in switches:
        raise ValueError(f'--{next(iter(switches)).replace("_", "-")} needs --truncation')
    if args.stochastic:
        switches['stochastic'] = True
    if set(switches) & set(args.sampling):
        raise ValueError(f'--sampling repeats {", ".join(sorted(set(switches) & set(args.sampling)))}')
    return {**args.sampling, **switches}


def path_of(model, args: argparse.Namespace) -> Optional[torch.Tensor]:
    """``--class-path`` as ``(T, K)``.

    Raises:
        ValueError: words that are no parts of a path, classes that there are not, or options that do not go with it.
    """
    if args.class_path is None:
        if args.blend is not None:
            raise ValueError('--blend needs --class-path')
        return None
    if args.classes is not None or args.latents is not None:
        raise ValueError('--class-path says which classes there are and draws new clips: --classes and --latents do not go with it')
    parts = [word.rpartition(':') for word in args.class_path]
    wrong = [word for word, (name, _, frames) in zip(args.class_path, parts) if not name or not frames.isdecimal()]
    if wrong:
        raise ValueError(f'--class-path: {wrong[0]!r} is no CLASS:FRAMES, such as walk:20')
    names = model.dataset_meta['classes']
    path = [(class_indices(names, [name])[0], int(frames)) for name, _, frames in parts]
    try:
        return class_path(path, model.num_classes, blend=args.blend or 0)
    except ValueError as error:
        raise ValueError(f'--class-path: {error}') from None


def new_plan(model, args: argparse.Namespace, **sampling) -> ClipPlan:
    """Clips of latents that are drawn now.

    Raises:
        ValueError: of a class that was never learnt, unless it is asked for by name.
    """
    path = path_of(model, args)
    unlearnt = unlearnt_classes(model)
    if unlearnt and path is None and args.classes is None:
        names = model.dataset_meta['classes']
        rest = [name for label, name in enumerate(names) if label not in unlearnt]
        raise ValueError(f'{args.checkpoint}: the generator was trained without a clip of {", ".join(names[label] for label in unlearnt)}, '
                         f'so that what it makes of them is of no class; name those wanted: --classes {shlex.join(rest)}')
    if path is not None:
        sampling['class_path'] = path
    return plan_clips(
        model,
        num_samples_per_class=50 if args.num_samples_per_class is None else args.num_samples_per_class,
        classes=args.classes,
        num_frames=args.num_frames,
        seed=args.seed,
        **sampling)


def saved_clips(args: argparse.Namespace) -> List[Dict]:
    """The clips of ``--latents`` that ``--latent-index`` names.

    Raises:
        ValueError: a file without latents, or an index that it does not have.
    """
    clips = load_annotation(args.latents)['annotations']
    wanted = range(len(clips)) if args.latent_index is None else args.latent_index
    outside = [index for index in wanted if not 0 <= index < len(clips)]
    if outside:
        raise ValueError(f'--latent-index {outside[0]}: {args.latents} has the clips 0 to {len(clips) - 1}')
    without = [index for index in wanted if 'latent' not in clips[index]]
    if without or not clips:
        raise ValueError(f'{args.latents}: {len(without)} of {len(clips)} clips keep no latent, so they cannot be made again')
    if len({len(clips[index]['latent']) for index in wanted}) > 1:
        raise ValueError(f'{args.latents}: the latents have different numbers of channels')
    return [clips[index] for index in wanted]


def replayed_plan(model, args: argparse.Namespace, clips: List[Dict]) -> ClipPlan:
    """Saved clips again, of their own classes or of each of ``--classes``."""
    path_of(model, args)
    if sampling_of(args) or args.num_samples_per_class is not None:
        raise ValueError('--latents decodes what is saved: --num-samples-per-class and options of sampling need --stochastic with it')
    rows, label = np.arange(len(clips)), np.array([clip['label'] for clip in clips])
    if args.classes is not None:
        chosen = class_indices(model.dataset_meta['classes'], args.classes)
        rows, label = np.tile(rows, len(chosen)), np.repeat(chosen, len(rows))
    latent = np.stack([clip['latent'] for clip in clips])[rows]
    length = np.array([clip['total_frames'] if args.num_frames is None else args.num_frames for clip in clips])[rows]
    latent, label, length = map(torch.from_numpy, (latent, label, length))
    path = saved_paths(clips, length, model.num_classes) if args.classes is None else None
    return plan_replay(model, latent, label, num_frames=length, class_path=path)


def saved_paths(clips: List[Dict], length: torch.Tensor, num_classes: int) -> Optional[torch.Tensor]:
    """``(N, T, K)`` of clips whose class changes, as long as the longest; ``None`` where none does.

    Raises:
        ValueError: one that is not as long as its clip is wanted.
    """
    if all('class_path' not in clip for clip in clips):
        return None
    paths, longest = [], int(length.max())
    for clip, frames in zip(clips, length.tolist()):
        path = torch.from_numpy(clip['class_path']) if 'class_path' in clip else torch.eye(num_classes)[clip['label']].expand(frames, -1)
        if len(path) < frames or path.shape[1] != num_classes:
            raise ValueError(f'the classes of clip {clip["frame_dir"]} are said for {len(path)} frames and {path.shape[1]} classes, wanted '
                             f'are {frames} and {num_classes}')
        paths.append(torch.cat((path[:frames], path[frames - 1:frames].expand(longest - frames, -1))))
    return torch.stack(paths)


def varied_plan(model, args: argparse.Namespace, clips: List[Dict]) -> ClipPlan:
    """New noise around one saved latent, for its own class or ``--classes``."""
    if len(clips) != 1:
        raise ValueError(f'--stochastic varies one latent, --latents gives {len(clips)}: choose with --latent-index')
    args = argparse.Namespace(**{**vars(args), 'classes': args.classes or [clips[0]['label']]})
    return new_plan(model, args, **{**sampling_of(args), 'stochastic': torch.from_numpy(clips[0]['latent'])})


def planned(model, args: argparse.Namespace) -> Tuple[Dict, ClipPlan, str]:
    """Metainfo of what is generated, its plan, and how its clips' names begin."""
    if args.latents is None and args.latent_index is not None:
        raise ValueError('--latent-index needs --latents')
    prefix, origin = f'{Path(args.checkpoint).stem}_s{args.seed}', dict(seed=args.seed, sampling=sampling_of(args))
    if args.class_path is not None:
        origin.update(class_path=list(args.class_path), blend=args.blend or 0)
    if args.latents is None:
        plan = new_plan(model, args, **origin['sampling'])
    else:
        plan = (varied_plan if args.stochastic else replayed_plan)(model, args, saved_clips(args))
        if not args.stochastic:
            prefix, origin = f'{Path(args.checkpoint).stem}_replay', {}
        origin.update(latents=Path(args.latents).name, latent_index=args.latent_index)
    metainfo = dict(
        model.dataset_meta,
        source='synthetic',
        generator=Path(args.config).name,
        checkpoint=Path(args.checkpoint).name,
        **origin)
    return metainfo, plan, prefix


def varied(model, args: argparse.Namespace) -> Tuple[Dict, Iterator[Batch]]:
    """Metainfo and clips of ``--around``.

    Raises:
        ValueError: options that do not go with it, a file that is not there, or whose clips the generator does not take.
    """
    others = dict(class_path=args.class_path, blend=args.blend, latents=args.latents, latent_index=args.latent_index, shard=args.shard,
                  sampling=sampling_of(args) or None, launcher=None if args.launcher == 'none' else args.launcher)
    given = [f'--{name.replace("_", "-")}' for name, value in others.items() if value is not None]
    if given:
        raise ValueError(f'--around varies given clips: {", ".join(given)} does not go with it')
    if not model.can_vary:
        raise ValueError(f'--around: {type(model).__name__} makes no variants of given clips')
    path, said, strength = file_and_split(args.around)[0], model.dataset_meta, 0.5 if args.strength is None else args.strength
    metainfo = dict(
        said, source='synthetic', generator=Path(args.config).name, checkpoint=Path(args.checkpoint).name, seed=args.seed,
        around=Path(path).name, strength=strength)
    parts = vary_batches(
        model, recordings_as_trained_on(model, args.around), strength=strength, num_samples_per_class=args.num_samples_per_class,
        classes=args.classes, num_frames=args.num_frames, seed=args.seed, batch_size=args.batch_size, progress=True)
    prefix, places = f'{Path(args.checkpoint).stem}_v{args.seed}', itertools.count()
    return metainfo, (_placed(part, places, prefix) for part in parts)


def recordings_as_trained_on(model, around: str, option: str = '--around') -> Sequence[Dict]:
    """The clips that an option names, loaded as the config's training set loads its own: one person of each, gaps filled; said in a line.

    Raises:
        ValueError: a file that is not there or is broken, or a clip without the person whom the config names.
    """
    (path, split), said, (settings, person) = file_and_split(around), model.dataset_meta, trained_form(model)
    dataset = MotionDataset(path, split=split, fps=said['fps'] * model.gap, metainfo={key: said[key] for key in ('classes', 'skeleton')},
                            **settings)
    return told_as_trained_on(dataset.annotations(), settings, person, path, option)


def trained_form(model) -> Tuple[Dict, Optional[int]]:
    """How the config's training set loads its clips, as arguments of a dataset, and which person it packs, where it names one."""
    own = innermost_dataset(model.cfg.get('train_dataloader'))
    settings = {key: own[key] for key in ('num_persons', 'fill_gaps', 'third', 'skip_broken') if own.get(key)}
    person = packed_person(own.get('pipeline') or ())
    if person is None:
        settings['num_persons'] = 1
    return settings, person


def told_as_trained_on(clips: Sequence[Dict], settings: Dict, person: Optional[int], source: str, option: str) -> Sequence[Dict]:
    """Say of clips of a source, loaded with the settings of :func:`trained_form`, how; and take the person of each."""
    words = [f'{key}={value}' for key, value in settings.items()] + ([] if person is None else [f'person={person}'])
    print(f'{source}: {len(clips)} clips, loaded as those trained on: {", ".join(words)}', flush=True)
    return clips if person is None else [only_person(clip, person, option) for clip in clips]


def packed_person(pipeline: Sequence[Dict]) -> Optional[int]:
    """Which person of clips of several a pipeline packs for a generator; ``None`` where it names none."""
    steps = [step for step in pipeline if str(getattr(step.get('type'), '__name__', step.get('type'))).endswith('PackMotionInputs')]
    return steps[0].get('person') if steps else None


def only_person(clip: Dict, person: int, option: str) -> Dict:
    """A clip of one of its persons."""
    count = len(clip['keypoint'])
    if person >= count:
        raise ValueError(f'{option}: clip {clip["frame_dir"]} has {count} persons, the config takes person {person}')
    return dict(clip, **{key: clip[key][[person]] for key in ARRAY_KEYS if key in clip})


def _placed(clips: List[Dict], places: Iterator[int], prefix: str) -> Batch:
    here = [place for _, place in zip(clips, places)]  # in this order no number is lost
    return here, [dict(clip, frame_dir=f'{prefix}_{place:06d}') for place, clip in zip(here, clips)]


def decoded(model, plan: ClipPlan, rows: Sequence[torch.Tensor], prefix: str, args: argparse.Namespace, progress: bool) -> Iterator[Batch]:
    """The clips of some parts of a plan, named by their places, batch by batch."""
    places = iter(torch.cat(list(rows)).tolist())
    for motion in decode_plan(model, plan, rows, batch_size=args.batch_size, progress=progress):
        clips = motion_to_annotations(motion, prefix=prefix, with_latent=True)
        here = list(itertools.islice(places, len(clips)))
        yield here, [dict(clip, frame_dir=f'{prefix}_{place:06d}') for place, clip in zip(here, clips)]


def write(metainfo: Dict, batches: Iterator[Batch], args: argparse.Namespace) -> List[Dict]:
    """Write the clips as they come (as ``.pkl`` or with a pair they are gathered first) and give them, with what of them was kept."""
    if Path(args.out).suffix == '.npz' and args.pair is None:
        with AnnotationWriter(args.out, metainfo) as writer:
            for places, clips in batches:
                writer.append(clips, places)
        return writer.clips
    placed = [(place, clip) for places, clips in batches for place, clip in zip(places, clips)]
    clips = [clip for _, clip in sorted(placed, key=lambda pair: pair[0])]
    save_annotation(dict(split=dict(train=[clip['frame_dir'] for clip in clips]), metainfo=metainfo, annotations=clips), args.out)
    if args.pair is not None:
        save_pair(clips, args.pair)
    return clips


def write_share(model, share: Share, args: argparse.Namespace) -> Optional[List[Dict]]:
    """Make those parts of a share that are not there, and the file if no other part is missing; gives the clips of the file then."""
    metainfo, plan, prefix = planned(model, args)
    rows = deal(plan.label)
    digest = fingerprint(model, plan, metainfo=metainfo, prefix=prefix, batch_size=args.batch_size)
    folder = PartsFolder(Path(args.out), digest, len(rows))
    folder.claim(force=args.force)
    for part in folder.missing(share.parts(len(rows))):
        batches = decoded(model, plan, rows[part:part + 1], prefix, args, progress=False)
        folder.save(part, metainfo, list(itertools.chain.from_iterable(clips for _, clips in batches)))
        print(f'share {share.number} of {share.count}: part {part} of {len(rows)}, {len(rows[part])} clips', flush=True)
    with folder.merging() as whole:
        if whole:
            return write(metainfo, merged(folder, rows), args)
    rest = f'{len(folder.missing())} of {len(rows)} parts are missing' if folder.path.is_dir() else 'the file is written'
    print(f'share {share.number} of {share.count} is finished; {rest}', flush=True)
    return None


def run(args: argparse.Namespace) -> None:
    check_files(args)
    with in_words('generate', debug=args.debug, launcher=args.launcher):
        share, model = share_of(args), load_model(args)
        if args.around is not None:
            metainfo, batches = varied(model, args)
            clips = write(metainfo, batches, args)
        elif args.strength is not None:
            raise ValueError('--strength needs --around')
        elif share is None:
            metainfo, plan, prefix = planned(model, args)
            clips = write(metainfo, decoded(model, plan, deal(plan.label), prefix, args, progress=True), args)
        else:
            clips = write_share(model, share, args)
    if clips is not None:
        classes = model.dataset_meta['classes']
        names = ', '.join(classes[index] for index in sorted({clip['label'] for clip in clips}))
        print(f'{len(clips)} clips of {frames_in_words([clip["total_frames"] for clip in clips])} ({names}) in {args.out}')
