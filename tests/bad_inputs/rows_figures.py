"""visualize.py, compare_clips.py and others that draw, compare or mix: options and folders with something wrong."""

from pathlib import Path

from tests.fuzz.files import annotation_npz, lines_of_json, scalars

from .row import Row
from .rows_annotations import damaged, head, whole
from .rows_generate import model


def clips(folder: Path) -> None:
    """Three annotation files that do not go together, a run's log, and what is none of these."""
    model(folder)
    (folder / 'other.npz').write_bytes(annotation_npz(damaged(head(classes=['x', 'y', 'z']))))
    (folder / 'faster.npz').write_bytes(annotation_npz(damaged(head(fps=60.0))))
    (folder / 'empty.npz').write_bytes(annotation_npz(damaged(lambda content: content.update(annotations=[], split={}))))
    (folder / 'nosplit.npz').write_bytes(annotation_npz(damaged(whole(split={}))))
    (folder / 'run/t/vis_data').mkdir(parents=True)
    (folder / 'run/t/vis_data/scalars.json').write_bytes(lines_of_json(scalars(0)))
    (folder / 'nothing').mkdir()
    (folder / 'there.png').write_bytes(b'mine')


def _rows(tool, cases, prefix=()):
    for name, (arguments, says, *code) in cases.items():
        yield Row(f'{Path(tool).stem}: {name}', clips, [tool, *prefix, *arguments], (says,), *code)


VISUALIZE = {
    'no file': (['{d}/none.npz'], 'none.npz: no such file'),
    'a folder': (['{d}/nothing'], 'no such file'),
    'class unknown': (['{d}/clips.npz', '--out-dir', '{d}/o', '--classes', 'fly'], 'fly'),
    'index beyond': (['{d}/clips.npz', '--out-dir', '{d}/o', '--indexes', '9'], '9'),
    'layout unknown': (['{d}/clips.npz', '--out-dir', '{d}/o', '--skeleton', 'octopus'], 'octopus'),
    'mesh without rotations': (['{d}/clips.npz', '--out-dir', '{d}/o', '--mesh'], 'mesh'),
    'config without checkpoint': (['{d}/generator.py', '--out-dir', '{d}/o'], 'a config needs a checkpoint', 2),
    'checkpoint is text': (['{d}/generator.py', '{d}/text.pth', '--out-dir', '{d}/o'], 'text.pth'),
    'format unknown': (['{d}/clips.npz', '--format', 'bmp'], 'error:', 2),
    'up unknown': (['{d}/clips.npz', '--up', 'x'], 'error:', 2),
    'nothing at all': ([], 'error:', 2),
}
COMPARE = {
    'no file': (['{d}/none.npz', '{d}/clips.npz'], 'none.npz'),
    'no second file': (['{d}/clips.npz', '{d}/none.npz'], 'none.npz'),
    'other classes': (['{d}/clips.npz', '{d}/other.npz'], 'classes'),
    'no split': (['{d}/clips.npz:none', '{d}/clips.npz'], 'none'),
    'one argument': (['{d}/clips.npz'], 'error:', 2),
    'origin unknown': (['{d}/clips.npz', '{d}/clips.npz', '--origin', 'moon'], 'error:', 2),
    'other rates': (['{d}/clips.npz', '{d}/faster.npz'], 'fps'),
    'judge not there': (['{d}/clips.npz', '{d}/clips.npz', '--recognizer', '{d}/n.py', '{d}/n.pth'], 'n.p'),
}
PREDICTIONS = {
    'no file': (['--model', 'a', '{d}/none.json'], 'none.json: no such file'),
    'a log': (['--model', 'a', '{d}/run/t/vis_data/scalars.json'], 'scalars.json: not an out_file'),
    'clips': (['--model', 'a', '{d}/clips.npz'], 'clips.npz: not an out_file'),
    'a name alone': (['--model', '{d}/none.json'], 'give a name for the model', 2),
    'no argument': ([], 'error:', 2),
    'out is read': (['--model', 'a', '{d}/clips.npz', '--json', '{d}/clips.npz', '--force'], 'this is read'),
}
MIX = {
    'no file': (['--train', '{d}/none.npz', '--out', '{d}/o.npz'], 'none.npz'),
    'nothing': (['--out', '{d}/o.npz'], ''),
    'other classes': (['--train', '{d}/clips.npz', '{d}/other.npz', '--out', '{d}/o.npz'], 'classes'),
    'other rates': (['--train', '{d}/clips.npz', '{d}/faster.npz', '--out', '{d}/o.npz'], 'fps'),
    'no split': (['--train', '{d}/clips.npz:none', '--out', '{d}/o.npz'], 'none'),
    'out is there': (['--train', '{d}/clips.npz', '--out', '{d}/there.npz'], 'there.npz: there already', 2),
    'out is read': (['--train', '{d}/clips.npz', '--out', '{d}/clips.npz', '--force'], 'this is read'),
    'a config': (['--train', '{d}/generator.py', '--out', '{d}/o.npz'], 'generator.py'),
    'a folder': (['--train', '{d}', '--out', '{d}/o.npz'], '{d}'),
    'out in a file': (['--train', '{d}/clips.npz', '--out', '{d}/there.npz/o.npz'], '{d}/there.npz is no folder'),
    'out of another suffix': (['--train', '{d}/clips.npz', '--out', '{d}/o.json'], 'o.json'),
    'dataset unknown': (['--train', '{d}/clips.npz', '--dataset', 'Moon', '--out', '{d}/o.npz'], 'Moon'),
    'no out': (['--train', '{d}/clips.npz'], 'error:', 2),
}
PLOT = {
    'no folder': (['{d}/none', '--out', '{d}/o.png'], 'none'),
    'nothing in it': (['{d}/nothing', '--out', '{d}/o.png'], 'nothing'),
    'suffix': (['{d}/run', '--out', '{d}/o.doc'], 'o.doc: the file must end in .pdf, .png or .svg'),
    'a file': (['{d}/clips.npz', '--out', '{d}/o.png'], 'clips.npz'),
    'out is there': (['{d}/run', '--out', '{d}/there.png'], 'there.png: there already', 2),
    'key unknown': (['{d}/run', '--out', '{d}/o.png', '--keys', 'zzz'], 'zzz'),
    'names short': (['{d}/run', '{d}/run', '--out', '{d}/o.png', '--names', 'a'], 'name'),
    'no argument': ([], 'error:', 2),
}
REPORT = {
    'no folder': (['{d}/none'], 'none: no such folder'),
    'a file': (['{d}/clips.npz'], 'no such folder'),
    'no argument': ([], 'error:', 2),
}
STUDY = {
    'no config': (['{d}/none.py', '--work-dir', '{d}/w'], 'none.py'),
    'no study': (['{d}/empty.py', '--work-dir', '{d}/w'], 'empty.py'),
    'no argument': ([], 'error:', 2),
    'jobs of a word': (['{d}/empty.py', '--jobs', 'x'], 'error:', 2),
}
ROWS = [
    row
    for tool, cases in {
        'visualize': VISUALIZE,
        'compare': COMPARE,
        'compare-predictions': PREDICTIONS,
        'mix': MIX,
        'plot': PLOT,
        'report': REPORT,
        'study': STUDY,
    }.items()
    for row in _rows(tool, cases)
]
