"""What ``mmagenc recognize`` does; how it is called is in :mod:`mmagenc.commands.options.recognize`.

N clips, K classes. What needs PyTorch is imported where it is used: an ``.onnx`` model on a stream does without.
"""

import argparse
import csv
import json
import os
import sys
from collections import deque
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, TextIO, Tuple

import numpy as np

from mmagenc.command_line import in_words, warn, warnings_in_words
from mmagenc.deploy.sources import STANDARD_INPUT, growing_lines, is_video, json_frames, video_frames
from mmagenc.deploy.standalone import OnnxModel, require_layout
from mmagenc.deploy.stream import StreamRecognizer, latencies, stream_of_file
from mmagenc.outputs import Output, require_outputs, writing

TABLES = ('.csv', '.json')
LINES = ('.jsonl', )


def is_onnx(args: argparse.Namespace) -> bool:
    """Whether the model is a file of ``export-model``."""
    return args.model.endswith('.onnx')


def torch_model(args: argparse.Namespace):
    """The recognizer of a config or of a folder, what is known of its clips, and the names of its classes."""
    import torch

    from mmagenc.apis import init_recognizer
    from mmagenc.apis.inits import known_clips
    torch.set_num_threads(args.threads)
    model = init_recognizer(args.model, args.checkpoint, device=args.device)
    known = known_clips(model)
    return model, known, known['classes']


# --- Files


class Named(NamedTuple):
    """What a recognizer says of the clips of a file.

    Args:
        clips: those that it was asked for.
        probability: ``(N, K)``.
        classes: the recognizer's.
        told: classes that the file names.
        left_out: of which clips nothing is said, and why; empty if of none.
        learnt: names of the clips that the recognizer says it has learnt from; ``None`` of a model that does not say it, as ONNX files.
    """

    clips: List[Dict]
    probability: np.ndarray
    classes: Sequence[str]
    told: Sequence[str]
    left_out: str
    learnt: Optional[Set[str]] = None


def named_clips(args: argparse.Namespace) -> Named:
    """Ask the recognizer.

    Raises:
        ValueError: clips that the recognizer does not know.
    """
    from mmagenc.clips import left_out_in_words
    from mmagenc.datasets.gaps import gaps_in_words
    from mmagenc.datasets.mending import ClipMending
    if is_onnx(args):
        model = OnnxModel(args.model, args.threads)
        mending = ClipMending()
        content, left_out = clips_of(args, model.meta, mending)
        clips, meta = content['annotations'], content['metainfo']
        tell_of_mending(args, mending)
        check_form(args.clips, meta, model.meta, clips)
        require_layout(args.clips, clips, model.meta)
        warn(gaps_in_words(clips, str(args.clips)))
        for takes in [step['num_person'] for step in model.meta['steps'] or () if 'num_person' in step]:
            warn(left_out_in_words(clips, takes))
        return Named(clips, model.recognize(clips), model.meta['classes'], meta.get('classes') or (), left_out)
    from mmagenc.apis.recognize import TrainedMending, recognize
    from mmagenc.engine.held_out import learnt_of_file
    model, known, classes = torch_model(args)
    mending = TrainedMending(model)
    content, left_out = clips_of(args, known, mending)
    clips, meta = content['annotations'], content['metainfo']
    tell_of_mending(args, mending)
    check_form(args.clips, meta, known, clips)
    learnt = learnt_of_file(model.checkpoint_meta, args.clips, clips)
    with warnings_in_words():
        return Named(clips, recognize(model, content).probability, classes, meta.get('classes') or (), left_out, learnt)


def tell_of_mending(args: argparse.Namespace, mending) -> None:
    """Say what was done to the clips."""
    done = mending.in_words()
    if done:
        print(f'{args.clips}: {done}', file=sys.stderr)


def clips_of(args: argparse.Namespace, known: Dict, mend) -> Tuple[Dict, str]:
    """The file with clips, which need no labels, in the layout that the recognizer knows, where a map is known; and why others are none.

    Raises:
        ValueError: none in it of which anything can be said.
    """
    from mmagenc.apis.recognize import unseen_clips
    from mmagenc.datasets.annotation import AnnotationError, describe_problems, left_out_words, only_split, read_content, sift_annotation
    from mmagenc.datasets.mending import in_layout
    content = only_split(read_content(args.clips), args.split, str(args.clips))
    content, problems = sift_annotation(content, source=str(args.clips), unlabelled=True, mend=mend)
    found = content['annotations']
    if not found:
        raise ValueError(f'{args.clips}: there are no clips in it')
    broken = {index for index, *_ in problems}
    places = [index for index in range(len(found) + len(broken)) if index not in broken]  # in the file
    unseen, own = unseen_clips(found), content['metainfo'].get('skeleton')
    nobody = {index for index, *_ in unseen}
    problems = sorted([*problems, *((places[index], *words) for index, *words in unseen)])
    if len(nobody) == len(found):
        raise AnnotationError(describe_problems(problems, source=str(args.clips), total=len(places) + len(broken)))
    clips = [in_layout(clip, own, known.get('skeleton')) for index, clip in enumerate(found) if index not in nobody]
    where = f'they are the clips that {"have no line above" if args.out is None else f"are not in {args.out}"}'
    said = left_out_words(problems, source=str(args.clips), total=len(places) + len(broken), where=where) if problems else ''
    return dict(content, annotations=clips), said


