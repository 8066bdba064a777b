"""Annotation files with something wrong, given to the reader and to the tools that take them."""

import copy
import pickle
from pathlib import Path

import numpy as np

from mmagenc.datasets.annotation import load_annotation, merge_annotations
from tests.fuzz.files import annotation, annotation_npz

from .row import Row


def clip(number=1, **changes):
    """A mutation of one clip; ``None`` removes a key."""

    def mutate(content):
        for key, value in changes.items():
            if value is None:
                del content['annotations'][number][key]
            else:
                content['annotations'][number][key] = value

    return mutate


def head(**changes):
    """A mutation of the metainfo."""
    return lambda content: content['metainfo'].update(changes)


def whole(**changes):
    """A mutation of the outermost dict; ``None`` removes a key."""

    def mutate(content):
        for key, value in changes.items():
            content.pop(key)
            if value is not None:
                content[key] = value

    return mutate


def at(key, place, value, dtype=np.float32):
    """A mutation of one number of an array."""

    def mutate(content):
        array = content['annotations'][1][key].astype(dtype)
        array[place] = value
        content['annotations'][1][key] = array

    return mutate


ONES = np.ones((1, 6, 20, 3), dtype=np.float32)
DAMAGES = {
    'no keypoint': (clip(keypoint=None), "no 'keypoint'"),
    'no label': (clip(label=None), "no 'label'"),
    'no name': (clip(frame_dir=None), "no 'frame_dir'"),
    'no total_frames': (clip(total_frames=None), "no 'total_frames'"),
    'name of numbers': (clip(frame_dir=5), 'frame_dir must be a name, got 5'),
    'empty name': (clip(frame_dir=''), "frame_dir must be a name, got ''"),
    'name twice': (clip(frame_dir='clip 0'), 'the same frame_dir as clip 0'),
    'half a letter': (clip(frame_dir='a\ud83d'), 'frame_dir holds half a letter'),
    'label of a name': (clip(label='sit'), "label 'sit' is no class index"),
    'label beyond': (clip(label=3), 'unknown label 3, there are 3 classes'),
    'label negative': (clip(label=-2), 'label -2 is no class index'),
    'label vast': (clip(label=10**12), 'label 1000000000000 is no class index'),
    'label fraction': (clip(label=0.5), 'label 0.5 is no class index'),
    'label true': (clip(label=True), 'label True is no class index'),
    'label NaN': (clip(label=float('nan')), 'label nan is no class index'),
    'label list': (clip(label=[1]), 'label [1] is no class index'),
    'frames 0': (clip(total_frames=0), 'total_frames must be at least 1, got 0'),
    'frames of text': (clip(total_frames='6'), "total_frames must be at least 1, got '6'"),
    'frames disagree': (clip(total_frames=7), 'keypoint has 6 frames, total_frames says 7'),
    'frames vast': (clip(total_frames=10**18), 'keypoint has 6 frames, total_frames says 1000000000000000000'),
    'three axes': (clip(keypoint=ONES[0]), 'keypoint'),
    'five axes': (clip(keypoint=ONES[None]), 'keypoint'),
    'no persons': (clip(keypoint=ONES[:0], keypoint_score=ONES[:0, ..., 0]), 'keypoint is empty'),
    'no joints': (clip(keypoint=ONES[:, :, :0]), 'keypoint is empty'),
    'one coordinate': (clip(keypoint=ONES[..., :1]), 'keypoint'),
    'four coordinates': (clip(keypoint=np.ones((1, 6, 20, 4), dtype=np.float32)), 'keypoint'),
    'other joints': (clip(keypoint=ONES[:, :, :17], keypoint_score=ONES[:, :, :17, 0]), 'keypoint'),
    'two coordinates among three': (clip(keypoint=ONES[..., :2]), 'keypoint'),
    'NaN': (at('keypoint', (0, 2, 3, 1), np.nan), 'keypoint holds NaN or infinity (first at frame 2)'),
    'infinity': (at('keypoint', (0, 5, 0, 0), np.inf), 'keypoint holds NaN or infinity (first at frame 5)'),
    'beyond float32': (at('keypoint', (0, 0, 0, 0), 1e300, np.float64), 'keypoint holds NaN or infinity (first at frame 0)'),
    'score NaN': (at('keypoint_score', (0, 1, 0), np.nan), 'keypoint_score holds NaN'),
    'score of four axes': (clip(keypoint_score=ONES), 'keypoint_score'),
    'score of other frames': (clip(keypoint_score=ONES[:, :5, :, 0]), 'keypoint_score has 5 frames'),
    'score of other joints': (clip(keypoint_score=ONES[:, :, :19, 0]), 'keypoint_score has 19 joints, keypoint 20'),
    'skeleton unknown form': (clip(skeleton=dict(name='x')), 'skeleton'),
    'skeleton of another size': (clip(skeleton='coco17'), 'keypoint has 20 joints, coco17 has 17'),
    'fps negative in a clip': (clip(fps=-1), "fps must be a positive number, got '-1'"),
    'fps of text in a clip': (clip(fps='fast'), "fps must be a positive number, got 'fast'"),
    'source a number': (clip(source=3), 'source must be a word'),
    'classes a number': (head(classes=3), "metainfo: classes must be a list of names, got '3'"),
    'classes a text': (head(classes='abc'), "metainfo: classes must be a list of names, got 'abc'"),
    'classes of numbers': (head(classes=[1, 2, 3]), 'metainfo: classes must be a list of names'),
    'classes repeat': (head(classes=['a', 'b', 'a']), "metainfo: classes repeat ['a']"),
    'too few classes': (head(classes=['a']), 'unknown label 1, there are 1 classes: a'),
    'fps zero': (head(fps=0), "metainfo: fps must be a positive number, got '0'"),
    'fps NaN': (head(fps=float('nan')), "metainfo: fps must be a positive number, got 'nan'"),
    'fps of text': (head(fps='30'), "metainfo: fps must be a positive number, got '30'"),
    'up unknown': (head(up='x'), "metainfo: up must be one of y, -y, z, -z or None, got 'x'"),
    'third unknown': (head(third='colour'), "metainfo: third must be 'depth' or 'score', got 'colour'"),
    'skeleton a number': (head(skeleton=5), 'metainfo'),
    'skeleton of other joints': (head(skeleton='coco17'), 'keypoint has 20 joints, coco17 has 17'),
    'skeleton no tree': (head(skeleton=dict(name='x', joint_names=['a', 'b'], parents=[1, 0])), 'metainfo: x: parents (1, 0) are no tree'),
    'layouts a list': (head(layouts=[1]), 'metainfo: layouts must be a dict of definitions by name'),
    'split a list': (whole(split=['clip 0']), 'split has the wrong type, list'),
    'split of a text': (whole(split=dict(train='clip 0')), "split 'train' must be a list of clips' names"),
    'split of numbers': (whole(split=dict(train=[0, 1])), "split 'train' must be a list of clips' names"),
    'split names nobody': (whole(split=dict(train=['clip 9'])), "split 'train' names 1 clips that are not there: ['clip 9']"),
    'metainfo a list': (whole(metainfo=[1]), 'metainfo has the wrong type, list'),
    'annotations a dict': (whole(annotations=dict(a=1)), 'annotations'),
    'no annotations': (whole(annotations=None), 'annotations'),
    'a clip a list': (lambda content: content['annotations'].insert(0, [1]), 'a clip is a dict, got list'),
}
ONLY_PICKLED = {
    'keypoint a list': (clip(keypoint=[[1, 2]]), 'keypoint must be an array of numbers of 4 axes, got list'),
    'keypoint of objects': (clip(keypoint=np.full((1, 6, 20, 3), None)), 'keypoint must be an array of numbers'),
    'keypoint of texts': (clip(keypoint=np.full((1, 6, 20, 3), '1')), 'keypoint must be an array of numbers'),
    'keypoint complex': (clip(keypoint=ONES.astype(complex)), 'keypoint must be an array of numbers'),
    'keypoint of truth values': (clip(keypoint=ONES > 0), 'keypoint must be an array of numbers'),
    'latent of two axes': (clip(latent=np.ones((2, 2))), 'latent must be a vector of finite numbers, got (2, 2)'),
    'latent infinite': (clip(latent=np.array([np.inf])), 'latent must be a vector of finite numbers'),
    'pose of other joints': (clip(pose=np.ones((1, 6, 23, 3))), 'pose must be (M, T, 24, 3), got (1, 6, 23, 3)'),
    'transl of two': (clip(transl=np.ones((1, 6, 2))), 'transl must be (M, T, 3), got (1, 6, 2)'),
    'persons disagree': (clip(pose=np.ones((2, 6, 24, 3))), 'pose has 2 persons, keypoint 1'),
}


