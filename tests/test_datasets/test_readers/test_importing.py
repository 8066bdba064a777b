"""The road from files to one annotation, with a format of its own: JSON ``{"toy": [clips]}``."""

import gzip
import json

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mmagenc.datasets.annotation import load_annotation, save_annotation
from mmagenc.datasets.readers.finding import find_sources
from mmagenc.datasets.readers.importing import ImportSettings, Item, cut_all, graded, import_files
from mmagenc.datasets.readers.motion_files import Labels
from mmagenc.datasets.readers.registry import Person, Reader, ReadOptions, Recording, Unusable, all_readers
from mmagenc.datasets.readers.segments import Segment, read_segments
from mmagenc.datasets.readers.source import Source
from mmagenc.datasets.readers.upright import to_y_up
from mmagenc.registry import READERS
from tests.smpl_motion import path, pose

from .test_paths import aistpp, prox, wham


class ToyReader(Reader):
    name, title, suffixes, knows = 'toy', 'toys', ('.json', ), ('2d', 'score')
    companions = ('shelf.json', )

    def sniff(self, source):
        content = source.json()
        return f'{len(content["toy"])} toys' if isinstance(content, dict) and 'toy' in content else None

    def read(self, source, options):
        for number, clip in enumerate(source.json()['toy']):
            name = source.name + (f'_{number}' if number else '')
            if 'broken' in clip:
                yield Unusable(name, clip['broken'])
                continue
            if 'pose' in clip:
                yield Recording(name, pose=np.full((1, clip['pose'], 24, 3), 0.01), frame_ids=clip.get('ids'), fps=clip.get('fps'))
                continue
            points = np.random.default_rng(clip.get('seed', 0)).uniform(10, 300, (clip['frames'], 17, clip.get('channels', 2)))
            points[..., 0, 1] = clip.get('nose', points[..., 0, 1])
            frames = [[Person(place, np.full(17, 0.9))] for place in points]
            said = {key: clip.get(key) for key in ('fps', 'label', 'subject', 'split')}
            yield Recording(name, skeleton='coco17', frames=frames, notes=('toys', ), up='y' if points.shape[-1] == 3 else None, **said)


@pytest.fixture(autouse=True)
def toys(monkeypatch):
    READERS.import_from_location()
    monkeypatch.setitem(READERS.module_dict, 'toy', ToyReader)


@pytest.fixture
def write(tmp_path):

    def call(name, *clips):
        path = tmp_path / 'in' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(dict(toy=list(clips))))
        return path

    return call


def toy(frames=20, fps=30, **more):
    return dict(frames=frames, fps=fps, **more)


def done(tmp_path, **settings):
    return import_files([tmp_path / 'in'], ImportSettings(**settings))


def test_a_folder_of_clips_becomes_an_annotation_that_is_read_back(tmp_path, write):
    write('crawl/a2.json', toy(seed=1)), write('crawl/a10.json', toy(seed=2)), write('roll/b.json', toy(seed=3))
    found = done(tmp_path)
    assert found.left_out == [] and found.found == {'toy (1 toys)': 3} and found.notes['toys'] == 3
    path = tmp_path / 'out.npz'
    save_annotation(found.annotation, path)
    annotation = load_annotation(path)
    assert annotation['metainfo']['classes'] == ['crawl', 'roll'] and annotation['metainfo']['skeleton'] == 'coco17'
    assert annotation['metainfo']['fps'] == 30 and annotation['split'] == dict(train=['a2', 'a10', 'b'])
    assert annotation['annotations'][0]['keypoint'].shape == (1, 20, 17, 2) and annotation['annotations'][0]['label'] == 0
    assert 'fps' not in annotation['annotations'][0]


