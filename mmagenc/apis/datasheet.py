"""The data sheet of released clips: for machines as a dict, for people as Markdown.

It holds numbers, names of classes and of the layout, and checksums: no path, no file's name, no name of a recording or of a person.
"""

import re
from pathlib import Path
from typing import Dict, Iterable, List, Mapping, Optional, Sequence

import numpy as np
from mmengine.config import Config

from mmagenc.engine.hook_config import find_hook
from mmagenc.engine.model_folder import file_sum
from mmagenc.evaluation.checkpoints import LOOP_KEY
from mmagenc.evaluation.functional import MembershipInference
from mmagenc.evaluation.membership import RECONSTRUCTION, SAMPLES, Exposure
from mmagenc.models.generators import BaseGenerator
from mmagenc.version import __version__

from .model_card import plain_line
from .release import Release, counts_of

OWN_BAR = re.compile(r'(?<!\\)\|')
"""A bar in a cell that would end it."""

FORMAT = 'mmagenc-datasheet-1'
NEAREST_SHOWN = 10
"""Pairs of a generated clip and a recording that are listed."""
MOTION_FORM = ('root mean square distance, in body lengths, of positions about the root in every frame, '
               f'{SAMPLES} poses evenly spread over as many frames as a generated clip has')
FEATURE_FORM = "Euclidean distance of the judge's features"
INTENDED = ('Training, pretraining and comparing recognizers of these classes, and trying out software on motion of this form.',
            'Not for conclusions about any person, reference values of how people move, or diagnosis: the clips are no measurements.')
LIMITS = ('The figures hold for the attacks that are named, on the recordings that were given. Other attacks may tell more; a figure that '
          'cannot be told from one half is no proof that nobody can be told.',
          'Distances see positions about the root. What else makes a person known (a rare class, a rare posture, size by its unit, when '
          'and where recordings were made) is not in them.',
          'The clips can show no more than the recordings did: ages, conditions and places that were not recorded are not in them.')


def checksum(path) -> Dict:
    """``sha256`` and ``bytes`` of a file."""
    size, digest = file_sum(path)
    return dict(sha256=digest, bytes=size)


def generator_facts(model: BaseGenerator, checkpoint: Mapping, *, config_file, checkpoint_file) -> Dict:
    """Which generator it was: kind, numbers of its settings, how long it learnt, and checksums by which its files are known again."""
    cfg: Config = model.cfg
    meta = checkpoint.get('meta') if isinstance(checkpoint.get('meta'), Mapping) else {}
    return dict(
        kind=type(model).__name__,
        settings={key: value for key, value in cfg.model.items() if isinstance(value, (bool, int, float))},
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        epochs=_number(meta.get('epoch')), steps=_number(meta.get('iter')),
        loop=LOOP_KEY in checkpoint and find_hook(cfg, 'InfAGenCHook') is not None,
        config_sha256=checksum(config_file)['sha256'], checkpoint_sha256=checksum(checkpoint_file)['sha256'])


def _number(value) -> Optional[int]:
    return int(value) if isinstance(value, (int, np.integer)) else None


def datasheet(release: Release, *, generator: Optional[Dict] = None, sampling: Optional[Dict] = None, licence: Optional[str] = None,
              files: Iterable = ()) -> Dict:
    """Everything that a data sheet says.

    Args:
        release: what was measured.
        generator: :func:`generator_facts`, where it was at hand.
        sampling: how its clips were drawn, such as ``seed`` and ``strength``.
        licence: of the clips; ``None`` leaves it to be filled in.
        files: the files that are released.
    """
    meta, names = release.metainfo, list(release.metainfo.get('classes') or [])
    clips = dict(
        counts_of([dict(clip, subject=None) for clip in release.clips], names), fps=meta.get('fps'), layout=meta.get('skeleton'),
        coordinates=int(release.clips[0]['keypoint'].shape[-1]), up=meta.get('up'), rotations=all('pose' in clip for clip in release.clips))
    del clips['subjects']
    attacks = {'motion': release.motion.attacks or {}, 'features': (release.features and release.features.attacks) or {},
               'generator': {} if release.reconstruction is None else {RECONSTRUCTION: release.reconstruction}}
    return _plain(dict(
        format=FORMAT, made_with=f'mmagenc {__version__}', clips=clips,
        made_from=dict(generator=generator, sampling=sampling or {}, recordings=release.recordings, held_out=release.held_out),
        floor=dict(distance=release.floor, dropped=sum(release.dropped.values()), dropped_by_class=release.dropped),
        distances=dict(motion=_distances(release.motion, MOTION_FORM, with_pairs=True),
                       features=None if release.features is None else _distances(release.features, FEATURE_FORM)),
        membership_inference={form: {name: _attack(attack) for name, attack in found.items()} for form, found in attacks.items()},
        movement=dict(numbers=release.movement.numbers(), unit=release.movement.unit, about_root=release.movement.about_root),
        judge=release.judge, not_measured=list(release.not_measured), warnings=list(release.warnings), intended_use=list(INTENDED),
        limits=list(LIMITS), licence=licence, files={Path(path).name: checksum(path) for path in files}))


