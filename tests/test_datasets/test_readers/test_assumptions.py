"""What importers say about files."""

from mmagenc.datasets.readers.assumptions import Assumption, assumption_lines, doubt_lines, doubtful_words


def clip(name, what='rig a', fps=30., notes=(), **doubts):
    return dict(name=name, assumed=Assumption(what, fps, .8, notes), doubts=doubts)


def test_one_line_for_what_is_the_same():
    clips = [clip('a', notes=('cut', )), clip('b', fps=120., knees='bend sideways'), clip('c', 'rig b')]
    assert assumption_lines(clips) == ['2 files: rig a; legs 0.80 m; 30 to 120 fps; cut (1 files)', '1 file: rig b; legs 0.80 m; 30 fps']
    assert doubt_lines(clips) == ['knees: b: bend sideways']


def test_all_that_is_doubtful_in_a_clip():
    assert doubtful_words(clip('b', knees='bend sideways', jumps='twice')) == 'knees: bend sideways; jumps: twice'


def test_many_files_do_not_flood_the_screen():
    assert len(doubt_lines([clip(str(number), jumps='one') for number in range(30)])) == 11