@pytest.mark.parametrize('form', ['{split}/{label}/{name}.json', '{label}/{split}/{name}.json'])
def test_folders_that_are_called_after_splits_are_splits_and_no_classes(tmp_path, write, form):
    """All were trained on, or the classes were train and test."""
    for index, (split, label) in enumerate((split, label) for split in ('train', 'Validation', 'test') for label in ('crawl', 'roll')):
        write(form.format(split=split, label=label, name=f'c{index}'), toy(seed=index))
    found = done(tmp_path)
    assert found.annotation['metainfo']['classes'] == ['crawl', 'roll']
    assert {split: sorted(names) for split, names in found.annotation['split'].items()} == dict(
        train=['c0', 'c1'], val=['c2', 'c3'], test=['c4', 'c5'])
    assert {clip['frame_dir']: clip['label'] for clip in found.annotation['annotations']} == {f'c{index}': index % 2 for index in range(6)}
    note, = (note for note in found.notes if 'folders' in note)
    assert 'are taken for splits, not for classes' in note and all(split in note for split in ('train', 'Validation', 'test'))
    said = done(tmp_path, split='train=50%;test=50%')
    assert said.annotation['metainfo']['classes'] == ['crawl', 'roll'] and set(said.annotation['split']) == {'train', 'test'}
    assert done(tmp_path, label='baby').annotation['metainfo']['classes'] == ['baby']


def test_folders_of_splits_that_are_named_themselves_or_hold_no_classes(tmp_path, write):
    write('train/a.json', toy(seed=1)), write('test/a.json', toy(seed=2))
    both = import_files([tmp_path / 'in/train', tmp_path / 'in/test'], ImportSettings())
    assert [len(both.annotation['split'][split]) for split in ('train', 'test')] == [1, 1]
    assert done(tmp_path).annotation['metainfo']['classes'] == both.annotation['metainfo']['classes'] == ['in']


def test_a_lone_folder_and_folders_beside_others_are_no_splits(tmp_path, write):
    write('crawl/test/a.json', toy(seed=1))
    assert list(done(tmp_path).annotation['split']) == ['train']
    write('crawl/train/b.json', toy(seed=2)), write('crawl/c.json', toy(seed=3))
    found = done(tmp_path)
    assert list(found.annotation['split']) == ['train'] and any('are not taken for splits' in note for note in found.notes)


def test_recordings_of_one_name_in_several_files_of_a_folder_are_told_of(tmp_path, write):
    write('crawl/a.json', toy()), write('roll/a.json', toy())
    assert not any('copies' in note for note in done(tmp_path).notes)
    write('crawl/a.JSON', toy())
    note, = (note for note in done(tmp_path).notes if 'copies' in note)
    assert 'a.JSON and a.json' in note


def test_one_damaged_file_or_recording_is_listed_and_is_not_the_end(tmp_path, write):
    write('crawl/a.json', toy(), dict(broken='no frames'), toy(seed=5))
    (tmp_path / 'in/crawl/torn.json').write_text('{"toy": [')
    (tmp_path / 'in/crawl/readme.md').write_text('x')
    found = done(tmp_path)
    assert [clip['frame_dir'] for clip in found.annotation['annotations']] == ['a', 'a_2']
    said = '\n'.join(found.left_out)
    assert 'a.json (a_1): no frames' in said.replace('crawl/', '') and 'torn.json: ' in said
    assert '1 × .md: no format that is known' in said


def test_files_that_are_read_with_others_are_not_left_out(tmp_path, write):
    write('crawl/a.json', toy())
    (tmp_path / 'in/crawl/shelf.json').write_text('{}')
    (tmp_path / 'in/crawl/other.json').write_text('{}')
    left_out, = done(tmp_path).left_out
    assert 'other.json: no format' in left_out
    with pytest.raises(ValueError, match='shelf.json: no format that is known'):
        import_files([tmp_path / 'in/crawl/shelf.json'], ImportSettings())


@pytest.mark.parametrize('settings', [dict(), dict(format='toy')])
def test_a_file_that_git_lfs_has_not_fetched(tmp_path, write, settings):
    write('crawl/a.json', toy())
    (tmp_path / 'in/crawl/b.json').write_text('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n')
    left_out, = done(tmp_path, **settings).left_out
    assert 'b.json: this is the pointer' in left_out and 'git lfs pull' in left_out


