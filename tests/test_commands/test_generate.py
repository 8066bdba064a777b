"""``mmagenc generate``: files that every reader takes, in bounded memory, and nothing overwritten."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope

from mmagenc.apis import generate, init_generator, init_recognizer, recognize, vary
from mmagenc.commands import generate as command
from mmagenc.datasets import MotionDataset, load_annotation, load_pickle, save_annotation
from tests.commands import main
from tests.test_apis.configs import write_generator

ROOT = Path(__file__).parents[2]
BODY = """_base_ = './generator.py'
model = dict(
    representation=dict(_delete_=True, type='RotationRepresentation', body_model=dict(type='InfantBody'), keypoint_skeleton='infact17'))
"""


@pytest.fixture(scope='module')
def tool():
    return command


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    return [str(path) for path in write_generator(tmp_path_factory.mktemp('generator'), meta=dict(classes=['walk', 'run', 'Jump'], fps=25))]


@pytest.fixture(scope='module')
def body_files(files):
    """The same with rotations and an infant's body."""
    folder = Path(files[0]).parent
    (folder / 'body.py').write_text(BODY)
    model = init_generator(folder / 'body.py')
    torch.save(dict(state_dict=model.state_dict()), folder / 'body.pth')
    return [str(folder / 'body.py'), str(folder / 'body.pth')]


@pytest.mark.parametrize('suffix', ['.npz', '.pkl'])
def test_written_clips_are_those_of_the_api(tool, files, tmp_path, suffix, capsys):
    out = tmp_path / f'new/folder/clips{suffix}'
    main(tool, [*files, '--out', str(out), '--num-samples-per-class', '3', '--classes', 'jump', '0', '--num-frames', '5', '--seed', '4'])
    annotation = load_annotation(out)
    motion = generate(init_generator(*files), num_samples_per_class=3, classes=[2, 0], num_frames=5, seed=4)
    assert [clip['label'] for clip in annotation['annotations']] == motion.label.tolist() == [2] * 3 + [0] * 3
    np.testing.assert_allclose(np.concatenate([clip['keypoint'] for clip in annotation['annotations']]), motion.keypoint, atol=1e-6)
    assert annotation['metainfo'] == dict(
        classes=['walk', 'run', 'Jump'], skeleton='ucla20', fps=25, source='synthetic', generator='generator.py', checkpoint='epoch_3.pth',
        seed=4, sampling={})
    assert {clip['source'] for clip in annotation['annotations']} == {'synthetic'}
    assert annotation['split'] == dict(train=[f'epoch_3_s4_{i:06d}' for i in range(6)])
    output = capsys.readouterr().out
    assert '6 clips of 5 frames (walk, Jump)' in output


def test_rotations_are_written_too(tool, body_files, tmp_path):
    main(tool, [*body_files, '--out', str(tmp_path / 'clips.npz'), '--num-samples-per-class', '1'])
    clip = load_annotation(tmp_path / 'clips.npz')['annotations'][0]
    assert clip['pose'].shape == (1, 8, 24, 3) and clip['keypoint'].shape == (1, 8, 17, 3)


def test_read_by_our_dataset_and_by_mmaction2s(tool, files, tmp_path):
    """The stock ``PoseDataset`` feeds a stock recognizer from the written file, unchanged."""
    from mmaction.datasets import PoseDataset
    out = str(tmp_path / 'clips.pkl')
    main(tool, [*files, '--out', out, '--num-samples-per-class', '2'])
    init_default_scope('mmaction')
    pipeline = [
        dict(type='UniformSampleFrames', clip_len=8), dict(type='PoseDecode'), dict(type='FormatGCNInput', num_person=1),
        dict(type='PackActionInputs')
    ]
    stock = PoseDataset(ann_file=out, split='train', pipeline=pipeline)
    assert len(stock) == 6 and stock[5]['inputs'].shape == (1, 1, 8, 20, 3) and int(stock[5]['data_samples'].gt_label) == 2
    init_default_scope('mmagenc')
    ours = MotionDataset(out, split='train', pipeline=[dict(type='PackMotionInputs')])
    torch.testing.assert_close(ours[5]['inputs']['keypoint'], stock[5]['inputs'][0, 0])
    assert len(recognize(init_recognizer(files[0]), load_annotation(out))) == 6


