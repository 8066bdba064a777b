"""``mmagenc recognize``: files and streams, of a config and of an ``.onnx`` file."""

import csv
import io
import json
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from scipy.stats import binomtest

from mmagenc.apis import init_recognizer, save_pretrained
from mmagenc.apis import recognize as recognized
from mmagenc.apis.stream import stream_recognizer, window_of
from mmagenc.commands import process_environment, recognize, start
from mmagenc.datasets import load_annotation, save_annotation
from mmagenc.deploy.samples import moving_clip
from mmagenc.deploy.standalone import OnnxModel
from mmagenc.skeletons import get_skeleton, joint_map
from tests.commands import main, parse_args
from tests.test_deploy.exported import tiny

pytest.importorskip('onnxscript')
FRAMES = 30


def clip(seed=0, frames=FRAMES, layout='ucla20'):
    return moving_clip(get_skeleton(layout), num_dims=3, scored=False, frames=frames, seed=seed)


def model():
    return init_recognizer(tiny().config, tiny().checkpoint)


@pytest.fixture
def given(tmp_path):
    """Three clips in a file, of which two have a label, and the first as lines of JSON."""
    clips = [dict(clip(seed), label=seed - 1) for seed in range(3)]
    content = dict(split=dict(all=[one['frame_dir'] for one in clips]), annotations=clips,
                   metainfo=dict(classes=['walk', 'run', 'Jump'], skeleton='ucla20', fps=25.))
    save_annotation(content, tmp_path / 'clips.npz', unlabelled=True)
    lines = '\n'.join(map(json.dumps, clips[0]['keypoint'][0].tolist()))
    (tmp_path / 'frames.jsonl').write_text(lines + '\n')
    return tmp_path


def words(kind):
    return [str(tiny().judge)] if kind == 'onnx' else [str(tiny().config), str(tiny().checkpoint)]


def test_clips_that_it_has_learnt_from_are_counted_apart(tmp_path, capsys):
    """An accuracy has its interval and what guessing reaches beside it, and that of clips learnt by heart stands for no other."""
    clips = [dict(clip(seed), frame_dir=f'c{seed}', label=min(seed % 4, 2)) for seed in range(12)]
    names = [one['frame_dir'] for one in clips]
    meta = dict(classes=['walk', 'run', 'Jump'], skeleton='ucla20', fps=25.)
    save_annotation(dict(split=dict(all=names), metainfo=meta, annotations=clips), tmp_path / 'mine.npz')
    learnt = dict(sets=[dict(files=['mine.npz'], clips=names[:5]), dict(files=['other.npz'], clips=names)], tested=[])
    content = torch.load(tiny().checkpoint, weights_only=False)
    torch.save({**content, 'meta': {**content.get('meta', {}), 'learnt_clips': learnt}}, tmp_path / 'judge.pth')
    files = [str(tmp_path / name) for name in ('judge.pth', 'mine.npz', 'a.csv')]
    main(recognize, [str(tiny().config), files[0], '--clips', files[1], '--out', files[2]])
    found = recognized(model(), clips).probability.argmax(axis=1) == [one['label'] for one in clips]

    def share(right):
        ends = binomtest(int(right.sum()), len(right)).proportion_ci(method='wilson')
        return f'{right.sum()} of {len(right)} clips ({100 * right.mean():.1f} % [{100 * ends.low:.1f}, {100 * ends.high:.1f}], guessing: '
    said = capsys.readouterr().out
    assert f'named as their label says: {share(found)}50.0 %)' in said
    assert f'it has learnt from 5 of these clips (named rightly: {found[:5].sum()}), which says little of others; of those ' in said
    assert f'of those that it has not: {share(found[5:])}57.1 %)' in said and 'does not say' not in said
    for silent in ([str(tiny().judge)], [str(tiny().config), str(tiny().checkpoint)]):
        main(recognize, [*silent, '--clips', files[1], '--out', files[2], '--force'])
        assert 'this model does not say which clips it has learnt from' in capsys.readouterr().out