def test_pixels_whose_y_points_up(tmp_path, write):
    """Are told of if heads lie below feet, and turned if the user says so: at the image's height, or at the highest point."""
    write('crawl/a.json', toy(seed=1, nose=900)), write('crawl/b.json', toy(seed=2, nose=5))
    found = done(tmp_path)
    note, = [note for note in found.notes if '--up=y turns it' in note]
    assert found.notes[note] == 1
    before = found.annotation['annotations'][0]['keypoint']
    for shape, top in ((None, 900), ((1000, 800), 1000)):
        turned = done(tmp_path, read=ReadOptions(up='y', img_shape=shape))
        after = turned.annotation['annotations'][0]['keypoint']
        assert np.allclose(after[..., 1], top - before[..., 1], atol=1e-3) and np.array_equal(after[..., 0], before[..., 0])
        assert turned.notes['y pointed up and was turned'] == 2 and turned.annotation['metainfo'].get('up') is None


def test_nothing_that_is_known_says_what_is(tmp_path):
    (tmp_path / 'in').mkdir()
    (tmp_path / 'in/a.xyz').write_text('x')
    with pytest.raises(ValueError, match=r'1 × .xyz: no format that is known\nknown formats: .*toys \(toy\)'):
        done(tmp_path)
    with pytest.raises(FileNotFoundError, match='away: no such file or folder'):
        import_files([tmp_path / 'away'], ImportSettings())
    with pytest.raises(ValueError, match='no such format; there are .*toy'):
        done(tmp_path, format='tpy')


def test_the_label_is_what_is_said_first(tmp_path, write):
    write('crawl/anna_1.json', toy(label='roll', subject='bert'))
    classes = lambda **settings: done(tmp_path, **settings).annotation['metainfo']['classes']  # noqa: E731
    assert classes() == ['roll'] and classes(label='sit') == ['sit']
    named = done(tmp_path, labels=Labels(r'(?P<label>[^/]+)/(?P<subject>[a-z]+)')).annotation
    assert named['metainfo']['classes'] == ['crawl'] and named['annotations'][0]['subject'] == 'anna'
    assert done(tmp_path).annotation['annotations'][0]['subject'] == 'bert'


def test_segments_cut_and_name_clips_and_those_of_nothing_are_listed(tmp_path, write):
    write('day1.json', toy(frames=90, seed=1)), write('day2.json', toy(frames=90, seed=2))
    table = tmp_path / 'labels.csv'
    table.write_text('clip,start,end,label,subject,split\nday1,0,1,crawl,s1,train\nday1,1,3,roll,s1,train\nday9,0,1,sit,s3,test\n')
    found = done(tmp_path, segments=tuple(read_segments(table)))
    clips = {clip['frame_dir']: (clip['label'], clip['total_frames'], clip['subject']) for clip in found.annotation['annotations']}
    assert clips == {'day1_0-29': (0, 30, 's1'), 'day1_30-89': (1, 60, 's1')}
    assert found.annotation['split']['train'] == ['day1_0-29', 'day1_30-89']
    said = '\n'.join(found.left_out)
    assert 'day9' in said and 'day2.json: no segment names it' in said


def test_a_segment_of_two_recordings_of_one_name_is_listed(tmp_path, write):
    write('a/clip.json', toy(seed=1)), write('b/clip.json', toy(seed=2))
    table = tmp_path / 'labels.csv'
    table.write_text('clip,start,end,label\nclip,,,crawl\nb/clip,,,roll\n')
    found = done(tmp_path, segments=tuple(read_segments(table)))
    assert [(clip['frame_dir'], found.annotation['metainfo']['classes'][clip['label']]) for clip in found.annotation['annotations']] == [
        ('clip', 'roll')]
    assert any('2 recordings' in reason for reason in found.left_out)


