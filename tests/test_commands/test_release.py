"""``mmagenc release``: what is written, what it says, and what must not be in it."""

import hashlib
import json
import re
import shutil

import numpy as np
import pytest
import torch

from mmagenc.apis import init_recognizer
from mmagenc.apis.datasheet import _in_short, as_markdown
from mmagenc.commands import release
from mmagenc.datasets import load_annotation, save_annotation
from mmagenc.datasets.safe_pickle import load_pickle
from tests.commands import main, parse_args
from tests.full_disk import fill_disk
from tests.moving import copies, recordings, write
from tests.test_apis.configs import GENERATOR, write_generator


@pytest.fixture
def files(tmp_path):
    """Recordings of 24 frames by persons with names, others held out, and clips that copy a third of the former."""
    train, test = recordings(24, 1), recordings(24, 2, name='bert')
    write(tmp_path / 'anna_and_bert.npz', dict(train=train, test=test))
    write(tmp_path / 'made.npz', dict(train=copies(train[:8], 30)), seed=7, around='anna_and_bert.npz', checkpoint='anna.pth')
    return tmp_path


def words(folder, *more, source='made.npz', held_out=True, out='leaves'):
    both = folder / 'anna_and_bert.npz'
    return [str(folder / name) for name in source.split()] + ['--recordings', f'{both}:train', '--out', str(folder / out), *(
        ['--held-out', f'{both}:test'] if held_out else []), *more]


def sheet_of(folder, out='leaves'):
    return json.loads((folder / out / 'datasheet.json').read_text()), (folder / out / 'DATASHEET.md').read_text()


def test_clips_and_sheet(files, capsys):
    main(release, words(files, '--licence', 'CC-BY-4.0'))
    sheet, text = sheet_of(files)
    assert sorted(path.name for path in (files / 'leaves').iterdir()) == ['.mmagenc.json', 'DATASHEET.md', 'clips.npz', 'clips.pkl',
                                                                          'datasheet.json']
    for name in ('clips.npz', 'clips.pkl'):
        assert sheet['files'][name]['sha256'] == hashlib.sha256((files / 'leaves' / name).read_bytes()).hexdigest()
        assert len(load_annotation(files / 'leaves' / name)['annotations']) == 30
    assert sheet['clips']['classes'] == dict(walk=11, run=11, jump=8) and sheet['clips']['fps'] == 20
    assert sheet['made_from']['sampling'] == dict(seed=7, variants_of_recordings=30)
    assert sheet['made_from']['recordings']['subjects'] == 6 and sheet['made_from']['held_out']['subjects_of_both'] == 0
    near, attack = sheet['distances']['motion'], sheet['membership_inference']['motion']['nearest clip']
    assert near['below_1st_percentile'] == 1 and near['ratio'] < 0.3 and near['nearest_pairs'][0]['recording'] < 8
    assert attack['auc']['value'] == pytest.approx(8 / 24 + 16 / 24 / 2, abs=0.15) and attack['caught']['0.01']['value'] >= 8 / 24
    assert sheet['licence'] == 'CC-BY-4.0' and as_markdown(sheet) == text and 'CC-BY-4.0' in text
    assert 'was not at hand' in ' '.join(sheet['not_measured'])
    assert re.search(r'hoever has the clips can tell .*which recordings were trained on.*: AUC 0\.', text)
    assert f'The clips lie {near["ratio"]:.2f} times as far from the nearest recording' in text
    printed = capsys.readouterr().out
    assert 'median distance to the nearest recording: generated 0.0' in printed and 'read DATASHEET.md before they leave' in printed


def test_a_full_disk_leaves_an_earlier_release_whole_and_no_new_one(files, monkeypatch):
    main(release, words(files))
    before = {path.name: path.read_bytes() for path in (files / 'leaves').iterdir()}
    for out, more in (('leaves', ['--force', '--licence', 'other']), ('new/leaves', [])):
        with monkeypatch.context() as patch, pytest.raises(SystemExit, match=f'release: .*/{out}: No space left on device'):
            fill_disk(patch, whole=1)
            main(release, words(files, *more, out=out))
    assert {path.name: path.read_bytes() for path in (files / 'leaves').iterdir()} == before and not (files / 'new').exists()


@pytest.mark.parametrize('low, high, wanted', [(0.53, 0.75, 'can tell better'), (0.47, 0.7, 'was not shown'),
                                               (0.2, 0.45, 'can tell better')])
