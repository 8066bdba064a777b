"""A generator in a notebook: the same clips as the functions make, words for what cannot be, and MMEngine's way of calling it."""

import json

import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmagenc import Generator
from mmagenc.apis import generate, init_generator, predict_poses, vary
from mmagenc.registry import INFERENCERS
from tests.styles import recordings

from .configs import write_generator


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    return write_generator(tmp_path_factory.mktemp('generator'), meta=dict(classes=['walk', 'run', 'Jump'], fps=25))


@pytest.fixture(scope='module')
def generator(files):
    return Generator(*files, device='cpu')


def fitted(**settings):
    """A generator of recordings, straight from its settings."""
    representation = dict(type='KeypointRepresentation', skeleton='smpl24', normalization='min_max')
    model = init_generator(Config(dict(default_scope='mmagenc', model=dict(num_classes=2, representation=representation, **settings))))
    model.representation.fit(recordings())
    model.fit(recordings())
    return model


def wrapped(model, tmp_path):
    torch.save(dict(state_dict=model.state_dict(), meta=dict(dataset_meta=dict(classes=['sway', 'bend']))), tmp_path / 'x.pth')
    return Generator(model.cfg, tmp_path / 'x.pth', device='cpu')


def test_clips_are_those_of_the_function(generator, files):
    model = init_generator(*files)
    for asked, classes in ((None, None), ('run', [1]), ('JUMP', [2]), (2, [2]), (['Jump', 'walk'], [2, 0]), ((0, 1), [0, 1])):
        ours = generator.generate(asked, 2, num_frames=5, seed=3)
        assert torch.equal(ours.keypoint, generate(model, num_samples_per_class=2, classes=classes, num_frames=5, seed=3).keypoint)
    assert len(generator.generate('run')) == 50
    half = generator.generate('run', 2, seed=3, noise_factor=0.5)
    assert not torch.equal(half.keypoint, generator.generate('run', 2, seed=3).keypoint)
    with pytest.raises(ValueError, match="unknown class 'fly'; known: 0 walk, 1 run, 2 Jump"):
        generator.generate('fly')
    with pytest.raises(ValueError, match='no sampling option wings'):
        generator.generate('run', wings=2)


def test_what_it_says_of_itself(generator, files):
    assert (generator.classes, generator.skeleton, generator.fps, generator.num_frames) == (['walk', 'run', 'Jump'], 'ucla20', 25, 8)
    assert str(generator.device) == 'cpu' and not generator.stand_in and generator.can_vary and not generator.can_predict
    assert repr(generator) == ('Generator(TransformerCVAE: 3 classes (walk, run, Jump), ucla20, 8 frames at 25 fps; from '
                               f'{files[1]})')
    with pytest.warns(UserWarning, match='initial values, what it makes is noise'):
        assert 'initial values' in repr(Generator.load(files[0]))


def test_loading_by_checkpoint_and_config(files, generator):
    other = Generator.load(files[1], config=files[0], device='cpu')
    assert torch.equal(other.generate('run', 1).keypoint, generator.generate('run', 1).keypoint)
    with pytest.raises(ValueError, match='the model is a .*RecognizerGCN, not a generator'):
        cfg = Config.fromfile(files[0])
        cfg.model = cfg.recognizer
        Generator(cfg, files[1])


def test_variants_are_those_of_the_function(tmp_path):
    generator = wrapped(fitted(type='PostureTransferGenerator', shift='random'), tmp_path)
    motion = generator.vary(recordings(), 0.7, seed=4)
    made = vary(generator.model, recordings(), strength=0.7, seed=4)
    assert generator.can_vary and len(motion) == len(made) == 6 and [clip['variant_of'] for clip in made] == [
        clip['frame_dir'] for clip in recordings()]
    for index, clip in enumerate(made):
        np.testing.assert_array_equal(motion.keypoint[index, :int(motion.length[index])], clip['keypoint'][0])
    whole = dict(metainfo=dict(classes=['sway', 'bend']), annotations=recordings())
    assert torch.equal(generator.vary(whole, 0.7, seed=4).keypoint, motion.keypoint)
    assert len(generator.vary(recordings()[0], num_samples_per_class=3, classes='sway')) == 3
    with pytest.raises(ValueError, match='the clips are of the classes bend, sway, the generator of sway, bend'):
        generator.vary(dict(whole, metainfo=dict(classes=['bend', 'sway'])))


def test_predictions_are_those_of_the_function(tmp_path, generator):
    act_vae = wrapped(fitted(type='ACTVAE', latent_dim=4, num_frames=6), tmp_path)
    start = recordings()[0]
    ours, theirs = act_vae.predict(start, 'bend', 3, seed=2), predict_poses(act_vae.model, start, 1, num_samples=3, seed=2)
    assert act_vae.can_predict and torch.equal(ours.keypoint, theirs.keypoint) and ours.keypoint.shape == (3, 6, 24, 3)
    with pytest.raises(ValueError, match='does not begin with a given pose'):
        generator.predict(start, 'run')
    with pytest.raises(ValueError, match='needs .* 20, 3. keypoints, got .1, 14, 24, 3.'):
        generator.vary(recordings()[:1])



def test_called_as_mmengine_does(generator, tmp_path):
    assert INFERENCERS.get('Generator') is Generator
    expected = generator.generate(['run', 'walk'], 3, seed=5, num_frames=4)
    for batch_size in (1, 4, 100):
        result = generator(['run', 'walk'], batch_size=batch_size, num_samples_per_class=3, seed=5, num_frames=4, return_datasamples=True)
        assert torch.allclose(result['predictions'].keypoint, expected.keypoint, atol=1e-6) and result['visualization'] == []
    result = generator('run', num_samples_per_class=2, num_frames=4, return_vis=True, out_dir=tmp_path / 'out')
    assert [(clip['name'], clip['label'], clip['num_frames']) for clip in result['predictions']] == [('run', 1, 4)] * 2
    assert json.loads(json.dumps(result['predictions'])) == result['predictions']
    picture, = result['visualization']
    assert picture.dtype == np.uint8 and picture.ndim == 3 and picture.std() > 0
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == ['grid.gif', 'strip.png']
    with pytest.raises(ValueError, match='there already'):
        generator('run', num_samples_per_class=1, out_dir=tmp_path / 'out')
    with pytest.raises(ValueError, match='unknown argument'):
        generator('run', wings=2)
