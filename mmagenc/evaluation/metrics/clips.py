"""What the metrics of generators share: the clips of a batch, numbers over repeats, tables.

N clips, R repeats, T frames, V keypoints, J joints, C coordinates, K classes.
"""

import unicodedata
from typing import Dict, List, Optional, Sequence

from mmagenc.datasets.annotation import motion_to_annotations
from mmagenc.evaluation.functional import confidence_interval, wilson_interval
from mmagenc.structures import ClipForm, Motion

INPUT_KEYS = ('keypoint', 'keypoint_score', 'pose', 'transl')
FORM_KEYS = ('img_shape', 'original_shape')


def generated_motion(sample: Dict, *, metric: str) -> Motion:
    """The R clips that a generator made for a data sample.

    Raises:
        ValueError: there are none; ``metric`` says who asks.
    """
    motion = sample.get('pred_motion')
    if motion is None or not len(motion):
        raise ValueError(f'a data sample has no pred_motion: {metric} judges generators; for recognizers use RecognizerMetric')
    return motion


def real_annotations(inputs, data_samples: Sequence[Dict], *, skeleton: Optional[str] = None) -> List[Dict]:
    """The real clips of a batch as annotation dicts, cut to their lengths.

    Args:
        inputs: a dict of lists or of batched tensors (``keypoint (N, T, V, C)``, ``pose (N, T, J, 3)``, ``transl (N, T, 3)``), or a list
            of dicts.
        data_samples: N dicts with ``gt_label`` and ``num_frames``.
        skeleton: layout of ``keypoint``, noted in each clip.
    """
    annotations = []
    for i, sample in enumerate(data_samples):
        clip = {key: inputs[key][i] for key in inputs} if isinstance(inputs, dict) else inputs[i]
        arrays = {key: clip[key].detach().cpu().float().numpy() for key in INPUT_KEYS if key in clip}
        length = min([int(sample['num_frames']), *map(len, arrays.values())])
        annotations.append(
            dict(
                frame_dir=sample.get('frame_dir', f'real_{i}'),
                label=int(sample['gt_label']),
                total_frames=length,
                **({} if skeleton is None else dict(skeleton=skeleton)),
                **{key: tuple(sample[key]) for key in FORM_KEYS if sample.get(key) is not None},
                **{key: value[None, :length] for key, value in arrays.items()}))
    return annotations


def generated_annotations(motion: Motion, real: Dict) -> List[Dict]:
    """The generated clips; their layout is the real clip's, or else, where there are rotations, that of the body models.

    They come in the real clip's form: what the generator does not make of scores and image shape is the real clip's.
    """
    same = 'keypoint' in real and real['keypoint'].shape[2] == motion.keypoint.shape[2]
    skeleton = real.get('skeleton') if same else 'smpl24' if motion.pose is not None else None
    form = ClipForm.of([real] if same else [])
    clips = motion_to_annotations(motion, prefix=f'generated_{real["frame_dir"]}', skeleton=skeleton)
    return [form.complete(clip) for clip in clips]


def over_repeats(rows: Sequence[Dict[str, float]],
                 suffix: str = '',
                 *,
                 trials: Optional[Dict[str, int]] = None,
                 shares: Sequence[str] = ()) -> Dict[str, float]:
    """Mean of each number over repeats as ``<name><suffix>``, and how sure it is.

    Numbers without bounds have ``…_ci``, the half width of the t-interval over repeats, if there are several. Shares have ``…_low`` and
    ``…_high``, both between 0 and 1: ``… ± half width`` may leave that range and is 0 where all repeats agree, however few the clips.

    Args:
        rows: R dicts of the same names.
        suffix: after each name.
        trials: shares of clips, and how many clips each was asked of: they have Wilson's interval. ``…_ci`` is half its width there (the
            interval does not lie evenly about the mean).
        shares: other shares: their t-interval over repeats, cut to 0 and 1.
    """
    metrics, trials = {}, trials or {}
    for name in rows[0]:
        interval, key = confidence_interval([row[name] for row in rows]), name + suffix
        metrics[key], half_width = interval.mean, interval.half_width
        if name in trials:
            low, high = wilson_interval(interval.mean * trials[name], trials[name])[1:]
            metrics.update({f'{key}_low': low, f'{key}_high': high})
            half_width = (high - low) / 2
        elif name in shares and len(rows) > 1:
            metrics.update({f'{key}_low': max(interval.low, 0.), f'{key}_high': min(interval.high, 1.)})
        if len(rows) > 1:
            metrics[f'{key}_ci'] = half_width
    return metrics


def class_names(dataset_meta: Optional[Dict], num_classes: int) -> List[str]:
    """K names, those of the data set as far as it has them, then numbers."""
    names = [str(name) for name in (dataset_meta or {}).get('classes') or []][:num_classes]
    return names + [str(index) for index in range(len(names), num_classes)]


def with_class_names(reason: str, classes: Optional[Sequence[str]]) -> str:
    """A reason with the names of the classes in the place of the list of their numbers; numbers without a name stay."""
    head, bracket, rest = reason.partition('[')
    numbers, end, tail = rest.partition(']')
    if not bracket or not end or not all(number.strip().isdigit() for number in numbers.split(',')):
        return reason
    return head + ', '.join(class_name(int(number), classes) for number in numbers.split(',')) + tail


def class_name(label: int, classes: Optional[Sequence[str]]) -> str:
    """Name of a class, or its number."""
    return str(classes[label]) if classes and label < len(classes) else str(label)


def format_table(rows: Sequence[Sequence[str]]) -> str:
    """Text in columns, the first flush left and the others flush right."""
    return '\n'.join(in_columns(rows, [False, *(True for _ in rows[0][1:])]))


def display_width(text: str) -> int:
    """Cells of a terminal that a text takes: two of East Asian wide letters, none of marks that stand on the letter before them."""
    return sum(0 if unicodedata.combining(letter) or unicodedata.category(letter) in ('Mn', 'Me', 'Cf')
               else 2 if unicodedata.east_asian_width(letter) in 'WF' else 1 for letter in text)


def in_columns(rows: Sequence[Sequence[str]], right: Sequence[bool]) -> List[str]:
    """Lines of a table, two spaces between its columns.

    Args:
        rows: of as many cells each.
        right: which columns are flush right.
    """
    widths = [max(map(display_width, column)) for column in zip(*rows)]
    return ['  '.join(_filled(*cell) for cell in zip(row, widths, right)) for row in rows]


def _filled(cell: str, width: int, right: bool) -> str:
    room = ' ' * (width - display_width(cell))
    return room + cell if right else cell + room


def share_of(name: str, share: float, total: int) -> Dict[str, float]:
    """A share of so many clips, and both ends of its 95 % interval (Wilson's), as :func:`with_interval` takes them."""
    interval = wilson_interval(share * total, total)
    return {name: share, f'{name}_low': interval.low, f'{name}_high': interval.high}


def with_interval(metrics: Dict[str, float], key: str, form='{:.3f}'.format) -> str:
    """``value [low, high]`` of a number, or ``value ± half width``, or ``value``, as far as is known; ``-`` where there is no number."""
    if key not in metrics:
        return '-'
    if f'{key}_low' in metrics and f'{key}_high' in metrics:
        ends = (form(metrics[f'{key}_{end}']).removesuffix(' %') for end in ('low', 'high'))
        return f'{form(metrics[key])} [{", ".join(ends)}]'
    return form(metrics[key]) + (f' ± {form(metrics[f"{key}_ci"])}' if f'{key}_ci' in metrics else '')


def percent(value: float) -> str:
    """A share as a text."""
    return f'{100 * value:.1f} %'