def _distances(found: Exposure, form: str, *, with_pairs: bool = False) -> Dict:
    table = dict(form=form, generated=_quantiles(found.generated))
    if found.held_out is not None:
        near = found.memorization
        table.update(
            held_out=_quantiles(found.held_out), ratio=near.fake / near.held_out if near.held_out > 0 else None, closer=near.closer,
            p_copying=near.p_copying, below_1st_percentile=found.nearer_than(1), below_5th_percentile=found.nearer_than(5))
    if with_pairs:
        table['nearest_pairs'] = [dict(clip=row, recording=found.recording[row], distance=found.generated[row])
                                  for row in found.nearest_pairs(NEAREST_SHOWN)]
    return table


def _quantiles(values: np.ndarray) -> Dict[str, float]:
    return dict(least=values.min(), percentile_1=np.percentile(values, 1), percentile_5=np.percentile(values, 5), median=np.median(values))


def _attack(found: MembershipInference) -> Dict:
    return dict(
        auc=found.auc._asdict(), auc_by_chance=list(found.auc_by_chance), accuracy=found.accuracy,
        accuracy_by_chance=found.accuracy_by_chance, members=found.num_members, others=found.num_others, few=found.few,
        caught={f'{share:g}': interval._asdict() for share, interval in found.caught.items()})