@pytest.mark.parametrize('num_dims, shape', [(3, (6, 3, 5, 20, 1)), (2, (6, 2, 5, 20))])
def test_arrays_of_other_packages(tool, tmp_path, num_dims, shape):
    """Axes, order and labels as published; read again, the same clips."""
    config, checkpoint = write_generator(tmp_path)
    config.write_text(config.read_text().replace("skeleton='ucla20')", f"skeleton='ucla20', num_dims={num_dims})", 1))
    model = init_generator(config)
    model.representation.std.fill_(0.5)
    torch.save(dict(state_dict=model.state_dict()), checkpoint)
    argv = [str(config), str(checkpoint), '--num-samples-per-class', '2', '--num-frames', '5', '--device', 'cpu']
    main(tool, [*argv, '--out', str(tmp_path / 'a.npz'), '--pair', str(tmp_path / 'new/a.npy')])
    array, clips = np.load(tmp_path / 'new/a.npy'), load_annotation(tmp_path / 'a.npz')['annotations']
    assert array.shape == shape
    for row, clip in zip(array, clips):
        np.testing.assert_array_equal(row.reshape(num_dims, 5, 20).transpose(1, 2, 0), clip['keypoint'][0])
    names, labels = load_pickle(tmp_path / 'new/a_label.pkl')
    assert list(labels) == [0, 0, 1, 1, 2, 2] and list(names) == [clip['frame_dir'] for clip in clips]
    with pytest.raises(SystemExit, match='--pair .*the file must end in .npy'):
        main(tool, [*argv, '--out', str(tmp_path / 'b.npz'), '--pair', str(tmp_path / 'new/b.npz')])
    assert not (tmp_path / 'b.npz').exists()


@pytest.fixture(scope='module')
def recordings(tmp_path_factory):
    """Five clips of two classes, two of which are ``train``."""
    path, rng = tmp_path_factory.mktemp('recordings') / 'real.npz', np.random.default_rng(0)
    clips = [dict(frame_dir=f'clip{row}', label=label, total_frames=6 + row,
                  keypoint=rng.standard_normal((1, 6 + row, 20, 3)).astype(np.float32)) for row, label in enumerate((0, 2, 0, 2, 0))]
    save_annotation(dict(split=dict(train=['clip0', 'clip1'], test=['clip2', 'clip3', 'clip4']), annotations=clips,
                         metainfo=dict(classes=['walk', 'run', 'Jump'], skeleton='ucla20', fps=25)), path)
    return str(path)


@pytest.mark.parametrize('suffix', ['.npz', '.pkl'])
def test_variants_of_recordings_name_them(tool, files, recordings, tmp_path, suffix, capsys):
    out = tmp_path / f'variants{suffix}'
    main(tool, [*files, '--out', str(out), '--around', f'{recordings}:test', '--strength', '0.3', '--seed', '2'])
    annotation = load_annotation(out)
    assert [clip['variant_of'] for clip in annotation['annotations']] == ['clip2', 'clip4', 'clip3']
    assert annotation['split'] == dict(train=[f'epoch_3_v2_{place:06d}' for place in range(3)])
    assert {key: annotation['metainfo'][key] for key in ('around', 'strength', 'seed', 'source')} == dict(
        around='real.npz', strength=0.3, seed=2, source='synthetic')
    wanted = vary(init_generator(*files), list(MotionDataset(recordings, split='test').annotations()), strength=0.3, seed=2)
    for clip, other in zip(annotation['annotations'], wanted):
        np.testing.assert_allclose(clip['keypoint'], other['keypoint'], atol=1e-6)
    assert '3 clips of 8 to 10 frames (walk, Jump)' in capsys.readouterr().out


def test_many_variants_keep_their_places(tool, files, recordings, tmp_path, monkeypatch):
    """Drawn in several parts, numbered without a gap."""
    monkeypatch.setattr('mmagenc.apis.variants.AT_ONCE', 4)
    main(tool, [*files, '--out', str(tmp_path / 'many.npz'), '--around', recordings, '--num-samples-per-class', '7'])
    clips = load_annotation(tmp_path / 'many.npz')['annotations']
    assert [clip['frame_dir'] for clip in clips] == [f'epoch_3_v0_{place:06d}' for place in range(14)]