def test_rates_are_kept_brought_to_one_or_asked_for(tmp_path, write):
    write('crawl/a.json', toy(frames=61, fps=60)), write('crawl/b.json', toy(frames=31, fps=30))
    mixed = done(tmp_path).annotation
    assert 'fps' not in mixed['metainfo'] and [clip['fps'] for clip in mixed['annotations']] == [60, 30]
    even = done(tmp_path, fps=30.).annotation
    assert even['metainfo']['fps'] == 30 and [clip['total_frames'] for clip in even['annotations']] == [31, 31]
    write('crawl/c.json', toy(fps=None, seed=9))
    assert any('--source-fps' in reason for reason in done(tmp_path, fps=30.).left_out)
    told = done(tmp_path, read=ReadOptions(fps=15.))
    assert told.annotation['metainfo']['fps'] == 15
    assert '; --source-fps says them' in ' '.join(done(tmp_path).notes)


def test_two_and_three_coordinates_do_not_mix(tmp_path, write):
    write('crawl/a.json', toy()), write('crawl/b.json', toy(channels=3))
    with pytest.raises(ValueError, match=r'1 clips have two coordinates \(crawl/a\), 1 have three \(crawl/b\): import them apart'):
        done(tmp_path)


def test_rotations_get_positions_on_the_floor_and_short_gaps_are_bridged(tmp_path, write):
    ids = [0, 1, 2, 5, 6, 7, 8, 9, 10, 11]
    write('crawl/a.json', dict(pose=10, ids=ids, fps=30))
    found = done(tmp_path)
    clip, = found.annotation['annotations']
    assert clip['keypoint'].shape == (1, 12, 24, 3) and clip['pose'].shape == (1, 12, 24, 3) and np.isfinite(clip['pose']).all()
    assert abs(clip['keypoint'][..., 1].min()) < 0.02 and found.annotation['metainfo']['up'] == 'y'
    assert found.annotation['metainfo']['skeleton'] == 'smpl24' and 'interpolated' in ' '.join(found.notes)
    with pytest.raises(ValueError, match='2 frames on end are missing .from frame 3., more than --pose-gap 1'):
        done(tmp_path, pose_gap=1)


def test_splits_by_value_by_share_and_as_published(tmp_path, write):
    for number in range(6):
        write(f'crawl/s{number}_1.json', toy(seed=number, subject=f's{number}', split='test' if number > 3 else 'train'))
    assert {name: len(members) for name, members in done(tmp_path).annotation['split'].items()} == dict(train=4, test=2)
    valued = done(tmp_path, split='train=s0,s1;test=s5', split_by='subject')
    assert valued.annotation['split'] == dict(train=['s0_1', 's1_1'], test=['s5_1']) and len(valued.left_out) == 3
    shared = done(tmp_path, split='train=50%;test=50%', split_by='subject').annotation['split']
    assert sorted(shared['train'] + shared['test']) == [f's{number}_1' for number in range(6)] and len(shared['train']) == 3


def test_clips_without_labels(tmp_path, write):
    write('a.json', toy())
    annotation = done(tmp_path, unlabelled=True).annotation
    assert 'classes' not in annotation['metainfo'] and annotation['annotations'][0]['label'] == -1
    save_annotation(annotation, tmp_path / 'o.npz', unlabelled=True)
    assert len(load_annotation(tmp_path / 'o.npz', unlabelled=True)['annotations']) == 1


def test_equal_names_keep_their_folders(tmp_path, write):
    write('crawl/1.json', toy(seed=1)), write('roll/1.json', toy(seed=2))
    assert [clip['frame_dir'] for clip in done(tmp_path).annotation['annotations']] == ['crawl/1', 'roll/1']


def test_short_clips_are_left_out(tmp_path, write):
    write('crawl/a.json', toy(frames=3)), write('crawl/b.json', toy(frames=20))
    found = done(tmp_path, min_frames=5)
    assert len(found.annotation['annotations']) == 1 and '3 frames, fewer than --min-frames 5' in found.left_out[0]


