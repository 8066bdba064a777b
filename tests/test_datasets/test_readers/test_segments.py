"""Tables, ELAN and BORIS as they are written, and the clips that are cut by them."""

import numpy as np
import pytest

from mmagenc.datasets.readers.registry import Person, Recording
from mmagenc.datasets.readers.segments import Segment, assign, cut, read_segments, segments_of

EAF = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2020-01-01T00:00:00+00:00" FORMAT="3.0" VERSION="3.0">
    <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">
        <MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/Videos/baby07.mp4" MIME_TYPE="video/mp4" RELATIVE_MEDIA_URL="./baby07.mp4"/>
    </HEADER>
    <TIME_ORDER>
        <TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="500"/>
        <TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="1750"/>
        <TIME_SLOT TIME_SLOT_ID="ts3"/>
    </TIME_ORDER>
    <TIER LINGUISTIC_TYPE_REF="default-lt" PARTICIPANT="P07" TIER_ID="Posture">
        <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
            <ANNOTATION_VALUE>sitting</ANNOTATION_VALUE>
        </ALIGNABLE_ANNOTATION></ANNOTATION>
    </TIER>
    <TIER LINGUISTIC_TYPE_REF="ref" PARENT_REF="Posture" TIER_ID="Note">
        <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a2" ANNOTATION_REF="a1"><ANNOTATION_VALUE>propped</ANNOTATION_VALUE></REF_ANNOTATION>
        </ANNOTATION>
    </TIER>
    <TIER LINGUISTIC_TYPE_REF="default-lt" TIER_ID="Empty"/>
