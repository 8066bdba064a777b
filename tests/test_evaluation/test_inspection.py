import numpy as np
import pytest

from mmagenc.datasets.third_coordinate import body_size
from mmagenc.evaluation.inspection import inspect_annotation
from mmagenc.evaluation.metrics.clips import format_table
from mmagenc.skeletons import SKELETONS

SKELETON = SKELETONS['coco17']


def walking(frames=40, seed=0, speed=3.):
    """A body of spread-out points in pixels whose limbs swing."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(100, 400, (17, 2))
    swing = np.sin(np.arange(frames) / 5 + seed)[:, None, None] * rng.uniform(-1, 1, (17, 2)) * 10 * speed
    return (places + swing)[None].astype(np.float32)


def clip(name, label=0, subject='s1', keypoint=None, **more):
    keypoint = walking(seed=abs(hash(name)) % 1000 if keypoint is None else 0) if keypoint is None else keypoint
    return dict(frame_dir=name, label=label, total_frames=keypoint.shape[1], keypoint=keypoint, subject=subject,
                keypoint_score=np.ones(keypoint.shape[:3], np.float32), source='real', **more)


def annotation(*clips, classes=('crawl', 'roll'), split=None, **metainfo):
    return dict(split=split or dict(train=[item['frame_dir'] for item in clips]), annotations=list(clips),
                metainfo=dict(classes=list(classes), skeleton='coco17', fps=30, **metainfo))


def named(number, seed=0, **more):
    return clip(f'c{number}', keypoint=walking(seed=number + seed), **more)


def reasons(found):
    return {(doubt.name, doubt.reason.split(' (')[0]) for doubt in found.doubts}


def test_a_good_file_raises_no_doubt():
    found = inspect_annotation(annotation(*(named(number, label=number % 2) for number in range(6))))
    assert found.doubts == [] and found.warnings == []
    assert found.facts['clips'] == '6' and found.facts['layout'] == 'coco17' and found.facts['frames a second'] == '30'
    assert [(row['class'], row['clips'], row['subjects']) for row in found.classes] == [('crawl', 3, 1), ('roll', 3, 1)]
    assert found.clips[0].seconds == pytest.approx(40 / 30) and found.clips[0].missing == 0 and found.clips[0].score == 1


def test_doubtful_clips_are_named_with_the_reason():
    still = np.repeat(walking(1, seed=50), 40, axis=1)
    jump = walking(seed=51)
    jump[:, 20:] += 2000
    few, twice = walking(5, seed=52), walking(seed=3)
    clips = [named(number, label=0) for number in range(6)]
    clips += [clip('still', keypoint=still), clip('jump', keypoint=jump), clip('few', keypoint=few), clip('twin', keypoint=twice)]
    unsure, gone = named(60), named(61)
    unsure['keypoint_score'][:] = 0.1
    gone['keypoint_score'][:, ::2] = 0
    gone['keypoint_score'][:, 1, :5] = 0
    found = inspect_annotation(annotation(*clips, dict(unsure, frame_dir='unsure'), dict(gone, frame_dir='gone'), classes=['crawl']))
    said = reasons(found)
    assert ('still', 'it stands still') in said and ('few', '5 frames are too few to recognize much') in said
    assert any(name == 'jump' and 'jumps by' in reason for name, reason in said)
    assert ('twin', 'the same motion as c3') in said and ('unsure', 'the estimator is not sure') in said
    assert ('gone', '51% of its points have no place') in said
    assert {name for name, _ in said} == {'still', 'jump', 'few', 'twin', 'unsure', 'gone'}


def test_trembling_is_not_called_standing_still():
    trembling = np.repeat(walking(1, seed=7), 60, axis=1) + np.random.default_rng(0).normal(0, 30, (1, 60, 17, 2)).astype(np.float32)
    found = inspect_annotation(annotation(*(named(number) for number in range(4)), clip('shaky', keypoint=trembling), classes=['crawl']))
    assert not any(reason.startswith('it stands still') for name, reason in reasons(found) if name == 'shaky')


def test_leaks_between_splits_are_warned_of():
    clips = [named(number, subject='s1' if number < 3 else 's2') for number in range(6)]
    clips.append(dict(clips[0], frame_dir='copy'))
    split = dict(train=['c0', 'c1', 'c3'], test=['c2', 'c4', 'c5', 'copy'])
    warnings = inspect_annotation(annotation(*clips, classes=['crawl'], split=split)).warnings
    assert '2 subjects of train are in test too: s1, s2' in warnings
    assert '1 clips of test are copies of clips of train, such as copy' in warnings


def test_nested_splits_are_no_leak():
    clips = [named(number, subject=f's{number}') for number in range(4)]
    split = dict(train=['c0'], val=['c1'], trainval=['c0', 'c1'], test=['c2', 'c3'])
    assert inspect_annotation(annotation(*clips, classes=['crawl'], split=split)).warnings == []


def test_a_clip_in_two_splits_is_warned_of():
    clips = [named(number, subject=f's{number}') for number in range(4)]
    split = dict(train=['c0', 'c1'], test=['c1', 'c2', 'c3'])
    assert any('1 clips are in more than one split, such as c1' in warning
               for warning in inspect_annotation(annotation(*clips, classes=['crawl'], split=split)).warnings)


def leaks(split, clips):
    told = inspect_annotation(annotation(*clips, classes=['crawl'], split=split)).warnings
    return [text for text in told if ' are in ' in text or ' are copies of ' in text]


def two_people():
    """Of each two clips, and a copy of the first beside whom an empty person stands."""
    clips = [named(number, subject=number % 2) for number in range(4)]
    padded = dict(clips[0], frame_dir='copy', **{key: np.concatenate([clips[0][key], 0 * clips[0][key]])
                                                 for key in ('keypoint', 'keypoint_score')})
    return [*clips, padded]


@pytest.mark.parametrize('one, other', [
    ('xsub_train', 'xsub_val'), ('xset_train', 'xset_val'), ('training', 'testing'), ('train1', 'test1'), ('val', 'test'), ('train', 'val')
])
def test_leaks_are_seen_under_any_names(one, other):
    said = [f'2 subjects of {one} are in {other} too: 0, 1', f'1 clips of {other} are copies of clips of {one}, such as copy']
    assert leaks({other: ['c2', 'c3', 'copy'], one: ['c0', 'c1']}, two_people()) == said


def test_leaks_between_splits_whose_names_say_nothing():
    assert leaks(dict(fold1=['c0', 'c1'], fold2=['c2', 'copy']), two_people()) == [
        '1 subjects of fold1 are in fold2 too: 0', '1 clips of fold2 are copies of clips of fold1, such as copy']


def test_one_set_divided_in_two_ways_is_no_leak():
    clips = two_people()[:4]
    ways = dict(xsub_train=['c0', 'c2'], xsub_val=['c1', 'c3'], xview_train=['c0', 'c1'], xview_val=['c2', 'c3'])
    assert leaks(ways, clips) == ['2 subjects of xview_train are in xview_val too: 0, 1']
    assert leaks(dict(xsub_train=['c0', 'c1'], xsub_val=['c1', 'c3']), clips) == [
        '1 subjects of xsub_train are in xsub_val too: 1', '1 clips of xsub_val are in xsub_train too, such as c1',
        '1 clips are in more than one split, such as c1']


def test_classes_without_clips_labels_and_rates():
    clips = [named(0), named(1, label=2), dict(named(2), label=-1)]
    broken = annotation(*clips, classes=('crawl', 'roll', 'sit'))
    del broken['metainfo']['fps']
    warnings = inspect_annotation(broken).warnings
    assert '1 clips have no label' in warnings and 'classes without a clip: roll' in warnings
    assert 'classes with a single clip: crawl, sit' in warnings and any('frame rate is not known' in warning for warning in warnings)


def test_a_size_apart_in_space():
    def solid(scale, seed):
        flat = walking(seed=seed)
        return np.concatenate([flat, flat[..., :1] * 0.3], axis=-1) * np.float32(scale / 400)

    clips = [clip(f'c{number}', keypoint=solid(1 + 0.01 * number, number)) for number in range(8)]
    clips.append(clip('millimetres', keypoint=solid(1000, 20)))
    found = inspect_annotation(annotation(*clips, classes=['crawl'], up='y'))
    assert any(doubt.name == 'millimetres' and 'others are' in doubt.reason for doubt in found.doubts)


@pytest.mark.parametrize('length, coordinates, warning', [
    (1.56, 'x, y, z in metres', None), (156, 'x, y, z, by their size in centimetres (bodies are 156 long)', 'multiply keypoint by 0.01'),
    (1560, 'x, y, z, by their size in millimetres (bodies are 1560 long)', 'multiply keypoint by 0.001'),
    (17, 'x, y, z in a unit that is none of people (bodies are 17 long)', 'no length of people in metres')
])
@pytest.mark.parametrize('layout', [True, False])
def test_the_unit_in_space_is_told_by_the_size_of_bodies(length, coordinates, warning, layout):
    clips = []
    for number in range(4):
        flat = walking(seed=number)
        clips.append(clip(f'c{number}', keypoint=np.concatenate([flat, flat[..., :1] * 0.3], axis=-1)))
    whole = annotation(*clips, classes=['crawl'], up='y')
    if not layout:
        whole['metainfo'].pop('skeleton')
        for item in clips:
            item['keypoint'], item['keypoint_score'] = item['keypoint'][:, :, :11], item['keypoint_score'][:, :, :11]
    sizes = [row.body_length if layout else body_size(item['keypoint']) for item, row in zip(clips, inspect_annotation(whole).clips)]
    for item in clips:
        item['keypoint'] = item['keypoint'] * np.float32(length / np.median(sizes))
    found = inspect_annotation(whole)
    assert found.facts['coordinates'] == coordinates
    said = [text for text in found.warnings if text.startswith('bodies are')]
    assert [warning in text for text in said] == ([True] if warning else [])


def test_small_numbers_are_no_pixels():
    clips = [dict(named(number), keypoint=named(number)['keypoint'] / np.float32(200) - 1) for number in range(4)]
    assert inspect_annotation(annotation(*clips, classes=['crawl'])).facts['coordinates'].startswith('x, y, by their size not in pixels')
    assert inspect_annotation(annotation(named(0), classes=['crawl'])).facts['coordinates'] == 'x, y in pixels'


def test_without_a_layout_the_usual_one_is_taken():
    loose = annotation(named(0), named(1), classes=['crawl'])
    del loose['metainfo']['skeleton']
    found = inspect_annotation(loose)
    assert found.clips[0].speed > 0 and found.facts['layout'] == 'not named'
    assert any('coco17 is taken here' in warning for warning in found.warnings)
    loose['annotations'] = [dict(clip, keypoint=clip['keypoint'][:, :, :9], keypoint_score=clip['keypoint_score'][:, :, :9])
                            for clip in loose['annotations']]
    found = inspect_annotation(loose)
    assert np.isnan(found.clips[0].speed) and any('speeds and bones are not known' in warning for warning in found.warnings)


def test_held_out_clips_within_train_are_no_nested_split():
    clips = [named(number, subject=f's{number}') for number in range(4)]
    split = dict(train=['c0', 'c1', 'c2', 'c3'], test=['c1', 'c2'])
    warnings = inspect_annotation(annotation(*clips, classes=['crawl'], split=split)).warnings
    assert '2 clips of test are in train too, such as c1' in warnings


def test_statues_and_frame_rates():
    still = [clip(f'c{number}', keypoint=np.repeat(walking(1, seed=number), 40, axis=1), fps=rate) for number, rate in enumerate((25, 50))]
    warnings = inspect_annotation(annotation(*still, classes=['crawl'])).warnings
    assert any(warning.startswith('nothing moves in any clip') for warning in warnings)
    assert any(warning.startswith('frame rates differ (25, 50)') for warning in warnings)


@pytest.mark.parametrize('scores', [(0.3, 0.9), None])
def test_a_bystander_is_not_who_is_measured(scores):
    clips = []
    for number in range(4):
        still, actor = np.repeat(walking(1, seed=number + 30), 40, axis=1), walking(seed=number)
        pair = clip(f'c{number}', keypoint=np.concatenate([still, actor]))
        pair['keypoint_score'] *= np.array(scores or (1, 1), np.float32)[:, None, None]
        if scores is None:
            del pair['keypoint_score']
        clips.append(pair)
    found = inspect_annotation(annotation(*clips, classes=['crawl']))
    assert found.warnings == [] and found.doubts == []
    assert found.clips[0].speed == inspect_annotation(annotation(named(0), classes=['crawl'])).clips[0].speed
    assert found.clips[0].persons == 2 and (np.isnan(found.clips[0].score) if scores is None else found.clips[0].score == np.float32(0.9))


def test_a_point_that_is_no_part_of_the_body():
    wrong = named(1)
    wrong['keypoint'][0, 7, 3, 0] = 1e6
    found = inspect_annotation(annotation(named(0), wrong, named(2), classes=['crawl']))
    assert any(doubt.name == 'c1' and doubt.reason.startswith('keypoint 3 lies') and 'frame 7' in doubt.reason for doubt in found.doubts)
    assert any('1 clips have points that lie further' in warning for warning in found.warnings)


def unseen(number, *joints):
    lost = named(number)
    lost['keypoint_score'][..., list(joints)] = 0
    return lost


def test_keypoints_that_no_clip_shows_do_not_hide_the_speeds_of_the_others():
    """Filmed to the knees: bodies are measured by what is seen, and statues are found."""
    statue = dict(unseen(9, 15, 16), frame_dir='statue', keypoint=np.repeat(walking(1, seed=9), 40, axis=1))
    found = inspect_annotation(annotation(*(unseen(number, 15, 16) for number in range(4)), statue, classes=['crawl']))
    assert all(row.speed > 0.02 for row in found.clips[:4]) and ('statue', 'it stands still') in reasons(found)
    assert len(found.warnings) == 1 and found.warnings[0].startswith('no clip shows left_ankle, right_ankle (coco17): a body length')


def test_clips_without_a_speed_are_told_of_with_the_reason():
    found = inspect_annotation(annotation(named(0), unseen(1, 11, 16), unseen(2, 16), classes=['crawl']))
    assert [bool(row.speed > 0) for row in found.clips] == [True, False, False]
    assert found.warnings == ['2 of 3 clips have no speed, as they never show a keypoint that bodies are measured by: c1 (left_hip, '
                              'right_ankle), …']


@pytest.mark.parametrize('names', [['wave', '手を振る', 'e\u0301tirer'], ['歩く', 'サ']])
def test_columns_stand_below_each_other_whatever_the_letters(names):
    """A wide letter takes two cells, a mark on another none; counted here by hand."""
    cells = {'wave': 4, '手を振る': 8, 'e\u0301tirer': 6, '歩く': 4, 'サ': 2}
    lines = format_table([('', 'clips'), *((name, str(10 ** k)) for k, name in enumerate(names))]).splitlines()
    widest = max(cells[name] for name in names)
    for line, name in zip(lines[1:], names):
        assert line.startswith(name) and cells[name] + len(line) - len(name) == widest + 2 + 5