def damaged(mutate):
    content = copy.deepcopy(annotation(0))
    mutate(content)
    return content


def write(mutate, name='bad.pkl', protocol=4):
    """Makes the damaged file, and beside it a whole one."""

    def make(folder: Path) -> None:
        content = damaged(mutate)
        (folder / name).write_bytes(annotation_npz(content) if name.endswith('.npz') else pickle.dumps(content, protocol=protocol))
        (folder / 'good.npz').write_bytes(annotation_npz(annotation(1)))

    return make


def raw(data: bytes, name='bad.npz'):

    def make(folder: Path) -> None:
        (folder / name).write_bytes(data)
        (folder / 'good.npz').write_bytes(annotation_npz(annotation(1)))

    return make


def _rows(name, make, says, file):
    """The same file for the reader and for three tools."""
    yield Row(f'{name}: load_annotation', make, lambda folder: load_annotation(folder / file), (file, says))
    yield Row(f'{name}: visualize', make, ['visualize', f'{{d}}/{file}', '--out-dir', '{d}/out'], (file, says))
    yield Row(
        f'{name}: mix', make, ['mix', '--train', f'{{d}}/{file}', '{d}/good.npz', '--out', '{d}/out.npz'], (file, says)
    )
    yield Row(
        f'{name}: compare', make, ['compare', f'{{d}}/{file}', '{d}/good.npz', '--json', '{d}/out.json'], (file, says)
    )