</ANNOTATION_DOCUMENT>
"""
AGGREGATED = """Observation id\tObservation date\tDescription\tMedia file\tTotal length\tFPS\tSubject\tBehavior\tBehavioral category\t\
Modifiers\tBehavior type\tStart (s)\tStop (s)\tDuration (s)\tComment start\tComment stop
visit 1\t2021-12-01 10:00:00\t\tT:/Videos/baby07.mp4\t59.96\t25.0\tNo focal subject\tcrawl\t\t\tSTATE\t1.800\t8.125\t6.325\t\t
visit 1\t2021-12-01 10:00:00\t\tT:/Videos/baby07.mp4\t59.96\t25.0\tP07\tfall\t\t\tPOINT\t9.5\t9.5\tNA\t\t
"""
TABULAR = """Observation id\tvisit 1\t\t\t\t\t\t\t
\t\t\t\t\t\t\t\t
Time offset (s)\t0.0\t\t\t\t\t\t\t
Time\tMedia file path\tTotal length\tFPS\tSubject\tBehavior\tBehavioral category\tComment\tStatus
3.300\tbaby07.mp4\t359.960\t25.0\tP07\tcrawl\t\t\tSTART
4.000\tbaby07.mp4\t359.960\t25.0\tP08\tcrawl\t\t\tSTART
7.750\tbaby07.mp4\t359.960\t25.0\tP07\tcrawl\t\t\tSTOP
9.000\tbaby07.mp4\t359.960\t25.0\tP08\tcrawl\t\t\tSTOP
"""


def read(tmp_path, name, text, **settings):
    path = tmp_path / name
    path.write_text(text, encoding='utf-8')
    return read_segments(path, **settings)


def spans(segments):
    return [(segment.clips[0], segment.start, segment.end, segment.label, segment.subject) for segment in segments]


@pytest.mark.parametrize('name, text', [
    ('a.csv', 'clip,start,end,label,subject\nb/c.mp4,1.5,62.25,crawl,P1\nd,,,sit,\n'),
    ('a.csv', 'Label;Subject;Video;Start (s);Stop_s\ncrawl;P1;b/c.mp4;1,5;0:01:02,25\nsit;;d;;\n'),
    ('a.csv', 'Infant_ID;Recording;Action label;Begin;End\nP1;b/c.mp4;crawl;1,5;62,25\n;d;sit;;\n'),
    ('a.tsv', '\ufeffFile Name\tONSET\tEnd Time\tBehaviour\tParticipant\nb/c.mp4\t1.5\t1:02.25\tcrawl\tP1\n\nd\t\t\tsit\n'),
])
def test_tables_however_their_columns_are_called(tmp_path, name, text):
    assert spans(read(tmp_path, name, text)) == [('b/c.mp4', 1.5, 62.25, 'crawl', 'P1'), ('d', None, None, 'sit', None)]


def test_a_table_in_frames_and_one_of_labels_alone(tmp_path):
    first, second = read(tmp_path, 'a.csv', 'clip,start_frame,end_frame,label,split\nc,30,59,sit,train\nc,,,sit,test\n')
    assert first.in_frames and (first.start, first.end, first.split, first.place) == (30, 59, 'train', 'line 2') and not second.in_frames
    assert spans(read(tmp_path, 'b.csv', 'clip,label\nc,sit\n')) == [('c', None, None, 'sit', None)]


def test_elan(tmp_path):
    segment, = read(tmp_path, 'session.eaf', EAF, tier='Posture')
    assert segment.clips == ('baby07.mp4', 'session') and spans([segment]) == [('baby07.mp4', .5, 1.75, 'sitting', 'P07')]
    assert spans(read(tmp_path, 'session.eaf', EAF, tier='Note')) == [('baby07.mp4', .5, 1.75, 'propped', None)]
    late = EAF.replace('MIME_TYPE', 'TIME_ORIGIN="2000" MIME_TYPE')
    assert spans(read(tmp_path, 'session.eaf', late, tier='Posture'))[0][1:3] == (2.5, 3.75)


@pytest.mark.parametrize('text, tier', [
    ('Posture\tP07\t00:00:00.500\t0.5\t00:00:01.750\t1.75\t00:00:01.250\t1.25\tsitting\nOther\t\t00:00:00.000\t0.0\t00:00:01.000\t1.0\t'
     '00:00:01.000\t1.0\tx\n', 'Posture'),
    ('"#file:///C:/Videos/session.eaf"\nPosture\tP07\t500\t1750\t1250\tsitting\n', None),
    ('Tier\tParticipant\tBegin Time - ss.msec\tEnd Time - ss.msec\tDuration - ss.msec\tAnnotation\n'
     'Posture\tP07\t0.5\t1.75\t1.25\tsitting\n', None),
    ('Begin Time - msec\tEnd Time - msec\tPosture\tNote\n500\t1750\tsitting\t\n1750\t1800\t\tx\n', 'Posture'),
])
def test_elan_tab_separated(tmp_path, text, tier):
    got = spans(read(tmp_path, 'session.txt', text, tier=tier))
    assert [span[:4] for span in got] == [('session', .5, 1.75, 'sitting')] and got[0][4] in ('P07', None)


def test_boris_aggregated_and_tabular(tmp_path):
    segments = read(tmp_path, 'a.tsv', AGGREGATED)
    assert spans(segments) == [('T:/Videos/baby07.mp4', 1.8, 8.125, 'crawl', None), ('T:/Videos/baby07.mp4', 9.5, 9.5, 'fall', 'P07')]
    assert spans(read(tmp_path, 'a.tsv', TABULAR)) == [('baby07.mp4', 3.3, 7.75, 'crawl', 'P07'), ('baby07.mp4', 4, 9, 'crawl', 'P08')]
    assert spans(read(tmp_path, 'a.csv', TABULAR.replace('\t', ','))) == spans(read(tmp_path, 'a.tsv', TABULAR))


@pytest.mark.parametrize('name, text, says', [
    ('a.csv', 'clip,start,end,label\nc,1,x,sit\n', "line 2: end must be seconds, or hours:minutes:seconds, got 'x'"),
    ('a.csv', 'clip,start,end,label\nc,3,1,sit\n', 'line 2: ends at 1, before it starts, at 3'),
    ('a.csv', 'clip,start,end,label\n,1,3,sit\n', 'line 2: clip is empty'),
    ('a.csv', 'clip,start,end,label\nc,1,3,sit,P1\n', 'line 2: 5 cells, the header has 4'),
    ('a.csv', 'clip,start,start_frame,end_frame\nc,1,3,4\n', 'in seconds and in frames'),
    ('a.csv', 'clip,start_frame,end_frame\nc,1.5,3\n', "start_frame must be the number of a frame, got '1.5'"),
    ('a.csv', 'start,end\n1,2\n', 'no column says which recording'), ('a.csv', 'x,y\n1,2\n', 'no header with columns clip'),
    ('a.csv', '', 'no rows'), ('a.xlsx', 'x', 'save the sheet as CSV'), ('a.boris', '{}', 'aggregated events'),
    ('a.eaf', EAF, 'which tier: there are Posture, Note'),
    ('a.eaf', EAF.replace('<ANN', '<!DOCTYPE x [<!ENTITY a "aa">]><ANN', 1), 'defines its own entities'),
    ('a.eaf', EAF[:700], 'no whole XML'),
    ('a.tsv', TABULAR.replace('offset (s)\t0.0', 'offset (s)\t3.5'), 'time offset of 3.5 s'),
    ('a.tsv', TABULAR.replace('\tSTOP', '\tSTART'), 'line 7: crawl starts again, it started in line 5'),
    ('a.tsv', TABULAR.replace('\tSTART', '\tSTOP', 1), 'line 5: crawl stops and did not start'),
    ('a.tsv', TABULAR.rsplit('\n', 2)[0], 'line 6: crawl starts and does not stop'),
    ('a.tsv', AGGREGATED.replace('baby07', 'baby08', 1), 'several videos on end'),
])
def test_refusals(tmp_path, name, text, says):
    with pytest.raises(ValueError, match=r'a\.\w+: .*' + says.replace('(', r'\(')):
        read(tmp_path, name, text)


def test_a_tier_without_times_and_no_such_tier(tmp_path):
    with pytest.raises(ValueError, match='tier Posture, annotation a1: has no time'):
        read(tmp_path, 'a.eaf', EAF.replace('REF2="ts2"', 'REF2="ts3"'), tier='Posture')
    with pytest.raises(ValueError, match="no tier 'Empty' with annotations: there are Posture, Note"):
        read(tmp_path, 'a.eaf', EAF, tier='Empty')
    with pytest.raises(FileNotFoundError):
        read_segments(tmp_path / 'none.csv')


def test_recordings_are_named_with_or_without_folder_and_suffix():
    named = ('clip1', 'b/Clip1.MP4', r'C:\videos\b\clip1.avi', 'file:///x/a/b/clip1.mp4', '/other/clip1.mov', 'clip10', 'c/clip1', 'clip')
    segments = [Segment((name, )) for name in named]
    assert segments_of('b/clip1', segments) == segments[:5] and segments_of('clip1', segments) == [*segments[:5], segments[6]]


def test_each_segment_has_one_recording_or_is_listed():
    names = ['a/clip1', 'b/clip1', 'c/clip2.take1']
    given = ['clip1.mp4', '/videos/b/clip1.mp4', 'x', '/videos/d/clip2.take1.avi', 'a/clip2.take1']
    assigned, problems = assign(names, [Segment((name, ), place=f'line {number}') for number, name in enumerate(given, start=2)])
    assert {name: [segment.place for segment in its] for name, its in assigned.items()} == {
        'a/clip1': [], 'b/clip1': ['line 3'], 'c/clip2.take1': ['line 5']}
    assert problems == ['line 2: clip1.mp4 is the name of 2 recordings (a/clip1, b/clip1); name its folder',
                        'line 4: x is the name of no recording', 'line 6: a/clip2.take1 is the name of no recording']


def recording(frames=100, **more) -> Recording:
    places = np.arange(frames, dtype=float)
    return Recording('a/clip', 'coco17', keypoint=np.tile(places[None, :, None, None], (1, 1, 17, 2)),
                     keypoint_score=np.ones((1, frames, 17)), **{'fps': 10., 'label': 'file', **more})


def test_what_is_cut():
    segments = [Segment(('clip', ), 1., 2., label='sit', subject='P1', split='val'), Segment(('clip', ), 30, 39, True, label='crawl'),
                Segment(('clip', ), None, .5), Segment(('clip', ), 9.5, None), Segment(('other', ), 1., 2.), Segment(('clip', ))]
    clips = [clip for _, clip in cut(recording(), segments)]
    assert [clip.name for clip in clips] == ['a/clip_10-19', 'a/clip_30-39', 'a/clip_0-4', 'a/clip_95-99', 'a/clip']
    assert clips[0].keypoint[0, :, 0, 0].tolist() == list(range(10, 20)) and clips[0].keypoint_score.shape == (1, 10, 17)
    assert (clips[0].label, clips[0].subject, clips[0].split) == ('sit', 'P1', 'val') and clips[2].label == 'file'
    assert clips[1].frame_ids.tolist() == list(range(30, 40)) and clips[4].keypoint.shape[1] == 100


def test_frames_are_counted_as_the_recording_numbers_them():
    frames = [[Person(np.full((17, 2), float(number)))] for number in (5, 6, 8, 9)]
    (_, clip), = cut(Recording('clip', 'coco17', frames=frames, frame_ids=np.array([5, 6, 8, 9]), fps=10.), [Segment(('clip', ), .6, .9)])
    assert clip.name == 'clip_6-8' and [frame[0].keypoint[0, 0] for frame in clip.frames] == [6, 8] and clip.frame_ids.tolist() == [6, 8]


def test_what_cannot_be_cut_is_listed_and_the_rest_is_cut():
    segments = [Segment(('clip', ), 20., 30., label='sit', place='line 2'), Segment(('clip', ), 1., 1., label='fall', place='line 3'),
                Segment(('clip', ), 1., 2., label='sit', place='line 4'), Segment(('clip', ), 1., 2., label='crawl', place='line 5'),
                Segment(('clip', ), 1., 2., subject='P2', place='line 6'), Segment(('clip', ), 8., 10.5, place='line 7')]
    problems = []
    clips = [clip for _, clip in cut(recording(), segments, problems)]
    assert problems == ['line 2: a/clip, sit from 20 to 30 s: lies outside of the recording, frames 0 to 99, 0 to 10 s',
                        'line 3: a/clip, fall from 1 to 1 s: has no frame',
                        'line 5: a/clip, crawl from 1 to 2 s: the frames 10 to 19 are a clip already']
    assert [clip.name for clip in clips] == ['a/clip_10-19', 'a/clip_10-19_P2', 'a/clip_80-99']
    assert clips[2].notes == ('a segment goes beyond its recording, and is cut to it', )
    with pytest.raises(ValueError, match='line 2: .*does not say its frame rate, give --source-fps'):
        cut(recording(fps=None), segments)


@pytest.mark.parametrize('header, row, start, end', [
    ('start_time_s,end_time_s', '1,2', 1, 2), ('from,to', '1,2', 1, 2), ('start_ms,end_ms', '1000,2500', 1, 2.5),
    ('start (ms),end (ms)', '500,2000', .5, 2), ('start,duration', '1.5,2', 1.5, 3.5), ('onset,offset', '1,2', 1, 2),
    ('Onset_sec,Duration_ms', '1,250', 1, 1.25), ('start (hh:mm:ss),stop (hh:mm:ss)', '0:00:01,0:01:02', 1, 62),
    ('start,end,start_ms,end_ms', '1,2,1000,2000', 1, 2), ('start,duration,end', '1,3,4', 1, 4), ('duration', '7', None, None),
    ('n_frames', '7', None, None),
])
def test_times_by_whatever_name_and_unit(tmp_path, header, row, start, end):
    segment, = read(tmp_path, 'a.csv', f'clip,{header},label\nv,{row},crawl\n')
    assert (segment.start, segment.end, segment.in_frames, segment.label) == (start, end, False, 'crawl')


@pytest.mark.parametrize('header', ['frame_start,frame_end', 'First frame,last frame',
                                    'Start Frame,Duration (frames)', 'from_frame,to frame'])
def test_frames_by_whatever_name(tmp_path, header):
    segment, = read(tmp_path, 'a.csv', f'clip,{header},label\nv,30,{30 if "Dur" in header else 59},crawl\n')
    assert (segment.start, segment.end, segment.in_frames) == (30, 59, True)


@pytest.mark.parametrize('header', ['start_mark,end_mark', 'start,end_mark', 'event begin,event stop', 'start_mark,label2'])
def test_a_column_that_seems_to_be_a_time_is_not_passed_over(tmp_path, header):
    """All of the recording would have the label of a part of it."""
    with pytest.raises(ValueError, match=r"a\.csv: the column '\w+ \w+' seems to say when a segment begins or ends, .* accepted are start"):
        read(tmp_path, 'a.csv', f'clip,{header},label\nv,1,2,crawl\n')


def test_boris_offsets_are_refused_wherever_they_stand(tmp_path):
    """Above the events or in a column: times with an offset are not those of the video."""
    header, *rows = AGGREGATED.splitlines()
    text = '\n'.join([f'{header}\tTime offset (s)', *(f'{row}\t5.0' for row in rows)]) + '\n'
    with pytest.raises(ValueError, match='line 2: the observation has a time offset of 5.0 s'):
        read(tmp_path, 'a.tsv', text)
    assert spans(read(tmp_path, 'a.tsv', text.replace('\t5.0', '\t0.0'))) == spans(read(tmp_path, 'a.tsv', AGGREGATED))


@pytest.mark.parametrize('column', ['fps', 'Frame rate', 'source_fps'])
def test_frame_rates_that_differ_are_refused(tmp_path, column):
    """They were passed over, and one --source-fps was taken for all: motions of other speeds, without a word."""
    (tmp_path / 'a.csv').write_text(f'clip,label,{column}\na,walk,15\nb,walk,30\nc,run,\n')
    with pytest.raises(ValueError, match=r"a\.csv: the column '.*' says several frame rates \(15, 30\), .* import the recordings of each"):
        read_segments(tmp_path / 'a.csv')
    (tmp_path / 'a.csv').write_text(f'clip,label,{column}\na,walk,15\nb,walk,15\nc,run,\n')
    assert [segment.label for segment in read_segments(tmp_path / 'a.csv')] == ['walk', 'walk', 'run']
