"""Whole pictures: of clips, of an annotation, of a generator."""

import random

import numpy as np
import pytest
import torch
from PIL import Image

from mmagenc.datasets import MotionDataset, save_annotation
from mmagenc.models import TransformerCVAE
from mmagenc.visualization import (
    MEDOID,
    STANDIN_FOOTER,
    Clip,
    annotation_rows,
    chosen_rows,
    class_indices,
    draw_grid,
    standin_footer,
    visualize_generator,
)
from mmagenc.visualization.figures import FLAT, NO_FLOOR, SET_DOWN
from mmagenc.visualization.skeleton import FLOOR

from .poses import arms_out

CLASSES = ['Lie', 'Sit', 'Stand']


def make_annotation(labels, num_frames=6):
    clips = []
    for index, label in enumerate(labels):
        pose = 0.2 * np.random.default_rng(index).normal(size=(1, num_frames, 24, 3)).astype(np.float32)
        clips.append(dict(frame_dir=f'clip_{index}', label=label, total_frames=num_frames, pose=pose,
                          keypoint=arms_out(num_frames).keypoint))
    return dict(split=dict(train=[clip['frame_dir'] for clip in clips]), metainfo=dict(classes=CLASSES, skeleton='infact17', fps=10.),
                annotations=clips)


@pytest.fixture
def dataset(tmp_path):
    annotation = make_annotation([2, 0, 0, 2], num_frames=9)
    annotation['annotations'][0]['source'] = 'synthetic'
    save_annotation(annotation, tmp_path / 'clips.npz')
    pipeline = [dict(type='mmagenc.ConsecutiveSample', num_frames=6), dict(type='mmagenc.PackMotionInputs')]
    return MotionDataset(str(tmp_path / 'clips.npz'), pipeline=pipeline)


def make_model(**representation):
    return TransformerCVAE(representation=representation, num_classes=3, num_frames=6, latent_dim=16, num_layers=1, num_heads=2, ff_dim=16)


@pytest.fixture
def model():
    return make_model(type='mmagenc.RotationRepresentation')


def test_one_picture_in_three_forms(tmp_path):
    pytest.importorskip('imageio_ffmpeg')
    rows = [('Standing', [arms_out(5), None]), ('none', []), ('Gliding', [arms_out(8, step=(0, 0, .1)), arms_out(3)])]
    image = draw_grid(rows, [tmp_path / 'a.gif', tmp_path / 'a.mp4', tmp_path / 'a.png'], fps=10,
                      headings=[('real', 1), ('sample', 1)], camera=dict(up='y'))
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / 'a.png')), image)
    assert Image.open(tmp_path / 'a.gif').n_frames == 8 and (tmp_path / 'a.mp4').stat().st_size > 1000


def test_all_tiles_have_one_scale(tmp_path):
    """A person half as large has half the height."""
    small = arms_out()
    small.keypoint[:] *= 0.5
    image = draw_grid([('', [arms_out(), small])], tmp_path / 'a.png', tile_size=150)
    dark = image.max(axis=-1) < 130  # heads and spines
    heights = [np.ptp(np.flatnonzero(half.any(axis=1))) for half in np.array_split(dark, 2, axis=1)]
    assert heights[1] / heights[0] == pytest.approx(0.5, abs=0.12)


@pytest.mark.parametrize('out, reason', [('a.jpg', r'a.jpg: pictures end in .gif, .mp4 or .png'), (['a.png', 'b'], 'b: pictures end in')])
def test_other_files_are_refused(out, reason):
    with pytest.raises(ValueError, match=reason):
        draw_grid([('a', [arms_out()])], out)


def test_no_clips_are_refused(tmp_path):
    with pytest.raises(ValueError, match='no clips'):
        draw_grid([('a', []), ('b', [None])], tmp_path / 'a.png')


def test_rows_of_an_annotation_are_in_class_order():
    rows = annotation_rows(make_annotation([2, 0, 2, 2, 0, 2, 2]), num_per_class=3, max_frames=4)
    assert [(title, len(clips)) for title, clips in rows] == [('Lie', 2), ('Stand', 3)]
    assert rows[0][1][0].num_frames == 4 and rows[0][1][0].pose.shape == (4, 24, 3)
    assert [title for title, _ in annotation_rows(make_annotation([2, 0]), classes=['stand'])] == ['Stand']


