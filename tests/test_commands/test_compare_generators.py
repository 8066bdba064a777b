"""``mmagenc compare-generators``: numbers of the metric functions on the right clips, and generators that do not fit."""

import json

import numpy as np
import pytest
import torch
from scipy import stats

from mmagenc.apis import generate, init_generator, init_recognizer, recognize
from mmagenc.commands import compare_generators
from mmagenc.datasets import load_annotation, save_annotation
from mmagenc.datasets.annotation import motion_to_annotations
from mmagenc.evaluation.functional import frechet_distance, kernel_distance, memorization, per_class_mmd
from mmagenc.evaluation.metrics.movement import measure_movement
from tests.commands import main
from tests.test_apis.configs import write_generator

CLASSES = ['walk', 'run', 'Jump']


@pytest.fixture
def given(tmp_path):
    """Recordings, and the words that name a judge and a generator."""
    rng, clips = np.random.default_rng(0), []
    for i in range(24):
        keypoint = (0.5 * rng.normal(size=(1, 10 - i % 3, 20, 3))).cumsum(axis=1).astype(np.float32)
        clips.append(dict(frame_dir=f'c{i}', label=i % 3, total_frames=10 - i % 3, keypoint=keypoint))
    names = [clip['frame_dir'] for clip in clips]
    meta = dict(classes=CLASSES, skeleton='ucla20', fps=30.)
    save_annotation(dict(split=dict(train=names[:12], test=names[12:]), metainfo=meta, annotations=clips), tmp_path / 'real.npz')
    config, checkpoint = write_generator(tmp_path)
    torch.save(dict(state_dict=init_recognizer(config).state_dict()), tmp_path / 'judge.pth')
    words = [str(tmp_path / 'real.npz'), '--recognizer', str(config), str(tmp_path / 'judge.pth'), '--num-frames', '8',
             '--num-samples-per-class', '4', '--generator', 'mine', str(config), str(checkpoint)]
    return words, config, checkpoint


@pytest.mark.filterwarnings('ignore:Fréchet distance of')
def test_numbers_are_of_the_metric_functions(given, tmp_path, capsys):
    """On whole clips of the generator, made again here, and on the recordings' middle frames, cut out by hand."""
    words, config, checkpoint = given
    main(compare_generators, [*words, '--out', str(tmp_path / 'a.json'), '--picture', str(tmp_path / 'a.png')])
    numbers = json.loads((tmp_path / 'a.json').read_text())['rows']
    model = init_generator(config, checkpoint)
    fake = motion_to_annotations(generate(model, num_samples_per_class=4, num_frames=8, seed=0), prefix='f', skeleton='ucla20')
    real = []
    for clip in load_annotation(tmp_path / 'real.npz')['annotations']:
        start = (clip['total_frames'] - 8) // 2
        real.append(dict(clip, total_frames=8, keypoint=clip['keypoint'][:, start:start + 8], skeleton='ucla20'))
    judge = init_recognizer(config, tmp_path / 'judge.pth')
    train, test, made = (recognize(judge, clips) for clips in (real[:12], real[12:], fake))
    expected = dict(accuracy=made.accuracy, fid=frechet_distance(test.feature, made.feature),
                    kid=kernel_distance(test.feature, made.feature),
                    closer=memorization(train.feature, made.feature, test.feature).closer,
                    parameters=sum(value.numel() for value in model.parameters()))
    arrays = [np.stack([clip['keypoint'][0] - clip['keypoint'][0, :, :1] for clip in clips]).astype(float) for clips in (real[12:], fake)]
    span = arrays[0].max() - arrays[0].min()
    first, second = (2 * (array - arrays[0].min()) / span - 1 for array in arrays)
    expected['mmd_sequence'] = per_class_mmd(first, test.label, second, made.label, 3, mode='sequence').mean()
    sizes = [np.linalg.norm(np.diff(array, n=3, axis=1), axis=-1).mean(axis=(1, 2)) for array in arrays]
    ratios = [np.median(sizes[1][made.label == k]) / np.median(sizes[0][test.label == k]) for k in range(3)]
    expected['jerk_ratio'] = np.mean(ratios)
    moved = [np.array([measure_movement(clip, None)[3] for clip in clips]) for clips in (real[12:], fake)]
    expected['speed_ratio'] = np.mean([np.median(moved[1][made.label == k]) / np.median(moved[0][test.label == k]) for k in range(3)])
    for name, value in expected.items():
        assert numbers['mine'][name] == pytest.approx(value, rel=1e-5), name
    assert numbers['recordings']['accuracy'] == pytest.approx(test.accuracy) and numbers['mine']['clips_per_second'] > 0
    said = capsys.readouterr().out
    assert '| recordings | ' in said and f'| {expected["parameters"]:,} |' in said and 'precision' in said
    assert (tmp_path / 'a.png').stat().st_size > 1000


