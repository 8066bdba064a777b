"""``mmagenc convert publish``: weights go out and come in again, and every reader takes both kinds of file."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmagenc.apis import generate, init_generator, init_recognizer
from mmagenc.commands import generate as generate_command
from mmagenc.commands.convert import publish
from mmagenc.datasets import load_annotation
from mmagenc.engine.config_check import check_config
from mmagenc.engine.recognizer_trainer import RecognizerTrainer
from mmagenc.evaluation.checkpoints import load_checkpoint
from mmagenc.registry import MODELS
from mmagenc.skeletons import get_skeleton
from mmagenc.untrusted import DamagedCheckpointError
from tests.commands import main
from tests.test_apis.configs import write_generator

GRAPH = get_skeleton('ucla20').graph_cfg()
KEYPOINTS = dict(type='KeypointRepresentation', skeleton='ucla20')
SMALL = dict(num_classes=3, num_frames=8, latent_dim=16, num_layers=1, num_heads=2, ff_dim=16)
STAGES = dict(base_channels=8, num_stages=2, inflate_stages=[2], down_stages=[2], graph_cfg=GRAPH)
HEAD = dict(type='GCNHead', num_classes=3, in_channels=16)
ZOO = dict(
    cvae=dict(type='TransformerCVAE', representation=KEYPOINTS, **SMALL),
    cvae_body=dict(type='TransformerCVAE', representation=dict(type='RotationRepresentation', body_model=dict(type='InfantBody')), **SMALL),
    kinetic_gan=dict(type='KineticGAN', representation=dict(KEYPOINTS, normalization='min_max'), num_classes=3, num_frames=16, latent_dim=6,
                     networks=dict(mapping_layers=2, base_channels=2)),
    stgcn=dict(type='RecognizerGCN', _scope_='mmaction', backbone=dict(type='mmagenc.FastSTGCN', **STAGES), cls_head=HEAD),
    stgcnpp=dict(type='RecognizerGCN', _scope_='mmaction', cls_head=HEAD,
                 backbone=dict(type='mmagenc.FastSTGCN', gcn_adaptive='init', gcn_with_res=True, tcn_type='mstcn', **STAGES)),
    aagcn=dict(type='RecognizerGCN', _scope_='mmaction', backbone=dict(type='AAGCN', **STAGES), cls_head=HEAD),
    infogcn=Config.fromfile(Path(__file__).parents[3] / 'configs/_base_/models/infogcn.py').model,
)


def build(name):
    init_default_scope('mmagenc')
    torch.manual_seed(0)
    model = MODELS.build(ZOO[name])
    with torch.no_grad():
        for value in (*model.parameters(), *model.buffers()):
            if value.is_floating_point():
                value.add_(torch.rand_like(value))
    return model


@pytest.mark.parametrize('name', ZOO)
def test_every_model_comes_back_bit_for_bit(tmp_path, name):
    """.pth to safetensors, back to .pth; what is loaded strictly of each is the model."""
    model = build(name)
    torch.save(dict(state_dict=model.state_dict(), optimizer=dict(lr=1)), tmp_path / 'a.pth')
    main(publish, [str(tmp_path / 'a.pth'), str(tmp_path / 'b.safetensors')])
    main(publish, [str(tmp_path / 'b.safetensors'), str(tmp_path / 'c.pth')])
    for path in (tmp_path / 'b.safetensors', tmp_path / 'c.pth'):
        found = load_checkpoint(path)
        assert set(found) == {'state_dict', 'meta'}
        other = MODELS.build(ZOO[name])
        other.load_state_dict(found['state_dict'], strict=True)
        expected = model.state_dict()
        assert all(value.dtype == expected[key].dtype and torch.equal(value, expected[key]) for key, value in other.state_dict().items())


@pytest.fixture
def files(tmp_path):
    meta = dict(classes=['walk', 'run', 'Jump'], fps=25, skeleton='ucla20')
    config, checkpoint = write_generator(tmp_path, meta=meta)
    return str(config), str(checkpoint), str(tmp_path / 'weights.safetensors')


def test_generating_from_either_is_the_same(files, tmp_path, capsys):
    config, checkpoint, weights = files
    main(publish, [checkpoint, weights])
    assert 'weights.safetensors: ' in capsys.readouterr().out
    models = [init_generator(config, path) for path in (checkpoint, weights)]
    assert models[0].dataset_meta == models[1].dataset_meta
    motions = [generate(model, num_samples_per_class=2, seed=3) for model in models]
    assert torch.equal(motions[0].keypoint, motions[1].keypoint) and torch.equal(motions[0].latent, motions[1].latent)
    clips = []
    for path in (checkpoint, weights):
        out = str(tmp_path / f'{Path(path).suffix[1:]}.npz')
        main(generate_command, [config, path, '--out', out, '--num-samples-per-class', '2'])
        clips.append(np.concatenate([clip['keypoint'] for clip in load_annotation(out)['annotations']]))
    assert clips[0].tobytes() == clips[1].tobytes()


class Loop:
    """What InfAGenCHook leaves: a generator's checkpoint that holds the judge and much else."""

    def __init__(self, files, fitted=True):
        config, checkpoint, self.weights = files
        self.config, self.checkpoint = config, checkpoint
        self.recognizer = init_recognizer(config)
        content = torch.load(checkpoint, weights_only=True)
        self.state = {name: value + 1 if value.is_floating_point() else value for name, value in self.recognizer.state_dict().items()}
        content['infagenc'] = dict(recognizer=dict(state_dict=self.state, optimizer=dict(lr=1)), fitted=fitted, pool=dict(clips=[1]))
        content['meta'].update(epoch=7, cfg='x = 1\n', seed=np.int64(4))
        content['optimizer'] = dict(param_groups=[])
        torch.save(content, checkpoint)


