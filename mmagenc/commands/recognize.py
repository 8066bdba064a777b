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
from typing import Dict, Iterator, List, Sequence, TextIO, Tuple

import numpy as np

from mmagenc.command_line import in_words, warn, warnings_in_words
from mmagenc.compat import atomic_open
from mmagenc.deploy.sources import STANDARD_INPUT, growing_lines, is_video, json_frames, video_frames
from mmagenc.deploy.standalone import OnnxModel
from mmagenc.deploy.stream import StreamRecognizer, latencies, stream_of_file
from mmagenc.outputs import Output, making, require_outputs

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


def named_clips(args: argparse.Namespace) -> Tuple[List[Dict], np.ndarray, List[str], Sequence[str]]:
    """The clips, probabilities ``(N, K)``, the recognizer's classes, and those that the file names.

    Raises:
        ValueError: clips that the recognizer does not know.
    """
    from mmagenc.clips import left_out_in_words
    from mmagenc.datasets.gaps import gaps_in_words
    if is_onnx(args):
        model = OnnxModel(args.model, args.threads)
        content = clips_of(args, model.meta)
        clips, meta = content['annotations'], content['metainfo']
        check_form(args.clips, meta, model.meta, clips)
        warn(gaps_in_words(clips, str(args.clips)))
        for takes in [step['num_person'] for step in model.meta['steps'] or () if 'num_person' in step]:
            warn(left_out_in_words(clips, takes))
        return clips, model.recognize(clips), model.meta['classes'], meta.get('classes') or ()
    from mmagenc.apis.recognize import TrainedMending, recognize
    model, known, classes = torch_model(args)
    mending = TrainedMending(model)
    content = clips_of(args, known, mending)
    clips, meta, done = content['annotations'], content['metainfo'], mending.in_words()
    if done:
        print(f'{args.clips}: {done}', file=sys.stderr)
    check_form(args.clips, meta, known, clips)
    with warnings_in_words():
        return clips, recognize(model, content).probability, classes, meta.get('classes') or ()


def clips_of(args: argparse.Namespace, known: Dict, mend=None) -> Dict:
    """The file with clips, which need no labels, in the layout that the recognizer knows, where a map is known.

    Raises:
        ValueError: none in it, or broken ones.
    """
    from mmagenc.datasets.annotation import load_annotation
    from mmagenc.datasets.mending import in_layout
    content = load_annotation(args.clips, unlabelled=True, mend=mend)
    if not content['annotations']:
        raise ValueError(f'{args.clips}: there are no clips in it')
    own = content['metainfo'].get('skeleton')
    clips = [in_layout(clip, own, known.get('skeleton')) for clip in content['annotations']]
    return dict(content, annotations=clips)


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
    with making(out.parent), atomic_open(out, 'w', encoding='utf-8') as file:
        if out.suffix == '.json':
            file.write(json.dumps(dict(classes=list(classes), clips=rows), indent=1) + '\n')
            return
        table = csv.writer(file, lineterminator='\n')
        table.writerow(['clip', 'label', 'predicted', 'confidence', *classes])
        for row in rows:
            shares = row['probability']
            values = [f'{value:.6g}' for value in (shares[row['predicted']], *shares.values())]
            table.writerow([row['clip'], '' if row['label'] is None else row['label'], row['predicted'], *values])


def recognize_file(args: argparse.Namespace) -> None:
    clips, probability, classes, told = named_clips(args)
    rows = rows_of(clips, probability, classes, told)
    if args.out is None:
        for row in rows:
            best = sorted(row['probability'].items(), key=lambda pair: -pair[1])[:args.top_k]
            print(f'{row["clip"]}: ' + ', '.join(f'{name} {100 * share:.1f} %' for name, share in best))
    else:
        write_table(rows, classes, args.out)
        print(f'{len(rows)} clips: {args.out}')
    labelled = [row for row in rows if row['label'] in classes]
    if labelled:
        right = sum(row['label'] == row['predicted'] for row in labelled)
        print(f'named as their label says: {right} of {len(labelled)} clips ({100 * right / len(labelled):.1f} %)')


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
    source = args.clips if args.stream is None else None if args.stream == STANDARD_INPUT or args.stream.isdigit() else args.stream
    outputs = [] if args.out is None else [Output('--out', args.out, TABLES if args.stream is None else LINES)]
    require_outputs('recognize', outputs, inputs=[source, args.model, args.checkpoint], force=args.force)
    with in_words('recognize', debug=args.debug):
        recognize_file(args) if args.stream is None else recognize_stream(args)