def test_a_sentence_for_who_decides(low, high, wanted):
    """An interval that leaves one half out, on either side, tells something."""
    attack = dict(auc=dict(value=(low + high) / 2, low=low, high=high), auc_by_chance=[0.39, 0.61], members=50, others=40)
    sheet = dict(distances=dict(motion=dict(ratio=1.2)), membership_inference=dict(motion={}, features={}, generator=dict(a=attack)))
    near, told = _in_short(sheet)
    assert '1.20 times as far' in near and wanted in told and 'generator itself' in told and f'[{low:.2f}, {high:.2f}]' in told
    assert ('50 and 40' in told) == (wanted == 'was not shown')


def test_nothing_that_leaves_names_a_path_a_file_a_recording_or_a_person(files, monkeypatch):
    (files / 'anna_config.py').write_text(GENERATOR.replace('nowhere.npz', 'anna_recordings.npz'))
    write_generator(files)
    (files / 'epoch_3.pth').rename(files / 'anna.pth')
    main(release, words(files, source='made.npz anna_config.py anna.pth'))
    written = {path.name: path.read_bytes() for path in (files / 'leaves').iterdir()}
    assert len(written) == 5
    for name, content in written.items():
        for private in (b'anna', b'bert', b'made_1', str(files).encode(), b'/tmp', files.name.encode()):
            for coded in (private, private.decode().encode('utf-32-le')):  # as numpy writes texts
                assert coded not in content, (name, private)
    clips = load_pickle(files / 'leaves/clips.pkl')['annotations']
    assert set(clips[0]) == {'frame_dir', 'label', 'total_frames', 'keypoint', 'skeleton', 'source'}
    sheet, _ = sheet_of(files)
    assert sheet['made_from']['generator']['checkpoint_sha256'] == hashlib.sha256((files / 'anna.pth').read_bytes()).hexdigest()


def test_formats_of_other_programs_leave_too(files):
    """With checksums in the sheet and without names; a later release without them takes them back."""
    main(release, words(files, '--formats', 'csv', 'trc'))
    sheet, _ = sheet_of(files)
    names = {'clips.npz', 'clips.pkl', 'clips.csv', *(f'clip_{number:06d}.trc' for number in range(30))}
    assert set(sheet['files']) == names
    for name in names:
        content = (files / 'leaves' / name).read_bytes()
        assert sheet['files'][name]['sha256'] == hashlib.sha256(content).hexdigest() and b'anna' not in content and b'bert' not in content
    with pytest.raises(SystemExit, match='coco'):
        main(release, words(files, '--force', '--formats', 'coco'))  # pixels: refused, and the earlier release stays
    assert (files / 'leaves/clips.csv').is_file()
    main(release, words(files, '--force'))
    assert not (files / 'leaves/clips.csv').exists() and len(list((files / 'leaves').iterdir())) == 5


def test_the_motion_is_that_of_the_clips_given(files):
    main(release, words(files, held_out=False))
    given, left = (load_annotation(path)['annotations'] for path in (files / 'made.npz', files / 'leaves/clips.npz'))
    assert all(np.array_equal(one['keypoint'], two['keypoint']) and one['label'] == two['label'] for one, two in zip(given, left))


def test_without_held_out_recordings_nothing_is_promised(files, capsys):
    main(release, words(files, held_out=False))
    sheet, text = sheet_of(files)
    assert not any(sheet['membership_inference'].values()) and 'held_out' not in sheet['distances']['motion']
    assert 'No held-out recordings were given' in sheet['not_measured'][0] and 'Not measured: there are no held-out recordings.' in text
    assert capsys.readouterr().out.startswith('WARNING: No held-out recordings')
    assert not re.search(r'\b(private|anonym|safe)', text.lower())


def test_clips_too_near_are_dropped_and_counted(files):
    train = recordings(24, 1)
    write(files / 'mixed.npz', dict(train=[*copies(train[:8], 16), *(dict(clip, frame_dir=f'new_{i}') for i, clip in enumerate(
        copies(recordings(9, 5), 9)))]))
    main(release, words(files, '--min-distance', '0.6', source='mixed.npz'))
    sheet, text = sheet_of(files)
    floor, near = sheet['floor'], sheet['distances']['motion']
    assert (floor['dropped'], sheet['clips']['clips']) == (16, 9) and sum(floor['dropped_by_class'].values()) == 16
    assert floor['distance'] == pytest.approx(0.6 * near['held_out']['median']) and near['generated']['least'] >= floor['distance']
    assert '16 clips nearer to a recording than' in text
    with pytest.raises(SystemExit, match='all 30 clips lie nearer to a recording than .* nothing is left to release'):
        main(release, words(files, '--min-distance', '0.9', out='nothing'))
    assert not (files / 'nothing').exists()


