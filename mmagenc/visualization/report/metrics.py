"""Numbers of tests as table rows: value, interval, and the real clips' beside them."""

from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Tuple

from mmagenc.visualization.logs import is_number

SHARES = ('accuracy', 'precision', 'recall', 'coverage', 'top1', 'top5', 'mean1', 'ece', 'closer_to_train', 'top1_acc', 'top5_acc',
          'joint_limit_violation')
"""Shares between 0 and 1, shown as percentages."""

TITLES = {
    'accuracy': ('Accuracy', 'share of clips that the recognizer names as intended'),
    'fid': ('FID', 'Fréchet distance between features; lower is nearer to real'),
    'fid_shrunk': ('FID, shrunk', 'Fréchet distance with shrunk covariances, for few clips; lower is nearer to real'),
    'kid': ('KID', 'kernel distance between features, unbiased for few clips; lower is nearer to real'),
    'precision': ('Precision', 'share of generated clips among the real ones (nearest neighbours)'),
    'recall': ('Recall', 'share of real clips among the generated ones (nearest neighbours)'),
    'density': ('Density', 'generated clips around real ones; 1 is the real clips’ own'),
    'coverage': ('Coverage', 'share of real clips that have a generated one near'),
    'diversity': ('Diversity', 'mean distance of random pairs; as large as the real clips’ is right'),
    'multimodality': ('Multimodality', 'mean distance of random pairs of one class; as large as the real clips’ is right'),
    'nearest_train': ('Distance to training clips', 'of the nearest; much less than held-out real clips’ is memorizing'),
    'closer_to_train': ('Nearer to training than held-out', '50 % is no memorizing'),
    'movement_speed': ('Speed', 'body lengths a second (a frame, where no fps is known), median over clips, jitter removed'),
    'movement_speed_ratio': ('Speed against recordings', '1 is right; below 0.25 are statues'),
    'movement_range': ('Range', 'how far joints go from their mean places, in body lengths'),
    'movement_bone_change': ('Bone change', 'how much bones change their lengths, in body lengths; 0 is a rigid body'),
    'mmd_average': ('MMDa', 'maximum mean discrepancy, mean over frames; lower is nearer to real'),
    'mmd_sequence': ('MMDs', 'maximum mean discrepancy of whole clips; lower is nearer to real'),
    'top1': ('Top-1 accuracy', 'share of clips named rightly'),
    'top5': ('Top-5 accuracy', 'share of clips whose class is among the five most probable'),
    'mean1': ('Mean-class accuracy', 'mean over classes of the share named rightly'),
    'ece': ('Calibration error', 'mean gap between confidence and accuracy; lower is better'),
}
NO_NUMBERS = ('time', 'data_time', 'memory', 'num_clips', 'num_warnings')
REAL_OF = {'nearest_train': 'nearest_train_of_real'}
"""Numbers whose counterpart of the real clips is not ``<name>_real``."""


@dataclass(frozen=True)
class Number:
    """A value and, where it is known, its 95 % interval.

    Args:
        value: the value.
        low, high: ends of the interval, or ``None``.
    """

    value: float
    low: Optional[float] = None
    high: Optional[float] = None


@dataclass(frozen=True)
class Row:
    """One number of a test.

    Args:
        key: as it was logged.
        title: for a reader.
        meaning: what it says, or empty.
        share: whether it is a share, shown as a percentage.
        value: the number.
        real: the same of the real clips, or ``None``.
    """

    key: str
    title: str
    meaning: str
    share: bool
    value: Number
    real: Optional[Number] = None


@dataclass(frozen=True)
class Result:
    """One table.

    Args:
        title: of the table.
        source: file that it comes from.
        rows: overall numbers.
        per_class: rows of each class, by name; may be empty.
        warnings: what was said over the table, or must be.
    """

    title: str
    source: str
    rows: List[Row]
    per_class: Dict[str, List[Row]] = field(default_factory=dict)
    warnings: List[str] = field(default_factory=list)