def test_a_file_of_two_formats_asks_which(tmp_path, write, monkeypatch):

    class Other(ToyReader):
        name, title = 'other', 'others'

    monkeypatch.setitem(READERS.module_dict, 'other', Other)
    path = write('a.json', toy())
    chosen, left_out = find_sources([path], all_readers())
    assert chosen == [] and 'could be other (1 toys) or toy (1 toys); --format other says which' in left_out[0]


def test_a_link_that_leads_back_does_not_turn_in_circles(tmp_path, write):
    write('crawl/a.json', toy())
    (tmp_path / 'in/crawl/again').symlink_to(tmp_path / 'in')
    assert len(done(tmp_path).annotation['annotations']) == 1


def scored(score, **more):
    frames = [[Person(np.full((17, 2), 5.), np.asarray(score, dtype=float))] for _ in range(3)]
    return graded(Recording('a', skeleton='coco17', frames=frames, **more))


def test_percent_and_visibilities_become_scores():
    found = scored(np.linspace(0, 95, 17))
    assert np.allclose(found.frames[2][0].score, np.linspace(0, .95, 17)) and 'percent' in found.notes[0]
    found = scored([0, 1, *[2] * 15])
    assert found.frames[0][0].score.tolist() == [0, .5, *[1] * 15] and 'visibilities' in found.notes[0]
    for score in (np.full(17, .9), np.full(17, 7.5), np.ones(17)):  # of SimCC up to 10
        assert scored(score).notes == () and np.array_equal(scored(score).frames[0][0].score, score)
    arrays = graded(Recording('a', skeleton='coco17', keypoint=np.ones((1, 3, 17, 2)), keypoint_score=np.full((1, 3, 17), 80.)))
    assert np.allclose(arrays.keypoint_score, .8)


def test_a_picture_that_most_points_are_outside_of_is_told(tmp_path, write):
    write('crawl/a.json', toy())
    assert any('150 wide and 400 high: is that its size?' in note for note in done(tmp_path, read=ReadOptions(img_shape=(400, 150))).notes)
    assert not any('is that its size' in note for note in done(tmp_path, read=ReadOptions(img_shape=(310, 310))).notes)


@pytest.mark.parametrize('channels, takes, says', [
    (2, True, '--unit is for places in space'), (3, False, 'this format has one: leave it out')])
def test_a_unit_that_no_reader_takes_is_refused(tmp_path, write, monkeypatch, channels, takes, says):
    """It was passed over without a word."""
    write('crawl/a.json', toy(channels=channels))
    monkeypatch.setattr(ToyReader, 'takes_unit', takes)
    with pytest.raises(ValueError, match=says):
        done(tmp_path, read=ReadOptions(unit=.01))
    assert done(tmp_path).annotation['annotations']


def test_parts_of_the_image_are_known_whatever_the_reader(tmp_path, write):
    """Readers of files that are in pixels by their nature took them for pixels."""
    content = [dict(frame_id=index, instances=[dict(keypoints=(np.arange(34).reshape(17, 2) / 40).tolist(), keypoint_scores=[.9] * 17)])
               for index in range(4)]
    path = tmp_path / 'crawl.json'
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match='are parts of the image, whose size the file does not say: give --img-shape'):
        import_files([path], ImportSettings())
    result = import_files([path], ImportSettings(read=ReadOptions(img_shape=(480, 640))))
    assert np.allclose(result.annotation['annotations'][0]['keypoint'][0, 0, 16], [32 / 40 * 640, 33 / 40 * 480])
    assert result.notes['coordinates as parts of the image, of 640 x 480 pixels'] == 1
    content[0]['instances'][0]['keypoints'] = (np.arange(34).reshape(17, 2) / 40 - .5).tolist()
    path.write_text(json.dumps(content[:1]))
    with pytest.raises(ValueError, match='they were centred or normalized'):
        import_files([path], ImportSettings(read=ReadOptions(img_shape=(480, 640))))