@pytest.fixture(scope='module')
def crowded(recordings):
    """The recordings with somebody else before the person of each clip, whom one frame shows, and a gap of two frames; and as meant."""
    annotation, rng = load_annotation(recordings), np.random.default_rng(1)
    clips, mended = [], []
    for clip in annotation['annotations']:
        own, score = clip['keypoint'], np.ones((2, clip['total_frames'], 20), np.float32)
        own[:, 2:4, 5] = own[:, 1:2, 5] + np.array([1, 2], np.float32)[:, None] / 3 * (own[:, 4:5, 5] - own[:, 1:2, 5])
        mended.append(dict(clip, keypoint=own))
        keypoint = np.concatenate((rng.standard_normal(own.shape).astype(np.float32), own))
        keypoint[1, 2:4, 5], score[1, 2:4, 5], score[0, 1:] = 0, 0, 0.01
        clips.append(dict(clip, keypoint=keypoint, keypoint_score=score))
    folder = Path(recordings).parent
    for name, content in (('crowded', clips), ('mended', mended)):
        save_annotation(dict(annotation, annotations=content), folder / f'{name}.npz')
    return [str(folder / 'crowded.npz'), str(folder / 'mended.npz')]


@pytest.mark.parametrize('settings, said', [
    ('', 'num_persons=1'),
    (", pipeline=[dict(type='PackMotionInputs', person=1)]", 'person=1'),
])
def test_variants_are_of_the_persons_and_frames_that_training_takes(tool, files, crowded, tmp_path, settings, said, capsys):
    config = tmp_path / 'generator.py'
    config.write_text(Path(files[0]).read_text().replace(
        "ann_file='nowhere.npz'", f"ann_file='nowhere.npz', fill_gaps=dict(max_gap=3){settings}"))
    made = []
    for model, path in zip((str(config), files[0]), crowded):
        main(tool, [model, files[1], '--out', str(tmp_path / Path(path).name), '--around', path, '--strength', '0'])
        made.append(load_annotation(tmp_path / Path(path).name)['annotations'])
    for clip, other in zip(*made, strict=True):
        np.testing.assert_allclose(clip['keypoint'], other['keypoint'], atol=1e-5)
    assert f'crowded.npz: 5 clips, loaded as those trained on: fill_gaps={dict(max_gap=3)}, {said}\n' in capsys.readouterr().out


def test_a_person_who_is_not_there_is_not_varied(tool, files, recordings, tmp_path):
    config = tmp_path / 'generator.py'
    config.write_text(Path(files[0]).read_text().replace(
        "ann_file='nowhere.npz'", "ann_file='nowhere.npz', pipeline=[dict(type='PackMotionInputs', person=2)]"))
    with pytest.raises(SystemExit, match='--around: clip clip0 has 1 persons, the config takes person 2'):
        main(tool, [str(config), files[1], '--out', str(tmp_path / 'x.npz'), '--around', recordings])


@pytest.mark.parametrize('argv,message', [
    (['--strength', '0.5'], '--strength needs --around'),
    (['--around', 'RECORDINGS', '--latents', 'x.npz', '--shard', '0/2'], '--around varies given clips: --latents, --shard does not go'),
    (['--around', 'RECORDINGS', '--sampling', 'noise_factor=2'], '--around varies given clips: --sampling does not go'),
    (['--around', 'RECORDINGS', '--classes', 'run'], 'there are no clips of run to vary'),
    (['--around', 'nowhere.npz'], 'nowhere.npz: no such annotation file'),
    (['--around', 'RECORDINGS:val'], r"no split \['val'\]"),
])
def test_variants_that_cannot_be_made(tool, files, recordings, tmp_path, argv, message):
    argv = [word.replace('RECORDINGS', recordings) for word in argv]
    with pytest.raises(SystemExit, match=message):
        main(tool, [*files, '--out', str(tmp_path / 'x.npz'), *argv])
    assert not (tmp_path / 'x.npz').exists()


def test_options_reach_the_model(tool, files, tmp_path):
    common = [*files, '--num-samples-per-class', '2', '--batch-size', '4', '--device', 'cpu']
    main(tool, [*common, '--out', str(tmp_path / 'same.npz'), '--sampling', 'latent_mode=same', 'noise_factor=0.5'])
    annotation = load_annotation(tmp_path / 'same.npz')
    clips = annotation['annotations']
    np.testing.assert_allclose(clips[0]['keypoint'], clips[1]['keypoint'], atol=1e-6)
    assert annotation['metainfo']['sampling'] == dict(latent_mode='same', noise_factor=0.5)
    main(tool, [*common, '--out', str(tmp_path / 'short.npz'), '--cfg-options', 'model.num_frames=6'])
    assert load_annotation(tmp_path / 'short.npz')['annotations'][0]['total_frames'] == 6


