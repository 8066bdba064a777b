"""``mmagenc import-bvh`` on small files of this test, and on recordings."""

import json
import shutil

import numpy as np
import pytest

from mmagenc.commands import import_bvh, import_files
from mmagenc.datasets.annotation import load_annotation
from mmagenc.skeletons import get_skeleton
from tests.bvh_writer import bvh_text
from tests.commands import main

SMPL = get_skeleton('smpl24')
OFFSETS = np.array([[0, 95, 0], [7, -9, 0], [-7, -9, 0], [0, 11, -2], [3, -38, 0], [-3, -38, 0], [0, 13, 2], [-1, -40, -4], [1, -40, -4],
                    [0, 6, 1], [3, -6, 12], [-3, -6, 12], [0, 21, -3], [8, 11, -2], [-8, 11, -2], [0, 8, 5], [10, 3, -1], [-10, 3, -1],
                    [26, -2, -3], [-26, -2, -3], [25, 1, 0], [-25, 1, 0], [9, -1, -1], [-9, -1, -1]])


TOOL = import_bvh


def write_clip(path, frames=31, seed=0):
    """A person that sways: SMPL's joints in centimetres at 60 frames per second, angles within 20 degrees."""
    rng = np.random.default_rng(seed)
    turns = [('Zrotation', 'Xrotation', 'Yrotation')] * 24
    turns[0] = ('Xposition', 'Yposition', 'Zposition', *turns[0])
    phase = np.linspace(0, 3, frames)[:, None] + rng.uniform(0, 6, 75)
    values = 20 * np.sin(phase)
    values[:, :3] = [0, 95, 0] + np.linspace(0, 100, frames)[:, None] * [1, 0, 0]
    path.parent.mkdir(parents=True, exist_ok=True)
    # The writer goes depth first, as files do. Columns follow the joints in that order; all but the root have the same three channels.
    path.write_text(bvh_text(SMPL.joint_names, SMPL.parents, OFFSETS, turns, values, 1 / 60))
    return path


@pytest.fixture
def folder(tmp_path):
    for seed, (label, subject, take) in enumerate([('wave', 'anna', 1), ('wave', 'ben', 2), ('crawl', 'anna', 1), ('crawl', 'ben', 2)]):
        write_clip(tmp_path / 'bvh' / label / f'{subject}_{take:03d}.bvh', seed=seed)
    return tmp_path / 'bvh'


def test_folder_to_annotation(folder, tmp_path, capsys):
    (folder / 'wave' / 'cut_001.bvh').write_text((folder / 'wave' / 'anna_001.bvh').read_text()[:4000])
    (folder / 'wave' / 'noname.bvh').write_text('')
    out, report = [tmp_path / 'out' / name for name in ('motion.npz', 'motion.pkl')], tmp_path / 'report.json'
    main(TOOL, [str(folder), '--out', *map(str, out), '--fps', '20', '--labels', r'(?P<label>[^/]+)/(?P<subject>[^_/]+)_(?P<id>\d+)$',
               '--split', 'train=1;test=2', '--processes', '1', '--report', str(report)])
    annotation = load_annotation(out[0])
    assert annotation['metainfo']['classes'] == ['crawl', 'wave'] and annotation['metainfo']['skeleton'] == 'smpl24'
    assert annotation['metainfo']['fps'] == 20 and annotation['metainfo']['up'] == 'y'
    assert annotation['metainfo']['body_model'] == 'InfantBody'
    # Both folders have the same file names, so the folder stays in the clip's name.
    assert annotation['split'] == dict(train=['crawl/anna_001', 'wave/anna_001'], test=['crawl/ben_002', 'wave/ben_002'])
    clip = annotation['annotations'][0]
    assert (clip['label'], clip['subject'], clip['total_frames'], clip['source']) == (0, 'anna', 11, 'real')
    assert clip['pose'].shape == clip['keypoint'].shape == (1, 11, 24, 3) and clip['transl'].shape == (1, 11, 3)
    other = load_annotation(out[1])['annotations'][0]
    np.testing.assert_array_equal(other['pose'], clip['pose'])
    output = capsys.readouterr()
    assert 'left out 2:' in output.err and 'cut_001.bvh, line' in output.err and 'noname' in output.err
    assert '4 clips (train 2, test 2)' in output.out and 'flips' in output.out and 'legs 0.' in output.out and '60 fps' in output.out
    content = json.loads(report.read_text())
    assert content['clips'] == 4 and len(content['left_out']) == 2 and content['flips'] == 0
    # SMPL's own rotations are copied, so that bones differ as the two bodies at rest do.
    assert content['bone_angle_deg']['left_hip>left_knee']['mean'] < 10 and content['max_path_error_m'] < 1e-4
    assert "SMPL's, rotations copied" in content['per_clip']['wave/anna_001']['assumed']['what']