def check_form(source: Path, meta: Dict, known: Dict, clips: Sequence[Dict] = ()) -> None:
    """Refuse clips of another layout than the recognizer's, and say if their frame rate is another."""
    from mmagenc.clips import other_rates
    from mmagenc.skeletons import get_skeleton
    wanted = get_skeleton(known['skeleton']).name if known.get('skeleton') else None
    layouts = {clip.get('skeleton') or meta.get('skeleton') for clip in clips or [meta]} - {None}
    others = sorted({get_skeleton(layout).name for layout in layouts} - {wanted})
    if wanted is not None and others:
        raise ValueError(f'{source}: keypoints of {", ".join(others)}, and the recognizer knows {wanted}')
    others = other_rates(clips or [meta], meta, known.get('fps'))
    if others:
        warn(f'{source} has {", ".join(others)} fps, the recognizer knows {known["fps"]:g}: movements seem faster or slower to it')


def rows_of(clips: List[Dict], probability: np.ndarray, classes: Sequence[str], told: Sequence[str]) -> List[Dict]:
    """A row a clip: ``clip``, ``label`` (as the file names it, or ``None``), ``predicted``, ``probability`` of each class."""
    rows = []
    for clip, shares in zip(clips, probability):
        label = clip.get('label')
        label = None if label is None or label < 0 else told[label] if label < len(told) else str(label)
        rows.append(dict(clip=clip.get('frame_dir'), label=label, predicted=classes[int(shares.argmax())],
                         probability=dict(zip(classes, map(float, shares)))))
    return rows


def write_table(rows: List[Dict], classes: Sequence[str], out: Path) -> None:
    """As CSV, a column a class, or as JSON."""
    with writing(out, 'w', encoding='utf-8') as file:
        if out.suffix == '.json':
            file.write(json.dumps(dict(classes=list(classes), clips=rows), indent=1) + '\n')
            return
        table = csv.writer(file, lineterminator='\n')
        table.writerow(['clip', 'label', 'predicted', 'confidence', *classes])
        for row in rows:
            shares = row['probability']
            values = [f'{value:.6g}' for value in (shares[row['predicted']], *shares.values())]
            table.writerow([row['clip'], '' if row['label'] is None else row['label'], row['predicted'], *values])


def agreement_in_words(rows: Sequence[Dict], classes: Sequence[str], learnt: Optional[Set[str]]) -> List[str]:
    """How many clips are named as their label says, with interval and what guessing reaches; those learnt from apart from the others."""
    labelled = [row for row in rows if row['label'] in classes]
    if not labelled:
        return []
    lines = [f'named as their label says: {_right(labelled, classes)}']
    if learnt is None:
        lines.append('this model does not say which clips it has learnt from (folders and .onnx files carry no names of clips): what it '
                     'knows by heart may be among these')
    known, others = ([row for row in labelled if (row['clip'] in (learnt or ())) is inside] for inside in (True, False))
    if known:
        count = sum(row['label'] == row['predicted'] for row in known)
        lines.append(f'it has learnt from {len(known)} of these clips (named rightly: {count}), which says little of others'
                     + (f'; of those that it has not: {_right(others, classes)}' if others else ''))
    return lines


def _right(rows: Sequence[Dict], classes: Sequence[str]) -> str:
    from mmagenc.evaluation.functional import chance_of, wilson_interval
    right, label = sum(row['label'] == row['predicted'] for row in rows), [classes.index(row['label']) for row in rows]
    share, low, high = (100 * value for value in wilson_interval(right, len(rows)))
    return (f'{right} of {len(rows)} clips ({share:.1f} % [{low:.1f}, {high:.1f}], '
            f'guessing: {100 * chance_of(label, len(classes)):.1f} %)')