@pytest.mark.parametrize('options, message', [
    (['--out', 'clips.json'], r'--out clips\.json: the file must end in \.npz or \.pkl'),
    (['--classes', 'crawl'], "unknown class 'crawl'; known: 0 walk, 1 run, 2 Jump"),
    (['--sampling', 'speed=2'], 'no sampling option speed'),
    (['--cfg-options', 'model.latent_dim=32'], r'epoch_3\.pth do not fit the TransformerCVAE'),
])
def test_mistakes_are_named(tool, files, tmp_path, options, message):
    out = str(tmp_path / 'clips.npz')
    with pytest.raises(SystemExit, match=f'generate: .*{message}'):
        main(tool, [*files, '--out', out, *options])
    assert not list(tmp_path.iterdir())


def test_missing_files_are_named(tool, files, tmp_path):
    out = str(tmp_path / 'clips.npz')
    with pytest.raises(SystemExit, match=r'generate: config nowhere\.py: no such file'):
        main(tool, ['nowhere.py', files[1], '--out', out])
    with pytest.raises(SystemExit, match=r'generate: checkpoint nowhere\.pth: no such file'):
        main(tool, [files[0], 'nowhere.pth', '--out', out])


KINETIC_GAN = """default_scope = 'mmagenc'
model = dict(
    type='KineticGAN', representation=dict(type='KeypointRepresentation', skeleton='ucla20', normalization='min_max'), num_classes=3,
    num_frames=16, latent_dim=8, networks=dict(base_channels=2))
train_dataloader = dict(dataset=dict(type='MotionDataset', ann_file='nowhere.npz', metainfo=dict(classes=['walk', 'run', 'Jump'])))
"""


@pytest.fixture(scope='module')
def gan_files(tmp_path_factory):
    """A Kinetic-GAN in which noise and label count more than at first."""
    folder = tmp_path_factory.mktemp('gan')
    (folder / 'gan.py').write_text(KINETIC_GAN)
    torch.manual_seed(0)
    model = init_generator(folder / 'gan.py')
    for name, parameter in model.sampler.named_parameters():
        if name.endswith('noise_weight'):
            parameter.data.fill_(0.1)
    model.sampler.label_embedding.weight.data.mul_(6)
    model.representation.std.fill_(0.5)
    torch.save(dict(state_dict=model.state_dict()), folder / 'gan.pth')
    return [str(folder / 'gan.py'), str(folder / 'gan.pth')]


def run(tool, files, out, options=''):
    main(tool, [*files, '--out', str(out), '--device', 'cpu', *options.split()])
    annotation = load_annotation(out)
    clips = annotation['annotations']
    return np.concatenate([clip['keypoint'] for clip in clips]), np.stack([clip['latent'] for clip in clips]), annotation


@pytest.mark.parametrize('suffix', ['.npz', '.pkl'])
@pytest.mark.parametrize('kind', ['cvae', 'gan'])
def test_saved_latents_make_the_same_clips_again(tool, files, gan_files, tmp_path, kind, suffix):
    model, first = dict(cvae=files, gan=gan_files)[kind], tmp_path / f'first{suffix}'
    keypoint, latent, _ = run(tool, model, first, '--num-samples-per-class 3 --num-frames 7')
    again = run(tool, model, tmp_path / 'again.npz', f'--latents {first} --seed 8')
    assert np.array_equal(again[0], keypoint) and np.array_equal(again[1], latent)
    two, _, annotation = run(tool, model, tmp_path / 'two.npz', f'--latents {first} --latent-index 7 2 --batch-size 1')
    np.testing.assert_allclose(two, keypoint[[7, 2]], atol=1e-5)
    assert [clip['label'] for clip in annotation['annotations']] == [2, 0]
    assert annotation['metainfo']['latents'] == first.name and annotation['metainfo']['latent_index'] == [7, 2]
    assert not {'seed', 'sampling'} & set(annotation['metainfo'])
    assert annotation['split']['train'][0].endswith('_replay_000000')


