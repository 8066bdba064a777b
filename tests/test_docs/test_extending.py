"""docs/extending.md: the recognizer, the data set and the reader of one file each work as they are written."""

import json
import runpy

import numpy as np
import pytest

from mmagenc.commands import train
from mmagenc.datasets import load_annotation, save_annotation
from mmagenc.registry import DATASETS, MODELS, READERS
from tests.commands import main
from tests.own_clips import coco_clips
from tests.pages import examples
from tests.runs import forget_runs


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The page's files in a folder that is the current one and that Python imports from; what they register is forgotten."""
    for name, code in examples('extending.md').items():
        (tmp_path / name).write_text(code, encoding='utf-8')
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    forget_runs()
    yield tmp_path
    for registry, name in ((MODELS, 'GRUBackbone'), (DATASETS, 'Dumbbells'), (READERS, 'balance_board')):
        registry.module_dict.pop(name, None)


def test_a_recognizer(files):
    (files / 'data').mkdir()
    clips = coco_clips(10, gaps=False)
    clips['split']['val'] = clips['split'].pop('test')
    save_annotation(clips, files / 'data/mine.npz')
    main(train, ['gru_mine.py', '--work-dir', 'run', '--cfg-options', 'train_cfg.max_epochs=1'])
    assert (files / 'run/epoch_1.pth').is_file()


def test_a_data_set(files, capsys):
    rng = np.random.default_rng(0)
    rows = [dict(exercise=name, person='a', xyz=(1000 * rng.normal(size=(9, 17, 3))).tolist()) for name in ('curl', 'press', 'curl')]
    (files / 'train.jsonl').write_text('\n'.join(map(json.dumps, rows)), encoding='utf-8')
    used = runpy.run_path('use_dumbbells.py')
    assert capsys.readouterr().out.strip() == "3 ['curl', 'press'] (1, 9, 17, 3)"
    np.testing.assert_allclose(used['recordings'][1]['keypoint'][0], np.array(rows[1]['xyz']) / 1000, rtol=1e-6)


def test_a_reader(files, capsys):
    points = np.random.default_rng(0).normal(size=(2, 40, 18))
    for action, rows in zip(('sway', 'step'), points):
        (files / 'boards' / action).mkdir(parents=True)
        lines = [','.join(f'{value:.6f}' for value in row) for row in rows]
        (files / 'boards' / action / 'a.csv').write_text('\n'.join(['# balance board 50 Hz', *lines]), encoding='utf-8')
    runpy.run_path('import_boards.py')
    annotation = load_annotation(files / 'boards.npz')
    assert annotation['metainfo']['classes'] == ['step', 'sway'] and annotation['metainfo']['fps'] == 50
    by_label = {clip['label']: clip for clip in annotation['annotations']}
    np.testing.assert_allclose(by_label[1]['keypoint'][0], points[0].reshape(-1, 6, 3) / 100, atol=1e-5)