def test_of_a_generator_its_own_clips_are_made_and_it_is_attacked_itself(files, capsys):
    config, checkpoint = write_generator(files, meta=dict(classes=['walk', 'run', 'jump'], fps=20.), infagenc=dict(recognizer={}))
    config.write_text(GENERATOR.replace("'Jump'", "'jump'"))
    source = f'{config.name} {checkpoint.name}'
    main(release, words(files, '--num-samples-per-class', '3', '--seed', '4', source=source))
    sheet, text = sheet_of(files)
    assert sheet['made_from']['sampling'] == dict(seed=4, clips_per_class=3) and sheet['clips']['frames']['most'] == 8
    assert sheet['made_from']['generator']['kind'] == 'TransformerCVAE' and 'the generator itself' in text
    attack = sheet['membership_inference']['generator']['reconstruction']
    assert attack['auc']['low'] < 0.5 < attack['auc']['high'] or abs(attack['auc']['value'] - 0.5) < 0.25  # untrained: it knows nobody
    assert (attack['members'], attack['others'], attack['few']) == (24, 24, False)
    main(release, words(files, '--num-samples-per-class', '2', '--strength', '0.5', source=source, out='variants'))
    sampling = sheet_of(files, 'variants')[0]['made_from']['sampling']
    assert sampling == dict(seed=0, clips_per_class=2, strength=0.5, variants_of_recordings=6)


def learnt_of(names, file='anna_and_bert.npz'):
    return dict(learnt_clips=dict(sets=[dict(files=[file], clips=list(names))]))


@pytest.mark.parametrize('learnt, said', [
    (learnt_of(['anna_0', 'bert_3', 'bert_5']), r'--held-out .*:test: .* has learnt from 2 of its 24 recordings, such as bert_3'),
    (learnt_of(['carl_0']), r'--recordings .*:train: the generator has learnt from none of its 24 recordings'),
    (learnt_of([f'anna_{i}' for i in range(20)] + ['carl_0']), [
        'learnt from 20 of the 24 recordings that are taken for those that it was trained on',
        'learnt from 21 recordings, of which 1 are not among those that the clips were compared with']),
    (learnt_of(['x'], 'before.npz'), ['learnt from files of other names than that of the recordings']),
    (learnt_of([f'anna_{i}' for i in range(24)]), [])])
def test_recordings_are_those_that_the_checkpoint_says_it_has_learnt_from(files, learnt, said):
    """Splits that are named the wrong way round made a sheet that clears a generator of what it was not asked."""
    config, checkpoint = write_generator(files, meta=dict(classes=['walk', 'run', 'jump'], fps=20.), infagenc=dict(recognizer={}))
    content = torch.load(checkpoint, weights_only=True)
    torch.save({**content, 'meta': {**content['meta'], **learnt}}, checkpoint)
    config.write_text(GENERATOR.replace("'Jump'", "'jump'"))
    arguments = words(files, '--num-samples-per-class', '2', source=f'{config.name} {checkpoint.name}')
    if isinstance(said, str):
        with pytest.raises(SystemExit, match=f'release: {said}'):
            main(release, arguments)
        assert not (files / 'leaves').exists()
        return
    main(release, arguments)
    sheet, text = sheet_of(files)
    found = [warning for warning in sheet['warnings'] if 'learnt' in warning]
    assert len(found) == len(said) and all(words in warning for words, warning in zip(said, found))
    assert all(warning in text for warning in found) and not re.search('anna|bert|carl|before', text)


def test_recordings_are_loaded_as_those_trained_on(files, capsys):
    """Points that were not seen, at the origin, are mended as in the training: distances are those of whole recordings."""
    content = load_annotation(files / 'anna_and_bert.npz')
    for clip in content['annotations']:
        clip['keypoint_score'] = np.ones(clip['keypoint'].shape[:3], np.float32)
        for start in (3, 14):  # in a straight line between both sides, so that filling gives back what was there
            before, after = clip['keypoint'][:, start - 1, 5].copy(), clip['keypoint'][:, start + 2, 5].copy()
            for step in range(2):
                clip['keypoint'][:, start + step, 5] = before + (after - before) * (step + 1) / 3
    save_annotation(content, files / 'whole.npz')
    for clip in content['annotations']:
        for start in (3, 14):
            clip['keypoint'][:, start:start + 2, 5], clip['keypoint_score'][:, start:start + 2, 5] = 0, 0
    save_annotation(content, files / 'gaps.npz')
    config, checkpoint = write_generator(files, meta=dict(classes=['walk', 'run', 'jump'], fps=20.), infagenc=dict(recognizer={}))
    text = GENERATOR.replace("'Jump'", "'jump'")
    config.write_text(text.replace("ann_file='nowhere.npz'", "ann_file='nowhere.npz', fill_gaps=dict(max_gap=3)"))
    assert config.read_text() != text
    sheets = {}
    for name in ('whole', 'gaps'):
        path = files / f'{name}.npz'
        for strength in ([], ['--strength', '0.5']):
            out = files / f'{name}{len(strength)}'
            main(release, [str(config), str(checkpoint), '--recordings', f'{path}:train', '--held-out', f'{path}:test', '--out', str(out),
                           '--num-samples-per-class', '2', *strength])
            sheets[name, len(strength)] = sheet_of(files, out.name)[0]['distances']['motion']
    said = capsys.readouterr()
    assert 'loaded as those trained on: fill_gaps=' in said.out and 'they stay where they are' not in said.out + said.err
    for count in (0, 2):
        for part in ('generated', 'held_out'):
            assert sheets['gaps', count][part]['median'] == pytest.approx(sheets['whole', count][part]['median'], rel=1e-4)