def test_saved_latents_of_other_classes(tool, gan_files, tmp_path):
    keypoint, latent, _ = run(tool, gan_files, tmp_path / 'first.npz', '--num-samples-per-class 2')
    options = f'--latents {tmp_path / "first.npz"} --latent-index 0 3 --classes 2 1'
    other, same, annotation = run(tool, gan_files, tmp_path / 'other.npz', options)
    assert [clip['label'] for clip in annotation['annotations']] == [2, 2, 1, 1]
    assert np.array_equal(same, latent[[0, 3, 0, 3]])
    np.testing.assert_allclose(other[3], keypoint[3], atol=1e-5)
    assert np.abs(other[0] - keypoint[0]).max() > 1e-3


@pytest.mark.parametrize('options, told', [
    ('--num-frames 46', ['46 are these stretched, so that all movement at 30 fps is 3 times as slow']), ('--num-frames 7', []), ('', []),
])
def test_slow_motion_is_told(tool, gan_files, tmp_path, options, told, monkeypatch):
    """By the factor, of new clips and of saved latents; fewer frames are the first, at their own speed."""
    said, first = [], tmp_path / 'first.npz'
    monkeypatch.setattr(sys.modules['mmagenc.apis.generate'], 'print_log', lambda text, **kwargs: said.append(text))
    run(tool, gan_files, first, f'{options} --num-samples-per-class 1')
    run(tool, gan_files, tmp_path / 'again.npz', f'--latents {first}')
    assert [text.partition(' as in the')[0].partition('of 16 frames: ')[2] for text in said] == told * 2


def test_truncation_brings_clips_together(tool, gan_files, tmp_path):
    common = '--classes run --num-samples-per-class 9'
    free, truncated, none = (run(tool, gan_files, tmp_path / f'{i}.npz', f'{common} {options}') for i, options in enumerate([
        '', '--truncation 0.2 --truncation-mode w --truncation-mean class --mean-size 50', '--truncation-mode none']))
    assert truncated[0].std(axis=0).mean() < free[0].std(axis=0).mean() and np.array_equal(none[0], free[0])
    assert truncated[2]['metainfo']['sampling'] == dict(truncation=0.2, truncation_mode='w', truncation_mean='class', mean_size=50)
    z = run(tool, gan_files, tmp_path / 'z.npz', f'{common} --truncation 0 --truncation-mode z --mean-size 4')
    assert (z[1][:, :8] == z[1][:1, :8]).all() and not (free[1][:, :8] == free[1][:1, :8]).any(axis=1)[1:].any()


def test_stochastic_variation_of_a_new_and_of_a_saved_latent(tool, gan_files, tmp_path):
    keypoint, latent, _ = run(tool, gan_files, tmp_path / 'new.npz', '--classes 1 --num-samples-per-class 3 --stochastic')
    assert (latent[:, :8] == latent[0, :8]).all() and not np.array_equal(keypoint[0], keypoint[1])
    first = run(tool, gan_files, tmp_path / 'first.npz', '--num-samples-per-class 2')[1]
    options = f'--latents {tmp_path / "first.npz"} --latent-index 4 --stochastic --num-samples-per-class 3'
    varied, latent, annotation = run(tool, gan_files, tmp_path / 'varied.npz', options)
    assert [clip['label'] for clip in annotation['annotations']] == [2, 2, 2]
    assert (latent[:, :8] == first[4, :8]).all() and len(np.unique(latent[:, 8])) == 3 and not np.array_equal(varied[0], varied[1])
    assert annotation['metainfo']['sampling'] == dict(stochastic=True) and annotation['metainfo']['latent_index'] == [4]


@pytest.mark.parametrize('options, message', [
    ('--truncation 0.9', 'TransformerCVAE has no sampling option truncation; it has noise_factor'),
    ('--stochastic', 'TransformerCVAE has no sampling option stochastic'),
    ('--truncation-mode w', '--truncation-mode needs --truncation'),
    ('--truncation 1 --truncation-mode none', 'no other option of truncation goes with it'),
    ('--truncation 1 --sampling truncation=0.5', '--sampling repeats truncation'),
    ('--latent-index 0', '--latent-index needs --latents'),
    ('--latents nowhere.npz', 'nowhere.npz: no such annotation file'),
    ('--latents FILE --latent-index 9', '--latent-index 9: .* has the clips 0 to 5'),
    ('--latents FILE --num-samples-per-class 3', '--num-samples-per-class and options of sampling need --stochastic'),
    ('--latents FILE --sampling noise_factor=0.5', 'options of sampling need --stochastic'),
    ('--latents FILE --stochastic', '--stochastic varies one latent, --latents gives 6'),
    ('--latents FILE --classes crawl', "unknown class 'crawl'"),
    ('--latents BARE', '1 of 1 clips keep no latent'),
    ('--latents OTHER', r'TransformerCVAE decodes latents \(3, 16\) for 3 labels, got \(3, 11\)'),
])
def test_options_that_do_not_go_together(tool, files, gan_files, tmp_path, options, message):
    if 'FILE' in options:
        run(tool, files, tmp_path / 'FILE.npz', '--num-samples-per-class 2')
    if 'OTHER' in options:
        run(tool, gan_files, tmp_path / 'OTHER.npz', '--num-samples-per-class 1')
    bare = dict(frame_dir='a', label=0, total_frames=2, keypoint=np.zeros((1, 2, 20, 3), np.float32))
    save_annotation(dict(split={}, metainfo={}, annotations=[bare]), tmp_path / 'BARE.npz')
    for name in ('FILE', 'OTHER', 'BARE'):
        options = options.replace(name, str(tmp_path / f'{name}.npz'))
    with pytest.raises(SystemExit, match=f'generate: .*{message}'):
        run(tool, files, tmp_path / 'out.npz', options)
    assert not (tmp_path / 'out.npz').exists()


