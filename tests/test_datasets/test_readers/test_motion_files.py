"""Which files are found, what their names say, where they go."""

import pytest

from mmagenc.datasets.readers.motion_files import Labels, convert_files, find_files, parse_split
from tests.bvh_writer import describe


def test_find_files(tmp_path):
    for name in ('b/2.BVH', 'b/1.bvh', 'a.bvh', 'a.txt'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [name for name, _ in find_files(tmp_path, '.bvh')] == ['a', 'b/1', 'b/2']
    assert find_files(tmp_path / 'a.bvh', '.bvh') == [('a', tmp_path / 'a.bvh')]


def test_two_processes_give_what_one_gives(tmp_path):
    for number in range(20):
        (tmp_path / f'{number:02d}.bvh').write_text('x' * (number % 5))
    files = find_files(tmp_path, '.bvh')
    clips, left_out = convert_files(files, describe, 1)
    assert convert_files(files, describe, 2) == (clips, left_out)
    assert len(clips) == 16 and [entry['length'] for entry in clips[:4]] == [1, 2, 3, 4]
    assert left_out == [f'{tmp_path / name}: empty' for name in ('00.bvh', '05.bvh', '10.bvh', '15.bvh')]


def test_labels():
    labels = Labels(r'(?P<label>[a-z]+)(_(?P<id>\d+))?$')
    assert labels.parse('x/run_07') == dict(label='run', id='07') and labels.parse('run') == dict(label='run')
    with pytest.raises(ValueError, match='does not match'):
        labels.parse('x/07')


def test_parse_split():
    assert parse_split('train=1-3, 5;test = 004') == dict(train=['1', '2', '3', '5'], test=['4'])
    assert parse_split('train=anna,ben') == dict(train=['anna', 'ben'])
    for text in ('', 'train', 'train=', '=1', 'a=1;a=2'):
        with pytest.raises(ValueError, match='split'):
            parse_split(text)


def test_a_range_without_end_is_refused():
    with pytest.raises(ValueError, match='1-99999999999 names 99999999999 values, accepted are up to 100000'):
        parse_split('train=1-99999999999')
    assert len(parse_split('train=1-100000;test=100001')['train']) == 100_000