def test_the_files_of_a_folder_that_is_one_thing_say_so(tmp_path):
    """As a shell writes them out: ``mmagenc import poses/*.json``."""
    content = dict(people=[dict(pose_keypoints_2d=np.arange(1., 76).tolist())])
    paths = [tmp_path / f'in/a_{index}_keypoints.json' for index in range(3)]
    paths[0].parent.mkdir()
    for frame in paths:
        frame.write_text(json.dumps(content))
    says = r'in: 3 files of it were named, which is one thing \(3 frames of OpenPose\): name the folder itself'
    with pytest.raises(ValueError, match=says):
        import_files(paths, ImportSettings())
    empty = tmp_path / 'alphapose-results.json'
    empty.write_text('[]')
    with pytest.raises(ValueError, match='an empty list: nobody is in it'):
        import_files([empty], ImportSettings())


def test_places_in_space_that_make_no_person_are_told(tmp_path, write):
    write('crawl/a.json', toy(channels=3))
    assert any('make no person of 0.1 to 4 m' in note for note in done(tmp_path).notes)


def test_a_folder_that_holds_the_frames_of_several_videos_is_their_class(tmp_path):
    content = dict(people=[dict(pose_keypoints_2d=np.arange(1., 76).tolist())])
    for index in range(8):
        path = tmp_path / f'in/crawl/{"ab"[index // 4]}_{index}_keypoints.json'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    annotation = done(tmp_path).annotation
    assert annotation['metainfo']['classes'] == ['crawl'] and [clip['frame_dir'] for clip in annotation['annotations']] == ['a', 'b']


@pytest.mark.parametrize('path, label', [
    ('walk/v1/predictions.json', 'walk'), ('walk/outputs/results/v1.json', 'walk'), ('walk/v1.json', 'walk'), ('v1/predictions.json', 'v1'),
    ('a/walk/v1/results/predictions.json', 'walk'), ('results/v1.json', 'results')])
def test_what_programs_call_alike_is_no_class(tmp_path, write, path, label):
    """Each video was a class of its own, or all were of a class called results."""
    write(path, toy())
    assert done(tmp_path).annotation['metainfo']['classes'] == [label]


@pytest.mark.parametrize('folder, classes', [('walk/v1/json', ['walk']), ('walk/json', ['walk'])])
def test_folders_that_programs_call_alike_are_no_classes(tmp_path, folder, classes):
    content = dict(people=[dict(pose_keypoints_2d=np.arange(1., 76).tolist())])
    for index in range(4):
        path = tmp_path / f'in/{folder}/{"ab"[index // 2] if folder == "walk/json" else "a"}_{index}_keypoints.json'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    assert done(tmp_path).annotation['metainfo']['classes'] == classes


def test_files_that_hold_nothing_or_are_packed_or_links_to_nowhere_say_so(tmp_path, write):
    write('crawl/a.json', toy())
    for name, content in (('empty.json', b''), ('b.json', gzip.compress(b'{}')), ('c.tgz', b'x')):
        (tmp_path / 'in/crawl' / name).write_bytes(content)
    (tmp_path / 'in/crawl/away.json').symlink_to(tmp_path / 'nowhere.json')
    said = '\n'.join(done(tmp_path).left_out)
    assert all(words in said for words in ('empty.json: an empty file', 'b.json: is packed (gzip): unpack it first',
                                           '1 × .tgz: unpack these first', 'away.json: a link to a file that is not there'))


def test_a_file_that_is_named_twice_is_read_once_and_folders_go_before_links_to_them(tmp_path, write):
    path = write('walk/a.json', toy())
    (tmp_path / 'in/again').symlink_to(tmp_path / 'in/walk')
    annotation = import_files([path, path, tmp_path / 'in'], ImportSettings()).annotation
    assert len(annotation['annotations']) == 1 and done(tmp_path).annotation['metainfo']['classes'] == ['walk']


def somebody(place, track=None, size=100.):
    """Seventeen points in a column of a size."""
    return Person(np.stack([np.full(17, float(place)), np.linspace(0, size, 17)], axis=1), np.full(17, .9), track)


