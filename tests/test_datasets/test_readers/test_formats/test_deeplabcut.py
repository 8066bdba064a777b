"""DeepLabCut's tables as it writes them: CSV of three and four levels, and pandas' two formats of HDF5."""

import csv
import io
import pickle

import h5py
import numpy as np
import pytest

from mmagenc.datasets.readers.registry import all_readers, recognize
from mmagenc.datasets.readers.source import Source
from mmagenc.skeletons import get_skeleton

COCO = get_skeleton('coco17').joint_names
NAME = 'crawling/clip1DLC_resnet50_babiesAug30shuffle1_50000'


def columns(individuals=None, names=COCO, coords=('x', 'y', 'likelihood')):
    return [('DLC_net', *((individual, ) if individuals else ()), name, coord) for individual in individuals or [None] for name in names
            for coord in coords]


def values(*people, score=.9):
    return np.concatenate([np.concatenate([person, np.full((*person.shape[:2], 1), score)], axis=2).reshape(len(person), -1)
                           for person in people], axis=1).astype(np.float64)


def csv_text(header, numbers, index=None):
    names = ('scorer', 'individuals', 'bodyparts', 'coords') if len(header[0]) == 4 else ('scorer', 'bodyparts', 'coords')
    out = io.StringIO()
    writer = csv.writer(out, lineterminator='\n')
    for level, name in enumerate(names):
        writer.writerow([name, *(column[level] for column in header)])
    for row, entry in zip(numbers, index or range(len(numbers))):
        writer.writerow([entry, *('' if np.isnan(number) else number for number in row)])
    return out.getvalue()


def fixed(path, header, numbers, key='df_with_missing', index=None):
    """``DataFrame.to_hdf(format='fixed')``: each level's values, and where in them each column is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, 'w') as file:
        group = file.create_group(key)
        for axis in ('axis0', 'block0_items'):
            for level, entries in enumerate(zip(*header)):
                known = sorted(set(entries))
                group[f'{axis}_level{level}'] = np.array([entry.encode() for entry in known])
                group[f'{axis}_label{level}'] = np.array([known.index(entry) for entry in entries], dtype=np.int8)
        group['axis1'] = np.arange(len(numbers)) if index is None else np.array([entry.encode() for entry in index])
        group['block0_values'] = numbers
    return path


def appendable(path, header, numbers, key='df_with_missing'):
    """``DataFrame.to_hdf(format='table')``, which DeepLabCut uses: rows of index and values, the columns pickled in an attribute."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = np.zeros(len(numbers), dtype=[('index', '<i8'), ('values_block_0', '<f8', (numbers.shape[1], ))])
    rows['index'], rows['values_block_0'] = np.arange(len(numbers)), numbers
    with h5py.File(path, 'w') as file:
        file[f'{key}/table'] = rows
        file[f'{key}/_i_table/index/sorted'] = np.zeros((0, 10))
        file[key].attrs['non_index_axes'] = np.bytes_(pickle.dumps([(1, header)], protocol=0))
    return path


def test_csv_and_both_kinds_of_hdf5(write, import_file, walk, tmp_path):
    walk[3, 4] = np.nan
    numbers = values(walk)
    paths = [write(f'{NAME}.csv', csv_text(columns(), numbers)), fixed(tmp_path / f'a/{NAME}.h5', columns(), numbers),
             appendable(tmp_path / f'b/{NAME}.h5', columns(), numbers)]
    for path, folder in zip(paths, ('', 'a/', 'b/')):
        recording, = import_file(path, 'deeplabcut', fps=25.)
        assert recording.name == f'{folder}crawling/clip1' and recording.skeleton.name == 'coco17' and recording.fps == 25
        np.testing.assert_allclose(recording.keypoint, walk[None])
        assert recording.keypoint_score[0, 3, 4] == 0 and recording.keypoint_score[0, 3, 5] == np.float32(.9) and recording.notes == ()


def test_individuals_are_persons(write, import_file, walk, tmp_path):
    header, numbers = columns(['ind1', 'ind2']), values(walk + 300, walk * [1.5, 1])
    numbers[5, :51] = np.nan
    for path in (write('a.csv', csv_text(header, numbers)), appendable(tmp_path / 'b.h5', header, numbers)):
        recording, = import_file(path, 'deeplabcut')
        np.testing.assert_allclose(recording.keypoint[0], walk * [1.5, 1], rtol=1e-6)
        both, = import_file(path, 'deeplabcut', max_persons=2)
        assert len(both.keypoint) == 2 and np.isnan(both.keypoint[0, 5]).all() and both.keypoint_score[0, 5].max() == 0
    single = [*header, ('DLC_net', 'single', 'cot', 'x'), ('DLC_net', 'single', 'cot', 'y'), ('DLC_net', 'single', 'cot', 'likelihood')]
    recording, = import_file(write('c.csv', csv_text(single, np.c_[numbers, np.ones((10, 3))])), 'deeplabcut', max_persons=3)
    assert len(recording.keypoint) == 2 and 'left out: single' in recording.notes[0]


