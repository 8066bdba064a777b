"""What ``mmagenc export-model`` does; how it is called is in :mod:`mmagenc.commands.options.export_model`."""

import argparse
from pathlib import Path

from mmagenc.apis.export_model import Export, export_model
from mmagenc.command_line import in_words
from mmagenc.datasets.annotation import load_annotation
from mmagenc.deploy import standalone
from mmagenc.deploy.files import SUFFIXES
from mmagenc.outputs import Output, require_outputs, writing


def tell(export: Export, out: Path) -> None:
    """Print what is in the file, and how near it is to torch."""
    meta, check = export.meta, export.check
    print(f'{out}: {meta["model"]}, {len(meta["classes"])} classes, {meta["skeleton"] or "no layout"}, {meta["frames"]} frames'
          + (f' at {meta["fps"]:g} fps' if meta['fps'] else ', frame rate not known'))
    print('inputs: ' + ', '.join(f'{spec["name"]} ({", ".join(map(str, spec["shape"]))})' for spec in meta['inputs'])
          + '; outputs: ' + ', '.join(meta['outputs']))
    dynamic = [{'N': 'clips', 'T': 'frames'}[axis] for axis in 'NT' if meta['dynamic'][axis]]
    why = f' ({meta["dynamic"]["why"]})' if meta['dynamic']['why'] else ''
    print(f'any number of {" and ".join(dynamic)}' if len(dynamic) == 2 else
          f'any number of clips, of {meta["frames"]} frames{why}' if dynamic else f'one clip of {meta["frames"]} frames{why}')
    if meta['kind'] == 'recognizer':
        steps = meta['steps']
        names = ', '.join(step['step'] for step in steps or ())
        print('pre-processing is left to whoever runs it (--raw): see pipeline in the metadata' if steps is None else
              f'pre-processing: {names}; differs from the pipeline by {export.step_difference:.1g}')
    sizes = ', '.join(f'{clips} x {frames}' for clips, frames in check.sizes)
    print(f'largest difference from torch {check.largest:.2g} (at most {check.allowed:.2g}; clips x frames: {sizes})')


def run(args: argparse.Namespace) -> None:
    outputs = [Output('--out', args.out, SUFFIXES)]
    if args.standalone is not None:
        outputs.append(Output('--standalone', args.standalone, ('.py', )))
    require_outputs('export-model', outputs, inputs=[args.config, args.checkpoint, args.clips], force=args.force)
    with in_words('export-model', debug=args.debug):
        clips = None
        if args.clips is not None:
            content = load_annotation(args.clips, unlabelled=True)
            layout = content['metainfo'].get('skeleton')
            clips = [{**({} if layout is None else {'skeleton': layout}), **clip, 'label': 0} for clip in content['annotations']]
        export = export_model(args.config, args.checkpoint, args.out, part=args.part, raw=args.raw, skeleton=args.skeleton, fps=args.fps,
                              clips=clips)
        if args.standalone is not None:
            text = Path(standalone.__file__).read_text(encoding='utf-8')
            with writing(args.standalone, 'w', encoding='utf-8') as file:
                file.write(text)
    tell(export, args.out)
    if args.standalone is not None:
        print(f'run it with: python {args.standalone} {args.out}')
