"""docs/layouts.md: the table is true, and the example of six points runs as it is written."""

import re
import runpy
import sys
from pathlib import Path

from mmagenc.datasets import load_annotation
from mmagenc.skeletons import JOINT_MAPS, SKELETONS

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / 'docs/layouts.md').read_text(encoding='utf-8')


def test_table_of_layouts():
    rows = re.findall(r'^\| `(\w+)` \| (\d+) \| .* \| (\w+), (\w+) \|$', TEXT, re.MULTILINE)
    expected = {(name, skeleton.num_joints, skeleton.joint_names[skeleton.root], skeleton.joint_names[skeleton.center])
                for name, skeleton in SKELETONS.items()}
    assert {(name, int(joints), root, center) for name, joints, root, center in rows} == expected and len(rows) == len(SKELETONS)


def test_maps_that_are_named():
    said = set()
    sentence = re.search(r'where a map is\s+known: (.*?)\.\s+Others', TEXT, re.DOTALL).group(1)
    for part in sentence.split(';'):
        sources, targets = (re.findall(r'`(\w+)`', side) for side in re.split(r'\sto\s', part))
        said |= {(source, target) for source in sources for target in targets}
    assert said == set(JOINT_MAPS)


def test_example_runs(tmp_path, monkeypatch):
    for name, code in re.findall(r'<!-- (\S+) -->\n```python\n(.*?)```', TEXT, re.DOTALL):
        (tmp_path / name).write_text(code)
    shown = re.search(r'```python\n(layout = .*?)```', TEXT, re.DOTALL).group(1)
    assert shown in (tmp_path / 'make_file.py').read_text(), 'the definition that is explained is that of the example'
    commands = re.search(r'```bash\n(python make_file.py\n.*?)```', TEXT, re.DOTALL).group(1).strip().splitlines()
    assert len(commands) == 4
    monkeypatch.chdir(tmp_path)
    for command in commands:
        SKELETONS.pop('dlc6', None)  # as if each ran in a Python of its own
        words = command.split()[1:]
        monkeypatch.setattr(sys, 'argv', words)
        door = ROOT / f'tools/{words[0]}.py'
        runpy.run_path(str(door if command.startswith('mmagenc ') else tmp_path / words[0]), run_name='__main__')
        if command.startswith('mmagenc train'):
            (tmp_path / 'six_points.npz').unlink()  # generating needs no data, not even for the layout's definition
    assert list(tmp_path.glob('work_dirs/visualize/more/*.png'))
    annotation = load_annotation(tmp_path / 'more.npz')
    assert annotation['metainfo']['layouts']['dlc6']['joint_names'][1] == 'hip' and len(annotation['annotations']) == 6
    assert annotation['annotations'][0]['keypoint'].shape == (1, 60, 6, 2)
