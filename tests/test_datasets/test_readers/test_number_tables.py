import pytest

from mmagenc.datasets.readers.number_tables import is_number_row, number_rows


def test_rows_with_any_blanks_between():
    assert number_rows([' 1  2\t3 ', '', '4 5 6e0'], 3).tolist() == [[1, 2, 3], [4, 5, 6]]
    assert number_rows(['1,2,', ' 3, 4'], 2, separator=',').tolist() == [[1, 2], [3, 4]]
    assert is_number_row('1 2', 2) and not is_number_row('1 x', 2) and not is_number_row('', 0)


@pytest.mark.parametrize('lines, words', [
    (['1 2', '1 x'], 'line 2: something else'), (['1 2', '', '1 2 3'], 'line 3: 3 numbers, expected 2'), (['1 nan'], 'line 1: .* finite'),
    (['1 1e9'], 'beyond'), ([' ', ''], 'no numbers'),
])
def test_a_bad_line_is_named(lines, words):
    with pytest.raises(ValueError, match=words):
        number_rows(lines, 2)