def test_defaults(folder, tmp_path):
    """The folder is the label, the rig is found by its joints, everything is for training."""
    main(TOOL, [str(folder), '--out', str(tmp_path / 'a.npz'), '--processes', '1'])
    annotation = load_annotation(tmp_path / 'a.npz')
    assert annotation['metainfo']['classes'] == ['crawl', 'wave'] and [clip['label'] for clip in annotation['annotations']] == [0, 0, 1, 1]
    assert annotation['split'] == dict(train=['crawl/anna_001', 'crawl/ben_002', 'wave/anna_001', 'wave/ben_002'])


def test_it_is_a_name_of_import(folder, tmp_path):
    """The same clips by both names, at the rate and on the path's scale of the clips."""
    main(TOOL, [str(folder), '--out', str(tmp_path / 'a.npz'), '--processes', '1', '--fps', '30'])
    main(import_files, [str(folder), '--out', str(tmp_path / 'b.npz'), '--processes', '1', '--fps', '30'])
    for name, other in zip(*(load_annotation(tmp_path / file)['annotations'] for file in ('a.npz', 'b.npz'))):
        for key in ('keypoint', 'pose', 'transl'):
            np.testing.assert_array_equal(name[key], other[key])


def test_what_no_split_or_class_names_is_listed(folder, tmp_path, capsys):
    main(TOOL, [str(folder), '--out', str(tmp_path / 'a.npz'), '--labels', r'(?P<label>\w+)/(?P<subject>[a-z]+)_(?P<id>\d+)', '--split',
               'train=anna', '--split-by', 'subject', '--classes', 'wave,run', '--processes', '1'])
    assert load_annotation(tmp_path / 'a.npz')['split'] == dict(train=['wave/anna_001'])
    error = capsys.readouterr().err
    assert "wave/ben_002: subject 'ben' is in no split" in error and "label 'crawl' is none of wave, run" in error


@pytest.mark.parametrize('arguments, message', [
    (['--labels', '(?P<name>.*)'], 'has no group'),
    (['--labels', '(?P<label>'], 'no regular expression'),
    (['--labels', '(?P<label>dance)'], 'no clip could be used'),
    (['--split', 'train'], 'expected NAME=VALUES'),
    (['--split', 'train=1-3;test=3'], '3 is listed twice'),
    (['--rig', 'nobody'], 'no rig'),
    (['--unit', 'ell'], 'unit must be'),
])
def test_wrong_arguments_end_with_a_reason(folder, tmp_path, arguments, message):
    with pytest.raises(SystemExit, match=message):
        main(TOOL, [str(folder), '--out', str(tmp_path / 'a.npz'), '--processes', '1', *arguments])
    assert not (tmp_path / 'a.npz').exists()


def test_folder_without_files(tmp_path):
    with pytest.raises(SystemExit, match='holds no .bvh files'):
        main(TOOL, [str(tmp_path), '--out', str(tmp_path / 'a.npz')])
    with pytest.raises(SystemExit, match='no such folder'):
        main(TOOL, [str(tmp_path / 'none'), '--out', str(tmp_path / 'a.npz')])


def test_preset(data_root, tmp_path):
    for take in (4, 5, 8):
        for action in ('run', 'raise-up-left-hand'):
            name = f'dataset-2_{action}_elderly_{take:03d}.bvh'
            (tmp_path / 'bvh').mkdir(exist_ok=True)
            shutil.copy(next((data_root / 'bandai_namco').rglob(name)), tmp_path / 'bvh' / name)
    main(TOOL, [str(tmp_path / 'bvh'), '--preset', 'bandai_namco', '--out', str(tmp_path / 'a.npz'), '--processes', '1'])
    annotation = load_annotation(tmp_path / 'a.npz')
    assert [len(annotation['split'][split]) for split in ('train', 'val', 'test')] == [2, 2, 2]
    assert len(annotation['metainfo']['classes']) == 10
    labels = {annotation['metainfo']['classes'][clip['label']] for clip in annotation['annotations']}
    assert labels == {'run', 'raise-up-left-hand'} and annotation['annotations'][0]['subject'] == 'elderly'
