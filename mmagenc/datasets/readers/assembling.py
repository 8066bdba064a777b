"""One annotation of clips that were imported: classes, names, splits, and what they have in common."""

from collections import Counter
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from mmagenc.datasets.annotation import UNLABELLED, clip_problems
from mmagenc.datasets.layouts import with_named_layouts
from mmagenc.datasets.resampling import same_rate
from mmagenc.datasets.third_coordinate import FLAT_LAYOUTS

from .motion_files import parse_split, split_value
from .shares import split_by_share
from .source import natural_key

PASSING = ('groups', 'up', 'published_split', 'published_classes')
"""Keys of a clip that only the import needs."""


def annotation_of(clips: Sequence[Dict], *, classes: Optional[Sequence[str]] = None, labelled: bool = True, split: Optional[str] = None,
                  split_by: str = 'id', seed: int = 0) -> Tuple[Dict, List[str]]:
    """One annotation of clips, and why some were left out.

    Args:
        clips: in the annotation format, and with them ``groups`` (``label``, ``recording``, ``subject`` and ``id`` where they are known),
            ``up``, ``published_split`` and ``published_classes``.
        classes: class names in index order; ``None`` takes all labels, see :func:`classes_of`.
        labelled: whether the clips get their labels.
        split: see :func:`splits_of`.
        split_by: what ``split`` names: ``'id'``, ``'subject'``, ``'label'``, or ``'name'``, the clip's own.
        seed: of splits by share.

    Raises:
        ValueError: clips with two coordinates beside clips with three; a split that cannot be read.
    """
    _refuse_two_worlds(clips)
    names = distinct_names([clip['frame_dir'] for clip in clips])
    clips = [dict(clip, frame_dir=name) for clip, name in zip(clips, names)]
    classes = list(classes or classes_of(clips)) if labelled else []
    members, unplaced = splits_of(clips, split, split_by, seed)
    commas = any(',' in name for name in (*classes, *(clip['groups']['label'] or '' for clip in clips))) if labelled else False
    known = ', '.join(f'"{name}"' for name in classes) + ' (a name with a comma is quoted)' if commas else ', '.join(classes)
    left_out = {clip['frame_dir']: f'label {clip["groups"]["label"]!r} is none of {known}' for clip in clips
                if labelled and clip['groups']['label'] not in classes}
    left_out = {**unplaced, **left_out}
    kept = [dict(clip, label=classes.index(clip['groups']['label']) if labelled else UNLABELLED) for clip in clips
            if clip['frame_dir'] not in left_out]
    metainfo = common_metainfo(kept, classes)
    kept = [_settled(clip, metainfo) for clip in kept]
    left_out.update({name: reason for _, name, reason in clip_problems(kept, metainfo, unlabelled=not labelled)})
    kept = [clip for clip in kept if clip['frame_dir'] not in left_out]
    layouts = sorted({clip['skeleton'] for clip in kept if 'skeleton' in clip})
    there = {name: [member for member in listed if member not in left_out] for name, listed in members.items()}
    annotation = dict(split=there, metainfo=with_named_layouts(metainfo, layouts), annotations=kept)
    return annotation, [f'{name}: {reason}' for name, reason in left_out.items()]


def classes_of(clips: Sequence[Mapping]) -> List[str]:
    """All labels, in the order of the published set that has them all, so that labels mean what published weights mean; else sorted."""
    labels = {clip['groups']['label'] for clip in clips}
    sets = {tuple(clip.get('published_classes', ())) for clip in clips}
    published = sets.pop() if len(sets) == 1 else ()
    return [name for name in published if name in labels] if labels <= {*published} else sorted(labels, key=natural_key)


def _refuse_two_worlds(clips: Sequence[Dict]) -> None:
    flat = [clip['frame_dir'] for clip in clips if clip['keypoint'].shape[-1] == 2]
    if flat and len(flat) < len(clips):
        solid = next(clip['frame_dir'] for clip in clips if clip['keypoint'].shape[-1] == 3)
        raise ValueError(f'{len(flat)} clips have two coordinates ({flat[0]}), {len(clips) - len(flat)} have three ({solid}): '
                         'import them apart')


def distinct_names(names: Sequence[str]) -> List[str]:
    """The last parts of paths, with as many folders before them as tell all apart; equal paths get a number."""
    short = [name.rsplit('/', 1)[-1] for name in names]
    if len(set(short)) == len(short):
        return short
    seen, result = Counter(), []
    for name in names:
        seen[name] += 1
        result.append(name if seen[name] == 1 else f'{name}_{seen[name]}')
    return result


def splits_of(clips: Sequence[Dict], split: Optional[str], split_by: str, seed: int) -> Tuple[Dict[str, List[str]], Dict[str, str]]:
    """Names of the clips of each split, and why others are in none.

    Args:
        split: values of each split (:func:`.motion_files.parse_split`), or shares (:func:`.shares.parse_shares`), for which clips without
            what they are placed by stay with the others of their recording; ``None``: as the files say, or else everything in ``train``.

    Raises:
        ValueError: neither.
    """
    keys = {clip['frame_dir']: clip['frame_dir'] if split_by == 'name' else clip['groups'].get(split_by) for clip in clips}
    if split is None:
        said = {clip['frame_dir']: clip['published_split'] or 'train' for clip in clips}
        return {place: [name for name in said if said[name] == place] for place in dict.fromkeys(said.values())}, {}
    if '%' in split:
        labels = {clip['frame_dir']: clip['groups']['label'] for clip in clips}
        groups = {clip['frame_dir']: keys[clip['frame_dir']] or clip['groups'].get('recording', clip['frame_dir']) for clip in clips}
        return split_by_share(labels, groups, split, seed=seed), {}
    wanted = parse_split(split)
    where = {value: place for place, values in wanted.items() for value in values}
    members: Dict[str, List[str]] = {place: [] for place in wanted}
    unplaced = {}
    for name, key in keys.items():
        if key is None:
            unplaced[name] = f'no {split_by} is known, by which --split places it'
        elif split_value(key) not in where:
            unplaced[name] = f'{split_by} {key!r} is in no split'
        else:
            members[where[split_value(key)]].append(name)
    return members, unplaced


def common_metainfo(clips: Sequence[Dict], classes: Sequence[str]) -> Dict:
    """What all clips have in common: ``classes``, the layout of most, the frame rate if it is one, the axis that points up if it is one."""
    metainfo: Dict = dict(classes=list(classes)) if classes else {}
    skeletons = Counter(clip['skeleton'] for clip in clips if 'skeleton' in clip)
    if skeletons:
        metainfo['skeleton'] = skeletons.most_common(1)[0][0]
    rates = [clip.get('fps') for clip in clips]
    if rates and None not in rates and all(same_rate(rates[0], rate) for rate in rates):
        metainfo['fps'] = rates[0]
    ups = {clip['up'] for clip in clips}
    if clips and clips[0]['keypoint'].shape[-1] == 3:
        metainfo['up'] = ups.pop() if len(ups) == 1 else None
        if any(str(name).startswith(FLAT_LAYOUTS) for name in skeletons):
            metainfo['third'] = 'depth'  # whose readers know, where the numbers may look like scores
    return metainfo


def _settled(clip: Dict, metainfo: Mapping) -> Dict:
    """A clip without what the metainfo says, and without what only the import needs."""
    clip = {key: value for key, value in clip.items() if key not in PASSING}
    for key in ('fps', 'skeleton'):
        if key in metainfo and clip.get(key) is not None and (clip[key] == metainfo[key] or key == 'fps'):
            del clip[key]
    return clip
