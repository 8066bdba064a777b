"""``mmagenc import-ntu``: from files to splits; what is damaged is listed, what is done is not done again."""

import pickle

import numpy as np
import pytest

from mmagenc.commands import import_ntu
from mmagenc.datasets.annotation import load_annotation
from mmagenc.datasets.readers.ntu_cleaning import align, center
from tests.commands import main
from tests.ntu_writer import person, write_skeleton
from tests.test_datasets.clips import assert_same_annotation

TOOL = import_ntu
ONE, TWO, MISSING, EMPTY, CUT = (f'S001C00{camera}P001R001A0{action}'
                                 for camera, action in ((1, '01'), (2, '50'), (3, '02'), (3, '03'), (3, '04')))


@pytest.fixture
def folder(tmp_path):
    raw = tmp_path / 'raw'
    write_skeleton(raw / 'a' / f'{ONE}.skeleton', [(range(6), person(6))])
    write_skeleton(raw / 'a' / f'{TWO}.skeleton', [(range(14), person(14, seed=1)), (range(14), person(14, seed=2, move=4))])
    write_skeleton(raw / 'a' / f'{MISSING}.skeleton', [], num_frames=4)
    write_skeleton(raw / 'a' / f'{EMPTY}.skeleton', [], num_frames=4)
    cut = write_skeleton(raw / 'b' / f'{CUT}.skeleton', [(range(6), person(6))])
    cut.write_text(cut.read_text()[:2000])
    write_skeleton(raw / 'b' / f'{ONE}.skeleton', [(range(6), person(6, seed=5))])
    write_skeleton(raw / 'b' / 'S018C001P041R001A061.skeleton', [(range(6), person(6, seed=3))])
    write_skeleton(raw / 'b' / 'notes.skeleton', [])
    (tmp_path / 'missing.txt').write_text(f'missing:\n{MISSING}\n')
    return raw


def arguments(folder, *more, benchmark='ntu60', out='ntu.npz'):
    out = folder.parent / out
    return [str(folder), '--benchmark', benchmark, '--out', str(out), '--missing', str(folder.parent / 'missing.txt'),
            '--processes', '1', *more], out


def test_clips_splits_and_list_of_what_was_left_out(folder, capsys):
    args, out = arguments(folder)
    main(TOOL, args)
    annotation = load_annotation(out)
    one, two = annotation['annotations']
    assert np.allclose(one['keypoint'], align(center(person(6)[None].astype(np.float32))), atol=1e-6)
    expected = np.stack([person(14, seed=2, move=4), person(14, seed=1)]).astype(np.float32)
    assert np.allclose(two['keypoint'], align(center(expected)), atol=1e-6)
    assert [(clip['frame_dir'], clip['label'], clip['total_frames'], clip['subject'], clip['camera']) for clip in (one, two)] == [
        (ONE, 0, 6, 'P001', 'C001'), (TWO, 49, 14, 'P001', 'C002')]
    assert annotation['metainfo'] == dict(
        classes=annotation['metainfo']['classes'], skeleton='ntu25', fps=30., align='each', second_body='none')
    assert len(annotation['metainfo']['classes']) == 60
    assert annotation['split']['xsub_train'] == [ONE, TWO] and annotation['split']['xview_train'] == [TWO]
    listed = capsys.readouterr().err
    assert 'left out 4:' in listed and 'notes.skeleton' in listed and MISSING not in listed
    assert f'{EMPTY}.skeleton: no body in any frame' in listed
    assert f'{CUT}.skeleton, line ' in listed and f'b/{ONE}.skeleton: the same clip as' in listed
    assert not list(out.parent.glob('*.shards'))


