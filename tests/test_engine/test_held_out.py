"""Clips that a training is validated and tested on, in whatever they are wrapped."""

import re
from types import SimpleNamespace
from unittest import mock

import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmagenc.datasets import save_annotation
from mmagenc.engine.held_out import shared_clips, unseen_clips
from mmagenc.registry import DATASETS
from tests.test_datasets.clips import make_annotation, make_clip


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    """c0 … c3 to train on, c4 and c5 to test on, in two files and a folder."""
    init_default_scope('mmagenc')
    monkeypatch.chdir(tmp_path)
    names = [f'c{index}' for index in range(6)]
    content = make_annotation([make_clip(name) for name in names], split=dict(train=names[:4], test=names[4:]))
    (tmp_path / 'folder').mkdir()
    for file in ('mine.npz', 'copy.npz', 'folder/mine.npz'):
        save_annotation(content, tmp_path / file)


def clips(split=None, file='mine.npz', **more):
    return dict(type='MotionDataset', ann_file=file, pipeline=[], **more, **({} if split is None else dict(split=split)))


def repeated(dataset):
    return dict(type='RepeatDataset', times=2, dataset=dataset)


def joined(*datasets):
    return dict(type='ConcatDataset', datasets=list(datasets))


def begun(train, built=(), **parts):
    """A runner whose training has begun; the parts in ``built`` are validated while it trains."""
    cfg = Config({f'{part}_dataloader': dict(dataset=dataset) for part, dataset in parts.items()})
    loops = {f'_{part}_loop': SimpleNamespace(dataloader=SimpleNamespace(dataset=DATASETS.build(parts[part]))) for part in built}
    train = DATASETS.build(train) if isinstance(train, dict) else train
    return SimpleNamespace(cfg=cfg, train_dataloader=SimpleNamespace(dataset=train), logger=mock.Mock(), **loops)


@pytest.mark.parametrize('wrap', [lambda dataset: dataset, repeated, lambda dataset: joined(clips('test', 'copy.npz'), repeated(dataset))])
@pytest.mark.parametrize('train, test, told', [
    ('train', 'test', []),
    ('train', None, ["4 of the 6 clips of test_dataloader that come from the training's file are trained on too, such as c0"]),
    (None, 'test', ["2 of the 2 clips of test_dataloader that come from the training's file are trained on too, such as c4"]),
    ('train', 'val', ['test_dataloader cannot be compared with the training clips, .*val']),
])
def test_clips_that_are_trained_on_and_tested_too_are_warned_of(wrap, train, test, told):
    warnings = shared_clips(begun(wrap(clips(train)), test=clips(test)))
    assert len(warnings) == len(told) and all(re.match(text, warning) for text, warning in zip(told, warnings))


def test_every_set_is_looked_at():
    """The second of two. What the training has built is not built once more, a set of another file not at all."""
    both = repeated(joined(clips('test', 'copy.npz'), clips('test')))
    for built in ([], ['val'], ['val', 'test']):
        runner = begun(clips(), built, val=both, test=both)
        with mock.patch.object(DATASETS, 'build', wraps=DATASETS.build) as build:
            warnings = shared_clips(runner)
        assert [warning.split(' that ')[0] for warning in warnings] == [
            f'2 of the 2 clips of {part}_dataloader' for part in ('val', 'test')]
        assert build.call_count == 2 - len(built)


def test_names_of_another_file_say_nothing():
    assert shared_clips(begun(clips(), test=clips(file='copy.npz'), val=clips(file='mine.npz', data_root='folder'))) == []
    assert shared_clips(begun(clips(file='mine.npz', data_root='folder'), test=clips(file='folder/mine.npz')))


def test_sets_that_tell_no_clips_are_passed(monkeypatch):
    """Such as MMAction2's own."""
    monkeypatch.setitem(DATASETS.module_dict, 'Untold', lambda ann_file, pipeline: [ann_file])
    untold = dict(type='Untold', ann_file='mine.npz')
    assert shared_clips(begun(clips(), test=untold)) == [] == shared_clips(begun([1], test=clips()))
    assert unseen_clips(begun(clips(), test=untold)) == []


def test_unseen_clips():
    """Of all sets; a file that is not there is told of, and the others count."""
    runner = begun(clips('train'), ['val'], val=repeated(clips('test')), test=joined(clips('train', 'copy.npz'), clips('test')))
    assert unseen_clips(runner) == ['c4', 'c5', 'c0', 'c1', 'c2', 'c3', 'c4', 'c5']
    runner = begun(clips('train'), val=clips(file='gone.npz'), test=clips('test'))
    assert unseen_clips(runner) == ['c4', 'c5']
    assert 'val_dataloader cannot be told' in runner.logger.warning.call_args.args[0]
