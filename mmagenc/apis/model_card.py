"""The README of a model that is handed on: what it is, what it was made of, what it must not be taken for. Markdown with the hub's head."""

import json
from typing import Any, List, Mapping

TAGS = dict(generator=('skeleton', 'human-motion', 'motion-generation'),
            recognizer=('skeleton', 'human-motion', 'skeleton-based-action-recognition'))
USE = dict(
    generator="""from mmagenc import Generator
generator = Generator.load({place})
motion = generator.generate({label}, 50, seed=0)""",
    recognizer="""from mmagenc import Recognizer
recognizer = Recognizer.load({place})
print(recognizer.predict('clips.npz'))""")
STAND_IN = ('**Trained on stand-in data**, which a program synthesized: nothing that this model makes or says is about real people, and '
            'its numbers are worth nothing beyond a test of the software.')


def model_card(table: Mapping[str, Any], name: str) -> str:
    """The README.

    Args:
        table: the content of ``config.json``.
        name: what the model is called.
    """
    kind = table['kind']
    what = f'Makes labelled motion ({table["algorithm"]})' if kind == 'generator' else f'Recognizes actions ({table["algorithm"]})'
    parts = [
        _head(table), f'# {plain_line(name)}', *([STAND_IN] if table.get('stand_in') else []),
        f'{what}, written by [mmagenc](https://pypi.org/project/mmagenc/) {table["mmagenc_version"]}.', '## Use', _use(table),
        '## What it knows', _rows(_facts(table)), '## How it was trained', _rows(_training(table)), '## What lies in the weights',
        _recordings(table.get('recordings') or {}), '## Limits', _limits(table)
    ]
    return '\n\n'.join(parts) + '\n'


def _head(table: Mapping) -> str:
    tags = [*TAGS[table['kind']], *(['stand-in-data'] if table.get('stand_in') else [])]
    return '\n'.join(['---', 'library_name: mmagenc', 'tags:', *(f'- {tag}' for tag in tags), '---'])


def _use(table: Mapping) -> str:
    """Three lines."""
    code = USE[table['kind']].format(place="'this folder, or its name on the hub'", label=repr(table['classes'][0]))
    return f'```python\n{code}\n```'


def _facts(table: Mapping) -> List:
    rows = [('classes', ', '.join(table['classes'])), ('layout of the joints', table.get('skeleton')),
            ('frames a second', table.get('fps') and f'{table["fps"]:g}'), ('frames of a clip', table.get('num_frames')),
            ('axis that points up', table.get('up')), ('parameters', f'{table["parameters"]:,}')]
    return [(key, value) for key, value in rows if value is not None]


def _training(table: Mapping) -> List:
    training = table.get('training') or {}
    rows = [(key, training.get(key)) for key in ('config', 'epoch', 'iter', 'seed', 'time')]
    data = ', '.join(training.get('data') or []) or 'not known'
    versions = ', '.join(f'{name} {version}' for name, version in (table.get('versions') or {}).items())
    return [('data', data), *((key, value) for key, value in rows if value is not None), ('written with', versions or 'not known')]


def _recordings(kept: Mapping) -> str:
    clips, poses = kept.get('clips', 0), kept.get('poses', 0)
    if not clips and not poses:
        return ('No clip and no pose of a recording as it was. That is no proof that none can be guessed from the weights: what was '
                'measured of that, if anything, is not in this folder.')
    what = ' and '.join([*([f'{clips} recorded clips'] if clips else []), *([f'{poses} recorded poses'] if poses else [])])
    return f'**{what}**, which it makes its clips of: whoever gets this folder gets these recordings. Ask who was recorded.'


def _limits(table: Mapping) -> str:
    if table['kind'] == 'generator':
        return ('Generated clips are no recordings: how they move, and whom they resemble, is as good as what it learnt from. Compare them '
                'with recordings that it has not seen (`mmagenc compare`) before anything is concluded from them.')
    return ('It names one of its classes for every clip, also for one of none of them. Clips must be of its layout and frame rate. How '
            'often it is right has to be measured on people whom it has not seen.')


def _rows(rows: List) -> str:
    return '\n'.join(['| | |', '|---|---|', *(f'| {plain_line(key)} | {plain_line(value)} |' for key, value in rows)])


def plain_line(value: Any) -> str:
    """A text that cannot break out of its line or its cell, nor be markup."""
    text = ' '.join(str(value).split())
    return ''.join(f'\\{letter}' if letter in '|<>[]*_`#\\' else letter for letter in text) if text else json.dumps('')