def test_the_judge_of_a_loop(files):
    loop = Loop(files)
    main(publish, [loop.checkpoint, loop.weights, '--recognizer'])
    found = load_checkpoint(loop.weights)
    assert found['meta']['part'] == 'recognizer' and found['meta']['epoch'] == 7 and found['meta']['cfg'] == 'x = 1\n'
    assert found['meta']['source'] == 'epoch_3.pth' and found['meta']['seed'] == 4
    judge = init_recognizer(loop.config, loop.weights)
    assert all(torch.equal(value, loop.state[name]) for name, value in judge.state_dict().items())


def test_a_judge_starts_from_safetensors(files):
    """InfAGenCHook's trainer and ``init_cfg`` of MMEngine's models load through MMEngine."""
    loop = Loop(files)
    main(publish, [loop.checkpoint, loop.weights, '--recognizer'])
    cfg = Config.fromfile(loop.config)
    pipeline = cfg.recognizer_test_pipeline
    trainer = RecognizerTrainer(model=cfg.recognizer, train_pipeline=pipeline, test_pipeline=pipeline, checkpoint=loop.weights)
    part = MODELS.build(dict(cfg.recognizer.backbone, _scope_='mmaction',
                             init_cfg=dict(type='Pretrained', checkpoint=loop.weights, prefix='backbone.')))
    part.init_weights()
    for found, prefix in ((trainer.model, ''), (part, 'backbone.')):
        assert all(torch.equal(value, loop.state[prefix + name]) for name, value in found.state_dict().items())


def runner_of(config, tmp_path, **settings):
    cfg = Config.fromfile(config)
    cfg.train_dataloader, cfg.work_dir, cfg.default_hooks = None, str(tmp_path / 'work'), dict()
    cfg.update(settings)
    return Runner.from_cfg(cfg)


def test_a_training_starts_from_safetensors_and_is_not_resumed(files, tmp_path):
    config, checkpoint, weights = files
    main(publish, [checkpoint, weights])
    runner = runner_of(config, tmp_path, load_from=weights)
    runner.load_or_resume()
    expected = torch.load(checkpoint, weights_only=True)['state_dict']
    assert all(torch.equal(value, expected[name]) for name, value in runner.model.state_dict().items())
    runner = runner_of(config, tmp_path, load_from=weights, resume=True)
    with pytest.raises(DamagedCheckpointError, match='weights.safetensors holds weights and nothing else.*load_from'):
        runner.load_or_resume()
    with pytest.raises(ValueError, match='resume: .*weights.safetensors holds weights and nothing else'):
        check_config(Config(dict(load_from=weights, resume=True)), 'train')