def _plain(value):
    """Plain values, ``None`` for numbers that are none."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not np.isfinite(value) else value


# --- For people


def as_markdown(sheet: Mapping) -> str:
    """A data sheet of :func:`datasheet` as text."""
    parts = [_head(sheet), _made_from(sheet), _near(sheet), _told(sheet), _moves(sheet),
             '## Intended use and limits\n\n' + _listed([*sheet['intended_use'], *sheet['limits']]), _files(sheet)]
    return '\n\n'.join(part for part in parts if part) + '\n'


def _head(sheet: Mapping) -> str:
    clips, floor = sheet['clips'], sheet['floor']
    frames = clips['frames']
    length = f'{frames["least"]} to {frames["most"]}' if frames['least'] < frames['most'] else f'{frames["least"]}'
    rate = f'{clips["fps"]:g} frames a second' if clips['fps'] else 'frame rate not known'
    facts = [
        f'{clips["clips"]} generated clips of {length} frames, {rate}',
        f'layout {clips["layout"]}, {clips["coordinates"]} coordinates, {_up(clips["up"])}'
        + (', joint rotations too' if clips['rotations'] else ''),
        'licence: ' + (sheet['licence'] or '**to be filled in; without one nobody may use the clips**')]
    if floor['distance'] is not None:
        facts.append(f'{floor["dropped"]} clips nearer to a recording than {floor["distance"]:.4f} body lengths were dropped'
                     + (f' ({_named(floor["dropped_by_class"])})' if floor['dropped'] else ''))
    alarms = [f'**{plain_line(sentence)}**' for sentence in (*sheet['not_measured'], *sheet['warnings'])]
    short = _in_short(sheet)
    return '\n\n'.join(['# Data sheet', _listed(facts), *(['## Read this first', _listed(alarms)] if alarms else []),
                        *(['## In short', _listed(short)] if short else []),
                        '## Classes', _table(['class', 'clips'], [(plain_line(name), count) for name, count in clips['classes'].items()])])


def _in_short(sheet: Mapping) -> List[str]:
    """What the tables below say of the recordings, one sentence each; nothing without held-out recordings."""
    near, attacks = sheet['distances']['motion'], sheet['membership_inference']
    said = []
    if near.get('ratio') is not None:
        said.append(f'The clips lie {near["ratio"]:.2f} times as far from the nearest recording that was trained on as new recordings of '
                    'the same kind do (medians): 1 is as far as those, 0 is copies.')
    for who, forms in (('the clips', ('motion', 'features')), ('the generator itself', ('generator', ))):
        found = [attack for form in forms for attack in attacks.get(form, {}).values()]
        if found:
            said.append(_verdict(who, max(found, key=lambda attack: abs(attack['auc']['value'] - 0.5))))
    return said


def _verdict(who: str, attack: Mapping) -> str:
    """Whether the strongest attack of somebody who has the clips, or the generator, told anything."""
    auc, (low, high) = attack['auc'], attack['auc_by_chance']
    told = auc['low'] > 0.5 or auc['high'] < 0.5
    figures = f'AUC {auc["value"]:.2f} [{auc["low"]:.2f}, {auc["high"]:.2f}], where guessing gives {low:.2f} to {high:.2f}'
    if told:
        return f'Whoever has {who} can tell better than by guessing which recordings were trained on: {figures}.'
    return (f'That whoever has {who} can tell which recordings were trained on was not shown: {figures}. So few recordings '
            f'({attack["members"]} and {attack["others"]}) show no smaller difference; it is no proof.')


def _up(axis: Optional[str]) -> str:
    return 'which way is up is not known' if axis is None else f'{axis} points up'


def _made_from(sheet: Mapping) -> str:
    made, rows = sheet['made_from'], []
    generator = made['generator']
    if generator is None:
        rows.append(('generator', 'not at hand when this was written: the clips were given as a file'))
    else:
        learnt = ', '.join(f'{generator[key]} {key}' for key in ('epochs', 'steps') if generator[key] is not None)
        rows += [('generator', f'{generator["kind"]}, {generator["parameters"]} parameters' + (f', {learnt}' if learnt else '')),
                 ('settings', ', '.join(f'{key} {value}' for key, value in generator['settings'].items())),
                 ('InfAGenC loop', 'yes' if generator['loop'] else 'no'), ('config, sha256', generator['config_sha256']),
                 ('checkpoint, sha256', generator['checkpoint_sha256'])]
    rows += [(key.replace('_', ' '), str(value)) for key, value in made['sampling'].items()]
    rows += [('trained on', _counted(made['recordings'])),
             ('held out', 'none given' if made['held_out'] is None else _counted(made['held_out']))]
    return f'## What it was made from\n\n{_table(["", ""], rows)}\n\nRecordings by class: {_named(made["recordings"]["classes"])}.'


def _counted(counts: Mapping) -> str:
    subjects = 'subjects not named' if counts['subjects'] is None else f'{counts["subjects"]} subjects'
    shared = counts.get('subjects_of_both')
    return f'{counts["clips"]} recordings, {subjects}' + ('' if shared is None else f' ({shared} of them trained on too)')


def _near(sheet: Mapping) -> str:
    forms = [(name, table) for name, table in sheet['distances'].items() if table is not None]
    blocks = ['## How near to recordings']
    for name, table in forms:
        rows = [(label, *(f'{table[key][quantile]:.4f}' if key in table else 'not measured' for key in ('generated', 'held_out')))
                for label, quantile in (('nearest', 'least'), ('1st percentile', 'percentile_1'), ('5th percentile', 'percentile_5'),
                                        ('median', 'median'))]
        blocks += [f'Distance to the nearest recording that was trained on, by {name} ({table["form"]}):',
                   _table(['', 'generated', 'held-out recordings'], rows)]
        if 'held_out' in table:
            blocks.append(_compared(table))
        if table.get('nearest_pairs'):
            pairs = [(pair['clip'], pair['recording'], f'{pair["distance"]:.4f}') for pair in table['nearest_pairs']]
            blocks += ['The recordings that a clip comes nearest to (by number in their file, from 0), and that clip:',
                       _table(['clip', 'recording', 'distance'], pairs)]
    return '\n\n'.join(blocks)


def _compared(table: Mapping) -> str:
    ratio = 'not defined' if table['ratio'] is None else f'{table["ratio"]:.2f}'
    return (f'Ratio of the medians: {ratio} (1: as new recordings; 0: copies). Nearer than the 1st percentile of held-out recordings: '
            f'{table["below_1st_percentile"]:.1%} of the clips (new recordings: 1 %); than the 5th: {table["below_5th_percentile"]:.1%} '
            f'(5 %). A generated clip lies nearer to a recording than a held-out recording does with probability {table["closer"]:.2f} '
            f'(one half: as new recordings; p = {table["p_copying"]:.2g} for so much or more).')


def _told(sheet: Mapping) -> str:
    head = '## Can anybody tell who was trained on? (membership inference)'
    rows = [(name, _form_of(form), _interval(found['auc']), f'{found["auc_by_chance"][0]:.2f} to {found["auc_by_chance"][1]:.2f}',
             f'{found["accuracy"]:.0%} ({found["accuracy_by_chance"]:.0%})', *(_percent(found['caught'][key]) for key in ('0.01', '0.1')))
            for form, attacks in sheet['membership_inference'].items() for name, found in attacks.items()]
    if not rows:
        return f'{head}\n\nNot measured: there are no held-out recordings.'
    first = next(found for attacks in sheet['membership_inference'].values() for found in attacks.values())
    note = (f'{first["members"]} recordings that were trained on against {first["others"]} that were not. AUC: probability that the attack '
            'ranks one that was above one that was not, one half for guessing, with its 95 % interval; beside it where 95 % of guesses '
            'lie. Well below one half tells something too. Accuracy: of the best threshold (in parentheses what the search for it gives if '
            'nothing can be told). Caught: recordings told at 1 % and 10 % false alarms. The generator itself is attacked by who has it, '
            'not by who has the clips.')
    return f'{head}\n\n' + _table(['attack', 'by', 'AUC', 'by chance', 'accuracy', 'caught at 1 %', 'at 10 %'], rows) + f'\n\n{note}'


def _form_of(form: str) -> str:
    return {'motion': 'the clips, motion', 'features': "the clips, judge's features", 'generator': 'the generator itself'}[form]


def _moves(sheet: Mapping) -> str:
    numbers, blocks = sheet['movement']['numbers'], ['## How it moves']
    rows = [(label, *(f'{numbers[key]:.3f}' if key in numbers else '-' for key in (f'movement_{name}', f'movement_{name}_real')))
            for label, name in ((f'speed, {sheet["movement"]["unit"]}', 'speed'), ('range, body lengths', 'range'),
                                ('change of bone lengths, body lengths', 'bone_change'))]
    blocks.append(_table(['median of clips', 'generated', 'recordings'], rows))
    if sheet['movement']['about_root']:
        blocks.append('The path of the root is left out of both: the generated clips have none.')
    if sheet['judge']:
        named = dict(generated='generated clips', recordings='recordings that were trained on', held_out='held-out recordings')
        blocks += ['The judge names the class rightly:', _table(['', 'accuracy'], [(named[key], _percent(value)) for key, value in
                                                                                      sheet['judge'].items()])]
    else:
        blocks.append('No recognizer was asked whether the clips show their classes.')
    return '\n\n'.join(blocks)


def _files(sheet: Mapping) -> str:
    rows = [(name, entry['bytes'], entry['sha256']) for name, entry in sheet['files'].items()]
    return '## Files\n\n' + _table(['file', 'bytes', 'sha256'], rows) + f'\n\nMade with {sheet["made_with"]}.'


def _table(head: Sequence, rows: Iterable[Sequence]) -> str:
    lines: List[Sequence] = [head, ['---'] * len(head), *rows]
    return '\n'.join(f'| {" | ".join(OWN_BAR.sub("/", str(cell)) for cell in line)} |' for line in lines)


def _listed(sentences: Iterable[str]) -> str:
    return '\n'.join(f'- {sentence}' for sentence in sentences)


def _named(counts: Mapping[str, int]) -> str:
    return ', '.join(f'{plain_line(name)} {count}' for name, count in counts.items())


def _interval(value: Mapping[str, float]) -> str:
    return f'{value["value"]:.2f} [{value["low"]:.2f}, {value["high"]:.2f}]'


def _percent(value: Mapping[str, float]) -> str:
    return f'{value["value"]:.0%} [{value["low"]:.0%}, {value["high"]:.0%}]'
