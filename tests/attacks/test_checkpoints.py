"""No reader of checkpoints runs, crashes or takes memory for what a file asks."""

import io
import json
import pickle
import subprocess
import sys
import textwrap
import zipfile

import numpy as np
import pytest
import torch
from mmengine.runner.checkpoint import _load_checkpoint

from mmagenc.evaluation.checkpoints import load_checkpoint
from mmagenc.untrusted import DamagedCheckpointError, checkpoint_problem

from . import gadgets

READ_ALL = """
    import json, resource, sys
    from pathlib import Path
    import mmagenc
    from mmengine.runner.checkpoint import _load_checkpoint
    from mmagenc.evaluation.checkpoints import Ignored, load_checkpoint
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for path in sorted(Path(sys.argv[1]).glob('*.pth')):
        for read in (load_checkpoint, lambda path: _load_checkpoint(str(path), map_location='cpu')):
            try:
                evil = read(path)['evil']
                what = 'Ignored' if isinstance(evil, Ignored) else repr(type(evil))
            except Exception as error:
                what = 'refused'
            print(json.dumps([path.stem, what]), flush=True)
    print(json.dumps(['megabytes', (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024]))
"""


@pytest.mark.parametrize('kind', ['called', 'arrays', 'greedy'])
def test_every_gadget_is_refused_or_passed_over(tmp_path, kind):
    marker, folder = tmp_path / 'ran', tmp_path / 'files'
    folder.mkdir()
    corpus = gadgets.called(marker) if kind == 'called' else getattr(gadgets, kind)()
    corpus.pop('encode other', None)  # PyTorch lets a checkpoint encode a text, which runs nothing
    for name, value in corpus.items():
        data = gadgets.checkpoint_of(value) if isinstance(value, bytes) else gadgets.checkpoint(value)
        (folder / f'{name}.pth').write_bytes(data)
        if not isinstance(value, bytes):
            torch.save(dict(evil=value), folder / f'{name} old.pth', _use_new_zipfile_serialization=False)
    result = subprocess.run([sys.executable, '-c', textwrap.dedent(READ_ALL), str(folder)], capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr[-500:]
    *rows, (_, megabytes) = map(json.loads, (line for line in result.stdout.splitlines() if line.startswith('[')))
    assert len(rows) == 2 * len(list(folder.iterdir()))
    assert [row for row in rows if row[1] not in ('refused', 'Ignored')] == []
    assert megabytes < 400 and not marker.exists()


def test_arrays_come_back_as_numpys_own(tmp_path):
    array = np.arange(6, dtype='f4').reshape(2, 3)
    torch.save(dict(state_dict={}, meta=dict(offsets=array, more=[(array, 'x')], fps=np.float64(30)), names=np.array(['a', 'bc'])),
               tmp_path / 'a.pth')
    for read in (load_checkpoint, lambda path: _load_checkpoint(str(path), map_location='cpu')):
        content = read(tmp_path / 'a.pth')
        for found in (content['meta']['offsets'], content['meta']['more'][0][0]):
            assert type(found) is np.ndarray and found.dtype == array.dtype and np.array_equal(found, array)
        assert content['meta']['fps'] == 30 and content['names'].tolist() == ['a', 'bc']
        assert pickle.dumps(content['meta']['offsets']) == pickle.dumps(array)


class TestProblems:

    @pytest.fixture
    def whole(self, tmp_path):
        torch.save(dict(state_dict=dict(weight=torch.arange(1000.))), tmp_path / 'a.pth')
        assert checkpoint_problem(tmp_path / 'a.pth') is None
        return tmp_path / 'a.pth'

    def test_changed_bytes(self, whole):
        """PyTorch loads them as weights."""
        data = bytearray(whole.read_bytes())
        place = data.index(torch.arange(1000.).numpy().tobytes()) + 400
        data[place:place + 64] = b'\x7f' * 64
        whole.write_bytes(data)
        assert torch.load(whole, weights_only=True)['state_dict']['weight'].shape == (1000, )
        assert 'checksum of a/data/0 differs' in checkpoint_problem(whole)
        with pytest.raises(DamagedCheckpointError, match='checksum'):
            load_checkpoint(whole)
        with pytest.raises(DamagedCheckpointError, match='checksum'):
            _load_checkpoint(str(whole), map_location='cpu')

    @pytest.mark.parametrize('share', [0.1, 0.5, 0.99])
    def test_cut(self, whole, share):
        data = whole.read_bytes()
        whole.write_bytes(data[:int(share * len(data))])
        assert checkpoint_problem(whole) == 'the archive is cut short'

    def test_empty_and_missing(self, whole):
        whole.write_bytes(b'')
        assert checkpoint_problem(whole) == 'the file is empty'
        whole.unlink()
        assert checkpoint_problem(whole) == 'no such file'

    def test_inflating(self, whole):
        file = io.BytesIO()
        with zipfile.ZipFile(whole) as source, zipfile.ZipFile(file, 'w', zipfile.ZIP_DEFLATED) as target:
            for member in source.infolist():
                target.writestr(member.filename, b'\0' * 10**6)
        whole.write_bytes(file.getvalue())
        assert 'is larger than it lies in the file' in checkpoint_problem(whole)

    def test_the_format_before_zip_has_no_checksums(self, tmp_path):
        torch.save(dict(weight=torch.ones(2)), tmp_path / 'a.pth', _use_new_zipfile_serialization=False)
        assert checkpoint_problem(tmp_path / 'a.pth') is None