def test_a_judge_is_asked_and_attacked(files):
    config, _ = write_generator(files)
    config.write_text(GENERATOR.replace("'Jump'", "'jump'"))
    torch.save(dict(state_dict=init_recognizer(config).state_dict()), files / 'judge.pth')
    main(release, words(files, '--recognizer', str(config), str(files / 'judge.pth')))
    sheet, text = sheet_of(files)
    assert set(sheet['judge']) == {'generated', 'recordings', 'held_out'} and set(sheet['membership_inference']['features'])
    assert 'The judge names the class rightly' in text and 'cannot be told from a judge that was never fitted' in text


def test_few_recordings_say_little(files):
    train = recordings(24, 1)
    write(files / 'few.npz', dict(train=train[:6], test=recordings(5, 2, name='bert')))
    arguments = [str(files / 'made.npz'), '--recordings', f'{files}/few.npz:train', '--held-out', f'{files}/few.npz:test', '--out',
                 str(files / 'leaves')]
    main(release, arguments)
    assert '6 recordings that were trained on and 5 that were not are few' in sheet_of(files)[0]['warnings'][0]


def test_pairs_are_drawn_outside_of_what_leaves(files):
    with pytest.raises(SystemExit, match='it shows recordings, and --out .*leaves is what leaves; name a file elsewhere'):
        main(release, words(files, '--pairs', str(files / 'leaves/sub/pairs.png')))
    main(release, words(files, '--pairs', str(files / 'pairs.png')))
    assert (files / 'pairs.png').stat().st_size > 5000 and not list((files / 'leaves').glob('*.png'))


@pytest.mark.parametrize('arguments, reason', [
    (['--recordings', 'BOTH', '--held-out', 'BOTH:test'], 'these recordings are among those of --recordings .*: name two splits'),
    (['--recordings', 'BOTH:test', '--held-out', 'BOTH:test'], 'these recordings are among those of --recordings .*: name two splits'),
    (['--recordings', 'BOTH', '--held-out', 'COPY:test'], '24 of the 24 held-out recordings are among the recordings .* such as bert_0'),
    (['--recordings', 'BOTH:nobody'], r"no split \['nobody'\]"), (['--recordings', 'nowhere.npz'], 'nowhere.npz: no such annotation file'),
    (['--recordings', 'OTHER'], 'classes .* differ from')])
def test_what_cannot_be_released(files, arguments, reason):
    write(files / 'other.npz', dict(train=recordings(3, 0)))
    content = load_annotation(files / 'other.npz')
    content['metainfo']['classes'] = ['a', 'b', 'c']
    save_annotation(content, files / 'other.npz')
    shutil.copyfile(files / 'anna_and_bert.npz', files / 'copy.npz')
    paths = dict(BOTH='anna_and_bert.npz', OTHER='other.npz', COPY='copy.npz')
    named = [re.sub('[A-Z]{4,}', lambda found: str(files / paths[found[0]]), word) for word in arguments]
    with pytest.raises(SystemExit, match=f'release: .*{reason}'):
        main(release, [str(files / 'made.npz'), *named, '--out', str(files / 'leaves')])
    assert not (files / 'leaves').exists()


def test_recordings_are_not_released_as_generated(files):
    with pytest.raises(SystemExit, match='48 of 48 clips say that they are recordings'):
        main(release, words(files, source='anna_and_bert.npz')[:3] + ['--out', str(files / 'leaves')])


@pytest.mark.parametrize('more, said', [(['--strength', '0.5'], '--strength: the clips are given'), (['b', 'c', 'd'], 'got 4: a b c d'),
                                        (['--min-distance', '1'], 'name them with --held-out'),
                                        (['--cfg-options', 'a=1'], 'there is no config')])
def test_options_that_do_not_go_together(capsys, more, said):
    with pytest.raises(SystemExit) as error:
        parse_args(release, ['a', *more, '--recordings', 'r', '--out', 'o'])
    assert error.value.code == 2 and said in capsys.readouterr().err
