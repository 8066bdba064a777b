"""What ``mmagenc inspect`` does; how it is called is in :mod:`mmagenc.commands.options.inspect_file`."""

import argparse
import json
import math
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Dict, Optional, Set, Tuple

import numpy as np

from mmagenc.clips import missing_points
from mmagenc.command_line import in_words
from mmagenc.datasets.annotation import load_annotation
from mmagenc.datasets.readers.any_file import read_any_clips
from mmagenc.evaluation.inspection import Inspection, inspect_annotation
from mmagenc.outputs import Output, require_outputs, writing
from mmagenc.visualization.inspection import SIGN, as_text, contact_sheet, write_inspection


class Unseen:
    """Points that are NaN or infinite, taken out of the clips of a file while they are checked."""

    def __init__(self) -> None:
        self._points: Dict[str, np.ndarray] = {}
        self._without_scores: Set[str] = set()

    def take(self, clip: Dict, metainfo: Dict) -> Dict:
        """The clip with such points at zero and of score 0; one without scores gets some."""
        score = clip.get('keypoint_score')
        lost = ~np.isfinite(clip['keypoint']).all(axis=-1)
        lost |= False if score is None else ~np.isfinite(score)
        if not lost.any():
            return clip
        self._points[clip['frame_dir']] = lost
        if score is None:
            self._without_scores.add(clip['frame_dir'])
            score = ~missing_points(np.where(lost[..., None], np.nan, clip['keypoint']))
        keypoint, score = np.where(lost[..., None], 0, clip['keypoint']), np.where(lost, 0, score)
        return dict(clip, keypoint=keypoint, keypoint_score=score.astype(np.float32))

    def put_back(self, annotation: Dict) -> Dict:
        """The annotation with these points as NaN, and clips without scores as they were."""
        return dict(annotation, annotations=[self._as_read(clip) for clip in annotation['annotations']])

    def _as_read(self, clip: Dict) -> Dict:
        name = clip['frame_dir']
        if name not in self._points:
            return clip
        left_out = {'keypoint_score'} if name in self._without_scores else set()
        keypoint = np.where(self._points[name][..., None], np.float32(np.nan), clip['keypoint'])
        return {key: value for key, value in dict(clip, keypoint=keypoint).items() if key not in left_out}


def read(path: Path) -> Tuple[Dict, Dict]:
    """The annotation as it can be drawn, and as it is inspected, with points that are NaN.

    Raises:
        FileNotFoundError: no such file.
        AnnotationError: none that can be read, whatever its points are.
    """
    try:
        annotation = read_any_clips(path)
        return annotation, annotation
    except ValueError:
        unseen = Unseen()
        annotation = load_annotation(path, unlabelled=True, mend=unseen.take)
        return annotation, unseen.put_back(annotation)


def write_json(inspection: Inspection, path: Path) -> None:
    """All numbers; those that are not known are ``null``."""
    content = asdict(inspection)
    content['clips'] = [_known(row._asdict()) for row in inspection.clips]
    content['classes'] = [_known(row) for row in inspection.classes]
    content['doubts'] = [doubt._asdict() for doubt in inspection.doubts]
    with writing(path, 'w', encoding='utf-8') as file:
        json.dump(content, file, indent=1)


def _known(row: Dict) -> Dict:
    return {key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in row.items()}


def write_page(annotation: Dict, inspection: Inspection, page: Path, sheet: Optional[Path], title: str) -> None:
    """The page with its contact sheet, which is drawn for it where none is asked for."""
    with tempfile.TemporaryDirectory() as folder:
        drawn = sheet or Path(folder) / 'sheet.png'
        if sheet is None and has_sheet(annotation):
            contact_sheet(annotation, drawn)
        write_inspection(inspection, page, title=title, sheet=drawn if has_sheet(annotation) else None)


def has_sheet(annotation: Dict) -> bool:
    """Whether clips can be drawn: some have a label, and their layout is known."""
    named = (annotation.get('metainfo') or {}).get('skeleton')
    return any((clip.get('label') or 0) >= 0 and (named or clip.get('skeleton')) for clip in annotation['annotations'])


def run(args: argparse.Namespace) -> None:
    outputs = [Output('--html', args.html, ('.html', '.htm'), SIGN), Output('--sheet', args.sheet, ('.png', )),
               Output('--out', args.out, ('.json', ))]
    outputs = [output for output in outputs if output.path is not None]
    require_outputs('inspect', outputs, inputs=[args.file], force=args.force)
    with in_words('inspect', debug=args.debug):
        annotation, inspected = read(args.file)
        inspection = inspect_annotation(inspected)
        print(as_text(inspection))
        if args.sheet is not None:
            if not has_sheet(annotation):
                raise ValueError(f'{args.file}: nothing can be drawn: its clips have no labels, or no layout')
            contact_sheet(annotation, args.sheet)
        if args.html is not None:
            write_page(annotation, inspection, args.html, args.sheet, str(args.file.name))
        if args.out is not None:
            write_json(inspection, Path(args.out))
    for output in outputs:
        print(f'written: {output.path}')