def _peak_memory(reset: bool = False) -> int:
    """Bytes of this process's largest resident set since the last reset."""
    if reset:
        Path('/proc/self/clear_refs').write_text('5')
    line = next(line for line in Path('/proc/self/status').read_text().splitlines() if line.startswith('VmHWM'))
    return 1024 * int(line.split()[1])


@pytest.mark.skipif(not os.access('/proc/self/clear_refs', os.W_OK), reason='peak memory is read from Linux')
def test_many_clips_need_the_memory_of_their_joints(tool, body_files, tmp_path):
    """10 002 clips with a body: a few times what is written (10 MB), and far less than their meshes, which would be more than 1 GB."""
    argv = [*body_files, '--out', str(tmp_path / 'many.pkl'), '--num-samples-per-class', '3334', '--batch-size', '256', '--num-frames', '2']
    before = _peak_memory(reset=True)
    main(tool, argv)
    grown = _peak_memory() - before
    written = (tmp_path / 'many.pkl').stat().st_size
    assert 10_002 * 2 * (24 + 17) * 12 < written < 2e7
    assert grown < 3 * written + 5e7


SLT = """default_scope = 'mmagenc'
model = dict(
    type='SLTGenerator', representation=dict(type='KeypointRepresentation', skeleton='ucla20'), num_classes=3, num_frames=8,
    latent_dim=4, noise_dim=4, hidden_dim=4, wide_dim=8)
train_dataloader = dict(dataset=dict(type='MotionDataset', ann_file='nowhere.npz', metainfo=dict(classes=['walk', 'run', 'Jump: up'])))
"""


@pytest.fixture(scope='module')
def slt_files(tmp_path_factory):
    """A generator whose clips may change their class, in which the class counts more than at first."""
    folder = tmp_path_factory.mktemp('slt')
    (folder / 'slt.py').write_text(SLT)
    torch.manual_seed(0)
    model = init_generator(folder / 'slt.py')
    for parameter in model.decoder.parameters():
        parameter.data.mul_(20)
    model.representation.std.fill_(0.5)
    torch.save(dict(state_dict=model.state_dict()), folder / 'slt.pth')
    return [str(folder / 'slt.py'), str(folder / 'slt.pth')]