def test_chosen_clips_stand_side_by_side_under_their_numbers():
    annotation = make_annotation([2, 0, 2, 1])
    (row, ), headings = chosen_rows(annotation, [3, 0, 3], max_frames=4)
    assert row[0] == '' and headings == [('3 Sit', 1), ('0 Stand', 1), ('3 Sit', 1)] and row[1][0].num_frames == 4
    np.testing.assert_array_equal(row[1][1].keypoint, annotation['annotations'][0]['keypoint'][:, :4])
    annotation['metainfo'].pop('classes')
    assert chosen_rows(annotation, [2])[1] == [('2 class 2', 1)]


def test_many_chosen_clips_stand_in_rows_by_class():
    rows, headings = chosen_rows(make_annotation([2, 0] * 5), range(1, 10))
    assert [(title, len(clips)) for title, clips in rows] == [('Lie: 1 3 5 7 9', 5), ('Stand: 2 4 6 8', 4)] and headings == []


@pytest.mark.parametrize('indexes, message', [([0, 4, -1], r'there are the clips 0 to 3, got \[4, -1\]'), ([], 'clips 0 to 3')])
def test_clips_that_are_not_there(indexes, message):
    with pytest.raises(ValueError, match=message):
        chosen_rows(make_annotation([2, 0, 2, 1]), indexes)


def test_each_frame_as_a_file_beside_the_rest(tmp_path):
    annotation = make_annotation([2, 0])
    annotation['annotations'][0]['keypoint'][0, :, 4, 1] += np.arange(6) / 6
    rows, headings = chosen_rows(annotation, [1, 0])
    draw_grid(rows, [], headings=headings, frames_dir=tmp_path / 'frames')
    draw_grid(rows, tmp_path / 'a.gif', headings=headings, fps=10)
    paths = sorted((tmp_path / 'frames').glob('[!.]*'))
    assert len(paths) == Image.open(tmp_path / 'a.gif').n_frames == 6
    assert np.asarray(Image.open(paths[0])).shape[1] == Image.open(tmp_path / 'a.gif').size[0]
    (tmp_path / 'others').mkdir()
    (tmp_path / 'others/frame_0009.png').write_text('mine')
    with pytest.raises(ValueError, match='name a folder without frames'):
        draw_grid(rows, tmp_path / 'b.png', frames_dir=tmp_path / 'others')
    assert not (tmp_path / 'b.png').exists()


def test_smoothing_reaches_the_picture(tmp_path):
    annotation = make_annotation([0], num_frames=9)
    annotation['annotations'][0]['keypoint'][0, 4] += 1  # one jerk
    rows, _ = chosen_rows(annotation, [0])
    plain, smooth = (draw_grid(rows, tmp_path / 'a.png', smooth=sigma, tile_size=100) for sigma in (0, 2))
    by_hand = draw_grid([('', [rows[0][1][0].smooth(2)])], tmp_path / 'b.png', tile_size=100)
    assert np.array_equal(smooth, by_hand) and not np.array_equal(plain, smooth)
    with pytest.raises(ValueError, match='positions alone can be smoothed'):
        draw_grid(rows, tmp_path / 'c.png', smooth=2, body_model=object())


@pytest.mark.parametrize('classes, expected', [(None, [0, 1, 2]), (['stand', '0'], [0, 2]), ([1, 'Sit'], [1])])
def test_classes_by_name_or_number(classes, expected):
    assert class_indices(CLASSES, classes) == expected


def test_unknown_classes_are_refused():
    with pytest.raises(ValueError, match="unknown class 'Run'; known: 0 Lie, 1 Sit, 2 Stand"):
        class_indices(CLASSES, ['Run', 'Sit', '3'])


def test_standin_data_is_named():
    assert standin_footer('data/standin/a.pkl') == standin_footer('x', dict(note='Stand-in set')) == STANDIN_FOOTER
    assert standin_footer('data/InfActPrimitive', {}, None) == ''


def test_a_generator_beside_real_clips(model, dataset, tmp_path, monkeypatch):
    """Real and reconstruction are of the medoid of the clips that are not synthetic; classes without a clip have samples only."""
    from mmagenc.visualization import figures
    drawn = {}
    monkeypatch.setattr(figures, 'draw_grid', lambda rows, out, **kwargs: drawn.update(rows=rows, **kwargs))
    figures.visualize_generator(model, dataset, tmp_path / 'a.png', num_samples_per_class=2)
    assert [title for title, _ in drawn['rows']] == CLASSES
    assert drawn['headings'] == [('real', 1), ('reconstruction', 1), ('samples', 2)] and drawn['fps'] == 10
    assert drawn['footer'] == f'real: {MEDOID} · samples: the first of seed 0, not selected' and drawn['camera'] == dict(up=None)
    lie, sit, stand = [clips for _, clips in drawn['rows']]
    assert sit[:2] == [None, None] and all(clip is not None for clip in [*lie, *stand, *sit[2:]])
    recorded = dataset.get_data_info(3)['pose'][0]
    windows = [np.abs(np.sin(recorded[start:start + 6]) - np.sin(stand[0].pose)).max() for start in range(4)]
    assert min(windows) < 1e-4
    with torch.no_grad():
        encoded = model.representation.encode(dict(pose=torch.from_numpy(stand[0].pose)[None]))
        expected = model.eval().reconstruct(encoded, torch.tensor([2]), torch.tensor([6]))
    assert stand[1].skeleton.name == 'smpl24'
    np.testing.assert_allclose(stand[1].keypoint[0], expected.keypoint[0], atol=1e-4)


