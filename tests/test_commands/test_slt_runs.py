"""Both stages of SLT from one config: one command trains them, and going on is in the right stage."""

import numpy as np
import pytest
import torch

from mmagenc.commands import train as command
from mmagenc.datasets import save_annotation
from mmagenc.evaluation.checkpoints import load_checkpoint
from tests.commands import main
from tests.runs import forget_runs

CONFIG = """
_base_ = '{root}/configs/slt/slt-small_1xb16_nw-ucla-32f.py'
num_frames = 6
model = dict(num_frames=num_frames, num_classes=2, hidden_dim=4, wide_dim=8, pose_batch=4, n_critic=2, pose_steps=3)
_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames), dict(type='PackMotionInputs')]
train_dataloader = dict(batch_size=4, dataset=dict(ann_file='{folder}/clips.npz', pipeline=_pipeline))
test_dataloader = dict(dataset=dict(ann_file='{folder}/clips.npz', pipeline=_pipeline))
default_hooks = dict(checkpoint=dict(interval=1, max_keep_ckpts=9), samples=None)
train_cfg = dict(max_epochs={{epochs}})
"""


def weights(checkpoint):
    """The last step's, which lie in the place of the averages; these are the checkpoint's own."""
    last = {name.removeprefix('module.'): value for name, value in checkpoint['ema_state_dict'].items() if name.startswith('module.')}
    assert set(last) == set(checkpoint['state_dict'])
    assert any(not torch.equal(value, checkpoint['state_dict'][name]) for name, value in last.items())
    return last


@pytest.fixture
def train(tmp_path, request):
    rng = np.random.default_rng(0)
    clips = [dict(frame_dir=f'c{i}', label=i % 2, total_frames=9, keypoint=rng.normal(i % 2, 1, (1, 9, 20, 3)).astype(np.float32))
             for i in range(8)]
    names = [clip['frame_dir'] for clip in clips]
    save_annotation(dict(split=dict(train=names, test=names), metainfo=dict(classes=['a', 'b'], skeleton='ucla20'), annotations=clips),
                    tmp_path / 'clips.npz')
    text = CONFIG.format(root=request.config.rootpath, folder=tmp_path)

    def run(folder, epochs, *options):
        forget_runs()
        (tmp_path / 'slt.py').write_text(text.format(epochs=epochs))
        main(command, [str(tmp_path / 'slt.py'), '--work-dir', str(tmp_path / folder), *options])
        return [load_checkpoint(tmp_path / folder / f'epoch_{epoch}.pth') for epoch in range(1, epochs + 1)]

    return run


def test_one_command_for_both_stages_and_going_on_in_each(train):
    """Two batches an epoch, of which three are the first stage's: the second begins within the second epoch. A run that was stopped after
    the first or the second epoch ends as one that was not."""
    made = train('whole', 3)
    whole = [weights(checkpoint) for checkpoint in made]
    assert [int(state['steps']) for state in whole] == [2, 4, 6]
    same = [{name.split('.')[0] for name in whole[0] if torch.equal(whole[first][name], whole[first + 1][name])
             and name.endswith(('weight', 'weight_ih_l0'))} for first in (0, 1)]
    assert 'decoder' not in same[0] and same[1] == {'decoder', 'pose_critic'}
    train('stopped', 1)
    train('stopped', 2, '--resume')
    resumed = train('stopped', 3, '--resume')[-1]
    for name, value in whole[-1].items():
        assert torch.equal(value, weights(resumed)[name]), name
    for name, value in made[-1]['state_dict'].items():  # the averages
        assert torch.equal(value, resumed['state_dict'][name]), name
