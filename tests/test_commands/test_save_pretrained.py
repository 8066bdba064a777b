"""``mmagenc save-pretrained``: folders that the other commands take alone, and words for what cannot be."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mmagenc.apis import init_recognizer
from mmagenc.commands import class_over_time, generate, parser_of, predict_poses, visualize
from mmagenc.commands import save_pretrained as command
from mmagenc.commands import test as test_command
from mmagenc.datasets import load_annotation
from tests.commands import main
from tests.test_apis.configs import write_generator


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    """Config and checkpoint of a generator with its judge."""
    folder = tmp_path_factory.mktemp('generator')
    config, checkpoint = write_generator(folder, meta=dict(classes=['walk', 'run', 'Jump'], fps=25))
    content = torch.load(checkpoint, weights_only=True)
    content['infagenc'] = dict(recognizer=dict(state_dict=init_recognizer(config).state_dict()), fitted=True)
    torch.save(content, checkpoint)
    return [str(config), str(checkpoint)]


@pytest.fixture(scope='module')
def folders(files):
    """Of the generator, and of its judge."""
    place = files[0].replace('generator.py', '')
    main(command, [*files, '--out', f'{place}generator'])
    main(command, [*files, '--recognizer', '--out', f'{place}judge', '--name', 'The judge'])
    return f'{place}generator', f'{place}judge'


def test_what_it_writes_and_says(files, tmp_path, capsys):
    main(command, [*files, '--out', str(tmp_path / 'new/model')])
    said = capsys.readouterr().out
    assert 'Generator(TransformerCVAE: 3 classes' in said and f'{tmp_path}/new/model: model.safetensors, README.md, config.json' in said
    with pytest.raises(SystemExit) as refused:
        main(command, [*files, '--out', str(tmp_path / 'new/model')])
    assert refused.value.code == 2 and 'there already; --force replaces them' in capsys.readouterr().err
    main(command, [*files, '--out', str(tmp_path / 'new/model'), '--force'])


def test_a_folder_generates_as_config_and_checkpoint_do(files, folders, tmp_path):
    options = ['--num-samples-per-class', '2', '--seed', '3', '--device', 'cpu']
    for name, words in (('pair', files), ('folder', folders[:1]), ('weights', [files[0], folders[0]])):
        main(generate, [*words, '--out', str(tmp_path / f'{name}.npz'), *options])
    pair, *others = (load_annotation(tmp_path / f'{name}.npz') for name in ('pair', 'folder', 'weights'))
    for other in others:
        for one, two in zip(pair['annotations'], other['annotations']):
            np.testing.assert_array_equal(one['keypoint'], two['keypoint'])
        assert {key: pair['metainfo'][key] for key in ('classes', 'skeleton', 'fps')} == {
            key: other['metainfo'][key] for key in ('classes', 'skeleton', 'fps')}


def test_other_commands_take_a_folder(folders, tmp_path, capsys):
    main(generate, [folders[0], '--out', str(tmp_path / 'clips.npz'), '--num-samples-per-class', '2', '--num-frames', '40'])
    main(class_over_time, [str(tmp_path / 'clips.npz'), '--recognizer', folders[1], '--out', str(tmp_path / 'classes.png')])
    main(visualize, [folders[0], '--out', str(tmp_path / 'pictures'), '--format', 'png', '--num-samples-per-class', '1'])
    assert (tmp_path / 'classes.png').is_file() and (tmp_path / 'pictures/strip.png').is_file()
    assert 'the config names no test clips: generated clips only' in capsys.readouterr().out
    with pytest.raises(SystemExit, match='TransformerCVAE does not begin with a given pose'):
        main(predict_poses, [folders[0], '--start', str(tmp_path / 'clips.npz'), '--out', str(tmp_path / 'poses')])


@pytest.mark.parametrize('tool, words, reason', [
    (generate, '{config} --out {tmp}/x.npz', 'generate: config .*generator.py: it needs a checkpoint; the folder of a model'),
    (generate, '{judge} --out {tmp}/x.npz', 'RecognizerGCN, not a generator'),
    (generate, '{tmp} --out {tmp}/x.npz', "generate: config .*: a folder; name the training's config and a checkpoint"),
    (visualize, '{tmp} --out {tmp}/x --format png', 'no such file'),
    (class_over_time, '{tmp}/x.npz --recognizer {config} --out {tmp}/x.png', 'generator.py: it needs a checkpoint'),
    (command, '{config} --out {tmp}/x', 'save-pretrained: .*generator.py: a config needs a checkpoint'),
    (command, '{tmp} --out {tmp}/x', 'save-pretrained: .*: neither the folder of a model .* nor the work_dir of a training'),
    (command, '{tmp}/nowhere --out {tmp}/x', 'save-pretrained: .*nowhere: no model of this name'),
    (command, '{config} {checkpoint} --out {tmp}/x --push-to-hub me', "save-pretrained: 'me' is no name on the hub"),
])
def test_words_for_what_cannot_be(files, folders, tmp_path, tool, words, reason):
    words = words.format(config=files[0], checkpoint=files[1], tmp=tmp_path, judge=folders[1])
    with pytest.raises(SystemExit, match=reason):
        main(tool, words.split())
    assert not list(tmp_path.iterdir())


def test_a_folder_alone_cannot_be_tested(folders, tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(test_command, [folders[0], folders[0]])
    assert 'names no clips to test on: mmagenc test CONFIG' in capsys.readouterr().err


def test_it_is_sent_to_the_hub(files, tmp_path, capsys, monkeypatch):
    sent = []
    hub = SimpleNamespace(create_repo=lambda name, **kwargs: sent.append(name),
                          upload_folder=lambda **kwargs: sent.append(kwargs['repo_id']))
    monkeypatch.setitem(sys.modules, 'huggingface_hub', hub)
    main(command, [*files, '--out', str(tmp_path / 'model'), '--push-to-hub', 'me/mine'])
    assert sent == ['me/mine'] * 2 and 'sent to https://huggingface.co/me/mine' in capsys.readouterr().out


def test_a_checkpoint_may_stand_behind_an_option():
    """And words behind an option that takes one or two stay the command's own."""
    args = parser_of('generate').parse_args(['c.py', '--out', 'x.npz', 'c.pth'])
    assert (args.config, args.checkpoint) == ('c.py', 'c.pth')
    args = parser_of('class-over-time').parse_args(['--recognizer', 'c.py', 'c.pth', 'x.npz', '--out', 'x.png'])
    assert (args.recognizer, str(args.clips)) == (['c.py', 'c.pth'], 'x.npz')
    assert parser_of('class-over-time').parse_args(['x.npz', '--recognizer', 'folder', '--out', 'x.png']).recognizer == ['folder', None]


def test_too_many_words_are_refused(capsys):
    with pytest.raises(SystemExit):
        parser_of('generate').parse_args(['c.py', 'c.pth', '--out', 'x.npz', 'more'])
    assert 'unrecognized arguments: more' in capsys.readouterr().err


def test_the_readme_has_the_name(folders):
    assert '# The judge' in Path(folders[1], 'README.md').read_text(encoding='utf-8')
    assert json.loads(Path(folders[1], 'config.json').read_text(encoding='utf-8'))['kind'] == 'recognizer'
