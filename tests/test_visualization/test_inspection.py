import re

import cv2
import numpy as np
import pytest

from mmagenc.evaluation.inspection import inspect_annotation
from mmagenc.visualization.inspection import SIGN, as_text, contact_sheet, write_inspection
from tests.test_evaluation.test_inspection import annotation, clip, named, walking


def made():
    clips = [named(number, label=number % 2) for number in range(4)]
    return annotation(*clips, clip('<b>few</b>', keypoint=walking(4)), classes=('crawl', 'a&b'))


def test_the_text_tells_facts_classes_and_doubts():
    text = as_text(inspect_annotation(made()))
    assert re.search(r'^clips +5$', text, re.M) and re.search(r'^crawl +3 +1 +4–40–40', text, re.M)
    assert '<b>few</b>: 4 frames are too few' in text and 'doubtful clips: 1' in text


def test_the_page_escapes_names_and_loads_nothing(tmp_path):
    sheet = contact_sheet(made(), tmp_path / 'new/sheet.png')
    assert sheet.read_bytes().startswith(b'\x89PNG')
    page = tmp_path / 'new/page.html'
    write_inspection(inspect_annotation(made()), page, title='my <file>', sheet=sheet)
    text = page.read_text(encoding='utf-8')
    assert SIGN in text and '&lt;b&gt;few&lt;/b&gt;' in text and '<b>few' not in text and 'a&amp;b' in text and 'my &lt;file&gt;' in text
    assert not re.search(r'(src|href)="(?!data:)', text) and 'data:image/png;base64,' in text


@pytest.mark.parametrize('up, turn', [('z', [[1, 0, 0], [0, 0, 1], [0, -1, 0]]), ('-y', [[1, 0, 0], [0, -1, 0], [0, 0, -1]])])
def test_the_sheet_stands_people_on_the_axis_that_the_file_says(tmp_path, up, turn):
    """The same person in a world with y up and in another one is the same picture."""
    person = np.random.default_rng(0).normal(size=(1, 12, 17, 3)).astype(np.float32) * .2 + [0, 1, 0]
    sheets = []
    for name, points, axis in (('y', person, 'y'), ('other', person @ np.array(turn), up)):
        made = annotation(clip('a', keypoint=points.astype(np.float32)), classes=('crawl', ), up=axis)
        sheets.append(cv2.imread(str(contact_sheet(made, tmp_path / f'{name}.png'))).astype(int))
    assert sheets[0].shape == sheets[1].shape and np.abs(sheets[0] - sheets[1]).mean() < 0.1
