"""``mmagenc import-h36m`` on made-up files."""

import re

import pytest

from mmagenc.commands import import_h36m
from mmagenc.commands.options.import_h36m import CAMERAS
from mmagenc.datasets.annotation import load_annotation
from mmagenc.datasets.readers.human36m import IMAGES, LAYOUTS, SPACES, TANGENTIAL, Human36MForm
from tests.commands import main, parse_args
from tests.h36m_writer import write_set

TOOL = import_h36m


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('h36m')
    write_set(folder, subjects=(1, 5, 11), actions=('Directions', 'Photo'), frames=320)
    return folder


def test_files_of_a_preset(folder, tmp_path, capsys):
    outs = [str(tmp_path / 'new' / name) for name in ('a.npz', 'a.pkl')]
    main(TOOL, [str(folder), '--preset', 'slt', '--out', *outs])
    said = capsys.readouterr()
    assert re.match(r'mean depth of the hip in train: 5\.\d{6} m\ntrain 12 clips of 90 frames, test 6 clips of 57 frames: ', said.out)
    assert said.err.startswith('missing or left out:\n  S7: no sequences there\n')
    one, other = map(load_annotation, outs)
    assert one['split'] == other['split'] and one['metainfo']['fps'] == pytest.approx(50 / 3)
    assert one['annotations'][0]['keypoint'].shape[2:] == (15, 2)


def test_options_beside_a_preset_count(folder, tmp_path):
    out = tmp_path / 'a.npz'
    options = '--layout h36m17 --no-depth-scaled --every 1 --skip 0 --cameras 54138969 60457274 --actions Photo,Directions'
    subjects = '--train-subjects 1 5 --val-subjects 5 --test-subjects 11'
    main(TOOL, [str(folder), '--preset', 'slt', '--out', str(out), *options.split(), *subjects.split()])
    annotation = load_annotation(out)
    assert {name: len(members) for name, members in annotation['split'].items()} == dict(train=8, val=8, trainval=16, test=8)
    metainfo = annotation['metainfo']
    assert metainfo['classes'] == ['Photo', 'Directions'] and 'mean_hip_depth' not in metainfo and metainfo['tangential'] == 'published'
    assert metainfo['cameras'] == ['54138969', '60457274'] and metainfo['fps'] == 50
    assert annotation['annotations'][0]['keypoint'].shape == (1, 321, 17, 2)


def test_the_words_of_the_options_are_the_readers():
    """The tool names them before it imports the reader."""
    assert tuple(IMAGES) == CAMERAS and tuple(Human36MForm.__dataclass_fields__) == TOOL.FORM
    for option, words in (('space', SPACES), ('layout', LAYOUTS), ('tangential', TANGENTIAL)):
        for word in words:
            parse_args(TOOL, ['folder', '--out', 'a.npz', f'--{option}', word])
        with pytest.raises(SystemExit):
            parse_args(TOOL, ['folder', '--out', 'a.npz', f'--{option}', 'another'])
