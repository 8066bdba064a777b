"""Windows of image sequences: which frames, whose numbers, what is left out and what is refused before training."""

import cv2
import numpy as np
import pytest

from mmagenc.datasets import AnnotationError, ImageSequenceDataset, load_annotation, save_annotation
from mmagenc.datasets.frames import FramesError
from tests.image_sequences import CLASSES, write_sequences


@pytest.fixture(scope='module')
def sequences(tmp_path_factory):
    return write_sequences(tmp_path_factory.mktemp('sequences'), subjects=2, num_frames=8)


def changed(sequences, folder, change, **metainfo):
    """The annotation with clips changed by a function, beside the same frames."""
    annotation = load_annotation(sequences)
    for clip in annotation['annotations']:
        change(clip)
    annotation['metainfo'].update(metainfo)
    path = folder / 'annotation.npz'
    save_annotation(annotation, path)
    for kind in ('frames', 'masks'):
        (folder / kind).symlink_to(sequences.parent / kind)
    return path


def test_windows(sequences):
    dataset = ImageSequenceDataset(sequences, split='train', window=3, gap=2, stride=1)
    names = [dataset.get_data_info(index)['frame_dir'] for index in range(len(dataset))]
    assert names == [f's0_{name}@{start}' for name in CLASSES for start in range(4)]
    window, clip = dataset.get_data_info(6), load_annotation(sequences)['annotations'][1]
    frames = [2, 4, 6]
    assert (window['total_frames'], window['frame_numbers'], window['label'], window['subject']) == (3, [3, 5, 7], 1, 's0')
    np.testing.assert_array_equal(window['keypoint'], clip['keypoint'][:, frames])
    np.testing.assert_array_equal(window['keypoint_score'], clip['keypoint_score'][:, frames])
    assert window['box'] == [clip['box'][frame] for frame in frames]
    corners = clip['keypoint'][0].reshape(-1, 2)
    np.testing.assert_allclose(window['extent'], [corners.min(axis=0), corners.max(axis=0)])
    assert len(ImageSequenceDataset(sequences, split='train', window=3, gap=2)) == 4  # a window for each gap: 0, 2


def test_published_gap_is_a_33rd_of_the_clip(sequences, tmp_path, monkeypatch):
    """70 frames have a gap of 2 and windows at 0, 2, …; 8 have none."""
    monkeypatch.setattr('mmagenc.datasets.image_sequences.check_frames', lambda *args, **kwargs: None)
    monkeypatch.setattr('mmagenc.datasets.image_sequences.clip_frames',
                        lambda clip, root: type('Found', (), dict(files=(tmp_path / 'x.png', ))))

    def lengthen(clip):
        if clip['label'] == 0:
            for key in ('keypoint', 'keypoint_score'):
                clip[key] = np.repeat(clip[key][:, :1], 70, axis=1)
            clip.update(total_frames=70, box=clip['box'][:1] * 70)

    path = changed(sequences, tmp_path, lengthen)
    dataset = ImageSequenceDataset(path, split='train', gap='published')
    assert len(dataset) == 28 and dataset.get_data_info(1)['frame_numbers'] == [3, 5, 7, 9, 11, 13]
    assert {dataset.get_data_info(index)['label'] for index in range(len(dataset))} == {0}
    with pytest.raises(AnnotationError, match='none of 2 clips is long enough for a window of 6 frames with gap=14; the longest has 70'):
        ImageSequenceDataset(path, split='train', gap=14)


def test_chosen_frames_keep_their_numbers(sequences, tmp_path):
    def choose(clip):
        for key in ('keypoint', 'keypoint_score'):
            clip[key] = clip[key][:, ::2]
        clip.update(total_frames=4, box=clip['box'][::2], frame_numbers=[1, 3, 5, 7])

    dataset = ImageSequenceDataset(changed(sequences, tmp_path, choose), split='test', window=2, gap=2)
    assert dataset.get_data_info(0)['frame_numbers'] == [1, 5]


def test_missing_and_broken_frames_are_named(tmp_path):
    path = write_sequences(tmp_path, subjects=2, num_frames=3)
    (tmp_path / 'frames/s0_wave/000002.png').unlink()
    with pytest.raises(FramesError, match=r's0_wave: 1 of 3 frames are missing, the first is .*000002'):
        ImageSequenceDataset(path, split='train', window=2)
    (tmp_path / 'frames/s0_wave/000002.png').write_bytes(b'no picture')
    with pytest.raises(FramesError, match='000002.png'):
        ImageSequenceDataset(path, split='train', window=2, check='decode')
    assert len(ImageSequenceDataset(path, split='test', window=2)) == 4


def test_size_of_the_images_is_that_of_the_poses(sequences, tmp_path):
    """Of a clip whose poses lie in a crop, the images are of ``original_shape``."""
    path = changed(sequences, tmp_path, lambda clip: clip.update(img_shape=(16, 16)))
    with pytest.raises(FramesError, match=r'height and width \(32, 32\), img_shape says \(16, 16\)'):
        ImageSequenceDataset(path, split='train')
    (tmp_path / 'cropped').mkdir()
    path = changed(sequences, tmp_path / 'cropped',
                   lambda clip: clip.update(img_shape=(16, 16), original_shape=(32, 32), crop=[0, 0, 32, 32]))
    assert len(ImageSequenceDataset(path, split='train')) == 6


def test_layout_of_penn_action(tmp_path):
    """Frames of clips that name no folder are found by their name, also after the window has another."""
    path = write_sequences(tmp_path, subjects=2, num_frames=3)
    annotation = load_annotation(path)
    for clip in annotation['annotations']:
        del clip['frames_dir'], clip['masks_dir']
    save_annotation(annotation, path)
    assert ImageSequenceDataset(path, split='train', window=2).get_data_info(0)['frames_dir'].endswith('frames/s0_wave')


@pytest.mark.parametrize(('settings', 'message'), [
    (dict(fps=10), 'takes no fps'),
    (dict(fill_gaps=dict(max_gap=2)), 'takes no fill_gaps'),
    (dict(window=1), 'window must be at least 2'),
    (dict(gap=0), "gap at least 1 or 'published'"),
    (dict(gap='other'), "got 6, 'other' and None"),
    (dict(stride=0), 'stride at least 1'),
    (dict(check='all'), "check must be 'ends' or 'decode'"),
])
def test_bad_settings(sequences, settings, message):
    with pytest.raises(ValueError, match=message):
        ImageSequenceDataset(sequences, **settings)


def test_frames_are_rgb(sequences):
    """What the test wrote is what a window's frames are."""
    path = sequences.parent / 'frames/s0_wave/000001.png'
    assert (cv2.imread(str(path))[..., ::-1] < 120).all(axis=-1).mean() > 0.5