def cut_by(tmp_path, segments, frames, *, max_persons=1, **more):
    """What segments make of a recording ``v``: clips by label, and what was listed."""
    (tmp_path / 'v.json').write_text('{}')
    recording = Recording('v', 'coco17', frames=frames, **{'fps': 30., **more})
    settings = ImportSettings(segments=tuple(Segment(('v', ), *where, place='line 2', **said) for where, said in segments),
                              max_persons=max_persons)
    clips, problems = cut_all([Item(recording, Source(tmp_path / 'v.json'))], settings)
    return {clip.recording.label: clip.recording for clip in clips}, problems


def test_a_segment_names_the_person_whom_it_is_of(tmp_path):
    """By the file's identities, not the main person of the recording; two of one stretch are two clips."""
    frames = [[somebody(100, 1), somebody(400, 2, size=120.)] for _ in range(40)]
    both = [((0, 9, True), dict(label='wave', person='1')), ((0, 9, True), dict(label='sit', person='2'))]
    clips, problems = cut_by(tmp_path, both, frames)
    assert not problems and {label: clip.keypoint[0, 0, 0, 0] for label, clip in clips.items()} == dict(wave=100, sit=400)
    assert [(clip.subject, len(clip.keypoint)) for clip in clips.values()] == [('1', 1), ('2', 1)]
    clips, problems = cut_by(tmp_path, [*both, ((10, 19, True), dict(label='lie', person='3'))], frames)
    assert set(clips) == {'wave', 'sit'} and "person '3' is not there in these frames; there are 1, 2" in problems[0]


def test_segments_of_several_people_do_not_all_get_the_main_person(tmp_path):
    frames = [[somebody(100, 1), somebody(400, 2, size=120.)] for _ in range(20)] + [[somebody(400, 2, size=120.)]] * 20
    segments = [((0, 9, True), dict(label='wave', subject='Ada')), ((5, 14, True), dict(label='sit', subject='Bo')),
                ((20, 29, True), dict(label='lie', subject='Bo'))]
    clips, problems = cut_by(tmp_path, segments, frames)
    assert set(clips) == {'lie'} and len(problems) == 2  # there only one is in the picture
    assert 'its segments are of Ada, Bo, and more persons are there than are kept: a column person says which is meant; ' in problems[0]
    assert problems[0].endswith('the file calls them 1, 2')
    assert set(cut_by(tmp_path, segments, frames, max_persons=2)[0]) == {'wave', 'sit', 'lie'}
    named = [(where, dict(said, person='P1')) for where, said in segments[:1]]  # a name that the file does not use
    assert set(cut_by(tmp_path, named, frames)[0]) == {'wave'}


def test_who_is_meant_is_found_in_each_segment(tmp_path):
    """The main person of a long recording may be in none of a segment's frames."""
    frames = [[somebody(100 + .1 * time, 1 if time < 140 else 3)] for time in range(300)]
    clips, problems = cut_by(tmp_path, [((0, 99, True), dict(label='a')), ((100, 179, True), dict(label='b'))], frames)
    assert not problems and np.isfinite(clips['a'].keypoint).all() and np.isfinite(clips['b'].keypoint).all()
    assert any('identities that begin where another has just ended' in note for note in clips['b'].notes)


def test_frames_of_a_segment_are_numbered_as_the_file_numbers_them(tmp_path):
    """Also where every second frame of the video was estimated, and nobody is there at the segment's beginning."""
    ids = np.array([time for time in range(0, 600, 2) if not 100 <= time < 110])
    segments = [((100, 199, True), dict(label='a')), ((10., 12.), dict(label='b'))]
    clips, _ = cut_by(tmp_path, segments, [[somebody(time)] for time in ids], frame_ids=ids)
    keypoint = clips['a'].keypoint[0, :, 0, 0]
    assert np.isnan(keypoint[:5]).all() and keypoint[5:].tolist() == list(range(110, 200, 2)) and clips['a'].fps == 15
    assert clips['b'].keypoint[0, :, 0, 0].tolist() == list(range(300, 360, 2)) and clips['b'].frame_ids.tolist() == list(range(150, 180))


