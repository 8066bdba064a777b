"""The small config of the pose-to-image network by the tools: trained, interrupted and gone on with, tested, drawn."""

import pytest
import torch

from mmagenc.commands import predict_frames, test, train
from mmagenc.evaluation.functional import image_error
from tests.commands import main
from tests.image_sequences import write_sequences
from tests.runs import forget_runs

CONFIG = 'configs/p2i/p2i-small_1xb8-12e_sequences-64.py'
TINY = ['model.channels=2', 'model.num_blocks=1', 'model.num_classes=2', 'train_cfg.max_epochs=2', 'default_hooks.checkpoint.interval=1',
        'model.loss_weights.adversarial=5.', 'default_hooks.ema.type=EMAHook', 'default_hooks.ema.update_buffers=True',
        'train_dataloader.dataset.pipeline.0.image_size=16', 'test_dataloader.dataset.pipeline.0.image_size=16']


@pytest.fixture(scope='module')
def options(tmp_path_factory):
    path = write_sequences(tmp_path_factory.mktemp('sequences'), subjects=3, num_frames=6)
    return ['--cfg-options', *TINY, *(f'{split}_dataloader.dataset.ann_file={path}' for split in ('train', 'test'))]


def run(options, folder, *more):
    forget_runs()
    main(train, [CONFIG, '--work-dir', str(folder), *more, *options])
    return torch.load(folder / 'epoch_2.pth', weights_only=True)


def test_a_resumed_training_ends_as_an_unbroken_one(options, tmp_path):
    """Weights, their moving average (which is what the checkpoint's model is) and both optimizers."""
    whole = run(options, tmp_path / 'whole')
    (tmp_path / 'broken').mkdir()
    (tmp_path / 'whole/epoch_1.pth').rename(tmp_path / 'broken/epoch_1.pth')
    (tmp_path / 'broken/last_checkpoint').write_text(str(tmp_path / 'broken/epoch_1.pth'))
    resumed = run(options, tmp_path / 'broken', '--resume')
    assert {'generator', 'discriminator'} == set(whole['optimizer'])
    for part in ('state_dict', 'ema_state_dict'):
        for name, value in whole[part].items():
            torch.testing.assert_close(resumed[part][name], value, msg=lambda text, name=name: f'{name}: {text}')
    moved = [name for name, value in whole['state_dict'].items() if value.is_floating_point() and not torch.equal(
        value, whole['ema_state_dict'].get(f'module.{name}', value))]
    assert any(name.startswith('generator.') for name in moved)


@pytest.mark.skipif(image_error.find_spec('torchmetrics') is None, reason='torchmetrics is not installed')
def test_tested_and_drawn(options, tmp_path, capsys):
    run(options, tmp_path)
    forget_runs()
    capsys.readouterr()
    main(test, [CONFIG, str(tmp_path / 'epoch_2.pth'), '--work-dir', str(tmp_path / 'test'), *options])
    said = capsys.readouterr().out
    assert 'image/psnr_copy' in said and '2 windows of 1 subjects' in said
    source = options[-1].partition('=')[2]
    main(predict_frames, [CONFIG, str(tmp_path / 'epoch_2.pth'), '--source', source, '--clip', 's2_wave', '--device', 'cpu',
                         '--out-dir', str(tmp_path / 'made'), *options])
    assert (tmp_path / 'made/strip.png').is_file() and (tmp_path / 'made/frames.gif').is_file()


def test_missing_frames_end_the_command_in_words(options, tmp_path):
    path = write_sequences(tmp_path / 'sequences', subjects=2, num_frames=6)
    (tmp_path / 'sequences/frames/s0_wave/000003.png').unlink()
    with pytest.raises(SystemExit) as error:
        main(train, [CONFIG, '--work-dir', str(tmp_path / 'run'), *options, f'train_dataloader.dataset.ann_file={path}'])
    assert error.value.code == 2