def raise_forearm(clip, degrees):
    """Put an annotation's left wrist where the forearm is raised by so many degrees."""
    clip['keypoint'][0, :, 13] = clip['keypoint'][0, :, 12] + 0.25 * np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees)), 0])


def test_the_medoid_of_each_class_is_drawn(tmp_path, monkeypatch):
    """Forearms at 0, 90, 30 and (generated) 45 degrees: of the recordings the third is closest to the others; also the first of a row."""
    from mmagenc.visualization import figures
    annotation = make_annotation([1] * 4)
    for clip, degrees in zip(annotation['annotations'], (0, 90, 30, 45)):
        raise_forearm(clip, degrees)
        clip['pose'] = np.full((1, 6, 24, 3), degrees / 100, dtype=np.float32)
    annotation['annotations'][3]['source'] = 'synthetic'
    rows = annotation_rows(annotation, num_per_class=3)
    np.testing.assert_array_equal([clip.pose[0, 0, 0] for clip in rows[0][1]], np.float32([0.3, 0, 0.45]))
    save_annotation(annotation, tmp_path / 'clips.npz')
    dataset = MotionDataset(str(tmp_path / 'clips.npz'), pipeline=[dict(type='mmagenc.PackMotionInputs')])
    assert figures._medoid_of_each_class(dataset, [0, 1], None) == {1: 2}


def drawn_text(monkeypatch):
    """What stands below the pictures that are drawn."""
    from mmagenc.visualization import figures
    footers, strip = [], figures.strip_image
    monkeypatch.setattr(figures, 'strip_image', lambda *args, **kwargs: footers.append(kwargs['footer']) or strip(*args, **kwargs))
    return footers


def floor_pixels(image):
    return (image == FLOOR).all(axis=-1).sum()


def test_a_floor_only_where_the_vertical_is_known(tmp_path, monkeypatch):
    footers = drawn_text(monkeypatch)
    walking, flat = arms_out(8, step=(0, 0, 0.1)), Clip(keypoint=100 * arms_out().keypoint[..., :2] + 300, skeleton=arms_out().skeleton)
    images = [draw_grid([('a', [clip])], tmp_path / 'a.png', footer='made up', camera=camera)
              for clip, camera in ((walking, dict(up='y')), (walking, None), (arms_out(8), dict(up='y')), (flat, dict(up='y')))]
    assert [floor_pixels(image) > 2000 for image in images] == [True, False, True, False]
    assert footers == ['made up', f'made up · {NO_FLOOR}', f'made up · {SET_DOWN}', f'made up · {FLAT}']


def test_clips_drawn_smaller_are_counted(tmp_path, monkeypatch):
    footers, giant = drawn_text(monkeypatch), arms_out(8, step=(0, 0, 0.1))
    giant.keypoint[:] *= 20
    draw_grid([('', [arms_out(8, step=(0, 0, 0.1)) for _ in range(5)] + [giant])], tmp_path / 'a.png', camera=dict(up='y'))
    assert footers == ['1 of 6 clips reach far and are drawn smaller']


@pytest.mark.parametrize('source', ['data', 'model', 'option', None])
def test_generated_clips_stand_on_the_floor_of_their_data(model, dataset, tmp_path, monkeypatch, source):
    footers = drawn_text(monkeypatch)
    dataset.full_init()
    if source == 'data':
        dataset._metainfo['up'] = 'y'
    model.dataset_meta = dict(up='y') if source == 'model' else {}
    image = visualize_generator(model, dataset, tmp_path / 'a.png', num_samples_per_class=1, classes=['Lie'],
                                camera=dict(up='y') if source == 'option' else None)
    assert (floor_pixels(image) > 2000) == (NO_FLOOR not in footers[0]) == (source is not None)


TITLES = ['$x_1$ 100 %', 'two\nlines\r\n\tand more', '坐 下 (sit)', 'جلوس', '', ' ', 'a' * 300,
          '\ud800 \u2028 \x00', '<b>&amp;</b> {x} \\n', '🤸']