def test_shares_keep_the_clips_of_a_recording_together(tmp_path, write):
    """Where nobody says whose they are, clips that were cut out of one video must not be trained on and tested."""
    table = tmp_path / 'segments.csv'
    lines = ['clip,start,end,label']
    for number in range(4):
        write(f'v{number}.json', toy(frames=150))
        lines += [f'v{number},{start},{start + 1},{label}' for start, label in enumerate(['a', 'b', 'a', 'b', 'a'])]
    table.write_text('\n'.join(lines))
    segments = tuple(read_segments(table))
    for split_by in ('subject', 'id'):
        found = done(tmp_path, segments=segments, split='train=50%;test=50%', split_by=split_by)
        parts = [{name.split('_')[0] for name in names} for names in found.annotation['split'].values()]
        assert len(parts[0]) == len(parts[1]) == 2 and not parts[0] & parts[1]
        assert found.notes[f'no {split_by} is known by which --split could place them: clips of one recording stay in one split, '
                           'nothing else does'] == 20
    whole = done(tmp_path, split='train=50%;test=50%')
    assert not any('--split' in note for note in whole.notes)
    with pytest.raises(ValueError, match='1 groups'):
        done(tmp_path, segments=segments[:5], split='train=50%;test=50%')


def test_segments_take_recordings_whole_whose_files_say_classes(tmp_path):
    """A table of segments names the file; that a column of it says classes too must not give its recordings other names."""
    from tests.test_datasets.test_readers.test_table_times import a_table
    a_table(tmp_path / 'in' / 'v.csv', ['frame', 'action'], [[frame, 'walk' if frame < 30 else 'sit'] for frame in range(60)])
    assert [clip['frame_dir'] for clip in done(tmp_path).annotation['annotations']] == ['v_000', 'v_001']
    found = done(tmp_path, segments=(Segment(('v', ), 10, 49, True, label='crawl'), ))
    assert [clip['frame_dir'] for clip in found.annotation['annotations']] == ['v_10-49']
    assert found.annotation['metainfo']['classes'] == ['crawl']


@pytest.mark.parametrize('write, usual', [(wham, 'y'), (aistpp, 'y'), (prox, '-y')])
@pytest.mark.parametrize('up', ['y', '-y', 'z'])
def test_the_axis_that_the_user_says_points_up_in_files_of_poses(tmp_path, write, usual, up):
    write(tmp_path / 'walk', path())

    def read(said):
        found = import_files([tmp_path], ImportSettings(read=ReadOptions(fps=20., up=said), path_scale='1', unlabelled=True))
        return found.annotation['annotations'][0], found.notes

    (clip, notes), (other, _) = read(None), read(up)
    # what stood upright in the axes of the format, as it stands if another axis of the file points up
    expected = to_y_up(up) @ to_y_up(usual).T
    turns = [Rotation.from_rotvec(found['pose'][0, :, 0]).as_matrix() for found in (clip, other)]
    np.testing.assert_allclose(turns[1], expected @ turns[0], atol=1e-6)
    ways = [found['transl'][0, -1] - found['transl'][0, 0] for found in (clip, other)]
    np.testing.assert_allclose(ways[1], ways[0] @ expected.T, atol=1e-5)
    assert not any('--up' in note for note in notes)


@pytest.mark.parametrize('turn, where', [([np.pi, 0, 0], 'below'), ([np.pi / 2, 0, 0], 'beside')])
def test_poses_whose_head_is_not_above_the_feet_are_told_of(tmp_path, turn, where):
    poses = pose()
    poses[:, 0] = (Rotation.from_rotvec(turn) * Rotation.from_rotvec(poses[:, 0])).as_rotvec()
    wham(tmp_path / 'walk', path(), poses)
    told = {up: [note for note in import_files([tmp_path], ImportSettings(read=ReadOptions(fps=20., up=up), unlabelled=True)).notes
                 if 'the head is' in note] for up in (None, 'y')}
    assert told['y'] == [] and told[None][0].startswith(f'the head is {where} the feet on average') and '--up' in told[None][0]
