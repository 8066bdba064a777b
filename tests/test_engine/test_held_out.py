"""Clips that a training is validated and tested on, in whatever they are wrapped."""

import re
from types import SimpleNamespace
from unittest import mock

import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmagenc.datasets import save_annotation
from mmagenc.engine.held_out import LEARNT, compared, learnt_and_tested, learnt_clips, said_learnt, shared_clips, unseen_clips
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


def record(train, earlier=None, **parts):
    """What a checkpoint says of its clips, as it is read."""
    runner = begun(train, **parts)
    return said_learnt(dict(meta={LEARNT: learnt_clips(runner, compared(runner)[1], earlier)}))


def test_a_checkpoint_says_what_it_has_learnt_from():
    """Generated clips are left out; what it began with is kept."""
    sets = [dict(files=['mine.npz'], clips=['c0', 'c1', 'c2', 'c3'])]
    assert record(repeated(clips('train')), test=clips('test')) == dict(sets=sets, tested=[], labels=[0])
    train = DATASETS.build(clips('train'))
    train.extend([dict(make_clip('made', label=1), source='synthetic')])
    first = record(train, test=clips())
    assert first['sets'][0]['clips'] == first['tested'] == ['c0', 'c1', 'c2', 'c3'] and first['labels'] == [0, 1]
    later = record(clips(clips=['c4', 'c0']), first, test=clips('test', clips=['c5']))
    assert later == dict(sets=[dict(files=['mine.npz'], clips=['c4', 'c0', 'c1', 'c2', 'c3'])], tested=first['tested'],
                         labels=[0, 1])
    assert said_learnt({}) is said_learnt(dict(meta={LEARNT: [1]})) is said_learnt(dict(meta={LEARNT: dict(sets=[1])})) is None


@pytest.mark.parametrize('test, refused, warned', [
    (clips('test'), None, None),
    (clips(), 'it has learnt from 4 of the 6 clips of test_dataloader, such as c0', None),
    (clips(clips=['c5', 'c2']), 'it has learnt from 1 of the 2 clips of test_dataloader, such as c2', None),
    (clips(file='folder/mine.npz'), 'it has learnt from 4 of the 6 clips', None),
    (clips(file='copy.npz'), None, None),
    (clips(file='copy.npz', clips=['c0']), None, '1 of the 1 clips of test_dataloader are called as clips that it has learnt from, .* c0'),
    (clips(file='gone.npz'), None, 'whether it has learnt from clips of test_dataloader cannot be told, .*gone.npz'),
])
def test_clips_that_a_checkpoint_has_learnt_from(test, refused, warned):
    said = record(clips('train'), test=clips('test'))
    told = learnt_and_tested(begun(clips('train'), test=test), said, ['test'])
    for texts, pattern in zip(told, (refused, warned)):
        assert len(texts) == (pattern is not None) and all(re.match(pattern, text) for text in texts)


def test_what_a_training_tested_itself_is_warned_of():
    said = record(clips(clips=['c0', 'c1', 'c2']), test=clips(clips=['c1', 'c5']))
    refused, warned = learnt_and_tested(begun(clips('train'), test=clips(clips=['c1', 'c5'])), said, ['test'])
    assert refused == [] and 'from 1 of the 2 clips of test_dataloader, such as c1, which its training tested too' in warned[0]
    refused, warned = learnt_and_tested(begun(clips('train'), test=clips()), said, ['test'])
    assert 'from 3 of the 6 clips of test_dataloader, such as c0' in refused[0] and warned == []


def test_the_recordings_of_the_loop_count():
    runner = begun(clips('train'), test=clips('test'))
    runner.cfg.default_hooks = dict(infagenc=dict(type='InfAGenCHook', held_out=clips(clips=['c3', 'c4'])))
    refused, _ = learnt_and_tested(runner, record(clips('train')), ['val', 'test', 'held_out'])
    assert refused == ['it has learnt from 1 of the 2 clips of InfAGenCHook.held_out, such as c3']
