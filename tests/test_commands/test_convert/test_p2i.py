"""Published weights of the pose-to-image network become one checkpoint, and nothing in them is passed over in silence."""

import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint

from mmagenc.benchmarks import plain_p2i
from mmagenc.commands.convert import p2i as command
from mmagenc.commands.convert.p2i import convert
from mmagenc.registry import MODELS
from tests.commands import main

LABEL = torch.tensor([0, 3])


def published():
    return plain_p2i.generator_weights(5, 4, width=4, blocks=2), plain_p2i.discriminator_weights(5, width=4)


@pytest.mark.parametrize('prefix', ['', 'module.', 'generator.'])
def test_checkpoint(tmp_path, prefix):
    """The files' own networks and the model built from ``meta.model`` agree; names of whole networks before the keys do not matter."""
    generator, discriminator = published()
    torch.save({prefix + name: value for name, value in generator.items()}, tmp_path / '0299_generator_1.pt')
    torch.save({f'classifier.{name}': value for name, value in discriminator.items()}, tmp_path / '0299_classifier_1.pt')
    target = str(tmp_path / 'ours.pth')
    main(command, [str(tmp_path / '0299_generator_1.pt'), target, '--discriminator', str(tmp_path / '0299_classifier_1.pt')])
    init_default_scope('mmagenc')
    config = torch.load(target, weights_only=True)['meta']['model']
    assert config == dict(type='PoseToImage', num_joints=5, num_classes=4, channels=4, num_blocks=2)
    model = MODELS.build(config).eval()
    load_checkpoint(model, target, strict=True)
    source, maps = torch.rand(2, 3, 16, 16), torch.rand(2, 2, 5, 16, 16)
    with torch.no_grad():
        expected = plain_p2i.generate(generator, source, *maps, LABEL, training=False)
        torch.testing.assert_close(model.generator(source, *maps, LABEL), expected, atol=1e-5, rtol=1e-4)
        expected, _ = plain_p2i.judge(discriminator, source, maps[0], training=False)
        torch.testing.assert_close(model.discriminator(source, maps[0])[0], expected, atol=1e-5, rtol=1e-4)


def test_generator_alone_gives_the_same_file_each_time():
    generator, _ = published()
    first, second = (convert(generator)['state_dict'] for _ in range(2))
    assert first.keys() == second.keys() and all(torch.equal(value, second[name]) for name, value in first.items())
    MODELS.build(convert(generator)['meta']['model']).load_state_dict(first, strict=True)


def test_float16_becomes_float32():
    generator, _ = published()
    found = convert({name: value.half() for name, value in generator.items()})['state_dict']
    assert found['generator.output.weight'].dtype == torch.float32


def test_refusals(tmp_path):
    generator, discriminator = published()
    with pytest.raises(ValueError, match='no generator of the pose-to-image network.*model1.1.weight'):
        convert(discriminator)
    with pytest.raises(ValueError, match='no discriminator of the pose-to-image network'):
        convert(generator, generator)
    with pytest.raises(ValueError, match='the discriminator do not fit.*of another shape'):
        convert(generator, plain_p2i.discriminator_weights(6, width=4))
    missing = {name: value for name, value in generator.items() if not name.startswith('att.1.conv_block_stream1.5')}
    with pytest.raises(ValueError, match='the generator do not fit.*2 missing: blocks.1.image.3.weight'):
        convert(missing)
    with pytest.raises(SystemExit, match='convert p2i: .*absent.pt: no such file'):
        main(command, [str(tmp_path / 'absent.pt'), str(tmp_path / 'x.pth')])