WHOLE = annotation_npz(annotation(0))
RAW = {
    'an empty file': (b'', 'no .npz archive'),
    'no archive': (b'hello', 'no .npz archive'),
    'cut archive': (WHOLE[: len(WHOLE) // 2], 'no .npz archive'),
    'changed bytes': (WHOLE[:600] + b'\x7f' * 64 + WHOLE[664:], 'not a readable annotation archive'),
}
ROWS = [row for name, (mutate, says) in {**DAMAGES, **ONLY_PICKLED}.items() for row in _rows(name, write(mutate), says, 'bad.pkl')]
ROWS += [row for name, (data, says) in RAW.items() for row in _rows(name, raw(data), says, 'bad.npz')]
ROWS += [
    Row(f'npz: {name}', write(mutate, 'bad.npz'), lambda folder: load_annotation(folder / 'bad.npz'), ('bad.npz', says))
    for name, (mutate, says) in DAMAGES.items()
    if name
    not in (
        'three axes',
        'five axes',
        'score of four axes',
        'half a letter',
        'no keypoint',
        'a clip a list',
        'annotations a dict',
        'no annotations',
    )
]
ROWS += [
    Row(
        'another suffix',
        raw(b'', 'a.json'),
        lambda folder: load_annotation(folder / 'a.json'),
        ('a.json', 'annotation files end in .npz or .pkl'),
    ),
    Row('no file', raw(b''), lambda folder: load_annotation(folder / 'none.npz'), ('none.npz: no such annotation file',)),
    Row('a folder', lambda folder: (folder / 'a.npz').mkdir(), lambda folder: load_annotation(folder / 'a.npz'), ('a.npz',)),
    Row(
        'merge: other classes',
        lambda folder: None,
        lambda folder: merge_annotations([annotation(0), damaged(head(classes=['x', 'y', 'z']))]),
        ('different classes',),
    ),
    Row(
        'merge: other skeleton',
        lambda folder: None,
        lambda folder: merge_annotations([annotation(0), damaged(head(skeleton='other'))]),
        ('different skeleton',),
    ),
    Row(
        'merge: names again', lambda folder: None, lambda folder: merge_annotations([annotation(0), annotation(1)]), ('the same frame_dir',)
    ),
    Row('merge: nothing', lambda folder: None, lambda folder: merge_annotations([]), ('no annotations to merge',)),
]