@pytest.mark.parametrize('suffix', ['.npz', '.pkl'])
def test_classes_that_change_within_a_clip(tool, slt_files, tmp_path, suffix):
    """The clip begins as one of the first class and goes on otherwise; the file says how, and makes the same clips again."""
    out = tmp_path / f'mixed{suffix}'
    main(tool, [*slt_files, '--out', str(out), '--class-path', 'walk:5', 'Jump: up:7', '--blend', '2', '--num-samples-per-class', '3'])
    annotation = load_annotation(out)
    clips = annotation['annotations']
    assert [(clip['label'], clip['total_frames']) for clip in clips] == [(2, 12)] * 3
    shares = clips[0]['class_path']
    assert shares.shape == (12, 3) and shares.argmax(axis=1).tolist() == [0] * 5 + [2] * 7
    np.testing.assert_allclose(shares[4:6, 0], [2 / 3, 1 / 3], rtol=1e-6)
    assert annotation['metainfo']['class_path'] == ['walk:5', 'Jump: up:7'] and annotation['metainfo']['blend'] == 2
    walk, _, _ = run(tool, slt_files, tmp_path / 'walk.npz', '--classes walk --num-frames 12 --num-samples-per-class 3')
    mixed = np.concatenate([clip['keypoint'] for clip in clips])
    np.testing.assert_allclose(mixed[:, :4], walk[:, :4], atol=1e-5)
    assert (np.abs(mixed - walk)[:, 5:].max(axis=(2, 3)) > 1e-2).all()
    again, _, _ = run(tool, slt_files, tmp_path / 'again.npz', f'--latents {out}')
    np.testing.assert_allclose(again, mixed, atol=1e-6)
    replayed = load_annotation(tmp_path / 'again.npz')['annotations'][0]
    assert np.array_equal(replayed['class_path'], shares) and replayed['label'] == 2
    shorter, _, _ = run(tool, slt_files, tmp_path / 'shorter.npz', f'--latents {out} --num-frames 6')
    np.testing.assert_allclose(shorter, mixed[:, :6], atol=1e-5)
    plain, _, _ = run(tool, slt_files, tmp_path / 'plain.npz', f'--latents {out} --classes walk')
    np.testing.assert_allclose(plain, walk, atol=1e-5)


def test_shares_of_changing_clips(tool, slt_files, tmp_path):
    options = '--class-path walk:4 run:4 --num-samples-per-class 4'
    whole, _, _ = run(tool, slt_files, tmp_path / 'whole.npz', options)
    for share in ('0/2', '1/2'):
        main(tool, [*slt_files, '--out', str(tmp_path / 'parts.npz'), '--device', 'cpu', '--shard', share, *options.split()])
    clips = load_annotation(tmp_path / 'parts.npz')['annotations']
    np.testing.assert_allclose(np.concatenate([clip['keypoint'] for clip in clips]), whole, atol=1e-6)
    assert all(clip['class_path'].shape == (8, 3) for clip in clips)


@pytest.mark.parametrize('options, message', [
    (['--class-path', 'walk'], "--class-path: 'walk' is no CLASS:FRAMES"),
    (['--class-path', 'walk:4', 'crawl:3'], "unknown class 'crawl'; known: 0 walk"),
    (['--class-path', 'walk:4', 'run:0'], '--class-path: .*at least 1 frame'),
    (['--class-path', 'walk:4', 'run:4', '--blend', '5'], '--class-path: blend must lie in 0 … 4'),
    (['--class-path', 'walk:4', '--classes', 'run'], '--classes and --latents do not go with it'),
    (['--class-path', 'walk:4', '--num-frames', '9'], 'the path of classes has 4 frames, the clips 9'),
    (['--blend', '5'], '--blend needs --class-path'),
])
def test_mistakes_in_paths_of_classes(tool, slt_files, tmp_path, options, message):
    with pytest.raises(SystemExit, match=f'generate: .*{message}'):
        main(tool, [*slt_files, '--out', str(tmp_path / 'x.npz'), *options])
    assert not list(tmp_path.iterdir())


def test_generators_of_one_class_refuse_a_path(tool, files, tmp_path):
    with pytest.raises(SystemExit, match='generate: TransformerCVAE makes clips of one class each, it takes no path of classes'):
        main(tool, [*files, '--out', str(tmp_path / 'x.npz'), '--class-path', 'walk:4', 'run:4'])
    assert not list(tmp_path.iterdir())


def test_classes_that_were_never_learnt_are_made_only_where_they_are_named(files, tmp_path, capsys):
    """A file of all classes would hold clips that are of none, under a label."""
    content = torch.load(files[1], weights_only=True)
    torch.save(dict(content, meta=dict(content['meta'], learnt_clips=dict(sets=[], tested=[], labels=[0, 2]))), tmp_path / 'part.pth')
    words = [files[0], str(tmp_path / 'part.pth'), '--out', str(tmp_path / 'new/a.npz'), '--num-samples-per-class', '1']
    with pytest.raises(SystemExit, match=f'{tmp_path}/part.pth: the generator was trained without a clip of run, .*: --classes walk Jump$'):
        main(command, words)
    assert not (tmp_path / 'new').exists()
    main(command, [*words, '--classes', 'walk', 'Jump'])
    assert 'learnt' not in capsys.readouterr().out
    main(command, [*words, '--force', '--classes', 'run'])
    assert [clip['label'] for clip in load_annotation(tmp_path / 'new/a.npz')['annotations']] == [1]