@pytest.mark.filterwarnings('ignore:Fréchet distance of')
def test_shares_have_intervals_and_guessing_beside_them(given, tmp_path, capsys):
    """Wilson's of SciPy, over as many clips as were asked."""
    words, config, checkpoint = given
    words[words.index('--num-samples-per-class') + 1] = '7'
    main(compare_generators, [*words, '--out', str(tmp_path / 'a.json')])
    content, said = json.loads((tmp_path / 'a.json').read_text()), capsys.readouterr().out
    asked = dict(mine=dict(accuracy=21, precision=21, recall=12, coverage=12),
                 recordings=dict(accuracy=12, precision=6, recall=6, coverage=6))
    for row, totals in asked.items():
        for name, total in totals.items():
            values = content['rows'][row]
            right = round(values[name] * total)
            low, high = stats.binomtest(right, total).proportion_ci(method='wilson')
            assert right / total == pytest.approx(values[name])
            assert [values[f'{name}_low'], values[f'{name}_high']] == pytest.approx([low, high])
            assert f'{100 * values[name]:.1f} % [{100 * low:.1f}, {100 * high:.1f}]' in next(
                line for line in said.splitlines() if line.startswith(f'| {row} |'))
    assert content['accuracy_by_guessing'] == pytest.approx(1 / 3) and 'accuracy by guessing: 33.3 %' in said


@pytest.mark.filterwarnings('ignore:Fréchet distance of')
def test_recordings_that_judge_or_generator_have_learnt_from(given, capsys):
    words, _, checkpoint = given
    for path, first in ((words[3], 14), (checkpoint, 22)):
        content = torch.load(path, weights_only=True)
        learnt = dict(sets=[dict(files=['real.npz'], clips=[f'c{i}' for i in (0, *range(first, 24))])])
        torch.save({**content, 'meta': {**content.get('meta', {}), 'learnt_clips': learnt}}, path)
    main(compare_generators, words)
    said = capsys.readouterr().out
    assert 'WARNING: the judge has learnt from 10 of the 12 recordings of' in said and 'such as c14' in said
    assert 'WARNING: generator mine has learnt from 2 of the 12 recordings of' in said and 'such as c22' in said


def test_a_judge_whose_classes_have_another_order(given, tmp_path):
    """It would name them rightly, and each would be counted as wrong."""
    words, config, _ = given
    other = tmp_path / 'other.py'
    other.write_text(config.read_text().replace("['walk', 'run', 'Jump']", "['walk', 'Jump', 'run']"))
    words[2] = str(other)
    with pytest.raises(SystemExit, match=r"real\.npz: classes .* \(the same names in another order.*the latter are the recognizer's"):
        main(compare_generators, words)


def test_generators_that_do_not_fit(given, tmp_path, capsys):
    words, config, _ = given
    for more, says in ((words[-4:], 'each needs a name of its own, got mine, mine'), (['--num-frames', '3'], '--num-frames at least 4')):
        with pytest.raises(SystemExit):
            main(compare_generators, [*words, *more])
        assert says in capsys.readouterr().err
    text = config.read_text()
    other = tmp_path / 'other.py'
    for before, after, says in (("['walk', 'run', 'Jump']", "['walk', 'Jump', 'run']", 'the same names in another order'),
                                ('default_scope =', 'fps = 15\ndefault_scope =', '15 frames a second, the recordings have 30'),
                                ("skeleton='ucla20')", "skeleton='ntu25')", 'keypoint has 25 joints')):
        other.write_text(text.replace(before, after, 1))
        model = init_generator(other)
        model.representation.std.fill_(0.5)
        torch.save(dict(state_dict=model.state_dict()), tmp_path / 'other.pth')
        with pytest.raises(SystemExit, match=f'--generator bad .*{says}'):
            main(compare_generators, [*words, '--generator', 'bad', str(other), str(tmp_path / 'other.pth')])
