"""What importers say about files."""

from mmagenc.datasets.readers.assumptions import Assumption, said_and_checked


def clip(name, what='rig a', fps=30., notes=(), **doubts):
    return dict(name=name, assumed=Assumption(what, fps, .8, notes), doubts=doubts)


def test_one_line_for_what_is_the_same(capsys):
    clips = [clip('a', notes=('cut', )), clip('b', fps=120., knees='bend sideways'), clip('c', 'rig b')]
    assert said_and_checked(clips, strict=False) == (clips, [])
    said = capsys.readouterr()
    assert said.out.splitlines() == ['2 files: rig a; legs 0.80 m; 30 to 120 fps; cut (1 files)', '1 file: rig b; legs 0.80 m; 30 fps']
    assert 'knees: b: bend sideways' in said.err


def test_strict_leaves_out_by_name(capsys):
    clips = [clip('a'), clip('b', knees='bend sideways', jumps='twice')]
    assert said_and_checked(clips, strict=True) == (clips[:1], ['b: knees: bend sideways; jumps: twice'])
    assert capsys.readouterr().err == ''


def test_many_files_do_not_flood_the_screen(capsys):
    said_and_checked([clip(str(number), jumps='one') for number in range(30)], strict=False)
    assert len(capsys.readouterr().err.splitlines()) == 12