def test_own_body_parts_with_a_table_of_names_and_what_is_missing(write, import_file, walk):
    names = ['snout' if name == 'nose' else name.replace('left_', 'L ').replace('right_', 'R ') for name in COCO]
    path = write('a.csv', csv_text(columns(names=[*names, 'toy']), values(np.concatenate([walk, walk[:, :1]], axis=1))))
    recording, = import_file(path, 'deeplabcut', layout='coco17', joint_names=dict(nose='snout'))
    assert np.allclose(recording.keypoint[0], walk) and 'without toy' in recording.notes[0]
    with pytest.raises(ValueError, match='nothing in the file stands for nose; .*--joint-names'):
        import_file(path, 'deeplabcut', layout='coco17')


def test_rows_and_headers_that_hands_have_trimmed(write, import_file, walk):
    """Nothing but empty cells may be missing."""
    lines = csv_text(columns(), values(walk)).split('\n')
    lines[0] = ','.join(lines[0].split(',')[:20])
    lines[5] = '2,,,'
    recording, = import_file(write('a.csv', '\n'.join(lines)), 'deeplabcut')
    assert np.isnan(recording.keypoint[0, 2]).all() and np.allclose(recording.keypoint[0, 3], walk[3])


def test_labelled_images_are_frames_by_their_names(write, import_file, walk, tmp_path):
    header, index = columns(coords=('x', 'y')), [f'labeled-data/baby/img{number:04}.png' for number in (12, 10, 11)]
    numbers = walk[:3].reshape(3, -1).astype(np.float64)
    for path in (write('a.csv', csv_text(header, numbers, index)), fixed(tmp_path / 'b.h5', header, numbers, index=index)):
        recording, = import_file(path, 'deeplabcut')
        assert recording.frame_ids.tolist() == [10, 11, 12] and np.allclose(recording.keypoint[0], walk[[1, 2, 0]])
        assert recording.keypoint_score.min() == 1


def test_the_better_of_two_files_is_read(write, walk, tmp_path):
    text = csv_text(columns(), values(walk))
    for name in ('a.csv', 'a_filtered.csv', 'b.csv'):
        write(name, text)
    for name in ('a', 'a_filtered', 'b', 'c'):
        fixed(tmp_path / f'{name}.h5', columns(), values(walk))
    taken = {path.name: recognize(Source(path), all_readers()) for path in tmp_path.iterdir()}
    assert sorted(name for name, found in taken.items() if found) == ['a_filtered.csv', 'b.csv', 'c.h5']
    source = Source(tmp_path / 'b.h5')
    assert recognize(source, all_readers()) is None and 'b.csv beside it has the same' in str(source.failure())


@pytest.mark.parametrize('change, says', [
    (lambda text: text.replace('\n3,1', '\n3,x1'), 'line 7, column 2: expected a number'),
    (lambda text: text.rsplit(',', 1)[0] + '\n', 'line 13: 51 cells, the header has 52'),
    (lambda text: text.replace('left_eye', 'nose'), 'nose x stands in two columns'),
    (lambda text: text.replace(',y,', ',likelihood,'), 'stands in two columns'),
    (lambda text: '\n'.join(text.split('\n')[:3]), 'no frames below the header'),
    (lambda text: text.replace('\n3,', '\nthree,'), "frame 'three': no number of a frame"),
    (lambda text: text.replace('\n3,', '\n2,'), 'numbers of frames must ascend'),
])
def test_refusals(write, import_file, walk, change, says):
    with pytest.raises(ValueError, match=says):
        import_file(write('a.csv', change(csv_text(columns(), values(walk)))), 'deeplabcut')


def test_three_coordinates_need_a_unit(write, import_file, walk):
    space = np.concatenate([walk, walk[..., :1]], axis=2)
    path = write('a.csv', csv_text(columns(coords=('x', 'y', 'z')), space.reshape(10, -1).astype(np.float64)))
    with pytest.raises(ValueError, match='--unit says how many metres'):
        import_file(path, 'deeplabcut')
    assert np.allclose(import_file(path, 'deeplabcut', unit=.001)[0].keypoint[0], space / 1000)


