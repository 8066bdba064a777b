"""``mmagenc import`` from files as pose estimators write them to what can be trained on."""

import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mmagenc.commands import import_files, inspect_file
from mmagenc.datasets.annotation import load_annotation
from tests.commands import main
from tests.test_evaluation.test_inspection import annotation as made_annotation
from tests.test_evaluation.test_inspection import named

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def dances(tmp_path):
    """Two AIST++ files: a folder a class."""
    for number, label in enumerate(('crawl', 'roll')):
        folder = tmp_path / 'in' / label
        folder.mkdir(parents=True)
        time = np.linspace(0, 1, 61)[:, None]
        poses = np.zeros((61, 72))
        poses[:, 12] = time[:, 0] * (1 + number)
        content = dict(smpl_poses=poses, smpl_trans=time * [[0, 0, 80.]], smpl_scaling=np.array([80.]))
        (folder / f's{number}_take1.pkl').write_bytes(pickle.dumps(content))
    return tmp_path


def test_from_a_folder_to_a_file_that_says_what_it_is(dances, capsys):
    out = dances / 'new/o.npz'
    main(import_files, [str(dances / 'in'), '--out', str(out), '--fps', '30', '--labels', r'(?P<label>[^/]+)/(?P<subject>s\d)'])
    said = capsys.readouterr().out
    assert '2 × aistpp' in said and '2 clips (train 2) of layout smpl24, 30 fps' in said and 'classes: crawl 1, roll 1' in said
    annotation = load_annotation(out)
    assert annotation['metainfo']['fps'] == 30 and [clip['subject'] for clip in annotation['annotations']] == ['s0', 's1']
    assert annotation['annotations'][0]['keypoint'].shape == (1, 31, 24, 3)


def test_a_file_that_is_there_is_kept(dances, capsys):
    out = dances / 'o.npz'
    out.write_text('mine')
    with pytest.raises(SystemExit) as refusal:
        main(import_files, [str(dances / 'in'), '--out', str(out)])
    assert refusal.value.code == 2 and out.read_text() == 'mine' and '--force replaces it' in capsys.readouterr().err


def test_formats_are_listed(capsys):
    main(import_files, ['--formats'])
    said = capsys.readouterr().out
    assert 'wham ' in said and '.pkl' in said


@pytest.mark.parametrize('words, said', [
    ([], 'name what is read and what is written'),
    (['in', '--out', 'o.npz', '--unlabelled', '--label', 'crawl'], '--unlabelled writes no labels'),
    (['in', '--out', 'o.npz', '--label', 'a', '--labels', '(?P<label>b)'], 'give one of them'),
    (['in', '--out', 'o.npz', '--tier', 'a'], '--segments'),
])
def test_words_that_do_not_go_together(words, said, capsys):
    with pytest.raises(SystemExit) as refusal:
        main(import_files, words)
    assert refusal.value.code == 2 and said in capsys.readouterr().err


@pytest.mark.parametrize('words, said', [
    (['--segments', 'away.csv'], 'away.csv: no such file'),
    (['--unit', 'ell'], 'ell'),
    (['--labels', '(?P<label>'], 'no regular expression'),
    (['--labels', '(?P<name>x)'], 'no group'),
    (['--split', 'train=50%'], 'sum to 50 %'),
    (['--joint-names', 'away.yml'], 'away.yml'),
    (['--format', 'wamh'], 'there are'),
])
def test_settings_that_fit_nothing_are_said_and_nothing_is_written(dances, words, said):
    with pytest.raises(SystemExit) as refusal:
        main(import_files, [str(dances / 'in'), '--out', str(dances / 'o.npz'), *words])
    assert said in str(refusal.value.code) and not (dances / 'o.npz').exists()


def test_inspect_says_what_is_in_it(dances, capsys):
    main(import_files, [str(dances / 'in'), '--out', str(dances / 'o.npz')])
    main(inspect_file, [str(dances / 'o.npz'), '--html', str(dances / 'o.html'), '--out', str(dances / 'o.json')])
    said = capsys.readouterr().out
    assert 'classes with a single clip: crawl, roll' in said and 'layout' in said
    assert 'data:image/png' in (dances / 'o.html').read_text(encoding='utf-8')
    content = json.loads((dances / 'o.json').read_text())
    assert [row['frames'] for row in content['clips']] == [61, 61] and content['facts']['layout'] == 'smpl24'
    main(inspect_file, [str(dances / 'o.npz'), '--html', str(dances / 'o.html')])  # its own page is replaced