def test_averages_or_the_last_step(files):
    config, checkpoint, weights = files
    content = torch.load(checkpoint, weights_only=True)
    content['ema_state_dict'] = {'steps': torch.tensor(3), **{f'module.{name}': value + 1 for name, value in content['state_dict'].items()}}
    torch.save(content, checkpoint)
    main(publish, [checkpoint, weights])
    averages = load_checkpoint(weights)['state_dict']
    main(publish, [checkpoint, weights, '--last', '--force'])
    last = load_checkpoint(weights)['state_dict']
    assert averages.keys() == last.keys() == content['state_dict'].keys()
    assert all(torch.equal(averages[name], value) and torch.equal(last[name], value + 1) for name, value in content['state_dict'].items())


def test_what_is_no_plain_value_is_told_of(files, capsys):
    content = torch.load(files[1], weights_only=True)
    content['meta']['dataset_meta'].update(sizes={1, 2}, rate=float('nan'), table=np.arange(2))
    torch.save(content, files[1])
    main(publish, [files[1], files[2]])
    assert 'left out of what is said of the data, being no plain values: sizes, rate' in capsys.readouterr().out
    assert load_checkpoint(files[2])['meta']['dataset_meta']['table'] == [0, 1]


def test_a_folder_that_is_not_there_is_made(files, tmp_path):
    main(publish, [files[1], str(tmp_path / 'new/a/weights.pth')])
    assert load_checkpoint(tmp_path / 'new/a/weights.pth')['state_dict']


def refusal(arguments, capsys):
    """What is said with exit code 2 where ``--force`` would help, else with 1, by Python itself."""
    with pytest.raises(SystemExit) as caught:
        main(publish, arguments)
    said = capsys.readouterr().err
    assert ('--force' in said) == (caught.value.code == 2)
    return said.rstrip('\n') or caught.value.code


@pytest.mark.parametrize('arguments, message', [
    (['{in}', '{dir}/a.bin'], 'a.bin: the file must end in .safetensors or .pth'),
    (['{in}', '{dir}/there.pth/a.pth'], 'there.pth is no folder'),
    (['{in}', '{in}', '--force'], 'this is read, as {in}; name another file to write'),
    (['{in}', '{dir}/there.pth'], 'there.pth: there already; --force replaces it'),
    (['{in}', '{dir}/folder.pth', '--force'], 'folder.pth: this is a folder; name a file in it'),
    (['{dir}/none.pth', '{dir}/a.safetensors'], 'checkpoint {dir}/none.pth: no such file'),
    (['{dir}/there.pth', '{dir}/a.safetensors'], 'there.pth cannot be read as a PyTorch checkpoint'),
    (['{in}', '{dir}/a.safetensors', '--recognizer'], '--recognizer: {in} is no checkpoint of InfAGenC'),
    (['{in}', '{dir}/a.safetensors', '--last'], '--last: {in} holds no averages of EMAHook'),
])
def test_refused_in_one_line(files, tmp_path, capsys, arguments, message):
    (tmp_path / 'there.pth').write_text('mine')
    (tmp_path / 'folder.pth').mkdir()
    before = sorted(tmp_path.rglob('*'))
    names = {'{in}': files[1], '{dir}': str(tmp_path)}
    for name, value in names.items():
        arguments, message = [argument.replace(name, value) for argument in arguments], message.replace(name, value)
    error = refusal(arguments, capsys)
    assert message in error and error.startswith('convert publish: ') and '\n' not in error
    assert sorted(tmp_path.rglob('*')) == before and (tmp_path / 'there.pth').read_text() == 'mine'


def test_a_judge_that_has_learnt_nothing_is_not_published(files, tmp_path, capsys):
    loop = Loop(files, fitted=False)
    assert 'has learnt nothing yet' in refusal([loop.checkpoint, loop.weights, '--recognizer'], capsys)
    assert not Path(loop.weights).exists()
