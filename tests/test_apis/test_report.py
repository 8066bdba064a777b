"""A report of a whole small training: generator and recognizer of a checkpoint, with and without its parts."""

import numpy as np
import pytest
import torch
from scipy.stats import binomtest

from mmagenc.apis import init_recognizer
from mmagenc.apis.report import middle_frames, report_run, report_runs
from mmagenc.datasets.annotation import save_annotation
from mmagenc.evaluation.functional import clip_movement
from mmagenc.skeletons import get_skeleton
from mmagenc.visualization.report.alarms import alarms_of
from tests.test_visualization.test_report.runs import make_clip

from .configs import write_generator


@pytest.fixture
def work_dir(tmp_path):
    """Config, checkpoint with a recognizer beside the generator, real clips, and a pool of two clips."""
    folder = tmp_path / 'work'
    folder.mkdir()
    config, checkpoint = write_generator(folder)
    clips = [make_clip(f'real_{index}', index % 3, frames=12, seed=index) for index in range(9)]
    names = [clip['frame_dir'] for clip in clips]
    metainfo = dict(classes=['walk', 'run', 'Jump'], skeleton='ucla20', fps=25)
    save_annotation(dict(split=dict(train=names[:6], test=names[6:]), metainfo=metainfo, annotations=clips), tmp_path / 'real.npz')
    text = config.read_text().replace("ann_file='nowhere.npz'", f"ann_file={str(tmp_path / 'real.npz')!r}, split='train'")
    test = f"test_dataloader = dict(dataset=dict(type='MotionDataset', ann_file={str(tmp_path / 'real.npz')!r}, split='test'))\n"
    config.write_text(text + test)
    pool = [make_clip(f'pool_{index}', index, frames=8, seed=20 + index, source='synthetic', score=0.9) for index in range(2)]
    save_annotation(dict(split={}, metainfo=metainfo, annotations=pool), folder / 'pool/pool.npz')
    torch.manual_seed(1)
    recognizer = init_recognizer(config)
    torch.save(dict(torch.load(checkpoint), infagenc=dict(recognizer=dict(state_dict=recognizer.state_dict()))), checkpoint)
    return folder


def test_everything(work_dir):
    told = []
    run = report_run(work_dir, clips_per_class=2, judged_per_class=4, progress=told.append)
    groups = [clip['group'] for clip in run.motion['clips']]
    assert (groups.count('real'), groups.count('generated'), groups.count('selected')) == (3, 6, 2) and run.motion['fps'] == 25
    assert {clip['shape'][0] for clip in run.motion['clips']} == {8}, "real clips are shown by the generator's window"
    assert {point[2] for point in run.embedding['points']} == {'train', 'test', 'generated', 'selected'}
    assert [np.sum(each['matrix']) for each in run.confusions] == [6, 3, 12, 2]
    rows = run.results[-1].rows
    assert [row.title for row in rows][:2] == ['Accuracy: real, training', 'Accuracy: real, test']
    generated = run.confusions[2]['matrix']
    assert rows[2].value.value == pytest.approx(np.trace(generated) / 12) and rows[2].value.low <= rows[2].value.value <= rows[2].value.high
    movement = next(result for result in run.results if result.title == 'Movement of generated clips')
    assert {row.title for row in movement.rows} >= {'Speed', 'Bone change', 'Speed against recordings'}
    assert '3 test recordings' in movement.source
    assert told == ['reading clips', 'generating clips', 'judging clips']
    assert {part for part, _ in run.notes} == {'curves', 'loop', 'tests'}


def test_movement_is_that_of_the_clips(work_dir):
    """Against the measure itself, of the middle frames of the test clips."""
    run = report_run(work_dir, judged_per_class=0)
    row = next(row for result in run.results for row in result.rows if row.title == 'Speed')
    clips = [middle_frames(make_clip(f'real_{index}', index % 3, frames=12, seed=index), 8) for index in (6, 7, 8)]
    parents = get_skeleton('ucla20').parents
    paths = np.median([clip_movement(clip['keypoint'][0], parents, 25)['speed'] for clip in clips])
    about_root = np.median([clip_movement(clip['keypoint'][0], parents, 25, root=get_skeleton('ucla20').root)['speed'] for clip in clips])
    assert row.real.value == pytest.approx(paths, rel=1e-5) or row.real.value == pytest.approx(about_root, rel=1e-5)


