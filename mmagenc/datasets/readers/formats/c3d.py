"""C3D, the binary format of motion capture and gait laboratories, read by ezc3d: named points over time.

T frames. Points that are not seen have no place. Angles, forces, moments and powers that lie among the points are left out.
"""

from typing import Dict, Iterator, List, Optional, Set

import numpy as np

from mmagenc.datasets.readers.lab_tables import without_subject
from mmagenc.datasets.readers.markers import placed
from mmagenc.datasets.readers.registry import Reader, ReadOptions, Recording
from mmagenc.datasets.readers.source import Source
from mmagenc.registry import READERS

NEEDS_EZC3D = '.c3d files need ezc3d: pip install mmagenc[mocap]'
NO_POINTS = ('ANGLES', 'FORCES', 'MOMENTS', 'POWERS', 'SCALARS')
"""Parameters that list what is among the points and is none."""


@READERS.register_module(name='c3d')
class C3d(Reader):
    name = 'c3d'
    title = 'C3D'
    suffixes = ('.c3d', )
    knows = ('3d', 'fps')
    takes_unit = True

    def sniff(self, source: Source) -> Optional[str]:
        return 'C3D' if len(source.head) >= 512 and source.head[1] == 0x50 else None

    def read(self, source: Source, options: ReadOptions) -> Iterator[Recording]:
        try:
            from ezc3d import c3d
        except ImportError as error:
            raise ImportError(NEEDS_EZC3D) from error
        try:
            content = c3d(str(source.path))
            parameters, data = content['parameters']['POINT'], np.asarray(content['data']['points'], dtype=np.float64)
        except (RuntimeError, OSError, ValueError, LookupError, TypeError, MemoryError) as error:
            raise ValueError(f'no readable C3D ({error})') from None
        names = _names(parameters, data.shape[1])
        kept = _kept(names, parameters)
        short = without_subject([names[index] for index in kept])
        found = placed(short, np.moveaxis(data[:3, kept], 0, -1).transpose(1, 0, 2), _value(parameters, 'UNITS', 'mm'), options)
        yield Recording(name=source.name, skeleton=found.skeleton, keypoint=found.points[None], fps=_rate(parameters), up=found.up,
                        notes=found.notes)


def _value(parameters: Dict, key: str, default):
    values = parameters.get(key, {}).get('value')
    return default if values is None or not len(values) else values[0]


def _names(parameters: Dict, count: int) -> List[str]:
    """Names of all points; files with more than 255 have further lists, LABELS2 and so on."""
    lists = [parameters.get(f'LABELS{number}', {}).get('value', []) for number in ('', *range(2, 100))]
    names = [str(name).strip() for part in lists for name in part][:count]
    if len(names) < count or not names:
        raise ValueError(f'{count} points, {len(names)} of which have names (POINT:LABELS)')
    return names


def _kept(names: List[str], parameters: Dict) -> List[int]:
    others: Set[str] = {str(name).strip() for key in NO_POINTS for name in parameters.get(key, {}).get('value', [])}
    return [index for index, name in enumerate(names) if name not in others and not name.startswith('*')]


def _rate(parameters: Dict) -> float:
    rate = float(_value(parameters, 'RATE', 0.))
    if not 0 < rate < 1e6:
        raise ValueError(f'POINT:RATE is {rate:g}, expected frames per second')
    return rate