@pytest.mark.parametrize('kind', ['onnx', 'config'])
def test_a_table(kind, given, capsys):
    main(recognize, [*words(kind), '--clips', str(given / 'clips.npz'), '--out', str(given / f'{kind}.csv')])
    with open(given / f'{kind}.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    wanted = recognized(model(), [clip(seed) for seed in range(3)]).probability
    np.testing.assert_allclose([[float(row[name]) for name in ('walk', 'run', 'Jump')] for row in rows], wanted, atol=1e-5)
    assert [row['label'] for row in rows] == ['', 'walk', 'run'] and [row['clip'] for row in rows] == ['sample_0', 'sample_1', 'sample_2']
    assert [row['predicted'] for row in rows] == [['walk', 'run', 'Jump'][k] for k in wanted.argmax(axis=1)]
    assert f'named as their label says: {(wanted[1:].argmax(axis=1) == [0, 1]).sum()} of 2 clips' in capsys.readouterr().out
    main(recognize, [*words(kind), '--clips', str(given / 'clips.npz'), '--out', str(given / f'{kind}.json')])
    content = json.loads((given / f'{kind}.json').read_text())
    assert content['classes'] == ['walk', 'run', 'Jump'] and content['clips'][0]['label'] is None
    main(recognize, [*words(kind), '--clips', str(given / 'clips.npz'), '--top-k', '1'])
    assert 'sample_0: ' in capsys.readouterr().out


@pytest.mark.parametrize('kind', ['onnx', 'config'])
def test_one_split_of_a_file(kind, given, capsys):
    content = load_annotation(given / 'clips.npz', unlabelled=True)
    names = [one['frame_dir'] for one in content['annotations']]
    save_annotation(dict(content, split=dict(train=names[:1], test=names[1:])), given / 'parts.npz', unlabelled=True)
    main(recognize, [*words(kind), '--clips', f'{given / "parts.npz"}:test', '--out', str(given / 'part.json')])
    main(recognize, [*words(kind), '--clips', str(given / 'parts.npz'), '--out', str(given / 'whole.json')])
    part, whole = (json.loads((given / name).read_text())['clips'] for name in ('part.json', 'whole.json'))
    assert len(whole) == 3 and part == whole[1:]
    assert 'named as their label says: ' in capsys.readouterr().out
    with pytest.raises(SystemExit, match="recognize: .*parts.npz: no split 'tset'; it has train, test$"):
        main(recognize, [*words(kind), '--clips', f'{given / "parts.npz"}:tset'])
    with pytest.raises(SystemExit, match='recognize: .*nowhere.npz:test: no such annotation file'):
        main(recognize, [*words(kind), '--clips', str(given / 'nowhere.npz:test')])


@pytest.mark.parametrize('kind', ['onnx', 'config'])
def test_clips_of_a_layout_with_a_map_to_the_recognizers(kind, given):
    kinect = [dict(clip(seed, layout='ntu25'), label=0) for seed in range(2)]
    save_annotation(dict(split={}, annotations=kinect, metainfo=dict(classes=['walk'], skeleton='ntu25', fps=25.)), given / 'ntu.npz')
    main(recognize, [*words(kind), '--clips', str(given / 'ntu.npz'), '--out', str(given / 'ntu.json')])
    found = [row['probability'] for row in json.loads((given / 'ntu.json').read_text())['clips']]
    indices = joint_map('ntu25', 'ucla20')
    mapped = [dict(one, skeleton='ucla20', keypoint=one['keypoint'][:, :, indices]) for one in kinect]
    wanted = recognized(model(), mapped).probability
    np.testing.assert_allclose([[row[name] for name in ('walk', 'run', 'Jump')] for row in found], wanted, atol=1e-5)


@pytest.mark.parametrize('kind', ['onnx', 'config'])
def test_a_stream_sees_windows_as_clips(kind, given, capsys):
    main(recognize, [*words(kind), '--stream', str(given / 'frames.jsonl'), '--stride', '5', '--out', str(given / f'{kind}.jsonl')])
    lines = [json.loads(line) for line in (given / f'{kind}.jsonl').read_text().splitlines()]
    ends = list(range(7, FRAMES, 5))
    assert [line['frame'] for line in lines] == ends and [line['time'] for line in lines] == pytest.approx([end / 25 for end in ends])
    windows = [dict(clip(), keypoint=clip()['keypoint'][:, end - 7:end + 1], total_frames=8) for end in ends]
    wanted = recognized(model(), windows).probability
    names = ['walk', 'run', 'Jump']
    assert [line['class'] for line in lines] == [names[k] for k in wanted.argmax(axis=1)]
    np.testing.assert_allclose([[line['top'][name] for name in names] for line in lines], wanted, atol=1e-5)
    assert f'{FRAMES} frames, a prediction took' in capsys.readouterr().err


def test_the_folder_of_a_model_needs_nothing_beside(given):
    save_pretrained(model(), given / 'judge')
    main(recognize, [str(given / 'judge'), '--clips', str(given / 'clips.npz'), '--out', str(given / 'folder.csv')])
    main(recognize, [*words('config'), '--clips', str(given / 'clips.npz'), '--out', str(given / 'config.csv')])
    assert (given / 'folder.csv').read_text() == (given / 'config.csv').read_text()


@pytest.mark.parametrize('command', ['recognize', 'export-model'])
def test_names_of_other_classes_are_refused(command, given):
    """Not replaced by numbers: who reads the table or the file would take them for the classes."""
    content = torch.load(tiny().checkpoint, weights_only=True)
    content['meta']['dataset_meta']['classes'] = ['walk', 'run']
    torch.save(content, given / 'two.pth')
    more = ['--clips', str(given / 'clips.npz')] if command == 'recognize' else ['--part', 'recognizer', '--out', str(given / 'a.onnx')]
    with pytest.raises(SystemExit, match='the recognizer has 3 classes and its dataset 2: walk, run'):
        start(command, [str(tiny().config), str(given / 'two.pth'), *more])
    assert not (given / 'a.onnx').exists()


def test_the_library_sees_windows_as_clips():
    stream = stream_recognizer(model(), known=dict(skeleton='ucla20', fps=25.))
    got = [stream.push(frame) for frame in clip()['keypoint'][0]]
    assert [one is None for one in got] == [True] * 7 + [False] * (FRAMES - 7)
    window = dict(clip(), keypoint=clip()['keypoint'][:, 10:18], total_frames=8)
    np.testing.assert_array_equal(got[17].probability, recognized(model(), [window]).probability[0].astype(np.float64))
    assert window_of(model().test_pipeline) == 8


def test_standard_input_and_a_broken_line(given, monkeypatch, capsys):
    lines = (given / 'frames.jsonl').read_text().splitlines()
    text = '\n'.join([*lines[:8], 'oops', *lines[8:10]])
    monkeypatch.setattr(sys, 'stdin', io.StringIO(text))
    with pytest.raises(SystemExit, match='recognize: line 9: no JSON'):
        main(recognize, [*words('onnx'), '--stream', '-', '--out', str(given / 'kept.jsonl')])
    assert len((given / 'kept.jsonl').read_text().splitlines()) == 1  # what was recognized before stays
    monkeypatch.setattr(sys, 'stdin', io.StringIO(text))
    main(recognize, [*words('onnx'), '--stream', '-', '--lenient', '--fps', '25'])
    said = capsys.readouterr()
    assert 'line 9 is taken for a frame without a person' in said.err and len(said.out.splitlines()) == 4


def test_refusals(given, capsys):
    other = dict(split=dict(all=['sample_0']), metainfo=dict(skeleton='penn13', fps=60.),
                 annotations=[dict(clip(layout='penn13'), label=0)])
    save_annotation(other, given / 'other.npz')
    for kind in ('onnx', 'config'):
        with pytest.raises(SystemExit, match='recognize: .*other.npz: keypoints of penn13, and the recognizer knows ucla20'):
            main(recognize, [*words(kind), '--clips', str(given / 'other.npz')])
    (given / 'wrong.jsonl').write_text('[[1, 2, 3]]\n')
    with pytest.raises(SystemExit, match='a frame has 20 keypoints of 3 coordinates, this one is'):
        main(recognize, [*words('onnx'), '--stream', str(given / 'wrong.jsonl')])
    with pytest.raises(SystemExit, match='no pose estimator is named'):
        main(recognize, [*words('onnx'), '--stream', '0'])
    with pytest.raises(SystemExit, match='this is a generator, not a recognizer'):
        main(recognize, [str(tiny().generator), '--stream', str(given / 'frames.jsonl')])
    for bad in (['config.py', '--clips', 'a.npz'], ['a.onnx', 'b.pth', '--clips', 'a.npz'], ['a.onnx'],
                ['a.onnx', '--clips', 'a.npz', '--follow'], ['a.onnx', '--stream', '-', '--timeout', '1']):
        with pytest.raises(SystemExit) as error:
            parse_args(recognize, bad)
        assert error.value.code == 2


def test_other_frame_rates_are_told(given, capsys):
    """The clips' own, and the file's; the recognizer has learnt from 25."""
    rates = [{}, dict(fps=50), dict(fps=25)]
    many = [dict(clip(), label=0, frame_dir=f's{index}', **rate) for index, rate in enumerate(rates)]
    save_annotation(dict(split={}, metainfo=dict(skeleton='ucla20', fps=30), annotations=many), given / 'rates.npz')
    for kind in ('onnx', 'config'):
        main(recognize, [*words(kind), '--clips', str(given / 'rates.npz')])
        assert 'rates.npz has 30, 50 fps, the recognizer knows 25' in capsys.readouterr().err


@pytest.mark.parametrize('kind', ['onnx', 'config'])
def test_gaps_and_persons_are_told_in_a_line(kind, given, capsys, monkeypatch):
    """Where the recognizer's config fills none they are warned of as other commands do it: no line of the program beside it."""
    for module in ('datasets.gaps', 'apis.recognize'):
        monkeypatch.setattr(sys.modules[f'mmagenc.{module}'], 'gaps_in_words', lambda clips, source: f'{source}: {len(clips)} with gaps')
    many = [dict(clip(), label=0), dict(clip(1), label=0, keypoint=np.repeat(clip(1)['keypoint'], 2, axis=0))]
    many[1]['keypoint'][1] += 1
    save_annotation(dict(split={}, metainfo=dict(skeleton='ucla20', fps=25), annotations=many), given / 'gaps.npz')
    main(recognize, [*words(kind), '--clips', str(given / 'gaps.npz')])
    said = capsys.readouterr().err
    assert f'warning: {given / "gaps.npz" if kind == "onnx" else "clips to be recognized"}: 2 with gaps\n' in said and '.py:' not in said
    assert 'warning: 1 clips have persons behind the first 1, such as sample_1' in said


@pytest.mark.parametrize('kind', ['onnx', 'config'])
def test_nobody_as_first_person_is_passed_over(kind, given, capsys):
    """The clip is recognized as if the person who is there were alone in it."""
    empty = np.zeros_like(clip(1)['keypoint'])
    behind = dict(clip(1), label=0, keypoint=np.concatenate([empty, clip(1)['keypoint'], empty]))
    save_annotation(dict(split={}, metainfo=dict(skeleton='ucla20', fps=25), annotations=[dict(clip(), label=0), behind]),
                    given / 'behind.npz')
    main(recognize, [*words(kind), '--clips', str(given / 'behind.npz'), '--out', str(given / 'out.json')])
    found = [list(row['probability'].values()) for row in json.loads((given / 'out.json').read_text())['clips']]
    np.testing.assert_allclose(found, recognized(model(), [clip(0), clip(1)]).probability, atol=1e-5)
    said = capsys.readouterr().err
    assert '1 clips had nobody as their first person, in whose place those came who are there' in said and 'warning' not in said


@pytest.mark.parametrize('kind', ['onnx', 'config'])
def test_clips_of_which_nothing_can_be_said_are_listed_and_the_others_named(kind, given, capsys):
    clips = [dict(clip(seed), label=0) for seed in range(5)]
    clips[1]['keypoint'] = np.zeros_like(clips[1]['keypoint'])
    clips[3]['keypoint'] = np.full_like(clips[3]['keypoint'], np.nan)
    clips[4]['frame_dir'] = clips[0]['frame_dir']
    content = dict(split={}, metainfo=dict(skeleton='ucla20', fps=25), annotations=clips)
    (given / 'some.pkl').write_bytes(pickle.dumps(content))
    with pytest.raises(SystemExit) as ended:
        main(recognize, [*words(kind), '--clips', str(given / 'some.pkl'), '--out', str(given / 'out.json')])
    rows = json.loads((given / 'out.json').read_text())['clips']
    assert ended.value.code == 1 and [row['clip'] for row in rows] == ['sample_0', 'sample_2']
    np.testing.assert_allclose([list(row['probability'].values()) for row in rows],
                               recognized(model(), [clip(0), clip(2)]).probability, atol=1e-5)
    said = capsys.readouterr().err.splitlines()
    start = said.index(f'{given}/some.pkl: left out 3 of 5 clips')
    assert said[start + 1:start + 4] == [
        '  clip 1 (sample_1): nobody is seen in any frame', '  clip 3 (sample_3): keypoint holds NaN or infinity (first at frame 0)',
        '  clip 4 (sample_0): the same frame_dir as clip 0']
    (given / 'none.pkl').write_bytes(pickle.dumps(dict(content, annotations=[clips[1], clips[3]])))
    with pytest.raises(SystemExit, match='2 of 2 clips are broken\n  clip 0 .sample_1.: nobody is seen.*\n  clip 1 .sample_3.: keypoint h'):
        main(recognize, [*words(kind), '--clips', str(given / 'none.pkl')])


@pytest.mark.parametrize('change, said', [
    (lambda clip: clip['keypoint'][:, :, :9], 'clip sample_0 has 9 keypoints of 3 coordinates, and this model knows 20 keypoints of 3'),
    (lambda clip: clip['keypoint'][..., :2], 'clip sample_0 has 20 keypoints of 2 coordinates, and this model knows 20 keypoints of 3')])
def test_clips_of_another_kind_than_those_of_an_onnx_model_are_refused_in_words(given, change, said):
    """They were an IndexError of its steps, or onnxruntime's error about the dimensions of an input."""
    other = [{key: value for key, value in {**clip(), 'keypoint': change(clip())}.items() if key != 'skeleton'}]
    (given / 'other.pkl').write_bytes(pickle.dumps(dict(split={}, metainfo=dict(fps=25), annotations=other)))
    with pytest.raises(SystemExit, match=said):
        main(recognize, [*words('onnx'), '--clips', str(given / 'other.pkl')])
    model = OnnxModel(str(tiny().judge))
    with pytest.raises(ValueError, match=r'sample_0 \(20 keypoints of 3 coordinates, no scores\) becomes inputs \(1, .* takes'):
        model._fitting(np.zeros((1, 1, 4, 20, 5)), clip())
    assert len(model.recognize([clip()])) == 1


@pytest.mark.parametrize('kind', ['onnx', 'config'])
def test_a_person_behind_those_whom_the_recognizer_sees_is_told_of(kind, given, capsys, monkeypatch):
    """Also where it then refuses the clip."""
    behind = dict(clip(1), label=0, keypoint=np.concatenate([clip(2)['keypoint'], clip(1)['keypoint']]))
    save_annotation(dict(split={}, metainfo=dict(skeleton='ucla20', fps=25), annotations=[dict(clip(), label=0), behind]),
                    given / 'behind.npz')
    text = 'warning: 1 clips have persons behind the first 1, such as sample_1: the recognizer sees the first 1 of each clip alone; mmagenc'
    main(recognize, [*words(kind), '--clips', str(given / 'behind.npz')])
    assert text in capsys.readouterr().err

    def refuse(*args, **kwargs):
        raise ValueError('all on one place')
    for module, name in (('apis.recognize', 'score_annotations'), ('deploy.standalone', 'prepare')):
        monkeypatch.setattr(sys.modules[f'mmagenc.{module}'], name, refuse)
    with pytest.raises(SystemExit, match='all on one place'):
        main(recognize, [*words(kind), '--clips', str(given / 'behind.npz')])
    assert text in capsys.readouterr().err


def test_a_stream_of_a_file_needs_no_torch(given):
    """A file that runs without torch is not kept waiting for its import."""
    code = ("import sys; from mmagenc.commands import start; start('recognize', sys.argv[1:]); "
            "sys.exit('torch' in sys.modules or 'mmengine' in sys.modules)")
    command = [sys.executable, '-c', code, *words('onnx'), '--stream', str(given / 'frames.jsonl'), '--top-k', '1']
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300, env=process_environment())
    assert ran.returncode == 0, ran.stderr[-500:]
    assert len(ran.stdout.splitlines()) == FRAMES - 7