def test_class_names_of_any_kind(tmp_path):
    """As titles, headings and footer, and as classes of a file; a line break is a space."""
    rows = [(title, [arms_out()]) for title in TITLES]
    image = draw_grid(rows, tmp_path / 'a.png', headings=[(TITLES[1], 1)], footer=' · '.join(TITLES), tile_size=60)
    assert image.shape[1] < 1500
    for title in TITLES:
        draw_grid([('', [arms_out()])], tmp_path / 'a.png', headings=[(title, 1)], footer=title, tile_size=60)
    spaced, broken = (draw_grid([(title, [arms_out()])], tmp_path / 'a.png', tile_size=60) for title in ('sit down', 'sit\n\ndown'))
    np.testing.assert_array_equal(spaced, broken)
    annotation = make_annotation(range(len(TITLES)))
    annotation['metainfo']['classes'] = TITLES
    assert [title for title, _ in annotation_rows(annotation)] == TITLES


@pytest.mark.parametrize('up, order', [('z', ([0, 2, 1], (1, -1, 1))), ('-z', ([0, 2, 1], (1, 1, -1))), ('-y', ([0, 1, 2], (1, -1, -1)))])
def test_other_vertical_axes_give_the_same_picture(tmp_path, up, order):
    """A recording with another axis up looks as the one with y up."""
    axes, signs = order
    plain = arms_out(8, step=(0, 0, 0.1))
    other = Clip(keypoint=plain.keypoint[..., axes] * np.float32(signs), skeleton=plain.skeleton)
    images = [draw_grid([('', [clip])], tmp_path / 'a.png', camera=dict(up=axis), tile_size=100)
              for clip, axis in ((plain, 'y'), (other, up))]
    assert (images[0] != images[1]).any(axis=-1).mean() < 0.002


def test_one_frame_two_persons_and_gaps(tmp_path):
    clip, other = arms_out(20), arms_out(20)
    other.keypoint[..., 0] += 1
    pair = Clip(keypoint=np.concatenate([clip.keypoint, other.keypoint]), skeleton=clip.skeleton)
    gaps = arms_out(20)
    gaps.keypoint[0, 5:8] = np.nan
    gaps.keypoint[0, :, 3] = np.nan
    gone = Clip(keypoint=np.full((1, 3, 17, 3), np.nan), skeleton=clip.skeleton)
    for up in ('y', None):
        image = draw_grid([('', [arms_out(1), pair, gaps, gone])], [tmp_path / 'a.png', tmp_path / 'a.gif'], camera=dict(up=up))
        assert image.std() > 3


def test_drawing_changes_nothing_in_training(model, dataset, tmp_path):
    model.train()
    states = random.getstate(), np.random.get_state()[1].copy(), torch.random.get_rng_state()
    first = visualize_generator(model, dataset, tmp_path / 'a.png', num_samples_per_class=1)
    assert model.training and all(module.training for module in model.modules())
    assert random.getstate() == states[0]
    np.testing.assert_array_equal(np.random.get_state()[1], states[1])
    assert torch.equal(torch.random.get_rng_state(), states[2])
    np.random.rand(3)
    np.testing.assert_array_equal(visualize_generator(model, dataset, tmp_path / 'b.png', num_samples_per_class=1), first)
    assert not np.array_equal(visualize_generator(model, dataset, tmp_path / 'c.png', num_samples_per_class=1, seed=1), first)


def test_a_generator_without_data(model, tmp_path):
    image = visualize_generator(model, None, tmp_path / 'a.gif', classes=['1'], num_samples_per_class=2, num_frames=5, fps=10)
    assert image.ndim == 3 and Image.open(tmp_path / 'a.gif').n_frames == 5


def test_a_generator_as_meshes(model, dataset, tmp_path):
    pytest.importorskip('pyvista')
    skeletons = visualize_generator(model, dataset, tmp_path / 'a.png', classes=['Lie'], num_samples_per_class=1)
    meshes = visualize_generator(model, dataset, tmp_path / 'b.png', classes=['Lie'], num_samples_per_class=1, mesh=True)
    assert meshes.shape == skeletons.shape and (meshes != skeletons).any()


def test_positions_have_no_mesh(dataset, tmp_path):
    model = make_model(type='mmagenc.KeypointRepresentation', skeleton='infact17')
    model.representation.fit(dataset.annotations())
    with pytest.raises(ValueError, match='KeypointRepresentation generates positions without rotations'):
        visualize_generator(model, dataset, tmp_path / 'a.png', mesh=True)
    visualize_generator(model, dataset, tmp_path / 'a.png', num_samples_per_class=1)
    assert (tmp_path / 'a.png').is_file()
