"""docs/generators.md: the generator of one file and one config trains, and makes clips, as it is written."""

import re
from pathlib import Path

import numpy as np

from mmagenc.commands import generate, train
from mmagenc.datasets import load_annotation, save_annotation
from mmagenc.registry import MODELS
from tests.commands import main
from tests.runs import forget_runs

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / 'docs/generators.md').read_text(encoding='utf-8')


def test_a_fifth_generator(tmp_path, monkeypatch):
    code = dict(re.findall(r'<!-- (\S+) -->\n```python\n(.*?)```', TEXT, re.DOTALL))
    rng = np.random.default_rng(0)
    clips = [dict(frame_dir=f'c{i}', label=i % 10, total_frames=32, keypoint=rng.normal(i % 10, 1, (1, 32, 20, 3)).astype(np.float32))
             for i in range(20)]
    names = [clip['frame_dir'] for clip in clips]
    meta = dict(classes=[f'class {k}' for k in range(10)], skeleton='ucla20')
    save_annotation(dict(split=dict(train=names, test=names), metainfo=meta, annotations=clips), tmp_path / 'clips.npz')
    (tmp_path / 'linear_vae.py').write_text(code['linear_vae.py'])
    config = code['configs/linear_vae/linear-vae_nw-ucla.py'].replace("'../_base_", f"'{ROOT}/configs/_base_")
    (tmp_path / 'mine.py').write_text(config)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    forget_runs()
    try:
        main(train, ['mine.py', '--work-dir', 'run', '--cfg-options', 'train_dataloader.dataset.ann_file=clips.npz',
                     'test_dataloader.dataset.ann_file=clips.npz', 'train_cfg.max_epochs=1', 'default_hooks.checkpoint.interval=1',
                     'default_hooks.samples=None'])
        (tmp_path / 'clips.npz').unlink()  # generating needs no data
        main(generate, ['mine.py', 'run/epoch_1.pth', '--out', 'made.npz', '--num-samples-per-class', '2'])
    finally:
        MODELS.module_dict.pop('LinearVAE', None)
    made = load_annotation(tmp_path / 'made.npz')['annotations']
    assert len(made) == 20 and made[0]['keypoint'].shape == (1, 32, 20, 3)
    assert all(np.isfinite(clip['keypoint']).all() for clip in made)