def test_damaged_and_hostile_hdf5(import_file, walk, tmp_path):
    path = appendable(tmp_path / 'a.h5', columns(), values(walk))
    with h5py.File(path, 'a') as file:
        file['df_with_missing'].attrs['non_index_axes'] = np.bytes_(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(ValueError, match='refused to unpickle os.system'):
        import_file(path, 'deeplabcut')
    path = fixed(tmp_path / 'b.h5', columns(), values(walk))
    with h5py.File(path, 'a') as file:
        file['df_with_missing/axis0_label1'][3] = 99
    with pytest.raises(ValueError, match='places beyond its 17 values'):
        import_file(path, 'deeplabcut')


@pytest.mark.parametrize('separator', ['/', '\\', ','])
def test_labelled_frames_of_two_videos(write, import_file, walk, separator):
    """Their numbers go on from one to the other; newer versions write the path over three columns."""
    index = [separator.join(('labeled-data', f'v{1 + number // 5}', f'img{number:03}.png')) for number in range(10)]
    lines = csv_text(columns(coords=('x', 'y')), walk.reshape(10, -1), index).replace('"', '').split('\n')
    if separator == ',':
        lines[:3] = [line.replace(',', ',,,', 1) for line in lines[:3]]
    clips = import_file(write('CollectedData_me.csv', '\n'.join(lines)), 'deeplabcut')
    assert [(clip.name, clip.keypoint.shape[1]) for clip in clips] == [('CollectedData_me/v1', 5), ('CollectedData_me/v2', 5)]
    assert np.allclose(clips[1].keypoint[0], walk[5:])


def test_labelled_frames_of_two_videos_in_hdf5(tmp_path, import_file, walk):
    index = [f'labeled-data/v{1 + number // 5}/img{number:03}.png' for number in range(10)]
    path = fixed(tmp_path / 'CollectedData_me.h5', columns(), values(walk), index=index)
    assert [clip.keypoint.shape[1] for clip in import_file(path, 'deeplabcut')] == [5, 5]


def test_individuals_whose_body_parts_are_in_another_order(write, import_file, walk):
    """They were left out as if they had others."""
    header = columns(['ind1']) + columns(['ind2'], names=COCO[::-1])
    path = write('a.csv', csv_text(header, np.c_[values(walk), values((walk + 300)[:, ::-1])]))
    recording, = import_file(path, 'deeplabcut', max_persons=2)
    assert np.allclose(recording.keypoint, [walk, walk + 300])


def test_further_columns_are_passed_over_in_both_forms(write, import_file, walk, tmp_path):
    """Ensembles (EKS) have medians and variances beside each point; pandas a line with the index's name."""
    header = columns(coords=('x', 'y', 'likelihood', 'x_ens_median', 'y_posterior_var'))
    numbers = np.concatenate([walk, np.full((10, 17, 1), .9), walk + 50], axis=2).reshape(10, -1)
    lines = csv_text(header, numbers).split('\n')
    lines.insert(3, 'frame' + ',' * len(header))
    for path in (write('a.csv', '\n'.join(lines)), fixed(tmp_path / 'b.h5', header, numbers)):
        assert np.allclose(import_file(path, 'deeplabcut')[0].keypoint[0], walk)


def test_of_several_files_of_a_video_one_is_read(write, walk, tmp_path):
    """Snapshots, networks and trackers of one video were several clips, trained on and tested: the one of the most iterations stays."""
    names = ['v1DLC_net_shuffle1_100000.csv', 'v1DLC_net_shuffle1_50000.csv', 'v1DLC_net_shuffle1_50000_filtered.csv',
             'v1DLC_net_shuffle1_150000_filtered.csv', 'v2DLC_net_shuffle1_50000.csv', 'v1DLC_other_shuffle1_7.csv', 'v1.csv',
             'v3DLC_net_shuffle1_5.csv', 'v3DLC_net_shuffle2_5.csv', 'v3DLC_net_shuffle2_5_skeleton.csv', 'v33DLC_net_shuffle1_5.csv',
             'v4DLC_net_shuffle1_5_el.csv', 'v4DLC_net_shuffle1_5_sk.csv', 'v4DLC_net_shuffle1_5_sk_filtered.csv']
    for name in names:
        write(name, 'bones' if 'skeleton' in name else csv_text(columns(), values(walk)))
    taken = {path.name for path in tmp_path.iterdir() if recognize(Source(path), all_readers())}
    assert taken == {names[3], names[4], names[6], names[8], names[10], names[13]}
    for name, says in ((names[2], '150000_filtered.csv beside it is of a later training'),
                       (names[7], 'v3DLC_net_shuffle2_5.csv beside it is of the same video; --format deeplabcut reads this one')):
        source = Source(tmp_path / name)
        assert recognize(source, all_readers()) is None and says in str(source.failure())