def result_of(content: Any, source: str) -> Optional[Result]:
    """A table of what a JSON file holds, or ``None`` if it holds no such numbers.

    Known are MMEngine's flat dicts (``generation/accuracy``, ``acc/top1``, …), and the ``out_file`` of ``MotionGenerationMetric`` and
    ``RecognizerMetric``.
    """
    if not isinstance(content, Mapping):
        return None
    if isinstance(content.get('overall'), Mapping) and isinstance(content.get('classes'), Mapping):
        per_class = {str(name): rows_of(row) for name, row in content['classes'].items() if isinstance(row, Mapping)}
        title = f'Generated clips: {content.get("num_clips", "?")} real clips, {content.get("num_repeats", "?")} generated for each'
        told = content.get('warnings')
        return Result(title, source, rows_of(content['overall']), per_class, list(map(str, told)) if isinstance(told, list) else [])
    if isinstance(content.get('recall'), Mapping) and 'confusion_matrix' in content:
        flat = {key: value for name, number in content.items() for key, value in _flat(name, number).items()}
        per_class = {str(name): rows_of(_flat('recall', number)) for name, number in content['recall'].items()}
        guessing = content.get('guessing')
        chance = guessing.get('top1') if isinstance(guessing, Mapping) else None  # files of earlier versions do not say it
        title = f'Recognizer (guessing reaches {100 * chance:.1f} % top 1)' if is_number(chance) else 'Recognizer'
        return Result(title, source, rows_of(flat), per_class)
    flat = {key: value for key, value in content.items() if '/' in str(key)}
    rows = rows_of(flat)
    if not rows:
        return None
    generated = any(key.startswith('generation/') for key in flat)
    count = next((value for key, value in flat.items() if key.endswith('/num_warnings') and is_number(value)), 0)
    told = [f'{count:g} warnings stood over the table of this test: they are in its log'] if count else []
    return Result('Generated clips' if generated else 'Recognizer', source, rows, warnings=told)


def _flat(name: str, number: Any) -> Dict[str, Any]:
    """``{'value', 'low', 'high'}`` as ``name``, ``name_low``, ``name_high``."""
    if not isinstance(number, Mapping) or 'value' not in number:
        return {}
    return {name: number['value'], f'{name}_low': number.get('low'), f'{name}_high': number.get('high')}


def rows_of(numbers: Mapping[str, Any]) -> List[Row]:
    """Table rows of flat numbers, each with what belongs to it (``_ci``, ``_low`` and ``_high``, ``_real``), in their order."""
    numbers = {str(key): float(value) for key, value in numbers.items() if is_number(value)}
    rows = []
    for key in numbers:
        name = key.rsplit('/', 1)[-1]
        if name in NO_NUMBERS or _belongs_to_another(key, numbers):
            continue
        title, meaning = TITLES.get(name, (name.replace('_', ' '), ''))
        prefix = key[:len(key) - len(name)]
        real = _number(prefix + REAL_OF.get(name, f'{name}_real'), numbers)
        rows.append(Row(key, title, meaning, name in SHARES, _number(key, numbers), real))
    return rows


def _belongs_to_another(key: str, numbers: Mapping[str, float]) -> bool:
    if any(key == key.rsplit('/', 1)[0] + '/' + real or key == real for real in REAL_OF.values()):
        return True
    return any(key.endswith(suffix) and key[:-len(suffix)] in numbers for suffix in ('_ci', '_low', '_high', '_real')) or \
        any(key.endswith(suffix) for suffix in ('_real_ci', '_real_low', '_real_high'))


def _number(key: str, numbers: Mapping[str, float]) -> Optional[Number]:
    if key not in numbers:
        return None
    value, width = numbers[key], numbers.get(f'{key}_ci')
    low, high = (numbers.get(f'{key}_{end}') for end in ('low', 'high'))
    if width is not None and (low is None or high is None):
        low, high = value - width, value + width
        if _is_share(key):  # files of before these had ends
            low, high = max(low, 0.), min(high, 1.)
    return Number(value, low, high)


def _is_share(key: str) -> bool:
    return key.rsplit('/', 1)[-1].removesuffix('_real') in SHARES


def confusion_of(content: Any, source: str) -> Optional[Dict]:
    """The confusion matrix in a JSON file of ``RecognizerMetric``, or ``None``."""
    if not isinstance(content, Mapping) or not isinstance(content.get('confusion_matrix'), list):
        return None
    matrix = content['confusion_matrix']
    if not matrix or any(not isinstance(row, list) or len(row) != len(matrix) or not all(map(is_number, row)) for row in matrix):
        return None
    names = content.get('classes')
    names = list(map(str, names)) if isinstance(names, list) and len(names) == len(matrix) else [str(k) for k in range(len(matrix))]
    return dict(title=f'Recognizer ({source})', classes=names, matrix=matrix)


def format_number(number: Optional[Number], share: bool) -> Tuple[str, str]:
    """A number and its interval as texts; the second is empty without an interval, both where there is no number."""
    if number is None:
        return '', ''
    value, low, high = (None if part is None else _text(part, share) for part in (number.value, number.low, number.high))
    unit = ' %' if share else ''
    return value + unit, '' if low is None or high is None else f'{low} to {high}{unit}'


def _text(value: float, share: bool) -> str:
    if share:
        return f'{100 * value:.1f}'
    return f'{value:.3g}' if abs(value) < 10 or abs(value) >= 1e6 else f'{value:.1f}'