@pytest.mark.parametrize('scored', [True, False])
def test_inspect_counts_points_that_are_nan_as_unseen(tmp_path, capsys, scored):
    """Such files come from elsewhere: mmagenc writes none."""
    clips = [named(number, label=number % 2) for number in range(6)]
    for item in clips:
        if not scored:
            del item['keypoint_score']
    for item in clips[:4]:
        item['keypoint'][0, 5:15, 3] = np.nan
    clips[1]['keypoint'][0, 0, 0, 0] = np.inf
    if scored:
        clips[2]['keypoint_score'][0, 0, 7] = np.nan
    with open(tmp_path / 'mine.pkl', 'wb') as file:
        pickle.dump(made_annotation(*clips), file)
    main(inspect_file, [str(tmp_path / 'mine.pkl'), '--out', str(tmp_path / 'o.json'), '--sheet', str(tmp_path / 'o.png')])
    said = capsys.readouterr().out
    assert '4 of 6 clips hold points that are NaN or infinite, such as c0' in said and 'broken' not in said
    assert ('median score' in said) == scored
    content = json.loads((tmp_path / 'o.json').read_text())
    points = 40 * 17
    assert [round(row['missing'] * points) for row in content['clips']] == [10, 11, 11 if scored else 10, 10, 0, 0]
    assert [row['longest_gap'] for row in content['clips']] == [10, 10, 10, 10, 0, 0] and content['clips'][0]['speed'] > 0
    assert (tmp_path / 'o.png').is_file()
    clips[5]['label'] = 9
    with open(tmp_path / 'mine.pkl', 'wb') as file:
        pickle.dump(made_annotation(*clips), file)
    with pytest.raises(SystemExit, match='1 of 6 clips are broken\n  clip 5 .*unknown label 9') as refusal:
        main(inspect_file, [str(tmp_path / 'mine.pkl')])
    assert 'fill_gaps' not in str(refusal.value.code)


def test_the_doors_folder_hides_no_module_of_pythons(tmp_path):
    """tools/data/inspect.py must not be what ``import inspect`` finds there."""
    for door in ('inspect', 'import', 'bvh_to_motion'):
        words = [sys.executable, str(ROOT / f'tools/data/{door}.py'), '--help']
        result = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
        assert result.returncode == 0 and result.stdout.startswith('usage: mmagenc '), result.stderr


def test_keypoints_that_were_found_in_a_video_are_drawn_over_it(tmp_path, monkeypatch, capsys):
    """With MMPose's place taken by a function that finds one person in the middle of each frame."""
    import cv2

    from mmagenc.datasets.readers.formats import video
    from mmagenc.skeletons import SKELETONS
    path = tmp_path / 'in/crawl/baby.avi'
    path.parent.mkdir(parents=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 10, (96, 64))
    for _ in range(5):
        writer.write(np.full((64, 96, 3), 255, np.uint8))
    writer.release()
    rng = np.random.default_rng(0)
    person = dict(keypoints=(rng.uniform(0.2, 0.8, (17, 2)) * [96, 64]).tolist(), keypoint_scores=[0.9] * 17)
    monkeypatch.setattr(video, 'pose_inferencer', lambda settings: (lambda path, **options: iter([dict(predictions=[[person]])] * 5), ()))
    monkeypatch.setattr(video, 'keypoint_names', lambda inferencer, count: list(SKELETONS['coco17'].joint_names))
    words = [str(tmp_path / 'in'), '--out', str(tmp_path / 'o.npz'), '--processes', '1']
    main(import_files, [*words, '--pose-model', 'human', '--overlay', str(tmp_path / 'look')])
    drawn, = (tmp_path / 'look').glob('crawl_baby.*')
    assert f'drawn: {drawn}' in capsys.readouterr().out
    shown = cv2.VideoCapture(str(drawn)).read()[1]
    assert (shown != 255).any() and load_annotation(tmp_path / 'o.npz')['metainfo']['fps'] == 10
    with pytest.raises(SystemExit):
        main(import_files, [*words, '--overlay', str(tmp_path / 'other')])
    assert '--overlay draws what --pose-model finds' in capsys.readouterr().err



@pytest.mark.parametrize('words, kept, said', [
    ([], 2, 'knees: walk/backward: the right knee'),
    (['--strict'], 1, 'backward.bvh: knees: '),
    (['--rig', 'azure_kinect'], 0, 'azure_kinect'),
])
def test_strict_and_rig_reach_the_reader_of_bvh(tmp_path, capsys, words, kept, said):
    """Knees that bend backward are warned of, or left out; a rig that does not fit is refused."""
    from tests.bvh_writer import person_bvh
    from tests.test_datasets.test_readers.test_bvh_clip import names_of
    folder = tmp_path / 'in/walk'
    folder.mkdir(parents=True)
    (folder / 'whole.bvh').write_text(person_bvh(names_of('mixamo')))
    (folder / 'backward.bvh').write_text(person_bvh(names_of('mixamo'), bends={4: (-60, 0, 0), 5: (-60, 0, 0)}))
    command = [str(tmp_path / 'in'), '--out', str(tmp_path / 'o.npz'), *words]
    if kept:
        main(import_files, command)
        told = ''.join(capsys.readouterr())
        assert len(load_annotation(tmp_path / 'o.npz')['annotations']) == kept
    else:
        with pytest.raises(SystemExit) as refusal:
            main(import_files, command)
        told = str(refusal.value.code)
    assert said in told


def test_strict_reaches_the_reader_of_smpl_poses(tmp_path, capsys):
    """Somebody whose knees bend backward by 60 degrees, as AMASS has poses."""
    folder = tmp_path / 'in/walk'
    folder.mkdir(parents=True)
    for name, bend in (('whole', 1.), ('backward', -1.)):
        poses = np.zeros((31, 72))
        poses[:, 0] = np.pi / 2  # z up
        poses[:, [12, 15]] = bend * np.linspace(0, 1, 31)[:, None]
        np.savez(folder / f'{name}.npz', poses=poses, trans=np.zeros((31, 3)), mocap_framerate=30.)
    main(import_files, [str(tmp_path / 'in'), '--out', str(tmp_path / 'o.npz'), '--strict'])
    assert [clip['frame_dir'] for clip in load_annotation(tmp_path / 'o.npz')['annotations']] == ['whole']
    assert 'backward.npz: knees: ' in capsys.readouterr().err
