"""``mmagenc import-nw-ucla`` on made-up clips."""

import json

import numpy as np
import pytest

from mmagenc.commands import import_nw_ucla
from mmagenc.datasets.annotation import load_annotation
from tests.commands import main
from tests.test_datasets.test_readers.test_nw_ucla import write

TOOL = import_nw_ucla


def test_gaps(tmp_path):
    path = tmp_path / 'a02_s01_e00_v01.json'
    write(tmp_path, path.stem)
    write(tmp_path, 'a02_s09_e00_v01')
    content = json.loads(path.read_text())
    frames = [[[float(frame + joint)] * 3 for joint in range(20)] for frame in range(30)]
    truth = np.array(frames)
    frames[4][7] = frames[5][7] = [float('nan')] * 3
    path.write_text(json.dumps(dict(content, skeletons=frames)))
    args = [str(tmp_path), '--out', str(tmp_path / 'out.npz')]
    with pytest.raises(SystemExit, match='(?s)holds NaN.*--fill-gaps N'):
        main(TOOL, args)
    main(TOOL, [*args, '--fill-gaps', '2'])
    assert np.allclose(load_annotation(tmp_path / 'out.npz')['annotations'][0]['keypoint'][0], truth)


def test_file(tmp_path, capsys):
    for subject in (1, 2):
        for view in (1, 3):
            write(tmp_path, f'a02_s{subject:02d}_e00_v{view:02d}')
    outs = [str(tmp_path / 'out' / name) for name in ('a.npz', 'a.pkl')]
    args = [str(tmp_path), '--val-subjects', '2', '--out', *outs]
    main(TOOL, args)
    for out in outs:
        split = load_annotation(out)['split']
        assert split['train'] == ['a02_s01_e00_v01'] and split['val'] == ['a02_s02_e00_v01'] and len(split['test']) == 2
    assert '4 clips (train 1, val 1, trainval 2, test 2)' in capsys.readouterr().out
    (tmp_path / 'a02_s01_e01_v01.json').write_text('{')
    (tmp_path / 'a02_s01_e02_v01.json').write_text('[' * 100_000)  # deeper than the interpreter's stack
    (tmp_path / 'a02_s01_e03_v01.json').write_bytes(b'')
    for options in ([], ['--skip-broken']):  # as earlier versions had to be told
        main(TOOL, [*args, '--force', *options])
        said = capsys.readouterr()
        assert said.out.startswith('4 clips') and 'left out 3:\n  a02_s01_e01_v01.json: no readable JSON' in said.err
        assert 'a02_s01_e02_v01.json: RecursionError' in said.err and 'a02_s01_e03_v01.json: ' in said.err
    with pytest.raises(SystemExit, match='no NW-UCLA clips'):
        main(TOOL, [str(tmp_path / 'out'), '--out', str(tmp_path / 'new.npz')])