def test_shares_have_wilsons_interval(work_dir):
    """Three test clips: whatever the recognizer says, the interval has the width that three clips leave."""
    row = next(row for row in report_run(work_dir).results[-1].rows if row.title == 'Accuracy: real, test')
    expected = binomtest(round(3 * row.value.value), 3).proportion_ci(method='wilson')
    assert (row.value.low, row.value.high) == pytest.approx(tuple(expected)) and expected.high - expected.low > 0.5


@pytest.mark.parametrize('fitted', [True, False])
def test_a_judge_that_says_nothing(work_dir, fitted):
    """A random recognizer: never fitted by its checkpoint's word, or not to be told from guessing by three test clips."""
    checkpoint = torch.load(work_dir / 'epoch_3.pth')
    checkpoint['infagenc']['fitted'] = fitted
    for name, value in checkpoint['infagenc']['recognizer']['state_dict'].items():
        if name.endswith('cls_head.fc.bias'):
            value.copy_(torch.tensor([9., 0., 0.]))  # one class for all: a third of the test clips
    torch.save(checkpoint, work_dir / 'epoch_3.pth')
    run = report_run(work_dir)
    alarm, = alarms_of(run)
    assert run.fitted is fitted
    assert ('never fitted' in alarm) is not fitted and ('33.3 % of 3 recordings of the test set' in alarm) is fitted


def test_the_same_twice_and_nothing_judged_where_not_asked(work_dir):
    first, second = (report_run(work_dir, judged_per_class=0) for _ in range(2))
    assert first.motion == second.motion and first.embedding is None and not first.confusions


def test_parts_that_are_missing_are_noted(work_dir, tmp_path):
    (tmp_path / 'real.npz').unlink()
    (work_dir / 'epoch_3.pth').write_bytes(b'broken')
    run = report_run(work_dir)
    assert {'real, training', 'real, test', 'generated', 'recognizer'} <= {part for part, _ in run.notes}
    assert {clip['group'] for clip in run.motion['clips']} == {'selected'}


def test_kept_samples_where_the_checkpoint_is_gone(work_dir):
    (work_dir / 'epoch_3.pth').unlink()
    sample = dict(split={}, metainfo=dict(skeleton='ucla20'), annotations=[make_clip('sample', 1, frames=8)])
    save_annotation(sample, work_dir / 'samples/epoch_1.npz')
    run = report_run(work_dir)
    assert [clip['name'] for clip in run.motion['clips'] if clip['group'] == 'generated'] == ['sample']
    assert ('generated', 'those of samples/epoch_1.npz, kept while training') in run.notes


@pytest.mark.parametrize('key', ['train_dataloader', 'model'])
def test_nothing_but_registered_types_is_built(work_dir, tmp_path, key):
    """MMEngine imports and calls a type that is in no registry by its dotted name."""
    config = next(work_dir.glob('*.py'))
    evil = dict(type='os.mkdir', path=str(tmp_path / 'ran'), representation={})
    settings = f'\ntrain_dataloader = dict(dataset={evil})\n' if key == 'train_dataloader' else f'\nmodel = {evil}\n'
    config.write_text(config.read_text() + settings)
    report_run(work_dir)
    assert not (tmp_path / 'ran').exists()


def test_pickles_of_other_datasets_are_read_safely(work_dir, tmp_path):
    (tmp_path / 'evil.pkl').write_bytes(f'cos\nmkdir\n(V{tmp_path}/ran\ntR.'.encode())
    config = next(work_dir.glob('*.py'))
    dataset = dict(type='mmaction.PoseDataset', ann_file=str(tmp_path / 'evil.pkl'), pipeline=[])
    config.write_text(config.read_text() + f'\ntrain_dataloader = dict(dataset={dataset})\n')
    run = report_run(work_dir)
    assert 'refused to unpickle os.mkdir' in dict(run.notes)['real, training'] and not (tmp_path / 'ran').exists()


def test_damaged_samples_are_noted(work_dir):
    (work_dir / 'epoch_3.pth').unlink()
    (work_dir / 'samples').mkdir()
    (work_dir / 'samples/a.npz').write_text('zz')
    reasons = [reason for part, reason in report_run(work_dir).notes if part == 'generated']
    assert any('samples/a.npz cannot be read' in reason for reason in reasons)


def test_middle_frames():
    clip = make_clip('a', 0, frames=7)
    cut = middle_frames(clip, 4)
    assert cut['total_frames'] == 4 and np.array_equal(cut['keypoint'], clip['keypoint'][:, 1:5])
    assert middle_frames(clip, 9) is clip and middle_frames(clip, None) is clip


def test_folders(work_dir):
    with pytest.raises(ValueError, match='each once'):
        report_runs([work_dir, work_dir])
    with pytest.raises(ValueError, match='at least one'):
        report_runs([])