def recognize_file(args: argparse.Namespace) -> None:
    clips, probability, classes, told, left_out, learnt = named_clips(args)
    rows = rows_of(clips, probability, classes, told)
    if args.out is None:
        for row in rows:
            best = sorted(row['probability'].items(), key=lambda pair: -pair[1])[:args.top_k]
            print(f'{row["clip"]}: ' + ', '.join(f'{name} {100 * share:.1f} %' for name, share in best))
    else:
        write_table(rows, classes, args.out)
        print(f'{len(rows)} clips: {args.out}')
    for line in agreement_in_words(rows, classes, learnt):
        print(line)
    if left_out:
        print(left_out, file=sys.stderr)
        raise SystemExit(1)


# --- Streams


def stream_of(args: argparse.Namespace, fps) -> Tuple[StreamRecognizer, Sequence[str], Dict]:
    """The recognizer for frames, its classes, and what is known of it."""
    settings = dict(window=args.window, stride=args.stride, smoothing=args.smoothing, max_gap=args.max_gap,
                    timed=args.stream.isdigit() and args.fps is None)
    if is_onnx(args):
        model = OnnxModel(args.model, args.threads)
        return stream_of_file(model, fps=fps or model.meta['fps'], **settings), model.meta['classes'], model.meta
    from mmagenc.apis.stream import stream_recognizer
    model, known, classes = torch_model(args)
    return stream_recognizer(model, known=known, fps=fps or known.get('fps'), **settings), classes, known


def frames_of(args: argparse.Namespace, stream: StreamRecognizer, known: Dict) -> Iterator:
    if is_video(args.stream):
        settings = dict(pose_model=args.pose_model, pose_weights=args.pose_weights, device=args.device)
        return video_frames(args.stream, settings, known.get('skeleton'))
    lines = growing_lines(args.stream, follow=args.follow, timeout=args.timeout)
    return json_frames(lines, stream.keypoints[1], lenient=args.lenient)


def video_rate(args: argparse.Namespace):
    """Frames a second: as said, or as a video says."""
    if args.fps or not is_video(args.stream) or args.stream.isdigit():
        return args.fps
    from mmagenc.datasets.readers.formats.video import video_facts
    if not Path(args.stream).is_file():
        raise ValueError(f'{args.stream}: no such file')
    try:
        return video_facts(args.stream)[0]
    except ValueError as error:
        raise ValueError(f'{args.stream}: {error}') from error


@contextmanager
def lines_to(out) -> Iterator[TextIO]:
    """Standard output, or a file, in which each line is as soon as it is known: what was recognized stays, whatever comes after it."""
    if out is None:
        yield sys.stdout
    else:
        out.parent.mkdir(parents=True, exist_ok=True)
        with open(out, 'w', encoding='utf-8') as file:
            yield file


def recognize_stream(args: argparse.Namespace) -> None:
    """Predictions, a line each, as frames come; ends with the source, or with Ctrl-C."""
    stream, classes, known = stream_of(args, video_rate(args))
    taken, looked = deque(maxlen=10000), deque(maxlen=10000)
    with lines_to(args.out) as file:
        try:
            for frame in frames_of(args, stream, known):
                looked.append(frame.latency)
                prediction = stream.push(frame.keypoint, frame.score, time=frame.time, img_shape=frame.img_shape or args.img_shape)
                if prediction is not None:
                    taken.append(prediction)
                    print(json.dumps(prediction.line(classes, args.top_k)), file=file, flush=True)
        except KeyboardInterrupt:
            pass
        except BrokenPipeError:  # whoever read the lines has gone
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    summary = f'{stream.frame + 1} frames'
    if any(looked):
        summary += f', finding the person took {1000 * float(np.median(looked)):.1f} ms (median)'
    if taken:
        median, high = latencies(taken)
        summary += f', a prediction took {median:.1f} ms (median), {high:.1f} ms (95 %)'
    elif stream.frame + 1:
        summary += f': no prediction, the first is due after {stream.window} frames of the model'
    print(summary, file=sys.stderr)


def run(args: argparse.Namespace) -> None:
    if args.clips is not None:
        from mmagenc.datasets.agreement import file_and_split
        args.clips, args.split = file_and_split(args.clips)
    source = args.clips if args.stream is None else None if args.stream == STANDARD_INPUT or args.stream.isdigit() else args.stream
    outputs = [] if args.out is None else [Output('--out', args.out, TABLES if args.stream is None else LINES)]
    require_outputs('recognize', outputs, inputs=[source, args.model, args.checkpoint], force=args.force)
    with in_words('recognize', debug=args.debug):
        recognize_file(args) if args.stream is None else recognize_stream(args)
