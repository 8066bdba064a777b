"""``mmagenc export``: which clips, where to, and what is refused."""

import errno

import numpy as np
import pytest

from mmagenc.commands import export_clips, import_files
from mmagenc.datasets.annotation import load_annotation, save_annotation
from mmagenc.datasets.writers.formats.trc import TrcWriter
from tests.commands import main
from tests.test_datasets.test_writers.clips import smpl_annotation


@pytest.fixture(autouse=True)
def _file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    annotation = smpl_annotation()
    clip = annotation['annotations'][0]
    annotation['annotations'] += [dict(clip, frame_dir='kick/2'), dict(clip, frame_dir='rest/1', label=0)]
    annotation['split'] = dict(train=['kick/1', 'rest/1'], test=['kick/2'])
    save_annotation(annotation, 'clips.npz')


@pytest.mark.parametrize('words, files', [
    ('--split test', ['kick_2.trc']), ('--classes kick', ['kick_1.trc', 'kick_2.trc']), ('--indexes 2 0', ['kick_1.trc', 'rest_1.trc']),
    ('--num-samples-per-class 1', ['kick_1.trc', 'rest_1.trc'])
])
def test_which_clips(words, files, tmp_path, capsys):
    main(export_clips, f'clips.npz --format trc --out out {words}'.split())
    assert sorted(path.name for path in tmp_path.glob('out/*.trc')) == files
    assert f'{len(files)} clip' in capsys.readouterr().out


@pytest.mark.parametrize('words', ['--format trc --out new/out', '--indexes 0 --out new/a.trc'])
def test_a_full_disk_leaves_no_folder(words, tmp_path, monkeypatch):
    write, left = TrcWriter.write, [1 if 'format' in words else 0]

    def full(self, clips, path, options):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, 'No space left on device', str(path))
        return write(self, clips, path, options)

    monkeypatch.setattr(TrcWriter, 'write', full)
    with pytest.raises(SystemExit, match='new/.*trc: No space left on device'):
        main(export_clips, f'clips.npz {words}'.split())
    assert [path.name for path in tmp_path.iterdir()] == ['clips.npz']


def test_from_clip_to_bvh_and_back_by_import(capsys):
    main(export_clips, ['clips.npz', '--indexes', '0', '--out', 'a.bvh'])
    main(import_files, ['a.bvh', '--label', 'kick', '--unit', 'cm', '--out', 'back.npz'])
    back, there = (load_annotation(path) for path in ('back.npz', 'clips.npz'))
    error = back['annotations'][0]['keypoint'] - there['annotations'][0]['keypoint']
    assert back['metainfo']['fps'] == there['metainfo']['fps']
    assert np.abs(error - error[:, :, :1]).max() < 1e-4  # about the pelvis: import puts who floats on the floor


def test_all_clips_in_one_file(capsys):
    pytest.importorskip('pygltflib')
    main(export_clips, ['clips.npz', '--out', 'a.glb', '--skin'])
    assert '3 clips as glTF: a.glb' in capsys.readouterr().out


@pytest.mark.parametrize('words, said', [
    ('clips.npz --out a.bvh', 'these are 3'),
    ('clips.npz --out a.trc --indexes 3', 'has the clips 0 to 2'),
    ('clips.npz --out a.trc --split val', '--split val: clips.npz has train, test'),
    ('clips.npz --out a.trc --split test --classes rest', 'no clip is of these splits and classes'),
    ('clips.npz --out a.trc --classes jump', "unknown class 'jump'; known: 0 rest, 1 kick"),
    ('nothing.npz --out a.trc', 'nothing.npz: no such annotation file'),
    ('clips.npz --out a.npy', 'no format has the ending .npy'),
])
def test_refusals(words, said, tmp_path):
    with pytest.raises(SystemExit, match=said):
        main(export_clips, words.split())
    assert [path.name for path in tmp_path.iterdir()] == ['clips.npz']


def test_nothing_is_replaced_without_force(tmp_path, capsys):
    (tmp_path / 'a.trc').write_text('mine')
    with pytest.raises(SystemExit) as leave:
        main(export_clips, ['clips.npz', '--indexes', '0', '--out', 'a.trc'])
    assert leave.value.code == 2 and (tmp_path / 'a.trc').read_text() == 'mine'
    main(export_clips, ['clips.npz', '--indexes', '0', '--out', 'a.trc', '--force'])
    assert (tmp_path / 'a.trc').read_text().startswith('PathFileType')


def test_a_gap_in_the_file_stays_one(tmp_path):
    content = np.load('clips.npz')
    arrays = {key: content[key] for key in content.files}
    arrays['keypoint'] = arrays['keypoint'].copy()
    arrays['keypoint'][:3] = np.nan
    np.savez('gap.npz', **arrays)
    main(export_clips, ['gap.npz', '--indexes', '0', '--out', 'gap.trc'])
    first = (tmp_path / 'gap.trc').read_text().split('\n')[6].split('\t')
    assert first[2:5] == ['', '', ''] and first[5]


def test_formats_are_listed(capsys):
    main(export_clips, ['--formats'])
    listed = capsys.readouterr().out
    assert 'gltf' in listed and 'pip install mmagenc[export]' in listed and 'one file a clip' in listed