def test_frames_in_which_a_person_is_lost(folder):
    """Filled on the straight way between, or cut; both persons are there in 38 of 40 frames."""
    first, second = person(40, seed=1), person(40, seed=2, move=4)
    seen = [*range(20), *range(22, 40)]
    write_skeleton(folder / 'a' / f'{TWO}.skeleton', [(range(40), first), (seen, second[seen])])
    args, out = arguments(folder)
    main(TOOL, args)
    raw = load_annotation(out)['annotations'][1]['keypoint']
    assert raw.shape == (2, 40, 25, 3) and not raw[0, 20:22].any()
    main(TOOL, [*args, '--force', '--fill-gaps', '2'])
    filled = load_annotation(out)['annotations'][1]['keypoint']
    assert np.allclose(filled[0, 20:22], [raw[0, 19] + (raw[0, 22] - raw[0, 19]) * share for share in (1 / 3, 2 / 3)], atol=1e-5)
    main(TOOL, [*args, '--force', '--fill-gaps', '1'])
    assert np.array_equal(load_annotation(out)['annotations'][1]['keypoint'], raw[:, :20])


def test_120_has_both_releases(folder):
    args, out = arguments(folder, '--second-body', 'copy', '--align', 'none', benchmark='ntu120')
    main(TOOL, args)
    annotation = load_annotation(out)
    new = annotation['annotations'][-1]
    assert (new['frame_dir'], new['label']) == ('S018C001P041R001A061', 60) and len(annotation['metainfo']['classes']) == 120
    assert np.array_equal(new['keypoint'][0], new['keypoint'][1])
    assert np.allclose(new['keypoint'][0], center(person(6, seed=3)[None].astype(np.float32))[0])
    assert annotation['split']['xset_train'] == ['S018C001P041R001A061']


def test_what_is_done_is_not_done_again(folder, monkeypatch):
    args, out = arguments(folder, '--shard-size', '1', '--keep-shards')
    main(TOOL, args)
    first, args = load_annotation(out), [*args, '--force']
    read = []
    original = TOOL.read_skeleton
    monkeypatch.setattr(TOOL, 'read_skeleton', lambda path: read.append(path.stem) or original(path))
    main(TOOL, args)
    assert read == [] and load_annotation(out)['split'] == first['split']
    shards = sorted((out.parent / 'ntu.npz.shards').glob('*.npz'))
    shards[0].unlink()
    shards[1].write_bytes(shards[1].read_bytes()[:100])
    write_skeleton(folder / 'b' / f'{CUT}.skeleton', [(range(7), person(7, seed=9))])  # downloaded again
    main(TOOL, args)
    assert read[:2] == sorted(read[:2]) and CUT in read and len(read) == 3
    assert len(load_annotation(out)['annotations']) == len(first['annotations']) + 1
    read.clear()
    main(TOOL, [*args, '--align', 'none'])
    assert len(read) == 4


def test_what_processes_are_sent_can_be_sent(folder, monkeypatch):
    """That processes give the same is tested with ``convert_files``."""
    args, out = arguments(folder)
    main(TOOL, args)
    convert_files = TOOL.convert_files

    def through_pickle(items, convert, processes, **kwargs):
        items, convert = pickle.loads(pickle.dumps((items, convert)))  # noqa: S301
        return convert_files(items, convert, processes, **kwargs)

    monkeypatch.setattr(TOOL, 'convert_files', through_pickle)
    other = out.with_name('other.npz')
    main(TOOL, [*args, '--out', str(other)])
    assert_same_annotation(load_annotation(out), load_annotation(other))


@pytest.mark.parametrize('more, reason', [
    (['--out', 'x.pkl'], 'must end in .npz'), (['--missing', 'none.txt'], 'no such list'),
])
def test_refused(folder, more, reason):
    args, _ = arguments(folder)
    with pytest.raises(SystemExit, match=f'import-ntu: .*{reason}'):
        main(TOOL, [*args, *more])


def test_nothing_to_use(folder, tmp_path):
    only = tmp_path / 'only'
    write_skeleton(only / f'{EMPTY}.skeleton', [], num_frames=2)
    args = ['--benchmark', 'ntu60', '--out', str(tmp_path / 'x.npz'), '--processes', '1']
    with pytest.raises(SystemExit, match=f'no file could be used:\n.*{EMPTY}'):
        main(TOOL, [str(only), *args])
    with pytest.raises(SystemExit, match='no clip of ntu60 found:\n.*notes.skeleton'):
        (only / f'{EMPTY}.skeleton').rename(only / 'notes.skeleton')
        main(TOOL, [str(only), *args])
