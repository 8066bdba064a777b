"""generate.py: options, configs and checkpoints with something wrong."""

from pathlib import Path

from tests.fuzz.files import annotation, annotation_npz
from tests.test_apis.configs import write_generator

from .row import Row

OUT = ['--out', '{d}/o.npz']
BILLIONS = '1' + 15 * '0'


def model(folder: Path) -> None:
    """A generator's config and checkpoint, an annotation without latents, and a file that is there."""
    write_generator(folder, meta=dict(classes=['walk', 'run', 'Jump'], fps=25))
    (folder / 'clips.npz').write_bytes(annotation_npz(annotation(0)))
    (folder / 'there.npz').write_bytes(b'mine')
    (folder / 'text.pth').write_bytes(b'hello')
    (folder / 'empty.py').write_text('')


FILES = ['{d}/generator.py', '{d}/epoch_3.pth']
OPTIONS = {
    'another suffix': ([*FILES, '--out', '{d}/o.json'], 'o.json: the file must end in .npz or .pkl'),
    'a file that is there': ([*FILES, '--out', '{d}/there.npz'], 'there.npz: there already; --force replaces it', 2),
    'pair of another suffix': ([*FILES, *OUT, '--pair', '{d}/o.npz'], '--pair {d}/o.npz: the file must end in .npy'),
    'out a folder': ([*FILES, '--out', '{d}'], '{d}: '),
    'out in a file': ([*FILES, '--out', '{d}/there.npz/o.npz'], '{d}/there.npz is no folder'),
    'out is the config': ([*FILES, '--out', '{d}/generator.py', '--force'], 'generator.py: the file must end in'),
    'files the other way round': (['{d}/epoch_3.pth', '{d}/generator.py', *OUT], 'epoch_3.pth'),
    'data as checkpoint': (['{d}/generator.py', '{d}/clips.npz', *OUT], 'clips.npz'),
    'data as config': (['{d}/clips.npz', '{d}/epoch_3.pth', *OUT], 'clips.npz'),
    'device unknown': ([*FILES, *OUT, '--device', 'gpu0'], 'gpu0', 2),
    'seed negative': ([*FILES, *OUT, '--seed', '-1'], 'error: argument --seed', 2),
    'clips by the billion': ([*FILES, *OUT, '--num-samples-per-class', BILLIONS], 'of 3 classes are more than 10000000 clips at once'),
    'frames by the billion': ([*FILES, *OUT, '--num-frames', BILLIONS], 'frames are more than max_len='),
    'no clips': ([*FILES, *OUT, '--num-samples-per-class', '0'], 'argument --num-samples-per-class: must be at least 1, got 0', 2),
    'clips below 0': ([*FILES, *OUT, '--num-samples-per-class', '-3'], 'argument --num-samples-per-class: must be at least 1, got -3', 2),
    'no frames': ([*FILES, *OUT, '--num-frames', '0'], 'argument --num-frames: must be at least 1, got 0', 2),
    'no batch': ([*FILES, *OUT, '--batch-size', '0'], 'argument --batch-size: must be at least 1, got 0', 2),
    'class unknown': ([*FILES, *OUT, '--classes', 'fly'], "unknown class 'fly'; known: 0 walk, 1 run, 2 Jump"),
    'class beyond': ([*FILES, *OUT, '--classes', '3'], "unknown class '3'"),
    'class twice': ([*FILES, *OUT, '--classes', 'run', '1'], 'each once'),
    'sampling unknown': ([*FILES, *OUT, '--sampling', 'heat=3'], 'has no sampling option heat'),
    'truncation': ([*FILES, *OUT, '--truncation', '0.5'], 'has no sampling option truncation'),
    'truncation mode alone': ([*FILES, *OUT, '--truncation-mode', 'w'], '--truncation-mode needs --truncation'),
    'index without latents': ([*FILES, *OUT, '--latent-index', '0'], '--latent-index needs --latents'),
    'no latents': ([*FILES, *OUT, '--latents', '{d}/clips.npz'], 'clips.npz: 3 of 3 clips keep no latent'),
    'latents not there': ([*FILES, *OUT, '--latents', '{d}/none.npz'], 'none.npz: no such annotation file'),
    'latent index beyond': ([*FILES, *OUT, '--latents', '{d}/clips.npz', '--latent-index', '9'], 'clips.npz has the clips 0 to 2'),
    'no config': (['{d}/none.py', '{d}/epoch_3.pth', *OUT], 'none.py: no such file'),
    'no checkpoint': (['{d}/generator.py', '{d}/none.pth', *OUT], 'none.pth: no such file'),
    'text as checkpoint': (['{d}/generator.py', '{d}/text.pth', *OUT], 'text.pth cannot be read as a PyTorch checkpoint'),
    'empty config': (['{d}/empty.py', '{d}/epoch_3.pth', *OUT], 'empty.py names no model'),
    'checkpoint of another size': ([*FILES, *OUT, '--cfg-options', 'model.latent_dim=32'], 'epoch_3.pth do not fit the TransformerCVAE'),
    'classes of another number': ([*FILES, *OUT, '--cfg-options', 'model.num_classes=5'], 'epoch_3.pth do not fit the TransformerCVAE'),
}
ROWS = [Row(f'generate: {name}', model, ['generate', *arguments], (says,), *code) for name, (arguments, says, *code) in OPTIONS.items()]
ROWS += [
    Row(f'generate: {name}', model, ['generate', *arguments], ('error:',), 2)
    for name, arguments in {
        'no arguments': [],
        'no out': FILES,
        'seed of a word': [*FILES, *OUT, '--seed', 'x'],
        'frames of a word': [*FILES, *OUT, '--num-frames', 'x'],
        'unknown option': [*FILES, *OUT, '--heat', '3'],
        'mode unknown': [*FILES, *OUT, '--truncation-mode', 'x'],
    }.items()
]
